/* Canonical events, one JSON object a line. Decoding is asked for the whole of what is in the buffer and stopped after one
 * event: so a line is parsed where it stands. */
#include "cli/reader_format.h"

#include <stdlib.h>

typedef struct ndjson {
    rs_input_t *input;
    rs_decoder_t *decoder;
    rs_kept_event_t kept;
    rs_refused_t refused;
    bool is_refused;
    size_t event_begin, event_end;   /* in the message of the last decode */
    const char *message;
    uint64_t lines;                  /* line feeds consumed */
} ndjson_t;

static int open_ndjson(rs_input_t *input, const char *path, const rs_config_t *config, void **state) {
    (void)path, (void)config;
    ndjson_t *ndjson = calloc(1, sizeof *ndjson);
    if (ndjson == NULL) return RS_ERR_MEMORY;
    ndjson->input = input;
    const int status = rs_decoder_create(RS_INPUT_ROOM, &ndjson->decoder);
    if (status != RS_OK) {
        free(ndjson);
        return status;
    }
    *state = ndjson;
    return RS_OK;
}

static void close_ndjson(void *state) {
    ndjson_t *ndjson = state;
    rs_decoder_destroy(&ndjson->decoder);
    free(ndjson);
}

static bool on_event(void *context, uint32_t index, const rs_event_t *event, const rs_refused_t *refused, rs_str_t bytes) {
    ndjson_t *ndjson = context;
    (void)index;
    ndjson->is_refused = event == NULL;
    if (event != NULL) rs_kept_event_set(&ndjson->kept, event);
    else ndjson->refused = *refused;
    ndjson->event_begin = (size_t)(bytes.data - ndjson->message);
    ndjson->event_end = ndjson->event_begin + bytes.len;
    return false;
}

static uint64_t count_feeds(const char *bytes, size_t len) {
    uint64_t count = 0;
    const char *end = bytes + len;
    while (bytes < end && (bytes = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL) {
        count++;
        bytes++;
    }
    return count;
}

/* Whole lines at the front of the view; at the end of the file all of it. */
static size_t whole_lines(rs_str_t view, bool is_end) {
    if (is_end || view.len == 0) return view.len;
    const char *feed = memrchr(view.data, '\n', view.len);
    return feed == NULL ? 0 : (size_t)(feed - view.data) + 1;
}

/* Decodes the next event of `message`; false when there are only blank lines. Consumes what it used. */
static bool decode_one(ndjson_t *ndjson, rs_str_t message, uint64_t *line) {
    ndjson->message = message.data;
    const int64_t seen = rs_decode(ndjson->decoder, RS_ENCODING_JSON, message.data, message.len, on_event, ndjson);
    if (seen <= 0) {
        ndjson->lines += count_feeds(message.data, message.len);
        rs_input_consume(ndjson->input, message.len);
        return false;
    }
    ndjson->lines += count_feeds(message.data, ndjson->event_begin);
    *line = ndjson->lines + 1;
    rs_input_consume(ndjson->input, ndjson->event_end);
    return true;
}

static int refuse_long_line(ndjson_t *ndjson, rs_refused_t *refused, uint64_t *line) {
    rs_str_t skipped;
    const int status = rs_input_line(ndjson->input, &skipped);
    if (status == RS_ERR_IO) return RS_ERR_IO;
    *line = ++ndjson->lines;
    *refused = (rs_refused_t){.reason = RS_REFUSAL_TOO_LARGE, .len = skipped.len};
    return RS_ERR_PARSE;
}

static int next_ndjson(void *state, rs_event_t *event, rs_refused_t *refused, uint64_t *line) {
    ndjson_t *ndjson = state;
    bool is_end = false;
    for (;;) {
        const rs_str_t view = rs_input_view(ndjson->input);
        const size_t whole = whole_lines(view, is_end);
        if (whole > 0 && decode_one(ndjson, (rs_str_t){.data = view.data, .len = (uint32_t)whole}, line)) break;
        if (whole > 0) continue;
        if (is_end) return 0;
        const int status = rs_input_more(ndjson->input);
        if (status == RS_ERR_IO) return RS_ERR_IO;
        if (status == RS_ERR_FULL) return refuse_long_line(ndjson, refused, line);
        is_end = status == RS_ERR_NOT_FOUND;
    }
    if (ndjson->is_refused) {
        *refused = ndjson->refused;
        return RS_ERR_PARSE;
    }
    *event = ndjson->kept.event;
    return 1;
}

const rs_reader_format_t rs_reader_ndjson = {
    .name = "ndjson", .claims = NULL, .open = open_ndjson, .next = next_ndjson, .close = close_ndjson};
