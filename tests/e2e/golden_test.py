#!/usr/bin/python3
"""Every golden value of the design (metrics.md, and the tables of research that it names), and the test that proves it.

PROVEN names a test for each: the test must be there under its name, with the value in it. What a user can ask `ringside replay` for
is asked for here as well, through the whole program.
"""
import json
import pathlib
import re
import sys
import tempfile

from replay_support import SOURCE, Truth, only

# (golden value, file below tests/, name of the test, what must be written in it)
PROVEN = [
    ("six service levels 83.02 86.00 81.13 82.69 82.08 81.90", "unit/oracle/golden_test.c", "six_service_levels_of_metrics",
     r"83\.02, 86\.00, 81\.13, 82\.69, 82\.08, 81\.90"),
    ("Cisco: ignore 77.8, negative 70, positive 80", "unit/oracle/golden_test.c", "cisco_s_three_ways_with_abandoned_calls",
     r"77\.7|77\.8"),
    ("05:23 to 06:15 by half hours: 52 min in 06:00 (close)", "unit/core_contact/close_test.c",
     "fifty_two_minutes_of_a_contact_stand_in_the_half_hour_of_its_end", r"52 \* RS_US_PER_MIN"),
    ("07:28 to 07:32: offered in 07:00, answered in 07:30 (event)", "unit/oracle/golden_test.c",
     "a_call_over_the_half_hour_is_offered_before_and_answered_after", r"28"),
    ("adherence 71.4 % (20 min out of 70), from states and a plan", "unit/core_agent/plan_test.c",
     "twenty_minutes_out_of_seventy_are_an_adherence_of_71_4_per_cent", r"MINUTES\(70\)"),
    ("adherence 71.4 % (20 min out of 70), in a printed row", "unit/cli/row_test.c", "adherence_is_bounded_at_zero", r"0\.714"),
    ("weighted 65.38 % against a mean of percentages 57.93 %", "unit/store/figures_test.c", "a_roll_up_weighs_by_calls", r"65\.38.*57\.93"),
    ("Erlang C: P(wait) 0.1741319, SL 0.8883500, occupancy 0.7142857; C(48,55) 0.238700936", "unit/core_predict/erlang_test.c",
     "erlang_c_gives_the_published_figures", r"0\.1741319.*0\.888350.*0\.7142857.*0\.238700936"),
    ("Erlang A: P(W>0) 0.467774069, P(abandon) 0.030912249", "unit/core_predict/erlang_test.c", "erlang_a_gives_the_published_figures",
     r"0\.467774069.*0\.030912249"),
    ("the real week and surge evening", "e2e/replay_truth_test.py", "check_agents", r"lt10"),
    ("Charlotte's half-hours: 3.5 %, ASA 30 s, AHT 307 s, occupancy 95.1 %", "e2e/replay_charlotte_test.py", "check_day", r"occ_pct"),
    ("Asterisk's own counters", "e2e/replay_asterisk_test.py", "main", r"truth"),
    ("nothing counted is null, never 0 % or 100 %", "unit/cli/row_test.c", "nothing_is_null_and_never_zero_or_one", r"service_level"),
    ("percentiles by nearest rank, within 1.6 %", "unit/oracle/golden_test.c",
     "percentiles_are_nearest_rank_and_buckets_follow_the_layout", r"."),
]


def check_proven(truth):
    for value, file, name, text in PROVEN:
        path = SOURCE / "tests" / file
        source = path.read_text(encoding="utf-8") if path.exists() else ""
        found = re.search(r"(?:static void |def )" + name + r"\(.*?(?=\n(?:static |def |const |struct |if __name__)|\Z)", source, re.S)
        truth.equal(f"{value}: {file} has the test {name}", found is not None, True)
        if found:
            truth.equal(f"{value}: it is written in {name}", re.search(text, found.group(), re.S) is not None, True)


# --- asked of the program ---------------------------------------------------------------------------------------------
MIDNIGHT = 1772409600 * 1000000   # 2026-03-02T00:00:00Z


