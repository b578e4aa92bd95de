/* The bodies that are JSON. */
#include "feed/message.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* --- a text that grows ---------------------------------------------------------------------------------------------- */
typedef void (*write_fn)(rs_json_t *json, const void *what);

/* Writes into ever larger buffers until it fits. */
static int write_json(write_fn write, const void *what, size_t guess, char **text, size_t *len) {
    for (size_t size = guess; size <= RS_MESSAGE_MAX; size *= 2) {
        rs_json_t json;
        char *buffer = malloc(size + 1);
        if (buffer == NULL) return RS_ERR_MEMORY;
        rs_json_init(&json, buffer, size);
        write(&json, what);
        if (!json.overflow) {
            buffer[json.len] = '\0';
            *text = buffer;
            *len = json.len;
            return RS_OK;
        }
        free(buffer);
    }
    return RS_ERR_LIMIT;
}

rs_alert_transition_t rs_message_transition(const rs_post_entry_t *entry) {
    rs_alert_transition_t transition = entry->notice->transition;

    if (entry->phase == RS_TOLD_FIRING && entry->notice->phase == RS_TOLD_ENDED) {
        transition.from = RS_ALERT_PENDING;
        transition.to = RS_ALERT_FIRING;
        transition.at_us = transition.fired_us;
    }
    return transition;
}

static const char *state_text(const rs_post_entry_t *entry) { return entry->phase == RS_TOLD_ENDED ? "resolved" : "firing"; }

/* --- digests ------------------------------------------------------------------------------------------------------ */
static void write_counts(rs_json_t *json, const uint64_t counts[RS_TALLY_WHAT_COUNT]) {
    rs_json_integer(json, "firing", (int64_t)counts[RS_TALLY_FIRING]);
    rs_json_integer(json, "resolved", (int64_t)counts[RS_TALLY_ENDED]);
    rs_json_integer(json, "dropped_full", (int64_t)counts[RS_TALLY_FULL]);
    rs_json_integer(json, "dropped_refused", (int64_t)counts[RS_TALLY_REFUSED]);
}

static void write_by_rule(rs_json_t *json, const rs_post_tally_t *tally) {
    rs_json_begin_list(json, "by_rule");
    for (uint32_t i = 0; i < tally->count; i++) {
        rs_json_begin_element(json);
        rs_json_string_or_null(json, "rule", rs_str(tally->rows[i].rule));
        rs_json_string(json, "severity", rs_str(rs_alert_severity_name(tally->rows[i].severity)));
        write_counts(json, tally->rows[i].counts);
        rs_json_end(json);
    }
    rs_json_end_list(json);
}

static void write_worst(rs_json_t *json, const rs_post_message_t *message) {
    rs_json_begin_list(json, "worst");
    for (uint32_t i = 0; i < message->count && i < RS_MESSAGE_WORST; i++) {
        const rs_alert_transition_t transition = rs_message_transition(&message->entries[i]);
        rs_json_begin_element(json);
        rs_feed_write_alert(json, &transition);
        rs_json_end(json);
    }
    rs_json_end_list(json);
}

/* All of them, so that whoever keeps a list of alerts has the truth again. */
static void write_changes(rs_json_t *json, const rs_post_message_t *message) {
    rs_json_begin_list(json, "changes");
    for (uint32_t i = 0; i < message->count; i++) {
        const rs_alert_transition_t *transition = &message->entries[i].notice->transition;
        char episode[32], key[RS_FEED_MAX_KEY_TEXT];
        size_t key_len = 0;
        rs_feed_format_episode(transition->episode, episode);
        if (rs_feed_format_key(&transition->dimensions, key, sizeof(key), &key_len) != RS_OK) key_len = 0;
        rs_json_begin_element(json);
        rs_json_string(json, "episode", rs_str(episode));
        rs_json_string(json, "state", rs_str(state_text(&message->entries[i])));
        rs_json_bool(json, "begins", message->entries[i].begins);
        rs_json_string(json, "rule", transition->rule_name);
        rs_json_string(json, "severity", rs_str(rs_alert_severity_name(transition->severity)));
        rs_json_string(json, "tenant", transition->dimensions.tenant);
        rs_json_string(json, "key", (rs_str_t){key, (uint32_t)key_len});
        rs_json_time(json, "fired_at", transition->fired_us);
        if (message->entries[i].phase == RS_TOLD_ENDED) rs_json_time(json, "at", transition->at_us);
        rs_json_end(json);
    }
    rs_json_end_list(json);
}

