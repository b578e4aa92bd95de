/* support/oracle_walk.c — one contact, from its first event to its last. Clarity over speed.
 *
 * doubt: marks a place where the rules leave two readings. */
#include "oracle_internal.h"

#include <stdlib.h>

/* --- the parts of a contact ---------------------------------------------------------------------------------------- */
typedef struct handling {
    place_t place;
    rs_str_t agent, team;
    int64_t enter_us, answered_us, ended_us, hold_started_us, hold_us, wrap_us, talk_us;
    int64_t holds;
    bool open, counted, transferred;
} handling_t;

typedef struct wrap {
    rs_str_t agent;
    size_t handling;
    int64_t started_us;
    bool open;
} wrap_t;
typedef struct walk {
    oracle_t *oracle;
    const rs_event_t **events; /* of this contact */
    const size_t *ranks;
    size_t count;
    rs_str_t tenant, journey;
    size_t *claimed_by; /* for a queued event: 1 + the early event that closes its leg, 0 = none */
    size_t leg;         /* 1 + index of the open leg, 0 = none */
    rs_str_t last_queue;
    handling_t *handlings;
    size_t handling_count;
    wrap_t *wraps;
    size_t wrap_count;
    size_t last_leg; /* 1 + index of the contact's last leg, 0 = none */
    int64_t lost_us; /* when its end was found missing, INT64_MIN = never */
} walk_t;

static void close_leg(walk_t *walk, leg_t *leg, outcome_t outcome, uint8_t reason, int64_t at_us, size_t rank,
                      int64_t wait_us) {
    oracle_t *oracle = walk->oracle;
    leg->outcome = outcome;
    leg->reason = reason;
    leg->closed_us = at_us;
    leg->closed_rank = rank;
    leg->wait_us = wait_us;
    oracle_fact_t fact = oracle_fact_at(oracle, walk->tenant, leg->place, at_us, leg->queued_us);
    oracle_count_outcome(oracle, fact, leg);
    for (uint32_t slot = 0; slot < oracle->config->policy_count; slot++) {
        if (!oracle->config->policies[slot].unit_journey)
            oracle_judge(oracle, fact, slot, leg->place, outcome, reason, wait_us);
    }
}

static leg_t *open_leg(walk_t *walk) { return walk->leg == 0 ? NULL : &walk->oracle->legs.items[walk->leg - 1]; }

/* The platform's own measure, else the difference of the moments. */
static int64_t wait_of(const rs_event_t *event, int64_t measured_us) {
    if (event != NULL && (event->present & RS_HAS_WAIT_MS) != 0) return event->wait_ms * RS_US_PER_MS;
    return oracle_not_negative(measured_us);
}

static void close_open_leg(walk_t *walk, outcome_t outcome, uint8_t reason, int64_t at_us, size_t rank,
                           const rs_event_t *measure) {
    leg_t *leg = open_leg(walk);
    walk->leg = 0;
    if (measure != NULL && (measure->present & RS_HAS_WAIT_MS) != 0) leg->counted_us = 0; /* the platform measured this leg alone */
    close_leg(walk, leg, outcome, reason, at_us, rank, wait_of(measure, at_us - leg->since_us));
}

static void dequeue_outcome(const rs_event_t *event, outcome_t *outcome, uint8_t *reason) {
    const bool known = event->reason > RS_FLOW_NONE && event->reason < RS_FLOW_REQUEUED;
    *outcome = event->reason == RS_FLOW_CALLBACK ? CALLED_BACK : FLOWED_OUT;
    *reason = known ? event->reason : (uint8_t)RS_FLOW_OTHER;
}

/* --- where something belongs ---------------------------------------------------------------------------------------- */
/* Named on the event, else the first named in the contact up to then, else voice. */
static uint8_t channel_at(const walk_t *walk, size_t index) {
    if (walk->events[index]->channel != RS_CHANNEL_NONE) return walk->events[index]->channel;
    for (size_t before = 0; before < index; before++) {
        if (walk->events[before]->channel != RS_CHANNEL_NONE) return walk->events[before]->channel;
    }
    return RS_CHANNEL_VOICE;
}

