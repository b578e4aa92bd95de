#!/usr/bin/python3
"""A real day's half-hour report (13 June 2000): half-hours roll up to the day that its users printed.

The figures are transcribed from Gans, Koole and Mandelbaum (2003); they are read from fixtures/charlotte of the shared folder
and the test is skipped without it. Calls are made from each half-hour's counts and means; staffing is left out.
"""
import csv
import datetime
import json
import pathlib
import sys
import tempfile

from replay_support import Truth, only, shared_folder, skip_without

DAY = datetime.datetime(2000, 6, 13, tzinfo=datetime.timezone.utc)


def calls(report):
    """(moment in microseconds, text) of every event: queued evenly, the first `answ` of each half-hour are answered."""
    events = []

    def add(at, kind, contact, **more):
        events.append((at, {"source": "acd", "occurred_at": at, "type": kind, "contact_id": contact, **more}))

    for half in report:
        start = DAY + datetime.timedelta(hours=int(half["time"][:2]), minutes=int(half["time"][3:]))
        received, answered = int(half["recvd"]), int(half["answ"])
        for i in range(received):
            contact = f"{half['time']}-{i}"
            queued = int(start.timestamp()) * 1000000 + i * 1800000000 // received
            add(queued, "contact.queued", contact, queue="bank")
            if i < answered:
                reply = queued + int(half["asa_s"]) * 1000000
                add(reply, "contact.answered", contact, agent="a")
                add(reply + int(half["aht_s"]) * 1000000, "contact.ended", contact)
            else:
                add(queued + 30000000, "contact.abandoned", contact)
    events.sort(key=lambda event: event[0])
    return events


def write(path, events):
    with path.open("w", encoding="utf-8") as out:
        for seq, (_, event) in enumerate(events, 1):
            out.write(json.dumps({**event, "seq": seq}) + "\n")


def check_halves(truth, rows, report):
    truth.equal("number of half-hours", len(rows), len(report))
    for half in report:
        row = only(rows, interval_start=f"2000-06-13T{half['time']}:00Z")
        truth.equal(f"{half['time']} received", row["offered"], int(half["recvd"]))
        truth.equal(f"{half['time']} answered", row["answered"], int(half["answ"]))
        truth.near(f"{half['time']} abandoned %", row["abandoned"] * 100 / row["offered"], float(half["abn_pct"]), absolute=0.051)
        truth.near(f"{half['time']} asa", row["wait_ms"]["asa"], int(half["asa_s"]) * 1000, absolute=0.5)
        truth.near(f"{half['time']} aht", row["aht_ms"], int(half["aht_s"]) * 1000, absolute=0.5)


def check_day(truth, halves, row, day):
    truth.equal("received in the day", row["offered"], int(day["recvd"]))
    truth.equal("answered in the day", row["answered"], int(day["answ"]))
    truth.near("abandoned % of the day", row["abandoned"] * 100 / row["offered"], float(day["abn_pct"]), absolute=0.05)
    truth.near("asa of the day", row["wait_ms"]["asa"], int(day["asa_s"]) * 1000, absolute=500)
    truth.near("aht of the day", row["aht_ms"], int(day["aht_s"]) * 1000, absolute=500)
    for field in ("offered", "answered", "abandoned", "handled", "talk_ms_sum", "answered_in_t", "abandoned_in_t"):
        truth.equal(f"half-hours' {field} add up", sum(half[field] for half in halves), row[field])
    for part in ("numerator", "denominator"):
        summed = sum(half["service_level"]["abandon_miss"][part] for half in halves)
        truth.equal(f"half-hours' {part}s add up", summed, row["service_level"]["abandon_miss"][part])


def main(build):
    path = shared_folder() / "fixtures/charlotte/half-hours_2000-06-13.csv"
    skip_without(path)
    truth = Truth(build)
    with path.open(encoding="utf-8") as text:
        day, *report = csv.DictReader(text)
    with tempfile.TemporaryDirectory() as folder:
        events = pathlib.Path(folder) / "day.ndjson"
        write(events, calls(report))
        common = ("--attribution", "enter", "--by", "total", "--policy", "abandon_miss")
        halves = truth.rows(events, "--interval", "30m", *common)
        check_halves(truth, halves, report)
        check_day(truth, halves, only(truth.rows(events, "--interval", "1d", *common)), day)
    truth.finish()


if __name__ == "__main__":
    main(sys.argv[1])
