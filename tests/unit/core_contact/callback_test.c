/* Call-backs: what became of the promise, and the clock that is kept or begins again. */
#include "desk.h"

/* Queued at 0, exchanged at 30 s, queued again at 600 s, answered at 610 s. T is 20 s. */
static void call_back(desk_t *desk, rs_callback_clock_t clock) {
    desk->config->callback_clock = (uint8_t)clock;
    desk_note(desk, RS_CONTACT_QUEUED, "c", "q", "", 0);
    rs_event_t left = desk_make(desk, RS_CONTACT_DEQUEUED, "c", "", "", 30);
    left.reason = RS_FLOW_CALLBACK;
    desk_apply(desk, &left);
    desk_note(desk, RS_CALLBACK_REQUESTED, "c", "", "", 30);
    desk_note(desk, RS_CALLBACK_ATTEMPTED, "c", "", "", 590);
    desk_note(desk, RS_CALLBACK_CONNECTED, "c", "", "", 595);
    desk_note(desk, RS_CONTACT_QUEUED, "c", "q", "", 600);
}

static void check_promises(desk_t *desk) {
    assert_int_equal(desk_total(desk, RS_COUNT_OFFERED), 2);
    assert_int_equal(desk_total(desk, RS_COUNT_CALLBACKS), 1);
    assert_int_equal(desk_total(desk, RS_COUNT_ANSWERED), 1);
    assert_int_equal(desk_total(desk, RS_COUNT_CALLBACKS_REQUESTED), 1);
    assert_int_equal(desk_total(desk, RS_COUNT_CALLBACKS_ATTEMPTED), 1);
    assert_int_equal(desk_total(desk, RS_COUNT_CALLBACKS_CONNECTED), 1);
    assert_int_equal(desk_total(desk, RS_COUNT_CALLBACKS_FAILED), 0);
    assert_int_equal(desk_count(desk, RS_ATTRIBUTION_EVENT, RS_FAMILY_QUEUE, "q", RS_COUNT_CALLBACKS_ATTEMPTED, -1), 1);
}

static int64_t oldest_s(desk_t *desk, int64_t *over_t) {
    const rs_window_store_t *windows = rs_core_windows(desk->core);
    for (uint32_t key = 0; key < rs_window_key_count(windows); key++) {
        rs_key_t dimensions;
        rs_window_gauges_t gauges;
        rs_core_key(desk->core, key, &dimensions);
        if (dimensions.family != RS_FAMILY_QUEUE) continue;
        assert_int_equal(rs_window_read_gauges(windows, key, &gauges), RS_OK);
        *over_t = gauges.open_over_t;
        return (gauges.oldest_queued_us - DESK_MONDAY_US) / RS_US_PER_S;
    }
    return -1;
}

static void by_default_a_called_back_contact_waits_from_its_new_queueing(void **state) {
    desk_t *desk = *state;
    int64_t over_t;
    call_back(desk, RS_CALLBACK_CLOCK_UNSET);
    assert_int_equal(oldest_s(desk, &over_t), 600);
    assert_int_equal(over_t, 0);
    desk_note(desk, RS_CONTACT_ANSWERED, "c", "", "ann", 610);
    check_promises(desk);
    assert_int_equal(desk_total(desk, RS_COUNT_WAIT_ANSWERED_US), 10 * RS_US_PER_S);
    assert_int_equal(desk_total(desk, RS_COUNT_ANSWERED_IN_T), 1);
    assert_int_equal(desk_total(desk, RS_COUNT_EXCESS_US), 10 * RS_US_PER_S);                    /* of the exchanged leg */
}

static void a_kept_clock_runs_from_the_leg_that_was_exchanged(void **state) {
    desk_t *desk = *state;
    int64_t over_t;
    call_back(desk, RS_CALLBACK_CLOCK_KEEP);
    assert_int_equal(oldest_s(desk, &over_t), 0);
    assert_int_equal(over_t, 1);
    desk_note(desk, RS_CONTACT_ANSWERED, "c", "", "ann", 610);
    check_promises(desk);
    assert_int_equal(desk_total(desk, RS_COUNT_WAIT_ANSWERED_US), 610 * RS_US_PER_S);
    assert_int_equal(desk_total(desk, RS_COUNT_ANSWERED_IN_T), 0);
    assert_int_equal(desk_total(desk, RS_COUNT_EXCESS_US), 590 * RS_US_PER_S);                   /* once, of both legs together */
    assert_int_equal(oldest_s(desk, &over_t), -DESK_MONDAY_US / RS_US_PER_S);                    /* nobody */
    assert_int_equal(over_t, 0);
}

static void only_the_next_leg_takes_the_clock_over_and_a_measured_wait_stands_for_itself(void **state) {
    desk_t *desk = *state;
    call_back(desk, RS_CALLBACK_CLOCK_KEEP);
    desk_note(desk, RS_CONTACT_QUEUED, "c", "other", "", 620);                                   /* overflows */
    desk_note(desk, RS_CONTACT_ANSWERED, "c", "", "ann", 625);
    assert_int_equal(desk_total(desk, RS_COUNT_WAIT_ANSWERED_US), 5 * RS_US_PER_S);
    rs_event_t left = desk_make(desk, RS_CONTACT_DEQUEUED, "d", "", "", 740);
    left.reason = RS_FLOW_CALLBACK;
    desk_note(desk, RS_CONTACT_QUEUED, "d", "q", "", 700);
    desk_apply(desk, &left);
    desk_note(desk, RS_CONTACT_QUEUED, "d", "q", "", 800);
    rs_event_t answered = desk_make(desk, RS_CONTACT_ANSWERED, "d", "", "ann", 807);
    answered.present |= RS_HAS_WAIT_MS;
    answered.wait_ms = 6500;
    desk_apply(desk, &answered);
    assert_int_equal(desk_total(desk, RS_COUNT_WAIT_ANSWERED_US), 11500 * RS_US_PER_MS);
}

static void the_queue_that_the_contact_comes_back_to_says_whether_the_clock_goes_on(void **state) {
    desk_t *desk = *state;
    desk_give_hours(desk);
    desk->queue.callback_clock = RS_CALLBACK_CLOCK_KEEP;
    call_back(desk, RS_CALLBACK_CLOCK_RESTART);
    desk_note(desk, RS_CONTACT_ANSWERED, "c", "", "ann", 610);
    assert_int_equal(desk_total(desk, RS_COUNT_WAIT_ANSWERED_US), 610 * RS_US_PER_S);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)
int run_callback_tests(void) {
    const struct CMUnitTest tests[] = {
        CASE(by_default_a_called_back_contact_waits_from_its_new_queueing),
        CASE(a_kept_clock_runs_from_the_leg_that_was_exchanged),
        CASE(only_the_next_leg_takes_the_clock_over_and_a_measured_wait_stands_for_itself),
        CASE(the_queue_that_the_contact_comes_back_to_says_whether_the_clock_goes_on),
    };
    return cmocka_run_group_tests_name("callbacks", tests, NULL, NULL);
}
