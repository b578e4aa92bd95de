CREATE OR REPLACE VIEW ringside.alert AS
SELECT m.stream, e.episode, e.rule, e.severity, e.state, e.tenant, e.family, e.key, e.channel, e.metric, e.policy, e.time_window,
    e.compare, e.limit_value, e.clear_value, e.started_at, e.fired_at, e.ended_at, e.changed_at, e.runbook, e.detector
FROM ringside.alert_episode AS e JOIN ringside.mark AS m USING (stream_id);
COMMENT ON VIEW ringside.alert IS 'One row per episode of an alert: from the breach of its rule to its end.';

CREATE OR REPLACE VIEW ringside.alert_transition AS
SELECT m.stream, c.episode, e.rule, e.severity, e.tenant, e.family, e.key, e.channel, e.metric, c.at, c.from_state, c.to_state,
    c.value, c.numerator, c.denominator, c.run, c.number, c.ordinal,
    c.limit_value AS limit_at, c.baseline, c.quiet, c.explanation
FROM ringside.alert_change AS c
JOIN ringside.alert_episode AS e USING (stream_id, episode) JOIN ringside.mark AS m USING (stream_id);
COMMENT ON VIEW ringside.alert_transition IS 'Every change of an alert''s state, oldest first by (run, number, ordinal).';

CREATE OR REPLACE VIEW ringside.alert_command AS
SELECT m.stream, s.episode, s.at, s.act, s.author, s.text, s.owner, s.due_at, s.until_at, s.sticky, coalesce(s.tenant, e.tenant) AS tenant,
    coalesce(s.rule, e.rule) AS rule, coalesce(s.key, e.key) AS key, coalesce(s.channel, e.channel) AS channel, s.run, s.number, s.ordinal,
    s.measured
FROM ringside.alert_said AS s JOIN ringside.mark AS m USING (stream_id)
LEFT JOIN ringside.alert_episode AS e ON s.act NOT IN ('silence', 'unsilence') AND (e.stream_id, e.episode) = (s.stream_id, s.episode);
COMMENT ON VIEW ringside.alert_command IS 'Everything that people said about alerts, and silences, oldest first by (run, number, ordinal).';

DO $comment$
DECLARE
    note record;
BEGIN
    FOR note IN SELECT * FROM (VALUES
            ('stream', 'Name of the stream that wrote it.'), ('episode', 'Number of the episode within its stream.'),
            ('rule', 'Name of the rule.'), ('severity', 'info, warning or critical.'),
            ('state', 'pending, firing, recovering, no_data, flapping, target_unreachable, resolved, or ok when it ended before it fired.'),
            ('tenant', 'The organisation.'), ('family', 'What kind of key: queue, channel, total, agent or team.'),
            ('key', 'The queue, agent or team; null where the family has none.'),
            ('channel', 'The channel; null where the family has none.'), ('metric', 'The figure that the rule watches.'),
            ('policy', 'The policy of a service level.'), ('time_window', 'The rolling window; null for gauges.'),
            ('compare', 'above or below the limit is a breach.'),
            ('limit_value', 'The limit: ratios 0 to 1, times in milliseconds.'),
            ('clear_value', 'At or beyond this on the good side it ends.'), ('started_at', 'When the breach began.'),
            ('fired_at', 'When it fired; null: not (yet).'), ('ended_at', 'When it ended; null: not yet.'),
            ('changed_at', 'When its state last changed.'), ('runbook', 'Link to what to do.'),
            ('at', 'When it changed.'), ('from_state', 'State before.'), ('to_state', 'State after.'),
            ('value', 'The figure at that moment.'), ('numerator', 'What the figure rested on: numerator.'),
            ('denominator', 'What the figure rested on: denominator.'), ('run', 'Start of the daemon that wrote it.'),
            ('number', 'Position of what caused it: the order within the run.'),
            ('ordinal', 'Place among what the same record caused.'), ('limit_at', 'The limit at that moment.'), ('baseline', 'What was usual.'),
            ('quiet', 'Why receivers were not told; empty: they were.'),
            ('explanation', 'Of one that fires: its last intervals, where the deviation comes from, what is likely next.'), ('detector', 'How the rule finds a deviation.'),
            ('act', 'ack, unack, note, cause, action, resolve, review, silence or unsilence.'), ('author', 'Who said it.'),
            ('text', 'What was said.'), ('owner', 'Who does the action.'), ('due_at', 'By when it is to be done.'),
            ('until_at', 'When an acknowledgement or a silence ends by itself.'),
            ('sticky', 'An acknowledgement that also holds when it fires anew.'),
            ('measured', 'Of a review: the figure before and after, as it was known at that moment.')) AS n (name, text) LOOP
        IF EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = 'ringside.alert_command'::regclass AND attname = note.name) THEN
            EXECUTE format('COMMENT ON COLUMN ringside.alert_command.%I IS %L', note.name, note.text);
        END IF;
        IF EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = 'ringside.alert'::regclass AND attname = note.name) THEN
            EXECUTE format('COMMENT ON COLUMN ringside.alert.%I IS %L', note.name, note.text);
        END IF;
        IF EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = 'ringside.alert_transition'::regclass AND attname = note.name) THEN
            EXECUTE format('COMMENT ON COLUMN ringside.alert_transition.%I IS %L', note.name, note.text);
        END IF;
    END LOOP;
END;
$comment$;
