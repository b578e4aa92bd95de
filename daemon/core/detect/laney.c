#include "core/detect/laney.h"

#include <math.h>

static const double range_of_two = 1.128, screen = 3.267;

static double deviation(double mean, int64_t n) { return sqrt(mean * (1 - mean) / (double)n); }

static double plain_z(double mean, int64_t hits, int64_t n) { return ((double)hits / (double)n - mean) / deviation(mean, n); }

/* Mean moving range of the z; of those that are at most `most`. */
static double mean_range(double mean, const int64_t *hits, const int64_t *n, size_t count, double most) {
    double sum = 0, counted = 0;
    for (size_t i = 1; i < count; i++) {
        const double range = fabs(plain_z(mean, hits[i], n[i]) - plain_z(mean, hits[i - 1], n[i - 1]));
        if (range > most) continue;
        sum += range;
        counted++;
    }
    return counted > 0 ? sum / counted : 0;
}

bool rs_laney_fit(const int64_t *hits, const int64_t *n, size_t count, bool screened, rs_laney_t *chart) {
    int64_t all_hits = 0, all = 0;
    for (size_t i = 0; i < count; i++) {
        all_hits += hits[i];
        all += n[i];
    }
    if (count < 2 || all_hits <= 0 || all_hits >= all) return false;
    const double mean = (double)all_hits / (double)all;
    double range = mean_range(mean, hits, n, count, INFINITY);
    if (screened) range = mean_range(mean, hits, n, count, screen * range);
    *chart = (rs_laney_t){.mean = mean, .sigma_z = range / range_of_two};
    return true;
}

double rs_laney_z(const rs_laney_t *chart, int64_t hits, int64_t n) { return plain_z(chart->mean, hits, n) / chart->sigma_z; }

rs_laney_limits_t rs_laney_limits(const rs_laney_t *chart, int64_t n, double width) {
    const double half = width * deviation(chart->mean, n) * chart->sigma_z;
    return (rs_laney_limits_t){.low = fmax(0, chart->mean - half), .high = fmin(1, chart->mean + half)};
}
