/* What one event costs the core, and what the core's things weigh.
 *
 * Load: 10,000 queues (Zipf), 20,000 agents, about 50,000 open contacts, 5,000 events of mixed types in a second of their time, as
 * records of the ring, a tick every tenth of a second; all windows and histograms, the alert rules of the sample configuration,
 * rows of all families in both attributions, collected every second as the store does. Measured after 65 minutes of their
 * time: so windows evict and contacts fold as fast as new ones come.
 * Yardstick of the same run: one contact look-up, one key look-up and 16 integer additions per event, in the order of the same events.
 * Usage: bench_core_apply [configuration file, daemon/ringside.conf]; RS_BENCH_QUICK=1: without warm windows and shares
 * (a greater number: so many seconds before it measures, instead of 900); RS_BENCH_KEEP_ROWS=1: rows are not collected (for a profile
 * of events alone); RS_BENCH_RUNS=1: so many runs of half a minute instead of 7 (to count instructions); RS_BENCH_ALONE=1: records come
 * one by one, none is known ahead. */
#include "core_collect.h"
#include "allocations.h"
#include "core/core_internal.h"
#include "random.h"
#include "workload.h"

enum { PER_SECOND = 5000, OPEN_CONTACTS = 50000, QUEUES = 10000, SLICE_SECONDS = 10, RUNS = 7, ADDITIONS = 16, TICKS = 10,
       SLICE_ROOM = (PER_SECOND + 2000) * SLICE_SECONDS, BYTES_PER_RECORD = 320, MAX_CONTACTS = 1 << 18 };

/* --- the events of some seconds, written down before they are measured ---------------------------------------------------- */
typedef struct slice {
    unsigned char *bytes;
    struct { uint32_t at, len, contact, queue; int64_t at_us; } items[SLICE_ROOM];
    uint32_t count;
    int64_t end_us;
} slice_t;

typedef struct load {
    workload_t *workload;
    slice_t slice;
    rs_event_t next;
    uint32_t next_contact, next_queue;
    int64_t now_us;
    uint64_t position;
} load_t;

static int64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static load_t *create_load(bool event_ids) {
    workload_settings_t settings = workload_steady(PER_SECOND, OPEN_CONTACTS);
    settings.event_ids = event_ids;
    load_t *load = calloc(1, sizeof *load);
    RS_REQUIRE(load != NULL);
    load->workload = workload_create(&settings);
    load->slice.bytes = malloc((size_t)SLICE_ROOM * BYTES_PER_RECORD + RS_RECORD_MAX);
    RS_REQUIRE(load->slice.bytes != NULL);
    load->now_us = settings.start_us;
    RS_REQUIRE(workload_next(load->workload, &load->next, &load->next_contact, &load->next_queue));
    return load;
}

static void destroy_load(load_t *load) {
    workload_destroy(&load->workload);
    free(load->slice.bytes);
    free(load);
}

static void fill_slice(load_t *load) {
    slice_t *slice = &load->slice;
    uint32_t used = 0;
    slice->count = 0;
    slice->end_us = load->now_us + SLICE_SECONDS * RS_US_PER_S;
    while (load->next.occurred_us < slice->end_us) {
        RS_REQUIRE(slice->count < SLICE_ROOM && used < (uint32_t)SLICE_ROOM * BYTES_PER_RECORD);
        const size_t len = rs_record_write_event(&load->next, load->next.occurred_us + 20000, (rs_origin_t){1, ++load->position},
                                                 slice->bytes + used);
        slice->items[slice->count].at = used;
        slice->items[slice->count].len = (uint32_t)len;
        slice->items[slice->count].contact = load->next_contact;
        slice->items[slice->count].queue = load->next_queue;
        slice->items[slice->count++].at_us = load->next.occurred_us;
        used += ((uint32_t)len + 7) & ~7u;
        RS_REQUIRE(workload_next(load->workload, &load->next, &load->next_contact, &load->next_queue));
    }
}

/* --- the core -------------------------------------------------------------------------------------------------------------- */
typedef struct parts { const char *name; uint32_t families, attributions; bool windows, alerts; } parts_t;
static const uint32_t every_family = (1u << RS_FAMILY_COUNT) - 1, both = 1u << RS_ATTRIBUTION_EVENT | 1u << RS_ATTRIBUTION_ENTER;
static uint64_t refused, transitions, rows;
static bool alone;   /* nothing is known ahead */

