/* connect/asterisk_visits.h — callers in the queues of one Asterisk, as far as its queue_log tells.
 *
 * Model:     a visit is found by its call id (the newest of that id), and while it talks by queue and agent, too.
 *            Visits that are over are remembered for what comes behind (a disposition, the next visit of the call
 *            id); they go first when room is needed, the one longest unheard of before the others.
 * Memory:    about half a kilobyte a visit, touched when first used. Pointers stay valid until the next
 *            rs_visits_make.
 * Threads:   one.
 */
#ifndef RS_CONNECT_ASTERISK_VISITS_H
#define RS_CONNECT_ASTERISK_VISITS_H

#include "connect/asterisk_line.h"

typedef enum rs_visit_phase { RS_VISIT_OVER = 0, RS_VISIT_WAITING, RS_VISIT_TALKING } rs_visit_phase_t;

typedef struct rs_visit {
    char callid[RS_CALLID_MAX + 1];  /* under which lines name it */
    char origin[RS_CALLID_MAX + 1];  /* the contact is "<origin>", from the second visit on "<origin>/<ordinal>" */
    char journey[RS_CALLID_MAX + 1]; /* the call id that the chain began with */
    char queue[RS_MAX_NAME + 1], agent[RS_MAX_NAME + 1];
    uint32_t ordinal;       /* 0: no visit yet, only the journey is known */
    rs_visit_phase_t phase; /* changed by the functions below only */
    int64_t entered_s, connected_s, hold_s;
    int64_t position; /* when it entered; -1: not known */
    uint32_t older, younger, next_in_bucket, next_talking;
} rs_visit_t;

typedef struct rs_visits rs_visits_t;
/* `max` >= 1. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_visits_create(uint32_t max, rs_visits_t **visits);
void rs_visits_destroy(rs_visits_t **visits);
/* Forgets everybody. */
void rs_visits_clear(rs_visits_t *visits);

/* The newest of this call id, which becomes the one heard of last. NULL: not known. */
rs_visit_t *rs_visits_find(rs_visits_t *visits, rs_str_t callid);
/* One more of this call id (at most RS_CALLID_MAX bytes): over, ordinal 0, its own origin and journey. Somebody else
 * goes when there is no room. */
rs_visit_t *rs_visits_make(rs_visits_t *visits, rs_str_t callid);

void rs_visits_wait(rs_visits_t *visits, rs_visit_t *visit, rs_str_t queue);
void rs_visits_talk(rs_visits_t *visits, rs_visit_t *visit, rs_str_t queue, rs_str_t agent);
void rs_visits_end(rs_visits_t *visits, rs_visit_t *visit);

/* What a line says about the conversation that it ends. */
typedef struct rs_visit_end {
    rs_str_t callid, queue, agent;
    int64_t at_s, hold_s, talk_s;
    int64_t position; /* -1: not known */
} rs_visit_end_t;
/* The conversation of this queue and agent that ends here: the call id's own; else, when the line stands under a
 * foreign call id, one whose position, hold time (a second off at most) and length (RS_VISIT_LENGTH_OFF at most) agree,
 * of several the nearest. NULL: none. */
enum { RS_VISIT_HOLD_OFF = 1, RS_VISIT_LENGTH_OFF = 5 };
rs_visit_t *rs_visits_match(rs_visits_t *visits, const rs_visit_end_t *end);

/* Of those who wait or talk the one longest unheard of; NULL when there is none. */
rs_visit_t *rs_visits_oldest_open(rs_visits_t *visits);
/* How many were waiting or talking when they had to go. */
uint64_t rs_visits_forgotten(const rs_visits_t *visits);

#endif
