/* A core that is saved, destroyed and loaded at random points goes on as one that never was: the same figures, verdicts, alerts, rows
 * with the same parts and revisions, and in the end the same saved bytes. Random histories, live and in replay, with rows collected,
 * edges' refusals, erasures of customers and agents and other configurations on the way.
 * RS_SEEDS: how many histories (3,000; a third under a sanitizer), from RS_FIRST_SEED on; all of it shows in 500 and more. RS_SEED: only
 * this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event/command.h"

#include "core_collect.h"
#include "core_rows.h"
#include "generate.h"
#include "generate_rest.h"
#include "random.h"
#include "state_bytes.h"

#include <stdlib.h>

enum { DEFAULT_SEEDS = RS_SANITIZED ? 1000 : 3000 };

/* --- what the outside sees of a core ---------------------------------------------------------------------------------- */
typedef struct heard {
    uint64_t digest, verdicts, transitions, rows, edges, variants, agents, repeaters, complaints, predictions, erased;
} heard_t;

static void hear(heard_t *heard, const void *bytes, size_t len) { heard->digest = rs_hash64(bytes, len, heard->digest); }
static void hear_number(heard_t *heard, uint64_t number) { hear(heard, &number, sizeof number); }
static void hear_text(heard_t *heard, rs_str_t text) {
    hear_number(heard, text.len);
    if (text.len > 0) hear(heard, text.data, text.len);
}

static void on_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason) {
    heard_t *heard = context;
    (void)event;
    heard->verdicts++;
    hear_number(heard, origin.number);
    hear_number(heard, reason);
}

static void on_alert(void *context, const rs_alert_transition_t *transition) {
    heard_t *heard = context;
    heard->transitions++;
    hear_number(heard, transition->episode);
    hear_text(heard, transition->rule_name);
    hear_text(heard, transition->dimensions.tenant);
    hear_text(heard, transition->dimensions.name);
    hear_number(heard, (uint64_t)transition->key << 32 | (uint64_t)transition->from << 8 | transition->to);
    hear_number(heard, (uint64_t)transition->at_us);
    hear_number(heard, (uint64_t)transition->started_us);
    hear_number(heard, (uint64_t)transition->fired_us);
    hear_number(heard, transition->figure.is_null);
    hear_number(heard, (uint64_t)transition->figure.numerator);
    hear_number(heard, (uint64_t)transition->figure.denominator);
    hear(heard, &transition->figure.value, sizeof transition->figure.value);
    hear(heard, &transition->limit, sizeof transition->limit);
    hear(heard, &transition->baseline, sizeof transition->baseline);
}

static void on_row(void *context, const rs_row_t *row) {
    heard_t *heard = context;
    heard->rows++;
    hear_text(heard, row->key.tenant);
    hear_text(heard, row->key.name);
    hear_number(heard, (uint64_t)row->key.family << 32 | (uint64_t)row->key.channel << 8 | row->attribution);
    hear_number(heard, (uint64_t)row->start_us);
    hear_number(heard, (uint64_t)row->length_us);
    hear_number(heard, row->part);
    hear_number(heard, row->revision);
    hear_number(heard, row->final);
    hear_number(heard, (uint64_t)row->still_open);
    hear_number(heard, (uint64_t)row->threshold_us);
    hear(heard, row->counts, sizeof row->counts);
    hear(heard, row->extremes, sizeof row->extremes);
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        hear_number(heard, row->histogram_sizes[h]);
        for (uint32_t i = 0; i < row->histogram_sizes[h]; i++) {
            hear_number(heard, (uint64_t)row->histograms[h][i].bucket << 32 | (uint32_t)row->histograms[h][i].count);
        }
    }
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if (row->policies[slot] != NULL) hear_text(heard, rs_str(row->policies[slot]->name));
    }
}

static void hear_stage(heard_t *heard, const rs_stage_name_t *stage) {
    hear_number(heard, stage->kind);
    hear_text(heard, stage->queue);
}

