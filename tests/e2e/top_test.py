#!/usr/bin/env python3
"""`ringside top` and `ringside alerts` against a real daemon: the figures of the board are replay's, the board lives in a terminal
(keys, window sizes, a daemon that goes and comes), alerts are listed and followed, and what goes wrong is said."""
import json
import os
import re
import shutil
import signal
import subprocess
import time

import house

CONFIG = """
queues:
  vip: {threshold: 10s, target: 0.95}
service_level: {policies: [short_excluded, answered_only]}
alerts:
  rules:
    many_offered: {metric: offered, window: today, compare: above, limit: 100, severity: critical}
    level_low: {metric: service_level, window: today, compare: below, limit: 0.94, clear: 0.96, min_sample: 20, severity: warning}
    some_answered: {metric: answered, window: today, compare: above, limit: 10, severity: info, key: vip}
"""
PROGRAM = os.path.join(house.BUILD, "ringside")
ENV = {**os.environ, "TZ": "UTC", "LANG": "C.UTF-8", "COLUMNS": "150"}
EMPTY = "–"


def send(daemon):
    house.ringside("send", "--to", daemon.events, "--config", daemon.config, "--format", "asterisk-queue-log", house.FIXTURE)


def once(daemon, *options, columns=150):
    done = house.ringside("top", "--once", "--config", daemon.config, *options, env={**ENV, "COLUMNS": str(columns)})
    return done.stdout.splitlines()


def table(lines):
    """The rows of the board by their first word; of a head of several words nothing is lost, all names of columns are one word."""
    head = lines[1].replace("p90 wait", "p90").split()
    rows = {}
    for line in lines[2:]:
        words = line.split()
        if not words or words[0] in ("alerts:", "no", "q"):
            break
        if words[0] == "total":
            words.insert(1, "")
        rows[words[0]] = dict(zip(head, words))
    return rows


def share(numerator, denominator):
    if not denominator:
        return EMPTY
    if numerator in (0, denominator):
        return "0%" if numerator == 0 else "100%"
    return f"{min(max(100 * numerator / denominator, 0.1), 99.9):.1f}%"


def clock(ms):
    if ms is None:
        return EMPTY
    seconds = int(ms / 1000 + 0.5)
    return f"{seconds // 60}:{seconds % 60:02d}" if seconds < 3600 else f"{seconds // 3600}h{seconds % 3600 // 60:02d}"


def compare(row, truth, policy, name):
    level = truth["service_level"][policy]
    abandoned, decided = truth["abandoned"], truth["answered"] + truth["abandoned"]
    wanted = {"SL": share(level["numerator"], level["denominator"]), "offered": str(truth["offered"]),
              "answered": str(truth["answered"]), "abandoned": str(abandoned), "flowed": str(truth["flowed_out"]),
              "rate": f"{100 * abandoned / decided:.0f}%", "ASA": clock(truth["wait_ms"]["asa"]),
              "p90": clock(truth["wait_ms"]["p90"]), "AHT": clock(truth["aht_ms"]), "waiting": "0", "oldest": EMPTY}
    for column, figure in wanted.items():
        is_figure = row[column].rstrip("!")
        house.check(is_figure == figure, f"{policy} {name} {column}: {is_figure} on the board, {figure} by replay")


def the_board_shows_what_replay_counts(daemon):
    for policy in ("short_excluded", "answered_only"):
        rows = table(house.wait_for(lambda: settled(daemon, policy)))
        options = ["--interval", "all", "--policy", policy, "--config", daemon.config, "--format", "asterisk-queue-log", house.FIXTURE]
        truths = house.replay(*options)
        house.check({row["queue"] for row in truths} == rows.keys() - {"total"}, f"other queues: {rows.keys()}")
        for truth in truths:
            compare(rows[truth["queue"]], truth, policy, truth["queue"])
            house.check(rows[truth["queue"]]["goal"] == ("95%" if truth["queue"] == "vip" else "80%"), "goal")
        total = house.replay("--by", "total", *options)[0]
        compare(rows["total"], total, policy, "total")


def settled(daemon, policy):
    """the board, once the daemon has applied the whole run"""
    lines = once(daemon, "--window", "today", "--policy", policy)
    return lines if table(lines).get("total", {}).get("offered") == "612" and "!!" not in lines[2] else None


def on_board(daemon):
    return house.ringside("top", "--once", "--config", daemon.config, env={**ENV, "COLUMNS": "120"}).stdout.splitlines()


