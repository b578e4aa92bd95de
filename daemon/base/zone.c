/* Local days. Clocks that are set back over midnight make a date end, begin, and be interrupted by the date before: such an
 * interruption belongs to the later date, which has begun already. So days follow each other without gap or overlap, and
 * a day may have any length. */
#include "base/zone.h"

/* No clock has been set back by more than a day, so nothing this far back has a later date than now. */
#define LOOK_BACK_US (3 * RS_US_PER_DAY)

/* The last transition at or before `at_us`. */
static uint32_t segment_of(const rs_zone_t *zone, int64_t at_us) {
    uint32_t low = 0, high = zone->count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (zone->transitions[middle].at_us <= at_us) low = middle;
        else high = middle;
    }
    return low;
}

static int64_t offset_us(const rs_zone_t *zone, uint32_t segment) {
    return (int64_t)zone->transitions[segment].offset_s * RS_US_PER_S;
}

static int64_t segment_end_us(const rs_zone_t *zone, uint32_t segment) {
    return segment + 1 < zone->count ? zone->transitions[segment + 1].at_us : INT64_MAX;
}

/* Days since the epoch of the local date at `at_us`, which lies in `segment`. */
static int64_t date_of(const rs_zone_t *zone, uint32_t segment, int64_t at_us) {
    const int64_t local_us = at_us + offset_us(zone, segment);
    const int64_t date = local_us / RS_US_PER_DAY;
    return local_us % RS_US_PER_DAY < 0 ? date - 1 : date;
}

/* The latest date that has begun by `at_us`. */
static int64_t date_begun(const rs_zone_t *zone, int64_t at_us) {
    const uint32_t last = segment_of(zone, at_us);
    int64_t latest = date_of(zone, last, at_us);
    for (uint32_t i = last; i > 0 && zone->transitions[i].at_us > at_us - LOOK_BACK_US; i--) {
        const int64_t date = date_of(zone, i - 1, zone->transitions[i].at_us - 1);
        if (date > latest) latest = date;
    }
    return latest;
}

/* The first instant from `segment` on whose local date is `date` or later. */
static int64_t first_instant(const rs_zone_t *zone, uint32_t segment, int64_t date) {
    for (;; segment++) {
        const int64_t midnight = date * RS_US_PER_DAY - offset_us(zone, segment);
        if (midnight >= segment_end_us(zone, segment)) continue;
        return midnight > zone->transitions[segment].at_us ? midnight : zone->transitions[segment].at_us;
    }
}

int32_t rs_zone_offset_s(const rs_zone_t *zone, int64_t at_us) {
    return zone->transitions[segment_of(zone, at_us)].offset_s;
}

int64_t rs_zone_day_start_us(const rs_zone_t *zone, int64_t at_us) {
    const int64_t back_us = at_us > LOOK_BACK_US ? at_us - LOOK_BACK_US : 0;
    return first_instant(zone, segment_of(zone, back_us), date_begun(zone, at_us));
}

int64_t rs_zone_next_day_us(const rs_zone_t *zone, int64_t at_us) {
    return first_instant(zone, segment_of(zone, at_us), date_begun(zone, at_us) + 1);
}
