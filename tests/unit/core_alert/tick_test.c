/* What time alone does, and that a tick and an event ask no more than they must. */
#include "test_store.h"

#define S RS_US_PER_S

static void one_rule(test_engine_t *engine, const char *metric, const char *window) {
    test_config_init(engine);
    engine->rules[0] = test_rule("r");
    engine->rules[0].metric = rs_str(metric);
    engine->rules[0].window = rs_str(window);
}

static void a_growing_wait_fires_without_any_event(void **state) {
    test_engine_t engine;

    (void)state;
    one_rule(&engine, "oldest_wait", "");
    engine.rules[0].limit = 20000;
    engine.rules[0].clear = 20000;
    test_engine_create(&engine, 1, 10);
    test_bind_queue(&engine, 0, "vip");
    test_set(0, RS_METRIC_WAITING, test_figure(1, 0));
    rs_alerts_on_key(engine.alerts, 0, 0);
    for (int second = 1; second <= 21; second++) {
        test_store.figures[0][RS_METRIC_OLDEST_WAIT] = test_figure(second * 1000.0, 0); /* the version stays */
        rs_alerts_on_tick(engine.alerts, second * S);
    }
    assert_int_equal(engine.seen_count, 1);
    assert_int_equal(engine.seen[0].at_us, 21 * S);
    test_engine_destroy(&engine);
}

static void a_caller_crossing_t_spoils_the_service_level_on_a_tick(void **state) {
    test_engine_t engine;

    (void)state;
    one_rule(&engine, "service_level", "5m");
    engine.rules[0].compare = RS_ALERT_BELOW;
    engine.rules[0].limit = 0.8;
    engine.rules[0].clear = 0.8;
    test_engine_create(&engine, 1, 10);
    test_bind_queue(&engine, 0, "vip");
    test_set(0, RS_METRIC_SERVICE_LEVEL, test_figure(1.0, 3));
    rs_alerts_on_key(engine.alerts, 0, 0);
    rs_alerts_on_tick(engine.alerts, 1 * S);
    assert_int_equal(engine.seen_count, 0);
    test_set(0, RS_METRIC_SERVICE_LEVEL, test_figure(0.75, 4)); /* as rs_window_set_gauges would: no on_key follows */
    rs_alerts_on_tick(engine.alerts, 2 * S);
    assert_int_equal(engine.seen_count, 1);
    assert_true(test_store.asked_miss_now);
    test_engine_destroy(&engine);
}

static void for_elapses_on_ticks(void **state) {
    test_engine_t engine;

    (void)state;
    one_rule(&engine, "waiting", "");
    engine.rules[0].for_us = 10 * S;
    test_engine_create(&engine, 1, 10);
    test_bind_queue(&engine, 0, "vip");
    test_set(0, RS_METRIC_WAITING, test_figure(11, 0));
    rs_alerts_on_key(engine.alerts, 0, 100);
    for (int64_t now = 100; now < 100 + 10 * S; now += S) rs_alerts_on_tick(engine.alerts, now);
    assert_int_equal(engine.seen_count, 1);
    rs_alerts_on_tick(engine.alerts, 100 + 10 * S - 1);
    assert_int_equal(engine.seen_count, 1);
    rs_alerts_on_tick(engine.alerts, 100 + 10 * S);
    assert_int_equal(engine.seen_count, 2);
    assert_int_equal(engine.seen[1].to, RS_ALERT_FIRING);
    test_engine_destroy(&engine);
}

static void percentiles_are_read_on_ticks_only(void **state) {
    test_engine_t engine;

    (void)state;
    one_rule(&engine, "wait_p90", "5m");
    engine.rules[1] = test_rule("other");
    test_engine_create(&engine, 2, 10);
    test_bind_queue(&engine, 0, "vip");
    test_set(0, RS_METRIC_WAIT_P90, test_figure(11, 100));
    rs_alerts_on_key(engine.alerts, 0, 1);
    assert_int_equal(test_store.percentile_reads, 0);
    assert_int_equal(test_store.reads, 1);
    assert_int_equal(engine.seen_count, 0);
    rs_alerts_on_tick(engine.alerts, 2);
    assert_int_equal(test_store.percentile_reads, 1);
    assert_int_equal(engine.seen_count, 1);
    test_engine_destroy(&engine);
}

