"""A producer that speaks the acknowledged protocol with bare ZeroMQ, as proto/PROTOCOL.md describes it."""
import json
import time

import house
import zmq

CONTEXT = zmq.Context()


def event(number, kind, at=None, source="test", **fields):
    return {"source": source, "seq": number, "occurred_at": int((at or time.time()) * 1e6), "type": kind, **fields}


class Producer:
    def __init__(self, endpoint, source="test"):
        self.socket = CONTEXT.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(endpoint)
        self.number = 1
        self.socket.send_multipart([b"RS1", b"HELLO", source.encode(), str(time.time_ns()).encode(), b"json"])
        house.check(self.receive()[1] == b"WELCOME", "no WELCOME")

    def receive(self, seconds=house.PATIENCE):
        house.check(self.socket.poll(seconds * 1000), "no answer from the daemon")
        return self.socket.recv_multipart()

    def send(self, *events, refused=0):
        """Sends (bytes as they are) and waits for the acknowledgement; returns the NACKs that came before it, `refused` of them."""
        lines = [item if isinstance(item, bytes) else json.dumps(item).encode() for item in events]
        self.socket.send_multipart([b"RS1", b"BATCH", str(self.number).encode(), b"\n".join(lines)])
        self.number += len(lines)
        nacks = []
        while True:
            answer = self.receive()
            house.check(answer[1] != b"ERROR", f"{answer}")
            if answer[1] == b"NACK":
                nacks.append([frame.decode() for frame in answer[2:]])
            elif answer[1] == b"ACK" and int(answer[2]) >= self.number - 1:
                house.check(len(nacks) == refused, f"NACKs: {nacks}")
                return nacks
