/* The solver against the tables that were printed: Champ and Woodall 1987, Lucas and Crosier 1982, Lucas and Saccucci 1990, Waldmann
 * 1986, Lucas 1985, and those computed by others' programs. */
#include "core_detect_tests.h"

#include "core/detect/arl.h"

#include <math.h>

static const double shifts[] = {0, .25, .5, .75, 1, 1.5, 2, 3};
enum { SHIFTS = 8 };

static void cusum_run_lengths_are_those_of_lucas_and_crosier(void **state) {
    (void)state;
    static const struct { double h; bool fir; double arl[SHIFTS]; } table[] = {
        {4, false, {167.68, 74.22, 26.63, 13.29, 8.38, 4.75, 3.34, 2.19}},
        {4, true, {148.70, 62.70, 20.06, 8.97, 5.29, 2.86, 2.01, 1.33}},
        {5, false, {465.44, 139.49, 38.00, 17.05, 10.38, 5.75, 4.01, 2.57}},
        {5, true, {430.39, 121.69, 28.67, 11.24, 6.35, 3.37, 2.36, 1.54}}};
    for (size_t row = 0; row < RS_ARRAY_LEN(table); row++) {
        const rs_cusum_design_t design = rs_cusum_normal(0.5, table[row].h, RS_SIDE_BOTH, table[row].fir);
        for (int i = 0; i < SHIFTS; i++) assert_near(rs_arl_cusum(&design, shifts[i]), table[row].arl[i], 0.00501);
    }
}

static void one_sided_cusums_too(void **state) {
    (void)state;
    static const double h[] = {3, 4, 5}, arl[] = {117.60, 335.37, 930.89};
    for (int i = 0; i < 3; i++) {
        const rs_cusum_design_t up = rs_cusum_normal(0.5, h[i], RS_SIDE_UP, false), down = rs_cusum_normal(0.5, h[i], RS_SIDE_DOWN, false);
        assert_near(rs_arl_cusum(&up, 0), arl[i], 0.00501);
        assert_near(rs_arl_cusum(&down, 0), arl[i], 0.00501);
        assert_near(rs_arl_cusum(&up, 0.7), rs_arl_cusum(&down, -0.7), 1e-9);
    }
    const rs_cusum_design_t sas = rs_cusum_normal(0.25, 8, RS_SIDE_UP, false);
    assert_near(rs_arl_cusum(&sas, 2.5), 4.1500837, 5e-8);
}

static void limits_of_a_cusum_give_the_wanted_run_length(void **state) {
    (void)state;
    static const double k[] = {.25, .5, .75, 1, 1.25, 1.5};
    static const double at_370[] = {8.010, 4.775, 3.340, 2.517, 1.987, 1.604}, at_500[] = {8.585, 5.071, 3.538, 2.665, 2.105, 1.708};
    for (int i = 0; i < 6; i++) {
        assert_near(rs_limit_cusum(k[i], RS_SIDE_BOTH, false, 370.4), at_370[i], 0.000501);
        assert_near(rs_limit_cusum(k[i], RS_SIDE_BOTH, false, 500), at_500[i], 0.000501);
    }
    static const double arl[] = {1000, 1e4, 1e5, 720000, 1e6}, h[] = {5.757, 8.053, 10.355, 12.329, 12.657};
    static const double one[] = {11.9, 16.5, 21.1, 25.0, 25.7}, two[] = {4.51, 6.04, 7.58, 8.90, 9.11};
    for (int i = 0; i < 5; i++) {
        const double limit = rs_limit_cusum(0.5, RS_SIDE_BOTH, false, arl[i]);
        const rs_cusum_design_t design = rs_cusum_normal(0.5, limit, RS_SIDE_BOTH, false);
        assert_near(limit, h[i], 0.000501);
        assert_near(rs_arl_cusum(&design, 1), one[i], 0.0501);
        assert_near(rs_arl_cusum(&design, 2), two[i], 0.00501);
        assert_near(rs_arl_cusum(&design, 0) / arl[i], 1, 2e-7);
    }
    const double quick = rs_limit_cusum(0.5, RS_SIDE_UP, true, 1000);
    const rs_cusum_design_t design = rs_cusum_normal(0.5, quick, RS_SIDE_UP, true);
    assert_near(rs_arl_cusum(&design, 0), 1000, 1e-3);
}

