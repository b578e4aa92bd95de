#!/usr/bin/python3
"""How long the reports of sql/ take over a year of half-hours, beside PostgreSQL's own plain scan of the same year in the same run; how
fast the rows go in beside raw COPY; how large a queue's day is; and that making and dropping months never keeps the writer waiting.

    tests/bench/history.py BUILD [queues] [agents] [days]        (100 queues, 1,000 agents, 365 days: 6 GB in RS_POSTGRES_PLACE, 10 minutes)
    RS_HISTORY=full tests/bench/history.py BUILD                 (1,000 queues, 10,000 agents, 365 days: 60 GB, hours)

Yardsticks: of a roll-up count(*) and the sums of one count and one time over the whole year's table (for a month: over that month), by as
many processes as PostgreSQL takes; of one queue's month the same sums by its index. Bars (design/bars.md): a roll-up in at most the time of
the scan, one queue's month within 5 ms. Reports and yardsticks take turns, so that what else the machine does falls on both; the least of
the runs is judged, the median stands beside it. The rows are made in SQL, as busy as a half-busy queue's: 24 buckets in each of three
histograms. Ends with 1 when the writer waited for 2 s."""
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import psycopg2

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(sys.argv[1])
DEFAULTS = (1000, 10000, 365) if os.environ.get("RS_HISTORY") == "full" else (100, 1000, 365)
QUEUES, AGENTS, DAYS = (int(sys.argv[2 + i]) if len(sys.argv) > 2 + i else default for i, default in enumerate(DEFAULTS))
FIRST = "2025-01-01Z"
ONE = "queue-0007"
COLUMNS = """tenant, queue, channel, interval_start, interval_s, attribution, stream_id, run, part, revision, final,
    still_open, threshold_us, offered, answered, abandoned, answered_in_t, abandoned_in_t, handled, talk_us, hold_us, wrap_us,
    wait_answered_us, fcr_eligible,
    fcr_unresolved, csat_responses, csat_score_milli, wait_max_us, answered_min_us, answered_max_us, sl_policy, sl_version, sl_num, sl_den,
    wait_answered_bucket, wait_answered_count, talk_bucket, talk_count, handle_bucket, handle_count"""
QUEUE_ROWS = """SELECT 'acme', 'queue-' || lpad(q::text, 4, '0'), 'voice', at, 1800, 'event', 1, 1, 1, 1, true, 0, 20000000, n + 3, n, 3, k,
    1, n, n * 200000000::bigint,
    n * 9000000::bigint, n * 30000000::bigint, n * 15000000::bigint, n, n / 5, n / 10, n / 10 * 4000, 90000000, 1000000, 90000000,
    '{{short_excluded}}'::text[], '{{1}}'::integer[],
    ARRAY[k::bigint], ARRAY[n + 2::bigint], h.b, h.c, h.b, h.c, h.b, h.c
FROM generate_series(timestamptz '{begin}', timestamptz '{end}' - interval '1 second', interval '30 minutes') AS at,
    generate_series(1, {queues}) AS q,
    LATERAL (SELECT 60 + (q * 7919 + extract(epoch FROM at)::bigint / 1800 * 31) % 50 AS n) AS x,
    LATERAL (SELECT n * (70 + q % 25) / 100 AS k) AS y,
    (SELECT array_agg((150 + 9 * e)::smallint) AS b, array_agg((1 + e % 5)::integer) AS c FROM generate_series(0, 23) AS e) AS h"""
AGENT_ROWS = """
INSERT INTO ringside.agent_interval_part (tenant, agent, interval_start, interval_s, attribution, stream_id, run, part, revision, final,
    still_open, answered,
    handled, talk_us, hold_us, wrap_us, logged_in_us, available_us, planned_us, out_of_plan_us)
SELECT 'acme', 'agent-' || lpad(a::text, 5, '0'), at, 1800, 'event', 1, 1, 1, 1, true, 0, 5, 5, 1000000000, 45000000, 150000000, 1800000000,
    600000000, 1800000000, 60000000
FROM generate_series(timestamptz '{begin}', timestamptz '{end}' - interval '1 second', interval '30 minutes') AS at,
    generate_series(1, {agents}) AS a
WHERE extract(hour FROM at) BETWEEN 8 AND 15 AND extract(isodow FROM at) < 6"""
TOTAL_ROWS = """
INSERT INTO ringside.total_interval_part (tenant, interval_start, interval_s, attribution, stream_id, run, part, revision, final,
    still_open, offered, answered)
SELECT 'acme', at, 1800, 'event', 1, 1, 1, 1, true, 0, 100, 97
FROM generate_series(timestamptz '{begin}', timestamptz '{end}' - interval '1 second', interval '30 minutes') AS at"""


