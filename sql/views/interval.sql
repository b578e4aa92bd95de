-- queue_interval, channel_interval, total_interval, agent_interval, team_interval: the rows that `ringside replay` prints,
-- summed from their parts. Times are milliseconds, cut from microseconds once. And queue_rollup(from, to, attribution) and its
-- like: the same over a range of time, one row per key (interval_start and interval_s null); and queue_history(from, to, step, zone, …):
-- the same per hour, day, week or month of a zone. All come from one pattern:
--   %1$s family   %2$s dimensions   %3$s the same of `s`   %4$s true where the key has legs of its own (not agents, teams)
--   %5$s sums of the counts   %6$s true where anything was counted   %7$s the statement that makes it, up to AS
--   %8$s, %9$s interval_start and interval_s   %10$s which parts   %11$s by what they are grouped before the key
--   %12$s true where agents' time is counted (agents, teams, totals)
-- New columns go to the end: then the view can be replaced, and what users have built on it stays.
DO $create$
DECLARE
    pattern constant text := $view$
%7$s
SELECT s.interval_start, s.interval_s, %3$s, s.attribution,
    CASE WHEN %4$s THEN s.offered END AS offered,
    s.answered,
    CASE WHEN %4$s THEN s.abandoned END AS abandoned,
    CASE WHEN %4$s THEN s.abandoned_short END AS abandoned_short,
    CASE WHEN %4$s THEN s.flowed_out END AS flowed_out,
    CASE WHEN %4$s THEN s.callbacks END AS callbacks,
    CASE WHEN %4$s THEN s.blocked END AS blocked,
    CASE WHEN %4$s THEN s.abandoned_before_queue END AS abandoned_before_queue,
    CASE WHEN %4$s THEN s.still_open END AS still_open,
    CASE WHEN %4$s THEN ringside.whole_ms(s.threshold_us) END AS threshold_ms,
    s.answered_in_t,
    CASE WHEN %4$s THEN s.abandoned_in_t END AS abandoned_in_t,
    CASE WHEN %4$s THEN ringside.service_level_of(s.sl) END AS service_level,
    jsonb_build_object(
        'answered_sum', ringside.whole_ms(s.wait_answered_us),
        'abandoned_sum', CASE WHEN %4$s THEN ringside.whole_ms(s.wait_abandoned_us) END,
        'max', ringside.whole_ms(s.wait_max_us),
        'asa', ringside.mean_ms(s.wait_answered_us, s.answered),
        'p50', a.ms[1], 'p80', a.ms[2], 'p90', a.ms[3], 'p95', a.ms[4], 'p99', a.ms[5]) AS wait_ms,
    CASE WHEN %4$s THEN jsonb_build_object(
        'mean', ringside.mean_ms(s.wait_abandoned_us, s.abandoned),
        'p50', b.ms[1], 'p90', b.ms[2], 'p95', b.ms[3], 'p99', b.ms[4],
        'max', ringside.whole_ms(s.abandoned_max_us)) END AS abandon_wait_ms,
    s.handled, s.handled_short,
    CASE WHEN %4$s THEN jsonb_strip_nulls(jsonb_build_object(
        'other', nullif(s.flow_other, 0), 'timeout', nullif(s.flow_timeout, 0), 'exit_key', nullif(s.flow_exit_key, 0),
        'no_agents', nullif(s.flow_no_agents, 0), 'overflow', nullif(s.flow_overflow, 0),
        'withdrawn', nullif(s.flow_withdrawn, 0), 'voicemail', nullif(s.flow_voicemail, 0),
        'error', nullif(s.flow_error, 0), 'requeued', nullif(s.flow_requeued, 0),
        'lost', nullif(s.flow_lost, 0))) END AS flowed_out_by_reason,
    ringside.whole_ms(s.talk_us) AS talk_ms_sum,
    ringside.whole_ms(s.hold_us) AS hold_ms_sum,
    ringside.whole_ms(s.wrap_us) AS wrap_ms_sum,
    ringside.mean_ms(s.talk_us + s.hold_us + s.wrap_us, s.handled) AS aht_ms,
    s.transferred_in, s.transferred_out, s.offers, s.offers_failed,
    ringside.fcr(s.fcr_eligible, s.fcr_repeated, s.fcr_flagged_unresolved, s.fcr_unresolved, s.fcr_never, s.fcr_never_unresolved,
        s.fcr_matured) AS fcr,
    ringside.csat(s.csat_responses, s.csat_score_milli, s.csat_top, s.csat_scale_min_milli, s.csat_scale_max_milli,
        s.csat_scale_squares) AS csat,
    ringside.nps(s.nps_responses, s.nps_promoters, s.nps_detractors) AS nps,
    s.revision, s.final,
    CASE WHEN %4$s THEN s.flowed_out_in_t END AS flowed_out_in_t,
    CASE WHEN %4$s THEN s.callbacks_in_t END AS callbacks_in_t,
    CASE WHEN %4$s THEN ringside.whole_ms(s.excess_us) END AS excess_ms_sum,
    CASE WHEN %4$s THEN jsonb_strip_nulls(jsonb_build_object(
        'other', nullif(s.blocked_other, 0), 'full', nullif(s.blocked_full, 0), 'closed', nullif(s.blocked_closed, 0),
        'join_empty', nullif(s.blocked_join_empty, 0), 'no_agent', nullif(s.blocked_no_agent, 0))) END AS blocked_by_reason,
    jsonb_strip_nulls(jsonb_build_object(
        'other', nullif(s.transferred_out_other, 0), 'blind', nullif(s.transferred_out_blind, 0),
        'attended', nullif(s.transferred_out_attended, 0), 'queue', nullif(s.transferred_out_queue, 0),
        'external', nullif(s.transferred_out_external, 0))) AS transferred_out_by_kind,
    jsonb_strip_nulls(jsonb_build_object(
        'other', nullif(s.offers_failed_other, 0), 'timeout', nullif(s.offers_failed_timeout, 0),
        'rejected', nullif(s.offers_failed_rejected, 0), 'canceled', nullif(s.offers_failed_canceled, 0),
        'error', nullif(s.offers_failed_error, 0))) AS offers_failed_by_reason,
    s.holds, s.wraps, s.handling_lost,
    CASE WHEN %4$s THEN s.clock_anomaly END AS clock_anomaly,
    CASE WHEN %4$s THEN s.callbacks_requested END AS callbacks_requested,
    CASE WHEN %4$s THEN s.callbacks_attempted END AS callbacks_attempted,
    CASE WHEN %4$s THEN s.callbacks_connected END AS callbacks_connected,
    CASE WHEN %4$s THEN s.callbacks_failed END AS callbacks_failed,
    CASE WHEN %4$s THEN ringside.clocked_of(s.first_replies, s.first_replies_in_t, s.first_reply_us, s.first_reply_calendar_us,
        s.first_reply) END AS first_reply,
    CASE WHEN %4$s THEN ringside.clocked_of(s.next_replies, s.next_replies_in_t, s.next_reply_us, s.next_reply_calendar_us,
        s.next_reply) END AS next_reply,
    CASE WHEN %4$s THEN ringside.clocked_of(s.resolutions, s.resolutions_in_t, s.resolution_us, s.resolution_calendar_us,
        s.resolution) END AS resolution,
    CASE WHEN %4$s THEN s.reopened END AS reopened,
    ringside.ces(s.ces_responses, s.ces_score_milli, s.ces_scale_min_milli, s.ces_scale_max_milli, s.ces_scale_squares) AS ces,
    ringside.surveys(s.surveyed_contacts, s.surveys_off_scale, s.handled) AS surveys,
    ringside.complaints(s.complaints, s.complaints_acknowledged, s.complaints_investigated, s.complaints_responded,
        s.complaints_closed, s.complaints_overdue, s.complaint_acknowledge_us, s.complaint_investigate_us, s.complaint_respond_us,
        s.complaint_close_us) AS complaints,
    s.compliments, s.suggestions,
    CASE WHEN %12$s THEN jsonb_build_object(
        'logged_in_ms', ringside.whole_ms(s.logged_in_us), 'available_ms', ringside.whole_ms(s.available_us),
        'ringing_ms', ringside.whole_ms(s.ringing_us), 'on_contact_ms', ringside.whole_ms(s.on_contact_us),
        'on_hold_ms', ringside.whole_ms(s.on_hold_us), 'wrapping_ms', ringside.whole_ms(s.wrapping_us),
        'break_ms', ringside.whole_ms(s.break_us), 'custom_ms', ringside.whole_ms(s.custom_us),
        'planned_ms', ringside.whole_ms(s.planned_us), 'planned_work_ms', ringside.whole_ms(s.planned_work_us),
        'worked_ms', ringside.whole_ms(s.worked_us), 'out_of_plan_ms', ringside.whole_ms(s.out_of_plan_us),
        'occupancy', jsonb_build_object(
            'on_contact', CASE WHEN s.logged_in_us <> 0 THEN ringside.ratio(s.talk_us + s.hold_us + s.wrap_us,
                s.talk_us + s.hold_us + s.wrap_us + s.available_us) END,
            'logged_in', ringside.ratio(s.talk_us + s.hold_us + s.wrap_us, s.logged_in_us)),
        'adherence', CASE WHEN s.planned_us <> 0 THEN greatest(1 - ringside.ratio(s.out_of_plan_us, s.planned_us), 0) END,
        'conformance', ringside.ratio(s.worked_us, s.planned_work_us),
        'overlapping_handlings', s.overlapping_handlings, 'states_expired', s.states_expired) END AS agent_time
