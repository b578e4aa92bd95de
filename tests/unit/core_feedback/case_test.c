/* Late events, folding, room, and the gauges of open complaints. */
#include "feedback_test.h"

#include "core/core_internal.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>

#define RECEIVED RS_FEEDBACK_STAGE_RECEIVED
#define ACKNOWLEDGED RS_FEEDBACK_STAGE_ACKNOWLEDGED
#define CLOSED RS_FEEDBACK_STAGE_CLOSED

static int64_t at(int64_t seconds) { return FEEDBACK_TEST_START + seconds * RS_US_PER_S; }

static void an_event_that_comes_late_re_derives_its_case(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    feedback_complaint(&test, "K1", CLOSED, 300);
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINT_CLOSE_US), 0);
    feedback_complaint(&test, "K1", RECEIVED, -100);          /* of another interval */
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS), 1);
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS_CLOSED), 1);
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINT_CLOSE_US), 400 * RS_US_PER_S);
    feedback_complaint(&test, "K1", ACKNOWLEDGED, 100);
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINT_CLOSE_US), 200 * RS_US_PER_S);
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINT_ACKNOWLEDGE_US), 200 * RS_US_PER_S);
    feedback_end(&test);
}

static void a_case_lives_for_weeks_and_what_would_change_its_folded_part_is_too_late(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    feedback_complaint(&test, "K1", RECEIVED, 0);
    feedback_complaint(&test, "K1", ACKNOWLEDGED, 60);
    for (int day = 1; day <= 50; day++) rs_core_tick(test.core, at(day * 86400));
    assert_int_equal(test.core->cases.events.live, 0);        /* folded to the record */
    assert_int_equal(feedback_gauges(&test).open[ACKNOWLEDGED], 1);
    rs_event_t spooled = feedback_case(&test, "K1", RS_FEEDBACK_COMPLAINT, CLOSED, 30);
    spooled.source = RS_STR("spool");                          /* in order for its own source */
    feedback_apply(&test, spooled);
    assert_int_equal(test.verdict, RS_REFUSAL_TOO_LATE);
    feedback_complaint(&test, "K1", CLOSED, 50 * 86400);
    assert_int_equal(test.verdict, RS_REFUSAL_NONE);
    assert_int_equal(feedback_gauges(&test).all_open, 0);
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINT_CLOSE_US), (50 * INT64_C(86400) - 60) * RS_US_PER_S);
    rs_event_t late = feedback_case(&test, "K1", RS_FEEDBACK_COMPLAINT, RS_FEEDBACK_STAGE_RESPONDED, 50 * 86400 - 300);
    feedback_apply(&test, late);                               /* after the folded part: read again from there */
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINT_CLOSE_US), 300 * RS_US_PER_S);
    feedback_end(&test);
}

static void tenants_have_cases_of_their_own(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    feedback_complaint(&test, "K1", RECEIVED, 0);
    rs_event_t event = feedback_case(&test, "K1", RS_FEEDBACK_COMPLAINT, CLOSED, 10);
    event.tenant = RS_STR("acme");
    feedback_apply(&test, event);
    assert_int_equal(rs_core_complaint_tenants(test.core), 2);
    assert_int_equal(feedback_gauges(&test).all_open, 1);
    rs_complaint_gauges_t acme;
    rs_core_complaints(test.core, 1, &acme);
    assert_true(rs_str_equal(acme.tenant, RS_STR("acme")));
    assert_int_equal(acme.all_open, 0);
    feedback_end(&test);
}

static void closed_cases_make_room_the_one_folded_longest_ago_first_then_events_are_refused(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    test.config->limits.cases = 4;
    feedback_complaint(&test, "A", CLOSED, 0);
    rs_core_tick(test.core, at(700));
    feedback_complaint(&test, "B", CLOSED, 700);
    feedback_complaint(&test, "C", RECEIVED, 700);
    feedback_complaint(&test, "D", RECEIVED, 700);
    rs_core_tick(test.core, at(1400));
    feedback_complaint(&test, "E", RECEIVED, 1400);            /* A goes */
    assert_int_equal(test.verdict, RS_REFUSAL_NONE);
    feedback_complaint(&test, "B", CLOSED, 1401);              /* B is known still: repeated */
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS_CLOSED), 2);
    feedback_complaint(&test, "F", RECEIVED, 1402);            /* B's events may still change: no room */
    assert_int_equal(test.verdict, RS_REFUSAL_LIMIT);
    assert_int_equal(rs_core_losses(test.core).cases, 2);
    rs_core_tick(test.core, at(2100));
    feedback_complaint(&test, "F", RECEIVED, 2100);            /* now B goes */
    assert_int_equal(test.verdict, RS_REFUSAL_NONE);
    feedback_complaint(&test, "G", RECEIVED, 2101);            /* open ones stay */
    assert_int_equal(test.verdict, RS_REFUSAL_LIMIT);
    assert_int_equal(feedback_gauges(&test).all_open, 4);
    feedback_end(&test);
}

static void a_case_with_more_events_than_it_may_keep_folds_and_goes_on(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    test.config->limits.contact_events = 8;
    for (int i = 0; i < 50; i++) {
        feedback_complaint(&test, "K1", RECEIVED, i * 2);
        feedback_complaint(&test, "K1", CLOSED, i * 2 + 1);
    }
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS_CLOSED), 50);
    feedback_complaint(&test, "K1", RECEIVED, 3);
    assert_int_equal(test.verdict, RS_REFUSAL_TOO_LATE);
    feedback_end(&test);
}

