/* config/metric_names.h — the figures that an alert rule can name, and what their limits are measured in.
 *
 * The formulas are core/metric.h's; the core stands below this room, so the names are written down here once more, in
 * the same order. A unit test compares the two lists. */
#ifndef RS_CONFIG_METRIC_NAMES_H
#define RS_CONFIG_METRIC_NAMES_H

#include "base/base.h"

/* RATIO: 0..1. COUNT: a whole number. TIME: milliseconds, written as a duration. SCORE: a score or an index, may be negative.
 * GAUGE…: of now, without a window. */
#define RS_METRIC_NAMES(X)                                                                                       \
    X(service_level, RATIO) X(offered, COUNT) X(answered, COUNT) X(abandoned, COUNT) X(flowed_out, COUNT)        \
    X(callbacks, COUNT) X(blocked, COUNT) X(handled, COUNT) X(handled_short, COUNT) X(abandoned_rate, RATIO)     \
    X(short_rate, RATIO) X(asa, TIME) X(aht, TIME) X(wait_max, TIME) X(wait_p50, TIME) X(wait_p80, TIME)         \
    X(wait_p90, TIME) X(wait_p95, TIME) X(wait_p99, TIME) X(waiting, GAUGE_COUNT) X(oldest_wait, GAUGE_TIME)     \
    X(open_over_t, GAUGE_COUNT) X(offers_failed_rate, RATIO) X(fcr, RATIO) X(csat, SCORE) X(csat_top_box, RATIO) \
    X(nps, SCORE) X(ces, SCORE) X(survey_response_rate, RATIO) X(complaints, COUNT) X(complaints_overdue, COUNT) \
    X(estimated_wait, GAUGE_TIME) X(breach_oldest, GAUGE_RATIO) X(breach_newest, GAUGE_RATIO)                    \
    X(predicted_service_level, RATIO) X(staff, GAUGE_COUNT)

typedef enum rs_metric_unit {
    RS_UNIT_RATIO = 0,
    RS_UNIT_COUNT,
    RS_UNIT_TIME,
    RS_UNIT_SCORE,
    RS_UNIT_GAUGE_COUNT,      /* from here on: of now */
    RS_UNIT_GAUGE_TIME,
    RS_UNIT_GAUGE_RATIO
} rs_metric_unit_t;

/* Whether there is a metric of that name; *unit (may be NULL) is only then written. Pure. */
bool rs_config_metric_known(rs_str_t name, rs_metric_unit_t *unit);
/* The i-th name, NULL past the last. All names separated by ", ". Static storage. */
const char *rs_config_metric_name(uint32_t index);
const char *rs_config_metric_names(void);

#endif
