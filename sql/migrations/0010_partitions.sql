-- Tables that grow with time are cut into months (UTC), so that old ones can be dropped at once and new ones are small: the interval
-- parts and the edges of the process map. The columns, keys, rows, rights and owners stay what they were, and so does whatever was built
-- upon the tables' views. Months are made ahead and dropped by sql/functions/partition.sql; there is no DEFAULT partition, so a
-- month can be added without a look at the rows of others.
CREATE TABLE IF NOT EXISTS ringside.retention (
    class text COLLATE "C" PRIMARY KEY,
    keep interval CHECK (keep > interval '0'),
    what text NOT NULL
);
COMMENT ON TABLE ringside.retention IS 'For how long each class of data is kept. Change keep with UPDATE; it is enforced every hour (ringside.upkeep).';
COMMENT ON COLUMN ringside.retention.class IS 'The class of data.';
COMMENT ON COLUMN ringside.retention.keep IS 'For how long after its month has ended, or after it was loaded if that was later; null: for ever.';
COMMENT ON COLUMN ringside.retention.what IS 'What belongs to the class.';
INSERT INTO ringside.retention (class, keep, what) VALUES
    ('aggregate', NULL, 'figures of queues, channels and tenants per interval, edges of the process map: nobody''s personal data'),
    ('agent', interval '25 months', 'figures of agents and teams per interval: agents'' personal data'),
    ('alert', NULL, 'alerts and their transitions'),
    ('accounting', interval '13 months', 'what came in per source, and what was refused')
ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS ringside.partitioned (
    name text COLLATE "C" PRIMARY KEY,
    class text COLLATE "C" NOT NULL REFERENCES ringside.retention,
    time_column text COLLATE "C" NOT NULL
);
COMMENT ON TABLE ringside.partitioned IS 'The tables that are cut into months.';
COMMENT ON COLUMN ringside.partitioned.name IS 'Name of the table, in schema ringside.';
COMMENT ON COLUMN ringside.partitioned.class IS 'Class of its data: for how long it is kept (ringside.retention).';
COMMENT ON COLUMN ringside.partitioned.time_column IS 'The column by which it is cut.';
INSERT INTO ringside.partitioned (name, class, time_column) VALUES
    ('queue_interval_part', 'aggregate', 'interval_start'), ('channel_interval_part', 'aggregate', 'interval_start'),
    ('total_interval_part', 'aggregate', 'interval_start'), ('process_edge_part', 'aggregate', 'interval_start'),
    ('agent_interval_part', 'agent', 'interval_start'), ('team_interval_part', 'agent', 'interval_start')
ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS ringside.partition (
    parent text COLLATE "C" NOT NULL REFERENCES ringside.partitioned,
    from_time timestamptz NOT NULL,
    to_time timestamptz NOT NULL,
    name text COLLATE "C" NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    dropped_at timestamptz,
    PRIMARY KEY (parent, from_time)
);
COMMENT ON TABLE ringside.partition IS 'Every month that was ever made of a table, dropped ones too: so that a report can say that its time is gone.';
COMMENT ON COLUMN ringside.partition.parent IS 'The table (ringside.partitioned).';
COMMENT ON COLUMN ringside.partition.from_time IS 'First instant of the month (UTC).';
COMMENT ON COLUMN ringside.partition.to_time IS 'First instant after it.';
COMMENT ON COLUMN ringside.partition.name IS 'Name of the month''s own table, in schema ringside.';
COMMENT ON COLUMN ringside.partition.made_at IS 'When it was made (last).';
COMMENT ON COLUMN ringside.partition.dropped_at IS 'When retention dropped it; null: it is there.';

DO $cut$
DECLARE
    of_table record;
    of_constraint record;
    of_view record;
    of_right record;
    of_month timestamptz;
    month_name text;
    views text[];
    moved bigint;
    had bigint;
