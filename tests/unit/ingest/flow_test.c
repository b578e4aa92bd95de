#include "harness.h"

#include <errno.h>

/* Every record of the sink must be the next contact: nothing lost, nothing twice. */
static void assert_in_order(const fixture_t *f, uint32_t count) {
    assert_int_equal(f->taken_count, count);
    for (uint32_t i = 0; i < count; i++) {
        char wanted[24];
        snprintf(wanted, sizeof wanted, "%u", i + 1);
        assert_string_equal(f->taken[i].contact, wanted);
        assert_int_equal(f->taken[i].origin.number, i + 1);
    }
}

static void send_batch(void *peer, bool is_json, uint64_t first, uint32_t count) {
    if (is_json) {
        peer_batch(peer, first, events_json(first, count));
        return;
    }
    char number[24];
    size_t len;
    const void *bytes = events_protobuf(first, count, &len);
    snprintf(number, sizeof number, "%llu", (unsigned long long)first);
    zmq_send(peer, "RS1", 3, ZMQ_SNDMORE);
    zmq_send(peer, "BATCH", 5, ZMQ_SNDMORE);
    zmq_send(peer, number, strlen(number), ZMQ_SNDMORE);
    zmq_send(peer, bytes, len, 0);
}

static void check_full_sink(bool is_json, uint32_t room) {
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", is_json ? "json" : "protobuf");
    f.room = 2;
    send_batch(peer, is_json, 1, 10);
    send_batch(peer, is_json, 11, 10);
    for (uint32_t i = 0; i < 1000 && !rs_ingest_is_stalled(f.ingest); i++) run_turns(&f, 1);
    assert_true(rs_ingest_is_stalled(f.ingest));
    assert_in_order(&f, 2);
    run_turns(&f, 20);
    assert_in_order(&f, 2);                       /* stays so without resume */
    settle_all(&f);                               /* what was taken of the batch can be acknowledged already */
    EXPECT(&f, peer, "RS1", "ACK", "2", "*", "*");
    for (uint32_t i = 0; i < 1000 && f.taken_count < 20; i++) {
        f.room = room;
        rs_ingest_resume(f.ingest);
        run_turns(&f, 1);
    }
    assert_in_order(&f, 20);
    f.room = UINT32_MAX;
    rs_ingest_resume(f.ingest);
    settle_all(&f);
    EXPECT(&f, peer, "RS1", "ACK", "20", "*", "*");
    assert_int_equal(stats_of(&f).skipped, 0);
    assert_int_equal(stats_of(&f).accepted, 20);
    assert_int_equal(stats_of(&f).in_flight_bytes, 0);
    assert_true(stats_of(&f).stalls >= 1);
    fixture_close(&f);
}

static void a_full_sink_stops_reading_in_the_middle_of_a_batch_and_resume_goes_on_there(void **state) {
    (void)state;
    for (uint32_t room = 1; room <= 4; room++) {
        check_full_sink(true, room);
        check_full_sink(false, room);
    }
}

static void resume_without_room_changes_nothing_and_resume_when_not_stalled_is_harmless(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    rs_ingest_resume(f.ingest);
    f.room = 0;
    send_batch(peer, true, 1, 3);
    for (uint32_t i = 0; i < 1000 && !rs_ingest_is_stalled(f.ingest); i++) run_turns(&f, 1);
    for (uint32_t i = 0; i < 5; i++) rs_ingest_resume(f.ingest);
    assert_true(rs_ingest_is_stalled(f.ingest));
    assert_int_equal(f.taken_count, 0);
    f.room = UINT32_MAX;
    rs_ingest_resume(f.ingest);
    assert_in_order(&f, 3);
    fixture_close(&f);
}

static void closing_with_a_batch_in_hand_leaks_nothing(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    f.room = 1;
    send_batch(peer, true, 1, 300);
    for (uint32_t i = 0; i < 1000 && !rs_ingest_is_stalled(f.ingest); i++) run_turns(&f, 1);
    assert_true(rs_ingest_is_stalled(f.ingest));
    fixture_close(&f);
}

static void a_refusal_that_meets_a_full_sink_is_nacked_once(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    f.room = 0;
    peer_batch(peer, 1, "nonsense\n");
    for (uint32_t i = 0; i < 1000 && !rs_ingest_is_stalled(f.ingest); i++) run_turns(&f, 1);
    expect_silence(&f, peer);
    rs_ingest_resume(f.ingest);
    f.room = 5;
    rs_ingest_resume(f.ingest);
    settle_all(&f);
    EXPECT(&f, peer, "RS1", "NACK", "1", "malformed", "", "*", "*");
    EXPECT(&f, peer, "RS1", "ACK", "1", "*", "*");
    assert_int_equal(stats_of(&f).refused[RS_REFUSAL_MALFORMED], 1);
    fixture_close(&f);
}

