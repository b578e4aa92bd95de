/* What the core's things weigh, how memory grows, and whether a large day fits.
 *
 * Each figure is taken in a process of its own, which builds a core, brings the things into it and counts: bytes are those that the
 * core's parts hold (counted), beside the growth of the process's resident memory. Everything is on: windows, rows of all families in
 * event and enter, ways through the process, prediction, first-contact resolution; rows are collected once a minute.
 * Bars (design/bars.md): 64 KiB for a quiet queue and 512 KiB for a busy one, windows and percentiles included; 8 KiB for an agent;
 * 64 bytes for a remembered customer; growth only linear; 10,000 queues and 50,000 agents at 5,000 events/s in 2 GiB.
 * A queue's figure is its record and its share of the windows: their rows, histograms, waits and the log of the longest window, which
 * grows with what happens and not with the queues. An agent's is its records: what it does is in the log once, whoever else it
 * concerns. Rows in memory until they are final and stored, and contacts, are bounded by limits of their own and have lines of their own.
 *
 * Each line with a bar says pass or MISS.
 * Usage: bench_memory                what things weigh, and growth
 *        bench_memory --day [hours]  so many hours (0.25) of 5,000 events/s in the time of the events; resident memory as they go
 */
#include "core/agent/agent_internal.h"
#include "core/core_internal.h"
#include "core/window/window_internal.h"
#include "core_collect.h"
#include "random.h"
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_US (INT64_C(1772409600) * RS_US_PER_S)
enum { KIB = 1024, TEXT = 32 };

typedef struct load {
    rs_config_t *config;
    rs_core_t *core;
    rs_random_t random;
    uint64_t seq, contacts, rows;
} load_t;