FROM (
    SELECT %8$s AS interval_start, %9$s AS interval_s, %2$s, attribution,
        %5$s,
        sum(still_open)::bigint AS still_open,
        -- A restated interval (run -1) has the restatement's. Else nearly always every part has one and the same, or the legs of each are counted.
        CASE WHEN bool_or(run < 0 AND (threshold_us IS NOT NULL OR threshold_legs IS NOT NULL)) THEN
                  CASE WHEN NOT bool_or(run < 0 AND threshold_legs IS NOT NULL) AND min(threshold_us) FILTER (WHERE run < 0) = max(threshold_us) FILTER (WHERE run < 0)
                       THEN min(threshold_us) FILTER (WHERE run < 0) END
             WHEN bool_and(threshold_legs IS NULL AND (threshold_us IS NOT NULL OR answered = 0 AND abandoned = 0 AND flowed_out = 0 AND callbacks = 0))
                  AND min(threshold_us) = max(threshold_us) THEN min(threshold_us)
             ELSE ringside.threshold_of(array_agg(ROW(threshold_us, answered + abandoned + flowed_out + callbacks, thresholds_us, threshold_legs)
                 ::ringside.threshold_counts)) END AS threshold_us,
        max(wait_max_us) AS wait_max_us,
        min(answered_min_us) AS answered_min_us, max(answered_max_us) AS answered_max_us,
        min(abandoned_min_us) AS abandoned_min_us, max(abandoned_max_us) AS abandoned_max_us,
        array_agg(ROW(sl_policy, sl_version, sl_num, sl_den)::ringside.policy_counts) FILTER (WHERE sl_policy IS NOT NULL) AS sl,
        array_agg(ROW(wait_answered_bucket, wait_answered_count)::ringside.histogram) FILTER (WHERE wait_answered_bucket IS NOT NULL) AS wait_answered,
        array_agg(ROW(wait_abandoned_bucket, wait_abandoned_count)::ringside.histogram) FILTER (WHERE wait_abandoned_bucket IS NOT NULL) AS wait_abandoned,
        array_agg(ROW(first_reply_bucket, first_reply_count)::ringside.histogram) FILTER (WHERE first_reply_bucket IS NOT NULL) AS first_reply,
        array_agg(ROW(next_reply_bucket, next_reply_count)::ringside.histogram) FILTER (WHERE next_reply_bucket IS NOT NULL) AS next_reply,
        array_agg(ROW(resolution_bucket, resolution_count)::ringside.histogram) FILTER (WHERE resolution_bucket IS NOT NULL) AS resolution,
        sum(revision)::bigint AS revision, bool_and(final) AS final
    FROM ringside.%1$s_interval_part
    %10$s
    GROUP BY %11$s%2$s, attribution) AS s