/* The event's queue, else the contact's last, else null.
 * doubt: "the contact's last queue" is that of its last leg, not the last that any event named. */
static place_t place_at(const walk_t *walk, size_t index) {
    const rs_event_t *event = walk->events[index];
    return (place_t){.queue = event->queue.len != 0 ? event->queue : walk->last_queue,
                     .channel = channel_at(walk, index)};
}

static rs_str_t team_of(const walk_t *walk, rs_str_t team, rs_str_t agent) {
    if (team.len != 0 || agent.len == 0) return team;
    const rs_config_t *config = walk->oracle->config;
    for (uint32_t i = 0; i < config->agent_count; i++) {
        const rs_agent_config_t *known = &config->agents[i];
        const bool tenant_fits = known->tenant.len == 0 || rs_str_equal(known->tenant, walk->tenant);
        if (tenant_fits && rs_str_equal(known->name, agent)) return known->team;
    }
    return team;
}

/* --- clock skew ----------------------------------------------------------------------------------------------------- */
/* An outcome without an open leg: 1 + index of the contact's next queued event, when that comes from another source
 * within the skew and names the same queue; else 0.
 * doubt: "the contact's next queued" is the very next one, whatever its queue; one queued event serves one early event. */
static size_t skewed_queued(const walk_t *walk, size_t index) {
    const rs_event_t *early = walk->events[index];
    for (size_t next = index + 1; next < walk->count; next++) {
        const rs_event_t *queued = walk->events[next];
        if (queued->type != RS_CONTACT_QUEUED) continue;
        const bool near = queued->occurred_us - early->occurred_us <= walk->oracle->config->clock_skew_us;
        const bool same_queue = early->queue.len == 0 || rs_str_equal(early->queue, queued->queue);
        const bool other_source = !rs_str_equal(early->source, queued->source);
        return near && same_queue && other_source && walk->claimed_by[next] == 0 ? next + 1 : 0;
    }
    return 0;
}

/* doubt: from the early event on, the leg's queue is the contact's last. */
static void claim_leg(walk_t *walk, size_t queued, size_t early) {
    walk->claimed_by[queued] = early + 1;
    walk->last_queue = walk->events[queued]->queue;
}

/* --- handlings ------------------------------------------------------------------------------------------------------ */
static handling_t *last_handling(walk_t *walk) {
    return walk->handling_count == 0 ? NULL : &walk->handlings[walk->handling_count - 1];
}

static handling_t *open_handling(walk_t *walk) {
    handling_t *last = last_handling(walk);
    return last != NULL && last->open ? last : NULL;
}

static oracle_fact_t handling_fact(const walk_t *walk, const handling_t *handling, int64_t at_us) {
    return oracle_with_agent(oracle_fact_at(walk->oracle, walk->tenant, handling->place, at_us, handling->enter_us),
                             handling->agent, handling->team);
}

static void stop_hold(handling_t *handling, int64_t at_us) {
    if (handling->hold_started_us < 0) return;
    handling->hold_us += at_us - handling->hold_started_us;
    handling->hold_started_us = -1;
}

/* `measure`: the event that may carry the platform's own talk and hold, or NULL. */
static void end_handling(walk_t *walk, handling_t *handling, int64_t at_us, const rs_event_t *measure) {
    stop_hold(handling, at_us);
    handling->open = false;
    handling->counted = true;
    handling->ended_us = at_us;
    const uint32_t present = measure == NULL ? 0 : measure->present;
    if ((present & RS_HAS_HOLD_MS) != 0) handling->hold_us = measure->hold_ms * RS_US_PER_MS;
    handling->talk_us = oracle_not_negative(at_us - handling->answered_us - handling->hold_us);
    if ((present & RS_HAS_TALK_MS) != 0) handling->talk_us = measure->talk_ms * RS_US_PER_MS;

    oracle_t *oracle = walk->oracle;
    const oracle_fact_t fact = handling_fact(walk, handling, at_us);
    oracle_add_handling(oracle, fact, handling->answered_us);
    oracle_add_count(oracle, fact, RS_COUNT_HANDLED, 1);
    oracle_add_count(oracle, fact, RS_COUNT_HANDLED_SHORT, handling->talk_us < 10 * RS_US_PER_S);
    oracle_add_count(oracle, fact, RS_COUNT_TALK_US, handling->talk_us);
    oracle_add_count(oracle, fact, RS_COUNT_HOLD_US, handling->hold_us);
    oracle_add_count(oracle, fact, RS_COUNT_HOLDS, handling->holds);
    oracle_add(oracle, fact, ORACLE_DURATION, RS_HIST_TALK, handling->talk_us);
    /* doubt: one hold duration per handling that was held (or is said to have been), not one per hold. */
    if (handling->holds > 0 || handling->hold_us > 0)
        oracle_add(oracle, fact, ORACLE_DURATION, RS_HIST_HOLD, handling->hold_us);
}

