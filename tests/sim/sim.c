/* Whole installations, from seeds, with everything that goes wrong: nothing acknowledged is lost or counted twice, aggregates are what
 * brute force says, and the state is that of an undisturbed life (sim/world.h).
 * RS_SEEDS: how many (300; a tenth under a sanitizer), from RS_FIRST_SEED on, by RS_JOBS processes (1).
 * RS_SEED: only this one. RS_VERBOSE: a line for each. */
#include "world.h"

#include "memory_journal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEFAULT_SEEDS = RS_SANITIZED ? 30 : 300 };
enum { MOST_STEPS = 400000, MOST_FAILURES = 5, MOST_JOBS = 256 };

/* Seeds that failed once. */
static const uint64_t once_failed[] = {1, 20337, 66730};

bool sim_chance(sim_world_t *world, uint32_t one_in) { return rs_random_below(&world->random, one_in) == 0; }

void sim_complain(sim_world_t *world, const char *format, ...) {
    if (world->why[0] != '\0') return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(world->why, sizeof world->why, format, arguments);
    va_end(arguments);
}

/* --- disasters ---------------------------------------------------------------------------------------------------------- */
static void kill_daemon(sim_world_t *world, bool power) {
    sim_daemon_die(world);
    if (power) sim_disk_crash(world->disk);
    else sim_disk_kill(world->disk);
    *(power ? &world->counts.power_cuts : &world->counts.kills) += 1;
}

static void maybe_disaster(sim_world_t *world) {
    if (world->is_calm || !sim_chance(world, 60)) return;
    switch (rs_random_below(&world->random, 10)) {
        case 0: kill_daemon(world, false); break;
        case 1: kill_daemon(world, true); break;
        case 2:
            sim_disk_fail(world->disk, 2 + (uint32_t)rs_random_below(&world->random, 8));
            world->counts.disk_failures++;
            break;
        case 3: case 4: sim_disk_fail(world->disk, 0); sim_disk_fill(world->disk, false); break;
        case 5: sim_disk_fill(world->disk, true); break;
        case 6: sim_disk_fail_syncs(world->disk, 1 + (uint32_t)rs_random_below(&world->random, 4)); break;
        case 7: if (sim_chance(world, 2)) sim_database_remember(world); else sim_database_go_back(world); break;
        case 8: sim_disk_die_at(world->disk, 1 + rs_random_below(&world->random, 40)); break;
        default: sim_producer_cut(world, (uint32_t)rs_random_below(&world->random, world->producer_count)); break;
    }
}

/* Now and then for most of the time. */
static void maybe_lose_database(sim_world_t *world) {
    if (world->is_calm || !world->is_short || world->database.away > 0 || !sim_chance(world, 500)) return;
    world->database.away = 1 + (uint32_t)rs_random_below(&world->random, 2000);
    world->counts.absences++;
}

/* A process whose disk calls it dead is dead. */
static void bury(sim_world_t *world) {
    if (sim_disk_is_dead(world->disk)) kill_daemon(world, sim_chance(world, 2));
}

static void mend(sim_world_t *world) {
    world->is_calm = true;
    sim_disk_fail(world->disk, 0);
    sim_disk_fail_syncs(world->disk, 0);
    sim_disk_fill(world->disk, false);
    sim_disk_die_at(world->disk, 0);
    world->database.away = 0;
}

/* --- one installation --------------------------------------------------------------------------------------------------- */
static void let_time_pass(sim_world_t *world) {
    if (sim_chance(world, 3)) world->now_us += (int64_t)rs_random_below(&world->random, 3 * RS_US_PER_S);
    if (sim_chance(world, 200)) world->now_us += (int64_t)rs_random_below(&world->random, 5 * RS_US_PER_MIN);
}

static void step(sim_world_t *world) {
    let_time_pass(world);
    maybe_disaster(world);
    maybe_lose_database(world);
    /* What could not start, because its disk fails, is started again after a while. */
    if (!world->daemon.is_up && sim_chance(world, world->daemon.was_refused ? 16 : 4)) sim_daemon_start(world);
    for (uint32_t i = 0; i < world->producer_count; i++) {
        if (sim_chance(world, 2)) sim_producer_step(world, i);
    }
    for (int i = 0; i < 4 && world->daemon.is_up && !sim_disk_is_dead(world->disk); i++) sim_daemon_step(world);
    if (sim_chance(world, 2)) sim_store_step(world);
    bury(world);
    world->counts.steps++;
}

static bool all_is_told(const sim_world_t *world) { return world->daemon.is_up && sim_producers_are_done(world); }

/* Everything is mended, and what is under way arrives. */
static void finish(sim_world_t *world) {
    mend(world);
    while (world->why[0] == '\0' && !(all_is_told(world) && sim_daemon_settle(world) && sim_store_is_done(world) && !world->has_late)) {
        step(world);
        if (world->counts.steps > 2 * MOST_STEPS) sim_complain(world, "it does not come to rest");
    }
}

static void play(sim_world_t *world) {
    const oracle_arrival_t *deliveries = world->history->deliveries;
    const size_t count = world->history->delivery_count;
    const int64_t last_us = count == 0 ? world->now_us : deliveries[count - 1].arrival_us;
    while (world->why[0] == '\0' && (world->now_us < last_us || !sim_chance(world, 100)) && world->counts.steps < MOST_STEPS) step(world);
    finish(world);
    if (world->why[0] == '\0') sim_ledger_close(world);
}

