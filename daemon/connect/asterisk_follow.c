#include "connect/asterisk_follow.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 * 1024, LOOK_BYTES = 256 * 1024, HEAD_BYTES = 256, PENDING_MAX = RS_ASTERISK_EVENTS_PER_LINE };

struct rs_asterisk_follower {
    uv_timer_t timer;
    uint64_t period_ms;
    const rs_config_t *config;
    const uint8_t *key;
    rs_asterisk_sink_t sink;
    rs_asterisk_parser_t *parser;
    bool is_looking, is_closing;
    /* the file */
    char path[PATH_MAX];
    int file;              /* -1: not there */
    struct stat identity;  /* st_dev and st_ino of it */
    bool may_join;         /* the first file, if it was there at the start, is joined at its end */
    int complained_of;     /* errno of the last failure to open it; -1: no file; 0: none */
    rs_asterisk_chain_t *chain; /* after a restart, until the last of them is open; NULL: none */
    uint32_t link;              /* of the chain, that is open */
    uint64_t upto;              /* events up to here are known, */
    char known[RS_MAX_NAME + 1]; /* of this incarnation; "": none */
    char head[HEAD_BYTES]; /* its first line, as far as it was there */
    size_t head_len;
    /* what was read of it */
    int64_t offset; /* of the end of what is in the buffer */
    char buffer[BUFFER_BYTES];
    size_t used;   /* bytes in the buffer: no complete line yet, or waiting for the sink */
    bool skipping; /* inside a line that is too long */
    /* of the line at work, not yet taken by the sink */
    unsigned char pending[PENDING_MAX][RS_RECORD_MAX];
    size_t pending_len[PENDING_MAX];
    uint32_t pending_count, pending_at;
    rs_refused_t refused;
    uint64_t refused_hash;
    bool has_refused;
    rs_asterisk_follow_stats_t stats;
};

/* --- events to the sink ------------------------------------------------------------------------------------------ */
static void keep_event(void *context, const rs_event_t *event) {
    rs_asterisk_follower_t *follower = context;
    if (event->seq <= follower->upto && rs_str_equal(event->incarnation, rs_str(follower->known))) return;
    const uint32_t at = follower->pending_count++;
    RS_REQUIRE(at < PENDING_MAX);
    rs_event_t copy = *event;
    uint8_t pseudonym[RS_PSEUDONYM_BYTES];
    if (copy.customer.len != 0) {
        rs_pseudonym(follower->key, copy.tenant, copy.customer, pseudonym);
        copy.customer = (rs_str_t){.data = (const char *)pseudonym, .len = sizeof pseudonym};
        copy.present |= RS_HAS_PSEUDONYM;
    }
    follower->pending_len[at] = rs_record_write_event(&copy, rs_wall_us(), (rs_origin_t){0}, follower->pending[at]);
}

static int submit_event(rs_asterisk_follower_t *follower, uint32_t at) {
    rs_event_t event;
    int64_t arrival_us;
    rs_origin_t origin;
    uint64_t position;
    RS_REQUIRE(rs_record_read_event(follower->pending[at], follower->pending_len[at], &event, &arrival_us, &origin) ==
               RS_OK);
    return follower->sink.submit_event(follower->sink.context, &event, arrival_us, origin, &position);
}

static int submit_refusal(rs_asterisk_follower_t *follower) {
    uint64_t position;
    return follower->sink.submit_refusal(follower->sink.context, rs_str(follower->refused.source), &follower->refused,
                                         follower->refused_hash, rs_wall_us(), (rs_origin_t){0}, &position);
}

/* What is kept of the line at work. RS_OK: the sink has it all. */
static int submit_pending(rs_asterisk_follower_t *follower) {
    int status = RS_OK;
    while (status == RS_OK && follower->pending_at < follower->pending_count) {
        status = submit_event(follower, follower->pending_at);
        if (status == RS_OK) follower->pending_at++;
        if (follower->is_closing) return RS_ERR_CLOSED;
    }
    if (status != RS_OK) return status;
    follower->pending_at = follower->pending_count = 0;
    if (!follower->has_refused) return RS_OK;
    status = submit_refusal(follower);
    if (status == RS_OK) follower->has_refused = false;
    return follower->is_closing ? RS_ERR_CLOSED : status;
}

/* The same for everything that the last line gives. */
static int finish_line(rs_asterisk_follower_t *follower) {
    int status = submit_pending(follower);
    while (status == RS_OK && rs_asterisk_parser_more(follower->parser, keep_event, follower))
        status = submit_pending(follower);
    return status;
}

