/* The detectors themselves, fed with simulated figures, have the mean run lengths of the tables and the quantiles of Waldmann, as far as
 * chance allows (support/judging.h). The solver's figure for the same design stands beside it and must be in the same range.
 * engine_run_lengths.c asks the same of the whole core. Two lines are wrong on purpose and must be found.
 * RS_SEEDS: runs per line (20,000; a twentieth under a sanitizer), 400 at least, ten times as many of short ones.
 * RS_SEED: the beginning of the random numbers. */
#include "core/detect/arl.h"
#include "core/detect/normal.h"
#include "draws.h"
#include "judging.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_RUNS = RS_SANITIZED ? 1000 : 20000, LEAST_RUNS = 400 };

typedef enum kind { CUSUM, EWMA, CHART, COUNT_CUSUM, COUNT_EWMA } kind_t;
typedef struct line {
    const char *name;
    kind_t kind;
    double shift;              /* of counts: the mean */
    double published;          /* 0: only the solver's */
    double width;              /* of the published figure's own error, when it was simulated */
    rs_cusum_design_t cusum;
    rs_ewma_design_t ewma;
    rs_chart_design_t chart;
} line_t;

static uint32_t one_run(const line_t *line, rs_random_t *random) {
    rs_cusum_t sums;
    rs_ewma_t average = {0};
    rs_chart_t chart = {0};
    rs_cusum_begin(&line->cusum, &sums);
    for (uint32_t length = 1;; length++) {
        uint32_t signalled = 0;
        switch (line->kind) {
            case CUSUM: signalled = rs_cusum_step(&line->cusum, &sums, rs_draw_normal(random) + line->shift); break;
            case EWMA: signalled = rs_ewma_step(&line->ewma, &average, rs_draw_normal(random) + line->shift); break;
            case CHART: signalled = rs_chart_step(&line->chart, &chart, rs_draw_normal(random) + line->shift); break;
            case COUNT_CUSUM: signalled = rs_cusum_step(&line->cusum, &sums, rs_draw_poisson(random, line->shift)); break;
            case COUNT_EWMA:
                signalled = rs_ewma_step(&line->ewma, &average, (rs_draw_poisson(random, line->shift) - line->shift) / sqrt(line->shift));
                break;
        }
        if (signalled != 0) return length;
    }
}

static double solved(const line_t *line) {
    switch (line->kind) {
        case CUSUM: return rs_arl_cusum(&line->cusum, line->shift);
        case EWMA: return rs_arl_ewma(&line->ewma, line->shift);
        case CHART: return rs_arl_chart(&line->chart, line->shift);
        case COUNT_CUSUM: return rs_arl_count_cusum(&line->cusum, line->shift, 4);
        case COUNT_EWMA: break;
    }
    return NAN;
}

/* The mean of what may remain of a run, at most (support/judging.h). An average of figures that have moved may stand on the far side: from
 * the limit there it has less than twice as long a way as from the centre. */
static double longest(const line_t *line) {
    line_t slow = *line;
    slow.cusum.start_up = slow.cusum.start_down = 0;
    slow.ewma.head_start = false;
    const double exact = solved(&slow);
    return line->kind == EWMA && line->shift != 0 ? 2 * exact : exact;
}

static bool fits(const line_t *line, uint64_t runs, rs_random_t *random) {
    double sum = 0;
    for (uint64_t i = 0; i < runs; i++) sum += one_run(line, random);
    const double mean = sum / (double)runs, most = longest(line), exact = solved(line);
    const double target = line->published > 0 ? line->published : exact;
    /* The solver adds the rates of rules that remember more than zones: up to 6 % on the safe side. */
    const bool adds_rates = line->kind == CHART && (line->chart.rules & ~(uint32_t)RS_CHART_WESTERN_ELECTRIC) != 0;
    const double about = adds_rates ? 0.06 * exact : 0;
    const bool near = rs_judge_mean((double)runs, mean, target - line->width, target + line->width, most);
    const bool near_exact = isnan(exact) || rs_judge_mean((double)runs, mean, exact - about, exact + about, most);
    const bool right = near && near_exact;
    printf("%-28s published %9.2f  solver %9.2f  detector %9.2f of %-8" PRIu64 " %s\n", line->name, line->published, exact, mean, runs,
           right ? "ok" : "beyond");
    return right;
}

