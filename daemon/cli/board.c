#include "cli/board_internal.h"

#include "core/hash.h"

#include <stdlib.h>

int rs_board_create(const rs_config_t *config, rs_board_t **board_out) {
    rs_board_t *board = calloc(1, sizeof *board);
    if (board == NULL) return RS_ERR_MEMORY;
    board->config = config;
    board->places = calloc(BOARD_PLACES, sizeof *board->places);
    if (board->places == NULL) {
        free(board);
        return RS_ERR_MEMORY;
    }
    *board_out = board;
    return RS_OK;
}

void rs_board_destroy(rs_board_t **board_inout) {
    rs_board_t *board = *board_inout;
    if (board == NULL) return;
    for (uint32_t i = 0; i < board->row_count; i++) free(board->rows[i]);
    for (uint32_t i = 0; i < board->total_count; i++) free(board->totals[i]);
    free(board->places);
    free(board);
    *board_inout = NULL;
}

/* --- names -------------------------------------------------------------------------------------------------------- */
static int find_name(const char *names, size_t size, uint32_t count, const char *name, uint32_t *number) {
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(names + i * size, name) != 0) continue;
        *number = i;
        return RS_OK;
    }
    return RS_ERR_NOT_FOUND;
}

int rs_board_find_window(const rs_board_t *board, const char *name, uint32_t *number) {
    return find_name(board->windows[0], sizeof board->windows[0], board->window_count, name, number);
}

int rs_board_find_policy(const rs_board_t *board, const char *name, uint32_t *number) {
    return find_name(board->policies[0], sizeof board->policies[0], board->policy_count, name, number);
}

const char *rs_board_window(const rs_board_t *board, uint32_t number) {
    return number < board->window_count ? board->windows[number] : NULL;
}

const char *rs_board_policy(const rs_board_t *board, uint32_t number) {
    return number < board->policy_count ? board->policies[number] : NULL;
}

/* A name that finds no room any more (after many reloads of the daemon's file) is not shown. */
static bool window_number(rs_board_t *board, const char *name, uint32_t *number) {
    if (rs_board_find_window(board, name, number) == RS_OK) return true;
    if (board->window_count == RS_BODY_WINDOWS) return false;
    *number = board->window_count++;
    strcpy(board->windows[*number], name);
    return true;
}

static bool policy_number(rs_board_t *board, const char *name, uint32_t *number) {
    if (rs_board_find_policy(board, name, number) == RS_OK) return true;
    if (board->policy_count == RS_MAX_POLICIES) return false;
    *number = board->policy_count++;
    strcpy(board->policies[*number], name);
    return true;
}

/* --- trends ------------------------------------------------------------------------------------------------------- */
static uint8_t sample_of(const rs_body_share_t *share) {
    if (share->denominator <= 0) return RS_TREND_NONE;
    const double level = (double)share->numerator / (double)share->denominator;
    return level >= 1 ? RS_TREND_WHOLE : (uint8_t)(level * RS_TREND_WHOLE + 0.5);
}

static void take_samples(rs_board_row_t *row, int64_t step) {
    for (uint32_t w = 0; w < RS_BODY_WINDOWS; w++) {
        for (uint32_t p = 0; p < RS_MAX_POLICIES; p++) {
            row->trend[w][p][step % RS_BOARD_TREND] = sample_of(&row->figures[w].shares[p]);
        }
    }
}

static void clear_step(rs_board_row_t *row, int64_t step) {
    if (step < 0) return;
    for (uint32_t w = 0; w < RS_BODY_WINDOWS; w++) {
        for (uint32_t p = 0; p < RS_MAX_POLICIES; p++) row->trend[w][p][step % RS_BOARD_TREND] = RS_TREND_NONE;
    }
}

/* Steps that were not seen stay empty; the present one has what is known. */
static void move_trend(rs_board_row_t *row, int64_t from, int64_t to) {
    const int64_t first = to - from > RS_BOARD_TREND ? to - RS_BOARD_TREND : from;
    for (int64_t step = first + 1; step < to; step++) clear_step(row, step);
    take_samples(row, to);
}

void rs_board_advance(rs_board_t *board, int64_t now_us) {
    const int64_t step = now_us / RS_BOARD_TREND_STEP_US;
    const bool went_back = now_us < board->now_us - RS_US_PER_MIN;
    if (now_us <= board->now_us && !went_back) return;
    const int64_t from = went_back ? step - RS_BOARD_TREND - 1 : board->trend_step;
    board->now_us = now_us;
    if (step == board->trend_step && !went_back) return;
    for (uint32_t i = 0; i < board->row_count; i++) move_trend(board->rows[i], from, step);
    for (uint32_t i = 0; i < board->total_count; i++) move_trend(board->totals[i], from, step);
    board->trend_step = step;
}

void rs_board_trend(const rs_board_t *board, const rs_board_row_t *row, uint32_t window, uint32_t policy,
                    uint8_t samples[RS_BOARD_TREND]) {
    for (int64_t i = 0; i < RS_BOARD_TREND; i++) {
        const int64_t step = board->trend_step - RS_BOARD_TREND + 1 + i;
        const bool is_known = window < RS_BODY_WINDOWS && policy < RS_MAX_POLICIES && step >= 0;
        samples[i] = is_known ? row->trend[window][policy][step % RS_BOARD_TREND] : RS_TREND_NONE;
    }
}

/* --- rows --------------------------------------------------------------------------------------------------------- */
static board_place_t *place_of(const rs_board_t *board, uint64_t hash) {
    uint64_t at = hash & (BOARD_PLACES - 1);
    while (board->places[at].is_used && board->places[at].hash != hash) at = (at + 1) & (BOARD_PLACES - 1);
    return &board->places[at];
}

