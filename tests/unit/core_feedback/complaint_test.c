/* How complaints go through their stages, and against which clock. */
#include "feedback_test.h"

#define RECEIVED RS_FEEDBACK_STAGE_RECEIVED
#define ACKNOWLEDGED RS_FEEDBACK_STAGE_ACKNOWLEDGED
#define INVESTIGATED RS_FEEDBACK_STAGE_INVESTIGATED
#define RESPONDED RS_FEEDBACK_STAGE_RESPONDED
#define CLOSED RS_FEEDBACK_STAGE_CLOSED

/* Count and seconds of each stage, from acknowledged to closed. */
static void stages_are(feedback_test_t *test, const int64_t expected[4][2]) {
    static const rs_count_t counts[4][2] = {{RS_COUNT_COMPLAINTS_ACKNOWLEDGED, RS_COUNT_COMPLAINT_ACKNOWLEDGE_US},
                                            {RS_COUNT_COMPLAINTS_INVESTIGATED, RS_COUNT_COMPLAINT_INVESTIGATE_US},
                                            {RS_COUNT_COMPLAINTS_RESPONDED, RS_COUNT_COMPLAINT_RESPOND_US},
                                            {RS_COUNT_COMPLAINTS_CLOSED, RS_COUNT_COMPLAINT_CLOSE_US}};
    for (int i = 0; i < 4; i++) {
        const int64_t count = feedback_total(test, counts[i][0]), us = feedback_total(test, counts[i][1]);
        if (count != expected[i][0] || us != expected[i][1] * RS_US_PER_S) {
            fail_msg("stage %d: %lld in %lld us", i + 1, (long long)count, (long long)us);
        }
    }
}
#define STAGES_ARE(test, ...) stages_are((test), (const int64_t[4][2]){__VA_ARGS__})

typedef struct step { rs_feedback_stage_t stage; int64_t seconds; } step_t;
static void tell(feedback_test_t *test, const step_t *steps, size_t count) {
    for (size_t i = 0; i < count; i++) feedback_complaint(test, "K1", steps[i].stage, steps[i].seconds);
}
#define TELL(test, ...) tell((test), (const step_t[]){__VA_ARGS__}, sizeof((const step_t[]){__VA_ARGS__}) / sizeof(step_t))

static void each_stage_takes_the_time_since_the_one_before(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    TELL(&test, {RECEIVED, 0}, {ACKNOWLEDGED, 10}, {INVESTIGATED, 110}, {RESPONDED, 160}, {CLOSED, 161});
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS), 1);
    STAGES_ARE(&test, {1, 10}, {1, 100}, {1, 50}, {1, 1});
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS_OVERDUE), 0);
    feedback_end(&test);
}

static void a_repeated_stage_changes_nothing(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    TELL(&test, {RECEIVED, 0}, {RECEIVED, 5}, {ACKNOWLEDGED, 10}, {ACKNOWLEDGED, 20}, {CLOSED, 30}, {CLOSED, 40});
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS), 1);
    STAGES_ARE(&test, {1, 10}, {0, 0}, {0, 0}, {1, 20});
    feedback_end(&test);
}

static void a_skipped_stage_may_be_reached_afterwards_until_the_case_is_closed(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    TELL(&test, {RECEIVED, 0}, {RESPONDED, 100}, {ACKNOWLEDGED, 150}, {CLOSED, 160});
    STAGES_ARE(&test, {1, 150}, {0, 0}, {1, 100}, {1, 10});
    assert_int_equal(feedback_gauges(&test).all_open, 0);
    feedback_end(&test);
}

static void going_back_reopens_and_begins_all_clocks_anew(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    TELL(&test, {RECEIVED, 0}, {ACKNOWLEDGED, 10}, {RESPONDED, 50}, {CLOSED, 60}, {ACKNOWLEDGED, 1000});
    assert_int_equal(feedback_gauges(&test).all_open, 1);
    assert_int_equal(feedback_gauges(&test).open[ACKNOWLEDGED], 1);
    TELL(&test, {RESPONDED, 1020}, {CLOSED, 1025});
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS), 1);
    STAGES_ARE(&test, {1, 10}, {0, 0}, {2, 60}, {2, 15});
    TELL(&test, {INVESTIGATED, 1100}, {CLOSED, 1101});      /* after closed even a stage never reached reopens, counting nothing */
    STAGES_ARE(&test, {1, 10}, {0, 0}, {2, 60}, {3, 16});
    assert_int_equal(feedback_gauges(&test).all_open, 0);
    feedback_end(&test);
}

