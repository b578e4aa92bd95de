/* Formulas against published or computed figures. */
#include "core_detect_tests.h"

#include "core/detect/laney.h"
#include "core/detect/normal.h"
#include "core/detect/rates.h"
#include "core/detect/reference.h"
#include "random.h"

#include <math.h>

static void wilsons_interval_is_that_of_the_tables(void **state) {
    (void)state;
    static const struct { int64_t hits, n; double low, high; } table[] = {
        {0, 10, 0, .277533}, {1, 10, .017876, .404150}, {2, 10, .056682, .509838}, {8, 10, .490162, .943318},
        {5, 20, .111862, .468701}, {81, 100, .722212, .874852}, {0, 1, 0, .793451}};
    const double z = rs_normal_quantile_above(0.025);
    assert_near(z, 1.959963984540054, 1e-13);
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        const rs_interval_of_share_t share = rs_wilson(table[i].hits, table[i].n, z);
        assert_near(share.low, table[i].low, 5.1e-7);
        assert_near(share.high, table[i].high, 5.1e-7);
    }
    assert_near(rs_wilson(0, 0, z).high, 1, 0);
}

/* NHS England, share seen within four hours, 20 weeks: Mohammed and others 2013, in qicharts2. */
static void laneys_chart_leaves_the_hospitals_alone(void **state) {
    (void)state;
    static const int64_t hits[] = {266501, 264225, 276532, 281461, 269071, 261215, 270409, 279778, 270483, 270320,
                                   267923, 271478, 255353, 256820, 261835, 259144, 255910, 260863, 264465, 260989};
    static const int64_t n[] = {280443, 276823, 291681, 296155, 282343, 275888, 283867, 295251, 284468, 282529,
                                279618, 283932, 266629, 268091, 276803, 271578, 266005, 273520, 278574, 273772};
    enum { WEEKS = RS_ARRAY_LEN(hits) };
    rs_laney_t chart;
    assert_true(rs_laney_fit(hits, n, WEEKS, false, &chart));
    assert_near(chart.mean, .952900, 5.1e-7);
    assert_near(chart.sigma_z, 10.6404, 5.1e-5);
    const rs_laney_t plain = {.mean = chart.mean, .sigma_z = 1};
    int flagged = 0, flagged_plain = 0;
    for (int i = 0; i < WEEKS; i++) {
        flagged += fabs(rs_laney_z(&chart, hits[i], n[i])) > 3;
        flagged_plain += fabs(rs_laney_z(&plain, hits[i], n[i])) > 3;
    }
    assert_int_equal(flagged, 0);
    assert_int_equal(flagged_plain, 16);
    assert_near(rs_laney_limits(&plain, n[0], 3).low, .951700, 5.1e-7);
    assert_near(rs_laney_limits(&plain, n[0], 3).high, .954100, 5.1e-7);
    assert_near(rs_laney_limits(&chart, n[0], 3).low, .940130, 5.1e-7);
    assert_near(rs_laney_limits(&chart, n[0], 3).high, .965670, 5.1e-7);
    assert_false(rs_laney_fit((const int64_t[]){5, 5}, (const int64_t[]){5, 5}, 2, false, &chart));
}

static void students_quantiles_are_those_of_the_tables(void **state) {
    (void)state;
    assert_near(rs_student_quantile_above(0.025, 1), 12.7062047, 1e-6);
    assert_near(rs_student_quantile_above(0.025, 10), 2.2281389, 1e-6);
    assert_near(rs_student_quantile_above(0.005, 30), 2.7499957, 1e-6);
    assert_near(rs_student_quantile_above(0.001, 1e7), rs_normal_quantile_above(0.001), 1e-5);
    assert_near(rs_poisson_below(4, 6), 0.8893260, 5e-7);
    assert_near(rs_poisson_below(200, 0) / exp(-200), 1, 1e-9);
}

static void the_famous_burn_rates_are_refused_where_they_can_never_be(void **state) {
    (void)state;
    const int64_t month = 30 * RS_US_PER_DAY;
    assert_near(rs_burn_limit(0.02, month, RS_US_PER_HOUR), 14.4, 1e-12);
    assert_near(rs_burn_limit(0.05, month, 6 * RS_US_PER_HOUR), 6, 1e-12);
    assert_false(rs_burn_reachable(14.4, 0.8));
    assert_false(rs_burn_reachable(14.4, 0.93));
    assert_true(rs_burn_reachable(14.4, 0.931));
    assert_false(rs_burn_reachable(6, 0.8333));
    assert_true(rs_burn_reachable(6, 0.834));
    assert_near(rs_burn(1, 0.8), 5, 1e-12);
    assert_near(rs_burn(0.4, 0.8), 2, 1e-12);
}

