"""The daemon as a service: alerts that fire by time alone, refusals, reload, restart of the database, a second daemon, stopping."""
import datetime
import json
import os
import signal
import socket
import subprocess
import threading
import time

import house
import zmq
from service_support import CONTEXT, Producer, event

RULES = """
alerts:
  rules:
    waiting: {metric: oldest_wait, key: "*", compare: above, limit: 2s, clear: 1s, severity: warning}
"""


class Subscriber:
    """Collects alert transitions in a thread."""

    def __init__(self, endpoint):
        self.transitions, self.stopping = [], False
        self.thread = threading.Thread(target=self.run, args=(endpoint,), daemon=True)
        self.thread.start()

    def run(self, endpoint):
        socket = CONTEXT.socket(zmq.SUB)
        socket.linger = 0
        socket.connect(endpoint)
        socket.subscribe(b"alert/")
        while not self.stopping:
            if socket.poll(50):
                self.transitions.append((time.time(), json.loads(socket.recv_multipart()[2])))
        socket.close()

    def states(self):
        return [body["state"] for _, body in self.transitions]


def a_waiting_caller_fires_without_any_event(path):
    """Wall clock: nothing happens after the caller was queued; the rule fires by time, is published and stored."""
    postgres = house.Postgres(path)
    daemon = house.Daemon(path, postgres.conninfo, clock="wall", extra=RULES)
    try:
        house.wait_for(lambda: daemon.said("connected"))
        subscriber = Subscriber(daemon.feed)
        producer = Producer(daemon.events)
        time.sleep(0.3)
        began = time.time()
        producer.send(event(1, "contact.queued", contact_id="c1", queue="vip"))
        house.wait_for(lambda: "firing" in subscriber.states())
        fired = subscriber.transitions[subscriber.states().index("firing")]
        after_s = datetime.datetime.fromisoformat(fired[1]["at"].replace("Z", "+00:00")).timestamp() - began   # by the daemon's clock
        house.check(fired[0] - began >= 1.9 and 1.9 <= after_s <= 3.0, f"fired after {after_s:.2f} s, not 2")
        house.check(fired[1]["queue"] == "vip" and fired[1]["rule"] == "waiting", f"wrong alert: {fired[1]}")
        producer.send(event(2, "contact.answered", contact_id="c1", agent="a1"))
        house.wait_for(lambda: "resolved" in subscriber.states())
        subscriber.stopping = True
        house.wait_for(lambda: any(row["state"] == "resolved" for row in postgres.query("SELECT * FROM ringside.alert")))
        stored = postgres.query("SELECT * FROM ringside.alert")
        house.check(len(stored) == 1 and stored[0]["rule"] == "waiting" and stored[0]["key"] == "vip", f"stored: {stored}")
    finally:
        daemon.kill()
        postgres.remove()


