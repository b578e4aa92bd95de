/* support/event_oracle.h — the two decoders of the event room against other people's: jansson for JSON, the code that
 * protoc-c generates for Protobuf. Each oracle fills the same raw table; what differs is a finding. */
#ifndef RS_TEST_EVENT_ORACLE_H
#define RS_TEST_EVENT_ORACLE_H

#include "event/event_internal.h"

#include <jansson.h>
#include <math.h>
#include <ringside.pb-c.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum oracle_verdict {
    ORACLE_SAME,
    ORACLE_DIFFERS,
    ORACLE_CANNOT_SAY   /* outside of what the oracle can express; the header of each oracle says when */
} oracle_verdict_t;

static inline oracle_verdict_t oracle_differs(const char *what, unsigned field) {
    fprintf(stderr, "oracle: %s %s\n", what, rs__field_name(field));
    return ORACLE_DIFFERS;
}

static inline void oracle_set(rs__raw_t *raw, unsigned field, rs__value_t value) {
    raw->values[field] = value;
    rs__raw_mark(raw, field, value.kind != RS__VALUE_ABSENT && (value.kind != RS__VALUE_STRING || value.len > 0));
}

static inline bool oracle_same_value(const rs__value_t *ours, const rs__value_t *theirs) {
    if (ours->kind != theirs->kind) return false;
    switch (ours->kind) {
        case RS__VALUE_STRING: return ours->len == theirs->len && memcmp(ours->as.text, theirs->as.text, ours->len) == 0;
        case RS__VALUE_INTEGER: return ours->as.signed_value == theirs->as.signed_value;
        case RS__VALUE_UNSIGNED: return ours->as.unsigned_value == theirs->as.unsigned_value;
        case RS__VALUE_REAL:
            if (isinf(ours->as.real)) return true;   /* what it became is no number; it is refused where it matters */
            return memcmp(&ours->as.real, &theirs->as.real, sizeof(double)) == 0;
        case RS__VALUE_BOOL: return ours->as.truth == theirs->as.truth;
        default: return true;
    }
}

static inline oracle_verdict_t oracle_compare(const rs__raw_t *ours, const rs__raw_t *theirs) {
    for (unsigned field = 0; field < RS__FIELD_COUNT; field++) {
        if ((ours->present >> field & 1) != (theirs->present >> field & 1)) return oracle_differs("presence of", field);
        if ((ours->present >> field & 1) == 0) continue;
        if (!oracle_same_value(&ours->values[field], &theirs->values[field])) return oracle_differs("value of", field);
    }
    return ORACLE_SAME;
}

/* --- jansson ------------------------------------------------------------------------------------------------------ */
static inline rs__value_t oracle_json_value(const json_t *json) {
    rs__value_t value = {.kind = RS__VALUE_WRONG};
    switch (json_typeof(json)) {
        case JSON_STRING:
            value.kind = RS__VALUE_STRING;
            value.as.text = json_string_value(json);
            value.len = (uint32_t)json_string_length(json);
            break;
        case JSON_INTEGER:
            value.kind = json_integer_value(json) < 0 ? RS__VALUE_INTEGER : RS__VALUE_UNSIGNED;
            value.as.signed_value = json_integer_value(json);
            break;
        case JSON_REAL: value.kind = RS__VALUE_REAL; value.as.real = json_real_value(json); break;
        case JSON_TRUE:
        case JSON_FALSE: value.kind = RS__VALUE_BOOL; value.as.truth = json_is_true(json); break;
        case JSON_NULL: value.kind = RS__VALUE_ABSENT; break;
        default: break;
    }
    return value;
}

static inline void oracle_json_fill(json_t *root, rs__raw_t *raw) {
    const char *key;
    json_t *item, *data = NULL;
    json_object_foreach(root, key, item) {
        const unsigned field = rs__field_of_envelope(key, strlen(key));
        if (field == RS__FIELD_DATA && json_is_object(item)) data = item;
        else if (field != RS__FIELD_UNKNOWN) oracle_set(raw, field, oracle_json_value(item));
    }
    json_object_foreach(data, key, item) {
        const unsigned field = rs__field_of_data(key, strlen(key));
        if (field != RS__FIELD_UNKNOWN) oracle_set(raw, field, oracle_json_value(item));
    }
}

