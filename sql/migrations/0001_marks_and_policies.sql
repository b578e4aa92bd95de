-- How far each stream has been stored, and what the service-level policies of its rows mean.
CREATE TABLE IF NOT EXISTS ringside.mark (
    stream text COLLATE "C" PRIMARY KEY,
    stream_id integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    epoch bigint NOT NULL,
    run bigint NOT NULL,
    batch bigint NOT NULL DEFAULT 0,
    position bigint NOT NULL DEFAULT 0,
    watermark_us bigint,
    opened_at timestamptz NOT NULL DEFAULT now(),
    moved_at timestamptz
);
COMMENT ON TABLE ringside.mark IS 'One row per stream: how far it has been stored. Moved in the same transaction as what it speaks of.';
COMMENT ON COLUMN ringside.mark.stream IS 'Name of the stream; one daemon writes it at a time.';
COMMENT ON COLUMN ringside.mark.stream_id IS 'Short name of the stream in other tables.';
COMMENT ON COLUMN ringside.mark.epoch IS 'Grows whenever a daemon opens the stream; transactions of an older epoch are refused.';
COMMENT ON COLUMN ringside.mark.run IS 'Start of the daemon that opened the stream; grows.';
COMMENT ON COLUMN ringside.mark.batch IS 'Number of the last stored batch; each transaction moves it from n to n + 1.';
COMMENT ON COLUMN ringside.mark.position IS 'Everything up to this position of the run''s ring is stored.';
COMMENT ON COLUMN ringside.mark.watermark_us IS 'Event time up to which figures are complete, microseconds since 1970; null: not known yet.';
COMMENT ON COLUMN ringside.mark.opened_at IS 'When the epoch began.';
COMMENT ON COLUMN ringside.mark.moved_at IS 'When the last batch was stored.';

CREATE TABLE IF NOT EXISTS ringside.policy (
    name text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    definition jsonb NOT NULL,
    first_seen timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, version)
);
COMMENT ON TABLE ringside.policy IS 'Service-level policies by which rows were counted.';
COMMENT ON COLUMN ringside.policy.name IS 'Name of the policy, as in sl_policy.';
COMMENT ON COLUMN ringside.policy.version IS 'Version of the policy, as in sl_version.';
COMMENT ON COLUMN ringside.policy.definition IS 'What the policy counts: threshold, short limit, and what each outcome does; null: the queue''s own value applies.';
COMMENT ON COLUMN ringside.policy.first_seen IS 'When rows counted by it were first stored.';
