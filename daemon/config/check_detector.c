/* Rules by their detectors: what they take and need, whether they can ever fire, and how the budget of false alarms is shared out. */
#include "config/metric_names.h"
#include "config/value.h"

#include <math.h>
#include <stdio.h>

static const double usual_shift = 1, usual_weight = 0.1, usual_budget = 0.1;
static const int64_t usual_period_us = RS_US_PER_DAY, usual_every_us = 5 * RS_US_PER_MIN;
/* Subgroups that one figure in this many alarms: what the solver of the limits takes (core/detect/arl.h). */
static const double least_arl = 2, most_arl = 1e9;

static bool takes(const rs_rule_config_t *rule, const char *key) { return rs__rule_takes(rule->detector, rs_str(key)); }

static rs_metric_unit_t unit_of(const rs_rule_config_t *rule) {
    rs_metric_unit_t unit = RS_UNIT_COUNT;
    (void)rs_config_metric_known(rule->metric, &unit);
    return unit;
}

static bool is_ratio(const rs_rule_config_t *rule) { return unit_of(rule) == RS_UNIT_RATIO; }
static bool is_gauge(const rs_rule_config_t *rule) { return unit_of(rule) >= RS_UNIT_GAUGE_COUNT; }
static bool is_one_of(rs_str_t text, const char *const *names) {
    for (; *names != NULL; names++)
        if (rs_str_equal(text, rs_str(*names))) return true;
    return false;
}
static bool is_forecast(const rs_rule_config_t *rule) {
    static const char *const forecasts[] = {"estimated_wait", "breach_oldest", "breach_newest", "predicted_service_level", NULL};
    return is_one_of(rule->metric, forecasts);
}

/* --- keys ----------------------------------------------------------------------------------------------------------- */
static int refuse_untaken(rs__loader_t *loader, const rs_rule_config_t *rule, const rs_node_t *node, const char *key) {
    for (const rs_node_t *child = node->first; child != NULL; child = child->next) {
        if (rs__rule_takes(rule->detector, child->key)) continue;
        char name[40], allowed[RS_CONFIG_ALLOWED_TEXT] = "", reason[128];
        snprintf(name, sizeof(name), "%.*s", (int)(child->key.len < 32 ? child->key.len : 32), child->key.data);
        size_t used = (size_t)snprintf(allowed, sizeof(allowed), "%s only with detector:", name);
        for (unsigned detector = 0; detector < RS_DETECTOR_COUNT; detector++)
            if (rs__rule_takes(detector, child->key) && used < sizeof(allowed))
                used += (size_t)snprintf(allowed + used, sizeof(allowed) - used, " %s", rs_config_detector_name(detector));
        snprintf(reason, sizeof(reason), "has no effect with detector: %s", rs_config_detector_name(rule->detector));
        return rs__refuse_rule_key(loader, node, key, name, allowed, reason);
    }
    return RS_OK;
}

static int require(rs__loader_t *loader, const rs_rule_config_t *rule, const rs_node_t *node, const char *key, const char *name) {
    char path[64], allowed[RS_CONFIG_ALLOWED_TEXT], at[RS_KEY_TEXT];
    if (!takes(rule, name) || rs__node_child(node, rs_str(name)) != NULL) return RS_OK;
    snprintf(path, sizeof(path), "alerts.rules.<name>.%s", name);
    rs__schema_allowed(rs__schema_find(path), allowed, sizeof(allowed));
    rs__path_join(key, rs_str(name), at, sizeof(at));
    return rs__loader_fail(loader, node, at, allowed, "is missing");
}

