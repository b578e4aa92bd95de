/* base/calendar.h — working hours: which instants count for a clock that stops at night, at weekends and on holidays.
 *
 * Model:   a week of spans of local time in one IANA zone, and single dates that differ: closed, or open at hours of their own. A
 *          span is [from, to) in seconds of the local day, to <= 86,400. Where the zone's clock is set forward, the skipped local time
 *          does not exist and is not worked; where it is set back, repeated local time is worked twice, as people do.
 * Memory:  immutable after create, may be shared between threads. Nothing is allocated by the questions.
 * Cost:    a question costs a few steps plus one per date that differs and lies in between, whatever the distance.
 */
#ifndef RS_BASE_CALENDAR_H
#define RS_BASE_CALENDAR_H

#include "base/zone.h"

typedef struct rs_calendar_span { uint8_t weekday; uint32_t from_s, to_s; } rs_calendar_span_t;   /* weekday 0 = Monday .. 6 */
/* A date that differs: with from_s == to_s it is closed; several with the same date are several spans of it. */
typedef struct rs_calendar_date { int32_t days; uint32_t from_s, to_s; } rs_calendar_date_t;     /* days since 1970-01-01, local */

typedef struct rs_calendar rs_calendar_t;

/* Copies everything but `zone`, which is borrowed for the calendar's life. RS_ERR_INVALID: a span that is empty, reversed, past the
 * day's end, or overlaps another one of its day; no span at all. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_calendar_create(const rs_zone_t *zone, const rs_calendar_span_t *week, size_t week_count,
                                     const rs_calendar_date_t *dates, size_t date_count, rs_calendar_t **calendar);
void rs_calendar_destroy(rs_calendar_t **calendar);

/* Pure. Working time between two instants; from > to: 0. `calendar` NULL: every instant is worked. */
int64_t rs_calendar_worked_us(const rs_calendar_t *calendar, int64_t from_us, int64_t to_us);
/* Pure. The first instant at which `worked_us` of working time has passed since `from_us`; INT64_MAX: not before the year 2262. */
int64_t rs_calendar_due_us(const rs_calendar_t *calendar, int64_t from_us, int64_t worked_us);
/* Pure. */
bool rs_calendar_is_open(const rs_calendar_t *calendar, int64_t at_us);

#endif
