/* The follower against a publisher that says what each test wants. */
#include "server.h"

#include "client/follow_internal.h"

#include <time.h>
#include <unistd.h>
#include <zmq.h>

typedef struct publisher {
    void *zmq, *pub, *snapshots;
    char folder[64], publish_endpoint[128], snapshot_endpoint[128];
    unsigned run, feed, alert, window;
    /* how requests are answered */
    const char *snapshot_topics[4];
    unsigned snapshot_count, asked;
    bool is_busy;
    char asked_prefix[64];
} publisher_t;

static void *bind_socket(publisher_t *publisher, int type, const char *endpoint) {
    void *socket = zmq_socket(publisher->zmq, type);
    const int none = 0;
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    assert_int_equal(zmq_bind(socket, endpoint), 0);
    return socket;
}

static void publisher_open(publisher_t *publisher) {
    *publisher = (publisher_t){.zmq = zmq_ctx_new(), .run = 7};
    snprintf(publisher->folder, sizeof publisher->folder, "/tmp/ringside-follow-XXXXXX");
    assert_non_null(mkdtemp(publisher->folder));
    snprintf(publisher->publish_endpoint, 128, "ipc://%s/feed", publisher->folder);
    snprintf(publisher->snapshot_endpoint, 128, "ipc://%s/snapshots", publisher->folder);
    publisher->pub = bind_socket(publisher, ZMQ_PUB, publisher->publish_endpoint);
    publisher->snapshots = bind_socket(publisher, ZMQ_ROUTER, publisher->snapshot_endpoint);
}

static void publisher_close(publisher_t *publisher) {
    zmq_close(publisher->pub);
    zmq_close(publisher->snapshots);
    zmq_ctx_term(publisher->zmq);
    unlink(publisher->publish_endpoint + strlen("ipc://"));
    unlink(publisher->snapshot_endpoint + strlen("ipc://"));
    rmdir(publisher->folder);
}

static void send_text(void *socket, const char *text, bool more) {
    assert_true(zmq_send(socket, text, strlen(text), more ? ZMQ_SNDMORE : 0) >= 0);
}

static void header_of(const publisher_t *publisher, unsigned stream, unsigned topic, char header[96]) {
    snprintf(header, 96, "RS1 %u %u %u %u", publisher->run, publisher->feed, stream, topic);
}

/* Numbers go on by one, and by `lost` more that nobody gets. */
static void publish_alert(publisher_t *publisher, const char *topic, unsigned lost) {
    char header[96];
    publisher->feed += 1 + lost;
    publisher->alert += 1 + lost;
    header_of(publisher, publisher->alert, publisher->alert, header);
    send_text(publisher->pub, topic, true);
    send_text(publisher->pub, header, true);
    send_text(publisher->pub, "{\"state\":\"firing\"}", false);
}

static void heartbeat(publisher_t *publisher) {
    char header[96], body[96];
    header_of(publisher, publisher->alert, 1, header);
    snprintf(body, sizeof body, "{\"feed\": %u, \"alert\": %u, \"window\": %u}", publisher->feed, publisher->alert, publisher->window);
    send_text(publisher->pub, "heartbeat", true);
    send_text(publisher->pub, header, true);
    send_text(publisher->pub, body, false);
}

static void answer(publisher_t *publisher, const void *peer, size_t peer_len) {
    char feed[24], run[24], count[24], header[96];
    snprintf(feed, sizeof feed, "%u", publisher->feed);
    snprintf(run, sizeof run, "%u", publisher->run);
    snprintf(count, sizeof count, "%u", publisher->snapshot_count);
    header_of(publisher, publisher->alert, 1, header);
    zmq_send(publisher->snapshots, peer, peer_len, ZMQ_SNDMORE);
    send_text(publisher->snapshots, "RS1", true);
    if (publisher->is_busy) {
        send_text(publisher->snapshots, "ERROR", true);
        send_text(publisher->snapshots, "BUSY", true);
        send_text(publisher->snapshots, "later", false);
        return;
    }
    send_text(publisher->snapshots, "SNAPSHOT", true);
    send_text(publisher->snapshots, feed, publisher->snapshot_count > 0);
    for (unsigned i = 0; i < publisher->snapshot_count; i++) {
        send_text(publisher->snapshots, publisher->snapshot_topics[i], true);
        send_text(publisher->snapshots, header, true);
        send_text(publisher->snapshots, "{\"from\":\"snapshot\"}", i + 1 < publisher->snapshot_count);
    }
    zmq_send(publisher->snapshots, peer, peer_len, ZMQ_SNDMORE);
    send_text(publisher->snapshots, "RS1", true);
    send_text(publisher->snapshots, "SNAPSHOT_END", true);
    send_text(publisher->snapshots, feed, true);
    send_text(publisher->snapshots, run, true);
    send_text(publisher->snapshots, count, false);
}

