#include "cli/board_text_internal.h"

#include "cli/figure_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDE = 110, WIDEST = 150, MOST_NAME = 48, LEAST_NAME = 12 };

/* --- lines -------------------------------------------------------------------------------------------------------- */
static int reserve(rs_screen_t *screen, uint32_t lines) {
    screen->count = 0;
    if (lines <= screen->room) return RS_OK;
    rs_line_t *grown = realloc(screen->lines, lines * sizeof *grown);
    if (grown == NULL) return RS_ERR_MEMORY;
    screen->lines = grown;
    screen->room = lines;
    return RS_OK;
}

void rs_screen_deinit(rs_screen_t *screen) {
    free(screen->lines);
    *screen = (rs_screen_t){0};
}

rs_line_t *rs__next_line(painter_t *painter) {
    rs_screen_t *screen = painter->screen;
    const uint32_t most =
        painter->view->lines == 0 || painter->view->lines > screen->room ? screen->room : painter->view->lines;
    if (screen->count < most) screen->count++;
    rs_line_t *line = &screen->lines[screen->count - 1];
    rs_line_clear(line);
    return line;
}

/* `left` is cut where `right` begins. */
static void put_both(painter_t *painter, rs_style_t left_style, const char *left, rs_style_t right_style,
                     const char *right) {
    rs_line_t *line = rs__next_line(painter);
    const uint32_t right_columns = rs_text_columns(right), room = painter->columns - 1;
    rs_line_cell(line, left_style, RS_ALIGN_LEFT, left, right_columns < room ? room - right_columns : 0);
    rs_line_put(line, RS_STYLE_PLAIN, " ");
    rs_line_put(line, right_style, right);
    rs_line_trim(line);
}

void rs__put_text(painter_t *painter, rs_style_t style, const char *text) {
    rs_line_t *line = rs__next_line(painter);
    rs_line_cell(line, style, RS_ALIGN_LEFT, text, painter->columns);
    rs_line_trim(line);
}

void rs__finish_head(const painter_t *painter, rs_line_t *line) {
    if (painter->view->lines > 0)
        rs_line_fill_to(line, painter->columns);
    else
        rs_line_trim(line);
    rs_line_restyle(line, RS_STYLE_HEAD);
}

/* --- header ------------------------------------------------------------------------------------------------------- */
static const char *const sort_names[RS_SORT_COUNT] = {"worst first", "by name", "most waiting first"};

static rs_style_t health_text(const rs_board_view_t *view, char *text, size_t size) {
    switch (view->health) {
        case RS_FEED_CONNECTING: snprintf(text, size, "no answer yet"); return RS_STYLE_WARNING;
        case RS_FEED_READING: snprintf(text, size, "reading"); return RS_STYLE_DIM;
        case RS_FEED_LIVE: snprintf(text, size, "live"); return RS_STYLE_PLAIN;
        case RS_FEED_STALE: break;
    }
    snprintf(text, size, "stale %" PRIu32 " s", view->silent_s);
    return RS_STYLE_BREACH;
}

static void put_header(painter_t *painter) {
    const rs_board_view_t *view = painter->view;
    char settings[512], health[48], when[RS_FIGURE_TEXT], right[96];
    rs_line_t *line = rs__next_line(painter);

    snprintf(settings, sizeof settings, "  %s · %s · %s%s%s", view->window_name, view->policy_name,
             sort_names[view->sort], view->filter[0] != '\0' ? " · only " : "", view->filter);
    const rs_style_t style = health_text(view, health, sizeof health);
    rs_text_local_time(painter->stats.now_us, painter->columns >= 100, when);
    snprintf(right, sizeof right, "%s  %s", when, health);
    rs_line_put(line, RS_STYLE_TITLE, "ringside");
    const uint32_t taken = line->columns + rs_text_columns(right) + 1;
    rs_line_cell(line, RS_STYLE_PLAIN, RS_ALIGN_LEFT, settings,
                 painter->columns > taken ? painter->columns - taken : 0);
    rs_line_put(line, RS_STYLE_PLAIN, " ");
    rs_line_put(line, RS_STYLE_PLAIN, when);
    rs_line_put(line, RS_STYLE_PLAIN, "  ");
    rs_line_put(line, style, health);
}

