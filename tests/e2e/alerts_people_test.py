"""People and alerts: a real daemon, a real database, the `ringside alerts` command; kill -9 in between loses nothing of what was said."""
import json
import os
import stat
import time

import house
import zmq
from receiving import free_port
from service_support import CONTEXT, Producer, event

RULES = """
alerts:
  rules:
    waiting: {metric: oldest_wait, key: "*", compare: above, limit: 1s, clear: 500ms, severity: warning,
    runbook: "https://wiki.example/waiting"}
"""


def alerts(daemon, *arguments, **options):
    return house.ringside("alerts", *arguments, "--config", daemon.config, **options)


def open_alerts(daemon):
    return [json.loads(line) for line in alerts(daemon, "list", "--output", "ndjson").stdout.splitlines()]


def firing(daemon, queue):
    """the alert of the queue fires"""
    return [alert for alert in open_alerts(daemon) if alert["queue"] == queue and alert["state"] == "firing"]


def show(daemon, episode):
    return json.loads(alerts(daemon, "show", episode, "--output", "ndjson").stdout)


def refused(daemon, *arguments):
    result = alerts(daemon, *arguments, check_status=False)
    house.check(result.returncode == 1, f"{arguments}: exit {result.returncode}, {result.stdout!r}, {result.stderr!r}")
    return result.stderr


def what_people_say_is_kept_over_a_crash(path):
    postgres = house.Postgres(path)
    daemon = house.Daemon(path, postgres.conninfo, clock="wall", extra=RULES)
    try:
        producer = Producer(daemon.events)
        producer.send(event(1, "contact.queued", contact_id="c1", queue="vip"), event(2, "contact.queued", contact_id="c2", queue="gold"))
        vip = house.wait_for(lambda: firing(daemon, "vip"))[0]
        gold = house.wait_for(lambda: firing(daemon, "gold"))[0]
        episode, other = vip["episode"], gold["episode"]
        house.check(vip["runbook"] == "https://wiki.example/waiting", f"runbook: {vip}")

        done = json.loads(alerts(daemon, "ack", episode, "I", "look", "--who", "anna", "--sticky", "--output", "ndjson").stdout)
        house.check(done == {"done": "ack", "episode": episode}, f"the answer: {done}")
        daemon.kill()          # an answer means: it is on disk
        daemon.start()
        after = house.wait_for(lambda: [alert for alert in open_alerts(daemon) if alert["episode"] == episode])[0]
        house.check(after["acknowledged"] and after["by"] == "anna" and after["text"] == "I look", f"after kill -9: {after}")

        alerts(daemon, "cause", episode, "two people ill", "--who", "anna")
        alerts(daemon, "action", episode, "call in the spare team", "--who", "anna", "--owner", "ben", "--due", "2h")
        alerts(daemon, "note", episode, "spare team is on the way", "--who", "ben")
        silence = json.loads(alerts(daemon, "silence", "maintenance", "--who", "anna", "--until", "1h", "--key", "gold*",
                                    "--channel", "voice", "--output", "ndjson").stdout)["silence"]
        daemon.kill()
        daemon.start()
        after = house.wait_for(lambda: [alert for alert in open_alerts(daemon) if alert["episode"] == episode])[0]
        house.check((after["cause"], after["action"], after["owner"]) == ("two people ill", "call in the spare team", "ben"),
                    f"after kill -9: {after}")
        house.check(after["due"] is not None and after["acknowledged"], f"after kill -9: {after}")
        listed = [json.loads(line) for line in alerts(daemon, "silences", "--output", "ndjson").stdout.splitlines()]
        house.check(len(listed) == 1 and str(listed[0]["silence"]) == silence and listed[0]["key"] == "gold*" and listed[0]["by"] == "anna",
                    f"silences after kill -9: {listed}")
        alerts(daemon, "unsilence", silence, "--who", "anna")
        house.check(alerts(daemon, "silences", "--output", "ndjson").stdout == "", "a silence that was ended is still listed")
        house.check("has ended already" in refused(daemon, "unsilence", silence), "a silence ends twice")

        # an open alert takes no review; then it ends, and takes one but no acknowledgement
        text = refused(daemon, "review", episode, "it helped")
        house.check("still open" in text and "episode" in text, f"review of an open alert: {text}")
        # what the first daemon counted is known: the caller is answered
        Producer(daemon.events).send(event(3, "contact.answered", contact_id="c1", agent="a1"))
        house.wait_for(lambda: not [alert for alert in open_alerts(daemon) if alert["episode"] == episode])
        text = refused(daemon, "ack", episode, "too late")
        house.check("closed" in text and episode in text and "review" in text, f"ack of a closed alert: {text}")
        text = alerts(daemon, "review", episode, "the spare team helped", "--who", "carla", "--output", "table", "--timeout", "60").stdout
        house.check("wait_p95 stands for it" in text and "too little data yet" in text, f"a review right after the end: {text}")
        alerts(daemon, "resolve", other, "it was a test call", "--who", "carla")
        house.wait_for(lambda: not open_alerts(daemon))

        def is_stored():
            """everything that was said is in the database"""
            return len(postgres.query("SELECT 1 FROM ringside.alert_command WHERE author <> 'ringside'")) >= 8
        house.wait_for(is_stored)
        house.wait_for(lambda: all(row["ended_at"] for row in postgres.query("SELECT * FROM ringside.alert")))
        known = show(daemon, episode)
        house.check([(row["act"], row["author"]) for row in known["said"]] ==
                    [("ack", "anna"), ("cause", "anna"), ("action", "anna"), ("note", "ben"), ("review", "carla")],
                    f"said: {known['said']}")
        house.check([row["to_state"] for row in known["transitions"] if row["from_state"] != row["to_state"]] == ["firing", "resolved"] or
                    [row["to_state"] for row in known["transitions"] if row["from_state"] != row["to_state"]] ==
                    ["pending", "firing", "resolved"],
                    f"transitions: {known['transitions']}")
        house.check(known["alert"]["state"] == "resolved", f"alert: {known['alert']}")
        why = [row["explanation"] for row in known["transitions"] if row["to_state"] == "firing"]
        house.check(why and why[0] and why[0]["recent"]["values"][-1] >= 1000, f"the explanation that is stored: {why}")
        text = alerts(daemon, "show", episode, "--output", "table").stdout
        for part in ("recent", "the spare team helped", "carla", "https://wiki.example/waiting", "resolved", "owner ben"):
            house.check(part in text, f"{part} is not in\n{text}")
        resolved = show(daemon, other)
        house.check(("resolve", "carla", "it was a test call") in [(row["act"], row["author"], row["text"]) for row in resolved["said"]],
                    f"{resolved}")
    finally:
        daemon.kill()
        postgres.remove()


