/* Orders of events that make no sense: each line of the table in proto/EVENTS.md has one outcome. A case is a story in a few words and
 * what it comes to; everything that it does not name must be zero. */
#include "desk.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"   /* a step names what it has; the rest is zero */

enum { MAX_STEPS = 8, MAX_EXPECTED = 16 };
typedef struct step {
    double at_s;
    rs_event_type_t type;
    const char *queue, *agent;
    const char *source;       /* NULL: "test" */
    uint8_t detail;           /* reason, stage, kind or party */
    int64_t ms;               /* wait, or hold; > 0 */
} step_t;
typedef struct expected { rs_count_t count; int64_t value; } expected_t;
typedef struct story {
    const char *name;
    step_t steps[MAX_STEPS];
    expected_t expected[MAX_EXPECTED];
    int64_t still_open, missing_end_us;
} story_t;

#define S * RS_US_PER_S
#define OFFERED(n) {RS_COUNT_OFFERED, n}
#define ANSWERED(n) {RS_COUNT_ANSWERED, n}, {RS_COUNT_ANSWERED_IN_T, n}
#define HANDLED(n, seconds) {RS_COUNT_HANDLED, n}, {RS_COUNT_TALK_US, (seconds) S}

static const story_t stories[] = {
    {"an_answer_before_its_queueing_by_another_clock_meets_it_with_wait_0",
     {{10, RS_CONTACT_ANSWERED, "q", "ann", "other"}, {11, RS_CONTACT_QUEUED, "q"}, {40, RS_CONTACT_ENDED, "", "ann"}},
     {OFFERED(1), ANSWERED(1), HANDLED(1, 30), {RS_COUNT_CLOCK_ANOMALY, 1}}},
    {"one_that_was_measured_keeps_its_measure",
     {{10, RS_CONTACT_ANSWERED, "q", "ann", "other", 0, 1500}, {11, RS_CONTACT_QUEUED, "q"}, {40, RS_CONTACT_ENDED, "", "ann"}},
     {OFFERED(1), ANSWERED(1), {RS_COUNT_WAIT_ANSWERED_US, 1500000}, HANDLED(1, 30), {RS_COUNT_CLOCK_ANOMALY, 1}}},
    {"an_abandonment_before_its_queueing_meets_it_likewise",
     {{10, RS_CONTACT_ABANDONED, "q", "", "other", RS_STAGE_QUEUE}, {12, RS_CONTACT_QUEUED, "q"}},
     {OFFERED(1), {RS_COUNT_ABANDONED, 1}, {RS_COUNT_ABANDONED_IN_T, 1}, {RS_COUNT_ABANDONED_SHORT, 1}, {RS_COUNT_CLOCK_ANOMALY, 1}}},
    {"an_answer_before_its_queueing_by_the_same_clock_is_direct",
     {{10, RS_CONTACT_ANSWERED, "q", "ann"}, {11, RS_CONTACT_QUEUED, "q"}, {40, RS_CONTACT_ENDED, "", "ann"}},
     {OFFERED(1), {RS_COUNT_ABANDONED, 1}, HANDLED(1, 30), {RS_COUNT_WAIT_ABANDONED_US, 29 S}, {RS_COUNT_EXCESS_US, 9 S}}},
    {"an_answer_too_far_before_its_queueing_is_direct",
     {{10, RS_CONTACT_ANSWERED, "q", "ann", "other"}, {13, RS_CONTACT_QUEUED, "q"}, {40, RS_CONTACT_ENDED, "", "ann"}},
     {OFFERED(1), {RS_COUNT_ABANDONED, 1}, HANDLED(1, 30), {RS_COUNT_WAIT_ABANDONED_US, 27 S}, {RS_COUNT_EXCESS_US, 7 S}}},
    {"an_answer_in_a_queue_that_never_saw_the_contact_closes_the_leg_under_the_legs_queue",
     {{0, RS_CONTACT_QUEUED, "q"}, {5, RS_CONTACT_ANSWERED, "elsewhere", "ann"}, {25, RS_CONTACT_ENDED}},
     {OFFERED(1), ANSWERED(1), {RS_COUNT_WAIT_ANSWERED_US, 5 S}, HANDLED(1, 20)}},
    {"an_answer_without_any_leg_is_handled_and_offered_nowhere",
     {{5, RS_CONTACT_ANSWERED, "q", "ann"}, {25, RS_CONTACT_ENDED}}, {HANDLED(1, 20)}},
    {"queued_while_a_leg_is_open_is_a_requeue_also_into_the_same_queue",
     {{0, RS_CONTACT_QUEUED, "q"}, {5, RS_CONTACT_QUEUED, "q"}, {8, RS_CONTACT_QUEUED, "r"}},
     {OFFERED(3), {RS_COUNT_FLOWED_OUT, 2}, {RS_COUNT_FLOW_REQUEUED, 2}, {RS_COUNT_FLOWED_OUT_IN_T, 2}}, .still_open = 1},
    {"a_second_answer_of_the_same_agent_does_nothing",
     {{0, RS_CONTACT_ANSWERED, "q", "ann"}, {5, RS_CONTACT_ANSWERED, "q", "ann"}, {20, RS_CONTACT_ENDED}}, {HANDLED(1, 20)}},
    {"an_answer_of_another_agent_ends_the_first_handling_without_a_transfer",
     {{0, RS_CONTACT_ANSWERED, "q", "ann"}, {15, RS_CONTACT_ANSWERED, "q", "bob"}, {35, RS_CONTACT_ENDED}}, {HANDLED(2, 35)}},
    {"a_second_end_does_nothing",
     {{0, RS_CONTACT_QUEUED, "q"}, {5, RS_CONTACT_ABANDONED, "", "", NULL, RS_STAGE_QUEUE}, {6, RS_CONTACT_ENDED}, {7, RS_CONTACT_ENDED}},
     {OFFERED(1), {RS_COUNT_ABANDONED, 1}, {RS_COUNT_ABANDONED_IN_T, 1}, {RS_COUNT_ABANDONED_SHORT, 1}, {RS_COUNT_WAIT_ABANDONED_US, 5 S}}},
    {"leaving_a_queue_without_a_leg_does_nothing",
     {{0, RS_CONTACT_DEQUEUED, "q", "", NULL, RS_FLOW_TIMEOUT}, {5, RS_CONTACT_ABANDONED, "q", "", NULL, RS_STAGE_RING}}, {{0}}},
    {"abandoned_in_the_flow_without_a_leg_is_counted_apart",
     {{5, RS_CONTACT_ABANDONED, "q", "", NULL, RS_STAGE_FLOW}}, {{RS_COUNT_ABANDONED_BEFORE_QUEUE, 1}}},
    {"abandoned_ends_an_open_handling",
     {{0, RS_CONTACT_ANSWERED, "q", "ann"}, {20, RS_CONTACT_ABANDONED, "", "", NULL, RS_STAGE_QUEUE}}, {HANDLED(1, 20)}},
    {"ended_with_a_leg_open_abandons_it_whoever_ended",
     {{0, RS_CONTACT_QUEUED, "q"}, {15, RS_CONTACT_ENDED, "", "", NULL, RS_PARTY_AGENT}},
     {OFFERED(1), {RS_COUNT_ABANDONED, 1}, {RS_COUNT_ABANDONED_IN_T, 1}, {RS_COUNT_WAIT_ABANDONED_US, 15 S}}},
    {"after_its_end_a_contact_may_go_on",
     {{0, RS_CONTACT_ANSWERED, "q", "ann"}, {20, RS_CONTACT_ENDED}, {30, RS_CONTACT_QUEUED, "q"}, {31, RS_CONTACT_ANSWERED, "", "bob"},
      {51, RS_CONTACT_ENDED}},
     {OFFERED(1), ANSWERED(1), {RS_COUNT_WAIT_ANSWERED_US, 1 S}, HANDLED(2, 40)}},
    {"holds_that_do_not_fit_are_ignored_and_a_hold_ends_with_its_handling",
     {{0, RS_CONTACT_RETRIEVED}, {0, RS_CONTACT_HELD}, {1, RS_CONTACT_ANSWERED, "q", "ann"}, {2, RS_CONTACT_RETRIEVED},
      {11, RS_CONTACT_HELD}, {13, RS_CONTACT_HELD},
      {21, RS_CONTACT_ENDED}},
     {HANDLED(1, 10), {RS_COUNT_HOLD_US, 10 S}, {RS_COUNT_HOLDS, 1}}},
    {"a_transfer_without_a_handling_is_ignored",
     {{0, RS_CONTACT_QUEUED, "q"}, {1, RS_CONTACT_TRANSFERRED, "", "ann", NULL, RS_TRANSFER_BLIND}}, {OFFERED(1)}, .still_open = 1},
    {"a_second_start_and_a_lone_end_of_a_wrap_up_are_ignored",
     {{0, RS_CONTACT_WRAPUP_ENDED, "", "ann"}, {1, RS_CONTACT_ANSWERED, "q", "ann"}, {21, RS_CONTACT_WRAPUP_STARTED, "", "ann"},
      {25, RS_CONTACT_WRAPUP_STARTED, "", "ann"}, {30, RS_CONTACT_WRAPUP_ENDED, "", "ann"}, {40, RS_CONTACT_WRAPUP_ENDED, "", "ann"}},
     {HANDLED(1, 20), {RS_COUNT_WRAPS, 1}, {RS_COUNT_WRAP_US, 9 S}}},
    {"a_missing_end_is_lost_and_no_policy_judges_it",
     {{0, RS_CONTACT_ANSWERED, "q", "ann"}, {5, RS_CONTACT_QUEUED, "q"}, {3700, RS_CONTACT_CREATED}},
     {OFFERED(1), {RS_COUNT_FLOWED_OUT, 1}, {RS_COUNT_FLOW_LOST, 1}, {RS_COUNT_HANDLING_LOST, 1}, {RS_COUNT_EXCESS_US, 3580 S}},
     .missing_end_us = 3600 S},
    {"a_clock_that_jumps_back_puts_the_event_in_its_place",
     {{10, RS_CONTACT_ANSWERED, "", "ann"}, {4, RS_CONTACT_QUEUED, "q"}, {30, RS_CONTACT_ENDED}},
     {OFFERED(1), ANSWERED(1), {RS_COUNT_WAIT_ANSWERED_US, 6 S}, HANDLED(1, 20)}},
    {"a_hold_longer_than_the_handling_leaves_no_talk_and_nothing_negative",
     {{0, RS_CONTACT_ANSWERED, "q", "ann"}, {10, RS_CONTACT_ENDED, "", "", NULL, 0, 60000}},
     {{RS_COUNT_HANDLED, 1}, {RS_COUNT_HANDLED_SHORT, 1}, {RS_COUNT_HOLD_US, 60 S}}},
    {"an_agents_message_that_answers_nothing_is_no_reply",
     {{0, RS_CONTACT_MESSAGE, "q", "ann", NULL, RS_PARTY_AGENT}, {5, RS_CONTACT_MESSAGE, "q", "ann", NULL, RS_PARTY_AGENT}}, {{0}}},
    {"closing_twice_and_reopening_twice_count_once",
     {{0, RS_CONTACT_CREATED}, {10, RS_CONTACT_CLOSED}, {20, RS_CONTACT_CLOSED}, {30, RS_CONTACT_REOPENED}, {40, RS_CONTACT_REOPENED}},
     {{RS_COUNT_RESOLUTIONS, 1}, {RS_COUNT_RESOLUTION_US, 10 S}, {RS_COUNT_RESOLUTION_CALENDAR_US, 10 S}, {RS_COUNT_REOPENED, 1}}},
    {"a_closing_with_nothing_before_it_has_no_resolution_time", {{10, RS_CONTACT_CLOSED}, {20, RS_CONTACT_CLOSED}}, {{0}}},
    {"a_reopening_whose_closing_never_came_begins_the_clock",
     {{0, RS_CONTACT_CREATED}, {10, RS_CONTACT_REOPENED}, {15, RS_CONTACT_CLOSED}},
     {{RS_COUNT_REOPENED, 1}, {RS_COUNT_RESOLUTIONS, 1}, {RS_COUNT_RESOLUTION_US, 5 S}, {RS_COUNT_RESOLUTION_CALENDAR_US, 5 S}}},
    {"a_call_back_of_a_contact_that_was_never_queued_is_counted",
     {{0, RS_CALLBACK_REQUESTED, "q"}, {9, RS_CALLBACK_FAILED}}, {{RS_COUNT_CALLBACKS_REQUESTED, 1}, {RS_COUNT_CALLBACKS_FAILED, 1}}},
};

