/* base/log.h — one line per message, for people and for the journal.
 *
 *     RS_LOG(RS_LOG_NOTICE, "the database is back");
 *     RS_LOG_WITH(RS_LOG_WARNING, "cannot reach the database", RS_LOG_TEXT("host", host), RS_LOG_INT("retry_ms", 500));
 *
 * Form:      under systemd "<4>cannot reach the database host=db1 retry_ms=500" (the priority that journald reads), else
 *            "2026-03-02T09:00:12.250000Z WARNING cannot reach …". Under systemd: standard error is the stream that JOURNAL_STREAM
 *            names, or INVOCATION_ID is set and standard error is not a terminal.
 * Content:   the message is a literal; what varies goes into fields. A value with anything but plain characters is quoted and
 *            escaped, so no value can forge a line. Never log an event's content: a customer's text could be a telephone number.
 * Repeats:   a call site prints `burst` lines a period; what is beyond that is counted, and the count is printed with the site's
 *            next line or by rs_log_flush ("… repeated=37"). So nothing floods and nothing is silently lost. It follows that
 *            answers to the user (a list of configuration errors) do not belong here.
 * Threads:   any, at any time after rs_log_start, which the main thread calls before the others exist. Lines are written with
 *            one write(2) each; no lock is held then.
 */
#ifndef RS_BASE_LOG_H
#define RS_BASE_LOG_H

#include "base/base.h"

/* The numbers are syslog's priorities. */
typedef enum rs_log_level {
    RS_LOG_ERROR = 3,     /* something that was promised is not kept; somebody must act */
    RS_LOG_WARNING = 4,   /* degraded, recovering by itself */
    RS_LOG_NOTICE = 5,    /* normal and worth knowing: start, stop, reload, reconnect */
    RS_LOG_INFO = 6,
    RS_LOG_DEBUG = 7
} rs_log_level_t;

typedef enum rs_log_form { RS_LOG_FORM_AUTO = 0, RS_LOG_FORM_PLAIN, RS_LOG_FORM_JOURNAL } rs_log_form_t;

/* Gets one whole line, with its line feed. */
typedef void (*rs_log_sink_fn)(void *context, const char *line, size_t len);

enum { RS_LOG_LINE_MAX = 2048, RS_LOG_VALUE_MAX = 256, RS_LOG_DEFAULT_BURST = 10, RS_LOG_DEFAULT_PERIOD_S = 10 };

typedef struct rs_log_options {
    rs_log_level_t level;      /* 0: RS_LOG_INFO */
    rs_log_form_t form;
    uint32_t burst;            /* lines per call site and period; 0: RS_LOG_DEFAULT_BURST */
    int64_t period_us;         /* 0: RS_LOG_DEFAULT_PERIOD_S */
    rs_log_sink_fn sink;       /* NULL: standard error */
    void *sink_context;
    int64_t (*wall_us)(void);        /* NULL: the real clocks; tests bring their own */
    int64_t (*monotonic_us)(void);
} rs_log_options_t;

/* Main thread, before other threads. Never called: the defaults. NULL: the defaults. Forgets what was counted. */
void rs_log_start(const rs_log_options_t *options);
/* Any thread; takes effect at once. */
void rs_log_set_level(rs_log_level_t level);
bool rs_log_is_on(rs_log_level_t level);
/* "error", "warning", "notice", "info", "debug". RS_ERR_NOT_FOUND. */
RS_MUST_CHECK int rs_log_parse_level(const char *name, rs_log_level_t *level);

/* Prints the counts of repeats whose period is over, with `all` those of every site. Call it about once a second, and with
 * `all` before the program ends. */
void rs_log_flush(bool all);

/* --- fields ------------------------------------------------------------------------------------------------------- */
typedef struct rs_log_field {
    const char *key;           /* NULL ends the list */
    enum { RS_LOG_KIND_STR, RS_LOG_KIND_INT, RS_LOG_KIND_UINT, RS_LOG_KIND_REAL } kind;
    rs_str_t str;
    int64_t signed_number;
    uint64_t unsigned_number;
    double real;
} rs_log_field_t;

#define RS_LOG_STR(key_, value_) {.key = (key_), .kind = RS_LOG_KIND_STR, .str = (value_)}               /* rs_str_t */
#define RS_LOG_TEXT(key_, value_) {.key = (key_), .kind = RS_LOG_KIND_STR, .str = rs_str(value_)}        /* const char * */
#define RS_LOG_STATUS(key_, value_) RS_LOG_TEXT(key_, rs_status_text(value_))                            /* rs_status_t */
#define RS_LOG_INT(key_, value_) {.key = (key_), .kind = RS_LOG_KIND_INT, .signed_number = (value_)}
#define RS_LOG_UINT(key_, value_) {.key = (key_), .kind = RS_LOG_KIND_UINT, .unsigned_number = (value_)}
#define RS_LOG_REAL(key_, value_) {.key = (key_), .kind = RS_LOG_KIND_REAL, .real = (value_)}

/* --- a call site -------------------------------------------------------------------------------------------------- */
typedef struct rs_log_site {
    const char *message;
    struct rs_log_site *next;        /* all fields from here on belong to the lock in log.c */
    rs_log_level_t level;
    bool listed;
    uint32_t printed;                /* in this period */
    uint64_t repeated;               /* and not printed */
    int64_t period_start_us;
} rs_log_site_t;

void rs_log_write(rs_log_site_t *site, rs_log_level_t level, const rs_log_field_t *fields);

#define RS_LOG(level_, message_)                                                       \
    do {                                                                               \
        static rs_log_site_t rs_log_site_here = {.message = ("" message_)};            \
        rs_log_write(&rs_log_site_here, (level_), NULL);                               \
    } while (0)
#define RS_LOG_WITH(level_, message_, ...)                                             \
    do {                                                                               \
        static rs_log_site_t rs_log_site_here = {.message = ("" message_)};            \
        if (rs_log_is_on(level_)) {                                                    \
            const rs_log_field_t rs_log_fields_here[] = {__VA_ARGS__, {.key = NULL}};  \
            rs_log_write(&rs_log_site_here, (level_), rs_log_fields_here);             \
        }                                                                              \
    } while (0)

#endif
