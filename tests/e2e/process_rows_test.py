"""The way through the process from a running daemon: SQL's edges and maps equal `ringside replay --process` on the same events."""
import datetime
import glob
import json
import os

import house
from history import History

EDGE_NAMES = {"from_stage": "from", "to_stage": "to"}
SUMMARY = ("begun", "finished", "path_ms", "rework", "loops", "reworked_contacts", "ping_pong", "bottleneck")


def start_of(line):
    return line["interval_start"] and datetime.datetime.fromisoformat(line["interval_start"].replace("Z", "+00:00"))


def by_edge(lines):
    return {(start_of(line), line["tenant"], line["from"], line["to"]): line for line in lines if "from" in line}


def compare_edges(what, lines, rows):
    """Lines of replay against rows of SQL, field by field."""
    stored = {}
    for row in rows:
        row = {EDGE_NAMES.get(name, name): value for name, value in row.items()}
        stored[(row["interval_start"], row["tenant"], row["from"], row["to"])] = row
    house.compare_tables(what, by_edge(lines), stored, ())
    return len(stored)


def compare_lists(what, printed, stored):
    house.check(len(printed) == len(stored), f"{what}: replay has {len(printed)}, PostgreSQL {len(stored)}: {printed} / {stored}")
    for mine, theirs in zip(printed, stored):
        house.check(house.same(mine, house.plain(theirs)), f"{what}: replay {mine}, PostgreSQL {theirs}")


def compare_maps(postgres, lines, from_time="1970-01-01Z", to_time="2262-01-01Z"):
    summaries = [line for line in lines if "begun" in line]
    maps = {row["tenant"]: row for row in postgres.query("SELECT * FROM ringside.process_map(%s, %s)", from_time, to_time)}
    house.check({line["tenant"] for line in summaries} == maps.keys() and maps, f"maps of {sorted(maps)}")
    for line in summaries:
        stored = maps[line["tenant"]]
        for name in SUMMARY:
            theirs = house.plain(stored[name])
            house.check(house.same(line[name], theirs), f"map of {line['tenant']}: {name}: replay {line[name]}, PostgreSQL {theirs}")
        for name in ("stages", "queues"):
            compare_lists(f"map of {line['tenant']}: {name}", line[name], stored[name])
    return maps


def compare_quarter(postgres, lines):
    """The map of one interval alone: the fullest one."""
    summaries = [line for line in lines if "begun" in line]
    start = start_of(max(summaries, key=lambda line: line["finished"]))
    inside = [line for line in lines if "interval_start" in line and start_of(line) == start]
    compare_maps(postgres, inside, start, start + datetime.timedelta(minutes=15))


def compare_queue(postgres):
    """A queue's own map holds its stages' time, as its line of the tenant's map says."""
    for tenant in postgres.query("SELECT tenant, queues FROM ringside.process_map('1970-01-01Z', '2262-01-01Z')"):
        for queue in tenant["queues"]:
            edges = postgres.query("SELECT time_ms FROM ringside.process_edges('1970-01-01Z', '2262-01-01Z', %s, %s)", tenant["tenant"],
                                   queue["queue"])
            total = sum(edge["time_ms"]["sum"] for edge in edges if edge["time_ms"])
            house.check(abs(total - queue["time_ms"]) <= len(edges), f"{queue}: its edges hold {total} ms")


def run(name, files, batch_rows=None):
    with house.folder() as path:
        postgres = house.Postgres(path)
        daemon = None
        try:
            house.ringside("migrate", "-d", postgres.conninfo)   # it stops soon after it has started, and has few seconds to drain
            daemon = house.Daemon(path, postgres.conninfo, batch_rows=batch_rows)
            house.ringside("send", "--to", daemon.events, "--speed", "max", "--config", daemon.config, *files)
            house.wait_until_stored(postgres, daemon, quiet_s=3)
            status, _ = daemon.stop()
            house.check(status == 0, f"the daemon left with {status}\n{daemon.output()}")
            quarters = house.replay("--process", "--interval", "15m", "--config", daemon.config, *files)
            whole = house.replay("--process", "--interval", "all", "--config", daemon.config, *files)
            edges = compare_edges("edges", quarters, postgres.query("SELECT * FROM ringside.process_edge"))
            compare_edges("edges over all of time", whole, postgres.query(
                "SELECT * FROM ringside.process_edges('1970-01-01Z', '2262-01-01Z')"))
            maps = compare_maps(postgres, whole)
            compare_quarter(postgres, quarters)
            compare_queue(postgres)
            print(f"{name}: {edges} edges of quarters and {len(maps)} maps equal")
        finally:
            if daemon is not None:
                daemon.kill()
            postgres.remove()