static void set_defaults(rs_rule_config_t *rule) {
    if (rule->detector == RS_DETECTOR_NO_DATA) rule->metric = RS_STR("offered");
    if (rule->detector >= RS_DETECTOR_SOURCE_SILENCE) rule->family = 2; /* total */
    if (!takes(rule, "compare")) rule->compare = rule->detector == RS_DETECTOR_BURN_RATE ? RS_ALERT_ABOVE : RS_ALERT_BOTH;
    if (rule->detector >= RS_DETECTOR_NO_DATA) rule->compare = RS_ALERT_ABOVE;
    if (!takes(rule, "limit") || (rule->detector == RS_DETECTOR_SOURCE_GAP && isinf(rule->limit))) rule->limit = 0;
    if (!takes(rule, "clear")) rule->clear = rule->limit;
    if (!takes(rule, "fast_start")) rule->fast_start = false;
    if (takes(rule, "shift") && rule->shift <= 0) rule->shift = usual_shift;
    if (takes(rule, "weight") && rule->weight <= 0) rule->weight = usual_weight;
    if (takes(rule, "budget") && rule->budget <= 0) rule->budget = usual_budget;
    if (takes(rule, "period") && rule->period_us <= 0) rule->period_us = usual_period_us;
    if (takes(rule, "every") && is_gauge(rule) && rule->every_us == 0) rule->every_us = usual_every_us;
    if (isfinite(rule->centre) && rule->baseline == RS_BASELINE_RECENT) rule->baseline = RS_BASELINE_FIXED;
    if (!takes(rule, "target")) rule->target = -1;
}

int rs__loader_check_rule_keys(rs__loader_t *loader, rs_rule_config_t *rule, const rs_node_t *node, const char *key) {
    int status = refuse_untaken(loader, rule, node, key);
    if (status == RS_OK) status = require(loader, rule, node, key, "metric");
    if (status == RS_OK && (rule->detector == RS_DETECTOR_THRESHOLD || rule->detector == RS_DETECTOR_PREDICTED_BREACH))
        status = require(loader, rule, node, key, "compare");
    if (status == RS_OK && rule->detector != RS_DETECTOR_SOURCE_GAP) status = require(loader, rule, node, key, "limit");
    if (status != RS_OK) return status;
    const bool one_sided = rule->detector == RS_DETECTOR_THRESHOLD || rule->detector == RS_DETECTOR_PREDICTED_BREACH;
    if (one_sided && rule->compare == RS_ALERT_BOTH)
        return rs__refuse_rule_key(loader, node, key, "compare", "above or below; both where limits are solved",
                                   "a limit has one bad side");
    set_defaults(rule);
    return RS_OK;
}

/* --- rules that can never fire, or contradict themselves ------------------------------------------------------------- */
static int check_reach(rs__loader_t *loader, const rs_rule_config_t *rule, const rs_node_t *node, const char *key) {
    const rs_metric_unit_t unit = unit_of(rule);
    const bool ratio = unit == RS_UNIT_RATIO || unit == RS_UNIT_GAUGE_RATIO, below = rule->compare == RS_ALERT_BELOW;
    const bool is_nps = rs_str_equal(rule->metric, RS_STR("nps"));
    if (!takes(rule, "metric") || !takes(rule, "limit") || rule->detector == RS_DETECTOR_RATE_OF_CHANGE) return RS_OK;
    if (below && unit != RS_UNIT_SCORE && rule->limit <= 0)
        return rs__refuse_rule_key(loader, node, key, "limit", "a limit above 0", "the rule can never fire: nothing is below 0");
    if (!below && ratio && rule->limit >= 1 && !rs_str_equal(rule->metric, RS_STR("survey_response_rate")))
        return rs__refuse_rule_key(loader, node, key, "limit", "a limit below 1", "the rule can never fire: no ratio is above 1");
    if (is_nps && ((below && rule->limit <= -100) || (!below && rule->limit >= 100)))
        return rs__refuse_rule_key(loader, node, key, "limit", "a limit between -100 and 100",
                                   "the rule can never fire: NPS is from -100 to 100");
    const bool of_waiting = rs_str_equal(rule->metric, RS_STR("staff"));   /* rests on those who wait */
    const bool own_sample = (unit == RS_UNIT_COUNT || unit == RS_UNIT_GAUGE_COUNT) && !of_waiting;
    if (below && own_sample && rule->min_sample > 0 && (double)rule->min_sample >= rule->limit)
        return rs__refuse_rule_key(loader, node, key, "min_sample", "less than the limit, since a count is its own sample",
                                   "the rule can never fire: whatever is below the limit is no evidence");
    return RS_OK;
}

