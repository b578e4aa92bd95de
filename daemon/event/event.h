/* event/event.h — from untrusted bytes to a canonical event, and to the record that the core applies.
 *
 * Model:     bytes --decode--> rs_event_t (borrows from the bytes and the decoder) --check--> complete and in range
 *            --pseudonym--> without the caller's number --record--> the canonical bytes of the ring and the journal.
 * Threads:   a decoder belongs to one thread; record functions are pure.
 * Memory:    a decoder allocates at create only; decoding never does. What it lends to a callback dies when that returns.
 * Errors:    a refusal names the reason, the field and the length of the offending value, never the value itself (it may
 *            be a telephone number).
 */
#ifndef RS_EVENT_H
#define RS_EVENT_H

#include "base/base.h"

/* Why an event is refused. */
#define RS_REFUSALS(X)                                                                 \
    X(NONE, "none")                                                                    \
    X(MALFORMED, "malformed")               /* not the format at all */                \
    X(MISSING_FIELD, "missing_field")                                                  \
    X(BAD_TYPE, "bad_type")                 /* a field of the wrong JSON/wire type */  \
    X(BAD_TIME, "bad_time")                                                            \
    X(OUT_OF_RANGE, "out_of_range")                                                    \
    X(TOO_LONG, "too_long")                                                            \
    X(NOT_UTF8, "not_utf8")                                                            \
    X(BAD_VALUE, "bad_value")               /* unknown channel or direction */         \
    X(UNKNOWN_TYPE, "unknown_type")         /* counted as `unknown`, not `invalid` */  \
    X(TOO_LARGE, "too_large")               /* message over the bound */               \
    X(DUPLICATE, "duplicate")               /* from here on: judged by the core */     \
    X(TOO_LATE, "too_late")                                                            \
    X(FUTURE, "future")                                                                \
    X(LIMIT, "limit")                       /* a hard bound (sources, contacts, events of one contact) */

typedef enum rs_refusal {
#define RS_X(name, text) RS_REFUSAL_##name,
    RS_REFUSALS(RS_X)
#undef RS_X
    RS_REFUSAL_COUNT
} rs_refusal_t;
const char *rs_refusal_name(unsigned refusal);

typedef struct rs_refused {
    rs_refusal_t reason;
    char field[32];       /* "data.wait_ms"; empty when it is the whole event */
    uint32_t len;         /* bytes of the offending string or JSON number, else of the event */
    char source[RS_MAX_NAME + 1];   /* who sent it, when that could be read; else empty */
    bool has_seq;
    uint64_t seq;         /* its sequence number, when that could be read */
} rs_refused_t;

typedef enum rs_encoding { RS_ENCODING_JSON = 1, RS_ENCODING_PROTOBUF = 2 } rs_encoding_t;

typedef struct rs_decoder rs_decoder_t;
/* `max_message_bytes`: longest message that decode takes (1 KiB .. 16 MiB). Allocates all that decoding will need. */
RS_MUST_CHECK int rs_decoder_create(size_t max_message_bytes, rs_decoder_t **decoder);
void rs_decoder_destroy(rs_decoder_t **decoder);

/* Called once per event of a message, in order. `event` is NULL when it was refused, then *refused says why; else it
 * has passed rs_event_check. `bytes` are those of this event alone. Return false to stop. */
typedef bool (*rs_decoded_fn)(void *context, uint32_t index, const rs_event_t *event, const rs_refused_t *refused,
                              rs_str_t bytes);
