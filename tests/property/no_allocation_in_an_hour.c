/* Nothing is allocated per event or tick once the core is warm: every allocation of the program is counted while a whole core (windows,
 * alerts, rows in both attributions, collected as the store does) goes through the same hour of calls again and again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_collect.h"
#include "allocations.h"
#include "core/core.h"
#include "workload.h"

#include <stdio.h>

enum { SOURCES = 4, WARM_HOURS = 3, TICKS_PER_SECOND = 10, HOUR_S = 3600 };

typedef struct run {
    rs_config_t *config;
    rs_core_t *core;
    int64_t start_us;
    uint64_t seqs[SOURCES + 1], events, rows, transitions, refused;
    rs_confirmed_t told;                /* up to the last transition: the store has it at once */
} run_t;

static void on_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason) {
    (void)origin, (void)event, (void)reason;
    ((run_t *)context)->refused++;
}
static void on_alert(void *context, const rs_alert_transition_t *transition) {
    run_t *run = context;
    run->transitions++;
    run->told.alert_position = transition->position;
    run->told.alert_ordinal = transition->ordinal;
}
static void on_row(void *context, const rs_row_t *row) {
    (void)row;
    ((run_t *)context)->rows++;
}

static workload_settings_t calls_of_an_hour(int64_t start_us, bool event_ids) {
    workload_settings_t settings = workload_steady(60, 500);
    settings.queues = 40;
    settings.agents = 100;
    settings.sources = SOURCES;
    settings.start_us = start_us;
    settings.event_ids = event_ids;
    return settings;
}

static void create(run_t *run) {
    /* Some calls are cut off at the end of their hour: without a time-out they would add up. So would customers, for a week. */
    static const char *const sets[] = {"limits.contacts=12000", "limits.remembered_ids=1000000", "time.lateness=5m", "time.missing_end=15m",
                                       "fcr.repeat_window=30m"};
    rs_config_error_t error;
    *run = (run_t){.start_us = INT64_C(1772409600) * RS_US_PER_S};
    assert_int_equal(rs_config_load(RS_SOURCE_DIR "/daemon/ringside.conf", sets, RS_ARRAY_LEN(sets), &run->config, &error), RS_OK);
    const rs_core_options_t options = {
        .config = run->config, .windows = true, .alerts = true, .families = (1u << RS_FAMILY_COUNT) - 1,
        .attributions = 1u << RS_ATTRIBUTION_EVENT | 1u << RS_ATTRIBUTION_ENTER,
        .interval = {.mode = RS_INTERVAL_FIXED, .length_us = run->config->interval_us}, .start_us = run->start_us, .run = 1,
        .hash_seed = 7, .effects = {.context = run, .on_verdict = on_verdict, .on_alert = on_alert}};
    assert_int_equal(rs_core_create(&options, &run->core), RS_OK);
}

static void destroy(run_t *run) {
    rs_core_destroy(&run->core);
    rs_config_destroy(&run->config);
}

static void tick(run_t *run, int64_t now_us, bool collect) {
    rs_core_tick(run->core, now_us);
    while (collect && core_collect(run->core, 1024, on_row, run) > 0) {}
    if (collect) rs_core_confirm(run->core, &run->told);
}

/* Hour after hour the same calls, but each a contact and with numbers of its own. */
static void apply_event(run_t *run, rs_event_t *event, unsigned hour) {
    unsigned char record[RS_RECORD_MAX];
    char contact[RS_MAX_CONTACT_ID], id[RS_MAX_NAME];
    event->contact_id = (rs_str_t){contact, (uint32_t)snprintf(contact, sizeof contact, "%u-%.*s", hour, (int)event->contact_id.len,
                                                               event->contact_id.data)};
    if (event->event_id.len != 0) {
        event->event_id =
            (rs_str_t){id, (uint32_t)snprintf(id, sizeof id, "%u-%.*s", hour, (int)event->event_id.len, event->event_id.data)};
    }
    event->seq = ++run->seqs[(unsigned)(event->source.data[event->source.len - 1] - '0')];
    const size_t len = rs_record_write_event(event, event->occurred_us + 1000, (rs_origin_t){0}, record);
    assert_int_equal(rs_core_apply(run->core, RS_RECORD_EVENT, record, len, ++run->events), RS_OK);
}

/* Returns the allocations of the core in that hour; those of making the events are not among them. */
static uint64_t apply_hour(run_t *run, unsigned hour, bool event_ids) {
    const int64_t start_us = run->start_us + (int64_t)hour * RS_US_PER_HOUR;
    const workload_settings_t settings = calls_of_an_hour(start_us, event_ids);
    workload_t *workload = workload_create(&settings);
    uint64_t made = 0;
    rs_event_t event;
    uint32_t contact, queue;
    bool more = workload_next(workload, &event, &contact, &queue);
    for (int64_t part = 1; part <= (int64_t)HOUR_S * TICKS_PER_SECOND; part++) {
        const int64_t until_us = start_us + part * (RS_US_PER_S / TICKS_PER_SECOND);
        while (more && event.occurred_us < until_us) {
            const uint64_t before = allocations_count();
            apply_event(run, &event, hour);
            made += allocations_count() - before;
            more = workload_next(workload, &event, &contact, &queue);
        }
        const uint64_t before = allocations_count();
        tick(run, until_us, part % TICKS_PER_SECOND == 0);
        made += allocations_count() - before;
    }
    workload_destroy(&workload);
    return made;
}

static void an_hour_like_those_before_allocates_nothing(bool event_ids) {
    run_t run;
    create(&run);
    uint64_t warming = 0;
    for (unsigned hour = 0; hour < WARM_HOURS; hour++) warming += apply_hour(&run, hour, event_ids);
    assert_true(warming > 0);   /* the counter does count */
    const uint64_t events = run.events, rows = run.rows;
    assert_int_equal(apply_hour(&run, WARM_HOURS, event_ids), 0);
    assert_true(run.events > events + 100000 && run.rows > rows + 10000 && run.transitions > 0);
    assert_int_equal(run.refused, 0);
    const rs_core_losses_t losses = rs_core_losses(run.core);
    assert_int_equal(losses.contacts + losses.cells + losses.panes + losses.overflowed_keys + losses.alerts, 0);
    destroy(&run);
}

static void events_known_by_their_number_allocate_nothing(void **state) {
    (void)state;
    an_hour_like_those_before_allocates_nothing(false);
}

static void events_known_by_their_id_allocate_nothing(void **state) {
    (void)state;
    an_hour_like_those_before_allocates_nothing(true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_known_by_their_number_allocate_nothing),
        cmocka_unit_test(events_known_by_their_id_allocate_nothing),
    };
    allocations_start();
    return cmocka_run_group_tests_name("no_allocation", tests, NULL, NULL);
}
