/* cli/board_internal.h — what the files of the board share.
 *   board.c  rows, names, trends, snapshots      board_alerts.c  open alerts      board_select.c  what is shown, in
 *   which order
 */
#ifndef RS_CLI_BOARD_INTERNAL_H
#define RS_CLI_BOARD_INTERNAL_H

#include "cli/board.h"

enum { BOARD_PLACES = 65536, BOARD_TOTALS = 1024 }; /* places: a power of two, twice what it may hold and more */

/* The body is the first member: what rs_board_alerts gives out leads back to the rest. */
typedef struct board_alert {
    rs_alert_body_t body;
    uint64_t window_hash; /* of the topic of its key's windows */
    uint32_t generation;
} board_alert_t;

/* Where a topic went. row NULL: it is one of those past the bound, only counted. */
typedef struct board_place {
    uint64_t hash;
    bool is_used;
    rs_board_row_t *row;
    uint32_t generation;
} board_place_t;

/* A row with what it is ordered by. */
typedef struct board_rank {
    const rs_board_row_t *row;
    rs_level_t level;
    double gap;
    int64_t oldest_ms;
} board_rank_t;

struct rs_board {
    const rs_config_t *config;
    uint32_t generation;        /* of the snapshot that is on its way, or was the last */
    int64_t now_us, trend_step; /* trend_step: now_us in steps */

    rs_board_row_t *rows[RS_BOARD_ROWS], *totals[BOARD_TOTALS];
    uint32_t row_count, total_count, more_rows;
    bool total_is_partial; /* a tenant's total found no room */
    board_place_t *places; /* open addressing by the topic's hash; never more than half full */
    uint32_t place_count;

    char windows[RS_BODY_WINDOWS][RS_BODY_WORD], policies[RS_MAX_POLICIES][RS_MAX_NAME + 1];
    uint32_t window_count, policy_count;

    board_alert_t alerts[RS_BOARD_ALERTS];
    uint32_t alert_count, more_alerts;

    uint64_t refused;
    rs_window_body_t body; /* the one that is being applied */
    board_rank_t ranks[RS_BOARD_ROWS];
    const rs_board_row_t *selected[RS_BOARD_ROWS];
    const rs_alert_body_t *selected_alerts[RS_BOARD_ALERTS];
};

int rs__board_apply_alert(rs_board_t *board, rs_str_t topic, rs_str_t body, bool in_snapshot);
/* Of the topic; NULL when the board has none. */
const rs_board_row_t *rs__board_row(const rs_board_t *board, uint64_t topic_hash);
void rs__board_sweep_alerts(rs_board_t *board);

#endif
