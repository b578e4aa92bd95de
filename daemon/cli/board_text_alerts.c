#include "cli/board_text_internal.h"

#include "cli/figure_text.h"

#include <inttypes.h>
#include <stdio.h>

static rs_style_t alert_style(const rs_alert_body_t *alert) {
    if (alert->state == RS_ALERT_PENDING) return RS_STYLE_DIM;
    if (alert->severity == RS_SEVERITY_INFO) return RS_STYLE_PLAIN;
    return alert->severity == RS_SEVERITY_CRITICAL && alert->state == RS_ALERT_FIRING ? RS_STYLE_BREACH
                                                                                      : RS_STYLE_WARNING;
}

enum {
    SEVERITY_WIDTH = 8,
    STATE_WIDTH = 11, /* "recovering+" */
    FIGURE_WIDTH = 15,
    SAMPLE_WIDTH = 8,
    SINCE_WIDTH = 8,
    AGE_WIDTH = 6,
    LEAST_ALERT_NAME = 8,
    NUMBER_COLUMNS = 110 /* from that width on an alert's number is shown, which `ringside alerts ack` asks for */
};

/* Rules and keys are as wide as the longest that is shown, as far as there is room. */
typedef struct alert_layout {
    uint32_t rule, key, number; /* number 0: not shown */
    bool has_state, has_figure, has_since, is_wide;
} alert_layout_t;

static alert_layout_t choose_alert_layout(const painter_t *painter, const rs_alert_body_t *const *alerts,
                                          uint32_t shown) {
    alert_layout_t layout = {.rule = LEAST_ALERT_NAME,
                             .key = LEAST_ALERT_NAME,
                             .has_state = painter->columns >= 60,
                             .has_figure = painter->columns >= 45,
                             .has_since = painter->columns >= 72,
                             .is_wide = painter->columns >= 100};
    uint32_t fixed = SEVERITY_WIDTH + 2;
    if (layout.has_state) fixed += STATE_WIDTH + 1;
    if (layout.has_figure) fixed += FIGURE_WIDTH + 1;
    if (layout.has_since) fixed += SINCE_WIDTH + 1;
    if (layout.is_wide) fixed += SAMPLE_WIDTH + AGE_WIDTH + 2;
    for (uint32_t i = 0; i < shown && painter->columns >= NUMBER_COLUMNS; i++) {
        const uint32_t columns = rs_text_columns(alerts[i]->episode);
        if (columns > layout.number) layout.number = columns;
    }
    if (layout.number > 0) fixed += layout.number + 1;
    const uint32_t room =
        painter->columns > fixed + 2 * LEAST_ALERT_NAME ? painter->columns - fixed : 2 * LEAST_ALERT_NAME;
    char key[RS_KEY_LABEL];
    for (uint32_t i = 0; i < shown; i++) {
        rs_body_key_label(&alerts[i]->key, painter->stats.tenants > 1, key);
        const uint32_t rule_columns = rs_text_columns(alerts[i]->rule), key_columns = rs_text_columns(key);
        if (rule_columns > layout.rule) layout.rule = rule_columns;
        if (key_columns > layout.key) layout.key = key_columns;
    }
    if (layout.rule + layout.key <= room) return layout;
    if (layout.key > room / 2) layout.key = layout.rule < room / 2 ? room - layout.rule : room / 2;
    if (layout.rule + layout.key > room) layout.rule = room - layout.key;
    return layout;
}

static void put_cell(rs_line_t *line, rs_style_t style, rs_align_t align, const char *text, uint32_t columns) {
    if (line->columns > 0) rs_line_put(line, RS_STYLE_PLAIN, " ");
    rs_line_cell(line, style, align, text, columns);
}

/* What goes on, and what people did about it: "+" somebody has it, "~" it is kept quiet. */
static void state_text(const rs_alert_body_t *alert, char *text, size_t size) {
    const char *name = alert->state == RS_ALERT_UNREACHABLE ? "unreached" : rs_alert_state_name(alert->state);
    const char *mark = alert->is_acknowledged ? "+" : alert->is_silenced || alert->is_inhibited ? "~" : "";
    snprintf(text, size, "%s%s", name, mark);
}

/* "80%", not "80.0%": limits are round. */
static void limit_text(const rs_alert_body_t *alert, char text[RS_FIGURE_TEXT]) {
    rs_text_metric(alert->metric, alert->limit, text);
    char *tenths = strstr(text, ".0%");
    if (tenths != NULL) strcpy(tenths, "%");
}

/* "18.7% (<50%)" as it is now; "63.9%* (<50%)" as it was told, when the rows do not have it. */
static int64_t figure_text(const painter_t *painter, const rs_alert_body_t *alert, char *text, size_t size) {
    char value[RS_FIGURE_TEXT] = RS_NO_FIGURE, limit[RS_FIGURE_TEXT];
    rs_board_now_t now = {.has_value = alert->has_value, .value = alert->value, .denominator = alert->denominator};
    const bool is_of_now = rs_board_alert_now(painter->board, alert, &now);
    if (now.has_value) rs_text_metric(alert->metric, now.value, value);
    limit_text(alert, limit);
    snprintf(text, size, "%s%s (%s%s)", value, is_of_now || !now.has_value ? "" : "*", alert->is_above ? ">" : "<", limit);
    return now.denominator;
}

