/* What an answer is, where it belongs, and when it comes too early, too late, twice or from elsewhere. */
#include "feedback_test.h"

#include "core/feedback/survey.h"
#include "core/metric.h"

/* --- one answer by itself ------------------------------------------------------------------------------------------- */
static const rs_feedback_config_t config = {.csat = {1000, 5000}, .ces = {1000, 7000}};
static const rs_scale_config_t unnamed = {RS_SCALE_UNNAMED, RS_SCALE_UNNAMED};

static void scores_are_counted_on_their_scale_and_reported_off_it(void **state) {
    (void)state;
    const struct { unsigned kind; int64_t score; rs_scale_config_t named; bool counted, off, top, promoter, detractor; } table[] = {
        {RS_SURVEY_CSAT, 1000, unnamed, true, false, false, false, false},
        {RS_SURVEY_CSAT, 5000, unnamed, true, false, true, false, false},
        {RS_SURVEY_CSAT, 4999, unnamed, true, false, false, false, false},
        {RS_SURVEY_CSAT, 999, unnamed, false, true, false, false, false},
        {RS_SURVEY_CSAT, 5001, unnamed, false, true, false, false, false},
        {RS_SURVEY_CSAT, 5000, {0, 10000}, true, false, false, false, false},
        {RS_SURVEY_CSAT, 10000, {RS_SCALE_UNNAMED, 10000}, true, false, true, false, false},
        {RS_SURVEY_CSAT, 500, {RS_SCALE_UNNAMED, 10000}, false, true, false, false, false},
        {RS_SURVEY_CSAT, -2000, {-3000, RS_SCALE_UNNAMED}, true, false, false, false, false},
        {RS_SURVEY_CSAT, 3000, {5000, 1000}, false, true, false, false, false},
        {RS_SURVEY_CSAT, 3000, {3000, 3000}, false, true, false, false, false},
        {RS_SURVEY_CSAT, 3000, {0, 100000}, true, false, false, false, false},
        {RS_SURVEY_CSAT, 3000, {0, 100001}, false, true, false, false, false},
        {RS_SURVEY_CES, 7000, unnamed, true, false, false, false, false},
        {RS_SURVEY_CES, 7001, unnamed, false, true, false, false, false},
        {RS_SURVEY_NPS, 9000, unnamed, true, false, false, true, false},
        {RS_SURVEY_NPS, 8999, unnamed, true, false, false, false, false},
        {RS_SURVEY_NPS, 6000, unnamed, true, false, false, false, true},
        {RS_SURVEY_NPS, 6001, unnamed, true, false, false, false, false},
        {RS_SURVEY_NPS, 0, {0, 10000}, true, false, false, false, true},
        {RS_SURVEY_NPS, 3000, {1000, 5000}, false, true, false, false, false},
        {RS_SURVEY_NPS, 11000, unnamed, false, true, false, false, false},
        {RS_SURVEY_OTHER, 3000, unnamed, false, false, false, false, false}};
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        const rs_survey_verdict_t v = rs_survey_judge(&config, table[i].kind, table[i].score, table[i].named);
        if (v.counted != table[i].counted || v.off_scale != table[i].off || v.is_top != table[i].top ||
            v.is_promoter != table[i].promoter || v.is_detractor != table[i].detractor) fail_msg("row %zu", i);
    }
}

static void sums_know_their_scale_unless_they_mix_several(void **state) {
    (void)state;
    const rs_scale_config_t scales[] = {{1000, 5000}, {0, 10000}, {-1000, 7000}, {500, 4500}, {0, 100000}, {1000, 7000}};
    for (size_t a = 0; a < RS_ARRAY_LEN(scales); a++) {
        for (size_t b = 0; b < RS_ARRAY_LEN(scales); b++) {
            for (int64_t of_b = 0; of_b <= 3; of_b++) {
                rs_scale_config_t found = {7, 7};
                const int64_t n = 3 + of_b;
                const bool one = rs_scale_of_sums(n, 3 * scales[a].min_milli + of_b * scales[b].min_milli,
                                                  3 * scales[a].max_milli + of_b * scales[b].max_milli,
                                                  3 * rs_scale_squares(scales[a]) + of_b * rs_scale_squares(scales[b]), &found);
                assert_int_equal(one, a == b || of_b == 0);
                if (one) assert_int_equal(rs_scale_pack(found), rs_scale_pack(scales[a]));
            }
        }
        assert_int_equal(rs_scale_pack(rs_scale_unpack(rs_scale_pack(scales[a]))), rs_scale_pack(scales[a]));
    }
    rs_scale_config_t none;
    assert_false(rs_scale_of_sums(0, 0, 0, 0, &none));
    assert_false(rs_scale_of_sums(-1, -1000, -5000, -26000000, &none));   /* a part that takes back */
}

