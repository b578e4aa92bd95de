/* History for rules that learn: who wants it, and what becomes of it. */
#include "core/alert/alert_internal.h"

static rs_detect_state_t *unwarmed(const rs_alerts_t *alerts, const rs__alert_instance_t *instance) {
    if (instance->detect == 0 || !rs_detect_has_history(&alerts->rules[instance->rule].detect)) return NULL;
    rs_detect_state_t *state = rs_pool_at(&alerts->detects, instance->detect);
    return state->warmed ? NULL : state;
}

uint32_t rs_alerts_unwarmed(rs_alerts_t *alerts, rs_alert_unwarmed_t *found, uint32_t max) {
    uint32_t count = 0;
    if (alerts->now_us == INT64_MIN) return 0;
    for (uint32_t number = alerts->unwarmed_from; number < alerts->key_count && count < max; number++) {
        const rs__alert_key_t *key = &alerts->keys[number];
        for (uint32_t i = key->first + key->closed; i < key->first + key->count && count < max; i++) {
            const rs__alert_rule_t *rule = &alerts->rules[alerts->instances[i].rule];
            const rs_detect_state_t *state = unwarmed(alerts, &alerts->instances[i]);
            if (state == NULL) continue;
            found[count++] = (rs_alert_unwarmed_t){
                .rule = rule->config->name, .metric = rule->config->metric, .policy = rule->policy_name,
                .dimensions = alerts->dimensions[number], .every_us = rule->detect.every_us,
                .until_us = state->first_us != 0 ? state->first_us - rule->detect.every_us
                                                 : alerts->now_us - alerts->now_us % rule->detect.every_us};
        }
        if (count == 0) alerts->unwarmed_from = number + 1;
    }
    return count;
}

static bool is_asked_by(const rs__alert_rule_t *rule, const rs_warm_t *warm) {
    return rs_str_equal(rule->config->name, warm->rule) && rs_str_equal(rule->config->metric, warm->metric) &&
           rs_str_equal(rule->policy_name, warm->policy) && rule->detect.every_us == warm->every_us;
}

static void take_figures(rs_alerts_t *alerts, const rs__alert_rule_t *rule, rs_detect_state_t *state, const rs_warm_t *warm) {
    const rs_detect_feed_t feed = rs__alert_feed(alerts);
    for (uint32_t i = 0; i < warm->count && warm->figures[i].end_us <= alerts->now_us; i++) {
        const rs_warm_figure_t *from = &warm->figures[i];
        const rs_figure_t figure = {.value = from->value, .denominator = from->n};
        (void)rs_detect_warm(&feed, &rule->detect, from->end_us, &figure, state);
    }
    state->warmed = warm->is_last;
    if (state->warmed && state->first_us == 0) rs_reference_pause(&state->reference);
}

void rs_alerts_warm(rs_alerts_t *alerts, uint32_t number, const rs_warm_t *warm) {
    if (number >= alerts->key_count) return;
    const rs__alert_key_t *key = &alerts->keys[number];
    for (uint32_t i = key->first + key->closed; i < key->first + key->count; i++) {
        const rs__alert_rule_t *rule = &alerts->rules[alerts->instances[i].rule];
        rs_detect_state_t *state = unwarmed(alerts, &alerts->instances[i]);
        if (state != NULL && is_asked_by(rule, warm)) take_figures(alerts, rule, state, warm);
    }
}
