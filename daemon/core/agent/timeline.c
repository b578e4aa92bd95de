/* From events to time: which state holds when, and what a stretch of it counts. */
#include "core/agent/agent_internal.h"

#include "core/change.h"

/* --- the state ------------------------------------------------------------------------------------------------------ */
static bool is_logged_in(const rs_agent_status_t *status) {
    return status->state != RS_AGENT_NONE && status->state != RS_AGENT_OFFLINE;
}

/* When nothing was heard for too long; INT64_MAX: never. */
static int64_t expiry_of(const rs_agents_t *agents, const rs_agent_status_t *status) {
    return agents->expire_us > 0 && is_logged_in(status) ? status->sign_us + agents->expire_us : INT64_MAX;
}

static void expire(rs_agent_status_t *status, int64_t at_us) {
    status->state = RS_AGENT_OFFLINE;
    status->reason = 0;
    status->since_us = at_us;
    status->expired = true;
}

void rs_status_step(const rs_agents_t *agents, rs_agent_status_t *status, const rs_agent_node_t *node) {
    const int64_t expiry_us = expiry_of(agents, status);
    if (expiry_us < node->at_us) expire(status, expiry_us);
    status->sign_us = node->at_us;
    if (node->team != 0) status->team = node->team;
    if (node->type != RS_AGENT_STATE) return;
    if (node->state != status->state || node->code != status->reason) {
        status->since_us = node->at_us;
        status->reason = node->code;
        status->state = node->state;
    }
    status->expired = false;
}

/* --- what a moment counts ------------------------------------------------------------------------------------------- */
static const uint8_t state_counts[RS_AGENT_STATE_COUNT] = {
    [RS_AGENT_OTHER] = RS_COUNT_CUSTOM_US, [RS_AGENT_AVAILABLE] = RS_COUNT_AVAILABLE_US, [RS_AGENT_RINGING] = RS_COUNT_RINGING_US,
    [RS_AGENT_ON_CONTACT] = RS_COUNT_ON_CONTACT_US, [RS_AGENT_HOLD] = RS_COUNT_ON_HOLD_US, [RS_AGENT_WRAPUP] = RS_COUNT_WRAPPING_US,
    [RS_AGENT_BREAK] = RS_COUNT_BREAK_US, [RS_AGENT_CUSTOM] = RS_COUNT_CUSTOM_US};

static void change_of_time(rs_change_t *change, unsigned state, const rs_plan_now_t *plan, int64_t us) {
    const bool logged_in = state != RS_AGENT_OFFLINE, working = logged_in && state != RS_AGENT_BREAK;
    rs_change_begin(change, NULL);
    if (logged_in) {
        rs_change_count(change, RS_COUNT_LOGGED_IN_US, us);
        rs_change_count(change, state_counts[state], us);
    }
    const bool plans_work = plan->kind == RS_PLAN_WORK, plans_break = plan->kind == RS_PLAN_BREAK;
    const bool works_outside = working && !plans_work && !plans_break && plan->has_day;
    if (!plans_work && !plans_break && !works_outside) return;
    rs_change_count(change, RS_COUNT_PLANNED_US, us);
    if (plans_work) rs_change_count(change, RS_COUNT_PLANNED_WORK_US, us);
    if (working) rs_change_count(change, RS_COUNT_WORKED_US, us);
    if (working != plans_work) rs_change_count(change, RS_COUNT_OUT_OF_PLAN_US, us);
}

static void post(rs_agents_t *agents, rs_agent_t *agent, const rs_change_t *change, uint32_t team, int64_t at_us, int sign) {
    uint32_t keys[3] = {agent->agent_key, agent->total_key}, count = 2;
    if (team != 0) {
        if (team != agent->team) {
            agent->team = team;
            agent->team_key = rs_directory_key(agents->account->directory, RS_FAMILY_TEAM, agent->tenant, team, 0);
        }
        keys[count++] = agent->team_key;
    }
    agents->posts++;
    rs_account_post(agents->account, change, at_us, keys, count, sign);
}

/* All time of one slot and row interval is counted at the same moment, so that it can be taken back in other pieces than those
 * in which it was counted. */
