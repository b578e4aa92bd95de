#!/usr/bin/python3
"""Input that makes no sense, through the whole program: each has the outcome that proto/EVENTS.md writes down, is counted, and nothing
is ever negative; hard bounds keep memory bounded and totals exact."""
import json
import pathlib
import resource
import subprocess
import sys
import tempfile

from replay_support import Truth, only

MIDNIGHT = 1772409600 * 1000000   # 2026-03-02T00:00:00Z
MINUTE = 60 * 1000000
DAY = 1440 * MINUTE
FAMILIES = ("queue", "agent", "team", "channel", "total")


class Book:
    """Events at minutes after midnight, in the order in which they are told."""

    def __init__(self):
        self.lines = []

    def add(self, minute, kind, contact=None, **fields):
        event = {"source": "pbx", "seq": len(self.lines) + 1, "occurred_at": MIDNIGHT + round(minute * MINUTE), "type": kind, **fields}
        if contact is not None:
            event["contact_id"] = contact
        self.lines.append(json.dumps(event))
        return self

    def call(self, minute, contact, agent="ann", minutes=3, **fields):
        self.add(minute, "contact.queued", contact, queue="sales", **fields)
        self.add(minute + 1, "contact.answered", contact, agent=agent)
        return self.add(minute + minutes, "contact.ended", contact)

    def write(self, folder):
        path = pathlib.Path(folder) / "bad.ndjson"
        path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        return path


def negatives(value, path=""):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from negatives(inner, f"{path}.{name}")
    elif isinstance(value, (int, float)) and value < 0 and not path.endswith(".nps.value"):
        yield f"{path} {value}"


def ask(truth, book, folder, *options):
    """The total row over everything; all other ways to look are tried for negative figures and for adding up."""
    path = book.write(folder)
    for attribution in ("event", "enter", "close"):
        for by in FAMILIES:
            rows = truth.rows(path, "--by", by, "--interval", "15m", "--attribution", attribution, *options)
            truth.equal(f"{attribution} by {by}: negative figures", [text for row in rows for text in negatives(row)], [])
    total = only(truth.rows(path, "--by", "total", "--interval", "all", *options), tenant="default")
    outcomes = sum(total[name] for name in ("answered", "abandoned", "flowed_out", "callbacks", "still_open"))
    truth.equal("every leg has one outcome or is open", total["offered"], outcomes)
    done = subprocess.run([str(truth.program), "replay", "--process", "--output", "ndjson", str(path)], capture_output=True,
                          text=True, check=False)
    truth.equal("--process ends well", done.returncode, 0)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    truth.equal("--process: negative figures", [text for line in lines for text in negatives(line)], [])
    return total


def is_now(truth, what, total, **figures):
    for name, figure in figures.items():
        truth.equal(f"{what}: {name}", total[name], figure)


def impossible_orders(truth, folder):
    book = Book().add(1, "contact.answered", "a", queue="sales", agent="ann").add(2, "contact.queued", "a", queue="sales")
    total = ask(truth, book.add(3, "contact.ended", "a"), folder)
    is_now(truth, "answered before queued", total, offered=1, answered=0, abandoned=1, handled=1, clock_anomaly=0)
    book = Book().call(1, "a").add(5, "contact.ended", "a").add(6, "contact.ended", "a")
    is_now(truth, "three ends", ask(truth, book, folder), offered=1, answered=1, handled=1, abandoned=0, talk_ms_sum=120000)
    book = Book().add(1, "contact.retrieved", "a").call(2, "a").add(9, "contact.retrieved", "a").add(10, "contact.held", "a")
    is_now(truth, "retrieve without hold", ask(truth, book, folder), handled=1, hold_ms_sum=0, holds=0, talk_ms_sum=120000)
    book = Book().add(1, "contact.queued", "a", queue="sales")
    book.add(2, "contact.answered", "a", queue="never", agent="ann").add(3, "contact.ended", "a")
    total = ask(truth, book, folder)
    is_now(truth, "an answer in a queue that never saw the contact", total, offered=1, answered=1, handled=1)
    truth.equal("it is under the leg's queue", [row["queue"] for row in truth.rows(book.write(folder), "--interval", "all")], ["sales"])
    book = Book().add(1, "contact.ended", "a").add(2, "contact.transferred", "a", data={"kind": "blind", "to_queue": "sales"})
    book.add(3, "contact.wrapup_ended", "a").add(4, "contact.reopened", "a")
    book.add(5, "callback.connected", "a").add(6, "contact.dequeued", "a")
    is_now(truth, "nothing but ends", ask(truth, book, folder), offered=0, handled=0, transferred_in=0, transferred_out=0,
           wraps=0, reopened=1)


