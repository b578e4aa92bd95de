/* `ringside send`: recorded events to a daemon, in the order of their times, at the pace that is asked for. */
#include "cli/cli.h"

#include "base/clock.h"
#include "cli/reader.h"

#include <ringside/client.h>

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { MAX_FILES = 256, MAX_REASONS = 32, PLAIN_BATCH = 256, DEFAULT_TIMEOUT_S = 30, FULL_PAUSE_US = 500 };
enum { OPTION_TO = 1, OPTION_FORMAT, OPTION_SPEED, OPTION_NOW, OPTION_PLAIN, OPTION_SOURCE, OPTION_TIMEOUT, OPTION_CONFIG, OPTION_SPOOL };

typedef struct source_file {
    const char *path;          /* as it is named in messages */
    char opened[64];           /* what is really opened: a copy of standard input can be read twice */
    rs_reader_t *reader;
    rs_event_t event;          /* the next one */
    bool has_event;
} source_file_t;

typedef struct reason_count { char reason[64]; uint64_t count; } reason_count_t;

typedef struct rs_send {
    const char *to, *format, *source, *config_path, *spool;
    const char *paths[MAX_FILES];
    uint32_t path_count;
    double speed;              /* 0 = as fast as it goes */
    bool shift_to_now, plain;
    long timeout_s;
    rs_config_t *config;

    source_file_t files[MAX_FILES];
    uint64_t unreadable;       /* lines that the reader refused */
    int64_t first_us, last_us; /* of the events, when known */
    uint64_t total;            /* of the events, when known */
    int64_t shift_us, started_us, pace_first_us;
    uint64_t sent;             /* with those that were found in the spool */
    uint64_t found, settled_before;   /* events of a run before, in the spool; numbers that were settled before this run */

    rs_client_t *client;
    void *zmq, *push;
    char *plain_batch;         /* NDJSON that waits to be a message */
    size_t plain_len;
    uint32_t plain_events;

    pthread_mutex_t lock;      /* what the client's thread tells */
    reason_count_t reasons[MAX_REASONS];
    uint32_t reason_count;
    uint64_t refused;
    char last_error[320];

    bool shows_progress;
    int64_t progress_us;
} rs_send_t;

/* --- arguments ------------------------------------------------------------------------------------------------------ */
static const struct argp_option options[] = {
    {"to", OPTION_TO, "ENDPOINT", 0, "the daemon's socket for acknowledged events, such as tcp://127.0.0.1:5570", 0},
    {"format", OPTION_FORMAT, "FORMAT", 0, "ndjson, asterisk-queue-log or protobuf; by file name when not given", 0},
    {"speed", OPTION_SPEED, "N|max", 0, "pace: 1 as it happened, 60 an hour in a minute; max is the default", 0},
    {"now", OPTION_NOW, NULL, 0, "shift all times by one constant, so that the last falls at the end of sending", 0},
    {"plain", OPTION_PLAIN, NULL, 0, "without acknowledgements, to the daemon's plain socket (tcp://127.0.0.1:5571)", 0},
    {"source", OPTION_SOURCE, "NAME", 0, "name of the sending session (ringside-send); the events keep their own", 0},
    {"timeout", OPTION_TIMEOUT, "SECONDS", 0, "give up when nothing was acknowledged for so long (30)", 0},
    {"config", OPTION_CONFIG, "FILE", 0, "a daemon's file, for formats that need one", 0},
    {"spool", OPTION_SPOOL, "FILE", 0, "keep events in this file until they are acknowledged, and first send what is in it; "
                                       "made when missing, with its key in FILE.key", 0},
    {0}};

