#include "cli/terminal.h"

#include <curses.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAIR_WARNING = 1, PAIR_BREACH, ESCAPE_MS = 25 };

static SCREEN *terminal;
static bool has_colours;

int rs_terminal_open(void) {
    const char *no_color = getenv("NO_COLOR");
    terminal = newterm(NULL, stdout, stdin);
    if (terminal == NULL) return RS_ERR_INVALID;
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(ESCAPE_MS);
    curs_set(0);
    has_colours = (no_color == NULL || no_color[0] == '\0') && start_color() == OK && has_colors();
    if (has_colours) {
        const short background = use_default_colors() == OK ? -1 : COLOR_BLACK;
        init_pair(PAIR_WARNING, COLOR_YELLOW, background);
        init_pair(PAIR_BREACH, COLOR_RED, background);
    }
    return RS_OK;
}

void rs_terminal_close(void) {
    if (terminal == NULL) return;
    endwin();
    delscreen(terminal);
    terminal = NULL;
}

void rs_terminal_size(uint32_t *columns, uint32_t *lines) {
    *columns = COLS > 0 ? (uint32_t)COLS : 1;
    *lines = LINES > 0 ? (uint32_t)LINES : 1;
}

static attr_t attributes_of(unsigned style) {
    switch ((rs_style_t)style) {
        case RS_STYLE_TITLE: return A_BOLD;
        case RS_STYLE_HEAD: return A_UNDERLINE;
        case RS_STYLE_DIM: return A_DIM;
        case RS_STYLE_WARNING: return has_colours ? (attr_t)COLOR_PAIR(PAIR_WARNING) : A_NORMAL;
        case RS_STYLE_BREACH: return has_colours ? (attr_t)COLOR_PAIR(PAIR_BREACH) | A_BOLD : A_BOLD;
        case RS_STYLE_PLAIN:
        case RS_STYLE_COUNT: break;
    }
    return A_NORMAL;
}

void rs_terminal_paint(const rs_screen_t *screen) {
    erase(); /* only in memory: refresh sends what differs */
    for (uint32_t i = 0; i < screen->count; i++) {
        const rs_line_t *line = &screen->lines[i];
        move((int)i, 0);
        for (uint32_t run = 0; run < line->run_count; run++) {
            attrset((int)attributes_of(line->runs[run].style));
            addnstr(line->text + line->runs[run].from, line->runs[run].to - line->runs[run].from);
        }
    }
    attrset(A_NORMAL);
    refresh();
}

uint32_t rs_terminal_key(void) {
    wint_t key = 0;
    const int kind = get_wch(&key);
    if (kind == ERR) return RS_KEY_NONE;
    if (kind != KEY_CODE_YES) {
        if (key == '\r') return RS_KEY_ENTER;
        return key == '\b' ? RS_KEY_ERASE : key == 0 ? RS_KEY_OTHER : (uint32_t)key;
    }
    switch (key) {
        case KEY_UP: return RS_KEY_UP;
        case KEY_DOWN: return RS_KEY_DOWN;
        case KEY_PPAGE: return RS_KEY_PAGE_UP;
        case KEY_NPAGE: return RS_KEY_PAGE_DOWN;
        case KEY_HOME: return RS_KEY_HOME;
        case KEY_END: return RS_KEY_END;
        case KEY_ENTER: return RS_KEY_ENTER;
        case KEY_BACKSPACE: return RS_KEY_ERASE;
        case KEY_RESIZE: return RS_KEY_RESIZED;
        default: return RS_KEY_OTHER;
    }
}