static void rules_with_the_same_question_share_one_reading(void **state) {
    static const double limits[] = {10, 20, 30};
    test_engine_t engine;

    (void)state;
    one_rule(&engine, "waiting", "");
    engine.rules[3] = test_rule("else");
    engine.rules[3].metric = RS_STR("offered");
    engine.rules[3].window = RS_STR("5m");
    for (size_t i = 0; i < 3; i++) {
        engine.rules[i] = test_rule("r");
        engine.rules[i].limit = limits[i];
    }
    test_engine_create(&engine, 4, 10);
    test_bind_queue(&engine, 0, "vip");
    test_set(0, RS_METRIC_WAITING, test_figure(21, 0));
    rs_alerts_on_key(engine.alerts, 0, 1);
    assert_int_equal(test_store.reads, 2);
    assert_int_equal(engine.seen_count, 2);
    assert_int_equal(engine.seen[0].rule, 0);
    assert_int_equal(engine.seen[1].rule, 1);
    test_engine_destroy(&engine);
}

static void an_unchanged_key_is_not_read_again(void **state) {
    test_engine_t engine;

    (void)state;
    one_rule(&engine, "offered", "5m");
    test_engine_create(&engine, 1, 10);
    test_bind_queue(&engine, 0, "vip");
    test_set(0, RS_METRIC_OFFERED, test_figure(50, 0));
    rs_alerts_on_tick(engine.alerts, 1 * S);
    assert_int_equal(engine.seen_count, 1);
    const uint32_t reads = test_store.reads;
    for (int second = 2; second < 100; second++) rs_alerts_on_tick(engine.alerts, second * S);
    assert_int_equal(test_store.reads, reads);
    test_set(0, RS_METRIC_OFFERED, test_figure(5, 0)); /* a pane left */
    rs_alerts_on_tick(engine.alerts, 100 * S);
    assert_int_equal(engine.seen_count, 2);
    test_engine_destroy(&engine);
}

/* With n quiet keys and one busy one a tick looks at the busy one and at a bounded slice of the others. */
static void ticks_cost_by_the_keys_that_can_change(void **state) {
    test_engine_t engine;

    (void)state;
    one_rule(&engine, "offered", "5m");
    engine.rules[0].limit = 1000;
    test_engine_create(&engine, 1, TEST_KEYS);
    for (uint32_t key = 0; key < TEST_KEYS; key++) test_bind_queue(&engine, key, "vip");
    rs_alerts_on_tick(engine.alerts, 0);
    assert_int_equal(test_store.reads, TEST_KEYS);
    for (int64_t now = 0; now <= 63 * RS_US_PER_MIN; now += RS_US_PER_MIN) {
        test_set(9, RS_METRIC_OFFERED, test_figure((double)now / 6e7, 0));
        rs_alerts_on_key(engine.alerts, 9, now);
        rs_alerts_on_tick(engine.alerts, now);
    }
    test_store.version_reads = 0;
    test_store.reads = 0;
    rs_alerts_on_tick(engine.alerts, 64 * RS_US_PER_MIN);
    assert_in_range(test_store.version_reads, 1, 1 + 64);
    assert_int_equal(test_store.reads, 0);
    test_engine_destroy(&engine);
}

static void a_quiet_key_that_changes_unannounced_is_found(void **state) {
    test_engine_t engine;
    int ticks = 0;

    (void)state;
    one_rule(&engine, "offered", "today");
    engine.rules[0].compare = RS_ALERT_BELOW;
    engine.rules[0].limit = 1;
    engine.rules[0].clear = 1;
    test_engine_create(&engine, 1, TEST_KEYS);
    for (uint32_t key = 0; key < TEST_KEYS; key++) {
        test_bind_queue(&engine, key, "vip");
        test_set(key, RS_METRIC_OFFERED, test_figure(7, 0));
    }
    rs_alerts_on_tick(engine.alerts, 0);
    rs_alerts_on_tick(engine.alerts, RS_US_PER_DAY - 1);
    test_set(200, RS_METRIC_OFFERED, test_figure(0, 0)); /* the day has ended */
    while (engine.seen_count == 0 && ticks++ < TEST_KEYS / 64) rs_alerts_on_tick(engine.alerts, RS_US_PER_DAY + ticks);
    assert_int_equal(engine.seen_count, 1);
    assert_int_equal(engine.seen[0].key, 200);
    test_engine_destroy(&engine);
}

