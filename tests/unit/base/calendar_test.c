/* Working hours by hand: weeks, holidays, days of 23 and 25 hours, midnights that do not exist, what is refused. */
#include "base/calendar.h"
#include "base_tests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

enum { HOUR = 3600, DAY = 86400 };
#define AT(seconds) ((int64_t)(seconds) * RS_US_PER_S)
/* 2026-03-02 is a Monday. */
#define MONDAY INT64_C(1772409600)

static const rs_calendar_span_t office[] = {{0, 9 * HOUR, 17 * HOUR}, {1, 9 * HOUR, 17 * HOUR}, {2, 9 * HOUR, 17 * HOUR},
                                            {3, 9 * HOUR, 17 * HOUR}, {4, 9 * HOUR, 12 * HOUR}, {4, 13 * HOUR, 16 * HOUR}};

typedef struct fixture { rs_zone_t *zone; rs_calendar_t *calendar; } fixture_t;

static fixture_t open_calendar(const char *zone, const rs_calendar_span_t *week, size_t spans,
                               const rs_calendar_date_t *dates, size_t count) {
    fixture_t made = {0};
    assert_int_equal(rs_zone_load(zone, &made.zone), RS_OK);
    assert_int_equal(rs_calendar_create(made.zone, week, spans, dates, count, &made.calendar), RS_OK);
    return made;
}

static void close_calendar(fixture_t *made) {
    rs_calendar_destroy(&made->calendar);
    rs_zone_destroy(&made->zone);
}

static int64_t worked_s(const rs_calendar_t *calendar, int64_t from_s, int64_t to_s) {
    const int64_t us = rs_calendar_worked_us(calendar, AT(from_s), AT(to_s));
    assert_int_equal(us % RS_US_PER_S, 0);
    return us / RS_US_PER_S;
}

static void the_clock_stops_at_night_and_at_weekends(void **state) {
    (void)state;
    fixture_t c = open_calendar("UTC", office, RS_ARRAY_LEN(office), NULL, 0);
    assert_int_equal(worked_s(c.calendar, MONDAY + 10 * HOUR, MONDAY + 11 * HOUR), HOUR);
    assert_int_equal(worked_s(c.calendar, MONDAY + 16 * HOUR, MONDAY + DAY + 10 * HOUR), 2 * HOUR);
    assert_int_equal(worked_s(c.calendar, MONDAY + 18 * HOUR, MONDAY + 23 * HOUR), 0);
    assert_int_equal(worked_s(c.calendar, MONDAY + 4 * DAY + 15 * HOUR, MONDAY + 7 * DAY + 10 * HOUR), 2 * HOUR);
    assert_int_equal(worked_s(c.calendar, MONDAY, MONDAY + 7 * DAY), (4 * 8 + 6) * HOUR);
    assert_int_equal(worked_s(c.calendar, MONDAY, MONDAY + 700 * DAY), 100 * (4 * 8 + 6) * HOUR);
    assert_int_equal(worked_s(c.calendar, MONDAY + DAY, MONDAY), 0);
    assert_int_equal(worked_s(NULL, MONDAY, MONDAY + DAY), DAY);
    close_calendar(&c);
}

static void what_is_open_begins_with_its_first_second_and_ends_before_its_last(void **state) {
    (void)state;
    fixture_t c = open_calendar("UTC", office, RS_ARRAY_LEN(office), NULL, 0);
    assert_false(rs_calendar_is_open(c.calendar, AT(MONDAY + 9 * HOUR) - 1));
    assert_true(rs_calendar_is_open(c.calendar, AT(MONDAY + 9 * HOUR)));
    assert_true(rs_calendar_is_open(c.calendar, AT(MONDAY + 17 * HOUR) - 1));
    assert_false(rs_calendar_is_open(c.calendar, AT(MONDAY + 17 * HOUR)));
    assert_false(rs_calendar_is_open(c.calendar, AT(MONDAY + 5 * DAY + 12 * HOUR)));
    assert_true(rs_calendar_is_open(NULL, 0));
    close_calendar(&c);
}

static void a_holiday_is_not_worked_and_a_special_day_by_its_own_hours(void **state) {
    (void)state;
    const int32_t tuesday = (int32_t)(MONDAY / DAY) + 1;
    const rs_calendar_date_t dates[] = {
        {tuesday + 4, 10 * HOUR, 12 * HOUR}, {tuesday, 0, 0}, {tuesday + 4, 13 * HOUR, 14 * HOUR}, {tuesday + 1, 12 * HOUR, 13 * HOUR}};
    fixture_t c = open_calendar("UTC", office, RS_ARRAY_LEN(office), dates, RS_ARRAY_LEN(dates));
    assert_int_equal(worked_s(c.calendar, MONDAY + DAY, MONDAY + 2 * DAY), 0);
    assert_int_equal(worked_s(c.calendar, MONDAY + 2 * DAY, MONDAY + 3 * DAY), HOUR);
    assert_int_equal(worked_s(c.calendar, MONDAY + 5 * DAY, MONDAY + 6 * DAY), 3 * HOUR);
    assert_int_equal(worked_s(c.calendar, MONDAY, MONDAY + 14 * DAY), (2 * (4 * 8 + 6) - 8 - 7 + 3) * HOUR);
    assert_false(rs_calendar_is_open(c.calendar, AT(MONDAY + DAY + 10 * HOUR)));
    assert_true(rs_calendar_is_open(c.calendar, AT(MONDAY + 5 * DAY + 10 * HOUR)));
    close_calendar(&c);
}

