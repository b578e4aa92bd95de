/* The alert engine against a model that keeps nothing but the definition: after every event it judges every rule of
 * that key, on every tick every rule of every key, whether anything changed or not. Real windows are underneath:
 * counts and waits come late and early, panes leave, days end, callers wait and cross thresholds. RS_SEED repeats a
 * run, RS_SEEDS makes it longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "core/alert/alert.h"
#include "random.h"

enum { KEYS = 12, RULES = 24, STEPS = 1500, MAX_REPORTS = 4096, CHANGES = 24 };

typedef struct expected_alert {
    rs_alert_state_t state, beneath; /* beneath: of one that flaps */
    int64_t began_us, good_us, blind_us, beneath_us;
    int64_t changes_us[CHANGES];     /* when it fired or ended, newest first */
    uint64_t episode; /* learnt from the engine's report */
} expected_alert_t;

typedef struct report {
    uint32_t key, rule;
    uint8_t from, to;
    int64_t started_us;
    uint64_t episode;
} report_t;

typedef struct model {
    rs_random_t random;
    rs_config_t config;
    rs_rule_config_t rules[RULES];
    rs_metric_t metrics[RULES];
    uint32_t slots[RULES], windows[RULES];
    rs_window_store_t *store;
    rs_alerts_t *alerts;
    expected_alert_t instances[KEYS][RULES];
    rs_window_gauges_t gauges[KEYS];
    report_t seen[MAX_REPORTS], expected[MAX_REPORTS];
    size_t seen_count, expected_count;
    uint64_t last_episode, total[RS_ALERT_STATE_COUNT];
    int64_t now_us;
} model_t;

static rs_zone_t *zone;

static uint64_t below(model_t *model, uint64_t bound) { return rs_random_below(&model->random, bound); }

static bool is_percentile(rs_metric_t metric) {
    return metric == RS_METRIC_WAIT_P50 || metric == RS_METRIC_WAIT_P80 || metric == RS_METRIC_WAIT_P90 ||
           metric == RS_METRIC_WAIT_P95 || metric == RS_METRIC_WAIT_P99;
}

static void on_transition(void *context, const rs_alert_transition_t *transition) {
    model_t *model = context;

    assert_true(model->seen_count < MAX_REPORTS);
    assert_int_equal(transition->at_us, model->now_us);
    model->seen[model->seen_count++] = (report_t){.key = transition->key,
                                                  .rule = transition->rule,
                                                  .from = transition->from,
                                                  .to = transition->to,
                                                  .started_us = transition->started_us,
                                                  .episode = transition->episode};
}

/* --- making a world ----------------------------------------------------------------------------------------------- */

static void random_limits(model_t *model, rs_rule_config_t *rule, rs_metric_t metric) {
    const double scale = rs_metric_is_ratio(metric) ? 1.0 / 8 : rs_metric_is_time(metric) ? 5000.0 : 2.0;
    const double band = scale * (double)below(model, 3);

    rule->compare = (uint8_t)below(model, 2);
    rule->limit = scale * (double)below(model, 8);
    rule->clear = rule->compare == RS_ALERT_ABOVE ? rule->limit - band : rule->limit + band;
}

static void random_rule(model_t *model, uint32_t index) {
    static const char *const windows[] = {"5m", "15m", "30m", "1h", "today"};
    static const uint32_t slots[] = {0, 1, 2, 3, RS_WINDOW_TODAY};
    static const char *const globs[] = {"*", "q?", "q1*", "q3", "*2"};
    const size_t window = (size_t)below(model, 5);
    rs_rule_config_t *rule = &model->rules[index];
    const rs_metric_t metric = (rs_metric_t)below(model, RS_METRIC_COUNT);

    *rule = (rs_rule_config_t){
        .name = RS_STR("r"), .metric = rs_str(rs_metric_name(metric)), .key = rs_str(globs[below(model, 5)])};
    model->metrics[index] = metric;
    if (!rs_metric_is_gauge(metric)) {
        rule->window = rs_str(windows[window]);
        model->windows[index] = slots[window];
    }
    if (metric == RS_METRIC_SERVICE_LEVEL) model->slots[index] = (uint32_t)below(model, 2);
    if (model->slots[index] == 1) rule->policy = RS_STR("second");
    random_limits(model, rule, metric);
    rule->for_us = below(model, 2) == 0 ? 0 : (int64_t)below(model, 40) * RS_US_PER_S;
    rule->clear_for_us = below(model, 2) == 0 ? 0 : (int64_t)below(model, 40) * RS_US_PER_S;
    rule->min_sample = below(model, 2) == 0 ? 0 : (int64_t)below(model, 6);
}

