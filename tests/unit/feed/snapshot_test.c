/* The state for late joiners, and everything that a peer can do wrong. */
#include "feed_support.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const ask_all[] = {"RS1", "SNAPSHOT", ""};

/* Collects the answer to one request; returns the number of items. *sequence is the snapshot's. */
typedef struct collected {
    char topic[128];
    header_t header;
    char state[16];
    char episode[32];
    int64_t answered;
} collected_t;

static size_t collect(feed_world_t *world, void *socket, collected_t *items, size_t max, uint64_t *sequence) {
    static message_t message;
    size_t count = 0;

    for (;;) {
        assert_true(world_receive(world, socket, 120000, &message));
        assert_string_equal(message.frames[0], "RS1");
        *sequence = strtoull(message.frames[2], NULL, 10);
        if (strcmp(message.frames[1], "SNAPSHOT_END") == 0) break;
        assert_string_equal(message.frames[1], "SNAPSHOT");
        assert_int_equal(message.count % 3, 0);
        assert_true(message.count > 3); /* an empty one says nothing */
        for (size_t i = 3; i < message.count; i += 3) {
            assert_true(count < max);
            collected_t *item = &items[count++];
            memset(item, 0, sizeof(*item));
            strncpy(item->topic, message.frames[i], sizeof(item->topic) - 1);
            item->header = parse_header(message.frames[i + 1]);
            json_t *body = parse_body(message.frames[i + 2]);
            const char *what = json_string_value(json_object_get(body, "state"));
            if (what != NULL) strncpy(item->state, what, sizeof(item->state) - 1);
            const char *episode = json_string_value(json_object_get(body, "episode"));
            if (episode != NULL) strncpy(item->episode, episode, sizeof(item->episode) - 1);
            item->answered = json_integer_value(
                json_object_get(json_object_get(json_object_get(body, "windows"), "5m"), "answered"));
            json_decref(body);
        }
    }
    assert_int_equal(message.count, 5);
    assert_int_equal(strtoull(message.frames[3], NULL, 10), TEST_RUN);
    assert_int_equal(strtoull(message.frames[4], NULL, 10), count);
    return count;
}

static void move(feed_world_t *world, uint64_t episode, uint32_t key, unsigned from, unsigned to) {
    rs_alert_transition_t transition = world_transition(episode, key, from, to);
    rs_feed_on_transition(world->feed, &transition);
}

static void a_snapshot_has_open_alerts_and_windows_with_their_numbers(void **state) {
    static collected_t items[64];
    feed_world_t world;
    uint64_t sequence = 0;

    (void)state;
    world_init(&world, 2);
    world_start(&world);
    world_answer(&world, 1, 3);
    move(&world, 1, 0, RS_ALERT_OK, RS_ALERT_PENDING);
    move(&world, 2, 0, RS_ALERT_OK, RS_ALERT_FIRING);
    move(&world, 1, 0, RS_ALERT_PENDING, RS_ALERT_OK); /* over: not in the snapshot */
    move(&world, 3, 0, RS_ALERT_OK, RS_ALERT_FIRING);
    move(&world, 2, 0, RS_ALERT_FIRING, RS_ALERT_RECOVERING);
    world_run(&world, 100);
    void *socket = world_dealer(&world);
    send_request(socket, ask_all, 3);
    assert_int_equal(collect(&world, socket, items, 64, &sequence), 4);
    assert_int_equal(sequence, 7); /* five transitions, two windows */
    assert_string_equal(items[0].topic, "alert/default/queue/q0/voice");
    for (size_t i = 0; i < 2; i++) {
        const bool recovering = strcmp(items[i].episode, "17-2") == 0;
        assert_string_equal(items[i].state, recovering ? "recovering" : "firing");
        assert_int_equal(items[i].header.feed, recovering ? 5 : 4);
        assert_int_equal(items[i].header.topic, recovering ? 5 : 4);
    }
    assert_string_equal(items[3].topic, "window/default/queue/q1/voice");
    assert_int_equal(items[3].answered, 1);
    assert_int_equal(items[3].header.feed, 7);
    assert_int_equal(items[3].header.topic, 1);

    static const char *const prefix[] = {"RS1", "SNAPSHOT", "window/default/queue/q1/"};
    send_request(socket, prefix, 3);
    assert_int_equal(collect(&world, socket, items, 64, &sequence), 1);
    static const char *const nothing[] = {"RS1", "SNAPSHOT", "weather/"};
    send_request(socket, nothing, 3);
    assert_int_equal(collect(&world, socket, items, 64, &sequence), 0);
    (void)zmq_close(socket);
    world_deinit(&world);
}

