/* One ringside.v1.EventBatch of any length, event by event. */
#include "cli/reader_format.h"

#include <inttypes.h>
#include <stdlib.h>

enum { EVENTS_TAG = 0x0A, MAX_HEAD = 6 };

typedef struct protobuf {
    rs_input_t *input;
    rs_decoder_t *decoder;
    rs_kept_event_t kept;
    rs_refused_t refused;
    bool is_refused;
    uint64_t events;
} protobuf_t;

static bool claims(rs_str_t name) {
    return (name.len > 3 && memcmp(name.data + name.len - 3, ".pb", 3) == 0) ||
           (name.len > 9 && memcmp(name.data + name.len - 9, ".protobuf", 9) == 0);
}

static int open_protobuf(rs_input_t *input, const char *path, const rs_config_t *config, void **state) {
    (void)path, (void)config;
    protobuf_t *protobuf = calloc(1, sizeof *protobuf);
    if (protobuf == NULL) return RS_ERR_MEMORY;
    protobuf->input = input;
    const int status = rs_decoder_create(RS_INPUT_ROOM, &protobuf->decoder);
    if (status != RS_OK) {
        free(protobuf);
        return status;
    }
    *state = protobuf;
    return RS_OK;
}

static void close_protobuf(void *state) {
    protobuf_t *protobuf = state;
    rs_decoder_destroy(&protobuf->decoder);
    free(protobuf);
}

static bool on_event(void *context, uint32_t index, const rs_event_t *event, const rs_refused_t *refused, rs_str_t bytes) {
    protobuf_t *protobuf = context;
    (void)index, (void)bytes;
    protobuf->is_refused = event == NULL;
    if (event != NULL) rs_kept_event_set(&protobuf->kept, event);
    else protobuf->refused = *refused;
    return false;
}

/* Length of tag, length and event at the front of `view`. 0: more bytes are needed to say. < 0: not an EventBatch. */
static int64_t framed_length(rs_str_t view) {
    if (view.len == 0) return 0;
    if ((uint8_t)view.data[0] != EVENTS_TAG) return -1;
    uint64_t length = 0;
    for (uint32_t i = 1; i < MAX_HEAD; i++) {
        if (i >= view.len) return 0;
        const uint8_t byte = (uint8_t)view.data[i];
        length |= (uint64_t)(byte & 0x7F) << (7 * (i - 1));
        if ((byte & 0x80) == 0) return (int64_t)(length + i + 1);
    }
    return -1;
}

static int fail(protobuf_t *protobuf, const char *what) {
    rs_input_fail(protobuf->input, "at byte %" PRIu64 ": %s", rs_input_position(protobuf->input), what);
    return RS_ERR_IO;
}

static int next_protobuf(void *state, rs_event_t *event, rs_refused_t *refused, uint64_t *line) {
    protobuf_t *protobuf = state;
    rs_str_t view = rs_input_view(protobuf->input);
    int64_t length;
    while ((length = framed_length(view)) == 0 || (length > 0 && length > (int64_t)view.len)) {
        if (length > RS_INPUT_ROOM) return fail(protobuf, "an event longer than 1 MiB");
        const int status = rs_input_more(protobuf->input);
        if (status == RS_ERR_IO) return RS_ERR_IO;
        view = rs_input_view(protobuf->input);
        if (status == RS_ERR_NOT_FOUND) return view.len == 0 ? 0 : fail(protobuf, "the file ends inside an event");
    }
    if (length < 0) return fail(protobuf, "not a ringside.v1.EventBatch");
    protobuf->is_refused = true;
    protobuf->refused = (rs_refused_t){.reason = RS_REFUSAL_MALFORMED, .len = (uint32_t)length};
    if (rs_decode(protobuf->decoder, RS_ENCODING_PROTOBUF, view.data, (size_t)length, on_event, protobuf) < 0) {
        protobuf->refused.reason = RS_REFUSAL_TOO_LARGE;
    }
    rs_input_consume(protobuf->input, (size_t)length);
    *line = ++protobuf->events;
    if (protobuf->is_refused) {
        *refused = protobuf->refused;
        return RS_ERR_PARSE;
    }
    *event = protobuf->kept.event;
    return 1;
}

const rs_reader_format_t rs_reader_protobuf = {
    .name = "protobuf", .claims = claims, .open = open_protobuf, .next = next_protobuf, .close = close_protobuf};
