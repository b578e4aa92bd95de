/* support/generate_rest.c — see generate_rest.h. */
#include "generate_rest.h"

#include "core/core.h"
#include "generate_internal.h"
#include "random.h"

#include <stdlib.h>

enum { CUSTOMERS = 5, CASES = 4, MOST_MORE = 60, ID_BYTES = 24 };

struct history_rest {
    rs_event_t *events;
    char (*ids)[ID_BYTES];
    oracle_arrival_t *more;      /* the events of the other source */
    size_t event_count, more_count;
    uint64_t seq;
    rs_str_t never[1], breaks[1], absences[1];
};

static const char customers[CUSTOMERS][RS_PSEUDONYM_BYTES + 1] = {"customer-number1", "customer-number2", "customer-number3",
                                                                  "customer-number4", "customer-number5"};
static const char *const topics[] = {"billing", "delivery", "spam"};
static const char *const activities[] = {"shift", "lunch", "off", "training"};
static const char *const cases[CASES] = {"case-1", "case-2", "case-3", "case-4"};

static bool chance(rs_random_t *random, unsigned per_cent) { return rs_random_below(random, 100) < per_cent; }
#define ANY_OF(random, items) ((items)[rs_random_below((random), RS_ARRAY_LEN(items))])

/* --- settings ---------------------------------------------------------------------------------------------------------- */
static void choose_settings(history_rest_t *rest, rs_random_t *random, rs_config_t *config) {
    static const int64_t windows_us[] = {RS_US_PER_MIN, 10 * RS_US_PER_MIN, 2 * RS_US_PER_HOUR, 7 * RS_US_PER_DAY};
    static const int64_t silences_us[] = {0, 10 * RS_US_PER_MIN, 16 * RS_US_PER_HOUR};
    static const uint32_t few[] = {3, 20, 1000};
    rest->never[0] = RS_STR("spam");
    rest->breaks[0] = RS_STR("lunch");
    rest->absences[0] = RS_STR("off");
    config->fcr = (rs_fcr_config_t){.repeat_window_us = ANY_OF(random, windows_us),
                                    .redial_grace_us = chance(random, 50) ? 30 * RS_US_PER_S : 0,
                                    .scope = (uint8_t)rs_random_below(random, RS_FCR_CHANNEL + 1),
                                    .repeat_handled_only = chance(random, 50), .never_topics = rest->never, .never_count = 1};
    config->feedback.acknowledge_us = RS_US_PER_MIN;
    config->feedback.respond_us = 10 * RS_US_PER_MIN;
    config->feedback.close_us = RS_US_PER_DAY;
    if (config->hours_count != 0 && chance(random, 50)) config->feedback.complaint_hours = config->hours[0].name;
    config->staff.expire_us = ANY_OF(random, silences_us);
    config->staff.break_activities = rest->breaks;
    config->staff.absent_activities = rest->absences;
    config->staff.break_count = config->staff.absent_count = 1;
    config->prediction = (rs_prediction_config_t){.horizon_us = chance(random, 80) ? 30 * RS_US_PER_MIN : 0, .min_handled = 1};
    config->limits.customers = chance(random, 15) ? 0 : ANY_OF(random, few);
    config->limits.cases = ANY_OF(random, few);
    config->limits.edges = ANY_OF(random, few);
    config->limits.variants = ANY_OF(random, few);
}

/* --- what contacts say -------------------------------------------------------------------------------------------------- */
static void tell_of_contact(rs_random_t *random, rs_event_t *event) {
    if (event->contact_id.len == 0) return;
    const uint64_t whose = rs_hash64(event->contact_id.data, event->contact_id.len, 7);
    if (event->customer.len == 0 && whose % 6 < CUSTOMERS && chance(random, 70)) {
        event->customer = (rs_str_t){.data = customers[whose % 6], .len = RS_PSEUDONYM_BYTES};
        event->present |= RS_HAS_PSEUDONYM;
    }
    if (event->direction == 0 && chance(random, 10)) event->direction = (uint8_t)rs_random_below(random, RS_DIRECTION_OUTBOUND + 1);
    if (event->topic.len == 0 && chance(random, 10)) event->topic = rs_str(ANY_OF(random, topics));
}

/* --- what else happens --------------------------------------------------------------------------------------------------- */
static void tell_agent(rs_random_t *random, rs_event_t *event) {
    const uint64_t what = rs_random_below(random, 10);
    event->agent = rs_str(generate_agents[rs_random_below(random, GENERATE_AGENTS)]);
    if (chance(random, 30)) event->team = rs_str(generate_teams[rs_random_below(random, 2)]);
    if (what < 6) {
        event->type = RS_AGENT_STATE;
        event->state = (uint8_t)rs_random_below(random, RS_AGENT_STATE_COUNT);
        if (chance(random, 30)) event->code = RS_STR("why");
    } else if (what < 8) {
        event->type = chance(random, 70) ? RS_AGENT_QUEUE_JOINED : RS_AGENT_QUEUE_LEFT;
        event->queue = rs_str(generate_queues[rs_random_below(random, GENERATE_QUEUES)]);
    } else {
        event->type = RS_AGENT_SCHEDULED;
        event->code = rs_str(ANY_OF(random, activities));
        event->from_us = event->occurred_us + ((int64_t)rs_random_below(random, 60) - 20) * RS_US_PER_MIN;
        event->to_us = event->from_us + (int64_t)rs_random_below(random, 120) * RS_US_PER_MIN;
        event->present |= RS_HAS_FROM_US | RS_HAS_TO_US;
    }
}

