/* core/contact/outline.h — what first-contact resolution needs to know of a contact, or of a journey as the union of its contacts.
 *
 * Model:   derived with the contact's story, event by event in the total order, so that an event that comes late is read where it
 *          belongs. Merging is commutative and associative: in whatever order contacts are put together, the same comes out.
 * Decided where the design is silent:
 * - A contact takes place when it has an event other than those that only speak of it afterwards: disposition.set, survey.answered,
 *   contact.closed and reopened, wrap-up, and the call-back's own attempts. Without one it neither begins nor ends anything; what
 *   it says of resolution counts for the journey that it belongs to. (A survey for an unknown contact is no repeat.)
 * - Handled: a handling has ended as such; one that is still open, or lost, is not. First handling: the first of those.
 * - A signal (resolved of a disposition or a survey, reopened) counts when it comes within the repeat window of the contact's end
 *   as it was then; before there is an end, always. The last one of each kind holds.
 * - Topic: what the last disposition.set says (in the same time), else the first named. Once a contact has left memory a topic that
 *   is set decides on fcr.never only; the scope stays.
 * - Of two contacts of a journey the one that started first gives customer, topic and direction. Where two started, or were
 *   answered, at the same microsecond, the lesser value (names as text) is taken.
 */
#ifndef RS_CORE_OUTLINE_H
#define RS_CORE_OUTLINE_H

#include "core/hash.h"
#include "core/names.h"
#include "event/event.h"

typedef enum rs_signal { RS_SIGNAL_NONE = 0, RS_SIGNAL_RESOLVED, RS_SIGNAL_UNRESOLVED } rs_signal_t;

typedef struct rs_outline {
    int64_t started_us, last_us;      /* first and last event; INT64_MIN: none yet */
    int64_t ended_us;                 /* last contact.ended or contact.abandoned, INT64_MIN = none */
    int64_t answered_us, entered_us;  /* of the first handling: its answer; its leg's queued time, or its answer without a leg */
    int64_t disposition_us, survey_us;/* when the signals below were given */
    int64_t reopened_us, topic_set_us;/* the first reopening; the last topic of a disposition */
    int64_t customer_us, topic_us;    /* start of the contact that gives customer and topic */
    rs_hash128_t customer;            /* the pseudonym's bytes */
    uint32_t queue, agent, team;      /* of the first handling; before there is one, `queue` and `channel` of the first leg, or no
                                         queue and the channel of the contact that started first */
    uint32_t topic, contacts;
    uint8_t channel, direction;       /* direction 0: not named */
    uint8_t disposition, survey;      /* rs_signal_t */
    bool took_place, begins_aside;    /* begins_aside: its first event only speaks of a contact */
    bool handled, has_leg, has_customer, topic_is_set, reopened;
    bool recalled;                    /* comes from a record (core/fcr/record.h): customer and topic are no longer known */
} rs_outline_t;

void rs_outline_init(rs_outline_t *outline);
static inline int64_t rs_outline_end(const rs_outline_t *outline) {
    return outline->ended_us != INT64_MIN ? outline->ended_us : outline->last_us;
}
static inline bool rs_outline_is_inbound(const rs_outline_t *outline) {
    return outline->direction == RS_DIRECTION_NONE || outline->direction == RS_DIRECTION_INBOUND;
}
/* Puts `other` and *outline together. `window_us`: how long after the journey's end what a contact that did not take place says
 * still counts. `names`: of queues, agents, teams and topics. */
void rs_outline_merge(rs_outline_t *outline, const rs_outline_t *other, int64_t window_us, const rs_names_t *names);

#endif
