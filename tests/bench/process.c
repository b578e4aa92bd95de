/* What it costs to follow contacts' ways: per event, and in memory per edge.
 *
 * Load: 10,000 queues (Zipf), 20,000 agents, about 50,000 open contacts, 5,000 events of mixed types in a second of their time, as records
 * of the ring, a tick every second; all windows, rows of all families. The same events go to two cores in turn, with and without
 * the process; rows and edges are collected every second as a store does. After ten minutes of their time to fill the contacts.
 * Ticks are not in the cost of events. Prints medians of RUNS slices. RS_BENCH_QUICK=1: a minute's warming only. */
#include "core/core_internal.h"
#include "core_collect.h"
#include "workload.h"

#include <stdlib.h>
#include <time.h>

enum { PER_SECOND = 5000, OPEN_CONTACTS = 50000, RUNS = 15, SLICE_SECONDS = 10, BYTES_PER_RECORD = 320, SLICE_ROOM = 7000 * SLICE_SECONDS };

typedef struct slice {
    unsigned char *bytes;
    struct { uint32_t at, len; int64_t at_us; } items[SLICE_ROOM];
    uint32_t count;
} slice_t;

typedef struct load { workload_t *workload; rs_event_t next; uint32_t contact, queue; int64_t now_us; slice_t slice; } load_t;

static int64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void fill_slice(load_t *load) {
    slice_t *slice = &load->slice;
    uint32_t used = 0;
    slice->count = 0;
    while (load->next.occurred_us < load->now_us + SLICE_SECONDS * RS_US_PER_S) {
        RS_REQUIRE(slice->count < SLICE_ROOM && used < (uint32_t)SLICE_ROOM * BYTES_PER_RECORD);
        const size_t len = rs_record_write_event(&load->next, load->next.occurred_us, (rs_origin_t){1, 1}, slice->bytes + used);
        slice->items[slice->count].at = used;
        slice->items[slice->count].len = (uint32_t)len;
        slice->items[slice->count++].at_us = load->next.occurred_us;
        used += ((uint32_t)len + 7) & ~7u;
        RS_REQUIRE(workload_next(load->workload, &load->next, &load->contact, &load->queue));
    }
}

static uint64_t edge_rows;
static void on_row(void *context, const rs_row_t *row) { (void)context, (void)row; }
static void on_edge(void *context, const rs_process_row_t *row) {
    (void)context, (void)row;
    edge_rows++;
}

typedef struct cost { int64_t events_ns, collect_ns; } cost_t;

static cost_t apply_slice(rs_core_t *core, const load_t *load) {
    const slice_t *slice = &load->slice;
    cost_t cost = {0};
    uint32_t i = 0;
    for (int second = 1; second <= SLICE_SECONDS; second++) {
        const int64_t until_us = load->now_us + second * RS_US_PER_S, begun = cpu_ns();
        for (; i < slice->count && slice->items[i].at_us < until_us; i++) {
            RS_REQUIRE(rs_core_apply(core, RS_RECORD_EVENT, slice->bytes + slice->items[i].at, slice->items[i].len, 1) == RS_OK);
        }
        const int64_t applied = cpu_ns();
        rs_core_tick(core, until_us);
        while (core_collect(core, 4096, on_row, NULL) > 0) {}
        const int64_t collected = cpu_ns();
        while (core_process_collect(core, 4096, on_edge, NULL) > 0) {}
        cost.events_ns += applied - begun;
        cost.collect_ns += cpu_ns() - collected;
    }
    return cost;
}

static rs_core_t *create_core(const rs_config_t *config, bool process, int64_t start_us) {
    const rs_core_options_t options = {.config = config, .windows = true, .process = process, .families = (1u << RS_FAMILY_COUNT) - 1,
                                       .attributions = 1u << RS_ATTRIBUTION_EVENT,
                                       .interval = {.mode = RS_INTERVAL_FIXED, .length_us = config->interval_us},
                                       .start_us = start_us, .run = 1, .hash_seed = UINT64_C(0x123456789abcdef1)};
    rs_core_t *core;
    RS_REQUIRE(rs_core_create(&options, &core) == RS_OK);
    return core;
}

