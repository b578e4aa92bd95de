/* What stands in topics and bodies, letter by letter. */
#include "feed_support.h"

#include <math.h>

static void keys_and_topics_separate_names_by_slashes(void **state) {
    const struct {
        rs_key_t key;
        const char *topic;
    } rows[] = {
        {{.family = RS_FAMILY_QUEUE, .channel = RS_CHANNEL_VOICE, .tenant = RS_STR("default"), .name = RS_STR("vip")},
         "window/default/queue/vip/voice"},
        {{.family = RS_FAMILY_QUEUE, .channel = RS_CHANNEL_CHAT, .tenant = RS_STR("default")},
         "window/default/queue//chat"},
        {{.family = RS_FAMILY_QUEUE,
          .channel = RS_CHANNEL_VOICE,
          .tenant = RS_STR("a/b"),
          .name = RS_STR("50% off \x01")},
         "window/a%2Fb/queue/50%25%20off%20%01/voice"},
        {{.family = RS_FAMILY_QUEUE,
          .channel = RS_CHANNEL_EMAIL,
          .tenant = RS_STR("t"),
          .name = RS_STR("B\xC3\xBCro.1-2_3~4")},
         "window/t/queue/B\xC3\xBCro.1-2_3~4/email"},
        {{.family = RS_FAMILY_CHANNEL, .channel = RS_CHANNEL_VOICE, .tenant = RS_STR("t")}, "window/t/channel/voice"},
        {{.family = RS_FAMILY_TOTAL, .tenant = RS_STR("t")}, "window/t/total"},
        {{.family = RS_FAMILY_TEAM, .tenant = RS_STR("t"), .name = RS_STR("blue")}, "window/t/team/blue"},
        {{.family = RS_FAMILY_AGENT, .tenant = RS_STR("t"), .name = RS_STR("alice")}, "window/t/agent/alice"},
    };
    char topic[RS_FEED_MAX_TOPIC];
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        assert_int_equal(rs_feed_format_topic("window", &rows[i].key, topic, sizeof(topic) - 1, &len), RS_OK);
        topic[len] = '\0';
        assert_string_equal(topic, rows[i].topic);
        assert_int_equal(rs_feed_format_topic("window", &rows[i].key, topic, len - 1, &len), RS_ERR_FULL);
    }
}

static void the_longest_names_fit(void **state) {
    char name[RS_MAX_NAME], topic[RS_FEED_MAX_TOPIC], body[RS_FEED_MAX_BODY];
    size_t len = 0;

    (void)state;
    memset(name, 1, sizeof(name));
    rs_alert_transition_t transition = world_transition(1, 0, RS_ALERT_OK, RS_ALERT_FIRING);
    transition.dimensions.tenant = transition.dimensions.name = (rs_str_t){name, sizeof(name)};
    transition.rule_name = transition.policy = transition.dimensions.name;
    assert_int_equal(rs_feed_format_topic("window", &transition.dimensions, topic, sizeof(topic), &len), RS_OK);
    assert_int_equal(rs_feed_format_alert(&transition, body, sizeof(body) - 1, &len), RS_OK);
    body[len] = '\0';
    json_decref(parse_body(body));
}

static void an_alert_is_written_letter_by_letter(void **state) {
    static const char golden[] =
        "{\"episode\":\"17-7\",\"rule\":\"vip "
        "\\\"sl\\\"\",\"severity\":\"critical\",\"from\":\"pending\",\"state\":\"firing\","
        "\"at\":\"2023-11-14T22:13:20.250000Z\",\"started_at\":\"2023-11-14T22:13:19.250000Z\","
        "\"fired_at\":\"2023-11-14T22:13:20.250000Z\",\"tenant\":\"default\",\"key\":\"queue/q0/"
        "voice\",\"family\":\"queue\","
        "\"queue\":\"q0\",\"team\":null,\"channel\":\"voice\",\"metric\":\"service_level\",\"window\":\"5m\","
        "\"policy\":\"short_excluded\",\"value\":0.7,\"numerator\":7,\"denominator\":10,\"compare\":\"below\","
        "\"limit\":0.8,"
        "\"clear\":0.85,\"runbook\":\"https://wiki.example.org/vip\",\"detector\":\"threshold\",\"baseline\":null,\"act\":null,"
        "\"acknowledged\":false,\"by\":null,\"text\":null,\"until\":null,\"owner\":null,\"due\":null,\"cause\":null,\"action\":null,"
        "\"silenced\":false,\"inhibited\":false,\"explanation\":null,\"provisional\":true}";
    char body[RS_FEED_MAX_BODY];
    size_t len = 0;

    (void)state;
    rs_alert_transition_t transition = world_transition(7, 0, RS_ALERT_PENDING, RS_ALERT_FIRING);
    transition.rule_name = RS_STR("vip \"sl\"");
    transition.severity = RS_SEVERITY_CRITICAL;
    transition.fired_us = TEST_NOW;
    transition.metric = RS_STR("service_level");
    transition.window = RS_STR("5m");
    transition.policy = RS_STR("short_excluded");
    transition.figure = (rs_figure_t){.value = 0.7, .numerator = 7, .denominator = 10};
    transition.compare = RS_ALERT_BELOW;
    transition.limit = 0.8;
    transition.clear = 0.85;
    transition.runbook = RS_STR("https://wiki.example.org/vip");
    assert_int_equal(rs_feed_format_alert(&transition, body, sizeof(body) - 1, &len), RS_OK);
    body[len] = '\0';
    assert_string_equal(body, golden);
    json_decref(parse_body(body));
    for (size_t size = 0; size < len; size++) {
        size_t cut = 0;
        assert_int_equal(rs_feed_format_alert(&transition, body, size, &cut), RS_ERR_FULL);
    }
}

