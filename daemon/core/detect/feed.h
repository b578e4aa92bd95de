/* core/detect/feed.h — from the core's figures to a verdict: what a rule's detector is given, when, and what it says.
 *
 * Subgroups: a rule's window is its subgroup: disjoint stretches [n·window, (n+1)·window) of event time (UTC; of figures of now: looked at
 *            every `every`). A subgroup is closed at its end by the core's time (with time.clock = wall that is the machine's, with
 *            events the watermark), from the panes of exactly that stretch: late events that came before are in it, later ones
 *            change figures and rows, but not the verdict: an alert that waited for `lateness` would come 10 minutes late. With a source
 *            that is behind by d, figures lack d of each subgroup's end. Legs that wait are in the subgroup in which they close.
 *            After a pause the last RS_DETECT_MOST_CLOSED subgroups are closed at once, those before are not.
 * Verdict:   NO_EVIDENCE  nothing counted, fewer than min_sample, or too little learned
 *            BREACH       the detector signals; BETWEEN: it did, and has not calmed down; GOOD: neither
 *            The verdict of a subgroup stands until the next one is closed.
 *            min_sample of a share or mean: what it rests on; of a count in a subgroup: what is usual, since few may be what is wrong.
 * limit:     the figure beyond which this subgroup signals, given what came before it; baseline: the usual figure.
 * Calm:      cusum at a quarter of h (sums begin again at h/2 when they signal), ewma at half, the others at two thirds of the limit
 *            (shewhart: at one zone).
 * Learning:  figures of subgroups in which nothing is wrong (reference.h, season.h); after RS_DETECT_FROZEN abnormal ones in a row what
 *            is new is usual.
 * History:   a new rule need not wait for weeks: what it would have learned is read from the database (event/warm.h).
 * Detectors: threshold and predicted_breach of gauges are judged by core/alert itself; burn_rate whenever a figure changes;
 *            cusum, ewma, shewhart, laney, seasonal, rate_of_change when a subgroup is closed; the others each second.
 *            predicted_breach of predicted_service_level: the interval's level at its end (rates.h): arrivals to come as in the window
 *            that just passed; those in time as the newest who waits will be, else as of late.
 *            no_data: expected events since the last one, from the usual number of offered at this time of the week.
 *            source_…: over all sources whose name matches the rule's key.
 * State:     flat, no pointers; saved (core/alert/alert_state.c). */
#ifndef RS_CORE_DETECT_FEED_H
#define RS_CORE_DETECT_FEED_H

#include "core/detect/chart.h"
#include "core/detect/ewma.h"
#include "core/detect/reference.h"
#include "core/detect/season.h"
#include "core/metric.h"

enum { RS_DETECT_MOST_CLOSED = 600, RS_DETECT_FROZEN = 96 };

typedef enum rs_detect_verdict {
    RS_DETECT_NO_EVIDENCE = 0, RS_DETECT_BETWEEN, RS_DETECT_BREACH, RS_DETECT_GOOD, RS_DETECT_VERDICT_COUNT
} rs_detect_verdict_t;

typedef struct rs_finding {
    uint8_t verdict;
    rs_figure_t figure;
    double limit, clear, baseline;      /* in the metric's unit */
} rs_finding_t;

/* A rule ready for detection. */
typedef struct rs_detect_rule {
    const rs_rule_config_t *config;
    rs_metric_t metric;
    uint32_t window_slot, short_slot;   /* short: of a burn rate */
    uint32_t per_day;                   /* slots of the season; 0: none */
    uint8_t detector, measure, sides;
    bool gauge, counts;                 /* counts: a CUSUM of counts with their own limits */
    int64_t every_us;                   /* 0: no subgroups */
    double budget;                      /* false alarms per day, over all keys */
    double target, burn;                /* of a burn rate; burn: its limit */
    /* solved for so many keys */
    uint32_t keys;
    bool solved;                        /* false: no limits, the rule finds nothing */
    double arl;                         /* subgroups per false alarm of one key */
    rs_cusum_design_t cusum;
    rs_ewma_design_t ewma;
    rs_chart_design_t chart;
    double single;                      /* deviations */
} rs_detect_rule_t;

/* What an instance (rule and key) remembers. */
typedef struct rs_detect_state {
    uint32_t link;                      /* of the pool */
    uint8_t verdict;
    bool is_null, begun, engaged, has_before;
    int64_t closed_us;                  /* the end of the last subgroup, 0 = none */
    int64_t first_us;                   /* of the first one, 0 = none: history is of before */
    bool warmed;                        /* history was taken, or there is none */
    double value, limit, baseline;
    int64_t numerator, denominator;
    rs_cusum_t cusum;
    rs_ewma_t ewma;
    rs_chart_t chart;
    rs_reference_t reference;
    rs_season_t season;
    uint32_t frozen;
    double before, before_n;            /* rate_of_change */
    double expected, per_s;             /* no_data: since the last event; now */
    int64_t seen, looked_us;
    int64_t interval_us, level_num, level_den;   /* predicted_breach: when the interval began, and counts of today then */
} rs_detect_state_t;

