/* Thirty days of a healthy queue stay within the budget of false alarms, and a loss of a fifth of the staff is seen within two intervals in
 * 95 % of runs. Beside it, on the same figures, a plain p-chart with three sigmas.
 *
 * The queue is M/M/s+M: calls at random with a profile over the day and the week, a mean handle time of 4 minutes, patience of 2 minutes, T
 * 20 s, open from 8 to 20; each half hour is staffed for its load by the square-root rule, and one agent in 33 is
 * absent for the day. Agents tell when they come and go. It is played to a real core, event by event; the
 * rules come from a file's text, and their limits from its budget. First four weeks to learn, then the thirty days; then, from the state
 * that the core has at their end, runs that lose a fifth of the agents at a random moment of an open day.
 * RS_RUNS: how many such runs (200; 5 under a sanitizer). RS_SEED: the beginning of the random numbers. */
#include "core/core.h"
#include "random.h"
#include "state_bytes.h"

#include <math.h>
#include <unistd.h>

enum { DEFAULT_RUNS = RS_SANITIZED ? 5 : 200, LEARNING_DAYS = RS_SANITIZED ? 7 : 28, DAYS = RS_SANITIZED ? 2 : 30 };
enum { OPEN_H = 8, CLOSE_H = 20, AGENTS = 80, ABSENT_ONE_IN = 33, SHIFT_S = 1800, MOST_WAITING = 4096, QUARTER_S = 900,
       MOST_QUARTERS = 96 * (DAYS + LEARNING_DAYS + 2) };
static const double handle_s = 240, patience_s = 120, peak_erlang = 48, threshold_s = 20;
static const int64_t epoch_s = INT64_C(1704067200);   /* a Monday */

static const char rules[] =
    "service_level: {threshold: 20s, short: 0}\n"
    "alerts:\n  false_alarms: 1/7d\n  rules:\n"
    "    level: {detector: laney, metric: service_level, window: 15m, compare: below, min_sample: 20, false_alarms: 1/70d}\n"
    "    drift: {detector: ewma, metric: service_level, window: 15m, compare: below, min_sample: 20, weight: 0.3, false_alarms: 1/70d}\n"
    "    calls: {detector: cusum, metric: offered, window: 15m, baseline: season, min_sample: 20, false_alarms: 1/70d}\n"
    "    staff: {detector: seasonal, metric: staff, every: 15m, compare: below, false_alarms: 1/10d}\n";

/* --- the queue ------------------------------------------------------------------------------------------------------ */
/* Memoryless, so the state is who waits since when, and how many are busy. */
typedef struct queue {
    rs_random_t random;
    double now_s;               /* from the epoch */
    double arrived_s[MOST_WAITING];
    uint64_t waiting_call[MOST_WAITING], busy_call[512], next_call;
    uint32_t waiting, busy;
    bool lost;                  /* every fifth agent */
    bool there[AGENTS];
    uint32_t staff;
} queue_t;

static double uniform(queue_t *queue) { return ((double)(rs_random_next(&queue->random) >> 11) + 0.5) * 0x1p-53; }

/* 0 when closed; two humps a day, Mondays busier. */
static double load_at(double at_s) {
    const double hour = fmod(at_s / 3600, 24), day = floor(at_s / 86400);
    if (hour < OPEN_H || hour >= CLOSE_H) return 0;
    const double humps = 0.80 + 0.12 * cos((hour - 11) / 6 * 3.14159265) + 0.08 * cos((hour - 10.5) / 3 * 3.14159265);
    return peak_erlang * humps * (fmod(day, 7) == 0 ? 1 : 0.92);
}

static bool is_planned(const queue_t *queue, uint32_t agent) {
    const double load = load_at(floor(queue->now_s / SHIFT_S) * SHIFT_S + SHIFT_S / 2.0);
    rs_random_t die = {(uint64_t)(queue->now_s / 86400) * 1009 + agent};
    const bool absent = rs_random_below(&die, ABSENT_ONE_IN) == 0;
    return agent < (uint32_t)ceil((load + 0.35 * sqrt(load)) * ABSENT_ONE_IN / (ABSENT_ONE_IN - 1)) && !absent &&
           !(queue->lost && agent % 5 == 0);
}