static void a_producer_that_goes_over_its_credit_of_events_is_refused_and_can_go_on_later(void **state) {
    (void)state;
    fixture_t f;
    rs_ingest_options_t options;
    fixture_init(&f, &options);
    options.credit_events = 4;
    fixture_start(&f, &options);
    void *peer = peer_open(&f);
    peer_say(peer, "RS1", "HELLO", "pbx", "1", "json", NULL);
    EXPECT(&f, peer, "RS1", "WELCOME", "0", "4", "*", "*");
    send_batch(peer, true, 1, 3);
    send_batch(peer, true, 4, 3);     /* begins within the credit */
    expect_taken(&f, 6);
    send_batch(peer, true, 7, 1);
    EXPECT(&f, peer, "RS1", "ERROR", "over_credit", "*", "7");
    assert_in_order(&f, 6);
    settle_all(&f);
    EXPECT(&f, peer, "RS1", "ACK", "6", "4", "*");
    send_batch(peer, true, 7, 1);
    expect_taken(&f, 7);
    assert_in_order(&f, 7);
    fixture_close(&f);
}

static void a_producer_that_goes_over_its_credit_of_bytes_is_refused(void **state) {
    (void)state;
    fixture_t f;
    rs_ingest_options_t options;
    fixture_init(&f, &options);
    f.config.limits.message_bytes = 4096;
    f.config.limits.peer_bytes = 8192;
    fixture_start(&f, &options);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    uint64_t first = 1;
    for (; first <= 200; first += 20) send_batch(peer, true, first, 20);   /* each about 2.6 KB */
    EXPECT(&f, peer, "RS1", "ERROR", "over_credit", "*", "*");
    run_turns(&f, 20);
    const rs_ingest_stats_t stats = stats_of(&f);
    assert_true(stats.in_flight_bytes > 8192 - 4096 && stats.in_flight_bytes <= 8192 + 4096);
    assert_in_order(&f, (uint32_t)stats.in_flight_events);
    fixture_close(&f);
}

static void a_peer_that_does_not_read_its_nacks_is_bounded_and_loses_none(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    const int few = 10;
    zmq_setsockopt(peer, ZMQ_RCVHWM, &few, sizeof few);
    peer_hello(&f, peer, "pbx", "1", "json");
    char *payload = malloc(3 * 10000 + 1);
    payload[0] = '\0';
    for (uint32_t i = 0; i < 10000; i++) memcpy(payload + 2 * (size_t)i, "x\n", 3);
    peer_batch(peer, 1, payload);
    run_turns(&f, 200);                                /* the peer reads nothing meanwhile */
    const uint32_t taken = f.taken_count;
    assert_in_range(taken, 4096, 10000);
    settle_all(&f);
    uint32_t nacks = 0, next = 1;
    bool acknowledged = false;
    for (uint32_t i = 0; i < 60000 && !acknowledged; i++) {
        uv_run(&f.loop, UV_RUN_NOWAIT);
        char command[16] = "", number[24] = "", rest[300];
        if (zmq_recv(peer, rest, sizeof rest, ZMQ_DONTWAIT) < 0) {
            run_turns(&f, 1);
            continue;
        }
        int len = zmq_recv(peer, command, sizeof command - 1, 0);
        command[len] = '\0';
        len = zmq_recv(peer, number, sizeof number - 1, 0);
        number[len] = '\0';
        int more = 1;
        size_t size = sizeof more;
        for (zmq_getsockopt(peer, ZMQ_RCVMORE, &more, &size); more; zmq_getsockopt(peer, ZMQ_RCVMORE, &more, &size)) {
            zmq_recv(peer, rest, sizeof rest, 0);
        }
        if (strcmp(command, "NACK") == 0) {
            assert_int_equal(strtoul(number, NULL, 10), next++);
            nacks++;
        }
        if (strcmp(command, "ACK") == 0) {
            assert_int_equal(strtoul(number, NULL, 10), taken);
            acknowledged = true;
        }
    }
    assert_true(acknowledged);
    assert_int_equal(nacks, taken);
    free(payload);
    fixture_close(&f);
}

static void on_alarm(uv_timer_t *alarm) { (void)alarm; }   /* it only ends the sleep */

