"""Persons are exported and erased: after `subject erase --wait` a search of dump, journal, snapshots and logs finds neither number nor
pseudonym, nor an agent's name."""
import contextlib
import glob
import hashlib
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time

import house

JOURNAL = "journal: {segment_bytes: 1MiB, max_bytes: 64MiB, keep: 48h, snapshot_every: 1s}\n"
NUMBER, OTHER = "+49 (301) 234-5678", "+447700900456"
DIGITS = "3012345678"
tests = []


def test(function):
    tests.append(function)
    return function


class Place:
    """A daemon, its database, and what is known of the customer there."""

    def __init__(self, path):
        self.path = path
        self.postgres = house.Postgres(path)
        house.ringside("migrate", "-d", self.postgres.conninfo)
        # before the daemon attaches months, too
        self.postgres.query("SELECT ringside.ensure_partitions(now() - interval '70 days', now())")
        self.daemon = house.Daemon(path, self.postgres.conninfo, clock="wall", extra=JOURNAL)
        self.seq = 0

    def close(self):
        self.daemon.kill()
        self.postgres.remove()

    def keys(self):
        with open(os.path.join(self.path, "state", "pseudonym.key"), "rb") as file:
            data = file.read()
        return [data[i:i + 32] for i in range(0, len(data), 32)]

    def pseudonym(self, customer=None, tenant="default", key=None):
        """By hand: BLAKE2b-128 of the tenant's length, the tenant and the normalised number."""
        customer = customer or "+49" + DIGITS
        text = bytes([len(tenant)]) + tenant.encode() + customer.encode()
        return hashlib.blake2b(text, digest_size=16, key=key or self.keys()[-1]).hexdigest()

    def send(self, contacts, customer=NUMBER, tenant=None):
        lines = []
        now = time.time() - 60
        for i in range(contacts):
            for step, (kind, more) in enumerate((("contact.queued", {"queue": "support", "customer": customer}),
                                                 ("contact.answered", {"queue": "support", "agent": "ann"}), ("contact.ended", {}))):
                self.seq += 1
                at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now + step)) + "Z"
                lines.append(json.dumps({"source": "pbx", "seq": self.seq, "occurred_at": at, "type": kind,
                                         "contact_id": f"n{self.seq - step}", **({"tenant": tenant} if tenant else {}), **more}))
        name = os.path.join(self.path, "events.ndjson")
        with open(name, "w") as file:
            file.write("\n".join(lines) + "\n")
        house.ringside("send", "--to", self.daemon.events, name)
        os.remove(name)

    def load_facts(self, pseudonyms, contacts=10):
        """Contacts of two months ago, as whoever loads facts writes them."""
        for n, pseudonym in enumerate(pseudonyms):
            self.postgres.query("""SELECT ringside.load_contact(jsonb_build_object('tenant', 'default', 'contact', 'old-' || %s || '-' || i,
                'begun_at', t, 'ended_at', t + interval '5 min', 'revision', 1,
                'customer', %s, 'journey', 'j' || i, 'channel', 'voice', 'direction', 'inbound', 'csat_milli', 4000,
                'legs', jsonb_build_array(jsonb_build_object('queued_at', t, 'queue', 'support', 'outcome', 'answered', 'closed_at',
                t + interval '10 s', 'wait_us', 10000000, 'agent', 'ann')),
                'handlings', jsonb_build_array(jsonb_build_object('begun_at', t + interval '10 s', 'queue', 'support', 'agent', 'ann',
                'ended_at', t + interval '5 min', 'talk_us', 290000000))))
                FROM (SELECT i, now() - interval '60 days' + i * interval '1 hour' AS t
                FROM generate_series(1, %s) AS i) AS x""", str(n), pseudonym, contacts)

    def totals(self):
        self.postgres.query("SELECT 1")
        old = self.postgres.query("""SELECT (SELECT count(*) || ' ' || sum(csat_milli) FROM ringside.contact_fact
            WHERE begun_at < now() - interval '30 days') AS contacts,
            (SELECT count(*) || ' ' || sum(wait_us) FROM ringside.leg_fact WHERE queued_at < now() - interval '30 days') AS legs,
            (SELECT count(*) || ' ' || sum(talk_us) FROM ringside.handling_fact
            WHERE begun_at < now() - interval '30 days') AS handlings""")
        live = self.postgres.query("""SELECT sum(offered) AS offered, sum(answered) AS answered, sum(handled) AS handled,
            (SELECT sum(fcr_eligible) FROM ringside.total_interval_part WHERE attribution = 'event') AS eligible,
            (SELECT sum(fcr_repeated) FROM ringside.total_interval_part WHERE attribution = 'event') AS repeated
            FROM ringside.queue_interval_part WHERE attribution = 'event'""")
        return json.dumps([old, live], default=str)

    def settled_totals(self, wanted):
        """What was sent is in the database: then the totals."""
        house.wait_for(lambda: int(self.postgres.query("SELECT coalesce(sum(offered), 0) AS n FROM ringside.queue_interval_part "
                                                       "WHERE attribution = 'event'")[0]["n"]) >= wanted)
        house.wait_until_stored(self.postgres, self.daemon)
        return self.totals()

    def dump(self):
        return subprocess.run(["pg_dump", "-d", self.postgres.conninfo], check=True, capture_output=True).stdout

    def files(self):
        """Journal, spares, snapshots, all else of the state folder but the keys, and the log: name -> bytes."""
        found = {}
        for name in glob.glob(os.path.join(self.path, "state", "**"), recursive=True) + glob.glob(os.path.join(self.path, "daemon.log*")):
            if os.path.isfile(name) and not name.endswith(".key"):
                with contextlib.suppress(FileNotFoundError), open(name, "rb") as file:
                    found[name] = file.read()
        return found

    def hits(self, pseudonyms):
        """Where the number or one of the pseudonyms stands, in hexadecimal or as bytes."""
        wanted = [DIGITS.encode(), NUMBER.encode()] + [p.encode() for p in pseudonyms] + [bytes.fromhex(p) for p in pseudonyms]
        places = {**self.files(), "the dump": self.dump()}
        return sorted({name for name, data in places.items() for text in wanted if text in data})

    def subject(self, *arguments, **options):
        return house.ringside("subject", *arguments, "--config", self.daemon.config, **options)

    def kill(self):
        self.daemon.process.send_signal(signal.SIGKILL)
        self.daemon.process.wait()

    def start_again(self):
        os.rename(self.daemon.log, self.daemon.log + f".{time.time_ns()}")
        self.daemon.start()

    def ask(self, line):
        """As `ringside subject` does: a connection waits for its turn. With a time limit of Python's it would fail at once instead."""
        door = socket.socket(socket.AF_UNIX)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(house.PATIENCE), 0))
        door.connect(os.path.join(self.path, "state", "admin.sock"))
        door.settimeout(house.PATIENCE)
        door.sendall(line)
        answer = b""
        while more := door.recv(65536):
            answer += more
        door.close()
        return json.loads(answer) if answer else None


