/* core/detect/season.h — the same time of the week in the weeks before.
 *
 * Model:     a week has slots, `per_day` of each local day; a slot keeps its last RS_SEASON_WEEKS figures. A local day's slots are one
 *            item of a pool, made when the first figure of that day comes: days on which nobody works cost nothing. Slots are of local
 *            time, so summer time moves with the people; of an hour that comes twice the later figure counts as one more week.
 * Formula:   centre = median of the slot; spread = median |difference of two weeks of one slot|, over all pairs of weeks of the slot
 *            and its neighbours, / (0.6745·sqrt 2): the median absolute deviation, but of differences, because residuals from a median
 *            of three weeks are far too small;
 *            score = (x - centre) / spread            (modified z: Iglewicz and Hoaglin 1993; they take 3.5 for the limit)
 *            Where the spread is 0: from the mean difference; where that is 0, too: sqrt(max(centre, 1)) for counts. Of
 *            other figures never less than a fiftieth of the centre: a plan that was always kept to the minute is no reason to be strict.
 *            Few weeks make a rough spread, so the limit for a wanted rate of false alarms is Student's,
 *                limit = t(rate, 0.6·(n - 1)·slots)·sqrt(1 + pi/(2·n)), n weeks of the slot, `slots` with its neighbours
 *            (0.6: efficiency of the spread, measured in tests/unit/core_detect; variance of a median pi/2n: Huber, Robust
 *            Statistics, 1981).
 * Frozen:    what is abnormal is not learned, or the next week would find it normal; but the third abnormal figure of a slot in a row
 *            is: then it is the new normal.
 * State:     flat; numbers, not pointers. Pure. */
#ifndef RS_CORE_DETECT_SEASON_H
#define RS_CORE_DETECT_SEASON_H

#include "core/pool.h"

enum { RS_SEASON_WEEKS = 6, RS_SEASON_LEAST_WEEKS = 3, RS_SEASON_SLOTS = 96, RS_SEASON_FROZEN = 2, RS_SEASON_NEAR = 2 };

typedef struct rs_season_day {
    float values[RS_SEASON_SLOTS * RS_SEASON_WEEKS];    /* slot by slot */
    uint8_t known[RS_SEASON_SLOTS], next[RS_SEASON_SLOTS], frozen[RS_SEASON_SLOTS];
    uint8_t warm[RS_SEASON_SLOTS];                      /* so many of them, the oldest, are from history */
} rs_season_day_t;
typedef struct rs_season { uint32_t days[7]; } rs_season_t;     /* numbers of items, Monday first; 0: none */

/* Which slot a local time (µs since the epoch, by the clock on the wall) is in. `per_day`: 1 .. RS_SEASON_SLOTS. */
typedef struct rs_season_slot { uint8_t day, slot; } rs_season_slot_t;
rs_season_slot_t rs_season_slot(int64_t local_us, uint32_t per_day);

/* What the weeks before say of a slot. */
typedef struct rs_season_view {
    double centre, spread;      /* spread 0: no score */
    uint32_t weeks;
    double freedom;             /* of the spread */
} rs_season_view_t;
/* False: fewer than RS_SEASON_LEAST_WEEKS figures. */
RS_MUST_CHECK bool rs_season_look(const rs_pool_t *pool, const rs_season_t *season, rs_season_slot_t slot, uint32_t per_day, bool counts,
                                  rs_season_view_t *view);
/* Only the median. */
RS_MUST_CHECK bool rs_season_centre(const rs_pool_t *pool, const rs_season_t *season, rs_season_slot_t slot, double *centre);
/* The limit of |score| (both sides) or of score (one) at which one figure in `arl` is beyond when all is well. */
double rs_season_limit(const rs_season_view_t *view, bool both_sides, double arl);
/* A figure of the slot. False: the pool is full and nothing was learned. */
bool rs_season_learn(rs_pool_t *pool, rs_season_t *season, rs_season_slot_t slot, double value, bool abnormal);
/* A figure of history, oldest first: older than all that was learned, and it never takes the place of one of these. As learned when nothing
 * was yet. False: the pool is full. */
bool rs_season_warm(rs_pool_t *pool, rs_season_t *season, rs_season_slot_t slot, double value);
/* Gives the days back. */
void rs_season_forget(rs_pool_t *pool, rs_season_t *season);

#endif
