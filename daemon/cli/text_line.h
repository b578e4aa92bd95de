/* cli/text_line.h — one line of a terminal, built from cells of a known width.
 *
 * Model:     UTF-8 text that is safe to show, with runs of one style each. What comes from outside (names of queues
 *            and rules) is cleaned while it is added: a control character, or a byte that is no UTF-8, becomes
 *            U+FFFD; marks that turn the direction of writing are left out. Widths are terminal columns (wcwidth),
 *            not bytes.
 * Threads:   pure, except that widths follow LC_CTYPE: call rs_text_use_utf8 once at start.
 */
#ifndef RS_CLI_TEXT_LINE_H
#define RS_CLI_TEXT_LINE_H

#include "base/base.h"

typedef enum rs_style {
    RS_STYLE_PLAIN = 0,
    RS_STYLE_TITLE,
    RS_STYLE_HEAD, /* names of columns */
    RS_STYLE_DIM,
    RS_STYLE_WARNING,
    RS_STYLE_BREACH,
    RS_STYLE_COUNT
} rs_style_t;

typedef enum rs_align { RS_ALIGN_LEFT = 0, RS_ALIGN_RIGHT } rs_align_t;

enum { RS_LINE_BYTES = 2048, RS_LINE_RUNS = 64 };

typedef struct rs_line_run {
    uint16_t from, to;
    uint8_t style;
} rs_line_run_t; /* bytes [from, to) of the text */

typedef struct rs_line {
    char text[RS_LINE_BYTES]; /* UTF-8, NUL-terminated */
    uint32_t len, columns;
    rs_line_run_t runs[RS_LINE_RUNS]; /* cover the text without holes; past the last run the last style goes on */
    uint32_t run_count;
} rs_line_t;

/* The user's own LC_CTYPE when it is UTF-8, else C.UTF-8: a bare "C" says nothing about the terminal. */
void rs_text_use_utf8(void);

/* Columns that the text takes once it is cleaned. */
uint32_t rs_text_columns(const char *text);

void rs_line_clear(rs_line_t *line);
/* Adds the text as long as it is. What the line has no more room for is left out. */
void rs_line_put(rs_line_t *line, rs_style_t style, const char *text);
/* Adds exactly `columns` columns: filled up with blanks, or cut with "…" at the end. */
void rs_line_cell(rs_line_t *line, rs_style_t style, rs_align_t align, const char *text, uint32_t columns);
/* Blanks up to that column; nothing when the line is there already. */
void rs_line_fill_to(rs_line_t *line, uint32_t column);
/* The whole line in one style, whatever its cells had. */
void rs_line_restyle(rs_line_t *line, rs_style_t style);
/* Takes blanks off the end. */
void rs_line_trim(rs_line_t *line);

#endif
