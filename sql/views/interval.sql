-- queue_interval, channel_interval, total_interval, agent_interval, team_interval: the rows that `ringside replay` prints,
-- summed from their parts. Times are milliseconds, cut from microseconds once. And queue_rollup(from, to, attribution) and its
-- like: the same over a range of time, one row per key (interval_start and interval_s null). All come from one pattern:
--   %1$s family   %2$s dimensions   %3$s the same of `s`   %4$s true where the key has legs of its own (not agents, teams)
--   %5$s sums of the counts   %6$s true where anything was counted   %7$s the statement that makes it, up to AS
--   %8$s, %9$s interval_start and interval_s   %10$s which parts   %11$s by what they are grouped before the key
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
    CASE WHEN %4$s THEN ringside.service_level(s.sl_policy, s.sl_num, s.sl_den) END AS service_level,
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
    NULL::jsonb AS fcr, NULL::jsonb AS csat, NULL::jsonb AS nps,
    s.revision, s.final
FROM (
    SELECT %8$s AS interval_start, %9$s AS interval_s, %2$s, attribution,
        %5$s,
        sum(still_open)::bigint AS still_open,
        -- A part in which no leg was closed has no threshold and does not make the others' a mixture.
        CASE WHEN NOT bool_or(threshold_us IS NULL AND (answered <> 0 OR abandoned <> 0 OR flowed_out <> 0 OR callbacks <> 0))
                  AND min(threshold_us) = max(threshold_us) THEN min(threshold_us) END AS threshold_us,
        max(wait_max_us) AS wait_max_us,
        min(answered_min_us) AS answered_min_us, max(answered_max_us) AS answered_max_us,
        min(abandoned_min_us) AS abandoned_min_us, max(abandoned_max_us) AS abandoned_max_us,
        ringside.array_concat(sl_policy) AS sl_policy, ringside.array_concat(sl_num) AS sl_num,
        ringside.array_concat(sl_den) AS sl_den,
        ringside.array_concat(wait_answered_bucket) AS wait_answered_bucket,
        ringside.array_concat(wait_answered_count) AS wait_answered_count,
        ringside.array_concat(wait_abandoned_bucket) AS wait_abandoned_bucket,
        ringside.array_concat(wait_abandoned_count) AS wait_abandoned_count,
        sum(revision)::bigint AS revision, bool_and(final) AS final
    FROM ringside.%1$s_interval_part
    %10$s
    GROUP BY %11$s%2$s, attribution) AS s
CROSS JOIN LATERAL (SELECT ringside.hist_percentiles(s.wait_answered_bucket, s.wait_answered_count,
        '{500,800,900,950,990}', s.answered_min_us, s.answered_max_us) AS ms) AS a
CROSS JOIN LATERAL (SELECT ringside.hist_percentiles(s.wait_abandoned_bucket, s.wait_abandoned_count,
        '{500,900,950,990}', s.abandoned_min_us, s.abandoned_max_us) AS ms) AS b
WHERE %6$s OR s.still_open <> 0
    OR EXISTS (SELECT FROM unnest(s.sl_num, s.sl_den) AS counted (num, den) WHERE counted.num <> 0 OR counted.den <> 0)
$view$;
    family record;
    sums text;
    body text;
    counted text;
    note record;
BEGIN
    -- Every bigint count of the part tables; the figures above pick theirs.
    SELECT string_agg(format('sum(%1$I)::bigint AS %1$I', attname), ', ' ORDER BY attnum),
           string_agg(format('s.%I <> 0', attname), ' OR ' ORDER BY attnum)
        INTO sums, counted
        FROM pg_catalog.pg_attribute
        WHERE attrelid = 'ringside.queue_interval_part'::regclass AND atthasdef AND atttypid = 'bigint'::regtype
              AND NOT attisdropped;
    FOR family IN SELECT * FROM (VALUES
            ('queue', 'tenant, queue, channel', 's.tenant, s.queue, s.channel', 'true', 'a queue and channel'),
            ('channel', 'tenant, channel', 's.tenant, s.channel', 'true', 'a channel'),
            ('total', 'tenant', 's.tenant', 'true', 'a whole tenant'),
            ('agent', 'tenant, agent', 's.tenant, s.agent', 'false', 'an agent'),
            ('team', 'tenant, team', 's.tenant, s.team', 'false', 'a team')) AS f (name, dimensions, selected, legs, text) LOOP
        EXECUTE format(pattern, family.name, family.dimensions, family.selected, family.legs, sums, counted,
            format('CREATE OR REPLACE VIEW ringside.%I AS', family.name || '_interval'),
            'interval_start', 'interval_s', '', 'interval_start, interval_s, ');
        body := format(pattern, family.name, family.dimensions, family.selected, family.legs, sums, counted, '',
            'NULL::timestamptz', 'NULL::integer',
            'WHERE interval_start >= from_time AND interval_start < to_time AND attribution = of_attribution', '');
        EXECUTE format('CREATE OR REPLACE FUNCTION ringside.%I(from_time timestamptz, to_time timestamptz, '
            'of_attribution text DEFAULT ''event'') RETURNS SETOF ringside.%I LANGUAGE sql STABLE AS %L',
            family.name || '_rollup', family.name || '_interval', body || ' ORDER BY ' || family.selected);
        EXECUTE format('COMMENT ON FUNCTION ringside.%I(timestamptz, timestamptz, text) IS %L', family.name || '_rollup',
            'Figures of ' || family.text || ' over the intervals that begin within [from_time, to_time), one row per key: sums of '
            'counts, sums of numerators over sums of denominators, percentiles of the merged histograms.');
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
                ('fcr', 'First-contact resolution; null: not measured.'), ('csat', 'Satisfaction; null: not measured.'),
                ('nps', 'Net promoter score; null: not measured.'),
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