def clocks(truth, folder):
    """A day ahead and back: replay takes each event at its own time; the call in between lasts what its events say, never less than
    nothing."""
    book = Book().add(1, "contact.queued", "a", queue="sales")
    book.add(2 + 1440, "contact.answered", "a", agent="ann").add(3, "contact.ended", "a")
    total = ask(truth, book, folder)
    is_now(truth, "a clock that jumps a day ahead and back", total, offered=1, answered=0, abandoned=1, handled=0, clock_anomaly=0)
    book.add(4 * 1440, "source.heartbeat")
    row = only(truth.rows(book.write(folder), "--by", "agent", "--interval", "all", "--set", "time.missing_end=1h"), agent="ann")
    truth.equal("its answer stands alone, a day later, and its end never comes", (row["handling_lost"], row["handled"]), (1, 0))
    book = Book().call(1, "a")
    for i in range(20):
        book.add(10 + (i % 3 - 1) * 1440, "agent.state", agent="ann",
                 data={"state": ("available", "on_contact", "break", "offline")[i % 4]})
        book.add(12 + (i % 2) * 1440, "feedback.received",
                 data={"kind": "complaint", "case_id": "k", "stage": ("closed", "received", "responded")[i % 3]})
    ask(truth, book, folder, "--set", "complaints.close=1h")


def ids_again(truth, folder):
    book = Book()
    for day in range(4):
        book.call(day * 3 * 1440 + 1, "a", customer="+15550001")
    total = ask(truth, book, folder, "--set", "fcr.repeat_window=4d")
    is_now(truth, "an id used again after days", total, offered=4, answered=4, handled=4)
    truth.equal("each is a contact of its own", (total["fcr"]["eligible"], total["fcr"]["repeated"]), (4, 3))


def two_at_once(truth, folder):
    book = Book().add(1, "contact.queued", "a", queue="sales").add(2, "contact.answered", "a", agent="ann")
    book.add(3, "contact.queued", "b", queue="sales").add(4, "contact.answered", "b", agent="ann")
    total = ask(truth, book.add(8, "contact.ended", "a").add(9, "contact.ended", "b"), folder)
    is_now(truth, "two calls at once", total, handled=2, talk_ms_sum=11 * 60000)
    truth.equal("they overlap once", total["agent_time"]["overlapping_handlings"], 1)


def surveys(truth, folder):
    book = Book().add(1, "survey.answered", "nobody", data={"kind": "nps", "score": 9})
    book.add(2, "survey.answered", "nobody-2", queue="sales", agent="ann", data={"kind": "csat", "score": 50})
    total = ask(truth, book, folder)
    is_now(truth, "surveys for unknown contacts", total, offered=0, handled=0)
    truth.equal("they count, without a response rate", (total["nps"]["responses"], total["surveys"]),
                (1, {"contacts": 2, "response_rate": None, "off_scale": 1}))
    rows = truth.rows(book.write(folder), "--interval", "all")
    truth.equal("under the queue they name, else none", [row["queue"] for row in rows], [None, "sales"])


def schedules(truth, folder):
    """Three plans one over another, one that ends before it begins, and work by one of them: the latest word holds."""
    book = Book()
    for i, (begin, end, activity) in enumerate(((60, 180, "phones"), (60, 120, "off"), (100, 140, "phones"), (130, 70, "phones"))):
        book.add(i, "agent.scheduled", agent="ann",
                 data={"from": MIDNIGHT + begin * MINUTE, "to": MIDNIGHT + end * MINUTE, "activity": activity})
    book.add(60, "agent.state", agent="ann", data={"state": "available"}).add(180, "agent.state", agent="ann", data={"state": "offline"})
    time = ask(truth, book, folder)["agent_time"]
    truth.equal("80 of 120 minutes are planned, 40 worked beside the plan",
                (time["planned_ms"], time["out_of_plan_ms"], time["planned_work_ms"]), (120 * 60000, 40 * 60000, 80 * 60000))


