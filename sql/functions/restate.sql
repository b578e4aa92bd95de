-- Intervals counted again under other policies. `ringside restate` counts the facts in the core and puts what comes out into
-- pg_temp.ringside_restated; restate() holds it against the rows and adds the difference as parts of stream "restate", run -1, part = its number.
-- Only what rests on policies is restated: service levels, what is within T or S, waits beyond T. All else of a row does not depend on them.
CREATE OR REPLACE FUNCTION ringside.restate_check(from_time timestamptz, to_time timestamptz) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    gone record;
    open_until timestamptz;
BEGIN
    PERFORM ringside.check_period(from_time, to_time);
    IF extract(epoch FROM from_time)::bigint % 900 <> 0 OR extract(epoch FROM to_time)::bigint % 900 <> 0 THEN
        RAISE EXCEPTION 'a restatement begins and ends at quarters of an hour; got % and %', from_time, to_time USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT m.* INTO gone FROM unnest('{leg_fact,moment_fact,queue_interval_part}'::text[]) AS t, LATERAL ringside.missing_months(t, from_time, to_time) AS m LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the facts of % are not there any more (%): what is gone cannot be counted again', to_char(gone.from_month AT TIME ZONE 'UTC', 'YYYY-MM'), gone.why
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT max(p.interval_start + p.interval_s * interval '1 second') INTO open_until FROM ringside.total_interval_part AS p
        WHERE p.interval_start >= from_time AND p.interval_start < to_time AND NOT p.final AND p.interval_start > now() - interval '1 day';
    IF open_until IS NOT NULL THEN
        RAISE EXCEPTION 'intervals up to % may still change by themselves; restate what is final', open_until USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT EXISTS (SELECT FROM ringside.total_interval_part AS p WHERE p.interval_start >= from_time AND p.interval_start < to_time) THEN
        RAISE EXCEPTION 'there are no rows from % to %', from_time, to_time USING ERRCODE = 'invalid_parameter_value';
    END IF;
END;
$$;
COMMENT ON FUNCTION ringside.restate_check IS 'An error unless the period can be restated: its facts are there, its intervals are final, and there are any.';

-- The version by which a policy counts at a moment, if that was restated; null: as the rows say.
CREATE OR REPLACE FUNCTION ringside.restated_version(of_policy text, at timestamptz) RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT (r.policies ->> of_policy)::integer FROM ringside.restatement AS r
    WHERE at >= r.from_time AND at < r.to_time AND r.policies ? of_policy ORDER BY r.id DESC LIMIT 1
$$;
COMMENT ON FUNCTION ringside.restated_version IS 'Version of a policy by which an interval was restated last; null: it was not.';

CREATE OR REPLACE FUNCTION ringside.restate(of_from timestamptz, of_to timestamptz, names text[], wanted integer[], definitions jsonb[], of_reason text,
    of_facts bigint) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    odd record;
    own_number bigint;
    own_stream integer;
    own_versions integer[];
    family record;
    made bigint := 0;
    more bigint;
