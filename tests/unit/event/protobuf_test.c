#include "event_test.h"
#include "support/event_oracle.h"

/* A writer of the wire format that can also write what no encoder would. */
typedef struct bytes {
    uint8_t at[4096];
    size_t len;
} bytes_t;

static void add_byte(bytes_t *bytes, unsigned byte) { bytes->at[bytes->len++] = (uint8_t)byte; }
static void add_varint(bytes_t *bytes, uint64_t number) {
    for (; number >= 0x80; number >>= 7) add_byte(bytes, (unsigned)(number & 0x7F) | 0x80);
    add_byte(bytes, (unsigned)number);
}
static void add_number(bytes_t *bytes, unsigned field, uint64_t number) {
    add_varint(bytes, (uint64_t)field << 3 | RS__WIRE_VARINT);
    add_varint(bytes, number);
}
static void add_bytes(bytes_t *bytes, unsigned field, const void *text, size_t len) {
    add_varint(bytes, (uint64_t)field << 3 | RS__WIRE_LENGTH);
    add_varint(bytes, len);
    if (len > 0) memcpy(bytes->at + bytes->len, text, len);
    bytes->len += len;
}
static void add_text(bytes_t *bytes, unsigned field, const char *text) { add_bytes(bytes, field, text, strlen(text)); }
static void add_double(bytes_t *bytes, unsigned field, double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    add_varint(bytes, (uint64_t)field << 3 | RS__WIRE_FIXED64);
    for (unsigned i = 0; i < 8; i++) add_byte(bytes, bits >> (8 * i) & 0xFF);
}

/* A good contact.ended of source "s", sequence 7; tests append to it. */
static bytes_t ended_event(void) {
    bytes_t bytes = {.len = 0};
    add_text(&bytes, 1, "s");
    add_number(&bytes, 3, 7);
    add_number(&bytes, 5, 1000000);
    add_text(&bytes, 7, "contact.ended");
    add_text(&bytes, 8, "c");
    return bytes;
}

static void decode_event(outcome_t *outcome, rs_decoder_t *decoder, const bytes_t *event) {
    static uint8_t batch[8192];
    const size_t len = make_batch(event->at, event->len, batch);
    decode_into(outcome, decoder, RS_ENCODING_PROTOBUF, batch, len);
    assert_int_equal(outcome->seen, 1);
    assert_int_equal(outcome->bytes_len, event->len);
}

typedef struct fixture {
    rs_decoder_t *decoder;
    outcome_t outcome;
} fixture_t;

static int set_up(void **state) {
    fixture_t *fixture = calloc(1, sizeof *fixture);
    fixture->decoder = new_decoder();
    *state = fixture;
    return 0;
}
static int tear_down(void **state) {
    fixture_t *fixture = *state;
    rs_decoder_destroy(&fixture->decoder);
    free(fixture);
    return 0;
}

static void expect_refusal(fixture_t *fixture, const bytes_t *event, rs_refusal_t reason, const char *field, const char *source) {
    decode_event(&fixture->outcome, fixture->decoder, event);
    assert_int_equal(fixture->outcome.refused, 1);
    assert_string_equal(rs_refusal_name(fixture->outcome.why.reason), rs_refusal_name(reason));
    assert_string_equal(fixture->outcome.why.field, field);
    assert_string_equal(fixture->outcome.why.source, source);
}

static void a_good_event_arrives_whole(void **state) {
    fixture_t *fixture = *state;
    bytes_t data = {.len = 0}, event = ended_event();
    add_text(&data, 6, "agent");
    add_number(&data, 3, 0);
    add_number(&data, 4, 5);
    add_bytes(&event, 15, data.at, data.len);
    decode_event(&fixture->outcome, fixture->decoder, &event);
    const rs_event_t expected = {.occurred_us = 1000000, .seq = 7, .type = RS_CONTACT_ENDED, .party = RS_PARTY_AGENT, .hold_ms = 5,
        .present = RS_HAS_SEQ | RS_HAS_TALK_MS | RS_HAS_HOLD_MS, .source = RS_STR("s"), .contact_id = RS_STR("c")};
    assert_int_equal(fixture->outcome.accepted, 1);
    assert_true(event_equal(&fixture->outcome.last.event, &expected));
}

