#include "harness.h"

static const char *const bad_line = "{\"source\":\"pbx\",\"seq\":9,\"occurred_at\":\"yesterday\",\"type\":\"contact.queued\","
                                    "\"contact_id\":\"x\",\"queue\":\"q\"}\n";

static void a_batch_is_acknowledged_when_it_is_settled_and_not_before(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_say(peer, "RS1", "HELLO", "pbx", "1", "json", NULL);
    EXPECT(&f, peer, "RS1", "WELCOME", "0", "65536", "1048576", "65536");
    peer_batch(peer, 1, events_json(1, 3));
    expect_taken(&f, 3);
    expect_silence(&f, peer);
    assert_int_equal(stats_of(&f).in_flight_events, 3);
    rs_ingest_on_settled(f.ingest, f.position - 1);   /* not the last one yet */
    expect_silence(&f, peer);
    settle_all(&f);
    EXPECT(&f, peer, "RS1", "ACK", "3", "65536", "1048576");
    assert_int_equal(stats_of(&f).in_flight_events, 0);
    assert_int_equal(stats_of(&f).in_flight_bytes, 0);
    assert_string_equal(f.taken[2].contact, "3");
    assert_int_equal(f.taken[2].origin.number, 3);
    assert_int_equal(f.taken[2].arrival_us, f.now_us);
    fixture_close(&f);
}

static void both_encodings_bring_the_same_events(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *json = peer_open(&f), *protobuf = peer_open(&f);
    peer_hello(&f, json, "a", "1", "json");
    peer_hello(&f, protobuf, "b", "1", "protobuf");
    peer_batch(json, 1, events_json(100, 2));
    expect_taken(&f, 2);
    size_t len;
    const void *bytes = events_protobuf(100, 2, &len);
    zmq_send(protobuf, "RS1", 3, ZMQ_SNDMORE);
    zmq_send(protobuf, "BATCH", 5, ZMQ_SNDMORE);
    zmq_send(protobuf, "1", 1, ZMQ_SNDMORE);
    zmq_send(protobuf, bytes, len, 0);
    expect_taken(&f, 4);
    for (uint32_t i = 0; i < 2; i++) {
        assert_string_equal(f.taken[i].contact, f.taken[i + 2].contact);
        assert_string_equal(f.taken[i].source, f.taken[i + 2].source);
        assert_int_equal(f.taken[i].origin.number, f.taken[i + 2].origin.number);
    }
    settle_all(&f);
    EXPECT(&f, json, "RS1", "ACK", "2", "*", "*");
    EXPECT(&f, protobuf, "RS1", "ACK", "2", "*", "*");
    fixture_close(&f);
}

static void garbage_is_answered_with_an_error_and_the_session_goes_on(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_say(peer, "RS9", "HELLO", "pbx", "1", "json", NULL);
    EXPECT(&f, peer, "RS1", "ERROR", "bad_version", "*", "RS1");
    peer_say(peer, "\x80\x81", NULL);
    EXPECT(&f, peer, "RS1", "ERROR", "bad_frame", "*", "*");
    peer_say(peer, "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", NULL);
    EXPECT(&f, peer, "RS1", "ERROR", "bad_frame", "*", "too many frames");
    peer_say(peer, "RS1", "HELLO", "pbx", "1", "yaml", NULL);
    EXPECT(&f, peer, "RS1", "ERROR", "bad_encoding", "*", "json, protobuf");
    peer_batch(peer, 1, "{}");
    EXPECT(&f, peer, "RS1", "ERROR", "no_hello", "*", "");
    peer_say(peer, "RS1", "PING", NULL);
    EXPECT(&f, peer, "RS1", "ERROR", "no_hello", "*", "");
    peer_hello(&f, peer, "pbx", "1", "json");
    peer_say(peer, "RS1", "NONSENSE", NULL);
    EXPECT(&f, peer, "RS1", "ERROR", "bad_frame", "*", "*");
    peer_batch(peer, 1, events_json(1, 1));
    expect_taken(&f, 1);
    peer_say(peer, "RS1", "PING", NULL);
    EXPECT(&f, peer, "RS1", "PONG");
    settle_all(&f);
    EXPECT(&f, peer, "RS1", "ACK", "1", "*", "*");
    assert_int_equal(stats_of(&f).errors[RS_INGEST_ERROR_BAD_FRAME], 3);
    assert_int_equal(stats_of(&f).errors[RS_INGEST_ERROR_NO_HELLO], 2);
    fixture_close(&f);
}