def every_command_names_itself_whole():
    """So that what an error says to try can be tried."""
    for command in ("top", "alerts", "send", "replay", "report", "journal", "restate", "migrate", "subject", "check-config", "rules"):
        usage = house.ringside(command, "--help").stdout
        house.check(usage.startswith(f"Usage: ringside {command} "), usage[:60])


def alerts_are_listed(daemon):
    def alerts(*options):
        return house.ringside("alerts", "--config", daemon.config, *options, env=ENV).stdout
    bodies = [json.loads(line) for line in alerts().splitlines()]
    found = {(body["rule"], body["queue"]) for body in bodies}
    wanted = {("many_offered", "billing"), ("many_offered", "sales"), ("many_offered", "support"), ("some_answered", "vip")}
    house.check(wanted <= found, f"open alerts: {found}")
    order = ["critical", "warning", "info"]
    ranks = [order.index(body["severity"]) for body in bodies]
    house.check(ranks == sorted(ranks), "the gravest are not first")
    lines = alerts("--output", "table").splitlines()
    house.check(lines[0].split() == ["ALERT", "STATE", "SEVERITY", "RULE", "KEY", "FIGURE", "LIMIT", "N", "TOLD", "SINCE", "FOR", "WHO",
                                     "HAS", "IT"], lines[0])
    house.check(len(lines) == len(bodies) + 1, "the table has other lines than the bodies")
    sales = next(line for line in lines if "sales/voice" in line and "many_offered" in line).split()
    house.check(sales[1:4] == ["firing", "critical", "many_offered"] and sales[5:8] == ["101", ">100", EMPTY], f"{sales}")
    told = house.ringside("alerts", "ack", sales[0], "I look into it", "--who", "anna", "--config", daemon.config,
                          "--output", "table").stdout
    house.check(told.startswith("ack") or sales[0] in told, f"the number in the table is not one that can be acknowledged: {told}")
    sales = next(line for line in alerts("--output", "table").splitlines() if line.startswith(sales[0] + " "))
    house.check(sales.split()[-1] == "anna", f"who has it is not told: {sales}")
    house.check(any("firing+" in line and "sales/voice" in line for line in on_board(daemon)),
                "the board does not say that somebody has it")
    house.check({json.loads(line)["rule"] for line in alerts("--rule", "some_*").splitlines()} == {"some_answered"}, "--rule")
    house.check({json.loads(line)["severity"] for line in alerts("--severity", "critical").splitlines()} == {"critical"}, "--severity")
    house.check(len(alerts("--tenant", "default").splitlines()) == len(bodies), "--tenant default")
    house.check(alerts("--tenant", "no one/else") == "", "--tenant of nobody")
    house.check(alerts("--tenant", "nobody", "--output", "table") == "no open alerts\n", "an empty table says so")
    return bodies


class Following:
    """`ringside alerts --follow` in the background."""

    def __init__(self, daemon, *options):
        self.out, self.error = os.path.join(daemon.path, f"follow-{time.monotonic_ns()}.out"), None
        self.error = self.out + ".err"
        with open(self.out, "w") as out, open(self.error, "w") as error:
            self.process = subprocess.Popen([PROGRAM, "alerts", "--follow", "--config", daemon.config, *options], stdout=out, stderr=error,
                                            env=ENV)

    def lines(self):
        with open(self.out) as file:
            return file.read().splitlines()

    def said(self, text):
        with open(self.error) as file:
            return text in file.read()

    def times_said(self, text):
        with open(self.error) as file:
            return file.read().count(text)

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        return self.process.wait(timeout=house.PATIENCE)


def forget(daemon):
    """As an operator begins anew: the daemon, stopped, knows nothing of before when it starts."""
    shutil.rmtree(os.path.join(daemon.path, "state", "journal"))


