/* Who is on duty in a queue, and who has which contact open. */
#include "core/agent/agent_internal.h"

#include "core/hash.h"

static rs_agent_queue_t *queue_at(const rs_agents_t *agents, uint32_t number) { return rs_pool_at(&agents->queues, number); }
static rs_queue_staff_t *staff_at(const rs_agents_t *agents, uint32_t number) { return rs_pool_at(&agents->staff, number); }

/* --- queues --------------------------------------------------------------------------------------------------------- */
static uint64_t staff_hash(uint32_t tenant, uint32_t queue) { return rs_hash_mix((uint64_t)tenant << 32 | queue); }

static uint32_t find_staff(const rs_agents_t *agents, uint32_t tenant, uint32_t queue) {
    const uint64_t hash = staff_hash(tenant, queue);
    uint32_t cursor = rs_index_begin(&agents->staff_index, hash), number;
    while ((number = rs_index_next(&agents->staff_index, hash, &cursor)) != 0) {
        if (staff_at(agents, number)->tenant == tenant && staff_at(agents, number)->queue == queue) return number;
    }
    return 0;
}

bool rs_staff_restore(rs_agents_t *agents, uint32_t number) {
    const rs_queue_staff_t *staff = staff_at(agents, number);
    if (find_staff(agents, staff->tenant, staff->queue) != 0) return false;
    rs_index_add(&agents->staff_index, staff_hash(staff->tenant, staff->queue), number);
    agents->any_joined |= staff->was_joined;
    return true;
}

static uint32_t make_staff(rs_agents_t *agents, uint32_t tenant, uint32_t queue) {
    const uint32_t found = find_staff(agents, tenant, queue), number = found != 0 ? found : rs_pool_take(&agents->staff);
    if (found != 0 || number == 0) return number;
    staff_at(agents, number)->tenant = tenant;
    staff_at(agents, number)->queue = queue;
    rs_index_add(&agents->staff_index, staff_hash(tenant, queue), number);
    return number;
}

/* The agent's record of a queue; 0 when there is none, or no room. */
static uint32_t find_queue(rs_agents_t *agents, uint32_t agent_number, uint32_t queue, bool make) {
    rs_agent_t *agent = rs_agent_at(agents, agent_number);
    for (uint32_t number = agent->queues; number != 0; number = queue_at(agents, number)->next) {
        if (queue_at(agents, number)->queue == queue) return number;
    }
    if (!make) return 0;
    const uint32_t staff = agent->queue_count < RS_QUEUES_KEPT ? make_staff(agents, agent->tenant, queue) : 0;
    const uint32_t number = staff != 0 ? rs_pool_take(&agents->queues) : 0;
    if (number == 0) {
        agents->odd.no_room++;
        return 0;
    }
    *queue_at(agents, number) = (rs_agent_queue_t){.next = agent->queues, .agent = agent_number, .staff = staff, .queue = queue,
                                                   .handled_us = INT64_MIN};
    agent->queues = number;
    agent->queue_count++;
    return number;
}

/* --- counting heads ------------------------------------------------------------------------------------------------- */
static void count_heads(rs_agents_t *agents, const rs_agent_queue_t *queue, unsigned duty, int sign) {
    rs_queue_staff_t *staff = staff_at(agents, queue->staff);
    if (queue->joined) staff->members[duty] += (uint32_t)sign;
    if (queue->is_recent) staff->recents[duty] += (uint32_t)sign;
}

static rs_duty_t duty_of(const rs_agent_t *agent) {
    if (agent->open_count != 0) return RS_DUTY_BUSY;
    switch (agent->now.state) {
        case RS_AGENT_OFFLINE: return RS_DUTY_OFF;
        case RS_AGENT_NONE:
        case RS_AGENT_AVAILABLE: return RS_DUTY_AVAILABLE;
        case RS_AGENT_RINGING:
        case RS_AGENT_ON_CONTACT:
        case RS_AGENT_HOLD:
        case RS_AGENT_WRAPUP: return RS_DUTY_BUSY;
        default: return RS_DUTY_OTHER;
    }
}

void rs_agent_settle_duty(rs_agents_t *agents, uint32_t number) {
    rs_agent_t *agent = rs_agent_at(agents, number);
    const rs_duty_t duty = duty_of(agent);
    if (duty == agent->duty) return;
    for (uint32_t place = agent->queues; place != 0; place = queue_at(agents, place)->next) {
        count_heads(agents, queue_at(agents, place), agent->duty, -1);
        count_heads(agents, queue_at(agents, place), duty, 1);
    }
    agent->duty = (uint8_t)duty;
}

