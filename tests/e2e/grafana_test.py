#!/usr/bin/python3
"""The Grafana dashboards of sql/grafana: what Grafana wants of their JSON, and every panel's SQL run with variables and macros put in as
Grafana's PostgreSQL data source does, by users of the roles that the dashboards are for, over the bank's week (or a made-up day)."""
import glob
import json
import os
import re

import psycopg2

import bank
import house
from history import History

KINDS = {"row", "stat", "timeseries", "table", "barchart", "heatmap", "nodeGraph"}   # all of Grafana itself
UNITS = {"percentunit", "ms", "short", "none", None}
ROLES = {"agents": "ringside_supervisor"}   # the others: ringside_analyst
# What a set of data has nothing of.
MAY_BE_EMPTY = {"bank": {"Special causes and changes", "Teams", "Received and closed", "Stages", "Satisfaction (mean score)",
                         "Recommendation (NPS)", "Feedback by queue"},
                "day": {"Special causes and changes", "Short handlings", "Benchmark of $metric"}}

# --- as Grafana does --------------------------------------------------------------------------------------------------
def interpolate(sql, values, interval):
    """The page: $name, ${name}, ${name:sqlstring}; a value for "All" that somebody set himself is put in as it is."""
    def put(match):
        name, form = match.group(1) or match.group(3), match.group(2)
        if name == "__interval":
            return interval
        if name not in values:
            house.check(name.startswith("__") and match.group(1) is None, f"no variable {name}: {sql}")
            return match.group(0)   # a macro, for the server
        value, is_custom_all = values[name]
        if is_custom_all:
            return value
        return "'" + value.replace("'", "''") + "'" if form == "sqlstring" else value
    return re.sub(r"\$\{([A-Za-z_][\w.]*)(?::(\w+))?\}|\$(\w+)", put, sql)


def seconds_of(interval):
    number, unit = re.fullmatch(r"'?(\d+)([smhd])'?", interval).groups()
    return int(number) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]


def expand(sql, begin, end):
    """The server: pkg/tsdb/grafana-postgresql-datasource, macros.go."""
    def put(match):
        name, words = match.group(1), [word.strip() for word in match.group(2).split(",")]
        if name == "__timeFilter":
            return f"{words[0]} BETWEEN '{begin}' AND '{end}'"
        if name == "__timeFrom":
            return f"'{begin}'"
        if name == "__timeTo":
            return f"'{end}'"
        if name in ("__timeGroup", "__timeGroupAlias"):
            length = seconds_of(words[1])
            return f"floor(extract(epoch from {words[0]})/{length})*{length}" + (' AS "time"' if name == "__timeGroupAlias" else "")
        raise AssertionError(f"unknown macro {name}: {sql}")
    return re.sub(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)", put, sql)


# --- the form ---------------------------------------------------------------------------------------------------------
def check_form(name, board, uids):
    house.check(isinstance(board["schemaVersion"], int) and 36 <= board["schemaVersion"] <= 42, f"{name}: schemaVersion")
    house.check(re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", board["uid"]) and board["uid"] not in uids and board["uid"] == f"ringside-{name}",
                f"{name}: uid {board['uid']}")
    uids.add(board["uid"])
    house.check(board["id"] is None and board["title"] and "ringside" in board["tags"] and board["description"], f"{name}: id, title, tags")
    variables = board["templating"]["list"]
    house.check(variables[0]["name"] == "datasource" and variables[0]["type"] == "datasource"
                and variables[0]["query"] == "grafana-postgresql-datasource", f"{name}: data source")
    house.check(len({v["name"] for v in variables}) == len(variables), f"{name}: a variable twice")
    source = {"type": "grafana-postgresql-datasource", "uid": "${datasource}"}
    for variable in variables:
        house.check(variable["type"] in ("datasource", "query", "textbox", "custom"), f"{name}: {variable['name']}")
        house.check(variable["type"] != "query" or variable["datasource"] == source and variable["query"] == variable["definition"],
                    f"{name}: {variable['name']}")
    taken, ids = set(), set()
    for panel in board["panels"]:
        where = f"{name}: {panel['title']}"
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        house.check(panel["type"] in KINDS and panel["id"] not in ids and panel["title"], where)
        house.check(place["x"] >= 0 and place["x"] + place["w"] <= 24 and not cells & taken, f"{where}: lies on another")
        taken |= cells
        ids.add(panel["id"])
        if panel["type"] == "row":
            continue
        house.check(panel["datasource"] == source and panel["targets"]
                    and all(t["datasource"] == source and t["rawQuery"] and t["format"] in ("table", "time_series")
                    for t in panel["targets"]), f"{where}: targets")
        house.check(panel["fieldConfig"]["defaults"].get("unit") in UNITS
                    and all(p["value"] in UNITS for o in panel["fieldConfig"]["overrides"]
                    for p in o["properties"] if p["id"] == "unit"), f"{where}: units")