def alerts_are_followed_over_a_restart(daemon):
    bodies, table_lines = Following(daemon, "--output", "ndjson"), Following(daemon, "--output", "table")
    try:
        house.check(house.wait_for(lambda: bodies.said("nobody answers")), "a missing daemon is not told")
        daemon.start()
        send(daemon)
        house.wait_for(lambda: any('"many_offered"' in line and '"sales"' in line for line in bodies.lines()))
        house.wait_for(lambda: any("many_offered" in line and "sales/voice" in line for line in table_lines.lines()))
        parsed = [json.loads(line) for line in bodies.lines()]
        keys = [(body["episode"], body["from"], body["state"]) for body in parsed]
        house.check(len(keys) == len(set(keys)), "a transition was printed twice")
        line = next(line for line in table_lines.lines() if "many_offered" in line and "sales/voice" in line)
        house.check(re.fullmatch(r"2026-\d\d-\d\d \d\d:\d\d:\d\d  \d+-\d+  firing      critical  many_offered {10}sales/voice {15}101  "
                                 r"\(>100, today\)", line),
                    f"[{line}]")
        daemon.stop()
        house.wait_for(lambda: bodies.times_said("the connection was lost") == 1)
        daemon.start()
        house.wait_for(lambda: bodies.times_said("connected again") == 1)
        house.check(not bodies.said("ended meanwhile"), "an alert outlives a restart, and is told as ended")
        ended = [body for body in map(json.loads, bodies.lines()) if body["state"] == "resolved" and body["rule"] == "many_offered"]
        house.check(not ended, f"a restart ended {ended[:1]}")
        daemon.stop()
        forget(daemon)
        house.wait_for(lambda: bodies.times_said("the connection was lost") == 2)
        daemon.start()
        house.wait_for(lambda: bodies.times_said("connected again") == 2)
        house.check(bodies.said("ended meanwhile: many_offered sales/voice") or bodies.said("more"), "what ended meanwhile is not told")
        house.check(bodies.stop() == 0, "Ctrl-C is no failure")
        house.check(table_lines.stop(signal.SIGTERM) == 0, "SIGTERM is no failure")
    finally:
        for following in (bodies, table_lines):
            if following.process.poll() is None:
                following.process.kill()


def a_reader_that_goes_away_ends_it_quietly(daemon):
    done = subprocess.run(f"'{PROGRAM}' alerts --follow --config '{daemon.config}' | head -n 1", shell=True, capture_output=True, text=True,
                          timeout=house.PATIENCE, env=ENV)
    house.check(done.returncode == 0 and len(done.stdout.splitlines()) == 1, f"{done}")


class Terminal:
    """A tmux server of its own with one window that runs `ringside top`."""

    def __init__(self, path, daemon, *options, columns=80, lines=24, env=""):
        self.tmux = ["tmux", "-S", os.path.join(path, f"tmux-{time.monotonic_ns()}"), "-f", "/dev/null"]
        command = f"env TZ=UTC {env} '{PROGRAM}' top --config '{daemon.config}' {' '.join(options)}; echo left $?; sleep 60"
        self.run("new-session", "-d", "-x", str(columns), "-y", str(lines), command)

    def run(self, *arguments):
        return subprocess.run([*self.tmux, *arguments], check=True, capture_output=True, text=True).stdout

    def keys(self, *keys):
        self.run("send-keys", *keys)

    def text(self, *options):
        return self.run("capture-pane", "-p", *options)

    def shows(self, pattern, *options, seconds=house.PATIENCE):
        """Waits until the screen matches; returns it."""
        try:
            return house.wait_for(lambda: re.search(pattern, self.text(*options), re.S) and self.text(*options), seconds)
        except AssertionError:
            raise AssertionError(f"the screen does not show {pattern}:\n{self.text(*options)}") from None

    def close(self):
        subprocess.run([*self.tmux, "kill-server"], check=False, capture_output=True)


def the_board_lives_in_a_terminal(path, daemon):
    terminal = Terminal(path, daemon, "--window", "today")
    try:
        screen = terminal.shows(r"live.*total.*612")
        lines = screen.splitlines()
        house.check(lines[0].startswith("ringside  today · short_excluded · worst first"), lines[0])
        house.check(lines[1].split()[:5] == ["queue", "chan.", "wait", "oldest", "SL"], lines[1])
        house.check(lines[2].startswith("total") and "82.0%" in lines[2], lines[2])
        house.check(lines[3].startswith("billing") and "71.1%!" in lines[3], "the worst is not first")
        house.check(lines[23].startswith("q quit"), lines[23])
        house.check(any(line.startswith("critical firing") for line in lines), "no alert on the board")
        terminal.keys("p")
        terminal.shows(r"today · answered_only")
        terminal.keys("p", "w")
        terminal.shows(r"ringside  5m · short_excluded")
        terminal.keys("w", "w", "w", "w", "s")
        terminal.shows(r"ringside  today · short_excluded · by name")
        terminal.keys("/")
        terminal.keys("-l", "SALE")
        terminal.shows(r"only SALE.*\nsales.*filter: SALE_")
        house.check("\nvip " not in terminal.text(), "the filter shows others")
        terminal.keys("Enter", "Escape")
        terminal.shows(r"\nvip .*q quit")
        terminal.keys("?")
        terminal.shows(r"any key goes back")
        terminal.keys("x")
        terminal.run("resize-window", "-x", "120", "-y", "10")
        screen = terminal.shows(r"ringside  today[^\n]*live\s*\n[^\n]*answered abandoned.*q quit")
        house.check(len(screen.splitlines()) == 10, f"{len(screen.splitlines())} lines")
        terminal.run("resize-window", "-x", "40", "-y", "7")
        terminal.shows(r"\ntotal.*q quit")
        terminal.keys("Down", "Down", "Down", "PageUp", "End", "Home")
        terminal.run("resize-window", "-x", "80", "-y", "24")
        daemon.process.send_signal(signal.SIGSTOP)
        terminal.shows(r"stale \d+ s")
        house.check("612" in terminal.text(), "the last figures are gone while the daemon is silent")
        daemon.process.send_signal(signal.SIGCONT)
        terminal.shows(r"  live")
        terminal.keys("q")
        terminal.shows(r"left 0")
    finally:
        daemon.process.send_signal(signal.SIGCONT)
        terminal.close()


