#include "feed/format.h"

#include "core/figure.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* --- keys and topics ---------------------------------------------------------------------------------------------- */

const char *rs_feed_family_name(unsigned family) {
    static const char *const names[] = {"queue", "channel", "total", "agent", "team"};
    static_assert(RS_ARRAY_LEN(names) == RS_FAMILY_COUNT, "every family has a name");
    return family < RS_FAMILY_COUNT ? names[family] : "unknown";
}

typedef struct text_out {
    char *text;
    size_t size, len;
    bool overflow;
} text_out_t;

static void put(text_out_t *out, const char *bytes, size_t len) {
    if (out->overflow || len > out->size - out->len) {
        out->overflow = true;
        return;
    }
    memcpy(out->text + out->len, bytes, len);
    out->len += len;
}

static void put_text(text_out_t *out, const char *text) { put(out, text, strlen(text)); }

static bool is_unreserved(unsigned char byte) {
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
           byte == '.' || byte == '_' || byte == '-' || byte == '~' || byte >= 0x80;
}

static void put_encoded(text_out_t *out, rs_str_t name) {
    static const char digits[] = "0123456789ABCDEF";

    for (uint32_t i = 0; i < name.len; i++) {
        const unsigned char byte = (unsigned char)name.data[i];
        const char escaped[3] = {'%', digits[byte >> 4], digits[byte & 15]};
        if (is_unreserved(byte))
            put(out, &name.data[i], 1);
        else
            put(out, escaped, sizeof(escaped));
    }
}

static void put_key(text_out_t *out, const rs_key_t *key) {
    put_text(out, rs_feed_family_name(key->family));
    if (key->family == RS_FAMILY_QUEUE || key->family == RS_FAMILY_AGENT || key->family == RS_FAMILY_TEAM) {
        put_text(out, "/");
        put_encoded(out, key->name);
    }
    if (key->family == RS_FAMILY_QUEUE || key->family == RS_FAMILY_CHANNEL) {
        put_text(out, "/");
        put_text(out, rs_channel_name(key->channel));
    }
}

static int finish(const text_out_t *out, size_t *len) {
    if (out->overflow) return RS_ERR_FULL;
    *len = out->len;
    return RS_OK;
}

int rs_feed_format_key(const rs_key_t *key, char *text, size_t size, size_t *len) {
    text_out_t out = {.text = text, .size = size};

    put_key(&out, key);
    return finish(&out, len);
}

int rs_feed_format_topic(const char *stream, const rs_key_t *key, char *text, size_t size, size_t *len) {
    text_out_t out = {.text = text, .size = size};

    put_text(&out, stream);
    put_text(&out, "/");
    put_encoded(&out, key->tenant);
    put_text(&out, "/");
    put_key(&out, key);
    return finish(&out, len);
}

/* The key's members, the same in every body. */
static void write_dimensions(rs_json_t *json, const rs_key_t *key) {
    char text[RS_FEED_MAX_KEY_TEXT];
    size_t len = 0;

    if (rs_feed_format_key(key, text, sizeof(text), &len) != RS_OK) json->overflow = true;
    rs_json_string(json, "tenant", key->tenant);
    rs_json_string(json, "key", (rs_str_t){text, (uint32_t)len});
    rs_json_string(json, "family", rs_str(rs_feed_family_name(key->family)));
    rs_json_string_or_null(json, "queue", key->family == RS_FAMILY_QUEUE ? key->name : (rs_str_t){0});
    rs_json_string_or_null(json, "team", key->family == RS_FAMILY_TEAM ? key->name : (rs_str_t){0});
    rs_json_string_or_null(json, "channel", key->channel == 0 ? (rs_str_t){0} : rs_str(rs_channel_name(key->channel)));
}

static int finish_body(const rs_json_t *json, size_t *len) {
    if (json->overflow) return RS_ERR_FULL;
    *len = json->len;
    return RS_OK;
}

/* --- alerts ------------------------------------------------------------------------------------------------------- */

static void write_figure(rs_json_t *json, const rs_figure_t *figure) {
    if (figure->is_null)
        rs_json_null(json, "value");
    else
        rs_json_number(json, "value", figure->value);
    if (figure->is_null || figure->denominator == 0) {
        rs_json_null(json, "numerator");
        rs_json_null(json, "denominator");
    } else {
        rs_json_integer(json, "numerator", figure->numerator);
        rs_json_integer(json, "denominator", figure->denominator);
    }
}