static void a_req_socket_is_told_in_a_way_that_it_can_hear(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_connect(&f, ZMQ_REQ, f.events, NULL);
    peer_say(peer, "RS1", "PING", NULL);
    EXPECT(&f, peer, "RS1", "ERROR", "bad_frame", "*", "a leading empty frame: REQ sockets are not supported, use DEALER");
    fixture_close(&f);
}

static void a_first_number_above_what_is_next_takes_nothing_and_names_what_is_expected(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    peer_batch(peer, 1, events_json(1, 2));
    expect_taken(&f, 2);
    peer_batch(peer, 4, events_json(4, 2));
    EXPECT(&f, peer, "RS1", "ERROR", "gap", "*", "3");
    assert_int_equal(f.taken_count, 2);
    peer_batch(peer, 3, events_json(3, 3));
    expect_taken(&f, 5);
    settle_all(&f);
    EXPECT(&f, peer, "RS1", "ACK", "5", "*", "*");
    fixture_close(&f);
}

static void what_was_taken_before_is_skipped_and_acknowledged(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    peer_batch(peer, 1, events_json(1, 4));
    expect_taken(&f, 4);
    settle_all(&f);
    EXPECT(&f, peer, "RS1", "ACK", "4", "*", "*");
    peer_batch(peer, 2, events_json(2, 2));            /* all of it known */
    EXPECT(&f, peer, "RS1", "ACK", "4", "*", "*");
    assert_int_equal(f.taken_count, 4);
    peer_batch(peer, 3, events_json(3, 4));            /* 3 and 4 known, 5 and 6 new */
    EXPECT(&f, peer, "RS1", "ACK", "4", "*", "*");
    expect_taken(&f, 6);
    assert_string_equal(f.taken[4].contact, "5");
    assert_int_equal(f.taken[5].origin.number, 6);
    settle_all(&f);
    EXPECT(&f, peer, "RS1", "ACK", "6", "*", "*");
    assert_int_equal(stats_of(&f).skipped, 4);
    fixture_close(&f);
}

static void a_resend_of_what_is_taken_but_not_settled_is_not_taken_twice(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f), *again = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    peer_batch(peer, 1, events_json(1, 5));
    expect_taken(&f, 5);
    peer_say(again, "RS1", "HELLO", "pbx", "1", "json", NULL);
    EXPECT(&f, again, "RS1", "WELCOME", "0", "*", "*", "*");
    peer_batch(again, 1, events_json(1, 7));
    EXPECT(&f, again, "RS1", "ACK", "0", "*", "*");
    expect_taken(&f, 7);
    settle_all(&f);
    EXPECT(&f, again, "RS1", "ACK", "7", "*", "*");
    fixture_close(&f);
}

static void a_session_that_nobody_knows_begins_with_whatever_number_comes_first(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    peer_batch(peer, 500, events_json(500, 1));
    expect_taken(&f, 1);
    settle_all(&f);
    EXPECT(&f, peer, "RS1", "ACK", "500", "*", "*");
    peer_batch(peer, 502, events_json(502, 1));
    EXPECT(&f, peer, "RS1", "ERROR", "gap", "*", "501");
    fixture_close(&f);
}

