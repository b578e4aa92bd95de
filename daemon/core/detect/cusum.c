#include "core/detect/cusum.h"

#include <math.h>

rs_cusum_design_t rs_cusum_normal(double k, double h, unsigned sides, bool head_start) {
    const double start = head_start ? 0.5 * h : 0;
    return (rs_cusum_design_t){.k_up = k, .k_down = -k, .h_up = h, .h_down = h, .start_up = start, .start_down = start,
                               .sides = (uint8_t)sides};
}

double rs_cusum_count_k(double good, double bad) { return (bad - good) / (log(bad) - log(good)); }

void rs_cusum_begin(const rs_cusum_design_t *design, rs_cusum_t *sums) {
    *sums = (rs_cusum_t){.up = design->start_up, .down = design->start_down};
}

static bool is_beyond(const rs_cusum_design_t *design, double sum, double limit) {
    return design->reach ? sum >= limit : sum > limit;
}

unsigned rs_cusum_step(const rs_cusum_design_t *design, rs_cusum_t *sums, double x) {
    unsigned signalled = 0;
    if ((design->sides & RS_SIDE_UP) != 0) {
        sums->up = fmax(0, sums->up + x - design->k_up);
        if (is_beyond(design, sums->up, design->h_up)) signalled |= RS_SIDE_UP;
    }
    if ((design->sides & RS_SIDE_DOWN) != 0) {
        sums->down = fmax(0, sums->down + design->k_down - x);
        if (is_beyond(design, sums->down, design->h_down)) signalled |= RS_SIDE_DOWN;
    }
    return signalled;
}

void rs_cusum_restart(const rs_cusum_design_t *design, rs_cusum_t *sums, unsigned signalled) {
    if ((signalled & RS_SIDE_UP) != 0) sums->up = 0.5 * design->h_up;
    if ((signalled & RS_SIDE_DOWN) != 0) sums->down = 0.5 * design->h_down;
}
