-- Months of the tables in ringside.partitioned: made before they are needed, dropped when their class's time is over. A month is a
-- table of its own that is filled from nothing and attached: that keeps nobody from reading or writing. Dropping needs the
-- whole table for a few milliseconds; it is asked for with a wait of 200 ms at most, for whoever comes after waits behind it, and tried
-- again the next hour. (DETACH … CONCURRENTLY would wait for every open snapshot, and cannot be called from a function.)
-- They run with the rights of the schema's owner: the daemon's role needs none to create tables.

-- Any two sessions that make months wait for each other at a lock of a table: only then does the second one see what the first one has made,
-- for what it knows of the catalogue by name is brought up to date when it gets such a lock, and not when it gets an advisory one.
CREATE OR REPLACE FUNCTION ringside.make_partition(of_parent text, of_month timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET client_min_messages = warning AS $$
DECLARE
    begins constant timestamptz := date_trunc('month', of_month, 'UTC');
    ends constant timestamptz := date_trunc('month', begins + interval '32 days', 'UTC');
    month_name constant text := of_parent || to_char(begins AT TIME ZONE 'UTC', '_YYYY_MM');
    month oid;
BEGIN
    IF NOT EXISTS (SELECT FROM ringside.partitioned AS p WHERE p.name = of_parent) THEN
        RAISE EXCEPTION 'ringside.% is not a table that is cut into months', of_parent USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass('ringside.' || quote_ident(month_name))
               AND inhparent = to_regclass('ringside.' || quote_ident(of_parent))) THEN
        RETURN false;
    END IF;
    LOCK TABLE ringside.partition IN SHARE UPDATE EXCLUSIVE MODE;
    month := to_regclass('ringside.' || quote_ident(month_name));
    IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = month) THEN RETURN false; END IF;   -- made while we waited
    IF month IS NOT NULL THEN
        RAISE EXCEPTION 'table ringside.% exists but is no month of ringside.%: the schema was changed by hand; attach or rename it', month_name,
            of_parent USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    EXECUTE format('CREATE TABLE ringside.%I (LIKE ringside.%I INCLUDING ALL EXCLUDING COMMENTS EXCLUDING DEFAULTS) WITH (fillfactor = 85)', month_name, of_parent);
    EXECUTE format('COMMENT ON TABLE ringside.%I IS %L', month_name, 'A month of ringside.' || of_parent || '. Read that one instead.');
    EXECUTE format('ALTER TABLE ringside.%I ATTACH PARTITION ringside.%I FOR VALUES FROM (%L) TO (%L)', of_parent, month_name, begins, ends);
    INSERT INTO ringside.partition (parent, from_time, to_time, name) VALUES (of_parent, begins, ends, month_name)
        ON CONFLICT (parent, from_time) DO UPDATE SET made_at = now(), dropped_at = NULL, name = excluded.name;
    RETURN true;
END;
$$;
COMMENT ON FUNCTION ringside.make_partition IS 'Makes the month of a table that a moment lies in; false when it is there already.';

