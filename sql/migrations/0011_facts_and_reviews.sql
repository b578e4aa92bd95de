-- What a performance review rests on beside the intervals: facts of single contacts, frozen baselines, improvements, service standards,
-- notes on deviations; and who has read what about persons.
DO $type$
BEGIN
    IF to_regtype('ringside.histogram') IS NULL THEN
        CREATE TYPE ringside.histogram AS (bucket smallint[], count integer[]);
    END IF;
    IF to_regtype('ringside.policy_counts') IS NULL THEN
        CREATE TYPE ringside.policy_counts AS (policy text[], version integer[], numerator bigint[], denominator bigint[]);
    END IF;
    IF to_regtype('ringside.day_sample') IS NULL THEN
        CREATE TYPE ringside.day_sample AS (after boolean, day date, x double precision, y double precision, h ringside.histogram);
    END IF;
END;
$type$;
COMMENT ON TYPE ringside.histogram IS 'A histogram of durations: bucket numbers (ringside.hist_low_ms) and how many are in each.';
COMMENT ON COLUMN ringside.histogram.bucket IS 'Bucket numbers.';
COMMENT ON COLUMN ringside.histogram.count IS 'Durations in each of them.';
COMMENT ON TYPE ringside.policy_counts IS 'Numerators and denominators of service levels, as a part has them.';
COMMENT ON COLUMN ringside.policy_counts.policy IS 'Names of the policies.';
COMMENT ON COLUMN ringside.policy_counts.version IS 'Version of each.';
COMMENT ON COLUMN ringside.policy_counts.numerator IS 'Numerator of each.';
COMMENT ON COLUMN ringside.policy_counts.denominator IS 'Denominator of each.';

COMMENT ON TYPE ringside.day_sample IS 'What a figure is made of on one day, before or after a change.';
COMMENT ON COLUMN ringside.day_sample.after IS 'It is of the period after the change.';
COMMENT ON COLUMN ringside.day_sample.day IS 'The date, in the zone.';
COMMENT ON COLUMN ringside.day_sample.x IS 'Numerator.';
COMMENT ON COLUMN ringside.day_sample.y IS 'Denominator.';
COMMENT ON COLUMN ringside.day_sample.h IS 'Histogram, of percentiles.';

-- --- facts --------------------------------------------------------------------------------------------------------------
INSERT INTO ringside.retention (class, keep, what) VALUES
    ('fact', interval '90 days', 'single contacts, their stays in queues and handlings: customers'' and agents'' personal data'),
    ('access', interval '25 months', 'who has read what about persons')
ON CONFLICT DO NOTHING;
INSERT INTO ringside.partitioned (name, class, time_column) VALUES
    ('contact_fact', 'fact', 'begun_at'), ('leg_fact', 'fact', 'queued_at'), ('handling_fact', 'fact', 'begun_at')
ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS ringside.contact_fact (
    tenant text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    begun_at timestamptz NOT NULL,
    revision bigint NOT NULL,
    ended_at timestamptz,
    customer text COLLATE "C" CHECK (customer ~ '^[0-9a-f]{32}$'),
    journey text COLLATE "C",
    channel text COLLATE "C" NOT NULL,
    direction text COLLATE "C" NOT NULL,
    topic text COLLATE "C",
    fcr_eligible boolean NOT NULL DEFAULT false,
    fcr_repeated boolean NOT NULL DEFAULT false,
    fcr_flagged_unresolved boolean NOT NULL DEFAULT false,
    fcr_matured boolean NOT NULL DEFAULT false,
    csat_milli bigint,
    nps smallint,
    stored_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT contact_fact_key PRIMARY KEY (tenant, contact, begun_at)
) PARTITION BY RANGE (begun_at);
CREATE INDEX IF NOT EXISTS contact_fact_customer ON ringside.contact_fact (tenant, customer, begun_at) WHERE customer IS NOT NULL;
CREATE INDEX IF NOT EXISTS contact_fact_time ON ringside.contact_fact USING brin (begun_at) WITH (pages_per_range = 16, autosummarize = on);
COMMENT ON TABLE ringside.contact_fact IS 'One row per contact. Whoever loads facts writes a contact, its legs and its handlings in one transaction, with one revision; a higher revision replaces (ringside.load_contact).';
COMMENT ON COLUMN ringside.contact_fact.tenant IS 'The organisation.';
COMMENT ON COLUMN ringside.contact_fact.contact IS 'The platform''s name of the contact; after an erasure a made-up one.';
COMMENT ON COLUMN ringside.contact_fact.begun_at IS 'Its first event.';
COMMENT ON COLUMN ringside.contact_fact.revision IS 'Grows with every change.';
COMMENT ON COLUMN ringside.contact_fact.ended_at IS 'Its last event; null: not known.';
COMMENT ON COLUMN ringside.contact_fact.customer IS 'The customer''s pseudonym, 32 hexadecimal digits, never a number; null: unknown or erased.';
COMMENT ON COLUMN ringside.contact_fact.journey IS 'The journey that it belongs to.';
COMMENT ON COLUMN ringside.contact_fact.channel IS '''voice'', ''chat'', ''email'', ''message'', ''callback'', ''video'' or ''task''.';
COMMENT ON COLUMN ringside.contact_fact.direction IS '''inbound'' or ''outbound''.';
COMMENT ON COLUMN ringside.contact_fact.topic IS 'What it was about; null: nobody said.';
COMMENT ON COLUMN ringside.contact_fact.fcr_eligible IS 'First-contact resolution is judged for the journey that begins with it.';
COMMENT ON COLUMN ringside.contact_fact.fcr_repeated IS 'The customer came back within the window.';
COMMENT ON COLUMN ringside.contact_fact.fcr_flagged_unresolved IS 'Somebody said that it was not resolved.';
COMMENT ON COLUMN ringside.contact_fact.fcr_matured IS 'The window has closed.';
COMMENT ON COLUMN ringside.contact_fact.csat_milli IS 'Satisfaction score, thousandths; null: none.';
COMMENT ON COLUMN ringside.contact_fact.nps IS 'Recommendation, 0 to 10; null: none.';
COMMENT ON COLUMN ringside.contact_fact.stored_at IS 'When the row was last written.';