/* --- where it belongs ----------------------------------------------------------------------------------------------- */
static void an_answer_belongs_to_the_last_handling_then_the_last_leg_then_nothing(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    feedback_contact(&test, RS_CONTACT_QUEUED, "c1", "sales", "", 0);
    feedback_contact(&test, RS_CONTACT_ANSWERED, "c1", "", "ann", 5);
    feedback_contact(&test, RS_CONTACT_ENDED, "c1", "", "", 60);
    feedback_contact(&test, RS_CONTACT_QUEUED, "c1", "vip", "", 70);
    feedback_contact(&test, RS_CONTACT_ABANDONED, "c1", "", "", 80);
    feedback_apply(&test, feedback_survey(&test, "c1", RS_SURVEY_CSAT, 5, 90));          /* the handling, not the later leg */
    feedback_contact(&test, RS_CONTACT_QUEUED, "c2", "vip", "", 100);
    feedback_contact(&test, RS_CONTACT_ABANDONED, "c2", "", "", 110);
    feedback_apply(&test, feedback_survey(&test, "c2", RS_SURVEY_CSAT, 1, 120));         /* no handling: the leg */
    feedback_apply(&test, feedback_survey(&test, "nobody", RS_SURVEY_CSAT, 2, 130));     /* an unknown contact */
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "sales", RS_COUNT_CSAT_SCORE_MILLI), 5000);
    assert_int_equal(feedback_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_CSAT_TOP), 1);
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "vip", RS_COUNT_CSAT_SCORE_MILLI), 1000);
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "", RS_COUNT_CSAT_SCORE_MILLI), 2000);
    assert_int_equal(feedback_total(&test, RS_COUNT_CSAT_RESPONSES), 3);
    assert_int_equal(feedback_total(&test, RS_COUNT_SURVEYED_CONTACTS), 3);
    feedback_end(&test);
}

static void an_answer_belongs_to_the_queue_and_the_agent_that_it_names(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    feedback_contact(&test, RS_CONTACT_QUEUED, "c1", "sales", "", 0);
    rs_event_t answered = feedback_make(&test, RS_CONTACT_ANSWERED, 5);
    answered.contact_id = RS_STR("c1");
    answered.agent = RS_STR("ann");
    answered.team = RS_STR("red");
    feedback_apply(&test, answered);
    rs_event_t survey = feedback_survey(&test, "c1", RS_SURVEY_CSAT, 4, 90);
    survey.queue = RS_STR("vip");                                                        /* the agent is the handling's all the same */
    feedback_apply(&test, survey);
    survey = feedback_survey(&test, "c1", RS_SURVEY_CSAT, 3, 91);
    survey.agent = RS_STR("bob");
    survey.channel = RS_CHANNEL_EMAIL;
    feedback_apply(&test, survey);
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "vip", RS_COUNT_CSAT_SCORE_MILLI), 4000);
    assert_int_equal(feedback_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_CSAT_SCORE_MILLI), 4000);
    assert_int_equal(feedback_count(&test, RS_FAMILY_TEAM, "red", RS_COUNT_CSAT_SCORE_MILLI), 4000);
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "sales", RS_COUNT_CSAT_SCORE_MILLI), 3000);
    assert_int_equal(feedback_count(&test, RS_FAMILY_AGENT, "bob", RS_COUNT_CSAT_SCORE_MILLI), 3000);
    assert_int_equal(feedback_total(&test, RS_COUNT_SURVEYED_CONTACTS), 1);
    feedback_end(&test);
}

/* --- early, late, twice, elsewhere ---------------------------------------------------------------------------------- */
static void what_comes_late_puts_an_answer_right(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    feedback_apply(&test, feedback_survey(&test, "c1", RS_SURVEY_NPS, 10, 90));
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "", RS_COUNT_NPS_PROMOTERS), 1);
    feedback_contact(&test, RS_CONTACT_ANSWERED, "c1", "", "ann", 5);
    feedback_contact(&test, RS_CONTACT_QUEUED, "c1", "sales", "", 0);
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "", RS_COUNT_NPS_PROMOTERS), 0);
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "sales", RS_COUNT_NPS_PROMOTERS), 1);
    assert_int_equal(feedback_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_NPS_RESPONSES), 1);
    /* an earlier first answer, of an earlier interval */
    feedback_apply(&test, feedback_survey(&test, "c1", RS_SURVEY_NPS, 3, -100));
    assert_int_equal(feedback_total(&test, RS_COUNT_NPS_RESPONSES), 2);
    assert_int_equal(feedback_total(&test, RS_COUNT_SURVEYED_CONTACTS), 1);
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "", RS_COUNT_SURVEYED_CONTACTS), 1);
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "sales", RS_COUNT_SURVEYED_CONTACTS), 0);
    feedback_end(&test);
}

