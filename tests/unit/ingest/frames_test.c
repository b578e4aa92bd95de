#include "harness.h"

#include "ingest/frames.h"

typedef struct frame_case {
    const char *name;
    rs_str_t frames[10];
    uint32_t count;
    rs_ingest_error_t wanted;
} frame_case_t;

#define F(literal) RS_STR(literal)

static const char long_name[] = "1234567890123456789012345678901234567890123456789012345678901234";   /* 64 */

static void every_message_that_is_not_of_the_protocol_is_answered_with_its_error(void **state) {
    (void)state;
    const rs_str_t longest = {.data = long_name, .len = 64};
    char too_long[66];
    memset(too_long, 'x', sizeof too_long);
    const rs_str_t longer = {.data = too_long, .len = 65};
    const frame_case_t cases[] = {
        {"hello json", {F("RS1"), F("HELLO"), F("pbx"), F("1"), F("json")}, 5, RS_INGEST_ERROR_NONE},
        {"hello protobuf, no incarnation", {F("RS1"), F("HELLO"), F("pbx"), F(""), F("protobuf")}, 5, RS_INGEST_ERROR_NONE},
        {"hello longest names", {F("RS1"), F("HELLO"), longest, longest, F("json")}, 5, RS_INGEST_ERROR_NONE},
        {"hello umlaut", {F("RS1"), F("HELLO"), F("k\xC3\xB6ln"), F(""), F("json")}, 5, RS_INGEST_ERROR_NONE},
        {"batch", {F("RS1"), F("BATCH"), F("1"), F("{}")}, 4, RS_INGEST_ERROR_NONE},
        {"batch at the greatest number", {F("RS1"), F("BATCH"), F("9223372036854775808"), F("{}")}, 4, RS_INGEST_ERROR_NONE},
        {"ping", {F("RS1"), F("PING")}, 2, RS_INGEST_ERROR_NONE},
        {"nothing", {F("")}, 0, RS_INGEST_ERROR_BAD_FRAME},
        {"delimiter", {F(""), F("RS1"), F("PING")}, 3, RS_INGEST_ERROR_BAD_FRAME},
        {"garbage", {F("\x01\xFF garbage")}, 1, RS_INGEST_ERROR_BAD_FRAME},
        {"later version", {F("RS2"), F("HELLO")}, 2, RS_INGEST_ERROR_BAD_VERSION},
        {"much later version", {F("RS10"), F("PING")}, 2, RS_INGEST_ERROR_BAD_VERSION},
        {"lower case version", {F("rs1"), F("PING")}, 2, RS_INGEST_ERROR_BAD_FRAME},
        {"version alone", {F("RS1")}, 1, RS_INGEST_ERROR_BAD_FRAME},
        {"unknown command", {F("RS1"), F("GOODBYE")}, 2, RS_INGEST_ERROR_BAD_FRAME},
        {"lower case command", {F("RS1"), F("ping")}, 2, RS_INGEST_ERROR_BAD_FRAME},
        {"ping with more", {F("RS1"), F("PING"), F("")}, 3, RS_INGEST_ERROR_BAD_FRAME},
        {"hello too short", {F("RS1"), F("HELLO"), F("pbx"), F("1")}, 4, RS_INGEST_ERROR_BAD_FRAME},
        {"hello with a number", {F("RS1"), F("HELLO"), F("pbx"), F("1"), F("json"), F("17")}, 6, RS_INGEST_ERROR_NONE},
        {"hello with no number", {F("RS1"), F("HELLO"), F("pbx"), F("1"), F("json"), F("")}, 6, RS_INGEST_ERROR_BAD_FRAME},
        {"hello with number 0", {F("RS1"), F("HELLO"), F("pbx"), F("1"), F("json"), F("0")}, 6, RS_INGEST_ERROR_BAD_FRAME},
        {"hello too long", {F("RS1"), F("HELLO"), F("pbx"), F("1"), F("json"), F("1"), F("")}, 7, RS_INGEST_ERROR_BAD_FRAME},
        {"hello without source", {F("RS1"), F("HELLO"), F(""), F("1"), F("json")}, 5, RS_INGEST_ERROR_BAD_FRAME},
        {"source too long", {F("RS1"), F("HELLO"), longer, F("1"), F("json")}, 5, RS_INGEST_ERROR_BAD_FRAME},
        {"incarnation too long", {F("RS1"), F("HELLO"), F("pbx"), longer, F("json")}, 5, RS_INGEST_ERROR_BAD_FRAME},
        {"source with NUL", {F("RS1"), F("HELLO"), F("p\0x"), F("1"), F("json")}, 5, RS_INGEST_ERROR_BAD_FRAME},
        {"source with line feed", {F("RS1"), F("HELLO"), F("p\nx"), F("1"), F("json")}, 5, RS_INGEST_ERROR_BAD_FRAME},
        {"source not UTF-8", {F("RS1"), F("HELLO"), F("p\xFFx"), F("1"), F("json")}, 5, RS_INGEST_ERROR_BAD_FRAME},
        {"source cut UTF-8", {F("RS1"), F("HELLO"), F("p\xC3"), F("1"), F("json")}, 5, RS_INGEST_ERROR_BAD_FRAME},
        {"source overlong UTF-8", {F("RS1"), F("HELLO"), F("\xC0\xAF"), F("1"), F("json")}, 5, RS_INGEST_ERROR_BAD_FRAME},
        {"source surrogate", {F("RS1"), F("HELLO"), F("\xED\xA0\x80"), F("1"), F("json")}, 5, RS_INGEST_ERROR_BAD_FRAME},
        {"encoding unknown", {F("RS1"), F("HELLO"), F("pbx"), F("1"), F("xml")}, 5, RS_INGEST_ERROR_BAD_ENCODING},
        {"encoding upper case", {F("RS1"), F("HELLO"), F("pbx"), F("1"), F("JSON")}, 5, RS_INGEST_ERROR_BAD_ENCODING},
        {"batch number 0", {F("RS1"), F("BATCH"), F("0"), F("{}")}, 4, RS_INGEST_ERROR_BAD_FRAME},
        {"batch number empty", {F("RS1"), F("BATCH"), F(""), F("{}")}, 4, RS_INGEST_ERROR_BAD_FRAME},
        {"batch number signed", {F("RS1"), F("BATCH"), F("+1"), F("{}")}, 4, RS_INGEST_ERROR_BAD_FRAME},
        {"batch number negative", {F("RS1"), F("BATCH"), F("-1"), F("{}")}, 4, RS_INGEST_ERROR_BAD_FRAME},
        {"batch number spaced", {F("RS1"), F("BATCH"), F(" 1"), F("{}")}, 4, RS_INGEST_ERROR_BAD_FRAME},
        {"batch number hexadecimal", {F("RS1"), F("BATCH"), F("0x1"), F("{}")}, 4, RS_INGEST_ERROR_BAD_FRAME},
        {"batch number 2^63 + 1", {F("RS1"), F("BATCH"), F("9223372036854775809"), F("{}")}, 4, RS_INGEST_ERROR_BAD_FRAME},
        {"batch number 2^64", {F("RS1"), F("BATCH"), F("18446744073709551616"), F("{}")}, 4, RS_INGEST_ERROR_BAD_FRAME},
        {"batch number 21 digits", {F("RS1"), F("BATCH"), F("000000000000000000001"), F("{}")}, 4, RS_INGEST_ERROR_BAD_FRAME},
        {"batch payload empty", {F("RS1"), F("BATCH"), F("1"), F("")}, 4, RS_INGEST_ERROR_BAD_FRAME},
        {"batch without payload", {F("RS1"), F("BATCH"), F("1")}, 3, RS_INGEST_ERROR_BAD_FRAME},
        {"batch with two payloads", {F("RS1"), F("BATCH"), F("1"), F("{}"), F("{}")}, 5, RS_INGEST_ERROR_BAD_FRAME},
        {"nine frames", {F("RS1"), F("PING")}, 9, RS_INGEST_ERROR_BAD_FRAME},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        rs_frames_request_t request;
        const char *detail = "";
        const rs_ingest_error_t got = rs_frames_parse(cases[i].frames, cases[i].count, &request, &detail);
        if (got != cases[i].wanted) fail_msg("%s: %s", cases[i].name, rs_ingest_error_name(got));
        if (got != RS_INGEST_ERROR_NONE && detail[0] == '\0') fail_msg("%s: no detail", cases[i].name);
    }
}