static int check_subject(rs__loader_t *loader, const rs_rule_config_t *rule, const rs_node_t *node, const char *key) {
    static const char *const not_shares[] = {"predicted_service_level", "survey_response_rate", NULL};
    if (is_forecast(rule) && rule->family != 0)
        return rs__refuse_rule_key(loader, node, key, "by", "by: queue with forecasts",
                                   "the rule can never fire: only queues are predicted");
    if (rs_str_equal(rule->metric, RS_STR("staff")) && rule->family != 0)
        return rs__refuse_rule_key(loader, node, key, "by", "by: queue with staff", "the rule can never fire: only queues have staff");
    if (rule->detector == RS_DETECTOR_PREDICTED_BREACH && !is_forecast(rule))
        return rs__refuse_rule_key(loader, node, key, "metric", "predicted_service_level, estimated_wait, breach_oldest or breach_newest",
                                   "this metric is no forecast");
    const bool of_shares = rule->detector == RS_DETECTOR_LANEY || rule->detector == RS_DETECTOR_BURN_RATE;
    if (of_shares && (!is_ratio(rule) || is_one_of(rule->metric, not_shares)))
        return rs__refuse_rule_key(loader, node, key, "metric", "a ratio of what is counted, such as service_level or abandoned_rate",
                                   "this metric is no share");
    if (rule->confidence > 0 && (!is_ratio(rule) || is_one_of(rule->metric, not_shares)))
        return rs__refuse_rule_key(loader, node, key, "confidence", "confidence with a ratio of what is counted only",
                                   "this metric is no share");
    return RS_OK;
}

static int check_subgroup(rs__loader_t *loader, const rs_rule_config_t *rule, const rs_node_t *node, const char *key) {
    const int64_t length_us = rs_config_subgroup_us(rule);
    const bool seasonal = rule->detector == RS_DETECTOR_SEASONAL || rule->detector == RS_DETECTOR_NO_DATA ||
                          rule->baseline == RS_BASELINE_SEASON;
    const char *name = rule->every_us > 0 ? "every" : "window";
    if (rule->every_us > 0 && !is_gauge(rule))
        return rs__refuse_rule_key(loader, node, key, "every", "every with figures of now only; else the window is the subgroup",
                                   "this metric has a window");
    if (length_us == 0)
        return rs__refuse_rule_key(loader, node, key, "window", "one of `windows`",
                                   "`today` is no subgroup: detectors compare one stretch of time with the next");
    if (RS_US_PER_DAY % length_us != 0)
        return rs__refuse_rule_key(loader, node, key, name, "a length that divides a day, such as 5m, 15m, 1h",
                                   "days cannot be cut into it");
    if (seasonal && length_us < 15 * RS_US_PER_MIN)
        return rs__refuse_rule_key(loader, node, key, name, "at least 15m with a baseline of the same time of the week",
                                   "is too short for a place in the week");
    return RS_OK;
}

static int check_baseline(rs__loader_t *loader, const rs_rule_config_t *rule, const rs_node_t *node, const char *key) {
    const bool named = isfinite(rule->centre);
    if (!takes(rule, "centre")) {
        if (takes(rule, "baseline") && rule->baseline == RS_BASELINE_FIXED)
            return rs__refuse_rule_key(loader, node, key, "baseline", "recent or season", "this detector learns its baseline");
        return RS_OK;
    }
    if (rule->baseline == RS_BASELINE_FIXED && !named)
        return rs__refuse_rule_key(loader, node, key, "baseline", "`centre` with it", "a fixed baseline needs a centre");
    if (rule->baseline == RS_BASELINE_SEASON && named)
        return rs__refuse_rule_key(loader, node, key, "centre", "baseline: fixed, or no centre", "contradicts baseline: season");
    const bool theory = unit_of(rule) == RS_UNIT_COUNT || is_ratio(rule);
    const bool no_room = (theory && rule->centre <= 0) || (is_ratio(rule) && rule->centre >= 1);
    if (named && no_room)
        return rs__refuse_rule_key(loader, node, key, "centre", "above 0; of a ratio below 1", "leaves a figure no room to vary");
    return RS_OK;
}