static void setup(model_t *model, uint64_t seed) {
    static char names[KEYS][8];
    rs_window_settings_t settings = {.window_count = 4, .max_keys = KEYS, .max_bytes = 64U << 20};

    memset(model, 0, sizeof(*model));
    model->random.state = seed;
    model->config.window_count = 4;
    for (uint32_t i = 0; i < 4; i++) {
        static const int64_t minutes[] = {5, 15, 30, 60};
        settings.windows_us[i] = model->config.windows_us[i] = minutes[i] * RS_US_PER_MIN;
    }
    model->config.policy_count = 2;
    (void)snprintf(model->config.policies[0].name, sizeof(model->config.policies[0].name), "first");
    (void)snprintf(model->config.policies[1].name, sizeof(model->config.policies[1].name), "second");
    model->config.policies[0].open_miss_now = true;
    model->config.rules = model->rules;
    model->config.rule_count = RULES;
    for (uint32_t i = 0; i < RULES; i++) random_rule(model, i);
    model->now_us = INT64_C(1700000000000000) + (int64_t)below(model, (uint64_t)RS_US_PER_DAY);
    settings.start_us = model->now_us;
    assert_int_equal(rs_window_create(&settings, &model->store), RS_OK);
    assert_int_equal(
        rs_alerts_create(&model->config, model->store, KEYS * RULES, 1, on_transition, model, &model->alerts), RS_OK);
    for (uint32_t i = 0; i < KEYS; i++) {
        uint32_t key = 0;
        (void)snprintf(names[i], sizeof(names[i]), "q%u", (unsigned)i);
        const rs_key_t dimensions = {
            .family = RS_FAMILY_QUEUE, .channel = RS_CHANNEL_VOICE, .tenant = RS_STR("t"), .name = rs_str(names[i])};
        assert_int_equal(rs_window_add_key(model->store, true, zone, &key), RS_OK);
        assert_int_equal(key, i);
        rs_alerts_on_new_key(model->alerts, key, &dimensions);
        for (uint32_t rule = 0; rule < RULES; rule++) {
            if (!rs_alert_glob(model->rules[rule].key, dimensions.name))
                model->instances[i][rule].state = RS_ALERT_STATE_COUNT;
        }
    }
}

/* --- what must happen --------------------------------------------------------------------------------------------- */

static void expect_move(model_t *model, uint32_t key, uint32_t rule, unsigned to) {
    expected_alert_t *alert = &model->instances[key][rule];

    assert_true(model->expected_count < MAX_REPORTS);
    model->expected[model->expected_count++] = (report_t){
        .key = key, .rule = rule, .from = (uint8_t)alert->state, .to = (uint8_t)to, .started_us = alert->began_us};
    model->total[to]++;
    alert->state = to == RS_ALERT_RESOLVED ? RS_ALERT_OK : (rs_alert_state_t)to;
}

/* Where a figure leads that never flaps and whose evidence is never missed. */
static rs_alert_state_t from_state(const model_t *model, const rs_rule_config_t *rule, rs_alert_state_t from, int64_t since_us,
                                   bool breach, bool good, bool evidence) {
    const int64_t held_us = model->now_us - since_us;
    if (from == RS_ALERT_OK) return !breach ? from : rule->for_us > 0 ? RS_ALERT_PENDING : RS_ALERT_FIRING;
    if (from == RS_ALERT_PENDING && (good || !evidence)) return RS_ALERT_OK;
    if (from == RS_ALERT_PENDING) return breach && held_us >= rule->for_us ? RS_ALERT_FIRING : from;
    if (!evidence) return from;
    if (!good) return RS_ALERT_FIRING;
    if (from == RS_ALERT_RECOVERING) return held_us >= rule->clear_for_us ? RS_ALERT_RESOLVED : from;
    return rule->clear_for_us > 0 ? RS_ALERT_RECOVERING : RS_ALERT_RESOLVED;
}

