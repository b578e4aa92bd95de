/* Schedules: which plan holds when. */
#include "core/agent/agent_internal.h"

static rs_agent_plan_t *plan_at(const rs_agents_t *agents, uint32_t number) { return rs_pool_at(&agents->plans, number); }

/* --- reading -------------------------------------------------------------------------------------------------------- */
static void until(int64_t *until_us, int64_t bound_us, int64_t at_us) {
    if (bound_us > at_us && bound_us < *until_us) *until_us = bound_us;
}

const rs_plan_now_t *rs_agent_plan_at(rs_agents_t *agents, rs_agent_t *agent, int64_t at_us) {
    rs_plan_now_t *now = &agent->plan;
    if (now->from_us <= at_us && at_us < now->until_us) return now;
    *now = (rs_plan_now_t){.from_us = at_us, .until_us = INT64_MAX};
    for (uint32_t number = agent->plans; number != 0; number = plan_at(agents, number)->node.next) {
        const rs_agent_plan_t *plan = plan_at(agents, number);
        const int64_t bounds_us[] = {plan->from_us, plan->to_us, plan->day_from_us, plan->day_to_us};
        for (unsigned i = 0; i < RS_ARRAY_LEN(bounds_us); i++) until(&now->until_us, bounds_us[i], at_us);
        if (plan->day_from_us <= at_us && at_us < plan->day_to_us) now->has_day = true;
        if (at_us < plan->from_us || at_us >= plan->to_us) continue;
        now->kind = plan->kind;
        now->activity = plan->node.code;
    }
    return now;
}

/* --- taking --------------------------------------------------------------------------------------------------------- */
static bool is_among(const rs_str_t *names, uint32_t count, rs_str_t name) {
    for (uint32_t i = 0; i < count; i++) {
        if (rs_str_equal(names[i], name)) return true;
    }
    return false;
}

static rs_plan_kind_t kind_of(const rs_agents_t *agents, uint32_t activity) {
    const rs_staff_config_t *staff = &agents->config->staff;
    const rs_str_t name = rs_names_text(&agents->account->directory->names, activity);
    if (is_among(staff->break_activities, staff->break_count, name)) return RS_PLAN_BREAK;
    return is_among(staff->absent_activities, staff->absent_count, name) ? RS_PLAN_ABSENT : RS_PLAN_WORK;
}

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

/* False: it says nothing of any time that it may reach. */
static bool read_plan(const rs_agents_t *agents, const rs_agent_event_t *event, rs_agent_plan_t *plan) {
    const int64_t reach_us = event->at_us - agents->lateness_us;
    const int64_t from_us = event->has_from ? event->from_us : event->at_us;
    if (!event->has_to || event->to_us <= from_us || event->to_us <= reach_us) return false;
    const rs_zone_t *zone = agents->config->zone;
    *plan = (rs_agent_plan_t){.from_us = later(from_us, reach_us), .to_us = event->to_us, .kind = (uint8_t)kind_of(agents, event->code)};
    plan->day_from_us = later(rs_zone_day_start_us(zone, plan->from_us), reach_us);
    plan->day_to_us = rs_zone_next_day_us(zone, plan->to_us - 1);
    return true;
}

static void free_plan(rs_agents_t *agents, uint32_t number) {
    if (plan_at(agents, number)->node.id != 0) rs_pool_give(&agents->texts, plan_at(agents, number)->node.id);
    rs_pool_give(&agents->plans, number);
}

static void remove_after(rs_agents_t *agents, rs_agent_t *agent, uint32_t previous) {
    uint32_t *link = previous == 0 ? &agent->plans : &plan_at(agents, previous)->node.next;
    const uint32_t number = *link;
    *link = plan_at(agents, number)->node.next;
    free_plan(agents, number);
    agent->plan_count--;
}

/* Removes what `gone` says of; the cached plan is read anew. */
static void remove_plans(rs_agents_t *agents, rs_agent_t *agent, bool (*gone)(const rs_agent_plan_t *plan, const void *context),
                         const void *context) {
    uint32_t previous = 0, number = agent->plans;
    agent->plan.until_us = INT64_MIN;
    while (number != 0) {
        const uint32_t next = plan_at(agents, number)->node.next;
        if (gone(plan_at(agents, number), context)) remove_after(agents, agent, previous);
        else previous = number;
        number = next;
    }
}

static bool ends_by(const rs_agent_plan_t *plan, const void *context) {
    const int64_t *at_us = context;
    return plan->day_to_us <= *at_us;
}

