#include "feedback_test.h"

#include <stdlib.h>

static void on_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason) {
    feedback_test_t *test = context;
    (void)origin;
    (void)event;
    test->verdict = reason;
}

void feedback_begin(feedback_test_t *test) {
    *test = (feedback_test_t){0};
    assert_int_equal(rs_config_create_default(&test->config), RS_OK);
    test->config->feedback = (rs_feedback_config_t){.csat = {1000, 5000}, .ces = {1000, 7000}};
    test->config->limits.cases = 1000;
}

void feedback_core(feedback_test_t *test) {
    if (test->core != NULL) return;
    const rs_core_options_t options = {
        .config = test->config, .windows = true, .families = (1u << RS_FAMILY_COUNT) - 1,
        .attributions = 1u << RS_ATTRIBUTION_EVENT | 1u << RS_ATTRIBUTION_ENTER,
        .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 900 * RS_US_PER_S},
        .start_us = FEEDBACK_TEST_START, .run = 1, .hash_seed = 7, .effects = {.context = test, .on_verdict = on_verdict}};
    assert_int_equal(rs_core_create(&options, &test->core), RS_OK);
}

void feedback_end(feedback_test_t *test) {
    const char *why = "";
    if (test->core != NULL && rs_core_check(test->core, &why) != RS_OK) fail_msg("%s", why);
    rs_core_destroy(&test->core);
    rs_config_destroy(&test->config);
}

rs_event_t feedback_make(feedback_test_t *test, rs_event_type_t type, int64_t seconds) {
    return (rs_event_t){.occurred_us = FEEDBACK_TEST_START + seconds * RS_US_PER_S, .seq = ++test->seq, .present = RS_HAS_SEQ,
                        .type = (uint8_t)type, .source = RS_STR("test")};
}

void feedback_apply(feedback_test_t *test, rs_event_t event) {
    feedback_core(test);
    test->verdict = RS_REFUSAL_NONE;
    rs_core_apply_event(test->core, &event, event.occurred_us, (rs_origin_t){0});
}

void feedback_contact(feedback_test_t *test, rs_event_type_t type, const char *contact, const char *queue, const char *agent,
                      int64_t seconds) {
    rs_event_t event = feedback_make(test, type, seconds);
    event.contact_id = rs_str(contact);
    event.queue = rs_str(queue);
    event.agent = rs_str(agent);
    feedback_apply(test, event);
}

rs_event_t feedback_survey(feedback_test_t *test, const char *contact, rs_survey_kind_t kind, double score, int64_t seconds) {
    rs_event_t event = feedback_make(test, RS_SURVEY_ANSWERED, seconds);
    event.contact_id = rs_str(contact);
    event.kind = (uint8_t)kind;
    event.present |= RS_HAS_SCORE;
    event.score_milli = (int64_t)(score * 1000);
    return event;
}

rs_event_t feedback_case(feedback_test_t *test, const char *case_id, rs_feedback_kind_t kind, rs_feedback_stage_t stage, int64_t seconds) {
    rs_event_t event = feedback_make(test, RS_FEEDBACK_RECEIVED, seconds);
    event.case_id = rs_str(case_id);
    event.kind = (uint8_t)kind;
    event.stage = (uint8_t)stage;
    return event;
}

void feedback_complaint(feedback_test_t *test, const char *case_id, rs_feedback_stage_t stage, int64_t seconds) {
    feedback_apply(test, feedback_case(test, case_id, RS_FEEDBACK_COMPLAINT, stage, seconds));
}

typedef struct wanted { rs_key_family_t family; rs_str_t name; rs_count_t count; int64_t sum; } wanted_t;

static void add_row(void *context, const rs_row_t *row) {
    wanted_t *wanted = context;
    if (row->attribution != RS_ATTRIBUTION_EVENT || row->key.family != wanted->family || !rs_str_equal(row->key.name, wanted->name)) return;
    wanted->sum += row->counts[wanted->count];
}

int64_t feedback_count(feedback_test_t *test, rs_key_family_t family, const char *name, rs_count_t count) {
    wanted_t wanted = {.family = family, .name = rs_str(name), .count = count};
    rs_core_rows(test->core, add_row, &wanted);
    return wanted.sum;
}

int64_t feedback_total(feedback_test_t *test, rs_count_t count) { return feedback_count(test, RS_FAMILY_TOTAL, "", count); }

rs_complaint_gauges_t feedback_gauges(feedback_test_t *test) {
    rs_complaint_gauges_t gauges;
    assert_true(rs_core_complaint_tenants(test->core) > 0);
    rs_core_complaints(test->core, 0, &gauges);
    return gauges;
}

int main(void) {
    int failed = _cmocka_run_group_tests("surveys", survey_tests, survey_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("complaints", complaint_tests, complaint_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("cases", case_tests, case_test_count, NULL, NULL);
    return failed;
}
