/* Agents as bytes: their kept events and plans, handlings that are kept for overlaps, queues, and the list as it was published. How
 * long an agent may be silent, lateness and skew are those that the state was begun with: what was counted by them must be taken back
 * by them. */
#include "core/agent/agent_internal.h"
#include "core/parts_state.h"

static const rs_state_field_t agents_fields[] = {
    RS_STATE_REBUILT(rs_agents_t, settings), RS_STATE_REBUILT(rs_agents_t, config), RS_STATE_REBUILT(rs_agents_t, account),
    RS_STATE_REBUILT(rs_agents_t, contacts), RS_STATE_REBUILT(rs_agents_t, agents), RS_STATE_REBUILT(rs_agents_t, nodes),
    RS_STATE_REBUILT(rs_agents_t, texts), RS_STATE_REBUILT(rs_agents_t, plans), RS_STATE_REBUILT(rs_agents_t, handled),
    RS_STATE_REBUILT(rs_agents_t, queues), RS_STATE_REBUILT(rs_agents_t, staff), RS_STATE_REBUILT(rs_agents_t, index),
    RS_STATE_REBUILT(rs_agents_t, staff_index), RS_STATE_REBUILT(rs_agents_t, live),
    RS_STATE_FIELD(rs_agents_t, settled_us, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_agents_t, swept_us, RS_BOUND_OR_NONE),
    RS_STATE_FIELD(rs_agents_t, sweep_to_us, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_agents_t, sweep_at, RS_BOUND_AGENT),
    RS_STATE_REBUILT(rs_agents_t, max_events), RS_STATE_FIELD(rs_agents_t, expire_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_agents_t, lateness_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_agents_t, clock_skew_us, RS_BOUND_TIME),
    RS_STATE_REBUILT(rs_agents_t, any_joined), RS_STATE_FIELD(rs_agents_t, posts, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_agents_t, odd.left_unjoined, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_agents_t, odd.joined_twice, RS_BOUND_ANY), RS_STATE_FIELD(rs_agents_t, odd.empty_plans, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_agents_t, odd.no_room, RS_BOUND_ANY)};
static const rs_state_table_t agents_table = RS_STATE_TABLE(rs_agents_t, "agents", agents_fields);

