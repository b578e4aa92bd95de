/* What the store writes when nothing goes wrong. */
#include "store_test.h"

static void a_row_is_replaced_by_a_higher_revision_only(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    static const struct { uint64_t revision; int64_t offered; int64_t expected; } steps[] = {
        {1, 10, 10}, {3, 30, 30}, {2, 20, 30}, {3, 33, 30}, {4, 5, 5},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(steps); i++) {
        const rs_row_t row = make_row("vip", START_US, steps[i].revision, steps[i].offered);
        driver_hand_row(&driver, &row);
        driver_run(&driver, all_stored);
        assert_int_equal(rs_postgres_number(database, "SELECT offered FROM ringside.queue_interval"), steps[i].expected);
    }
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void the_mark_moves_with_the_rows(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .stream = "north", .run = 42});
    for (int i = 0; i < 3; i++) {
        const rs_row_t row = make_row("vip", START_US, (uint64_t)i + 1, i);
        driver_hand_row(&driver, &row);
    }
    driver_run(&driver, all_stored);
    assert_string_equal(rs_postgres_text(database, "SELECT (stream, epoch, run, batch, position) FROM ringside.mark"), "(north,1,42,3,3)");
    assert_int_equal(rs_postgres_number(database, "SELECT watermark_us FROM ringside.mark"), START_US + 2);
    const rs_store_status_t status = driver_status(&driver);
    assert_int_equal(status.rows_written, 3);
    assert_int_equal(status.batches, 3);
    assert_int_equal(status.position, 3);
    assert_int_equal(status.epoch, 1);
    assert_string_equal(status.last_error, "");
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void rows_may_be_answered_later_and_a_full_batch_is_followed_at_once(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    driver.answer_later = true;
    for (int i = 0; i < 20; i++) {
        rs_row_batch_t *batch = NULL;
        assert_int_equal(rs_row_batch_create(50, 0, &batch), RS_OK);
        for (int r = 0; r < 50; r++) {
            const rs_row_t row = make_row("q", START_US + (i * 50 + r) * 15 * RS_US_PER_MIN, 1, 1);
            assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
        }
        driver_hand(&driver, batch);
    }
    driver_run(&driver, all_stored);
    assert_int_equal(rs_postgres_number(database, "SELECT sum(offered) FROM ringside.queue_interval"), 1000);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void a_large_batch_goes_through_in_pieces(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    rs_row_batch_t *batch = NULL;
    assert_int_equal(rs_row_batch_create(6000, 0, &batch), RS_OK);
    rs_hist_entry_t entries[100];
    for (int e = 0; e < 100; e++) entries[e] = (rs_hist_entry_t){(uint16_t)(e * 7), e + 1};
    for (int r = 0; r < 6000; r++) {
        rs_row_t row = make_row("q", START_US + r * 15 * RS_US_PER_MIN, 1, 1);
        row.histograms[RS_HIST_WAIT_ANSWERED] = entries;
        row.histogram_sizes[RS_HIST_WAIT_ANSWERED] = 100;
        assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
    }
    driver_hand(&driver, batch);
    driver_run(&driver, all_stored);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.queue_interval_part WHERE wait_answered_count[100] = 100"
                                        " AND wait_answered_bucket[100] = 693"), 6000);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void alerts_are_stored_change_by_change(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    static const uint8_t path[] = {RS_ALERT_OK, RS_ALERT_PENDING, RS_ALERT_FIRING, RS_ALERT_RECOVERING, RS_ALERT_RESOLVED};
    for (size_t i = 1; i < RS_ARRAY_LEN(path); i++) {
        const rs_alert_transition_t t = make_transition(100, path[i - 1], path[i], START_US + (int64_t)i * RS_US_PER_S);
        assert_int_equal(rs_store_add_transition(driver.store, &t, ++places, 0), RS_OK);
        if (i % 2 == 0) driver_run(&driver, is_idle_without_backlog);   /* some in one batch, some in the next */
    }
    rs_alert_transition_t other = make_transition(101, RS_ALERT_OK, RS_ALERT_PENDING, START_US);
    other.figure.is_null = true;
    other.dimensions.name = (rs_str_t){"a\0b\xff", 4};   /* cannot be text: cleaned */
    assert_int_equal(rs_store_add_transition(driver.store, &other, ++places, 0), RS_OK);
    driver_run(&driver, is_idle_without_backlog);
    assert_string_equal(rs_postgres_text(database, "SELECT (stream, rule, severity, state, tenant, family, key, channel, metric,"
                                                   " policy, compare,"
        " limit_value, started_at = '2026-01-01Z', fired_at = '2026-01-01 00:00:05Z', ended_at = '2026-01-01 00:00:04Z')"
        " FROM ringside.alert WHERE episode = 100"),
        "(main,long-wait,critical,resolved,acme,queue,vip,voice,oldest_wait,,above,60000,t,t,t)");
    assert_string_equal(rs_postgres_text(database, "SELECT string_agg(from_state || '>' || to_state || '@' || extract(second"
                                                   " FROM at)::int, ' '"
        " ORDER BY number) FROM ringside.alert_transition WHERE episode = 100"),
        "ok>pending@1 pending>firing@2 firing>recovering@3 recovering>resolved@4");
    assert_string_equal(rs_postgres_text(database, "SELECT (key, state, ended_at, fired_at) FROM ringside.alert WHERE episode = 101"),
                        "(a?b?,pending,,)");
    assert_string_equal(rs_postgres_text(database, "SELECT value FROM ringside.alert_transition WHERE episode = 101"), "");
    assert_int_equal(driver_status(&driver).transitions_written, 5);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void an_episode_that_did_not_fire_has_ended(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    const rs_alert_transition_t up = make_transition(5, RS_ALERT_OK, RS_ALERT_PENDING, START_US);
    const rs_alert_transition_t down = make_transition(5, RS_ALERT_PENDING, RS_ALERT_OK, START_US + RS_US_PER_S);
    assert_int_equal(rs_store_add_transition(driver.store, &up, ++places, 0), RS_OK);
    assert_int_equal(rs_store_add_transition(driver.store, &down, ++places, 0), RS_OK);
    driver_run(&driver, is_idle_without_backlog);
    assert_string_equal(rs_postgres_text(database, "SELECT (state, fired_at, ended_at IS NOT NULL) FROM ringside.alert"), "(ok,,t)");
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void refusals_and_accounting_are_stored(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    const rs_refused_t refused = {.reason = RS_REFUSAL_BAD_TIME, .field = "occurred_at", .len = 12};
    assert_int_equal(rs_store_add_refusal(driver.store, RS_STR("pbx-1"), true, UINT64_MAX, &refused, UINT64_C(0xfedcba9876543210), START_US,
                                          ++places, 0), RS_OK);
    assert_int_equal(rs_store_add_refusal(driver.store, (rs_str_t){"\xc0\xaf\0", 3}, false, 0,
                                          &(rs_refused_t){.reason = RS_REFUSAL_MALFORMED, .len = 900}, 1, START_US, ++places, 0), RS_OK);
    rs_accounting_t accounting = {.source = RS_STR("pbx-1"), .received = 10, .applied = 6, .duplicate = 1, .late_applied = 1, .invalid = 2};
    assert_int_equal(rs_store_add_accounting(driver.store, &accounting), RS_OK);
    accounting.received = 11;
    accounting.applied = 7;
    accounting.watermark_us = START_US;
    assert_int_equal(rs_store_add_accounting(driver.store, &accounting), RS_OK);   /* replaces the one before */
    driver_run(&driver, is_idle_without_backlog);
    accounting.received = 12;
    accounting.applied = 8;
    assert_int_equal(rs_store_add_accounting(driver.store, &accounting), RS_OK);
    driver_run(&driver, is_idle_without_backlog);
    const uint64_t batches = driver_status(&driver).batches;
    assert_int_equal(rs_store_add_accounting(driver.store, &accounting), RS_OK);   /* nothing new: nothing to write */
    assert_int_equal(driver_status(&driver).backlog, 0);
    driver_run_for(&driver, 30);
    assert_int_equal(driver_status(&driver).batches, batches);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.source_accounting WHERE skew_ms IS NULL"), 1);
    accounting.skew_known = true;
    accounting.skew_us = -1234567;
    assert_int_equal(rs_store_add_accounting(driver.store, &accounting), RS_OK);
    driver_run(&driver, is_idle_without_backlog);
    assert_int_equal(rs_postgres_number(database, "SELECT skew_ms FROM ringside.source_accounting"), -1234);
    const uint64_t with_skew = driver_status(&driver).batches;
    accounting.skew_us = -1240000;   /* it trembles: not worth a write */
    assert_int_equal(rs_store_add_accounting(driver.store, &accounting), RS_OK);
    driver_run_for(&driver, 30);
    assert_int_equal(driver_status(&driver).batches, with_skew);
    assert_string_equal(rs_postgres_text(database, "SELECT (at, source, seq, reason, field, length, hash) FROM ringside.quarantine "
                                                   "WHERE source = 'pbx-1'"),
                        "(\"2026-01-01 00:00:00+00\",pbx-1,18446744073709551615,bad_time,occurred_at,12,-81985529216486896)");
    assert_string_equal(rs_postgres_text(database, "SELECT (source, seq, reason, field, length) FROM ringside.quarantine "
                                                   "WHERE source <> 'pbx-1'"),
                        "(???,,malformed,,900)");
    assert_string_equal(rs_postgres_text(database,
                                         "SELECT (source, received, applied, duplicate, late_applied, invalid, watermark = '2026-01-01Z')"
                                         " FROM ringside.source_accounting"), "(pbx-1,12,8,1,1,2,t)");
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void a_full_queue_drops_its_oldest_and_counts(void **state) {
    (void)state;
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = "host=/nonexistent dbname=x", .max_transitions = 3});
    for (uint64_t i = 1; i <= 5; i++) {
        const rs_alert_transition_t t = make_transition(i, RS_ALERT_OK, RS_ALERT_PENDING, START_US);
        assert_int_equal(rs_store_add_transition(driver.store, &t, ++places, 0), RS_OK);
    }
    assert_int_equal(driver_status(&driver).dropped_transitions, 2);
    assert_int_equal(driver_status(&driver).backlog, 3);
    assert_int_equal(driver_stop(&driver, 100 * RS_US_PER_MS), RS_ERR_TIMEOUT);
    assert_int_equal(driver.left, 3);
}

static void closing_writes_what_is_left(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    for (int i = 0; i < 50; i++) {
        const rs_row_t row = make_row("vip", START_US + i * 15 * RS_US_PER_MIN, 1, 2);
        driver_hand_row(&driver, &row);
    }
    const rs_alert_transition_t t = make_transition(1, RS_ALERT_OK, RS_ALERT_PENDING, START_US);
    assert_int_equal(rs_store_add_transition(driver.store, &t, ++places, 0), RS_OK);
    /* Not even connected yet. */
    assert_int_equal(driver_stop(&driver, 10 * RS_US_PER_S), RS_OK);
    assert_int_equal(driver.stored, 50);
    assert_int_equal(driver.left, 0);
    assert_int_equal(rs_postgres_number(database, "SELECT sum(offered) FROM ringside.queue_interval"), 100);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.alert"), 1);
}

static void never_asked(void *context) {
    (void)context;
    fail_msg("asked for rows");
}
static void never_done(void *context, rs_row_batch_t *batch, bool stored) {
    (void)context;
    (void)batch;
    fail_msg("gave rows back (%d)", stored);
}

static void bad_settings_are_refused_with_a_reason(void **state) {
    (void)state;
    static const struct { rs_store_settings_t settings; const char *why; } cases[] = {
        {{.conninfo = {"", 0}, .stream = {"main", 4}}, "empty"},
        {{.conninfo = {"dbname=x", 8}, .stream = {"ma'in", 5}}, "stream"},
        {{.conninfo = {"nonsense", 8}, .stream = {"main", 4}}, "missing"},
        {{.conninfo = {"dbnam=x", 7}, .stream = {"main", 4}}, "dbnam"},
        {{.conninfo = {"dbname=x", 8}, .stream = {"main", 4}, .flush_us = 1}, "1 ms"},
    };
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        rs_store_settings_t settings = cases[i].settings;
        if (settings.flush_us == 0) settings.flush_us = RS_US_PER_S;
        settings.backoff_min_us = settings.backoff_max_us = RS_US_PER_S;
        const rs_store_callbacks_t callbacks = {.request_rows = never_asked, .rows_done = never_done};
        rs_store_t *store = NULL;
        char why[128] = "";
        assert_int_equal(rs_store_create(&loop, &settings, &callbacks, why, sizeof why, &store), RS_ERR_INVALID);
        assert_null(store);
        if (strstr(why, cases[i].why) == NULL) fail_msg("case %zu: %s", i, why);
    }
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void an_answer_without_a_question_is_refused(void **state) {
    (void)state;
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = "host=/nonexistent dbname=x"});
    rs_row_batch_t *batch = NULL;
    assert_int_equal(rs_row_batch_create(1, 0, &batch), RS_OK);
    assert_int_equal(rs_store_rows_ready(driver.store, batch, 1, 1, 1), RS_ERR_STATE);
    rs_row_batch_destroy(&batch);
    assert_int_equal(driver_stop(&driver, 0), RS_ERR_TIMEOUT);
}

int run_session_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_replaced_by_a_higher_revision_only),
        cmocka_unit_test(the_mark_moves_with_the_rows),
        cmocka_unit_test(rows_may_be_answered_later_and_a_full_batch_is_followed_at_once),
        cmocka_unit_test(a_large_batch_goes_through_in_pieces),
        cmocka_unit_test(alerts_are_stored_change_by_change),
        cmocka_unit_test(an_episode_that_did_not_fire_has_ended),
        cmocka_unit_test(refusals_and_accounting_are_stored),
        cmocka_unit_test(a_full_queue_drops_its_oldest_and_counts),
        cmocka_unit_test(closing_writes_what_is_left),
        cmocka_unit_test(bad_settings_are_refused_with_a_reason),
        cmocka_unit_test(an_answer_without_a_question_is_refused),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
