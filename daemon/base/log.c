#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


static void write_to_standard_error(void *context, const char *line, size_t len) {
    (void)context;
    while (len > 0) {
        const ssize_t written = write(STDERR_FILENO, line, len);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;   /* nowhere left to complain */
        line += written;
        len -= (size_t)written;
    }
}

/* Set by rs_log_start before other threads exist; only the level changes later. */
static struct {
    bool journal;
    uint32_t burst;
    int64_t period_us;
    rs_log_sink_fn sink;
    void *sink_context;
    int64_t (*wall_us)(void);
    int64_t (*monotonic_us)(void);
} settings = {.burst = RS_LOG_DEFAULT_BURST, .period_us = RS_LOG_DEFAULT_PERIOD_S * RS_US_PER_S,
              .sink = write_to_standard_error, .wall_us = rs_wall_us, .monotonic_us = rs_monotonic_us};
static _Atomic int current_level = RS_LOG_INFO;   /* relaxed: a line more or less at the change does not matter */

static pthread_mutex_t sites_lock = PTHREAD_MUTEX_INITIALIZER;   /* guards the list and every site in it */
static rs_log_site_t *sites;

/* --- a line --------------------------------------------------------------------------------------------------------- */

typedef struct line {
    char text[RS_LOG_LINE_MAX];
    size_t len;
} line_t;

/* Room for the line feed is always kept; what does not fit is cut. */
static void add_bytes(line_t *line, const char *bytes, size_t len) {
    const size_t room = sizeof(line->text) - 1 - line->len;
    if (len > room) len = room;
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
}
static void add_text(line_t *line, const char *text) { add_bytes(line, text, strlen(text)); }

static bool is_plain(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("_-./:@%+,*", c) != NULL);
}
static bool all_plain(rs_str_t value) {
    for (uint32_t i = 0; i < value.len; i++) {
        if (!is_plain((unsigned char)value.data[i])) return false;
    }
    return value.len > 0;
}

/* Length of the well-formed UTF-8 sequence of two to four bytes at the front, 0 when there is none. Control characters
 * (U+0080 to U+009F), surrogates and over-long forms are not well-formed here. */
static uint32_t utf8_sequence(const unsigned char *bytes, uint32_t left) {
    uint32_t len = 0, value = 0;
    if (bytes[0] >= 0xc2 && bytes[0] <= 0xdf) len = 2, value = bytes[0] & 0x1fu;
    else if (bytes[0] >= 0xe0 && bytes[0] <= 0xef) len = 3, value = bytes[0] & 0x0fu;
    else if (bytes[0] >= 0xf0 && bytes[0] <= 0xf4) len = 4, value = bytes[0] & 0x07u;
    if (len == 0 || len > left) return 0;
    for (uint32_t i = 1; i < len; i++) {
        if ((bytes[i] & 0xc0u) != 0x80) return 0;
        value = value << 6 | (bytes[i] & 0x3fu);
    }
    static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000};
    if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 0;
    return len;
}

static void add_escaped(line_t *line, rs_str_t value) {
    for (uint32_t i = 0; i < value.len; i++) {
        const unsigned char c = (unsigned char)value.data[i];
        const uint32_t sequence = utf8_sequence((const unsigned char *)value.data + i, value.len - i);
        char escape[8];
        if (sequence != 0) {
            add_bytes(line, value.data + i, sequence);
            i += sequence - 1;
            continue;
        }
        if (c == '"' || c == '\\') (void)snprintf(escape, sizeof(escape), "\\%c", c);
        else if (c >= ' ' && c < 0x7f) (void)snprintf(escape, sizeof(escape), "%c", c);
        else (void)snprintf(escape, sizeof(escape), "\\x%02x", c);
        add_text(line, escape);
    }
}

static void add_string(line_t *line, rs_str_t value) {
    const bool cut = value.len > RS_LOG_VALUE_MAX;
    if (cut) value.len = RS_LOG_VALUE_MAX;
    if (!cut && all_plain(value)) {
        add_bytes(line, value.data, value.len);
        return;
    }
    add_text(line, "\"");
    add_escaped(line, value);
    add_text(line, cut ? "...\"" : "\"");
}

static void add_field(line_t *line, const rs_log_field_t *field) {
    char number[40];
    add_text(line, " ");
    add_text(line, field->key);
    add_text(line, "=");
    switch (field->kind) {
        case RS_LOG_KIND_STR: add_string(line, field->str); return;
        case RS_LOG_KIND_INT: (void)snprintf(number, sizeof(number), "%" PRId64, field->signed_number); break;
        case RS_LOG_KIND_UINT: (void)snprintf(number, sizeof(number), "%" PRIu64, field->unsigned_number); break;
        case RS_LOG_KIND_REAL: (void)snprintf(number, sizeof(number), "%.6g", field->real); break;
    }
    add_text(line, number);
}

static const struct { rs_log_level_t level; const char *name, *shown; } levels[] = {
    {RS_LOG_ERROR, "error", "ERROR"},    {RS_LOG_WARNING, "warning", "WARNING"}, {RS_LOG_NOTICE, "notice", "NOTICE"},
    {RS_LOG_INFO, "info", "INFO"},       {RS_LOG_DEBUG, "debug", "DEBUG"},
};

static const char *shown_level(rs_log_level_t level) {
    for (size_t i = 0; i < RS_ARRAY_LEN(levels); i++) {
        if (levels[i].level == level) return levels[i].shown;
    }
    return "LOG";
}

