"""What the producers of the torture know (producer.c), what the daemon has counted, and the difference."""
import os
import struct

HEAD = struct.Struct("<16Q")
ENTRY = struct.Struct("<IBBBB")       # cell, digit, spooled, flags of queued, flags of answered
OFFERED, ACCEPTED, ACKNOWLEDGED, REFUSED = 1, 2, 4, 8
CELL_S = 900
BASE_S = 978307200                    # 2001-01-01
NAMES = ("offered", "accepted", "acknowledged", "counted", "lost", "double", "invented", "refused")


class Tally(dict):
    """Numbers of events. offered: handed to libringside. accepted: it said yes. lost: owed (acknowledged; or accepted by a producer with a
    spool) and not counted. double: counted more than once, each time more. invented: counted, never offered."""

    def __init__(self, **numbers):
        super().__init__({name: 0 for name in NAMES}, **numbers)

    def __add__(self, other):
        return Tally(**{name: self[name] + other[name] for name in NAMES})

    @property
    def balances(self):
        return self["lost"] == self["double"] == self["invented"] == 0 and self["counted"] <= self["offered"]


class Ledger:
    def __init__(self, path, source):
        self.path, self.source = path, source

    def head(self):
        with open(self.path, "rb") as file:
            names = ("contacts", "lives", "full", "errors", "found", "lost")
            return dict(zip(names, HEAD.unpack(file.read(HEAD.size))))

    def last_cell(self):
        if not os.path.exists(self.path):
            return -1
        with open(self.path, "rb") as file:
            count = HEAD.unpack(file.read(HEAD.size).ljust(HEAD.size, b"\0"))[0]
            if count < 2:
                return -1
            file.seek(HEAD.size + (count - 2) * ENTRY.size)   # the last one may be in the making
            return ENTRY.unpack(file.read(ENTRY.size))[0]

    def contacts(self):
        if not os.path.exists(self.path):
            return []
        with open(self.path, "rb") as file:
            count = HEAD.unpack(file.read(HEAD.size))[0]
            return list(ENTRY.iter_unpack(file.read(count * ENTRY.size)))

    def compare(self, cells):
        """`cells`: (cell) -> (queued counted, answered counted, sum of their waits in ms) of this source's queue. Returns a Tally and up to
        ten descriptions of what is wrong."""
        tally, wrong, by_cell = Tally(), [], {}
        for number, entry in enumerate(self.contacts()):
            by_cell.setdefault(entry[0], []).append((number, *entry[1:]))

        def complain(name, number, text):
            tally[name] += number
            if len(wrong) < 10:
                wrong.append(f"{self.source}: {text}")

        for cell in sorted(by_cell.keys() | cells.keys()):
            offered, answered, waits = cells.get(cell, (0, 0, 0))
            contacts = by_cell.get(cell, [])
            owed_queued = may_queued = times_answered = 0
            for number, digit, spooled, queued, answer in contacts:
                owed = [flags & REFUSED == 0 and (flags & ACKNOWLEDGED != 0 or (spooled and flags & ACCEPTED != 0))
                        for flags in (queued, answer)]
                for flags in (queued, answer):
                    tally["offered"] += flags & OFFERED != 0
                    tally["accepted"] += flags & ACCEPTED != 0
                    tally["acknowledged"] += flags & ACKNOWLEDGED != 0
                    tally["refused"] += flags & REFUSED != 0
                times = waits >> 2 * digit & 3
                times_answered += times
                owed_queued += owed[0]
                may_queued += queued & OFFERED != 0
                if owed[1] and times == 0:
                    complain("lost", 1, f"contact {number} in cell {cell}: answered is owed and not counted")
                if times > 1:
                    complain("double", times - 1, f"contact {number} in cell {cell}: answered is counted {times} times")
                if times > 0 and answer & OFFERED == 0:
                    complain("invented", times, f"contact {number} in cell {cell}: answered is counted and was never offered")
            if offered < owed_queued:
                complain("lost", owed_queued - offered, f"cell {cell}: {owed_queued} queued are owed, {offered} counted")
            if offered > may_queued:
                complain("double", offered - may_queued, f"cell {cell}: {may_queued} queued were offered, {offered} counted")
            if answered != times_answered or waits >> 2 * 14 != 0:
                complain("double", max(1, answered - times_answered),
                         f"cell {cell}: {answered} answered, but their waits say {times_answered}")
            tally["counted"] += offered + answered
        return tally, wrong


def counted_in_database(postgres, sources):
    """source -> cell -> (queued, answered, sum of waits in ms), from what the store has written."""
    rows = postgres.query("SELECT queue, extract(epoch FROM interval_start)::bigint AS at, sum(offered)::bigint AS offered,"
                          " sum(answered)::bigint AS answered, sum((wait_ms->>'answered_sum')::bigint)::bigint AS waits"
                          " FROM ringside.queue_interval WHERE attribution = 'event' AND queue = ANY(%s) GROUP BY 1, 2", list(sources))
    found = {source: {} for source in sources}
    for row in rows:
        cell, odd = divmod(row["at"] - BASE_S, CELL_S)
        assert odd == 0, row
        found[row["queue"]][cell] = (row["offered"], row["answered"], row["waits"] or 0)
    return found
