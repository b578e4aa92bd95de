/* What stands behind an alert, from the store; explain.h says what. */
#include "core/alert/alert_internal.h"

enum { DIMENSIONS = 3, PARTS_OF_STAGES = 2, STAGES = 3, KEYS_PER_LOOK = 16 };

/* Two windows of a key's: what is judged, and what it is a part of. */
typedef struct spans {
    uint32_t window, whole;
    double scale;            /* of counts: from what was before to the window's length; 0: not known */
} spans_t;

typedef struct question {
    rs_alerts_t *alerts;
    const rs__alert_rule_t *rule;
    const rs_key_t *key;
    rs_metric_t metric;
    rs_attribute_kind_t kind;
    spans_t spans;
} question_t;

/* --- what can be taken apart ---------------------------------------------------------------------------------------- */
static bool is_mean(rs_metric_t metric) { return metric == RS_METRIC_ASA || metric == RS_METRIC_AHT; }
static bool is_share(rs_metric_t metric) { return rs_metric_is_ratio(metric) && !rs_metric_is_forecast(metric); }

static bool is_count(rs_metric_t metric) {
    return !rs_metric_is_gauge(metric) && !rs_metric_is_ratio(metric) && !rs_metric_is_time(metric) && !rs_metric_is_score(metric);
}

static spans_t spans_of(const rs_alerts_t *alerts, uint32_t window) {
    const uint32_t longest = alerts->window_count - 1;
    spans_t spans = {.window = window, .whole = window < longest ? longest : (uint32_t)RS_WINDOW_TODAY};
    if (window < longest)
        spans.scale = (double)alerts->windows_us[window] / (double)(alerts->windows_us[longest] - alerts->windows_us[window]);
    return spans;
}

/* False: there is nothing to be taken apart. */
static bool ask(rs_alerts_t *alerts, uint32_t key, const rs__alert_rule_t *rule, question_t *question) {
    const rs_metric_t metric = rule->metric == RS_METRIC_PREDICTED_SERVICE_LEVEL ? RS_METRIC_SERVICE_LEVEL : rule->metric;
    if (rule->detect.detector >= RS_DETECTOR_NO_DATA || alerts->window_count == 0 || metric >= RS_METRIC_COUNT) return false;
    if (rule->gauge || rule->window_slot == RS_WINDOW_TODAY || (!is_share(metric) && !is_mean(metric) && !is_count(metric))) return false;
    if (rs__alert_has_policy(metric) && rule->policy_slot >= RS_MAX_POLICIES) return false;
    *question = (question_t){.alerts = alerts, .rule = rule, .key = &alerts->dimensions[key], .metric = metric,
                             .kind = is_share(metric) ? RS_ATTRIBUTE_SHARE : is_mean(metric) ? RS_ATTRIBUTE_MEAN : RS_ATTRIBUTE_COUNT,
                             .spans = spans_of(alerts, rule->window_slot)};
    return question->kind != RS_ATTRIBUTE_COUNT || question->spans.scale > 0;
}

/* --- one dimension -------------------------------------------------------------------------------------------------- */
static bool read_pair(const question_t *question, uint32_t key, const spans_t *spans, rs_figure_t *now, rs_figure_t *whole) {
    const rs_alerts_t *alerts = question->alerts;
    const rs__alert_rule_t *rule = question->rule;
    return rs_metric_read(alerts->store, key, spans->window, question->metric, rule->policy_slot, rule->open_miss_now, alerts->now_us,
                          now) == RS_OK &&
           rs_metric_read(alerts->store, key, spans->whole, question->metric, rule->policy_slot, rule->open_miss_now, alerts->now_us,
                          whole) == RS_OK;
}

static double at_least_zero(double value) { return value > 0 ? value : 0; }

static rs_attribute_element_t element_of(const question_t *question, const spans_t *spans, const rs_figure_t *now,
                                         const rs_figure_t *whole) {
    if (question->kind == RS_ATTRIBUTE_COUNT) {
        const double count = now->is_null ? 0 : now->value;
        return (rs_attribute_element_t){.actual_a = count,
                                        .expected_a = whole->is_null ? 0 : spans->scale * at_least_zero(whole->value - count)};
    }
    const rs_figure_t none = {0}, *n = now->is_null ? &none : now, *w = whole->is_null ? &none : whole;
    return (rs_attribute_element_t){.actual_a = (double)n->numerator, .actual_b = (double)n->denominator,
                                    .expected_a = at_least_zero((double)(w->numerator - n->numerator)),
                                    .expected_b = at_least_zero((double)(w->denominator - n->denominator))};
}

