/* A database that has forgotten what it had, and whatever else left memory without being stored: it is asked for again,
 * and the mark waits. */
#include "store_test.h"

static void hand_numbered(driver_t *driver, int count) {
    for (int i = 0; i < count; i++) {
        const rs_row_t row = make_row("vip", START_US + (int64_t)driver->handed_count * 15 * RS_US_PER_MIN, 1,
                                      (int64_t)driver->handed_count + 1);
        driver_hand_row(driver, &row);
    }
}

/* What the daemon makes of its journal: the rows of the batches after `after` up to `upto`. */
static rs_row_batch_t *made_again(uint64_t after, uint64_t upto) {
    rs_row_batch_t *batch = NULL;
    assert_int_equal(rs_row_batch_create(100, 0, &batch), RS_OK);
    for (uint64_t i = after; i < upto; i++) {
        const rs_row_t row = make_row("vip", START_US + (int64_t)i * 15 * RS_US_PER_MIN, 1, (int64_t)i + 1);
        assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
    }
    return batch;
}

static void give_again(driver_t *driver, uint64_t after, uint64_t upto) {
    driver->rebuilt = made_again(after, upto);
    assert_int_equal(rs_store_rebuilt_rows(driver->store, driver->rebuilt), RS_OK);
}

static void forget_after(const char *database, int batch) {
    char sql[512];
    snprintf(sql, sizeof sql, "UPDATE ringside.mark SET batch = %d, position = %d, newest = %d, epoch = 0; DELETE "
                              "FROM ringside.queue_interval_part WHERE offered > %d;"
             "DELETE FROM ringside.alert_change WHERE number > %d;"
             "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ringsided' AND datname = current_database()",
             batch, batch, batch, batch, batch);
    rs_postgres_run(database, sql);
}

static bool is_asked_again(driver_t *driver) { return driver->rewound > 0; }
static bool is_asked_twice(driver_t *driver) { return driver->rewound > 1; }
static bool is_written_again(driver_t *driver) { return driver->rebuilt == NULL; }
static int64_t mark_of(const char *database) { return rs_postgres_number(database, "SELECT position FROM ringside.mark"); }
static int64_t sum_of(const char *database) { return rs_postgres_number(database, "SELECT sum(offered) FROM ringside.queue_interval"); }
static bool owes_nothing(driver_t *driver) {
    const rs_store_status_t status = driver_status(driver);
    return is_idle_without_backlog(driver) && status.owed == 0 && !status.rebuilding;
}
static bool has_moved_on(driver_t *driver) { return owes_nothing(driver) && driver_status(driver).position == driver->handed_count; }

static void what_a_database_forgot_is_written_again_beside_the_new_and_the_mark_waits(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true});
    hand_numbered(&driver, 6);
    driver_run(&driver, all_stored);
    assert_int_equal(driver.rewound, 0);
    forget_after(database, 2);
    hand_numbered(&driver, 1);
    driver_run(&driver, is_asked_again);
    driver_run(&driver, all_stored);
    assert_int_equal(driver.rewound_after, 2);
    assert_int_equal(driver.rewound_upto, 6);
    assert_int_equal(driver_status(&driver).rewinds, 1);
    assert_true(driver_status(&driver).rebuilding);
    assert_int_equal(mark_of(database), 2);   /* though the seventh is in */
    assert_int_equal(sum_of(database), 1 + 2 + 7);
    give_again(&driver, 2, 6);
    driver_run(&driver, is_written_again);
    assert_int_equal(driver.rebuilt_stored, 1);
    assert_int_equal(mark_of(database), 2);
    assert_int_equal(rs_store_rebuilt(driver.store), RS_OK);
    driver_run(&driver, has_moved_on);
    assert_int_equal(mark_of(database), 7);
    assert_int_equal(sum_of(database), 28);
    assert_int_equal(driver_status(&driver).rebuilds, 1);
    assert_int_equal(driver_status(&driver).rebuilt_rows, 4);
    assert_int_equal(rs_store_rebuilt(driver.store), RS_ERR_STATE);
    hand_numbered(&driver, 1);
    driver_run(&driver, has_moved_on);
    assert_int_equal(mark_of(database), 8);
    assert_int_equal(driver.rewound, 1);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void a_start_knows_from_the_journal_what_the_database_must_have(void **state) {
    (void)state;
    static const struct { uint64_t confirmed, after; } cases[] = {{0, 0}, {3, 0}, {4, 0}, {5, 4}, {1000, 5}};   /* after 0: not asked */
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true});
    hand_numbered(&driver, 4);
    driver_run(&driver, has_moved_on);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true, .confirmed = cases[i].confirmed});
        driver_run(&driver, is_connected);
        driver_run_for(&driver, 30);
        assert_int_equal(driver.rewound, cases[i].after != 0);
        assert_int_equal(driver.rewound_after, cases[i].after);
        if (driver.rewound > 0) {
            assert_int_equal(driver.rewound_upto, cases[i].confirmed);
            assert_int_equal(rs_store_rebuilt(driver.store), RS_OK);
            driver_run(&driver, owes_nothing);
            assert_int_equal(mark_of(database), (int64_t)cases[i].confirmed);
        }
        assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    }
}

