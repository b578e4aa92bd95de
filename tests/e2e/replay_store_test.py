#!/usr/bin/python3
"""`ringside replay --store` writes what a daemon would have written from the same events: the same rows, edges and policies; it never adds
to what is there already, and can be repeated."""
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
    key = os.path.join(os.path.dirname(config), "state", "pseudonym.key")
    result = house.ringside("replay", "--store", "--config", config, "--set", f"service.pseudonym_key={key}", "--database",
                            database.conninfo, *arguments, check_status=False)
    house.check(result.returncode == status, f"replay --store {arguments}: {result.returncode}\n{result.stderr}")
    house.check(not result.stdout, "rows on standard output, too")
    return result.stderr


def plain_rows(database, view):
    rows = database.query(f"SELECT * FROM ringside.{view}")
    return {tuple(str(row[k]) for k in ("interval_start", "tenant", *KEYS[view], *(("attribution",) if "attribution" in row else ()))):
            {k: house.plain(v) for k, v in row.items() if k not in OF_THE_WRITER and k != "interval_start"} for row in rows}


KEYS = {**{f"{family}_interval": house.DIMENSIONS[family] for family in FAMILIES}, "process_edge": ["from_stage", "to_stage"]}


FACTS = ("contact_fact", "leg_fact", "handling_fact", "moment_fact")


def facts(database, table):
    """All of a table but what says who wrote it; in how many parts a contact came is no matter, either."""
    rows = database.query(f"SELECT (to_jsonb(f) - '{{revision,stored_at,stream_id,run,part,number}}'::text[])::text AS row "
                          f"FROM ringside.{table} AS f ORDER BY 1")
    return [row["row"] for row in rows if '"kind": "none"' not in row["row"]]


def compare_facts(live, made):
    for table in FACTS:
        one, other = facts(live, table), facts(made, table)
        house.check(one, f"no {table}")
        only_live, only_made = set(one) - set(other), set(other) - set(one)
        house.check(one == other, f"{table}: {len(one)} live, {len(other)} replay; only live {sorted(only_live)[:2]}, "
                                  f"only replay {sorted(only_made)[:2]}")
    return sum(len(facts(live, table)) for table in FACTS)


# What the rows count must be what the facts say, by SQL alone.
FACTS_AGAINST_ROWS = """
WITH legs AS (
    SELECT date_bin('15 min', closed_at, 'epoch') AS closed_in, * FROM ringside.leg_fact
), counted AS (
    SELECT tenant, queue, channel, closed_in AS at, count(*) FILTER (WHERE outcome = 'answered') AS answered,
        count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,
        count(*) FILTER (WHERE outcome = 'flowed_out') AS flowed_out, count(*) FILTER (WHERE outcome = 'callback') AS callbacks,
        coalesce(sum(wait_us) FILTER (WHERE outcome = 'answered'), 0) AS waited FROM legs WHERE outcome IS NOT NULL GROUP BY 1, 2, 3, 4
), handled AS (
    SELECT tenant, queue, channel, date_bin('15 min', ended_at, 'epoch') AS at, count(*) AS handled, sum(talk_us) AS talk,
        sum(hold_us) AS hold FROM ringside.handling_fact
    WHERE ended_at IS NOT NULL GROUP BY 1, 2, 3, 4
), rows AS (
    SELECT tenant, queue, channel, interval_start AS at, sum(answered) AS answered, sum(abandoned) AS abandoned,
        sum(flowed_out) AS flowed_out, sum(callbacks) AS callbacks,
        sum(wait_answered_us) AS waited, sum(handled) AS handled, sum(talk_us) AS talk, sum(hold_us) AS hold
    FROM ringside.queue_interval_part WHERE attribution = 'event' GROUP BY 1, 2, 3, 4
)
SELECT count(*) AS n, count(*) FILTER (WHERE (coalesce(r.answered, 0), coalesce(r.abandoned, 0), coalesce(r.flowed_out, 0),
        coalesce(r.callbacks, 0), coalesce(r.waited, 0), coalesce(r.handled, 0), coalesce(r.talk, 0), coalesce(r.hold, 0))
    IS DISTINCT FROM (coalesce(c.answered, 0), coalesce(c.abandoned, 0), coalesce(c.flowed_out, 0),
        coalesce(c.callbacks, 0), coalesce(c.waited, 0), coalesce(h.handled, 0), coalesce(h.talk, 0), coalesce(h.hold, 0))) AS wrong
FROM rows AS r FULL JOIN counted AS c ON (r.tenant, coalesce(r.queue, ''), r.channel, r.at) = (c.tenant, c.queue, c.channel, c.at)
FULL JOIN handled AS h ON (h.tenant, coalesce(h.queue, ''), h.channel, h.at) =
    (coalesce(r.tenant, c.tenant), coalesce(r.queue, c.queue, ''), coalesce(r.channel, c.channel), coalesce(r.at, c.at))
"""