CREATE TABLE IF NOT EXISTS ringside.leg_fact (
    tenant text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    queued_at timestamptz NOT NULL,
    number integer NOT NULL,
    revision bigint NOT NULL,
    queue text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" CHECK (outcome IN ('answered', 'abandoned', 'flowed_out', 'callback')),
    reason text COLLATE "C",
    closed_at timestamptz,
    wait_us bigint CHECK (wait_us >= 0),
    agent text COLLATE "C",
    team text COLLATE "C",
    stored_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT leg_fact_key PRIMARY KEY (tenant, contact, queued_at, number),
    CHECK ((outcome IS NULL) = (closed_at IS NULL) AND (outcome IS NULL) = (wait_us IS NULL))
) PARTITION BY RANGE (queued_at);
CREATE INDEX IF NOT EXISTS leg_fact_time ON ringside.leg_fact USING brin (queued_at) WITH (pages_per_range = 16, autosummarize = on);
COMMENT ON TABLE ringside.leg_fact IS 'One row per stay of a contact in a queue.';
COMMENT ON COLUMN ringside.leg_fact.tenant IS 'The organisation.';
COMMENT ON COLUMN ringside.leg_fact.contact IS 'The contact (ringside.contact_fact).';
COMMENT ON COLUMN ringside.leg_fact.queued_at IS 'When it came into the queue.';
COMMENT ON COLUMN ringside.leg_fact.number IS 'Order within the contact, from 1.';
COMMENT ON COLUMN ringside.leg_fact.revision IS 'That of the contact.';
COMMENT ON COLUMN ringside.leg_fact.queue IS 'The queue.';
COMMENT ON COLUMN ringside.leg_fact.channel IS 'The channel of the leg.';
COMMENT ON COLUMN ringside.leg_fact.outcome IS '''answered'', ''abandoned'', ''flowed_out'' or ''callback''; null: still open.';
COMMENT ON COLUMN ringside.leg_fact.reason IS 'Why it flowed out.';
COMMENT ON COLUMN ringside.leg_fact.closed_at IS 'When it left the queue; null: still open.';
COMMENT ON COLUMN ringside.leg_fact.wait_us IS 'How long it waited, microseconds; null: still open.';
COMMENT ON COLUMN ringside.leg_fact.agent IS 'Who answered. A person: show it to few.';
COMMENT ON COLUMN ringside.leg_fact.team IS 'The team of who answered.';
COMMENT ON COLUMN ringside.leg_fact.stored_at IS 'When the row was last written.';

CREATE TABLE IF NOT EXISTS ringside.handling_fact (
    tenant text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    begun_at timestamptz NOT NULL,
    number integer NOT NULL,
    revision bigint NOT NULL,
    queue text COLLATE "C",
    channel text COLLATE "C" NOT NULL,
    agent text COLLATE "C",
    team text COLLATE "C",
    ended_at timestamptz,
    talk_us bigint NOT NULL DEFAULT 0 CHECK (talk_us >= 0),
    hold_us bigint NOT NULL DEFAULT 0 CHECK (hold_us >= 0),
    wrap_us bigint NOT NULL DEFAULT 0 CHECK (wrap_us >= 0),
    holds integer NOT NULL DEFAULT 0,
    transfer_kind text COLLATE "C",
    transferred_to text COLLATE "C",
    stored_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT handling_fact_key PRIMARY KEY (tenant, contact, begun_at, number)
) PARTITION BY RANGE (begun_at);
CREATE INDEX IF NOT EXISTS handling_fact_time ON ringside.handling_fact USING brin (begun_at) WITH (pages_per_range = 16, autosummarize = on);
COMMENT ON TABLE ringside.handling_fact IS 'One row per agent''s part in a contact: from the answer to its end or transfer.';
COMMENT ON COLUMN ringside.handling_fact.tenant IS 'The organisation.';
COMMENT ON COLUMN ringside.handling_fact.contact IS 'The contact (ringside.contact_fact).';
COMMENT ON COLUMN ringside.handling_fact.begun_at IS 'The answer.';
COMMENT ON COLUMN ringside.handling_fact.number IS 'Order within the contact, from 1.';
COMMENT ON COLUMN ringside.handling_fact.revision IS 'That of the contact.';
COMMENT ON COLUMN ringside.handling_fact.queue IS 'The queue whose leg was answered; null: none.';
COMMENT ON COLUMN ringside.handling_fact.channel IS 'The channel.';
COMMENT ON COLUMN ringside.handling_fact.agent IS 'Who handled it; null: not known, or erased. A person: show it to few.';
COMMENT ON COLUMN ringside.handling_fact.team IS 'The team.';
COMMENT ON COLUMN ringside.handling_fact.ended_at IS 'Its end or transfer; null: it never came.';
COMMENT ON COLUMN ringside.handling_fact.talk_us IS 'Talk without hold, microseconds.';
COMMENT ON COLUMN ringside.handling_fact.hold_us IS 'Hold, microseconds.';
COMMENT ON COLUMN ringside.handling_fact.wrap_us IS 'Wrap-up, microseconds.';
COMMENT ON COLUMN ringside.handling_fact.holds IS 'How often it was held.';
COMMENT ON COLUMN ringside.handling_fact.transfer_kind IS 'How it was transferred; null: it was not.';
COMMENT ON COLUMN ringside.handling_fact.transferred_to IS 'To which queue, if to one.';
COMMENT ON COLUMN ringside.handling_fact.stored_at IS 'When the row was last written.';

-- --- reviews ------------------------------------------------------------------------------------------------------------
CREATE TABLE IF NOT EXISTS ringside.baseline (
    name text COLLATE "C" PRIMARY KEY CHECK (name <> ''),
    metric text COLLATE "C" NOT NULL,
    policy text COLLATE "C",
    family text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    key text COLLATE "C",
    channel text COLLATE "C",
    attribution text COLLATE "C" NOT NULL,
    from_time timestamptz NOT NULL,
    to_time timestamptz NOT NULL,
    zone text COLLATE "C" NOT NULL,
    value double precision,
    numerator numeric NOT NULL,
    denominator numeric NOT NULL,
    days integer NOT NULL,
    histogram ringside.histogram,
    formula jsonb NOT NULL,
    frozen_at timestamptz NOT NULL DEFAULT now(),
    frozen_by text NOT NULL DEFAULT session_user,
    CHECK (to_time > from_time)
);
COMMENT ON TABLE ringside.baseline IS 'A figure of a named period as it was when it was frozen; rows are never changed. Made by ringside.make_baseline.';
COMMENT ON COLUMN ringside.baseline.name IS 'Its name.';
COMMENT ON COLUMN ringside.baseline.metric IS 'The figure (ringside.metric).';
COMMENT ON COLUMN ringside.baseline.policy IS 'The policy of a service level.';
COMMENT ON COLUMN ringside.baseline.family IS '''queue'', ''channel'', ''total'', ''agent'' or ''team''.';
COMMENT ON COLUMN ringside.baseline.tenant IS 'The organisation.';
COMMENT ON COLUMN ringside.baseline.key IS 'The queue, agent or team; null: all of the family together.';
COMMENT ON COLUMN ringside.baseline.channel IS 'The channel; null: all.';
COMMENT ON COLUMN ringside.baseline.attribution IS 'event, enter or close.';
COMMENT ON COLUMN ringside.baseline.from_time IS 'First instant of the period.';
COMMENT ON COLUMN ringside.baseline.to_time IS 'First instant after it.';
COMMENT ON COLUMN ringside.baseline.zone IS 'The time zone of its days.';
COMMENT ON COLUMN ringside.baseline.value IS 'The figure; null: nothing to say.';
COMMENT ON COLUMN ringside.baseline.numerator IS 'What it is made of: numerator.';
COMMENT ON COLUMN ringside.baseline.denominator IS 'What it is made of: denominator.';
COMMENT ON COLUMN ringside.baseline.days IS 'Days with data in it.';
COMMENT ON COLUMN ringside.baseline.histogram IS 'Of a percentile: the merged histogram.';
COMMENT ON COLUMN ringside.baseline.formula IS 'The formula, the policy''s versions and their definitions, the revision of the rows.';
COMMENT ON COLUMN ringside.baseline.frozen_at IS 'When it was frozen.';
COMMENT ON COLUMN ringside.baseline.frozen_by IS 'By whom.';

