-- How many legs had which threshold, where one number for the whole part does not say it: so the parts of an interval give the same
-- answer together as the interval did when it was one piece, also when a part takes back what another counted under another threshold.
DO $add$
DECLARE
    family text;
BEGIN
    FOREACH family IN ARRAY '{queue,channel,total,agent,team}'::text[] LOOP
        EXECUTE format('ALTER TABLE ringside.%I ADD COLUMN IF NOT EXISTS thresholds_us bigint[], ADD COLUMN IF NOT EXISTS threshold_legs bigint[]',
            family || '_interval_part');
        EXECUTE format('COMMENT ON COLUMN ringside.%I.thresholds_us IS %L', family || '_interval_part',
            'The thresholds of the part''s closed legs, microseconds, -1 = not known which; null: threshold_us is that of all of them.');
        EXECUTE format('COMMENT ON COLUMN ringside.%I.threshold_legs IS %L', family || '_interval_part',
            'How many legs had each of thresholds_us; below 0: taken back, another part counted them.');
    END LOOP;
    IF to_regtype('ringside.threshold_counts') IS NULL THEN
        CREATE TYPE ringside.threshold_counts AS (threshold_us bigint, closed bigint, thresholds_us bigint[], legs bigint[]);
        COMMENT ON TYPE ringside.threshold_counts IS 'What one part says about thresholds: ringside.threshold_of.';
    END IF;
END;
$add$;