static void on_edge(void *context, const rs_process_row_t *row) {
    heard_t *heard = context;
    const uint64_t numbers[] = {(uint64_t)row->start_us, (uint64_t)row->length_us, row->part, row->revision, row->final,
                                (uint64_t)row->count,
                                (uint64_t)row->time_us, (uint64_t)row->path_us, (uint64_t)row->again, (uint64_t)row->ping_pong_queues,
                                (uint64_t)row->ping_pong_agents, row->time_count};
    heard->edges++;
    hear_text(heard, row->tenant);
    hear_text(heard, row->queue);
    hear_stage(heard, &row->from);
    hear_stage(heard, &row->to);
    hear(heard, numbers, sizeof numbers);
    for (uint32_t i = 0; i < row->time_count; i++) hear_number(heard, (uint64_t)row->times[i].bucket << 32 | (uint32_t)row->times[i].count);
}

static void on_variant(void *context, const rs_variant_row_t *row) {
    heard_t *heard = context;
    heard->variants++;
    hear_text(heard, row->tenant);
    for (uint32_t i = 0; i < row->length; i++) hear_stage(heard, &row->stages[i]);
    hear_number(heard, (uint64_t)row->end << 8 | row->cut);
    hear_number(heard, (uint64_t)row->count);
    hear_number(heard, (uint64_t)row->error);
    hear_number(heard, (uint64_t)row->path_us);
}

static void hear_agents(heard_t *heard, const rs_core_t *core) {
    for (uint32_t place = 0; place < rs_core_agent_count(core); place++) {
        rs_core_agent_t agent;
        RS_REQUIRE(rs_core_agent(core, place, &agent) == RS_OK);
        const rs_str_t texts[] = {agent.tenant, agent.agent, agent.team, agent.reason, agent.activity};
        heard->agents++;
        hear(heard, &agent.live, sizeof agent.live);
        for (size_t i = 0; i < RS_ARRAY_LEN(texts); i++) hear_text(heard, texts[i]);
    }
    const rs_agents_odd_t odd = rs_agents_odd(rs_core_agents(core));
    hear(heard, &odd, sizeof odd);
}

static void hear_customers(heard_t *heard, const rs_core_t *core, rs_str_t tenant) {
    rs_fcr_repeater_t repeaters[RS_FCR_REPEATERS];
    uint32_t others = 0;
    const rs_contact_rate_t rate = rs_core_fcr_contact_rate(core, tenant);
    const uint32_t count = rs_core_fcr_repeaters(core, tenant, repeaters, RS_FCR_REPEATERS, &others);
    heard->repeaters += count;
    hear(heard, &rate, sizeof rate);
    for (uint32_t i = 0; i < count; i++) {
        hear(heard, &repeaters[i].customer, sizeof repeaters[i].customer);
        hear_number(heard, (uint64_t)repeaters[i].contacts << 1 | repeaters[i].at_least);
    }
    hear_number(heard, others);
}

static void hear_complaints(heard_t *heard, const rs_core_t *core) {
    for (uint32_t tenant = 0; tenant < rs_core_complaint_tenants(core); tenant++) {
        rs_complaint_gauges_t gauges;
        rs_core_complaints(core, tenant, &gauges);
        heard->complaints += gauges.all_open;
        hear_text(heard, gauges.tenant);
        hear(heard, gauges.open, sizeof gauges.open);
        hear_number(heard, (uint64_t)gauges.overdue << 32 | gauges.all_open);
        hear_number(heard, (uint64_t)gauges.next_overdue_us);
    }
}

static void on_waiting(void *context, const rs_waiting_t *waiting) {
    heard_t *heard = context;
    hear(heard, &waiting->contact, sizeof waiting->contact);
    hear_number(heard, waiting->ahead);
    hear_number(heard, (uint64_t)waiting->queued_us);
    hear_number(heard, (uint64_t)waiting->wait_left_us);
    hear(heard, &waiting->breach, sizeof waiting->breach);
}

static void hear_published(heard_t *heard, const rs_core_t *core) {
    if (rs_core_windows(core) == NULL) return;
    const uint32_t keys = rs_window_key_count(rs_core_windows(core));
    for (uint32_t key = 0; key < keys; key++) {
        rs_window_prediction_t prediction;
        RS_REQUIRE(rs_window_read_prediction(rs_core_windows(core), key, &prediction) == RS_OK);
        if (prediction.reason != RS_PREDICTION_GIVEN) continue;
        heard->predictions++;
        hear(heard, &prediction, sizeof prediction);
    }
}