def say(text):
    print(text, flush=True)


def months(cursor):
    cursor.execute("""SELECT greatest(m, %(first)s::timestamptz)::text,
            least(m + interval '1 month', %(first)s::timestamptz + %(days)s * interval '1 day')::text
        FROM generate_series(date_trunc('month', %(first)s::timestamptz, 'UTC'),
            %(first)s::timestamptz + (%(days)s - 1) * interval '1 day', interval '1 month') AS m""",
                   {"first": FIRST, "days": DAYS})
    return cursor.fetchall()


def fill(cursor):
    cursor.execute("SELECT ringside.ensure_partitions(%s, %s::timestamptz + %s * interval '1 day')", (FIRST, FIRST, DAYS))
    cursor.execute("INSERT INTO ringside.policy (name, version, definition) VALUES ('short_excluded', 1, '{}') ON CONFLICT DO NOTHING")
    for begin, end in months(cursor):
        values = {"queues": QUEUES, "agents": AGENTS, "begin": begin, "end": end}
        cursor.execute(f"INSERT INTO ringside.queue_interval_part ({COLUMNS}) " + QUEUE_ROWS.format(**values))
        cursor.execute(AGENT_ROWS.format(**values))
        cursor.execute(TOTAL_ROWS.format(**values))
        if sys.stderr.isatty():
            print(f"\r{begin[:10]}", end="", file=sys.stderr, flush=True)
    for family in ("queue", "agent", "total"):
        cursor.execute(f"ANALYZE ringside.{family}_interval_part")


def copy_rates(cursor, place):
    """The same rows by COPY: into a table like a month but without keys, and into the months themselves (keys, brin, routing)."""
    path = os.path.join(place, "rows.copy")
    cursor.execute("SELECT %s::timestamptz + interval '10 days'", (FIRST,))
    end = cursor.fetchone()[0]
    query = QUEUE_ROWS.format(queues=min(QUEUES, 100), begin=FIRST, end=end)
    with open(path, "w") as file:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT", file)
    cursor.execute("CREATE TABLE ringside.bench_raw (LIKE ringside.queue_interval_part INCLUDING DEFAULTS)")
    cursor.execute("CREATE TABLE ringside.bench_kept (LIKE ringside.queue_interval_part INCLUDING ALL) WITH (fillfactor = 85)")
    rates = {}
    for _ in range(3):
        for table in ("bench_raw", "bench_kept"):
            cursor.execute(f"TRUNCATE ringside.{table}")
            begin = time.monotonic()
            with open(path) as file:
                cursor.copy_expert(f"COPY ringside.{table} ({COLUMNS}) FROM STDIN", file)
            rates.setdefault(table, []).append(cursor.rowcount / (time.monotonic() - begin))
    cursor.execute("DROP TABLE ringside.bench_raw, ringside.bench_kept")
    os.unlink(path)
    raw, kept = (statistics.median(rates[t]) for t in ("bench_raw", "bench_kept"))
    say(f"insert: raw COPY {raw:,.0f} rows/s; COPY into a month with its keys {kept:,.0f} rows/s: "
        f"{kept / raw:.2f} x (the daemon's own way: tests/bench/store)")


def writer_waits(conninfo, cursor):
    """One row after another, while months are made and dropped on the other side: the longest that a row took."""
    stop, waits = threading.Event(), []

    def write():
        mine = psycopg2.connect(conninfo)
        mine.autocommit = True
        other = mine.cursor()
        number = 0
        while not stop.is_set():
            number += 1
            begin = time.monotonic()
            other.execute("""INSERT INTO ringside.queue_interval_part (tenant, queue, channel, interval_start, interval_s, attribution,
                stream_id, run, part, revision, final, still_open)
                VALUES ('waiting', 'q', 'voice', %s, 900, 'event', 1, 1, %s, 1, true, 0)""", (FIRST, number))
            waits.append(time.monotonic() - begin)
        mine.close()
    thread = threading.Thread(target=write)
    thread.start()
    begin = time.monotonic()
    cursor.execute("SELECT ringside.ensure_partitions('2030-01-01Z', '2033-01-01Z')")
    made = cursor.fetchone()[0]
    # A report that reads all months while they are to be dropped: the one whose turn it is waits for it, not the writer.
    reader = psycopg2.connect(conninfo)
    reader.cursor().execute("SELECT count(*) FROM ringside.queue_interval_part WHERE interval_start >= '2031-06-01Z'")
    cursor.execute("UPDATE ringside.partition SET made_at = '1990-01-01Z', to_time = to_time - interval '40 years' "
                   "WHERE from_time >= '2030-01-01Z'")
    cursor.execute("UPDATE ringside.retention SET keep = interval '10 years'")
    cursor.execute("SELECT ringside.drop_expired(1000)")
    held = cursor.fetchone()[0]
    reader.rollback()
    dropped = held
    while dropped < made and time.monotonic() - begin < 120:
        cursor.execute("SELECT ringside.drop_expired(1000)")
        dropped += cursor.fetchone()[0]
    reader.close()
    stop.set()
    thread.join()
    cursor.execute("UPDATE ringside.retention SET keep = NULL")
    cursor.execute("DELETE FROM ringside.queue_interval_part WHERE tenant = 'waiting'")
    worst = max(waits)
    say(f"months: {made} made, {dropped} dropped ({held} beside a reader) while {len(waits)} rows were written one by one: "
        f"longest {worst * 1000:.0f} ms, bar 2000 ms: {'reached' if worst < 2 else 'missed'}")
    return worst < 2 and dropped == made


