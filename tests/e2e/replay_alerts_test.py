#!/usr/bin/python3
"""The rules that ringside comes with, tried on a real call centre: a surge is told while there is still a day to be saved, and an ordinary
week is quiet. Nothing is lost between the lines: every alert's changes follow one from another.

The calls are not part of this project (see replay_truth_test.py): the test is skipped without the shared folder."""
import collections
import sys

from replay_support import Truth, shared_folder, skip_without

MOST_A_DAY = 10
ACTED_ON_BY = "10:00"       # the surge day's offices open at 7 and close at midnight; half of the lost calls come after 14:00
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
    first = min(c["at"] for c in fired(surge))
    print(f"surge day: first alert at {first}, {len(fired(surge))} in all")
    truth.equal("the surge is told in time", first < f"1999-05-23T{ACTED_ON_BY}", True)

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
