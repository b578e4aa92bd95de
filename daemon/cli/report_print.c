/* A report as a table for people, as CSV (RFC 4180) and as JSON. */
#include "cli/report.h"

#include "cli/text_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- what a person reads ----------------------------------------------------------------------------------------- */
static void show_ms(double ms, char *text, size_t size) {
    const double seconds = fabs(ms) / 1000;
    const char *sign = ms < 0 ? "-" : "";
    const long long whole = (long long)(seconds + 0.5);
    if (whole < 60)
        snprintf(text, size, "%s%.1f s", sign, seconds);
    else if (whole < 3600)
        snprintf(text, size, "%s%lld:%02lld min", sign, whole / 60, whole % 60);
    else if (whole < 72 * 3600)
        snprintf(text, size, "%s%lld:%02lld h", sign, whole / 3600, whole % 3600 / 60);
    else
        snprintf(text, size, "%s%.1f days", sign, seconds / 86400);
}

/* Whole numbers as they are, others with so many digits as say something. */
static void show_number(const char *value, char *text, size_t size) {
    const double number = strtod(value, NULL);
    if (strspn(value, "-0123456789") == strlen(value))
        snprintf(text, size, "%s", value);
    else if (fabs(number) >= 100)
        snprintf(text, size, "%.0f", number);
    else if (fabs(number) >= 0.01 || number == 0)
        snprintf(text, size, "%.*f", fabs(number) >= 10 ? 1 : fabs(number) >= 1 ? 2 : 3, number);
    else
        snprintf(text, size, "%.1e", number);
}

static const char *const weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

static void show_chance(double p, char *text, size_t size) {
    if (p < 0.001)
        snprintf(text, size, "< 0.001");
    else
        snprintf(text, size, "%.3f", p);
}

void rs_report_shown(const rs_report_result_t *result, uint32_t row, uint32_t column, char *text, size_t size) {
    const char *value = rs_report_cell(result, row, column), *unit = NULL, *name = result->report->columns[column].name;
    const bool is_change = rs_report_column_at(result, "difference") >= 0 &&
                           (strcmp(name, "difference") == 0 || strcmp(name, "low") == 0 || strcmp(name, "high") == 0);
    uint8_t kind = result->report->columns[column].kind;
    if (value == NULL) {
        snprintf(text, size, "–");
        return;
    }
    if (kind == RS_COLUMN_FIGURE) {
        const int at = rs_report_column_at(result, "unit");
        unit = at < 0 ? NULL : rs_report_cell(result, row, (uint32_t)at);
        kind = unit != NULL && strcmp(unit, "ratio") == 0 ? RS_COLUMN_RATIO
               : unit != NULL && strcmp(unit, "ms") == 0  ? RS_COLUMN_MS
                                                          : RS_COLUMN_COUNT;
    }
    switch (kind) {
        case RS_COLUMN_COUNT:
            if (strcmp(name, "p_value") == 0)
                show_chance(strtod(value, NULL), text, size);
            else
                show_number(value, text, size);
            break;
        case RS_COLUMN_RATIO: /* a difference of shares is no share: 20 % to 30 % is 10 points, or half as much again */
            if (is_change)
                snprintf(text, size, "%+.1f points", 100 * strtod(value, NULL));
            else
                snprintf(text, size, "%.1f %%", 100 * strtod(value, NULL));
            break;
        case RS_COLUMN_MS: show_ms(strtod(value, NULL), text, size); break;
        case RS_COLUMN_TIME: snprintf(text, size, "%.10s %.5s", value, strlen(value) > 16 ? value + 11 : ""); break;
        case RS_COLUMN_WEEKDAY:
            snprintf(text, size, "%s", value[0] >= '1' && value[0] <= '7' ? weekdays[value[0] - '1'] : value);
            break;
        case RS_COLUMN_YES: snprintf(text, size, "%s", strcmp(value, "t") == 0 ? "yes" : "no"); break;
        default: snprintf(text, size, "%s", value); break;
    }
}

/* Those whose names are no words. */
static const struct { const char *name, *words; } figures_in_words[] = {
    {"asa", "mean wait"}, {"aht", "mean handle time"}, {"fcr", "first-contact resolution"}, {"fcr_net", "first-contact resolution, net"},
    {"csat", "satisfaction"}, {"ces", "effort"}, {"nps", "recommendation"}, {"offered", "contacts offered"}};

