-- process_edge: the edges that `ringside replay --process` prints, over all queues of a tenant, summed from their parts. And
-- process_edges(from, to, tenant, queue): the same over a range of time (interval_start and interval_s null), of one queue's stages if
-- wished. Both come from one pattern: %1$s the statement that makes it, up to AS   %2$s, %3$s interval_start and interval_s
--   %4$s which parts   %5$s by what they are grouped before the edge
DO $create$
DECLARE
    pattern constant text := $view$
%1$s
SELECT s.interval_start, s.interval_s, s.tenant, s.from_stage, s.to_stage, s.count,
    CASE WHEN ringside.process_stage_is_end(s.to_stage) THEN 0 ELSE s.again END AS again,
    ringside.process_time_of(s.from_stage, s.count, s.time_us, s.times) AS time_ms,
    CASE WHEN ringside.process_stage_is_end(s.to_stage) THEN ringside.mean_ms(s.path_us, s.count) END AS path_ms,
    CASE WHEN ringside.process_stage_is_end(s.to_stage) THEN s.again END AS reworked_contacts,
    s.ping_pong_queues, s.ping_pong_agents, s.revision, s.final
FROM (
    SELECT %2$s AS interval_start, %3$s AS interval_s, tenant, from_stage, to_stage,
        sum(count)::bigint AS count, sum(time_us)::bigint AS time_us, sum(path_us)::bigint AS path_us, sum(again)::bigint AS again,
        sum(ping_pong_queues)::bigint AS ping_pong_queues, sum(ping_pong_agents)::bigint AS ping_pong_agents,
        array_agg(ROW(time_bucket, time_count)::ringside.histogram) FILTER (WHERE time_bucket IS NOT NULL) AS times,
        sum(revision)::bigint AS revision, bool_and(final) AS final
    FROM ringside.process_edge_part
    %4$s
    GROUP BY %5$stenant, from_stage, to_stage) AS s
WHERE s.count <> 0 OR s.time_us <> 0 OR s.path_us <> 0 OR s.again <> 0 OR s.ping_pong_queues <> 0 OR s.ping_pong_agents <> 0
$view$;
    note record;
BEGIN
    EXECUTE format(pattern, 'CREATE OR REPLACE VIEW ringside.process_edge AS', 'interval_start', 'interval_s', '',
        'interval_start, interval_s, ');
    EXECUTE format('CREATE OR REPLACE FUNCTION ringside.process_edges(from_time timestamptz, to_time timestamptz, '
        'of_tenant text DEFAULT NULL, of_queue text DEFAULT NULL) RETURNS SETOF ringside.process_edge LANGUAGE sql STABLE AS %L',
        format(pattern, '', 'NULL::timestamptz', 'NULL::integer',
            'WHERE interval_start >= from_time AND interval_start < to_time AND (of_tenant IS NULL OR tenant = of_tenant)'
            ' AND (of_queue IS NULL OR queue = of_queue)', '')
        || ' ORDER BY tenant, ringside.process_stage_rank(from_stage), from_stage, ringside.process_stage_rank(to_stage), to_stage');
    FOR note IN SELECT * FROM (VALUES
            ('interval_start', 'First instant of the interval in which the next stage began (UTC quarter of an hour); null: over a range.'),
            ('interval_s', 'Length of the interval, seconds; null: over a range.'),
            ('tenant', 'The organisation that the contacts belong to.'),
            ('from_stage', 'The stage before: begin, flow, queue:NAME, ring, talk, hold, transfer, wrap, callback or survey.'),
            ('to_stage', 'The next stage, or an end such as end:answered.'), ('count', 'How often to_stage followed from_stage.'),
            ('again', 'How often the contact had been in to_stage before; 0 for ends.'),
            ('time_ms', 'Times in from_stage before it, milliseconds: sum, mean, p50, p90, max; null for begin, which takes none.'),
            ('path_ms', 'To an end: mean time from the first stage to it, milliseconds.'),
            ('reworked_contacts', 'To an end: contacts that had been in a stage more than once.'),
            ('ping_pong_queues', 'How often the contact came back to a queue after one other; to an end: contacts that did.'),
            ('ping_pong_agents', 'How often the contact came back to an agent after one other; to an end: contacts that did.'),
            ('revision', 'Sum of the parts'' revisions: grows with every change.'),
            ('final', 'Nothing but a correction can change it.')) AS n (name, text) LOOP
        EXECUTE format('COMMENT ON COLUMN ringside.process_edge.%I IS %L', note.name, note.text);
    END LOOP;
END;
$create$;
COMMENT ON VIEW ringside.process_edge IS 'Steps from one stage to the next per interval, over all queues of a tenant.';
COMMENT ON FUNCTION ringside.process_edges IS 'Steps from one stage to the next in [from_time, to_time): of one tenant or all, of all queues'' stages or of one''s.';

-- The map of each tenant over a range of time, with the members of the summary of `ringside replay --process`.
CREATE OR REPLACE FUNCTION ringside.process_map(from_time timestamptz, to_time timestamptz, of_tenant text DEFAULT NULL)
RETURNS TABLE (tenant text, begun bigint, finished bigint, path_ms double precision, rework bigint, loops bigint,
               reworked_contacts bigint, ping_pong jsonb, bottleneck jsonb, stages jsonb, queues jsonb)