/* Of short runs ten times as many, which cost less: they vary less than the bound for all kinds allows. */
static bool is_right(const line_t *line, uint64_t wanted, rs_random_t *random) {
    enum { SHORT = 50, MORE = 10 };
    const uint64_t runs = line->published > 0 && line->published < SHORT ? MORE * wanted : wanted;
    for (int i = 0; i < RS_JUDGE_TIMES; i++)
        if (fits(line, runs << i, random)) return true;
    return false;
}

/* Waldmann: 95, 50 and 5 % of the runs of a one-sided CUSUM with k 0.5 and h 3 end by 345, 82 and 9, give or take one: whole numbers. */
static bool quantiles_fit(uint64_t runs, rs_random_t *random) {
    static const struct { double share; uint32_t published; } table[] = {{0.95, 345}, {0.5, 82}, {0.05, 9}};
    const line_t line = {.kind = CUSUM, .cusum = rs_cusum_normal(0.5, 3, RS_SIDE_UP, false)};
    uint64_t before[RS_ARRAY_LEN(table)] = {0}, by[RS_ARRAY_LEN(table)] = {0};
    bool right = true;
    for (uint64_t i = 0; i < runs; i++) {
        const uint32_t length = one_run(&line, random);
        for (size_t t = 0; t < RS_ARRAY_LEN(table); t++) {
            before[t] += length < table[t].published - 1;
            by[t] += length <= table[t].published + 1;
        }
    }
    for (size_t t = 0; t < RS_ARRAY_LEN(table); t++) {
        const double count = (double)runs, p = table[t].share, lower = (double)before[t] / count, upper = (double)by[t] / count;
        const bool is_near = (lower <= p || rs_judge_share(count, lower, p)) && (upper >= p || rs_judge_share(count, upper, p));
        printf("%2.0f %% by %3u: %.2f to %.2f %% of %" PRIu64 "  %s\n", 100 * p, table[t].published, 100 * lower, 100 * upper, runs,
               is_near ? "ok" : "beyond");
        right = right && is_near;
    }
    return right;
}

static bool quantiles_are_right(uint64_t runs, rs_random_t *random) {
    for (int i = 0; i < RS_JUDGE_TIMES; i++)
        if (quantiles_fit(runs << i, random)) return true;
    return false;
}

static line_t cusum(const char *name, double h, bool fir, double shift, double published) {
    return (line_t){.name = name, .kind = CUSUM, .shift = shift, .published = published,
                    .cusum = rs_cusum_normal(0.5, h, RS_SIDE_BOTH, fir)};
}
static line_t ewma(const char *name, double weight, double limit, double shift, double published) {
    return (line_t){.name = name, .kind = EWMA, .shift = shift, .published = published,
                    .ewma = {.weight = weight, .limit = limit, .sides = RS_SIDE_BOTH}};
}
static line_t chart(const char *name, uint32_t rules, double shift, double published, double width) {
    return (line_t){.name = name, .kind = CHART, .shift = shift, .published = published, .width = width, .chart = rs_chart_design(rules)};
}
static line_t count(const char *name, double start, double published) {
    return (line_t){.name = name, .kind = COUNT_CUSUM, .shift = .25, .published = published,
                    .cusum = {.k_up = .25, .h_up = 10, .start_up = start, .sides = RS_SIDE_UP, .reach = true}};
}

/* What the solver is asked for is what the detector does. */
static line_t stretched(const char *name, uint32_t rules, double arl) {
    line_t line = chart(name, rules, 0, arl, 0);
    if (!rs_limit_chart(&line.chart, arl)) exit(1);
    if ((rules & ~(uint32_t)RS_CHART_WESTERN_ELECTRIC) != 0) line.width = 0.06 * arl;
    return line;
}
static line_t limited_ewma(const char *name, double weight, bool fir, double arl) {
    line_t line = ewma(name, weight, rs_limit_ewma(weight, RS_SIDE_BOTH, fir, arl), 0, arl);
    line.ewma.head_start = fir;
    return line;
}
static line_t limited_count(const char *name, double mean, double bad, double arl) {
    double k = rs_cusum_count_k(mean, bad);
    const unsigned side = bad > mean ? RS_SIDE_UP : RS_SIDE_DOWN;
    const double h = rs_limit_count_cusum(mean, &k, side, 4, false, arl);
    return (line_t){.name = name, .kind = COUNT_CUSUM, .shift = mean,
                    .cusum = {.k_up = k, .k_down = k, .h_up = h, .h_down = h, .sides = (uint8_t)side, .reach = true}};
}

