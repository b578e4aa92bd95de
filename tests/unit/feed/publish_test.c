/* Updates as a real subscriber sees them: numbers, gaps, heartbeats, pace. */
#include "feed_support.h"

#include <stdio.h>
#include <stdlib.h>

/* A subscription is known to work when the first heartbeat has come. */
static void *joined(feed_world_t *world, const char *topic, int high_water) {
    static message_t message;
    void *socket = world_subscribe(world, topic, high_water);

    assert_int_equal(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "heartbeat", strlen("heartbeat")), 0);
    do {
        assert_true(world_receive(world, socket, 120000, &message));
    } while (strcmp(message.frames[0], "heartbeat") != 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_UNSUBSCRIBE, "heartbeat", strlen("heartbeat")), 0);
    return socket;
}

static void a_transition_reaches_the_subscriber_of_its_topic(void **state) {
    feed_world_t world;
    static message_t message;

    (void)state;
    world_init(&world, 1);
    world_start(&world);
    void *all = joined(&world, "alert/default/queue/q0/", 1000);
    void *other = joined(&world, "alert/default/queue/q1/", 1000);
    rs_alert_transition_t transition = world_transition(3, 0, RS_ALERT_OK, RS_ALERT_FIRING);
    rs_feed_on_transition(world.feed, &transition);
    assert_true(world_receive_update(&world, all, 120000, &message));
    assert_int_equal(message.count, 3);
    assert_string_equal(message.frames[0], "alert/default/queue/q0/voice");
    const header_t header = parse_header(message.frames[1]);
    assert_int_equal(header.run, TEST_RUN);
    assert_int_equal(header.stream, 1);
    assert_int_equal(header.topic, 1);
    json_t *body = parse_body(message.frames[2]);
    assert_string_equal(json_string_value(json_object_get(body, "episode")), "17-3");
    assert_string_equal(json_string_value(json_object_get(body, "state")), "firing");
    json_decref(body);
    assert_false(world_receive_update(&world, other, 50, &message));
    (void)zmq_close(all);
    (void)zmq_close(other);
    world_deinit(&world);
}

static void numbers_rise_by_one_over_feed_stream_and_topic(void **state) {
    feed_world_t world;
    static message_t message;
    uint64_t feed = 0, alerts = 0, windows = 0, topics[4] = {0};
    int changes = 0;

    (void)state;
    world_init(&world, 4);
    world_start(&world);
    void *all = joined(&world, "", 100000);
    for (int round = 0; round < 20; round++) {
        const uint32_t key = (uint32_t)round % 4;
        world_answer(&world, key, 1);
        rs_alert_transition_t transition = world_transition((uint64_t)round + 1, key, RS_ALERT_OK, RS_ALERT_FIRING);
        rs_feed_on_transition(world.feed, &transition);
        world_run(&world, 30);
    }
    while (world_receive_update(&world, all, 1000, &message)) {
        const header_t header = parse_header(message.frames[1]);
        if (feed != 0) assert_int_equal(header.feed, feed + 1);
        feed = header.feed;
        if (strncmp(message.frames[0], "alert/", 6) == 0) {
            assert_int_equal(header.stream, ++alerts);
        } else {
            if (windows != 0) assert_int_equal(header.stream, windows + 1);
            windows = header.stream;
            unsigned key = 9;
            assert_int_equal(sscanf(message.frames[0], "window/default/queue/q%u/voice", &key), 1);
            if (topics[key] != 0) assert_int_equal(header.topic, topics[key] + 1);
            topics[key] = header.topic;
            changes++;
        }
    }
    assert_int_equal(alerts, 20);
    assert_in_range(changes, 20, 24);
    rs_feed_stats_t stats;
    rs_feed_stats(world.feed, &stats);
    assert_int_equal(stats.sequence, stats.alerts + stats.windows);
    assert_int_equal(stats.sequence, feed);
    assert_int_equal(stats.send_failures, 0);
    assert_int_equal(stats.open_episodes, 20);
    (void)zmq_close(all);
    world_deinit(&world);
}

