/* The door of commands: an answer goes out when the command is applied and on disk, not before, and to who asked. */
#include "harness.h"

#include "ingest/commands.h"

typedef struct door {
    fixture_t fixture;        /* its loop, context and peers */
    rs_commands_door_t *door;
    char endpoint[128];
    rs_origin_t origins[128];
    uint64_t episodes[128];
    uint32_t taken;
    bool is_full;
    uint32_t silences;
} door_t;

static int submit(void *context, const rs_command_t *command, rs_origin_t origin, uint64_t *position) {
    door_t *door = context;
    if (door->is_full) return RS_ERR_FULL;
    assert_true(door->taken < 128);
    door->origins[door->taken] = origin;
    door->episodes[door->taken++] = command->episode;
    *position = door->taken * 100;
    return RS_OK;
}

static size_t silence(void *context, uint32_t place, char *text, size_t size) {
    const door_t *door = context;
    return place < door->silences ? (size_t)snprintf(text, size, "{\"silence\":%u}", place + 1) : 0;
}

static int64_t now_us(void *context) {
    (void)context;
    return INT64_C(1772442000) * RS_US_PER_S;
}

static void open_door(door_t *door) {
    memset(door, 0, sizeof *door);
    fixture_open(&door->fixture);
    snprintf(door->endpoint, sizeof door->endpoint, "ipc://%s/commands", door->fixture.folder);
    door->fixture.config.commands_endpoint = rs_str(door->endpoint);
    const rs_commands_sink_t sink = {.context = door, .submit = submit, .silence = silence, .now_us = now_us};
    assert_int_equal(rs_commands_create(&door->fixture.loop, door->fixture.zmq, &door->fixture.config, &sink, &door->door), RS_OK);
}

static void close_door(door_t *door) {
    rs_commands_close(&door->door);
    assert_null(door->door);
    unlink(door->endpoint + strlen("ipc://"));
    fixture_close(&door->fixture);
}

static void *peer(door_t *door) { return peer_connect(&door->fixture, ZMQ_DEALER, door->endpoint, NULL); }

static void say(door_t *door, void *from, const char *id, const char *act, const char *episode) {
    const uint32_t before = door->taken;
    peer_say(from, "RS1", "SAY", id, act, episode, "who=anna", "text=why", NULL);
    for (uint32_t i = 0; i < 3000 && door->taken == before; i++) run_turns(&door->fixture, 1);
    assert_int_equal(door->taken, before + 1);
}

static void an_answer_waits_for_the_core_and_for_the_disk(void **state) {
    (void)state;
    static door_t door;
    open_door(&door);
    void *anna = peer(&door), *ben = peer(&door);
    say(&door, anna, "a", "ack", "episode=5-17");
    say(&door, ben, "b", "note", "episode=5-18");
    rs_commands_on_settled(door.door, 200);                     /* on disk, but the core has said nothing */
    expect_silence(&door.fixture, anna);
    rs_commands_on_answer(door.door, door.origins[0], RS_OK, door.episodes[0]);
    rs_commands_on_settled(door.door, 99);                      /* said, but not on disk */
    expect_silence(&door.fixture, anna);
    rs_commands_on_answer(door.door, (rs_origin_t){.session = 1, .number = door.origins[1].number}, RS_OK, 1);   /* an event's, not ours */
    rs_commands_on_settled(door.door, 200);
    EXPECT(&door.fixture, anna, "RS1", "DONE", "a", "ack", "5-17");
    expect_silence(&door.fixture, ben);
    rs_commands_on_answer(door.door, door.origins[1], RS_OK, door.episodes[1]);
    rs_commands_on_settled(door.door, 200);
    EXPECT(&door.fixture, ben, "RS1", "DONE", "b", "note", "5-18");
    rs_commands_on_settled(door.door, 200);
    expect_silence(&door.fixture, ben);
    close_door(&door);
}

