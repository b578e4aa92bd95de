"""Mail by SMTP, with a real server: plain, with STARTTLS and a password, one that refuses, one that is away."""
import email
import email.policy
import logging
import os
import ssl
import subprocess
import sys
import time

import house
from receiving import Producer, RULES, free_port, receivers, run

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult
except ImportError:
    print("python3-aiosmtpd is not installed: daemon/install-dependencies")
    sys.exit(77)

FAST = {"kind": "mail", "from": "ringside@example.org", "to": ["team@example.org", "duty@example.org"], "backoff_min": "20ms",
        "backoff_max": "200ms", "burst": 1000, "every": "1ms", "timeout": "5s"}


logging.getLogger("mail.log").setLevel(logging.CRITICAL)


class Mailbox:
    """Keeps what is delivered; `answer` may refuse a message, by its number and text."""

    def __init__(self, answer=lambda number, text: "250 OK", **options):
        self.mails, self.attempts, self.answer = [], 0, answer
        self.controller = Controller(self, hostname="127.0.0.1", port=options.pop("port", None) or free_port(), **options)
        self.controller.start()

    async def handle_DATA(self, server, session, envelope):
        reply = self.answer(self.attempts, envelope.content.decode())
        self.attempts += 1
        if reply.startswith("250"):
            self.mails.append((session, envelope, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return reply

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.controller.port}"

    def close(self):
        self.controller.stop()


def an_alert_is_two_mails_of_one_thread(path):
    box = Mailbox()
    daemon = house.Daemon(path, clock="wall", extra=RULES + receivers(duty={**FAST, "url": box.url, "starttls": "off"}))
    try:
        producer = Producer(daemon.events)
        producer.queue("Grüße\u2028vip")
        house.wait_for(lambda: len(box.mails) == 1)
        producer.answer("Grüße\u2028vip")
        house.wait_for(lambda: len(box.mails) == 2)
        for (_, envelope, mail), state in zip(box.mails, ("firing", "resolved")):
            house.check(envelope.mail_from == "ringside@example.org"
                        and sorted(envelope.rcpt_tos) == ["duty@example.org", "team@example.org"], "envelope")
            house.check(mail["Subject"] == f"[critical] {state}: waiting, queue/Grüße\u2028vip/voice", repr(mail["Subject"]))
            house.check({address.addr_spec for address in mail["To"].addresses} == set(FAST["to"])
                        and mail["From"].addresses[0].addr_spec == FAST["from"], "header")
            house.check(abs(mail["Date"].datetime.timestamp() - time.time()) < 60 and mail["Auto-Submitted"] == "auto-generated", "header")
            text = mail.get_content()
            house.check(f"state      {state}" in text and "Grüße" in text and "https://wiki.example.org/waiting" in text, text)
            house.check(all(len(line) <= 998 and line.isascii() for line in envelope.content.decode("ascii").split("\r\n")), "lines")
        ids = [mail["Message-ID"] for _, _, mail in box.mails]
        house.check(ids[0] != ids[1] and box.mails[0][2]["References"] == box.mails[1][2]["References"], "thread")
    finally:
        daemon.kill()
        box.close()


def with_starttls_and_a_password(path):
    key, certificate, password = (os.path.join(path, name) for name in ("key.pem", "cert.pem", "password"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    with open(password, "w") as file:
        file.write("correct horse\n")
    os.chmod(password, 0o600)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    seen = []

    def authenticate(server, session, envelope, mechanism, data):
        seen.append((data.login, data.password))
        return AuthResult(success=(data.login, data.password) == (b"ringside", b"correct horse"))
    box = Mailbox(tls_context=tls, require_starttls=True, authenticator=authenticate, auth_required=True)
    plain = Mailbox()
    login = {"user": "ringside", "password_file": password, "ca_file": certificate}
    daemon = house.Daemon(path, clock="wall",
                          extra=RULES + receivers(duty={**FAST, **login, "url": box.url}, no_tls={**FAST, **login, "url": plain.url},
                                                 stranger={**FAST, "url": box.url}))
    try:
        Producer(daemon.events).queue("vip")
        house.wait_for(lambda: box.mails)
        house.check(box.mails[0][0].ssl is not None and seen[0] == (b"ringside", b"correct horse"), f"{seen}")
        house.wait_for(lambda: daemon.output().count("does not take them") == 2)
        house.check(plain.attempts == 0 and len(box.mails) == 1, "a mail went where it must not")
        house.check("correct horse" not in daemon.output(), "the password is in the log")
    finally:
        daemon.kill()
        box.close()
        plain.close()


def a_mail_that_is_refused_is_told_by_number_and_a_server_that_is_away_gets_all(path):
    port = free_port()
    daemon = house.Daemon(path, clock="wall", extra=RULES + receivers(
        duty={**FAST, "url": f"smtp://127.0.0.1:{port}", "starttls": "off", "digest_wait": "200ms", "digest_period": "500ms"}))
    box = None
    try:
        producer = Producer(daemon.events)
        producer.queue("early", "bad", "late")
        house.wait_for(lambda: daemon.said("does not take them"))
        producer.answer("early")
        box = Mailbox(lambda number, text: "451 later" if number == 0 else "554 no" if "bad" in text else "250 OK", port=port)
        house.wait_for(lambda: daemon.said("is back"))

        def subjects():
            return [str(mail["Subject"]) for _, _, mail in box.mails]
        house.wait_for(lambda: any(subject.startswith("[digest]") for subject in subjects()))
        house.check(sorted(subject for subject in subjects() if "digest" not in subject) == [
            "[critical] firing: waiting, queue/early/voice", "[critical] firing: waiting, queue/late/voice",
            "[critical] resolved: waiting, queue/early/voice"], f"{subjects()}")
        digest = next(mail for _, _, mail in box.mails if str(mail["Subject"]).startswith("[digest]")).get_content()
        house.check(digest.count("waiting") == 1 and digest.split("critical")[1].split()[:4] == ["0", "0", "0", "1"], digest)
    finally:
        daemon.kill()
        if box:
            box.close()


def a_storm_is_one_mail_with_the_worst(path):
    box = Mailbox()
    daemon = house.Daemon(path, clock="wall", extra=RULES + receivers(
        duty={**FAST, "url": box.url, "starttls": "off", "burst": 3, "every": "10s", "digest_wait": "500ms"}))
    try:
        Producer(daemon.events).queue(*[f"q{i}" for i in range(200)])
        house.wait_for(lambda: len(box.mails) == 4)
        digest = box.mails[3][2]
        house.check(digest["Subject"] == "[digest] 197 firing, 0 resolved", digest["Subject"])
        text = digest.get_content()
        house.check(text.split("critical")[1].split()[:4] == ["197", "0", "0", "0"] and text.count("queue/q") == 10, text)
    finally:
        daemon.kill()
        box.close()


run(an_alert_is_two_mails_of_one_thread, with_starttls_and_a_password,
    a_mail_that_is_refused_is_told_by_number_and_a_server_that_is_away_gets_all, a_storm_is_one_mail_with_the_worst)
