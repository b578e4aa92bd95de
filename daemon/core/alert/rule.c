/* core/alert/rule.c — a rule's names become numbers once, so that judging a figure is two comparisons. */
#include "core/alert/alert_internal.h"
#include "core/detect/normal.h"

#include <stdlib.h>

static bool is_continuation(char byte) { return ((unsigned char)byte & 0xC0U) == 0x80U; }

/* Length of the UTF-8 character at `at`; a broken sequence counts byte by byte. */
static uint32_t character_length(rs_str_t text, uint32_t at) {
    uint32_t len = 1;
    if (((unsigned char)text.data[at] & 0xC0U) != 0xC0U) return 1;
    while (len < 4 && at + len < text.len && is_continuation(text.data[at + len])) len++;
    return len;
}

/* On a mismatch the last star takes one more character; earlier stars need never be tried again. */
bool rs_alert_glob(rs_str_t pattern, rs_str_t text) {
    uint32_t p = 0, t = 0, after_star = 0, star_text = 0;
    bool has_star = false;

    while (t < text.len) {
        if (p < pattern.len && pattern.data[p] == '*') {
            has_star = true;
            after_star = ++p;
            star_text = t;
        } else if (p < pattern.len && pattern.data[p] == '?') {
            p++;
            t += character_length(text, t);
        } else if (p < pattern.len && pattern.data[p] == text.data[t]) {
            p++;
            t++;
        } else if (has_star) {
            p = after_star;
            star_text += character_length(text, star_text);
            t = star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.data[p] == '*') p++;
    return p == pattern.len;
}

bool rs__alert_rule_matches(const rs__alert_rule_t *rule, const rs_key_t *key) {
    const rs_rule_config_t *config = rule->config;

    return config->family == key->family && (config->tenant.len == 0 || rs_str_equal(config->tenant, key->tenant)) &&
           (config->channel == 0 || config->channel == key->channel) && rs_alert_glob(config->key, key->name);
}

static bool is_percentile(rs_metric_t metric) { return metric >= RS_METRIC_WAIT_P50 && metric <= RS_METRIC_WAIT_P99; }

static int find_window(const rs_config_t *config, rs_str_t name, uint32_t *slot) {
    int64_t length_us = 0;

    if (rs_str_equal(name, RS_STR("today"))) {
        *slot = RS_WINDOW_TODAY;
        return RS_OK;
    }
    if (name.len == 0 || rs_config_parse_duration(name, &length_us) != RS_OK) return RS_ERR_NOT_FOUND;
    for (uint32_t i = 0; i < config->window_count; i++) {
        if (config->windows_us[i] == length_us) {
            *slot = i;
            return RS_OK;
        }
    }
    return RS_ERR_NOT_FOUND;
}

static int find_policy(const rs_config_t *config, rs_str_t name, uint32_t *slot) {
    for (uint32_t i = 0; i < config->policy_count; i++) {
        if (name.len == 0 || rs_str_equal(name, rs_str(config->policies[i].name))) {
            *slot = i;
            return RS_OK;
        }
    }
    return RS_ERR_NOT_FOUND;
}

/* A rule on staff that asks for few of them says nothing of a queue where nobody waits: see is_evidence. */
static bool needs_somebody_waiting(const rs__alert_rule_t *rule) {
    return rule->compare == RS_ALERT_BELOW && rule->min_sample > 0 && rule->limit <= (double)rule->min_sample;
}

/* What a detector rests on is its own business. */
static uint32_t reads_of(const rs__alert_rule_t *rule) {
    if (rule->detect.detector != RS_DETECTOR_THRESHOLD) return RS_CHANGED_ALL;
    if (rule->metric == RS_METRIC_STAFF) {
        return RS_CHANGED_GAUGES | (uint32_t)(needs_somebody_waiting(rule) ? RS__MOMENT_WAITING : RS__MOMENT_TICK);
    }
    uint32_t reads = rs_metric_reads(rule->metric);
    if (!rule->gauge) reads |= rs_changed_window(rule->window_slot);
    if (rule->open_miss_now) reads |= RS_CHANGED_GAUGES;
    if (rule->class == RS__CLASS_GROWING) reads |= RS__MOMENT_GROWING;
    return reads;
}

/* Its figure is in milliseconds. */
static int64_t patience_of(const rs__alert_rule_t *rule) {
    if (rule->compare != RS_ALERT_ABOVE || rule->limit <= 0) return 0;
    return rule->limit < (double)(RS_US_PER_DAY / RS_US_PER_MS) ? (int64_t)rule->limit * RS_US_PER_MS : RS_US_PER_DAY;
}

static int compile_rule(const rs_config_t *config, uint32_t index, rs__alert_rule_t *rule) {
    const rs_rule_config_t *from = &config->rules[index];

    *rule = (rs__alert_rule_t){.config = from,
                               .limit = from->limit,
                               .clear = from->clear,
                               .for_us = from->for_us,
                               .clear_for_us = from->clear_for_us,
                               .min_sample = from->min_sample,
                               .index = index,
                               .compare = from->compare};
    if (rs_detect_compile(config, from, &rule->detect) != RS_OK) return RS_ERR_NOT_FOUND;
    if (from->confidence > 0) rule->confidence_z = rs_normal_quantile_above(1 - from->confidence);
    if (from->detector >= RS_DETECTOR_SOURCE_SILENCE) {
        rule->class = RS__CLASS_TIMED;
        rule->metric = RS_METRIC_COUNT;
        rule->reads = RS_CHANGED_ALL;
        return RS_OK;
    }
    if (rs_metric_find(from->metric, &rule->metric) != RS_OK) return RS_ERR_NOT_FOUND;
    rule->gauge = rs_metric_is_gauge(rule->metric);
    rule->class = is_percentile(rule->metric)             ? RS__CLASS_PERCENTILE
                  : rule->metric == RS_METRIC_OLDEST_WAIT ? RS__CLASS_GROWING
                                                          : RS__CLASS_EVENT;
    if (rule->metric == RS_METRIC_STAFF) rule->class = RS__CLASS_TIMED;   /* no event of the queue tells that it changed */
    if (rs_detect_is_closed(&rule->detect)) rule->class = RS__CLASS_CLOSED;
    if (rs_detect_is_timed(&rule->detect)) rule->class = RS__CLASS_TIMED;
    if (!rule->gauge) {
        if (find_window(config, from->window, &rule->window_slot) != RS_OK) return RS_ERR_NOT_FOUND;
        rule->window = from->window;
    }
    if (rs__alert_has_policy(rule->metric)) {
        if (find_policy(config, from->policy, &rule->policy) != RS_OK) return RS_ERR_NOT_FOUND;
        rule->policy_slot = rule->policy;
        rule->policy_name = rs_str(config->policies[rule->policy].name);
        rule->open_miss_now = config->policies[rule->policy].open_miss_now;
    }
    rule->reads = reads_of(rule);
    rule->patience_us = patience_of(rule);
    return RS_OK;
}

static int order_of(uint32_t a, uint32_t b) { return (a > b) - (a < b); }

/* Class first, then what is read, then the place in the file: a total order, the same on every machine. */
static int compare_questions(const rs__alert_rule_t *a, const rs__alert_rule_t *b) {
    if (a->class != b->class) return order_of(a->class, b->class);
    if (a->metric != b->metric) return order_of(a->metric, b->metric);
    if (a->window_slot != b->window_slot) return order_of(a->window_slot, b->window_slot);
    return order_of(a->policy, b->policy);
}

static int compare_rules(const void *left, const void *right) {
    const rs__alert_rule_t *a = left, *b = right;
    const int order = compare_questions(a, b);

    return order != 0 ? order : order_of(a->index, b->index);
}

static void find_parents(rs__alert_rule_t *rules, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        rules[i].parent = UINT32_MAX;
        for (uint32_t j = 0; rules[i].config->inhibited_by.len > 0 && j < count; j++) {
            if (!rs_str_equal(rules[j].config->name, rules[i].config->inhibited_by)) continue;
            rules[i].parent = j;
            rules[j].is_parent = true;
        }
    }
}

