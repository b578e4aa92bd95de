-- An effect (a change of an alert, a refusal) is known by the record that caused it and its place among that record's effects, so that writing
-- it again, after a crash or for a database that has forgotten it, changes nothing. Earlier rows are numbered within their run; they keep
-- their numbers, and their runs stay below.
ALTER TABLE ringside.alert_change ADD COLUMN IF NOT EXISTS ordinal integer NOT NULL DEFAULT 0;
ALTER TABLE ringside.alert_change DROP CONSTRAINT IF EXISTS alert_change_pkey;
ALTER TABLE ringside.alert_change ADD CONSTRAINT alert_change_pkey PRIMARY KEY (stream_id, run, number, ordinal);
ALTER TABLE ringside.alert_episode ADD COLUMN IF NOT EXISTS ordinal integer NOT NULL DEFAULT 0;
ALTER TABLE ringside.quarantine ADD COLUMN IF NOT EXISTS ordinal integer NOT NULL DEFAULT 0;
ALTER TABLE ringside.quarantine DROP CONSTRAINT IF EXISTS quarantine_pkey;
ALTER TABLE ringside.quarantine ADD CONSTRAINT quarantine_pkey PRIMARY KEY (stream_id, run, number, ordinal);
COMMENT ON COLUMN ringside.alert_change.number IS 'Position of the record that caused the change: the order of the changes within the run.';
COMMENT ON COLUMN ringside.alert_change.ordinal IS 'Place among the changes that the same record caused.';
COMMENT ON COLUMN ringside.alert_episode.number IS 'Position of the record that caused its last change within that run.';
COMMENT ON COLUMN ringside.alert_episode.ordinal IS 'Place of its last change among those that the same record caused.';
COMMENT ON COLUMN ringside.quarantine.number IS 'Position of the refused record within the run; for a row of ours, the batch that was without it.';
COMMENT ON COLUMN ringside.quarantine.ordinal IS 'Place among the refusals of the same record; below 0: rows of ours.';
COMMENT ON COLUMN ringside.mark.position IS 'Everything up to this record of the run''s journal is stored.';
COMMENT ON COLUMN ringside.mark.run IS 'Start of the journal that is written from; grows when a new one begins.';