static void serve_request(publisher_t *publisher) {
    char peer[256], text[64];
    const int peer_len = zmq_recv(publisher->snapshots, peer, sizeof peer, ZMQ_DONTWAIT);
    if (peer_len < 0) return;
    assert_int_equal(zmq_recv(publisher->snapshots, text, sizeof text, 0), 3);
    assert_int_equal(zmq_recv(publisher->snapshots, text, sizeof text, 0), 8);
    assert_memory_equal(text, "SNAPSHOT", 8);
    const int len = zmq_recv(publisher->snapshots, publisher->asked_prefix, sizeof publisher->asked_prefix - 1, 0);
    publisher->asked_prefix[len] = '\0';
    publisher->asked++;
    answer(publisher, peer, (size_t)peer_len);
}

static rs_follow_t *open_follow(const publisher_t *publisher, const char *prefix, bool with_snapshots) {
    const rs_follow_options_t options = {.publish_endpoint = publisher->publish_endpoint, .topic_prefix = prefix,
                                         .snapshot_endpoint = with_snapshots ? publisher->snapshot_endpoint : NULL};
    rs_follow_t *follow = NULL;
    assert_int_equal(rs_follow_open(&options, &follow), RS_OK);
    return follow;
}

/* The next item, with the publisher at work; heartbeats as often as it takes. */
static rs_follow_item_t next_item(publisher_t *publisher, rs_follow_t *follow, bool with_heartbeats) {
    rs_follow_item_t item = {0};
    for (uint32_t i = 0; i < 400; i++) {
        serve_request(publisher);
        if (with_heartbeats) heartbeat(publisher);
        if (rs_follow_next(follow, 10, &item) == RS_OK) return item;
    }
    fail_msg("no item came");
    return item;
}

static void expect_kind(publisher_t *publisher, rs_follow_t *follow, rs_follow_kind_t kind) {
    assert_int_equal(next_item(publisher, follow, true).kind, kind);
}

static void assert_text(rs_str_t got, const char *wanted) {
    if (!rs_str_equal(got, rs_str(wanted))) fail_msg("\"%.*s\" is not \"%s\"", (int)got.len, got.data, wanted);
}

static void expect_snapshot(publisher_t *publisher, rs_follow_t *follow) {
    expect_kind(publisher, follow, RS_FOLLOW_SNAPSHOT_BEGIN);
    for (unsigned i = 0; i < publisher->snapshot_count; i++) {
        const rs_follow_item_t item = next_item(publisher, follow, true);
        assert_int_equal(item.kind, RS_FOLLOW_SNAPSHOT);
        assert_text(item.topic, publisher->snapshot_topics[i]);
        assert_text(item.body, "{\"from\":\"snapshot\"}");
    }
    const rs_follow_item_t end = next_item(publisher, follow, true);
    assert_int_equal(end.kind, RS_FOLLOW_SNAPSHOT_END);
    assert_int_equal(end.sequence, publisher->feed);
}

/* --- tests ---------------------------------------------------------------------------------------------------------- */
static void a_late_joiner_gets_the_state_and_then_every_change(void **state) {
    (void)state;
    publisher_t p;
    publisher_open(&p);
    p.feed = 40;
    p.alert = 12;
    p.snapshot_topics[0] = "alert/default/queue/vip/voice";
    p.snapshot_topics[1] = "alert/default/total";
    p.snapshot_count = 2;
    rs_follow_t *follow = open_follow(&p, "alert/", true);
    expect_snapshot(&p, follow);
    assert_string_equal(p.asked_prefix, "alert/");
    publish_alert(&p, "alert/default/total", 0);
    p.feed += 5;                                  /* windows, which this follower has not subscribed to */
    publish_alert(&p, "alert/default/queue/a/voice", 0);
    rs_follow_item_t item = next_item(&p, follow, true);
    assert_int_equal(item.kind, RS_FOLLOW_UPDATE);
    assert_int_equal(item.sequence, 41);
    assert_text(item.topic, "alert/default/total");
    assert_text(item.body, "{\"state\":\"firing\"}");
    item = next_item(&p, follow, true);
    assert_int_equal(item.kind, RS_FOLLOW_UPDATE);
    assert_int_equal(item.sequence, 47);
    assert_int_equal(rs_follow_next(follow, 20, &item), RS_ERR_TIMEOUT);
    assert_int_equal(p.asked, 1);
    rs_follow_close(&follow);
    assert_null(follow);
    publisher_close(&p);
}