static void a_key_stays_awake_while_somebody_waits_or_an_alert_is_open(void **state) {
    test_engine_t engine;

    (void)state;
    one_rule(&engine, "open_over_t", "");
    engine.rules[0].limit = 0;
    engine.rules[0].clear = 0;
    test_engine_create(&engine, 1, TEST_KEYS);
    for (uint32_t key = 0; key < TEST_KEYS; key++) test_bind_queue(&engine, key, "mail");
    test_set(250, RS_METRIC_WAITING, test_figure(1, 0)); /* a mail waits for hours before it is late */
    rs_alerts_on_tick(engine.alerts, 0);
    rs_alerts_on_tick(engine.alerts, 5 * RS_US_PER_HOUR);
    test_set(250, RS_METRIC_OPEN_OVER_T, test_figure(1, 0));
    rs_alerts_on_tick(engine.alerts, 5 * RS_US_PER_HOUR + 1);
    assert_int_equal(engine.seen_count, 1);
    test_set(250, RS_METRIC_WAITING, test_figure(0, 0));
    rs_alerts_on_tick(engine.alerts, 5 * RS_US_PER_HOUR + 2);
    rs_alerts_on_tick(engine.alerts, 9 * RS_US_PER_HOUR);
    test_set(250, RS_METRIC_OPEN_OVER_T, test_figure(0, 0));
    rs_alerts_on_tick(engine.alerts, 9 * RS_US_PER_HOUR + 1);
    assert_int_equal(engine.seen_count, 2);
    test_engine_destroy(&engine);
}

static void a_change_is_read_by_the_rules_that_rest_on_it(void **state) {
    static const struct { const char *metric, *window; } rules[] = {
        {"waiting", ""}, {"offered", "5m"}, {"answered", "1h"}, {"fcr", "today"}};
    test_engine_t engine;

    (void)state;
    test_config_init(&engine);
    for (uint32_t i = 0; i < RS_ARRAY_LEN(rules); i++) {
        engine.rules[i] = test_rule("r");
        engine.rules[i].metric = rs_str(rules[i].metric);
        engine.rules[i].window = rs_str(rules[i].window);
    }
    test_engine_create(&engine, RS_ARRAY_LEN(rules), 10);
    test_bind_queue(&engine, 0, "vip");
    rs_alerts_on_tick(engine.alerts, 1 * S);
    static const struct { uint32_t change, on_event, on_tick; } table[] = {
        {RS_CHANGED_LEGS, 2, 0}, {RS_CHANGED_GAUGES, 1, 0}, {RS_CHANGED_OFFERS, 0, 0}, {RS_CHANGED_RESOLUTIONS | RS_CHANGED_GAUGES, 2, 0}};
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        test_store.change = table[i].change;
        test_set(0, RS_METRIC_OFFERED, test_figure(1, 0));
        test_store.reads = 0;
        rs_alerts_on_key(engine.alerts, 0, (int64_t)(i + 1) * S);
        assert_int_equal(test_store.reads, table[i].on_event);
        test_store.reads = 0;
        rs_alerts_on_tick(engine.alerts, (int64_t)(i + 2) * S);
        assert_int_equal(test_store.reads, table[i].on_tick);
    }
    test_store.change = rs_changed_window(3);   /* the longest one lost something: no event tells */
    test_set(0, RS_METRIC_ANSWERED, test_figure(11, 0));
    test_store.reads = 0;
    rs_alerts_on_tick(engine.alerts, 10 * S);
    assert_int_equal(test_store.reads, 1);
    assert_int_equal(engine.seen_count, 1);
    test_store.change = RS_CHANGED_OFFERS;      /* one is not ok: all are read */
    test_set(0, RS_METRIC_WAITING, test_figure(1, 0));
    test_store.reads = 0;
    rs_alerts_on_key(engine.alerts, 0, 11 * S);
    assert_int_equal(test_store.reads, 4);
    test_engine_destroy(&engine);
}

const struct CMUnitTest tick_tests[] = {
    cmocka_unit_test(a_growing_wait_fires_without_any_event),
    cmocka_unit_test(a_caller_crossing_t_spoils_the_service_level_on_a_tick),
    cmocka_unit_test(for_elapses_on_ticks),
    cmocka_unit_test(percentiles_are_read_on_ticks_only),
    cmocka_unit_test(rules_with_the_same_question_share_one_reading),
    cmocka_unit_test(an_unchanged_key_is_not_read_again),
    cmocka_unit_test(a_change_is_read_by_the_rules_that_rest_on_it),
    cmocka_unit_test(ticks_cost_by_the_keys_that_can_change),
    cmocka_unit_test(a_quiet_key_that_changes_unannounced_is_found),
    cmocka_unit_test(a_key_stays_awake_while_somebody_waits_or_an_alert_is_open),
};
const size_t tick_test_count = RS_ARRAY_LEN(tick_tests);