def once(cursor, sql):
    begin = time.monotonic()
    cursor.execute(sql)
    rows = len(cursor.fetchall())
    return (time.monotonic() - begin) * 1000, rows


def measure(cursor, name, sql, yardstick, fixed, runs):
    """Turns: yardstick, report, yardstick, … fixed: the bar in ms; None: the yardstick's own time."""
    mine, theirs, rows = [], [], 0
    once(cursor, yardstick), once(cursor, sql)
    for _ in range(runs):
        theirs.append(once(cursor, yardstick)[0])
        took, rows = once(cursor, sql)
        mine.append(took)
    least, scan = min(mine), min(theirs)
    bar = fixed if fixed is not None else scan
    say(f"{name:46} {least:9.1f} ms (median {statistics.median(mine):8.1f}) {rows:6d} rows; "
        f"yardstick {scan:8.1f} ms (median {statistics.median(theirs):8.1f}): {least / scan:6.2f} x;"
        f" bar {'5 ms' if fixed is not None else '1 x'}: {'reached' if least <= bar else f'missed, {least / bar:.1f} x'}")


def reports(cursor):
    month, year = f"'{FIRST}', '{FIRST}'::timestamptz + interval '31 days'", f"'{FIRST}', '{FIRST}'::timestamptz + interval '{DAYS} days'"
    sums = "SELECT count(*), sum(offered), sum(talk_us) FROM ringside.{}_interval_part"
    scan_year = sums.format("queue")
    scan_month = scan_year + f" WHERE interval_start >= '{FIRST}' AND interval_start < '{FIRST}'::timestamptz + interval '31 days'"
    agents = "SELECT count(*), sum(handled), sum(talk_us) FROM ringside.agent_interval_part" + scan_month[len(scan_year):]
    by_index = scan_month + f" AND tenant = 'acme' AND queue = '{ONE}' AND attribution = 'event'"
    before = (f"'{FIRST}', '{FIRST}'::timestamptz + interval '14 days', "
              f"'{FIRST}'::timestamptz + interval '14 days', '{FIRST}'::timestamptz + interval '28 days'")

    def figure(metric, period, step, key, per_key):
        return (f"SELECT * FROM ringside.samples('{metric}', 'short_excluded', 'queue', 'acme', {key}, NULL, {period}, '{step}', "
                f"'Europe/Berlin', 'event', {per_key})")
    one = f"'{ONE}'"
    say("\nRoll-ups of all queues")
    for name, sql, scan in (
            ("service level, the year", figure("service_level", year, "year", "NULL", "true"), scan_year),
            ("service level by month, the year", figure("service_level", year, "month", "NULL", "true"), scan_year),
            ("handle time by month, the year", figure("aht", year, "month", "NULL", "true"), scan_year),
            ("trend of all by day, the year", f"SELECT * FROM ringside.report_trend('service_level', {year}, 'queue', 'acme')", scan_year),
            ("report queue (every figure), a month",
             f"SELECT * FROM ringside.report_rows('queue', {month}, 'all', 'Europe/Berlin', 'acme')", scan_month),
            ("report fcr, a month", f"SELECT * FROM ringside.report_fcr({month}, 'queue')", scan_month),
            ("report feedback, a month", f"SELECT * FROM ringside.report_feedback({month}, 'queue')", scan_month),
            ("report benchmark, a month", f"SELECT * FROM ringside.report_benchmark('aht', {month}, 'queue', 'acme')", scan_month),
            ("report compare, 2 weeks with 2", f"SELECT * FROM ringside.report_compare('service_level', {before}, 'queue', 'acme')",
             scan_month),
            ("report heatmap, a month", f"SELECT * FROM ringside.report_heatmap('service_level', {month}, 'queue', 'acme')", scan_month),
            ("report staffing, a month", f"SELECT * FROM ringside.report_staffing({month}, 'Europe/Berlin', 'acme')", scan_month),
            ("complaints, a month", f"SELECT * FROM ringside.complaint_report({month})", scan_month),
            ("90 % of waits, a month", figure("wait_p90", month, "month", "NULL", "true"), scan_month),
            ("report agent, a month", f"SELECT * FROM ringside.report_agents({month}, 'bench', 'all', 'UTC', 'acme')", agents),
            ("report total by day, the year", f"SELECT * FROM ringside.report_rows('total', {year}, 'day', 'UTC', 'acme')",
             sums.format("total"))):
        measure(cursor, name, sql, scan, None, 3)
    say("\nOne queue's month")
    for name, sql in (
            ("service level", figure("service_level", month, "month", one, "false")),
            ("service level by day", figure("service_level", month, "day", one, "false")),
            ("handle time by day", figure("aht", month, "day", one, "false")),
            ("90 % of waits", figure("wait_p90", month, "month", one, "false")),
            ("report trend by day", f"SELECT * FROM ringside.report_trend('service_level', {month}, 'queue', 'acme', {one})"),
            ("report compare, 2 weeks with 2", f"SELECT * FROM ringside.report_compare('service_level', {before}, 'queue', 'acme', {one})"),
            ("report heatmap", f"SELECT * FROM ringside.report_heatmap('service_level', {month}, 'queue', 'acme', {one})"),
            ("report staffing", f"SELECT * FROM ringside.report_staffing({month}, 'Europe/Berlin', 'acme', {one})"),
            ("report queue (every figure)", f"SELECT * FROM ringside.report_rows('queue', {month}, 'all', 'Europe/Berlin', 'acme', {one})"),
            ("report queue by day (every figure)",
             f"SELECT * FROM ringside.report_rows('queue', {month}, 'day', 'Europe/Berlin', 'acme', {one})"),
            ("report fcr", f"SELECT * FROM ringside.report_fcr({month}, 'queue', 'all', 'UTC', 'acme', {one})")):
        measure(cursor, name, sql, by_index, 5, 15)


