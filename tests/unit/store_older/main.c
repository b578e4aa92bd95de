/* Each version that ever was, with data in every table that it had, becomes today's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "store/migrate_internal.h"
#include "store/schema.h"
#include "support/postgres.h"

#include <stdio.h>
#include <string.h>

static rs_postgres_t postgres;

#define INTERVAL "interval_start, interval_s, attribution, stream_id, run, part, revision, final, still_open"
#define OF_AN_INTERVAL "'2026-01-01Z', 900, 'event', 1, 3, 1, 5, true, 0"

/* From the migration on that made the table or the column: what is put in, and what is to be read of it today. */
typedef struct rs_older_data { int since; const char *put, *ask, *answer; } rs_older_data_t;
static const rs_older_data_t data[] = {
    {1, "INSERT INTO ringside.mark (stream, epoch, run, batch) VALUES ('old', 4, 3, 99)",
     "SELECT batch FROM ringside.mark WHERE stream = 'old'", "99"},
    {1, "INSERT INTO ringside.policy (name, version, definition) VALUES ('standard', 1, '{\"threshold\": \"20s\"}')",
     "SELECT definition ->> 'threshold' FROM ringside.policy", "20s"},
    {2, "INSERT INTO ringside.queue_interval_part (tenant, queue, channel, " INTERVAL
        ", offered, answered) VALUES ('acme', 'vip', 'voice', " OF_AN_INTERVAL ", 17, 12)",
     "SELECT offered || ' ' || answered FROM ringside.queue_interval WHERE queue = 'vip'", "17 12"},
    {2, "INSERT INTO ringside.channel_interval_part (tenant, channel, " INTERVAL ", offered) VALUES ('acme', 'voice', "
        OF_AN_INTERVAL ", 18)",
     "SELECT offered FROM ringside.channel_interval", "18"},
    {2, "INSERT INTO ringside.total_interval_part (tenant, " INTERVAL ", offered) VALUES ('acme', " OF_AN_INTERVAL ", 19)",
     "SELECT offered FROM ringside.total_interval", "19"},
    {2, "INSERT INTO ringside.agent_interval_part (tenant, agent, " INTERVAL ", handled) VALUES ('acme', 'ann', " OF_AN_INTERVAL ", 7)",
     "SELECT handled FROM ringside.agent_interval WHERE agent = 'ann'", "7"},
    {2, "INSERT INTO ringside.team_interval_part (tenant, team, " INTERVAL ", handled) VALUES ('acme', 'night', " OF_AN_INTERVAL ", 8)",
     "SELECT handled FROM ringside.team_interval WHERE team = 'night'", "8"},
    {3, "INSERT INTO ringside.alert_episode (stream_id, episode, rule, severity, family, tenant, metric, compare, limit_value,"
        " clear_value, state, started_at, changed_at, run, number)"
        " VALUES (1, 17, 'r', 'info', 'total', 'acme', 'offered', 'above', 1, 0, 'firing', now(), now(), 3, 5)",
     "SELECT state FROM ringside.alert WHERE episode = 17", "firing"},
    {3, "INSERT INTO ringside.alert_change (stream_id, run, number, episode, at, from_state, to_state, numerator, denominator)"
        " VALUES (1, 3, 5, 17, now(), 'ok', 'firing', 1, 0)",
     "SELECT to_state FROM ringside.alert_transition", "firing"},
    {4, "INSERT INTO ringside.source_accounting (stream_id, run, source, received, applied, duplicate, late_applied, too_late, invalid,"
        " unknown, future, over_limit, gaps, missing, idle) VALUES (1, 3, 'pbx', 5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, false)",
     "SELECT received FROM ringside.source_accounting", "5"},
    {4, "INSERT INTO ringside.quarantine (stream_id, run, number, at, reason, length, hash) VALUES (1, 3, 5, now(), 'malformed', 1, 1)",
     "SELECT reason FROM ringside.quarantine", "malformed"},
    {5, "UPDATE ringside.queue_interval_part SET fcr_eligible = 4, fcr_unresolved = 1",
     "SELECT fcr ->> 'value' FROM ringside.queue_interval WHERE queue = 'vip'", "0.75"},
    {7, "INSERT INTO ringside.process_edge_part (interval_start, interval_s, tenant, queue, from_stage, to_stage, stream_id, run, part,"
        " revision, final, count, time_us, path_us, again, ping_pong_queues, ping_pong_agents)"
        " VALUES ('2026-01-01Z', 900, 'acme', 'vip', 'queued', 'talking', 1, 3, 1, 5, true, 6, 1, 1, 0, 0, 0)",
     "SELECT sum(count) FROM ringside.process_edge_part", "6"},
    {11, "INSERT INTO ringside.contact_fact (tenant, contact, begun_at, revision, channel, direction)"
         " VALUES ('acme', 'c1', '2026-01-01Z', 1, 'voice', 'inbound')",
     "SELECT contact FROM ringside.contact_fact", "c1"},
    {11, "INSERT INTO ringside.improvement (title, hypothesis, metric, family, tenant, owner, review_on)"
         " VALUES ('t', 'h', 'aht', 'queue', 'acme', 'o', '2026-03-01')",
     "SELECT title FROM ringside.improvement", "t"},
    {11, "INSERT INTO ringside.access_log (what, subject, reason, rows) VALUES ('read_agents', 'ann', 'talk', 1)",
     "SELECT subject FROM ringside.access_log", "ann"},
    {12, "INSERT INTO ringside.alert_said (stream_id, run, number, ordinal, episode, at, act, author, text) "
         "VALUES (1, 3, 6, 1, 17, now(), 'note', 'anna', 'seen')",
     "SELECT text FROM ringside.alert_said", "seen"},
    {15, "INSERT INTO ringside.moment_fact (tenant, contact, at, number, revision, kind, entered_at) "
         "VALUES ('acme', 'c1', '2026-01-01Z', 1, 1, 'offered', '2026-01-01Z')",
     "SELECT kind FROM ringside.moment_fact", "offered"},
    {16, "WITH e AS (INSERT INTO ringside.erasure (kind, tenant, reason, asked_by, erased_at)"
         " VALUES ('agent', 'acme', 'has left', 'anna', '2026-01-01Z') RETURNING id)"
         " INSERT INTO ringside.tombstone (digest, erasure, erased_at) SELECT sha256('x'), id, '2026-01-01Z' FROM e",
     "SELECT kind FROM ringside.erasure JOIN ringside.tombstone ON erasure = id", "agent"},
};

