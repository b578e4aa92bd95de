#!/usr/bin/python3
"""History of the bank's week and surge day, loaded by `ringside replay --store`: every report runs, `queue` and `agent` equal the truth
files, and the comparison of the surge evening with an ordinary Sunday's says what changed, by how much, with its interval (recomputed here
from single calls)."""
import datetime
import gzip
import json
import math
import sys

import bank
import house

REPORTS = ("queue", "agent", "team", "channel", "total", "topic", "fcr", "feedback", "process", "service-level", "compare", "baseline",
           "trend", "benchmark", "improvement", "standards", "deviations", "complaints", "staffing", "heatmap")
SURGE = ("1999-05-23T20:00", "1999-05-24")   # the only other Sunday of the data is the week's own, four weeks later
SUNDAY = ("1999-06-20T20:00", "1999-06-21")


def rows_of(postgres, *arguments):
    result = house.ringside("report", "-d", postgres.conninfo, *arguments, "--format", "json", check_status=False)
    house.check(result.returncode == 0, f"report {arguments}: {result.stderr}")
    return json.loads(result.stdout)["rows"]


def legs_of(day):
    """(queued, wait, answered) of each stay in a queue of a local day's evening, from the recorded events: hour by hour (the bank's clock
    stands in them as UTC)."""
    hours, queued = {}, {}
    first = datetime.datetime.fromisoformat(f"{day}T20:00:00+00:00").timestamp()
    for path in bank.FILES:
        with gzip.open(path, "rt") as file:
            for line in file:
                event = json.loads(line)
                at = datetime.datetime.fromisoformat(event["occurred_at"].replace("Z", "+00:00")).timestamp()
                if not first - 7200 <= at < first + 4 * 3600:
                    continue
                if event["type"] == "contact.queued":
                    queued[event["contact_id"]] = at
                elif event["type"] in ("contact.answered", "contact.abandoned") and event["contact_id"] in queued:
                    wait = at - queued.pop(event["contact_id"])
                    if first <= at:
                        hours.setdefault(int(at - first) // 3600, []).append((wait, event["type"] == "contact.answered"))
    return hours


def t_of(df):
    """Two-sided 95 % of Student's t, by its density's integral."""
    def inside(t, steps=4000):
        c = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
        return 2 * sum(c * (1 + ((k + 0.5) * t / steps) ** 2 / df) ** (-(df + 1) / 2) for k in range(steps)) * t / steps
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) < 0.95 else (low, middle)
    return low


def expected(before, after, x, y, share):
    """Difference and interval from hours: of a share two proportions with Pearson's overdispersion, of a mean Welch with the ratio's
    variance."""
    sides = []
    for hours in (before, after):
        rows = [(sum(x(leg) for leg in legs), sum(y(leg) for leg in legs)) for _, legs in sorted(hours.items())]
        rows = [row for row in rows if row[1]]
        total_x, total_y, n = sum(a for a, _ in rows), sum(b for _, b in rows), len(rows)
        value = total_x / total_y
        chi = sum((a - b * value) ** 2 / (b * value * (1 - value)) for a, b in rows) if share else 0
        variance = n / (n - 1) * sum((a - b * value) ** 2 for a, b in rows) / total_y ** 2
        sides.append((value, total_y, n, chi, variance))
    (v, y1, n, chi1, s), (w, y2, m, chi2, u) = sides
    if share:
        df, phi = n + m - 2, max((chi1 + chi2) / (n + m - 2), 1)
        s, u = phi * v * (1 - v) / y1, phi * w * (1 - w) / y2
    else:
        df = (s + u) ** 2 / (s ** 2 / (n - 1) + u ** 2 / (m - 1))
    reach = t_of(df) * math.sqrt(s + u)
    return v, w, w - v - reach, w - v + reach


def check_surge(postgres):
    told = {row["metric"]: row for row in rows_of(postgres, "compare", "--against", ",".join(SURGE), "--from", SUNDAY[0], "--to", SUNDAY[1],
                                                  "--metric", "service_level,abandoned_rate,asa,offered,wait_p90", "--policy",
                                                  "abandon_miss")}
    before, after = legs_of("1999-05-23"), legs_of("1999-06-20")
    house.check(len(before) == len(after) == 4, "four hours each")
    for metric, x, y, share in (("service_level", lambda leg: leg[1] and leg[0] <= 20, lambda leg: 1, True),
                                ("abandoned_rate", lambda leg: not leg[1], lambda leg: 1, True),
                                ("asa", lambda leg: 1000 * leg[0] * leg[1], lambda leg: leg[1], False)):
        row = told[metric]
        for field, value in zip(("before_value", "after_value", "low", "high"), expected(before, after, x, y, share)):
            house.check(abs(row[field] - value) < 1e-6 * max(1, abs(value)), f"{metric}: {field}: {row[field]}, from single calls {value}")
    house.check(told["service_level"]["verdict"] == "better" and told["service_level"]["low"] > 0, f"{told['service_level']}")
    house.check(told["abandoned_rate"]["verdict"] == "better" and told["abandoned_rate"]["high"] < 0, f"{told['abandoned_rate']}")
    house.check(told["asa"]["difference"] < 0 and told["offered"]["difference"] < 0 and told["wait_p90"]["difference"] < 0, f"{told}")
    house.check(all("one day is all there is" in row["warnings"] for row in told.values()),
                "two single evenings are no two fortnights, and it says so")
    return told


def main(place):
    postgres = bank.store(place)
    try:
        truth = bank.truth_of("week")
        queues = bank.check_queues(rows_of(postgres, "queue", *bank.WEEK, "--policy", "abandon_miss,answered_only"), truth)
        agents = bank.check_agents(rows_of(postgres, "agent", *bank.WEEK, "--reason", "truth"), truth)
        extra = {"agent": ["--reason", "test"], "compare": ["--change", "1999-06-24"],
                 "benchmark": ["--metric", "aht", "--by", "agent", "--reason", "test"]}
        for name in REPORTS:
            period = () if name in ("baseline", "improvement") else bank.WEEK
            rows = rows_of(postgres, name, *period, *extra.get(name, []))
            house.check(rows or name in ("team", "topic", "feedback", "baseline", "improvement", "standards", "deviations", "complaints"),
                        f"{name}: nothing of a week")
        told = check_surge(postgres)
        level, wait = told["service_level"], told["asa"]
        print(f"{len(REPORTS)} reports, {queues} queues and {agents} agents as in the truth; evening: "
              f"service level {level['before_value']:.3f} -> {level['after_value']:.3f} "
              f"[{level['low']:+.3f}, {level['high']:+.3f}], "
              f"mean wait {wait['before_value'] / 1000:.0f} s -> {wait['after_value'] / 1000:.0f} s "
              f"[{wait['low'] / 1000:+.0f} s, {wait['high'] / 1000:+.0f} s]")
    finally:
        postgres.remove()


if not bank.FILES:
    print("the bank's fixtures are not here")
    sys.exit(77)
with house.folder() as where:
    main(where)
print(f"1 passed, 0 failed ({house.checks} checks)")
