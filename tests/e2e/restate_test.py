#!/usr/bin/python3
"""Facts and restatements: a daemon that is killed in between writes exactly the facts of its events; `ringside restate` makes of them what
a replay under the new policies stores; it can be taken back; and where it cannot be right it says so and writes nothing."""
import json
import os
import re
import signal
import time

import house
from history import History

CONFIG = """
rows: {attributions: [event, enter, close]}
service_level: {policies: [short_excluded, abandon_within_hit, by_journey], first_reply: 10m}
policies: {by_journey: {base: abandon_miss, unit: journey}, strict: {base: abandon_miss, blocked: miss, callbacks: miss, compare: lt}}
queues: {sales: {threshold: 30s}, billing: {callback_clock: keep}}
fcr: {repeat_window: 6h}
agents: {agent-0: {team: north}, agent-1: {team: south}}
limits: {edges: 20000}
"""
FAMILIES = ("queue", "channel", "total", "agent", "team")
FACTS = ("contact_fact", "leg_fact", "handling_fact", "moment_fact")
NEW = ["--set", "queues.sales.threshold=12s", "--set", "queues.support.threshold=45s", "--set", "queues.billing.short=9s"]
POLICIES = ("short_excluded", "strict", "answered_only")
WRITERS = {"revision", "final", "stored_at", "stream_id", "run", "part"}


class Database:
    def __init__(self, postgres, name):
        import psycopg2
        connection = psycopg2.connect(postgres.conninfo)
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
        connection.close()
        self.conninfo = re.sub(r"dbname=\w+", f"dbname={name}", postgres.conninfo)

    query = house.Postgres.query


def change(database, sql):
    import psycopg2
    connection = psycopg2.connect(database.conninfo)
    connection.autocommit = True
    connection.cursor().execute(sql)
    connection.close()


def rows(database, family):
    found = database.query(f"SELECT * FROM ringside.{family}_interval")
    return {tuple(str(row[k]) for k in ("interval_start", "tenant", *house.DIMENSIONS[family], "attribution")):
            {k: house.plain(v) for k, v in row.items() if k not in WRITERS and k != "interval_start"} for row in found}


def every_row(database):
    return {family: rows(database, family) for family in FAMILIES}


def facts(database, table):
    found = database.query(f"SELECT (to_jsonb(f) - '{{revision,stored_at,stream_id,run,part,number}}'::text[])::text AS row "
                           f"FROM ringside.{table} AS f ORDER BY 1")
    return [row["row"] for row in found if '"kind": "none"' not in row["row"]]


def replay_into(database, config, key, *arguments):
    house.ringside("replay", "--store", "--config", config, "--database", database.conninfo, "--set",
                   f"service.pseudonym_key={key}", *arguments)


def restate(database, config, *arguments, status=0):
    result = house.ringside("restate", "--config", config, "--database", database.conninfo, *arguments, check_status=False)
    house.check(result.returncode == status, f"restate {arguments}: {result.returncode}\n{result.stdout}{result.stderr}")
    house.check(status == 0 or len(result.stderr.strip().splitlines()) == 1, f"not one line: {result.stderr}")
    return result.stdout + result.stderr


def of_policies(row):
    levels = row["service_level"] or {}
    return {**row, "service_level": {name: levels[name] for name in POLICIES if name in levels}}


def compare_restated(restated, expected):
    for family in FAMILIES:
        one, other = rows(restated, family), rows(expected, family)
        house.check(one.keys() == other.keys(), f"{family}: other rows")
        for key, row in one.items():
            for field, value in of_policies(row).items():
                if field == "threshold_ms" and family != "queue":
                    continue   # what is open still counts towards a mixture of T; it is no fact yet
                wanted = of_policies(other[key])[field]
                house.check(house.same(value, wanted), f"{family} {key}: {field}: restated {value!r}, replayed {wanted!r}")


def same_rows(one, other, what):
    for family in FAMILIES:
        house.check(one[family].keys() == other[family].keys(), f"{what}: {family}: other rows")
        for key, row in one[family].items():
            house.check(house.same(row, other[family][key]), f"{what}: {family} {key}: {row} {other[family][key]}")