int rs__alert_rules_compile(const rs_config_t *config, rs__alert_rule_t **rules, uint32_t *count) {
    rs__alert_rule_t *compiled = NULL;
    uint32_t question = 0;

    if (config->rule_count > 0) {
        compiled = calloc(config->rule_count, sizeof(*compiled));
        if (compiled == NULL) return RS_ERR_MEMORY;
        for (uint32_t i = 0; i < config->rule_count; i++) {
            const int status = compile_rule(config, i, &compiled[i]);
            if (status != RS_OK) {
                free(compiled);
                return status;
            }
        }
        qsort(compiled, config->rule_count, sizeof(*compiled), compare_rules);
        find_parents(compiled, config->rule_count);
        for (uint32_t i = 0; i < config->rule_count; i++) {
            if (i > 0 && compare_questions(&compiled[i - 1], &compiled[i]) != 0) question++;
            compiled[i].question = question;
        }
    }
    *rules = compiled;
    *count = config->rule_count;
    return RS_OK;
}

/* A gauge of 0 says that nobody waits: a fact, not a lack of facts. */
static bool is_evidence(const rs__alert_rule_t *rule, const rs_figure_t *figure) {
    if (figure->is_null) return false;
    if (rule->min_sample <= 0) return true;
    if (rule->gauge && figure->value == 0.0 && rule->metric != RS_METRIC_STAFF) return true;
    if (figure->denominator != 0) return figure->denominator >= rule->min_sample;
    return figure->value >= (double)rule->min_sample;
}

/* Wilson's interval must be wholly beyond the limit. */
static bool is_sure(const rs__alert_rule_t *rule, const rs_figure_t *figure) {
    if (rule->confidence_z <= 0 || figure->denominator <= 0) return true;
    int64_t hits = figure->numerator < 0 ? 0 : figure->numerator;
    if (hits > figure->denominator) hits = figure->denominator;
    const rs_interval_of_share_t share = rs_wilson(hits, figure->denominator, rule->confidence_z);
    return rule->compare == RS_ALERT_ABOVE ? share.low > rule->limit : share.high < rule->limit;
}

void rs__alert_rule_bound(rs__alert_rule_t *rule) {
    rule->instances++;
    if (rs_detect_keys(rule->instances) > rule->detect.keys) (void)rs_detect_solve(&rule->detect, rule->instances);
}

rs_detect_verdict_t rs__alert_judge(const rs__alert_rule_t *rule, const rs_figure_t *figure) {
    const double value = figure->value;

    if (!is_evidence(rule, figure)) return RS_DETECT_NO_EVIDENCE;
    if (rule->compare == RS_ALERT_ABOVE) {
        if (value > rule->limit) return is_sure(rule, figure) ? RS_DETECT_BREACH : RS_DETECT_BETWEEN;
        return value <= rule->clear ? RS_DETECT_GOOD : RS_DETECT_BETWEEN;
    }
    if (value < rule->limit) return is_sure(rule, figure) ? RS_DETECT_BREACH : RS_DETECT_BETWEEN;
    return value >= rule->clear ? RS_DETECT_GOOD : RS_DETECT_BETWEEN;
}