static void hear_prediction(heard_t *heard, rs_core_t *core, uint32_t key) {
    rs_window_prediction_t prediction;
    RS_REQUIRE(rs_window_read_prediction(rs_core_windows(core), key, &prediction) == RS_OK);
    heard->predictions += prediction.reason == RS_PREDICTION_GIVEN;
    hear(heard, &prediction, sizeof prediction);
    hear_number(heard, rs_core_predict_waiting(core, key, on_waiting, heard));
}

static void hear_key(heard_t *heard, const rs_core_t *core, uint32_t key) {
    const rs_window_store_t *store = rs_core_windows(core);
    static const uint32_t per_mille[] = {500, 900, 990};
    rs_key_t dimensions;
    rs_window_gauges_t gauges;
    rs_core_key(core, key, &dimensions);
    hear_text(heard, dimensions.tenant);
    hear_text(heard, dimensions.name);
    RS_REQUIRE(rs_window_read_gauges(store, key, &gauges) == RS_OK);
    hear(heard, &gauges, sizeof gauges);
    for (uint32_t window = 0; window < RS_WINDOW_SLOTS; window++) {
        rs_window_view_t view;
        if (rs_window_read(store, key, window, &view) != RS_OK) continue;
        hear(heard, view.counts, sizeof view.counts);
        hear(heard, view.extremes, sizeof view.extremes);
        for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
            int64_t ms[RS_ARRAY_LEN(per_mille)], total;
            if (rs_window_percentiles(store, key, window, (rs_histogram_id_t)h, per_mille, RS_ARRAY_LEN(per_mille), ms, &total) != RS_OK)
                continue;
            hear(heard, ms, sizeof ms);
            hear_number(heard, (uint64_t)total);
        }
    }
}

static void hear_everything(heard_t *heard, rs_core_t *core) {
    rs_core_rows(core, on_row, heard);
    for (uint32_t i = 0; i < rs_core_source_count(core); i++) {
        rs_accounting_t accounting;
        rs_core_accounting(core, i, &accounting);
        hear_text(heard, accounting.source);
        hear(heard, &accounting.received, offsetof(rs_accounting_t, idle) - offsetof(rs_accounting_t, received));
        hear_number(heard, accounting.idle);
        hear_number(heard, accounting.skew_known ? (uint64_t)accounting.skew_us : 1);
    }
    rs_core_process_rows(core, on_edge, heard);
    rs_core_process_variants(core, on_variant, heard);
    hear_number(heard, rs_core_process_dirty(core));
    hear_agents(heard, core);
    hear_customers(heard, core, RS_STR("default"));
    hear_customers(heard, core, RS_STR("acme"));
    hear_complaints(heard, core);
    const rs_core_losses_t losses = rs_core_losses(core);
    hear(heard, &losses, sizeof losses);
    hear_number(heard, (uint64_t)rs_core_now(core));
    hear_number(heard, (uint64_t)rs_core_watermark(core));
    hear_number(heard, rs_core_position(core));
    hear_number(heard, rs_core_dirty_rows(core));
    if (rs_core_windows(core) == NULL) return;
    const uint32_t keys = rs_window_key_count(rs_core_windows(core));
    for (uint32_t key = 0; key < keys; key++) {
        hear_key(heard, core, key);
        hear_prediction(heard, core, key);
    }
}

/* --- a plan of one run, the same whether it is interrupted or not ------------------------------------------------------- */
enum { CONFIGS = 3, RULES = 18 };
typedef struct trial {
    history_t *history;
    history_rest_t *rest;
    rs_config_t configs[CONFIGS];
    rs_rule_config_t rules[CONFIGS][RULES];
    rs_queue_config_t queues[CONFIGS][8];
    bool live, windows, records, collects, reconfigures, far, few_rows, process;
} trial_t;

