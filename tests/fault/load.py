"""A daemon that can be hurt, producers that keep ledgers, a proxy that cuts connections at COMMIT."""
import collections
import json
import os
import random
import selectors
import signal
import socket
import subprocess
import threading
import time

import house
import ledger as books
from failing_disk import FailingDisk

CELL_MS = 10          # of wall time per quarter of an hour of event time; 14 contacts each: 2,800 events/s per producer
CELLS_A_DAY = 96


class FaultDaemon(house.Daemon):
    """ringsided that is killed and started again, on a disk that may fail."""

    def __init__(self, path, database, disk_fails=False, environment=None, extra=""):
        environment = dict(environment or {})
        if disk_fails:
            self.disk = FailingDisk(path, "state")
            environment.update(self.disk.environment)
        self.starts, self.slowest_start_s = 0, 0.0
        super().__init__(path, database=database, environment=environment, extra=extra)

    def write_config(self, clock, database, extra):
        super().write_config(clock, database, extra)
        with open(self.config) as file:
            text = file.read()
        for slow, quick in (("flush: 100ms", "flush: 20ms"), ("backoff_min: 50ms", "backoff_min: 10ms"),
                            ("backoff_max: 500ms", "backoff_max: 100ms")):
            assert slow in text
            text = text.replace(slow, quick)
        with open(self.config, "w") as file:
            file.write(text)

    def start(self):
        began = time.monotonic()
        at = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([os.path.join(house.BUILD, "ringsided"), "--config", self.config], stderr=log, stdout=log,
                                            env=self.environment)

        def is_up():
            with open(self.log, errors="replace") as log:
                log.seek(at)
                return "ready" in log.read() or self.process.poll() is not None
        house.wait_for(is_up, pause=0.01)
        if self.process.poll() is not None:
            raise AssertionError("the daemon did not start:\n" + self.output()[-3000:])
        self.starts += 1
        self.slowest_start_s = max(self.slowest_start_s, time.monotonic() - began)


class Producer:
    def __init__(self, path, endpoint, source, origin_ms, spooled=False, sync=False, encoding="protobuf"):
        self.source, self.log = source, os.path.join(path, source + ".log")
        self.ledger = books.Ledger(os.path.join(path, source + ".ledger"), source)
        self.command = [os.path.join(house.BUILD, "fault_producer"), endpoint, source, self.ledger.path, str(origin_ms), str(CELL_MS)]
        self.spooled = spooled
        if spooled:
            self.command += ["--spool", os.path.join(path, source + ".spool")] + (["--sync"] if sync else [])
        if encoding == "json":
            self.command.append("--json")
        self.process = None
        self.kills = 0
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stderr=log, stdout=log)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.kills += 1

    def stop(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds):
        return self.process.wait(timeout=seconds)

    def words(self):
        with open(self.log, errors="replace") as log:
            return log.read()


