/* Sessions over a restart of the daemon: numbers are remembered, holes are refused, places stay. */
#include "harness.h"

#include "ingest/sessions.h"

/* --- what the sink is told of sessions ------------------------------------------------------------------------------ */
static void a_session_is_announced_once_before_its_first_event(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_open(&fixture);
    void *peer = peer_open(&fixture), *other = peer_open(&fixture);
    peer_hello(&fixture, peer, "pbx", "run-1", "json");
    peer_hello(&fixture, other, "crm", "", "json");
    assert_int_equal(fixture.announced_count, 0);   /* HELLO alone is nothing to be remembered */
    peer_batch(peer, 1, events_json(1, 2));
    expect_taken(&fixture, 2);
    assert_int_equal(fixture.announced_count, 1);
    assert_string_equal(fixture.announced[0].source, "pbx");
    assert_string_equal(fixture.announced[0].incarnation, "run-1");
    assert_int_equal(fixture.announced[0].session, fixture.taken[0].origin.session);
    assert_int_equal(fixture.announced[0].taken_before, 0);
    peer_batch(peer, 3, events_json(3, 2));
    peer_batch(other, 1, "not an event");
    expect_taken(&fixture, 5);
    assert_int_equal(fixture.announced_count, 2);
    assert_string_equal(fixture.announced[1].source, "crm");
    assert_string_equal(fixture.announced[1].incarnation, "");
    assert_int_equal(fixture.announced[1].session, fixture.taken[4].origin.session);
    fixture_close(&fixture);
}

static void an_announcement_that_finds_no_room_is_made_again_before_the_event(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_open(&fixture);
    void *peer = peer_open(&fixture);
    peer_hello(&fixture, peer, "pbx", "run-1", "json");
    fixture.announcements_refused = 1;
    peer_batch(peer, 1, events_json(1, 3));
    run_turns(&fixture, 50);
    assert_int_equal(fixture.taken_count, 0);
    assert_true(rs_ingest_is_stalled(fixture.ingest));
    rs_ingest_resume(fixture.ingest);
    expect_taken(&fixture, 3);
    assert_int_equal(fixture.announced_count, 1);
    fixture_close(&fixture);
}

static void a_number_that_another_session_gets_is_announced_again(void **state) {
    (void)state;
    fixture_t fixture;
    rs_ingest_options_t options;
    fixture_init(&fixture, &options);
    fixture.config.limits.sources = 2;
    fixture.config.limits.peers = 1;
    fixture_start(&fixture, &options);
    void *peer = peer_open(&fixture);
    for (uint32_t i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "run-%u", i);
        peer_hello(&fixture, peer, "pbx", name, "json");
        peer_batch(peer, 1, events_json(i * 10, 1));
        expect_taken(&fixture, i + 1);
        settle_all(&fixture);
        EXPECT(&fixture, peer, "RS1", "ACK", "1", "*", "*");
        assert_int_equal(fixture.announced_count, i + 1);
        assert_string_equal(fixture.announced[i].incarnation, name);
        assert_int_equal(fixture.announced[i].session, i % 2 + 1);
    }
    fixture_close(&fixture);
}

/* --- after a restart ------------------------------------------------------------------------------------------------ */
static void restore(fixture_t *fixture, const rs_ingest_session_t *sessions, uint32_t count, int64_t taken) {
    assert_int_equal(rs_ingest_restore(fixture->ingest, sessions, count), taken);
}

static void a_known_session_is_welcomed_with_its_last_number_and_goes_on_there(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_open(&fixture);
    const rs_ingest_session_t kept[] = {{.session = 3, .source = RS_STR("pbx"), .incarnation = RS_STR("run-1"), .last = 500, .used = 9}};
    restore(&fixture, kept, 1, 1);
    void *peer = peer_open(&fixture);
    peer_say(peer, "RS1", "HELLO", "pbx", "run-1", "json", NULL);
    EXPECT(&fixture, peer, "RS1", "WELCOME", "500", "*", "*", "*");
    peer_batch(peer, 499, events_json(499, 5));   /* 499 and 500 were there before */
    expect_taken(&fixture, 3);
    assert_string_equal(fixture.taken[0].contact, "501");
    assert_int_equal(fixture.taken[0].origin.session, 3);
    assert_int_equal(fixture.taken[0].origin.number, 501);
    assert_int_equal(fixture.announced_count, 0);
    EXPECT(&fixture, peer, "RS1", "ACK", "500", "*", "*");
    settle_all(&fixture);
    EXPECT(&fixture, peer, "RS1", "ACK", "503", "*", "*");
    assert_int_equal(stats_of(&fixture).skipped, 2);
    fixture_close(&fixture);
}

