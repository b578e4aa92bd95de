"""The daemon and its database in trouble: afterwards every row is what `ringside replay` prints.

    database_test.py BUILD [SCENARIO…]     without names all of them: failover, failover_and_restart, away, away_and_restart, slow,
                                           killed"""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
import house                    # noqa: E402
from history import History     # noqa: E402

BIN = "/usr/lib/postgresql/15/bin"
SETTINGS = """
rows: {attributions: [event, enter]}
service_level: {policies: [short_excluded, abandon_within_hit], first_reply: 10m, resolution: 2h}
hours: {office: {zone: Europe/London, week: {mon-fri: "09:00-12:00, 13:00-17:30"}}}
queues: {sales: {threshold: 30s}, mail: {hours: office, next_reply: 20m}, billing: {callback_clock: keep}}
fcr: {repeat_window: 6h, never: [claim]}
agents: {agent-0: {team: north}, agent-1: {team: south}, agent-2: {team: north}}
complaints: {hours: office, acknowledge: 30m, respond: 2h}
alerts: {rules: {somebody_waits: {metric: waiting, compare: above, limit: 0, clear: 0, for: 0s, clear_for: 0s, severity: warning}}}
"""


class Cluster(house.Postgres):
    def __init__(self, path, name):
        super().__init__(os.path.join(path, name))
        self.socket = os.path.join(self.path, "socket")

    def position(self):
        rows = self.query("SELECT position FROM ringside.mark")
        return rows[0]["position"] if rows else 0


def stand_by_of(primary, path):
    """A second cluster that follows the first by streaming."""
    folder = os.path.join(path, "b", "pg")
    os.makedirs(os.path.join(folder, "socket"))
    subprocess.run([f"{BIN}/pg_basebackup", "-h", primary.socket, "-U", "ringside", "-D", f"{folder}/data", "-R", "-X", "stream",
                    "-c", "fast", "--no-sync"], check=True, capture_output=True)
    owner = os.stat(os.path.join(primary.path, "data"))
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", f"{owner.st_uid}:{owner.st_gid}", f"{folder}/data", f"{folder}/socket"], check=True)
    os.chmod(f"{folder}/socket", 0o700)
    os.chmod(os.path.join(path, "b"), 0o755)
    return Cluster(path, "b")


def run_sql(cluster, *statements):
    """Outside of a transaction."""
    import psycopg2
    connection = psycopg2.connect(cluster.conninfo)
    connection.autocommit = True
    for statement in statements:
        connection.cursor().execute(statement)
    connection.close()


