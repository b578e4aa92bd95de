-- Persons: who may read what, that reads are written down, that small cells stay closed, that erasing leaves the figures.
BEGIN;
SELECT no_plan();
SELECT setseed(coalesce(nullif(current_setting('ringside.seed', true), ''), '0.25')::float8);
SELECT ringside.ensure_partitions('2026-01-01Z', '2026-02-01Z');
INSERT INTO ringside.agent_interval_part (tenant, agent, interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open, handled, talk_us)
    SELECT 't', 'a' || a, '2026-01-05 08:00Z'::timestamptz + i * interval '15 minutes', 900, 'event', 1, 1, 1, 1, true, 0, 3, 3000000 FROM generate_series(1, 4) AS a, generate_series(0, 9) AS i;
INSERT INTO ringside.queue_interval_part (tenant, queue, channel, interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open, offered, answered, handled, csat_responses, csat_score_milli)
    SELECT 't', 'q' || q, 'voice', '2026-01-05 08:00Z'::timestamptz + d * interval '1 day', 900, 'event', 1, 1, 1, 1, true, 0, n, n, n, n / 4, n / 4 * 4000
    FROM generate_series(1, 6) AS q, generate_series(0, 9) AS d, LATERAL (SELECT (CASE WHEN random() < 0.25 THEN 1 + random() * 8 ELSE 15 + random() * 80 END)::int + 0 * q * d AS n) AS k;
SELECT ringside.load_contact(jsonb_build_object('tenant', 't', 'contact', 'c' || i, 'begun_at', '2026-01-05Z'::timestamptz + i * interval '1 hour', 'ended_at', '2026-01-05 00:05Z'::timestamptz + i * interval '1 hour',
    'revision', 1, 'customer', lpad(to_hex(i % 3), 32, 'a'), 'channel', 'voice', 'direction', 'inbound', 'topic', CASE WHEN i = 40 THEN 'rare' ELSE 'claim' END, 'fcr_eligible', i % 2 = 0, 'fcr_repeated', i % 4 = 0,
    'legs', jsonb_build_array(jsonb_build_object('queued_at', '2026-01-05Z'::timestamptz + i * interval '1 hour', 'queue', 'q1', 'outcome', 'answered', 'closed_at', '2026-01-05 00:00:10Z'::timestamptz + i * interval '1 hour', 'wait_us', 10000000, 'agent', 'a1')),
    'handlings', jsonb_build_array(jsonb_build_object('begun_at', '2026-01-05 00:00:10Z'::timestamptz + i * interval '1 hour', 'queue', 'q1', 'agent', 'a1', 'ended_at', '2026-01-05 00:05Z'::timestamptz + i * interval '1 hour', 'talk_us', 290000000))))
FROM generate_series(1, 40) AS i;
SELECT is(ringside.load_contact('{"tenant": "t", "contact": "c1", "begun_at": "2026-01-05Z", "revision": 1, "channel": "voice", "direction": "inbound"}'), false, 'an equal revision changes nothing');
SELECT is((SELECT count(*)::int FROM ringside.leg_fact), 40, 'every leg is there');
SELECT throws_ok($$SELECT ringside.load_contact('{"tenant": "t", "contact": "x", "begun_at": "2026-01-05Z", "revision": 1, "channel": "voice", "direction": "inbound", "customer": "+15550001"}')$$, '23514', NULL, 'a number in the clear is refused');