/* Which queues are joined, for the live list. */
static void note_joined(const rs_agents_t *agents, rs_agent_t *agent) {
    memset(agent->joined, 0, sizeof agent->joined);
    agent->joined_count = 0;
    for (uint32_t number = agent->queues; number != 0; number = queue_at(agents, number)->next) {
        const rs_agent_queue_t *record = queue_at(agents, number);
        if (!record->joined) continue;
        if (agent->joined_count < RS_LIVE_QUEUES) agent->joined[agent->joined_count] = record->queue;
        agent->joined_count++;
    }
}

void rs_agent_change_queue(rs_agents_t *agents, uint32_t number, uint32_t queue, bool joined) {
    const uint32_t place = find_queue(agents, number, queue, joined);
    if (place == 0) {
        if (!joined) agents->odd.left_unjoined++;
        return;
    }
    rs_agent_queue_t *record = queue_at(agents, place);
    if (joined) agents->any_joined = staff_at(agents, record->staff)->was_joined = true;
    if (record->joined == joined) {
        if (joined) agents->odd.joined_twice++; else agents->odd.left_unjoined++;
        return;
    }
    const uint8_t duty = rs_agent_at(agents, number)->duty;
    count_heads(agents, record, duty, -1);
    record->joined = joined;
    count_heads(agents, record, duty, 1);
    note_joined(agents, rs_agent_at(agents, number));
}

/* --- who worked in a queue lately ------------------------------------------------------------------------------------ */
static void leave_recents(rs_agents_t *agents, uint32_t place) {
    rs_agent_queue_t *record = queue_at(agents, place);
    rs_queue_staff_t *staff = staff_at(agents, record->staff);
    const uint8_t duty = rs_agent_at(agents, record->agent)->duty;
    if (record->older != 0) queue_at(agents, record->older)->younger = record->younger; else staff->oldest = record->younger;
    if (record->younger != 0) queue_at(agents, record->younger)->older = record->older; else staff->youngest = record->older;
    count_heads(agents, record, duty, -1);
    record->is_recent = false;
    count_heads(agents, record, duty, 1);
}

static void join_recents(rs_agents_t *agents, uint32_t place) {
    rs_agent_queue_t *record = queue_at(agents, place);
    rs_queue_staff_t *staff = staff_at(agents, record->staff);
    const uint8_t duty = rs_agent_at(agents, record->agent)->duty;
    count_heads(agents, record, duty, -1);
    record->is_recent = true;
    count_heads(agents, record, duty, 1);
    record->older = staff->youngest;
    record->younger = 0;
    if (staff->youngest != 0) queue_at(agents, staff->youngest)->younger = place; else staff->oldest = place;
    staff->youngest = place;
}

void rs_agent_worked_in(rs_agents_t *agents, uint32_t number, uint32_t queue, int64_t at_us) {
    const uint32_t place = find_queue(agents, number, queue, true);
    if (place == 0) return;
    rs_agent_queue_t *record = queue_at(agents, place);
    if (at_us <= record->handled_us) return;
    record->handled_us = at_us;
    if (record->is_recent && record->younger == 0) return;
    if (record->is_recent) leave_recents(agents, place);
    join_recents(agents, place);
}

static bool has_open_in(const rs_agents_t *agents, const rs_agent_t *agent, uint32_t queue) {
    for (uint32_t number = agent->open; number != 0; number = rs_contacts_at(agents->contacts, number)->staff_next) {
        if (rs_contacts_at(agents->contacts, number)->staff_queue == queue) return true;
    }
    return false;
}

static void let_recents_go(rs_agents_t *agents, rs_queue_staff_t *staff) {
    if (agents->settled_us == INT64_MIN) return;   /* before the first event */
    const int64_t before_us = agents->settled_us - RS_STAFF_HORIZON_US;
    while (staff->oldest != 0 && queue_at(agents, staff->oldest)->handled_us <= before_us) {
        const uint32_t place = staff->oldest;
        rs_agent_queue_t *record = queue_at(agents, place);
        leave_recents(agents, place);
        if (!has_open_in(agents, rs_agent_at(agents, record->agent), staff->queue)) continue;
        record->handled_us = agents->settled_us;
        join_recents(agents, place);
    }
}

/* A queue's staff stays once it is there: its key remembers it. */
static rs_queue_staff_t *staff_of_key(const rs_agents_t *agents, uint32_t queue_key) {
    rs_key_entry_t *entry = &agents->account->directory->entries[queue_key];
    if (entry->staff == 0) entry->staff = find_staff(agents, entry->tenant, entry->name);
    return entry->staff == 0 ? NULL : staff_at(agents, entry->staff);
}