@contextlib.contextmanager
def place():
    # Short, so that a socket's name has room.
    path = tempfile.mkdtemp(prefix="rsp-", dir="/tmp")
    os.chmod(path, 0o755)
    here = None
    try:
        here = Place(path)
        yield here
    finally:
        if here is not None:
            here.close()
        subprocess.run(["rm", "-rf", path], check=False)


def verify(out):
    """The signature of the certificate, by another program."""
    lines = out.splitlines()
    certificate = next(line for line in lines if line.startswith("{"))
    signature, key = (next(line.split()[-1] for line in lines if line.startswith(begin)) for begin in ("signature", "public key"))
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), certificate.encode())
    return json.loads(certificate)


@test
def after_an_erasure_with_wait_nothing_is_left_and_no_total_moved():
    with place() as here:
        here.send(20)
        here.send(15, OTHER)
        here.send(3, "0049 301 2345678", tenant="elsewhere")
        mine, elsewhere, other = here.pseudonym(), here.pseudonym(tenant="elsewhere"), here.pseudonym("+447700900456")
        here.load_facts([mine, other])
        here.postgres.query("INSERT INTO ringside.service_standard (tenant, queue, metric, target, valid_from, note) "
                            "VALUES ('default', 'support', 'asa', 20, now(), %s) RETURNING 1",
                            f"asked for by {mine}")
        before = here.settled_totals(38)
        house.wait_for(lambda: glob.glob(os.path.join(here.path, "state", "journal", "snapshot-*")))
        hits = here.hits([mine])
        house.check(any("journal-" in name for name in hits) and any("snapshot-" in name for name in hits) and "the dump" in hits,
                    f"the search finds what is there: {hits}")
        house.check(not any(DIGITS.encode() in data for data in here.files().values()), "the number itself stands nowhere, ever")

        lines = here.subject("export", "--customer", "-", "--reason", "asked for it", input=NUMBER + "\n").stdout.splitlines()
        house.check(len(lines) >= 10 and all(json.loads(line)["what"] == "contact" and '"ann"' not in line and other not in line
                                             for line in lines), "an export has all of one")

        out = here.subject("erase", "--customer", NUMBER, "--reason", "asked for it by letter", "--by", "anna", "--wait",
                           "--timeout", "300").stdout
        certificate = verify(out)
        house.check(certificate["kind"] == "customer" and certificate["asked_by"] == "anna"
                    and certificate["database"]["contact_fact"] >= 30, out)
        house.check(certificate["journal_from"] > certificate["record"]
                    and all(n >= certificate["record"] for n in certificate["snapshots"]), out)
        house.check(not here.hits([mine]), f"nothing is left: {here.hits([mine])}")
        house.check(mine not in out and DIGITS not in out, "the record names nobody")
        after = here.settled_totals(38)
        house.check(after == before, f"no total moved:\n{before}\n{after}")
        house.check(here.postgres.query("SELECT count(*) AS n FROM ringside.contact_fact WHERE customer = %s", other)[0]["n"] >= 10,
                    "others stay")
        stored = here.postgres.query("SELECT certificate, completed_at IS NOT NULL AS complete, (SELECT count(*) "
                                     "FROM ringside.tombstone) AS stones FROM ringside.erasure")[0]
        house.check(json.loads(stored["certificate"]) == certificate and stored["complete"] and stored["stones"] == 0, "the record is kept")
        house.check(not here.subject("export", "--customer", NUMBER, "--reason", "once more").stdout, "there is nothing to export any more")
        # The same number in another tenant is another customer.
        house.check(any(bytes.fromhex(elsewhere) in data for name, data in here.files().items() if "snapshot-" in name),
                    "another tenant's customer stays")
        # Who comes again is somebody new, found again, and can be erased again.
        here.send(2)
        here.settled_totals(40)
        here.subject("erase", "--customer", NUMBER, "--reason", "once more", "--wait", "--timeout", "300")
        house.check(not here.hits([mine]), f"nothing is left: {here.hits([mine])}")
        status, _ = here.daemon.stop()
        house.check(status == 0, "the daemon stops well")
        house.check(not here.hits([mine]), "nor after the end")


