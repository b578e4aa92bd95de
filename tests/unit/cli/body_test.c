#include "cli_test.h"

#include "feed/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const test_alert_t sample_alert = {.episode = "17-7", .rule = "vip-level", .severity = "critical", .from = "pending",
                                          .state = "firing", .queue = "vip", .value = 0.75, .of = 20};

static void reads_an_alert_that_the_daemon_wrote(void **state) {
    const rs_alert_transition_t transition = {
        .episode = (UINT64_C(17) << 32) + 7, .rule_name = RS_STR("größe \"5\""), .severity = RS_SEVERITY_WARNING, .from = RS_ALERT_PENDING,
        .to = RS_ALERT_FIRING, .at_us = TEST_NOW_US + 250000, .started_us = TEST_NOW_US, .fired_us = TEST_NOW_US + 250000,
        .dimensions = {.family = RS_FAMILY_QUEUE, .channel = RS_CHANNEL_CHAT, .tenant = RS_STR("acme"), .name = RS_STR("a/b c")},
        .metric = RS_STR("abandoned_rate"), .window = RS_STR("30m"), .figure = {.value = 0.25, .numerator = 5, .denominator = 20},
        .compare = RS_ALERT_ABOVE, .limit = 0.1, .clear = 0.07};
    char text[RS_FEED_MAX_BODY], label[RS_KEY_LABEL];
    size_t len = 0;
    rs_alert_body_t alert;
    (void)state;
    assert_int_equal(rs_feed_format_alert(&transition, text, sizeof text, &len), RS_OK);
    assert_int_equal(rs_body_read_alert((rs_str_t){text, (uint32_t)len}, &alert), RS_OK);
    assert_string_equal(alert.episode, "17-7");
    assert_string_equal(alert.rule, "größe \"5\"");
    assert_int_equal(alert.severity, RS_SEVERITY_WARNING);
    assert_int_equal(alert.from, RS_ALERT_PENDING);
    assert_int_equal(alert.state, RS_ALERT_FIRING);
    assert_int_equal(alert.at_us, TEST_NOW_US + 250000);
    assert_int_equal(alert.started_us, TEST_NOW_US);
    assert_int_equal(alert.fired_us, TEST_NOW_US + 250000);
    assert_string_equal(alert.key.tenant, "acme");
    assert_string_equal(alert.key.name, "a/b c");
    assert_string_equal(alert.key.channel, "chat");
    assert_int_equal(alert.key.family, RS_FAMILY_QUEUE);
    assert_string_equal(alert.metric, "abandoned_rate");
    assert_string_equal(alert.window, "30m");
    assert_string_equal(alert.policy, "");
    assert_true(alert.has_value && alert.is_above);
    assert_true(alert.value == 0.25 && alert.limit == 0.1 && alert.clear == 0.07);
    assert_int_equal(alert.numerator, 5);
    assert_int_equal(alert.denominator, 20);
    rs_body_key_label(&alert.key, true, label);
    assert_string_equal(label, "acme: a/b c/chat");
}

static void keys_are_named_by_family(void **state) {
    static const struct { rs_body_key_t key; const char *label; } table[] = {
        {{.family = RS_FAMILY_QUEUE, .name = "vip", .channel = "voice"}, "vip/voice"},
        {{.family = RS_FAMILY_QUEUE, .channel = "voice"}, "(direct)/voice"},
        {{.family = RS_FAMILY_CHANNEL, .channel = "chat"}, "channel chat"},
        {{.family = RS_FAMILY_TOTAL}, "total"},
        {{.family = RS_FAMILY_TEAM, .name = "blue"}, "team blue"},
        {{.family = RS_FAMILY_COUNT, .text = "skill/x"}, "skill/x"},
    };
    char label[RS_KEY_LABEL];
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        rs_body_key_label(&table[i].key, false, label);
        assert_string_equal(label, table[i].label);
    }
}