static void a_refused_event_gets_its_nack_before_the_ack_and_the_mark_moves_over_it(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    char payload[4096];
    snprintf(payload, sizeof payload, "%s%snot json\n", events_json(1, 1), bad_line);
    peer_batch(peer, 1, payload);
    EXPECT(&f, peer, "RS1", "NACK", "2", "bad_time", "occurred_at", "*", "*");
    EXPECT(&f, peer, "RS1", "NACK", "3", "malformed", "", "8", "*");
    expect_taken(&f, 3);
    assert_false(f.taken[0].is_refusal);
    assert_true(f.taken[1].is_refusal && f.taken[1].reason == RS_REFUSAL_BAD_TIME && f.taken[1].hash != 0);
    assert_string_equal(f.taken[1].source, "pbx");
    assert_string_equal(f.taken[2].source, "pbx");   /* no event to read it from: the session's */
    settle_all(&f);
    EXPECT(&f, peer, "RS1", "ACK", "3", "*", "*");
    const rs_ingest_stats_t stats = stats_of(&f);
    assert_int_equal(stats.refused[RS_REFUSAL_BAD_TIME], 1);
    assert_int_equal(stats.refused[RS_REFUSAL_MALFORMED], 1);
    assert_int_equal(stats.accepted, 1);
    assert_int_equal(stats.nacks, 2);
    fixture_close(&f);
}

static void a_verdict_of_the_core_becomes_a_nack_but_a_duplicate_is_settled_silently(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    peer_batch(peer, 1, events_json(1, 4));
    expect_taken(&f, 4);
    rs_ingest_on_verdict(f.ingest, f.taken[0].origin, RS_REFUSAL_DUPLICATE);
    rs_ingest_on_verdict(f.ingest, f.taken[1].origin, RS_REFUSAL_TOO_LATE);
    rs_ingest_on_verdict(f.ingest, f.taken[2].origin, RS_REFUSAL_FUTURE);
    rs_ingest_on_verdict(f.ingest, (rs_origin_t){.session = 0, .number = 1}, RS_REFUSAL_LIMIT);
    rs_ingest_on_verdict(f.ingest, (rs_origin_t){.session = 4711, .number = 1}, RS_REFUSAL_LIMIT);
    settle_all(&f);
    EXPECT(&f, peer, "RS1", "NACK", "2", "too_late", "", "0", "*");
    EXPECT(&f, peer, "RS1", "NACK", "3", "future", "", "0", "*");
    EXPECT(&f, peer, "RS1", "ACK", "4", "*", "*");
    assert_int_equal(stats_of(&f).judged[RS_REFUSAL_DUPLICATE], 1);
    assert_int_equal(stats_of(&f).judged[RS_REFUSAL_TOO_LATE], 1);
    fixture_close(&f);
}

static void a_second_peer_takes_the_session_over_and_the_first_is_told(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *first = peer_open(&f), *second = peer_open(&f);
    peer_hello(&f, first, "pbx", "1", "json");
    peer_batch(first, 1, events_json(1, 2));
    expect_taken(&f, 2);
    peer_hello(&f, second, "pbx", "1", "json");
    EXPECT(&f, first, "RS1", "ERROR", "taken_over", "*", "");
    peer_batch(first, 3, events_json(3, 1));
    EXPECT(&f, first, "RS1", "ERROR", "no_hello", "*", "");
    settle_all(&f);
    EXPECT(&f, second, "RS1", "ACK", "2", "*", "*");
    expect_silence(&f, first);
    assert_int_equal(stats_of(&f).takeovers, 1);
    assert_int_equal(stats_of(&f).attached, 1);
    fixture_close(&f);
}

static void nacks_that_their_peer_did_not_live_to_see_are_given_to_its_successor(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    peer_batch(peer, 1, events_json(1, 2));
    expect_taken(&f, 2);
    zmq_close(peer);
    f.peer_count--;
    run_turns(&f, 2000);   /* until the end is noticed */
    rs_ingest_on_verdict(f.ingest, f.taken[0].origin, RS_REFUSAL_TOO_LATE);
    settle_all(&f);
    run_turns(&f, 5);
    void *successor = peer_open(&f);
    peer_say(successor, "RS1", "HELLO", "pbx", "1", "json", NULL);
    EXPECT(&f, successor, "RS1", "NACK", "1", "too_late", "", "0", "*");
    EXPECT(&f, successor, "RS1", "WELCOME", "2", "*", "*", "*");
    assert_int_equal(stats_of(&f).peers_detached, 1);
    fixture_close(&f);
}