static bool is_of(const question_t *question, const rs_key_t *key, unsigned family) {
    if (key->family != family || !rs_str_equal(key->tenant, question->key->tenant)) return false;
    return question->key->family != RS_FAMILY_CHANNEL || key->channel == question->key->channel;
}

static void add_element(rs_alerts_t *alerts, uint32_t *count, uint32_t key, const rs_attribute_element_t *element) {
    if (element->actual_a == 0 && element->actual_b == 0 && element->expected_a == 0 && element->expected_b == 0) return;
    if (*count < RS_EXPLAIN_ELEMENTS) {
        alerts->elements[*count] = *element;
        alerts->element_keys[(*count)++] = key;
        return;
    }
    rs_attribute_element_t *others = &alerts->elements[RS_EXPLAIN_ELEMENTS - 1];
    alerts->element_keys[RS_EXPLAIN_ELEMENTS - 1] = UINT32_MAX;
    others->actual_a += element->actual_a;
    others->actual_b += element->actual_b;
    others->expected_a += element->expected_a;
    others->expected_b += element->expected_b;
}

/* Teams have fewer windows. */
static bool read_element(const question_t *question, uint32_t key, unsigned family, rs_attribute_element_t *element) {
    rs_figure_t now, whole;
    spans_t spans = question->spans;
    if (family == RS_FAMILY_TEAM) spans = spans_of(question->alerts, question->alerts->window_count - 1);
    if (question->kind == RS_ATTRIBUTE_COUNT && spans.scale <= 0) return false;
    if (!read_pair(question, key, &spans, &now, &whole)) return false;
    *element = element_of(question, &spans, &now, &whole);
    return true;
}

/* What was before, at the volume of now; of a share of which nothing was before: as the limit says. Returns what was before,
 * in volumes of now. */
static double scale_expected(const question_t *question, uint32_t count) {
    rs_attribute_element_t *elements = question->alerts->elements;
    double actual = 0, expected = 0;
    if (question->kind == RS_ATTRIBUTE_COUNT) return 1 / question->spans.scale;
    for (uint32_t i = 0; i < count; i++) {
        actual += elements[i].actual_b;
        expected += elements[i].expected_b;
    }
    const bool known = expected > 0;
    for (uint32_t i = 0; i < count; i++) {
        elements[i].expected_a = known ? elements[i].expected_a * actual / expected : question->rule->limit * elements[i].actual_b;
        elements[i].expected_b = known ? elements[i].expected_b * actual / expected : elements[i].actual_b;
    }
    return actual > 0 ? expected / actual : 0;
}

/* Of one key nothing can be told apart. */
static bool has_two(const question_t *question, unsigned family) {
    const rs_alerts_t *alerts = question->alerts;
    uint32_t found = 0;
    for (uint32_t key = 0; key < alerts->key_count && found < 2; key++)
        found += alerts->keys[key].known && is_of(question, &alerts->dimensions[key], family);
    return found == 2;
}

static uint32_t gather(const question_t *question, unsigned family, rs_attribute_measure_t *measure) {
    rs_alerts_t *alerts = question->alerts;
    uint32_t count = 0;
    alerts->explained += alerts->key_count / KEYS_PER_LOOK;
    if (!has_two(question, family)) return 0;
    for (uint32_t key = 0; key < alerts->key_count; key++) {
        rs_attribute_element_t element;
        if (!alerts->keys[key].known || !is_of(question, &alerts->dimensions[key], family)) continue;
        alerts->explained += 2;
        if (read_element(question, key, family, &element)) add_element(alerts, &count, key, &element);
    }
    *measure = (rs_attribute_measure_t){.kind = question->kind, .before = scale_expected(question, count)};
    return count;
}

/* --- parts ---------------------------------------------------------------------------------------------------------- */
typedef struct dimension {
    uint32_t count;
    double surprise;         /* of the first part */
    rs_explain_part_t parts[RS_EXPLAIN_PARTS];
    rs_str_t names[RS_EXPLAIN_PARTS];
} dimension_t;

