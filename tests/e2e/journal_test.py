"""An acknowledged event is on disk: daemons that are killed, whose files are damaged, whose disk fails."""
import contextlib
import datetime
import glob
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import psycopg2
import zmq

import house
from failing_disk import ALWAYS, FailingDisk
from history import History
from producing import Producer, context

JOURNAL = "journal: {segment_bytes: 1MiB, max_bytes: 256MiB, snapshot_every: 1s}\n"
KILLS = int(os.environ.get("RS_KILLS", "8"))
tests = []


def test(function):
    tests.append(function)
    return function


@contextlib.contextmanager
def running(path, database=None, extra=JOURNAL, **options):
    daemon = house.Daemon(path, database, extra=extra, **options)
    try:
        yield daemon
    finally:
        daemon.kill()


def start_again(daemon):
    os.rename(daemon.log, daemon.log + f".{time.time_ns()}")
    daemon.start()


def kill(daemon):
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()


def journal_of(daemon):
    return os.path.join(daemon.path, "state", "journal")


def verify(daemon):
    result = house.ringside("journal", "verify", "--folder", journal_of(daemon), check_status=False)
    return result.returncode, result.stdout


def dump(daemon):
    out = house.ringside("journal", "dump", "--folder", journal_of(daemon)).stdout
    return [json.loads(line) for line in out.splitlines()]


def said_state(daemon, at):
    """(position, hash) of the line that says with which state the daemon began or ended."""
    found = re.search(rf"state at={at} position=(\d+) hash=([0-9a-f]+)", daemon.output())
    return found and (int(found.group(1)), found.group(2))


# --- crashes ---------------------------------------------------------------------------------------------------------
MIXED = """
rows: {attributions: [event, enter]}
service_level: {policies: [short_excluded, abandon_within_hit], first_reply: 10m, resolution: 2h}
queues: {sales: {threshold: 30s}}
fcr: {repeat_window: 6h}
""" + JOURNAL


