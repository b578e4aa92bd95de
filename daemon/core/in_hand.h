/* core/in_hand.h — how far a list of what changed was handed out (core/core.h, collecting). Not saved: after a restart nothing is in hand.
 *
 * The list is in the order in which its items came to differ from what the store has (`dirty_since`, which only grows). What is in hand is
 * its beginning, up to `last`; confirming takes away from the beginning, and puts what changed meanwhile to the end. */
#ifndef RS_CORE_IN_HAND_H
#define RS_CORE_IN_HAND_H

#include "event/event.h"

typedef struct rs_in_hand {
    uint64_t through;        /* dirty_since of `last` */
    uint64_t revision;       /* of the list's owner when the first of what is in hand was handed out: what has a greater one has
                                changed since, or may have been handed out after: then it is handed out twice */
    uint32_t last;           /* the last item that was handed out, 0: none */
    uint32_t rows;           /* in hand */
} rs_in_hand_t;

static inline rs_collected_t rs_in_hand_collected(const rs_in_hand_t *hand) {
    return (rs_collected_t){.through = hand->through, .revision = hand->revision};
}

#endif