static void make_rules(rs_random_t *random, rs_rule_config_t rules[RULES], rs_config_t *config) {
    static const rs_rule_config_t all[] = {
        {.name = {"waiting", 7}, .metric = {"waiting", 7}, .limit = 0.5, .clear = 0.5, .severity = 1},
        {.name = {"oldest", 6}, .metric = {"oldest_wait", 11}, .limit = 15000, .clear = 10000, .for_us = 5 * RS_US_PER_S,
         .clear_for_us = 20 * RS_US_PER_S},
        {.name = {"level", 5}, .metric = {"service_level", 13}, .window = {"5m", 2}, .compare = RS_ALERT_BELOW, .limit = 0.8, .clear = 0.9,
         .for_us = 30 * RS_US_PER_S},
        {.name = {"lost", 4}, .metric = {"abandoned", 9}, .window = {"today", 5}, .family = RS_FAMILY_TOTAL, .limit = 0, .clear = 0,
         .clear_for_us = RS_US_PER_MIN},
        {.name = {"slow", 4}, .metric = {"wait_p90", 8}, .window = {"15m", 3}, .family = RS_FAMILY_CHANNEL, .limit = 8000, .clear = 4000},
        {.name = {"failed", 6}, .metric = {"offers_failed_rate", 18}, .window = {"1h", 2}, .limit = 0.1, .clear = 0.05, .min_sample = 1},
        /* detectors; shorter subgroups than a file may ask for, so that a history has many */
        {.name = {"calls", 5}, .metric = {"offered", 7}, .window = {"5m", 2}, .detector = RS_DETECTOR_CUSUM, .compare = RS_ALERT_BOTH,
         .baseline = RS_BASELINE_FIXED, .centre = 2, .shift = 1, .fast_start = true},
        {.name = {"sums", 4}, .metric = {"waiting", 7}, .detector = RS_DETECTOR_CUSUM, .compare = RS_ALERT_BOTH, .shift = 1,
         .every_us = 10 * RS_US_PER_S},
        {.name = {"average", 7}, .metric = {"waiting", 7}, .detector = RS_DETECTOR_EWMA, .compare = RS_ALERT_ABOVE, .weight = 0.2,
         .every_us = 5 * RS_US_PER_S, .clear_for_us = 20 * RS_US_PER_S},
        {.name = {"chart", 5}, .metric = {"waiting", 7}, .detector = RS_DETECTOR_SHEWHART, .compare = RS_ALERT_BOTH,
         .run_rules = RS_RUN_RULES_NELSON, .baseline = RS_BASELINE_FIXED, .centre = 1, .sigma = 1, .every_us = 5 * RS_US_PER_S,
         .for_us = 10 * RS_US_PER_S},
        {.name = {"shares", 6}, .metric = {"abandoned_rate", 14}, .window = {"5m", 2}, .detector = RS_DETECTOR_LANEY,
         .compare = RS_ALERT_BOTH},
        {.name = {"burn", 4}, .metric = {"service_level", 13}, .window = {"1h", 2}, .detector = RS_DETECTOR_BURN_RATE, .target = 0.8,
         .budget = 0.05, .period_us = RS_US_PER_DAY},
        {.name = {"season", 6}, .metric = {"offered", 7}, .window = {"15m", 3}, .detector = RS_DETECTOR_SEASONAL, .compare = RS_ALERT_BOTH},
        {.name = {"ends", 4}, .metric = {"predicted_service_level", 23}, .window = {"5m", 2}, .detector = RS_DETECTOR_PREDICTED_BREACH,
         .compare = RS_ALERT_BELOW, .limit = 0.8, .clear = 0.8},
        {.name = {"jump", 4}, .metric = {"waiting", 7}, .detector = RS_DETECTOR_RATE_OF_CHANGE, .compare = RS_ALERT_BOTH, .limit = 0.1,
         .clear = 0.1, .every_us = 5 * RS_US_PER_S},
        {.name = {"nobody", 6}, .metric = {"offered", 7}, .window = {"15m", 3}, .detector = RS_DETECTOR_NO_DATA},
        {.name = {"silent", 6}, .detector = RS_DETECTOR_SOURCE_SILENCE, .family = RS_FAMILY_TOTAL, .limit = 30000, .clear = 30000},
        {.name = {"gaps", 4}, .detector = RS_DETECTOR_SOURCE_GAP, .family = RS_FAMILY_TOTAL}};
    config->false_alarms = 2000;
    config->rules = rules;
    config->rule_count = 0;
    for (unsigned i = 0; i < RS_ARRAY_LEN(all); i++) {
        const bool detects = all[i].detector != RS_DETECTOR_THRESHOLD;   /* solving limits takes some milliseconds for each core */
        if (detects ? rs_random_below(random, 10) != 0 : rs_random_below(random, 4) == 0) continue;
        rules[config->rule_count] = all[i];
        rules[config->rule_count].key = RS_STR("*");
        rules[config->rule_count].tenant = rules[config->rule_count].policy = rules[config->rule_count].runbook = RS_STR("");
        if (rs_random_below(random, 5) == 0) rules[config->rule_count].limit *= 2;
        config->rule_count++;
    }
}