class CutProxy(threading.Thread):
    """Between the daemon and PostgreSQL: of the COMMITs that pass, `chance` of 100 lose their connection, before the server gets them,
    after it has, or while its answer is on the way."""

    def __init__(self, path, server_directory, seed, port=5432):
        super().__init__(daemon=True)
        self.directory = os.path.join(path, "proxy")
        os.makedirs(self.directory)
        self.target = os.path.join(server_directory, f".s.PGSQL.{port}")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(self.directory, f".s.PGSQL.{port}"))
        self.listener.listen(64)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.pairs, self.random = {}, random.Random(seed)
        self.chance, self.commits, self.cuts, self.stopping = 0, 0, collections.Counter(), False
        self.start()

    def run(self):
        while not self.stopping:
            for key, _ in self.selector.select(0.05):
                if key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj in self.pairs:
                    self.pass_on(key.fileobj)
        for one in list(self.pairs):
            self.drop(one)
        self.listener.close()

    def accept(self):
        client, _ = self.listener.accept()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.target)
        except OSError:
            server.close()
            client.close()
            return
        self.pairs[client], self.pairs[server] = (server, True), (client, False)
        for one in (client, server):
            self.selector.register(one, selectors.EVENT_READ)

    def drop(self, one):
        other, _ = self.pairs.pop(one, (None, None))
        self.pairs.pop(other, None)
        for end in (one, other):
            if end is not None:
                self.selector.unregister(end)
                end.close()

    def pass_on(self, one):
        other, is_client = self.pairs[one]
        try:
            data = one.recv(1 << 16)
            if not data:
                return self.drop(one)
            if is_client and b"COMMIT" in data:
                self.commits += 1
                if self.random.randrange(100) < self.chance:
                    return self.cut(one, other, data)
            other.sendall(data)
        except OSError:
            self.drop(one)

    def cut(self, client, server, data):
        how = self.random.choice(("before", "after", "while"))
        self.cuts[how] += 1
        if how != "before":
            server.sendall(data)
        if how == "after":
            server.settimeout(5)
            try:
                server.recv(1 << 16)      # the answer: it has happened, and nobody is told
            except OSError:
                pass
        self.drop(client)

    def stop(self):
        self.stopping = True
        self.join()


