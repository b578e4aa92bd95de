/* feed/notice.h — one change of an episode as receivers beyond this machine are told of it, kept until each has it.
 *
 * Model:     of all transitions only two kinds are told: that an episode fires, and that it has ended. A pending one is nobody's
 *            business yet, and one that is recovering still fires. What is told on its own is `news`: the beginning, the end, and
 *            (from == to) what people did about it; a change that is none only makes the newest figures known.
 * Identity:  (position, ordinal): the record of the journal whose application made the change, and the how manyeth effect of that
 *            record it was. Replaying the journal gives the same numbers, so a change sent twice can be recognised.
 * Threads:   the loop's. A notice is never changed; those who keep it hold it, the last one who lets go frees it.
 */
#ifndef RS_FEED_NOTICE_H
#define RS_FEED_NOTICE_H

#include "core/alert/alert.h"

typedef struct rs_effect_id {
    uint64_t position;
    uint32_t ordinal;
} rs_effect_id_t;

static inline bool rs_effect_after(rs_effect_id_t a, rs_effect_id_t b) {
    return a.position != b.position ? a.position > b.position : a.ordinal > b.ordinal;
}
/* The greatest identity below `id`; the zero identity stays. */
static inline rs_effect_id_t rs_effect_before(rs_effect_id_t id) {
    if (id.ordinal > 0) return (rs_effect_id_t){id.position, id.ordinal - 1};
    return id.position == 0 ? id : (rs_effect_id_t){id.position - 1, UINT32_MAX};
}

typedef enum rs_told { RS_TOLD_NOTHING = 0, RS_TOLD_FIRING, RS_TOLD_ENDED } rs_told_t;

typedef struct rs_notice {
    uint32_t holders;
    uint8_t phase; /* RS_TOLD_FIRING or RS_TOLD_ENDED */
    bool is_news;
    rs_effect_id_t id;
    rs_alert_transition_t transition; /* its strings stand behind it */
} rs_notice_t;

/* What the transition is to receivers: FIRING, ENDED, or NOTHING (they are not told of it). */
rs_told_t rs_notice_phase(const rs_alert_transition_t *transition);
/* A copy with one holder, identified by the transition's position and ordinal. RS_ERR_NOT_FOUND: receivers are not told of this;
 * RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_notice_create(const rs_alert_transition_t *transition, rs_notice_t **notice);
/* Both take NULL. */
rs_notice_t *rs_notice_hold(rs_notice_t *notice);
void rs_notice_release(rs_notice_t *notice);
/* How far the figure is beyond its limit, as a share of the limit (of 1 where that is 0); 0 without a figure. */
double rs_notice_deviation(const rs_notice_t *notice);

#endif
