/* cli/terminal.h — the terminal of `ringside top`: paints a screen of lines, reads keys. The only file that knows
 * ncurses. One at a time in a process, on one thread. */
#ifndef RS_CLI_TERMINAL_H
#define RS_CLI_TERMINAL_H

#include "cli/board_text.h"

/* What was pressed: a character, or one of these. */
enum {
    RS_KEY_NONE = 0,
    RS_KEY_ENTER = '\n',
    RS_KEY_ESCAPE = 27,
    RS_KEY_ERASE = 127,
    RS_KEY_UP = 0x200000,
    RS_KEY_DOWN,
    RS_KEY_PAGE_UP,
    RS_KEY_PAGE_DOWN,
    RS_KEY_HOME,
    RS_KEY_END,
    RS_KEY_RESIZED,
    RS_KEY_OTHER
};

/* Colours only when the terminal has them and NO_COLOR is not set. RS_ERR_INVALID: the terminal cannot be used
 * (TERM). */
RS_MUST_CHECK int rs_terminal_open(void);
/* Gives the terminal back as it was. Nothing when it is not open. */
void rs_terminal_close(void);
void rs_terminal_size(uint32_t *columns, uint32_t *lines);
void rs_terminal_paint(const rs_screen_t *screen);
/* The next key, RS_KEY_NONE when there is none. Never waits. */
uint32_t rs_terminal_key(void);

#endif
