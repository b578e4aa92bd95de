/* Sources whose clocks are off. */
#include "core/skew.h"
#include "desk.h"

static rs_accounting_t accounting_of(desk_t *desk, const char *source) {
    for (uint32_t i = 0; i < rs_core_source_count(desk->core); i++) {
        rs_accounting_t accounting;
        rs_core_accounting(desk->core, i, &accounting);
        if (rs_str_equal(accounting.source, rs_str(source))) return accounting;
    }
    fail_msg("no such source");
    return (rs_accounting_t){0};
}

static void a_sources_clock_is_told_by_its_quickest_events(void **state) {
    desk_t *desk = *state;
    desk->live = true;
    for (int i = 0; i < 7; i++) {
        desk->arrival_us = DESK_MONDAY_US + (100 + i) * RS_US_PER_S;
        desk_note(desk, RS_CONTACT_CREATED, "c", "", "", 100 + i - 3 + (i == 3 ? 2.5 : 0));   /* behind by at most half a second */
    }
    assert_false(accounting_of(desk, "test").skew_known);
    desk_note(desk, RS_CONTACT_CREATED, "c", "", "", 100);
    assert_true(accounting_of(desk, "test").skew_known);
    assert_int_equal(accounting_of(desk, "test").skew_us, -RS_US_PER_S / 2);
}

static void a_clock_that_is_ahead_shows_also_in_what_is_refused(void **state) {
    desk_t *desk = *state;
    desk->live = true;
    for (int i = 0; i < 8; i++) {
        desk->arrival_us = DESK_MONDAY_US + i * RS_US_PER_S;
        desk_note(desk, RS_CONTACT_CREATED, "c", "", "", i + 90);
    }
    assert_int_equal(desk->refused[RS_REFUSAL_FUTURE], 8);
    assert_int_equal(accounting_of(desk, "test").skew_us, 90 * RS_US_PER_S);
}

static void a_clock_that_is_set_right_is_believed_within_ten_minutes(void **state) {
    (void)state;
    rs_skew_t skew = {0};
    int64_t skew_us = 0;
    for (int64_t s = 0; s < 60; s++) rs_skew_note(&skew, (s + 5) * RS_US_PER_S, s * RS_US_PER_S);
    for (int64_t s = 60; s < 660; s++) rs_skew_note(&skew, s * RS_US_PER_S - 1000, s * RS_US_PER_S);
    assert_true(rs_skew_estimate(&skew, &skew_us));
    assert_int_equal(skew_us, -1000);
    for (int64_t s = 100000; s < 100004; s++) rs_skew_note(&skew, s * RS_US_PER_S, s * RS_US_PER_S);
    assert_false(rs_skew_estimate(&skew, &skew_us));   /* silent for long: too few to say anything */
}

static void a_replay_says_nothing_of_clocks(void **state) {
    desk_t *desk = *state;
    for (int i = 0; i < 20; i++) desk_note(desk, RS_CONTACT_CREATED, "c", "", "", i);
    assert_false(accounting_of(desk, "test").skew_known);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)
int run_source_tests(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_sources_clock_is_told_by_its_quickest_events),
        CASE(a_clock_that_is_ahead_shows_also_in_what_is_refused),
        CASE(a_clock_that_is_set_right_is_believed_within_ten_minutes),
        CASE(a_replay_says_nothing_of_clocks),
    };
    return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
