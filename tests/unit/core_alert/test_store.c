#include "test_store.h"

#include <stdio.h>

test_store_t test_store;

/* --- the functions of core/window and core/metric that the engine calls --------------------------------------------
 * */

int rs_metric_read(const rs_window_store_t *store, uint32_t key, uint32_t window, rs_metric_t metric,
                   uint32_t policy_slot, bool open_miss_now, int64_t now_us, rs_figure_t *figure) {
    assert_ptr_equal(store, &test_store);
    assert_true(key < TEST_KEYS);
    test_store.reads++;
    if (metric >= RS_METRIC_WAIT_P50 && metric <= RS_METRIC_WAIT_P99) test_store.percentile_reads++;
    test_store.asked_window = window;
    test_store.asked_slot = policy_slot;
    test_store.asked_miss_now = open_miss_now;
    test_store.asked_now_us = now_us;
    if (test_store.read_status != RS_OK) return test_store.read_status;
    *figure = test_store.figures[key][metric];
    return RS_OK;
}

uint32_t rs_window_changes(const rs_window_store_t *store, uint32_t key) {
    assert_ptr_equal(store, &test_store);
    test_store.version_reads++;
    if (test_store.versions[key] == test_store.taken[key]) return 0;
    return test_store.change != 0 ? test_store.change : RS_CHANGED_ALL;
}

uint32_t rs_window_take_changes(const rs_window_store_t *store, uint32_t key) {
    const uint32_t changes = rs_window_changes(store, key);
    test_store.taken[key] = test_store.versions[key];
    return changes;
}

void rs_window_prefetch_views(const rs_window_store_t *store, uint32_t key) {
    assert_ptr_equal(store, &test_store);
    assert_true(key < TEST_KEYS);
}

uint32_t rs_metric_reads(rs_metric_t metric) {
    return rs_metric_is_gauge(metric) ? RS_CHANGED_GAUGES : metric == RS_METRIC_FCR ? RS_CHANGED_RESOLUTIONS : RS_CHANGED_LEGS;
}

int rs_window_read_gauges(const rs_window_store_t *store, uint32_t key, rs_window_gauges_t *gauges) {
    assert_ptr_equal(store, &test_store);
    *gauges = (rs_window_gauges_t){.waiting = test_store.waiting[key]};
    return RS_OK;
}

int rs_window_read_gauge(const rs_window_store_t *store, uint32_t key, size_t offset, int64_t *value) {
    assert_ptr_equal(store, &test_store);
    assert_int_equal(offset, offsetof(rs_window_gauges_t, waiting));
    *value = test_store.waiting[key];
    return RS_OK;
}

const char *rs_metric_name(unsigned metric) {
    static const char *const names[] = {
#define RS_X(NAME, name) #name,
        RS_METRICS(RS_X)
#undef RS_X
    };
    return names[metric];
}

int rs_metric_find(rs_str_t name, rs_metric_t *metric) {
    for (unsigned i = 0; i < RS_METRIC_COUNT; i++) {
        if (rs_str_equal(name, rs_str(rs_metric_name(i)))) {
            *metric = (rs_metric_t)i;
            return RS_OK;
        }
    }
    return RS_ERR_NOT_FOUND;
}

bool rs_metric_is_gauge(rs_metric_t metric) {
    return metric == RS_METRIC_WAITING || metric == RS_METRIC_OLDEST_WAIT || metric == RS_METRIC_OPEN_OVER_T;
}

bool rs_metric_is_ratio(rs_metric_t metric) {
    return metric == RS_METRIC_SERVICE_LEVEL || metric == RS_METRIC_ABANDONED_RATE || metric == RS_METRIC_SHORT_RATE;
}
bool rs_metric_is_time(rs_metric_t metric) { return metric == RS_METRIC_ASA || metric == RS_METRIC_AHT; }
bool rs_metric_is_score(rs_metric_t metric) { return metric == RS_METRIC_CSAT || metric == RS_METRIC_NPS; }

int rs_window_read_counts(const rs_window_store_t *store, uint32_t key, uint32_t window, const rs_count_t *which, size_t count,
                          int64_t *values) {
    assert_ptr_equal(store, &test_store);
    for (size_t i = 0; i < count; i++) values[i] = test_store.counts[key][window][which[i]];
    return RS_OK;
}

