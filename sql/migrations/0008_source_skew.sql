-- By how much each source's clock is off from the daemon's.
ALTER TABLE ringside.source_accounting ADD COLUMN IF NOT EXISTS skew_ms bigint;
COMMENT ON COLUMN ringside.source_accounting.skew_ms IS 'By how much the source''s clock is ahead of the daemon''s, milliseconds; below 0: behind, or what it sends takes that long; null: not known.';
