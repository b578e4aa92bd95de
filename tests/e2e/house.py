"""What the end-to-end tests share: a private PostgreSQL, a daemon of this build, and the comparison of rows with replay's."""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = os.environ.get("RS_SOURCE_DIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(SOURCE, "build", "release")
SHARED = os.environ.get("RS_SHARED", os.path.join(os.path.dirname(SOURCE), "shared"))
FIXTURE = os.path.join(SOURCE, "tests", "fixtures", "asterisk", "queue_log")
PATIENCE = 120.0      # for what must come; where time itself is the claim, it is measured by the daemon's own figures

checks = 0


def check(condition, message):
    global checks
    checks += 1
    if not condition:
        raise AssertionError(message)


def seed():
    """RS_SEED, or another one each time; the same for each run of continuous integration, which asks whether a change broke something."""
    number = os.environ.get("RS_SEED") or (1 if os.environ.get("CI") else time.time_ns() % 1000000)
    print(f"seed: RS_SEED={number}", flush=True)
    return int(number)


def wait_for(what, seconds=PATIENCE, pause=0.05):
    """Calls what() until it returns something true; returns that."""
    deadline = time.monotonic() + seconds
    while True:
        result = what()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {getattr(what, '__doc__', None) or what}")
        time.sleep(pause)


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="rs-e2e-", dir="/tmp")
    os.chmod(path, 0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Postgres:
    """A private cluster in a folder, reachable through a Unix socket only."""

    def __init__(self, path):
        self.path = os.path.join(path, "pg")
        self.tool = os.path.join(SOURCE, "daemon", "private-postgres")
        self.conninfo = self.start()

    def start(self):
        out = subprocess.run([self.tool, "start", self.path], check=True, capture_output=True, text=True).stdout
        return out.strip().splitlines()[-1]

    def stop(self, how="immediate"):
        subprocess.run([self.tool, "stop", self.path, how], check=True, capture_output=True)

    def remove(self):
        subprocess.run([self.tool, "remove", self.path], check=False, capture_output=True)

    def query(self, sql, *arguments):
        import psycopg2
        import psycopg2.extras
        connection = psycopg2.connect(self.conninfo)
        try:
            with connection, connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
                cursor.execute(sql, arguments)
                return [dict(row) for row in cursor.fetchall()]
        finally:
            connection.close()


class Daemon:
    """ringsided of this build on ipc endpoints in `path`; `extra` is appended to the configuration."""

    def __init__(self, path, database=None, clock="events", extra="", environment=None, batch_rows=None):
        self.path = path
        self.environment = {**os.environ, **(environment or {})}
        self.events, self.plain = f"ipc://{path}/events", f"ipc://{path}/plain"
        self.feed, self.snapshots = f"ipc://{path}/feed", f"ipc://{path}/snapshots"
        self.commands = f"ipc://{path}/commands"
        self.config = os.path.join(path, "ringside.conf")
        self.log = os.path.join(path, "daemon.log")
        self.batch_rows = batch_rows
        self.write_config(clock, database, extra)
        self.process = None
        self.start()

    def write_config(self, clock, database, extra):
        with open(self.config, "w") as file:
            file.write(f"time: {{clock: {clock}}}\n")
            file.write(f"ingest: {{events: \"{self.events}\", plain: \"{self.plain}\", commands: \"{self.commands}\"}}\n")
            file.write(f"feed: {{publish: \"{self.feed}\", snapshots: \"{self.snapshots}\"}}\n")
            file.write(f"service: {{state_directory: \"{self.path}/state\"}}\n")
            if database:
                file.write(f"store: {{database: \"{database}\", flush: 100ms, backoff_min: 50ms, backoff_max: 500ms"
                           f"{f', batch_rows: {self.batch_rows}' if self.batch_rows else ''}}}\n")
            file.write(extra)

    def start(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([os.path.join(BUILD, "ringsided"), "--config", self.config], stderr=log, stdout=log,
                                            env=self.environment)
        wait_for(lambda: self.said("ready") or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise AssertionError("the daemon did not start:\n" + self.output())

    def output(self):
        with open(self.log) as log:
            return log.read()

    def newest_record(self):
        """The number of the journal's last record."""
        def found():
            """the journal can be read: while it is written to, a file may go between two looks"""
            out = ringside("journal", "stat", "--folder", os.path.join(self.path, "state", "journal"), check_status=False).stdout
            return re.search(r"^newest = (\d+)", out, re.MULTILINE)
        return int(wait_for(found).group(1))

    def said(self, text):
        return text in self.output()

    def stop(self, seconds=PATIENCE):
        """SIGTERM; returns (exit status, seconds it took)."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=seconds)
        return status, time.monotonic() - began

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def ringside(*arguments, check_status=True, **options):
    result = subprocess.run([os.path.join(BUILD, "ringside"), *arguments], capture_output=True, text=True, timeout=300, **options)
    if check_status and result.returncode != 0:
        raise AssertionError(f"ringside {' '.join(arguments)}: {result.returncode}\n{result.stderr}")
    return result


def replay(*arguments):
    return [json.loads(line) for line in ringside("replay", "--output", "ndjson", *arguments).stdout.splitlines()]


# --- rows ------------------------------------------------------------------------------------------------------------
DIMENSIONS = {"queue": ["queue", "channel"], "channel": ["channel"], "total": [], "agent": ["agent"], "team": ["team"]}
NOT_COMPARED = {"revision", "final", "attribution", "interval_start"}


def plain(value):
    """JSON's and PostgreSQL's values in one form."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return value
    return float(value)


def same(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return abs(a - b) <= 1e-12 * max(1.0, abs(a), abs(b))
    return a == b


def row_key(row, by, start):
    return (start, row["tenant"], *[row[name] for name in DIMENSIONS[by]])


TICKS_A_SECOND = 10      # records of the daemon's clock, which come when nothing else does
MOST_WAITED_FOR = 540.0


def wait_until_stored(postgres, daemon, quiet_s=1.0):
    """All that is in the journal now has come to the database, and what the daemon's clock does with it by itself, too (windows of
    customers that end, agents' time, cases that are overdue). Judged by the daemon's own steps, however slow the machine is: the mark has
    passed the journal's end of now; and since the last change it has moved five times for each of quiet_s, over as many ticks as five
    seconds have."""
    wait_for(lambda: postgres.query("SELECT to_regclass('ringside.queue_interval') IS NOT NULL AS made")[0]["made"])
    end = daemon.newest_record()
    tables = [f"{by}_interval_part" for by in DIMENSIONS] + ["process_edge_part"]

    def look():
        position = postgres.query("SELECT coalesce(max(position), 0)::bigint AS at FROM ringside.mark")[0]["at"]
        return position, [tuple(postgres.query(f"SELECT count(*) AS n, sum(revision) AS r FROM ringside.{table}")[0].values())
                          for table in tables]

    began = moved = time.monotonic()
    changed_at, rows = position, _ = look()
    moves = 0
    while position < end or moves < 5 * quiet_s or position - changed_at < 5 * quiet_s * TICKS_A_SECOND:
        time.sleep(0.1)
        before, (position, now) = position, look()
        if now != rows:
            changed_at, rows, moves = position, now, 0
        elif position != before:
            moves += 1
        if position != before or now != rows:
            moved = time.monotonic()
        check(time.monotonic() - moved < PATIENCE, f"the mark stays at {position}, the journal was at {end}:\n{daemon.output()[-2000:]}")
        check(time.monotonic() - began < MOST_WAITED_FOR, f"rows change on and on; the mark is at {position}, the journal was at {end}")


def compare_rows(postgres, by, attribution, files, *options, leave_out=()):
    """Every row of the SQL view equals the row that replay prints, field by field."""
    import datetime
    printed = {}
    for row in replay("--interval", "15m", "--by", by, "--attribution", attribution, *options, *files):
        start = datetime.datetime.fromisoformat(row["interval_start"].replace("Z", "+00:00"))
        printed[row_key(row, by, start)] = row
    stored = {}
    for row in postgres.query(f"SELECT * FROM ringside.{by}_interval WHERE attribution = %s", attribution):
        stored[row_key(row, by, row["interval_start"])] = row
    compare_tables(f"{by}/{attribution}", printed, stored, leave_out)
    return len(printed)


def compare_rollup(postgres, by, attribution, files, *options, leave_out=()):
    """The same of rows that are summed over all of time, by SQL from the stored parts and by replay from the events."""
    printed = {row_key(row, by, None): row
               for row in replay("--interval", "all", "--by", by, "--attribution", attribution, *options, *files)}
    stored = {row_key(row, by, None): row for row in
              postgres.query(f"SELECT * FROM ringside.{by}_rollup('1970-01-01Z', '2262-01-01Z', %s)", attribution)}
    compare_tables(f"{by}/{attribution} rolled up", printed, stored, leave_out)
    return len(printed)


def compare_tables(what, printed, stored, leave_out):
    check(printed, "replay printed no row")
    check(printed.keys() == stored.keys(), f"{what}: other keys: only replay {sorted(map(str, printed.keys() - stored.keys()))[:5]}, "
          f"only PostgreSQL {sorted(map(str, stored.keys() - printed.keys()))[:5]}")
    for key, row in printed.items():
        others = []
        for field, value in row.items():
            if field in NOT_COMPARED or field in leave_out:
                continue
            check(field in stored[key], f"{what}: the view has no column {field}")
            theirs = plain(stored[key][field])
            if not same(value, theirs):
                others.append(f"{field}: replay {value!r}, PostgreSQL {theirs!r}")
        check(not others, f"{what} {key}: {'; '.join(others)}")
