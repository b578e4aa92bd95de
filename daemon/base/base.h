/* base/base.h — what every room builds on: status codes, attributes, borrowed strings. Pure. */
#ifndef RS_BASE_H
#define RS_BASE_H

#include <ringside/event.h>
#include <stddef.h>
#include <string.h>

#define RS_MUST_CHECK __attribute__((warn_unused_result))
#define RS_PRINTF(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))
#define RS_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#define RS_US_PER_MS INT64_C(1000)
#define RS_US_PER_S INT64_C(1000000)
#define RS_US_PER_MIN (60 * RS_US_PER_S)
#define RS_US_PER_HOUR (60 * RS_US_PER_MIN)
#define RS_US_PER_DAY (24 * RS_US_PER_HOUR)
#define RS_TIME_MAX_US INT64_C(9214646400000000) /* 2262-01-01T00:00:00Z, the first instant that is refused */

#define RS_STR(literal) ((rs_str_t){.data = (literal), .len = sizeof(literal) - 1})

static inline rs_str_t rs_str(const char *text) {
    return (rs_str_t){.data = text, .len = text == NULL ? 0 : (uint32_t)strlen(text)};
}
static inline bool rs_str_equal(rs_str_t a, rs_str_t b) {
    return a.len == b.len && (a.len == 0 || (a.data != NULL && b.data != NULL && memcmp(a.data, b.data, a.len) == 0));
}
/* Order as bytes, a prefix before what it begins. Returns < 0, 0, > 0. */
static inline int rs_str_compare(rs_str_t a, rs_str_t b) {
    const uint32_t shared = a.len < b.len ? a.len : b.len;
    const int order = shared == 0 || a.data == NULL || b.data == NULL ? 0 : memcmp(a.data, b.data, shared);
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

/* Broken invariants. RS_REQUIRE: memory would be unsafe otherwise, the program ends with the place on standard error.
 * Use status codes for everything that input, other machines or the operator can cause. */
_Noreturn void rs_require_failed(const char *expression, const char *file, int line);
#define RS_REQUIRE(condition) ((condition) ? (void)0 : rs_require_failed(#condition, __FILE__, __LINE__))

#endif
