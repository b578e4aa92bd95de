-- Which scale the satisfaction and effort scores of an interval are on: sums over the scores counted. Columns of the older rows
-- get 0: nothing of this was counted then, and a mean without its scale is shown with none.
DO $add$
DECLARE
    family text;
    figure record;
BEGIN
    FOREACH family IN ARRAY '{queue,channel,total,agent,team}'::text[] LOOP
        FOR figure IN SELECT * FROM (VALUES
            ('csat_scale_min_milli', 'Sum of the lower ends of the satisfaction scores'' scales, thousandths.'),
            ('csat_scale_max_milli', 'Sum of the upper ends of the satisfaction scores'' scales, thousandths.'),
            ('csat_scale_squares', 'Sum of the squares of both ends: with the two sums it says whether all are on one scale.'),
            ('ces_scale_min_milli', 'Sum of the lower ends of the effort scores'' scales, thousandths.'),
            ('ces_scale_max_milli', 'Sum of the upper ends of the effort scores'' scales, thousandths.'),
            ('ces_scale_squares', 'Sum of the squares of both ends: with the two sums it says whether all are on one scale.')) AS f (name, text) LOOP
            EXECUTE format('ALTER TABLE ringside.%I ADD COLUMN IF NOT EXISTS %I bigint NOT NULL DEFAULT 0', family || '_interval_part', figure.name);
            EXECUTE format('COMMENT ON COLUMN ringside.%I.%I IS %L', family || '_interval_part', figure.name, figure.text);
        END LOOP;
    END LOOP;
END;
$add$;
