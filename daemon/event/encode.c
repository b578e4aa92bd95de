/* What both encoders need: a field of an event in the form in which it is written. */
#include "event/event_internal.h"

rs_str_t rs__customer_text(const rs_event_t *event, char hex[2 * RS_PSEUDONYM_BYTES + 1]) {
    static const char digits[] = "0123456789abcdef";
    if ((event->present & RS_HAS_PSEUDONYM) == 0) return event->customer;
    const uint32_t len = event->customer.len < RS_PSEUDONYM_BYTES ? event->customer.len : RS_PSEUDONYM_BYTES;
    for (uint32_t i = 0; i < len; i++) {
        const unsigned byte = (unsigned char)event->customer.data[i];
        hex[2 * i] = digits[byte >> 4];
        hex[2 * i + 1] = digits[byte & 15];
    }
    hex[2 * len] = '\0';
    return (rs_str_t){hex, 2 * len};
}

static unsigned form_of_number(unsigned field) {
    switch (field) {
        case RS__FIELD_SCORE:
        case RS__FIELD_SCALE_MIN:
        case RS__FIELD_SCALE_MAX: return RS__SLOT_MILLI;
        case RS__FIELD_FROM:
        case RS__FIELD_TO: return RS__SLOT_TIME;
        default: return RS__SLOT_NUMBER;
    }
}

static rs__slot_t enum_slot(const rs__names_t *names, unsigned item) {
    if (item == 0 || item >= names->count) return (rs__slot_t){.form = RS__SLOT_ABSENT};
    return (rs__slot_t){.form = RS__SLOT_TEXT, .text = names->items[item]};
}

rs__slot_t rs__slot_of(const rs_event_t *event, unsigned field) {
    rs_event_t *slots = (rs_event_t *)(uintptr_t)event;   /* the places are only read */
    uint32_t has = 0;
    const rs__names_t *names = rs__data_enum(event->type, field);
    if (names != NULL) return enum_slot(names, *rs__event_enum(slots, field));
    if (field == RS__FIELD_RESOLVED) {
        const bool named = (event->present & RS_HAS_RESOLVED) != 0;
        return (rs__slot_t){.form = named ? RS__SLOT_BOOL : RS__SLOT_ABSENT, .number = event->resolved};
    }
    const int64_t *number = rs__event_number(slots, field, &has);
    if (number != NULL) {
        const unsigned form = (event->present & has) != 0 ? form_of_number(field) : RS__SLOT_ABSENT;
        return (rs__slot_t){.form = form, .number = *number};
    }
    const uint64_t *sequence = rs__event_sequence(slots, field, &has);
    if (sequence != NULL) {
        return (rs__slot_t){.form = (event->present & has) != 0 ? RS__SLOT_SEQUENCE : RS__SLOT_ABSENT,
                            .number = (int64_t)*sequence};
    }
    const rs_str_t *text = rs__event_text(slots, field, &has);
    if (text == NULL || text->len == 0) return (rs__slot_t){.form = RS__SLOT_ABSENT};
    return (rs__slot_t){.form = RS__SLOT_TEXT, .text = *text};
}

int64_t rs_event_encode(const rs_event_t *event, rs_encoding_t encoding, void *bytes, size_t size) {
    switch (encoding) {
        case RS_ENCODING_JSON: return rs__encode_json(event, bytes, size);
        case RS_ENCODING_PROTOBUF: return rs__encode_protobuf(event, bytes, size);
        default: return RS_ERR_INVALID;
    }
}
