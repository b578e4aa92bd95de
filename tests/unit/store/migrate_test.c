#include "store_test.h"
#include "store/feeds.h"
#include "store/schema.h"

#include <pthread.h>

typedef struct lines { char text[80][200]; size_t count; } lines_t;

static void keep_line(void *context, const char *line) {
    lines_t *lines = context;
    if (lines->count < 80) snprintf(lines->text[lines->count++], sizeof lines->text[0], "%s", line);
}

static bool has_line(const lines_t *lines, const char *part) {
    for (size_t i = 0; i < lines->count; i++)
        if (strstr(lines->text[i], part) != NULL) return true;
    return false;
}

static int64_t migration_files(void) {
    int64_t count = 0;
    for (size_t i = 0; i < rs__sql_file_count; i++) count += rs__sql_files[i].number > 0;
    return count;
}

static bool is_migration_number(int number) {
    for (size_t i = 0; i < rs__sql_file_count; i++)
        if (rs__sql_files[i].number == number) return true;
    return false;
}

static void an_empty_database_is_migrated_and_a_second_time_nothing_happens(void **state) {
    (void)state;
    const char *database = fresh_database();
    lines_t first = {.count = 0}, second = {.count = 0};
    assert_int_equal(rs_store_migrate(database, false, keep_line, &first), RS_OK);
    assert_int_equal(first.count, rs__sql_file_count + 1);
    assert_int_equal(rs_postgres_number(database, "SELECT max(number) FROM ringside.schema_migration"), rs_store_schema_version());
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.schema_migration"), migration_files());
    assert_int_equal(rs_store_migrate(database, false, keep_line, &second), RS_OK);
    assert_int_equal(second.count, 1);
    assert_true(has_line(&second, "up to date"));
}

static void a_dry_run_says_what_it_would_do_and_does_nothing(void **state) {
    (void)state;
    const char *database = fresh_database();
    lines_t lines = {.count = 0};
    assert_int_equal(rs_store_migrate(database, true, keep_line, &lines), RS_OK);
    assert_true(has_line(&lines, "would apply migration 0001"));
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM pg_namespace WHERE nspname = 'ringside'"), 0);
}

static void an_older_schema_keeps_its_data(void **state) {
    (void)state;
    const char *database = fresh_database();
    for (int version = 1; version <= rs_store_schema_version(); version++) {
        if (!is_migration_number(version)) continue;
        assert_int_equal(rs__store_migrate_to(database, version, false, NULL, NULL), RS_OK);
        assert_int_equal(rs_postgres_number(database, "SELECT max(number) FROM ringside.schema_migration"), version);
        if (version == 1) rs_postgres_run(database, "INSERT INTO ringside.mark (stream, epoch, run, batch) VALUES ('old', 4, 3, 99)");
        if (version == 2)
            rs_postgres_run(database, "INSERT INTO ringside.queue_interval_part (tenant, queue, channel, interval_start, interval_s,"
                            " attribution, stream_id, run, part, revision, final, still_open, offered)"
                            " VALUES ('acme', 'vip', 'voice', '2026-01-01Z', 900, 'event', 1, 3, 1, 5, true, 0, 17)");
    }
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    assert_int_equal(rs_postgres_number(database, "SELECT batch FROM ringside.mark WHERE stream = 'old'"), 99);
    assert_int_equal(rs_postgres_number(database, "SELECT offered FROM ringside.queue_interval WHERE queue = 'vip'"), 17);
}

