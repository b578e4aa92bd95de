/* ringside/event.h — the canonical event: what every platform's happenings are turned into.
 *
 * Model:   one rs_event_t is one thing that happened to one contact, agent or source. Field meanings are those of
 *          proto/PROTOCOL.md; this struct is their form in memory, the same for producers (libringside) and the daemon.
 * Memory:  an event borrows every string (rs_str_t); it owns nothing. Whoever fills it keeps the bytes alive for as
 *          long as the call that it is given to says.
 * Absent:  a string of length 0 is absent. A number is present only when its RS_HAS_… bit is set in `present`.
 */
#ifndef RINGSIDE_EVENT_H
#define RINGSIDE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every function of ringside that can fail returns one of these: 0 is done, a negative number is the reason. */
#define RS_STATUSES(X)                                                                 \
    X(OK, 0, "done")                                                                   \
    X(ERR_INVALID, -1, "invalid argument")                                             \
    X(ERR_MEMORY, -2, "out of memory")                                                 \
    X(ERR_FULL, -3, "full")                                                            \
    X(ERR_AGAIN, -4, "not now, try later")                                             \
    X(ERR_NOT_FOUND, -5, "not found")                                                  \
    X(ERR_IO, -6, "input or output failed")                                            \
    X(ERR_PARSE, -7, "cannot be parsed")                                               \
    X(ERR_LIMIT, -8, "a configured limit was reached")                                 \
    X(ERR_STATE, -9, "not possible in this state")                                     \
    X(ERR_CLOSED, -10, "closed")                                                       \
    X(ERR_VERSION, -11, "unsupported version")                                         \
    X(ERR_TIMEOUT, -12, "timed out")                                                   \
    X(ERR_EXISTS, -13, "exists already")                                               \
    X(ERR_UNKNOWN_TYPE, -14, "unknown event type")

typedef enum rs_status {
#define RS_STATUS_ENUM(name, value, text) RS_##name = (value),
    RS_STATUSES(RS_STATUS_ENUM)
#undef RS_STATUS_ENUM
} rs_status_t;

/* The English text of a status, never NULL, static storage. Any thread. */
const char *rs_status_text(int status);

/* A string that is borrowed: not terminated by NUL, `data` may be NULL when `len` is 0. */
typedef struct rs_str {
    const char *data;
    uint32_t len;
} rs_str_t;

/* Types. The order is part of the stored format: add at the end only. 0 is no type. */
#define RS_EVENT_TYPES(X)                                                              \
    X(CONTACT_CREATED, "contact.created")                                              \
    X(CONTACT_QUEUED, "contact.queued")                                                \
    X(CONTACT_OFFERED, "contact.offered")                                              \
    X(CONTACT_OFFER_FAILED, "contact.offer_failed")                                    \
    X(CONTACT_ANSWERED, "contact.answered")                                            \
    X(CONTACT_HELD, "contact.held")                                                    \
    X(CONTACT_RETRIEVED, "contact.retrieved")                                          \
    X(CONTACT_TRANSFERRED, "contact.transferred")                                      \
    X(CONTACT_ABANDONED, "contact.abandoned")                                          \
    X(CONTACT_DEQUEUED, "contact.dequeued")                                            \
    X(CONTACT_BLOCKED, "contact.blocked")                                              \
    X(CONTACT_ENDED, "contact.ended")                                                  \
    X(CONTACT_WRAPUP_STARTED, "contact.wrapup_started")                                \
    X(CONTACT_WRAPUP_ENDED, "contact.wrapup_ended")                                    \
    X(CONTACT_CLOSED, "contact.closed")                                                \
    X(CONTACT_REOPENED, "contact.reopened")                                            \
    X(CONTACT_MESSAGE, "contact.message")                                              \
    X(CALLBACK_REQUESTED, "callback.requested")                                        \
    X(CALLBACK_ATTEMPTED, "callback.attempted")                                        \
    X(CALLBACK_CONNECTED, "callback.connected")                                        \
    X(CALLBACK_FAILED, "callback.failed")                                              \
    X(DISPOSITION_SET, "disposition.set")                                              \
    X(SURVEY_ANSWERED, "survey.answered")                                              \
    X(FEEDBACK_RECEIVED, "feedback.received")                                          \
    X(AGENT_STATE, "agent.state")                                                      \
    X(AGENT_QUEUE_JOINED, "agent.queue_joined")                                        \
    X(AGENT_QUEUE_LEFT, "agent.queue_left")                                            \
    X(AGENT_SCHEDULED, "agent.scheduled")                                              \
    X(SOURCE_STARTED, "source.started")                                                \
    X(SOURCE_HEARTBEAT, "source.heartbeat")                                            \
    X(SOURCE_GAP, "source.gap")

typedef enum rs_event_type {
    RS_EVENT_NONE = 0,
#define RS_EVENT_TYPE_ENUM(name, text) RS_##name,
    RS_EVENT_TYPES(RS_EVENT_TYPE_ENUM)
#undef RS_EVENT_TYPE_ENUM
    RS_EVENT_TYPE_COUNT
} rs_event_type_t;

