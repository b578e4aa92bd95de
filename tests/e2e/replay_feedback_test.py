"""Surveys and complaints from the wire to rows: the same events as JSON and as Protobuf, with every kind and stage, against figures by
hand."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import replay_support as support

MONDAY_9 = 1772442000  # 2026-03-02T09:00:00Z
WORKED = ["--set", "feedback.csat=1..5", "--set", "complaints.acknowledge=1h", "--set", "complaints.close=1h"]
truth = support.Truth(sys.argv[1])
events = []


def tell(at_s, kind, data=None, **envelope):
    events.append({"source": "crm", "seq": len(events) + 1, "occurred_at": (MONDAY_9 + at_s) * 1000000, "type": kind,
                   **envelope, **({"data": data} if data else {})})


tell(0, "contact.queued", contact_id="c1", queue="sales")
tell(5, "contact.answered", contact_id="c1", agent="ann")
tell(60, "contact.ended", contact_id="c1")
tell(61, "contact.queued", contact_id="c2", queue="sales")
tell(65, "contact.answered", contact_id="c2", agent="bob")
tell(90, "contact.ended", contact_id="c2")
for at_s, contact, data in [
        (100, "c1", {"kind": "csat", "score": 5}), (101, "c1", {"kind": "csat", "score": 4.5, "scale_min": 1, "scale_max": 5}),
        (102, "c2", {"kind": "csat", "score": 0.5}), (103, "c2", {"kind": "nps", "score": 9}), (104, "c1", {"kind": "nps", "score": 6}),
        (105, "c1", {"kind": "nps", "score": 10}), (106, "c1", {"kind": "nps", "score": 8, "scale_min": 1, "scale_max": 10}),
        (107, "c2", {"kind": "ces", "score": 7, "scale_max": 7}), (108, "c2", {"kind": "mood", "score": 3}),
        (109, "c3", {"kind": "csat", "score": 1})]:
    tell(at_s, "survey.answered", data, contact_id=contact)
for at_s, stage in [(200, "received"), (200 + 3600, "acknowledged"), (200 + 5000, "investigated"), (200 + 6000, "responded"),
                    (200 + 6000 + 3601, "closed"), (200 + 10000, "escalated")]:
    tell(at_s, "feedback.received", {"kind": "complaint", "case_id": "K-1", "stage": stage}, queue="sales")
tell(300, "feedback.received", {"kind": "compliment"}, agent="ann")
tell(301, "feedback.received", {"kind": "suggestion", "case_id": "S-1"})
tell(302, "feedback.received", {"kind": "rant"})
tell(303, "feedback.received", {"kind": "complaint"})


def check(rows_of):
    total = rows_of("total")[0]
    truth.equal("csat", total["csat"], {"responses": 3, "mean": 3.5, "top_box": 1 / 3, "scale": {"min": 1, "max": 5}})
    truth.equal("nps", total["nps"], {"responses": 3, "value": 100 / 3, "promoters": 2, "detractors": 1})
    truth.equal("ces", total["ces"], {"responses": 1, "mean": 7, "scale": {"min": 1, "max": 7}})
    truth.equal("surveys", total["surveys"], {"contacts": 3, "off_scale": 2, "response_rate": 1.5})
    truth.equal("complaints", total["complaints"], {
        "received": 2, "acknowledged": 1, "investigated": 1, "responded": 1, "closed": 1, "overdue": 1, "acknowledge_ms": 3600000,
        "investigate_ms": 1400000, "respond_ms": 1000000, "close_ms": 3601000})
    truth.equal("compliments", (total["compliments"], total["suggestions"]), (1, 1))
    ann = support.only(rows_of("agent"), agent="ann")
    truth.equal("ann", (ann["csat"]["responses"], ann["nps"]["value"], ann["compliments"], ann["complaints"]), (2, 0, 1, None))
    queues = rows_of("queue")
    truth.equal("sales", support.only(queues, queue="sales")["complaints"]["received"], 1)
    truth.equal("no queue", support.only(queues, queue=None)["complaints"]["received"], 1)
    truth.equal("an unknown contact", support.only(queues, queue=None)["csat"]["responses"], 1)


def text_of(value):
    return json.dumps(value)


def batch_text():
    """The events in the text form that protoc reads."""
    lines = []
    for event in events:
        fields = [f"{name}: {text_of(value)}" for name, value in event.items() if name not in ("data", "occurred_at")]
        fields.append(f"occurred_at: {event['occurred_at']}")
        data = " ".join(f"{name}: {text_of(value)}" for name, value in event.get("data", {}).items())
        lines.append("events { " + " ".join(fields) + (f" data {{ {data} }}" if data else "") + " }")
    return "\n".join(lines)


with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "events.ndjson"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    check(lambda by: truth.rows(path, "--interval", "all", "--by", by, *WORKED))
    if shutil.which("protoc"):
        encoded = subprocess.run(["protoc", f"--proto_path={support.SOURCE / 'proto'}", "--encode=ringside.v1.EventBatch",
                                  "ringside.proto"],
                                 input=batch_text().encode(), capture_output=True, check=True).stdout
        binary = pathlib.Path(folder) / "events.pb"
        binary.write_bytes(encoded)
        check(lambda by: truth.rows(binary, "--format", "protobuf", "--interval", "all", "--by", by, *WORKED))
truth.finish()
