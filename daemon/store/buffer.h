/* store/buffer.h — bytes that grow, and PostgreSQL's binary COPY format written into them. Private to the store's room.
 *
 * Errors:    running out of memory is remembered in `failed`; every later write does nothing. Check once, before sending.
 */
#ifndef RS_STORE_BUFFER_H
#define RS_STORE_BUFFER_H

#include "core/row.h"

typedef struct rs__buffer {
    unsigned char *bytes;
    size_t len, capacity;
    bool failed;
} rs__buffer_t;

void rs__buffer_deinit(rs__buffer_t *buffer);
void rs__buffer_clear(rs__buffer_t *buffer);
void rs__buffer_append(rs__buffer_t *buffer, const void *bytes, size_t len);
/* Text for building SQL; always NUL-terminated beyond `len`. */
RS_PRINTF(2, 3) void rs__buffer_print(rs__buffer_t *buffer, const char *format, ...);
/* Takes the text out of the buffer, which is empty then; free it. NULL: it failed. */
char *rs__buffer_taken(rs__buffer_t *buffer);

/* COPY … WITH (FORMAT binary): begin, then per row its number of fields and each field, then end. */
void rs__copy_begin(rs__buffer_t *buffer);
void rs__copy_end(rs__buffer_t *buffer);
void rs__copy_row(rs__buffer_t *buffer, int16_t fields);
void rs__copy_null(rs__buffer_t *buffer);
void rs__copy_int2(rs__buffer_t *buffer, int16_t value);
void rs__copy_int4(rs__buffer_t *buffer, int32_t value);
void rs__copy_int8(rs__buffer_t *buffer, int64_t value);
void rs__copy_float8(rs__buffer_t *buffer, double value);
void rs__copy_bool(rs__buffer_t *buffer, bool value);
/* timestamptz from microseconds since 1970. */
void rs__copy_time(rs__buffer_t *buffer, int64_t us);
void rs__copy_text(rs__buffer_t *buffer, rs_str_t text);
/* Null when the text is empty. */
void rs__copy_text_or_null(rs__buffer_t *buffer, rs_str_t text);
void rs__copy_cstring(rs__buffer_t *buffer, const char *text);
/* jsonb from its text. */
void rs__copy_jsonb(rs__buffer_t *buffer, rs_str_t text);
/* Arrays; null when there are no elements. */
void rs__copy_int4_array(rs__buffer_t *buffer, const int32_t *values, size_t count);
void rs__copy_int8_array(rs__buffer_t *buffer, const int64_t *values, size_t count);
void rs__copy_text_array(rs__buffer_t *buffer, const char *const *values, size_t count);
/* Two fields: smallint[] of the buckets and integer[] of the counts. */
void rs__copy_histogram(rs__buffer_t *buffer, const rs_hist_entry_t *entries, size_t count);

/* Copies a string that may hold anything, so that PostgreSQL takes it as text: what is not UTF-8, and NUL, becomes '?'.
 * Cut at size - 1; NUL-terminated. Returns its length. */
size_t rs__clean_text(char *out, size_t size, rs_str_t text);

#endif