static void vary(rs_random_t *random, trial_t *trial, unsigned number) {
    rs_config_t *config = &trial->configs[number];
    *config = trial->history->config;
    make_rules(random, trial->rules[number], config);
    if (number == 0) return;
    memcpy(trial->queues[number], config->queues, config->queue_count * sizeof *config->queues);
    config->queues = trial->queues[number];
    config->default_threshold_us += (int64_t)rs_random_below(random, 3) * 5 * RS_US_PER_S;
    if (rs_random_below(random, 2) == 0) config->fcr.repeat_window_us += 3 * RS_US_PER_MIN;
    if (rs_random_below(random, 2) == 0) config->feedback.acknowledge_us += 2 * RS_US_PER_MIN;
    if (rs_random_below(random, 3) == 0) config->fcr.scope = (uint8_t)rs_random_below(random, RS_FCR_CHANNEL + 1);
    if (config->queue_count > 0) config->queues[0].threshold_us = (int64_t)rs_random_below(random, 40) * RS_US_PER_S;
    const uint32_t policy = (uint32_t)rs_random_below(random, config->policy_count);
    if (config->policy_count < RS_MAX_POLICIES / 2) {
        config->policies[policy].version++;
        config->policies[policy].threshold_us = (int64_t)rs_random_below(random, 50) * RS_US_PER_S;
    }
}

static void plan(trial_t *trial, uint64_t seed) {
    rs_random_t random = {seed * 7919};
    const uint64_t die = rs_random_below(&random, 10);
    trial->live = die < 7;
    trial->windows = trial->live || die == 7;
    trial->records = rs_random_below(&random, 2) == 0;
    trial->collects = rs_random_below(&random, 2) == 0;
    trial->reconfigures = rs_random_below(&random, 3) == 0;
    trial->far = rs_random_below(&random, 4) == 0;
    const generate_options_t options = {.seed = seed,
                                        .order = trial->live ? (delivery_order_t)rs_random_below(&random, 3) : DELIVER_SORTED,
                                        .contacts = rs_random_below(&random, 50) == 0 ? 60 : 0,
                                        .duplicates_per_mille = 50,
                                        .missing_end = rs_random_below(&random, 3) == 0};
    trial->history = generate_history(&options);
    rs_config_t *config = &trial->history->config;
    if (rs_random_below(&random, 4) == 0) {
        config->lateness_us = RS_US_PER_DAY;
        history_reorder(trial->history, options.order, seed);
    }
    trial->rest = history_add_rest(trial->history, seed, !trial->live);
    if (rs_random_below(&random, 5) == 0) config->clock = RS_CLOCK_EVENTS;
    if (rs_random_below(&random, 4) == 0) {
        config->limits.contacts = 3;
        config->limits.queue_keys = 2;
        config->limits.contact_events = 6;
    }
    if (rs_random_below(&random, 6) == 0) config->limits.remembered_ids = 20;
    if (rs_random_below(&random, 6) == 0) config->limits.alerts = 5;
    trial->process = rs_random_below(&random, 5) != 0;
    trial->few_rows = rs_random_below(&random, 6) == 0;
    if (trial->few_rows) config->limits.rows = 24;
    for (unsigned i = 0; i < CONFIGS; i++) vary(&random, trial, i);
}

