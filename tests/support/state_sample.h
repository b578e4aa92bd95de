/* support/state_sample.h — a small live core with a bit of everything in it, for tests of saved states: legs that wait, handlings, a
 * wrap-up, events out of order, a survey, event ids, gaps, journeys, alerts that fire, rows that were collected, two configurations.
 * In the header alone, so that fuzz targets can have it. */
#ifndef RS_TESTS_STATE_SAMPLE_H
#define RS_TESTS_STATE_SAMPLE_H

#include "core_collect.h"
#include "core/core.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct state_sample {
    rs_config_t *configs[2];
    rs_core_options_t options;
    rs_core_t *core;
    uint32_t transitions;
    uint64_t seq;
} state_sample_t;

static inline int64_t state_sample_at(int64_t seconds) { return (INT64_C(1700000100) / 900 * 900 + seconds) * RS_US_PER_S; }

static inline void state_sample_alert(void *context, const rs_alert_transition_t *transition) {
    state_sample_t *sample = context;
    (void)transition;
    sample->transitions++;
}

static inline rs_config_t *state_sample_config(bool other) {
    static rs_rule_config_t rules[] = {
        {.name = {"waiting", 7}, .metric = {"waiting", 7}, .key = {"*", 1}, .limit = 2.5, .clear = 1.5, .severity = 1},
        {.name = {"oldest", 6}, .metric = {"oldest_wait", 11}, .key = {"s*", 2}, .limit = 15000, .clear = 10000, .for_us = 5 * RS_US_PER_S},
        {.name = {"level", 5}, .metric = {"service_level", 13}, .window = {"5m", 2}, .key = {"*", 1}, .compare = RS_ALERT_BELOW,
         .limit = 0.8, .clear = 0.9, .for_us = 30 * RS_US_PER_S},
        {.name = {"slow", 4}, .metric = {"wait_p90", 8}, .window = {"today", 5}, .key = {"*", 1}, .family = RS_FAMILY_TOTAL, .limit = 8000,
         .clear = 4000},
        {.name = {"calls", 5}, .metric = {"offered", 7}, .window = {"5m", 2}, .key = {"*", 1}, .detector = RS_DETECTOR_CUSUM,
         .compare = RS_ALERT_BOTH, .baseline = RS_BASELINE_FIXED, .centre = 2, .shift = 1, .fast_start = true},
        {.name = {"average", 7}, .metric = {"waiting", 7}, .key = {"*", 1}, .detector = RS_DETECTOR_EWMA, .weight = 0.2,
         .every_us = 5 * RS_US_PER_S},
        {.name = {"chart", 5}, .metric = {"waiting", 7}, .key = {"*", 1}, .detector = RS_DETECTOR_SHEWHART, .compare = RS_ALERT_BOTH,
         .run_rules = RS_RUN_RULES_WESTERN_ELECTRIC, .baseline = RS_BASELINE_FIXED, .centre = 1, .sigma = 0.5, .every_us = 5 * RS_US_PER_S},
        {.name = {"nobody", 6}, .metric = {"offered", 7}, .window = {"15m", 3}, .key = {"*", 1}, .detector = RS_DETECTOR_NO_DATA},
        {.name = {"silent", 6}, .key = {"*", 1}, .detector = RS_DETECTOR_SOURCE_SILENCE, .family = RS_FAMILY_TOTAL, .limit = 30000,
         .clear = 30000}};
    static rs_queue_config_t queues[2][1] = {{{.name = {"sales", 5}, .threshold_us = 15 * RS_US_PER_S, .short_us = -1, .target = -1}},
                                             {{.name = {"sales", 5}, .threshold_us = 7 * RS_US_PER_S, .short_us = -1, .target = -1}}};
    rs_config_t *config = NULL;
    RS_REQUIRE(rs_config_create_default(&config) == RS_OK);
    rs_limits_t *limits = &config->limits;
    limits->tenants = 8;
    limits->queue_keys = limits->agent_keys = limits->team_keys = 32;
    limits->sources = 8;
    limits->contacts = 128;
    limits->rows = 2000;
    limits->alerts = 200;
    limits->remembered_ids = 100;
    limits->customers = limits->cases = limits->edges = limits->variants = limits->facts = 50;
    config->feedback.acknowledge_us = RS_US_PER_MIN;
    config->rules = rules;
    config->rule_count = RS_ARRAY_LEN(rules);
    config->queues = queues[other];
    config->queue_count = 1;
    config->policies[config->policy_count] = config->policies[0];
    snprintf(config->policies[config->policy_count].name, sizeof config->policies[0].name, "tours");
    config->policies[config->policy_count++].unit_journey = true;
    return config;
}

