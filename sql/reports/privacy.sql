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
COMMENT ON FUNCTION ringside.strip_agent IS 'Trigger of agent_interval_part: intervals of before an agent''s erasure do not come in again.';
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

CREATE OR REPLACE FUNCTION ringside.erase_agent_rows(of_tenant text, of_agent text, before timestamptz) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    removed jsonb := '{}';
    changed bigint;
    stands text := 'erased-' || gen_random_uuid();
BEGIN
    DELETE FROM ringside.agent_interval_part AS p WHERE p.tenant = of_tenant AND p.agent = of_agent AND p.interval_start < before;
    GET DIAGNOSTICS changed = ROW_COUNT;
    removed := removed || jsonb_build_object('agent_interval_part', changed);
    UPDATE ringside.leg_fact AS f SET agent = NULL WHERE f.tenant = of_tenant AND f.agent = of_agent AND f.queued_at < before;
    GET DIAGNOSTICS changed = ROW_COUNT;
    removed := removed || jsonb_build_object('leg_fact', changed);
    UPDATE ringside.handling_fact AS f SET agent = NULL WHERE f.tenant = of_tenant AND f.agent = of_agent AND f.begun_at < before;
    GET DIAGNOSTICS changed = ROW_COUNT;
    removed := removed || jsonb_build_object('handling_fact', changed);
    UPDATE ringside.moment_fact AS f SET agent = NULL WHERE f.tenant = of_tenant AND f.agent = of_agent AND f.at < before;
    GET DIAGNOSTICS changed = ROW_COUNT;
    removed := removed || jsonb_build_object('moment_fact', changed);
    DELETE FROM ringside.baseline AS b WHERE b.family = 'agent' AND b.tenant = of_tenant AND b.key = of_agent
        AND NOT EXISTS (SELECT FROM ringside.improvement AS i WHERE i.baseline = b.name);
    GET DIAGNOSTICS changed = ROW_COUNT;
    UPDATE ringside.baseline AS b SET key = stands WHERE b.family = 'agent' AND b.tenant = of_tenant AND b.key = of_agent;
    removed := removed || jsonb_build_object('baseline', changed);
    UPDATE ringside.improvement AS i SET key = stands WHERE i.family = 'agent' AND i.tenant = of_tenant AND i.key = of_agent;
    GET DIAGNOSTICS changed = ROW_COUNT;
    removed := removed || jsonb_build_object('improvement', changed);
    UPDATE ringside.alert_episode AS e SET key = stands WHERE e.family = 'agent' AND e.tenant = of_tenant AND e.key = of_agent;
    GET DIAGNOSTICS changed = ROW_COUNT;
    removed := removed || jsonb_build_object('alert_episode', changed);
    UPDATE ringside.access_log AS l SET subject = stands WHERE l.subject = of_agent;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN removed || jsonb_build_object('access_log', changed);
END;
$$;
COMMENT ON FUNCTION ringside.erase_agent_rows IS 'Deletes an agent''s own figures and takes the name out of the rest; figures of queues, teams and tenants stay what they were.';

-- Locks keep the daemon's writes out for as long as it takes: what came before is seen, what comes after meets the tombstones.
CREATE OR REPLACE FUNCTION ringside.erase_subject(of_kind text, of_tenant text, of_subjects text[], of_reason text, of_who text, at timestamptz DEFAULT now(),
    of_record bigint DEFAULT NULL) RETURNS ringside.erasure
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '30s' SET "ringside.erasing" = 'yes' AS $$
DECLARE
    made ringside.erasure;
    subject text;
    one jsonb;
    sums jsonb := '{}';