static void end_open_handling(walk_t *walk, int64_t at_us, const rs_event_t *measure) {
    handling_t *handling = open_handling(walk);
    if (handling != NULL) end_handling(walk, handling, at_us, measure);
}

/* doubt: the handle time of a handling is talk + hold + its wraps, counted once, when the handling ends. */
static void count_handle_times(walk_t *walk) {
    for (size_t i = 0; i < walk->handling_count; i++) {
        const handling_t *handling = &walk->handlings[i];
        if (!handling->counted) continue;
        oracle_add(walk->oracle, handling_fact(walk, handling, handling->ended_us), ORACLE_DURATION, RS_HIST_HANDLE,
                   handling->talk_us + handling->hold_us + handling->wrap_us);
    }
}

static void start_handling(walk_t *walk, const rs_event_t *event, place_t place, int64_t enter_us) {
    walk->handlings[walk->handling_count++] = (handling_t){.place = place,
                                                           .agent = event->agent,
                                                           .team = team_of(walk, event->team, event->agent),
                                                           .enter_us = enter_us,
                                                           .answered_us = event->occurred_us,
                                                           .hold_started_us = -1,
                                                           .open = true};
}

static void remember_answer(walk_t *walk, int64_t at_us, size_t rank, size_t leg) {
    answer_list_t *answers = &walk->oracle->answers;
    answers->items = oracle_grown(answers->items, answers->count, &answers->room, sizeof *answers->items);
    answers->items[answers->count++] =
        (answer_t){.at_us = at_us, .rank = rank, .leg = leg, .tenant = walk->tenant, .journey = walk->journey};
}

/* --- one event of each type ------------------------------------------------------------------------------------------ */
/* The early event's effect on the leg that has just been opened: closed at once, with wait 0 unless the platform says.
 * doubt: a given wait_ms counts here too. The early event's handling begins at its own moment. */
static void close_skewed_leg(walk_t *walk, const rs_event_t *early, const rs_event_t *queued, size_t rank) {
    leg_t *leg = open_leg(walk);
    const size_t leg_number = walk->leg;
    outcome_t outcome = ABANDONED;
    uint8_t reason = RS_FLOW_NONE;
    walk->leg = 0;
    if (early->type == RS_CONTACT_ANSWERED) {
        outcome = ANSWERED;
        leg->agent = early->agent;
        leg->team = team_of(walk, early->team, early->agent);
        remember_answer(walk, queued->occurred_us, rank, leg_number);
    } else if (early->type == RS_CONTACT_DEQUEUED) {
        dequeue_outcome(early, &outcome, &reason);
    }
    if ((early->present & RS_HAS_WAIT_MS) != 0) leg->counted_us = 0;
    close_leg(walk, leg, outcome, reason, queued->occurred_us, rank, wait_of(early, queued->occurred_us - leg->since_us));
    oracle_add_count(walk->oracle,
                     oracle_fact_at(walk->oracle, walk->tenant, leg->place, queued->occurred_us, queued->occurred_us),
                     RS_COUNT_CLOCK_ANOMALY, 1);
}

/* A contact that gave up its last leg for a call-back and is queued again: by the new leg's queue its clock goes on. */
static void set_clock(walk_t *walk, leg_t *leg) {
    const leg_t *before = walk->last_leg == 0 ? NULL : &walk->oracle->legs.items[walk->last_leg - 1];
    leg->since_us = leg->queued_us;
    leg->counted_us = 0;
    if (before == NULL || before->outcome != CALLED_BACK || !oracle_keeps_clock(walk->oracle->config, walk->tenant, leg->place)) return;
    leg->since_us = before->since_us;
    leg->counted_us = before->wait_us;
}

