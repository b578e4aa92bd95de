/* base/zone.h — an IANA time zone as a table of offsets, so that pure code can cut local days.
 *
 * Model:   transitions sorted by their UTC instant; from transitions[i].at_us on, local time = UTC + offset_s. The first
 *          transition's at_us is 0 (the epoch); nothing before the epoch is ever asked.
 * Memory:  a zone is immutable after rs_zone_load and may be shared between threads.
 */
#ifndef RS_BASE_ZONE_H
#define RS_BASE_ZONE_H

#include "base/base.h"

typedef struct rs_zone_transition {
    int64_t at_us;
    int32_t offset_s;
} rs_zone_transition_t;

typedef struct rs_zone {
    char name[RS_MAX_NAME + 1];
    uint32_t count;
    rs_zone_transition_t *transitions;
} rs_zone_t;

/* Reads the zone `name` (such as "Europe/London", "UTC") from the system's zone files, 1970 to 2262. Not thread-safe
 * against other users of TZ: call it at start or on the one thread that loads configurations.
 * RS_ERR_NOT_FOUND: no such zone. RS_ERR_IO: its file cannot be read or is broken. RS_ERR_MEMORY. About 12 ms. On success *zone_out is
 * owned by the caller; free with rs_zone_destroy. */
RS_MUST_CHECK int rs_zone_load(const char *name, rs_zone_t **zone_out);
void rs_zone_destroy(rs_zone_t **zone);

/* Pure. Seconds east of UTC at the instant `at_us`. */
int32_t rs_zone_offset_s(const rs_zone_t *zone, int64_t at_us);
/* Pure. First instant (UTC) of the local date that `at_us` falls on; where midnight does not exist, the first instant
 * that does. Where a clock is set back over midnight, the repeated rest of the old date belongs to the new one, which has
 * begun already: days never overlap. */
int64_t rs_zone_day_start_us(const rs_zone_t *zone, int64_t at_us);
/* Pure. First instant (UTC) of the next local date that exists after the one of `at_us`. */
int64_t rs_zone_next_day_us(const rs_zone_t *zone, int64_t at_us);

#endif
