-- The way through the process: how often, and after how long, one stage followed another (daemon/core/process/process.h). Written like
-- the interval rows: absolute, with a revision; several parts of one interval are summed by the views.
CREATE TABLE IF NOT EXISTS ringside.process_edge_part (
    interval_start timestamptz NOT NULL,
    interval_s integer NOT NULL CHECK (interval_s > 0),
    tenant text COLLATE "C" NOT NULL,
    queue text COLLATE "C",
    from_stage text COLLATE "C" NOT NULL,
    to_stage text COLLATE "C" NOT NULL,
    stream_id integer NOT NULL,
    run bigint NOT NULL,
    part bigint NOT NULL,
    revision bigint NOT NULL,
    final boolean NOT NULL,
    count bigint NOT NULL,
    time_us bigint NOT NULL,
    path_us bigint NOT NULL,
    again bigint NOT NULL,
    ping_pong_queues bigint NOT NULL,
    ping_pong_agents bigint NOT NULL,
    time_bucket smallint[],
    time_count integer[],
    stored_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT process_edge_part_key UNIQUE NULLS NOT DISTINCT
        (interval_start, tenant, from_stage, to_stage, queue, stream_id, run, part)
) WITH (fillfactor = 85);
COMMENT ON TABLE ringside.process_edge_part IS 'Steps from one stage to the next per interval, one row per part. Read ringside.process_edge instead.';
COMMENT ON COLUMN ringside.process_edge_part.interval_start IS 'First instant of the interval in which the next stage began (UTC quarter of an hour).';
COMMENT ON COLUMN ringside.process_edge_part.interval_s IS 'Length of the interval, seconds; 900.';
COMMENT ON COLUMN ringside.process_edge_part.tenant IS 'The organisation that the contacts belong to.';
COMMENT ON COLUMN ringside.process_edge_part.queue IS 'The queue whose the stage before is, of a first step the next one; null: no queue''s.';
COMMENT ON COLUMN ringside.process_edge_part.from_stage IS 'The stage before: ''begin'', ''flow'', ''queue:NAME'', ''ring'', ''talk'', ''hold'', ''transfer'', ''wrap'', ''callback'' or ''survey''.';
COMMENT ON COLUMN ringside.process_edge_part.to_stage IS 'The next stage, or an end such as ''end:answered''.';
COMMENT ON COLUMN ringside.process_edge_part.stream_id IS 'The stream that wrote the row (ringside.mark).';
COMMENT ON COLUMN ringside.process_edge_part.run IS 'The start of the daemon that wrote the row; grows.';
COMMENT ON COLUMN ringside.process_edge_part.part IS 'One stay of the interval in that run''s memory. A row of a view is the sum of the parts.';
COMMENT ON COLUMN ringside.process_edge_part.revision IS 'Grows with every change of the row; only a higher one replaces it.';
COMMENT ON COLUMN ringside.process_edge_part.final IS 'Nothing but a correction can change the row.';
COMMENT ON COLUMN ringside.process_edge_part.count IS 'How often to_stage followed from_stage.';
COMMENT ON COLUMN ringside.process_edge_part.time_us IS 'Sum of the times in from_stage before it, microseconds; 0 where that is ''begin''.';
COMMENT ON COLUMN ringside.process_edge_part.path_us IS 'To an end: sum of the times from the first stage to it, microseconds; else 0.';
COMMENT ON COLUMN ringside.process_edge_part.again IS 'How often the contact had been in to_stage before; to an end: contacts with rework.';
COMMENT ON COLUMN ringside.process_edge_part.ping_pong_queues IS 'How often the contact came back to a queue after one other; to an end: contacts that did.';
COMMENT ON COLUMN ringside.process_edge_part.ping_pong_agents IS 'How often the contact came back to an agent after one other; to an end: contacts that did.';
COMMENT ON COLUMN ringside.process_edge_part.time_bucket IS 'Histogram of the times in from_stage: bucket numbers, rising (ringside.hist_low_ms); null: empty.';
COMMENT ON COLUMN ringside.process_edge_part.time_count IS 'Histogram of the times in from_stage: durations in each bucket; may be negative in one part.';
COMMENT ON COLUMN ringside.process_edge_part.stored_at IS 'When the row was last written.';