static void more_sessions_than_the_limit_are_turned_away_until_one_falls_silent(void **state) {
    (void)state;
    fixture_t f;
    rs_ingest_options_t options;
    fixture_init(&f, &options);
    f.config.limits.peers = 2;
    options.peer_idle_us = RS_US_PER_S;
    fixture_start(&f, &options);
    void *peers[] = {peer_open(&f), peer_open(&f), peer_open(&f)};
    peer_hello(&f, peers[0], "a", "", "json");
    peer_hello(&f, peers[1], "b", "", "json");
    peer_say(peers[2], "RS1", "HELLO", "c", "", "json", NULL);
    EXPECT(&f, peers[2], "RS1", "ERROR", "too_many_sessions", "*", "");
    f.now_us += RS_US_PER_S;
    peer_say(peers[1], "RS1", "PING", NULL);
    EXPECT(&f, peers[1], "RS1", "PONG");
    peer_hello(&f, peers[2], "c", "", "json");
    peer_batch(peers[0], 1, "{}");
    EXPECT(&f, peers[0], "RS1", "ERROR", "no_hello", "*", "");
    fixture_close(&f);
}

static void a_caller_is_a_pseudonym_before_the_sink_sees_it(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    peer_batch(peer, 1,
               "{\"source\":\"pbx\",\"seq\":1,\"occurred_at\":1700000000000000,\"type\":\"contact.queued\",\"contact_id\":\"c\","
               "\"queue\":\"q\",\"customer\":\"+1 555 0001\"}\n");
    expect_taken(&f, 1);
    uint8_t wanted[RS_PSEUDONYM_BYTES];
    rs_pseudonym(f.key, RS_STR(""), RS_STR("0015550001"), wanted);
    assert_int_equal(f.taken[0].customer_len, RS_PSEUDONYM_BYTES);
    assert_memory_equal(f.taken[0].customer, wanted, sizeof wanted);
    assert_true((f.taken[0].present & RS_HAS_PSEUDONYM) != 0);
    fixture_close(&f);
}

static void a_frame_over_the_limit_closes_the_connection_and_leaves_the_others_alone(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *good = peer_open(&f), *bad = peer_open(&f);
    peer_hello(&f, good, "good", "1", "json");
    peer_hello(&f, bad, "bad", "1", "json");
    char *huge = malloc((1 << 16) + 2);
    memset(huge, ' ', (1 << 16) + 1);
    huge[(1 << 16) + 1] = '\0';
    peer_batch(bad, 1, huge);
    free(huge);
    run_turns(&f, 100);
    peer_batch(bad, 1, events_json(1, 1));   /* it has reconnected by itself: a new peer */
    EXPECT(&f, bad, "RS1", "ERROR", "no_hello", "*", "");
    peer_batch(good, 1, events_json(1, 1));
    expect_taken(&f, 1);
    fixture_close(&f);
}

int protocol_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_acknowledged_when_it_is_settled_and_not_before),
        cmocka_unit_test(both_encodings_bring_the_same_events),
        cmocka_unit_test(garbage_is_answered_with_an_error_and_the_session_goes_on),
        cmocka_unit_test(a_req_socket_is_told_in_a_way_that_it_can_hear),
        cmocka_unit_test(a_first_number_above_what_is_next_takes_nothing_and_names_what_is_expected),
        cmocka_unit_test(what_was_taken_before_is_skipped_and_acknowledged),
        cmocka_unit_test(a_resend_of_what_is_taken_but_not_settled_is_not_taken_twice),
        cmocka_unit_test(a_session_that_nobody_knows_begins_with_whatever_number_comes_first),
        cmocka_unit_test(a_refused_event_gets_its_nack_before_the_ack_and_the_mark_moves_over_it),
        cmocka_unit_test(a_verdict_of_the_core_becomes_a_nack_but_a_duplicate_is_settled_silently),
        cmocka_unit_test(a_second_peer_takes_the_session_over_and_the_first_is_told),
        cmocka_unit_test(nacks_that_their_peer_did_not_live_to_see_are_given_to_its_successor),
        cmocka_unit_test(more_sessions_than_the_limit_are_turned_away_until_one_falls_silent),
        cmocka_unit_test(a_caller_is_a_pseudonym_before_the_sink_sees_it),
        cmocka_unit_test(a_frame_over_the_limit_closes_the_connection_and_leaves_the_others_alone),
    };
    return cmocka_run_group_tests_name("protocol", tests, NULL, NULL);
}