int rs_window_read_prediction(const rs_window_store_t *store, uint32_t key, rs_window_prediction_t *prediction) {
    assert_ptr_equal(store, &test_store);
    *prediction = test_store.predictions[key];
    return RS_OK;
}

int rs_config_parse_duration(rs_str_t text, int64_t *us) {
    static const struct {
        const char *text;
        int64_t minutes;
    } known[] = {{"5m", 5}, {"15m", 15}, {"30m", 30}, {"1h", 60}, {"60m", 60}, {"10m", 10}};
    for (size_t i = 0; i < RS_ARRAY_LEN(known); i++) {
        if (rs_str_equal(text, rs_str(known[i].text))) {
            *us = known[i].minutes * RS_US_PER_MIN;
            return RS_OK;
        }
    }
    return RS_ERR_PARSE;
}

/* --- helpers ------------------------------------------------------------------------------------------------------ */

rs_figure_t test_figure(double value, int64_t denominator) {
    return (rs_figure_t){
        .value = value, .numerator = (int64_t)(value * (double)denominator), .denominator = denominator};
}

rs_figure_t test_null_figure(void) { return (rs_figure_t){.is_null = true}; }

void test_set(uint32_t key, rs_metric_t metric, rs_figure_t figure) {
    test_store.figures[key][metric] = figure;
    test_store.versions[key] += 2;
    if (metric == RS_METRIC_WAITING) test_store.waiting[key] = (int64_t)figure.value;
}

static void remember(void *context, const rs_alert_transition_t *transition) {
    test_engine_t *engine = context;

    assert_true(engine->seen_count < TEST_SEEN);
    engine->seen[engine->seen_count++] = *transition;
}

void test_config_init(test_engine_t *engine) {
    memset(engine, 0, sizeof(*engine));
    memset(&test_store, 0, sizeof(test_store));
    engine->config.rules = engine->rules;
    engine->config.window_count = 4;
    engine->config.windows_us[0] = 5 * RS_US_PER_MIN;
    engine->config.windows_us[1] = 15 * RS_US_PER_MIN;
    engine->config.windows_us[2] = 30 * RS_US_PER_MIN;
    engine->config.windows_us[3] = 60 * RS_US_PER_MIN;
    engine->config.policy_count = 2;
    (void)snprintf(engine->config.policies[0].name, sizeof(engine->config.policies[0].name), "short_excluded");
    engine->config.policies[0].open_miss_now = true;
    (void)snprintf(engine->config.policies[1].name, sizeof(engine->config.policies[1].name), "answered_only");
}

rs_rule_config_t test_rule(const char *name) {
    return (rs_rule_config_t){.name = rs_str(name),
                              .metric = RS_STR("waiting"),
                              .key = RS_STR("*"),
                              .family = RS_FAMILY_QUEUE,
                              .compare = RS_ALERT_ABOVE,
                              .limit = 10,
                              .clear = 5,
                              .severity = RS_SEVERITY_WARNING};
}

void test_engine_create(test_engine_t *engine, uint32_t rule_count, uint32_t max_instances) {
    engine->config.rule_count = rule_count;
    assert_int_equal(rs_alerts_create(&engine->config, (const rs_window_store_t *)(const void *)&test_store,
                                      max_instances, 1, remember, engine, &engine->alerts),
                     RS_OK);
}

void test_engine_destroy(test_engine_t *engine) {
    rs_alerts_destroy(&engine->alerts);
    assert_null(engine->alerts);
    rs_alerts_destroy(&engine->alerts);
}

rs_key_t test_key(uint8_t family, const char *tenant, uint8_t channel, const char *name) {
    return (rs_key_t){.family = family, .channel = channel, .tenant = rs_str(tenant), .name = rs_str(name)};
}

void test_bind_queue(test_engine_t *engine, uint32_t key, const char *queue) {
    const rs_key_t dimensions = test_key(RS_FAMILY_QUEUE, "default", RS_CHANNEL_VOICE, queue);
    rs_alerts_on_new_key(engine->alerts, key, &dimensions);
}
