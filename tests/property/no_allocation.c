/* Once the core has seen its load, events allocate nothing: what grows, grows by chunks and comes to an end. */
#include "core_collect.h"
#include "allocations.h"
#include "core/core.h"
#include "workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { WARM_SECONDS = 1500, MEASURED_SECONDS = 120, PER_SECOND = 200 };

static void nothing(void *context, const rs_row_t *row) {
    (void)context;
    (void)row;
}

static void forget_alert(void *context, const rs_alert_transition_t *transition) {
    (void)context;
    (void)transition;
}

static void no_edge(void *context, const rs_process_row_t *row) { (void)context, (void)row; }

static rs_core_t *create(const rs_config_t *config, int64_t start_us) {
    const rs_core_options_t options = {
        .config = config, .windows = true, .alerts = true, .process = true, .families = (1u << RS_FAMILY_COUNT) - 1,
        .attributions = 1u << RS_ATTRIBUTION_EVENT | 1u << RS_ATTRIBUTION_ENTER,
        .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 15 * RS_US_PER_MIN}, .start_us = start_us, .run = 1, .hash_seed = 1,
        .effects = {.on_alert = forget_alert}};
    rs_core_t *core;
    assert_int_equal(rs_core_create(&options, &core), RS_OK);
    return core;
}

/* Applies the events of some seconds as the ring's records, with ticks and collections. Returns how many there were. */
static uint64_t run(rs_core_t *core, workload_t *workload, rs_event_t *next, int64_t *now_us, int seconds) {
    unsigned char record[RS_RECORD_MAX];
    uint32_t contact, queue;
    uint64_t events = 0;
    for (int second = 0; second < seconds; second++) {
        *now_us += RS_US_PER_S;
        while (next->occurred_us < *now_us) {
            const size_t len = rs_record_write_event(next, next->occurred_us, (rs_origin_t){0}, record);
            assert_int_equal(rs_core_apply(core, RS_RECORD_EVENT, record, len, ++events), RS_OK);
            assert_true(workload_next(workload, next, &contact, &queue));
        }
        rs_core_tick(core, *now_us);
        core_collect(core, 100000, nothing, NULL);
        core_process_collect(core, 100000, no_edge, NULL);
    }
    return events;
}

static void events_allocate_nothing_once_the_load_is_known(void **state) {
    (void)state;
    rs_config_t *config;
    rs_config_error_t error;
    assert_int_equal(rs_config_load(RS_SOURCE_DIR "/daemon/ringside.conf", NULL, 0, &config, &error), RS_OK);
    config->limits.edges = 20000;
    config->limits.variants = 1000;
    for (int ids = 0; ids < 2; ids++) {
        workload_settings_t settings = workload_steady(PER_SECOND, 2000);
        settings.queues = 200;
        settings.agents = 500;
        settings.event_ids = ids != 0;
        workload_t *workload = workload_create(&settings);
        rs_event_t next;
        uint32_t contact, queue;
        assert_true(workload_next(workload, &next, &contact, &queue));
        int64_t now_us = settings.start_us;
        rs_core_t *core = create(config, now_us);
        (void)run(core, workload, &next, &now_us, WARM_SECONDS);
        const uint64_t before = allocations_count();
        const uint64_t events = run(core, workload, &next, &now_us, MEASURED_SECONDS);
        const uint64_t made = allocations_count() - before;
        print_message("%llu events%s: %llu allocations\n", (unsigned long long)events, ids ? " with ids" : "", (unsigned long long)made);
        assert_true(events > MEASURED_SECONDS * PER_SECOND / 2);
        /* A chunk of a thousand things may still come; one per event, or per hundred, may not. */
        assert_true(made * 1000 <= events);
        rs_core_destroy(&core);
        workload_destroy(&workload);
    }
    rs_config_destroy(&config);
}

int main(void) {
    allocations_start();
    const struct CMUnitTest tests[] = {cmocka_unit_test(events_allocate_nothing_once_the_load_is_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