static void a_heartbeat_comes_each_second_with_the_last_numbers(void **state) {
    feed_world_t world;
    static message_t message;

    (void)state;
    world_init(&world, 2);
    world_start(&world);
    rs_alert_transition_t transition = world_transition(1, 0, RS_ALERT_OK, RS_ALERT_PENDING);
    rs_feed_on_transition(world.feed, &transition);
    void *socket = world_subscribe(&world, "heartbeat", 100);
    assert_true(world_receive(&world, socket, 120000, &message));
    header_t header = parse_header(message.frames[1]);
    const uint64_t first = header.topic;
    assert_int_equal(header.feed, 3); /* the alert and two windows */
    json_t *body = parse_body(message.frames[2]);
    assert_int_equal(json_integer_value(json_object_get(body, "feed")), 3);
    assert_int_equal(json_integer_value(json_object_get(body, "alert")), 1);
    assert_int_equal(json_integer_value(json_object_get(body, "window")), 2);
    assert_int_equal(json_integer_value(json_object_get(body, "active_alerts")), 1);
    assert_int_equal(json_integer_value(json_object_get(body, "keys")), 2);
    json_decref(body);
    assert_true(world_receive(&world, socket, 120000, &message));
    header = parse_header(message.frames[1]);
    assert_int_equal(header.topic, first + 1);
    assert_int_equal(header.feed, 3);
    (void)zmq_close(socket);
    world_deinit(&world);
}

static void an_unchanged_key_is_published_once_and_a_waiting_one_each_second(void **state) {
    feed_world_t world;
    rs_feed_stats_t before, after;

    (void)state;
    world_init(&world, 3);
    world_start(&world);
    world_run(&world, 100);
    rs_feed_stats(world.feed, &before);
    assert_int_equal(before.windows, 3);
    world_run(&world, 200);
    rs_feed_stats(world.feed, &after);
    assert_int_equal(after.windows, 3);
    const rs_window_gauges_t gauges = {.waiting = 1, .oldest_queued_us = TEST_NOW - 1};
    rs_window_set_gauges(world.store, 1, &gauges);
    world_run(&world, 100);
    rs_feed_stats(world.feed, &after);
    assert_int_equal(after.windows, 4);
    world_run(&world, 1300);
    rs_feed_stats(world.feed, &after);
    assert_int_equal(after.windows, 5);
    world_deinit(&world);
}

static void single_agents_are_not_on_the_feed(void **state) {
    feed_world_t world;
    rs_feed_stats_t stats;

    (void)state;
    world_init(&world, 0);
    const uint32_t agent = world_add_key(
        &world, (rs_key_t){.family = RS_FAMILY_AGENT, .tenant = RS_STR("t"), .name = RS_STR("alice")}, false);
    (void)world_add_key(&world, (rs_key_t){.family = RS_FAMILY_TOTAL, .tenant = RS_STR("t")}, true);
    world_start(&world);
    assert_int_equal(rs_window_begin(world.store, agent, world.now_us), RS_OK);
    rs_window_count(world.store, RS_COUNT_ANSWERED, 1);
    rs_window_end(world.store);
    world_run(&world, 100);
    rs_feed_stats(world.feed, &stats);
    assert_int_equal(stats.windows, 1);
    world_deinit(&world);
}

/* The subscriber takes a few messages only; the feed goes on at once, and what is missing can be seen in the numbers.
 * */
static void a_slow_subscriber_loses_messages_and_sees_it(void **state) {
    enum { MESSAGES = 40000 };
    feed_world_t world;
    static message_t message;
    uint64_t last = 0, missing = 0, received = 0;

    (void)state;
    world_init(&world, 1);
    world_start(&world);
    void *slow = joined(&world, "alert/", 10);
    const uint64_t begun = uv_hrtime();
    for (uint64_t i = 0; i < MESSAGES; i++) {
        rs_alert_transition_t transition = world_transition(i + 1, 0, RS_ALERT_FIRING, RS_ALERT_RESOLVED);
        rs_feed_on_transition(world.feed, &transition);
    }
    assert_true(uv_hrtime() - begun < UINT64_C(20) * 1000000000); /* nothing waited for the subscriber */
    do {
        while (world_receive_update(&world, slow, 1000, &message)) {
            const header_t header = parse_header(message.frames[1]);
            missing += header.stream - last - 1;
            last = header.stream;
            received++;
        }
        rs_alert_transition_t transition = world_transition(MESSAGES + last, 0, RS_ALERT_FIRING, RS_ALERT_RESOLVED);
        rs_feed_on_transition(world.feed, &transition);
    } while (last < MESSAGES);
    assert_true(missing > 0);
    assert_int_equal(received + missing, last);
    rs_feed_stats_t stats;
    rs_feed_stats(world.feed, &stats);
    assert_int_equal(stats.send_failures, 0);
    (void)zmq_close(slow);
    world_deinit(&world);
}

