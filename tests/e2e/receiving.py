"""What the tests of receivers share: a producer whose callers make alerts, and web servers that take what the daemon sends."""
import http.server
import json
import socket
import threading
import time

import house
import zmq

CONTEXT = zmq.Context()
# fires as soon as somebody waits, ends when nobody does
RULES = """
alerts:
  rules:
    waiting: {metric: waiting, compare: above, limit: 0, clear: 0, severity: critical, runbook: "https://wiki.example.org/waiting"}
"""


class Producer:
    """Speaks the acknowledged protocol with bare ZeroMQ; callers come to queues and are answered."""

    def __init__(self, endpoint, clock=time.time):
        self.endpoint, self.clock, self.number = endpoint, clock, 1
        self.incarnation = str(time.time_ns()).encode()
        self.connect()

    def connect(self):
        """Also once more, to a daemon that was started again: the session goes on."""
        self.socket = CONTEXT.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(self.endpoint)
        self.socket.send_multipart([b"RS1", b"HELLO", b"test", self.incarnation, b"json"])
        house.check(self.receive()[1] == b"WELCOME", "no WELCOME")

    def receive(self, seconds=house.PATIENCE):
        house.check(self.socket.poll(seconds * 1000), "no answer from the daemon")
        return self.socket.recv_multipart()

    def send(self, *events):
        lines = [json.dumps(item).encode() for item in events]
        first, self.number = self.number, self.number + len(lines)
        self.socket.send_multipart([b"RS1", b"BATCH", str(first).encode(), b"\n".join(lines)])
        while True:
            answer = self.receive()
            house.check(answer[1] in (b"ACK", b"CREDIT"), f"refused: {answer}")
            if answer[1] == b"ACK" and int(answer[2]) >= self.number - 1:
                return

    def tell(self, kind, *contacts):
        """One event of each (contact, queue or None)."""
        at = int(self.clock() * 1e6)
        self.send(*[{"source": "test", "seq": self.number + i, "occurred_at": at, "type": kind, "contact_id": contact,
                     **({"queue": queue} if queue else {})}
                    for i, (contact, queue) in enumerate(contacts)])

    def queue(self, *queues):
        """One caller comes to each."""
        self.tell("contact.queued", *[(f"in-{queue}", queue) for queue in queues])

    def answer(self, *queues):
        self.tell("contact.ended", *[(f"in-{queue}", None) for queue in queues])

    def close(self):
        self.socket.close()


class Receiver:
    """A web server on a port of its own. `answer` is called with (number of the request, body) and gives a status, or (status, headers),
    or "hang", "drop", "drip"; every request is kept in `requests`."""

    def __init__(self, answer=lambda number, body: 200, tls=None, port=0):
        self.requests, self.answer, self.hanging = [], answer, threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                number = len(receiver.requests)
                what = receiver.answer(number, body)
                receiver.requests.append({"at": time.time(), "path": self.path, "headers": dict(self.headers), "body": body,
                                          "answer": what})
                receiver.reply(self, what)

            do_GET = do_PUT = do_POST

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, request, address):
                pass    # who hangs up, was told to

        self.server = Server(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.scheme = "http"
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reply(self, handler, what):
        if what == "hang":
            self.hanging.wait(30)
        if what in ("hang", "drop"):
            handler.close_connection = True
            handler.connection.close()
            return
        if what == "drip":      # a good answer without end
            handler.send_response(200)
            handler.send_header("Content-Length", str(1 << 40))
            handler.end_headers()
            try:
                while not self.hanging.wait(0.01):
                    handler.wfile.write(b"x" * 65536)
            except OSError:
                pass
            return
        status, headers = what if isinstance(what, tuple) else (what, {})
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}"

    def bodies(self, only_taken=True):
        return [json.loads(request["body"]) for request in list(self.requests)
                if not only_taken or request["answer"] in (200, "drip")]

    def close(self):
        self.hanging.set()
        self.server.shutdown()
        self.server.server_close()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def receivers(**entries):
    """The section of the configuration; entries are dicts."""
    return "receivers:\n" + "".join(f"  {name}: {json.dumps(entry)}\n" for name, entry in entries.items())


def run(*tests):
    passed = 0
    for test in tests:
        with house.folder() as place:
            began = time.monotonic()
            test(place)
            passed += 1
            print(f"ok {test.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
    print(f"{passed} passed, 0 failed ({house.checks} checks)")
