/* `ringside rules explain FILE`: what the alert rules of a configuration will do: the limits that were solved for the budget of false
 * alarms, how many of these to expect, and how soon a shift will be seen. */
#include "cli/cli.h"
#include "core/alert/alert.h"
#include "core/detect/feed.h"
#include "core/detect/rates.h"

#include <argp.h>
#include <math.h>
#include <stdlib.h>

typedef struct rules_options {
    const char *verb, *file;
    uint32_t keys;              /* 0: as many as the file names queues that match */
} rules_options_t;

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    rules_options_t *options = state->input;
    char *end = NULL;
    switch (key) {
        case 'k': {
            const unsigned long keys = strtoul(argument, &end, 10);
            if (*end != '\0' || keys < 1 || keys > 1000000) argp_error(state, "--keys: a whole number from 1 to 1000000");
            options->keys = (uint32_t)keys;
            return 0;
        }
        case ARGP_KEY_ARG:
            if (options->verb == NULL) options->verb = argument;
            else if (options->file == NULL) options->file = argument;
            else argp_error(state, "more than one file");
            return 0;
        case ARGP_KEY_END:
            if (options->verb == NULL || strcmp(options->verb, "explain") != 0) {
                argp_error(state, "what to do? `ringside rules explain FILE`");
            }
            if (options->file == NULL) argp_error(state, "no file named");
            return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

/* How many keys a rule will watch, as far as the file tells. */
static uint32_t keys_of(const rs_config_t *config, const rs_rule_config_t *rule, uint32_t given) {
    uint32_t matches = 0;
    if (rule->family != 0) return 1;
    if (given > 0) return given;
    for (uint32_t i = 0; i < config->queue_count; i++) {
        const rs_queue_config_t *queue = &config->queues[i];
        const bool its_tenant = rule->tenant.len == 0 || queue->tenant.len == 0 || rs_str_equal(rule->tenant, queue->tenant);
        const bool its_channel = rule->channel == 0 || queue->channel == 0 || rule->channel == queue->channel;
        matches += its_tenant && its_channel && rs_alert_glob(rule->key, queue->name);
    }
    return matches == 0 ? 1 : matches;
}

/* --- what a detector's limits are ----------------------------------------------------------------------------------- */
static const char *side_text(const rs_detect_rule_t *rule) {
    return rule->sides == RS_SIDE_UP ? "above" : rule->sides == RS_SIDE_DOWN ? "below" : "either side";
}

static void print_counts(const rs_cusum_design_t *design) {
    if ((design->sides & RS_SIDE_UP) != 0) {
        printf(" sum of (count - %g) reaches %g%s", design->k_up, design->h_up, design->sides == RS_SIDE_BOTH ? ", or" : "");
    }
    if ((design->sides & RS_SIDE_DOWN) != 0) printf(" sum of (%g - count) reaches %g", design->k_down, design->h_down);
}

static void print_chart(const rs_chart_design_t *design) {
    printf(" one beyond %.4g sigma", 3 * design->width);
    if ((design->rules & RS_CHART_TWO_OF_THREE) != 0) printf(", 2 of 3 beyond %.4g", 2 * design->width);
    if ((design->rules & RS_CHART_FOUR_OF_FIVE) != 0) printf(", 4 of 5 beyond %.4g", design->width);
    if ((design->rules & RS_CHART_SIDE) != 0) printf(", %u on one side", design->side_run);
    if ((design->rules & RS_CHART_TREND) != 0) printf(", %u rising or falling", design->trend_run);
    if ((design->rules & RS_CHART_ALTERNATING) != 0) printf(", %u up and down", design->alternating_run);
    if ((design->rules & RS_CHART_WITHIN) != 0) printf(", %u within %.4g", design->within_run, design->width);
    if ((design->rules & RS_CHART_OUTSIDE) != 0) printf(", %u beyond %.4g on any side", design->outside_run, design->width);
}

static void print_limit(const rs_detect_rule_t *rule) {
    const rs_cusum_design_t *cusum = &rule->cusum;
    printf("    fires when, %s:", side_text(rule));
    switch (rule->detector) {
        case RS_DETECTOR_CUSUM:
            if (rule->counts) print_counts(cusum);
            else printf(" sum of (deviation - %.4g sigma) passes %.4g sigma", cusum->k_up, cusum->h_up);
            break;
        case RS_DETECTOR_EWMA:
            printf(" average of weight %.4g passes %.4g of its sigmas (%.4g of the figure's)", rule->ewma.weight, rule->ewma.limit,
                   rs_ewma_limit(&rule->ewma, UINT32_MAX));
            break;
        case RS_DETECTOR_SHEWHART: print_chart(&rule->chart); break;
        case RS_DETECTOR_SEASONAL: printf(" as far from the usual at this time of the week as one in %.4g is by chance", rule->arl); break;
        case RS_DETECTOR_RATE_OF_CHANGE:
            printf(" change by more than %.4g times, and by more than chance: %.4g sigma", rule->config->limit, rule->single);
            break;
        default: printf(" beyond %.4g sigma", rule->single); break;
    }
    printf("\n");
}

static void print_time(const rs_detect_rule_t *rule, double subgroups) {
    const double length = fmin(subgroups, 1e9) * (double)rule->every_us / (double)RS_US_PER_MIN;
    const int64_t minutes = (int64_t)(length + 0.5);
    const double ten_years = 10 * 366 * 1440.0;
    if (!((double)minutes < ten_years)) printf("more than ten years: practically never");
    else if (minutes < 120) printf("%.3g subgroups (%lld min)", subgroups, (long long)minutes);
    else if (minutes < 2 * 24 * 60) printf("%.3g subgroups (%.1f h)", subgroups, (double)minutes / 60);
    else printf("%.3g subgroups (%.1f days)", subgroups, (double)minutes / 1440);
}

/* --- rules ---------------------------------------------------------------------------------------------------------- */
/* Of those that learn: from when on. */
static void print_learning(const rs_detect_rule_t *rule) {
    const char *how = rule->per_day > 0 ? "once it has three weeks of a time of the week" : "once it has 24 subgroups";
    if (rs_detect_has_history(rule)) {
        printf("    learns what is usual, and speaks %s; a database has them at the first start (up to six weeks)\n", how);
    } else if (rule->per_day > 0 || rule->config->baseline != RS_BASELINE_FIXED) {
        printf("    learns what is usual, and speaks %s; no history is kept of it\n", how);
    }
}

/* Returns the false alarms per day to expect. */
static double explain_solved(const rs_detect_rule_t *rule, uint32_t keys) {
    const double per_day = (double)RS_US_PER_DAY / (double)rule->every_us;
    if (rule->detector == RS_DETECTOR_NO_DATA) {
        printf("    fires when the usual number of events since the last one passes %.4g, more where there are many calls\n"
               "    false alarms: at most %.4g a day (over all keys)\n", RS_SILENCE_EXPECTED, rule->budget);
        print_learning(rule);
        return rule->budget;
    }
    const double alone = per_day * keys / rs_detect_seen_after(rule, 0);
    print_limit(rule);
    print_learning(rule);
    printf("    false alarms: %.4g a day over %u keys, %.4g allowed (limits are for %u keys)\n", alone, keys, rule->budget, rule->keys);
    for (int shift = 1; shift <= 2; shift++) {
        printf("    a shift of %d sigma is seen after ", shift);
        print_time(rule, rs_detect_seen_after(rule, shift));
        printf("%s\n", rule->detector == RS_DETECTOR_RATE_OF_CHANGE ? ", or not: only from one subgroup to the next" : "");
    }
    return alone;
}

static bool takes_limit(uint8_t detector) {
    return detector == RS_DETECTOR_THRESHOLD || detector == RS_DETECTOR_PREDICTED_BREACH || detector >= RS_DETECTOR_SOURCE_SILENCE;
}

static void explain_other(const rs_config_t *config, const rs_detect_rule_t *rule) {
    rs_metric_t metric = RS_METRIC_OFFERED;
    (void)!rs_metric_find(rule->config->metric, &metric);
    char window[RS_DURATION_TEXT], period[RS_DURATION_TEXT];
    if (rule->detector == RS_DETECTOR_BURN_RATE) {
        rs_config_format_duration(rs_config_burn_short_us(config, rule->config), window);
        rs_config_format_duration(rule->config->period_us, period);
        printf("    fires when %.*s and %s both burn %.4g times as fast as a target of %.4g allows (at most %.4g is possible):\n"
               "    %.4g of the %s's budget is gone within %.*s\n",
               (int)rule->config->window.len, rule->config->window.data, window, rule->burn, rule->target, 1 / (1 - rule->target),
               rule->config->budget, period, (int)rule->config->window.len, rule->config->window.data);
    }
    if (takes_limit(rule->detector)) {
        const bool time = rule->detector == RS_DETECTOR_SOURCE_SILENCE ||
                          (rule->detector != RS_DETECTOR_SOURCE_GAP && rs_metric_is_time(metric));
        printf("    fires when it is %s %.6g%s\n", rule->config->compare == RS_ALERT_BELOW ? "below" : "above", rule->config->limit,
               time ? " ms" : "");
    }
    printf("    false alarms: not to be foretold, they depend on the queue\n");
}

static int explain(const rs_config_t *config, const rules_options_t *options) {
    double expected = 0, allowed = 0;
    for (uint32_t i = 0; i < config->rule_count; i++) {
        const rs_rule_config_t *from = &config->rules[i];
        const uint32_t keys = keys_of(config, from, options->keys);
        char every[RS_DURATION_TEXT];
        rs_detect_rule_t rule;
        if (rs_detect_compile(config, from, &rule) != RS_OK || !rs_detect_solve(&rule, keys)) {
            return rs_cli_fail("alerts.rules.%s: its limits cannot be solved", from->name.data);
        }
        rs_config_format_duration(rs_config_subgroup_us(from), every);
        printf("%s: %s%s%s%s%s\n", from->name.data, rs_config_detector_name(from->detector), from->metric.len > 0 ? " on " : "",
               from->metric.data, rule.every_us > 0 ? ", every " : "", rule.every_us > 0 ? every : "");
        if (!rs_config_is_solved(from)) {
            explain_other(config, &rule);
            continue;
        }
        expected += explain_solved(&rule, keys);
        allowed += rule.budget;
    }
    printf("all rules: %.4g false alarms a day expected, %.4g allowed (alerts.false_alarms)%s\n", expected, config->false_alarms,
           allowed == 0 ? "; no rule's limits are solved" : "");
    return 0;
}

int rs_cli_rules(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"keys", 'k', "N", 0, "queues that each rule will watch; else those that the file names", 0}, {0}};
    static const struct argp parser = {options, parse_option, "explain FILE",
                                       "Explains the alert rules of a configuration file: their limits, how "
                                       "many false alarms to expect, and how soon a shift of 1 and 2 sigma is seen.", NULL, NULL, NULL};
    rules_options_t chosen = {0};
    argp_err_exit_status = 2;
    argv[0] = "ringside rules";
    argp_parse(&parser, argc, argv, 0, NULL, &chosen);
    rs_config_t *config;
    rs_config_error_t error;
    const int status = rs_config_load(chosen.file, NULL, 0, &config, &error);
    if (status != RS_OK) {
        char text[1024];
        rs_config_error_format(&error, text, sizeof text);
        return rs_cli_fail("%s", status == RS_ERR_MEMORY ? rs_status_text(status) : text);
    }
    const int failed = explain(config, &chosen);
    rs_config_destroy(&config);
    return failed;
}
