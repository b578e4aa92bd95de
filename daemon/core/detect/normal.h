/* core/detect/normal.h — the few functions of probability that detectors and their solver need. Pure.
 *
 * Sources: erfc of libm; Student's t by the regularised incomplete beta function (core/predict/line.h; DLMF 8.17);
 * quantiles by halving, so that they are right to the last bits;
 * Wilson's interval: E. B. Wilson, JASA 22 (1927) 209. */
#ifndef RS_CORE_DETECT_NORMAL_H
#define RS_CORE_DETECT_NORMAL_H

#include "base/base.h"

double rs_normal_density(double z);
/* P(Z <= z), and P(Z > z) without loss where it is small. */
double rs_normal_below(double z);
double rs_normal_above(double z);
/* The z with P(Z > z) = p, 0 < p < 1. */
double rs_normal_quantile_above(double p);
/* P(T > t) for t >= 0 with `freedom` > 0 degrees; the t with P(T > t) = p, 0 < p <= 0.5. */
double rs_student_above(double t, double freedom);
double rs_student_quantile_above(double p, double freedom);
/* P(X <= x) of a Poisson number with that mean, x >= 0; 0 for x < 0. P(X = x). */
double rs_poisson_below(double mean, int64_t x);
double rs_poisson_at(double mean, int64_t x);

/* Wilson's interval of a share of hits/n, at z standard errors; 0..1 when n is 0. 0 <= hits <= n. */
typedef struct rs_interval_of_share { double low, high; } rs_interval_of_share_t;
rs_interval_of_share_t rs_wilson(int64_t hits, int64_t n, double z);

#endif
