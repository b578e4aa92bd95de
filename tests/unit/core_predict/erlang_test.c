/* Erlang B, C, A against published figures, and against the birth-and-death chain summed state by state. */
#include "core_predict_tests.h"

#include "base/base.h"
#include "random.h"

#include <math.h>
#include <ringside/erlang.h>

static rs_erlang_t by_c(double calls, double per_s, double handle_s, uint32_t agents, double threshold_s) {
    const rs_erlang_load_t load = {.arrivals_per_s = calls / per_s, .handle_s = handle_s, .patience_s = INFINITY};
    rs_erlang_t result;
    assert_int_equal(rs_erlang_c(&load, agents, threshold_s, &result), RS_OK);
    return result;
}

static rs_erlang_t by_a(double arrivals_per_s, double handle_s, double patience_s, uint32_t agents, double threshold_s) {
    const rs_erlang_load_t load = {.arrivals_per_s = arrivals_per_s, .handle_s = handle_s, .patience_s = patience_s};
    rs_erlang_t result;
    assert_int_equal(rs_erlang_a(&load, agents, threshold_s, &result), RS_OK);
    return result;
}

/* --- published figures -------------------------------------------------------------------------------------------- */
static void erlang_c_gives_the_published_figures(void **state) {
    (void)state;
    const rs_erlang_t half_hour = by_c(100, 1800, 180, 14, 20);
    assert_near(half_hour.p_wait, 0.174131934, 5e-10);
    assert_near(half_hour.service_level, 0.888350, 5e-7);
    assert_near(half_hour.occupancy, 0.714285714, 1e-9);
    assert_near(half_hour.mean_wait_s, 7.8359, 5e-5);
    const rs_erlang_t mitan = by_c(360, 1800, 240, 55, 15);
    assert_near(mitan.p_wait, 0.238700936, 5e-10);
    assert_near(mitan.mean_wait_s, 8.1840, 5e-5);
    assert_near(mitan.service_level, 0.845883, 5e-7);
    assert_near(by_c(123, 1, 1, 132, 0).p_wait, 0.321116, 5e-7);
    assert_near(by_c(12345, 1, 1, 12421, 0).p_wait, 0.381225, 5e-7);
    assert_near(by_c(123, 300, 300, 130, 20).service_level, 0.733875, 5e-7);
    const rs_erlang_t fifty = by_c(48, 60, 60, 50, 58.14);
    assert_near(fifty.mean_wait_s, 20.83, 0.005);
    assert_near(fifty.service_level, 0.9, 5e-5);      /* p90 58.14 s */
    assert_near(fifty.queue_length, 16.67, 0.005);
}

static void erlang_b_gives_the_published_figures(void **state) {
    (void)state;
    const struct { double load; uint32_t agents; double lost; } table[] = {
        {25, 30, 0.052603172}, {5, 1, 0.8333333333333334}, {20, 10, 0.5379631686320729}, {0, 3, 0}, {3, 0, 1}, {0, 0, 1}};
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        double lost;
        assert_int_equal(rs_erlang_b(table[i].load, table[i].agents, &lost), RS_OK);
        assert_near(lost, table[i].lost, 5e-10);
    }
}

static void erlang_a_gives_the_published_figures(void **state) {
    (void)state;
    const rs_erlang_t fifty = by_a(48.0 / 60, 60, 120, 50, 20);
    assert_near(fifty.p_wait, 0.467774069, 5e-10);
    assert_near(fifty.p_abandon, 0.030912249, 5e-10);
    assert_near(fifty.mean_wait_s / 60, 0.061824498, 5e-10);
    assert_near(fifty.queue_length, 2.9676, 5e-5);
    assert_near(fifty.occupancy, 0.9303, 5e-5);
    const struct { double arrivals, patience; uint32_t agents; double p_wait, p_abandon; } table[] = {
        {100, 1, 100, 0.513298798, 0.039860997}, {140, 1, 100, 0.999838943, 0.285717865}, {10, 2, 10, 0.619655231, 0.103913212}};
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        const rs_erlang_t result = by_a(table[i].arrivals, 1, table[i].patience, table[i].agents, 0.1);
        assert_near(result.p_wait, table[i].p_wait, 5e-10);
        assert_near(result.p_abandon, table[i].p_abandon, 5e-10);
    }
    assert_near(by_a(140, 1, 1, 100, 0.1).queue_length, 40.0005, 5e-5);
}