/* Decodes a message of one encoding: JSON is one object, or several separated by line feeds (NDJSON; CRLF, blank lines
 * and a last line without line feed are fine); Protobuf is one ringside.v1.EventBatch. A broken event does not stop the
 * others (a Protobuf message that cannot be split is one refusal). `refused` is NULL exactly when `event` is not.
 * Returns the number of events that the callback saw (accepted and refused), or RS_ERR_LIMIT when the message is longer
 * than max_message_bytes (then nothing was decoded; count it as TOO_LARGE).
 *
 * Decided here, the same in both encodings (proto/EVENTS.md is the user's account of it):
 * - A field that occurs twice: the last one wins, and only that one is judged; several `data` are merged field by field.
 *   (In Protobuf a known field of a wrong wire type refuses the event wherever it stands.)
 * - Only the fields of the event's own type are known in `data`; wait_ms, talk_ms and hold_ms in every contact. type.
 *   Enumerations of the type that are missing or unknown become OTHER; "requeued" and "lost" are unknown on the wire.
 * - JSON integers are written without fraction and exponent (12.0 and 1e3 are bad_type). The 64-bit ones (seq, from_seq,
 *   to_seq, and times) may also be decimal strings, as proto3 JSON writes them; the others must be numbers.
 * - Scores are rounded to thousandths, half away from zero.
 * - JSON null and "" mean absent for every field. Nesting deeper than 64 is malformed; so is anything that is not strict
 *   JSON, in unknown fields too. Protobuf groups, field number 0 and varints past 64 bits are malformed.
 * - Every string must be UTF-8 without U+0000 (no database takes that one: bad_value). */
RS_MUST_CHECK int64_t rs_decode(rs_decoder_t *decoder, rs_encoding_t encoding, const void *bytes, size_t len,
                                rs_decoded_fn on_event, void *context);

/* Completeness, lengths, ranges and UTF-8 of an event, however it was made (decoded, or built by a connector or program).
 * Fills in nothing. RS_OK, or RS_ERR_INVALID with *refused filled (source and seq as far as the event has them); *refused
 * is untouched on RS_OK. A pseudonym as customer must be RS_PSEUDONYM_BYTES long. Wrong times are bad_time; a score beyond
 * +-RS_MAX_SCORE_MILLI, a duration beyond 0..2^32-1 and a priority beyond 32 signed bits are out_of_range. */
enum { RS_MAX_SCORE_MILLI = 1000000000 };
RS_MUST_CHECK int rs_event_check(const rs_event_t *event, rs_refused_t *refused);

/* RFC 3339 ("t", "z" allowed, digits after the sixth cut, second 60 refused) or a decimal string of microseconds (no sign,
 * no leading zero). RS_ERR_PARSE: not a time, or outside 1970 <= t < 2262; *occurred_us is untouched then. */
RS_MUST_CHECK int rs_event_parse_time(rs_str_t text, int64_t *occurred_us);
/* "2026-03-02T09:00:12.250000Z", 27 characters and NUL. Instants outside of the years 0 to 9999 are written as the nearest
 * one inside. */
void rs_event_format_time(int64_t occurred_us, char text[32]);

/* Writes an event that passed rs_event_check in the wire form; returns bytes written, or RS_ERR_FULL when `size` is too
 * small. JSON: one object, no line feed. Protobuf: one ringside.v1.Event, without length. Only the fields of the event's
 * type go into `data`; a pseudonym is written as 32 hexadecimal digits. The same event always gives the same bytes. */
RS_MUST_CHECK int64_t rs_event_encode(const rs_event_t *event, rs_encoding_t encoding, void *bytes, size_t size);
enum { RS_EVENT_MAX_ENCODED = 16384 };   /* no valid event is longer in either encoding, JSON escapes included */

/* --- pseudonyms --------------------------------------------------------------------------------------------------- */
enum { RS_PSEUDONYM_KEY_BYTES = 32 };
/* BLAKE2b-128 of tenant (absent: "default") and normalised customer under `key`. Telephone numbers (digits, spaces, dashes,
 * dots, brackets, perhaps a "+" before the first digit) lose all but their digits, "00" and "+" at the front are alike;
 * everything else is taken as it is, its ASCII letters lower-cased when it has an '@'. The lengths must be those of a
 * checked event. Any thread. */
void rs_pseudonym(const uint8_t key[RS_PSEUDONYM_KEY_BYTES], rs_str_t tenant, rs_str_t customer,
                  uint8_t pseudonym[RS_PSEUDONYM_BYTES]);
/* Keyed 64-bit hash of refused bytes, for the quarantine; the same on every machine. Any thread. */
uint64_t rs_refused_hash(const uint8_t key[RS_PSEUDONYM_KEY_BYTES], rs_str_t bytes);