static inline rs_event_t *state_sample_event(state_sample_t *sample, rs_event_t *event, rs_event_type_t type, const char *contact,
                                             int64_t seconds) {
    *event = (rs_event_t){.occurred_us = state_sample_at(seconds), .seq = ++sample->seq, .present = RS_HAS_SEQ, .type = (uint8_t)type,
                          .source = RS_STR("switch"), .contact_id = rs_str(contact), .queue = RS_STR("sales"), .agent = RS_STR("ann")};
    return event;
}

static inline void state_sample_apply(state_sample_t *sample, const rs_event_t *event, int64_t seconds) {
    rs_core_apply_event(sample->core, event, state_sample_at(seconds), (rs_origin_t){.session = 1, .number = sample->seq});
}

static inline void state_sample_say(state_sample_t *sample, rs_event_type_t type, const char *contact, int64_t seconds) {
    rs_event_t event;
    state_sample_apply(sample, state_sample_event(sample, &event, type, contact, seconds), seconds);
}

static inline void state_sample_call(state_sample_t *sample, const char *contact, int64_t begin, int64_t wait, int64_t talk) {
    state_sample_say(sample, RS_CONTACT_QUEUED, contact, begin);
    state_sample_say(sample, RS_CONTACT_ANSWERED, contact, begin + wait);
    state_sample_say(sample, RS_CONTACT_HELD, contact, begin + wait + 1);
    state_sample_say(sample, RS_CONTACT_ENDED, contact, begin + wait + talk);
    state_sample_say(sample, RS_CONTACT_WRAPUP_STARTED, contact, begin + wait + talk);
}

static inline void state_sample_unusual(state_sample_t *sample) {
    rs_event_t event;
    state_sample_event(sample, &event, RS_CONTACT_QUEUED, "with-id", 40)->event_id = RS_STR("one");
    event.present = 0;
    event.journey_id = RS_STR("tour");
    event.tenant = RS_STR("acme");
    state_sample_apply(sample, &event, 41);
    state_sample_event(sample, &event, RS_CONTACT_TRANSFERRED, "call-2", 61)->to_queue = RS_STR("support");
    event.source = RS_STR("crm");
    event.incarnation = RS_STR("boot-7");
    state_sample_apply(sample, &event, 62);
    state_sample_event(sample, &event, RS_SURVEY_ANSWERED, "call-1", 63)->score_milli = 4000;
    event.present |= RS_HAS_SCORE | RS_HAS_SCALE_MIN | RS_HAS_SCALE_MAX;
    event.scale_min_milli = 1000;
    event.scale_max_milli = 5000;
    sample->seq += 3;   /* a gap */
    state_sample_apply(sample, &event, 64);
    state_sample_say(sample, RS_CONTACT_OFFERED, "call-1", 12);   /* late: the contact is read again */
    state_sample_say(sample, RS_CONTACT_ABANDONED, "call-9", 65);
}

