#include "cli/feed_body.h"

#include "event/event.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

/* No count and no sum of milliseconds is beyond this: thousands of sums stay far from overflowing. */
#define MOST INT64_C(1000000000000000)

/* The first thing that is wrong stops nothing; it is asked for at the end. */
typedef struct reader {
    bool is_wrong;
} reader_t;

static const json_t *member(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

static void read_text(reader_t *reader, const json_t *object, const char *name, char *text, size_t size) {
    const json_t *value = member(object, name);
    text[0] = '\0';
    if (value == NULL) return;
    if (!json_is_string(value) || json_string_length(value) >= size)
        reader->is_wrong = true;
    else
        memcpy(text, json_string_value(value), json_string_length(value) + 1);
}

static void read_name(reader_t *reader, const json_t *object, const char *name, char *text, size_t size) {
    read_text(reader, object, name, text, size);
    if (text[0] == '\0') reader->is_wrong = true;
}

static int64_t read_integer(reader_t *reader, const json_t *object, const char *name, int64_t otherwise) {
    const json_t *value = member(object, name);
    if (value == NULL) return otherwise;
    if (json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= MOST)
        return json_integer_value(value);
    reader->is_wrong = true;
    return otherwise;
}

static bool read_number(reader_t *reader, const json_t *object, const char *name, double *number) {
    const json_t *value = member(object, name);
    *number = 0;
    if (value == NULL) return false;
    if (!json_is_number(value) || fabs(json_number_value(value)) > (double)MOST)
        reader->is_wrong = true;
    else
        *number = json_number_value(value);
    return true;
}

static bool read_flag(reader_t *reader, const json_t *object, const char *name) {
    const json_t *value = member(object, name);
    if (value != NULL && !json_is_boolean(value)) reader->is_wrong = true;
    return json_is_true(value);
}

static int64_t read_time(reader_t *reader, const json_t *object, const char *name) {
    const json_t *value = member(object, name);
    int64_t at_us = 0;
    if (value == NULL) return 0;
    if (!json_is_string(value) ||
        rs_event_parse_time((rs_str_t){json_string_value(value), (uint32_t)json_string_length(value)}, &at_us) !=
            RS_OK) {
        reader->is_wrong = true;
    }
    return at_us;
}

static void read_key(reader_t *reader, const json_t *root, rs_body_key_t *key) {
    static const char *const families[RS_FAMILY_COUNT] = {"queue", "channel", "total", "agent", "team"};
    char family[RS_BODY_WORD];

    read_name(reader, root, "tenant", key->tenant, sizeof key->tenant);
    read_name(reader, root, "key", key->text, sizeof key->text);
    read_name(reader, root, "family", family, sizeof family);
    key->family = RS_FAMILY_COUNT;
    for (unsigned i = 0; i < RS_FAMILY_COUNT; i++) {
        if (strcmp(family, families[i]) == 0) key->family = (rs_key_family_t)i;
    }
    read_text(reader, root, key->family == RS_FAMILY_TEAM ? "team" : "queue", key->name, sizeof key->name);
    read_text(reader, root, "channel", key->channel, sizeof key->channel);
}

static json_t *parse(rs_str_t body) {
    if (body.len > RS_BODY_MAX) return NULL;
    json_t *root = json_loadb(body.data, body.len, 0, NULL);
    if (json_is_object(root)) return root;
    json_decref(root);
    return NULL;
}

/* --- labels ------------------------------------------------------------------------------------------------------- */
void rs_body_queue_label(const rs_body_key_t *key, bool with_tenant, char label[RS_KEY_LABEL]) {
    const char *name = key->name[0] != '\0' ? key->name : "(direct)";
    snprintf(label, RS_KEY_LABEL, "%s%s%s", with_tenant ? key->tenant : "", with_tenant ? ": " : "", name);
}

void rs_body_key_label(const rs_body_key_t *key, bool with_tenant, char label[RS_KEY_LABEL]) {
    const char *tenant = with_tenant ? key->tenant : "", *colon = with_tenant ? ": " : "";
    switch (key->family) {
        case RS_FAMILY_QUEUE: {
            rs_body_queue_label(key, with_tenant, label);
            const size_t len = strlen(label);
            snprintf(label + len, RS_KEY_LABEL - len, "/%s", key->channel);
            return;
        }
        case RS_FAMILY_CHANNEL: snprintf(label, RS_KEY_LABEL, "%s%schannel %s", tenant, colon, key->channel); return;
        case RS_FAMILY_TOTAL: snprintf(label, RS_KEY_LABEL, "%s%stotal", tenant, colon); return;
        case RS_FAMILY_TEAM: snprintf(label, RS_KEY_LABEL, "%s%steam %s", tenant, colon, key->name); return;
        case RS_FAMILY_AGENT:
        case RS_FAMILY_COUNT: break;
    }
    snprintf(label, RS_KEY_LABEL, "%s%s%.*s", tenant, colon, (int)RS_MAX_NAME, key->text);
}

/* --- alerts ------------------------------------------------------------------------------------------------------- */
static unsigned read_severity(reader_t *reader, const json_t *root) {
    char text[RS_BODY_WORD];
    read_name(reader, root, "severity", text, sizeof text);
    for (unsigned severity = RS_SEVERITY_INFO; severity <= RS_SEVERITY_CRITICAL; severity++) {
        if (strcmp(text, rs_alert_severity_name(severity)) == 0) return severity;
    }
    reader->is_wrong = true;
    return RS_SEVERITY_INFO;
}

static unsigned read_state(reader_t *reader, const json_t *root, const char *name) {
    char text[RS_BODY_WORD];
    read_name(reader, root, name, text, sizeof text);
    for (unsigned state = 0; state < RS_ALERT_STATE_COUNT; state++) {
        if (strcmp(text, rs_alert_state_name(state)) == 0) return state;
    }
    reader->is_wrong = true;
    return RS_ALERT_OK;
}

int rs_body_read_alert(rs_str_t body, rs_alert_body_t *alert) {
    reader_t reader = {0};
    char compare[RS_BODY_WORD], detector[RS_BODY_WORD];
    json_t *root = parse(body);

    if (root == NULL) return RS_ERR_PARSE;
    read_name(&reader, root, "episode", alert->episode, sizeof alert->episode);
    read_name(&reader, root, "rule", alert->rule, sizeof alert->rule);
    alert->severity = (uint8_t)read_severity(&reader, root);
    alert->from = (uint8_t)read_state(&reader, root, "from");
    alert->state = (uint8_t)read_state(&reader, root, "state");
    alert->at_us = read_time(&reader, root, "at");
    alert->started_us = read_time(&reader, root, "started_at");
    alert->fired_us = read_time(&reader, root, "fired_at");
    read_key(&reader, root, &alert->key);
    read_text(&reader, root, "metric", alert->metric, sizeof alert->metric);
    read_text(&reader, root, "window", alert->window, sizeof alert->window);
    read_text(&reader, root, "policy", alert->policy, sizeof alert->policy);
    alert->has_value = read_number(&reader, root, "value", &alert->value);
    read_number(&reader, root, "limit", &alert->limit);
    read_number(&reader, root, "clear", &alert->clear);
    alert->numerator = read_integer(&reader, root, "numerator", 0);
    alert->denominator = read_integer(&reader, root, "denominator", 0);
    read_text(&reader, root, "compare", compare, sizeof compare);
    read_text(&reader, root, "detector", detector, sizeof detector);
    alert->is_of_threshold = detector[0] == '\0' || strcmp(detector, "threshold") == 0;
    alert->is_above = strcmp(compare, "above") == 0;
    alert->is_acknowledged = read_flag(&reader, root, "acknowledged");
    alert->is_silenced = read_flag(&reader, root, "silenced");
    alert->is_inhibited = read_flag(&reader, root, "inhibited");
    read_text(&reader, root, "act", alert->act, sizeof alert->act);
    read_text(&reader, root, "by", alert->by, sizeof alert->by);
    read_text(&reader, root, "text", alert->text, sizeof alert->text);
    json_decref(root);
    return reader.is_wrong || alert->at_us == 0 ? RS_ERR_PARSE : RS_OK;
}

/* --- windows ------------------------------------------------------------------------------------------------------ */
static void read_shares(reader_t *reader, const json_t *window, rs_body_window_t *out) {
    const char *name;
    json_t *policy;
    json_object_foreach((json_t *)member(window, "service_level"), name, policy) {
        if (out->policy_count == RS_MAX_POLICIES) return;
        if (strlen(name) > RS_MAX_NAME || !json_is_object(policy)) {
            reader->is_wrong = true;
            return;
        }
        strcpy(out->policies[out->policy_count], name);
        out->shares[out->policy_count++] =
            (rs_body_share_t){.numerator = read_integer(reader, policy, "numerator", 0),
                              .denominator = read_integer(reader, policy, "denominator", 0)};
    }
}

static void read_window(reader_t *reader, const char *name, const json_t *window, rs_body_window_t *out) {
    const json_t *waits = member(window, "wait_ms");
    *out = (rs_body_window_t){0};
    if (strlen(name) >= sizeof out->name || !json_is_object(window)) {
        reader->is_wrong = true;
        return;
    }
    strcpy(out->name, name);
    out->figures = (rs_body_figures_t){.offered = read_integer(reader, window, "offered", 0),
                                       .answered = read_integer(reader, window, "answered", 0),
                                       .abandoned = read_integer(reader, window, "abandoned", 0),
                                       .flowed_out = read_integer(reader, window, "flowed_out", 0),
                                       .handled = read_integer(reader, window, "handled", 0),
                                       .answered_wait_ms = read_integer(reader, waits, "answered_sum", 0),
                                       .handle_ms = read_integer(reader, window, "talk_ms_sum", 0) +
                                                    read_integer(reader, window, "hold_ms_sum", 0) +
                                                    read_integer(reader, window, "wrap_ms_sum", 0),
                                       .p90_ms = read_integer(reader, waits, "p90", -1)};
    read_shares(reader, window, out);
}

static void read_targets(reader_t *reader, const json_t *root, rs_window_body_t *window) {
    const char *name;
    json_t *policy;
    json_object_foreach((json_t *)member(root, "policies"), name, policy) {
        double target = 0;
        if (strlen(name) > RS_MAX_NAME || !json_is_object(policy)) {
            reader->is_wrong = true;
            return;
        }
        if (window->target_count == RS_MAX_POLICIES) return;
        if (!read_number(reader, policy, "target", &target)) continue;
        if (!(target > 0 && target < 1)) reader->is_wrong = true;
        strcpy(window->targets[window->target_count].policy, name);
        window->targets[window->target_count++].target = target;
    }
}

int rs_body_read_window(rs_str_t body, rs_window_body_t *window) {
    reader_t reader = {0};
    const char *name;
    json_t *value, *root = parse(body);

    if (root == NULL) return RS_ERR_PARSE;
    read_key(&reader, root, &window->key);
    window->at_us = read_time(&reader, root, "at");
    window->waiting = read_integer(&reader, root, "waiting", 0);
    window->open_over_t = read_integer(&reader, root, "open_over_t", 0);
    window->talking = read_integer(&reader, root, "talking", 0);
    window->oldest_wait_ms = read_integer(&reader, root, "oldest_wait_ms", -1);
    window->threshold_ms = read_integer(&reader, root, "threshold_ms", -1);
    window->target_count = 0;
    read_targets(&reader, root, window);
    window->window_count = 0;
    json_object_foreach((json_t *)member(root, "windows"), name, value) {
        if (window->window_count < RS_BODY_WINDOWS)
            read_window(&reader, name, value, &window->windows[window->window_count++]);
    }
    json_decref(root);
    return reader.is_wrong || window->at_us == 0 ? RS_ERR_PARSE : RS_OK;
}

int rs_body_read_heartbeat(rs_str_t body, int64_t *at_us) {
    reader_t reader = {0};
    json_t *root = parse(body);
    if (root == NULL) return RS_ERR_PARSE;
    const int64_t read_us = read_time(&reader, root, "at");
    json_decref(root);
    if (reader.is_wrong || read_us == 0) return RS_ERR_PARSE;
    *at_us = read_us;
    return RS_OK;
}