static error_t parse_speed(const char *text, double *speed) {
    char *end;
    if (strcmp(text, "max") == 0) {
        *speed = 0;
        return 0;
    }
    errno = 0;
    *speed = strtod(text, &end);
    return errno != 0 || end == text || *end != '\0' || !isfinite(*speed) || *speed < 1e-3 || *speed > 1e9 ? EINVAL : 0;
}

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    rs_send_t *send = state->input;
    char *end;
    switch (key) {
        case OPTION_TO: send->to = argument; return 0;
        case OPTION_FORMAT: send->format = argument; return 0;
        case OPTION_NOW: send->shift_to_now = true; return 0;
        case OPTION_PLAIN: send->plain = true; return 0;
        case OPTION_SOURCE: send->source = argument; return 0;
        case OPTION_CONFIG: send->config_path = argument; return 0;
        case OPTION_SPOOL: send->spool = argument; return 0;
        case OPTION_SPEED:
            if (parse_speed(argument, &send->speed) != 0) argp_error(state, "--speed: \"%s\"; allowed: 0.001 to 1e9, max", argument);
            return 0;
        case OPTION_TIMEOUT:
            send->timeout_s = strtol(argument, &end, 10);
            if (*argument == '\0' || *end != '\0' || send->timeout_s < 1 || send->timeout_s > 86400) {
                argp_error(state, "--timeout: \"%s\"; allowed: 1 to 86400 seconds", argument);
            }
            return 0;
        case ARGP_KEY_ARG:
            if (send->path_count == MAX_FILES) argp_error(state, "more than %d files", MAX_FILES);
            send->paths[send->path_count++] = argument;
            return 0;
        case ARGP_KEY_END:
            if (send->to == NULL) argp_error(state, "--to is missing");
            if (send->path_count == 0 && send->spool == NULL) argp_error(state, "no file named; \"-\" is standard input");
            if (send->plain && send->spool != NULL) argp_error(state, "--spool: the plain socket acknowledges nothing");
            return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    options, parse_option, "[FILE...]",
    "Sends recorded events to a running daemon and waits until it has acknowledged them. Several files are merged by time."
    " Without a file, what a spool holds is sent."
    "\vExit status: 0 every event was acknowledged or refused by the daemon with a reason, 1 something was not, 2 wrong usage.",
    NULL, NULL, NULL};

/* --- time ----------------------------------------------------------------------------------------------------------- */
static void sleep_us(int64_t duration_us) {
    const struct timespec duration = {.tv_sec = duration_us / RS_US_PER_S, .tv_nsec = (long)(duration_us % RS_US_PER_S) * 1000};
    nanosleep(&duration, NULL);
}

/* --- reading -------------------------------------------------------------------------------------------------------- */
static void report_refused(rs_send_t *send, const source_file_t *file, uint64_t line, const rs_refused_t *refused, bool is_loud) {
    send->unreadable++;
    if (!is_loud) return;
    fprintf(stderr, "ringside: %s:%" PRIu64 ": %s%s%s\n", file->path, line, rs_refusal_name(refused->reason),
            refused->field[0] != '\0' ? " " : "", refused->field);
}

/* Moves on to the next event of the file. 0, or the exit status. */
static int advance(rs_send_t *send, source_file_t *file, bool is_loud) {
    rs_refused_t refused;
    uint64_t line = 0;
    int status;
    while ((status = rs_reader_next(file->reader, &file->event, &refused, &line)) == RS_ERR_PARSE) {
        report_refused(send, file, line, &refused, is_loud);
    }
    file->has_event = status == 1;
    if (status < 0) return rs_cli_fail("%s: %s", file->path, rs_reader_error(file->reader));
    return 0;
}

static void close_files(rs_send_t *send) {
    for (uint32_t i = 0; i < send->path_count; i++) rs_reader_close(&send->files[i].reader);
}

static int open_files(rs_send_t *send, bool is_loud) {
    send->unreadable = 0;
    for (uint32_t i = 0; i < send->path_count; i++) {
        source_file_t *file = &send->files[i];
        const char *path = file->opened[0] != '\0' ? file->opened : file->path;
        const int status = rs_reader_open(path, send->format, send->config, &file->reader);
        if (status == RS_ERR_NOT_FOUND) {
            return rs_cli_usage("--format: unknown \"%s\"; allowed: %s", send->format, rs_reader_format_names());
        }
        if (status != RS_OK) return rs_cli_fail("%s: %s", file->path, status == RS_ERR_IO ? strerror(errno) : rs_status_text(status));
        const int result = advance(send, file, is_loud);
        if (result != 0) return result;
    }
    return 0;
}