seed = int(os.environ.get("RS_SEED", time.time_ns() % 1000000))
print(f"seed: RS_SEED={seed}")
with house.folder() as place:
    day = os.path.join(place, "day.ndjson")
    History(seed).write(day)
    with open(day) as source:
        lines = source.readlines()
    postgres = house.Postgres(place)
    daemon = None
    try:
        # --- a daemon that is killed twice in the middle, while the database is written ---------------------------------------
        daemon = house.Daemon(place, postgres.conninfo, extra=CONFIG)
        for part in range(3):
            piece = os.path.join(place, f"piece-{part}.ndjson")
            with open(piece, "w") as out:
                out.writelines(lines[:len(lines) * (part + 1) // 3])   # from the beginning: what is known is a duplicate
            house.ringside("send", "--to", daemon.events, "--speed", "max", "--config", daemon.config, piece)
            if part == 2:
                break
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait()
            daemon = house.Daemon(place, postgres.conninfo, extra=CONFIG)
        house.wait_until_stored(postgres, daemon)
        daemon.stop()
        key = os.path.join(place, "state", "pseudonym.key")
        made = Database(postgres, "made")
        replay_into(made, daemon.config, key, day)
        for table in FACTS:
            live, replayed = facts(postgres, table), facts(made, table)
            only = sorted(set(live) - set(replayed))[:2], sorted(set(replayed) - set(live))[:2]
            house.check(live and live == replayed, f"{table}: {len(live)} live, {len(replayed)} replayed; only there: {only}")
        same_rows(every_row(postgres), every_row(made), "live and replay")

        # --- restated is replayed -----------------------------------------------------------------------------------------------
        before = every_row(postgres)
        period = ["--from", "2026-03-02", "--to", "2026-03-05"]
        said = restate(postgres, daemon.config, *period, "--policy", ",".join(POLICIES), *NEW, "--dry-run", "--reason", "new promise")
        house.check("would be" in said, said)
        same_rows(before, every_row(postgres), "a dry run")
        said = restate(postgres, daemon.config, *period, "--policy", ",".join(POLICIES), *NEW, "--reason", "new promise")
        house.check("short_excluded version 2" in said and "strict version 1" in said, said)
        other = Database(postgres, "other")
        replay_into(other, daemon.config, key, *NEW, "--set", "service_level.policies=[short_excluded,strict,answered_only]", day)
        compare_restated(postgres, other)
        once = every_row(postgres)
        house.check(once["queue"] != before["queue"], "nothing changed at all")
        kept = rows(postgres, "queue")
        for queue_key, row in before["queue"].items():
            house.check(house.same(kept[queue_key]["service_level"].get("abandon_within_hit"),
                                   row["service_level"].get("abandon_within_hit")),
                        "a policy that was not named")
        versions = postgres.query("SELECT DISTINCT unnest(versions) AS v "
                                  "FROM ringside.samples('service_level', 'short_excluded', 'queue', 'default', 'support', NULL, "
                                  "'2026-03-02Z', '2026-03-03Z') ORDER BY 1")
        house.check([row["v"] for row in versions] == [2], f"versions of what was restated: {versions}")
        # Again, with another T: from where the last one left off, in days of another zone.
        restate(postgres, daemon.config, "--from", "2026-03-02T02:00", "--to", "2026-03-05T04:00", "--timezone", "Europe/Berlin",
                "--policy", "short_excluded", "--threshold", "20s")
        level = postgres.query("SELECT threshold_ms, count(*) AS n FROM ringside.queue_interval WHERE answered > 0 GROUP BY 1")
        house.check([row["threshold_ms"] for row in level] == [20000], f"T after the second: {level}")
        listed = restate(postgres, daemon.config, "--list").splitlines()
        house.check(len(listed) == 2 and "new promise" in listed[0], f"{listed}")
        # Taken back, the last one first.
        house.check("undo that one first" in restate(postgres, daemon.config, "--undo",
                                                     "2" if listed[0].startswith("2") else listed[0].split("\t")[0], status=1), "")
        for line in reversed(listed):
            restate(postgres, daemon.config, "--undo", line.split("\t")[0])
            if line is listed[1]:
                after = every_row(postgres)
                for family in FAMILIES:   # the first one's T was given to the second: all else is as it was
                    for row_key, row in once[family].items():
                        house.check(house.same({**row, "threshold_ms": 0}, {**after[family][row_key], "threshold_ms": 0}),
                                    f"undone: {family} {row_key}")
        same_rows(before, every_row(postgres), "all taken back")

        # --- what cannot be -----------------------------------------------------------------------------------------------------
        for arguments, words, status in (
                (["--from", "2026-03-02", "--to", "2026-03-03", "--timezone", "Mars/Olympus"], "unknown time zone", 1),
                (["--from", "2026-03-02", "--to", "2026-03-03", "--policy", "nobody_knows"], "nobody_knows", 2),
                (["--from", "2026-03-02", "--to", "2026-03-03", "--policy", "by_journey"], "whole journeys", 1),
                (["--from", "2026-03-03", "--to", "2026-03-02"], "is empty", 1),
                (["--from", "2026-03-02T00:07", "--to", "2026-03-03"], "quarters of an hour", 1),
                (["--from", "2025-03-02", "--to", "2025-03-03"], "no rows", 1),
                (["--from", "yesterday", "--to", "2026-03-03"], "restate: ", 1),
                (["--from", "2026-03-02"], "two ends", 2), ([], "which?", 2), (["--undo", "77"], "no restatement 77", 1),
                (["--undo", "x"], "--undo", 2)):
            house.check(words in restate(postgres, daemon.config, *arguments, status=status), f"{arguments}: {words}")
        same_rows(before, every_row(postgres), "refused ones")
        change(postgres, "DELETE FROM ringside.leg_fact "
                         "WHERE (contact, number) = (SELECT contact, number FROM ringside.leg_fact WHERE outcome = 'answered' LIMIT 1)")
        house.check("do not agree" in restate(postgres, daemon.config, *period, status=1), "a leg is missing")
        change(postgres, "UPDATE ringside.retention SET keep = interval '1 day' WHERE class = 'fact'; UPDATE ringside.partition "
                         "SET made_at = '2026-01-01Z';")
        change(postgres, "SELECT ringside.drop_expired()")
        house.check("dropped by retention" in restate(postgres, daemon.config, *period, status=1), "facts that retention has dropped")
        same_rows(before, every_row(postgres), "refused to the end")
        house.check(not postgres.query("SELECT 1 FROM ringside.restatement"), "a restatement is left")
    finally:
        if daemon is not None:
            daemon.kill()
        postgres.remove()
print(f"1 passed, 0 failed ({house.checks} checks)")
