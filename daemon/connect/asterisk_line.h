/* connect/asterisk_line.h — one line of queue_log, taken apart and found sound. Pure; fields borrow from the line. */
#ifndef RS_CONNECT_ASTERISK_LINE_H
#define RS_CONNECT_ASTERISK_LINE_H

#include "base/base.h"
#include "event/event.h"

enum {
    RS_ASTERISK_LINE_MAX = 4096,
    RS_CALLID_MAX = RS_MAX_CONTACT_ID - 12, /* "/" and the number of a later visit must fit behind it */
    RS_LINE_FIELDS = 16                     /* the last one holds what is beyond */
};

typedef struct rs_line {
    int64_t at_s;
    rs_str_t callid, queue, agent, event; /* as they stand, "NONE" too */
    rs_str_t data[RS_LINE_FIELDS - 5];
    uint32_t data_count;
} rs_line_t;

/* `text` is without line feed and carriage return, not empty. RS_ERR_PARSE: too long, a NUL, fewer than five fields, a
 * time that is none, a call id that is missing or too long. */
RS_MUST_CHECK int rs_line_parse(rs_str_t text, rs_line_t *line, rs_refused_t *refused);

/* Data field i (0 is the first behind the event's name); empty when the line ends before it. */
rs_str_t rs_line_data(const rs_line_t *line, uint32_t i);
/* A data field that must be a whole number up to `max`. One below 0 (Asterisk's clock was set back) is taken as 0. */
RS_MUST_CHECK int rs_line_number(const rs_line_t *line, uint32_t i, const char *name, int64_t max, int64_t *value,
                                 rs_refused_t *refused);
/* Would rs_line_number take it? */
bool rs_line_has_number(const rs_line_t *line, uint32_t i);

/* Fills *refused; RS_ERR_PARSE. */
int rs_line_refuse(rs_refused_t *refused, rs_refusal_t reason, const char *field, uint32_t len);

/* The first `max` bytes, or fewer so that no character of UTF-8 is cut in two. */
rs_str_t rs_line_cut(rs_str_t text, uint32_t max);
/* Copies `text`, cut so, into an array of max + 1 bytes. */
void rs_line_copy(char *to, rs_str_t text, uint32_t max);

/* FNV-1a of two strings, for the tables of this room. */
uint64_t rs_line_hash(rs_str_t first, rs_str_t second);

#endif