/* --- columns ------------------------------------------------------------------------------------------------------ */
typedef enum column_id {
    COLUMN_QUEUE,
    COLUMN_CHANNEL,
    COLUMN_WAITING,
    COLUMN_OLDEST,
    COLUMN_LEVEL,
    COLUMN_GOAL,
    COLUMN_OFFERED,
    COLUMN_ANSWERED,
    COLUMN_ABANDONED,
    COLUMN_RATE,
    COLUMN_FLOWED,
    COLUMN_ASA,
    COLUMN_P90,
    COLUMN_AHT,
    COLUMN_TALKING,
    COLUMN_TREND,
    COLUMN_COUNT
} column_id_t;

typedef struct column {
    const char *head, *wide_head;
    uint8_t width, wide_width;
    uint8_t from_columns; /* shown on screens of at least that width */
    uint8_t goes;         /* what goes first when there is no room has the highest number; 0 stays */
} column_t;

static const column_t columns_of_board[COLUMN_COUNT] = {
    [COLUMN_QUEUE] = {"queue", "queue", 0, 0, 0, 0},
    [COLUMN_CHANNEL] = {"chan.", "channel", 5, 8, 0, 7},
    [COLUMN_WAITING] = {"wait", "waiting", 4, 7, 0, 0},
    [COLUMN_OLDEST] = {"oldest", "oldest", 6, 7, 0, 0},
    [COLUMN_LEVEL] = {"SL  ", "SL  ", 7, 7, 0, 0},
    [COLUMN_GOAL] = {"goal", "goal", 4, 4, WIDE, 0},
    [COLUMN_OFFERED] = {"offer", "offered", 5, 7, 0, 4},
    [COLUMN_ANSWERED] = {"answ", "answered", 5, 8, 0, 5},
    [COLUMN_ABANDONED] = {"aban", "abandoned", 4, 9, 0, 2},
    [COLUMN_RATE] = {"rate", "rate", 4, 4, 0, 8},
    [COLUMN_FLOWED] = {"flowed", "flowed", 6, 6, WIDEST, 0},
    [COLUMN_ASA] = {"ASA", "ASA", 5, 5, 0, 3},
    [COLUMN_P90] = {"p90", "p90 wait", 5, 8, 0, 6},
    [COLUMN_AHT] = {"AHT", "AHT", 5, 5, 0, 9},
    [COLUMN_TALKING] = {"talking", "talking", 7, 7, WIDEST, 0},
    [COLUMN_TREND] = {"", "trend", 1, 10, 0, 1},
};

typedef struct layout {
    uint32_t width[COLUMN_COUNT];
    bool is_shown[COLUMN_COUNT];
    bool is_wide;
} layout_t;

static uint32_t taken_by(const layout_t *layout) {
    uint32_t taken = 0;
    for (unsigned i = 0; i < COLUMN_COUNT; i++) {
        if (i != COLUMN_QUEUE && layout->is_shown[i]) taken += layout->width[i] + 1;
    }
    return taken;
}

static void drop_one(layout_t *layout) {
    unsigned first = COLUMN_QUEUE;
    for (unsigned i = 0; i < COLUMN_COUNT; i++) {
        if (layout->is_shown[i] && columns_of_board[i].goes > columns_of_board[first].goes) first = i;
    }
    layout->is_shown[first] = false;
}

static layout_t choose_layout(uint32_t columns) {
    layout_t layout = {.is_wide = columns >= WIDE};
    for (unsigned i = 0; i < COLUMN_COUNT; i++) {
        layout.is_shown[i] = columns >= columns_of_board[i].from_columns;
        layout.width[i] = layout.is_wide ? columns_of_board[i].wide_width : columns_of_board[i].width;
    }
    if (columns >= WIDEST) layout.width[COLUMN_TREND] = RS_BOARD_TREND;
    while (taken_by(&layout) + LEAST_NAME > columns) drop_one(&layout);
    const uint32_t left = columns - taken_by(&layout);
    layout.is_shown[COLUMN_QUEUE] = true;
    layout.width[COLUMN_QUEUE] = left < MOST_NAME ? left : MOST_NAME;
    return layout;
}

static rs_align_t align_of(unsigned column) {
    return column == COLUMN_QUEUE || column == COLUMN_CHANNEL || column == COLUMN_TREND ? RS_ALIGN_LEFT
                                                                                        : RS_ALIGN_RIGHT;
}

static void put_heads(painter_t *painter, const layout_t *layout) {
    rs_line_t *line = rs__next_line(painter);
    for (unsigned i = 0; i < COLUMN_COUNT; i++) {
        if (!layout->is_shown[i]) continue;
        if (line->columns > 0) rs_line_put(line, RS_STYLE_HEAD, " ");
        const char *head = layout->is_wide ? columns_of_board[i].wide_head : columns_of_board[i].head;
        rs_line_cell(line, RS_STYLE_HEAD, align_of(i), head, layout->width[i]);
    }
    rs__finish_head(painter, line);
}

