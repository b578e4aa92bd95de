"""Prometheus Alertmanager as Debian ships it: what it is shown, and what its own receivers hear while everything goes wrong."""
import atexit
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import house
from receiving import Producer, Receiver, RULES, free_port, receivers, run

PROGRAM = shutil.which("prometheus-alertmanager")
FAKETIME = next((path
                 for path in ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1")
                 if os.path.exists(path)), None)
GROUP_WAIT, GROUP_INTERVAL = 1, 2
EPISODES = int(os.environ.get("RS_EPISODES", "24"))     # of each chaos; some 0.7 s each
FAST = {"kind": "alertmanager", "resend": "1s", "hold": "3s", "settle": "6s", "backoff_min": "50ms", "timeout": "1s"}


class Alertmanager:
    """In a folder and on a port of its own; tells a webhook. kill() is kill -9."""

    def __init__(self, path, webhook):
        self.path, self.port = path, free_port()
        self.config = os.path.join(path, f"alertmanager-{self.port}.yml")
        with open(self.config, "w") as file:
            json.dump({"route": {"receiver": "hook", "group_by": ["..."], "group_wait": f"{GROUP_WAIT}s",
                                 "group_interval": f"{GROUP_INTERVAL}s", "repeat_interval": "1h"},
                       "receivers": [{"name": "hook", "webhook_configs": [{"url": webhook, "send_resolved": True}]}]}, file)
        self.process = None
        atexit.register(self.kill)     # also when the test fails before it would
        self.start()

    def start(self):
        with open(os.path.join(self.path, f"alertmanager-{self.port}.log"), "a") as log:
            self.process = subprocess.Popen([PROGRAM, f"--config.file={self.config}", f"--storage.path={self.path}/am-{self.port}",
                                             "--cluster.listen-address=",
                                             f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)
        house.wait_for(self.is_ready)

    def is_ready(self):
        """the Alertmanager is ready"""
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def alerts(self):
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=house.PATIENCE) as answer:
            return json.load(answer)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Proxy:
    """Between the daemon and an Alertmanager: of the requests a share fails, in every way there is."""

    def __init__(self, target, share, seed):
        self.target, self.share, self.chance, self.failed, self.passed = target, share, random.Random(seed), 0, 0
        self.server = Receiver(self.forward)

    def forward(self, number, body):
        if self.chance.random() < self.share:
            self.failed += 1
            return self.chance.choice([500, 503, "drop", "hang", (429, {"Retry-After": "1"})])
        return None

    def reply(self, handler, what):
        if what is not None:
            return Receiver.reply(self.server, handler, what)
        connection = http.client.HTTPConnection("127.0.0.1", self.target.port, timeout=house.PATIENCE)
        try:
            connection.request(handler.command, handler.path, self.server.requests[-1]["body"] if handler.command == "POST" else None,
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        except OSError:
            return Receiver.reply(self.server, handler, "drop")
        self.passed += 1
        handler.send_response_only(answer.status)
        handler.send_header("Date", answer.headers["Date"])
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)


def heard(webhook):
    """(time, status, episode, queue) of every alert in every notification."""
    return [(request["at"], alert["status"], alert["annotations"]["episode"], alert["labels"]["queue"])
            for request in list(webhook.requests) for alert in json.loads(request["body"])["alerts"]]


def check_story(webhook, truth):
    """Each episode is heard firing, then resolved, and never resolved while it fired. `truth`: queue -> (from, to) or None."""
    for queue, span in truth.items():
        story = [(at, status) for at, status, _, name in heard(webhook) if name == queue]
        house.check(span is None or (story and story[0][1] == "firing" and story[-1][1] == "resolved"), f"{queue} {span}: {story}")
        for at, status in story:
            house.check(status == "firing" or at >= span[1], f"{queue} was resolved at {at}, but fired {span}")


