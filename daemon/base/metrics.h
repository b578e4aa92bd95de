/* base/metrics.h — the page that a monitoring system reads: counters and gauges as OpenMetrics 1.0 or as Prometheus' older text format
 * 0.0.4.
 *
 * Model:     begin, then family by family its samples, end; a family's samples stand together. Counters' names have no "_total": it is put
 *            behind where the format wants it.
 * Labels:    values come from a bounded set (reasons, names of the configuration), never from an event.
 * Bounds:    a page of more than RS_METRICS_MAX bytes is refused by end, as is one that found no memory.
 * Threads:   one page, one thread.
 */
#ifndef RS_BASE_METRICS_H
#define RS_BASE_METRICS_H

#include "base/base.h"

enum { RS_METRICS_MAX = 4 << 20 };

typedef enum rs_metric_type { RS_METRIC_COUNTER, RS_METRIC_GAUGE } rs_metric_type_t;
typedef struct rs_metric_label { const char *name, *value; } rs_metric_label_t;

/* Zeroed before the first begin; its text is used again by the next one. */
typedef struct rs_metrics {
    char *text;
    size_t len, room;
    bool is_openmetrics, has_failed;
    const char *name;                  /* of the family at work */
    rs_metric_type_t type;
} rs_metrics_t;

void rs_metrics_begin(rs_metrics_t *page, bool is_openmetrics);
/* `name` and `help` are borrowed until the next family or the end. */
void rs_metrics_family(rs_metrics_t *page, const char *name, rs_metric_type_t type, const char *help);
void rs_metrics_sample(rs_metrics_t *page, const rs_metric_label_t *labels, size_t label_count, double value);
/* The same of a whole number, all of its digits. */
void rs_metrics_whole(rs_metrics_t *page, const rs_metric_label_t *labels, size_t label_count, uint64_t value);
/* A family with one sample without labels. */
void rs_metrics_counter(rs_metrics_t *page, const char *name, const char *help, uint64_t value);
void rs_metrics_gauge(rs_metrics_t *page, const char *name, const char *help, double value);
/* Every counter of base/counter.h. */
void rs_metrics_add_counters(rs_metrics_t *page);
/* RS_OK: text and len are the page. RS_ERR_MEMORY; RS_ERR_LIMIT: too long. */
RS_MUST_CHECK int rs_metrics_end(rs_metrics_t *page);
void rs_metrics_free(rs_metrics_t *page);

#endif