/* Agents with states, a plan and a queue; a customer who comes twice; a complaint that is open. */
static inline void state_sample_rest(state_sample_t *sample) {
    rs_event_t event;
    state_sample_event(sample, &event, RS_AGENT_STATE, "", 5)->state = RS_AGENT_AVAILABLE;
    state_sample_apply(sample, &event, 5);
    state_sample_apply(sample, state_sample_event(sample, &event, RS_AGENT_QUEUE_JOINED, "", 6), 6);
    state_sample_event(sample, &event, RS_AGENT_SCHEDULED, "", 7)->code = RS_STR("shift");
    event.present |= RS_HAS_FROM_US | RS_HAS_TO_US;
    event.from_us = state_sample_at(0);
    event.to_us = state_sample_at(4 * 3600);
    state_sample_apply(sample, &event, 7);
    state_sample_event(sample, &event, RS_FEEDBACK_RECEIVED, "", 8)->case_id = RS_STR("case-1");
    event.kind = RS_FEEDBACK_COMPLAINT;
    event.stage = RS_FEEDBACK_STAGE_RECEIVED;
    state_sample_apply(sample, &event, 8);
    for (int64_t i = 0; i < 2; i++) {
        state_sample_event(sample, &event, RS_CONTACT_CREATED, i == 0 ? "call-1" : "call-2", 9 + i)->customer = RS_STR("0123456789abcdef");
        event.present |= RS_HAS_PSEUDONYM;
        state_sample_apply(sample, &event, 9 + i);
    }
}

static inline void state_sample_ignore_row(void *context, const rs_row_t *row) { (void)context, (void)row; }

/* Some more events, a tick, some rows collected. */
static inline void state_sample_go_on(state_sample_t *sample, int64_t seconds) {
    char name[32];
    snprintf(name, sizeof name, "more-%d", (int)seconds);
    state_sample_call(sample, name, seconds, 3, 20);
    rs_core_tick(sample->core, state_sample_at(seconds + 60));
    (void)core_collect(sample->core, 5, state_sample_ignore_row, NULL);
}

/* Configurations and options, no core yet. */
static inline void state_sample_prepare(state_sample_t *sample) {
    *sample = (state_sample_t){.configs = {state_sample_config(false), state_sample_config(true)}};
    sample->options = (rs_core_options_t){
        .config = sample->configs[0], .windows = true, .alerts = true, .process = true, .facts = true,
        .families = (1u << RS_FAMILY_COUNT) - 1,
        .attributions = 1u << RS_ATTRIBUTION_EVENT | 1u << RS_ATTRIBUTION_ENTER | 1u << RS_ATTRIBUTION_CLOSE,
        .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 900 * RS_US_PER_S}, .start_us = state_sample_at(0), .run = 1, .hash_seed = 7,
        .effects = {.context = sample, .on_alert = state_sample_alert}};
}

static inline void state_sample_begin(state_sample_t *sample) {
    state_sample_prepare(sample);
    RS_REQUIRE(rs_core_create(&sample->options, &sample->core) == RS_OK);
    state_sample_rest(sample);
    state_sample_call(sample, "call-1", 10, 4, 30);
    state_sample_call(sample, "call-2", 12, 30, 100);
    state_sample_unusual(sample);
    for (int i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "wait-%d", i);
        state_sample_say(sample, RS_CONTACT_QUEUED, name, 66 + i);
    }
    rs_core_tick(sample->core, state_sample_at(100));
    RS_REQUIRE(rs_core_configure(sample->core, sample->configs[1]) == RS_OK);
    sample->options.config = sample->configs[1];
    state_sample_go_on(sample, 200);
}

static inline void state_sample_end(state_sample_t *sample) {
    rs_core_destroy(&sample->core);
    for (unsigned i = 0; i < 2; i++) {   /* what is not the configuration's own */
        sample->configs[i]->rules = NULL;
        sample->configs[i]->queues = NULL;
        sample->configs[i]->rule_count = sample->configs[i]->queue_count = 0;
        rs_config_destroy(&sample->configs[i]);
    }
}

#endif