void rs_feed_format_episode(uint64_t episode, char text[32]) {
    (void)snprintf(text, 32, "%" PRIu32 "-%" PRIu32, (uint32_t)(episode >> 32), (uint32_t)episode);
}

static void write_time_or_null(rs_json_t *json, const char *name, int64_t at_us) {
    if (at_us == 0)
        rs_json_null(json, name);
    else
        rs_json_time(json, name, at_us);
}

static void write_people(rs_json_t *json, const rs_alert_transition_t *transition) {
    const bool has_act = transition->act != RS_COMMAND_NONE;

    rs_json_string_or_null(json, "act", has_act ? rs_str(rs_command_name(transition->act)) : (rs_str_t){0});
    rs_json_bool(json, "acknowledged", transition->acknowledged);
    rs_json_string_or_null(json, "by", transition->who);
    rs_json_string_or_null(json, "text", transition->text);
    write_time_or_null(json, "until", transition->until_us);
    rs_json_string_or_null(json, "owner", transition->owner);
    write_time_or_null(json, "due", transition->due_us);
    rs_json_string_or_null(json, "cause", transition->cause);
    rs_json_string_or_null(json, "action", transition->action);
    rs_json_bool(json, "silenced", (transition->hush & RS_HUSH_SILENCED) != 0);
    rs_json_bool(json, "inhibited", (transition->hush & RS_HUSH_INHIBITED) != 0);
}

void rs_feed_write_alert(rs_json_t *json, const rs_alert_transition_t *transition) {
    char episode[32];

    rs_feed_format_episode(transition->episode, episode);
    rs_json_string(json, "episode", rs_str(episode));
    rs_json_string(json, "rule", transition->rule_name);
    rs_json_string(json, "severity", rs_str(rs_alert_severity_name(transition->severity)));
    rs_json_string(json, "from", rs_str(rs_alert_state_name(transition->from)));
    rs_json_string(json, "state", rs_str(rs_alert_state_name(transition->to)));
    rs_json_time(json, "at", transition->at_us);
    rs_json_time(json, "started_at", transition->started_us);
    if (transition->fired_us == 0)
        rs_json_null(json, "fired_at");
    else
        rs_json_time(json, "fired_at", transition->fired_us);
    write_dimensions(json, &transition->dimensions);
    rs_json_string(json, "metric", transition->metric);
    rs_json_string_or_null(json, "window", transition->window);
    rs_json_string_or_null(json, "policy", transition->policy);
    write_figure(json, &transition->figure);
    rs_json_string(json, "compare", transition->compare == RS_ALERT_ABOVE ? RS_STR("above") : RS_STR("below"));
    rs_json_number(json, "limit", transition->limit);
    rs_json_number(json, "clear", transition->clear);
    rs_json_string_or_null(json, "runbook", transition->runbook);
    rs_json_string(json, "detector", rs_str(rs_config_detector_name(transition->detector)));
    if (transition->detector == RS_DETECTOR_THRESHOLD || !isfinite(transition->baseline))
        rs_json_null(json, "baseline");
    else
        rs_json_number(json, "baseline", transition->baseline);
    write_people(json, transition);
    rs_explanation_write(json, "explanation", &transition->explanation, transition->part_names);
}

int rs_feed_format_alert(const rs_alert_transition_t *transition, char *text, size_t size, size_t *len) {
    rs_json_t json;

    rs_json_init(&json, text, size);
    rs_json_begin(&json, NULL);
    rs_feed_write_alert(&json, transition);
    rs_json_bool(&json, "provisional", true); /* nothing says yet that a transition is on disk */
    rs_json_end(&json);
    return finish_body(&json, len);
}

/* --- windows ------------------------------------------------------------------------------------------------------ */

static void write_ms(rs_json_t *json, const char *name, int64_t us) { rs_json_integer(json, name, us / RS_US_PER_MS); }

static void write_ms_or_null(rs_json_t *json, const char *name, int64_t us) {
    if (us < 0)
        rs_json_null(json, name);
    else
        write_ms(json, name, us);
}

static void write_mean_ms(rs_json_t *json, const char *name, int64_t sum_us, int64_t count) {
    if (count <= 0)
        rs_json_null(json, name);
    else
        rs_json_number(json, name, (double)sum_us / (double)RS_US_PER_MS / (double)count);
}

typedef struct percentile {
    const char *name;
    uint32_t per_mille;
} percentile_t;
enum { MAX_PERCENTILES = 5 };

