/* Months: which are needed, that they are made before a row needs them, and that old ones go without keeping anybody waiting. */
#include "store_test.h"
#include "store/partitions.h"

#include <time.h>

static void the_month_of_a_moment_is_the_calendars(void **state) {
    (void)state;
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        const time_t at = (time_t)(x % 9214646400u);   /* until 2262 */
        struct tm tm;
        gmtime_r(&at, &tm);
        const uint32_t expected = (uint32_t)((tm.tm_year - 70) * 12 + tm.tm_mon);
        if (rs__month_of((int64_t)at * RS_US_PER_S + (int64_t)(x % 1000000)) != expected) fail_msg("%lld", (long long)at);
    }
    assert_int_equal(rs__month_of(-1), 0);
    assert_int_equal(rs__month_of(INT64_MAX), RS__MONTHS - 1);
    assert_int_equal(rs__month_of(START_US - 1), (2025 - 1970) * 12 + 11);
    assert_int_equal(rs__month_of(START_US), (2026 - 1970) * 12);
}

static rs_row_batch_t *batch_over_months(const int64_t *starts, size_t count) {
    rs_row_batch_t *batch;
    assert_int_equal(rs_row_batch_create((uint32_t)count, 0, &batch), RS_OK);
    for (size_t i = 0; i < count; i++) {
        const rs_row_t row = make_row("vip", starts[i], 1, 1);
        assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
    }
    return batch;
}

static void months_are_made_for_rows_of_any_time(void **state) {
    (void)state;
    const char *database = fresh_database();
    int64_t starts[80];
    for (size_t i = 0; i < RS_ARRAY_LEN(starts); i++) {
        starts[i] = (int64_t)(i % 40) * 40 * RS_US_PER_DAY + (int64_t)(i / 40) * 15 * RS_US_PER_MIN;
    }
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    driver_hand(&driver, batch_over_months(starts, RS_ARRAY_LEN(starts)));
    driver_run(&driver, all_stored);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.queue_interval"), 80);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.quarantine"), 0);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.partition WHERE parent = 'queue_interval_part' "
                                                  "AND to_time <= '1975-01-01Z'"), 40);
    assert_int_equal(rs_postgres_number(database, "SELECT count(DISTINCT tableoid) FROM ringside.queue_interval_part"), 40);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void months_around_now_are_made_at_connect(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    const rs_row_t row = make_row("vip", START_US, 1, 1);
    driver_hand_row(&driver, &row);
    driver_run(&driver, all_stored);
    assert_int_equal(rs_postgres_number(database, "SELECT count(DISTINCT parent) FROM ringside.partition "
                                                  "WHERE to_time > now() + interval '1 month'"),
                     rs_postgres_number(database, "SELECT count(*) FROM ringside.partitioned"));
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void a_month_that_was_dropped_under_the_daemon_is_made_again_and_nothing_is_blamed(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    for (uint64_t i = 1; i <= 3; i++) {
        const rs_row_t row = make_row("vip", START_US, i, (int64_t)i);
        driver_hand_row(&driver, &row);
        driver_run(&driver, all_stored);
        rs_postgres_run(database, "DROP TABLE ringside.queue_interval_part_2026_01");
    }
    const rs_row_t row = make_row("vip", START_US, 4, 4);
    driver_hand_row(&driver, &row);
    driver_run(&driver, all_stored);
    assert_int_equal(rs_postgres_number(database, "SELECT offered FROM ringside.queue_interval"), 4);
    assert_int_equal(driver_status(&driver).poisoned, 0);
    assert_int_equal(driver_status(&driver).failures, 0);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void a_month_that_cannot_be_made_keeps_the_rows_waiting_and_says_why(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    rs_postgres_run(database, "CREATE TABLE ringside.queue_interval_part_2026_01 (x integer)");
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    const rs_row_t row = make_row("vip", START_US, 1, 9);
    driver_hand_row(&driver, &row);
    driver_run(&driver, has_failed);
    assert_true(driver_logged(&driver, "changed by hand"));
    rs_postgres_run(database, "DROP TABLE ringside.queue_interval_part_2026_01");
    driver_run(&driver, all_stored);
    assert_int_equal(rs_postgres_number(database, "SELECT offered FROM ringside.queue_interval"), 9);
    assert_int_equal(driver_status(&driver).poisoned, 0);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void expired_months_are_dropped_by_class_and_remembered(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    assert_true(rs_postgres_number(database, "SELECT ringside.ensure_partitions('2019-11-30 23:59:59Z', '2020-03-01Z')") > 0);
    assert_int_equal(rs_postgres_number(database, "SELECT ringside.ensure_partitions('2019-11-30 23:59:59Z', '2020-03-01Z')"), 0);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.partition WHERE parent = 'agent_interval_part'"), 4);
    rs_postgres_run(database,
                    "INSERT INTO ringside.agent_interval_part (tenant, agent, interval_start, interval_s, attribution, stream_id, run,"
                    " part, revision, final, still_open) VALUES ('acme', 'a1', '2020-01-31 23:45Z', 900, 'event', 1, 1, 1, 1, true, 0)");
    /* Loaded just now: it is kept as long as if it had happened now. */
    assert_int_equal(rs_postgres_number(database, "SELECT ringside.drop_expired()"), 0);
    rs_postgres_run(database, "UPDATE ringside.partition SET made_at = to_time "
                              "WHERE parent IN ('agent_interval_part', 'queue_interval_part')");
    assert_int_equal(rs_postgres_number(database, "SELECT ringside.drop_expired(1)"), 1);
    assert_int_equal(rs_postgres_number(database, "SELECT ringside.drop_expired()"), 3);
    assert_int_equal(rs_postgres_number(database, "SELECT ringside.drop_expired()"), 0);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.agent_interval_part"), 0);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.partition WHERE dropped_at IS NOT NULL"), 4);
    assert_string_equal(rs_postgres_text(database, "SELECT string_agg(why, ',') FROM ringside.missing_months('queue_interval_part', "
                                                   "'2000-01-01Z', '2030-01-01Z')"), "");
    assert_non_null(strstr(rs_postgres_text(database, "SELECT why FROM ringside.missing_months('agent_interval_part', '2020-01-05Z', "
                                                      "'2020-01-06Z')"), "dropped by retention"));
    rs_postgres_run(database, "ALTER TABLE ringside.queue_interval_part DETACH PARTITION ringside.queue_interval_part_2020_01");
    assert_non_null(strstr(rs_postgres_text(database, "SELECT why FROM ringside.missing_months('queue_interval_part', '2020-01-05Z', "
                                                      "'2020-01-06Z')"), "by hand"));
}

/* A report reads for long: the month stays for the next time, and a writer that comes after us waits for milliseconds only. */
static void dropping_gives_up_soon_when_somebody_reads(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    rs_postgres_run(database, "SELECT ringside.ensure_partitions('2020-01-01Z', '2020-04-01Z');"
                    "UPDATE ringside.partition SET made_at = to_time WHERE parent = 'agent_interval_part'");
    PGconn *reader = PQconnectdb(database);
    PQclear(PQexec(reader, "BEGIN; SELECT count(*) FROM ringside.agent_interval_part"));
    const uint64_t begin = uv_hrtime();
    assert_int_equal(rs_postgres_number(database, "SELECT ringside.drop_expired()"), 0);
    assert_true(uv_hrtime() - begin < UINT64_C(2000000000));
    /* Making months disturbs nobody who reads or writes, and nobody disturbs it. */
    assert_true(rs_postgres_number(database, "SELECT ringside.ensure_partitions('2021-01-01Z', '2021-02-01Z')") > 0);
    PQclear(PQexec(reader, "COMMIT"));
    PQfinish(reader);
    assert_int_equal(rs_postgres_number(database, "SELECT ringside.drop_expired()"), 3);
}

static void a_failing_upkeep_is_told_and_rows_go_on(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    rs_postgres_run(database,
                    "CREATE OR REPLACE FUNCTION ringside.drop_expired(at_most integer DEFAULT 100) RETURNS integer LANGUAGE plpgsql"
                    " AS 'BEGIN RAISE EXCEPTION ''not today''; END'");
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    const rs_row_t row = make_row("vip", START_US, 1, 5);
    driver_hand_row(&driver, &row);
    driver_run(&driver, all_stored);
    assert_true(driver_logged(&driver, "not today"));
    assert_int_equal(driver_status(&driver).failures, 0);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void a_period_that_is_empty_or_a_table_that_is_whole_is_refused(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    static const char *const wrong[] = {"SELECT ringside.ensure_partitions('2020-01-01Z', '2020-01-01Z')",
                                        "SELECT ringside.ensure_partitions(NULL, now())",
                                        "SELECT ringside.ensure_partitions('1000-01-01Z', now())",
                                        "SELECT ringside.make_partition('mark', now())"};
    PGconn *connection = PQconnectdb(database);
    for (size_t i = 0; i < RS_ARRAY_LEN(wrong); i++) {
        PGresult *result = PQexec(connection, wrong[i]);
        assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "22023");
        PQclear(result);
    }
    PQfinish(connection);
}

static int64_t made_by(PGconn *connection) {
    PGresult *result = PQgetResult(connection);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) fail_msg("%s", PQresultErrorMessage(result));
    const int64_t made = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    assert_null(PQgetResult(connection));
    return made;
}