static void note_refused(rs_asterisk_follower_t *follower, rs_str_t line) {
    const bool was_read = rs_asterisk_parser_seq(follower->parser) < follower->upto; /* before the restart */
    if (was_read && strcmp(rs_asterisk_parser_incarnation(follower->parser), follower->known) == 0) return;
    follower->has_refused = true;
    follower->refused_hash = rs_refused_hash(follower->key, line);
    RS_LOG_WITH(RS_LOG_WARNING, "a queue_log line was refused", RS_LOG_TEXT("file", follower->path),
                RS_LOG_TEXT("reason", rs_refusal_name(follower->refused.reason)),
                RS_LOG_TEXT("field", follower->refused.field), RS_LOG_UINT("length", line.len));
}

/* --- lines ------------------------------------------------------------------------------------------------------- */
static int take_line(rs_asterisk_follower_t *follower, rs_str_t line) {
    const int status = rs_asterisk_parser_line(follower->parser, line, keep_event, follower, &follower->refused);
    if (status != RS_OK) note_refused(follower, line);
    return finish_line(follower);
}

/* The buffer is full and has no line feed. */
static int refuse_long_line(rs_asterisk_follower_t *follower) {
    const rs_str_t line = {.data = follower->buffer, .len = (uint32_t)follower->used};
    if (!follower->skipping) {
        (void)rs_asterisk_parser_refuse(follower->parser, RS_REFUSAL_TOO_LARGE, "", line.len, &follower->refused);
        note_refused(follower, line);
    }
    follower->used = 0;
    follower->skipping = true;
    return finish_line(follower);
}

/* Takes complete lines out of the buffer while the sink has room. RS_OK: there is none left, and there is room
 * behind. */
static int take_lines(rs_asterisk_follower_t *follower) {
    int status = finish_line(follower);
    size_t at = 0;
    while (status == RS_OK) {
        const char *start = follower->buffer + at;
        const char *feed = memchr(start, '\n', follower->used - at);
        if (feed == NULL) break;
        const rs_str_t line = {.data = start, .len = (uint32_t)(feed - start)};
        at += line.len + 1;
        if (follower->skipping)
            follower->skipping = false;
        else
            status = take_line(follower, line);
    }
    follower->used -= at;
    memmove(follower->buffer, follower->buffer + at, follower->used);
    if (status == RS_OK && follower->used == BUFFER_BYTES) status = refuse_long_line(follower);
    follower->stats.is_stalled = status == RS_ERR_FULL;
    return status;
}

/* --- the beginning of the file ----------------------------------------------------------------------------------- */
static bool head_is_complete(const rs_asterisk_follower_t *follower) {
    return follower->head_len == HEAD_BYTES ||
           (follower->head_len != 0 && follower->head[follower->head_len - 1] == '\n');
}

/* Reads the beginning, at most its first line. */
static size_t read_head(int file, char head[HEAD_BYTES]) {
    const ssize_t got = pread(file, head, HEAD_BYTES, 0);
    if (got <= 0) return 0;
    const char *feed = memchr(head, '\n', (size_t)got);
    return feed == NULL ? (size_t)got : (size_t)(feed - head) + 1;
}

/* False: the file no longer begins as it did. */
static bool check_head(rs_asterisk_follower_t *follower) {
    char head[HEAD_BYTES];
    const size_t len = read_head(follower->file, head);
    if (len < follower->head_len || memcmp(head, follower->head, follower->head_len) != 0) return false;
    memcpy(follower->head, head, len);
    follower->head_len = len;
    return true;
}

/* The offset behind the last line feed before `end`; 0 when there is none. Looks back as far as a line can reach. */
static int64_t line_start(rs_asterisk_follower_t *follower, int64_t end) {
    char *bytes = follower->buffer; /* empty when this is called */
    const int64_t from = end > BUFFER_BYTES ? end - BUFFER_BYTES : 0;
    const ssize_t got = pread(follower->file, bytes, (size_t)(end - from), from);
    const char *feed = got <= 0 ? NULL : memrchr(bytes, '\n', (size_t)got);
    if (feed != NULL) return from + (feed - bytes) + 1;
    follower->skipping = from != 0; /* inside a line that is too long */
    return from == 0 ? 0 : end;
}