/* Subscribe, keep, ask, drop what the snapshot has: then nothing is missing and nothing comes twice. */
static void a_late_joiner_misses_nothing(void **state) {
    enum { EPISODES = 300 };
    static message_t message;
    static collected_t items[EPISODES + 8];
    feed_world_t world;
    uint64_t sequence = 0, next = 0;

    (void)state;
    world_init(&world, 3);
    world_start(&world);
    for (uint64_t i = 1; i <= 100; i++) move(&world, i, 0, RS_ALERT_OK, RS_ALERT_FIRING);
    void *feed = world_subscribe(&world, "", 100000);
    do {
        assert_true(world_receive(&world, feed, 120000, &message));
    } while (strcmp(message.frames[0], "heartbeat") != 0);
    void *socket = world_dealer(&world);
    for (uint64_t i = 101; i <= 200; i++) move(&world, i, 0, RS_ALERT_OK, RS_ALERT_FIRING);
    send_request(socket, ask_all, 3);
    for (uint64_t i = 201; i <= EPISODES; i++) {
        move(&world, i, 0, RS_ALERT_OK, RS_ALERT_FIRING);
        if (i % 10 == 0) world_run(&world, 1);
    }
    const size_t count = collect(&world, socket, items, RS_ARRAY_LEN(items), &sequence);
    bool open[EPISODES + 1] = {false};
    for (size_t i = 0; i < count; i++) {
        if (items[i].episode[0] != '\0') open[strtoul(items[i].episode + 3, NULL, 10)] = true;
    }
    next = sequence + 1;
    while (world_receive_update(&world, feed, 1000, &message)) {
        const header_t header = parse_header(message.frames[1]);
        if (header.feed <= sequence) continue;
        assert_int_equal(header.feed, next++);
        json_t *body = parse_body(message.frames[2]);
        const char *episode = json_string_value(json_object_get(body, "episode"));
        if (episode != NULL) open[strtoul(episode + 3, NULL, 10)] = true;
        json_decref(body);
    }
    for (size_t i = 1; i <= EPISODES; i++) {
        if (!open[i]) fail_msg("episode %zu is missing", i);
    }
    rs_feed_stats_t stats;
    rs_feed_stats(world.feed, &stats);
    assert_int_equal(stats.sequence, next - 1);
    (void)zmq_close(feed);
    (void)zmq_close(socket);
    world_deinit(&world);
}

static void episodes_past_the_limit_are_published_but_not_kept(void **state) {
    static collected_t items[64];
    feed_world_t world;
    uint64_t sequence = 0;
    rs_feed_stats_t stats;

    (void)state;
    world_init(&world, 0);
    world.config.limits.alerts = 3;
    world_start(&world);
    for (uint64_t i = 1; i <= 5; i++) move(&world, i, 0, RS_ALERT_OK, RS_ALERT_FIRING);
    rs_feed_stats(world.feed, &stats);
    assert_int_equal(stats.alerts, 5);
    assert_int_equal(stats.untracked, 2);
    move(&world, 5, 0, RS_ALERT_FIRING, RS_ALERT_RESOLVED); /* was never in the table */
    move(&world, 1, 0, RS_ALERT_FIRING, RS_ALERT_RESOLVED);
    move(&world, 6, 0, RS_ALERT_OK, RS_ALERT_FIRING);
    void *socket = world_dealer(&world);
    send_request(socket, ask_all, 3);
    assert_int_equal(collect(&world, socket, items, 64, &sequence), 3);
    (void)zmq_close(socket);
    world_deinit(&world);
}

static void expect_error(feed_world_t *world, void *socket, const char *code) {
    static message_t message;

    assert_true(world_receive(world, socket, 120000, &message));
    assert_int_equal(message.count, 4);
    assert_string_equal(message.frames[0], "RS1");
    assert_string_equal(message.frames[1], "ERROR");
    assert_string_equal(message.frames[2], code);
    assert_true(message.lengths[3] > 10);
}