static void absent_things_of_an_alert_are_null(void **state) {
    char body[RS_FEED_MAX_BODY];
    size_t len = 0;
    static const char *const nulls[] = {"fired_at", "queue", "team",      "channel",     "window",
                                        "policy",   "value", "numerator", "denominator", "runbook"};

    (void)state;
    rs_alert_transition_t transition = world_transition(1, 0, RS_ALERT_FIRING, RS_ALERT_RESOLVED);
    transition.dimensions = (rs_key_t){.family = RS_FAMILY_TOTAL, .tenant = RS_STR("t")};
    transition.figure = (rs_figure_t){.is_null = true, .value = 99, .numerator = 4, .denominator = 5};
    assert_int_equal(rs_feed_format_alert(&transition, body, sizeof(body) - 1, &len), RS_OK);
    body[len] = '\0';
    json_t *json = parse_body(body);
    for (size_t i = 0; i < RS_ARRAY_LEN(nulls); i++) {
        if (!json_is_null(json_object_get(json, nulls[i]))) fail_msg("%s", nulls[i]);
    }
    assert_string_equal(json_string_value(json_object_get(json, "key")), "total");
    json_decref(json);
}

/* Fills key 0 so that every figure has a value that can be computed by hand. */
static void fill(feed_world_t *world) {
    world_answer(world, 0, 10);
    world_answer(world, 0, 30);
    assert_int_equal(rs_window_begin(world->store, 0, world->now_us - 600 * RS_US_PER_S), RS_OK); /* in 1h, not in 5m */
    rs_window_count(world->store, RS_COUNT_OFFERED, 2);
    rs_window_count(world->store, RS_COUNT_ABANDONED, 1);
    rs_window_count(world->store, RS_COUNT_WAIT_ABANDONED_US, 7000999);
    rs_window_duration(world->store, RS_HIST_WAIT_ABANDONED, 7000999, 1);
    rs_window_wait(world->store, 7000999, 1);
    rs_window_count(world->store, RS_COUNT_FLOWED_OUT, 1);
    rs_window_count(world->store, RS_COUNT_FLOW_TIMEOUT, 1);
    rs_window_count(world->store, RS_COUNT_HANDLED, 3);
    rs_window_count(world->store, RS_COUNT_TALK_US, 100 * RS_US_PER_S);
    rs_window_count(world->store, RS_COUNT_HOLD_US, 999);
    rs_window_end(world->store);
    const rs_window_gauges_t gauges = {.waiting = 2,
                                       .oldest_queued_us = world->now_us - 25 * RS_US_PER_S,
                                       .open_over_t = 1,
                                       .open_miss = {1},
                                       .talking = 3};
    rs_window_set_gauges(world->store, 0, &gauges);
}

static const rs_standard_t standards[] = {{.threshold_us = 20 * RS_US_PER_S, .short_us = 5 * RS_US_PER_S, .target = 0.8},
                                          {.threshold_us = 10 * RS_US_PER_S, .short_us = 5 * RS_US_PER_S, .target = 0.9}};

static rs_feed_view_t view_of(const feed_world_t *world) {
    return (rs_feed_view_t){.store = world->store,
                            .windows_us = world->config.windows_us,
                            .window_count = 2,
                            .policies = world->config.policies,
                            .policy_count = 2,
                            .standards = standards};
}

