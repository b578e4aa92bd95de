/* Raw fields into the canonical event: here the event's type is known, so here each field gets its meaning. */
#include "event/event_internal.h"

#include <math.h>

typedef struct rs__resolution {
    const rs__raw_t *raw;
    rs_event_t *event;
    rs_refusal_t reason;   /* of the first field that was refused */
    unsigned field;
} rs__resolution_t;

void rs__refuse(rs_refusal_t reason, unsigned field, uint32_t len, rs_str_t source, rs_refused_t *refused) {
    *refused = (rs_refused_t){.reason = reason, .len = len};
    const char *name = rs__field_name(field);
    memcpy(refused->field, name, strlen(name));
    if (rs__check_text(source, RS_MAX_NAME) == RS_REFUSAL_NONE && source.len > 0) {
        memcpy(refused->source, source.data, source.len);
    }
}

static bool has(const rs__raw_t *raw, unsigned field) { return (raw->present >> field & 1) != 0; }

static rs_str_t text_of(const rs__value_t *value) { return (rs_str_t){value->as.text, value->len}; }

/* RS_REFUSAL_NONE and *number, or why not. */
static rs_refusal_t to_signed(const rs__value_t *value, int64_t *number) {
    switch (value->kind) {
        case RS__VALUE_INTEGER: *number = value->as.signed_value; return RS_REFUSAL_NONE;
        case RS__VALUE_UNSIGNED:
            if (value->as.unsigned_value > (uint64_t)INT64_MAX) return RS_REFUSAL_OUT_OF_RANGE;
            *number = (int64_t)value->as.unsigned_value;
            return RS_REFUSAL_NONE;
        case RS__VALUE_HUGE: return RS_REFUSAL_OUT_OF_RANGE;
        default: return RS_REFUSAL_BAD_TYPE;
    }
}

static rs_refusal_t to_sequence(const rs__value_t *value, uint64_t *number) {
    int status = RS_ERR_PARSE;
    switch (value->kind) {
        case RS__VALUE_UNSIGNED: *number = value->as.unsigned_value; return RS_REFUSAL_NONE;
        case RS__VALUE_STRING: status = rs__parse_decimal(text_of(value), number); break;
        case RS__VALUE_INTEGER:
        case RS__VALUE_HUGE: status = RS_ERR_LIMIT; break;
        default: break;
    }
    if (status == RS_OK) return RS_REFUSAL_NONE;
    return status == RS_ERR_LIMIT ? RS_REFUSAL_OUT_OF_RANGE : RS_REFUSAL_BAD_TYPE;
}

static rs_refusal_t to_time(const rs__value_t *value, int64_t *at_us) {
    if (value->kind == RS__VALUE_STRING) {
        return rs_event_parse_time(text_of(value), at_us) == RS_OK ? RS_REFUSAL_NONE : RS_REFUSAL_BAD_TIME;
    }
    if (value->kind == RS__VALUE_BOOL || value->kind == RS__VALUE_WRONG) return RS_REFUSAL_BAD_TYPE;
    int64_t number = 0;
    if (to_signed(value, &number) != RS_REFUSAL_NONE) return RS_REFUSAL_BAD_TIME;
    if (number < 0 || number >= RS_TIME_MAX_US) return RS_REFUSAL_BAD_TIME;
    *at_us = number;
    return RS_REFUSAL_NONE;
}

static rs_refusal_t to_milli(const rs__value_t *value, int64_t *milli) {
    double number = 0;
    switch (value->kind) {
        case RS__VALUE_REAL: number = value->as.real; break;
        case RS__VALUE_INTEGER: number = (double)value->as.signed_value; break;
        case RS__VALUE_UNSIGNED: number = (double)value->as.unsigned_value; break;
        case RS__VALUE_HUGE: return RS_REFUSAL_OUT_OF_RANGE;
        default: return RS_REFUSAL_BAD_TYPE;
    }
    const double scaled = number * 1000.0;
    if (!(fabs(scaled) <= (double)RS_MAX_SCORE_MILLI)) return RS_REFUSAL_OUT_OF_RANGE;   /* catches NaN too */
    *milli = llround(scaled);
    return RS_REFUSAL_NONE;
}

