#!/usr/bin/python3
"""`ringside report` on a database that a daemon has filled: figures against replay and against the bank's truth, staffing against a formula
of its own, pages without anything from outside, and clear answers to wrong questions."""
import csv
import io
import json
import math
import os
import re

import bank
import house
from history import History

REPORTS = ("queue", "agent", "team", "channel", "total", "topic", "fcr", "feedback", "process", "service-level", "compare", "baseline",
           "trend", "benchmark", "improvement", "standards", "deviations", "complaints", "staffing", "heatmap")
PERIOD = ("--from", "2026-03-02", "--to", "2026-03-03")
CONFIG = """
service_level: {policies: [short_excluded, abandon_within_hit, answered_only]}
limits: {edges: 20000}
complaints: {acknowledge: 30m}
"""


def report(postgres, *arguments, status=0):
    result = house.ringside("report", "-d", postgres.conninfo, *arguments, check_status=False)
    house.check(result.returncode == status, f"report {arguments}: {result.returncode}\n{result.stderr}")
    return result


def rows_of(postgres, *arguments):
    told = json.loads(report(postgres, *arguments, "--format", "json").stdout)
    return told["rows"]


def near(a, b, tolerance=1e-9):
    return a is None and b is None or a is not None and b is not None and abs(a - b) <= tolerance * max(1, abs(a), abs(b))


# --- figures ----------------------------------------------------------------------------------------------------------
def compare_with_replay(postgres, files, daemon, seed):
    """Each figure of queue, agent, team, channel and total is that of `ringside replay`."""
    compared = 0
    policies = "short_excluded,abandon_within_hit,answered_only"
    for by in ("queue", "agent", "team", "channel", "total"):
        options = ["--reason", "test"] if by == "agent" else [] if by == "team" else ["--policy", policies]
        told = rows_of(postgres, by, "--from", "2026-03-01", "--to", "2026-04-01", "--interval", "all", *options)
        printed = house.replay("--interval", "all", "--by", by, "--config", daemon.config, *files)
        house.check(len(told) == len(printed) * (3 if options and by != "agent" else 1) > 0,
                    f"{by}: {len(told)} rows, replay {len(printed)}; seed {seed}")
        for row in told:
            key = row["agent"] if by == "agent" else row["key"]
            mine = [r for r in printed if by == "total" or r[by] == key and (by != "queue" or r["channel"] == row["channel"])]
            house.check(len(mine) == 1, f"{by}: {key}: {len(mine)} rows of replay")
            mine = mine[0]
            pairs = [("answered", mine["answered"]), ("handled", mine["handled"]), ("handled_short", mine["handled_short"]),
                     ("aht_ms", mine["aht_ms"]),
                     ("transferred_out", mine["transferred_out"]), ("offers_failed", mine["offers_failed"]), ("fcr", mine["fcr"]["value"]),
                     ("csat", mine["csat"] and mine["csat"]["mean"]), ("asa_ms", mine["wait_ms"]["asa"])]
            if by in ("queue", "channel", "total"):
                level = mine["service_level"][row["policy"]]
                pairs += [("offered", mine["offered"]), ("abandoned", mine["abandoned"]), ("service_level", level["value"]),
                          ("sl_numerator", level["numerator"]),
                          ("sl_denominator", level["denominator"]), ("wait_p90_ms", mine["wait_ms"]["p90"])]
            for field, value in pairs:
                house.check(near(row[field], value), f"{by} {key}: {field}: report {row[field]}, replay {value}; seed {seed}")
                compared += 1
    return compared


def check_steps(postgres):
    """Days and quarters add up to the whole; the zone moves the days, not the sum."""
    whole = sum(row["offered"] for row in rows_of(postgres, "queue", "--from", "2026-03-01", "--to", "2026-03-05"))
    for step, zone in (("15m", "UTC"), ("hour", "Europe/Berlin"), ("day", "Asia/Kathmandu"), ("day", "America/New_York"), ("week", "UTC"),
                       ("month", "UTC")):
        rows = rows_of(postgres, "queue", "--from", "2026-03-01T00:00Z", "--to", "2026-03-05T00:00Z", "--by", step, "--timezone", zone)
        house.check(sum(row["offered"] for row in rows) == whole, f"{step} of {zone} do not add up to {whole}")
        house.check(all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", row["interval_start"]) for row in rows),
                    f"times of {zone}: {rows[0]}")


