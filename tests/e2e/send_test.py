"""`ringside send` against a daemon of thirty lines: order, pace, shift, formats, refusals, what it prints and how it ends."""
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import zmq

RINGSIDE = os.path.join(sys.argv.pop(1), "ringside") if len(sys.argv) > 1 else "ringside"
BASE_US = 1_700_000_000_000_000


def fields(data):
    """The fields of one Protobuf message: number -> value, the last one wins."""
    found, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            found.setdefault(key >> 3, []).append(varint())
        else:
            length = varint()
            found.setdefault(key >> 3, []).append(data[at:at + length])
            at += length
    return found


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def protobuf_event(seq, occurred_us, contact):
    def text(number, value):
        return varint(number << 3 | 2) + varint(len(value)) + value.encode()
    event = text(1, "pbx") + varint(3 << 3) + varint(seq) + varint(5 << 3) + varint(occurred_us)
    event += text(7, "contact.queued") + text(8, contact) + text(13, "support")
    return b"\x0a" + varint(len(event)) + event


class Daemon(threading.Thread):
    """Takes HELLO and BATCH, keeps what comes, refuses the contacts that it is told to."""

    def __init__(self, endpoint, refuse=()):
        super().__init__(daemon=True)
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.bind(endpoint)
        self.refuse, self.events, self.arrivals, self.stopping = refuse, [], [], False
        self.start()

    def run(self):
        mark = 0
        while not self.stopping:
            if not self.socket.poll(20):
                continue
            peer, version, command, *rest = self.socket.recv_multipart()
            assert version == b"RS1"
            if command == b"HELLO":
                self.socket.send_multipart([peer, b"RS1", b"WELCOME", b"%d" % mark, b"65536", b"1048576", b"1048576"])
            elif command == b"PING":
                self.socket.send_multipart([peer, b"RS1", b"PONG"])
            elif command == b"BATCH":
                assert int(rest[0]) == mark + 1, rest[0]
                for raw in fields(rest[1])[1]:
                    mark += 1
                    event = fields(raw)
                    contact = event[8][0].decode()
                    if contact in self.refuse:
                        self.socket.send_multipart([peer, b"RS1", b"NACK", b"%d" % mark, b"too_late", b"", b"0", b"old"])
                    self.events.append((contact, event[5][0]))
                    self.arrivals.append(time.monotonic())
                self.socket.send_multipart([peer, b"RS1", b"ACK", b"%d" % mark, b"65536", b"1048576"])
        self.socket.close(0)

    def stop(self):
        self.stopping = True
        self.join()


def line(seq, offset_us, contact=None):
    return json.dumps({"source": "pbx", "seq": seq, "occurred_at": BASE_US + offset_us, "type": "contact.queued",
                       "contact_id": contact or f"c{seq}", "queue": "support"}) + "\n"