static void add_head(line_t *line, rs_log_level_t level) {
    char head[64];
    if (settings.journal) {
        (void)snprintf(head, sizeof(head), "<%d>", (int)level);
    } else {
        const int64_t now = settings.wall_us();
        const time_t seconds = (time_t)(now / RS_US_PER_S);
        struct tm utc = {0};
        (void)gmtime_r(&seconds, &utc);
        const size_t len = strftime(head, sizeof(head), "%Y-%m-%dT%H:%M:%S", &utc);
        (void)snprintf(head + len, sizeof(head) - len, ".%06dZ %s ", (int)(now % RS_US_PER_S), shown_level(level));
    }
    add_text(line, head);
}

static void emit(rs_log_level_t level, const char *message, const rs_log_field_t *fields, uint64_t repeated) {
    line_t line;
    line.len = 0;
    add_head(&line, level);
    add_text(&line, message);
    for (const rs_log_field_t *field = fields; field != NULL && field->key != NULL; field++) add_field(&line, field);
    if (repeated != 0) add_field(&line, &(rs_log_field_t)RS_LOG_UINT("repeated", repeated));
    line.text[line.len++] = '\n';   /* add_bytes kept this byte free */
    settings.sink(settings.sink_context, line.text, line.len);
}

/* --- repeats -------------------------------------------------------------------------------------------------------- */

/* Whether this line may be printed; then *repeated is how many were not since the last one that was. */
static bool may_print(rs_log_site_t *site, rs_log_level_t level, uint64_t *repeated) {
    const int64_t now = settings.monotonic_us();
    pthread_mutex_lock(&sites_lock);
    if (!site->listed) {
        site->listed = true;
        site->next = sites;
        site->period_start_us = now;
        sites = site;
    }
    site->level = level;
    if (now - site->period_start_us >= settings.period_us) {
        site->period_start_us = now;
        site->printed = 0;
    }
    const bool may = site->printed < settings.burst;
    if (may) {
        site->printed++;
        *repeated = site->repeated;
        site->repeated = 0;
    } else {
        site->repeated++;
    }
    pthread_mutex_unlock(&sites_lock);
    return may;
}

void rs_log_write(rs_log_site_t *site, rs_log_level_t level, const rs_log_field_t *fields) {
    if (!rs_log_is_on(level)) return;
    uint64_t repeated = 0;
    if (may_print(site, level, &repeated)) emit(level, site->message, fields, repeated);
}

/* The next site whose count is due, from *cursor on; its count is taken. Sites are never removed, so the cursor stays good
 * while the lock is given up to print. */
static bool take_due(rs_log_site_t **cursor, bool all, rs_log_site_t *taken) {
    const int64_t now = settings.monotonic_us();
    bool found = false;
    pthread_mutex_lock(&sites_lock);
    rs_log_site_t *site = *cursor == NULL ? sites : (*cursor)->next;
    while (site != NULL && !found) {
        found = site->repeated != 0 && (all || now - site->period_start_us >= settings.period_us);
        *cursor = site;
        if (found) {
            *taken = *site;
            site->repeated = 0;
        }
        site = site->next;
    }
    pthread_mutex_unlock(&sites_lock);
    return found;
}

void rs_log_flush(bool all) {
    rs_log_site_t *cursor = NULL, taken;
    while (take_due(&cursor, all, &taken)) emit(taken.level, taken.message, NULL, taken.repeated);
}

/* --- settings ------------------------------------------------------------------------------------------------------- */

void rs_log_set_level(rs_log_level_t level) { atomic_store_explicit(&current_level, (int)level, memory_order_relaxed); }
bool rs_log_is_on(rs_log_level_t level) {
    return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

int rs_log_parse_level(const char *name, rs_log_level_t *level) {
    for (size_t i = 0; i < RS_ARRAY_LEN(levels); i++) {
        if (strcmp(levels[i].name, name) == 0) {
            *level = levels[i].level;
            return RS_OK;
        }
    }
    return RS_ERR_NOT_FOUND;
}

/* JOURNAL_STREAM is "device:inode" of the stream that systemd gave; a child whose standard error went elsewhere inherits the
 * variable all the same. */
static bool writes_to_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    if (stream != NULL && fstat(STDERR_FILENO, &status) == 0) {
        char ours[64];
        (void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
        if (strcmp(ours, stream) == 0) return true;
    }
    return getenv("INVOCATION_ID") != NULL && isatty(STDERR_FILENO) == 0;
}

static void forget_counts(void) {
    pthread_mutex_lock(&sites_lock);
    for (rs_log_site_t *site = sites; site != NULL; site = site->next) {
        site->printed = 0;
        site->repeated = 0;
        site->period_start_us = settings.monotonic_us();
    }
    pthread_mutex_unlock(&sites_lock);
}

void rs_log_start(const rs_log_options_t *options) {
    static const rs_log_options_t defaults = {0};
    const rs_log_options_t *wanted = options == NULL ? &defaults : options;
    settings.journal = wanted->form == RS_LOG_FORM_AUTO ? writes_to_journal() : wanted->form == RS_LOG_FORM_JOURNAL;
    settings.burst = wanted->burst == 0 ? RS_LOG_DEFAULT_BURST : wanted->burst;
    settings.period_us = wanted->period_us == 0 ? RS_LOG_DEFAULT_PERIOD_S * RS_US_PER_S : wanted->period_us;
    settings.sink = wanted->sink == NULL ? write_to_standard_error : wanted->sink;
    settings.sink_context = wanted->sink_context;
    settings.wall_us = wanted->wall_us == NULL ? rs_wall_us : wanted->wall_us;
    settings.monotonic_us = wanted->monotonic_us == NULL ? rs_monotonic_us : wanted->monotonic_us;
    rs_log_set_level(wanted->level == 0 ? RS_LOG_INFO : wanted->level);
    forget_counts();
}
