#include "event_test.h"
#include "support/event_oracle.h"

enum { ROUNDS = 30000 };

typedef struct bench {
    rs_decoder_t *decoder;
    event_copy_t made;
    outcome_t outcome;
    char bytes[RS_EVENT_MAX_ENCODED];
    uint8_t batch[RS_EVENT_MAX_ENCODED + 16];
} bench_t;

static void round_trip(bench_t *bench, rs_encoding_t encoding) {
    const int64_t len = rs_event_encode(&bench->made.event, encoding, bench->bytes, sizeof bench->bytes);
    assert_true(len > 0);
    if (encoding == RS_ENCODING_JSON) {
        decode_into(&bench->outcome, bench->decoder, encoding, bench->bytes, (size_t)len);
    } else {
        const size_t batch_len = make_batch(bench->bytes, (size_t)len, bench->batch);
        decode_into(&bench->outcome, bench->decoder, encoding, bench->batch, batch_len);
    }
    if (bench->outcome.accepted != 1) {
        fail_msg("%s of %s: %.*s", rs_refusal_name(bench->outcome.why.reason), bench->outcome.why.field, (int)len, bench->bytes);
    }
    if (!event_equal(&bench->outcome.last.event, &bench->made.event)) fail_msg("not the same: %.*s", (int)len, bench->bytes);
}

static void decoding_an_encoded_event_gives_it_back_in_both_encodings(void **state) {
    (void)state;
    uint64_t random = random_seed("round trip");
    bench_t *bench = calloc(1, sizeof *bench);
    bench->decoder = new_decoder();
    for (unsigned round = 0; round < ROUNDS; round++) {
        random_event(&random, &bench->made);
        round_trip(bench, RS_ENCODING_JSON);
        round_trip(bench, RS_ENCODING_PROTOBUF);
    }
    rs_decoder_destroy(&bench->decoder);
    free(bench);
}

static void judge_line(rs__json_t *parser, const char *line, size_t len, char *padded, uint64_t *random) {
    memcpy(padded, line, len);
    for (size_t i = 0; i < RS__JSON_PADDING; i++) padded[len + i] = "}]\",:{ \n"[random_below(random, 8)];
    rs__raw_t raw = {.present = 0};
    const rs__json_result_t result = rs__json_parse(parser, padded, len, &raw);
    if (oracle_judge_json(line, len, result, &raw) == ORACLE_DIFFERS) fail_msg("%.*s", (int)len, line);
}

/* Random events, their bytes changed here and there: jansson must say the same of every line, whatever lies behind it. */
static void reads_what_jansson_reads(void **state) {
    (void)state;
    static const char spice[] = "{}[]\",:\\ \t\r0123456789.eE+-truefalsnx/\x01\x80\xC3";
    uint64_t random = random_seed("jansson");
    bench_t *bench = calloc(1, sizeof *bench);
    char *padded = malloc(RS_EVENT_MAX_ENCODED + RS__JSON_PADDING);
    rs__json_t *parser = rs__json_create(RS_EVENT_MAX_ENCODED);
    for (unsigned round = 0; round < ROUNDS; round++) {
        random_event(&random, &bench->made);
        const size_t len = (size_t)rs_event_encode(&bench->made.event, RS_ENCODING_JSON, bench->bytes, sizeof bench->bytes);
        judge_line(parser, bench->bytes, len, padded, &random);
        for (unsigned i = 0; i < 3; i++) {
            bench->bytes[random_below(&random, len)] = spice[random_below(&random, sizeof spice - 1)];
            judge_line(parser, bench->bytes, len, padded, &random);
        }
    }
    rs__json_destroy(parser);
    free(padded);
    free(bench);
}

/* What protobuf-c packs from the same fields is byte for byte what rs_event_encode writes. */
static void protobuf_c_packs_the_same_bytes(void **state) {
    (void)state;
    uint64_t random = random_seed("pack");
    bench_t *bench = calloc(1, sizeof *bench);
    for (unsigned round = 0; round < ROUNDS / 3; round++) {
        uint8_t packed[RS_EVENT_MAX_ENCODED];
        random_event(&random, &bench->made);
        const size_t len = (size_t)rs_event_encode(&bench->made.event, RS_ENCODING_PROTOBUF, bench->bytes, sizeof bench->bytes);
        Ringside__V1__Event *event = ringside__v1__event__unpack(NULL, len, (const uint8_t *)bench->bytes);
        assert_non_null(event);
        assert_int_equal(ringside__v1__event__pack(event, packed), len);
        assert_memory_equal(packed, bench->bytes, len);
        ringside__v1__event__free_unpacked(event, NULL);
    }
    free(bench);
}

int run_property_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_an_encoded_event_gives_it_back_in_both_encodings),
        cmocka_unit_test(reads_what_jansson_reads),
        cmocka_unit_test(protobuf_c_packs_the_same_bytes),
    };
    return cmocka_run_group_tests_name("property", tests, NULL, NULL);
}
