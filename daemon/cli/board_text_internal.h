/* cli/board_text_internal.h — what the files of the board's text share.
 *   board_text.c  header, queues, keys, help      board_text_alerts.c  the alerts below
 */
#ifndef RS_CLI_BOARD_TEXT_INTERNAL_H
#define RS_CLI_BOARD_TEXT_INTERNAL_H

#include "cli/board_text.h"

enum { FIXED_LINES = 4 }; /* header, names of columns, total, keys */

typedef struct painter {
    rs_board_t *board;
    rs_board_view_t *view;
    rs_screen_t *screen;
    rs_board_stats_t stats;
    uint32_t columns;
} painter_t;

/* An empty line below the others. Past the last line of the screen the last one is used again: what is on it then was
 * not to be seen. */
rs_line_t *rs__next_line(painter_t *painter);
/* A line of one text, cut to the screen. */
void rs__put_text(painter_t *painter, rs_style_t style, const char *text);
/* A head reaches over the whole screen, so that it parts what is above from what is below; in plain text it does not.
 * */
void rs__finish_head(const painter_t *painter, rs_line_t *line);

/* Lines for the alerts: a third of the screen, and what that many queues leave free. */
uint32_t rs__alert_lines(const painter_t *painter, uint32_t queues);
void rs__put_alerts(painter_t *painter, uint32_t lines);

#endif
