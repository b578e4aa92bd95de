/* Agents' time, plans and queues against a brute force: random histories in any order within lateness, with repeats.
 * RS_SEEDS: how many (2,000; a tenth under a sanitizer), from RS_FIRST_SEED on. RS_SEED: only this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent_model.h"
#include "core/core.h"
#include "generate.h"
#include "random.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { DEFAULT_SEEDS = 200 };
#else
enum { DEFAULT_SEEDS = 2000 };
#endif
enum { MAX_EVENTS = 160, MAX_DELIVERIES = MAX_EVENTS * 2, SOURCES = 3, AGENTS = 4, QUEUES = 3, MAX_SUMS = 20000 };

static const char *const agent_names[AGENTS] = {"ann", "bob", "cat", "dan"}, *const queue_names[QUEUES] = {"sales", "support", "vip"};
static const char *const source_names[SOURCES] = {"pbx-1", "pbx-2", "wfm"}, *const team_names[] = {"", "", "red", "blue"};
static const char *const activities[] = {"phones", "", "lunch", "break", "off", "training"};
static rs_str_t breaks[2], absences[1];
static rs_agent_config_t teams[1];

typedef struct trial {
    uint64_t seed;
    rs_random_t random;
    rs_config_t config;
    rs_interval_spec_t interval;
    rs_event_t events[MAX_EVENTS];
    char ids[MAX_EVENTS][16];
    size_t event_count;
    oracle_arrival_t deliveries[MAX_DELIVERIES];
    size_t count;
    int64_t begin_us, end_us;          /* end: of the live run, a boundary of 5 minutes */
    char why[256];
} trial_t;

static bool chance(trial_t *trial, unsigned per_cent) { return rs_random_below(&trial->random, 100) < per_cent; }
static int64_t below(trial_t *trial, int64_t bound) { return (int64_t)rs_random_below(&trial->random, (uint64_t)bound); }

/* --- histories ---------------------------------------------------------------------------------------------------------- */
static void choose_rules(trial_t *trial) {
    rs_config_t *config = &trial->config;
    breaks[0] = RS_STR("break");
    breaks[1] = RS_STR("lunch");
    absences[0] = RS_STR("off");
    teams[0] = (rs_agent_config_t){.name = RS_STR("bob"), .team = RS_STR("green")};
    generate_defaults(config);
    memcpy(&config->zone, &(const rs_zone_t *){generate_zone((unsigned)below(trial, GENERATE_ZONES))}, sizeof config->zone);
    config->staff = (rs_staff_config_t){.break_activities = breaks, .break_count = 2, .absent_activities = absences, .absent_count = 1};
    if (chance(trial, 70)) config->staff.expire_us = (4 + below(trial, 16)) * 5 * RS_US_PER_MIN;   /* so that some events come just then */
    config->agents = teams;
    config->agent_count = 1;
    static const int64_t minutes[] = {15, 30, 60};
    trial->interval = (rs_interval_spec_t){.mode = (rs_interval_mode_t)below(trial, 3),
                                           .length_us = minutes[below(trial, 3)] * RS_US_PER_MIN, .zone = config->zone};
}

static void tell_plan(trial_t *trial, rs_event_t *event) {
    event->type = RS_AGENT_SCHEDULED;
    event->code = rs_str(activities[below(trial, RS_ARRAY_LEN(activities))]);
    event->from_us = event->occurred_us + (below(trial, 240) - 60) * RS_US_PER_MIN;
    event->to_us = event->from_us + (below(trial, 200) - 10) * RS_US_PER_MIN;
    if (chance(trial, 92)) event->present |= RS_HAS_TO_US;
    if (chance(trial, 92)) event->present |= RS_HAS_FROM_US;
}

