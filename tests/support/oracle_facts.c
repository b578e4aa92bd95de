/* support/oracle_facts.c — what is counted: facts, the outcome of legs, verdicts of policies, journeys.
 *
 * doubt: marks a place where the rules leave two readings. */
#include "oracle_internal.h"

#include <stdlib.h>

void *oracle_grown(void *items, size_t count, size_t *room, size_t size) {
    if (count < *room) return items;
    *room = *room == 0 ? 32 : *room * 2;
    items = realloc(items, *room * size);
    RS_REQUIRE(items != NULL);
    return items;
}

rs_str_t oracle_tenant_of(const rs_event_t *event) {
    return event->tenant.len == 0 ? RS_STR("default") : event->tenant;
}

int64_t oracle_not_negative(int64_t value) { return value < 0 ? 0 : value; }

/* --- facts ---------------------------------------------------------------------------------------------------------- */
/* Agent and team rows: answered, in T, waits of answered legs, handled and times, transfers, offers; the rest null. */
static bool agents_carry(unsigned count) {
    switch (count) {
        case RS_COUNT_ANSWERED:
        case RS_COUNT_ANSWERED_IN_T:
        case RS_COUNT_WAIT_ANSWERED_US:
        case RS_COUNT_HANDLED:
        case RS_COUNT_HANDLED_SHORT:
        case RS_COUNT_HANDLING_LOST:
        case RS_COUNT_TALK_US:
        case RS_COUNT_HOLD_US:
        case RS_COUNT_WRAP_US:
        case RS_COUNT_HOLDS:
        case RS_COUNT_WRAPS:
        case RS_COUNT_OVERLAPPING_HANDLINGS: return true;
        default:
            /* CSAT, NPS and the rest of feedback. */
            if (count >= RS_COUNT_CSAT_RESPONSES && count <= RS_COUNT_COMPLAINTS_OVERDUE) return true;
            if (count >= RS_COUNT_CSAT_SCALE_MIN_MILLI && count <= RS_COUNT_CES_SCALE_SQUARES) return true;
            return (count >= RS_COUNT_OFFERS && count <= RS_COUNT_TRANSFERRED_OUT_OTHER) ||
                   (count >= RS_COUNT_FIRST_REPLIES && count <= RS_COUNT_RESOLUTION_CALENDAR_US);
    }
}

oracle_fact_t oracle_fact_at(const oracle_t *oracle, rs_str_t tenant, place_t place, int64_t event_us,
                             int64_t enter_us) {
    return (oracle_fact_t){.channel = place.channel,
                           .in_queue = true,
                           .in_total = true,
                           .event_us = event_us,
                           .enter_us = enter_us,
                           .threshold_us =
                               oracle_threshold_us(oracle->config, NULL, tenant, place.queue, place.channel),
                           .tenant = tenant,
                           .queue = place.queue};
}

oracle_fact_t oracle_with_agent(oracle_fact_t fact, rs_str_t agent, rs_str_t team) {
    fact.in_agent = fact.in_team = true;
    fact.agent = agent;
    fact.team = team;
    return fact;
}

void oracle_add(oracle_t *oracle, oracle_fact_t fact, oracle_fact_kind_t kind, unsigned id, int64_t value) {
    fact.kind = (uint8_t)kind;
    fact.id = (uint16_t)id;
    fact.value = value;
    if (kind == ORACLE_COUNT && !agents_carry(id)) fact.in_agent = fact.in_team = false;
    if (kind == ORACLE_DURATION && id == RS_HIST_WAIT_ABANDONED) fact.in_agent = fact.in_team = false;
    if (!fact.in_queue && !fact.in_total && !fact.in_agent) return;
    oracle->facts = oracle_grown(oracle->facts, oracle->fact_count, &oracle->fact_room, sizeof *oracle->facts);
    oracle->facts[oracle->fact_count++] = fact;
}

void oracle_add_count(oracle_t *oracle, oracle_fact_t fact, rs_count_t id, int64_t value) {
    if (value != 0) oracle_add(oracle, fact, ORACLE_COUNT, id, value);
}

/* --- service level -------------------------------------------------------------------------------------------------- */
static bool reaches(const rs_policy_t *policy, int64_t wait_us, int64_t limit_us) {
    return policy->compare_lt ? wait_us < limit_us : wait_us <= limit_us;
}