class Scene:
    """One part of the torture: its own folder, database, daemon and producers; `with` ends everything."""

    # Small segments and many snapshots: each part sees files made, recycled and read.
    JOURNAL = "journal: {segment_bytes: 1MiB, max_bytes: 4GiB, snapshot_every: 3s}\n"

    def __init__(self, folder, postgres, name, seed, disk_fails=False, environment=None, database=None, kinds=None):
        self.name, self.random, self.postgres = name, random.Random(seed), postgres
        self.path = os.path.join(folder, name)
        os.makedirs(self.path)
        self.troubles, self.notes = [], []
        self.daemon = FaultDaemon(self.path, database or postgres.conninfo, disk_fails=disk_fails, environment=environment,
                                  extra=self.JOURNAL)
        house.wait_for(lambda: postgres.query("SELECT to_regclass('ringside.queue_interval') AS it")[0]["it"])
        self.origin_ms = int(time.monotonic() * 1000)
        kinds = kinds or (dict(spooled=True), dict(spooled=True, sync=True, encoding="json"), dict(), dict(encoding="json"))
        self.producers = [Producer(self.path, self.daemon.events, f"{name}-{number}", self.origin_ms, **kind)
                          for number, kind in enumerate(kinds)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for producer in self.producers:
            if producer.process.poll() is None:
                producer.kill()
        self.daemon.kill()

    def trouble(self, text):
        self.troubles.append(text)

    def run(self, seconds):
        """Producers that ended by themselves are trouble; killed ones are started again by who killed them."""
        time.sleep(seconds)
        for producer in self.producers:
            if producer.process.poll() is not None:
                self.trouble(f"{producer.source} ended by itself with {producer.process.returncode}: {producer.words()[-300:]}")
                producer.start()

    def kill_some_producer(self):
        producer = self.random.choice(self.producers)
        producer.kill()
        producer.start()

    def wait_for_noon(self):
        """`today` of the live figures is a day of event time; the end should not fall on its border."""
        while True:
            of_day = (time.monotonic() * 1000 - self.origin_ms) / CELL_MS % CELLS_A_DAY
            if 30 < of_day < 50:
                return
            time.sleep(0.02)

    def settle(self):
        """Stops sending, waits for every acknowledgement, looks at the live figures and the database. Returns the Tally."""
        for attempt in range(5):
            if attempt > 0:
                for producer in self.producers:
                    producer.start()
            self.stop_producers()
            if len({producer.ledger.last_cell() // CELLS_A_DAY for producer in self.producers}) == 1:
                break
        else:
            self.trouble("the producers did not end within one day of event time: the live figures were not compared")
        tally, wrong = self.wait_for_balance()
        self.compare_live()
        status, took = self.daemon.stop()
        if status != 0 or took > 6:
            self.trouble(f"the daemon took {took:.1f} s to stop and ended with {status}")
        again, wrong_again = self.compare()
        if again != tally:
            self.trouble(f"the database changed after everything was settled: {dict(tally)} became {dict(again)}")
        self.troubles += wrong_again
        self.compare_sources()
        return again

    def stop_producers(self):
        """All at the same moment, as far as that goes, and none that was only just started: it knows no SIGTERM yet."""
        before = [producer.ledger.last_cell() for producer in self.producers]
        house.wait_for(lambda: all(producer.ledger.last_cell() > cell for producer, cell in zip(self.producers, before)))
        self.wait_for_noon()
        for producer in self.producers:
            producer.stop()
        for producer in self.producers:
            status = producer.wait(150)
            if status != 0:
                self.trouble(f"{producer.source}: not everything was acknowledged at the end ({status}): {producer.words()[-300:]}")

    def compare(self):
        found = books.counted_in_database(self.postgres, [producer.source for producer in self.producers])
        total, wrong = books.Tally(), []
        for producer in self.producers:
            tally, words = producer.ledger.compare(found[producer.source])
            total, wrong = total + tally, wrong + words
        return total, wrong

    def wait_for_balance(self):
        """The store is behind by its flush time, or by more after a fault: for as long as it goes on, and 60 s more."""
        before = None
        while True:
            found, facts = self.compare(), self.postgres.query("SELECT count(*) AS n FROM ringside.contact_fact")[0]["n"]
            if (found, facts) != before:
                before, deadline = (found, facts), time.monotonic() + 60
            elif found[0].balances or time.monotonic() > deadline:
                return found
            time.sleep(0.7)

    def compare_live(self):
        """What the feed says of the last day, against the ledger's cells of that day as the database has them."""
        found = books.counted_in_database(self.postgres, [producer.source for producer in self.producers])
        last = max(max(cells, default=0) for cells in found.values())
        day = last // CELLS_A_DAY
        for producer in self.producers:
            cells = [figures for cell, figures in found[producer.source].items() if cell // CELLS_A_DAY == day]
            wanted = tuple(sum(column) for column in zip(*cells)) if cells else (0, 0, 0)
            live = self.live_today(producer.source)
            if live != wanted:
                self.trouble(f"{producer.source}: the feed says {live} of today, the ledger {wanted}")

    def live_today(self, source):
        import zmq
        ask = zmq.Context.instance().socket(zmq.DEALER)
        ask.linger = 0
        ask.connect(self.daemon.snapshots)
        try:
            ask.send_multipart([b"RS1", b"SNAPSHOT", f"window/default/queue/{source}/".encode()])
            figures = None
            while ask.poll(10000):
                frames = ask.recv_multipart()
                if frames[1] == b"SNAPSHOT_END":
                    return figures
                for at in range(3, len(frames), 3):
                    today = json.loads(frames[at + 2])["windows"]["today"]
                    figures = (today["offered"], today["answered"], today["wait_ms"]["answered_sum"] or 0)
            return None
        finally:
            ask.close()

    def compare_sources(self):
        """The accounting of each source: the sum is whole, and what is missing by `seq` is what was lost with a producer's memory."""
        for producer in self.producers:
            row = self.postgres.query("SELECT * FROM ringside.source_accounting WHERE source = %s", producer.source)
            if not row:
                self.trouble(f"{producer.source}: no accounting in the database")
                continue
            row = row[0]
            parts = sum(row[name]
                        for name in ("applied", "duplicate", "late_applied", "too_late", "invalid", "unknown", "future", "over_limit"))
            if row["received"] != parts:
                self.trouble(f"{producer.source}: {row['received']} received, {parts} accounted for")
            if producer.spooled and row["missing"] != 0 and producer.kills == 0:
                self.trouble(f"{producer.source}: {row['missing']} numbers are missing")
