#include "cli/board_internal.h"

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
    if (a->started_us != b->started_us) return a->started_us > b->started_us ? -1 : 1;
    if (a->severity != b->severity) return a->severity > b->severity ? -1 : 1;
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
static int keep(rs_board_t *board, const rs_alert_body_t *alert, bool in_snapshot) {
    const bool was_counted = !in_snapshot && alert->from != RS_ALERT_OK && board->more_alerts > 0;
    if (was_counted) board->more_alerts--;
    if (board->alert_count < RS_BOARD_ALERTS) {
        board->alerts[board->alert_count++] = (board_alert_t){.body = *alert, .generation = board->generation};
        return RS_OK;
    }
    board_alert_t *last = least_important(board);
    const bool is_old = last->generation != board->generation;
    board->more_alerts += !is_old;
    if (!is_old && order(alert, &last->body) > 0) return RS_ERR_FULL;
    *last = (board_alert_t){.body = *alert, .generation = board->generation};
    return RS_OK;
}

int rs__board_apply_alert(rs_board_t *board, rs_str_t body, bool in_snapshot) {
    rs_alert_body_t alert;
    const int status = rs_body_read_alert(body, &alert);
    if (status != RS_OK) return status;
    board_alert_t *known = find(board, alert.episode);
    if (rs_alert_is_over(alert.state)) {
        if (known != NULL)
            drop(board, known);
        else if (board->more_alerts > 0)
            board->more_alerts--;
        return RS_OK;
    }
    if (known == NULL) return keep(board, &alert, in_snapshot);
    *known = (board_alert_t){.body = alert, .generation = board->generation};
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