static void an_empty_event_misses_its_source(void **state) {
    const bytes_t event = {.len = 0};
    expect_refusal(*state, &event, RS_REFUSAL_MISSING_FIELD, "source", "");
}

static void absent_numbers_are_told_from_zero(void **state) {
    fixture_t *fixture = *state;
    bytes_t event = {.len = 0};
    add_text(&event, 1, "s");
    add_text(&event, 7, "source.started");
    expect_refusal(fixture, &event, RS_REFUSAL_MISSING_FIELD, "occurred_at", "s");
    add_number(&event, 5, 0);
    expect_refusal(fixture, &event, RS_REFUSAL_MISSING_FIELD, "event_id", "s");
    add_number(&event, 3, 0);
    decode_event(&fixture->outcome, fixture->decoder, &event);
    assert_int_equal(fixture->outcome.accepted, 1);
    assert_int_equal(fixture->outcome.last.event.present, RS_HAS_SEQ);
}

static void numbers_out_of_range_are_refused(void **state) {
    const struct {
        unsigned field;      /* of Data; 0: occurred_at */
        uint64_t number;
        rs_refusal_t reason;
        const char *name;
    } cases[] = {
        {0, (uint64_t)-1, RS_REFUSAL_BAD_TIME, "occurred_at"},
        {0, (uint64_t)RS_TIME_MAX_US, RS_REFUSAL_BAD_TIME, "occurred_at"},
        {0, (uint64_t)INT64_MIN, RS_REFUSAL_BAD_TIME, "occurred_at"},
        {2, UINT64_C(1) << 32, RS_REFUSAL_OUT_OF_RANGE, "data.wait_ms"},
        {3, UINT64_MAX, RS_REFUSAL_OUT_OF_RANGE, "data.talk_ms"},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        bytes_t data = {.len = 0}, event = ended_event();
        add_number(cases[i].field == 0 ? &event : &data, cases[i].field == 0 ? 5 : cases[i].field, cases[i].number);
        add_bytes(&event, 15, data.at, data.len);
        expect_refusal(*state, &event, cases[i].reason, cases[i].name, "s");
    }
}

static void scores_that_are_no_numbers_are_out_of_range(void **state) {
    const double scores[] = {0.0 / 0.0, 1.0 / 0.0, -1.0 / 0.0, 1e300, 1000000.001};
    for (size_t i = 0; i < RS_ARRAY_LEN(scores); i++) {
        bytes_t data = {.len = 0}, event = ended_event();
        add_double(&data, 13, scores[i]);
        add_text(&event, 7, "survey.answered");
        add_bytes(&event, 15, data.at, data.len);
        expect_refusal(*state, &event, RS_REFUSAL_OUT_OF_RANGE, "data.score", "s");
    }
}

static void text_must_be_utf8_without_nul(void **state) {
    static const char *const bad[] = {"\xFF", "\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "abcdefgh\x80", "\xE2\x82",
                                      "\xF0\x9F\x93"};
    static const struct { unsigned field; const char *name, *source; } fields[] = {
        {1, "source", ""}, {2, "event_id", "s"}, {4, "incarnation", "s"}, {6, "tenant", "s"}, {7, "type", "s"}, {8, "contact_id", "s"},
        {9, "journey_id", "s"}, {10, "channel", "s"}, {11, "direction", "s"}, {12, "customer", "s"}, {13, "queue", "s"},
        {14, "agent", "s"}, {16, "team", "s"}, {17, "topic", "s"}};
    for (size_t f = 0; f < RS_ARRAY_LEN(fields); f++) {
        for (size_t i = 0; i < RS_ARRAY_LEN(bad); i++) {
            bytes_t event = ended_event();
            add_text(&event, fields[f].field, bad[i]);
            expect_refusal(*state, &event, RS_REFUSAL_NOT_UTF8, fields[f].name, fields[f].source);
        }
    }
    bytes_t event = ended_event(), data = {.len = 0};
    add_bytes(&event, 13, "a\0b", 3);
    expect_refusal(*state, &event, RS_REFUSAL_BAD_VALUE, "queue", "s");
    event = ended_event();
    add_text(&data, 6, "\xFF");
    add_bytes(&event, 15, data.at, data.len);
    expect_refusal(*state, &event, RS_REFUSAL_NOT_UTF8, "data.by", "s");
}