CREATE OR REPLACE FUNCTION ringside.ensure_partitions(from_time timestamptz, to_time timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    made integer := 0;
    month timestamptz := date_trunc('month', from_time, 'UTC');
    parent text;
BEGIN
    IF from_time IS NULL OR to_time IS NULL OR to_time <= from_time THEN
        RAISE EXCEPTION 'the period from % to % is empty', from_time, to_time USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF to_time > from_time + interval '300 years' THEN
        RAISE EXCEPTION 'the period from % to % is too long', from_time, to_time USING ERRCODE = 'invalid_parameter_value';
    END IF;
    WHILE month < to_time LOOP
        FOR parent IN SELECT name FROM ringside.partitioned ORDER BY name LOOP
            IF ringside.make_partition(parent, month) THEN made := made + 1; END IF;
        END LOOP;
        month := date_trunc('month', month + interval '32 days', 'UTC');
    END LOOP;
    RETURN made;
END;
$$;
COMMENT ON FUNCTION ringside.ensure_partitions IS 'Makes every month that [from_time, to_time) touches, of every table that is cut into months; says how many were missing.';

-- When a month may go; null: never, or it is gone.
CREATE OR REPLACE FUNCTION ringside.expires_at(of_partition ringside.partition) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT greatest(of_partition.to_time, of_partition.made_at) + r.keep
    FROM ringside.partitioned AS p JOIN ringside.retention AS r USING (class)
    WHERE p.name = of_partition.parent AND of_partition.dropped_at IS NULL
$$;
COMMENT ON FUNCTION ringside.expires_at IS 'When retention drops a month: keep after its end, or after it was made if that was later; null: never.';

CREATE OR REPLACE FUNCTION ringside.drop_expired(at_most integer DEFAULT 100) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '200ms' SET client_min_messages = warning AS $$
DECLARE
    old record;
    dropped integer := 0;
    enough constant timestamptz := clock_timestamp() + interval '1 second';
BEGIN
    -- A table's writers wait from its first month that is dropped to the end of the transaction: so that is soon, and the rest has its turn later.
    -- In any order: a table that is always being read must not keep the others from their turn.
    FOR old IN SELECT p.parent, p.from_time, p.name FROM ringside.partition AS p WHERE ringside.expires_at(p) <= now()
               ORDER BY random() LIMIT at_most LOOP
        EXIT WHEN clock_timestamp() > enough;
        BEGIN
            EXECUTE format('DROP TABLE IF EXISTS ringside.%I', old.name);
            UPDATE ringside.partition SET dropped_at = now() WHERE parent = old.parent AND from_time = old.from_time;
            dropped := dropped + 1;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            RAISE WARNING 'ringside.% is due to be dropped but in use; the next hour tries again', old.name;
            EXIT;
        END;
    END LOOP;
    DELETE FROM ringside.quarantine AS q USING ringside.retention AS r
        WHERE r.class = 'accounting' AND q.ctid = ANY (ARRAY(SELECT o.ctid FROM ringside.quarantine AS o
            WHERE o.stored_at < now() - r.keep LIMIT 10000));
    DELETE FROM ringside.source_accounting AS s USING ringside.retention AS r WHERE r.class = 'accounting' AND s.stored_at < now() - r.keep;
    DELETE FROM ringside.alert_change AS c USING ringside.retention AS r, ringside.alert_episode AS e
        WHERE r.class = 'alert' AND e.ended_at < now() - r.keep AND (c.stream_id, c.episode) = (e.stream_id, e.episode);
    DELETE FROM ringside.alert_said AS s USING ringside.retention AS r, ringside.alert_episode AS e
        WHERE r.class = 'alert' AND e.ended_at < now() - r.keep AND (s.stream_id, s.episode) = (e.stream_id, e.episode)
            AND s.act NOT IN ('silence', 'unsilence');
    DELETE FROM ringside.alert_said AS s USING ringside.retention AS r
        WHERE r.class = 'alert' AND s.act IN ('silence', 'unsilence') AND s.until_at < now() - r.keep;
    DELETE FROM ringside.alert_episode AS e USING ringside.retention AS r WHERE r.class = 'alert' AND e.ended_at < now() - r.keep;
    DELETE FROM ringside.access_log AS l USING ringside.retention AS r WHERE r.class = 'access' AND l.at < now() - r.keep;
    DELETE FROM ringside.erasure AS e USING ringside.retention AS r WHERE r.class = 'erasure' AND e.completed_at < now() - r.keep;
    DELETE FROM ringside.erased_contact AS c WHERE c.erased_at < now() - interval '31 days';
    RETURN dropped;
END;
$$;
COMMENT ON FUNCTION ringside.drop_expired IS 'Enforces ringside.retention: drops months whose time is over, deletes what is older in the other tables; says how many months went. Waits for what is in use for 200 ms at most, and works for about a second; what is left stays for the next time.';

CREATE OR REPLACE FUNCTION ringside.upkeep() RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    made integer;
    dropped integer;
BEGIN
    made := ringside.ensure_partitions(now() - interval '1 month', now() + interval '2 months');
    dropped := ringside.drop_expired();
    RETURN jsonb_build_object('made', made, 'dropped', dropped, 'until', (SELECT min(p.until) FROM
        (SELECT max(to_time) AS until FROM ringside.partition WHERE dropped_at IS NULL GROUP BY parent) AS p));
END;
$$;
COMMENT ON FUNCTION ringside.upkeep IS 'What the daemon calls at connect and every hour, and whoever runs the database without it may: makes the months around now, drops expired ones.';

-- What a report may not be silent about: months of [from_time, to_time) that retention has dropped, or that somebody else has.
CREATE OR REPLACE FUNCTION ringside.missing_months(of_parent text, from_time timestamptz, to_time timestamptz)
RETURNS TABLE (from_month timestamptz, to_month timestamptz, why text)
LANGUAGE sql STABLE AS $$
    SELECT p.from_time, p.to_time, CASE WHEN p.dropped_at IS NOT NULL THEN 'dropped by retention on ' || p.dropped_at::date
                                        ELSE 'table ringside.' || p.name || ' is gone or detached: the schema was changed by hand' END
    FROM ringside.partition AS p
    WHERE p.parent = of_parent AND p.from_time < missing_months.to_time AND p.to_time > missing_months.from_time
        AND (p.dropped_at IS NOT NULL OR NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i
             WHERE i.inhrelid = to_regclass('ringside.' || quote_ident(p.name)) AND i.inhparent = to_regclass('ringside.' || quote_ident(of_parent))))
    ORDER BY 1
$$;
COMMENT ON FUNCTION ringside.missing_months IS 'Months of a table in [from_time, to_time) that were there once and are not any more, and why.';

CREATE OR REPLACE FUNCTION ringside.warn_of_missing_months(of_parent text, from_time timestamptz, to_time timestamptz) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    missing record;
BEGIN
    FOR missing IN SELECT * FROM ringside.missing_months(of_parent, from_time, to_time) LOOP
        RAISE WARNING '%: % is not complete: %', of_parent, to_char(missing.from_month AT TIME ZONE 'UTC', 'YYYY-MM'), missing.why;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ringside.warn_of_missing_months IS 'Warns of each month of the period that is not there any more.';

CREATE OR REPLACE FUNCTION ringside.check_attribution(attribution text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF attribution IS NULL OR attribution NOT IN ('event', 'enter', 'close') THEN
        RAISE EXCEPTION 'unknown attribution "%": event, enter or close', attribution USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN attribution;
END;
$$;
COMMENT ON FUNCTION ringside.check_attribution IS 'The attribution itself, or an error when there is none of that name.';
