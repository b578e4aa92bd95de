/* core/agent/agent_internal.h — what the files of this folder share.
 *
 *   agent.c     finding agents, taking their events, folding, the sweep of time
 *   timeline.c  from events to time per state: the one reading, and what it counts
 *   plan.c      schedules: which plan holds when
 *   overlap.c   handlings of an agent at the same time
 *   staff.c     queues: who is on duty; open handlings
 *   live.c      the published list
 */
#ifndef RS_CORE_AGENT_INTERNAL_H
#define RS_CORE_AGENT_INTERNAL_H

#include "core/agent/agent.h"

#define RS_SLOT_US (5 * RS_US_PER_MIN)
#define RS_STAFF_HORIZON_US RS_US_PER_HOUR
enum { RS_HANDLED_ALWAYS = 32, RS_HANDLED_KEPT = 256, RS_QUEUES_KEPT = 64 };

/* One kept event. */
typedef struct rs_agent_node {
    uint32_t next, id;               /* id: place of the event id's text, 0 = none */
    int64_t at_us, kept_us;          /* kept_us: it is kept from then on, its own moment or the watermark's when later */
    uint64_t seq;
    uint32_t session, code, queue, team;
    uint8_t type, state;
    bool has_seq;
} rs_agent_node_t;

typedef enum rs_plan_kind { RS_PLAN_NONE = 0, RS_PLAN_WORK, RS_PLAN_BREAK, RS_PLAN_ABSENT } rs_plan_kind_t;
typedef struct rs_agent_plan {
    rs_agent_node_t node;            /* node.next: the plan after it in the total order */
    int64_t from_us, to_us;          /* what it says, as far back as it may reach */
    int64_t day_from_us, day_to_us;  /* the local days it touches, likewise: work outside of the plan counts there */
    uint8_t kind;
} rs_agent_plan_t;

/* What holds at a moment; `until_us`: when it next may not. */
typedef struct rs_plan_now { int64_t from_us, until_us; uint32_t activity; uint8_t kind; bool has_day; } rs_plan_now_t;

typedef struct rs_agent_status {
    int64_t since_us;
    int64_t sign_us;                 /* last sign of life; only looked at when the state is known */
    uint32_t reason, team;
    uint8_t state;                   /* RS_AGENT_NONE: unknown */
    bool expired;
} rs_agent_status_t;

/* A handling of an agent that has ended. */
typedef struct rs_agent_handled {
    uint32_t next, queue, team;
    uint8_t channel;
    bool overlaps;                   /* as counted */
    int64_t start_us, end_us, enter_us;
} rs_agent_handled_t;

/* An agent and a queue. */
typedef struct rs_agent_queue {
    uint32_t next, agent, staff, queue;
    uint32_t older, younger;         /* among those who handled in the queue lately */
    bool joined, is_recent;
    int64_t handled_us;
} rs_agent_queue_t;

typedef enum rs_duty { RS_DUTY_OFF = 0, RS_DUTY_AVAILABLE, RS_DUTY_BUSY, RS_DUTY_OTHER, RS_DUTIES } rs_duty_t;
typedef struct rs_queue_staff {
    uint32_t tenant, queue;
    uint32_t members[RS_DUTIES], recents[RS_DUTIES];
    uint32_t oldest, youngest;       /* recent ones, by when they were last seen at work */
    bool was_joined;                 /* a queue_joined is known */
} rs_queue_staff_t;

typedef struct rs_agent {
    uint32_t tenant, name, agent_key, total_key;
    uint32_t team, team_key;         /* the team counted last */
    uint32_t head, tail, node_count; /* kept events */
    uint32_t plans, plan_count;
    uint32_t queues, queue_count;    /* remembered, joined or not */
    uint32_t joined_count, joined[RS_LIVE_QUEUES];   /* for the live list */
    uint32_t handled, handled_tail, handled_count;
    uint32_t open, open_count;       /* contacts that it has, linked by their staff_next */
    uint8_t duty;
    rs_agent_status_t base, now;
    rs_order_t base_last;            /* at_us INT64_MIN: nothing is folded */
    int64_t counted_until_us;        /* not before any kept event; INT64_MIN: no event yet */
    int64_t handled_end_us, greatest_end_us;   /* of the handlings that were let go; of all. INT64_MIN = none */
    rs_plan_now_t plan;              /* cached */
} rs_agent_t;