/* Killed after a batch that was not all there is: the mark's position waits for the rest, and nothing is gone. */
static void a_start_between_two_batches_of_the_same_rows_is_no_rewind(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true});
    hand_numbered(&driver, 4);
    driver_run(&driver, has_moved_on);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    rs_postgres_run(database, "UPDATE ringside.mark SET position = 1, newest = 900");
    for (uint64_t confirmed = 900; confirmed <= 901; confirmed++) {
        driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true, .confirmed = confirmed});
        driver_run(&driver, is_connected);
        driver_run_for(&driver, 30);
        assert_int_equal(driver.rewound, confirmed == 901);   /* that one the database has forgotten */
        assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    }
    assert_int_equal(mark_of(database), 1);
    /* closing does not hide it from the next start */
    assert_int_equal(rs_postgres_number(database, "SELECT newest FROM ringside.mark"), 900);
}

/* Killed after memory had let rows go, when the database had effects of later records already: its mark alone says that it lacks them. */
static void a_start_knows_what_was_let_go_although_the_database_has_something_newer(void **state) {
    (void)state;
    static const struct { uint64_t owed; int asked; } cases[] = {{3, 0}, {4, 0}, {5, 1}, {800, 1}};
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true});
    hand_numbered(&driver, 4);
    driver_run(&driver, has_moved_on);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    rs_postgres_run(database, "UPDATE ringside.mark SET newest = 900");
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true, .confirmed = 800, .owed = cases[i].owed});
        driver_run(&driver, is_connected);
        driver_run_for(&driver, 30);
        assert_int_equal(driver.rewound, cases[i].asked);
        if (driver.rewound > 0) assert_int_equal(driver.rewound_upto, cases[i].owed);
        assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    }
}

static void a_crash_in_the_middle_of_writing_again_begins_it_anew(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true});
    hand_numbered(&driver, 6);
    driver_run(&driver, all_stored);
    forget_after(database, 2);
    driver_run(&driver, is_asked_again);
    give_again(&driver, 2, 4);
    driver_run(&driver, is_written_again);
    driver.rebuilt = made_again(4, 6);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);   /* closing does not wait for what is made again */
    rs_row_batch_destroy(&driver.rebuilt);
    assert_int_equal(mark_of(database), 2);
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true, .confirmed = 6});
    driver_run(&driver, is_asked_again);
    assert_int_equal(driver.rewound_after, 2);
    assert_int_equal(driver.rewound_upto, 6);
    give_again(&driver, 2, 6);
    driver_run(&driver, is_written_again);
    assert_int_equal(rs_store_rebuilt(driver.store), RS_OK);
    driver_run(&driver, owes_nothing);
    assert_int_equal(mark_of(database), 6);
    assert_int_equal(sum_of(database), 21);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void a_database_that_forgets_again_is_written_again_from_there(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true});
    hand_numbered(&driver, 6);
    driver_run(&driver, all_stored);
    forget_after(database, 4);
    driver_run(&driver, is_asked_again);
    give_again(&driver, 4, 6);
    driver_run(&driver, is_written_again);
    forget_after(database, 1);
    driver_run(&driver, is_asked_twice);
    assert_int_equal(driver.rewound_after, 1);
    assert_int_equal(driver.rewound_upto, 6);
    give_again(&driver, 1, 6);
    driver_run(&driver, is_written_again);
    assert_int_equal(rs_store_rebuilt(driver.store), RS_OK);
    driver_run(&driver, owes_nothing);
    assert_int_equal(sum_of(database), 21);
    assert_int_equal(driver_status(&driver).rewinds, 2);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

