/* event/command.h — what people say, as a record of the ring: so it is journaled, replayed and, if about alerts, stored like everything
 * else.
 *
 * An episode by its number: acknowledge (sticky: until it ends; else until it fires anew within the episode; with until_us: no longer than
 * that), unacknowledge, note, cause, action (with owner and due_us, both optional), resolve, review. Cause, action, note and review may
 * also be said of an episode that has ended. Of many: silence (tenant, rule and key are globs, empty = any; channel 0 = any;
 * at_us..until_us) and unsilence (episode = the silence's number).
 *
 * Erase is about no alert: a person is forgotten. owner = "customer", tenant, key = the pseudonym, rule = a random one that stands in its
 * place from then on (both 32 hexadecimal digits), text = why. Or owner = "agent", key = the name, rule = a random RS_STAND_IN_LEN bytes:
 * "erased-" and nine hexadecimal digits. So figures stay, and what comes in later is of somebody new (core/erase.h).
 *
 *   command  0 kind=9  1 version  2 length:2  4 session:4  8 number:8  16 at_us:8  24 episode:8  32 until_us:8  40 due_us:8
 *            48 what sticky channel 0  52 lengths of who, owner, tenant, rule, key  57 zero:1  58 length of text:2  60 zero:4;
 *            then who owner tenant rule key text */
#ifndef RS_EVENT_COMMAND_H
#define RS_EVENT_COMMAND_H

#include "event/event.h"

enum { RS_COMMAND_TEXT = 512, RS_STAND_IN_LEN = 16 };
#define RS_STAND_IN_BEGIN "erased-"

#define RS_COMMANDS(X) \
    X(NONE, "none") X(ACKNOWLEDGE, "ack") X(UNACKNOWLEDGE, "unack") X(NOTE, "note") X(CAUSE, "cause") X(ACTION, "action") \
    X(RESOLVE, "resolve") X(REVIEW, "review") X(SILENCE, "silence") X(UNSILENCE, "unsilence") X(ERASE, "erase")
typedef enum rs_command_what {
#define RS_X(name, text) RS_COMMAND_##name,
    RS_COMMANDS(RS_X)
#undef RS_X
        RS_COMMAND_COUNT
} rs_command_what_t;
/* Static storage; "none" for a number that is none. */
const char *rs_command_name(unsigned what);
/* RS_COMMAND_NONE when there is none of that name about alerts: an erasure has a door of its own (service/admin.h), so that whoever may
 * speak of alerts cannot erase. */
rs_command_what_t rs_command_find(rs_str_t name);

typedef struct rs_command {
    uint8_t what;            /* rs_command_what_t */
    bool sticky;
    uint8_t channel;
    int64_t at_us;           /* when it was said, by the daemon's clock */
    int64_t until_us;        /* 0 = no end; a silence must have one */
    int64_t due_us;          /* 0 = none */
    uint64_t episode;
    rs_str_t who;            /* required, at most RS_MAX_NAME bytes, like owner, tenant, rule, key; an erasure's must not name its
                                subject */
    rs_str_t owner, tenant, rule, key;
    rs_str_t text;           /* at most RS_COMMAND_TEXT; required but of resolve, unack, unsilence */
} rs_command_t;

/* What is wrong with it, as a sentence naming the field; NULL: nothing. Text must be UTF-8 without control characters. */
const char *rs_command_check(const rs_command_t *command);
/* Of 32 hexadecimal digits, as erase has them; false: it is not. */
RS_MUST_CHECK bool rs_pseudonym_parse(rs_str_t text, uint8_t pseudonym[RS_PSEUDONYM_BYTES]);
void rs_pseudonym_text(const uint8_t pseudonym[RS_PSEUDONYM_BYTES], char text[2 * RS_PSEUDONYM_BYTES + 1]);
/* Of a checked one; returns the length. */
size_t rs_record_write_command(const rs_command_t *command, rs_origin_t origin, void *bytes);
/* Strings borrow. RS_ERR_PARSE: not exactly such a record. */
RS_MUST_CHECK int rs_record_read_command(const void *bytes, size_t len, rs_command_t *command, rs_origin_t *origin);

#endif