static void put_alert(painter_t *painter, const alert_layout_t *layout, const rs_alert_body_t *alert) {
    const rs_style_t style = alert_style(alert),
                     plain = alert->state == RS_ALERT_PENDING ? RS_STYLE_DIM : RS_STYLE_PLAIN;
    char age[RS_FIGURE_TEXT], text[RS_KEY_LABEL];
    rs_line_t *line = rs__next_line(painter);

    put_cell(line, style, RS_ALIGN_LEFT, rs_alert_severity_name(alert->severity), SEVERITY_WIDTH);
    state_text(alert, text, sizeof text);
    if (layout->has_state) put_cell(line, plain, RS_ALIGN_LEFT, text, STATE_WIDTH);
    if (layout->number > 0) put_cell(line, plain, RS_ALIGN_LEFT, alert->episode, layout->number);
    put_cell(line, plain, RS_ALIGN_LEFT, alert->rule, layout->rule);
    rs_body_key_label(&alert->key, painter->stats.tenants > 1, text);
    put_cell(line, plain, RS_ALIGN_LEFT, text, layout->key);
    const int64_t sample = figure_text(painter, alert, text, sizeof text);
    if (layout->has_figure) put_cell(line, plain, RS_ALIGN_RIGHT, text, FIGURE_WIDTH);
    snprintf(text, sizeof text, "n=%" PRId64, sample);
    if (layout->is_wide) put_cell(line, plain, RS_ALIGN_RIGHT, sample > 0 ? text : "", SAMPLE_WIDTH);
    rs_text_local_time(alert->started_us, false, text);
    if (layout->has_since) put_cell(line, plain, RS_ALIGN_RIGHT, text, SINCE_WIDTH);
    rs_text_ms((double)(painter->stats.now_us - alert->started_us) / 1000, age);
    if (layout->is_wide) put_cell(line, plain, RS_ALIGN_RIGHT, age, AGE_WIDTH);
    rs_line_trim(line);
}

/* "alerts: 2 firing, 1 pending", and what the columns below are. */
static void put_alert_head(painter_t *painter, const alert_layout_t *layout, const rs_alert_body_t *const *alerts,
                           uint32_t count) {
    static const uint8_t states[] = {RS_ALERT_FIRING,  RS_ALERT_RECOVERING,  RS_ALERT_FLAPPING,
                                     RS_ALERT_NO_DATA, RS_ALERT_UNREACHABLE, RS_ALERT_PENDING};
    uint32_t in_state[RS_ALERT_STATE_COUNT] = {0};
    char text[256] = "alerts:";
    rs_line_t *line = rs__next_line(painter);

    for (uint32_t i = 0; i < count; i++) in_state[alerts[i]->state]++;
    for (size_t i = 0; i < RS_ARRAY_LEN(states); i++) {
        const size_t len = strlen(text);
        if (in_state[states[i]] == 0) continue;
        snprintf(text + len, sizeof text - len, "%s %" PRIu32 " %s", text[len - 1] == ':' ? "" : ",",
                 in_state[states[i]], rs_alert_state_name(states[i]));
    }
    if (count == 0) {
        rs_line_put(line, RS_STYLE_HEAD, "no open alerts");
    } else {
        const uint32_t names =
            SEVERITY_WIDTH + layout->rule + layout->key + 2 + (layout->has_state ? STATE_WIDTH + 1u : 0) +
            (layout->number > 0 ? layout->number + 1 : 0);
        rs_line_cell(line, RS_STYLE_HEAD, RS_ALIGN_LEFT, text, names);
        if (layout->has_figure) put_cell(line, RS_STYLE_HEAD, RS_ALIGN_RIGHT, "figure (limit)", FIGURE_WIDTH);
        if (layout->is_wide) put_cell(line, RS_STYLE_HEAD, RS_ALIGN_RIGHT, "", SAMPLE_WIDTH);
        if (layout->has_since) put_cell(line, RS_STYLE_HEAD, RS_ALIGN_RIGHT, "since", SINCE_WIDTH);
        if (layout->is_wide) put_cell(line, RS_STYLE_HEAD, RS_ALIGN_RIGHT, "for", AGE_WIDTH);
    }
    rs__finish_head(painter, line);
}

void rs__put_alerts(painter_t *painter, uint32_t lines) {
    uint32_t count;
    const rs_alert_body_t *const *alerts = rs_board_alerts(painter->board, &count);
    const uint32_t more = painter->stats.alerts_more, room = lines > 0 ? lines - 1 : 0;
    const bool leaves_some = more > 0 || count > room;
    const uint32_t shown = leaves_some ? (count + 1 < room ? count : room > 0 ? room - 1 : 0) : count;
    char text[64];

    if (lines == 0) return;
    const alert_layout_t layout = choose_alert_layout(painter, alerts, shown);
    put_alert_head(painter, &layout, alerts, count);
    for (uint32_t i = 0; i < shown; i++) put_alert(painter, &layout, alerts[i]);
    snprintf(text, sizeof text, "… and %" PRIu32 " more", count - shown + more);
    if (leaves_some && room > 0) rs__put_text(painter, RS_STYLE_DIM, text);
}

uint32_t rs__alert_lines(const painter_t *painter, uint32_t queues) {
    const uint32_t lines = painter->view->lines;
    const uint32_t wanted = 1 + painter->stats.alerts + (painter->stats.alerts_more > 0);
    if (lines == 0) return wanted;
    if (lines < 8) return 0;
    const uint32_t body = lines - FIXED_LINES, free_lines = body > queues ? body - queues : 0;
    const uint32_t most = body / 3 > free_lines ? body / 3 : free_lines;
    return wanted < most ? wanted : most;
}