static void a_hole_after_a_restart_is_refused_with_the_number_expected(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_open(&fixture);
    const rs_ingest_session_t kept[] = {{.session = 1, .source = RS_STR("pbx"), .incarnation = RS_STR(""), .last = 500, .used = 1}};
    restore(&fixture, kept, 1, 1);
    void *peer = peer_open(&fixture);
    peer_hello(&fixture, peer, "pbx", "", "json");
    peer_batch(peer, 502, events_json(502, 5));
    EXPECT(&fixture, peer, "RS1", "ERROR", "gap", "*", "501");
    assert_int_equal(fixture.taken_count, 0);
    assert_int_equal(stats_of(&fixture).errors[RS_INGEST_ERROR_GAP], 1);
    fixture_close(&fixture);
}

static void a_session_of_which_nothing_was_taken_may_begin_anywhere(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_open(&fixture);
    const rs_ingest_session_t kept[] = {{.session = 1, .source = RS_STR("pbx"), .incarnation = RS_STR("a"), .used = 1}};
    restore(&fixture, kept, 1, 1);
    void *peer = peer_open(&fixture);
    peer_say(peer, "RS1", "HELLO", "pbx", "a", "json", NULL);
    EXPECT(&fixture, peer, "RS1", "WELCOME", "0", "*", "*", "*");
    peer_batch(peer, 42, events_json(42, 1));
    expect_taken(&fixture, 1);
    assert_int_equal(fixture.announced_count, 0);
    fixture_close(&fixture);
}

/* The first batch was lost on the way: without its number at HELLO the second one would pass for the beginning. */
static void a_session_that_says_where_it_begins_begins_there(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_open(&fixture);
    void *peer = peer_open(&fixture);
    peer_say(peer, "RS1", "HELLO", "pbx", "a", "json", "42", NULL);
    EXPECT(&fixture, peer, "RS1", "WELCOME", "0", "*", "*", "*");
    peer_batch(peer, 45, events_json(45, 3));
    EXPECT(&fixture, peer, "RS1", "ERROR", "gap", "*", "42");
    peer_say(peer, "RS1", "HELLO", "pbx", "a", "json", "42", NULL);
    EXPECT(&fixture, peer, "RS1", "WELCOME", "41", "*", "*", "*");
    peer_batch(peer, 41, events_json(41, 3));   /* 41 was settled before */
    expect_taken(&fixture, 2);
    assert_string_equal(fixture.taken[0].contact, "42");
    fixture_close(&fixture);
}

static void new_sessions_get_numbers_that_the_known_ones_do_not_have(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_open(&fixture);
    const rs_ingest_session_t kept[] = {
        {.session = 2, .source = RS_STR("b"), .last = 20, .used = 7}, {.session = 5, .source = RS_STR("e"), .last = 50, .used = 3},
        {.session = 0, .source = RS_STR("nobody"), .last = 1}, {.session = 65, .source = RS_STR("past the bound"), .last = 1},
        {.session = 5, .source = RS_STR("twice"), .last = 1, .used = 8},
        {.session = 6, .source = RS_STR("b"), .last = 99, .used = 9}};
    restore(&fixture, kept, RS_ARRAY_LEN(kept), 2);
    assert_int_equal(stats_of(&fixture).sessions, 2);
    bool used[70] = {[2] = true, [5] = true};
    void *peer = peer_open(&fixture);
    for (uint32_t i = 0; i < 8; i++) {
        char name[16];
        snprintf(name, sizeof name, "new-%u", i);
        peer_hello(&fixture, peer, name, "", "json");
        peer_batch(peer, 1, events_json(i + 1, 1));
        expect_taken(&fixture, i + 1);
        const uint32_t session = fixture.taken[i].origin.session;
        assert_in_range(session, 1, 64);
        assert_false(used[session]);
        used[session] = true;
        assert_int_equal(fixture.announced[i].session, session);
    }
    peer_say(peer, "RS1", "HELLO", "e", "", "json", NULL);
    EXPECT(&fixture, peer, "RS1", "WELCOME", "50", "*", "*", "*");
    fixture_close(&fixture);
}