static bool is_change(rs_alert_state_t from, rs_alert_state_t to) {
    return (from < RS_ALERT_FIRING && to == RS_ALERT_FIRING) || to == RS_ALERT_RESOLVED;
}

static void remember_change(const model_t *model, expected_alert_t *alert) {
    memmove(alert->changes_us + 1, alert->changes_us, (CHANGES - 1) * sizeof *alert->changes_us);
    alert->changes_us[0] = model->now_us;
}

/* By the clock's five minutes: these and the eleven before. */
static int changes_of_the_hour(const model_t *model, const expected_alert_t *alert) {
    int count = 0;
    for (int i = 0; i < CHANGES; i++) count += alert->changes_us[i] / (5 * RS_US_PER_MIN) > model->now_us / (5 * RS_US_PER_MIN) - 12;
    return count;
}

static void judge(model_t *model, uint32_t key, uint32_t index) {
    const rs_rule_config_t *rule = &model->rules[index];
    expected_alert_t *alert = &model->instances[key][index];
    const bool gauge = rs_metric_is_gauge(model->metrics[index]);
    rs_figure_t figure;

    if (alert->state == RS_ALERT_STATE_COUNT) return;
    assert_int_equal(rs_metric_read(model->store, key, model->windows[index], model->metrics[index],
                                    model->slots[index],
                                    model->metrics[index] == RS_METRIC_SERVICE_LEVEL && model->slots[index] == 0,
                                    model->now_us, &figure),
                     RS_OK);
    const double sample = figure.denominator != 0 ? (double)figure.denominator : figure.value;
    const bool evidence = !figure.is_null &&
                          ((gauge && figure.value == 0) || sample >= (double)rule->min_sample || rule->min_sample == 0);
    const bool above = rule->compare == RS_ALERT_ABOVE;
    const bool breach = evidence && (above ? figure.value > rule->limit : figure.value < rule->limit);
    const bool good = evidence && !breach && (above ? figure.value <= rule->clear : figure.value >= rule->clear);

    const rs_alert_state_t from = alert->state;
    if (from == RS_ALERT_FLAPPING) {
        if (evidence) alert->blind_us = 0;
        else if (alert->blind_us == 0) alert->blind_us = model->now_us;
        const rs_alert_state_t under = from_state(model, rule, alert->beneath, alert->beneath_us, breach, good, evidence);
        if (is_change(alert->beneath, under)) remember_change(model, alert);
        if (under != alert->beneath) alert->beneath_us = model->now_us;
        alert->beneath = under == RS_ALERT_RESOLVED ? RS_ALERT_OK : under;
        if (changes_of_the_hour(model, alert) > 2 || alert->beneath == RS_ALERT_PENDING) return;
        alert->good_us = alert->beneath_us;
        expect_move(model, key, index, alert->beneath == RS_ALERT_OK ? RS_ALERT_RESOLVED : alert->beneath);
        return;
    }
    const bool fires = from == RS_ALERT_FIRING || from == RS_ALERT_RECOVERING;
    if (evidence || !fires) alert->blind_us = 0;
    else if (alert->blind_us == 0) alert->blind_us = model->now_us;
    if (fires && !evidence && model->now_us - alert->blind_us >= 5 * RS_US_PER_MIN) {
        alert->blind_us = 0;
        expect_move(model, key, index, RS_ALERT_NO_DATA);
        return;
    }
    const int64_t since_us = from == RS_ALERT_PENDING ? alert->began_us : alert->good_us;
    rs_alert_state_t to = from_state(model, rule, from, since_us, breach, good, evidence);
    if (to == from) return;
    if (from == RS_ALERT_OK) alert->began_us = model->now_us;
    if (to == RS_ALERT_RECOVERING) alert->good_us = model->now_us;
    alert->blind_us = 0;
    if (is_change(from, to)) {
        remember_change(model, alert);
        if (changes_of_the_hour(model, alert) >= 6) {
            alert->beneath = to == RS_ALERT_RESOLVED ? RS_ALERT_OK : to;
            alert->beneath_us = model->now_us;
            to = RS_ALERT_FLAPPING;
        }
    }
    expect_move(model, key, index, to);
}