/* Transitions and refusals of before they were known by position. */
static void effects_of_an_older_version_keep_their_place_beside_the_new(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs__store_migrate_to(database, 8, false, NULL, NULL), RS_OK);
    rs_postgres_run(database, "INSERT INTO ringside.mark (stream, epoch, run, batch) VALUES ('main', 4, 3, 99);"
                    "INSERT INTO ringside.alert_episode (stream_id, episode, rule, severity, family, tenant, metric, compare,"
                    " limit_value, clear_value, state, started_at, changed_at, run, number)"
                    " VALUES (1, 17, 'r', 'info', 'total', 'acme', 'offered', 'above', 1, 0, 'firing', now(), now(), 3, 5);"
                    "INSERT INTO ringside.alert_change (stream_id, run, number, episode, at, from_state, to_state, numerator, denominator)"
                    " VALUES (1, 3, 4, 17, now(), 'ok', 'pending', 1, 0), (1, 3, 5, 17, now(), 'pending', 'firing', 1, 0);"
                    "INSERT INTO ringside.quarantine (stream_id, run, number, at, reason, length, hash)"
                    " VALUES (1, 3, 5, now(), 'malformed', 1, 1)");
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .run = 4});
    const rs_alert_transition_t t = make_transition(17, RS_ALERT_FIRING, RS_ALERT_RESOLVED, START_US);
    const rs_refused_t refused = {.reason = RS_REFUSAL_MALFORMED};
    assert_int_equal(rs_store_add_transition(driver.store, &t, 2, 7), RS_OK);   /* a later run: later, though its number is less */
    assert_int_equal(rs_store_add_refusal(driver.store, RS_STR("a"), false, 0, &refused, 1, START_US, 5, 0), RS_OK);
    driver_run(&driver, is_idle_without_backlog);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    assert_string_equal(rs_postgres_text(database, "SELECT string_agg(to_state, ' ' ORDER BY run, number) FROM ringside.alert_transition"),
                        "pending firing resolved");
    assert_string_equal(rs_postgres_text(database, "SELECT (state, run, number, ordinal) FROM ringside.alert_episode"), "(resolved,4,2,7)");
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.quarantine"), 2);
    assert_int_equal(rs_postgres_number(database, "SELECT batch FROM ringside.mark"), 100);
}

static char *read_file(const char *path) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    return text;
}

static bool is_of_version_4(const char *name) {
    return strcmp(name, "figures") == 0 || strcmp(name, "histogram") == 0;
}

static void run_file(const char *database, const char *path) {
    char *text = read_file(path);
    rs_postgres_run(database, text);
    free(text);
}

/* A database as version 4 left it, with its views, data in them, and a view that its users have built on top. */
static void make_version_4(const char *database) {
    assert_int_equal(rs__store_migrate_to(database, 4, false, NULL, NULL), RS_OK);
    for (size_t i = 0; i < rs__sql_file_count; i++)
        if (strcmp(rs__sql_files[i].kind, "function") == 0 && is_of_version_4(rs__sql_files[i].name))
            rs_postgres_run(database, rs__sql_files[i].text);
    run_file(database, RS_SOURCE_DIR "/tests/fixtures/sql/mark_of_version_4.sql");
    run_file(database, RS_SOURCE_DIR "/tests/fixtures/sql/interval_of_version_4.sql");
    rs_postgres_run(database, "INSERT INTO ringside.schema_object (kind, name, checksum) VALUES ('view', 'interval', 'of version 4');"
                    "INSERT INTO ringside.queue_interval_part (tenant, queue, channel, interval_start, interval_s, attribution,"
                    " stream_id, run, part, revision, final, still_open, offered, answered, transferred_out, transferred_out_blind)"
                    " VALUES ('acme', 'vip', 'voice', '2026-01-01Z', 900, 'event', 1, 3, 1, 5, true, 0, 17, 12, 3, 3);"
                    "CREATE VIEW public.of_the_users AS SELECT tenant, queue, offered, fcr FROM ringside.queue_interval");
}

static void views_grow_over_the_data_of_an_older_version_and_what_is_built_on_them_stays(void **state) {
    (void)state;
    const char *database = fresh_database();
    make_version_4(database);
    assert_string_equal(rs_postgres_text(database, "SELECT fcr FROM public.of_the_users"), "");
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    assert_int_equal(rs_postgres_number(database, "SELECT offered FROM public.of_the_users"), 17);
    assert_int_equal(rs_postgres_number(database, "SELECT (fcr ->> 'eligible')::int FROM public.of_the_users"), 0);
    assert_string_equal(rs_postgres_text(database, "SELECT transferred_out_by_kind FROM ringside.queue_interval"), "{\"blind\": 3}");
    assert_int_equal(rs_postgres_number(database, "SELECT answered FROM ringside.queue_rollup('2026-01-01Z', '2026-01-02Z')"), 12);
    rs_postgres_run(database, "UPDATE ringside.queue_interval_part SET fcr_eligible = 4, fcr_unresolved = 1");
    assert_string_equal(rs_postgres_text(database, "SELECT fcr ->> 'value' FROM ringside.queue_interval"), "0.75");
}

