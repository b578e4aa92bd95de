-- The position of a mark waits until everything up to it is in, which can take many batches. What the newest of them rested on says, after a
-- restart, whether one that was confirmed is gone.
ALTER TABLE ringside.mark ADD COLUMN IF NOT EXISTS newest bigint NOT NULL DEFAULT 0;
UPDATE ringside.mark SET newest = position WHERE newest < position;
COMMENT ON COLUMN ringside.mark.newest IS 'The newest record of the run''s journal that a stored batch rests on; what it rests on besides may still be missing.';
DROP FUNCTION IF EXISTS ringside.open_stream(text, bigint, bigint);
DROP FUNCTION IF EXISTS ringside.advance_mark(integer, bigint, bigint, bigint, bigint);