static void tell_event(trial_t *trial, uint64_t next_seq[SOURCES]) {
    rs_event_t *event = &trial->events[trial->event_count];
    const unsigned source = (unsigned)below(trial, SOURCES);
    const int64_t span_us = (2 + below(trial, 6)) * RS_US_PER_HOUR;
    *event = (rs_event_t){.occurred_us = trial->begin_us + below(trial, span_us), .source = rs_str(source_names[source]),
                          .agent = rs_str(agent_names[below(trial, AGENTS)]), .team = rs_str(team_names[below(trial, 4)])};
    if (chance(trial, 30)) event->occurred_us -= event->occurred_us % (5 * RS_US_PER_MIN);   /* many at one instant, on boundaries */
    if (chance(trial, 15)) event->tenant = RS_STR("acme");
    if (chance(trial, 70)) {
        event->present |= RS_HAS_SEQ;
        event->seq = ++next_seq[source];
    }
    if ((event->present & RS_HAS_SEQ) == 0 || chance(trial, 20)) {
        snprintf(trial->ids[trial->event_count], sizeof trial->ids[0], "identity-%zu", trial->event_count * 7919 % 1000);
        event->event_id = rs_str(trial->ids[trial->event_count]);
    }
    const int64_t what = below(trial, 100);
    if (what < 60) {
        event->type = RS_AGENT_STATE;
        event->state = (uint8_t)below(trial, RS_AGENT_STATE_COUNT);
        if (chance(trial, 30)) event->code = RS_STR("why");
    } else if (what < 80) {
        event->type = chance(trial, 65) ? RS_AGENT_QUEUE_JOINED : RS_AGENT_QUEUE_LEFT;
        event->queue = rs_str(queue_names[below(trial, QUEUES)]);
    } else {
        tell_plan(trial, event);
    }
    trial->event_count++;
}

static int by_arrival(const void *left, const void *right) {
    const oracle_arrival_t *a = left, *b = right;
    if (a->arrival_us != b->arrival_us) return a->arrival_us < b->arrival_us ? -1 : 1;
    return oracle_compare(a->event, b->event);
}

static int by_order(const void *left, const void *right) {
    return oracle_compare(((const oracle_arrival_t *)left)->event, ((const oracle_arrival_t *)right)->event);
}

static void deliver(trial_t *trial, bool sorted) {
    int64_t last_us = trial->begin_us;
    trial->count = 0;
    for (size_t i = 0; i < trial->event_count; i++) {
        const rs_event_t *event = &trial->events[i];
        const int64_t delay_us = chance(trial, 50) ? 0 : below(trial, trial->config.lateness_us);
        trial->deliveries[trial->count++] = (oracle_arrival_t){.event = event, .arrival_us = event->occurred_us + delay_us};
        if (chance(trial, 8)) {
            const int64_t again_us = event->occurred_us + delay_us + below(trial, 60 * RS_US_PER_S);
            trial->deliveries[trial->count++] = (oracle_arrival_t){.event = event, .arrival_us = again_us};
        }
        if (event->occurred_us > last_us) last_us = event->occurred_us;
    }
    qsort(trial->deliveries, trial->count, sizeof trial->deliveries[0], sorted ? by_order : by_arrival);
    trial->end_us = last_us + (30 + below(trial, 120)) * RS_US_PER_MIN;
    trial->end_us -= trial->end_us % (5 * RS_US_PER_MIN);
    if (sorted) trial->end_us = last_us;
}

static void begin_trial(trial_t *trial, uint64_t seed) {
    uint64_t next_seq[SOURCES] = {0};
    memset(trial, 0, sizeof *trial);
    trial->seed = seed;
    trial->random.state = seed;
    trial->begin_us = INT64_C(1774742400) * RS_US_PER_S + below(trial, 3 * RS_US_PER_DAY);   /* around the clock change of March 2026 */
    choose_rules(trial);
    const size_t events = 1 + (size_t)below(trial, chance(trial, 20) ? MAX_EVENTS - 1 : 40);
    while (trial->event_count < events) tell_event(trial, next_seq);
}

/* --- the core -------------------------------------------------------------------------------------------------------------- */
static void on_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason) {
    trial_t *trial = context;
    (void)event;
    trial->deliveries[origin.number].verdict = reason;
}

