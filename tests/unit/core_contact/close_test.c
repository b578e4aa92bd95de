/* Attribution close: everything of a contact where it ends. */
#include "desk.h"

static int64_t of_close(desk_t *desk, rs_count_t count, double hour) {
    return desk_count(desk, RS_ATTRIBUTION_CLOSE, RS_FAMILY_QUEUE, "q", count, (int64_t)(hour * DESK_HOUR_S));
}

/* metrics.md: 05:23 to 06:15 with half hours. */
static void fifty_two_minutes_of_a_contact_stand_in_the_half_hour_of_its_end(void **state) {
    desk_t *desk = *state;
    const double from = 5 * DESK_HOUR_S + 23 * 60;
    desk_note(desk, RS_CONTACT_QUEUED, "c", "q", "", from);
    desk_note(desk, RS_CONTACT_ANSWERED, "c", "", "ann", from);
    desk_note(desk, RS_CONTACT_ENDED, "c", "", "ann", from + 52 * 60);
    assert_int_equal(of_close(desk, RS_COUNT_TALK_US, 6), 52 * RS_US_PER_MIN);
    assert_int_equal(of_close(desk, RS_COUNT_OFFERED, 6), 1);
    assert_int_equal(of_close(desk, RS_COUNT_ANSWERED, 6), 1);
    assert_int_equal(of_close(desk, RS_COUNT_SL_NUM_0, 6), 1);
    assert_int_equal(of_close(desk, RS_COUNT_OFFERED, -1.0 / DESK_HOUR_S), 1);                   /* and nowhere else */
    assert_int_equal(desk_count(desk, RS_ATTRIBUTION_EVENT, RS_FAMILY_QUEUE, "q", RS_COUNT_OFFERED, 5 * DESK_HOUR_S), 1);
    assert_int_equal(desk_count(desk, RS_ATTRIBUTION_CLOSE, RS_FAMILY_AGENT, "ann", RS_COUNT_TALK_US, 6 * DESK_HOUR_S), 52 * RS_US_PER_MIN);
}

static void what_comes_after_the_end_stays_with_it_and_before_the_end_the_last_event_counts(void **state) {
    desk_t *desk = *state;
    desk_note(desk, RS_CONTACT_QUEUED, "c", "q", "", 100);
    assert_int_equal(of_close(desk, RS_COUNT_OFFERED, 0), 1);
    desk_note(desk, RS_CONTACT_ANSWERED, "c", "", "ann", 2000);
    assert_int_equal(of_close(desk, RS_COUNT_OFFERED, 0), 0);
    assert_int_equal(of_close(desk, RS_COUNT_OFFERED, 0.5), 1);
    desk_note(desk, RS_CONTACT_ENDED, "c", "", "ann", 4000);
    desk_note(desk, RS_CONTACT_WRAPUP_STARTED, "c", "", "ann", 4000);
    desk_note(desk, RS_CONTACT_WRAPUP_ENDED, "c", "", "ann", 6000);
    assert_int_equal(of_close(desk, RS_COUNT_ANSWERED, 1), 1);
    assert_int_equal(of_close(desk, RS_COUNT_WRAP_US, 1), 2000 * RS_US_PER_S);
    assert_int_equal(of_close(desk, RS_COUNT_WRAP_US, -1.0 / DESK_HOUR_S), 2000 * RS_US_PER_S);
}

static void a_leg_that_is_open_stays_in_the_interval_of_its_queueing(void **state) {
    desk_t *desk = *state;
    desk_note(desk, RS_CONTACT_QUEUED, "c", "q", "", 100);
    desk_note(desk, RS_CONTACT_OFFERED, "c", "q", "ann", 5000);
    assert_int_equal(of_close(desk, RS_COUNT_OFFERED, 1), 1);
    assert_int_equal(desk_still_open(desk), 1);
}

static void an_end_that_comes_late_takes_everything_along(void **state) {
    desk_t *desk = *state;
    desk_note(desk, RS_CONTACT_QUEUED, "c", "q", "", 100);
    desk_note(desk, RS_CONTACT_ANSWERED, "c", "", "ann", 110);
    desk_note(desk, RS_DISPOSITION_SET, "c", "", "ann", 7200);
    assert_int_equal(of_close(desk, RS_COUNT_ANSWERED, 2), 1);
    desk_note(desk, RS_CONTACT_ENDED, "c", "", "ann", 400);
    assert_int_equal(of_close(desk, RS_COUNT_ANSWERED, 2), 0);
    assert_int_equal(of_close(desk, RS_COUNT_ANSWERED, 0), 1);
    assert_int_equal(of_close(desk, RS_COUNT_HANDLED, 0), 1);
}

static void a_contact_that_was_forgotten_leaves_its_figures_where_they_are(void **state) {
    desk_t *desk = *state;
    desk_note(desk, RS_CONTACT_QUEUED, "c", "q", "", 100);
    desk_note(desk, RS_CONTACT_ABANDONED, "c", "", "", 110);
    for (int hour = 1; hour <= 48; hour++) desk_note(desk, RS_CONTACT_CREATED, "other", "", "", hour * DESK_HOUR_S);
    desk_note(desk, RS_CONTACT_QUEUED, "c", "q", "", 49 * DESK_HOUR_S);                          /* the id again: a new contact */
    desk_note(desk, RS_CONTACT_ABANDONED, "c", "", "", 49 * DESK_HOUR_S + 5);
    assert_int_equal(of_close(desk, RS_COUNT_ABANDONED, 0), 1);
    assert_int_equal(of_close(desk, RS_COUNT_ABANDONED, 49), 1);
}

static void what_finds_no_place_to_move_from_stays_at_its_moment_and_is_counted(void **state) {
    desk_t *desk = *state;
    for (int i = 0; i < 1100; i++) desk_note(desk, RS_CONTACT_OFFERED, "c", "q", "ann", i);
    desk_note(desk, RS_CONTACT_ENDED, "c", "", "", 4000);
    assert_int_equal(rs_core_losses(desk->core).unmoved, 76);
    assert_int_equal(of_close(desk, RS_COUNT_OFFERS, 0), 76);
    assert_int_equal(of_close(desk, RS_COUNT_OFFERS, 1), 1024);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)
int run_close_tests(void) {
    const struct CMUnitTest tests[] = {
        CASE(fifty_two_minutes_of_a_contact_stand_in_the_half_hour_of_its_end),
        CASE(what_comes_after_the_end_stays_with_it_and_before_the_end_the_last_event_counts),
        CASE(a_leg_that_is_open_stays_in_the_interval_of_its_queueing),
        CASE(an_end_that_comes_late_takes_everything_along),
        CASE(a_contact_that_was_forgotten_leaves_its_figures_where_they_are),
        CASE(what_finds_no_place_to_move_from_stays_at_its_moment_and_is_counted),
    };
    return cmocka_run_group_tests_name("close", tests, NULL, NULL);
}
