/* Run lengths of CUSUM charts of normal figures. One side: with L(u) the ARL from the sum u and F, f the normal distribution,
 *     L(u) = 1 + L(0)·F(k - u - shift) + integral over (0, h) of L(y)·f(y + k - u - shift) dy. */
#include "core/detect/arl_internal.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_NODES = 400 };

/* One side, as if it were the upper one. */
typedef struct side { double k, h, start, shift; } side_t;

static uint32_t nodes_for(double h) {
    const double wanted = 32 + 6 * h;
    return wanted > MOST_NODES ? MOST_NODES : (uint32_t)wanted;
}

/* *from_zero: L(0), *from_start: L(start). False: no memory. */
static bool solve_side(const side_t *side, double *from_zero, double *from_start) {
    const uint32_t nodes = nodes_for(side->h), size = nodes + 1;
    double *matrix = calloc((size_t)size * size + 3 * (size_t)size, sizeof *matrix);
    if (matrix == NULL) return false;
    double *lengths = matrix + (size_t)size * size, *y = lengths + size, *weights = y + size;
    rs__gauss_legendre(nodes, 0, side->h, y, weights);
    for (uint32_t row = 0; row < size; row++) {
        const double u = row == 0 ? 0 : y[row - 1], drop = side->k - u - side->shift;
        double *line = &matrix[(size_t)row * size];
        line[0] = -rs_normal_below(drop);
        for (uint32_t i = 0; i < nodes; i++) line[i + 1] = -weights[i] * rs_normal_density(y[i] + drop);
        line[row] += 1;
        lengths[row] = 1;
    }
    const bool solved = rs__solve(matrix, lengths, size);
    const double drop = side->k - side->start - side->shift;
    *from_zero = lengths[0];
    *from_start = 1 + lengths[0] * rs_normal_below(drop);
    for (uint32_t i = 0; i < nodes; i++) *from_start += weights[i] * lengths[i + 1] * rs_normal_density(y[i] + drop);
    free(matrix);
    return solved;
}

static side_t upper(const rs_cusum_design_t *design, double shift) {
    return (side_t){.k = design->k_up, .h = design->h_up, .start = design->start_up, .shift = shift};
}
static side_t lower(const rs_cusum_design_t *design, double shift) {
    return (side_t){.k = -design->k_down, .h = design->h_down, .start = design->start_down, .shift = -shift};
}

/* Two sides: 1/L = 1/L+ + 1/L- from zero; from starts that cannot both be used up before either has come to zero
 * L = (L+(s)·L-(0) + L+(0)·L-(s) - L+(0)·L-(0)) / (L+(0) + L-(0)). */
double rs_arl_cusum(const rs_cusum_design_t *design, double shift) {
    const side_t up = upper(design, shift), down = lower(design, shift);
    double up_zero = 0, up_start = 0, down_zero = 0, down_start = 0;
    if ((design->sides & RS_SIDE_UP) != 0 && !solve_side(&up, &up_zero, &up_start)) return NAN;
    if ((design->sides & RS_SIDE_DOWN) != 0 && !solve_side(&down, &down_zero, &down_start)) return NAN;
    if (design->sides == RS_SIDE_UP) return up_start;
    if (design->sides == RS_SIDE_DOWN) return down_start;
    /* In shares, since each may be very great. */
    const double up_share = up_zero / (up_zero + down_zero), down_share = down_zero / (up_zero + down_zero);
    return up_start * down_share + down_start * up_share - up_zero * down_share;
}

bool rs_arl_cusum_survival(const rs_cusum_design_t *design, double shift, double *survival, uint32_t count) {
    const side_t side = upper(design, shift);
    const uint32_t nodes = nodes_for(side.h), size = nodes + 1;
    double *y = calloc(4 * (size_t)size, sizeof *y);
    if (y == NULL) return false;
    double *weights = y + size, *before = weights + size, *now = before + size;
    rs__gauss_legendre(nodes, 0, side.h, y, weights);
    for (uint32_t i = 0; i < size; i++) before[i] = 1;
    for (uint32_t n = 0; n < count; n++) {
        for (uint32_t row = 0; row <= size; row++) {
            const double u = row == size ? side.start : row == 0 ? 0 : y[row - 1], drop = side.k - u - side.shift;
            double sum = before[0] * rs_normal_below(drop);
            for (uint32_t i = 0; i < nodes; i++) sum += weights[i] * before[i + 1] * rs_normal_density(y[i] + drop);
            if (row == size) survival[n] = sum;
            else now[row] = sum;
        }
        double *kept = before;
        before = now;
        now = kept;
    }
    free(y);
    return true;
}

typedef struct question { double k; unsigned sides; bool head_start; } question_t;

static double arl_of_h(void *context, double h) {
    const question_t *question = context;
    const rs_cusum_design_t design = rs_cusum_normal(question->k, h, question->sides, question->head_start);
    return rs_arl_cusum(&design, 0);
}

double rs_limit_cusum(double k, unsigned sides, bool head_start, double arl) {
    question_t question = {.k = k, .sides = sides, .head_start = head_start};
    if (!(arl >= RS_ARL_LEAST && arl <= RS_ARL_MOST) || !(k > 0)) return NAN;
    /* Siegmund's approximation is a bound with room to spare: exp(2k(h + 1.166)) / (2k²). */
    double high = 1;
    while (arl_of_h(&question, high) < arl && high < 64) high *= 1.5;
    return high >= 64 ? NAN : rs__least(arl_of_h, &question, high / 1.5 < 1 ? 1e-6 : high / 1.5, high, arl);
}
