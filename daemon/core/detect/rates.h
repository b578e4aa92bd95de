/* core/detect/rates.h — how fast a budget burns, how much a figure moved, how long a silence is. Pure functions.
 *
 * Burn:      burn = bad share / (1 - target): 1 uses up exactly what the target allows. A pair of windows fires when the burn of both
 *            is beyond  share·period / long window, the long one being able to use up `share` of the period's budget in its time, the
 *            short one so that it stops when the cause does (Google, The Site Reliability Workbook, 2018, ch. 5). A burn cannot be
 *            beyond 1/(1 - target): 5 for 80 %; a limit from there on could never be passed, and 14.4, famous for 99.9 %, never is.
 * Change:    from one subgroup to the next, relative to the first, and beyond chance: z of two Poisson counts (x - y)/sqrt(x + y), of
 *            two shares with their pooled share, of two means by the deviation that was learned.
 * No data:   at a rate of r events an hour a silence of t hours has the chance e^(-r·t), so with the expected number of events since the
 *            last one beyond ln(1 / chance), 9.21 for 1 in 10,000, something is wrong. */
#ifndef RS_CORE_DETECT_RATES_H
#define RS_CORE_DETECT_RATES_H

#include "core/detect/reference.h"

#define RS_SILENCE_EXPECTED 9.210340371976182

double rs_burn(double bad_share, double target);
double rs_burn_limit(double share, int64_t period_us, int64_t window_us);
/* Whether some figure can be beyond the limit. */
bool rs_burn_reachable(double limit, double target);

/* Relative change from `before` to `now`; 0 when both are 0, INFINITY from 0. */
double rs_change(double before, double now);
/* In deviations of chance; `sigma` for values and as a factor for the others (1: what theory says). 0 where there is none. */
double rs_change_z(const rs_sample_t *before, const rs_sample_t *now, double sigma);

/* The expected number of events at which a silence counts, so that there are at most `alarms` of them while there are `events`
 * events: each event may begin a silence. Never below RS_SILENCE_EXPECTED. */
double rs_silence_limit(double events, double alarms);

/* The service level that an interval will have at its end: what closed so far, what those who wait will add, and the arrivals to
 * come, of which `in_time` are expected to be answered in time. False: nobody came and nobody will. */
typedef struct rs_interval_so_far {
    double hits, n;             /* closed in the interval */
    double waiting_hits, waiting_n;
    double arrivals, in_time;   /* expected until its end; share of these */
} rs_interval_so_far_t;
RS_MUST_CHECK bool rs_interval_level(const rs_interval_so_far_t *so_far, double *level);

#endif