/* A count that came with a migration is in no view that was made before it, though the view's text is the same. */
static void views_are_made_again_after_a_migration_though_their_text_is_the_same(void **state) {
    (void)state;
    const char *database = fresh_database();
    char sql[256];
    lines_t lines = {.count = 0}, dry = {.count = 0};
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    snprintf(sql, sizeof sql, "DELETE FROM ringside.schema_migration WHERE number = %d", rs_store_schema_version());
    rs_postgres_run(database, sql);
    rs_postgres_run(database, "DROP VIEW ringside.team_interval CASCADE");
    assert_int_equal(rs_store_migrate(database, true, keep_line, &dry), RS_OK);
    assert_true(has_line(&dry, "would apply views interval"));
    assert_int_equal(rs_store_migrate(database, false, keep_line, &lines), RS_OK);
    assert_true(has_line(&lines, "applying views interval"));
    assert_true(has_line(&lines, "applying functions figures"));
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.team_interval"), 0);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.schema_object"),
                     (int64_t)rs__sql_file_count - migration_files());
}

/* Interrupted between a migration and its views: whoever comes next makes them. */
static void a_migration_leaves_no_view_recorded_as_made(void **state) {
    (void)state;
    const char *database = fresh_database();
    char sql[256];
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    int before_last = rs_store_schema_version() - 1;
    while (!is_migration_number(before_last)) before_last--;
    snprintf(sql, sizeof sql, "DELETE FROM ringside.schema_migration WHERE number >= %d", before_last);
    rs_postgres_run(database, sql);
    assert_int_equal(rs__store_migrate_to(database, before_last, false, NULL, NULL), RS_OK);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.schema_object"), 0);
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    assert_true(rs_postgres_number(database, "SELECT count(*) FROM ringside.schema_object") > 0);
}

static void every_file_is_harmless_when_run_again_over_data(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    rs_postgres_run(database, "INSERT INTO ringside.mark (stream, epoch, run, batch) VALUES ('old', 4, 3, 99);"
                    "SELECT ringside.ensure_partitions('2026-01-01Z', '2026-01-02Z');"
                    "INSERT INTO ringside.queue_interval_part (tenant, queue, channel, interval_start, interval_s, attribution,"
                    " stream_id, run, part, revision, final, still_open, offered)"
                    " VALUES ('acme', NULL, 'voice', '2026-01-01Z', 900, 'event', 1, 3, 1, 5, true, 0, 17);"
                    "DELETE FROM ringside.schema_migration; DELETE FROM ringside.schema_object");
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    assert_int_equal(rs_postgres_number(database, "SELECT offered FROM ringside.queue_interval WHERE queue IS NULL"), 17);
    assert_int_equal(rs_postgres_number(database, "SELECT batch FROM ringside.mark"), 99);
}

static void a_newer_schema_is_refused_and_left_alone(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    rs_postgres_run(database, "INSERT INTO ringside.schema_migration (number, name, checksum) VALUES (9999, 'of_tomorrow', 'x');"
                    "DELETE FROM ringside.schema_object; DROP VIEW ringside.alert CASCADE");
    lines_t lines = {.count = 0};
    assert_int_equal(rs_store_migrate(database, false, keep_line, &lines), RS_ERR_VERSION);
    assert_true(has_line(&lines, "version 9999"));
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.schema_object"), 0);
}

static void a_migration_that_was_changed_afterwards_is_noticed(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    rs_postgres_run(database, "UPDATE ringside.schema_migration SET checksum = 'other' WHERE number = 2");
    lines_t lines = {.count = 0};
    assert_int_equal(rs_store_migrate(database, false, keep_line, &lines), RS_ERR_VERSION);
    assert_true(has_line(&lines, "migration 0002"));
}

static void functions_and_views_are_made_again_when_they_differ(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    rs_postgres_run(database, "CREATE OR REPLACE FUNCTION ringside.whole_ms(us bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';"
                    "UPDATE ringside.schema_object SET checksum = 'other' WHERE name = 'figures'");
    assert_int_equal(rs_postgres_number(database, "SELECT ringside.whole_ms(4999)"), 1);
    lines_t lines = {.count = 0};
    assert_int_equal(rs_store_migrate(database, false, keep_line, &lines), RS_OK);
    assert_int_equal(lines.count, 2);
    assert_int_equal(rs_postgres_number(database, "SELECT ringside.whole_ms(4999)"), 4);
}

static void *migrate_in_thread(void *conninfo) { return (void *)(intptr_t)rs_store_migrate(conninfo, false, NULL, NULL); }

