/* cli/report.h — `ringside report`: what is shared by its parts.
 *
 * Model:     one table (report_table.c) says of each report which SQL function it asks, with which arguments, which columns
 *            come back and what they mean, and how it is drawn. Everything else works by that table:
 *              options ─► query (libpq, parameters only) ─► result ─► staffing adds columns
 *                                                             └─► table, csv, json (report_print.c), page (report_html.c)
 *            The SQL is `SELECT column, … FROM ringside.function(argument => $1, …)`; an option that is not given is not
 *            passed, so that the function's own default holds. A database without the function or a column was changed by
 *            hand or is older: it is said so.
 * Charts:    drawn by gnuplot and Graphviz (packages gnuplot-nox, graphviz), as SVG that goes into the page: no script, so
 *            that the page can be mailed and printed; a library of the browser would draw nothing in a mail. Without these
 *            programs the page has no chart, and says so.
 * Times:     rows' times are RFC 3339 with the zone's offset in csv and json, local in tables and pages. A date as --from or
 *            --to is its first instant in the zone; --to is the first instant that does not belong to the period.
 * Persons:   agents' figures need --reason: it is written to ringside.access_log before anything is read.
 */
#ifndef RS_CLI_REPORT_H
#define RS_CLI_REPORT_H

#include "base/base.h"

#include <libpq-fe.h>
#include <stdio.h>

typedef enum rs_report_option {
    RS_OPT_FROM = 0,
    RS_OPT_TO,
    RS_OPT_STEP,
    RS_OPT_ZONE,
    RS_OPT_TENANT,
    RS_OPT_KEY,
    RS_OPT_FAMILY,
    RS_OPT_METRIC,
    RS_OPT_POLICY,
    RS_OPT_CHANNEL,
    RS_OPT_ATTRIBUTION,
    RS_OPT_BEFORE_FROM,
    RS_OPT_BEFORE_TO,
    RS_OPT_REASON,
    RS_OPT_MIN_N,
    RS_OPT_NAME,
    RS_OPT_CONFIDENCE,
    RS_OPT_COUNT
} rs_report_option_t;

typedef enum rs_column_kind {
    RS_COLUMN_TEXT = 0,
    RS_COLUMN_COUNT, /* number as it is */
    RS_COLUMN_RATIO, /* 0 to 1, shown as per cent */
    RS_COLUMN_MS,    /* milliseconds, shown as a time */
    RS_COLUMN_TIME,
    RS_COLUMN_YES,     /* boolean */
    RS_COLUMN_WEEKDAY, /* 1 is Monday */
    RS_COLUMN_FIGURE   /* in the unit that the row's column "unit" names: ratio, ms, count, score, nps */
} rs_column_kind_t;

typedef struct rs_report_column {
    const char *name;
    uint8_t kind; /* rs_column_kind_t */
    bool more;    /* in csv and json only: tables and pages show the others */
    const char *what;
} rs_report_column_t;

typedef struct rs_report_argument {
    const char *parameter; /* of the SQL function */
    rs_report_option_t option;
} rs_report_argument_t;

typedef enum rs_report_drawn {
    RS_DRAWN_NONE = 0,
    RS_DRAWN_KEYS /* `figure` per key, or over time */,
    RS_DRAWN_TREND,
    RS_DRAWN_COMPARE,
    RS_DRAWN_FUNNEL,
    RS_DRAWN_PROCESS,
    RS_DRAWN_HEAT,
    RS_DRAWN_STAFFING,
    RS_DRAWN_STANDARDS
} rs_report_drawn_t;

enum { RS_REPORT_MAX_ARGUMENTS = 16, RS_REPORT_MAX_COLUMNS = 48 };

typedef struct rs_report {
    const char *name, *what, *function;
    const char *explanation;                                 /* how to read it: formula, source, limits */
    rs_report_argument_t arguments[RS_REPORT_MAX_ARGUMENTS]; /* up to parameter NULL */
    const rs_report_column_t *columns;
    uint32_t column_count, asked;                /* of these the first `asked` come from SQL */
    const char *family, *step, *metric, *policy; /* when not given; NULL: the function's own */
    bool family_is_fixed;
    rs_report_drawn_t chart;
    const char *figure; /* the column that RS_DRAWN_KEYS draws */
} rs_report_t;

