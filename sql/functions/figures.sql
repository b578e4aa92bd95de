-- Joins arrays end to end, in the order of the rows; so several histograms become one list of (bucket, count).
CREATE OR REPLACE AGGREGATE ringside.array_concat(anycompatiblearray) (
    SFUNC = array_cat, STYPE = anycompatiblearray
);
COMMENT ON AGGREGATE ringside.array_concat(anycompatiblearray) IS 'Joins arrays end to end.';

-- Cuts microseconds to whole milliseconds.
CREATE OR REPLACE FUNCTION ringside.whole_ms(us bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT us / 1000 $$;
COMMENT ON FUNCTION ringside.whole_ms IS 'Microseconds cut to whole milliseconds.';

-- The exact quotient in milliseconds of a sum of microseconds; null when nothing was counted.
CREATE OR REPLACE FUNCTION ringside.mean_ms(sum_us bigint, n bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN n <> 0 THEN sum_us::double precision / (n::double precision * 1000) END
$$;
COMMENT ON FUNCTION ringside.mean_ms IS 'Mean in milliseconds of a sum of microseconds; null when nothing was counted.';

-- A quotient of counts; null when the denominator is 0.
CREATE OR REPLACE FUNCTION ringside.ratio(numerator bigint, denominator bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN denominator <> 0 THEN numerator::double precision / denominator END
$$;
COMMENT ON FUNCTION ringside.ratio IS 'Quotient of two counts; null when the denominator is 0.';

-- {"<policy>": {"value", "numerator", "denominator"}} of parallel lists in which a policy may stand several times.
CREATE OR REPLACE FUNCTION ringside.service_level(policies text[], numerators bigint[], denominators bigint[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_object_agg(policy, jsonb_build_object(
               'value', CASE WHEN denominator <> 0 THEN numerator::double precision / denominator END,
               'numerator', numerator, 'denominator', denominator))
    FROM (SELECT policy, sum(num)::bigint AS numerator, sum(den)::bigint AS denominator
          FROM unnest(policies, numerators, denominators) AS counted (policy, num, den)
          GROUP BY policy) AS summed
$$;
COMMENT ON FUNCTION ringside.service_level IS 'Service level of each policy: sum of numerators / sum of denominators, null when that is 0.';

-- As `ringside replay` prints it.
CREATE OR REPLACE FUNCTION ringside.fcr(eligible bigint, repeated bigint, flagged_unresolved bigint, unresolved bigint, never bigint,
                                        never_unresolved bigint, matured bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object(
        'eligible', eligible, 'repeated', repeated, 'flagged_unresolved', flagged_unresolved,
        'unresolved', unresolved, 'value', ringside.ratio(eligible - unresolved, eligible),
        'net', jsonb_build_object(
            'eligible', eligible - never, 'unresolved', unresolved - never_unresolved,
            'value', ringside.ratio(eligible - never - (unresolved - never_unresolved), eligible - never)),
        'matured', matured,
        'state', CASE WHEN eligible <> 0 THEN CASE WHEN matured = eligible THEN 'matured' ELSE 'provisional' END END)
$$;
COMMENT ON FUNCTION ringside.fcr IS 'First-contact resolution: journeys judged, not resolved and why, share resolved gross and net, how many are matured.';
