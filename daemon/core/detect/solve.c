/* A rule becomes numbers: its detector's limits, from its share of the false alarms. */
#include "core/detect/arl.h"
#include "core/detect/feed.h"
#include "core/detect/rates.h"

#include <math.h>

uint32_t rs_detect_keys(uint32_t keys) {
    uint32_t power = 1;
    while (power < keys && power < (1u << 31)) power *= 2;
    return power;
}

static int find_window(const rs_config_t *config, int64_t length_us, uint32_t *slot) {
    for (uint32_t i = 0; i < config->window_count; i++) {
        if (config->windows_us[i] != length_us) continue;
        *slot = i;
        return RS_OK;
    }
    return RS_ERR_NOT_FOUND;
}

static uint8_t sides_of(const rs_rule_config_t *config) {
    return config->compare == RS_ALERT_ABOVE ? RS_SIDE_UP : config->compare == RS_ALERT_BELOW ? RS_SIDE_DOWN : RS_SIDE_BOTH;
}

static uint8_t measure_of(rs_metric_t metric) {
    if (rs_metric_is_gauge(metric) || metric == RS_METRIC_SURVEY_RESPONSE_RATE || metric == RS_METRIC_PREDICTED_SERVICE_LEVEL) {
        return RS_MEASURE_VALUE;
    }
    if (rs_metric_is_ratio(metric)) return RS_MEASURE_SHARE;
    return rs_metric_is_time(metric) || rs_metric_is_score(metric) ? RS_MEASURE_VALUE : RS_MEASURE_COUNT;
}

int rs_detect_compile(const rs_config_t *config, const rs_rule_config_t *from, rs_detect_rule_t *rule) {
    int status = RS_OK;
    *rule = (rs_detect_rule_t){.config = from, .detector = from->detector, .sides = sides_of(from),
                               .budget = rs_config_rule_budget(config, from)};
    if (from->detector == RS_DETECTOR_THRESHOLD || from->detector >= RS_DETECTOR_SOURCE_SILENCE) return RS_OK;
    status = rs_metric_find(from->metric, &rule->metric);
    if (status != RS_OK) return status;
    rule->gauge = rs_metric_is_gauge(rule->metric);
    rule->measure = measure_of(rule->metric);
    rule->every_us = rs_config_subgroup_us(from);
    if (!rule->gauge) status = find_window(config, rule->every_us, &rule->window_slot);
    if (status == RS_OK && from->detector == RS_DETECTOR_BURN_RATE) {
        status = find_window(config, rs_config_burn_short_us(config, from), &rule->short_slot);
        rule->target = rs_config_burn_target(config, from);
        rule->burn = rs_burn_limit(from->budget, from->period_us, rule->every_us);
    }
    const bool in_season = from->detector == RS_DETECTOR_SEASONAL || from->detector == RS_DETECTOR_NO_DATA ||
                           from->baseline == RS_BASELINE_SEASON;
    if (status != RS_OK || !(rs_detect_has_state(rule))) return status;
    if (rule->every_us < RS_US_PER_S || (in_season && RS_US_PER_DAY / rule->every_us > RS_SEASON_SLOTS)) return RS_ERR_NOT_FOUND;
    if (in_season) rule->per_day = (uint32_t)(RS_US_PER_DAY / rule->every_us);
    return RS_OK;
}

/* Whole counts want fine steps where they are few, and states that are not many. */
static uint32_t steps_for(double mean) { return mean < 4 ? 4 : mean < 16 ? 2 : 1; }
static const double most_exact = 400;

static bool solve_counts(rs_detect_rule_t *rule) {
    const double good = rule->config->centre, shift = rule->config->shift * sqrt(good);
    const double sides = rule->sides == RS_SIDE_BOTH ? 2 : 1;
    const uint32_t steps = steps_for(good);
    rs_cusum_design_t design = {.sides = rule->sides, .reach = true};
    if (good > most_exact) return false;
    if ((rule->sides & RS_SIDE_UP) != 0) {
        design.k_up = rs_cusum_count_k(good, good + shift);
        design.h_up = rs_limit_count_cusum(good, &design.k_up, RS_SIDE_UP, steps, rule->config->fast_start, rule->arl * sides);
    }
    if ((rule->sides & RS_SIDE_DOWN) != 0) {
        design.k_down = rs_cusum_count_k(good, fmax(good - shift, good / 10));
        design.h_down = rs_limit_count_cusum(good, &design.k_down, RS_SIDE_DOWN, steps, rule->config->fast_start, rule->arl * sides);
    }
    if (isnan(design.h_up) || isnan(design.h_down)) return false;
    if (rule->config->fast_start) {
        design.start_up = floor(design.h_up * steps / 2) / steps;
        design.start_down = floor(design.h_down * steps / 2) / steps;
    }
    rule->cusum = design;
    rule->counts = true;
    return true;
}