/* Of all sources that match: the longest silence, and numbers missing. `known` false: there is none. */
typedef struct rs_detect_sources { bool known; int64_t silent_us, missing; } rs_detect_sources_t;
typedef struct rs_detect_source_fn {
    void *context;
    rs_detect_sources_t (*look)(void *context, rs_str_t glob, int64_t now_us);
    int64_t (*staff)(void *context, uint32_t key);      /* agents available or busy in a queue key; < 0: not known */
} rs_detect_source_fn_t;

/* Where figures come from. */
typedef struct rs_detect_feed {
    const rs_window_store_t *store;
    const rs_zone_t *zone;              /* NULL: UTC */
    rs_pool_t *days;                    /* of rs_season_day_t */
    uint64_t *unlearned;                /* counts figures that found no room there */
    rs_detect_source_fn_t sources;
} rs_detect_feed_t;

/* A figure of a key; of staff, what the core knows of agents. As rs_metric_read. */
RS_MUST_CHECK int rs_detect_read(const rs_detect_feed_t *feed, uint32_t key, uint32_t window, rs_metric_t metric, uint32_t policy_slot,
                                 bool open_miss_now, int64_t now_us, rs_figure_t *figure);
/* Names looked up; limits are not solved yet. RS_ERR_NOT_FOUND as for any rule. */
RS_MUST_CHECK int rs_detect_compile(const rs_config_t *config, const rs_rule_config_t *from, rs_detect_rule_t *rule);
/* Solves the limits for so many keys; false: they cannot be had, and the rule finds nothing. Pure. Limits are solved for the next power
 * of two, so that they change seldom. */
bool rs_detect_solve(rs_detect_rule_t *rule, uint32_t keys);
uint32_t rs_detect_keys(uint32_t keys);
/* Of a solved rule, one key: subgroups until it signals when the figure has moved by `shift` of its deviations (towards the side that is
 * watched), on the mean; 0: false alarms. NAN where that has no answer (rules that are not solved, no_data). Of a season with
 * all its weeks. Of a change from one subgroup to the next: 1 / the chance that it is seen at once. */
double rs_detect_seen_after(const rs_detect_rule_t *rule, double shift);

/* A subgroup has ended at `end_us`; the store's time must be just before it. */
void rs_detect_close(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, uint32_t policy_slot, uint32_t key, int64_t end_us,
                     rs_detect_state_t *state);
/* What the last closing found. */
rs_finding_t rs_detect_last(const rs_detect_rule_t *rule, const rs_detect_state_t *state);
/* Detectors that look each second: no_data, source_silence, source_gap, predicted_breach of an interval. */
rs_finding_t rs_detect_tick(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, uint32_t policy_slot, uint32_t key, int64_t now_us,
                            rs_detect_state_t *state);
/* burn_rate; `figure` is the long window's. */
rs_finding_t rs_detect_burn(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, uint32_t policy_slot, uint32_t key, int64_t now_us,
                            const rs_figure_t *figure);
/* A figure of an earlier subgroup, from history, oldest first: learned as if nothing had been wrong. What this state was there for itself
 * it knows better: subgroups from its first one on are left out, and once there was one only the season (season.h) takes figures of before
 * it. False: left out. */
bool rs_detect_warm(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, int64_t end_us, const rs_figure_t *figure,
                    rs_detect_state_t *state);
/* Gives back what the state holds in the feed. */
void rs_detect_forget(const rs_detect_feed_t *feed, rs_detect_state_t *state);

/* Whether the rule is judged from closed subgroups; each second. */
static inline bool rs_detect_is_closed(const rs_detect_rule_t *rule) {
    switch (rule->detector) {
        case RS_DETECTOR_CUSUM: case RS_DETECTOR_EWMA: case RS_DETECTOR_SHEWHART: case RS_DETECTOR_LANEY: case RS_DETECTOR_SEASONAL:
        case RS_DETECTOR_RATE_OF_CHANGE: return true;
        default: return false;
    }
}
static inline bool rs_detect_is_timed(const rs_detect_rule_t *rule) {
    return rule->detector >= RS_DETECTOR_NO_DATA || (rule->detector == RS_DETECTOR_PREDICTED_BREACH && !rule->gauge);
}
/* What is usual is learned, from figures of which the database keeps as long or shorter ones. */
static inline bool rs_detect_has_history(const rs_detect_rule_t *rule) {
    const bool takes_figures = rs_detect_is_closed(rule) || rule->detector == RS_DETECTOR_NO_DATA;
    const bool learns = rule->per_day > 0 || rule->config->baseline != RS_BASELINE_FIXED;
    return takes_figures && learns && !rule->gauge &&
           (rule->every_us == 15 * RS_US_PER_MIN || rule->every_us == 30 * RS_US_PER_MIN || rule->every_us == RS_US_PER_HOUR);
}
static inline bool rs_detect_has_state(const rs_detect_rule_t *rule) { return rs_detect_is_closed(rule) || rs_detect_is_timed(rule); }

#endif
