/* Working time against a walk, minute by minute, over the C library's own local times. RS_CALENDAR_SAMPLES: questions per zone. */
#include "base/calendar.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *const names[] = {"Europe/London", "Australia/Lord_Howe", "Pacific/Apia",     "America/Sao_Paulo",
                                    "Africa/Cairo",  "Asia/Beirut",         "America/Santiago", "Asia/Kathmandu"};
enum { MINUTE_S = 60, DAY_S = 86400, MAX_SPANS = 21, MAX_DATES = 24, WALK_DAYS = 16 };
#define YEAR_2060_S INT64_C(2840140800)

typedef struct hours {
    rs_calendar_span_t week[MAX_SPANS];
    rs_calendar_date_t dates[MAX_DATES];
    size_t spans, date_count;
} hours_t;

/* Up to three spans of whole minutes that do not overlap; `to_s` 86,400 comes up. */
static size_t random_spans(rs_random_t *random, uint32_t from_to[3][2]) {
    const size_t wanted = rs_random_below(random, 4);
    uint32_t begin = 0;
    size_t count = 0;
    while (count < wanted && begin < 1440) {
        const uint32_t from = begin + (uint32_t)rs_random_below(random, 1440 - begin);
        const uint32_t left = 1440 - from;
        const uint32_t to = rs_random_below(random, 4) == 0 ? 1440 : from + 1 + (uint32_t)rs_random_below(random, left);
        from_to[count][0] = from * MINUTE_S;
        from_to[count++][1] = to * MINUTE_S;
        begin = to;
    }
    return count;
}

static void random_hours(rs_random_t *random, int64_t around_s, hours_t *hours) {
    uint32_t spans[3][2];
    *hours = (hours_t){0};
    while (hours->spans == 0) {
        for (uint8_t weekday = 0; weekday < 7; weekday++) {
            const size_t count = random_spans(random, spans);
            for (size_t i = 0; i < count; i++) hours->week[hours->spans++] = (rs_calendar_span_t){weekday, spans[i][0], spans[i][1]};
        }
    }
    int32_t days = (int32_t)(around_s / DAY_S) - 3;
    while (hours->date_count + 3 < MAX_DATES) {
        days += 1 + (int32_t)rs_random_below(random, 5);
        const size_t count = random_spans(random, spans);
        if (count == 0) hours->dates[hours->date_count++] = (rs_calendar_date_t){.days = days};
        for (size_t i = 0; i < count; i++) hours->dates[hours->date_count++] = (rs_calendar_date_t){days, spans[i][0], spans[i][1]};
    }
}

static bool open_by_clock(const hours_t *hours, int64_t at_s) {
    const time_t instant = (time_t)at_s;
    struct tm local;
    assert_non_null(localtime_r(&instant, &local));
    const uint32_t in_day = (uint32_t)(local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec);
    local.tm_hour = local.tm_min = local.tm_sec = 0;
    const int32_t days = (int32_t)(timegm(&local) / DAY_S);
    bool dated = false;
    for (size_t i = 0; i < hours->date_count; i++) {
        if (hours->dates[i].days != days) continue;
        dated = true;
        if (in_day >= hours->dates[i].from_s && in_day < hours->dates[i].to_s) return true;
    }
    const uint8_t weekday = (uint8_t)((local.tm_wday + 6) % 7);
    for (size_t i = 0; i < hours->spans && !dated; i++) {
        const rs_calendar_span_t *span = &hours->week[i];
        if (span->weekday == weekday && in_day >= span->from_s && in_day < span->to_s) return true;
    }
    return false;
}

/* Clocks change at whole minutes in these zones and years, and spans are of whole minutes: a minute is worked or not. */
static int64_t walk_us(const hours_t *hours, int64_t from_us, int64_t to_us) {
    const int64_t minute_us = MINUTE_S * RS_US_PER_S;
    int64_t worked_us = 0;
    for (int64_t at_us = from_us - from_us % minute_us; at_us < to_us; at_us += minute_us) {
        const int64_t begin_us = at_us > from_us ? at_us : from_us;
        const int64_t end_us = at_us + minute_us < to_us ? at_us + minute_us : to_us;
        if (open_by_clock(hours, at_us / RS_US_PER_S)) worked_us += end_us - begin_us;
    }
    return worked_us;
}

