-- The histograms of durations: whole milliseconds, 32 buckets per octave (daemon/core/window/histogram.h).
CREATE OR REPLACE FUNCTION ringside.hist_low_ms(bucket integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN bucket >= 735 THEN 86400000
                WHEN bucket < 32 THEN bucket
                ELSE least((32 + bucket % 32)::bigint << (bucket / 32 - 1), 86400000) END
$$;
COMMENT ON FUNCTION ringside.hist_low_ms IS 'Lowest millisecond of a bucket.';

CREATE OR REPLACE FUNCTION ringside.hist_high_ms(bucket integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN bucket >= 735 THEN 9223372036854775807
                WHEN bucket < 32 THEN bucket
                WHEN ringside.hist_low_ms(bucket) >= 86400000 THEN 86400000
                ELSE least((33 + bucket % 32)::bigint << (bucket / 32 - 1), 86400000) - 1 END
$$;
COMMENT ON FUNCTION ringside.hist_high_ms IS 'Highest millisecond of a bucket.';

-- Nearest rank: the ceil(p * n / 1000)-th smallest, as the middle of its bucket held within the exact extremes.
-- A bucket may stand several times (histograms joined end to end); its counts are added.
CREATE OR REPLACE FUNCTION ringside.hist_percentiles(buckets smallint[], counts integer[], per_mille integer[], min_us bigint,
                                                     max_us bigint) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    held integer[];
    running bigint[];
    total bigint;
    rank bigint;
    middle bigint;
    result bigint[];
    i integer;
BEGIN
    SELECT array_agg(bucket ORDER BY bucket), array_agg(upto ORDER BY bucket)
        INTO held, running
        FROM (SELECT bucket, sum(sum(n)) OVER (ORDER BY bucket)::bigint AS upto
              FROM unnest(buckets, counts) AS entry (bucket, n)
              GROUP BY bucket HAVING sum(n) <> 0) AS summed;
    total := running[cardinality(running)];
    IF total IS NULL OR total <= 0 THEN RETURN array_fill(NULL::bigint, ARRAY[cardinality(per_mille)]); END IF;
    FOR p IN 1 .. cardinality(per_mille) LOOP
        rank := least(greatest((per_mille[p] * total + 999) / 1000, 1), total);
        i := 1;
        WHILE running[i] < rank LOOP i := i + 1; END LOOP;
        middle := ringside.hist_low_ms(held[i])
                  + CASE WHEN held[i] >= 735 THEN 0
                         ELSE (ringside.hist_high_ms(held[i]) - ringside.hist_low_ms(held[i])) / 2 END;
        result[p] := greatest(least(middle, max_us / 1000), min_us / 1000);
    END LOOP;
    RETURN result;
END;
$$;
COMMENT ON FUNCTION ringside.hist_percentiles IS 'Percentiles (per mille) of a histogram in milliseconds, within its exact extremes; nulls when it is empty.';

CREATE OR REPLACE FUNCTION ringside.hist_percentile(buckets smallint[], counts integer[], per_mille integer, min_us bigint,
                                                    max_us bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (ringside.hist_percentiles(buckets, counts, ARRAY[per_mille], min_us, max_us))[1]
$$;
COMMENT ON FUNCTION ringside.hist_percentile IS 'One percentile (per mille) of a histogram in milliseconds.';

-- Replies and resolutions: times in the queue's working hours, and their mean by the calendar beside it.
CREATE OR REPLACE FUNCTION ringside.clocked(n bigint, n_in_t bigint, sum_us bigint, sum_calendar_us bigint, buckets smallint[],
                                            counts integer[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object('count', n, 'in_t', n_in_t, 'mean_ms', ringside.mean_ms(sum_us, n),
               'p50_ms', p.ms[1], 'p90_ms', p.ms[2], 'calendar_mean_ms', ringside.mean_ms(sum_calendar_us, n))
    FROM (SELECT ringside.hist_percentiles(buckets, counts, '{500,900}', NULL, NULL) AS ms OFFSET 0) AS p
$$;
COMMENT ON FUNCTION ringside.clocked IS 'Figures of a clock: count, in_t, mean, percentiles of a histogram, mean by the calendar; milliseconds.';