static void the_session_that_was_unused_longest_gives_way_first_over_a_restart_too(void **state) {
    (void)state;
    fixture_t fixture;
    rs_ingest_options_t options;
    fixture_init(&fixture, &options);
    fixture.config.limits.sources = 3;
    fixture.config.limits.peers = 1;
    fixture_start(&fixture, &options);
    const rs_ingest_session_t kept[] = {{.session = 1, .source = RS_STR("a"), .last = 10, .used = 30},
                                        {.session = 2, .source = RS_STR("b"), .last = 20, .used = 10},
                                        {.session = 3, .source = RS_STR("c"), .last = 30, .used = 20}};
    restore(&fixture, kept, 3, 3);
    void *peer = peer_open(&fixture);
    peer_hello(&fixture, peer, "new", "", "json");
    peer_batch(peer, 1, events_json(1, 1));
    expect_taken(&fixture, 1);
    assert_int_equal(fixture.taken[0].origin.session, 2);
    settle_all(&fixture);
    EXPECT(&fixture, peer, "RS1", "ACK", "1", "*", "*");
    peer_say(peer, "RS1", "HELLO", "c", "", "json", NULL);
    EXPECT(&fixture, peer, "RS1", "WELCOME", "30", "*", "*", "*");
    peer_say(peer, "RS1", "HELLO", "b", "", "json", NULL);
    EXPECT(&fixture, peer, "RS1", "WELCOME", "0", "*", "*", "*");
    fixture_close(&fixture);
}

static void a_restored_table_keeps_its_rules(void **state) {
    (void)state;
    rs_sessions_t *sessions = NULL;
    assert_int_equal(rs_sessions_create(100, 10, RS_US_PER_MIN, &sessions), RS_OK);
    static char names[90][8];
    rs_sessions_kept_t kept[90];
    for (uint32_t i = 0; i < 90; i++) {
        snprintf(names[i], sizeof names[i], "s%u", i);
        kept[i] = (rs_sessions_kept_t){.slot = (i * 37) % 120, .source = rs_str(names[i]), .mark = i};
    }
    const int64_t taken = rs_sessions_restore(sessions, kept, 90);
    const char *why = NULL;
    assert_in_range(taken, 60, 90);
    assert_int_equal(rs_sessions_check(sessions, &why), RS_OK);
    assert_int_equal(rs_sessions_count(sessions), taken);
    for (uint32_t i = 0; i < 200; i++) {
        char name[16], routing[16];
        snprintf(name, sizeof name, "n%u", i);
        snprintf(routing, sizeof routing, "r%u", i % 10);
        rs_sessions_hello_t hello;
        assert_int_equal(rs_sessions_hello(sessions, rs_str(name), RS_STR(""), rs_str(routing), (int64_t)i * RS_US_PER_MIN, &hello), RS_OK);
        assert_true(hello.is_new && hello.slot < 100);
        if (rs_sessions_check(sessions, &why) != RS_OK) fail_msg("%s", why);
    }
    assert_int_equal(rs_sessions_count(sessions), 100);
    rs_sessions_destroy(&sessions);
}

int restart_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_announced_once_before_its_first_event),
        cmocka_unit_test(an_announcement_that_finds_no_room_is_made_again_before_the_event),
        cmocka_unit_test(a_number_that_another_session_gets_is_announced_again),
        cmocka_unit_test(a_known_session_is_welcomed_with_its_last_number_and_goes_on_there),
        cmocka_unit_test(a_hole_after_a_restart_is_refused_with_the_number_expected),
        cmocka_unit_test(a_session_of_which_nothing_was_taken_may_begin_anywhere),
        cmocka_unit_test(a_session_that_says_where_it_begins_begins_there),
        cmocka_unit_test(new_sessions_get_numbers_that_the_known_ones_do_not_have),
        cmocka_unit_test(the_session_that_was_unused_longest_gives_way_first_over_a_restart_too),
        cmocka_unit_test(a_restored_table_keeps_its_rules),
    };
    return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