def many_of_one(truth, folder):
    """10,000 events for one contact, one agent, one case and one customer: more than is kept of any."""
    many = 10000
    book = Book()
    for i in range(many):
        book.add(i / 100, "contact.held" if i % 2 else "contact.retrieved", "a", agent="ann")
    total = ask(truth, book.call(200, "b"), folder)
    is_now(truth, "10,000 events of one contact", total, offered=1, handled=1)
    book = Book()
    for i in range(many):
        book.add(i / 10, "agent.state", agent="ann", data={"state": "available" if i % 2 else "break"})
    time = ask(truth, book, folder)["agent_time"]
    truth.equal("10,000 states of one agent", (time["logged_in_ms"], time["break_ms"]), ((many - 1) * 6000, many // 2 * 6000))
    book = Book()
    for i in range(many):
        stage = ("received", "acknowledged", "investigated", "responded", "closed")[i % 5]
        book.add(i / 10, "feedback.received", data={"kind": "complaint", "case_id": "k", "stage": stage})
    complaints = ask(truth, book, folder)["complaints"]
    truth.equal("10,000 events of one case", complaints["closed"], many // 5)
    book = Book()
    for i in range(many // 3):
        book.call(i * 10, f"c{i}", customer="+15550001")
    total = ask(truth, book, folder, "--set", "fcr.repeat_window=1d")
    is_now(truth, "3,333 calls of one customer", total, offered=many // 3, handled=many // 3)
    truth.equal("each but the last is repeated", (total["fcr"]["eligible"], total["fcr"]["repeated"]), (many // 3, many // 3 - 1))


def past_the_limits(truth, folder):
    """200,000 contacts, each with a customer, agent, queue, team and case of its own, under small limits and under the default ones."""
    many, small = 200000, ("queue_keys=100", "agent_keys=100", "team_keys=10", "customers=1000", "cases=1000", "edges=100", "variants=100")
    path = pathlib.Path(folder) / "many.ndjson"
    with path.open("w", encoding="utf-8") as out:
        for i in range(many):
            at = MIDNIGHT + i * 400000
            head = f'{{"source":"pbx","contact_id":"c{i}","queue":"q{i}","agent":"a{i}","team":"t{i}","customer":"u{i}@x.org"'
            for n, (after, kind) in enumerate(((0, "queued"), (1, "answered"), (2, "ended"))):
                out.write(f'{head},"seq":{4 * i + n + 1},"occurred_at":{at + after * 1000000},"type":"contact.{kind}"}}\n')
            out.write(f'{head},"seq":{4 * i + 4},"occurred_at":{at + 3000000},"type":"feedback.received",'
                      f'"data":{{"kind":"complaint","case_id":"k{i}","stage":"received"}}}}\n')
    sets = [word for limit in small for word in ("--set", f"limits.{limit}")]
    for what, options in (("small limits", sets), ("default limits", [])):
        for by in ("total", "queue"):
            rows = truth.rows(path, "--by", by, "--interval", "all", *options)
            summed = {name: sum(row[name] for row in rows) for name in ("offered", "answered", "handled", "talk_ms_sum")}
            truth.equal(f"{what} by {by}", summed, {"offered": many, "answered": many, "handled": many, "talk_ms_sum": many * 1000})
            truth.equal(f"{what} by {by}: complaints", sum(row["complaints"]["received"] for row in rows if row["complaints"]), many)
            truth.equal(f"{what} by {by}: eligible", sum(row["fcr"]["eligible"] for row in rows), many)
            truth.equal(f"{what} by {by}: negative figures", [text for row in rows for text in negatives(row)], [])
            if options and by == "queue":
                truth.equal("keys past the limit are in one row", only(rows, queue="__overflow__")["offered"] > many - 200, True)
        done = subprocess.run([str(truth.program), "replay", "--by", "queue", *options, str(path)], capture_output=True,
                              text=True, check=False)
        truth.equal(f"{what}: the summary says so", "limits reached:" in done.stderr and "keys in __overflow__" in done.stderr, True)
        if options:
            kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            truth.equal(f"{what}: {kilobytes} kB of memory are bounded", kilobytes < 900000, True)


def main(build):
    truth = Truth(build)
    with tempfile.TemporaryDirectory() as folder:
        for check in (impossible_orders, clocks, ids_again, two_at_once, surveys, schedules, many_of_one, past_the_limits):
            check(truth, folder)
    truth.finish()


if __name__ == "__main__":
    main(sys.argv[1])
