/* Protobuf from untrusted bytes, by hand: a walk over tags and values that lends strings and allocates nothing, so that no
 * message costs more memory than its own bytes. tests/ compare it with protobuf-c's generated code. */
#include "event/event_internal.h"

const rs__wire_field_t rs__wire_event[RS__WIRE_EVENT_FIELDS] = {
    [1] = {RS__FIELD_SOURCE, RS__FORM_TEXT},
    [2] = {RS__FIELD_EVENT_ID, RS__FORM_TEXT},
    [3] = {RS__FIELD_SEQ, RS__FORM_UINT64},
    [4] = {RS__FIELD_INCARNATION, RS__FORM_TEXT},
    [5] = {RS__FIELD_OCCURRED_AT, RS__FORM_INT64},
    [6] = {RS__FIELD_TENANT, RS__FORM_TEXT},
    [7] = {RS__FIELD_TYPE, RS__FORM_TEXT},
    [8] = {RS__FIELD_CONTACT_ID, RS__FORM_TEXT},
    [9] = {RS__FIELD_JOURNEY_ID, RS__FORM_TEXT},
    [10] = {RS__FIELD_CHANNEL, RS__FORM_TEXT},
    [11] = {RS__FIELD_DIRECTION, RS__FORM_TEXT},
    [12] = {RS__FIELD_CUSTOMER, RS__FORM_TEXT},
    [13] = {RS__FIELD_QUEUE, RS__FORM_TEXT},
    [14] = {RS__FIELD_AGENT, RS__FORM_TEXT},
    [15] = {RS__FIELD_DATA, RS__FORM_DATA},
    [16] = {RS__FIELD_TEAM, RS__FORM_TEXT},
    [17] = {RS__FIELD_TOPIC, RS__FORM_TEXT},
};

const rs__wire_field_t rs__wire_data[RS__WIRE_DATA_FIELDS] = {
    [1] = {RS__FIELD_REASON, RS__FORM_TEXT},
    [2] = {RS__FIELD_WAIT_MS, RS__FORM_UINT32},
    [3] = {RS__FIELD_TALK_MS, RS__FORM_UINT32},
    [4] = {RS__FIELD_HOLD_MS, RS__FORM_UINT32},
    [5] = {RS__FIELD_RING_MS, RS__FORM_UINT32},
    [6] = {RS__FIELD_BY, RS__FORM_TEXT},
    [7] = {RS__FIELD_STAGE, RS__FORM_TEXT},
    [8] = {RS__FIELD_KIND, RS__FORM_TEXT},
    [9] = {RS__FIELD_TO_QUEUE, RS__FORM_TEXT},
    [10] = {RS__FIELD_TO_AGENT, RS__FORM_TEXT},
    [11] = {RS__FIELD_STATE, RS__FORM_TEXT},
    [12] = {RS__FIELD_RESOLVED, RS__FORM_BOOL},
    [13] = {RS__FIELD_SCORE, RS__FORM_DOUBLE},
    [14] = {RS__FIELD_SCALE_MIN, RS__FORM_DOUBLE},
    [15] = {RS__FIELD_SCALE_MAX, RS__FORM_DOUBLE},
    [16] = {RS__FIELD_CODE, RS__FORM_TEXT},
    [17] = {RS__FIELD_RESULT, RS__FORM_TEXT},
    [18] = {RS__FIELD_ACTIVITY, RS__FORM_TEXT},
    [19] = {RS__FIELD_CASE_ID, RS__FORM_TEXT},
    [20] = {RS__FIELD_FROM, RS__FORM_TEXT},
    [21] = {RS__FIELD_TO, RS__FORM_TEXT},
    [22] = {RS__FIELD_FROM_SEQ, RS__FORM_UINT64},
    [23] = {RS__FIELD_TO_SEQ, RS__FORM_UINT64},
    [24] = {RS__FIELD_PRIORITY, RS__FORM_INT32},
};

typedef struct rs__reader {
    const uint8_t *at;
    const uint8_t *end;
} rs__reader_t;

/* One field as it stands: `number` for varints and fixed ones, `len` bytes at `bytes` for those with a length. */
typedef struct rs__item {
    uint32_t field;
    uint32_t wire;
    uint64_t number;
    const uint8_t *bytes;
    size_t len;
} rs__item_t;

static bool read_long_varint(rs__reader_t *reader, uint64_t *number) {
    uint64_t sum = 0;
    const uint8_t *at = reader->at;
    for (unsigned shift = 0; shift < 70 && at < reader->end; shift += 7) {
        const uint8_t byte = *at++;
        if (shift == 63 && byte > 1) return false;   /* more than 64 bits */
        sum |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            reader->at = at;
            *number = sum;
            return true;
        }
    }
    return false;
}

static inline bool read_varint(rs__reader_t *reader, uint64_t *number) {
    if (reader->at < reader->end && *reader->at < 0x80) {
        *number = *reader->at++;
        return true;
    }
    return read_long_varint(reader, number);
}

/* Tags and lengths: at most 32 bits in at most five bytes. */
static inline bool read_short_varint(rs__reader_t *reader, uint32_t *number) {
    const uint8_t *start = reader->at;
    uint64_t wide;
    if (!read_varint(reader, &wide) || wide > UINT32_MAX || reader->at - start > 5) return false;
    *number = (uint32_t)wide;
    return true;
}

