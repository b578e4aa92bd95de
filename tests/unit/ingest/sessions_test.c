#include "harness.h"

#include "ingest/sessions.h"

static rs_str_t numbered(char room[24], const char *prefix, uint32_t number) {
    snprintf(room, 24, "%s%u", prefix, number);
    return rs_str(room);
}

static int hello(rs_sessions_t *sessions, const char *source, const char *peer, int64_t now_us, rs_sessions_hello_t *out) {
    return rs_sessions_hello(sessions, rs_str(source), RS_STR("1"), rs_str(peer), now_us, out);
}

static void assert_sound(const rs_sessions_t *sessions) {
    const char *why = "";
    if (rs_sessions_check(sessions, &why) != RS_OK) fail_msg("%s", why);
}

static void a_name_finds_its_session_again_whoever_asks(void **state) {
    (void)state;
    rs_sessions_t *sessions;
    rs_sessions_hello_t first, second;
    assert_int_equal(rs_sessions_create(8, 4, 1000, &sessions), RS_OK);
    assert_int_equal(hello(sessions, "pbx", "peer-a", 1, &first), RS_OK);
    assert_true(first.is_new);
    assert_int_equal(first.evicted_len, 0);
    rs_sessions_get(sessions, first.slot)->mark = rs_sessions_get(sessions, first.slot)->taken = 17;
    assert_int_equal(hello(sessions, "pbx", "peer-b", 2, &second), RS_OK);
    assert_int_equal(second.slot, first.slot);
    assert_false(second.is_new);
    assert_int_equal(second.evicted_len, 6);
    assert_memory_equal(second.evicted, "peer-a", 6);
    assert_int_equal(rs_sessions_get(sessions, second.slot)->mark, 17);
    assert_int_equal(rs_sessions_of_peer(sessions, RS_STR("peer-a")), RS_SESSIONS_NONE);
    assert_int_equal(rs_sessions_of_peer(sessions, RS_STR("peer-b")), first.slot);
    assert_sound(sessions);
    rs_sessions_destroy(&sessions);
    assert_null(sessions);
}

static void source_and_incarnation_are_not_run_together(void **state) {
    (void)state;
    rs_sessions_t *sessions;
    rs_sessions_hello_t one, other;
    assert_int_equal(rs_sessions_create(8, 4, 1000, &sessions), RS_OK);
    assert_int_equal(rs_sessions_hello(sessions, RS_STR("ab"), RS_STR("c"), RS_STR("p"), 1, &one), RS_OK);
    assert_int_equal(rs_sessions_hello(sessions, RS_STR("a"), RS_STR("bc"), RS_STR("q"), 1, &other), RS_OK);
    assert_true(one.slot != other.slot);
    rs_sessions_destroy(&sessions);
}

static void a_peer_that_says_hello_for_another_session_leaves_the_first(void **state) {
    (void)state;
    rs_sessions_t *sessions;
    rs_sessions_hello_t first, second;
    assert_int_equal(rs_sessions_create(8, 4, 1000, &sessions), RS_OK);
    assert_int_equal(hello(sessions, "one", "peer", 1, &first), RS_OK);
    assert_int_equal(hello(sessions, "two", "peer", 1, &second), RS_OK);
    assert_false(rs_sessions_get(sessions, first.slot)->attached);
    assert_int_equal(rs_sessions_of_peer(sessions, RS_STR("peer")), second.slot);
    assert_int_equal(rs_sessions_attached(sessions), 1);
    assert_sound(sessions);
    rs_sessions_destroy(&sessions);
}

static void when_every_place_is_taken_only_a_silent_peer_gives_way(void **state) {
    (void)state;
    rs_sessions_t *sessions;
    rs_sessions_hello_t out;
    assert_int_equal(rs_sessions_create(8, 2, 1000, &sessions), RS_OK);
    assert_int_equal(hello(sessions, "one", "p1", 0, &out), RS_OK);
    const uint32_t first = out.slot;
    assert_int_equal(hello(sessions, "two", "p2", 500, &out), RS_OK);
    assert_int_equal(hello(sessions, "three", "p3", 999, &out), RS_ERR_LIMIT);
    rs_sessions_touch(sessions, first, 999);
    assert_int_equal(hello(sessions, "three", "p3", 1499, &out), RS_ERR_LIMIT);
    assert_int_equal(hello(sessions, "three", "p3", 1500, &out), RS_OK);
    assert_int_equal(rs_sessions_of_peer(sessions, RS_STR("p2")), RS_SESSIONS_NONE);
    assert_int_equal(rs_sessions_of_peer(sessions, RS_STR("p1")), first);
    assert_sound(sessions);
    rs_sessions_destroy(&sessions);
}

