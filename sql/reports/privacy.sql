-- Export and erasure of persons. `ringside subject` calls these: it makes the daemon forget first, so that nothing new comes from there, and says
-- here at which record of the journal that was. A customer is named by pseudonym, one per key that was ever in force.
CREATE OR REPLACE FUNCTION ringside.subject_digest(of_kind text, of_tenant text, of_subject text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(convert_to(of_kind || E'\x1f' || of_tenant || E'\x1f' || of_subject, 'UTF8'))
$$;
COMMENT ON FUNCTION ringside.subject_digest IS 'What stands for an erased person while the erasure is not complete: nothing leads back from it.';

CREATE OR REPLACE FUNCTION ringside.check_customers(of_customers text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(cardinality(of_customers), 0) = 0 OR EXISTS (SELECT FROM unnest(of_customers) AS c WHERE c IS NULL OR c !~ '^[0-9a-f]{32}$') THEN
        RAISE EXCEPTION 'a customer is named by pseudonym, 32 hexadecimal digits: numbers are not kept' USING ERRCODE = 'invalid_parameter_value';
    END IF;
END;
$$;
COMMENT ON FUNCTION ringside.check_customers IS 'An error unless all are pseudonyms.';

-- --- what comes in later --------------------------------------------------------------------------------------------------------
-- Whoever writes facts asks: load_contact a contact at a time, the daemon for all that it has staged (daemon/store/facts.c). A contact of an erased
-- customer is written under its made-up name, the one that it has already if it was stored before; so a correction replaces what is there.
CREATE OR REPLACE FUNCTION ringside.is_erased(of_tenant text, of_contact text, of_customer text, of_begun_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT EXISTS (SELECT FROM ringside.erased_contact AS e WHERE e.tenant = of_tenant AND e.digest = sha256(convert_to(of_contact, 'UTF8')))
        OR EXISTS (SELECT FROM ringside.tombstone AS t WHERE t.digest = ringside.subject_digest('customer', of_tenant, of_customer) AND of_begun_at < t.erased_at)
$$;
COMMENT ON FUNCTION ringside.is_erased IS 'Whether a contact is of a customer who was erased after it began.';

CREATE OR REPLACE FUNCTION ringside.made_up_name(of_tenant text, of_contact text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    stands text;
BEGIN
    INSERT INTO ringside.erased_contact (tenant, digest, made_up) VALUES (of_tenant, sha256(convert_to(of_contact, 'UTF8')), 'erased-' || gen_random_uuid())
        ON CONFLICT DO NOTHING;
    SELECT e.made_up INTO stands FROM ringside.erased_contact AS e WHERE e.tenant = of_tenant AND e.digest = sha256(convert_to(of_contact, 'UTF8'));
    RETURN stands;
END;
$$;
COMMENT ON FUNCTION ringside.made_up_name IS 'The name that a contact of an erased customer has from then on; always the same.';

CREATE OR REPLACE FUNCTION ringside.agent_is_erased(of_tenant text, of_agent text, of_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT EXISTS (SELECT FROM ringside.tombstone AS t WHERE t.digest = ringside.subject_digest('agent', of_tenant, of_agent) AND of_at < t.erased_at)
$$;
COMMENT ON FUNCTION ringside.agent_is_erased IS 'Whether an agent was erased after that moment.';

CREATE OR REPLACE FUNCTION ringside.agent_now(of_tenant text, of_agent text, of_at timestamptz) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT coalesce((SELECT t.stand_in FROM ringside.tombstone AS t WHERE t.digest = ringside.subject_digest('agent', of_tenant, of_agent) AND of_at < t.erased_at), of_agent)
$$;
COMMENT ON FUNCTION ringside.agent_now IS 'What an agent is called now who did something at that moment: the stand-in when he or she was erased after it, else the name.';

CREATE OR REPLACE FUNCTION ringside.anybody_is_erased() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT EXISTS (SELECT FROM ringside.tombstone) OR EXISTS (SELECT FROM ringside.erased_contact)
$$;
COMMENT ON FUNCTION ringside.anybody_is_erased IS 'Whether anything that comes in has to be looked at.';

CREATE OR REPLACE FUNCTION ringside.strip_agent() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF EXISTS (SELECT FROM ringside.tombstone) AND ringside.agent_is_erased(new.tenant, new.agent, new.interval_start) THEN RETURN NULL; END IF;
    RETURN new;
END;
$$;
COMMENT ON FUNCTION ringside.strip_agent IS 'Trigger of agent_interval_part: intervals that began before an agent''s erasure do not come in again under the name; the daemon sends them under the stand-in. Of the interval in which it fell that is what was before it.';
CREATE OR REPLACE TRIGGER erased_stay_erased BEFORE INSERT ON ringside.agent_interval_part FOR EACH ROW EXECUTE FUNCTION ringside.strip_agent();

-- --- erasing -------------------------------------------------------------------------------------------------------------------------
-- Wherever people may have written it down: every text of every table that is not cut into months.
CREATE OR REPLACE FUNCTION ringside.replace_everywhere(of_text text, by_text text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    of_table record;
    changed bigint;
    places jsonb := '{}';
BEGIN
    FOR of_table IN
        SELECT c.relname, string_agg(format('%1$I = replace(%1$I, $1, $2)', a.attname), ', ') AS sets, string_agg(format('strpos(%I, $1) > 0', a.attname), ' OR ') AS finds
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'text'::regtype AND a.attgenerated = ''
        WHERE c.relnamespace = 'ringside'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
            AND c.relname NOT IN ('schema_migration', 'schema_object', 'partition', 'partitioned', 'retention')
        GROUP BY 1 ORDER BY 1 LOOP
        EXECUTE format('UPDATE ringside.%I SET %s WHERE %s', of_table.relname, of_table.sets, of_table.finds) USING of_text, by_text;
        GET DIAGNOSTICS changed = ROW_COUNT;
        IF changed > 0 THEN places := places || jsonb_build_object(of_table.relname, changed); END IF;
    END LOOP;
    RETURN places;
END;
$$;
COMMENT ON FUNCTION ringside.replace_everywhere IS 'Replaces a text in all texts of all small tables; says in how many rows of which.';

CREATE OR REPLACE FUNCTION ringside.erase_contacts(of_tenant text, of_customer text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    one record;
    stands text;
    changed bigint;
    contacts bigint := 0;
    legs bigint := 0;
    handlings bigint := 0;
    moments bigint := 0;
BEGIN
    FOR one IN SELECT DISTINCT c.contact FROM ringside.contact_fact AS c WHERE c.tenant = of_tenant AND c.customer = of_customer LOOP
        stands := ringside.made_up_name(of_tenant, one.contact);
        UPDATE ringside.leg_fact AS f SET contact = stands WHERE f.tenant = of_tenant AND f.contact = one.contact;
        GET DIAGNOSTICS changed = ROW_COUNT;
        legs := legs + changed;
        UPDATE ringside.handling_fact AS f SET contact = stands WHERE f.tenant = of_tenant AND f.contact = one.contact;
        GET DIAGNOSTICS changed = ROW_COUNT;
        handlings := handlings + changed;
        UPDATE ringside.moment_fact AS f SET contact = stands WHERE f.tenant = of_tenant AND f.contact = one.contact;
        GET DIAGNOSTICS changed = ROW_COUNT;
        moments := moments + changed;
        UPDATE ringside.contact_fact AS f SET contact = stands, customer = NULL, journey = NULL WHERE f.tenant = of_tenant AND f.contact = one.contact;
        contacts := contacts + 1;
    END LOOP;
    RETURN jsonb_build_object('contact_fact', contacts, 'leg_fact', legs, 'handling_fact', handlings, 'moment_fact', moments);
END;
$$;
COMMENT ON FUNCTION ringside.erase_contacts IS 'A customer''s contacts become nobody''s: without pseudonym and journey, under made-up names.';

CREATE OR REPLACE FUNCTION ringside.as_word(of_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '(?<![[:alnum:]_])' || regexp_replace(of_name, '([^[:alnum:]_])', '\\\1', 'g') || '(?![[:alnum:]_])' WHERE length(of_name) >= 3
$$;
COMMENT ON FUNCTION ringside.as_word IS 'A regular expression that finds a name where it stands as a word; null for one of fewer than three letters, which is found in much that is no name.';

-- What people wrote. The names of queues, rules and roles of the database are not theirs to be erased from.
CREATE OR REPLACE FUNCTION ringside.erase_name_in_texts(of_tenant text, of_name text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    of_table record;
    as_word text := ringside.as_word(of_name);
    changed bigint;
    places jsonb := '{}';
BEGIN
    IF as_word IS NULL THEN RETURN places; END IF;
    FOR of_table IN
        SELECT v.name, v.has_tenant, string_agg(format('%1$I = regexp_replace(%1$I, $1, ''(erased)'', ''g'')', c), ', ') AS sets, string_agg(format('%I ~ $1', c), ' OR ') AS finds
        FROM (VALUES ('improvement', true, '{title,hypothesis,owner,conclusion}'::text[]), ('service_standard', true, '{note}'), ('erasure', true, '{reason,asked_by}'), ('deviation_note', false, '{text,author}'),
            ('alert_said', false, '{author,text,owner}'), ('restatement', false, '{reason}'), ('access_log', false, '{reason}')) AS v (name, has_tenant, columns), unnest(v.columns) AS c
        GROUP BY 1, 2 ORDER BY 1 LOOP
        EXECUTE format('UPDATE ringside.%I SET %s WHERE (%s) AND (%s)', of_table.name, of_table.sets, of_table.finds, CASE WHEN of_table.has_tenant THEN 'tenant = $2' ELSE 'true' END)
            USING as_word, of_tenant;
        GET DIAGNOSTICS changed = ROW_COUNT;
        IF changed > 0 THEN places := places || jsonb_build_object(of_table.name, changed); END IF;
    END LOOP;
    RETURN places;
END;
$$;
COMMENT ON FUNCTION ringside.erase_name_in_texts IS 'Replaces a name where it stands as a word in what people wrote; says in how many rows of which table. Names of fewer than three letters are left (ringside.as_word).';

-- The daemon may have sent rows under the stand-in already; they have all that the older ones have.
CREATE OR REPLACE FUNCTION ringside.erase_agent_rows(of_tenant text, of_agent text, before timestamptz, of_stand_in text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    one record;
    kept text;
    removed jsonb;
    changed bigint;
BEGIN
    DELETE FROM ringside.agent_interval_part AS p USING ringside.agent_interval_part AS n
        WHERE p.tenant = of_tenant AND p.agent = of_agent AND p.interval_start < before AND n.tenant = of_tenant AND n.agent = of_stand_in AND n.interval_start = p.interval_start
            AND n.attribution = p.attribution AND n.stream_id IS NOT DISTINCT FROM p.stream_id AND n.run = p.run AND n.part = p.part;
    GET DIAGNOSTICS changed = ROW_COUNT;
    removed := jsonb_build_object('agent_interval_part', changed);
    FOR one IN SELECT * FROM (VALUES ('agent_interval_part', 'interval_start'), ('leg_fact', 'queued_at'), ('handling_fact', 'begun_at'), ('moment_fact', 'at')) AS v (name, at) LOOP
        EXECUTE format('UPDATE ringside.%I SET agent = $1 WHERE tenant = $2 AND agent = $3 AND %I < $4', one.name, one.at) USING of_stand_in, of_tenant, of_agent, before;
        GET DIAGNOSTICS changed = ROW_COUNT;
        removed := removed || jsonb_build_object(one.name, changed + coalesce((removed ->> one.name)::bigint, 0));
    END LOOP;
    FOREACH kept IN ARRAY '{baseline,improvement,alert_episode}'::text[] LOOP
        EXECUTE format('UPDATE ringside.%I SET key = $1 WHERE family = ''agent'' AND tenant = $2 AND key = $3', kept) USING of_stand_in, of_tenant, of_agent;
        GET DIAGNOSTICS changed = ROW_COUNT;
        removed := removed || jsonb_build_object(kept, changed);
    END LOOP;
    UPDATE ringside.access_log AS l SET subject = of_stand_in WHERE l.subject = of_agent;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN removed || jsonb_build_object('access_log', changed);
END;
$$;
COMMENT ON FUNCTION ringside.erase_agent_rows IS 'An agent''s rows go on under the stand-in, which leads to nobody; no figure changes.';

CREATE OR REPLACE FUNCTION ringside.merge_sums(a jsonb, b jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_object_agg(k.key, coalesce((a ->> k.key)::bigint, 0) + coalesce((b ->> k.key)::bigint, 0)) FROM (SELECT jsonb_object_keys(a) AS key UNION SELECT jsonb_object_keys(b)) AS k
$$;
COMMENT ON FUNCTION ringside.merge_sums IS 'Numbers by name, those of both added.';

-- Locks keep the daemon's writes out for as long as it takes: what came before is seen, what comes after meets the tombstones.
CREATE OR REPLACE FUNCTION ringside.erase_subject(of_kind text, of_tenant text, of_subjects text[], of_reason text, of_who text, at timestamptz DEFAULT now(),
    of_record bigint DEFAULT NULL, of_stand_in text DEFAULT NULL) RETURNS ringside.erasure
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '30s' SET "ringside.erasing" = 'yes' AS $$
DECLARE
    made ringside.erasure;
    subject text;
    one jsonb;
    sums jsonb := '{}';
    stands text := CASE of_kind WHEN 'agent' THEN coalesce(of_stand_in, 'erased-' || left(md5(gen_random_uuid()::text), 9)) END;
BEGIN
    IF of_kind = 'customer' THEN PERFORM ringside.check_customers(of_subjects);
    ELSIF of_kind IS DISTINCT FROM 'agent' THEN RAISE EXCEPTION 'customers and agents are erased; "%" is neither', of_kind USING ERRCODE = 'invalid_parameter_value';
    ELSIF cardinality(of_subjects) IS DISTINCT FROM 1 OR coalesce(of_subjects[1], '') = '' THEN RAISE EXCEPTION 'which agent?' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM ringside.log_access('erase_' || of_kind, NULL, NULL, NULL, of_reason, 0);
    INSERT INTO ringside.erasure (kind, tenant, reason, asked_by, erased_at, record) VALUES (of_kind, of_tenant, of_reason, coalesce(nullif(of_who, ''), session_user), at, of_record)
        RETURNING * INTO made;
    LOCK TABLE ringside.contact_fact, ringside.leg_fact, ringside.handling_fact, ringside.moment_fact, ringside.agent_interval_part IN SHARE ROW EXCLUSIVE MODE;
    FOREACH subject IN ARRAY of_subjects LOOP
        INSERT INTO ringside.tombstone (digest, erasure, erased_at, stand_in) VALUES (ringside.subject_digest(of_kind, of_tenant, subject), made.id, at, stands)
            ON CONFLICT (digest) DO UPDATE SET erasure = made.id, erased_at = greatest(ringside.tombstone.erased_at, at), stand_in = stands;
        one := CASE of_kind WHEN 'agent' THEN ringside.merge_sums(ringside.erase_agent_rows(of_tenant, subject, at, stands), ringside.erase_name_in_texts(of_tenant, subject))
                            ELSE ringside.erase_contacts(of_tenant, subject) || ringside.replace_everywhere(subject, '(erased)') END;
        sums := ringside.merge_sums(sums, one);
    END LOOP;
    UPDATE ringside.erasure AS e SET removed = sums WHERE e.id = made.id RETURNING * INTO made;
    RETURN made;
END;
$$;
COMMENT ON FUNCTION ringside.erase_subject IS 'Erases a person: customers by pseudonyms, agents by name. What comes in later of before `at` is stripped until ringside.complete_erasure. Harmless when repeated.';

CREATE OR REPLACE FUNCTION ringside.complete_erasure(of_id bigint, of_certificate text, of_signature text DEFAULT NULL, of_public_key text DEFAULT NULL) RETURNS ringside.erasure
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    made ringside.erasure;
BEGIN
    UPDATE ringside.erasure AS e SET completed_at = coalesce(e.completed_at, now()), certificate = of_certificate, signature = of_signature, public_key = of_public_key
        WHERE e.id = of_id RETURNING * INTO made;
    IF made.id IS NULL THEN RAISE EXCEPTION 'there is no erasure %', of_id USING ERRCODE = 'invalid_parameter_value'; END IF;
    DELETE FROM ringside.tombstone AS t WHERE t.erasure = of_id;
    RETURN made;
END;
$$;
COMMENT ON FUNCTION ringside.complete_erasure IS 'Nothing is left in journal and snapshots: the record is closed, with its proof.';

CREATE OR REPLACE FUNCTION ringside.erase_customer(of_tenant text, of_customer text, of_reason text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    made ringside.erasure := ringside.erase_subject('customer', of_tenant, ARRAY[of_customer], of_reason, NULL);
BEGIN
    RETURN jsonb_build_object('contacts', (made.removed ->> 'contact_fact')::bigint,
        'left', (SELECT count(*) FROM ringside.contact_fact AS c WHERE c.tenant = of_tenant AND c.customer = of_customer));
END;
$$;
COMMENT ON FUNCTION ringside.erase_customer IS 'Takes a customer''s pseudonym, journeys and contacts'' names out of the database; all figures stay what they were. A running daemon knows nothing of it: `ringside subject erase` tells it, too.';

CREATE OR REPLACE FUNCTION ringside.erase_agent(of_tenant text, of_agent text, of_reason text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    made ringside.erasure := ringside.erase_subject('agent', of_tenant, ARRAY[of_agent], of_reason, NULL);
BEGIN
    RETURN jsonb_build_object('intervals', (made.removed ->> 'agent_interval_part')::bigint, 'legs', (made.removed ->> 'leg_fact')::bigint,
        'handlings', (made.removed ->> 'handling_fact')::bigint);
END;
$$;
COMMENT ON FUNCTION ringside.erase_agent IS 'An agent''s rows go on under a stand-in that leads to nobody; no figure changes. A running daemon knows nothing of it: `ringside subject erase` tells it, too.';

-- --- export --------------------------------------------------------------------------------------------------------------------------
-- One line per thing. Not in it: who handled a contact, for that is another person's.
CREATE OR REPLACE FUNCTION ringside.export_customer(of_tenant text, of_customers text[], of_reason text) RETURNS SETOF jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    given bigint;
BEGIN
    PERFORM ringside.check_customers(of_customers);
    PERFORM ringside.log_access('export_customer', NULL, NULL, NULL, of_reason, 0);
    RETURN QUERY
        SELECT jsonb_strip_nulls(jsonb_build_object('what', 'contact', 'contact', c.contact, 'begun_at', c.begun_at, 'ended_at', c.ended_at, 'customer', c.customer, 'journey', c.journey,
            'channel', c.channel, 'direction', c.direction, 'topic', c.topic, 'resolved_at_once', CASE WHEN c.fcr_eligible THEN NOT (c.fcr_repeated OR c.fcr_flagged_unresolved) END,
            'satisfaction_milli', c.csat_milli, 'recommendation', c.nps,
            'queues', (SELECT jsonb_agg(jsonb_build_object('queue', l.queue, 'channel', l.channel, 'queued_at', l.queued_at, 'closed_at', l.closed_at, 'outcome', l.outcome,
                           'reason', l.reason, 'waited_ms', l.wait_us / 1000) ORDER BY l.number) FROM ringside.leg_fact AS l WHERE l.tenant = c.tenant AND l.contact = c.contact),
            'moments', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('what', m.kind, 'at', m.at, 'queue', m.queue, 'value', m.value)) ORDER BY m.at, m.number)
                           FROM ringside.moment_fact AS m WHERE m.tenant = c.tenant AND m.contact = c.contact AND m.kind <> 'none'),
            'handlings', (SELECT jsonb_agg(jsonb_build_object('queue', h.queue, 'begun_at', h.begun_at, 'ended_at', h.ended_at, 'talk_ms', h.talk_us / 1000,
                           'hold_ms', h.hold_us / 1000) ORDER BY h.number) FROM ringside.handling_fact AS h WHERE h.tenant = c.tenant AND h.contact = c.contact)))
        FROM ringside.contact_fact AS c WHERE c.tenant = of_tenant AND c.customer = ANY (of_customers) ORDER BY c.begun_at, c.contact;
    GET DIAGNOSTICS given = ROW_COUNT;
    PERFORM ringside.log_access('export_customer: given out', NULL, NULL, NULL, of_reason, given);
END;
$$;
COMMENT ON FUNCTION ringside.export_customer IS 'All that is kept about a customer, by pseudonyms, a line per contact. Logged, without the pseudonym.';

CREATE OR REPLACE FUNCTION ringside.export_agent(of_tenant text, of_agent text, of_reason text) RETURNS SETOF jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    given bigint;
    total bigint;
BEGIN
    IF coalesce(of_agent, '') = '' THEN RAISE EXCEPTION 'which agent?' USING ERRCODE = 'invalid_parameter_value'; END IF;
    PERFORM ringside.log_access('export_agent', of_agent, NULL, NULL, of_reason, 0);
    RETURN QUERY SELECT jsonb_build_object('what', 'interval') || jsonb_strip_nulls(to_jsonb(p) - '{stream_id,run,part,revision,final,stored_at}'::text[])
        FROM ringside.agent_interval_part AS p WHERE p.tenant = of_tenant AND p.agent = of_agent ORDER BY p.interval_start, p.attribution;
    GET DIAGNOSTICS total = ROW_COUNT;
    RETURN QUERY SELECT jsonb_strip_nulls(jsonb_build_object('what', 'handling', 'contact', h.contact, 'queue', h.queue, 'channel', h.channel, 'begun_at', h.begun_at, 'ended_at', h.ended_at,
            'talk_ms', h.talk_us / 1000, 'hold_ms', h.hold_us / 1000, 'wrap_ms', h.wrap_us / 1000, 'transfer_kind', h.transfer_kind))
        FROM ringside.handling_fact AS h WHERE h.tenant = of_tenant AND h.agent = of_agent ORDER BY h.begun_at, h.contact;
    GET DIAGNOSTICS given = ROW_COUNT;
    total := total + given;
    RETURN QUERY SELECT jsonb_strip_nulls(jsonb_build_object('what', 'answered', 'contact', l.contact, 'queue', l.queue, 'channel', l.channel, 'queued_at', l.queued_at, 'closed_at', l.closed_at,
            'waited_ms', l.wait_us / 1000, 'team', l.team))
        FROM ringside.leg_fact AS l WHERE l.tenant = of_tenant AND l.agent = of_agent ORDER BY l.queued_at, l.contact;
    GET DIAGNOSTICS given = ROW_COUNT;
    total := total + given;
    RETURN QUERY SELECT jsonb_strip_nulls(jsonb_build_object('what', 'moment', 'kind', m.kind, 'at', m.at, 'contact', m.contact, 'queue', m.queue, 'channel', m.channel, 'team', m.team, 'value', m.value))
        FROM ringside.moment_fact AS m WHERE m.tenant = of_tenant AND m.agent = of_agent AND m.kind <> 'none' ORDER BY m.at, m.contact, m.number;
    GET DIAGNOSTICS given = ROW_COUNT;
    total := total + given;
    RETURN QUERY SELECT jsonb_build_object('what', 'baseline', 'name', b.name, 'metric', b.metric, 'value', b.value, 'from', b.from_time, 'to', b.to_time, 'frozen_at', b.frozen_at)
        FROM ringside.baseline AS b WHERE b.family = 'agent' AND b.tenant = of_tenant AND b.key = of_agent ORDER BY b.name;
    RETURN QUERY SELECT jsonb_strip_nulls(jsonb_build_object('what', 'improvement', 'title', i.title, 'hypothesis', i.hypothesis, 'metric', i.metric, 'owner', i.owner, 'state', i.state, 'conclusion', i.conclusion))
        FROM ringside.improvement AS i WHERE i.tenant = of_tenant AND ((i.family = 'agent' AND i.key = of_agent) OR of_agent IN (i.owner, i.created_by)) ORDER BY i.id;
    RETURN QUERY SELECT jsonb_strip_nulls(jsonb_build_object('what', 'alert', 'rule', e.rule, 'metric', e.metric, 'state', e.state))
        FROM ringside.alert_episode AS e WHERE e.tenant = of_tenant AND e.family = 'agent' AND e.key = of_agent ORDER BY e.rule;
    RETURN QUERY SELECT jsonb_strip_nulls(jsonb_build_object('what', 'said_of_an_alert', 'at', d.at, 'act', d.act, 'by', d.author, 'for', d.owner, 'text', d.text))
        FROM ringside.alert_said AS d WHERE of_agent IN (d.author, d.owner) OR d.text ~ ringside.as_word(of_agent) ORDER BY d.at, d.number, d.ordinal;
    RETURN QUERY SELECT jsonb_build_object('what', 'was_read', 'at', l.at, 'by', l.reader, 'how', l.what, 'why', l.reason)
        FROM ringside.access_log AS l WHERE l.subject = of_agent ORDER BY l.id;
    PERFORM ringside.log_access('export_agent: given out', of_agent, NULL, NULL, of_reason, total);
END;
$$;
COMMENT ON FUNCTION ringside.export_agent IS 'All that is kept about an agent: own figures per interval (times in each state and against the schedule are among them; single states and schedules are not kept), contacts answered and handled, single moments, baselines, improvements, what was said of alerts, and who has read them. Logged.';

CREATE OR REPLACE FUNCTION ringside.report_export(from_time timestamptz, to_time timestamptz, of_family text DEFAULT 'queue', step text DEFAULT 'day', zone text DEFAULT 'UTC',
    of_tenant text DEFAULT NULL, min_n integer DEFAULT 10, of_attribution text DEFAULT 'event')
RETURNS TABLE (interval_start timestamptz, tenant text, key text, channel text, suppressed boolean, n bigint, answered bigint, abandoned bigint, handled bigint, asa_ms double precision,
               aht_ms double precision, policy text, service_level double precision, fcr double precision, csat double precision, nps double precision)
LANGUAGE sql STABLE AS $$
    SELECT e.step_start, e.tenant, e.key, e.channel, e.suppressed, e.n, e.answered, e.abandoned, e.handled, e.asa_ms, e.aht_ms, l.key, (l.value ->> 'value')::double precision,
        e.fcr, e.csat, e.nps
    FROM ringside.export_figures(of_family, from_time, to_time, step, zone, of_tenant, min_n, of_attribution) AS e
    LEFT JOIN LATERAL jsonb_each(e.service_level) AS l ON true
    ORDER BY 1, 2, 3, 4, 12
$$;
COMMENT ON FUNCTION ringside.report_export IS 'ringside.export_figures, a line per service-level policy: what may be given away.';