static void apply_step(desk_t *desk, const step_t *step) {
    desk->source = step->source != NULL ? step->source : "test";
    rs_event_t event = desk_make(desk, step->type, "c", step->queue, step->agent, step->at_s);
    switch (step->type) {
        case RS_CONTACT_ABANDONED: event.stage = step->detail; break;
        case RS_CONTACT_TRANSFERRED: event.kind = step->detail; break;
        case RS_CONTACT_MESSAGE:
        case RS_CONTACT_ENDED: event.party = step->detail; break;
        default: event.reason = step->detail; break;
    }
    const bool of_hold = step->type == RS_CONTACT_ENDED;
    if (step->ms > 0) event.present |= of_hold ? RS_HAS_HOLD_MS : RS_HAS_WAIT_MS;
    if (of_hold) event.hold_ms = step->ms;
    else event.wait_ms = step->ms;
    desk_apply(desk, &event);
}

static int64_t expected_of(const story_t *story, unsigned count) {
    for (size_t i = 0; i < MAX_EXPECTED; i++) {
        if (story->expected[i].count == count && story->expected[i].value != 0) return story->expected[i].value;
    }
    return 0;
}

static void check_story(void **state) {
    const story_t *story = *state;
    void *opened = NULL;
    assert_int_equal(desk_open(&opened), 0);
    desk_t *desk = opened;
    desk->config->missing_end_us = story->missing_end_us;
    for (size_t i = 0; i < MAX_STEPS && story->steps[i].type != 0; i++) apply_step(desk, &story->steps[i]);
    rs_core_finish(desk->core);
    for (unsigned count = 0; count < RS_COUNT_SL_NUM_0; count++) {
        const int64_t is = desk_total(desk, (rs_count_t)count), should_be = expected_of(story, count);
        if (is != should_be) fail_msg("%s: %s is %lld, not %lld", story->name, rs_count_name(count), (long long)is, (long long)should_be);
    }
    assert_int_equal(desk_still_open(desk), story->still_open);
    if (story->missing_end_us > 0) assert_int_equal(desk_total(desk, RS_COUNT_SL_DEN_0), 0);
    desk_close(&opened);
}