CROSS JOIN LATERAL (SELECT ringside.hist_percentiles_of(s.wait_answered,
        '{500,800,900,950,990}', s.answered_min_us, s.answered_max_us) AS ms OFFSET 0) AS a   -- OFFSET 0: once, not once per percentile
CROSS JOIN LATERAL (SELECT ringside.hist_percentiles_of(s.wait_abandoned,
        '{500,900,950,990}', s.abandoned_min_us, s.abandoned_max_us) AS ms OFFSET 0) AS b
WHERE %6$s OR s.still_open <> 0
    OR ringside.has_service_level(s.sl)
$view$;
    family record;
    sums text;
    body text;
    history text;
    counted text;
    counted_sums text;
    note record;
BEGIN
    -- Every bigint count of the part tables; the figures above pick theirs.
    SELECT string_agg(format('sum(%1$I)::bigint AS %1$I', attname), ', ' ORDER BY attnum),
           string_agg(format('s.%I <> 0', attname), ' OR ' ORDER BY attnum), string_agg(format('sum(s.%I) <> 0', attname), ' OR ' ORDER BY attnum)
        INTO sums, counted, counted_sums
        FROM pg_catalog.pg_attribute
        WHERE attrelid = 'ringside.queue_interval_part'::regclass AND atthasdef AND atttypid = 'bigint'::regtype
              AND NOT attisdropped;
    FOR family IN SELECT * FROM (VALUES
            ('queue', 'tenant, queue, channel', 's.tenant, s.queue, s.channel', 'true', 'false', 'queue', 'a queue and channel'),
            ('channel', 'tenant, channel', 's.tenant, s.channel', 'true', 'false', 'channel', 'a channel'),
            ('total', 'tenant', 's.tenant', 'true', 'true', NULL, 'a whole tenant'),
            ('agent', 'tenant, agent', 's.tenant, s.agent', 'false', 'true', 'agent', 'an agent'),
            ('team', 'tenant, team', 's.tenant, s.team', 'false', 'true', 'team', 'a team'))
            AS f (name, dimensions, selected, legs, staff, key, text) LOOP
        EXECUTE format(pattern, family.name, family.dimensions, family.selected, family.legs, sums, counted,
            format('CREATE OR REPLACE VIEW ringside.%I AS', family.name || '_interval'),
            'interval_start', 'interval_s', '', 'interval_start, interval_s, ', family.staff);
        body := format(pattern, family.name, family.dimensions, family.selected, family.legs, sums, counted, '',
            'NULL::timestamptz', 'NULL::integer',
            'WHERE interval_start >= from_time AND interval_start < to_time AND attribution = of_attribution', '', family.staff);
        EXECUTE format('CREATE OR REPLACE FUNCTION ringside.%I(from_time timestamptz, to_time timestamptz, '
            'of_attribution text DEFAULT ''event'') RETURNS SETOF ringside.%I LANGUAGE sql STABLE AS %L',
            family.name || '_rollup', family.name || '_interval', body || ' ORDER BY ' || family.selected);
        EXECUTE format('COMMENT ON FUNCTION ringside.%I(timestamptz, timestamptz, text) IS %L', family.name || '_rollup',
            'Figures of ' || family.text || ' over the intervals that begin within [from_time, to_time), one row per key: sums of '
            'counts, sums of numerators over sums of denominators, percentiles of the merged histograms.');
        -- Whether anything of a key is counted within a time, as the views ask for each row.
        EXECUTE format('CREATE OR REPLACE FUNCTION ringside.%I(from_time timestamptz, to_time timestamptz, of_attribution text, of_tenant text, of_key text, of_channel text) '
            'RETURNS boolean LANGUAGE sql STABLE AS %L', family.name || '_counted',
            format('SELECT EXISTS (SELECT FROM ringside.%I AS s WHERE s.interval_start >= from_time AND s.interval_start < to_time AND s.attribution = of_attribution '
                'AND s.tenant = of_tenant %s HAVING %s OR ringside.has_service_level(array_agg(ROW(s.sl_policy, s.sl_version, s.sl_num, s.sl_den)::ringside.policy_counts)))',
                family.name || '_interval_part', CASE WHEN family.key IS NULL THEN '' ELSE format('AND s.%I IS NOT DISTINCT FROM of_key ', family.key) END
                    || CASE family.name WHEN 'queue' THEN 'AND s.channel = of_channel' ELSE '' END, counted_sums));
        EXECUTE format('COMMENT ON FUNCTION ringside.%I IS %L', family.name || '_counted', 'True when anything is counted of ' || family.text || ' within [from_time, to_time).');
        -- As above for each step. plpgsql, because a wrong zone or an empty period must be an error without any rows, too; and
        -- EXECUTE, because the plan depends on the months and keys that are asked for.
        body := format(pattern, family.name, family.dimensions, family.selected, family.legs, sums, counted, '',
            '($4)[width_bucket(interval_start, $4)]', '($5)[width_bucket(interval_start, $4)]',
            'WHERE interval_start >= $1 AND interval_start < $2 AND attribution = $3 AND ($6 IS NULL OR tenant = $6)'
            || CASE WHEN family.key IS NULL THEN '' ELSE format(' AND ($7 IS NULL OR %I = $7)', family.key) END, '1, 2, ', family.staff)
            || ' ORDER BY 1, ' || family.selected;
        history := format($function$
DECLARE
    starts timestamptz[];
    lengths integer[];
BEGIN
    IF step = 'all' THEN   -- then there is no step: interval_start and interval_s are null
        PERFORM ringside.check_period(from_time, to_time), ringside.check_zone(zone);
    ELSE
        SELECT array_agg(step_start ORDER BY step_start), array_agg(step_s ORDER BY step_start) INTO starts, lengths
            FROM ringside.steps(from_time, to_time, step, zone);
    END IF;
    PERFORM ringside.check_attribution(of_attribution);
    PERFORM ringside.warn_of_missing_months(%1$L, from_time, to_time);
    RETURN QUERY EXECUTE %2$L USING from_time, to_time, of_attribution, starts, lengths, of_tenant, of_key;
END;
$function$, family.name || '_interval_part', body);
        EXECUTE format('CREATE OR REPLACE FUNCTION ringside.%I(from_time timestamptz, to_time timestamptz, step text DEFAULT ''day'', '
            'zone text DEFAULT ''UTC'', of_attribution text DEFAULT ''event'', of_tenant text DEFAULT NULL, of_key text DEFAULT NULL) '
            'RETURNS SETOF ringside.%I LANGUAGE plpgsql STABLE SET enable_sort = off SET jit = off AS %L', family.name || '_history', family.name || '_interval', history);
        EXECUTE format('COMMENT ON FUNCTION ringside.%I IS %L', family.name || '_history',
            'Figures of ' || family.text || ' per step (15m, 30m, hour, day, week, month, year, all) of an IANA zone over the intervals that '
            'begin within [from_time, to_time); of_tenant, of_key: of one only. interval_start is the step''s first instant, interval_s '
            'its real length: a day has 23, 24, 24.5 or 25 hours.');
        EXECUTE format('COMMENT ON VIEW ringside.%I IS %L', family.name || '_interval',
            'Figures of ' || family.text || ' per interval, as `ringside replay` prints them; null where undefined.');
        FOR note IN SELECT * FROM (VALUES
                ('interval_start', 'First instant of the interval.'), ('interval_s', 'Length of the interval, seconds.'),
                ('tenant', 'The organisation.'), ('queue', 'The queue; null: handlings without any queue.'),
                ('channel', 'The channel.'), ('agent', 'The agent.'), ('team', 'The team.'),
                ('attribution', 'When a count is counted: event, enter or close. Name one, or rows stand twice.'),
                ('offered', 'Legs opened.'), ('answered', 'Legs answered.'), ('abandoned', 'Legs given up.'),
                ('abandoned_short', 'Legs given up within the short limit.'), ('flowed_out', 'Legs that left otherwise.'),
                ('callbacks', 'Legs exchanged for a call-back.'), ('blocked', 'Contacts turned away; never offered.'),
                ('abandoned_before_queue', 'Contacts given up before any queue.'),
                ('still_open', 'Legs queued in the interval without an outcome yet.'),
                ('threshold_ms', 'Threshold of the …_in_t counts; null where the row mixes several.'),
                ('answered_in_t', 'Answered within the threshold.'), ('abandoned_in_t', 'Given up within the threshold.'),
                ('service_level', 'Per policy: value (0 to 1), numerator, denominator.'),
                ('wait_ms', 'Waits: answered_sum, abandoned_sum, max of all outcomes, asa, percentiles over answered legs.'),
                ('abandon_wait_ms', 'Waits of abandoned legs: mean, percentiles, max.'),
                ('handled', 'Handlings ended.'), ('handled_short', 'Handlings ended with less than 10 s of talk.'),
                ('flowed_out_by_reason', 'flowed_out by reason.'),
                ('talk_ms_sum', 'Talk time without hold.'), ('hold_ms_sum', 'Hold time.'), ('wrap_ms_sum', 'Wrap-up time.'),
                ('aht_ms', '(talk + hold + wrap) / handled.'),
                ('transferred_in', 'Contacts transferred to this key.'), ('transferred_out', 'Handlings that ended in a transfer.'),
                ('offers', 'Offers to agents.'), ('offers_failed', 'Offers not taken.'),
                ('fcr', 'First-contact resolution: eligible journeys, repeated, flagged_unresolved, unresolved (either), value = (eligible - '
                    'unresolved) / eligible; net: the same without the topics of fcr.never; how many matured, and the state of the row.'),
                ('csat', 'Satisfaction: responses, mean of the raw scores, top_box, scale; null: none.'),
                ('nps', 'Recommendation: responses, promoters (9, 10), detractors (0 to 6), value from -100 to 100; null: none.'),
                ('flowed_out_in_t', 'Left otherwise within the threshold.'), ('callbacks_in_t', 'Exchanged for a call-back within the threshold.'),
                ('excess_ms_sum', 'Waits beyond the threshold, all outcomes.'), ('blocked_by_reason', 'blocked by reason.'),
                ('transferred_out_by_kind', 'transferred_out by kind.'), ('offers_failed_by_reason', 'offers_failed by reason.'),
                ('holds', 'Holds ended.'), ('wraps', 'Wrap-ups ended.'), ('handling_lost', 'Handlings whose end never came.'),
                ('clock_anomaly', 'Legs whose end was stamped before their start; counted with wait 0.'),
                ('callbacks_requested', 'Call-backs promised.'), ('callbacks_attempted', 'Call-backs attempted.'),
                ('callbacks_connected', 'Call-backs that reached the customer.'), ('callbacks_failed', 'Call-backs that failed.'),
                ('first_reply', 'First replies: count, in_t, mean, p50, p90 in the queue''s working hours; calendar_mean_ms by the calendar.'),
                ('next_reply', 'Later replies, likewise.'), ('resolution', 'Time to closing, likewise.'),
                ('reopened', 'Closed contacts that were opened again.'),
                ('ces', 'Effort: responses, mean of the raw scores, scale; null: none.'),
                ('surveys', 'Contacts that answered a survey, answers off their scale, response_rate = contacts / handled.'),
                ('complaints', 'Complaints by stage, the mean working time of each stage, and how many stages were overdue.'),
                ('compliments', 'Compliments received.'), ('suggestions', 'Suggestions received.'),
                ('agent_time', 'Agents'' time by state and against the plan; occupancy by both formulas, adherence, conformance.'),
                ('revision', 'Only orders versions of one row.'),
                ('final', 'Nothing but a correction can change the row.')) AS n (name, text) LOOP
            IF EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = format('ringside.%I', family.name || '_interval')::regclass
                       AND attname = note.name) THEN
                EXECUTE format('COMMENT ON COLUMN ringside.%I.%I IS %L', family.name || '_interval', note.name, note.text);
            END IF;
        END LOOP;
    END LOOP;
END;
$create$;