static void on_queued(walk_t *walk, size_t index) {
    const rs_event_t *event = walk->events[index];
    if (walk->leg != 0) {
        close_open_leg(walk, FLOWED_OUT, RS_FLOW_REQUEUED, event->occurred_us, walk->ranks[index], NULL);
    }
    leg_list_t *legs = &walk->oracle->legs;
    legs->items = oracle_grown(legs->items, legs->count, &legs->room, sizeof *legs->items);
    legs->items[legs->count++] = (leg_t){.place = {.queue = event->queue, .channel = channel_at(walk, index)},
                                         .queued_us = event->occurred_us,
                                         .queued_rank = walk->ranks[index],
                                         .tenant = walk->tenant,
                                         .journey = walk->journey};
    walk->leg = legs->count;
    set_clock(walk, open_leg(walk));
    walk->last_leg = walk->leg;
    walk->last_queue = event->queue;
    oracle_add_count(
        walk->oracle,
        oracle_fact_at(walk->oracle, walk->tenant, open_leg(walk)->place, event->occurred_us, event->occurred_us),
        RS_COUNT_OFFERED, 1);
    if (walk->claimed_by[index] != 0) {
        close_skewed_leg(walk, walk->events[walk->claimed_by[index] - 1], event, walk->ranks[index]);
    }
}

static void on_answered(walk_t *walk, size_t index) {
    const rs_event_t *event = walk->events[index];
    const size_t claim = walk->leg == 0 ? skewed_queued(walk, index) : 0;
    const handling_t *open = open_handling(walk);
    /* doubt: two answers that both name no agent are by the same agent. */
    if (walk->leg == 0 && claim == 0 && open != NULL && rs_str_equal(open->agent, event->agent)) return;
    end_open_handling(walk, event->occurred_us, NULL);

    place_t place = place_at(walk, index);
    int64_t enter_us = event->occurred_us;
    if (walk->leg != 0) {
        leg_t *leg = open_leg(walk);
        place = leg->place;
        enter_us = leg->queued_us;
        leg->agent = event->agent;
        leg->team = team_of(walk, event->team, event->agent);
        remember_answer(walk, event->occurred_us, walk->ranks[index], walk->leg);
        close_open_leg(walk, ANSWERED, RS_FLOW_NONE, event->occurred_us, walk->ranks[index], event);
    } else if (claim != 0) {
        claim_leg(walk, claim - 1, index);
        place = (place_t){.queue = walk->events[claim - 1]->queue, .channel = channel_at(walk, claim - 1)};
        enter_us = walk->events[claim - 1]->occurred_us;
    } else {
        remember_answer(walk, event->occurred_us, walk->ranks[index], 0);
    }
    start_handling(walk, event, place, enter_us);
}

/* Plain counts, under the open leg. doubt: a channel named on the offer does not move it from the leg's. */
static void on_offer(walk_t *walk, size_t index) {
    const rs_event_t *event = walk->events[index];
    const leg_t *leg = open_leg(walk);
    const place_t place = leg != NULL ? leg->place : place_at(walk, index);
    const int64_t enter_us = leg != NULL ? leg->queued_us : event->occurred_us;
    oracle_fact_t fact = oracle_fact_at(walk->oracle, walk->tenant, place, event->occurred_us, enter_us);
    fact = oracle_with_agent(fact, event->agent, team_of(walk, event->team, event->agent));
    if (event->type == RS_CONTACT_OFFERED) {
        oracle_add_count(walk->oracle, fact, RS_COUNT_OFFERS, 1);
        return;
    }
    oracle_add_count(walk->oracle, fact, RS_COUNT_OFFERS_FAILED, 1);
    switch (event->reason) {
        case RS_OFFER_TIMEOUT: oracle_add_count(walk->oracle, fact, RS_COUNT_OFFERS_FAILED_TIMEOUT, 1); break;
        case RS_OFFER_REJECTED: oracle_add_count(walk->oracle, fact, RS_COUNT_OFFERS_FAILED_REJECTED, 1); break;
        case RS_OFFER_CANCELED: oracle_add_count(walk->oracle, fact, RS_COUNT_OFFERS_FAILED_CANCELED, 1); break;
        case RS_OFFER_ERROR: oracle_add_count(walk->oracle, fact, RS_COUNT_OFFERS_FAILED_ERROR, 1); break;
        default: oracle_add_count(walk->oracle, fact, RS_COUNT_OFFERS_FAILED_OTHER, 1); break;
    }
}

