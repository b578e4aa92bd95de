#include "base/metrics.h"

#include "base/counter.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_ROOM = 16 * 1024 };

static bool make_room(rs_metrics_t *page, size_t more) {
    if (page->has_failed) return false;
    if (page->len + more <= page->room) return true;
    size_t room = page->room == 0 ? FIRST_ROOM : 2 * page->room;
    while (room < page->len + more) room *= 2;
    char *text = room > 2 * (size_t)RS_METRICS_MAX ? NULL : realloc(page->text, room);
    if (text == NULL) {
        page->has_failed = true;
        return false;
    }
    page->text = text;
    page->room = room;
    return true;
}

static void put(rs_metrics_t *page, const char *bytes, size_t len) {
    if (!make_room(page, len)) return;
    memcpy(page->text + page->len, bytes, len);
    page->len += len;
}

static void put_text(rs_metrics_t *page, const char *text) { put(page, text, strlen(text)); }

/* Backslash and line feed, and in label values the quotation mark, stand behind a backslash. Help has none of the latter here. */
static void put_escaped(rs_metrics_t *page, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '"') put(page, "\\", 1);
        if (*text == '\n') put(page, "\\n", 2);
        else put(page, text, 1);
    }
}

void rs_metrics_begin(rs_metrics_t *page, bool is_openmetrics) {
    page->len = 0;
    page->is_openmetrics = is_openmetrics;
    page->has_failed = false;
    page->name = NULL;
}

static void put_name(rs_metrics_t *page, bool of_sample) {
    put_text(page, page->name);
    /* OpenMetrics names the family without it. */
    if (page->type == RS_METRIC_COUNTER && (of_sample || !page->is_openmetrics)) put_text(page, "_total");
}

void rs_metrics_family(rs_metrics_t *page, const char *name, rs_metric_type_t type, const char *help) {
    page->name = name;
    page->type = type;
    put_text(page, "# HELP ");
    put_name(page, false);
    put_text(page, " ");
    put_text(page, help);
    put_text(page, "\n# TYPE ");
    put_name(page, false);
    put_text(page, type == RS_METRIC_COUNTER ? " counter\n" : " gauge\n");
}

static void put_head(rs_metrics_t *page, const rs_metric_label_t *labels, size_t count) {
    put_name(page, true);
    for (size_t i = 0; i < count; i++) {
        put_text(page, i == 0 ? "{" : ",");
        put_text(page, labels[i].name);
        put_text(page, "=\"");
        put_escaped(page, labels[i].value);
        put_text(page, "\"");
    }
    put_text(page, count == 0 ? " " : "} ");
}

void rs_metrics_sample(rs_metrics_t *page, const rs_metric_label_t *labels, size_t label_count, double value) {
    char number[64];
    put_head(page, labels, label_count);
    if (isnan(value)) snprintf(number, sizeof number, "NaN\n");
    else if (isinf(value)) snprintf(number, sizeof number, "%sInf\n", value < 0 ? "-" : "+");
    else snprintf(number, sizeof number, "%.15g\n", value);
    put_text(page, number);
}

void rs_metrics_whole(rs_metrics_t *page, const rs_metric_label_t *labels, size_t label_count, uint64_t value) {
    char number[64];
    put_head(page, labels, label_count);
    snprintf(number, sizeof number, "%" PRIu64 "\n", value);
    put_text(page, number);
}

void rs_metrics_counter(rs_metrics_t *page, const char *name, const char *help, uint64_t value) {
    rs_metrics_family(page, name, RS_METRIC_COUNTER, help);
    rs_metrics_whole(page, NULL, 0, value);
}

void rs_metrics_gauge(rs_metrics_t *page, const char *name, const char *help, double value) {
    rs_metrics_family(page, name, RS_METRIC_GAUGE, help);
    rs_metrics_sample(page, NULL, 0, value);
}

/* --- base/counter.h ------------------------------------------------------------------------------------------------- */
typedef struct counters {
    rs_metrics_t *page;
    const char *family;                /* the counters' name, with its "_total" */
    char name[256];
} counters_t;

static void add_counter(void *context, const rs_counter_t *counter, uint64_t value) {
    static const char total[] = "_total";
    counters_t *counters = context;
    if (counters->family == NULL || strcmp(counters->family, counter->name) != 0) {
        size_t len = strlen(counter->name);
        if (len > sizeof total - 1 && strcmp(counter->name + len - (sizeof total - 1), total) == 0) len -= sizeof total - 1;
        snprintf(counters->name, sizeof counters->name, "%.*s", (int)len, counter->name);
        counters->family = counter->name;
        rs_metrics_family(counters->page, counters->name, RS_METRIC_COUNTER, counter->help);
    }
    rs_metric_label_t labels[RS_COUNTER_LABELS];
    size_t count = 0;
    for (; count < RS_COUNTER_LABELS && counter->labels[count].name != NULL; count++) {
        labels[count] = (rs_metric_label_t){counter->labels[count].name, counter->labels[count].value};
    }
    rs_metrics_whole(counters->page, labels, count, value);
}

void rs_metrics_add_counters(rs_metrics_t *page) {
    counters_t counters = {.page = page};
    rs_counter_each(add_counter, &counters);
    page->name = NULL;
}

int rs_metrics_end(rs_metrics_t *page) {
    if (page->is_openmetrics) put_text(page, "# EOF\n");
    if (page->has_failed) return page->room >= RS_METRICS_MAX ? RS_ERR_LIMIT : RS_ERR_MEMORY;
    return page->len > RS_METRICS_MAX ? RS_ERR_LIMIT : RS_OK;
}

void rs_metrics_free(rs_metrics_t *page) {
    free(page->text);
    *page = (rs_metrics_t){0};
}
