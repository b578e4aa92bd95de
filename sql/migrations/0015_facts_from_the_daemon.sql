-- The daemon writes facts of single contacts: a contact once nothing of it is open, whole, and again when something of it changes. What comes
-- after it has left the daemon's memory is another part. Legs and handlings hold all that was counted of them, moments the rest; so
-- intervals can be counted again from facts (`ringside restate`), and facts that were loaded by hand stay what they were.
ALTER TABLE ringside.contact_fact ADD COLUMN IF NOT EXISTS stream_id integer NOT NULL DEFAULT 0;
ALTER TABLE ringside.contact_fact ADD COLUMN IF NOT EXISTS run bigint NOT NULL DEFAULT 0;
ALTER TABLE ringside.contact_fact ADD COLUMN IF NOT EXISTS part bigint NOT NULL DEFAULT 0;
ALTER TABLE ringside.contact_fact ADD COLUMN IF NOT EXISTS closed_at timestamptz;
ALTER TABLE ringside.contact_fact ADD COLUMN IF NOT EXISTS took_place boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN ringside.contact_fact.stream_id IS 'The stream that wrote it (ringside.mark); 0: loaded by hand.';
COMMENT ON COLUMN ringside.contact_fact.run IS 'The start of the journal that it was written from.';
COMMENT ON COLUMN ringside.contact_fact.part IS 'The stay of the contact in memory that wrote it last.';
COMMENT ON COLUMN ringside.contact_fact.closed_at IS 'Where attribution close puts the contact: its last end, else its last event.';
COMMENT ON COLUMN ringside.contact_fact.took_place IS 'False: its events only speak of a contact (a survey for one that nobody knows).';

ALTER TABLE ringside.leg_fact ADD COLUMN IF NOT EXISTS stream_id integer NOT NULL DEFAULT 0;
ALTER TABLE ringside.leg_fact ADD COLUMN IF NOT EXISTS run bigint NOT NULL DEFAULT 0;
ALTER TABLE ringside.leg_fact ADD COLUMN IF NOT EXISTS part bigint NOT NULL DEFAULT 0;
ALTER TABLE ringside.leg_fact ADD COLUMN IF NOT EXISTS opened boolean NOT NULL DEFAULT true;
ALTER TABLE ringside.leg_fact ADD COLUMN IF NOT EXISTS counted_us bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN ringside.leg_fact.stream_id IS 'The stream that wrote it (ringside.mark); 0: loaded by hand.';
COMMENT ON COLUMN ringside.leg_fact.run IS 'The start of the journal that it was written from.';
COMMENT ON COLUMN ringside.leg_fact.part IS 'One stay of the contact in memory; it is written and replaced as a whole.';
COMMENT ON COLUMN ringside.leg_fact.opened IS 'False: it was opened in another part, and counted as offered there.';
COMMENT ON COLUMN ringside.leg_fact.counted_us IS 'Of wait_us: what a leg exchanged for a call-back has counted before.';

ALTER TABLE ringside.handling_fact ADD COLUMN IF NOT EXISTS stream_id integer NOT NULL DEFAULT 0;
ALTER TABLE ringside.handling_fact ADD COLUMN IF NOT EXISTS run bigint NOT NULL DEFAULT 0;
ALTER TABLE ringside.handling_fact ADD COLUMN IF NOT EXISTS part bigint NOT NULL DEFAULT 0;
ALTER TABLE ringside.handling_fact ADD COLUMN IF NOT EXISTS entered_at timestamptz;
ALTER TABLE ringside.handling_fact ADD COLUMN IF NOT EXISTS transferred_at timestamptz;
ALTER TABLE ringside.handling_fact ADD COLUMN IF NOT EXISTS handle_us bigint;
ALTER TABLE ringside.handling_fact ADD COLUMN IF NOT EXISTS wrap_ends_us bigint[];
ALTER TABLE ringside.handling_fact ADD COLUMN IF NOT EXISTS wraps_us bigint[];
COMMENT ON COLUMN ringside.handling_fact.stream_id IS 'The stream that wrote it (ringside.mark); 0: loaded by hand.';
COMMENT ON COLUMN ringside.handling_fact.run IS 'The start of the journal that it was written from.';
COMMENT ON COLUMN ringside.handling_fact.part IS 'One stay of the contact in memory; it is written and replaced as a whole.';
COMMENT ON COLUMN ringside.handling_fact.entered_at IS 'Where attribution enter puts it: its leg''s queued time, its answer without a leg.';
COMMENT ON COLUMN ringside.handling_fact.transferred_at IS 'When it was transferred; null: it was not.';
COMMENT ON COLUMN ringside.handling_fact.handle_us IS 'Talk, hold and wrap-up as counted together; null: not in this part.';
COMMENT ON COLUMN ringside.handling_fact.wrap_ends_us IS 'When each wrap-up ended, microseconds since 1970; null: none.';
COMMENT ON COLUMN ringside.handling_fact.wraps_us IS 'How long each of them took, microseconds.';