static void write_digest(rs_json_t *json, const rs_post_message_t *message) {
    rs_json_begin(json, "data");
    write_counts(json, message->tally->totals);
    rs_json_integer(json, "left", message->left);
    write_by_rule(json, message->tally);
    write_worst(json, message);
    write_changes(json, message);
    rs_json_end(json);
}

/* --- CloudEvents -------------------------------------------------------------------------------------------------- */
typedef struct sending {
    const rs_message_frame_t *frame;
    const rs_post_message_t *message;
} sending_t;

static void write_subject(rs_json_t *json, const rs_key_t *dimensions) {
    char text[RS_FEED_MAX_TOPIC];
    size_t len = 0;
    static const char stream[] = "alert/";

    if (rs_feed_format_topic("alert", dimensions, text, sizeof(text), &len) != RS_OK || len < sizeof(stream)) return;
    rs_json_string(json, "subject", (rs_str_t){text + sizeof(stream) - 1, (uint32_t)(len - sizeof(stream) + 1)});
}

static void write_cloudevent(rs_json_t *json, const void *what) {
    const sending_t *sending = what;
    const rs_post_message_t *message = sending->message;
    char source[300];

    (void)snprintf(source, sizeof(source), "/ringside/%s", sending->frame->instance);
    rs_json_begin(json, NULL);
    rs_json_string(json, "specversion", RS_STR("1.0"));
    rs_json_string(json, "id", rs_str(message->key));
    rs_json_string(json, "source", rs_str(source));
    rs_json_string(json, "datacontenttype", RS_STR("application/json"));
    if (message->is_digest) {
        rs_json_string(json, "type", RS_STR("ringside.alert.digest"));
        rs_json_time(json, "time", sending->frame->now_us);
        write_digest(json, message);
    } else {
        const rs_alert_transition_t transition = rs_message_transition(&message->entries[0]);
        rs_json_string(json, "type",
                       message->entries[0].phase == RS_TOLD_ENDED ? RS_STR("ringside.alert.resolved")
                                                                  : RS_STR("ringside.alert.firing"));
        write_subject(json, &transition.dimensions);
        rs_json_time(json, "time", transition.at_us);
        rs_json_begin(json, "data");
        rs_feed_write_alert(json, &transition);
        rs_json_end(json);
    }
    rs_json_end(json);
}

int rs_message_cloudevent(const rs_message_frame_t *frame, const rs_post_message_t *message, char **text, size_t *len) {
    const sending_t sending = {frame, message};
    return write_json(write_cloudevent, &sending, 16384 + (size_t)message->count * 320, text, len);
}

/* --- Alertmanager's webhook ----------------------------------------------------------------------------------------- */
static void write_group_alert(rs_json_t *json, const rs_message_frame_t *frame, const rs_post_entry_t *entry) {
    const rs_alert_transition_t transition = rs_message_transition(entry);
    rs_message_label_t labels[RS_MESSAGE_LABELS];
    char key[RS_FEED_MAX_KEY_TEXT], fingerprint[20];
    const uint32_t count = rs_message_labels(frame, &transition, key, sizeof(key), labels);

    (void)snprintf(fingerprint, sizeof(fingerprint), "%016" PRIx64, rs_message_fingerprint(labels, count));
    rs_json_begin_element(json);
    rs_json_string(json, "status", rs_str(state_text(entry)));
    rs_message_write_labels(json, "labels", labels, count);
    rs_message_write_annotations(json, "annotations", &transition);
    rs_json_time(json, "startsAt", transition.fired_us);
    if (entry->phase == RS_TOLD_ENDED)
        rs_json_time(json, "endsAt", transition.at_us);
    else
        rs_json_string(json, "endsAt", RS_STR("0001-01-01T00:00:00Z"));
    rs_json_string(json, "generatorURL", RS_STR(""));
    rs_json_string(json, "fingerprint", rs_str(fingerprint));
    rs_json_end(json);
}