/* The file whose next event is the earliest; NULL when all have ended. Files are expected to be in order by themselves. */
static source_file_t *earliest(rs_send_t *send) {
    source_file_t *found = NULL;
    for (uint32_t i = 0; i < send->path_count; i++) {
        source_file_t *file = &send->files[i];
        if (file->has_event && (found == NULL || file->event.occurred_us < found->event.occurred_us)) found = file;
    }
    return found;
}

/* Standard input cannot be read twice: an unnamed temporary file can. */
static int copy_standard_input(source_file_t *file) {
    FILE *copy = tmpfile();
    char buffer[65536];
    ssize_t got = 0;
    if (copy == NULL) return rs_cli_fail("cannot make a temporary file for standard input: %s", strerror(errno));
    while ((got = read(STDIN_FILENO, buffer, sizeof buffer)) > 0) {
        if (fwrite(buffer, 1, (size_t)got, copy) != (size_t)got) break;
    }
    if (got != 0 || fflush(copy) != 0) {
        const int why = errno;
        fclose(copy);
        return rs_cli_fail("cannot keep standard input: %s", strerror(why));
    }
    /* The stream stays open until the program ends: the path lives as long as the descriptor. */
    snprintf(file->opened, sizeof file->opened, "/proc/self/fd/%d", fileno(copy));
    return 0;
}

/* Reads everything once, for the times of the first and the last event. */
static int survey(rs_send_t *send) {
    for (uint32_t i = 0; i < send->path_count; i++) {
        if (strcmp(send->files[i].path, "-") != 0) continue;
        const int result = copy_standard_input(&send->files[i]);
        if (result != 0) return result;
    }
    int result = open_files(send, false);
    source_file_t *file;
    while (result == 0 && (file = earliest(send)) != NULL) {
        const int64_t at_us = file->event.occurred_us;
        if (send->total == 0 || at_us < send->first_us) send->first_us = at_us;
        if (send->total == 0 || at_us > send->last_us) send->last_us = at_us;
        send->total++;
        result = advance(send, file, false);
    }
    close_files(send);
    return result;
}

static void choose_shift(rs_send_t *send) {
    if (!send->shift_to_now || send->total == 0) return;
    const double span_us = (double)(send->last_us - send->first_us);
    const int64_t duration_us = send->speed == 0 ? 0 : (int64_t)(span_us / send->speed);
    send->shift_us = rs_wall_us() + duration_us - send->last_us;
}

static void shift(rs_event_t *event, int64_t by_us) {
    event->occurred_us += by_us;
    if ((event->present & RS_HAS_FROM_US) != 0) event->from_us += by_us;
    if ((event->present & RS_HAS_TO_US) != 0) event->to_us += by_us;
}

/* --- what the client tells, on its own thread ------------------------------------------------------------------------ */
static void on_refused(void *context, uint64_t number, const char *reason, const char *field) {
    rs_send_t *send = context;
    (void)number, (void)field;
    pthread_mutex_lock(&send->lock);
    send->refused++;
    uint32_t i = 0;
    while (i < send->reason_count && strcmp(send->reasons[i].reason, reason) != 0) i++;
    if (i == send->reason_count && i < MAX_REASONS) {
        snprintf(send->reasons[i].reason, sizeof send->reasons[i].reason, "%s", reason);
        send->reason_count++;
    }
    if (i < MAX_REASONS) send->reasons[i].count++;
    pthread_mutex_unlock(&send->lock);
}

static void on_error(void *context, const char *code, const char *text) {
    rs_send_t *send = context;
    pthread_mutex_lock(&send->lock);
    snprintf(send->last_error, sizeof send->last_error, "%s: %s", code, text);
    pthread_mutex_unlock(&send->lock);
}

/* --- progress ------------------------------------------------------------------------------------------------------- */
static uint64_t settled(const rs_send_t *send) {
    rs_client_stats_t stats;
    if (send->client == NULL) return send->sent;
    rs_client_stats(send->client, &stats);
    return stats.settled - send->settled_before;
}