def refusals_are_named_counted_and_leave_the_rest_working(path):
    postgres = house.Postgres(path)
    daemon = house.Daemon(path, postgres.conninfo)
    try:
        house.wait_for(lambda: daemon.said("connected"))
        producer = Producer(daemon.events)
        secret = "+4420794601234567"
        nacks = producer.send(
            event(1, "contact.queued", contact_id="c1", queue="vip", customer=secret),
            b"{not json " + secret.encode(),
            event(3, "contact.queued", contact_id="c2", customer=secret),
            event(4, "no.such_type", contact_id="c2"),
            event(5, "contact.queued", contact_id="c3", queue="q" * 65),
            event(6, "contact.queued", at=time.time() + 3600, contact_id="c4", queue="vip"),
            {"source": "test", "seq": 7, "occurred_at": "yesterday", "type": "contact.ended", "contact_id": "c1"},
            event(1, "contact.queued", contact_id="again", queue="vip"),
            event(8, "contact.answered", contact_id="c1", agent="a1"), refused=6)
        reasons = {int(nack[0]): (nack[1], nack[2]) for nack in nacks}
        expected = {2: ("malformed", ""), 3: ("missing_field", "queue"), 4: ("unknown_type", "type"), 5: ("too_long", "queue"),
                    6: ("future", ""), 7: ("bad_time", "occurred_at")}
        for number, (reason, field) in expected.items():
            house.check(number in reasons and reasons[number][0] == reason, f"event {number}: {reasons.get(number)}, not {reason}")
            house.check(not field or reasons[number][1] == field, f"event {number}: field {reasons[number][1]!r}, not {field!r}")
        # garbage at both doors, wrong versions: the next producer does not notice
        for frames in ([b"\x00\xff" * 500], [b"RS9", b"HELLO", b"x", b"y", b"json"], [b"RS1"], [b"RS1", b"BATCH", b"-1", b"{}"], [b""] * 8):
            stranger = CONTEXT.socket(zmq.DEALER)
            stranger.linger = 0
            stranger.connect(daemon.events)
            stranger.send_multipart(frames)
            stranger.poll(200)
            stranger.close()
        push = CONTEXT.socket(zmq.PUSH)
        push.linger = 1000
        push.connect(daemon.plain)
        push.send(b"\x99" * 100)
        push.send(json.dumps(event(1, "contact.queued", contact_id="p1", queue="vip") | {"source": "plain"}).encode())
        push.close()
        producer.send(event(9, "contact.ended", contact_id="c1"))
        house.wait_for(lambda: any(r["source"] == "plain" and r["applied"] == 1 for r in
                                   postgres.query("SELECT * FROM ringside.source_accounting")))
        status, _ = daemon.stop()
        house.check(status == 0, daemon.output())
        test = next(r for r in postgres.query("SELECT * FROM ringside.source_accounting") if r["source"] == "test")
        figures = {name: test[name] for name in ("received", "applied", "duplicate", "late_applied", "invalid", "unknown", "future")}
        house.check(figures["duplicate"] == 1 and figures["unknown"] == 1 and figures["future"] == 1, f"accounting: {figures}")
        house.check(figures["received"] == sum(v for k, v in figures.items() if k != "received"), f"accounting: {figures}")
        kept = postgres.query("SELECT reason, field FROM ringside.quarantine")
        house.check({row["reason"] for row in kept} >= {"malformed", "missing_field", "unknown_type", "too_long", "bad_time"},
                    f"quarantine: {kept}")
        dump = subprocess.run(["pg_dump", "-d", postgres.conninfo, "--data-only"], capture_output=True, text=True, check=True).stdout
        files = dump + daemon.output()
        for folder, _, names in os.walk(os.path.join(path, "state")):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    files += file.read().decode("latin-1")
        house.check(secret not in files and secret[1:] not in files, "the caller's number reached the disk")
    finally:
        daemon.kill()
        postgres.remove()


def rows_catch_up_when_the_database_comes_late_and_goes_away(path):
    postgres = house.Postgres(path)
    conninfo = postgres.conninfo
    postgres.stop("fast")
    daemon = house.Daemon(path, conninfo)
    try:
        house.ringside("send", "--to", daemon.events, house.FIXTURE)       # no database yet
        postgres.start()
        house.wait_for(lambda: postgres.query("SELECT count(*) AS n FROM information_schema.tables WHERE table_name = "
                                              "'queue_interval_part'")[0]["n"] == 1)
        house.wait_for(lambda: postgres.query("SELECT count(*) AS n FROM ringside.queue_interval_part")[0]["n"] > 0)
        postgres.stop("immediate")                                          # cut at any moment
        house.ringside("send", "--to", daemon.events, house.FIXTURE)       # the same again: duplicates, no figure changes
        time.sleep(0.5)
        postgres.start()
        house.wait_for(lambda: daemon.output().count("works again") >= 2)
        status, _ = daemon.stop()
        house.check(status == 0, daemon.output())
        for by in ("queue", "total", "agent"):
            house.compare_rows(postgres, by, "event", [house.FIXTURE], leave_out={"agent_time"})   # agents are logged in at its end
    finally:
        daemon.kill()
        postgres.remove()


