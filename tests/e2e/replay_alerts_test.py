#!/usr/bin/python3
"""The rules that ringside comes with, tried on a real call centre: an evening's surge is told while most of its calls can still be saved, and
an ordinary week is quiet. The limits of the rules were chosen with these two files in sight: this keeps them, and proves nothing of others. Nothing is lost between the lines: every alert's changes follow one from another.

The calls are not part of this project (see replay_truth_test.py): the test is skipped without the shared folder."""
import collections
import sys

from replay_support import Truth, shared_folder, skip_without

MOST_A_DAY = 10
SURGE = ("1999-05-23T20:00", "1999-05-23T21:00")    # it begins at 20:00; of the day's lost calls 121 of 1174 fall into this hour, 683 into the three after
FIELDS = {"at", "rule", "key", "severity", "from", "to", "figure", "limit", "explanation"}


def fired(changes):
    return [c for c in changes if c["from"] in ("ok", "pending") and c["to"] in ("firing", "flapping")]


def check_chain(truth, name, changes):
    state = collections.defaultdict(lambda: "ok")
    for change in changes:
        truth.equal(f"{name}: fields of a change", FIELDS - set(change), set())
        place = (change["rule"], tuple(sorted(change["key"].items(), key=str)))
        truth.equal(f"{name}: {place} before {change['to']} at {change['at']}", change["from"], state[place])
        state[place] = "ok" if change["to"] == "resolved" else change["to"]


def main(build):
    folder = shared_folder() / "fixtures" / "bank"
    skip_without(folder)
    truth = Truth(build)
    surge = truth.rows(folder / "surge_day_1999-05-23.ndjson.gz", "--alerts")
    check_chain(truth, "surge", surge)
    in_time = [c for c in fired(surge) if SURGE[0] <= c["at"] < SURGE[1]]
    print(f"surge day: {len(fired(surge))} alerts; of the surge: {[(c['at'], c['rule']) for c in in_time]}")
    truth.equal("the surge is told in its first hour", len(in_time) > 0, True)

    week = truth.rows(folder / "week_1999-06-20.ndjson.gz", "--alerts")
    check_chain(truth, "week", week)
    a_day = collections.Counter(c["at"][:10] for c in fired(week))
    print(f"ordinary week: {dict(sorted(a_day.items()))}")
    truth.equal("an ordinary day is quiet", max(a_day.values()) <= MOST_A_DAY, True)
    truth.equal("but not blind", sum(a_day.values()) > 0, True)

    again = truth.rows(folder / "week_1999-06-20.ndjson.gz", "--alerts")
    truth.equal("the same twice", again == week, True)
    truth.finish()


main(sys.argv[1])