typedef struct rs_time_cell { int64_t at_us, end_us; } rs_time_cell_t;
static rs_time_cell_t cell_of(const rs_agents_t *agents, int64_t at_us) {
    int64_t start_us, length_us;
    rs_interval_of(&agents->account->rows->spec, at_us, &start_us, &length_us);
    rs_time_cell_t cell = {.at_us = start_us, .end_us = length_us == 0 ? INT64_MAX : start_us + length_us};
    const int64_t slot_us = at_us - at_us % RS_SLOT_US;
    if (agents->account->windows == NULL) return cell;
    if (slot_us > cell.at_us) cell.at_us = slot_us;
    if (slot_us + RS_SLOT_US < cell.end_us) cell.end_us = slot_us + RS_SLOT_US;
    return cell;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static void count_state(rs_agents_t *agents, rs_agent_t *agent, const rs_agent_status_t *status, int64_t from_us, int64_t to_us,
                        int sign) {
    if (status->state == RS_AGENT_NONE) return;
    while (from_us < to_us) {
        const rs_plan_now_t *plan = rs_agent_plan_at(agents, agent, from_us);
        const bool counts = status->state != RS_AGENT_OFFLINE || plan->kind == RS_PLAN_WORK || plan->kind == RS_PLAN_BREAK;
        int64_t end_us = least(to_us, plan->until_us);
        if (counts) {
            const rs_time_cell_t cell = cell_of(agents, from_us);
            rs_change_t change;
            end_us = least(end_us, cell.end_us);
            change_of_time(&change, status->state, plan, end_us - from_us);
            post(agents, agent, &change, status->team, cell.at_us, sign);
        }
        from_us = end_us;
    }
}

/* The status holds from `from` on, until `to` at most: no event is between. */
static void count_status(rs_agents_t *agents, rs_agent_t *agent, rs_agent_status_t *status, int64_t from_us, int64_t to_us, int sign) {
    const int64_t expiry_us = expiry_of(agents, status);
    if (expiry_us >= to_us) {
        count_state(agents, agent, status, from_us, to_us, sign);
        return;
    }
    count_state(agents, agent, status, from_us, expiry_us, sign);
    rs_change_t change;
    rs_change_begin(&change, NULL);
    rs_change_count(&change, RS_COUNT_STATES_EXPIRED, 1);
    post(agents, agent, &change, status->team, cell_of(agents, expiry_us).at_us, sign);
    expire(status, expiry_us);
    count_state(agents, agent, status, expiry_us, to_us, sign);
}

rs_agent_status_t rs_agent_count(rs_agents_t *agents, rs_agent_t *agent, int64_t from_us, int64_t to_us, int sign) {
    rs_agent_status_t status = agent->base;
    uint32_t number = agent->head;
    for (; number != 0 && rs_agent_node_at(agents, number)->at_us <= from_us; number = rs_agent_node_at(agents, number)->next) {
        rs_status_step(agents, &status, rs_agent_node_at(agents, number));
    }
    const int64_t expiry_us = expiry_of(agents, &status);
    if (expiry_us < from_us) expire(&status, expiry_us);
    for (; number != 0; number = rs_agent_node_at(agents, number)->next) {
        const rs_agent_node_t *node = rs_agent_node_at(agents, number);
        if (from_us < node->at_us) count_status(agents, agent, &status, from_us, node->at_us, sign);
        rs_status_step(agents, &status, node);
        from_us = node->at_us;
    }
    if (from_us < to_us) count_status(agents, agent, &status, from_us, to_us, sign);
    return status;
}

void rs_agent_count_on(rs_agents_t *agents, rs_agent_t *agent, int64_t to_us) {
    if (agent->counted_until_us != INT64_MIN && agent->counted_until_us < to_us) {
        count_status(agents, agent, &agent->now, agent->counted_until_us, to_us, 1);
    }
    if (agent->counted_until_us < to_us) agent->counted_until_us = to_us;
}

bool rs_agent_is_running(const rs_agent_t *agent) {
    return is_logged_in(&agent->now) || (agent->now.state == RS_AGENT_OFFLINE && agent->plans != 0);
}
