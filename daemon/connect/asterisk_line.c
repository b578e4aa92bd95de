#include "connect/asterisk_line.h"

#include "base/decimal.h"

#include <stdio.h>

int rs_line_refuse(rs_refused_t *refused, rs_refusal_t reason, const char *field, uint32_t len) {
    refused->reason = reason;
    refused->len = len;
    snprintf(refused->field, sizeof refused->field, "%s", field);
    return RS_ERR_PARSE;
}

/* Returns how many fields there are. Bars beyond the last one belong to it: Asterisk escapes nothing. */
static uint32_t split(rs_str_t text, rs_str_t fields[RS_LINE_FIELDS]) {
    const char *at = text.data, *const end = text.data + text.len;
    for (uint32_t count = 1;; count++) {
        const char *bar = count == RS_LINE_FIELDS ? NULL : memchr(at, '|', (size_t)(end - at));
        const char *stop = bar == NULL ? end : bar;
        fields[count - 1] = (rs_str_t){.data = at, .len = (uint32_t)(stop - at)};
        if (bar == NULL) return count;
        at = bar + 1;
    }
}

int rs_line_parse(rs_str_t text, rs_line_t *line, rs_refused_t *refused) {
    enum { BEFORE_DATA = 5 };
    rs_str_t fields[RS_LINE_FIELDS];
    uint64_t at_s;
    if (text.len > RS_ASTERISK_LINE_MAX) return rs_line_refuse(refused, RS_REFUSAL_TOO_LARGE, "", text.len);
    if (memchr(text.data, 0, text.len) != NULL) return rs_line_refuse(refused, RS_REFUSAL_MALFORMED, "", text.len);
    const uint32_t count = split(text, fields);
    if (count < BEFORE_DATA) return rs_line_refuse(refused, RS_REFUSAL_MALFORMED, "", text.len);
    if (!rs_decimal_parse(fields[0], &at_s) || at_s >= (uint64_t)(RS_TIME_MAX_US / RS_US_PER_S)) {
        return rs_line_refuse(refused, RS_REFUSAL_BAD_TIME, "time", fields[0].len);
    }
    *line = (rs_line_t){.at_s = (int64_t)at_s,
                        .callid = fields[1],
                        .queue = fields[2],
                        .agent = fields[3],
                        .event = fields[4],
                        .data_count = count - BEFORE_DATA};
    memcpy(line->data, fields + BEFORE_DATA, line->data_count * sizeof *fields);
    if (line->callid.len == 0) return rs_line_refuse(refused, RS_REFUSAL_MISSING_FIELD, "callid", 0);
    if (line->callid.len > RS_CALLID_MAX)
        return rs_line_refuse(refused, RS_REFUSAL_TOO_LONG, "callid", line->callid.len);
    return RS_OK;
}

rs_str_t rs_line_data(const rs_line_t *line, uint32_t i) {
    return i < line->data_count ? line->data[i] : (rs_str_t){0};
}

static bool parse_number(rs_str_t text, uint64_t *value) {
    const bool negative = text.len > 1 && text.data[0] == '-';
    const rs_str_t digits = {.data = text.data + negative, .len = text.len - negative};
    if (!rs_decimal_parse(digits, value)) return false;
    if (negative) *value = 0;
    return true;
}

bool rs_line_has_number(const rs_line_t *line, uint32_t i) {
    uint64_t value;
    return parse_number(rs_line_data(line, i), &value);
}

int rs_line_number(const rs_line_t *line, uint32_t i, const char *name, int64_t max, int64_t *value,
                   rs_refused_t *refused) {
    uint64_t parsed;
    const rs_str_t text = rs_line_data(line, i);
    if (text.len == 0) return rs_line_refuse(refused, RS_REFUSAL_MISSING_FIELD, name, 0);
    if (!parse_number(text, &parsed)) return rs_line_refuse(refused, RS_REFUSAL_BAD_TYPE, name, text.len);
    if (parsed > (uint64_t)max) return rs_line_refuse(refused, RS_REFUSAL_OUT_OF_RANGE, name, text.len);
    *value = (int64_t)parsed;
    return RS_OK;
}

rs_str_t rs_line_cut(rs_str_t text, uint32_t max) {
    if (text.len <= max) return text;
    uint32_t len = max;
    while (len > 0 && ((unsigned char)text.data[len] & 0xC0) == 0x80) len--;
    return (rs_str_t){.data = text.data, .len = len};
}

void rs_line_copy(char *to, rs_str_t text, uint32_t max) {
    const rs_str_t cut = rs_line_cut(text, max);
    if (cut.len != 0) memcpy(to, cut.data, cut.len);
    to[cut.len] = 0;
}

static uint64_t hash_bytes(uint64_t hash, rs_str_t text) {
    for (uint32_t i = 0; i < text.len; i++) hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(1099511628211);
    return hash;
}

uint64_t rs_line_hash(rs_str_t first, rs_str_t second) {
    uint64_t hash = hash_bytes(UINT64_C(14695981039346656037), first);
    hash = hash_bytes((hash ^ '|') * UINT64_C(1099511628211), second);
    return hash ^ hash >> 32;
}