/* --- opening, rotation, truncation ------------------------------------------------------------------------------- */
static void drop_half_line(rs_asterisk_follower_t *follower) {
    const bool has_half = follower->used != 0 && !follower->skipping;
    if (!has_half) {
        follower->used = 0;
        return;
    }
    follower->stats.cut_lines++;
    RS_LOG_WITH(RS_LOG_WARNING, "a half line at the end of the queue_log was dropped",
                RS_LOG_TEXT("file", follower->path), RS_LOG_UINT("length", follower->used));
    follower->used = 0;
}

/* From here on the file is read from `offset`, a line's start. */
static void read_from(rs_asterisk_follower_t *follower, int64_t offset) {
    follower->offset = offset;
    follower->upto = 0;
    follower->known[0] = '\0';
    follower->head_len = 0;
    (void)check_head(follower);
    rs_asterisk_parser_begin(follower->parser, (uint64_t)offset);
}

static void complain(rs_asterisk_follower_t *follower, int why) {
    const bool is_absent = why == ENOENT || why == ENOTDIR;
    if (is_absent || why == -1) follower->may_join = false; /* what comes later is new from its beginning */
    if (why == follower->complained_of) return;
    follower->complained_of = why;
    if (is_absent)
        RS_LOG_WITH(RS_LOG_NOTICE, "the queue_log is not there, waiting for it", RS_LOG_TEXT("file", follower->path));
    else
        RS_LOG_WITH(RS_LOG_ERROR, "cannot open the queue_log", RS_LOG_TEXT("file", follower->path),
                    RS_LOG_TEXT("why", why == -1 ? "not a file" : strerror(why)));
}

/* The file under a name; -1 when there is none that can be read. */
static int open_path(rs_asterisk_follower_t *follower, const char *path, struct stat *status) {
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const int why = file < 0 || fstat(file, status) != 0 ? errno : S_ISREG(status->st_mode) ? 0 : -1;
    if (why == 0) {
        follower->complained_of = 0;
        return file;
    }
    if (file >= 0) close(file);
    complain(follower, why);
    return -1;
}

static void open_file(rs_asterisk_follower_t *follower) {
    struct stat status;
    follower->file = open_path(follower, follower->path, &status);
    if (follower->file < 0) return;
    follower->identity = status;
    follower->skipping = false;
    read_from(follower, follower->may_join ? line_start(follower, status.st_size) : 0);
    follower->may_join = false;
    RS_LOG_WITH(RS_LOG_NOTICE, "following the queue_log", RS_LOG_TEXT("file", follower->path),
                RS_LOG_INT("offset", follower->offset));
}

static bool is_same(const struct stat *a, const struct stat *b) { return a->st_ino == b->st_ino && a->st_dev == b->st_dev; }

/* Is another file under the name, and does Asterisk write to it? *next: which. */
static bool is_rotated(const rs_asterisk_follower_t *follower, struct stat *next) {
    if (stat(follower->path, next) != 0 || !S_ISREG(next->st_mode) || next->st_size == 0) return false;
    return !is_same(next, &follower->identity);
}

/* --- after a restart --------------------------------------------------------------------------------------------- */
static void end_chain(rs_asterisk_follower_t *follower) {
    if (follower->chain != NULL) rs_asterisk_chain_close(follower->chain);
    free(follower->chain);
    follower->chain = NULL;
}

/* The link is read from its beginning; false: it was not there any more. */
static bool open_link(rs_asterisk_follower_t *follower, uint32_t number) {
    rs_asterisk_link_t *link = &follower->chain->links[number];
    struct stat status;
    if (link->file < 0 || fstat(link->file, &status) != 0) return false;
    if (follower->file >= 0) close(follower->file);
    follower->file = link->file;
    link->file = -1;
    follower->identity = status;
    follower->link = number;
    drop_half_line(follower);
    follower->skipping = false;
    read_from(follower, (int64_t)link->offset);
    follower->upto = link->upto;
    memcpy(follower->known, link->known, sizeof follower->known);
    RS_LOG_WITH(RS_LOG_NOTICE, "going on with a queue_log", RS_LOG_TEXT("file", link->path),
                RS_LOG_INT("offset", follower->offset), RS_LOG_UINT("known_events", link->upto));
    return true;
}

/* Behind the end of one: the next. The last, if nothing of it is known, is opened as after any rotation. False: there is none such. */
static bool open_next_link(rs_asterisk_follower_t *follower) {
    while (follower->chain != NULL) {
        const uint32_t next = follower->link + 1, count = follower->chain->count;
        if (next >= count || (next + 1 == count && follower->chain->links[next].known[0] == '\0')) return false;
        const bool is_open = open_link(follower, next);
        follower->link = next;
        if (next + 1 == count) end_chain(follower);
        if (is_open) return true;
    }
    return false;
}

