-- Opens a stream for one daemon: takes the next epoch. Position counts within one run's ring, so it begins again with a run.
CREATE OR REPLACE FUNCTION ringside.open_stream(IN stream_name text, IN new_run bigint, IN above_epoch bigint, OUT stream_id integer,
                                                OUT epoch bigint, OUT batch bigint, OUT "position" bigint, OUT newest bigint)
LANGUAGE sql AS $$
    INSERT INTO ringside.mark AS m (stream, epoch, run) VALUES (stream_name, above_epoch + 1, new_run)
    ON CONFLICT (stream) DO UPDATE
        SET epoch = greatest(m.epoch, above_epoch) + 1, run = excluded.run, opened_at = now(),
            "position" = CASE WHEN m.run = excluded.run THEN m."position" ELSE 0 END,
            newest = CASE WHEN m.run = excluded.run THEN m.newest ELSE 0 END
    RETURNING m.stream_id, m.epoch, m.batch, m."position", m.newest;
$$;
COMMENT ON FUNCTION ringside.open_stream IS 'Opens a stream for one daemon: takes the next epoch and says what is stored.';

-- First statement of every batch. The row lock it takes is held to the end: transactions of one stream come one by one.
-- SQLSTATE RS001: another daemon has opened the stream. RS002: the mark is not where the caller believes it to be.
CREATE OR REPLACE FUNCTION ringside.advance_mark(of_stream_id integer, of_epoch bigint, to_batch bigint, to_position bigint,
                                                 to_newest bigint, to_watermark_us bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found_mark ringside.mark;
BEGIN
    UPDATE ringside.mark
        SET batch = to_batch, "position" = to_position, newest = to_newest, watermark_us = coalesce(to_watermark_us, watermark_us), moved_at = now()
        WHERE stream_id = of_stream_id AND epoch = of_epoch AND batch = to_batch - 1;
    IF FOUND THEN RETURN; END IF;
    SELECT * INTO found_mark FROM ringside.mark WHERE stream_id = of_stream_id;
    IF found_mark.epoch > of_epoch THEN
        RAISE EXCEPTION 'stream "%" was opened by another daemon at % (epoch %, ours is %)',
            found_mark.stream, found_mark.opened_at, found_mark.epoch, of_epoch USING ERRCODE = 'RS001';
    END IF;
    RAISE EXCEPTION 'the mark of stream % is at epoch %, batch %; expected epoch %, batch %',
        of_stream_id, found_mark.epoch, found_mark.batch, of_epoch, to_batch - 1 USING ERRCODE = 'RS002';
END;
$$;
COMMENT ON FUNCTION ringside.advance_mark IS 'Moves a stream''s mark to the next batch, or fails: RS001 fenced, RS002 not where expected.';
