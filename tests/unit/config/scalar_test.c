/* Durations, numbers and sizes as text. */
#include "config_tests.h"

#include "config/metric_names.h"
#include "config/value.h"
#include "core/metric.h"

static void durations_are_read_exactly(void **state) {
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {{"0", 0},
                {"0s", 0},
                {"1us", 1},
                {"250ms", 250000},
                {"20s", 20000000},
                {"5m", 300000000},
                {"1h", INT64_C(3600000000)},
                {"1.5h", INT64_C(5400000000)},
                {"7d", INT64_C(604800000000)},
                {"0.5s", 500000},
                {"0.000001s", 1},
                {"1.25ms", 1250},
                {"007s", 7000000},
                {"106751991d", INT64_C(9223372022400000000)},
                {"9223372036854775807us", INT64_MAX}};
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(good); i++) {
        int64_t us = -1;
        if (rs_config_parse_duration(rs_str(good[i].text), &us) != RS_OK || us != good[i].us)
            fail_msg("%s gave %lld", good[i].text, (long long)us);
    }
}

static void what_is_no_duration_is_refused_and_nothing_written(void **state) {
    static const char *const bad[] = {"",
                                      "s",
                                      "5",
                                      "00",
                                      "0.0",
                                      "-1s",
                                      "+1s",
                                      " 1s",
                                      "1 s",
                                      "1s ",
                                      "1S",
                                      "1.s",
                                      ".5s",
                                      "1..5s",
                                      "1.5.0s",
                                      "0.5us",
                                      "0.0000001s",
                                      "1h30m",
                                      "1e3s",
                                      "106751992d",
                                      "9223372036854775808us",
                                      "99999999999999999999s",
                                      "1min",
                                      "0x10s",
                                      "1,5s"};
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(bad); i++) {
        int64_t us = 42;
        if (rs_config_parse_duration(rs_str(bad[i]), &us) == RS_OK || us != 42) fail_msg("`%s` was taken", bad[i]);
    }
}

static void a_formatted_duration_is_read_back_as_itself(void **state) {
    static const int64_t us[] = {
        0, 1, 999, 1000, 1001, 90000000, 300000000, INT64_C(3600000000), INT64_C(86400000000), INT64_MAX};
    char text[RS_DURATION_TEXT];
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(us); i++) {
        int64_t back = -1;
        rs_config_format_duration(us[i], text);
        assert_int_equal(rs_config_parse_duration(rs_str(text), &back), RS_OK);
        assert_int_equal(back, us[i]);
    }
    rs_config_format_duration(900000000, text);
    assert_string_equal(text, "15m");
    rs_config_format_duration(90000000, text);
    assert_string_equal(text, "90s");
}

static void numbers_are_the_nearest_doubles(void **state) {
    static const struct {
        const char *text;
        double number;
    } good[] = {{"0", 0},
                {"0.8", 0.8},
                {"0.85", 0.85},
                {"12", 12},
                {"0.1", 0.1},
                {"0.123456789012345", 0.123456789012345},
                {"999999999999999", 999999999999999.0}};
    static const char *const bad[] = {"",   "-1", "nan", "inf", "1e3", "0,8", "0.8%", ".8", "8.", "1000000000000000",
                                      "0x1"};
    char text[64];
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(good); i++) {
        double number = -1;
        assert_true(rs__parse_number(rs_str(good[i].text), &number));
        assert_true(number == good[i].number);
        rs__format_number(number, text, sizeof(text));
        assert_string_equal(text, good[i].text);
    }
    for (size_t i = 0; i < RS_ARRAY_LEN(bad); i++) {
        double number;
        if (rs__parse_number(rs_str(bad[i]), &number)) fail_msg("`%s` was taken", bad[i]);
    }
}

static void sizes_have_binary_units(void **state) {
    int64_t bytes = 0;
    char text[32];
    (void)state;
    assert_true(rs__parse_bytes(RS_STR("64KiB"), &bytes));
    assert_int_equal(bytes, 65536);
    assert_true(rs__parse_bytes(RS_STR("1GiB"), &bytes));
    assert_int_equal(bytes, 1073741824);
    assert_true(rs__parse_bytes(RS_STR("100"), &bytes));
    assert_int_equal(bytes, 100);
    assert_false(rs__parse_bytes(RS_STR("1KB"), &bytes));
    assert_false(rs__parse_bytes(RS_STR("9007199254740993GiB"), &bytes));
    rs__format_bytes(65536, text, sizeof(text));
    assert_string_equal(text, "64KiB");
}

/* The same list, in the same order, with the same units, as the core computes. */
static void metric_names_are_those_of_the_core(void **state) {
    static const char *const core_names[] = {
#define RS_X(NAME, name) #name,
        RS_METRICS(RS_X)
#undef RS_X
    };
    (void)state;
    assert_int_equal(RS_ARRAY_LEN(core_names), RS_METRIC_COUNT);
    for (uint32_t i = 0; i < RS_METRIC_COUNT; i++) {
        assert_non_null(rs_config_metric_name(i));
        assert_string_equal(rs_config_metric_name(i), core_names[i]);
        rs_metric_unit_t unit;
        assert_true(rs_config_metric_known(rs_str(core_names[i]), &unit));
    }
    assert_null(rs_config_metric_name(RS_METRIC_COUNT));
    assert_false(rs_config_metric_known(RS_STR("service_leve"), NULL));
    assert_false(rs_config_metric_known(RS_STR(""), NULL));
}

static void utf8_is_judged_by_its_bytes(void **state) {
    static const struct {
        const char *text;
        uint32_t len;
        bool good;
        uint32_t at;
    } rows[] = {{"abc", 3, true, 0},
                {"\xC3\xA9", 2, true, 0},
                {"\xE2\x82\xAC", 3, true, 0},
                {"\xF0\x9F\x98\x80", 4, true, 0},
                {"a\xC3", 2, false, 1},
                {"\xC0\x80", 2, false, 0},
                {"\xE0\x80\x80", 3, false, 0},
                {"\xED\xA0\x80", 3, false, 0},
                {"\xF4\x90\x80\x80", 4, false, 0},
                {"ok\xFF", 3, false, 2},
                {"\x80", 1, false, 0},
                {"\xE2\x28\xA1", 3, false, 0}};
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        uint32_t at = 0;
        const bool good = rs__text_is_utf8((rs_str_t){.data = rows[i].text, .len = rows[i].len}, &at);
        if (good != rows[i].good || at != rows[i].at) fail_msg("row %zu", i);
    }
}

const struct CMUnitTest scalar_tests[] = {
    cmocka_unit_test(durations_are_read_exactly),
    cmocka_unit_test(what_is_no_duration_is_refused_and_nothing_written),
    cmocka_unit_test(a_formatted_duration_is_read_back_as_itself),
    cmocka_unit_test(numbers_are_the_nearest_doubles),
    cmocka_unit_test(sizes_have_binary_units),
    cmocka_unit_test(metric_names_are_those_of_the_core),
    cmocka_unit_test(utf8_is_judged_by_its_bytes),
};
const size_t scalar_test_count = RS_ARRAY_LEN(scalar_tests);