static inline unsigned oracle_json_depth(const char *line, size_t len) {
    unsigned depth = 0, deepest = 0;
    for (size_t i = 0; i < len; i++) {
        if (line[i] == '{' || line[i] == '[') depth++;
        if ((line[i] == '}' || line[i] == ']') && depth > 0) depth--;
        if (depth > deepest) deepest = depth;
    }
    return deepest;
}

/* What rs__json_parse made of a line. Jansson cannot say: numbers that overflow its own types, U+0000 in keys, doubled keys
 * (it has no merged `data`), nesting near our own limit, INT64_MIN, which we call huge, and bytes of zero, which end its tokens. */
static inline oracle_verdict_t oracle_judge_json(const char *line, size_t len, rs__json_result_t result, const rs__raw_t *ours) {
    json_error_t error;
    json_t *root = json_loadb(line, len, JSON_ALLOW_NUL, &error);
    if (oracle_json_depth(line, len) >= RS__JSON_MAX_DEPTH || memchr(line, '\0', len) != NULL) {
        json_decref(root);
        return ORACLE_CANNOT_SAY;
    }
    if (root == NULL) {
        const enum json_error_code code = json_error_code(&error);
        if (code == json_error_numeric_overflow || code == json_error_null_byte_in_key) return ORACLE_CANNOT_SAY;
        if (result != RS__JSON_OK) return ORACLE_SAME;
        fprintf(stderr, "oracle: jansson refuses: %s\n", error.text);
        return ORACLE_DIFFERS;
    }
    oracle_verdict_t verdict = ORACLE_SAME;
    if (result != RS__JSON_OK) {
        if (json_is_object(root)) verdict = oracle_differs("jansson accepts what we refuse", RS__FIELD_UNKNOWN);
    } else {
        json_t *strict = json_loadb(line, len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
        rs__raw_t theirs = {.present = 0};
        if (!json_is_object(root)) verdict = oracle_differs("no object", RS__FIELD_UNKNOWN);
        else if (strict == NULL || memmem(line, len, "-9223372036854775808", 20) != NULL) verdict = ORACLE_CANNOT_SAY;
        else oracle_json_fill(root, &theirs);
        if (verdict == ORACLE_SAME) verdict = oracle_compare(ours, &theirs);
        json_decref(strict);
    }
    json_decref(root);
    return verdict;
}

/* --- protobuf-c, with an arena that cannot grow --------------------------------------------------------------------- */
typedef struct oracle_arena {
    size_t used, size;
    _Alignas(16) uint8_t bytes[1 << 20];
} oracle_arena_t;

static inline void *oracle_arena_take(void *context, size_t size) {
    oracle_arena_t *arena = context;
    const size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded > arena->size - arena->used) return NULL;
    void *taken = arena->bytes + arena->used;
    arena->used += rounded;
    return taken;
}
static inline void oracle_arena_give_back(void *context, void *taken) {
    (void)context;
    (void)taken;
}

static inline void oracle_set_text(rs__raw_t *raw, unsigned field, const char *text) {
    if (text == NULL) return;
    oracle_set(raw, field, (rs__value_t){.kind = RS__VALUE_STRING, .len = (uint32_t)strlen(text), .as.text = text});
}
static inline void oracle_set_unsigned(rs__raw_t *raw, unsigned field, bool present, uint64_t number) {
    if (present) oracle_set(raw, field, (rs__value_t){.kind = RS__VALUE_UNSIGNED, .as.unsigned_value = number});
}
static inline void oracle_set_signed(rs__raw_t *raw, unsigned field, bool present, int64_t number) {
    if (present) oracle_set(raw, field, (rs__value_t){.kind = RS__VALUE_INTEGER, .as.signed_value = number});
}
static inline void oracle_set_real(rs__raw_t *raw, unsigned field, bool present, double number) {
    if (present) oracle_set(raw, field, (rs__value_t){.kind = RS__VALUE_REAL, .as.real = number});
}

