/* What Alertmanager's forms say of an alert: labels say which, annotations how it is. */
#include "config/metric_names.h"
#include "feed/message.h"

#include <inttypes.h>
#include <stdio.h>

/* --- labels ------------------------------------------------------------------------------------------------------- */
static void add(rs_message_label_t *labels, uint32_t *count, const char *name, rs_str_t value) {
    if (value.len > 0) labels[(*count)++] = (rs_message_label_t){name, value};
}

uint32_t rs_message_labels(const rs_message_frame_t *frame, const rs_alert_transition_t *transition, char *key, size_t key_size,
                           rs_message_label_t labels[RS_MESSAGE_LABELS]) {
    const rs_key_t *dimensions = &transition->dimensions;
    size_t key_len = 0;
    uint32_t count = 0;

    if (rs_feed_format_key(dimensions, key, key_size, &key_len) != RS_OK) key_len = 0;
    add(labels, &count, "alertname", transition->rule_name);
    add(labels, &count, "channel", dimensions->channel == 0 ? (rs_str_t){0} : rs_str(rs_channel_name(dimensions->channel)));
    add(labels, &count, "family", rs_str(rs_feed_family_name(dimensions->family)));
    add(labels, &count, "instance", rs_str(frame->instance));
    add(labels, &count, "key", (rs_str_t){key, (uint32_t)key_len});
    add(labels, &count, "queue", dimensions->family == RS_FAMILY_QUEUE ? dimensions->name : (rs_str_t){0});
    add(labels, &count, "service", RS_STR("ringside"));
    add(labels, &count, "severity", rs_str(rs_alert_severity_name(transition->severity)));
    add(labels, &count, "team", dimensions->family == RS_FAMILY_TEAM ? dimensions->name : (rs_str_t){0});
    add(labels, &count, "tenant", dimensions->tenant);
    return count;
}

static uint64_t hash_bytes(uint64_t sum, const char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
    return (sum ^ 0xFF) * UINT64_C(1099511628211);
}

uint64_t rs_message_fingerprint(const rs_message_label_t *labels, uint32_t count) {
    uint64_t sum = UINT64_C(14695981039346656037);

    for (uint32_t i = 0; i < count; i++) {
        sum = hash_bytes(sum, labels[i].name, strlen(labels[i].name));
        sum = hash_bytes(sum, labels[i].value.data, labels[i].value.len);
    }
    return sum;
}

void rs_message_write_labels(rs_json_t *json, const char *name, const rs_message_label_t *labels, uint32_t count) {
    rs_json_begin(json, name);
    for (uint32_t i = 0; i < count; i++) rs_json_string(json, labels[i].name, labels[i].value);
    rs_json_end(json);
}

/* --- in words ------------------------------------------------------------------------------------------------------ */
static void figure_text(rs_str_t metric, double value, char text[48]) {
    rs_metric_unit_t unit = RS_UNIT_COUNT;

    (void)rs_config_metric_known(metric, &unit);
    if (unit == RS_UNIT_RATIO || unit == RS_UNIT_GAUGE_RATIO)
        (void)snprintf(text, 48, "%.4g %%", value * 100);
    else if (unit == RS_UNIT_TIME || unit == RS_UNIT_GAUGE_TIME)
        (void)snprintf(text, 48, "%.4g s", value / 1000);
    else
        (void)snprintf(text, 48, "%.6g", value);
}

void rs_message_summary(const rs_alert_transition_t *transition, char text[RS_MESSAGE_TEXT]) {
    const rs_figure_t *figure = &transition->figure;
    char key[RS_FEED_MAX_KEY_TEXT], value[48] = "no figure", limit[48], of[64] = "", window[RS_MAX_NAME + 8] = "";
    size_t key_len = 0;

    if (rs_feed_format_key(&transition->dimensions, key, sizeof(key), &key_len) != RS_OK) key_len = 0;
    figure_text(transition->metric, transition->limit, limit);
    if (!figure->is_null) figure_text(transition->metric, figure->value, value);
    if (!figure->is_null && figure->denominator != 0)
        (void)snprintf(of, sizeof(of), ", %" PRId64 " of %" PRId64, figure->numerator, figure->denominator);
    if (transition->window.len > 0)
        (void)snprintf(window, sizeof(window), " (%.*s)", (int)transition->window.len, transition->window.data);
    (void)snprintf(text, RS_MESSAGE_TEXT, "%.*s: %.*s %.*s%s %s%s; limit %s %s", (int)transition->rule_name.len,
                   transition->rule_name.data, (int)key_len, key, (int)transition->metric.len, transition->metric.data, window,
                   value, of, transition->compare == RS_ALERT_ABOVE ? "above" : "below", limit);
    char words[RS_EXPLAIN_WORDS];
    const size_t len = strlen(text);
    rs_explanation_words(&transition->explanation, transition->part_names, words);
    (void)snprintf(text + len, RS_MESSAGE_TEXT - len, "%s", words);
}

/* --- annotations ---------------------------------------------------------------------------------------------------- */
static void write_number(rs_json_t *json, const char *name, double value) {
    char text[40];
    (void)snprintf(text, sizeof(text), "%.15g", value);
    rs_json_string(json, name, rs_str(text));
}

static void write_integer(rs_json_t *json, const char *name, int64_t value) {
    char text[24];
    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    rs_json_string(json, name, rs_str(text));
}

static void write_text(rs_json_t *json, const char *name, rs_str_t text) {
    if (text.len > 0) rs_json_string(json, name, text);
}

void rs_message_write_annotations(rs_json_t *json, const char *name, const rs_alert_transition_t *transition) {
    const rs_figure_t *figure = &transition->figure;
    char summary[RS_MESSAGE_TEXT], episode[32];

    rs_message_summary(transition, summary);
    rs_feed_format_episode(transition->episode, episode);
    rs_json_begin(json, name);
    rs_json_string(json, "summary", rs_str(summary));
    rs_json_string(json, "episode", rs_str(episode));
    write_text(json, "metric", transition->metric);
    write_text(json, "window", transition->window);
    write_text(json, "policy", transition->policy);
    if (!figure->is_null) write_number(json, "value", figure->value);
    if (!figure->is_null && figure->denominator != 0) {
        write_integer(json, "numerator", figure->numerator);
        write_integer(json, "denominator", figure->denominator);
    }
    rs_json_string(json, "compare", transition->compare == RS_ALERT_ABOVE ? RS_STR("above") : RS_STR("below"));
    write_number(json, "limit", transition->limit);
    rs_json_string(json, "detector", rs_str(rs_config_detector_name(transition->detector)));
    if (transition->detector != RS_DETECTOR_THRESHOLD) write_number(json, "baseline", transition->baseline);
    if (transition->acknowledged) write_text(json, "acknowledged_by", transition->who);
    write_text(json, "cause", transition->cause);
    write_text(json, "action", transition->action);
    write_text(json, "owner", transition->owner);
    rs_json_time(json, "started_at", transition->started_us);
    write_text(json, "runbook_url", transition->runbook);
    rs_json_end(json);
}