/* Of a digest what all its alerts have in common: who speaks; and in words what it stands for. */
static void write_group_frame(rs_json_t *json, const sending_t *sending) {
    const rs_post_message_t *message = sending->message;
    rs_message_label_t labels[RS_MESSAGE_LABELS];
    char key[RS_FEED_MAX_KEY_TEXT], summary[RS_MESSAGE_TEXT];

    if (message->is_digest) {
        const uint64_t *totals = message->tally->totals;
        labels[0] = (rs_message_label_t){"instance", rs_str(sending->frame->instance)};
        labels[1] = (rs_message_label_t){"service", RS_STR("ringside")};
        (void)snprintf(summary, sizeof(summary),
                       "digest: %" PRIu64 " firing, %" PRIu64 " resolved, %" PRIu64 " dropped for want of room, %" PRIu64
                       " refused",
                       totals[RS_TALLY_FIRING], totals[RS_TALLY_ENDED], totals[RS_TALLY_FULL], totals[RS_TALLY_REFUSED]);
        rs_json_begin(json, "groupLabels");
        rs_json_end(json);
        rs_message_write_labels(json, "commonLabels", labels, 2);
        rs_json_begin(json, "commonAnnotations");
        rs_json_string(json, "summary", rs_str(summary));
        rs_json_end(json);
        return;
    }
    const rs_alert_transition_t transition = rs_message_transition(&message->entries[0]);
    const uint32_t count = rs_message_labels(sending->frame, &transition, key, sizeof(key), labels);
    rs_message_write_labels(json, "groupLabels", labels, count);
    rs_message_write_labels(json, "commonLabels", labels, count);
    rs_message_write_annotations(json, "commonAnnotations", &transition);
}

static void write_webhook(rs_json_t *json, const void *what) {
    const sending_t *sending = what;
    const rs_post_message_t *message = sending->message;
    char group[160];
    bool fires = false;

    for (uint32_t i = 0; i < message->count; i++) fires = fires || message->entries[i].phase == RS_TOLD_FIRING;
    (void)snprintf(group, sizeof(group), "{}:{ringside=\"%s\"}", message->is_digest ? "digest" : message->key);
    rs_json_begin(json, NULL);
    rs_json_string(json, "version", RS_STR("4"));
    rs_json_string(json, "groupKey", rs_str(group));
    rs_json_integer(json, "truncatedAlerts",
                    (int64_t)(message->left + (message->is_digest ? rs_post_tally_dropped(message->tally) : 0)));
    rs_json_string(json, "status", fires ? RS_STR("firing") : RS_STR("resolved"));
    rs_json_string(json, "receiver", sending->frame->receiver);
    write_group_frame(json, sending);
    rs_json_string(json, "externalURL", RS_STR(""));
    rs_json_begin_list(json, "alerts");
    for (uint32_t i = 0; i < message->count; i++) write_group_alert(json, sending->frame, &message->entries[i]);
    rs_json_end_list(json);
    rs_json_end(json);
}

int rs_message_webhook(const rs_message_frame_t *frame, const rs_post_message_t *message, char **text, size_t *len) {
    const sending_t sending = {frame, message};
    return write_json(write_webhook, &sending, 8192 + (size_t)message->count * 1200, text, len);
}

/* --- Alertmanager's API --------------------------------------------------------------------------------------------- */
typedef struct showing {
    const rs_message_frame_t *frame;
    const rs_presented_t *batch;
    uint32_t count;
    int64_t valid_us;
} showing_t;

/* An end is never in the future of the Alertmanager's clock, or it would not be one; a start never behind the end. */
static void write_shown(rs_json_t *json, const showing_t *showing, const rs_presented_t *shown) {
    const rs_alert_transition_t *transition = &shown->notice->transition;
    const int64_t now_us = showing->frame->now_us;
    const int64_t ended_us = transition->at_us < now_us ? transition->at_us : now_us;
    const int64_t ends_us = shown->is_firing ? now_us + showing->valid_us : ended_us;
    rs_message_label_t labels[RS_MESSAGE_LABELS];
    char key[RS_FEED_MAX_KEY_TEXT];
    const uint32_t count = rs_message_labels(showing->frame, transition, key, sizeof(key), labels);

    rs_json_begin_element(json);
    rs_message_write_labels(json, "labels", labels, count);
    rs_message_write_annotations(json, "annotations", transition);
    rs_json_time(json, "startsAt", shown->fired_us < ends_us ? shown->fired_us : ends_us);
    rs_json_time(json, "endsAt", ends_us);
    rs_json_end(json);
}

static void write_alerts(rs_json_t *json, const void *what) {
    const showing_t *showing = what;

    rs_json_begin_list(json, NULL);
    for (uint32_t i = 0; i < showing->count; i++) write_shown(json, showing, &showing->batch[i]);
    rs_json_end_list(json);
}

int rs_message_alerts(const rs_message_frame_t *frame, const rs_presented_t *batch, uint32_t count, int64_t valid_us, char **text,
                      size_t *len) {
    const showing_t showing = {frame, batch, count, valid_us};
    return write_json(write_alerts, &showing, 2048 + (size_t)count * 1100, text, len);
}
