/* How fast a journal is applied again, against the core's own rate on the same records.
 *
 * Load: the standard day (support/workload.h), with ticks ten times a second of its time, rows collected and confirmed once a second, the
 * configuration daemon/ringside.conf. First the records are applied as they come, by the core alone; then the same records are
 * recovered by an engine, wholly, and from a state saved half way. Yardstick (design/bars.md): at least 0.7 of the core's rate.
 * Usage: bench_recover [configuration file, daemon/ringside.conf]; RS_BENCH_QUICK=1: a tenth of the events.
 * Ends with 1 below the yardstick. */
#include "memory_journal.h"
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void ignore_row(void *context, const rs_row_t *row) { (void)context, (void)row; }
static void ignore_edge(void *context, const rs_process_row_t *row) { (void)context, (void)row; }

typedef struct load {
    memory_journal_t journal;
    rs_engine_t *engine;
    size_t applied;
    int64_t ns;
} load_t;

/* The records since the last time, by the core alone. */
static void apply(load_t *load) {
    rs_core_t *core = engine_core(load->engine);
    const int64_t begun_ns = cpu_ns();
    for (; load->applied < load->journal.count; load->applied++) {
        const journal_record_t *record = &load->journal.records[load->applied];
        RS_REQUIRE(rs_core_apply(core, record->kind, record->bytes, record->len, load->applied + 1) == RS_OK);
    }
    load->ns += cpu_ns() - begun_ns;
}

static void confirm(load_t *load) {
    rs_core_t *core = engine_core(load->engine);
    rs_confirmed_t confirmed;
    apply(load);
    rs_core_collect(core, SIZE_MAX, ignore_row, NULL);
    rs_core_process_collect(core, SIZE_MAX, ignore_edge, NULL);
    rs_core_collected(core, &confirmed);
    journal_add_confirmed(&load->journal, &confirmed);
}

static void fill(load_t *load, const workload_settings_t *settings, uint64_t events) {
    workload_t *workload = workload_create(settings);
    int64_t tick_us = settings->start_us;
    uint32_t contact, queue, ticks = 0;
    rs_event_t event;
    for (uint64_t i = 0; i < events && workload_next(workload, &event, &contact, &queue); i++) {
        while (event.occurred_us >= tick_us + 100 * RS_US_PER_MS) {
            tick_us += 100 * RS_US_PER_MS;
            journal_add_tick(&load->journal, tick_us);
            if (++ticks % 10 == 0) confirm(load);
        }
        journal_add_event(&load->journal, &event, event.occurred_us + 20 * RS_US_PER_MS, (rs_origin_t){1, i + 1});
    }
    apply(load);
    workload_destroy(&workload);
}

static double rate(size_t records, int64_t ns) { return (double)records * 1e9 / (double)ns; }

int main(int argc, char **argv) {
    const bool quick = getenv("RS_BENCH_QUICK") != NULL;
    workload_settings_t settings = workload_one_day();
    settings.pseudonyms = true;
    rs_config_t *config;
    rs_config_error_t error;
    RS_REQUIRE(rs_config_load(argc > 1 ? argv[1] : "daemon/ringside.conf", NULL, 0, &config, &error) == RS_OK);
    const rs_engine_settings_t made = {.config = config, .start_us = settings.start_us, .run = 1, .hash_seed = 4711, .keep_rows = true};
    load_t load = {0};
    RS_REQUIRE(rs_engine_prepare(&made, &load.engine) == RS_OK);
    journal_add_begin(&load.journal, config, &made);
    journal_add_session(&load.journal, 1, RS_STR("pbx"), RS_STR("1"));
    journal_recover(&load.journal, 1, load.journal.count, load.engine);
    load.applied = load.journal.count;
    fill(&load, &settings, quick ? 100000 : 1000000);
    const double core_rate = rate(load.journal.count, load.ns);

    rs_engine_t *whole, *half;
    saved_engine_t saved = {0};
    const size_t middle = load.journal.count / 2;
    RS_REQUIRE(rs_engine_prepare(&made, &whole) == RS_OK && rs_engine_prepare(&made, &half) == RS_OK);
    int64_t ns = cpu_ns();
    journal_recover(&load.journal, 1, middle, whole);
    ns = cpu_ns() - ns;
    int64_t save_ns = cpu_ns();
    engine_save(whole, &saved);
    save_ns = cpu_ns() - save_ns;
    int64_t rest_ns = cpu_ns();
    journal_recover(&load.journal, middle + 1, load.journal.count, whole);
    ns += cpu_ns() - rest_ns;
    int64_t load_ns = cpu_ns();
    RS_REQUIRE(engine_load(half, &saved) == RS_OK);
    load_ns = cpu_ns() - load_ns;
    journal_recover(&load.journal, middle + 1, load.journal.count, half);
    const double recovery_rate = rate(load.journal.count, ns);
    printf("%zu records: the core %.0f/s, recovery %.0f/s: %.2f of it; a state of %.1f MB is saved in %.0f ms, loaded in %.0f ms\n",
           load.journal.count, core_rate, recovery_rate, recovery_rate / core_rate, (double)saved.len / 1e6, (double)save_ns / 1e6,
           (double)load_ns / 1e6);
    const bool same = engine_states_equal(load.engine, whole) && engine_states_equal(load.engine, half);
    printf("states %s\n", same ? "are equal" : "DIFFER");
    saved_engine_free(&saved);
    rs_engine_destroy(&half);
    rs_engine_destroy(&whole);
    rs_engine_destroy(&load.engine);
    journal_free(&load.journal);
    rs_config_destroy(&config);
    return same && recovery_rate >= 0.7 * core_rate ? 0 : 1;
}
