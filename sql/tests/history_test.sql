-- Figures by SQL against a recomputation from single legs, in nine zones around the days that are not 24 hours long. The legs are random;
-- the recomputation knows no part table, no histogram and no step function: dates by AT TIME ZONE, percentiles by percentile_disc.
BEGIN;
SELECT no_plan();
SELECT setseed(coalesce(nullif(current_setting('ringside.seed', true), ''), '0.25')::float8);

CREATE TEMPORARY TABLE zoned (zone text, first date, last date, odd date, hours numeric);
INSERT INTO zoned VALUES
    ('Europe/London', '2026-10-23', '2026-10-27', '2026-10-25', 25), ('Europe/Berlin', '2026-03-27', '2026-03-31', '2026-03-29', 23),
    ('America/New_York', '2026-10-30', '2026-11-03', '2026-11-01', 25), ('Australia/Lord_Howe', '2027-04-02', '2027-04-06', '2027-04-04', 24.5),
    ('Pacific/Apia', '2011-12-28', '2012-01-02', '2011-12-30', 0), ('America/Sao_Paulo', '2018-11-02', '2018-11-06', '2018-11-04', 23),
    ('America/Santiago', '2027-04-01', '2027-04-06', '2027-04-03', 25), ('Asia/Kathmandu', '2026-06-01', '2026-06-04', '2026-06-02', 24),
    ('America/Havana', '2026-10-30', '2026-11-03', '2026-11-01', 25);

CREATE TEMPORARY TABLE leg AS
SELECT z.zone, 'q' || (1 + floor(random() * 3))::int AS queue, at AS queued_at,
    (CASE WHEN random() < 0.3 THEN random() * 12e6 ELSE -ln(1 - random()) * 25e6 END)::bigint AS wait_us,
    (ARRAY['answered', 'answered', 'answered', 'abandoned', 'flowed_out', 'callback'])[1 + floor(random() * 6)::int] AS outcome
FROM zoned AS z, generate_series((z.first - 1)::timestamp AT TIME ZONE 'UTC', (z.last + 1)::timestamp AT TIME ZONE 'UTC', interval '97 seconds') AS base,
    LATERAL (SELECT base + random() * interval '90 seconds' AS at) AS t;

SELECT ringside.ensure_partitions(min(queued_at), max(queued_at) + interval '1 second') FROM leg GROUP BY zone, date_trunc('month', queued_at);
-- Each tenant is a zone. Two parts per interval, of which the second takes back what the first had too much.
INSERT INTO ringside.queue_interval_part (tenant, queue, channel, interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open,
    threshold_us, offered, answered, abandoned, flowed_out, callbacks, answered_in_t, abandoned_in_t, flowed_out_in_t, callbacks_in_t, abandoned_short,
    wait_answered_us, wait_abandoned_us, wait_max_us, answered_min_us, answered_max_us, sl_policy, sl_version, sl_num, sl_den, wait_answered_bucket, wait_answered_count)
WITH bucket AS (
    SELECT zone, queue, date_bin('15 minutes', queued_at, '2000-01-01Z') AS start, wait_us / 1000 AS ms, count(*) AS n FROM leg WHERE outcome = 'answered' GROUP BY 1, 2, 3, 4
), hist AS (
    SELECT zone, queue, start, array_agg(b ORDER BY b) AS b, array_agg(n ORDER BY b) AS n
    FROM (SELECT zone, queue, start, ringside.hist_bucket(ms) AS b, sum(n)::int AS n FROM bucket GROUP BY 1, 2, 3, 4) AS x GROUP BY 1, 2, 3
), sums AS (
    SELECT zone, queue, date_bin('15 minutes', queued_at, '2000-01-01Z') AS start, count(*) AS offered,
        count(*) FILTER (WHERE outcome = 'answered') AS answered, count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,
        count(*) FILTER (WHERE outcome = 'flowed_out') AS flowed, count(*) FILTER (WHERE outcome = 'callback') AS callbacks,
        count(*) FILTER (WHERE outcome = 'answered' AND wait_us <= 20000000) AS a_t, count(*) FILTER (WHERE outcome = 'abandoned' AND wait_us <= 20000000) AS b_t,
        count(*) FILTER (WHERE outcome = 'flowed_out' AND wait_us <= 20000000) AS f_t, count(*) FILTER (WHERE outcome = 'callback' AND wait_us <= 20000000) AS c_t,
        count(*) FILTER (WHERE outcome = 'abandoned' AND wait_us <= 5000000) AS short,
        coalesce(sum(wait_us) FILTER (WHERE outcome = 'answered'), 0) AS wa, coalesce(sum(wait_us) FILTER (WHERE outcome = 'abandoned'), 0) AS wb,
        max(wait_us) AS most, min(wait_us) FILTER (WHERE outcome = 'answered') AS a_min, max(wait_us) FILTER (WHERE outcome = 'answered') AS a_max
    FROM leg GROUP BY 1, 2, 3
)
SELECT zone, queue, 'voice', start, 900, 'enter', 1, 1, part, 1, true, 0, 20000000, s.offered + e, s.answered + e, s.abandoned, s.flowed, s.callbacks, s.a_t + e, s.b_t, s.f_t,
    s.c_t, s.short, s.wa + e * 1000, s.wb, s.most, s.a_min, s.a_max, '{short_excluded}'::text[], '{1}'::int[], ARRAY[s.a_t + e], ARRAY[s.answered + s.abandoned - s.short + e], h.b, h.n