void rs__refuse_raw(const rs__raw_t *raw, rs_refusal_t reason, unsigned field, uint32_t len, rs_refused_t *refused) {
    const rs__value_t *source = &raw->values[RS__FIELD_SOURCE];
    const bool named = has(raw, RS__FIELD_SOURCE) && source->kind == RS__VALUE_STRING;
    rs__refuse(reason, field, len, named ? text_of(source) : (rs_str_t){NULL, 0}, refused);
    refused->has_seq = has(raw, RS__FIELD_SEQ)
                       && to_sequence(&raw->values[RS__FIELD_SEQ], &refused->seq) == RS_REFUSAL_NONE;
}

/* Each of these notes the first refusal and goes on, so that the callers stay straight. */
static void note(rs__resolution_t *resolution, unsigned field, rs_refusal_t reason) {
    if (reason == RS_REFUSAL_NONE || resolution->reason != RS_REFUSAL_NONE) return;
    resolution->reason = reason;
    resolution->field = field;
}

static void take_text(rs__resolution_t *resolution, unsigned field, rs_str_t *text) {
    if (!has(resolution->raw, field)) return;
    const rs__value_t *value = &resolution->raw->values[field];
    if (value->kind == RS__VALUE_STRING) *text = text_of(value);
    else note(resolution, field, RS_REFUSAL_BAD_TYPE);
}

static void take_sequence(rs__resolution_t *resolution, unsigned field) {
    if (!has(resolution->raw, field)) return;
    uint32_t bit = 0;
    uint64_t *number = rs__event_sequence(resolution->event, field, &bit);
    const rs_refusal_t reason = to_sequence(&resolution->raw->values[field], number);
    if (reason == RS_REFUSAL_NONE) resolution->event->present |= bit;
    note(resolution, field, reason);
}

static void take_number(rs__resolution_t *resolution, unsigned field,
                        rs_refusal_t (*convert)(const rs__value_t *value, int64_t *number)) {
    if (!has(resolution->raw, field)) return;
    uint32_t bit = 0;
    int64_t *number = rs__event_number(resolution->event, field, &bit);
    const rs_refusal_t reason = convert(&resolution->raw->values[field], number);
    if (reason == RS_REFUSAL_NONE) resolution->event->present |= bit;
    note(resolution, field, reason);
}

/* Finds the name; `unknown` is why an unknown one is refused, RS_REFUSAL_NONE when it becomes OTHER (always item 1). */
static void take_enum(rs__resolution_t *resolution, unsigned field, const rs__names_t *names, rs_refusal_t unknown,
                      uint8_t *item) {
    rs_str_t text = {NULL, 0};
    take_text(resolution, field, &text);
    if (text.len == 0) return;
    const unsigned found = rs__names_find(names, text);
    if (found != 0) *item = (uint8_t)found;
    else note(resolution, field, rs__is_utf8(text.data, text.len) ? unknown : RS_REFUSAL_NOT_UTF8);
}

static void take_resolved(rs__resolution_t *resolution) {
    if (!has(resolution->raw, RS__FIELD_RESOLVED)) return;
    const rs__value_t *value = &resolution->raw->values[RS__FIELD_RESOLVED];
    if (value->kind != RS__VALUE_BOOL) {
        note(resolution, RS__FIELD_RESOLVED, RS_REFUSAL_BAD_TYPE);
        return;
    }
    resolution->event->resolved = value->as.truth;
    resolution->event->present |= RS_HAS_RESOLVED;
}

static void take_data(rs__resolution_t *resolution, unsigned field) {
    rs_event_t *event = resolution->event;
    const rs__names_t *names = rs__data_enum(event->type, field);
    if (names != NULL) {
        enum { OTHER = 1 };
        uint8_t *item = rs__event_enum(event, field);
        *item = OTHER;
        take_enum(resolution, field, names, RS_REFUSAL_NONE, item);
        return;
    }
    uint32_t unused;
    switch (field) {
        case RS__FIELD_RESOLVED: take_resolved(resolution); break;
        case RS__FIELD_SCORE:
        case RS__FIELD_SCALE_MIN:
        case RS__FIELD_SCALE_MAX: take_number(resolution, field, to_milli); break;
        case RS__FIELD_FROM:
        case RS__FIELD_TO: take_number(resolution, field, to_time); break;
        case RS__FIELD_FROM_SEQ:
        case RS__FIELD_TO_SEQ: take_sequence(resolution, field); break;
        case RS__FIELD_PRIORITY:
        case RS__FIELD_WAIT_MS:
        case RS__FIELD_TALK_MS:
        case RS__FIELD_HOLD_MS:
        case RS__FIELD_RING_MS: take_number(resolution, field, to_signed); break;
        default: take_text(resolution, field, rs__event_text(event, field, &unused)); break;
    }
}

