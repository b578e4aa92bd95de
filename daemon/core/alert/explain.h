/* core/alert/explain.h — what stands behind an alert's figure: its last intervals, where the deviation comes from, what is likely next.
 *
 * Recent:    the figure as it was last seen in each of the last RS_EXPLAIN_RECENT intervals: of five minutes, or of a detector's subgroups.
 *            What was not looked at, because nothing happened, is not known.
 * Parts:     of shares, means and counts over a window (core/alert/attribute.h). Expected is what the tenant's keys had before the window,
 *            as far back as the longest window or today, at the window's volume; where nothing was before, the rule's limit. Dimensions:
 *                queue, channel, team   of the tenant; of a channel's alert its queues
 *                stage                  of a service level, the key's own misses: answered late, abandoned, waits past T. By their share of
 *                                       all
 *            A dimension says something only when the tenant as a whole deviates to the rule's side. Stages first, as they answer another
 *            question; then the dimension whose first part has most surprise. (The paper takes the sum of all parts: then queues always
 *            beat their channel, which they make up.) Teams are known over the longest window and today only: a younger deviation is
 *            diluted in them, and others may come before them.
 * Next:      queues only, from core/predict: the window's service level once those who wait are through, and the wait of who comes now.
 * Bounds:    RS_EXPLAIN_PARTS parts of RS_EXPLAIN_ELEMENTS keys a dimension (the rest together are "others"); RS_EXPLAIN_LOOKS figures read
 *            a second of the core's time, then alerts of that second go without parts.
 * Pure; the core's thread. */
#ifndef RS_CORE_ALERT_EXPLAIN_H
#define RS_CORE_ALERT_EXPLAIN_H

#include "core/metric.h"
#include "event/json.h"

enum { RS_EXPLAIN_RECENT = 12, RS_EXPLAIN_PARTS = 6, RS_EXPLAIN_ELEMENTS = 4096, RS_EXPLAIN_LOOKS = 65536, RS_EXPLAIN_WORDS = 512 };
#define RS_EXPLAIN_EACH_US (5 * RS_US_PER_MIN)

/* The last intervals of one figure. All of it is saved. */
typedef struct rs_recent {
    int64_t slot;                        /* number of the newest interval; 0: there is none */
    uint16_t known;                      /* a bit per value, the newest lowest */
    float values[RS_EXPLAIN_RECENT];     /* newest first */
} rs_recent_t;
/* The figure as it is now; one that is null changes nothing. */
void rs_recent_note(rs_recent_t *recent, int64_t each_us, int64_t now_us, const rs_figure_t *figure);

typedef enum rs_explain_by { RS_EXPLAIN_BY_QUEUE = 0, RS_EXPLAIN_BY_CHANNEL, RS_EXPLAIN_BY_TEAM, RS_EXPLAIN_BY_STAGE,
                             RS_EXPLAIN_BY_COUNT } rs_explain_by_t;
typedef struct rs_explain_part {
    uint8_t by;                          /* rs_explain_by_t */
    double share, surprise;              /* of the deviation */
    double numerator, denominator, expected_numerator, expected_denominator;   /* denominator 0: a plain count */
} rs_explain_part_t;

/* Complete in itself; what it does not know is 0. Names of parts stand beside it. */
typedef struct rs_explanation {
    int64_t each_us;                     /* 0: no recent */
    uint32_t recent_known;
    float recent[RS_EXPLAIN_RECENT];     /* newest first */
    uint32_t part_count;
    rs_explain_part_t parts[RS_EXPLAIN_PARTS];
    bool has_level, has_wait;
    double level;                        /* predicted service level */
    int64_t wait_us;                     /* estimated */
} rs_explanation_t;

static inline bool rs_explanation_is_empty(const rs_explanation_t *explanation) {
    return explanation->recent_known == 0 && explanation->part_count == 0 && !explanation->has_level && !explanation->has_wait;
}
/* {"recent":{"each_s":300,"values":[…, oldest first]},"parts":[…],"next":{…}} as a member; null when it is empty (proto/FEED.md). */
void rs_explanation_write(rs_json_t *json, const char *name, const rs_explanation_t *explanation, const rs_str_t *names);
/* "; 71 % of it from queue vip; service level 61 % expected", "" when there is nothing to say. */
void rs_explanation_words(const rs_explanation_t *explanation, const rs_str_t *names, char text[RS_EXPLAIN_WORDS]);

#endif
