-- What a review keeps and shows beside compare(): baselines, trends, benchmarks, improvements, standards, deviations, complaints.

-- --- baseline: a figure of a named period, frozen with the formula by which it was counted ---------------------------------
CREATE OR REPLACE FUNCTION ringside.make_baseline(of_name text, of_metric text, of_family text, of_tenant text, of_key text, from_time timestamptz,
    to_time timestamptz, zone text DEFAULT 'UTC', of_policy text DEFAULT NULL, of_channel text DEFAULT NULL, of_attribution text DEFAULT 'event')
RETURNS ringside.baseline LANGUAGE plpgsql AS $$
DECLARE
    s record;
    made ringside.baseline;
BEGIN
    IF of_tenant IS NULL THEN RAISE EXCEPTION 'a baseline is of one tenant' USING ERRCODE = 'invalid_parameter_value'; END IF;
    SELECT sum(d.numerator) AS numerator, sum(d.denominator) AS denominator, count(*)::integer AS days,
        ringside.hist_merge(array_agg(d.histogram) FILTER (WHERE (d.histogram).bucket IS NOT NULL)) AS merged,
        (SELECT ringside.all_versions(array_agg(v)) FROM ringside.samples(of_metric, of_policy, of_family, of_tenant, of_key, of_channel, from_time,
            to_time, 'day', zone, of_attribution) AS y, unnest(y.versions) AS v) AS versions INTO s
        FROM ringside.samples(of_metric, of_policy, of_family, of_tenant, of_key, of_channel, from_time, to_time, 'day', zone, of_attribution) AS d;
    IF s.days = 0 THEN
        RAISE EXCEPTION 'there are no rows of % in [%, %): nothing to freeze', coalesce(of_key, of_family), from_time, to_time USING ERRCODE = 'no_data_found';
    END IF;
    INSERT INTO ringside.baseline (name, metric, policy, family, tenant, key, channel, attribution, from_time, to_time, zone, value, numerator,
                                   denominator, days, histogram, formula)
        VALUES (of_name, of_metric, of_policy, of_family, of_tenant, of_key, of_channel, of_attribution, from_time, to_time, zone,
            ringside.figure(of_metric, s.numerator, s.denominator, s.merged), coalesce(s.numerator, 0), coalesce(s.denominator, 0), s.days, s.merged,
            ringside.formula(of_metric, of_policy, s.versions)) RETURNING * INTO made;
    RETURN made;
END;
$$;
COMMENT ON FUNCTION ringside.make_baseline IS 'Freezes a figure of a period under a name, with its formula and policy versions.';

CREATE OR REPLACE FUNCTION ringside.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('ringside.erasing', true) = 'yes' THEN RETURN new; END IF;   -- ringside.erase_subject: a name, not what was said
    RAISE EXCEPTION 'rows of ringside.% are never changed: make a new one', tg_table_name USING ERRCODE = 'object_not_in_prerequisite_state';
END;
$$;
COMMENT ON FUNCTION ringside.refuse_change IS 'Trigger of tables whose rows are only ever added.';
CREATE OR REPLACE TRIGGER baseline_is_frozen BEFORE UPDATE ON ringside.baseline FOR EACH ROW EXECUTE FUNCTION ringside.refuse_change();
CREATE OR REPLACE TRIGGER access_log_is_frozen BEFORE UPDATE ON ringside.access_log FOR EACH ROW EXECUTE FUNCTION ringside.refuse_change();
CREATE OR REPLACE TRIGGER alert_said_is_frozen BEFORE UPDATE ON ringside.alert_said FOR EACH ROW EXECUTE FUNCTION ringside.refuse_change();
CREATE OR REPLACE TRIGGER alert_change_is_frozen BEFORE UPDATE ON ringside.alert_change FOR EACH ROW EXECUTE FUNCTION ringside.refuse_change();
CREATE OR REPLACE TRIGGER deviation_note_is_frozen BEFORE UPDATE ON ringside.deviation_note FOR EACH ROW EXECUTE FUNCTION ringside.refuse_change();

