/* `ringside top`: the feed into the board, the board onto the terminal, the keys into the view. */
#include "cli/cli.h"

#include "base/clock.h"
#include "cli/follow_options.h"
#include "cli/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { OPTION_WINDOW = 1, OPTION_POLICY, OPTION_INTERVAL, OPTION_ONCE };
enum { KEYS_MS = 50, STALE_MS = 2500, PLAIN_COLUMNS = 120, MIN_INTERVAL_MS = 500 };

typedef struct rs_top {
    rs_follow_settings_t settings;
    bool once;
    int64_t interval_us;
    char window[RS_BODY_WORD], policy[RS_MAX_NAME + 1]; /* chosen by option or key; "" = not yet */
    rs_follow_t *follow;
    rs_board_t *board;
    rs_board_view_t view;
    rs_screen_t screen;
    bool has_snapshot, is_reading, names_checked;
    bool wants_paint;
} rs_top_t;

static volatile sig_atomic_t stopped;

static void on_stop(int signal_number) {
    (void)signal_number;
    stopped = 1;
}

/* --- arguments ---------------------------------------------------------------------------------------------------- */
static const struct argp_option options[] = {
    {"window", OPTION_WINDOW, "WINDOW", 0,
     "window of the figures: 5m, 15m, 30m, 1h, today, or what the daemon keeps (15m)", 0},
    {"policy", OPTION_POLICY, "NAME", 0, "service-level policy (the daemon's first)", 0},
    {"interval", OPTION_INTERVAL, "TIME", 0, "how often the board is painted, 500ms to 60s (1s)", 0},
    {"once", OPTION_ONCE, NULL, 0, "print the board once as text; so it is, too, when standard output is no terminal",
     0},
    {0}};

static void take_name(struct argp_state *state, const char *option, const char *argument, char *name, size_t size) {
    if (argument[0] == '\0' || strlen(argument) >= size) argp_error(state, "%s: \"%s\" is no name", option, argument);
    snprintf(name, size, "%s", argument);
}

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    rs_top_t *top = state->input;
    switch (key) {
        case ARGP_KEY_INIT: state->child_inputs[0] = &top->settings; return 0;
        case OPTION_WINDOW: take_name(state, "--window", argument, top->window, sizeof top->window); return 0;
        case OPTION_POLICY: take_name(state, "--policy", argument, top->policy, sizeof top->policy); return 0;
        case OPTION_ONCE: top->once = true; return 0;
        case OPTION_INTERVAL:
            if (rs_config_parse_duration(rs_str(argument), &top->interval_us) != RS_OK ||
                top->interval_us < MIN_INTERVAL_MS * RS_US_PER_MS || top->interval_us > RS_US_PER_MIN) {
                argp_error(state, "--interval: \"%s\"; allowed: 500ms to 60s", argument);
            }
            return 0;
        case ARGP_KEY_ARG: argp_error(state, "unexpected \"%s\"", argument); return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&rs_follow_argp, 0, NULL, 0}, {0}};
static const struct argp parser = {
    options,
    parse_option,
    NULL,
    "A live board of the queues and the open alerts."
    "\vKeys: q quit, w next window, p next policy, s sort, / filter, arrows scroll, ? help.",
    children,
    NULL,
    NULL};

/* --- which figures ------------------------------------------------------------------------------------------------ */
/* The chosen window and policy as the board's numbers; without a choice 15m, else the first window, and the first
 * policy. */
static void resolve_names(rs_top_t *top) {
    const rs_board_t *board = top->board;
    rs_board_view_t *view = &top->view;
    if (top->window[0] == '\0' && rs_board_window(board, 0) != NULL) {
        if (rs_board_find_window(board, "15m", &view->window) != RS_OK) view->window = 0;
        snprintf(top->window, sizeof top->window, "%s", rs_board_window(board, view->window));
    }
    if (top->policy[0] == '\0' && rs_board_policy(board, 0) != NULL) {
        snprintf(top->policy, sizeof top->policy, "%s", rs_board_policy(board, 0));
    }
    if (rs_board_find_window(board, top->window, &view->window) != RS_OK) view->window = UINT32_MAX;
    if (rs_board_find_policy(board, top->policy, &view->policy) != RS_OK) view->policy = UINT32_MAX;
    view->window_name = top->window[0] != '\0' ? top->window : "–";
    view->policy_name = top->policy[0] != '\0' ? top->policy : "–";
}

static const char *name_list(const char *(*name)(const rs_board_t *, uint32_t), const rs_board_t *board, char *text,
                             size_t size) {
    size_t len = 0;
    text[0] = '\0';
    for (uint32_t i = 0; name(board, i) != NULL && len < size; i++) {
        len += (size_t)snprintf(text + len, size - len, "%s%s", i > 0 ? ", " : "", name(board, i));
    }
    return text;
}

