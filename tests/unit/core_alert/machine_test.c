/* The state machine: what each figure does in each state, at exact values and exact times. */
#include "test_store.h"

#include <stdio.h>

/* States, plus one: 0 ends a list of steps. */
enum { END = 0, OK_ = RS_ALERT_OK + 1, PENDING, FIRING, RECOVERING, RESOLVED, NONE = 99 };
#define NULL_VALUE (-1e9)
#define S RS_US_PER_S

/* One evaluation: at `at_us` the figure is `value` resting on `sample`; expected: a move to `to` (NONE = no report)
 * and the state that the instance then rests in. */
typedef struct step {
    int64_t at_us;
    double value;
    int64_t sample;
    unsigned to, rests;
} step_t;

typedef struct machine_case {
    const char *name;
    const char *metric;
    uint8_t compare;
    double limit, clear;
    int64_t for_us, clear_for_us, min_sample;
    step_t steps[12];
} machine_case_t;

#define ABOVE_10_5 .metric = "abandoned_rate", .compare = RS_ALERT_ABOVE, .limit = 10, .clear = 5
#define BELOW_80_90 .metric = "service_level", .compare = RS_ALERT_BELOW, .limit = 0.8, .clear = 0.9

static const machine_case_t cases[] = {
    {"nothing happens while good", ABOVE_10_5, .steps = {{0, 0, 9, NONE, OK_}, {1, 5, 9, NONE, OK_}}},
    {"the limit itself is no breach", ABOVE_10_5, .steps = {{0, 10, 9, NONE, OK_}, {1, 10.0000001, 9, FIRING, FIRING}}},
    {"below: the limit itself is no breach", BELOW_80_90,
     .steps = {{0, 4.0 / 5, 5, NONE, OK_}, {1, 0.7999, 5, FIRING, FIRING}}},
    {"between limit and clear ok stays ok", ABOVE_10_5, .steps = {{0, 7, 9, NONE, OK_}}},
    {"between limit and clear firing stays firing", ABOVE_10_5,
     .steps = {{0, 11, 9, FIRING, FIRING},
               {1, 10, 9, NONE, FIRING},
               {2, 5.0001, 9, NONE, FIRING},
               {3, 5, 9, RESOLVED, OK_}}},
    {"below: clear itself is good", BELOW_80_90,
     .steps = {{0, 0.5, 9, FIRING, FIRING},
               {1, 0.8, 9, NONE, FIRING},
               {2, 0.8999, 9, NONE, FIRING},
               {3, 0.9, 9, RESOLVED, OK_}}},
    {"without for a breach fires in one step", ABOVE_10_5,
     .steps = {{5, 11, 9, FIRING, FIRING}, {6, 12, 9, NONE, FIRING}}},
    {"for: fires exactly when held that long", ABOVE_10_5, .for_us = 30 * S,
     .steps = {{100, 11, 9, PENDING, PENDING},
               {100 + 30 * S - 1, 11, 9, NONE, PENDING},
               {100 + 30 * S, 11, 9, FIRING, FIRING}}},
    {"for: good cancels, and a new breach starts anew", ABOVE_10_5, .for_us = 30 * S,
     .steps = {{0, 11, 9, PENDING, PENDING},
               {20 * S, 5, 9, OK_, OK_},
               {21 * S, 11, 9, PENDING, PENDING},
               {31 * S, 11, 9, NONE, PENDING},
               {51 * S - 1, 11, 9, NONE, PENDING},
               {51 * S, 11, 9, FIRING, FIRING}}},
    {"for: between keeps pending but never fires", ABOVE_10_5, .for_us = 30 * S,
     .steps = {{0, 11, 9, PENDING, PENDING},
               {20 * S, 8, 9, NONE, PENDING},
               {60 * S, 8, 9, NONE, PENDING},
               {61 * S, 10.5, 9, FIRING, FIRING}}},
    {"for: no evidence cancels", ABOVE_10_5, .for_us = 30 * S,
     .steps = {{0, 11, 9, PENDING, PENDING}, {1 * S, NULL_VALUE, 0, OK_, OK_}, {30 * S, 11, 9, PENDING, PENDING}}},
    {"for: too small a sample cancels", ABOVE_10_5, .for_us = 30 * S, .min_sample = 10,
     .steps = {{0, 11, 10, PENDING, PENDING}, {1 * S, 11, 9, OK_, OK_}, {2 * S, 11, 10, PENDING, PENDING}}},
    {"clear_for: resolves exactly when good that long", ABOVE_10_5, .clear_for_us = 60 * S,
     .steps = {{0, 11, 9, FIRING, FIRING},
               {10 * S, 5, 9, RECOVERING, RECOVERING},
               {70 * S - 1, 4, 9, NONE, RECOVERING},
               {70 * S, 4, 9, RESOLVED, OK_}}},
    {"clear_for: a breach goes back to firing and starts anew", ABOVE_10_5, .clear_for_us = 60 * S,
     .steps = {{0, 11, 9, FIRING, FIRING},
               {10 * S, 5, 9, RECOVERING, RECOVERING},
               {20 * S, 11, 9, FIRING, FIRING},
               {30 * S, 5, 9, RECOVERING, RECOVERING},
               {70 * S, 5, 9, NONE, RECOVERING},
               {90 * S, 5, 9, RESOLVED, OK_}}},
    {"clear_for: between is not good", ABOVE_10_5, .clear_for_us = 60 * S,
     .steps = {{0, 11, 9, FIRING, FIRING},
               {10 * S, 5, 9, RECOVERING, RECOVERING},
               {20 * S, 7, 9, FIRING, FIRING},
               {80 * S, 7, 9, NONE, FIRING}}},
    {"nothing resolves by silence", ABOVE_10_5, .clear_for_us = 60 * S,
     .steps = {{0, 11, 9, FIRING, FIRING},
               {1000 * S, NULL_VALUE, 0, NONE, FIRING},
               {2000 * S, 5, 9, RECOVERING, RECOVERING},
               {3000 * S, NULL_VALUE, 0, NONE, RECOVERING},
               {3001 * S, 5, 9, RESOLVED, OK_}}},
    {"a null figure never breaches", BELOW_80_90, .steps = {{0, NULL_VALUE, 0, NONE, OK_}}},
    {"min sample: exactly enough counts", BELOW_80_90, .min_sample = 20,
     .steps = {{0, 0.1, 19, NONE, OK_},
               {1, 0.1, 20, FIRING, FIRING},
               {2, 0.95, 19, NONE, FIRING},
               {3, 0.95, 20, RESOLVED, OK_}}},
    {"min sample of a plain count is its value", .metric = "abandoned", .limit = 3, .clear = 3, .min_sample = 5,
     .steps = {{0, 4, 0, NONE, OK_}, {1, 5, 0, FIRING, FIRING}, {2, 0, 0, NONE, FIRING}}},
    {"a plain count of 0 is a figure without min sample", .metric = "offered", .compare = RS_ALERT_BELOW, .limit = 1,
     .clear = 1, .steps = {{0, 0, 0, FIRING, FIRING}, {1, 1, 0, RESOLVED, OK_}}},
    {"min sample of a gauge is its value, but 0 is a figure", .metric = "waiting", .limit = 10, .clear = 5,
     .min_sample = 8, .steps = {{0, 11, 0, FIRING, FIRING}, {1, 4, 0, NONE, FIRING}, {2, 0, 0, RESOLVED, OK_}}},
    {"a gauge without anything says 0", .metric = "oldest_wait", .limit = 10, .clear = 5,
     .steps = {{0, 11, 0, FIRING, FIRING}, {1, NULL_VALUE, 0, RESOLVED, OK_}}},
    {"time never runs back", ABOVE_10_5, .for_us = 30 * S,
     .steps = {{100 * S, 5, 9, NONE, OK_},
               {10 * S, 11, 9, PENDING, PENDING},
               {20 * S, 11, 9, NONE, PENDING},
               {130 * S - 1, 11, 9, NONE, PENDING},
               {130 * S, 11, 9, FIRING, FIRING}}},
    {"for and clear_for together make one episode", ABOVE_10_5, .for_us = 10 * S, .clear_for_us = 10 * S,
     .steps = {{0, 11, 9, PENDING, PENDING},
               {10 * S, 11, 9, FIRING, FIRING},
               {11 * S, 5, 9, RECOVERING, RECOVERING},
               {12 * S, 11, 9, FIRING, FIRING},
               {13 * S, 5, 9, RECOVERING, RECOVERING},
               {23 * S, 5, 9, RESOLVED, OK_}}},
    {"limit and clear may be the same", .metric = "abandoned_rate", .limit = 10, .clear = 10,
     .steps = {{0, 10.5, 9, FIRING, FIRING}, {1, 10, 9, RESOLVED, OK_}, {2, 10.5, 9, FIRING, FIRING}}},
};