/* --- one row ------------------------------------------------------------------------------------------------------ */
typedef struct cell {
    char text[256];
    rs_style_t style;
} cell_t;

static rs_style_t style_of(rs_level_t level) {
    return level == RS_LEVEL_BREACH ? RS_STYLE_BREACH : level == RS_LEVEL_WARNING ? RS_STYLE_WARNING : RS_STYLE_PLAIN;
}

static void mean_text(int64_t sum_ms, int64_t count, char *text) {
    rs_text_ms(count > 0 ? (double)sum_ms / (double)count : -1, text);
}

/* The newest sample against the oldest one that is known: an arrow, or nothing when there are no two. */
static const char *trend_arrow(const uint8_t *samples) {
    uint32_t first = 0;
    while (first < RS_BOARD_TREND && samples[first] == RS_TREND_NONE) first++;
    if (first >= RS_BOARD_TREND - 1 || samples[RS_BOARD_TREND - 1] == RS_TREND_NONE) return "";
    const int change = samples[RS_BOARD_TREND - 1] - samples[first];
    const int two_points = RS_TREND_WHOLE / 50;
    return change >= two_points ? "↑" : change <= -two_points ? "↓" : "→";
}

/* From 50 % and less up to 100 %, the newest on the right; a hole where nothing is known. */
static void trend_curve(const uint8_t *samples, uint32_t width, char *text, size_t size) {
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const uint32_t each = RS_BOARD_TREND / width;
    text[0] = '\0';
    for (uint32_t i = 0; i < width; i++) {
        uint8_t sample = RS_TREND_NONE;
        for (uint32_t j = 0; j < each; j++) {
            if (samples[i * each + j] != RS_TREND_NONE) sample = samples[i * each + j];
        }
        const int above_half = sample - RS_TREND_WHOLE / 2;
        const int bar = above_half <= 0 ? 0 : above_half * 7 * 2 / RS_TREND_WHOLE;
        const size_t len = strlen(text);
        snprintf(text + len, size - len, "%s", sample == RS_TREND_NONE ? " " : bars[bar]);
    }
}

static void level_cell(const painter_t *painter, const rs_board_row_t *row, cell_t *cell) {
    static const char *const marks[] = {"  ", "! ", "!!"};
    const rs_board_view_t *view = painter->view;
    const rs_level_t level = rs_board_service_level(painter->board, row, view->window, view->policy);
    char share[RS_FIGURE_TEXT] = RS_NO_FIGURE;
    if (view->window < RS_BODY_WINDOWS && view->policy < RS_MAX_POLICIES) {
        const rs_body_share_t *known = &row->figures[view->window].shares[view->policy];
        rs_text_share(known->numerator, known->denominator, share);
    }
    snprintf(cell->text, sizeof cell->text, "%s%s", share, marks[level]);
    cell->style = style_of(level);
}

static void oldest_cell(const painter_t *painter, const rs_board_row_t *row, cell_t *cell) {
    const rs_level_t level = rs_board_wait_level(painter->board, row);
    char age[RS_FIGURE_TEXT];
    rs_text_ms((double)rs_board_oldest_ms(painter->board, row), age);
    snprintf(cell->text, sizeof cell->text, "%s%s", age, level == RS_LEVEL_NORMAL ? " " : "!");
    cell->style = style_of(level);
}

static void trend_cell(const painter_t *painter, const rs_board_row_t *row, uint32_t width, cell_t *cell) {
    uint8_t samples[RS_BOARD_TREND];
    rs_board_trend(painter->board, row, painter->view->window, painter->view->policy, samples);
    if (width == 1)
        snprintf(cell->text, sizeof cell->text, "%s", trend_arrow(samples));
    else
        trend_curve(samples, width, cell->text, sizeof cell->text);
}

static void name_cell(const painter_t *painter, const rs_board_row_t *row, cell_t *cell) {
    if (row->key.family == RS_FAMILY_TOTAL)
        snprintf(cell->text, sizeof cell->text, "total");
    else
        rs_body_queue_label(&row->key, painter->stats.tenants > 1, cell->text);
}

