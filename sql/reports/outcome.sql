-- Did it help? The figure of an alert's key while it deviated and afterwards, by the same formula and over as many quarter-hours.
--   before   the quarter-hours that the episode touches, at most the last seven days of them
--   after    as many that follow its end, or the last action that was noted if that came later
-- Computed whenever it is read, from the rows as they are then: a span that is not over yet fills itself, and corrections (late events, repeat
-- contacts) come in; nothing has to wait for it. What a reviewer was told at the time is kept beside the review (ringside.alert_said.measured).
-- Quarter-hours stand for the days of ringside.compare_days: two stretches of a day are compared, and the interval speaks of these only.

-- What is measured in the moment alone (who waits now) has no history: what comes of it for customers stands for it.
CREATE OR REPLACE FUNCTION ringside.outcome_metric(of_metric text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN of_metric = 'predicted_service_level' THEN 'service_level'
        WHEN of_metric IN ('oldest_wait', 'estimated_wait', 'wait_max') THEN 'wait_p95'
        WHEN of_metric IN ('waiting', 'open_over_t', 'breach_oldest', 'breach_newest', 'staff') THEN 'asa'
        WHEN of_metric IN ('abandoned', 'flowed_out') THEN 'abandoned_rate'
        WHEN of_metric = 'blocked' THEN 'blocked_rate'
        WHEN of_metric = 'handled_short' THEN 'short_rate'
        WHEN of_metric IN (SELECT m.name FROM ringside.metrics() AS m) THEN of_metric END
$$;
COMMENT ON FUNCTION ringside.outcome_metric IS 'The figure by which a rule''s metric is reviewed: itself, or what stands for it; null: there is none.';

CREATE OR REPLACE FUNCTION ringside.quarter_after(at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT date_bin('15 minutes', at, timestamptz '1970-01-01Z') + interval '15 minutes'
$$;
COMMENT ON FUNCTION ringside.quarter_after IS 'The first boundary of a quarter of an hour after a moment; null of null.';

CREATE OR REPLACE FUNCTION ringside.alert_outcome(of_stream_id integer, of_episode bigint)
RETURNS TABLE (metric text, policy text, unit text, before_from timestamptz, before_to timestamptz, before_value double precision,
               before_numerator double precision, before_denominator double precision, after_from timestamptz, after_to timestamptz,
               after_value double precision, after_numerator double precision, after_denominator double precision, difference double precision,
               low double precision, high double precision, p_value double precision, verdict text, is_complete boolean, fired_again bigint, notes text[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    e ringside.alert_episode;
    m record;
    c record;
    acted_at timestamptz;
    known_to timestamptz;
    quarters ringside.day_sample[];
BEGIN
    SELECT a.* INTO e FROM ringside.alert_episode AS a WHERE a.stream_id = of_stream_id AND a.episode = of_episode AND a.ended_at IS NOT NULL;
    IF NOT FOUND THEN RETURN; END IF;
    notes := '{}';
    policy := e.policy;
    SELECT * INTO m FROM ringside.metrics() AS k WHERE k.name = ringside.outcome_metric(e.metric);
    metric := m.name;
    unit := m.unit;
    IF metric IS NULL OR (metric = 'service_level' AND NOT EXISTS (SELECT FROM ringside.policy AS p WHERE p.name = e.policy)) THEN
        notes := ARRAY[format('there is no history of %s', concat_ws(' ', e.metric, e.policy))];
        RETURN NEXT;
        RETURN;
    END IF;
    IF metric <> e.metric THEN notes := notes || format('no history is kept of %s: %s stands for it', e.metric, metric); END IF;
    SELECT max(s.at) INTO acted_at FROM ringside.alert_said AS s
        WHERE s.stream_id = of_stream_id AND s.episode = of_episode AND s.act = 'action' AND s.at > e.ended_at;
    before_to := ringside.quarter_after(e.ended_at);
    before_from := greatest(date_bin('15 minutes', e.started_at, timestamptz '1970-01-01Z'), before_to - interval '7 days');
    after_from := greatest(before_to, ringside.quarter_after(acted_at));
    after_to := after_from + (before_to - before_from);
    SELECT to_timestamp(k.watermark_us / 1e6) INTO known_to FROM ringside.mark AS k WHERE k.stream_id = of_stream_id;
    is_complete := coalesce(known_to >= after_to, false);

    SELECT array_agg(ROW(f.is_after, date '2000-01-01' + f.place, f.numerator, CASE WHEN m.kind = 'count' THEN 1 ELSE f.denominator END,
                         f.histogram)::ringside.day_sample ORDER BY f.is_after, f.place),
        sum(f.numerator) FILTER (WHERE NOT f.is_after), sum(f.n) FILTER (WHERE NOT f.is_after), sum(f.numerator) FILTER (WHERE f.is_after),
        sum(f.n) FILTER (WHERE f.is_after)
        INTO quarters, before_numerator, before_denominator, after_numerator, after_denominator
        FROM (SELECT t.is_after, (extract(epoch FROM s.step_start - t.span_from) / 900)::integer AS place, s.numerator::double precision AS numerator,
                  s.denominator::double precision AS denominator, s.histogram,
                  CASE WHEN m.kind = 'percentile' THEN (SELECT sum(n) FROM unnest((s.histogram).count) AS n) ELSE s.denominator END::double precision AS n
              FROM (VALUES (false, before_from, before_to), (true, after_from, after_to)) AS t (is_after, span_from, span_to),
                  LATERAL ringside.samples(metric, policy, e.family, e.tenant, e.key, e.channel, t.span_from, t.span_to, '15m') AS s) AS f
        WHERE f.n <> 0;
    SELECT * INTO c FROM ringside.compare_days(m.kind, m.per_mille, coalesce(quarters, '{}'));
    before_value := c.before_value;
    after_value := c.after_value;
    difference := c.difference;
    low := c.low;
    high := c.high;
    p_value := c.p_value;
    verdict := ringside.verdict(c.low, c.high, m.more_is_better);
    SELECT count(*) INTO fired_again FROM ringside.alert_episode AS a
        WHERE a.stream_id = of_stream_id AND a.episode > of_episode AND (a.rule, a.family, a.tenant) = (e.rule, e.family, e.tenant)
            AND a.key IS NOT DISTINCT FROM e.key AND a.channel IS NOT DISTINCT FROM e.channel AND a.fired_at < after_to;

    IF e.started_at < before_from THEN notes := notes || 'it deviated for longer than seven days: before is the last of them'::text; END IF;
    IF acted_at IS NOT NULL THEN notes := notes || 'after begins with the last action, which was noted after the end'::text; END IF;
    IF m.kind = 'count' THEN notes := notes || format('%s: means of a quarter of an hour', metric); END IF;
    IF NOT is_complete THEN
        notes := notes || format('too little data yet: after lasts until %s, and figures are known until %s; asked again later, this is more',
            to_char(after_to AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
            coalesce(to_char(known_to AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), 'no time yet'));
    ELSIF difference IS NULL THEN
        notes := notes || format('nothing was counted %s', CASE WHEN before_value IS NULL THEN 'before' ELSE 'after' END);
    ELSIF low IS NULL THEN
        notes := notes || 'one quarter of an hour is all there is of a side: no confidence interval'::text;
    END IF;
    IF m.kind <> 'count' AND least(before_denominator, after_denominator) < 100 THEN
        notes := notes || format('only %s and %s observations: too few to rely on', before_denominator, after_denominator);
    END IF;
    RETURN NEXT;
END;
$$;
COMMENT ON FUNCTION ringside.alert_outcome IS 'Did it help: the figure while an alert deviated and over the same length afterwards, with what it rests on, the difference with its 95 % interval, whether the rule fired again, and what to be careful about; no row of an alert that has not ended.';

-- A person's words are never lost for want of a figure.
CREATE OR REPLACE FUNCTION ringside.measured_at_review(of_stream_id integer, of_episode bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT to_jsonb(o) FROM ringside.alert_outcome(of_stream_id, of_episode) AS o);
EXCEPTION WHEN OTHERS THEN
    RETURN jsonb_build_object('notes', jsonb_build_array(format('could not be measured: %s', sqlerrm)));
END;
$$;
COMMENT ON FUNCTION ringside.measured_at_review IS 'ringside.alert_outcome as it is kept with a review; null of an alert that the database does not know to have ended.';
