#!/usr/bin/python3
"""`ringside replay --store` writes what a daemon would have written from the same events: the same rows, edges and policies; it never adds to
what is there already, and can be repeated."""
import os
import re

import house
from history import History

CONFIG = """
rows: {attributions: [event, enter, close]}
service_level: {policies: [short_excluded, abandon_within_hit, by_journey], first_reply: 10m, resolution: 2h}
policies: {by_journey: {base: abandon_miss, unit: journey}}
hours: {office: {zone: Europe/London, week: {mon-fri: "09:00-12:00, 13:00-17:30"}}}
queues: {sales: {threshold: 30s}, mail: {hours: office, next_reply: 20m}, billing: {callback_clock: keep}}
fcr: {repeat_window: 6h, never: [claim]}
agents: {agent-0: {team: north}, agent-1: {team: south}, agent-2: {team: north}}
complaints: {hours: office, acknowledge: 30m, respond: 2h}
limits: {edges: 20000}
"""
FAMILIES = ("queue", "channel", "total", "agent", "team")
OF_THE_WRITER = {"revision", "final", "stored_at", "stream_id", "run", "part"}


class Database:
    """Another database of the same cluster."""

    def __init__(self, postgres, name):
        postgres.query_outside(f"CREATE DATABASE {name}")
        self.conninfo = re.sub(r"dbname=\w+", f"dbname={name}", postgres.conninfo)

    query = house.Postgres.query


class Cluster(house.Postgres):
    def query_outside(self, sql):
        import psycopg2
        connection = psycopg2.connect(self.conninfo)
        connection.autocommit = True
        connection.cursor().execute(sql)
        connection.close()


def store(database, config, *arguments, status=0):
    result = house.ringside("replay", "--store", "--config", config, "--database", database.conninfo, *arguments, check_status=False)
    house.check(result.returncode == status, f"replay --store {arguments}: {result.returncode}\n{result.stderr}")
    house.check(not result.stdout, "rows on standard output, too")
    return result.stderr


def plain_rows(database, view):
    rows = database.query(f"SELECT * FROM ringside.{view}")
    return {tuple(str(row[k]) for k in ("interval_start", "tenant", *KEYS[view], *(("attribution",) if "attribution" in row else ()))):
            {k: house.plain(v) for k, v in row.items() if k not in OF_THE_WRITER and k != "interval_start"} for row in rows}


KEYS = {**{f"{family}_interval": house.DIMENSIONS[family] for family in FAMILIES}, "process_edge": ["from_stage", "to_stage"]}


def compare(live, made):
    compared = 0
    for view in KEYS:
        one, other = plain_rows(live, view), plain_rows(made, view)
        house.check(one and one.keys() == other.keys(), f"{view}: only live {sorted(one.keys() - other.keys())[:3]}, only replay {sorted(other.keys() - one.keys())[:3]}")
        for key, row in one.items():
            for field, value in row.items():
                house.check(house.same(value, other[key][field]), f"{view} {key}: {field}: live {value!r}, replay {other[key][field]!r}")
                compared += 1
    policies = "SELECT name, version, definition FROM ringside.policy ORDER BY 1, 2"
    house.check(live.query(policies) == made.query(policies), "other policies")
    balance = "SELECT DISTINCT source, received, applied, duplicate FROM ringside.source_accounting ORDER BY 1"
    house.check(live.query(balance) == made.query(balance), f"another accounting: {live.query(balance)} {made.query(balance)}")
    return compared


def totals(database):
    return [database.query(f"SELECT count(*) AS n, sum(offered) AS offered, sum(handled) AS handled, sum(talk_us) AS talk FROM ringside.{family}_interval_part")[0]
            for family in FAMILIES]


seed = house.seed()
with house.folder() as place:
    day, more = os.path.join(place, "day.ndjson"), os.path.join(place, "other.ndjson")
    History(seed).write(day)
    with open(day) as source, open(more, "w") as out:   # the same, of another tenant
        out.writelines(line.replace('"source": "made-up"', '"source": "made-up", "tenant": "other"') for line in source)
    postgres = Cluster(place)
    daemon = None
    try:
        daemon = house.Daemon(place, postgres.conninfo, extra=CONFIG)
        house.ringside("send", "--to", daemon.events, "--speed", "max", "--config", daemon.config, day)
        house.wait_until_stored(postgres)
        daemon.stop()
        made = Database(postgres, "made")
        house.check("rows" in store(made, daemon.config, day), "no summary")
        compared = compare(postgres, made)
        # Again: refused without --replace, the same with it; another tenant's day beside it is no conflict.
        before = totals(made)
        house.check("--replace" in store(made, daemon.config, day, status=1), "it did not say what to do")
        house.check(totals(made) == before, "a refused run has written")
        store(made, daemon.config, "--replace", day)
        house.check(totals(made) == before, f"a repeated run: {totals(made)}, before {before}")
        compare(postgres, made)
        store(made, daemon.config, more)
        house.check([t["n"] for t in totals(made)] == [2 * t["n"] for t in before], "the other tenant's rows")
        house.check(made.query("SELECT count(*) AS n FROM ringside.total_interval_part WHERE tenant = 'default'")[0]["n"] == before[2]["n"], "rows of the first tenant went")
        # Where a daemon has written, a replay does not, --replace or not.
        before = totals(postgres)
        for options in ((), ("--replace",), ("--stream", "again", "--replace")):
            house.check('stream "main"' in store(postgres, daemon.config, *options, day, status=1), "a replay beside the daemon's rows")
        house.check(totals(postgres) == before, "the daemon's rows changed")
        # Wrong use.
        for options, words in ((["--policy", "answered_only"], "--policy"), (["--threshold", "10s"], "--threshold"), (["--alerts"], "one of them"),
                               (["--stream", ""], "--stream"), (["--stream", "x" * 2000], "--stream")):
            house.check(words in store(made, daemon.config, *options, day, status=2), f"{options}")
        result = house.ringside("replay", "--store", day, check_status=False)
        house.check(result.returncode == 2 and "where?" in result.stderr, result.stderr)
        result = house.ringside("replay", "--replace", day, check_status=False)
        house.check(result.returncode == 2 and "only with --store" in result.stderr, result.stderr)
        result = house.ringside("replay", "--store", "--database", "host=/nowhere dbname=x", day, check_status=False)
        house.check(result.returncode == 1 and "/nowhere" in result.stderr, result.stderr)
        # Nothing of a caller is in the database.
        with open(day) as source:
            number = re.search(r'"customer": "(\+\d+)"', source.read()).group(1)
        for view in KEYS:
            house.check(not made.query(f"SELECT 1 FROM ringside.{view} AS v WHERE v::text LIKE %s LIMIT 1", f"%{number}%"), "a number in the clear")
        print(f"{compared} figures of live and replay equal")
    finally:
        if daemon is not None:
            daemon.kill()
        postgres.remove()
print(f"1 passed, 0 failed ({house.checks} checks)")