static rs_verdict_rule_t rule_of(const rs_config_t *config, const rs_policy_t *policy, rs_str_t tenant, place_t place,
                                 outcome_t outcome, uint8_t reason, int64_t wait_us) {
    if (outcome == ANSWERED) return RS_RULE_HIT_IF_WITHIN;
    if (outcome == CALLED_BACK) return (rs_verdict_rule_t)policy->callbacks;
    if (outcome == FLOWED_OUT) {
        return reason == RS_FLOW_LOST ? RS_RULE_EXCLUDE : (rs_verdict_rule_t)policy->flowed_out[reason];
    }
    const int64_t short_us = oracle_short_us(config, policy, tenant, place.queue, place.channel);
    if (policy->short_on && short_us > 0 && reaches(policy, wait_us, short_us))
        return (rs_verdict_rule_t)policy->short_rule;
    return (rs_verdict_rule_t)policy->abandoned;
}

void oracle_judge(oracle_t *oracle, oracle_fact_t fact, uint32_t slot, place_t place, outcome_t outcome, uint8_t reason,
                  int64_t wait_us) {
    const rs_policy_t *policy = &oracle->config->policies[slot];
    const int64_t threshold_us = oracle_threshold_us(oracle->config, policy, fact.tenant, place.queue, place.channel);
    const bool within = reaches(policy, wait_us, threshold_us);
    bool in_denominator = true, in_numerator = false;
    switch (rule_of(oracle->config, policy, fact.tenant, place, outcome, reason, wait_us)) {
        case RS_RULE_EXCLUDE: in_denominator = false; break;
        case RS_RULE_MISS: break;
        case RS_RULE_HIT: in_numerator = true; break;
        case RS_RULE_HIT_IF_WITHIN: in_numerator = within; break;
        case RS_RULE_EXCLUDE_IF_WITHIN: in_denominator = !within; break;
    }
    oracle_add_count(oracle, fact, (rs_count_t)(RS_COUNT_SL_NUM_0 + slot), in_numerator);
    oracle_add_count(oracle, fact, (rs_count_t)(RS_COUNT_SL_DEN_0 + slot), in_denominator);
}

/* --- legs ----------------------------------------------------------------------------------------------------------- */
static rs_count_t flow_count(uint8_t reason) {
    switch (reason) {
        case RS_FLOW_TIMEOUT: return RS_COUNT_FLOW_TIMEOUT;
        case RS_FLOW_EXIT_KEY: return RS_COUNT_FLOW_EXIT_KEY;
        case RS_FLOW_NO_AGENTS: return RS_COUNT_FLOW_NO_AGENTS;
        case RS_FLOW_OVERFLOW: return RS_COUNT_FLOW_OVERFLOW;
        case RS_FLOW_WITHDRAWN: return RS_COUNT_FLOW_WITHDRAWN;
        case RS_FLOW_VOICEMAIL: return RS_COUNT_FLOW_VOICEMAIL;
        case RS_FLOW_ERROR: return RS_COUNT_FLOW_ERROR;
        case RS_FLOW_REQUEUED: return RS_COUNT_FLOW_REQUEUED;
        case RS_FLOW_LOST: return RS_COUNT_FLOW_LOST;
        default: return RS_COUNT_FLOW_OTHER;
    }
}