def check_facts_against_rows(database):
    found = database.query(FACTS_AGAINST_ROWS)[0]
    house.check(found["n"] > 50 and found["wrong"] == 0, f"rows and facts: {found}")


def compare(live, made):
    compared = 0
    for view in KEYS:
        one, other = plain_rows(live, view), plain_rows(made, view)
        house.check(one and one.keys() == other.keys(),
                    f"{view}: only live {sorted(one.keys() - other.keys())[:3]}, only replay {sorted(other.keys() - one.keys())[:3]}")
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
    return [database.query(f"SELECT count(*) AS n, sum(offered) AS offered, sum(handled) AS handled, sum(talk_us) AS talk "
                           f"FROM ringside.{family}_interval_part")[0]
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
        house.wait_until_stored(postgres, daemon)
        daemon.stop()
        made = Database(postgres, "made")
        house.check("rows" in store(made, daemon.config, day), "no summary")
        compared = compare(postgres, made)
        told = compare_facts(postgres, made)
        check_facts_against_rows(postgres)
        check_facts_against_rows(made)
        # Again: refused without --replace, the same with it; another tenant's day beside it is no conflict.
        before = totals(made)
        house.check("--replace" in store(made, daemon.config, day, status=1), "it did not say what to do")
        house.check(totals(made) == before, "a refused run has written")
        store(made, daemon.config, "--replace", day)
        house.check(totals(made) == before, f"a repeated run: {totals(made)}, before {before}")
        compare(postgres, made)
        compare_facts(postgres, made)
        store(made, daemon.config, more)
        house.check([t["n"] for t in totals(made)] == [2 * t["n"] for t in before], "the other tenant's rows")
        house.check(made.query("SELECT count(*) AS n FROM ringside.total_interval_part WHERE tenant = 'default'")[0]["n"] == before[2]["n"],
                    "rows of the first tenant went")
        # Where a daemon has written, a replay does not, --replace or not.
        before = totals(postgres)
        for options in ((), ("--replace",), ("--stream", "again", "--replace")):
            house.check('stream "main"' in store(postgres, daemon.config, *options, day, status=1), "a replay beside the daemon's rows")
        house.check(totals(postgres) == before, "the daemon's rows changed")
        # Wrong use.
        for options, words in ((["--policy", "answered_only"], "--policy"), (["--threshold", "10s"], "--threshold"),
                               (["--alerts"], "one of them"), (["--stream", ""], "--stream"), (["--stream", "x" * 2000], "--stream")):
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
        for view in (*KEYS, *FACTS):
            house.check(not made.query(f"SELECT 1 FROM ringside.{view} AS v WHERE v::text LIKE %s LIMIT 1", f"%{number}%"),
                        "a number in the clear")
        print(f"{compared} figures and {told} facts of live and replay equal")
    finally:
        if daemon is not None:
            daemon.kill()
        postgres.remove()
print(f"1 passed, 0 failed ({house.checks} checks)")