/* --- the record ---------------------------------------------------------------------------------------------------
 * The canonical bytes of the inlet ring (and of the journal): a fixed head and the strings. Machine-independent: little
 * endian, no padding. `customer` must be absent or a pseudonym: writing any other one ends the program, because a
 * caller's number must not reach the disk.
 *
 *   event    0 kind=1  1 version  2 length:2  4 session:4  8 number:8  16 arrival_us:8  24 occurred_us:8  32 seq:8
 *            40 present:4  44 type channel direction reason kind stage party state resolved  53 lengths of 15 strings
 *            68 numbers that are present, 8 bytes each, in the order of their RS_HAS_ bits; then the strings, in the order
 *            event_id source incarnation tenant contact_id journey_id customer queue agent team topic to_queue to_agent
 *            code case_id
 *   refusal  0 kind=2  1 version  2 length:2  4 session:4  8 number:8  16 arrival_us:8  24 hash:8  32 seq:8  40 len:4
 *            44 reason  45 has_seq  46 length of source  47 length of field; then source, field
 *   tick     0 kind=3  1 version  2 length:2  4 zero:4  8 now_us:8
 *   config   0 kind=4  1 version  2 length:2  4 length of the text:4  8 hash of it:16  24 how:4  28 zero:4
 *   confirmed 0 kind=5 1 version  2 length:2  4 zero:4  8 receiver:8  16 rows: through:8 revision:8  32 edges: through:8 revision:8
 *            48 alerts: position:8 ordinal:4  60 zero:4  64 position:8  72 facts: through:8 revision:8 (earlier records end here: zeros)
 *   part     0 kind=6  1 version  2 length:2  4 place in the text:4  8 bytes of it, 1 .. RS_RECORD_PART_MAX
 *   session  0 kind=7  1 version  2 length:2  4 session:4  8 lengths of source, incarnation  10 zero:2; then source, incarnation
 *   begin    0 kind=8  1 version  2 length:2  4 length of the text:4  8 hash of it:16  24 flags:4  28 zero:4  32 start_us:8  40 run:8
 *            48 hash_seed:8                                                                                             */
enum { RS_RECORD_MAX = 2048 };
typedef enum rs_record_kind {
    RS_RECORD_EVENT = 1,
    RS_RECORD_REFUSAL = 2,   /* an event that decode refused: source (may be empty), reason, for the accounting */
    RS_RECORD_TICK = 3,      /* time passed */
    RS_RECORD_CONFIG = 4,    /* the configuration of the parts before it takes effect */
    RS_RECORD_CONFIRMED = 5, /* what a receiver of effects has for good */
    RS_RECORD_CONFIG_PART = 6,   /* of a configuration's text, in order; one at place 0 begins a new text */
    RS_RECORD_SESSION = 7,   /* a producer's session has this number from here on (core/session.h) */
    RS_RECORD_BEGIN = 8,     /* first of a journal after the parts of its configuration: what the core was made with */
    RS_RECORD_COMMAND = 9,   /* what a person says about an alert (event/command.h) */
    RS_RECORD_WARM = 10      /* figures of history for a rule that learns (event/warm.h) */
} rs_record_kind_t;

typedef struct rs_origin {   /* who to answer; opaque to the core, handed back with a verdict */
    uint32_t session;        /* 0 = nobody */
    uint64_t number;         /* the session's batch number of this event */
} rs_origin_t;

/* Writes the record of an event that passed rs_event_check; returns its length (<= RS_RECORD_MAX). `bytes` must have
 * RS_RECORD_MAX room. */
size_t rs_record_write_event(const rs_event_t *event, int64_t arrival_us, rs_origin_t origin, void *bytes);
/* `source` may be empty or longer than RS_MAX_NAME (then it is left out); refused->source is not looked at. */
size_t rs_record_write_refusal(rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us,
                               rs_origin_t origin, void *bytes);
size_t rs_record_write_tick(int64_t now_us, void *bytes);

