#include "event_test.h"

enum { REFUSED = -1 };

static void parse_time_takes_rfc3339_and_decimal_microseconds(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t at_us;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-03-02T09:00:12.250000Z", INT64_C(1772442012250000)},
        {"2026-03-02t09:00:12.25z", INT64_C(1772442012250000)},
        {"2026-03-02T09:00:12.2500009999Z", INT64_C(1772442012250000)},
        {"2026-03-02T09:00:12.9999999Z", INT64_C(1772442012999999)},
        {"2026-03-02T09:00:12.0000001Z", INT64_C(1772442012000000)},
        {"2026-03-02T10:00:12+01:00", INT64_C(1772442012000000)},
        {"2026-03-02T03:30:12-05:30", INT64_C(1772442012000000)},
        {"2026-03-02T09:00:12-00:00", INT64_C(1772442012000000)},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800000000)},
        {"2000-02-29T23:59:59Z", INT64_C(951868799000000)},
        {"2261-12-31T23:59:59.999999Z", RS_TIME_MAX_US - 1},
        {"1969-12-31T23:00:00-01:00", 0},
        {"2262-01-01T00:59:59.999999+01:00", RS_TIME_MAX_US - 1},
        {"0", 0},
        {"1772442012250000", INT64_C(1772442012250000)},
        {"9214646399999999", RS_TIME_MAX_US - 1},
        {"9214646400000000", REFUSED},
        {"18446744073709551616", REFUSED},
        {"99999999999999999999999999", REFUSED},
        {"-1", REFUSED}, {"+1", REFUSED}, {"01", REFUSED}, {"1.0", REFUSED}, {"1e3", REFUSED}, {"", REFUSED}, {" 1", REFUSED},
        {"1969-12-31T23:59:59.999999Z", REFUSED},
        {"2262-01-01T00:00:00Z", REFUSED},
        {"9999-12-31T23:59:59Z", REFUSED},
        {"0000-01-01T00:00:00Z", REFUSED},
        {"2026-03-02T09:00:60Z", REFUSED},
        {"2016-12-31T23:59:60Z", REFUSED},
        {"2026-03-02T24:00:00Z", REFUSED},
        {"2026-03-02T09:60:00Z", REFUSED},
        {"2026-02-29T09:00:00Z", REFUSED},
        {"2100-02-29T09:00:00Z", REFUSED},
        {"2026-04-31T09:00:00Z", REFUSED},
        {"2026-00-02T09:00:00Z", REFUSED}, {"2026-13-02T09:00:00Z", REFUSED}, {"2026-03-00T09:00:00Z", REFUSED},
        {"2026-03-02T09:00:12", REFUSED},
        {"2026-03-02 09:00:12Z", REFUSED},
        {"2026-03-02T09:00:12.Z", REFUSED},
        {"2026-03-02T09:00:12,5Z", REFUSED},
        {"2026-03-02T09:00:12+0100", REFUSED}, {"2026-03-02T09:00:12+01", REFUSED}, {"2026-03-02T09:00:12+01:0", REFUSED},
        {"2026-03-02T09:00:12+24:00", REFUSED}, {"2026-03-02T09:00:12+01:60", REFUSED},
        {"2026-03-02T09:00:12ZZ", REFUSED}, {"2026-03-02T09:00:12Z ", REFUSED}, {"2026-03-02T09:00:12x01:00", REFUSED},
        {"2026-3-02T09:00:12Z", REFUSED}, {"26-03-02T09:00:12Z", REFUSED}, {"2026-03-02", REFUSED}, {"now", REFUSED},
        {"2026-03-02T0a:00:12Z", REFUSED}, {"2026-03-02T09:00:1:Z", REFUSED}, {"2O26-03-02T09:00:12Z", REFUSED},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        int64_t at_us = -77;
        const int status = rs_event_parse_time(rs_str(rows[i].text), &at_us);
        if (rows[i].at_us == REFUSED) {
            if (status != RS_ERR_PARSE || at_us != -77) fail_msg("%s: status %d", rows[i].text, status);
        } else if (status != RS_OK || at_us != rows[i].at_us) {
            fail_msg("%s: status %d, %lld", rows[i].text, status, (long long)at_us);
        }
    }
}

static void parse_time_cuts_a_very_long_fraction(void **state) {
    (void)state;
    char text[1100] = "2026-03-02T09:00:12.123456";
    memset(text + strlen(text), '9', 1000);
    memcpy(text + 26 + 1000, "Z", 2);
    int64_t at_us = 0;
    assert_int_equal(rs_event_parse_time(rs_str(text), &at_us), RS_OK);
    assert_true(at_us == INT64_C(1772442012123456));
}

static void parse_time_refuses_every_prefix(void **state) {
    (void)state;
    const rs_str_t whole = RS_STR("2026-03-02T09:00:12.250000+01:30");
    for (uint32_t len = 0; len < whole.len; len++) {
        char *exact = malloc(len + 1);   /* so that a sanitizer sees a read behind the end */
        memcpy(exact, whole.data, len);
        int64_t at_us = 0;
        const int status = rs_event_parse_time((rs_str_t){exact, len}, &at_us);
        free(exact);
        const bool is_year_alone = len >= 1 && len <= 4;   /* that is a decimal number of microseconds */
        assert_int_equal(status, is_year_alone ? RS_OK : RS_ERR_PARSE);
    }
}

static void format_time_writes_27_characters(void **state) {
    (void)state;
    static const struct {
        int64_t at_us;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {INT64_C(1772442012250000), "2026-03-02T09:00:12.250000Z"},
        {RS_TIME_MAX_US - 1, "2261-12-31T23:59:59.999999Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {INT64_C(1709164800000000), "2024-02-29T00:00:00.000000Z"},
        {INT64_MIN, "0000-01-01T00:00:00.000000Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        char text[32];
        rs_event_format_time(rows[i].at_us, text);
        assert_string_equal(text, rows[i].text);
    }
}

/* glibc's calendar is the oracle. */
static void time_agrees_with_the_c_library_on_random_instants(void **state) {
    (void)state;
    uint64_t random = random_seed("time");
    for (unsigned i = 0; i < 200000; i++) {
        const int64_t at_us = (int64_t)random_below(&random, (uint64_t)RS_TIME_MAX_US);
        const time_t seconds = (time_t)(at_us / RS_US_PER_S);
        struct tm calendar;
        char expected[40], text[32];
        assert_non_null(gmtime_r(&seconds, &calendar));
        const size_t len = strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &calendar);
        snprintf(expected + len, sizeof expected - len, ".%06dZ", (int)(at_us % RS_US_PER_S));
        rs_event_format_time(at_us, text);
        assert_string_equal(text, expected);
        int64_t back = 0;
        assert_int_equal(rs_event_parse_time(rs_str(text), &back), RS_OK);
        assert_true(back == at_us);
    }
}

int run_time_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_time_takes_rfc3339_and_decimal_microseconds),
        cmocka_unit_test(parse_time_cuts_a_very_long_fraction),
        cmocka_unit_test(parse_time_refuses_every_prefix),
        cmocka_unit_test(format_time_writes_27_characters),
        cmocka_unit_test(time_agrees_with_the_c_library_on_random_instants),
    };
    return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
