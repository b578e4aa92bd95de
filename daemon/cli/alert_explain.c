#include "cli/alert_explain.h"

#include "cli/figure_text.h"
#include "cli/text_line.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { MOST_FIGURES = 64, HEAD_COLUMNS = 11 };

void rs_alert_sparkline(const double *figures, size_t count, char *text, size_t size) {
    static const char *const steps[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double least = INFINITY, most = -INFINITY;
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(figures[i])) continue;
        if (figures[i] < least) least = figures[i];
        if (figures[i] > most) most = figures[i];
    }
    text[0] = '\0';
    for (size_t i = 0; i < count && len + 4 < size; i++) {
        const double share = most > least ? (figures[i] - least) / (most - least) : 0;
        const char *step = isfinite(figures[i]) ? steps[(size_t)(share * 7 + 0.5)] : " ";
        len += (size_t)snprintf(text + len, size - len, "%s", step);
    }
}

static void print_line(FILE *out, const char *head, const char *text) {
    rs_line_t line;
    rs_line_clear(&line);
    rs_line_put(&line, RS_STYLE_PLAIN, head);
    rs_line_fill_to(&line, HEAD_COLUMNS);
    rs_line_put(&line, RS_STYLE_PLAIN, text);
    fprintf(out, "%s\n", line.text);
}

static const char *text_in(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* --- the last intervals --------------------------------------------------------------------------------------------- */
static void print_recent(FILE *out, const json_t *explanation, const char *metric) {
    const json_t *recent = json_object_get(explanation, "recent"), *values = json_object_get(recent, "values");
    double figures[MOST_FIGURES];
    char curve[4 * MOST_FIGURES + 1], text[512], first[RS_FIGURE_TEXT], last[RS_FIGURE_TEXT];
    size_t count = json_array_size(values);
    if (count > MOST_FIGURES) count = MOST_FIGURES;
    if (count == 0) return;
    for (size_t i = 0; i < count; i++) {
        figures[i] = json_is_number(json_array_get(values, i)) ? json_number_value(json_array_get(values, i)) : (double)NAN;
    }
    rs_alert_sparkline(figures, count, curve, sizeof curve);
    strcpy(first, RS_NO_FIGURE);
    strcpy(last, RS_NO_FIGURE);
    if (isfinite(figures[0])) rs_text_metric(metric, figures[0], first);
    if (isfinite(figures[count - 1])) rs_text_metric(metric, figures[count - 1], last);
    snprintf(text, sizeof text, "%s  %s … %s, each %" PRId64 " min", curve, first, last,
             (int64_t)json_integer_value(json_object_get(recent, "each_s")) / 60);
    print_line(out, "recent", text);
}

/* --- where it comes from -------------------------------------------------------------------------------------------- */
static void print_parts(FILE *out, const json_t *explanation) {
    const json_t *parts = json_object_get(explanation, "parts");
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i);
        char text[512], was[64] = "";
        const json_t *before = json_object_get(part, "expected");
        if (json_is_number(json_object_get(before, "denominator")))
            snprintf(was, sizeof was, ", usual %.4g of %.4g", json_number_value(json_object_get(before, "numerator")),
                     json_number_value(json_object_get(before, "denominator")));
        snprintf(text, sizeof text, "%.0f %% from %s %s (%" PRId64 " of %" PRId64 "%s)",
                 100 * json_number_value(json_object_get(part, "share")),
                 text_in(part, "by"), text_in(part, "name"), (int64_t)json_integer_value(json_object_get(part, "numerator")),
                 (int64_t)json_integer_value(json_object_get(part, "denominator")), was);
        print_line(out, i == 0 ? "because" : "", text);
    }
}

static void print_next(FILE *out, const json_t *explanation) {
    const json_t *next = json_object_get(explanation, "next");
    const json_t *level = json_object_get(next, "service_level"), *wait = json_object_get(next, "estimated_wait_ms");
    char text[256] = "", figure[RS_FIGURE_TEXT];
    if (json_is_number(level)) {
        rs_text_metric("service_level", json_number_value(level), figure);
        snprintf(text, sizeof text, "service level %s once those who wait are through", figure);
    }
    if (json_is_number(wait)) {
        const size_t len = strlen(text);
        rs_text_ms(json_number_value(wait), figure);
        snprintf(text + len, sizeof text - len, "%sa contact that comes now waits about %s", len > 0 ? "; " : "", figure);
    }
    if (text[0] != '\0') print_line(out, "next", text);
}

void rs_alert_print_explanation(FILE *out, const json_t *explanation, const char *metric) {
    print_recent(out, explanation, metric);
    print_parts(out, explanation);
    print_next(out, explanation);
}
