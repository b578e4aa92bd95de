/* core/skew.h — how far a source's clock is off from ours: for people to look at, never a figure and never used to change one.
 *
 * Model:   every event takes some time to come, and the quickest of many hardly any. So the least arrival - occurred over the last
 *          five to ten minutes is what the two clocks differ by, and a little more. It is kept in two halves of five minutes of arrival
 *          each; the older one goes as a whole. A source that sends old things from its spool only shows as one that is behind.
 * Purity:  time is what the events say; live only, for in a replay nothing arrives.
 */
#ifndef RS_CORE_SKEW_H
#define RS_CORE_SKEW_H

#include "base/base.h"

#define RS_SKEW_HALF_US (5 * RS_US_PER_MIN)
enum { RS_SKEW_LEAST_EVENTS = 8 };   /* fewer within the two halves say nothing */

typedef struct rs_skew {
    int64_t begun_us;                /* when the younger half began, by arrival */
    int64_t least_us[2];             /* arrival - occurred; younger, older half */
    uint32_t events[2];
} rs_skew_t;

void rs_skew_note(rs_skew_t *skew, int64_t occurred_us, int64_t arrival_us);
/* True when there is an estimate: > 0: the source's clock is ahead by that much at least; < 0: it is behind by that much, or what it sends
 * takes that long. */
bool rs_skew_estimate(const rs_skew_t *skew, int64_t *skew_us);

#endif