static void what_the_core_refuses_is_told_in_words(void **state) {
    (void)state;
    static const struct { const char *act; int status; const char *reason; } cases[] = {
        {"ack", RS_ERR_NOT_FOUND, "not_found"}, {"ack", RS_ERR_STATE, "closed"}, {"review", RS_ERR_STATE, "open"},
        {"cause", RS_ERR_LIMIT, "limit"}};
    static door_t door;
    open_door(&door);
    void *anna = peer(&door);
    for (uint32_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        say(&door, anna, "x", cases[i].act, "episode=5-17");
        rs_commands_on_answer(door.door, door.origins[i], cases[i].status, 0);
        rs_commands_on_settled(door.door, 1000);
        EXPECT(&door.fixture, anna, "RS1", "REFUSED", "x", cases[i].reason, "*", "*");
    }
    close_door(&door);
}

static void a_full_sink_and_too_many_at_once_are_told_at_once(void **state) {
    (void)state;
    static door_t door;
    open_door(&door);
    void *anna = peer(&door);
    door.is_full = true;
    peer_say(anna, "RS1", "SAY", "1", "ack", "episode=1-1", "who=a", "text=t", NULL);
    EXPECT(&door.fixture, anna, "RS1", "REFUSED", "1", "unavailable", "", "*");
    door.is_full = false;
    for (uint32_t i = 0; i < RS_COMMANDS_WAITING; i++) say(&door, anna, "n", "ack", "episode=1-1");
    peer_say(anna, "RS1", "SAY", "more", "ack", "episode=1-1", "who=a", "text=t", NULL);
    EXPECT(&door.fixture, anna, "RS1", "REFUSED", "more", "busy", "", "*");
    for (uint32_t i = 0; i < RS_COMMANDS_WAITING; i++) rs_commands_on_answer(door.door, door.origins[i], RS_OK, 1);
    rs_commands_on_settled(door.door, UINT64_MAX);
    for (uint32_t i = 0; i < RS_COMMANDS_WAITING; i++) EXPECT(&door.fixture, anna, "RS1", "DONE", "n", "ack", "*");
    rs_commands_stats_t stats;
    rs_commands_stats(door.door, &stats);
    assert_true(stats.waiting == 0 && stats.done == RS_COMMANDS_WAITING && stats.refused == 2 && stats.dropped == 0);
    close_door(&door);
}

static void who_is_gone_is_not_waited_for_and_silences_are_listed(void **state) {
    (void)state;
    static door_t door;
    open_door(&door);
    void *anna = peer(&door);
    peer_say(anna, "RS1", "SILENCES", "s", NULL);
    EXPECT(&door.fixture, anna, "RS1", "SILENCES", "s");
    door.silences = 2;
    peer_say(anna, "RS1", "SILENCES", "t", NULL);
    EXPECT(&door.fixture, anna, "RS1", "SILENCES", "t", "{\"silence\":1}", "{\"silence\":2}");
    say(&door, anna, "x", "ack", "episode=1-1");
    const int none = 0;
    zmq_setsockopt(anna, ZMQ_LINGER, &none, sizeof none);
    zmq_close(anna);
    door.fixture.peer_count--;
    rs_commands_stats_t stats = {0};
    rs_commands_on_answer(door.door, door.origins[0], RS_OK, 1);
    run_turns(&door.fixture, 100);
    rs_commands_on_settled(door.door, 100);
    rs_commands_stats(door.door, &stats);
    assert_int_equal(stats.waiting, 0);
    close_door(&door);
}

int commands_tests(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_answer_waits_for_the_core_and_for_the_disk),
                                       cmocka_unit_test(what_the_core_refuses_is_told_in_words),
                                       cmocka_unit_test(a_full_sink_and_too_many_at_once_are_told_at_once),
                                       cmocka_unit_test(who_is_gone_is_not_waited_for_and_silences_are_listed)};
    return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