static void an_update_that_the_snapshot_covers_is_left_out(void **state) {
    (void)state;
    publisher_t p;
    publisher_open(&p);
    rs_follow_t *follow = open_follow(&p, "alert/", true);
    expect_kind(&p, follow, RS_FOLLOW_SNAPSHOT_BEGIN);   /* the request is on its way; now something is published */
    publish_alert(&p, "alert/default/total", 0);
    usleep(20000);
    const rs_follow_item_t end = next_item(&p, follow, true);
    assert_int_equal(end.kind, RS_FOLLOW_SNAPSHOT_END);
    assert_int_equal(end.sequence, 1);
    publish_alert(&p, "alert/default/total", 0);
    assert_int_equal(next_item(&p, follow, true).sequence, 2);
    rs_follow_close(&follow);
    publisher_close(&p);
}

static void missing_numbers_are_a_gap_and_a_new_snapshot_follows(void **state) {
    (void)state;
    publisher_t p;
    publisher_open(&p);
    p.snapshot_topics[0] = "alert/default/total";
    p.snapshot_count = 1;
    rs_follow_t *follow = open_follow(&p, "alert/", true);
    expect_snapshot(&p, follow);
    publish_alert(&p, "alert/default/total", 0);
    expect_kind(&p, follow, RS_FOLLOW_UPDATE);
    publish_alert(&p, "alert/default/total", 3);
    const rs_follow_item_t gap = next_item(&p, follow, true);
    assert_int_equal(gap.kind, RS_FOLLOW_GAP);
    assert_int_equal(gap.from_sequence, 2);
    assert_int_equal(gap.to_sequence, 4);
    expect_snapshot(&p, follow);
    publish_alert(&p, "alert/default/total", 0);
    expect_kind(&p, follow, RS_FOLLOW_UPDATE);
    rs_follow_close(&follow);
    publisher_close(&p);
}

static void a_heartbeat_tells_that_the_newest_messages_are_missing(void **state) {
    (void)state;
    publisher_t p;
    publisher_open(&p);
    rs_follow_t *follow = open_follow(&p, "", true);
    expect_snapshot(&p, follow);
    p.feed += 2;                                  /* lost */
    const rs_follow_item_t gap = next_item(&p, follow, true);
    assert_int_equal(gap.kind, RS_FOLLOW_GAP);
    assert_int_equal(gap.from_sequence, 1);
    assert_int_equal(gap.to_sequence, 2);
    expect_snapshot(&p, follow);
    rs_follow_close(&follow);
    publisher_close(&p);
}

static void another_run_of_the_daemon_is_a_lost_connection_and_a_new_snapshot(void **state) {
    (void)state;
    publisher_t p;
    publisher_open(&p);
    p.feed = p.alert = 100;
    rs_follow_t *follow = open_follow(&p, "alert/", true);
    expect_snapshot(&p, follow);
    p.run++;
    p.feed = p.alert = 0;
    expect_kind(&p, follow, RS_FOLLOW_LOST_CONNECTION);
    expect_snapshot(&p, follow);
    publish_alert(&p, "alert/default/total", 0);
    assert_int_equal(next_item(&p, follow, true).sequence, 1);
    rs_follow_close(&follow);
    publisher_close(&p);
}

static void a_busy_daemon_is_asked_again(void **state) {
    (void)state;
    publisher_t p;
    publisher_open(&p);
    p.is_busy = true;
    rs_follow_t *follow = open_follow(&p, "alert/", true);
    expect_kind(&p, follow, RS_FOLLOW_SNAPSHOT_BEGIN);
    while (p.asked == 0) serve_request(&p);
    p.is_busy = false;
    expect_kind(&p, follow, RS_FOLLOW_SNAPSHOT_BEGIN);   /* begins again */
    expect_kind(&p, follow, RS_FOLLOW_SNAPSHOT_END);
    assert_int_equal(p.asked, 2);
    rs_follow_close(&follow);
    publisher_close(&p);
}

