/* Numbers, durations and sizes as text, both ways; without the C library's parsers, which read by the locale. */
#include "config/value.h"

#include <stdio.h>

static const struct {
    const char *name;
    int64_t us;
} units[] = {{"d", RS_US_PER_DAY}, {"h", RS_US_PER_HOUR}, {"m", RS_US_PER_MIN},
             {"s", RS_US_PER_S},   {"ms", RS_US_PER_MS},  {"us", 1}};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* digits [. digits] from the beginning of `text`: value = digits / 10^decimals. False when there is none, when the
 * point has no digit on both sides, or when the digits do not fit. *end is where the rest begins. */
static bool take_decimal(rs_str_t text, int64_t *digits, uint32_t *decimals, uint32_t *end) {
    uint32_t i = 0, whole = 0;
    *digits = 0;
    *decimals = 0;
    for (bool fraction = false; i < text.len; i++) {
        if (text.data[i] == '.' && !fraction && whole > 0) {
            fraction = true;
            continue;
        }
        if (!is_digit(text.data[i])) break;
        if (__builtin_mul_overflow(*digits, 10, digits)) return false;
        if (__builtin_add_overflow(*digits, text.data[i] - '0', digits)) return false;
        if (fraction)
            (*decimals)++;
        else
            whole++;
    }
    *end = i;
    return whole > 0 && text.data[i - 1] != '.';
}

static int64_t power_of_ten(uint32_t exponent) {
    int64_t power = 1;
    while (exponent-- > 0) power *= 10;
    return power;
}

int rs_config_parse_duration(rs_str_t text, int64_t *us) {
    int64_t digits;
    uint32_t decimals, end;
    if (!take_decimal(text, &digits, &decimals, &end) || decimals > 9) return RS_ERR_PARSE;
    const rs_str_t unit = {.data = text.data + end, .len = text.len - end};
    if (unit.len == 0) { /* a number without a unit could be anything, except 0 */
        if (text.len != 1 || digits != 0) return RS_ERR_PARSE;
        *us = 0;
        return RS_OK;
    }
    for (size_t i = 0; i < RS_ARRAY_LEN(units); i++) {
        if (!rs_str_equal(unit, rs_str(units[i].name))) continue;
        int64_t scaled;
        if (__builtin_mul_overflow(digits, units[i].us, &scaled)) return RS_ERR_PARSE;
        if (scaled % power_of_ten(decimals) != 0) return RS_ERR_PARSE;
        *us = scaled / power_of_ten(decimals);
        return RS_OK;
    }
    return RS_ERR_PARSE;
}

void rs_config_format_duration(int64_t us, char text[RS_DURATION_TEXT]) {
    if (us <= 0) {
        snprintf(text, RS_DURATION_TEXT, "0s");
        return;
    }
    for (size_t i = 0; i < RS_ARRAY_LEN(units); i++) {
        if (us % units[i].us != 0) continue;
        snprintf(text, RS_DURATION_TEXT, "%lld%s", (long long)(us / units[i].us), units[i].name);
        return;
    }
}

bool rs__parse_integer(rs_str_t text, int64_t *number) {
    int64_t digits;
    uint32_t decimals, end;
    if (!take_decimal(text, &digits, &decimals, &end) || end != text.len || decimals > 0) return false;
    *number = digits;
    return true;
}

/* At most 15 digits: then digits and power are exact doubles and their quotient is the double nearest to the text. */
bool rs__parse_number(rs_str_t text, double *number) {
    int64_t digits;
    uint32_t decimals, end;
    if (!take_decimal(text, &digits, &decimals, &end) || end != text.len) return false;
    if (decimals > 15 || digits >= INT64_C(1000000000000000)) return false;
    *number = (double)digits / (double)power_of_ten(decimals);
    return true;
}

bool rs__parse_bytes(rs_str_t text, int64_t *bytes) {
    static const struct {
        const char *name;
        int64_t bytes;
    } sizes[] = {{"", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}};
    int64_t digits;
    uint32_t decimals, end;
    if (!take_decimal(text, &digits, &decimals, &end) || decimals > 0) return false;
    const rs_str_t unit = {.data = text.data + end, .len = text.len - end};
    for (size_t i = 0; i < RS_ARRAY_LEN(sizes); i++)
        if (rs_str_equal(unit, rs_str(sizes[i].name))) return !__builtin_mul_overflow(digits, sizes[i].bytes, bytes);
    return false;
}

bool rs__parse_milli(rs_str_t text, int64_t *milli) {
    const bool negative = text.len > 0 && text.data[0] == '-';
    const rs_str_t number = {.data = text.data + negative, .len = text.len - negative};
    int64_t digits;
    uint32_t decimals, end;
    if (!take_decimal(number, &digits, &decimals, &end) || end != number.len || decimals > 3) return false;
    if (__builtin_mul_overflow(digits, power_of_ten(3 - decimals), milli)) return false;
    if (negative) *milli = -*milli;
    return true;
}

void rs__format_number(double number, char *text, size_t size) {
    snprintf(text, size, "%.15g", number);
    for (char *c = text; *c != '\0'; c++)
        if (*c == ',') *c = '.'; /* a locale's decimal comma */
}

void rs__format_bytes(int64_t bytes, char *text, size_t size) {
    if (bytes != 0 && bytes % (1024 * 1024) == 0)
        snprintf(text, size, "%lldMiB", (long long)(bytes / (1024 * 1024)));
    else if (bytes != 0 && bytes % 1024 == 0)
        snprintf(text, size, "%lldKiB", (long long)(bytes / 1024));
    else
        snprintf(text, size, "%lld", (long long)bytes);
}
