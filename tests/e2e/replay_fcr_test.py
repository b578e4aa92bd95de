#!/usr/bin/python3
"""First-contact resolution with a one-day window on a real call centre's week and surge evening, against a recomputation from the
events by brute force, written from the definitions alone.

The calls are the "Anonymous Bank" data of the Technion (Ilan Guedj and Avishai Mandelbaum, documentation of 9 February 2000).
They are not part of this project: the test reads them from fixtures/bank of the shared folder and is skipped without it.
"""
import collections
import datetime
import gzip
import json
import sys

from replay_support import Truth, only, shared_folder, skip_without

FILES = ("surge_day_1999-05-23", "week_1999-06-20")
SECOND = 1000000
DAY = 86400 * SECOND
HALF_HOUR = 1800 * SECOND
GRACE = 60 * SECOND


def micros(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(moment.timestamp()) * SECOND


class Contact:
    """One visit, from its events in order."""

    def __init__(self, events):
        self.start = events[0][0]
        ends = [at for at, event in events if event["type"] in ("contact.ended", "contact.abandoned")]
        self.end = ends[-1] if ends else events[-1][0]
        self.customer = next((event["customer"] for _, event in events if event.get("customer")), None)
        self.inbound = next((event["direction"] for _, event in events if event.get("direction")), "inbound") == "inbound"
        self.first_queue = next((event["queue"] for _, event in events if event["type"] == "contact.queued"), "")
        self.topic = next((event["topic"] for _, event in events if event.get("topic")), "")
        self.handling = None
        queued, answered = None, None
        for at, event in events:
            if event["type"] == "contact.queued":
                queued = (at, event["queue"])
            elif event["type"] == "contact.answered" and self.handling is None:
                enter, queue = queued if queued else (at, event.get("queue", ""))
                answered, queued = (at, enter, queue, event["agent"]), None
            elif event["type"] in ("contact.ended", "contact.abandoned") and answered and self.handling is None:
                self.handling = answered
        self.queue = self.handling[2] if self.handling else self.first_queue


class Group:
    """A journey: contacts joined by redial."""

    def __init__(self, contact):
        self.start, self.end, self.handling, self.topic = contact.start, contact.end, contact.handling, contact.topic

    def takes(self, contact):
        if contact.start - self.end > GRACE:
            return False
        self.end = max(self.end, contact.end)
        if contact.handling and (self.handling is None or contact.handling[0] < self.handling[0]):
            self.handling = contact.handling
        return True


def read(path):
    contacts, last = collections.OrderedDict(), 0
    with gzip.open(path, "rt", encoding="utf-8") as file:
        events = sorted((micros(event["occurred_at"]), event["source"], event["seq"], event) for event in map(json.loads, file))
    for at, _, _, event in events:
        contacts.setdefault(event["contact_id"], []).append((at, event))
        last = max(last, at)
    return [Contact(story) for story in contacts.values()], last


def judge(contacts, last, scope, handled_only, never):
    """(first handling, flags) of every eligible journey."""
    chains = collections.defaultdict(list)
    for contact in contacts:
        if contact.customer and contact.inbound:
            chains[contact.customer, {"any": None, "queue": contact.queue, "topic": contact.topic}[scope]].append(contact)
    verdicts = []
    for chain in chains.values():
        groups = []
        for contact in sorted(chain, key=lambda one: one.start):
            if not groups or not groups[-1].takes(contact):
                groups.append(Group(contact))
        for i, group in enumerate(groups):
            if not group.handling:
                continue
            later = [other for other in groups[i + 1:] if other.handling or not handled_only]
            repeated = any(other.start - group.end <= DAY for other in later)
            verdicts.append((group.handling, repeated, group.end + DAY <= last, group.topic in never))
    return verdicts


def expect(verdicts):
    figures = {"eligible": len(verdicts), "repeated": sum(one[1] for one in verdicts), "flagged_unresolved": 0}
    figures["unresolved"] = figures["repeated"]
    figures["value"] = (figures["eligible"] - figures["repeated"]) / figures["eligible"] if verdicts else None
    figures["state"] = None if not verdicts else "matured" if all(one[2] for one in verdicts) else "provisional"
    net = [one for one in verdicts if not one[3]]
    repeated = sum(one[1] for one in net)
    figures["net"] = {"eligible": len(net), "unresolved": repeated, "value": (len(net) - repeated) / len(net) if net else None}
    return figures


def compare(truth, what, row, verdicts):
    expected = expect(verdicts)
    for field in ("eligible", "repeated", "flagged_unresolved", "unresolved", "state"):
        truth.equal(f"{what} {field}", row["fcr"][field], expected[field])
    truth.near(f"{what} value", row["fcr"]["value"], expected["value"], absolute=1e-12)
    for field in ("eligible", "unresolved"):
        truth.equal(f"{what} net {field}", row["fcr"]["net"][field], expected["net"][field])
    truth.near(f"{what} net value", row["fcr"]["net"]["value"], expected["net"]["value"], absolute=1e-12)


def check_keys(truth, name, events, verdicts, options):
    settings = ("--set", "fcr.repeat_window=1d", *options)
    whole = only(truth.rows(events, *settings, "--interval", "all", "--by", "total"))
    compare(truth, f"{name} total", whole, verdicts)
    for by, place in (("queue", 2), ("agent", 3)):
        rows = truth.rows(events, *settings, "--interval", "all", "--by", by)
        for row in rows:
            compare(truth, f"{name} {by} {row[by]}", row, [one for one in verdicts if one[0][place] == (row[by] or "")])
        truth.equal(f"{name} {by} adds up", sum(row["fcr"]["eligible"] for row in rows), len(verdicts))


def check_intervals(truth, name, events, verdicts, options):
    for attribution, place in (("event", 0), ("enter", 1)):
        rows = truth.rows(events, "--set", "fcr.repeat_window=1d", *options, "--by", "queue", "--attribution", attribution)
        found = collections.defaultdict(list)
        for one in verdicts:
            found[one[0][place] // HALF_HOUR * HALF_HOUR, one[0][2]].append(one)
        for row in rows:
            at = micros(row["interval_start"])
            compare(truth, f"{name} {attribution} {row['interval_start']} {row['queue']}", row, found.pop((at, row["queue"] or ""), []))
        truth.equal(f"{name} {attribution} half-hours without a row", len(found), 0)


def main(build):
    folder = shared_folder() / "fixtures/bank"
    skip_without(folder)
    truth = Truth(build)
    for name in FILES:
        events = folder / f"{name}.ndjson.gz"
        contacts, last = read(events)
        variants = (("any", False, ()), ("any", True, ("--set", "fcr.repeat_counts=handled")),
                    ("queue", False, ("--set", "fcr.scope=queue")), ("topic", True,
                    ("--set", "fcr.scope=topic", "--set", "fcr.repeat_counts=handled")))
        for scope, handled_only, options in variants:
            verdicts = judge(contacts, last, scope, handled_only, ())
            what = f"{name} {scope} {'handled' if handled_only else 'any'}"
            check_keys(truth, what, events, verdicts, options)
            check_intervals(truth, what, events, verdicts, options)
    truth.finish()


if __name__ == "__main__":
    main(sys.argv[1])