static void show_progress(rs_send_t *send, bool is_last) {
    const int64_t now_us = rs_monotonic_us();
    if (!send->shows_progress || (!is_last && now_us - send->progress_us < 100 * RS_US_PER_MS)) return;
    send->progress_us = now_us;
    if (is_last) {
        fputs("\r\033[K", stderr);
        return;
    }
    enum { WIDTH = 30 };
    char bar[WIDTH + 1] = "";
    if (send->total > 0) {
        const size_t filled = (size_t)(send->sent * WIDTH / send->total);
        memset(bar, ' ', WIDTH);
        memset(bar, '=', filled > WIDTH ? WIDTH : filled);
        bar[WIDTH] = '\0';
    }
    fprintf(stderr, "\r\033[K%s%s%ssent %" PRIu64 ", acknowledged %" PRIu64, bar[0] ? "[" : "", bar, bar[0] ? "] " : "",
            send->sent, settled(send));
}

/* --- sending -------------------------------------------------------------------------------------------------------- */
static void wait_for_pace(rs_send_t *send, int64_t occurred_us) {
    if (send->speed == 0) return;
    const int64_t due_us = send->started_us + (int64_t)((double)(occurred_us - send->pace_first_us) / send->speed);
    int64_t left_us;
    while ((left_us = due_us - rs_monotonic_us()) > 0) {
        show_progress(send, false);
        sleep_us(left_us < 100 * RS_US_PER_MS ? left_us : 100 * RS_US_PER_MS);
    }
}

/* Waits for room; gives up when nothing gets acknowledged any more. */
static int put_acknowledged(rs_send_t *send, const rs_event_t *event) {
    uint64_t before = settled(send);
    int64_t since_us = rs_monotonic_us();
    int status;
    while ((status = rs_client_send(send->client, event, NULL)) == RS_ERR_FULL) {
        const uint64_t now = settled(send);
        if (now != before) {
            before = now;
            since_us = rs_monotonic_us();
        }
        if (rs_monotonic_us() - since_us > send->timeout_s * RS_US_PER_S) return RS_ERR_TIMEOUT;
        show_progress(send, false);
        sleep_us(FULL_PAUSE_US);
    }
    return status;
}

static int flush_plain(rs_send_t *send) {
    if (send->plain_len == 0) return RS_OK;
    if (zmq_send(send->push, send->plain_batch, send->plain_len, 0) < 0) return RS_ERR_TIMEOUT;
    send->plain_len = send->plain_events = 0;
    return RS_OK;
}

static int put_plain(rs_send_t *send, const rs_event_t *event) {
    char *at = send->plain_batch + send->plain_len;
    const int64_t len = rs_event_encode(event, RS_ENCODING_JSON, at, RS_EVENT_MAX_ENCODED);
    if (len < 0) return RS_ERR_INVALID;
    at[len] = '\n';
    send->plain_len += (size_t)len + 1;
    send->plain_events++;
    return send->plain_events == PLAIN_BATCH || send->plain_len > 32768 || send->speed != 0 ? flush_plain(send) : RS_OK;
}

static int send_event(rs_send_t *send, rs_event_t *event) {
    wait_for_pace(send, event->occurred_us);
    shift(event, send->shift_us);
    const int status = send->plain ? put_plain(send, event) : put_acknowledged(send, event);
    if (status == RS_OK) send->sent++;
    if (status == RS_ERR_INVALID) send->unreadable++;   /* --now moved a time out of range */
    show_progress(send, false);
    return status == RS_ERR_INVALID ? RS_OK : status;
}

static int send_all(rs_send_t *send) {
    source_file_t *file = earliest(send);
    send->started_us = rs_monotonic_us();
    send->pace_first_us = file == NULL ? 0 : file->event.occurred_us;
    for (; file != NULL; file = earliest(send)) {
        const int status = send_event(send, &file->event);
        if (status != RS_OK) return status;
        if (advance(send, file, true) != 0) return RS_ERR_IO;
    }
    return send->plain ? flush_plain(send) : RS_OK;
}

