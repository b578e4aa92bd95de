-- What came in per source and what became of it, and what was refused.
CREATE TABLE IF NOT EXISTS ringside.source_accounting (
    stream_id integer NOT NULL,
    run bigint NOT NULL,
    source text COLLATE "C" NOT NULL,
    received bigint NOT NULL,
    applied bigint NOT NULL,
    duplicate bigint NOT NULL,
    late_applied bigint NOT NULL,
    too_late bigint NOT NULL,
    invalid bigint NOT NULL,
    unknown bigint NOT NULL,
    future bigint NOT NULL,
    over_limit bigint NOT NULL,
    gaps bigint NOT NULL,
    missing bigint NOT NULL,
    watermark timestamptz,
    idle boolean NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream_id, run, source)
);
COMMENT ON TABLE ringside.source_accounting IS 'Per source and run: received = applied + duplicate + late_applied + too_late + invalid + unknown + future + over_limit.';
COMMENT ON COLUMN ringside.source_accounting.stream_id IS 'The stream that wrote the row (ringside.mark).';
COMMENT ON COLUMN ringside.source_accounting.run IS 'The start of the daemon that wrote the row; grows.';
COMMENT ON COLUMN ringside.source_accounting.source IS 'The source, as it names itself; empty: events that did not say.';
COMMENT ON COLUMN ringside.source_accounting.received IS 'Events received.';
COMMENT ON COLUMN ringside.source_accounting.applied IS 'Events applied in order.';
COMMENT ON COLUMN ringside.source_accounting.duplicate IS 'Events that were known already.';
COMMENT ON COLUMN ringside.source_accounting.late_applied IS 'Events that came late and were applied.';
COMMENT ON COLUMN ringside.source_accounting.too_late IS 'Events refused: later than the allowed lateness.';
COMMENT ON COLUMN ringside.source_accounting.invalid IS 'Events refused: broken.';
COMMENT ON COLUMN ringside.source_accounting.unknown IS 'Events refused: of a type that is not known.';
COMMENT ON COLUMN ringside.source_accounting.future IS 'Events refused: too far ahead of their arrival.';
COMMENT ON COLUMN ringside.source_accounting.over_limit IS 'Events refused: a configured bound was reached.';
COMMENT ON COLUMN ringside.source_accounting.gaps IS 'Holes seen in the source''s numbers.';
COMMENT ON COLUMN ringside.source_accounting.missing IS 'Numbers that are missing in them.';
COMMENT ON COLUMN ringside.source_accounting.watermark IS 'Latest time of an event of it; null: none.';
COMMENT ON COLUMN ringside.source_accounting.idle IS 'It has been silent and is not waited for.';
COMMENT ON COLUMN ringside.source_accounting.stored_at IS 'When the row was last written.';

CREATE TABLE IF NOT EXISTS ringside.quarantine (
    stream_id integer NOT NULL,
    run bigint NOT NULL,
    number bigint NOT NULL,
    at timestamptz NOT NULL,
    source text COLLATE "C",
    seq numeric(20, 0),
    reason text COLLATE "C" NOT NULL,
    field text COLLATE "C",
    length bigint NOT NULL,
    hash bigint NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream_id, run, number)
);
COMMENT ON TABLE ringside.quarantine IS 'What was refused and why; never the bytes themselves, they may hold a caller''s number.';
COMMENT ON COLUMN ringside.quarantine.stream_id IS 'The stream that wrote the row (ringside.mark).';
COMMENT ON COLUMN ringside.quarantine.run IS 'The start of the daemon that wrote the row; grows.';
COMMENT ON COLUMN ringside.quarantine.number IS 'Order of the refusal within the run.';
COMMENT ON COLUMN ringside.quarantine.at IS 'When it was refused.';
COMMENT ON COLUMN ringside.quarantine.source IS 'The source, as it names itself; null: it did not say. ''ringside/store'': a row of ours that the database refused.';
COMMENT ON COLUMN ringside.quarantine.seq IS 'The source''s number of the event; null: none.';
COMMENT ON COLUMN ringside.quarantine.reason IS 'Why it was refused.';
COMMENT ON COLUMN ringside.quarantine.field IS 'Which field was wrong; null: the whole event. For a row of ours, the database''s SQLSTATE.';
COMMENT ON COLUMN ringside.quarantine.length IS 'Bytes of the offending value, or of the event.';
COMMENT ON COLUMN ringside.quarantine.hash IS 'Keyed hash of the bytes: equal for equal bytes under one key.';
COMMENT ON COLUMN ringside.quarantine.stored_at IS 'When the row was written.';
