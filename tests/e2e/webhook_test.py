"""Webhooks: what is sent, how it is signed, and that a receiver that hangs, lies, redirects or refuses is no other's business."""
import hashlib
import hmac
import json
import os
import signal
import ssl
import subprocess
import time

import house
from receiving import Producer, Receiver, RULES, free_port, receivers, run

FAST = {"kind": "webhook", "backoff_min": "20ms", "backoff_max": "200ms", "timeout": "1s", "burst": 1000, "every": "1ms"}


def secret_file(path, text, mode=0o600):
    name = os.path.join(path, f"secret-{mode:o}")
    with open(name, "w") as file:
        file.write(text + "\n")
    os.chmod(name, mode)
    return name


def documented_check():
    """is_ours() of proto/RECEIVERS.md."""
    with open(os.path.join(house.SOURCE, "proto", "RECEIVERS.md")) as page:
        names = {}
        exec(page.read().split("```python\n")[1].split("```")[0], names)
        return names["is_ours"]


def cloudevents_are_signed_and_in_order(path):
    key = "0123456789abcdef-webhook"
    receiver = Receiver()
    daemon = house.Daemon(path, clock="wall", extra=RULES + receivers(
        board={**FAST, "url": receiver.url + "/hook?a=b", "secret_file": secret_file(path, key)}))
    try:
        producer = Producer(daemon.events)
        producer.queue("vip")
        house.wait_for(lambda: len(receiver.requests) == 1)
        producer.answer("vip")
        house.wait_for(lambda: len(receiver.requests) == 2)
        firing, resolved = receiver.bodies()
        for body, kind, state in ((firing, "ringside.alert.firing", "firing"), (resolved, "ringside.alert.resolved", "resolved")):
            house.check(body["specversion"] == "1.0" and body["type"] == kind and body["source"].startswith("/ringside/"),
                        f"no CloudEvent: {body}")
            house.check(body["subject"] == "default/queue/vip/voice" and body["datacontenttype"] == "application/json", f"subject: {body}")
            data = body["data"]
            house.check(data["state"] == state and data["queue"] == "vip" and data["severity"] == "critical" and data["rule"] == "waiting",
                        f"data: {data}")
            house.check(data["runbook"] == "https://wiki.example.org/waiting" and data["limit"] == 0, f"data: {data}")
        house.check(firing["data"]["value"] == 1 and resolved["data"]["value"] == 0, "figures")
        house.check(firing["id"] != resolved["id"] and firing["data"]["episode"] == resolved["data"]["episode"], "identities")
        for request in receiver.requests:
            headers = request["headers"]
            house.check(request["path"] == "/hook?a=b" and headers["Content-Type"].startswith("application/cloudevents+json"), f"{headers}")
            house.check(headers["Idempotency-Key"] == f'"{json.loads(request["body"])["id"]}"', f"{headers}")
            stamp, signature = [part.split("=")[1] for part in headers["Ringside-Signature"].split(",")]
            expected = hmac.new(key.encode(), stamp.encode() + b"." + request["body"], hashlib.sha256).hexdigest()
            house.check(hmac.compare_digest(signature, expected) and abs(int(stamp) - time.time()) < 10, "signature")
            house.check(documented_check()(key.encode(), headers["Ringside-Signature"], request["body"]), "the documented check")
            house.check(not documented_check()(key.encode(), headers["Ringside-Signature"], request["body"] + b" "),
                        "the documented check takes anything")
        house.check(key not in daemon.output(), "the secret is in the log")
    finally:
        daemon.kill()
        receiver.close()


def alertmanagers_form_is_what_its_receivers_know(path):
    receiver = Receiver()
    daemon = house.Daemon(path, clock="wall", extra=RULES + receivers(board={**FAST, "url": receiver.url, "format": "alertmanager"}))
    try:
        producer = Producer(daemon.events)
        producer.queue("vip")
        producer.answer("vip")
        house.wait_for(lambda: len(receiver.requests) == 2)
        for body, state in zip(receiver.bodies(), ("firing", "resolved")):
            house.check(body["version"] == "4" and body["status"] == state and body["receiver"] == "board" and body["truncatedAlerts"] == 0,
                        f"{body}")
            alert, = body["alerts"]
            house.check(alert["status"] == state and alert["labels"]["alertname"] == "waiting" and alert["labels"]["queue"] == "vip",
                        f"{alert}")
            house.check(body["commonLabels"] == alert["labels"] and alert["annotations"]["summary"].startswith("waiting: queue/vip/voice"),
                        f"{body}")
            house.check((alert["endsAt"] == "0001-01-01T00:00:00Z") == (state == "firing"), f"{alert}")
            house.check(len(alert["fingerprint"]) == 16 and alert["startsAt"].endswith("Z"), f"{alert}")
    finally:
        daemon.kill()
        receiver.close()


