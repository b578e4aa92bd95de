#!/usr/bin/python3
"""The analysts' page (proto/FIGURES.md) names every count, field and metric that there is, and nothing that there is not."""
import re
import subprocess
import sys
import tempfile

from history import History
from replay_support import SOURCE, Truth

PAGE = (SOURCE / "proto" / "FIGURES.md").read_text(encoding="utf-8")


def source(path):
    return (SOURCE / path).read_text(encoding="utf-8")


def counts():
    listed = source("daemon/core/counts.h").split("#define RS_COUNTS(X)")[1].split("typedef enum rs_count")[0]
    return {name for name in re.findall(r"X\([A-Z0-9_]+, (\w+)\)", listed) if not name.startswith(("sl_num_", "sl_den_"))}


def metrics():
    return set(re.findall(r"X\((\w+), \w+\)",
                          source("daemon/config/metric_names.h").split("#define RS_METRIC_NAMES(X)")[1].split("typedef")[0]))


def settings():
    return set(re.findall(r'"([a-z_]+(?:\.(?:[a-z_]+|<[a-z]+>))+)"', source("daemon/config/schema.c")))


def event_types():
    return set(re.findall(r"\b(?:contact|callback|disposition|survey|feedback|agent|source)\.[a-z_]+", source("proto/EVENTS.md")))


OPEN = ("flowed_out_by_reason", "blocked_by_reason", "transferred_out_by_kind", "offers_failed_by_reason", "service_level")


def leaves(row, prefix=""):
    """Paths of the figures of a row; those that are named by what occurred, or by the user, are one."""
    for name, value in row.items():
        if isinstance(value, dict) and name not in OPEN:
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name


def fields(truth, folder):
    """From the CSV head, in which every member stands, whether or not the day had something of it."""
    path = f"{folder}/day.ndjson"
    History(3, 60).write(path)
    head = subprocess.run([truth.program, "replay", "--output", "csv", "--by", "total", "--interval", "all", path], capture_output=True,
                          text=True, check=True).stdout.splitlines()[0].split(",")
    names = {re.sub(r"^(" + "|".join(OPEN) + r")\..*", r"\1", name) for name in head}
    for row in truth.rows(path, "--by", "total", "--interval", "all"):
        names |= {name for name in leaves(row) if "." in name or not row.get(name) is None}
    objects = {name.split(".")[0] for name in names if "." in name}
    return {name for name in names if name not in objects} - {"interval_start", "interval_s", "tenant", "revision", "final"}


def page_tables():
    """(header, rows) of each table, a row as a list of cells."""
    for block in re.findall(r"(?:^\|.*\n)+", PAGE, re.M):
        rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in block.strip().splitlines()]
        yield rows[0], rows[2:]


def named(cell):
    return re.findall(r"`([^`]+)`", cell)


def column(title):
    return {name for head, rows in page_tables() if title in head for row in rows for name in named(row[head.index(title)])}


def same(truth, what, on_page, there_are):
    truth.equal(f"{what} that are not on the page", sorted(there_are - on_page), [])
    truth.equal(f"{what} that are on the page only", sorted(on_page - there_are), [])


def check_known(truth, known):
    """Whatever is written as code in a table, or looks like a setting, is one of ours."""
    for name in {name for head, rows in page_tables() for row in rows for cell in row for name in named(cell)}:
        truth.equal(f"`{name}` is known", name in known or name.split(".")[0] in known, True)
    for name in re.findall(r"`([a-z_]+\.[a-z_.<>]+)`", PAGE):
        truth.equal(f"`{name}` is known", name in known or re.sub(r"\.<\w+>", "", name) in known or name.startswith("ringside."), True)


def main(build):
    truth = Truth(build)
    with tempfile.TemporaryDirectory() as folder:
        all_fields = fields(truth, folder)
    page_metrics = set(re.findall(r"`(\w+)`",
                                  " ".join(re.findall(r"^Metrics?:.*?(?=\n\n|\nA called-back)", PAGE, re.M | re.S)))) | column("metric")
    page_metrics |= set(re.findall(r"Metric: `(\w+)`", PAGE))
    same(truth, "counts", column("count"), counts())
    same(truth, "fields", column("field") | {"service_level"}, all_fields)
    same(truth, "metrics", page_metrics, metrics())
    truth.equal("there is something to compare", len(counts()) > 90 and len(all_fields) > 90 and len(metrics()) > 20, True)
    policies = set(re.findall(r'\{"(\w+)", RS_RULE', source("daemon/config/policy.c")))
    truth.equal("policies", column("policy"), policies)
    check_known(truth, counts() | all_fields | metrics() | settings() | event_types() | policies |
                {"event", "enter", "close", "callback", "flow", "lost", "matured", "provisional", "policy:", "calendar_mean_ms",
                 "service_level.<policy>", "rows.attributions"})
    truth.finish()


if __name__ == "__main__":
    main(sys.argv[1])