/* Small enumerations: 0 is always "not named". `OTHER` stands for a value of the wire that this version does not know
 * (allowed in `data` only; an unknown channel or direction refuses the event). Add at the end only. */
#define RS_CHANNELS(X) X(VOICE, "voice") X(CHAT, "chat") X(EMAIL, "email") X(MESSAGE, "message") \
    X(CALLBACK, "callback") X(VIDEO, "video") X(TASK, "task")
#define RS_DIRECTIONS(X) X(INBOUND, "inbound") X(OUTBOUND, "outbound") X(INTERNAL, "internal")
/* contact.offer_failed */
#define RS_OFFER_REASONS(X) X(OTHER, "other") X(TIMEOUT, "timeout") X(REJECTED, "rejected") \
    X(CANCELED, "canceled") X(ERROR, "error")
/* contact.dequeued; REQUEUED and LOST are given by the core only */
#define RS_FLOW_REASONS(X) X(OTHER, "other") X(TIMEOUT, "timeout") X(EXIT_KEY, "exit_key") \
    X(NO_AGENTS, "no_agents") X(OVERFLOW, "overflow") X(WITHDRAWN, "withdrawn") X(CALLBACK, "callback") \
    X(VOICEMAIL, "voicemail") X(ERROR, "error") X(REQUEUED, "requeued") X(LOST, "lost")
#define RS_BLOCK_REASONS(X) X(OTHER, "other") X(FULL, "full") X(CLOSED, "closed") \
    X(JOIN_EMPTY, "join_empty") X(NO_AGENT, "no_agent")
#define RS_TRANSFER_KINDS(X) X(OTHER, "other") X(BLIND, "blind") X(ATTENDED, "attended") \
    X(QUEUE, "queue") X(EXTERNAL, "external")
#define RS_ABANDON_STAGES(X) X(OTHER, "other") X(QUEUE, "queue") X(RING, "ring") X(FLOW, "flow")
#define RS_PARTIES(X) X(OTHER, "other") X(CUSTOMER, "customer") X(AGENT, "agent") X(SYSTEM, "system")
#define RS_SURVEY_KINDS(X) X(OTHER, "other") X(CSAT, "csat") X(NPS, "nps") X(CES, "ces")
#define RS_FEEDBACK_KINDS(X) X(OTHER, "other") X(COMPLAINT, "complaint") X(COMPLIMENT, "compliment") \
    X(SUGGESTION, "suggestion")
#define RS_FEEDBACK_STAGES(X) X(OTHER, "other") X(RECEIVED, "received") X(ACKNOWLEDGED, "acknowledged") \
    X(INVESTIGATED, "investigated") X(RESPONDED, "responded") X(CLOSED, "closed")
#define RS_AGENT_STATES(X) X(OTHER, "other") X(OFFLINE, "offline") X(AVAILABLE, "available") \
    X(RINGING, "ringing") X(ON_CONTACT, "on_contact") X(HOLD, "hold") X(WRAPUP, "wrapup") \
    X(BREAK, "break") X(CUSTOM, "custom")

#define RS_ENUM_ITEM(prefix, name) prefix##_##name
#define RS_X(name, text) RS_ENUM_ITEM(RS_CHANNEL, name),
typedef enum rs_channel { RS_CHANNEL_NONE = 0, RS_CHANNELS(RS_X) RS_CHANNEL_COUNT } rs_channel_t;
#undef RS_X
#define RS_X(name, text) RS_ENUM_ITEM(RS_DIRECTION, name),
typedef enum rs_direction { RS_DIRECTION_NONE = 0, RS_DIRECTIONS(RS_X) RS_DIRECTION_COUNT } rs_direction_t;
#undef RS_X
#define RS_X(name, text) RS_ENUM_ITEM(RS_OFFER, name),
typedef enum rs_offer_reason { RS_OFFER_NONE = 0, RS_OFFER_REASONS(RS_X) RS_OFFER_COUNT } rs_offer_reason_t;
#undef RS_X
#define RS_X(name, text) RS_ENUM_ITEM(RS_FLOW, name),
typedef enum rs_flow_reason { RS_FLOW_NONE = 0, RS_FLOW_REASONS(RS_X) RS_FLOW_COUNT } rs_flow_reason_t;
#undef RS_X
#define RS_X(name, text) RS_ENUM_ITEM(RS_BLOCK, name),
typedef enum rs_block_reason { RS_BLOCK_NONE = 0, RS_BLOCK_REASONS(RS_X) RS_BLOCK_COUNT } rs_block_reason_t;
#undef RS_X
#define RS_X(name, text) RS_ENUM_ITEM(RS_TRANSFER, name),
typedef enum rs_transfer_kind { RS_TRANSFER_NONE = 0, RS_TRANSFER_KINDS(RS_X) RS_TRANSFER_COUNT } rs_transfer_kind_t;
#undef RS_X
#define RS_X(name, text) RS_ENUM_ITEM(RS_STAGE, name),
typedef enum rs_abandon_stage { RS_STAGE_NONE = 0, RS_ABANDON_STAGES(RS_X) RS_STAGE_COUNT } rs_abandon_stage_t;
#undef RS_X
#define RS_X(name, text) RS_ENUM_ITEM(RS_PARTY, name),
typedef enum rs_party { RS_PARTY_NONE = 0, RS_PARTIES(RS_X) RS_PARTY_COUNT } rs_party_t;
#undef RS_X
#define RS_X(name, text) RS_ENUM_ITEM(RS_SURVEY, name),
typedef enum rs_survey_kind { RS_SURVEY_NONE = 0, RS_SURVEY_KINDS(RS_X) RS_SURVEY_COUNT } rs_survey_kind_t;
#undef RS_X
#define RS_X(name, text) RS_ENUM_ITEM(RS_FEEDBACK, name),
typedef enum rs_feedback_kind { RS_FEEDBACK_NONE = 0, RS_FEEDBACK_KINDS(RS_X) RS_FEEDBACK_COUNT } rs_feedback_kind_t;
#undef RS_X
#define RS_X(name, text) RS_ENUM_ITEM(RS_FEEDBACK_STAGE, name),
typedef enum rs_feedback_stage { RS_FEEDBACK_STAGE_NONE = 0, RS_FEEDBACK_STAGES(RS_X) RS_FEEDBACK_STAGE_COUNT } rs_feedback_stage_t;
#undef RS_X
#define RS_X(name, text) RS_ENUM_ITEM(RS_AGENT, name),
typedef enum rs_agent_state { RS_AGENT_NONE = 0, RS_AGENT_STATES(RS_X) RS_AGENT_STATE_COUNT } rs_agent_state_t;
#undef RS_X

