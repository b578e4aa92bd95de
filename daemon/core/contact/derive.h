/* core/contact/derive.h — the one reading of a contact's story: legs, handlings, holds, wraps, transfers (cases.md).
 *
 * Model:   a story is a state and the events that follow, in total order. One step takes the state over one event and adds the
 *          facts that follow from it. Handlings are kept as a chain, newest first; at most one leg and one handling are open.
 * Purity:  a step looks at the state, the event, and (clock skew) the events that follow it; nothing else.
 */
#ifndef RS_CORE_DERIVE_H
#define RS_CORE_DERIVE_H

#include "core/contact/fact.h"
#include "core/contact/outline.h"
#include "core/hash.h"
#include "core/pool.h"
#include "core/process/path.h"

/* One kept event. */
typedef struct rs_node {
    uint32_t next;             /* first, so that all of a contact's go back to the pool at once */
    uint32_t id;               /* place of the event id's bytes, 0 = none */
    int64_t at_us;
    uint64_t seq;
    uint32_t session;          /* of the source; orders by its strings */
    uint32_t queue, agent, team;
    uint32_t rest;             /* place of a rs_node_rest_t, 0 = it says nothing of that */
    uint8_t type, channel, detail, flags;   /* detail: reason, kind or stage */
    uint8_t direction, party;  /* party: contact.message `from`, contact.ended `by` */
} rs_node_t;
/* What most events do not say. */
typedef struct rs_node_rest {
    uint32_t next;             /* first: of its contact's */
    uint32_t ms[2];            /* wait, or talk and hold: as `flags` says */
    uint32_t topic;
    union {
        struct { uint32_t to_queue, to_agent; };               /* contact.transferred */
        struct { int32_t scale_min_milli, scale_max_milli; };  /* survey.answered; with RS_NODE_SCALE_… */
    };
    int32_t score_milli;       /* survey.answered */
    uint32_t unused;
    rs_hash128_t customer;     /* the pseudonym's bytes; with RS_NODE_CUSTOMER */
} rs_node_rest_t;
typedef struct rs_node_saved { rs_node_t node; rs_node_rest_t rest; } rs_node_saved_t;
enum {
    RS_NODE_SEQ = 1, RS_NODE_WAIT = 2, RS_NODE_TALK = 4, RS_NODE_HOLD = 8,
    RS_NODE_CUSTOMER = 16, RS_NODE_RESOLVED = 32, RS_NODE_IS_RESOLVED = 64,   /* disposition.set, survey.answered: named; true */
    RS_NODE_SCORE = 128,                                                     /* survey.answered: a score was named */
    RS_NODE_SCALE_MIN = RS_NODE_WAIT, RS_NODE_SCALE_MAX = RS_NODE_TALK       /* survey.answered: an end of the scale was named */
};
/* Beyond the wire's types: says that time has passed, so that a missing end is seen without an event (rs_story_step). */
enum { RS_NODE_TIME_PASSED = RS_EVENT_TYPE_COUNT };

typedef struct rs_event_text { uint32_t next; uint8_t len; char bytes[RS_MAX_NAME + 3]; } rs_event_text_t;

/* Where an event stands in the total order, without its text: enough to compare with an event whose text is gone. Event ids are
 * told apart by their first eight bytes only. */
typedef struct rs_order {
    int64_t at_us;
    uint64_t seq, id_prefix;
    uint32_t session;
    uint32_t has_seq;
} rs_order_t;

