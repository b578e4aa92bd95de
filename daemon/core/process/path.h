/* core/process/path.h — one contact's way through the stages, and the steps that are counted.
 *
 * Model:   a contact stands in one stage at a time, from its first one until an end. Going from one stage to the next is a step:
 *          it has a moment (when the next stage began) and the time spent in the stage before it. Moments of a way never go back.
 *          An end holds until something follows: then the end is taken back, and the way goes on from the stage before it. The time
 *          in that stage is up to the end; what lies between the end and what followed is in no stage.
 * Rules (contact/derive_process.c applies them to each event, after its legs and handlings were read):
 *   begin        the first of these events. A step from `begin` has no time.
 *   flow         contact.created, when nothing came before it; contact.reopened after an end.
 *   queue:NAME   a leg opens, whatever was before it (a handling may be open: the contact waits all the same).
 *   ring         contact.offered with a leg open; or without one in begin, flow, transfer, callback. As many offers as rang must fail
 *                before it goes back to where it was.
 *   talk         contact.answered that meets a leg or opens a handling. Retrieving from hold, and a leg that closes unanswered under
 *                an open handling, go back to talk.
 *   hold         contact.held in talk.
 *   transfer     contact.transferred that ends the handling while no leg is open. Of kind `external`, or to nobody named, the way ends
 *                there at once (end:transferred); when something follows all the same, the time until then is in `transfer`.
 *   wrap         a wrap-up that starts after an end, or by which talk or hold ends; until none of the contact's wrap-ups runs. A
 *                wrap-up while the contact is elsewhere runs beside its way.
 *   callback     contact.dequeued with reason callback; callback.requested while nothing is open. It ends with callback.failed (a
 *                call-back event after that goes on with it) or by what the call back brings: queued, offered, answered.
 *   survey       survey.answered after an end, once; during the wrap-up: after that. The end follows at once, as it was.
 *   ends         contact.ended and contact.abandoned: of talk, hold answered; of queue, ring abandoned; of transfer transferred; of
 *                callback callback; of flow, begin before_queue (abandoned: abandoned; of transfer, callback likewise). contact.blocked
 *                with nothing open: blocked. A leg that closes unanswered: flowed_out. contact.closed with nothing open: closed.
 *                A missing end: lost, at that moment, with the time up to the last event. What is ended, or in its wrap-up, is
 *                not ended again.
 * Again:   a step enters a stage again when its contact was in it before; going back (to the queue from a failed offer, to talk from
 *          hold) is no entry. Ping-pong: from A to B and back to A, of queues; of agents likewise. The step of the end says whether
 *          the contact had either.
 * Bounds:  a way keeps its first RS_PATH_STAGES stages; the rest is the same to a variant, and a queue that was first entered after
 *          them is not known when it is entered again.
 */
#ifndef RS_CORE_PATH_H
#define RS_CORE_PATH_H

#include "core/process/stage.h"

enum { RS_PATH_STAGES = 32 };

enum {   /* of a step, and of a path: what it had up to now */
    RS_STEP_AGAIN = 1, RS_STEP_LOOP = 2 /* into the very stage it comes from */, RS_STEP_PING_PONG_QUEUE = 4, RS_STEP_PING_PONG_AGENT = 8,
    RS_STEP_CUT = 16                    /* the path is longer than what is kept of it */
};

typedef struct rs_step {
    uint32_t from, to;            /* stages */
    uint32_t queue;               /* a name: whose the stage `from` is, 0 = none's; of a first step: `to` */
    uint8_t flags, length;        /* of an end's step, too: what the contact had; how many stages of its path are kept */
    int8_t sign;                  /* -1 = an end is taken back */
    uint8_t unused;               /* 0: steps are compared as bytes */
    int64_t at_us, time_us;
    int64_t path_us;              /* of an end: from the first stage to the end; else 0 */
    uint64_t variant;             /* of an end: stands for the path with its end; else 0 */
} rs_step_t;

enum { RS_STEPS_MAX = 2048 };     /* 256 events of at most 8 steps each */
typedef struct rs_steps {
    uint32_t count;
    rs_step_t items[RS_STEPS_MAX];
} rs_steps_t;

typedef struct rs_path {
    int64_t begun_us, entered_us; /* INT64_MIN: not begun */
    int64_t end_us, left_us;      /* while ended: the end's moment, and until when the time counts */
    uint64_t hash;                /* of the stages up to now */
    uint32_t stage;               /* it stands in, or has ended in */
    uint32_t queue;               /* whose it is: of the last leg or handling */
    uint32_t before_ring;
    uint32_t queues[2], agents[2];/* the last two different ones, newest first */
    uint32_t kinds;               /* bit set: entered before */
    uint16_t ringing;             /* offers that have not failed */
    uint8_t end;                  /* rs_process_kind_t; 0 = not ended */
    uint8_t end_after_wrap;
    bool survey_waits;            /* for the wrap-up to end */
    uint8_t flags;                /* RS_STEP_… */
    uint8_t length;
    uint32_t stages[RS_PATH_STAGES];
} rs_path_t;

void rs_path_init(rs_path_t *path);
/* Goes on to `stage` of `queue` (its own or 0 = stays whose it was). `back`: to a stage that was only interrupted. `agent`: who talks
 * now, 0 = nobody or no name. Steps are added. */
void rs_path_enter(rs_path_t *path, rs_steps_t *steps, uint32_t stage, uint32_t queue, uint32_t agent, bool back, int64_t at_us);
/* Ends at `at_us`; the time in the last stage is up to `left_us`. */
void rs_path_end(rs_path_t *path, rs_steps_t *steps, rs_process_kind_t end, int64_t at_us, int64_t left_us);
/* Takes the end back and stays in the stage. */
void rs_path_resume(rs_path_t *path, rs_steps_t *steps);

#endif
