/* core/detect/arl.h — how long a chart runs until it signals: exact average run lengths, and limits for a wanted one.
 *
 * ARL is the mean number of subgroups up to and with the signal; `shift` is the mean of the standardised figures, 0 when all is
 * well. Methods, each in a file of its own:
 *     cusum, ewma   the integral equation of the run length by Nystroem's method with Gauss and Legendre's nodes
 *                   (Lucas and Crosier 1982; Crowder, J. Quality Technology 19 (1987) 161; Waldmann, Technometrics 28 (1986) 61)
 *     counts        Markov chain over the sums, which are whole multiples of a step (Brook and Evans, Biometrika 59 (1972) 539;
 *                   Lucas 1985)
 *     chart         Markov chain over the states that rs_chart_step itself goes through (Champ and Woodall 1987); trend, alternating,
 *                   within and outside are added as rates of their own, which is on the safe side by some per cent
 * Limits:    found by halving between bounds on the logarithm of the run length.
 * Memory:    takes some hundred KiB for the time of a call; NAN when there is none, or when the answer would not mean anything.
 * Pure; meant for load time and for a key that appears, not for events. */
#ifndef RS_CORE_DETECT_ARL_H
#define RS_CORE_DETECT_ARL_H

#include "core/detect/chart.h"
#include "core/detect/ewma.h"

/* What can be asked for: subgroups between two false alarms. */
#define RS_ARL_LEAST 2.0
#define RS_ARL_MOST 1e9

/* --- run lengths ---------------------------------------------------------------------------------------------------- */
double rs_arl_cusum(const rs_cusum_design_t *design, double shift);        /* rs_cusum_normal's designs */
/* P(run length > n) for n = 1 .. count of a one-sided one (RS_SIDE_UP). False: no memory. */
RS_MUST_CHECK bool rs_arl_cusum_survival(const rs_cusum_design_t *design, double shift, double *survival, uint32_t count);
double rs_arl_ewma(const rs_ewma_design_t *design, double shift);
double rs_arl_chart(const rs_chart_design_t *design, double shift);
/* Of counts with that mean; k, h and start must be multiples of 1/steps. */
double rs_arl_count_cusum(const rs_cusum_design_t *design, double mean, uint32_t steps);
/* One figure on its own: |x| beyond `limit` (both sides), or x beyond it. */
double rs_arl_single(double limit, unsigned sides, double shift);

/* --- limits: the least with ARL >= `arl` when all is well; RS_ARL_LEAST <= arl <= RS_ARL_MOST, else NAN ------------------- */
double rs_limit_cusum(double k, unsigned sides, bool head_start, double arl);      /* h */
double rs_limit_ewma(double weight, unsigned sides, bool head_start, double arl);  /* limit */
double rs_limit_single(unsigned sides, double arl);
/* Stretches the design: runs that no width can make rarer get longer until each of them alone has 8 times that ARL, then zones get
 * wider until all rules together have it. False: not possible (a run would be longer than 60, that of `within` than 2,000). */
RS_MUST_CHECK bool rs_limit_chart(rs_chart_design_t *design, double arl);
/* h of one side (RS_SIDE_UP or RS_SIDE_DOWN) for counts, a multiple of 1/steps; k is rounded to one, towards the good mean. */
double rs_limit_count_cusum(double good_mean, double *k, unsigned side, uint32_t steps, bool head_start, double arl);

#endif
