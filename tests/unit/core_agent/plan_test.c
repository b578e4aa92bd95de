/* Schedules: adherence and conformance. */
#include "agent_test.h"

#include "core/figure.h"

typedef struct figures { double adherence, conformance; int64_t planned_us, out_us, worked_us, planned_work_us; } figures_t;
static figures_t figures_of(agent_test_t *test, const char *agent) {
    int64_t counts[RS_COUNT_COUNT];
    figures_t figures = {.adherence = -1, .conformance = -1};
    agent_test_counts(test, RS_FAMILY_AGENT, agent, counts);
    if (!rs_figure_adherence(counts, &figures.adherence)) figures.adherence = -1;
    if (!rs_figure_conformance(counts, &figures.conformance)) figures.conformance = -1;
    figures.planned_us = counts[RS_COUNT_PLANNED_US];
    figures.out_us = counts[RS_COUNT_OUT_OF_PLAN_US];
    figures.worked_us = counts[RS_COUNT_WORKED_US];
    figures.planned_work_us = counts[RS_COUNT_PLANNED_WORK_US];
    return figures;
}

static void begin(agent_test_t *test) {
    agent_test_prepare(test);
    agent_test_begin(test);
}

static void assert_near(double value, double should_be) { assert_true(value > should_be - 1e-9 && value < should_be + 1e-9); }

static void twenty_minutes_out_of_seventy_are_an_adherence_of_71_4_per_cent(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_plan(&test, "ann", "phones", 60, 120, 30);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 60);
    agent_test_state(&test, "ann", RS_AGENT_BREAK, 80);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 90);
    agent_test_state(&test, "ann", RS_AGENT_OFFLINE, 130);
    agent_test_tick(&test, 180);
    const figures_t figures = figures_of(&test, "ann");
    assert_int_equal(figures.planned_us, MINUTES(70));
    assert_int_equal(figures.out_us, MINUTES(20));
    assert_near(figures.adherence, 1 - 20.0 / 70.0);
    assert_near(figures.conformance, 60.0 / 60.0);
    agent_test_end(&test);
}

static void who_has_no_plan_has_no_adherence(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 60);
    agent_test_plan(&test, "bob", "phones", 60, 120, 30);
    agent_test_tick(&test, 180);
    assert_true(figures_of(&test, "ann").adherence < 0 && figures_of(&test, "ann").conformance < 0);
    assert_true(figures_of(&test, "bob").adherence < 0);   /* nothing is known of what he did */
    agent_test_end(&test);
}

static void who_does_not_come_adheres_to_nothing(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_OFFLINE, 10);
    agent_test_plan(&test, "ann", "phones", 60, 120, 30);
    agent_test_tick(&test, 180);
    assert_near(figures_of(&test, "ann").adherence, 0);
    assert_int_equal(figures_of(&test, "ann").planned_us, MINUTES(60));
    agent_test_end(&test);
}

static void a_break_is_kept_by_not_working(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_plan(&test, "ann", "phones", 60, 120, 30);
    agent_test_plan(&test, "ann", "lunch", 80, 100, 30);       /* the later one wins */
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 60);
    agent_test_state(&test, "ann", RS_AGENT_OFFLINE, 85);      /* five minutes late */
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 100);
    agent_test_state(&test, "ann", RS_AGENT_OFFLINE, 120);
    agent_test_tick(&test, 180);
    const figures_t figures = figures_of(&test, "ann");
    assert_int_equal(figures.planned_us, MINUTES(60));
    assert_int_equal(figures.planned_work_us, MINUTES(40));
    assert_int_equal(figures.out_us, MINUTES(5));
    assert_int_equal(figures.worked_us, MINUTES(45));
    agent_test_end(&test);
}

static void work_on_a_day_off_is_out_of_plan_altogether(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_plan(&test, "ann", "off", 0, 24 * 60, 0);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 60);
    agent_test_state(&test, "ann", RS_AGENT_OFFLINE, 90);
    assert_near(figures_of(&test, "ann").adherence, 0);
    assert_int_equal(figures_of(&test, "ann").planned_us, MINUTES(30));
    agent_test_end(&test);
}