static void a_request_gives_back_what_its_frames_say(void **state) {
    (void)state;
    rs_frames_request_t request;
    const char *detail = "";
    const rs_str_t hello[] = {F("RS1"), F("HELLO"), F("pbx"), F("boot-7"), F("protobuf")};
    assert_int_equal(rs_frames_parse(hello, 5, &request, &detail), RS_INGEST_ERROR_NONE);
    assert_int_equal(request.command, RS_FRAMES_HELLO);
    assert_true(rs_str_equal(request.source, F("pbx")) && rs_str_equal(request.incarnation, F("boot-7")));
    assert_int_equal(request.encoding, RS_ENCODING_PROTOBUF);
    const rs_str_t batch[] = {F("RS1"), F("BATCH"), F("00042"), F("{}")};
    assert_int_equal(rs_frames_parse(batch, 4, &request, &detail), RS_INGEST_ERROR_NONE);
    assert_int_equal(request.command, RS_FRAMES_BATCH);
    assert_int_equal(request.first_number, 42);
    assert_true(rs_str_equal(request.payload, F("{}")));
}

static void errors_have_names_and_texts_and_out_of_range_ones_are_empty(void **state) {
    (void)state;
    assert_string_equal(rs_ingest_error_name(RS_INGEST_ERROR_GAP), "gap");
    assert_string_equal(rs_ingest_error_name(RS_INGEST_ERROR_COUNT), "");
    assert_string_equal(rs_ingest_error_text(RS_INGEST_ERROR_COUNT), "");
    for (unsigned error = 1; error < RS_INGEST_ERROR_COUNT; error++) {
        assert_true(rs_ingest_error_name(error)[0] != '\0' && rs_ingest_error_text(error)[0] != '\0');
    }
}

int frames_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_that_is_not_of_the_protocol_is_answered_with_its_error),
        cmocka_unit_test(a_request_gives_back_what_its_frames_say),
        cmocka_unit_test(errors_have_names_and_texts_and_out_of_range_ones_are_empty),
    };
    return cmocka_run_group_tests_name("frames", tests, NULL, NULL);
}
