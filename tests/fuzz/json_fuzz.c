/* A message of NDJSON. Every line: jansson must read the same fields. Every accepted event: it passes the check, and both
 * encodings give it back. The input's bytes are an allocation of their own, so reading past the message is seen too. */
#include "../support/event_oracle.h"
#include "../support/event_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { MAX_BYTES = 1 << 16 };

static rs_decoder_t *decoder, *second;
static rs__json_t *parser;
static outcome_t again;
static char encoded[RS_EVENT_MAX_ENCODED];
static uint8_t batch[RS_EVENT_MAX_ENCODED + 16];

static void require_round_trip(const rs_event_t *event) {
    rs_refused_t refused;
    RS_REQUIRE(rs_event_check(event, &refused) == RS_OK);
    int64_t written = rs_event_encode(event, RS_ENCODING_JSON, encoded, sizeof encoded);
    RS_REQUIRE(written > 0);
    decode_into(&again, second, RS_ENCODING_JSON, encoded, (size_t)written);
    RS_REQUIRE(again.accepted == 1 && event_equal(&again.last.event, event));
    written = rs_event_encode(event, RS_ENCODING_PROTOBUF, encoded, sizeof encoded);
    RS_REQUIRE(written > 0);
    decode_into(&again, second, RS_ENCODING_PROTOBUF, batch, make_batch(encoded, (size_t)written, batch));
    RS_REQUIRE(again.accepted == 1 && event_equal(&again.last.event, event));
}

static bool on_event(void *context, uint32_t index, const rs_event_t *event, const rs_refused_t *refused, rs_str_t line) {
    static char padded[MAX_BYTES + RS__JSON_PADDING];
    (void)context;
    (void)index;
    memcpy(padded, line.data, line.len);
    memset(padded + line.len, "}],\""[index % 4], RS__JSON_PADDING);
    rs__raw_t raw = {.present = 0};
    const rs__json_result_t result = rs__json_parse(parser, padded, line.len, &raw);
    RS_REQUIRE(oracle_judge_json(line.data, line.len, result, &raw) != ORACLE_DIFFERS);
    if (event != NULL) {
        RS_REQUIRE(result == RS__JSON_OK);
        require_round_trip(event);
    } else {
        RS_REQUIRE(refused->reason > RS_REFUSAL_NONE && refused->reason < RS_REFUSAL_DUPLICATE && refused->len <= line.len);
        RS_REQUIRE((result == RS__JSON_OK) == (refused->reason != RS_REFUSAL_MALFORMED && (refused->reason != RS_REFUSAL_NOT_UTF8)));
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    if (len > MAX_BYTES) return 0;
    if (decoder == NULL) {
        RS_REQUIRE(rs_decoder_create(MAX_BYTES, &decoder) == RS_OK && rs_decoder_create(MAX_BYTES, &second) == RS_OK);
        parser = rs__json_create(MAX_BYTES);
        RS_REQUIRE(parser != NULL);
    }
    const int64_t seen = rs_decode(decoder, RS_ENCODING_JSON, bytes, len, on_event, NULL);
    RS_REQUIRE(seen >= 0 && (uint64_t)seen <= len);
    return 0;
}
