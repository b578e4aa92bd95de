#!/usr/bin/python3
"""Contact rate and who came most often against a count of the events: made-up contacts of two tenants, and a real surge day (bank's
calls, see replay_fcr_test.py; left out without the shared folder). Customers appear as pseudonyms only, by the key that is named."""
import collections
import gzip
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

from replay_support import Truth, shared_folder

DAY_US = 1772409600 * 1000000
LISTED = 32


def truth_of(events):
    """By tenant: how many inbound contacts each known customer made."""
    seen, found = {}, collections.defaultdict(collections.Counter)
    for event in events:
        key = (event.get("tenant", "default"), event.get("contact_id"))
        contact = seen.setdefault(key, {})
        for name in ("customer", "direction"):
            if event.get(name) and name not in contact:
                contact[name] = event[name]
    for (tenant, _), contact in seen.items():
        if contact.get("customer") and contact.get("direction", "inbound") == "inbound":
            found[tenant][contact["customer"]] += 1
    return found


def made_up(seed):
    chance = random.Random(seed)
    events = []
    for i in range(600):
        at = DAY_US + chance.randrange(8 * 3600) * 1000000
        contact = {"source": "made-up", "contact_id": f"c{i}", "tenant": chance.choice(("red", "blue")), "queue": "support"}
        if chance.random() < 0.9:
            contact["customer"] = f"+4420{int(chance.paretovariate(0.8)) % 90:07d}"
        if chance.random() < 0.2:
            contact["direction"] = "outbound"
        events.append({**contact, "occurred_at": at, "type": "contact.queued"})
        events.append({**contact, "occurred_at": at + 20 * 1000000, "type": "contact.answered", "agent": "a"})
        events.append({**contact, "occurred_at": at + 90 * 1000000, "type": "contact.ended"})
    events.sort(key=lambda event: event["occurred_at"])
    return [{**event, "seq": i + 1} for i, event in enumerate(events)]


def compare(truth, name, lines, expected):
    truth.equal(f"{name}: tenants", {line["tenant"] for line in lines if line["contacts"]}, set(expected))
    for line in lines:
        counts = expected[line["tenant"]]
        listed = sorted((n for n in counts.values() if n > 1), reverse=True)[:LISTED]
        what = f"{name}, {line['tenant']}"
        truth.equal(f"{what}: contacts", line["contacts"], sum(counts.values()))
        truth.equal(f"{what}: customers", line["customers"], len(counts))
        truth.near(f"{what}: contact rate", line["contact_rate"], sum(counts.values()) / len(counts))
        truth.equal(f"{what}: repeaters", [one["contacts"] for one in line["repeaters"]], listed)
        truth.equal(f"{what}: exact", any(one["at_least"] for one in line["repeaters"]), False)
        truth.equal(f"{what}: different ones", len({one["customer"] for one in line["repeaters"]}), len(listed))
        left = sorted(counts.values(), reverse=True)[len(listed):]
        truth.equal(f"{what}: others", line["others_at_most"] >= max(left, default=0), True)


def run(program, *arguments):
    return subprocess.run([program, "replay", "--customers", *arguments], capture_output=True, text=True, timeout=300, check=False)


def pseudonyms(lines):
    return [one["customer"] for line in lines for one in line["repeaters"]]


def main():
    truth = Truth(sys.argv[1])
    seed = int(os.environ.get("RS_SEED", random.randrange(1000000)))
    print(f"seed: RS_SEED={seed}")
    with tempfile.TemporaryDirectory(prefix="rs-customers-") as folder:
        file, key = pathlib.Path(folder) / "day.ndjson", pathlib.Path(folder) / "key"
        events = made_up(seed)
        file.write_text("".join(json.dumps(event) + "\n" for event in events))
        key.write_bytes(bytes(range(32)))
        with_key = ("--set", f"service.pseudonym_key={key}")
        first, again, without = (truth.rows(file, "--customers", *options) for options in (with_key, with_key, ()))
        compare(truth, "made-up", first, truth_of(events))
        compare(truth, "made-up, without a key", without, truth_of(events))
        truth.equal("the same key, the same pseudonyms", pseudonyms(first), pseudonyms(again))
        truth.equal("another key, other pseudonyms", set(pseudonyms(first)) & set(pseudonyms(without)), set())
        table = run(truth.program, "--output", "table", *with_key, str(file))
        truth.equal("the table's status", table.returncode, 0)
        truth.equal("the table has the pseudonyms", all(one in table.stdout for one in pseudonyms(first)), True)
        said = table.stdout + table.stderr + json.dumps(first)
        truth.equal("no number is shown", any(event.get("customer", "no number")[1:] in said for event in events), False)
        key.write_bytes(b"short")
        truth.equal("a key of another length is refused", run(truth.program, *with_key, str(file)).returncode != 0, True)
        for other in ("--process", "--alerts"):
            truth.equal(f"not together with {other}", run(truth.program, other, str(file)).returncode, 2)
        truth.equal("no CSV", run(truth.program, "--output", "csv", str(file)).returncode, 2)
    bank = shared_folder() / "fixtures" / "bank" / "surge_day_1999-05-23.ndjson.gz"
    if bank.exists():
        with gzip.open(bank, "rt", encoding="utf-8") as lines:
            expected = truth_of([json.loads(line) for line in lines])
        compare(truth, "surge day", truth.rows(bank, "--customers"), expected)
    truth.finish()


main()