/* Waldmann prints 345, 82, 9: run lengths by which 95, 50 and 5 % have signalled. */
static void the_whole_distribution_of_run_lengths_is_waldmanns(void **state) {
    (void)state;
    enum { COUNT = 400 };
    double survival[COUNT];
    const rs_cusum_design_t design = rs_cusum_normal(0.5, 3, RS_SIDE_UP, false);
    assert_true(rs_arl_cusum_survival(&design, 0, survival, COUNT));
    assert_near(survival[345 - 1], 0.05, 0.00025);
    assert_true(survival[82 - 1] < 0.5 && survival[81 - 1] > 0.5);
    assert_true(survival[9 - 1] < 0.95 && survival[8 - 1] > 0.95);
    double mean = 1;
    for (int n = 0; n < COUNT; n++) mean += survival[n];
    assert_near(mean + survival[COUNT - 1] / (1 - survival[COUNT - 1] / survival[COUNT - 2]) - survival[COUNT - 1], 117.60, 0.01);
}

static void ewma_run_lengths_are_those_of_lucas_and_saccucci(void **state) {
    (void)state;
    static const struct { double weight, limit, arl[SHIFTS]; } table[] = {
        {.40, 3.054, {499.95, 223.73, 71.20, 28.42, 14.26, 5.87, 3.52, 2.02}},
        {.25, 2.998, {499.84, 170.30, 48.29, 20.11, 11.14, 5.46, 3.61, 2.26}},
        {.20, 2.962, {499.74, 150.22, 41.76, 18.15, 10.54, 5.50, 3.74, 2.38}},
        {.10, 2.814, {499.58, 106.32, 31.30, 15.85, 10.33, 6.08, 4.36, 2.87}},
        {.05, 2.615, {499.93, 84.01, 28.76, 16.37, 11.38, 7.11, 5.22, 3.50}}};
    for (size_t row = 0; row < RS_ARRAY_LEN(table); row++) {
        const rs_ewma_design_t design = {.weight = table[row].weight, .limit = table[row].limit, .sides = RS_SIDE_BOTH};
        for (int i = 0; i < SHIFTS; i++) assert_near(rs_arl_ewma(&design, shifts[i]), table[row].arl[i], 0.00501);
    }
    const rs_ewma_design_t sas = {.weight = .25, .limit = 3, .sides = RS_SIDE_BOTH},
                           half = {.weight = .5, .limit = 3.071, .sides = RS_SIDE_BOTH};
    assert_near(rs_arl_ewma(&sas, 1), 11.154267, 5e-7);
    assert_near(rs_arl_ewma(&half, 1), 17.5, 0.0501);
}

static void limits_of_an_ewma_give_the_wanted_run_length(void **state) {
    (void)state;
    static const double weight[] = {.40, .25, .20, .10, .05}, limit[] = {2.9589, 2.8980, 2.8593, 2.7015, 2.4901};
    for (int i = 0; i < 5; i++) assert_near(rs_limit_ewma(weight[i], RS_SIDE_BOTH, false, 370.4), limit[i], 0.0000501);
    assert_near(rs_limit_ewma(.1, RS_SIDE_BOTH, false, 1e6), 4.8240, 0.000051);
    assert_near(rs_limit_ewma(.2, RS_SIDE_BOTH, false, 720000), 4.8042, 0.000051);
    assert_near(rs_limit_ewma(1, RS_SIDE_BOTH, false, 370.4), 3.0000, 0.0000501);
    for (int fir = 0; fir < 2; fir++) {
        const rs_ewma_design_t one_sided = {.weight = .1, .limit = rs_limit_ewma(.1, RS_SIDE_DOWN, fir, 5000), .sides = RS_SIDE_DOWN,
                                            .head_start = fir};
        assert_near(rs_arl_ewma(&one_sided, 0), 5000, 0.01);
    }
}