/* --- playing it to a core --------------------------------------------------------------------------------------------- */
typedef struct quarter { int64_t hits, n; } quarter_t;
typedef struct world {
    queue_t queue;
    rs_config_t *config;
    rs_core_t *core;
    uint64_t seq;
    quarter_t quarters[MOST_QUARTERS];
    uint32_t fired, fired_by[4];
    double fired_s;             /* the first time since it was 0 */
} world_t;

static void on_alert(void *context, const rs_alert_transition_t *transition) {
    world_t *world = context;
    if (transition->to != RS_ALERT_FIRING) return;
    if (getenv("RS_VERBOSE") != NULL) {
        printf("  day %5.2f %s: %.3f, limit %.3f, usual %.3f\n", (double)(transition->at_us / RS_US_PER_S - epoch_s) / 86400,
               transition->rule_name.data, transition->figure.value, transition->limit, transition->baseline);
    }
    world->fired++;
    world->fired_by[transition->rule]++;
    if (world->fired_s == 0) world->fired_s = (double)(transition->at_us / RS_US_PER_MS) / 1e3 - (double)epoch_s;
}

static void say(world_t *world, rs_event_type_t type, uint64_t call) {
    char name[24];
    snprintf(name, sizeof name, "%llu", (unsigned long long)call);
    const rs_event_t event = {.occurred_us = (int64_t)((double)epoch_s * 1e6 + world->queue.now_s * 1e6), .seq = ++world->seq,
                              .present = RS_HAS_SEQ,
                              .type = (uint8_t)type, .source = RS_STR("acd"), .contact_id = rs_str(name), .queue = RS_STR("sales"),
                              .agent = RS_STR("")};
    rs_core_apply_event(world->core, &event, event.occurred_us, (rs_origin_t){.session = 1, .number = world->seq});
}

static void count_closed(world_t *world, double waited_s, bool answered) {
    quarter_t *quarter = &world->quarters[(size_t)(world->queue.now_s / QUARTER_S)];
    quarter->hits += answered && waited_s <= threshold_s;
    quarter->n++;
}

static void answer(world_t *world) {
    queue_t *queue = &world->queue;
    while (queue->waiting > 0 && queue->busy < queue->staff) {
        say(world, RS_CONTACT_ANSWERED, queue->waiting_call[0]);
        count_closed(world, queue->now_s - queue->arrived_s[0], true);
        queue->busy_call[queue->busy++] = queue->waiting_call[0];
        queue->waiting--;
        memmove(queue->arrived_s, queue->arrived_s + 1, queue->waiting * sizeof queue->arrived_s[0]);
        memmove(queue->waiting_call, queue->waiting_call + 1, queue->waiting * sizeof queue->waiting_call[0]);
    }
}

static void arrive(world_t *world) {
    queue_t *queue = &world->queue;
    if (queue->waiting == MOST_WAITING) exit(1);
    queue->arrived_s[queue->waiting] = queue->now_s;
    queue->waiting_call[queue->waiting++] = ++queue->next_call;
    say(world, RS_CONTACT_QUEUED, queue->next_call);
    answer(world);
}

static void end(world_t *world) {
    queue_t *queue = &world->queue;
    const uint32_t which = (uint32_t)rs_random_below(&queue->random, queue->busy);
    say(world, RS_CONTACT_ENDED, queue->busy_call[which]);
    queue->busy_call[which] = queue->busy_call[--queue->busy];
    answer(world);
}

static void give_up(world_t *world) {
    queue_t *queue = &world->queue;
    const uint32_t which = (uint32_t)rs_random_below(&queue->random, queue->waiting);
    say(world, RS_CONTACT_ABANDONED, queue->waiting_call[which]);
    count_closed(world, queue->now_s - queue->arrived_s[which], false);
    queue->waiting--;
    memmove(queue->arrived_s + which, queue->arrived_s + which + 1, (queue->waiting - which) * sizeof queue->arrived_s[0]);
    memmove(queue->waiting_call + which, queue->waiting_call + which + 1, (queue->waiting - which) * sizeof queue->waiting_call[0]);
}