const rs_board_row_t *rs__board_row(const rs_board_t *board, uint64_t topic_hash) {
    const board_place_t *place = place_of(board, topic_hash);
    return place->is_used ? place->row : NULL;
}

static rs_board_row_t *new_row(rs_board_t *board, const rs_body_key_t *key) {
    const bool is_total = key->family == RS_FAMILY_TOTAL;
    if (is_total ? board->total_count == BOARD_TOTALS : board->row_count == RS_BOARD_ROWS) return NULL;
    rs_board_row_t *row = calloc(1, sizeof *row);
    if (row == NULL) return NULL;
    memset(row->trend, RS_TREND_NONE, sizeof row->trend);
    if (is_total)
        board->totals[board->total_count++] = row;
    else
        board->rows[board->row_count++] = row;
    return row;
}

/* The topic's row; NULL when there is no room for it: it is counted once. */
static rs_board_row_t *row_of(rs_board_t *board, uint64_t hash, const rs_body_key_t *key) {
    board_place_t *place = place_of(board, hash);
    if (place->is_used) {
        place->generation = board->generation;
        return place->row;
    }
    rs_board_row_t *row = new_row(board, key);
    if (row == NULL && key->family == RS_FAMILY_TOTAL) board->total_is_partial = true;
    if (board->place_count < BOARD_PLACES / 2) {
        *place = (board_place_t){.hash = hash, .is_used = true, .row = row, .generation = board->generation};
        board->place_count++;
        board->more_rows += row == NULL && key->family == RS_FAMILY_QUEUE;
    }
    return row;
}

static void fill_window(rs_board_t *board, rs_board_row_t *row, const rs_body_window_t *window) {
    uint32_t number, policy;
    if (!window_number(board, window->name, &number)) return;
    rs_board_figures_t *figures = &row->figures[number];
    *figures = (rs_board_figures_t){.is_known = true, .counts = window->figures};
    for (uint32_t i = 0; i < window->policy_count; i++) {
        if (policy_number(board, window->policies[i], &policy)) figures->shares[policy] = window->shares[i];
    }
}

static void fill_targets(rs_board_t *board, rs_board_row_t *row, const rs_window_body_t *body) {
    uint32_t policy;
    memset(row->targets, 0, sizeof row->targets);
    for (uint32_t i = 0; i < body->target_count; i++) {
        if (policy_number(board, body->targets[i].policy, &policy)) row->targets[policy] = body->targets[i].target;
    }
}

static int apply_window(rs_board_t *board, rs_str_t topic, rs_str_t body) {
    rs_window_body_t *read = &board->body;
    const int status = rs_body_read_window(body, read);
    if (status != RS_OK) return status;
    if (read->key.family != RS_FAMILY_QUEUE && read->key.family != RS_FAMILY_TOTAL) return RS_ERR_NOT_FOUND;
    rs_board_advance(board, read->at_us);
    const uint64_t hash = rs_hash64(topic.data, topic.len, 0);
    rs_board_row_t *row = row_of(board, hash, &read->key);
    if (row == NULL) return RS_ERR_FULL;
    row->key = read->key;
    row->hash = hash;
    row->generation = board->generation;
    row->at_us = read->at_us;
    row->waiting = read->waiting;
    row->open_over_t = read->open_over_t;
    row->talking = read->talking;
    row->oldest_wait_ms = read->oldest_wait_ms;
    row->threshold_ms = read->threshold_ms;
    fill_targets(board, row, read);
    memset(row->figures, 0, sizeof row->figures);
    for (uint32_t i = 0; i < read->window_count; i++) fill_window(board, row, &read->windows[i]);
    take_samples(row, board->trend_step);
    return RS_OK;
}

/* --- messages ----------------------------------------------------------------------------------------------------- */
static bool begins_with(rs_str_t text, rs_str_t prefix) {
    return text.len >= prefix.len && memcmp(text.data, prefix.data, prefix.len) == 0;
}

int rs_board_apply(rs_board_t *board, rs_str_t topic, rs_str_t body, bool in_snapshot) {
    int status = RS_ERR_NOT_FOUND;
    if (begins_with(topic, RS_STR("alert/")))
        status = rs__board_apply_alert(board, topic, body, in_snapshot);
    else if (begins_with(topic, RS_STR("window/")))
        status = apply_window(board, topic, body);
    if (status == RS_ERR_PARSE) board->refused++;
    return status;
}

void rs_board_begin_snapshot(rs_board_t *board) {
    board->generation++;
    board->more_alerts = 0;
}

static uint32_t sweep_rows(rs_board_t *board, rs_board_row_t **rows, uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i]->generation == board->generation)
            rows[kept++] = rows[i];
        else
            free(rows[i]);
    }
    return kept;
}

static void index_rows(rs_board_t *board, rs_board_row_t **rows, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        *place_of(board, rows[i]->hash) =
            (board_place_t){.hash = rows[i]->hash, .is_used = true, .row = rows[i], .generation = board->generation};
    }
    board->place_count += count;
}

/* Open addressing leaves holes when it forgets, so what stays is put in anew. Topics past the bound are forgotten
 * with the rest when rows went: there is room for them now, and their next update brings them in. */
void rs_board_end_snapshot(rs_board_t *board) {
    const uint32_t rows = board->row_count, totals = board->total_count;
    board->row_count = sweep_rows(board, board->rows, rows);
    board->total_count = sweep_rows(board, board->totals, totals);
    rs__board_sweep_alerts(board);
    if (board->row_count == rows && board->total_count == totals) return;
    memset(board->places, 0, BOARD_PLACES * sizeof *board->places);
    board->place_count = board->more_rows = 0;
    board->total_is_partial = false;
    index_rows(board, board->rows, board->row_count);
    index_rows(board, board->totals, board->total_count);
}
