/* The run rules against a brute force that looks at all points so far. */
#include "core_detect_tests.h"

#include "core/detect/chart.h"
#include "core/detect/ewma.h"
#include "random.h"

#include <math.h>

/* How many of the last `of` points hold. */
static uint32_t among(const double *x, uint32_t count, uint32_t of, double beyond, int side) {
    uint32_t held = 0;
    for (uint32_t i = count > of ? count - of : 0; i < count; i++) held += side > 0 ? x[i] > beyond : x[i] < -beyond;
    return held;
}

static bool all_of(const double *x, uint32_t count, uint32_t run, int what) {
    if (count < run) return false;
    for (uint32_t i = count - run; i < count; i++) {
        const bool first = i == count - run;
        if (what == 0 && !(fabs(x[i]) < 1)) return false;
        if (what == 1 && fabs(x[i]) < 1) return false;
        if (what == 2 && !first && !(x[i] > x[i - 1])) return false;
        if (what == 3 && !first && !(x[i] < x[i - 1])) return false;
        if (what == 4 && i > count - run + 1 && !((x[i] - x[i - 1]) * (x[i - 1] - x[i - 2]) < 0)) return false;
        if (what == 5 && !(x[i] > 0)) return false;
        if (what == 6 && !(x[i] < 0)) return false;
    }
    return true;
}

static uint32_t by_hand(const double *x, uint32_t count) {
    const double now = x[count - 1];
    uint32_t rules = fabs(now) > 3 ? RS_CHART_BEYOND_3 : 0;
    if ((now > 2 && among(x, count, 3, 2, 1) >= 2) || (now < -2 && among(x, count, 3, 2, -1) >= 2)) rules |= RS_CHART_TWO_OF_THREE;
    if ((now > 1 && among(x, count, 5, 1, 1) >= 4) || (now < -1 && among(x, count, 5, 1, -1) >= 4)) rules |= RS_CHART_FOUR_OF_FIVE;
    if (all_of(x, count, 9, 5) || all_of(x, count, 9, 6)) rules |= RS_CHART_SIDE;
    if (all_of(x, count, 6, 2) || all_of(x, count, 6, 3)) rules |= RS_CHART_TREND;
    if (all_of(x, count, 14, 4)) rules |= RS_CHART_ALTERNATING;
    if (all_of(x, count, 15, 0)) rules |= RS_CHART_WITHIN;
    if (all_of(x, count, 8, 1)) rules |= RS_CHART_OUTSIDE;
    return rules;
}

/* Figures that make each rule come true now and then: small, large, in steps, on one side, in turn. */
static double draw(rs_random_t *random, uint32_t mood, double before, uint32_t i) {
    const double even = (double)rs_random_below(random, 2001) / 1000 - 1;
    switch (mood) {
        case 0: return even * 0.99;
        case 1: return even > 0 ? 1 + 2 * even : -1 + 2 * even;
        case 2: return before + 0.3 + even * 0.2;
        case 3: return (i % 2 == 0 ? 1 : -1) * (0.5 + fabs(even));
        case 4: return 1.2 + even;
        case 5: return -1.2 + even * 2;
        case 6: return before;   /* ties end runs */
        default: return even * 3.6;
    }
}

static void each_rule_signals_when_its_definition_does(void **state) {
    (void)state;
    enum { ROUNDS = 400, POINTS = 200 };
    rs_random_t random = {rs_random_seed()};
    uint32_t seen = 0;
    for (int round = 0; round < ROUNDS; round++) {
        const rs_chart_design_t design = rs_chart_design(RS_CHART_NELSON);
        rs_chart_t chart = {0};
        double x[POINTS];
        uint32_t mood = 0;
        for (uint32_t i = 0; i < POINTS; i++) {
            if (rs_random_below(&random, 12) == 0) mood = (uint32_t)rs_random_below(&random, 8);
            x[i] = draw(&random, mood, i == 0 ? 0 : x[i - 1], i);
            const uint32_t is = rs_chart_step(&design, &chart, x[i]), should = by_hand(x, i + 1);
            if (is != should) print_error("round %d point %u: %x, should be %x\n", round, i, is, should);
            assert_int_equal(is, should);
            seen |= is;
        }
    }
    assert_int_equal(seen, RS_CHART_NELSON);
}

static void a_side_that_is_not_watched_does_not_signal(void **state) {
    (void)state;
    rs_chart_design_t design = rs_chart_design(RS_CHART_WESTERN_ELECTRIC);
    design.sides = RS_SIDE_DOWN;
    rs_chart_t chart = {0};
    for (int i = 0; i < 30; i++) assert_int_equal(rs_chart_step(&design, &chart, 4), 0);
    assert_int_equal(rs_chart_step(&design, &chart, -4), RS_CHART_BEYOND_3);
}

static void cusums_and_averages_follow_their_formulas(void **state) {
    (void)state;
    const rs_cusum_design_t design = rs_cusum_normal(0.5, 4, RS_SIDE_BOTH, true);
    rs_cusum_t sums;
    rs_cusum_begin(&design, &sums);
    assert_near(sums.up, 2, 0);
    assert_int_equal(rs_cusum_step(&design, &sums, 1.5), 0);
    assert_near(sums.up, 3, 0);
    assert_near(sums.down, 0, 0);
    assert_int_equal(rs_cusum_step(&design, &sums, 1.6), RS_SIDE_UP);
    rs_cusum_restart(&design, &sums, RS_SIDE_UP);
    assert_near(sums.up, 2, 0);
    assert_int_equal(rs_cusum_step(&design, &sums, -4.6), RS_SIDE_DOWN);
    const rs_cusum_design_t counts = {.k_up = 2, .h_up = 3, .sides = RS_SIDE_UP, .reach = true};
    rs_cusum_begin(&counts, &sums);
    assert_int_equal(rs_cusum_step(&counts, &sums, 5), RS_SIDE_UP);   /* at the limit is enough for counts */
    const rs_ewma_design_t average = {.weight = 0.25, .limit = 3, .sides = RS_SIDE_BOTH, .head_start = true};
    rs_ewma_t ewma = {0};
    assert_near(rs_ewma_limit(&average, 1), 3 * 0.25, 1e-12);
    assert_near(rs_ewma_limit(&average, 1000), 3 * sqrt(0.25 / 1.75), 1e-12);
    assert_int_equal(rs_ewma_step(&average, &ewma, -2.9), 0);
    assert_near(ewma.value, -0.725, 1e-12);
    assert_int_equal(rs_ewma_step(&average, &ewma, -3.0), RS_SIDE_DOWN);
    assert_near(ewma.value, -0.725 * 0.75 - 0.75, 1e-12);
}

const struct CMUnitTest chart_tests[] = {
    cmocka_unit_test(each_rule_signals_when_its_definition_does),
    cmocka_unit_test(a_side_that_is_not_watched_does_not_signal),
    cmocka_unit_test(cusums_and_averages_follow_their_formulas),
};
const size_t chart_test_count = RS_ARRAY_LEN(chart_tests);
