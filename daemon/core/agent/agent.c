#include "core/agent/agent_internal.h"

#include "core/hash.h"

#include <stdlib.h>

/* --- making and ending ---------------------------------------------------------------------------------------------- */
static uint32_t at_most(uint64_t wanted) { return wanted < UINT32_MAX / 2 ? (uint32_t)wanted : UINT32_MAX / 2; }

static int create_pools(rs_agents_t *agents, const rs_limits_t *limits) {
    const uint64_t max = limits->agent_keys;
    if (rs_pool_init(&agents->agents, sizeof(rs_agent_t), (uint32_t)max) != RS_OK ||
        rs_pool_init(&agents->nodes, sizeof(rs_agent_node_t), at_most(max * 32)) != RS_OK ||
        rs_pool_init(&agents->texts, sizeof(rs_event_text_t), at_most(max * 32)) != RS_OK ||
        rs_pool_init(&agents->plans, sizeof(rs_agent_plan_t), at_most(max * 32)) != RS_OK ||
        rs_pool_init(&agents->handled, sizeof(rs_agent_handled_t), at_most(max * 32)) != RS_OK ||
        rs_pool_init(&agents->queues, sizeof(rs_agent_queue_t), at_most(max * 16)) != RS_OK ||
        rs_pool_init(&agents->staff, sizeof(rs_queue_staff_t), limits->queue_keys) != RS_OK ||
        rs_index_init(&agents->index, (uint32_t)max) != RS_OK || rs_index_init(&agents->staff_index, limits->queue_keys) != RS_OK ||
        rs_live_init(&agents->live, (uint32_t)max) != RS_OK) return RS_ERR_MEMORY;
    return RS_OK;
}

int rs_agents_create(const rs_agents_settings_t *settings, rs_agents_t **agents_out) {
    rs_agents_t *agents = calloc(1, sizeof *agents);
    if (agents == NULL) return RS_ERR_MEMORY;
    agents->settings = *settings;
    agents->config = settings->config;
    agents->account = settings->account;
    agents->contacts = settings->contacts;
    agents->max_events = settings->config->limits.contact_events;
    agents->expire_us = settings->config->staff.expire_us;
    agents->lateness_us = settings->config->lateness_us;
    agents->clock_skew_us = settings->config->clock_skew_us;
    agents->settled_us = agents->swept_us = INT64_MIN;
    if (create_pools(agents, &settings->config->limits) != RS_OK) rs_agents_destroy(&agents);
    *agents_out = agents;
    return agents == NULL ? RS_ERR_MEMORY : RS_OK;
}

void rs_agents_destroy(rs_agents_t **agents_ref) {
    rs_agents_t *agents = *agents_ref;
    if (agents == NULL) return;
    rs_pool_t *const pools[] = {&agents->agents, &agents->nodes, &agents->texts, &agents->plans,
                                &agents->handled, &agents->queues, &agents->staff};
    for (size_t i = 0; i < RS_ARRAY_LEN(pools); i++) rs_pool_deinit(pools[i]);
    rs_index_deinit(&agents->index);
    rs_index_deinit(&agents->staff_index);
    rs_live_deinit(&agents->live);
    free(agents);
    *agents_ref = NULL;
}

void rs_agents_configure(rs_agents_t *agents, const rs_config_t *config) { agents->config = config; }

/* --- finding --------------------------------------------------------------------------------------------------------- */
static uint64_t agent_hash(uint32_t tenant, uint32_t name) { return rs_hash_mix((uint64_t)tenant << 32 | name); }

static void prefetch_agent(const rs_agent_t *agent) {
    const unsigned char *bytes = (const unsigned char *)agent;
    for (size_t at = 0; at < sizeof *agent; at += 64) __builtin_prefetch(bytes + at, 1);
    __builtin_prefetch(bytes + sizeof *agent - 1, 1);   /* agents need not stand at cache lines */
}

void rs_agents_prefetch_place(const rs_agents_t *agents, uint32_t tenant, uint32_t name) {
    __builtin_prefetch(&agents->index.slots[rs_index_begin(&agents->index, agent_hash(tenant, name))]);
}

