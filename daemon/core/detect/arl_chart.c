/* Run lengths of Shewhart charts with run rules. What the zone rules remember is finite: the states are found by sending one figure of
 * each zone through rs_chart_step itself, and the chances between them are those of the zones. */
#include "core/detect/arl_internal.h"

#include <math.h>
#include <stdlib.h>

enum { ZONES = 8, MOST_STATES = 1600, CHAIN_RULES = RS_CHART_WESTERN_ELECTRIC, CODE_BITS = 20, MOST_RUN = 60, MOST_WITHIN = 2000 };

typedef struct chain {
    rs_chart_design_t design;
    rs_chart_t states[MOST_STATES];
    uint16_t next[MOST_STATES][ZONES];      /* MOST_STATES: a signal */
    uint32_t count;
    uint16_t places[1u << CODE_BITS];       /* of a state by its code, + 1 */
} chain_t;

/* Only what the chain's rules look at, so that equal states are equal bytes. */
static rs_chart_t essence(const rs_chart_design_t *design, const rs_chart_t *chart) {
    const bool up = (design->sides & RS_SIDE_UP) != 0, down = (design->sides & RS_SIDE_DOWN) != 0;
    rs_chart_t kept;
    memset(&kept, 0, sizeof kept);
    if ((design->rules & RS_CHART_TWO_OF_THREE) != 0) {
        kept.above_two = up ? chart->above_two : 0;
        kept.below_two = down ? chart->below_two : 0;
    }
    if ((design->rules & RS_CHART_FOUR_OF_FIVE) != 0) {
        kept.above_one = up ? chart->above_one : 0;
        kept.below_one = down ? chart->below_one : 0;
    }
    if ((design->rules & RS_CHART_SIDE) != 0) {
        kept.side = chart->side;
        kept.side_count = chart->side_count;
        const bool watched = (chart->side > 0 && up) || (chart->side < 0 && down);
        if (!watched) kept.side_count = 0;
    }
    return kept;
}

/* 12 bits of points, 2 of the side, 6 of its run: at most MOST_RUN long. */
static uint32_t code_of(const rs_chart_t *chart) {
    const uint32_t points = (uint32_t)chart->above_two | (uint32_t)chart->above_one << 2 | (uint32_t)chart->below_two << 6 |
                            (uint32_t)chart->below_one << 8;
    return points | (uint32_t)(chart->side + 1) << 12 | (uint32_t)(chart->side_count & 63) << 14;
}

static uint32_t state_of(chain_t *chain, const rs_chart_t *chart) {
    uint16_t *place = &chain->places[code_of(chart)];
    if (*place > 0) return *place - 1u;
    if (chain->count == MOST_STATES) return MOST_STATES + 1;
    chain->states[chain->count++] = *chart;
    *place = (uint16_t)chain->count;
    return chain->count - 1;
}

/* False: too many states. */
static bool explore(chain_t *chain) {
    static const double middles[ZONES] = {-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5};
    const rs_chart_t nothing = {0};
    chain->count = 0;
    (void)state_of(chain, &nothing);
    for (uint32_t i = 0; i < chain->count; i++) {
        for (uint32_t zone = 0; zone < ZONES; zone++) {
            rs_chart_t chart = chain->states[i];
            const uint32_t signalled = rs_chart_step(&chain->design, &chart, middles[zone] * chain->design.width);
            const rs_chart_t kept = essence(&chain->design, &chart);
            const uint32_t to = signalled != 0 ? MOST_STATES : state_of(chain, &kept);
            if (to > MOST_STATES) return false;
            chain->next[i][zone] = (uint16_t)to;
        }
    }
    return true;
}

static void zone_chances(double width, double shift, double chances[ZONES]) {
    for (int zone = 0; zone < ZONES; zone++) {
        const double from = zone == 0 ? -INFINITY : (zone - 4) * width - shift;
        const double to = zone == ZONES - 1 ? INFINITY : (zone - 3) * width - shift;
        chances[zone] = from > 0 ? rs_normal_above(from) - rs_normal_above(to) : rs_normal_below(to) - rs_normal_below(from);
    }
}

/* The chance to go on, step by step: it settles soon, since the memory is short, and what comes then is a geometric series. The
 * share that signals is summed by itself, so that a rare signal loses no digits. */
static double solve_chain(const chain_t *chain, double shift) {
    enum { MOST_STEPS = 20000, SETTLED = 20 };
    double chances[ZONES], *now = calloc(2 * (size_t)chain->count, sizeof *now);
    if (now == NULL) return NAN;
    double *next = now + chain->count, *memory = now, length = 0, going_on = 1, last_share = 0;
    uint32_t settled = 0;
    zone_chances(chain->design.width, shift, chances);
    now[0] = 1;
    for (uint32_t step = 0; step < MOST_STEPS && settled < SETTLED && going_on > 1e-18; step++) {
        double signalled = 0, stayed = 0;
        memset(next, 0, chain->count * sizeof *next);
        for (uint32_t i = 0; i < chain->count; i++) {
            if (now[i] == 0) continue;
            for (uint32_t zone = 0; zone < ZONES; zone++) {
                const uint32_t to = chain->next[i][zone];
                if (to == MOST_STATES) signalled += now[i] * chances[zone];
                else next[to] += now[i] * chances[zone];
            }
        }
        /* `now` is kept at a sum of 1 so that it does not fade. */
        length += going_on;
        for (uint32_t i = 0; i < chain->count; i++) stayed += next[i];
        signalled /= signalled + stayed;
        settled = signalled > 0 && fabs(signalled - last_share) <= 1e-10 * signalled ? settled + 1 : 0;
        last_share = signalled;
        going_on *= 1 - signalled;
        for (uint32_t i = 0; i < chain->count; i++) next[i] /= stayed > 0 ? stayed : 1;
        double *kept = now;
        now = next;
        next = kept;
    }
    free(memory);
    if (going_on <= 1e-18) return length;
    return settled < SETTLED ? NAN : length + going_on / last_share;
}