extern const rs_report_t rs_reports[];
extern const uint32_t rs_report_count;
const rs_report_t *rs_report_find(const char *name);
bool rs_report_takes(const rs_report_t *report, rs_report_option_t option);
const char *rs_report_option_name(rs_report_option_t option); /* "--from" */

/* What was asked for. Strings are the caller's. */
typedef struct rs_report_request {
    const rs_report_t *report;
    const char *values[RS_OPT_COUNT]; /* NULL: not given */
    const char *against;              /* compare: PERIOD before, "FROM,TO" */
    const char *change;               /* compare: from … change … to */
    double target, threshold_ms;      /* staffing; < 0: 0.8, and the queue's */
    bool progress;
    char from[48], to[48], before_from[48], before_to[48]; /* what the period means, RFC 3339 */
} rs_report_request_t;

enum { RS_REPORT_MAX_WARNINGS = 64 };
typedef struct rs_report_result {
    const rs_report_t *report;
    uint32_t rows, columns;
    char **cells; /* rows × columns, each malloc'd or NULL: null */
    char *warnings[RS_REPORT_MAX_WARNINGS];
    uint32_t warning_count;
} rs_report_result_t;

/* Cell of a row; NULL: null. */
const char *rs_report_cell(const rs_report_result_t *result, uint32_t row, uint32_t column);
/* Number of the column of that name, or -1. */
int rs_report_column_at(const rs_report_result_t *result, const char *name);
/* A cell as a number; NAN where it is null. */
double rs_report_number(const rs_report_result_t *result, uint32_t row, const char *column);
/* A copy; the same text again, or one past the bound, is left out. */
void rs_report_warn(rs_report_result_t *result, const char *format, ...) RS_PRINTF(2, 3);
void rs_report_result_deinit(rs_report_result_t *result);

/* Connects, resolves the period, asks. 0, or the exit status once one line on standard error has said what is wrong. */
int rs_report_query(const char *conninfo, rs_report_request_t *request, rs_report_result_t *result);
/* Freezes the period's figure under a name; computes and keeps the outcome of an improvement. Likewise. */
int rs_report_freeze(const char *conninfo, rs_report_request_t *request, const char *name);
int rs_report_review(const char *conninfo, rs_report_request_t *request, const char *id);

/* Fills the columns after `asked` by Erlang A. */
int rs_report_staffing(const rs_report_request_t *request, rs_report_result_t *result);

/* What a person reads in that cell: "54.9 %", "1:05 min", "2026-03-02 08:00", "–". `text` has room for `size` bytes. */
void rs_report_shown(const rs_report_result_t *result, uint32_t row, uint32_t column, char *text, size_t size);
/* A time is shown with its unit, so its column's name goes without: "asa" of asa_ms. */
void rs_report_column_title(const rs_report_column_t *column, char *text, size_t size);
/* What `metric` of a row names, in words, with the policy that it was judged by: "service level (gold)". Cut when it is too long. */
void rs_report_figure_words(const rs_report_result_t *result, uint32_t row, char *text, size_t size);
/* Tables and pages show it: not `more`, and not null in every row. */
bool rs_report_is_shown(const rs_report_result_t *result, uint32_t column);
void rs_report_print_table(FILE *out, const rs_report_request_t *request, const rs_report_result_t *result);
void rs_report_print_csv(FILE *out, const rs_report_result_t *result);
void rs_report_print_json(FILE *out, const rs_report_request_t *request, const rs_report_result_t *result);
void rs_report_print_html(FILE *out, const rs_report_request_t *request, rs_report_result_t *result);

/* The chart as SVG, owned by the caller (free); NULL: there is none; `why` says why, or is empty. */
char *rs_report_chart(const rs_report_request_t *request, const rs_report_result_t *result, char *why, size_t why_size);
/* Runs a program of the search path with `input` (rewound) as its input; what it printed from "<svg" on, or NULL and why. */
char *rs_report_draw(const char *const *argv, FILE *input, const char *package, char *why, size_t why_size);

#endif
