/* The canonical event as one JSON object, always the same bytes for the same event. */
#include "event/event_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* Bytes past the end are counted but not written, so that the caller checks once. */
typedef struct rs__writer {
    char *bytes;
    size_t size;
    size_t len;
} rs__writer_t;

static void put(rs__writer_t *writer, const char *bytes, size_t len) {
    if (writer->len + len <= writer->size) memcpy(writer->bytes + writer->len, bytes, len);
    writer->len += len;
}

static void put_text(rs__writer_t *writer, const char *text) { put(writer, text, strlen(text)); }

static bool needs_escape(char c) { return (unsigned char)c < 0x20 || c == '"' || c == '\\'; }

static void put_escape(rs__writer_t *writer, char c) {
    char escape[8];
    switch (c) {
        case '"': put_text(writer, "\\\""); return;
        case '\\': put_text(writer, "\\\\"); return;
        case '\n': put_text(writer, "\\n"); return;
        case '\r': put_text(writer, "\\r"); return;
        case '\t': put_text(writer, "\\t"); return;
        default: break;
    }
    snprintf(escape, sizeof escape, "\\u%04x", (unsigned)(unsigned char)c);
    put_text(writer, escape);
}

static void put_string(rs__writer_t *writer, rs_str_t text) {
    put_text(writer, "\"");
    uint32_t from = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        if (!needs_escape(text.data[i])) continue;
        put(writer, text.data + from, i - from);
        put_escape(writer, text.data[i]);
        from = i + 1;
    }
    if (from < text.len) put(writer, text.data + from, text.len - from);
    put_text(writer, "\"");
}

/* Name and colon of a field, with a comma when something stands before it in its object. */
static void put_key(rs__writer_t *writer, unsigned field) {
    const char *name = rs__field_name(field);
    const char *dot = strchr(name, '.');
    const bool first = writer->len > 0 && writer->len <= writer->size && writer->bytes[writer->len - 1] == '{';
    put_text(writer, first ? "\"" : ",\"");
    put_text(writer, dot == NULL ? name : dot + 1);
    put_text(writer, "\":");
}

static void put_text_field(rs__writer_t *writer, unsigned field, rs_str_t text) {
    if (text.len == 0) return;
    put_key(writer, field);
    put_string(writer, text);
}

static void put_time_field(rs__writer_t *writer, unsigned field, int64_t at_us) {
    char text[32];
    rs_event_format_time(at_us, text);
    put_text_field(writer, field, rs_str(text));
}

static void put_sequence_field(rs__writer_t *writer, unsigned field, uint64_t number) {
    char text[24];
    put_key(writer, field);
    put(writer, text, (size_t)snprintf(text, sizeof text, "%" PRIu64, number));
}

static void put_number_field(rs__writer_t *writer, unsigned field, int64_t number) {
    char text[24];
    put_key(writer, field);
    put(writer, text, (size_t)snprintf(text, sizeof text, "%" PRId64, number));
}

/* 4500 is 4.5, -250 is -0.25. */
static void put_milli_field(rs__writer_t *writer, unsigned field, int64_t milli) {
    char text[32];
    const uint64_t magnitude = milli < 0 ? 0 - (uint64_t)milli : (uint64_t)milli;
    int len = snprintf(text, sizeof text, "%s%" PRIu64 ".%03u", milli < 0 ? "-" : "", magnitude / 1000,
                       (unsigned)(magnitude % 1000));
    while (text[len - 1] == '0') len--;
    if (text[len - 1] == '.') len--;
    put_key(writer, field);
    put(writer, text, (size_t)len);
}

static void put_customer(rs__writer_t *writer, const rs_event_t *event) {
    char text[2 * RS_PSEUDONYM_BYTES + 1];
    put_text_field(writer, RS__FIELD_CUSTOMER, rs__customer_text(event, text));
}

static void put_data_field(rs__writer_t *writer, const rs_event_t *event, unsigned field) {
    const rs__slot_t slot = rs__slot_of(event, field);
    switch (slot.form) {
        case RS__SLOT_TEXT: put_text_field(writer, field, slot.text); break;
        case RS__SLOT_BOOL: put_key(writer, field); put_text(writer, slot.number != 0 ? "true" : "false"); break;
        case RS__SLOT_NUMBER: put_number_field(writer, field, slot.number); break;
        case RS__SLOT_MILLI: put_milli_field(writer, field, slot.number); break;
        case RS__SLOT_TIME: put_time_field(writer, field, slot.number); break;
        case RS__SLOT_SEQUENCE: put_sequence_field(writer, field, (uint64_t)slot.number); break;
        default: break;
    }
}

static void put_data(rs__writer_t *writer, const rs_event_t *event) {
    const size_t before = writer->len;
    put_key(writer, RS__FIELD_DATA);
    put_text(writer, "{");
    const size_t empty = writer->len;
    for (uint64_t left = rs__data_fields(event->type); left != 0; left &= left - 1) {
        put_data_field(writer, event, (unsigned)__builtin_ctzll(left));
    }
    if (writer->len == empty) writer->len = before;
    else put_text(writer, "}");
}

int64_t rs__encode_json(const rs_event_t *event, char *bytes, size_t size) {
    rs__writer_t writer = {.bytes = bytes, .size = size};
    put_text(&writer, "{");
    put_text_field(&writer, RS__FIELD_EVENT_ID, event->event_id);
    put_text_field(&writer, RS__FIELD_SOURCE, event->source);
    if ((event->present & RS_HAS_SEQ) != 0) put_sequence_field(&writer, RS__FIELD_SEQ, event->seq);
    put_text_field(&writer, RS__FIELD_INCARNATION, event->incarnation);
    put_time_field(&writer, RS__FIELD_OCCURRED_AT, event->occurred_us);
    put_text_field(&writer, RS__FIELD_TENANT, event->tenant);
    put_text_field(&writer, RS__FIELD_TYPE, rs_str(rs_event_type_name(event->type)));
    put_text_field(&writer, RS__FIELD_CONTACT_ID, event->contact_id);
    put_text_field(&writer, RS__FIELD_JOURNEY_ID, event->journey_id);
    put_text_field(&writer, RS__FIELD_CHANNEL, rs_str(rs_channel_name(event->channel)));
    put_text_field(&writer, RS__FIELD_DIRECTION, rs_str(rs_direction_name(event->direction)));
    put_customer(&writer, event);
    put_text_field(&writer, RS__FIELD_QUEUE, event->queue);
    put_text_field(&writer, RS__FIELD_AGENT, event->agent);
    put_text_field(&writer, RS__FIELD_TEAM, event->team);
    put_text_field(&writer, RS__FIELD_TOPIC, event->topic);
    put_data(&writer, event);
    put_text(&writer, "}");
    return writer.len <= size ? (int64_t)writer.len : RS_ERR_FULL;
}