static void two_sessions_that_make_the_same_months_at_once_make_each_once(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    const int64_t tables = rs_postgres_number(database, "SELECT count(*) FROM ringside.partitioned");
    PGconn *sessions[] = {PQconnectdb(database), PQconnectdb(database)};
    for (int year = 2040; year < 2050; year++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT ringside.ensure_partitions('%d-01-01Z', '%d-01-02Z')", year, year);
        for (size_t i = 0; i < RS_ARRAY_LEN(sessions); i++) assert_int_equal(PQsendQuery(sessions[i], sql), 1);
        assert_int_equal(made_by(sessions[0]) + made_by(sessions[1]), tables);
    }
    for (size_t i = 0; i < RS_ARRAY_LEN(sessions); i++) PQfinish(sessions[i]);
}

int run_partitions_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_month_of_a_moment_is_the_calendars),
        cmocka_unit_test(months_are_made_for_rows_of_any_time),
        cmocka_unit_test(months_around_now_are_made_at_connect),
        cmocka_unit_test(a_month_that_was_dropped_under_the_daemon_is_made_again_and_nothing_is_blamed),
        cmocka_unit_test(a_month_that_cannot_be_made_keeps_the_rows_waiting_and_says_why),
        cmocka_unit_test(expired_months_are_dropped_by_class_and_remembered),
        cmocka_unit_test(dropping_gives_up_soon_when_somebody_reads),
        cmocka_unit_test(a_failing_upkeep_is_told_and_rows_go_on),
        cmocka_unit_test(a_period_that_is_empty_or_a_table_that_is_whole_is_refused),
        cmocka_unit_test(two_sessions_that_make_the_same_months_at_once_make_each_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
