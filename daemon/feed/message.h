/* feed/message.h — the bodies that receivers get: CloudEvents, Alertmanager's webhook and API forms, mail. Pure.
 *
 * What a body says of one alert is rs_feed_write_alert (JSON) and the labels and annotations of message_labels.c (Alertmanager's
 * forms): a figure that is new there is in every body.
 * All return RS_OK and a malloc'd text (a NUL behind it that *len does not count), or RS_ERR_MEMORY, or RS_ERR_LIMIT: longer than
 * RS_MESSAGE_MAX.
 */
#ifndef RS_FEED_MESSAGE_H
#define RS_FEED_MESSAGE_H

#include "feed/format.h"
#include "feed/post.h"
#include "feed/presenter.h"

enum { RS_MESSAGE_MAX = 16 * 1024 * 1024, RS_MESSAGE_WORST = 10, RS_MESSAGE_LABELS = 10, RS_MESSAGE_TEXT = 1024 };

/* Who speaks, to whom, when. */
typedef struct rs_message_frame {
    const char *instance; /* this daemon's host: [A-Za-z0-9.-] */
    rs_str_t receiver;
    int64_t now_us;       /* wall clock, but of a batch for an Alertmanager: its clock */
} rs_message_frame_t;

/* One structured-mode CloudEvent (1.0): ringside.alert.firing, ringside.alert.resolved, ringside.alert.digest. */
RS_MUST_CHECK int rs_message_cloudevent(const rs_message_frame_t *frame, const rs_post_message_t *message, char **text, size_t *len);
/* What an Alertmanager would send to a webhook (version 4): one group of the message's alerts. */
RS_MUST_CHECK int rs_message_webhook(const rs_message_frame_t *frame, const rs_post_message_t *message, char **text, size_t *len);
/* The array that POST /api/v2/alerts takes. endsAt of what fires is now + valid_us. */
RS_MUST_CHECK int rs_message_alerts(const rs_message_frame_t *frame, const rs_presented_t *batch, uint32_t count, int64_t valid_us,
                                    char **text, size_t *len);
/* A whole mail with its header: plain text, UTF-8. Mails about one episode refer to the same thread. */
RS_MUST_CHECK int rs_message_mail(const rs_message_frame_t *frame, const rs_post_message_t *message, rs_str_t from, const rs_str_t *to,
                                  uint32_t to_count, char **text, size_t *len);

/* --- shared by them ------------------------------------------------------------------------------------------------- */
/* The transition as `entry` says it: an end whose beginning is told is told as of when it fired. */
rs_alert_transition_t rs_message_transition(const rs_post_entry_t *entry);
/* "service_level_low: queue/vip/voice service_level (15m) 75 %, 15 of 20; limit below 80 %". */
void rs_message_summary(const rs_alert_transition_t *transition, char text[RS_MESSAGE_TEXT]);

typedef struct rs_message_label {
    const char *name;
    rs_str_t value;
} rs_message_label_t;
/* Labels of an alert, sorted by name, none empty; returns how many. `key` takes the text of the key. They do not change while an
 * alert fires, nor from one episode to the next. */
uint32_t rs_message_labels(const rs_message_frame_t *frame, const rs_alert_transition_t *transition, char *key, size_t key_size,
                           rs_message_label_t labels[RS_MESSAGE_LABELS]);
/* The fingerprint by which an Alertmanager knows an alert: FNV-1a over the sorted labels. */
uint64_t rs_message_fingerprint(const rs_message_label_t *labels, uint32_t count);
void rs_message_write_labels(rs_json_t *json, const char *name, const rs_message_label_t *labels, uint32_t count);
void rs_message_write_annotations(rs_json_t *json, const char *name, const rs_alert_transition_t *transition);

#endif