static void without_snapshots_a_gap_is_followed_by_the_message_that_showed_it(void **state) {
    (void)state;
    publisher_t p;
    publisher_open(&p);
    rs_follow_t *follow = open_follow(&p, "alert/", false);
    rs_follow_item_t item = {0};
    for (uint32_t i = 0; i < 300 && item.kind == 0; i++) {   /* until the subscription works */
        publish_alert(&p, "alert/default/total", 0);
        (void)rs_follow_next(follow, 10, &item);
    }
    assert_int_equal(item.kind, RS_FOLLOW_UPDATE);
    while (rs_follow_next(follow, 20, &item) == RS_OK) continue;
    publish_alert(&p, "alert/default/total", 1);
    item = next_item(&p, follow, false);
    assert_int_equal(item.kind, RS_FOLLOW_GAP);
    assert_int_equal(item.from_sequence, p.alert - 1);
    assert_int_equal(item.to_sequence, p.alert - 1);
    item = next_item(&p, follow, false);
    assert_int_equal(item.kind, RS_FOLLOW_UPDATE);
    assert_int_equal(item.sequence, p.feed);
    p.run++;
    p.feed = p.alert = 0;
    publish_alert(&p, "alert/default/total", 0);
    assert_int_equal(next_item(&p, follow, false).kind, RS_FOLLOW_LOST_CONNECTION);
    item = next_item(&p, follow, false);
    assert_int_equal(item.kind, RS_FOLLOW_UPDATE);
    assert_int_equal(item.sequence, 1);
    rs_follow_close(&follow);
    publisher_close(&p);
}

static void silence_is_a_lost_connection_once(void **state) {
    (void)state;
    publisher_t p;
    publisher_open(&p);
    rs_follow_t *follow = open_follow(&p, "alert/", true);
    expect_snapshot(&p, follow);
    rs_follow_item_t item;
    assert_int_equal(rs_follow_next(follow, 8000, &item), RS_OK);
    assert_int_equal(item.kind, RS_FOLLOW_LOST_CONNECTION);
    assert_int_equal(rs_follow_next(follow, 100, &item), RS_ERR_TIMEOUT);
    expect_snapshot(&p, follow);                  /* heartbeats again */
    rs_follow_close(&follow);
    publisher_close(&p);
}

static void garbage_on_the_feed_is_passed_over(void **state) {
    (void)state;
    publisher_t p;
    publisher_open(&p);
    rs_follow_t *follow = open_follow(&p, "alert/", true);
    expect_snapshot(&p, follow);
    send_text(p.pub, "alert/default/total", false);
    send_text(p.pub, "alert/default/total", true);
    send_text(p.pub, "RS2 1 2 3 4", true);
    send_text(p.pub, "{}", false);
    send_text(p.pub, "heartbeat", true);
    send_text(p.pub, "RS1 7 0 0 1", true);
    send_text(p.pub, "not json", false);
    publish_alert(&p, "alert/default/total", 0);
    assert_int_equal(next_item(&p, follow, true).kind, RS_FOLLOW_UPDATE);
    rs_follow_close(&follow);
    publisher_close(&p);
}

static void a_header_is_read_strictly(void **state) {
    (void)state;
    rs__feed_header_t header;
    assert_true(rs__feed_header_parse(RS_STR("RS1 1 22 333 4444"), &header));
    assert_int_equal(header.run, 1);
    assert_int_equal(header.feed, 22);
    assert_int_equal(header.stream, 333);
    assert_int_equal(header.topic, 4444);
    assert_true(rs__feed_header_parse(RS_STR("RS1 1 2 3 4 later additions"), &header));
    const rs_str_t bad[] = {RS_STR(""), RS_STR("RS1"), RS_STR("RS1 "), RS_STR("RS1 1 2 3"), RS_STR("RS1 1 2 3 "),
                            RS_STR("RS2 1 2 3 4"), RS_STR("RS1 1  2 3 4"), RS_STR("RS1 a 2 3 4"), RS_STR("RS1 -1 2 3 4")};
    for (size_t i = 0; i < RS_ARRAY_LEN(bad); i++) {
        if (rs__feed_header_parse(bad[i], &header)) fail_msg("taken: \"%.*s\"", (int)bad[i].len, bad[i].data);
    }
}

