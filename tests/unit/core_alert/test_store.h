/* A window store for tests of the alert engine: every figure is what the test says it is, and every question is
 * counted. It stands in for core/window and core/metric (the linker takes these functions instead of the library's). */
#ifndef TEST_ALERT_STORE_H
#define TEST_ALERT_STORE_H

#include "core/alert/alert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

enum { TEST_KEYS = 256, TEST_SEEN = 300 };

typedef struct test_store {
    rs_figure_t figures[TEST_KEYS][RS_METRIC_COUNT];
    uint32_t versions[TEST_KEYS], taken[TEST_KEYS];   /* rs_window_changes: whether they differ, */
    uint32_t change;           /* and then what, 0 = everything */
    int64_t waiting[TEST_KEYS];
    int64_t counts[TEST_KEYS][RS_WINDOW_SLOTS][RS_COUNT_COUNT];
    rs_window_prediction_t predictions[TEST_KEYS];
    uint32_t reads;            /* calls of rs_metric_read, */
    uint32_t percentile_reads; /* of them for percentiles */
    uint32_t version_reads;
    uint32_t asked_window, asked_slot; /* of the last one */
    bool asked_miss_now;
    int64_t asked_now_us;
    int read_status;
} test_store_t;

extern test_store_t test_store;

/* A figure resting on `denominator`; 0 for plain counts and gauges. */
rs_figure_t test_figure(double value, int64_t denominator);
rs_figure_t test_null_figure(void);
/* Sets a figure as an event would: the key's version changes. */
void test_set(uint32_t key, rs_metric_t metric, rs_figure_t figure);

/* The engine under test with what it reported. */
typedef struct test_engine {
    rs_config_t config;
    rs_rule_config_t rules[8];
    rs_alerts_t *alerts;
    rs_alert_transition_t seen[TEST_SEEN];
    uint32_t seen_count;
} test_engine_t;

/* A configuration with windows of 5, 15, 30, 60 min and the policies short_excluded (open_miss_now) and answered_only.
 * */
void test_config_init(test_engine_t *engine);
/* A rule for waiting > 10, clear at 5, on every queue. */
rs_rule_config_t test_rule(const char *name);
/* Creates the engine from config and rules [0 .. rule_count). */
void test_engine_create(test_engine_t *engine, uint32_t rule_count, uint32_t max_instances);
void test_engine_destroy(test_engine_t *engine);
void test_bind_queue(test_engine_t *engine, uint32_t key, const char *queue);
rs_key_t test_key(uint8_t family, const char *tenant, uint8_t channel, const char *name);

/* The lists of tests, one per file. */
extern const struct CMUnitTest machine_tests[], bind_tests[], tick_tests[], detector_tests[], outbox_tests[], life_tests[], care_tests[];
extern const struct CMUnitTest explain_tests[], mask_tests[];
extern const size_t machine_test_count, bind_test_count, tick_test_count, detector_test_count, outbox_test_count, life_test_count,
    care_test_count;
extern const size_t explain_test_count, mask_test_count;

#endif