static void on_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason) {
    (void)context, (void)origin, (void)event, (void)reason;
    refused++;
}
static void on_alert(void *context, const rs_alert_transition_t *transition) {
    (void)context, (void)transition;
    transitions++;
}
static void on_row(void *context, const rs_row_t *row) {
    (void)context, (void)row;
    rows++;
}

static rs_core_t *create_core(const rs_config_t *config, const parts_t *parts, int64_t start_us) {
    const rs_core_options_t options = {
        .config = config, .windows = parts->windows, .alerts = parts->alerts, .families = parts->families,
        .attributions = parts->attributions, .interval = {.mode = RS_INTERVAL_FIXED, .length_us = config->interval_us},
        .start_us = start_us, .run = 1, .hash_seed = UINT64_C(0x123456789abcdef1),
        .effects = {.on_verdict = on_verdict, .on_alert = on_alert}};
    rs_core_t *core;
    RS_REQUIRE(rs_core_create(&options, &core) == RS_OK);
    return core;
}

typedef struct cost { int64_t events_ns, ticks_ns, collect_ns; uint64_t events, allocations; } cost_t;

static void tick(rs_core_t *core, int64_t now_us, cost_t *cost) {
    unsigned char record[RS_RECORD_MAX];
    const size_t len = rs_record_write_tick(now_us, record);
    const int64_t begun = cpu_ns();
    RS_REQUIRE(rs_core_apply(core, RS_RECORD_TICK, record, len, 1) == RS_OK);
    cost->ticks_ns += cpu_ns() - begun;
}

/* As the engine does: it has more records in its ring than the one that it applies. */
static void announce(rs_core_t *core, const slice_t *slice, uint32_t i) {
    if (alone || i >= slice->count) return;
    rs_core_announce_record(core, RS_RECORD_EVENT, slice->bytes + slice->items[i].at, slice->items[i].len);
}

/* Applies the slice: events and ticks in turn, the rows collected once a second. */
static void apply_slice(rs_core_t *core, load_t *load, cost_t *cost) {
    const slice_t *slice = &load->slice;
    const uint64_t before = allocations_count();
    uint32_t i = 0;
    for (uint32_t part = 1; part <= SLICE_SECONDS * TICKS; part++) {
        const int64_t until_us = load->now_us + part * (RS_US_PER_S / TICKS);
        const int64_t begun = cpu_ns();
        for (; i < slice->count && slice->items[i].at_us < until_us; i++) {
            announce(core, slice, i + RS_CORE_AHEAD);
            RS_REQUIRE(rs_core_apply(core, RS_RECORD_EVENT, slice->bytes + slice->items[i].at, slice->items[i].len, i) == RS_OK);
        }
        const int64_t applied = cpu_ns();
        cost->events_ns += applied - begun;
        if (part % TICKS == 0 && getenv("RS_BENCH_KEEP_ROWS") == NULL) {
            while (core_collect(core, 4096, on_row, NULL) > 0) {}
            cost->collect_ns += cpu_ns() - applied;
        }
        tick(core, until_us, cost);
    }
    cost->allocations += allocations_count() - before;
    cost->events += slice->count;
    load->now_us = slice->end_us;
}

static cost_t run_for(rs_core_t *core, load_t *load, uint32_t seconds) {
    cost_t cost = {0};
    for (uint32_t s = 0; s < seconds; s += SLICE_SECONDS) {
        fill_slice(load);
        apply_slice(core, load, &cost);
    }
    return cost;
}

/* --- the yardstick --------------------------------------------------------------------------------------------------------- */
typedef struct yard_item { uint64_t id; int64_t counts[8]; } yard_contact_t;
typedef struct yard_key { uint64_t id; int64_t counts[64]; } yard_key_t;
typedef struct yardstick {
    uint32_t contact_slots[MAX_CONTACTS * 2], key_slots[1 << 15];
    yard_contact_t contacts[MAX_CONTACTS];
    yard_key_t keys[QUEUES];
} yardstick_t;

static uint64_t id_of(uint32_t number) { return (number + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15); }

static yardstick_t *create_yardstick(uint32_t contacts) {
    yardstick_t *yard = calloc(1, sizeof *yard);
    RS_REQUIRE(yard != NULL && contacts <= MAX_CONTACTS);
    for (uint32_t i = 0; i < QUEUES; i++) {
        uint32_t slot = (uint32_t)(id_of(i) >> 49);
        yard->keys[i].id = id_of(i);
        while (yard->key_slots[slot % (1 << 15)] != 0) slot++;
        yard->key_slots[slot % (1 << 15)] = i + 1;
    }
    for (uint32_t i = 0; i < contacts; i++) {
        uint32_t slot = (uint32_t)(id_of(i) >> 45);
        yard->contacts[i].id = id_of(i);
        while (yard->contact_slots[slot % (MAX_CONTACTS * 2)] != 0) slot++;
        yard->contact_slots[slot % (MAX_CONTACTS * 2)] = i + 1;
    }
    return yard;
}