static inline void oracle_protobuf_fill_data(const Ringside__V1__Data *data, rs__raw_t *raw) {
    oracle_set_text(raw, RS__FIELD_REASON, data->reason);
    oracle_set_unsigned(raw, RS__FIELD_WAIT_MS, data->has_wait_ms_case != 0, data->wait_ms);
    oracle_set_unsigned(raw, RS__FIELD_TALK_MS, data->has_talk_ms_case != 0, data->talk_ms);
    oracle_set_unsigned(raw, RS__FIELD_HOLD_MS, data->has_hold_ms_case != 0, data->hold_ms);
    oracle_set_unsigned(raw, RS__FIELD_RING_MS, data->has_ring_ms_case != 0, data->ring_ms);
    oracle_set_text(raw, RS__FIELD_BY, data->by);
    oracle_set_text(raw, RS__FIELD_STAGE, data->stage);
    oracle_set_text(raw, RS__FIELD_KIND, data->kind);
    oracle_set_text(raw, RS__FIELD_TO_QUEUE, data->to_queue);
    oracle_set_text(raw, RS__FIELD_TO_AGENT, data->to_agent);
    oracle_set_text(raw, RS__FIELD_STATE, data->state);
    if (data->has_resolved_case != 0) {
        oracle_set(raw, RS__FIELD_RESOLVED, (rs__value_t){.kind = RS__VALUE_BOOL, .as.truth = data->resolved != 0});
    }
    oracle_set_real(raw, RS__FIELD_SCORE, data->has_score_case != 0, data->score);
    oracle_set_real(raw, RS__FIELD_SCALE_MIN, data->has_scale_min_case != 0, data->scale_min);
    oracle_set_real(raw, RS__FIELD_SCALE_MAX, data->has_scale_max_case != 0, data->scale_max);
    oracle_set_text(raw, RS__FIELD_CODE, data->code);
    oracle_set_text(raw, RS__FIELD_RESULT, data->result);
    oracle_set_text(raw, RS__FIELD_ACTIVITY, data->activity);
    oracle_set_text(raw, RS__FIELD_CASE_ID, data->case_id);
    oracle_set_text(raw, RS__FIELD_FROM, data->from);
    oracle_set_text(raw, RS__FIELD_TO, data->to);
    oracle_set_unsigned(raw, RS__FIELD_FROM_SEQ, data->has_from_seq_case != 0, data->from_seq);
    oracle_set_unsigned(raw, RS__FIELD_TO_SEQ, data->has_to_seq_case != 0, data->to_seq);
    oracle_set_signed(raw, RS__FIELD_PRIORITY, data->has_priority_case != 0, data->priority);
}

static inline void oracle_protobuf_fill(const Ringside__V1__Event *event, rs__raw_t *raw) {
    oracle_set_text(raw, RS__FIELD_SOURCE, event->source);
    oracle_set_text(raw, RS__FIELD_EVENT_ID, event->event_id);
    oracle_set_unsigned(raw, RS__FIELD_SEQ, event->has_seq_case != 0, event->seq);
    oracle_set_text(raw, RS__FIELD_INCARNATION, event->incarnation);
    oracle_set_signed(raw, RS__FIELD_OCCURRED_AT, event->has_occurred_at_case != 0, event->occurred_at);
    oracle_set_text(raw, RS__FIELD_TENANT, event->tenant);
    oracle_set_text(raw, RS__FIELD_TYPE, event->type);
    oracle_set_text(raw, RS__FIELD_CONTACT_ID, event->contact_id);
    oracle_set_text(raw, RS__FIELD_JOURNEY_ID, event->journey_id);
    oracle_set_text(raw, RS__FIELD_CHANNEL, event->channel);
    oracle_set_text(raw, RS__FIELD_DIRECTION, event->direction);
    oracle_set_text(raw, RS__FIELD_CUSTOMER, event->customer);
    oracle_set_text(raw, RS__FIELD_QUEUE, event->queue);
    oracle_set_text(raw, RS__FIELD_AGENT, event->agent);
    oracle_set_text(raw, RS__FIELD_TEAM, event->team);
    oracle_set_text(raw, RS__FIELD_TOPIC, event->topic);
    if (event->data != NULL) oracle_protobuf_fill_data(event->data, raw);
}

