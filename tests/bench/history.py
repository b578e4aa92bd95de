#!/usr/bin/python3
"""How long the reports of sql/ take over a year of half-hours, beside a plain sequential scan of the same year, and how large a queue's day is.

    tests/bench/history.py BUILD [queues] [agents] [days]        (100 queues, 200 agents, 365 days; needs about 1.6 kB per row in RS_POSTGRES_PLACE)

The rows are made in SQL, as busy as a half-busy queue's: 24 buckets in each of three histograms. Bars (design/bars.md): a roll-up of all queues in at
most the time of the scan, one queue's month within 5 ms. Medians of several runs on one connection; the scan adds up one column."""
import os
import statistics
import subprocess
import sys
import tempfile
import time

import psycopg2

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(sys.argv[1])
QUEUES, AGENTS, DAYS = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((2, 100), (3, 200), (4, 365)))
FIRST = "2025-01-01Z"

QUEUE_ROWS = """
INSERT INTO ringside.queue_interval_part (tenant, queue, channel, interval_start, interval_s, attribution, stream_id, run, part, revision, final,
    still_open, threshold_us, offered, answered, abandoned, answered_in_t, abandoned_in_t, handled, talk_us, hold_us, wrap_us, wait_answered_us, fcr_eligible,
    fcr_unresolved, csat_responses, csat_score_milli, wait_max_us, answered_min_us, answered_max_us, sl_policy, sl_version, sl_num, sl_den,
    wait_answered_bucket, wait_answered_count, talk_bucket, talk_count, handle_bucket, handle_count)
SELECT 'acme', 'queue-' || lpad(q::text, 4, '0'), 'voice', at, 1800, 'event', 1, 1, 1, 1, true, 0, 20000000, n + 3, n, 3, k, 1, n, n * 200000000::bigint,
    n * 9000000::bigint, n * 30000000::bigint, n * 15000000::bigint, n, n / 5, n / 10, n / 10 * 4000, 90000000, 1000000, 90000000, '{{short_excluded}}', '{{1}}',
    ARRAY[k::bigint], ARRAY[n + 2::bigint], h.b, h.c, h.b, h.c, h.b, h.c
FROM generate_series(timestamptz '{day}', timestamptz '{day}' + interval '{days} days' - interval '1 second', interval '30 minutes') AS at, generate_series(1, {queues}) AS q,
    LATERAL (SELECT 60 + (q * 7919 + extract(epoch FROM at)::bigint / 1800 * 31) % 50 AS n) AS x, LATERAL (SELECT n * (70 + q % 25) / 100 AS k) AS y,
    (SELECT array_agg((150 + 9 * e)::smallint) AS b, array_agg(1 + e % 5) AS c FROM generate_series(0, 23) AS e) AS h"""
AGENT_ROWS = """
INSERT INTO ringside.agent_interval_part (tenant, agent, interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open, answered,
    handled, talk_us, hold_us, wrap_us, logged_in_us, available_us, planned_us, out_of_plan_us)
SELECT 'acme', 'agent-' || lpad(a::text, 5, '0'), at, 1800, 'event', 1, 1, 1, 1, true, 0, 5, 5, 1000000000, 45000000, 150000000, 1800000000, 600000000, 1800000000, 60000000
FROM generate_series(timestamptz '{day}', timestamptz '{day}' + interval '{days} days' - interval '1 second', interval '30 minutes') AS at, generate_series(1, {agents}) AS a
WHERE extract(hour FROM at) BETWEEN 8 AND 15 AND extract(isodow FROM at) < 6"""


def fill(cursor):
    begin = time.monotonic()
    cursor.execute("SELECT ringside.ensure_partitions(%s, %s::timestamptz + %s * interval '1 day')", (FIRST, FIRST, DAYS))
    cursor.execute("INSERT INTO ringside.policy (name, version, definition) VALUES ('short_excluded', 1, '{}') ON CONFLICT DO NOTHING")
    for day in range(0, DAYS, 30):
        values = {"queues": QUEUES, "agents": AGENTS, "days": min(30, DAYS - day)}
        cursor.execute("SELECT (%s::timestamptz + %s * interval '1 day')::text", (FIRST, day))
        values["day"] = cursor.fetchone()[0]
        cursor.execute(QUEUE_ROWS.format(**values))
        cursor.execute(AGENT_ROWS.format(**values))
    cursor.execute("VACUUM ANALYZE ringside.queue_interval_part")
    cursor.execute("VACUUM ANALYZE ringside.agent_interval_part")
    return time.monotonic() - begin


def measure(cursor, sql, runs=3):
    times = []
    for _ in range(runs):
        begin = time.monotonic()
        cursor.execute(sql)
        rows = cursor.fetchall()
        times.append(time.monotonic() - begin)
    return statistics.median(times) * 1000, len(rows)