uint32_t rs_agents_prefetch(const rs_agents_t *agents, uint32_t tenant, uint32_t name) {
    const uint64_t hash = agent_hash(tenant, name);
    uint32_t cursor = rs_index_begin(&agents->index, hash);
    const uint32_t number = rs_index_next(&agents->index, hash, &cursor);
    if (number != 0) prefetch_agent(rs_agent_at(agents, number));
    return number;
}

void rs_agents_prefetch_around(const rs_agents_t *agents, uint32_t number) {
    const rs_agent_t *agent = rs_agent_at(agents, number);
    rs_account_prefetch(agents->account, agent->agent_key);
    if (agent->head != 0) __builtin_prefetch(rs_agent_node_at(agents, agent->head));
    if (agent->tail != 0) __builtin_prefetch(rs_agent_node_at(agents, agent->tail), 1);
    if (agent->queues != 0) __builtin_prefetch(rs_pool_at(&agents->queues, agent->queues), 1);
    rs_live_prefetch(&agents->live, number - 1);
}

bool rs_agent_restore(rs_agents_t *agents, uint32_t number) {
    const rs_agent_t *agent = rs_agent_at(agents, number);
    const uint64_t hash = agent_hash(agent->tenant, agent->name);
    uint32_t cursor = rs_index_begin(&agents->index, hash), other;
    while ((other = rs_index_next(&agents->index, hash, &cursor)) != 0) {
        if (rs_agent_at(agents, other)->name == agent->name && rs_agent_at(agents, other)->tenant == agent->tenant) return false;
    }
    rs_index_add(&agents->index, hash, number);
    return true;
}

static uint32_t find_known(const rs_agents_t *agents, uint32_t tenant, uint32_t name) {
    const uint64_t hash = agent_hash(tenant, name);
    uint32_t cursor = rs_index_begin(&agents->index, hash), number;
    while ((number = rs_index_next(&agents->index, hash, &cursor)) != 0) {
        prefetch_agent(rs_agent_at(agents, number));
        if (rs_agent_at(agents, number)->name == name && rs_agent_at(agents, number)->tenant == tenant) return number;
    }
    return 0;
}

/* An agent without a name of its own (past the limit of names) is nobody in particular. */
uint32_t rs_agent_find(rs_agents_t *agents, uint32_t tenant, uint32_t name) {
    const uint32_t known = find_known(agents, tenant, name);
    if (known != 0 || name == RS_NAMES_OVERFLOW) return known;
    const uint32_t number = rs_pool_take(&agents->agents);
    if (number == 0) return 0;
    rs_agent_t *agent = rs_agent_at(agents, number);
    agent->tenant = tenant;
    agent->name = name;
    agent->agent_key = rs_directory_key(agents->account->directory, RS_FAMILY_AGENT, tenant, name, 0);
    agent->total_key = rs_directory_key(agents->account->directory, RS_FAMILY_TOTAL, tenant, 0, 0);
    agent->base_last.at_us = agent->counted_until_us = agent->handled_end_us = agent->greatest_end_us = INT64_MIN;
    agent->plan.until_us = INT64_MIN;
    agent->duty = RS_DUTY_AVAILABLE;
    rs_index_add(&agents->index, agent_hash(tenant, name), number);
    rs_agent_publish(agents, number);
    return number;
}

/* --- the total order ------------------------------------------------------------------------------------------------- */
static rs_order_t order_of(const rs_agent_node_t *node) {
    return (rs_order_t){.at_us = node->at_us, .seq = node->has_seq ? node->seq : 0, .session = node->session, .has_seq = node->has_seq};
}

static rs_str_t text_of(const rs_agents_t *agents, const rs_agent_node_t *node) {
    if (node->id == 0) return (rs_str_t){0};
    const rs_event_text_t *text = rs_pool_at(&agents->texts, node->id);
    return (rs_str_t){.data = text->bytes, .len = text->len};
}