class Send(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.endpoint = f"ipc://{self.folder.name}/events"
        self.daemon = None

    def tearDown(self):
        if self.daemon:
            self.daemon.stop()
        self.folder.cleanup()

    def serve(self, refuse=()):
        self.daemon = Daemon(self.endpoint, refuse)

    def path(self, name, content):
        path = os.path.join(self.folder.name, name)
        with (gzip.open if name.endswith(".gz") else open)(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def send(self, *arguments, to=None, stdin=None):
        command = [RINGSIDE, "send", "--to", to or self.endpoint, "--timeout", "10", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120)

    def test_files_are_merged_by_time_and_every_event_is_acknowledged(self):
        self.serve()
        odd = self.path("odd.ndjson", "".join(line(n, n * 1000) for n in range(1, 400, 2)))
        even = self.path("even.ndjson.gz", "".join(line(n, n * 1000) for n in range(2, 401, 2)))
        done = self.send(odd, even)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "sent 400, acknowledged 400, refused 0\n")
        self.assertEqual(self.daemon.events, [(f"c{n}", BASE_US + n * 1000) for n in range(1, 401)])

    def test_standard_input_is_a_file_too(self):
        self.serve()
        done = self.send("-", stdin=line(1, 0) + "\n" + line(2, 1).rstrip("\n"))
        self.assertEqual((done.returncode, done.stderr), (0, "sent 2, acknowledged 2, refused 0\n"))

    def test_a_protobuf_file_is_one_batch_of_any_length(self):
        self.serve()
        path = self.path("events.pb", b"".join(protobuf_event(n, BASE_US + n, f"c{n}") for n in range(1, 1001)))
        done = self.send(path)
        self.assertEqual((done.returncode, done.stderr), (0, "sent 1000, acknowledged 1000, refused 0\n"))
        self.assertEqual(self.daemon.events[-1], ("c1000", BASE_US + 1000))

    def test_refusals_of_the_daemon_are_counted_by_reason(self):
        self.serve(refuse=("c2", "c4"))
        done = self.send(self.path("a", "".join(line(n, n) for n in range(1, 6))))
        summary, note = done.stderr.splitlines()
        self.assertEqual((done.returncode, summary), (0, "sent 5, acknowledged 3, refused 2 (too_late 2)"))
        self.assertIn("time.lateness", note)
        self.assertIn("--now", note)

    def test_a_broken_line_is_named_and_the_others_are_sent(self):
        self.serve()
        path = self.path("a.ndjson", line(1, 0) + "\n{broken\n" + line(2, 1) + '{"source":"x","seq":1,"type":"contact.queued"}\n')
        done = self.send(path)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr.splitlines(), [
            f"ringside: {path}:3: malformed", f"ringside: {path}:5: missing_field occurred_at",
            "sent 2, acknowledged 2, refused 0, not sent 2 (could not be read as events)"])

    def test_a_line_without_end_is_refused_and_the_next_is_sent(self):
        self.serve()
        path = self.path("a.ndjson", line(1, 0) + "x" * (3 << 20) + "\n" + line(2, 1))
        done = self.send(path)
        self.assertEqual(done.returncode, 0)
        self.assertIn(f"{path}:2: too_large", done.stderr)
        self.assertEqual([contact for contact, _ in self.daemon.events], ["c1", "c2"])

    def test_a_cut_gzip_file_is_an_error_after_what_could_be_read(self):
        self.serve()
        whole = gzip.compress("".join(line(n, n) for n in range(1, 3000)).encode())
        path = os.path.join(self.folder.name, "cut.gz")
        with open(path, "wb") as file:
            file.write(whole[:len(whole) // 2])
        done = self.send(path)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"ringside: {path}: ", done.stderr)

    def test_now_shifts_all_times_by_one_constant_to_the_end_of_sending(self):
        self.serve()
        before = time.time_ns() // 1000
        done = self.send("--now", "-", stdin="".join(line(n, n * 3_600_000_000) for n in range(1, 4)))
        after = time.time_ns() // 1000
        self.assertEqual(done.returncode, 0, done.stderr)
        times = [at for _, at in self.daemon.events]
        self.assertEqual([later - sooner for sooner, later in zip(times, times[1:])], [3_600_000_000] * 2)
        self.assertTrue(before <= times[-1] <= after, (before, times[-1], after))

    def test_speed_changes_the_pace_and_not_the_times(self):
        self.serve()
        done = self.send("--speed", "10", self.path("a", "".join(line(n, n * 2_000_000) for n in range(4))))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([at for _, at in self.daemon.events], [BASE_US + n * 2_000_000 for n in range(4)])
        took = self.daemon.arrivals[-1] - self.daemon.arrivals[0]
        self.assertTrue(0.55 < took < 3, took)

    def test_now_with_a_speed_ends_at_the_end_of_sending(self):
        self.serve()
        done = self.send("--now", "--speed", "10", self.path("a", "".join(line(n, n * 1_000_000) for n in range(6))))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(abs(self.daemon.events[-1][1] / 1e6 - time.time()), 2)

    def test_without_a_daemon_it_says_so_and_fails(self):
        done = subprocess.run([RINGSIDE, "send", "--to", self.endpoint, "--timeout", "1", "-"], input=line(1, 0),
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 1)
        self.assertIn("sent 1, acknowledged 0, refused 0, not acknowledged 1", done.stderr)
        self.assertIn("is the daemon running there?", done.stderr)

    def test_plain_pushes_json_without_waiting_for_anything(self):
        pull = zmq.Context.instance().socket(zmq.PULL)
        pull.bind(f"ipc://{self.folder.name}/plain")
        done = self.send("--plain", self.path("a", "".join(line(n, n) for n in range(1, 601))), to=f"ipc://{self.folder.name}/plain")
        self.assertEqual((done.returncode, done.stderr), (0, "sent 600 without acknowledgement\n"))
        contacts = []
        while len(contacts) < 600 and pull.poll(120_000):
            contacts += [json.loads(text)["contact_id"] for text in pull.recv().decode().splitlines()]
        pull.close(0)
        self.assertEqual(contacts, [f"c{n}" for n in range(1, 601)])

    def test_a_spool_keeps_what_was_not_acknowledged_for_the_next_run(self):
        spool = os.path.join(self.folder.name, "spool")
        done = self.send("--timeout", "1", "--spool", spool, self.path("a", "".join(line(n, n) for n in range(1, 101))))
        self.assertEqual(done.returncode, 1)
        self.assertIn("not acknowledged 100 (kept in the spool)", done.stderr)
        self.serve()
        done = self.send("--spool", spool, self.path("b", "".join(line(n, n) for n in range(101, 111))))
        self.assertEqual((done.returncode, done.stderr),
                         (0, "sent 110 (100 of an earlier run, from the spool), acknowledged 110, refused 0\n"))
        self.assertEqual(self.daemon.events, [(f"c{n}", BASE_US + n) for n in range(1, 111)])
        done = self.send("--spool", spool)
        self.assertEqual((done.returncode, done.stderr), (0, "sent 0, acknowledged 0, refused 0\n"))

    @staticmethod
    def bytes_of(path, offset, count):
        with open(path, "rb") as file:
            file.seek(offset)
            return file.read(count)

    def test_a_killed_run_loses_nothing_that_its_spool_has(self):
        spool = os.path.join(self.folder.name, "spool")
        path = self.path("a", "".join(line(n, n * 1000) for n in range(1, 20001)))
        process = subprocess.Popen([RINGSIDE, "send", "--to", self.endpoint, "--speed", "4", "--spool", spool, path])
        while not os.path.exists(spool) or not any(self.bytes_of(spool, 12288 + 600 * 256, 1024)):   # 600 records at least
            time.sleep(0.01)
        process.kill()
        process.wait()
        self.serve()
        done = self.send("--spool", spool)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(len(self.daemon.events), 500)
        self.assertEqual(self.daemon.events, [(f"c{n}", BASE_US + n * 1000) for n in range(1, len(self.daemon.events) + 1)])

    def test_a_spool_in_use_of_somebody_else_or_of_another_kind_is_refused(self):
        spool = os.path.join(self.folder.name, "spool")
        self.serve()
        process = subprocess.Popen([RINGSIDE, "send", "--to", self.endpoint, "--speed", "1", "--spool", spool,
                                    self.path("a", line(1, 0) + line(2, 60_000_000))], stderr=subprocess.DEVNULL)
        while not self.daemon.events:
            time.sleep(0.01)
        for arguments, words in (([spool], "another program uses it"), ([self.path("letter", "dear reader")], "not a spool"),
                                 (["/nowhere/spool"], "No such file")):
            done = self.send("--spool", *arguments)
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)
        process.kill()
        process.wait()
        done = self.send("--spool", spool, "--source", "other")
        self.assertIn('another --source than "other"', done.stderr)
        os.unlink(spool + ".key")
        self.assertIn("its key", self.send("--spool", spool).stderr)
        self.assertEqual(self.send("--plain", "--spool", spool).returncode, 2)

    def test_wrong_usage_ends_with_2(self):
        path = self.path("a", line(1, 0))
        for arguments in (["send", path], ["send", "--to", "tcp://127.0.0.1:1"], ["send", "--to", "udp://x", path],
                          ["send", "--to", "ipc:///x", "--speed", "fast", path], ["send", "--to", "ipc:///x", "--format", "xml", path],
                          ["send", "--to", "ipc:///x", "--unknown", path]):
            done = subprocess.run([RINGSIDE, *arguments], capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 2, (arguments, done.stderr))

    def test_a_file_that_is_not_there_is_named(self):
        self.serve()
        done = self.send("/nonexistent/file")
        self.assertEqual(done.returncode, 1)
        self.assertTrue(re.search(r"/nonexistent/file: No such file", done.stderr), done.stderr)


if __name__ == "__main__":
    unittest.main()
