/* core/predict/line.h — closed forms for a contact in line: how long it will still wait, and whether it will be in time.
 *
 * Model:   served in order of arrival; k contacts are ahead; agents come free at a rate (r, per second), and each contact ahead gives
 *          up at a rate h (patience exponential). While i are ahead, one leaves after an exponential time of rate r + i·h, so the
 *          wait that is left is the sum over i = 0..k of Exp(r + i·h), which is -(1/h)·ln of a Beta(r/h, k+1) variable:
 *              P(wait left > t)                        I_x(r/h, k+1), x = e^(-h·t);  h = 0: Q(k+1, r·t)
 *              P(answered within t, own patience too)  (r / (r + (k+1)·h)) · (1 - I_x(r/h + 1, k+1))
 *              E[wait left]                            sum over i = 0..k of 1 / (r + i·h)
 *          I is the regularised incomplete beta function, Q the upper regularised incomplete gamma function.
 *          (Whitt 1999; Ibrahim and Whitt 2009: the predictor QLm; Jouini, Dallery and Aksin 2009.) These are exact for exponential
 *          handlings, where r = agents / mean.
 *          Else r = departures expected within t / t, from the ages of the handlings under way (service.h), and the line is counted in
 *          units of its dispersion d = variance / mean of all who leave it within t: I_x(r/(h·d), (k + 1/2)/d + 1/2). With d = 1 it is
 *          the form above; d moves the variance and leaves the mean. With d < 1, as of agents who all began at about the same time, the
 *          count of those who leave, of mean m, is nearer to binomial: what I_d(m/(1-d) - k, k+1), which that count would have, says more
 *          than Q((k + 1/2)/d + 1/2, m/d) is added. Without h that is the binomial itself.
 * Whose:   "wait left > t" says nothing of the contact's own patience: it is about the line, and is scored on offered waits.
 * Purity:  pure functions. About 0.1 to 1 µs each, rising with the root of k.
 */
#ifndef RS_CORE_PREDICT_LINE_H
#define RS_CORE_PREDICT_LINE_H

#include "core/predict/service.h"

/* Regularised incomplete functions; a, b > 0, 0 <= x <= 1, y >= 0. Absolute error below 1e-10. */
double rs_beta_regularised(double a, double b, double x);
double rs_gamma_upper(double a, double y);

typedef struct rs_waiting_line {
    double rate_per_s;          /* > 0: agents / mean handle time */
    double giving_up_per_s;     /* >= 0, of one who waits */
    const rs_departures_t *departures;   /* NULL: as of exponential handlings */
} rs_waiting_line_t;

/* P(wait left > left_s) with `ahead` contacts ahead; 1 when left_s <= 0. */
double rs_line_over(const rs_waiting_line_t *line, uint32_t ahead, double left_s);
/* P(answered within left_s), P(given up within left_s); 0 when left_s <= 0. left_s may be INFINITY. */
typedef struct rs_line_fate { double answered, given_up; } rs_line_fate_t;
rs_line_fate_t rs_line_fate(const rs_waiting_line_t *line, uint32_t ahead, double left_s);
/* Expected wait left, of one who would not give up. */
double rs_line_wait_s(const rs_waiting_line_t *line, uint32_t ahead);

#endif
