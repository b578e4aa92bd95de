#include "cli/board_internal.h"

#include <stdlib.h>
#include <wchar.h>
#include <wctype.h>

/* --- how good it is ----------------------------------------------------------------------------------------------- */
double rs_board_target(const rs_board_t *board, const rs_board_row_t *row, uint32_t policy) {
    const char *name = rs_board_policy(board, policy);
    const rs_policy_t *known = NULL;
    uint8_t channel = 0;

    if (policy < RS_MAX_POLICIES && row->targets[policy] > 0) return row->targets[policy];
    for (uint32_t i = 0; name != NULL && i < board->config->policy_count; i++) {
        if (strcmp(board->config->policies[i].name, name) == 0) known = &board->config->policies[i];
    }
    for (uint8_t i = 1; i < RS_CHANNEL_COUNT; i++) {
        if (strcmp(rs_channel_name(i), row->key.channel) == 0) channel = i;
    }
    return rs_config_standard(board->config, known, rs_str(row->key.tenant), rs_str(row->key.name), channel).target;
}

int64_t rs_board_oldest_ms(const rs_board_t *board, const rs_board_row_t *row) {
    if (row->waiting <= 0 || row->oldest_wait_ms < 0) return -1;
    const int64_t since_us = board->now_us - row->at_us;
    return row->oldest_wait_ms + (since_us > 0 ? since_us / RS_US_PER_MS : 0);
}

/* By how much the share is below the target, in parts of 1; negative: above. */
static double gap_of(const rs_board_t *board, const rs_board_row_t *row, uint32_t window, uint32_t policy) {
    if (window >= RS_BODY_WINDOWS || policy >= RS_MAX_POLICIES) return -1;
    const rs_body_share_t *share = &row->figures[window].shares[policy];
    if (share->denominator <= 0) return -1;
    return rs_board_target(board, row, policy) - (double)share->numerator / (double)share->denominator;
}

rs_level_t rs_board_service_level(const rs_board_t *board, const rs_board_row_t *row, uint32_t window,
                                  uint32_t policy) {
    const double gap = gap_of(board, row, window, policy);
    if (gap <= 0) return RS_LEVEL_NORMAL;
    return gap > 0.1 && row->figures[window].shares[policy].denominator >= RS_BREACH_SAMPLE ? RS_LEVEL_BREACH
                                                                                            : RS_LEVEL_WARNING;
}

rs_level_t rs_board_wait_level(const rs_board_t *board, const rs_board_row_t *row) {
    const int64_t oldest_ms = rs_board_oldest_ms(board, row);
    if (row->threshold_ms < 0 || oldest_ms <= row->threshold_ms) return RS_LEVEL_NORMAL;
    return oldest_ms > 3 * row->threshold_ms ? RS_LEVEL_BREACH : RS_LEVEL_WARNING;
}

/* --- the total ---------------------------------------------------------------------------------------------------- */
static void add_row(rs_board_row_t *sum, const rs_board_row_t *row) {
    sum->waiting += row->waiting;
    sum->open_over_t += row->open_over_t;
    sum->talking += row->talking;
    for (uint32_t w = 0; w < RS_BODY_WINDOWS; w++) {
        rs_body_figures_t *to = &sum->figures[w].counts;
        const rs_body_figures_t *from = &row->figures[w].counts;
        sum->figures[w].is_known |= row->figures[w].is_known;
        to->offered += from->offered;
        to->answered += from->answered;
        to->abandoned += from->abandoned;
        to->flowed_out += from->flowed_out;
        to->handled += from->handled;
        to->answered_wait_ms += from->answered_wait_ms;
        to->handle_ms += from->handle_ms;
        to->p90_ms = -1; /* percentiles do not add up */
        for (uint32_t p = 0; p < RS_MAX_POLICIES; p++) {
            sum->figures[w].shares[p].numerator += row->figures[w].shares[p].numerator;
            sum->figures[w].shares[p].denominator += row->figures[w].shares[p].denominator;
        }
    }
}

bool rs_board_total(const rs_board_t *board, rs_board_row_t *total) {
    if (board->total_count == 0 || board->total_is_partial) return false;
    *total = *board->totals[0];
    if (board->total_count == 1) return true;
    total->key = (rs_body_key_t){.family = RS_FAMILY_TOTAL};
    total->at_us = board->now_us;
    total->oldest_wait_ms = rs_board_oldest_ms(board, board->totals[0]);
    memset(total->trend, RS_TREND_NONE, sizeof total->trend);
    for (uint32_t i = 1; i < board->total_count; i++) {
        const int64_t oldest_ms = rs_board_oldest_ms(board, board->totals[i]);
        if (oldest_ms > total->oldest_wait_ms) total->oldest_wait_ms = oldest_ms;
        add_row(total, board->totals[i]);
    }
    return true;
}