/* --- what needs more than a story --------------------------------------------------------------------------------------- */
static void an_id_used_again_after_days_is_a_new_contact_whose_old_figures_stay(void **state) {
    desk_t *desk = *state;
    desk_note(desk, RS_CONTACT_QUEUED, "c", "q", "", 0);
    desk_note(desk, RS_CONTACT_ANSWERED, "c", "", "ann", 5);
    desk_note(desk, RS_CONTACT_ENDED, "c", "", "ann", 65);
    for (int hour = 1; hour <= 23; hour++) desk_note(desk, RS_CONTACT_CREATED, "other", "", "", hour * DESK_HOUR_S);
    desk_note(desk, RS_CONTACT_WRAPUP_STARTED, "c", "", "", 23 * DESK_HOUR_S);                   /* the same: its handling is known */
    desk_note(desk, RS_CONTACT_WRAPUP_ENDED, "c", "", "", 23 * DESK_HOUR_S + 60);
    assert_int_equal(desk_total(desk, RS_COUNT_WRAPS), 1);
    for (int hour = 24; hour <= 72; hour++) desk_note(desk, RS_CONTACT_CREATED, "other", "", "", hour * DESK_HOUR_S);
    desk_note(desk, RS_CONTACT_WRAPUP_STARTED, "c", "", "", 72 * DESK_HOUR_S);                   /* nobody's */
    desk_note(desk, RS_CONTACT_WRAPUP_ENDED, "c", "", "", 72 * DESK_HOUR_S + 60);
    desk_note(desk, RS_CONTACT_QUEUED, "c", "q", "", 73 * DESK_HOUR_S);
    assert_int_equal(desk_total(desk, RS_COUNT_WRAPS), 1);
    assert_int_equal(desk_total(desk, RS_COUNT_OFFERED), 2);
    assert_int_equal(desk_total(desk, RS_COUNT_HANDLED), 1);
}