static rs_explain_part_t part_of(const rs_attribute_element_t *element, const rs_attribute_part_t *found, unsigned by) {
    return (rs_explain_part_t){.by = (uint8_t)by, .share = found->power, .surprise = found->surprise, .numerator = element->actual_a,
                               .denominator = element->actual_b, .expected_numerator = element->expected_a,
                               .expected_denominator = element->expected_b};
}

static rs_str_t name_of(const rs_alerts_t *alerts, uint32_t key, unsigned family) {
    if (key == UINT32_MAX) return RS_STR("others");
    return family == RS_FAMILY_CHANNEL ? rs_str(rs_channel_name(alerts->dimensions[key].channel)) : alerts->dimensions[key].name;
}

static bool is_to_the_rules_side(const rs_alert_transition_t *transition, double deviation) {
    return transition->compare == RS_ALERT_BELOW ? deviation < 0 : deviation > 0;
}

/* What is told apart by a dimension; of one element nothing is. Its first part speaks for it: a channel's queues together are always as
 * surprising as the channel. */
static void find_dimension(const question_t *question, const rs_alert_transition_t *transition, unsigned by, dimension_t *dimension) {
    static const uint8_t families[] = {RS_FAMILY_QUEUE, RS_FAMILY_CHANNEL, RS_FAMILY_TEAM};
    rs_attribute_part_t found_parts[RS_EXPLAIN_PARTS];
    const rs_alerts_t *alerts = question->alerts;
    rs_attribute_measure_t measure = {0};
    const uint32_t count = gather(question, families[by], &measure);
    *dimension = (dimension_t){0};
    if (count < 2) return;
    const rs_attribute_found_t found = rs_attribute(alerts->elements, count, &measure, found_parts, RS_EXPLAIN_PARTS - PARTS_OF_STAGES);
    if (!is_to_the_rules_side(transition, found.deviation)) return;
    dimension->count = found.count;
    dimension->surprise = found.count > 0 ? found_parts[0].surprise : 0;
    for (uint32_t i = 0; i < found.count; i++) {
        dimension->parts[i] = part_of(&alerts->elements[found_parts[i].element], &found_parts[i], by);
        dimension->names[i] = name_of(alerts, alerts->element_keys[found_parts[i].element], families[by]);
    }
}

static void add_parts(rs_alert_transition_t *transition, const dimension_t *dimension) {
    rs_explanation_t *explanation = &transition->explanation;
    for (uint32_t i = 0; i < dimension->count && explanation->part_count < RS_EXPLAIN_PARTS; i++) {
        transition->part_names[explanation->part_count] = dimension->names[i];
        explanation->parts[explanation->part_count++] = dimension->parts[i];
    }
}

/* Of a channel's alert only its queues; else every dimension, the clearest first. */
static void find_dimensions(const question_t *question, rs_alert_transition_t *transition) {
    dimension_t dimensions[DIMENSIONS];
    const uint32_t count = question->key->family == RS_FAMILY_CHANNEL ? 1 : DIMENSIONS;
    for (unsigned by = 0; by < count; by++) find_dimension(question, transition, by, &dimensions[by]);
    for (uint32_t taken = 0; taken < count; taken++) {
        uint32_t best = 0;
        for (uint32_t i = 1; i < count; i++)
            if (dimensions[i].surprise > dimensions[best].surprise) best = i;
        add_parts(transition, &dimensions[best]);
        dimensions[best] = (dimension_t){.surprise = -1};
    }
}

/* --- stages --------------------------------------------------------------------------------------------------------- */
static bool read_stages(const question_t *question, uint32_t key, uint32_t window, double misses[STAGES], double *legs) {
    static const rs_count_t which[] = {RS_COUNT_ANSWERED, RS_COUNT_ANSWERED_IN_T, RS_COUNT_ABANDONED, RS_COUNT_ABANDONED_SHORT};
    int64_t counts[RS_ARRAY_LEN(which)];
    rs_window_gauges_t gauges = {0};
    const rs_alerts_t *alerts = question->alerts;
    if (rs_window_read_counts(alerts->store, key, window, which, RS_ARRAY_LEN(which), counts) != RS_OK) return false;
    if (question->rule->open_miss_now && rs_window_read_gauges(alerts->store, key, &gauges) != RS_OK) return false;
    misses[0] = (double)(counts[0] - counts[1]);
    misses[1] = (double)(counts[2] - counts[3]);
    misses[2] = (double)gauges.open_miss[question->rule->policy_slot];
    *legs = (double)(counts[0] + counts[2]) + misses[2];
    return true;
}