-- Rights. What a statement says to a role: its first value, or the SQLSTATE that it is refused with.
CREATE FUNCTION pg_temp.ask(of_role text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', of_role);
    EXECUTE statement INTO answer;
    RESET ROLE;
    RETURN answer;
EXCEPTION WHEN OTHERS THEN RETURN 'refused: ' || SQLSTATE;
END $$;
SELECT is(pg_temp.ask('ringside_analyst', 'SELECT count(*) > 0 FROM ringside.queue_interval'), 'true', 'an analyst reads queues');
SELECT is(pg_temp.ask('ringside_analyst', $$SELECT count(*) > 0 FROM ringside.queue_history('2026-01-01Z', '2026-02-01Z', 'month')$$), 'true', 'and their history');
SELECT is(pg_temp.ask('ringside_analyst', $$SELECT count(*) > 0 FROM ringside.export_figures('queue', '2026-01-01Z', '2026-02-01Z')$$), 'true', 'and exports');
SELECT is(pg_temp.ask('ringside_analyst', s), 'refused: 42501', 'an analyst may not: ' || s) FROM unnest(ARRAY['SELECT * FROM ringside.agent_interval', 'SELECT * FROM ringside.agent_interval_part',
    'SELECT * FROM ringside.agent_interval_part_2026_01', 'SELECT * FROM ringside.agent_rollup($a$2026-01-01Z$a$, $a$2026-02-01Z$a$)',
    'SELECT * FROM ringside.contact_fact', 'SELECT * FROM ringside.read_agents($a$2026-01-01Z$a$, $a$2026-02-01Z$a$, $a$because$a$)', 'SELECT * FROM ringside.access_log', 'SELECT ringside.erase_agent($a$t$a$, $a$a1$a$, $a$because$a$)',
    'UPDATE ringside.queue_interval_part SET offered = 0 RETURNING 1', 'SELECT ringside.drop_expired()', 'SELECT ringside.log_access($a$x$a$, NULL, NULL, NULL, $a$forged$a$, 1)']) AS s;
SELECT is(pg_temp.ask('ringside_supervisor', 'SELECT * FROM ringside.agent_interval'), 'refused: 42501', 'a supervisor reads no agents unseen');
SELECT is(pg_temp.ask('ringside_supervisor', $$SELECT sum(handled) FROM ringside.read_agents('2026-01-01Z', '2026-02-01Z', 'monthly talk', 'month', 'UTC', 't', 'a1')$$), '30', 'but through the function');
SELECT is(pg_temp.ask('ringside_supervisor', $$SELECT * FROM ringside.read_agents('2026-01-01Z', '2026-02-01Z', ' ')$$), 'refused: 22023', 'with a reason only');
SELECT is(pg_temp.ask('ringside_supervisor', $$SELECT string_agg(format('%s %s %s %s', what, queue, wait_ms, talk_ms), ', ') FROM ringside.read_contact('t', 'c7', 'complaint 12')$$),
    'leg q1 10000 , handling q1  290000', 'a contact step by step');
SELECT is(pg_temp.ask('ringside_supervisor', $$SELECT count(*) FROM ringside.customer_journey('t', lpad('1', 32, 'a'), 'complaint 12')$$), '14', 'a customer''s journey by pseudonym');
SELECT is(pg_temp.ask('ringside_supervisor', $$SELECT * FROM ringside.customer_journey('t', '+15550001', 'complaint 12')$$), 'refused: 22023', 'never by number');
SELECT is(pg_temp.ask('ringside_supervisor', 'DELETE FROM ringside.access_log RETURNING 1'), 'refused: 42501', 'nobody tidies the log');
SELECT is(pg_temp.ask('ringside_auditor', $$SELECT count(*) FROM ringside.access_log WHERE what LIKE '%given out' AND rows > 0$$), '3', 'every read is written down');
SELECT is(pg_temp.ask('ringside_auditor', $$SELECT string_agg(DISTINCT subject, ',' ORDER BY subject) FROM ringside.access_log$$), 'a1,c7', 'with whom, but no pseudonym');
SELECT is(pg_temp.ask('ringside_auditor', 'SELECT * FROM ringside.contact_fact'), 'refused: 42501', 'the auditor himself reads no persons');
SELECT is(pg_temp.ask('ringside_auditor', 'SELECT count(*) >= 6 FROM ringside.record_of_processing'), 'true', 'the record of processing');
SELECT is(pg_temp.ask('ringside_daemon', $$SELECT ringside.upkeep() ->> 'dropped'$$), '0', 'the daemon keeps months');
SELECT is(pg_temp.ask('ringside_daemon', 'SELECT * FROM ringside.contact_fact'), 'refused: 42501', 'and reads no facts');
SELECT throws_ok('UPDATE ringside.access_log SET reason = ''other''', '55000', NULL, 'not even the owner rewrites the log');

-- Topics.
SELECT is((SELECT string_agg(format('%s %s %s', topic, contacts, aht_ms), ', ') FROM ringside.topic_report('t', '2026-01-01Z', '2026-02-01Z')), 'claim 39 290000, (few) 1 290000', 'topics, small ones together');

-- Small cells: against looking at every cell.
CREATE TEMPORARY TABLE given AS SELECT * FROM ringside.export_figures('queue', '2026-01-01Z', '2026-02-01Z');
CREATE TEMPORARY TABLE truth AS SELECT interval_start::date AS day, queue, offered FROM ringside.queue_interval_part WHERE tenant = 't';
SELECT is_empty($$SELECT * FROM given AS g JOIN truth AS t ON t.day = g.step_start::date AND t.queue = g.key WHERE t.offered < 10 AND (NOT g.suppressed OR g.n IS NOT NULL OR g.aht_ms IS NOT NULL)$$, 'no small cell is given out');
SELECT is_empty($$SELECT step_start FROM given GROUP BY 1 HAVING count(*) FILTER (WHERE suppressed) = 1$$, 'never only one of a step is missing');
SELECT is_empty($$SELECT * FROM given AS g JOIN truth AS t ON t.day = g.step_start::date AND t.queue = g.key WHERE g.suppressed AND t.offered >= 10
    AND ((SELECT count(*) FROM truth AS o WHERE o.day = t.day AND o.offered < 10) <> 1 OR EXISTS (SELECT FROM truth AS o WHERE o.day = t.day AND o.offered >= 10 AND o.offered < t.offered))$$, 'and a large one is missing only to hide a single small one, the smallest');
SELECT is_empty($$SELECT * FROM given AS g JOIN truth AS t ON t.day = g.step_start::date AND t.queue = g.key WHERE (t.offered / 4 < 10) <> (g.csat IS NULL) AND NOT g.suppressed$$, 'a mean of few answers is none');
SELECT cmp_ok((SELECT count(*)::int FROM given WHERE suppressed), '>', 0, 'some were');
SELECT throws_ok($$SELECT * FROM ringside.export_figures('agent', '2026-01-01Z', '2026-02-01Z')$$, '22023', NULL, 'agents are not exported');
SELECT throws_ok($$SELECT * FROM ringside.export_figures('queue', '2026-01-01Z', '2026-02-01Z', 'day', 'UTC', NULL, 1)$$, '22023', NULL, 'k is at least 2');

-- Erasing.
CREATE TEMPORARY TABLE before AS SELECT (SELECT sum(offered) FROM ringside.queue_interval_part) AS offered, (SELECT count(*) FROM ringside.contact_fact) AS contacts, (SELECT sum(wait_us) FROM ringside.leg_fact) AS waited,
    (SELECT sum(talk_us) FROM ringside.handling_fact) AS talked;
SELECT is(ringside.erase_customer('t', lpad('1', 32, 'a'), 'asked for it'), '{"left": 0, "contacts": 14}', 'a customer is erased');
SELECT is_empty($$SELECT * FROM ringside.contact_fact AS c WHERE c::text LIKE '%' || lpad('1', 32, 'a') || '%'$$, 'no pseudonym is left');
SELECT is_empty($$SELECT * FROM ringside.leg_fact AS l WHERE l.contact IN ('c1', 'c4', 'c7')$$, 'nor the names of the contacts');
SELECT is_empty($$SELECT * FROM ringside.access_log AS l WHERE l::text LIKE '%' || lpad('1', 32, 'a') || '%'$$, 'nor in the log');
SELECT results_eq('SELECT * FROM before', 'SELECT (SELECT sum(offered) FROM ringside.queue_interval_part), (SELECT count(*) FROM ringside.contact_fact), (SELECT sum(wait_us) FROM ringside.leg_fact), (SELECT sum(talk_us) FROM ringside.handling_fact)', 'all totals stay');
SELECT is((SELECT count(*)::int FROM ringside.leg_fact JOIN ringside.contact_fact USING (tenant, contact)), 40, 'legs still find their contacts');
SELECT is(ringside.erase_agent('t', 'a1', 'left, asked for it') ->> 'intervals', '10', 'an agent is erased');
SELECT is_empty($$SELECT FROM ringside.agent_interval_part WHERE agent = 'a1' UNION ALL SELECT FROM ringside.leg_fact WHERE agent = 'a1' UNION ALL SELECT FROM ringside.handling_fact WHERE agent = 'a1'$$, 'everywhere');
SELECT results_eq('SELECT * FROM before', 'SELECT (SELECT sum(offered) FROM ringside.queue_interval_part), (SELECT count(*) FROM ringside.contact_fact), (SELECT sum(wait_us) FROM ringside.leg_fact), (SELECT sum(talk_us) FROM ringside.handling_fact)', 'all totals stay');
SELECT throws_ok($$SELECT ringside.erase_customer('t', '+15550001', 'asked for it')$$, '22023', NULL, 'by pseudonym only');
SELECT * FROM finish();
ROLLBACK;
