/* support/judging.h — is a mean of run lengths, or a share of runs, so far from what it should be that chance does not explain it?
 *
 * Rule:      A figure is beyond when its chance is below RS_JUDGE_CHANCE on that side. What is beyond is measured again, on other numbers
 *            and with twice the runs, RS_JUDGE_TIMES times in all; it is wrong when it was beyond each time. A right figure with two
 *            bounds to keep, on two sides each, is called wrong with a chance of at most (4 RS_JUDGE_CHANCE)^RS_JUDGE_TIMES = 1e-15: 1e-9
 *            in a million executions. What is found is decided by the first measurement: with 400 runs a mean that is a fifth off, with
 *            1,000 an eighth, with 20,000 three in a hundred.
 * Means:     the standard error of a few, nearly geometric lengths is estimated from the same lengths, and small when the mean is: three of
 *            them say nothing of 40 runs. Their exact distribution is not needed. Of a run length L with mean m let `longest` W >= m be a
 *            bound of the mean of what remains of a run that goes on, whenever it is looked at. With S(t) = P(L > t) and
 *            I(t) = E max(L - t, 0) this says I <= W S = -W I', so I(t) <= m e^(-t/W): L is smaller in the convex order than a length that
 *            is 0 with the chance 1 - m/W and else exponential with the mean W, which has equality. So E e^(sL) is at most that one's,
 *                M(s) = (1 - s (W - m)) / (1 - s W)   for s < 1/W,
 *            and by Chernoff's bound a mean of n runs is at or beyond x with a chance of at most min over s of (M(s) e^(-s x))^n.
 *            With W = m that is (x/m e^(1 - x/m))^n, the bound of the gamma distribution.
 *            W = m for whatever begins in the state that takes longest: sums at 0 and charts without a past (any past brings the signal of
 *            the same figures at the same time or sooner), averages at the centre. With a head start W is the mean without it.
 * Shares:    of n runs, each within with the chance p, a share at or beyond y has a chance of at most e^(-n KL(y, p)) (Chernoff). */
#ifndef RS_TEST_SUPPORT_JUDGING_H
#define RS_TEST_SUPPORT_JUDGING_H

#include <math.h>
#include <stdbool.h>

#define RS_JUDGE_CHANCE (1.0 / 4000)
#define RS_JUDGE_TIMES 5

/* The logarithm of the bound: that a mean of `runs` lengths of mean m is at x or farther. 0 < x. */
static inline double rs_judge_log_chance(double runs, double m, double longest, double x) {
    const double w = fmax(m, longest), rest = w - m;
    double low = x > m ? 0 : -1 / x, high = x > m ? 1 / w : 0;
    /* The exponent s x - ln M(s) is concave: its greatest value is where the slope is 0. */
    while (x < m && x + rest / (1 - low * rest) - w / (1 - low * w) < 0) low *= 2;
    for (int i = 0; i < 200; i++) {
        const double s = (low + high) / 2, slope = x + rest / (1 - s * rest) - w / (1 - s * w);
        if (slope > 0) low = s;
        else high = s;
    }
    return -runs * (low * x - log1p(-low * rest) + log1p(-low * w));
}

/* Could a mean of `least` to `most` have given it? */
static inline bool rs_judge_mean(double runs, double mean, double least, double most, double longest) {
    if (mean > most) return rs_judge_log_chance(runs, most, longest, mean) >= log(RS_JUDGE_CHANCE);
    if (mean < least) return rs_judge_log_chance(runs, least, longest, mean) >= log(RS_JUDGE_CHANCE);
    return true;
}

static inline double rs_judge_part(double y, double p) { return y == 0 ? 0 : y * log(y / p); }

/* Is a share of `runs` no more than chance away from p? 0 < p < 1. */
static inline bool rs_judge_share(double runs, double share, double p) {
    return -runs * (rs_judge_part(share, p) + rs_judge_part(1 - share, 1 - p)) >= log(RS_JUDGE_CHANCE);
}

#endif