static void windows_are_written_letter_by_letter(void **state) {
    static const char golden[] =
        "{\"tenant\":\"default\",\"key\":\"queue/q0/"
        "voice\",\"family\":\"queue\",\"queue\":\"q0\",\"team\":null,\"channel\":\"voice\","
        "\"at\":\"2023-11-14T22:13:20.250000Z\",\"waiting\":2,\"oldest_queued_at\":\"2023-11-14T22:12:55.250000Z\","
        "\"oldest_wait_ms\":25000,\"open_over_t\":1,\"talking\":3,\"threshold_ms\":20000,"
        "\"estimated_wait_ms\":21400,\"breach_oldest\":1,\"breach_newest\":0.5,"
        "\"policies\":{\"short_excluded\":{\"version\":1,\"target\":0.8,\"threshold_ms\":20000,\"short_ms\":5000},"
        "\"answered_only\":{\"version\":1,\"target\":0.9,\"threshold_ms\":10000,\"short_ms\":0}},\"windows\":{"
        "\"5m\":{\"offered\":2,\"answered\":2,\"abandoned\":0,\"abandoned_short\":0,\"flowed_out\":0,\"callbacks\":0,"
        "\"blocked\":0,"
        "\"abandoned_before_queue\":0,\"answered_in_t\":0,\"abandoned_in_t\":0,\"service_level\":{\"short_excluded\":{"
        "\"value\":0.3333333333333333,\"numerator\":1,\"denominator\":3},\"answered_only\":{\"value\":null,"
        "\"numerator\":0,\"denominator\":0}},"
        "\"wait_ms\":{\"answered_sum\":40000,\"abandoned_sum\":0,\"max\":30000,\"asa\":20000,\"p50\":10111,\"p80\":"
        "29951,\"p90\":29951,"
        "\"p95\":29951,\"p99\":29951},\"abandon_wait_ms\":{\"mean\":null,\"p50\":null,\"p90\":null,\"p95\":null,"
        "\"p99\":null,\"max\":null},"
        "\"handled\":0,\"handled_short\":0,\"flowed_out_by_reason\":{},\"talk_ms_sum\":0,\"hold_ms_sum\":0,\"wrap_ms_"
        "sum\":0,"
        "\"aht_ms\":null,\"transferred_in\":0,\"transferred_out\":0,\"offers\":0,\"offers_failed\":0,"
        "\"fcr\":{\"eligible\":0,\"unresolved\":0,\"value\":null},\"occupancy\":{\"on_contact\":null,\"logged_in\":null}},";
    feed_world_t world;
    char body[RS_FEED_MAX_BODY];
    size_t len = 0;
    int64_t waiting = 0;

    (void)state;
    world_init(&world, 1);
    fill(&world);
    const rs_feed_view_t view = view_of(&world);
    rs_window_set_prediction(world.store, 0, &(rs_window_prediction_t){.reason = RS_PREDICTION_GIVEN,
                                                                       .estimated_wait_us = 21400 * RS_US_PER_MS,
                                                                       .breach_oldest = RS_PREDICTION_ONE,
                                                                       .breach_newest = RS_PREDICTION_ONE / 2});
    assert_int_equal(rs_feed_format_windows(&view, 0, &world.keys[0], world.now_us, 20 * RS_US_PER_S, body,
                                            sizeof(body) - 1, &len, &waiting),
                     RS_OK);
    body[len] = '\0';
    assert_int_equal(waiting, 2);
    /* the buckets of 10 s and 30 s have their middles at 10111 and 29951 ms */
    assert_memory_equal(body, golden, sizeof(golden) - 1);
    json_t *json = parse_body(body);
    json_t *hour = json_object_get(json_object_get(json, "windows"), "1h");
    assert_int_equal(json_integer_value(json_object_get(hour, "offered")), 4);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(hour, "flowed_out_by_reason"), "timeout")), 1);
    assert_int_equal(json_object_size(json_object_get(hour, "flowed_out_by_reason")), 1);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(hour, "wait_ms"), "abandoned_sum")), 7000);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(hour, "abandon_wait_ms"), "max")), 7000);
    assert_true(json_real_value(json_object_get(json_object_get(hour, "abandon_wait_ms"), "mean")) == 7000.999);
    assert_int_equal(json_integer_value(json_object_get(hour, "hold_ms_sum")), 0);
    assert_true(json_real_value(json_object_get(hour, "aht_ms")) == 100000.999 / 3);
    assert_true(json_is_object(json_object_get(json_object_get(json, "windows"), "today")));
    assert_int_equal(json_object_size(json_object_get(json, "windows")), 3);
    json_decref(json);
    world_deinit(&world);
}

