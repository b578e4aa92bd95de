"""What a monitoring system reads of the daemon: /metrics in both forms, checked by promtool and by Prometheus' own parser; /healthz,
/readyz."""
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time

from prometheus_client.openmetrics.parser import text_string_to_metric_families
import zmq

import house

WEB = "web: {listen: \"127.0.0.1:0\"}\n"
OPENMETRICS = "application/openmetrics-text; version=1.0.0,text/plain;version=0.0.4;q=0.5"
NUMBER = "+442071838750"   # of a caller: must be nowhere


def port_of(daemon):
    return int(re.search(r"listening for HTTP address=\"?127\.0\.0\.1:(\d+)", daemon.output()).group(1))


def get(daemon, path, method="GET", accept=None):
    connection = http.client.HTTPConnection("127.0.0.1", port_of(daemon), timeout=house.PATIENCE)
    connection.request(method, path, headers={"Accept": accept} if accept else {})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def samples(daemon):
    """{(name, labels): value} of the page as OpenMetrics."""
    status, headers, body = get(daemon, "/metrics", accept=OPENMETRICS)
    house.check(status == 200 and headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0"), str(headers))
    house.check(body.endswith("# EOF\n"), body[-100:])
    found = {}
    for family in text_string_to_metric_families(body):
        house.check(family.documentation, f"{family.name} has no help")
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            house.check(key not in found, f"twice: {key}")
            found[key] = sample.value
    return found


def value(daemon, name, **labels):
    return samples(daemon)[(name, tuple(sorted(labels.items())))]


def send_events(daemon, count):
    socket_ = zmq.Context.instance().socket(zmq.DEALER)
    socket_.setsockopt(zmq.LINGER, 0)
    socket_.connect(daemon.events)
    socket_.send_multipart([b"RS1", b"HELLO", b"pbx", b"1", b"json"])
    house.check(socket_.poll(house.PATIENCE * 1000), "no WELCOME")
    mark = int(socket_.recv_multipart()[2])
    now = time.time_ns() // 1000
    lines = [json.dumps({"source": "pbx", "event_id": f"e{mark + n}", "contact_id": f"c{mark + n}", "queue": "support",
                         "type": "contact.queued",
                         "customer": NUMBER, "occurred_at": now}) for n in range(1, count + 1)] + ["{\"type\": \"contact.queued\"}"]
    socket_.send_multipart([b"RS1", b"BATCH", str(mark + 1).encode(), "\n".join(lines).encode()])
    while mark < count + 1:
        house.check(socket_.poll(house.PATIENCE * 1000), "no ACK")
        answer = socket_.recv_multipart()
        mark = int(answer[2]) if answer[1] == b"ACK" else mark
    socket_.close()


def the_page_is_one(daemon):
    status, headers, body = get(daemon, "/metrics")
    house.check(status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), str(headers))
    checked = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, text=True, timeout=house.PATIENCE)
    house.check(checked.returncode == 0 and checked.stderr == "" and checked.stdout == "", checked.stdout + checked.stderr)
    both = samples(daemon)
    house.check(len(both) > 100, f"{len(both)} samples")
    house.check(NUMBER not in body and NUMBER[1:] not in body, "a caller's number")
    head = get(daemon, "/metrics", method="HEAD")
    house.check(head[0] == 200 and head[2] == "", str(head))


def it_says_what_happened(daemon):
    send_events(daemon, 50)
    house.check(value(daemon, "ringside_ingest_accepted_total", door="acknowledged") == 50, "accepted")
    house.check(value(daemon, "ringside_ingest_refused_total", reason="missing_field") == 1, "refused")
    house.wait_for(lambda: value(daemon, "ringside_core_events_total", result="applied") == 50)
    page = samples(daemon)
    of_events = sum(v for (name, _), v in page.items() if name == "ringside_core_events_total")
    house.check(of_events == page[("ringside_core_received_total", ())] == 51, f"the accounting does not balance: {of_events}")
    house.check(page[("ringside_journal_durable_record", ())] >= 50 and page[("ringside_journal_bytes_total", ())] > 0, "journal")
    house.check(page[("ringside_journal_failing", ())] == 0, "failing")
    left = page[("ringside_journal_left_bytes", ())]
    house.check(0 < left <= 64 << 20 and 0 < page[("ringside_journal_left_seconds", ())] <= 3.6e9, f"{left} bytes left")
    house.check(page[("ringside_receiver_requests_total", (("receiver", "ops"), ("result", "ok")))] == 0, "the receivers' counters")
    house.check(("ringside_receiver_pending", (("receiver", "ops"),)) in page, "the receivers' state")


