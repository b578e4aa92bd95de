#include "event/json.h"

#include "base/decimal.h"
#include "event/event.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void rs_json_init(rs_json_t *json, char *data, size_t size) { *json = (rs_json_t){.data = data, .size = size}; }

static void put(rs_json_t *json, const char *bytes, size_t len) {
    if (json->overflow || len > json->size - json->len) {
        json->overflow = true;
        return;
    }
    memcpy(json->data + json->len, bytes, len);
    json->len += len;
}

static void put_name(rs_json_t *json, const char *name) {
    if (json->has_member) put(json, ",", 1);
    json->has_member = true;
    put(json, "\"", 1);
    put(json, name, strlen(name));
    put(json, "\":", 2);
}

void rs_json_begin(rs_json_t *json, const char *name) {
    if (name != NULL) put_name(json, name);
    put(json, "{", 1);
    json->has_member = false;
}

void rs_json_end(rs_json_t *json) {
    put(json, "}", 1);
    json->has_member = true;
}

void rs_json_begin_list(rs_json_t *json, const char *name) {
    if (name != NULL) put_name(json, name);
    put(json, "[", 1);
    json->has_member = false;
}

void rs_json_begin_element(rs_json_t *json) {
    if (json->has_member) put(json, ",", 1);
    rs_json_begin(json, NULL);
}

void rs_json_end_list(rs_json_t *json) {
    put(json, "]", 1);
    json->has_member = true;
}

void rs_json_integer(rs_json_t *json, const char *name, int64_t value) {
    char digits[RS_DECIMAL_MAX];
    const uint64_t magnitude = value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;

    put_name(json, name);
    if (value < 0) put(json, "-", 1);
    put(json, digits, rs_decimal_format(magnitude, digits));
}

void rs_json_number(rs_json_t *json, const char *name, double value) {
    char text[40];
    int len = 0;

    if (!isfinite(value)) {
        rs_json_null(json, name);
        return;
    }
    if (value == nearbyint(value) && fabs(value) < 1e15) {
        rs_json_integer(json, name, (int64_t)value);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    put_name(json, name);
    put(json, text, (size_t)len);
}

/* As a member without a name: what stands before the value is a comma at most. */
void rs_json_element_number(rs_json_t *json, double value) {
    char text[40] = "null";

    if (json->has_member) put(json, ",", 1);
    json->has_member = true;
    for (int digits = 15; isfinite(value) && digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    put(json, text, strlen(text));
}

static size_t plain_run(const char *bytes, size_t len) {
    size_t run = 0;
    while (run < len && (unsigned char)bytes[run] >= 0x20 && bytes[run] != '"' && bytes[run] != '\\') run++;
    return run;
}

void rs_json_string(rs_json_t *json, const char *name, rs_str_t value) {
    put_name(json, name);
    put(json, "\"", 1);
    for (size_t at = 0; at < value.len;) {
        const size_t run = plain_run(value.data + at, value.len - at);
        char escape[8];
        put(json, value.data + at, run);
        at += run;
        if (at == value.len) break;
        const unsigned char byte = (unsigned char)value.data[at++];
        const int len = byte < 0x20 ? snprintf(escape, sizeof(escape), "\\u%04x", byte)
                                    : snprintf(escape, sizeof(escape), "\\%c", byte);
        put(json, escape, (size_t)len);
    }
    put(json, "\"", 1);
}

void rs_json_string_or_null(rs_json_t *json, const char *name, rs_str_t value) {
    if (value.len == 0)
        rs_json_null(json, name);
    else
        rs_json_string(json, name, value);
}

void rs_json_bool(rs_json_t *json, const char *name, bool value) {
    put_name(json, name);
    if (value)
        put(json, "true", 4);
    else
        put(json, "false", 5);
}

void rs_json_null(rs_json_t *json, const char *name) {
    put_name(json, name);
    put(json, "null", 4);
}

void rs_json_time(rs_json_t *json, const char *name, int64_t at_us) {
    char text[32];

    rs_event_format_time(at_us, text);
    rs_json_string(json, name, rs_str(text));
}
