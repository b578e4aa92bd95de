/* What alert rules cost, and what it costs to explain those that fire: one with 5,000 neighbours (bar: 10 ms), and 5,000 in one second.
 * What alert rules cost: 5,000 queues with 10 rules each, thresholds and detectors, every queue with a change each second, as the core
 * looks at them: after each event and once a second. The bar: at most 10 % of one core, so 100 ms a second; and the second in which every
 * queue's subgroup ends, which takes as much again. The yardstick in the same loop: reading one figure of each rule and key. */
#include "core/alert/alert.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { QUEUES = 5000, RULES = 10, SECONDS = 1000 };

static double now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static rs_rule_config_t rules[RULES] = {
    {.name = {"level", 5}, .metric = {"service_level", 13}, .window = {"15m", 3}, .compare = RS_ALERT_BELOW, .limit = 0.5, .clear = 0.6,
     .min_sample = 20, .confidence = 0.95},
    {.name = {"oldest", 6}, .metric = {"oldest_wait", 11}, .limit = 1e9, .clear = 1e9},
    {.name = {"waiting", 7}, .metric = {"waiting", 7}, .limit = 1e6, .clear = 1e6},
    {.name = {"lost", 4}, .metric = {"abandoned_rate", 14}, .window = {"30m", 3}, .limit = 0.9, .clear = 0.8},
    {.name = {"slow", 4}, .metric = {"wait_p90", 8}, .window = {"15m", 3}, .limit = 1e9, .clear = 1e9},
    {.name = {"burn", 4}, .metric = {"service_level", 13}, .window = {"1h", 2}, .detector = RS_DETECTOR_BURN_RATE, .target = 0.8,
     .budget = 0.15, .period_us = RS_US_PER_DAY},
    {.name = {"calls", 5}, .metric = {"offered", 7}, .window = {"5m", 2}, .detector = RS_DETECTOR_CUSUM,
     .compare = RS_ALERT_BOTH, .shift = 1,
     .fast_start = true},
    {.name = {"times", 5}, .metric = {"asa", 3}, .window = {"5m", 2}, .detector = RS_DETECTOR_EWMA,
     .compare = RS_ALERT_BOTH, .weight = 0.1},
    {.name = {"season", 6}, .metric = {"offered", 7}, .window = {"15m", 3}, .detector = RS_DETECTOR_SEASONAL, .compare = RS_ALERT_BOTH},
    {.name = {"nobody", 6}, .metric = {"offered", 7}, .window = {"15m", 3}, .detector = RS_DETECTOR_NO_DATA}};

static uint64_t transitions, fired, taken_apart;
static void count_transition(void *context, const rs_alert_transition_t *transition) {
    (void)context;
    transitions++;
    fired += transition->to == RS_ALERT_FIRING;
    taken_apart += transition->explanation.part_count > 0;
}

