#include "cli/board_internal.h"

#include "core/hash.h"
#include "feed/format.h"

#include <stdio.h>
#include <stdlib.h>

static board_alert_t *find(rs_board_t *board, const char *episode) {
    for (uint32_t i = 0; i < board->alert_count; i++) {
        if (strcmp(board->alerts[i].body.episode, episode) == 0) return &board->alerts[i];
    }
    return NULL;
}

static void drop(rs_board_t *board, board_alert_t *alert) { *alert = board->alerts[--board->alert_count]; }

/* < 0: a is shown before b. */
static int order(const rs_alert_body_t *a, const rs_alert_body_t *b) {
    const bool a_pending = a->state == RS_ALERT_PENDING, b_pending = b->state == RS_ALERT_PENDING;
    if (a_pending != b_pending) return a_pending ? 1 : -1;
    if (a->severity != b->severity) return a->severity > b->severity ? -1 : 1;
    if (a->started_us != b->started_us) return a->started_us > b->started_us ? -1 : 1;
    return strcmp(a->episode, b->episode);
}

/* What the snapshot on its way has not mentioned goes first. */
static board_alert_t *least_important(rs_board_t *board) {
    board_alert_t *last = &board->alerts[0];
    for (uint32_t i = 0; i < board->alert_count; i++) {
        if (board->alerts[i].generation != board->generation) return &board->alerts[i];
        if (order(&board->alerts[i].body, &last->body) > 0) last = &board->alerts[i];
    }
    return last;
}

/* An open episode that is not kept yet. It may be one of those that were only counted. */
static int keep(rs_board_t *board, const board_alert_t *alert, bool in_snapshot) {
    const bool was_counted = !in_snapshot && alert->body.from != RS_ALERT_OK && board->more_alerts > 0;
    if (was_counted) board->more_alerts--;
    if (board->alert_count < RS_BOARD_ALERTS) {
        board->alerts[board->alert_count++] = *alert;
        return RS_OK;
    }
    board_alert_t *last = least_important(board);
    const bool is_old = last->generation != board->generation;
    board->more_alerts += !is_old;
    if (!is_old && order(&alert->body, &last->body) > 0) return RS_ERR_FULL;
    *last = *alert;
    return RS_OK;
}

/* "alert/default/queue/vip/voice" has its figures under "window/default/queue/vip/voice". */
static uint64_t window_hash(rs_str_t topic) {
    static const char alert[] = "alert/";
    char text[RS_FEED_MAX_TOPIC + 2];
    const uint32_t skipped = sizeof alert - 1;
    const int len = snprintf(text, sizeof text, "window/%.*s", (int)(topic.len - skipped), topic.data + skipped);
    return len > 0 && (size_t)len < sizeof text ? rs_hash64(text, (size_t)len, 0) : 0;
}

int rs__board_apply_alert(rs_board_t *board, rs_str_t topic, rs_str_t body, bool in_snapshot) {
    board_alert_t told = {.window_hash = window_hash(topic), .generation = board->generation};
    const int status = rs_body_read_alert(body, &told.body);
    if (status != RS_OK) return status;
    board_alert_t *known = find(board, told.body.episode);
    if (rs_alert_is_over(told.body.state)) {
        if (known != NULL)
            drop(board, known);
        else if (board->more_alerts > 0)
            board->more_alerts--;
        return RS_OK;
    }
    if (known == NULL) return keep(board, &told, in_snapshot);
    *known = told;
    return RS_OK;
}

void rs__board_sweep_alerts(rs_board_t *board) {
    for (uint32_t i = board->alert_count; i > 0; i--) {
        if (board->alerts[i - 1].generation != board->generation) drop(board, &board->alerts[i - 1]);
    }
}

static int compare(const void *a, const void *b) {
    return order(*(const rs_alert_body_t *const *)a, *(const rs_alert_body_t *const *)b);
}

const rs_alert_body_t *const *rs_board_alerts(rs_board_t *board, uint32_t *count) {
    for (uint32_t i = 0; i < board->alert_count; i++) board->selected_alerts[i] = &board->alerts[i].body;
    qsort(board->selected_alerts, board->alert_count, sizeof board->selected_alerts[0], compare);
    *count = board->alert_count;
    return board->selected_alerts;
}

/* --- the figure of now -------------------------------------------------------------------------------------------- */
static bool is_metric(const rs_alert_body_t *alert, const char *name) { return strcmp(alert->metric, name) == 0; }

static rs_board_now_t count_of(int64_t count) { return (rs_board_now_t){.has_value = count >= 0, .value = (double)count}; }

static rs_board_now_t ratio_of(int64_t numerator, int64_t denominator) {
    if (denominator <= 0) return (rs_board_now_t){0};
    return (rs_board_now_t){.has_value = true, .value = (double)numerator / (double)denominator, .denominator = denominator};
}

/* False: not one of those that a row has of now. */
static bool gauge_now(const rs_board_t *board, const rs_board_row_t *row, const rs_alert_body_t *alert, rs_board_now_t *now) {
    if (is_metric(alert, "waiting")) *now = count_of(row->waiting);
    else if (is_metric(alert, "oldest_wait")) *now = count_of(rs_board_oldest_ms(board, row));
    else if (is_metric(alert, "open_over_t")) *now = count_of(row->open_over_t);
    else return false;
    return true;
}

/* False: not one of those that a row has of its windows. */
static bool count_now(const rs_body_figures_t *counts, const rs_alert_body_t *alert, rs_board_now_t *now) {
    if (is_metric(alert, "abandoned_rate")) *now = ratio_of(counts->abandoned, counts->answered + counts->abandoned);
    else if (is_metric(alert, "asa")) *now = ratio_of(counts->answered_wait_ms, counts->answered);
    else if (is_metric(alert, "aht")) *now = ratio_of(counts->handle_ms, counts->handled);
    else if (is_metric(alert, "wait_p90")) *now = count_of(counts->p90_ms);
    else if (is_metric(alert, "offered")) *now = count_of(counts->offered);
    else if (is_metric(alert, "answered")) *now = count_of(counts->answered);
    else if (is_metric(alert, "abandoned")) *now = count_of(counts->abandoned);
    else if (is_metric(alert, "flowed_out")) *now = count_of(counts->flowed_out);
    else if (is_metric(alert, "handled")) *now = count_of(counts->handled);
    else return false;
    return true;
}

bool rs_board_alert_now(const rs_board_t *board, const rs_alert_body_t *alert, rs_board_now_t *now) {
    const rs_board_row_t *row = rs__board_row(board, ((const board_alert_t *)(const void *)alert)->window_hash);
    uint32_t window, policy;
    if (row == NULL || !alert->is_of_threshold) return false;
    if (gauge_now(board, row, alert, now)) return true;
    if (rs_board_find_window(board, alert->window, &window) != RS_OK || !row->figures[window].is_known) return false;
    if (!is_metric(alert, "service_level")) return count_now(&row->figures[window].counts, alert, now);
    if (rs_board_find_policy(board, alert->policy, &policy) != RS_OK) return false;
    *now = ratio_of(row->figures[window].shares[policy].numerator, row->figures[window].shares[policy].denominator);
    return true;
}