static void a_folded_contact_still_knows_its_handling_and_a_forgotten_one_does_not(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    feedback_contact(&test, RS_CONTACT_QUEUED, "c1", "sales", "", 0);
    feedback_contact(&test, RS_CONTACT_ANSWERED, "c1", "", "ann", 5);
    feedback_contact(&test, RS_CONTACT_ENDED, "c1", "", "", 60);
    rs_core_tick(test.core, FEEDBACK_TEST_START + RS_US_PER_HOUR);                       /* folded */
    feedback_apply(&test, feedback_survey(&test, "c1", RS_SURVEY_CES, 6, 3700));
    assert_int_equal(feedback_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_CES_SCORE_MILLI), 6000);
    assert_int_equal(feedback_total(&test, RS_COUNT_SURVEYED_CONTACTS), 1);
    for (int hour = 2; hour < 40; hour++) rs_core_tick(test.core, FEEDBACK_TEST_START + hour * RS_US_PER_HOUR);
    feedback_apply(&test, feedback_survey(&test, "c1", RS_SURVEY_CES, 2, 39 * 3600));    /* forgotten: as an unknown contact's */
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "", RS_COUNT_CES_SCORE_MILLI), 2000);
    assert_int_equal(feedback_total(&test, RS_COUNT_SURVEYED_CONTACTS), 2);
    feedback_end(&test);
}

static void the_same_answer_twice_is_a_duplicate_and_another_tenants_is_of_another_contact(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    feedback_contact(&test, RS_CONTACT_ANSWERED, "c1", "sales", "ann", 5);
    const rs_event_t survey = feedback_survey(&test, "c1", RS_SURVEY_CSAT, 5, 90);
    feedback_apply(&test, survey);
    feedback_apply(&test, survey);
    assert_int_equal(test.verdict, RS_REFUSAL_DUPLICATE);
    assert_int_equal(feedback_total(&test, RS_COUNT_CSAT_RESPONSES), 1);
    rs_event_t other = feedback_survey(&test, "c1", RS_SURVEY_CSAT, 1, 91);
    other.tenant = RS_STR("acme");
    feedback_apply(&test, other);
    assert_int_equal(feedback_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_CSAT_RESPONSES), 1);
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "", RS_COUNT_CSAT_SCORE_MILLI), 1000);
    feedback_end(&test);
}

static void an_answer_without_score_or_off_its_scale_still_makes_a_surveyed_contact(void **state) {
    (void)state;
    feedback_test_t test;
    feedback_begin(&test);
    rs_event_t event = feedback_survey(&test, "c1", RS_SURVEY_CSAT, 0, 1);
    event.present &= ~(uint32_t)RS_HAS_SCORE;
    feedback_apply(&test, event);
    feedback_apply(&test, feedback_survey(&test, "c2", RS_SURVEY_CSAT, 9, 2));
    feedback_apply(&test, feedback_survey(&test, "c3", RS_SURVEY_OTHER, 3, 3));
    assert_int_equal(feedback_total(&test, RS_COUNT_SURVEYED_CONTACTS), 3);
    assert_int_equal(feedback_total(&test, RS_COUNT_SURVEYS_OFF_SCALE), 1);
    assert_int_equal(feedback_total(&test, RS_COUNT_CSAT_RESPONSES), 0);
    feedback_end(&test);
}

static void no_threshold(void *context, const rs_row_t *row) {
    if (row->key.family == RS_FAMILY_TOTAL) *(int64_t *)context = row->threshold_us;
}

static void a_row_of_nothing_but_answers_has_no_threshold(void **state) {
    (void)state;
    feedback_test_t test;
    int64_t threshold_us = 0;
    feedback_begin(&test);
    feedback_apply(&test, feedback_survey(&test, "c1", RS_SURVEY_CSAT, 4, 1));
    rs_core_rows(test.core, no_threshold, &threshold_us);
    assert_int_equal(threshold_us, -1);
    feedback_end(&test);
}