static void on_hold(walk_t *walk, const rs_event_t *event) {
    handling_t *handling = open_handling(walk);
    if (handling == NULL) return;
    if (event->type == RS_CONTACT_RETRIEVED) {
        stop_hold(handling, event->occurred_us);
    } else if (handling->hold_started_us < 0) {
        handling->hold_started_us = event->occurred_us;
        handling->holds++;
    }
}

/* The last earlier handling of the agent that the transfer names, unless it has been transferred already. */
static handling_t *late_reported(walk_t *walk, const rs_event_t *event, const handling_t *open) {
    if (event->agent.len == 0 || rs_str_equal(event->agent, open->agent)) return NULL;
    for (size_t i = walk->handling_count; i-- > 0;) {
        handling_t *earlier = &walk->handlings[i];
        if (earlier != open && rs_str_equal(earlier->agent, event->agent) && !earlier->transferred) return earlier;
    }
    return NULL;
}

static rs_count_t transfer_count(uint8_t kind) {
    switch (kind) {
        case RS_TRANSFER_BLIND: return RS_COUNT_TRANSFERRED_OUT_BLIND;
        case RS_TRANSFER_ATTENDED: return RS_COUNT_TRANSFERRED_OUT_ATTENDED;
        case RS_TRANSFER_QUEUE: return RS_COUNT_TRANSFERRED_OUT_QUEUE;
        case RS_TRANSFER_EXTERNAL: return RS_COUNT_TRANSFERRED_OUT_EXTERNAL;
        default: return RS_COUNT_TRANSFERRED_OUT_OTHER;
    }
}

static void on_transferred(walk_t *walk, size_t index) {
    const rs_event_t *event = walk->events[index];
    handling_t *handling = open_handling(walk);
    if (handling == NULL) return;
    handling_t *earlier = late_reported(walk, event, handling);
    if (earlier != NULL) {
        handling = earlier;
    } else {
        end_handling(walk, handling, event->occurred_us, NULL);
    }
    handling->transferred = true;
    const oracle_fact_t out = handling_fact(walk, handling, event->occurred_us);
    oracle_add_count(walk->oracle, out, RS_COUNT_TRANSFERRED_OUT, 1);
    oracle_add_count(walk->oracle, out, transfer_count(event->kind), 1);

    if (event->to_queue.len == 0 && event->to_agent.len == 0) return;
    oracle_fact_t in = oracle_fact_at(walk->oracle, walk->tenant,
                                      (place_t){.queue = event->to_queue, .channel = channel_at(walk, index)},
                                      event->occurred_us, event->occurred_us);
    in.in_queue = event->to_queue.len != 0;
    if (!in.in_queue) in.threshold_us = -1;
    oracle_add_count(walk->oracle, in, RS_COUNT_TRANSFERRED_IN, 1);
    if (event->to_agent.len == 0) return;
    /* doubt: `to_agent` has an agent row; no team row is said to get it. */
    in = oracle_with_agent(in, event->to_agent, (rs_str_t){0});
    in.in_queue = in.in_total = in.in_team = false;
    oracle_add_count(walk->oracle, in, RS_COUNT_TRANSFERRED_IN, 1);
}

