/* What agents cost: an event of an agent, a tick while all are counted up to a boundary, and memory. 50,000 agents (RS_AGENTS) in
 * 2,000 queues, four states per contact; in
 * thread time, because others may work on the machine. The yardstick is what cannot be saved: a name's number, and 16 additions at a
 * random place of 2 KiB for each agent. */
#include "core/core_internal.h"
#include "core_collect.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const int64_t SLOT_US = 300 * RS_US_PER_S;
enum { QUEUES = 2000, TEAMS = 500, NAME = 24 };

typedef struct bench {
    rs_config_t *config;
    rs_core_t *core;
    rs_random_t random;
    uint32_t agents;
    uint64_t seq;
    int64_t now_us;
    char (*names)[NAME], (*teams)[NAME], (*queues)[NAME];
} bench_t;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);   /* others work on this machine, too */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void begin(bench_t *bench) {
    RS_REQUIRE(rs_config_create_default(&bench->config) == RS_OK);
    bench->config->limits.agent_keys = bench->agents;
    bench->config->limits.rows = 1000000;
    bench->config->staff.expire_us = 16 * RS_US_PER_HOUR;
    bench->now_us = INT64_C(1772442000) * RS_US_PER_S;
    const rs_core_options_t options = {
        .config = bench->config, .windows = true, .families = (1u << RS_FAMILY_COUNT) - 1, .attributions = 1u << RS_ATTRIBUTION_EVENT,
        .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 15 * RS_US_PER_MIN}, .start_us = bench->now_us, .run = 1, .hash_seed = 7};
    RS_REQUIRE(rs_core_create(&options, &bench->core) == RS_OK);
    bench->names = calloc(bench->agents, NAME);
    bench->teams = calloc(TEAMS, NAME);
    bench->queues = calloc(QUEUES, NAME);
    RS_REQUIRE(bench->names != NULL && bench->teams != NULL && bench->queues != NULL);
    for (uint32_t i = 0; i < bench->agents; i++) snprintf(bench->names[i], NAME, "agent-%u", i);
    for (uint32_t i = 0; i < TEAMS; i++) snprintf(bench->teams[i], NAME, "team-%u", i);
    for (uint32_t i = 0; i < QUEUES; i++) snprintf(bench->queues[i], NAME, "queue-%u", i);
}

static void send(bench_t *bench, rs_event_type_t type, uint32_t agent, unsigned state, const char *queue) {
    const rs_event_t event = {.occurred_us = bench->now_us, .seq = ++bench->seq, .present = RS_HAS_SEQ, .type = (uint8_t)type,
                              .state = (uint8_t)state, .source = RS_STR("bench"), .agent = rs_str(bench->names[agent]),
                              .team = rs_str(bench->teams[agent % TEAMS]), .queue = rs_str(queue)};
    rs_core_apply_event(bench->core, &event, bench->now_us, (rs_origin_t){0});
}

/* Everyone logs in and joins three queues. */
static void log_in(bench_t *bench) {
    for (uint32_t i = 0; i < bench->agents; i++) {
        for (uint32_t q = 0; q < 3; q++) send(bench, RS_AGENT_QUEUE_JOINED, i, 0, bench->queues[(i * 7 + q) % QUEUES]);
        send(bench, RS_AGENT_STATE, i, RS_AGENT_AVAILABLE, "");
        bench->now_us += 20;
    }
}

static void take_row(void *context, const rs_row_t *row) {
    (void)context;
    (void)row;
}

/* States at random for `seconds`; ticks ten times a second. Returns ns per event; the longest tick in *longest_ns. */
static double work(bench_t *bench, int64_t seconds, uint32_t per_second, int64_t *longest_ns, double *tick_ns) {
    static const uint8_t states[] = {RS_AGENT_RINGING, RS_AGENT_ON_CONTACT, RS_AGENT_WRAPUP, RS_AGENT_AVAILABLE};
    int64_t events_ns = 0, ticks_ns = 0, ticks = 0;
    for (int64_t tenth = 0; tenth < seconds * 10; tenth++) {
        int64_t from_ns = now_ns();
        for (uint32_t i = 0; i < per_second / 10; i++) {
            const uint32_t agent = (uint32_t)rs_random_below(&bench->random, bench->agents);
            send(bench, RS_AGENT_STATE, agent, states[rs_random_below(&bench->random, 4)], "");
        }
        events_ns += now_ns() - from_ns;
        while (tenth % 10 == 0 && core_collect(bench->core, 10000, take_row, NULL) > 0) {}   /* the store's part */
        bench->now_us += 100 * RS_US_PER_MS;
        from_ns = now_ns();
        rs_core_tick(bench->core, bench->now_us);
        const int64_t took_ns = now_ns() - from_ns;
        if (took_ns > *longest_ns) *longest_ns = took_ns;
        ticks_ns += took_ns;
        ticks++;
    }
    *tick_ns = (double)ticks_ns / (double)ticks;
    return (double)events_ns / (double)(seconds * (per_second / 10 * 10));
}

