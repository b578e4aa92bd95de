#include "event_test.h"

static const rs_origin_t some_origin = {.session = 0x01020304, .number = UINT64_C(0x1122334455667788)};

/* Random, and fit for a record: the customer is a pseudonym or absent. */
static void random_record_event(uint64_t *random, event_copy_t *copy) {
    static const char pseudonym[RS_PSEUDONYM_BYTES] = {0, 1, 2, -1, -128, 127, '"', 0};
    random_event(random, copy);
    if (copy->event.customer.len == 0) return;
    copy->event.customer = (rs_str_t){pseudonym, RS_PSEUDONYM_BYTES};
    copy->event.present |= RS_HAS_PSEUDONYM;
}

static void read_gives_back_what_was_written(void **state) {
    (void)state;
    uint64_t random = random_seed("record");
    event_copy_t *copy = malloc(sizeof *copy);
    for (unsigned round = 0; round < 50000; round++) {
        uint8_t bytes[RS_RECORD_MAX], again[RS_RECORD_MAX];
        rs_event_t event;
        int64_t arrival_us = 0;
        rs_origin_t origin;
        random_record_event(&random, copy);
        const int64_t arrived_us = (int64_t)random_next(&random);
        const size_t len = rs_record_write_event(&copy->event, arrived_us, some_origin, bytes);
        assert_true(len <= RS_RECORD_MAX);
        assert_int_equal(rs_record_read_event(bytes, len, &event, &arrival_us, &origin), RS_OK);
        assert_true(event_equal(&event, &copy->event));
        assert_true(arrival_us == arrived_us);
        assert_int_equal(origin.session, some_origin.session);
        assert_true(origin.number == some_origin.number);
        assert_int_equal(rs_record_write_event(&event, arrival_us, origin, again), len);
        assert_memory_equal(bytes, again, len);
    }
    free(copy);
}

/* The layout of event.h, byte by byte: it is a stored format. */
static void bytes_of_a_record_are_as_documented(void **state) {
    (void)state;
    const rs_event_t event = {
        .occurred_us = 0x0102030405, .seq = 7, .present = RS_HAS_SEQ | RS_HAS_WAIT_MS | RS_HAS_PSEUDONYM, .type = RS_CONTACT_ABANDONED,
        .channel = RS_CHANNEL_CHAT, .direction = RS_DIRECTION_OUTBOUND, .stage = RS_STAGE_RING, .wait_ms = 0x0A0B,
        .source = RS_STR("src"), .contact_id = RS_STR("c1"), .customer = RS_STR("0123456789abcdef"), .case_id = RS_STR("z")};
    static const uint8_t expected[] = {
        1, 1, 98, 0, 4, 3, 2, 1, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 9, 0, 0, 0, 0, 0, 0, 0,
        5, 4, 3, 2, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 5, 0x40, 0, 0,
        9, 2, 2, 0, 0, 3, 0, 0, 0,
        0, 3, 0, 0, 2, 0, 16, 0, 0, 0, 0, 0, 0, 0, 1,
        0x0B, 0x0A, 0, 0, 0, 0, 0, 0,
        's', 'r', 'c', 'c', '1', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'z'};
    uint8_t bytes[RS_RECORD_MAX];
    assert_int_equal(rs_record_write_event(&event, 9, some_origin, bytes), sizeof expected);
    assert_memory_equal(bytes, expected, sizeof expected);
}

static void every_cut_and_every_longer_length_is_refused(void **state) {
    (void)state;
    uint64_t random = random_seed("record cut");
    event_copy_t *copy = malloc(sizeof *copy);
    for (unsigned round = 0; round < 200; round++) {
        uint8_t bytes[RS_RECORD_MAX + 1] = {0};
        rs_event_t event;
        int64_t arrival_us;
        rs_origin_t origin;
        random_record_event(&random, copy);
        const size_t len = rs_record_write_event(&copy->event, 1, some_origin, bytes);
        assert_int_equal(rs_record_read_event(bytes, len + 1, &event, &arrival_us, &origin), RS_ERR_PARSE);
        for (size_t cut = 0; cut < len; cut++) {
            uint8_t *exact = malloc(cut + 1);
            memcpy(exact, bytes, cut);
            assert_int_equal(rs_record_read_event(exact, cut, &event, &arrival_us, &origin), RS_ERR_PARSE);
            if (cut >= 4) {   /* also when the damaged record claims to be that long */
                exact[2] = (uint8_t)(cut & 0xFF);
                exact[3] = (uint8_t)(cut >> 8);
                assert_int_equal(rs_record_read_event(exact, cut, &event, &arrival_us, &origin), RS_ERR_PARSE);
            }
            free(exact);
        }
    }
    free(copy);
}