static double measure_yardstick(yardstick_t *yard, const slice_t *slice) {
    const int64_t begun = cpu_ns();
    for (uint32_t i = 0; i < slice->count; i++) {
        const uint64_t contact_id = id_of(slice->items[i].contact), key_id = id_of(slice->items[i].queue);
        uint32_t slot = (uint32_t)(contact_id >> 45);
        while (yard->contacts[yard->contact_slots[slot % (MAX_CONTACTS * 2)] - 1].id != contact_id) slot++;
        yard->contacts[yard->contact_slots[slot % (MAX_CONTACTS * 2)] - 1].counts[0]++;
        slot = (uint32_t)(key_id >> 49);
        while (yard->keys[yard->key_slots[slot % (1 << 15)] - 1].id != key_id) slot++;
        yard_key_t *key = &yard->keys[yard->key_slots[slot % (1 << 15)] - 1];
        for (uint32_t a = 0; a < ADDITIONS; a++) key->counts[(a * 3 + (i & 15)) % 64] += i & 3;
    }
    return (double)(cpu_ns() - begun) / slice->count;
}

/* --- reports --------------------------------------------------------------------------------------------------------------- */
static int compare_doubles(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}
static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare_doubles);
    return values[count / 2];
}

static double mib(uint64_t bytes) { return (double)bytes / 1048576; }

static void report_memory(const rs_core_t *core, const char *when) {
    const rs_directory_t *directory = &core->directory;
    printf("memory %s: core %.0f MiB (windows %.0f, contacts %.0f, rows %.0f, sources %.0f, names and keys %.0f); "
           "contacts kept %u, keys %u, rows %u\n",
           when, mib(rs_core_bytes(core)), core->windows == NULL ? 0.0 : mib(rs_window_bytes(core->windows)),
           mib(rs_contacts_bytes(&core->contacts)), mib(rs_rows_bytes(&core->rows)), mib(rs_sources_bytes(&core->sources)),
           mib(rs_names_bytes(&directory->names) + directory->count * sizeof(rs_key_entry_t)), core->contacts.contacts.live,
           directory->count, core->rows.cells.live);
}

static double ns_per_event(const cost_t *cost, int64_t ns) { return (double)ns / (double)cost->events; }

typedef struct shape { double total, events, ticks, collect, yard; uint64_t allocations; unsigned seconds; } shape_t;

static unsigned runs(void) {
    const char *asked = getenv("RS_BENCH_RUNS");
    const unsigned long count = asked == NULL ? RUNS : strtoul(asked, NULL, 10);
    return count >= 1 && count <= RUNS ? (unsigned)count : RUNS;
}

/* Medians of several runs of half a minute. */
static shape_t measure(rs_core_t *core, load_t *load, yardstick_t *yard) {
    double total[RUNS], events[RUNS], ticks[RUNS], collect[RUNS], yards[RUNS];
    shape_t shape = {.seconds = runs() * 30};
    for (unsigned run = 0; run < runs(); run++) {
        const cost_t cost = run_for(core, load, 30);
        total[run] = ns_per_event(&cost, cost.events_ns + cost.ticks_ns);
        events[run] = ns_per_event(&cost, cost.events_ns);
        ticks[run] = ns_per_event(&cost, cost.ticks_ns);
        collect[run] = ns_per_event(&cost, cost.collect_ns);
        (void)measure_yardstick(yard, &load->slice);
        yards[run] = measure_yardstick(yard, &load->slice);
        shape.allocations += cost.allocations;
    }
    shape.total = median(total, runs());
    shape.events = median(events, runs());
    shape.ticks = median(ticks, runs());
    shape.collect = median(collect, runs());
    shape.yard = median(yards, runs());
    return shape;
}

