/* An EventBatch, and the same bytes as one Event. What our reader takes, protobuf-c's generated code takes and reads alike.
 * Every accepted event passes the check, and both encodings give it back. */
#include "../support/event_oracle.h"
#include "../support/event_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { MAX_BYTES = 1 << 16 };

static rs_decoder_t *decoder, *second;
static outcome_t again;
static char encoded[RS_EVENT_MAX_ENCODED];
static uint8_t batch[MAX_BYTES + 16];

static void require_same(const uint8_t *bytes, size_t len) {
    rs__raw_t raw = {.present = 0};
    unsigned wrong;
    const int status = rs__wire_parse(bytes, len, &raw, &wrong);
    RS_REQUIRE(oracle_judge_protobuf(bytes, len, status, &raw, false) != ORACLE_DIFFERS);
}

static void require_round_trip(const rs_event_t *event) {
    rs_refused_t refused;
    RS_REQUIRE(rs_event_check(event, &refused) == RS_OK);
    int64_t written = rs_event_encode(event, RS_ENCODING_PROTOBUF, encoded, sizeof encoded);
    RS_REQUIRE(written > 0);
    decode_into(&again, second, RS_ENCODING_PROTOBUF, batch, make_batch(encoded, (size_t)written, batch));
    RS_REQUIRE(again.accepted == 1 && event_equal(&again.last.event, event));
    written = rs_event_encode(event, RS_ENCODING_JSON, encoded, sizeof encoded);
    RS_REQUIRE(written > 0);
    decode_into(&again, second, RS_ENCODING_JSON, encoded, (size_t)written);
    RS_REQUIRE(again.accepted == 1 && event_equal(&again.last.event, event));
}

static bool on_event(void *context, uint32_t index, const rs_event_t *event, const rs_refused_t *refused, rs_str_t bytes) {
    event_copy_t copy;
    (void)index;
    if (event == NULL) {
        RS_REQUIRE(refused->reason > RS_REFUSAL_NONE && refused->reason < RS_REFUSAL_DUPLICATE && refused->len <= bytes.len);
        return true;
    }
    event_copy(&copy, event);   /* `batch` may be what it borrows from */
    if (*(const bool *)context) require_same((const uint8_t *)bytes.data, bytes.len);
    require_round_trip(&copy.event);
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    if (len > MAX_BYTES) return 0;
    if (decoder == NULL) {
        RS_REQUIRE(rs_decoder_create(MAX_BYTES + 16, &decoder) == RS_OK && rs_decoder_create(MAX_BYTES, &second) == RS_OK);
    }
    bool compare = true;
    RS_REQUIRE(rs_decode(decoder, RS_ENCODING_PROTOBUF, bytes, len, on_event, &compare) >= 0);
    require_same(bytes, len);
    compare = false;
    RS_REQUIRE(rs_decode(decoder, RS_ENCODING_PROTOBUF, batch, make_batch(bytes, len, batch), on_event, &compare) == 1);
    return 0;
}
