/* What a rule's detector takes, and the numbers that follow from a rule. */
#include "config/schema.h"

/* --- which key belongs to which detector ---------------------------------------------------------------------------- */
enum {
    T = 1 << RS_DETECTOR_THRESHOLD, C = 1 << RS_DETECTOR_CUSUM, E = 1 << RS_DETECTOR_EWMA, S = 1 << RS_DETECTOR_SHEWHART,
    L = 1 << RS_DETECTOR_LANEY, B = 1 << RS_DETECTOR_BURN_RATE, N = 1 << RS_DETECTOR_SEASONAL, P = 1 << RS_DETECTOR_PREDICTED_BREACH,
    R = 1 << RS_DETECTOR_RATE_OF_CHANGE, D = 1 << RS_DETECTOR_NO_DATA, Q = 1 << RS_DETECTOR_SOURCE_SILENCE, G = 1 << RS_DETECTOR_SOURCE_GAP
};
static const struct { const char *key; unsigned takers; } taken[] = {
    {"metric", T | C | E | S | L | B | N | P | R}, {"window", T | C | E | S | L | B | N | P | R | D},
    {"policy", T | C | E | S | L | B | N | P | R}, {"by", T | C | E | S | L | B | N | P | R | D},
    {"tenant", T | C | E | S | L | B | N | P | R | D}, {"channel", T | C | E | S | L | B | N | P | R | D},
    {"compare", T | C | E | S | L | N | P | R}, {"limit", T | P | R | Q | G}, {"clear", T | P | R | Q},
    {"min_sample", T | C | E | S | L | B | N | P | R}, {"confidence", T}, {"trial", T}, {"false_alarms", C | E | S | L | N | R | D},
    {"shift", C}, {"weight", E}, {"run_rules", S}, {"fast_start", C | E}, {"baseline", C | E | S | L}, {"centre", C | E | S},
    {"sigma", C | E | S}, {"target", B}, {"budget", B}, {"period", B}, {"every", C | E | S | N | R}};

bool rs__rule_takes(unsigned detector, rs_str_t key) {
    for (size_t i = 0; i < RS_ARRAY_LEN(taken); i++)
        if (rs_str_equal(key, rs_str(taken[i].key))) return (taken[i].takers >> detector & 1u) != 0;
    return true;
}

bool rs_config_is_solved(const rs_rule_config_t *rule) { return rs__rule_takes(rule->detector, RS_STR("false_alarms")); }

const char *rs_config_detector_name(unsigned detector) { return detector < RS_DETECTOR_COUNT ? rs__detector_names[detector] : ""; }

/* --- the rule's numbers --------------------------------------------------------------------------------------------- */
int64_t rs_config_subgroup_us(const rs_rule_config_t *rule) {
    int64_t us = 0;
    if (rule->every_us > 0) return rule->every_us;
    if (rs_config_parse_duration(rule->window, &us) != RS_OK) return 0;
    return us;
}

double rs_config_burn_target(const rs_config_t *config, const rs_rule_config_t *rule) {
    if (rule->target > 0) return rule->target;
    for (uint32_t i = 0; i < config->policy_count; i++) {
        const rs_policy_t *policy = &config->policies[i];
        if (rule->policy.len == 0 || rs_str_equal(rule->policy, rs_str(policy->name)))
            return policy->target > 0 ? policy->target : config->default_target;
    }
    return config->default_target;
}

int64_t rs_config_burn_short_us(const rs_config_t *config, const rs_rule_config_t *rule) {
    const int64_t long_us = rs_config_subgroup_us(rule);
    int64_t found = 0;
    for (uint32_t i = 0; i < config->window_count; i++)
        if (config->windows_us[i] <= long_us / 4) found = config->windows_us[i];
    return found;
}

double rs_config_rule_budget(const rs_config_t *config, const rs_rule_config_t *rule) {
    double left = config->false_alarms;
    uint32_t sharers = 0;
    if (!rs_config_is_solved(rule)) return 0;
    if (rule->false_alarms > 0) return rule->false_alarms;
    for (uint32_t i = 0; i < config->rule_count; i++) {
        if (!rs_config_is_solved(&config->rules[i])) continue;
        left -= config->rules[i].false_alarms;
        sharers += config->rules[i].false_alarms <= 0;
    }
    return sharers == 0 || left <= 0 ? 0 : left / sharers;
}