static void the_agents_for_a_target_are_the_fewest(void **state) {
    (void)state;
    const rs_erlang_load_t load = {.arrivals_per_s = 100.0 / 1800, .handle_s = 180, .patience_s = 60};
    uint32_t agents;
    assert_int_equal(rs_erlang_c_agents(&load, 20, 0.8, &agents), RS_OK);
    assert_int_equal(agents, 14);   /* pyworkforce: the same input asks for 14 */
    for (int i = 1; i < 100; i++) {
        const double target = i / 100.0;
        assert_int_equal(rs_erlang_a_agents(&load, 20, target, &agents), RS_OK);
        assert_true(by_a(load.arrivals_per_s, 180, 60, agents, 20).service_level >= target);
        assert_true(agents == 1 || by_a(load.arrivals_per_s, 180, 60, agents - 1, 20).service_level < target);
    }
    const rs_erlang_load_t none = {.arrivals_per_s = 0, .handle_s = 180, .patience_s = 60};
    assert_int_equal(rs_erlang_a_agents(&none, 20, 0.8, &agents), RS_OK);
    assert_int_equal(agents, 1);
    const rs_erlang_load_t huge = {.arrivals_per_s = 20000, .handle_s = 180, .patience_s = 60};
    assert_int_equal(rs_erlang_c_agents(&huge, 20, 0.8, &agents), RS_ERR_LIMIT);
}

/* --- against the chain -------------------------------------------------------------------------------------------- */
typedef struct chain { long double p_wait, p_abandon, mean_wait, queue_length, answered_within; } chain_t;

/* M/M/n+M, states 0, 1, 2, …; who arrives with k waiting ahead is answered within t when k + 1 of the ladder's steps pass in time:
 * integrated numerically, which no closed form is asked for. */
static long double answered_within(long double nu, long double theta, unsigned k, long double t) {
    enum { STEPS = 2000, MOST = 200 };
    long double p[MOST] = {0}, done = 0;   /* p[i]: i are ahead still, and nobody gave up himself */
    p[k] = 1;
    const long double dt = t / STEPS;
    for (int step = 0; step < STEPS; step++) {   /* midpoint rule */
        long double half[MOST] = {0}, answered = 0;
        for (unsigned i = 0; i <= k; i++) {
            half[i] = p[i] + dt / 2 * ((i < k ? p[i + 1] * (nu + (i + 1) * theta) : 0) - p[i] * (nu + (i + 1) * theta));
        }
        answered = half[0] * nu;
        for (unsigned i = 0; i <= k; i++) {
            p[i] += dt * ((i < k ? half[i + 1] * (nu + (i + 1) * theta) : 0) - half[i] * (nu + (i + 1) * theta));
        }
        done += dt * answered;
    }
    return done;
}

static chain_t sum_chain(double lambda, double mu, double theta, uint32_t n, double t) {
    enum { STATES = 400 };
    long double pi[STATES], total = 0;
    pi[0] = 1;
    for (uint32_t i = 1; i < STATES; i++) {
        pi[i] = pi[i - 1] * lambda / (i <= n ? i * mu : n * mu + (i - n) * theta);
    }
    for (uint32_t i = STATES; i-- > 0;) total += pi[i];
    chain_t chain = {0};
    for (uint32_t i = 0; i < STATES; i++) {
        const long double p = pi[i] / total;
        if (i >= n) chain.p_wait += p;
        if (i >= n) chain.queue_length += p * (i - n);
        if (i >= n && i - n < 100) chain.answered_within += p * answered_within(n * mu, theta, i - n, t);
        if (i < n) chain.answered_within += p;
    }
    chain.p_abandon = theta * chain.queue_length / lambda;
    chain.mean_wait = chain.queue_length / lambda;
    return chain;
}

static void erlang_a_is_the_chain_summed_state_by_state(void **state) {
    (void)state;
    rs_random_t random = {rs_random_seed()};
    for (int i = 0; i < 12; i++) {
        const uint32_t n = 1 + (uint32_t)rs_random_below(&random, 9);
        const double mu = 0.5 + (double)rs_random_below(&random, 1000) / 500, rho = 0.2 + (double)rs_random_below(&random, 1300) / 1000;
        const double theta = mu * (0.3 + (double)rs_random_below(&random, 2000) / 1000), lambda = rho * n * mu;
        const double t = (double)rs_random_below(&random, 1000) / 1000 / mu;
        const chain_t chain = sum_chain(lambda, mu, theta, n, t);
        const rs_erlang_t result = by_a(lambda, 1 / mu, 1 / theta, n, t);
        assert_near(result.p_wait, (double)chain.p_wait, 1e-10);
        assert_near(result.p_abandon, (double)chain.p_abandon, 1e-10);
        assert_near(result.mean_wait_s, (double)chain.mean_wait, 1e-9);
        assert_near(result.queue_length, (double)chain.queue_length, 1e-9);
        assert_near(result.service_level, (double)chain.answered_within, 2e-5);
    }
}

