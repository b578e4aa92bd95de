/* core/detect/ewma.h — exponentially weighted moving average: between Shewhart (weight 1) and CUSUM (small weight).
 *
 * Formula:   z_t = w·x_t + (1 - w)·z_{t-1}, z_0 = 0; signal when |z_t| > limit·sqrt(w / (2 - w)), and with fast initial response
 *            limit·sqrt(w / (2 - w)·(1 - (1 - w)^2t)), the exact deviation of z_t.
 *     normal x = (figure - baseline) / sigma                (S. W. Roberts, Technometrics 1 (1959) 239; Lucas and Saccucci,
 *                                                            Technometrics 32 (1990) 1)
 *     count  x = (count - mean) / sqrt(mean): the chart of Borror, Champ and Rigdon, J. Quality Technology 30 (1998) 352, up
 *            to scale
 * State:     flat, no pointers. Pure. */
#ifndef RS_CORE_DETECT_EWMA_H
#define RS_CORE_DETECT_EWMA_H

#include "core/detect/cusum.h"

typedef struct rs_ewma_design {
    double weight, limit;      /* 0 < weight <= 1; limit in deviations of z */
    uint8_t sides;
    bool head_start;
} rs_ewma_design_t;
typedef struct rs_ewma { double value; uint32_t steps; } rs_ewma_t;

/* The limit of the t-th step (from 1), in the scale of the value. */
double rs_ewma_limit(const rs_ewma_design_t *design, uint32_t step);
/* Begin with a zeroed state. The sides that signal; the value goes on as it is. */
unsigned rs_ewma_step(const rs_ewma_design_t *design, rs_ewma_t *average, double x);

#endif