int rs_agent_compare(const rs_agents_t *agents, const rs_agent_node_t *a, const rs_agent_node_t *b) {
    const rs_order_t left = order_of(a), right = order_of(b);
    const int order = rs_contacts_compare(agents->contacts, &left, &right);
    return order != 0 ? order : rs_str_compare(text_of(agents, a), text_of(agents, b));
}

bool rs_agent_keep_text(rs_agents_t *agents, rs_agent_node_t *node, rs_str_t event_id) {
    if (event_id.len == 0 || event_id.len > RS_MAX_NAME) return true;
    node->id = rs_pool_take(&agents->texts);
    if (node->id == 0) return false;
    rs_event_text_t *text = rs_pool_at(&agents->texts, node->id);
    text->len = (uint8_t)event_id.len;
    memcpy(text->bytes, event_id.data, event_id.len);
    return true;
}

/* --- kept events ----------------------------------------------------------------------------------------------------- */
static void free_node(rs_agents_t *agents, uint32_t number) {
    if (rs_agent_node_at(agents, number)->id != 0) rs_pool_give(&agents->texts, rs_agent_node_at(agents, number)->id);
    rs_pool_give(&agents->nodes, number);
}

static void fold_oldest(rs_agents_t *agents, rs_agent_t *agent) {
    const uint32_t number = agent->head;
    const rs_agent_node_t *node = rs_agent_node_at(agents, number);
    rs_status_step(agents, &agent->base, node);
    agent->base_last = order_of(node);
    agent->head = node->next;
    if (agent->head == 0) agent->tail = 0;
    agent->node_count--;
    free_node(agents, number);
}

static void fold_due(rs_agents_t *agents, rs_agent_t *agent) {
    if (agents->settled_us == INT64_MIN) return;
    const int64_t until_us = agents->settled_us - 2 * agents->lateness_us;
    while (agent->head != 0 && rs_agent_node_at(agents, agent->head)->kept_us <= until_us) fold_oldest(agents, agent);
}

static uint32_t keep_event(rs_agents_t *agents, rs_agent_t *agent, const rs_agent_event_t *event) {
    if (agent->node_count >= agents->max_events) fold_oldest(agents, agent);
    uint32_t number = rs_pool_take(&agents->nodes);
    if (number == 0 && agent->head != 0) {
        fold_oldest(agents, agent);
        number = rs_pool_take(&agents->nodes);
    }
    if (number == 0) return 0;
    rs_agent_node_t *node = rs_agent_node_at(agents, number);
    const uint32_t team = event->team != 0 ? event->team : agents->settings.team_of(agents->settings.context, event->tenant, event->agent);
    *node = (rs_agent_node_t){.at_us = event->at_us, .kept_us = event->at_us > agents->settled_us ? event->at_us : agents->settled_us,
                              .seq = event->seq, .session = event->session, .code = event->code, .queue = event->queue, .team = team,
                              .type = event->type, .state = event->state == RS_AGENT_NONE ? RS_AGENT_OTHER : event->state,
                              .has_seq = event->has_seq};
    if (rs_agent_keep_text(agents, node, event->event_id)) return number;
    rs_pool_give(&agents->nodes, number);
    return 0;
}

static void insert(rs_agents_t *agents, rs_agent_t *agent, uint32_t number) {
    rs_agent_node_t *node = rs_agent_node_at(agents, number);
    uint32_t previous = 0, next = agent->head;
    while (next != 0 && rs_agent_compare(agents, rs_agent_node_at(agents, next), node) <= 0) {
        previous = next;
        next = rs_agent_node_at(agents, next)->next;
    }
    node->next = next;
    if (previous == 0) agent->head = number; else rs_agent_node_at(agents, previous)->next = number;
    if (next == 0) agent->tail = number;
    agent->node_count++;
}

static void append(rs_agents_t *agents, rs_agent_t *agent, uint32_t number) {
    if (agent->tail == 0) agent->head = number; else rs_agent_node_at(agents, agent->tail)->next = number;
    agent->tail = number;
    agent->node_count++;
}