static bool is_inside(rs_str_t text, const uint8_t *bytes, size_t len) {
    const char *const begin = (const char *)bytes;
    return text.data >= begin && text.data + text.len <= begin + len;
}

/* A record that claims to be as long as it was cut has names as long as they fit. */
static void names_are_the_events_and_lie_in_what_is_there(void **state) {
    (void)state;
    uint64_t random = random_seed("record names");
    event_copy_t *copy = malloc(sizeof *copy);
    uint32_t read = 0, refused = 0;
    for (unsigned round = 0; round < 200; round++) {
        uint8_t bytes[RS_RECORD_MAX];
        rs_record_names_t names;
        random_record_event(&random, copy);
        const size_t len = rs_record_write_event(&copy->event, 1, some_origin, bytes);
        assert_int_equal(rs_record_read_names(bytes, len, &names), RS_OK);
        assert_true(rs_str_equal(names.contact_id, copy->event.contact_id));
        assert_true(rs_str_equal(names.queue, copy->event.queue));
        assert_true(rs_str_equal(names.agent, copy->event.agent));
        for (size_t cut = 4; cut < len; cut++) {
            uint8_t *exact = malloc(cut);
            memcpy(exact, bytes, cut);
            assert_int_equal(rs_record_read_names(exact, cut, &names), RS_ERR_PARSE);
            exact[2] = (uint8_t)(cut & 0xFF);
            exact[3] = (uint8_t)(cut >> 8);
            const bool is_read = rs_record_read_names(exact, cut, &names) == RS_OK;
            if (is_read) {
                assert_true(is_inside(names.contact_id, exact, cut) && is_inside(names.queue, exact, cut) &&
                            is_inside(names.agent, exact, cut));
            }
            read += is_read;
            refused += !is_read;
            free(exact);
        }
    }
    assert_true(read > 0 && refused > 0);
    free(copy);
}

