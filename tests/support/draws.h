/* support/draws.h — random numbers of the distributions that run lengths are tabled for. */
#ifndef RS_TEST_DRAWS_H
#define RS_TEST_DRAWS_H

#include "random.h"

#include <math.h>
#include <stdbool.h>

/* Between 0 and 1, neither of them. */
static inline double rs_draw_uniform(rs_random_t *random) { return ((double)(rs_random_next(random) >> 11) + 0.5) * 0x1p-53; }

/* Mean 0, deviation 1 (Marsaglia's polar form: two at a time, of which the second is thrown away). */
static inline double rs_draw_normal(rs_random_t *random) {
    for (;;) {
        const double u = 2 * rs_draw_uniform(random) - 1, v = 2 * rs_draw_uniform(random) - 1, s = u * u + v * v;
        if (s < 1 && s > 0) return u * sqrt(-2 * log(s) / s);
    }
}

static inline int rs_draw_poisson(rs_random_t *random, double mean) {
    const double end = exp(-mean);
    double product = 1;
    for (int count = 0;; count++) {
        product *= rs_draw_uniform(random);
        if (product < end) return count;
    }
}

#endif
