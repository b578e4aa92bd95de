/* Saving and loading the whole core: how fast, and what a state weighs.
 *
 * Load: the standard one (support/workload.h): first the day's 200 queues and 2,000 agents, then 5,000 events a second for ten minutes at
 * 10,000 queues and 20,000 agents with about 50,000 open contacts; rows of all families in both attributions, collected once a second
 * of its time; all windows, the alert rules of the sample configuration.
 * Usage: bench_state [configuration file, daemon/ringside.conf]; RS_BENCH_QUICK=1: a tenth of the events. */
#include "core/core_internal.h"
#include "core_collect.h"
#include "random.h"
#include "state_bytes.h"
#include "workload.h"

enum { RUNS = 5, SECTIONS = 32 };

static int64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void ignore_row(void *context, const rs_row_t *row) { (void)context, (void)row; }
static void ignore_alert(void *context, const rs_alert_transition_t *transition) { (void)context, (void)transition; }

static rs_core_options_t options_for(const rs_config_t *config, int64_t start_us) {
    return (rs_core_options_t){.config = config, .windows = true, .alerts = true, .families = (1u << RS_FAMILY_COUNT) - 1,
                               .attributions = 1u << RS_ATTRIBUTION_EVENT | 1u << RS_ATTRIBUTION_ENTER,
                               .interval = {.mode = RS_INTERVAL_FIXED, .length_us = config->interval_us}, .start_us = start_us,
                               .run = 1, .hash_seed = UINT64_C(0x123456789abcdef1), .effects = {.on_alert = ignore_alert}};
}

static uint64_t apply(rs_core_t *core, const workload_settings_t *settings, uint64_t events) {
    workload_t *workload = workload_create(settings);
    uint64_t applied = 0;
    int64_t tick_us = settings->start_us;
    rs_event_t event;
    uint32_t contact, queue;
    for (; applied < events && workload_next(workload, &event, &contact, &queue); applied++) {
        while (event.occurred_us >= tick_us + RS_US_PER_S) {
            tick_us += RS_US_PER_S;
            rs_core_tick(core, tick_us);
            (void)core_collect(core, SIZE_MAX, ignore_row, NULL);
        }
        rs_core_apply_event(core, &event, event.occurred_us + 20 * RS_US_PER_MS, (rs_origin_t){1, applied + 1});
    }
    workload_destroy(&workload);
    return applied;
}

typedef struct things { uint64_t contacts, keys, cells; } things_t;

/* What its bytes come to for each of what it is mostly about; 0: nothing of the kind. */
static uint64_t share_of(const char *section, const things_t *things, const char **what) {
    static const struct { const char *section, *what; size_t offset; } kinds[] = {
        {"contacts", "contact", offsetof(things_t, contacts)}, {"keys", "key", offsetof(things_t, keys)},
        {"windows", "key", offsetof(things_t, keys)}, {"alerts", "key", offsetof(things_t, keys)},
        {"rows", "cell", offsetof(things_t, cells)}};
    for (size_t i = 0; i < RS_ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].section, section) != 0) continue;
        *what = kinds[i].what;
        return *(const uint64_t *)(const void *)((const char *)things + kinds[i].offset);
    }
    return 0;
}

/* Bytes of each section: blocks are headed by length, section and whether it is the last one. */
static void print_sections(const state_bytes_t *state, const things_t *things) {
    size_t sizes[SECTIONS] = {0};
    char names[SECTIONS][32] = {""};
    for (size_t at = 32; at + 8 < state->len;) {
        const unsigned char *head = state->bytes + at;
        const size_t len = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16, section = head[4];
        if (len == 0 || section >= SECTIONS) break;
        if (sizes[section] == 0) {
            snprintf(names[section], sizeof names[section], "%.*s", head[8] < 31 ? head[8] : 31, (const char *)head + 9);
        }
        sizes[section] += len + 24;
        at += len + 24;
    }
    for (unsigned i = 0; i < SECTIONS && sizes[i] != 0; i++) {
        const char *what = "";
        const uint64_t count = share_of(names[i], things, &what);
        if (count == 0) printf("    %-16s %12zu bytes\n", names[i], sizes[i]);
        else printf("    %-16s %12zu bytes, %.0f per %s\n", names[i], sizes[i], (double)sizes[i] / (double)count, what);
    }
}

static void measure(const char *name, rs_core_t **core, const rs_core_options_t *options, uint64_t events) {
    int64_t save_ns = INT64_MAX, load_ns = INT64_MAX;
    state_bytes_t state = {0}, again = {0};
    for (unsigned run = 0; run < RUNS; run++) {
        const int64_t begun = cpu_ns();
        state_save(*core, &state);
        const int64_t saved = cpu_ns() - begun;
        if (saved < save_ns) save_ns = saved;
    }
    const things_t things = {(*core)->contacts.contacts.live, (*core)->directory.count, (*core)->rows.cells.live};
    const uint64_t memory = rs_core_bytes(*core);
    for (unsigned run = 0; run < RUNS; run++) {
        char what[RS_STATE_WHAT_BYTES];
        rs_core_destroy(core);
        const int64_t begun = cpu_ns();
        if (state_load(options, &state, 0, what, core) != RS_OK) fprintf(stderr, "%s\n", what);
        RS_REQUIRE(*core != NULL);
        const int64_t loaded = cpu_ns() - begun;
        if (loaded < load_ns) load_ns = loaded;
    }
    state_save(*core, &again);
    RS_REQUIRE(state_equal(&state, &again));
    const double megabytes = (double)state.len / 1e6;
    printf("%s: %" PRIu64 " events, %" PRIu64 " contacts, %" PRIu64 " keys, %" PRIu64 " cells of rows, %.0f MB of memory\n", name, events,
           things.contacts, things.keys, things.cells, (double)memory / 1e6);
    printf("  state %.1f MB: save %.0f ms, %.0f MB/s; load %.0f ms, %.0f MB/s (thread CPU, best of %d)\n", megabytes, (double)save_ns / 1e6,
           megabytes / ((double)save_ns / 1e9), (double)load_ns / 1e6, megabytes / ((double)load_ns / 1e9), RUNS);
    print_sections(&state, &things);
    state_free(&state);
    state_free(&again);
}

static void bench(const char *name, const rs_config_t *config, const workload_settings_t *settings, uint64_t events) {
    const rs_core_options_t options = options_for(config, settings->start_us);
    rs_core_t *core;
    RS_REQUIRE(rs_core_create(&options, &core) == RS_OK);
    const uint64_t applied = apply(core, settings, events);
    measure(name, &core, &options, applied);
    rs_core_destroy(&core);
}

int main(int argument_count, char **arguments) {
    const char *file = argument_count > 1 ? arguments[1] : "daemon/ringside.conf";
    const uint64_t share = getenv("RS_BENCH_QUICK") != NULL ? 10 : 1;
    rs_config_t *config;
    rs_config_error_t error;
    if (rs_config_load(file, NULL, 0, &config, &error) != RS_OK) {
        char text[1024];
        rs_config_error_format(&error, text, sizeof text);
        fprintf(stderr, "%s\n", text);
        return 1;
    }
    const workload_settings_t day = workload_one_day(), steady = workload_steady(5000, 50000);
    bench("noon of a day", config, &day, 700000 / share);
    bench("ten minutes at 5,000 events/s", config, &steady, UINT64_C(3000000) / share);
    rs_config_destroy(&config);
    return 0;
}