def is_crashed_and_goes_on(here, subject, trace, hits):
    """After an erasure without --wait: killed, the daemon recovers without the subject; killed again while it hastens, it goes on to the
    end."""
    forgetting = os.path.join(here.path, "state", "forgetting")
    here.kill()
    house.check(any("journal-" in name for name in hits()), "the journal has it still")
    here.start_again()                       # memory is made again of journal and snapshots: with the erasure
    snapshots = set(glob.glob(os.path.join(here.path, "state", "journal", "snapshot-*")))
    here.send(1, OTHER)

    def is_new():
        return set(glob.glob(os.path.join(here.path, "state", "journal", "snapshot-*.rss"))) - snapshots
    for name in house.wait_for(is_new):
        with contextlib.suppress(FileNotFoundError), open(name, "rb") as file:
            house.check(trace not in file.read(), "a new snapshot is without")
    out = here.subject("status").stdout
    house.check("have it still" in out, out)
    waiting = subprocess.Popen([os.path.join(house.BUILD, "ringside"), "subject", "erase", *subject, "--reason", "hasten it", "--wait",
                                "--config", here.daemon.config],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    house.wait_for(lambda: os.path.exists(forgetting) and open(forgetting).read().endswith(" 1\n") or waiting.poll() is not None)
    here.kill()
    waiting.communicate(timeout=120)
    here.start_again()                       # the wish was kept
    house.wait_for(lambda: not os.path.exists(forgetting))
    house.wait_for(lambda: "have it still" not in here.subject("status").stdout)
    house.check(not hits(), f"nothing is left: {hits()}")


@test
def killed_between_it_recovers_without_the_customer_and_goes_on_to_the_end():
    with place() as here:
        here.send(20)
        here.send(10, OTHER)
        mine = here.pseudonym()
        here.load_facts([mine])
        before = here.settled_totals(30)
        out = here.subject("erase", "--customer", NUMBER, "--reason", "asked for it").stdout
        house.check("recycled" in out and "the dump" not in here.hits([mine]), "at once in the database")
        is_crashed_and_goes_on(here, ("--customer", NUMBER), bytes.fromhex(mine), lambda: here.hits([mine]))
        house.check(here.postgres.query("SELECT count(*) FILTER (WHERE completed_at IS NULL) AS n, count(*) AS of "
                                        "FROM ringside.erasure")[0]["n"] == 0, "each is closed")
        after = here.settled_totals(31)
        house.check(json.loads(before)[0] == json.loads(after)[0], "no total of before moved")
        verify_journal = house.ringside("journal", "verify", "--folder", os.path.join(here.path, "state", "journal"), check_status=False)
        house.check(verify_journal.returncode == 0, verify_journal.stdout + verify_journal.stderr)


@test
def a_new_key_makes_strangers_and_an_erasure_finds_both():
    with place() as here:
        here.send(5)
        first = here.pseudonym()
        out = here.subject("rotate-key").stdout
        house.check("2 are known" in out and len(here.keys()) == 2, out)
        house.check(stat.S_IMODE(os.stat(os.path.join(here.path, "state", "pseudonym.key")).st_mode) == 0o600, "for the daemon alone")
        second = here.pseudonym()
        house.check(first != second, "another key, another pseudonym")
        here.send(5)
        here.load_facts([first, second])
        before = here.settled_totals(10)
        repeated = here.postgres.query("SELECT sum(fcr_eligible) AS eligible FROM ringside.total_interval_part "
                                       "WHERE attribution = 'event'")[0]
        house.check(repeated["eligible"] is not None, "both are judged")
        here.kill()
        here.start_again()
        lines = here.subject("export", "--customer", NUMBER, "--reason", "asked for it").stdout.splitlines()
        house.check({json.loads(line)["customer"] for line in lines} == {first, second}, "an export finds what is under both keys")
        here.subject("erase", "--customer", NUMBER, "--reason", "asked for it", "--wait", "--timeout", "300")
        house.check(not here.hits([first, second]), f"nothing is left: {here.hits([first, second])}")
        house.check(here.settled_totals(10) == before, "no total moved")
        out = here.subject("rotate-key", "--keep", "1").stdout
        house.check("1 are known" in out and len(here.keys()) == 1 and here.pseudonym() not in (first, second), out)


AGENT = "ann.meier"     # in no word of what the daemon itself says


def clock(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + "Z"


def work(here, contacts, agent=AGENT, signs_on=True):
    """Contacts that the agent answers and ends, and what the platform says of the agent; all under one source."""
    lines = []
    now = time.time() - 30

    def tell(kind, step, **more):
        here.seq += 1
        lines.append(json.dumps({"source": "pbx", "seq": here.seq, "occurred_at": clock(now + step), "type": kind, **more}))
    if signs_on:
        tell("agent.state", 0, agent=agent, team="night", data={"state": "available"})
        tell("agent.queue_joined", 0, agent=agent, queue="support")
        tell("agent.scheduled", 0, agent=agent, data={"from": clock(now), "to": clock(now + 7200), "activity": "calls"})
    for _ in range(contacts):
        contact = f"w{here.seq}"
        tell("contact.queued", 1, contact_id=contact, queue="support")
        tell("contact.answered", 2, contact_id=contact, queue="support", agent=agent, team="night")
        tell("contact.ended", 8, contact_id=contact)
    name = os.path.join(here.path, "events.ndjson")
    with open(name, "w") as file:
        file.write("\n".join(lines) + "\n")
    house.ringside("send", "--to", here.daemon.events, name)
    os.remove(name)


def agent_hits(here):
    places = {**here.files(), "the dump": here.dump()}
    return sorted(name for name, data in places.items() if AGENT.encode() in data)


def team_totals(here):
    """What must not move: of the queue, of the team, and of all agents together."""
    return json.dumps([here.totals(), here.postgres.query("""SELECT (SELECT concat_ws(' ', sum(handled), sum(talk_us), sum(answered))
        FROM ringside.team_interval_part WHERE attribution = 'event') AS team,
        (SELECT concat_ws(' ', sum(handled), sum(talk_us)) FROM ringside.agent_interval_part WHERE attribution = 'event') AS agents,
        (SELECT count(DISTINCT agent) FROM ringside.handling_fact) AS hands""")[0]], default=str)


def settled(here, contacts):
    house.wait_for(lambda: int(here.postgres.query("SELECT coalesce(sum(handled), 0) AS n FROM ringside.agent_interval_part "
                                                   "WHERE attribution = 'event'")[0]["n"]) >= contacts)
    house.wait_until_stored(here.postgres, here.daemon)
    return team_totals(here)


@test
def an_agent_is_exported_and_erased_with_wait_and_nothing_is_left():
    with place() as here:
        work(here, 12)
        work(here, 5, "ann.meier2")          # has the name in hers
        here.load_facts([here.pseudonym()])  # ann, two months ago
        here.postgres.query("UPDATE ringside.leg_fact SET agent = %s WHERE agent = 'ann' RETURNING 1", AGENT)
        here.postgres.query("UPDATE ringside.handling_fact SET agent = %s WHERE agent = 'ann' RETURNING 1", AGENT)
        here.postgres.query("INSERT INTO ringside.improvement (title, hypothesis, metric, family, tenant, key, owner, review_on) "
                            "VALUES ('less hold', %s, 'aht', 'agent', 'default', %s, 'o', '2026-03-01') RETURNING 1",
                            f"{AGENT} holds long", AGENT)
        before = settled(here, 17)
        house.wait_for(lambda: any("snapshot-" in name for name in agent_hits(here)))
        hits = agent_hits(here)
        house.check(any("journal-" in name for name in hits) and "the dump" in hits, f"the search finds what is there: {hits}")
        what = [json.loads(line)["what"]
                for line in here.subject("export", "--agent", AGENT, "--reason", "asked for it").stdout.splitlines()]
        house.check(what.count("handling") >= 22 and what.count("answered") >= 22 and {"interval", "improvement", "was_read"} <= set(what),
                    str(what))
        others = len(here.subject("export", "--agent", "ann.meier2", "--reason", "asked for it").stdout.splitlines())

        out = here.subject("erase", "--agent", AGENT, "--reason", "has left", "--by", "anna", "--wait", "--timeout", "300").stdout
        certificate = verify(out)
        house.check(certificate["kind"] == "agent" and certificate["database"]["handling_fact"] >= 22, out)
        house.check(certificate["journal_from"] > certificate["record"]
                    and all(n >= certificate["record"] for n in certificate["snapshots"]), out)
        house.check(AGENT not in out, "the record names nobody")
        leftovers = {name: data.count(AGENT.encode()) - data.count(AGENT.encode() + b"2")
                     for name, data in {**here.files(), "the dump": here.dump()}.items()}
        house.check(not any(leftovers.values()), f"nothing is left: {leftovers}")
        house.check(settled(here, 17) == before, f"no total moved:\n{before}\n{team_totals(here)}")
        stand_in = here.postgres.query("SELECT DISTINCT agent FROM ringside.handling_fact WHERE agent LIKE 'erased-%%'")
        house.check(len(stand_in) == 1 and here.postgres.query("SELECT sum(handled) AS n FROM ringside.agent_interval_part WHERE "
                                                               "attribution = 'event' AND agent = %s", stand_in[0]["agent"])[0]["n"] == 12,
                    f"one stand-in has it all: {stand_in}")
        house.check(len(here.subject("export", "--agent", "ann.meier2", "--reason", "asked for it").stdout.splitlines()) >= others,
                    "others stay")
        house.check(not [line for line in here.subject("export", "--agent", AGENT, "--reason", "once more").stdout.splitlines()
                         if json.loads(line)["what"] != "was_read"], "there is nothing to export any more")
        house.check(here.postgres.query("SELECT count(*) AS n FROM ringside.tombstone")[0]["n"] == 0,
                    "nothing leads from the name to the stand-in")

        # Who works on is somebody new, under the name; what was stays the stand-in's, over a restart, too.
        here.kill()
        here.start_again()
        work(here, 3)
        settled(here, 17)
        house.wait_for(lambda: here.postgres.query("SELECT count(*) AS n FROM ringside.handling_fact WHERE agent = %s", AGENT)[0]["n"] == 3)
        house.check(here.postgres.query("SELECT count(*) AS n FROM ringside.handling_fact WHERE agent = %s",
                                        stand_in[0]["agent"])[0]["n"] >= 22, "and no more")
        house.check(here.postgres.query("SELECT count(*) AS n FROM ringside.quarantine WHERE source = 'ringside/store'")[0]["n"] == 0,
                    "the daemon's rows are taken")


@test
def killed_amid_an_agents_erasure_it_recovers_without_the_name_and_goes_on_to_the_end():
    with place() as here:
        work(here, 9)
        before = settled(here, 9)
        out = here.subject("erase", "--agent", AGENT, "--reason", "has left").stdout
        house.check("recycled" in out and "the dump" not in agent_hits(here), "at once in the database")
        is_crashed_and_goes_on(here, ("--agent", AGENT), AGENT.encode(), lambda: agent_hits(here))
        after = settled(here, 10)
        house.check(json.loads(after)[1]["team"] == json.loads(before)[1]["team"],
                    f"the team's totals are what they were:\n{before}\n{after}")


@test
def whom_the_configuration_names_is_taken_out_there_first():
    with place() as here:
        with open(here.daemon.config, "a") as file:
            file.write(f"agents: {{\"{AGENT}\": {{team: night}}}}\n")
        here.kill()
        here.start_again()
        result = here.subject("erase", "--agent", AGENT, "--reason", "has left", check_status=False)
        house.check(result.returncode == 1 and "stands in the configuration, in team night" in result.stderr, result.stderr)
        house.check(here.postgres.query("SELECT count(*) AS n FROM ringside.erasure")[0]["n"] == 0, "nothing was done")


@test
def small_cells_are_not_exported():
    with place() as here:
        here.send(12)
        here.settled_totals(12)
        here.postgres.query("""INSERT INTO ringside.queue_interval_part (tenant, queue, channel, interval_start, interval_s, attribution,
            stream_id, run, part, revision, final, still_open, offered, answered, handled)
            SELECT 'default', 'q' || q, 'voice', date_trunc('day', now()), 900, 'event', 9, 1, 1, 1, true, 0, n, n, n
            FROM (VALUES (1, 4), (2, 40), (3, 50)) AS v (q, n) RETURNING 1""")
        here.settled_totals(106)
        today, tomorrow = (time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400 * n)) for n in (0, 1))
        out = house.ringside("report", "export", "--config", here.daemon.config, "--from", today, "--to", tomorrow, "--timezone", "UTC",
                             "--format", "json").stdout
        rows = json.loads(out)["rows"]
        by = {row["key"]: row for row in rows}
        house.check(by["q1"]["suppressed"] and by["q1"]["n"] is None and by["q1"]["answered"] is None, out)
        house.check(by["support"]["suppressed"] and not by["q2"]["suppressed"] and by["q3"]["n"] == 50, f"nor is one alone withheld: {out}")


