#include "harness.h"

static void *push_open(fixture_t *f) { return peer_connect(f, ZMQ_PUSH, f->plain, NULL); }

static void a_plain_message_is_one_event_or_several_of_either_encoding(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *push = push_open(&f);
    size_t len;
    peer_say(push, events_json(1, 1), NULL);
    peer_say(push, events_json(2, 2), NULL);
    const void *bytes = events_protobuf(4, 2, &len);
    zmq_send(push, bytes, len, 0);
    expect_taken(&f, 5);
    for (uint32_t i = 0; i < 5; i++) {
        char wanted[24];
        snprintf(wanted, sizeof wanted, "%u", i + 1);
        assert_string_equal(f.taken[i].contact, wanted);
        assert_int_equal(f.taken[i].origin.session, 0);
    }
    assert_int_equal(stats_of(&f).plain_accepted, 5);
    assert_int_equal(stats_of(&f).plain_messages, 3);
    fixture_close(&f);
}

static void what_is_refused_at_the_plain_door_is_counted_and_recorded(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *push = push_open(&f);
    peer_say(push, "{broken", NULL);
    peer_say(push, "neither JSON nor Protobuf", NULL);
    peer_say(push, "", NULL);
    peer_say(push, "{}", "two frames", NULL);
    peer_say(push, events_json(1, 1), NULL);
    expect_taken(&f, 3);
    assert_true(f.taken[0].is_refusal && f.taken[1].is_refusal && !f.taken[2].is_refusal);
    assert_int_equal(stats_of(&f).refused[RS_REFUSAL_MALFORMED], 2);
    assert_int_equal(stats_of(&f).plain_bad, 2);
    assert_int_equal(stats_of(&f).plain_accepted, 1);
    assert_int_equal(stats_of(&f).accepted, 0);
    fixture_close(&f);
}

static void a_full_sink_stops_the_plain_door_too_and_resume_goes_on_there(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *push = push_open(&f);
    f.room = 3;
    peer_say(push, events_json(1, 5), NULL);
    peer_say(push, events_json(6, 2), NULL);
    for (uint32_t i = 0; i < 1000 && !rs_ingest_is_stalled(f.ingest); i++) run_turns(&f, 1);
    assert_int_equal(f.taken_count, 3);
    f.room = 1;
    rs_ingest_resume(f.ingest);
    assert_int_equal(f.taken_count, 4);
    f.room = UINT32_MAX;
    rs_ingest_resume(f.ingest);
    expect_taken(&f, 7);
    for (uint32_t i = 0; i < 7; i++) assert_int_equal(strtoul(f.taken[i].contact, NULL, 10), i + 1);
    assert_int_equal(stats_of(&f).plain_events, 7);
    fixture_close(&f);
}

static void the_plain_door_hides_the_caller_as_well(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *push = push_open(&f);
    peer_say(push, "{\"source\":\"s\",\"seq\":1,\"occurred_at\":1700000000000000,\"type\":\"contact.created\",\"contact_id\":\"c\","
                   "\"customer\":\"me@example.org\"}", NULL);
    expect_taken(&f, 1);
    assert_int_equal(f.taken[0].customer_len, RS_PSEUDONYM_BYTES);
    fixture_close(&f);
}

static void without_a_plain_endpoint_there_is_no_plain_door(void **state) {
    (void)state;
    fixture_t f;
    rs_ingest_options_t options;
    fixture_init(&f, &options);
    f.config.plain_endpoint = RS_STR("");
    fixture_start(&f, &options);
    assert_string_equal(rs_ingest_plain_endpoint(f.ingest), "");
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    fixture_close(&f);
}

int plain_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_message_is_one_event_or_several_of_either_encoding),
        cmocka_unit_test(what_is_refused_at_the_plain_door_is_counted_and_recorded),
        cmocka_unit_test(a_full_sink_stops_the_plain_door_too_and_resume_goes_on_there),
        cmocka_unit_test(the_plain_door_hides_the_caller_as_well),
        cmocka_unit_test(without_a_plain_endpoint_there_is_no_plain_door),
    };
    return cmocka_run_group_tests_name("plain", tests, NULL, NULL);
}