/* --- one run -------------------------------------------------------------------------------------------------------------- */
typedef struct run {
    const trial_t *trial;
    rs_core_t *core;
    rs_core_options_t options;
    heard_t heard;
    rs_random_t points;          /* where it is interrupted */
    uint32_t per_mille, restarts;
    int64_t now_us;
    state_bytes_t scratch;
} run_t;

static void maybe_restart(run_t *run) {
    if (run->per_mille == 0 || rs_random_below(&run->points, 1000) >= run->per_mille) return;
    state_restart(&run->core, &run->options, &run->scratch);
    run->restarts++;
}

static void begin(run_t *run, const trial_t *trial, uint32_t per_mille) {
    const history_t *history = trial->history;
    int64_t start_us = INT64_MAX;
    *run = (run_t){.trial = trial, .points = {history->seed + 17}, .per_mille = per_mille};
    for (size_t i = 0; i < history->delivery_count; i++) {
        const oracle_arrival_t *delivery = &history->deliveries[i];
        if (delivery->event->occurred_us < start_us) start_us = delivery->event->occurred_us;
        if (delivery->arrival_us < start_us) start_us = delivery->arrival_us;
    }
    run->now_us = start_us == INT64_MAX ? 0 : start_us - RS_US_PER_S;
    run->options = (rs_core_options_t){.config = &trial->configs[0],
                                       .replay = !trial->live,
                                       .windows = trial->windows,
                                       .alerts = trial->windows && trial->live,
                                       .process = trial->process,
                                       .families = (1u << RS_FAMILY_COUNT) - 1,
                                       /* with one, histograms do not run out of blocks: see rows_state.c */
                                       .attributions = trial->few_rows ? 1u : history->seed % 5 != 0 ? 7u : 3u,
                                       .interval = history->interval,
                                       .start_us = run->now_us,
                                       .run = 3,
                                       .hash_seed = 42,
                                       .effects = {.context = &run->heard, .on_verdict = on_verdict, .on_alert = on_alert}};
    RS_REQUIRE(rs_core_create(&run->options, &run->core) == RS_OK);
    /* What a restarted core is given must not matter where it was saved. */
    run->options.run = 99;
    run->options.hash_seed = 4711;
    run->options.start_us = 5;
}

static void tick(run_t *run, int64_t now_us) {
    if (now_us <= run->now_us) return;
    run->now_us = now_us;
    rs_core_tick(run->core, now_us);
    maybe_restart(run);
    hear_published(&run->heard, run->core);
}

/* The run that is interrupted is told what comes, the other is not: that must not matter either. */
static void announce(const run_t *run, size_t index) {
    const history_t *history = run->trial->history;
    if (run->per_mille != 0 && index < history->delivery_count) rs_core_announce(run->core, history->deliveries[index].event);
}

static void apply(run_t *run, size_t index) {
    const oracle_arrival_t *delivery = &run->trial->history->deliveries[index];
    const rs_origin_t origin = {.session = 1, .number = index + 1};
    uint8_t bytes[RS_RECORD_MAX];
    announce(run, index + RS_CORE_AHEAD);
    if (!run->trial->records) {
        rs_core_apply_event(run->core, delivery->event, delivery->arrival_us, origin);
        return;
    }
    const size_t len = rs_record_write_event(delivery->event, delivery->arrival_us, origin, bytes);
    RS_REQUIRE(rs_core_apply(run->core, RS_RECORD_EVENT, bytes, len, (uint64_t)(index + 1) * 64) == RS_OK);
}

