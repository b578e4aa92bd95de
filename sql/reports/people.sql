-- Persons: agents and customers. Their rows are behind functions that run with the owner's rights, and write down who read what and
-- why before anything is given out. Roles: analyst (figures without persons, reviews), supervisor (that, and agents and contacts), auditor (who
-- read what, retention, deviations), daemon (writes).
CREATE OR REPLACE FUNCTION ringside.log_access(of_what text, of_subject text, from_time timestamptz, to_time timestamptz, of_reason text, of_rows bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF length(btrim(coalesce(of_reason, ''))) < 3 THEN
        RAISE EXCEPTION 'say why, in three letters or more: data of persons is read for a reason, and the reason is written down' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO ringside.access_log (what, subject, from_time, to_time, reason, rows) VALUES (of_what, of_subject, $3, $4, of_reason, of_rows);
END;
$$;
COMMENT ON FUNCTION ringside.log_access IS 'Writes down a read of persons'' data; an error without a reason.';

CREATE OR REPLACE FUNCTION ringside.read_agents(from_time timestamptz, to_time timestamptz, of_reason text, step text DEFAULT 'day', zone text DEFAULT 'UTC',
    of_tenant text DEFAULT NULL, of_agent text DEFAULT NULL, of_attribution text DEFAULT 'event')
RETURNS SETOF ringside.agent_interval LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    given bigint;
BEGIN
    PERFORM ringside.log_access('read_agents', of_agent, from_time, to_time, of_reason, 0);   -- before, so that a wrong reason reads nothing
    RETURN QUERY SELECT * FROM ringside.agent_history(from_time, to_time, step, zone, of_attribution, of_tenant, of_agent);
    GET DIAGNOSTICS given = ROW_COUNT;
    PERFORM ringside.log_access('read_agents: given out', of_agent, from_time, to_time, of_reason, given);
END;
$$;
COMMENT ON FUNCTION ringside.read_agents IS 'Figures of agents per step, for supervisors; every call is written to ringside.access_log.';

-- --- single contacts -----------------------------------------------------------------------------------------------------
CREATE OR REPLACE FUNCTION ringside.load_contact(of_contact jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    c ringside.contact_fact := jsonb_populate_record(NULL::ringside.contact_fact, of_contact - 'legs' - 'handlings');
    known bigint;
    at timestamptz;
BEGIN
    IF ringside.is_erased(c.tenant, c.contact, c.customer, c.begun_at) THEN   -- privacy.sql: what comes in of an erased customer is nobody's
        c.contact := ringside.made_up_name(c.tenant, c.contact);
        c.customer := NULL;
        c.journey := NULL;
    END IF;
    SELECT max(f.revision) INTO known FROM ringside.contact_fact AS f WHERE (f.tenant, f.contact) = (c.tenant, c.contact);
    IF known >= c.revision THEN RETURN false; END IF;
    FOR at IN SELECT DISTINCT date_trunc('month', t, 'UTC') FROM (SELECT c.begun_at AS t
              UNION ALL SELECT (l ->> 'queued_at')::timestamptz FROM jsonb_array_elements(coalesce(of_contact -> 'legs', '[]')) AS l
              UNION ALL SELECT (h ->> 'begun_at')::timestamptz FROM jsonb_array_elements(coalesce(of_contact -> 'handlings', '[]')) AS h) AS times
              WHERE t IS NOT NULL LOOP
        PERFORM ringside.make_partition('contact_fact', at), ringside.make_partition('leg_fact', at), ringside.make_partition('handling_fact', at),
            ringside.make_partition('moment_fact', at);
    END LOOP;
    DELETE FROM ringside.contact_fact AS f WHERE (f.tenant, f.contact) = (c.tenant, c.contact);
    DELETE FROM ringside.leg_fact AS f WHERE (f.tenant, f.contact) = (c.tenant, c.contact);
    DELETE FROM ringside.handling_fact AS f WHERE (f.tenant, f.contact) = (c.tenant, c.contact);
    DELETE FROM ringside.moment_fact AS f WHERE (f.tenant, f.contact) = (c.tenant, c.contact);
    c.stored_at := now();
    c.stream_id := coalesce(c.stream_id, 0);
    c.run := coalesce(c.run, 0);
    c.part := coalesce(c.part, 0);
    c.took_place := coalesce(c.took_place, true);
    c.fcr_eligible := coalesce(c.fcr_eligible, false);
    c.fcr_repeated := coalesce(c.fcr_repeated, false);
    c.fcr_flagged_unresolved := coalesce(c.fcr_flagged_unresolved, false);
    c.fcr_matured := coalesce(c.fcr_matured, false);
    INSERT INTO ringside.contact_fact SELECT (c).*;
    INSERT INTO ringside.leg_fact (tenant, contact, queued_at, number, revision, queue, channel, outcome, reason, closed_at, wait_us, agent, team)
        SELECT c.tenant, c.contact, l.queued_at, row_number() OVER (ORDER BY l.queued_at), c.revision, l.queue, coalesce(l.channel, c.channel), l.outcome,
            l.reason, l.closed_at, l.wait_us, l.agent, l.team
        FROM jsonb_populate_recordset(NULL::ringside.leg_fact, coalesce(of_contact -> 'legs', '[]')) AS l;
    INSERT INTO ringside.handling_fact (tenant, contact, begun_at, number, revision, queue, channel, agent, team, ended_at, talk_us, hold_us, wrap_us, holds,
                                        transfer_kind, transferred_to)
        SELECT c.tenant, c.contact, h.begun_at, row_number() OVER (ORDER BY h.begun_at), c.revision, h.queue, coalesce(h.channel, c.channel), h.agent, h.team,
            h.ended_at, coalesce(h.talk_us, 0), coalesce(h.hold_us, 0), coalesce(h.wrap_us, 0), coalesce(h.holds, 0), h.transfer_kind, h.transferred_to
        FROM jsonb_populate_recordset(NULL::ringside.handling_fact, coalesce(of_contact -> 'handlings', '[]')) AS h;
    IF ringside.anybody_is_erased() THEN
        UPDATE ringside.leg_fact AS f SET agent = ringside.agent_now(f.tenant, f.agent, f.queued_at) WHERE f.tenant = c.tenant AND f.contact = c.contact AND ringside.agent_is_erased(f.tenant, f.agent, f.queued_at);
        UPDATE ringside.handling_fact AS f SET agent = ringside.agent_now(f.tenant, f.agent, f.begun_at) WHERE f.tenant = c.tenant AND f.contact = c.contact AND ringside.agent_is_erased(f.tenant, f.agent, f.begun_at);
    END IF;
    RETURN true;
END;
$$;
COMMENT ON FUNCTION ringside.load_contact IS 'Writes one contact with its legs and handlings: the columns of contact_fact, with "legs" and "handlings" as lists of theirs. A lower or equal revision changes nothing (false).';

CREATE OR REPLACE FUNCTION ringside.read_contact(of_tenant text, of_contact text, of_reason text)
RETURNS TABLE (at timestamptz, what text, queue text, agent text, outcome text, wait_ms bigint, talk_ms bigint, hold_ms bigint, wrap_ms bigint, ended_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
DECLARE
    given bigint;
BEGIN
    PERFORM ringside.log_access('read_contact', of_contact, NULL, NULL, of_reason, 0);
    RETURN QUERY
        SELECT * FROM (
            SELECT l.queued_at AS at, 'leg'::text, l.queue, l.agent, coalesce(l.outcome, 'open') || coalesce(': ' || l.reason, ''), l.wait_us / 1000,
                NULL::bigint, NULL::bigint, NULL::bigint, l.closed_at
            FROM ringside.leg_fact AS l WHERE l.tenant = of_tenant AND l.contact = of_contact
            UNION ALL
            SELECT h.begun_at, 'handling', h.queue, h.agent, CASE WHEN h.transfer_kind IS NOT NULL THEN 'transferred: ' || h.transfer_kind
                WHEN h.ended_at IS NULL THEN 'lost' ELSE 'ended' END, NULL, h.talk_us / 1000, h.hold_us / 1000, h.wrap_us / 1000, h.ended_at
            FROM ringside.handling_fact AS h WHERE h.tenant = of_tenant AND h.contact = of_contact) AS steps ORDER BY at, 2 DESC;
    GET DIAGNOSTICS given = ROW_COUNT;
    PERFORM ringside.log_access('read_contact: given out', of_contact, NULL, NULL, of_reason, given);
END;
$$;
COMMENT ON FUNCTION ringside.read_contact IS 'One contact step by step: its stays in queues and its handlings. Logged.';

CREATE OR REPLACE FUNCTION ringside.customer_journey(of_tenant text, of_customer text, of_reason text, from_time timestamptz DEFAULT '-infinity',
    to_time timestamptz DEFAULT 'infinity')
RETURNS TABLE (begun_at timestamptz, contact text, journey text, channel text, topic text, queues text[], outcome text, wait_ms numeric, handled_ms numeric,
               days_since_last double precision, unresolved boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
DECLARE
    given bigint;
BEGIN
    IF of_customer !~ '^[0-9a-f]{32}$' THEN
        RAISE EXCEPTION 'a customer is asked for by pseudonym, 32 hexadecimal digits: numbers are not kept' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM ringside.log_access('customer_journey', NULL, from_time, to_time, of_reason, 0);
    RETURN QUERY
        SELECT c.begun_at, c.contact, c.journey, c.channel, c.topic, l.queues, l.outcome, l.wait_ms, h.handled_ms,
            extract(epoch FROM c.begun_at - lag(coalesce(c.ended_at, c.begun_at)) OVER (ORDER BY c.begun_at))::double precision / 86400,
            c.fcr_repeated OR c.fcr_flagged_unresolved
        FROM ringside.contact_fact AS c,
            LATERAL (SELECT array_agg(f.queue ORDER BY f.number) AS queues, (array_agg(coalesce(f.outcome, 'open') ORDER BY f.number DESC))[1] AS outcome,
                         sum(f.wait_us) / 1000 AS wait_ms FROM ringside.leg_fact AS f WHERE f.tenant = c.tenant AND f.contact = c.contact) AS l,
            LATERAL (SELECT sum(f.talk_us + f.hold_us + f.wrap_us) / 1000 AS handled_ms FROM ringside.handling_fact AS f
                     WHERE f.tenant = c.tenant AND f.contact = c.contact) AS h
        WHERE c.tenant = of_tenant AND c.customer = of_customer AND c.begun_at >= from_time AND c.begun_at < to_time ORDER BY c.begun_at;
    GET DIAGNOSTICS given = ROW_COUNT;
    PERFORM ringside.log_access('customer_journey: given out', NULL, from_time, to_time, of_reason, given);
END;
$$;
COMMENT ON FUNCTION ringside.customer_journey IS 'All contacts of one customer, by pseudonym, in order. Logged, without the pseudonym.';

-- By topic there are no interval rows: from the facts, as long as these are kept. Without persons; topics of fewer than min_n contacts go together.
CREATE OR REPLACE FUNCTION ringside.topic_report(of_tenant text, from_time timestamptz, to_time timestamptz, min_n integer DEFAULT 10)
RETURNS TABLE (topic text, contacts bigint, handled bigint, aht_ms double precision, fcr_eligible bigint, fcr double precision, csat double precision,
               csat_responses bigint, nps double precision, nps_responses bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
BEGIN
    PERFORM ringside.check_period(from_time, to_time), ringside.warn_of_missing_months('contact_fact', from_time, to_time);
    RETURN QUERY
        WITH one AS (
            SELECT c.*, count(*) OVER (PARTITION BY c.topic) AS n, h.n AS handled, h.us FROM ringside.contact_fact AS c,
                LATERAL (SELECT count(*) AS n, sum(f.talk_us + f.hold_us + f.wrap_us) AS us FROM ringside.handling_fact AS f
                         WHERE f.tenant = c.tenant AND f.contact = c.contact AND f.ended_at IS NOT NULL) AS h
            WHERE c.tenant = of_tenant AND c.begun_at >= from_time AND c.begun_at < to_time AND c.took_place
        )
        SELECT CASE WHEN n >= min_n THEN topic ELSE '(few)' END, count(*), sum(handled)::bigint, ringside.mean_ms(sum(us)::bigint, sum(handled)::bigint),
            count(*) FILTER (WHERE fcr_eligible), ringside.ratio(count(*) FILTER (WHERE fcr_eligible AND NOT (fcr_repeated OR fcr_flagged_unresolved)),
                count(*) FILTER (WHERE fcr_eligible)), avg(csat_milli)::double precision / 1000, count(csat_milli),
            100 * ringside.ratio(count(*) FILTER (WHERE nps >= 9) - count(*) FILTER (WHERE nps <= 6), count(nps)), count(nps)
        FROM one GROUP BY 1 ORDER BY 2 DESC, 1;
END;
$$;
COMMENT ON FUNCTION ringside.topic_report IS 'Contacts, handle time, first-contact resolution and feedback by topic, from the facts; small topics together. Resolution: of facts that were loaded with their verdict; those of the daemon have none.';

-- --- exports: no cell that could be one person's ------------------------------------------------------------------------------
-- A cell of fewer than k is withheld; when it is the only one of its step, the next smallest is, too: else the total would give it away.
CREATE OR REPLACE FUNCTION ringside.export_figures(of_family text, from_time timestamptz, to_time timestamptz, step text DEFAULT 'day', zone text DEFAULT 'UTC',
    of_tenant text DEFAULT NULL, k integer DEFAULT 10, of_attribution text DEFAULT 'event')
RETURNS TABLE (step_start timestamptz, tenant text, key text, channel text, suppressed boolean, n bigint, answered bigint, abandoned bigint, handled bigint,
               asa_ms double precision, aht_ms double precision, service_level jsonb, fcr double precision, csat double precision, nps double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
BEGIN
    IF of_family IS NULL OR of_family NOT IN ('queue', 'channel', 'team') THEN
        RAISE EXCEPTION 'exports are of queues, channels or teams; "%" is not one of them', of_family USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF k IS NULL OR k < 2 THEN RAISE EXCEPTION 'cells of fewer than 2 are persons: k is 2 at least' USING ERRCODE = 'invalid_parameter_value'; END IF;
    RETURN QUERY EXECUTE format($query$
        WITH cell AS (
            SELECT h.interval_start, h.tenant, %2$s AS key, %3$s AS channel, greatest(coalesce(%4$s, 0), h.answered, h.handled) AS n, h.answered, %5$s AS abandoned,
                h.handled, (h.wait_ms ->> 'asa')::double precision AS asa, h.aht_ms, h.service_level, h.fcr, h.csat, h.nps
            FROM ringside.%1$I($1, $2, $3, $4, $7, $5) AS h
        ), ranked AS (
            SELECT c.*, c.n < $6 AS small, count(*) FILTER (WHERE c.n < $6) OVER w AS smalls,
                row_number() OVER (PARTITION BY c.interval_start, c.tenant ORDER BY c.n < $6, c.n, c.key, c.channel) AS place
            FROM cell AS c WINDOW w AS (PARTITION BY c.interval_start, c.tenant)
        ), judged AS (SELECT r.*, r.small OR (r.smalls = 1 AND r.place = 1) AS hide FROM ranked AS r)
        SELECT j.interval_start, j.tenant, j.key, j.channel, j.hide, CASE WHEN NOT j.hide THEN j.n END, CASE WHEN NOT j.hide THEN j.answered END,
            CASE WHEN NOT j.hide THEN j.abandoned END, CASE WHEN NOT j.hide THEN j.handled END, CASE WHEN NOT j.hide AND j.answered >= $6 THEN j.asa END,
            CASE WHEN NOT j.hide AND j.handled >= $6 THEN j.aht_ms END, CASE WHEN NOT j.hide THEN j.service_level END,
            CASE WHEN NOT j.hide AND (j.fcr ->> 'eligible')::bigint >= $6 THEN (j.fcr ->> 'value')::double precision END,
            CASE WHEN NOT j.hide AND (j.csat ->> 'responses')::bigint >= $6 THEN (j.csat ->> 'mean')::double precision END,
            CASE WHEN NOT j.hide AND (j.nps ->> 'responses')::bigint >= $6 THEN (j.nps ->> 'value')::double precision END
        FROM judged AS j ORDER BY 1, 2, 3, 4 $query$, of_family || '_history', 'h.' || of_family,
        CASE of_family WHEN 'queue' THEN 'h.channel' ELSE 'NULL::text' END, CASE of_family WHEN 'team' THEN 'NULL::bigint' ELSE 'h.offered' END,
        CASE of_family WHEN 'team' THEN 'NULL::bigint' ELSE 'h.abandoned' END)
        USING from_time, to_time, step, zone, of_tenant, k, of_attribution;
END;
$$;
COMMENT ON FUNCTION ringside.export_figures IS 'Figures to give away: cells of fewer than k (10) are withheld, and never only one of a step; figures that rest on fewer than k are, too.';

-- --- record of processing ------------------------------------------------------------------------------------------------------
CREATE OR REPLACE VIEW ringside.record_of_processing AS
SELECT r.class, r.what, coalesce(r.keep::text, 'for ever') AS kept_for, t.tables, p.oldest,
    CASE r.class WHEN 'agent' THEN 'ringside_supervisor, logged' WHEN 'fact' THEN 'ringside_supervisor, logged' WHEN 'access' THEN 'ringside_auditor'
                 WHEN 'erasure' THEN 'ringside_auditor'
                 ELSE 'ringside_analyst, ringside_supervisor, ringside_auditor' END AS recipients,
    r.purpose, r.basis, r.subjects
FROM ringside.retention AS r
LEFT JOIN LATERAL (SELECT array_agg(d.name ORDER BY d.name) AS tables FROM ringside.partitioned AS d WHERE d.class = r.class) AS t ON true
LEFT JOIN LATERAL (SELECT min(q.from_time) AS oldest FROM ringside.partition AS q JOIN ringside.partitioned AS d ON d.name = q.parent
                   WHERE d.class = r.class AND q.dropped_at IS NULL) AS p ON true;
COMMENT ON VIEW ringside.record_of_processing IS 'What is kept about whom, for how long and for whom: as it is configured now.';
COMMENT ON COLUMN ringside.record_of_processing.class IS 'The class of data.';
COMMENT ON COLUMN ringside.record_of_processing.what IS 'What belongs to it.';
COMMENT ON COLUMN ringside.record_of_processing.kept_for IS 'For how long.';
COMMENT ON COLUMN ringside.record_of_processing.tables IS 'The tables that are cut into months.';
COMMENT ON COLUMN ringside.record_of_processing.oldest IS 'The oldest month that is there.';
COMMENT ON COLUMN ringside.record_of_processing.recipients IS 'Who may read it.';
COMMENT ON COLUMN ringside.record_of_processing.purpose IS 'What for.';
COMMENT ON COLUMN ringside.record_of_processing.basis IS 'The legal basis, as whoever answers for the data sees it (ringside.retention).';
COMMENT ON COLUMN ringside.record_of_processing.subjects IS 'Whose personal data; null: nobody''s.';
