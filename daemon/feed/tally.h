/* feed/tally.h — exact numbers of changes by rule and severity, for a digest: of those it stands for, and of those that a bound or
 * a refusal took. A rule past the room for names is counted under `other`. Pure. */
#ifndef RS_FEED_TALLY_H
#define RS_FEED_TALLY_H

#include "feed/notice.h"

enum { RS_TALLY_ROWS = 64 };

typedef enum rs_post_tally_what {
    RS_TALLY_FIRING = 0, /* told by this digest: it fires */
    RS_TALLY_ENDED,      /* told by this digest: it has ended */
    RS_TALLY_FULL,       /* not told: there was no room to remember it */
    RS_TALLY_REFUSED,    /* not told: the receiver refused it */
    RS_TALLY_WHAT_COUNT
} rs_post_tally_what_t;

typedef struct rs_post_tally_row {
    char rule[RS_MAX_NAME + 1]; /* "" of `other` */
    uint8_t severity;
    uint64_t counts[RS_TALLY_WHAT_COUNT];
} rs_post_tally_row_t;

typedef struct rs_post_tally {
    rs_post_tally_row_t rows[RS_TALLY_ROWS + 3]; /* the last three, when used, are `other` by severity */
    uint32_t count;
    uint64_t totals[RS_TALLY_WHAT_COUNT];
} rs_post_tally_t;

void rs_post_tally_add(rs_post_tally_t *tally, const rs_notice_t *notice, rs_post_tally_what_t what);
/* Adds, or takes back, all of `other`. */
void rs_post_tally_merge(rs_post_tally_t *tally, const rs_post_tally_t *other);
void rs_post_tally_subtract(rs_post_tally_t *tally, const rs_post_tally_t *other);
static inline uint64_t rs_post_tally_dropped(const rs_post_tally_t *tally) {
    return tally->totals[RS_TALLY_FULL] + tally->totals[RS_TALLY_REFUSED];
}

#endif