def erlang_a(rate, handle, patience, agents, threshold):
    """By the balance equations of the chain (research, part D), not by the library's formulas: (service level, abandonment, mean wait)."""
    weights, total = [1.0], 1.0
    for n in range(1, agents + 4000):
        weights.append(weights[-1] * rate / (min(n, agents) / handle + max(n - agents, 0) / patience))
        total += weights[-1]
        if n > agents and weights[-1] < 1e-18 * total:
            break
    p = [w / total for w in weights]
    queue = sum(q * (n - agents) for n, q in enumerate(p) if n > agents)
    # P(answered within T | k ahead, itself not giving up): by small steps of a death process while it waits.
    states = max(len(p) - agents, 1)
    waiting = [p[agents + k] if agents + k < len(p) else 0.0 for k in range(states)]
    answered, steps = 1 - sum(waiting), 4000
    dt = threshold / steps
    for _ in range(steps):
        moved = [0.0] * states
        for k, mass in enumerate(waiting):
            leave, own = (agents / handle + k / patience) * dt, dt / patience
            stay = mass * (1 - leave - own)
            moved[k] += stay
            if k == 0:
                answered += mass * leave
            else:
                moved[k - 1] += mass * leave
        waiting = moved
    return answered, queue / patience / rate, queue / rate


