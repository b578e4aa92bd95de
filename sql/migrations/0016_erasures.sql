-- Erasing customers and agents: what was asked and done, and what keeps rows that come in afterwards from bringing an erased name back.
CREATE TABLE IF NOT EXISTS ringside.erasure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('customer', 'agent')),
    tenant text COLLATE "C" NOT NULL,
    reason text NOT NULL CHECK (length(btrim(reason)) >= 3),
    asked_by text NOT NULL,
    erased_at timestamptz NOT NULL,
    done_by text NOT NULL DEFAULT session_user,
    removed jsonb NOT NULL DEFAULT '{}',
    record bigint CHECK (record > 0),
    completed_at timestamptz,
    certificate text,
    signature text COLLATE "C",
    public_key text COLLATE "C"
);
COMMENT ON TABLE ringside.erasure IS 'Every erasure of a person, without the person: what was removed where, and when nothing was left. Written by `ringside subject erase`.';
COMMENT ON COLUMN ringside.erasure.id IS 'Its number.';
COMMENT ON COLUMN ringside.erasure.kind IS '''customer'' or ''agent''.';
COMMENT ON COLUMN ringside.erasure.tenant IS 'The organisation.';
COMMENT ON COLUMN ringside.erasure.reason IS 'Why, in the words of who asked. Must not name the person.';
COMMENT ON COLUMN ringside.erasure.asked_by IS 'Who asked for it.';
COMMENT ON COLUMN ringside.erasure.erased_at IS 'What began before that is erased; what comes in later is of somebody new.';
COMMENT ON COLUMN ringside.erasure.done_by IS 'The role that had logged in.';
COMMENT ON COLUMN ringside.erasure.removed IS 'In how many rows of which table.';
COMMENT ON COLUMN ringside.erasure.record IS 'The journal has nothing of the person behind this record; null: no daemon took part.';
COMMENT ON COLUMN ringside.erasure.completed_at IS 'When nothing was left in journal and snapshots, either; null: not yet.';
COMMENT ON COLUMN ringside.erasure.certificate IS 'What was done, as text of JSON; null: not complete.';
COMMENT ON COLUMN ringside.erasure.signature IS 'Ed25519 signature of the certificate''s bytes by the daemon, hexadecimal.';
COMMENT ON COLUMN ringside.erasure.public_key IS 'The key that it is checked with, hexadecimal.';

CREATE TABLE IF NOT EXISTS ringside.tombstone (
    digest bytea PRIMARY KEY,
    erasure bigint NOT NULL REFERENCES ringside.erasure ON DELETE CASCADE,
    erased_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS tombstone_erasure ON ringside.tombstone (erasure);
COMMENT ON TABLE ringside.tombstone IS 'While an erasure is not complete: whose rows of before must not come in again. Gone when it is.';
COMMENT ON COLUMN ringside.tombstone.digest IS 'ringside.subject_digest of the erased pseudonym or agent.';
COMMENT ON COLUMN ringside.tombstone.erasure IS 'The erasure (ringside.erasure).';
COMMENT ON COLUMN ringside.tombstone.erased_at IS 'Rows of before that are stripped.';

CREATE TABLE IF NOT EXISTS ringside.erased_contact (
    tenant text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    made_up text COLLATE "C" NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, digest)
);
CREATE INDEX IF NOT EXISTS erased_contact_time ON ringside.erased_contact (erased_at);
COMMENT ON TABLE ringside.erased_contact IS 'For 31 days: which made-up name a contact of an erased customer has, so that a correction reaches it. A daemon knows contacts no longer than that; who uses a contact''s name again within that time gets the made-up one.';
COMMENT ON COLUMN ringside.erased_contact.tenant IS 'The organisation.';
COMMENT ON COLUMN ringside.erased_contact.digest IS 'SHA-256 of the platform''s name of the contact.';
COMMENT ON COLUMN ringside.erased_contact.made_up IS 'The name that it has now.';
COMMENT ON COLUMN ringside.erased_contact.erased_at IS 'Since when.';

INSERT INTO ringside.retention (class, keep, what) VALUES
    ('erasure', NULL, 'what was erased when and why, without the person')
ON CONFLICT DO NOTHING;

-- What a record of processing has to say of each class; whoever answers for the data changes it to what is true of them.
ALTER TABLE ringside.retention ADD COLUMN IF NOT EXISTS purpose text;
ALTER TABLE ringside.retention ADD COLUMN IF NOT EXISTS basis text;
ALTER TABLE ringside.retention ADD COLUMN IF NOT EXISTS subjects text;
COMMENT ON COLUMN ringside.retention.purpose IS 'What it is kept for.';
COMMENT ON COLUMN ringside.retention.basis IS 'The legal basis, as whoever answers for the data sees it.';
COMMENT ON COLUMN ringside.retention.subjects IS 'Whose personal data it is; null: nobody''s.';
UPDATE ringside.retention AS r SET purpose = v.purpose, basis = v.basis, subjects = v.subjects
FROM (VALUES
    ('aggregate', 'service levels, staffing and reviews of queues and channels', 'not personal data', NULL),
    ('agent', 'staffing, occupancy and adherence; supervisors'' talks with agents', 'to be named by the controller: employment, works agreement', 'agents'),
    ('fact', 'recomputing figures under another policy; looking into single contacts and complaints', 'to be named by the controller: legitimate interest in the quality of service', 'customers (pseudonyms), agents'),
    ('alert', 'what went wrong, what was done, and whether it helped', 'to be named by the controller: legitimate interest in the quality of service', 'those who handled the alert'),
    ('accounting', 'proof that nothing that came in was lost', 'not personal data', NULL),
    ('access', 'proof of who read what about persons, and why', 'accountability', 'those who read'),
    ('erasure', 'proof that a person was erased', 'accountability', 'those who asked and erased')) AS v (class, purpose, basis, subjects)
WHERE r.class = v.class AND r.purpose IS NULL;
