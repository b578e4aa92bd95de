/* cli/board.h — what `ringside top` knows: the queues' figures, their recent past, and the open alerts.
 *
 * Model:     fed with topics and bodies of the feed as the follower gives them. A row is a queue's (or a tenant's
 *            total's) last window message; an alert is an open episode's last transition. A snapshot is marked and
 *            swept: what it does not mention is forgotten at its end, so nothing blinks while it is on its way.
 *            The trend is the service level at steps of RS_BOARD_TREND_STEP_US of the daemon's time, for every window
 *            and policy.
 * Bounds:    RS_BOARD_ROWS rows and RS_BOARD_ALERTS alerts are kept, what comes past them is counted. Of alerts the
 *            least important makes room for the next: pending before others, lighter before graver, older before newer.
 * Threads:   one. No clock, no input or output.
 */
#ifndef RS_CLI_BOARD_H
#define RS_CLI_BOARD_H

#include "cli/feed_body.h"

enum { RS_BOARD_ROWS = 10000, RS_BOARD_ALERTS = 1000, RS_BOARD_TREND = 20, RS_TREND_NONE = 255, RS_TREND_WHOLE = 250 };
#define RS_BOARD_TREND_STEP_US (30 * RS_US_PER_S)

typedef struct rs_board_figures {
    bool is_known;
    rs_body_figures_t counts;
    rs_body_share_t shares[RS_MAX_POLICIES]; /* by the board's number of the policy */
} rs_board_figures_t;

typedef struct rs_board_row {
    rs_body_key_t key;
    uint64_t hash;
    uint32_t generation;
    int64_t at_us, waiting, open_over_t, talking;
    int64_t oldest_wait_ms, threshold_ms;        /* of at_us; < 0: null */
    double targets[RS_MAX_POLICIES];             /* by the board's number of the policy; 0: the feed did not say */
    rs_board_figures_t figures[RS_BODY_WINDOWS]; /* by the board's number of the window */
    /* Service level in 1/250, or RS_TREND_NONE; the newest at the board's trend_at. */
    uint8_t trend[RS_BODY_WINDOWS][RS_MAX_POLICIES][RS_BOARD_TREND];
} rs_board_row_t;

typedef struct rs_board rs_board_t;

/* `config` is borrowed for the board's life: it has the targets that the feed does not say. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_board_create(const rs_config_t *config, rs_board_t **board);
void rs_board_destroy(rs_board_t **board);

void rs_board_begin_snapshot(rs_board_t *board);
void rs_board_end_snapshot(rs_board_t *board);
/* One item of a snapshot, or one update. RS_OK; RS_ERR_NOT_FOUND: nothing that the board shows (a channel, a team, a
 * new kind of topic); RS_ERR_FULL: counted as one more; RS_ERR_PARSE: refused and counted, the board is as it was.
 * RS_ERR_MEMORY. */
int rs_board_apply(rs_board_t *board, rs_str_t topic, rs_str_t body, bool in_snapshot);
/* The daemon's time has come to `now_us` (also done by every window's body). Going back by more than a minute forgets
 * the trends. */
void rs_board_advance(rs_board_t *board, int64_t now_us);

/* --- what is known ------------------------------------------------------------------------------------------------ */
typedef struct rs_board_stats {
    int64_t now_us;           /* the daemon's time, 0: not known yet */
    uint32_t rows, rows_more; /* queues kept, and others */
    uint32_t alerts, alerts_more;
    uint32_t tenants; /* 0, 1, or 2 for more than one */
    uint64_t refused; /* bodies */
} rs_board_stats_t;
void rs_board_stats(const rs_board_t *board, rs_board_stats_t *stats);

/* Names in the order in which they first came. NULL past the last. */
const char *rs_board_window(const rs_board_t *board, uint32_t number);
const char *rs_board_policy(const rs_board_t *board, uint32_t number);
/* RS_ERR_NOT_FOUND: no such name has come (yet). */
RS_MUST_CHECK int rs_board_find_window(const rs_board_t *board, const char *name, uint32_t *number);
RS_MUST_CHECK int rs_board_find_policy(const rs_board_t *board, const char *name, uint32_t *number);

/* --- rows --------------------------------------------------------------------------------------------------------- */
typedef enum rs_board_sort { RS_SORT_WORST = 0, RS_SORT_NAME, RS_SORT_WAITING, RS_SORT_COUNT } rs_board_sort_t;

/* NORMAL: nothing to say. WARNING: below the target, or the oldest waits longer than T. BREACH: 10 points and more
 * below on at least RS_BREACH_SAMPLE contacts, or the oldest waits longer than 3 T. */
typedef enum rs_level { RS_LEVEL_NORMAL = 0, RS_LEVEL_WARNING, RS_LEVEL_BREACH } rs_level_t;
enum { RS_BREACH_SAMPLE = 10 };

/* The queues whose name, channel or tenant contains `filter` (letters of either case; "" is all), in that order. The
 * array belongs to the board and lasts until the next call of any function that changes it, or the next selection. */
const rs_board_row_t *const *rs_board_select(rs_board_t *board, uint32_t window, uint32_t policy, rs_board_sort_t sort,
                                             const char *filter, uint32_t *count);
/* All tenants' totals as one row; one tenant's own row, with its percentiles and trend, when there is but one. False:
 * none. */
bool rs_board_total(const rs_board_t *board, rs_board_row_t *total);

/* The feed's, else the configuration's. */
double rs_board_target(const rs_board_t *board, const rs_board_row_t *row, uint32_t policy);
/* What the oldest has waited by now; < 0: nobody waits. */
int64_t rs_board_oldest_ms(const rs_board_t *board, const rs_board_row_t *row);
rs_level_t rs_board_service_level(const rs_board_t *board, const rs_board_row_t *row, uint32_t window, uint32_t policy);
rs_level_t rs_board_wait_level(const rs_board_t *board, const rs_board_row_t *row);
/* The last RS_BOARD_TREND samples, the oldest first. */
void rs_board_trend(const rs_board_t *board, const rs_board_row_t *row, uint32_t window, uint32_t policy,
                    uint8_t samples[RS_BOARD_TREND]);

/* --- alerts ------------------------------------------------------------------------------------------------------- */
/* Open ones: those pending last, the gravest first, of these the newest first. As rs_board_select. */
const rs_alert_body_t *const *rs_board_alerts(rs_board_t *board, uint32_t *count);

/* A body has the figure of when it was told, which may be hours ago. */
typedef struct rs_board_now {
    bool has_value; /* false: there is nothing to compute it from now */
    double value;
    int64_t denominator; /* 0: none */
} rs_board_now_t;
/* The figure of one of rs_board_alerts as the board's rows have it now. False: they do not have this figure, or this key, or
 * the rule judges by something else than the figure itself (a chart). */
bool rs_board_alert_now(const rs_board_t *board, const rs_alert_body_t *alert, rs_board_now_t *now);

#endif
