-- The order of the stages of daemon/core/process/stage.h; of one kind, queues are ordered by name.
CREATE OR REPLACE FUNCTION ringside.process_stage_rank(stage text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN stage LIKE 'queue:%' THEN 3
                ELSE array_position('{begin,flow,queue,ring,talk,hold,transfer,wrap,callback,survey,end:answered,end:abandoned,end:flowed_out,end:transferred,end:blocked,end:callback,end:closed,end:before_queue,end:lost}'::text[], stage) END
$$;
COMMENT ON FUNCTION ringside.process_stage_rank IS 'Place of a stage in the order in which a contact usually comes through them.';

CREATE OR REPLACE FUNCTION ringside.process_stage_is_end(stage text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT stage LIKE 'end:%' $$;
COMMENT ON FUNCTION ringside.process_stage_is_end IS 'True for the ends of a way, such as end:answered.';

CREATE OR REPLACE FUNCTION ringside.process_time(from_stage text, n bigint, sum_us bigint, buckets smallint[], counts integer[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN from_stage <> 'begin' THEN
               jsonb_build_object('sum', ringside.whole_ms(sum_us), 'mean', ringside.mean_ms(sum_us, n), 'p50', p.ms[1], 'p90', p.ms[2],
                                  'max', p.ms[3]) END
    FROM (SELECT ringside.hist_percentiles(buckets, counts, '{500,900,1000}', NULL, NULL) AS ms OFFSET 0) AS p
$$;
COMMENT ON FUNCTION ringside.process_time IS 'Times in a stage before the next one, milliseconds: sum, mean, percentiles; null for begin, which takes no time.';

CREATE OR REPLACE FUNCTION ringside.process_time_of(from_stage text, n bigint, sum_us bigint, parts ringside.histogram[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ringside.process_time(from_stage, n, sum_us, (h.merged).bucket, (h.merged).count) FROM (SELECT ringside.hist_merge(parts) AS merged OFFSET 0) AS h
$$;
COMMENT ON FUNCTION ringside.process_time_of IS 'Times in a stage before the next one over many parts, milliseconds: sum, mean, percentiles; null for begin.';

-- {"stage", "time_ms", "share"}; null when there is no time to have a share of.
CREATE OR REPLACE FUNCTION ringside.process_bottleneck(stage text, time_us bigint, of_us bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN of_us > 0 THEN jsonb_build_object('stage', stage, 'time_ms', ringside.whole_ms(time_us),
                                                       'share', ringside.ratio(time_us, of_us)) END
$$;
COMMENT ON FUNCTION ringside.process_bottleneck IS 'The stage that holds the most time, and its share of all; null when there is no time.';