/* --- rules that remember more than zones ---------------------------------------------------------------------------- */
/* Mean time to `run` in a row of something with chance p. */
static double run_length(double p, uint32_t run) { return p >= 1 ? run : (pow(p, -(double)run) - 1) / (1 - p); }

static double factorial(uint32_t n) { return exp(lgamma_r(n + 1.0, &(int){0})); }

/* E_n / n!, E_n being the number of alternating permutations (André 1879): the recursion of Seidel. */
static double alternating_share(uint32_t n) {
    double row[MOST_RUN + 2] = {1}, next[MOST_RUN + 2] = {0};
    for (uint32_t i = 1; i <= n; i++) {
        next[0] = 0;
        for (uint32_t k = 1; k <= i; k++) next[k] = next[k - 1] + row[i - k];
        for (uint32_t k = 0; k <= i; k++) row[k] = next[k];
    }
    return row[n] / factorial(n);
}

/* Independent figures of any distribution: how often such a run is completed. */
static double trend_rate(uint32_t run) { return 2.0 * (1 / factorial(run) - 1 / factorial(run + 1)); }
static double alternating_rate(uint32_t run) { return 2 * (alternating_share(run) - alternating_share(run + 1)); }

static double other_rates(const rs_chart_design_t *design, double shift) {
    const double within = rs_normal_below(design->width - shift) - rs_normal_below(-design->width - shift);
    double rate = 0;
    if ((design->rules & RS_CHART_TREND) != 0) rate += trend_rate(design->trend_run);
    if ((design->rules & RS_CHART_ALTERNATING) != 0) rate += alternating_rate(design->alternating_run);
    if ((design->rules & RS_CHART_WITHIN) != 0) rate += 1 / run_length(within, design->within_run);
    if ((design->rules & RS_CHART_OUTSIDE) != 0) rate += 1 / run_length(1 - within, design->outside_run);
    return rate;
}

static double arl_with(chain_t *chain, double shift) {
    const double rest = other_rates(&chain->design, shift);
    const rs_chart_design_t design = chain->design;
    chain->design.rules &= CHAIN_RULES;
    const double length = chain->design.rules == 0 ? INFINITY : solve_chain(chain, shift);
    chain->design = design;
    return 1 / (1 / length + rest);
}

static chain_t *make_chain(const rs_chart_design_t *design) {
    chain_t *chain = calloc(1, sizeof *chain);
    if (chain == NULL) return NULL;
    chain->design = *design;
    chain->design.rules &= CHAIN_RULES;
    const bool explored = explore(chain);
    chain->design = *design;
    if (explored) return chain;
    free(chain);
    return NULL;
}

double rs_arl_chart(const rs_chart_design_t *design, double shift) {
    chain_t *chain = make_chain(design);
    if (chain == NULL) return NAN;
    const double length = arl_with(chain, shift);
    free(chain);
    return length;
}

/* --- limits --------------------------------------------------------------------------------------------------------- */
/* The zones' width changes chances only; which state follows which stays. */
static double arl_of_width(void *context, double width) {
    chain_t *chain = context;
    chain->design.width = width;
    return arl_with(chain, 0);
}

static bool lengthen(uint16_t *run, double (*rate)(uint32_t), double arl, uint32_t most) {
    while (1 / rate(*run) < 8 * arl) {
        if (*run >= most) return false;
        (*run)++;
    }
    return true;
}

static double side_rate(uint32_t run) { return 1 / (run_length(0.5, run) / 2); }
/* Wider zones make it more frequent to be within: there is room for zones as wide as this. */
static const double widest_within = 2.5;
static double within_rate(uint32_t run) {
    return 1 / run_length(rs_normal_below(widest_within) - rs_normal_below(-widest_within), run);
}

bool rs_limit_chart(rs_chart_design_t *design, double arl) {
    if (!(arl >= RS_ARL_LEAST && arl <= RS_ARL_MOST)) return false;
    rs_chart_design_t stretched = *design;
    if (design->side_run > MOST_RUN) return false;
    if ((design->rules & RS_CHART_SIDE) != 0 && !lengthen(&stretched.side_run, side_rate, arl, MOST_RUN)) return false;
    if ((design->rules & RS_CHART_TREND) != 0 && !lengthen(&stretched.trend_run, trend_rate, arl, MOST_RUN)) return false;
    if ((design->rules & RS_CHART_ALTERNATING) != 0 && !lengthen(&stretched.alternating_run, alternating_rate, arl, MOST_RUN)) return false;
    if ((design->rules & RS_CHART_WITHIN) != 0 && !lengthen(&stretched.within_run, within_rate, arl, MOST_WITHIN)) return false;
    chain_t *chain = make_chain(&stretched);
    if (chain == NULL) return false;
    const bool has_within = (design->rules & RS_CHART_WITHIN) != 0;
    const double widest = has_within ? widest_within : (rs_limit_single(RS_SIDE_BOTH, arl) + 2) / 1.5;
    const double width = rs__least(arl_of_width, chain, 0.3, widest, arl);
    const bool reached = arl_of_width(chain, width) >= arl * 0.9999;
    free(chain);
    if (!reached) return false;
    stretched.width = width;
    *design = stretched;
    return true;
}