static unsigned resting_state(const test_engine_t *engine) {
    for (unsigned state = 0; state < RS_ALERT_STATE_COUNT; state++) {
        if (rs_alerts_in_state(engine->alerts, (rs_alert_state_t)state) == 1) return state + 1;
    }
    return NONE;
}

static void run_case(const machine_case_t *row, bool by_tick) {
    test_engine_t engine;
    rs_metric_t metric = 0;
    int64_t last_us = -1;

    test_config_init(&engine);
    engine.rules[0] = test_rule("r");
    engine.rules[0].metric = rs_str(row->metric);
    engine.rules[0].window = RS_STR("15m");
    engine.rules[0].compare = row->compare;
    engine.rules[0].limit = row->limit;
    engine.rules[0].clear = row->clear;
    engine.rules[0].for_us = row->for_us;
    engine.rules[0].clear_for_us = row->clear_for_us;
    engine.rules[0].min_sample = row->min_sample;
    assert_int_equal(rs_metric_find(engine.rules[0].metric, &metric), RS_OK);
    test_engine_create(&engine, 1, 10);
    test_bind_queue(&engine, 0, "vip");

    for (size_t i = 0; i < RS_ARRAY_LEN(row->steps) && row->steps[i].to != END; i++) {
        const step_t *step = &row->steps[i];
        const uint32_t before = engine.seen_count;
        test_set(0, metric, step->value == NULL_VALUE ? test_null_figure() : test_figure(step->value, step->sample));
        if (by_tick)
            rs_alerts_on_tick(engine.alerts, step->at_us);
        else
            rs_alerts_on_key(engine.alerts, 0, step->at_us);
        const bool moved = step->to != NONE;
        if (engine.seen_count != before + moved || (moved && engine.seen[before].to + 1U != step->to) ||
            resting_state(&engine) != step->rests) {
            fail_msg("\"%s\", step %zu: reported %u to %s, rests in %s", row->name, i, engine.seen_count - before,
                     engine.seen_count > before ? rs_alert_state_name(engine.seen[before].to) : "-",
                     rs_alert_state_name(resting_state(&engine) - 1));
        }
        if (step->at_us > last_us) last_us = step->at_us;
        if (moved) assert_int_equal(engine.seen[before].at_us, last_us);
    }
    assert_true(last_us >= 0);
    test_engine_destroy(&engine);
}

