/* A zone is a row of stretches of constant offset. Within one, local time runs evenly, and working time up to a local moment is
 * whole weeks, then days, then spans, corrected by the dates that differ before it. A running sum over the stretches joins them:
 * working time between two instants is the difference of two such sums. */
#include "base/calendar.h"

#include <stdlib.h>

enum { DAY_S = 86400, DAYS_OF_WEEK = 7, EPOCH_WEEKDAY = 3 };   /* 1970-01-01 was a Thursday */

typedef struct span { uint32_t from_s, to_s; } span_t;
typedef struct day { uint32_t first, count, worked_s; } day_t;                 /* a slice of the spans, rising */
typedef struct changed_date {
    int32_t days;
    day_t day;
    int64_t more_before_s;   /* what all changed dates before this one work more than their weekdays */
} changed_date_t;

struct rs_calendar {
    const rs_zone_t *zone;
    span_t *spans;
    day_t week[DAYS_OF_WEEK];
    int64_t worked_before_s[DAYS_OF_WEEK + 1];    /* of a week's days before; the last one is the whole week */
    changed_date_t *dates;                        /* rising */
    size_t date_count;
    int64_t *worked_until_us;                     /* of each stretch of the zone: worked before it begins */
};

/* --- local time --------------------------------------------------------------------------------------------------- */
static int64_t floor_divide(int64_t value, int64_t by) {
    const int64_t quotient = value / by;
    return value % by < 0 ? quotient - 1 : quotient;
}

static unsigned weekday_of(int64_t days) {
    const int64_t weekday = (days + EPOCH_WEEKDAY) % DAYS_OF_WEEK;
    return (unsigned)(weekday < 0 ? weekday + DAYS_OF_WEEK : weekday);
}

/* How many of the dates that differ lie before `days`. */
static size_t dates_before(const rs_calendar_t *calendar, int64_t days) {
    size_t low = 0, high = calendar->date_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (calendar->dates[middle].days < days) low = middle + 1;
        else high = middle;
    }
    return low;
}

static const day_t *day_at(const rs_calendar_t *calendar, int64_t days, size_t before) {
    const bool differs = before < calendar->date_count && calendar->dates[before].days == days;
    return differs ? &calendar->dates[before].day : &calendar->week[weekday_of(days)];
}

static int64_t more_before_s(const rs_calendar_t *calendar, size_t before) {
    if (before == 0) return 0;
    const changed_date_t *last = &calendar->dates[before - 1];
    return last->more_before_s + (int64_t)last->day.worked_s - (int64_t)calendar->week[weekday_of(last->days)].worked_s;
}

/* Working time from the Monday of the epoch's week to a moment of local time, if local time had always run evenly. */
static int64_t worked_local_us(const rs_calendar_t *calendar, int64_t local_us) {
    const int64_t days = floor_divide(local_us, RS_US_PER_DAY), in_day_us = local_us - days * RS_US_PER_DAY;
    const int64_t weeks = floor_divide(days + EPOCH_WEEKDAY, DAYS_OF_WEEK);
    const size_t before = dates_before(calendar, days);
    const int64_t worked_s = weeks * calendar->worked_before_s[DAYS_OF_WEEK] + calendar->worked_before_s[weekday_of(days)] +
                             more_before_s(calendar, before);
    int64_t worked_us = worked_s * RS_US_PER_S;
    const day_t *day = day_at(calendar, days, before);
    for (uint32_t i = 0; i < day->count; i++) {
        const span_t *span = &calendar->spans[day->first + i];
        const int64_t from_us = span->from_s * RS_US_PER_S, to_us = span->to_s * RS_US_PER_S;
        if (in_day_us <= from_us) break;
        worked_us += (in_day_us < to_us ? in_day_us : to_us) - from_us;
    }
    return worked_us;
}

static uint32_t stretch_of(const rs_zone_t *zone, int64_t at_us) {
    uint32_t low = 0, high = zone->count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (zone->transitions[middle].at_us <= at_us) low = middle;
        else high = middle;
    }
    return low;
}

static int64_t offset_us(const rs_zone_t *zone, uint32_t stretch) { return zone->transitions[stretch].offset_s * RS_US_PER_S; }