static void a_complaint_that_begins_with_a_later_stage_was_received_then(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    TELL(&test, {INVESTIGATED, 100}, {CLOSED, 130});
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS), 1);
    STAGES_ARE(&test, {0, 0}, {1, 0}, {0, 0}, {1, 30});
    feedback_end(&test);
}

static void stages_that_are_not_named_or_not_known_change_nothing(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    TELL(&test, {RS_FEEDBACK_STAGE_NONE, 0}, {RS_FEEDBACK_STAGE_OTHER, 10}, {CLOSED, 20});
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS), 1);
    STAGES_ARE(&test, {0, 0}, {0, 0}, {0, 0}, {1, 20});
    feedback_end(&test);
}

static void a_stage_is_overdue_when_it_took_longer_than_its_own_deadline(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    test.config->feedback.acknowledge_us = 10 * RS_US_PER_S;
    test.config->feedback.respond_us = 100 * RS_US_PER_S;
    TELL(&test, {RECEIVED, 0}, {ACKNOWLEDGED, 10}, {INVESTIGATED, 5000}, {RESPONDED, 5101}, {CLOSED, 9000});
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS_OVERDUE), 1);
    rs_event_t event = feedback_case(&test, "K2", RS_FEEDBACK_COMPLAINT, RECEIVED, 9100);
    feedback_apply(&test, event);
    event = feedback_case(&test, "K2", RS_FEEDBACK_COMPLAINT, ACKNOWLEDGED, 9110);
    event.occurred_us++;                                     /* a microsecond too late */
    feedback_apply(&test, event);
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS_OVERDUE), 2);
    feedback_end(&test);
}

static rs_zone_transition_t utc_table[] = {{0, 0}};
static const rs_zone_t utc = {"UTC", 1, utc_table};

/* 2023-11-14 is a Tuesday; 22:13:20 in UTC is where the tests begin, at 22:00 after cutting to the quarter. */
static void hours_stop_the_clock_at_night(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    rs_calendar_span_t week[5];
    for (uint8_t day = 0; day < 5; day++) week[day] = (rs_calendar_span_t){.weekday = day, .from_s = 9 * 3600, .to_s = 17 * 3600};
    rs_hours_config_t hours = {.name = RS_STR("office")};
    assert_int_equal(rs_calendar_create(&utc, week, 5, NULL, 0, &hours.calendar), RS_OK);
    test.config->hours = &hours;
    test.config->hours_count = 1;
    test.config->feedback.complaint_hours = RS_STR("office");
    test.config->feedback.acknowledge_us = 2 * RS_US_PER_HOUR;
    const int64_t nine_s = (FEEDBACK_TEST_START / RS_US_PER_DAY * RS_US_PER_DAY + RS_US_PER_DAY + 9 * RS_US_PER_HOUR -
                            FEEDBACK_TEST_START) / RS_US_PER_S;
    TELL(&test, {RECEIVED, 0});
    assert_int_equal(feedback_gauges(&test).next_overdue_us, FEEDBACK_TEST_START + (nine_s + 7200) * RS_US_PER_S + 1);
    TELL(&test, {ACKNOWLEDGED, nine_s + 3600}, {CLOSED, nine_s + 3 * 86400});
    /* Wednesday from 10:00, Thursday, Friday; not Saturday's morning */
    STAGES_ARE(&test, {1, 3600}, {0, 0}, {0, 0}, {1, (7 + 8 + 8) * 3600});
    feedback_end(&test);
    rs_calendar_destroy(&hours.calendar);
}

