-- Days, weeks and months of any IANA zone over intervals that are quarters of an hour in UTC. A day begins at the first instant of its date,
-- so it has 23, 24, 24.5 or 25 hours, or none at all where a zone has left out a date; below a day steps are multiples in UTC.
-- PostgreSQL also takes abbreviations and POSIX rules, which know no dates; its list of names is slow, so it is asked only for names without '/'.
CREATE OR REPLACE FUNCTION ringside.check_zone(zone text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM now() AT TIME ZONE zone;
    IF zone ~ '^[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+$' OR zone = 'UTC' OR EXISTS (SELECT FROM pg_catalog.pg_timezone_names AS n WHERE n.name = zone) THEN
        RETURN zone;
    END IF;
    RAISE invalid_parameter_value;
EXCEPTION WHEN invalid_parameter_value THEN
    RAISE EXCEPTION 'unknown time zone "%": an IANA name is wanted, such as Europe/Berlin', zone USING ERRCODE = 'invalid_parameter_value';
END;
$$;
COMMENT ON FUNCTION ringside.check_zone IS 'The zone itself, or an error when there is none of that name.';

CREATE OR REPLACE FUNCTION ringside.check_period(from_time timestamptz, to_time timestamptz) RETURNS void
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF from_time IS NULL OR to_time IS NULL OR NOT isfinite(from_time) OR NOT isfinite(to_time) THEN
        RAISE EXCEPTION 'a period has two ends; got % and %', from_time, to_time USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF to_time <= from_time THEN
        RAISE EXCEPTION 'the period from % to % is empty', from_time, to_time USING ERRCODE = 'invalid_parameter_value';
    END IF;
END;
$$;
COMMENT ON FUNCTION ringside.check_period IS 'An error unless [from_time, to_time) is a period.';

-- PostgreSQL takes the later of two midnights and moves one that does not exist; so where the clocks were changed in the three hours before what
-- it says, or what it says is no midnight, the instant is looked for around it.
CREATE OR REPLACE FUNCTION ringside.first_instant(of_date date, zone text) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN s.said AT TIME ZONE zone = of_date::timestamp AND (s.said - interval '3 hours') AT TIME ZONE zone = of_date::timestamp - interval '3 hours' THEN s.said
                ELSE (SELECT min(at) FROM generate_series(s.said - interval '3 hours', s.said + interval '3 hours', interval '15 minutes') AS at
                      WHERE (at AT TIME ZONE zone)::date >= of_date) END
    FROM (SELECT of_date::timestamp AT TIME ZONE zone AS said) AS s
$$;
COMMENT ON FUNCTION ringside.first_instant IS 'First instant of a date in a zone; of a date that the zone has left out, that of the next one.';

CREATE OR REPLACE FUNCTION ringside.step_starts(from_time timestamptz, to_time timestamptz, step text, zone text) RETURNS timestamptz[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    length interval;
    starts timestamptz[];
    odd timestamptz;
BEGIN
    PERFORM ringside.check_period(from_time, to_time);
    PERFORM ringside.check_zone(zone);
    IF step IN ('day', 'week', 'month', 'year') THEN
        SELECT array_agg(DISTINCT at ORDER BY at) INTO starts
            FROM generate_series(date_trunc(step, from_time AT TIME ZONE zone) - ('1 ' || step)::interval, to_time AT TIME ZONE zone,
                                 ('1 ' || step)::interval) AS local, LATERAL ringside.first_instant(local::date, zone) AS at
            WHERE at < to_time;
        odd := (SELECT min(at) FROM unnest(starts) AS at WHERE date_bin('15 minutes', at, '1970-01-01Z') <> at);
        IF odd IS NOT NULL THEN
            RAISE EXCEPTION 'in % a step begins at %, which is no quarter of an hour: the rows cannot be cut there', zone, odd
                USING ERRCODE = 'feature_not_supported';
        END IF;
    ELSE
        length := CASE step WHEN '15m' THEN interval '15 minutes' WHEN '30m' THEN interval '30 minutes' WHEN 'hour' THEN interval '1 hour' END;
        IF length IS NULL THEN
            RAISE EXCEPTION 'unknown step "%": 15m, 30m, hour, day, week, month or year', step USING ERRCODE = 'invalid_parameter_value';
        END IF;
        IF to_time - from_time > interval '3660 days' THEN
            RAISE EXCEPTION 'ten years of steps of % are too many', step USING ERRCODE = 'invalid_parameter_value';
        END IF;
        SELECT array_agg(at) INTO starts
            FROM generate_series(date_bin(length, from_time, timestamptz '1970-01-01Z'), to_time - interval '1 microsecond', length) AS at;
    END IF;
    -- The one that from_time lies in, and all after it.
    RETURN starts[greatest(width_bucket(from_time, starts), 1):];
END;
$$;
COMMENT ON FUNCTION ringside.step_starts IS 'First instants of the steps (15m, 30m, hour, day, week, month, year) of a zone that [from_time, to_time) touches. Weeks begin on Monday.';

CREATE OR REPLACE FUNCTION ringside.steps(from_time timestamptz, to_time timestamptz, step text, zone text)
RETURNS TABLE (step_start timestamptz, step_end timestamptz, step_s integer, local_date date)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    starts timestamptz[];
BEGIN
    PERFORM ringside.check_period(from_time, to_time);
    -- And one more, for the end of the last.
    starts := ringside.step_starts(from_time, to_time + CASE step WHEN 'year' THEN interval '370 days' WHEN 'month' THEN interval '32 days'
        WHEN 'week' THEN interval '8 days' ELSE interval '50 hours' END, step, zone);
    RETURN QUERY SELECT starts[i], starts[i + 1], extract(epoch FROM starts[i + 1] - starts[i])::integer, (starts[i] AT TIME ZONE zone)::date
        FROM generate_series(1, cardinality(starts) - 1) AS i WHERE starts[i] < to_time;
END;
$$;
COMMENT ON FUNCTION ringside.steps IS 'The steps that [from_time, to_time) touches, each whole: its ends, its real length and its date in the zone.';
