#include "feed_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void look_up_key(void *context, uint32_t key, rs_key_t *dimensions) {
    const feed_world_t *world = context;
    *dimensions = world->keys[key];
}

static int64_t tell_now(void *context) {
    const feed_world_t *world = context;
    return world->now_us;
}

void world_init(feed_world_t *world, uint32_t keys) {
    rs_window_settings_t settings = {
        .window_count = 2, .max_keys = TEST_MAX_KEYS, .max_bytes = 256U << 20, .start_us = TEST_NOW};
    static char names[TEST_MAX_KEYS][16];

    memset(world, 0, sizeof(*world));
    world->now_us = TEST_NOW;
    world->config.window_count = 2;
    settings.windows_us[0] = world->config.windows_us[0] = 5 * RS_US_PER_MIN;
    settings.windows_us[1] = world->config.windows_us[1] = RS_US_PER_HOUR;
    world->config.policy_count = 2;
    (void)snprintf(world->config.policies[0].name, sizeof(world->config.policies[0].name), "short_excluded");
    world->config.policies[0].open_miss_now = world->config.policies[0].short_on = true;
    world->config.policies[0].version = world->config.policies[1].version = 1;
    (void)snprintf(world->config.policies[1].name, sizeof(world->config.policies[1].name), "answered_only");
    world->config.default_threshold_us = 20 * RS_US_PER_S;
    world->config.override_threshold_us = world->config.override_short_us = -1;
    world->config.feed_period_us = 20 * RS_US_PER_MS;
    world->config.limits.alerts = 1000;
    (void)snprintf(world->folder, sizeof(world->folder), "/tmp/rs-feed-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    (void)snprintf(world->publish, sizeof(world->publish), "ipc://%s/feed", world->folder);
    (void)snprintf(world->snapshot, sizeof(world->snapshot), "ipc://%s/snapshot", world->folder);
    world->config.feed_endpoint = rs_str(world->publish);
    world->config.snapshot_endpoint = rs_str(world->snapshot);
    assert_int_equal(uv_loop_init(&world->loop), 0);
    world->zmq = zmq_ctx_new();
    world->keys = calloc(TEST_MAX_KEYS, sizeof(*world->keys));
    assert_int_equal(rs_zone_load("UTC", &world->zone), RS_OK);
    assert_int_equal(rs_window_create(&settings, &world->store), RS_OK);
    for (uint32_t i = 0; i < keys; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "q%u", (unsigned)i);
        (void)world_add_key(world,
                            (rs_key_t){.family = RS_FAMILY_QUEUE,
                                       .channel = RS_CHANNEL_VOICE,
                                       .tenant = RS_STR("default"),
                                       .name = rs_str(names[i])},
                            true);
    }
}

uint32_t world_add_key(feed_world_t *world, rs_key_t key, bool full) {
    uint32_t number = 0;

    assert_int_equal(rs_window_add_key(world->store, full, world->zone, &number), RS_OK);
    world->keys[number] = key;
    return number;
}

void world_start(feed_world_t *world) {
    char why[256] = "";
    const rs_feed_options_t options = {.loop = &world->loop,
                                       .zmq_context = world->zmq,
                                       .config = &world->config,
                                       .run = TEST_RUN,
                                       .windows = world->store,
                                       .policies = world->config.policies,
                                       .policy_count = world->config.policy_count,
                                       .context = world,
                                       .key = look_up_key,
                                       .now_us = tell_now};
    if (rs_feed_create(&options, &world->feed, why, sizeof(why)) != RS_OK) fail_msg("%s", why);
}

static void note_closed(void *context) { ((feed_world_t *)context)->closed = true; }