-- --- trend: control chart --------------------------------------------------------------------------------------------------
-- Shares: p' chart (Laney): limits of each step's size, widened by how much the steps really vary. Others: individuals chart, 2.66 times the
-- mean moving range. by_phase: limits begin anew with each change that the register of improvements marks for this figure.
CREATE OR REPLACE FUNCTION ringside.trend(of_metric text, of_family text, of_tenant text, of_key text, from_time timestamptz, to_time timestamptz,
    step text DEFAULT 'day', zone text DEFAULT 'UTC', of_policy text DEFAULT NULL, of_channel text DEFAULT NULL,
    of_attribution text DEFAULT 'event', by_phase boolean DEFAULT true)
RETURNS TABLE (step_start timestamptz, value double precision, n numeric, center double precision, lower double precision, upper double precision,
               signal text, change text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    m record;
BEGIN
    SELECT * INTO m FROM ringside.check_metric(of_metric, of_policy, of_family);
    RETURN QUERY
    WITH mark AS (
        SELECT i.change_at, i.title FROM ringside.improvement AS i
        WHERE i.metric = of_metric AND i.tenant = of_tenant AND i.family = of_family AND i.change_at < to_time
            AND (i.key IS NULL OR of_key IS NULL OR i.key = of_key)
    ), point AS (
        SELECT s.step_start, s.step_s, ringside.figure_of(m.kind, m.per_mille, s.numerator, s.denominator, s.histogram) AS v,
            CASE WHEN m.kind = 'percentile' THEN (SELECT sum(c) FROM unnest((s.histogram).count) AS c)::numeric ELSE s.denominator END AS y, s.numerator AS x,
            CASE WHEN by_phase THEN (SELECT count(*) FROM mark WHERE mark.change_at <= s.step_start) ELSE 0 END AS phase,
            s.step_start + s.step_s * interval '1 second' AS step_end
        FROM ringside.samples(of_metric, of_policy, of_family, of_tenant, of_key, of_channel, from_time, to_time, step, zone, of_attribution) AS s
    ), middle AS (
        SELECT p.*, lag(p.step_end, 1, from_time) OVER (ORDER BY p.step_start) AS end_before, CASE WHEN m.kind = 'share' THEN sum(p.x) OVER w / nullif(sum(p.y) OVER w, 0) ELSE avg(p.v) OVER w END::double precision AS center
        FROM point AS p WHERE p.v IS NOT NULL WINDOW w AS (PARTITION BY p.phase)
    ), spread AS (
        SELECT q.*, CASE WHEN m.kind = 'share' AND q.center > 0 AND q.center < 1
                         THEN (q.v - q.center) / sqrt(q.center * (1 - q.center) / q.y::double precision) ELSE q.v END AS z
        FROM middle AS q
    ), moving AS (
        SELECT r.*, abs(r.z - lag(r.z) OVER (PARTITION BY r.phase ORDER BY r.step_start)) AS range FROM spread AS r
    ), limited AS (
        SELECT o.*, avg(o.range) OVER (PARTITION BY o.phase) / 1.128 AS sigma FROM moving AS o
    ), chart AS (
        SELECT l.*, CASE WHEN m.kind = 'share' THEN 3 * l.sigma * sqrt(l.center * (1 - l.center) / l.y::double precision) ELSE 3 * l.sigma END AS reach,
            count(*) FILTER (WHERE sign(l.v - l.center) = 1) OVER run AS above, count(*) FILTER (WHERE sign(l.v - l.center) = -1) OVER run AS below
        FROM limited AS l WINDOW run AS (PARTITION BY l.phase ORDER BY l.step_start ROWS 7 PRECEDING)
    )
    SELECT c.step_start, c.v, c.y, c.center, CASE WHEN m.unit IN ('ratio', 'ms', 'count') THEN greatest(c.center - c.reach, 0) ELSE c.center - c.reach END,
        CASE WHEN m.unit = 'ratio' THEN least(c.center + c.reach, 1) ELSE c.center + c.reach END,
        CASE WHEN c.v > c.center + c.reach THEN 'above the upper limit' WHEN c.v < c.center - c.reach THEN 'below the lower limit'
             WHEN c.above = 8 THEN 'eight in a row above the centre' WHEN c.below = 8 THEN 'eight in a row below the centre' END,
        -- A change while there were no data stands with the first step after it.
        (SELECT string_agg(mark.title, '; ' ORDER BY mark.change_at) FROM mark WHERE mark.change_at >= c.end_before AND mark.change_at < c.step_end)
    FROM chart AS c ORDER BY c.step_start;
END;
$$;
COMMENT ON FUNCTION ringside.trend IS 'Control chart of a figure: value, centre and three-sigma limits per step, signals of special causes, and changes of the register of improvements.';

-- --- benchmark: queues, agents or teams against each other -------------------------------------------------------------------
CREATE OR REPLACE FUNCTION ringside.benchmark(of_metric text, of_family text, of_tenant text, from_time timestamptz, to_time timestamptz,
    zone text DEFAULT 'UTC', of_policy text DEFAULT NULL, of_channel text DEFAULT NULL, of_attribution text DEFAULT 'event',
    min_n integer DEFAULT 100, min_group integer DEFAULT 5)
RETURNS TABLE (key text, value double precision, n numeric, average double precision, low95 double precision, high95 double precision,
               low998 double precision, high998 double precision, place text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    m record;
    total record;
BEGIN
    SELECT * INTO m FROM ringside.check_metric(of_metric, of_policy, of_family);
    IF m.kind NOT IN ('share', 'mean') THEN
        RAISE EXCEPTION '% is a %: only shares and means have funnel limits', of_metric, m.kind USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF of_family = 'total' OR of_tenant IS NULL THEN
        RAISE EXCEPTION 'a benchmark is between the queues, channels, agents or teams of one tenant' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    CREATE TEMPORARY TABLE IF NOT EXISTS ringside_benchmark (key text, x double precision, y double precision, days bigint, ss double precision) ON COMMIT DROP;
    TRUNCATE pg_temp.ringside_benchmark;
    INSERT INTO pg_temp.ringside_benchmark
        WITH d AS (SELECT s.key, s.numerator::double precision AS x, s.denominator::double precision AS y
                   FROM ringside.samples(of_metric, of_policy, of_family, of_tenant, NULL, of_channel, from_time, to_time, 'day', zone, of_attribution, true) AS s
                   WHERE s.denominator > 0 AND s.key IS NOT NULL),
             k AS (SELECT d.key, sum(d.x) AS x, sum(d.y) AS y, count(*) AS days FROM d GROUP BY 1)
        SELECT k.key, k.x, k.y, k.days, (SELECT sum((d.x - d.y * k.x / k.y) ^ 2) FROM d WHERE d.key = k.key) FROM k;
    SELECT sum(b.x) / sum(b.y) AS average, count(*) FILTER (WHERE b.y >= min_n) AS groups, sum(b.ss) / nullif(sum(b.days) - count(*), 0) AS day_variance,
        sum(b.y) / sum(b.days) AS per_day INTO total FROM pg_temp.ringside_benchmark AS b;
    IF total.groups < min_group THEN
        RAISE EXCEPTION 'only % of the % have at least % observations: fewer than % are not compared with each other', coalesce(total.groups, 0),
            of_family || 's', min_n, min_group USING ERRCODE = 'no_data_found';
    END IF;
    RETURN QUERY
    WITH one AS (   -- the variance of one observation: of a share by its average, of a mean from its days
        SELECT CASE WHEN m.kind = 'share' THEN total.average * (1 - total.average) ELSE total.day_variance / total.per_day END AS variance
    ), scored AS (
        SELECT b.*, b.x / b.y AS v, (b.x / b.y - total.average) / nullif(sqrt(one.variance / b.y), 0) AS z FROM pg_temp.ringside_benchmark AS b, one
        WHERE b.y >= min_n
    ), edge AS (    -- Spiegelhalter: overdispersion from z that are cut at their tenths
        SELECT percentile_cont(0.1) WITHIN GROUP (ORDER BY z) AS low, percentile_cont(0.9) WITHIN GROUP (ORDER BY z) AS high FROM scored
    ), phi AS (
        SELECT greatest(avg(least(greatest(s.z, edge.low), edge.high) ^ 2), 1) AS phi FROM scored AS s, edge
    )
    SELECT b.key, b.x / b.y, b.y::numeric, total.average, total.average - 1.959964 * w.se, total.average + 1.959964 * w.se,
        total.average - 3.090232 * w.se, total.average + 3.090232 * w.se,
        CASE WHEN b.y < min_n THEN 'too few' WHEN abs(b.x / b.y - total.average) <= 1.959964 * w.se THEN 'as the others'
             ELSE CASE WHEN abs(b.x / b.y - total.average) > 3.090232 * w.se THEN 'clearly ' ELSE 'perhaps ' END
                  || CASE WHEN (b.x / b.y > total.average) = m.more_is_better THEN 'better' ELSE 'worse' END END
    FROM pg_temp.ringside_benchmark AS b, one, phi, LATERAL (SELECT sqrt(phi.phi * one.variance / b.y) AS se) AS w ORDER BY 2;
END;
$$;
ALTER FUNCTION ringside.benchmark VOLATILE;
COMMENT ON FUNCTION ringside.benchmark IS 'Queues, channels, agents or teams of a tenant against their average with funnel limits of 95 and 99.8 %; those with fewer than min_n observations are not judged, and fewer than min_group are not compared.';

-- --- register of improvements ------------------------------------------------------------------------------------------------
CREATE OR REPLACE FUNCTION ringside.review_improvement(of_id integer) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    i ringside.improvement;
    result jsonb;
BEGIN
    SELECT * INTO i FROM ringside.improvement WHERE id = of_id;
    IF i.id IS NULL THEN RAISE EXCEPTION 'there is no improvement %', of_id USING ERRCODE = 'no_data_found'; END IF;
    IF i.change_at IS NULL THEN
        RAISE EXCEPTION 'improvement % has no change_at yet: it is not known what is before and what after', of_id USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT to_jsonb(c) INTO result FROM ringside.compare(i.metric, i.family, i.tenant, i.key, i.change_at - i.weeks * interval '7 days', i.change_at,
        i.change_at, least(i.change_at + i.weeks * interval '7 days', greatest(date_trunc('day', now()), i.change_at + interval '1 day')), i.zone,
        i.policy, i.channel) AS c;
    IF i.baseline IS NOT NULL THEN
        result := result || (SELECT jsonb_build_object('baseline', jsonb_build_object('name', b.name, 'value', b.value, 'formula_is_the_same',
            b.formula = result -> 'formula')) FROM ringside.baseline AS b WHERE b.name = i.baseline);
    END IF;
    UPDATE ringside.improvement SET outcome = result, reviewed_at = now(), state = CASE WHEN state IN ('plan', 'do') THEN 'review' ELSE state END
        WHERE id = of_id;
    RETURN result;
END;
$$;
COMMENT ON FUNCTION ringside.review_improvement IS 'Computes the outcome of an improvement (ringside.compare over its weeks before and after the change), keeps it in the register and returns it.';

-- --- service standards -------------------------------------------------------------------------------------------------------
CREATE OR REPLACE FUNCTION ringside.attainment(from_time timestamptz, to_time timestamptz, step text DEFAULT 'month', zone text DEFAULT 'UTC',
    of_tenant text DEFAULT NULL)
RETURNS TABLE (standard integer, tenant text, queue text, channel text, metric text, policy text, target double precision, step_start timestamptz,
               value double precision, n numeric, attained boolean)
LANGUAGE sql STABLE AS $$
    SELECT d.id, d.tenant, d.queue, d.channel, d.metric, d.policy, d.target, s.step_start, f.value, s.denominator,
        CASE WHEN m.more_is_better THEN f.value >= d.target ELSE f.value <= d.target END
    FROM ringside.service_standard AS d JOIN ringside.metrics() AS m ON m.name = d.metric,
        LATERAL (SELECT greatest(from_time, ringside.first_instant(d.valid_from, zone)) AS from_time,
                        least(to_time, ringside.first_instant(d.valid_to, zone)) AS to_time) AS v,
        LATERAL (SELECT * FROM ringside.samples(d.metric, d.policy, 'queue', d.tenant, d.queue, d.channel, v.from_time, v.to_time, step, zone)
                 WHERE v.to_time > v.from_time) AS s,
        LATERAL (SELECT ringside.figure_of(m.kind, m.per_mille, s.numerator, s.denominator, s.histogram) AS value) AS f
    WHERE (of_tenant IS NULL OR d.tenant = of_tenant) AND (d.valid_to IS NULL OR ringside.first_instant(d.valid_to, zone) > from_time)
        AND ringside.first_instant(d.valid_from, zone) < to_time
    ORDER BY d.id, s.step_start
$$;
COMMENT ON FUNCTION ringside.attainment IS 'How each service standard was kept per step, while it was promised; attained is null when there is nothing to say.';

-- --- deviations --------------------------------------------------------------------------------------------------------------
CREATE OR REPLACE VIEW ringside.deviation AS
SELECT a.stream, a.episode, a.rule, a.severity, a.state, a.tenant, a.family, a.key, a.channel, a.metric, a.started_at, a.fired_at, a.ended_at,
    coalesce(n.identified, 'alert: ' || a.rule || ', ' || a.metric || ' ' || a.compare || ' ' || a.limit_value) AS identified,
    extract(epoch FROM a.fired_at - a.started_at) AS seconds_to_notice, extract(epoch FROM a.ended_at - a.started_at) AS seconds_to_end,
    n.cause, n.action, n.result, n.notes,
    CASE WHEN n.is_reviewed THEN (SELECT to_jsonb(o) FROM ringside.alert_outcome(m.stream_id, a.episode) AS o) END AS measured
FROM ringside.alert AS a JOIN ringside.mark AS m USING (stream)
LEFT JOIN LATERAL (
    SELECT string_agg(d.text, '; ' ORDER BY d.at, d.id) FILTER (WHERE d.kind = 'identified') AS identified,
        string_agg(d.text, '; ' ORDER BY d.at, d.id) FILTER (WHERE d.kind = 'cause') AS cause,
        string_agg(d.text, '; ' ORDER BY d.at, d.id) FILTER (WHERE d.kind = 'action') AS action,
        string_agg(d.text, '; ' ORDER BY d.at, d.id) FILTER (WHERE d.kind = 'result') AS result,
        jsonb_agg(jsonb_build_object('at', d.at, 'author', d.author, 'kind', d.kind, 'text', d.text)
            || CASE WHEN d.measured IS NULL THEN '{}' ELSE jsonb_build_object('measured', d.measured) END ORDER BY d.at, d.id) AS notes,
        bool_or(d.is_review) AS is_reviewed
    FROM (SELECT o.id, o.at, o.author, o.kind, o.text, false AS is_review, NULL::jsonb AS measured FROM ringside.deviation_note AS o WHERE o.stream_id = m.stream_id AND o.episode = a.episode
          UNION ALL
          SELECT s.number, s.at, s.author, CASE s.act WHEN 'review' THEN 'result' WHEN 'ack' THEN 'note' WHEN 'resolve' THEN 'note' ELSE s.act END,
              s.text, s.act = 'review', s.measured FROM ringside.alert_said AS s WHERE s.stream_id = m.stream_id AND s.episode = a.episode
              AND s.act IN ('ack', 'note', 'cause', 'action', 'resolve', 'review') AND s.text IS NOT NULL) AS d) AS n ON true
WHERE a.fired_at IS NOT NULL OR n.notes IS NOT NULL;
COMMENT ON VIEW ringside.deviation IS 'The deviation log: every alert that fired, how it was identified, its cause, what was done and what came of it.';
DO $comment$
DECLARE
    note record;
BEGIN
    FOR note IN SELECT * FROM (VALUES
            ('stream', 'Name of the stream that wrote it.'), ('episode', 'Number of the episode within its stream.'), ('rule', 'Name of the rule.'),
            ('severity', 'info, warning or critical.'), ('state', 'State of the alert now.'), ('tenant', 'The organisation.'),
            ('family', 'What kind of key: queue, channel, total, agent or team.'), ('key', 'The queue, agent or team.'), ('channel', 'The channel.'),
            ('metric', 'The figure that deviated.'), ('started_at', 'When the breach began.'), ('fired_at', 'When it fired.'),
            ('ended_at', 'When it ended; null: not yet.'), ('identified', 'How it was identified: what a note says, else the alert''s rule.'),
            ('seconds_to_notice', 'From the breach to the alert.'), ('seconds_to_end', 'From the breach to its end.'),
            ('cause', 'What the cause was, as noted.'), ('action', 'What was done, as noted.'), ('result', 'What came of it, as noted.'),
            ('notes', 'All notes with author and time; a review with what was measured then.'),
            ('measured', 'Of one that was reviewed: ringside.alert_outcome, from the rows as they are now.')) AS n (name, text) LOOP
        EXECUTE format('COMMENT ON COLUMN ringside.deviation.%I IS %L', note.name, note.text);
    END LOOP;
END;
$comment$;

CREATE OR REPLACE FUNCTION ringside.note_deviation(of_stream text, of_episode bigint, of_kind text, of_text text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
BEGIN
    INSERT INTO ringside.deviation_note (stream_id, episode, kind, text)
        SELECT m.stream_id, of_episode, of_kind, of_text FROM ringside.mark AS m WHERE m.stream = of_stream RETURNING id INTO made;
    IF made IS NULL THEN RAISE EXCEPTION 'there is no stream "%"', of_stream USING ERRCODE = 'no_data_found'; END IF;
    RETURN made;
END;
$$;
COMMENT ON FUNCTION ringside.note_deviation IS 'Adds to the deviation log: identified, cause, action, result or note.';

-- --- complaints --------------------------------------------------------------------------------------------------------------
CREATE OR REPLACE FUNCTION ringside.complaint_report(from_time timestamptz, to_time timestamptz, step text DEFAULT 'month', zone text DEFAULT 'UTC',
    of_tenant text DEFAULT NULL)
RETURNS TABLE (step_start timestamptz, tenant text, queue text, stage text, reached bigint, mean_ms double precision, overdue_all_stages bigint)
LANGUAGE sql STABLE AS $$
    SELECT h.interval_start, h.tenant, h.queue, s.stage, sum((h.complaints ->> s.stage)::bigint)::bigint,
        sum((h.complaints ->> s.stage)::bigint * (h.complaints ->> s.time)::double precision) / nullif(sum((h.complaints ->> s.stage)::bigint), 0)::double precision,
        sum((h.complaints ->> 'overdue')::bigint)::bigint
    FROM ringside.queue_history(from_time, to_time, step, zone, 'event', of_tenant) AS h,
        (VALUES (1, 'received', NULL), (2, 'acknowledged', 'acknowledge_ms'), (3, 'investigated', 'investigate_ms'), (4, 'responded', 'respond_ms'),
                (5, 'closed', 'close_ms')) AS s (place, stage, time)
    WHERE h.complaints IS NOT NULL GROUP BY 1, 2, 3, s.place, 4 ORDER BY 1, 2, 3, s.place
$$;
COMMENT ON FUNCTION ringside.complaint_report IS 'Complaints by stage: how many reached it, the mean working time since the stage before (null for received), and how many stages of any kind were past their deadline.';