# --- the figures ------------------------------------------------------------------------------------------------------
def ask(conninfo, sql):
    connection = psycopg2.connect(conninfo)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return [column.name for column in cursor.description], cursor.fetchall()
    finally:
        connection.close()


def values_of(board, conninfo, begin, end):
    """Each variable as a new page has it: query variables their first row, or what the file has chosen."""
    values = {"__user.login": ("ann o'hara", False)}
    for variable in board["templating"]["list"]:
        if variable["type"] == "datasource":
            continue
        if variable["type"] == "query":
            _, rows = ask(conninfo, expand(interpolate(variable["query"], values, "15m"), begin, end))
            house.check(rows, f"{board['uid']}: nothing to choose for {variable['name']}")
            chosen = variable["current"].get("value")
            values[variable["name"]] = ("NULL", True) if chosen == "$__all" else (chosen or rows[0][0], False)
        else:
            values[variable["name"]] = (variable["current"]["value"], False)
    return values


def run_panels(name, board, conninfo, values, begin, end, may_be_empty):
    told = {}
    for panel in board["panels"]:
        if panel["type"] == "row":
            continue
        for target in panel["targets"]:
            where = f"{name}: {panel['title']}"
            try:
                columns, rows = ask(conninfo, expand(interpolate(target["rawSql"], values, panel.get("interval", "15m")), begin, end))
            except psycopg2.errors.NoDataFound as refused:   # the page shows it in the panel's corner
                house.check(panel["title"].startswith("Benchmark") and "are not compared with each other" in str(refused)
                            and panel["title"] in may_be_empty, str(refused))
                continue
            house.check(rows or panel["title"] in may_be_empty, f"{where}: no row")
            house.check(len(set(columns)) == len(columns), f"{where}: a column twice")
            if target["format"] == "time_series" and rows:
                times = [row[columns.index("time")] for row in rows]
                house.check(all(times[i] <= times[i + 1] for i in range(len(times) - 1)), f"{where}: not in the order of time")
                house.check(all(isinstance(value, (int, float)) or value is None or hasattr(value, "as_tuple") for row in rows
                                for column, value in zip(columns, row)
                            if column != "time"), f"{where}: a series that is no number: {rows[0]}")
            for override in panel["fieldConfig"]["overrides"]:
                matcher = override["matcher"]
                pattern = matcher["options"] if matcher["id"] == "byRegexp" else re.escape(matcher["options"])
                house.check(any(re.fullmatch(pattern, column) for column in columns), f"{where}: nothing for {pattern}")
            told.setdefault((panel["title"], target["refId"]), [dict(zip(columns, row)) for row in rows])
    return told