class Book:
    def __init__(self):
        self.events = []

    def add(self, at_s, kind, contact, **fields):
        self.events.append({"source": "s", "occurred_at": MIDNIGHT + int(at_s * 1000000), "type": kind, "contact_id": contact, **fields})

    def calls(self, count, wait_s, outcome):
        for _ in range(count):
            contact, at = f"c{len(self.events)}", 36000 + len(self.events) % 900
            self.add(at, "contact.queued", contact, queue="q")
            self.add(at + wait_s, outcome, contact)

    def write(self, folder):
        path = pathlib.Path(folder) / "events.ndjson"
        events = sorted(self.events, key=lambda event: event["occurred_at"])
        path.write_text("".join(json.dumps({**event, "seq": seq}) + "\n" for seq, event in enumerate(events, 1)), encoding="utf-8")
        return path


def levels(truth, book, folder, *policies):
    row = only(truth.rows(book.write(folder), "--interval", "all", "--by", "total", "--policy", ",".join(policies)))
    return [round(100 * row["service_level"][policy]["value"], 2) for policy in policies]


def check_levels(truth, folder):
    book = Book()
    for count, wait_s, outcome in ((860, 10, "answered"), (140, 30, "answered"), (10, 3, "abandoned"), (10, 10, "abandoned"),
                                   (40, 30, "abandoned")):
        book.calls(count, wait_s, f"contact.{outcome}")
    truth.equal("the six service levels", levels(truth, book, folder, "abandon_within_hit", "answered_only", "abandon_miss",
                                                 "abandon_within_excluded", "short_hit", "short_excluded"),
                [83.02, 86.0, 81.13, 82.69, 82.08, 81.9])
    book = Book()
    for count, wait_s, outcome in ((70, 10, "answered"), (10, 10, "abandoned"), (20, 30, "answered")):
        book.calls(count, wait_s, f"contact.{outcome}")
    truth.equal("Cisco's ignore, negative, positive",
                levels(truth, book, folder, "abandon_within_excluded", "abandon_miss", "abandon_within_hit"), [77.78, 70.0, 80.0])


def check_attributions(truth, folder):
    long_call, short_call = Book(), Book()
    long_call.add(5 * 3600 + 23 * 60, "contact.queued", "c", queue="q")
    long_call.add(5 * 3600 + 23 * 60, "contact.answered", "c", agent="a")
    long_call.add(6 * 3600 + 15 * 60, "contact.ended", "c")
    rows = truth.rows(long_call.write(folder), "--interval", "30m", "--attribution", "close")
    truth.equal("05:23 to 06:15 is one row by its end", [(row["interval_start"], row["talk_ms_sum"]) for row in rows],
                [("2026-03-02T06:00:00Z", 52 * 60000)])
    short_call.add(7 * 3600 + 28 * 60, "contact.queued", "c", queue="q")
    short_call.add(7 * 3600 + 32 * 60, "contact.answered", "c", agent="a")
    rows = truth.rows(short_call.write(folder), "--interval", "30m")
    truth.equal("07:28 to 07:32 is in both half hours", [(row["interval_start"], row["offered"], row["answered"]) for row in rows],
                [("2026-03-02T07:00:00Z", 1, 0), ("2026-03-02T07:30:00Z", 0, 1)])


def check_weights(truth, folder):
    """1,092 calls of which 726 are in time, 74 of which 37 are: whole calls nearest to the reported percentages."""
    book = Book()
    for count, wait_s in ((726, 10), (366, 30)):
        book.calls(count, wait_s, "contact.answered")
    for _ in range(37):
        for wait_s in (10, 30):
            contact = f"d{len(book.events)}"
            book.add(40000, "contact.queued", contact, queue="small")
            book.add(40000 + wait_s, "contact.answered", contact)
    path = book.write(folder)
    whole = only(truth.rows(path, "--interval", "all", "--by", "total"))["service_level"]["short_excluded"]
    parts = [row["service_level"]["short_excluded"]["value"] for row in truth.rows(path, "--interval", "all")]
    truth.near("weighted by calls", whole["value"], (726 + 37) / (1092 + 74), absolute=1e-12)
    truth.equal("a mean of percentages would be 7 points off", round(100 * (whole["value"] - sum(parts) / 2), 1), 7.2)


def main(build):
    truth = Truth(build)
    check_proven(truth)
    with tempfile.TemporaryDirectory() as folder:
        check_levels(truth, folder)
        check_attributions(truth, folder)
        check_weights(truth, folder)
    truth.finish()


if __name__ == "__main__":
    main(sys.argv[1])