def the_rules_of_the_readme_name_what_is_there(daemon):
    with open(os.path.join(house.SOURCE, "README.md")) as file:
        block = re.search(r"Rules worth having:\n```\n(.*?)```", file.read(), re.S).group(1)
    wanted = set(re.findall(r"ringside_\w+", block))
    house.check(len(wanted) >= 6, f"rules of {wanted}")
    found = {name for name, _ in samples(daemon)}
    house.check(wanted <= found, f"README.md has rules of what no page has: {wanted - found}")


def other_requests_are_problems(daemon):
    for method, path, expected in (("GET", "/", 404), ("GET", "/metrics/", 404), ("POST", "/metrics", 405), ("DELETE", "/healthz", 405)):
        status, headers, body = get(daemon, path, method=method)
        house.check(status == expected and headers["Content-Type"] == "application/problem+json", f"{method} {path}: {status} {headers}")
        house.check(json.loads(body)["status"] == expected, body)
        house.check(expected != 405 or headers["Allow"] == "GET, HEAD", str(headers))
    house.check(get(daemon, "/healthz")[::2] == (200, "ok\n"), "healthz")
    house.check(get(daemon, "/readyz")[::2] == (200, "ready\n"), "readyz")


def clients_that_stall_or_talk_nonsense_disturb_nobody(daemon):
    stalled = [socket.create_connection(("127.0.0.1", port_of(daemon))) for _ in range(40)]
    for one in stalled[:20]:
        one.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: ")
    nonsense = socket.create_connection(("127.0.0.1", port_of(daemon)))
    nonsense.sendall(b"\x16\x03\x01" + os.urandom(2000))
    long = socket.create_connection(("127.0.0.1", port_of(daemon)))
    long.settimeout(house.PATIENCE)
    long.sendall(b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\n\r\n")
    house.check(get(daemon, "/healthz")[0] == 200, "others do not get through")
    house.check(long.recv(100).startswith((b"HTTP/1.1 414", b"HTTP/1.1 431", b"HTTP/1.1 413")), "a request without end")
    for one in stalled + [nonsense, long]:
        one.close()
    house.check(get(daemon, "/readyz")[0] == 200, "afterwards")


def a_taken_port_and_a_bad_address_are_clear(daemon, path):
    for listen, said in ((f"127.0.0.1:{port_of(daemon)}", "Address already in use"), ("localhost:80", "web.listen"),
                         ("127.0.0.1:99999", "web.listen")):
        other = os.path.join(path, "other")
        os.makedirs(other, exist_ok=True)
        with open(os.path.join(other, "ringside.conf"), "w") as file:
            file.write(f"ingest: {{events: 'ipc://{other}/e', plain: 'ipc://{other}/p'}}\n"
                       f"feed: {{publish: 'ipc://{other}/f', snapshots: 'ipc://{other}/s'}}\n"
                       f"service: {{state_directory: '{other}/state'}}\nweb: {{listen: '{listen}'}}\n")
        result = subprocess.run([os.path.join(house.BUILD, "ringsided"), "--config", file.name],
                                capture_output=True, text=True, timeout=house.PATIENCE)
        house.check(result.returncode == 1 and said in result.stderr, f"{listen}: {result.returncode} {result.stderr}")


def main():
    with house.folder() as path:
        daemon = house.Daemon(path, f"host={path} dbname=away", clock="wall", extra=WEB +
                              "journal: {segment_bytes: 1MiB, max_bytes: 64MiB}\n"
                              "receivers: {ops: {kind: webhook, url: \"http://127.0.0.1:9/\"}}\n")
        try:
            the_page_is_one(daemon)
            it_says_what_happened(daemon)
            the_page_is_one(daemon)
            the_rules_of_the_readme_name_what_is_there(daemon)
            other_requests_are_problems(daemon)
            clients_that_stall_or_talk_nonsense_disturb_nobody(daemon)
            a_taken_port_and_a_bad_address_are_clear(daemon, path)
            status, _ = daemon.stop()
            house.check(status == 0, daemon.output())
        finally:
            daemon.kill()
    print(f"ok, {house.checks} checks")


sys.exit(main())