static void on_left_queue(walk_t *walk, size_t index) {
    const rs_event_t *event = walk->events[index];
    const bool abandoned = event->type == RS_CONTACT_ABANDONED;
    outcome_t outcome = ABANDONED;
    uint8_t reason = RS_FLOW_NONE;
    if (!abandoned) dequeue_outcome(event, &outcome, &reason);
    if (walk->leg != 0) {
        close_open_leg(walk, outcome, reason, event->occurred_us, walk->ranks[index], event);
    } else {
        const size_t claim = skewed_queued(walk, index);
        if (claim != 0) {
            claim_leg(walk, claim - 1, index);
        } else if (abandoned && event->stage == RS_STAGE_FLOW) {
            const place_t place = {.queue = event->queue, .channel = channel_at(walk, index)};
            oracle_add_count(walk->oracle,
                             oracle_fact_at(walk->oracle, walk->tenant, place, event->occurred_us, event->occurred_us),
                             RS_COUNT_ABANDONED_BEFORE_QUEUE, 1);
        }
    }
    if (abandoned) end_open_handling(walk, event->occurred_us, NULL);
}

static void on_blocked(walk_t *walk, size_t index) {
    const rs_event_t *event = walk->events[index];
    const place_t place = place_at(walk, index);
    const oracle_fact_t fact =
        oracle_fact_at(walk->oracle, walk->tenant, place, event->occurred_us, event->occurred_us);
    oracle_add_count(walk->oracle, fact, RS_COUNT_BLOCKED, 1);
    const rs_count_t by_reason = event->reason == RS_BLOCK_FULL         ? RS_COUNT_BLOCKED_FULL
                                 : event->reason == RS_BLOCK_CLOSED     ? RS_COUNT_BLOCKED_CLOSED
                                 : event->reason == RS_BLOCK_JOIN_EMPTY ? RS_COUNT_BLOCKED_JOIN_EMPTY
                                 : event->reason == RS_BLOCK_NO_AGENT   ? RS_COUNT_BLOCKED_NO_AGENT
                                                                        : RS_COUNT_BLOCKED_OTHER;
    oracle_add_count(walk->oracle, fact, by_reason, 1);
    for (uint32_t slot = 0; slot < walk->oracle->config->policy_count; slot++) {
        const rs_policy_t *policy = &walk->oracle->config->policies[slot];
        /* doubt: a refusal at the door is no part of a journey's one verdict; it counts beside it, as with legs. */
        if (policy->blocked != RS_RULE_MISS) continue;
        oracle_add_count(walk->oracle, fact, (rs_count_t)(RS_COUNT_SL_DEN_0 + slot), 1);
    }
}

static void on_ended(walk_t *walk, size_t index) {
    const rs_event_t *event = walk->events[index];
    if (walk->leg != 0) close_open_leg(walk, ABANDONED, RS_FLOW_NONE, event->occurred_us, walk->ranks[index], NULL);
    end_open_handling(walk, event->occurred_us, event);
}

static wrap_t *wrap_of(walk_t *walk, rs_str_t agent) {
    for (size_t i = 0; i < walk->wrap_count; i++) {
        if (walk->wraps[i].open && rs_str_equal(walk->wraps[i].agent, agent)) return &walk->wraps[i];
    }
    return NULL;
}

static void on_wrapup(walk_t *walk, const rs_event_t *event) {
    const handling_t *last = last_handling(walk);
    if (last == NULL) return;
    const rs_str_t agent = event->agent.len != 0 ? event->agent : last->agent;
    if (event->type == RS_CONTACT_WRAPUP_STARTED) {
        const handling_t *open = open_handling(walk);
        if (open != NULL && rs_str_equal(open->agent, agent)) end_open_handling(walk, event->occurred_us, NULL);
        if (wrap_of(walk, agent) != NULL) return;
        /* doubt: a wrap belongs to the agent's last handling at its start; of an agent without one it is ignored. */
        for (size_t i = walk->handling_count; i-- > 0;) {
            if (!rs_str_equal(walk->handlings[i].agent, agent)) continue;
            walk->wraps[walk->wrap_count++] =
                (wrap_t){.agent = agent, .handling = i, .started_us = event->occurred_us, .open = true};
            return;
        }
        return;
    }
    wrap_t *wrap = wrap_of(walk, agent);
    if (wrap == NULL) return;
    wrap->open = false;
    const int64_t wrap_us = event->occurred_us - wrap->started_us;
    handling_t *handling = &walk->handlings[wrap->handling];
    handling->wrap_us += wrap_us;
    const oracle_fact_t fact = handling_fact(walk, handling, event->occurred_us);
    oracle_add_count(walk->oracle, fact, RS_COUNT_WRAPS, 1);
    oracle_add_count(walk->oracle, fact, RS_COUNT_WRAP_US, wrap_us);
    oracle_add(walk->oracle, fact, ORACLE_DURATION, RS_HIST_WRAP, wrap_us);
}