/* The counts of the window in force; "–" when the daemon does not keep it for this key. */
static void count_cell(const rs_board_figures_t *figures, unsigned column, cell_t *cell) {
    const rs_body_figures_t *counts = &figures->counts;
    snprintf(cell->text, sizeof cell->text, "%s", RS_NO_FIGURE);
    if (!figures->is_known) return;
    switch (column) {
        case COLUMN_OFFERED: rs_text_count(counts->offered, cell->text); break;
        case COLUMN_ANSWERED: rs_text_count(counts->answered, cell->text); break;
        case COLUMN_ABANDONED: rs_text_count(counts->abandoned, cell->text); break;
        case COLUMN_RATE:
            rs_text_short_share(counts->abandoned, counts->answered + counts->abandoned, cell->text);
            break;
        case COLUMN_FLOWED: rs_text_count(counts->flowed_out, cell->text); break;
        case COLUMN_ASA: mean_text(counts->answered_wait_ms, counts->answered, cell->text); break;
        case COLUMN_P90: rs_text_ms((double)counts->p90_ms, cell->text); break;
        case COLUMN_AHT: mean_text(counts->handle_ms, counts->handled, cell->text); break;
        default: break;
    }
}

static void fill_cell(const painter_t *painter, const rs_board_row_t *row, unsigned column, uint32_t width,
                      cell_t *cell) {
    static const rs_board_figures_t unknown = {0};
    const uint32_t window = painter->view->window;
    *cell = (cell_t){.style = RS_STYLE_PLAIN};
    switch (column) {
        case COLUMN_QUEUE: name_cell(painter, row, cell); return;
        case COLUMN_CHANNEL: snprintf(cell->text, sizeof cell->text, "%s", row->key.channel); return;
        case COLUMN_WAITING: rs_text_count(row->waiting, cell->text); return;
        case COLUMN_TALKING: rs_text_count(row->talking, cell->text); return;
        case COLUMN_OLDEST: oldest_cell(painter, row, cell); return;
        case COLUMN_LEVEL: level_cell(painter, row, cell); return;
        case COLUMN_GOAL:
            snprintf(cell->text, sizeof cell->text, "%.0f%%",
                     100 * rs_board_target(painter->board, row, painter->view->policy));
            return;
        case COLUMN_TREND: trend_cell(painter, row, width, cell); return;
        default: count_cell(window < RS_BODY_WINDOWS ? &row->figures[window] : &unknown, column, cell); return;
    }
}

static void put_row(painter_t *painter, const layout_t *layout, const rs_board_row_t *row) {
    const bool is_total = row->key.family == RS_FAMILY_TOTAL;
    rs_line_t *line = rs__next_line(painter);
    for (unsigned i = 0; i < COLUMN_COUNT; i++) {
        cell_t cell;
        if (!layout->is_shown[i]) continue;
        fill_cell(painter, row, i, layout->width[i], &cell);
        if (is_total && cell.style == RS_STYLE_PLAIN) cell.style = RS_STYLE_TITLE;
        if (strncmp(cell.text, RS_NO_FIGURE, strlen(RS_NO_FIGURE)) == 0) cell.style = RS_STYLE_DIM;
        if (line->columns > 0) rs_line_put(line, RS_STYLE_PLAIN, " ");
        rs_line_cell(line, cell.style, align_of(i), cell.text, layout->width[i]);
    }
    rs_line_trim(line);
}

static void put_total(painter_t *painter, const layout_t *layout) {
    rs_board_row_t total;
    if (rs_board_total(painter->board, &total))
        put_row(painter, layout, &total);
    else
        rs__put_text(painter, RS_STYLE_DIM, "total  " RS_NO_FIGURE);
}

/* --- queues ------------------------------------------------------------------------------------------------------- */
static void put_no_queue(painter_t *painter) {
    char text[640] = "no queue has been heard of yet";
    if (painter->view->health == RS_FEED_CONNECTING) {
        snprintf(text, sizeof text, "nothing is heard yet at %s", painter->view->endpoint);
    } else if (painter->stats.rows > 0) {
        snprintf(text, sizeof text, "no queue matches the filter");
    }
    rs__put_text(painter, RS_STYLE_DIM, text);
}

static void put_queues(painter_t *painter, const layout_t *layout, const rs_board_row_t *const *rows, uint32_t count,
                       uint32_t lines) {
    const uint32_t end = count - painter->view->scroll < lines ? count : painter->view->scroll + lines;
    for (uint32_t i = painter->view->scroll; i < end; i++) put_row(painter, layout, rows[i]);
    uint32_t used = end - painter->view->scroll;
    if (count == 0 && lines > 0) {
        put_no_queue(painter);
        used = 1;
    }
    for (; painter->view->lines > 0 && used < lines; used++) rs__next_line(painter);
}