static void every_row_of_the_state_table_holds_on_events(void **state) {
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) run_case(&cases[i], false);
}

static void every_row_of_the_state_table_holds_on_ticks(void **state) {
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) run_case(&cases[i], true);
}

static void at(test_engine_t *engine, int64_t at_us, double waiting) {
    test_set(0, RS_METRIC_WAITING, test_figure(waiting, 0));
    rs_alerts_on_key(engine->alerts, 0, at_us);
}

static void a_transition_says_everything_about_its_episode(void **state) {
    test_engine_t engine;

    (void)state;
    test_config_init(&engine);
    engine.rules[1] = test_rule("slow answers");
    engine.rules[1].metric = RS_STR("service_level");
    engine.rules[1].policy = RS_STR("answered_only");
    engine.rules[1].window = RS_STR("30m");
    engine.rules[1].compare = RS_ALERT_BELOW;
    engine.rules[1].limit = 0.8;
    engine.rules[1].clear = 0.85;
    engine.rules[1].for_us = 10 * S;
    engine.rules[1].clear_for_us = 20 * S;
    engine.rules[1].severity = RS_SEVERITY_CRITICAL;
    engine.rules[1].runbook = RS_STR("https://example.org/r");
    engine.rules[0] = test_rule("other");
    test_engine_create(&engine, 2, 10);
    test_bind_queue(&engine, 3, "vip");
    test_set(3, RS_METRIC_SERVICE_LEVEL, test_figure(0.5, 4));
    rs_alerts_on_key(engine.alerts, 3, 100 * S);
    rs_alerts_on_key(engine.alerts, 3, 110 * S);
    test_set(3, RS_METRIC_SERVICE_LEVEL, test_figure(0.9, 10));
    rs_alerts_on_key(engine.alerts, 3, 120 * S);
    test_set(3, RS_METRIC_SERVICE_LEVEL, test_figure(0.5, 8));
    rs_alerts_on_key(engine.alerts, 3, 125 * S);
    test_set(3, RS_METRIC_SERVICE_LEVEL, test_figure(0.9, 10));
    rs_alerts_on_key(engine.alerts, 3, 130 * S);
    rs_alerts_on_key(engine.alerts, 3, 150 * S);

    assert_int_equal(engine.seen_count, 6);
    static const struct {
        unsigned from, to;
        int64_t at_us, fired_us;
        double value;
    } expected[] = {{OK_, PENDING, 100 * S, 0, 0.5},
                    {PENDING, FIRING, 110 * S, 110 * S, 0.5},
                    {FIRING, RECOVERING, 120 * S, 110 * S, 0.9},
                    {RECOVERING, FIRING, 125 * S, 110 * S, 0.5},
                    {FIRING, RECOVERING, 130 * S, 110 * S, 0.9},
                    {RECOVERING, RESOLVED, 150 * S, 110 * S, 0.9}};
    for (size_t i = 0; i < RS_ARRAY_LEN(expected); i++) {
        const rs_alert_transition_t *seen = &engine.seen[i];
        assert_int_equal(seen->episode, 1);
        assert_int_equal(seen->rule, 1);
        assert_int_equal(seen->key, 3);
        assert_true(rs_str_equal(seen->rule_name, RS_STR("slow answers")));
        assert_true(rs_str_equal(seen->metric, RS_STR("service_level")));
        assert_true(rs_str_equal(seen->policy, RS_STR("answered_only")));
        assert_true(rs_str_equal(seen->window, RS_STR("30m")));
        assert_true(rs_str_equal(seen->runbook, RS_STR("https://example.org/r")));
        assert_true(rs_str_equal(seen->dimensions.name, RS_STR("vip")));
        assert_true(rs_str_equal(seen->dimensions.tenant, RS_STR("default")));
        assert_int_equal(seen->dimensions.channel, RS_CHANNEL_VOICE);
        assert_int_equal(seen->severity, RS_SEVERITY_CRITICAL);
        assert_int_equal(seen->compare, RS_ALERT_BELOW);
        assert_int_equal(seen->from + 1, expected[i].from);
        assert_int_equal(seen->to + 1, expected[i].to);
        assert_int_equal(seen->at_us, expected[i].at_us);
        assert_int_equal(seen->started_us, 100 * S);
        assert_int_equal(seen->fired_us, expected[i].fired_us);
        assert_true(seen->figure.value == expected[i].value && !seen->figure.is_null);
        assert_true(seen->limit == 0.8 && seen->clear == 0.85);
    }
    test_engine_destroy(&engine);
}