/* Worked from a stretch's beginning to `at_us`, which lies in it or ends it. */
static int64_t worked_in_stretch_us(const rs_calendar_t *calendar, uint32_t stretch, int64_t at_us) {
    const int64_t offset = offset_us(calendar->zone, stretch);
    return worked_local_us(calendar, at_us + offset) - worked_local_us(calendar, calendar->zone->transitions[stretch].at_us + offset);
}

static int64_t worked_until_us(const rs_calendar_t *calendar, int64_t at_us) {
    const uint32_t stretch = stretch_of(calendar->zone, at_us);
    return calendar->worked_until_us[stretch] + worked_in_stretch_us(calendar, stretch, at_us);
}

/* --- making ------------------------------------------------------------------------------------------------------- */
static int compare_spans(const void *left, const void *right) {
    const rs_calendar_span_t *a = left, *b = right;
    if (a->weekday != b->weekday) return a->weekday < b->weekday ? -1 : 1;
    return (a->from_s > b->from_s) - (a->from_s < b->from_s);
}

static int compare_dates(const void *left, const void *right) {
    const rs_calendar_date_t *a = left, *b = right;
    if (a->days != b->days) return a->days < b->days ? -1 : 1;
    if (a->from_s != b->from_s) return a->from_s < b->from_s ? -1 : 1;
    return (a->to_s > b->to_s) - (a->to_s < b->to_s);
}

/* Adds a span to a day that is being filled. */
static bool add_span(rs_calendar_t *calendar, day_t *day, uint32_t *used, uint32_t from_s, uint32_t to_s) {
    if (from_s >= to_s || to_s > DAY_S) return false;
    if (day->count == 0) day->first = *used;
    else if (calendar->spans[*used - 1].to_s > from_s) return false;
    calendar->spans[(*used)++] = (span_t){.from_s = from_s, .to_s = to_s};
    day->count++;
    day->worked_s += to_s - from_s;
    return true;
}

static bool fill_week(rs_calendar_t *calendar, const rs_calendar_span_t *week, size_t count, uint32_t *used) {
    for (size_t i = 0; i < count; i++) {
        if (week[i].weekday >= DAYS_OF_WEEK) return false;
        if (!add_span(calendar, &calendar->week[week[i].weekday], used, week[i].from_s, week[i].to_s)) return false;
    }
    for (unsigned i = 0; i < DAYS_OF_WEEK; i++) {
        calendar->worked_before_s[i + 1] = calendar->worked_before_s[i] + calendar->week[i].worked_s;
    }
    return true;
}

/* A date is closed or has spans, not both. */
static bool fill_dates(rs_calendar_t *calendar, const rs_calendar_date_t *dates, size_t count, uint32_t *used) {
    for (size_t i = 0; i < count; i++) {
        const bool closed = dates[i].from_s == dates[i].to_s;
        if (dates[i].to_s > DAY_S) return false;
        const bool is_new = i == 0 || dates[i].days != dates[i - 1].days;
        if (is_new) {
            const size_t before = calendar->date_count++;
            calendar->dates[before] = (changed_date_t){.days = dates[i].days, .more_before_s = more_before_s(calendar, before)};
        } else if (closed != (dates[i - 1].from_s == dates[i - 1].to_s)) {
            return false;
        }
        day_t *day = &calendar->dates[calendar->date_count - 1].day;
        if (!closed && !add_span(calendar, day, used, dates[i].from_s, dates[i].to_s)) return false;
    }
    return true;
}

static void fill_stretches(rs_calendar_t *calendar) {
    for (uint32_t i = 1; i < calendar->zone->count; i++) {
        calendar->worked_until_us[i] =
            calendar->worked_until_us[i - 1] + worked_in_stretch_us(calendar, i - 1, calendar->zone->transitions[i].at_us);
    }
}

/* A sorted copy, NULL when memory is out. */
static void *sorted(const void *items, size_t count, size_t size, int (*compare)(const void *, const void *)) {
    void *copy = calloc(count + 1, size);
    if (copy == NULL || count == 0) return copy;
    memcpy(copy, items, count * size);
    qsort(copy, count, size, compare);
    return copy;
}

