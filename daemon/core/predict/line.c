#include "core/predict/line.h"

#include <math.h>

static const double precision = 1e-13, tiny = 1e-300;
enum { MAX_TERMS = 100000 };

/* log Gamma(a+b) - log Gamma(a) for b of any size, without the difference of two large numbers. */
static double log_rise(double a, double b) {
    int sign;
    if (a < 50) return lgamma_r(a + b, &sign) - lgamma_r(a, &sign);
    const double sum = a + b;
    const double series = (1 / sum - 1 / a) / 12 - (1 / (sum * sum * sum) - 1 / (a * a * a)) / 360;
    return b * log(a) + (sum - 0.5) * log1p(b / a) - b + series;
}

/* Continued fraction of I_x(a,b), for x < (a+1)/(a+b+2); modified Lentz. */
static double beta_fraction(double a, double b, double x) {
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    if (fabs(d) < tiny) d = tiny;
    d = 1 / d;
    double fraction = d;
    for (int m = 1; m < MAX_TERMS; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / (1 + even * d);
        c = 1 + even / c;
        fraction *= d * c;
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        fraction *= d * c;
        if (fabs(d * c - 1) < precision) break;
    }
    return fraction;
}

double rs_beta_regularised(double a, double b, double x) {
    int sign;
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    /* x^a·(1-x)^b / B(a,b), the greater of the two first: Gamma(a+b)/Gamma(a) is taken as one. */
    const double rise = a >= b ? log_rise(a, b) - lgamma_r(b, &sign) : log_rise(b, a) - lgamma_r(a, &sign);
    const double factor = exp(rise + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return factor * beta_fraction(a, b, x) / a;
    return 1 - factor * beta_fraction(b, a, 1 - x) / b;
}

static double gamma_series(double a, double y) {
    double term = 1 / a, sum = term;
    for (int i = 1; i < MAX_TERMS && term > sum * precision; i++) {
        term *= y / (a + i);
        sum += term;
    }
    return sum;
}

static double gamma_fraction(double a, double y) {
    double b = y + 1 - a, c = 1 / tiny, d = 1 / b, fraction = d;
    for (int i = 1; i < MAX_TERMS; i++) {
        const double factor = -i * (i - a);
        b += 2;
        d = 1 / (factor * d + b);
        c = b + factor / c;
        fraction *= d * c;
        if (fabs(d * c - 1) < precision) break;
    }
    return fraction;
}

double rs_gamma_upper(double a, double y) {
    int sign;
    if (y <= 0) return 1;
    const double factor = exp(a * log(y) - y - lgamma_r(a, &sign));
    return y < a + 1 ? 1 - factor * gamma_series(a, y) : factor * gamma_fraction(a, y);
}

/* --- the line ------------------------------------------------------------------------------------------------------- */
/* What the line does within t: the rate of departures, the dispersion of all that leave it, and what is added to the chance that they
 * are too few. */
typedef struct rs_flow { double rate_per_s, dispersion, added; } rs_flow_t;

/* P(at most `ahead` leave) of a binomial count of this mean and dispersion < 1, minus that of the gamma form (line.h). */
static double binomial_more_than_gamma(double mean, double dispersion, uint32_t ahead) {
    /* Past these they differ by less than a tenth of a point: as good as Poisson; as good as certain. */
    static const double as_poisson = 0.98, deviations = 4;
    if (dispersion >= as_poisson || fabs(ahead + 0.5 - mean) > deviations * sqrt(mean * dispersion)) return 0;
    const double trials = mean / (1 - dispersion);
    const double binomial = trials > ahead ? rs_beta_regularised(trials - ahead, ahead + 1.0, dispersion) : 1;
    return binomial - rs_gamma_upper((ahead + 0.5) / dispersion + 0.5, mean / dispersion);
}

static rs_flow_t flow_within(const rs_waiting_line_t *line, uint32_t ahead, double t_s) {
    rs_flow_t flow = {.rate_per_s = line->rate_per_s, .dispersion = 1};
    if (line->departures == NULL || isinf(t_s)) return flow;
    double mean, variance;
    rs_departures_within(line->departures, t_s, &mean, &variance);
    if (mean <= 0) mean = 1e-9;
    flow.rate_per_s = mean / t_s;
    /* Of k ahead so many give up before their turn, in the mean: k minus what is left, minus the departures. */
    const double h = line->giving_up_per_s, gone = h > 0 ? -expm1(-h * t_s) : 0;
    const double leaving = h > 0 ? (ahead + flow.rate_per_s / h) * gone : mean;
    const double given_up = leaving > ahead ? ahead - mean : leaving - mean;
    const double counted = given_up > 0 ? given_up : 0;
    flow.dispersion = (variance + counted) / (mean + counted);
    if (flow.dispersion < 0.05) flow.dispersion = 0.05;
    if (flow.dispersion > 20) flow.dispersion = 20;
    flow.added = binomial_more_than_gamma(mean + counted, flow.dispersion, ahead);
    return flow;
}

/* P(more than left_s passes until `ahead` + 1 have left); `more` is added to the first parameter of the beta function. */
static double over(const rs_flow_t *flow, double giving_up_per_s, uint32_t ahead, double left_s, double more) {
    const double places = (ahead + 0.5) / flow->dispersion + 0.5;
    const double pace = giving_up_per_s > 0 ? flow->rate_per_s / giving_up_per_s : INFINITY;
    /* So patient that the line is the same as without: the difference is of the order k / pace. */
    const bool patient = pace > 1e8 * (1 + (double)ahead);
    const double smooth = patient ? rs_gamma_upper(places, flow->rate_per_s * left_s / flow->dispersion)
                                  : rs_beta_regularised(pace / flow->dispersion + more, places, exp(-giving_up_per_s * left_s));
    return fmin(fmax(smooth + flow->added, 0), 1);
}

double rs_line_over(const rs_waiting_line_t *line, uint32_t ahead, double left_s) {
    if (left_s <= 0) return 1;
    if (isinf(left_s)) return 0;
    const rs_flow_t flow = flow_within(line, ahead, left_s);
    return over(&flow, line->giving_up_per_s, ahead, left_s, 0);
}

rs_line_fate_t rs_line_fate(const rs_waiting_line_t *line, uint32_t ahead, double left_s) {
    rs_line_fate_t fate = {0};
    if (left_s <= 0) return fate;
    const rs_flow_t flow = flow_within(line, ahead, left_s);
    const double h = line->giving_up_per_s;
    const double ever = flow.rate_per_s / (flow.rate_per_s + (ahead + 1.0) * h);
    if (isinf(left_s)) return (rs_line_fate_t){.answered = ever, .given_up = 1 - ever};
    const double later = over(&flow, h, ahead, left_s, 1);
    fate.answered = ever * (1 - later);
    const double still = exp(-h * left_s) * over(&flow, h, ahead, left_s, 0);
    fate.given_up = 1 - still - fate.answered;
    if (fate.given_up < 0) fate.given_up = 0;
    return fate;
}

double rs_line_wait_s(const rs_waiting_line_t *line, uint32_t ahead) {
    enum { ONE_BY_ONE = 32 };
    const double r = line->rate_per_s, h = line->giving_up_per_s;
    if (h <= 0) return (ahead + 1.0) / r;
    double wait_s = 0;
    const uint32_t first = ahead < ONE_BY_ONE ? ahead + 1 : ONE_BY_ONE;
    for (uint32_t i = 0; i < first; i++) wait_s += 1 / (r + i * h);
    if (first > ahead) return wait_s;
    /* Euler and Maclaurin for the rest, which is smooth. */
    const double from = 1 / (r + first * h), to = 1 / (r + ahead * h);
    return wait_s + log1p((ahead - first) * h * from) / h + (from + to) / 2 + h * (from * from - to * to) / 12;
}
