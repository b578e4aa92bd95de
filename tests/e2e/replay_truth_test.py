#!/usr/bin/python3
"""A real call centre's week and surge evening: every figure of replay against independently computed answers.

The calls are the "Anonymous Bank" data of the Technion (Ilan Guedj and Avishai Mandelbaum, documentation of 9 February 2000).
They are not part of this project: the test reads them from fixtures/bank of the shared folder and is skipped without it.
"""
import collections
import datetime
import json
import sys

from replay_support import Truth, only, shared_folder, skip_without

FILES = ("surge_day_1999-05-23", "week_1999-06-20")
POLICIES = ("abandon_miss", "answered_only", "abandon_within_excluded", "abandon_within_hit")
PERCENTILES = (50, 80, 90, 95, 99)
WITHIN = 0.016
ALL = ("--interval", "all", "--policy", ",".join(POLICIES))


def check_sum(truth, what, sum_ms, figures):
    """The truth prints the mean of whole seconds, to three digits."""
    if not figures["n"]:
        truth.equal(what, sum_ms, 0)
        return
    truth.equal(f"{what} is of whole seconds", sum_ms % 1000, 0)
    truth.near(f"{what} / {figures['n']}", sum_ms / 1000 / figures["n"], figures["mean"], absolute=0.00051)


def check_counts(truth, what, row, part):
    for field, name in (("offered", "offered"), ("answered", "AGENT"), ("abandoned", "HANG_queue"),
                        ("abandoned_before_queue", "HANG_vru")):
        truth.equal(f"{what} {field}", row[field], part.get(name, 0))
    for field in ("flowed_out", "callbacks", "blocked", "still_open"):
        truth.equal(f"{what} {field}", row[field], 0)


def check_waits(truth, what, row, part):
    answered, abandoned = part["answered_wait"], part["abandon_wait"]
    check_sum(truth, f"{what} answered_sum", row["wait_ms"]["answered_sum"], answered)
    check_sum(truth, f"{what} abandoned_sum", row["wait_ms"]["abandoned_sum"], abandoned)
    mean = answered["mean"] * 1000 if answered["n"] else None
    truth.near(f"{what} asa", row["wait_ms"]["asa"], mean, absolute=0.51)
    mean = abandoned["mean"] * 1000 if abandoned["n"] else None
    truth.near(f"{what} mean wait of the abandoned", row["abandon_wait_ms"]["mean"], mean, absolute=0.51)
    longest = [figures["max"] * 1000 for figures in (answered, abandoned) if figures["n"]]
    truth.equal(f"{what} longest wait", row["wait_ms"]["max"], max(longest) if longest else None)
    longest = abandoned["max"] * 1000 if abandoned["n"] else None
    truth.equal(f"{what} longest wait of the abandoned", row["abandon_wait_ms"]["max"], longest)


def check_percentiles(truth, what, row, part):
    for percent in PERCENTILES:
        name = f"p{percent}"
        answered = part["answered_wait"][name] * 1000 if part["answered_wait"]["n"] else None
        truth.near(f"{what} {name}", row["wait_ms"][name], answered, relative=WITHIN)
        if percent == 80:
            continue
        abandoned = part["abandon_wait"][name] * 1000 if part["abandon_wait"]["n"] else None
        truth.near(f"{what} {name} of the abandoned", row["abandon_wait_ms"][name], abandoned, relative=WITHIN)


def check_handling(truth, what, row, part):
    service = part["service_all"]
    truth.equal(f"{what} handled", row["handled"], service["n"])
    check_sum(truth, f"{what} talk_ms_sum", row["talk_ms_sum"], service)
    truth.near(f"{what} aht_ms", row["aht_ms"], service["mean"] * 1000 if service["n"] else None, absolute=0.51)


def check_levels(truth, what, row, levels):
    """The four formulas: A abandoned miss, B answered only, C abandoned within T excluded, D abandoned within T hit."""
    in_time, gone, offered = levels["ans_le_T"], levels["ab_le_T"], levels["offered"]
    answered = row["answered"]
    expected = {"abandon_miss": (in_time, offered, levels["A_ans_over_offered"]),
                "answered_only": (in_time, answered, levels["B_ans_over_answered"]),
                "abandon_within_excluded": (in_time, offered - gone, levels["C_ans_over_offered_minus_shortab"]),
                "abandon_within_hit": (in_time + gone, offered, levels["D_ans_plus_shortab_over_offered"])}
    truth.equal(f"{what} answered_in_t", row["answered_in_t"], in_time)
    truth.equal(f"{what} abandoned_in_t", row["abandoned_in_t"], gone)
    for policy, (numerator, denominator, per_cent) in expected.items():
        level = row["service_level"][policy]
        truth.equal(f"{what} {policy} numerator", level["numerator"], numerator)
        truth.equal(f"{what} {policy} denominator", level["denominator"], denominator)
        value = None if level["value"] is None else level["value"] * 100
        truth.near(f"{what} {policy}", value, per_cent, absolute=0.00051)


def check_part(truth, what, row, part):
    check_counts(truth, what, row, part)
    check_waits(truth, what, row, part)
    check_percentiles(truth, what, row, part)
    check_handling(truth, what, row, part)


def check_total(truth, name, events, answers):
    for seconds, levels in answers["sl"].items():
        row = only(truth.rows(events, *ALL, "--by", "total", "--threshold", f"{seconds}s"))
        truth.equal(f"{name} T {seconds} threshold_ms", row["threshold_ms"], int(seconds) * 1000)
        check_part(truth, f"{name} T {seconds}", row, answers["all"])
        check_levels(truth, f"{name} T {seconds}", row, levels)


