/* Run lengths of EWMA charts: with c the limit in the scale of z,
 *     L(u) = 1 + 1/w · integral over (-c, c) of L(y)·f((y - (1 - w)·u) / w - shift) dy,
 * one-sided ones with the lower bound where z hardly ever is. Fast initial response: the same, step by step backwards from where
 * the limits have settled. */
#include "core/detect/arl_internal.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_NODES = 320, MOST_STEPS = 600 };

typedef struct equation {
    const rs_ewma_design_t *design;
    double shift, low, high;
    uint32_t nodes;
    double *lengths, *y, *weights;
} equation_t;

static double kernel(const equation_t *equation, double from, double to) {
    const double weight = equation->design->weight;
    return rs_normal_density((to - (1 - weight) * from) / weight - equation->shift) / weight;
}

static void set_bounds(equation_t *equation, double limit) {
    const double deviation = sqrt(equation->design->weight / (2 - equation->design->weight));
    const double far = (8 + fabs(equation->shift) / deviation) * deviation;
    equation->high = (equation->design->sides & RS_SIDE_UP) != 0 ? limit : far;
    equation->low = (equation->design->sides & RS_SIDE_DOWN) != 0 ? -limit : -far;
    rs__gauss_legendre(equation->nodes, equation->low, equation->high, equation->y, equation->weights);
}

static double expected(const equation_t *equation, double from) {
    double sum = 1;
    for (uint32_t i = 0; i < equation->nodes; i++) {
        sum += equation->weights[i] * equation->lengths[i] * kernel(equation, from, equation->y[i]);
    }
    return sum;
}

static bool solve_settled(equation_t *equation, double *matrix) {
    const uint32_t nodes = equation->nodes;
    set_bounds(equation, rs_ewma_limit(&(rs_ewma_design_t){.weight = equation->design->weight, .limit = equation->design->limit}, 1));
    for (uint32_t row = 0; row < nodes; row++) {
        double *line = &matrix[(size_t)row * nodes];
        for (uint32_t i = 0; i < nodes; i++) line[i] = -equation->weights[i] * kernel(equation, equation->y[row], equation->y[i]);
        line[row] += 1;
        equation->lengths[row] = 1;
    }
    return rs__solve(matrix, equation->lengths, nodes);
}

/* From the settled limits back to the first step; `spare` has room for nodes twice. */
static double go_back(equation_t *equation, double *spare) {
    const rs_ewma_design_t *design = equation->design;
    uint32_t steps = (uint32_t)ceil(log(1e-10) / (2 * log1p(-design->weight)));
    if (steps > MOST_STEPS) steps = MOST_STEPS;
    for (uint32_t step = steps; step > 0; step--) {
        /* lengths are those after step + 1, on that step's nodes; now those after `step`, on its nodes */
        double *lengths = spare, *y = spare + equation->nodes;
        const double limit = rs_ewma_limit(design, step);
        equation_t here = *equation;
        double weights[MOST_NODES];
        here.y = y;
        here.weights = weights;
        set_bounds(&here, limit);
        for (uint32_t i = 0; i < equation->nodes; i++) lengths[i] = expected(equation, y[i]);
        for (uint32_t i = 0; i < equation->nodes; i++) {
            equation->lengths[i] = lengths[i];
            equation->y[i] = y[i];
            equation->weights[i] = weights[i];
        }
    }
    return expected(equation, 0);
}

double rs_arl_ewma(const rs_ewma_design_t *design, double shift) {
    if (design->weight >= 1) return rs_arl_single(design->limit, design->sides, shift);
    const double deviation = sqrt(design->weight / (2 - design->weight)), far = 8 + fabs(shift) / deviation;
    const double wide = (design->sides == RS_SIDE_BOTH ? 2 * design->limit : design->limit + far) * deviation / design->weight;
    const double wanted = 24 + 3.5 * wide;   /* nodes per deviation of a step */
    equation_t equation = {.design = design, .shift = shift, .nodes = wanted > MOST_NODES ? MOST_NODES : (uint32_t)wanted};
    const size_t nodes = equation.nodes;
    double *memory = calloc(nodes * nodes + 5 * nodes, sizeof *memory);
    if (memory == NULL) return NAN;
    equation.lengths = memory + nodes * nodes;
    equation.y = equation.lengths + nodes;
    equation.weights = equation.y + nodes;
    double length = NAN;
    if (solve_settled(&equation, memory)) {
        length = design->head_start ? go_back(&equation, equation.weights + nodes) : expected(&equation, 0);
    }
    free(memory);
    return length;
}

double rs_arl_single(double limit, unsigned sides, double shift) {
    double beyond = 0;
    if ((sides & RS_SIDE_UP) != 0) beyond += rs_normal_above(limit - shift);
    if ((sides & RS_SIDE_DOWN) != 0) beyond += rs_normal_above(limit + shift);
    return 1 / beyond;
}

double rs_limit_single(unsigned sides, double arl) {
    if (!(arl >= RS_ARL_LEAST && arl <= RS_ARL_MOST)) return NAN;
    return rs_normal_quantile_above((sides == RS_SIDE_BOTH ? 0.5 : 1) / arl);
}

typedef struct question { double weight; unsigned sides; bool head_start; } question_t;

static double arl_of_limit(void *context, double limit) {
    const question_t *question = context;
    const rs_ewma_design_t design = {.weight = question->weight, .limit = limit, .sides = (uint8_t)question->sides,
                                     .head_start = question->head_start};
    return rs_arl_ewma(&design, 0);
}

double rs_limit_ewma(double weight, unsigned sides, bool head_start, double arl) {
    question_t question = {.weight = weight, .sides = sides, .head_start = head_start};
    if (!(arl >= RS_ARL_LEAST && arl <= RS_ARL_MOST) || !(weight > 0 && weight <= 1)) return NAN;
    return rs__least(arl_of_limit, &question, 0.01, rs_limit_single(sides, arl) + 0.5, arl);
}