def what_fires_is_shown_to_every_alertmanager(path):
    webhook, second_webhook, board = Receiver(), Receiver(), Receiver()
    first, second = Alertmanager(path, webhook.url), Alertmanager(path, second_webhook.url)
    daemon = house.Daemon(path, clock="wall", extra=RULES + receivers(
        first={**FAST, "url": first.url}, second={**FAST, "url": second.url + "/"},
        board={"kind": "webhook", "url": board.url, "format": "alertmanager"}))
    try:
        producer = Producer(daemon.events)
        began = time.time()
        producer.queue("vip")
        alert = house.wait_for(first.alerts)[0]
        house.check(alert["labels"]["alertname"] == "waiting" and alert["labels"]["key"] == "queue/vip/voice"
                    and alert["labels"]["severity"] == "critical", f"{alert}")
        house.check(set(alert["labels"]) == {"alertname", "channel", "family", "instance", "key", "queue", "service", "severity", "tenant"},
                    f"{alert['labels']}")
        house.check(alert["annotations"]["value"] == "1" and alert["annotations"]["runbook_url"].startswith("https://"), f"{alert}")
        house.wait_for(lambda: board.requests)
        ours = board.bodies()[0]["alerts"][0]
        house.check(ours["fingerprint"] == alert["fingerprint"] and ours["labels"] == alert["labels"],
                    "the webhook's fingerprint is Alertmanager's")
        house.wait_for(lambda: webhook.requests and second_webhook.requests)
        # more callers wait: the figure changes, the alert does not
        producer.queue("other")
        producer.tell("contact.queued", ("c2", "vip"))
        ends = alert["endsAt"]
        later = house.wait_for(lambda: next((a for a in first.alerts() if a["labels"]["queue"] == "vip" and a["endsAt"] > ends), None))
        house.check(later["startsAt"] == alert["startsAt"] and later["fingerprint"] == alert["fingerprint"], "startsAt is stable")
        # it is killed and forgets everything
        first.kill()
        first.start()
        again = house.wait_for(lambda: next((a for a in first.alerts() if a["labels"]["queue"] == "vip"), None))
        house.check(again["startsAt"] == alert["startsAt"], "startsAt is stable over its restart")
        house.wait_for(lambda: daemon.said("was restarted"))
        producer.tell("contact.ended", ("c2", None))
        producer.answer("vip", "other")
        ended = time.time()
        for hook in (webhook, second_webhook):
            house.wait_for(lambda: {queue for _, status, _, queue in heard(hook) if status == "resolved"} == {"vip", "other"})
            check_story(hook, {"vip": (began, ended), "other": (began, ended)})
    finally:
        daemon.kill()
        for part in (first, second):
            part.kill()
        for part in (webhook, second_webhook, board):
            part.close()


def an_episode_shorter_than_group_wait_is_heard_all_the_same(path):
    webhook = Receiver()
    manager = Alertmanager(path, webhook.url)
    daemon = house.Daemon(path, clock="wall", extra=RULES + receivers(manager={**FAST, "url": manager.url}))
    try:
        producer = Producer(daemon.events)
        began = time.time()
        producer.queue("vip")
        producer.answer("vip")
        ended = time.time()
        house.wait_for(lambda: [status for _, status, _, _ in heard(webhook)] == ["firing", "resolved"])
        check_story(webhook, {"vip": (began, ended)})
    finally:
        daemon.kill()
        manager.kill()
        webhook.close()


def half_a_batch_that_is_refused_is_split(path):
    def judge(number, body):
        return 400 if b'"queue":"bad' in body else 200
    manager = Receiver(judge)
    daemon = house.Daemon(path, clock="wall", extra=RULES + receivers(manager={**FAST, "url": manager.url, "resend": "2s"}))
    try:
        queues = [f"good{i}" for i in range(40)] + ["bad1", "bad2"]
        Producer(daemon.events).queue(*queues)

        def taken():
            """all good alerts were taken"""
            return {alert["labels"]["queue"] for request in list(manager.requests) if request["answer"] == 200 and request["body"]
                    for alert in json.loads(request["body"])} == set(queues[:40])
        house.wait_for(taken)
        time.sleep(4.5)
        refused = [request for request in manager.requests if request["answer"] == 400]
        house.check(len(refused) <= 16, f"{len(refused)} refusals: what is refused alone must not be shown again")
        house.check(daemon.said("refuses a message"), "the log")
    finally:
        daemon.kill()
        manager.close()