LEVEL = """
alerts:
  rules:
    level: {metric: service_level, window: 15m, key: "*", compare: below, limit: 0.5, clear: 0.8, min_sample: 5, severity: warning}
"""
MORNING = 1772438400   # 2026-03-02T08:00:00Z, a Monday


def calls(producer, sequence, begin_s, end_s, wait_s):
    """One call every 30 seconds, answered after `wait_s`; returns the number of the next event."""
    events = []
    for at in range(begin_s, end_s, 30):
        events.append((at, "contact.queued", {"queue": "vip"}))
        events.append((at + wait_s, "contact.answered", {"agent": "a1"}))
        events.append((at + wait_s + 10, "contact.ended", {}))
        for offset, (when, kind, fields) in enumerate(events[-3:]):
            events[offset - 3] = (when, kind, {**fields, "contact_id": f"c{at}"})
    for when, kind, fields in sorted(events, key=lambda item: item[0]):
        producer.send(event(sequence, kind, at=MORNING + when, **fields))
        sequence += 1
    return sequence


def known_until(postgres, second):
    at = postgres.query("SELECT coalesce(max(watermark_us), 0) / 1000000 AS at FROM ringside.mark")[0]["at"]
    return at >= MORNING + second


def a_review_is_filled_with_what_was_measured(path):
    """Half an hour of late answers, then good ones: the figure before and after, too early and when it is complete, over a crash."""
    postgres = house.Postgres(path)
    daemon = house.Daemon(path, postgres.conninfo, clock="events", extra=LEVEL)
    try:
        producer = Producer(daemon.events)
        sequence = calls(producer, 1, 0, 1800, 45)
        sequence = calls(producer, sequence, 1830, 3300, 5)
        house.wait_for(lambda: postgres.query("SELECT to_regclass('ringside.alert_command') IS NOT NULL AS made")[0]["made"])
        row = house.wait_for(lambda: postgres.query("SELECT * FROM ringside.alert WHERE rule = 'level' AND ended_at IS NOT NULL"))[0]
        episode = str(row["episode"])
        name = f"{row['episode'] >> 32}-{row['episode'] & 0xffffffff}"
        told = json.loads(alerts(daemon, "review", name, "more people came", "--who", "carla", "--output", "ndjson").stdout)["measured"]
        house.check(told["metric"] == "service_level" and not told["is_complete"]
                    and "too little data yet" in told["notes"][-1] + told["notes"][0], f"too early: {told}")
        daemon.kill()
        daemon.start()
        producer = Producer(daemon.events)
        calls(producer, sequence, 3330, 9000, 5)
        house.wait_for(lambda: known_until(postgres, 7200))

        def is_complete():
            """the review is filled in"""
            return show(daemon, name)["outcome"]["is_complete"]
        house.wait_for(is_complete)
        known = show(daemon, name)
        outcome, kept = known["outcome"], [said["measured"] for said in known["said"] if said["act"] == "review"]
        house.check(kept == [told], f"what was told is kept: {kept}, {told}")
        for side in ("before", "after"):
            sums = postgres.query("SELECT sum(sl_num[1])::float8 AS num, sum(sl_den[1])::float8 AS den FROM ringside.queue_interval_part "
                                  "WHERE attribution = 'event' AND interval_start >= %s AND interval_start < %s", outcome[f"{side}_from"],
                                  outcome[f"{side}_to"])[0]
            house.check((outcome[f"{side}_numerator"], outcome[f"{side}_denominator"]) == (sums["num"], sums["den"]) and sums["den"] > 50,
                        f"{side}: {outcome}, rows say {sums}")
        house.check(outcome["before_value"] < 0.5 and outcome["after_value"] == 1 and outcome["low"] > 0 and outcome["verdict"] == "better",
                    f"{outcome}")
        text = alerts(daemon, "show", name, "--output", "table").stdout
        for part in ("did it help  better: service_level", "before", "after", "100%", "more, with 95 % confidence between"):
            house.check(part in text, f"{part} is not in\n{text}")
        log = json.loads(house.ringside("report", "deviations", "--from", "2026-03-02", "--to", "2026-03-03", "--format", "json",
                                        "--database", postgres.conninfo).stdout)["rows"]
        house.check(len(log) == 1, f"the log: {log}")
        entry = [item for item in log if str(item["episode"]) == episode][0]
        house.check((entry["measured"], entry["verdict"], entry["after_value"]) == ("service_level", "better", 1)
                    and entry["result"] == "more people came", f"{entry}")
    finally:
        daemon.kill()
        postgres.remove()