static void run_rules_have_the_run_lengths_of_champ_and_woodall(void **state) {
    (void)state;
    static const double at[] = {0, .2, .4, .6, .8, 1, 1.4, 2, 3};
    static const struct { uint32_t rules; double arl[9]; } table[] = {
        {1, {370.40, 308.43, 200.08, 119.67, 71.55, 43.89, 18.25, 6.30, 2.00}},
        {3, {225.44, 177.56, 104.46, 57.92, 33.12, 20.01, 8.69, 3.65, 1.68}},
        {5, {166.05, 120.70, 63.88, 33.99, 19.78, 12.66, 6.62, 3.68, 1.89}},
        {9, {152.73, 110.52, 59.76, 33.64, 21.07, 14.58, 8.60, 4.89, 1.99}},
        {7, {132.89, 97.86, 52.93, 28.70, 16.93, 10.95, 5.75, 3.14, 1.67}},
        {15, {91.75, 66.80, 36.61, 20.91, 13.25, 9.22, 5.42, 3.13, 1.67}}};
    for (size_t row = 0; row < RS_ARRAY_LEN(table); row++) {
        const rs_chart_design_t design = rs_chart_design(table[row].rules);
        for (int i = 0; i < 9; i++) assert_near(rs_arl_chart(&design, at[i]), table[row].arl[i], 0.00501);
    }
    static const struct { uint32_t rules; uint16_t side; double arl; } alone[] = {
        {RS_CHART_TWO_OF_THREE, 8, 510.69}, {RS_CHART_FOUR_OF_FIVE, 8, 291.32}, {RS_CHART_SIDE, 8, 255.00}, {RS_CHART_SIDE, 9, 511.00},
        {9, 9, 216.70}, {15, 9, 109.05}};
    for (size_t i = 0; i < RS_ARRAY_LEN(alone); i++) {
        rs_chart_design_t design = rs_chart_design(alone[i].rules);
        design.side_run = alone[i].side;
        assert_near(rs_arl_chart(&design, 0), alone[i].arl, 0.00501);
    }
}

/* Those of the rules that remember more are sums of rates, on the safe side: simulated ones are within the interval given. */
static void nelsons_other_rules_are_within_what_was_simulated(void **state) {
    (void)state;
    static const struct { uint32_t rules; double least, most; } table[] = {
        {RS_CHART_TREND, 415, 425}, {RS_CHART_ALTERNATING, 596, 606}, {RS_CHART_WITHIN, 953, 966}, {RS_CHART_OUTSIDE, 14197, 14373},
        {RS_CHART_NELSON, 68, 73.5}};
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        const rs_chart_design_t design = rs_chart_design(table[i].rules);
        assert_in_range((uint64_t)(rs_arl_chart(&design, 0) * 10), (uint64_t)(table[i].least * 10), (uint64_t)(table[i].most * 10));
    }
}

static void run_rules_are_stretched_until_they_are_as_rare_as_wanted(void **state) {
    (void)state;
    static const double arl[] = {91.75, 370.4, 1e4, 1e6};
    static const uint32_t rules[] = {RS_CHART_BEYOND_3, RS_CHART_WESTERN_ELECTRIC, RS_CHART_NELSON};
    for (size_t r = 0; r < RS_ARRAY_LEN(rules); r++) {
        for (size_t i = 0; i < RS_ARRAY_LEN(arl); i++) {
            rs_chart_design_t design = rs_chart_design(rules[r]);
            assert_true(rs_limit_chart(&design, arl[i]));
            assert_near(rs_arl_chart(&design, 0) / arl[i], 1, 1e-6);
            if (rules[r] == RS_CHART_BEYOND_3) assert_near(3 * design.width, rs_limit_single(RS_SIDE_BOTH, arl[i]), 1e-6);
        }
    }
}