/* Agents come and go. */
static void change_shift(world_t *world) {
    queue_t *queue = &world->queue;
    queue->staff = 0;
    for (uint32_t i = 0; i < AGENTS; i++) {
        const bool planned = is_planned(queue, i);
        queue->staff += planned;
        if (planned == queue->there[i]) continue;
        queue->there[i] = planned;
        char name[16];
        snprintf(name, sizeof name, "agent-%u", i);
        rs_event_t event = {.occurred_us = (int64_t)((double)epoch_s * 1e6 + queue->now_s * 1e6), .seq = ++world->seq,
                            .present = RS_HAS_SEQ,
                            .type = RS_AGENT_STATE, .source = RS_STR("acd"), .agent = rs_str(name),
                            .state = planned ? RS_AGENT_AVAILABLE : RS_AGENT_OFFLINE};
        rs_core_apply_event(world->core, &event, event.occurred_us, (rs_origin_t){.session = 1, .number = world->seq});
        event.seq = ++world->seq;
        event.type = RS_AGENT_QUEUE_JOINED;
        event.state = 0;
        event.queue = RS_STR("sales");
        rs_core_apply_event(world->core, &event, event.occurred_us, (rs_origin_t){.session = 1, .number = world->seq});
    }
    answer(world);
}

/* One event after the other, arrivals by thinning; shifts change each half hour. */
static void play_on(world_t *world, double until_s) {
    queue_t *queue = &world->queue;
    const double most = 1.1 * peak_erlang / handle_s;
    while (queue->now_s < until_s) {
        const double ends = queue->busy / handle_s, losses = queue->waiting / patience_s, all = most + ends + losses;
        queue->now_s += -log(uniform(queue)) / all;
        if (queue->now_s >= until_s) break;
        double which = uniform(queue) * all;
        if (which < most) {
            if (which < load_at(queue->now_s) / handle_s) arrive(world);
        } else if ((which -= most) < ends) {
            end(world);
        } else if (queue->waiting > 0) {
            give_up(world);
        }
    }
    queue->now_s = until_s;
}

static void play(world_t *world, double until_s) {
    while (world->queue.now_s < until_s) {
        const double shift_s = (floor(world->queue.now_s / SHIFT_S) + 1) * SHIFT_S;
        play_on(world, shift_s < until_s ? shift_s : until_s);
        change_shift(world);
    }
}

/* --- judging ---------------------------------------------------------------------------------------------------------- */
static rs_core_options_t options_of(world_t *world) {
    return (rs_core_options_t){.config = world->config, .replay = true, .windows = true, .alerts = true,
                               .interval = {.length_us = QUARTER_S * RS_US_PER_S},
                               .start_us = epoch_s * RS_US_PER_S, .run = 1, .hash_seed = 1,
                               .effects = {.context = world, .on_alert = on_alert}};
}

