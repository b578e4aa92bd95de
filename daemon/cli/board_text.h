/* cli/board_text.h — the board as lines of a screen: header, total, queues, alerts, keys. Pure, except local times.
 *
 * The layout follows the width: at least 40 columns; from 110 on with targets, a curve of the trend and words written
 * out; from 150 on with more columns still. What does not fit is cut with "…", and columns that matter least go first.
 */
#ifndef RS_CLI_BOARD_TEXT_H
#define RS_CLI_BOARD_TEXT_H

#include "cli/board.h"
#include "cli/text_line.h"

enum { RS_SCREEN_MIN_COLUMNS = 40, RS_SCREEN_MAX_COLUMNS = 250, RS_FILTER_BYTES = 96 };

typedef enum rs_feed_health {
    RS_FEED_CONNECTING = 0, /* nothing has been heard yet */
    RS_FEED_READING,        /* a snapshot is on its way */
    RS_FEED_LIVE,
    RS_FEED_STALE /* nothing heard for silent_s seconds */
} rs_feed_health_t;

typedef struct rs_board_view {
    uint32_t columns;
    uint32_t lines;          /* 0: as many as there are to show, without the line of keys */
    uint32_t window, policy; /* the board's numbers; past the last: nothing is known of it */
    rs_board_sort_t sort;
    char filter[RS_FILTER_BYTES];
    bool edits_filter, shows_help;
    uint32_t scroll; /* first queue shown; rs_board_render takes it back when it is too far */
    uint32_t page;   /* rs_board_render: how many queues fit */
    rs_feed_health_t health;
    uint32_t silent_s;
    const char *window_name, *policy_name, *endpoint; /* borrowed: what is asked for, and whom */
} rs_board_view_t;

typedef struct rs_screen {
    rs_line_t *lines;
    uint32_t count, room;
} rs_screen_t;

/* Makes the screen anew: at most view->lines lines. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_board_render(rs_board_t *board, rs_board_view_t *view, rs_screen_t *screen);
void rs_screen_deinit(rs_screen_t *screen);

#endif
