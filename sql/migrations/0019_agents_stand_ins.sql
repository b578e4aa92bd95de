-- Agents are erased as customers are: under a stand-in that the daemon makes up, so that their own figures stay, too, and are nobody's.
ALTER TABLE ringside.tombstone ADD COLUMN IF NOT EXISTS stand_in text COLLATE "C";
COMMENT ON COLUMN ringside.tombstone.stand_in IS 'Of an agent: what rows of before are written under; null: a customer.';
-- They take a stand-in now.
DROP FUNCTION IF EXISTS ringside.erase_agent_rows(text, text, timestamptz);
DROP FUNCTION IF EXISTS ringside.erase_subject(text, text, text[], text, text, timestamptz, bigint);
