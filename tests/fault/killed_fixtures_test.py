"""The recorded days (Asterisk's 15 minutes; the bank's surge day, the bank's week and Charlotte's, where they are at hand) through a daemon
that is killed at 20 random points: what PostgreSQL holds then is, byte for byte, what it holds after an undisturbed run.

    killed_fixtures_test.py BUILD [NAME…]      RS_KILLS: how often each is killed; RS_SEED"""
import csv
import glob
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
import house                    # noqa: E402
import replay_charlotte_test    # noqa: E402

KILLS = int(os.environ.get("RS_KILLS", "20"))
PACE_S = 0.7          # between kills, in the mean
JOURNAL = "journal: {segment_bytes: 1MiB, max_bytes: 256MiB, snapshot_every: 1s}\n"
ATTRIBUTIONS = "rows: {attributions: [event, enter, close]}\n"
ASTERISK = """
asterisk: {member_delay: {billing: 1s}}
queues: {vip: {threshold: 10s}}
agents: {Alice Adams: {team: north}, Bob Baker: {team: south}}
"""
RULES = ("alerts: {rules: {somebody_waits: {metric: waiting, compare: above, limit: 1, clear: 0, for: 0s, clear_for: 0s, "
         "severity: warning}}}\n")
# Which version of a row it is, and whether it may still be corrected, are left out of every comparison of rows; nothing else is.
VIEWS = [f"{by}_interval" for by in house.DIMENSIONS] + ["process_edge"]


def content(postgres):
    """What users read, as one text."""
    texts = []
    for view in VIEWS:
        rows = postgres.query(f"SELECT (to_jsonb(v) - 'revision' - 'final')::text AS row FROM ringside.{view} v ORDER BY 1")
        texts.append(f"{view}: {len(rows)}\n" + "\n".join(row["row"] for row in rows))
    alerts = postgres.query("SELECT rule, tenant, family, key, channel, at::text AS at, from_state, to_state, value "
                            "FROM ringside.alert_transition ORDER BY at, rule, family, key, channel, ordinal")
    return "\n".join(texts + [json.dumps(alert, sort_keys=True) for alert in alerts])


def settled(postgres, daemon, sent):
    def has_all():
        """what was sent is accounted for in the database"""
        made = postgres.query("SELECT to_regclass('ringside.source_accounting') IS NOT NULL AS made")[0]["made"]
        return made and postgres.query("SELECT coalesce(sum(received), 0)::bigint AS n FROM ringside.source_accounting")[0]["n"] >= sent
    house.wait_for(has_all, seconds=180)
    house.wait_until_stored(postgres, daemon, quiet_s=2.0)
    status, _ = daemon.stop()
    house.check(status == 0, daemon.output())
    counted = postgres.query("SELECT * FROM ringside.source_accounting ORDER BY source")
    return content(postgres), [(row["source"], row["applied"] + row["late_applied"], row["missing"]) for row in counted]


def run(file, extra, kills, chance):
    """(content, accounting) after the file went through a daemon that was killed so often."""
    with house.folder() as path:
        postgres = house.Postgres(path)
        daemon = None
        try:
            daemon = house.Daemon(path, postgres.conninfo, extra=ATTRIBUTIONS + JOURNAL + RULES + extra)
            speed = "max" if kills == 0 else str(span_of(file) / (kills * PACE_S))
            sender = subprocess.Popen([os.path.join(house.BUILD, "ringside"), "send", "--to", daemon.events, "--speed", speed,
                                       "--timeout", "120",
                                       "--config", daemon.config, file], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for _ in range(kills):
                time.sleep(chance.uniform(0.1, 2 * PACE_S - 0.1))
                daemon.process.send_signal(signal.SIGKILL)
                daemon.process.wait()
                os.rename(daemon.log, daemon.log + f".{time.time_ns()}")
                daemon.start()
            out, _ = sender.communicate(timeout=400)
            house.check(sender.returncode == 0, out)
            sent = re.search(r"sent (\d+), acknowledged (\d+)", out)
            house.check(sent and sent.group(1) == sent.group(2), out)
            return settled(postgres, daemon, int(sent.group(1)))
        finally:
            if daemon is not None:
                daemon.kill()
            postgres.remove()


def span_of(file):
    """Seconds from the first event to the last."""
    rows = house.replay("--interval", "15m", "--by", "total", file)
    starts = sorted(time.mktime(time.strptime(row["interval_start"], "%Y-%m-%dT%H:%M:%SZ")) for row in rows)
    return starts[-1] - starts[0] + 900


def files(place):
    """{name: (file, configuration)}"""
    found = {"asterisk": (house.FIXTURE, ASTERISK)}
    for file in sorted(glob.glob(os.path.join(house.SHARED, "fixtures", "bank", "*.ndjson.gz"))):
        found[f"bank_{os.path.basename(file).split('_')[0]}"] = (file, "")   # surge and week
    report = pathlib.Path(house.SHARED) / "fixtures/charlotte/half-hours_2000-06-13.csv"
    if report.exists():
        charlotte = pathlib.Path(place) / "charlotte.ndjson"
        with report.open(encoding="utf-8") as text:
            _, *halves = csv.DictReader(text)
        replay_charlotte_test.write(charlotte, replay_charlotte_test.calls(halves))
        found["charlotte"] = (str(charlotte), "")
    return found


def main():
    seed = int(os.environ.get("RS_SEED", time.time_ns() % 1000000))
    print(f"seed: RS_SEED={seed}", flush=True)
    wanted = sys.argv[2:]
    with house.folder() as place:
        for name, (file, extra) in files(place).items():
            if wanted and name not in wanted:
                continue
            undisturbed, counted = run(file, extra, 0, None)
            killed, counted_killed = run(file, extra, KILLS, random.Random(f"{seed}-{name}"))
            house.check(counted == counted_killed, f"{name}: {counted} and, killed, {counted_killed}")
            if undisturbed != killed:
                lines, others = set(undisturbed.splitlines()), set(killed.splitlines())
                raise AssertionError(f"{name}: only undisturbed:\n{sorted(lines - others)[-2:]}\nonly killed:\n"
                                     f"{sorted(others - lines)[-2:]}")
            house.check(len(undisturbed) > 1000, f"{name}: hardly anything is stored")
            print(f"ok {name}: {KILLS} kills, {sum(one[1] for one in counted)} events, {len(undisturbed)} bytes are the same", flush=True)
    print(f"{house.checks} checks")


sys.exit(main())