/* Once figures are there: does the daemon keep what was asked for? */
static int check_names(rs_top_t *top) {
    char known[1024];
    if (top->names_checked || !top->has_snapshot || rs_board_window(top->board, 0) == NULL) return 0;
    top->names_checked = true;
    if (top->view.window == UINT32_MAX) {
        rs_terminal_close();
        return rs_cli_fail("--window: the daemon keeps no \"%s\"; it has %s", top->window,
                           name_list(rs_board_window, top->board, known, sizeof known));
    }
    if (top->view.policy == UINT32_MAX) {
        rs_terminal_close();
        return rs_cli_fail("--policy: the daemon counts no \"%s\"; it has %s", top->policy,
                           name_list(rs_board_policy, top->board, known, sizeof known));
    }
    return 0;
}

/* --- the feed ----------------------------------------------------------------------------------------------------- */
static void take_item(rs_top_t *top, const rs_follow_item_t *item) {
    switch (item->kind) {
        case RS_FOLLOW_SNAPSHOT_BEGIN:
            rs_board_begin_snapshot(top->board);
            top->is_reading = true;
            return;
        case RS_FOLLOW_SNAPSHOT:
        case RS_FOLLOW_UPDATE:
            (void)rs_board_apply(top->board, item->topic, item->body, item->kind == RS_FOLLOW_SNAPSHOT);
            return;
        case RS_FOLLOW_SNAPSHOT_END:
            rs_board_end_snapshot(top->board);
            top->is_reading = false;
            top->has_snapshot = top->wants_paint = true;
            return;
        case RS_FOLLOW_GAP:
        case RS_FOLLOW_LOST_CONNECTION: top->is_reading = true; return;
    }
}

/* Waits up to `timeout_ms` for something, then takes what there is, but for no longer than that again. */
static void take_feed(rs_top_t *top, int timeout_ms) {
    rs_follow_item_t item;
    const int64_t end_us = rs_monotonic_us() + 2 * timeout_ms * RS_US_PER_MS;
    int status = rs_follow_next(top->follow, timeout_ms, &item);
    while (status == RS_OK) {
        take_item(top, &item);
        if (rs_monotonic_us() >= end_us || (top->once && top->has_snapshot)) return;
        status = rs_follow_next(top->follow, 0, &item);
    }
}

static void take_pulse(rs_top_t *top) {
    rs_follow_pulse_t pulse;
    int64_t daemon_us = 0;
    rs_follow_pulse(top->follow, &pulse);
    if (pulse.heartbeat.len > 0 && rs_body_read_heartbeat(pulse.heartbeat, &daemon_us) == RS_OK)
        rs_board_advance(top->board, daemon_us);
    top->view.silent_s = pulse.silent_ms < 0 ? 0 : (uint32_t)(pulse.silent_ms / 1000);
    top->view.health = pulse.silent_ms < 0          ? RS_FEED_CONNECTING
                       : pulse.silent_ms > STALE_MS ? RS_FEED_STALE
                       : top->is_reading            ? RS_FEED_READING
                                                    : RS_FEED_LIVE;
}

/* --- keys --------------------------------------------------------------------------------------------------------- */
static void cycle(rs_top_t *top, bool policy) {
    const char *(*name)(const rs_board_t *, uint32_t) = policy ? rs_board_policy : rs_board_window;
    const uint32_t present = policy ? top->view.policy : top->view.window;
    const char *next = present == UINT32_MAX ? NULL : name(top->board, present + 1);
    if (next == NULL) next = name(top->board, 0);
    if (next == NULL) return;
    if (policy)
        snprintf(top->policy, sizeof top->policy, "%s", next);
    else
        snprintf(top->window, sizeof top->window, "%s", next);
    resolve_names(top);
}

static void scroll_by(rs_board_view_t *view, int64_t by) {
    const int64_t to = (int64_t)view->scroll + by;
    view->scroll = to < 0 ? 0 : to > RS_BOARD_ROWS ? RS_BOARD_ROWS : (uint32_t)to; /* the render stops it at the end */
}

static void erase_character(char *text) {
    size_t len = strlen(text);
    while (len > 0 && ((unsigned char)text[len - 1] & 0xC0) == 0x80) len--;
    if (len > 0) len--;
    text[len] = '\0';
}

static void edit_filter(rs_board_view_t *view, uint32_t key) {
    char bytes[8];
    if (key == RS_KEY_ENTER)
        view->edits_filter = false;
    else if (key == RS_KEY_ERASE)
        erase_character(view->filter);
    else if (key == RS_KEY_ESCAPE) {
        view->edits_filter = false;
        view->filter[0] = '\0';
    } else if (key >= ' ' && key < RS_KEY_UP) {
        const int len = snprintf(bytes, sizeof bytes, "%lc", (wint_t)key);
        if (len > 0 && strlen(view->filter) + (size_t)len < sizeof view->filter) strcat(view->filter, bytes);
    }
    view->scroll = 0;
}