/* Source and type come first: a refusal is accounted by source, and an unknown type is told from a broken event. */
static void take_source_and_type(rs__resolution_t *resolution) {
    rs_event_t *event = resolution->event;
    take_text(resolution, RS__FIELD_SOURCE, &event->source);
    if (event->source.len == 0) note(resolution, RS__FIELD_SOURCE, RS_REFUSAL_MISSING_FIELD);
    note(resolution, RS__FIELD_SOURCE, rs__check_text(event->source, RS_MAX_NAME));
    rs_str_t type = {NULL, 0};
    take_text(resolution, RS__FIELD_TYPE, &type);
    if (type.len == 0) {
        note(resolution, RS__FIELD_TYPE, RS_REFUSAL_MISSING_FIELD);
        return;
    }
    event->type = (uint8_t)rs__type_of(type);
    if (event->type != RS_EVENT_NONE) return;
    note(resolution, RS__FIELD_TYPE, rs__is_utf8(type.data, type.len) ? RS_REFUSAL_UNKNOWN_TYPE : RS_REFUSAL_NOT_UTF8);
}

static void take_envelope(rs__resolution_t *resolution) {
    rs_event_t *event = resolution->event;
    take_text(resolution, RS__FIELD_EVENT_ID, &event->event_id);
    take_sequence(resolution, RS__FIELD_SEQ);
    take_text(resolution, RS__FIELD_INCARNATION, &event->incarnation);
    if (has(resolution->raw, RS__FIELD_OCCURRED_AT)) {
        note(resolution, RS__FIELD_OCCURRED_AT,
             to_time(&resolution->raw->values[RS__FIELD_OCCURRED_AT], &event->occurred_us));
    } else {
        note(resolution, RS__FIELD_OCCURRED_AT, RS_REFUSAL_MISSING_FIELD);
    }
    take_text(resolution, RS__FIELD_TENANT, &event->tenant);
    take_text(resolution, RS__FIELD_CONTACT_ID, &event->contact_id);
    take_text(resolution, RS__FIELD_JOURNEY_ID, &event->journey_id);
    take_enum(resolution, RS__FIELD_CHANNEL, &rs__channels, RS_REFUSAL_BAD_VALUE, &event->channel);
    take_enum(resolution, RS__FIELD_DIRECTION, &rs__directions, RS_REFUSAL_BAD_VALUE, &event->direction);
    take_text(resolution, RS__FIELD_CUSTOMER, &event->customer);
    take_text(resolution, RS__FIELD_QUEUE, &event->queue);
    take_text(resolution, RS__FIELD_AGENT, &event->agent);
    take_text(resolution, RS__FIELD_TEAM, &event->team);
    take_text(resolution, RS__FIELD_TOPIC, &event->topic);
    if (has(resolution->raw, RS__FIELD_DATA)) note(resolution, RS__FIELD_DATA, RS_REFUSAL_BAD_TYPE);
}

int rs__resolve(const rs__raw_t *raw, uint32_t event_len, rs_event_t *event, rs_refused_t *refused) {
    memset(event, 0, rs__event_size);
    rs__resolution_t resolution = {.raw = raw, .event = event};
    take_source_and_type(&resolution);
    if (resolution.reason == RS_REFUSAL_NONE) take_envelope(&resolution);
    if (resolution.reason == RS_REFUSAL_NONE) {
        for (uint64_t left = rs__data_fields(event->type); left != 0; left &= left - 1) {
            take_data(&resolution, (unsigned)__builtin_ctzll(left));
        }
    }
    if (resolution.reason == RS_REFUSAL_NONE) return rs_event_check(event, refused);
    const uint32_t value_len = has(raw, resolution.field) ? raw->values[resolution.field].len : 0;
    rs__refuse_raw(raw, resolution.reason, resolution.field, value_len > 0 ? value_len : event_len, refused);
    return RS_ERR_INVALID;
}