static bool solve_cusum(rs_detect_rule_t *rule) {
    const rs_rule_config_t *config = rule->config;
    const bool theory = rule->measure == RS_MEASURE_COUNT && config->baseline == RS_BASELINE_FIXED && config->sigma <= 0;
    if (theory && solve_counts(rule)) return true;
    const double k = 0.5 * config->shift, h = rs_limit_cusum(k, rule->sides, config->fast_start, rule->arl);
    if (isnan(h)) return false;
    rule->cusum = rs_cusum_normal(k, h, rule->sides, config->fast_start);
    return true;
}

static bool solve_chart(rs_detect_rule_t *rule) {
    static const uint32_t rules[] = {RS_CHART_BEYOND_3, RS_CHART_WESTERN_ELECTRIC, RS_CHART_NELSON};
    rs_chart_design_t design = rs_chart_design(rules[rule->config->run_rules]);
    design.sides = rule->sides;
    if (!rs_limit_chart(&design, rule->arl)) return false;
    rule->chart = design;
    return true;
}

static bool solve(rs_detect_rule_t *rule) {
    rule->arl = (double)RS_US_PER_DAY / (double)rule->every_us * rule->keys / rule->budget;
    rule->arl = fmin(fmax(rule->arl, RS_ARL_LEAST), RS_ARL_MOST);
    switch (rule->detector) {
        case RS_DETECTOR_CUSUM: return solve_cusum(rule);
        case RS_DETECTOR_EWMA:
            rule->ewma = (rs_ewma_design_t){.weight = rule->config->weight, .sides = rule->sides, .head_start = rule->config->fast_start};
            rule->ewma.limit = rs_limit_ewma(rule->ewma.weight, rule->sides, rule->ewma.head_start, rule->arl);
            return !isnan(rule->ewma.limit);
        case RS_DETECTOR_SHEWHART: return solve_chart(rule);
        default: rule->single = rs_limit_single(rule->sides, rule->arl); return !isnan(rule->single);
    }
}

bool rs_detect_solve(rs_detect_rule_t *rule, uint32_t keys) {
    rule->keys = rs_detect_keys(keys);
    rule->counts = false;
    const bool wanted = rs_config_is_solved(rule->config);
    rule->solved = wanted && rule->every_us > 0 && rule->budget > 0 && solve(rule);
    return rule->solved || !wanted;
}

/* --- how soon a shift is seen --------------------------------------------------------------------------------------- */
static double season_seen_after(const rs_detect_rule_t *rule, double shift) {
    const rs_season_view_t full = {.spread = 1, .weeks = RS_SEASON_WEEKS,
                                   .freedom = 0.6 * (RS_SEASON_WEEKS - 1) * (2 * RS_SEASON_NEAR + 1)};
    if (shift == 0) return rule->arl;
    return rs_arl_single(rs_season_limit(&full, rule->sides == RS_SIDE_BOTH, rule->arl), rule->sides, shift);
}

double rs_detect_seen_after(const rs_detect_rule_t *rule, double shift) {
    const double towards = rule->sides == RS_SIDE_DOWN ? -shift : shift, mean = rule->config->centre;
    if (!rule->solved) return NAN;
    switch (rule->detector) {
        case RS_DETECTOR_CUSUM:
            if (!rule->counts) return rs_arl_cusum(&rule->cusum, towards);
            return rs_arl_count_cusum(&rule->cusum, fmax(mean + towards * sqrt(mean), mean / 100), steps_for(mean));
        case RS_DETECTOR_EWMA: return rs_arl_ewma(&rule->ewma, towards);
        case RS_DETECTOR_SHEWHART: return rs_arl_chart(&rule->chart, towards);
        case RS_DETECTOR_LANEY: return rs_arl_single(rule->single, rule->sides, towards);
        case RS_DETECTOR_SEASONAL: return season_seen_after(rule, towards);
        case RS_DETECTOR_RATE_OF_CHANGE: return rs_arl_single(rule->single, rule->sides, towards / sqrt(2));
        default: return NAN;
    }
}