static void wrong_requests_are_answered_with_the_reason_and_counted(void **state) {
    static const struct {
        const char *frames[6];
        size_t count;
        const char *code;
    } rows[] = {
        {{"RS2", "SNAPSHOT", ""}, 3, "VERSION"},
        {{""}, 1, "VERSION"},
        {{"RS1"}, 1, "UNKNOWN"},
        {{"RS1", "snapshot", ""}, 3, "UNKNOWN"},
        {{"RS1", "SNAPSHOT"}, 2, "MALFORMED"},
        {{"RS1", "SNAPSHOT", "a", "b", "c", "d"}, 6, "MALFORMED"},
        {{"", "RS1", "SNAPSHOT", ""}, 4, "VERSION"},
        {{"\x01\x02\xff"}, 1, "VERSION"},
    };
    static collected_t items[64];
    feed_world_t world;
    char prefix[600];
    rs_feed_stats_t stats;
    uint64_t sequence = 0;

    (void)state;
    world_init(&world, 1);
    world_start(&world);
    void *socket = world_dealer(&world);
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        send_request(socket, rows[i].frames, rows[i].count);
        expect_error(&world, socket, rows[i].code);
    }
    memset(prefix, 'x', sizeof(prefix));
    prefix[513] = '\0';
    const char *const too_long[] = {"RS1", "SNAPSHOT", prefix};
    send_request(socket, too_long, 3);
    expect_error(&world, socket, "MALFORMED");
    prefix[512] = '\0';
    send_request(socket, too_long, 3);
    assert_int_equal(collect(&world, socket, items, 64, &sequence), 0);
    rs_feed_stats(world.feed, &stats);
    assert_int_equal(stats.refused_version, 4);
    assert_int_equal(stats.refused_unknown, 2);
    assert_int_equal(stats.refused_malformed, 3);
    assert_int_equal(stats.snapshots_done, 1);
    (void)zmq_close(socket);
    world_deinit(&world);
}

/* Thousands of frames in one message, and a message over the bound: others are still served. */
static void floods_do_not_keep_others_from_their_snapshot(void **state) {
    static collected_t items[64];
    static char big[8192];
    feed_world_t world;
    uint64_t sequence = 0;

    (void)state;
    world_init(&world, 5);
    world_start(&world);
    void *bad = world_dealer(&world), *huge = world_dealer(&world), *good = world_dealer(&world);
    for (int i = 0; i < 5000; i++) assert_true(zmq_send(bad, "x", 1, i < 4999 ? ZMQ_SNDMORE : 0) >= 0);
    memset(big, 'x', sizeof(big));
    assert_true(zmq_send(huge, big, sizeof(big), 0) >= 0);
    send_request(good, ask_all, 3);
    assert_int_equal(collect(&world, good, items, 64, &sequence), 5);
    expect_error(&world, bad, "VERSION");
    (void)zmq_close(bad);
    (void)zmq_close(huge);
    (void)zmq_close(good);
    world_deinit(&world);
}

static void a_peer_has_one_snapshot_at_a_time(void **state) {
    static message_t message;
    feed_world_t world;
    size_t errors = 0, ends = 0;

    (void)state;
    world_init(&world, 3000);
    world_start(&world);
    void *socket = world_dealer(&world);
    send_request(socket, ask_all, 3);
    send_request(socket, ask_all, 3);
    while (ends == 0) {
        assert_true(world_receive(&world, socket, 120000, &message));
        if (strcmp(message.frames[1], "ERROR") == 0) {
            assert_string_equal(message.frames[2], "BUSY");
            errors++;
        }
        ends += strcmp(message.frames[1], "SNAPSHOT_END") == 0;
    }
    assert_int_equal(errors, 1);
    (void)zmq_close(socket);
    world_deinit(&world);
}

/* Runs the loop until `count` requests have been taken. */
static void run_until_asked(feed_world_t *world, uint64_t count) {
    rs_feed_stats_t stats;

    for (int i = 0; i < 5000; i++) {
        rs_feed_stats(world->feed, &stats);
        if (stats.snapshots >= count) return;
        world_run(world, 1);
    }
    fail_msg("%zu snapshots were asked for", (size_t)stats.snapshots);
}

/* A peer that asks for much and reads nothing, and one that leaves in the middle: neither stops the loop or the
 * others. */
