-- What a rule that learns would know if the daemon had been there: a figure of one key per subgroup, oldest first.
-- Counts are 0 where nothing happened, from the first row on; of other figures only subgroups in which something was counted.
CREATE OR REPLACE FUNCTION ringside.usual_figures(of_metric text, of_policy text, of_family text, of_tenant text, of_key text, of_channel text,
    from_time timestamptz, to_time timestamptz, step text)
RETURNS TABLE (end_us bigint, value double precision, n bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    m record;
BEGIN
    SELECT * INTO m FROM ringside.metrics() AS k WHERE k.name = of_metric;
    IF NOT FOUND OR (of_metric = 'service_level' AND NOT EXISTS (SELECT FROM ringside.policy AS p WHERE p.name = of_policy)) THEN RETURN; END IF;
    RETURN QUERY
        WITH s AS (SELECT f.step_start, f.step_s, ringside.figure_of(m.kind, m.per_mille, f.numerator, f.denominator, f.histogram) AS figure,
                       CASE m.kind WHEN 'count' THEN 0 WHEN 'percentile' THEN (SELECT sum(b) FROM unnest((f.histogram).count) AS b) ELSE f.denominator END AS n
                   FROM ringside.samples(of_metric, of_policy, of_family, of_tenant, of_key, of_channel, from_time, to_time, step) AS f),
             filled AS (SELECT t.step_start, t.step_s, coalesce(s.figure, CASE WHEN m.kind = 'count' THEN 0 END) AS figure, coalesce(s.n, 0) AS n
                        FROM ringside.steps(from_time, to_time, step, 'UTC') AS t LEFT JOIN s USING (step_start)
                        WHERE t.step_start >= (SELECT min(s.step_start) FROM s))
        SELECT ((extract(epoch FROM f.step_start) + f.step_s) * 1000000)::bigint, f.figure, f.n::bigint
        FROM filled AS f WHERE f.figure IS NOT NULL ORDER BY f.step_start;
END;
$$;
COMMENT ON FUNCTION ringside.usual_figures IS 'History for a rule that learns: the figure of one key per step (15m, 30m, hour) with what it rests on (0 for counts), oldest first; no rows of a figure without history.';
