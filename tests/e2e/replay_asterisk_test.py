#!/usr/bin/python3
"""A real Asterisk run (tests/fixtures/asterisk): replay must give the recount of its queue_log and Asterisk's own counters."""
import collections
import re
import sys

from replay_support import SOURCE, Truth, only

FIXTURE = SOURCE / "tests/fixtures/asterisk"
OFFERED = {"billing": 130, "sales": 178, "support": 252, "vip": 52}
THRESHOLD = {"billing": 20, "sales": 20, "support": 20, "vip": 10}
MEMBER_DELAY = {"billing": 1}
REASONS = {"EXITWITHTIMEOUT": "timeout", "EXITEMPTY": "no_agents", "WITHDRAW": "withdrawn", "EXITWITHKEY": "exit_key"}
WAITED = {"CONNECT": 5, "ABANDON": 7, "EXITWITHTIMEOUT": 7, "EXITEMPTY": 7, "WITHDRAW": 7, "EXITWITHKEY": 8}


def recount():
    """Per queue: how often each line stands in queue_log, and how long each leaving call had waited."""
    events, waits = collections.defaultdict(collections.Counter), collections.defaultdict(list)
    for line in (FIXTURE / "queue_log").read_text(encoding="utf-8").splitlines():
        field = line.split("|")
        queue, event = field[2], field[4]
        events[queue][event] += 1
        if event in WAITED:
            waits[queue].append((event, int(field[WAITED[event]])))
    return events, waits


def counters():
    """Asterisk's own: completed, abandoned, ServicelevelPerf and ServicelevelPerf2 as `queue show` prints them."""
    form = re.compile(r"^(\w+) has .*C:(\d+), A:(\d+), SL:([\d.]+)%, SL2:([\d.]+)% within (\d+)s", re.MULTILINE)
    text = (FIXTURE / "truth_queue_show.txt").read_text(encoding="utf-8")
    return {m[1]: (int(m[2]), int(m[3]), float(m[4]), float(m[5]), int(m[6])) for m in form.finditer(text)}


def check_counts(truth, queue, row, events):
    truth.equal(f"{queue} offered", row["offered"], OFFERED[queue])
    truth.equal(f"{queue} offered as recounted", row["offered"], events["ENTERQUEUE"])
    truth.equal(f"{queue} answered", row["answered"], events["CONNECT"])
    truth.equal(f"{queue} abandoned", row["abandoned"], events["ABANDON"])
    truth.equal(f"{queue} flowed_out", row["flowed_out"], sum(events[name] for name in REASONS))
    for name, reason in REASONS.items():
        truth.equal(f"{queue} flowed_out {reason}", (row["flowed_out_by_reason"] or {}).get(reason, 0), events[name])
    truth.equal(f"{queue} callbacks", row["callbacks"], 0)
    truth.equal(f"{queue} still_open", row["still_open"], 0)


def check_level(truth, queue, name, level, numerator, denominator):
    truth.equal(f"{queue} {name} numerator", level["numerator"], numerator)
    truth.equal(f"{queue} {name} denominator", level["denominator"], denominator)
    truth.near(f"{queue} {name} value", level["value"], numerator / denominator, absolute=1e-9)


def check_levels(truth, queue, row, waits, asterisk):
    """member_delay: what CONNECT says is longer by it than what Asterisk compared."""
    limit = THRESHOLD[queue]
    in_time = sum(event == "CONNECT" and wait - MEMBER_DELAY.get(queue, 0) <= limit for event, wait in waits)
    gone = [wait for event, wait in waits if event in ("ABANDON", "EXITWITHTIMEOUT", "EXITEMPTY", "WITHDRAW")]
    gone_in_time = sum(wait <= limit for wait in gone)
    completed, abandoned, perf, perf2, within = asterisk
    truth.equal(f"{queue} completed", row["answered"], completed)
    truth.equal(f"{queue} what Asterisk counts as abandoned", len(gone), abandoned)
    truth.equal(f"{queue} within", limit, within)
    levels = row["service_level"]
    check_level(truth, queue, "asterisk_perf", levels["asterisk_perf"], in_time, completed)
    check_level(truth, queue, "asterisk_perf2", levels["asterisk_perf2"], in_time + gone_in_time, completed + abandoned)
    truth.equal(f"{queue} ServicelevelPerf as printed", f"{levels['asterisk_perf']['value'] * 100:2.1f}", f"{perf:2.1f}")
    truth.equal(f"{queue} ServicelevelPerf2 as printed", f"{levels['asterisk_perf2']['value'] * 100:2.1f}", f"{perf2:2.1f}")


def main(build):
    truth = Truth(build)
    events, waits = recount()
    log = FIXTURE / "queue_log"
    common = ("--format", "asterisk-queue-log", "--interval", "all")
    rows = truth.rows(log, *common, "--policy", "answered_only,abandon_within_hit")
    for queue in OFFERED:
        check_counts(truth, queue, only(rows, queue=queue), events[queue])
    truth.equal("offered in all", sum(row["offered"] for row in rows), sum(OFFERED.values()))

    rows = truth.rows(log, *common, "--set", "asterisk.member_delay.billing=1s", "--set", "queues.vip.threshold=10s",
                      "--policy", "asterisk_perf,asterisk_perf2")
    asterisk = counters()
    truth.equal("queues that Asterisk shows", sorted(asterisk), sorted(OFFERED))
    for queue in OFFERED:
        check_levels(truth, queue, only(rows, queue=queue), waits[queue], asterisk[queue])
    truth.finish()


if __name__ == "__main__":
    main(sys.argv[1])
