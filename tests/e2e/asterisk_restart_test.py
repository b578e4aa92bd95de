"""A queue_log goes on being written and rotated while the daemon that follows it is killed, is away, and comes back: the rows are those of
the whole log read once, and no event came twice."""
import json
import os
import random
import re
import signal
import sys
import threading
import time

import house

CONFIG = """
asterisk: {{queue_log: "{log}", from_start: {from_start}, poll: 20ms, member_delay: {{billing: 1s}}}}
queues: {{vip: {{threshold: 10s}}}}
journal: {{segment_bytes: 1MiB, max_bytes: 64MiB, snapshot_every: 1s}}
"""
KILLS = int(os.environ.get("RS_KILLS", "8"))
ROTATIONS = int(os.environ.get("RS_ROTATIONS", "6"))


class Asterisk(threading.Thread):
    """Writes the lines in pieces that end anywhere; at some line feeds the log is renamed away and a new one begun."""

    def __init__(self, log, lines, rotations, chance, seconds):
        super().__init__(daemon=True)
        self.log, self.lines, self.chance = log, lines, chance
        self.rotate_at = set(chance.sample(range(1, len(lines)), rotations))
        self.pause = seconds / len(lines)
        self.rotated = 0

    def run(self):
        file = open(self.log, "ab", buffering=0)
        for number, line in enumerate(self.lines):
            if number in self.rotate_at:
                self.rotated += 1
                os.rename(self.log, f"{self.log}.{self.rotated}")
                if self.chance.random() < 0.5:   # Asterisk opens the new one a little later
                    time.sleep(0.05)
                file.close()
                file = open(self.log, "ab", buffering=0)
            cut = self.chance.randrange(len(line))
            file.write(line[:cut])
            if self.chance.random() < 0.1:
                time.sleep(0.01)
            file.write(line[cut:])
            time.sleep(self.pause)
        file.close()


def kill(daemon):
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()


def start_again(daemon):
    os.rename(daemon.log, daemon.log + f".{time.time_ns()}")
    daemon.start()


def accounting(postgres):
    rows = postgres.query("SELECT * FROM ringside.source_accounting WHERE source = 'asterisk'")
    return rows[0] if rows else None


def killed_while_it_is_written_and_rotated(path, chance):
    with open(house.FIXTURE, "rb") as file:
        lines = file.readlines()
    expected = int(re.search(r"received (\d+) ", house.ringside("replay", "--interval", "all", "--set", "asterisk.member_delay.billing=1s",
                                                             house.FIXTURE).stderr).group(1))
    log = os.path.join(path, "queue_log")
    postgres = house.Postgres(path)
    daemon = None
    try:
        asterisk = Asterisk(log, lines, ROTATIONS, chance, KILLS * 1.5)
        daemon = house.Daemon(path, postgres.conninfo, extra=CONFIG.format(log=log, from_start="true"))
        asterisk.start()
        for number in range(KILLS):
            time.sleep(chance.uniform(0.1, 1.2))
            kill(daemon)
            if number % 3 == 0:
                time.sleep(chance.uniform(0.5, 2.0))   # away for longer: several rotations may pass
            start_again(daemon)
        asterisk.join(60)
        house.wait_for(lambda: (accounting(postgres) or {"received": 0})["received"] >= expected)
        house.wait_until_stored(postgres, daemon)
        counted = accounting(postgres)
        house.check(counted["received"] == expected and counted["applied"] + counted["late_applied"] == expected,
                    f"{expected} events, and the daemon counted {counted}")
        house.check(counted["duplicate"] == 0 and counted["invalid"] == 0 and counted["missing"] == 0, str(counted))
        status, _ = daemon.stop()
        house.check(status == 0, daemon.output())
        rows = 0
        for attribution in ("event", "enter"):
            for by in ("queue", "channel", "total", "agent"):   # of whom the time at the end is left out, as in rows_test
                rows += house.compare_rows(postgres, by, attribution, [house.FIXTURE], "--config", daemon.config, leave_out={"agent_time"})
        print(f"  {KILLS} kills, {asterisk.rotated} rotations, {expected} events, {rows} rows equal")
    finally:
        if daemon is not None:
            daemon.kill()
        postgres.remove()


LINES = [f"{1700000000 + n}|c{n}|billing|NONE|ENTERQUEUE||+1212555{n:04d}|1\n" for n in range(1000)]


def write(log, first, last):
    with open(log, "a") as file:
        file.writelines(LINES[first:last])


def contacts(daemon):
    """Of what the core has, in order: from the journal, whose events stand for themselves."""
    out = house.ringside("journal", "dump", "--folder", os.path.join(daemon.path, "state", "journal")).stdout
    return [int(record["event"]["contact_id"].split("-")[-1].lstrip("c")) for record in map(json.loads, out.splitlines())
            if record["kind"] == "event"]


