/* event/json.h — writes one JSON object into a buffer of fixed size: no allocation, no surprise in length.
 *
 * Model:   begin and end calls nest; members come in the order written. When the buffer is too small the text stops
 *          growing and `overflow` stays set: look once, at the end. Names are literals of ours and are not escaped.
 */
#ifndef RS_EVENT_JSON_H
#define RS_EVENT_JSON_H

#include "base/base.h"

typedef struct rs_json {
    char *data; /* the caller's */
    size_t size, len;
    bool overflow, has_member;
} rs_json_t;

void rs_json_init(rs_json_t *json, char *data, size_t size);
/* `name` NULL: an object that is not a member (the outermost). */
void rs_json_begin(rs_json_t *json, const char *name);
void rs_json_end(rs_json_t *json);
/* A list; its elements are objects, each begun by rs_json_begin_element and ended by rs_json_end. */
void rs_json_begin_list(rs_json_t *json, const char *name);
void rs_json_begin_element(rs_json_t *json);
/* An element that is a number; not a number and infinities are null. */
void rs_json_element_number(rs_json_t *json, double value);
void rs_json_end_list(rs_json_t *json);
void rs_json_integer(rs_json_t *json, const char *name, int64_t value);
/* Shortest text that reads back as the same number; not a number and infinities are null. */
void rs_json_number(rs_json_t *json, const char *name, double value);
/* Control characters, quotes and backslashes are escaped; the bytes are taken to be UTF-8. */
void rs_json_string(rs_json_t *json, const char *name, rs_str_t value);
/* The same, but null where the string is absent. */
void rs_json_string_or_null(rs_json_t *json, const char *name, rs_str_t value);
void rs_json_bool(rs_json_t *json, const char *name, bool value);
void rs_json_null(rs_json_t *json, const char *name);
/* RFC 3339 in UTC with microseconds. */
void rs_json_time(rs_json_t *json, const char *name, int64_t at_us);

#endif
