/* Records of configurations, sessions, confirmations, history and the beginning. */
#include "event_test.h"

#include "event/warm.h"

#include <math.h>

static const rs_record_text_t some_text = {.length = 123456, .hash = {UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)}};

static bool same_text(const rs_record_text_t *a, const rs_record_text_t *b) {
    return a->length == b->length && a->hash[0] == b->hash[0] && a->hash[1] == b->hash[1];
}

/* What each reader says of any bytes: false, or it read them and writing gives the same bytes. */
static bool reads_part(const uint8_t *bytes, size_t len) {
    uint8_t again[RS_RECORD_MAX];
    uint32_t place;
    rs_str_t text;
    if (rs_record_read_part(bytes, len, &place, &text) != RS_OK) return false;
    assert_int_equal(rs_record_write_part(place, text.data, text.len, again), len);
    assert_memory_equal(bytes, again, len);
    return true;
}

static bool reads_config(const uint8_t *bytes, size_t len) {
    uint8_t again[RS_RECORD_MAX];
    rs_record_text_t text;
    rs_config_how_t how;
    if (rs_record_read_config(bytes, len, &text, &how) != RS_OK) return false;
    assert_int_equal(rs_record_write_config(&text, how, again), len);
    assert_memory_equal(bytes, again, len);
    return true;
}

static bool reads_begin(const uint8_t *bytes, size_t len) {
    uint8_t again[RS_RECORD_MAX];
    rs_record_begin_t begin;
    if (rs_record_read_begin(bytes, len, &begin) != RS_OK) return false;
    assert_true(begin.start_us >= 0 && begin.start_us < RS_TIME_MAX_US);
    assert_int_equal(rs_record_write_begin(&begin, again), len);
    assert_memory_equal(bytes, again, len);
    return true;
}

static bool reads_session(const uint8_t *bytes, size_t len) {
    uint8_t again[RS_RECORD_MAX];
    uint32_t session;
    rs_str_t source, incarnation;
    if (rs_record_read_session(bytes, len, &session, &source, &incarnation) != RS_OK) return false;
    assert_true(session != 0 && source.len >= 1 && source.len <= RS_MAX_NAME && incarnation.len <= RS_MAX_NAME);
    assert_int_equal(rs_record_write_session(session, source, incarnation, again), len);
    assert_memory_equal(bytes, again, len);
    return true;
}

static bool reads_confirmed(const uint8_t *bytes, size_t len) {
    uint8_t again[RS_RECORD_MAX];
    rs_confirmed_t confirmed;
    if (rs_record_read_confirmed(bytes, len, &confirmed) != RS_OK) return false;
    assert_int_equal(rs_record_write_confirmed(&confirmed, again), len);
    assert_memory_equal(bytes, again, len);
    return true;
}

static bool reads_warm(const uint8_t *bytes, size_t len) {
    uint8_t again[RS_RECORD_MAX];
    rs_warm_t warm;
    if (rs_record_read_warm(bytes, len, &warm) != RS_OK) return false;
    assert_true(warm.count <= RS_WARM_FIGURES && warm.every_us > 0 && warm.rule.len >= 1 && warm.channel < RS_CHANNEL_COUNT);
    for (uint32_t i = 0; i < warm.count; i++) {
        assert_true(isfinite(warm.figures[i].value) && (i == 0 || warm.figures[i].end_us > warm.figures[i - 1].end_us));
    }
    assert_int_equal(rs_record_write_warm(&warm, again), len);
    assert_memory_equal(bytes, again, len);
    return true;
}

static rs_warm_t some_warm(void) {
    return (rs_warm_t){.rule = RS_STR("season"), .metric = RS_STR("service_level"), .policy = RS_STR("short_excluded"),
                       .tenant = RS_STR("default"),
                       .key = RS_STR("vip"), .channel = RS_CHANNEL_VOICE, .is_last = true, .every_us = RS_US_PER_HOUR, .count = 2,
                       .figures = {{INT64_C(1772442000000000), 0.8125, 16}, {INT64_C(1772442000000000) + 30 * RS_US_PER_HOUR, -3.5, 0}}};
}

static bool (*const readers[])(const uint8_t *bytes, size_t len) = {reads_part, reads_config, reads_begin, reads_session,
                                                                    reads_confirmed, reads_warm};
static const uint8_t kinds[] = {RS_RECORD_CONFIG_PART, RS_RECORD_CONFIG, RS_RECORD_BEGIN, RS_RECORD_SESSION, RS_RECORD_CONFIRMED,
                                RS_RECORD_WARM};

static size_t write_some(unsigned which, uint8_t *bytes) {
    const rs_record_begin_t begin = {.text = some_text, .keep_rows = true, .start_us = INT64_C(1772442012250000), .run = 5,
                                     .hash_seed = UINT64_MAX};
    const rs_confirmed_t confirmed = {.receiver = 9, .rows = {1, 2}, .edges = {3, 4}, .position = 5, .alert_position = 6,
                                      .alert_ordinal = 7};
    const rs_warm_t warm = some_warm();
    switch (which) {
        case 0: return rs_record_write_part(4080, "time: {zone: UTC}\n", 18, bytes);
        case 1: return rs_record_write_config(&some_text, RS_CONFIG_RESTART, bytes);
        case 2: return rs_record_write_begin(&begin, bytes);
        case 3: return rs_record_write_session(17, RS_STR("pbx-7"), RS_STR("2026-03-02"), bytes);
        case 4: return rs_record_write_confirmed(&confirmed, bytes);
        default: return rs_record_write_warm(&warm, bytes);
    }
}