/* --- laws --------------------------------------------------------------------------------------------------------- */
static bool is_chance(double p) { return p >= -1e-12 && p <= 1 + 1e-9; }

static void chances_stay_between_0_and_1_and_more_agents_are_never_worse(void **state) {
    (void)state;
    rs_random_t random = {rs_random_seed()};
    const int rounds = 3000;
    for (int i = 0; i < rounds; i++) {
        const uint32_t agents = 1 + (uint32_t)rs_random_below(&random, i % 10 == 0 ? 20000 : 200);
        const double handle_s = 1 + (double)rs_random_below(&random, 1000), rho = (double)rs_random_below(&random, 3000) / 1000;
        const rs_erlang_load_t load = {.arrivals_per_s = rho * agents / handle_s, .handle_s = handle_s,
                                       .patience_s = handle_s * pow(10, (double)rs_random_below(&random, 700) / 100 - 2)};
        const double t = handle_s * pow(10, (double)rs_random_below(&random, 500) / 100 - 3);
        const double within = 1e-9 + 1e-15 * agents * load.patience_s / handle_s;   /* as the header says */
        rs_erlang_t one, more, longer;
        assert_int_equal(rs_erlang_a(&load, agents, t, &one), RS_OK);
        assert_int_equal(rs_erlang_a(&load, agents + 1, t, &more), RS_OK);
        assert_int_equal(rs_erlang_a(&load, agents, t * 1.5, &longer), RS_OK);
        assert_true(is_chance(one.p_wait) && is_chance(one.p_abandon) && is_chance(one.service_level) && is_chance(one.p_over));
        assert_true(one.p_over <= one.p_wait + within && one.p_abandon <= one.p_wait + within && one.occupancy <= 1 + within);
        assert_true(more.p_wait <= one.p_wait + within && more.service_level >= one.service_level - within);
        assert_true(more.p_abandon <= one.p_abandon + within && more.mean_wait_s <= one.mean_wait_s * (1 + within));
        assert_true(longer.service_level >= one.service_level - within && longer.p_over <= one.p_over + within);
        double lost, patient_wait = rho < 1 ? by_c(load.arrivals_per_s, 1, handle_s, agents, t).p_wait : 1;
        assert_int_equal(rs_erlang_b(rho * agents, agents, &lost), RS_OK);
        assert_true(lost <= one.p_wait + within && one.p_wait <= patient_wait + within);   /* B <= A <= C */
    }
}

static void erlang_a_goes_from_b_to_c_as_patience_grows(void **state) {
    (void)state;
    const double lambda = 0.9 * 40;
    double lost, before = 0;
    assert_int_equal(rs_erlang_b(lambda, 40, &lost), RS_OK);
    const rs_erlang_t patient = by_c(lambda, 1, 1, 40, 0.2);
    assert_near(by_a(lambda, 1, 1e-7, 40, 0.2).p_wait, lost, 1e-6);
    assert_near(by_a(lambda, 1, 1e-7, 40, 0.2).p_abandon, lost, 1e-6);
    for (double patience = 1e-4; patience < 1e9; patience *= 3) {
        const rs_erlang_t result = by_a(lambda, 1, patience, 40, 0.2);
        assert_true(result.p_wait >= before);
        before = result.p_wait;
    }
    const rs_erlang_t nearly = by_a(lambda, 1, 1e9, 40, 0.2), never = by_a(lambda, 1, INFINITY, 40, 0.2);
    assert_near(nearly.p_wait, patient.p_wait, 1e-7);
    assert_near(nearly.service_level, patient.service_level, 1e-7);
    assert_near(nearly.mean_wait_s, patient.mean_wait_s, 1e-6);
    assert_near(never.p_wait, patient.p_wait, 0);
    assert_near(never.service_level, patient.service_level, 0);
}