/* From a boundary on until all are counted up to it: the cost of the ticks that do it, by their part of all. */
static void measure_sweep(bench_t *bench) {
    int64_t longest_ns = 0, sum_ns = 0;
    uint32_t ticks = 0, above = 0;
    bench->now_us += SLOT_US - bench->now_us % SLOT_US;
    for (int64_t posts_left = 1; posts_left != 0 && ticks < 100000; ticks++) {
        const int64_t from_ns = now_ns();
        rs_agents_advance(bench->core->agents, bench->now_us, 128);
        const int64_t took_ns = now_ns() - from_ns;
        posts_left = !rs_agents_advance(bench->core->agents, bench->now_us, 0);
        if (took_ns > longest_ns) longest_ns = took_ns;
        above += took_ns > 1000000;
        sum_ns += took_ns;
    }
    printf("counting all up to a boundary   %8u ticks, mean %.0f us, longest %.0f us, %u above 1 ms; %.0f ns an agent\n", ticks,
           (double)sum_ns / ticks / 1000, (double)longest_ns / 1000, above, (double)sum_ns / bench->agents);
}

static void print_yardstick(bench_t *bench) {
    enum { LINES = 32, ROUNDS = 1000000 };
    int64_t (*places)[LINES * 8] = calloc(bench->agents, sizeof *places);
    RS_REQUIRE(places != NULL);
    memset(places, 1, bench->agents * sizeof *places);
    int64_t sum = 0, from_ns = now_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        const uint32_t agent = (uint32_t)rs_random_below(&bench->random, bench->agents);
        sum += rs_names_number(&bench->core->directory.names, rs_str(bench->names[agent]));
        for (unsigned j = 0; j < 16; j++) places[agent][j * 16] += sum;
    }
    printf("yardstick                       %8.0f ns (%d)\n", (double)(now_ns() - from_ns) / ROUNDS, (int)(sum & 1));
    free(places);
}

static void print_memory(const bench_t *bench, const char *when) {
    const uint64_t agents = rs_agents_bytes(bench->core->agents), all = rs_core_bytes(bench->core);
    printf("memory %-24s %8.0f bytes an agent in core/agent, %.1f MiB; the whole core %.1f MiB\n", when, (double)agents / bench->agents,
           (double)agents / (1 << 20), (double)all / (1 << 20));
}

int main(void) {
    bench_t bench = {.random.state = 3, .agents = (uint32_t)rs_test_number("RS_AGENTS", 50000)};
    const int64_t seconds = (int64_t)rs_test_number("RS_SECONDS", 600);
    int64_t longest_ns = 0;
    double tick_ns;
    begin(&bench);
    log_in(&bench);
    print_memory(&bench, "after logging in");
    const double event_ns = work(&bench, seconds, bench.agents / 10, &longest_ns, &tick_ns);
    printf("an agent's event                %8.0f ns (%u agents, %u events/s, %lld s)\n", event_ns, bench.agents, bench.agents / 10,
           (long long)seconds);
    printf("a tick of the core              %8.0f us, longest %.0f us\n", tick_ns / 1000, (double)longest_ns / 1000);
    print_memory(&bench, "after work");
    for (int i = 0; i < 4; i++) measure_sweep(&bench);   /* the first ones of an interval take memory, later ones do not */
    print_yardstick(&bench);
    rs_core_destroy(&bench.core);
    rs_config_destroy(&bench.config);
    free(bench.names);
    free(bench.teams);
    free(bench.queues);
    return 0;
}