def main():
    place = tempfile.mkdtemp(prefix="rs-bench-", dir=os.environ.get("RS_POSTGRES_PLACE", "/tmp"))
    os.chmod(place, 0o755)
    tool = os.path.join(SOURCE, "daemon", "private-postgres")
    conninfo = subprocess.run([tool, "start", place + "/pg", "-c fsync=off -c max_wal_size=8GB -c shared_buffers=1GB -c jit=off"], check=True, capture_output=True,
                              text=True).stdout.strip().splitlines()[-1]
    try:
        subprocess.run([BUILD + "/ringside", "migrate", "-d", conninfo], check=True, capture_output=True)
        connection = psycopg2.connect(conninfo)
        connection.autocommit = True
        cursor = connection.cursor()
        seconds = fill(cursor)
        cursor.execute("SELECT count(*) FROM ringside.queue_interval_part")
        rows = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM ringside.agent_interval_part")
        agents = cursor.fetchone()[0]
        cursor.execute("SELECT sum(pg_total_relation_size(to_regclass('ringside.' || name))) FROM ringside.partition WHERE parent = 'queue_interval_part'")
        size = int(cursor.fetchone()[0])
        print(f"{QUEUES} queues x {DAYS} days of half-hours: {rows} rows; {AGENTS} agents: {agents} rows; made in {seconds:.0f} s")
        print(f"size: {size / rows:.0f} bytes per row, {size / QUEUES / DAYS / 1024:.0f} KiB per queue and day of half-hours ({2 * size / QUEUES / DAYS / 1024:.0f} of quarters)")
        last = f"'{FIRST}'::timestamptz + interval '{DAYS} days'"
        scan, _ = measure(cursor, "SELECT sum(offered) FROM ringside.queue_interval_part")
        print(f"{'plain scan of the year':44} {scan:9.1f} ms")
        month = f"'{FIRST}', '{FIRST}'::timestamptz + interval '31 days'"
        year = f"'{FIRST}', {last}"
        bars = [
            ("service level of all queues, the year", f"SELECT * FROM ringside.samples('service_level', 'short_excluded', 'queue', 'acme', NULL, NULL, {year}, 'year', 'UTC', 'event', true)", scan),
            ("service level by month and queue", f"SELECT * FROM ringside.samples('service_level', 'short_excluded', 'queue', 'acme', NULL, NULL, {year}, 'month', 'Europe/Berlin', 'event', true)", scan),
            ("p90 of waits of all queues, the year", f"SELECT * FROM ringside.samples('wait_p90', NULL, 'queue', 'acme', NULL, NULL, {year}, 'year', 'UTC', 'event', true)", scan),
            ("every figure, all queues, a month", f"SELECT * FROM ringside.queue_history({month}, 'month', 'Europe/Berlin')", scan),
            ("every figure, one queue, a month by day", f"SELECT * FROM ringside.queue_history({month}, 'day', 'Europe/Berlin', 'event', 'acme', 'queue-0007')", 5),
            ("service level, one queue, a month by day", f"SELECT * FROM ringside.samples('service_level', 'short_excluded', 'queue', 'acme', 'queue-0007', NULL, {month}, 'day', 'Europe/Berlin')", 5),
            ("compare 4 weeks with 4, one queue", f"SELECT * FROM ringside.compare('service_level', 'queue', 'acme', 'queue-0007', '{FIRST}', '{FIRST}'::timestamptz + interval '28 days', '{FIRST}'::timestamptz + interval '28 days', '{FIRST}'::timestamptz + interval '56 days', 'UTC', 'short_excluded')", scan),
            ("trend by day, one queue, the year", f"SELECT * FROM ringside.trend('service_level', 'queue', 'acme', 'queue-0007', {year}, 'day', 'UTC', 'short_excluded')", scan),
            ("benchmark of all queues, a month", f"SELECT * FROM ringside.benchmark('aht', 'queue', 'acme', {month})", scan),
            ("occupancy of all agents, a month", f"SELECT * FROM ringside.samples('occupancy', NULL, 'agent', 'acme', NULL, NULL, {month}, 'month', 'UTC', 'event', true)", scan),
        ]
        for name, sql, bar in bars:
            took, count = measure(cursor, sql)
            print(f"{name:44} {took:9.1f} ms  {count:6d} rows  bar {bar:8.1f} ms: {'reached' if took <= bar else f'missed, {took / bar:.1f} x'}")
        connection.close()
    finally:
        subprocess.run([tool, "remove", place + "/pg"], check=False, capture_output=True)
        os.rmdir(place)


if __name__ == "__main__":
    main()