/* --- kinds ------------------------------------------------------------------------------------------------------------ */
static void each_kind_counts_once_per_case(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    feedback_apply(&test, feedback_case(&test, "S", RS_FEEDBACK_SUGGESTION, RECEIVED, 0));
    feedback_apply(&test, feedback_case(&test, "S", RS_FEEDBACK_SUGGESTION, ACKNOWLEDGED, 1));
    feedback_apply(&test, feedback_case(&test, "S", RS_FEEDBACK_COMPLAINT, RECEIVED, 2));      /* it became a complaint */
    feedback_apply(&test, feedback_case(&test, "S", RS_FEEDBACK_OTHER, CLOSED, 12));           /* no kind: the complaint's */
    feedback_apply(&test, feedback_case(&test, "O", RS_FEEDBACK_OTHER, CLOSED, 13));           /* no kind ever */
    feedback_apply(&test, feedback_case(&test, "C", RS_FEEDBACK_COMPLIMENT, CLOSED, 14));
    assert_int_equal(feedback_total(&test, RS_COUNT_SUGGESTIONS), 1);
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLIMENTS), 1);
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS), 1);
    STAGES_ARE(&test, {0, 0}, {0, 0}, {0, 0}, {1, 10});
    feedback_end(&test);
}

static void without_a_case_id_each_is_a_case_of_its_own_and_never_open(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    for (int i = 0; i < 3; i++) feedback_apply(&test, feedback_case(&test, "", RS_FEEDBACK_COMPLAINT, RECEIVED, i));
    feedback_apply(&test, feedback_case(&test, "", RS_FEEDBACK_COMPLAINT, CLOSED, 10));
    feedback_apply(&test, feedback_case(&test, "", RS_FEEDBACK_COMPLIMENT, RS_FEEDBACK_STAGE_NONE, 11));
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLAINTS), 4);
    assert_int_equal(feedback_total(&test, RS_COUNT_COMPLIMENTS), 1);
    STAGES_ARE(&test, {0, 0}, {0, 0}, {0, 0}, {1, 0});
    assert_int_equal(rs_core_complaint_tenants(test.core), 0);
    feedback_end(&test);
}

static void events_belong_to_what_they_name_else_to_what_the_case_named_first(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    feedback_complaint(&test, "K1", RECEIVED, 0);
    rs_event_t event = feedback_case(&test, "K1", RS_FEEDBACK_COMPLAINT, ACKNOWLEDGED, 10);
    event.queue = RS_STR("sales");
    event.agent = RS_STR("ann");
    event.team = RS_STR("red");
    event.channel = RS_CHANNEL_EMAIL;
    feedback_apply(&test, event);
    feedback_complaint(&test, "K1", INVESTIGATED, 20);
    event = feedback_case(&test, "K1", RS_FEEDBACK_COMPLAINT, CLOSED, 30);
    event.agent = RS_STR("bob");
    feedback_apply(&test, event);
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "", RS_COUNT_COMPLAINTS), 1);
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "sales", RS_COUNT_COMPLAINTS_ACKNOWLEDGED), 1);
    assert_int_equal(feedback_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_COMPLAINTS_INVESTIGATED), 1);
    assert_int_equal(feedback_count(&test, RS_FAMILY_TEAM, "red", RS_COUNT_COMPLAINTS_INVESTIGATED), 1);
    assert_int_equal(feedback_count(&test, RS_FAMILY_AGENT, "bob", RS_COUNT_COMPLAINTS_CLOSED), 1);
    assert_int_equal(feedback_count(&test, RS_FAMILY_TEAM, "red", RS_COUNT_COMPLAINTS_CLOSED), 0);   /* bob's team is not known */
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "sales", RS_COUNT_COMPLAINTS_CLOSED), 1);
    feedback_end(&test);
}

const struct CMUnitTest complaint_tests[] = {
    cmocka_unit_test(each_stage_takes_the_time_since_the_one_before),
    cmocka_unit_test(a_repeated_stage_changes_nothing),
    cmocka_unit_test(a_skipped_stage_may_be_reached_afterwards_until_the_case_is_closed),
    cmocka_unit_test(going_back_reopens_and_begins_all_clocks_anew),
    cmocka_unit_test(a_complaint_that_begins_with_a_later_stage_was_received_then),
    cmocka_unit_test(stages_that_are_not_named_or_not_known_change_nothing),
    cmocka_unit_test(a_stage_is_overdue_when_it_took_longer_than_its_own_deadline),
    cmocka_unit_test(hours_stop_the_clock_at_night),
    cmocka_unit_test(each_kind_counts_once_per_case),
    cmocka_unit_test(without_a_case_id_each_is_a_case_of_its_own_and_never_open),
    cmocka_unit_test(events_belong_to_what_they_name_else_to_what_the_case_named_first),
};
const size_t complaint_test_count = RS_ARRAY_LEN(complaint_tests);