/* Whatever a flipped bit makes of a record: refused, or read as an event whose lengths and enumerations are in range. */
static void flipped_bits_never_leave_the_ranges(void **state) {
    (void)state;
    uint64_t random = random_seed("record flip");
    event_copy_t *copy = malloc(sizeof *copy);
    for (unsigned round = 0; round < 200; round++) {
        uint8_t bytes[RS_RECORD_MAX], again[RS_RECORD_MAX];
        random_record_event(&random, copy);
        const size_t len = rs_record_write_event(&copy->event, 1, some_origin, bytes);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            rs_event_t event;
            int64_t arrival_us;
            rs_origin_t origin;
            unsigned field;
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (rs_record_read_event(bytes, len, &event, &arrival_us, &origin) == RS_OK) {
                assert_true(event.type > 0 && event.type < RS_EVENT_TYPE_COUNT && rs__items_fit(&event, &field));
                assert_int_equal(rs_record_write_event(&event, arrival_us, origin, again), len);
                assert_memory_equal(bytes, again, len);
            }
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    free(copy);
}

static void other_kinds_and_versions_are_refused(void **state) {
    (void)state;
    uint8_t bytes[RS_RECORD_MAX];
    const rs_event_t event = {.type = RS_SOURCE_STARTED, .source = RS_STR("s")};
    rs_event_t back;
    int64_t at_us;
    uint64_t hash;
    rs_origin_t origin;
    rs_str_t source;
    rs_refused_t refused;
    const size_t len = rs_record_write_event(&event, 1, some_origin, bytes);
    assert_int_equal(rs_record_read_tick(bytes, len, &at_us), RS_ERR_PARSE);
    assert_int_equal(rs_record_read_refusal(bytes, len, &source, &refused, &hash, &at_us, &origin), RS_ERR_PARSE);
    bytes[1] = 2;
    assert_int_equal(rs_record_read_event(bytes, len, &back, &at_us, &origin), RS_ERR_PARSE);
    bytes[1] = 1;
    assert_int_equal(rs_record_read_event(bytes, len, &back, &at_us, &origin), RS_OK);
}

static void a_refusal_is_read_as_written(void **state) {
    (void)state;
    uint8_t bytes[RS_RECORD_MAX];
    const rs_refused_t refused = {.reason = RS_REFUSAL_TOO_LONG, .field = "data.to_agent", .len = 77, .has_seq = true, .seq = UINT64_MAX};
    const size_t len = rs_record_write_refusal(RS_STR("pbx"), &refused, UINT64_C(0xFEDCBA9876543210), 12, some_origin, bytes);
    rs_str_t source;
    rs_refused_t back;
    uint64_t hash;
    int64_t arrival_us;
    rs_origin_t origin;
    assert_int_equal(rs_record_read_refusal(bytes, len, &source, &back, &hash, &arrival_us, &origin), RS_OK);
    assert_true(rs_str_equal(source, RS_STR("pbx")));
    assert_string_equal(back.source, "pbx");
    assert_int_equal(back.reason, RS_REFUSAL_TOO_LONG);
    assert_string_equal(back.field, "data.to_agent");
    assert_int_equal(back.len, 77);
    assert_true(back.has_seq && back.seq == UINT64_MAX);
    assert_true(hash == UINT64_C(0xFEDCBA9876543210));
    assert_int_equal(arrival_us, 12);
    assert_int_equal(origin.session, some_origin.session);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *exact = malloc(cut + 1);
        memcpy(exact, bytes, cut);
        if (cut >= 4) exact[2] = (uint8_t)cut;
        assert_int_equal(rs_record_read_refusal(exact, cut, &source, &back, &hash, &arrival_us, &origin), RS_ERR_PARSE);
        free(exact);
    }
}

static void a_refusal_without_source_or_with_an_over_long_one_has_none(void **state) {
    (void)state;
    uint8_t bytes[RS_RECORD_MAX];
    char long_source[RS_MAX_NAME + 1];
    memset(long_source, 'x', sizeof long_source);
    const rs_refused_t refused = {.reason = RS_REFUSAL_MALFORMED};
    const rs_str_t sources[] = {{NULL, 0}, {long_source, sizeof long_source}};
    for (unsigned i = 0; i < 2; i++) {
        const size_t len = rs_record_write_refusal(sources[i], &refused, 1, 2, some_origin, bytes);
        rs_str_t source;
        rs_refused_t back;
        uint64_t hash;
        int64_t arrival_us;
        rs_origin_t origin;
        assert_int_equal(rs_record_read_refusal(bytes, len, &source, &back, &hash, &arrival_us, &origin), RS_OK);
        assert_int_equal(source.len, 0);
        assert_string_equal(back.field, "");
        assert_false(back.has_seq);
    }
}

static void a_tick_is_read_as_written(void **state) {
    (void)state;
    uint8_t bytes[RS_RECORD_MAX];
    int64_t now_us = 0;
    const size_t len = rs_record_write_tick(INT64_C(1772442012250000), bytes);
    assert_int_equal(rs_record_read_tick(bytes, len, &now_us), RS_OK);
    assert_true(now_us == INT64_C(1772442012250000));
    for (size_t cut = 0; cut < len; cut++) assert_int_equal(rs_record_read_tick(bytes, cut, &now_us), RS_ERR_PARSE);
}

int run_record_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_gives_back_what_was_written),
        cmocka_unit_test(bytes_of_a_record_are_as_documented),
        cmocka_unit_test(every_cut_and_every_longer_length_is_refused),
        cmocka_unit_test(names_are_the_events_and_lie_in_what_is_there),
        cmocka_unit_test(flipped_bits_never_leave_the_ranges),
        cmocka_unit_test(other_kinds_and_versions_are_refused),
        cmocka_unit_test(a_refusal_is_read_as_written),
        cmocka_unit_test(a_refusal_without_source_or_with_an_over_long_one_has_none),
        cmocka_unit_test(a_tick_is_read_as_written),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