def check_truth(told, truth):
    """What stands on the pages is what the bank's own count says."""
    supervisor, agents = told["supervisor"], told["agents"]
    house.check(supervisor["Offered", "A"][0]["offered"] == truth["all"]["offered"], "offered")
    house.check(abs(100 * supervisor["Service level", "A"][0]["service level"] - truth["sl"]["20"]["A_ans_over_offered"]) < 0.00051,
                "service level")
    house.check(abs(float(supervisor["Mean wait (ASA)", "A"][0]["asa"]) / 1000 - truth["all"]["ASA_all_answered"]) < 0.00051, "mean wait")
    house.check(sum(row["answered"] for row in supervisor["Calls", "A"]) == truth["all"]["AGENT"], "answered by quarters")
    house.check({row["queue"]: row["offered"] for row in supervisor["Queues", "A"] if row["offered"]} ==
                {k: p["offered"] for k, p in truth["type"].items() if p["offered"]}, "queues")
    house.check({row["agent"]: row["handled"]
                 for row in agents["Agents", "A"]}.items() >= {k: p["calls"] for k, p in truth["agent"].items()}.items(), "agents")
    steps = told["process"]["Steps", "A"]
    given_up = sum(row["times"] for row in steps if row["from"].startswith("queue:") and row["to"] == "end:abandoned")
    house.check(given_up == truth["all"]["HANG_queue"], f"given up in a queue: {given_up}")
    house.check({row["end"]: row["contacts"] for row in told["process"]["How contacts end", "A"]}["answered"] == truth["all"]["AGENT"],
                "ends")
    nodes = {row["id"] for row in told["process"]["Process map", "nodes"]}
    house.check(all(edge["source"] in nodes and edge["target"] in nodes for edge in told["process"]["Process map", "edges"]),
                "an edge to nowhere")
    return len(told)


def check_access(postgres, board, ann, sue, begin, end):
    """Persons' figures: not for analysts, not without a reason, and every look is written down with the page's user."""
    sql = next(p for p in board["panels"] if p["title"] == "Agents")["targets"][0]["rawSql"]
    values = values_of(board, sue, begin, end)
    for conninfo, reason, words in ((ann, "look", "permission denied"), (sue, "", "say why")):
        try:
            ask(conninfo, expand(interpolate(sql, {**values, "reason": (reason, False)}, "15m"), begin, end))
            house.check(False, f"{words} was expected")
        except psycopg2.Error as error:
            house.check(words in str(error), str(error))
    house.check(postgres.query("SELECT DISTINCT reader, reason FROM ringside.access_log") ==
                [{"reader": "sue", "reason": "Grafana, ann o'hara: quarterly talk"}], "the log of reads")


def write_registers(postgres, begin, queue):
    """An alert with all that belongs to it, a promise, an improvement, a baseline: nothing of that is in recorded events."""
    postgres.query(f"""WITH m AS (SELECT min(stream_id) AS id FROM ringside.mark), e AS (
            INSERT INTO ringside.alert_episode (stream_id, episode, rule, severity, family, tenant, key, metric, compare, limit_value,
                clear_value, state, started_at, fired_at, ended_at, changed_at, run, number)
            SELECT m.id, n, 'long wait', (ARRAY['critical', 'warning'])[n], 'queue', 'default', '{queue}', 'oldest_wait', 'above', 60000,
                30000, (ARRAY['firing', 'resolved'])[n], at, at + interval '5 seconds',
                CASE WHEN n = 2 THEN at + interval '9 minutes' END, at, 1, n
            FROM m, generate_series(1, 2) AS n, LATERAL (SELECT '{begin}'::timestamptz + n * interval '10 hours' AS at) AS t RETURNING 1)
        INSERT INTO ringside.alert_change (stream_id, run, number, episode, at, from_state, to_state, value, numerator, denominator)
            SELECT m.id, 1, 1, 1, '{begin}'::timestamptz + interval '10 hours', 'pending', 'firing', 61000, 0, 0 FROM m RETURNING 1""")
    postgres.query(f"""INSERT INTO ringside.alert_said (stream_id, run, number, ordinal, episode, at, act, author, text)
            SELECT min(stream_id), 1, 9, 0, 1, '{begin}'::timestamptz + interval '11 hours', 'cause', 'kim', 'router down'
            FROM ringside.mark RETURNING 1""")
    postgres.query(f"""INSERT INTO ringside.service_standard (tenant, queue, metric, target, valid_from)
        VALUES ('default', '{queue}', 'asa', 20000, '1999-01-01') RETURNING 1""")
    postgres.query(f"""INSERT INTO ringside.improvement (title, hypothesis, metric, family, tenant, key, change_at, weeks, owner, review_on)
            VALUES ('new greeting', 'shorter', 'aht', 'queue', 'default', '{queue}', '{begin}'::timestamptz + interval '12 hours', 1,
                'kim', '2026-04-01') RETURNING 1""")
    postgres.query(f"""SELECT ringside.make_baseline('first day', 'aht', 'queue', 'default', '{queue}', '{begin}'::timestamptz,
        '{begin}'::timestamptz + interval '1 day')""")