static int by_place(const void *left, const void *right) {
    const report_t *a = left, *b = right;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    return (a->rule > b->rule) - (a->rule < b->rule);
}

/* An episode begins with a number greater than all before, and keeps it to its end. */
static void check_episode(model_t *model, const report_t *seen) {
    expected_alert_t *alert = &model->instances[seen->key][seen->rule];

    if (seen->from == RS_ALERT_OK) alert->episode = seen->episode;
    assert_int_equal(seen->episode, alert->episode);
}

static void compare(model_t *model, const char *occasion) {
    uint32_t counts[RS_ALERT_STATE_COUNT] = {0};

    for (size_t i = 0; i < model->seen_count; i++) {
        if (model->seen[i].from != RS_ALERT_OK) continue;
        assert_int_equal(model->seen[i].episode, model->last_episode + 1);
        model->last_episode++;
    }
    qsort(model->seen, model->seen_count, sizeof(report_t), by_place);
    qsort(model->expected, model->expected_count, sizeof(report_t), by_place);
    for (size_t i = 0; i < model->seen_count || i < model->expected_count; i++) {
        const report_t *seen = &model->seen[i], *expected = &model->expected[i];
        if (i >= model->seen_count || i >= model->expected_count || by_place(seen, expected) != 0 ||
            seen->from != expected->from || seen->to != expected->to || seen->started_us != expected->started_us) {
            fail_msg(
                "%s at %" PRId64
                ": %zu reports, %zu expected; number %zu: key %u rule %u (%.*s) to %s, expected key %u rule %u to %s",
                occasion, model->now_us, model->seen_count, model->expected_count, i, seen->key, seen->rule,
                (int)model->rules[seen->rule].metric.len, model->rules[seen->rule].metric.data,
                rs_alert_state_name(seen->to), expected->key, expected->rule, rs_alert_state_name(expected->to));
        }
        check_episode(model, seen);
    }
    for (uint32_t key = 0; key < KEYS; key++) {
        for (uint32_t rule = 0; rule < RULES; rule++) {
            if (model->instances[key][rule].state < RS_ALERT_STATE_COUNT) counts[model->instances[key][rule].state]++;
        }
    }
    for (unsigned state = 0; state < RS_ALERT_STATE_COUNT; state++) {
        assert_int_equal(rs_alerts_in_state(model->alerts, (rs_alert_state_t)state), counts[state]);
    }
    model->seen_count = model->expected_count = 0;
}

/* --- what happens ------------------------------------------------------------------------------------------------- */

/* Something that the store's counts can say; also far back (only `today` has it) and in the future. */
static void change_counts(model_t *model, uint32_t key) {
    const int64_t shift = below(model, 8) == 0 ? (int64_t)below(model, 7200) - 7000 : -(int64_t)below(model, 30);
    const rs_count_t base = (rs_count_t)below(model, RS_COUNT_WAIT_ANSWERED_US);
    const int64_t wait_us = (int64_t)below(model, 40) * RS_US_PER_S;
    const uint32_t slot = (uint32_t)below(model, 2);

    if (rs_window_begin(model->store, key, model->now_us + shift * RS_US_PER_S) != RS_OK) fail_msg("no pane");
    rs_window_count(model->store, base, 1);
    rs_window_count(model->store, RS_COUNT_ANSWERED, 1);
    rs_window_count(model->store, RS_COUNT_WAIT_ANSWERED_US, wait_us);
    rs_window_duration(model->store, RS_HIST_WAIT_ANSWERED, wait_us, 1);
    rs_window_wait(model->store, wait_us, 1);
    rs_window_count(model->store, (rs_count_t)(RS_COUNT_SL_DEN_0 + slot), 1);
    if (wait_us <= 20 * RS_US_PER_S) rs_window_count(model->store, (rs_count_t)(RS_COUNT_SL_NUM_0 + slot), 1);
    rs_window_count(model->store, RS_COUNT_HANDLED, (int64_t)below(model, 2));
    rs_window_count(model->store, RS_COUNT_TALK_US, (int64_t)below(model, 60) * RS_US_PER_S);
    rs_window_count(model->store, RS_COUNT_OFFERS_FAILED, (int64_t)below(model, 2));
    rs_window_end(model->store);
}