@test
def killed_at_random_moments_under_load_the_rows_are_those_of_an_undisturbed_run(path):
    seed = house.seed()
    chance = random.Random(seed)
    events = os.path.join(path, "day.ndjson")
    History(seed).write(events)
    postgres = house.Postgres(path)
    try:
        with running(path, postgres.conninfo, extra=MIXED) as daemon:
            sender = subprocess.Popen([os.path.join(house.BUILD, "ringside"), "send", "--to", daemon.events, "--speed",
                                       os.environ.get("RS_PACE", str(86400 / (max(KILLS, 1) * 1.3))),
                                       "--timeout", "60", events], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for _ in range(KILLS):
                time.sleep(chance.uniform(0.1, 1.5))
                kill(daemon)
                start_again(daemon)
            out, _ = sender.communicate(timeout=400)
            house.check(sender.returncode == 0, out)
            house.wait_until_stored(postgres, daemon)
            applied = postgres.query("SELECT sum(received)::bigint AS received, sum(applied + late_applied)::bigint AS applied "
                                     "FROM ringside.source_accounting")[0]
            status, _ = daemon.stop()
            house.check(status == 0, daemon.output())
            sent = int(re.search(r"sent (\d+), acknowledged (\d+)", out).group(2))
            house.check(applied["received"] >= sent, f"{applied} of {sent}")
            rows = 0
            for attribution in ("event", "enter"):
                for by in ("queue", "channel", "total", "agent"):
                    rows += house.compare_rows(postgres, by, attribution, [events], "--config", daemon.config)
            house.check(verify(daemon)[0] == 0, verify(daemon)[1])
            print(f"  {KILLS} kills, {sent} events, {rows} rows equal")
    finally:
        postgres.remove()


@test
def what_was_acknowledged_is_there_after_a_kill_each_once_and_the_session_goes_on(path):
    chance = random.Random(os.environ.get("RS_SEED", "7"))
    with running(path, clock="wall") as daemon:
        producer = Producer(daemon)
        for _ in range(6):
            deadline = time.monotonic() + chance.uniform(0.2, 0.8)
            while time.monotonic() < deadline:
                producer.send(chance.randrange(1, 40))
                producer.take(0.002)
            kill(daemon)
            producer.take(0.1)
            acknowledged = producer.acknowledged
            producer.close()
            numbers = [record["batch_number"] for record in dump(daemon) if record["kind"] == "event"]
            house.check(len(numbers) == len(set(numbers)), "an event is there twice")
            house.check(set(range(1, acknowledged + 1)) <= set(numbers), f"acknowledged up to {acknowledged}, and not all are there")
            start_again(daemon)
            producer.connect()
            house.check(producer.mark >= acknowledged, f"WELCOME {producer.mark} after ACK {acknowledged}")
            house.check(numbers == list(range(1, producer.mark + 1)), "the mark is not the end of what is there")
            producer.acknowledged = producer.mark
            producer.next = producer.mark + 5
            producer.send(1)
            producer.take(house.PATIENCE)
            house.check(producer.errors.pop() == "gap", "a hole was taken")
            producer.next = producer.mark + 1
        producer.send(10)
        producer.wait_acknowledged(producer.next - 1)
        producer.close()


@test
def a_clean_end_and_a_start_have_the_same_state_with_and_without_snapshots(path):
    with running(path) as daemon:
        house.ringside("send", "--to", daemon.events, house.FIXTURE)
        house.wait_for(lambda: glob.glob(journal_of(daemon) + "/snapshot-*.rss"))
        daemon.stop()
        end = said_state(daemon, "end")
        start_again(daemon)
        house.check(said_state(daemon, "start") == end, f"{end} and then {said_state(daemon, 'start')}")
        kill(daemon)
        # All of it from the journal's first record.
        for snapshot in glob.glob(journal_of(daemon) + "/snapshot-*"):
            os.unlink(snapshot)
        start_again(daemon)
        position, from_records = said_state(daemon, "start")
        house.check("snapshot=0 " in daemon.output(), daemon.output())
        house.wait_for(lambda: daemon.said(" INFO snapshot "))
        house.wait_for(lambda: glob.glob(journal_of(daemon) + "/snapshot-*.rss"))
        kill(daemon)
        start_again(daemon)
        daemon.stop()
        end = said_state(daemon, "end")
        start_again(daemon)
        house.check(said_state(daemon, "start") == end, "other state")
        daemon.stop()
        house.check(verify(daemon)[0] == 0, verify(daemon)[1])


RULES = """
service_level: {threshold: 20s}
alerts: {rules: {backlog: {metric: waiting, by: queue, compare: above, limit: 2, severity: critical}}}
""" + JOURNAL


@test
def a_start_that_had_much_to_read_spares_the_next_one_of_it(path):
    """However soon that comes: a daemon that is killed again and again does not take longer each time."""
    calls = os.path.join(path, "calls.ndjson")
    with open(calls, "w") as file:
        for number in range(110000):
            file.write(json.dumps({"source": "pbx", "type": "contact.queued", "occurred_at": 1772409600000000 + 1000 * number,
                                   "event_id": f"{number}", "contact_id": f"c{number}", "queue": f"q{number % 7}"}) + "\n")
    with running(path, extra="journal: {snapshot_every: 1h}\n") as daemon:
        house.ringside("send", "--to", daemon.events, "--speed", "max", "--config", daemon.config, calls)
        starts = []
        for _ in range(2):
            kill(daemon)
            start_again(daemon)
            said = re.search(r"state at=start position=(\d+) .* snapshot=(\d+) records=(\d+)", daemon.output())
            starts.append([int(number) for number in said.groups()])
        (position, _, first_records), (_, snapshot, second_records) = starts
        house.check(first_records > 100000 and second_records < 1000 and snapshot >= position > 110000, f"{starts}")


@test
def windows_and_open_alerts_are_the_same_after_a_kill(path):
    with running(path, clock="wall", extra=RULES) as daemon:
        producer = Producer(daemon)
        producer.send(8)
        producer.send(3, "contact.answered", 8)
        producer.wait_acknowledged(11)

        def firing():
            out = house.ringside("alerts", "--from", daemon.feed, "--snapshots", daemon.snapshots, "--output", "ndjson").stdout
            return [(one["episode"], one["rule"], one["state"], one["started_at"]) for one in map(json.loads, out.splitlines())]

        def windows():
            """What the feed tells of queue support."""
            return state_of(daemon, "queue/support")
        before = house.wait_for(firing)
        figures = windows()
        house.check(figures["waiting"] == 5 and figures["windows"]["1h"]["answered"] == 3, str(figures))
        kill(daemon)
        start_again(daemon)
        house.check(firing() == before, f"{before} and then {firing()}")
        again = windows()
        for name in ("waiting", "oldest_queued_at", "windows"):
            house.check(again[name] == figures[name], f"{name}: {figures[name]} and then {again[name]}")
        producer.close()


def state_of(daemon, key):
    """The window message of a key, from the snapshot socket."""
    asker = context.socket(zmq.DEALER)
    asker.setsockopt(zmq.LINGER, 0)
    asker.connect(daemon.snapshots)
    asker.send_multipart([b"RS1", b"SNAPSHOT", f"window/default/{key}".encode()])
    found = None
    while asker.poll(house.PATIENCE * 1000):
        frames = asker.recv_multipart()
        if frames[1] == b"SNAPSHOT_END":
            break
        for body in map(json.loads, frames[5::3]):
            if "windows" in body:
                found = body
    asker.close()
    return found


@test
def what_a_database_forgot_is_made_again_from_the_journal(path):
    """It is put back to a copy of before, while the daemon runs, and while it is down."""
    seed = house.seed()
    events = os.path.join(path, "day.ndjson")
    History(seed).write(events)
    with open(events) as file:
        lines = file.readlines()
    parts = []
    for number in range(3):
        parts.append(os.path.join(path, f"part{number}.ndjson"))
        with open(parts[-1], "w") as file:
            file.writelines(lines[len(lines) * number // 3:len(lines) * (number + 1) // 3])
    postgres = house.Postgres(path)
    copy = os.path.join(path, "copy")
    try:
        with running(path, postgres.conninfo, extra=MIXED) as daemon:
            def send(part):
                house.ringside("send", "--to", daemon.events, "--source", f"sender-{part}", parts[part])
                house.wait_until_stored(postgres, daemon)
            send(0)
            time.sleep(1.2)   # so that there is a snapshot of before the copy
            postgres.stop("fast")
            subprocess.run(["cp", "-a", postgres.path, copy], check=True)
            postgres.start()
            send(1)
            put_back(postgres, copy)
            house.wait_for(lambda: daemon.said("what it lacked up to position"), seconds=90)
            send(2)
            kill(daemon)
            put_back(postgres, copy)
            start_again(daemon)
            house.wait_for(lambda: daemon.said("what it lacked up to position"), seconds=90)
            house.wait_until_stored(postgres, daemon)
            status, _ = daemon.stop()
            house.check(status == 0, daemon.output())
            house.check("stays without it" not in daemon.output() and "missing=0" in daemon.output(), daemon.output())
            rows = 0
            for attribution in ("event", "enter"):
                for by in ("queue", "channel", "total", "agent"):
                    rows += house.compare_rows(postgres, by, attribution, [events], "--config", daemon.config)
            print(f"  {rows} rows equal")
    finally:
        postgres.remove()


def put_back(postgres, copy):
    postgres.stop("fast")
    shutil.rmtree(postgres.path)
    subprocess.run(["cp", "-a", copy, postgres.path], check=True)
    postgres.start()


# --- damage ------------------------------------------------------------------------------------------------------------
def record_places(path):
    """{number: place} of the records of a segment, by their heads."""
    with open(path, "rb") as file:
        content = file.read()
    places, at = {}, 8192
    while content[at:at + 4] == b"RSJ1":
        if content[at + 24:at + 26] != b"\xff\xff":   # a mark is no record
            places[int.from_bytes(content[at + 8:at + 16], "little")] = at
        at += (40 + int.from_bytes(content[at + 4:at + 8], "little") + 7) // 8 * 8
    return places


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x10]))