static void the_prefix_decides_which_numbers_have_no_holes(void **state) {
    (void)state;
    assert_int_equal(rs__numbering_of(""), RS__NUMBER_FEED);
    assert_int_equal(rs__numbering_of("alert/"), RS__NUMBER_STREAM);
    assert_int_equal(rs__numbering_of("win"), RS__NUMBER_STREAM);
    assert_int_equal(rs__numbering_of("alert/default/"), RS__NUMBER_TOPIC);
    rs__numbers_t *numbers = rs__numbers_create("window/default/");
    uint64_t from = 0, to = 0;
    for (uint64_t topic = 0; topic < 1000; topic++) {
        char text[32];
        snprintf(text, sizeof text, "window/default/%llu", (unsigned long long)topic);
        assert_false(rs__numbers_on_message(numbers, rs_str(text), &(rs__feed_header_t){.topic = topic + 1}, &from, &to));
    }
    assert_false(rs__numbers_on_message(numbers, RS_STR("window/default/5"), &(rs__feed_header_t){.topic = 7}, &from, &to));
    assert_true(rs__numbers_on_message(numbers, RS_STR("window/default/6"), &(rs__feed_header_t){.topic = 10}, &from, &to));
    assert_int_equal(from, 8);
    assert_int_equal(to, 9);
    rs__numbers_forget(numbers);
    assert_false(rs__numbers_on_message(numbers, RS_STR("window/default/6"), &(rs__feed_header_t){.topic = 99}, &from, &to));
    rs__numbers_destroy(&numbers);
}

static void following_nothing_is_refused(void **state) {
    (void)state;
    char long_prefix[600];
    memset(long_prefix, 'x', sizeof long_prefix);
    long_prefix[599] = '\0';
    const rs_follow_options_t cases[] = {
        {.publish_endpoint = NULL},
        {.publish_endpoint = "nonsense"},
        {.publish_endpoint = "tcp://127.0.0.1:1", .snapshot_endpoint = "nonsense"},
        {.publish_endpoint = "tcp://127.0.0.1:1", .topic_prefix = long_prefix},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        rs_follow_t *follow = NULL;
        if (rs_follow_open(&cases[i], &follow) != RS_ERR_INVALID) fail_msg("case %zu was taken", i);
    }
    rs_follow_close(NULL);
}

static void the_pulse_tells_how_long_it_is_silent_and_the_last_heartbeat(void **state) {
    (void)state;
    publisher_t p;
    publisher_open(&p);
    rs_follow_t *follow = open_follow(&p, "", true);
    rs_follow_pulse_t pulse;
    rs_follow_item_t item;
    rs_follow_pulse(follow, &pulse);
    assert_true(pulse.silent_ms < 0);
    assert_int_equal(pulse.heartbeat.len, 0);
    expect_snapshot(&p, follow);
    rs_follow_pulse(follow, &pulse);
    assert_in_range(pulse.silent_ms, 0, 1000);
    assert_text(pulse.heartbeat, "{\"feed\": 0, \"alert\": 0, \"window\": 0}");
    while (rs_follow_next(follow, 0, &item) == RS_OK) {}   /* heartbeats that still wait are no items */
    assert_int_equal(rs_follow_next(follow, 120, &item), RS_ERR_TIMEOUT);
    rs_follow_pulse(follow, &pulse);
    assert_in_range(pulse.silent_ms, 100, 5000);
    rs_follow_close(&follow);
    publisher_close(&p);
}

int follow_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_joiner_gets_the_state_and_then_every_change),
        cmocka_unit_test(an_update_that_the_snapshot_covers_is_left_out),
        cmocka_unit_test(missing_numbers_are_a_gap_and_a_new_snapshot_follows),
        cmocka_unit_test(a_heartbeat_tells_that_the_newest_messages_are_missing),
        cmocka_unit_test(another_run_of_the_daemon_is_a_lost_connection_and_a_new_snapshot),
        cmocka_unit_test(a_busy_daemon_is_asked_again),
        cmocka_unit_test(without_snapshots_a_gap_is_followed_by_the_message_that_showed_it),
        cmocka_unit_test(silence_is_a_lost_connection_once),
        cmocka_unit_test(garbage_on_the_feed_is_passed_over),
        cmocka_unit_test(a_header_is_read_strictly),
        cmocka_unit_test(the_prefix_decides_which_numbers_have_no_holes),
        cmocka_unit_test(the_pulse_tells_how_long_it_is_silent_and_the_last_heartbeat),
        cmocka_unit_test(following_nothing_is_refused),
    };
    return cmocka_run_group_tests_name("follow", tests, NULL, NULL);
}