static void an_empty_key_has_nulls_and_no_percentages(void **state) {
    feed_world_t world;
    char body[RS_FEED_MAX_BODY];
    size_t len = 0;
    int64_t waiting = 9;

    (void)state;
    world_init(&world, 1);
    const rs_feed_view_t view = view_of(&world);
    assert_int_equal(
        rs_feed_format_windows(&view, 0, &world.keys[0], world.now_us, -1, body, sizeof(body) - 1, &len, &waiting),
        RS_OK);
    body[len] = '\0';
    json_t *json = parse_body(body);
    json_t *today = json_object_get(json_object_get(json, "windows"), "today");
    assert_true(json_is_null(
        json_object_get(json_object_get(json_object_get(today, "service_level"), "short_excluded"), "value")));
    assert_true(json_is_null(json_object_get(json_object_get(today, "wait_ms"), "asa")));
    assert_true(json_is_null(json_object_get(json_object_get(today, "wait_ms"), "p90")));
    assert_true(json_is_null(json_object_get(json_object_get(today, "wait_ms"), "max")));
    assert_true(json_is_null(json_object_get(json, "oldest_wait_ms")));
    assert_true(json_is_null(json_object_get(json, "threshold_ms")));
    assert_int_equal(waiting, 0);
    json_decref(json);
    assert_int_equal(rs_feed_format_windows(&view, 5, &world.keys[0], 0, -1, body, sizeof(body), &len, &waiting),
                     RS_ERR_NOT_FOUND);
    world_deinit(&world);
}

static void a_team_has_its_two_windows_without_percentiles(void **state) {
    feed_world_t world;
    char body[RS_FEED_MAX_BODY];
    size_t len = 0;
    int64_t waiting = 0;

    (void)state;
    world_init(&world, 0);
    const uint32_t team = world_add_key(
        &world, (rs_key_t){.family = RS_FAMILY_TEAM, .tenant = RS_STR("t"), .name = RS_STR("blue")}, false);
    assert_int_equal(rs_window_begin(world.store, team, world.now_us), RS_OK);
    rs_window_count(world.store, RS_COUNT_ANSWERED, 4);
    rs_window_end(world.store);
    const rs_feed_view_t view = view_of(&world);
    assert_int_equal(rs_feed_format_windows(&view, team, &world.keys[team], world.now_us, -1, body, sizeof(body) - 1,
                                            &len, &waiting),
                     RS_OK);
    body[len] = '\0';
    json_t *json = parse_body(body);
    json_t *windows = json_object_get(json, "windows");
    assert_int_equal(json_object_size(windows), 2);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(windows, "1h"), "answered")), 4);
    assert_true(json_is_null(json_object_get(json_object_get(json_object_get(windows, "today"), "wait_ms"), "p50")));
    json_decref(json);
    world_deinit(&world);
}

static void numbers_read_back_as_they_were(void **state) {
    static const double values[] = {0,    1,     -1,       0.1,         1.0 / 3,           0.8300188679245283,
                                    1e15, 1e300, -2.5e-10, 123456789.5, 999999999999999.0, 5e-324};
    char text[128];
    rs_json_t json;

    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(values); i++) {
        rs_json_init(&json, text, sizeof(text) - 1);
        rs_json_begin(&json, NULL);
        rs_json_number(&json, "x", values[i]);
        rs_json_end(&json);
        text[json.len] = '\0';
        json_t *parsed = parse_body(text);
        assert_true(json_number_value(json_object_get(parsed, "x")) == values[i]);
        json_decref(parsed);
    }
    rs_json_init(&json, text, sizeof(text) - 1);
    rs_json_begin(&json, NULL);
    rs_json_number(&json, "a", (double)NAN);
    rs_json_number(&json, "b", (double)INFINITY);
    rs_json_integer(&json, "c", INT64_MIN);
    rs_json_string(&json, "d", RS_STR("\"\\\n\x1f/\xE2\x82\xAC"));
    rs_json_bool(&json, "e", false);
    rs_json_end(&json);
    text[json.len] = '\0';
    assert_string_equal(
        text,
        "{\"a\":null,\"b\":null,\"c\":-9223372036854775808,\"d\":\"\\\"\\\\\\u000a\\u001f/\xE2\x82\xAC\",\"e\":false}");
}

const struct CMUnitTest format_tests[] = {
    cmocka_unit_test(keys_and_topics_separate_names_by_slashes),
    cmocka_unit_test(the_longest_names_fit),
    cmocka_unit_test(an_alert_is_written_letter_by_letter),
    cmocka_unit_test(absent_things_of_an_alert_are_null),
    cmocka_unit_test(windows_are_written_letter_by_letter),
    cmocka_unit_test(an_empty_key_has_nulls_and_no_percentages),
    cmocka_unit_test(a_team_has_its_two_windows_without_percentiles),
    cmocka_unit_test(numbers_read_back_as_they_were),
};
const size_t format_test_count = RS_ARRAY_LEN(format_tests);