/* Since version 10 tables are cut into months, which the functions of partitions make. */
static void make_months(const char *database) {
    for (size_t i = 0; i < rs__sql_file_count; i++) {
        if (strcmp(rs__sql_files[i].kind, "function") == 0 && strcmp(rs__sql_files[i].name, "partition") == 0) {
            rs_postgres_run(database, rs__sql_files[i].text);
        }
    }
    rs_postgres_run(database, "SELECT ringside.ensure_partitions('2026-01-01Z', '2026-01-02Z')");
}

static void fill(const char *database, int version) {
    assert_int_equal(rs__store_migrate_to(database, version, false, NULL, NULL), RS_OK);
    if (version >= 10) make_months(database);
    for (size_t i = 0; i < RS_ARRAY_LEN(data); i++)
        if (data[i].since <= version) rs_postgres_run(database, data[i].put);
}

static void every_older_version_with_data_in_it_becomes_todays(void **state) {
    (void)state;
    for (size_t file = 0; file < rs__sql_file_count; file++) {
        const int version = rs__sql_files[file].number;
        if (version == 0 || version == rs_store_schema_version()) continue;
        char name[32], database[256];
        snprintf(name, sizeof name, "of_version_%d", version);
        rs_postgres_create_database(&postgres, name, database, sizeof database);
        fill(database, version);
        assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
        assert_int_equal(rs_postgres_number(database, "SELECT max(number) FROM ringside.schema_migration"), rs_store_schema_version());
        size_t kept = 0;
        for (size_t i = 0; i < RS_ARRAY_LEN(data); i++) {
            if (data[i].since > version) continue;
            assert_string_equal(rs_postgres_text(database, data[i].ask), data[i].answer);
            kept++;
        }
        print_message("version %d: %zu rows are read as they were\n", version, kept);
        assert_true(kept >= 2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_older_version_with_data_in_it_becomes_todays)};
    rs_postgres_start(&postgres, "-c fsync=off -c full_page_writes=off");
    const int failed = cmocka_run_group_tests_name("older versions", tests, NULL, NULL);
    rs_postgres_stop(&postgres);
    return failed;
}