/* --- taking ---------------------------------------------------------------------------------------------------------- */
static void take_in_place(rs_agents_t *agents, rs_agent_t *agent, uint32_t number) {
    const rs_agent_node_t *node = rs_agent_node_at(agents, number);
    const int64_t at_us = node->at_us, counted_us = agent->counted_until_us > at_us ? agent->counted_until_us : at_us;
    const bool is_last = agent->tail == 0 || rs_agent_compare(agents, rs_agent_node_at(agents, agent->tail), node) <= 0;
    if (is_last && agent->counted_until_us <= at_us) {
        rs_agent_count_on(agents, agent, at_us);
        append(agents, agent, number);
        rs_status_step(agents, &agent->now, node);
        return;
    }
    rs_agent_count(agents, agent, at_us, counted_us, -1);
    insert(agents, agent, number);
    agent->now = rs_agent_count(agents, agent, at_us, counted_us, 1);
}

/* What a later event says of the same queue stands. */
static bool is_last_of_queue(const rs_agents_t *agents, uint32_t number) {
    const rs_agent_node_t *node = rs_agent_node_at(agents, number);
    for (uint32_t after = node->next; after != 0; after = rs_agent_node_at(agents, after)->next) {
        const rs_agent_node_t *later = rs_agent_node_at(agents, after);
        if (later->type != RS_AGENT_STATE && later->queue == node->queue) return false;
    }
    return true;
}

/* Of whom one hears late only: time has passed the boundary already that everybody is counted up to. */
static void catch_up(rs_agents_t *agents, uint32_t place) {
    rs_agent_t *agent = rs_agent_at(agents, place);
    const int64_t to_us = agents->sweep_at > place ? agents->sweep_to_us : agents->swept_us;
    if (agent->counted_until_us < to_us && rs_agent_is_running(agent)) rs_agent_count_on(agents, agent, to_us);
}

rs_refusal_t rs_agents_take(rs_agents_t *agents, const rs_agent_event_t *event) {
    const uint32_t place = rs_agent_find(agents, event->tenant, event->agent);
    if (place == 0) return RS_REFUSAL_LIMIT;
    rs_agent_t *agent = rs_agent_at(agents, place);
    rs_agents_prefetch_around(agents, place);
    fold_due(agents, agent);
    if (event->type == RS_AGENT_SCHEDULED) return rs_agent_take_plan(agents, place, event);
    const uint32_t number = keep_event(agents, agent, event);
    if (number == 0) return RS_REFUSAL_LIMIT;
    const rs_agent_node_t *node = rs_agent_node_at(agents, number);
    const rs_order_t order = order_of(node);
    if (agent->base_last.at_us != INT64_MIN && rs_contacts_compare(agents->contacts, &order, &agent->base_last) < 0) {
        free_node(agents, number);
        return RS_REFUSAL_TOO_LATE;
    }
    take_in_place(agents, agent, number);
    catch_up(agents, place);
    if (node->type != RS_AGENT_STATE && node->queue != 0 && is_last_of_queue(agents, number)) {
        rs_agent_change_queue(agents, place, node->queue, node->type == RS_AGENT_QUEUE_JOINED);
    }
    rs_agent_settle_duty(agents, place);
    rs_agent_publish(agents, place);
    return RS_REFUSAL_NONE;
}

void rs_agents_sign_off(rs_agents_t *agents, uint32_t tenant, uint32_t name, int64_t at_us) {
    const uint32_t number = find_known(agents, tenant, name);
    if (number == 0) return;
    const rs_agent_event_t gone = {.tenant = tenant, .agent = name, .type = RS_AGENT_STATE, .state = RS_AGENT_OFFLINE, .at_us = at_us};
    const uint8_t state = rs_agent_at(agents, number)->now.state;
    if (state != RS_AGENT_NONE && state != RS_AGENT_OFFLINE && rs_agents_take(agents, &gone) != RS_REFUSAL_NONE) agents->odd.no_room++;
    rs_agent_end_plans(agents, number, at_us);
}