static void on_survey(walk_t *walk, size_t index) {
    const rs_event_t *event = walk->events[index];
    const handling_t *last = last_handling(walk);
    const oracle_survey_place_t place = {.queue = last != NULL ? last->place.queue : walk->last_queue,
                                         .channel = channel_at(walk, index),
                                         .agent = last != NULL ? last->agent : (rs_str_t){0},
                                         .team = last != NULL ? last->team : (rs_str_t){0},
                                         .team_of_named = team_of(walk, (rs_str_t){0}, event->agent)};
    bool is_first = true;
    for (size_t before = 0; before < index; before++) is_first = is_first && walk->events[before]->type != RS_SURVEY_ANSWERED;
    oracle_count_survey(walk->oracle, walk->tenant, event, &place, is_first);
}

/* The end that never came: an event of source `ringside` at the last event + the limit. */
static void on_missing_end(walk_t *walk, int64_t at_us, size_t rank) {
    if (walk->leg != 0 || open_handling(walk) != NULL) walk->lost_us = at_us;
    if (walk->leg != 0) close_open_leg(walk, FLOWED_OUT, RS_FLOW_LOST, at_us, rank, NULL);
    handling_t *handling = open_handling(walk);
    if (handling == NULL) return;
    handling->open = false;
    oracle_add_count(walk->oracle, handling_fact(walk, handling, at_us), RS_COUNT_HANDLING_LOST, 1);
}

/* Under the open leg; else the event's queue, the contact's last, that of its last handling. */
static void on_aside(walk_t *walk, size_t index) {
    const rs_event_t *event = walk->events[index];
    const leg_t *leg = open_leg(walk);
    place_t place = leg != NULL ? leg->place : place_at(walk, index);
    const handling_t *last = last_handling(walk);
    if (leg == NULL && place.queue.len == 0 && last != NULL) place.queue = last->place.queue;
    oracle_count_aside(walk->oracle, walk->events, index, walk->tenant, place, team_of(walk, event->team, event->agent));
}

static void on_event(walk_t *walk, size_t index) {
    const rs_event_t *event = walk->events[index];
    switch ((rs_event_type_t)event->type) {
        case RS_CONTACT_QUEUED: on_queued(walk, index); break;
        case RS_CONTACT_OFFERED:
        case RS_CONTACT_OFFER_FAILED: on_offer(walk, index); break;
        case RS_CONTACT_ANSWERED: on_answered(walk, index); break;
        case RS_CONTACT_HELD:
        case RS_CONTACT_RETRIEVED: on_hold(walk, event); break;
        case RS_CONTACT_TRANSFERRED: on_transferred(walk, index); break;
        case RS_CONTACT_ABANDONED:
        case RS_CONTACT_DEQUEUED: on_left_queue(walk, index); break;
        case RS_CONTACT_BLOCKED: on_blocked(walk, index); break;
        case RS_CONTACT_ENDED: on_ended(walk, index); break;
        case RS_CONTACT_WRAPUP_STARTED:
        case RS_CONTACT_WRAPUP_ENDED: on_wrapup(walk, event); break;
        case RS_SURVEY_ANSWERED: on_survey(walk, index); break;
        default: on_aside(walk, index); break;
    }
}

/* --- whole contacts -------------------------------------------------------------------------------------------------- */
/* Whether the time-out at `lost_us` comes before `event` in the total order. */
static bool lost_before(int64_t lost_us, const rs_event_t *event) {
    const rs_event_t synthetic = {.occurred_us = lost_us, .source = RS_STR("ringside")};
    return oracle_compare(&synthetic, event) < 0;
}

