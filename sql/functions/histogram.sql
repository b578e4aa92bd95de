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

-- Nearest rank: the ceil(p * n / 1000)-th smallest, as the middle of its bucket held within the exact extremes. Buckets rise.
CREATE OR REPLACE FUNCTION ringside.hist_ranks(buckets smallint[], counts integer[], per_mille integer[], min_us bigint,
                                               max_us bigint) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    total constant bigint := (SELECT sum(n) FROM unnest(counts) AS n);
    rank bigint;
    upto bigint;
    middle bigint;
    result bigint[];
    i integer;
BEGIN
    IF total IS NULL OR total <= 0 THEN RETURN array_fill(NULL::bigint, ARRAY[cardinality(per_mille)]); END IF;
    FOR p IN 1 .. cardinality(per_mille) LOOP
        rank := least(greatest((per_mille[p] * total + 999) / 1000, 1), total);
        IF p = 1 OR per_mille[p] < per_mille[p - 1] THEN   -- else it goes on from the one before
            i := 1;
            upto := counts[1];
        END IF;
        WHILE upto < rank LOOP
            i := i + 1;
            upto := upto + counts[i];
        END LOOP;
        middle := ringside.hist_low_ms(buckets[i])
                  + CASE WHEN buckets[i] >= 735 THEN 0
                         ELSE (ringside.hist_high_ms(buckets[i]) - ringside.hist_low_ms(buckets[i])) / 2 END;
        result[p] := greatest(least(middle, max_us / 1000), min_us / 1000);
    END LOOP;
    RETURN result;
END;
$$;
COMMENT ON FUNCTION ringside.hist_ranks IS 'Percentiles (per mille) of a histogram whose buckets rise, in milliseconds, within its exact extremes; nulls when it is empty.';

-- A bucket may stand several times (histograms joined end to end), in any order; its counts are added.
CREATE OR REPLACE FUNCTION ringside.hist_percentiles(buckets smallint[], counts integer[], per_mille integer[], min_us bigint,
                                                     max_us bigint) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ringside.hist_ranks(array_agg(bucket ORDER BY bucket), array_agg(n::integer ORDER BY bucket), per_mille, min_us, max_us)
    FROM (SELECT entry.bucket, sum(entry.n) AS n FROM unnest(buckets, counts) AS entry (bucket, n)
          WHERE entry.bucket IS NOT NULL GROUP BY entry.bucket HAVING sum(entry.n) <> 0) AS summed
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
