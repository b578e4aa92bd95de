#include "event_test.h"

static rs_event_t queued_event(void) {
    return (rs_event_t){.occurred_us = INT64_C(1772442012250000), .seq = 1, .present = RS_HAS_SEQ, .type = RS_CONTACT_QUEUED,
                        .source = RS_STR("s"), .contact_id = RS_STR("c"), .queue = RS_STR("q")};
}

static void json_has_no_empty_fields_and_no_line_feed(void **state) {
    (void)state;
    char bytes[RS_EVENT_MAX_ENCODED];
    const rs_event_t event = queued_event();
    const int64_t len = rs_event_encode(&event, RS_ENCODING_JSON, bytes, sizeof bytes);
    const char *expected = "{\"source\":\"s\",\"seq\":1,\"occurred_at\":\"2026-03-02T09:00:12.250000Z\",\"type\":\"contact.queued\","
                           "\"contact_id\":\"c\",\"queue\":\"q\"}";
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(bytes, expected, (size_t)len);
}

static void fields_of_other_types_are_left_out(void **state) {
    (void)state;
    char bytes[RS_EVENT_MAX_ENCODED], plain_bytes[RS_EVENT_MAX_ENCODED];
    const rs_encoding_t encodings[] = {RS_ENCODING_JSON, RS_ENCODING_PROTOBUF};
    for (unsigned i = 0; i < 2; i++) {
        rs_event_t event = queued_event();
        const int64_t plain = rs_event_encode(&event, encodings[i], plain_bytes, sizeof plain_bytes);
        event.present |= RS_HAS_SCORE | RS_HAS_RESOLVED | RS_HAS_FROM_SEQ | RS_HAS_RING_MS;
        event.reason = event.kind = event.stage = event.party = event.state = 1;
        event.code = event.case_id = event.to_queue = event.to_agent = RS_STR("x");
        assert_int_equal(rs_event_encode(&event, encodings[i], bytes, sizeof bytes), plain);
        assert_memory_equal(bytes, plain_bytes, (size_t)plain);
    }
}

static void a_pseudonym_is_written_as_hexadecimal_digits(void **state) {
    (void)state;
    char bytes[RS_EVENT_MAX_ENCODED];
    rs_event_t event = queued_event();
    event.customer = (rs_str_t){"\x00\x01\x7F\x80\xFE\xFF" "0123456789", RS_PSEUDONYM_BYTES};
    event.present |= RS_HAS_PSEUDONYM;
    const rs_encoding_t encodings[] = {RS_ENCODING_JSON, RS_ENCODING_PROTOBUF};
    for (unsigned i = 0; i < 2; i++) {
        const int64_t len = rs_event_encode(&event, encodings[i], bytes, sizeof bytes);
        assert_true(len > 0);
        assert_non_null(memmem(bytes, (size_t)len, "00017f80feff30313233343536373839", 32));
    }
}

/* Every size below the needed one is refused and nothing is written behind it. */
static void encode_never_writes_past_the_end(void **state) {
    (void)state;
    uint64_t random = random_seed("encode");
    event_copy_t *copy = malloc(sizeof *copy);
    char *whole = malloc(RS_EVENT_MAX_ENCODED);
    for (unsigned round = 0; round < 60; round++) {
        random_event(&random, copy);
        const rs_encoding_t encoding = round % 2 == 0 ? RS_ENCODING_JSON : RS_ENCODING_PROTOBUF;
        const int64_t needed = rs_event_encode(&copy->event, encoding, whole, RS_EVENT_MAX_ENCODED);
        assert_true(needed > 0);
        for (int64_t size = 0; size <= needed; size++) {
            char *exact = malloc((size_t)size + 1);
            exact[size] = '#';
            const int64_t len = rs_event_encode(&copy->event, encoding, exact, (size_t)size);
            assert_int_equal(len, size == needed ? needed : RS_ERR_FULL);
            assert_int_equal(exact[size], '#');
            if (len > 0) assert_memory_equal(exact, whole, (size_t)len);
            free(exact);
        }
    }
    free(whole);
    free(copy);
}

static void no_valid_event_is_longer_than_the_promise(void **state) {
    (void)state;
    static char text[RS_MAX_CONTACT_ID];
    memset(text, 1, sizeof text);   /* every byte six characters of JSON */
    char bytes[RS_EVENT_MAX_ENCODED];
    for (unsigned type = 1; type < RS_EVENT_TYPE_COUNT; type++) {
        rs_event_t event = {.type = (uint8_t)type, .present = 0x3FFF, .seq = UINT64_MAX, .from_seq = UINT64_MAX, .to_seq = UINT64_MAX,
            .occurred_us = RS_TIME_MAX_US - 1, .channel = RS_CHANNEL_CALLBACK, .direction = RS_DIRECTION_INTERNAL,
            .score_milli = -999999999, .scale_min_milli = -999999999, .scale_max_milli = -999999999, .priority = INT32_MIN,
            .wait_ms = UINT32_MAX, .talk_ms = UINT32_MAX, .hold_ms = UINT32_MAX, .ring_ms = UINT32_MAX};
        rs_str_t *strings[EVENT_STRINGS];
        event_strings(&event, strings);
        for (unsigned i = 0; i < EVENT_STRINGS; i++) *strings[i] = (rs_str_t){text, i >= 4 && i <= 6 ? 128 : 64};
        rs_refused_t refused;
        assert_int_equal(rs_event_check(&event, &refused), RS_OK);
        assert_true(rs_event_encode(&event, RS_ENCODING_JSON, bytes, sizeof bytes) > 0);
        assert_true(rs_event_encode(&event, RS_ENCODING_PROTOBUF, bytes, sizeof bytes) > 0);
    }
}

static void an_unknown_encoding_is_refused(void **state) {
    (void)state;
    char bytes[64];
    const rs_event_t event = queued_event();
    assert_int_equal(rs_event_encode(&event, (rs_encoding_t)0, bytes, sizeof bytes), RS_ERR_INVALID);
}

int run_encode_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_no_empty_fields_and_no_line_feed),
        cmocka_unit_test(fields_of_other_types_are_left_out),
        cmocka_unit_test(a_pseudonym_is_written_as_hexadecimal_digits),
        cmocka_unit_test(encode_never_writes_past_the_end),
        cmocka_unit_test(no_valid_event_is_longer_than_the_promise),
        cmocka_unit_test(an_unknown_encoding_is_refused),
    };
    return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