bool rs_agents_any_sign_on(const rs_agents_t *agents) { return agents->any_joined; }

bool rs_agents_sign_on(const rs_agents_t *agents, uint32_t queue_key) {
    if (!agents->any_joined) return false;
    const rs_queue_staff_t *staff = staff_of_key(agents, queue_key);
    return staff != NULL && staff->was_joined;
}

rs_staff_t rs_agents_staff(rs_agents_t *agents, uint32_t queue_key) {
    rs_queue_staff_t *staff = staff_of_key(agents, queue_key);
    if (staff == NULL) return (rs_staff_t){.by_handlings = true};
    if (!staff->was_joined) let_recents_go(agents, staff);
    const uint32_t *heads = staff->was_joined ? staff->members : staff->recents;
    return (rs_staff_t){.joined = heads[RS_DUTY_AVAILABLE] + heads[RS_DUTY_BUSY] + heads[RS_DUTY_OTHER],
                        .available = heads[RS_DUTY_AVAILABLE], .busy = heads[RS_DUTY_BUSY], .by_handlings = !staff->was_joined};
}

/* --- open handlings -------------------------------------------------------------------------------------------------- */
static void close_handling(rs_agents_t *agents, uint32_t contact_number) {
    rs_contact_t *contact = rs_contacts_at(agents->contacts, contact_number);
    const uint32_t agent_number = contact->staff_agent;
    rs_agent_t *agent = rs_agent_at(agents, agent_number);
    uint32_t *link = &agent->open;
    while (*link != contact_number) link = &rs_contacts_at(agents->contacts, *link)->staff_next;
    *link = contact->staff_next;
    contact->staff_agent = contact->staff_next = 0;
    agent->open_count--;
    rs_agent_settle_duty(agents, agent_number);
    rs_agent_publish(agents, agent_number);
}

static void open_handling(rs_agents_t *agents, uint32_t contact_number, const rs_handling_t *handling) {
    rs_contact_t *contact = rs_contacts_at(agents->contacts, contact_number);
    const uint32_t agent_number = rs_agent_find(agents, contact->tenant, handling->agent);
    if (agent_number == 0) {
        agents->odd.no_room++;
        return;
    }
    rs_agent_t *agent = rs_agent_at(agents, agent_number);
    contact->staff_agent = agent_number;
    contact->staff_queue = handling->queue;
    contact->staff_since_us = handling->start_us;
    contact->staff_next = agent->open;
    agent->open = contact_number;
    agent->open_count++;
    rs_agent_worked_in(agents, agent_number, handling->queue, handling->start_us);
    rs_agent_settle_duty(agents, agent_number);
    rs_agent_publish(agents, agent_number);
}

void rs_agents_follow(rs_agents_t *agents, uint32_t contact_number) {
    const rs_contact_t *contact = rs_contacts_at(agents->contacts, contact_number);
    const rs_handling_t *handling = rs_story_open_handling(&agents->contacts->derivation, &contact->story);
    if (handling != NULL && handling->agent == 0) handling = NULL;
    if (contact->staff_agent != 0) {
        const bool is_same = handling != NULL && rs_agent_at(agents, contact->staff_agent)->name == handling->agent &&
                             contact->staff_since_us == handling->start_us && contact->staff_queue == handling->queue;
        if (is_same) return;
        close_handling(agents, contact_number);
    }
    if (handling != NULL) open_handling(agents, contact_number, handling);
}

void rs_agents_forget(rs_agents_t *agents, uint32_t contact_number) {
    if (rs_contacts_at(agents->contacts, contact_number)->staff_agent != 0) close_handling(agents, contact_number);
}

/* --- looking --------------------------------------------------------------------------------------------------------- */
/* Heads counted anew are the heads that were counted. */
bool rs_staff_check(const rs_agents_t *agents) {
    for (uint32_t number = 1; number <= agents->staff.made; number++) {
        uint32_t members[RS_DUTIES] = {0}, recents[RS_DUTIES] = {0};
        const rs_queue_staff_t *staff = staff_at(agents, number);
        for (uint32_t place = 1; place <= agents->queues.made; place++) {
            const rs_agent_queue_t *record = queue_at(agents, place);
            if (record->staff != number) continue;
            const rs_duty_t duty = duty_of(rs_agent_at(agents, record->agent));
            members[duty] += record->joined;
            recents[duty] += record->is_recent;
        }
        if (memcmp(members, staff->members, sizeof members) != 0 || memcmp(recents, staff->recents, sizeof recents) != 0) return false;
    }
    return true;
}