/* A scale that is configured anew holds from the next quarter of an hour on; what was counted before is taken back by the old one. */
static void a_new_scale_holds_from_the_next_quarter_on_and_old_answers_keep_theirs(void **state) {
    (void)state;
    feedback_test_t test;
    rs_config_t *next = NULL;
    feedback_begin(&test);
    feedback_apply(&test, feedback_survey(&test, "c1", RS_SURVEY_CSAT, 5, 100));
    assert_int_equal(rs_config_create_default(&next), RS_OK);
    next->feedback = (rs_feedback_config_t){.csat = {0, 10000}, .ces = {1000, 7000}};
    next->limits.cases = 1000;
    assert_int_equal(rs_core_configure(test.core, next), RS_OK);
    feedback_apply(&test, feedback_survey(&test, "c2", RS_SURVEY_CSAT, 5, 899));
    feedback_apply(&test, feedback_survey(&test, "c3", RS_SURVEY_CSAT, 5, 900));
    assert_int_equal(feedback_total(&test, RS_COUNT_CSAT_TOP), 2);
    feedback_contact(&test, RS_CONTACT_ANSWERED, "c1", "sales", "ann", 400);              /* late, but after the answer: nothing moves */
    feedback_contact(&test, RS_CONTACT_ANSWERED, "c2", "sales", "ann", 500);              /* before it: moved, by the old scale */
    assert_int_equal(feedback_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_CSAT_SCALE_MAX_MILLI), 5000);
    assert_int_equal(feedback_count(&test, RS_FAMILY_QUEUE, "", RS_COUNT_CSAT_SCALE_MAX_MILLI), 15000);
    feedback_end(&test);
    rs_config_destroy(&next);
}

static void windows_carry_what_alerts_ask_for(void **state) {
    (void)state;
    feedback_test_t test;
    rs_figure_t figure;
    feedback_begin(&test);
    feedback_apply(&test, feedback_survey(&test, "c1", RS_SURVEY_CSAT, 5, 1));
    feedback_apply(&test, feedback_survey(&test, "c2", RS_SURVEY_CSAT, 2, 2));
    feedback_apply(&test, feedback_survey(&test, "c3", RS_SURVEY_NPS, 2, 3));
    const rs_window_store_t *windows = rs_core_windows(test.core);
    uint32_t total = 0;
    for (rs_key_t key = {.family = RS_FAMILY_COUNT}; key.family != RS_FAMILY_TOTAL; total++) rs_core_key(test.core, total, &key);
    assert_int_equal(rs_metric_read(windows, total - 1, 0, RS_METRIC_CSAT, 0, false, rs_core_now(test.core), &figure), RS_OK);
    assert_true(!figure.is_null && figure.value == 3.5 && figure.denominator == 2);
    assert_int_equal(rs_metric_read(windows, total - 1, 0, RS_METRIC_NPS, 0, false, rs_core_now(test.core), &figure), RS_OK);
    assert_true(!figure.is_null && figure.value == -100.0);
    assert_int_equal(rs_metric_read(windows, total - 1, 0, RS_METRIC_SURVEY_RESPONSE_RATE, 0, false, rs_core_now(test.core), &figure),
                     RS_OK);
    assert_true(figure.is_null);                                                         /* nothing was handled */
    feedback_end(&test);
}

const struct CMUnitTest survey_tests[] = {
    cmocka_unit_test(scores_are_counted_on_their_scale_and_reported_off_it),
    cmocka_unit_test(sums_know_their_scale_unless_they_mix_several),
    cmocka_unit_test(an_answer_belongs_to_the_last_handling_then_the_last_leg_then_nothing),
    cmocka_unit_test(an_answer_belongs_to_the_queue_and_the_agent_that_it_names),
    cmocka_unit_test(what_comes_late_puts_an_answer_right),
    cmocka_unit_test(a_folded_contact_still_knows_its_handling_and_a_forgotten_one_does_not),
    cmocka_unit_test(the_same_answer_twice_is_a_duplicate_and_another_tenants_is_of_another_contact),
    cmocka_unit_test(an_answer_without_score_or_off_its_scale_still_makes_a_surveyed_contact),
    cmocka_unit_test(a_row_of_nothing_but_answers_has_no_threshold),
    cmocka_unit_test(a_new_scale_holds_from_the_next_quarter_on_and_old_answers_keep_theirs),
    cmocka_unit_test(windows_carry_what_alerts_ask_for),
};
const size_t survey_test_count = RS_ARRAY_LEN(survey_tests);
