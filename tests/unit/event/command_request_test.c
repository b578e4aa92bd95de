/* What people's programs say as frames: what is right becomes a command, what is wrong is named by field and reason. */
#include "event_test.h"

#include "event/command_request.h"


#define NOW_US (INT64_C(1772442000) * RS_US_PER_S)

static int read(const char *const *texts, rs_command_request_t *request, rs_command_wrong_t *wrong) {
    rs_str_t frames[32];
    uint32_t count = 0;
    for (; texts[count] != NULL; count++) frames[count] = rs_str(texts[count]);
    return rs_command_request_read(frames, count, NOW_US, request, wrong);
}
#define FRAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void every_field_of_a_command_arrives(void **state) {
    (void)state;
    rs_command_request_t request;
    rs_command_wrong_t wrong;
    assert_int_equal(read(FRAMES("RS1", "SAY", "a-1", "action", "episode=5-17", "who=anna", "text=call = more", "owner=ben",
                                 "due=2027-01-01T00:00:00Z"), &request, &wrong), RS_OK);
    assert_true(rs_str_equal(request.id, RS_STR("a-1")) && !request.asks_silences);
    assert_int_equal(request.command.what, RS_COMMAND_ACTION);
    assert_true(request.command.episode == (UINT64_C(5) << 32 | 17) && request.command.at_us == NOW_US);
    assert_true(rs_str_equal(request.command.text, RS_STR("call = more")) && rs_str_equal(request.command.owner, RS_STR("ben")));
    assert_true(request.command.due_us == INT64_C(1798761600) * RS_US_PER_S);
    assert_int_equal(read(FRAMES("RS1", "SAY", "", "silence", "who=a", "text=w", "until=1798761600000000", "tenant=t*", "rule=r", "key=k?",
                                 "channel=chat"), &request, &wrong), RS_OK);
    assert_int_equal(request.command.channel, RS_CHANNEL_CHAT);
    assert_true(rs_str_equal(request.command.tenant, RS_STR("t*")) && rs_str_equal(request.command.key, RS_STR("k?")));
    assert_int_equal(read(FRAMES("RS1", "SAY", "2", "ack", "episode=0-1", "who=a", "text=w", "sticky=true", "until=2030-01-01T00:00:00Z"),
                          &request, &wrong), RS_OK);
    assert_true(request.command.sticky && request.command.until_us != 0);
    assert_int_equal(read(FRAMES("RS1", "SAY", "2", "unsilence", "silence=3", "who=a"), &request, &wrong), RS_OK);
    assert_true(request.command.episode == 3);
    assert_int_equal(read(FRAMES("RS1", "SILENCES", "9"), &request, &wrong), RS_OK);
    assert_true(request.asks_silences);
}

static void what_is_wrong_is_named(void **state) {
    (void)state;
    static const struct { const char *frames[24], *reason, *field, *text; } cases[] = {
        {{"RS2", "SAY", "1", "ack"}, "bad_version", "", "RS1"},
        {{"RS1"}, "bad_frame", "", "id"},
        {{"RS1", "SAY", "has blank", "ack"}, "bad_frame", "", "id"},
        {{"RS1", "SHOUT", "1"}, "bad_frame", "", "SAY"},
        {{"RS1", "SILENCES", "1", "x"}, "bad_frame", "", "nothing"},
        {{"RS1", "SAY", "1"}, "bad_frame", "", "fourth"},
        {{"RS1", "SAY", "1", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a"}, "bad_frame", "", "more frames"},
        {{"RS1", "SAY", "1", "none"}, "unknown_command", "", "unsilence"},
        {{"RS1", "SAY", "1", "ack", "episode"}, "bad_frame", "", "field=value"},
        {{"RS1", "SAY", "1", "ack", "age=3"}, "unknown_field", "", "no such field"},
        {{"RS1", "SAY", "1", "note", "owner=ben"}, "unknown_field", "owner", "note"},
        {{"RS1", "SAY", "1", "silence", "episode=1-1"}, "unknown_field", "episode", "silence"},
        {{"RS1", "SAY", "1", "ack", "who=a", "who=b"}, "bad_value", "who", "twice"},
        {{"RS1", "SAY", "1", "ack", "episode=17"}, "bad_value", "episode", "5-17"},
        {{"RS1", "SAY", "1", "ack", "episode=01-1"}, "bad_value", "episode", "5-17"},
        {{"RS1", "SAY", "1", "ack", "episode=4294967296-1"}, "bad_value", "episode", "5-17"},
        {{"RS1", "SAY", "1", "ack", "sticky=yes"}, "bad_value", "sticky", "true"},
        {{"RS1", "SAY", "1", "ack", "until=soon"}, "bad_value", "until", "time"},
        {{"RS1", "SAY", "1", "silence", "channel=none"}, "bad_value", "channel", "unknown"},
        {{"RS1", "SAY", "1", "unsilence", "silence=0"}, "bad_value", "silence", "number"},
        {{"RS1", "SAY", "1", "unsilence", "who=a"}, "missing_field", "silence", "missing"},
        {{"RS1", "SAY", "1", "ack", "episode=1-1", "text=t"}, "missing_field", "who", "missing"},
        {{"RS1", "SAY", "1", "ack", "episode=1-1", "who=a"}, "missing_field", "text", "why"},
        {{"RS1", "SAY", "1", "ack", "who=a", "text=t"}, "missing_field", "episode", "missing"},
        {{"RS1", "SAY", "1", "silence", "who=a", "text=t"}, "missing_field", "until", "must end"},
        {{"RS1", "SAY", "1", "silence", "who=a", "text=t", "until=1"}, "bad_value", "until", "passed"},
        {{"RS1", "SAY", "1", "note", "episode=1-1", "who=a\x01", "text=t"}, "bad_value", "who", "control"},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        rs_command_request_t request;
        rs_command_wrong_t wrong = {0};
        const int status = read(cases[i].frames, &request, &wrong);
        if (status != RS_ERR_INVALID || strcmp(wrong.reason, cases[i].reason) != 0 || strcmp(wrong.field, cases[i].field) != 0 ||
            strstr(wrong.text, cases[i].text) == NULL)
            fail_msg("case %zu: %d %s, field %s: %s", i, status, wrong.reason, wrong.field, wrong.text);
    }
}

static void the_id_comes_back_with_a_refusal(void **state) {
    (void)state;
    rs_command_request_t request;
    rs_command_wrong_t wrong;
    assert_int_equal(read(FRAMES("RS1", "SAY", "my-id", "dance"), &request, &wrong), RS_ERR_INVALID);
    assert_true(rs_str_equal(request.id, RS_STR("my-id")));
    assert_int_equal(rs_command_request_read(NULL, 0, NOW_US, &request, &wrong), RS_ERR_INVALID);
}

int run_command_request_tests(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_field_of_a_command_arrives), cmocka_unit_test(what_is_wrong_is_named),
                                       cmocka_unit_test(the_id_comes_back_with_a_refusal)};
    return cmocka_run_group_tests_name("command_request", tests, NULL, NULL);
}
