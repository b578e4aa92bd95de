#!/usr/bin/python3
"""Rules that learn, beside a database with weeks of history: a daemon that starts with nothing fires on day one, and a crash changes
nothing of it."""
import json
import os
import random
import re
import signal
import time

import house
from service_support import Producer, event

MONDAY = 1772409600      # 2026-03-02T00:00:00Z
HOUR, DAY, WEEKS = 3600, 86400, 4
USUAL = 20
RULES = """
windows: [5m, 15m, 30m, 1h]
alerts:
  rules:
    season: {detector: seasonal, metric: offered, window: 1h, key: "*", compare: above, min_sample: 5, severity: warning}
"""


def call(sequence, at, number):
    contact = {"contact_id": f"c{number}", "queue": "vip"}
    return [event(sequence, "contact.queued", at=at, **contact),
            event(sequence + 1, "contact.answered", at=at + 5, agent="a1", contact_id=f"c{number}"),
            event(sequence + 2, "contact.ended", at=at + 30, contact_id=f"c{number}")]


def write_history(path, chance):
    """Four weeks with about twenty calls in each hour from eight to six; returns how many hours that are."""
    name, number, hours = os.path.join(path, "history.ndjson"), 0, 0
    with open(name, "w", encoding="utf-8") as out:
        for day in range(-WEEKS * 7, 0):
            for hour in range(8, 18):
                hours += 1
                calls = USUAL + chance.randrange(-2, 3)
                for i in range(calls):
                    for item in call(3 * number + 1, MONDAY + day * DAY + hour * HOUR + i * HOUR // calls, f"old-{number}"):
                        out.write(json.dumps({**item, "source": "history"}) + "\n")
                    number += 1
    return name, hours


def told(daemon):
    """the rule has been told of its history"""
    return re.findall(r"a rule has learned from history.*figures=(\d+)", daemon.output())


def send_hour(producer, sequence, hour, calls):
    for i in range(calls):
        producer.send(*call(sequence, MONDAY + hour * HOUR + i * HOUR // calls, f"new-{hour}-{i}"))
        sequence += 3
    return sequence


def start_again(daemon):
    starts = daemon.output().count(" ready ")
    daemon.start()
    house.wait_for(lambda: daemon.output().count(" ready ") > starts)


def said_state(daemon, at):
    return re.findall(rf"state at={at} position=(\d+) hash=([0-9a-f]+)", daemon.output())


def warm_records(path):
    dumped = house.ringside("journal", "dump", "--folder", os.path.join(path, "state", "journal")).stdout.splitlines()
    return [item for item in map(json.loads, dumped) if item["kind"] == "warm"]


def day_one(path, postgres, is_killed):
    """A usual hour and one with three times as many calls; what became of the rule."""
    daemon = house.Daemon(path, postgres.conninfo, clock="events", extra=RULES)
    try:
        producer = Producer(daemon.events)
        producer.send(event(1, "source.heartbeat", at=MONDAY + 8 * HOUR))
        sequence = send_hour(producer, 2, 8, 1)
        house.wait_for(lambda: told(daemon))
        house.wait_for(lambda: [item for item in warm_records(path) if item["is_last"]])   # it is on disk
        if is_killed:
            daemon.kill()
            start_again(daemon)
            status, _ = daemon.stop()
            house.check(status == 0, "it did not stop")
            start_again(daemon)
            house.check(said_state(daemon, "start")[-1] == said_state(daemon, "end")[-1],
                        f"other states: {said_state(daemon, 'begin')}, {said_state(daemon, 'end')}")
            producer = Producer(daemon.events)
        for hour, calls in ((9, USUAL), (10, 3 * USUAL), (11, USUAL), (12, USUAL)):
            sequence = send_hour(producer, sequence, hour, calls)

        def has_ended():
            """the rule fired and is over"""
            return postgres.query("SELECT 1 FROM ringside.alert WHERE rule = 'season' AND ended_at IS NOT NULL")
        house.wait_for(has_ended)
        house.check(sum(item["is_last"] for item in warm_records(path)) == 1 and len(told(daemon)) == 1,
                    f"history is taken once: {warm_records(path)}")
        transitions = postgres.query("SELECT from_state, to_state, at, value, limit_at, baseline FROM ringside.alert_transition "
                                     "ORDER BY run, number, ordinal")
        return int(told(daemon)[0]), transitions
    finally:
        daemon.kill()


def a_rule_fires_on_day_one(path, seed):
    seen = []
    for is_killed in (False, True):
        place = os.path.join(path, str(is_killed))
        os.mkdir(place)
        os.chmod(place, 0o755)
        postgres = house.Postgres(place)
        try:
            history, hours = write_history(place, random.Random(seed))
            config = os.path.join(place, "history.conf")
            with open(config, "w", encoding="utf-8") as out:
                out.write("fcr: {repeat_window: 6h}\n")
            key = os.path.join(place, "key")
            with open(key, "wb") as out:
                out.write(bytes(range(32)))
            os.chmod(key, 0o600)
            house.ringside("replay", "--store", "--config", config, "--set", f"service.pseudonym_key={key}", "--database",
                           postgres.conninfo, history)
            figures, transitions = day_one(place, postgres, is_killed)
            house.check(figures >= hours, f"{figures} figures of {hours} hours with calls")
            seen.append(transitions)
        finally:
            postgres.remove()
    fired = [row for row in seen[0] if row["to_state"] == "firing"]
    house.check(len(fired) == 1 and fired[0]["value"] == 3 * USUAL and abs(fired[0]["baseline"] - USUAL) <= 2, f"fired: {seen[0]}")
    house.check(fired[0]["at"].timestamp() == MONDAY + 11 * HOUR and USUAL < fired[0]["limit_at"] < 3 * USUAL, f"fired: {fired}")
    house.check(seen[0] == seen[1], f"a crash changed what became of it: {seen}")


def a_rule_that_a_reload_adds_has_history_too(path):
    postgres = house.Postgres(path)
    daemon = house.Daemon(path, postgres.conninfo, clock="events", extra=RULES)
    try:
        producer = Producer(daemon.events)
        producer.send(event(1, "source.heartbeat", at=MONDAY + 8 * HOUR))
        sequence = send_hour(producer, 2, 8, 5)
        house.wait_for(lambda: len(told(daemon)) == 1)
        daemon.write_config("events", postgres.conninfo, RULES + '    level: {detector: laney, metric: abandoned_rate, window: 30m, key: '
                                                         '"*", compare: above, severity: warning}\n')
        daemon.process.send_signal(signal.SIGHUP)
        house.wait_for(lambda: len(told(daemon)) == 2)
        house.check("rule=level" in daemon.output(), "which rule")
        send_hour(producer, sequence, 9, 5)
        house.check(len(told(daemon)) == 2, "the rule that was there is told again")
    finally:
        daemon.kill()
        postgres.remove()


def a_database_that_is_not_there_keeps_nobody_waiting(path):
    """The rule works on what it learns itself; when the database comes, history is taken."""
    postgres = house.Postgres(path)
    postgres.stop()
    daemon = house.Daemon(path, postgres.conninfo, clock="events", extra=RULES)
    try:
        producer = Producer(daemon.events)
        producer.send(event(1, "source.heartbeat", at=MONDAY + 8 * HOUR))
        send_hour(producer, 2, 8, 5)
        house.check(not told(daemon), "history without a database")
        postgres.start()
        house.wait_for(lambda: told(daemon))
        house.check(told(daemon) == ["0"], f"history of an empty database: {told(daemon)}")
    finally:
        daemon.kill()
        postgres.remove()


def main():
    seed = house.seed()
    for test, arguments in ((a_rule_fires_on_day_one, [seed]), (a_rule_that_a_reload_adds_has_history_too, []),
                            (a_database_that_is_not_there_keeps_nobody_waiting, [])):
        began = time.monotonic()
        with house.folder() as path:
            test(path, *arguments)
        print(f"{test.__name__}: ok, {time.monotonic() - began:.1f} s")


main()
print(f"warm_test: {house.checks} checks")