static void count_cusum_run_lengths_are_those_of_lucas(void **state) {
    (void)state;
    rs_cusum_design_t design = {.k_up = .25, .h_up = 10, .sides = RS_SIDE_UP, .reach = true};
    assert_near(rs_arl_count_cusum(&design, .25, 4), 438.12, 0.00501);
    design.start_up = 5;
    assert_near(rs_arl_count_cusum(&design, .25, 4), 333.12, 0.00501);
    design = (rs_cusum_design_t){.k_up = 2, .h_up = 6, .sides = RS_SIDE_UP, .reach = true};
    const double shifted = 1.88 + 0.9627 * sqrt(1.88);
    assert_near(rs_arl_count_cusum(&design, 1.88, 1), 37.20, 0.00501);
    assert_near(rs_arl_count_cusum(&design, shifted, 1), 5.49, 0.00501);
    design.start_up = 3;
    assert_near(rs_arl_count_cusum(&design, 1.88, 1), 29.19, 0.00501);
    assert_near(rs_arl_count_cusum(&design, shifted, 1), 3.33, 0.00501);
}

static void limits_of_a_count_cusum_are_the_least_that_suffice(void **state) {
    (void)state;
    for (int fir = 0; fir < 2; fir++) {
        for (unsigned side = RS_SIDE_UP; side <= RS_SIDE_DOWN; side++) {
            double k = rs_cusum_count_k(4, side == RS_SIDE_UP ? 6 : 2);
            const double h = rs_limit_count_cusum(4, &k, side, 4, fir, 1000);
            assert_true(h > 0 && fmod(h * 4, 1) == 0 && fmod(k * 4, 1) == 0 && (side == RS_SIDE_UP ? k > 4 : k < 4));
            for (int less = 0; less < 2; less++) {
                const double limit = h - 0.25 * less, start = fir ? floor(limit * 2) / 4 : 0;
                const rs_cusum_design_t design = {.k_up = k, .k_down = k, .h_up = limit, .h_down = limit, .start_up = start,
                                                  .start_down = start, .sides = (uint8_t)side, .reach = true};
                const double length = rs_arl_count_cusum(&design, 4, 4);
                assert_true(less ? length < 1000 : length >= 1000);
            }
        }
    }
}

static void what_cannot_be_asked_has_no_limit(void **state) {
    (void)state;
    rs_chart_design_t design = rs_chart_design(RS_CHART_WESTERN_ELECTRIC);
    assert_true(isnan(rs_limit_cusum(.5, RS_SIDE_BOTH, false, 1)) && isnan(rs_limit_cusum(.5, RS_SIDE_BOTH, false, 1e10)));
    assert_true(isnan(rs_limit_cusum(0, RS_SIDE_BOTH, false, 100)) && isnan(rs_limit_ewma(0, RS_SIDE_BOTH, false, 100)));
    assert_true(isnan(rs_limit_ewma(.1, RS_SIDE_BOTH, false, NAN)) && isnan(rs_limit_single(RS_SIDE_BOTH, 0)));
    assert_false(rs_limit_chart(&design, 1.5));
}

const struct CMUnitTest arl_tests[] = {
    cmocka_unit_test(cusum_run_lengths_are_those_of_lucas_and_crosier),
    cmocka_unit_test(one_sided_cusums_too),
    cmocka_unit_test(limits_of_a_cusum_give_the_wanted_run_length),
    cmocka_unit_test(the_whole_distribution_of_run_lengths_is_waldmanns),
    cmocka_unit_test(ewma_run_lengths_are_those_of_lucas_and_saccucci),
    cmocka_unit_test(limits_of_an_ewma_give_the_wanted_run_length),
    cmocka_unit_test(run_rules_have_the_run_lengths_of_champ_and_woodall),
    cmocka_unit_test(nelsons_other_rules_are_within_what_was_simulated),
    cmocka_unit_test(run_rules_are_stretched_until_they_are_as_rare_as_wanted),
    cmocka_unit_test(count_cusum_run_lengths_are_those_of_lucas),
    cmocka_unit_test(limits_of_a_count_cusum_are_the_least_that_suffice),
    cmocka_unit_test(what_cannot_be_asked_has_no_limit),
};
const size_t arl_test_count = RS_ARRAY_LEN(arl_tests);
