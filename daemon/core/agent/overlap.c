/* Handlings of one agent at the same time. */
#include "core/agent/agent_internal.h"

static rs_agent_handled_t *handled_at(const rs_agents_t *agents, uint32_t number) { return rs_pool_at(&agents->handled, number); }

static void count(rs_agents_t *agents, const rs_agent_t *agent, rs_agent_handled_t *handled, int sign) {
    const rs_fact_t fact = {.type = RS_FACT_OVERLAPPING, .queue = handled->queue, .channel = handled->channel, .agent = agent->name,
                            .team = handled->team, .at_us = handled->end_us, .enter_us = handled->enter_us};
    handled->overlaps = sign > 0;
    rs_account_facts(agents->account, agent->tenant, &fact, 1, sign);
}

/* By start, the longer first; then by what says where it is counted, so that those who change places are alike. */
static int compare(const rs_agents_t *agents, const rs_agent_handled_t *a, const rs_agent_handled_t *b) {
    if (a->start_us != b->start_us) return a->start_us < b->start_us ? -1 : 1;
    if (a->end_us != b->end_us) return a->end_us > b->end_us ? -1 : 1;
    if (a->enter_us != b->enter_us) return a->enter_us < b->enter_us ? -1 : 1;
    if (a->channel != b->channel) return a->channel < b->channel ? -1 : 1;
    const rs_names_t *names = &agents->account->directory->names;
    const int order = rs_str_compare(rs_names_text(names, a->queue), rs_names_text(names, b->queue));
    return order != 0 ? order : rs_str_compare(rs_names_text(names, a->team), rs_names_text(names, b->team));
}

static bool overlaps(const rs_agents_t *agents, const rs_agent_handled_t *handled, int64_t end_us) {
    return end_us != INT64_MIN && handled->start_us + agents->clock_skew_us < end_us;
}

/* Each that begins before the greatest end of those before it. */
static void recount(rs_agents_t *agents, rs_agent_t *agent) {
    int64_t end_us = agent->handled_end_us;
    for (uint32_t number = agent->handled; number != 0;) {
        rs_agent_handled_t *handled = handled_at(agents, number);
        const bool does = overlaps(agents, handled, end_us);
        if (does != handled->overlaps) count(agents, agent, handled, does ? 1 : -1);
        if (handled->end_us > end_us) end_us = handled->end_us;
        number = handled->next;
    }
    agent->greatest_end_us = end_us;
}

static int64_t first_open_us(const rs_agents_t *agents, const rs_agent_t *agent) {
    int64_t first_us = INT64_MAX;
    for (uint32_t number = agent->open; number != 0;) {
        const rs_contact_t *contact = rs_contacts_at(agents->contacts, number);
        if (contact->staff_since_us < first_us) first_us = contact->staff_since_us;
        number = contact->staff_next;
    }
    return first_us;
}

static void let_first_go(rs_agents_t *agents, rs_agent_t *agent) {
    const uint32_t number = agent->handled;
    const rs_agent_handled_t *first = handled_at(agents, number);
    if (first->end_us > agent->handled_end_us) agent->handled_end_us = first->end_us;
    agent->handled = first->next;
    if (agent->handled == 0) agent->handled_tail = 0;
    agent->handled_count--;
    rs_pool_give(&agents->handled, number);
}

/* What no handling can overlap any more goes, from the front. A few always stay, for sources that lag far behind. */
static void let_go(rs_agents_t *agents, rs_agent_t *agent) {
    if (agents->settled_us == INT64_MIN || agent->handled_count < RS_HANDLED_ALWAYS) return;
    const int64_t first_us = first_open_us(agents, agent);
    int64_t before_us = agents->settled_us - agents->lateness_us - agents->clock_skew_us;
    if (first_us < before_us) before_us = first_us;
    while (agent->handled_count >= RS_HANDLED_ALWAYS && handled_at(agents, agent->handled)->end_us < before_us) let_first_go(agents, agent);
}

/* True when it is the last: nothing else is changed by it. */
static bool insert(rs_agents_t *agents, rs_agent_t *agent, uint32_t number) {
    rs_agent_handled_t *handled = handled_at(agents, number);
    const bool is_last = agent->handled_tail == 0 || compare(agents, handled_at(agents, agent->handled_tail), handled) <= 0;
    uint32_t previous = is_last ? agent->handled_tail : 0, next = is_last ? 0 : agent->handled;
    while (next != 0 && compare(agents, handled_at(agents, next), handled) <= 0) {
        previous = next;
        next = handled_at(agents, next)->next;
    }
    handled->next = next;
    if (previous == 0) agent->handled = number; else handled_at(agents, previous)->next = number;
    if (next == 0) agent->handled_tail = number;
    agent->handled_count++;
    return is_last;
}

static void add(rs_agents_t *agents, rs_agent_t *agent, const rs_agent_handled_t *wanted) {
    if (agent->handled_count >= RS_HANDLED_KEPT) let_first_go(agents, agent);
    uint32_t number = rs_pool_take(&agents->handled);
    if (number == 0 && agent->handled != 0) {
        let_first_go(agents, agent);
        number = rs_pool_take(&agents->handled);
    }
    if (number == 0) {
        agents->odd.no_room++;
        return;
    }
    rs_agent_handled_t *handled = handled_at(agents, number);
    *handled = *wanted;
    if (!insert(agents, agent, number)) {
        recount(agents, agent);
        return;
    }
    if (overlaps(agents, handled, agent->greatest_end_us)) count(agents, agent, handled, 1);
    if (handled->end_us > agent->greatest_end_us) agent->greatest_end_us = handled->end_us;
}

static void take_out(rs_agents_t *agents, rs_agent_t *agent, const rs_agent_handled_t *wanted) {
    for (uint32_t previous = 0, number = agent->handled; number != 0; previous = number, number = handled_at(agents, number)->next) {
        rs_agent_handled_t *handled = handled_at(agents, number);
        if (compare(agents, handled, wanted) != 0) continue;
        if (handled->overlaps) count(agents, agent, handled, -1);
        if (previous == 0) agent->handled = handled->next; else handled_at(agents, previous)->next = handled->next;
        if (agent->handled_tail == number) agent->handled_tail = previous;
        agent->handled_count--;
        rs_pool_give(&agents->handled, number);
        recount(agents, agent);
        return;
    }
}

void rs_agent_handled(rs_agents_t *agents, uint32_t number, const rs_fact_t *fact, int sign) {
    rs_agent_t *agent = rs_agent_at(agents, number);
    const rs_agent_handled_t handled = {.queue = fact->queue, .team = fact->team, .channel = fact->channel,
                                        .start_us = fact->begin_us, .end_us = fact->at_us, .enter_us = fact->enter_us};
    let_go(agents, agent);
    if (sign > 0) add(agents, agent, &handled);
    else take_out(agents, agent, &handled);
}