static void what_was_written_is_read(void **state) {
    (void)state;
    uint8_t bytes[RS_RECORD_MAX];
    uint32_t place, session;
    rs_str_t text, source, incarnation;
    rs_record_text_t of;
    rs_config_how_t how;
    rs_record_begin_t begin;
    rs_confirmed_t confirmed;
    size_t len = write_some(0, bytes);
    assert_int_equal(rs_record_read_part(bytes, len, &place, &text), RS_OK);
    assert_true(place == 4080 && rs_str_equal(text, RS_STR("time: {zone: UTC}\n")));
    len = write_some(1, bytes);
    assert_int_equal(rs_record_read_config(bytes, len, &of, &how), RS_OK);
    assert_true(same_text(&of, &some_text) && how == RS_CONFIG_RESTART);
    len = write_some(2, bytes);
    assert_int_equal(rs_record_read_begin(bytes, len, &begin), RS_OK);
    assert_true(same_text(&begin.text, &some_text) && begin.keep_rows && begin.run == 5 && begin.hash_seed == UINT64_MAX);
    assert_true(begin.start_us == INT64_C(1772442012250000));
    len = write_some(3, bytes);
    assert_int_equal(rs_record_read_session(bytes, len, &session, &source, &incarnation), RS_OK);
    assert_true(session == 17 && rs_str_equal(source, RS_STR("pbx-7")) && rs_str_equal(incarnation, RS_STR("2026-03-02")));
    len = write_some(4, bytes);
    assert_int_equal(rs_record_read_confirmed(bytes, len, &confirmed), RS_OK);
    assert_true(confirmed.receiver == 9 && confirmed.rows.through == 1 && confirmed.rows.revision == 2 && confirmed.edges.through == 3 &&
                confirmed.edges.revision == 4 && confirmed.position == 5 && confirmed.alert_position == 6 && confirmed.alert_ordinal == 7);
}

static void the_longest_ones_fit(void **state) {
    (void)state;
    uint8_t bytes[RS_RECORD_MAX];
    char part[RS_RECORD_PART_MAX], name[RS_MAX_NAME];
    memset(part, 'x', sizeof part);
    memset(name, 'n', sizeof name);
    assert_int_equal(rs_record_write_part(0, part, sizeof part, bytes), RS_RECORD_MAX);
    assert_true(reads_part(bytes, RS_RECORD_MAX));
    const size_t len = rs_record_write_session(UINT32_MAX, (rs_str_t){name, sizeof name}, (rs_str_t){name, sizeof name}, bytes);
    assert_true(reads_session(bytes, len));
    assert_true(reads_session(bytes, rs_record_write_session(1, RS_STR("s"), RS_STR(""), bytes)));
}

static void each_is_read_as_its_own_kind_only_and_no_cut_of_it(void **state) {
    (void)state;
    for (unsigned which = 0; which < RS_ARRAY_LEN(readers); which++) {
        uint8_t bytes[RS_RECORD_MAX];
        const size_t len = write_some(which, bytes);
        assert_int_equal(bytes[0], kinds[which]);
        for (unsigned other = 0; other < RS_ARRAY_LEN(readers); other++) assert_int_equal(readers[other](bytes, len), other == which);
        for (size_t cut = 0; cut < len; cut++) assert_false(readers[which](bytes, cut));
        bytes[1]++;
        assert_false(readers[which](bytes, len));
    }
}

static void a_flipped_bit_is_refused_or_reads_as_what_it_writes(void **state) {
    (void)state;
    for (unsigned which = 0; which < RS_ARRAY_LEN(readers); which++) {
        uint8_t bytes[RS_RECORD_MAX];
        const size_t len = write_some(which, bytes);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            (void)readers[which](bytes, len);
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void history_is_read_as_it_was_written(void **state) {
    (void)state;
    uint8_t bytes[RS_RECORD_MAX];
    rs_warm_t warm, written = some_warm();
    assert_int_equal(rs_record_read_warm(bytes, rs_record_write_warm(&written, bytes), &warm), RS_OK);
    assert_true(rs_str_equal(warm.rule, written.rule) && rs_str_equal(warm.policy, written.policy) &&
                rs_str_equal(warm.key, written.key) && warm.is_last);
    assert_int_equal(warm.count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(warm.figures[i].end_us, written.figures[i].end_us);
        assert_true(warm.figures[i].value == written.figures[i].value && warm.figures[i].n == written.figures[i].n);
    }
    written.count = 0;
    assert_int_equal(rs_record_read_warm(bytes, rs_record_write_warm(&written, bytes), &warm), RS_OK);
    assert_int_equal(warm.count, 0);
    written = some_warm();
    written.figures[1].value = NAN;
    assert_int_equal(rs_record_read_warm(bytes, rs_record_write_warm(&written, bytes), &warm), RS_ERR_PARSE);
    written = some_warm();
    written.figures[1].end_us = written.figures[0].end_us;
    assert_int_equal(rs_record_read_warm(bytes, rs_record_write_warm(&written, bytes), &warm), RS_ERR_PARSE);
    written.rule = (rs_str_t){0};
    assert_int_equal(rs_record_read_warm(bytes, rs_record_write_warm(&written, bytes), &warm), RS_ERR_PARSE);
}

int run_control_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(history_is_read_as_it_was_written),
        cmocka_unit_test(the_longest_ones_fit),
        cmocka_unit_test(each_is_read_as_its_own_kind_only_and_no_cut_of_it),
        cmocka_unit_test(a_flipped_bit_is_refused_or_reads_as_what_it_writes),
    };
    return cmocka_run_group_tests_name("control records", tests, NULL, NULL);
}
