-- Histograms and service levels of many parts. Gather them with array_agg (ROW(bucket, count)::ringside.histogram): that costs the same for
-- each part, whereas joining arrays end to end copies all that came before.

-- Merging is exact: counts of equal buckets are added. A sum of 0 goes; below 0 it is kept, for a part elsewhere may make up for it.
-- Both lists are unnested in the select list: a function in FROM for each part takes four times as long.
CREATE OR REPLACE FUNCTION ringside.hist_merge(parts ringside.histogram[]) RETURNS ringside.histogram
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ROW(array_agg(bucket ORDER BY bucket), array_agg(n ORDER BY bucket))::ringside.histogram
    FROM (SELECT entry.bucket, sum(entry.n)::integer AS n
          FROM (SELECT unnest(part.bucket) AS bucket, unnest(part.count) AS n FROM unnest(parts) AS part (bucket, count)) AS entry
          WHERE entry.bucket IS NOT NULL GROUP BY entry.bucket HAVING sum(entry.n) <> 0) AS summed
$$;
COMMENT ON FUNCTION ringside.hist_merge IS 'One histogram of many.';

-- As hist_percentiles of what hist_merge gives, with the counts added once.
CREATE OR REPLACE FUNCTION ringside.hist_percentiles_of(parts ringside.histogram[], per_mille integer[], min_us bigint, max_us bigint)
RETURNS bigint[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    merged ringside.histogram;
BEGIN
    IF parts IS NULL THEN RETURN array_fill(NULL::bigint, ARRAY[cardinality(per_mille)]); END IF;
    merged := ringside.hist_merge(parts);
    RETURN ringside.hist_ranks(merged.bucket, merged.count, per_mille, min_us, max_us);
END;
$$;
COMMENT ON FUNCTION ringside.hist_percentiles_of IS 'Percentiles (per mille) of histograms together, in milliseconds, within their exact extremes; nulls when they are empty.';

CREATE OR REPLACE FUNCTION ringside.clocked_of(n bigint, n_in_t bigint, sum_us bigint, sum_calendar_us bigint, parts ringside.histogram[])
RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ringside.clocked(n, n_in_t, sum_us, sum_calendar_us, (h.merged).bucket, (h.merged).count)
    FROM (SELECT ringside.hist_merge(parts) AS merged OFFSET 0) AS h
$$;
COMMENT ON FUNCTION ringside.clocked_of IS 'Figures of a clock over many parts: count, in_t, mean, percentiles, mean by the calendar; milliseconds.';

CREATE OR REPLACE FUNCTION ringside.hist_count(parts ringside.histogram[]) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(sum(n), 0)::bigint FROM unnest(parts) AS part (bucket, count), LATERAL unnest(part.count) AS n
$$;
COMMENT ON FUNCTION ringside.hist_count IS 'How many durations are in histograms together.';

-- The bucket of a whole millisecond: the inverse of hist_low_ms. For loading and recomputing.
CREATE OR REPLACE FUNCTION ringside.hist_bucket(ms bigint) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN ms < 0 THEN 0 WHEN ms < 32 THEN ms WHEN ms >= 86400000 THEN 735
                ELSE (octave - 4) * 32 + (ms >> (octave - 5)) - 32 END::smallint
    FROM (SELECT 63 - position('1' IN ms::bit(64)::text) + 1 AS octave) AS o
$$;
COMMENT ON FUNCTION ringside.hist_bucket IS 'The bucket of a duration in milliseconds.';

-- Parts of before threshold_legs was there say -1 where they mixed thresholds.
CREATE OR REPLACE FUNCTION ringside.threshold_of(parts ringside.threshold_counts[]) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN count(*) = 1 AND min(threshold) >= 0 THEN min(threshold) END
    FROM (SELECT entry.threshold FROM unnest(parts) AS part (threshold_us, closed, thresholds_us, legs), LATERAL (
              SELECT * FROM unnest(part.thresholds_us, part.legs)
              UNION ALL SELECT coalesce(part.threshold_us, -1), part.closed WHERE part.legs IS NULL) AS entry (threshold, legs)
          GROUP BY entry.threshold HAVING sum(entry.legs) <> 0) AS counted
$$;
COMMENT ON FUNCTION ringside.threshold_of IS 'The threshold of the legs that were closed in many parts, microseconds; null when there are several or none.';

CREATE OR REPLACE FUNCTION ringside.service_level_of(parts ringside.policy_counts[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_object_agg(policy, jsonb_build_object(
               'value', CASE WHEN denominator <> 0 THEN numerator::double precision / denominator END,
               'numerator', numerator, 'denominator', denominator))
    FROM (SELECT entry.policy, sum(entry.num)::bigint AS numerator, sum(entry.den)::bigint AS denominator
          FROM unnest(parts) AS part (policy, version, numerator, denominator),
              LATERAL unnest(part.policy, part.numerator, part.denominator) AS entry (policy, num, den)
          GROUP BY entry.policy) AS summed
$$;
COMMENT ON FUNCTION ringside.service_level_of IS 'Service level of each policy over many parts: sum of numerators / sum of denominators.';

CREATE OR REPLACE FUNCTION ringside.has_service_level(parts ringside.policy_counts[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT EXISTS (SELECT FROM unnest(parts) AS part (policy, version, numerator, denominator),
        LATERAL unnest(part.numerator, part.denominator) AS entry (num, den) WHERE entry.num <> 0 OR entry.den <> 0)
$$;
COMMENT ON FUNCTION ringside.has_service_level IS 'True when any service level has counted anything.';

-- By any policy from counts alone: its outcomes' rules on what the rows hold, at their own T and S. Null when the rows do not say enough:
-- a rule that asks how long legs of one reason only waited.
CREATE OR REPLACE FUNCTION ringside.service_level_by(policy jsonb, answered bigint, answered_in_t bigint, abandoned bigint, abandoned_in_t bigint,
    abandoned_short bigint, flowed_out bigint, flowed_out_in_t bigint, callbacks bigint, callbacks_in_t bigint, blocked bigint,
    flowed_out_by_reason jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    short_rule constant text := coalesce(policy ->> 'short', 'off');
    rule text;
    reason record;
    num bigint := answered_in_t;
    den bigint := answered;
    long bigint := abandoned;
    long_in_t bigint := abandoned_in_t;
BEGIN
    IF policy ->> 'compare' = 'lt' OR policy ->> 'unit' = 'journey' THEN RETURN NULL; END IF;   -- rows count legs and "<=" only
    IF short_rule <> 'off' THEN
        long := abandoned - abandoned_short;
        long_in_t := abandoned_in_t - abandoned_short;
        IF short_rule IN ('miss', 'hit') THEN den := den + abandoned_short; END IF;
        IF short_rule = 'hit' THEN num := num + abandoned_short; END IF;
    END IF;
    rule := coalesce(policy ->> 'abandoned', 'miss');
    IF rule <> 'exclude' THEN den := den + long; END IF;
    IF rule = 'hit_if_within' THEN num := num + long_in_t; END IF;
    IF rule = 'exclude_if_within' THEN den := den - long_in_t; END IF;
    IF rule = 'hit' THEN num := num + long; END IF;
    rule := coalesce(policy ->> 'callbacks', 'exclude');
    IF rule <> 'exclude' THEN den := den + callbacks; END IF;
    IF rule = 'hit_if_within' THEN num := num + callbacks_in_t; END IF;
    IF coalesce(policy ->> 'blocked', 'exclude') = 'miss' THEN den := den + blocked; END IF;
    IF jsonb_typeof(policy -> 'flowed_out') = 'object' THEN
        IF (SELECT count(DISTINCT value) = 1 FROM jsonb_each_text(policy -> 'flowed_out')) THEN
            rule := (SELECT min(value) FROM jsonb_each_text(policy -> 'flowed_out'));
        ELSE
            rule := 'by reason';
            FOR reason IN SELECT key, value::bigint AS n FROM jsonb_each_text(coalesce(flowed_out_by_reason, '{}')) LOOP
                IF policy -> 'flowed_out' ->> reason.key = 'hit_if_within' AND reason.n <> 0 THEN RETURN NULL; END IF;
                IF policy -> 'flowed_out' ->> reason.key = 'miss' THEN den := den + reason.n; END IF;
            END LOOP;
        END IF;
    ELSE
        rule := coalesce(policy ->> 'flowed_out', 'exclude');
    END IF;
    IF rule IN ('miss', 'hit_if_within') THEN den := den + flowed_out; END IF;
    IF rule = 'hit_if_within' THEN num := num + flowed_out_in_t; END IF;
    RETURN jsonb_build_object('value', CASE WHEN den <> 0 THEN num::double precision / den END, 'numerator', num, 'denominator', den);
END;
$$;
COMMENT ON FUNCTION ringside.service_level_by IS 'Service level by any policy (as in ringside.policy.definition) over the counts of rows, at their own T and S; null when the counts do not say enough.';