static void remember_open(walk_t *walk) {
    oracle_t *oracle = walk->oracle;
    const leg_t *leg = open_leg(walk);
    if (leg != NULL) {
        oracle_open_leg_t open = {.tenant = walk->tenant,
                                  .queue = leg->place.queue,
                                  .channel = leg->place.channel,
                                  .queued_us = leg->queued_us,
                                  .since_us = leg->since_us,
                                  .threshold_us = oracle_threshold_us(oracle->config, NULL, walk->tenant,
                                                                      leg->place.queue, leg->place.channel)};
        for (uint32_t slot = 0; slot < oracle->config->policy_count; slot++) {
            open.policy_threshold_us[slot] = oracle_threshold_us(oracle->config, &oracle->config->policies[slot],
                                                                 walk->tenant, leg->place.queue, leg->place.channel);
        }
        oracle->open_legs =
            oracle_grown(oracle->open_legs, oracle->open_leg_count, &oracle->open_leg_room, sizeof open);
        oracle->open_legs[oracle->open_leg_count++] = open;
    }
    const handling_t *handling = open_handling(walk);
    if (handling == NULL) return;
    oracle->open_handlings = oracle_grown(oracle->open_handlings, oracle->open_handling_count,
                                          &oracle->open_handling_room, sizeof *oracle->open_handlings);
    oracle->open_handlings[oracle->open_handling_count++] = (oracle_open_handling_t){.tenant = walk->tenant,
                                                                                     .queue = handling->place.queue,
                                                                                     .channel = handling->place.channel,
                                                                                     .agent = handling->agent,
                                                                                     .team = handling->team};
}

static rs_str_t journey_of(const rs_event_t **events, size_t event_count) {
    for (size_t i = 0; i < event_count; i++) {
        if (events[i]->journey_id.len != 0) return events[i]->journey_id;
    }
    return events[0]->contact_id;
}

/* Everything of the contact stands at its last ended or abandoned, else at its last event. */
static void close_contact(walk_t *walk, size_t first_fact) {
    oracle_t *oracle = walk->oracle;
    end_t end = {.tenant = walk->tenant, .journey = walk->journey, .ended_us = INT64_MIN, .last_us = walk->lost_us};
    for (size_t i = 0; i < walk->count; i++) {
        const rs_event_t *event = walk->events[i];
        if (event->occurred_us > end.last_us) end.last_us = event->occurred_us;
        if (event->type == RS_CONTACT_ENDED || event->type == RS_CONTACT_ABANDONED) end.ended_us = event->occurred_us;
    }
    const int64_t close_us = end.ended_us != INT64_MIN ? end.ended_us : end.last_us;
    for (size_t i = first_fact; i < oracle->fact_count; i++) oracle->facts[i].close_us = close_us;
    oracle->ends.items = oracle_grown(oracle->ends.items, oracle->ends.count, &oracle->ends.room, sizeof end);
    oracle->ends.items[oracle->ends.count++] = end;
}

void oracle_walk_contact(oracle_t *oracle, const rs_event_t **events, const size_t *ranks, size_t event_count) {
    walk_t walk = {.oracle = oracle,
                   .events = events,
                   .ranks = ranks,
                   .count = event_count,
                   .tenant = oracle_tenant_of(events[0]),
                   .journey = journey_of(events, event_count),
                   .lost_us = INT64_MIN};
    const size_t first_fact = oracle->fact_count;
    walk.claimed_by = calloc(event_count, sizeof *walk.claimed_by);
    walk.handlings = calloc(event_count, sizeof *walk.handlings);
    walk.wraps = calloc(event_count, sizeof *walk.wraps);
    RS_REQUIRE(walk.claimed_by != NULL && walk.handlings != NULL && walk.wraps != NULL);
    const int64_t limit_us = oracle->config->missing_end_us;
    for (size_t i = 0; i < event_count; i++) {
        if (limit_us > 0 && i > 0) {
            const int64_t lost_us = events[i - 1]->occurred_us + limit_us;
            if (lost_before(lost_us, events[i])) on_missing_end(&walk, lost_us, ranks[i]);
        }
        on_event(&walk, i);
    }
    const int64_t lost_us = events[event_count - 1]->occurred_us + limit_us;
    if (limit_us > 0 && lost_us <= oracle->end_us) on_missing_end(&walk, lost_us, SIZE_MAX);
    count_handle_times(&walk);
    close_contact(&walk, first_fact);
    remember_open(&walk);
    free(walk.claimed_by);
    free(walk.handlings);
    free(walk.wraps);
}
