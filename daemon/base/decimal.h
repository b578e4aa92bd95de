/* base/decimal.h — whole numbers as they stand on the wire: decimal ASCII digits, nothing else. Pure. */
#ifndef RS_BASE_DECIMAL_H
#define RS_BASE_DECIMAL_H

#include "base/base.h"

enum { RS_DECIMAL_MAX = 20 };   /* digits of 2^64 - 1 */

/* 1 to 20 digits, no sign, no space, at most 2^64 - 1. False, and *value untouched, for anything else. */
static inline bool rs_decimal_parse(rs_str_t text, uint64_t *value) {
    if (text.len == 0 || text.len > RS_DECIMAL_MAX) return false;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        const unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';
        if (digit > 9 || sum > (UINT64_MAX - digit) / 10) return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

/* Writes the digits, no NUL; returns how many. */
static inline uint32_t rs_decimal_format(uint64_t value, char text[RS_DECIMAL_MAX]) {
    char reversed[RS_DECIMAL_MAX];
    uint32_t count = 0;
    do {
        reversed[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    for (uint32_t i = 0; i < count; i++) text[i] = reversed[count - 1 - i];
    return count;
}

#endif