def each_way_to_be_away(path):
    log = os.path.join(path, "queue_log")
    write(log, 0, 10)
    daemon = house.Daemon(path, extra=CONFIG.format(log=log, from_start="false"))
    came = []

    def wait_for(numbers):
        """exactly these came"""
        came.extend(numbers)
        house.wait_for(lambda: len(contacts(daemon)) >= len(came))
        time.sleep(0.1)
        house.check(contacts(daemon) == came, f"{contacts(daemon)[-20:]} came, {came[-20:]} are wanted")

    try:
        house.wait_for(lambda: daemon.said("following the queue_log"))
        write(log, 10, 20)
        wait_for(range(10, 20))   # what was there at the first start is not read
        kill(daemon)
        write(log, 20, 30)
        start_again(daemon)
        wait_for(range(20, 30))   # written while it was away
        kill(daemon)
        write(log, 30, 40)
        os.rename(log, log + ".1")
        write(log, 40, 50)
        start_again(daemon)
        wait_for(range(30, 50))   # rotated once
        daemon.stop()
        for turn in range(3):
            write(log, 50 + 10 * turn, 60 + 10 * turn)
            os.rename(log, log + f"-2026111{turn}")
        start_again(daemon)
        wait_for(range(50, 80))   # rotated three times, and nothing under the name
        write(log, 80, 90)
        wait_for(range(80, 90))   # which comes later
        kill(daemon)
        os.system(f"cp '{log}' '{log}.copy'")
        os.truncate(log, 0)
        write(log, 90, 100)
        start_again(daemon)
        wait_for(range(90, 100))  # copied and truncated
        kill(daemon)
        os.unlink(log)
        os.system(f"rm -f '{log}'.* '{log}'-*")
        write(log, 100, 110)
        start_again(daemon)
        house.check(daemon.said("the queue_log that was read last is gone"), daemon.output())
        wait_for(range(100, 110))
        start = len(came)
        daemon.stop()
        start_again(daemon)
        time.sleep(0.3)
        house.check(len(contacts(daemon)) == start, "came again without news")
        daemon.stop()
    finally:
        daemon.kill()


def a_caller_of_some_files_before(path):
    """Rotated by hand, so that files have a line or two: a caller who came before them is still known after a restart, and it is his second
    visit that he gives up. Files that were begun in one second, and rotated while the daemon was away, come in their order."""
    log = os.path.join(path, "queue_log")
    rotations = 0

    def rotated(*lines):
        nonlocal rotations
        if os.path.exists(log):
            rotations += 1
            os.rename(log, f"{log}.{9 - rotations}")   # the newest has the least number, as of logrotate
        with open(log, "a") as file:
            file.writelines(line + "\n" for line in lines)

    def came():
        out = house.ringside("journal", "dump", "--folder", os.path.join(daemon.path, "state", "journal")).stdout
        events = [record["event"] for record in map(json.loads, out.splitlines()) if record["kind"] == "event"]
        return [(event["type"], event["contact_id"]) for event in events]

    def comes(*events):
        """these came, and no other"""
        def has_all():
            """as many events came as are wanted"""
            return len(came()) >= len(wanted)
        wanted.extend(events)
        house.wait_for(has_all)
        house.check(came() == wanted, f"{came()} came, {wanted} are wanted")

    wanted = []
    rotated("1700000000|c1|sales|NONE|ENTERQUEUE||+12125550001|1")
    daemon = house.Daemon(path, extra=CONFIG.format(log=log, from_start="true"))
    try:
        comes(("contact.queued", "c1"))
        rotated("1700000010|c1|sales|NONE|EXITWITHTIMEOUT|1|1|10", "1700000010|c1|billing|NONE|ENTERQUEUE||+12125550001|1")
        comes(("contact.dequeued", "c1"), ("contact.queued", "c1/2"))
        for n in range(2, 5):
            rotated(f"170000001{n}|c{n}|billing|NONE|ENTERQUEUE||+1212555000{n}|1")
            comes(("contact.queued", f"c{n}"))
        kill(daemon)
        for n in range(5, 7):
            rotated(f"1700000014|c{n}|billing|NONE|ENTERQUEUE||+1212555000{n}|1")
        rotated("1700000015|c1|billing|NONE|ABANDON|1|1|5")
        start_again(daemon)
        comes(("contact.queued", "c5"), ("contact.queued", "c6"), ("contact.abandoned", "c1/2"))
    finally:
        daemon.kill()


def main():
    seed = int(os.environ.get("RS_SEED", time.time_ns() % 1000000))
    print(f"seed: RS_SEED={seed}", flush=True)
    with house.folder() as path:
        each_way_to_be_away(path)
    with house.folder() as path:
        a_caller_of_some_files_before(path)
    with house.folder() as path:
        killed_while_it_is_written_and_rotated(path, random.Random(seed))
    print(f"ok, {house.checks} checks")


sys.exit(main())
