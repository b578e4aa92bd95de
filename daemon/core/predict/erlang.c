/* core/predict/erlang.c — the formulas of ringside/erlang.h. It stands by itself: libringside has it too. */
#include <ringside/erlang.h>

#include <math.h>
#include <stddef.h>

static const double patience_max = 1e9;        /* times the handling: beyond it nobody gives up */
static const double negligible = 1e-17;

static bool is_load(double load) { return load >= 0 && isfinite(load); }

static bool is_valid(const rs_erlang_load_t *load, uint32_t agents, double threshold_s) {
    return load != NULL && is_load(load->arrivals_per_s) && load->handle_s > 0 && isfinite(load->handle_s) &&
           isfinite(load->arrivals_per_s * load->handle_s) && agents >= 1 && agents <= RS_ERLANG_MAX_AGENTS && threshold_s >= 0;
}

static bool is_patience(const rs_erlang_load_t *load) {
    return load->patience_s > 0 && (isinf(load->patience_s) || load->patience_s <= patience_max * load->handle_s);
}

/* --- Erlang B and C ------------------------------------------------------------------------------------------------- */
static double next_b(double load, double b, uint32_t agents) { return load * b / (agents + load * b); }

static double erlang_b(double load, uint32_t agents) {
    double b = 1;
    for (uint32_t n = 1; n <= agents && b > 0; n++) b = next_b(load, b, n);
    return b;
}

int rs_erlang_b(double load, uint32_t agents, double *lost) {
    if (!is_load(load) || agents > RS_ERLANG_MAX_AGENTS || lost == NULL) return RS_ERR_INVALID;
    *lost = erlang_b(load, agents);
    return RS_OK;
}

static double p_wait_c(double load, uint32_t agents, double b) { return b / (1 - load / agents * (1 - b)); }

/* e^(-rate·t), also for t = INFINITY. */
static double decay(double rate, double t) { return isinf(t) ? 0 : exp(-rate * t); }

static void erlang_c(const rs_erlang_load_t *load, uint32_t agents, double threshold_s, double b, rs_erlang_t *result) {
    const double erlangs = load->arrivals_per_s * load->handle_s;
    if (erlangs >= agents) {
        *result = (rs_erlang_t){.p_wait = 1, .p_over = 1, .mean_wait_s = INFINITY, .occupancy = 1, .queue_length = INFINITY,
                                .overloaded = true};
        return;
    }
    const double p_wait = p_wait_c(erlangs, agents, b);
    const double p_over = p_wait * decay((agents - erlangs) / load->handle_s, threshold_s);
    const double wait_s = p_wait * load->handle_s / (agents - erlangs);
    *result = (rs_erlang_t){.p_wait = p_wait, .p_over = p_over, .service_level = 1 - p_over, .mean_wait_s = wait_s,
                            .occupancy = erlangs / agents, .queue_length = load->arrivals_per_s * wait_s};
}

int rs_erlang_c(const rs_erlang_load_t *load, uint32_t agents, double threshold_s, rs_erlang_t *result) {
    if (!is_valid(load, agents, threshold_s) || result == NULL) return RS_ERR_INVALID;
    erlang_c(load, agents, threshold_s, erlang_b(load->arrivals_per_s * load->handle_s, agents), result);
    return RS_OK;
}

/* --- Erlang A ------------------------------------------------------------------------------------------------------- */
/* A(x,z), A(x,z) - 1 as logarithms, and the mean of j under the terms of A: how many wait when anybody must. */
typedef struct palm { double log_a, log_rest, mean_j; } palm_t;

/* The defining sum; its terms rise until j = z - x and then fall. Used where z <= x + 1: they only fall. */
static palm_t palm_series(double x, double z) {
    double term = 1, rest = 0, weighted = 0;
    for (double j = 1;; j++) {
        term *= z / (x + j);
        rest += term;
        weighted += j * term;
        /* what follows is less than a geometric series with the ratio of here */
        if (j * term <= negligible * weighted * (1 - z / (x + j + 1)) || term == 0) break;
    }
    return (palm_t){.log_a = log1p(rest), .log_rest = log(rest), .mean_j = weighted / (1 + rest)};
}

/* log(Gamma(x+1)·e^z·z^-x): Stirling's series where its parts would cancel. */
static double log_scale(double x, double z) {
    if (x < 30) {
        int sign;
        return lgamma_r(x + 1, &sign) + z - x * log(z);
    }
    const double d = (z - x) / x;
    const double stirling = 1 / (12 * x) - 1 / (360 * x * x * x) + 1 / (1260 * pow(x, 5));
    return x * (d - log1p(d)) + 0.5 * log(2 * 3.14159265358979323846 * x) + stirling;
}

