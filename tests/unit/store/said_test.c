/* What people said about alerts, and why receivers were not told, in the database. */
#include "store_test.h"

static bool is_idle(driver_t *driver) {
    const rs_store_status_t status = driver_status(driver);
    return status.backlog == 0 && status.batches > 0;
}

static rs_alert_transition_t said(rs_command_what_t what, const char *text) {
    rs_alert_transition_t transition = make_transition(1, RS_ALERT_FIRING, RS_ALERT_FIRING, START_US + 6 * RS_US_PER_S);
    transition.act = (uint8_t)what;
    transition.who = RS_STR("anna");
    transition.text = rs_str(text);
    return transition;
}

/* Of no open alert: as the core tells it. */
static rs_alert_transition_t said_only(rs_command_what_t what, uint64_t episode, const char *text) {
    return (rs_alert_transition_t){.episode = episode, .rule = UINT32_MAX, .key = UINT32_MAX, .at_us = START_US + 60 * RS_US_PER_S,
                                   .act = (uint8_t)what, .figure = {.is_null = true}, .who = RS_STR("berta"), .text = rs_str(text)};
}

static void commands_are_rows_of_their_own_and_change_no_state(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    rs_alert_transition_t fire = make_transition(1, RS_ALERT_OK, RS_ALERT_FIRING, START_US),
                          ack = said(RS_COMMAND_ACKNOWLEDGE, "I call for help"),
                          action = said(RS_COMMAND_ACTION, "two more agents"),
                          end = make_transition(1, RS_ALERT_FIRING, RS_ALERT_RESOLVED, START_US + 60),
                          silence = said_only(RS_COMMAND_SILENCE, 3, "the platform moves"),
                          review = said_only(RS_COMMAND_REVIEW, 1, "it helped");
    fire.hush = RS_HUSH_SILENCED | RS_HUSH_INHIBITED;
    fire.detector = RS_DETECTOR_CUSUM;
    fire.baseline = 41.5;
    ack.sticky = true;
    ack.until_us = START_US + RS_US_PER_HOUR;
    action.owner = RS_STR("carla");
    action.due_us = START_US + RS_US_PER_HOUR;
    silence.until_us = START_US + RS_US_PER_HOUR;
    silence.rule_name = RS_STR("long-*");
    const rs_alert_transition_t *const all[] = {&fire, &ack, &action, &end, &silence, &review};
    for (unsigned again = 0; again < 2; again++) {
        for (uint32_t i = 0; i < RS_ARRAY_LEN(all); i++) assert_int_equal(rs_store_add_transition(driver.store, all[i], 10 + i, 0), RS_OK);
    }
    driver_run(&driver, is_idle);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    assert_string_equal(rs_postgres_text(database, "SELECT string_agg(to_state || array_to_string(quiet, '+',"
                                                   " '-') || coalesce(baseline::text, ''), ' ' ORDER BY number)"
                                                   " FROM ringside.alert_transition"),
                        "firingsilenced+inhibited41.5 resolved");
    assert_string_equal(rs_postgres_text(database, "SELECT string_agg(concat_ws(' ', act, author, text, owner, sticky::int, rule,"
                                                   " extract(epoch FROM until_at - due_at)), '; ' ORDER BY number)"
                                                   " FROM ringside.alert_command"),
                        "ack anna I call for help 1 long-wait; action anna two more agents carla 0 long-wait;"
                        " silence berta the platform moves 0 long-*; review berta it helped 0 long-wait");
    assert_string_equal(rs_postgres_text(database, "SELECT (state, detector)::text FROM ringside.alert"), "(resolved,threshold)");
    assert_string_equal(rs_postgres_text(database, "SELECT (action, result)::text FROM ringside.deviation"),
                        "(\"two more agents\",\"it helped\")");
}

int run_said_tests(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(commands_are_rows_of_their_own_and_change_no_state)};
    return cmocka_run_group_tests_name("said", tests, NULL, NULL);
}
