/* core/detect/reference.h — what is usual for a figure, learned from its own subgroups while nothing is wrong.
 *
 * A figure becomes z, its distance from a centre in deviations that theory gives:
 *     count   z = (x - mean) / sqrt(mean)                       (Poisson; `mean` of the subgroup)
 *     share   z = (hits/n - mean) / sqrt(mean·(1 - mean) / n)   (binomial)
 *     value   z = x - mean
 * and then w = z / sigma, where sigma is what z really does. For charts of single figures (Shewhart, Laney)
 *     sigma = the greater of the standard deviation of z and mean |z_i - z_{i-1}| / 1.128       (Laney's sigma_z is the latter)
 * and for sums over time (CUSUM, EWMA), because figures that hang together add up,
 *     sigma·sqrt((1 + r) / (1 - r)), r = their correlation from one subgroup to the next, 0 <= r <= 0.8
 *                                                          (Johnson and Bagshaw, Technometrics 16 (1974) 103)
 * Service levels and times of a queue have a longer tail than a normal distribution: a normal limit for one false alarm in 672 has ten
 * times as many. So each side's tail is measured: the point u that a tenth is beyond, and the mean excess m over it; for a normal
 * distribution m is 0.4735 sigma, so that what is L deviations out by chance is
 *     u + m / 0.4735 · (L - 1.2816)                                     (peaks over a threshold; with a tail that falls as a normal one
 * does, since shares are bounded: in M/M/s+M queues this is within a few per cent of the true quantile at 1 in 100 and in 1344.)
 * The centre is a constant, the mean of what was learned, or the season's (season.h) for the time of the week.
 * Memory of the past fades with a weight of 1/RS_REFERENCE_MEMORY per subgroup. Fewer than RS_REFERENCE_LEAST subgroups say nothing.
 * Each sum adds in order of the subgroups. State: flat, no pointers. Pure. */
#ifndef RS_CORE_DETECT_REFERENCE_H
#define RS_CORE_DETECT_REFERENCE_H

#include "base/base.h"

enum { RS_REFERENCE_LEAST = 24, RS_REFERENCE_MEMORY = 672 };

typedef enum rs_measure { RS_MEASURE_COUNT = 0, RS_MEASURE_SHARE, RS_MEASURE_VALUE } rs_measure_t;

/* One subgroup's figure. */
typedef struct rs_sample {
    uint8_t measure;
    double value;               /* count, share or value */
    double n;                   /* of a share or a mean: what it rests on; 1 for a count */
} rs_sample_t;

typedef struct rs_reference {
    double hits, trials;        /* what the mean is made of */
    double weight;              /* of all z that follow */
    double z, squares, products, ranges, last_z;
    double tail_from[2], tail_excess[2], tail_weight[2];   /* below, above; in units of z */
    uint32_t taken;             /* subgroups, up to UINT32_MAX */
    bool has_last;
} rs_reference_t;

/* The mean of what was learned. False: nothing was. */
RS_MUST_CHECK bool rs_reference_mean(const rs_reference_t *reference, double *mean);
/* z of a sample against a centre. False: the centre allows no deviation (0 for a count, 0 or 1 for a share). */
RS_MUST_CHECK bool rs_reference_z(const rs_sample_t *sample, double centre, double *z);
/* sigma. False: too little was learned, or nothing ever varied. */
RS_MUST_CHECK bool rs_reference_sigma(const rs_reference_t *reference, bool of_sums, double *sigma);
/* By how much a side's tail is longer than a normal one at `deviations` sigmas: a figure is as rare as the limit says when w is divided by
 * it. 1 when it is not longer, or too little is known. */
double rs_reference_tail(const rs_reference_t *reference, bool above, double sigma, double deviations);
/* Learns the sample, whose z is against the centre that was used for it. */
void rs_reference_learn(rs_reference_t *reference, const rs_sample_t *sample, double z);
/* Learns its level only: there was no centre yet. */
void rs_reference_begin(rs_reference_t *reference, const rs_sample_t *sample);
/* The next sample does not follow the last one (a pause): no range between them. */
void rs_reference_pause(rs_reference_t *reference);

#endif