void oracle_count_outcome(oracle_t *oracle, oracle_fact_t fact, const leg_t *leg) {
    const int64_t wait_us = leg->wait_us;
    const int64_t short_us = oracle_short_us(oracle->config, NULL, leg->tenant, leg->place.queue, leg->place.channel);
    const bool in_t = wait_us <= fact.threshold_us;
    switch (leg->outcome) {
        case ANSWERED:
            fact = oracle_with_agent(fact, leg->agent, leg->team);
            oracle_add_count(oracle, fact, RS_COUNT_ANSWERED, 1);
            oracle_add_count(oracle, fact, RS_COUNT_ANSWERED_IN_T, in_t);
            oracle_add_count(oracle, fact, RS_COUNT_WAIT_ANSWERED_US, wait_us);
            oracle_add(oracle, fact, ORACLE_DURATION, RS_HIST_WAIT_ANSWERED, wait_us);
            break;
        case ABANDONED:
            oracle_add_count(oracle, fact, RS_COUNT_ABANDONED, 1);
            oracle_add_count(oracle, fact, RS_COUNT_ABANDONED_IN_T, in_t);
            /* doubt: "S = 0 switches short off" is taken for the row's abandoned_short too. */
            oracle_add_count(oracle, fact, RS_COUNT_ABANDONED_SHORT, short_us > 0 && wait_us <= short_us);
            oracle_add_count(oracle, fact, RS_COUNT_WAIT_ABANDONED_US, wait_us);
            oracle_add(oracle, fact, ORACLE_DURATION, RS_HIST_WAIT_ABANDONED, wait_us);
            break;
        case FLOWED_OUT:
            oracle_add_count(oracle, fact, RS_COUNT_FLOWED_OUT, 1);
            oracle_add_count(oracle, fact, RS_COUNT_FLOWED_OUT_IN_T, in_t);
            oracle_add_count(oracle, fact, flow_count(leg->reason), 1);
            break;
        case CALLED_BACK:
            oracle_add_count(oracle, fact, RS_COUNT_CALLBACKS, 1);
            oracle_add_count(oracle, fact, RS_COUNT_CALLBACKS_IN_T, in_t);
            break;
        case STILL_OPEN: break;
    }
    const int64_t before_us = oracle_not_negative(leg->counted_us - fact.threshold_us); /* counted with the leg that was given up */
    oracle_add_count(oracle, fact, RS_COUNT_EXCESS_US, oracle_not_negative(oracle_not_negative(wait_us - fact.threshold_us) - before_us));
    /* The longest wait is of closed legs of the row; an agent's row has its answered legs only. */
    oracle_add(oracle, fact, ORACLE_WAIT, 0, wait_us);
}

/* --- journeys -------------------------------------------------------------------------------------------------------- */
static bool same_journey(const leg_t *a, rs_str_t tenant, rs_str_t journey) {
    return rs_str_equal(a->tenant, tenant) && rs_str_equal(a->journey, journey);
}

/* One verdict per journey: at its first answer, or at the end of its last leg if it was never answered; the wait is from its
 * first queued to that; it belongs to the first leg's queue.
 * doubt: a direct answer counts as its first answer, even before the first leg (the wait is 0 then); the last leg is the one
 * that ends last, and there is no verdict while a leg is open; when the first leg is the one that decides,
 * its wait is the leg's own (wait_ms included). */
static void judge_journey(oracle_t *oracle, const leg_t *first) {
    const leg_t *last = first;
    bool over = true;
    for (size_t i = 0; i < oracle->legs.count; i++) {
        const leg_t *leg = &oracle->legs.items[i];
        if (!same_journey(leg, first->tenant, first->journey)) continue;
        if (leg->queued_rank < first->queued_rank) return; /* `first` is not the first */
        if (leg->outcome == STILL_OPEN) over = false;
        /* A lost leg is closed by no event of the input: its moment comes first, the rank only among equals. */
        const bool later = leg->closed_us != last->closed_us ? leg->closed_us > last->closed_us : leg->closed_rank > last->closed_rank;
        if (later) last = leg;
    }
    const answer_t *end = NULL;
    for (size_t i = 0; i < oracle->answers.count; i++) {
        const answer_t *answer = &oracle->answers.items[i];
        if (!same_journey(first, answer->tenant, answer->journey)) continue;
        if (end == NULL || answer->rank < end->rank) end = answer;
    }
    outcome_t outcome = ANSWERED;
    uint8_t reason = RS_FLOW_NONE;
    int64_t at_us;
    if (end != NULL) {
        at_us = end->at_us;
    } else if (over) {
        at_us = last->closed_us;
        outcome = last->outcome;
        reason = last->reason;
    } else {
        return;
    }
    const int64_t wait_us = oracle_not_negative(at_us - first->queued_us);
    oracle_fact_t fact = oracle_fact_at(oracle, first->tenant, first->place, at_us, first->queued_us);
    fact.close_us = oracle_journey_close_us(oracle, first->tenant, first->journey);
    fact.threshold_us = -1; /* the verdict may stand in a row with none of the journey's legs: no T of that row */
    for (uint32_t slot = 0; slot < oracle->config->policy_count; slot++) {
        if (oracle->config->policies[slot].unit_journey)
            oracle_judge(oracle, fact, slot, first->place, outcome, reason, wait_us);
    }
}

void oracle_judge_journeys(oracle_t *oracle) {
    for (size_t i = 0; i < oracle->legs.count; i++) judge_journey(oracle, &oracle->legs.items[i]);
}
