#include "base/zone.h"
#include "core_window_tests.h"

#define MIN RS_US_PER_MIN
static rs_zone_transition_t spring[] = {{0, 3600}, {20 * DAY + HOUR, 7200}};             /* 02:00 -> 03:00 */
static rs_zone_transition_t autumn[] = {{0, 7200}, {20 * DAY + HOUR, 3600}};             /* 03:00 -> 02:00 */
static rs_zone_transition_t half_back[] = {{0, 39600}, {20 * DAY - 9 * HOUR, 37800}};    /* 02:00 -> 01:30 */
static rs_zone_transition_t half_on[] = {{0, 37800}, {20 * DAY - 510 * MIN, 39600}};     /* 02:00 -> 02:30 */
static rs_zone_transition_t no_midnight[] = {{0, -10800}, {20 * DAY + 3 * HOUR, -7200}}; /* 00:00 -> 01:00 */
static rs_zone_transition_t skips_date[] = {{0, -36000}, {20 * DAY + 10 * HOUR, 50400}}; /* date 20 does not exist */
static rs_zone_transition_t over_midnight[] = {{0, -9000}, {20 * DAY + 151 * MIN, -12600}}; /* 00:01 -> 23:01 */

typedef struct zone_case {
    const char *name;
    rs_zone_transition_t *transitions;
    int64_t at_us, start_us, next_us;
} zone_case_t;

static const zone_case_t cases[] = {
    {"23 hours, before the change", spring, 20 * DAY, 20 * DAY - HOUR, 21 * DAY - 2 * HOUR},
    {"23 hours, after the change", spring, 20 * DAY + 12 * HOUR, 20 * DAY - HOUR, 21 * DAY - 2 * HOUR},
    {"the day before 23 hours", spring, 20 * DAY - HOUR - 1, 19 * DAY - HOUR, 20 * DAY - HOUR},
    {"the day after 23 hours", spring, 21 * DAY - 2 * HOUR, 21 * DAY - 2 * HOUR, 22 * DAY - 2 * HOUR},
    {"25 hours, first 02:30", autumn, 20 * DAY + HOUR / 2, 20 * DAY - 2 * HOUR, 21 * DAY - HOUR},
    {"25 hours, second 02:30", autumn, 20 * DAY + 3 * HOUR / 2, 20 * DAY - 2 * HOUR, 21 * DAY - HOUR},
    {"24.5 hours", half_back, 20 * DAY - 8 * HOUR, 20 * DAY - 11 * HOUR, 21 * DAY - 630 * MIN},
    {"23.5 hours", half_on, 20 * DAY, 20 * DAY - 630 * MIN, 21 * DAY - 11 * HOUR},
    {"no midnight: begins at 01:00", no_midnight, 20 * DAY + 4 * HOUR, 20 * DAY + 3 * HOUR, 21 * DAY + 2 * HOUR},
    {"before no midnight", no_midnight, 20 * DAY + 3 * HOUR - 1, 19 * DAY + 3 * HOUR, 20 * DAY + 3 * HOUR},
    {"before a date that does not exist", skips_date, 20 * DAY + 10 * HOUR - 1, 19 * DAY + 10 * HOUR, 20 * DAY + 10 * HOUR},
    {"after a date that does not exist", skips_date, 20 * DAY + 10 * HOUR, 20 * DAY + 10 * HOUR, 21 * DAY + 10 * HOUR},
    {"the minute of the new date", over_midnight, 20 * DAY + 150 * MIN, 20 * DAY + 150 * MIN, 21 * DAY + 210 * MIN},
    {"the old date once more is of the new day", over_midnight, 20 * DAY + 160 * MIN, 20 * DAY + 150 * MIN, 21 * DAY + 210 * MIN},
    {"the second midnight begins nothing", over_midnight, 20 * DAY + 210 * MIN, 20 * DAY + 150 * MIN, 21 * DAY + 210 * MIN},
    {"the first day there is", spring, 0, 0, DAY - HOUR},
};

static void a_day_begins_and_ends_where_the_clocks_on_the_wall_say(void **state) {
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        const zone_case_t *row = &cases[i];
        const rs_zone_t zone = {.count = 2, .transitions = row->transitions};
        const int64_t start = rs_zone_day_start_us(&zone, row->at_us), next = rs_zone_next_day_us(&zone, row->at_us);
        if (start != row->start_us || next != row->next_us) {
            fail_msg("%s: begins %lld (not %lld), ends %lld (not %lld)", row->name, (long long)start,
                     (long long)row->start_us, (long long)next, (long long)row->next_us);
        }
    }
}

static void days_follow_each_other_without_gap_or_overlap(void **state) {
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        const rs_zone_t zone = {.count = 2, .transitions = cases[i].transitions};
        for (int64_t at = 0, next; at < 30 * DAY; at = next) {
            next = rs_zone_next_day_us(&zone, at);
            assert_true(next > at);
            assert_int_equal(rs_zone_day_start_us(&zone, next), next);
            for (int64_t inside = at; inside < next; inside += 17 * MIN) {
                assert_int_equal(rs_zone_day_start_us(&zone, inside), at);
                assert_int_equal(rs_zone_next_day_us(&zone, inside), next);
            }
            assert_int_equal(rs_zone_next_day_us(&zone, next - 1), next);
        }
    }
}

static void the_offset_changes_at_the_very_instant(void **state) {
    (void)state;
    const rs_zone_t zone = {.count = 2, .transitions = spring};
    assert_int_equal(rs_zone_offset_s(&zone, 0), 3600);
    assert_int_equal(rs_zone_offset_s(&zone, 20 * DAY + HOUR - 1), 3600);
    assert_int_equal(rs_zone_offset_s(&zone, 20 * DAY + HOUR), 7200);
    assert_int_equal(rs_zone_offset_s(&zone, RS_TIME_MAX_US), 7200);
}

const struct CMUnitTest zone_tests[] = {
    cmocka_unit_test(a_day_begins_and_ends_where_the_clocks_on_the_wall_say),
    cmocka_unit_test(days_follow_each_other_without_gap_or_overlap),
    cmocka_unit_test(the_offset_changes_at_the_very_instant),
};
const size_t zone_test_count = RS_ARRAY_LEN(zone_tests);
