"""Holes in a source's numbers: the log and the database say how many are missing, over a restart of the daemon too, and when they have
come."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house  # noqa: E402

BASE_US = 1_700_000_000_000_000


def send(daemon, path, numbers):
    with open(path, "w") as file:
        for seq in numbers:
            file.write(json.dumps({"source": "pbx", "seq": seq, "occurred_at": BASE_US + seq * 1000, "type": "contact.queued",
                                   "contact_id": f"c{seq}", "queue": "support"}) + "\n")
    house.ringside("send", "--to", daemon.events, "--source", f"sender-{os.urandom(4).hex()}", path)


def accounted(postgres):
    rows = postgres.query("SELECT gaps, missing FROM ringside.source_accounting WHERE source = 'pbx' ORDER BY run DESC LIMIT 1")
    return (rows[0]["gaps"], rows[0]["missing"]) if rows else None


def main():
    with house.folder() as path:
        postgres = house.Postgres(path)
        daemon = house.Daemon(path, database=postgres.conninfo)
        events = os.path.join(path, "events.ndjson")
        try:
            house.wait_for(lambda: postgres.query("SELECT to_regclass('ringside.source_accounting') AS it")[0]["it"])
            send(daemon, events, [*range(1, 11), *range(14, 20), 30])
            house.wait_for(lambda: accounted(postgres) == (2, 13))
            send(daemon, events, [31])           # rows are collected when something has changed
            house.wait_for(lambda: daemon.said("numbers of a source are missing source=pbx numbers=13 gaps=2"))
            daemon.kill()
            daemon.start()
            send(daemon, events, [32])
            house.wait_for(lambda: accounted(postgres) == (2, 13))
            send(daemon, events, [*range(11, 14), *range(20, 30)])
            house.wait_for(lambda: accounted(postgres) == (0, 0))
            house.check(daemon.stop()[0] == 0, daemon.output())
        finally:
            daemon.kill()
            postgres.remove()
    print(f"gaps_test: {house.checks} checks")


if __name__ == "__main__":
    main()