static shape_t run_parts(const rs_config_t *config, const parts_t *parts, bool event_ids, uint32_t warm_seconds, bool memory) {
    load_t *load = create_load(event_ids);
    rs_core_t *core = create_core(config, parts, load->now_us);
    yardstick_t *yard = create_yardstick(MAX_CONTACTS);
    refused = transitions = rows = 0;
    const uint32_t quarter = 900;
    (void)run_for(core, load, warm_seconds < quarter ? warm_seconds : quarter);
    if (memory) report_memory(core, "after 15 minutes");
    if (warm_seconds > quarter) (void)run_for(core, load, warm_seconds - quarter);
    if (memory && warm_seconds > quarter) report_memory(core, "when warm       ");
    const uint64_t before = allocations_count();
    const shape_t shape = measure(core, load, yard);
    printf("%-34s event %6.1f ns with ticks (event %6.1f, ticks %5.1f), collecting rows %5.1f ns; yardstick %5.1f ns; ratio %5.2f; "
           "%llu allocations in %u s; open contacts %u\n",
           parts->name, shape.total, shape.events, shape.ticks, shape.collect, shape.yard, shape.total / shape.yard,
           (unsigned long long)shape.allocations, shape.seconds, workload_open(load->workload));
    const rs_core_losses_t losses = rs_core_losses(core);
    if (refused + losses.contacts + losses.cells + losses.panes + losses.overflowed_keys + losses.alerts != 0) {
        printf("  refused %llu, lost: contacts %llu, rows %llu, panes %llu, keys %llu, alerts %llu\n", (unsigned long long)refused,
               (unsigned long long)losses.contacts, (unsigned long long)losses.cells, (unsigned long long)losses.panes,
               (unsigned long long)losses.overflowed_keys, (unsigned long long)losses.alerts);
    }
    if (memory) printf("rows collected %llu, transitions %llu, allocations %llu\n", (unsigned long long)rows,
                       (unsigned long long)transitions, (unsigned long long)(allocations_count() - before));
    free(yard);
    rs_core_destroy(&core);
    destroy_load(load);
    return shape;
}

/* --- what things weigh ------------------------------------------------------------------------------------------------------- */
static void apply_one(rs_core_t *core, unsigned type, int64_t at_us, uint64_t contact, uint32_t queue, uint32_t agent) {
    static uint64_t seq;
    char contact_text[32], queue_text[32], agent_text[32];
    rs_event_t event = {.type = (uint8_t)type, .occurred_us = at_us, .seq = ++seq, .present = RS_HAS_SEQ, .source = RS_STR("weigh")};
    event.contact_id = (rs_str_t){contact_text,
                                  (uint32_t)snprintf(contact_text, sizeof contact_text, "c%llu", (unsigned long long)contact)};
    event.queue = (rs_str_t){queue_text, (uint32_t)snprintf(queue_text, sizeof queue_text, "q%u", queue)};
    if (agent != 0) event.agent = (rs_str_t){agent_text, (uint32_t)snprintf(agent_text, sizeof agent_text, "a%u", agent)};
    rs_core_apply_event(core, &event, at_us, (rs_origin_t){0});
}

static void apply_call(rs_core_t *core, int64_t at_us, uint64_t contact, uint32_t queue, uint32_t agent, rs_random_t *random) {
    apply_one(core, RS_CONTACT_QUEUED, at_us, contact, queue, 0);
    at_us += (int64_t)rs_random_below(random, 90 * RS_US_PER_S);
    apply_one(core, RS_CONTACT_OFFERED, at_us, contact, queue, agent);
    apply_one(core, RS_CONTACT_ANSWERED, at_us, contact, queue, agent);
    apply_one(core, RS_CONTACT_ENDED, at_us + (int64_t)rs_random_below(random, 300 * RS_US_PER_S), contact, queue, agent);
}

/* Calls a while apart to each of some queues for an hour, so that all windows fill. Bytes per queue: the growth of the windows. */
static void weigh_queues(const rs_config_t *config, const char *name, uint32_t queues, int64_t apart_us) {
    const int64_t start_us = INT64_C(1772409600) * RS_US_PER_S;
    const parts_t parts = {.families = every_family, .attributions = both, .windows = true, .alerts = true};
    rs_core_t *core = create_core(config, &parts, start_us);
    rs_random_t random = {.state = 3};
    uint64_t contact = 0;
    const uint64_t before = rs_window_bytes(rs_core_windows(core));
    for (int64_t at_us = start_us; at_us < start_us + RS_US_PER_HOUR; at_us += apart_us) {
        for (uint32_t q = 0; q < queues; q++) apply_call(core, at_us, contact++, q, 0, &random);
        rs_core_tick(core, at_us);
        while (core_collect(core, 4096, on_row, NULL) > 0) {}
    }
    printf("memory: windows of %-32s %7.1f KiB per queue, and %.1f KiB in the directory\n", name,
           (double)(rs_window_bytes(rs_core_windows(core)) - before) / queues / 1024, (double)sizeof(rs_key_entry_t) / 1024);
    rs_core_destroy(&core);
}

