/* event/event_internal.h — what the files of this room share: which fields a type has, names of enumerations, the step
 * from raw fields to a canonical event, Protobuf field numbers. Nothing here allocates. */
#ifndef RS_EVENT_INTERNAL_H
#define RS_EVENT_INTERNAL_H

#include "event/event.h"
#include "event/raw.h"

#define RS__BIT(field) (UINT64_C(1) << RS__FIELD_##field)

/* sizeof(rs_event_t), not known to the compiler: it clears a known size of this magnitude with a slow string instruction. */
extern const size_t rs__event_size;

/* Bit set of the fields of `data` that a type has; 0 for a type out of range. */
uint64_t rs__data_fields(unsigned type);
/* The type of a wire name; RS_EVENT_NONE when this version knows none. */
unsigned rs__type_of(rs_str_t name);

/* One enumeration of the wire: items[0] is unused ("not named"), items[1..count) are the names. Names from wire_count on
 * are given by the core only. */
typedef struct rs__names {
    const rs_str_t *items;
    unsigned count;
    unsigned wire_count;
} rs__names_t;
extern const rs__names_t rs__channels, rs__directions;
/* The enumeration that `field` of `data` holds in events of `type`, and where the event keeps it; NULL when the field is
 * no enumeration there. */
const rs__names_t *rs__data_enum(unsigned type, unsigned field);
/* 0 when no name of the wire equals `text`. */
unsigned rs__names_find(const rs__names_t *names, rs_str_t text);

/* Where an event keeps a field, by the form of the field; NULL when it has another form. The enumerations: */
uint8_t *rs__event_enum(rs_event_t *event, unsigned field);
/* Text, of the envelope and of `data`, with its longest length. */
rs_str_t *rs__event_text(rs_event_t *event, unsigned field, uint32_t *max_len);
/* Signed numbers of `data` (durations, priority, scores, times) with their RS_HAS_ bit. */
int64_t *rs__event_number(rs_event_t *event, unsigned field, uint32_t *has);
/* Sequence numbers with their RS_HAS_ bit. */
uint64_t *rs__event_sequence(rs_event_t *event, unsigned field, uint32_t *has);

/* Makes the canonical event of raw fields and checks it. RS_OK, or RS_ERR_INVALID with *refused filled; `event_len` is
 * what a refusal of the whole event gives as its length. */
RS_MUST_CHECK int rs__resolve(const rs__raw_t *raw, uint32_t event_len, rs_event_t *event, rs_refused_t *refused);
/* Fills *refused; `source` is left out when it is no valid name. */
void rs__refuse(rs_refusal_t reason, unsigned field, uint32_t len, rs_str_t source, rs_refused_t *refused);
/* Fills *refused for a reason found before the fields could be judged, with source and seq as far as they were read. */
void rs__refuse_raw(const rs__raw_t *raw, rs_refusal_t reason, unsigned field, uint32_t len, rs_refused_t *refused);

/* Channel, direction and the enumerations that the event's type has are in range; false: *field is the first that is not.
 * Enumerations that the type has not are not looked at. */
bool rs__items_fit(const rs_event_t *event, unsigned *field);

/* Length, UTF-8, no U+0000. RS_REFUSAL_NONE when the text is fine. */
rs_refusal_t rs__check_text(rs_str_t text, uint32_t max_len);
bool rs__is_utf8(const char *bytes, size_t len);

/* Unsigned decimal without sign or leading zero. RS_ERR_PARSE: not such text; RS_ERR_LIMIT: more than 64 bits. */
RS_MUST_CHECK int rs__parse_decimal(rs_str_t text, uint64_t *value);

/* --- Protobuf ----------------------------------------------------------------------------------------------------- */
enum { RS__WIRE_VARINT = 0, RS__WIRE_FIXED64 = 1, RS__WIRE_LENGTH = 2, RS__WIRE_FIXED32 = 5 };
typedef enum rs__wire_form { RS__FORM_NONE, RS__FORM_TEXT, RS__FORM_INT32, RS__FORM_INT64, RS__FORM_UINT32,
    RS__FORM_UINT64, RS__FORM_BOOL, RS__FORM_DOUBLE, RS__FORM_DATA } rs__wire_form_t;
typedef struct rs__wire_field {
    uint8_t field;   /* rs__field_t */
    uint8_t form;    /* rs__wire_form_t */
} rs__wire_field_t;
/* By field number of ringside.proto; numbers without a field have RS__FORM_NONE. */
enum { RS__WIRE_EVENT_FIELDS = 18, RS__WIRE_DATA_FIELDS = 25 };
extern const rs__wire_field_t rs__wire_event[RS__WIRE_EVENT_FIELDS];
extern const rs__wire_field_t rs__wire_data[RS__WIRE_DATA_FIELDS];

/* Splits an EventBatch: calls for each event; RS_ERR_PARSE when the bytes are no batch (then it was not called once). */
typedef bool (*rs__wire_event_fn)(void *context, const uint8_t *bytes, size_t len);
RS_MUST_CHECK int rs__wire_split(const uint8_t *bytes, size_t len, rs__wire_event_fn on_event, void *context);
/* Reads one Event into *raw (which must be empty). RS_ERR_PARSE when malformed; RS_ERR_INVALID when a known field has
 * a wrong wire type, *wrong is the first one then. */
RS_MUST_CHECK int rs__wire_parse(const uint8_t *bytes, size_t len, rs__raw_t *raw, unsigned *wrong);

/* --- encoding ----------------------------------------------------------------------------------------------------- */
typedef enum rs__slot_form { RS__SLOT_ABSENT, RS__SLOT_TEXT, RS__SLOT_BOOL, RS__SLOT_NUMBER, RS__SLOT_MILLI, RS__SLOT_TIME,
    RS__SLOT_SEQUENCE } rs__slot_form_t;
typedef struct rs__slot {
    unsigned form;      /* rs__slot_form_t */
    rs_str_t text;      /* also the names of enumerations */
    int64_t number;     /* a sequence number is cast */
} rs__slot_t;
/* A field of `data`, or a text of the envelope (not type, channel, direction). */
rs__slot_t rs__slot_of(const rs_event_t *event, unsigned field);
/* The customer's own text, or the pseudonym as 32 hexadecimal digits in `hex`. */
rs_str_t rs__customer_text(const rs_event_t *event, char hex[2 * RS_PSEUDONYM_BYTES + 1]);

int64_t rs__encode_json(const rs_event_t *event, char *bytes, size_t size);
int64_t rs__encode_protobuf(const rs_event_t *event, uint8_t *bytes, size_t size);

#endif
