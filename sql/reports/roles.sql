-- Rights of the roles. The last file, for it names what the others make; people.sql says who may what.
CREATE OR REPLACE FUNCTION ringside.grant_roles() RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    missing text[];
    granted record;
    every text;
BEGIN
    SELECT array_agg(r) INTO missing FROM unnest('{ringside_daemon,ringside_analyst,ringside_supervisor,ringside_auditor}'::text[]) AS r
        WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r);
    IF missing IS NOT NULL THEN RETURN missing; END IF;
    -- What runs with the owner's rights is nobody's by default.
    FOR granted IN SELECT oid::regprocedure AS f FROM pg_proc WHERE pronamespace = 'ringside'::regnamespace AND prosecdef LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', granted.f);
    END LOOP;
    GRANT USAGE ON SCHEMA ringside TO ringside_daemon, ringside_analyst, ringside_supervisor, ringside_auditor;
    FOREACH every IN ARRAY '{queue_interval,channel_interval,total_interval,process_edge,alert,alert_transition,alert_command,alert_said,deviation,queue_interval_part,channel_interval_part,total_interval_part,process_edge_part,alert_episode,alert_change,policy,mark,retention,partitioned,partition,source_accounting,baseline,improvement,service_standard,deviation_note,record_of_processing,restatement,schema_migration,schema_object}'::text[] LOOP
        EXECUTE format('GRANT SELECT ON ringside.%I TO ringside_analyst, ringside_supervisor, ringside_auditor', every);
    END LOOP;
    GRANT INSERT ON ringside.baseline, ringside.improvement, ringside.service_standard, ringside.deviation_note TO ringside_analyst, ringside_supervisor;
    GRANT UPDATE ON ringside.improvement, ringside.service_standard TO ringside_analyst, ringside_supervisor;
    GRANT EXECUTE ON FUNCTION ringside.topic_report, ringside.export_figures TO ringside_analyst, ringside_supervisor;
    GRANT SELECT ON ringside.team_interval, ringside.team_interval_part TO ringside_supervisor;
    GRANT EXECUTE ON FUNCTION ringside.read_agents, ringside.report_agents, ringside.read_contact, ringside.customer_journey TO ringside_supervisor;
    GRANT SELECT ON ringside.access_log, ringside.quarantine, ringside.erasure TO ringside_auditor;
    GRANT EXECUTE ON FUNCTION ringside.report_export TO ringside_analyst, ringside_supervisor;
    GRANT EXECUTE ON FUNCTION ringside.export_customer, ringside.export_agent TO ringside_supervisor;
    GRANT EXECUTE ON FUNCTION ringside.ensure_partitions, ringside.make_partition, ringside.drop_expired, ringside.upkeep, ringside.load_contact TO ringside_daemon;
    GRANT SELECT, INSERT, UPDATE ON ringside.mark, ringside.policy, ringside.queue_interval_part, ringside.channel_interval_part, ringside.total_interval_part,
        ringside.agent_interval_part, ringside.team_interval_part, ringside.process_edge_part, ringside.alert_episode, ringside.alert_change, ringside.alert_said,
        ringside.source_accounting, ringside.quarantine TO ringside_daemon;
    -- Of facts it reads what they are known by, to replace them.
    GRANT INSERT, DELETE ON ringside.contact_fact, ringside.leg_fact, ringside.handling_fact, ringside.moment_fact TO ringside_daemon;
    GRANT UPDATE ON ringside.contact_fact TO ringside_daemon;
    GRANT SELECT (tenant, contact, stream_id, run, part, revision, begun_at, journey, csat_milli, nps) ON ringside.contact_fact TO ringside_daemon;
    GRANT SELECT (tenant, contact, stream_id, run, part, revision) ON ringside.leg_fact, ringside.handling_fact, ringside.moment_fact TO ringside_daemon;
    GRANT EXECUTE ON FUNCTION ringside.is_erased, ringside.made_up_name, ringside.agent_is_erased, ringside.agent_now, ringside.anybody_is_erased TO ringside_daemon;
    GRANT SELECT ON ringside.schema_migration, ringside.schema_object, ringside.partition, ringside.partitioned, ringside.retention,
        ringside.restatement TO ringside_daemon;
    RETURN '{}';
END;
$$;
COMMENT ON FUNCTION ringside.grant_roles IS 'Gives the roles of ringside their rights; returns the roles that do not exist yet (then nothing was done). Called with every migration.';
DO $grant$
BEGIN
    PERFORM ringside.grant_roles();
END;
$grant$;