static void a_clock_that_jumps_too_far_back_or_ahead_is_refused_and_counted(void **state) {
    desk_t *desk = *state;
    desk->live = true;
    desk->arrival_us = DESK_MONDAY_US + 5000 S;
    desk_note(desk, RS_CONTACT_QUEUED, "c", "q", "", 5000);
    desk_note(desk, RS_CONTACT_QUEUED, "d", "q", "", 5000 - 601);
    desk_note(desk, RS_CONTACT_QUEUED, "e", "q", "", 5061);
    assert_int_equal(desk->refused[RS_REFUSAL_TOO_LATE], 1);
    assert_int_equal(desk->refused[RS_REFUSAL_FUTURE], 1);
    assert_int_equal(desk_total(desk, RS_COUNT_OFFERED), 1);
}

int run_story_tests(void) {
    struct CMUnitTest tests[RS_ARRAY_LEN(stories) + 2];
    for (size_t i = 0; i < RS_ARRAY_LEN(stories); i++) {
        tests[i] = (struct CMUnitTest){.name = stories[i].name, .test_func = check_story, .initial_state = (void *)(uintptr_t)&stories[i]};
    }
    tests[RS_ARRAY_LEN(stories)] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(
        an_id_used_again_after_days_is_a_new_contact_whose_old_figures_stay, desk_open, desk_close);
    tests[RS_ARRAY_LEN(stories) + 1] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(
        a_clock_that_jumps_too_far_back_or_ahead_is_refused_and_counted, desk_open, desk_close);
    return cmocka_run_group_tests_name("stories", tests, NULL, NULL);
}