static void the_session_left_longest_ago_is_forgotten_first_but_never_one_in_flight(void **state) {
    (void)state;
    rs_sessions_t *sessions;
    rs_sessions_hello_t out;
    char source[24], peer[24];
    assert_int_equal(rs_sessions_create(4, 1, 0, &sessions), RS_OK);
    for (uint32_t i = 0; i < 4; i++) {
        numbered(peer, "p", i);
        assert_int_equal(hello(sessions, numbered(source, "s", i).data, peer, (int64_t)i, &out), RS_OK);
        rs_sessions_get(sessions, out.slot)->mark = rs_sessions_get(sessions, out.slot)->taken = 100 + i;
        if (i == 0) rs_sessions_get(sessions, out.slot)->in_flight_batches = 1;
    }
    assert_int_equal(hello(sessions, "new", "p9", 9, &out), RS_OK);
    assert_true(out.is_new);
    assert_int_equal(rs_sessions_get(sessions, out.slot)->mark, 0);
    assert_int_equal(rs_sessions_forgotten(sessions), 1);
    assert_sound(sessions);
    assert_int_equal(hello(sessions, "s0", "p9", 10, &out), RS_OK);
    assert_int_equal(rs_sessions_get(sessions, out.slot)->mark, 100);
    assert_int_equal(hello(sessions, "s1", "p9", 11, &out), RS_OK);   /* s1 was the oldest with nothing in flight */
    assert_true(out.is_new);
    rs_sessions_destroy(&sessions);
}

static void nacks_wait_in_order_up_to_the_bound_and_die_with_their_session(void **state) {
    (void)state;
    rs_sessions_t *sessions;
    rs_sessions_hello_t out, next;
    assert_int_equal(rs_sessions_create(1, 1, 0, &sessions), RS_OK);
    assert_int_equal(hello(sessions, "one", "p", 1, &out), RS_OK);
    uint64_t pushed = 0;
    while (rs_sessions_push_nack(sessions, out.slot, &(rs_nack_t){.number = pushed + 1})) pushed++;
    assert_int_equal(pushed, RS_SESSIONS_MAX_NACKS);
    for (uint64_t i = 1; i <= 10; i++) {
        assert_int_equal(rs_sessions_first_nack(sessions, out.slot)->number, i);
        rs_sessions_pop_nack(sessions, out.slot);
    }
    assert_true(rs_sessions_push_nack(sessions, out.slot, &(rs_nack_t){.number = 99}));
    assert_sound(sessions);
    assert_int_equal(hello(sessions, "two", "q", 2, &next), RS_OK);   /* forgets the first */
    assert_null(rs_sessions_first_nack(sessions, next.slot));
    assert_sound(sessions);
    rs_sessions_destroy(&sessions);
}

/* The tables, lists and bounds stay sound whatever comes; seed printed, so that a failure can be had again. */
static void random_hellos_and_departures_keep_every_rule(void **state) {
    (void)state;
    const char *text = getenv("RS_SEED");
    uint64_t random = text != NULL ? strtoull(text, NULL, 10) : 20261122;
    printf("seed %llu\n", (unsigned long long)random);
    rs_sessions_t *sessions;
    assert_int_equal(rs_sessions_create(40, 20, 50, &sessions), RS_OK);
    for (int64_t now = 0; now < 20000; now++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const uint32_t draw = (uint32_t)(random >> 33);
        char source[24], peer[24];
        rs_sessions_hello_t out;
        numbered(source, "source-", draw % 60);
        numbered(peer, "peer-", (draw >> 8) % 30);
        switch ((draw >> 16) % 4) {
            case 0:
            case 1:
                if (hello(sessions, source, peer, now, &out) == RS_OK) {
                    assert_int_equal(rs_sessions_of_peer(sessions, rs_str(peer)), out.slot);
                }
                break;
            case 2: {
                const uint32_t slot = rs_sessions_of_peer(sessions, rs_str(peer));
                if (slot != RS_SESSIONS_NONE) rs_sessions_detach(sessions, slot);
                break;
            }
            default: {
                rs_session_t *session = rs_sessions_get(sessions, draw % 40);
                if (session != NULL) session->in_flight_batches = (draw >> 20) % 2;
            }
        }
        assert_sound(sessions);
    }
    rs_sessions_destroy(&sessions);
}

int sessions_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_finds_its_session_again_whoever_asks),
        cmocka_unit_test(source_and_incarnation_are_not_run_together),
        cmocka_unit_test(a_peer_that_says_hello_for_another_session_leaves_the_first),
        cmocka_unit_test(when_every_place_is_taken_only_a_silent_peer_gives_way),
        cmocka_unit_test(the_session_left_longest_ago_is_forgotten_first_but_never_one_in_flight),
        cmocka_unit_test(nacks_wait_in_order_up_to_the_bound_and_die_with_their_session),
        cmocka_unit_test(random_hellos_and_departures_keep_every_rule),
    };
    return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