/* --- gauges ----------------------------------------------------------------------------------------------------------- */
static void an_open_complaint_becomes_overdue_by_time_alone(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    test.config->feedback.acknowledge_us = 100 * RS_US_PER_S;
    test.config->feedback.close_us = 50 * RS_US_PER_S;
    feedback_complaint(&test, "K1", RECEIVED, 0);
    feedback_complaint(&test, "K2", RECEIVED, 30);
    assert_int_equal(feedback_gauges(&test).next_overdue_us, at(100) + 1);
    rs_core_tick(test.core, at(100));
    assert_int_equal(feedback_gauges(&test).overdue, 0);       /* not longer than its deadline yet */
    rs_core_tick(test.core, at(101));
    assert_int_equal(feedback_gauges(&test).overdue, 1);
    assert_int_equal(feedback_gauges(&test).next_overdue_us, at(130) + 1);
    feedback_complaint(&test, "K1", ACKNOWLEDGED, 101);        /* the next stage that has a deadline: closed */
    assert_int_equal(feedback_gauges(&test).overdue, 0);
    assert_int_equal(feedback_gauges(&test).open[RECEIVED], 1);
    assert_int_equal(feedback_gauges(&test).open[ACKNOWLEDGED], 1);
    feedback_complaint(&test, "K2", CLOSED, 110);
    assert_int_equal(feedback_gauges(&test).next_overdue_us, at(151) + 1);
    feedback_complaint(&test, "K1", CLOSED, 120);
    assert_int_equal(feedback_gauges(&test).next_overdue_us, INT64_MAX);
    assert_int_equal(feedback_gauges(&test).all_open, 0);
    feedback_end(&test);
}

static void a_late_event_takes_an_overdue_complaint_back(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    test.config->feedback.acknowledge_us = 100 * RS_US_PER_S;
    feedback_complaint(&test, "K1", RECEIVED, 0);
    rs_core_tick(test.core, at(300));
    assert_int_equal(feedback_gauges(&test).overdue, 1);
    feedback_complaint(&test, "K1", ACKNOWLEDGED, 90);
    assert_int_equal(feedback_gauges(&test).overdue, 0);
    feedback_complaint(&test, "K2", RECEIVED, 100);            /* comes when its deadline has passed already */
    assert_int_equal(feedback_gauges(&test).overdue, 1);
    feedback_end(&test);
}

/* Against a plain list: random complaints, random moments, overdue in slices of a few. */
static void the_heap_says_what_a_list_says(void **state) {
    (void)state;
    enum { CASES = 600, TENANTS = 3 };
    rs_random_t random = {rs_random_seed()};
    feedback_test_t test;
    feedback_begin(&test);
    test.config->feedback.acknowledge_us = 500 * RS_US_PER_S;
    test.config->feedback.investigate_us = 900 * RS_US_PER_S;
    test.config->feedback.respond_us = 300 * RS_US_PER_S;
    test.config->feedback.close_us = 100 * RS_US_PER_S;
    int64_t overdue_from[CASES] = {0};
    int stage[CASES] = {0};
    static const char *const tenants[TENANTS] = {"x", "y", "z"};
    int64_t now_s = 0;
    for (int turn = 0; turn < 4000; turn++) {
        now_s += (int64_t)rs_random_below(&random, 3);
        const size_t number = (size_t)rs_random_below(&random, CASES);
        char id[16];
        snprintf(id, sizeof id, "K%zu", number);
        if (stage[number] < CLOSED) {
            stage[number] = stage[number] == 0 ? RECEIVED : stage[number] + 1;
            rs_event_t event = feedback_case(&test, id, RS_FEEDBACK_COMPLAINT, (rs_feedback_stage_t)stage[number], now_s);
            event.tenant = rs_str(tenants[number % TENANTS]);
            feedback_apply(&test, event);
            const int64_t deadlines_s[] = {500, 900, 300, 100};
            if (stage[number] < CLOSED) overdue_from[number] = at(now_s + deadlines_s[stage[number] - RECEIVED]) + 1;
        }
        rs_core_tick(test.core, at(now_s));
        rs_cases_follow_time(&test.core->cases, at(now_s), 3);
        const char *why = "";
        if (rs_cases_check(&test.core->cases, &why) != RS_OK) fail_msg("%s", why);
        for (uint32_t i = 0; i < rs_core_complaint_tenants(test.core); i++) {
            rs_complaint_gauges_t gauges;
            rs_core_complaints(test.core, i, &gauges);
            uint32_t open = 0, overdue = 0;
            int64_t next_us = INT64_MAX;
            for (size_t k = 0; k < CASES; k++) {
                if (stage[k] == 0 || stage[k] == CLOSED || !rs_str_equal(rs_str(tenants[k % TENANTS]), gauges.tenant)) continue;
                open++;
                if (overdue_from[k] <= at(now_s)) overdue++;
                else if (overdue_from[k] < next_us) next_us = overdue_from[k];
            }
            assert_int_equal(gauges.all_open, open);
            assert_int_equal(gauges.overdue, overdue);
            assert_true(gauges.next_overdue_us == next_us);
        }
    }
    feedback_end(&test);
}

const struct CMUnitTest case_tests[] = {
    cmocka_unit_test(an_event_that_comes_late_re_derives_its_case),
    cmocka_unit_test(a_case_lives_for_weeks_and_what_would_change_its_folded_part_is_too_late),
    cmocka_unit_test(tenants_have_cases_of_their_own),
    cmocka_unit_test(closed_cases_make_room_the_one_folded_longest_ago_first_then_events_are_refused),
    cmocka_unit_test(a_case_with_more_events_than_it_may_keep_folds_and_goes_on),
    cmocka_unit_test(an_open_complaint_becomes_overdue_by_time_alone),
    cmocka_unit_test(a_late_event_takes_an_overdue_complaint_back),
    cmocka_unit_test(the_heap_says_what_a_list_says),
};
const size_t case_test_count = RS_ARRAY_LEN(case_tests);