#define STATUS_FIELDS(place, text) \
    RS_STATE_FIELD_AS(rs_agent_t, place since_us, text "since_us", RS_BOUND_TIME), \
    RS_STATE_FIELD_AS(rs_agent_t, place sign_us, text "sign_us", RS_BOUND_TIME), \
    RS_STATE_FIELD_AS(rs_agent_t, place reason, text "reason", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(rs_agent_t, place team, text "team", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(rs_agent_t, place state, text "state", RS_BOUND_AGENT_STATE), \
    RS_STATE_FIELD_AS(rs_agent_t, place expired, text "expired", RS_BOUND_ANY)
static const rs_state_field_t agent_fields[] = {
    RS_STATE_FIELD(rs_agent_t, tenant, RS_BOUND_NAME), RS_STATE_FIELD(rs_agent_t, name, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_agent_t, agent_key, RS_BOUND_KEY), RS_STATE_FIELD(rs_agent_t, total_key, RS_BOUND_KEY),
    RS_STATE_FIELD(rs_agent_t, team, RS_BOUND_NAME), RS_STATE_FIELD(rs_agent_t, team_key, RS_BOUND_KEY),
    RS_STATE_FIELD(rs_agent_t, head, RS_BOUND_AGENT_NODE), RS_STATE_FIELD(rs_agent_t, tail, RS_BOUND_AGENT_NODE),
    RS_STATE_FIELD(rs_agent_t, node_count, RS_BOUND_ANY), RS_STATE_FIELD(rs_agent_t, plans, RS_BOUND_AGENT_PLAN),
    RS_STATE_FIELD(rs_agent_t, plan_count, RS_BOUND_ANY), RS_STATE_FIELD(rs_agent_t, queues, RS_BOUND_AGENT_QUEUE),
    RS_STATE_FIELD(rs_agent_t, queue_count, RS_BOUND_ANY), RS_STATE_FIELD(rs_agent_t, joined_count, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_agent_t, joined, RS_BOUND_NAME), RS_STATE_FIELD(rs_agent_t, handled, RS_BOUND_AGENT_HANDLED),
    RS_STATE_FIELD(rs_agent_t, handled_tail, RS_BOUND_AGENT_HANDLED), RS_STATE_FIELD(rs_agent_t, handled_count, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_agent_t, open, RS_BOUND_CONTACT), RS_STATE_FIELD(rs_agent_t, open_count, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_agent_t, duty, RS_BOUND_DUTY), STATUS_FIELDS(base., "base."), STATUS_FIELDS(now., "now."),
    RS_STATE_ORDER_FIELDS(rs_agent_t, base_last., "base_last."), RS_STATE_FIELD(rs_agent_t, counted_until_us, RS_BOUND_OR_NONE),
    RS_STATE_FIELD(rs_agent_t, handled_end_us, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_agent_t, greatest_end_us, RS_BOUND_OR_NONE),
    RS_STATE_REBUILT(rs_agent_t, plan)};
static const rs_state_table_t agent_table = RS_STATE_TABLE(rs_agent_t, "agent", agent_fields);

#define NODE_FIELDS(struct_type, place, text, next_bound) \
    RS_STATE_FIELD_AS(struct_type, place next, text "next", next_bound), \
    RS_STATE_FIELD_AS(struct_type, place id, text "id", RS_BOUND_AGENT_TEXT), \
    RS_STATE_FIELD_AS(struct_type, place at_us, text "at_us", RS_BOUND_TIME), \
    RS_STATE_FIELD_AS(struct_type, place kept_us, text "kept_us", RS_BOUND_TIME), \
    RS_STATE_FIELD_AS(struct_type, place seq, text "seq", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(struct_type, place session, text "session", RS_BOUND_SESSION), \
    RS_STATE_FIELD_AS(struct_type, place code, text "code", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(struct_type, place queue, text "queue", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(struct_type, place team, text "team", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(struct_type, place type, text "type", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(struct_type, place state, text "state", RS_BOUND_AGENT_STATE), \
    RS_STATE_FIELD_AS(struct_type, place has_seq, text "has_seq", RS_BOUND_ANY)
static const rs_state_field_t node_fields[] = {NODE_FIELDS(rs_agent_node_t, , "", RS_BOUND_AGENT_NODE)};
static const rs_state_table_t node_table = RS_STATE_TABLE(rs_agent_node_t, "event", node_fields);

static const rs_state_field_t text_fields[] = {
    RS_STATE_FIELD(rs_event_text_t, next, RS_BOUND_ANY), RS_STATE_FIELD(rs_event_text_t, len, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_event_text_t, bytes, RS_BOUND_ANY)};
static const rs_state_table_t text_table = RS_STATE_TABLE(rs_event_text_t, "text", text_fields);

static const rs_state_field_t plan_fields[] = {
    NODE_FIELDS(rs_agent_plan_t, node., "", RS_BOUND_AGENT_PLAN), RS_STATE_FIELD(rs_agent_plan_t, from_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_agent_plan_t, to_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_agent_plan_t, day_from_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_agent_plan_t, day_to_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_agent_plan_t, kind, RS_BOUND_PLAN_KIND)};
static const rs_state_table_t plan_table = RS_STATE_TABLE(rs_agent_plan_t, "plan", plan_fields);

static const rs_state_field_t handled_fields[] = {
    RS_STATE_FIELD(rs_agent_handled_t, next, RS_BOUND_AGENT_HANDLED), RS_STATE_FIELD(rs_agent_handled_t, queue, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_agent_handled_t, team, RS_BOUND_NAME), RS_STATE_FIELD(rs_agent_handled_t, channel, RS_BOUND_CHANNEL),
    RS_STATE_FIELD(rs_agent_handled_t, overlaps, RS_BOUND_ANY), RS_STATE_FIELD(rs_agent_handled_t, start_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_agent_handled_t, end_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_agent_handled_t, enter_us, RS_BOUND_TIME)};
static const rs_state_table_t handled_table = RS_STATE_TABLE(rs_agent_handled_t, "handled", handled_fields);

static const rs_state_field_t queue_fields[] = {
    RS_STATE_FIELD(rs_agent_queue_t, next, RS_BOUND_AGENT_QUEUE), RS_STATE_FIELD(rs_agent_queue_t, agent, RS_BOUND_AGENT),
    RS_STATE_FIELD(rs_agent_queue_t, staff, RS_BOUND_STAFF), RS_STATE_FIELD(rs_agent_queue_t, queue, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_agent_queue_t, older, RS_BOUND_AGENT_QUEUE),
    RS_STATE_FIELD(rs_agent_queue_t, younger, RS_BOUND_AGENT_QUEUE), RS_STATE_FIELD(rs_agent_queue_t, joined, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_agent_queue_t, is_recent, RS_BOUND_ANY), RS_STATE_FIELD(rs_agent_queue_t, handled_us, RS_BOUND_OR_NONE)};
static const rs_state_table_t queue_table = RS_STATE_TABLE(rs_agent_queue_t, "queue", queue_fields);

static const rs_state_field_t staff_fields[] = {
    RS_STATE_FIELD(rs_queue_staff_t, tenant, RS_BOUND_NAME), RS_STATE_FIELD(rs_queue_staff_t, queue, RS_BOUND_NAME),
    RS_STATE_ARRAY(rs_queue_staff_t, members, RS_BOUND_ANY), RS_STATE_ARRAY(rs_queue_staff_t, recents, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_queue_staff_t, oldest, RS_BOUND_AGENT_QUEUE), RS_STATE_FIELD(rs_queue_staff_t, youngest, RS_BOUND_AGENT_QUEUE),
    RS_STATE_FIELD(rs_queue_staff_t, was_joined, RS_BOUND_ANY)};
static const rs_state_table_t staff_table = RS_STATE_TABLE(rs_queue_staff_t, "staff", staff_fields);

static const rs_state_field_t live_fields[] = {
    RS_STATE_FIELD(rs_agent_live_t, since_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_agent_live_t, counted_until_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_agent_live_t, last_event_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_agent_live_t, open_since_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_agent_live_t, plan_until_us, RS_BOUND_WRAPS), RS_STATE_FIELD(rs_agent_live_t, tenant, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_agent_live_t, agent, RS_BOUND_NAME), RS_STATE_FIELD(rs_agent_live_t, team, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_agent_live_t, reason, RS_BOUND_NAME), RS_STATE_FIELD(rs_agent_live_t, activity, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_agent_live_t, queue_count, RS_BOUND_ANY), RS_STATE_ARRAY(rs_agent_live_t, queues, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_agent_live_t, open, RS_BOUND_ANY), RS_STATE_FIELD(rs_agent_live_t, state, RS_BOUND_AGENT_STATE),
    RS_STATE_FIELD(rs_agent_live_t, expired, RS_BOUND_ANY), RS_STATE_FIELD(rs_agent_live_t, unused, RS_BOUND_ANY)};
static const rs_state_table_t live_table = RS_STATE_TABLE(rs_agent_live_t, "live", live_fields);

/* --- saving ------------------------------------------------------------------------------------------------------------ */
/* The list is saved as it is shown: what it says of the plan is as old as the agent's last event or sweep. */
static void put_live(rs_state_writer_t *writer, const rs_agents_t *agents, uint32_t place) {
    rs_agent_live_t live;
    const int status = rs_live_read(&agents->live, place, &live);
    if (status == RS_OK) rs_state_put_item(writer, &live_table, &live);
    else rs_state_fail(writer, status);
}

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_agents_t *agents = core->agents;
    rs_state_put_item(writer, &agents_table, agents);
    rs_state_put_pool(writer, &agent_table, &agents->agents);
    rs_state_put_pool(writer, &node_table, &agents->nodes);
    rs_state_put_pool(writer, &text_table, &agents->texts);
    rs_state_put_pool(writer, &plan_table, &agents->plans);
    rs_state_put_pool(writer, &handled_table, &agents->handled);
    rs_state_put_pool(writer, &queue_table, &agents->queues);
    rs_state_put_pool(writer, &staff_table, &agents->staff);
    for (uint32_t place = 0; place < agents->agents.made; place++) put_live(writer, agents, place);
}

/* --- loading ----------------------------------------------------------------------------------------------------------- */
static void find_again(rs_agents_t *agents, rs_state_reader_t *reader) {
    for (uint32_t number = 1; number <= agents->agents.made; number++) {
        if (!rs_agent_restore(agents, number)) rs_state_refuse(reader, RS_ERR_PARSE, "an agent is there twice");
    }
    for (uint32_t number = 1; number <= agents->staff.made; number++) {
        if (!rs_staff_restore(agents, number)) rs_state_refuse(reader, RS_ERR_PARSE, "the staff of a queue is there twice");
    }
}

static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_agents_t *agents = core->agents;
    rs_state_get_item(reader, &agents_table, agents);
    rs_state_get_pool(reader, &agent_table, &agents->agents, "limits.agent_keys");
    rs_state_get_pool(reader, &node_table, &agents->nodes, "limits.agent_keys");
    rs_state_get_pool(reader, &text_table, &agents->texts, "limits.agent_keys");
    rs_state_get_pool(reader, &plan_table, &agents->plans, "limits.agent_keys");
    rs_state_get_pool(reader, &handled_table, &agents->handled, "limits.agent_keys");
    rs_state_get_pool(reader, &queue_table, &agents->queues, "limits.agent_keys");
    rs_state_get_pool(reader, &staff_table, &agents->staff, "limits.queue_keys");
    const bool are_all = agents->agents.live == agents->agents.made && agents->staff.live == agents->staff.made &&
                         agents->queues.live == agents->queues.made;
    if (!are_all) rs_state_refuse(reader, RS_ERR_PARSE, "an agent was given back");
    if (rs_state_is_good(reader)) find_again(agents, reader);
    for (uint32_t place = 0; place < agents->agents.made && rs_state_is_good(reader); place++) {
        rs_agent_live_t live = {0};
        rs_agent_at(agents, place + 1)->plan.until_us = INT64_MIN;
        rs_state_get_item(reader, &live_table, &live);
        if (rs_state_is_good(reader)) rs_live_write(&agents->live, place, &live);
    }
}

/* --- looking ----------------------------------------------------------------------------------------------------------- */
typedef struct looking {
    const rs_agents_t *agents;
    rs_state_claims_t agent, node, text, plan, handled, queue, staff, contact, recent;
} looking_t;

static bool id_is_right(looking_t *look, const rs_agent_node_t *node) {
    if (node->id == 0) return true;
    if (!rs_state_claim(&look->text, node->id)) return false;
    return ((const rs_event_text_t *)rs_pool_at(&look->agents->texts, node->id))->len <= RS_MAX_NAME;
}

static bool events_are_right(looking_t *look, const rs_agent_t *agent) {
    uint32_t last = 0, count = 0;
    for (uint32_t number = agent->head; number != 0; count++) {
        if (!rs_state_claim(&look->node, number)) return false;
        const rs_agent_node_t *node = rs_agent_node_at(look->agents, number);
        if (!id_is_right(look, node) || node->at_us > agent->counted_until_us) return false;
        last = number;
        number = node->next;
    }
    return count == agent->node_count && last == agent->tail;
}

static bool plans_are_right(looking_t *look, const rs_agent_t *agent) {
    uint32_t count = 0;
    for (uint32_t number = agent->plans; number != 0; count++) {
        if (!rs_state_claim(&look->plan, number)) return false;
        const rs_agent_plan_t *plan = rs_pool_at(&look->agents->plans, number);
        if (!id_is_right(look, &plan->node)) return false;
        number = plan->node.next;
    }
    return count == agent->plan_count;
}

static bool handled_are_right(looking_t *look, const rs_agent_t *agent) {
    uint32_t last = 0, count = 0;
    for (uint32_t number = agent->handled; number != 0; count++) {
        if (!rs_state_claim(&look->handled, number)) return false;
        last = number;
        number = ((const rs_agent_handled_t *)rs_pool_at(&look->agents->handled, number))->next;
    }
    return count == agent->handled_count && last == agent->handled_tail;
}

static bool queues_are_right(looking_t *look, const rs_agent_t *agent, uint32_t agent_number) {
    uint32_t count = 0;
    for (uint32_t number = agent->queues; number != 0; count++) {
        if (!rs_state_claim(&look->queue, number)) return false;
        const rs_agent_queue_t *queue = rs_pool_at(&look->agents->queues, number);
        if (queue->agent != agent_number || queue->staff == 0) return false;
        if (((const rs_queue_staff_t *)rs_pool_at(&look->agents->staff, queue->staff))->queue != queue->queue) return false;
        number = queue->next;
    }
    return count == agent->queue_count;
}

static bool open_are_right(looking_t *look, const rs_agent_t *agent, uint32_t agent_number) {
    uint32_t count = 0;
    for (uint32_t number = agent->open; number != 0; count++) {
        if (!rs_state_claim(&look->contact, number)) return false;
        const rs_contact_t *contact = rs_contacts_at(look->agents->contacts, number);
        if (contact->staff_agent != agent_number) return false;
        number = contact->staff_next;
    }
    return count == agent->open_count;
}

/* Time is counted from somewhere as soon as a state is known. */
static bool time_is_right(const rs_agent_t *agent, int64_t limit_us) {
    const bool is_known = agent->now.state != RS_AGENT_NONE || agent->base.state != RS_AGENT_NONE;
    return agent->counted_until_us == INT64_MIN ? !is_known : agent->counted_until_us >= 0 && agent->counted_until_us < limit_us;
}

static bool recents_are_right(looking_t *look, uint32_t staff_number) {
    const rs_queue_staff_t *staff = rs_pool_at(&look->agents->staff, staff_number);
    uint32_t before = 0;
    for (uint32_t number = staff->oldest; number != 0;) {
        if (!rs_state_claim(&look->recent, number)) return false;
        const rs_agent_queue_t *queue = rs_pool_at(&look->agents->queues, number);
        if (!queue->is_recent || queue->staff != staff_number || queue->older != before) return false;
        before = number;
        number = queue->younger;
    }
    return staff->youngest == before;
}

static uint32_t contacts_with_agents(const looking_t *look) {
    uint32_t count = 0;
    for (uint32_t number = 1; number <= look->agents->contacts->contacts.made; number++) {
        count += !rs_state_is_free(&look->contact, number) && rs_contacts_at(look->agents->contacts, number)->staff_agent != 0;
    }
    return count;
}

static bool all_is_right(looking_t *look, int64_t limit_us) {
    const rs_agents_t *agents = look->agents;
    const uint32_t with_agents = contacts_with_agents(look), contacts_left = look->contact.left;
    uint32_t recents = 0;
    for (uint32_t number = 1; number <= agents->agents.made; number++) {
        const rs_agent_t *agent = rs_agent_at(agents, number);
        const bool right = events_are_right(look, agent) && plans_are_right(look, agent) && handled_are_right(look, agent) &&
                           queues_are_right(look, agent, number) && open_are_right(look, agent, number) && time_is_right(agent, limit_us);
        if (!right) return false;
    }
    for (uint32_t number = 1; number <= agents->queues.made; number++) {
        recents += ((const rs_agent_queue_t *)rs_pool_at(&agents->queues, number))->is_recent;
    }
    for (uint32_t number = 1; number <= agents->staff.made; number++) {
        if (!recents_are_right(look, number)) return false;
    }
    return contacts_left - look->contact.left == with_agents && agents->queues.made - look->recent.left == recents &&
           look->node.left == 0 && look->text.left == 0 && look->plan.left == 0 && look->handled.left == 0 && look->queue.left == 0;
}

static bool times_are_right(const rs_agents_t *agents, int64_t limit_us) {
    const int64_t times_us[] = {agents->settled_us, agents->swept_us, agents->sweep_to_us};
    bool right = true;
    for (size_t i = 0; i < RS_ARRAY_LEN(times_us); i++) {
        right = right && (times_us[i] == INT64_MIN || (times_us[i] >= 0 && times_us[i] < limit_us));
    }
    return right;
}

static bool check_pools(rs_state_reader_t *reader, const rs_state_bounds_t *bounds, looking_t *look) {
    const rs_agents_t *agents = look->agents;
    return rs_state_check_pool(reader, bounds, &agent_table, &agents->agents, &look->agent) &&
           rs_state_check_pool(reader, bounds, &node_table, &agents->nodes, &look->node) &&
           rs_state_check_pool(reader, bounds, &text_table, &agents->texts, &look->text) &&
           rs_state_check_pool(reader, bounds, &plan_table, &agents->plans, &look->plan) &&
           rs_state_check_pool(reader, bounds, &handled_table, &agents->handled, &look->handled) &&
           rs_state_check_pool(reader, bounds, &queue_table, &agents->queues, &look->queue) &&
           rs_state_check_pool(reader, bounds, &staff_table, &agents->staff, &look->staff) &&
           rs_state_claims_begin(&look->recent, &agents->queues) == RS_OK &&
           rs_state_claims_begin(&look->contact, &agents->contacts->contacts) == RS_OK;
}

static void check_live(const rs_agents_t *agents, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    for (uint32_t place = 0; place < agents->agents.made; place++) {
        rs_agent_live_t live;
        if (rs_live_read(&agents->live, place, &live) == RS_OK) rs_state_check_item(reader, bounds, &live_table, &live);
    }
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    const rs_agents_t *agents = core->agents;
    const int64_t limit_us = (int64_t)bounds->below[RS_BOUND_TIME];
    looking_t look = {.agents = agents};
    rs_state_check_item(reader, bounds, &agents_table, agents);
    check_live(agents, reader, bounds);
    const bool bounded = check_pools(reader, bounds, &look);
    if (rs_state_is_good(reader) && !(bounded && times_are_right(agents, limit_us) && all_is_right(&look, limit_us))) {
        rs_state_refuse(reader, RS_ERR_PARSE, "the agents do not hang together");
    }
    rs_state_claims_t *const claims[] = {&look.agent, &look.node, &look.text, &look.plan, &look.handled,
                                         &look.queue, &look.staff, &look.contact, &look.recent};
    for (size_t i = 0; i < RS_ARRAY_LEN(claims); i++) rs_state_claims_end(claims[i]);
}

const rs_state_part_t rs_state_agents_part = {
    .name = "agents", .version = 1, .table_count = 9,
    .tables = {&agents_table, &agent_table, &node_table, &text_table, &plan_table, &handled_table, &queue_table, &staff_table, &live_table},
    .save = save, .load = load, .check = check};
