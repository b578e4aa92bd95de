#include "core/detect/normal.h"
#include "core/predict/line.h"

#include <math.h>

static const double root_two = 1.41421356237309504880;

double rs_normal_density(double z) { return exp(-0.5 * z * z) * 0.39894228040143267794; }
double rs_normal_below(double z) { return 0.5 * erfc(-z / root_two); }
double rs_normal_above(double z) { return 0.5 * erfc(z / root_two); }

double rs_normal_quantile_above(double p) {
    double low = -40, high = 40;
    for (int i = 0; i < 200 && high - low > 0; i++) {
        const double middle = 0.5 * (low + high);
        if (middle == low || middle == high) break;
        if (rs_normal_above(middle) > p) low = middle;
        else high = middle;
    }
    return 0.5 * (low + high);
}

double rs_student_above(double t, double freedom) { return 0.5 * rs_beta_regularised(0.5 * freedom, 0.5, freedom / (freedom + t * t)); }

double rs_student_quantile_above(double p, double freedom) {
    double low = 0, high = 1;
    while (rs_student_above(high, freedom) > p && high < 1e150) high *= 2;
    for (int i = 0; i < 200; i++) {
        const double middle = 0.5 * (low + high);
        if (middle == low || middle == high) break;
        if (rs_student_above(middle, freedom) > p) low = middle;
        else high = middle;
    }
    return 0.5 * (low + high);
}

double rs_poisson_at(double mean, int64_t x) {
    int sign;
    if (x < 0) return 0;
    if (mean <= 0) return x == 0 ? 1 : 0;
    return exp((double)x * log(mean) - mean - lgamma_r((double)x + 1, &sign));
}

double rs_poisson_below(double mean, int64_t x) {
    double sum = 0;
    for (int64_t i = x; i >= 0; i--) {
        const double term = rs_poisson_at(mean, i);
        sum += term;
        if ((double)i < mean && term < sum * 1e-17) break;
    }
    return sum > 1 ? 1 : sum;
}

rs_interval_of_share_t rs_wilson(int64_t hits, int64_t n, double z) {
    if (n <= 0) return (rs_interval_of_share_t){.low = 0, .high = 1};
    const double count = (double)n, share = (double)hits / count, z2 = z * z;
    const double middle = (share + z2 / (2 * count)) / (1 + z2 / count);
    const double half = z * sqrt(share * (1 - share) / count + z2 / (4 * count * count)) / (1 + z2 / count);
    rs_interval_of_share_t interval = {.low = middle - half, .high = middle + half};
    if (hits == 0 || interval.low < 0) interval.low = 0;
    if (hits == n || interval.high > 1) interval.high = 1;
    return interval;
}
