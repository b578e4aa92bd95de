/* The run lengths of the tables, through the whole core: a rule of a configuration, contacts as events, windows, the rule's figure when its
 * subgroup closes, the detector, the alert's life, and the transition to firing that people would be told of. Each queue of a core is one
 * run: from its first subgroup to the one at whose end its alert fires.
 *
 * What is judged is a mean speed of answer of one contact per subgroup, 100 s plus 10 s times a standard normal number (told in whole
 * microseconds), or the number of contacts of a subgroup. Two kinds of lines:
 *     the books'   the design of the table is put in the place of the one that the rule got by its budget of false alarms
 *     asked for    the rule is given the table's run length as its budget and must come to the table's limit, to 4 digits, and to
 *                  that run length
 * A mean must be the table's as far as chance allows (support/judging.h); so must the quantiles of Waldmann.
 * RS_RUNS: runs per line (1,000; 200 under a sanitizer). RS_SEED: the beginning of the random numbers. */
#include "core/alert/alert_internal.h"
#include "core/core_internal.h"
#include "core/detect/arl.h"
#include "draws.h"
#include "judging.h"

#include <inttypes.h>

enum { DEFAULT_RUNS = RS_SANITIZED ? 200 : 1000 };
enum { QUEUES = 100, SUBGROUP_S = 300, NAME = 32 };
static const int64_t start_us = INT64_C(1704067200) * RS_US_PER_S, subgroup_us = SUBGROUP_S * RS_US_PER_S;

typedef enum kind { CUSUM, EWMA, CHART, COUNTS } kind_t;
typedef struct line {
    const char *name;
    kind_t kind;
    double mean;               /* of the figures; of counts their mean, else in deviations */
    double published;
    double limit;              /* 0: the design is the books'; else the rule asks for `published` and this is the limit to come to */
    double width;              /* how far a printed limit is from the exact one at most */
    rs_cusum_design_t cusum;
    rs_ewma_design_t ewma;
    rs_chart_design_t chart;
} line_t;

/* One core and its runs. */
typedef struct bench {
    const line_t *line;
    rs_random_t *random;
    rs_config_t *config;
    rs_core_t *core;
    uint64_t seq;
    uint32_t lengths[QUEUES];  /* 0: runs on */
    uint32_t over;
} bench_t;