void rs_report_figure_words(const rs_report_result_t *result, uint32_t row, char *text, size_t size) {
    const int at = rs_report_column_at(result, "policy");
    const char *name = rs_report_cell(result, row, (uint32_t)rs_report_column_at(result, "metric"));
    const char *policy = at < 0 ? NULL : rs_report_cell(result, row, (uint32_t)at), *words = name == NULL ? "–" : name;
    for (size_t i = 0; i < RS_ARRAY_LEN(figures_in_words); i++)
        if (strcmp(words, figures_in_words[i].name) == 0) words = figures_in_words[i].words;
    snprintf(text, size, "%s", words);
    for (char *c = text; *c != 0; c++)
        if (*c == '_') *c = ' ';
    const size_t len = strlen(text);
    if (policy != NULL) snprintf(text + len, size - len, " (%s)", policy);
}

bool rs_report_is_shown(const rs_report_result_t *result, uint32_t column) {
    if (result->report->columns[column].more) return false;
    for (uint32_t row = 0; row < result->rows; row++) {
        if (rs_report_cell(result, row, column) != NULL) return true;
    }
    return false;
}

void rs_report_column_title(const rs_report_column_t *column, char *text, size_t size) {
    snprintf(text, size, "%s", column->name);
    const size_t len = strlen(text);
    if (column->kind == RS_COLUMN_MS && len > 3 && strcmp(text + len - 3, "_ms") == 0) text[len - 3] = 0;
}

/* --- table ------------------------------------------------------------------------------------------------------- */
enum { SHOWN = 1024, LINE = 8192, WIDEST = 48 };

static rs_align_t align_of(const rs_report_column_t *column) {
    return column->kind == RS_COLUMN_TEXT || column->kind == RS_COLUMN_TIME || column->kind == RS_COLUMN_YES ||
                   column->kind == RS_COLUMN_WEEKDAY
               ? RS_ALIGN_LEFT
               : RS_ALIGN_RIGHT;
}

static uint32_t width_of(const rs_report_result_t *result, uint32_t column) {
    char text[SHOWN];
    rs_report_column_title(&result->report->columns[column], text, sizeof text);
    uint32_t widest = rs_text_columns(text);
    for (uint32_t row = 0; row < result->rows; row++) {
        rs_report_shown(result, row, column, text, sizeof text);
        const uint32_t width = rs_text_columns(text);
        if (width > widest) widest = width;
    }
    return widest > WIDEST ? WIDEST : widest;
}

static void print_cell(FILE *out, const char *text, rs_align_t align, uint32_t width, bool is_first) {
    rs_line_t line;
    rs_line_clear(&line);
    rs_line_cell(&line, RS_STYLE_PLAIN, align, text, width);
    fprintf(out, "%s%s", is_first ? "" : "  ", line.text);
}

/* "trend of asa, 2026-03-02T00:00:00Z to 2026-03-09T00:00:00Z (UTC), key support": whose figures these are, and which. */
static void print_title(FILE *out, const rs_report_request_t *request, const rs_report_t *report) {
    static const rs_report_option_t told[] = {RS_OPT_TENANT, RS_OPT_KEY, RS_OPT_CHANNEL};
    const bool has_before = rs_report_takes(report, RS_OPT_BEFORE_FROM);
    fprintf(out, "%s", report->name);
    if (!has_before && rs_report_takes(report, RS_OPT_METRIC) && request->values[RS_OPT_METRIC] != NULL)
        fprintf(out, " of %s", request->values[RS_OPT_METRIC]);
    if (has_before)
        fprintf(out, ", %s to %s against %s to %s", request->from, request->to, request->before_from, request->before_to);
    else if (rs_report_takes(report, RS_OPT_FROM))
        fprintf(out, ", %s to %s", request->from, request->to);
    fprintf(out, " (%s)", request->values[RS_OPT_ZONE]);
    for (size_t i = 0; i < RS_ARRAY_LEN(told); i++) {
        const char *value = request->values[told[i]];
        if (value == NULL || !rs_report_takes(report, told[i])) continue;
        rs_line_t line;
        rs_line_clear(&line);
        rs_line_put(&line, RS_STYLE_PLAIN, value);
        fprintf(out, ", %s %s", rs_report_option_name(told[i]) + 2, line.text);
    }
    fputc('\n', out);
}

void rs_report_print_table(FILE *out, const rs_report_request_t *request, const rs_report_result_t *result) {
    uint32_t shown[RS_REPORT_MAX_COLUMNS], widths[RS_REPORT_MAX_COLUMNS], count = 0;
    char text[SHOWN];
    rs_text_use_utf8();
    for (uint32_t i = 0; i < result->columns; i++) {
        if (!rs_report_is_shown(result, i)) continue;
        widths[count] = width_of(result, i);
        shown[count++] = i;
    }
    print_title(out, request, result->report);
    for (uint32_t i = 0; i < count && result->rows > 0; i++) {
        rs_report_column_title(&result->report->columns[shown[i]], text, sizeof text);
        print_cell(out, text, align_of(&result->report->columns[shown[i]]), widths[i], i == 0);
    }
    if (result->rows > 0) fputc('\n', out);
    for (uint32_t row = 0; row < result->rows; row++) {
        for (uint32_t i = 0; i < count; i++) {
            rs_report_shown(result, row, shown[i], text, sizeof text);
            print_cell(out, text, align_of(&result->report->columns[shown[i]]), widths[i], i == 0);
        }
        fputc('\n', out);
    }
}