void world_deinit(feed_world_t *world) {
    char path[128];

    if (world->feed != NULL) {
        rs_feed_close(&world->feed, note_closed, world);
        assert_null(world->feed);
        assert_int_equal(uv_run(&world->loop, UV_RUN_DEFAULT), 0);
        assert_true(world->closed);
    }
    assert_int_equal(uv_run(&world->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    assert_int_equal(zmq_ctx_term(world->zmq), 0);
    rs_window_destroy(&world->store);
    rs_zone_destroy(&world->zone);
    free(world->keys);
    (void)snprintf(path, sizeof(path), "%s/feed", world->folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/snapshot", world->folder);
    (void)unlink(path);
    (void)rmdir(world->folder);
}

void world_answer(feed_world_t *world, uint32_t key, int64_t wait_s) {
    assert_int_equal(rs_window_begin(world->store, key, world->now_us), RS_OK);
    rs_window_count(world->store, RS_COUNT_OFFERED, 1);
    rs_window_count(world->store, RS_COUNT_ANSWERED, 1);
    rs_window_count(world->store, RS_COUNT_WAIT_ANSWERED_US, wait_s * RS_US_PER_S);
    rs_window_duration(world->store, RS_HIST_WAIT_ANSWERED, wait_s * RS_US_PER_S, 1);
    rs_window_wait(world->store, wait_s * RS_US_PER_S, 1);
    rs_window_count(world->store, RS_COUNT_SL_DEN_0, 1);
    if (wait_s <= 20) rs_window_count(world->store, RS_COUNT_SL_NUM_0, 1);
    rs_window_end(world->store);
}

static void on_time_up(uv_timer_t *timer) { uv_stop(timer->loop); }

void world_run(feed_world_t *world, unsigned ms) {
    uv_timer_t timer;

    assert_int_equal(uv_timer_init(&world->loop, &timer), 0);
    assert_int_equal(uv_timer_start(&timer, on_time_up, ms, 0), 0);
    (void)uv_run(&world->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&timer, NULL);
    while (uv_is_closing((uv_handle_t *)&timer) && uv_is_active((uv_handle_t *)&timer))
        (void)uv_run(&world->loop, UV_RUN_NOWAIT);
    (void)uv_run(&world->loop, UV_RUN_NOWAIT);
}

rs_alert_transition_t world_transition(uint64_t episode, uint32_t key, unsigned from, unsigned to) {
    return (rs_alert_transition_t){.episode = (UINT64_C(17) << 32) + episode,
                                   .rule = 0,
                                   .key = key,
                                   .rule_name = RS_STR("too many wait"),
                                   .metric = RS_STR("waiting"),
                                   .dimensions = {.family = RS_FAMILY_QUEUE,
                                                  .channel = RS_CHANNEL_VOICE,
                                                  .tenant = RS_STR("default"),
                                                  .name = RS_STR("q0")},
                                   .severity = RS_SEVERITY_WARNING,
                                   .from = (uint8_t)from,
                                   .to = (uint8_t)to,
                                   .at_us = TEST_NOW,
                                   .started_us = TEST_NOW - RS_US_PER_S,
                                   .figure = {.value = 12},
                                   .limit = 10,
                                   .clear = 5};
}

void *world_subscribe(feed_world_t *world, const char *topic, int high_water) {
    void *socket = zmq_socket(world->zmq, ZMQ_SUB);
    const int none = 0;

    assert_non_null(socket);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof(none)), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_RCVHWM, &high_water, sizeof(high_water)), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic, strlen(topic)), 0);
    assert_int_equal(zmq_connect(socket, world->publish), 0);
    return socket;
}

void *world_dealer(feed_world_t *world) {
    void *socket = zmq_socket(world->zmq, ZMQ_DEALER);
    const int none = 0;

    assert_non_null(socket);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof(none)), 0);
    assert_int_equal(zmq_connect(socket, world->snapshot), 0);
    return socket;
}

static bool receive_now(void *socket, message_t *message) {
    int more = 1;

    message->count = 0;
    while (more != 0) {
        size_t size = sizeof(more);
        assert_in_range(message->count, 0, MAX_FRAMES - 1);
        char *frame = message->frames[message->count];
        const int len = zmq_recv(socket, frame, FRAME_BYTES - 1, ZMQ_DONTWAIT);
        if (len < 0) {
            assert_int_equal(message->count, 0);
            return false;
        }
        assert_in_range(len, 0, FRAME_BYTES - 1);
        frame[len] = '\0';
        message->lengths[message->count++] = (size_t)len;
        assert_int_equal(zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size), 0);
    }
    return true;
}

bool world_receive(feed_world_t *world, void *socket, unsigned ms, message_t *message) {
    const uint64_t end = uv_hrtime() + (uint64_t)ms * 1000000;

    while (!receive_now(socket, message)) {
        if (uv_hrtime() > end) return false;
        world_run(world, 1);
    }
    return true;
}

bool world_receive_update(feed_world_t *world, void *socket, unsigned ms, message_t *message) {
    do {
        if (!world_receive(world, socket, ms, message)) return false;
    } while (strcmp(message->frames[0], "heartbeat") == 0);
    return true;
}

header_t parse_header(const char *text) {
    unsigned long long run = 0, feed = 0, stream = 0, topic = 0;
    int used = 0;

    assert_int_equal(sscanf(text, "RS1 %llu %llu %llu %llu%n", &run, &feed, &stream, &topic, &used), 4);
    assert_int_equal(text[used], '\0');
    return (header_t){run, feed, stream, topic};
}

json_t *parse_body(const char *text) {
    json_error_t error;
    json_t *body = json_loads(text, JSON_REJECT_DUPLICATES, &error);

    if (body == NULL) fail_msg("not JSON: %s in %s", error.text, text);
    return body;
}

void send_request(void *socket, const char *const *frames, size_t count) {
    for (size_t i = 0; i < count; i++) {
        assert_true(zmq_send(socket, frames[i], strlen(frames[i]), i + 1 < count ? ZMQ_SNDMORE : 0) >= 0);
    }
}
