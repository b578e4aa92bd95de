"""A producer that speaks RS1 by hand and keeps a ledger of its own."""
import json
import time

import zmq

import house

context = zmq.Context()


class Producer:
    """Speaks RS1 by hand and keeps a ledger of its own."""

    def __init__(self, daemon, source="ledger", incarnation="1"):
        self.source, self.incarnation = source.encode(), incarnation.encode()
        self.endpoint, self.acknowledged, self.next, self.errors = daemon.events, 0, 1, []
        self.connect()

    def connect(self):
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 20)
        self.socket.connect(self.endpoint)
        self.hello()

    def hello(self):
        self.socket.send_multipart([b"RS1", b"HELLO", self.source, self.incarnation, b"json"])
        answer = self.receive(house.PATIENCE)
        while answer is not None and answer[1] != b"WELCOME":
            answer = self.receive(house.PATIENCE)
        house.check(answer is not None, "no WELCOME")
        self.mark = int(answer[2])
        return self.mark

    def close(self):
        self.socket.close()

    def events(self, first, count, kind, back):
        now = time.time_ns() // 1000
        return [{"source": "ledger", "event_id": f"{self.incarnation.decode()}-{n}", "contact_id": f"c{n - back}", "queue": "support",
                 "type": kind, "customer": "+4420712345", "occurred_at": now} for n in range(first, first + count)]

    def send(self, count, kind="contact.queued", back=0):
        """`back`: of the contacts of the events so many numbers ago."""
        payload = "\n".join(map(json.dumps, self.events(self.next, count, kind, back))).encode()
        self.socket.send_multipart([b"RS1", b"BATCH", str(self.next).encode(), payload])
        self.next += count

    def receive(self, seconds):
        return self.socket.recv_multipart() if self.socket.poll(seconds * 1000) else None

    def take(self, seconds=0.0):
        answer = self.receive(seconds)
        while answer is not None:
            if answer[1] == b"ACK":
                self.acknowledged = int(answer[2])
            elif answer[1] == b"ERROR":
                self.errors.append(answer[2].decode())
            answer = self.receive(0)

    def wait_acknowledged(self, number, seconds=house.PATIENCE):
        deadline = time.monotonic() + seconds
        while self.acknowledged < number:
            house.check(time.monotonic() < deadline, f"{self.acknowledged} of {number} acknowledged: {self.errors}")
            self.take(0.2)