def run_without_edges():
    """Without a place for edges nothing of the process is kept, and the rest works as ever."""
    with house.folder() as path:
        postgres = house.Postgres(path)
        daemon = None
        try:
            daemon = house.Daemon(path, postgres.conninfo, extra="limits: {edges: 0}\n")
            house.ringside("send", "--to", daemon.events, "--speed", "max", "--config", daemon.config, house.FIXTURE)
            status, _ = daemon.stop()
            house.check(status == 0, f"the daemon left with {status}\n{daemon.output()}")
            house.check(postgres.query("SELECT count(*) AS n FROM ringside.process_edge_part")[0]["n"] == 0, "edges though they are off")
            house.check(postgres.query("SELECT count(*) AS n FROM ringside.queue_interval")[0]["n"] > 0, "no rows")
        finally:
            if daemon is not None:
                daemon.kill()
            postgres.remove()


def write_beginning(file, minutes):
    """of a made-up day"""
    History(7).write(file)
    with open(file) as lines:
        events = [(json.loads(line)["occurred_at"], line) for line in lines]
    last = min(events)[0] + minutes * 60 * 1000 * 1000   # microseconds
    with open(file, "w") as lines:
        lines.writelines(line for at, line in events if at < last)


def run_with_few_edges():
    """Past limits.edges the queues' names are lost, and nothing else; the log says so, and how much."""
    with house.folder() as path:
        postgres = house.Postgres(path)
        daemon = None
        try:
            made_up = os.path.join(path, "hour.ndjson")
            write_beginning(made_up, 60)
            # Nothing of the hour is final, so nothing leaves memory; of the edges that are too many, those of __overflow__ find room.
            daemon = house.Daemon(path, postgres.conninfo, extra="limits: {edges: 30}\n", clock="events, lateness: 2h")
            house.ringside("send", "--to", daemon.events, "--speed", "max", "--config", daemon.config, made_up)
            house.wait_for(lambda: daemon.said("a limit was reached"))
            house.wait_until_stored(postgres, daemon)
            status, _ = daemon.stop()
            house.check(status == 0, f"the daemon left with {status}\n{daemon.output()}")
            told = [line for line in daemon.output().splitlines() if "a limit was reached" in line]
            house.check(told, f"the log does not say that a limit was reached\n{daemon.output()}")
            for name in ("contacts", "rows", "panes", "alerts", "customers", "cases", "edges", "variants"):
                house.check(f"{name}=" in told[-1] or f'"{name}":' in told[-1], f"{name} is not in the log: {told[-1]}")
            summary = next(line for line in house.replay("--process", "--interval", "all", made_up) if "begun" in line)
            stored = postgres.query("SELECT * FROM ringside.process_map('1970-01-01Z', '2262-01-01Z')")[0]
            for name in ("begun", "finished", "path_ms", "rework", "reworked_contacts", "ping_pong"):
                house.check(house.same(summary[name], house.plain(stored[name])), f"{name}: {summary[name]} and {stored[name]}")
            house.check(any(stage["stage"] == "queue:__overflow__" for stage in stored["stages"]), "no step overflowed")
        finally:
            if daemon is not None:
                daemon.kill()
            postgres.remove()


def give_to_two_tenants(file):
    with open(file) as lines:
        events = [json.loads(line) for line in lines]
    for event in events:
        if event.get("contact_id", "c0")[-1] in "13579":
            event["tenant"] = "blue"
    with open(file, "w") as lines:
        lines.writelines(json.dumps(event) + "\n" for event in events)


run("asterisk", [house.FIXTURE])
with house.folder() as place:
    made_up = os.path.join(place, "day.ndjson")
    seed = house.seed()
    History(seed).write(made_up)
    give_to_two_tenants(made_up)
    run("a made-up day", [made_up], batch_rows=40)
bank = sorted(glob.glob(os.path.join(house.SHARED, "fixtures", "bank", "*.ndjson.gz")))
if bank:
    run(os.path.basename(bank[0]), bank[:1])
run_without_edges()
run_with_few_edges()
print(f"1 passed, 0 failed ({house.checks} checks)")
