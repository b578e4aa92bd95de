-- Before and after a change. Both periods are cut to the same hours of the same weekdays; what varies from day to day is taken from the days
-- themselves, because calls of one day resemble each other: a test that took each call for itself would see a change in every bad Monday.
--   share        difference of two proportions; variance times the days' overdispersion (Pearson's chi² / df, at least 1), Student's t
--   mean, count  difference of ratios of sums; variance of the ratio over days (linearised), Welch's t
--   percentile   difference of the percentiles, interval from how the share below each varies over days (Woodruff), joined (MOVER);
--                p of the rank-sum test over the histograms' ranks (ridits), its variance over days
CREATE OR REPLACE FUNCTION ringside.ratio_variance(numerators double precision[], denominators double precision[]) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN count(*) > 1 AND sum(y) > 0 THEN
        (SELECT count(*)::double precision / (count(*) - 1) * sum((x - y * r.ratio) ^ 2) / sum(y) ^ 2
         FROM unnest(numerators, denominators) AS d (x, y), (SELECT sum(x) / sum(y) AS ratio FROM unnest(numerators, denominators) AS d (x, y)) AS r)
        END
    FROM unnest(numerators, denominators) AS d (x, y)
$$;
COMMENT ON FUNCTION ringside.ratio_variance IS 'Variance of sum(x) / sum(y) when days are drawn, by its linearisation; null with fewer than two days.';

-- Pearson's chi² over its degrees of freedom: 1 when days differ by chance alone.
CREATE OR REPLACE FUNCTION ringside.overdispersion(numerators double precision[], denominators double precision[]) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN count(*) > 1 AND min(p.share) > 0 AND min(p.share) < 1
                THEN sum((x - y * p.share) ^ 2 / nullif(y * p.share * (1 - p.share), 0)) / (count(*) - 1) ELSE 1 END
    FROM unnest(numerators, denominators) AS d (x, y), (SELECT sum(x) / sum(y) AS share FROM unnest(numerators, denominators) AS d (x, y)) AS p
    WHERE y > 0
$$;
COMMENT ON FUNCTION ringside.overdispersion IS 'By how much shares of days vary more than by chance: Pearson''s chi² / degrees of freedom.';

-- Share of b above a, ties half: 0.5 when both are the same.
CREATE OR REPLACE FUNCTION ringside.superiority(a ringside.histogram, b ringside.histogram) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN sum(x) > 0 AND sum(y) > 0 THEN sum(y * below) / sum(y) / sum(x) END
    FROM (SELECT x, y, sum(x) OVER (ORDER BY bucket) - x / 2 AS below
          FROM (SELECT bucket, sum(one)::double precision AS x, sum(two)::double precision AS y
                FROM (SELECT bucket, n AS one, 0 AS two FROM unnest((a).bucket, (a).count) AS e (bucket, n)
                      UNION ALL SELECT bucket, 0, n FROM unnest((b).bucket, (b).count) AS e (bucket, n)) AS both_sides
                GROUP BY bucket) AS joined) AS ranked
$$;
COMMENT ON FUNCTION ringside.superiority IS 'Probability that a duration of b is longer than one of a, ties half (Mann and Whitney''s U / nm).';

