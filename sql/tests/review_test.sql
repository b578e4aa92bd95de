-- Comparisons, charts and funnels against brute force over single observations and against simulation.
BEGIN;
SELECT no_plan();
SELECT setseed(coalesce(nullif(current_setting('ringside.seed', true), ''), '0.25')::float8);

-- Distributions: published values.
SELECT cmp_ok(abs(ringside.normal_cdf(v.x) - v.p), '<', 1e-9::float8, 'normal ' || v.x) FROM (VALUES (0::float8, 0.5::float8), (1, 0.8413447461), (-1.959963985, 0.025), (3.090232306, 0.999), (-6, 9.865876e-10)) AS v (x, p);
SELECT cmp_ok(abs(ringside.student_quantile(0.95, v.df) - v.t), '<', 1e-3::float8, 't with ' || v.df) FROM (VALUES (1, 12.7062::float8), (2, 4.30265), (5, 2.57058), (10, 2.22814), (30, 2.04227), (120, 1.97993)) AS v (df, t);
SELECT cmp_ok(abs(ringside.student_p(2.75, 30) - 0.01), '<', 1e-4::float8, 'p of t');

-- Mann and Whitney's U by looking at every pair.
CREATE TEMPORARY TABLE duration AS SELECT i % 2 = 0 AS after, (random() * random() * 90000 * CASE WHEN i % 2 = 0 THEN 0.8 ELSE 1 END)::bigint AS ms FROM generate_series(1, 600) AS i;
CREATE FUNCTION pg_temp.hist(of_after boolean) RETURNS ringside.histogram LANGUAGE sql AS $$
    SELECT ROW(array_agg(b ORDER BY b), array_agg(n ORDER BY b))::ringside.histogram FROM (SELECT ringside.hist_bucket(ms) AS b, count(*)::int AS n FROM duration WHERE after = of_after GROUP BY 1) AS x $$;
SELECT cmp_ok(abs(ringside.superiority(pg_temp.hist(false), pg_temp.hist(true)) - (SELECT avg(CASE WHEN ringside.hist_bucket(b.ms) > ringside.hist_bucket(a.ms) THEN 1
    WHEN ringside.hist_bucket(b.ms) = ringside.hist_bucket(a.ms) THEN 0.5 ELSE 0 END) FROM duration AS a, duration AS b WHERE NOT a.after AND b.after)::float8), '<', 1e-12::float8, 'superiority equals all pairs');
SELECT cmp_ok(abs(ringside.superiority(pg_temp.hist(true), pg_temp.hist(false)) + ringside.superiority(pg_temp.hist(false), pg_temp.hist(true)) - 1), '<', 1e-12::float8, 'and the other way round it is the rest');
SELECT is((SELECT (h).count FROM ringside.hist_merge(ARRAY[pg_temp.hist(true), pg_temp.hist(false)]) AS h), (SELECT array_agg(n::int ORDER BY b) FROM (SELECT ringside.hist_bucket(ms) AS b, count(*) AS n FROM duration GROUP BY 1) AS x), 'merging is exact');

-- Intervals hold the truth as often as they say, though days differ by more than chance: made-up reviews of each kind.
CREATE FUNCTION pg_temp.made_up(kind text, effect float8) RETURNS ringside.day_sample[] LANGUAGE plpgsql AS $$
DECLARE days ringside.day_sample[] := '{}'; x float8; n int; level float8; h ringside.histogram; buckets smallint[];
BEGIN
    FOR i IN 1 .. 40 LOOP
        n := 80 + floor(random() * 60);
        level := (random() + random() + random() + random() - 2) * 0.08;      -- a bad day, a good day
        IF kind = 'share' THEN x := (SELECT count(*) FROM generate_series(1, n) WHERE random() < 0.75 + level + CASE WHEN i > 20 THEN effect ELSE 0 END);
        ELSE
            SELECT sum(v), array_agg(b) INTO x, buckets
                FROM (SELECT v, ringside.hist_bucket(v::bigint) AS b FROM (SELECT -ln(1 - random()) * 20000 * (1 + 4 * level) * CASE WHEN i > 20 THEN 1 + effect ELSE 1 END AS v FROM generate_series(1, n)) AS d) AS e;
            h := ROW(buckets, array_fill(1, ARRAY[cardinality(buckets)]))::ringside.histogram;
        END IF;
        days := days || ROW(i > 20, date '2026-01-01' + i, x, n, CASE WHEN kind = 'percentile' THEN ringside.hist_merge(ARRAY[h]) END)::ringside.day_sample;
    END LOOP;
    RETURN days;