/* Another file is under the name: were there more between the one at work and that? Of a chain, whose last but one has been read, there may
 * be some since it was made. */
static void look_between(rs_asterisk_follower_t *follower) {
    const rs_str_t incarnation = rs_str(rs_asterisk_parser_incarnation(follower->parser));
    end_chain(follower);
    if (incarnation.len == 0) return;
    const rs_asterisk_known_t known = {.incarnation = incarnation, .upto = rs_asterisk_parser_seq(follower->parser)};
    struct stat status;
    follower->chain = calloc(1, sizeof *follower->chain);
    follower->link = 0;
    if (follower->chain != NULL && fstat(follower->file, &status) == 0 &&
        rs_asterisk_chain_find(&follower->config->asterisk, &known, 1, &status.st_mtim, follower->chain) == RS_OK) return;
    end_chain(follower);
}

static int resume(rs_asterisk_follower_t *follower, const rs_asterisk_known_t *known, uint32_t known_count) {
    follower->may_join = false;
    follower->chain = calloc(1, sizeof *follower->chain);
    if (follower->chain == NULL) return RS_ERR_MEMORY;
    const int status = rs_asterisk_chain_find(&follower->config->asterisk, known, known_count, NULL, follower->chain);
    if (status != RS_OK) return status;
    if (follower->chain->is_cut) RS_LOG(RS_LOG_WARNING, "too many queue_logs since the last start; some are left out");
    uint32_t first = 0;
    while (first < follower->chain->count && !open_link(follower, first)) first++;
    if (first < follower->chain->count) {
        if (first + 1 == follower->chain->count) end_chain(follower);
        return RS_OK;
    }
    RS_LOG_WITH(RS_LOG_WARNING, "the queue_log that was read last is gone; what was written to it since is not read",
                RS_LOG_TEXT("file", follower->path));
    end_chain(follower);
    open_file(follower);
    return RS_OK;
}

/* To the file under the name, if it is still the one that was there before it was looked for others between. */
static void change_file(rs_asterisk_follower_t *follower, const struct stat *next) {
    struct stat status;
    end_chain(follower);
    const int file = open_path(follower, follower->path, &status);
    if (file < 0) return; /* the next look tries again */
    if (!is_same(&status, next)) {
        close(file);
        return;
    }
    close(follower->file);
    follower->file = file;
    follower->identity = status;
    drop_half_line(follower);
    follower->skipping = false;
    read_from(follower, 0);
    follower->stats.rotations++;
    RS_LOG_WITH(RS_LOG_INFO, "the queue_log was rotated", RS_LOG_TEXT("file", follower->path));
}

/* `keeps_head`: it begins as it did, but is only `size` bytes long. */
static void start_over(rs_asterisk_follower_t *follower, bool keeps_head, int64_t size) {
    follower->stats.truncations++;
    drop_half_line(follower);
    follower->skipping = false;
    if (keeps_head)
        follower->offset = line_start(follower, size);
    else
        read_from(follower, 0);
    RS_LOG_WITH(RS_LOG_WARNING, "the queue_log was truncated; rotate it by renaming, so that nothing is lost",
                RS_LOG_TEXT("file", follower->path), RS_LOG_INT("offset", follower->offset));
}

/* --- reading ----------------------------------------------------------------------------------------------------- */
/* Asked after every read: what was read is only good if the file was not truncated meanwhile. True: it was, and its
 * reading has started over. */
static bool was_truncated(rs_asterisk_follower_t *follower, int64_t end) {
    struct stat status;
    if (fstat(follower->file, &status) != 0) return false;
    const bool was_complete = head_is_complete(follower), keeps_head = check_head(follower);
    const bool is_short = status.st_size < end;
    if (keeps_head && !is_short) return false;
    start_over(follower, keeps_head && was_complete, status.st_size);
    return true;
}

typedef enum look { LOOK_STOPPED, LOOK_AT_END, LOOK_HAS_MORE } look_t;

