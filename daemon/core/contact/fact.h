/* core/contact/fact.h — what a contact's events come to: small records that are counted, or taken back, as a whole.
 *
 * A contact's facts are a function of its ordered events (derive.h). account.c turns each into counts at panes and rows. */
#ifndef RS_CORE_FACT_H
#define RS_CORE_FACT_H

#include "core/policy/verdict.h"

typedef enum rs_fact_type {
    RS_FACT_LEG_OPENED = 1,   /* at = queued time */
    RS_FACT_LEG_CLOSED,       /* outcome, reason, a = wait; agent, team when answered; b = of that wait, what a leg exchanged for a
                                 call-back has counted before (kept clock) */
    RS_FACT_HANDLED,          /* a = talk, b = hold, holds; a handling ended */
    RS_FACT_HANDLING_LOST,
    RS_FACT_WRAPPED,          /* a = this wrap; at = its end */
    RS_FACT_HANDLE_TIME,      /* a = talk + hold + wraps so far; at = the handling's end */
    RS_FACT_OFFERED,
    RS_FACT_OFFER_FAILED,     /* reason */
    RS_FACT_TRANSFERRED_OUT,  /* reason = kind */
    RS_FACT_TRANSFERRED_IN,   /* queue = to_queue, agent = to_agent, either may be 0 */
    RS_FACT_BLOCKED,          /* reason */
    RS_FACT_ABANDONED_BEFORE_QUEUE,
    RS_FACT_CLOCK_ANOMALY,
    RS_FACT_CALLBACK,         /* reason = the event's type: callback.requested, attempted, connected, failed */
    RS_FACT_FIRST_REPLY,      /* a = by the queue's working hours, b = by the calendar; the others likewise */
    RS_FACT_NEXT_REPLY,
    RS_FACT_RESOLUTION,       /* from the first event, or the reopening, to contact.closed */
    RS_FACT_REOPENED,
    RS_FACT_SURVEY,           /* reason = kind, a = score in thousandths, b = scale: minimum << 32 | maximum (thousandths) */
    RS_FACT_SURVEYED,         /* the contact's first survey of any kind */
    RS_FACT_FCR,              /* a = rs_fcr_flag_t (core/fcr/fcr.h) */
    RS_FACT_FEEDBACK,         /* reason = kind; a complaint, compliment or suggestion came in (core/feedback/case_story.h) */
    RS_FACT_COMPLAINT_STAGE,  /* reason = stage, a = working time up to it, outcome = 1: longer than its deadline */
    RS_FACT_OVERLAPPING,      /* a handling that began while its agent had another one open (core/agent) */
    RS_FACT_TYPE_COUNT
} rs_fact_type_t;

typedef struct rs_fact {
    uint8_t type, outcome, reason, channel;
    uint32_t queue, agent, team;  /* numbers of names, 0 = null */
    uint32_t holds;
    uint32_t unused;              /* 0: facts are compared as bytes */
    int64_t at_us;                /* its own moment: attribution `event` */
    int64_t enter_us;             /* the leg's queued time, or what cases.md gives instead: attribution `enter` */
    int64_t a_us, b_us;
    int64_t begin_us;             /* HANDLED: when it began, else 0 */
} rs_fact_t;

/* A growing list, reused. */
enum { RS_FACTS_MAX = 4096 };     /* 256 events of at most 16 facts each */
typedef struct rs_facts {
    uint32_t count;
    rs_fact_t items[RS_FACTS_MAX];
} rs_facts_t;

#endif
