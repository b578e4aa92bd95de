/* core/alert/outbox.h — alert transitions that a receiver does not have for good yet, and how far each receiver is.
 *
 * Model:   a transition gets its identity (number of the record that caused it, which of that record's) and stays here until every known
 *          receiver has confirmed it. So after a restart it can be told again, as it was, with the same identity; receivers leave out
 *          what they have. A receiver is known from its first confirmation on (the store from the beginning, where rows are kept), and
 *          forgotten when it says so. Without receivers nothing is kept.
 * Bounds:  RS_ALERT_OUTBOX_BYTES and RS_RECEIVERS. Past the first the oldest transition goes (`dropped`), past the second the receiver is
 *          not taken (`refused`).
 * State:   all of it.
 */
#ifndef RS_CORE_ALERT_OUTBOX_H
#define RS_CORE_ALERT_OUTBOX_H

#include "core/alert/pack.h"
#include "event/event.h"

enum { RS_ALERT_OUTBOX_BYTES = 32 * 1024 * 1024, RS_RECEIVERS = 64 };

typedef struct rs_receiver {
    uint64_t name;           /* rs_confirmed_t.receiver */
    uint64_t position;       /* identity of the last transition that it has */
    uint32_t ordinal;
} rs_receiver_t;

typedef struct rs_outbox {
    rs_receiver_t receivers[RS_RECEIVERS];
    uint32_t receiver_count;
    unsigned char *bytes;    /* entries, oldest first: length, packed transition */
    uint32_t begin, end, room;
    uint32_t count;
    uint64_t dropped, refused;
} rs_outbox_t;

/* A zeroed one is empty. */
void rs_outbox_deinit(rs_outbox_t *outbox);
void rs_outbox_add(rs_outbox_t *outbox, const rs_alert_transition_t *transition);
void rs_outbox_confirm(rs_outbox_t *outbox, uint64_t receiver, uint64_t position, uint32_t ordinal);
/* NULL: not known. */
const rs_receiver_t *rs_outbox_receiver(const rs_outbox_t *outbox, uint64_t receiver);
/* All entries later than (position, ordinal), oldest first. */
void rs_outbox_each(const rs_outbox_t *outbox, uint64_t position, uint32_t ordinal, rs_alert_fn on_alert, void *context);

#endif
