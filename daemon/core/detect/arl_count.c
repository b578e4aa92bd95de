/* Run lengths of count CUSUMs: sums are whole multiples of 1/steps, so they are the states of a Markov chain. */
#include "core/detect/arl_internal.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_STATES = 1500 };

/* In multiples of 1/steps; a side goes up with the count (+1) or down with it (-1). */
typedef struct side { int64_t k, h, start, steps; int direction; bool reach; } side_t;

static int64_t in_steps(double value, uint32_t steps) { return (int64_t)floor(value * steps + 0.5); }

/* From the sum `from` the next one is max(0, from + direction·(steps·x - k)). */
static void fill_row(const side_t *side, double mean, uint32_t from, uint32_t states, double *line) {
    const double deviation = sqrt(mean);
    const int64_t most = (int64_t)(mean + 40 * deviation + 60);
    for (int64_t x = 0; x <= most; x++) {
        const double chance = rs_poisson_at(mean, x);
        int64_t to = (int64_t)from + side->direction * (side->steps * x - side->k);
        if (to < 0) to = 0;
        if (to < (int64_t)states) line[to] -= chance;
        if (side->direction > 0 && to >= (int64_t)states) break;
    }
}

static double arl_of_side(const side_t *side, double mean, double *from_zero) {
    const int64_t states_wanted = side->reach ? side->h : side->h + 1;
    if (states_wanted < 1 || states_wanted > MOST_STATES) return NAN;
    const uint32_t states = (uint32_t)states_wanted;
    double *matrix = calloc((size_t)states * states + states, sizeof *matrix);
    if (matrix == NULL) return NAN;
    double *lengths = matrix + (size_t)states * states;
    for (uint32_t row = 0; row < states; row++) {
        fill_row(side, mean, row, states, &matrix[(size_t)row * states]);
        matrix[(size_t)row * states + row] += 1;
        lengths[row] = 1;
    }
    const bool solved = rs__solve(matrix, lengths, states);
    const double length = solved && side->start < (int64_t)states ? lengths[side->start] : NAN;
    *from_zero = solved ? lengths[0] : NAN;
    free(matrix);
    return length;
}

double rs_arl_count_cusum(const rs_cusum_design_t *design, double mean, uint32_t steps) {
    const side_t up = {.k = in_steps(design->k_up, steps), .h = in_steps(design->h_up, steps), .start = in_steps(design->start_up, steps),
                       .steps = steps, .direction = 1, .reach = design->reach};
    const side_t down = {.k = in_steps(design->k_down, steps), .h = in_steps(design->h_down, steps),
                         .start = in_steps(design->start_down, steps), .steps = steps, .direction = -1, .reach = design->reach};
    double up_zero = 0, down_zero = 0;
    const double from_up = (design->sides & RS_SIDE_UP) != 0 ? arl_of_side(&up, mean, &up_zero) : 0;
    const double from_down = (design->sides & RS_SIDE_DOWN) != 0 ? arl_of_side(&down, mean, &down_zero) : 0;
    if (design->sides == RS_SIDE_UP) return from_up;
    if (design->sides == RS_SIDE_DOWN) return from_down;
    const double up_share = up_zero / (up_zero + down_zero), down_share = down_zero / (up_zero + down_zero);
    return from_up * down_share + from_down * up_share - up_zero * down_share;
}

double rs_limit_count_cusum(double good_mean, double *k, unsigned side, uint32_t steps, bool head_start, double arl) {
    if (!(arl >= RS_ARL_LEAST && arl <= RS_ARL_MOST) || !(good_mean > 0)) return NAN;
    const int direction = side == RS_SIDE_UP ? 1 : -1;
    int64_t rounded = (int64_t)(direction > 0 ? floor(*k * steps + 1e-9) : ceil(*k * steps - 1e-9));
    /* The sum must drift to zero when all is well. */
    while ((double)direction * ((double)rounded / steps - good_mean) <= 0) rounded += direction;
    side_t wanted = {.k = rounded, .steps = steps, .direction = direction, .reach = true};
    *k = (double)rounded / steps;
    int64_t low = 1, high = 2;
    double zero;
    for (;;) {
        wanted.h = high;
        wanted.start = head_start ? high / 2 : 0;
        const double length = arl_of_side(&wanted, good_mean, &zero);
        if (isnan(length)) return NAN;
        if (length >= arl) break;
        low = high;
        high *= 2;
        if (high > MOST_STATES && low < MOST_STATES) high = MOST_STATES;
        else if (high > MOST_STATES) return NAN;
    }
    while (high - low > 1) {
        wanted.h = (low + high) / 2;
        wanted.start = head_start ? wanted.h / 2 : 0;
        if (arl_of_side(&wanted, good_mean, &zero) >= arl) high = wanted.h;
        else low = wanted.h;
    }
    return (double)high / steps;
}