/* Number of `data` fields of an event that rs__wire_parse took. */
static inline unsigned oracle_count_data(const uint8_t *bytes, size_t len) {
    unsigned count = 0;
    size_t at = 0;
    while (at < len) {
        uint64_t numbers[2] = {0, 0};
        for (unsigned i = 0; i < 2; i++) {
            for (unsigned shift = 0; at < len; shift += 7) {
                numbers[i] |= shift < 64 ? (uint64_t)(bytes[at] & 0x7F) << shift : 0;
                if (bytes[at++] < 0x80) break;
            }
            if (i == 0 && ((numbers[0] & 7) == RS__WIRE_FIXED64 || (numbers[0] & 7) == RS__WIRE_FIXED32)) break;
        }
        if (numbers[0] >> 3 == 15) count++;
        switch (numbers[0] & 7) {
            case RS__WIRE_FIXED64: at += 8; break;
            case RS__WIRE_FIXED32: at += 4; break;
            case RS__WIRE_LENGTH: at += numbers[1]; break;
            default: break;
        }
    }
    return count;
}

/* Strings end at U+0000 and small numbers are cut to 32 bits in protobuf-c: do the same to ours. */
static inline void oracle_cut(rs__raw_t *raw) {
    for (unsigned field = 0; field < RS__FIELD_COUNT; field++) {
        rs__value_t value = raw->values[field];
        if ((raw->present >> field & 1) == 0) continue;
        if (value.kind == RS__VALUE_STRING) value.len = (uint32_t)strnlen(value.as.text, value.len);
        if (value.kind == RS__VALUE_UNSIGNED && field >= RS__FIELD_WAIT_MS && field <= RS__FIELD_RING_MS) {
            value.as.unsigned_value = (uint32_t)value.as.unsigned_value;
        }
        if (field == RS__FIELD_PRIORITY) value.as.signed_value = (int32_t)(uint32_t)value.as.unsigned_value;
        oracle_set(raw, field, value);
    }
}

/* What rs__wire_parse made of one Event. Whatever we take, protobuf-c must take and read alike. Where we refuse (we are
 * stricter on tags and varints) it is asked with `must_agree` only. It cannot say: several `data` (it refuses to
 * merge them), large events. */
static inline oracle_verdict_t oracle_judge_protobuf(const uint8_t *bytes, size_t len, int status, const rs__raw_t *ours,
                                                     bool must_agree) {
    static oracle_arena_t arena = {.size = sizeof arena.bytes};
    arena.used = 0;
    ProtobufCAllocator allocator = {oracle_arena_take, oracle_arena_give_back, &arena};
    if (status != RS_OK && !must_agree) return ORACLE_CANNOT_SAY;
    if (len > 8192) return ORACLE_CANNOT_SAY;   /* a bound on what a hostile event can make protobuf-c take */
    Ringside__V1__Event *event = ringside__v1__event__unpack(&allocator, len, bytes);
    if (status != RS_OK) return event == NULL ? ORACLE_SAME : oracle_differs("protobuf-c accepts", RS__FIELD_UNKNOWN);
    if (oracle_count_data(bytes, len) > 1) return ORACLE_CANNOT_SAY;
    if (event == NULL) return oracle_differs("protobuf-c refuses", RS__FIELD_UNKNOWN);
    rs__raw_t theirs = {.present = 0}, cut = *ours;
    oracle_protobuf_fill(event, &theirs);
    oracle_cut(&cut);
    return oracle_compare(&cut, &theirs);
}

#endif