/* A connection that is lost has not forgotten anything: what is being written again goes on where it was. */
static void a_lost_connection_does_not_begin_it_anew(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true, .confirmed = 5});
    driver_run(&driver, is_asked_again);
    for (uint64_t i = 0; i < 5; i++) {
        give_again(&driver, i, i + 1);
        rs_postgres_run(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ringsided' "
                                  "AND datname = current_database()");
        driver_run(&driver, is_written_again);
    }
    assert_int_equal(rs_store_rebuilt(driver.store), RS_OK);
    driver_run(&driver, owes_nothing);
    assert_int_equal(driver.rewound, 1);
    assert_true(driver_status(&driver).failures >= 3);
    assert_int_equal(sum_of(database), 15);
    assert_int_equal(mark_of(database), 5);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void what_the_owner_gave_up_is_asked_for_when_the_database_is_there(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true});
    hand_numbered(&driver, 2);
    driver_run(&driver, has_moved_on);
    rs_store_owe(driver.store, 40);
    assert_int_equal(driver_status(&driver).owed, 40);
    driver_run(&driver, is_asked_again);
    assert_int_equal(driver.rewound_after, 2);
    assert_int_equal(driver.rewound_upto, 40);
    assert_int_equal(mark_of(database), 2);
    assert_int_equal(rs_store_rebuilt(driver.store), RS_OK);
    driver_run(&driver, owes_nothing);
    assert_int_equal(mark_of(database), 40);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static bool is_asked_twice_or_content(driver_t *driver) { return is_asked_twice(driver) || owes_nothing(driver); }

static void what_the_owner_gives_up_while_something_is_made_again_is_asked_for_next(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true});
    hand_numbered(&driver, 2);
    driver_run(&driver, has_moved_on);
    rs_store_owe(driver.store, 3);
    driver_run(&driver, is_asked_again);
    rs_store_owe(driver.store, 4);
    hand_numbered(&driver, 3);   /* what is newer than both does not say that they are in */
    driver_run(&driver, all_stored);
    assert_int_equal(mark_of(database), 2);
    assert_int_equal(rs_store_rebuilt(driver.store), RS_OK);
    driver_run(&driver, is_asked_twice_or_content);
    assert_int_equal(driver.rewound, 2);
    assert_int_equal(driver.rewound_after, 3);   /* what was made again need not be made once more */
    assert_int_equal(driver.rewound_upto, 4);
    assert_int_equal(rs_store_rebuilt(driver.store), RS_OK);
    driver_run(&driver, has_moved_on);
    assert_int_equal(mark_of(database), 5);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

/* … and before it has written anything else. */
static void what_was_given_up_and_made_again_is_known_to_be_missing_when_it_is_forgotten(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true});
    hand_numbered(&driver, 2);
    driver_run(&driver, has_moved_on);
    rs_store_owe(driver.store, 4);
    driver_run(&driver, is_asked_again);
    give_again(&driver, 2, 4);
    driver_run(&driver, is_written_again);
    assert_int_equal(rs_store_rebuilt(driver.store), RS_OK);
    driver_run(&driver, owes_nothing);
    assert_int_equal(mark_of(database), 4);
    forget_after(database, 2);
    driver_run(&driver, is_asked_twice);
    assert_int_equal(driver.rewound_after, 2);
    assert_int_equal(driver.rewound_upto, 4);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void add_transitions(driver_t *driver, uint64_t from, uint64_t to) {
    for (uint64_t position = from; position <= to; position++) {
        for (uint32_t ordinal = 0; ordinal < 2; ordinal++) {
            const rs_alert_transition_t t = make_transition(position * 2 + ordinal, RS_ALERT_OK, RS_ALERT_PENDING, START_US);
            assert_int_equal(rs_store_add_transition(driver->store, &t, position, ordinal), RS_OK);
        }
    }
}