BEGIN
    FOR of_table IN SELECT c.oid, p.name, p.time_column, c.relacl, c.relowner, obj_description(c.oid, 'pg_class') AS comment
                    FROM ringside.partitioned AS p JOIN pg_catalog.pg_class AS c ON c.oid = to_regclass('ringside.' || p.name)
                    WHERE c.relkind = 'r' ORDER BY p.name LOOP
        EXECUTE format('LOCK TABLE ringside.%I IN ACCESS EXCLUSIVE MODE', of_table.name);
        -- A view is bound to the table itself, not to its name: each is made again over the new one, with the same text.
        SELECT coalesce(array_agg(format('CREATE OR REPLACE VIEW %s AS %s', v.oid::regclass, pg_get_viewdef(v.oid))), '{}') INTO views
            FROM (SELECT DISTINCT r.ev_class AS oid FROM pg_catalog.pg_depend AS d
                  JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
                  WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = of_table.oid) AS v
            JOIN pg_catalog.pg_class AS c ON c.oid = v.oid AND c.relkind = 'v';
        EXECUTE format('ALTER TABLE ringside.%I RENAME TO %I', of_table.name, of_table.name || '_whole');
        EXECUTE format('CREATE TABLE ringside.%I (LIKE ringside.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)'
            ' PARTITION BY RANGE (%I)', of_table.name, of_table.name || '_whole', of_table.time_column);
        EXECUTE format('COMMENT ON TABLE ringside.%I IS %L', of_table.name, of_table.comment);
        FOR of_constraint IN SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_catalog.pg_constraint
                             WHERE conrelid = of_table.oid AND contype IN ('u', 'p') LOOP
            EXECUTE format('ALTER TABLE ringside.%I RENAME CONSTRAINT %I TO %I', of_table.name || '_whole', of_constraint.conname,
                of_constraint.conname || '_whole');
            -- One key's months are read by the key, all keys' hours by the time: so the key comes first, and the time has an index of its own.
            EXECUTE format('ALTER TABLE ringside.%I ADD CONSTRAINT %I %s', of_table.name, of_constraint.conname,
                regexp_replace(of_constraint.definition, '\(interval_start, (.*), attribution,', '(\1, attribution, interval_start,'));
        END LOOP;
        EXECUTE format('CREATE INDEX %I ON ringside.%I USING brin (%I) WITH (pages_per_range = 16, autosummarize = on)', of_table.name || '_time',
            of_table.name, of_table.time_column);
        EXECUTE format('ALTER TABLE ringside.%I OWNER TO %I', of_table.name, pg_get_userbyid(of_table.relowner));
        FOR of_right IN SELECT a.privilege_type, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS role
                        FROM aclexplode(of_table.relacl) AS a WHERE a.grantee <> of_table.relowner LOOP
            EXECUTE format('GRANT %s ON ringside.%I TO %s', of_right.privilege_type, of_table.name, of_right.role);
        END LOOP;
        FOR of_month IN EXECUTE format('SELECT DISTINCT date_trunc(''month'', %I, ''UTC'') FROM ringside.%I ORDER BY 1', of_table.time_column,
                of_table.name || '_whole') LOOP
            month_name := of_table.name || to_char(of_month AT TIME ZONE 'UTC', '_YYYY_MM');
            EXECUTE format('CREATE TABLE ringside.%I PARTITION OF ringside.%I FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 85)', month_name,
                of_table.name, of_month, date_trunc('month', of_month + interval '32 days', 'UTC'));
            INSERT INTO ringside.partition (parent, from_time, to_time, name)
                VALUES (of_table.name, of_month, date_trunc('month', of_month + interval '32 days', 'UTC'), month_name)
                ON CONFLICT (parent, from_time) DO UPDATE SET made_at = now(), dropped_at = NULL;
        END LOOP;
        EXECUTE format('INSERT INTO ringside.%I SELECT * FROM ringside.%I', of_table.name, of_table.name || '_whole');
        GET DIAGNOSTICS moved = ROW_COUNT;
        EXECUTE format('SELECT count(*) FROM ringside.%I', of_table.name || '_whole') INTO had;
        IF moved <> had THEN RAISE EXCEPTION '% of % rows of ringside.% were moved', moved, had, of_table.name; END IF;
        FOR i IN 1 .. cardinality(views) LOOP EXECUTE views[i]; END LOOP;
        EXECUTE format('DROP TABLE ringside.%I', of_table.name || '_whole');
    END LOOP;
END;
$cut$;
