/* core/contact/derive.h — the one reading of a contact's story: legs, handlings, holds, wraps, transfers (cases.md).
 *
 * Model:   a story is a state and the events that follow, in total order. One step takes the state over one event and adds the
 *          facts that follow from it. Handlings are kept as a chain, newest first; at most one leg and one handling are open.
 * Purity:  a step looks at the state, the event, and (clock skew) the events that follow it; nothing else.
 */
#ifndef RS_CORE_DERIVE_H
#define RS_CORE_DERIVE_H

#include "core/contact/fact.h"
#include "core/pool.h"

/* One kept event. */
typedef struct rs_node {
    int64_t at_us;
    uint64_t seq;
    uint32_t ms[2];            /* wait, or talk and hold: as `flags` says */
    uint32_t session;          /* of the source; orders by its strings */
    uint32_t queue, agent, team;
    uint32_t to_queue, to_agent;
    uint32_t id;               /* place of the event id's bytes, 0 = none */
    uint32_t next;
    uint8_t type, channel, detail, flags;   /* detail: reason, kind or stage */
} rs_node_t;
enum { RS_NODE_SEQ = 1, RS_NODE_WAIT = 2, RS_NODE_TALK = 4, RS_NODE_HOLD = 8 };
/* Beyond the wire's types: the missing end that the core itself writes. */
enum { RS_NODE_TIMED_OUT = RS_EVENT_TYPE_COUNT };

enum { RS_HANDLING_OPEN = 1, RS_HANDLING_TRANSFERRED = 2, RS_HANDLING_WRAPPING = 4, RS_HANDLING_HELD = 8 };
typedef struct rs_handling {
    uint32_t next;             /* the one before it */
    uint32_t queue, agent, team, holds;
    uint8_t channel, flags;
    int64_t start_us, enter_us, end_us;
    int64_t hold_start_us, hold_us, talk_us;
    int64_t wrap_start_us, wrap_us;
} rs_handling_t;

typedef struct rs_story {
    int64_t leg_queued_us;
    int64_t last_us;           /* of the last event taken */
    int64_t unmatched_us;      /* of the last outcome that found no leg, INT64_MIN = none: a skewed queued may follow */
    int64_t activity_us;       /* last moment of an open or just closed leg, handling or wrap */
    uint32_t leg_queue, last_queue;
    uint32_t handlings;        /* newest, 0 = none */
    uint32_t taken_queued;     /* the queued event that a skewed outcome has used up, 0 = none */
    uint32_t wrapping;         /* how many handlings are in wrap-up */
    uint8_t leg_open, leg_channel, first_channel, touched;
    /* for journeys: the first leg and answer of this contact */
    uint32_t first_queue;
    uint8_t first_leg_channel, last_outcome, last_reason, has_leg;
    int64_t first_queued_us, first_answer_us, last_leg_end_us;
} rs_story_t;

typedef struct rs_derivation {         /* what every step needs; the same for a whole core */
    rs_pool_t *nodes, *handlings;
    int64_t clock_skew_us;
    bool (*same_source)(void *context, uint32_t session_a, uint32_t session_b);
    uint32_t (*team_of)(void *context, uint32_t tenant, uint32_t agent);
    void *context;
    uint32_t tenant;                   /* of the contact at hand */
    bool out_of_room;                  /* a handling found no place: the step took the event without it */
    rs_facts_t *facts;
} rs_derivation_t;

void rs_story_init(rs_story_t *story);
/* Takes the event; its followers are reached through node->next. Facts are added to derivation->facts. */
void rs_story_step(rs_derivation_t *derivation, rs_story_t *story, uint32_t node);
/* True while a leg, handling or wrap is open. */
bool rs_story_is_open(const rs_derivation_t *derivation, const rs_story_t *story);
/* The open handling, or NULL. */
rs_handling_t *rs_story_open_handling(const rs_derivation_t *derivation, const rs_story_t *story);
/* Gives the chain of handlings back. / Makes *copy the same story with a chain of its own; false: no room. */
void rs_story_drop(rs_derivation_t *derivation, rs_story_t *story);
RS_MUST_CHECK bool rs_story_copy(rs_derivation_t *derivation, const rs_story_t *story, rs_story_t *copy);

#endif