static void two_at_once_wait_for_each_other(void **state) {
    (void)state;
    char database[256];
    snprintf(database, sizeof database, "%s", fresh_database());
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, migrate_in_thread, database), 0);
    for (int i = 0; i < 4; i++) {
        void *status;
        pthread_join(threads[i], &status);
        assert_int_equal((intptr_t)status, RS_OK);
    }
}

static void an_unreachable_database_is_an_error_with_a_reason(void **state) {
    (void)state;
    lines_t lines = {.count = 0};
    assert_int_equal(rs_store_migrate("host=/nonexistent dbname=x", false, keep_line, &lines), RS_ERR_IO);
    assert_true(has_line(&lines, "/nonexistent"));
}

static void every_table_view_and_column_is_explained(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    const char *missing = rs_postgres_text(
        database, "SELECT string_agg(c.relname || coalesce('.' || a.attname, ''), ', ') FROM pg_class c"
        " JOIN (SELECT attrelid, attnum, attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped"
        "       UNION ALL SELECT oid, 0, NULL FROM pg_class) a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'ringside'::regnamespace AND c.relkind IN ('r', 'v', 'p') AND NOT c.relispartition"
        " AND col_description(c.oid, a.attnum) IS NULL AND NOT (a.attnum = 0 AND obj_description(c.oid, 'pg_class') IS NOT NULL)");
    assert_string_equal(missing, "");
}

/* The columns of the part tables, in order, are exactly what the program writes: each count of core/counts.h among them. */
static void the_part_tables_have_the_columns_of_the_counts(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    static const char *const counts[] = {
#define RS_X(NAME, name) #name,
        RS_COUNTS(RS_X)
#undef RS_X
    };
    char expected[8192] = "";
    for (unsigned i = 0; i < RS_COUNT_SL_NUM_0; i++) strcat(strcat(expected, i == 0 ? "" : ","), counts[i]);
    static const char *const families[] = {"queue", "channel", "total", "agent", "team"};
    for (size_t f = 0; f < RS_ARRAY_LEN(families); f++) {
        char sql[512];
        snprintf(sql, sizeof sql, "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute"
                 " WHERE attrelid = 'ringside.%s_interval_part'::regclass AND attnum > 0 AND atthasdef AND atttypid = 20", families[f]);
        assert_string_equal(rs_postgres_text(database, sql), expected);
        char all[8192] = "";
        for (size_t i = 0; i < rs__rows_columns(); i++) strcat(strcat(all, i == 0 ? "'" : "','"), rs__rows_column(i));
        char query[9000];   /* and everything else that rows fill */
        snprintf(query, sizeof query, "SELECT string_agg(wanted, ' ') FROM unnest(ARRAY[%s']) AS wanted WHERE NOT EXISTS (SELECT FROM"
                 " pg_attribute WHERE attrelid = 'ringside.%s_interval_part'::regclass AND attnum > 0 AND attname = wanted)",
                 all, families[f]);
        assert_string_equal(rs_postgres_text(database, query), "");
    }
}

int run_migrate_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_database_is_migrated_and_a_second_time_nothing_happens),
        cmocka_unit_test(a_dry_run_says_what_it_would_do_and_does_nothing),
        cmocka_unit_test(an_older_schema_keeps_its_data),
        cmocka_unit_test(effects_of_an_older_version_keep_their_place_beside_the_new),
        cmocka_unit_test(views_grow_over_the_data_of_an_older_version_and_what_is_built_on_them_stays),
        cmocka_unit_test(views_are_made_again_after_a_migration_though_their_text_is_the_same),
        cmocka_unit_test(a_migration_leaves_no_view_recorded_as_made),
        cmocka_unit_test(every_file_is_harmless_when_run_again_over_data),
        cmocka_unit_test(a_newer_schema_is_refused_and_left_alone),
        cmocka_unit_test(a_migration_that_was_changed_afterwards_is_noticed),
        cmocka_unit_test(functions_and_views_are_made_again_when_they_differ),
        cmocka_unit_test(two_at_once_wait_for_each_other),
        cmocka_unit_test(an_unreachable_database_is_an_error_with_a_reason),
        cmocka_unit_test(every_table_view_and_column_is_explained),
        cmocka_unit_test(the_part_tables_have_the_columns_of_the_counts),
    };
    return cmocka_run_group_tests_name("migrations", tests, NULL, NULL);
}