static void refuses_alerts_that_are_none(void **state) {
    static const char *const bodies[] = {
        "", "{", "[]", "null", "17", "{}", "\xFF\xFE", "{\"episode\":\"1-1\"}",
        "{\"episode\":17,\"rule\":\"r\",\"severity\":\"info\",\"from\":\"ok\",\"state\":\"firing\",\"at\":\"2026-11-22T10:00:00Z\","
        "\"tenant\":\"t\",\"key\":\"total\",\"family\":\"total\"}",
        "{\"episode\":\"1\",\"rule\":\"r\",\"severity\":\"bad\",\"from\":\"ok\",\"state\":\"firing\",\"at\":\"2026-11-22T10:00:00Z\","
        "\"tenant\":\"t\",\"key\":\"total\",\"family\":\"total\"}",
        "{\"episode\":\"1\",\"rule\":\"r\",\"severity\":\"info\",\"from\":\"ok\",\"state\":\"on fire\",\"at\":\"2026-11-22T10:00:00Z\","
        "\"tenant\":\"t\",\"key\":\"total\",\"family\":\"total\"}",
        "{\"episode\":\"1\",\"rule\":\"r\",\"severity\":\"info\",\"from\":\"ok\",\"state\":\"firing\",\"at\":\"yesterday\","
        "\"tenant\":\"t\",\"key\":\"total\",\"family\":\"total\"}",
        "{\"episode\":\"1\",\"rule\":\"r\",\"severity\":\"info\",\"from\":\"ok\",\"state\":\"firing\",\"tenant\":\"t\",\"key\":\"total\","
        "\"family\":\"total\"}",
        "{\"episode\":\"1\",\"rule\":\"r\",\"severity\":\"info\",\"from\":\"ok\",\"state\":\"firing\",\"at\":\"2026-11-22T10:00:00Z\","
        "\"key\":\"total\",\"family\":\"total\"}",
        "{\"episode\":\"1\",\"rule\":\"r\",\"severity\":\"info\",\"from\":\"ok\",\"state\":\"firing\",\"at\":\"2026-11-22T10:00:00Z\","
        "\"tenant\":\"t\",\"key\":\"total\",\"family\":\"total\",\"value\":\"much\"}",
        "{\"episode\":\"1\",\"rule\":\"r\",\"severity\":\"info\",\"from\":\"ok\",\"state\":\"firing\",\"at\":\"2026-11-22T10:00:00Z\","
        "\"tenant\":\"t\",\"key\":\"total\",\"family\":\"total\",\"denominator\":-3}",
        "{\"episode\":\"1234567890123456789012345678901234567890\",\"rule\":\"r\",\"severity\":\"info\",\"from\":\"ok\","
        "\"state\":\"firing\",\"at\":\"2026-11-22T10:00:00Z\",\"tenant\":\"t\",\"key\":\"total\",\"family\":\"total\"}",
    };
    const char *good = "{\"episode\":\"1\",\"rule\":\"r\",\"severity\":\"info\",\"from\":\"ok\",\"state\":\"firing\","
                       "\"at\":\"2026-11-22T10:00:00Z\",\"tenant\":\"t\",\"key\":\"total\",\"family\":\"total\","
                       "\"added_later\":{\"x\":[1]}}";
    rs_alert_body_t alert;
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(bodies); i++) {
        if (rs_body_read_alert(rs_str(bodies[i]), &alert) != RS_ERR_PARSE) fail_msg("taken: %s", bodies[i]);
    }
    assert_int_equal(rs_body_read_alert(rs_str(good), &alert), RS_OK);   /* so it is what was changed that is refused */
    assert_false(alert.has_value);
}