static void check_deadline(const char *name, const rs_calendar_t *calendar, const hours_t *hours, int64_t from_us, int64_t worked_us) {
    const int64_t due_us = rs_calendar_due_us(calendar, from_us, worked_us);
    const bool exact = rs_calendar_worked_us(calendar, from_us, due_us) == worked_us;
    const bool first = worked_us == 0 || rs_calendar_worked_us(calendar, from_us, due_us - 1) == worked_us - 1;
    const bool open_before = worked_us == 0 || open_by_clock(hours, (due_us - 1) / RS_US_PER_S);
    if (!exact || !first || !open_before) {
        fail_msg("%s: due of %lld from %lld is %lld", name, (long long)worked_us, (long long)from_us, (long long)due_us);
    }
}

static void check_once(const char *name, const rs_zone_t *zone, rs_random_t *random, uint64_t turn) {
    int64_t at_s = (int64_t)rs_random_below(random, (uint64_t)YEAR_2060_S);
    if (turn % 2 == 0) { /* around a change of the clock */
        at_s = zone->transitions[rs_random_below(random, zone->count)].at_us / RS_US_PER_S - (int64_t)rs_random_below(random, 8 * DAY_S);
    }
    if (at_s < 0 || at_s > YEAR_2060_S) at_s = (int64_t)rs_random_below(random, (uint64_t)YEAR_2060_S);
    hours_t hours;
    random_hours(random, at_s, &hours);
    rs_calendar_t *calendar = NULL;
    assert_int_equal(rs_calendar_create(zone, hours.week, hours.spans, hours.dates, hours.date_count, &calendar), RS_OK);
    const int64_t from_us = at_s * RS_US_PER_S + (int64_t)rs_random_below(random, RS_US_PER_S);
    const int64_t to_us = from_us + (int64_t)rs_random_below(random, WALK_DAYS * (uint64_t)RS_US_PER_DAY);
    const int64_t expected_us = walk_us(&hours, from_us, to_us), is_us = rs_calendar_worked_us(calendar, from_us, to_us);
    if (is_us != expected_us) {
        fail_msg("%s: %lld..%lld is %lld, not %lld", name, (long long)from_us, (long long)to_us, (long long)is_us, (long long)expected_us);
    }
    assert_int_equal(rs_calendar_is_open(calendar, from_us), open_by_clock(&hours, at_s));
    check_deadline(name, calendar, &hours, from_us, expected_us);
    rs_calendar_destroy(&calendar);
}

static void working_time_is_what_a_walk_by_minutes_finds(void **state) {
    rs_random_t random = {.state = rs_random_seed()};
    const uint64_t samples = rs_test_number("RS_CALENDAR_SAMPLES", 60);
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(names); i++) {
        char setting[96];
        rs_zone_t *zone = NULL;
        assert_int_equal(rs_zone_load(names[i], &zone), RS_OK);
        snprintf(setting, sizeof setting, ":/usr/share/zoneinfo/%s", names[i]);
        setenv("TZ", setting, 1);
        tzset();
        for (uint64_t k = 0; k < samples; k++) check_once(names[i], zone, &random, k);
        rs_zone_destroy(&zone);
    }
    unsetenv("TZ");
    tzset();
}

/* From any instant over two others: the parts add up, over centuries too. */
static void working_time_adds_up_over_any_distance(void **state) {
    rs_random_t random = {.state = rs_random_seed()};
    rs_zone_t *zone = NULL;
    (void)state;
    assert_int_equal(rs_zone_load("America/Santiago", &zone), RS_OK);
    for (int i = 0; i < 2000; i++) {
        hours_t hours;
        rs_calendar_t *calendar = NULL;
        random_hours(&random, (int64_t)rs_random_below(&random, (uint64_t)YEAR_2060_S), &hours);
        assert_int_equal(rs_calendar_create(zone, hours.week, hours.spans, hours.dates, hours.date_count, &calendar), RS_OK);
        const int64_t a = (int64_t)rs_random_below(&random, (uint64_t)RS_TIME_MAX_US),
                      b = (int64_t)rs_random_below(&random, (uint64_t)RS_TIME_MAX_US);
        const int64_t from = a < b ? a : b, to = a < b ? b : a,
                      between = from + (int64_t)rs_random_below(&random, (uint64_t)(to - from) + 1);
        assert_int_equal(rs_calendar_worked_us(calendar, from, to),
                         rs_calendar_worked_us(calendar, from, between) + rs_calendar_worked_us(calendar, between, to));
        rs_calendar_destroy(&calendar);
    }
    rs_zone_destroy(&zone);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(working_time_is_what_a_walk_by_minutes_finds),
        cmocka_unit_test(working_time_adds_up_over_any_distance),
    };
    return cmocka_run_group_tests_name("calendar_walk", tests, NULL, NULL);
}
