#include "core_detect_tests.h"

#include "core/detect/season.h"
#include "random.h"

#include <math.h>

static double normal(rs_random_t *random) {
    const double u = ((double)(rs_random_next(random) >> 11) + 0.5) * 0x1p-53, v = ((double)(rs_random_next(random) >> 11) + 0.5) * 0x1p-53;
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

static void slots_are_of_the_local_week_from_monday(void **state) {
    (void)state;
    const int64_t monday = INT64_C(1704067200) * RS_US_PER_S;   /* 2024-01-01 */
    rs_season_slot_t slot = rs_season_slot(monday, 96);
    assert_int_equal(slot.day, 0);
    assert_int_equal(slot.slot, 0);
    slot = rs_season_slot(monday + 6 * RS_US_PER_DAY + 23 * RS_US_PER_HOUR + 59 * RS_US_PER_MIN, 96);
    assert_int_equal(slot.day, 6);
    assert_int_equal(slot.slot, 95);
    slot = rs_season_slot(monday + RS_US_PER_DAY + 90 * RS_US_PER_MIN, 24);
    assert_int_equal(slot.day, 1);
    assert_int_equal(slot.slot, 1);
}

static void the_same_time_of_the_weeks_before_is_the_centre(void **state) {
    (void)state;
    rs_pool_t pool;
    rs_season_t season = {0};
    rs_season_view_t view;
    const rs_season_slot_t slot = {.day = 2, .slot = 40}, other = {.day = 4, .slot = 40};
    assert_int_equal(rs_pool_init(&pool, sizeof(rs_season_day_t), 8), RS_OK);
    for (int week = 0; week < 3; week++) {
        assert_false(rs_season_look(&pool, &season, slot, 96, true, &view));
        assert_true(rs_season_learn(&pool, &season, slot, 10 + week * 10, false));
    }
    assert_true(rs_season_look(&pool, &season, slot, 96, true, &view));
    assert_near(view.centre, 20, 0);
    assert_int_equal(view.weeks, 3);
    assert_near(view.spread, 10 / (0.6745 * sqrt(2)), 1e-9);
    assert_false(rs_season_look(&pool, &season, other, 96, true, &view));
    for (int week = 3; week < 20; week++) assert_true(rs_season_learn(&pool, &season, slot, 100 + week, false));
    assert_true(rs_season_look(&pool, &season, slot, 96, true, &view));
    assert_int_equal(view.weeks, RS_SEASON_WEEKS);
    assert_near(view.centre, 116.5, 0);   /* the last six: 114 … 119 */
    rs_season_forget(&pool, &season);
    assert_int_equal(pool.live, 0);
    rs_pool_deinit(&pool);
}

static void what_is_abnormal_is_not_learned_until_it_is_the_new_normal(void **state) {
    (void)state;
    rs_pool_t pool;
    rs_season_t season = {0};
    double centre;
    const rs_season_slot_t slot = {.day = 0, .slot = 1};
    assert_int_equal(rs_pool_init(&pool, sizeof(rs_season_day_t), 1), RS_OK);
    for (int week = 0; week < 3; week++) assert_true(rs_season_learn(&pool, &season, slot, 50, false));
    for (int week = 0; week < 2; week++) assert_true(rs_season_learn(&pool, &season, slot, 500, true));
    const rs_season_day_t *day = rs_pool_at(&pool, season.days[0]);
    assert_int_equal(day->known[1], 3);
    assert_true(rs_season_learn(&pool, &season, slot, 500, true));
    assert_int_equal(day->known[1], 4);
    assert_true(rs_season_centre(&pool, &season, slot, &centre));
    assert_near(centre, 50, 0);
    /* No room for another day: nothing is learned, and it is said. */
    assert_false(rs_season_learn(&pool, &season, (rs_season_slot_t){.day = 1, .slot = 1}, 1, false));
    rs_season_forget(&pool, &season);
    rs_pool_deinit(&pool);
}

/* Weeks of normal figures with a daily profile: how often the next one is beyond the limit for 1 in 100 and 1 in 1000. */
static void few_weeks_alarm_at_most_as_often_as_wanted(void **state) {
    (void)state;
    enum { SLOTS = 96, TRIES = 1500 };
    rs_random_t random = {rs_random_seed()};
    rs_pool_t pool;
    assert_int_equal(rs_pool_init(&pool, sizeof(rs_season_day_t), 7), RS_OK);
    for (int weeks = 3; weeks <= RS_SEASON_WEEKS; weeks += 3) {
        uint32_t beyond[2] = {0}, looked = 0;
        for (int try = 0; try < TRIES / weeks; try++) {
            rs_season_t season = {0};
            for (uint32_t slot = 0; slot < SLOTS; slot++) {
                for (int week = 0; week < weeks; week++) {
                    assert_true(rs_season_learn(&pool, &season, (rs_season_slot_t){.day = 3, .slot = (uint8_t)slot},
                                                100 + 40 * sin(slot / 10.0) + 7 * normal(&random), false));
                }
            }
            for (uint32_t slot = 3; slot + 3 < SLOTS; slot++) {
                const double x = 100 + 40 * sin(slot / 10.0) + 7 * normal(&random);
                rs_season_view_t view;
                assert_true(rs_season_look(&pool, &season, (rs_season_slot_t){.day = 3, .slot = (uint8_t)slot}, SLOTS, false, &view));
                const double score = fabs(x - view.centre) / view.spread;
                beyond[0] += score > rs_season_limit(&view, true, 100);
                beyond[1] += score > rs_season_limit(&view, true, 1000);
                looked++;
            }
            rs_season_forget(&pool, &season);
        }
        print_message("%d weeks: 1 in %.0f (100), 1 in %.0f (1000) of %u\n", weeks, looked / fmax(beyond[0], 1),
                      looked / fmax(beyond[1], 1), looked);
        assert_true(beyond[0] < looked / 100.0 * 1.5 && beyond[0] > looked / 100.0 * 0.2);
        assert_true(beyond[1] < looked / 1000.0 * 2 && beyond[1] > 0);
    }
    rs_pool_deinit(&pool);
}

static uint32_t laid_out(const rs_season_day_t *day, uint32_t slot, float values[RS_SEASON_WEEKS]) {
    const uint32_t known = day->known[slot];
    for (uint32_t i = 0; i < known; i++)
        values[i] = day->values[slot * RS_SEASON_WEEKS + (day->next[slot] + RS_SEASON_WEEKS - known + i) % RS_SEASON_WEEKS];
    return known;
}

/* History comes at any moment: what is kept is the last of history and what was learned, and the latter always. */
static void history_is_older_than_what_was_learned_whenever_it_comes(void **state) {
    (void)state;
    rs_random_t random = {rs_random_seed()};
    rs_pool_t pool;
    const rs_season_slot_t slot = {.day = 3, .slot = 7};
    for (int round = 0; round < 2000; round++) {
        const uint32_t history = (uint32_t)rs_random_below(&random, 10), before = (uint32_t)rs_random_below(&random, 9),
                       after = (uint32_t)rs_random_below(&random, 9);
        rs_season_t season = {0};
        float is[RS_SEASON_WEEKS], all[32];
        uint32_t count = 0;
        assert_int_equal(rs_pool_init(&pool, sizeof(rs_season_day_t), 1), RS_OK);
        for (uint32_t i = 0; i < before; i++) assert_true(rs_season_learn(&pool, &season, slot, 1000 + i, false));
        for (uint32_t i = 0; i < history; i++) assert_true(rs_season_warm(&pool, &season, slot, i));
        for (uint32_t i = 0; i < after; i++) assert_true(rs_season_learn(&pool, &season, slot, 2000 + i, false));
        for (uint32_t i = 0; i < history; i++) all[count++] = (float)i;
        for (uint32_t i = 0; i < before; i++) all[count++] = (float)(1000 + i);
        for (uint32_t i = 0; i < after; i++) all[count++] = (float)(2000 + i);
        if (count > 0) {
            const uint32_t known = laid_out(rs_pool_at(&pool, season.days[slot.day]), slot.slot, is);
            assert_int_equal(known, count < RS_SEASON_WEEKS ? count : RS_SEASON_WEEKS);
            for (uint32_t i = 0; i < known; i++) assert_true(is[i] == all[count - known + i]);
        }
        rs_pool_deinit(&pool);
    }
}

const struct CMUnitTest season_tests[] = {
    cmocka_unit_test(slots_are_of_the_local_week_from_monday),
    cmocka_unit_test(the_same_time_of_the_weeks_before_is_the_centre),
    cmocka_unit_test(what_is_abnormal_is_not_learned_until_it_is_the_new_normal),
    cmocka_unit_test(history_is_older_than_what_was_learned_whenever_it_comes),
    cmocka_unit_test(few_weeks_alarm_at_most_as_often_as_wanted),
};
const size_t season_test_count = RS_ARRAY_LEN(season_tests);