static int compare_doubles(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}
static double median(double *values) {
    qsort(values, RUNS, sizeof *values, compare_doubles);
    return values[RUNS / 2];
}

static void print_memory(const rs_core_t *with) {
    const rs_process_t *process = &with->process;
    const double cells = process->cells.live;
    printf("edges in memory        %9.0f   (%u queues' worth; %llu steps went to __overflow__)\n", cells,
           with->directory.family_counts[RS_FAMILY_QUEUE], (unsigned long long)process->overflowed);
    printf("bytes per edge         %9.0f   cell %zu + index 16 + histogram %.0f\n",
           sizeof(rs_edge_cell_t) + 16.0 +
           (process->tables.live * (double)process->tables.item_size + process->blocks.live * (double)process->blocks.item_size) / cells,
           sizeof(rs_edge_cell_t),
           (process->tables.live * (double)process->tables.item_size + process->blocks.live * (double)process->blocks.item_size) / cells);
    printf("bytes per contact      %9zu   %u ways\n", sizeof(rs_path_t), with->contacts.paths.live);
    printf("bytes per variant      %9zu   %u variants, %llu taken over\n", sizeof(rs_variant_t), process->variants.pool.live,
           (unsigned long long)process->variants.taken_over);
    printf("all of it              %9.1f MiB\n", (double)(rs_process_bytes(process) + rs_pool_bytes(&with->contacts.paths)) / (1 << 20));
}

int main(void) {
    const workload_settings_t settings = workload_steady(PER_SECOND, OPEN_CONTACTS);
    const bool quick = getenv("RS_BENCH_QUICK") != NULL;
    load_t *load = calloc(1, sizeof *load);
    rs_config_t *config;
    RS_REQUIRE(load != NULL && rs_config_create_default(&config) == RS_OK);
    config->limits.edges = 400000;
    config->limits.variants = 10000;
    load->workload = workload_create(&settings);
    load->slice.bytes = malloc((size_t)SLICE_ROOM * BYTES_PER_RECORD + RS_RECORD_MAX);
    load->now_us = settings.start_us;
    RS_REQUIRE(load->slice.bytes != NULL && workload_next(load->workload, &load->next, &load->contact, &load->queue));
    rs_core_t *without = create_core(config, false, load->now_us), *with = create_core(config, true, load->now_us);
    double off_ns[RUNS], on_ns[RUNS], collect_ns[RUNS], difference_ns[RUNS];
    const int warm = quick ? 6 : 60;
    for (int slice = 0; slice < warm + RUNS; slice++) {
        fill_slice(load);
        const bool with_first = slice % 2 == 0;
        const cost_t first = apply_slice(with_first ? with : without, load);
        const cost_t second = apply_slice(with_first ? without : with, load);
        load->now_us += SLICE_SECONDS * RS_US_PER_S;
        if (slice < warm) continue;
        const cost_t on = with_first ? first : second, off = with_first ? second : first;
        const int run = slice - warm;
        off_ns[run] = (double)off.events_ns / load->slice.count;
        on_ns[run] = (double)on.events_ns / load->slice.count;
        difference_ns[run] = on_ns[run] - off_ns[run];
        collect_ns[run] = (double)on.collect_ns / load->slice.count;
    }
    printf("apply one event        %9.1f ns without, %.1f ns with the process: %.1f ns more\n", median(off_ns), median(on_ns),
           median(difference_ns));
    printf("collecting edges       %9.1f ns per event (%llu rows)\n", median(collect_ns), (unsigned long long)edge_rows);
    print_memory(with);
    rs_core_destroy(&with);
    rs_core_destroy(&without);
    workload_destroy(&load->workload);
    rs_config_destroy(&config);
    free(load->slice.bytes);
    free(load);
    return 0;
}