static bool read_fixed(rs__reader_t *reader, size_t size, uint64_t *number) {
    if ((size_t)(reader->end - reader->at) < size) return false;
    uint64_t sum = 0;
    for (size_t i = size; i > 0; i--) sum = sum << 8 | reader->at[i - 1];
    reader->at += size;
    *number = sum;
    return true;
}

static inline bool read_item(rs__reader_t *reader, rs__item_t *item) {
    uint32_t tag, len;
    if (!read_short_varint(reader, &tag) || tag >> 3 == 0) return false;
    item->field = tag >> 3;
    item->wire = tag & 7;
    switch (item->wire) {
        case RS__WIRE_VARINT: return read_varint(reader, &item->number);
        case RS__WIRE_FIXED64: return read_fixed(reader, 8, &item->number);
        case RS__WIRE_FIXED32: return read_fixed(reader, 4, &item->number);
        case RS__WIRE_LENGTH:
            if (!read_short_varint(reader, &len) || len > (size_t)(reader->end - reader->at)) return false;
            item->len = len;
            item->bytes = reader->at;
            reader->at += item->len;
            return true;
        default: return false;   /* groups, and wire types that do not exist */
    }
}

static uint32_t wire_of_form(unsigned form) {
    switch (form) {
        case RS__FORM_TEXT:
        case RS__FORM_DATA: return RS__WIRE_LENGTH;
        case RS__FORM_DOUBLE: return RS__WIRE_FIXED64;
        default: return RS__WIRE_VARINT;
    }
}

static inline void set_value(const rs__item_t *item, unsigned form, rs__value_t *value) {
    value->len = 0;
    switch (form) {
        case RS__FORM_TEXT:
            value->kind = RS__VALUE_STRING;
            value->as.text = (const char *)item->bytes;
            value->len = (uint32_t)item->len;
            break;
        case RS__FORM_INT32:
        case RS__FORM_INT64:
            value->kind = RS__VALUE_INTEGER;
            memcpy(&value->as.signed_value, &item->number, sizeof item->number);
            break;
        case RS__FORM_DOUBLE:
            value->kind = RS__VALUE_REAL;
            memcpy(&value->as.real, &item->number, sizeof item->number);
            break;
        case RS__FORM_BOOL:
            value->kind = RS__VALUE_BOOL;
            value->as.truth = item->number != 0;
            break;
        default:
            value->kind = RS__VALUE_UNSIGNED;
            value->as.unsigned_value = item->number;
            break;
    }
}

static int parse_message(rs__reader_t reader, const rs__wire_field_t *fields, uint32_t field_count, rs__raw_t *raw,
                         unsigned *wrong) {
    while (reader.at < reader.end) {
        rs__item_t item = {0};
        if (!read_item(&reader, &item)) return RS_ERR_PARSE;
        if (item.field >= field_count || fields[item.field].form == RS__FORM_NONE) continue;
        const unsigned form = fields[item.field].form;
        const unsigned field = fields[item.field].field;
        if (item.wire != wire_of_form(form)) {
            if (*wrong == RS__FIELD_UNKNOWN) *wrong = field;
        } else if (form == RS__FORM_DATA) {
            const rs__reader_t data = {item.bytes, item.bytes + item.len};
            if (parse_message(data, rs__wire_data, RS__WIRE_DATA_FIELDS, raw, wrong) != RS_OK) return RS_ERR_PARSE;
        } else {
            set_value(&item, form, &raw->values[field]);
            rs__raw_mark(raw, field, form != RS__FORM_TEXT || item.len > 0);
        }
    }
    return RS_OK;
}

int rs__wire_parse(const uint8_t *bytes, size_t len, rs__raw_t *raw, unsigned *wrong) {
    *wrong = RS__FIELD_UNKNOWN;
    if (len == 0) return RS_OK;
    const rs__reader_t reader = {bytes, bytes + len};
    const int status = parse_message(reader, rs__wire_event, RS__WIRE_EVENT_FIELDS, raw, wrong);
    if (status != RS_OK) return status;
    return *wrong == RS__FIELD_UNKNOWN ? RS_OK : RS_ERR_INVALID;
}

enum { BATCH_EVENTS = 1 };

static bool is_batch(rs__reader_t reader) {
    while (reader.at < reader.end) {
        rs__item_t item = {0};
        if (!read_item(&reader, &item)) return false;
        if (item.field == BATCH_EVENTS && item.wire != RS__WIRE_LENGTH) return false;
    }
    return true;
}

int rs__wire_split(const uint8_t *bytes, size_t len, rs__wire_event_fn on_event, void *context) {
    if (len == 0) return RS_OK;
    rs__reader_t reader = {bytes, bytes + len};
    if (!is_batch(reader)) return RS_ERR_PARSE;
    rs__item_t item = {0};
    while (reader.at < reader.end && read_item(&reader, &item)) {
        if (item.field != BATCH_EVENTS) continue;
        if (!on_event(context, item.bytes, item.len)) break;
    }
    return RS_OK;
}