static void a_clock_set_forward_skips_hours_and_one_set_back_works_them_twice(void **state) {
    (void)state;
    static const rs_calendar_span_t nights[] = {{6, 0, 6 * HOUR}};   /* Sundays, when clocks change */
    fixture_t c = open_calendar("Europe/London", nights, 1, NULL, 0);
    assert_int_equal(worked_s(c.calendar, 1774742400, 1774742400 + 23 * HOUR), 5 * HOUR);   /* 2026-03-29 has 23 hours */
    assert_int_equal(worked_s(c.calendar, 1792882800, 1792882800 + 25 * HOUR), 7 * HOUR);   /* 2026-10-25 has 25 */
    close_calendar(&c);
    static const rs_calendar_span_t always[] = {{0, 0, DAY}, {1, 0, DAY}, {2, 0, DAY}, {3, 0, DAY}, {4, 0, DAY}, {5, 0, DAY}, {6, 0, DAY}};
    c = open_calendar("America/Sao_Paulo", always, RS_ARRAY_LEN(always), NULL, 0);          /* 2018-11-04 begins at 01:00 */
    assert_int_equal(worked_s(c.calendar, 1541300400 - HOUR, 1541300400 + HOUR), 2 * HOUR);
    const rs_calendar_date_t closed = {17839, 0, 0};                                        /* 2018-11-04 */
    fixture_t shut = open_calendar("America/Sao_Paulo", always, RS_ARRAY_LEN(always), &closed, 1);
    assert_int_equal(worked_s(shut.calendar, 1541300400 - HOUR, 1541300400 + 23 * HOUR), HOUR);
    assert_int_equal(worked_s(shut.calendar, 1541300400, 1541300400 + 24 * HOUR), HOUR);    /* the date has 23 hours */
    close_calendar(&shut);
    close_calendar(&c);
}

static void a_deadline_is_the_first_instant_by_which_so_much_was_worked(void **state) {
    (void)state;
    fixture_t c = open_calendar("UTC", office, RS_ARRAY_LEN(office), NULL, 0);
    assert_int_equal(rs_calendar_due_us(c.calendar, AT(MONDAY + 16 * HOUR), AT(HOUR)), AT(MONDAY + 17 * HOUR));
    assert_int_equal(rs_calendar_due_us(c.calendar, AT(MONDAY + 16 * HOUR), AT(HOUR) + 1), AT(MONDAY + DAY + 9 * HOUR) + 1);
    assert_int_equal(rs_calendar_due_us(c.calendar, AT(MONDAY + 4 * DAY + 15 * HOUR), AT(2 * HOUR)), AT(MONDAY + 7 * DAY + 10 * HOUR));
    assert_int_equal(rs_calendar_due_us(c.calendar, AT(MONDAY + 3 * HOUR), 0), AT(MONDAY + 3 * HOUR));
    assert_int_equal(rs_calendar_due_us(c.calendar, AT(MONDAY), INT64_MAX), INT64_MAX);
    assert_int_equal(rs_calendar_due_us(NULL, AT(MONDAY), AT(HOUR)), AT(MONDAY + HOUR));
    close_calendar(&c);
}

static void hours_that_make_no_sense_are_refused(void **state) {
    (void)state;
    static const struct { rs_calendar_span_t week[2]; size_t spans; rs_calendar_date_t dates[2]; size_t count; } bad[] = {
        {.spans = 0},
        {.week = {{0, 9 * HOUR, 9 * HOUR}}, .spans = 1},
        {.week = {{0, 17 * HOUR, 9 * HOUR}}, .spans = 1},
        {.week = {{0, 9 * HOUR, DAY + 1}}, .spans = 1},
        {.week = {{7, 9 * HOUR, 17 * HOUR}}, .spans = 1},
        {.week = {{0, 9 * HOUR, 12 * HOUR}, {0, 11 * HOUR, 13 * HOUR}}, .spans = 2},
        {.week = {{0, 9 * HOUR, 12 * HOUR}}, .spans = 1, .dates = {{3, 8 * HOUR, 9 * HOUR}, {3, 8 * HOUR + 1, 10 * HOUR}}, .count = 2},
        {.week = {{0, 9 * HOUR, 12 * HOUR}}, .spans = 1, .dates = {{3, 8 * HOUR, 9 * HOUR}, {3, 0, 0}}, .count = 2},
        {.week = {{0, 9 * HOUR, 12 * HOUR}}, .spans = 1, .dates = {{3, 9 * HOUR, 8 * HOUR}}, .count = 1}};
    rs_zone_t *zone = NULL;
    assert_int_equal(rs_zone_load("UTC", &zone), RS_OK);
    for (size_t i = 0; i < RS_ARRAY_LEN(bad); i++) {
        rs_calendar_t *calendar = NULL;
        const int status = rs_calendar_create(zone, bad[i].week, bad[i].spans, bad[i].dates, bad[i].count, &calendar);
        if (status != RS_ERR_INVALID || calendar != NULL) fail_msg("case %zu: %d", i, status);
    }
    rs_zone_destroy(&zone);
}

int run_calendar_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_stops_at_night_and_at_weekends),
        cmocka_unit_test(what_is_open_begins_with_its_first_second_and_ends_before_its_last),
        cmocka_unit_test(a_holiday_is_not_worked_and_a_special_day_by_its_own_hours),
        cmocka_unit_test(a_clock_set_forward_skips_hours_and_one_set_back_works_them_twice),
        cmocka_unit_test(a_deadline_is_the_first_instant_by_which_so_much_was_worked),
        cmocka_unit_test(hours_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
