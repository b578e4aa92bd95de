#!/usr/bin/python3
"""The way through the process of a real call centre and of Asterisk's log: every edge, share, and variant against a recomputation.

The bank's calls know created, queued, answered, abandoned, ended; so their ways are easily read here once more. Of Asterisk's
log it is held that nobody is lost on the way, whatever the order of the lines. Skipped without the shared folder's fixtures.
"""
import collections
import datetime
import gzip
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

from replay_support import Truth, shared_folder, skip_without

WITHIN = 0.016
QUARTER = 900


def read_events(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def seconds(event):
    return int(datetime.datetime.fromisoformat(event["occurred_at"].replace("Z", "+00:00")).timestamp())


def ways(events):
    """Of each contact its stages with their moments, and how it ended."""
    contacts = collections.defaultdict(list)
    for event in events:
        contacts[event["contact_id"]].append((seconds(event), event["seq"], event))
    for told in contacts.values():
        stages = []
        for at, _, event in sorted(told, key=lambda one: one[:2]):
            kind = event["type"].removeprefix("contact.")
            last = stages[-1][0] if stages else "begin"
            if kind == "created":
                stages.append(("flow", at))
            elif kind == "queued":
                stages.append((f"queue:{event['queue']}", at))
            elif kind == "answered":
                stages.append(("talk", at))
            elif not last.startswith("end:"):
                end = "answered" if last == "talk" else "abandoned" if kind == "abandoned" or last.startswith("queue:") else "before_queue"
                stages.append((f"end:{end}", at))
        yield stages


def edges_of(events, interval):
    found = collections.defaultdict(list)
    for stages in ways(events):
        before, since = "begin", None
        for stage, at in stages:
            start = at - at % interval if interval else None
            found[start, before, stage].append(None if since is None else (at - since) * 1000)
            before, since = stage, at
    return found


def nearest_rank(times, percent):
    ordered = sorted(times)
    return ordered[max(1, -(-percent * len(ordered) // 100)) - 1]


def start_of(row):
    if row["interval_start"] is None:
        return None
    return int(datetime.datetime.fromisoformat(row["interval_start"].replace("Z", "+00:00")).timestamp())


def check_edges(truth, what, rows, expected):
    edges = {(start_of(row), row["from"], row["to"]): row for row in rows if "from" in row}
    truth.equal(f"{what}: which edges", sorted(map(str, edges)), sorted(map(str, expected)))
    for key, times in expected.items():
        row = edges.get(key)
        if row is None:
            continue
        truth.equal(f"{what} {key} count", row["count"], len(times))
        if key[1] == "begin":
            truth.equal(f"{what} {key} has no time", row["time_ms"], None)
            continue
        truth.equal(f"{what} {key} sum", row["time_ms"]["sum"], sum(times))
        truth.near(f"{what} {key} mean", row["time_ms"]["mean"], sum(times) / len(times), absolute=0.51)
        for name, percent in (("p50", 50), ("p90", 90), ("max", 100)):
            truth.near(f"{what} {key} {name}", row["time_ms"][name], nearest_rank(times, percent), relative=WITHIN)


def check_summaries(truth, what, rows, expected):
    summaries = {start_of(row): row for row in rows if "stages" in row}
    truth.equal(f"{what}: which intervals", sorted(map(str, summaries)), sorted({str(key[0]) for key in expected}))
    for start, summary in summaries.items():
        here = {key[1:]: times for key, times in expected.items() if key[0] == start}
        time = collections.Counter()
        for (before, _), times in here.items():
            if before != "begin":
                time[before] += sum(times)
        truth.equal(f"{what} {start} begun", summary["begun"], sum(len(t) for (before, _), t in here.items() if before == "begin"))
        truth.equal(f"{what} {start} finished", summary["finished"], sum(len(t) for (_, to), t in here.items() if to.startswith("end:")))
        truth.equal(f"{what} {start} rework", (summary["rework"], summary["loops"], summary["ping_pong"]["queues"]), (0, 0, 0))
        for stage in summary["stages"]:
            truth.equal(f"{what} {start} {stage['stage']} time", stage["time_ms"], time[stage["stage"]])
            truth.near(f"{what} {start} {stage['stage']} share", stage["share"],
                       time[stage["stage"]] / max(1, sum(time.values())), absolute=1e-9)
        if not sum(time.values()):
            truth.equal(f"{what} {start} no bottleneck", summary["bottleneck"], None)
            continue
        truth.equal(f"{what} {start} bottleneck", summary["bottleneck"]["time_ms"], max(time.values()))


def check_variants(truth, what, rows, events):
    counts, sums = collections.Counter(), collections.Counter()
    for stages in ways(events):
        if not stages[-1][0].startswith("end:"):
            continue
        path = tuple(stage for stage, _ in stages)
        counts[path] += 1
        sums[path] += (stages[-1][1] - stages[0][1]) * 1000
    variants = {tuple(row["variant"]): row for row in rows if "variant" in row}
    truth.equal(f"{what}: which variants", sorted(variants), sorted(counts))
    truth.equal(f"{what}: the most frequent first", [row["count"] for row in variants.values()], sorted(counts.values(), reverse=True))
    for path, row in variants.items():
        truth.equal(f"{what} {path}", (row["count"], row["error"], row["more"]), (counts[path], 0, False))
        truth.near(f"{what} {path} mean", row["mean_ms"], sums[path] / counts[path], absolute=0.51)
        truth.near(f"{what} {path} share", row["share"], counts[path] / sum(counts.values()), absolute=1e-9)


def check_bank(truth, folder):
    for name in ("surge_day_1999-05-23", "week_1999-06-20"):
        path = folder / f"bank/{name}.ndjson.gz"
        events = read_events(path)
        for interval, length in (("15m", QUARTER), ("all", None)):
            rows = truth.rows(path, "--process", "--interval", interval)
            expected = edges_of(events, length)
            check_edges(truth, f"{name} {interval}", rows, expected)
            check_summaries(truth, f"{name} {interval}", rows, expected)
            check_variants(truth, f"{name} {interval}", rows, events)


def output_of(truth, *arguments):
    done = subprocess.run([str(truth.program), "replay", "--process", *arguments], capture_output=True, text=True, timeout=120, check=False)
    truth.equal(f"{arguments} ends well", (done.returncode, done.stderr if done.returncode else ""), (0, ""))
    return done.stdout


def check_any_order(truth, path):
    events = read_events(path)
    random.Random(7).shuffle(events)
    with tempfile.TemporaryDirectory() as folder:
        shuffled = pathlib.Path(folder) / "shuffled.ndjson"
        shuffled.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
        for output in ("ndjson", "table", "dot"):
            truth.equal(f"{output} in any order", output_of(truth, "--output", output, str(shuffled)) ==
                        output_of(truth, "--output", output, str(path)), True)


def check_asterisk(truth, folder):
    path = str(folder / "asterisk/queue_log")
    options = ("--format", "asterisk-queue-log")
    rows = truth.rows(path, "--process", "--interval", "all", *options)
    (summary,) = [row for row in rows if "stages" in row]
    edges = [row for row in rows if "from" in row]
    inside = 0
    for stage in summary["stages"]:
        name = stage["stage"]
        truth.equal(f"asterisk {name} entries", stage["entries"], sum(edge["count"] for edge in edges if edge["to"] == name))
        truth.equal(f"asterisk {name} exits", stage["exits"], sum(edge["count"] for edge in edges if edge["from"] == name))
        truth.equal(f"asterisk {name} is left by no more than came", stage["entries"] >= stage["exits"], True)
        if not name.startswith("end:"):
            inside += stage["entries"] - stage["exits"]
    truth.equal("asterisk begun", summary["begun"], summary["finished"] + inside)
    truth.equal("asterisk variants", sum(row["count"] for row in rows if "variant" in row), summary["finished"])
    # The same answers, leavings and offers as in the rows of every other figure.
    total = truth.rows(path, "--interval", "all", "--by", "total", *options)[0]
    into = collections.Counter()
    for edge in edges:
        into[edge["to"]] += edge["count"]
    truth.equal("asterisk talk", into["talk"], total["answered"])
    truth.equal("asterisk abandoned", into["end:abandoned"], total["abandoned"])
    # A call back that is asked for just after the caller left the queue takes that end back.
    truth.equal("asterisk flowed out", into["end:flowed_out"] + into["callback"], total["flowed_out"] + total["callbacks"])
    truth.equal("asterisk transfers", into["transfer"], total["transferred_out"])
    drawing = output_of(truth, "--interval", "all", "--output", "dot", *options, path)
    truth.equal("asterisk drawing", drawing.startswith("digraph process {") and drawing.endswith("}\n"), True)
    if shutil.which("dot"):
        done = subprocess.run(["dot", "-Tsvg"], input=drawing, capture_output=True, text=True, timeout=60, check=False)
        truth.equal("asterisk drawing is drawn", (done.returncode, done.stderr), (0, ""))


def check_names(truth):
    """Names that would break a drawing or a line."""
    odd = 'say "hi" \\ > {b}\n'
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "odd.ndjson"
        path.write_text("".join(json.dumps({"source": "s", "seq": seq, "occurred_at": f"2026-03-02T09:00:0{seq}Z", "type": kind,
                                            "contact_id": "c", "queue": odd, "tenant": 'a"b'}) + "\n"
                                for seq, kind in enumerate(("contact.queued", "contact.abandoned"))), encoding="utf-8")
        rows = truth.rows(path, "--process")
        truth.equal("odd names as they are", rows[0]["to"], f"queue:{odd}")
        drawing = output_of(truth, "--output", "dot", str(path))
        truth.equal("odd names are escaped", 'queue:say \\"hi\\" \\\\ > {b} \\n1' in drawing, True)
        if shutil.which("dot"):
            done = subprocess.run(["dot", "-Tsvg"], input=drawing, capture_output=True, text=True, timeout=60, check=False)
            truth.equal("odd names are drawn", (done.returncode, done.stderr), (0, ""))


def main(build):
    folder = shared_folder() / "fixtures"
    skip_without(folder)
    truth = Truth(build)
    check_names(truth)
    check_bank(truth, folder)
    check_any_order(truth, folder / "bank/surge_day_1999-05-23.ndjson.gz")
    check_asterisk(truth, folder)
    truth.finish()


if __name__ == "__main__":
    main(sys.argv[1])