/* A configuration by value: its text was given in parts before. */
typedef enum rs_config_how {
    RS_CONFIG_RELOAD = 0,    /* in the middle of things: rs_core_configure */
    RS_CONFIG_RESTART = 1    /* between two runs: as if the state had been saved, and loaded with this configuration */
} rs_config_how_t;
enum { RS_RECORD_PART_MAX = RS_RECORD_MAX - 8 };
typedef struct rs_record_text {  /* of a configuration; length 0: the defaults */
    uint32_t length;
    uint64_t hash[2];            /* XXH3-128 of it: low, high */
} rs_record_text_t;
size_t rs_record_write_part(uint32_t place, const void *text, uint32_t len, void *bytes);   /* len 1 .. RS_RECORD_PART_MAX */
size_t rs_record_write_config(const rs_record_text_t *text, rs_config_how_t how, void *bytes);
typedef struct rs_record_begin {
    rs_record_text_t text;
    bool keep_rows;
    int64_t start_us;
    uint64_t run, hash_seed;
} rs_record_begin_t;
size_t rs_record_write_begin(const rs_record_begin_t *begin, void *bytes);

/* `session` as in rs_origin_t, not 0. Names of at most RS_MAX_NAME bytes; only the incarnation may be empty. */
size_t rs_record_write_session(uint32_t session, rs_str_t source, rs_str_t incarnation, void *bytes);

/* How much of what changes a receiver has, see rs_core_collect (core/core.h). Zeros: nothing new. */
typedef struct rs_collected {
    uint64_t through;        /* place in the order of changed cells: all up to it were handed out … */
    uint64_t revision;       /* … as they were at this revision */
} rs_collected_t;
enum { RS_RECEIVER_STORE = 0 };   /* others: any number that stays the receiver's own, such as a hash of its name */
typedef struct rs_confirmed {
    uint64_t receiver;
    rs_collected_t rows, edges, facts;  /* the store's alone; of others zeros */
    uint64_t position;           /* all rows and edges of records up to here are in; 0: no news. For looking, moves nothing */
    uint64_t alert_position;     /* identity of the last alert transition that it has; UINT64_MAX: forget this receiver */
    uint32_t alert_ordinal;
} rs_confirmed_t;
size_t rs_record_write_confirmed(const rs_confirmed_t *confirmed, void *bytes);

/* Reads one back; the event and *source borrow from `bytes`. RS_ERR_PARSE when the bytes are not exactly one record of
 * that kind (a damaged journal); out-parameters are unspecified then. What is read has lengths, enumerations and times in
 * range; text is not looked at. refused->source is filled too. */
RS_MUST_CHECK int rs_record_read_event(const void *bytes, size_t len, rs_event_t *event, int64_t *arrival_us,
                                       rs_origin_t *origin);
/* What an event names that much is kept of, read without the rest: the event's texts if rs_record_read_event reads it; the rest of a
 * damaged one is not looked at. */
typedef struct rs_record_names { rs_str_t contact_id, queue, agent; } rs_record_names_t;
RS_MUST_CHECK int rs_record_read_names(const void *bytes, size_t len, rs_record_names_t *names);
RS_MUST_CHECK int rs_record_read_refusal(const void *bytes, size_t len, rs_str_t *source, rs_refused_t *refused,
                                         uint64_t *hash, int64_t *arrival_us, rs_origin_t *origin);
RS_MUST_CHECK int rs_record_read_tick(const void *bytes, size_t len, int64_t *now_us);
RS_MUST_CHECK int rs_record_read_part(const void *bytes, size_t len, uint32_t *place, rs_str_t *text);
RS_MUST_CHECK int rs_record_read_config(const void *bytes, size_t len, rs_record_text_t *text, rs_config_how_t *how);
RS_MUST_CHECK int rs_record_read_begin(const void *bytes, size_t len, rs_record_begin_t *begin);
RS_MUST_CHECK int rs_record_read_session(const void *bytes, size_t len, uint32_t *session, rs_str_t *source, rs_str_t *incarnation);
RS_MUST_CHECK int rs_record_read_confirmed(const void *bytes, size_t len, rs_confirmed_t *confirmed);

#endif
