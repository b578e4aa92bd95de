#!/usr/bin/python3
"""A real day's half-hour report (13 June 2000): half-hours roll up to the day that its users printed.

The figures are transcribed from Gans, Koole and Mandelbaum (2003); they are read from fixtures/charlotte of the shared folder
and the test is skipped without it. Calls are made from each half-hour's counts and means, idle time from the agents on production
(on_prod_fte). The same events then go through a daemon, and PostgreSQL sums the day from its quarters of an hour.
"""
import csv
import datetime
import json
import pathlib
import sys
import tempfile

import house
from replay_support import Truth, only, shared_folder, skip_without

DAY = datetime.datetime(2000, 6, 13, tzinfo=datetime.timezone.utc)


def calls(report):
    """(moment in microseconds, text) of every event: queued evenly, the first `answ` of each half-hour are answered."""
    events = []

    def add(at, kind, contact, **more):
        event = {"source": "acd", "occurred_at": at, "type": kind, **more}
        if contact is not None:
            event["contact_id"] = contact
        events.append((at, event))

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
    add_idle_agents(report, add)
    events.sort(key=lambda event: event[0])
    return events


def add_idle_agents(report, add):
    """Who is on production is idle when not on a call: so many agent-seconds, shared out among agents who are idle for a whole
    half-hour, and one for the rest of it. They are logged in, and in a break, for the remaining time."""
    def state(half, i, seconds, name):
        begin = int((DAY + datetime.timedelta(hours=int(half["time"][:2]), minutes=int(half["time"][3:]))).timestamp()) * 1000000
        add(begin + int(seconds * 1000000), "agent.state", None, agent=f"idle-{i}", data={"state": name})

    for half in report:
        idle = float(half["on_prod_fte"]) * 1800 - int(half["answ"]) * int(half["aht_s"])
        for i in range(int(idle // 1800) + 1):
            state(half, i, 0, "available")
            state(half, i, min(1800, max(0, idle - i * 1800)), "break")
    for i in range(100):
        state(report[-1], i, 1800, "offline")


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
        occupancy = row["agent_time"]["occupancy"]["on_contact"]
        rounded = 0.05 / float(half["on_prod_fte"]) + 0.5 / int(half["aht_s"])   # what the report's own digits leave open
        truth.near(f"{half['time']} occupancy %", None if occupancy is None else 100 * occupancy, float(half["occ_pct"]),
                   absolute=0.05 + rounded * float(half["occ_pct"]))


def check_day(truth, halves, row, day):
    truth.equal("received in the day", row["offered"], int(day["recvd"]))
    truth.equal("answered in the day", row["answered"], int(day["answ"]))
    truth.near("abandoned % of the day", row["abandoned"] * 100 / row["offered"], float(day["abn_pct"]), absolute=0.05)
    truth.near("asa of the day", row["wait_ms"]["asa"], int(day["asa_s"]) * 1000, absolute=500)
    truth.near("aht of the day", row["aht_ms"], int(day["aht_s"]) * 1000, absolute=500)
    truth.near("occupancy % of the day", 100 * row["agent_time"]["occupancy"]["on_contact"], float(day["occ_pct"]), absolute=0.05)
    for field in ("offered", "answered", "abandoned", "handled", "talk_ms_sum", "answered_in_t", "abandoned_in_t"):
        truth.equal(f"half-hours' {field} add up", sum(half[field] for half in halves), row[field])
    for part in ("numerator", "denominator"):
        summed = sum(half["service_level"]["abandon_miss"][part] for half in halves)
        truth.equal(f"half-hours' {part}s add up", summed, row["service_level"]["abandon_miss"][part])


def check_means(truth, halves, row):
    """A mean of the half-hours' percentages is another figure: this is how it goes wrong."""
    shares = [half["abandoned"] / half["offered"] for half in halves]
    whole = row["abandoned"] / row["offered"]
    truth.near("weighted by calls", sum(s * half["offered"] for s, half in zip(shares, halves)) / row["offered"], whole, absolute=1e-12)
    truth.equal("a mean of percentages is another figure", round(sum(shares) / len(shares), 4) != round(whole, 4), True)


def check_stored(truth, events, report, day):
    """PostgreSQL's roll-up of the quarters of an hour is the day, and its half-hours are replay's."""
    with house.folder() as path:
        postgres = house.Postgres(path)
        daemon = None
        try:
            daemon = house.Daemon(path, postgres.conninfo, extra="service_level: {policies: [abandon_miss]}\n")
            house.ringside("send", "--to", daemon.events, "--speed", "max", str(events))
            daemon.stop()
            halves = [
                {**postgres.query("SELECT * FROM ringside.total_rollup(%s::timestamptz, %s::timestamptz + interval '30 minutes', 'enter')",
                                  f"2000-06-13T{half['time']}:00Z", f"2000-06-13T{half['time']}:00Z")[0],
                 "interval_start": f"2000-06-13T{half['time']}:00Z"} for half in report]
            check_halves(truth, halves, report)
            whole = postgres.query("SELECT * FROM ringside.total_rollup('2000-06-13Z', '2000-06-14Z', 'enter')")
            check_day(truth, halves, only(whole, tenant="default"), day)
        finally:
            if daemon is not None:
                daemon.kill()
            postgres.remove()


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
        whole = only(truth.rows(events, "--interval", "1d", *common))
        check_day(truth, halves, whole, day)
        check_means(truth, halves, whole)
        check_stored(truth, events, report, day)
    truth.finish()


if __name__ == "__main__":
    main(sys.argv[1])
