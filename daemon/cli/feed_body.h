/* cli/feed_body.h — the bodies of the feed (proto/FEED.md), read from untrusted JSON into plain structs. Pure.
 *
 * What a newer daemon adds is passed over; what it leaves out is null here. A body is refused (RS_ERR_PARSE) when it
 * is no JSON object, is longer than RS_BODY_MAX, lacks what names it (tenant, key, at, an alert's episode, rule and
 * state), or has a value of the wrong type or beyond any sense; the struct is unspecified then. RS_ERR_MEMORY likewise.
 */
#ifndef RS_CLI_FEED_BODY_H
#define RS_CLI_FEED_BODY_H

#include "config/config.h"
#include "core/alert/alert.h"
#include "core/key.h"

enum {
    RS_BODY_MAX = 256 * 1024,
    RS_BODY_KEY = 3 * RS_MAX_NAME + 32,
    RS_BODY_WORD = 32, /* channels, metrics, windows, episodes, acts */
    RS_BODY_SAID = 512,
    RS_BODY_WINDOWS = RS_MAX_WINDOWS + 1
};

typedef struct rs_body_key {
    char tenant[RS_MAX_NAME + 1];
    char text[RS_BODY_KEY + 1]; /* "queue/vip/voice", percent-encoded */
    rs_key_family_t family;     /* RS_FAMILY_COUNT: one that this program does not know */
    char name[RS_MAX_NAME + 1]; /* of the queue or team; "" where there is none */
    char channel[RS_BODY_WORD]; /* "" where there is none */
} rs_body_key_t;

/* "vip/voice", "channel voice", "total", "team blue", with "tenant: " before it when wanted; as it came, not cleaned.
 * */
enum { RS_KEY_LABEL = 2 * RS_MAX_NAME + RS_BODY_WORD + 16 };
void rs_body_key_label(const rs_body_key_t *key, bool with_tenant, char label[RS_KEY_LABEL]);
/* The same for the queue alone, without its channel: "vip", "(direct)". */
void rs_body_queue_label(const rs_body_key_t *key, bool with_tenant, char label[RS_KEY_LABEL]);

typedef struct rs_alert_body {
    char episode[RS_BODY_WORD];
    char rule[RS_MAX_NAME + 1];
    uint8_t severity;                    /* rs_alert_severity_t */
    uint8_t from, state;                 /* rs_alert_state_t */
    int64_t at_us, started_us, fired_us; /* fired_us 0: never fired */
    rs_body_key_t key;
    char metric[RS_BODY_WORD], window[RS_BODY_WORD], policy[RS_MAX_NAME + 1]; /* "" where there is none */
    bool has_value, is_above, is_of_threshold; /* is_of_threshold: the value is the metric itself, in the window; no chart's */
    double value, limit, clear;
    int64_t numerator, denominator; /* denominator 0: none */
    /* What people did: `act` is "" but of the message that tells of it. While somebody has it, `by` and `text` are his. */
    bool is_acknowledged, is_silenced, is_inhibited;
    char act[RS_BODY_WORD], by[RS_MAX_NAME + 1], text[RS_BODY_SAID + 1];
} rs_alert_body_t;

/* True for states that end an episode. */
static inline bool rs_alert_is_over(unsigned state) { return state == RS_ALERT_OK || state == RS_ALERT_RESOLVED; }

RS_MUST_CHECK int rs_body_read_alert(rs_str_t body, rs_alert_body_t *alert);

typedef struct rs_body_share {
    int64_t numerator, denominator;
} rs_body_share_t;

typedef struct rs_body_figures {
    int64_t offered, answered, abandoned, flowed_out, handled;
    int64_t answered_wait_ms, handle_ms; /* sums */
    int64_t p90_ms;                      /* of the answered waits; < 0: null */
} rs_body_figures_t;

typedef struct rs_body_window {
    char name[RS_BODY_WORD];
    rs_body_figures_t figures;
    uint32_t policy_count;
    char policies[RS_MAX_POLICIES][RS_MAX_NAME + 1];
    rs_body_share_t shares[RS_MAX_POLICIES]; /* service level of each policy */
} rs_body_window_t;

typedef struct rs_body_target {
    char policy[RS_MAX_NAME + 1];
    double target;
} rs_body_target_t;

typedef struct rs_window_body {
    rs_body_key_t key;
    int64_t at_us;
    int64_t waiting, open_over_t, talking;
    int64_t oldest_wait_ms, threshold_ms; /* < 0: null */
    uint32_t target_count;
    rs_body_target_t targets[RS_MAX_POLICIES]; /* of the policies whose target the body names */
    uint32_t window_count;                /* in the body's order; those past RS_BODY_WINDOWS are left out */
    rs_body_window_t windows[RS_BODY_WINDOWS];
} rs_window_body_t;

RS_MUST_CHECK int rs_body_read_window(rs_str_t body, rs_window_body_t *window);

/* The daemon's time of a heartbeat. */
RS_MUST_CHECK int rs_body_read_heartbeat(rs_str_t body, int64_t *at_us);

#endif