def one_bad_receiver_is_nobody_elses_business(path):
    """Each of these is wrong in its own way; the good one hears everything at once all the same."""
    target = Receiver()
    bad = {"hangs": Receiver(lambda number, body: "hang"), "drops": Receiver(lambda number, body: "drop"),
           "fails": Receiver(lambda number, body: 500), "forbids": Receiver(lambda number, body: 403),
           "redirects": Receiver(lambda number, body: (302, {"Location": target.url})), "drips": Receiver(lambda number, body: "drip"),
           "refuses": Receiver(lambda number, body: 400)}
    good = Receiver()
    entries = {name: {**FAST, "url": receiver.url} for name, receiver in bad.items()}
    entries["closed"] = {**FAST, "url": f"http://127.0.0.1:{free_port()}"}
    entries["unknown"] = {**FAST, "url": "http://no-such-host.invalid/"}
    entries["good"] = {**FAST, "url": good.url}
    daemon = house.Daemon(path, clock="wall", extra=RULES + receivers(**entries))
    try:
        producer, took = Producer(daemon.events), []
        for i in range(10):
            began = time.monotonic()
            producer.queue(f"q{i}")
            house.wait_for(lambda: len(good.requests) == 2 * i + 1, pause=0.005)
            producer.answer(f"q{i}")
            house.wait_for(lambda: len(good.requests) == 2 * i + 2, pause=0.005)
            took.append(time.monotonic() - began)
        # Waiting for one that hangs would take its time limit, 1 s, nearly each time; a busy machine may stand still once or twice.
        house.check(sorted(took)[5] < 1.0, f"the good receiver waited {took}")
        house.check([body["data"]["state"] for body in good.bodies()] == ["firing", "resolved"] * 10, "order")
        house.wait_for(lambda: len(bad["fails"].requests) > 5)
        house.check(not target.requests, "a redirect was followed")
        house.wait_for(lambda: daemon.said("does not take them") and daemon.said("refuses a message"))
        house.wait_for(lambda: len(bad["drips"].requests) >= 2)     # an answer without end counts as taken
        # all is well again: they end with the truth
        for name, receiver in bad.items():
            receiver.answer = lambda number, body: 200
            receiver.hanging.set()
        for name in ("hangs", "drops", "fails", "forbids", "redirects"):
            def knows():
                """every episode resolved at """
                last = {}
                for body in bad[name].bodies():
                    for change in body["data"].get("changes", [body["data"]]):
                        last[change["episode"]] = change["state"]
                return len(last) == 10 and set(last.values()) == {"resolved"}
            house.wait_for(knows)
    finally:
        daemon.kill()
        for receiver in [target, good, *bad.values()]:
            receiver.close()


def retry_after_is_kept_and_the_same_message_has_the_same_key(path):
    receiver = Receiver(lambda number, body: (429, {"Retry-After": "2"}) if number == 0 else 503 if number == 1 else 200)
    daemon = house.Daemon(path, clock="wall", extra=RULES + receivers(board={**FAST, "url": receiver.url}))
    try:
        Producer(daemon.events).queue("vip")
        house.wait_for(lambda: len(receiver.requests) == 3)
        first, second, third = receiver.requests
        house.check(second["at"] - first["at"] >= 1.95, f"asked again after {second['at'] - first['at']:.2f} s")
        house.check(third["at"] - second["at"] < 1.0, "the pause after 503")
        house.check(len({request["headers"]["Idempotency-Key"] for request in receiver.requests}) == 1, "keys differ")
    finally:
        daemon.kill()
        receiver.close()