static void put_keys(painter_t *painter, uint32_t count) {
    const rs_board_view_t *view = painter->view;
    char left[256], right[128];
    if (view->edits_filter) {
        snprintf(left, sizeof left, "filter: %s_   Enter keeps it, Esc clears it", view->filter);
    } else {
        snprintf(left, sizeof left, "q quit  w window  p policy  s sort  / filter  ? help");
    }
    const uint32_t last = view->scroll + view->page < count ? view->scroll + view->page : count;
    int len = 0;
    right[0] = '\0';
    if (count > view->page) {
        len = snprintf(right, sizeof right, "%" PRIu32 "–%" PRIu32 " of %" PRIu32, view->scroll + 1, last, count);
    }
    if (painter->stats.rows_more > 0) {
        len += snprintf(right + len, sizeof right - (size_t)len, " and %" PRIu32 " more", painter->stats.rows_more);
    }
    if (painter->stats.refused > 0) {
        snprintf(right + len, sizeof right - (size_t)len, "  %" PRIu64 " unreadable", painter->stats.refused);
    }
    put_both(painter, view->edits_filter ? RS_STYLE_TITLE : RS_STYLE_DIM, left, RS_STYLE_DIM, right);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */
static void put_help(painter_t *painter) {
    static const char *const help[] = {
        "ringside top",
        "",
        "  q   quit               s   sort: worst first, by name, most waiting first",
        "  w   next window        /   only queues that contain a text; Esc shows all",
        "  p   next policy        arrows, PgUp, PgDn, Home, End   scroll",
        "",
        "  SL       service level: the share in time, by the policy, in the window",
        "           ! below the target, !! by 10 points and more on 10 contacts or more",
        "  oldest   how long the one at the head has waited; ! longer than T",
        "  rate     abandoned / (answered + abandoned)",
        "  ASA      mean wait of those answered        p90   nine of ten waited no longer",
        "  AHT      mean talk, hold and wrap-up",
        "  trend    of SL over the last 10 minutes that this board has seen,",
        "           as a curve from 50% and less up to 100%",
        "  –        there is nothing to compute it from",
        "",
        "  alerts   firing+ somebody has it, firing~ it is kept quiet, 63.9%* when last",
        "           told: this board has no newer one. `ringside alerts` and a screen of",
        "           110 columns show the NUMBER that `ringside alerts ack` asks for.",
        "",
        "  Times are local. Targets are the daemon's, else those of --config.",
        "",
        "  any key goes back",
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(help); i++) {
        if (painter->view->lines > 0 && painter->screen->count == painter->view->lines) return;
        rs__put_text(painter, i == 0 ? RS_STYLE_TITLE : RS_STYLE_PLAIN, help[i]);
    }
}

static void put_board(painter_t *painter) {
    rs_board_view_t *view = painter->view;
    const layout_t layout = choose_layout(painter->columns);
    uint32_t count;
    const rs_board_row_t *const *rows =
        rs_board_select(painter->board, view->window, view->policy, view->sort, view->filter, &count);
    const uint32_t alerts = rs__alert_lines(painter, count > 0 ? count : 1);
    const uint32_t most = count > 0 ? count : 1;
    view->page = view->lines == 0 ? most : view->lines > FIXED_LINES + alerts ? view->lines - FIXED_LINES - alerts : 1;
    if (view->scroll + view->page > count) view->scroll = count > view->page ? count - view->page : 0;
    put_header(painter);
    put_heads(painter, &layout);
    put_total(painter, &layout);
    put_queues(painter, &layout, rows, count, view->page);
    if (view->lines == 0 && painter->stats.rows_more > 0) {
        char text[64];
        snprintf(text, sizeof text, "… and %" PRIu32 " more queues", painter->stats.rows_more);
        rs__put_text(painter, RS_STYLE_DIM, text);
    }
    if (view->lines == 0) (void)rs__next_line(painter);
    rs__put_alerts(painter, alerts);
    if (view->lines > 0) put_keys(painter, count);
}

int rs_board_render(rs_board_t *board, rs_board_view_t *view, rs_screen_t *screen) {
    painter_t painter = {.board = board, .view = view, .screen = screen};
    painter.columns = view->columns < RS_SCREEN_MIN_COLUMNS   ? RS_SCREEN_MIN_COLUMNS
                      : view->columns > RS_SCREEN_MAX_COLUMNS ? RS_SCREEN_MAX_COLUMNS
                                                              : view->columns;
    rs_board_stats(board, &painter.stats);
    const int status = reserve(screen, view->lines > 0 ? view->lines : painter.stats.rows + painter.stats.alerts + 32);
    if (status != RS_OK) return status;
    if (view->shows_help)
        put_help(&painter);
    else
        put_board(&painter);
    return RS_OK;
}