static void must(bool right, const char *what) {
    if (right) return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* One call in the queue, answered at once or after a wait. */
static void call(rs_window_store_t *store, rs_random_t *random, uint32_t key, int64_t now_us) {
    const int64_t wait_us = (int64_t)rs_random_below(random, 40) * RS_US_PER_S;
    must(rs_window_begin(store, key, now_us) == RS_OK, "no room");
    rs_window_count(store, RS_COUNT_OFFERED, 1);
    rs_window_count(store, RS_COUNT_ANSWERED, 1);
    rs_window_count(store, RS_COUNT_WAIT_ANSWERED_US, wait_us);
    rs_window_count(store, RS_COUNT_SL_NUM_0, wait_us <= 20 * RS_US_PER_S);
    rs_window_count(store, RS_COUNT_SL_DEN_0, 1);
    rs_window_duration(store, RS_HIST_WAIT_ANSWERED, wait_us, 1);
    rs_window_end(store);
}

/* Calls that nobody answered in time. */
static void make_bad(rs_window_store_t *store, uint32_t key, int64_t now_us, int64_t calls) {
    must(rs_window_begin(store, key, now_us) == RS_OK, "no room");
    rs_window_count(store, RS_COUNT_OFFERED, calls);
    rs_window_count(store, RS_COUNT_ANSWERED, calls);
    rs_window_count(store, RS_COUNT_SL_DEN_0, calls);
    rs_window_end(store);
}

static void breach(rs_window_store_t *store, rs_alerts_t *alerts, uint32_t from, uint32_t to, int64_t now_us, const char *what) {
    const uint64_t fired_before = fired, apart_before = taken_apart;
    rs_window_advance(store, now_us);
    for (uint32_t key = from; key < to; key++) make_bad(store, key, now_us, 100000);
    const double at_ms = now_ms();
    for (uint32_t key = from; key < to; key++) rs_alerts_on_key(alerts, key, now_us);
    rs_alerts_on_tick(alerts, now_us);
    const double took_ms = now_ms() - at_ms;
    printf("%s: %llu alerts fire, %llu of them taken apart, in %.1f ms\n", what, (unsigned long long)(fired - fired_before),
           (unsigned long long)(taken_apart - apart_before), took_ms);
}

int main(void) {
    rs_random_t random = {1};
    rs_config_t *config;
    must(rs_config_create_default(&config) == RS_OK, "no configuration");
    for (int i = 0; i < RULES; i++) rules[i].key = RS_STR("*");
    config->rules = rules;
    config->rule_count = RULES;
    const int64_t start_us = INT64_C(1700006400) * RS_US_PER_S;
    rs_window_settings_t settings = {.window_count = config->window_count, .max_keys = QUEUES, .max_bytes = UINT64_C(4) << 30,
                                     .start_us = start_us};
    memcpy(settings.windows_us, config->windows_us, sizeof settings.windows_us);
    rs_window_store_t *store;
    rs_alerts_t *alerts;
    must(rs_window_create(&settings, &store) == RS_OK, "no windows");
    const double begun_ms = now_ms();
    must(rs_alerts_create(config, store, QUEUES * RULES, 1, count_transition, NULL, &alerts) == RS_OK, "no alerts");
    for (uint32_t i = 0; i < QUEUES; i++) {
        uint32_t key;
        must(rs_window_add_key(store, true, config->zone, &key) == RS_OK, "no key");
        rs_alerts_on_new_key(alerts, key, &(rs_key_t){.family = RS_FAMILY_QUEUE, .channel = 1, .tenant = RS_STR("t"), .name = RS_STR("q")});
    }
    must(rs_alerts_unbound(alerts) == 0, "rules were not bound");
    printf("binding %d rules to %d queues, with all limits: %.0f ms\n", RULES, QUEUES, now_ms() - begun_ms);
    static double events_ms[SECONDS], ticks_ms[SECONDS], reads_ms[SECONDS], closing_ms[16];
    uint32_t closings = 0;
    double used = 0;
    for (int second = 0; second < SECONDS; second++) {
        const int64_t now_us = start_us + (second + 1) * RS_US_PER_S;
        const int64_t end_us = rs_alerts_next_close_us(alerts, now_us - RS_US_PER_S);
        if (end_us <= now_us) {
            rs_window_advance(store, end_us - 1);
            const double at_ms = now_ms();
            rs_alerts_close(alerts, end_us);
            if (closings < RS_ARRAY_LEN(closing_ms)) closing_ms[closings++] = now_ms() - at_ms;
        }
        rs_window_advance(store, now_us);
        for (uint32_t key = 0; key < QUEUES; key++) call(store, &random, key, now_us);
        double at_ms = now_ms();
        for (uint32_t key = 0; key < QUEUES; key++) rs_alerts_on_key(alerts, key, now_us);
        events_ms[second] = now_ms() - at_ms;
        at_ms = now_ms();
        rs_alerts_on_tick(alerts, now_us);
        ticks_ms[second] = now_ms() - at_ms;
        at_ms = now_ms();
        for (uint32_t key = 0; key < QUEUES; key++) {
            for (int rule = 0; rule < RULES; rule++) {
                rs_figure_t figure;
                if (rs_metric_read(store, key, 1, RS_METRIC_SERVICE_LEVEL, 0, true, now_us, &figure) == RS_OK && !figure.is_null) {
                    used += figure.value;
                }
            }
        }
        reads_ms[second] = now_ms() - at_ms;
    }
    qsort(events_ms, SECONDS, sizeof *events_ms, compare);
    qsort(ticks_ms, SECONDS, sizeof *ticks_ms, compare);
    qsort(reads_ms, SECONDS, sizeof *reads_ms, compare);
    const double tick = ticks_ms[SECONDS / 2], events = events_ms[SECONDS / 2], reads = reads_ms[SECONDS / 2];
    printf("yardstick, %d figures read: %.1f ms (%.0f ns each)%s\n", QUEUES * RULES, reads, reads * 1e6 / QUEUES / RULES,
           used < 0 ? "?" : "");
    printf("once a second, all %d queues changed: median %.1f ms, worst %.1f ms: %.1f %% of a core, %.2f x the yardstick\n", QUEUES, tick,
           ticks_ms[SECONDS - 1], tick / 10, tick / reads);
    printf("after %d events: %.1f ms, %.0f ns each\n", QUEUES, events, events * 1e6 / QUEUES);
    for (uint32_t i = 0; i < closings; i++) printf("subgroups of all queues end (%u): %.1f ms\n", i + 1, closing_ms[i]);
    printf("%llu transitions\n", (unsigned long long)transitions);
    const int64_t after_us = start_us + (SECONDS + 2) * RS_US_PER_S;
    breach(store, alerts, 0, 0, after_us, "nothing new");
    breach(store, alerts, 0, 1, after_us + RS_US_PER_S, "one queue of 5,000 breaches");
    breach(store, alerts, 1, QUEUES, after_us + 2 * RS_US_PER_S, "all others at once");
    rs_alerts_destroy(&alerts);
    rs_window_destroy(&store);
    config->rules = NULL;
    config->rule_count = 0;
    rs_config_destroy(&config);
    return 0;
}