/* The key's own misses, against what they were before. Who waits now did not wait then. */
static void find_stages(const question_t *question, uint32_t key, rs_alert_transition_t *transition) {
    static const char *const names[STAGES] = {"answered late", "abandoned", "waits past T"};
    rs_attribute_element_t elements[STAGES];
    rs_attribute_part_t found_parts[PARTS_OF_STAGES];
    dimension_t stages = {0};
    double now[STAGES], whole[STAGES], legs, all_legs;
    if (question->metric != RS_METRIC_SERVICE_LEVEL || !read_stages(question, key, question->spans.window, now, &legs) ||
        !read_stages(question, key, question->spans.whole, whole, &all_legs)) {
        return;
    }
    whole[2] = now[2];
    const double before = all_legs - legs, scale = before > 0 ? legs / before : 0;
    for (uint32_t i = 0; i < STAGES; i++)
        elements[i] = (rs_attribute_element_t){.actual_a = now[i], .actual_b = legs, .expected_a = scale * at_least_zero(whole[i] - now[i]),
                                               .expected_b = legs};
    const rs_attribute_measure_t measure = {.kind = RS_ATTRIBUTE_COUNT, .before = legs > 0 ? at_least_zero(before) / legs : 0};
    const rs_attribute_found_t found = rs_attribute(elements, STAGES, &measure, found_parts, PARTS_OF_STAGES);
    if (found.deviation <= 0) return;
    for (uint32_t i = 0; i < found.count; i++) {
        stages.parts[i] = part_of(&elements[found_parts[i].element], &found_parts[i], RS_EXPLAIN_BY_STAGE);
        stages.names[i] = rs_str(names[found_parts[i].element]);
    }
    stages.count = found.count;
    add_parts(transition, &stages);
}

/* --- next, recent --------------------------------------------------------------------------------------------------- */
static void look_ahead(const rs_alerts_t *alerts, uint32_t key, const rs__alert_rule_t *rule, rs_explanation_t *explanation) {
    rs_window_prediction_t prediction;
    rs_figure_t level;
    const uint32_t policy = rs__alert_has_policy(rule->metric) && rule->policy_slot < RS_MAX_POLICIES ? rule->policy_slot : 0;
    const uint32_t window = rule->gauge || rule->class == RS__CLASS_TIMED ? 0 : rule->window_slot;
    if (alerts->dimensions[key].family != RS_FAMILY_QUEUE) return;
    if (rs_window_read_prediction(alerts->store, key, &prediction) != RS_OK || prediction.reason != RS_PREDICTION_GIVEN) return;
    explanation->has_wait = true;
    explanation->wait_us = prediction.estimated_wait_us;
    if (rs_metric_read(alerts->store, key, window, RS_METRIC_PREDICTED_SERVICE_LEVEL, policy, false, alerts->now_us, &level) != RS_OK)
        return;
    explanation->has_level = !level.is_null;
    explanation->level = level.is_null ? 0 : level.value;
}

void rs__alert_recall(const rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance, rs_alert_transition_t *transition) {
    const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
    rs_explanation_t *explanation = &transition->explanation;
    const rs_recent_t recent = rs__alert_recent_of(alerts, key, (uint32_t)(instance - alerts->instances));
    explanation->each_us = recent.known != 0 ? rs__alert_recent_us(rule) : 0;
    explanation->recent_known = recent.known;
    memcpy(explanation->recent, recent.values, sizeof explanation->recent);
    look_ahead(alerts, key, rule, explanation);
}

void rs__alert_explain(rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance, rs_alert_transition_t *transition) {
    const int64_t second = alerts->now_us / RS_US_PER_S;
    question_t question;
    rs__alert_recall(alerts, key, instance, transition);
    if (!ask(alerts, key, &alerts->rules[instance->rule], &question)) return;
    if (second != alerts->explained_s) alerts->explained = 0;
    alerts->explained_s = second;
    if (alerts->explained >= RS_EXPLAIN_LOOKS) return;
    find_stages(&question, key, transition);
    find_dimensions(&question, transition);
}