/* As long as something gets acknowledged, it is waited for. */
static int wait_acknowledged(rs_send_t *send) {
    uint64_t before = settled(send);
    int64_t since_us = rs_monotonic_us();
    while (rs_client_flush(send->client, 100) != RS_OK) {
        const uint64_t now = settled(send);
        if (now != before) since_us = rs_monotonic_us();
        before = now;
        if (rs_monotonic_us() - since_us > send->timeout_s * RS_US_PER_S) return RS_ERR_TIMEOUT;
        show_progress(send, false);
    }
    return RS_OK;
}

/* --- connection ----------------------------------------------------------------------------------------------------- */
static int connect_plain(rs_send_t *send) {
    const int timeout_ms = (int)(send->timeout_s * 1000), yes = 1;
    send->plain_batch = malloc(32768 + RS_EVENT_MAX_ENCODED + 1);
    send->zmq = zmq_ctx_new();
    if (send->plain_batch == NULL || send->zmq == NULL) return rs_cli_fail("out of memory");
    send->push = zmq_socket(send->zmq, ZMQ_PUSH);
    zmq_setsockopt(send->push, ZMQ_SNDTIMEO, &timeout_ms, sizeof timeout_ms);
    zmq_setsockopt(send->push, ZMQ_LINGER, &timeout_ms, sizeof timeout_ms);
    zmq_setsockopt(send->push, ZMQ_IMMEDIATE, &yes, sizeof yes);
    if (zmq_connect(send->push, send->to) != 0) return rs_cli_usage("--to: \"%s\": %s", send->to, zmq_strerror(zmq_errno()));
    return 0;
}

static int fail_spool(const rs_send_t *send, int status) {
    switch (status) {
        case RS_ERR_STATE: return rs_cli_fail("--spool %s: another program uses it", send->spool);
        case RS_ERR_EXISTS: return rs_cli_fail("--spool %s: it belongs to another --source than \"%s\"", send->spool, send->source);
        case RS_ERR_NOT_FOUND: return rs_cli_fail("--spool %s: its key, %s.key, is missing or another one's", send->spool, send->spool);
        case RS_ERR_PARSE: return rs_cli_fail("--spool %s: not a spool, or damaged beyond use; nothing was changed", send->spool);
        case RS_ERR_VERSION: return rs_cli_fail("--spool %s: made by a later version", send->spool);
        case RS_ERR_IO: return rs_cli_fail("--spool %s: %s", send->spool, strerror(errno));
        default: return rs_cli_fail("cannot start sending: %s", rs_status_text(status));
    }
}

static int connect_daemon(rs_send_t *send) {
    if (strncmp(send->to, "tcp://", 6) != 0 && strncmp(send->to, "ipc://", 6) != 0) {
        return rs_cli_usage("--to: \"%s\"; allowed: tcp://HOST:PORT, ipc://PATH", send->to);
    }
    if (send->plain) return connect_plain(send);
    const rs_client_options_t client = {.endpoint = send->to, .source = send->source, .context = send,
                                        .on_refused = on_refused, .on_error = on_error, .spool_path = send->spool};
    const int status = rs_client_open(&client, &send->client);
    if (status != RS_OK && send->spool != NULL && status != RS_ERR_INVALID) return fail_spool(send, status);
    if (status == RS_ERR_INVALID) {
        return rs_cli_usage("--to \"%s\", --source \"%s\": not an endpoint and a name of 1 to 64 bytes", send->to, send->source);
    }
    if (status != RS_OK) return rs_cli_fail("cannot start sending: %s", rs_status_text(status));
    rs_client_stats_t stats;
    rs_client_stats(send->client, &stats);
    send->settled_before = stats.settled;
    send->sent = send->found = stats.accepted - stats.settled;
    if (stats.spool_lost > 0) {
        fprintf(stderr, "ringside: %s: %" PRIu64 " events were damaged or cut short\n", send->spool, stats.spool_lost);
    }
    return 0;
}