static int check_rate(rs__loader_t *loader, const rs_rule_config_t *rule, const rs_node_t *node, const char *key) {
    if (rule->false_alarms <= 0 || rule->detector == RS_DETECTOR_NO_DATA) return RS_OK;
    const double arl = (double)RS_US_PER_DAY / (double)rs_config_subgroup_us(rule) / rule->false_alarms;
    if (arl >= least_arl && arl <= most_arl) return RS_OK;
    return rs__refuse_rule_key(loader, node, key, "false_alarms", "at most one in two subgroups, at least one in a thousand million",
                               arl < least_arl ? "such a rate cannot be: there are too few subgroups for it"
                                               : "such a rate cannot be: it is too small");
}

static int check_burn(rs__loader_t *loader, const rs_rule_config_t *rule, const rs_node_t *node, const char *key) {
    const rs_config_t *config = loader->config;
    const bool of_level = rs_str_equal(rule->metric, RS_STR("service_level"));
    if (!of_level && rule->target <= 0)
        return rs__refuse_rule_key(loader, node, key, "target", "the share of good ones that is promised, such as 0.95", "is missing");
    if (rs_config_burn_short_us(config, rule) == 0)
        return rs__refuse_rule_key(loader, node, key, "window", "a window at least four times the shortest of `windows`",
                                   "there is no shorter window to go with it");
    const double target = rs_config_burn_target(config, rule);
    const double share_of_time = (double)rs_config_subgroup_us(rule) / (double)rule->period_us;
    if (rule->budget < share_of_time / (1 - target)) return RS_OK;
    char allowed[160], reason[200];
    snprintf(allowed, sizeof(allowed), "a budget below %.4g, or a longer window, a shorter period, a higher target",
             share_of_time / (1 - target));
    snprintf(reason, sizeof(reason),
             "the rule can never fire: it waits for a burn rate of %.4g, and with a target of %.4g none is above %.4g",
             rule->budget / share_of_time, target, 1 / (1 - target));
    return rs__refuse_rule_key(loader, node, key, "budget", allowed, reason);
}

int rs__loader_check_detector(rs__loader_t *loader, rs_rule_config_t *rule, const rs_node_t *node, const char *key) {
    int status = check_reach(loader, rule, node, key);
    if (status == RS_OK) status = check_subject(loader, rule, node, key);
    if (status == RS_OK && rs_config_is_solved(rule)) status = check_subgroup(loader, rule, node, key);
    if (status == RS_OK) status = check_baseline(loader, rule, node, key);
    if (status == RS_OK) status = check_rate(loader, rule, node, key);
    if (status == RS_OK && rule->detector == RS_DETECTOR_BURN_RATE) status = check_burn(loader, rule, node, key);
    const bool of_interval = rule->detector == RS_DETECTOR_PREDICTED_BREACH && !is_gauge(rule);
    if (status == RS_OK && of_interval && rs_config_subgroup_us(rule) == 0)
        return rs__refuse_rule_key(loader, node, key, "window", "one of `windows`: the interval at whose end it is predicted",
                                   "`today` is no interval");
    if (status == RS_OK && !isfinite(rule->centre)) rule->centre = 0;
    return status;
}

int rs__loader_check_budget(rs__loader_t *loader) {
    const rs_config_t *config = loader->config;
    const rs__items_t *all = &loader->collections[RS_SCOPE_RULE];
    for (uint32_t i = 0; i < config->rule_count; i++) {
        const rs_rule_config_t *rule = &config->rules[i];
        double named = 0;
        for (uint32_t k = 0; k <= i; k++) named += config->rules[k].false_alarms;
        const bool over = rule->false_alarms > 0 && named > config->false_alarms * (1 + 1e-9);
        const bool nothing_left = rs_config_is_solved(rule) && rs_config_rule_budget(config, rule) <= 1e-6;
        if (!over && !nothing_left) continue;
        char key[RS_KEY_TEXT], allowed[96];
        rs__path_join("alerts.rules", rule->name, key, sizeof(key));
        snprintf(allowed, sizeof(allowed), "all rules together within alerts.false_alarms, which is %.4g per day", config->false_alarms);
        return rs__refuse_rule_key(loader, all->nodes[i], key, "false_alarms", allowed,
                                   over ? "the rules up to this one ask for more than the whole budget"
                                        : "the other rules leave it nothing of the budget");
    }
    return RS_OK;
}