static void overload_and_emptiness_are_defined(void **state) {
    (void)state;
    for (double calls = 14; calls < 40; calls += 6) {
        const rs_erlang_t over = by_c(calls, 1, 1, 14, 20);
        assert_true(over.overloaded && over.p_wait == 1 && over.p_over == 1 && over.service_level == 0 && over.occupancy == 1);
        assert_true(isinf(over.mean_wait_s) && isinf(over.queue_length) && over.p_abandon == 0);
    }
    const rs_erlang_t left = by_a(40, 1, 1, 14, 20);
    assert_false(left.overloaded);
    assert_near(left.p_abandon, 1 - 14.0 / 40, 1e-6);
    const rs_erlang_t empty = by_a(0, 1, 1, 14, 20);
    assert_true(empty.p_wait == 0 && empty.service_level == 1 && empty.occupancy == 0 && empty.mean_wait_s == 0);
    assert_true(by_c(10, 1, 1, 14, INFINITY).service_level == 1);
    const rs_erlang_t at_last = by_a(10, 1, 1, 14, INFINITY);
    assert_near(at_last.service_level, 1 - at_last.p_abandon, 1e-12);
}

static void arguments_outside_of_the_domain_are_refused_and_nothing_is_written(void **state) {
    (void)state;
    const rs_erlang_load_t good = {.arrivals_per_s = 1, .handle_s = 1, .patience_s = 1};
    const rs_erlang_load_t bad[] = {{-1, 1, 1}, {NAN, 1, 1}, {INFINITY, 1, 1}, {1, 0, 1}, {1, -1, 1}, {1, NAN, 1}, {1e300, 1e300, 1}};
    rs_erlang_t result = {.p_wait = 7};
    double lost = 7;
    uint32_t agents = 7;
    for (size_t i = 0; i < RS_ARRAY_LEN(bad); i++) {
        assert_int_equal(rs_erlang_a(&bad[i], 1, 1, &result), RS_ERR_INVALID);
        assert_int_equal(rs_erlang_c(&bad[i], 1, 1, &result), RS_ERR_INVALID);
        assert_int_equal(rs_erlang_c_agents(&bad[i], 1, 0.8, &agents), RS_ERR_INVALID);
    }
    const double patience[] = {0, -1, NAN, 2e9};
    for (size_t i = 0; i < RS_ARRAY_LEN(patience); i++) {
        const rs_erlang_load_t load = {.arrivals_per_s = 1, .handle_s = 1, .patience_s = patience[i]};
        assert_int_equal(rs_erlang_a(&load, 1, 1, &result), RS_ERR_INVALID);
        assert_int_equal(rs_erlang_a_agents(&load, 1, 0.8, &agents), RS_ERR_INVALID);
    }
    assert_int_equal(rs_erlang_a(&good, 0, 1, &result), RS_ERR_INVALID);
    assert_int_equal(rs_erlang_a(&good, RS_ERLANG_MAX_AGENTS + 1, 1, &result), RS_ERR_INVALID);
    assert_int_equal(rs_erlang_c(&good, 1, -1, &result), RS_ERR_INVALID);
    assert_int_equal(rs_erlang_c(&good, 1, NAN, &result), RS_ERR_INVALID);
    assert_int_equal(rs_erlang_c(NULL, 1, 1, &result), RS_ERR_INVALID);
    assert_int_equal(rs_erlang_c(&good, 1, 1, NULL), RS_ERR_INVALID);
    assert_int_equal(rs_erlang_b(-1, 1, &lost), RS_ERR_INVALID);
    assert_int_equal(rs_erlang_b(NAN, 1, &lost), RS_ERR_INVALID);
    const double targets[] = {0, 1, -1, 2, NAN};
    for (size_t i = 0; i < RS_ARRAY_LEN(targets); i++) {
        assert_int_equal(rs_erlang_a_agents(&good, 1, targets[i], &agents), RS_ERR_INVALID);
    }
    assert_true(result.p_wait == 7 && lost == 7 && agents == 7);
}

const struct CMUnitTest erlang_tests[] = {
    cmocka_unit_test(erlang_c_gives_the_published_figures),
    cmocka_unit_test(erlang_b_gives_the_published_figures),
    cmocka_unit_test(erlang_a_gives_the_published_figures),
    cmocka_unit_test(the_agents_for_a_target_are_the_fewest),
    cmocka_unit_test(erlang_a_is_the_chain_summed_state_by_state),
    cmocka_unit_test(chances_stay_between_0_and_1_and_more_agents_are_never_worse),
    cmocka_unit_test(erlang_a_goes_from_b_to_c_as_patience_grows),
    cmocka_unit_test(overload_and_emptiness_are_defined),
    cmocka_unit_test(arguments_outside_of_the_domain_are_refused_and_nothing_is_written),
};
const size_t erlang_test_count = RS_ARRAY_LEN(erlang_tests);