int main(void) {
    const uint64_t wanted = rs_test_number("RS_SEEDS", DEFAULT_RUNS), runs = wanted < LEAST_RUNS ? LEAST_RUNS : wanted;
    rs_random_t random = {rs_random_seed()};
    const line_t lines[] = {
        chart("Shewhart", RS_CHART_BEYOND_3, 0, 370.40, 0), chart("Shewhart + 2/3", 3, 0, 225.44, 0),
        chart("Shewhart + 2/3, 1 sigma", 3, 1, 20.01, 0), chart("Western Electric", RS_CHART_WESTERN_ELECTRIC, 0, 91.75, 0),
        chart("Western Electric, 1 sigma", RS_CHART_WESTERN_ELECTRIC, 1, 9.22, 0),
        chart("Nelson", RS_CHART_NELSON, 0, 73.5, 0.2), chart("Nelson, 1 sigma", RS_CHART_NELSON, 1, 9.62, 0.05),
        chart("trend of 6", RS_CHART_TREND, 0, 422.3, 2.6), chart("14 in turn", RS_CHART_ALTERNATING, 0, 600.9, 4.7),
        cusum("CUSUM h 4", 4, false, 0, 167.68), cusum("CUSUM h 5", 5, false, 0, 465.44), cusum("CUSUM h 4, fast", 4, true, 0, 148.70),
        cusum("CUSUM h 5, fast", 5, true, 0, 430.39), cusum("CUSUM h 5, 1 sigma", 5, false, 1, 10.38),
        cusum("CUSUM h 5, fast, 1 sigma", 5, true, 1, 6.35), cusum("CUSUM h 4, 2 sigma", 4, false, -2, 3.34),
        ewma("EWMA .40", .40, 3.054, 0, 499.95), ewma("EWMA .25", .25, 2.998, 0, 499.84), ewma("EWMA .20", .20, 2.962, 0, 499.74),
        ewma("EWMA .10", .10, 2.814, 0, 499.58), ewma("EWMA .05", .05, 2.615, 0, 499.93), ewma("EWMA .10, 1 sigma", .10, 2.814, 1, 10.33),
        ewma("EWMA .25, 1/2 sigma", .25, 2.998, .5, 48.29),
        count("counts, Lucas 1985", 0, 438.12), count("counts, Lucas 1985, fast", 5, 333.12),
        stretched("Western Electric for 1000", RS_CHART_WESTERN_ELECTRIC, 1000), stretched("Nelson for 1000", RS_CHART_NELSON, 1000),
        limited_ewma("EWMA .10 fast for 300", .10, true, 300), limited_count("counts 4 to 6 for 500", 4, 6, 500),
        limited_count("counts 4 to 2 for 500", 4, 2, 500)};
    const line_t wrong[] = {
        cusum("wrong: h 4 for 5", 4, false, 0, 465.44), chart("wrong: a rule is missing", 3, 0, 91.75, 0)};
    int failures = 0, found = 0;
    for (size_t i = 0; i < RS_ARRAY_LEN(lines); i++) failures += !is_right(&lines[i], runs, &random);
    failures += !quantiles_are_right(runs, &random);
    for (size_t i = 0; i < RS_ARRAY_LEN(wrong); i++) found += !is_right(&wrong[i], LEAST_RUNS, &random);
    if (failures > 0) printf("%d of %zu lines are wrong\n", failures, RS_ARRAY_LEN(lines) + 1);
    if (found < (int)RS_ARRAY_LEN(wrong)) printf("of what is wrong on purpose only %d were found\n", found);
    return failures == 0 && found == (int)RS_ARRAY_LEN(wrong) ? 0 : 1;
}