/* A key without that histogram (a team) has none of them, as one that is empty. */
static int read_percentiles(const rs_feed_view_t *view, uint32_t key, uint32_t window, rs_histogram_id_t histogram,
                            const percentile_t *wanted, size_t count, int64_t *ms) {
    uint32_t per_mille[MAX_PERCENTILES];
    int64_t total = 0;

    for (size_t i = 0; i < count; i++) {
        per_mille[i] = wanted[i].per_mille;
        ms[i] = -1;
    }
    const int status = rs_window_percentiles(view->store, key, window, histogram, per_mille, count, ms, &total);
    return status == RS_ERR_NOT_FOUND ? RS_OK : status;
}

static void write_percentiles(rs_json_t *json, const percentile_t *wanted, size_t count, const int64_t *ms) {
    for (size_t i = 0; i < count; i++) {
        if (ms[i] < 0)
            rs_json_null(json, wanted[i].name);
        else
            rs_json_integer(json, wanted[i].name, ms[i]);
    }
}

static void write_service_level(rs_json_t *json, const rs_feed_view_t *view, const int64_t *counts,
                                const rs_window_gauges_t *gauges) {
    rs_json_begin(json, "service_level");
    for (uint32_t slot = 0; slot < view->policy_count; slot++) {
        const rs_policy_t *policy = &view->policies[slot];
        if (policy->name[0] == 0) continue; /* a slot without a policy */
        const int64_t numerator = counts[RS_COUNT_SL_NUM_0 + slot];
        const int64_t denominator =
            counts[RS_COUNT_SL_DEN_0 + slot] + (policy->open_miss_now ? gauges->open_miss[slot] : 0);
        rs_json_begin(json, policy->name);
        if (denominator > 0)
            rs_json_number(json, "value", (double)numerator / (double)denominator);
        else
            rs_json_null(json, "value");
        rs_json_integer(json, "numerator", numerator);
        rs_json_integer(json, "denominator", denominator);
        rs_json_end(json);
    }
    rs_json_end(json);
}

static void write_flow_reasons(rs_json_t *json, const int64_t *counts) {
    rs_json_begin(json, "flowed_out_by_reason");
    for (unsigned count = RS_COUNT_FLOW_OTHER; count <= RS_COUNT_FLOW_LOST; count++) {
        if (counts[count] != 0) rs_json_integer(json, rs_count_name(count) + strlen("flow_"), counts[count]);
    }
    rs_json_end(json);
}

static void write_quotient(rs_json_t *json, const char *name, int64_t numerator, int64_t denominator) {
    if (denominator > 0)
        rs_json_number(json, name, (double)numerator / (double)denominator);
    else
        rs_json_null(json, name);
}

static void write_resolution(rs_json_t *json, const int64_t *counts) {
    const int64_t eligible = counts[RS_COUNT_FCR_ELIGIBLE], unresolved = counts[RS_COUNT_FCR_UNRESOLVED];
    rs_json_begin(json, "fcr");
    rs_json_integer(json, "eligible", eligible);
    rs_json_integer(json, "unresolved", unresolved);
    write_quotient(json, "value", eligible - unresolved, eligible);
    rs_json_end(json);
}

/* Of teams and totals: agents' time belongs to no queue, so theirs is null. */
static void write_number_or_null(rs_json_t *json, const char *name, bool present, double value) {
    if (present) rs_json_number(json, name, value); else rs_json_null(json, name);
}

static void write_occupancy(rs_json_t *json, const int64_t *counts) {
    double on_contact = 0, logged_in = 0;
    const bool has_contact = rs_figure_occupancy_on_contact(counts, &on_contact);
    const bool has_logged_in = rs_figure_occupancy_logged_in(counts, &logged_in);
    rs_json_begin(json, "occupancy");
    write_number_or_null(json, "on_contact", has_contact, on_contact);
    write_number_or_null(json, "logged_in", has_logged_in, logged_in);
    rs_json_end(json);
}