END $$;
-- A seed of its own, so that the bounds may be as narrow as so many reviews allow: 2.7 standard errors of a share, 3.5 of a spread. What is missing
-- in a formula (the overdispersion, the other side's variance, the degrees of freedom of few days) moves them by many.
SELECT setseed(0.77);
CREATE TEMPORARY TABLE review AS
SELECT k.kind, k.effect, k.truth, k.runs, c.* FROM (VALUES ('share', 0.05::float8, 0.05::float8, 300), ('mean', 0.1, 2000, 300), ('percentile', 0.1, -ln(0.1) * 2000, 200)) AS k (kind, effect, truth, runs),
    LATERAL generate_series(1, k.runs) AS run, LATERAL (SELECT pg_temp.made_up(k.kind, k.effect + 0 * run) AS days) AS d, LATERAL ringside.compare_days(k.kind, 900, d.days) AS c;
SELECT cmp_ok((SELECT abs(avg((truth BETWEEN low AND high)::int) - 0.95) FROM review AS r WHERE r.kind = k), '<=', (SELECT 2.7 * sqrt(0.95 * 0.05 / max(runs)) FROM review AS r WHERE r.kind = k)::numeric,
    k || ': 95 % of the intervals hold the truth') FROM unnest('{share,mean,percentile}'::text[]) AS k;
SELECT cmp_ok((SELECT abs(avg(high - low) / 2 / ringside.student_quantile(0.95, 38) / stddev_samp(difference) - 1) FROM review AS r WHERE r.kind = k), '<=',
    (SELECT 3.5 / sqrt(2.0 * max(runs)) FROM review AS r WHERE r.kind = k)::float8, k || ': intervals are as wide as differences scatter') FROM unnest('{share,mean,percentile}'::text[]) AS k;
-- Quantile and mass of evenly filled buckets are each other's inverse.
SELECT cmp_ok(abs(ringside.hist_mass(pg_temp.hist(true), ringside.hist_quantile(pg_temp.hist(true), k / 20.0::float8)) - k * 15), '<', 1e-9::float8, 'mass up to the quantile ' || k) FROM generate_series(1, 19, 6) AS k;
CREATE TEMPORARY TABLE nothing AS
SELECT k.kind, c.p_value FROM (VALUES ('share'), ('mean'), ('percentile')) AS k (kind), LATERAL generate_series(1, 120) AS run,
    LATERAL (SELECT pg_temp.made_up(k.kind, 0.0 * run) AS days) AS d, LATERAL ringside.compare_days(k.kind, 900, d.days) AS c;
SELECT cmp_ok((SELECT abs(avg((p_value < 0.05)::int) - 0.05) FROM nothing AS n WHERE n.kind = k), '<=', 2.7 * sqrt(0.05 * 0.95 / 120)::numeric, k || ': nothing is taken for something in 5 %') FROM unnest('{share,mean,percentile}'::text[]) AS k;
SELECT cmp_ok((SELECT abs(avg(p_value) - 0.5) FROM nothing AS n WHERE n.kind = k), '<=', 2.7 * sqrt(1 / 12.0 / 120)::float8, k || ': and p is even') FROM unnest('{share,mean,percentile}'::text[]) AS k;
SELECT setseed(coalesce(nullif(current_setting('ringside.seed', true), ''), '0.25')::float8);
SELECT is((SELECT low FROM ringside.compare_days('share', NULL, '{}')), NULL, 'nothing compared with nothing says nothing');

-- A real comparison: the same hours of the same weekdays, against sums made by hand.
SELECT ringside.ensure_partitions('2026-01-01Z', '2026-04-01Z');
INSERT INTO ringside.policy (name, version, definition) VALUES ('p', 1, '{"abandoned": "miss"}'), ('p', 2, '{"abandoned": "exclude"}');
INSERT INTO ringside.queue_interval_part (tenant, queue, channel, interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open, offered, answered, handled, talk_us,
    abandoned, complaints, sl_policy, sl_version, sl_num, sl_den)
SELECT 't', 'q' || q, 'voice', at, 900, 'event', 1, 1, 1, 1, true, 0, n, n, n, n * (100 + 20 * random())::bigint * 1000000, 1, 0, '{p}', ARRAY[CASE WHEN q = 9 AND at >= '2026-02-16Z' THEN 2 ELSE 1 END],
    ARRAY[(n * (0.7 + 0.2 * random() + CASE WHEN at >= '2026-02-16Z' AND q = 1 THEN 0.1 ELSE 0 END))::bigint], ARRAY[n::bigint]
FROM generate_series('2026-01-19Z'::timestamptz, '2026-03-15 23:45Z', '15 minutes') AS at, generate_series(1, 9) AS q, LATERAL (SELECT (8 + random() * 8)::int + 0 * q AS n) AS k
WHERE extract(hour FROM at) BETWEEN 8 AND CASE WHEN at >= '2026-02-16Z' THEN 18 ELSE 16 END AND extract(isodow FROM at) < 6;
CREATE TEMPORARY TABLE compared AS SELECT * FROM ringside.compare('service_level', 'queue', 't', 'q1', '2026-01-19Z', '2026-02-16Z', '2026-02-16Z', '2026-03-16Z', 'UTC', 'p');
SELECT results_eq('SELECT before_value, after_value, before_days, after_days FROM compared', $$
    SELECT (sum(sl_num[1]) FILTER (WHERE interval_start < '2026-02-16Z')::float8 / sum(sl_den[1]) FILTER (WHERE interval_start < '2026-02-16Z')),
        sum(sl_num[1]) FILTER (WHERE interval_start >= '2026-02-16Z')::float8 / sum(sl_den[1]) FILTER (WHERE interval_start >= '2026-02-16Z'), 20, 20
    FROM ringside.queue_interval_part WHERE queue = 'q1' AND extract(hour FROM interval_start) <= 16$$, 'hours that only one side has are left out');
SELECT is((SELECT verdict FROM compared), 'better', 'what was made better is seen');
SELECT is((SELECT low > 0 AND high < 0.2 AND low < difference AND difference < high FROM compared), true, 'with its interval');
SELECT matches((SELECT array_to_string(warnings, ';') FROM compared), 'hours are left out', 'and it says what was left out');
SELECT matches((SELECT array_to_string(warnings, ';') FROM ringside.compare('service_level', 'queue', 't', 'q9', '2026-01-19Z', '2026-02-16Z', '2026-02-16Z', '2026-03-16Z', 'UTC', 'p')), 'formula has changed', 'a changed formula is warned of');
SELECT matches((SELECT array_to_string(warnings, ';') FROM ringside.compare('aht', 'queue', 't', 'q2', '2026-02-12Z', '2026-02-14Z', '2026-02-19Z', '2026-02-21Z')), 'say little', 'so are too few days');
SELECT matches((SELECT array_to_string(warnings, ';') FROM ringside.compare('aht', 'queue', 't', 'nobody', '2026-02-12Z', '2026-02-14Z', '2026-02-19Z', '2026-02-21Z')), 'no data', 'and no data');
SELECT throws_ok($$SELECT * FROM ringside.compare('happiness', 'queue', 't', 'q1', '2026-02-12Z', '2026-02-14Z', '2026-02-19Z', '2026-02-21Z')$$, '22023', NULL, 'unknown metric');
SELECT throws_like($$SELECT * FROM ringside.compare('service_level', 'queue', 't', 'q1', '2026-02-12Z', '2026-02-14Z', '2026-02-19Z', '2026-02-21Z', 'UTC', 'nope')$$, '%unknown policy "nope"%', 'unknown policy');
SELECT throws_ok($$SELECT * FROM ringside.compare('abandoned_rate', 'agent', 't', 'a', '2026-02-12Z', '2026-02-14Z', '2026-02-19Z', '2026-02-21Z')$$, '22023', NULL, 'agents have no legs');
SELECT throws_ok($$SELECT * FROM ringside.compare('aht', 'queue', 't', 'q1', '2026-02-12Z', '2026-02-24Z', '2026-02-19Z', '2026-02-21Z')$$, '22023', NULL, 'periods that overlap');

-- Every metric can be asked for.
SELECT lives_ok(format('SELECT * FROM ringside.samples(%L, %L, %L, ''t'', NULL, NULL, ''2026-02-16Z'', ''2026-02-18Z'')', m.name, 'p', f), m.name || ' of ' || f)
FROM ringside.metrics() AS m, unnest('{queue,channel,total,agent,team}'::text[]) AS f WHERE NOT (m.legs AND f IN ('agent', 'team'));

-- Baseline.
SELECT is((SELECT round(value::numeric, 12) FROM ringside.make_baseline('january', 'service_level', 'queue', 't', 'q1', '2026-01-19Z', '2026-02-16Z', 'UTC', 'p')),
    (SELECT round(sum(sl_num[1]) / sum(sl_den[1]), 12) FROM ringside.queue_interval_part WHERE queue = 'q1' AND interval_start < '2026-02-16Z'), 'a baseline is the figure of its period');
SELECT is((SELECT formula #>> '{versions,0,definition,abandoned}' FROM ringside.baseline), 'miss', 'with the policy as it was');
SELECT throws_ok('UPDATE ringside.baseline SET value = 1', '55000', NULL, 'it is frozen');
SELECT throws_ok($$SELECT ringside.make_baseline('january', 'aht', 'queue', 't', 'q1', '2026-01-19Z', '2026-02-16Z')$$, '23505', NULL, 'its name is taken');
SELECT throws_ok($$SELECT ringside.make_baseline('x', 'aht', 'queue', 't', 'q1', '2020-01-19Z', '2020-02-16Z')$$, 'P0002', NULL, 'nothing cannot be frozen');
UPDATE ringside.queue_interval_part SET sl_num = '{0}' WHERE queue = 'q1' AND interval_start = '2026-01-19 08:00Z';
SELECT isnt((SELECT numerator FROM ringside.baseline), (SELECT sum(sl_num[1]) FROM ringside.queue_interval_part WHERE queue = 'q1' AND interval_start < '2026-02-16Z'), 'it stays when its rows are corrected');

-- Register.
INSERT INTO ringside.improvement (title, hypothesis, metric, policy, family, tenant, key, baseline, change_at, owner, review_on) VALUES ('more people', 'less waiting', 'service_level', 'p', 'queue', 't', 'q1', 'january', '2026-02-16Z', 'ann', '2026-03-20');
SELECT is((SELECT ringside.review_improvement(i.id) ->> 'verdict' FROM ringside.improvement AS i), 'better', 'the outcome is computed');
SELECT is((SELECT (state, outcome #>> '{baseline,name}', outcome ->> 'after_days')::text FROM ringside.improvement), '(review,january,20)', 'and kept, beside its baseline');
SELECT throws_ok('SELECT ringside.review_improvement(-1)', 'P0002', NULL, 'one that does not exist');

-- Trend: limits by hand for an individuals chart; a shift is signalled; the change is marked and begins a phase.
SELECT results_eq($$SELECT DISTINCT round(center::numeric, 6), round((upper - center)::numeric, 6) FROM ringside.trend('handled', 'queue', 't', 'q2', '2026-01-19Z', '2026-02-16Z')$$,
    $$WITH d AS (SELECT interval_start::date AS day, sum(handled)::float8 AS v FROM ringside.queue_interval_part WHERE queue = 'q2' AND interval_start < '2026-02-16Z' GROUP BY 1),
      r AS (SELECT v, abs(v - lag(v) OVER (ORDER BY day)) AS mr FROM d) SELECT round(avg(v)::numeric, 6), round((3 * avg(mr) / 1.128)::numeric, 6) FROM r$$, 'limits are those of the moving range');
SELECT is((SELECT count(DISTINCT center)::int FROM ringside.trend('service_level', 'queue', 't', 'q1', '2026-01-19Z', '2026-03-16Z', 'day', 'UTC', 'p')), 2, 'a marked change begins a phase');
SELECT is((SELECT string_agg(change, ',') FROM ringside.trend('service_level', 'queue', 't', 'q1', '2026-01-19Z', '2026-03-16Z', 'day', 'UTC', 'p')), 'more people', 'and is named');
SELECT cmp_ok((SELECT count(signal)::int FROM ringside.trend('service_level', 'queue', 't', 'q1', '2026-01-19Z', '2026-03-16Z', 'day', 'UTC', 'p', NULL, 'event', false)), '>', 5, 'without phases the shift is signalled');
SELECT cmp_ok((SELECT count(signal)::int FROM ringside.trend('service_level', 'queue', 't', 'q5', '2026-01-19Z', '2026-03-16Z', 'day', 'UTC', 'p')), '<=', 2, 'a quiet queue is quiet');

-- Benchmark.
SELECT is((SELECT place FROM ringside.benchmark('service_level', 'queue', 't', '2026-02-16Z', '2026-03-16Z', 'UTC', 'p') WHERE key = 'q1') IN ('clearly better', 'perhaps better'), true, 'the better queue stands out');
SELECT cmp_ok((SELECT count(*)::int FROM ringside.benchmark('aht', 'queue', 't', '2026-01-19Z', '2026-02-16Z') WHERE place NOT IN ('as the others', 'too few')), '<=', 2, 'equal ones do not');
SELECT is((SELECT count(DISTINCT place)::int FROM ringside.benchmark('aht', 'queue', 't', '2026-01-19Z', '2026-02-16Z', 'UTC', NULL, NULL, 'event', 1000)) >= 1, true, 'with a minimum of observations');
SELECT throws_ok($$SELECT * FROM ringside.benchmark('aht', 'queue', 't', '2026-01-19Z', '2026-02-16Z', 'UTC', NULL, NULL, 'event', 100, 10)$$, 'P0002', NULL, 'too few to be compared');
SELECT throws_ok($$SELECT * FROM ringside.benchmark('wait_p90', 'queue', 't', '2026-01-19Z', '2026-02-16Z')$$, '22023', NULL, 'percentiles have no funnel');

-- Standards.
INSERT INTO ringside.service_standard (tenant, queue, metric, policy, target, valid_from, valid_to) VALUES ('t', 'q1', 'service_level', 'p', 0.87, '2026-02-01', NULL), ('t', 'q2', 'aht', NULL, 1, '2026-01-01', '2026-02-01');
SELECT is((SELECT string_agg(format('%s %s %s', queue, to_char(step_start AT TIME ZONE 'UTC', 'MM'), attained), ', ' ORDER BY standard, step_start) FROM ringside.attainment('2026-01-01Z', '2026-04-01Z')),
    'q1 02 f, q1 03 t, q2 01 f', 'standards while they were promised');

-- Deviations and complaints.
INSERT INTO ringside.mark (stream, epoch, run) VALUES ('s', 1, 1);
INSERT INTO ringside.alert_episode (stream_id, episode, rule, severity, family, tenant, metric, compare, limit_value, clear_value, state, started_at, fired_at, ended_at, changed_at, run, number)
    SELECT stream_id, 1, 'long', 'critical', 'queue', 't', 'oldest_wait', 'above', 60000, 30000, 'resolved', '2026-02-01Z', '2026-02-01 00:00:05Z', '2026-02-01 00:10Z', '2026-02-01 00:10Z', 1, 1 FROM ringside.mark WHERE stream = 's';
SELECT ringside.note_deviation('s', 1, 'cause', 'router down'), ringside.note_deviation('s', 1, 'action', 'restarted'), ringside.note_deviation('s', 1, 'result', 'waits normal');
SELECT is((SELECT (identified, cause, action, result, seconds_to_notice::int, seconds_to_end::int)::text FROM ringside.deviation), '("alert: long, oldest_wait above 60000","router down",restarted,"waits normal",5,600)', 'the deviation log');
SELECT throws_ok('UPDATE ringside.deviation_note SET text = ''x''', '55000', NULL, 'notes are not changed');
SELECT throws_ok($$SELECT ringside.note_deviation('nope', 1, 'cause', 'x')$$, 'P0002', NULL, 'no such stream');
SELECT is(ringside.overdispersion('{0,0}', '{5,7}'), 1::float8, 'shares of nothing vary by chance alone');
-- What a rule that learns is told: q5, the level, the calls and a percentile of one morning.
SELECT results_eq($$SELECT end_us, n FROM ringside.usual_figures('service_level', 'p', 'queue', 't', 'q5', 'voice', '2026-02-02 08:00Z', '2026-02-02 10:00Z', '15m') WHERE abs(value - (SELECT sl_num[1] / sl_den[1]::float8
        FROM ringside.queue_interval_part WHERE queue = 'q5' AND interval_start = to_timestamp(end_us / 1e6) - interval '15 minutes')) < 1e-12$$,
    $$SELECT (extract(epoch FROM interval_start) * 1000000)::bigint + 900000000, sl_den[1]::bigint FROM ringside.queue_interval_part WHERE queue = 'q5' AND interval_start >= '2026-02-02 08:00Z' AND interval_start < '2026-02-02 10:00Z' ORDER BY 1$$, 'a figure per quarter, by its end');
SELECT results_eq($$SELECT value, n FROM ringside.usual_figures('offered', NULL, 'queue', 't', 'q5', 'voice', '2026-02-02 16:00Z', '2026-02-02 19:00Z', 'hour')$$,
    $$SELECT coalesce(sum(offered), 0)::float8, 0::bigint FROM generate_series(16, 18) AS h LEFT JOIN ringside.queue_interval_part AS p ON queue = 'q5' AND interval_start >= '2026-02-02Z' AND interval_start < '2026-02-03Z' AND extract(hour FROM interval_start) = h GROUP BY h ORDER BY h$$, 'counts are 0 where nothing happened');
SELECT is((SELECT count(*)::int FROM ringside.usual_figures(m, p, 'queue', 't', 'q5', 'voice', '2026-02-02 08:00Z', '2026-02-02 10:00Z', '15m')), 0, 'no history of ' || m || coalesce(' ' || p, '')) FROM (VALUES ('staff', NULL), ('service_level', 'gone'), ('service_level', NULL), ('wait_p95', NULL)) AS v (m, p);

-- Did it help? Quarter-hours of q3, 08:05 to 08:40 on 2026-02-02: three before, three after.
SELECT is(ringside.quarter_after('2026-02-02 08:15Z'), '2026-02-02 08:30Z'::timestamptz, 'a boundary begins the quarter after it');
INSERT INTO ringside.alert_episode (stream_id, episode, rule, severity, family, tenant, key, channel, metric, policy, compare, limit_value, clear_value, state, started_at, fired_at, ended_at, changed_at, run, number)
    SELECT stream_id, v.episode, 'level', 'critical', 'queue', 't', 'q3', 'voice', v.metric, v.policy, 'below', 0.8, 0.85, 'resolved', '2026-02-02 08:05Z', '2026-02-02 08:06Z', v.ended, '2026-02-02 08:40Z', 1, 1
    FROM ringside.mark, (VALUES (2, 'service_level', 'p', '2026-02-02 08:40Z'::timestamptz), (3, 'oldest_wait', NULL, '2026-02-02 08:40Z'), (4, 'survey_response_rate', NULL, '2026-02-02 08:40Z'), (5, 'aht', NULL, '2026-02-02 08:09Z'),
        (6, 'aht', NULL, NULL), (7, 'service_level', 'gone', '2026-02-02 08:40Z')) AS v (episode, metric, policy, ended) WHERE stream = 's';
UPDATE ringside.queue_interval_part SET sl_num = ARRAY[sl_den[1] - 4] WHERE queue = 'q3' AND interval_start >= '2026-02-02 08:00Z' AND interval_start < '2026-02-02 08:45Z';
UPDATE ringside.queue_interval_part SET sl_num = ARRAY[sl_den[1] - CASE WHEN interval_start < '2026-02-02 09:00Z' THEN 0 ELSE 1 END] WHERE queue = 'q3' AND interval_start >= '2026-02-02 08:45Z' AND interval_start < '2026-02-02 09:30Z';
CREATE FUNCTION pg_temp.outcome(of_episode bigint) RETURNS jsonb LANGUAGE sql AS $$ SELECT to_jsonb(o) FROM ringside.mark AS m, ringside.alert_outcome(m.stream_id, of_episode) AS o WHERE m.stream = 's' $$;
SELECT is((pg_temp.outcome(2) ->> 'is_complete')::boolean, false, 'what is not known yet is not complete');
SELECT matches(pg_temp.outcome(2) ->> 'notes', 'too little data yet: after lasts until 2026-02-02 09:30 UTC, and figures are known until no time yet', 'and says so');
UPDATE ringside.mark SET watermark_us = extract(epoch FROM '2026-02-02 09:30Z'::timestamptz) * 1000000 WHERE stream = 's';
SELECT is((pg_temp.outcome(2) ->> 'is_complete')::boolean, true, 'later it is');
SELECT is((SELECT array_agg((pg_temp.outcome(2) ->> c)::timestamptz ORDER BY c) FROM unnest('{after_from,after_to,before_from,before_to}'::text[]) AS c),
    '{2026-02-02 08:45Z,2026-02-02 09:30Z,2026-02-02 08:00Z,2026-02-02 08:45Z}'::timestamptz[], 'as long afterwards as it deviated');
SELECT results_eq(format('SELECT (o ->> %L)::float8, (o ->> %L)::float8 FROM pg_temp.outcome(2) AS o', side || '_numerator', side || '_denominator'),
    format('SELECT sum(sl_num[1])::float8, sum(sl_den[1])::float8 FROM ringside.queue_interval_part WHERE queue = ''q3'' AND interval_start >= %L AND interval_start < %L', f, t), side || ': what it is made of')
    FROM (VALUES ('before', '2026-02-02 08:00Z', '2026-02-02 08:45Z'), ('after', '2026-02-02 08:45Z', '2026-02-02 09:30Z')) AS v (side, f, t);
SELECT results_eq($$SELECT (o ->> 'difference')::float8, (o ->> 'low')::float8, (o ->> 'high')::float8, (o ->> 'p_value')::float8 FROM pg_temp.outcome(2) AS o$$,
    $$SELECT c.difference, c.low, c.high, c.p_value FROM ringside.compare_days('share', NULL, (SELECT array_agg(ROW(interval_start >= '2026-02-02 08:45Z', '2026-01-01'::date
        + (extract(epoch FROM interval_start) / 900)::int % 1000, sl_num[1]::float8, sl_den[1]::float8, NULL)::ringside.day_sample) FROM ringside.queue_interval_part
        WHERE queue = 'q3' AND interval_start >= '2026-02-02 08:00Z' AND interval_start < '2026-02-02 09:30Z')) AS c$$, 'the difference is that of compare_days over the quarters');
SELECT is(pg_temp.outcome(2) ->> 'verdict', 'better', 'it helped');
SELECT is((pg_temp.outcome(2) ->> 'fired_again')::int, 5, 'whether the rule fired again on that key');
SELECT is(pg_temp.outcome(3) ->> 'metric', 'wait_p95', 'of a gauge what comes of it');
SELECT matches(pg_temp.outcome(3) ->> 'notes', 'no history is kept of oldest_wait: wait_p95 stands for it.*nothing was counted before', 'which is said');
SELECT matches(pg_temp.outcome(4) ->> 'notes', 'there is no history of survey_response_rate', 'a figure without history');
SELECT matches(pg_temp.outcome(7) ->> 'notes', 'there is no history of service_level gone', 'a policy that nothing was counted by');
SELECT is((pg_temp.outcome(5) ->> 'difference' IS NOT NULL, pg_temp.outcome(5) ->> 'low', pg_temp.outcome(5) ->> 'verdict')::text, '(t,,"cannot be told")', 'one quarter each: a difference without an interval');
SELECT is(pg_temp.outcome(6), NULL, 'none of an alert that has not ended');
INSERT INTO ringside.alert_said (stream_id, run, number, ordinal, episode, at, act, author, text) SELECT stream_id, 1, 20, 1, 5, '2026-02-02 09:00Z', 'action', 'anna', 'a rule of thumb' FROM ringside.mark WHERE stream = 's';
SELECT is((pg_temp.outcome(5) ->> 'after_from')::timestamptz, '2026-02-02 09:15Z'::timestamptz, 'a later action moves what is after');
SELECT matches(pg_temp.outcome(5) ->> 'notes', 'begins with the last action', 'which is said');
SELECT is((SELECT count(measured)::int FROM ringside.deviation), 0, 'the log measures what was reviewed');
INSERT INTO ringside.alert_said (stream_id, run, number, ordinal, episode, at, act, author, text, measured) SELECT stream_id, 1, 21, 1, 2, '2026-02-02 10:00Z', 'review', 'anna', 'it helped', ringside.measured_at_review(stream_id, 2) FROM ringside.mark WHERE stream = 's';
UPDATE ringside.queue_interval_part SET sl_num = '{0}' WHERE queue = 'q3' AND interval_start >= '2026-02-02 08:45Z' AND interval_start < '2026-02-02 09:30Z';
SELECT results_eq($$SELECT measured ->> 'verdict', notes #>> '{0,measured,verdict}' FROM ringside.deviation WHERE measured IS NOT NULL$$, $$VALUES ('worse', 'better')$$, 'the log has it from the rows as they are, and what the reviewer was told');
SELECT results_eq($$SELECT verdict, measured, after_value, before_n = (SELECT sum(sl_den[1]) FROM ringside.queue_interval_part WHERE queue = 'q3' AND interval_start >= '2026-02-02 08:00Z' AND interval_start < '2026-02-02 08:45Z')
    FROM ringside.report_deviations('2026-02-01Z', '2026-03-01Z') WHERE measured IS NOT NULL$$, $$VALUES ('worse', 'service_level', 0::float8, true)$$, 'and so has the report');
SELECT throws_ok($$UPDATE ringside.alert_said SET measured = NULL$$, '55000', NULL, 'what was told stays');
SAVEPOINT broken;
ALTER FUNCTION ringside.compare_days RENAME TO compare_days_gone;
SELECT matches((SELECT ringside.measured_at_review(stream_id, 2) ->> 'notes' FROM ringside.mark WHERE stream = 's'), 'could not be measured', 'a review outlives what cannot be measured');
ROLLBACK TO broken;

UPDATE ringside.queue_interval_part SET complaints = 2, complaints_acknowledged = 1, complaint_acknowledge_us = 60000000, complaints_overdue = 1 WHERE queue = 'q1' AND interval_start IN ('2026-02-16 08:00Z', '2026-02-16 09:00Z');
SELECT is((SELECT string_agg(format('%s %s %s %s', stage, reached, mean_ms, overdue_all_stages), ', ' ORDER BY reached DESC) FROM ringside.complaint_report('2026-02-01Z', '2026-03-01Z') WHERE reached > 0),
    'received 4  2, acknowledged 2 60000 2', 'complaints by stage');
SELECT * FROM finish();
ROLLBACK;
