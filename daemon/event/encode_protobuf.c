/* The canonical event as one ringside.v1.Event: fields in the order of their numbers, absent ones left out. Protobuf-c
 * wants strings with a NUL at the end, which events do not have; so this is by hand as well. */
#include "event/event_internal.h"

typedef struct rs__writer {
    uint8_t *bytes;
    size_t size;
    size_t len;     /* grows past size: then the rest was not written */
} rs__writer_t;

static void put(rs__writer_t *writer, const void *bytes, size_t len) {
    if (len <= writer->size && writer->len <= writer->size - len) memcpy(writer->bytes + writer->len, bytes, len);
    writer->len += len;
}

static void put_varint(rs__writer_t *writer, uint64_t number) {
    uint8_t bytes[10];
    size_t len = 0;
    for (; number >= 0x80; number >>= 7) bytes[len++] = (uint8_t)(number | 0x80);
    bytes[len++] = (uint8_t)number;
    put(writer, bytes, len);
}

static void put_tag(rs__writer_t *writer, uint32_t number, uint32_t wire) {
    put_varint(writer, (uint64_t)number << 3 | wire);
}

static void put_text_field(rs__writer_t *writer, uint32_t number, rs_str_t text) {
    if (text.len == 0) return;
    put_tag(writer, number, RS__WIRE_LENGTH);
    put_varint(writer, text.len);
    put(writer, text.data, text.len);
}

static void put_number_field(rs__writer_t *writer, uint32_t number, uint64_t value) {
    put_tag(writer, number, RS__WIRE_VARINT);
    put_varint(writer, value);
}

static void put_double_field(rs__writer_t *writer, uint32_t number, double value) {
    uint64_t bits;
    uint8_t bytes[8];
    memcpy(&bits, &value, sizeof bits);
    for (unsigned i = 0; i < 8; i++) bytes[i] = (uint8_t)(bits >> (8 * i));
    put_tag(writer, number, RS__WIRE_FIXED64);
    put(writer, bytes, sizeof bytes);
}

static void put_time_field(rs__writer_t *writer, uint32_t number, int64_t at_us) {
    char text[32];
    rs_event_format_time(at_us, text);
    put_text_field(writer, number, rs_str(text));
}

static void put_data_field(rs__writer_t *writer, const rs_event_t *event, uint32_t number) {
    const unsigned field = rs__wire_data[number].field;
    if ((rs__data_fields(event->type) >> field & 1) == 0) return;
    const rs__slot_t slot = rs__slot_of(event, field);
    switch (slot.form) {
        case RS__SLOT_TEXT: put_text_field(writer, number, slot.text); break;
        case RS__SLOT_BOOL:
        case RS__SLOT_NUMBER:
        case RS__SLOT_SEQUENCE: put_number_field(writer, number, (uint64_t)slot.number); break;
        case RS__SLOT_MILLI: put_double_field(writer, number, (double)slot.number / 1000.0); break;
        case RS__SLOT_TIME: put_time_field(writer, number, slot.number); break;
        default: break;
    }
}

enum { MAX_DATA = 1024 };   /* two names at most, or numbers, with their tags */

static void put_data(rs__writer_t *writer, const rs_event_t *event, uint32_t number) {
    uint8_t bytes[MAX_DATA];
    rs__writer_t data = {.bytes = bytes, .size = sizeof bytes};
    for (uint32_t i = 1; i < RS__WIRE_DATA_FIELDS; i++) put_data_field(&data, event, i);
    RS_REQUIRE(data.len <= sizeof bytes);
    if (data.len > 0) put_text_field(writer, number, (rs_str_t){(const char *)bytes, (uint32_t)data.len});
}

static rs_str_t envelope_text(const rs_event_t *event, unsigned field, char hex[2 * RS_PSEUDONYM_BYTES + 1]) {
    switch (field) {
        case RS__FIELD_TYPE: return rs_str(rs_event_type_name(event->type));
        case RS__FIELD_CHANNEL: return rs_str(rs_channel_name(event->channel));
        case RS__FIELD_DIRECTION: return rs_str(rs_direction_name(event->direction));
        case RS__FIELD_CUSTOMER: return rs__customer_text(event, hex);
        default: return rs__slot_of(event, field).text;
    }
}

int64_t rs__encode_protobuf(const rs_event_t *event, uint8_t *bytes, size_t size) {
    rs__writer_t writer = {.bytes = bytes, .size = size};
    char hex[2 * RS_PSEUDONYM_BYTES + 1];
    for (uint32_t number = 1; number < RS__WIRE_EVENT_FIELDS; number++) {
        switch (rs__wire_event[number].field) {
            case RS__FIELD_SEQ:
                if ((event->present & RS_HAS_SEQ) != 0) put_number_field(&writer, number, event->seq);
                break;
            case RS__FIELD_OCCURRED_AT: put_number_field(&writer, number, (uint64_t)event->occurred_us); break;
            case RS__FIELD_DATA: put_data(&writer, event, number); break;
            default: put_text_field(&writer, number, envelope_text(event, rs__wire_event[number].field, hex)); break;
        }
    }
    return writer.len <= size ? (int64_t)writer.len : RS_ERR_FULL;
}