static void a_change_is_measured_against_chance(void **state) {
    (void)state;
    const rs_sample_t few = {.measure = RS_MEASURE_COUNT, .value = 4, .n = 1}, more = {.measure = RS_MEASURE_COUNT, .value = 12, .n = 1};
    assert_near(rs_change_z(&few, &more, 1), 2, 1e-12);
    assert_near(rs_change(4, 12), 2, 0);
    assert_near(rs_change(0, 0), 0, 0);
    assert_true(isinf(rs_change(0, 3)));
    const rs_sample_t half = {.measure = RS_MEASURE_SHARE, .value = 0.5, .n = 100},
                      all = {.measure = RS_MEASURE_SHARE, .value = 0.7, .n = 100};
    assert_near(rs_change_z(&half, &all, 1), 0.2 / sqrt(0.6 * 0.4 * 0.02), 1e-12);
    assert_near(rs_silence_limit(100, 1), RS_SILENCE_EXPECTED, 0);
    assert_near(rs_silence_limit(1e6, 1), log(1e6), 1e-12);
    const rs_interval_so_far_t so_far = {.hits = 30, .n = 40, .waiting_hits = 3, .waiting_n = 5, .arrivals = 10, .in_time = 0.7};
    double level;
    assert_true(rs_interval_level(&so_far, &level));
    assert_near(level, 40.0 / 55, 1e-12);
    assert_false(rs_interval_level(&(rs_interval_so_far_t){0}, &level));
}

static double normal(rs_random_t *random) {
    const double u = ((double)(rs_random_next(random) >> 11) + 0.5) * 0x1p-53, v = ((double)(rs_random_next(random) >> 11) + 0.5) * 0x1p-53;
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* What is learned of figures that hang together (AR(1)): their deviation, and for sums the long-run one. */
static void a_reference_learns_level_deviation_and_correlation(void **state) {
    (void)state;
    rs_random_t random = {42};
    for (int correlated = 0; correlated < 2; correlated++) {
        const double r = correlated ? 0.5 : 0;
        rs_reference_t reference = {0};
        double x = 0, sigma, sum_sigma, mean, z;
        assert_false(rs_reference_sigma(&reference, false, &sigma));
        for (int i = 0; i < 20000; i++) {
            x = r * x + sqrt(1 - r * r) * normal(&random);
            const rs_sample_t sample = {.measure = RS_MEASURE_VALUE, .value = 100 + 5 * x, .n = 1};
            assert_true(rs_reference_z(&sample, 100, &z));
            rs_reference_learn(&reference, &sample, z);
        }
        assert_true(rs_reference_mean(&reference, &mean));
        assert_true(rs_reference_sigma(&reference, false, &sigma));
        assert_true(rs_reference_sigma(&reference, true, &sum_sigma));
        assert_near(mean, 100, 1.2);
        assert_near(sigma, 5, 0.6);
        assert_near(sum_sigma / sigma, correlated ? sqrt(3) : 1, 0.2);
    }
}

static void a_count_or_share_without_room_to_vary_says_nothing(void **state) {
    (void)state;
    double z;
    assert_false(rs_reference_z(&(rs_sample_t){.measure = RS_MEASURE_COUNT, .value = 3, .n = 1}, 0, &z));
    assert_false(rs_reference_z(&(rs_sample_t){.measure = RS_MEASURE_SHARE, .value = 1, .n = 10}, 1, &z));
    assert_true(rs_reference_z(&(rs_sample_t){.measure = RS_MEASURE_SHARE, .value = 0.9, .n = 100}, 0.8, &z));
    assert_near(z, 2.5, 1e-12);
}

const struct CMUnitTest formula_tests[] = {
    cmocka_unit_test(wilsons_interval_is_that_of_the_tables),
    cmocka_unit_test(laneys_chart_leaves_the_hospitals_alone),
    cmocka_unit_test(students_quantiles_are_those_of_the_tables),
    cmocka_unit_test(the_famous_burn_rates_are_refused_where_they_can_never_be),
    cmocka_unit_test(a_change_is_measured_against_chance),
    cmocka_unit_test(a_reference_learns_level_deviation_and_correlation),
    cmocka_unit_test(a_count_or_share_without_room_to_vary_says_nothing),
};
const size_t formula_test_count = RS_ARRAY_LEN(formula_tests);