/* A = Gamma(x+1)·e^z·z^-x·P(x,z), with P = 1 - Q and Q by Legendre's continued fraction (modified Lentz). For z > x + 1. */
static palm_t palm_fraction(double x, double z) {
    double b = z + 1 - x, c = 1e300, d = 1 / b, fraction = d;
    for (double i = 1; i < 1e7; i++) {
        const double a = -i * (i - x);
        b += 2;
        d = 1 / (a * d + b);
        c = b + a / c;
        const double change = c * d;
        fraction *= change;
        if (fabs(change - 1) < 1e-16) break;
    }
    const double scale = log_scale(x, z);
    const double log_a = scale + log1p(-x * fraction * exp(-scale));
    return (palm_t){.log_a = log_a, .log_rest = log_a + log1p(-exp(-log_a)), .mean_j = -1};
}

static palm_t palm(double x, double z) { return z <= x + 1 ? palm_series(x, z) : palm_fraction(x, z); }

static void erlang_a(const rs_erlang_load_t *load, uint32_t agents, double threshold_s, double b, rs_erlang_t *result) {
    const double x = agents * (load->patience_s / load->handle_s), y = load->arrivals_per_s * load->patience_s;
    const double rho = load->arrivals_per_s * load->handle_s / agents;
    if (y == 0) {
        *result = (rs_erlang_t){.service_level = 1};
        return;
    }
    const palm_t all = palm(x, y);
    const double p_wait = b == 0 ? 0 : 1 / (1 + exp(log1p(-b) - log(b) - all.log_a));
    const double gives_up = all.mean_j >= 0 ? all.mean_j / y : exp(-all.log_a) / rho + (1 - 1 / rho);
    double over = 0, answered_over = 0;
    if (isfinite(threshold_s)) {
        const double left = threshold_s / load->patience_s;
        const palm_t tail = palm(x, y * exp(-left));
        /* y - z - agents·T/handle_s; x·left is the last */
        const double exponent = -y * expm1(-left) - x * left - all.log_a;
        over = exp(exponent + tail.log_a);
        if (over > 1) over = 1;   /* by rounding */
        answered_over = exp(exponent + tail.log_rest) / rho;
    }
    const double p_abandon = p_wait * gives_up;
    const double level = 1 - p_abandon - p_wait * answered_over;
    *result = (rs_erlang_t){.p_wait = p_wait, .p_abandon = p_abandon, .p_over = p_wait * over,
                            .service_level = level < 0 ? 0 : level, .mean_wait_s = p_abandon * load->patience_s,
                            .occupancy = rho * (1 - p_abandon), .queue_length = p_abandon * y};
}

int rs_erlang_a(const rs_erlang_load_t *load, uint32_t agents, double threshold_s, rs_erlang_t *result) {
    if (!is_valid(load, agents, threshold_s) || !is_patience(load) || result == NULL) return RS_ERR_INVALID;
    if (isinf(load->patience_s)) return rs_erlang_c(load, agents, threshold_s, result);
    erlang_a(load, agents, threshold_s, erlang_b(load->arrivals_per_s * load->handle_s, agents), result);
    return RS_OK;
}

/* --- how many agents ------------------------------------------------------------------------------------------------ */
static double level_of(const rs_erlang_load_t *load, uint32_t agents, double threshold_s, double b) {
    rs_erlang_t result;
    if (isinf(load->patience_s)) erlang_c(load, agents, threshold_s, b, &result);
    else erlang_a(load, agents, threshold_s, b, &result);
    return result.service_level;
}

/* The level rises with the agents: doubling finds a bound, halving the answer. */
static int agents_for(const rs_erlang_load_t *load, double threshold_s, double target, uint32_t *agents) {
    const double erlangs = load->arrivals_per_s * load->handle_s;
    uint32_t few = 0, enough = 1;
    while (level_of(load, enough, threshold_s, erlang_b(erlangs, enough)) < target) {
        if (enough == RS_ERLANG_MAX_AGENTS) return RS_ERR_LIMIT;
        few = enough;
        enough = enough > RS_ERLANG_MAX_AGENTS / 2 ? RS_ERLANG_MAX_AGENTS : enough * 2;
    }
    while (enough - few > 1) {
        const uint32_t middle = few + (enough - few) / 2;
        if (level_of(load, middle, threshold_s, erlang_b(erlangs, middle)) < target) few = middle;
        else enough = middle;
    }
    *agents = enough;
    return RS_OK;
}

int rs_erlang_c_agents(const rs_erlang_load_t *load, double threshold_s, double target, uint32_t *agents) {
    if (!is_valid(load, 1, threshold_s) || !(target > 0 && target < 1) || agents == NULL) return RS_ERR_INVALID;
    const rs_erlang_load_t patient = {.arrivals_per_s = load->arrivals_per_s, .handle_s = load->handle_s, .patience_s = INFINITY};
    return agents_for(&patient, threshold_s, target, agents);
}

int rs_erlang_a_agents(const rs_erlang_load_t *load, double threshold_s, double target, uint32_t *agents) {
    if (!is_valid(load, 1, threshold_s) || !is_patience(load) || !(target > 0 && target < 1) || agents == NULL) return RS_ERR_INVALID;
    return agents_for(load, threshold_s, target, agents);
}
