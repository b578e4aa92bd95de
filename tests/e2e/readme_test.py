"""The producer and the subscriber of README.md, and those of proto/*.md that stand alone, run as they are printed."""
import os
import re
import subprocess
import threading
import time

import house


def programs(page):
    with open(os.path.join(house.SOURCE, page)) as file:
        return re.findall(r"```python\n(.*?)```", file.read(), re.S)


def on(daemon, program):
    """The same program, with the daemon's endpoints for the default ones."""
    for port, endpoint in ((5570, daemon.events), (5571, daemon.plain), (5572, daemon.feed), (5573, daemon.snapshots)):
        program = program.replace(f"tcp://127.0.0.1:{port}", endpoint)
    return ["/usr/bin/python3", "-u", "-c", program]


def produce_until(daemon, program, is_heard):
    """Nobody tells when a subscriber has come: so the producer runs again until it has heard of a call."""
    deadline = time.monotonic() + house.PATIENCE
    while True:
        produced = subprocess.run(on(daemon, program), capture_output=True, text=True, timeout=house.PATIENCE)
        house.check(produced.returncode == 0 and "b'ACK', b'3'" in produced.stdout, f"the producer: {produced}")
        try:
            return house.wait_for(is_heard, 3)
        except AssertionError:
            house.check(time.monotonic() < deadline, "the subscriber hears nothing")


with house.folder() as path:
    daemon = house.Daemon(path, clock="wall")
    try:
        readme = programs("README.md")
        house.check(len(readme) == 2, f"README.md has {len(readme)} programs")
        for program in readme:
            house.check(len(program.strip().splitlines()) <= 10, "a README program has more than ten lines")
        with open(os.path.join(house.SOURCE, "README.md")) as file:
            shell = re.search(r"readme_test.py -->\n```sh\n(.*?)```", file.read(), re.S).group(1)
        shell = shell.replace("build/release/ringside",
                              os.path.join(house.BUILD, "ringside")).replace("tcp://127.0.0.1:5570", daemon.events)
        result = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, timeout=house.PATIENCE)
        house.check(result.returncode == 0 and "sent 1, acknowledged 1, refused 0" in result.stderr, f"the shell's: {result}")
        board = house.wait_for(lambda: next((line for line in house.ringside("top", "--once", "--config", daemon.config).stdout.splitlines()
                                             if line.startswith("sales ")), None))
        house.check(board.split()[:3] == ["sales", "voice", "1"], f"the shell's call does not wait: {board}")
        past = ('{"source": "shell", "event_id": "2", "occurred_at": "2020-01-01T00:00:00Z", "type": "contact.queued", '
                '"contact_id": "c", "queue": "support"}')
        result = house.ringside("send", "--to", daemon.events, "-", input=past)
        house.check("refused 1 (too_late 1)" in result.stderr and "--now brings them to the present" in result.stderr, f"{result}")
        subscriber = subprocess.Popen(on(daemon, readme[1]), stdout=subprocess.PIPE, text=True)
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(iter(subscriber.stdout.readline, "")), daemon=True)
        reader.start()
        produce_until(daemon, readme[0], lambda: any(re.match(r"([1-9]\d*) \1 .*'numerator': \1\b", line) for line in lines))
        subscriber.kill()
        acknowledged, plain = programs("proto/PROTOCOL.md")[:2]
        for name, program in (("acknowledged", acknowledged), ("plain", plain)):
            result = subprocess.run(on(daemon, program), capture_output=True, text=True, timeout=house.PATIENCE)
            house.check(result.returncode == 0 and "NACK" not in result.stdout, f"PROTOCOL.md, {name}: {result}")
        live = subprocess.Popen(on(daemon, programs("proto/FEED.md")[0]), stdout=subprocess.PIPE, text=True)
        heard = []
        threading.Thread(target=lambda: heard.extend(iter(live.stdout.readline, "")), daemon=True).start()
        produce_until(daemon, readme[0], lambda: any("window/default/queue/support" in line for line in heard))
        live.kill()
    finally:
        daemon.kill()
print(f"1 passed, 0 failed ({house.checks} checks)")
