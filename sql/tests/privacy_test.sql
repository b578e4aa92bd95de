-- Exporting and erasing persons: nothing is left, nothing comes back, no total moves, and what was done is written down without the person.
BEGIN;
SELECT no_plan();
SELECT setseed(coalesce(nullif(current_setting('ringside.seed', true), ''), '0.25')::float8);
SELECT ringside.ensure_partitions('2026-01-01Z', '2026-02-01Z');

CREATE FUNCTION pg_temp.contact(i integer, of_revision bigint, of_customer text, of_talk bigint DEFAULT 290000000) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('tenant', 't', 'contact', 'c' || i, 'begun_at', '2026-01-05Z'::timestamptz + i * interval '1 hour', 'ended_at', '2026-01-05 00:05Z'::timestamptz + i * interval '1 hour',
        'revision', of_revision, 'customer', of_customer, 'journey', 'j' || of_customer, 'channel', 'voice', 'direction', 'inbound', 'fcr_eligible', true, 'csat_milli', 4000,
        'legs', jsonb_build_array(jsonb_build_object('queued_at', '2026-01-05Z'::timestamptz + i * interval '1 hour', 'queue', 'q1', 'outcome', 'answered', 'closed_at', '2026-01-05 00:00:10Z'::timestamptz + i * interval '1 hour', 'wait_us', 10000000, 'agent', 'a' || i % 2)),
        'handlings', jsonb_build_array(jsonb_build_object('begun_at', '2026-01-05 00:00:10Z'::timestamptz + i * interval '1 hour', 'queue', 'q1', 'agent', 'a' || i % 2, 'ended_at', '2026-01-05 00:05Z'::timestamptz + i * interval '1 hour', 'talk_us', of_talk)))