int rs_feed_write_window(rs_json_t *json, const char *name, const rs_feed_view_t *view, uint32_t key, uint32_t window,
                         const rs_window_gauges_t *gauges) {
    static const percentile_t wait[] = {{"p50", 500}, {"p80", 800}, {"p90", 900}, {"p95", 950}, {"p99", 990}};
    static const percentile_t abandon[] = {{"p50", 500}, {"p90", 900}, {"p95", 950}, {"p99", 990}};
    int64_t wait_ms[MAX_PERCENTILES], abandon_ms[MAX_PERCENTILES];
    rs_window_view_t read;
    int status = rs_window_read(view->store, key, window, &read);

    if (status == RS_OK) {
        status = read_percentiles(view, key, window, RS_HIST_WAIT_ANSWERED, wait, RS_ARRAY_LEN(wait), wait_ms);
    }
    if (status == RS_OK) {
        status =
            read_percentiles(view, key, window, RS_HIST_WAIT_ABANDONED, abandon, RS_ARRAY_LEN(abandon), abandon_ms);
    }
    if (status != RS_OK) return status;

    const int64_t *counts = read.counts;
    rs_json_begin(json, name);
    rs_json_integer(json, "offered", counts[RS_COUNT_OFFERED]);
    rs_json_integer(json, "answered", counts[RS_COUNT_ANSWERED]);
    rs_json_integer(json, "abandoned", counts[RS_COUNT_ABANDONED]);
    rs_json_integer(json, "abandoned_short", counts[RS_COUNT_ABANDONED_SHORT]);
    rs_json_integer(json, "flowed_out", counts[RS_COUNT_FLOWED_OUT]);
    rs_json_integer(json, "callbacks", counts[RS_COUNT_CALLBACKS]);
    rs_json_integer(json, "blocked", counts[RS_COUNT_BLOCKED]);
    rs_json_integer(json, "abandoned_before_queue", counts[RS_COUNT_ABANDONED_BEFORE_QUEUE]);
    rs_json_integer(json, "answered_in_t", counts[RS_COUNT_ANSWERED_IN_T]);
    rs_json_integer(json, "abandoned_in_t", counts[RS_COUNT_ABANDONED_IN_T]);
    write_service_level(json, view, counts, gauges);
    rs_json_begin(json, "wait_ms");
    write_ms(json, "answered_sum", counts[RS_COUNT_WAIT_ANSWERED_US]);
    write_ms(json, "abandoned_sum", counts[RS_COUNT_WAIT_ABANDONED_US]);
    write_ms_or_null(json, "max", rs_metric_wait_max_us(&read));
    write_mean_ms(json, "asa", counts[RS_COUNT_WAIT_ANSWERED_US], counts[RS_COUNT_ANSWERED]);
    write_percentiles(json, wait, RS_ARRAY_LEN(wait), wait_ms);
    rs_json_end(json);
    rs_json_begin(json, "abandon_wait_ms");
    write_mean_ms(json, "mean", counts[RS_COUNT_WAIT_ABANDONED_US], counts[RS_COUNT_ABANDONED]);
    write_percentiles(json, abandon, RS_ARRAY_LEN(abandon), abandon_ms);
    write_ms_or_null(json, "max", read.extremes[RS_EXTREME_ABANDONED_MAX]);
    rs_json_end(json);
    rs_json_integer(json, "handled", counts[RS_COUNT_HANDLED]);
    rs_json_integer(json, "handled_short", counts[RS_COUNT_HANDLED_SHORT]);
    write_flow_reasons(json, counts);
    write_ms(json, "talk_ms_sum", counts[RS_COUNT_TALK_US]);
    write_ms(json, "hold_ms_sum", counts[RS_COUNT_HOLD_US]);
    write_ms(json, "wrap_ms_sum", counts[RS_COUNT_WRAP_US]);
    write_mean_ms(json, "aht_ms", counts[RS_COUNT_TALK_US] + counts[RS_COUNT_HOLD_US] + counts[RS_COUNT_WRAP_US],
                  counts[RS_COUNT_HANDLED]);
    rs_json_integer(json, "transferred_in", counts[RS_COUNT_TRANSFERRED_IN]);
    rs_json_integer(json, "transferred_out", counts[RS_COUNT_TRANSFERRED_OUT]);
    rs_json_integer(json, "offers", counts[RS_COUNT_OFFERS]);
    rs_json_integer(json, "offers_failed", counts[RS_COUNT_OFFERS_FAILED]);
    write_resolution(json, counts);
    write_occupancy(json, counts);
    rs_json_end(json);
    return RS_OK;
}

/* "5m", "1h", "90s". */
static void name_window(int64_t length_us, char name[24]) {
    const long long seconds = (long long)(length_us / RS_US_PER_S);

    if (seconds % 3600 == 0)
        (void)snprintf(name, 24, "%lldh", seconds / 3600);
    else if (seconds % 60 == 0)
        (void)snprintf(name, 24, "%lldm", seconds / 60);
    else
        (void)snprintf(name, 24, "%llds", seconds);
}