static void weigh_contacts_and_agents(const rs_config_t *config) {
    enum { CONTACTS = 100000, AGENTS = 20000 };
    const int64_t start_us = INT64_C(1772409600) * RS_US_PER_S;
    const parts_t parts = {.families = every_family, .attributions = both, .windows = true, .alerts = true};
    rs_core_t *core = create_core(config, &parts, start_us);
    const uint64_t empty = rs_contacts_bytes(&core->contacts);
    for (uint64_t i = 0; i < CONTACTS; i++) {
        apply_one(core, RS_CONTACT_CREATED, start_us, i, 1, 0);
        apply_one(core, RS_CONTACT_QUEUED, start_us, i, 1, 0);
        apply_one(core, RS_CONTACT_ANSWERED, start_us, i, 1, 1);
    }
    const uint64_t open = rs_contacts_bytes(&core->contacts);
    const uint64_t windows = rs_window_bytes(rs_core_windows(core));
    for (uint32_t i = 0; i < AGENTS; i++) apply_one(core, RS_CONTACT_OFFERED, start_us, i, 1, i + 2);
    printf("memory: an open contact of 3 events %.0f bytes; an agent's windows %.2f KiB\n", (double)(open - empty) / CONTACTS,
           (double)(rs_window_bytes(rs_core_windows(core)) - windows) / AGENTS / 1024);
    for (uint64_t i = 0; i < CONTACTS; i++) apply_one(core, RS_CONTACT_ENDED, start_us + RS_US_PER_S, i, 1, 1);
    for (unsigned tries = 0; tries < 100; tries++) rs_core_tick(core, start_us + RS_US_PER_HOUR);
    const rs_contacts_t *contacts = &core->contacts;
    const uint64_t folded = (uint64_t)contacts->contacts.live * contacts->contacts.item_size + (uint64_t)contacts->handlings.live *
                            contacts->handlings.item_size + (uint64_t)contacts->nodes.live * contacts->nodes.item_size;
    printf("memory: a folded contact %.0f bytes\n", (double)folded / CONTACTS);
    rs_core_destroy(&core);
}

int main(int argc, char **argv) {
    rs_config_t *config;
    rs_config_error_t error;
    const char *path = argc > 1 ? argv[1] : "daemon/ringside.conf";
    if (rs_config_load(path, NULL, 0, &config, &error) != RS_OK) {
        char why[1024];
        rs_config_error_format(&error, why, sizeof why);
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    allocations_start();
    alone = getenv("RS_BENCH_ALONE") != NULL;
    const char *quick_text = getenv("RS_BENCH_QUICK");
    const bool quick = quick_text != NULL;
    const uint32_t asked = quick ? (uint32_t)strtoul(quick_text, NULL, 10) : 0;
    const parts_t all = {"everything", every_family, both, true, true};
    const shape_t full = run_parts(config, &all, false, !quick ? 3900 : asked > 1 ? asked : 900, true);
    const bool reached = full.total <= 250 && full.total <= 5 * full.yard;
    printf("core_apply: %.1f ns an event, %.2f x the yardstick of %.1f ns (goal: <= 250 ns, <= 5 x): %s\n", full.total,
           full.total / full.yard, full.yard, reached ? "pass" : "MISS");
    if (!quick) {
        const parts_t parts[] = {{"contacts alone", 0, both, false, false}, {"with rows", every_family, both, false, false},
                                 {"with windows, without rows", 0, both, true, false},
                                 {"with windows and alerts, no rows", 0, both, true, true}};
        for (size_t i = 0; i < RS_ARRAY_LEN(parts); i++) (void)run_parts(config, &parts[i], false, 900, false);
        const parts_t ids = {"everything, known by event_id", every_family, both, true, true};
        (void)run_parts(config, &ids, true, 900, false);
        weigh_queues(config, "a call every five minutes", 1000, 5 * RS_US_PER_MIN);
        weigh_queues(config, "a call a minute", 500, RS_US_PER_MIN);
        weigh_queues(config, "a call a second", 20, RS_US_PER_S);
        weigh_contacts_and_agents(config);
    }
    rs_config_destroy(&config);
    return 0;
}