def bad_commands_are_refused_by_field(path):
    daemon = house.Daemon(path, clock="wall", extra=RULES)
    try:
        producer = Producer(daemon.events)
        producer.send(event(1, "contact.queued", contact_id="c1", queue="vip"))
        episode = house.wait_for(lambda: firing(daemon, "vip"))[0]["episode"]
        house.check("there never was" in refused(daemon, "ack", "4294967295-1", "mine"), "an alert that never was")
        house.check("text" in refused(daemon, "note", episode), "a note without text")
        house.check("until" in refused(daemon, "silence", "why not"), "a silence without an end")
        house.check("until" in refused(daemon, "ack", episode, "mine", "--until", "2001-01-01T00:00:00Z"), "an end that has passed")
        house.check("who" in refused(daemon, "note", episode, "text", "--who", "n" * 65), "a name that is too long")
        house.check("text" in refused(daemon, "note", episode, "x" * 513), "a text that is too long")
        house.check("channel" in refused(daemon, "silence", "w", "--until", "1h", "--channel", "smoke"), "an unknown channel")
        house.check("owner" in refused(daemon, "note", episode, "text", "--owner", "ben"), "an owner of a note")
        for wrong in (("ack", "abc", "text"), ("ack",), ("show", "17"), ("ack", episode, "t", "--until", "soon")):
            result = alerts(daemon, *wrong, check_status=False)
            house.check(result.returncode in (2, 64) and result.stderr or result.returncode == 1,
                        f"{wrong}: {result.returncode} {result.stderr}")

        # strangers at the door: each is answered, or its connection closed, and the next one does not notice
        for frames in ([b"RS9", b"SAY", b"1", b"ack"], [b"RS1"], [b"RS1", b"SHOUT", b"1"], [b"RS1", b"SAY", b"x" * 65, b"ack"], [b""] * 40,
                       [b"RS1", b"SAY", b"1", b"dance"], [b"RS1", b"SAY", b"1", b"ack", b"episode"], [b"RS1", b"SAY", b"1", b"ack", b"a=b"],
                       [b"RS1", b"SAY", b"1", b"ack", b"who=a", b"who=b"], [b"RS1", b"SAY", b"1", b"ack", b"text=\x07"], [b"x" * 5000]):
            stranger = CONTEXT.socket(zmq.DEALER)
            stranger.linger = 0
            stranger.connect(daemon.commands)
            stranger.send_multipart(frames)
            if len(frames[0]) < 5000:
                house.check(stranger.poll(house.PATIENCE * 1000), f"no answer to {frames}")
                answer = stranger.recv_multipart()
                house.check(answer[:2] == [b"RS1", b"REFUSED"] and len(answer) == 6 and answer[3] and answer[5], f"{frames}: {answer}")
            stranger.close()
        alerts(daemon, "ack", episode, "still there", "--who", "anna")
        # no database: an open alert is shown, one that has ended cannot be
        known = show(daemon, episode)
        house.check(known["live"]["by"] == "anna" and known["alert"] is None, f"{known}")
        house.check(known["live"]["explanation"]["recent"]["each_s"] == 300, f"an explanation on the feed: {known}")
        house.check("recent" in alerts(daemon, "show", episode, "--output", "table").stdout, "no sparkline")
        house.check("database" in refused(daemon, "show", "9-9"), "an alert that nobody knows")
    finally:
        daemon.kill()


