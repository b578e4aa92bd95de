/* core/metric.h — the named figures that alerts, the board and feeds can ask for, each a formula over counts
 * (metrics.md).
 *
 * A figure is null when its denominator is 0 or nothing was counted. Ratios are 0..1, times milliseconds, scores as they were
 * given (a mean over several scales means little: core/feedback/survey.h tells). survey_response_rate is of contacts that
 * answered over handlings that ended, each at its own moment: in a short window it may be more than 1. Percentiles
 * are those of answered legs' waits and rest on how many these are; wait_max rests on the closed legs; estimated wait and
 * breach rest on the legs that wait. */
#ifndef RS_CORE_METRIC_H
#define RS_CORE_METRIC_H

#include "core/window/window.h"

#define RS_METRICS(X)                                                                                   \
    X(SERVICE_LEVEL, service_level)       /* policy num / (den + open legs past T when miss_now) */     \
    X(OFFERED, offered) X(ANSWERED, answered) X(ABANDONED, abandoned) X(FLOWED_OUT, flowed_out)         \
    X(CALLBACKS, callbacks) X(BLOCKED, blocked) X(HANDLED, handled) X(HANDLED_SHORT, handled_short)     \
    X(ABANDONED_RATE, abandoned_rate)     /* abandoned / (answered + abandoned) */                      \
    X(SHORT_RATE, short_rate)             /* handled_short / handled */                                 \
    X(ASA, asa)                           /* wait_answered / answered, ms */                            \
    X(AHT, aht)                           /* (talk + hold + wrap) / handled, ms */                      \
    X(WAIT_MAX, wait_max)                 /* longest wait of closed legs, ms */                         \
    X(WAIT_P50, wait_p50) X(WAIT_P80, wait_p80) X(WAIT_P90, wait_p90) X(WAIT_P95, wait_p95) X(WAIT_P99, wait_p99) \
    X(WAITING, waiting)                   /* gauge: legs open now */                                    \
    X(OLDEST_WAIT, oldest_wait)           /* gauge: ms that the oldest open leg has waited */           \
    X(OPEN_OVER_T, open_over_t)           /* gauge */                                                   \
    X(OFFERS_FAILED_RATE, offers_failed_rate) /* offers_failed / (answered + offers_failed) */          \
    X(FCR, fcr)                           /* (fcr_eligible - fcr_unresolved) / fcr_eligible */          \
    X(CSAT, csat)                         /* mean of the raw satisfaction scores */                     \
    X(CSAT_TOP_BOX, csat_top_box)         /* csat_top / csat_responses */                               \
    X(NPS, nps)                           /* 100 * (promoters - detractors) / responses: -100 to 100 */ \
    X(CES, ces)                           /* mean of the raw effort scores */                           \
    X(SURVEY_RESPONSE_RATE, survey_response_rate) /* surveyed_contacts / handled */                     \
    X(COMPLAINTS, complaints) X(COMPLAINTS_OVERDUE, complaints_overdue) \
    /* predictions, of queues only (core/predict/predict.h); null where the data carry none, 0 when nobody waits */ \
    X(ESTIMATED_WAIT, estimated_wait)     /* gauge: ms that a contact that comes now will wait */       \
    X(BREACH_OLDEST, breach_oldest)       /* gauge: chance that the oldest open leg misses T */         \
    X(BREACH_NEWEST, breach_newest)       /* gauge: the same of the newest */                           \
    X(PREDICTED_SERVICE_LEVEL, predicted_service_level) /* (num + expected) / (den + expected) of the window */ \
    X(STAFF, staff)                       /* gauge: agents available or busy, by agent.queue_joined and agent.state; only alert rules have
                                             it */

typedef enum rs_metric {
#define RS_X(NAME, name) RS_METRIC_##NAME,
    RS_METRICS(RS_X)
#undef RS_X
    RS_METRIC_COUNT
} rs_metric_t;

typedef struct rs_figure {
    bool is_null;
    double value;
    int64_t numerator, denominator;  /* what it rests on; denominator 0 for plain counts and gauges: sample = value */
} rs_figure_t;

/* Of these null means that nothing is known, not that nobody is there. */
static inline bool rs_metric_is_forecast(rs_metric_t metric) { return metric >= RS_METRIC_ESTIMATED_WAIT && metric <= RS_METRIC_STAFF; }
/* RS_ERR_NOT_FOUND: no metric of that name. */
RS_MUST_CHECK int rs_metric_find(rs_str_t name, rs_metric_t *metric);
const char *rs_metric_name(unsigned metric);
/* All names separated by ", ". Static storage. */
const char *rs_metric_names(void);
bool rs_metric_is_gauge(rs_metric_t metric);
bool rs_metric_is_ratio(rs_metric_t metric);
bool rs_metric_is_time(rs_metric_t metric);  /* milliseconds */
bool rs_metric_is_score(rs_metric_t metric); /* a mean score or an index; may be negative */

/* What of a key the figure is made of, the window and the open legs of open_miss_now aside: RS_CHANGED_… bits. While nothing of that
 * changes, and for OLDEST_WAIT no time passes, the figure stays. Pure. */
uint32_t rs_metric_reads(rs_metric_t metric);
/* The greatest wait of closed legs, -1 when none was closed: today's extreme may be a bound that outlived what it bounded
 * (core/window/window.h). Pure. */
int64_t rs_metric_wait_max_us(const rs_window_view_t *view);

/* Any thread: computes one figure of one key from the published view. `policy_slot` matters for
 * SERVICE_LEVEL and PREDICTED_SERVICE_LEVEL, `open_miss_now` for the former only (of legs that wait the latter says more). `now_us` is what
 * OLDEST_WAIT is measured against. Same returns as rs_window_read. */
RS_MUST_CHECK int rs_metric_read(const rs_window_store_t *store, uint32_t key, uint32_t window, rs_metric_t metric,
                                 uint32_t policy_slot, bool open_miss_now, int64_t now_us, rs_figure_t *figure);

#endif
