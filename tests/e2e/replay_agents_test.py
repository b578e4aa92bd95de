#!/usr/bin/python3
"""Agents in replay: two calls at once in a real call centre's week and surge evening, and a shift with its plan.

The bank's calls are not part of this project (see replay_truth_test.py): that part is left out without the shared folder.
"""
import json
import pathlib
import sys
import tempfile

from replay_support import Truth, shared_folder

DAY = "2026-03-02T"


def state(minute, agent, name, **more):
    return {"type": "agent.state", "occurred_at": clock(minute), "agent": agent, "data": {"state": name}, **more}


def clock(minute):
    return f"{DAY}{minute // 60:02d}:{minute % 60:02d}:00Z"


def a_shift():
    """An hour of plan: ten minutes of it on a break, ten minutes worked after it; thirty minutes of talk."""
    return [
        {"type": "agent.scheduled", "occurred_at": clock(480), "agent": "ann",
         "data": {"from": clock(540), "to": clock(600), "activity": "phones"}},
        state(540, "ann", "available", team="red"),
        {"type": "contact.queued", "occurred_at": clock(540), "contact_id": "c1", "queue": "sales"},
        {"type": "contact.answered", "occurred_at": clock(540), "contact_id": "c1", "agent": "ann", "team": "red"},
        state(540, "ann", "on_contact"),
        {"type": "contact.answered", "occurred_at": clock(545), "contact_id": "c2", "queue": "sales", "agent": "ann", "team": "red"},
        {"type": "contact.ended", "occurred_at": clock(555), "contact_id": "c2"},
        {"type": "contact.ended", "occurred_at": clock(560), "contact_id": "c1"},
        state(560, "ann", "available"),
        state(570, "ann", "break"),
        state(580, "ann", "available"),
        state(610, "ann", "offline"),
        {"type": "contact.answered", "occurred_at": clock(611), "contact_id": "c3", "queue": "sales", "agent": "bob"},
        {"type": "contact.ended", "occurred_at": clock(612), "contact_id": "c3"},
    ]


def check_shift(truth, folder):
    path = pathlib.Path(folder) / "shift.ndjson"
    lines = [json.dumps({"source": "test", "seq": i + 1, **event}) for i, event in enumerate(a_shift())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = {row["agent"]: row["agent_time"] for row in truth.rows(path, "--by", "agent", "--interval", "all")}
    ann = rows["ann"]
    minutes = {"logged_in_ms": 70, "available_ms": 40, "on_contact_ms": 20, "break_ms": 10, "planned_ms": 70, "out_of_plan_ms": 20,
               "worked_ms": 60, "planned_work_ms": 60, "ringing_ms": 0, "on_hold_ms": 0, "wrapping_ms": 0, "custom_ms": 0}
    for name, value in minutes.items():
        truth.equal(f"ann {name}", ann[name], value * 60000)
    truth.near("ann adherence", ann["adherence"], 1 - 20 / 70)
    truth.near("ann conformance", ann["conformance"], 1.0)
    truth.near("ann occupancy on_contact", ann["occupancy"]["on_contact"], 30 / 70)
    truth.near("ann occupancy logged_in", ann["occupancy"]["logged_in"], 30 / 70)
    truth.equal("ann overlapping_handlings", ann["overlapping_handlings"], 1)
    for name in ("adherence", "conformance"):
        truth.equal(f"bob {name}", rows["bob"][name], None)
    truth.equal("bob occupancy", rows["bob"]["occupancy"], {"on_contact": None, "logged_in": None})
    for by in ("team", "total"):
        row = truth.rows(path, "--by", by, "--interval", "all")[0]["agent_time"]
        truth.equal(f"{by} logged_in_ms", row["logged_in_ms"], 70 * 60000)
    quarters = truth.rows(path, "--by", "agent", "--interval", "15m")
    for name, value in minutes.items():
        truth.equal(f"quarters {name}", sum(row["agent_time"][name] for row in quarters), value * 60000)
    truth.equal("a queue has no time", truth.rows(path, "--interval", "all")[0]["agent_time"], None)


def check_bank(truth, path):
    """Calls of one agent that began more than two seconds before an earlier one of his ended."""
    expected = json.loads(path.with_name(path.name.replace(".ndjson.gz", ".truth.json")).read_text(encoding="utf-8"))
    for by in ("agent", "total"):
        rows = truth.rows(path, "--by", by, "--interval", "all")
        found = sum(row["agent_time"]["overlapping_handlings"] for row in rows)
        truth.equal(f"{path.name} overlaps by {by}", found, expected["agent_overlapping_calls"])
    for row in truth.rows(path, "--by", "agent", "--interval", "all"):
        agent = expected["agent"][row["agent"]]
        truth.equal(f"{row['agent']} handled", row["handled"], agent["calls"])
        truth.equal(f"{row['agent']} talk", row["talk_ms_sum"], agent["talk_s"] * 1000)
        truth.equal(f"{row['agent']} short", row["handled_short"], agent["lt10"])


def main():
    truth = Truth(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        check_shift(truth, folder)
    for path in sorted((shared_folder() / "fixtures" / "bank").glob("*.ndjson.gz")):
        check_bank(truth, path)
    truth.finish()


main()