CREATE TABLE IF NOT EXISTS ringside.improvement (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL CHECK (title <> ''),
    hypothesis text NOT NULL CHECK (hypothesis <> ''),
    metric text COLLATE "C" NOT NULL,
    policy text COLLATE "C",
    family text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    key text COLLATE "C",
    channel text COLLATE "C",
    zone text COLLATE "C" NOT NULL DEFAULT 'UTC',
    baseline text COLLATE "C" REFERENCES ringside.baseline,
    change_at timestamptz,
    weeks integer NOT NULL DEFAULT 4 CHECK (weeks BETWEEN 1 AND 52),
    owner text NOT NULL,
    review_on date NOT NULL,
    cost numeric,
    benefit numeric,
    currency text,
    state text COLLATE "C" NOT NULL DEFAULT 'plan' CHECK (state IN ('plan', 'do', 'review', 'kept', 'reverted', 'dropped')),
    outcome jsonb,
    reviewed_at timestamptz,
    conclusion text,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE ringside.improvement IS 'The register of improvements: plan, do, review. ringside.review_improvement computes the outcome.';
COMMENT ON COLUMN ringside.improvement.id IS 'Its number.';
COMMENT ON COLUMN ringside.improvement.title IS 'What is changed.';
COMMENT ON COLUMN ringside.improvement.hypothesis IS 'What is expected of it, and why.';
COMMENT ON COLUMN ringside.improvement.metric IS 'The figure that will tell (ringside.metric).';
COMMENT ON COLUMN ringside.improvement.policy IS 'The policy of a service level.';
COMMENT ON COLUMN ringside.improvement.family IS '''queue'', ''channel'', ''total'', ''agent'' or ''team''.';
COMMENT ON COLUMN ringside.improvement.tenant IS 'The organisation.';
COMMENT ON COLUMN ringside.improvement.key IS 'The queue, agent or team; null: all together.';
COMMENT ON COLUMN ringside.improvement.channel IS 'The channel; null: all.';
COMMENT ON COLUMN ringside.improvement.zone IS 'The time zone of its days.';
COMMENT ON COLUMN ringside.improvement.baseline IS 'The frozen figure that it starts from.';
COMMENT ON COLUMN ringside.improvement.change_at IS 'When the change was made; null: not yet.';
COMMENT ON COLUMN ringside.improvement.weeks IS 'How many weeks before and after are compared.';
COMMENT ON COLUMN ringside.improvement.owner IS 'Who answers for it.';
COMMENT ON COLUMN ringside.improvement.review_on IS 'When it is to be reviewed.';
COMMENT ON COLUMN ringside.improvement.cost IS 'What it costs.';
COMMENT ON COLUMN ringside.improvement.benefit IS 'What it is expected to bring.';
COMMENT ON COLUMN ringside.improvement.currency IS 'Of cost and benefit.';
COMMENT ON COLUMN ringside.improvement.state IS '''plan'', ''do'', ''review''; then ''kept'', ''reverted'' or ''dropped''.';
COMMENT ON COLUMN ringside.improvement.outcome IS 'What ringside.compare said at the review.';
COMMENT ON COLUMN ringside.improvement.reviewed_at IS 'When the outcome was computed.';
COMMENT ON COLUMN ringside.improvement.conclusion IS 'What was made of it.';
COMMENT ON COLUMN ringside.improvement.created_at IS 'When it was entered.';
COMMENT ON COLUMN ringside.improvement.created_by IS 'By whom.';

CREATE TABLE IF NOT EXISTS ringside.service_standard (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text COLLATE "C" NOT NULL,
    queue text COLLATE "C" NOT NULL,
    channel text COLLATE "C",
    metric text COLLATE "C" NOT NULL,
    policy text COLLATE "C",
    target double precision NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    note text,
    CHECK (valid_to > valid_from)
);
COMMENT ON TABLE ringside.service_standard IS 'What is promised of a queue, and since when. ringside.attainment says how it was kept.';
COMMENT ON COLUMN ringside.service_standard.id IS 'Its number.';
COMMENT ON COLUMN ringside.service_standard.tenant IS 'The organisation.';
COMMENT ON COLUMN ringside.service_standard.queue IS 'The queue.';
COMMENT ON COLUMN ringside.service_standard.channel IS 'The channel; null: all together.';
COMMENT ON COLUMN ringside.service_standard.metric IS 'The figure (ringside.metric).';
COMMENT ON COLUMN ringside.service_standard.policy IS 'The policy of a service level.';
COMMENT ON COLUMN ringside.service_standard.target IS 'At least this where more is better, at most this where less is; in the metric''s unit.';
COMMENT ON COLUMN ringside.service_standard.valid_from IS 'First day of the promise.';
COMMENT ON COLUMN ringside.service_standard.valid_to IS 'First day without it; null: until further notice.';
COMMENT ON COLUMN ringside.service_standard.note IS 'Where it is written, who agreed.';

CREATE TABLE IF NOT EXISTS ringside.deviation_note (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream_id integer NOT NULL,
    episode bigint NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('identified', 'cause', 'action', 'result', 'note')),
    text text NOT NULL CHECK (text <> ''),
    author text NOT NULL DEFAULT session_user,
    at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (stream_id, episode) REFERENCES ringside.alert_episode ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS deviation_note_episode ON ringside.deviation_note (stream_id, episode);
COMMENT ON TABLE ringside.deviation_note IS 'What was found out and done about an alert: rows are only ever added. Read ringside.deviation instead.';
COMMENT ON COLUMN ringside.deviation_note.id IS 'Order of the notes.';
COMMENT ON COLUMN ringside.deviation_note.stream_id IS 'The stream of the alert.';
COMMENT ON COLUMN ringside.deviation_note.episode IS 'The episode of the alert (ringside.alert_episode).';
COMMENT ON COLUMN ringside.deviation_note.kind IS '''identified'' (how it was noticed, if not by the alert), ''cause'', ''action'', ''result'' or ''note''.';
COMMENT ON COLUMN ringside.deviation_note.text IS 'What there is to say.';
COMMENT ON COLUMN ringside.deviation_note.author IS 'Who says it.';
COMMENT ON COLUMN ringside.deviation_note.at IS 'When.';

-- --- persons ------------------------------------------------------------------------------------------------------------
CREATE TABLE IF NOT EXISTS ringside.access_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reader text NOT NULL DEFAULT session_user,
    what text NOT NULL,
    subject text,
    from_time timestamptz,
    to_time timestamptz,
    reason text NOT NULL CHECK (length(reason) >= 3),
    rows bigint NOT NULL
);
COMMENT ON TABLE ringside.access_log IS 'Who has read or erased what about persons, when and why. Rows are only ever added, by the functions that read.';
COMMENT ON COLUMN ringside.access_log.id IS 'Order of the entries.';
COMMENT ON COLUMN ringside.access_log.at IS 'When.';
COMMENT ON COLUMN ringside.access_log.reader IS 'The role that had logged in.';
COMMENT ON COLUMN ringside.access_log.what IS 'The function that was called.';
COMMENT ON COLUMN ringside.access_log.subject IS 'The agent or contact asked for; null: many. Never a customer''s pseudonym.';
COMMENT ON COLUMN ringside.access_log.from_time IS 'First instant of the time asked for.';
COMMENT ON COLUMN ringside.access_log.to_time IS 'First instant after it.';
COMMENT ON COLUMN ringside.access_log.reason IS 'Why, in the reader''s words.';
COMMENT ON COLUMN ringside.access_log.rows IS 'How many rows were given out, or changed.';

-- Roles of the cluster, without login: give them to people. Who may not create roles goes without, and the owner does it by hand.
DO $role$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY '{ringside_daemon,ringside_analyst,ringside_supervisor,ringside_auditor}'::text[] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role) THEN EXECUTE format('CREATE ROLE %I NOLOGIN', role); END IF;
        EXCEPTION
            WHEN insufficient_privilege THEN RAISE NOTICE 'role % cannot be created by %: create it, then SELECT ringside.grant_roles()', role, current_user;
            WHEN duplicate_object OR unique_violation THEN NULL;   -- another database of the cluster was faster
        END;
    END LOOP;
END;
$role$;
