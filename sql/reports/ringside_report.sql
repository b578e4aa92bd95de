-- What `ringside report` asks: each report is one function here whose columns are plain values, so that a spreadsheet reads them as they are.
-- They add no figure of their own: all comes from the functions and views beside this file.

-- A date is its first instant in the zone; a time without an offset is a time of the zone.
CREATE OR REPLACE FUNCTION ringside.report_instant(said text, zone text) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN said ~ '^\d{4}-\d\d-\d\d$' THEN ringside.first_instant(said::date, ringside.check_zone(zone))
                WHEN said ~ '([zZ]|[+-]\d\d(:?\d\d)?)$' AND said ~ ':' THEN said::timestamptz
                ELSE said::timestamp AT TIME ZONE ringside.check_zone(zone) END
$$;
COMMENT ON FUNCTION ringside.report_instant IS 'The instant that a date (its first instant) or time means in a zone.';

-- Which service levels a report shows: those named, separated by commas; '*': all; else short_excluded, else the only one there is.
CREATE OR REPLACE FUNCTION ringside.report_policies(named text) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    known text[] := coalesce((SELECT array_agg(DISTINCT p.name ORDER BY p.name) FROM ringside.policy AS p), '{}');
    wanted text[] := (SELECT array_agg(btrim(w) ORDER BY place) FROM unnest(string_to_array(named, ',')) WITH ORDINALITY AS s (w, place));
    missing text;
BEGIN
    IF named IS NULL THEN
        RETURN CASE WHEN 'short_excluded' = ANY (known) THEN '{short_excluded}'::text[] WHEN cardinality(known) > 0 THEN known[1:1]
                    ELSE ARRAY[NULL::text] END;
    END IF;
    IF named = '*' AND cardinality(known) > 0 THEN RETURN known; END IF;
    SELECT w INTO missing FROM unnest(wanted) AS w WHERE w <> ALL (known) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'no rows were counted by a policy "%"; there are: %', missing, coalesce(nullif(array_to_string(known, ', '), ''), 'none yet')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN wanted;
END;
$$;
COMMENT ON FUNCTION ringside.report_policies IS 'The policies that are named, or the default; an error that lists what there is when one is not known.';