struct rs_agents {
    rs_agents_settings_t settings;
    const rs_config_t *config;
    rs_account_t *account;
    rs_contacts_t *contacts;
    rs_pool_t agents, nodes, texts, plans, handled, queues, staff;
    rs_index_t index, staff_index;
    rs_live_t live;
    int64_t settled_us;              /* the watermark as last told, INT64_MIN = never */
    int64_t swept_us, sweep_to_us;   /* all agents are counted up to; the sweep that goes on counts up to */
    uint32_t sweep_at;               /* the next agent of it, 0 = none goes on */
    uint32_t max_events;
    int64_t expire_us, lateness_us, clock_skew_us;   /* for life: what was counted must be taken back by the same rules */
    bool any_joined;                 /* of any queue somebody has told that they sign on */
    uint64_t posts;                  /* how often something was counted: what time costs */
    rs_agents_odd_t odd;
};

static inline rs_agent_t *rs_agent_at(const rs_agents_t *agents, uint32_t number) { return rs_pool_at(&agents->agents, number); }
static inline rs_agent_node_t *rs_agent_node_at(const rs_agents_t *agents, uint32_t number) {
    return rs_pool_at(&agents->nodes, number);
}

/* agent.c */
uint32_t rs_agent_find(rs_agents_t *agents, uint32_t tenant, uint32_t name);   /* made when new; 0: no room */
int rs_agent_compare(const rs_agents_t *agents, const rs_agent_node_t *a, const rs_agent_node_t *b);
bool rs_agent_keep_text(rs_agents_t *agents, rs_agent_node_t *node, rs_str_t event_id);   /* false: no room */
void rs_agent_publish(rs_agents_t *agents, uint32_t number);
/* Loading: the agent, / the staff of a queue (staff.c), can be found again. False: it is there already. */
RS_MUST_CHECK bool rs_agent_restore(rs_agents_t *agents, uint32_t number);
RS_MUST_CHECK bool rs_staff_restore(rs_agents_t *agents, uint32_t number);

/* timeline.c */
void rs_status_step(const rs_agents_t *agents, rs_agent_status_t *status, const rs_agent_node_t *node);
/* Counts (+1) or takes back (-1) the time of [from, to) as the kept events tell it; the status at `to`. */
rs_agent_status_t rs_agent_count(rs_agents_t *agents, rs_agent_t *agent, int64_t from_us, int64_t to_us, int sign);
/* The same from counted_until on, where no event is any more. */
void rs_agent_count_on(rs_agents_t *agents, rs_agent_t *agent, int64_t to_us);
/* Whether time alone would count something from now on. */
bool rs_agent_is_running(const rs_agent_t *agent);

/* plan.c */
const rs_plan_now_t *rs_agent_plan_at(rs_agents_t *agents, rs_agent_t *agent, int64_t at_us);
rs_refusal_t rs_agent_take_plan(rs_agents_t *agents, uint32_t number, const rs_agent_event_t *event);
/* Plans go that no event can make anyone read again. */
void rs_agent_drop_plans(rs_agents_t *agents, rs_agent_t *agent);
/* Nothing is planned any more from `at_us` on, or from the moment up to which it was counted when that is later. */
void rs_agent_end_plans(rs_agents_t *agents, uint32_t number, int64_t at_us);

/* overlap.c */
void rs_agent_handled(rs_agents_t *agents, uint32_t number, const rs_fact_t *fact, int sign);

/* staff.c */
void rs_agent_change_queue(rs_agents_t *agents, uint32_t number, uint32_t queue, bool joined);
void rs_agent_worked_in(rs_agents_t *agents, uint32_t number, uint32_t queue, int64_t at_us);
/* After state or open handlings changed. */
void rs_agent_settle_duty(rs_agents_t *agents, uint32_t number);
bool rs_staff_check(const rs_agents_t *agents);

#endif
