/* event/raw.h — the fields of one event as they stood on the wire, before anybody judged them.
 *
 * Model:     both decoders fill the same table, one slot per known field, the last occurrence wins; resolve.c then knows
 *            the event's type and makes the canonical event of it. So both encodings refuse for the same reasons.
 * Memory:    strings are borrowed from the message or from the JSON parser, until the next event.
 * C++:       json_simdjson.cc includes this file; it must stay valid there.
 */
#ifndef RS_EVENT_RAW_H
#define RS_EVENT_RAW_H

#include <ringside/event.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Fields of the envelope, then those of `data`; the text is the name that a refusal gives. */
#define RS__ENVELOPE_FIELDS(X)                                                                        \
    X(EVENT_ID, "event_id") X(SOURCE, "source") X(SEQ, "seq") X(INCARNATION, "incarnation")            \
    X(OCCURRED_AT, "occurred_at") X(TENANT, "tenant") X(TYPE, "type") X(CONTACT_ID, "contact_id")      \
    X(JOURNEY_ID, "journey_id") X(CHANNEL, "channel") X(DIRECTION, "direction") X(CUSTOMER, "customer") \
    X(QUEUE, "queue") X(AGENT, "agent") X(TEAM, "team") X(TOPIC, "topic") X(DATA, "data")
#define RS__DATA_FIELDS(X)                                                                            \
    X(PRIORITY, "data.priority") X(WAIT_MS, "data.wait_ms") X(TALK_MS, "data.talk_ms")                 \
    X(HOLD_MS, "data.hold_ms") X(RING_MS, "data.ring_ms") X(REASON, "data.reason") X(KIND, "data.kind") \
    X(STAGE, "data.stage") X(BY, "data.by") X(FROM, "data.from") X(TO, "data.to")                      \
    X(TO_QUEUE, "data.to_queue") X(TO_AGENT, "data.to_agent") X(STATE, "data.state")                   \
    X(RESOLVED, "data.resolved") X(SCORE, "data.score") X(SCALE_MIN, "data.scale_min")                 \
    X(SCALE_MAX, "data.scale_max") X(CODE, "data.code") X(RESULT, "data.result")                       \
    X(ACTIVITY, "data.activity") X(CASE_ID, "data.case_id") X(FROM_SEQ, "data.from_seq")               \
    X(TO_SEQ, "data.to_seq")

typedef enum rs__field {
#define RS__X(name, text) RS__FIELD_##name,
    RS__ENVELOPE_FIELDS(RS__X) RS__DATA_FIELDS(RS__X)
#undef RS__X
    RS__FIELD_COUNT,
    RS__FIELD_FIRST_OF_DATA = RS__FIELD_PRIORITY,
    RS__FIELD_UNKNOWN = RS__FIELD_COUNT
} rs__field_t;

typedef enum rs__value_kind {
    RS__VALUE_STRING,     /* text, len */
    RS__VALUE_INTEGER,    /* signed_value: a negative integer, or a Protobuf int32/int64 */
    RS__VALUE_UNSIGNED,   /* unsigned_value */
    RS__VALUE_HUGE,       /* an integer that 64 bits do not hold */
    RS__VALUE_REAL,       /* real: JSON number with fraction or exponent, Protobuf double */
    RS__VALUE_BOOL,       /* truth */
    RS__VALUE_WRONG,      /* nothing that any field takes: array, object, wrong wire type */
    RS__VALUE_ABSENT      /* JSON null */
} rs__value_kind_t;

typedef struct rs__value {
    uint8_t kind;         /* rs__value_kind_t */
    uint32_t len;         /* bytes of the string, or of the JSON number; else 0 */
    union {
        const char *text;
        int64_t signed_value;
        uint64_t unsigned_value;
        double real;
        bool truth;
    } as;
} rs__value_t;

typedef struct rs__raw {
    uint64_t present;     /* bit per rs__field_t */
    rs__value_t values[RS__FIELD_COUNT + 1];   /* the last one takes those of unknown fields, which nobody looks at */
} rs__raw_t;

/* A value is written straight into its slot; this tells whether it counts. Empty strings and null are absent, also after a
 * value; so is a value that broke in the middle. */
static inline void rs__raw_mark(rs__raw_t *raw, unsigned field, bool present) {
    const uint64_t others = raw->present & ~(UINT64_C(1) << field);
    raw->present = others | (uint64_t)present << field;
}

/* The field of a key of the envelope, or of `data`; RS__FIELD_UNKNOWN when this version knows none. */
unsigned rs__field_of_envelope(const char *key, size_t len);
unsigned rs__field_of_data(const char *key, size_t len);
/* "seq", "data.wait_ms". */
const char *rs__field_name(unsigned field);

/* --- JSON (json_simdjson.cc) -------------------------------------------------------------------------------------- */
typedef struct rs__json rs__json_t;
typedef enum rs__json_result { RS__JSON_OK, RS__JSON_MALFORMED, RS__JSON_NOT_UTF8 } rs__json_result_t;

enum { RS__JSON_PADDING = 64, RS__JSON_MAX_DEPTH = 64 };
/* A parser for lines up to max_bytes; NULL when memory is short. Parsing allocates nothing. */
rs__json_t *rs__json_create(size_t max_bytes);
void rs__json_destroy(rs__json_t *json);
/* Parses one line, one object, into *raw (which must be empty). RS__JSON_PADDING bytes after the line must be readable,
 * whatever they hold. When malformed, *raw holds what stood before. Strings live until the next call. */
rs__json_result_t rs__json_parse(rs__json_t *json, const char *line, size_t len, rs__raw_t *raw);

/* Judges a JSON token that is neither string, object nor array (trailing white space allowed): null, true, false, a
 * number. False when it is none of these. A number with fraction or exponent comes out as RS__VALUE_REAL without `real`. */
bool rs__json_scalar(const char *token, size_t len, rs__value_t *value);

#ifdef __cplusplus
}
#endif
#endif