static void the_question_names_window_policy_slot_and_open_misses(void **state) {
    test_engine_t engine;

    (void)state;
    test_config_init(&engine);
    engine.rules[0] = test_rule("r");
    engine.rules[0].metric = RS_STR("service_level");
    engine.rules[0].window = RS_STR("today");
    test_engine_create(&engine, 1, 10);
    test_bind_queue(&engine, 0, "vip");
    rs_alerts_on_key(engine.alerts, 0, 7);
    assert_int_equal(test_store.asked_window, RS_WINDOW_TODAY);
    assert_int_equal(test_store.asked_slot, 0);
    assert_true(test_store.asked_miss_now);
    assert_int_equal(test_store.asked_now_us, 7);
    test_engine_destroy(&engine);

    engine.rules[0].policy = RS_STR("answered_only");
    engine.rules[0].window = RS_STR("60m");
    test_engine_create(&engine, 1, 10);
    test_bind_queue(&engine, 0, "vip");
    rs_alerts_on_key(engine.alerts, 0, 8);
    assert_int_equal(test_store.asked_window, 3);
    assert_int_equal(test_store.asked_slot, 1);
    assert_false(test_store.asked_miss_now);
    test_engine_destroy(&engine);
}

static void rules_about_a_policy_rest_until_it_is_counted(void **state) {
    static const uint32_t slots[2] = {5, RS_MAX_POLICIES};
    test_engine_t engine;

    (void)state;
    test_config_init(&engine);
    engine.rules[0] = test_rule("r");
    engine.rules[0].metric = RS_STR("service_level");
    engine.rules[0].window = RS_STR("5m");
    engine.rules[1] = engine.rules[0];
    engine.rules[1].name = RS_STR("s");
    engine.rules[1].policy = RS_STR("answered_only");
    test_engine_create(&engine, 2, 10);
    rs_alerts_set_slots(engine.alerts, slots, 2);
    test_bind_queue(&engine, 0, "vip");
    test_set(0, RS_METRIC_SERVICE_LEVEL, test_figure(11, 1));
    rs_alerts_on_key(engine.alerts, 0, 1);
    assert_int_equal(test_store.reads, 1);
    assert_int_equal(test_store.asked_slot, 5);
    assert_int_equal(engine.seen_count, 1);
    test_engine_destroy(&engine);
}