/* True: quit. */
static bool take_key(rs_top_t *top, uint32_t key) {
    rs_board_view_t *view = &top->view;
    top->wants_paint = true;
    if (key == RS_KEY_RESIZED) return false;
    if (view->shows_help) {
        view->shows_help = false;
        return false;
    }
    if (view->edits_filter) {
        edit_filter(view, key);
        return false;
    }
    switch (key) {
        case 'q':
        case 'Q': return true;
        case 'w': cycle(top, false); break;
        case 'p': cycle(top, true); break;
        case 's': view->sort = (rs_board_sort_t)((view->sort + 1) % RS_SORT_COUNT); break;
        case '/': view->edits_filter = true; break;
        case RS_KEY_ESCAPE: view->filter[0] = '\0'; break;
        case '?':
        case 'h': view->shows_help = true; break;
        case RS_KEY_UP:
        case 'k': scroll_by(view, -1); break;
        case RS_KEY_DOWN:
        case 'j': scroll_by(view, 1); break;
        case RS_KEY_PAGE_UP: scroll_by(view, -(int64_t)view->page); break;
        case RS_KEY_PAGE_DOWN:
        case ' ': scroll_by(view, view->page); break;
        case RS_KEY_HOME: view->scroll = 0; break;
        case RS_KEY_END: scroll_by(view, RS_BOARD_ROWS); break;
        default: break;
    }
    return false;
}

static bool take_keys(rs_top_t *top) {
    for (uint32_t key; (key = rs_terminal_key()) != RS_KEY_NONE;) {
        if (take_key(top, key)) return true;
    }
    return false;
}

/* --- live --------------------------------------------------------------------------------------------------------- */
static int paint(rs_top_t *top) {
    take_pulse(top);
    resolve_names(top);
    const int failed = check_names(top);
    if (failed != 0) return failed;
    rs_terminal_size(&top->view.columns, &top->view.lines);
    if (rs_board_render(top->board, &top->view, &top->screen) != RS_OK) {
        rs_terminal_close();
        return rs_cli_fail("out of memory");
    }
    rs_terminal_paint(&top->screen);
    return 0;
}

static int run_live(rs_top_t *top) {
    const struct sigaction stop = {.sa_handler = on_stop};
    int64_t painted_us = 0;
    int result = 0;
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGHUP, &stop, NULL);
    if (rs_terminal_open() != RS_OK)
        return rs_cli_fail("the terminal cannot be used (TERM=%s); try --once",
                           getenv("TERM") == NULL ? "" : getenv("TERM"));
    while (!stopped && result == 0) {
        const int64_t at_us = rs_monotonic_us();
        if (top->wants_paint || at_us - painted_us >= top->interval_us) {
            top->wants_paint = false;
            painted_us = at_us;
            result = paint(top);
            continue;
        }
        take_feed(top, KEYS_MS);
        if (take_keys(top)) break;
    }
    rs_terminal_close();
    return result;
}

/* --- once --------------------------------------------------------------------------------------------------------- */
static uint32_t plain_columns(void) {
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    const char *columns = getenv("COLUMNS");
    const long wanted = columns == NULL ? 0 : strtol(columns, NULL, 10);
    return wanted > 0 && wanted < 10000 ? (uint32_t)wanted : PLAIN_COLUMNS;
}

static int run_once(rs_top_t *top) {
    const int64_t end_us = rs_monotonic_us() + top->settings.timeout_s * RS_US_PER_S;
    while (!top->has_snapshot) {
        if (rs_monotonic_us() >= end_us) return rs_follow_fail_unanswered(&top->settings, top->follow);
        take_feed(top, KEYS_MS);
    }
    take_pulse(top);
    resolve_names(top);
    const int failed = check_names(top);
    if (failed != 0) return failed;
    top->view.columns = plain_columns();
    if (rs_board_render(top->board, &top->view, &top->screen) != RS_OK) return rs_cli_fail("out of memory");
    for (uint32_t i = 0; i < top->screen.count; i++) puts(top->screen.lines[i].text);
    return fflush(stdout) == 0 ? 0 : rs_cli_fail("standard output: %s", strerror(errno));
}

static int run(rs_top_t *top) {
    int result = rs_follow_settings_load(&top->settings);
    if (result != 0) return result;
    result = rs_follow_settings_open(&top->settings, "", &top->follow);
    if (result != 0) return result;
    if (rs_board_create(top->settings.config, &top->board) != RS_OK) return rs_cli_fail("out of memory");
    top->view.endpoint = top->settings.publish_endpoint;
    return top->once || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) ? run_once(top) : run_live(top);
}

int rs_cli_top(int argc, char **argv) {
    rs_top_t top = {.interval_us = RS_US_PER_S};
    argp_err_exit_status = 2;
    argv[0] = "ringside top";
    argp_parse(&parser, argc, argv, 0, NULL, &top);
    rs_text_use_utf8();
    const int result = run(&top);
    rs_screen_deinit(&top.screen);
    rs_board_destroy(&top.board);
    rs_follow_close(&top.follow);
    rs_follow_settings_deinit(&top.settings);
    return result;
}
