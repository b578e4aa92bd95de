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


with house.folder() as path:
    daemon = house.Daemon(path, clock="wall")
    try:
        readme = programs("README.md")
        house.check(len(readme) == 2, f"README.md has {len(readme)} programs")
        for program in readme:
            house.check(len(program.strip().splitlines()) <= 10, "a README program has more than ten lines")
        subscriber = subprocess.Popen(on(daemon, readme[1]), stdout=subprocess.PIPE, text=True)
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(iter(subscriber.stdout.readline, "")), daemon=True)
        reader.start()
        time.sleep(1.0)
        produced = subprocess.run(on(daemon, readme[0]), capture_output=True, text=True, timeout=30)
        house.check(produced.returncode == 0 and "b'ACK', b'3'" in produced.stdout, f"the producer: {produced}")
        house.wait_for(lambda: any(line.startswith("1 1 ") and "'numerator': 1" in line for line in lines), 20)
        subscriber.kill()
        acknowledged, plain = programs("proto/PROTOCOL.md")[:2]
        for name, program in (("acknowledged", acknowledged), ("plain", plain)):
            result = subprocess.run(on(daemon, program), capture_output=True, text=True, timeout=30)
            house.check(result.returncode == 0 and "NACK" not in result.stdout, f"PROTOCOL.md, {name}: {result}")
        live = subprocess.Popen(on(daemon, programs("proto/FEED.md")[0]), stdout=subprocess.PIPE, text=True)
        heard = []
        threading.Thread(target=lambda: heard.extend(iter(live.stdout.readline, "")), daemon=True).start()
        time.sleep(1.0)
        subprocess.run(on(daemon, readme[0]), capture_output=True, text=True, timeout=30, check=True)
        house.wait_for(lambda: any("window/default/queue/support" in line for line in heard), 20)
        live.kill()
    finally:
        daemon.kill()
print(f"1 passed, 0 failed ({house.checks} checks)")