class Chaos:
    """A daemon, an Alertmanager and a proxy between them. Of the requests 30 % fail; both programs are killed again and again; the clocks
    differ."""

    def __init__(self, path, skew_s, seed):
        self.chance = random.Random(seed)
        self.webhook = Receiver()
        self.manager = Alertmanager(path, self.webhook.url)
        self.proxy = Proxy(self.manager, 0.3, seed + 1)
        self.proxy.server.reply = self.proxy.reply
        environment = {"LD_PRELOAD": FAKETIME, "FAKETIME": f"{skew_s:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"} if skew_s else {}
        self.daemon = house.Daemon(path, clock="wall", environment=environment,
                                   extra=RULES + receivers(manager={**FAST, "url": self.proxy.server.url}))
        self.producer = Producer(self.daemon.events, clock=lambda: time.time() + skew_s)     # the daemon's clock
        self.manager_kills, self.daemon_kills, self.stopping = 0, 0, threading.Event()
        self.killer = threading.Thread(target=self.kill_the_manager_now_and_then)
        self.killer.start()

    def kill_the_manager_now_and_then(self):
        while not self.stopping.wait(self.chance.uniform(3, 7)):
            self.manager.kill()
            time.sleep(self.chance.uniform(0, 1.5))
            self.manager.start()
            self.manager_kills += 1

    def kill_the_daemon(self):
        """While nothing is on its way to it: what it acknowledged, it must go on with."""
        self.daemon.kill()
        self.producer.socket.close()
        time.sleep(self.chance.uniform(0, 1))
        self.daemon.start()
        self.producer.connect()
        self.daemon_kills += 1

    def play(self, episodes):
        """One episode of a queue after the other, several at a time. Returns when each began and ended."""
        truth, open_until, next_kill = {}, {}, time.time() + 2
        while len(truth) < episodes or open_until:
            if len(truth) < episodes:
                queue = f"q{len(truth)}"
                self.producer.queue(queue)
                truth[queue] = [time.time(), None]
                open_until[queue] = time.time() + self.chance.uniform(GROUP_WAIT, 6)
            time.sleep(self.chance.uniform(0, 0.8))
            if time.time() > next_kill:
                self.kill_the_daemon()
                next_kill = time.time() + self.chance.uniform(2, 6)
            for name in [name for name, until in open_until.items() if until < time.time()]:
                truth[name][1] = time.time()
                self.producer.answer(name)
                del open_until[name]
        return truth

    def calm_down(self):
        self.stopping.set()
        self.killer.join()

    def end(self):
        self.calm_down()
        self.daemon.kill()
        self.manager.kill()
        self.proxy.server.close()
        self.webhook.close()


def chaos(path, skew_s, seed):
    print(f"   seed {seed}, clocks {skew_s:+d} s apart", flush=True)
    world = Chaos(path, skew_s, seed)
    try:
        truth = world.play(EPISODES)
        world.calm_down()
        house.wait_for(lambda: {queue for _, status, _, queue in heard(world.webhook) if status == "resolved"} == set(truth), pause=0.2)
        time.sleep(1)
        check_story(world.webhook, truth)
        print(f"   {world.proxy.failed} requests failed, {world.proxy.passed} passed; killed: "
              f"Alertmanager {world.manager_kills} times, daemon {world.daemon_kills} times; "
              f"{len(world.webhook.requests)} notifications of {len(truth)} episodes", flush=True)
    finally:
        world.end()


def chaos_with_one_clock(path):
    chaos(path, 0, int(time.time()))


def chaos_with_the_alertmanager_90_s_behind(path):
    chaos(path, 90, int(time.time()))


def chaos_with_the_alertmanager_90_s_ahead(path):
    chaos(path, -90, int(time.time()))


if PROGRAM is None or FAKETIME is None:
    print("prometheus-alertmanager or faketime is not installed: daemon/install-dependencies")
    sys.exit(77)
run(what_fires_is_shown_to_every_alertmanager, an_episode_shorter_than_group_wait_is_heard_all_the_same,
    half_a_batch_that_is_refused_is_split,
    chaos_with_one_clock, chaos_with_the_alertmanager_90_s_behind, chaos_with_the_alertmanager_90_s_ahead)
