-- Persons: who may read what, that reads are written down, that small cells stay closed, that erasing leaves the figures.
BEGIN;
SELECT no_plan();
SELECT setseed(coalesce(nullif(current_setting('ringside.seed', true), ''), '0.25')::float8);
SELECT ringside.ensure_partitions('2026-01-01Z', '2026-02-01Z');
INSERT INTO ringside.agent_interval_part (tenant, agent, interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open, handled, talk_us)
    SELECT 't', 'a' || a, '2026-01-05 08:00Z'::timestamptz + i * interval '15 minutes', 900, 'event', 1, 1, 1, 1, true, 0, 3, 3000000 FROM generate_series(1, 4) AS a, generate_series(0, 9) AS i;
INSERT INTO ringside.queue_interval_part (tenant, queue, channel, interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open, offered, answered, handled, csat_responses, csat_score_milli)
    SELECT 't', 'q' || q, 'voice', '2026-01-05 08:00Z'::timestamptz + d * interval '1 day', 900, 'event', 1, 1, 1, 1, true, 0, n, n, n, n / 4, n / 4 * 4000
    FROM generate_series(1, 6) AS q, generate_series(0, 9) AS d, LATERAL (SELECT (CASE WHEN random() < 0.25 THEN 1 + random() * 8 ELSE 15 + random() * 80 END)::int AS n) AS k;
SELECT ringside.load_contact(jsonb_build_object('tenant', 't', 'contact', 'c' || i, 'begun_at', '2026-01-05Z'::timestamptz + i * interval '1 hour', 'ended_at', '2026-01-05 00:05Z'::timestamptz + i * interval '1 hour',
    'revision', 1, 'customer', lpad(to_hex(i % 3), 32, 'a'), 'channel', 'voice', 'direction', 'inbound', 'topic', CASE WHEN i = 40 THEN 'rare' ELSE 'claim' END, 'fcr_eligible', i % 2 = 0, 'fcr_repeated', i % 4 = 0,
    'legs', jsonb_build_array(jsonb_build_object('queued_at', '2026-01-05Z'::timestamptz + i * interval '1 hour', 'queue', 'q1', 'outcome', 'answered', 'closed_at', '2026-01-05 00:00:10Z'::timestamptz + i * interval '1 hour', 'wait_us', 10000000, 'agent', 'a1')),
    'handlings', jsonb_build_array(jsonb_build_object('begun_at', '2026-01-05 00:00:10Z'::timestamptz + i * interval '1 hour', 'queue', 'q1', 'agent', 'a1', 'ended_at', '2026-01-05 00:05Z'::timestamptz + i * interval '1 hour', 'talk_us', 290000000))))
FROM generate_series(1, 40) AS i;
SELECT is(ringside.load_contact('{"tenant": "t", "contact": "c1", "begun_at": "2026-01-05Z", "revision": 1, "channel": "voice", "direction": "inbound"}'), false, 'an equal revision changes nothing');
SELECT is((SELECT count(*)::int FROM ringside.leg_fact), 40, 'every leg is there');
SELECT throws_ok($$SELECT ringside.load_contact('{"tenant": "t", "contact": "x", "begun_at": "2026-01-05Z", "revision": 1, "channel": "voice", "direction": "inbound", "customer": "+15550001"}')$$, '23514', NULL, 'a number in the clear is refused');

-- Rights.
SET LOCAL ROLE ringside_analyst;
SELECT lives_ok('SELECT count(*) FROM ringside.queue_interval', 'an analyst reads queues');
SELECT lives_ok($$SELECT * FROM ringside.queue_history('2026-01-01Z', '2026-02-01Z', 'month')$$, 'and their history');
SELECT lives_ok($$SELECT * FROM ringside.export_figures('queue', '2026-01-01Z', '2026-02-01Z')$$, 'and exports');
SELECT throws_ok(s, '42501', NULL, 'an analyst may not: ' || s) FROM unnest(ARRAY['SELECT * FROM ringside.agent_interval', 'SELECT * FROM ringside.agent_interval_part', 'SELECT * FROM ringside.agent_rollup(''2026-01-01Z'', ''2026-02-01Z'')',
    'SELECT * FROM ringside.contact_fact', 'SELECT * FROM ringside.read_agents(''2026-01-01Z'', ''2026-02-01Z'', ''because'')', 'SELECT * FROM ringside.access_log', 'SELECT ringside.erase_agent(''t'', ''a1'', ''because'')',
    'UPDATE ringside.queue_interval_part SET offered = 0', 'SELECT ringside.drop_expired()', 'SELECT ringside.log_access(''x'', NULL, NULL, NULL, ''forged'', 1)']) AS s;
RESET ROLE;
SET LOCAL ROLE ringside_supervisor;
SELECT throws_ok('SELECT * FROM ringside.agent_interval', '42501', NULL, 'a supervisor reads no agents unseen');
SELECT is((SELECT sum(handled)::int FROM ringside.read_agents('2026-01-01Z', '2026-02-01Z', 'monthly talk', 'month', 'UTC', 't', 'a1')), 30, 'but through the function');
SELECT throws_ok($$SELECT * FROM ringside.read_agents('2026-01-01Z', '2026-02-01Z', ' ')$$, '22023', NULL, 'with a reason only');
SELECT is((SELECT count(*)::int FROM ringside.read_contact('t', 'c7', 'complaint 12')), 2, 'a contact step by step');
SELECT results_eq($$SELECT what, queue, wait_ms, talk_ms FROM ringside.read_contact('t', 'c7', 'complaint 12')$$, $$VALUES ('leg', 'q1' COLLATE "C", 10000::bigint, NULL::bigint), ('handling', 'q1', NULL, 290000)$$, 'with its times');
SELECT is((SELECT count(*)::int FROM ringside.customer_journey('t', lpad('1', 32, 'a'), 'complaint 12')), 14, 'a customer''s journey by pseudonym');
SELECT throws_ok($$SELECT * FROM ringside.customer_journey('t', '+15550001', 'complaint 12')$$, '22023', NULL, 'never by number');
SELECT throws_ok('DELETE FROM ringside.access_log', '42501', NULL, 'nobody tidies the log');
RESET ROLE;
SET LOCAL ROLE ringside_auditor;
SELECT is((SELECT count(*)::int FROM ringside.access_log WHERE what LIKE '%given out' AND rows > 0), 4, 'every read is written down');
SELECT is((SELECT string_agg(DISTINCT subject, ',' ORDER BY subject) FROM ringside.access_log), 'a1,c7', 'with whom, but no pseudonym');
SELECT throws_ok('SELECT * FROM ringside.contact_fact', '42501', NULL, 'the auditor himself reads no persons');
SELECT cmp_ok((SELECT count(*)::int FROM ringside.record_of_processing), '>=', 6, 'the record of processing');
RESET ROLE;
SET LOCAL ROLE ringside_daemon;
SELECT lives_ok('SELECT ringside.upkeep()', 'the daemon keeps months');
SELECT throws_ok('SELECT * FROM ringside.contact_fact', '42501', NULL, 'and reads no facts');
RESET ROLE;
SELECT throws_ok('UPDATE ringside.access_log SET reason = ''other''', '55000', NULL, 'not even the owner rewrites the log');

-- Topics.
SELECT results_eq($$SELECT topic, contacts, aht_ms FROM ringside.topic_report('t', '2026-01-01Z', '2026-02-01Z')$$, $$VALUES ('claim' COLLATE "C", 39::bigint, 290000::float8), ('(few)', 1, 290000)$$, 'topics, small ones together');

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