def store_day(place):
    day, config = os.path.join(place, "day.ndjson"), os.path.join(place, "day.conf")
    History(7).write(day)
    with open(config, "w") as file:
        file.write(f"service: {{state_directory: \"{place}/state\"}}\ncomplaints: {{acknowledge: 30m}}\n"
                   f"agents: {{agent-0: {{team: north}}, agent-1: {{team: south}}}}\n")
    postgres = house.Postgres(place)
    house.ringside("replay", "--store", "--config", config, "--database", postgres.conninfo, day)
    return postgres


def run(place, data):
    if data == "bank":
        postgres = bank.store(place)
        begin, end, queue = "1999-06-20T00:00:00Z", "1999-06-26T23:59:59.999Z", "PS"
    else:
        postgres = store_day(place)
        begin, end, queue = "2026-03-02T00:00:00Z", "2026-03-02T23:59:59.999Z", "support"
    try:
        write_registers(postgres, begin, queue)
        postgres.query("CREATE ROLE ann LOGIN IN ROLE ringside_analyst; CREATE ROLE sue LOGIN IN ROLE ringside_supervisor; SELECT 1")
        postgres.query("UPDATE ringside.source_accounting SET stored_at = %s RETURNING 1", begin)   # as if it had been live
        ann, sue = (re.sub(r"user=\w+", f"user={user}", postgres.conninfo) for user in ("ann", "sue"))
        uids, told, queries, boards, some = set(), {}, 0, {}, MAY_BE_EMPTY[data]
        for path in sorted(glob.glob(os.path.join(house.SOURCE, "sql", "grafana", "*.json"))):
            name = os.path.basename(path)[:-len(".json")]
            with open(path) as file:
                board = boards[name] = json.load(file)
            check_form(name, board, uids)
            user = sue if ROLES.get(name) else ann
            values = values_of(board, user, begin, end)
            if "reason" in values:
                values["reason"] = ("quarterly talk", False)
            told[name] = run_panels(name, board, user, values, begin, end, some)
            queries += len(told[name])
            everything = {panel["title"] for panel in board["panels"]}
            if "queue" in values:    # and of one queue
                run_panels(name, board, user, {**values, "queue": (queue, False)}, begin, end, everything)
            if "metric" in values:   # and each kind of figure
                for metric in ("abandoned_rate", "asa", "wait_p90", "aht", "fcr"):
                    run_panels(name, board, user, {**values, "metric": (metric, False)}, begin, end, everything)
        house.check(uids == {f"ringside-{name}" for name in ("supervisor", "analyst", "agents", "process", "complaints", "alerts")},
                    f"{uids}")
        check_access(postgres, boards["agents"], ann, sue, begin, end)
        if data == "bank":
            check_truth(told, bank.truth_of("week"))
        print(f"{data}: {len(uids)} dashboards, {queries} queries")
    finally:
        postgres.remove()


for which in ("bank", "day") if bank.FILES else ("day",):
    with house.folder() as where:
        run(where, which)
print(f"1 passed, 0 failed ({house.checks} checks)")