def colours_are_for_who_wants_them(path, daemon):
    for env, coloured in (("TERM=screen-256color", True), ("TERM=screen-256color NO_COLOR=1", False)):
        terminal = Terminal(path, daemon, "--window", "today", env=env)
        try:
            screen = terminal.shows(r"total.*612", "-e")
            house.check(bool(re.search(r"\x1b\[[0-9;]*3[13]m", screen)) == coloured, f"{env}: colours")
            terminal.keys("C-c")
            terminal.shows(r"left 0")
        finally:
            terminal.close()


def what_goes_wrong_is_said(path, daemon):
    nowhere = ["--from", f"ipc://{path}/nobody", "--snapshots", f"ipc://{path}/nobody2", "--timeout", "1"]
    heard = ["--from", daemon.feed, "--snapshots", f"ipc://{path}/nobody2", "--timeout", "3"]
    for command in ("top", "alerts"):
        done = house.ringside(command, *nowhere, check_status=False)
        house.check(done.returncode == 1 and "is ringsided running" in done.stderr and done.stdout == "", f"{command}: {done}")
        done = house.ringside(command, *heard, check_status=False)
        house.check(done.returncode == 1 and "feed.snapshots" in done.stderr, f"{command}: {done}")
    done = house.ringside("top", "--config", daemon.config, "--window", "2h", check_status=False)
    house.check(done.returncode == 1 and "5m, 15m, 30m, 1h, today" in done.stderr, f"{done}")
    done = house.ringside("top", "--config", daemon.config, "--policy", "none", check_status=False)
    house.check(done.returncode == 1 and "short_excluded, answered_only" in done.stderr, f"{done}")
    wrong = [["top", "--interval", "10ms"], ["top", "--from", "ipc:///x"], ["top", "x"], ["top", "--window", ""],
             ["alerts", "--output", "xml"], ["alerts", "--severity", "bad"], ["alerts", "--timeout", "0"], ["alerts", "ack"],
             ["alerts", "--from", "http://x", "--snapshots", "tcp://x:1"], ["alerts", "--from", "tcp://x", "--snapshots", "tcp://x:1"]]
    for arguments in wrong:
        done = house.ringside(*arguments, check_status=False)
        house.check(done.returncode == 2 and done.stderr, f"{arguments}: {done}")
    done = house.ringside("top", "--config", "/nonexistent.conf", check_status=False)
    house.check(done.returncode == 1 and "/nonexistent.conf" in done.stderr, f"{done}")


def main():
    with house.folder() as path:
        daemon = house.Daemon(path, extra=CONFIG)
        try:
            house.check(once(daemon)[2].startswith("total  –"), "an empty board has no total")
            send(daemon)
            every_command_names_itself_whole()
            the_board_shows_what_replay_counts(daemon)
            alerts_are_listed(daemon)
            a_reader_that_goes_away_ends_it_quietly(daemon)
            what_goes_wrong_is_said(path, daemon)
            if shutil.which("tmux"):
                the_board_lives_in_a_terminal(path, daemon)
                colours_are_for_who_wants_them(path, daemon)
            else:
                print("no tmux: the board in a terminal was not looked at")
            daemon.stop()
            forget(daemon)
            alerts_are_followed_over_a_restart(daemon)
        except BaseException:
            print(daemon.output())
            raise
        finally:
            daemon.kill()
    print(f"{house.checks} checks")


if __name__ == "__main__":
    main()