def a_bad_reload_keeps_the_running_configuration_and_says_why(path):
    daemon = house.Daemon(path, extra=RULES)
    try:
        with open(daemon.config) as file:
            good = file.read()
        with open(daemon.config, "w") as file:
            file.write(good.replace("limit: 2s", "limit: soon"))
        daemon.process.send_signal(signal.SIGHUP)
        house.wait_for(lambda: daemon.said("reload refused"))
        house.check("alerts.rules" in daemon.output() and "ringside.conf:" in daemon.output(), "the refusal does not name the key and line")
        with open(daemon.config, "w") as file:
            file.write(good.replace("limit: 2s", "limit: 9s"))
        daemon.process.send_signal(signal.SIGHUP)
        house.wait_for(lambda: daemon.said("reloaded"))
        Producer(daemon.events).send(event(1, "contact.queued", contact_id="c", queue="q"))
        other = subprocess.run([os.path.join(house.BUILD, "ringsided"), "--config", daemon.config], capture_output=True,
                               text=True, timeout=house.PATIENCE)
        house.check(other.returncode == 1 and "another ringsided" in other.stderr, f"a second daemon started: {other}")
        status, seconds = daemon.stop()
        house.check(status == 0 and seconds < 5, f"stopped with {status} after {seconds:.1f} s")
    finally:
        daemon.kill()


def systemd_is_told_of_readiness_life_and_stopping(path):
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(os.path.join(path, "notify"))
    notify.settimeout(house.PATIENCE)
    daemon = house.Daemon(path, clock="wall", environment={"NOTIFY_SOCKET": os.path.join(path, "notify")})
    try:
        house.check(notify.recv(4096) == b"READY=1", "READY=1 did not come first")
        for _ in range(3):                                # the watchdog is fed once a second while the core gets on
            house.check(notify.recv(4096) == b"WATCHDOG=1", "no WATCHDOG=1")
        status, _ = daemon.stop()
        told = b""
        while b"STOPPING=1" not in told:
            told = notify.recv(4096)
        house.check(status == 0, daemon.output())
    finally:
        daemon.kill()
        notify.close()


def a_bad_start_is_one_clear_line(path):
    broken = os.path.join(path, "broken.conf")
    with open(broken, "w") as file:
        file.write("time:\n  clok: wall\n")
    for program in (["ringsided", "--config", broken], ["ringsided", "--check", "--config", broken], ["ringside", "check-config", broken]):
        result = subprocess.run([os.path.join(house.BUILD, program[0]), *program[1:]],
                                capture_output=True, text=True, timeout=house.PATIENCE)
        house.check(result.returncode == 1, f"{program}: exit {result.returncode}")
        house.check("broken.conf:2" in result.stderr and "clok" in result.stderr and "clock" in result.stderr, result.stderr)
        house.check(len(result.stderr.strip().splitlines()) == 1, f"more than one line: {result.stderr}")
        house.check("allowed: did you mean" not in result.stderr, f"a question is no list of what is allowed: {result.stderr}")
    with open(broken, "w") as file:
        file.write("store: {database: \"hots=/run dbname=x\"}\n")
    for program in (["ringsided", "--check", "--config", broken], ["ringside", "check-config", broken]):
        result = subprocess.run([os.path.join(house.BUILD, program[0]), *program[1:]],
                                capture_output=True, text=True, timeout=house.PATIENCE)
        house.check(result.returncode == 1 and "broken.conf: store.database: " in result.stderr and "hots" in result.stderr
                    and not result.stdout, f"{program}: {result}")


def a_second_daemon_takes_nothing_from_the_first(path):
    """On the same Unix sockets with a state of its own, and on the same state: it says what is taken and leaves; the first one is still
    reached."""
    first = house.Daemon(path, clock="wall")
    try:
        for state, words in (("other", ["cannot start", first.feed, "Address already in use"]),
                             ("state", ["cannot start", "another ringsided uses it"])):
            config = os.path.join(path, "second.conf")
            with open(first.config) as file, open(config, "w") as second:
                second.write(file.read().replace(f"{path}/state", f"{path}/{state}"))
            result = subprocess.run([os.path.join(house.BUILD, "ringsided"), "--config", config], capture_output=True,
                                    text=True, timeout=house.PATIENCE)
            house.check(result.returncode == 1 and all(word in result.stderr for word in words), f"{state}: {result}")
        producer = Producer(first.events)
        producer.send(event(1, "contact.queued", contact_id="c1", queue="vip"))
        house.wait_for(lambda: "vip" in house.ringside("top", "--once", "--config", first.config).stdout)
        status, _ = first.stop()
        house.check(status == 0, first.output())
    finally:
        first.kill()


