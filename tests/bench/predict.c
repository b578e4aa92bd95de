/* What a forecast costs: one call of each Erlang formula, and one queue in which contacts wait, by agents and by contacts.
 *
 * The bar for a queue is about 10 µs: it is paid once a second by each queue in which somebody waits. */
#include "core/core.h"
#include "core/core_internal.h"
#include "core/predict/live.h"

#include <math.h>
#include <ringside/erlang.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 7 };

static double now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values) {
    qsort(values, ROUNDS, sizeof *values, compare);
    return values[ROUNDS / 2];
}

/* --- Erlang ------------------------------------------------------------------------------------------------------- */
typedef enum formula { FORMULA_C, FORMULA_A, FORMULA_C_AGENTS, FORMULA_A_AGENTS } formula_t;

static double erlang_ns(formula_t formula, uint32_t agents) {
    double rounds[ROUNDS], used = 0;
    const int calls = agents > 1000 ? 20 : 500;
    for (int round = 0; round < ROUNDS; round++) {
        const double begun = now_ns();
        for (int i = 0; i < calls; i++) {
            const rs_erlang_load_t load = {.arrivals_per_s = 0.9 * agents / 180 + i * 1e-9, .handle_s = 180, .patience_s = 120};
            rs_erlang_t result = {0};
            uint32_t needed = 0;
            int status = RS_OK;
            switch (formula) {
                case FORMULA_C: status = rs_erlang_c(&load, agents, 20, &result); break;
                case FORMULA_A: status = rs_erlang_a(&load, agents, 20, &result); break;
                case FORMULA_C_AGENTS: status = rs_erlang_c_agents(&load, 20, 0.8, &needed); break;
                case FORMULA_A_AGENTS: status = rs_erlang_a_agents(&load, 20, 0.8, &needed); break;
            }
            used += status + result.p_wait + needed;
        }
        rounds[round] = (now_ns() - begun) / calls;
    }
    if (used < 0) printf("never\n");
    return median(rounds);
}

/* --- a queue ------------------------------------------------------------------------------------------------------ */
static int64_t at_us(double s) { return INT64_C(1700006400) * RS_US_PER_S + (int64_t)(s * 1e6); }

static void event(rs_core_t *core, rs_event_type_t type, uint32_t contact, uint32_t agent, double s) {
    static uint64_t seq;
    char id[16], name[16];
    snprintf(id, sizeof id, "c%u", contact);
    snprintf(name, sizeof name, "a%u", agent);
    const rs_event_t made = {.occurred_us = at_us(s), .seq = ++seq, .present = RS_HAS_SEQ, .type = (uint8_t)type, .source = RS_STR("b"),
                             .contact_id = rs_str(id), .queue = RS_STR("q"), .agent = rs_str(type == RS_CONTACT_ANSWERED ? name : "")};
    rs_core_apply_event(core, &made, made.occurred_us, (rs_origin_t){0});
}

/* Twenty minutes of calls of many lengths, then all agents busy and so many waiting. */
static double fill(rs_core_t *core, uint32_t agents, uint32_t waiting) {
    uint32_t contact = 0;
    double s = 0;
    for (uint32_t round = 0; round < 8; round++, s += 150) {
        for (uint32_t a = 0; a < agents; a++) {
            event(core, RS_CONTACT_QUEUED, contact, a, s);
            event(core, RS_CONTACT_ANSWERED, contact++, a, s + 0.5);
        }
        for (uint32_t a = 0; a < agents; a++) {
            const double talk_s = 20 + 120.0 * a / agents;
            const uint32_t number = contact - agents + a;
            if (round < 7) event(core, RS_CONTACT_ENDED, number, a, s + talk_s);
        }
        if (round < 7) rs_core_tick(core, at_us(s + 149));
    }
    s -= 145;   /* the last ones have just begun */
    for (uint32_t i = 0; i < waiting; i++) event(core, RS_CONTACT_QUEUED, contact + i, 0, s + i * 20.0 / waiting);
    for (uint32_t i = 0; i < waiting / 10; i++) event(core, RS_CONTACT_ABANDONED, contact + i * 10, 0, s + 21);
    rs_core_tick(core, at_us(s + 22));
    return s + 22;
}

static double queue_ns(uint32_t agents, uint32_t waiting) {
    rs_config_t *config;
    rs_core_t *core;
    if (rs_config_create_default(&config) != RS_OK) exit(1);
    config->prediction = (rs_prediction_config_t){.horizon_us = 30 * RS_US_PER_MIN, .min_handled = 10};
    const rs_core_options_t options = {.config = config, .windows = true, .start_us = at_us(0), .run = 1,
                                       .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 900 * RS_US_PER_S}};
    if (rs_core_create(&options, &core) != RS_OK) exit(1);
    (void)fill(core, agents, waiting);
    rs_key_t key;
    uint32_t queue = 0;
    for (uint32_t i = 0; i < rs_window_key_count(rs_core_windows(core)); i++) {
        rs_core_key(core, i, &key);
        if (key.family == RS_FAMILY_QUEUE) queue = i;
    }
    rs_window_prediction_t prediction = {0};
    double rounds[ROUNDS];
    enum { CALLS = 2000 };
    for (int round = 0; round < ROUNDS; round++) {
        const double begun = now_ns();
        for (int i = 0; i < CALLS; i++) rs_predict_key(core, queue, &prediction);
        rounds[round] = (now_ns() - begun) / CALLS;
    }
    if (prediction.reason != RS_PREDICTION_GIVEN) printf("no answer: %s\n", rs_prediction_reason_name((unsigned)prediction.reason));
    rs_core_destroy(&core);
    rs_config_destroy(&config);
    return median(rounds);
}

int main(void) {
    static const uint32_t agents[] = {10, 100, 1000, 10000};
    printf("%-10s %14s %14s %20s %20s\n", "agents", "Erlang C", "Erlang A", "agents for 80/20, C", "agents for 80/20, A");
    for (size_t i = 0; i < RS_ARRAY_LEN(agents); i++) {
        printf("%-10u %11.2f us %11.2f us %17.2f us %17.2f us\n", agents[i], erlang_ns(FORMULA_C, agents[i]) / 1e3,
               erlang_ns(FORMULA_A, agents[i]) / 1e3, erlang_ns(FORMULA_C_AGENTS, agents[i]) / 1e3,
               erlang_ns(FORMULA_A_AGENTS, agents[i]) / 1e3);
    }
    printf("\n%-10s %10s %14s   (bar: about 10 us)\n", "agents", "waiting", "one queue");
    static const struct { uint32_t agents, waiting; } queues[] = {{3, 1}, {10, 5}, {100, 20}, {100, 200}, {1000, 1000}};
    for (size_t i = 0; i < RS_ARRAY_LEN(queues); i++) {
        printf("%-10u %10u %11.2f us\n", queues[i].agents, queues[i].waiting, queue_ns(queues[i].agents, queues[i].waiting) / 1e3);
    }
    return 0;
}
