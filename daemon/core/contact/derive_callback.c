/* Call-backs: what was promised and what became of it, and the clock of a contact that gave up its place in the queue for one.
 *
 * A leg that ends as `callback` is exchanged. When its contact is queued again, the new leg's wait is measured from where the
 * exchanged one's began (callback_clock: keep) or from its own queued time (restart). The contact is the contact_id: a call-back that
 * comes as a contact of its own, of the same journey, has a clock of its own. Only the next leg takes the clock over; what it then
 * waits beyond T is counted without what the exchanged leg has counted, so that no moment is counted twice. */
#include "core/contact/derive_internal.h"

void rs_story_start_clock(rs_derivation_t *d, rs_story_t *story) {
    story->leg_since_us = story->leg_queued_us;
    story->leg_counted_us = 0;
    if (story->exchanged_since_us == INT64_MIN) return;
    if (d->callback_keeps(d->context, d->tenant, story->leg_queue, story->leg_channel, story->leg_queued_us)) {
        story->leg_since_us = story->exchanged_since_us;
        story->leg_counted_us = story->exchanged_wait_us;
    }
    story->exchanged_since_us = INT64_MIN;
}

void rs_story_exchange_leg(rs_story_t *story, int64_t wait_us) {
    story->exchanged_since_us = story->leg_since_us;
    story->exchanged_wait_us = wait_us;
}

void rs_story_on_callback(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    rs_story_add_aside(d, story, RS_FACT_CALLBACK, node)->reason = node->type;
}