NO_SNAPSHOTS = "journal: {segment_bytes: 1MiB, max_bytes: 64MiB, snapshot_every: 1d}\n"


@test
def a_flipped_bit_is_reported_with_its_number_and_the_rest_is_used(path):
    with running(path, extra=NO_SNAPSHOTS) as daemon:
        house.ringside("send", "--to", daemon.events, house.FIXTURE)
        daemon.stop()
        segment = sorted(glob.glob(journal_of(daemon) + "/journal-*.seg"))[0]
        places = record_places(segment)
        last = max(places)
        flip(segment, places[1000] + 45)
        status, out = verify(daemon)
        house.check(status == 1 and "lost 1000..1000 (1 records)" in out and out.endswith("damaged\n"), out)
        start_again(daemon)
        output = daemon.output()
        house.check("records of the journal are lost lost=1 ranges=1" in output and "lost first=1000 last=1000" in output, output)
        house.check(said_state(daemon, "start")[0] >= last, output)
        # It is told once: a snapshot without it was made.
        daemon.stop()
        start_again(daemon)
        house.check("are lost" not in daemon.output(), daemon.output())
        daemon.stop()


@test
def of_a_damaged_snapshot_the_one_before_it_is_used_and_the_state_is_the_same(path):
    with running(path) as daemon:
        house.ringside("send", "--to", daemon.events, house.FIXTURE)
        house.wait_for(lambda: len(glob.glob(journal_of(daemon) + "/snapshot-*.rss")) >= 2)
        daemon.stop()
        end = said_state(daemon, "end")
        snapshots = sorted(glob.glob(journal_of(daemon) + "/snapshot-*.rss"))
        for number, snapshot in enumerate(reversed(snapshots[-2:]), 1):
            flip(snapshot, os.path.getsize(snapshot) // 2)
            house.check(verify(daemon)[0] == 1, "verify does not see it")
            copy = os.path.join(path, f"copy{number}")
            shutil.copytree(os.path.join(path, "state"), copy)
            start_again(daemon)
            output = daemon.output()
            house.check(f"snapshots are damaged; the one before them is used damaged={number}" in output, output)
            house.check(said_state(daemon, "start") == end, "another state")
            kill(daemon)
            shutil.rmtree(os.path.join(path, "state"))
            shutil.move(copy, os.path.join(path, "state"))


def crc32c(content):
    crc = 0xffffffff
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc


def refusal(daemon):
    """The one line that a daemon that cannot start leaves with."""
    result = subprocess.run([os.path.join(house.BUILD, "ringsided"), "--config", daemon.config],
                            capture_output=True, text=True, timeout=house.PATIENCE,
                            env=daemon.environment)
    house.check(result.returncode == 1, f"{result.returncode}: {result.stderr}")
    lines = [line for line in result.stderr.splitlines() if "cannot start" in line]
    house.check(len(lines) == 1, result.stderr)
    return lines[0]


@test
def what_cannot_be_gone_on_from_is_one_clear_line(path):
    with running(path, extra=NO_SNAPSHOTS) as daemon:
        second = refusal(daemon)
        house.check("another ringsided uses it" in second, second)
        house.ringside("send", "--to", daemon.events, house.FIXTURE)
        daemon.stop()
        start_again(daemon)
        house.ringside("send", "--to", daemon.events, house.FIXTURE)   # something to begin the next file with
        daemon.stop()
        segments = sorted(glob.glob(journal_of(daemon) + "/journal-*.seg"))
        house.check(len(segments) == 2, str(segments))
        # A newer program's.
        with open(segments[-1], "r+b") as file:
            header = bytearray(file.read(60))
            header[8] += 1
            header[56:60] = crc32c(header[:56]).to_bytes(4, "little")
            file.seek(0)
            file.write(header)
        line = refusal(daemon)
        house.check("it is of a newer ringside" in line and daemon.path in line, line)
        result = house.ringside("journal", "stat", "--folder", journal_of(daemon), check_status=False)
        house.check(result.returncode == 1 and "of a newer ringside" in result.stderr, result.stderr)
        # The beginning is gone, and no snapshot is there.
        os.unlink(segments[-1])
        os.unlink(segments[0])
        with open(segments[0], "wb") as file:
            file.write(b"RSJOURN1 and nothing else")
        line = refusal_or_start(daemon)
        house.check(line is None, str(line))
        # Another journal's snapshot.
        daemon.kill()


@test
def how_long_the_space_will_do_is_not_guessed_from_a_file_that_was_just_begun(path):
    """A daemon of a minute's age, with nearly all of its room left, does not say that it will do for 0.0 hours."""
    def stat(daemon):
        lines = house.ringside("journal", "stat", "--config", daemon.config).stdout.splitlines()
        return dict(line.split(" = ") for line in lines)
    with running(path, extra=NO_SNAPSHOTS) as daemon:
        told = stat(daemon)
        house.check(told["hours_left"] == "(not known yet)" and int(told["bytes_left"]) > 0, f"{told}")
        house.ringside("send", "--to", daemon.events, house.FIXTURE)
        daemon.stop()
        start_again(daemon)                                            # goes on in another file
        house.ringside("send", "--to", daemon.events, house.FIXTURE)
        told = house.wait_for(lambda: next((found for found in [stat(daemon)] if int(found["segments"]) > 1), None))
        house.check(float(told["hours_left"]) >= 0, f"{told}")
        daemon.stop()


def refusal_or_start(daemon):
    """None when it starts (and is stopped), else the line."""
    os.rename(daemon.log, daemon.log + f".{time.time_ns()}")
    try:
        daemon.start()
    except AssertionError:
        return daemon.output()
    daemon.stop()
    return None


@test
def a_journal_without_its_beginning_is_refused_and_can_be_begun_anew(path):
    with running(path) as daemon:
        house.ringside("send", "--to", daemon.events, house.FIXTURE)
        house.wait_for(lambda: len(glob.glob(journal_of(daemon) + "/snapshot-*.rss")) >= 2)
        daemon.stop()
        start_again(daemon)
        time.sleep(0.5)
        daemon.stop()
        for file in glob.glob(journal_of(daemon) + "/snapshot-*") + sorted(glob.glob(journal_of(daemon) + "/journal-*"))[:1]:
            os.unlink(file)
        line = refusal(daemon)
        house.check("the journal's beginning is missing" in line and "begin anew by moving the folder away" in line, line)
        os.rename(journal_of(daemon), journal_of(daemon) + ".old")
        start_again(daemon)
        daemon.stop()


@test
def a_folder_on_a_file_system_that_keeps_no_promise_is_refused_unless_it_is_wanted(path):
    memory = f"/dev/shm/rs-e2e-{os.getpid()}"
    os.mkdir(memory)
    try:
        with running(path) as daemon:
            daemon.stop()
            with open(daemon.config) as file:
                config = file.read()
            for wanted in (False, True):
                with open(daemon.config, "w") as file:
                    file.write(config.replace(JOURNAL, f"journal: {{directory: {memory}, any_file_system: {str(wanted).lower()}}}\n"))
                if not wanted:
                    line = refusal(daemon)
                    house.check("it is on tmpfs, where an acknowledged event can be lost" in line, line)
            start_again(daemon)
            daemon.stop()
    finally:
        shutil.rmtree(memory)


# --- disks that fail -----------------------------------------------------------------------------------------------------
class Subscriber:
    """Collects the daemon's own alert, and counts windows."""

    def __init__(self, daemon):
        self.socket = context.socket(zmq.SUB)
        self.socket.connect(daemon.feed)
        self.socket.subscribe(b"alert/")
        self.socket.subscribe(b"window/")
        self.states, self.windows = [], 0

    def take(self, seconds=0.1):
        while self.socket.poll(seconds * 1000):
            topic, _, body = self.socket.recv_multipart()
            if topic.startswith(b"window/"):
                self.windows += 1
            else:
                alert = json.loads(body)
                self.states.append((alert["rule"], alert["state"]))
            seconds = 0

    def close(self):
        self.socket.close()


def fails_and_resumes(path, fault, number, error, before=None):
    """Under a disk that fails nothing is acknowledged, producers are told, the feed goes on; without a restart it resumes."""
    disk = FailingDisk(path, "state/journal")
    with running(path, clock="wall", environment=disk.environment) as daemon:
        producer, subscriber = Producer(daemon), Subscriber(daemon)
        producer.send(50)
        producer.wait_acknowledged(50)
        disk.set(fault, number)
        if before is not None:
            before(producer)
        producer.send(10)
        house.wait_for(lambda: (producer.take(0.05), producer.send(1), "unavailable" in producer.errors)[-1])
        house.check(daemon.said("the journal cannot be written") and daemon.said(error), daemon.output())
        acknowledged = producer.acknowledged
        house.wait_for(lambda: (subscriber.take(), ("ringside.journal", "firing") in subscriber.states)[-1])
        def goes_on(windows=subscriber.windows):
            """the feed goes on: a window came"""
            subscriber.take()
            return subscriber.windows > windows + 1
        house.wait_for(goes_on)
        producer.take()
        house.check(producer.acknowledged == acknowledged, "acknowledged without a disk")
        disk.clear()
        house.wait_for(lambda: (subscriber.take(), ("ringside.journal", "resolved") in subscriber.states)[-1])
        producer.next = producer.hello() + 1
        house.check(producer.mark >= acknowledged, f"{producer.mark}")
        producer.send(30)
        producer.wait_acknowledged(producer.next - 1)
        house.check(daemon.said("the journal can be written again"), daemon.output())
        kill(daemon)
        numbers = [record["batch_number"] for record in dump(daemon) if record["kind"] == "event"]
        house.check(numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= producer.acknowledged, "the ledger does not balance")
        house.check(verify(daemon)[0] == 0, verify(daemon)[1])
        producer.close()
        subscriber.close()


@test
def a_sync_that_fails_once_costs_a_file_and_no_event(path):
    disk = FailingDisk(path, "state/journal")
    with running(path, clock="wall", environment=disk.environment) as daemon:
        producer = Producer(daemon)
        producer.send(50)
        producer.wait_acknowledged(50)
        disk.set("sync_errors", 1)
        for _ in range(10):
            producer.send(5)
            producer.wait_acknowledged(producer.next - 1)
        house.wait_for(lambda: daemon.said("one that may be hurt is given up"))
        house.check("unavailable" not in producer.errors and not daemon.said("cannot be written"), daemon.output())
        kill(daemon)
        numbers = [record["batch_number"] for record in dump(daemon) if record["kind"] == "event"]
        house.check(numbers == list(range(1, 101)), "the ledger does not balance")
        producer.close()


@test
def syncs_that_keep_failing_stop_acknowledging_and_nothing_else(path):
    fails_and_resumes(path, "sync_errors", ALWAYS, "Input/output error")


@test
def a_disk_that_is_remounted_read_only_is_the_same(path):
    fails_and_resumes(path, "is_read_only", 1, "Read-only file system")


@test
def a_full_disk_is_the_same_and_nothing_is_torn(path):
    def fill(producer):
        """What was made ahead is used up."""
        for _ in range(400):
            producer.send(100)
            producer.take(0.01)
            if "unavailable" in producer.errors:
                return
    fails_and_resumes(path, "is_full", 1, "No space left on device", fill)


@test
def a_slow_disk_delays_acknowledgements_and_not_the_live_figures(path):
    disk = FailingDisk(path, "state/journal")
    with running(path, clock="wall", environment=disk.environment) as daemon:
        producer, subscriber = Producer(daemon), Subscriber(daemon)
        producer.send(5)
        producer.wait_acknowledged(5)
        disk.set("sync_delay_ms", 6000)
        time.sleep(0.2)
        subscriber.take(0)
        windows, began = subscriber.windows, time.monotonic()
        producer.send(5)
        house.wait_for(lambda: (subscriber.take(0.05), subscriber.windows > windows)[-1])
        producer.take()
        house.check(producer.acknowledged == 5, "live figures wait for the disk, or what is not on it is acknowledged")
        producer.wait_acknowledged(10)
        house.check(time.monotonic() - began >= 5.0, "acknowledged before the sync")
        house.check(producer.errors == [] and not daemon.said("cannot be written"), daemon.output())
        disk.clear()
        producer.close()
        subscriber.close()


def time_of(daemon, words):
    line = next(line for line in daemon.output().splitlines() if words in line)
    return datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00")).timestamp()


@test
def a_slow_disk_takes_its_time_from_what_the_database_is_given_at_the_end(path):
    disk = FailingDisk(path, "state/journal")
    postgres = house.Postgres(path)
    try:
        with running(path, postgres.conninfo, environment=disk.environment) as daemon:
            house.wait_for(lambda: daemon.said("connected"))
            producer = Producer(daemon)
            locked = psycopg2.connect(postgres.conninfo)
            locked.cursor().execute("LOCK TABLE ringside.mark")
            disk.set("sync_delay_ms", 1500)
            producer.send(50)
            house.wait_for(lambda: disk.done("syncs") > 0)
            status, _ = daemon.stop(30)
            house.check(status == 0 and daemon.said("stopped before everything was in the database"), daemon.output())
            took = time_of(daemon, "stopped before everything was in the database") - time_of(daemon, "NOTICE stopping")
            house.check(took < 5, f"{took:.1f} s until the database was given up")
            producer.close()
            locked.close()
    finally:
        postgres.remove()


@test
def a_disk_that_is_read_only_or_full_at_the_start_is_one_clear_line(path):
    disk = FailingDisk(path, "state/journal")
    with running(path, environment=disk.environment) as daemon:
        house.ringside("send", "--to", daemon.events, house.FIXTURE)
        kill(daemon)
        for fault, number, said in (("is_read_only", 1, "Read-only file system"), ("sync_errors", ALWAYS, "Input/output error")):
            disk.set(fault, number)
            line = refusal(daemon)
            house.check(said in line and "journal" in line, line)
            disk.clear()
        start_again(daemon)
        daemon.stop()


def main():
    failed = 0
    wanted = sys.argv[2:]
    for one in tests:
        if wanted and not any(name in one.__name__ for name in wanted):
            continue
        began = time.monotonic()
        try:
            with house.folder() as path:
                one(path)
            print(f"ok {one.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception as error:   # pylint: disable=broad-except
            failed += 1
            print(f"FAILED {one.__name__}: {error!r}"[:3000], flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed ({house.checks} checks)")
    return 1 if failed else 0


sys.exit(main())