void rs_agent_drop_plans(rs_agents_t *agents, rs_agent_t *agent) {
    if (agent->plans != 0 && agent->base_last.at_us != INT64_MIN) remove_plans(agents, agent, ends_by, &agent->base_last.at_us);
}

static bool begins_later(const rs_agent_plan_t *plan, const void *context) {
    const int64_t *at_us = context;
    return plan->day_from_us >= *at_us;
}

static void bring_forward(int64_t *bound_us, int64_t at_us) {
    if (*bound_us > at_us) *bound_us = at_us;
}

void rs_agent_end_plans(rs_agents_t *agents, uint32_t number, int64_t at_us) {
    rs_agent_t *agent = rs_agent_at(agents, number);
    const int64_t end_us = later(at_us, agent->counted_until_us);
    remove_plans(agents, agent, begins_later, &end_us);
    for (uint32_t next = agent->plans; next != 0; next = plan_at(agents, next)->node.next) {
        rs_agent_plan_t *plan = plan_at(agents, next);
        bring_forward(&plan->from_us, end_us);
        bring_forward(&plan->to_us, end_us);
        bring_forward(&plan->day_to_us, end_us);
    }
    rs_agent_publish(agents, number);
}

/* Room for one more: when there are too many, those go that only a source which lags far behind could bring back. */
static bool make_room(rs_agents_t *agents, rs_agent_t *agent) {
    if (agent->plan_count < agents->max_events) return true;
    if (agents->settled_us == INT64_MIN) return false;
    const int64_t old_us = agents->settled_us - 2 * agents->lateness_us;
    remove_plans(agents, agent, ends_by, &old_us);
    return agent->plan_count < agents->max_events;
}

/* Nothing is left of a plan that a later one covers, its days included (they end no sooner when it ends no sooner). */
static bool covers(const rs_agent_plan_t *outer, const rs_agent_plan_t *inner) {
    return outer->from_us <= inner->from_us && outer->to_us >= inner->to_us && outer->day_from_us <= inner->day_from_us;
}

static void insert(rs_agents_t *agents, rs_agent_t *agent, uint32_t number) {
    rs_agent_plan_t *plan = plan_at(agents, number);
    uint32_t previous = 0, next = agent->plans;
    while (next != 0 && rs_agent_compare(agents, &plan_at(agents, next)->node, &plan->node) <= 0) {
        const uint32_t after = plan_at(agents, next)->node.next;
        if (covers(plan, plan_at(agents, next))) remove_after(agents, agent, previous);
        else previous = next;
        next = after;
    }
    plan->node.next = next;
    if (previous == 0) agent->plans = number; else plan_at(agents, previous)->node.next = number;
    agent->plan_count++;
    agent->plan.until_us = INT64_MIN;
}

rs_refusal_t rs_agent_take_plan(rs_agents_t *agents, uint32_t number, const rs_agent_event_t *event) {
    rs_agent_t *agent = rs_agent_at(agents, number);
    rs_agent_plan_t read;
    if (!read_plan(agents, event, &read)) {
        agents->odd.empty_plans++;
        return RS_REFUSAL_NONE;
    }
    const bool is_folded = agent->base_last.at_us != INT64_MIN && read.day_from_us < agent->base_last.at_us;
    if (is_folded) return RS_REFUSAL_TOO_LATE;
    const uint32_t place = make_room(agents, agent) ? rs_pool_take(&agents->plans) : 0;
    if (place == 0) return RS_REFUSAL_LIMIT;
    rs_agent_plan_t *plan = plan_at(agents, place);
    *plan = read;
    plan->node = (rs_agent_node_t){.at_us = event->at_us, .seq = event->seq, .session = event->session, .code = event->code,
                                   .type = event->type, .has_seq = event->has_seq};
    if (!rs_agent_keep_text(agents, &plan->node, event->event_id)) {
        rs_pool_give(&agents->plans, place);
        return RS_REFUSAL_LIMIT;
    }
    const int64_t counted_us = agent->counted_until_us;
    const bool is_counted = plan->day_from_us < counted_us;
    if (is_counted) rs_agent_count(agents, agent, plan->day_from_us, counted_us, -1);
    insert(agents, agent, place);
    if (is_counted) rs_agent_count(agents, agent, read.day_from_us, counted_us, 1);
    rs_agent_publish(agents, number);
    return RS_REFUSAL_NONE;
}