$$;
CREATE FUNCTION pg_temp.p(i integer) RETURNS text LANGUAGE sql AS $$ SELECT md5('customer ' || i) $$;
-- In how many rows of the whole schema a text stands.
CREATE FUNCTION pg_temp.stands(of_text text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    name text;
    here bigint;
    total bigint := 0;
BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'ringside'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition LOOP
        EXECUTE format('SELECT count(*) FROM ringside.%I AS x WHERE strpos(x::text, $1) > 0', name) INTO here USING of_text;
        total := total + here;
    END LOOP;
    RETURN total;
END $$;
CREATE FUNCTION pg_temp.totals() RETURNS text LANGUAGE sql AS $$
    SELECT format('%s %s %s %s %s', (SELECT count(*) FROM ringside.contact_fact), (SELECT sum(csat_milli) FROM ringside.contact_fact), (SELECT count(*) || ' ' || sum(wait_us) FROM ringside.leg_fact),
        (SELECT count(*) || ' ' || sum(talk_us) FROM ringside.handling_fact), (SELECT sum(handled) FROM ringside.team_interval_part))
$$;
SELECT ringside.load_contact(pg_temp.contact(i, 1, pg_temp.p(i % 4))) FROM generate_series(1, 40) AS i;
INSERT INTO ringside.agent_interval_part (tenant, agent, interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open, handled, talk_us)
    SELECT 't', 'a' || a, '2026-01-05 08:00Z'::timestamptz + i * interval '15 minutes', 900, 'event', 1, 1, 1, 1, true, 0, 3, 3000000 FROM generate_series(0, 2) AS a, generate_series(0, 9) AS i;
INSERT INTO ringside.team_interval_part (tenant, team, interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open, handled)
    SELECT 't', 'sales', '2026-01-05 08:00Z'::timestamptz + i * interval '15 minutes', 900, 'event', 1, 1, 1, 1, true, 0, 9 FROM generate_series(0, 9) AS i;
INSERT INTO ringside.service_standard (tenant, queue, metric, target, valid_from, note) VALUES ('t', 'q1', 'asa', 20, '2026-01-01', 'asked for by ' || pg_temp.p(1) || ', twice');
INSERT INTO ringside.improvement (title, hypothesis, metric, family, tenant, key, owner, review_on) VALUES ('less hold for ' || pg_temp.p(1), 'h', 'aht', 'agent', 't', 'a1', 'o', '2026-03-01');
INSERT INTO ringside.alert_said (stream_id, run, number, ordinal, episode, at, act, author, text) VALUES (1, 1, 1, 1, 1, now(), 'note', 'anna', 'it was ' || pg_temp.p(1));

-- Export: all of one, nothing of others.
SELECT is((SELECT count(*)::int FROM ringside.export_customer('t', ARRAY[pg_temp.p(1), pg_temp.p(99)], 'asked for it')), 10, 'every contact of the customer is exported');
SELECT is_empty($$SELECT * FROM ringside.export_customer('t', ARRAY[pg_temp.p(1)], 'asked for it') AS e WHERE e::text ~ '"a[01]"' OR strpos(e::text, pg_temp.p(2)) > 0$$, 'without the agents, and without others');
SELECT is((SELECT e #>> '{queues,0,waited_ms}' FROM ringside.export_customer('t', ARRAY[pg_temp.p(1)], 'asked for it') AS e LIMIT 1), '10000', 'with its stays in queues');
SELECT throws_ok($$SELECT * FROM ringside.export_customer('t', ARRAY['+15550001'], 'asked for it')$$, '22023', NULL, 'never by number');
SELECT throws_ok($$SELECT * FROM ringside.export_customer('t', '{}', 'asked for it')$$, '22023', NULL, 'nor of nobody');
SELECT throws_ok($$SELECT * FROM ringside.export_customer('t', ARRAY[pg_temp.p(1)], '')$$, '22023', NULL, 'nor without a reason');
SELECT results_eq($$SELECT e ->> 'what', count(*)::int FROM ringside.export_agent('t', 'a1', 'asked for it') AS e GROUP BY 1 ORDER BY 1$$, $$VALUES ('answered', 20), ('handling', 20), ('improvement', 1), ('interval', 10), ('was_read', 1)$$, 'of an agent: figures, contacts, what is planned about it, who has read them');
SELECT is(pg_temp.stands(pg_temp.p(1)), 13::bigint, 'the pseudonym stands in contacts and in what people wrote');

-- Erasing a customer.
CREATE TEMPORARY TABLE was AS SELECT pg_temp.totals() AS totals;
CREATE TEMPORARY TABLE made AS SELECT (e).* FROM (SELECT ringside.erase_subject('customer', 't', ARRAY[pg_temp.p(1), pg_temp.p(98)], 'asked for it, said ' || pg_temp.p(1), 'anna', now(), 812) AS e) AS x;
SELECT is((SELECT removed FROM made), '{"contact_fact": 10, "leg_fact": 10, "handling_fact": 10, "moment_fact": 0, "service_standard": 1, "improvement": 1, "alert_said": 1, "erasure": 1, "access_log": 1}'::jsonb, 'what was removed where is written down');
SELECT is(pg_temp.stands(pg_temp.p(1)), 0::bigint, 'the pseudonym stands nowhere any more');
SELECT is(pg_temp.totals(), (SELECT totals FROM was), 'no total moved');
SELECT is((SELECT note FROM ringside.service_standard), 'asked for by (erased), twice', 'what people wrote is left but for it');
SELECT is((SELECT text FROM ringside.alert_said), 'it was (erased)', 'also where rows are never changed');
SELECT throws_ok($$UPDATE ringside.alert_said SET text = 'other'$$, '55000', NULL, 'which nobody else may');
SELECT is((SELECT count(*)::int FROM ringside.contact_fact WHERE customer = pg_temp.p(2)), 10, 'others are left as they were');

-- What the daemon still had, and what it corrects.
SELECT ringside.load_contact(pg_temp.contact(41, 1, pg_temp.p(1)));
SELECT is(pg_temp.stands(pg_temp.p(1)) + pg_temp.stands('"c41"'), 0::bigint, 'a contact of before that is stored only now is nobody''s');
SELECT is((SELECT count(*)::int FROM ringside.contact_fact AS c JOIN ringside.leg_fact USING (tenant, contact) JOIN ringside.handling_fact USING (tenant, contact) WHERE c.customer IS NULL), 11, 'with its leg and handling');
SELECT ringside.load_contact(pg_temp.contact(5, 2, pg_temp.p(1), 1000000)), ringside.load_contact(pg_temp.contact(41, 3, pg_temp.p(1), 2000000));
SELECT is((SELECT count(*)::int FROM ringside.contact_fact), 41, 'a correction finds it under its new name');
SELECT is((SELECT count(*) || ' ' || sum(talk_us) FROM ringside.handling_fact), '41 ' || 39 * 290000000::bigint + 3000000, 'and replaces what was there');
SELECT ringside.load_contact(pg_temp.contact(5, 1, pg_temp.p(1)));
SELECT is((SELECT count(*) || ' ' || sum(talk_us) FROM ringside.handling_fact), '41 ' || 39 * 290000000::bigint + 3000000, 'an older one changes nothing');
SELECT is(pg_temp.stands(pg_temp.p(1)), 0::bigint, 'and brings nothing back');
SELECT ringside.load_contact(pg_temp.contact(50, 1, pg_temp.p(1)) || jsonb_build_object('begun_at', now() + interval '1 minute', 'legs', '[]'::jsonb, 'handlings', '[]'::jsonb));
SELECT is((SELECT count(*)::int FROM ringside.contact_fact WHERE customer = pg_temp.p(1)), 1, 'who comes after the erasure is a new customer');
SELECT is((ringside.erase_subject('customer', 't', ARRAY[pg_temp.p(1)], 'once more', 'anna', now() + interval '2 minutes')).removed ->> 'contact_fact', '1', 'who can be erased, too');
SELECT is((ringside.complete_erasure((SELECT id FROM made), '{"ringside_erasure":1}', 'ab', 'cd')).completed_at IS NOT NULL, true, 'an erasure is closed with its proof');
SELECT throws_ok($$SELECT ringside.complete_erasure(-1, '')$$, '22023', NULL, 'one that is none is not');
SELECT is((SELECT count(*)::int FROM ringside.tombstone WHERE erasure = (SELECT id FROM made)), 0, 'then no trace of whose it was is left');

-- Wrong.
SELECT throws_ok($$SELECT ringside.erase_subject('customer', 't', ARRAY['+15550001'], 'asked for it', 'anna')$$, '22023', NULL, 'by pseudonym only');
SELECT throws_ok($$SELECT ringside.erase_subject('queue', 't', ARRAY['q1'], 'asked for it', 'anna')$$, '22023', NULL, 'persons only');
SELECT throws_ok($$SELECT ringside.erase_subject('agent', 't', ARRAY[''], 'asked for it', 'anna')$$, '22023', NULL, 'somebody');
SELECT throws_ok($$SELECT ringside.erase_subject('agent', 't', ARRAY['a1', 'a2'], 'asked for it', 'anna')$$, '22023', NULL, 'one at a time');
SELECT throws_ok($$SELECT ringside.erase_subject('agent', 't', ARRAY['a1'], 'x', 'anna')$$, '22023', NULL, 'for a reason');

-- Erasing an agent. `ann` is one; the others' names have hers in them.
SELECT ringside.ensure_partitions('2026-06-01Z', '2026-06-03Z');
UPDATE ringside.agent_interval_part SET agent = 'ann' WHERE agent = 'a1';
UPDATE ringside.leg_fact SET agent = 'ann' WHERE agent = 'a1';
UPDATE ringside.handling_fact SET agent = 'ann' WHERE agent = 'a1';
UPDATE ringside.improvement SET key = 'ann', owner = 'ann', hypothesis = 'ann, annabel and the planned hours';
INSERT INTO ringside.access_log (what, subject, reason, rows) VALUES ('read_agents', 'ann', 'talk with ann', 1);
INSERT INTO ringside.alert_said (stream_id, run, number, ordinal, episode, at, act, author, text, owner) VALUES (1, 1, 2, 1, 1, now(), 'action', 'anna', 'ann_2 rings; ann does it', 'ann');
SELECT is((SELECT count(*)::int FROM ringside.export_agent('t', 'ann', 'asked for it') AS e WHERE e ->> 'what' IN ('improvement', 'said_of_an_alert')), 2, 'an export has what was said of an agent, too');
UPDATE was SET totals = pg_temp.totals();
CREATE TEMPORARY TABLE own AS SELECT count(*) AS rows, sum(handled) AS handled, sum(talk_us) AS talk_us FROM ringside.agent_interval_part WHERE agent = 'ann';
-- What the daemon had sent under the stand-in before the database was told.
INSERT INTO ringside.agent_interval_part (tenant, agent, interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open, handled, talk_us)
    SELECT tenant, 'erased-0123abcde', interval_start, interval_s, attribution, stream_id, run, part, revision + 1, final, still_open, handled, talk_us FROM ringside.agent_interval_part WHERE agent = 'ann' LIMIT 3;
CREATE TEMPORARY TABLE gone AS SELECT (e).* FROM (SELECT ringside.erase_subject('agent', 't', ARRAY['ann'], 'ann left, asked for it', 'anna', '2026-06-01Z', 900, 'erased-0123abcde') AS e) AS x;
SELECT is((SELECT removed FROM gone), '{"agent_interval_part": 10, "leg_fact": 21, "handling_fact": 21, "moment_fact": 0, "baseline": 0, "improvement": 2, "alert_episode": 0, "alert_said": 1, "access_log": 5, "erasure": 1}'::jsonb, 'an agent is erased');
SELECT is(pg_temp.stands('"ann"') + pg_temp.stands(',ann,') + pg_temp.stands(' ann '), 0::bigint, 'the name stands nowhere any more');
SELECT results_eq($$SELECT hypothesis, owner FROM ringside.improvement$$, $$VALUES ('(erased), annabel and the planned hours', '(erased)')$$, 'other words have it still');
SELECT is((SELECT text || owner FROM ringside.alert_said WHERE number = 2), 'ann_2 rings; (erased) does it(erased)', 'also where rows are never changed');
SELECT is(pg_temp.totals(), (SELECT totals FROM was), 'no total moved');
SELECT results_eq($$SELECT count(*), sum(handled), sum(talk_us) FROM ringside.agent_interval_part WHERE agent = 'erased-0123abcde'$$, 'TABLE own', 'nor did what the stand-in has');
SELECT is((SELECT count(*)::int FROM ringside.handling_fact WHERE agent = 'erased-0123abcde'), 21, 'whose contacts are those of one person still');
INSERT INTO ringside.agent_interval_part (tenant, agent, interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open, handled)
    SELECT 't', agent, at, 900, 'event', 1, 2, 1, 1, true, 0, 3 FROM (VALUES ('ann', '2026-01-06Z'::timestamptz), ('erased-0123abcde', '2026-01-06Z'), ('ann', '2026-06-02Z')) AS v (agent, at);
SELECT ringside.load_contact(replace(pg_temp.contact(61, 1, pg_temp.p(3))::text, '"a1"', '"ann"')::jsonb);
SELECT is_empty($$SELECT FROM ringside.agent_interval_part WHERE agent = 'ann' AND interval_start < '2026-06-01Z' UNION ALL SELECT FROM ringside.leg_fact WHERE agent = 'ann'
    UNION ALL SELECT FROM ringside.handling_fact WHERE agent = 'ann'$$, 'and does not come back with what the daemon had');
SELECT is((SELECT count(*)::int FROM ringside.handling_fact WHERE agent = 'erased-0123abcde'), 22, 'which is under the stand-in');
SELECT is((SELECT sum(handled) FROM ringside.agent_interval_part WHERE agent = 'ann'), 3::numeric, 'who still works is there again');
SELECT is((SELECT count(*)::int FROM ringside.agent_interval_part WHERE agent = 'a2'), 10, 'others stay');
SELECT is((SELECT completed_at IS NOT NULL FROM ringside.complete_erasure((SELECT id FROM gone), '{"ringside_erasure":1}')), true, 'the erasure is closed');
SELECT is((SELECT count(*)::int FROM ringside.tombstone WHERE erasure = (SELECT id FROM gone)), 0, 'and nothing leads from the name to the stand-in');

-- Retention of what persons' data was read, and the record of processing.
UPDATE ringside.retention SET keep = interval '1 day' WHERE class = 'access';
INSERT INTO ringside.access_log (at, what, reason, rows) VALUES (now() - interval '2 days', 'old', 'because', 0);
SELECT ringside.upkeep();
SELECT is((SELECT count(*)::int FROM ringside.access_log WHERE what = 'old'), 0, 'the log of reads is kept for its time');
SELECT is_empty($$SELECT FROM ringside.record_of_processing WHERE purpose IS NULL OR basis IS NULL OR recipients IS NULL$$, 'every class has a purpose, a basis and its readers');
SELECT is_empty($$SELECT t FROM ringside.partitioned AS p LEFT JOIN ringside.record_of_processing AS r ON p.name = ANY (r.tables), LATERAL (SELECT p.name AS t) AS x WHERE r.class IS NULL$$, 'and every table that is cut into months a class');
SELECT * FROM finish();
ROLLBACK;