static rs_core_t *create_core(trial_t *trial, bool replay) {
    rs_core_t *core;
    const rs_core_options_t options = {
        .config = &trial->config, .replay = replay, .windows = !replay || trial->seed % 2 == 0, .families = (1u << RS_FAMILY_COUNT) - 1,
        .attributions = 1u << RS_ATTRIBUTION_EVENT, .interval = trial->interval, .start_us = trial->begin_us, .run = 1,
        .hash_seed = trial->seed, .effects = {.context = trial, .on_verdict = on_verdict}};
    RS_REQUIRE(rs_core_create(&options, &core) == RS_OK);
    return core;
}

typedef struct conservation { int64_t logged_in, total, states; bool broken; } conservation_t;

static void add_row(void *context, const rs_row_t *row) {
    conservation_t *sums = context;
    int64_t states = 0;
    for (unsigned c = RS_COUNT_AVAILABLE_US; c <= RS_COUNT_CUSTOM_US; c++) states += row->counts[c];
    for (unsigned c = RS_COUNT_LOGGED_IN_US; c <= RS_COUNT_PLANNED_WORK_US; c++) sums->broken = sums->broken || row->counts[c] < 0;
    sums->broken = sums->broken || states != row->counts[RS_COUNT_LOGGED_IN_US] ||
                   row->counts[RS_COUNT_OUT_OF_PLAN_US] > row->counts[RS_COUNT_PLANNED_US] ||
                   row->counts[RS_COUNT_WORKED_US] > row->counts[RS_COUNT_LOGGED_IN_US];
    if (row->key.family == RS_FAMILY_AGENT) sums->logged_in += states;
    if (row->key.family == RS_FAMILY_TOTAL) sums->total += states;
}

/* After every event: states add up to the time logged in, agents to the total, nothing is negative. */
static bool is_conserved(trial_t *trial, rs_core_t *core) {
    conservation_t sums = {0};
    const char *why = "time is not conserved";
    rs_core_rows(core, add_row, &sums);
    if (!sums.broken && sums.logged_in == sums.total && rs_core_check(core, &why) == RS_OK) return true;
    snprintf(trial->why, sizeof trial->why, "%s", why);
    return false;
}

static bool drive(trial_t *trial, rs_core_t *core, bool replay) {
    const bool look = trial->seed % 8 == 0;
    for (size_t i = 0; i < trial->count; i++) {
        const oracle_arrival_t *delivery = &trial->deliveries[i];
        if (!replay) rs_core_tick(core, delivery->arrival_us);
        rs_core_apply_event(core, delivery->event, delivery->arrival_us, (rs_origin_t){.number = i});
        if (look && !is_conserved(trial, core)) return false;
    }
    if (replay) rs_core_finish(core);
    for (int i = 0; i < 3 && !replay; i++) rs_core_tick(core, trial->end_us);
    return is_conserved(trial, core);
}

/* --- comparing ------------------------------------------------------------------------------------------------------------- */
typedef struct sum { rs_key_t key; int64_t start_us, value; unsigned count; } sum_t;
typedef struct sums {
    trial_t *trial;
    sum_t items[MAX_SUMS];
    size_t count;
    int64_t from_us, to_us;            /* of the window looked at: slots that begin in [from, to) */
} sums_t;
static sums_t should_be, is;

static void add_sum(sums_t *sums, const rs_key_t *key, int64_t start_us, unsigned count, int64_t value) {
    if (value == 0) return;
    for (size_t i = 0; i < sums->count; i++) {
        sum_t *sum = &sums->items[i];
        if (sum->count != count || sum->start_us != start_us || sum->key.family != key->family ||
            !rs_str_equal(sum->key.tenant, key->tenant) || !rs_str_equal(sum->key.name, key->name)) continue;
        sum->value += value;
        return;
    }
    RS_REQUIRE(sums->count < MAX_SUMS);
    sums->items[sums->count++] = (sum_t){.key = *key, .start_us = start_us, .count = count, .value = value};
}

static bool is_agents_time(unsigned count) {
    return (count >= RS_COUNT_LOGGED_IN_US && count <= RS_COUNT_PLANNED_WORK_US) || count == RS_COUNT_STATES_EXPIRED;
}