static void must(bool right, const char *what) {
    if (right) return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* --- a core with one rule ----------------------------------------------------------------------------------------------- */
static void on_alert(void *context, const rs_alert_transition_t *transition) {
    bench_t *bench = context;
    if (transition->to != RS_ALERT_FIRING) return;
    const unsigned long queue = strtoul(transition->dimensions.name.data + 1, NULL, 10);
    must(queue < QUEUES && (transition->at_us - start_us) % subgroup_us == 0, "an alert of no queue, or within a subgroup");
    if (bench->lengths[queue] != 0) return;
    bench->lengths[queue] = (uint32_t)((transition->at_us - start_us) / subgroup_us) - (bench->line->kind == COUNTS);
    bench->over++;
}

static rs_config_t *load(const line_t *line) {
    static const char *const kinds[] = {"cusum, shift: 1", "ewma", "shewhart", "cusum, shift: 1"};
    const bool counts = line->kind == COUNTS, one_side = counts || (line->kind == CUSUM && line->cusum.sides == RS_SIDE_UP);
    char text[512], parts[64] = "";
    if (line->kind == EWMA) snprintf(parts, sizeof parts, ", weight: %g, fast_start: false", line->ewma.weight);
    if (line->kind == CUSUM) snprintf(parts, sizeof parts, ", fast_start: %s", line->cusum.start_up > 0 ? "true" : "false");
    if (line->kind == CHART && line->chart.rules == RS_CHART_WESTERN_ELECTRIC)
        snprintf(parts, sizeof parts, ", run_rules: western_electric");
    snprintf(text, sizeof text, "windows: [5m]\nalerts:\n  false_alarms: 1/1d\n  rules:\n"
                                "    r: {detector: %s, metric: %s, window: 5m, key: \"q*\", compare: %s, %s%s}\n",
             kinds[line->kind], counts ? "offered" : "asa", one_side ? "above" : "both",
             counts ? "centre: 0.25" : "centre: 100s, sigma: 10000", parts);
    rs_config_t *config;
    rs_config_error_t error;
    char why[1024];
    if (rs_config_load_text(rs_str(text), "line", &config, &error) != RS_OK) {
        rs_config_error_format(&error, why, sizeof why);
        must(false, why);
    }
    /* For as many keys as there are: the next power of two. */
    if (line->limit > 0)
        config->rules[0].false_alarms = (double)RS_US_PER_DAY / (double)subgroup_us * rs_detect_keys(QUEUES) / line->published;
    return config;
}

static void begin(bench_t *bench) {
    bench->config = load(bench->line);
    const rs_core_options_t options = {.config = bench->config, .replay = true, .windows = true, .alerts = true,
                                       .interval = {.length_us = 15 * RS_US_PER_MIN},
                                       .start_us = start_us, .run = 1, .hash_seed = 1, .effects = {.context = bench, .on_alert = on_alert}};
    must(rs_core_create(&options, &bench->core) == RS_OK, "no core");
}

static void end(bench_t *bench) {
    rs_core_destroy(&bench->core);
    rs_config_destroy(&bench->config);
}

static rs_detect_rule_t *rule_of(bench_t *bench) { return &bench->core->alerts->rules[0].detect; }

static void put_design(bench_t *bench) {
    const line_t *line = bench->line;
    rs_detect_rule_t *rule = rule_of(bench);
    must(rule->solved && rule->keys == rs_detect_keys(QUEUES), "the rule has no limits for its keys");
    if (line->limit > 0) return;
    rule->cusum = line->cusum;
    rule->ewma = line->ewma;
    rule->chart = line->chart;
    rule->counts = line->kind == COUNTS;
}

/* --- contacts ------------------------------------------------------------------------------------------------------------- */
static void say(bench_t *bench, rs_event_type_t type, const char *contact, const char *queue, int64_t at_us) {
    const rs_event_t event = {.occurred_us = at_us, .seq = ++bench->seq, .present = RS_HAS_SEQ, .type = (uint8_t)type,
                              .source = RS_STR("acd"), .contact_id = rs_str(contact), .queue = rs_str(queue)};
    rs_core_apply_event(bench->core, &event, at_us, (rs_origin_t){.session = 1, .number = bench->seq});
}

/* Comes in the first second and is answered `wait_us` later. */
static void call(bench_t *bench, const char *queue, uint32_t subgroup, int number, int64_t wait_us) {
    const int64_t queued_us = start_us + subgroup * subgroup_us + RS_US_PER_S;
    char contact[2 * NAME];
    snprintf(contact, sizeof contact, "%s-%u-%d", queue, subgroup, number);
    say(bench, RS_CONTACT_QUEUED, contact, queue, queued_us);
    say(bench, RS_CONTACT_ANSWERED, contact, queue, queued_us + wait_us);
    say(bench, RS_CONTACT_ENDED, contact, queue, queued_us + wait_us);
}

static void feed(bench_t *bench, uint32_t queue, uint32_t subgroup) {
    const line_t *line = bench->line;
    char name[NAME];
    snprintf(name, sizeof name, "q%u", queue);
    if (line->kind != COUNTS) {
        const double x = rs_draw_normal(bench->random) + line->mean;
        call(bench, name, subgroup, 0, (int64_t)llround((100 + 10 * fmin(fmax(x, -9), 9)) * 1e6));
        return;
    }
    const int count = rs_draw_poisson(bench->random, line->mean);
    for (int i = 0; i < count; i++) call(bench, name, subgroup, i, 0);
}

/* A queue is known from its first contact on, so runs of counts have a subgroup before the first: one contact each,
 * which a sum with k 1 does not see. */
static uint32_t introduce(bench_t *bench) {
    char name[NAME];
    if (bench->line->kind != COUNTS) return 0;
    for (uint32_t queue = 0; queue < QUEUES; queue++) {
        snprintf(name, sizeof name, "q%u", queue);
        call(bench, name, 0, 0, 0);
    }
    put_design(bench);
    rule_of(bench)->cusum.k_up = 1;
    rule_of(bench)->cusum.h_up = 1e9;
    call(bench, "clock", 1, 0, 0);
    return 1;
}

static void run(bench_t *bench) {
    begin(bench);
    const uint32_t first = introduce(bench);
    for (uint32_t subgroup = first; bench->over < QUEUES; subgroup++) {
        call(bench, "clock", subgroup, 1, 0);   /* ends the subgroup before */
        for (uint32_t queue = 0; queue < QUEUES; queue++)
            if (bench->lengths[queue] == 0) feed(bench, queue, subgroup);
        if (subgroup == first) put_design(bench);
    }
}

/* --- judging -------------------------------------------------------------------------------------------------------------- */
static double limit_of(bench_t *bench) {
    const rs_detect_rule_t *rule = rule_of(bench);
    switch (bench->line->kind) {
        case CHART: return 3 * rule->chart.width;
        case EWMA: return rule->ewma.limit;
        default: return rule->cusum.h_up;
    }
}

/* The mean of what may remain of a run, at most (support/judging.h): of the sums that begin with a head start the mean without it. */
static double longest(const line_t *line) {
    rs_cusum_design_t slow = line->cusum;
    slow.start_up = slow.start_down = 0;
    if (line->kind == CUSUM) return rs_arl_cusum(&slow, line->mean);
    return line->kind == COUNTS ? rs_arl_count_cusum(&slow, line->mean, 4) : line->published;
}

static bool fits(const line_t *line, uint64_t runs, rs_random_t *random) {
    double sum = 0, limit = 0, count = 0;
    for (; count < (double)runs; count += QUEUES) {
        bench_t bench = {.line = line, .random = random};
        run(&bench);
        limit = limit_of(&bench);
        for (uint32_t queue = 0; queue < QUEUES; queue++) sum += bench.lengths[queue];
        end(&bench);
    }
    const double mean = sum / count;
    const bool exact = line->limit == 0 || fabs(limit - line->limit) <= line->width;
    const bool right = exact && rs_judge_mean(count, mean, line->published, line->published, longest(line));
    printf("%-28s published %7.2f  engine %7.2f of %-6.0f  limit %.4f%s  %s\n", line->name, line->published, mean, count, limit,
           line->limit > 0 ? " solved" : "", right ? "ok" : exact ? "beyond" : "ANOTHER LIMIT");
    fflush(stdout);
    return right;
}

static bool is_right(const line_t *line, uint64_t runs, rs_random_t *random) {
    for (int i = 0; i < RS_JUDGE_TIMES; i++)
        if (fits(line, runs << i, random)) return true;
    return false;
}

/* Waldmann: 95, 50 and 5 % of the runs of a one-sided CUSUM with k 0.5 and h 3 end by 345, 82 and 9. */
static bool quantiles_fit(uint64_t runs, rs_random_t *random) {
    static const struct { double share; uint32_t published; } table[] = {{0.95, 345}, {0.5, 82}, {0.05, 9}};
    const line_t line = {.kind = CUSUM, .cusum = rs_cusum_normal(0.5, 3, RS_SIDE_UP, false)};
    uint64_t before[RS_ARRAY_LEN(table)] = {0}, by[RS_ARRAY_LEN(table)] = {0};
    double count = 0;
    bool right = true;
    for (; count < (double)runs; count += QUEUES) {
        bench_t bench = {.line = &line, .random = random};
        run(&bench);
        for (uint32_t queue = 0; queue < QUEUES; queue++) {
            for (size_t t = 0; t < RS_ARRAY_LEN(table); t++) {
                before[t] += bench.lengths[queue] < table[t].published;
                by[t] += bench.lengths[queue] <= table[t].published;
            }
        }
        end(&bench);
    }
    for (size_t t = 0; t < RS_ARRAY_LEN(table); t++) {
        const double p = table[t].share, lower = (double)before[t] / count, upper = (double)by[t] / count;
        const bool is_near = (lower <= p || rs_judge_share(count, lower, p)) && (upper >= p || rs_judge_share(count, upper, p));
        printf("CUSUM h 3: %2.0f %% by %3u: engine %.2f to %.2f %% of %.0f  %s\n", 100 * p, table[t].published, 100 * lower, 100 * upper,
               count, is_near ? "ok" : "beyond");
        right = right && is_near;
    }
    return right;
}

static bool quantiles_are_right(uint64_t runs, rs_random_t *random) {
    for (int i = 0; i < RS_JUDGE_TIMES; i++)
        if (quantiles_fit(runs << i, random)) return true;
    return false;
}

static line_t chart(const char *name, uint32_t rules, double published) {
    return (line_t){.name = name, .kind = CHART, .published = published, .chart = rs_chart_design(rules)};
}
static line_t cusum(const char *name, double h, bool fast, double published) {
    return (line_t){.name = name, .kind = CUSUM, .published = published, .cusum = rs_cusum_normal(0.5, h, RS_SIDE_BOTH, fast)};
}
static line_t ewma(const char *name, double weight, double limit, double published) {
    return (line_t){.name = name, .kind = EWMA, .published = published, .ewma = {.weight = weight, .limit = limit, .sides = RS_SIDE_BOTH}};
}
static line_t counts(const char *name, double start, double published) {
    return (line_t){.name = name, .kind = COUNTS, .mean = 0.25, .published = published,
                    .cusum = {.k_up = .25, .h_up = 10, .start_up = start, .sides = RS_SIDE_UP, .reach = true}};
}
static line_t asked(line_t line, const char *name, double limit, double width) {
    line.name = name;
    line.limit = limit;
    line.width = width;
    return line;
}

int main(void) {
    const uint64_t runs = rs_test_number("RS_RUNS", DEFAULT_RUNS);
    rs_random_t random = {rs_random_seed()};
    int failures = 0;
    const line_t shewhart = chart("Shewhart", RS_CHART_BEYOND_3, 370.40),
                 two = chart("Shewhart + 2/3", RS_CHART_BEYOND_3 | RS_CHART_TWO_OF_THREE, 225.44);
    const line_t h4 = cusum("CUSUM h 4", 4, false, 167.68), h5 = cusum("CUSUM h 5", 5, false, 465.44),
                 h5_fast = cusum("CUSUM h 5, fast", 5, true, 430.39);
    const line_t slow = ewma("EWMA .20", .20, 2.962, 499.74);
    const line_t lines[] = {
        shewhart, two, chart("Western Electric", RS_CHART_WESTERN_ELECTRIC, 91.75), h4, h5,
        cusum("CUSUM h 4, fast", 4, true, 148.70), h5_fast,
        ewma("EWMA .40", .40, 3.054, 499.95), ewma("EWMA .25", .25, 2.998, 499.84), slow, ewma("EWMA .10", .10, 2.814, 499.58),
        ewma("EWMA .05", .05, 2.615, 499.93), counts("counts, Lucas 1985", 0, 438.12), counts("counts, Lucas 1985, fast", 5, 333.12),
        asked(shewhart, "asked for 370.40: Shewhart", 3, 0.00005), asked(h5, "asked for 465.44: CUSUM", 5, 0.0005),
        asked(h5_fast, "asked for 430.39: CUSUM, fast", 5, 0.0005), asked(slow, "asked for 499.74: EWMA .20", 2.962, 0.0005)};
    for (size_t i = 0; i < RS_ARRAY_LEN(lines); i++) failures += !is_right(&lines[i], runs, &random);
    failures += !quantiles_are_right(runs, &random);
    printf("%d of %zu lines are wrong\n", failures, RS_ARRAY_LEN(lines) + 1);
    return failures == 0 ? 0 : 1;
}
