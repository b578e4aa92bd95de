#include "core/detect/reference.h"

#include <math.h>

static const double tail_share = 0.1, tail_begins = 1.2815515655446004, tail_mean = 0.47344773;   /* of a normal distribution */
enum { LEAST_IN_TAIL = 8, TAIL_MEMORY = 200 };
static const double range_of_two = 1.128, most_correlation = 0.8;

bool rs_reference_mean(const rs_reference_t *reference, double *mean) {
    if (!(reference->trials > 0)) return false;
    *mean = reference->hits / reference->trials;
    return true;
}

bool rs_reference_z(const rs_sample_t *sample, double centre, double *z) {
    double deviation = 1;
    if (sample->measure == RS_MEASURE_COUNT) deviation = centre > 0 ? sqrt(centre) : 0;
    if (sample->measure == RS_MEASURE_SHARE) {
        deviation = centre > 0 && centre < 1 && sample->n > 0 ? sqrt(centre * (1 - centre) / sample->n) : 0;
    }
    if (!(deviation > 0)) return false;
    *z = (sample->value - centre) / deviation;
    return true;
}

bool rs_reference_sigma(const rs_reference_t *reference, bool of_sums, double *sigma) {
    if (reference->taken < RS_REFERENCE_LEAST || !(reference->weight > 1)) return false;
    const double mean = reference->z / reference->weight;
    const double variance = reference->squares / reference->weight - mean * mean;
    const double from_ranges = reference->ranges / reference->weight / range_of_two;
    double found = fmax(variance > 0 ? sqrt(variance) : 0, from_ranges);
    if (of_sums && variance > 0) {
        double correlation = (reference->products / reference->weight - mean * mean) / variance;
        if (correlation > most_correlation) correlation = most_correlation;
        if (correlation > 0) found *= sqrt((1 + correlation) / (1 - correlation));
    }
    if (!(found > 1e-9)) return false;
    *sigma = found;
    return true;
}

double rs_reference_tail(const rs_reference_t *reference, bool above, double sigma, double deviations) {
    if (reference->tail_weight[above] < LEAST_IN_TAIL || !(deviations > tail_begins)) return 1;
    const double scale = reference->tail_excess[above] / reference->tail_weight[above] / tail_mean;
    const double beyond = reference->tail_from[above] + scale * (deviations - tail_begins);
    return fmax(1, beyond / (sigma * deviations));
}

/* The point that a tenth is beyond moves a little with every figure (Robbins and Monro 1951). */
static void learn_tail(rs_reference_t *reference, bool above, double z) {
    const double keep = 1 - 1.0 / TAIL_MEMORY, y = above ? z : -z;
    const double mean = reference->z / reference->weight, variance = reference->squares / reference->weight - mean * mean;
    const double step = (variance > 0 ? sqrt(variance) : 1) * fmax(0.02, 1 / sqrt((double)reference->taken));
    if (y > reference->tail_from[above]) {
        reference->tail_weight[above] = reference->tail_weight[above] * keep + 1;
        reference->tail_excess[above] = reference->tail_excess[above] * keep + y - reference->tail_from[above];
    }
    reference->tail_from[above] += step * ((y > reference->tail_from[above] ? 1 : 0) - tail_share);
}

void rs_reference_begin(rs_reference_t *reference, const rs_sample_t *sample) {
    const double keep = 1 - 1.0 / RS_REFERENCE_MEMORY;
    reference->hits = reference->hits * keep + sample->value * sample->n;
    reference->trials = reference->trials * keep + sample->n;
    if (reference->taken < UINT32_MAX) reference->taken++;
}

void rs_reference_learn(rs_reference_t *reference, const rs_sample_t *sample, double z) {
    const double keep = 1 - 1.0 / RS_REFERENCE_MEMORY;
    rs_reference_begin(reference, sample);
    if (reference->has_last) {
        reference->weight = reference->weight * keep + 1;
        reference->z = reference->z * keep + z;
        reference->squares = reference->squares * keep + z * z;
        reference->products = reference->products * keep + z * reference->last_z;
        reference->ranges = reference->ranges * keep + fabs(z - reference->last_z);
        learn_tail(reference, false, z);
        learn_tail(reference, true, z);
    }
    reference->last_z = z;
    reference->has_last = true;
}

void rs_reference_pause(rs_reference_t *reference) { reference->has_last = false; }