/* --- inhibition: rules that name rules ------------------------------------------------------------------------------ */
static const rs_rule_config_t *rule_named(const rs_config_t *config, rs_str_t name) {
    for (uint32_t i = 0; i < config->rule_count; i++)
        if (rs_str_equal(config->rules[i].name, name)) return &config->rules[i];
    return NULL;
}

static void list_other_rules(const rs_config_t *config, const rs_rule_config_t *rule, char *text, size_t size) {
    size_t used = (size_t)snprintf(text, size, config->rule_count < 2 ? "no inhibited_by: there is no other rule" : "one of alerts.rules:");
    for (uint32_t i = 0; i < config->rule_count && used + 1 < size; i++)
        if (&config->rules[i] != rule) used += (size_t)snprintf(text + used, size - used, " %s", config->rules[i].name.data);
}

static int check_parent(rs__loader_t *loader, const rs_rule_config_t *rule, const rs_node_t *node) {
    const rs_config_t *config = loader->config;
    const rs_rule_config_t *parent = rule_named(config, rule->inhibited_by);
    char key[RS_KEY_TEXT], allowed[RS_CONFIG_ALLOWED_TEXT], reason[160];
    rs__path_join("alerts.rules", rule->name, key, sizeof(key));
    list_other_rules(config, rule, allowed, sizeof(allowed));
    if (parent == NULL) {
        snprintf(reason, sizeof(reason), "there is no rule `%.64s`", rule->inhibited_by.data);
        return rs__refuse_rule_key(loader, node, key, "inhibited_by", allowed, reason);
    }
    for (uint32_t steps = 0; parent != NULL && steps < config->rule_count; steps++) {
        if (parent == rule)
            return rs__refuse_rule_key(loader, node, key, "inhibited_by", "a rule that is not itself inhibited by this one",
                                       steps == 0 ? "a rule cannot inhibit itself"
                                                  : "rules that inhibit each other in a circle would all be silent");
        parent = parent->inhibited_by.len == 0 ? NULL : rule_named(config, parent->inhibited_by);
    }
    parent = rule_named(config, rule->inhibited_by);
    if (rule->tenant.len != 0 && parent->tenant.len != 0 && !rs_str_equal(rule->tenant, parent->tenant))
        return rs__refuse_rule_key(loader, node, key, "inhibited_by", "a rule of the same tenant, or of any",
                                   "it can never inhibit: the rules are of different tenants");
    const bool of_channels = rule->channel != 0 && parent->channel != 0 && parent->family != 2;   /* a total's is of all */
    if (of_channels && rule->channel != parent->channel)
        return rs__refuse_rule_key(loader, node, key, "inhibited_by", "a rule of the same channel, or of any",
                                   "it can never inhibit: the rules are of different channels");
    if (parent->family < rule->family)
        return rs__refuse_rule_key(loader, node, key, "inhibited_by", "a rule by: total or channel above this one, or of the same keys",
                                   "it can never inhibit: a queue stands under channels and totals, not over them");
    return RS_OK;
}

int rs__loader_check_parents(rs__loader_t *loader) {
    const rs_config_t *config = loader->config;
    for (uint32_t i = 0; i < config->rule_count; i++) {
        if (config->rules[i].inhibited_by.len == 0) continue;
        const int status = check_parent(loader, &config->rules[i], loader->collections[RS_SCOPE_RULE].nodes[i]);
        if (status != RS_OK) return status;
    }
    return RS_OK;
}
