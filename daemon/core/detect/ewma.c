#include "core/detect/ewma.h"

#include <math.h>

double rs_ewma_limit(const rs_ewma_design_t *design, uint32_t step) {
    const double settled = design->limit * sqrt(design->weight / (2 - design->weight));
    if (!design->head_start) return settled;
    return settled * sqrt(-expm1(2.0 * step * log1p(-design->weight)));
}

unsigned rs_ewma_step(const rs_ewma_design_t *design, rs_ewma_t *average, double x) {
    unsigned signalled = 0;
    if (average->steps < UINT32_MAX) average->steps++;
    average->value += design->weight * (x - average->value);
    const double limit = rs_ewma_limit(design, average->steps);
    if ((design->sides & RS_SIDE_UP) != 0 && average->value > limit) signalled |= RS_SIDE_UP;
    if ((design->sides & RS_SIDE_DOWN) != 0 && average->value < -limit) signalled |= RS_SIDE_DOWN;
    return signalled;
}
