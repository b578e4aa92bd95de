/* Asterisk's queue_log as a recorded file. The same lines have the same identities as when the live file is followed
 * from its beginning. */
#include "cli/reader_format.h"
#include "connect/asterisk_queue_log.h"

#include <stdlib.h>

typedef struct queue_log {
    rs_input_t *input;
    rs_asterisk_parser_t *parser;
    rs_kept_event_t kept[RS_ASTERISK_EVENTS_PER_LINE];
    uint32_t kept_count, kept_at;
    rs_refused_t refused;
    bool has_refused;
    uint64_t lines;
} queue_log_t;

static bool claims_queue_log(rs_str_t file_name) {
    static const char prefix[] = "queue_log";
    return file_name.len >= sizeof prefix - 1 && memcmp(file_name.data, prefix, sizeof prefix - 1) == 0;
}

static int open_queue_log(rs_input_t *input, const char *path, const rs_config_t *config, void **state) {
    (void)path;
    if (config == NULL) return RS_ERR_INVALID;
    queue_log_t *log = calloc(1, sizeof *log);
    if (log == NULL) return RS_ERR_MEMORY;
    log->input = input;
    const int status = rs_asterisk_parser_create(&config->asterisk, &log->parser);
    if (status != RS_OK) {
        free(log);
        return status;
    }
    *state = log;
    return RS_OK;
}

static void close_queue_log(void *state) {
    queue_log_t *log = state;
    rs_asterisk_parser_destroy(&log->parser);
    free(log);
}

static void keep(void *context, const rs_event_t *event) {
    queue_log_t *log = context;
    rs_kept_event_set(&log->kept[log->kept_count++], event);
}

static void refuse(queue_log_t *log, rs_refusal_t reason, const char *field, uint32_t len) {
    log->has_refused = rs_asterisk_parser_refuse(log->parser, reason, field, len, &log->refused) != RS_OK;
}

/* Reads one line into kept and refused. 1; 0: the end; RS_ERR_IO. */
static int read_line(queue_log_t *log) {
    rs_str_t line;
    const uint64_t before = rs_input_position(log->input);
    const int status = rs_input_line(log->input, &line);
    if (status == 0 || status == RS_ERR_IO) return status;
    log->lines++;
    if (status == RS_ERR_FULL) {
        refuse(log, RS_REFUSAL_TOO_LARGE, "", line.len);
    } else if (line.len != 0 && rs_input_position(log->input) - before == line.len) {
        refuse(log, RS_REFUSAL_MALFORMED, "line feed", line.len); /* cut: a last line without it may lack digits */
    } else if (rs_asterisk_parser_line(log->parser, line, keep, log, &log->refused) != RS_OK) {
        log->has_refused = true;
    }
    return 1;
}

static int next_queue_log(void *state, rs_event_t *event, rs_refused_t *refused, uint64_t *line) {
    queue_log_t *log = state;
    for (;;) {
        *line = log->lines;
        if (log->kept_at < log->kept_count) {
            *event = log->kept[log->kept_at++].event;
            return 1;
        }
        log->kept_at = log->kept_count = 0;
        if (log->has_refused) {
            log->has_refused = false;
            *refused = log->refused;
            return RS_ERR_PARSE;
        }
        if (rs_asterisk_parser_more(log->parser, keep, log)) continue;
        const int status = read_line(log);
        if (status != 1) return status;
    }
}

const rs_reader_format_t rs_reader_asterisk = {.name = "asterisk-queue-log",
                                               .claims = claims_queue_log,
                                               .open = open_queue_log,
                                               .next = next_queue_log,
                                               .close = close_queue_log};