FROM sums AS s LEFT JOIN hist AS h USING (zone, queue, start), (VALUES (1, 7)) AS p (part, e)
UNION ALL
SELECT zone, queue, 'voice', start, 900, 'enter', 1, 1, 2, 1, true, 0, NULL, -7, -7, 0, 0, 0, -7, 0, 0, 0, 0, -7000, 0, NULL, NULL, NULL, '{short_excluded}'::text[], '{1}'::int[], '{-7}'::bigint[], '{-7}'::bigint[], NULL, NULL
FROM sums;
INSERT INTO ringside.policy (name, version, definition) VALUES ('short_excluded', 1, '{"abandoned": "miss", "short": "exclude", "flowed_out": "exclude"}') ON CONFLICT DO NOTHING;

-- What the legs say, by date.
CREATE TEMPORARY TABLE expected AS
SELECT z.zone, l.queue, (date_bin('15 minutes', l.queued_at, '2000-01-01Z') AT TIME ZONE z.zone)::date AS day, count(*) AS offered,
    count(*) FILTER (WHERE outcome = 'answered') AS answered, count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,
    count(*) FILTER (WHERE outcome = 'answered' AND wait_us <= 20e6) AS num,
    count(*) FILTER (WHERE outcome = 'answered' OR outcome = 'abandoned' AND wait_us > 5e6) AS den,
    coalesce(sum(wait_us) FILTER (WHERE outcome = 'answered'), 0) AS waited, max(wait_us) / 1000 AS longest,
    percentile_disc('{0.5,0.8,0.9,0.95,0.99}'::float8[]) WITHIN GROUP (ORDER BY wait_us / 1000) FILTER (WHERE outcome = 'answered') AS p
FROM zoned AS z JOIN leg AS l USING (zone) GROUP BY 1, 2, 3;
CREATE TEMPORARY TABLE told AS
SELECT z.zone AS of_zone, h.*, (h.interval_start AT TIME ZONE z.zone)::date AS day
FROM zoned AS z, LATERAL ringside.queue_history(z.first::timestamp AT TIME ZONE 'UTC' - interval '2 days', z.last::timestamp AT TIME ZONE 'UTC' + interval '2 days', 'day',
    z.zone, 'enter', z.zone) AS h;