static void a_changed_plan_revises_what_was_counted(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_plan(&test, "ann", "phones", 60, 120, 30);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 60);
    agent_test_tick(&test, 75);
    assert_int_equal(figures_of(&test, "ann").out_us, 0);
    agent_test_plan(&test, "ann", "lunch", 70, 80, 76);        /* said when it had begun */
    agent_test_tick(&test, 120);
    assert_int_equal(figures_of(&test, "ann").out_us, MINUTES(10));
    assert_int_equal(figures_of(&test, "ann").planned_work_us, MINUTES(50));
    agent_test_end(&test);
}

static void a_plan_reaches_back_to_lateness_before_it_was_said(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 0);
    agent_test_plan(&test, "ann", "phones", 0, 120, 60);
    agent_test_tick(&test, 90);
    assert_int_equal(figures_of(&test, "ann").planned_us, MINUTES(40));   /* from 00:50 on */
    agent_test_end(&test);
}

static void a_plan_that_ends_before_it_begins_is_none_and_counted(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 0);
    agent_test_plan(&test, "ann", "phones", 60, 60, 30);
    agent_test_plan(&test, "ann", "phones", 60, 50, 30);
    rs_event_t event = agent_test_make(&test, RS_AGENT_SCHEDULED, "ann", 30);   /* without an end */
    agent_test_send(&test, &event);
    agent_test_tick(&test, 120);
    assert_int_equal(agent_test_odd(&test).empty_plans, 3);
    assert_true(figures_of(&test, "ann").adherence < 0);
    assert_int_equal(test.refused[RS_REFUSAL_NONE], 0);
    agent_test_end(&test);
}

static void plans_said_again_and_again_take_no_more_room(void **state) {
    (void)state;
    agent_test_t test;
    agent_test_prepare(&test);
    test.config.limits.contact_events = 8;
    agent_test_begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 0);
    for (int i = 0; i < 50; i++) agent_test_plan(&test, "ann", "phones", 200, 300, 1);
    assert_int_equal(test.refused[RS_REFUSAL_LIMIT], 0);
    for (int i = 0; i < 8; i++) agent_test_plan(&test, "ann", "phones", 400 + i, 401 + i, 1);
    assert_int_equal(test.refused[RS_REFUSAL_LIMIT], 1);       /* one place was taken already */
    agent_test_end(&test);
}

static void the_live_entry_says_what_the_plan_is(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_plan(&test, "ann", "phones", 60, 120, 30);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 70);
    const rs_core_agent_t live = agent_test_live(&test, "ann");
    assert_true(rs_str_equal(live.activity, RS_STR("phones")));
    assert_int_equal(live.live.plan_until_us, agent_test_at(120));
    agent_test_end(&test);
}

static void who_did_not_come_has_a_plan_in_the_live_list_when_it_begins(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_plan(&test, "ann", "phones", 60, 120, 1);   /* told long before, and nothing is heard of ann */
    assert_int_equal(agent_test_live(&test, "ann").live.activity, 0);
    agent_test_tick(&test, 70);
    const rs_core_agent_t live = agent_test_live(&test, "ann");
    assert_true(rs_str_equal(live.activity, RS_STR("phones")));
    assert_int_equal(live.live.state, RS_AGENT_NONE);
    agent_test_tick(&test, 130);
    assert_int_equal(agent_test_live(&test, "ann").live.activity, 0);
    agent_test_end(&test);
}

const struct CMUnitTest plan_tests[] = {
    cmocka_unit_test(twenty_minutes_out_of_seventy_are_an_adherence_of_71_4_per_cent),
    cmocka_unit_test(who_has_no_plan_has_no_adherence),
    cmocka_unit_test(who_does_not_come_adheres_to_nothing),
    cmocka_unit_test(a_break_is_kept_by_not_working),
    cmocka_unit_test(work_on_a_day_off_is_out_of_plan_altogether),
    cmocka_unit_test(a_changed_plan_revises_what_was_counted),
    cmocka_unit_test(a_plan_reaches_back_to_lateness_before_it_was_said),
    cmocka_unit_test(a_plan_that_ends_before_it_begins_is_none_and_counted),
    cmocka_unit_test(plans_said_again_and_again_take_no_more_room),
    cmocka_unit_test(the_live_entry_says_what_the_plan_is),
    cmocka_unit_test(who_did_not_come_has_a_plan_in_the_live_list_when_it_begins),
};
const size_t plan_test_count = RS_ARRAY_LEN(plan_tests);