-- A histogram as a distribution whose mass lies evenly within each bucket: else an interval would be as wide as the buckets that it touches.
DROP FUNCTION IF EXISTS ringside.percentile_bounds(ringside.histogram, integer, double precision, double precision);
CREATE OR REPLACE FUNCTION ringside.hist_quantile(h ringside.histogram, share double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT low_ms + width_ms * least(greatest((share * total - before) / n, 0), 1)
    FROM (SELECT ringside.hist_low_ms(e.bucket) AS low_ms, least(ringside.hist_high_ms(e.bucket), 86400000) + 1 - ringside.hist_low_ms(e.bucket) AS width_ms, e.bucket,
              e.n::double precision AS n, sum(e.n) OVER (ORDER BY e.bucket)::double precision - e.n AS before, sum(e.n) OVER ()::double precision AS total
          FROM unnest((h).bucket, (h).count) AS e (bucket, n) WHERE e.n > 0) AS b
    WHERE before + n >= share * total ORDER BY b.bucket LIMIT 1
$$;
COMMENT ON FUNCTION ringside.hist_quantile IS 'The duration in milliseconds that a share of a histogram is at most, its buckets taken as evenly filled; null when it is empty.';

CREATE OR REPLACE FUNCTION ringside.hist_mass(h ringside.histogram, up_to_ms double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sum(e.n * least(greatest((up_to_ms - ringside.hist_low_ms(e.bucket))
                                    / (least(ringside.hist_high_ms(e.bucket), 86400000) + 1 - ringside.hist_low_ms(e.bucket)), 0), 1))
    FROM unnest((h).bucket, (h).count) AS e (bucket, n)
$$;
COMMENT ON FUNCTION ringside.hist_mass IS 'How many durations of a histogram are at most that long, its buckets taken as evenly filled; the inverse of hist_quantile.';

-- Woodruff: where the share at most as long as the percentile would be t standard errors higher or lower. Its variance comes from the days
-- themselves; when they are all alike, from chance alone.
CREATE OR REPLACE FUNCTION ringside.percentile_bounds(days ringside.day_sample[], is_after boolean, h ringside.histogram, per_mille integer, t double precision,
                                                      OUT middle double precision, OUT low double precision, OUT high double precision)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    p constant double precision := per_mille / 1000.0;
    variance double precision;
    n double precision;
BEGIN
    middle := ringside.hist_quantile(h, p);
    SELECT ringside.ratio_variance(array_agg(ringside.hist_mass(d.h, middle)), array_agg(s.n)), sum(s.n) INTO variance, n
        FROM unnest(days) AS d, LATERAL (SELECT sum(c)::double precision AS n FROM unnest((d.h).count) AS c) AS s WHERE d.after = is_after;
    IF NOT variance > 0 THEN variance := p * (1 - p) / n; END IF;
    low := ringside.hist_quantile(h, greatest(p - t * sqrt(variance), 0));
    high := ringside.hist_quantile(h, least(p + t * sqrt(variance), 1));
END;
$$;
COMMENT ON FUNCTION ringside.percentile_bounds IS 'A percentile of the days of one side, and its interval from how the share below it varies from day to day, milliseconds.';

CREATE OR REPLACE FUNCTION ringside.side(days ringside.day_sample[], is_after boolean, OUT n integer, OUT x double precision,
    OUT y double precision, OUT xs double precision[], OUT ys double precision[], OUT h ringside.histogram)
LANGUAGE sql IMMUTABLE AS $$
    SELECT count(*)::integer, sum(d.x), sum(d.y), array_agg(d.x ORDER BY d.day), array_agg(d.y ORDER BY d.day), ringside.hist_merge(array_agg(d.h))
    FROM unnest(days) AS d WHERE d.after = is_after
$$;
COMMENT ON FUNCTION ringside.side IS 'The days before or after a change together.';

-- The numbers of a comparison from its days. kind as in ringside.metrics().
CREATE OR REPLACE FUNCTION ringside.compare_days(kind text, per_mille integer, days ringside.day_sample[], confidence double precision DEFAULT 0.95,
    OUT before_value double precision, OUT after_value double precision, OUT difference double precision, OUT low double precision,
    OUT high double precision, OUT p_value double precision, OUT test text, OUT df double precision, OUT phi double precision,
    OUT superiority double precision)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    a record;
    b record;
    va double precision;
    vb double precision;
    t double precision;
    pooled ringside.histogram;
    ridits double precision[];
    counts double precision[];
    ba record;
    bb record;
BEGIN
    SELECT * INTO a FROM ringside.side(days, false);
    SELECT * INTO b FROM ringside.side(days, true);
    df := a.n + b.n - 2;
    phi := 1;
    IF kind = 'percentile' THEN
        before_value := ringside.hist_percentile((a.h).bucket, (a.h).count, per_mille, NULL, NULL);
        after_value := ringside.hist_percentile((b.h).bucket, (b.h).count, per_mille, NULL, NULL);
        difference := after_value - before_value;
        superiority := ringside.superiority(a.h, b.h);
        test := 'rank-sum, clustered by day';
        IF a.n < 2 OR b.n < 2 OR difference IS NULL THEN RETURN; END IF;
        pooled := ringside.hist_merge(ARRAY[a.h, b.h]);
        -- Mean ridit of a day against all: 0.5 on a day like all the others. Its weight is the number of durations.
        SELECT array_agg(ringside.superiority(pooled, d.h) * s.n ORDER BY d.after, d.day), array_agg(s.n ORDER BY d.after, d.day)
            INTO ridits, counts FROM unnest(days) AS d, LATERAL (SELECT sum(c)::double precision AS n FROM unnest((d.h).count) AS c) AS s;
        va := ringside.ratio_variance(ridits[:a.n], counts[:a.n]);
        vb := ringside.ratio_variance(ridits[a.n + 1:], counts[a.n + 1:]);
        IF va + vb > 0 THEN
            df := (va + vb) ^ 2 / (va ^ 2 / (a.n - 1) + vb ^ 2 / (b.n - 1));
            p_value := ringside.student_p(((SELECT sum(r) FROM unnest(ridits[a.n + 1:]) AS r) / (SELECT sum(c) FROM unnest(counts[a.n + 1:]) AS c)
                - (SELECT sum(r) FROM unnest(ridits[:a.n]) AS r) / (SELECT sum(c) FROM unnest(counts[:a.n]) AS c)) / sqrt(va + vb), df);
            -- A ridit's own variance is 1/12: how much more it is, so much more do ranks vary than by chance.
            phi := greatest((va + vb) * 12 / (1 / (SELECT sum(c) FROM unnest(counts[:a.n]) AS c) + 1 / (SELECT sum(c) FROM unnest(counts[a.n + 1:]) AS c)), 1);
        END IF;
        t := ringside.student_quantile(confidence, greatest(df, 1));
        SELECT * INTO ba FROM ringside.percentile_bounds(days, false, a.h, per_mille, t);
        SELECT * INTO bb FROM ringside.percentile_bounds(days, true, b.h, per_mille, t);
        low := difference - sqrt((bb.middle - bb.low) ^ 2 + (ba.high - ba.middle) ^ 2);
        high := difference + sqrt((bb.high - bb.middle) ^ 2 + (ba.middle - ba.low) ^ 2);
        RETURN;
    END IF;
    before_value := a.x / nullif(a.y, 0);
    after_value := b.x / nullif(b.y, 0);
    difference := after_value - before_value;
    test := CASE kind WHEN 'share' THEN 'two proportions with overdispersion' ELSE 'Welch over days' END;
    IF a.n < 2 OR b.n < 2 OR difference IS NULL THEN RETURN; END IF;
    IF kind = 'share' THEN
        phi := greatest((ringside.overdispersion(a.xs, a.ys) * (a.n - 1) + ringside.overdispersion(b.xs, b.ys) * (b.n - 1)) / df, 1);
        va := phi * before_value * (1 - before_value) / a.y;
        vb := phi * after_value * (1 - after_value) / b.y;
    ELSE
        va := ringside.ratio_variance(a.xs, a.ys);
        vb := ringside.ratio_variance(b.xs, b.ys);
        IF va + vb > 0 THEN df := (va + vb) ^ 2 / (va ^ 2 / (a.n - 1) + vb ^ 2 / (b.n - 1)); END IF;
    END IF;
    IF NOT va + vb > 0 THEN RETURN; END IF;
    t := ringside.student_quantile(confidence, df);
    low := difference - t * sqrt(va + vb);
    high := difference + t * sqrt(va + vb);
    p_value := ringside.student_p(difference / sqrt(va + vb), df);
END;
$$;
COMMENT ON FUNCTION ringside.compare_days IS 'Difference after - before with its confidence interval and p-value, from what a figure is made of on each day.';

CREATE OR REPLACE FUNCTION ringside.verdict(low double precision, high double precision, more_is_better boolean) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN low IS NULL THEN 'cannot be told' WHEN low > 0 THEN CASE WHEN more_is_better THEN 'better' ELSE 'worse' END
        WHEN high < 0 THEN CASE WHEN more_is_better THEN 'worse' ELSE 'better' END ELSE 'no difference shown' END
$$;
COMMENT ON FUNCTION ringside.verdict IS 'What the interval of a difference after - before says: better, worse, no difference shown, cannot be told.';

CREATE OR REPLACE FUNCTION ringside.compare(of_metric text, of_family text, of_tenant text, of_key text, before_from timestamptz, before_to timestamptz,
    after_from timestamptz, after_to timestamptz, zone text DEFAULT 'UTC', of_policy text DEFAULT NULL, of_channel text DEFAULT NULL,
    of_attribution text DEFAULT 'event', confidence double precision DEFAULT 0.95)
RETURNS TABLE (metric text, policy text, unit text, before_value double precision, after_value double precision, difference double precision,
               low double precision, high double precision, confidence_level double precision, p_value double precision, test text, verdict text,
               before_days integer, after_days integer, before_n numeric, after_n numeric, overdispersion double precision,
               superiority double precision, formula jsonb, warnings text[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    m record;
    days ringside.day_sample[];
    used record;
    c record;
    notes text[] := '{}';
    before_formula jsonb;
    after_formula jsonb;
BEGIN
    SELECT * INTO m FROM ringside.check_metric(of_metric, of_policy, of_family);
    PERFORM ringside.check_period(before_from, before_to);
    PERFORM ringside.check_period(after_from, after_to);
    IF before_to > after_from THEN
        RAISE EXCEPTION 'the period before (to %) must end before the period after begins (%)', before_to, after_from
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF confidence IS NULL OR confidence <= 0 OR confidence >= 1 THEN
        RAISE EXCEPTION 'a confidence is between 0 and 1, such as 0.95; got %', confidence USING ERRCODE = 'invalid_parameter_value';
    END IF;
    WITH sample AS (
        SELECT false AS after, s.*, s.step_start AT TIME ZONE zone AS local
            FROM ringside.samples(of_metric, of_policy, of_family, of_tenant, of_key, of_channel, before_from, before_to, 'hour', zone, of_attribution) AS s
        UNION ALL
        SELECT true, s.*, s.step_start AT TIME ZONE zone
            FROM ringside.samples(of_metric, of_policy, of_family, of_tenant, of_key, of_channel, after_from, after_to, 'hour', zone, of_attribution) AS s
    ), filled AS (
        SELECT *, extract(isodow FROM local)::integer * 24 + extract(hour FROM local)::integer AS cell,
            CASE WHEN m.kind = 'percentile' THEN histogram IS NOT NULL AND (histogram).bucket IS NOT NULL ELSE coalesce(denominator, 0) <> 0 END AS has_data
        FROM sample
    ), both_have AS (
        SELECT cell FROM filled WHERE has_data GROUP BY cell HAVING bool_or(after) AND bool_or(NOT after)
    ), counted AS (   -- of a single day the hours tell how much the figure varies
        SELECT least(count(DISTINCT f.local::date) FILTER (WHERE NOT f.after), count(DISTINCT f.local::date) FILTER (WHERE f.after)) < 2 AS by_hour,
            count(DISTINCT f.local::date) FILTER (WHERE NOT f.after) AS before_days, count(DISTINCT f.local::date) FILTER (WHERE f.after) AS after_days
        FROM filled AS f WHERE f.has_data AND f.cell IN (SELECT cell FROM both_have)
    ), day AS (
        SELECT f.after, CASE WHEN n.by_hour THEN f.local::date + f.cell * 1000 ELSE f.local::date END AS day, sum(f.numerator)::double precision AS x,
            CASE WHEN m.kind = 'count' THEN 1 ELSE sum(f.denominator)::double precision END AS y,
            ringside.hist_merge(array_agg(f.histogram) FILTER (WHERE f.has_data)) AS h
        FROM filled AS f, counted AS n WHERE f.has_data AND f.cell IN (SELECT cell FROM both_have) GROUP BY 1, 2
    )
    SELECT (SELECT array_agg(ROW(d.after, d.day, d.x, d.y, d.h)::ringside.day_sample ORDER BY d.after, d.day) FROM day AS d),
        (SELECT n.by_hour FROM counted AS n) AS by_hour, (SELECT n.before_days FROM counted AS n) AS before_days, (SELECT n.after_days FROM counted AS n) AS after_days,
        (SELECT count(*) FROM filled WHERE has_data) AS hours,
        (SELECT count(*) FROM filled WHERE has_data AND cell NOT IN (SELECT cell FROM both_have)) AS left_out,
        (SELECT ringside.all_versions(array_agg(v)) FROM filled, unnest(versions) AS v WHERE NOT after) AS before_versions,
        (SELECT ringside.all_versions(array_agg(v)) FROM filled, unnest(versions) AS v WHERE after) AS after_versions,
        (SELECT count(DISTINCT n) > 1 FROM (SELECT extract(isodow FROM local) AS w, count(DISTINCT local::date) FILTER (WHERE after)
                                                - count(DISTINCT local::date) FILTER (WHERE NOT after) AS n
                                            FROM filled WHERE has_data AND cell IN (SELECT cell FROM both_have) GROUP BY 1) AS balance) AS unbalanced
        INTO used;
    days := coalesce(used.array_agg, '{}');
    SELECT * INTO c FROM ringside.compare_days(m.kind, m.per_mille, days, confidence);
    before_days := used.before_days;
    after_days := used.after_days;
    SELECT sum(CASE WHEN m.kind = 'percentile' THEN s.n ELSE d.y END) FILTER (WHERE NOT d.after),
           sum(CASE WHEN m.kind = 'percentile' THEN s.n ELSE d.y END) FILTER (WHERE d.after) INTO before_n, after_n
        FROM unnest(days) AS d, LATERAL (SELECT sum(k) AS n FROM unnest((d.h).count) AS k) AS s;
    before_formula := ringside.formula(of_metric, of_policy, used.before_versions);
    after_formula := ringside.formula(of_metric, of_policy, used.after_versions);
    IF before_days = 0 OR after_days = 0 THEN
        notes := notes || format('no data %s in the same hours of the same weekdays', CASE WHEN before_days = 0 AND after_days = 0 THEN 'on either side'
            WHEN before_days = 0 THEN 'before' ELSE 'after' END);
    ELSIF used.by_hour THEN
        notes := notes || 'one day is all there is of a side: the interval comes from its hours, and speaks of these days only'::text;
        IF m.kind = 'count' THEN notes := notes || format('%s: means of an hour', of_metric); END IF;
    ELSIF before_days < 10 OR after_days < 10 THEN
        notes := notes || format('only %s days before and %s after: less than two working weeks say little', before_days, after_days);
    END IF;
    IF m.kind <> 'count' AND least(before_n, after_n) < 100 THEN
        notes := notes || format('only %s and %s observations: too few to rely on', coalesce(before_n, 0), coalesce(after_n, 0));
    END IF;
    IF used.left_out > 0 THEN
        notes := notes || format('%s of %s hours are left out: the other side has none of that weekday and hour', used.left_out, used.hours);
    END IF;
    IF used.unbalanced THEN notes := notes || 'weekdays do not stand equally often on both sides'::text; END IF;
    IF before_formula IS DISTINCT FROM after_formula THEN
        notes := notes || format('the formula has changed in between: policy %s version %s before, %s after', of_policy, used.before_versions, used.after_versions);
    ELSIF cardinality(used.before_versions) > 1 THEN
        notes := notes || format('the formula has changed within the periods: policy %s versions %s', of_policy, used.before_versions);
    END IF;
    IF of_metric LIKE 'fcr%' AND after_to > now() - interval '7 days' THEN
        notes := notes || 'first-contact resolution of the last week is provisional: repeats may still come'::text;
    END IF;
    SELECT notes || array_agg(format('%s: %s', to_char(g.from_month AT TIME ZONE 'UTC', 'YYYY-MM'), g.why)) INTO notes
        FROM (SELECT * FROM ringside.missing_months(of_family || '_interval_part', before_from, before_to)
              UNION SELECT * FROM ringside.missing_months(of_family || '_interval_part', after_from, after_to)) AS g;
    RETURN QUERY SELECT of_metric, of_policy, m.unit, c.before_value, c.after_value, c.difference, c.low, c.high, confidence, c.p_value,
        CASE WHEN used.by_hour THEN regexp_replace(c.test, 'day(s?)$', 'hour\1') ELSE c.test END,
        ringside.verdict(c.low, c.high, m.more_is_better),
        before_days, after_days, before_n, after_n, c.phi, c.superiority, after_formula, notes;
END;
$$;
COMMENT ON FUNCTION ringside.compare IS 'A figure before and after a change, in the same hours of the same weekdays: difference with its confidence interval, p-value of the fitting test, verdict, and what to be careful about.';