void rs_agents_facts(rs_agents_t *agents, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign) {
    for (uint32_t i = 0; i < count; i++) {
        if (facts[i].type != RS_FACT_HANDLED || facts[i].agent == 0) continue;
        const uint32_t number = rs_agent_find(agents, tenant, facts[i].agent);
        if (number == 0) {
            agents->odd.no_room++;
            continue;
        }
        rs_agent_handled(agents, number, &facts[i], sign);
        if (sign > 0) rs_agent_worked_in(agents, number, facts[i].queue, facts[i].at_us);
    }
}

/* --- time ------------------------------------------------------------------------------------------------------------ */
/* True when the agent is counted up to `to_us`. */
static bool count_agent(rs_agents_t *agents, uint32_t number, int64_t to_us, uint32_t *budget) {
    rs_agent_t *agent = rs_agent_at(agents, number);
    const uint8_t state = agent->now.state;
    const bool has_time = agent->counted_until_us != INT64_MIN && agent->counted_until_us < to_us;
    (*budget)--;
    while (rs_agent_is_running(agent) && agent->counted_until_us < to_us) {
        const uint64_t posts = agents->posts;
        const int64_t slot_us = agent->counted_until_us - agent->counted_until_us % RS_SLOT_US + RS_SLOT_US;
        rs_agent_count_on(agents, agent, slot_us < to_us ? slot_us : to_us);
        const uint64_t spent = agents->posts - posts;
        if (spent >= *budget) break;
        *budget -= (uint32_t)spent;
    }
    const bool is_done = !rs_agent_is_running(agent) || agent->counted_until_us >= to_us;
    if (is_done && has_time) rs_agent_count_on(agents, agent, to_us);
    if (!is_done) *budget = 0;
    if (agent->now.state != state) rs_agent_settle_duty(agents, number);
    if (has_time || agent->plans != 0) rs_agent_publish(agents, number);   /* a plan begins, also of who is not there */
    return is_done;
}

bool rs_agents_advance(rs_agents_t *agents, int64_t settled_us, uint32_t budget) {
    if (settled_us > agents->settled_us) agents->settled_us = settled_us;
    if (agents->sweep_at == 0) {
        const int64_t boundary_us = agents->settled_us - agents->settled_us % RS_SLOT_US;
        if (agents->settled_us < 0 || boundary_us <= agents->swept_us) return true;
        agents->sweep_at = 1;
        agents->sweep_to_us = boundary_us;
    }
    while (budget > 0 && agents->sweep_at <= agents->agents.made) {
        if (agents->sweep_at + 3 <= agents->agents.made) prefetch_agent(rs_agent_at(agents, agents->sweep_at + 3));
        if (agents->sweep_at + 1 <= agents->agents.made) rs_agents_prefetch_around(agents, agents->sweep_at + 1);
        fold_due(agents, rs_agent_at(agents, agents->sweep_at));
        rs_agent_drop_plans(agents, rs_agent_at(agents, agents->sweep_at));
        if (count_agent(agents, agents->sweep_at, agents->sweep_to_us, &budget)) agents->sweep_at++;
    }
    if (agents->sweep_at <= agents->agents.made) return false;
    agents->swept_us = agents->sweep_to_us;
    agents->sweep_at = 0;
    return true;
}

void rs_agents_count_until(rs_agents_t *agents, int64_t until_us) {
    for (uint32_t number = 1; number <= agents->agents.made; number++) {
        uint32_t budget = UINT32_MAX;
        while (!count_agent(agents, number, until_us, &budget)) budget = UINT32_MAX;
    }
}

/* --- showing --------------------------------------------------------------------------------------------------------- */
static int64_t or_zero(int64_t at_us) { return at_us == INT64_MIN ? 0 : at_us; }

static void tell_open(const rs_agents_t *agents, const rs_agent_t *agent, rs_agent_live_t *live) {
    live->open = agent->open_count > UINT16_MAX ? UINT16_MAX : (uint16_t)agent->open_count;
    for (uint32_t number = agent->open; number != 0;) {
        const rs_contact_t *contact = rs_contacts_at(agents->contacts, number);
        if (live->open_since_us == 0 || contact->staff_since_us < live->open_since_us) live->open_since_us = contact->staff_since_us;
        number = contact->staff_next;
    }
}