static void tell_case(rs_random_t *random, rs_event_t *event) {
    event->type = RS_FEEDBACK_RECEIVED;
    event->kind = (uint8_t)(chance(random, 80) ? RS_FEEDBACK_COMPLAINT : rs_random_below(random, RS_FEEDBACK_COUNT));
    event->stage = (uint8_t)rs_random_below(random, RS_FEEDBACK_STAGE_COUNT);
    if (chance(random, 90)) event->case_id = rs_str(ANY_OF(random, cases));
    if (chance(random, 40)) event->queue = rs_str(generate_queues[rs_random_below(random, GENERATE_QUEUES)]);
    if (chance(random, 40)) event->agent = rs_str(generate_agents[rs_random_below(random, GENERATE_AGENTS)]);
}

static void tell_outcome(rs_random_t *random, const history_t *history, rs_event_t *event) {
    const rs_event_t *about = history->deliveries[rs_random_below(random, history->delivery_count)].event;
    event->type = RS_DISPOSITION_SET;
    event->contact_id = about->contact_id.len != 0 ? about->contact_id : RS_STR("nobody");
    event->tenant = about->tenant;
    event->topic = rs_str(ANY_OF(random, topics));
    event->code = RS_STR("done");
    event->resolved = chance(random, 50);
    if (chance(random, 70)) event->present |= RS_HAS_RESOLVED;
}

static void tell_more(history_rest_t *rest, rs_random_t *random, const history_t *history, int64_t begin_us, int64_t end_us) {
    rs_event_t *event = &rest->events[rest->event_count];
    char *id = rest->ids[rest->event_count++];
    *event = (rs_event_t){.occurred_us = begin_us + (int64_t)rs_random_below(random, (uint64_t)(end_us - begin_us) + 10 * RS_US_PER_MIN),
                          .source = RS_STR("workforce")};
    if (chance(random, 20)) event->occurred_us -= event->occurred_us % (5 * RS_US_PER_MIN);
    if (event->occurred_us < begin_us) event->occurred_us = begin_us;
    if (chance(random, 15)) event->tenant = RS_STR("acme");
    if (chance(random, 70)) {
        event->present |= RS_HAS_SEQ;
        event->seq = ++rest->seq;
    } else {
        snprintf(id, ID_BYTES, "more-%u", (unsigned)rs_random_below(random, 1000));
        event->event_id = rs_str(id);
    }
    const uint64_t what = rs_random_below(random, 10);
    if (what < 5) tell_agent(random, event);
    else if (what < 8 || history->delivery_count == 0) tell_case(random, event);
    else tell_outcome(random, history, event);
    const int64_t delay_us = chance(random, 60) ? 0 : (int64_t)rs_random_below(random, (uint64_t)history->config.lateness_us + 1);
    rest->more[rest->more_count++] = (oracle_arrival_t){.event = event, .arrival_us = event->occurred_us + delay_us};
}

/* --- together ------------------------------------------------------------------------------------------------------------- */
static int by_arrival(const void *left, const void *right) {
    const oracle_arrival_t *a = left, *b = right;
    if (a->arrival_us != b->arrival_us) return a->arrival_us < b->arrival_us ? -1 : 1;
    return rs_event_compare(a->event, b->event);
}

static int by_order(const void *left, const void *right) {
    return rs_event_compare(((const oracle_arrival_t *)left)->event, ((const oracle_arrival_t *)right)->event);
}

/* What was in the history keeps its order. */
static void merge(history_t *history, const history_rest_t *rest, bool sorted) {
    int (*const compare)(const void *, const void *) = sorted ? by_order : by_arrival;
    oracle_arrival_t *merged = calloc(history->delivery_count + rest->more_count + 1, sizeof *merged);
    size_t count = 0, old = 0, new = 0;
    RS_REQUIRE(merged != NULL);
    qsort(rest->more, rest->more_count, sizeof *rest->more, compare);
    while (old < history->delivery_count || new < rest->more_count) {
        const bool takes_new = old == history->delivery_count ||
                               (new < rest->more_count && compare(&rest->more[new], &history->deliveries[old]) < 0);
        merged[count++] = takes_new ? rest->more[new++] : history->deliveries[old++];
    }
    free(history->deliveries);
    history->deliveries = merged;
    history->delivery_count = count;
}

history_rest_t *history_add_rest(history_t *history, uint64_t seed, bool sorted) {
    rs_random_t random = {seed * 104729 + 1};
    history_rest_t *rest = calloc(1, sizeof *rest);
    RS_REQUIRE(rest != NULL);
    const size_t room = history->delivery_count + MOST_MORE;
    int64_t begin_us = INT64_MAX, end_us = 0;
    rest->events = calloc(room, sizeof *rest->events);
    rest->ids = calloc(room, sizeof *rest->ids);
    rest->more = calloc(MOST_MORE, sizeof *rest->more);
    RS_REQUIRE(rest->events != NULL && rest->ids != NULL && rest->more != NULL);
    choose_settings(rest, &random, &history->config);
    for (size_t i = 0; i < history->delivery_count; i++) {
        rs_event_t *event = &rest->events[rest->event_count++];
        *event = *history->deliveries[i].event;
        tell_of_contact(&random, event);
        history->deliveries[i].event = event;
        if (event->occurred_us < begin_us) begin_us = event->occurred_us;
        if (event->occurred_us > end_us) end_us = event->occurred_us;
    }
    if (history->delivery_count != 0) {
        const uint64_t more = rs_random_below(&random, MOST_MORE);
        for (uint64_t i = 0; i < more; i++) tell_more(rest, &random, history, begin_us, end_us);
    }
    merge(history, rest, sorted);
    return rest;
}

void history_rest_destroy(history_rest_t *rest) {
    if (rest == NULL) return;
    free(rest->events);
    free(rest->ids);
    free(rest->more);
    free(rest);
}