-- Warns when a policy meant different things within the period. Rows are only looked at when there are several versions at all, and then
-- only those that the report is about.
DROP FUNCTION IF EXISTS ringside.warn_of_formula(text, text[], timestamptz, timestamptz);
CREATE OR REPLACE FUNCTION ringside.warn_of_formula(of_family text, policies text[], from_time timestamptz, to_time timestamptz, of_tenant text DEFAULT NULL,
    of_key text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    used record;
    changed text[] := (SELECT array_agg(m.name) FROM (SELECT p.name FROM ringside.policy AS p WHERE p.name = ANY (policies) GROUP BY 1 HAVING count(*) > 1) AS m);
BEGIN
    IF of_family NOT IN ('queue', 'channel', 'total') OR changed IS NULL THEN RETURN; END IF;
    FOR used IN EXECUTE format('SELECT e.policy, string_agg(format(''version %%s from %%s'', e.version, e.since), '', '' ORDER BY e.since) AS text
        FROM (SELECT v.policy, coalesce(ringside.restated_version(v.policy, p.interval_start), v.version) AS version, min(p.interval_start) AS since FROM ringside.%I AS p,
                  LATERAL unnest(p.sl_policy, p.sl_version, p.sl_den) AS v (policy, version, den)
              WHERE p.interval_start >= $1 AND p.interval_start < $2 AND v.den <> 0 AND v.policy = ANY ($3) %s GROUP BY 1, 2) AS e
        GROUP BY 1 HAVING count(*) > 1', of_family || '_interval_part', CASE WHEN of_tenant IS NOT NULL THEN 'AND p.tenant = $4 ' ELSE '' END
            || CASE WHEN of_key IS NOT NULL AND of_family <> 'total' THEN format('AND p.%I = $5', of_family) ELSE '' END)
        USING from_time, to_time, changed, of_tenant, of_key LOOP
        RAISE WARNING 'the formula changed within the period: policy % was %; its counts are added as they were counted', used.policy, used.text;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ringside.warn_of_formula IS 'Warns when a service-level policy changed its version within a period.';

-- What there is, for those who asked for a period without rows.
CREATE OR REPLACE FUNCTION ringside.known_period(OUT from_time timestamptz, OUT to_time timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT min(p.interval_start), max(p.interval_start + p.interval_s * interval '1 second') FROM ringside.total_interval_part AS p
$$;
COMMENT ON FUNCTION ringside.known_period IS 'From when to when there are rows at all; nulls: there are none.';

-- Rows of one family (queue, channel, total, agent, team), per step or as one row per key ('all'), once per policy.
CREATE OR REPLACE FUNCTION ringside.report_rows(of_family text, from_time timestamptz, to_time timestamptz, step text DEFAULT 'all', zone text DEFAULT 'UTC',
    of_tenant text DEFAULT NULL, of_key text DEFAULT NULL, of_channel text DEFAULT NULL, policies text DEFAULT NULL, of_attribution text DEFAULT 'event')
RETURNS TABLE (interval_start timestamptz, tenant text, key text, channel text, policy text, service_level double precision, sl_numerator bigint,
               sl_denominator bigint, offered bigint, answered bigint, abandoned bigint, abandoned_short bigint, abandoned_rate double precision,
               flowed_out bigint, callbacks bigint, blocked bigint, asa_ms double precision, wait_p50_ms bigint, wait_p90_ms bigint, wait_p99_ms bigint,
               wait_max_ms bigint, abandon_mean_ms double precision, handled bigint, handled_short bigint, short_rate double precision,
               aht_ms double precision, talk_ms double precision, hold_ms double precision, wrap_ms double precision, transferred_in bigint,
               transferred_out bigint, offers bigint, offers_failed bigint, occupancy double precision, occupancy_logged_in double precision,
               adherence double precision, conformance double precision, fcr double precision, csat double precision, nps double precision, final boolean)
LANGUAGE plpgsql STABLE SET enable_sort = off SET jit = off AS $$
DECLARE
    named text[] := CASE WHEN of_family IN ('queue', 'channel', 'total') THEN ringside.report_policies(policies) ELSE ARRAY[NULL::text] END;
    has_legs boolean := of_family IN ('queue', 'channel', 'total');
    counts constant text[] := '{offered,answered,abandoned,abandoned_short,flowed_out,callbacks,blocked,wait_answered_us,wait_abandoned_us,handled,handled_short,talk_us,hold_us,
        wrap_us,transferred_in,transferred_out,offers,offers_failed,logged_in_us,available_us,planned_us,out_of_plan_us,planned_work_us,worked_us,fcr_eligible,fcr_unresolved,
        csat_responses,csat_score_milli,nps_responses,nps_promoters,nps_detractors}';
    starts timestamptz[];
BEGIN
    IF of_family NOT IN ('queue', 'channel', 'total', 'agent', 'team') THEN
        RAISE EXCEPTION 'unknown family "%": queue, channel, total, agent or team', of_family USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF of_channel IS NOT NULL AND of_family NOT IN ('queue', 'channel') THEN
        RAISE EXCEPTION 'rows of % are not told by channel', of_family USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM ringside.check_period(from_time, to_time), ringside.check_zone(zone), ringside.check_attribution(of_attribution);
    PERFORM ringside.warn_of_missing_months(of_family || '_interval_part', from_time, to_time), ringside.warn_of_formula(of_family, named, from_time, to_time, of_tenant, of_key);
    IF step <> 'all' THEN
        SELECT array_agg(s.step_start ORDER BY s.step_start) INTO starts FROM ringside.steps(from_time, to_time, step, zone) AS s;
    END IF;
    RETURN QUERY EXECUTE format($query$
        WITH s AS MATERIALIZED (%1$s)   -- else the order would be taken from the key's index: a look-up for each row instead of a scan
        SELECT s.interval_start, s.tenant, s.key, s.channel, p.name, p.num::double precision / nullif(p.den, 0), p.num, p.den,
            CASE WHEN $9 THEN s.offered END, s.answered, CASE WHEN $9 THEN s.abandoned END, CASE WHEN $9 THEN s.abandoned_short END,
            CASE WHEN $9 THEN ringside.ratio(s.abandoned, s.answered + s.abandoned) END, CASE WHEN $9 THEN s.flowed_out END,
            CASE WHEN $9 THEN s.callbacks END, CASE WHEN $9 THEN s.blocked END, ringside.mean_ms(s.wait_answered_us, s.answered),
            s.wait_ms[1], s.wait_ms[2], s.wait_ms[3], ringside.whole_ms(s.wait_max_us), CASE WHEN $9 THEN ringside.mean_ms(s.wait_abandoned_us, s.abandoned) END,
            s.handled, s.handled_short, ringside.ratio(s.handled_short, s.handled), ringside.mean_ms(s.talk_us + s.hold_us + s.wrap_us, s.handled),
            ringside.ratio(ringside.whole_ms(s.talk_us), s.handled), ringside.ratio(ringside.whole_ms(s.hold_us), s.handled),
            ringside.ratio(ringside.whole_ms(s.wrap_us), s.handled), s.transferred_in, s.transferred_out, s.offers, s.offers_failed,
            CASE WHEN $10 AND s.logged_in_us <> 0 THEN ringside.ratio(s.talk_us + s.hold_us + s.wrap_us, s.talk_us + s.hold_us + s.wrap_us + s.available_us) END,
            CASE WHEN $10 THEN ringside.ratio(s.talk_us + s.hold_us + s.wrap_us, s.logged_in_us) END,
            CASE WHEN $10 AND s.planned_us <> 0 THEN greatest(1 - ringside.ratio(s.out_of_plan_us, s.planned_us), 0) END,
            CASE WHEN $10 THEN ringside.ratio(s.worked_us, s.planned_work_us) END, ringside.ratio(s.fcr_eligible - s.fcr_unresolved, s.fcr_eligible),
            s.csat_score_milli::double precision / 1000 / nullif(s.csat_responses, 0),
            (s.nps_promoters - s.nps_detractors)::double precision * 100 / nullif(s.nps_responses, 0), s.final
        FROM s
        CROSS JOIN LATERAL unnest($8, s.numerators, s.denominators) WITH ORDINALITY AS p (name, num, den, place)
        -- Nearly every row has one of these; of the others the rest is looked at, for what comes to nothing is no row.
        WHERE %2$s OR s.still_open <> 0 OR ringside.%3$I(greatest($1, s.interval_start), least($2, ($7)[array_position($7, s.interval_start) + 1]), $3, s.tenant, s.key, s.channel)
        ORDER BY 1, 2, 3, 4, p.place $query$,
        ringside.sums_of(of_family, (SELECT string_agg(format('sum(p.%1$I)::bigint AS %1$I', c), ', ') FROM unnest(counts) AS c)
            || ', sum(p.still_open)::bigint AS still_open, max(p.wait_max_us) AS wait_max_us, bool_and(p.final) AS final,
            ringside.hist_percentiles_of(array_agg(ROW(p.wait_answered_bucket, p.wait_answered_count)::ringside.histogram)
                FILTER (WHERE p.wait_answered_bucket IS NOT NULL), ''{500,900,990}'', min(p.answered_min_us), max(p.answered_max_us)) AS wait_ms, '
            || (SELECT format('ARRAY[%s]::bigint[] AS numerators, ARRAY[%s]::bigint[] AS denominators',
                    string_agg(format('sum(p.sl_num[array_position(p.sl_policy, %L)])', n), ', ' ORDER BY place),
                    string_agg(format('sum(p.sl_den[array_position(p.sl_policy, %L)])', n), ', ' ORDER BY place))
                FROM unnest(named) WITH ORDINALITY AS u (n, place)),
            step <> 'all', of_tenant, of_key, of_channel),
        (SELECT string_agg(format('s.%I <> 0', c), ' OR ') FROM unnest(counts) AS c), of_family || '_counted')
        USING from_time, to_time, of_attribution, of_tenant, of_key, of_channel, starts, named, has_legs, of_family IN ('total', 'agent', 'team');
END;
$$;
COMMENT ON FUNCTION ringside.report_rows IS 'Figures per key as plain columns: per step of a zone, or over the whole period (step ''all''); one row for each policy. interval_start is null with ''all''.';

-- The same of agents: with the owner's rights, for supervisors, written down with the reason before anything is read.
CREATE OR REPLACE FUNCTION ringside.report_agents(from_time timestamptz, to_time timestamptz, of_reason text, step text DEFAULT 'all', zone text DEFAULT 'UTC',
    of_tenant text DEFAULT NULL, of_agent text DEFAULT NULL, of_attribution text DEFAULT 'event')
RETURNS TABLE (interval_start timestamptz, tenant text, agent text, answered bigint, handled bigint, handled_short bigint, short_rate double precision,
               aht_ms double precision, talk_ms double precision, hold_ms double precision, wrap_ms double precision, asa_ms double precision,
               transferred_in bigint, transferred_out bigint, offers bigint, offers_failed bigint, occupancy double precision,
               occupancy_logged_in double precision, adherence double precision, conformance double precision, fcr double precision,
               csat double precision, nps double precision)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    given bigint;
BEGIN
    PERFORM ringside.log_access('report_agents', of_agent, from_time, to_time, of_reason, 0);
    RETURN QUERY SELECT r.interval_start, r.tenant, r.key, r.answered, r.handled, r.handled_short, r.short_rate, r.aht_ms, r.talk_ms, r.hold_ms, r.wrap_ms,
        r.asa_ms, r.transferred_in, r.transferred_out, r.offers, r.offers_failed, r.occupancy, r.occupancy_logged_in, r.adherence, r.conformance, r.fcr, r.csat, r.nps
        FROM ringside.report_rows('agent', from_time, to_time, step, zone, of_tenant, of_agent, NULL, NULL, of_attribution) AS r;
    GET DIAGNOSTICS given = ROW_COUNT;
    PERFORM ringside.log_access('report_agents: given out', of_agent, from_time, to_time, of_reason, given);
END;
$$;
COMMENT ON FUNCTION ringside.report_agents IS 'Figures of agents for supervisors, per step or over the whole period; every call is written to ringside.access_log.';

-- --- first-contact resolution, feedback ----------------------------------------------------------------------------------------
DROP FUNCTION IF EXISTS ringside.report_extras(text, timestamptz, timestamptz, text, text, text, text, text, text);
CREATE OR REPLACE FUNCTION ringside.report_sums(of_family text, counts text[], from_time timestamptz, to_time timestamptz, step text, zone text, of_tenant text, of_key text,
    of_channel text, of_attribution text)
RETURNS TABLE (interval_start timestamptz, tenant text, key text, channel text, sums jsonb)
LANGUAGE plpgsql STABLE SET enable_sort = off SET jit = off AS $$
DECLARE
    starts timestamptz[];
BEGIN
    IF of_family NOT IN ('queue', 'channel', 'total', 'team') THEN
        RAISE EXCEPTION 'this report is by queue, channel, team or total; "%" is none of them', of_family USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF of_channel IS NOT NULL AND of_family <> 'queue' THEN
        RAISE EXCEPTION 'rows of % are not told by channel', of_family USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM ringside.check_period(from_time, to_time), ringside.check_zone(zone), ringside.check_attribution(of_attribution);
    PERFORM ringside.warn_of_missing_months(of_family || '_interval_part', from_time, to_time);
    IF step <> 'all' THEN
        SELECT array_agg(s.step_start ORDER BY s.step_start) INTO starts FROM ringside.steps(from_time, to_time, step, zone) AS s;
    END IF;
    RETURN QUERY EXECUTE format('WITH s AS MATERIALIZED (%s) SELECT s.* FROM s ORDER BY 1, 2, 3, 4', ringside.sums_of(of_family,
            (SELECT format('jsonb_build_object(%s) AS sums', string_agg(format('%1$L, sum(p.%1$I)', c), ', ')) FROM unnest(counts) AS c), step <> 'all', of_tenant, of_key, of_channel))
        USING from_time, to_time, of_attribution, of_tenant, of_key, of_channel, starts;
END;
$$;
COMMENT ON FUNCTION ringside.report_sums IS 'Sums of the counts that are named, per step and key, as an object; report_fcr and report_feedback make columns of them.';

CREATE OR REPLACE FUNCTION ringside.report_fcr(from_time timestamptz, to_time timestamptz, of_family text DEFAULT 'queue', step text DEFAULT 'all', zone text DEFAULT 'UTC',
    of_tenant text DEFAULT NULL, of_key text DEFAULT NULL, of_channel text DEFAULT NULL, of_attribution text DEFAULT 'event')
RETURNS TABLE (interval_start timestamptz, tenant text, key text, channel text, eligible bigint, repeated bigint, flagged_unresolved bigint, unresolved bigint,
               fcr double precision, fcr_net double precision, matured bigint, matured_rate double precision, state text)
LANGUAGE sql STABLE AS $$
    SELECT r.interval_start, r.tenant, r.key, r.channel, c.fcr_eligible, c.fcr_repeated, c.fcr_flagged_unresolved, c.fcr_unresolved, (f.fcr ->> 'value')::double precision,
        (f.fcr -> 'net' ->> 'value')::double precision, c.fcr_matured, ringside.ratio(c.fcr_matured, c.fcr_eligible), f.fcr ->> 'state'
    FROM ringside.report_sums(of_family, '{fcr_eligible,fcr_repeated,fcr_flagged_unresolved,fcr_unresolved,fcr_never,fcr_never_unresolved,fcr_matured}', from_time, to_time,
            step, zone, of_tenant, of_key, of_channel, of_attribution) AS r,
        LATERAL jsonb_to_record(r.sums) AS c (fcr_eligible bigint, fcr_repeated bigint, fcr_flagged_unresolved bigint, fcr_unresolved bigint, fcr_never bigint,
            fcr_never_unresolved bigint, fcr_matured bigint),
        LATERAL ringside.fcr(c.fcr_eligible, c.fcr_repeated, c.fcr_flagged_unresolved, c.fcr_unresolved, c.fcr_never, c.fcr_never_unresolved, c.fcr_matured) AS f (fcr)
    WHERE c.fcr_eligible <> 0
$$;
COMMENT ON FUNCTION ringside.report_fcr IS 'First-contact resolution, gross and net, and how much of it has matured.';

CREATE OR REPLACE FUNCTION ringside.report_feedback(from_time timestamptz, to_time timestamptz, of_family text DEFAULT 'queue', step text DEFAULT 'all', zone text DEFAULT 'UTC',
    of_tenant text DEFAULT NULL, of_key text DEFAULT NULL, of_channel text DEFAULT NULL, of_attribution text DEFAULT 'event')
RETURNS TABLE (interval_start timestamptz, tenant text, key text, channel text, surveyed bigint, response_rate double precision, csat_responses bigint, csat double precision,
               csat_top_box double precision, nps_responses bigint, nps double precision, promoters bigint, detractors bigint, ces_responses bigint, ces double precision,
               off_scale bigint)
LANGUAGE sql STABLE AS $$
    SELECT r.interval_start, r.tenant, r.key, r.channel, (f.surveys ->> 'contacts')::bigint, (f.surveys ->> 'response_rate')::double precision,
        (f.csat ->> 'responses')::bigint, (f.csat ->> 'mean')::double precision, (f.csat ->> 'top_box')::double precision, (f.nps ->> 'responses')::bigint,
        (f.nps ->> 'value')::double precision, (f.nps ->> 'promoters')::bigint, (f.nps ->> 'detractors')::bigint, (f.ces ->> 'responses')::bigint,
        (f.ces ->> 'mean')::double precision, (f.surveys ->> 'off_scale')::bigint
    FROM ringside.report_sums(of_family, '{handled,surveyed_contacts,surveys_off_scale,csat_responses,csat_score_milli,csat_top,nps_responses,nps_promoters,nps_detractors,
            ces_responses,ces_score_milli}', from_time, to_time, step, zone, of_tenant, of_key, of_channel, of_attribution) AS r,
        LATERAL jsonb_to_record(r.sums) AS c (handled bigint, surveyed_contacts bigint, surveys_off_scale bigint, csat_responses bigint, csat_score_milli bigint, csat_top bigint,
            nps_responses bigint, nps_promoters bigint, nps_detractors bigint, ces_responses bigint, ces_score_milli bigint),
        -- The scale is no column of this report.
        LATERAL (SELECT ringside.csat(c.csat_responses, c.csat_score_milli, c.csat_top, NULL, NULL, NULL) AS csat,
                     ringside.nps(c.nps_responses, c.nps_promoters, c.nps_detractors) AS nps, ringside.ces(c.ces_responses, c.ces_score_milli, NULL, NULL, NULL) AS ces,
                     ringside.surveys(c.surveyed_contacts, c.surveys_off_scale, c.handled) AS surveys) AS f
    WHERE f.csat IS NOT NULL OR f.nps IS NOT NULL OR f.ces IS NOT NULL OR f.surveys IS NOT NULL
$$;
COMMENT ON FUNCTION ringside.report_feedback IS 'Satisfaction, recommendation, effort and response rate.';

-- Topics: of every tenant that is asked for (topic_report takes one).
CREATE OR REPLACE FUNCTION ringside.report_topics(from_time timestamptz, to_time timestamptz, of_tenant text DEFAULT NULL, min_n integer DEFAULT 10)
RETURNS TABLE (tenant text, topic text, contacts bigint, handled bigint, aht_ms double precision, fcr_eligible bigint, fcr double precision, csat_responses bigint,
               csat double precision, nps_responses bigint, nps double precision)
LANGUAGE sql STABLE AS $$
    SELECT t.tenant, coalesce(r.topic, '(none)'), r.contacts, r.handled, r.aht_ms, r.fcr_eligible, r.fcr, r.csat_responses, r.csat, r.nps_responses, r.nps
    FROM (SELECT of_tenant AS tenant WHERE of_tenant IS NOT NULL
          UNION SELECT DISTINCT p.tenant FROM ringside.total_interval_part AS p
                WHERE of_tenant IS NULL AND p.interval_start >= from_time AND p.interval_start < to_time) AS t,
        LATERAL ringside.topic_report(t.tenant, from_time, to_time, min_n) AS r
$$;
COMMENT ON FUNCTION ringside.report_topics IS 'Contacts, handle time, resolution and feedback by topic; topics of fewer than min_n contacts together.';

-- --- reviews --------------------------------------------------------------------------------------------------------------------
-- Most installations have one tenant; then it need not be named.
CREATE OR REPLACE FUNCTION ringside.report_tenant(named text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    known text[];
BEGIN
    IF named IS NOT NULL THEN RETURN named; END IF;
    -- One after the other by the index: the table may hold years.
    WITH RECURSIVE t AS (SELECT min(p.tenant) AS tenant FROM ringside.total_interval_part AS p
        UNION ALL SELECT (SELECT min(p.tenant) FROM ringside.total_interval_part AS p WHERE p.tenant > t.tenant) FROM t WHERE t.tenant IS NOT NULL)
        SELECT array_agg(t.tenant) INTO known FROM t WHERE t.tenant IS NOT NULL;
    IF cardinality(known) > 1 THEN
        RAISE EXCEPTION 'name the tenant; there are: %', array_to_string(known[1:20], ', ') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN coalesce(known[1], 'default');
END;
$$;
COMMENT ON FUNCTION ringside.report_tenant IS 'The tenant that is named, or the only one there is.';

CREATE OR REPLACE FUNCTION ringside.report_policy(of_metric text, policies text) RETURNS text
LANGUAGE sql STABLE AS $$ SELECT CASE WHEN of_metric = 'service_level' THEN (ringside.report_policies(policies))[1] END $$;
COMMENT ON FUNCTION ringside.report_policy IS 'The policy of a service level; null for other metrics.';

-- Figures of single agents: the reason is written down, and whoever may not read them does not.
CREATE OR REPLACE FUNCTION ringside.report_person(of_what text, of_family text, of_key text, from_time timestamptz, to_time timestamptz, of_reason text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF of_family = 'agent' THEN PERFORM ringside.log_access(of_what, of_key, from_time, to_time, of_reason, 0); END IF;
END;
$$;
COMMENT ON FUNCTION ringside.report_person IS 'Writes down a read of agents'' figures; nothing for other families.';

CREATE OR REPLACE FUNCTION ringside.report_compare(of_metric text, before_from timestamptz, before_to timestamptz, from_time timestamptz, to_time timestamptz,
    of_family text DEFAULT 'queue', of_tenant text DEFAULT NULL, of_key text DEFAULT NULL, zone text DEFAULT 'UTC', policies text DEFAULT NULL, of_channel text DEFAULT NULL,
    of_attribution text DEFAULT 'event', confidence double precision DEFAULT 0.95, of_reason text DEFAULT NULL)
RETURNS TABLE (metric text, policy text, unit text, before_value double precision, after_value double precision, difference double precision,
               low double precision, high double precision, confidence_level double precision, p_value double precision, verdict text, test text,
               before_days integer, after_days integer, before_n numeric, after_n numeric, overdispersion double precision, superiority double precision,
               warnings text)
LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    one text;
BEGIN
    PERFORM ringside.report_person('report_compare', of_family, of_key, before_from, to_time, of_reason);
    FOREACH one IN ARRAY string_to_array(replace(of_metric, ' ', ''), ',') LOOP
        RETURN QUERY SELECT c.metric, c.policy, c.unit, c.before_value, c.after_value, c.difference, c.low, c.high, c.confidence_level, c.p_value, c.verdict,
            c.test, c.before_days, c.after_days, c.before_n, c.after_n, c.overdispersion, c.superiority, nullif(array_to_string(c.warnings, '; '), '')
            FROM ringside.compare(one, of_family, ringside.report_tenant(of_tenant), of_key, before_from, before_to, from_time, to_time, zone,
                ringside.report_policy(one, policies), of_channel, of_attribution, confidence) AS c;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ringside.report_compare IS 'ringside.compare of several metrics (separated by commas) at once.';

CREATE OR REPLACE FUNCTION ringside.report_trend(of_metric text, from_time timestamptz, to_time timestamptz, of_family text DEFAULT 'queue', of_tenant text DEFAULT NULL,
    of_key text DEFAULT NULL, step text DEFAULT 'day', zone text DEFAULT 'UTC', policies text DEFAULT NULL, of_channel text DEFAULT NULL,
    of_attribution text DEFAULT 'event', of_reason text DEFAULT NULL)
RETURNS TABLE (step_start timestamptz, value double precision, n numeric, center double precision, lower double precision, upper double precision, signal text,
               change text, unit text)
LANGUAGE plpgsql SET jit = off AS $$
BEGIN
    PERFORM ringside.report_person('report_trend', of_family, of_key, from_time, to_time, of_reason);
    PERFORM ringside.warn_of_formula(of_family, CASE WHEN of_metric = 'service_level' THEN ringside.report_policies(policies) END, from_time, to_time, of_tenant, of_key);
    RETURN QUERY SELECT t.step_start, t.value, t.n, t.center, t.lower, t.upper, t.signal, t.change, m.unit
        FROM ringside.check_metric(of_metric, ringside.report_policy(of_metric, policies), of_family) AS m,
            ringside.trend(of_metric, of_family, ringside.report_tenant(of_tenant), of_key, from_time, to_time, step, zone,
                ringside.report_policy(of_metric, policies), of_channel, of_attribution) AS t;
END;
$$;
COMMENT ON FUNCTION ringside.report_trend IS 'ringside.trend with the unit of its figure.';

CREATE OR REPLACE FUNCTION ringside.report_benchmark(of_metric text, from_time timestamptz, to_time timestamptz, of_family text DEFAULT 'queue', of_tenant text DEFAULT NULL,
    zone text DEFAULT 'UTC', policies text DEFAULT NULL, of_channel text DEFAULT NULL, of_attribution text DEFAULT 'event', min_n integer DEFAULT 100,
    of_reason text DEFAULT NULL)
RETURNS TABLE (key text, value double precision, n numeric, average double precision, low95 double precision, high95 double precision,
               low998 double precision, high998 double precision, place text, unit text)
LANGUAGE plpgsql SET jit = off AS $$
BEGIN
    PERFORM ringside.report_person('report_benchmark', of_family, NULL, from_time, to_time, of_reason);
    PERFORM ringside.warn_of_formula(of_family, CASE WHEN of_metric = 'service_level' THEN ringside.report_policies(policies) END, from_time, to_time, of_tenant);
    -- Where a figure cannot be, no limit is.
    RETURN QUERY SELECT b.key, b.value, b.n, b.average, greatest(b.low95, u.least), least(b.high95, u.most), greatest(b.low998, u.least),
            least(b.high998, u.most), b.place, u.unit
        FROM (SELECT m.unit, CASE WHEN m.unit IN ('ratio', 'ms', 'count') THEN 0 END AS least, CASE WHEN m.unit = 'ratio' THEN 1 END AS most
              FROM ringside.metrics() AS m WHERE m.name = of_metric) AS u,
            ringside.benchmark(of_metric, of_family, ringside.report_tenant(of_tenant), from_time, to_time, zone,
                ringside.report_policy(of_metric, policies), of_channel, of_attribution, min_n) AS b;
END;
$$;
COMMENT ON FUNCTION ringside.report_benchmark IS 'ringside.benchmark with the unit of its figure.';

-- Baselines as they were frozen, and what the same rows say now: another value means that they were corrected or dropped since.
CREATE OR REPLACE FUNCTION ringside.report_baselines(of_tenant text DEFAULT NULL, of_name text DEFAULT NULL)
RETURNS TABLE (name text, metric text, policy text, family text, tenant text, key text, channel text, from_time timestamptz, to_time timestamptz, zone text, unit text,
               value double precision, value_now double precision, n numeric, days integer, frozen_at timestamptz, frozen_by text)
LANGUAGE sql STABLE AS $$
    SELECT b.name, b.metric, b.policy, b.family, b.tenant, b.key, b.channel, b.from_time, b.to_time, b.zone, m.unit, b.value, s.now, b.denominator, b.days,
        b.frozen_at, b.frozen_by
    FROM ringside.baseline AS b JOIN ringside.metrics() AS m ON m.name = b.metric,
        LATERAL (SELECT ringside.figure(b.metric, sum(d.numerator), sum(d.denominator), ringside.hist_merge(array_agg(d.histogram) FILTER
                     (WHERE (d.histogram).bucket IS NOT NULL))) AS now
                 FROM ringside.samples(b.metric, b.policy, b.family, b.tenant, b.key, b.channel, b.from_time, b.to_time, 'day', b.zone, b.attribution) AS d) AS s
    WHERE (of_tenant IS NULL OR b.tenant = of_tenant) AND (of_name IS NULL OR b.name = of_name) AND b.family <> 'agent'
    ORDER BY b.frozen_at, b.name
$$;
COMMENT ON FUNCTION ringside.report_baselines IS 'Frozen figures of named periods beside what the same rows say now. Those of single agents are left out.';

CREATE OR REPLACE FUNCTION ringside.report_improvements(of_tenant text DEFAULT NULL)
RETURNS TABLE (id integer, title text, state text, owner text, metric text, policy text, key text, baseline text, change_at timestamptz, review_on date, overdue boolean,
               cost numeric, benefit numeric, currency text, before_value double precision, after_value double precision, difference double precision,
               low double precision, high double precision, verdict text, unit text, reviewed_at timestamptz, hypothesis text, conclusion text)
LANGUAGE sql STABLE AS $$
    SELECT i.id, i.title, i.state, i.owner, i.metric, i.policy, coalesce(i.key, '(all)'), i.baseline, i.change_at, i.review_on,
        i.review_on < current_date AND i.reviewed_at IS NULL AND i.state IN ('plan', 'do', 'review'), i.cost, i.benefit, i.currency,
        (i.outcome ->> 'before_value')::double precision, (i.outcome ->> 'after_value')::double precision, (i.outcome ->> 'difference')::double precision,
        (i.outcome ->> 'low')::double precision, (i.outcome ->> 'high')::double precision, i.outcome ->> 'verdict', m.unit, i.reviewed_at, i.hypothesis, i.conclusion
    FROM ringside.improvement AS i LEFT JOIN ringside.metrics() AS m ON m.name = i.metric
    WHERE (of_tenant IS NULL OR i.tenant = of_tenant) AND i.family <> 'agent' ORDER BY i.id
$$;
COMMENT ON FUNCTION ringside.report_improvements IS 'The register of improvements: plan, outcome as computed at the review, what is overdue.';

CREATE OR REPLACE FUNCTION ringside.report_standards(from_time timestamptz, to_time timestamptz, step text DEFAULT 'month', zone text DEFAULT 'UTC', of_tenant text DEFAULT NULL,
    of_key text DEFAULT NULL)
RETURNS TABLE (step_start timestamptz, standard integer, tenant text, queue text, channel text, metric text, policy text, target double precision, value double precision,
               n numeric, attained boolean, unit text, note text)
LANGUAGE sql STABLE AS $$
    SELECT a.step_start, a.standard, a.tenant, a.queue, a.channel, a.metric, a.policy, a.target, a.value, a.n, a.attained, m.unit, s.note
    FROM ringside.attainment(from_time, to_time, step, zone, of_tenant) AS a JOIN ringside.metrics() AS m ON m.name = a.metric
        JOIN ringside.service_standard AS s ON s.id = a.standard
    WHERE of_key IS NULL OR a.queue = of_key ORDER BY a.standard, a.step_start
$$;
COMMENT ON FUNCTION ringside.report_standards IS 'How each service standard was kept per step.';

CREATE OR REPLACE FUNCTION ringside.report_deviations(from_time timestamptz, to_time timestamptz, of_tenant text DEFAULT NULL, of_key text DEFAULT NULL)
RETURNS TABLE (started_at timestamptz, fired_at timestamptz, ended_at timestamptz, rule text, severity text, state text, tenant text, family text, key text, channel text,
               metric text, notice_ms double precision, lasted_ms double precision, identified text, cause text, action text, result text, stream text, episode bigint,
               measured text, unit text, before_value double precision, before_n double precision, after_value double precision, after_n double precision,
               difference double precision, low double precision, high double precision, verdict text, measure_notes text)
LANGUAGE sql STABLE AS $$
    SELECT d.started_at, d.fired_at, d.ended_at, d.rule, d.severity, d.state, d.tenant, d.family, CASE WHEN d.family = 'agent' THEN '(an agent)' ELSE d.key END, d.channel,
        d.metric, d.seconds_to_notice::double precision * 1000, d.seconds_to_end::double precision * 1000, d.identified, d.cause, d.action, d.result, d.stream, d.episode,
        o.metric, o.unit, o.before_value, o.before_denominator, o.after_value, o.after_denominator, o.difference, o.low, o.high, o.verdict, array_to_string(o.notes, '; ')
    FROM ringside.deviation AS d, LATERAL (SELECT d.measured OFFSET 0) AS j (measured), LATERAL jsonb_to_record(j.measured) AS o (metric text, unit text, before_value double precision,
        before_denominator double precision, after_value double precision, after_denominator double precision, difference double precision, low double precision, high double precision,
        verdict text, notes text[])
    WHERE d.started_at < to_time AND coalesce(d.ended_at, 'infinity') >= from_time AND (of_tenant IS NULL OR d.tenant = of_tenant) AND (of_key IS NULL OR d.key = of_key)
    ORDER BY d.started_at, d.stream, d.episode
$$;
COMMENT ON FUNCTION ringside.report_deviations IS 'The deviation log of a period: how each was identified, its cause, action and result; of those that were reviewed the figure before and after.';

-- --- the way through the process --------------------------------------------------------------------------------------------------
CREATE OR REPLACE FUNCTION ringside.report_process(from_time timestamptz, to_time timestamptz, of_tenant text DEFAULT NULL, of_key text DEFAULT NULL)
RETURNS TABLE (tenant text, from_stage text, to_stage text, count bigint, again bigint, time_share double precision, mean_ms double precision, p50_ms bigint, p90_ms bigint,
               max_ms bigint, ping_pong_queues bigint, ping_pong_agents bigint, bottleneck boolean)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    PERFORM ringside.check_period(from_time, to_time), ringside.warn_of_missing_months('process_edge_part', from_time, to_time);
    RETURN QUERY WITH edge AS (
        SELECT e.*, coalesce((e.time_ms ->> 'sum')::numeric, 0) AS spent FROM ringside.process_edges(from_time, to_time, of_tenant, of_key) AS e
    ), stage AS (
        SELECT e.tenant, e.from_stage, sum(e.spent) AS spent FROM edge AS e GROUP BY 1, 2
    ), ranked AS (
        SELECT s.*, sum(s.spent) OVER (PARTITION BY s.tenant) AS of_all,
            row_number() OVER (PARTITION BY s.tenant ORDER BY s.spent DESC, ringside.process_stage_rank(s.from_stage), s.from_stage) AS place FROM stage AS s
    )
    SELECT e.tenant, e.from_stage, e.to_stage, e.count, e.again, (e.spent / nullif(r.of_all, 0))::double precision, (e.time_ms ->> 'mean')::double precision,
        (e.time_ms ->> 'p50')::bigint, (e.time_ms ->> 'p90')::bigint, (e.time_ms ->> 'max')::bigint, e.ping_pong_queues, e.ping_pong_agents,
        r.place = 1 AND r.of_all > 0
    FROM edge AS e JOIN ranked AS r USING (tenant, from_stage)
    ORDER BY e.tenant, ringside.process_stage_rank(e.from_stage), e.from_stage, ringside.process_stage_rank(e.to_stage), e.to_stage;
END;
$$;
COMMENT ON FUNCTION ringside.report_process IS 'Steps from stage to stage over a period, each with its share of all time; bottleneck: from the stage that holds the most.';

-- --- staffing ---------------------------------------------------------------------------------------------------------------------
-- What Erlang A is fed with, per weekday and half-hour: calls per half-hour of the days that there are, handle time, patience. Patience is the
-- censored estimate: all time that anybody waited, by those who gave up; of the whole period, for one half-hour says little. Handle time is the
-- half-hour's own together with 30 handlings of the period's mean: one long call in a quiet half-hour is no plan.
CREATE OR REPLACE FUNCTION ringside.report_staffing(from_time timestamptz, to_time timestamptz, zone text DEFAULT 'UTC', of_tenant text DEFAULT NULL, of_key text DEFAULT NULL,
    of_channel text DEFAULT NULL, of_attribution text DEFAULT 'event')
RETURNS TABLE (tenant text, queue text, channel text, weekday integer, half_hour text, days bigint, calls double precision, calls_most numeric, handle_ms double precision,
               patience_ms double precision, threshold_ms bigint)
LANGUAGE plpgsql STABLE SET jit = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM ringside.check_period(from_time, to_time), ringside.check_zone(zone), ringside.check_attribution(of_attribution);
    PERFORM ringside.warn_of_missing_months('queue_interval_part', from_time, to_time);
    RETURN QUERY WITH part AS (
        SELECT p.tenant, p.queue, p.channel, p.interval_start AT TIME ZONE zone AS local, p.offered, p.abandoned, p.handled, p.threshold_us,
            p.talk_us + p.hold_us + p.wrap_us AS handle_us, p.answered, p.wait_answered_us, p.wait_abandoned_us
        FROM ringside.queue_interval_part AS p
        WHERE p.interval_start >= from_time AND p.interval_start < to_time AND p.attribution = of_attribution AND (of_tenant IS NULL OR p.tenant = of_tenant)
            AND (of_key IS NULL OR p.queue = of_key) AND (of_channel IS NULL OR p.channel = of_channel) AND p.queue IS NOT NULL
    ), day AS (   -- of each weekday how many of the period's days have come
        SELECT extract(isodow FROM s.local_date)::integer AS weekday, count(*) AS days FROM ringside.steps(from_time, to_time, 'day', zone) AS s GROUP BY 1
    ), slot AS (
        SELECT p.tenant, p.queue, p.channel, p.local::date AS date, date_bin('30 minutes', p.local, '2000-01-01')::time AS at, sum(p.offered) AS offered,
            sum(p.handled) AS handled, sum(p.handle_us) AS handle_us
        FROM part AS p GROUP BY 1, 2, 3, 4, 5
    ), cell AS (
        SELECT s.tenant, s.queue, s.channel, extract(isodow FROM s.date)::integer AS weekday, s.at, sum(s.offered) AS offered, max(s.offered) AS most,
            sum(s.handled) AS handled, sum(s.handle_us) AS handle_us
        FROM slot AS s GROUP BY 1, 2, 3, 4, 5
    ), whole AS (
        SELECT p.tenant, p.queue, p.channel, sum(p.handle_us) / nullif(sum(p.handled), 0) AS handle_us, max(p.threshold_us) AS threshold_us,
            sum(p.wait_answered_us + p.wait_abandoned_us) / nullif(sum(p.abandoned), 0) AS patience_us
        FROM part AS p GROUP BY 1, 2, 3
    )
    SELECT c.tenant, c.queue, c.channel, c.weekday, to_char(c.at, 'HH24:MI'), d.days, (c.offered / d.days)::double precision, c.most,
        ((c.handle_us + 30 * w.handle_us) / (c.handled + 30) / 1000)::double precision, (w.patience_us / 1000)::double precision,
        (w.threshold_us / 1000)::bigint
    FROM cell AS c JOIN day AS d USING (weekday) JOIN whole AS w ON w.tenant = c.tenant AND w.queue = c.queue AND w.channel = c.channel
    WHERE c.offered > 0 ORDER BY 1, 2, 3, 4, 5;
END;
$$;
COMMENT ON FUNCTION ringside.report_staffing IS 'Calls per half-hour of each weekday, handle time and patience, from which `ringside report staffing` computes agents by Erlang A. weekday: 1 is Monday.';

-- --- heat map ---------------------------------------------------------------------------------------------------------------------
-- One cell per date and half-hour; of more than 31 days per weekday and half-hour. Below a day steps are UTC multiples: in zones off by a
-- quarter of an hour a half-hour begins at :15.
CREATE OR REPLACE FUNCTION ringside.report_heatmap(of_metric text, from_time timestamptz, to_time timestamptz, of_family text DEFAULT 'queue', of_tenant text DEFAULT NULL,
    of_key text DEFAULT NULL, zone text DEFAULT 'UTC', policies text DEFAULT NULL, of_channel text DEFAULT NULL, of_attribution text DEFAULT 'event',
    of_reason text DEFAULT NULL)
RETURNS TABLE (day text, half_hour text, value double precision, n numeric, unit text)
LANGUAGE plpgsql SET jit = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM ringside.report_person('report_heatmap', of_family, of_key, from_time, to_time, of_reason);
    PERFORM ringside.warn_of_formula(of_family, CASE WHEN of_metric = 'service_level' THEN ringside.report_policies(policies) END, from_time, to_time, of_tenant, of_key);
    RETURN QUERY
        SELECT c.day, c.half_hour, c.value, c.n, c.unit FROM (
            SELECT k.day, k.half_hour, k.weekday, m.unit, ringside.figure_of(m.kind, m.per_mille, CASE WHEN m.kind = 'count' THEN k.mean ELSE k.x END, k.y, k.h) AS value,
                CASE WHEN m.kind = 'percentile' THEN (SELECT sum(c) FROM unnest((k.h).count) AS c) ELSE k.y END AS n
            FROM ringside.check_metric(of_metric, ringside.report_policy(of_metric, policies), of_family) AS m, (
                SELECT CASE WHEN l.weekday IS NULL THEN to_char(l.local, 'YYYY-MM-DD') ELSE (ARRAY['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])[l.weekday] END AS day,
                    to_char(l.local, 'HH24:MI') AS half_hour, l.weekday, sum(s.numerator) AS x, avg(s.numerator) AS mean, sum(s.denominator) AS y,
                    CASE WHEN count(*) = 1 THEN (array_agg(s.histogram))[1] ELSE ringside.hist_merge(array_agg(s.histogram) FILTER (WHERE s.histogram IS NOT NULL)) END AS h
                FROM ringside.samples(of_metric, ringside.report_policy(of_metric, policies), of_family, ringside.report_tenant(of_tenant), of_key, of_channel, from_time,
                        to_time, '30m', zone, of_attribution) AS s,
                    LATERAL (SELECT s.step_start AT TIME ZONE zone AS local,
                        CASE WHEN to_time - from_time > interval '31 days' THEN extract(isodow FROM s.step_start AT TIME ZONE zone)::integer END AS weekday) AS l
                GROUP BY 1, 2, 3) AS k
            OFFSET 0) AS c   -- each figure once
        WHERE c.value IS NOT NULL ORDER BY c.weekday, c.day, c.half_hour;
END;
$$;
COMMENT ON FUNCTION ringside.report_heatmap IS 'A figure per day and half-hour (per weekday and half-hour over more than 31 days; counts then as the mean of the days).';