@test
def the_record_of_processing_says_what_is_configured():
    with place() as here:
        text = here.subject("record").stdout
        for wanted in ("fact: single contacts", "kept for", "ringside_supervisor", "BLAKE2b", "contact_fact", "door events"):
            house.check(wanted in text, f"{wanted}: {text}")
        here.postgres.query("UPDATE ringside.retention SET keep = interval '17 days', basis = 'works agreement 7' "
                            "WHERE class = 'fact' RETURNING 1")
        record = json.loads(here.subject("record", "--format", "json").stdout)
        fact = next(one for one in record["classes"] if one["class"] == "fact")
        house.check(fact["kept_for"] == "17 days" and fact["basis"] == "works agreement 7"
                    and set(fact["tables"]) >= {"contact_fact", "leg_fact", "handling_fact", "moment_fact"}, str(fact))
        house.check(record["daemon"]["journal_kept_for"] == "48 h" and set(record["roles"]) >= {"ringside_analyst", "ringside_auditor"},
                    str(record))


@test
def wrong_questions_get_an_answer_that_says_so():
    with place() as here:
        def refused(status, text, *arguments):
            result = here.subject(*arguments, check_status=False)
            house.check(result.returncode == status and text in result.stderr and not result.stdout,
                        f"{arguments}: {result.returncode} {result.stderr} {result.stdout}")
        reason = ("--reason", "asked for it")
        refused(2, "one of --customer, --pseudonym and --agent", "erase", *reason)
        refused(2, "one of --customer, --pseudonym and --agent", "erase", "--customer", "1", "--agent", "a", *reason)
        refused(2, "--reason is missing", "erase", "--customer", NUMBER)
        refused(2, "32 hexadecimal digits", "erase", "--pseudonym", "+4930", *reason)
        refused(2, "unknown \"forget\"", "forget")
        refused(2, "without quotes", "erase", "--agent", 'a"b', *reason)
        refused(1, "key: longer than", "erase", "--agent", "a" * 65, *reason)
        refused(1, "customer: longer than", "erase", "--customer", "1" * 129, *reason)
        refused(1, "tenant: longer than", "erase", "--customer", NUMBER, "--tenant", "t" * 65, *reason)
        refused(1, "text: not text", "erase", "--customer", NUMBER, "--reason", "line\nfeed")
        refused(2, "not a number from 1 to 64", "rotate-key", "--keep", "0")
        # At the door itself.
        house.check(stat.S_IMODE(os.stat(os.path.join(here.path, "state", "admin.sock")).st_mode) == 0o600,
                    "the door is the daemon's user's alone")
        for line, wanted in ((b"what?\n", "no object"), (b"[]\n", "no object"), (b"{\"do\":\"dance\"}\n", "do:"), (b"{}\n", "do:"),
                             (b"{\"do\":\"erase\"}\n", "customer:"),
                             (b"{\"do\":\"erase\",\"customer\":\"1\",\"reason\":\"why\"}\n", "who:"),
                             (b"{\"do\":\"erase\",\"customer\":\"1\",\"who\":\"a\"}\n", "text:"),
                             (b"{\"do\":\"erase\",\"customer\":7,\"who\":\"a\",\"reason\":\"why\"}\n", "customer:"),
                             (b"{\"do\":\"forget\",\"record\":99999999}\n", "record:"),
                             (b"{\"do\":\"progress\",\"record\":-1}\n", "record:"), (b"{\"do\":\"rotate\",\"keep\":65}\n", "keep:"),
                             (b"{\"do\":\"sign\",\"text\":\"I owe you\"}\n", "text:"),
                             (b"{\"do\":\"erase\",\"pseudonym\":\"" + b"F" * 32 + b"\",\"who\":\"a\",\"reason\":\"why\"}\n", "pseudonym:")):
            house.check(wanted in here.ask(line)["error"], f"{line[:60]}: {wanted}")
        with contextlib.suppress(ConnectionError):   # the answer may get lost behind what was not read
            house.check("longer than" in here.ask(b"x" * 20000)["error"], "a request without end")
        idle = [socket.socket(socket.AF_UNIX) for _ in range(12)]
        for one in idle:
            one.connect(os.path.join(here.path, "state", "admin.sock"))
        house.check(len(here.ask(b"{\"do\":\"pseudonyms\",\"customer\":\"1\"}\n")["pseudonyms"]) == 1,
                    "who says nothing is let go, and the next one served")
        for one in idle:
            one.close()
        house.check("Traceback" not in here.daemon.output() and here.daemon.process.poll() is None, "the daemon lives")
        # Nobody was erased who is not known; it is no error.
        out = here.subject("erase", "--customer", "+1999", *reason).stdout
        house.check("erased" in out, out)
        here.daemon.stop()
        result = here.subject("erase", "--customer", NUMBER, *reason, check_status=False)
        house.check(result.returncode == 1 and "only the running daemon" in result.stderr, result.stderr)


def main():
    failed = 0
    wanted = sys.argv[2:]
    for one in tests:
        if wanted and not any(name in one.__name__ for name in wanted):
            continue
        began = time.monotonic()
        try:
            one()
            print(f"ok {one.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception as error:   # pylint: disable=broad-except
            failed += 1
            print(f"FAILED {one.__name__}: {error!r}"[:4000], flush=True)
    ran = [one for one in tests if not wanted or any(name in one.__name__ for name in wanted)]
    print(f"{len(ran) - failed} passed, {failed} failed ({house.checks} checks)")
    return 1 if failed else 0


sys.exit(main())
