-- The figures that reviews compare, each with its formula over the columns of the part tables (proto/FIGURES.md), and what they are made of
-- per step of time: ringside.samples. A share and a mean are numerator / denominator; a count has no denominator; a percentile comes
-- from merged histograms.
CREATE OR REPLACE FUNCTION ringside.metrics()
RETURNS TABLE (name text, kind text, numerator text, denominator text, histogram text, per_mille integer, more_is_better boolean, legs boolean,
               unit text, what text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT * FROM (VALUES
        ('service_level', 'share', NULL, NULL, NULL, NULL::integer, true, true, 'ratio', 'service level of a policy: numerator / denominator'),
        ('abandoned_rate', 'share', 'abandoned', 'answered + abandoned', NULL, NULL, false, true, 'ratio', 'abandoned / (answered + abandoned)'),
        ('answered_in_t_rate', 'share', 'answered_in_t', 'answered', NULL, NULL, true, false, 'ratio', 'answered_in_t / answered'),
        ('blocked_rate', 'share', 'blocked', 'offered + blocked', NULL, NULL, false, true, 'ratio', 'blocked / (offered + blocked)'),
        ('short_rate', 'share', 'handled_short', 'handled', NULL, NULL, false, false, 'ratio', 'handled_short / handled'),
        ('transfer_rate', 'share', 'transferred_out', 'handled', NULL, NULL, false, false, 'ratio', 'transferred_out / handled'),
        ('offers_failed_rate', 'share', 'offers_failed', 'answered + offers_failed', NULL, NULL, false, false, 'ratio',
            'offers_failed / (answered + offers_failed)'),
        ('fcr', 'share', 'fcr_eligible - fcr_unresolved', 'fcr_eligible', NULL, NULL, true, false, 'ratio',
            'gross: (eligible - unresolved) / eligible, provisional journeys included'),
        ('fcr_net', 'share', 'fcr_eligible - fcr_never - fcr_unresolved + fcr_never_unresolved', 'fcr_eligible - fcr_never', NULL, NULL, true, false,
            'ratio', 'net: the same without topics that cannot be resolved at first contact'),
        ('csat_top_box', 'share', 'csat_top', 'csat_responses', NULL, NULL, true, false, 'ratio', 'top scores / responses'),
        ('callback_success_rate', 'share', 'callbacks_connected', 'callbacks_attempted', NULL, NULL, true, true, 'ratio',
            'callbacks_connected / callbacks_attempted'),
        ('first_reply_in_t_rate', 'share', 'first_replies_in_t', 'first_replies', NULL, NULL, true, true, 'ratio', 'first_replies_in_t / first_replies'),
        ('resolution_in_t_rate', 'share', 'resolutions_in_t', 'resolutions', NULL, NULL, true, true, 'ratio', 'resolutions_in_t / resolutions'),
        ('csat', 'mean', 'csat_score_milli / 1000.0', 'csat_responses', NULL, NULL, true, false, 'score', 'mean of the raw scores'),
        ('ces', 'mean', 'ces_score_milli / 1000.0', 'ces_responses', NULL, NULL, false, false, 'score', 'mean of the raw scores'),
        ('nps', 'mean', '100 * (nps_promoters - nps_detractors)', 'nps_responses', NULL, NULL, true, false, 'nps',
            '100 x (promoters - detractors) / responses'),
        ('asa', 'mean', 'wait_answered_us / 1000.0', 'answered', NULL, NULL, false, false, 'ms', 'wait_answered / answered'),
        ('time_to_abandon', 'mean', 'wait_abandoned_us / 1000.0', 'abandoned', NULL, NULL, true, true, 'ms', 'wait_abandoned / abandoned'),
        ('aht', 'mean', '(talk_us + hold_us + wrap_us) / 1000.0', 'handled', NULL, NULL, false, false, 'ms', '(talk + hold + wrap) / handled'),
        ('talk', 'mean', 'talk_us / 1000.0', 'handled', NULL, NULL, false, false, 'ms', 'talk / handled'),
        ('hold', 'mean', 'hold_us / 1000.0', 'handled', NULL, NULL, false, false, 'ms', 'hold / handled'),
        ('wrap', 'mean', 'wrap_us / 1000.0', 'handled', NULL, NULL, false, false, 'ms', 'wrap / handled'),
        ('first_reply', 'mean', 'first_reply_us / 1000.0', 'first_replies', NULL, NULL, false, true, 'ms', 'first_reply / first_replies, working hours'),
        ('next_reply', 'mean', 'next_reply_us / 1000.0', 'next_replies', NULL, NULL, false, true, 'ms', 'next_reply / next_replies, working hours'),
        ('resolution', 'mean', 'resolution_us / 1000.0', 'resolutions', NULL, NULL, false, true, 'ms', 'resolution / resolutions, working hours'),
        ('occupancy', 'mean', '(talk_us + hold_us + wrap_us)', '(talk_us + hold_us + wrap_us + available_us)', NULL, NULL, true, false, 'ratio',
            'on_contact: (talk + hold + wrap) / (that + available)'),
        ('occupancy_logged_in', 'mean', '(talk_us + hold_us + wrap_us)', 'logged_in_us', NULL, NULL, true, false, 'ratio',
            'logged_in: (talk + hold + wrap) / logged_in'),
        ('adherence', 'mean', '(planned_us - out_of_plan_us)', 'planned_us', NULL, NULL, true, false, 'ratio', '1 - out_of_plan / planned'),
        ('conformance', 'mean', 'worked_us', 'planned_work_us', NULL, NULL, true, false, 'ratio', 'worked / planned_work'),
        ('offered', 'count', 'offered', NULL, NULL, NULL, true, true, 'count', 'legs opened'),
        ('answered', 'count', 'answered', NULL, NULL, NULL, true, false, 'count', 'legs answered'),
        ('abandoned', 'count', 'abandoned', NULL, NULL, NULL, false, true, 'count', 'legs given up'),
        ('flowed_out', 'count', 'flowed_out', NULL, NULL, NULL, false, true, 'count', 'legs that left the queue'),
        ('callbacks', 'count', 'callbacks', NULL, NULL, NULL, false, true, 'count', 'legs that became a call back'),
        ('blocked', 'count', 'blocked', NULL, NULL, NULL, false, true, 'count', 'refused before they could wait'),
        ('handled', 'count', 'handled', NULL, NULL, NULL, true, false, 'count', 'handlings ended'),
        ('handled_short', 'count', 'handled_short', NULL, NULL, NULL, false, false, 'count', 'handlings that ended at once'),
        ('complaints', 'count', 'complaints', NULL, NULL, NULL, false, false, 'count', 'complaints received'),
        ('complaints_overdue', 'count', 'complaints_overdue', NULL, NULL, NULL, false, false, 'count', 'stages of complaints past their deadline'),
        ('wait_p50', 'percentile', NULL, NULL, 'wait_answered', 500, false, false, 'ms', 'half of the answered legs waited at most this long'),
        ('wait_p80', 'percentile', NULL, NULL, 'wait_answered', 800, false, false, 'ms', '80 % of the answered legs waited at most this long'),
        ('wait_p90', 'percentile', NULL, NULL, 'wait_answered', 900, false, false, 'ms', '90 % of the answered legs waited at most this long'),
        ('wait_p95', 'percentile', NULL, NULL, 'wait_answered', 950, false, false, 'ms', '95 % of the answered legs waited at most this long'),
        ('wait_p99', 'percentile', NULL, NULL, 'wait_answered', 990, false, false, 'ms', '99 % of the answered legs waited at most this long'),
        ('handle_p50', 'percentile', NULL, NULL, 'handle', 500, false, false, 'ms', 'half of the handlings took at most this long'),
        ('handle_p90', 'percentile', NULL, NULL, 'handle', 900, false, false, 'ms', '90 % of the handlings took at most this long'),
        ('first_reply_p90', 'percentile', NULL, NULL, 'first_reply', 900, false, true, 'ms', '90 % of first replies came within this'),
        ('resolution_p90', 'percentile', NULL, NULL, 'resolution', 900, false, true, 'ms', '90 % of resolutions came within this'))
        AS m (name, kind, numerator, denominator, histogram, per_mille, more_is_better, legs, unit, what)
$$;
COMMENT ON FUNCTION ringside.metrics IS 'The figures that compare, trend, benchmark, baselines and standards know, and their formulas over the columns of the part tables.';

CREATE OR REPLACE FUNCTION ringside.check_metric(of_metric text, of_policy text, of_family text)
RETURNS TABLE (name text, kind text, numerator text, denominator text, histogram text, per_mille integer, more_is_better boolean, legs boolean,
               unit text, what text)
LANGUAGE plpgsql STABLE ROWS 1 AS $$
DECLARE
    metric record;
BEGIN
    SELECT * INTO metric FROM ringside.metrics() AS m WHERE m.name = of_metric;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown metric "%"; there are %', of_metric, (SELECT string_agg(m.name, ', ') FROM ringside.metrics() AS m)
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF of_family IS NULL OR of_family NOT IN ('queue', 'channel', 'total', 'agent', 'team') THEN
        RAISE EXCEPTION 'unknown family "%": queue, channel, total, agent or team', of_family USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF of_family IN ('agent', 'team') AND metric.legs THEN
        RAISE EXCEPTION '% is a figure of legs: agents and teams have none', of_metric USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF of_metric = 'service_level' AND NOT EXISTS (SELECT FROM ringside.policy AS p WHERE p.name = of_policy) THEN
        RAISE EXCEPTION 'unknown policy "%"; there are: %', coalesce(of_policy, 'null'),
            coalesce((SELECT string_agg(DISTINCT p.name, ', ') FROM ringside.policy AS p), 'none yet') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY SELECT * FROM ringside.metrics() AS m WHERE m.name = of_metric;
END;
$$;
COMMENT ON FUNCTION ringside.check_metric IS 'The formula of a metric; an error that lists what there is when metric, policy or family are not known.';

-- Which parts a report reads, as text to be executed with from_time, to_time, of_attribution, of_tenant, of_key, of_channel as $1 to
-- $6. What is not asked for is not in it, so that the planner sees what is, and takes the key's index.
CREATE OR REPLACE FUNCTION ringside.parts_of(of_family text, of_tenant text, of_key text, of_channel text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT format(' FROM ringside.%I AS p WHERE p.interval_start >= $1 AND p.interval_start < $2 AND p.attribution = $3', of_family || '_interval_part')
        || CASE WHEN of_tenant IS NOT NULL THEN ' AND p.tenant = $4' ELSE '' END
        || CASE WHEN of_key IS NOT NULL AND of_family <> 'total' THEN format(' AND p.%I = $5', of_family) ELSE '' END
        || CASE WHEN of_channel IS NOT NULL THEN ' AND p.channel = $6' ELSE '' END
$$;
COMMENT ON FUNCTION ringside.parts_of IS 'FROM and WHERE of a statement over the parts of a family that a report is about.';

-- Sums of only what is asked for, per key and step: a row has 150 counts, and adding all of them takes ten times as long as reading it. $7 are
-- the first instants of the steps.
CREATE OR REPLACE FUNCTION ringside.sums_of(of_family text, aggregates text, has_steps boolean, of_tenant text, of_key text, of_channel text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT format('SELECT %s AS interval_start, p.tenant, %s AS key, %s AS channel, %s', CASE WHEN has_steps THEN '($7)[width_bucket(p.interval_start, $7)]' ELSE 'NULL::timestamptz' END,
               CASE WHEN of_family = 'total' THEN 'NULL::text' ELSE format('p.%I', of_family) END, CASE WHEN of_family = 'queue' THEN 'p.channel' ELSE 'NULL::text' END, aggregates)
        || ringside.parts_of(of_family, of_tenant, of_key, of_channel) || ' GROUP BY p.tenant'
        || CASE WHEN has_steps THEN ', 1' ELSE '' END || CASE WHEN of_family = 'total' THEN '' ELSE ', 3' END || CASE WHEN of_family = 'queue' THEN ', 4' ELSE '' END
$$;
COMMENT ON FUNCTION ringside.sums_of IS 'A statement that gives aggregates of the parts of a family per step and key.';

-- What a metric is made of, per key and step. of_tenant, of_key, of_channel null: all; per_key false: they are put together.
-- A year of all queues is one parallel scan into hash tables: no subquery that is computed for itself, and no sort, which the planner would
-- take because it cannot know how few steps there are. Compiling the statement would take longer than most of them run.
CREATE OR REPLACE FUNCTION ringside.samples(of_metric text, of_policy text, of_family text, of_tenant text, of_key text, of_channel text,
    from_time timestamptz, to_time timestamptz, step text DEFAULT 'day', zone text DEFAULT 'UTC', of_attribution text DEFAULT 'event',
    per_key boolean DEFAULT false)
RETURNS TABLE (tenant text, key text, step_start timestamptz, step_s integer, numerator numeric, denominator numeric,
               histogram ringside.histogram, versions integer[], parts bigint)
LANGUAGE plpgsql STABLE ROWS 100 SET enable_sort = off SET jit = off AS $$
DECLARE
    metric record;
    starts timestamptz[];
    lengths integer[];
    known integer[];
    keys text := '';
    rows_of text;
    bin text := 'width_bucket(p.interval_start, $7)';
    grouped text;
    version text;
    is_restated boolean := false;
BEGIN
    SELECT * INTO metric FROM ringside.check_metric(of_metric, of_policy, of_family);
    PERFORM ringside.check_attribution(of_attribution);
    SELECT array_agg(s.step_start ORDER BY s.step_start), array_agg(s.step_s ORDER BY s.step_start) INTO starts, lengths
        FROM ringside.steps(from_time, to_time, step, zone) AS s;
    IF of_channel IS NOT NULL AND of_family NOT IN ('queue', 'channel') THEN
        RAISE EXCEPTION 'rows of % are not told by channel', of_family USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM ringside.warn_of_missing_months(of_family || '_interval_part', from_time, to_time);
    IF per_key THEN
        keys := CASE WHEN of_tenant IS NULL THEN 'p.tenant, ' ELSE '' END || CASE WHEN of_family = 'total' THEN '' ELSE format('p.%I, ', of_family) END;
    END IF;
    IF cardinality(starts) = 1 THEN bin := '1'; END IF;   -- the period lies in one step
    grouped := CASE WHEN bin <> '1' THEN 'GROUP BY ' || keys || bin WHEN keys <> '' THEN 'GROUP BY ' || rtrim(keys, ', ') ELSE 'HAVING count(*) > 0' END;
    rows_of := ringside.parts_of(of_family, of_tenant, of_key, of_channel);
    version := 'p.sl_version[array_position(p.sl_policy, $9)]';
    IF of_metric = 'service_level' AND EXISTS (SELECT FROM ringside.restatement AS r WHERE r.from_time < samples.to_time AND r.to_time > samples.from_time
                                               AND r.policies ? of_policy) THEN
        version := format('coalesce(ringside.restated_version($9, p.interval_start), %s)', version);
        is_restated := true;
    END IF;
    known := (SELECT array_agg(v.version) FROM ringside.policy AS v WHERE v.name = of_policy);
    RETURN QUERY EXECUTE format('WITH %s SELECT %s, %s, ($7)[s.bin], ($8)[s.bin], s.x, s.y, s.h, s.v, s.n FROM s',
        CASE WHEN metric.kind = 'percentile' THEN format('
            b AS MATERIALIZED (SELECT %1$s p.bin, p.bucket, sum(p.n) AS n
                FROM (SELECT %1$s %2$s AS bin, unnest(p.%3$I) AS bucket, unnest(p.%4$I) AS n %5$s) AS p
                GROUP BY %1$s p.bin, p.bucket HAVING sum(p.n) <> 0),
            s AS MATERIALIZED (SELECT %1$s p.bin, NULL::numeric AS x, NULL::numeric AS y, ROW(array_agg(p.bucket ORDER BY p.bucket),
                array_agg(p.n::integer ORDER BY p.bucket))::ringside.histogram AS h, NULL::integer[] AS v, NULL::bigint AS n
                FROM b AS p GROUP BY %1$s p.bin)',
                keys, bin, metric.histogram || '_bucket', metric.histogram || '_count', rows_of)
        ELSE format('s AS MATERIALIZED (SELECT %1$s %2$s AS bin, %3$s, NULL::ringside.histogram AS h, %4$s AS v, count(*) AS n %5$s %6$s)', keys, bin,
            CASE WHEN of_metric = 'service_level' THEN 'sum(p.sl_num[array_position(p.sl_policy, $9)])::numeric AS x, sum(p.sl_den[array_position(p.sl_policy, $9)])::numeric AS y'
                 ELSE format('sum(%s)::numeric AS x, %s AS y', metric.numerator,
                    CASE WHEN metric.denominator IS NULL THEN '1::numeric' ELSE format('sum(%s)::numeric', metric.denominator) END) END,
            CASE WHEN of_metric <> 'service_level' THEN 'NULL::integer[]'
                 WHEN cardinality(known) = 1 AND NOT is_restated THEN format('CASE WHEN sum(p.sl_den[array_position(p.sl_policy, $9)]) <> 0 THEN ''{%s}''::integer[] END', known[1])
                 ELSE format('ARRAY[min(%1$s) FILTER (WHERE p.sl_den[array_position(p.sl_policy, $9)] <> 0),
                    max(%1$s) FILTER (WHERE p.sl_den[array_position(p.sl_policy, $9)] <> 0)]', version) END,
            rows_of, grouped) END,
        CASE WHEN per_key AND of_tenant IS NULL THEN 's.tenant' ELSE '$4' END,
        CASE WHEN per_key AND of_family <> 'total' THEN format('s.%I', of_family) WHEN per_key THEN 'NULL::text' ELSE '$5' END)
        || ' ORDER BY 1, 2, 3'
        USING from_time, to_time, of_attribution, of_tenant, of_key, of_channel, starts, lengths, of_policy;
END;
$$;
COMMENT ON FUNCTION ringside.samples IS 'What a metric is made of per step (and key): numerator, denominator, histogram, the policy''s first and last version within the step. Warns of months that retention has dropped.';

-- The figure itself of sums; a percentile's needs no extremes, so it is within 1.6 %. For many rows: with kind and per_mille looked up once.
CREATE OR REPLACE FUNCTION ringside.figure_of(kind text, per_mille integer, sum_x numeric, sum_y numeric, merged ringside.histogram)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF kind = 'percentile' THEN RETURN (ringside.hist_ranks(merged.bucket, merged.count, ARRAY[per_mille], NULL, NULL))[1]; END IF;
    IF kind = 'count' THEN RETURN sum_x; END IF;
    RETURN sum_x / nullif(sum_y, 0);
END;
$$;
COMMENT ON FUNCTION ringside.figure_of IS 'The figure of a kind of metric (ringside.metrics) from what it is made of, its histogram''s buckets rising; null when there is nothing to say.';

CREATE OR REPLACE FUNCTION ringside.figure(of_metric text, sum_x numeric, sum_y numeric, merged ringside.histogram)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ringside.figure_of(m.kind, m.per_mille, sum_x, sum_y, merged) FROM ringside.metrics() AS m WHERE m.name = of_metric
$$;
COMMENT ON FUNCTION ringside.figure IS 'The figure of a metric from what it is made of; null when there is nothing to say.';

-- Everything that says how a figure was counted: to be kept with it, and to be compared.
CREATE OR REPLACE FUNCTION ringside.formula(of_metric text, of_policy text, versions integer[]) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('metric', m.name, 'what', m.what, 'unit', m.unit)
        || CASE WHEN of_metric = 'service_level' THEN jsonb_build_object('policy', of_policy, 'versions',
               (SELECT coalesce(jsonb_agg(jsonb_build_object('version', p.version, 'definition', p.definition) ORDER BY p.version), '[]')
                FROM ringside.policy AS p WHERE p.name = of_policy AND p.version = ANY (versions))) ELSE '{}' END
    FROM ringside.metrics() AS m WHERE m.name = of_metric
$$;
COMMENT ON FUNCTION ringside.formula IS 'How a figure was counted: formula, unit, and of a service level the policy''s versions with their definitions.';

CREATE OR REPLACE FUNCTION ringside.all_versions(lists integer[]) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT array_agg(DISTINCT v ORDER BY v) FROM unnest(lists) AS v WHERE v IS NOT NULL $$;
COMMENT ON FUNCTION ringside.all_versions IS 'The different versions of a list, rising; null when it is empty.';