static void tell_plan(rs_agents_t *agents, rs_agent_t *agent, rs_agent_live_t *live) {
    const int64_t at_us = agent->counted_until_us > agents->settled_us ? agent->counted_until_us : agents->settled_us;
    if (agent->plans == 0 || at_us == INT64_MIN) return;
    const rs_plan_now_t *plan = rs_agent_plan_at(agents, agent, at_us);
    live->activity = plan->activity;
    live->plan_until_us = plan->kind == RS_PLAN_NONE ? 0 : plan->until_us;
}

void rs_agent_publish(rs_agents_t *agents, uint32_t number) {
    rs_agent_t *agent = rs_agent_at(agents, number);
    const rs_agent_status_t *now = &agent->now;
    rs_agent_live_t live = {.since_us = now->since_us, .counted_until_us = or_zero(agent->counted_until_us),
                            .last_event_us = now->sign_us, .tenant = agent->tenant, .agent = agent->name, .team = now->team,
                            .reason = now->reason, .state = now->state, .expired = now->expired};
    tell_open(agents, agent, &live);
    live.queue_count = agent->joined_count;
    memcpy(live.queues, agent->joined, sizeof live.queues);
    tell_plan(agents, agent, &live);
    rs_live_write(&agents->live, number - 1, &live);
}

uint32_t rs_agents_published(const rs_agents_t *agents) { return rs_live_count(&agents->live); }
int rs_agents_read(const rs_agents_t *agents, uint32_t place, rs_agent_live_t *live) { return rs_live_read(&agents->live, place, live); }
rs_agents_odd_t rs_agents_odd(const rs_agents_t *agents) { return agents->odd; }

uint64_t rs_agents_bytes(const rs_agents_t *agents) {
    const rs_pool_t *const pools[] = {&agents->agents, &agents->nodes, &agents->texts, &agents->plans,
                                      &agents->handled, &agents->queues, &agents->staff};
    uint64_t bytes = sizeof *agents + rs_index_bytes(&agents->index) + rs_index_bytes(&agents->staff_index) +
                     (uint64_t)rs_live_count(&agents->live) * sizeof(rs_live_entry_t);
    for (size_t i = 0; i < RS_ARRAY_LEN(pools); i++) bytes += rs_pool_bytes(pools[i]);
    return bytes;
}

/* --- checking -------------------------------------------------------------------------------------------------------- */
static const char *what_is_wrong(rs_agents_t *agents, rs_agent_t *agent) {
    rs_agent_status_t status = agent->base;
    uint32_t count = 0;
    for (uint32_t number = agent->head, before = 0; number != 0; before = number, number = rs_agent_node_at(agents, number)->next) {
        const rs_agent_node_t *node = rs_agent_node_at(agents, number);
        if (before != 0 && rs_agent_compare(agents, rs_agent_node_at(agents, before), node) > 0) {
            return "an agent's events are out of order";
        }
        if (node->at_us > agent->counted_until_us) return "an agent's event lies after its counted time";
        rs_status_step(agents, &status, node);
        count++;
    }
    if (count != agent->node_count) return "an agent's events are not as many as were kept";
    if (agent->now.expired) return NULL;
    const bool same = status.state == agent->now.state && status.team == agent->now.team && status.since_us == agent->now.since_us;
    return same ? NULL : "an agent's state is not what its events say";
}

int rs_agents_check(rs_agents_t *agents, const char **why) {
    for (uint32_t number = 1; number <= agents->agents.made; number++) {
        *why = what_is_wrong(agents, rs_agent_at(agents, number));
        if (*why != NULL) return RS_ERR_STATE;
    }
    if (rs_staff_check(agents)) return RS_OK;
    *why = "the staff of a queue is not who works there";
    return RS_ERR_STATE;
}