static int fill(rs_calendar_t *calendar, const rs_calendar_span_t *week, size_t week_count, const rs_calendar_date_t *dates,
                size_t date_count) {
    calendar->spans = calloc(week_count + date_count + 1, sizeof *calendar->spans);
    calendar->dates = calloc(date_count + 1, sizeof *calendar->dates);
    calendar->worked_until_us = calloc((size_t)calendar->zone->count + 1, sizeof *calendar->worked_until_us);
    rs_calendar_span_t *week_sorted = sorted(week, week_count, sizeof *week, compare_spans);
    rs_calendar_date_t *dates_sorted = sorted(dates, date_count, sizeof *dates, compare_dates);
    int status = RS_ERR_MEMORY;
    if (calendar->spans != NULL && calendar->dates != NULL && calendar->worked_until_us != NULL && week_sorted != NULL &&
        dates_sorted != NULL) {
        uint32_t used = 0;
        const bool good = fill_week(calendar, week_sorted, week_count, &used) && fill_dates(calendar, dates_sorted, date_count, &used);
        status = good && used != 0 ? RS_OK : RS_ERR_INVALID;
        if (status == RS_OK) fill_stretches(calendar);
    }
    free(week_sorted);
    free(dates_sorted);
    return status;
}

int rs_calendar_create(const rs_zone_t *zone, const rs_calendar_span_t *week, size_t week_count, const rs_calendar_date_t *dates,
                       size_t date_count, rs_calendar_t **calendar_out) {
    rs_calendar_t *calendar = calloc(1, sizeof *calendar);
    if (calendar == NULL) return RS_ERR_MEMORY;
    calendar->zone = zone;
    const int status = fill(calendar, week, week_count, dates, date_count);
    if (status == RS_OK) *calendar_out = calendar;
    else rs_calendar_destroy(&calendar);
    return status;
}

void rs_calendar_destroy(rs_calendar_t **calendar) {
    if (*calendar == NULL) return;
    free((*calendar)->spans);
    free((*calendar)->dates);
    free((*calendar)->worked_until_us);
    free(*calendar);
    *calendar = NULL;
}

/* --- questions ---------------------------------------------------------------------------------------------------- */
int64_t rs_calendar_worked_us(const rs_calendar_t *calendar, int64_t from_us, int64_t to_us) {
    if (from_us >= to_us) return 0;
    if (calendar == NULL) return to_us - from_us;
    return worked_until_us(calendar, to_us) - worked_until_us(calendar, from_us);
}

int64_t rs_calendar_due_us(const rs_calendar_t *calendar, int64_t from_us, int64_t worked_us) {
    if (worked_us <= 0) return from_us;
    if (rs_calendar_worked_us(calendar, from_us, RS_TIME_MAX_US - 1) < worked_us) return INT64_MAX;
    if (calendar == NULL) return from_us + worked_us;
    const int64_t target_us = worked_until_us(calendar, from_us) + worked_us;
    int64_t before_us = from_us, due_us = RS_TIME_MAX_US - 1;
    while (due_us - before_us > 1) {
        const int64_t middle_us = before_us + (due_us - before_us) / 2;
        if (worked_until_us(calendar, middle_us) >= target_us) due_us = middle_us;
        else before_us = middle_us;
    }
    return due_us;
}

bool rs_calendar_is_open(const rs_calendar_t *calendar, int64_t at_us) {
    if (calendar == NULL) return true;
    const int64_t local_us = at_us + offset_us(calendar->zone, stretch_of(calendar->zone, at_us));
    const int64_t days = floor_divide(local_us, RS_US_PER_DAY), in_day_us = local_us - days * RS_US_PER_DAY;
    const day_t *day = day_at(calendar, days, dates_before(calendar, days));
    for (uint32_t i = 0; i < day->count; i++) {
        const span_t *span = &calendar->spans[day->first + i];
        if (in_day_us >= span->from_s * RS_US_PER_S && in_day_us < span->to_s * RS_US_PER_S) return true;
    }
    return false;
}
