/* Text and numbers as untrusted bytes: UTF-8, lengths, decimals, and the scalars of JSON. */
#include "event/event_internal.h"

/* Length of the well-formed sequence at the front (Unicode 15, table 3-7), 0 when it is ill-formed. */
static size_t sequence_length(const uint8_t *bytes, size_t left) {
    const uint8_t lead = bytes[0];
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (left < length) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80) return 0;
    }
    const bool overlong = (lead == 0xE0 && bytes[1] < 0xA0) || (lead == 0xF0 && bytes[1] < 0x90);
    const bool surrogate = lead == 0xED && bytes[1] > 0x9F;
    const bool beyond = lead == 0xF4 && bytes[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : length;
}

bool rs__is_utf8(const char *bytes, size_t len) {
    const uint8_t *at = (const uint8_t *)bytes;
    size_t left = len;
    while (left > 0) {
        const size_t length = sequence_length(at, left);
        if (length == 0) return false;
        at += length;
        left -= length;
    }
    return true;
}

/* Eight bytes at once: all ASCII and none of them NUL. */
static bool is_plain_word(const char *bytes) {
    const uint64_t high_bits = UINT64_C(0x8080808080808080);
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    const uint64_t has_zero = (word - UINT64_C(0x0101010101010101)) & ~word;
    return ((word | has_zero) & high_bits) == 0;
}

static bool is_plain_ascii(const char *bytes, size_t len) {
    if (len >= 8) {
        bool plain = is_plain_word(bytes + len - 8);   /* the last word may overlap the one before */
        for (size_t i = 0; i + 8 < len; i += 8) plain = plain && is_plain_word(bytes + i);
        return plain;
    }
    bool plain = true;
    for (size_t i = 0; i < len; i++) plain = plain && (signed char)bytes[i] > 0;
    return plain;
}

rs_refusal_t rs__check_text(rs_str_t text, uint32_t max_len) {
    if (text.len > max_len) return RS_REFUSAL_TOO_LONG;
    if (text.len == 0 || is_plain_ascii(text.data, text.len)) return RS_REFUSAL_NONE;
    if (!rs__is_utf8(text.data, text.len)) return RS_REFUSAL_NOT_UTF8;
    return memchr(text.data, '\0', text.len) != NULL ? RS_REFUSAL_BAD_VALUE : RS_REFUSAL_NONE;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

int rs__parse_decimal(rs_str_t text, uint64_t *value) {
    enum { SAFE_DIGITS = 19 };   /* that many never overflow */
    if (text.len == 0 || (text.len > 1 && text.data[0] == '0')) return RS_ERR_PARSE;
    uint64_t sum = 0;
    bool overflow = text.len > SAFE_DIGITS + 1;
    for (uint32_t i = 0; i < text.len; i++) {
        const unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';
        if (digit > 9) return RS_ERR_PARSE;
        overflow = overflow || (i == SAFE_DIGITS && sum > (UINT64_MAX - digit) / 10);
        sum = sum * 10 + digit;
    }
    if (overflow) return RS_ERR_LIMIT;
    *value = sum;
    return RS_OK;
}

static size_t skip_digits(const char *text, size_t len, size_t at) {
    while (at < len && is_digit(text[at])) at++;
    return at;
}

/* The number grammar of RFC 8259. *integer_len is the length up to fraction and exponent. */
static bool is_json_number(const char *text, size_t len, size_t *integer_len) {
    size_t at = len > 0 && text[0] == '-' ? 1 : 0;
    const size_t first = at;
    at = skip_digits(text, len, at);
    if (at == first || (text[first] == '0' && at > first + 1)) return false;
    *integer_len = at;
    if (at < len && text[at] == '.') {
        const size_t fraction = ++at;
        at = skip_digits(text, len, at);
        if (at == fraction) return false;
    }
    if (at < len && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < len && (text[at] == '+' || text[at] == '-')) at++;
        const size_t exponent = at;
        at = skip_digits(text, len, at);
        if (at == exponent) return false;
    }
    return at == len;
}

static void set_integer(const char *text, size_t len, rs__value_t *value) {
    const bool negative = text[0] == '-';
    const rs_str_t digits = {text + negative, (uint32_t)(len - negative)};
    uint64_t magnitude = 0;
    value->kind = RS__VALUE_HUGE;
    if (rs__parse_decimal(digits, &magnitude) != RS_OK) return;
    if (!negative || magnitude == 0) {
        value->kind = RS__VALUE_UNSIGNED;
        value->as.unsigned_value = magnitude;
    } else if (magnitude <= (uint64_t)INT64_MAX) {
        value->kind = RS__VALUE_INTEGER;
        value->as.signed_value = -(int64_t)magnitude;
    }
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool rs__json_scalar(const char *token, size_t len, rs__value_t *value) {
    while (len > 0 && is_space(token[len - 1])) len--;
    value->kind = RS__VALUE_ABSENT;
    value->len = (uint32_t)len;
    if (len == 4 && memcmp(token, "null", 4) == 0) return true;
    value->kind = RS__VALUE_BOOL;
    if (len == 4 && memcmp(token, "true", 4) == 0) return value->as.truth = true, true;
    if (len == 5 && memcmp(token, "false", 5) == 0) return value->as.truth = false, true;
    size_t integer_len = 0;
    if (!is_json_number(token, len, &integer_len)) return false;
    if (integer_len < len) value->kind = RS__VALUE_REAL;
    else set_integer(token, len, value);
    return true;
}