/* Bits of rs_event_t.present. */
enum {
    RS_HAS_SEQ = 1u << 0,
    RS_HAS_PRIORITY = 1u << 1,
    RS_HAS_WAIT_MS = 1u << 2,
    RS_HAS_TALK_MS = 1u << 3,
    RS_HAS_HOLD_MS = 1u << 4,
    RS_HAS_RING_MS = 1u << 5,
    RS_HAS_RESOLVED = 1u << 6,
    RS_HAS_SCORE = 1u << 7,
    RS_HAS_SCALE_MIN = 1u << 8,
    RS_HAS_SCALE_MAX = 1u << 9,
    RS_HAS_FROM_US = 1u << 10,
    RS_HAS_TO_US = 1u << 11,
    RS_HAS_FROM_SEQ = 1u << 12,
    RS_HAS_TO_SEQ = 1u << 13,
    /* `customer` holds the 16 bytes of a pseudonym, not the caller's own text. The daemon sets it at its edge. */
    RS_HAS_PSEUDONYM = 1u << 14
};

/* Longest strings, in bytes of UTF-8. */
enum { RS_MAX_NAME = 64, RS_MAX_CONTACT_ID = 128, RS_MAX_CUSTOMER = 128, RS_PSEUDONYM_BYTES = 16 };

typedef struct rs_event {
    int64_t occurred_us;   /* microseconds since the epoch, UTC; 0 <= t < year 2262 */
    uint64_t seq;          /* RS_HAS_SEQ */
    uint32_t present;      /* RS_HAS_… */
    uint8_t type;          /* rs_event_type_t */
    uint8_t channel;       /* rs_channel_t, 0 = not named */
    uint8_t direction;     /* rs_direction_t, 0 = not named */
    uint8_t reason;        /* rs_offer_reason_t, rs_flow_reason_t or rs_block_reason_t, by type */
    uint8_t kind;          /* rs_transfer_kind_t, rs_survey_kind_t or rs_feedback_kind_t, by type */
    uint8_t stage;         /* rs_abandon_stage_t or rs_feedback_stage_t, by type */
    uint8_t party;         /* contact.ended `by`, contact.message `from`: rs_party_t */
    uint8_t state;         /* rs_agent_state_t */
    bool resolved;         /* RS_HAS_RESOLVED */
    rs_str_t event_id, source, incarnation, tenant, contact_id, journey_id, customer, queue, agent, team, topic;
    int64_t wait_ms, talk_ms, hold_ms, ring_ms;   /* >= 0, at most 2^32 - 1 */
    int64_t priority;
    int64_t score_milli, scale_min_milli, scale_max_milli;   /* thousandths: 4.5 is 4500 */
    int64_t from_us, to_us;                                   /* agent.scheduled */
    uint64_t from_seq, to_seq;                                /* source.gap */
    rs_str_t to_queue, to_agent;   /* contact.transferred, <= RS_MAX_NAME */
    rs_str_t code;      /* disposition.set `code`, agent.state `reason`, callback `result`, agent.scheduled `activity`; <= RS_MAX_NAME */
    rs_str_t case_id;   /* feedback.received, <= RS_MAX_NAME */
} rs_event_t;

/* Names of the enumerations as they stand on the wire; "" for 0 or a value out of range. Any thread. */
const char *rs_event_type_name(unsigned type);
const char *rs_channel_name(unsigned channel);
const char *rs_direction_name(unsigned direction);

#ifdef __cplusplus
}
#endif
#endif