def check_queues(truth, name, events, answers):
    rows = truth.rows(events, *ALL, "--by", "queue")
    truth.equal(f"{name} queues", sorted(row["queue"] for row in rows), sorted(answers["type"]))
    for queue, part in answers["type"].items():
        row = only(rows, queue=queue)
        check_part(truth, f"{name} {queue}", row, part)
        check_levels(truth, f"{name} {queue}", row, part["sl20"])


def add_up(rows):
    """Counts and sums of several rows: what may be added, and nothing else."""
    summed = collections.Counter()
    for row in rows:
        for field in ("offered", "answered", "abandoned", "abandoned_before_queue", "flowed_out", "callbacks", "blocked",
                      "still_open", "answered_in_t", "abandoned_in_t", "handled", "talk_ms_sum"):
            summed[field] += row[field]
        summed["answered_sum"] += row["wait_ms"]["answered_sum"]
        summed["abandoned_sum"] += row["wait_ms"]["abandoned_sum"]
        for policy in POLICIES:
            summed[policy, "numerator"] += row["service_level"][policy]["numerator"]
            summed[policy, "denominator"] += row["service_level"][policy]["denominator"]
    return summed


def check_summed(truth, what, rows, part):
    summed = add_up(rows)
    check_counts(truth, what, summed, part)
    if "answered_wait" not in part:   # nobody came into a queue
        truth.equal(f"{what} offered", summed["offered"], 0)
        return
    check_sum(truth, f"{what} answered_sum", summed["answered_sum"], part["answered_wait"])
    check_sum(truth, f"{what} abandoned_sum", summed["abandoned_sum"], part["abandon_wait"])
    truth.equal(f"{what} handled", summed["handled"], part["service_all"]["n"])
    check_sum(truth, f"{what} talk_ms_sum", summed["talk_ms_sum"], part["service_all"])
    level = part["sl20"]
    truth.equal(f"{what} answered_in_t", summed["answered_in_t"], level["ans_le_T"])
    hits = level["ans_le_T"] + level["ab_le_T"]
    truth.equal(f"{what} abandon_within_hit numerator", summed["abandon_within_hit", "numerator"], hits)
    truth.equal(f"{what} abandon_within_hit denominator", summed["abandon_within_hit", "denominator"], level["offered"])


def check_times(truth, name, events, answers):
    """The truth's hours are those in which calls came into the queue, in the data's own clock: `enter`, UTC. Its weekdays go by
    the moment of the call, which no row has; days are held against the whole."""
    common = ("--attribution", "enter", "--by", "total", "--policy", ",".join(POLICIES))
    hours, parts = collections.defaultdict(list), answers["hour_of_vru_exit"]
    for row in truth.rows(events, "--interval", "1h", *common):
        truth.equal(f"{name} {row['interval_start']} interval_s", row["interval_s"], 3600)
        hours[datetime.datetime.fromisoformat(row["interval_start"].replace("Z", "+00:00")).hour].append(row)
    truth.equal(f"{name} hours", sorted(hours), sorted(int(hour) for hour in parts))
    for hour, part in parts.items():
        check_summed(truth, f"{name} hour {hour}", hours[int(hour)], part)
    check_summed(truth, f"{name} all days", truth.rows(events, "--interval", "1d", *common),
                 {**answers["all"], "sl20": answers["sl"]["20"]})


def check_agents(truth, name, events, answers):
    rows = truth.rows(events, "--interval", "all", "--by", "agent")
    truth.equal(f"{name} agents", sorted(row["agent"] for row in rows), sorted(answers["agent"]))
    for agent, figures in answers["agent"].items():
        row = only(rows, agent=agent)
        truth.equal(f"{name} {agent} answered", row["answered"], figures["calls"])
        truth.equal(f"{name} {agent} handled", row["handled"], figures["calls"])
        truth.equal(f"{name} {agent} talk_ms_sum", row["talk_ms_sum"], figures["talk_s"] * 1000)
        truth.equal(f"{name} {agent} handled_short", row["handled_short"], figures["lt10"])
        truth.near(f"{name} {agent} aht_ms", row["aht_ms"], figures["aht"] * 1000, absolute=0.51)
        truth.near(f"{name} {agent} mean talk", row["talk_ms_sum"] / row["handled"] / 1000, figures["aht"], absolute=0.00051)
        truth.near(f"{name} {agent} short calls %", 100 * row["handled_short"] / row["handled"], figures["lt10_pct"], absolute=0.0051)
        truth.equal(f"{name} {agent} has no offered", row["offered"], None)
    whole = only(truth.rows(events, "--interval", "all", "--by", "total"))
    truth.equal(f"{name} handled_short", whole["handled_short"], sum(figures["lt10"] for figures in answers["agent"].values()))


def main(build):
    folder = shared_folder() / "fixtures/bank"
    skip_without(folder)
    truth = Truth(build)
    for name in FILES:
        events = folder / f"{name}.ndjson.gz"
        answers = json.loads((folder / f"{name}.truth.json").read_text(encoding="utf-8"))
        check_total(truth, name, events, answers)
        check_queues(truth, name, events, answers)
        check_times(truth, name, events, answers)
        check_agents(truth, name, events, answers)
    truth.finish()


if __name__ == "__main__":
    main(sys.argv[1])