INSERT INTO ringside.partitioned (name, class, time_column) VALUES ('moment_fact', 'fact', 'at') ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS ringside.moment_fact (
    tenant text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    number integer NOT NULL,
    stream_id integer NOT NULL DEFAULT 0,
    run bigint NOT NULL DEFAULT 0,
    part bigint NOT NULL DEFAULT 0,
    revision bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    entered_at timestamptz NOT NULL,
    queue text COLLATE "C",
    channel text COLLATE "C",
    agent text COLLATE "C",
    team text COLLATE "C",
    outcome smallint NOT NULL DEFAULT 0,
    reason smallint NOT NULL DEFAULT 0,
    value bigint NOT NULL DEFAULT 0,
    second_value bigint NOT NULL DEFAULT 0,
    holds integer NOT NULL DEFAULT 0,
    begun_at timestamptz,
    stored_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT moment_fact_key PRIMARY KEY (tenant, contact, at, number, part)
) PARTITION BY RANGE (at);
CREATE INDEX IF NOT EXISTS moment_fact_time ON ringside.moment_fact USING brin (at) WITH (pages_per_range = 16, autosummarize = on);
COMMENT ON TABLE ringside.moment_fact IS 'One row for everything else that was counted of a contact: offers, transfers to a queue, refusals, replies, surveys, … .';
COMMENT ON COLUMN ringside.moment_fact.tenant IS 'The organisation.';
COMMENT ON COLUMN ringside.moment_fact.contact IS 'The contact (ringside.contact_fact).';
COMMENT ON COLUMN ringside.moment_fact.at IS 'When it happened.';
COMMENT ON COLUMN ringside.moment_fact.number IS 'Order within the part, from 1.';
COMMENT ON COLUMN ringside.moment_fact.stream_id IS 'The stream that wrote it (ringside.mark); 0: loaded by hand.';
COMMENT ON COLUMN ringside.moment_fact.run IS 'The start of the journal that it was written from.';
COMMENT ON COLUMN ringside.moment_fact.part IS 'One stay of the contact in memory; it is written and replaced as a whole.';
COMMENT ON COLUMN ringside.moment_fact.revision IS 'That of the contact.';
COMMENT ON COLUMN ringside.moment_fact.kind IS 'What was counted, such as ''offered''; ''none'': the part holds nothing else.';
COMMENT ON COLUMN ringside.moment_fact.entered_at IS 'Where attribution enter puts it.';
COMMENT ON COLUMN ringside.moment_fact.queue IS 'The queue; null: none.';
COMMENT ON COLUMN ringside.moment_fact.channel IS 'The channel; null: none.';
COMMENT ON COLUMN ringside.moment_fact.agent IS 'The agent; null: none, or erased. A person: show it to few.';
COMMENT ON COLUMN ringside.moment_fact.team IS 'The team; null: none.';
COMMENT ON COLUMN ringside.moment_fact.outcome IS 'Of a leg that was closed in this part and opened in another: number of its outcome; else 0.';
COMMENT ON COLUMN ringside.moment_fact.reason IS 'Number of the reason or kind (proto/ringside.proto lists them in their order); 0: none.';
COMMENT ON COLUMN ringside.moment_fact.value IS 'A duration in microseconds, a score in thousandths.';
COMMENT ON COLUMN ringside.moment_fact.second_value IS 'The duration by the calendar; a survey''s scale.';
COMMENT ON COLUMN ringside.moment_fact.holds IS 'Of a handling that stands here: how often it was held.';
COMMENT ON COLUMN ringside.moment_fact.begun_at IS 'Of a handling that stands here: its answer.';
COMMENT ON COLUMN ringside.moment_fact.stored_at IS 'When the row was last written.';

-- A leg or handling of another part may stand at the same moment under the same number.
DO $keys$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT * FROM (VALUES ('leg_fact', 'queued_at'), ('handling_fact', 'begun_at')) AS t (name, column_name) LOOP
        EXECUTE format('ALTER TABLE ringside.%I DROP CONSTRAINT IF EXISTS %I', one.name, one.name || '_key');
        EXECUTE format('ALTER TABLE ringside.%I ADD CONSTRAINT %I PRIMARY KEY (tenant, contact, %I, number, part)', one.name, one.name || '_key',
            one.column_name);
    END LOOP;
END;
$keys$;

-- --- intervals counted again ---------------------------------------------------------------------------------------------
-- A restatement adds a part to each interval that it changes: what the new policies count less what the old ones did. Nothing is overwritten:
-- with that part a view shows the new figures, without it the old ones.
CREATE TABLE IF NOT EXISTS ringside.restatement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_time timestamptz NOT NULL,
    to_time timestamptz NOT NULL,
    policies jsonb NOT NULL,
    reason text,
    rows bigint NOT NULL DEFAULT 0,
    facts bigint NOT NULL DEFAULT 0,
    made_at timestamptz NOT NULL DEFAULT now(),
    made_by text NOT NULL DEFAULT session_user,
    CHECK (to_time > from_time)
);
COMMENT ON TABLE ringside.restatement IS 'Intervals that were counted again from facts under other policies (`ringside restate`). Their parts are of stream ''restate'', part = id.';
COMMENT ON COLUMN ringside.restatement.id IS 'Its number, and that of its parts.';
COMMENT ON COLUMN ringside.restatement.from_time IS 'First instant of the time.';
COMMENT ON COLUMN ringside.restatement.to_time IS 'First instant after it.';
COMMENT ON COLUMN ringside.restatement.policies IS 'Names and versions of the policies that count from then on.';
COMMENT ON COLUMN ringside.restatement.reason IS 'Why, in the words of who did it.';
COMMENT ON COLUMN ringside.restatement.rows IS 'Interval parts that it added.';
COMMENT ON COLUMN ringside.restatement.facts IS 'Facts from which it counted.';
COMMENT ON COLUMN ringside.restatement.made_at IS 'When.';
COMMENT ON COLUMN ringside.restatement.made_by IS 'By whom.';
