/* Zones against the C library's own answers: offsets everywhere, and the beginnings of local days against a walk,
 * minute by minute, that knows nothing of tables. RS_ZONE_SAMPLES sets how many instants a zone is asked at. */
#include "base/zone.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Half-hour summer time, a date that does not exist (Apia 2011-12-30), midnights that do not exist (Sao Paulo, Cairo,
 * Beirut, Santiago), an odd quarter. */
static const char *const names[] = {"Europe/London", "Australia/Lord_Howe", "Pacific/Apia",     "America/Sao_Paulo",
                                    "Africa/Cairo",  "Asia/Beirut",         "America/Santiago", "Asia/Kathmandu"};
enum { MINUTE_S = 60, DAY_S = 86400, WALK_BACK_S = 4 * DAY_S };
#define YEAR_2100_S INT64_C(4102444800)

static struct tm local_at(int64_t at_s) {
    const time_t instant = (time_t)at_s;
    struct tm local;
    assert_non_null(localtime_r(&instant, &local));
    return local;
}

/* The date as a number that grows with it. */
static int64_t date_at(int64_t at_s) {
    const struct tm local = local_at(at_s);
    return ((int64_t)local.tm_year * 12 + local.tm_mon) * 31 + local.tm_mday;
}

/* The latest date that has begun up to `at_s`: clocks set back over midnight do not begin a day again. */
static int64_t date_begun(int64_t at_s) {
    int64_t latest = date_at(at_s);
    for (int64_t t = at_s - at_s % MINUTE_S; t >= 0 && t > at_s - WALK_BACK_S; t -= MINUTE_S) {
        const int64_t date = date_at(t);
        if (date > latest) latest = date;
    }
    return latest;
}

static int64_t first_instant_of(int64_t date, int64_t from_s) {
    int64_t t = from_s < 0 ? 0 : from_s - from_s % MINUTE_S;
    while (date_at(t) < date) t += MINUTE_S;
    return t;
}

static int64_t to_us(int64_t at_s, rs_random_t *random) {
    return at_s * RS_US_PER_S + (int64_t)rs_random_below(random, (uint64_t)RS_US_PER_S);
}

static void load_and_set(const char *name, rs_zone_t **zone) {
    char setting[96];
    assert_int_equal(rs_zone_load(name, zone), RS_OK);
    snprintf(setting, sizeof(setting), ":/usr/share/zoneinfo/%s", name);
    setenv("TZ", setting, 1);
    tzset();
}

static void check_day(const char *name, const rs_zone_t *zone, int64_t at_s, rs_random_t *random) {
    const int64_t at_us = to_us(at_s, random);
    const int64_t date = date_begun(at_s);
    const int64_t begin = first_instant_of(date, at_s - WALK_BACK_S);
    const int64_t next = first_instant_of(date + 1, at_s);
    const int64_t begin_us = rs_zone_day_start_us(zone, at_us), next_us = rs_zone_next_day_us(zone, at_us);
    if (begin_us != begin * RS_US_PER_S || next_us != next * RS_US_PER_S)
        fail_msg("%s at %lld: day %lld..%lld, not %lld..%lld", name, (long long)at_s,
                 (long long)(begin_us / RS_US_PER_S), (long long)(next_us / RS_US_PER_S), (long long)begin,
                 (long long)next);
}

static void offsets_are_those_of_the_c_library(void **state) {
    rs_random_t random = {.state = rs_random_seed()};
    const uint64_t samples = rs_test_number("RS_ZONE_SAMPLES", 20000);
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(names); i++) {
        rs_zone_t *zone = NULL;
        load_and_set(names[i], &zone);
        for (uint64_t k = 0; k < samples; k++) {
            int64_t at_s = (int64_t)rs_random_below(&random, (uint64_t)YEAR_2100_S);
            if (k % 2 == 0) { /* right at a transition */
                const rs_zone_transition_t *near = &zone->transitions[rs_random_below(&random, zone->count)];
                at_s = near->at_us / RS_US_PER_S + (int64_t)rs_random_below(&random, 5) - 2;
            }
            if (at_s < 0) at_s = 0;
            const long expected = local_at(at_s).tm_gmtoff;
            const int32_t offset = rs_zone_offset_s(zone, to_us(at_s, &random));
            if (offset != expected) fail_msg("%s at %lld: %d, not %ld", names[i], (long long)at_s, offset, expected);
        }
        rs_zone_destroy(&zone);
    }
    unsetenv("TZ");
    tzset();
}

static void days_begin_where_a_walk_by_minutes_finds_them(void **state) {
    rs_random_t random = {.state = rs_random_seed()};
    const uint64_t samples = rs_test_number("RS_ZONE_SAMPLES", 20000) / 100;
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(names); i++) {
        rs_zone_t *zone = NULL;
        load_and_set(names[i], &zone);
        for (uint64_t k = 0; k < samples; k++) {
            int64_t at_s = (int64_t)rs_random_below(&random, (uint64_t)YEAR_2100_S);
            if (k % 2 == 0) { /* within two days of a transition */
                const rs_zone_transition_t *near = &zone->transitions[rs_random_below(&random, zone->count)];
                at_s = near->at_us / RS_US_PER_S - 2 * DAY_S + (int64_t)rs_random_below(&random, 4 * DAY_S);
            }
            if (at_s < 0 || at_s > YEAR_2100_S) at_s = DAY_S;
            check_day(names[i], zone, at_s, &random);
        }
        rs_zone_destroy(&zone);
    }
    unsetenv("TZ");
    tzset();
}

static void named_days_of_history_begin_where_they_did(void **state) {
    static const struct {
        const char *zone;
        int64_t at_s, begin_s, next_s;
    } rows[] = {
        /* 2011-12-29 in Apia is followed by 2011-12-31 */
        {"Pacific/Apia", 1325206800, 1325152800, 1325239200},
        {"Pacific/Apia", 1325239200, 1325239200, 1325325600},
        /* 2018-11-04 in Sao Paulo begins at 01:00 */
        {"America/Sao_Paulo", 1541310000, 1541300400, 1541383200},
        /* 2024-03-31 in London has 23 hours, 2024-10-27 has 25 */
        {"Europe/London", 1711886400, 1711843200, 1711926000},
        {"Europe/London", 1730030400, 1729983600, 1730073600},
    };
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        rs_zone_t *zone = NULL;
        assert_int_equal(rs_zone_load(rows[i].zone, &zone), RS_OK);
        assert_int_equal(rs_zone_day_start_us(zone, rows[i].at_s * RS_US_PER_S) / RS_US_PER_S, rows[i].begin_s);
        assert_int_equal(rs_zone_next_day_us(zone, rows[i].at_s * RS_US_PER_S) / RS_US_PER_S, rows[i].next_s);
        rs_zone_destroy(&zone);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_those_of_the_c_library),
        cmocka_unit_test(days_begin_where_a_walk_by_minutes_finds_them),
        cmocka_unit_test(named_days_of_history_begin_where_they_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