static uint64_t resident_bytes(void) {
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    RS_REQUIRE(file != NULL && fscanf(file, "%*u %llu", &pages) == 1);
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void on_row(void *context, const rs_row_t *row) {
    (void)row;
    ++*(uint64_t *)context;
}
static void on_process_row(void *context, const rs_process_row_t *row) {
    (void)row;
    ++*(uint64_t *)context;
}
static void on_alert(void *context, const rs_alert_transition_t *transition) { (void)context, (void)transition; }

static void collect(load_t *load) {
    while (core_collect(load->core, 4096, on_row, &load->rows) > 0) {}
    while (core_process_collect(load->core, 4096, on_process_row, &load->rows) > 0) {}
}

/* customers 0: as many as the configuration says. */
static load_t *begin_with(uint32_t queues, uint32_t agents, uint32_t customers) {
    load_t *load = calloc(1, sizeof *load);
    rs_config_error_t error;
    RS_REQUIRE(load != NULL && rs_config_load("daemon/ringside.conf", NULL, 0, &load->config, &error) == RS_OK);
    rs_limits_t *limits = &load->config->limits;
    if (limits->queue_keys < queues) limits->queue_keys = queues;
    if (limits->agent_keys < agents) limits->agent_keys = agents;
    if (customers != 0) limits->customers = customers;
    const rs_core_options_t options = {
        .config = load->config, .windows = true, .alerts = true, .process = true, .families = (1u << RS_FAMILY_COUNT) - 1,
        .attributions = 1u << RS_ATTRIBUTION_EVENT | 1u << RS_ATTRIBUTION_ENTER,
        .interval = {.mode = RS_INTERVAL_FIXED, .length_us = load->config->interval_us}, .start_us = START_US, .run = 1, .hash_seed = 11,
        .effects = {.on_alert = on_alert}};
    RS_REQUIRE(rs_core_create(&options, &load->core) == RS_OK);
    load->random.state = 3;
    return load;
}

static load_t *begin(uint32_t queues, uint32_t agents) { return begin_with(queues, agents, 0); }

/* --- events ---------------------------------------------------------------------------------------------------------------- */
typedef struct call { uint64_t contact, customer; uint32_t queue, agent, team; } call_t;   /* 0: not named */

static rs_str_t name(char text[TEXT], const char *prefix, uint64_t number) {
    if (number == 0) return (rs_str_t){0};
    return (rs_str_t){text, (uint32_t)snprintf(text, TEXT, "%s-%08llu", prefix, (unsigned long long)number)};
}

static void apply(load_t *load, rs_event_type_t type, int64_t at_us, const call_t *call) {
    char contact[TEXT], queue[TEXT], agent[TEXT], team[TEXT];
    uint64_t customer[2] = {call->customer * UINT64_C(0x9e3779b97f4a7c15), call->customer};
    rs_event_t event = {.type = (uint8_t)type, .occurred_us = at_us, .seq = ++load->seq, .present = RS_HAS_SEQ, .source = RS_STR("weigh"),
                        .contact_id = name(contact, "contact", call->contact), .queue = name(queue, "queue", call->queue),
                        .agent = name(agent, "agent", call->agent), .team = name(team, "team", call->team)};
    if (call->customer != 0) {
        event.customer = (rs_str_t){(const char *)customer, RS_PSEUDONYM_BYTES};
        event.present |= RS_HAS_PSEUDONYM;
    }
    rs_core_apply_event(load->core, &event, at_us, (rs_origin_t){0});
}

static void apply_state(load_t *load, int64_t at_us, uint32_t agent, uint32_t team, unsigned state) {
    char agent_text[TEXT], team_text[TEXT];
    const rs_event_t event = {.type = RS_AGENT_STATE, .occurred_us = at_us, .seq = ++load->seq, .present = RS_HAS_SEQ,
                              .source = RS_STR("weigh"), .agent = name(agent_text, "agent", agent), .state = (uint8_t)state,
                              .team = name(team_text, "team", team)};
    rs_core_apply_event(load->core, &event, at_us, (rs_origin_t){0});
}

/* From queued to wrapped up: waits and talks of all lengths, so that histograms fill. */
static void apply_call(load_t *load, int64_t at_us, uint32_t queue, uint32_t agent, uint32_t team) {
    const call_t call = {.contact = ++load->contacts, .queue = queue, .agent = agent, .team = team};
    const call_t queued = {.contact = call.contact, .queue = queue};
    const int64_t answered_us = at_us + (int64_t)rs_random_below(&load->random, 90 * RS_US_PER_S);
    const int64_t ended_us = answered_us + (int64_t)rs_random_below(&load->random, 300 * RS_US_PER_S);
    apply(load, RS_CONTACT_QUEUED, at_us, &queued);
    apply(load, RS_CONTACT_OFFERED, answered_us, &call);
    apply(load, RS_CONTACT_ANSWERED, answered_us, &call);
    apply(load, RS_CONTACT_ENDED, ended_us, &call);
    apply(load, RS_CONTACT_WRAPUP_ENDED, ended_us + (int64_t)rs_random_below(&load->random, 60 * RS_US_PER_S), &call);
}

/* --- bytes ----------------------------------------------------------------------------------------------------------------- */
typedef struct weight { uint64_t windows, keys, rows, contacts, agents, directory, rest, counted, resident, items; } weight_t;

/* What is used of them: they grow in steps that are larger than what is weighed. */
static uint64_t slab_bytes(const rs__slab_t *slab) {
    return (((uint64_t)slab->page_count << slab->shift) - slab->free_count) * slab->object_bytes;
}
static uint64_t window_bytes(const rs_window_store_t *windows) {
    return windows->key_arena.used + slab_bytes(&windows->more_of_full) + slab_bytes(&windows->more_of_sums) +
           slab_bytes(&windows->narrow) + slab_bytes(&windows->wide) + slab_bytes(&windows->chunks) + slab_bytes(&windows->opens) +
           slab_bytes(&windows->log.seconds) + slab_bytes(&windows->log.segments);
}
static uint64_t pool_bytes(const rs_pool_t *pool) { return (uint64_t)pool->live * pool->item_size; }
static uint64_t row_bytes(const rs_rows_t *rows) {
    const rs_sums_store_t *store = &rows->store;
    return pool_bytes(&rows->cells) + pool_bytes(&rows->sums) + pool_bytes(&store->lines) + pool_bytes(&store->tables) +
           pool_bytes(&store->blocks) + rs_index_bytes(&rows->index);
}

static uint64_t agent_bytes(const rs_agents_t *agents) {
    return pool_bytes(&agents->agents) + pool_bytes(&agents->nodes) + pool_bytes(&agents->plans) + pool_bytes(&agents->handled) +
           pool_bytes(&agents->queues) + pool_bytes(&agents->staff) + rs_index_bytes(&agents->index) +
           (uint64_t)rs_live_count(&agents->live) * sizeof(rs_live_entry_t);
}

static weight_t weigh(const load_t *load) {
    const rs_core_t *core = load->core;
    const uint32_t keys = core->directory.count;
    weight_t weight = {
        .windows = window_bytes(core->windows), .keys = core->windows->key_arena.used + slab_bytes(&core->windows->more_of_full) +
                   slab_bytes(&core->windows->more_of_sums), .rows = row_bytes(&core->rows), .contacts = rs_contacts_bytes(&core->contacts),
        .agents = agent_bytes(core->agents),
        .directory = rs_names_bytes(&core->directory.names) + (uint64_t)keys * (sizeof(rs_key_entry_t) + sizeof(rs_predict_key_t) +
                                                                              sizeof(rs_crossing_t) + 2 * sizeof(uint32_t)),
        .resident = resident_bytes()};
    weight.counted = rs_core_bytes(core);
    weight.rest = rs_predict_bytes(&core->predict) + rs_process_bytes(&core->process);
    return weight;
}

static weight_t difference(const weight_t *after, const weight_t *before, uint64_t items) {
    return (weight_t){.windows = after->windows - before->windows, .keys = after->keys - before->keys, .rows = after->rows - before->rows,
                      .contacts = after->contacts - before->contacts, .agents = after->agents - before->agents,
                      .directory = after->directory - before->directory, .rest = after->rest - before->rest,
                      .counted = after->counted - before->counted, .resident = after->resident - before->resident, .items = items};
}

/* Runs the measurement in a process of its own. */
static weight_t apart(weight_t (*measure)(uint32_t, double), uint32_t things, double per_second) {
    int ends[2];
    weight_t weight = {0};
    RS_REQUIRE(pipe(ends) == 0);
    fflush(stdout);
    const pid_t child = fork();
    RS_REQUIRE(child >= 0);
    if (child == 0) {
        weight = measure(things, per_second);
        _exit(write(ends[1], &weight, sizeof weight) == (ssize_t)sizeof weight ? 0 : 1);
    }
    close(ends[1]);
    RS_REQUIRE(read(ends[0], &weight, sizeof weight) == (ssize_t)sizeof weight);
    close(ends[0]);
    RS_REQUIRE(waitpid(child, NULL, 0) == child);
    return weight;
}

/* --- queues, agents, teams --------------------------------------------------------------------------------------------------- */
/* An hour of so many calls a second in each queue, so that all windows fill. What agents add to the log is theirs: without a name they
 * add nothing; with `one_agent` there is one, who is in all calls at once, which is noted with each. */
static bool one_agent;
static weight_t weigh_queues(uint32_t queues, double per_second) {
    load_t *load = begin(queues, 1);
    workload_settings_t settings = workload_steady(1000, 1000);
    settings.start_us = START_US;
    settings.queues = queues;
    settings.agents = settings.sources = 1;
    settings.zipf = 0;
    settings.contacts_per_second = per_second * queues;
    settings.wait_us = 15 * RS_US_PER_S;
    settings.talk_us = 180 * RS_US_PER_S;
    settings.wrap_us = 30 * RS_US_PER_S;
    workload_t *workload = workload_create(&settings);
    const weight_t before = weigh(load);
    rs_event_t event;
    uint32_t contact, queue;
    int64_t tick_us = START_US;
    while (tick_us < START_US + RS_US_PER_HOUR && workload_next(workload, &event, &contact, &queue)) {
        for (; tick_us <= event.occurred_us; tick_us += RS_US_PER_S) {
            rs_core_tick(load->core, tick_us);
            if (tick_us / RS_US_PER_S % 60 == 0) collect(load);
        }
        if (!one_agent) event.agent = event.team = (rs_str_t){0};
        rs_core_apply_event(load->core, &event, event.occurred_us, (rs_origin_t){0});
    }
    const weight_t after = weigh(load);
    return difference(&after, &before, queues);
}

/* An hour of agents who handle a call every five minutes, in a few queues and teams. */
static weight_t weigh_agents(uint32_t agents, double per_second) {
    enum { QUEUES = 50, TEAMS = 50 };
    (void)per_second;
    load_t *load = begin(QUEUES, agents);
    for (uint32_t q = 1; q <= QUEUES; q++) apply_call(load, START_US, q, 0, q % TEAMS + 1);
    const weight_t before = weigh(load);
    for (int64_t minute = 1; minute < 60; minute++) {
        for (uint32_t a = 1; a <= agents; a++) {
            const int64_t at_us = START_US + minute * RS_US_PER_MIN + (int64_t)(a % 60) * RS_US_PER_S;
            const uint32_t team = a % TEAMS + 1;
            if ((minute + a) % 5 != 0) continue;
            apply_state(load, at_us, a, team, RS_AGENT_ON_CONTACT);
            apply_call(load, at_us - RS_US_PER_S, (a + (uint32_t)minute % 3) % QUEUES + 1, a, team);
            apply_state(load, at_us + 30 * RS_US_PER_S, a, team, RS_AGENT_WRAPUP);
            apply_state(load, at_us + 40 * RS_US_PER_S, a, team, RS_AGENT_AVAILABLE);
        }
        for (int64_t s = 0; s < 60; s++) rs_core_tick(load->core, START_US + (minute * 60 + s) * RS_US_PER_S);
        collect(load);
    }
    const weight_t after = weigh(load);
    return difference(&after, &before, agents);
}

static weight_t weigh_teams(uint32_t teams, double per_second) {
    (void)per_second;
    load_t *load = begin(1, 0);
    apply_call(load, START_US, 1, 1, 1);
    const weight_t before = weigh(load);
    for (uint32_t team = 2; team < teams + 2; team++) apply_call(load, START_US, 1, 1, team);
    const weight_t after = weigh(load);
    return difference(&after, &before, teams);
}

/* --- single things --------------------------------------------------------------------------------------------------------- */
static void weigh_contacts(void) {
    enum { CONTACTS = 65536, FOLDED_BAR = 100 };
    load_t *load = begin(1, 0);
    const rs_contacts_t *contacts = &load->core->contacts;
    const uint64_t empty = rs_contacts_bytes(contacts);
    for (uint64_t i = 1; i <= CONTACTS; i++) {
        const call_t call = {.contact = i, .queue = 1, .agent = 1};
        apply(load, RS_CONTACT_CREATED, START_US, &(call_t){.contact = i});
        apply(load, RS_CONTACT_QUEUED, START_US, &(call_t){.contact = i, .queue = 1});
        apply(load, RS_CONTACT_ANSWERED, START_US, &call);
    }
    const double open = (double)(rs_contacts_bytes(contacts) - empty) / CONTACTS;
    for (uint64_t i = 1; i <= CONTACTS; i++) {
        apply(load, RS_CONTACT_ENDED, START_US + RS_US_PER_S, &(call_t){.contact = i, .queue = 1, .agent = 1});
    }
    for (unsigned tick = 0; tick < 100; tick++) rs_core_tick(load->core, START_US + RS_US_PER_HOUR);
    const rs_pool_t *const pools[] = {&contacts->contacts, &contacts->handlings, &contacts->nodes, &contacts->rests, &contacts->stories,
                                      &contacts->paths};
    uint64_t folded = 0;
    for (size_t i = 0; i < RS_ARRAY_LEN(pools); i++) folded += (uint64_t)pools[i]->live * pools[i]->item_size;
    const double folded_each = (double)folded / CONTACTS;
    printf("contact           %8.0f bytes open with 3 events and a handling; %.0f folded, at most %d: %s; an event more %zu, with what few "
           "say %zu more, its id %zu; a fact in attribution close %zu\n", open, folded_each, FOLDED_BAR,
           folded_each <= FOLDED_BAR ? "pass" : "MISS",
           sizeof(rs_node_t), sizeof(rs_node_rest_t), sizeof(rs_event_text_t), sizeof(rs_close_fact_t));
}

/* As many as the bar speaks of: fewer would carry more of what is there once. */
static void weigh_customers(void) {
    enum { CUSTOMERS = 1000000, BAR = 64 };
    load_t *load = begin_with(1, 0, CUSTOMERS);
    for (uint64_t i = 1; i <= CUSTOMERS; i++) {
        const int64_t at_us = START_US + (int64_t)i * 10000;
        const call_t call = {.contact = i, .customer = i, .queue = 1, .agent = 1};
        apply(load, RS_CONTACT_QUEUED, at_us, &call);
        apply(load, RS_CONTACT_ANSWERED, at_us, &call);
        apply(load, RS_CONTACT_ENDED, at_us + RS_US_PER_S, &call);
        if (i % 1000 != 0) continue;
        rs_core_tick(load->core, at_us);
        collect(load);
    }
    const rs_contact_rate_t rate = rs_core_fcr_contact_rate(load->core, RS_STR("default"));
    const double each = (double)rs_fcr_bytes(&load->core->fcr) / CUSTOMERS;
    printf("customer          %8.1f bytes of %d remembered (%llu known, %llu forgotten too soon), at most %d: %s\n", each, CUSTOMERS,
           (unsigned long long)rate.customers, (unsigned long long)rs_core_losses(load->core).customers, BAR,
           each <= BAR ? "pass" : "MISS");
}

static void weigh_cases(void) {
    enum { CASES = 100000 };
    load_t *load = begin(1, 0);
    const uint64_t empty = rs_cases_bytes(&load->core->cases);
    for (uint32_t i = 1; i <= CASES; i++) {
        char id[TEXT];
        const rs_event_t event = {.type = RS_FEEDBACK_RECEIVED, .kind = RS_FEEDBACK_COMPLAINT, .stage = RS_FEEDBACK_STAGE_RECEIVED,
                                  .occurred_us = START_US, .seq = i, .present = RS_HAS_SEQ, .source = RS_STR("crm"),
                                  .case_id = name(id, "case", i), .queue = RS_STR("queue-1")};
        rs_core_apply_event(load->core, &event, START_US, (rs_origin_t){0});
    }
    printf("case              %8.0f bytes with its first event; folded, see bench_feedback\n",
           (double)(rs_cases_bytes(&load->core->cases) - empty) / CASES);
}

static void weigh_edges(void) {
    enum { EDGES = 9000 };
    load_t *load = begin(EDGES, 0);
    const uint64_t empty = rs_process_bytes(&load->core->process);
    for (uint32_t q = 1; q <= EDGES / 3; q++) {
        for (unsigned i = 0; i < 10; i++) apply_call(load, START_US, q, 1, 0);
    }
    printf("edge              %8.0f bytes of %u with ten times each, variants included\n",
           (double)(rs_process_bytes(&load->core->process) - empty) / load->core->process.edges, load->core->process.edges);
}

static void weigh_sources(void) {
    enum { SOURCES = 900 };
    load_t *load = begin(1, 0);
    const uint64_t empty = rs_sources_bytes(&load->core->sources);
    for (uint64_t i = 0; i < (uint64_t)SOURCES * 100; i++) {
        char source[TEXT], contact[TEXT];
        const rs_event_t event = {.type = RS_CONTACT_CREATED, .occurred_us = START_US, .seq = i / SOURCES + 1, .present = RS_HAS_SEQ,
                                  .source = name(source, "pbx", i % SOURCES + 1), .contact_id = name(contact, "contact", i + 1)};
        rs_core_apply_event(load->core, &event, START_US, (rs_origin_t){0});
    }
    printf("source            %8.0f bytes after 100 events numbered without gaps\n",
           (double)(rs_sources_bytes(&load->core->sources) - empty) / SOURCES);
}

static void alone(void (*print)(void)) {
    fflush(stdout);
    const pid_t child = fork();
    RS_REQUIRE(child >= 0);
    if (child == 0) {
        print();
        fflush(stdout);
        _exit(0);
    }
    RS_REQUIRE(waitpid(child, NULL, 0) == child);
}

/* --- reports --------------------------------------------------------------------------------------------------------------- */
static double kib(uint64_t bytes, uint64_t items) { return (double)bytes / (double)items / KIB; }

/* What is kept for it as such. */
static uint64_t own_bytes(const weight_t *weight, bool with_log) {
    return (with_log ? weight->windows : weight->keys) + weight->directory + weight->agents;
}

static void print_weight(const char *what, const weight_t *weight, bool with_log, double bar_kib) {
    const double each = kib(own_bytes(weight, with_log), weight->items);
    printf("%-17s %8.1f KiB, at most %.0f: %s (windows' rows %.1f, histograms, waits and log %.1f, directory %.1f, agents %.1f); "
           "rows until stored %.1f\n", what, each, bar_kib, each <= bar_kib ? "pass" : "MISS", kib(weight->keys, weight->items),
           kib(weight->windows - weight->keys, weight->items), kib(weight->directory, weight->items),
           kib(weight->agents, weight->items), kib(weight->rows, weight->items));
    fflush(stdout);
}

static void print_growth(const char *what, const weight_t *few, const weight_t *many, bool with_log) {
    const double things = (double)many->items / (double)few->items;
    const double own = (double)own_bytes(many, with_log) / (double)own_bytes(few, with_log);
    printf("growth: %4.0f x the %s: %5.1f x their bytes (%s), %5.1f x the rows, %5.1f x resident\n", things, what, own,
           own <= things * 1.1 ? "linear or less: pass" : "more than linear: MISS", (double)many->rows / (double)few->rows,
           (double)many->resident / (double)few->resident);
}

static void weigh_all(void) {
    const weight_t quiet = apart(weigh_queues, 100, 1 / 300.0), many_quiet = apart(weigh_queues, 1000, 1 / 300.0);
    print_weight("quiet queue", &many_quiet, true, 64);
    const weight_t busy = apart(weigh_queues, 4, 1), very_busy = apart(weigh_queues, 1, 5);
    print_weight("queue, 1 call/s", &busy, true, 512);
    print_weight("queue, 5 calls/s", &very_busy, true, 512);
    one_agent = true;
    const weight_t overlapping = apart(weigh_queues, 4, 1);
    print_weight("1 call/s, 1 agent", &overlapping, true, 512);
    const weight_t agents = apart(weigh_agents, 100, 0), many_agents = apart(weigh_agents, 1000, 0);
    print_weight("agent", &many_agents, false, 8);
    const weight_t teams = apart(weigh_teams, 1000, 0);
    print_weight("team", &teams, false, 8);
    printf("row               %8zu bytes for the rows of an interval and key in event and enter, %zu more where they differ; "
           "and what their histograms hold\n", sizeof(rs_cell_t), sizeof(rs_sums_t));
    void (*const things[])(void) = {weigh_contacts, weigh_customers, weigh_cases, weigh_edges, weigh_sources};
    for (size_t i = 0; i < RS_ARRAY_LEN(things); i++) alone(things[i]);
    print_growth("queues", &quiet, &many_quiet, true);
    print_growth("agents", &agents, &many_agents, false);
}

/* --- parts ----------------------------------------------------------------------------------------------------------------- */
static void print_pool(const char *name, const rs_pool_t *pool) {
    printf(" %s %u x %zu = %.1f;", name, pool->live, pool->item_size, (double)pool_bytes(pool) / 1048576);
}
static void print_slab(const char *name, const rs__slab_t *slab) {
    printf(" %s %u x %zu = %.1f;", name, slab->in_use, slab->object_bytes, (double)slab_bytes(slab) / 1048576);
}

/* Of what the figures before are made, in MiB. */
static void print_parts(const load_t *load) {
    const rs_core_t *core = load->core;
    const rs_contacts_t *contacts = &core->contacts;
    printf("   windows: keys' rows %.1f;", (double)core->windows->key_arena.used / 1048576);
    print_slab("rarer of queues", &core->windows->more_of_full);
    print_slab("of agents", &core->windows->more_of_sums);
    print_slab("octaves", &core->windows->narrow);
    print_slab("wide", &core->windows->wide);
    print_slab("waits", &core->windows->chunks);
    print_slab("open panes", &core->windows->opens);
    print_slab("log", &core->windows->log.segments);
    printf("\n   rows:");
    print_pool("cells", &core->rows.cells);
    print_pool("own sums", &core->rows.sums);
    print_pool("lines", &core->rows.store.lines);
    print_pool("tables", &core->rows.store.tables);
    print_pool("octaves", &core->rows.store.blocks);
    printf("\n   contacts:");
    print_pool("records", &contacts->contacts);
    print_pool("events", &contacts->nodes);
    print_pool("their rests", &contacts->rests);
    print_pool("bases", &contacts->stories);
    print_pool("handlings", &contacts->handlings);
    print_pool("ways", &contacts->paths);
    print_pool("texts", &contacts->texts);
    printf("\n");
    fflush(stdout);
}

/* --- a day ----------------------------------------------------------------------------------------------------------------- */
static void run_day(double hours) {
    enum { QUEUES = 10000, AGENTS = 50000, EVENTS_PER_SECOND = 5000, OPEN = 50000, STEPS = 4 /* reports an hour */ };
    const double bar_mib = 2048;
    workload_settings_t settings = workload_steady(EVENTS_PER_SECOND, OPEN);
    settings.agents = AGENTS;
    settings.start_us = START_US;
    workload_t *workload = workload_create(&settings);
    load_t *load = begin(QUEUES, AGENTS);
    rs_event_t event;
    uint32_t contact, queue;
    uint64_t events = 0;
    double greatest = 0;
    int64_t tick_us = START_US, report_us = START_US + RS_US_PER_HOUR / STEPS;
    const int64_t end_us = START_US + (int64_t)(hours * (double)RS_US_PER_HOUR);
    printf("%d queues, %d agents, %d events/s; memory of this whole process, the load's generator included\n", QUEUES, AGENTS,
           EVENTS_PER_SECOND);
    while (tick_us < end_us && workload_next(workload, &event, &contact, &queue)) {
        for (; tick_us <= event.occurred_us; tick_us += RS_US_PER_S / 10) {
            rs_core_tick(load->core, tick_us);
            if (tick_us % RS_US_PER_S == 0) collect(load);
            if (tick_us < report_us) continue;
            const weight_t now = weigh(load);
            const double resident = (double)now.resident / 1048576;
            if (resident > greatest) greatest = resident;
            printf("after %5.2f h: resident %6.0f MiB; windows %4llu, rows %4llu, contacts %4llu (%u kept), agents %3llu, directory %3llu, "
                   "prediction and ways %3llu MiB; %.1f M events\n", (double)(report_us - START_US) / (double)RS_US_PER_HOUR, resident,
                   (unsigned long long)now.windows >> 20, (unsigned long long)now.rows >> 20, (unsigned long long)now.contacts >> 20,
                   load->core->contacts.contacts.live, (unsigned long long)now.agents >> 20, (unsigned long long)now.directory >> 20,
                   (unsigned long long)now.rest >> 20, (double)events / 1e6);
            fflush(stdout);
            print_parts(load);
            report_us += RS_US_PER_HOUR / STEPS;
        }
        rs_core_apply_event(load->core, &event, event.occurred_us + 20000, (rs_origin_t){0});
        events++;
    }
    const rs_core_losses_t losses = rs_core_losses(load->core);
    printf("at most %.0f MiB of %.0f: %s; lost for want of room: contacts %llu, rows %llu, panes %llu, keys %llu\n", greatest, bar_mib,
           greatest <= bar_mib ? "pass" : "MISS", (unsigned long long)losses.contacts, (unsigned long long)losses.cells,
           (unsigned long long)losses.panes, (unsigned long long)losses.overflowed_keys);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--day") == 0) run_day(argc > 2 ? strtod(argv[2], NULL) : 0.25);
    else weigh_all();
    return 0;
}