def a_certificate_that_nobody_vouches_for_is_refused(path):
    key, certificate = os.path.join(path, "key.pem"), os.path.join(path, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    receiver = Receiver(tls=tls)
    daemon = house.Daemon(path, clock="wall", extra=RULES + receivers(stranger={**FAST, "url": receiver.url + "/stranger"},
                                                                     friend={**FAST, "url": receiver.url + "/friend",
                                                                             "ca_file": certificate}))
    try:
        Producer(daemon.events).queue("vip")
        house.wait_for(lambda: receiver.requests)
        house.wait_for(lambda: daemon.said("does not take them"))
        house.check({request["path"] for request in receiver.requests} == {"/friend"}, "something was sent to a stranger")
    finally:
        daemon.kill()
        receiver.close()


def five_thousand_queues_at_once_are_a_first_page_within_a_second_and_one_digest(path):
    """All are stored, the first page comes at once, one digest says exactly what it stands for, and in the end the receiver knows the
    truth."""
    queues = [f"q{i:04d}" for i in range(5000)]
    receiver = Receiver()
    postgres = house.Postgres(path)
    daemon = house.Daemon(path, postgres.conninfo, clock="wall", extra=RULES + receivers(
        board={**FAST, "url": receiver.url, "burst": 20, "every": "5s", "digest_wait": "3s", "digest_period": "5s", "timeout": "10s"}))
    def known():
        """what the receiver knows of each queue"""
        last = {}
        for body in receiver.bodies():
            for change in body["data"].get("changes", [body["data"]]):
                last[change["key"]] = change["state"]
        return last
    try:
        house.wait_for(lambda: daemon.said("connected"))
        producer = Producer(daemon.events)
        began = time.time()
        for i in range(0, len(queues), 250):
            producer.queue(*queues[i:i + 250])
        house.wait_for(lambda: receiver.requests, pause=0.005)
        first = receiver.requests[0]["at"] - began
        house.check(first < 1.0, f"the first page took {first:.2f} s")
        house.wait_for(lambda: len(known()) == 5000, pause=0.2)
        house.check(set(known().values()) == {"firing"}, "all fire")
        messages = receiver.bodies()
        digests = [body["data"] for body in messages if body["type"] == "ringside.alert.digest"]
        singles = len(messages) - len(digests)
        house.check(20 <= singles <= 25 and 1 <= len(digests) <= 2, f"{singles} messages and {len(digests)} digests")
        house.check(sum(digest["firing"] for digest in digests) == 5000 - singles,
                    f"{singles} messages, {[digest['firing'] for digest in digests]}")
        for digest in digests:
            house.check(len(digest["changes"]) == digest["firing"] and digest["left"] == 0
                        and len(digest["worst"]) == min(10, digest["firing"]), "a digest's lists")
            house.check(digest["by_rule"] == [{"rule": "waiting", "severity": "critical", "firing": digest["firing"], "resolved": 0,
                                               "dropped_full": 0, "dropped_refused": 0}], f"{digest['by_rule']}")
        house.wait_for(lambda: postgres.query("SELECT count(DISTINCT episode) AS n FROM ringside.alert_transition "
                                              "WHERE to_state = 'firing'")[0]["n"] == 5000)
        for i in range(0, len(queues), 250):
            producer.answer(*queues[i:i + 250])

        house.wait_for(lambda: set(known().values()) == {"resolved"}, pause=0.2)
        digests = [body for body in receiver.bodies() if body["type"] == "ringside.alert.digest"]
        house.check(len(digests) <= 5, f"{len(digests)} digests")
        print(f"   first page after {1000 * first:.0f} ms; {len(receiver.requests)} messages, {len(digests)} of them digests", flush=True)
    finally:
        daemon.kill()
        receiver.close()
        postgres.remove()


def a_storm_of_alerts_that_explain_themselves_is_as_fast(path):
    """To take 5,000 apart among 5,000 queues would be too much for a second: some are, the others go out without, and nobody waits."""
    rules = "\nalerts: {rules: {calls: {metric: offered, window: 5m, compare: above, limit: 0}}}\n"
    queues = [f"q{i:04d}" for i in range(5000)]
    receiver = Receiver()
    postgres = house.Postgres(path)
    daemon = house.Daemon(path, postgres.conninfo, clock="wall", extra=rules + receivers(board={**FAST, "url": receiver.url}))

    def all_are_stored():
        """every episode is in the database"""
        return postgres.query("SELECT count(DISTINCT episode) AS n FROM ringside.alert_transition "
                              "WHERE to_state = 'firing'")[0]["n"] == 5000
    try:
        house.wait_for(lambda: daemon.said("connected"))
        producer = Producer(daemon.events)
        producer.queue("before")
        house.wait_for(lambda: receiver.requests)
        began = time.time()
        for i in range(1, len(queues), 250):
            producer.queue(*queues[i:i + 250])
        house.wait_for(lambda: len(receiver.requests) > 1, pause=0.005)
        first = receiver.requests[1]["at"] - began
        house.check(first < 1.0, f"the first page took {first:.2f} s")
        house.wait_for(all_are_stored, pause=0.2)
        apart = postgres.query("SELECT count(*) AS n FROM ringside.alert_transition WHERE to_state = 'firing' "
                               "AND explanation -> 'parts' <> '[]'")[0]["n"]
        house.check(0 < apart < 5000, f"{apart} were taken apart")
        print(f"   first page after {1000 * first:.0f} ms; {apart} of 5000 alerts taken apart", flush=True)
    finally:
        daemon.kill()
        receiver.close()
        postgres.remove()


def a_reload_adds_and_takes_receivers(path):
    old, new = Receiver(), Receiver()
    daemon = house.Daemon(path, clock="wall", extra=RULES + receivers(old={**FAST, "url": old.url}))
    try:
        producer = Producer(daemon.events)
        producer.queue("vip")
        house.wait_for(lambda: old.requests)
        daemon.write_config("wall", None, RULES + receivers(new={**FAST, "url": new.url}))
        daemon.process.send_signal(signal.SIGHUP)
        house.wait_for(lambda: new.requests)
        house.check(new.bodies()[0]["data"]["state"] == "firing", "a new receiver is told of what is open")
        daemon.write_config("wall", None, RULES + receivers(new={**FAST, "url": new.url, "secret_file": "/no/such/file"}))
        daemon.process.send_signal(signal.SIGHUP)
        house.wait_for(lambda: daemon.said("the receivers of alerts stay as they were"))
        producer.answer("vip")
        house.wait_for(lambda: len(new.requests) == 2)
        house.check(len(old.requests) == 1, "a receiver that is not configured any more was told")
        house.check(daemon.stop()[0] == 0, "stopping")
    finally:
        daemon.kill()
        old.close()
        new.close()


def a_receiver_hears_of_what_it_is_meant_to_hear(path):
    rules = """
alerts:
  rules:
    grave: {metric: waiting, key: "grave", compare: above, limit: 0, clear: 0, severity: critical}
    slight: {metric: waiting, key: "slight", compare: above, limit: 0, clear: 0, severity: info}
"""
    everything, worse, other = Receiver(), Receiver(), Receiver()
    entries = {"everything": {**FAST, "url": everything.url}, "worse": {**FAST, "url": worse.url, "severity": "warning"},
               "other": {**FAST, "url": other.url, "tenant": "elsewhere"}}
    daemon = house.Daemon(path, clock="wall", extra=rules + receivers(**entries))

    def told(receiver):
        return [(body["data"]["rule"], body["data"]["state"]) for body in receiver.bodies()]
    try:
        producer = Producer(daemon.events)
        producer.queue("slight", "grave")
        house.wait_for(lambda: len(told(everything)) == 2 and len(told(worse)) == 1)
        entries["everything"]["severity"] = "critical"      # what it was told of ends all the same
        daemon.write_config("wall", None, rules + receivers(**entries))
        daemon.process.send_signal(signal.SIGHUP)
        house.wait_for(lambda: daemon.said("reloaded"))
        producer.answer("slight", "grave")
        house.wait_for(lambda: len(told(everything)) == 4 and len(told(worse)) == 2)
        house.check(sorted(told(everything)) == [("grave", "firing"), ("grave", "resolved"), ("slight", "firing"), ("slight", "resolved")],
                    f"{told(everything)}")
        house.check(told(worse) == [("grave", "firing"), ("grave", "resolved")] and not other.requests, f"{told(worse)}")
    finally:
        daemon.kill()
        for receiver in (everything, worse, other):
            receiver.close()


def a_secret_that_others_may_read_is_refused_at_the_start(path):
    for entry, why in (({"url": "http://127.0.0.1:1", "secret_file": secret_file(path, "0123456789abcdef", 0o644)}, "others may read"),
                       ({"url": "http://127.0.0.1:1", "secret_file": secret_file(path, "short", 0o600)}, "16 to 256"),
                       ({"url_file": secret_file(path, "ftp://example.org", 0o640)}, "is not http")):
        config = os.path.join(path, "refused.conf")
        with open(config, "w") as file:
            file.write(f"service: {{state_directory: \"{path}/state\"}}\n" + receivers(board={"kind": "webhook", **entry}))
        result = subprocess.run([os.path.join(house.BUILD, "ringsided"), "--config", config],
                                capture_output=True, text=True, timeout=house.PATIENCE)
        house.check(result.returncode == 1 and why in result.stderr, f"{result.returncode}: {result.stderr}")


run(cloudevents_are_signed_and_in_order, alertmanagers_form_is_what_its_receivers_know, one_bad_receiver_is_nobody_elses_business,
    retry_after_is_kept_and_the_same_message_has_the_same_key, a_certificate_that_nobody_vouches_for_is_refused,
    five_thousand_queues_at_once_are_a_first_page_within_a_second_and_one_digest,
    a_storm_of_alerts_that_explain_themselves_is_as_fast, a_reload_adds_and_takes_receivers,
    a_receiver_hears_of_what_it_is_meant_to_hear, a_secret_that_others_may_read_is_refused_at_the_start)