static void refuses_windows_with_figures_beyond_sense(void **state) {
    static const struct { const char *windows; int status; } table[] = {
        {"{}", RS_OK},
        {"{\"5m\":{\"offered\":7}}", RS_OK},
        {"{\"5m\":{\"offered\":null,\"wait_ms\":null,\"service_level\":null}}", RS_OK},
        {"[]", RS_OK},
        {"{\"5m\":17}", RS_ERR_PARSE},
        {"{\"5m\":{\"offered\":-1}}", RS_ERR_PARSE},
        {"{\"5m\":{\"offered\":1.5}}", RS_ERR_PARSE},
        {"{\"5m\":{\"offered\":9223372036854775807}}", RS_ERR_PARSE},
        {"{\"5m\":{\"offered\":99999999999999999999}}", RS_ERR_PARSE},
        {"{\"5m\":{\"service_level\":{\"p\":1}}}", RS_ERR_PARSE},
        {"{\"a window with a name much longer than any\":{}}", RS_ERR_PARSE},
        {"{\"1\":{},\"2\":{},\"3\":{},\"4\":{},\"5\":{},\"6\":{},\"7\":{}}", RS_OK},
        {"{\"5m\":{\"service_level\":{\"1\":{},\"2\":{},\"3\":{},\"4\":{},\"5\":{},\"6\":{},\"7\":{},\"8\":{},\"9\":{}}}}", RS_OK},
    };
    char text[1024];
    static rs_window_body_t window;
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        snprintf(text, sizeof text,
                 "{\"tenant\":\"t\",\"key\":\"total\",\"family\":\"total\",\"at\":\"2026-11-22T10:00:00Z\",\"windows\":%s}",
                 table[i].windows);
        const int status = rs_body_read_window(rs_str(text), &window);
        if (status != table[i].status) fail_msg("%s: %d, should be %d", text, status, table[i].status);
        if (status == RS_OK) assert_true(window.window_count <= RS_BODY_WINDOWS);
    }
}

static void refuses_bodies_longer_than_any(void **state) {
    const uint32_t len = RS_BODY_MAX + 1;
    char *text = malloc(len);
    static rs_window_body_t window;
    (void)state;
    assert_non_null(text);
    memset(text, ' ', len);
    assert_int_equal(rs_body_read_window((rs_str_t){text, len}, &window), RS_ERR_PARSE);
    free(text);
}

/* Bytes of a good body are changed at random: every one is either read or refused, and what is read stays in its bounds. */
static void survives_damaged_bodies(void **state) {
    const unsigned seed = (unsigned)time(NULL);
    const rs_str_t good = test_alert_body(&sample_alert);
    char text[4096];
    uint32_t refused = 0;
    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 20000; round++) {
        rs_alert_body_t alert;
        memcpy(text, good.data, good.len);
        for (int i = 0; i <= rand() % 4; i++) text[(uint32_t)rand() % good.len] = (char)(rand() % 256);
        const uint32_t len = rand() % 4 == 0 ? (uint32_t)rand() % good.len : good.len;
        if (rs_body_read_alert((rs_str_t){text, len}, &alert) != RS_OK) {
            refused++;
            continue;
        }
        assert_true(strlen(alert.rule) <= RS_MAX_NAME && strlen(alert.episode) < RS_BODY_WORD);
        assert_true(alert.state < RS_ALERT_STATE_COUNT && alert.severity <= RS_SEVERITY_CRITICAL);
    }
    assert_in_range(refused, 5000, 19999);
}

static void reads_the_time_of_a_heartbeat(void **state) {
    int64_t at_us = 5;
    (void)state;
    assert_int_equal(rs_body_read_heartbeat(RS_STR("{\"at\":\"2026-11-22T10:00:00Z\",\"feed\":1}"), &at_us), RS_OK);
    assert_int_equal(at_us, TEST_NOW_US);
    assert_int_equal(rs_body_read_heartbeat(RS_STR("{\"feed\":1}"), &at_us), RS_ERR_PARSE);
    assert_int_equal(rs_body_read_heartbeat(RS_STR("nonsense"), &at_us), RS_ERR_PARSE);
    assert_int_equal(rs_body_read_heartbeat((rs_str_t){0}, &at_us), RS_ERR_PARSE);
    assert_int_equal(at_us, TEST_NOW_US);
}

const struct CMUnitTest body_tests[] = {
    cmocka_unit_test(reads_an_alert_that_the_daemon_wrote),
    cmocka_unit_test(keys_are_named_by_family),
    cmocka_unit_test(refuses_alerts_that_are_none),
    cmocka_unit_test(refuses_windows_with_figures_beyond_sense),
    cmocka_unit_test(refuses_bodies_longer_than_any),
    cmocka_unit_test(survives_damaged_bodies),
    cmocka_unit_test(reads_the_time_of_a_heartbeat),
};
const size_t body_test_count = RS_ARRAY_LEN(body_tests);