/* The stand-ins are made up of `number`, so that they are the same in every run. */
static void erase(run_t *run, rs_random_t *other, size_t number) {
    char stand_in[2 * RS_PSEUDONYM_BYTES + 1], pseudonym[2 * RS_PSEUDONYM_BYTES + 1];
    uint8_t bytes[RS_RECORD_MAX];
    const rs_event_t *event = run->trial->history->deliveries[rs_random_below(other, number + 1)].event;
    const bool is_customer = (event->present & RS_HAS_PSEUDONYM) != 0;
    rs_command_t command = {.what = RS_COMMAND_ERASE, .at_us = run->now_us > 0 ? run->now_us : 1, .who = RS_STR("eve"),
                            .text = RS_STR("asked for it"), .tenant = event->tenant.len == 0 ? RS_STR("default") : event->tenant};
    command.owner = is_customer ? RS_STR("customer") : RS_STR("agent");
    snprintf(stand_in, sizeof stand_in, is_customer ? "%032zx" : RS_STAND_IN_BEGIN "%09zx", number);
    if (is_customer) rs_pseudonym_text((const uint8_t *)event->customer.data, pseudonym);
    command.key = is_customer ? rs_str(pseudonym) : event->agent.len != 0 ? event->agent : RS_STR("ann");
    command.rule = rs_str(stand_in);
    RS_REQUIRE(rs_command_check(&command) == NULL);
    const size_t len = rs_record_write_command(&command, (rs_origin_t){0}, bytes);
    RS_REQUIRE(rs_core_apply(run->core, RS_RECORD_COMMAND, bytes, len, (uint64_t)(number + 1) * 64) == RS_OK);
    run->heard.erased++;
    maybe_restart(run);
}

static void reconfigure(run_t *run, const rs_config_t *config) {
    if (rs_core_configure(run->core, config) == RS_OK) run->options.config = config;
    maybe_restart(run);
}

static void play(run_t *run) {
    const trial_t *trial = run->trial;
    const history_t *history = trial->history;
    rs_random_t other = {history->seed};   /* the same in every run */
    for (size_t i = 0; i < history->delivery_count; i++) {
        const int64_t arrival_us = history->deliveries[i].arrival_us;
        if (trial->live && arrival_us >= run->now_us + 100 * RS_US_PER_MS) tick(run, arrival_us);
        apply(run, i);
        maybe_restart(run);
        if (rs_random_below(&other, 20) == 0) erase(run, &other, i);
        if (rs_random_below(&other, 9) == 0) rs_core_apply_refusal(run->core, history->deliveries[i].event->source, RS_REFUSAL_BAD_TIME);
        if (trial->collects && rs_random_below(&other, 3) == 0) {
            (void)core_collect(run->core, 1 + rs_random_below(&other, 9), on_row, &run->heard);
            (void)core_process_collect(run->core, 1 + rs_random_below(&other, 9), on_edge, &run->heard);
            maybe_restart(run);
        }
        if (trial->reconfigures && rs_random_below(&other, 8) == 0) reconfigure(run, &trial->configs[rs_random_below(&other, CONFIGS)]);
    }
    if (!trial->live) {
        rs_core_finish(run->core);
        maybe_restart(run);
        return;
    }
    static const int64_t steps_us[] = {RS_US_PER_S, 10 * RS_US_PER_S, 4 * RS_US_PER_MIN, 11 * RS_US_PER_MIN, 20 * RS_US_PER_MIN,
                                       RS_US_PER_HOUR, 9 * RS_US_PER_HOUR, 25 * RS_US_PER_HOUR, 3 * RS_US_PER_DAY};
    for (size_t i = 0; i < RS_ARRAY_LEN(steps_us) && (trial->far || i < 5); i++) {
        tick(run, run->now_us + steps_us[i]);
        if (!trial->collects) continue;
        (void)core_collect(run->core, 50, on_row, &run->heard);
        (void)core_process_collect(run->core, 50, on_edge, &run->heard);
    }
}

static void end(run_t *run, state_bytes_t *saved) {
    const char *why = "";
    RS_REQUIRE(rs_core_check(run->core, &why) == RS_OK);
    hear_everything(&run->heard, run->core);
    state_save(run->core, saved);
    rs_core_destroy(&run->core);
    state_free(&run->scratch);
}