static void a_known_field_of_a_wrong_wire_type_is_named(void **state) {
    bytes_t event = ended_event();
    add_number(&event, 13, 5);
    add_text(&event, 13, "q");
    expect_refusal(*state, &event, RS_REFUSAL_BAD_TYPE, "queue", "s");
    event = ended_event();
    add_text(&event, 3, "7");
    expect_refusal(*state, &event, RS_REFUSAL_BAD_TYPE, "seq", "s");
    event = ended_event();
    add_number(&event, 15, 1);
    expect_refusal(*state, &event, RS_REFUSAL_BAD_TYPE, "data", "s");
    bytes_t data = {.len = 0};
    event = ended_event();
    add_number(&data, 13, 1);
    add_bytes(&event, 15, data.at, data.len);
    expect_refusal(*state, &event, RS_REFUSAL_BAD_TYPE, "data.score", "s");
}

static void unknown_fields_of_every_wire_type_are_skipped(void **state) {
    fixture_t *fixture = *state;
    bytes_t event = ended_event();
    add_number(&event, 18, UINT64_MAX);
    add_text(&event, 1000, "x");
    add_double(&event, 536870911, 1.0);
    add_varint(&event, 99u << 3 | RS__WIRE_FIXED32);
    for (unsigned i = 0; i < 4; i++) add_byte(&event, 0xFF);
    decode_event(&fixture->outcome, fixture->decoder, &event);
    assert_int_equal(fixture->outcome.accepted, 1);
}