static void disconnect(rs_send_t *send) {
    (void)rs_client_close(&send->client, 0);
    if (send->push != NULL) zmq_close(send->push);
    if (send->zmq != NULL) zmq_ctx_term(send->zmq);
    free(send->plain_batch);
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */
static void print_summary(rs_send_t *send, uint64_t done) {
    fprintf(stderr, "sent %" PRIu64, send->sent);
    if (send->found > 0) fprintf(stderr, " (%" PRIu64 " of an earlier run, from the spool)", send->found);
    if (send->plain) {
        fputs(" without acknowledgement", stderr);
    } else {
        fprintf(stderr, ", acknowledged %" PRIu64 ", refused %" PRIu64, done - send->refused, send->refused);
        for (uint32_t i = 0; i < send->reason_count; i++) {
            fprintf(stderr, "%s%s %" PRIu64, i == 0 ? " (" : ", ", send->reasons[i].reason, send->reasons[i].count);
        }
        if (send->reason_count > 0) fputs(")", stderr);
        if (done < send->sent) {
            fprintf(stderr, ", not acknowledged %" PRIu64 "%s", send->sent - done, send->spool == NULL ? "" : " (kept in the spool)");
        }
    }
    if (send->unreadable > 0) fprintf(stderr, ", not sent %" PRIu64 " (could not be read as events)", send->unreadable);
    fputc('\n', stderr);
}

/* Who sends last week's recording to a daemon of today has done nothing wrong but this. */
static void explain_times(const rs_send_t *send) {
    for (uint32_t i = 0; i < send->reason_count; i++) {
        const char *reason = send->reasons[i].reason;
        if (strcmp(reason, "too_late") == 0)
            fprintf(stderr, "ringside send: note: too_late: older than the daemon's time.lateness allows%s\n",
                    send->shift_to_now ? "" : "; recorded events: --now brings them to the present, "
                                              "`ringside replay --store` writes the past into the database");
        else if (strcmp(reason, "future") == 0)
            fputs("ringside send: note: future: further ahead of the daemon's clock than its time.future allows\n", stderr);
    }
}

static int finish(rs_send_t *send, int status) {
    if (status != RS_ERR_TIMEOUT && !send->plain) {
        const int waited = wait_acknowledged(send);
        if (status == RS_OK) status = waited;
    }
    show_progress(send, true);
    const uint64_t done = settled(send);
    pthread_mutex_lock(&send->lock);
    print_summary(send, done);
    explain_times(send);
    if (status == RS_ERR_TIMEOUT) {
        rs_cli_fail("%s: nothing was %s for %ld s%s%s", send->to, send->plain ? "taken" : "acknowledged", send->timeout_s,
                    send->last_error[0] != '\0' ? "; the daemon says " : "; is the daemon running there?", send->last_error);
    }
    pthread_mutex_unlock(&send->lock);
    return status == RS_OK ? 0 : 1;
}

static int run(rs_send_t *send) {
    rs_config_error_t error;
    if (rs_config_load(send->config_path, NULL, 0, &send->config, &error) != RS_OK) {
        char text[768];
        rs_config_error_format(&error, text, sizeof text);
        return rs_cli_fail("%s", text);
    }
    for (uint32_t i = 0; i < send->path_count; i++) send->files[i].path = send->paths[i];
    int result = send->shift_to_now ? survey(send) : 0;
    if (result == 0) result = connect_daemon(send);
    if (result == 0) result = open_files(send, true);
    if (result == 0) {
        choose_shift(send);
        result = finish(send, send_all(send));
    }
    return result;
}

int rs_cli_send(int argc, char **argv) {
    rs_send_t *send = calloc(1, sizeof *send);
    if (send == NULL) return rs_cli_fail("out of memory");
    send->source = "ringside-send";
    send->timeout_s = DEFAULT_TIMEOUT_S;
    send->shows_progress = isatty(STDERR_FILENO) != 0;
    pthread_mutex_init(&send->lock, NULL);
    argp_err_exit_status = 2;
    argv[0] = "ringside send";
    argp_parse(&parser, argc, argv, 0, NULL, send);
    const int result = run(send);
    close_files(send);
    disconnect(send);
    rs_config_destroy(&send->config);
    pthread_mutex_destroy(&send->lock);
    free(send);
    return result;
}
