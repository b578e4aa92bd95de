/* What the store does when things go wrong: everything in exactly once, or a clear error. */
#include "cutter.h"
#include "store_test.h"

static void hand_many(driver_t *driver, int count) {
    for (int i = 0; i < count; i++) {
        const rs_row_t row = make_row("vip", START_US + i * 15 * RS_US_PER_MIN, 1, i + 1);
        driver_hand_row(driver, &row);
    }
}
static int64_t sum_to(int64_t n) { return n * (n + 1) / 2; }

static void a_cut_at_commit_never_loses_and_never_counts_twice(void **state) {
    (void)state;
    const char *scale = getenv("RS_COMMIT_CUTS");   /* more of them on demand */
    const int batches = scale == NULL ? 100 : atoi(scale);
    const char *database = fresh_database();
    /* A ledger that adds, so that a transaction that went in twice would show. */
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    rs_postgres_run(database, "CREATE TABLE public.ledger (batch bigint);"
                    "CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.ledger "
                    "VALUES (new.batch); RETURN new; END';"
                    "CREATE TRIGGER note AFTER UPDATE OF batch ON ringside.mark FOR EACH ROW EXECUTE FUNCTION public.note()");
    cutter_t cutter;
    cutter_start(&cutter, postgres.socket);
    char through[256];
    cutter_conninfo(&cutter, database, through, sizeof through);
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = through});
    driver_run(&driver, is_connected);
    atomic_store_explicit(&cutter.chance, 50, memory_order_relaxed);
    for (int i = 0; i < batches; i++) {
        const rs_row_t row = make_row("vip", START_US + i * 15 * RS_US_PER_MIN, 1, i + 1);
        driver_hand_row(&driver, &row);
        const rs_alert_transition_t t = make_transition((uint64_t)i, RS_ALERT_OK, RS_ALERT_PENDING, START_US);
        assert_int_equal(rs_store_add_transition(driver.store, &t, ++places, 0), RS_OK);
        if (i % 3 == 0) driver_run_for(&driver, 3);
        if (i % 50 == 49) driver_run(&driver, all_stored);
    }
    driver_run(&driver, all_stored);
    driver_run(&driver, is_idle_without_backlog);
    const rs_store_status_t status = driver_status(&driver);
    print_message("%" PRIu64 " commits; cut before %" PRIu64 ", after %" PRIu64 ", meanwhile %" PRIu64 "; found in %" PRIu64 ", not "
                  "in %" PRIu64 "\n",
                  atomic_load(&cutter.commits), atomic_load(&cutter.cuts[CUT_BEFORE]), atomic_load(&cutter.cuts[CUT_AFTER]),
                  atomic_load(&cutter.cuts[CUT_WHILE]), status.ambiguous_stored, status.ambiguous_resent);
    assert_true(status.ambiguous_stored >= atomic_load(&cutter.cuts[CUT_AFTER]));
    assert_true(status.ambiguous_resent >= atomic_load(&cutter.cuts[CUT_BEFORE]));
    for (int cut = CUT_BEFORE; cut <= CUT_WHILE; cut++) assert_true(atomic_load(&cutter.cuts[cut]) > 5);
    assert_int_equal(rs_postgres_number(database, "SELECT sum(offered) FROM ringside.queue_interval"), sum_to(batches));
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.alert_transition"), batches);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) - count(DISTINCT batch) FROM public.ledger"), 0);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM public.ledger"), (int64_t)status.batches);
    assert_int_equal(rs_postgres_number(database, "SELECT batch FROM ringside.mark"), (int64_t)status.batches);
    atomic_store_explicit(&cutter.chance, 0, memory_order_relaxed);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    cutter_stop(&cutter);
}

static size_t stored_at_kill;
static bool gets_on(driver_t *driver) { return driver->stored > stored_at_kill; }