/* Reads what is new, to the end or the budget. Stopped: the sink is full, or the follower closed. */
static look_t read_on(rs_asterisk_follower_t *follower) {
    if (take_lines(follower) != RS_OK) return LOOK_STOPPED;
    for (size_t taken = 0; taken < LOOK_BYTES;) {
        const ssize_t got =
            pread(follower->file, follower->buffer + follower->used, BUFFER_BYTES - follower->used, follower->offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            RS_LOG_WITH(RS_LOG_ERROR, "cannot read the queue_log", RS_LOG_TEXT("file", follower->path),
                        RS_LOG_TEXT("why", strerror(errno)));
            return LOOK_AT_END;
        }
        if (was_truncated(follower, follower->offset + got)) return LOOK_HAS_MORE;
        if (got == 0) return LOOK_AT_END;
        follower->offset += got;
        follower->used += (size_t)got;
        follower->stats.bytes += (uint64_t)got;
        taken += (size_t)got;
        if (take_lines(follower) != RS_OK) return LOOK_STOPPED;
    }
    return LOOK_HAS_MORE;
}

static look_t look_at_file(rs_asterisk_follower_t *follower) {
    if (follower->file < 0) open_file(follower);
    if (follower->file < 0) return LOOK_STOPPED;
    look_t look = read_on(follower);
    if (look == LOOK_AT_END && open_next_link(follower)) return LOOK_HAS_MORE;
    struct stat next;
    if (look != LOOK_AT_END || !is_rotated(follower, &next)) return look;
    look = read_on(follower); /* what came before Asterisk opened the new one */
    if (look != LOOK_AT_END) return look;
    look_between(follower);
    if (open_next_link(follower)) return LOOK_HAS_MORE;
    change_file(follower, &next);
    return LOOK_HAS_MORE;
}

static void on_timer(uv_timer_t *timer);

static void look(rs_asterisk_follower_t *follower) {
    if (follower->is_looking || follower->is_closing) return;
    follower->is_looking = true;
    const look_t result = look_at_file(follower);
    follower->is_looking = false;
    if (result == LOOK_HAS_MORE && !follower->is_closing)
        uv_timer_start(&follower->timer, on_timer, 0, follower->period_ms);
}

static void on_timer(uv_timer_t *timer) { look(timer->data); }

/* --- life -------------------------------------------------------------------------------------------------------- */
static void destroy(rs_asterisk_follower_t *follower) {
    if (follower->file >= 0) close(follower->file);
    rs_asterisk_parser_destroy(&follower->parser);
    end_chain(follower);
    free(follower);
}

int rs_asterisk_follower_open(uv_loop_t *loop, const rs_config_t *config, const uint8_t key[RS_PSEUDONYM_KEY_BYTES],
                              const rs_asterisk_sink_t *sink, const rs_asterisk_known_t *known, uint32_t known_count,
                              rs_asterisk_follower_t **follower_out) {
    const rs_str_t path = config->asterisk.queue_log;
    if (path.len >= PATH_MAX) return RS_ERR_INVALID;
    rs_asterisk_follower_t *follower = calloc(1, sizeof *follower);
    if (follower == NULL) return RS_ERR_MEMORY;
    if (rs_asterisk_parser_create(&config->asterisk, &follower->parser) != RS_OK) {
        free(follower);
        return RS_ERR_MEMORY;
    }
    if (path.len != 0) memcpy(follower->path, path.data, path.len);
    follower->config = config;
    follower->key = key;
    follower->sink = *sink;
    follower->file = -1;
    follower->may_join = !config->asterisk.from_start;
    const int64_t period_ms = config->asterisk.poll_us / RS_US_PER_MS;
    follower->period_ms = period_ms < 1 ? 1 : (uint64_t)period_ms;
    if (known_count == 0) {
        open_file(follower); /* now: what is written from here on is new */
    } else if (resume(follower, known, known_count) != RS_OK) {
        destroy(follower);
        return RS_ERR_MEMORY;
    }
    uv_timer_init(loop, &follower->timer);
    follower->timer.data = follower;
    uv_timer_start(&follower->timer, on_timer, 0, follower->period_ms);
    *follower_out = follower;
    return RS_OK;
}

void rs_asterisk_follower_resume(rs_asterisk_follower_t *follower) {
    if (follower != NULL && follower->stats.is_stalled) look(follower);
}

static void on_closed(uv_handle_t *handle) { destroy(handle->data); }

void rs_asterisk_follower_close(rs_asterisk_follower_t **follower) {
    if (follower == NULL || *follower == NULL) return;
    (*follower)->is_closing = true;
    uv_close((uv_handle_t *)&(*follower)->timer, on_closed);
    *follower = NULL;
}

void rs_asterisk_follower_stats(const rs_asterisk_follower_t *follower, rs_asterisk_follow_stats_t *stats) {
    *stats = follower->stats;
    rs_asterisk_parser_stats(follower->parser, &stats->parser);
    stats->is_open = follower->file >= 0;
}
