-- What an alert was judged by, why it was not told, and what people said about it.
ALTER TABLE ringside.alert_episode ADD COLUMN IF NOT EXISTS detector text COLLATE "C";
COMMENT ON COLUMN ringside.alert_episode.detector IS 'How the rule finds a deviation: ''threshold'', ''cusum'', …; null: written before this was kept.';
COMMENT ON COLUMN ringside.alert_episode.state IS '''pending'', ''firing'', ''recovering'', ''no_data'' (it fires, and nothing is known any more), ''flapping'', ''resolved'', or ''ok'' when it ended before it fired.';
ALTER TABLE ringside.alert_change ADD COLUMN IF NOT EXISTS limit_value double precision;
ALTER TABLE ringside.alert_change ADD COLUMN IF NOT EXISTS baseline double precision;
ALTER TABLE ringside.alert_change ADD COLUMN IF NOT EXISTS quiet text[] COLLATE "C" NOT NULL DEFAULT '{}';
COMMENT ON COLUMN ringside.alert_change.limit_value IS 'The limit at that moment: of a detector it moves.';
COMMENT ON COLUMN ringside.alert_change.baseline IS 'What was usual; null: the rule knows nothing usual.';
COMMENT ON COLUMN ringside.alert_change.quiet IS 'Why receivers were not told: ''acknowledged'', ''silenced'', ''inhibited''; empty: they were.';

CREATE TABLE IF NOT EXISTS ringside.alert_said (
    stream_id integer NOT NULL,
    run bigint NOT NULL,
    number bigint NOT NULL,
    ordinal integer NOT NULL,
    episode bigint NOT NULL,
    at timestamptz NOT NULL,
    act text COLLATE "C" NOT NULL,
    author text COLLATE "C" NOT NULL,
    text text COLLATE "C",
    owner text COLLATE "C",
    due_at timestamptz,
    until_at timestamptz,
    sticky boolean NOT NULL DEFAULT false,
    tenant text COLLATE "C",
    rule text COLLATE "C",
    key text COLLATE "C",
    channel text COLLATE "C",
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream_id, run, number, ordinal)
);
CREATE INDEX IF NOT EXISTS alert_said_episode ON ringside.alert_said (stream_id, episode);
COMMENT ON TABLE ringside.alert_said IS 'Everything that people said about alerts, and silences; rows are only ever added. Read ringside.alert_command instead.';
COMMENT ON COLUMN ringside.alert_said.stream_id IS 'The stream that wrote the row (ringside.mark).';
COMMENT ON COLUMN ringside.alert_said.run IS 'The start of the journal that the row is from.';
COMMENT ON COLUMN ringside.alert_said.number IS 'Position of the command within the run: the order of what was said.';
COMMENT ON COLUMN ringside.alert_said.ordinal IS 'Place among the effects of the same record.';
COMMENT ON COLUMN ringside.alert_said.episode IS 'The episode that it is about; of ''silence'' and ''unsilence'' the number of the silence.';
COMMENT ON COLUMN ringside.alert_said.at IS 'When.';
COMMENT ON COLUMN ringside.alert_said.act IS '''ack'', ''unack'' (by ''ringside'': it ended by itself), ''note'', ''cause'', ''action'', ''resolve'', ''review'', ''silence'' or ''unsilence''.';
COMMENT ON COLUMN ringside.alert_said.author IS 'Who.';
COMMENT ON COLUMN ringside.alert_said.text IS 'What, and why.';
COMMENT ON COLUMN ringside.alert_said.owner IS 'Who does the action.';
COMMENT ON COLUMN ringside.alert_said.due_at IS 'By when the action is to be done.';
COMMENT ON COLUMN ringside.alert_said.until_at IS 'When an acknowledgement or a silence ends by itself.';
COMMENT ON COLUMN ringside.alert_said.sticky IS 'An acknowledgement that also holds when it fires anew.';
COMMENT ON COLUMN ringside.alert_said.tenant IS 'The organisation; of a silence a pattern, null: any.';
COMMENT ON COLUMN ringside.alert_said.rule IS 'The rule; of a silence a pattern, null: any. Null of what was said about an ended alert.';
COMMENT ON COLUMN ringside.alert_said.key IS 'The queue; of a silence a pattern, null: any.';
COMMENT ON COLUMN ringside.alert_said.channel IS 'The channel; of a silence null: any.';
COMMENT ON COLUMN ringside.alert_said.stored_at IS 'When the row was written.';
