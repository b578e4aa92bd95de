#include "cli/alert_print.h"

#include "cli/figure_text.h"
#include "cli/text_line.h"

#include <inttypes.h>

enum { CELLS = 12, CELL_TEXT = 256 };

typedef struct cells {
    char text[CELLS][CELL_TEXT];
} cells_t;

/* FIGURE and N are those of the last change, at TOLD. */
static const char *const heads[CELLS] = {"ALERT", "STATE", "SEVERITY", "RULE", "KEY", "FIGURE", "LIMIT", "N", "TOLD", "SINCE",
                                         "FOR", "WHO HAS IT"};
static const bool is_right[CELLS] = {[5] = true, [6] = true, [7] = true, [10] = true};

static bool has_tenants(const rs_alert_body_t *const *alerts, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        if (strcmp(alerts[i]->key.tenant, alerts[0]->key.tenant) != 0) return true;
    }
    return false;
}

static void value_text(const rs_alert_body_t *alert, char text[RS_FIGURE_TEXT]) {
    if (alert->has_value)
        rs_text_metric(alert->metric, alert->value, text);
    else
        strcpy(text, RS_NO_FIGURE);
}

static void limit_text(const rs_alert_body_t *alert, char *text, size_t size) {
    char limit[RS_FIGURE_TEXT];
    rs_text_metric(alert->metric, alert->limit, limit);
    snprintf(text, size, "%s%s", alert->is_above ? ">" : "<", limit);
}

/* "anna", "silenced", "anna, silenced, inhibited". */
static void care_text(const rs_alert_body_t *alert, char *text, size_t size) {
    snprintf(text, size, "%s%s%s%s%s", alert->is_acknowledged ? alert->by : "", alert->is_acknowledged && alert->is_silenced ? ", " : "",
             alert->is_silenced ? "silenced" : "", alert->is_inhibited && (alert->is_acknowledged || alert->is_silenced) ? ", " : "",
             alert->is_inhibited ? "inhibited" : "");
}

static void fill(const rs_alert_body_t *alert, bool with_tenant, int64_t now_us, cells_t *cells) {
    snprintf(cells->text[0], CELL_TEXT, "%s", alert->episode);
    snprintf(cells->text[1], CELL_TEXT, "%s", rs_alert_state_name(alert->state));
    snprintf(cells->text[2], CELL_TEXT, "%s", rs_alert_severity_name(alert->severity));
    snprintf(cells->text[3], CELL_TEXT, "%s", alert->rule);
    rs_body_key_label(&alert->key, with_tenant, cells->text[4]);
    value_text(alert, cells->text[5]);
    limit_text(alert, cells->text[6], CELL_TEXT);
    if (alert->denominator > 0)
        snprintf(cells->text[7], CELL_TEXT, "%" PRId64, alert->denominator);
    else
        snprintf(cells->text[7], CELL_TEXT, "%s", RS_NO_FIGURE);
    rs_text_local_time(alert->at_us, false, cells->text[8]);
    rs_text_local_time(alert->started_us, true, cells->text[9]);
    rs_text_ms(now_us > 0 ? (double)(now_us - alert->started_us) / 1000 : -1, cells->text[10]);
    care_text(alert, cells->text[11], CELL_TEXT);
}

static void print_cells(FILE *out, const cells_t *cells, const uint32_t *widths) {
    rs_line_t line;
    rs_line_clear(&line);
    for (unsigned i = 0; i < CELLS; i++) {
        if (i > 0) rs_line_put(&line, RS_STYLE_PLAIN, "  ");
        rs_line_cell(&line, RS_STYLE_PLAIN, is_right[i] ? RS_ALIGN_RIGHT : RS_ALIGN_LEFT, cells->text[i], widths[i]);
    }
    rs_line_trim(&line);
    fprintf(out, "%s\n", line.text);
}

static void widen(const cells_t *cells, uint32_t *widths) {
    for (unsigned i = 0; i < CELLS; i++) {
        const uint32_t columns = rs_text_columns(cells->text[i]);
        if (columns > widths[i]) widths[i] = columns;
    }
}

void rs_alert_print_table(FILE *out, const rs_alert_body_t *const *alerts, uint32_t count, int64_t now_us) {
    const bool with_tenant = has_tenants(alerts, count);
    uint32_t widths[CELLS] = {0};
    cells_t cells;

    for (unsigned i = 0; i < CELLS; i++) snprintf(cells.text[i], CELL_TEXT, "%s", heads[i]);
    const cells_t head = cells;
    widen(&head, widths);
    for (uint32_t i = 0; i < count; i++) {
        fill(alerts[i], with_tenant, now_us, &cells);
        widen(&cells, widths);
    }
    print_cells(out, &head, widths);
    for (uint32_t i = 0; i < count; i++) {
        fill(alerts[i], with_tenant, now_us, &cells);
        print_cells(out, &cells, widths);
    }
}

/* At least `columns` wide, and two blanks. */
static void put(rs_line_t *line, const char *text, uint32_t columns) {
    const uint32_t end = line->columns + columns;
    rs_line_put(line, RS_STYLE_PLAIN, text);
    rs_line_fill_to(line, end);
    rs_line_put(line, RS_STYLE_PLAIN, "  ");
}

/* "  ack by anna: I look into it" */
static void put_said(rs_line_t *line, const rs_alert_body_t *alert) {
    if (alert->act[0] == '\0') return;
    rs_line_put(line, RS_STYLE_PLAIN, "  ");
    rs_line_put(line, RS_STYLE_PLAIN, alert->act);
    if (alert->by[0] != '\0') rs_line_put(line, RS_STYLE_PLAIN, " by ");
    rs_line_put(line, RS_STYLE_PLAIN, alert->by);
    if (alert->text[0] != '\0') rs_line_put(line, RS_STYLE_PLAIN, ": ");
    rs_line_put(line, RS_STYLE_PLAIN, alert->text);
}

void rs_alert_print_line(FILE *out, const rs_alert_body_t *alert) {
    char text[CELL_TEXT], value[RS_FIGURE_TEXT];
    rs_line_t line;

    rs_line_clear(&line);
    rs_text_local_time(alert->at_us, true, text);
    put(&line, text, 19);
    put(&line, alert->episode, 5);
    put(&line, rs_alert_state_name(alert->state), 10);
    put(&line, rs_alert_severity_name(alert->severity), 8);
    put(&line, alert->rule, 20);
    rs_body_key_label(&alert->key, strcmp(alert->key.tenant, "default") != 0, text);
    put(&line, text, 20);
    value_text(alert, value);
    rs_line_cell(&line, RS_STYLE_PLAIN, RS_ALIGN_RIGHT, value, 7);
    limit_text(alert, text, sizeof text);
    rs_line_put(&line, RS_STYLE_PLAIN, "  (");
    rs_line_put(&line, RS_STYLE_PLAIN, text);
    if (alert->denominator > 0) {
        snprintf(text, sizeof text, ", n=%" PRId64, alert->denominator);
        rs_line_put(&line, RS_STYLE_PLAIN, text);
    }
    if (alert->window[0] != '\0') {
        rs_line_put(&line, RS_STYLE_PLAIN, ", ");
        rs_line_put(&line, RS_STYLE_PLAIN, alert->window);
    }
    rs_line_put(&line, RS_STYLE_PLAIN, ")");
    put_said(&line, alert);
    fprintf(out, "%s\n", line.text);
}