static void with_a_budget_of_one_message_a_turn_no_wake_up_is_missed(void **state) {
    (void)state;
    fixture_t f;
    rs_ingest_options_t options;
    fixture_init(&f, &options);
    options.turn_messages = 1;
    fixture_start(&f, &options);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    enum { BATCHES = 900 };   /* fewer than the peer's own queue holds: it must not wait for this thread */
    for (uint32_t i = 1; i <= BATCHES; i++) {
        send_batch(peer, true, i, 1);
        if (i % 7 == 0) settle_all(&f);   /* sends between reads swallow the descriptor's edge */
    }
    /* UV_RUN_ONCE sleeps until an event: a missed wake-up would hang here, so a timer ends it and the test fails. */
    uv_timer_t alarm;
    uv_timer_init(&f.loop, &alarm);
    uv_timer_start(&alarm, on_alarm, 5000, 0);
    while (f.taken_count < BATCHES && uv_is_active((uv_handle_t *)&alarm)) {
        uv_run(&f.loop, UV_RUN_ONCE);
        if (f.taken_count % 5 == 0) settle_all(&f);
    }
    uv_close((uv_handle_t *)&alarm, NULL);
    assert_in_order(&f, BATCHES);
    fixture_close(&f);
}

static void the_clock_is_read_once_a_turn_however_many_events_come(void **state) {
    (void)state;
    fixture_t f;
    fixture_open(&f);
    void *peer = peer_open(&f);
    peer_hello(&f, peer, "pbx", "1", "json");
    const uint32_t before = f.clock_reads;
    send_batch(peer, true, 1, 200);
    expect_taken(&f, 200);
    assert_in_range(f.clock_reads - before, 1, 3);
    fixture_close(&f);
}

static void an_endpoint_that_is_not_tcp_or_ipc_is_refused(void **state) {
    (void)state;
    const char *const endpoints[] = {"inproc://x", "ws://127.0.0.1:1", "pgm://1.2.3.4:5", "", "/tmp/x"};
    for (size_t i = 0; i < RS_ARRAY_LEN(endpoints); i++) {
        fixture_t f;
        rs_ingest_options_t options;
        fixture_init(&f, &options);
        f.config.events_endpoint = rs_str(endpoints[i]);
        uv_loop_init(&f.loop);
        f.zmq = zmq_ctx_new();
        const rs_ingest_sink_t sink = {0};
        const char *failed = NULL;
        assert_int_equal(rs_ingest_create(&f.loop, f.zmq, &f.config, f.key, &sink, &options, &failed, &f.ingest),
                         RS_ERR_INVALID);
        assert_string_equal(failed, endpoints[i]);
        assert_null(f.ingest);
        fixture_close(&f);
    }
}

static void an_endpoint_in_use_is_named_with_its_errno(void **state) {
    (void)state;
    fixture_t f, other;
    rs_ingest_options_t options;
    fixture_init(&f, &options);
    f.config.events_endpoint = RS_STR("tcp://127.0.0.1:*");
    fixture_start(&f, &options);
    fixture_init(&other, &options);
    other.config.events_endpoint = rs_str(rs_ingest_events_endpoint(f.ingest));
    uv_loop_init(&other.loop);
    other.zmq = zmq_ctx_new();
    const rs_ingest_sink_t sink = {0};
    const char *failed = NULL;
    errno = 0;
    assert_int_equal(rs_ingest_create(&other.loop, other.zmq, &other.config, other.key, &sink, &options, &failed, &other.ingest),
                     RS_ERR_IO);
    assert_int_equal(errno, EADDRINUSE);
    assert_string_equal(failed, rs_ingest_events_endpoint(f.ingest));
    fixture_close(&other);
    fixture_close(&f);
}

int flow_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_sink_stops_reading_in_the_middle_of_a_batch_and_resume_goes_on_there),
        cmocka_unit_test(resume_without_room_changes_nothing_and_resume_when_not_stalled_is_harmless),
        cmocka_unit_test(closing_with_a_batch_in_hand_leaks_nothing),
        cmocka_unit_test(a_refusal_that_meets_a_full_sink_is_nacked_once),
        cmocka_unit_test(a_producer_that_goes_over_its_credit_of_events_is_refused_and_can_go_on_later),
        cmocka_unit_test(a_producer_that_goes_over_its_credit_of_bytes_is_refused),
        cmocka_unit_test(a_peer_that_does_not_read_its_nacks_is_bounded_and_loses_none),
        cmocka_unit_test(with_a_budget_of_one_message_a_turn_no_wake_up_is_missed),
        cmocka_unit_test(the_clock_is_read_once_a_turn_however_many_events_come),
        cmocka_unit_test(an_endpoint_that_is_not_tcp_or_ipc_is_refused),
        cmocka_unit_test(an_endpoint_in_use_is_named_with_its_errno),
    };
    return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