static bool differs(const trial_t *trial, uint32_t per_mille, uint64_t *restarts, heard_t *all) {
    run_t undisturbed, disturbed;
    state_bytes_t saved[2] = {{0}, {0}};
    begin(&undisturbed, trial, 0);
    play(&undisturbed);
    end(&undisturbed, &saved[0]);
    begin(&disturbed, trial, per_mille);
    play(&disturbed);
    end(&disturbed, &saved[1]);
    *restarts += disturbed.restarts;
    all->transitions += disturbed.heard.transitions;
    all->rows += disturbed.heard.rows;
    all->edges += disturbed.heard.edges;
    all->variants += disturbed.heard.variants;
    all->agents += disturbed.heard.agents;
    all->repeaters += disturbed.heard.repeaters;
    all->complaints += disturbed.heard.complaints;
    all->predictions += disturbed.heard.predictions;
    all->erased += disturbed.heard.erased;
    const bool same_heard = memcmp(&undisturbed.heard, &disturbed.heard, sizeof undisturbed.heard) == 0;
    const bool same_bytes = state_equal(&saved[0], &saved[1]);
    if (!same_heard) {
        print_error("RS_SEED=%llu: heard %llu/%llu verdicts, %llu/%llu transitions, %llu/%llu rows, digests %s\n",
                    (unsigned long long)trial->history->seed, (unsigned long long)undisturbed.heard.verdicts,
                    (unsigned long long)disturbed.heard.verdicts, (unsigned long long)undisturbed.heard.transitions,
                    (unsigned long long)disturbed.heard.transitions, (unsigned long long)undisturbed.heard.rows,
                    (unsigned long long)disturbed.heard.rows, undisturbed.heard.digest == disturbed.heard.digest ? "equal" : "differ");
    }
    if (!same_bytes) {
        char text[256];
        state_describe_difference(&saved[0], &saved[1], text, sizeof text);
        print_error("RS_SEED=%llu: %s\n", (unsigned long long)trial->history->seed, text);
    }
    state_free(&saved[0]);
    state_free(&saved[1]);
    return !same_heard || !same_bytes;
}

static void a_core_that_is_saved_and_loaded_at_random_points_goes_on_as_one_that_never_was(void **state) {
    (void)state;
    const uint64_t one = rs_test_number("RS_SEED", 0), seeds = rs_test_number("RS_SEEDS", DEFAULT_SEEDS);
    const uint64_t first = one != 0 ? one : rs_test_number("RS_FIRST_SEED", 1), past = one != 0 ? one + 1 : first + seeds;
    uint64_t restarts = 0;
    heard_t all = {0};
    unsigned failures = 0;
    for (uint64_t seed = first; seed < past && failures < 5; seed++) {
        static const uint32_t often[] = {20, 40, 80, 150};
        const uint32_t per_mille = seed % 50 == 0 ? 1000 : often[seed % RS_ARRAY_LEN(often)];
        trial_t *trial = calloc(1, sizeof *trial);
        RS_REQUIRE(trial != NULL);
        plan(trial, seed);
        failures += differs(trial, per_mille, &restarts, &all);
        history_destroy(trial->history);
        history_rest_destroy(trial->rest);
        free(trial);
    }
    print_message("%llu histories, %llu restarts; heard %llu transitions of alerts, %llu rows, %llu edges, %llu variants, %llu agents, "
                  "%llu repeaters, %llu open complaints, %llu predictions\n", (unsigned long long)(past - first),
                  (unsigned long long)restarts, (unsigned long long)all.transitions, (unsigned long long)all.rows,
                  (unsigned long long)all.edges, (unsigned long long)all.variants, (unsigned long long)all.agents,
                  (unsigned long long)all.repeaters, (unsigned long long)all.complaints, (unsigned long long)all.predictions);
    assert_int_equal(failures, 0);
    enum { ENOUGH = 300 };   /* fewer histories need not have everything in them */
    assert_true(past - first < ENOUGH ||
                (restarts > seeds && all.transitions > seeds / 4 && all.edges > seeds && all.variants > seeds && all.agents > seeds &&
                 all.repeaters > seeds / 10 && all.complaints > seeds / 10 && all.predictions > seeds / 100));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_core_that_is_saved_and_loaded_at_random_points_goes_on_as_one_that_never_was),
    };
    return cmocka_run_group_tests_name("restart_oracle", tests, NULL, NULL);
}
