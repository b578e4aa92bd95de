/* core/process/stage.h — the stages of a contact's way, as numbers and in words.
 *
 * A contact stands in one stage at a time. A stage's number is its kind, but for queues, which have a number each. Agents are in no
 * stage's name: a map can be shown to anybody. */
#ifndef RS_CORE_STAGE_H
#define RS_CORE_STAGE_H

#include "base/base.h"

/* The last ones are ends, by outcome (core/process/path.h says which is which). The order is part of the stored format: add ends at
 * the end, and nothing in between. */
#define RS_PROCESS_KINDS(X)                                                                             \
    X(BEGIN, "begin") X(FLOW, "flow") X(QUEUE, "queue") X(RING, "ring") X(TALK, "talk") X(HOLD, "hold") \
    X(TRANSFER, "transfer") X(WRAP, "wrap") X(CALLBACK, "callback") X(SURVEY, "survey")                 \
    X(END_ANSWERED, "end:answered") X(END_ABANDONED, "end:abandoned") X(END_FLOWED_OUT, "end:flowed_out") \
    X(END_TRANSFERRED, "end:transferred") X(END_BLOCKED, "end:blocked") X(END_CALLBACK, "end:callback") \
    X(END_CLOSED, "end:closed") X(END_BEFORE_QUEUE, "end:before_queue") X(END_LOST, "end:lost")
typedef enum rs_process_kind {
#define RS_X(NAME, text) RS_PROCESS_##NAME,
    RS_PROCESS_KINDS(RS_X)
#undef RS_X
    RS_PROCESS_KIND_COUNT
} rs_process_kind_t;

enum { RS_PROCESS_FIRST_QUEUE = 64 };   /* a queue's number is this + the number of its name */
_Static_assert(RS_PROCESS_KIND_COUNT <= 32, "kinds are bits of one word");

static inline uint32_t rs_stage_of_queue(uint32_t name) { return RS_PROCESS_FIRST_QUEUE + name; }
static inline rs_process_kind_t rs_stage_kind(uint32_t stage) {
    return stage >= RS_PROCESS_FIRST_QUEUE ? RS_PROCESS_QUEUE : (rs_process_kind_t)stage;
}
/* The number of the queue's name; 0 = no queue. */
static inline uint32_t rs_stage_queue(uint32_t stage) { return stage >= RS_PROCESS_FIRST_QUEUE ? stage - RS_PROCESS_FIRST_QUEUE : 0; }
static inline bool rs_stage_is_end(rs_process_kind_t kind) { return kind >= RS_PROCESS_END_ANSWERED; }

/* A stage beyond the core's numbers. */
typedef struct rs_stage_name {
    rs_process_kind_t kind;
    rs_str_t queue;               /* of the kind QUEUE */
} rs_stage_name_t;

const char *rs_process_kind_name(rs_process_kind_t kind);   /* static storage */
/* By kind, then by queue. */
int rs_stage_name_compare(const rs_stage_name_t *a, const rs_stage_name_t *b);
/* "talk", "queue:vip", "end:answered". Cut to what fits. */
enum { RS_STAGE_TEXT = RS_MAX_NAME + 8 };
void rs_stage_name_text(const rs_stage_name_t *stage, char text[RS_STAGE_TEXT]);

#endif
