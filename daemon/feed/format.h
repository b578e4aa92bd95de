/* feed/format.h — topics and bodies of the feed as text (proto/FEED.md says what they mean). Pure, any thread.
 *
 * All write into the caller's buffer; *len gets the length, no NUL is added. RS_ERR_FULL: `size` is too small, which a
 * buffer of the sizes below never is.
 */
#ifndef RS_FEED_FORMAT_H
#define RS_FEED_FORMAT_H

#include "core/alert/alert.h"
#include "event/json.h"

enum {
    RS_FEED_MAX_KEY_TEXT = 3 * RS_MAX_NAME + 32,
    RS_FEED_MAX_TOPIC = 2 * RS_FEED_MAX_KEY_TEXT,
    RS_FEED_MAX_BODY = 64 * 1024
};

/* "queue", "channel", "total", "agent", "team"; static storage. */
const char *rs_feed_family_name(unsigned family);
/* "queue/vip/voice", "channel/voice", "total", "team/blue", "agent/alice"; names percent-encoded. */
RS_MUST_CHECK int rs_feed_format_key(const rs_key_t *key, char *text, size_t size, size_t *len);
/* "<stream>/<tenant>/<key>". */
RS_MUST_CHECK int rs_feed_format_topic(const char *stream, const rs_key_t *key, char *text, size_t size, size_t *len);

/* The id of an episode, "<run>-<n>": the core numbers its run's episodes from run << 32 on. */
void rs_feed_format_episode(uint64_t episode, char text[32]);
/* The members of an alert, within an object that the caller has begun: one list for every body that tells of one. */
void rs_feed_write_alert(rs_json_t *json, const rs_alert_transition_t *transition);
/* The body of an alert message. */
RS_MUST_CHECK int rs_feed_format_alert(const rs_alert_transition_t *transition, char *text, size_t size, size_t *len);

/* Whose figures, and how they are named; everything borrowed for the call. */
typedef struct rs_feed_view {
    const rs_window_store_t *store;
    const int64_t *windows_us; /* window numbers 0 .. window_count - 1 */
    uint32_t window_count;
    const rs_policy_t *policies; /* in slot order */
    uint32_t policy_count;
    const rs_standard_t *standards; /* T, S and target of the key by each policy, in slot order */
} rs_feed_view_t;

/* The counts and figures of one window of one key (RS_WINDOW_TODAY too), as the object `name`; `gauges` add the open
 * legs past T to the denominators of policies with open_miss_now. Same returns as rs_window_read; nothing is written
 * unless RS_OK. */
RS_MUST_CHECK int rs_feed_write_window(rs_json_t *json, const char *name, const rs_feed_view_t *view, uint32_t key,
                                       uint32_t window, const rs_window_gauges_t *gauges);
/* The body of a window message: key, gauges, policies, and all windows that the key has. `threshold_us` < 0: null, and so are T
 * and S of the policies: the key has no single ones. *waiting gets
 * the gauge. Same returns as rs_window_read, and RS_ERR_FULL. */
RS_MUST_CHECK int rs_feed_format_windows(const rs_feed_view_t *view, uint32_t key, const rs_key_t *dimensions,
                                         int64_t now_us, int64_t threshold_us, char *text, size_t size, size_t *len,
                                         int64_t *waiting);

#endif
