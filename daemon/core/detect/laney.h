/* core/detect/laney.h — a chart of shares that believes the data about how much they vary: Laney's p'.
 *
 * Formula:   z_i = (p_i - mean) / sqrt(mean·(1 - mean) / n_i), mean = all hits / all n;
 *            sigma_z = mean |z_i - z_{i-1}| / 1.128; limits mean ± width·sqrt(mean·(1 - mean) / n_i)·sigma_z, held in 0..1
 *            (D. B. Laney, Quality Engineering 14 (2002) 531). A p-chart takes sigma_z for 1: on waits that hang together, as in any queue,
 *            it alarms every few intervals when all is well.
 *     screened: moving ranges beyond 3.267 times their mean do not count                                        (as qicharts2)
 * Pure. */
#ifndef RS_CORE_DETECT_LANEY_H
#define RS_CORE_DETECT_LANEY_H

#include "base/base.h"

typedef struct rs_laney { double mean, sigma_z; } rs_laney_t;
typedef struct rs_laney_limits { double low, high; } rs_laney_limits_t;

/* Fits a chart to `count` subgroups of hits[i] out of n[i] > 0. False: fewer than two, or all shares are 0 or 1. */
RS_MUST_CHECK bool rs_laney_fit(const int64_t *hits, const int64_t *n, size_t count, bool screened, rs_laney_t *chart);
/* The standardised figure of one subgroup; the limits for one of n. */
double rs_laney_z(const rs_laney_t *chart, int64_t hits, int64_t n);
rs_laney_limits_t rs_laney_limits(const rs_laney_t *chart, int64_t n, double width);

#endif
