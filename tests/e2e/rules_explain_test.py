#!/usr/bin/python3
"""`ringside rules explain`: the published limits come out, shares add up to the budget, bad rules are refused at their place."""
import os
import subprocess
import sys
import tempfile

RINGSIDE = sys.argv[1] + "/ringside"
SAMPLE = os.path.join(os.environ.get("RS_SOURCE_DIR", "."), "daemon/ringside.conf")


def explain(text, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(text)
        file.flush()
        return subprocess.run([RINGSIDE, "rules", "explain", *options, file.name], capture_output=True, text=True, timeout=300)


def expect(condition, what, run):
    if not condition:
        sys.exit(f"{what}\n{run.stdout}{run.stderr}")


def limits_are_those_of_the_tables():
    # One key, 96 subgroups a day: 96/370.4 false alarms a day are an ARL of 370.4.
    rate = 96 / 370.4
    run = explain(f"""
alerts:
  false_alarms: 10/1d
  rules:
    cusum: {{detector: cusum, metric: offered, window: 15m, baseline: recent, fast_start: false, false_alarms: {rate:.12f}/1d}}
    ewma: {{detector: ewma, metric: aht, window: 15m, weight: 0.2, fast_start: false, false_alarms: {rate:.12f}/1d}}
    chart: {{detector: shewhart, metric: aht, window: 15m, false_alarms: {rate:.12f}/1d}}
""")
    expect(run.returncode == 0, "it failed", run)
    for text in ("passes 4.775 sigma", "passes 2.859 of its sigmas", "one beyond 3 sigma", "43.9 subgroups", "6.3 subgroups",
                 "9.93 subgroups"):
        expect(text in run.stdout, f"`{text}` is not there", run)


def the_budget_is_shared_out_over_rules_and_keys():
    rules = "".join(f"    r{i}: {{detector: cusum, metric: offered, window: 15m}}\n" for i in range(4))
    few = explain("alerts:\n  false_alarms: 2/1d\n  rules:\n" + rules, "--keys", "64")
    expect("false alarms: 0.5 a day over 64 keys, 0.5 allowed (limits are for 64 keys)" in few.stdout, "shares are wrong", few)
    expect("all rules: 2 false alarms a day expected, 2 allowed" in few.stdout, "the sum is wrong", few)
    more = explain("alerts:\n  false_alarms: 2/1d\n  rules:\n" + rules, "--keys", "100")
    expect("0.3906 a day over 100 keys, 0.5 allowed (limits are for 128 keys)" in more.stdout,
           "limits are not for the next power of two", more)


def what_cannot_be_is_refused():
    run = explain("alerts: {rules: {b: {detector: burn_rate, metric: service_level, window: 1h, target: 0.8, budget: 0.6}}}\n")
    expect(run.returncode == 1 and "none is above 5" in run.stderr, "an unreachable burn rate was taken", run)
    run = explain("alerts: {rules: {b: {detector: cusum, metric: offered, window: 15m, false_alarms: 90/1d}}}\n")
    expect(run.returncode == 1 and "such a rate cannot be" in run.stderr, "an impossible rate was taken", run)
    run = subprocess.run([RINGSIDE, "rules", "explain"], capture_output=True, text=True, timeout=300)
    expect(run.returncode == 2, "wrong usage is not 2", run)


def the_sample_is_explained():
    run = subprocess.run([RINGSIDE, "rules", "explain", SAMPLE], capture_output=True, text=True, timeout=300)
    expect(run.returncode == 0 and "service_level_low: threshold" in run.stdout, "the sample fails", run)


limits_are_those_of_the_tables()
the_budget_is_shared_out_over_rules_and_keys()
what_cannot_be_is_refused()
the_sample_is_explained()