def check_staffing(postgres):
    rows = [row for row in rows_of(postgres, "staffing", *PERIOD, "--target", "0.9", "--threshold", "15s") if row["agents"]]
    house.check(len(rows) > 20, f"a plan of {len(rows)} half-hours")
    for row in rows[:: max(1, len(rows) // 12)]:
        rate, handle, patience = row["calls"] / 1800, row["handle_ms"] / 1000, (row["patience_ms"] or math.inf) / 1000
        level, lost, wait = erlang_a(rate, handle, patience, row["agents"], 15)
        house.check(near(level, row["service_level"], 2e-3) and near(lost, row["abandoned_rate"], 1e-6)
                    and near(wait * 1000, row["wait_ms"], 1e-6), f"{row}: {level} {lost} {wait}")
        house.check(level >= 0.9 - 2e-3, f"the target is missed: {row}")
        if row["agents"] > 1:
            fewer = erlang_a(rate, handle, patience, row["agents"] - 1, 15)
            house.check(fewer[0] < 0.9 + 2e-3 and near(row["calls"] * (fewer[1] - lost), row["lost_by_fewer"], 1e-6),
                        f"one fewer would do: {row}")
        more = erlang_a(rate, handle, patience, row["agents"] + 1, 15)
        house.check(near(row["calls"] * (lost - more[1]), row["won_by_more"], 1e-6), f"one more: {row}")
    # What it is fed with: counted again from single half-hours.
    fed = {(row["queue"], row["channel"], row["half_hour"]): row["calls"] for row in rows_of(postgres, "staffing", *PERIOD)}
    again = {}
    for row in rows_of(postgres, "queue", *PERIOD, "--by", "30m"):
        if row["offered"]:
            again[(row["key"], row["channel"], row["interval_start"][11:16])] = row["offered"]
    house.check(fed == again, "the calls of the plan are not those of the half-hours")
    # Handle time: the half-hour's own with 30 handlings of the period's mean; patience: all waiting by those who gave up.
    whole = {(row["key"], row["channel"]): row for row in rows_of(postgres, "queue", *PERIOD)}
    half_hours = {(row["key"], row["channel"], row["interval_start"][11:16]): row
                  for row in rows_of(postgres, "queue", *PERIOD, "--by", "30m")}
    for row in rows_of(postgres, "staffing", *PERIOD):
        own, period = half_hours[(row["queue"], row["channel"], row["half_hour"])], whole[(row["queue"], row["channel"])]
        if period["handled"]:
            drawn = ((own["aht_ms"] or 0) * own["handled"] + 30 * period["aht_ms"]) / (own["handled"] + 30)
            # A half-hour may have time of a handling that counts in another one, and no mean to say so.
            is_right = abs(row["handle_ms"] - drawn) < 0.01 if own["handled"] else row["handle_ms"] >= drawn - 0.01
            house.check(is_right, f"handle time {drawn}: {row}")
        if period["abandoned"]:
            waited = (period["asa_ms"] or 0) * period["answered"] + period["abandon_mean_ms"] * period["abandoned"]
            house.check(abs(row["patience_ms"] - waited / period["abandoned"]) < 0.01, f"patience: {row}")


# --- forms ------------------------------------------------------------------------------------------------------------
def arguments_of(name):
    extra = {"agent": ["--reason", "test"], "compare": ["--change", "2026-03-02T13:00"],
             "benchmark": ["--min-n", "5", "--by", "agent", "--metric", "aht", "--reason", "test"]}
    has_period = name not in ("baseline", "improvement")
    return [name, *(PERIOD if has_period else ()), *extra.get(name, [])]


def check_page(name, text):
    house.check(text.startswith("<!DOCTYPE html>") and text.rstrip().endswith("</html>"), f"{name}: no page")
    outside = [word for word in re.findall(r"(?:src|href)\s*=\s*[\"']([^\"'#][^\"']*)", text) if not word.startswith("data:")]
    house.check(not outside and "<script" not in text and "@import" not in text, f"{name}: the page needs something else: {outside[:3]}")
    names = re.findall(r"<(\w+)", text)
    house.check(names.count("table") == text.count("</table>") and names.count("svg") == text.count("</svg>"), f"{name}: torn")


def check_forms(postgres):
    """Each report in each form; the same rows in json and csv."""
    for name in REPORTS:
        arguments = arguments_of(name)
        rows = rows_of(postgres, *arguments)
        told = list(csv.DictReader(io.StringIO(report(postgres, *arguments, "--format", "csv").stdout)))
        house.check(len(told) == len(rows), f"{name}: {len(rows)} rows in json, {len(told)} in csv")
        for mine, other in zip(rows, told):
            house.check(list(mine) == list(other), f"{name}: other columns")
            house.check(all(("" if v is None else str(v).lower() if isinstance(v, bool) else v) == other[k]
                            or not isinstance(v, str) and v is not None
                            and not isinstance(v, bool) and float(other[k]) == v for k, v in mine.items()), f"{name}: {mine} {other}")
        table = report(postgres, *arguments).stdout.splitlines()
        house.check(table[0].startswith(name) and len(table) == (len(rows) + 2 if rows else 1),
                    f"{name}: {len(table)} lines for {len(rows)} rows")
        page = report(postgres, *arguments, "--format", "html").stdout
        check_page(name, page)
        if rows and name in ("queue", "agent", "total", "trend", "process", "heatmap", "staffing", "benchmark", "fcr"):
            house.check("<svg" in page and "no chart" not in page, f"{name}: no chart")
        if name not in ("topic", "improvement", "standards", "baseline", "deviations"):
            house.check(rows, f"{name}: no row")
        house.ringside("report", "list", name)


def check_hostile_names(postgres):
    """A name that means something to a page, to gnuplot, to Graphviz or to a spreadsheet stays a name."""
    evil = "<script>`touch /tmp/rs-evil`\"'\\${x}@y&z\n,"
    postgres.query("""INSERT INTO ringside.queue_interval_part (tenant, queue, channel, interval_start, interval_s, attribution, stream_id,
            run, part, revision, final, still_open, offered, answered, sl_policy, sl_version, sl_num, sl_den)
        VALUES ('evil', %s, 'voice', '2026-03-02 10:00Z', 900, 'event', 9, 1, 1, 1, true, 0, 5, 5,
        '{short_excluded}', '{1}', '{4}', '{5}') RETURNING 1""", evil)
    page = report(postgres, "queue", *PERIOD, "--tenant", "evil", "--format", "html").stdout
    check_page("hostile", page)
    house.check("<svg" in page and "&lt;script&gt;" in page and not os.path.exists("/tmp/rs-evil"), "the name did something")
    house.check(rows_of(postgres, "queue", *PERIOD, "--tenant", "evil")[0]["key"] == evil, "json changed the name")
    told = list(csv.DictReader(io.StringIO(report(postgres, "queue", *PERIOD, "--tenant", "evil", "--format", "csv").stdout, newline="")))
    house.check(told[0]["key"] == evil, "csv changed the name")
    house.check("\n," not in report(postgres, "queue", *PERIOD, "--tenant", "evil").stdout, "the table shows a control character")
    postgres.query("DELETE FROM ringside.queue_interval_part WHERE tenant = 'evil' RETURNING 1")


# --- wrong questions --------------------------------------------------------------------------------------------------
def check_refusals(postgres):
    for arguments, status, words in (
            (["nonsense"], 2, "report list"), ([], 2, "which report"), (["queue", "--format", "pdf"], 2, "allowed: table, csv, json, html"),
            (["queue", *PERIOD, "--timezone", "Mars/Olympus"], 1, "unknown time zone"),
            (["queue", "--from", "2026-03-03", "--to", "2026-03-02"], 1, "is empty"),
            (["queue", "--from", "soonish"], 1, "--from: \"soonish\" is no day and no instant; wanted: such as 2026-03-02"),
            (["queue", "--from", "2026-03-02", "--to", "2026-02-30"], 1, "--to: \"2026-02-30\""),
            (["compare", *PERIOD, "--against", "2026-02-01,never"], 1, "--against: \"never\""),
            (["compare", *PERIOD, "--change", "2026-03-05"], 1, "--change: \"2026-03-05\" is not within the period"),
            (["compare", *PERIOD, "--change", "x"], 1, "--change: \"x\" is no day"),
            (["queue", *PERIOD, "--policy", "best"], 1, "no rows were counted by a policy \"best\"; there are: abandon"),
            (["queue", *PERIOD, "--by", "planet"], 2, "--by: unknown"), (["queue", *PERIOD, "--by", "team"], 2, "report of that name"),
            (["agent", *PERIOD], 2, "--reason"),
            (["agent", *PERIOD, "--reason", "x"], 1, "three letters or more"),
            (["trend", *PERIOD, "--by", "agent", "--metric", "aht"], 2, "--reason"),
            (["trend", *PERIOD, "--metric", "mood"], 1, "unknown metric"),
            (["compare", *PERIOD], 2, "--change"),
            (["compare", *PERIOD, "--against", "2026"], 2, "no period"),
            (["compare", *PERIOD, "--against", "2026-03-02T12:00,2026-03-04"], 1, "must end before"),
            (["team", *PERIOD, "--policy", "short_excluded"], 2, "does not take --policy"),
            (["staffing", *PERIOD, "--target", "2"], 2, "--target"), (["staffing", *PERIOD, "--threshold", "soon"], 2, "--threshold"),
            (["benchmark", *PERIOD, "--min-n", "100000"], 1, "are not compared"),
            (["queue", *PERIOD, "--output", "/nowhere/x"], 1, "/nowhere/x"),
            (["improvement", "--review", "77"], 1, "there is no improvement 77"),
            (["queue", *PERIOD, "--interval", "fortnight"], 1, "unknown step")):
        result = report(postgres, *arguments, status=status)
        house.check(words in result.stderr, f"{arguments}: {result.stderr}")
        house.check(result.stderr.count("\n") <= 3 and not result.stdout, f"{arguments}: {result.stdout}{result.stderr}")
    quiet = report(postgres, "queue", "--from", "2020-01-01", "--to", "2020-01-02")
    house.check("the database has rows from 2026-03-02" in quiet.stderr, quiet.stderr)
    for name, words in (("queue", "nothing of the queue \"nowhere\""), ("trend", "nothing of the queue \"nowhere\""),
                        ("channel", "nothing of the channel \"nowhere\"")):
        unknown = report(postgres, name, *PERIOD, "--key", "nowhere")
        house.check(words in unknown.stderr and ("support" in unknown.stderr or "voice" in unknown.stderr), unknown.stderr)
    within = report(postgres, "queue", "--from", "2026-03-02T08:07", "--to", "2026-03-02T12:00")
    house.check("--from 2026-03-02T08:07:00Z is within a quarter of an hour" in within.stderr and "--to" not in within.stderr,
                within.stderr)
    house.check("quarter of an hour" not in report(postgres, "queue", *PERIOD).stderr, "a whole day is told to be no quarter")
    title = report(postgres, "trend", *PERIOD, "--metric", "asa", "--key", "support").stdout.splitlines()[0]
    house.check(title.startswith("trend of asa, 2026-03-02") and title.endswith("(UTC), key support"), title)
    heads = report(postgres, "queue", *PERIOD).stdout.splitlines()[1].split()
    house.check("asa" in heads and "wait_p90" in heads and "asa_ms" not in heads,
                f"a time that is shown with its unit has another one in its head: {heads}")
    house.check(house.ringside("report", "queue", "-d", "host=/nowhere dbname=x", check_status=False).returncode == 1,
                "a database that is not there")


def arguments_without(name, *options):
    """The report's own arguments without some options and their values."""
    left, arguments = [], iter(arguments_of(name))
    for word in arguments:
        if word in options:
            next(arguments)
        else:
            left.append(word)
    return left


def check_every_report(postgres):
    """What every report that has a period or a zone says to one that is not: one line that names it, no rows, status 1."""
    asked = 0
    for name in REPORTS:
        listed = house.ringside("report", "list", name).stdout
        if "--from" in listed:
            bare = arguments_without(name, "--from", "--to", "--change")
            change = ["--change", "2026-03-02T12:00"] if name == "compare" else []
            for period, words in ((("--from", "2026-03-03", "--to", "2026-03-03"), "is empty"),
                                  (("--from", "2026-03-04", "--to", "2026-03-03"), "is empty"),
                                  (("--from", "2026-02-31", "--to", "2026-03-03"), "2026-02-31"),
                                  (("--from", "2026-03-02", "--to", "tomorrowish"), "tomorrowish")):
                result = report(postgres, *bare, *change, *period, status=1)
                house.check(words in result.stderr and result.stderr.count("\n") == 1 and not result.stdout,
                            f"{name} {period}: {result.stdout}{result.stderr}")
                asked += 1
            result = report(postgres, *arguments_of(name), "--timezone", "Europe/Atlantis", status=1)
            house.check("unknown time zone \"Europe/Atlantis\"" in result.stderr and result.stderr.count("\n") == 1 and not result.stdout,
                        f"{name}: {result.stderr}")
            if name != "benchmark":   # which has nobody to compare then, and says that
                quiet = report(postgres, *bare, *(["--change", "2020-01-02"] if name == "compare" else []), "--from", "2020-01-01",
                               "--to", "2020-01-03")
                house.check("no data" in quiet.stderr if name == "compare" else "the database has rows from 2026-03-02" in quiet.stderr,
                            f"{name}: {quiet.stderr}")
            asked += 2
        if "--policy" in listed and name not in ("agent", "team"):
            metric = ["--metric", "service_level"] if "--metric" in listed else []
            result = report(postgres, *arguments_without(name, "--metric", "--by", "--reason"), *metric, "--policy", "best", status=1)
            house.check("policy \"best\"; there are: abandon_within_hit, answered_only, short_excluded" in result.stderr
                        and not result.stdout, f"{name}: {result.stderr}")
            asked += 1
    return asked


def check_lost_functions(postgres):
    """A function that somebody has dropped or changed: every report says so and what helps; migrate does help."""
    functions = {name: re.search(r"SQL: ringside\.(\w+)", house.ringside("report", "list", name).stdout).group(1) for name in REPORTS}
    for function in sorted(set(functions.values())):
        postgres.query(f"ALTER FUNCTION ringside.{function} RENAME TO {function}_away; SELECT 1")
    for name in REPORTS:
        result = report(postgres, *arguments_of(name), status=1)
        house.check("changed by hand" in result.stderr and "ringside migrate" in result.stderr and result.stderr.count("\n") == 1,
                    f"{name}: {result.stderr}")
    for function in sorted(set(functions.values())):
        postgres.query(f"ALTER FUNCTION ringside.{function}_away RENAME TO {function}; SELECT 1")
    postgres.query("ALTER TABLE ringside.queue_interval_part RENAME COLUMN offered TO bids; SELECT 1")
    result = report(postgres, "queue", *PERIOD, status=1)
    house.check("offered" in result.stderr and "changed by hand" in result.stderr, result.stderr)
    postgres.query("ALTER TABLE ringside.queue_interval_part RENAME COLUMN bids TO offered; SELECT 1")
    house.check(rows_of(postgres, "queue", *PERIOD), "it is as before")


def check_changes(postgres):
    """A formula that changed, months that are gone, a schema that was changed by hand, a user without rights."""
    postgres.query("INSERT INTO ringside.policy (name, version, definition) VALUES ('short_excluded', 2, '{}') RETURNING 1")
    postgres.query("""UPDATE ringside.queue_interval_part SET sl_version = array_replace(sl_version, 1, 2)
        WHERE interval_start >= '2026-03-02 13:00Z' RETURNING 1""")
    house.check("the formula changed within the period" in report(postgres, "queue", *PERIOD).stderr, "a changed formula")
    house.check("the formula has changed in between" in report(postgres, "compare", *arguments_of("compare")[1:], "--metric",
                                                               "service_level").stderr, "compare: a changed formula")
    house.check("formula" not in report(postgres, "queue", *PERIOD, "--policy", "answered_only").stderr, "that formula did not change")
    postgres.query("SELECT ringside.ensure_partitions('2025-01-01Z', '2025-02-01Z')")
    name = postgres.query("SELECT name FROM ringside.partition WHERE parent = 'queue_interval_part' "
                          "AND from_time = '2025-01-01Z'")[0]["name"]
    postgres.query(f"DROP TABLE ringside.{name}; SELECT 1")
    result = report(postgres, "queue", "--from", "2025-01-05", "--to", "2026-03-03")
    house.check("2025-01 is not complete" in result.stderr and "changed by hand" in result.stderr, result.stderr)
    postgres.query("UPDATE ringside.partition SET dropped_at = now() WHERE name = %s RETURNING 1", name)
    told = json.loads(report(postgres, "queue", "--from", "2025-01-05", "--to", "2026-03-03", "--format", "json").stdout)
    house.check(any("dropped by retention" in warning for warning in told["warnings"]), told["warnings"])
    for parent, names in (("queue_interval_part",
                           ("queue", "service-level", "fcr", "feedback", "compare", "trend", "complaints", "staffing", "heatmap")),
                          ("total_interval_part", ("total",)), ("channel_interval_part", ("channel",)),
                          ("agent_interval_part", ("agent", "benchmark")), ("team_interval_part", ("team",)),
                          ("process_edge_part", ("process",)), ("contact_fact", ("topic",))):
        postgres.query("UPDATE ringside.partition SET dropped_at = now() WHERE parent = %s AND from_time = '2025-01-01Z' "
                       "RETURNING 1", parent)
        for report_name in names:
            result = report(postgres, report_name, *(["--by", "agent", "--metric", "aht", "--min-n", "1", "--reason", "test"]
                                                     if report_name == "benchmark" else []),
                            *(["--change", "2026-03-02T13:00"] if report_name == "compare" else []),
                            *(["--reason", "test"] if report_name == "agent" else []), "--from", "2025-01-05", "--to", "2026-03-03")
            house.check("2025-01" in result.stderr and "dropped by retention" in result.stderr, f"{report_name}: {result.stderr}")
    for report_name in ("queue", "service-level", "trend", "heatmap"):
        metric = [] if report_name in ("queue", "service-level") else ["--metric", "service_level"]
        result = report(postgres, report_name, *PERIOD, *metric,
                        *([] if report_name == "service-level" else ["--policy", "short_excluded"]))
        house.check("the formula changed within the period" in result.stderr, f"{report_name}: {result.stderr}")
    postgres.query("CREATE ROLE ann LOGIN IN ROLE ringside_analyst; CREATE ROLE sue LOGIN IN ROLE ringside_supervisor; SELECT 1")

    def as_user(user, *arguments):
        conninfo = re.sub(r"user=\w+", f"user={user}", postgres.conninfo)
        return house.ringside("report", "-d", conninfo, *arguments, check_status=False)
    house.check(as_user("ann", "queue", *PERIOD).returncode == 0, "an analyst reads queues")
    refused = as_user("ann", "agent", *PERIOD, "--reason", "curious")
    house.check(refused.returncode == 1 and "may not read that" in refused.stderr, f"an analyst reads agents: {refused.stderr}")
    house.check(as_user("ann", "trend", *PERIOD, "--by", "agent", "--metric", "aht", "--reason", "curious").returncode == 1,
                "an analyst reads agents' trend")
    for name in REPORTS:
        if name not in ("agent", "team", "benchmark"):
            result = as_user("ann", *arguments_of(name))
            house.check(result.returncode == 0, f"an analyst may not read {name}: {result.stderr}")
    house.check(as_user("sue", "agent", *PERIOD, "--reason", "quarterly talk").returncode == 0, "a supervisor reads agents")
    log = postgres.query("SELECT reader, what, reason, rows FROM ringside.access_log WHERE reader = 'sue' ORDER BY id")
    house.check([entry["what"] for entry in log] == ["report_agents", "report_agents: given out"] and log[1]["rows"] > 0
                and log[0]["reason"] == "quarterly talk", f"{log}")
    postgres.query("DROP FUNCTION ringside.report_feedback; SELECT 1")
    result = report(postgres, "feedback", *PERIOD, status=1)
    house.check("ringside migrate" in result.stderr and "by hand" in result.stderr, result.stderr)


def check_reviews(postgres):
    """Baseline, improvement, standard, compare by SQL itself."""
    frozen = rows_of(postgres, "baseline", *PERIOD, "--freeze", "march", "--metric", "aht", "--queue", "support")
    house.check(len(frozen) == 1 and frozen[0]["name"] == "march" and near(frozen[0]["value"], frozen[0]["value_now"]), f"{frozen}")
    aht = [row for row in rows_of(postgres, "queue", *PERIOD) if row["key"] == "support"]
    house.check(near(sum(r["aht_ms"] * r["handled"] for r in aht) / sum(r["handled"] for r in aht), frozen[0]["value"]),
                "the frozen figure is another")
    house.check("already exists" in report(postgres, "baseline", *PERIOD, "--freeze", "march", "--metric", "aht", status=1).stderr
                or "duplicate" in report(postgres, "baseline", *PERIOD, "--freeze", "march", "--metric", "aht", status=1).stderr,
                "a name twice")
    made = postgres.query("""INSERT INTO ringside.improvement (title, hypothesis, metric, family, tenant, key, change_at, weeks,
            owner, review_on)
        VALUES ('new greeting', 'shorter', 'aht', 'queue', 'default', 'support', '2026-03-02 12:00Z', 1, 'kim', '2026-04-01')
        RETURNING id""")[0]["id"]
    reviewed = [row for row in rows_of(postgres, "improvement", "--review", str(made)) if row["id"] == made]
    house.check(reviewed[0]["verdict"] and reviewed[0]["state"] == "review", f"{reviewed}")
    postgres.query("""INSERT INTO ringside.service_standard (tenant, queue, metric, policy, target, valid_from)
        VALUES ('default', 'support', 'service_level', 'short_excluded',
        0.5, '2026-01-01'), ('default', 'sales', 'asa', NULL, 1, '2026-01-01') RETURNING 1""")
    kept = {row["queue"]: row for row in rows_of(postgres, "standards", *PERIOD)}
    house.check(kept["sales"]["attained"] is False and kept["support"]["attained"] == (kept["support"]["value"] >= 0.5), f"{kept}")
    direct = postgres.query("""SELECT difference, low, high
        FROM ringside.compare('asa', 'queue', 'default', NULL, '2026-03-02 00:00Z', '2026-03-02 13:00Z',
        '2026-03-02 13:00Z', '2026-03-03 00:00Z')""")[0]
    told = rows_of(postgres, "compare", *arguments_of("compare")[1:], "--metric", "asa")[0]
    house.check(near(told["difference"], direct["difference"]), f"{told} {direct}")
    house.check("<svg" in report(postgres, "standards", *PERIOD, "--format", "html").stdout, "no chart of standards")


# --- the runs ---------------------------------------------------------------------------------------------------------
def run_made_up(place):
    seed = house.seed()
    path = os.path.join(place, "day.ndjson")
    History(seed).write(path)
    postgres = house.Postgres(place)
    daemon = None
    try:
        daemon = house.Daemon(place, postgres.conninfo, extra=CONFIG)
        house.ringside("send", "--to", daemon.events, "--speed", "max", "--config", daemon.config, path)
        house.wait_until_stored(postgres, daemon)
        daemon.stop()
        compared = compare_with_replay(postgres, [path], daemon, seed)
        check_steps(postgres)
        check_staffing(postgres)
        check_forms(postgres)
        check_hostile_names(postgres)
        check_reviews(postgres)
        check_refusals(postgres)
        asked = check_every_report(postgres)
        check_lost_functions(postgres)
        check_changes(postgres)
        print(f"a made-up day: {compared} figures equal replay's, {len(REPORTS)} reports in 4 forms, {asked} wrong questions to them")
    finally:
        if daemon is not None:
            daemon.kill()
        postgres.remove()


def run_bank(place, files):
    """The bank's week and surge evening: queue and agent equal the truth; the surge against the Sunday of the week."""
    postgres = house.Postgres(place)
    daemon = None
    try:
        daemon = house.Daemon(place, postgres.conninfo, extra=bank.POLICIES)
        house.ringside("send", "--to", daemon.events, "--speed", "max", "--config", daemon.config, *files)
        house.wait_until_stored(postgres, daemon)
        daemon.stop()
        truth = bank.truth_of("week")
        queues = bank.check_queues(rows_of(postgres, "queue", *bank.WEEK, "--policy", "abandon_miss,answered_only"), truth)
        agents = bank.check_agents(rows_of(postgres, "agent", *bank.WEEK, "--reason", "truth"), truth)
        changed = rows_of(postgres, "compare", "--timezone", "Asia/Jerusalem", "--against", "1999-05-23,1999-05-24", "--from", "1999-06-20",
                          "--to", "1999-06-21", "--metric", "service_level,abandoned_rate,asa", "--policy", "abandon_miss")
        for row in changed:
            house.check(row["low"] < row["difference"] < row["high"] and "its hours" in row["warnings"], f"{row}")
        house.check(changed[1]["verdict"] == "better" and changed[0]["difference"] > 0.1, f"{changed}")
        print(f"the bank: {queues} queues, {agents} agents as in the truth; "
              f"service level {changed[0]['before_value']:.3f} -> {changed[0]['after_value']:.3f} "
              f"[{changed[0]['low']:+.3f}, {changed[0]['high']:+.3f}]")
    finally:
        if daemon is not None:
            daemon.kill()
        postgres.remove()


with house.folder() as made_up:
    run_made_up(made_up)
if bank.FILES:
    with house.folder() as where:
        run_bank(where, bank.FILES)
else:
    print("the bank's fixtures are not here: only the made-up day was compared")
print(f"1 passed, 0 failed ({house.checks} checks)")