static void backends_killed_at_random_moments_change_nothing(void **state) {
    (void)state;
    enum { BATCHES = 200 };
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    driver_run(&driver, is_connected);
    /* Slow enough to be hit between the mark and the rows. */
    rs_postgres_run(database, "CREATE FUNCTION public.linger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.003); "
                              "RETURN NULL; END';"
                    "CREATE TRIGGER linger AFTER INSERT "
                    "ON ringside.queue_interval_part FOR EACH STATEMENT EXECUTE FUNCTION public.linger()");
    hand_many(&driver, BATCHES);
    for (int kills = 0; kills < 40 && !all_stored(&driver); kills++) {
        rs_postgres_run(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ringsided'"
                        " AND datname = current_database()");
        stored_at_kill = driver.stored;
        driver_run(&driver, gets_on);   /* a new connection has looked after the schema and is with the rows */
        driver_run_for(&driver, 1 + (uint64_t)kills % 13);
    }
    driver_run(&driver, all_stored);
    assert_true(driver_status(&driver).failures > 3);
    assert_int_equal(rs_postgres_number(database, "SELECT sum(offered) FROM ringside.queue_interval"), sum_to(BATCHES));
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void a_database_that_crashes_and_returns_is_caught_up(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    hand_many(&driver, 20);
    driver_run(&driver, all_stored);
    rs_postgres_halt(&postgres, true);
    hand_many(&driver, 20);   /* rows go on to arrive */
    const rs_alert_transition_t t = make_transition(9, RS_ALERT_OK, RS_ALERT_PENDING, START_US);
    assert_int_equal(rs_store_add_transition(driver.store, &t, ++places, 0), RS_OK);
    driver_run_for(&driver, 100);
    assert_false(driver_status(&driver).connected);
    assert_string_not_equal(driver_status(&driver).last_error, "");
    rs_postgres_resume(&postgres, server_options);
    driver_run(&driver, is_idle_without_backlog);
    assert_int_equal(rs_postgres_number(database, "SELECT sum(offered) FROM ringside.queue_interval"), sum_to(20));
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.alert"), 1);
    assert_true(driver_logged(&driver, "works again"));
    assert_true(driver.log_count < 20);   /* the same error is not said again and again */
    assert_true(driver_logged(&driver, "the schema was migrated to version"));
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void the_store_starts_without_a_database(void **state) {
    (void)state;
    char database[256];
    snprintf(database, sizeof database, "%s", fresh_database());
    rs_postgres_halt(&postgres, false);
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    hand_many(&driver, 5);
    driver_run(&driver, has_failed);
    assert_int_equal(driver.requests, 0);   /* nobody is asked for rows that could not be written */
    rs_postgres_resume(&postgres, server_options);
    driver_run(&driver, all_stored);
    assert_int_equal(rs_postgres_number(database, "SELECT sum(offered) FROM ringside.queue_interval"), sum_to(5));
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void closing_without_a_database_gives_up_at_the_deadline(void **state) {
    (void)state;
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = "host=/nonexistent dbname=x"});
    const rs_refused_t refused = {.reason = RS_REFUSAL_MALFORMED};
    assert_int_equal(rs_store_add_refusal(driver.store, RS_STR("a"), false, 0, &refused, 1, START_US, ++places, 0), RS_OK);
    driver_run(&driver, has_failed);
    const uint64_t begin = uv_hrtime();
    assert_int_equal(driver_stop(&driver, 200 * RS_US_PER_MS), RS_ERR_TIMEOUT);
    assert_true(uv_hrtime() - begin < UINT64_C(2000000000));
    assert_int_equal(driver.left, 1);
}

static void refused_rows_are_found_and_put_into_quarantine(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    rs_row_batch_t *batch = NULL;
    assert_int_equal(rs_row_batch_create(100, 0, &batch), RS_OK);
    for (int i = 0; i < 100; i++) {
        rs_row_t row = make_row("vip", START_US + i * 15 * RS_US_PER_MIN, 1, 1);
        if (i == 13) row.key.name = (rs_str_t){"v\0p", 3};   /* not text for PostgreSQL: the COPY fails */
        if (i == 14) row.length_us = 0;                      /* against a CHECK: the merge fails */
        if (i == 99) row.key.tenant = (rs_str_t){"\xff", 1};
        assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
    }
    /* What is in the database when a transaction ends, and where its mark stands then. */
    driver_run(&driver, is_connected);
    rs_postgres_run(database, "CREATE TABLE public.seen (position bigint, rows bigint);"
                    "CREATE FUNCTION public.look() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.seen"
                    " SELECT new.position, count(*) FROM ringside.queue_interval; RETURN new; END';"
                    "CREATE CONSTRAINT TRIGGER look AFTER UPDATE ON ringside.mark DEFERRABLE INITIALLY DEFERRED"
                    " FOR EACH ROW EXECUTE FUNCTION public.look()");
    driver_hand(&driver, batch);
    driver_run(&driver, is_idle_without_backlog);
    assert_int_equal(driver.stored, 1);
    assert_int_equal(driver_status(&driver).poisoned, 3);
    assert_int_equal(driver_status(&driver).rows_written, 97);
    assert_true(rs_postgres_number(database, "SELECT count(*) FROM public.seen WHERE position = 0") > 3);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM public.seen WHERE position = 1 AND rows <> 97"), 0);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.queue_interval"), 97);
    assert_string_equal(rs_postgres_text(database, "SELECT string_agg(field, ' ' ORDER BY number) FROM ringside.quarantine"
                                         " WHERE source = 'ringside/store' AND reason = 'row_refused' AND length > 400"),
                        "22021 23514 22021");
    assert_int_equal(rs_postgres_number(database, "SELECT position FROM ringside.mark"), 1);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void a_batch_of_refused_rows_only_is_done_with(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    rs_row_t row = make_row("vip", START_US, 1, 1);
    row.key.tenant = (rs_str_t){"\xff", 1};
    driver_hand_row(&driver, &row);
    driver_run(&driver, is_idle_without_backlog);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.quarantine"), 1);
    assert_int_equal(rs_postgres_number(database, "SELECT position FROM ringside.mark"), 1);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

/* The same key twice in one batch cannot be merged by one statement; halving takes the two apart. */
static void two_revisions_of_a_row_in_one_batch_are_taken_apart(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    rs_row_batch_t *batch = NULL;
    assert_int_equal(rs_row_batch_create(3, 0, &batch), RS_OK);
    for (uint64_t i = 1; i <= 3; i++) {
        const rs_row_t row = make_row("vip", START_US, i, (int64_t)i * 10);
        assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
    }
    driver_hand(&driver, batch);
    driver_run(&driver, all_stored);
    assert_int_equal(rs_postgres_number(database, "SELECT offered FROM ringside.queue_interval"), 30);
    assert_int_equal(driver_status(&driver).poisoned, 0);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static bool is_fenced(driver_t *driver) { return driver_status(driver).state == RS_STORE_FENCED; }

static void a_second_daemon_takes_the_stream_over_and_the_first_stops(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t first, second;
    driver_start(&first, &(driver_options_t){.conninfo = database, .run = 1});
    hand_many(&first, 3);
    driver_run(&first, all_stored);
    driver_start(&second, &(driver_options_t){.conninfo = database, .run = 2});
    driver_run(&second, is_connected);
    const rs_row_t late = make_row("late", START_US, 1, 1000);
    driver_hand_row(&first, &late);
    driver_run(&first, is_fenced);
    assert_int_equal(first.not_stored, 1);
    assert_true(driver_logged(&first, "opened by another daemon"));
    const rs_alert_transition_t t = make_transition(1, RS_ALERT_OK, RS_ALERT_PENDING, START_US);
    assert_int_equal(rs_store_add_transition(first.store, &t, ++places, 0), RS_ERR_CLOSED);
    const rs_row_t row = make_row("new", START_US, 1, 5);
    driver_hand_row(&second, &row);
    driver_run(&second, all_stored);
    assert_int_equal(rs_postgres_number(database, "SELECT sum(offered) FROM ringside.queue_interval"), 6 + 5);
    assert_string_equal(rs_postgres_text(database, "SELECT (epoch, run) FROM ringside.mark"), "(2,2)");
    assert_int_equal(driver_stop(&first, 5 * RS_US_PER_S), RS_ERR_CLOSED);
    assert_int_equal(driver_stop(&second, 5 * RS_US_PER_S), RS_OK);
}

/* Fenced while it was away: it learns so from the mark, without writing. */
static void a_daemon_that_was_cut_off_is_fenced_when_it_returns(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t first, second;
    driver_start(&first, &(driver_options_t){.conninfo = database, .run = 1});
    driver_run(&first, is_connected);
    driver_start(&second, &(driver_options_t){.conninfo = database, .run = 2});
    driver_run(&second, is_connected);
    rs_postgres_run(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ringsided'"
                    " AND datname = current_database()");
    driver_run(&first, is_fenced);
    driver_run(&second, is_connected);
    assert_int_equal(driver_status(&second).epoch, 2);
    assert_int_equal(driver_stop(&first, 5 * RS_US_PER_S), RS_ERR_CLOSED);
    assert_int_equal(driver_stop(&second, 5 * RS_US_PER_S), RS_OK);
}

static void two_streams_write_beside_each_other(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t north, south;
    driver_start(&north, &(driver_options_t){.conninfo = database, .stream = "north"});
    driver_start(&south, &(driver_options_t){.conninfo = database, .stream = "south"});
    hand_many(&north, 4);
    hand_many(&south, 4);   /* the same queue, intervals, run and parts */
    driver_run(&north, all_stored);
    driver_run(&south, all_stored);
    assert_int_equal(rs_postgres_number(database, "SELECT sum(offered) FROM ringside.queue_interval"), 2 * sum_to(4));
    assert_int_equal(driver_stop(&north, 5 * RS_US_PER_S), RS_OK);
    assert_int_equal(driver_stop(&south, 5 * RS_US_PER_S), RS_OK);
}

static void a_newer_schema_is_not_written_to_until_it_fits(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    rs_postgres_run(database, "INSERT INTO ringside.schema_migration (number, name, checksum) VALUES (9999, 'of_tomorrow', 'x')");
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    hand_many(&driver, 2);
    driver_run_for(&driver, 300);
    assert_int_equal(driver.requests, 0);
    assert_true(driver_status(&driver).failures > 1);
    assert_true(driver_logged(&driver, "version 9999"));
    assert_int_equal(driver.log_count, 1);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.mark"), 0);
    rs_postgres_run(database, "DELETE FROM ringside.schema_migration WHERE number = 9999");
    driver_run(&driver, all_stored);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void without_leave_to_migrate_an_older_schema_is_reported(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .no_migration = true});
    hand_many(&driver, 1);
    driver_run(&driver, has_failed);
    assert_true(driver_logged(&driver, "ringside migrate"));
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM pg_namespace WHERE nspname = 'ringside'"), 0);
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    driver_run(&driver, all_stored);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void serialisation_failures_are_tried_again_at_once(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    rs_postgres_run(database, "CREATE SEQUENCE public.tries; CREATE FUNCTION public.trouble() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
                    " IF nextval('public.tries') <= 3 THEN RAISE EXCEPTION 'try again' USING ERRCODE = '40001'; END IF; RETURN new; END$$;"
                    "CREATE TRIGGER trouble BEFORE INSERT ON ringside.queue_interval_part FOR EACH ROW EXECUTE FUNCTION public.trouble()");
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    hand_many(&driver, 1);
    driver_run(&driver, all_stored);
    assert_int_equal(driver_status(&driver).failures, 0);
    assert_int_equal(driver_status(&driver).poisoned, 0);
    assert_int_equal(rs_postgres_number(database, "SELECT offered FROM ringside.queue_interval"), 1);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void expect_to_wait_until_mended(const char *database, const char *mender, const char *mend) {
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    hand_many(&driver, 3);
    driver_run(&driver, has_failed);
    driver_run_for(&driver, 150);
    assert_int_equal(driver.stored, 0);
    assert_true(driver_status(&driver).failures > 0);
    assert_true(driver_status(&driver).failures < 60);   /* no spinning */
    assert_int_equal(driver_status(&driver).poisoned, 0);
    assert_int_equal(driver.log_count, 1 + (driver_status(&driver).connects > 0));
    rs_postgres_run(mender, mend);
    driver_run(&driver, all_stored);
    assert_int_equal(rs_postgres_number(database, "SELECT sum(offered) FROM ringside.queue_interval"), sum_to(3));
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void a_read_only_database_is_waited_for(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    char on[128], off[128];
    const char *name = rs_postgres_text(database, "SELECT current_database()");
    snprintf(on, sizeof on, "ALTER DATABASE %s SET default_transaction_read_only = on", name);
    snprintf(off, sizeof off, "ALTER DATABASE %s SET default_transaction_read_only = off", name);
    rs_postgres_run(database, on);
    expect_to_wait_until_mended(database, postgres.conninfo, off);
}

static void a_damaged_schema_is_waited_for_and_rows_are_not_blamed(void **state) {
    (void)state;
    static const char *const damage[][2] = {
        {"ALTER TABLE ringside.queue_interval_part RENAME COLUMN offered TO gone",
         "ALTER TABLE ringside.queue_interval_part RENAME COLUMN gone TO offered"},
        {"DROP FUNCTION ringside.advance_mark", "DELETE FROM ringside.schema_object WHERE name = 'mark'"},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(damage); i++) {
        const char *database = fresh_database();
        assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
        rs_postgres_run(database, damage[i][0]);
        expect_to_wait_until_mended(database, database, damage[i][1]);
    }
}

/* As after a restore from a backup, or the promotion of a stand-by that lagged. */
static void a_database_that_forgot_batches_is_noticed_and_written_to_again(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    hand_many(&driver, 6);
    driver_run(&driver, all_stored);
    rs_postgres_run(database, "UPDATE ringside.mark SET batch = 2, position = 2, newest = 2, epoch = 0;"
                    "DELETE FROM ringside.queue_interval_part WHERE offered > 2;"
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ringsided' "
                    "AND datname = current_database()");
    const rs_row_t row = make_row("after", START_US, 1, 100);
    driver_hand_row(&driver, &row);
    driver_run(&driver, all_stored);
    assert_int_equal(driver_status(&driver).rewinds, 1);
    assert_true(driver_logged(&driver, "are gone"));
    assert_int_equal(rs_postgres_number(database, "SELECT batch FROM ringside.mark"), 3);
    assert_int_equal(rs_postgres_number(database, "SELECT epoch FROM ringside.mark"), 2);   /* above the one we had */
    assert_int_equal(rs_postgres_number(database, "SELECT offered FROM ringside.queue_interval WHERE queue = 'after'"), 100);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void host_names_are_resolved_without_waiting(void **state) {
    (void)state;
    static const struct { const char *conninfo, *error; } cases[] = {
        {"host=localhost port=1 dbname=x", "refused"},
        {"host=no-such-host.invalid dbname=x", "cannot resolve host no-such-host.invalid"},
        {"host=no-such-host.invalid,localhost port=1,2 dbname=x", "port 2 failed"},
        {"host=127.0.0.1 port=1 dbname=x", "refused"},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        driver_t driver;
        driver_start(&driver, &(driver_options_t){.conninfo = cases[i].conninfo});
        driver_run(&driver, has_failed);
        assert_true(driver_logged(&driver, "what is to be stored waits and it is tried again"));
        if (!driver_logged(&driver, cases[i].error)) fail_msg("%s: %s", cases[i].conninfo, driver_status(&driver).last_error);
        assert_int_equal(driver_stop(&driver, 0), RS_ERR_TIMEOUT);
    }
}

static void several_hosts_are_tried_until_one_answers(void **state) {
    (void)state;
    char database[256], several[512];
    snprintf(database, sizeof database, "%s", fresh_database());
    snprintf(several, sizeof several, "host=/nonexistent,127.0.0.1,%s", database + strlen("host="));
    strcat(several, " port=5432,1,5432");
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = several});
    hand_many(&driver, 2);
    driver_run(&driver, all_stored);
    assert_int_equal(driver_status(&driver).failures, 0);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void a_silent_core_does_not_hold_alerts_back(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    driver.silent = true;
    const rs_alert_transition_t t = make_transition(1, RS_ALERT_OK, RS_ALERT_PENDING, START_US);
    assert_int_equal(rs_store_add_transition(driver.store, &t, ++places, 0), RS_OK);
    driver_run(&driver, is_idle_without_backlog);
    assert_int_equal(driver.requests, 1);   /* asked once, and waits for that answer */
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.alert"), 1);
    assert_int_equal(driver_stop(&driver, 100 * RS_US_PER_MS), RS_ERR_TIMEOUT);
}

int run_faults_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_at_commit_never_loses_and_never_counts_twice),
        cmocka_unit_test(backends_killed_at_random_moments_change_nothing),
        cmocka_unit_test(a_database_that_crashes_and_returns_is_caught_up),
        cmocka_unit_test(the_store_starts_without_a_database),
        cmocka_unit_test(closing_without_a_database_gives_up_at_the_deadline),
        cmocka_unit_test(refused_rows_are_found_and_put_into_quarantine),
        cmocka_unit_test(a_batch_of_refused_rows_only_is_done_with),
        cmocka_unit_test(two_revisions_of_a_row_in_one_batch_are_taken_apart),
        cmocka_unit_test(a_second_daemon_takes_the_stream_over_and_the_first_stops),
        cmocka_unit_test(a_daemon_that_was_cut_off_is_fenced_when_it_returns),
        cmocka_unit_test(two_streams_write_beside_each_other),
        cmocka_unit_test(a_newer_schema_is_not_written_to_until_it_fits),
        cmocka_unit_test(without_leave_to_migrate_an_older_schema_is_reported),
        cmocka_unit_test(serialisation_failures_are_tried_again_at_once),
        cmocka_unit_test(a_read_only_database_is_waited_for),
        cmocka_unit_test(a_damaged_schema_is_waited_for_and_rows_are_not_blamed),
        cmocka_unit_test(a_database_that_forgot_batches_is_noticed_and_written_to_again),
        cmocka_unit_test(host_names_are_resolved_without_waiting),
        cmocka_unit_test(several_hosts_are_tried_until_one_answers),
        cmocka_unit_test(a_silent_core_does_not_hold_alerts_back),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