def a_database_that_is_named_later_is_told_by_its_key(path):
    """What rows are kept was decided when the journal began: the refusal says which keys, and what to do; that done, it starts."""
    daemon = house.Daemon(path, clock="wall")
    try:
        daemon.stop()
        with open(daemon.config, "a") as file:
            file.write(f"store: {{database: \"host={path} dbname=none\"}}\n")
        result = subprocess.run([os.path.join(house.BUILD, "ringsided"), "--config", daemon.config], capture_output=True,
                                text=True, timeout=house.PATIENCE)
        house.check(result.returncode == 1 and "store.database (set, or not)" in result.stderr
                    and "moving the folder away" in result.stderr, f"{result}")
        os.rename(f"{path}/state/journal", f"{path}/state/journal.old")
        os.remove(daemon.log)
        daemon.start()
    finally:
        daemon.kill()


def limits_and_impossible_things_are_told_with_and_without_a_database(path):
    """Every counter of the core's losses, and of agents' events that cannot be, reaches the log."""
    for kind in ("with", "without"):
        folder = os.path.join(path, kind)
        os.mkdir(folder)
        postgres = house.Postgres(folder) if kind == "with" else None
        daemon = house.Daemon(folder, postgres.conninfo if postgres else None, clock="wall", extra="limits: {queue_keys: 3}\n")
        try:
            producer = Producer(daemon.events)
            producer.send(event(1, "agent.queue_left", agent="a1", queue="vip"),
                          *[event(2 + i, "contact.queued", contact_id=f"c{i}", queue=f"q{i}") for i in range(20)])
            limit = house.wait_for(lambda: [line for line in daemon.output().splitlines() if "a limit was reached" in line])[0]
            for name in ("contacts", "rows", "panes", "overflowed_keys", "alerts", "customers", "cases", "edges", "variants"):
                house.check(f"{name}=" in limit, f"{kind} a database: {name} is not in: {limit}")
            house.check("overflowed_keys=0" not in limit, f"{kind} a database: {limit}")
            house.check("left_unjoined=1" in daemon.output(), f"{kind} a database: {daemon.output()}")
            time.sleep(2.5)
            house.check(daemon.output().count("a limit was reached") == 1, "the same is said again and again")
            status, _ = daemon.stop()
            house.check(status == 0, daemon.output())
        finally:
            daemon.kill()
            if postgres:
                postgres.remove()


def a_source_whose_clock_is_off_is_seen_in_its_accounting(path):
    postgres = house.Postgres(path)
    daemon = house.Daemon(path, postgres.conninfo, clock="wall")
    try:
        house.wait_for(lambda: daemon.said("connected"))
        producer = Producer(daemon.events)
        producer.send(*[event(1 + i, "source.heartbeat", at=time.time() - 20) for i in range(12)])
        row = house.wait_for(lambda: next((row for row in postgres.query("SELECT * FROM ringside.source_accounting")
                                           if row["source"] == "test" and row["skew_ms"] is not None), None))
        house.check(-40000 <= row["skew_ms"] <= -19000, f"20 s behind: {row}")
    finally:
        daemon.kill()
        postgres.remove()


passed = 0
for test in (a_waiting_caller_fires_without_any_event, refusals_are_named_counted_and_leave_the_rest_working,
             rows_catch_up_when_the_database_comes_late_and_goes_away, a_bad_reload_keeps_the_running_configuration_and_says_why,
             limits_and_impossible_things_are_told_with_and_without_a_database, a_source_whose_clock_is_off_is_seen_in_its_accounting,
             systemd_is_told_of_readiness_life_and_stopping, a_bad_start_is_one_clear_line, a_second_daemon_takes_nothing_from_the_first,
             a_database_that_is_named_later_is_told_by_its_key):
    with house.folder() as place:
        began = time.monotonic()
        test(place)
        passed += 1
        print(f"ok {test.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
print(f"{passed} passed, 0 failed ({house.checks} checks)")
