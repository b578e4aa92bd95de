#include "connect/asterisk_agents.h"

#include <stdlib.h>

typedef enum login { LOGIN_UNKNOWN = 0, LOGIN_IN, LOGIN_OUT } login_t;

typedef struct membership {
    char queue[RS_MAX_NAME + 1];
    bool paused;
    uint32_t next; /* of the same agent, or free */
} membership_t;

typedef struct agent {
    char name[RS_MAX_NAME + 1], reason[RS_MAX_NAME + 1];
    login_t login;
    bool paused_all;       /* holds for queues that are not known yet */
    bool has_left;         /* the last queue known of him */
    uint32_t first, count; /* memberships */
    uint32_t older, younger, next_in_bucket;
} agent_t;

enum { BUCKETS = RS_ASTERISK_AGENTS }; /* a power of two */

struct rs_agents {
    agent_t agents[RS_ASTERISK_AGENTS + 1];                /* [0] is nobody */
    membership_t memberships[RS_ASTERISK_MEMBERSHIPS + 1]; /* [0] is none */
    uint32_t buckets[BUCKETS];
    uint32_t made, oldest, youngest;
    uint32_t memberships_made, free;
};

int rs_asterisk_agents_create(rs_asterisk_agents_t **agents) {
    rs_asterisk_agents_t *made = calloc(1, sizeof *made);
    if (made == NULL) return RS_ERR_MEMORY;
    *agents = made;
    return RS_OK;
}

void rs_asterisk_agents_destroy(rs_asterisk_agents_t **agents) {
    if (agents == NULL) return;
    free(*agents);
    *agents = NULL;
}

void rs_asterisk_agents_clear(rs_asterisk_agents_t *agents) {
    memset(agents->buckets, 0, sizeof agents->buckets);
    agents->made = agents->oldest = agents->youngest = 0;
    agents->memberships_made = agents->free = 0;
}

/* --- agents ------------------------------------------------------------------------------------------------------ */
static uint32_t *bucket_of(rs_asterisk_agents_t *agents, rs_str_t name) {
    return &agents->buckets[rs_line_hash(name, (rs_str_t){0}) & (BUCKETS - 1)];
}

static void unlink_age(rs_asterisk_agents_t *agents, const agent_t *agent) {
    if (agent->older != 0)
        agents->agents[agent->older].younger = agent->younger;
    else
        agents->oldest = agent->younger;
    if (agent->younger != 0)
        agents->agents[agent->younger].older = agent->older;
    else
        agents->youngest = agent->older;
}

static void link_youngest(rs_asterisk_agents_t *agents, uint32_t number) {
    agent_t *agent = &agents->agents[number];
    agent->older = agents->youngest;
    agent->younger = 0;
    if (agents->youngest != 0)
        agents->agents[agents->youngest].younger = number;
    else
        agents->oldest = number;
    agents->youngest = number;
}

static void free_membership(rs_asterisk_agents_t *agents, uint32_t *link) {
    const uint32_t number = *link;
    *link = agents->memberships[number].next;
    agents->memberships[number].next = agents->free;
    agents->free = number;
}

/* The agent stays in the table, without queues. */
static void forget_queues(rs_asterisk_agents_t *agents, agent_t *agent) {
    while (agent->first != 0) free_membership(agents, &agent->first);
    agent->count = 0;
}

static uint32_t forget_oldest(rs_asterisk_agents_t *agents) {
    const uint32_t number = agents->oldest;
    agent_t *agent = &agents->agents[number];
    forget_queues(agents, agent);
    unlink_age(agents, agent);
    uint32_t *link = bucket_of(agents, rs_str(agent->name));
    while (*link != number) link = &agents->agents[*link].next_in_bucket;
    *link = agent->next_in_bucket;
    return number;
}

/* Found or made; the one heard of last. */
static agent_t *agent_of(rs_asterisk_agents_t *agents, rs_str_t name) {
    uint32_t *bucket = bucket_of(agents, name);
    uint32_t number = *bucket;
    while (number != 0 && !rs_str_equal(rs_str(agents->agents[number].name), name))
        number = agents->agents[number].next_in_bucket;
    if (number != 0) {
        unlink_age(agents, &agents->agents[number]);
    } else {
        number = agents->made < RS_ASTERISK_AGENTS ? ++agents->made : forget_oldest(agents);
        agents->agents[number] = (agent_t){.next_in_bucket = *bucket};
        rs_line_copy(agents->agents[number].name, name, RS_MAX_NAME);
        *bucket = number;
    }
    link_youngest(agents, number);
    return &agents->agents[number];
}

/* --- memberships ------------------------------------------------------------------------------------------------- */
static uint32_t *find_link(rs_asterisk_agents_t *agents, agent_t *agent, rs_str_t queue) {
    uint32_t *link = &agent->first;
    while (*link != 0 && !rs_str_equal(rs_str(agents->memberships[*link].queue), queue))
        link = &agents->memberships[*link].next;
    return link;
}