BEGIN
    LOCK TABLE ringside.restatement IN SHARE ROW EXCLUSIVE MODE;   -- one after the other: each begins from what the last one left
    PERFORM ringside.restate_check(of_from, of_to);
    WITH counted AS (
        SELECT p.tenant, coalesce(p.queue, '') AS queue, p.channel, p.interval_start, p.attribution, sum(p.answered) AS answered, sum(p.abandoned) AS abandoned,
            sum(p.flowed_out) AS flowed_out, sum(p.callbacks) AS callbacks, sum(p.blocked) AS blocked, sum(p.wait_answered_us) AS waited, sum(p.wait_abandoned_us) AS given_up
        FROM ringside.queue_interval_part AS p WHERE p.interval_start >= of_from AND p.interval_start < of_to GROUP BY 1, 2, 3, 4, 5
    ), again AS (
        SELECT r.tenant, coalesce(r.name, '') AS queue, r.channel, r.interval_start, r.attribution, r.answered, r.abandoned, r.flowed_out, r.callbacks, r.blocked,
            r.wait_answered_us AS waited, r.wait_abandoned_us AS given_up
        FROM pg_temp.ringside_restated AS r WHERE r.family = 0
    ), held AS (
        SELECT tenant, queue, interval_start, attribution, ARRAY[c.answered, c.abandoned, c.flowed_out, c.callbacks, c.blocked, c.waited, c.given_up] AS rows_say,
            ARRAY[a.answered, a.abandoned, a.flowed_out, a.callbacks, a.blocked, a.waited, a.given_up] AS facts_say
        FROM counted AS c FULL JOIN again AS a USING (tenant, queue, channel, interval_start, attribution)
    )
    SELECT count(*) OVER () AS n, h.* INTO odd FROM held AS h
        WHERE coalesce(nullif(rows_say, array_fill(NULL::numeric, '{7}')), array_fill(0::numeric, '{7}'))
            <> coalesce(nullif(facts_say::numeric[], array_fill(NULL::numeric, '{7}')), array_fill(0::numeric, '{7}')) ORDER BY 4, 2, 3 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'facts and rows do not agree in % intervals of queues; the first: tenant %, queue %, %, attribution %: rows %, facts % (answered, abandoned, flowed out, call-backs, blocked, waits): facts were not kept then, or lost',
            odd.n, odd.tenant, odd.queue, odd.interval_start, odd.attribution, odd.rows_say, odd.facts_say USING ERRCODE = 'data_exception';
    END IF;
    SELECT array_agg(CASE WHEN EXISTS (SELECT FROM ringside.policy AS p WHERE p.name = w.name AND p.version = w.version)
                          THEN (SELECT max(p.version) + 1 FROM ringside.policy AS p WHERE p.name = w.name) ELSE w.version END ORDER BY w.place)
        INTO own_versions FROM unnest(names, wanted) WITH ORDINALITY AS w (name, version, place);
    INSERT INTO ringside.policy (name, version, definition) SELECT * FROM unnest(names, own_versions, definitions);
    INSERT INTO ringside.restatement (from_time, to_time, policies, reason, facts)
        VALUES (of_from, of_to, (SELECT jsonb_object_agg(w.name, w.version) FROM unnest(names, own_versions) AS w (name, version)), of_reason, of_facts)
        RETURNING id INTO own_number;
    INSERT INTO ringside.mark AS m (stream, epoch, run, moved_at) VALUES ('restate', 1, 0, now()) ON CONFLICT (stream) DO UPDATE SET moved_at = now()
        RETURNING m.stream_id INTO own_stream;
    FOR family IN SELECT * FROM (VALUES (0, 'queue', 'tenant, queue, channel', 'r.tenant, nullif(r.name, ''''), r.channel', 'p.tenant, coalesce(p.queue, '''') AS name, p.channel', 'coalesce(r.name, '''') = s.name AND r.channel = s.channel'),
            (1, 'channel', 'tenant, channel', 'r.tenant, r.channel', 'p.tenant, ''''::text AS name, p.channel', 'r.channel = s.channel'),
            (2, 'total', 'tenant', 'r.tenant', 'p.tenant, ''''::text AS name, ''''::text AS channel', 'true'),
            (3, 'agent', 'tenant, agent', 'r.tenant, r.name', 'p.tenant, p.agent AS name, ''''::text AS channel', 'r.name = s.name'),
            (4, 'team', 'tenant, team', 'r.tenant, r.name', 'p.tenant, p.team AS name, ''''::text AS channel', 'r.name = s.name'))
            AS f (number, name, dimensions, selected, grouped, joined) LOOP
        -- A restatement of before keeps its counts; the T that holds is the last one's.
        EXECUTE format('UPDATE ringside.%I SET threshold_us = NULL, thresholds_us = NULL, threshold_legs = NULL WHERE stream_id = $1 AND interval_start >= $2 AND interval_start < $3',
            family.name || '_interval_part') USING own_stream, of_from, of_to;
        -- Rows in which no fact of a contact stands (agents' time, complaints) count nothing by the new policies, either.
        EXECUTE format($sql$
            INSERT INTO pg_temp.ringside_restated
            SELECT $5, k.tenant, k.name, k.channel, k.interval_start, k.interval_s, k.attribution, CASE WHEN $5 = 0 THEN t.threshold_us END, false,
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, $3, array_fill(0::bigint, ARRAY[cardinality($3)]), array_fill(0::bigint, ARRAY[cardinality($3)])
            FROM (SELECT DISTINCT %2$s, p.interval_start, p.interval_s, p.attribution FROM ringside.%1$I AS p WHERE p.interval_start >= $1 AND p.interval_start < $2) AS k
            LEFT JOIN (SELECT r.tenant, coalesce(r.name, '') AS name, r.channel, max(r.threshold_us) AS threshold_us FROM pg_temp.ringside_restated AS r WHERE r.family = 0 GROUP BY 1, 2, 3) AS t
                ON t.tenant = k.tenant AND t.name = k.name AND t.channel = k.channel
            WHERE NOT EXISTS (SELECT FROM pg_temp.ringside_restated AS r WHERE r.family = $5 AND r.tenant = k.tenant AND r.interval_start = k.interval_start
                AND r.attribution = k.attribution AND coalesce(nullif(r.name, ''), '') = k.name AND (%3$L OR r.channel = k.channel))
        $sql$, family.name || '_interval_part', family.grouped, family.joined NOT LIKE '%channel%') USING of_from, of_to, names, own_versions, family.number;
        EXECUTE format($sql$
            WITH part AS MATERIALIZED (
                SELECT %4$s, p.interval_start, p.attribution, p.threshold_us, p.threshold_legs IS NOT NULL AS has_legs_of_t, p.answered_in_t, p.abandoned_in_t, p.flowed_out_in_t, p.callbacks_in_t, p.abandoned_short, p.excess_us,
                    p.sl_policy, p.sl_num, p.sl_den
                FROM ringside.%1$I AS p WHERE p.interval_start >= $1 AND p.interval_start < $2
            ), sums AS (
                SELECT tenant, name, channel, interval_start, attribution, min(threshold_us) AS least_t, max(threshold_us) AS most_t, bool_or(has_legs_of_t) AS has_legs_of_t, sum(answered_in_t) AS answered_in_t,
                    sum(abandoned_in_t) AS abandoned_in_t, sum(flowed_out_in_t) AS flowed_out_in_t, sum(callbacks_in_t) AS callbacks_in_t,
                    sum(abandoned_short) AS abandoned_short, sum(excess_us) AS excess_us
                FROM part GROUP BY 1, 2, 3, 4, 5
            ), levels AS (
                SELECT tenant, name, channel, interval_start, attribution, array_agg(policy) AS policy, array_agg(num) AS num, array_agg(den) AS den
                FROM (SELECT tenant, name, channel, interval_start, attribution, e.policy, sum(e.num) AS num, sum(e.den) AS den
                      FROM part, LATERAL unnest(sl_policy, sl_num, sl_den) AS e (policy, num, den) WHERE e.policy = ANY ($3) GROUP BY 1, 2, 3, 4, 5, 6) AS one
                GROUP BY 1, 2, 3, 4, 5
            ), changed AS (
                SELECT r.*, s.least_t, s.most_t, s.has_legs_of_t, r.answered_in_t - coalesce(s.answered_in_t, 0) AS d1, r.abandoned_in_t - coalesce(s.abandoned_in_t, 0) AS d2,
                    r.flowed_out_in_t - coalesce(s.flowed_out_in_t, 0) AS d3, r.callbacks_in_t - coalesce(s.callbacks_in_t, 0) AS d4,
                    r.abandoned_short - coalesce(s.abandoned_short, 0) AS d5, r.excess_us - coalesce(s.excess_us, 0) AS d6, d.*
                FROM pg_temp.ringside_restated AS r
                LEFT JOIN sums AS s ON r.tenant = s.tenant AND r.interval_start = s.interval_start AND r.attribution = s.attribution AND %5$s
                LEFT JOIN levels AS l ON s.tenant = l.tenant AND s.name = l.name AND s.channel = l.channel AND s.interval_start = l.interval_start AND s.attribution = l.attribution
                CROSS JOIN LATERAL (
                    SELECT array_agg(n.policy ORDER BY n.policy) AS policy, array_agg(v.version ORDER BY n.policy) AS version,
                        array_agg((n.num - coalesce(o.num, 0))::bigint ORDER BY n.policy) AS num, array_agg((n.den - coalesce(o.den, 0))::bigint ORDER BY n.policy) AS den,
                        bool_or(o.policy IS NULL OR n.num <> o.num OR n.den <> o.den) AS differs
                    FROM unnest(r.sl_policy, r.sl_num, r.sl_den) AS n (policy, num, den)
                    JOIN unnest($3, $4) AS v (policy, version) USING (policy)
                    LEFT JOIN unnest(l.policy, l.num, l.den) AS o (policy, num, den) USING (policy)) AS d
                WHERE r.family = $5
            )
            INSERT INTO ringside.%1$I (%2$s, interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open, threshold_us, thresholds_us, threshold_legs,
                answered_in_t, abandoned_in_t, flowed_out_in_t, callbacks_in_t, abandoned_short, excess_us, sl_policy, sl_version, sl_num, sl_den)
            SELECT %3$s, r.interval_start, r.interval_s, r.attribution, $6, -1, $7, 1, true, 0, r.threshold_us, CASE WHEN r.mixes_t THEN '{-1}'::bigint[] END, CASE WHEN r.mixes_t THEN '{1}'::bigint[] END, d1, d2, d3, d4, d5, d6,
                r.policy, r.version, r.num, r.den
            FROM changed AS r WHERE d1 <> 0 OR d2 <> 0 OR d3 <> 0 OR d4 <> 0 OR d5 <> 0 OR d6 <> 0 OR r.differs
                OR r.mixes_t OR (r.threshold_us IS NOT NULL AND (r.threshold_us IS DISTINCT FROM r.least_t OR r.threshold_us IS DISTINCT FROM r.most_t OR r.has_legs_of_t))
        $sql$, family.name || '_interval_part', family.dimensions, family.selected, family.grouped, family.joined)
            USING of_from, of_to, names, own_versions, family.number, own_stream, own_number;
        GET DIAGNOSTICS more = ROW_COUNT;
        made := made + more;
    END LOOP;
    UPDATE ringside.restatement SET rows = made WHERE id = own_number;
    RETURN jsonb_build_object('id', own_number, 'rows', made, 'policies', (SELECT policies FROM ringside.restatement WHERE id = own_number));
END;
$$;
COMMENT ON FUNCTION ringside.restate IS 'Adds what pg_temp.ringside_restated counts differently as parts of a restatement; an error when it does not agree with the rows in what no policy changes.';

CREATE OR REPLACE FUNCTION ringside.undo_restatement(of_id bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    family text;
    gone bigint := 0;
    more bigint;
    undone ringside.restatement;
BEGIN
    LOCK TABLE ringside.restatement IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO undone FROM ringside.restatement WHERE id = of_id;
    IF NOT FOUND THEN RAISE EXCEPTION 'there is no restatement %', of_id USING ERRCODE = 'invalid_parameter_value'; END IF;
    IF EXISTS (SELECT FROM ringside.restatement AS r WHERE r.id > of_id AND r.from_time < undone.to_time AND r.to_time > undone.from_time) THEN
        RAISE EXCEPTION 'a later restatement of the same time rests on restatement %: undo that one first', of_id USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOREACH family IN ARRAY '{queue,channel,total,agent,team}'::text[] LOOP
        EXECUTE format('DELETE FROM ringside.%I AS p USING ringside.mark AS m WHERE m.stream = ''restate'' AND p.stream_id = m.stream_id AND p.run = -1 AND p.part = $1
            AND p.interval_start >= $2 AND p.interval_start < $3', family || '_interval_part') USING of_id, undone.from_time, undone.to_time;
        GET DIAGNOSTICS more = ROW_COUNT;
        gone := gone + more;
    END LOOP;
    DELETE FROM ringside.restatement WHERE id = of_id;
    RETURN gone;
END;
$$;
COMMENT ON FUNCTION ringside.undo_restatement IS 'Takes a restatement''s parts away: the rows say again what they said before it. Returns how many parts went.';