enum { RS_HANDLING_OPEN = 1, RS_HANDLING_TRANSFERRED = 2, RS_HANDLING_WRAPPING = 4, RS_HANDLING_HELD = 8, RS_HANDLING_LOST = 16 };
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
    rs_order_t last;           /* the last event taken; at_us INT64_MIN: none yet */
    int64_t unmatched_us;      /* of the last outcome that found no leg, INT64_MIN = none: a skewed queued may follow */
    uint32_t unmatched_session, unmatched_queue;
    bool more_unmatched;       /* one before it, no longer than clock_skew ago, found none either */
    uint32_t leg_queue, last_queue;
    uint32_t handlings;        /* newest, 0 = none */
    uint32_t taken_queued;     /* the queued event that a skewed outcome has used up, 0 = none */
    uint32_t wrapping;         /* how many handlings are in wrap-up */
    uint32_t path;             /* its way through the process, 0 = none yet, or not followed */
    uint8_t leg_open, leg_channel, first_channel;
    uint8_t surveyed;          /* a survey was answered */
    /* for journeys: the first leg and answer of this contact */
    uint32_t first_queue;
    uint8_t first_leg_channel, last_outcome, last_reason, has_leg;
    int64_t first_answer_us;
    rs_order_t first_queued, last_leg_end;
    /* call-backs: where the open leg's clock began, and how much of its wait an exchanged leg has counted; the same of a leg that
     * was exchanged and waits for its contact to be queued again (INT64_MIN: none) */
    int64_t leg_since_us, leg_counted_us, exchanged_since_us, exchanged_wait_us;
    /* asynchronous channels (derive_replies.c); INT64_MIN: none */
    int64_t unanswered_us;       /* of the oldest customer message without an answer */
    int64_t resolution_since_us;
    uint8_t direction;           /* first named one up to now */
    uint8_t file;                /* rs_file_state_t */
    bool unanswered_implied;     /* not a message: the contact's beginning stands for it */
    bool replied, has_messages;
    int64_t ended_us;            /* last ended or abandoned event, INT64_MIN = none yet */
    int64_t lost_us;             /* when its end was last taken as missing, INT64_MIN = never */
    rs_outline_t outline;      /* for first-contact resolution */
} rs_story_t;
typedef enum rs_file_state { RS_FILE_NEW = 0, RS_FILE_CLOSED, RS_FILE_REOPENED } rs_file_state_t;

typedef struct rs_derivation {         /* what every step needs; the same for a whole core */
    rs_pool_t *nodes, *rests, *handlings, *texts;
    int64_t clock_skew_us;
    int64_t missing_end_us;            /* 0 = a missing end stays open */
    int64_t repeat_window_us;          /* fcr.repeat_window: how long after its end a contact is spoken of */
    bool (*same_source)(void *context, uint32_t session_a, uint32_t session_b);
    uint32_t (*team_of)(void *context, uint32_t tenant, uint32_t agent);
    /* by the settings in force at `to_us`, `at_us`: working time by the queue's hours; whether a call-back's clock goes on there */
    int64_t (*worked)(void *context, uint32_t tenant, uint32_t queue, uint8_t channel, int64_t from_us, int64_t to_us);
    bool (*callback_keeps)(void *context, uint32_t tenant, uint32_t queue, uint8_t channel, int64_t at_us);
    void *context;
    uint32_t tenant;                   /* of the contact at hand */
    int64_t spoken_until_us;           /* the same: rs_contact_t */
    bool out_of_room;                  /* a handling found no place: the step took the event without it */
    rs_facts_t *facts;
    rs_pool_t *paths;                  /* rs_path_t */
    rs_steps_t *steps;                 /* of the way through the process; NULL = not followed */
} rs_derivation_t;

void rs_story_init(rs_story_t *story);
/* Takes the event. When a leg or handling was open and more than missing_end has passed since the last event, that leg and
 * handling first end as lost, at the last event's time + missing_end. Its followers are reached through node->next.
 * Facts are added to derivation->facts. */
void rs_story_step(rs_derivation_t *derivation, rs_story_t *story, uint32_t node);
/* True when a queued event after this story may be what an unmatched outcome of it waited for (clock skew). Only of the last one it is
 * known what that waited for. */
bool rs_story_was_waiting_for(const rs_derivation_t *derivation, const rs_story_t *story, const rs_node_t *queued);
/* True while a leg or handling is open; the other: or a wrap-up runs. */
bool rs_story_waits_for_end(const rs_derivation_t *derivation, const rs_story_t *story);
bool rs_story_is_open(const rs_derivation_t *derivation, const rs_story_t *story);
/* Where attribution `close` puts all of the contact: its last ended or abandoned, else its last event (a missing end that was
 * noticed is one, too). INT64_MIN before the first event. */
int64_t rs_story_close_us(const rs_story_t *story);
/* The rest of what it says; all 0 when there is none. */
const rs_node_rest_t *rs_node_rest(const rs_derivation_t *derivation, const rs_node_t *node);
rs_order_t rs_node_order(const rs_derivation_t *derivation, const rs_node_t *node);
/* The open handling, or NULL. */
rs_handling_t *rs_story_open_handling(const rs_derivation_t *derivation, const rs_story_t *story);
/* The newest handling that holds its agent: open, or in wrap-up; NULL when there is none. */
const rs_handling_t *rs_story_underway(const rs_derivation_t *derivation, const rs_story_t *story);
/* Gives the chain of handlings and the path back. / Makes *copy the same story with its own of both; false: no room. */
void rs_story_drop(rs_derivation_t *derivation, rs_story_t *story);
RS_MUST_CHECK bool rs_story_copy(rs_derivation_t *derivation, const rs_story_t *story, rs_story_t *copy);

#endif