/* Small, so that a life costs little to begin. In every fourth installation there is so little room for single contacts, which nobody
 * collects here, that they and rows leave memory unstored again and again, be the database there or away for long. */
enum { SHORT_EVERY = 4 };
#define LIMITS(facts) \
    "limits: {tenants: 4, queue_keys: 32, agent_keys: 32, team_keys: 16, sources: 16, contacts: 200, remembered_ids: 1000,\n" \
    "  rows: 1500, facts: " #facts ", customers: 1000, cases: 100, edges: 300, variants: 100, alerts: 100, message_bytes: 16KiB,\n" \
    "  inlet_bytes: 64KiB, outlet_bytes: 64KiB}\n" \
    "rows: {attributions: [event, enter, close]}\n"
#define CONFIGS(facts) { \
    LIMITS(facts), \
    LIMITS(facts) "alerts:\n  rules:\n" \
    "    waits: {metric: waiting, compare: above, limit: 0, clear: 0, for: 20s, clear_for: 30s, severity: warning}\n" \
    "    lost: {metric: abandoned, window: 5m, compare: above, limit: 0, clear: 0, severity: critical}\n", \
    LIMITS(facts) "alerts:\n  rules:\n" \
    "    waits: {metric: waiting, compare: above, limit: 1, clear: 0, for: 5s, severity: warning}\n" \
    "    slow: {metric: oldest_wait, compare: above, limit: 10s, clear: 5s, clear_for: 10s, severity: info}\n"}
static const char *const config_texts[2][SIM_CONFIGS] = {CONFIGS(1000), CONFIGS(3)};

static bool run(uint64_t seed) {
    static sim_world_t world;
    world = (sim_world_t){.seed = seed, .random = {seed}, .disk = sim_disk_create(seed)};
    world.is_short = seed % SHORT_EVERY == SHORT_EVERY - 1;
    for (unsigned i = 0; i < SIM_CONFIGS; i++) world.configs[i] = config_of_text(config_texts[world.is_short][i]);
    world.config = world.configs[0];
    world.history = generate_history(&(generate_options_t){.seed = seed, .order = DELIVER_WITHIN_LATENESS, .duplicates_per_mille = 50});
    world.now_us = world.history->begin_us;
    sim_producers_begin(&world);
    sim_store_begin(&world);
    play(&world);
    const sim_counts_t *counts = &world.counts;
    const bool is_right = world.why[0] == '\0';
    if (!is_right || getenv("RS_VERBOSE") != NULL) {
        printf("RS_SEED=%" PRIu64 ": %s (%zu events, %" PRIu64 " records, %" PRIu64 " steps, %" PRIu64 " lives, %" PRIu64 " kills, %" PRIu64
               " power cuts, %" PRIu64 " disk failures, %" PRIu64 " doubtful commits, %" PRIu64 " snapshots, %" PRIu64 " reloads, %" PRIu64
               " rewinds, %" PRIu64 " absences, %" PRIu64 " times short of memory)\n", seed,
               is_right ? "right" : world.why, world.history->delivery_count, world.record_count, counts->steps,
               counts->lives, counts->kills,
               counts->power_cuts, counts->disk_failures, counts->ambiguous, counts->snapshots, counts->reloads, counts->rewinds,
               counts->absences, counts->let_go);
        fflush(stdout);
    }
    sim_daemon_end(&world);
    sim_store_end(&world);
    sim_producers_end(&world);
    history_destroy(world.history);
    sim_disk_destroy(world.disk);
    for (unsigned i = 0; i < SIM_CONFIGS; i++) rs_config_destroy(&world.configs[i]);
    return is_right;
}

/* Every `stride`-th seed. The number of those that are wrong; it gives up soon. */
static int run_some(uint64_t first, uint64_t end, uint64_t stride) {
    int failures = 0;
    for (uint64_t seed = first; seed < end && failures < MOST_FAILURES; seed += stride) failures += !run(seed);
    return failures;
}

static int run_in_processes(uint64_t first, uint64_t end, uint64_t jobs) {
    pid_t children[MOST_JOBS];
    int failures = 0;
    fflush(stdout);
    for (uint64_t i = 0; i < jobs; i++) {
        children[i] = fork();
        RS_REQUIRE(children[i] >= 0);
        if (children[i] == 0) exit(run_some(first + i, end, jobs));
    }
    for (uint64_t i = 0; i < jobs; i++) {
        int status = 0;
        RS_REQUIRE(waitpid(children[i], &status, 0) == children[i]);
        if (WIFSIGNALED(status)) printf("a process was ended by signal %d; RS_VERBOSE says after which seed\n", WTERMSIG(status));
        failures += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
    return failures;
}

int main(void) {
    const uint64_t one = rs_test_number("RS_SEED", 0), seeds = rs_test_number("RS_SEEDS", DEFAULT_SEEDS),
                   first = rs_test_number("RS_FIRST_SEED", 1);
    const uint64_t wanted = rs_test_number("RS_JOBS", 1), jobs = wanted < MOST_JOBS ? wanted : MOST_JOBS;
    int failures = 0;
    if (one != 0) return run(one) ? 0 : 1;
    for (size_t i = 0; i < RS_ARRAY_LEN(once_failed); i++) failures += !run(once_failed[i]);
    failures += jobs > 1 ? run_in_processes(first, first + seeds, jobs) : run_some(first, first + seeds, 1);
    printf("%" PRIu64 " installations from RS_FIRST_SEED=%" PRIu64 ", %d wrong\n", seeds, first, failures);
    return failures == 0 ? 0 : 1;
}