def three_parts(path, seed):
    """A made-up day in three files, and in one."""
    whole = os.path.join(path, "day.ndjson")
    History(seed).write(whole)
    with open(whole) as file:
        lines = file.readlines()
    parts = []
    for i in range(3):
        parts.append(os.path.join(path, f"part{i}.ndjson"))
        with open(parts[i], "w") as file:
            file.writelines(lines[len(lines) * i // 3:len(lines) * (i + 1) // 3])
    return whole, parts


def send(daemon, file, speed="max"):
    house.ringside("send", "--to", daemon.events, "--speed", speed, "--config", daemon.config, file)


def wait_for_rows(cluster, daemon, seconds=1.0):
    house.wait_until_stored(cluster, daemon, quiet_s=seconds)


def compare_all(cluster, daemon, whole):
    rows = 0
    for attribution in ("event", "enter"):
        for by in house.DIMENSIONS:
            rows += house.compare_rows(cluster, by, attribution, [whole], "--config", daemon.config)
    doubles = cluster.query("SELECT count(*) - count(DISTINCT (episode, at, from_state, to_state)) AS n "
                            "FROM ringside.alert_transition")[0]["n"]
    house.check(doubles == 0, f"{doubles} transitions are there twice")
    # Every change of an episode is there: each begins where the one before ended.
    gaps = cluster.query("SELECT count(*) AS n "
                         "FROM (SELECT from_state, lag(to_state, 1, 'ok') OVER (PARTITION BY episode ORDER BY number, ordinal)"
                         " AS before FROM ringside.alert_transition) AS t WHERE from_state <> before")[0]["n"]
    house.check(gaps == 0, f"{gaps} transitions are missing")
    changes = cluster.query("SELECT count(*) AS n FROM ringside.alert_transition")[0]["n"]
    house.check(changes > 20, f"only {changes} transitions")
    return rows, changes


def failover(path, seed, restart=False):
    """The primary dies with what the stand-by never got."""
    whole, parts = three_parts(path, seed)
    primary = Cluster(path, "a")
    standby = stand_by_of(primary, path)
    conninfo = f"host={primary.socket},{standby.socket} dbname=ringside user=ringside"
    daemon = None
    try:
        daemon = house.Daemon(path, conninfo, extra=SETTINGS)
        send(daemon, parts[0])
        wait_for_rows(primary, daemon)
        house.wait_for(lambda: standby.position() == primary.position())
        run_sql(standby, "ALTER SYSTEM SET primary_conninfo = 'host=/nonexistent'", "SELECT pg_reload_conf()")
        house.wait_for(lambda: not standby.query("SELECT 1 FROM pg_stat_wal_receiver"))
        send(daemon, parts[1])
        wait_for_rows(primary, daemon)
        had, left = primary.position(), standby.position()
        house.check(left < had, f"the stand-by does not lag: {left}, {had}")
        if restart:
            daemon.kill()
        primary.stop("immediate")
        run_sql(standby, "SELECT pg_promote()")
        if restart:
            os.rename(daemon.log, daemon.log + ".1")
            daemon.start()
        send(daemon, parts[2])
        house.wait_for(lambda: daemon.said("made again what the database lacked"))
        wait_for_rows(standby, daemon)
        rows, changes = compare_all(standby, daemon, whole)
        house.wait_for(lambda: standby.position() > had)
        status, _ = daemon.stop()
        house.check(status == 0, f"the daemon left with {status}\n{daemon.output()}")
        print(f"stand-by at {left} of {had} promoted{', daemon killed' if restart else ''}: {rows} rows and {changes} transitions exact")
    finally:
        if daemon is not None:
            daemon.kill()
        standby.remove()
        primary.remove()


def away(path, seed, restart=False):
    """The database is away for most of a day, and memory holds the rows of a few hours."""
    whole, parts = three_parts(path, seed)
    postgres = Cluster(path, "a")
    daemon = None
    try:
        daemon = house.Daemon(path, postgres.conninfo, extra=SETTINGS + "limits: {rows: 1000}\n")
        wait_for_rows(postgres, daemon, 0.3)
        postgres.stop()
        send(daemon, parts[0], "3000")
        if restart:
            daemon.kill()
            daemon.start()
        send(daemon, parts[1], "3000")
        times = daemon.output().count("finished rows leave memory")
        house.check(times > 0, "no rows had to leave memory: the test is none")
        house.check(not daemon.said("a limit was reached"), "something found no room")
        postgres.start()
        send(daemon, parts[2], "3000")
        house.wait_for(lambda: daemon.said("made again what the database lacked"))
        wait_for_rows(postgres, daemon)
        rows, changes = compare_all(postgres, daemon, whole)
        status, _ = daemon.stop()
        house.check(status == 0, f"the daemon left with {status}\n{daemon.output()}")
        house.check(not daemon.said("a limit was reached"), "something found no room")
        print(f"away, rows let go {times} times{', daemon killed' if restart else ''}: {rows} rows and {changes} transitions exact")
    finally:
        if daemon is not None:
            daemon.kill()
        postgres.remove()


def slow(path, seed):
    """The database takes what it is sent and does not get on with it, and memory holds the rows of a few hours."""
    whole, parts = three_parts(path, seed)
    postgres = Cluster(path, "a")
    daemon, stopped = None, []
    try:
        daemon = house.Daemon(path, postgres.conninfo, extra=SETTINGS + "limits: {rows: 1000}\n")
        wait_for_rows(postgres, daemon, 0.3)
        stopped = [row["pid"] for row in postgres.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'ringsided'")]
        house.check(len(stopped) == 1, f"the daemon has {len(stopped)} connections")
        os.kill(stopped[0], signal.SIGSTOP)
        send(daemon, parts[0], "3000")
        send(daemon, parts[1], "3000")
        house.wait_for(lambda: "finished rows leave memory" in daemon.output())
        house.check(not daemon.said("not there"), "the database was given up for lost: the test is none")
        os.kill(stopped.pop(), signal.SIGCONT)
        send(daemon, parts[2], "3000")
        house.wait_for(lambda: daemon.said("made again what the database lacked"))
        wait_for_rows(postgres, daemon)
        house.check(not daemon.said("a limit was reached"), "something found no room")
        rows, changes = compare_all(postgres, daemon, whole)
        status, _ = daemon.stop()
        house.check(status == 0, f"the daemon left with {status}\n{daemon.output()}")
        times = daemon.output().count("finished rows leave memory")
        print(f"slow, rows let go {times} times: {rows} rows and {changes} transitions exact")
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        if daemon is not None:
            daemon.kill()
        postgres.remove()


def killed(path, seed):
    """Daemon and database are killed in turn, again and again, while events come."""
    whole, parts = three_parts(path, seed)
    postgres = Cluster(path, "a")
    daemon = None
    try:
        daemon = house.Daemon(path, postgres.conninfo, extra=SETTINGS)
        for part in parts:
            sender = subprocess.Popen([os.path.join(house.BUILD, "ringside"), "send", "--to", daemon.events, "--speed", "6000", "--config",
                                       daemon.config, part], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(2):
                time.sleep(0.5)
                postgres.stop("immediate")
                time.sleep(0.2)
                daemon.kill()
                postgres.start()
                daemon.start()
            house.check(sender.wait(timeout=120) == 0, "sending failed")
        wait_for_rows(postgres, daemon)
        rows, changes = compare_all(postgres, daemon, whole)
        print(f"6 kills of each: {rows} rows and {changes} transitions exact")
    finally:
        if daemon is not None:
            daemon.kill()
        postgres.remove()


SCENARIOS = {"failover": failover, "failover_and_restart": lambda path, seed: failover(path, seed, True), "away": away,
             "away_and_restart": lambda path, seed: away(path, seed, True), "slow": slow, "killed": killed}

if not os.path.exists(f"{BIN}/pg_basebackup"):
    sys.exit(77)
the_seed = house.seed()
ONCE_BROKEN = {"away": 449516}   # a part took back a leg of one threshold and counted one of another
for name in sys.argv[2:] or SCENARIOS:
    for seed in (the_seed, ONCE_BROKEN.get(name)):
        if seed is not None:
            with house.folder() as place:
                SCENARIOS[name](place, seed)
print(f"1 passed, 0 failed ({house.checks} checks)")