/* --- csv --------------------------------------------------------------------------------------------------------- */
static void print_csv_cell(FILE *out, const char *value, uint8_t kind) {
    if (value == NULL) return;
    if (kind == RS_COLUMN_YES) {
        fputs(strcmp(value, "t") == 0 ? "true" : "false", out);
        return;
    }
    if (strpbrk(value, ",\"\r\n") == NULL && value[0] != 0) {
        fputs(value, out);
        return;
    }
    fputc('"', out);
    for (; *value != 0; value++) {
        if (*value == '"') fputc('"', out);
        fputc(*value, out);
    }
    fputc('"', out);
}

void rs_report_print_csv(FILE *out, const rs_report_result_t *result) {
    for (uint32_t i = 0; i < result->columns; i++)
        fprintf(out, "%s%s", i == 0 ? "" : ",", result->report->columns[i].name);
    fputs("\r\n", out);
    for (uint32_t row = 0; row < result->rows; row++) {
        for (uint32_t i = 0; i < result->columns; i++) {
            if (i > 0) fputc(',', out);
            print_csv_cell(out, rs_report_cell(result, row, i), result->report->columns[i].kind);
        }
        fputs("\r\n", out);
    }
}

/* --- json -------------------------------------------------------------------------------------------------------- */
static void print_json_text(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text != 0; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            fprintf(out, "\\u%04x", byte);
        else
            fputc(byte, out);
    }
    fputc('"', out);
}

static void print_json_member(FILE *out, const char *name, const char *value) {
    if (value == NULL) return;
    fprintf(out, ", \"%s\": ", name);
    print_json_text(out, value);
}

static void print_json_cell(FILE *out, const char *value, uint8_t kind) {
    if (value == NULL || strcmp(value, "NaN") == 0 || strstr(value, "Infinity") != NULL) {
        if (value == NULL || (kind != RS_COLUMN_TEXT && kind != RS_COLUMN_TIME)) {
            fputs("null", out);
            return;
        }
    }
    if (kind == RS_COLUMN_YES)
        fputs(strcmp(value, "t") == 0 ? "true" : "false", out);
    else if (kind == RS_COLUMN_TEXT || kind == RS_COLUMN_TIME)
        print_json_text(out, value);
    else
        fputs(value, out);
}

void rs_report_print_json(FILE *out, const rs_report_request_t *request, const rs_report_result_t *result) {
    static const struct {
        const char *name;
        rs_report_option_t option;
    } told[] = {{"interval", RS_OPT_STEP},   {"tenant", RS_OPT_TENANT},          {"by", RS_OPT_FAMILY},
                {"key", RS_OPT_KEY},         {"metric", RS_OPT_METRIC},          {"policy", RS_OPT_POLICY},
                {"channel", RS_OPT_CHANNEL}, {"attribution", RS_OPT_ATTRIBUTION}};
    fputs("{\"report\": ", out);
    print_json_text(out, result->report->name);
    if (rs_report_takes(result->report, RS_OPT_FROM)) {
        print_json_member(out, "from", request->from);
        print_json_member(out, "to", request->to);
    }
    if (rs_report_takes(result->report, RS_OPT_BEFORE_FROM)) {
        print_json_member(out, "before_from", request->before_from);
        print_json_member(out, "before_to", request->before_to);
    }
    print_json_member(out, "timezone", request->values[RS_OPT_ZONE]);
    for (size_t i = 0; i < RS_ARRAY_LEN(told); i++) {
        if (rs_report_takes(result->report, told[i].option))
            print_json_member(out, told[i].name, request->values[told[i].option]);
    }
    fputs(", \"warnings\": [", out);
    for (uint32_t i = 0; i < result->warning_count; i++) {
        if (i > 0) fputs(", ", out);
        print_json_text(out, result->warnings[i]);
    }
    fputs("], \"rows\": [", out);
    for (uint32_t row = 0; row < result->rows; row++) {
        fputs(row == 0 ? "\n{" : ",\n{", out);
        for (uint32_t i = 0; i < result->columns; i++) {
            fprintf(out, "%s\"%s\": ", i == 0 ? "" : ", ", result->report->columns[i].name);
            print_json_cell(out, rs_report_cell(result, row, i), result->report->columns[i].kind);
        }
        fputc('}', out);
    }
    fputs("]}\n", out);
}