static void write_gauges(rs_json_t *json, const rs_window_gauges_t *gauges, int64_t now_us) {
    rs_json_integer(json, "waiting", gauges->waiting);
    if (gauges->waiting <= 0 || gauges->oldest_queued_us == 0) {
        rs_json_null(json, "oldest_queued_at");
        rs_json_null(json, "oldest_wait_ms");
    } else {
        const int64_t wait_us = now_us - gauges->oldest_queued_us;
        rs_json_time(json, "oldest_queued_at", gauges->oldest_queued_us);
        write_ms(json, "oldest_wait_ms", wait_us < 0 ? 0 : wait_us);
    }
    rs_json_integer(json, "open_over_t", gauges->open_over_t);
    rs_json_integer(json, "talking", gauges->talking);
}

static int write_predicted(rs_json_t *json, const char *name, const rs_feed_view_t *view, uint32_t key, rs_metric_t metric,
                           int64_t now_us) {
    rs_figure_t figure = {.is_null = true};
    const int status = rs_metric_read(view->store, key, 0, metric, 0, false, now_us, &figure);
    if (status != RS_OK) return status;
    if (figure.is_null)
        rs_json_null(json, name);
    else
        rs_json_number(json, name, figure.value);
    return RS_OK;
}

/* Of queues only (core/predict/predict.h). */
static int write_prediction(rs_json_t *json, const rs_feed_view_t *view, uint32_t key, int64_t now_us) {
    int status = write_predicted(json, "estimated_wait_ms", view, key, RS_METRIC_ESTIMATED_WAIT, now_us);
    if (status == RS_OK) status = write_predicted(json, "breach_oldest", view, key, RS_METRIC_BREACH_OLDEST, now_us);
    if (status == RS_OK) status = write_predicted(json, "breach_newest", view, key, RS_METRIC_BREACH_NEWEST, now_us);
    return status;
}

/* By what each service level of the body is judged. */
static void write_policies(rs_json_t *json, const rs_feed_view_t *view, bool has_thresholds) {
    rs_json_begin(json, "policies");
    for (uint32_t slot = 0; slot < view->policy_count; slot++) {
        const rs_policy_t *policy = &view->policies[slot];
        const rs_standard_t *standard = &view->standards[slot];
        if (policy->name[0] == 0) continue; /* a slot without a policy */
        rs_json_begin(json, policy->name);
        rs_json_integer(json, "version", policy->version);
        rs_json_number(json, "target", standard->target);
        write_ms_or_null(json, "threshold_ms", has_thresholds ? standard->threshold_us : -1);
        write_ms_or_null(json, "short_ms", has_thresholds ? (policy->short_on ? standard->short_us : 0) : -1);
        rs_json_end(json);
    }
    rs_json_end(json);
}

int rs_feed_format_windows(const rs_feed_view_t *view, uint32_t key, const rs_key_t *dimensions, int64_t now_us,
                           int64_t threshold_us, char *text, size_t size, size_t *len, int64_t *waiting) {
    rs_window_gauges_t gauges;
    rs_json_t json;
    const int gauges_status = rs_window_read_gauges(view->store, key, &gauges);

    if (gauges_status != RS_OK) return gauges_status;
    rs_json_init(&json, text, size);
    rs_json_begin(&json, NULL);
    write_dimensions(&json, dimensions);
    rs_json_time(&json, "at", now_us);
    write_gauges(&json, &gauges, now_us);
    write_ms_or_null(&json, "threshold_ms", threshold_us);
    const int predicted = dimensions->family == RS_FAMILY_QUEUE ? write_prediction(&json, view, key, now_us) : RS_OK;
    if (predicted != RS_OK) return predicted;
    write_policies(&json, view, threshold_us >= 0);
    rs_json_begin(&json, "windows");
    for (uint32_t i = 0; i <= view->window_count; i++) {
        char name[24] = "today";
        const uint32_t window = i < view->window_count ? i : RS_WINDOW_TODAY;
        if (i < view->window_count) name_window(view->windows_us[i], name);
        const int status = rs_feed_write_window(&json, name, view, key, window, &gauges);
        if (status != RS_OK && status != RS_ERR_NOT_FOUND) return status;
    }
    rs_json_end(&json);
    rs_json_end(&json);
    *waiting = gauges.waiting;
    return finish_body(&json, len);
}
