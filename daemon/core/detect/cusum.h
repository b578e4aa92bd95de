/* core/detect/cusum.h — cumulative sums: the chart that sees a small lasting shift soonest.
 *
 * Formula:   up   = max(0, up   + x - k_up),  signal when up   > h_up
 *            down = max(0, down + k_down - x), signal when down > h_down          (E. S. Page, Biometrika 41 (1954) 100)
 *     normal x = (figure - baseline) / sigma, k_up = k, k_down = -k: k = half the shift, in sigmas, that is to be seen
 *     count  x = a number of events of mean m0; k = (m1 - m0) / (ln m1 - ln m0) for a mean m1, and the signal is at h, not
 *            beyond it: `reach`                                                    (J. M. Lucas, Technometrics 27 (1985) 129)
 *     A sum that begins at `start` = h/2 instead of 0 sees soon what was wrong from the beginning: fast initial response
 *                                                       (Lucas and Crosier, Technometrics 24 (1982) 199)
 * Use:       disjoint subgroups; overlapping windows have other run lengths altogether.
 * State:     flat, no pointers. Pure. */
#ifndef RS_CORE_DETECT_CUSUM_H
#define RS_CORE_DETECT_CUSUM_H

#include "base/base.h"

enum { RS_SIDE_UP = 1, RS_SIDE_DOWN = 2, RS_SIDE_BOTH = 3 };

typedef struct rs_cusum_design {
    double k_up, k_down, h_up, h_down, start_up, start_down;
    uint8_t sides;             /* RS_SIDE_… that are watched */
    bool reach;                /* signal at h, not only beyond it */
} rs_cusum_design_t;
typedef struct rs_cusum { double up, down; } rs_cusum_t;

/* Of standardised figures; `head_start`: with fast initial response. */
rs_cusum_design_t rs_cusum_normal(double k, double h, unsigned sides, bool head_start);
/* The k of counts between a good mean and a bad one, both > 0 and different. */
double rs_cusum_count_k(double good, double bad);

void rs_cusum_begin(const rs_cusum_design_t *design, rs_cusum_t *sums);
/* Takes the next subgroup; the sides that signal. The sums go on as they are. */
unsigned rs_cusum_step(const rs_cusum_design_t *design, rs_cusum_t *sums, double x);
/* After a signal: the sum of such a side begins again at half of its limit, so that what lasts signals again soon and what is
 * over is soon forgotten. */
void rs_cusum_restart(const rs_cusum_design_t *design, rs_cusum_t *sums, unsigned signalled);

#endif
