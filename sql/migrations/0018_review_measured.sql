-- What the system had measured when somebody reviewed an alert: kept beside what was said, as it was told then.
ALTER TABLE ringside.alert_said ADD COLUMN IF NOT EXISTS measured jsonb;
COMMENT ON COLUMN ringside.alert_said.measured IS 'Of a ''review'': ringside.alert_outcome at that moment, what was known to whoever said it; later figures are asked of that function. Null of everything else.';
DROP FUNCTION IF EXISTS ringside.report_deviations(timestamptz, timestamptz, text, text);