static void a_new_configuration_changes_names_and_thresholds(void **state) {
    feed_world_t world;
    static message_t message;
    rs_config_t next;

    (void)state;
    world_init(&world, 1);
    world_start(&world);
    void *socket = joined(&world, "window/", 1000);
    next = world.config;
    next.default_threshold_us = 30 * RS_US_PER_S;
    (void)snprintf(next.policies[0].name, sizeof(next.policies[0].name), "renamed");
    rs_feed_configure(world.feed, &next, next.policies, 1);
    assert_true(world_receive_update(&world, socket, 120000, &message));
    while (strstr(message.frames[2], "renamed") == NULL)
        assert_true(world_receive_update(&world, socket, 120000, &message));
    json_t *body = parse_body(message.frames[2]);
    assert_int_equal(json_integer_value(json_object_get(body, "threshold_ms")), 30000);
    assert_int_equal(
        json_object_size(json_object_get(
            json_object_get(json_object_get(json_object_get(body, "windows"), "5m"), "service_level"), "renamed")),
        3);
    json_decref(body);
    (void)zmq_close(socket);
    world_deinit(&world);
}

static void an_endpoint_in_use_is_an_error_with_a_sentence(void **state) {
    feed_world_t world, second;
    char why[256] = "";
    rs_feed_t *feed = NULL;

    (void)state;
    world_init(&world, 0);
    world_init(&second, 0);
    world.config.feed_endpoint = RS_STR("tcp://127.0.0.1:*");
    world.config.snapshot_endpoint = RS_STR("nonsense");
    const rs_feed_options_t options = {
        .loop = &world.loop, .zmq_context = world.zmq, .config = &world.config, .run = 1};
    assert_int_equal(rs_feed_create(&options, &feed, why, sizeof(why)), RS_ERR_IO);
    assert_null(feed);
    assert_non_null(strstr(why, "nonsense"));
    world_deinit(&world);
    world_deinit(&second);
}

/* A scan compares versions and nothing else. The time is printed, not judged: machines differ. */
static void a_hundred_scans_of_ten_thousand_idle_keys_publish_nothing(void **state) {
    feed_world_t world;
    rs_feed_stats_t stats;
    uv_rusage_t before, after;

    (void)state;
    world_init(&world, 10000);
    world_start(&world);
    do {
        world_run(&world, 50);
        rs_feed_stats(world.feed, &stats);
    } while (stats.windows < 10000);
    assert_int_equal(uv_getrusage(&before), 0);
    world_run(&world, 2000); /* 100 periods of 20 ms */
    assert_int_equal(uv_getrusage(&after), 0);
    rs_feed_stats(world.feed, &stats);
    assert_int_equal(stats.windows, 10000);
    const double used_ms = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1e3 +
                           (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1e3;
    printf("a scan of 10,000 idle keys: %.3f ms of processor time\n", used_ms / 100);
    world_deinit(&world);
}

const struct CMUnitTest publish_tests[] = {
    cmocka_unit_test(a_transition_reaches_the_subscriber_of_its_topic),
    cmocka_unit_test(numbers_rise_by_one_over_feed_stream_and_topic),
    cmocka_unit_test(a_heartbeat_comes_each_second_with_the_last_numbers),
    cmocka_unit_test(an_unchanged_key_is_published_once_and_a_waiting_one_each_second),
    cmocka_unit_test(single_agents_are_not_on_the_feed),
    cmocka_unit_test(a_slow_subscriber_loses_messages_and_sees_it),
    cmocka_unit_test(a_new_configuration_changes_names_and_thresholds),
    cmocka_unit_test(an_endpoint_in_use_is_an_error_with_a_sentence),
    cmocka_unit_test(a_hundred_scans_of_ten_thousand_idle_keys_publish_nothing),
};
const size_t publish_test_count = RS_ARRAY_LEN(publish_tests);