static void expect_piece(void *context, const rs_key_t *agent, rs_str_t team, int64_t from_us, int64_t to_us,
                         const int64_t counts[RS_COUNT_COUNT]) {
    sums_t *sums = context;
    int64_t start_us, length_us;
    (void)to_us;
    oracle_interval(&sums->trial->interval, from_us, &start_us, &length_us);
    if (sums->to_us != 0) {
        const int64_t slot_us = from_us - from_us % (5 * RS_US_PER_MIN);
        start_us = 0;
        if (slot_us < sums->from_us || slot_us >= sums->to_us) return;
    }
    const rs_key_t keys[] = {*agent, {.family = RS_FAMILY_TOTAL, .tenant = agent->tenant},
                             {.family = RS_FAMILY_TEAM, .tenant = agent->tenant, .name = team}};
    for (size_t k = 0; k < (team.len != 0 ? 3 : 2); k++) {
        for (unsigned c = 0; c < RS_COUNT_COUNT; c++) add_sum(sums, &keys[k], start_us, c, counts[c]);
    }
}

static void take_row(void *context, const rs_row_t *row) {
    for (unsigned c = 0; c < RS_COUNT_COUNT; c++) {
        if (is_agents_time(c)) add_sum(context, &row->key, row->start_us, c, row->counts[c]);
    }
}

static const sum_t *find_sum(const sums_t *sums, const sum_t *wanted) {
    for (size_t i = 0; i < sums->count; i++) {
        const sum_t *sum = &sums->items[i];
        if (sum->count == wanted->count && sum->start_us == wanted->start_us && sum->key.family == wanted->key.family &&
            rs_str_equal(sum->key.tenant, wanted->key.tenant) && rs_str_equal(sum->key.name, wanted->key.name)) return sum;
    }
    return NULL;
}

static bool sums_differ(trial_t *trial, const char *what) {
    for (int side = 0; side < 2; side++) {
        const sums_t *one = side == 0 ? &should_be : &is, *other = side == 0 ? &is : &should_be;
        for (size_t i = 0; i < one->count; i++) {
            const sum_t *sum = &one->items[i], *found = find_sum(other, sum);
            const int64_t value = found == NULL ? 0 : found->value;
            if (value == sum->value) continue;
            snprintf(trial->why, sizeof trial->why, "%s: %.*s/%.*s family %u from %" PRId64 ": %s is %" PRId64 ", should be %" PRId64, what,
                     (int)sum->key.tenant.len, sum->key.tenant.data, (int)sum->key.name.len, sum->key.name.data, sum->key.family,
                     sum->start_us, rs_count_name(sum->count), side == 0 ? value : sum->value, side == 0 ? sum->value : value);
            return true;
        }
    }
    return false;
}

static bool rows_differ(trial_t *trial, rs_core_t *core, const agent_model_t *model) {
    should_be.count = is.count = 0;
    should_be.trial = trial;
    should_be.from_us = should_be.to_us = 0;
    agent_model_pieces(model, &trial->interval, trial->end_us, expect_piece, &should_be);
    rs_core_rows(core, take_row, &is);
    return sums_differ(trial, "row");
}

static bool windows_differ(trial_t *trial, const rs_core_t *core, const agent_model_t *model) {
    const rs_window_store_t *store = rs_core_windows(core);
    const int64_t pane_us = rs_window_now(store) - rs_window_now(store) % RS_US_PER_S;
    should_be.count = is.count = 0;
    should_be.trial = trial;
    should_be.from_us = pane_us + RS_US_PER_S - RS_US_PER_HOUR;
    should_be.to_us = INT64_MAX;
    agent_model_pieces(model, &trial->interval, trial->end_us, expect_piece, &should_be);
    for (uint32_t key = 0; key < rs_window_key_count(store); key++) {
        rs_window_view_t view;
        rs_key_t dimensions;
        rs_core_key(core, key, &dimensions);
        if (dimensions.family == RS_FAMILY_QUEUE || dimensions.family == RS_FAMILY_CHANNEL) continue;
        if (rs_window_read(store, key, 3, &view) != RS_OK) return true;
        for (unsigned c = 0; c < RS_COUNT_COUNT; c++) {
            if (is_agents_time(c)) add_sum(&is, &dimensions, 0, c, view.counts[c]);
        }
    }
    return sums_differ(trial, "window");
}