static void change_gauges(model_t *model, uint32_t key) {
    rs_window_gauges_t *gauges = &model->gauges[key];

    gauges->waiting = (int64_t)below(model, 4) * (int64_t)below(model, 4);
    gauges->oldest_queued_us = gauges->waiting == 0 ? 0 : model->now_us - (int64_t)below(model, 30) * RS_US_PER_S;
    gauges->open_over_t = gauges->waiting == 0 ? 0 : (int64_t)below(model, (uint64_t)gauges->waiting + 1);
    gauges->open_miss[0] = gauges->open_over_t;
    rs_window_set_gauges(model->store, key, gauges);
}

static int64_t random_leap(model_t *model) {
    switch (below(model, 12)) {
        case 0: return (int64_t)below(model, 3 * (uint64_t)RS_US_PER_HOUR);
        case 1: return (int64_t)below(model, 10 * (uint64_t)RS_US_PER_MIN);
        case 2: return 0;
        default: return (int64_t)(1 + below(model, 10)) * RS_US_PER_S;
    }
}

static void step(model_t *model) {
    const uint32_t key = (uint32_t)below(model, KEYS / 2 + below(model, KEYS / 2) + 1) % KEYS;

    switch (below(model, 5)) {
        case 0:
            model->now_us += random_leap(model);
            rs_window_advance(model->store, model->now_us);
            if (below(model, 3) == 0) change_gauges(model, key); /* as the core's timers do, before the tick */
            rs_alerts_on_tick(model->alerts, model->now_us);
            for (uint32_t k = 0; k < KEYS; k++) {
                for (uint32_t rule = 0; rule < RULES; rule++) judge(model, k, rule);
            }
            compare(model, "tick");
            break;
        case 1: change_gauges(model, key); break;
        default: change_counts(model, key); break;
    }
    if (below(model, 4) == 0) return; /* not every change is announced: the tick finds it */
    rs_alerts_on_key(model->alerts, key, model->now_us);
    for (uint32_t rule = 0; rule < RULES; rule++) {
        if (!is_percentile(model->metrics[rule])) judge(model, key, rule);
    }
    compare(model, "event");
}

static void the_engine_reports_what_judging_everything_would_find(void **state) {
    static model_t model;
    const uint64_t seed = rs_random_seed();
    const uint64_t rounds = rs_test_number("RS_SEEDS", 2000);
    uint64_t total[RS_ALERT_STATE_COUNT] = {0};

    (void)state;
    for (uint64_t round = 0; round < rounds; round++) {
        setup(&model, seed + round);
        for (int i = 0; i < STEPS; i++) step(&model);
        for (unsigned i = 0; i < RS_ALERT_STATE_COUNT; i++) total[i] += model.total[i];
        rs_alerts_destroy(&model.alerts);
        rs_window_destroy(&model.store);
    }
    printf("moves to ok %" PRIu64 ", pending %" PRIu64 ", firing %" PRIu64 ", recovering %" PRIu64 ", resolved %" PRIu64
           ", no data %" PRIu64 ", flapping %" PRIu64 "\n",
           total[0], total[1], total[2], total[3], total[4], total[5], total[6]);
    for (unsigned i = 0; i < RS_ALERT_UNREACHABLE; i++) assert_true(total[i] > rounds / 4);   /* no rule here has a trial */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_engine_reports_what_judging_everything_would_find)};

    if (rs_zone_load("Europe/London", &zone) != RS_OK) return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rs_zone_destroy(&zone);
    return failed;
}