LANGUAGE sql STABLE AS $$
WITH edge AS (
    SELECT p.tenant, p.queue, p.from_stage, p.to_stage, ringside.process_stage_is_end(p.to_stage) AS to_end,
        sum(p.count)::bigint AS count, sum(p.time_us)::bigint AS time_us, sum(p.path_us)::bigint AS path_us, sum(p.again)::bigint AS again,
        sum(p.ping_pong_queues)::bigint AS ping_pong_queues, sum(p.ping_pong_agents)::bigint AS ping_pong_agents
    FROM ringside.process_edge_part AS p
    WHERE p.interval_start >= from_time AND p.interval_start < to_time AND (of_tenant IS NULL OR p.tenant = of_tenant)
    GROUP BY p.tenant, p.queue, p.from_stage, p.to_stage
    HAVING sum(p.count) <> 0 OR sum(p.time_us) <> 0 OR sum(p.path_us) <> 0 OR sum(p.again) <> 0 OR sum(p.ping_pong_queues) <> 0
        OR sum(p.ping_pong_agents) <> 0
), total AS (
    SELECT e.tenant, sum(e.time_us)::bigint AS time_us,
        coalesce(sum(e.count) FILTER (WHERE e.from_stage = 'begin'), 0)::bigint AS begun,
        coalesce(sum(e.count) FILTER (WHERE e.to_end), 0)::bigint AS finished,
        coalesce(sum(e.path_us) FILTER (WHERE e.to_end), 0)::bigint AS path_us,
        coalesce(sum(e.again) FILTER (WHERE NOT e.to_end), 0)::bigint AS rework,
        coalesce(sum(e.count) FILTER (WHERE NOT e.to_end AND e.from_stage = e.to_stage), 0)::bigint AS loops,
        coalesce(sum(e.again) FILTER (WHERE e.to_end), 0)::bigint AS reworked_contacts,
        jsonb_build_object(
            'queues', coalesce(sum(e.ping_pong_queues) FILTER (WHERE NOT e.to_end), 0)::bigint,
            'agents', coalesce(sum(e.ping_pong_agents) FILTER (WHERE NOT e.to_end), 0)::bigint,
            'queue_contacts', coalesce(sum(e.ping_pong_queues) FILTER (WHERE e.to_end), 0)::bigint,
            'agent_contacts', coalesce(sum(e.ping_pong_agents) FILTER (WHERE e.to_end), 0)::bigint) AS ping_pong
    FROM edge AS e GROUP BY e.tenant
), side AS (
    SELECT e.tenant, e.to_stage AS stage, e.count AS entries, 0::bigint AS exits, CASE WHEN e.to_end THEN 0 ELSE e.again END AS again,
        0::bigint AS time_us
    FROM edge AS e
    UNION ALL
    SELECT e.tenant, e.from_stage, 0, e.count, 0, e.time_us FROM edge AS e WHERE e.from_stage <> 'begin'
), stage AS (
    SELECT s.tenant, s.stage, ringside.process_stage_rank(s.stage) AS rank, sum(s.entries)::bigint AS entries, sum(s.exits)::bigint AS exits,
        sum(s.again)::bigint AS again, sum(s.time_us)::bigint AS time_us
    FROM side AS s GROUP BY s.tenant, s.stage
), listed AS (
    SELECT s.tenant,
        jsonb_agg(jsonb_build_object('stage', s.stage, 'entries', s.entries, 'exits', s.exits, 'again', s.again,
            'time_ms', ringside.whole_ms(s.time_us), 'share', CASE WHEN t.time_us > 0 THEN ringside.ratio(s.time_us, t.time_us) ELSE 0 END)
            ORDER BY s.rank, s.stage) AS stages,
        (array_agg(ringside.process_bottleneck(s.stage, s.time_us, t.time_us) ORDER BY s.time_us DESC, s.rank, s.stage))[1] AS bottleneck
    FROM stage AS s JOIN total AS t USING (tenant) GROUP BY s.tenant
), part AS (
    SELECT e.tenant, e.queue, ringside.process_stage_rank(e.from_stage) AS rank,
        CASE WHEN e.from_stage LIKE 'queue:%' THEN 'queue:' || e.queue ELSE e.from_stage END AS stage, sum(e.time_us)::bigint AS time_us
    FROM edge AS e WHERE e.from_stage <> 'begin' AND e.queue IS NOT NULL GROUP BY 1, 2, 3, 4
), queue AS (
    SELECT p.tenant, p.queue, sum(p.time_us)::bigint AS time_us,
        (array_agg(p.stage ORDER BY p.time_us DESC, p.rank))[1] AS stage, max(p.time_us) AS most_us
    FROM part AS p GROUP BY p.tenant, p.queue
), queued AS (
    SELECT q.tenant, jsonb_agg(jsonb_build_object('queue', q.queue, 'time_ms', ringside.whole_ms(q.time_us),
            'bottleneck', ringside.process_bottleneck(q.stage, q.most_us, q.time_us)) ORDER BY q.queue) AS queues
    FROM queue AS q GROUP BY q.tenant
)
SELECT t.tenant, t.begun, t.finished, ringside.mean_ms(t.path_us, t.finished), t.rework, t.loops, t.reworked_contacts, t.ping_pong,
    l.bottleneck, l.stages, coalesce(q.queues, '[]'::jsonb)
FROM total AS t JOIN listed AS l USING (tenant) LEFT JOIN queued AS q USING (tenant) ORDER BY t.tenant
$$;
COMMENT ON FUNCTION ringside.process_map IS 'The way through the process in [from_time, to_time), one row per tenant: each stage''s share of time and the bottleneck among them, rework, loops, ping-pong between queues and agents, and each queue''s own bottleneck. Times in milliseconds.';