static void peers_that_do_not_read_are_given_up(void **state) {
    static collected_t items[8];
    feed_world_t world;
    rs_feed_stats_t stats;
    uint64_t sequence = 0;
    const int one = 1;

    (void)state;
    world_init(&world, TEST_MAX_KEYS);
    world_start(&world);
    void *stalled = zmq_socket(world.zmq, ZMQ_DEALER);
    assert_int_equal(zmq_setsockopt(stalled, ZMQ_RCVHWM, &one, sizeof(one)), 0);
    assert_int_equal(zmq_connect(stalled, world.snapshot), 0);
    void *leaving = world_dealer(&world);
    send_request(stalled, ask_all, 3);
    send_request(leaving, ask_all, 3);
    run_until_asked(&world, 2);
    (void)zmq_close(leaving);
    static const char *const one_key[] = {"RS1", "SNAPSHOT", "window/default/queue/q7/"};
    void *good = world_dealer(&world);
    send_request(good, one_key, 3);
    assert_int_equal(collect(&world, good, items, 8, &sequence), 1);
    for (int i = 0; i < 300; i++) {
        world_run(&world, 100);
        rs_feed_stats(world.feed, &stats);
        if (stats.running_snapshots == 0) break;
    }
    assert_int_equal(stats.running_snapshots, 0);
    assert_int_equal(stats.snapshots_timed_out, 1);
    assert_int_equal(stats.snapshots_gone, 1);
    assert_int_equal(stats.snapshots_done, 1);
    (void)zmq_close(stalled);
    (void)zmq_close(good);
    world_deinit(&world);
}

/* The sockets between are full for a while: what could not be sent then comes later, each item once. */
static void a_peer_that_reads_late_gets_every_item_once(void **state) {
    enum { KEYS = 8000 };
    static collected_t items[KEYS + 1];
    static bool seen[KEYS];
    feed_world_t world;
    uint64_t sequence = 0;
    const int one = 1;

    (void)state;
    world_init(&world, KEYS);
    world_start(&world);
    void *late = zmq_socket(world.zmq, ZMQ_DEALER);
    assert_int_equal(zmq_setsockopt(late, ZMQ_RCVHWM, &one, sizeof(one)), 0);
    assert_int_equal(zmq_connect(late, world.snapshot), 0);
    send_request(late, ask_all, 3);
    run_until_asked(&world, 1);
    world_run(&world, 1500);
    rs_feed_stats_t stats;
    rs_feed_stats(world.feed, &stats);
    assert_int_equal(stats.running_snapshots, 1); /* it stands still */
    assert_int_equal(collect(&world, late, items, KEYS + 1, &sequence), KEYS);
    for (size_t i = 0; i < KEYS; i++) {
        unsigned key = KEYS;
        assert_int_equal(sscanf(items[i].topic, "window/default/queue/q%u/voice", &key), 1);
        assert_true(key < KEYS && !seen[key]);
        seen[key] = true;
    }
    (void)zmq_close(late);
    world_deinit(&world);
}

static void the_feed_closes_in_the_middle_of_snapshots(void **state) {
    feed_world_t world;

    (void)state;
    world_init(&world, 2000);
    world_start(&world);
    void *sockets[40];
    for (size_t i = 0; i < RS_ARRAY_LEN(sockets); i++) {
        sockets[i] = world_dealer(&world);
        send_request(sockets[i], ask_all, 3);
    }
    run_until_asked(&world, 1);
    for (size_t i = 0; i < RS_ARRAY_LEN(sockets); i++) (void)zmq_close(sockets[i]);
    world_deinit(&world);
}

const struct CMUnitTest snapshot_tests[] = {
    cmocka_unit_test(a_snapshot_has_open_alerts_and_windows_with_their_numbers),
    cmocka_unit_test(a_late_joiner_misses_nothing),
    cmocka_unit_test(episodes_past_the_limit_are_published_but_not_kept),
    cmocka_unit_test(wrong_requests_are_answered_with_the_reason_and_counted),
    cmocka_unit_test(floods_do_not_keep_others_from_their_snapshot),
    cmocka_unit_test(a_peer_has_one_snapshot_at_a_time),
    cmocka_unit_test(peers_that_do_not_read_are_given_up),
    cmocka_unit_test(a_peer_that_reads_late_gets_every_item_once),
    cmocka_unit_test(the_feed_closes_in_the_middle_of_snapshots),
};
const size_t snapshot_test_count = RS_ARRAY_LEN(snapshot_tests);
