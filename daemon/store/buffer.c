#include "store/buffer.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { OID_INT2 = 21, OID_INT4 = 23, OID_INT8 = 20, OID_TEXT = 25 };
/* PostgreSQL counts microseconds from 2000. */
#define EPOCH_2000_US INT64_C(946684800000000)

void rs__buffer_deinit(rs__buffer_t *buffer) {
    free(buffer->bytes);
    *buffer = (rs__buffer_t){0};
}

void rs__buffer_clear(rs__buffer_t *buffer) {
    buffer->len = 0;
    buffer->failed = false;
}

/* Place for `len` more bytes (and a NUL), NULL when there is no memory. */
static unsigned char *extend(rs__buffer_t *buffer, size_t len) {
    if (buffer->failed) return NULL;
    if (buffer->capacity - buffer->len <= len) {
        size_t capacity = buffer->capacity == 0 ? 4096 : buffer->capacity;
        while (capacity - buffer->len <= len) capacity *= 2;
        unsigned char *bytes = realloc(buffer->bytes, capacity);
        if (bytes == NULL) {
            buffer->failed = true;
            return NULL;
        }
        buffer->bytes = bytes;
        buffer->capacity = capacity;
    }
    unsigned char *place = buffer->bytes + buffer->len;
    buffer->len += len;
    return place;
}

void rs__buffer_append(rs__buffer_t *buffer, const void *bytes, size_t len) {
    unsigned char *place = extend(buffer, len);
    if (place != NULL && len > 0) memcpy(place, bytes, len);
}

void rs__buffer_print(rs__buffer_t *buffer, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    unsigned char *place = len < 0 ? NULL : extend(buffer, (size_t)len);
    if (place != NULL) vsnprintf((char *)place, (size_t)len + 1, format, again);
    va_end(again);
}

char *rs__buffer_taken(rs__buffer_t *buffer) {
    char *text = NULL;
    if (!buffer->failed && buffer->bytes != NULL) {
        text = (char *)buffer->bytes;
        text[buffer->len] = '\0';
        *buffer = (rs__buffer_t){0};
    }
    rs__buffer_deinit(buffer);
    return text;
}

static void put2(unsigned char *place, uint16_t value) {
    value = htobe16(value);
    memcpy(place, &value, sizeof value);
}
static void put4(unsigned char *place, uint32_t value) {
    value = htobe32(value);
    memcpy(place, &value, sizeof value);
}
static void put8(unsigned char *place, uint64_t value) {
    value = htobe64(value);
    memcpy(place, &value, sizeof value);
}

void rs__copy_begin(rs__buffer_t *buffer) {
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";   /* the literal's own NUL is the 19th byte */
    rs__buffer_append(buffer, head, sizeof head);
}
void rs__copy_end(rs__buffer_t *buffer) { rs__buffer_append(buffer, "\377\377", 2); }

void rs__copy_row(rs__buffer_t *buffer, int16_t fields) {
    unsigned char *place = extend(buffer, 2);
    if (place != NULL) put2(place, (uint16_t)fields);
}
void rs__copy_null(rs__buffer_t *buffer) { rs__buffer_append(buffer, "\377\377\377\377", 4); }

void rs__copy_int2(rs__buffer_t *buffer, int16_t value) {
    unsigned char *place = extend(buffer, 6);
    if (place == NULL) return;
    put4(place, 2);
    put2(place + 4, (uint16_t)value);
}
void rs__copy_int4(rs__buffer_t *buffer, int32_t value) {
    unsigned char *place = extend(buffer, 8);
    if (place == NULL) return;
    put4(place, 4);
    put4(place + 4, (uint32_t)value);
}
void rs__copy_int8(rs__buffer_t *buffer, int64_t value) {
    unsigned char *place = extend(buffer, 12);
    if (place == NULL) return;
    put4(place, 8);
    put8(place + 4, (uint64_t)value);
}
void rs__copy_float8(rs__buffer_t *buffer, double value) {
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    rs__copy_int8(buffer, bits);
}
void rs__copy_bool(rs__buffer_t *buffer, bool value) {
    unsigned char *place = extend(buffer, 5);
    if (place == NULL) return;
    put4(place, 1);
    place[4] = value;
}
void rs__copy_time(rs__buffer_t *buffer, int64_t us) { rs__copy_int8(buffer, us - EPOCH_2000_US); }