static void every_episode_has_its_own_rising_number(void **state) {
    test_engine_t engine;

    (void)state;
    test_config_init(&engine);
    engine.rules[0] = test_rule("now");
    engine.rules[1] = test_rule("later");
    engine.rules[1].for_us = 10 * S;
    test_engine_create(&engine, 2, 10);
    test_bind_queue(&engine, 0, "vip");
    at(&engine, 1 * S, 11); /* now 1 fires, later 2 is pending */
    at(&engine, 2 * S, 5);  /* 1 resolved, 2 canceled */
    at(&engine, 3 * S, 11); /* 3, 4 */
    assert_int_equal(engine.seen_count, 6);
    static const uint64_t episodes[] = {1, 2, 1, 2, 3, 4};
    static const unsigned to[] = {FIRING, PENDING, RESOLVED, OK_, FIRING, PENDING};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(engine.seen[i].episode, episodes[i]);
        assert_int_equal(engine.seen[i].to + 1, to[i]);
    }
    assert_int_equal(rs_alerts_next_episode(engine.alerts), 5);
    assert_int_equal(engine.seen[4].started_us, 3 * S);
    assert_int_equal(engine.seen[5].fired_us, 0);
    test_engine_destroy(&engine);
}

static void a_figure_that_cannot_be_read_decides_nothing(void **state) {
    test_engine_t engine;

    (void)state;
    test_config_init(&engine);
    engine.rules[0] = test_rule("r");
    engine.rules[0].for_us = 10 * S;
    test_engine_create(&engine, 1, 10);
    test_bind_queue(&engine, 0, "vip");
    at(&engine, 1 * S, 11);
    test_store.read_status = RS_ERR_AGAIN;
    at(&engine, 2 * S, 0);
    assert_int_equal(rs_alerts_in_state(engine.alerts, RS_ALERT_PENDING), 1);
    test_store.read_status = RS_OK;
    at(&engine, 11 * S, 11);
    assert_int_equal(rs_alerts_in_state(engine.alerts, RS_ALERT_FIRING), 1);
    test_engine_destroy(&engine);
}

static void states_and_severities_have_names(void **state) {
    (void)state;
    assert_string_equal(rs_alert_state_name(RS_ALERT_OK), "ok");
    assert_string_equal(rs_alert_state_name(RS_ALERT_RESOLVED), "resolved");
    assert_string_equal(rs_alert_state_name(RS_ALERT_STATE_COUNT), "unknown");
    assert_string_equal(rs_alert_severity_name(RS_SEVERITY_CRITICAL), "critical");
    assert_string_equal(rs_alert_severity_name(3), "unknown");
}

const struct CMUnitTest machine_tests[] = {
    cmocka_unit_test(every_row_of_the_state_table_holds_on_events),
    cmocka_unit_test(every_row_of_the_state_table_holds_on_ticks),
    cmocka_unit_test(a_transition_says_everything_about_its_episode),
    cmocka_unit_test(the_question_names_window_policy_slot_and_open_misses),
    cmocka_unit_test(rules_about_a_policy_rest_until_it_is_counted),
    cmocka_unit_test(every_episode_has_its_own_rising_number),
    cmocka_unit_test(a_figure_that_cannot_be_read_decides_nothing),
    cmocka_unit_test(states_and_severities_have_names),
};
const size_t machine_test_count = RS_ARRAY_LEN(machine_tests);