/* 0: this agent is the only one left who could give room. */
static uint32_t new_membership(rs_asterisk_agents_t *agents, const agent_t *agent) {
    while (agents->free == 0 && agents->memberships_made == RS_ASTERISK_MEMBERSHIPS) {
        agent_t *oldest = &agents->agents[agents->oldest];
        if (oldest == agent) return 0;
        forget_queues(agents, oldest);
        if (agents->free == 0) { /* had none: next time another one is the oldest */
            const uint32_t number = agents->oldest;
            unlink_age(agents, oldest);
            link_youngest(agents, number);
        }
    }
    if (agents->free == 0) return ++agents->memberships_made;
    const uint32_t number = agents->free;
    agents->free = agents->memberships[number].next;
    return number;
}

/* Found or made, then as paused as the agent is as a whole; NULL when there is no room. */
static membership_t *membership_of(rs_asterisk_agents_t *agents, agent_t *agent, rs_str_t queue) {
    const uint32_t *link = find_link(agents, agent, queue);
    if (*link != 0) return &agents->memberships[*link];
    if (agent->count == RS_ASTERISK_QUEUES_PER_AGENT) return NULL;
    const uint32_t number = new_membership(agents, agent);
    if (number == 0) return NULL;
    membership_t *membership = &agents->memberships[number];
    *membership = (membership_t){.paused = agent->paused_all, .next = agent->first};
    rs_line_copy(membership->queue, queue, RS_MAX_NAME);
    agent->first = number;
    agent->count++;
    agent->has_left = false;
    return membership;
}

/* --- what lines say ---------------------------------------------------------------------------------------------- */
void rs_asterisk_agents_rang(rs_asterisk_agents_t *agents, rs_str_t agent, rs_str_t queue) {
    (void)membership_of(agents, agent_of(agents, agent), queue);
}

void rs_asterisk_agents_joined(rs_asterisk_agents_t *agents, rs_str_t name, rs_str_t queue, bool paused) {
    agent_t *agent = agent_of(agents, name);
    membership_t *membership = membership_of(agents, agent, queue);
    if (membership != NULL) membership->paused = paused;
    if (!paused) agent->paused_all = false;
}

void rs_asterisk_agents_left(rs_asterisk_agents_t *agents, rs_str_t name, rs_str_t queue) {
    agent_t *agent = agent_of(agents, name);
    uint32_t *link = find_link(agents, agent, queue);
    if (*link != 0) {
        free_membership(agents, link);
        agent->count--;
    }
    if (agent->count != 0) return;
    agent->has_left = true;
    agent->paused_all = false;
}

static void set_paused(rs_asterisk_agents_t *agents, agent_t *agent, rs_str_t queue, bool paused) {
    if (queue.len == 0) {
        agent->paused_all = paused;
        for (uint32_t i = agent->first; i != 0; i = agents->memberships[i].next) agents->memberships[i].paused = paused;
        return;
    }
    membership_t *membership = membership_of(agents, agent, queue);
    if (membership != NULL) membership->paused = paused;
    if (!paused) agent->paused_all = false;
}

void rs_asterisk_agents_paused(rs_asterisk_agents_t *agents, rs_str_t name, rs_str_t queue, rs_str_t reason) {
    agent_t *agent = agent_of(agents, name);
    set_paused(agents, agent, queue, true);
    rs_line_copy(agent->reason, reason, RS_MAX_NAME);
}

void rs_asterisk_agents_unpaused(rs_asterisk_agents_t *agents, rs_str_t name, rs_str_t queue) {
    set_paused(agents, agent_of(agents, name), queue, false);
}

void rs_asterisk_agents_login(rs_asterisk_agents_t *agents, rs_str_t name, bool is_in) {
    agent_of(agents, name)->login = is_in ? LOGIN_IN : LOGIN_OUT;
}

static bool is_paused_everywhere(const rs_asterisk_agents_t *agents, const agent_t *agent) {
    if (agent->first == 0) return agent->paused_all;
    for (uint32_t i = agent->first; i != 0; i = agents->memberships[i].next) {
        if (!agents->memberships[i].paused) return false;
    }
    return true;
}

rs_agent_state_t rs_asterisk_agents_state(rs_asterisk_agents_t *agents, rs_str_t name, rs_str_t *reason) {
    const agent_t *agent = agent_of(agents, name);
    *reason = (rs_str_t){0};
    if (agent->login == LOGIN_OUT || (agent->has_left && agent->login != LOGIN_IN)) return RS_AGENT_OFFLINE;
    if (!is_paused_everywhere(agents, agent)) return RS_AGENT_AVAILABLE;
    *reason = rs_str(agent->reason);
    return RS_AGENT_BREAK;
}