def a_stop_answers_what_it_took(path):
    """SIGTERM right behind a command: answered or not, what was answered DONE is there after the next start."""
    daemon = house.Daemon(path, clock="wall", extra=RULES)
    try:
        Producer(daemon.events).send(event(1, "contact.queued", contact_id="c1", queue="vip"))
        episode = house.wait_for(lambda: firing(daemon, "vip"))[0]["episode"]
        socket = CONTEXT.socket(zmq.DEALER)
        socket.linger = 0
        socket.connect(daemon.commands)
        for number in range(40):
            if number == 1:
                house.check(socket.poll(house.PATIENCE * 1000), "the first command is not answered")
            socket.send_multipart([b"RS1", b"SAY", str(number).encode(), b"cause", b"episode=" + episode.encode(), b"who=anna",
                                   f"text=cause {number}".encode()])
        daemon.process.terminate()
        daemon.process.wait(timeout=house.PATIENCE)
        done = []
        while socket.poll(500):
            answer = socket.recv_multipart()
            if answer[1] == b"DONE":
                done.append(int(answer[2]))
        socket.close()
        daemon.start()
        after = [alert for alert in open_alerts(daemon) if alert["episode"] == episode][0]
        house.check(done and after["cause"] and int(after["cause"].split()[1]) >= max(done), f"answered {done}, kept {after['cause']}")
        print(f"{len(done)} of 40 were answered before the stop")
    finally:
        daemon.kill()


def the_door_is_for_this_machine_alone_unless_somebody_opens_it(path):
    printed = house.ringside("check-config", os.devnull).stdout
    house.check("ingest.commands" in printed and "tcp://127.0.0.1:5574" in printed, f"the default: {printed}")
    warning = "ingest.commands knows no passwords"
    daemon = house.Daemon(path, clock="wall", extra=RULES)
    try:
        mode = stat.S_IMODE(os.stat(daemon.commands[len("ipc://"):]).st_mode)
        house.check(mode & 0o022 == 0, f"others may write to the socket: {mode:o}")
        house.check(not daemon.said(warning), "a warning of a Unix socket")
        for address, is_open in (("127.0.0.1", False), ("0.0.0.0", True)):
            daemon.kill()
            os.rename(daemon.log, f"{daemon.log}.{address}")
            daemon.commands = f"tcp://{address}:{free_port()}"
            daemon.write_config("wall", None, RULES)
            daemon.start()
            house.check(daemon.said(warning) == is_open, f"{address}: {daemon.output()}")
    finally:
        daemon.kill()


def main():
    for test in (what_people_say_is_kept_over_a_crash, a_review_is_filled_with_what_was_measured, bad_commands_are_refused_by_field,
                 a_stop_answers_what_it_took, the_door_is_for_this_machine_alone_unless_somebody_opens_it):
        began = time.monotonic()
        with house.folder() as path:
            test(path)
        print(f"{test.__name__}: ok, {time.monotonic() - began:.1f} s")


main()
print(f"alerts_people_test: {house.checks} checks")