SELECT is((SELECT count(*) FROM told), (SELECT count(*) FROM expected), 'every date of every zone and queue is told, and no other');
SELECT cmp_ok((SELECT count(*)::int FROM told), '>', 120, 'there is something to compare');
SELECT is_empty($$
    SELECT e.zone, e.queue, e.day FROM expected AS e LEFT JOIN told AS t ON t.tenant = e.zone AND t.queue = e.queue AND t.day = e.day
    WHERE (t.offered, t.answered, t.abandoned, (t.service_level #>> '{short_excluded,numerator}')::bigint, (t.service_level #>> '{short_excluded,denominator}')::bigint,
           (t.wait_ms ->> 'answered_sum')::bigint, (t.wait_ms ->> 'max')::bigint)
        IS DISTINCT FROM (e.offered, e.answered, e.abandoned, e.num, e.den, e.waited::bigint / 1000, e.longest)$$, 'counts, service levels, sums and the longest wait of each local day equal the legs''');
SELECT is_empty($$
    SELECT e.zone, e.queue, e.day, v.i, v.name FROM expected AS e JOIN told AS t ON t.tenant = e.zone AND t.queue = e.queue AND t.day = e.day,
        (VALUES (1, 'p50'), (2, 'p80'), (3, 'p90'), (4, 'p95'), (5, 'p99')) AS v (i, name)
    WHERE abs((t.wait_ms ->> v.name)::numeric - e.p[v.i]::numeric) > greatest(e.p[v.i]::numeric * 0.016, 0.5)$$, 'percentiles of merged histograms are within 1.6 % of the nearest rank');
SELECT is((SELECT max(h.interval_s) / 3600.0 FROM told AS h WHERE h.of_zone = z.zone AND h.day = z.odd), CASE WHEN z.hours = 0 THEN NULL ELSE z.hours END,
    z.zone || ' has ' || z.hours || ' hours on ' || z.odd) FROM zoned AS z;
SELECT is((SELECT sum(h.offered) FROM told AS h WHERE h.of_zone = z.zone), (SELECT count(*)::numeric FROM leg AS l WHERE l.zone = z.zone), 'nothing is lost between the days of ' || z.zone) FROM zoned AS z;

-- The report adds for itself only what it shows: it says the same, and has the same rows.
CREATE TEMPORARY TABLE reported AS
SELECT z.zone AS of_zone, r.* FROM zoned AS z, LATERAL ringside.report_rows('queue', z.first::timestamp AT TIME ZONE 'UTC' - interval '2 days',
    z.last::timestamp AT TIME ZONE 'UTC' + interval '2 days', 'day', z.zone, z.zone, NULL, NULL, 'short_excluded', 'enter') AS r;
SELECT is_empty($$WITH a AS (SELECT of_zone, interval_start, tenant, key, channel, sl_numerator, sl_denominator, service_level, offered, answered, abandoned, abandoned_short, flowed_out, callbacks,
        asa_ms, wait_p50_ms, wait_p90_ms, wait_p99_ms, wait_max_ms, abandon_mean_ms, final FROM reported),
    b AS (SELECT of_zone, interval_start, tenant, queue, channel, (service_level #>> '{short_excluded,numerator}')::bigint, (service_level #>> '{short_excluded,denominator}')::bigint,
        (service_level #>> '{short_excluded,value}')::float8, offered, answered, abandoned, abandoned_short, flowed_out, callbacks, (wait_ms ->> 'asa')::float8,
        (wait_ms ->> 'p50')::bigint, (wait_ms ->> 'p90')::bigint, (wait_ms ->> 'p99')::bigint, (wait_ms ->> 'max')::bigint, (abandon_wait_ms ->> 'mean')::float8, final FROM told)
    (TABLE a EXCEPT TABLE b) UNION ALL (TABLE b EXCEPT TABLE a)$$,
    'report_rows says what queue_history says');
SAVEPOINT odd_rows;
INSERT INTO ringside.queue_interval_part (tenant, queue, channel, interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open, offered, complaints, reopened)
    SELECT 'odd', v.queue, 'voice', at, 900, 'event', 1, 1, v.part, 1, true, 0, v.offered, v.complaints, v.reopened
    FROM (VALUES ('all taken back', 1, 1, 0, 0), ('all taken back', 2, -1, 0, 0), ('nothing', 1, 0, 0, 0), ('a complaint', 1, 0, 1, 0), ('reopened', 1, 0, 0, 1), ('reopened', 2, 0, 0, -1),
        (NULL, 1, 0, 1, 0)) AS v (queue, part, offered, complaints, reopened), unnest('{2026-10-24 10:00Z,2026-10-24 11:15Z}'::timestamptz[]) AS at;
SELECT results_eq(format($$SELECT DISTINCT key FROM ringside.report_rows('queue', '2026-10-24Z', '2026-10-25Z', %L, 'UTC', 'odd') ORDER BY 1$$, step),
    $$VALUES ('a complaint'), (NULL)$$, 'a row with nothing in it is none, by ' || step) FROM unnest('{all,day,15m}'::text[]) AS step;
ROLLBACK TO odd_rows;

-- Other steps add up to the same, and begin where they should.
SELECT is((SELECT sum(offered) FROM ringside.queue_history('2026-10-01Z', '2026-11-30Z', s.step, 'Europe/London', 'enter', 'Europe/London')),
    (SELECT count(*)::numeric FROM leg WHERE zone = 'Europe/London'), 'steps of ' || s.step || ' add up') FROM unnest('{15m,30m,hour,day,week,month,year}'::text[]) AS s (step);
SELECT results_eq($$SELECT step_start, step_s FROM ringside.steps('2026-03-15Z', '2026-04-02Z', 'month', 'Europe/Berlin')$$,
    $$VALUES ('2026-02-28 23:00Z'::timestamptz, 31 * 86400 - 3600), ('2026-03-31 22:00Z', 30 * 86400)$$, 'a month has the length that it has in its zone');
SELECT results_eq($$SELECT step_start FROM ringside.steps('2026-03-25Z', '2026-04-01Z', 'week', 'Europe/Berlin')$$,
    $$VALUES ('2026-03-22 23:00Z'::timestamptz), ('2026-03-29 22:00Z')$$, 'a week begins on Monday');
SELECT results_eq($$SELECT step_start, step_s FROM ringside.steps('2026-11-01Z', '2026-11-02Z', 'day', 'America/Havana') WHERE local_date = '2026-11-01'$$,
    $$VALUES ('2026-11-01 04:00Z'::timestamptz, 90000)$$, 'of two midnights the first begins the day');
-- A period that begins within a step has that step, with what lies in the period.
SELECT is((SELECT sum(offered) FROM ringside.total_history('2026-10-25 12:00Z', '2026-10-25 13:00Z', 'day', 'Europe/London', 'enter')), NULL, 'no total rows were stored');
SELECT is((SELECT sum(offered) FROM ringside.queue_history('2026-10-25 12:00Z', '2026-10-25 13:00Z', 'day', 'Europe/London', 'enter', 'Europe/London')),
    (SELECT count(*)::numeric FROM leg WHERE zone = 'Europe/London' AND queued_at >= '2026-10-25 12:00Z' AND queued_at < '2026-10-25 13:00Z'), 'a part of a day is that part');

-- Roll-up of a range, and one queue alone.
SELECT is_empty($$SELECT q.queue FROM ringside.queue_rollup('2026-10-23Z', '2026-10-25Z', 'enter') AS q WHERE tenant = 'Europe/London' AND offered <>
    (SELECT count(*) FROM leg WHERE zone = 'Europe/London' AND leg.queue = q.queue AND queued_at >= '2026-10-23Z' AND queued_at < '2026-10-25Z')$$, 'a roll-up equals the legs');
SELECT is((SELECT sum(offered) FROM ringside.queue_history('2026-10-01Z', '2026-11-30Z', 'month', 'UTC', 'enter', 'Europe/London', 'q2')),
    (SELECT count(*)::numeric FROM leg WHERE zone = 'Europe/London' AND queue = 'q2'), 'one queue alone');

-- Thresholds of parts: what one part takes back, another has counted.
SELECT is(ringside.threshold_of(p.parts), p.one, 'one threshold of parts: ' || p.text) FROM (VALUES
    (ARRAY[(20, 5, NULL, NULL), (20, -1, NULL, NULL)]::ringside.threshold_counts[], 20::bigint, 'all have the same'),
    (ARRAY[(20, 5, NULL, NULL), (30, 1, NULL, NULL)]::ringside.threshold_counts[], NULL, 'two'),
    (ARRAY[(20, 1, NULL, NULL), (20, -1, NULL, NULL), (30, 4, NULL, NULL)]::ringside.threshold_counts[], 30, 'one is taken back'),
    (ARRAY[(20, 5, NULL, NULL), (NULL, 0, '{20,30}', '{-1,1}')]::ringside.threshold_counts[], NULL, 'one leg moves to another'),
    (ARRAY[(20, 1, NULL, NULL), (NULL, 0, '{20,30}', '{-1,1}')]::ringside.threshold_counts[], 30, 'the only leg moves to another'),
    (ARRAY[(20, 5, NULL, NULL), (NULL, 3, NULL, NULL)]::ringside.threshold_counts[], NULL, 'an older part that mixed them'),
    (ARRAY[(20, 5, NULL, NULL), (NULL, 0, '{-1}', '{1}')]::ringside.threshold_counts[], NULL, 'one is not known'),
    (ARRAY[(NULL, 0, NULL, NULL)]::ringside.threshold_counts[], NULL, 'nothing was closed')) AS p (parts, one, text);

-- Service level by any policy, against the legs themselves.
CREATE TEMPORARY TABLE rule AS
SELECT row_number() OVER () AS id, jsonb_build_object('abandoned', a, 'short', s, 'flowed_out', f, 'callbacks', c, 'blocked', 'exclude') AS policy
FROM unnest('{miss,hit_if_within,exclude_if_within,exclude}'::text[]) AS a, unnest('{off,exclude,miss,hit}'::text[]) AS s,
    unnest('{exclude,miss,hit_if_within}'::text[]) AS f, unnest('{exclude,miss,hit_if_within}'::text[]) AS c;
CREATE TEMPORARY TABLE verdict AS
SELECT r.id, r.policy, sum(l.n) FILTER (WHERE v.rule <> 'out') AS den, coalesce(sum(l.n) FILTER (WHERE v.rule = 'hit'), 0) AS num
FROM rule AS r, (SELECT outcome, wait_us <= 20e6 AS in_t, wait_us <= 5e6 AS short, count(*) AS n FROM leg WHERE zone = 'Europe/London' GROUP BY 1, 2, 3) AS l, LATERAL (SELECT CASE
    WHEN l.outcome = 'answered' THEN CASE WHEN l.in_t THEN 'hit' ELSE 'miss' END
    WHEN l.outcome = 'abandoned' AND l.short AND r.policy ->> 'short' <> 'off' THEN CASE r.policy ->> 'short' WHEN 'exclude' THEN 'out' ELSE r.policy ->> 'short' END
    ELSE CASE r.policy ->> CASE l.outcome WHEN 'callback' THEN 'callbacks' ELSE l.outcome END WHEN 'exclude' THEN 'out' WHEN 'miss' THEN 'miss'
        WHEN 'hit_if_within' THEN CASE WHEN l.in_t THEN 'hit' ELSE 'miss' END WHEN 'exclude_if_within' THEN CASE WHEN l.in_t THEN 'out' ELSE 'miss' END END END AS rule) AS v
GROUP BY 1, 2;
SELECT is_empty($$SELECT v.policy FROM verdict AS v, (SELECT sum(answered)::bigint a, sum(answered_in_t)::bigint at, sum(abandoned)::bigint b, sum(abandoned_in_t)::bigint bt,
        sum(abandoned_short)::bigint s, sum(flowed_out)::bigint f, sum(flowed_out_in_t)::bigint ft, sum(callbacks)::bigint c, sum(callbacks_in_t)::bigint ct
        FROM ringside.queue_interval_part WHERE tenant = 'Europe/London') AS k, LATERAL ringside.service_level_by(v.policy, a, at, b, bt, s, f, ft, c, ct, 0, NULL) AS j
    WHERE ((j ->> 'numerator')::numeric, (j ->> 'denominator')::numeric) IS DISTINCT FROM (v.num, v.den)$$, 'service levels by 144 policies equal a verdict on each leg');
SELECT is((SELECT count(*)::int FROM verdict), 144, 'all of them');
SELECT is(ringside.service_level_by(p.policy::jsonb, 1000, 860, 60, 20, 10, 0, 0, 0, 0, 0, NULL) ->> 'value' = p.value::text, true, p.name)
FROM (VALUES ('abandon_within_hit', '{"abandoned": "hit_if_within"}', 880 / 1060.0::float8), ('answered_only', '{"abandoned": "exclude"}', 0.86),
    ('abandon_miss', '{"abandoned": "miss"}', 860 / 1060.0::float8), ('abandon_within_excluded', '{"abandoned": "exclude_if_within"}', 860 / 1040.0::float8),
    ('short_hit', '{"abandoned": "miss", "short": "hit"}', 870 / 1060.0::float8), ('short_excluded', '{"abandoned": "miss", "short": "exclude"}', 860 / 1050.0::float8)) AS p (name, policy, value);
SELECT is(ringside.service_level_by('{"flowed_out": {"timeout": "hit_if_within", "exit_key": "exclude"}}', 10, 9, 0, 0, 0, 3, 2, 0, 0, 0, '{"timeout": 3}'), NULL,
    'what the counts do not say is not made up');

-- Wrong questions.
SELECT throws_ok($$SELECT * FROM ringside.queue_history('2026-10-23Z', '2026-10-25Z', 'day', 'Mars/Olympus')$$, '22023', NULL, 'an unknown zone is an error, also without rows');
SELECT throws_ok($$SELECT * FROM ringside.queue_history('2026-10-23Z', '2026-10-25Z', 'day', 'EST5EDT4,M3.2.0,M11.1.0')$$, '22023', NULL, 'a rule is no zone');
SELECT throws_ok($$SELECT * FROM ringside.queue_history('2026-10-25Z', '2026-10-25Z')$$, '22023', NULL, 'an empty period');
SELECT throws_ok($$SELECT * FROM ringside.queue_history(NULL, '2026-10-25Z')$$, '22023', NULL, 'half a period');
SELECT throws_ok($$SELECT * FROM ringside.queue_history('2026-10-24Z', '2026-10-25Z', 'fortnight')$$, '22023', NULL, 'an unknown step');
SELECT throws_ok($$SELECT * FROM ringside.queue_history('2026-10-24Z', '2026-10-25Z', 'day', 'UTC', 'arrival')$$, '22023', NULL, 'an unknown attribution');
SELECT throws_ok($$SELECT * FROM ringside.steps('1890-10-24Z', '1890-10-25Z', 'day', 'Europe/Berlin')$$, '0A000', NULL, 'a day that begins within a quarter of an hour');
SELECT * FROM finish();
ROLLBACK;
