"""The bank's week and surge day (when the fixtures are at hand), stored by `ringside replay --store`, and the comparison with their truth
files."""
import glob
import json
import os

import house

FOLDER = os.path.join(house.SHARED, "fixtures", "bank")
FILES = sorted(glob.glob(os.path.join(FOLDER, "*.ndjson.gz")))
WEEK = ("--from", "1999-06-20", "--to", "1999-06-27")   # UTC, as the truth files count
POLICIES = "service_level: {policies: [abandon_miss, answered_only]}\n"


def truth_of(name):
    with open(glob.glob(os.path.join(FOLDER, f"{name}*.truth.json"))[0]) as file:
        return json.load(file)


def store(place, extra=""):
    """A private PostgreSQL with both; whoever calls removes it."""
    postgres = house.Postgres(place)
    config = os.path.join(place, "bank.conf")
    with open(config, "w") as file:
        file.write(f"service: {{state_directory: \"{place}/state\"}}\n" + POLICIES + extra)
    house.ringside("replay", "--store", "--config", config, "--database", postgres.conninfo, *FILES)
    return postgres


def check_queues(rows, truth):
    """Rows of `report queue` with the policies abandon_miss and answered_only."""
    for policy, name in (("abandon_miss", "A_ans_over_offered"), ("answered_only", "B_ans_over_answered")):
        mine = {row["key"]: row for row in rows if row["policy"] == policy}
        house.check(sum(row["offered"] for row in mine.values()) == truth["all"]["offered"], "offered")
        house.check(sum(row["answered"] for row in mine.values()) == truth["all"]["AGENT"], "answered")
        house.check(sum(row["abandoned"] for row in mine.values()) == truth["all"]["HANG_queue"], "abandoned")
        level = sum(row["sl_numerator"] for row in mine.values()) / sum(row["sl_denominator"] for row in mine.values())
        house.check(abs(100 * level - truth["sl"]["20"][name]) < 0.00051, f"{policy}: {level}")
        for kind, part in truth["type"].items():
            if not part["offered"]:
                continue
            row = mine[kind]
            house.check((row["offered"], row["answered"], row["abandoned"]) == (part["offered"], part["AGENT"], part["HANG_queue"]),
                        f"{kind}: {row}")
            house.check(abs(row["asa_ms"] / 1000 - part["answered_wait"]["mean"]) < 0.00051 and row["wait_max_ms"] == 1000 * max(
                part["answered_wait"]["max"], part["abandon_wait"].get("max", 0)), f"{kind}: waits")
            house.check(abs(row["wait_p90_ms"] / 1000 - part["answered_wait"]["p90"]) <= 0.016 * part["answered_wait"]["p90"] + 0.001,
                        f"{kind}: p90")
    return len(truth["type"])


def check_agents(rows, truth):
    agents = {row["agent"]: row for row in rows}
    for name, part in truth["agent"].items():
        row = agents[name]
        house.check(row["answered"] == part["calls"] and row["handled_short"] == part["lt10"], f"{name}: {row} {part}")
        house.check(abs(row["talk_ms"] / 1000 - part["aht"]) < 0.0011 and abs(100 * row["short_rate"] - part["lt10_pct"]) < 0.0051,
                    f"{name}: {row} {part}")
    return len(truth["agent"])
