#!/usr/bin/python3
"""The pages of `ringside report --format html` in a real browser (Chromium without a window; without it the test is skipped): nothing
reaches over the edge of the page or of its chart, charts have their axes' words, and nothing is fetched from anywhere."""
import json
import os
import re
import shutil
import subprocess
import sys

import bank
import house
from history import History

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PERIOD = ("--from", "2026-03-02", "--to", "2026-03-03")
PAGES = {"queue": (), "queue by hour": ("--interval", "hour"), "total": ("--interval", "hour"), "agent": ("--reason", "test"),
         "process": (), "trend": ("--interval", "hour"), "heatmap": (), "staffing": (),
         "benchmark": ("--by", "agent", "--metric", "aht", "--min-n", "5", "--reason", "test"), "standards": (), "fcr": (),
         "complaints": ()}
CHARTS = set(PAGES) - {"complaints"}
BANK = {"compare": ("--against", "1999-05-23T20:00,1999-05-24", "--from", "1999-06-20T20:00", "--to", "1999-06-21", "--metric",
                    "service_level,abandoned_rate,asa,wait_p90,aht,offered"),
        "trend": (*bank.WEEK, "--interval", "hour"), "process": bank.WEEK,
        "benchmark": (*bank.WEEK, "--by", "agent", "--metric", "aht", "--reason", "test")}
# A page of ours that holds the report's in a frame and writes down what it measures: the report itself has no script and allows none.
FRAME = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0"><iframe id="page" src="%s"
style="border:0;width:1100px;height:3000px"></iframe><pre id="told"></pre><script>
document.getElementById('page').onload = function () {
    var page = this.contentDocument, told = {words: 0, outside: [], wide: page.documentElement.scrollWidth,
        svgs: page.querySelectorAll('figure svg').length, rows: page.querySelectorAll('tbody tr').length,
        caption: (page.querySelector('figcaption') || {textContent: ''}).textContent, cut: []};
    page.querySelectorAll('figure svg').forEach(function (svg) {
        var edge = svg.getBoundingClientRect();
        svg.querySelectorAll('text').forEach(function (word) {
            var box = word.getBoundingClientRect();
            if (!word.textContent.trim()) return;
            told.words++;
            if (box.left < edge.left - 2 || box.right > edge.right + 2 || box.top < edge.top - 2 || box.bottom > edge.bottom + 2)
                told.outside.push(word.textContent.trim());
        });
    });
    page.querySelectorAll('td').forEach(function (cell) { if (cell.scrollWidth > cell.clientWidth + 1) told.cut.push(cell.textContent); });
    told.resources = this.contentWindow.performance.getEntriesByType('resource').map(function (r) { return r.name; });
    document.getElementById('told').textContent = JSON.stringify(told);
};
</script>"""


def look(place, page):
    """What the browser measures of a page."""
    frame = os.path.join(place, "frame.html")
    with open(frame, "w") as file:
        file.write(FRAME % page)
    result = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-web-security",
                             "--allow-file-access-from-files", f"--user-data-dir={place}/browser",
                             "--virtual-time-budget=10000", "--window-size=1200,3100", "--dump-dom", f"file://{frame}"],
                            capture_output=True, text=True, timeout=300)
    found = re.search(r'<pre id="told">(\{.*?\})</pre>', result.stdout, re.S)
    house.check(found, f"{page}: the browser says nothing: {result.stderr[-500:]}")
    return json.loads(found.group(1).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))


def check_page(place, postgres, name, options, has_chart):
    page = os.path.join(place, name.replace(" ", "-") + ".html")
    house.ringside("report", "-d", postgres.conninfo, name.split()[0], *options, "--format", "html", "--output", page)
    told = look(place, f"file://{page}")
    house.check(told["rows"] > 0 and told["wide"] <= 1100, f"{name}: {told['rows']} rows, {told['wide']} pixels wide")
    house.check(not told["outside"] and not told["cut"], f"{name}: words over the edge: {told['outside'][:5]} {told['cut'][:5]}")
    house.check(not told["resources"], f"{name}: fetched {told['resources']}")
    if has_chart:
        house.check(told["svgs"] == 1 and told["words"] >= 3 and len(told["caption"]) > 10, f"{name}: {told}")
    return told["words"]


def the_good_end_of_a_heat_map_is_light_green(place, postgres):
    """Nobody gave up is as good as all in time; and a page read out loud says what its chart is, and spells what is spelled."""
    for metric, good in (("abandoned_rate", 0), ("csat_top_box", 1)):
        rows = json.loads(house.ringside("report", "-d", postgres.conninfo, "heatmap", *PERIOD, "--metric", metric, "--format",
                                         "json").stdout)["rows"]
        house.check(any(row["value"] == good for row in rows), f"{metric} is never {good}: the test shows nothing")
        page = os.path.join(place, "heat.html")
        house.ringside("report", "-d", postgres.conninfo, "heatmap", *PERIOD, "--metric", metric, "--format", "html", "--output", page)
        with open(page) as file:
            text = file.read()
        house.check("fill = 'rgb(207, 229, 208)'" in text, f"{metric}: what is good is not light green")
        house.check('role="img" aria-label="Chart; the table below has its figures. Shown: ' in text, "the chart has no words")
    house.ringside("report", "-d", postgres.conninfo, "queue", *PERIOD, "--format", "html", "--output", page)
    with open(page) as file:
        text = file.read()
    house.check(all(f">{name}</th>" in text for name in ("ASA", "AHT", "wait p90")), "heads of columns")


def run_day(place):
    day, config = os.path.join(place, "day.ndjson"), os.path.join(place, "day.conf")
    History(11).write(day)
    with open(config, "w") as file:
        file.write(f"service: {{state_directory: \"{place}/state\"}}\ncomplaints: {{acknowledge: 30m}}\n")
    postgres = house.Postgres(place)
    try:
        house.ringside("replay", "--store", "--config", config, "--database", postgres.conninfo, day)
        postgres.query("INSERT INTO ringside.service_standard (tenant, queue, metric, target, valid_from) "
                       "VALUES ('default', 'support', 'asa', 20000, '2026-01-01') RETURNING 1")
        postgres.query("""INSERT INTO ringside.improvement (title, hypothesis, metric, family, tenant, change_at, weeks, owner, review_on)
            VALUES ('a greeting that is shorter', 'less', 'service_level', 'queue', 'default', '2026-03-02 12:00Z', 1,
                'kim', '2026-04-01') RETURNING 1""")
        words = sum(check_page(place, postgres, name, (*PERIOD, *options), name in CHARTS) for name, options in PAGES.items())
        the_good_end_of_a_heat_map_is_light_green(place, postgres)
        print(f"a made-up day: {len(PAGES)} pages, {words} words in charts, none over an edge")
    finally:
        postgres.remove()


def run_bank(place):
    postgres = bank.store(place)
    try:
        words = sum(check_page(place, postgres, name, options, True) for name, options in BANK.items())
        print(f"the bank: {len(BANK)} pages, {words} words in charts, none over an edge")
    finally:
        postgres.remove()


if CHROMIUM is None:
    print("no Chromium here (package chromium)")
    sys.exit(77)
for run in (run_day, run_bank) if bank.FILES else (run_day,):
    with house.folder() as where:
        run(where)
print(f"1 passed, 0 failed ({house.checks} checks)")