static rs_config_t *load_rules(void) {
    char path[] = "/tmp/stable-queue-XXXXXX";
    const int file = mkstemp(path);
    rs_config_t *config = NULL;
    rs_config_error_t error;
    char text[1024];
    if (file < 0 || write(file, rules, sizeof rules - 1) != (ssize_t)sizeof rules - 1) exit(1);
    close(file);
    const int status = rs_config_load(path, NULL, 0, &config, &error);
    unlink(path);
    if (status == RS_OK) return config;
    rs_config_error_format(&error, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    exit(1);
}

/* Three sigmas of a binomial around the mean of the learning days, on quarters of at least 20. */
static uint32_t p_chart_alarms(const world_t *world, uint32_t from, uint32_t to, double mean, uint32_t *judged) {
    uint32_t alarms = 0;
    for (uint32_t i = from; i < to; i++) {
        const quarter_t *quarter = &world->quarters[i];
        if (quarter->n < 20) continue;
        (*judged)++;
        const double share = (double)quarter->hits / (double)quarter->n;
        alarms += share < mean - 3 * sqrt(mean * (1 - mean) / (double)quarter->n);
    }
    return alarms;
}

static double mean_level(const world_t *world, uint32_t from, uint32_t to) {
    int64_t hits = 0, n = 0;
    for (uint32_t i = from; i < to; i++) {
        hits += world->quarters[i].hits;
        n += world->quarters[i].n;
    }
    return (double)hits / (double)n;
}

typedef struct seen { uint32_t runs, rules, half_an_hour, p_chart; } seen_t;

/* Loses a fifth of the agents at a random moment at which at least half an hour and two quarters of the day are left. */
static void lose_staff(const world_t *healthy, const state_bytes_t *state, double mean, uint64_t seed, seen_t *seen) {
    world_t *world = malloc(sizeof *world);
    if (world == NULL) exit(1);
    *world = *healthy;
    world->queue.random.state = seed;
    const rs_core_options_t options = options_of(world);
    char what[RS_STATE_WHAT_BYTES];
    if (state_load(&options, state, 0, what, &world->core) != RS_OK) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
    const double day_s = ceil(world->queue.now_s / 86400) * 86400;
    const double lost_s = day_s + OPEN_H * 3600 + 1800 + uniform(&world->queue) * (CLOSE_H - OPEN_H - 2) * 3600;
    play(world, lost_s);
    const uint32_t before = world->fired;
    world->queue.lost = true;
    change_shift(world);
    world->fired_s = 0;
    const double until_s = (floor(lost_s / QUARTER_S) + 3) * QUARTER_S;   /* the quarter of the loss, and two whole ones after it */
    play(world, until_s - 1e-3);
    rs_core_tick(world->core, (int64_t)((double)epoch_s * 1e6 + until_s * 1e6) + 1);
    say(world, RS_CONTACT_QUEUED, UINT64_MAX);
    world->queue.now_s = until_s + 0.5;
    say(world, RS_CONTACT_QUEUED, UINT64_MAX - 1);
    const double first_s = world->fired_s;
    uint32_t judged = 0;
    const uint32_t quarter = (uint32_t)(lost_s / QUARTER_S);
    seen->runs++;
    seen->rules += world->fired > before;
    seen->half_an_hour += world->fired > before && first_s - lost_s <= 1800;
    seen->p_chart += p_chart_alarms(world, quarter, quarter + 3, mean, &judged) > 0;
    rs_core_destroy(&world->core);
    free(world);
}

int main(void) {
    const uint64_t runs = rs_test_number("RS_RUNS", DEFAULT_RUNS), seed = rs_test_number("RS_SEED", 1);
    printf("seed: RS_SEED=%llu\n", (unsigned long long)seed);
    world_t *world = calloc(1, sizeof *world);
    if (world == NULL) return 1;
    world->queue.random.state = seed;
    world->config = load_rules();
    const double budget = world->config->false_alarms * DAYS;
    const rs_core_options_t options = options_of(world);
    if (rs_core_create(&options, &world->core) != RS_OK) return 1;
    play(world, LEARNING_DAYS * 86400.0);
    const uint32_t learned = LEARNING_DAYS * 96, over = (LEARNING_DAYS + DAYS) * 96, learning_alarms = world->fired;
    const double mean = mean_level(world, 0, learned);
    memset(world->fired_by, 0, sizeof world->fired_by);
    world->fired = 0;
    play(world, (LEARNING_DAYS + DAYS) * 86400.0);
    uint32_t judged = 0;
    const uint32_t p_chart = p_chart_alarms(world, learned, over, mean, &judged), fired = world->fired;
    printf("service level %.3f; alarms while it learned: %u\n", mean, learning_alarms);
    printf("%d healthy days: %u alarms of %.2f allowed (level %u, drift %u, calls %u, staff %u); a p-chart: %u in %u intervals, "
           "one in %.1f\n", DAYS, fired, budget,
           world->fired_by[0], world->fired_by[1], world->fired_by[2], world->fired_by[3], p_chart, judged,
           p_chart == 0 ? INFINITY : (double)judged / p_chart);
    state_bytes_t state = {0};
    state_save(world->core, &state);
    seen_t seen = {0};
    for (uint64_t i = 0; i < runs; i++) lose_staff(world, &state, mean, seed * 1000003 + i, &seen);
    printf("a fifth of the staff lost: seen by the end of the second interval after it in %u of %u runs (%.1f %%), "
           "within 30 minutes in %u; by the p-chart in %u\n", seen.rules, seen.runs, 100.0 * seen.rules / seen.runs,
           seen.half_an_hour, seen.p_chart);
    const bool enough = DAYS < 30 || seen.rules >= 0.95 * seen.runs;
    const bool within = DAYS < 30 || fired <= ceil(budget);
    rs_core_destroy(&world->core);
    state_free(&state);
    rs_config_destroy(&world->config);
    free(world);
    return enough && within ? 0 : 1;
}
