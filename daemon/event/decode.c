/* Messages of untrusted bytes: split into events, each parsed alone, judged, and handed to the callback. */
#include "event/event_internal.h"

#include <stdlib.h>

enum { MIN_MESSAGE_BYTES = 1024, MAX_MESSAGE_BYTES = 16 * 1024 * 1024 };

struct rs_decoder {
    size_t max_message_bytes;
    rs__json_t *json;
    char *tail;          /* a line too near the message's end to be parsed in place, with padding behind it */
    rs__raw_t raw;
    rs_event_t event;
    rs_refused_t refused;
    rs_decoded_fn on_event;   /* of the message at hand, as are the fields below */
    void *context;
    uint32_t index;
};

int rs_decoder_create(size_t max_message_bytes, rs_decoder_t **decoder) {
    if (max_message_bytes < MIN_MESSAGE_BYTES || max_message_bytes > MAX_MESSAGE_BYTES) return RS_ERR_INVALID;
    rs_decoder_t *created = calloc(1, sizeof *created);
    if (created == NULL) return RS_ERR_MEMORY;
    created->max_message_bytes = max_message_bytes;
    created->tail = calloc(1, max_message_bytes + RS__JSON_PADDING);
    created->json = rs__json_create(max_message_bytes);
    if (created->tail == NULL || created->json == NULL) {
        rs_decoder_destroy(&created);
        return RS_ERR_MEMORY;
    }
    *decoder = created;
    return RS_OK;
}

void rs_decoder_destroy(rs_decoder_t **decoder) {
    if (*decoder == NULL) return;
    rs__json_destroy((*decoder)->json);
    free((*decoder)->tail);
    free(*decoder);
    *decoder = NULL;
}

static bool hand_over(rs_decoder_t *decoder, int status, rs_str_t bytes) {
    const bool accepted = status == RS_OK;
    if (!accepted && decoder->refused.len == 0) decoder->refused.len = bytes.len;
    return decoder->on_event(decoder->context, decoder->index++, accepted ? &decoder->event : NULL,
                             accepted ? NULL : &decoder->refused, bytes);
}

static bool refuse(rs_decoder_t *decoder, rs_refusal_t reason, unsigned field, rs_str_t bytes) {
    rs__refuse_raw(&decoder->raw, reason, field, bytes.len, &decoder->refused);
    return hand_over(decoder, RS_ERR_INVALID, bytes);
}

static bool resolve(rs_decoder_t *decoder, rs_str_t bytes) {
    return hand_over(decoder, rs__resolve(&decoder->raw, bytes.len, &decoder->event, &decoder->refused), bytes);
}

static bool decode_protobuf_event(void *context, const uint8_t *bytes, size_t len) {
    rs_decoder_t *decoder = context;
    const rs_str_t event_bytes = {(const char *)bytes, (uint32_t)len};
    unsigned wrong;
    decoder->raw.present = 0;
    const int status = rs__wire_parse(bytes, len, &decoder->raw, &wrong);
    if (status == RS_ERR_PARSE) return refuse(decoder, RS_REFUSAL_MALFORMED, RS__FIELD_UNKNOWN, event_bytes);
    if (status == RS_ERR_INVALID) return refuse(decoder, RS_REFUSAL_BAD_TYPE, wrong, event_bytes);
    return resolve(decoder, event_bytes);
}

static void decode_protobuf(rs_decoder_t *decoder, rs_str_t message) {
    if (rs__wire_split((const uint8_t *)message.data, message.len, decode_protobuf_event, decoder) == RS_OK) return;
    decoder->raw.present = 0;
    refuse(decoder, RS_REFUSAL_MALFORMED, RS__FIELD_UNKNOWN, message);
}

static bool is_blank(rs_str_t line) {
    for (uint32_t i = 0; i < line.len; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r') return false;
    }
    return true;
}

static bool decode_line(rs_decoder_t *decoder, rs_str_t line, size_t readable) {
    const char *text = line.data;
    if (readable < line.len + (size_t)RS__JSON_PADDING) {
        memcpy(decoder->tail, line.data, line.len);
        memset(decoder->tail + line.len, 0, RS__JSON_PADDING);
        text = decoder->tail;
    }
    decoder->raw.present = 0;
    switch (rs__json_parse(decoder->json, text, line.len, &decoder->raw)) {
        case RS__JSON_OK: return resolve(decoder, line);
        case RS__JSON_NOT_UTF8: return refuse(decoder, RS_REFUSAL_NOT_UTF8, RS__FIELD_UNKNOWN, line);
        default: return refuse(decoder, RS_REFUSAL_MALFORMED, RS__FIELD_UNKNOWN, line);
    }
}

static void decode_json(rs_decoder_t *decoder, rs_str_t message) {
    uint32_t at = 0;
    bool go_on = true;
    while (go_on && at < message.len) {
        const char *start = message.data + at;
        const uint32_t left = message.len - at;
        const char *feed = memchr(start, '\n', left);
        rs_str_t line = {start, feed == NULL ? left : (uint32_t)(feed - start)};
        at += line.len + (feed != NULL);
        if (line.len > 0 && line.data[line.len - 1] == '\r') line.len--;
        if (!is_blank(line)) go_on = decode_line(decoder, line, left);
    }
}

int64_t rs_decode(rs_decoder_t *decoder, rs_encoding_t encoding, const void *bytes, size_t len, rs_decoded_fn on_event,
                  void *context) {
    if (len > decoder->max_message_bytes) return RS_ERR_LIMIT;
    const rs_str_t message = {bytes, (uint32_t)len};
    decoder->on_event = on_event;
    decoder->context = context;
    decoder->index = 0;
    switch (encoding) {
        case RS_ENCODING_JSON: decode_json(decoder, message); break;
        case RS_ENCODING_PROTOBUF: decode_protobuf(decoder, message); break;
        default: return RS_ERR_INVALID;
    }
    return (int64_t)decoder->index;
}