def main():
    if QUEUES < 10 or DAYS < 31:
        sys.exit("ten queues and 31 days at least: else there is nobody to compare, and no month")
    place = tempfile.mkdtemp(prefix="rs-bench-", dir=os.environ.get("RS_POSTGRES_PLACE", "/tmp"))
    os.chmod(place, 0o755)
    tool = os.path.join(SOURCE, "daemon", "private-postgres")
    conninfo = subprocess.run([tool, "start", place + "/pg", "-c fsync=off -c max_wal_size=8GB -c shared_buffers=1GB"], check=True,
                              capture_output=True, text=True).stdout.strip().splitlines()[-1]
    try:
        subprocess.run([BUILD + "/ringside", "migrate", "-d", conninfo], check=True, capture_output=True)
        connection = psycopg2.connect(conninfo)
        connection.autocommit = True
        cursor = connection.cursor()
        begin = time.monotonic()
        fill(cursor)
        cursor.execute("SELECT count(*) FROM ringside.queue_interval_part")
        rows = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM ringside.agent_interval_part")
        agents = cursor.fetchone()[0]
        sizes = {}
        for family in ("queue", "agent"):
            cursor.execute("SELECT sum(pg_total_relation_size(to_regclass('ringside.' || name))) FROM ringside.partition WHERE parent = %s",
                           (family + "_interval_part",))
            sizes[family] = int(cursor.fetchone()[0])
        say(f"{QUEUES} queues x {DAYS} days of half-hours: {rows:,} rows; {AGENTS} agents at work: {agents:,} rows; "
            f"made in {time.monotonic() - begin:.0f} s")
        say(f"size: {sizes['queue'] / rows:.0f} bytes per row, "
            f"{sizes['queue'] / QUEUES / DAYS / 1024:.0f} KiB per queue and day of half-hours, "
            f"{2 * sizes['queue'] / QUEUES / DAYS / 1024:.0f} KiB of the daemon's quarters; "
            f"{sizes['agent'] / max(agents, 1):.0f} bytes per agent's row")
        copy_rates(cursor, place)
        kept = writer_waits(conninfo, cursor)
        reports(cursor)
        connection.close()
    finally:
        subprocess.run([tool, "remove", place + "/pg"], check=False, capture_output=True)
        os.rmdir(place)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