/* An event at the end itself has changed the state; a silence that is over there has not yet. */
static int64_t last_moment(const trial_t *trial, const agent_model_t *model, const rs_core_agent_t *agent) {
    for (size_t i = 0; i < model->event_count; i++) {
        const rs_event_t *event = model->events[i];
        const rs_str_t tenant = event->tenant.len == 0 ? RS_STR("default") : event->tenant;
        if (event->occurred_us == trial->end_us && event->type != RS_AGENT_SCHEDULED && rs_str_equal(event->agent, agent->agent) &&
            rs_str_equal(tenant, agent->tenant)) return trial->end_us;
    }
    return trial->end_us - 1;
}

/* Of every agent: the state, the team, the number of queues joined. */
static bool live_list_differs(trial_t *trial, const rs_core_t *core, const agent_model_t *model) {
    for (uint32_t place = 0; place < rs_core_agent_count(core); place++) {
        rs_core_agent_t agent;
        if (rs_core_agent(core, place, &agent) != RS_OK) return true;
        const agent_model_state_t state = agent_model_state(model, agent.tenant, agent.agent, last_moment(trial, model, &agent));
        uint32_t queues = 0;
        for (unsigned q = 0; q < QUEUES; q++) queues += agent_model_is_member(model, agent.tenant, agent.agent, rs_str(queue_names[q]));
        if (agent.live.state == state.state && rs_str_equal(agent.team, state.team) && agent.live.queue_count == queues &&
            agent.live.expired == state.expired) continue;
        snprintf(trial->why, sizeof trial->why, "%.*s is in state %u of team %.*s with %u queues, should be %u, %.*s, %u",
                 (int)agent.agent.len, agent.agent.data, agent.live.state, (int)agent.team.len, agent.team.data, agent.live.queue_count,
                 state.state, (int)state.team.len, state.team.data, queues);
        return true;
    }
    return false;
}

static bool run(trial_t *trial, bool replay) {
    for (size_t i = 0; i < trial->count; i++) trial->deliveries[i].verdict = RS_REFUSAL_NONE;
    rs_core_t *core = create_core(trial, replay);
    bool broken = !drive(trial, core, replay);
    for (size_t i = 0; i < trial->count && !broken; i++) {
        if (trial->deliveries[i].verdict == RS_REFUSAL_NONE || trial->deliveries[i].verdict == RS_REFUSAL_DUPLICATE) continue;
        snprintf(trial->why, sizeof trial->why, "an event is refused as %s", rs_refusal_name(trial->deliveries[i].verdict));
        broken = true;
    }
    agent_model_t model;
    agent_model_init(&model, trial->deliveries, trial->count, &trial->config);
    broken = broken || rows_differ(trial, core, &model) || live_list_differs(trial, core, &model) ||
             (rs_core_windows(core) != NULL && windows_differ(trial, core, &model));
    agent_model_destroy(&model);
    rs_core_destroy(&core);
    return broken;
}

static void try_seeds(bool replay) {
    static trial_t trial;
    const char *only = getenv("RS_SEED");
    const uint64_t first = only != NULL ? strtoull(only, NULL, 0) : rs_test_number("RS_FIRST_SEED", 1);
    const uint64_t count = only != NULL ? 1 : rs_test_number("RS_SEEDS", DEFAULT_SEEDS);
    int failures = 0;
    for (uint64_t seed = first; seed < first + count && failures < 5; seed++) {
        begin_trial(&trial, seed);
        deliver(&trial, replay);
        if (!run(&trial, replay)) continue;
        printf("RS_SEED=%" PRIu64 ": %s\n", seed, trial.why);
        failures++;
    }
    assert_int_equal(failures, 0);
}

static void live_in_any_order_within_lateness_equals_the_brute_force(void **state) {
    (void)state;
    try_seeds(false);
}

static void replay_of_sorted_events_equals_the_brute_force(void **state) {
    (void)state;
    try_seeds(true);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(live_in_any_order_within_lateness_equals_the_brute_force),
                                       cmocka_unit_test(replay_of_sorted_events_equals_the_brute_force)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