BEGIN
    IF of_kind = 'customer' THEN PERFORM ringside.check_customers(of_subjects);
    ELSIF of_kind IS DISTINCT FROM 'agent' THEN RAISE EXCEPTION 'customers and agents are erased; "%" is neither', of_kind USING ERRCODE = 'invalid_parameter_value';
    ELSIF coalesce(cardinality(of_subjects), 0) = 0 OR '' = ANY (of_subjects) THEN RAISE EXCEPTION 'which agent?' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM ringside.log_access('erase_' || of_kind, NULL, NULL, NULL, of_reason, 0);
    INSERT INTO ringside.erasure (kind, tenant, reason, asked_by, erased_at, record) VALUES (of_kind, of_tenant, of_reason, coalesce(nullif(of_who, ''), session_user), at, of_record)
        RETURNING * INTO made;
    LOCK TABLE ringside.contact_fact, ringside.leg_fact, ringside.handling_fact, ringside.moment_fact, ringside.agent_interval_part IN SHARE ROW EXCLUSIVE MODE;
    FOREACH subject IN ARRAY of_subjects LOOP
        INSERT INTO ringside.tombstone (digest, erasure, erased_at) VALUES (ringside.subject_digest(of_kind, of_tenant, subject), made.id, at)
            ON CONFLICT (digest) DO UPDATE SET erasure = made.id, erased_at = greatest(ringside.tombstone.erased_at, at);
        one := CASE of_kind WHEN 'agent' THEN ringside.erase_agent_rows(of_tenant, subject, at)
                            ELSE ringside.erase_contacts(of_tenant, subject) || ringside.replace_everywhere(subject, '(erased)') END;
        SELECT jsonb_object_agg(k.key, coalesce((sums ->> k.key)::bigint, 0) + coalesce((one ->> k.key)::bigint, 0)) INTO sums
            FROM (SELECT jsonb_object_keys(sums) AS key UNION SELECT jsonb_object_keys(one)) AS k;
    END LOOP;
    UPDATE ringside.erasure AS e SET removed = sums WHERE e.id = made.id RETURNING * INTO made;
    RETURN made;
END;
$$;
COMMENT ON FUNCTION ringside.erase_subject IS 'Erases a person: customers by pseudonyms, agents by name. What comes in later of before `at` is stripped until ringside.complete_erasure. Harmless when repeated.';

-- Of agents the daemon forgets nothing by itself: their intervals may be written anew for as long as they are in memory.
CREATE OR REPLACE FUNCTION ringside.complete_erasure(of_id bigint, of_certificate text, of_signature text DEFAULT NULL, of_public_key text DEFAULT NULL) RETURNS ringside.erasure
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    made ringside.erasure;
BEGIN
    UPDATE ringside.erasure AS e SET completed_at = coalesce(e.completed_at, now()), certificate = of_certificate, signature = of_signature, public_key = of_public_key
        WHERE e.id = of_id RETURNING * INTO made;
    IF made.id IS NULL THEN RAISE EXCEPTION 'there is no erasure %', of_id USING ERRCODE = 'invalid_parameter_value'; END IF;
    DELETE FROM ringside.tombstone AS t WHERE t.erasure = of_id AND made.kind = 'customer';
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
COMMENT ON FUNCTION ringside.erase_agent IS 'Deletes an agent''s own figures and takes the name out of the facts; figures of queues, teams and tenants stay what they were.';

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
    RETURN QUERY SELECT jsonb_build_object('what', 'baseline', 'name', b.name, 'metric', b.metric, 'value', b.value, 'from', b.from_time, 'to', b.to_time, 'frozen_at', b.frozen_at)
        FROM ringside.baseline AS b WHERE b.family = 'agent' AND b.tenant = of_tenant AND b.key = of_agent ORDER BY b.name;
    RETURN QUERY SELECT jsonb_build_object('what', 'was_read', 'at', l.at, 'by', l.reader, 'how', l.what, 'why', l.reason)
        FROM ringside.access_log AS l WHERE l.subject = of_agent ORDER BY l.id;
    PERFORM ringside.log_access('export_agent: given out', of_agent, NULL, NULL, of_reason, total);
END;
$$;
COMMENT ON FUNCTION ringside.export_agent IS 'All that is kept about an agent: own figures per interval, handlings, baselines, and who has read them. Logged.';

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