static void bytes_that_are_no_fields_are_malformed(void **state) {
    static const struct { const char *bytes; size_t len; const char *why; } tails[] = {
        {"\x00\x01", 2, "field number 0"}, {"\xA3\x06", 2, "group start"}, {"\xA4\x06", 2, "group end"}, {"\xA6\x06", 2, "wire type 6"},
        {"\xA7\x06", 2, "wire type 7"}, {"\x80", 1, "half a tag"}, {"\xA0\x06", 2, "no value"}, {"\x6A\x05" "abc", 5, "half a text"},
        {"\x6A\xFF\xFF\xFF\xFF\x0F", 6, "length of 4 GiB"}, {"\x6A\xFF\xFF\xFF\xFF\xFF\x01", 7, "length past 32 bits"},
        {"\x18\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", 11, "varint past 64 bits"},
        {"\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 12, "varint of 11 bytes"},
        {"\x88\x80\x80\x80\x80\x00", 6, "tag of 6 bytes"}, {"\xA1\x06" "1234567", 9, "half a fixed64"},
        {"\xA5\x06" "123", 5, "half a fixed32"},
        {"\x7A\x01\x80", 3, "half a tag in data"}};
    for (size_t i = 0; i < RS_ARRAY_LEN(tails); i++) {
        bytes_t event = ended_event();
        memcpy(event.at + event.len, tails[i].bytes, tails[i].len);
        event.len += tails[i].len;
        expect_refusal(*state, &event, RS_REFUSAL_MALFORMED, "", "s");
    }
}

static void the_last_of_two_wins_and_data_are_merged(void **state) {
    fixture_t *fixture = *state;
    bytes_t event = ended_event(), first = {.len = 0}, second = {.len = 0};
    add_text(&first, 6, "agent");
    add_number(&first, 3, 1);
    add_number(&second, 3, 2);
    add_number(&second, 4, 3);
    add_bytes(&event, 15, first.at, first.len);
    add_bytes(&event, 15, second.at, second.len);
    add_text(&event, 13, "q");
    add_text(&event, 13, "");
    decode_event(&fixture->outcome, fixture->decoder, &event);
    const rs_event_t *decoded = &fixture->outcome.last.event;
    assert_int_equal(fixture->outcome.accepted, 1);
    assert_int_equal(decoded->party, RS_PARTY_AGENT);
    assert_int_equal(decoded->talk_ms, 2);
    assert_int_equal(decoded->hold_ms, 3);
    assert_int_equal(decoded->queue.len, 0);
}

static void a_bad_event_does_not_lose_the_others(void **state) {
    fixture_t *fixture = *state;
    const bytes_t good = ended_event(), bad = {.at = {0x80}, .len = 1};
    bytes_t batch = {.len = 0};
    add_bytes(&batch, 1, good.at, good.len);
    add_bytes(&batch, 1, bad.at, bad.len);
    add_number(&batch, 2, 5);
    add_bytes(&batch, 1, NULL, 0);
    add_bytes(&batch, 1, good.at, good.len);
    decode_into(&fixture->outcome, fixture->decoder, RS_ENCODING_PROTOBUF, batch.at, batch.len);
    assert_int_equal(fixture->outcome.seen, 4);
    assert_int_equal(fixture->outcome.accepted, 2);
    /* a batch that cannot be split to its end is one refusal, and nothing of it counts */
    decode_into(&fixture->outcome, fixture->decoder, RS_ENCODING_PROTOBUF, batch.at, batch.len - 1);
    assert_int_equal(fixture->outcome.seen, 1);
    assert_int_equal(fixture->outcome.refused, 1);
    assert_int_equal(fixture->outcome.why.reason, RS_REFUSAL_MALFORMED);
    assert_int_equal(fixture->outcome.why.len, batch.len - 1);
    decode_into(&fixture->outcome, fixture->decoder, RS_ENCODING_PROTOBUF, "\x08\x01", 2);
    assert_int_equal(fixture->outcome.refused, 1);
    decode_into(&fixture->outcome, fixture->decoder, RS_ENCODING_PROTOBUF, "", 0);
    assert_int_equal(fixture->outcome.seen, 0);
}

static void a_flood_of_empty_events_costs_nothing_but_refusals(void **state) {
    fixture_t *fixture = *state;
    uint8_t *batch = malloc(65536);
    for (size_t i = 0; i < 65536; i += 2) {
        batch[i] = 0x0A;
        batch[i + 1] = 0;
    }
    decode_into(&fixture->outcome, fixture->decoder, RS_ENCODING_PROTOBUF, batch, 65536);
    free(batch);
    assert_int_equal(fixture->outcome.refused, 32768);
}

/* --- against protobuf-c --------------------------------------------------------------------------------------------- */
static char *text_or_empty(uint64_t *random, char *buffer) {
    static const char *const texts[] = {"", "a", "contact.queued", "agent.state", "survey.answered", "b\xC3\xBC", "customer", "timeout"};
    return strcpy(buffer, texts[random_below(random, RS_ARRAY_LEN(texts))]);
}

static void fill_generated(uint64_t *random, Ringside__V1__Event *event, Ringside__V1__Data *data, char text[32][32]) {
    unsigned next = 0;
    char **const texts[] = {&event->source, &event->event_id, &event->incarnation, &event->tenant, &event->type, &event->contact_id,
        &event->journey_id, &event->channel, &event->direction, &event->customer, &event->queue, &event->agent, &event->team,
        &event->topic, &data->reason, &data->by, &data->stage, &data->kind, &data->to_queue, &data->to_agent, &data->state,
        &data->code, &data->result, &data->activity, &data->case_id, &data->from, &data->to};
    for (size_t i = 0; i < RS_ARRAY_LEN(texts); i++) *texts[i] = text_or_empty(random, text[next++]);
#define MAYBE(message, name, case_name, number)                                    \
    if (random_chance(random, 50)) {                                               \
        (message)->has_##name##_case = RINGSIDE__V1__##case_name;                  \
        (message)->name = number;                                                  \
    }
    MAYBE(event, seq, EVENT__HAS_SEQ_SEQ, random_magnitude(random, UINT64_MAX))
    MAYBE(event, occurred_at, EVENT__HAS_OCCURRED_AT_OCCURRED_AT, (int64_t)random_magnitude(random, UINT64_MAX))
    MAYBE(data, wait_ms, DATA__HAS_WAIT_MS_WAIT_MS, (uint32_t)random_magnitude(random, UINT32_MAX))
    MAYBE(data, talk_ms, DATA__HAS_TALK_MS_TALK_MS, (uint32_t)random_magnitude(random, UINT32_MAX))
    MAYBE(data, hold_ms, DATA__HAS_HOLD_MS_HOLD_MS, (uint32_t)random_magnitude(random, UINT32_MAX))
    MAYBE(data, ring_ms, DATA__HAS_RING_MS_RING_MS, (uint32_t)random_magnitude(random, UINT32_MAX))
    MAYBE(data, resolved, DATA__HAS_RESOLVED_RESOLVED, random_chance(random, 50))
    MAYBE(data, score, DATA__HAS_SCORE_SCORE, (double)random_magnitude(random, UINT32_MAX) / 7.0)
    MAYBE(data, scale_min, DATA__HAS_SCALE_MIN_SCALE_MIN, -(double)random_magnitude(random, UINT32_MAX))
    MAYBE(data, scale_max, DATA__HAS_SCALE_MAX_SCALE_MAX, 0.0)
    MAYBE(data, from_seq, DATA__HAS_FROM_SEQ_FROM_SEQ, random_magnitude(random, UINT64_MAX))
    MAYBE(data, to_seq, DATA__HAS_TO_SEQ_TO_SEQ, random_magnitude(random, UINT64_MAX))
    MAYBE(data, priority, DATA__HAS_PRIORITY_PRIORITY, (int32_t)(uint32_t)random_magnitude(random, UINT32_MAX))
#undef MAYBE
    if (random_chance(random, 80)) event->data = data;
}

/* Whatever protobuf-c writes we read like protobuf-c; then with bits flipped and ends cut off: what we take, it takes. */
static void reads_what_the_generated_code_reads(void **state) {
    (void)state;
    uint64_t random = random_seed("protobuf-c");
    static char text[32][32];
    for (unsigned round = 0; round < 20000; round++) {
        Ringside__V1__Event event = RINGSIDE__V1__EVENT__INIT;
        Ringside__V1__Data data = RINGSIDE__V1__DATA__INIT;
        uint8_t bytes[2048];
        unsigned wrong;
        rs__raw_t raw = {.present = 0};
        fill_generated(&random, &event, &data, text);
        const size_t len = ringside__v1__event__pack(&event, bytes);
        int status = rs__wire_parse(bytes, len, &raw, &wrong);
        assert_int_equal(oracle_judge_protobuf(bytes, len, status, &raw, true), ORACLE_SAME);
        if (len == 0) continue;
        bytes[random_below(&random, len)] ^= (uint8_t)(1u << random_below(&random, 8));
        const size_t cut = 1 + random_below(&random, len);
        uint8_t *exact = malloc(cut);
        memcpy(exact, bytes, cut);
        raw.present = 0;
        status = rs__wire_parse(exact, cut, &raw, &wrong);
        const oracle_verdict_t verdict = oracle_judge_protobuf(exact, cut, status, &raw, false);
        free(exact);
        assert_int_not_equal(verdict, ORACLE_DIFFERS);
    }
}

int run_protobuf_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_event_arrives_whole),
        cmocka_unit_test(an_empty_event_misses_its_source),
        cmocka_unit_test(absent_numbers_are_told_from_zero),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(scores_that_are_no_numbers_are_out_of_range),
        cmocka_unit_test(text_must_be_utf8_without_nul),
        cmocka_unit_test(a_known_field_of_a_wrong_wire_type_is_named),
        cmocka_unit_test(unknown_fields_of_every_wire_type_are_skipped),
        cmocka_unit_test(bytes_that_are_no_fields_are_malformed),
        cmocka_unit_test(the_last_of_two_wins_and_data_are_merged),
        cmocka_unit_test(a_bad_event_does_not_lose_the_others),
        cmocka_unit_test(a_flood_of_empty_events_costs_nothing_but_refusals),
        cmocka_unit_test(reads_what_the_generated_code_reads),
    };
    return cmocka_run_group_tests_name("protobuf", tests, set_up, tear_down);
}
