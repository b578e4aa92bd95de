/* What a case costs: memory of open, overdue and closed ones once folded, and time per event and per moment that falls due.
 *
 * Usage: bench_feedback [cases, 100000]. Bar: at most 256 bytes per folded case, index included. */
#include "core/core_internal.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>

#define START_US (INT64_C(1772442000) * RS_US_PER_S)
enum { BAR_BYTES = 256, PER_SECOND = 1000, SLICE = 1024 };

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static rs_core_t *make_core(rs_config_t *config) {
    const rs_core_options_t options = {.config = config, .windows = true, .families = (1u << RS_FAMILY_COUNT) - 1,
                                       .attributions = 1u << RS_ATTRIBUTION_EVENT, .start_us = START_US, .run = 1, .hash_seed = 5,
                                       .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 15 * RS_US_PER_MIN}};
    rs_core_t *core;
    RS_REQUIRE(rs_core_create(&options, &core) == RS_OK);
    return core;
}

static void apply(rs_core_t *core, uint32_t number, rs_feedback_stage_t stage, int64_t at_us, uint64_t seq) {
    char id[24], queue[24];
    snprintf(id, sizeof id, "case-%u", number);
    snprintf(queue, sizeof queue, "queue-%u", number % 200);
    const rs_event_t event = {.occurred_us = at_us, .seq = seq, .present = RS_HAS_SEQ, .type = RS_FEEDBACK_RECEIVED,
                              .kind = RS_FEEDBACK_COMPLAINT, .stage = (uint8_t)stage, .source = RS_STR("crm"), .case_id = rs_str(id),
                              .queue = rs_str(queue)};
    rs_core_apply_event(core, &event, at_us, (rs_origin_t){0});
}

int main(int count, char **arguments) {
    const uint32_t cases = count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 0) : 100000;
    rs_config_t *config;
    RS_REQUIRE(rs_config_create_default(&config) == RS_OK);
    config->limits.cases = cases;
    config->feedback.acknowledge_us = 5 * RS_US_PER_DAY;
    config->feedback.close_us = 20 * RS_US_PER_DAY;
    rs_core_t *core = make_core(config);
    const uint64_t empty = rs_cases_bytes(&core->cases);

    int64_t at_us = START_US;
    uint64_t seq = 0;
    double begun = seconds_now();
    for (uint32_t i = 0; i < cases; i++) {
        if (i % PER_SECOND == 0) rs_core_tick(core, at_us += RS_US_PER_S);
        apply(core, i, RS_FEEDBACK_STAGE_RECEIVED, at_us, ++seq);
    }
    const double received_ns = (seconds_now() - begun) * 1e9 / cases;
    rs_core_tick(core, at_us += RS_US_PER_HOUR);
    const uint64_t kept = rs_cases_bytes(&core->cases) - empty;
    while (core->cases.events.live != 0) rs_core_tick(core, at_us);

    begun = seconds_now();
    double worst = 0;
    uint32_t overdue = 0;
    at_us += 6 * RS_US_PER_DAY;
    core->now_us = at_us;
    while (overdue < cases) {
        const double before = seconds_now();
        rs_core_let_time_act_on_cases(core, SLICE);
        const double took = seconds_now() - before;
        if (took > worst) worst = took;
        rs_complaint_gauges_t gauges;
        rs_core_complaints(core, 0, &gauges);
        overdue = gauges.overdue;
    }
    const double due_ns = (seconds_now() - begun) * 1e9 / cases;
    const uint64_t record = core->cases.cases.item_size;
    const double bytes = (double)(rs_pool_bytes(&core->cases.cases) + rs_index_bytes(&core->cases.index)) / cases;
    printf("%u cases: record %llu bytes, %.0f with the index; %.0f more while its events are kept\n", cases,
           (unsigned long long)record, bytes, (double)kept / cases - bytes);
    printf("event %.0f ns (windows and rows of three keys included); falling due %.0f ns; longest slice of %d %.2f ms\n", received_ns,
           due_ns, SLICE, worst * 1e3);
    rs_core_destroy(&core);
    rs_config_destroy(&config);
    return bytes <= BAR_BYTES ? 0 : 1;
}