static void what_a_full_queue_dropped_is_asked_for_again(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true, .max_transitions = 6});
    add_transitions(&driver, 1, 5);   /* before there is a connection: four find no place, up to position 2 */
    assert_int_equal(driver_status(&driver).dropped_transitions, 4);
    driver_run(&driver, is_asked_again);
    driver_run(&driver, is_idle_without_backlog);
    assert_int_equal(driver.rewound_after, 0);
    assert_int_equal(driver.rewound_upto, 2);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.alert_transition"), 6);
    assert_int_equal(mark_of(database), 0);
    add_transitions(&driver, 1, 3);   /* one more than is missing */
    driver_run(&driver, is_idle_without_backlog);
    assert_int_equal(rs_store_rebuilt(driver.store), RS_OK);
    driver_run(&driver, owes_nothing);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.alert_transition"), 10);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.alert"), 10);
    assert_int_equal(mark_of(database), 2);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void what_is_dropped_while_it_is_made_again_is_made_again_once_more(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true, .confirmed = 3, .max_transitions = 6});
    driver_run(&driver, is_asked_again);
    add_transitions(&driver, 1, 4);   /* two too many */
    assert_int_equal(rs_store_rebuilt(driver.store), RS_OK);
    driver_run(&driver, is_asked_twice);
    assert_int_equal(driver.rewound_after, 0);
    driver_run(&driver, is_idle_without_backlog);
    add_transitions(&driver, 1, 3);
    driver_run(&driver, is_idle_without_backlog);
    assert_int_equal(rs_store_rebuilt(driver.store), RS_OK);
    driver_run(&driver, owes_nothing);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.alert_transition"), 8);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void an_effect_that_is_sent_again_changes_nothing(void **state) {
    (void)state;
    const char *database = fresh_database();
    for (int time = 0; time < 2; time++) {
        driver_t driver;
        driver_start(&driver, &(driver_options_t){.conninfo = database});
        const rs_alert_transition_t begin = make_transition(1, RS_ALERT_OK, RS_ALERT_PENDING, START_US),
                                    fire = make_transition(1, RS_ALERT_PENDING, RS_ALERT_FIRING, START_US + 1);
        const rs_refused_t refused = {.reason = RS_REFUSAL_MALFORMED};
        assert_int_equal(rs_store_add_transition(driver.store, &begin, 10, 0), RS_OK);
        assert_int_equal(rs_store_add_transition(driver.store, &fire, 10, 1), RS_OK);
        assert_int_equal(rs_store_add_refusal(driver.store, RS_STR("a"), false, 0, &refused, 1, START_US, 11, 0), RS_OK);
        driver_run(&driver, is_idle_without_backlog);
        if (time == 1) {   /* only the first of the two: the episode does not go back */
            assert_int_equal(rs_store_add_transition(driver.store, &begin, 10, 0), RS_OK);
            driver_run(&driver, is_idle_without_backlog);
        }
        assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    }
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.alert_transition"), 2);
    assert_string_equal(rs_postgres_text(database, "SELECT state FROM ringside.alert"), "firing");
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.quarantine"), 1);
}

static void a_batch_that_is_not_all_there_is_leaves_the_mark_and_is_asked_for_when_it_is_forgotten(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database, .rebuilds = true});
    hand_numbered(&driver, 2);
    driver_run(&driver, has_moved_on);
    driver.incomplete = true;
    hand_numbered(&driver, 3);
    driver_run(&driver, is_idle_without_backlog);
    assert_int_equal(mark_of(database), 2);
    forget_after(database, 2);
    driver_run(&driver, is_asked_again);
    assert_int_equal(driver.rewound_after, 2);
    assert_int_equal(driver.rewound_upto, 5);
    give_again(&driver, 2, 5);
    driver_run(&driver, is_written_again);
    assert_int_equal(rs_store_rebuilt(driver.store), RS_OK);
    driver_run(&driver, owes_nothing);
    assert_int_equal(sum_of(database), 15);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static bool mark_is_at_50(driver_t *driver) { return driver_status(driver).position == 50; }

static void the_mark_moves_now_and_then_though_nothing_is_written(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    driver.nothing_upto = 50;
    driver_run(&driver, mark_is_at_50);
    assert_int_equal(mark_of(database), 50);
    const uint64_t batches = driver_status(&driver).batches;
    driver_run_for(&driver, 150);
    assert_int_equal(driver_status(&driver).batches, batches);   /* not for nothing */
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

int run_rewind_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_database_forgot_is_written_again_beside_the_new_and_the_mark_waits),
        cmocka_unit_test(a_start_knows_from_the_journal_what_the_database_must_have),
        cmocka_unit_test(a_start_between_two_batches_of_the_same_rows_is_no_rewind),
        cmocka_unit_test(a_crash_in_the_middle_of_writing_again_begins_it_anew),
        cmocka_unit_test(a_database_that_forgets_again_is_written_again_from_there),
        cmocka_unit_test(a_lost_connection_does_not_begin_it_anew),
        cmocka_unit_test(what_the_owner_gave_up_is_asked_for_when_the_database_is_there),
        cmocka_unit_test(what_the_owner_gives_up_while_something_is_made_again_is_asked_for_next),
        cmocka_unit_test(what_was_given_up_and_made_again_is_known_to_be_missing_when_it_is_forgotten),
        cmocka_unit_test(a_start_knows_what_was_let_go_although_the_database_has_something_newer),
        cmocka_unit_test(what_a_full_queue_dropped_is_asked_for_again),
        cmocka_unit_test(what_is_dropped_while_it_is_made_again_is_made_again_once_more),
        cmocka_unit_test(an_effect_that_is_sent_again_changes_nothing),
        cmocka_unit_test(a_batch_that_is_not_all_there_is_leaves_the_mark_and_is_asked_for_when_it_is_forgotten),
        cmocka_unit_test(the_mark_moves_now_and_then_though_nothing_is_written),
    };
    return cmocka_run_group_tests_name("rewinds", tests, NULL, NULL);
}