/* --- which, in which order ---------------------------------------------------------------------------------------- */
static void lower_case(const char *text, wchar_t *wide, size_t room) {
    mbstate_t state = {0};
    size_t len = 0;
    while (*text != '\0' && len + 1 < room) {
        const size_t taken = mbrtowc(&wide[len], text, strlen(text), &state);
        if (taken == 0 || taken > RS_BODY_KEY) { /* no UTF-8: as the byte it is */
            wide[len] = (wchar_t)(unsigned char)*text++;
            state = (mbstate_t){0};
        } else {
            text += taken;
        }
        wide[len] = (wchar_t)towlower((wint_t)wide[len]);
        len++;
    }
    wide[len] = L'\0';
}

static bool contains(const char *text, const wchar_t *wanted) {
    wchar_t wide[RS_BODY_KEY + 1];
    lower_case(text, wide, RS_ARRAY_LEN(wide));
    return wcsstr(wide, wanted) != NULL;
}

static bool is_wanted(const rs_board_row_t *row, const wchar_t *filter) {
    return filter[0] == L'\0' || contains(row->key.name, filter) || contains(row->key.channel, filter) ||
           contains(row->key.tenant, filter);
}

static board_rank_t rank_of(const rs_board_t *board, const rs_board_row_t *row, uint32_t window, uint32_t policy) {
    const rs_level_t service = rs_board_service_level(board, row, window, policy),
                     wait = rs_board_wait_level(board, row);
    return (board_rank_t){.row = row,
                          .level = service > wait ? service : wait,
                          .gap = gap_of(board, row, window, policy),
                          .oldest_ms = rs_board_oldest_ms(board, row)};
}

static int by_name(const board_rank_t *a, const board_rank_t *b) {
    const rs_body_key_t *a_key = &a->row->key, *b_key = &b->row->key;
    int order = strcmp(a_key->tenant, b_key->tenant);
    if (order == 0) order = strcmp(a_key->name, b_key->name);
    return order != 0 ? order : strcmp(a_key->channel, b_key->channel);
}

static int by_waiting(const board_rank_t *a, const board_rank_t *b) {
    if (a->row->waiting != b->row->waiting) return a->row->waiting > b->row->waiting ? -1 : 1;
    return (a->oldest_ms < b->oldest_ms) - (a->oldest_ms > b->oldest_ms);
}

static int by_worst(const board_rank_t *a, const board_rank_t *b) {
    if (a->level != b->level) return a->level > b->level ? -1 : 1;
    if (a->gap < b->gap || a->gap > b->gap) return a->gap > b->gap ? -1 : 1;
    return by_waiting(a, b);
}

static int compare_names(const void *a, const void *b) { return by_name(a, b); }

static int compare_waiting(const void *a, const void *b) {
    const int order = by_waiting(a, b);
    return order != 0 ? order : by_name(a, b);
}

static int compare_worst(const void *a, const void *b) {
    const int order = by_worst(a, b);
    return order != 0 ? order : by_name(a, b);
}

const rs_board_row_t *const *rs_board_select(rs_board_t *board, uint32_t window, uint32_t policy, rs_board_sort_t sort,
                                             const char *filter, uint32_t *count) {
    static int (*const orders[RS_SORT_COUNT])(const void *, const void *) = {compare_worst, compare_names,
                                                                             compare_waiting};
    wchar_t wanted[128];
    uint32_t found = 0;

    lower_case(filter, wanted, RS_ARRAY_LEN(wanted));
    for (uint32_t i = 0; i < board->row_count; i++) {
        if (is_wanted(board->rows[i], wanted)) board->ranks[found++] = rank_of(board, board->rows[i], window, policy);
    }
    qsort(board->ranks, found, sizeof board->ranks[0], orders[sort < RS_SORT_COUNT ? sort : RS_SORT_WORST]);
    for (uint32_t i = 0; i < found; i++) board->selected[i] = board->ranks[i].row;
    *count = found;
    return board->selected;
}

/* --- counts ------------------------------------------------------------------------------------------------------- */
static uint32_t count_tenants(const rs_board_t *board) {
    if (board->row_count == 0) return board->total_count < 2 ? board->total_count : 2;
    for (uint32_t i = 1; i < board->row_count; i++) {
        if (strcmp(board->rows[i]->key.tenant, board->rows[0]->key.tenant) != 0) return 2;
    }
    return board->total_count < 2 ? 1 : 2;
}

void rs_board_stats(const rs_board_t *board, rs_board_stats_t *stats) {
    *stats = (rs_board_stats_t){.now_us = board->now_us,
                                .rows = board->row_count,
                                .rows_more = board->more_rows,
                                .alerts = board->alert_count,
                                .alerts_more = board->more_alerts,
                                .tenants = count_tenants(board),
                                .refused = board->refused};
}
