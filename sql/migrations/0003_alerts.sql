-- Alert episodes and every change of their state.
CREATE TABLE IF NOT EXISTS ringside.alert_episode (
    stream_id integer NOT NULL,
    episode bigint NOT NULL,
    rule text COLLATE "C" NOT NULL,
    severity text COLLATE "C" NOT NULL,
    family text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    key text COLLATE "C",
    channel text COLLATE "C",
    metric text COLLATE "C" NOT NULL,
    policy text COLLATE "C",
    time_window text COLLATE "C",
    compare text COLLATE "C" NOT NULL,
    limit_value double precision NOT NULL,
    clear_value double precision NOT NULL,
    runbook text,
    state text COLLATE "C" NOT NULL,
    started_at timestamptz NOT NULL,
    fired_at timestamptz,
    ended_at timestamptz,
    changed_at timestamptz NOT NULL,
    run bigint NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (stream_id, episode)
);
COMMENT ON TABLE ringside.alert_episode IS 'One row per episode of an alert: from the breach of its rule to its end. Read ringside.alert instead.';
COMMENT ON COLUMN ringside.alert_episode.stream_id IS 'The stream that wrote the row (ringside.mark).';
COMMENT ON COLUMN ringside.alert_episode.episode IS 'Number of the episode within its stream; grows.';
COMMENT ON COLUMN ringside.alert_episode.rule IS 'Name of the rule.';
COMMENT ON COLUMN ringside.alert_episode.severity IS '''info'', ''warning'' or ''critical''.';
COMMENT ON COLUMN ringside.alert_episode.family IS 'What kind of key it is about: ''queue'', ''channel'', ''total'', ''agent'' or ''team''.';
COMMENT ON COLUMN ringside.alert_episode.tenant IS 'The organisation that it concerns.';
COMMENT ON COLUMN ringside.alert_episode.key IS 'The queue, agent or team; null where the family has none.';
COMMENT ON COLUMN ringside.alert_episode.channel IS 'The channel; null where the family has none.';
COMMENT ON COLUMN ringside.alert_episode.metric IS 'The figure that the rule watches.';
COMMENT ON COLUMN ringside.alert_episode.policy IS 'The policy of a service level; null for other figures.';
COMMENT ON COLUMN ringside.alert_episode.time_window IS 'The rolling window; null for gauges.';
COMMENT ON COLUMN ringside.alert_episode.compare IS '''above'' or ''below'' the limit is a breach.';
COMMENT ON COLUMN ringside.alert_episode.limit_value IS 'The limit: ratios 0 to 1, times in milliseconds.';
COMMENT ON COLUMN ringside.alert_episode.clear_value IS 'At or beyond this on the good side it ends.';
COMMENT ON COLUMN ringside.alert_episode.runbook IS 'Link to what to do; may be null.';
COMMENT ON COLUMN ringside.alert_episode.state IS '''pending'', ''firing'', ''recovering'', ''resolved'', or ''ok'' when it ended before it fired.';
COMMENT ON COLUMN ringside.alert_episode.started_at IS 'When the breach began.';
COMMENT ON COLUMN ringside.alert_episode.fired_at IS 'When it fired; null: not (yet).';
COMMENT ON COLUMN ringside.alert_episode.ended_at IS 'When it ended; null: not yet.';
COMMENT ON COLUMN ringside.alert_episode.changed_at IS 'When its state last changed.';
COMMENT ON COLUMN ringside.alert_episode.run IS 'Run of its last change.';
COMMENT ON COLUMN ringside.alert_episode.number IS 'Number of its last change within that run.';

CREATE TABLE IF NOT EXISTS ringside.alert_change (
    stream_id integer NOT NULL,
    run bigint NOT NULL,
    number bigint NOT NULL,
    episode bigint NOT NULL,
    at timestamptz NOT NULL,
    from_state text COLLATE "C" NOT NULL,
    to_state text COLLATE "C" NOT NULL,
    value double precision,
    numerator bigint NOT NULL,
    denominator bigint NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream_id, run, number)
);
CREATE INDEX IF NOT EXISTS alert_change_episode ON ringside.alert_change (stream_id, episode);
COMMENT ON TABLE ringside.alert_change IS 'Every change of an alert''s state; rows are only ever added. Read ringside.alert_transition instead.';
COMMENT ON COLUMN ringside.alert_change.stream_id IS 'The stream that wrote the row (ringside.mark).';
COMMENT ON COLUMN ringside.alert_change.run IS 'The start of the daemon that wrote the row; grows.';
COMMENT ON COLUMN ringside.alert_change.number IS 'Order of the change within the run.';
COMMENT ON COLUMN ringside.alert_change.episode IS 'The episode that changed (ringside.alert_episode).';
COMMENT ON COLUMN ringside.alert_change.at IS 'When it changed.';
COMMENT ON COLUMN ringside.alert_change.from_state IS 'State before.';
COMMENT ON COLUMN ringside.alert_change.to_state IS 'State after.';
COMMENT ON COLUMN ringside.alert_change.value IS 'The figure at that moment: ratios 0 to 1, times in milliseconds; null: nothing to say.';
COMMENT ON COLUMN ringside.alert_change.numerator IS 'What the figure rested on: numerator.';
COMMENT ON COLUMN ringside.alert_change.denominator IS 'What the figure rested on: denominator; 0 for plain counts and gauges.';
COMMENT ON COLUMN ringside.alert_change.stored_at IS 'When the row was written.';
