/* A sink that has no room for a long time: producers are told, and nothing is taken or lost. */
#include "harness.h"

static void batches_are_refused_with_the_number_to_go_on_with_and_the_rest_is_answered(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_open(&fixture);
    void *peer = peer_open(&fixture);
    peer_hello(&fixture, peer, "pbx", "run-1", "json");
    peer_batch(peer, 1, events_json(1, 3));
    expect_taken(&fixture, 3);
    rs_ingest_set_unavailable(fixture.ingest, true);
    rs_ingest_set_unavailable(fixture.ingest, true);
    peer_batch(peer, 4, events_json(4, 2));
    EXPECT(&fixture, peer, "RS1", "ERROR", "unavailable", "*", "4");
    peer_say(peer, "RS1", "PING", NULL);
    EXPECT(&fixture, peer, "RS1", "PONG");
    void *other = peer_open(&fixture);
    peer_hello(&fixture, other, "crm", "1", "json");   /* its WELCOME comes */
    peer_batch(other, 7, events_json(20, 1));
    EXPECT(&fixture, other, "RS1", "ERROR", "unavailable", "*", "7");
    assert_int_equal(fixture.taken_count, 3);
    /* What was taken before is acknowledged whenever it is settled. */
    settle_all(&fixture);
    EXPECT(&fixture, peer, "RS1", "ACK", "3", "*", "*");
    rs_ingest_resume(fixture.ingest);   /* changes nothing */
    peer_batch(peer, 4, events_json(4, 2));
    EXPECT(&fixture, peer, "RS1", "ERROR", "unavailable", "*", "4");
    rs_ingest_set_unavailable(fixture.ingest, false);
    peer_batch(peer, 4, events_json(4, 2));
    expect_taken(&fixture, 5);
    peer_batch(other, 7, events_json(20, 1));
    expect_taken(&fixture, 6);
    assert_int_equal(stats_of(&fixture).errors[RS_INGEST_ERROR_UNAVAILABLE], 3);
    fixture_close(&fixture);
}

static void of_a_batch_that_waits_in_its_middle_the_rest_is_refused(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_open(&fixture);
    void *peer = peer_open(&fixture);
    peer_hello(&fixture, peer, "pbx", "run-1", "json");
    fixture.room = 2;
    peer_batch(peer, 1, events_json(1, 5));
    expect_taken(&fixture, 2);
    run_turns(&fixture, 20);
    assert_true(rs_ingest_is_stalled(fixture.ingest));
    rs_ingest_set_unavailable(fixture.ingest, true);
    EXPECT(&fixture, peer, "RS1", "ERROR", "unavailable", "*", "3");
    rs_ingest_set_unavailable(fixture.ingest, false);
    fixture.room = 100;
    peer_batch(peer, 3, events_json(3, 3));
    expect_taken(&fixture, 5);
    settle_all(&fixture);
    EXPECT(&fixture, peer, "RS1", "ACK", "5", "*", "*");
    fixture_close(&fixture);
}

static void it_may_still_be_full_when_it_is_available_again(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_open(&fixture);
    void *peer = peer_open(&fixture);
    peer_hello(&fixture, peer, "pbx", "run-1", "json");
    rs_ingest_set_unavailable(fixture.ingest, true);
    fixture.room = 0;
    rs_ingest_set_unavailable(fixture.ingest, false);
    peer_batch(peer, 1, events_json(1, 2));
    expect_silence(&fixture, peer);
    assert_int_equal(fixture.taken_count, 0);
    fixture.room = 100;
    rs_ingest_resume(fixture.ingest);
    expect_taken(&fixture, 2);
    fixture_close(&fixture);
}

static void plain_events_wait(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_open(&fixture);
    void *plain = peer_connect(&fixture, ZMQ_PUSH, fixture.plain, NULL);
    rs_ingest_set_unavailable(fixture.ingest, true);
    peer_say(plain, events_json(1, 1), NULL);
    run_turns(&fixture, 30);
    assert_int_equal(fixture.taken_count, 0);
    rs_ingest_set_unavailable(fixture.ingest, false);
    expect_taken(&fixture, 1);
    fixture_close(&fixture);
}

int unavailable_tests(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(batches_are_refused_with_the_number_to_go_on_with_and_the_rest_is_answered),
                                       cmocka_unit_test(of_a_batch_that_waits_in_its_middle_the_rest_is_refused),
                                       cmocka_unit_test(it_may_still_be_full_when_it_is_available_again),
                                       cmocka_unit_test(plain_events_wait)};
    return cmocka_run_group_tests_name("unavailable", tests, NULL, NULL);
}
