"""A made-up day of a contact centre with everything in it: calls, transfers, call-backs, blocked contacts, messages, surveys,
complaints, agents' states and plans. The same seed gives the same day."""
import json
import random

DAY_US = 1772409600 * 1000000   # 2026-03-02T00:00:00Z, a Monday
SECOND = 1000000
WINDOW = 6 * 3600 * SECOND      # fcr.repeat_window of those who compare live figures with a replay


class History:
    def __init__(self, seed, contacts=400):
        self.chance = random.Random(seed)
        self.events = []
        self.contacts = contacts
        for i in range(8):
            self.add_shift(f"agent-{i}")
        for i in range(contacts):
            self.add_contact(i)
        for i in range(contacts // 20):
            self.add_complaint(i)
        self.events.sort(key=lambda event: event["occurred_at"])
        self.add(self.end(), "source.heartbeat")

    def end(self):
        """A daemon counts agents' time up to the last boundary of 5 minutes, and sees that a window of WINDOW has ended up to 10 s
        later; a replay counts both up to the last event. So the day ends on a boundary at which no window has just ended."""
        boundary, slack = 300 * SECOND, 30 * SECOND
        times = [event["occurred_at"] for event in self.events]
        at = (times[-1] // boundary + 1) * boundary
        while any(at - slack <= time + WINDOW <= at + slack for time in times):
            at += boundary
        return at

    def add(self, at, kind, **fields):
        data = fields.pop("data", None)
        event = {"source": "made-up", "occurred_at": int(at), "type": kind, **fields}
        if data:
            event["data"] = data
        self.events.append(event)

    # --- people -------------------------------------------------------------------------------------------------------
    def add_shift(self, agent):
        team = self.chance.choice(("north", "south"))
        at = DAY_US + 8 * 3600 * SECOND + self.chance.randrange(600) * SECOND
        self.add(at - 1800 * SECOND, "agent.scheduled", agent=agent, team=team, data={
            "from": DAY_US + 8 * 3600 * SECOND, "to": DAY_US + 17 * 3600 * SECOND, "activity": "work"})
        self.add(at - 1700 * SECOND, "agent.scheduled", agent=agent, team=team, data={
            "from": DAY_US + 12 * 3600 * SECOND, "to": DAY_US + 12 * 3600 * SECOND + 1800 * SECOND, "activity": "lunch"})
        self.add(at, "agent.queue_joined", agent=agent, team=team, queue="support")
        while at < DAY_US + 17 * 3600 * SECOND:
            state = self.chance.choice(("available", "available", "on_contact", "wrapup", "break", "ringing", "hold", "custom"))
            self.add(at, "agent.state", agent=agent, team=team, data={"state": state})
            at += self.chance.randrange(30, 1800) * SECOND
        if self.chance.random() < 0.8:
            self.add(at, "agent.state", agent=agent, team=team, data={"state": "offline"})

    # --- contacts -----------------------------------------------------------------------------------------------------
    def add_contact(self, i):
        chance = self.chance
        contact = {"contact_id": f"c{i}", "customer": f"+1555{chance.randrange(self.contacts // 3):07d}"}
        at = DAY_US + chance.randrange(8 * 3600, 18 * 3600) * SECOND + chance.randrange(SECOND)
        if chance.random() < 0.25:
            self.add_messages(at, contact)
            return
        if chance.random() < 0.05:
            self.add(at, "contact.blocked", queue="support",
                     data={"reason": chance.choice(("full", "closed", "join_empty", "no_agent"))}, **contact)
            return
        if chance.random() < 0.04:
            self.add(at, "contact.abandoned", queue="support", data={"stage": "flow"}, **contact)
            return
        self.add_call(at, contact)

    def add_call(self, at, contact):
        chance = self.chance
        queue = chance.choice(("support", "sales", "billing"))
        self.add(at, "contact.queued", queue=queue, **contact)
        at += chance.randrange(1, 60 * SECOND)
        outcome = chance.random()
        if outcome < 0.12:
            self.add(at, "contact.abandoned", data={"stage": "queue"}, **contact)
        elif outcome < 0.2:
            self.add(at, "contact.dequeued", data={"reason": chance.choice(("timeout", "exit_key", "overflow", "voicemail"))}, **contact)
        elif outcome < 0.28:
            self.add_callback(at, contact, queue)
        elif outcome < 0.97:
            self.add_handling(at, contact, queue)

    def add_callback(self, at, contact, queue):
        self.add(at, "callback.requested", queue=queue, **contact)
        self.add(at + SECOND, "contact.dequeued", data={"reason": "callback"}, **contact)
        at += self.chance.randrange(600) * SECOND
        self.add(at, "callback.attempted", **contact)
        if self.chance.random() < 0.3:
            self.add(at + 20 * SECOND, "callback.failed", data={"result": "no_answer"}, **contact)
            return
        self.add(at + 20 * SECOND, "callback.connected", **contact)
        self.add(at + 21 * SECOND, "contact.queued", queue=queue, **contact)
        self.add_handling(at + 30 * SECOND, contact, queue)

    def add_handling(self, at, contact, queue):
        chance = self.chance
        agent = f"agent-{chance.randrange(8)}"
        if chance.random() < 0.2:
            self.add(at, "contact.offered", agent="agent-0", **contact)
            at += 5 * SECOND
            self.add(at, "contact.offer_failed", agent="agent-0",
                     data={"reason": chance.choice(("timeout", "rejected", "canceled", "error"))}, **contact)
        self.add(at, "contact.offered", agent=agent, **contact)
        self.add(at + 2 * SECOND, "contact.answered", agent=agent, queue=queue, topic=chance.choice(("claim", "move", "order")), **contact)
        at += chance.randrange(3, 400) * SECOND
        if chance.random() < 0.3:
            self.add(at, "contact.held", agent=agent, **contact)
            at += chance.randrange(60) * SECOND
            self.add(at, "contact.retrieved", agent=agent, **contact)
            at += 10 * SECOND
        if chance.random() < 0.15:
            kind = chance.choice(("blind", "attended", "queue", "external"))
            self.add(at, "contact.transferred", agent=agent, data={"kind": kind, "to_queue": "billing"}, **contact)
            self.add(at + SECOND, "contact.queued", queue="billing", **contact)
            self.add(at + 9 * SECOND, "contact.answered", agent="agent-7", **contact)
            agent, at = "agent-7", at + 90 * SECOND
        self.add(at, "contact.ended", data={"by": "customer"}, **contact)
        self.add(at, "contact.wrapup_started", agent=agent, **contact)
        self.add(at + chance.randrange(1, 90) * SECOND, "contact.wrapup_ended", agent=agent, **contact)
        self.add_aftermath(at + 120 * SECOND, contact)

    def add_messages(self, at, contact):
        chance = self.chance
        contact = {**contact, "channel": chance.choice(("chat", "email"))}
        self.add(at, "contact.queued", queue="mail", **contact)
        self.add(at, "contact.message", data={"from": "customer"}, **contact)
        at += chance.randrange(10, 3000) * SECOND
        self.add(at, "contact.answered", agent=f"agent-{chance.randrange(8)}", **contact)
        for _ in range(chance.randrange(1, 5)):
            self.add(at, "contact.message", agent="agent-1", data={"from": "agent"}, **contact)
            at += chance.randrange(10, 2000) * SECOND
            self.add(at, "contact.message", data={"from": "customer"}, **contact)
            at += chance.randrange(10, 2000) * SECOND
        self.add(at, "contact.ended", **contact)
        self.add(at + 5 * SECOND, "contact.closed", **contact)
        if chance.random() < 0.2:
            self.add(at + 900 * SECOND, "contact.reopened", **contact)
            self.add(at + 1800 * SECOND, "contact.closed", **contact)
        self.add_aftermath(at + 60 * SECOND, contact)

    # --- what comes after ---------------------------------------------------------------------------------------------
    def add_aftermath(self, at, contact):
        chance = self.chance
        if chance.random() < 0.3:
            self.add(at, "disposition.set", data={"code": "x", "resolved": chance.random() < 0.8}, **contact)
        if chance.random() < 0.3:
            kind, least, greatest = chance.choice((("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7)))
            score = chance.randrange(least, greatest + 2)   # now and then off the scale
            self.add(at + 30 * SECOND, "survey.answered", data={"kind": kind, "score": score, "scale_min": least, "scale_max": greatest,
                                                               "resolved": chance.random() < 0.8}, **contact)

    def add_complaint(self, i):
        chance = self.chance
        at = DAY_US + chance.randrange(8 * 3600, 12 * 3600) * SECOND
        kind = chance.choice(("complaint", "complaint", "compliment", "suggestion"))
        for stage in ("received", "acknowledged", "investigated", "responded", "closed"):
            self.add(at, "feedback.received", queue="support", data={"kind": kind, "case_id": f"case-{i}", "stage": stage})
            at += chance.randrange(60, 3 * 3600) * SECOND
            if kind != "complaint" or chance.random() < 0.2:
                return

    def write(self, path):
        with open(path, "w", encoding="utf-8") as out:
            for seq, event in enumerate(self.events, 1):
                out.write(json.dumps({**event, "seq": seq}) + "\n")