void rs__copy_text(rs__buffer_t *buffer, rs_str_t text) {
    unsigned char *place = extend(buffer, 4 + (size_t)text.len);
    if (place == NULL) return;
    put4(place, text.len);
    if (text.len > 0) memcpy(place + 4, text.data, text.len);
}
void rs__copy_text_or_null(rs__buffer_t *buffer, rs_str_t text) {
    if (text.len == 0) rs__copy_null(buffer);
    else rs__copy_text(buffer, text);
}
void rs__copy_cstring(rs__buffer_t *buffer, const char *text) { rs__copy_text(buffer, rs_str(text)); }

void rs__copy_jsonb(rs__buffer_t *buffer, rs_str_t text) {
    unsigned char *place = extend(buffer, 5 + (size_t)text.len);
    if (place == NULL) return;
    put4(place, 1 + text.len);
    place[4] = 1;   /* version of the format */
    memcpy(place + 5, text.data, text.len);
}

/* Field length and head of a one-dimensional array without nulls whose elements take `bytes` in all. */
static unsigned char *array(rs__buffer_t *buffer, uint32_t element_type, size_t count, size_t bytes) {
    unsigned char *place = extend(buffer, 4 + 20 + bytes);
    if (place == NULL) return NULL;
    put4(place, (uint32_t)(20 + bytes));
    put4(place + 4, 1);
    put4(place + 8, 0);
    put4(place + 12, element_type);
    put4(place + 16, (uint32_t)count);
    put4(place + 20, 1);
    return place + 24;
}

void rs__copy_int4_array(rs__buffer_t *buffer, const int32_t *values, size_t count) {
    if (count == 0) {
        rs__copy_null(buffer);
        return;
    }
    unsigned char *place = array(buffer, OID_INT4, count, count * 8);
    for (size_t i = 0; place != NULL && i < count; i++, place += 8) {
        put4(place, 4);
        put4(place + 4, (uint32_t)values[i]);
    }
}

void rs__copy_int8_array(rs__buffer_t *buffer, const int64_t *values, size_t count) {
    if (count == 0) {
        rs__copy_null(buffer);
        return;
    }
    unsigned char *place = array(buffer, OID_INT8, count, count * 12);
    for (size_t i = 0; place != NULL && i < count; i++, place += 12) {
        put4(place, 8);
        put8(place + 4, (uint64_t)values[i]);
    }
}

void rs__copy_text_array(rs__buffer_t *buffer, const char *const *values, size_t count) {
    if (count == 0) {
        rs__copy_null(buffer);
        return;
    }
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) bytes += 4 + strlen(values[i]);
    unsigned char *place = array(buffer, OID_TEXT, count, bytes);
    for (size_t i = 0; place != NULL && i < count; i++) {
        const size_t len = strlen(values[i]);
        put4(place, (uint32_t)len);
        memcpy(place + 4, values[i], len);
        place += 4 + len;
    }
}

void rs__copy_histogram(rs__buffer_t *buffer, const rs_hist_entry_t *entries, size_t count) {
    if (count == 0) {
        rs__copy_null(buffer);
        rs__copy_null(buffer);
        return;
    }
    unsigned char *place = array(buffer, OID_INT2, count, count * 6);
    for (size_t i = 0; place != NULL && i < count; i++, place += 6) {
        put4(place, 2);
        put2(place + 4, entries[i].bucket);
    }
    place = array(buffer, OID_INT4, count, count * 8);
    for (size_t i = 0; place != NULL && i < count; i++, place += 8) {
        put4(place, 4);
        put4(place + 4, (uint32_t)entries[i].count);
    }
}

/* Length of the well-formed UTF-8 sequence at `at`, 0 when there is none. */
static size_t sequence(const unsigned char *at, size_t left) {
    const unsigned char lead = at[0];
    if (lead < 0x80) return lead != 0;
    const size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || len > left) return 0;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    if ((lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] > 0x9f) || (lead == 0xf0 && at[1] < 0x90) ||
        (lead == 0xf4 && at[1] > 0x8f))
        return 0;
    return len;
}

size_t rs__clean_text(char *out, size_t size, rs_str_t text) {
    size_t len = 0;
    for (size_t i = 0; i < text.len;) {
        const size_t step = sequence((const unsigned char *)text.data + i, text.len - i);
        if (len + (step == 0 ? 1 : step) >= size) break;
        if (step == 0) {
            out[len++] = '?';
            i++;
        } else {
            memcpy(out + len, text.data + i, step);
            len += step;
            i += step;
        }
    }
    out[len] = '\0';
    return len;
}
