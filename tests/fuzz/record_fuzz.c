/* A damaged journal: whatever reads as a record is in range and writes back to the same bytes. */
#include "../support/event_support.h"
#include "event/warm.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void try_event(const uint8_t *bytes, size_t len) {
    uint8_t again[RS_RECORD_MAX];
    rs_event_t event;
    int64_t arrival_us;
    rs_origin_t origin;
    unsigned field;
    if (rs_record_read_event(bytes, len, &event, &arrival_us, &origin) != RS_OK) return;
    RS_REQUIRE(event.type > RS_EVENT_NONE && event.type < RS_EVENT_TYPE_COUNT && rs__items_fit(&event, &field));
    RS_REQUIRE(rs_record_write_event(&event, arrival_us, origin, again) == len && memcmp(bytes, again, len) == 0);
}

static void check_inside(rs_str_t text, const uint8_t *bytes, size_t len) {
    const char *const begin = (const char *)bytes;
    RS_REQUIRE(text.data >= begin && text.data <= begin + len && text.len <= (size_t)(begin + len - text.data));
}

/* Names may be read of a record that is damaged elsewhere, but of an event that is read they are the event's. */
static void try_names(const uint8_t *bytes, size_t len) {
    rs_event_t event;
    int64_t arrival_us;
    rs_origin_t origin;
    rs_record_names_t names;
    const bool is_event = rs_record_read_event(bytes, len, &event, &arrival_us, &origin) == RS_OK;
    if (rs_record_read_names(bytes, len, &names) != RS_OK) {
        RS_REQUIRE(!is_event);
        return;
    }
    check_inside(names.contact_id, bytes, len);
    check_inside(names.queue, bytes, len);
    check_inside(names.agent, bytes, len);
    if (!is_event) return;
    RS_REQUIRE(rs_str_equal(names.contact_id, event.contact_id) && rs_str_equal(names.queue, event.queue));
    RS_REQUIRE(rs_str_equal(names.agent, event.agent));
}

static void try_refusal(const uint8_t *bytes, size_t len) {
    uint8_t again[RS_RECORD_MAX];
    rs_str_t source;
    rs_refused_t refused;
    uint64_t hash;
    int64_t arrival_us;
    rs_origin_t origin;
    if (rs_record_read_refusal(bytes, len, &source, &refused, &hash, &arrival_us, &origin) != RS_OK) return;
    RS_REQUIRE(refused.reason < RS_REFUSAL_COUNT);
    RS_REQUIRE(rs_record_write_refusal(source, &refused, hash, arrival_us, origin, again) == len && memcmp(bytes, again, len) == 0);
}

static void try_tick(const uint8_t *bytes, size_t len) {
    uint8_t again[RS_RECORD_MAX];
    int64_t now_us;
    if (rs_record_read_tick(bytes, len, &now_us) != RS_OK) return;
    RS_REQUIRE(rs_record_write_tick(now_us, again) == len && memcmp(bytes, again, len) == 0);
}

enum { CONFIRMED_BEFORE = 72, LENGTH_AT = 2, LENGTH_END = 4 };

/* Of the version before: the same with nothing where it ended. */
static void check_older(const uint8_t *bytes, const uint8_t *again, size_t written) {
    RS_REQUIRE(written > CONFIRMED_BEFORE && memcmp(bytes, again, LENGTH_AT) == 0);
    RS_REQUIRE(memcmp(bytes + LENGTH_END, again + LENGTH_END, CONFIRMED_BEFORE - LENGTH_END) == 0);
    for (size_t i = CONFIRMED_BEFORE; i < written; i++) RS_REQUIRE(again[i] == 0);
}

static void try_control(const uint8_t *bytes, size_t len) {
    uint8_t again[RS_RECORD_MAX];
    uint32_t number;
    rs_str_t text, other;
    rs_record_text_t of;
    rs_config_how_t how;
    rs_record_begin_t begin;
    rs_confirmed_t confirmed;
    rs_warm_t warm;
    size_t written = 0;
    if (rs_record_read_part(bytes, len, &number, &text) == RS_OK) written = rs_record_write_part(number, text.data, text.len, again);
    else if (rs_record_read_config(bytes, len, &of, &how) == RS_OK) written = rs_record_write_config(&of, how, again);
    else if (rs_record_read_begin(bytes, len, &begin) == RS_OK) written = rs_record_write_begin(&begin, again);
    else if (rs_record_read_session(bytes, len, &number, &text, &other) == RS_OK) {
        written = rs_record_write_session(number, text, other, again);
    } else if (rs_record_read_confirmed(bytes, len, &confirmed) == RS_OK) written = rs_record_write_confirmed(&confirmed, again);
    else if (rs_record_read_warm(bytes, len, &warm) == RS_OK) written = rs_record_write_warm(&warm, again);
    else return;
    if (len == CONFIRMED_BEFORE && bytes[0] == RS_RECORD_CONFIRMED) check_older(bytes, again, written);
    else RS_REQUIRE(written == len && memcmp(bytes, again, len) == 0);
}

/* As it is, and with the version and length that the reader wants, so that the fuzzer gets past them. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    uint8_t *repaired = malloc(len + 1);
    RS_REQUIRE(repaired != NULL);
    if (len > 0) memcpy(repaired, bytes, len);
    for (unsigned pass = 0; pass < 2; pass++) {
        try_event(repaired, len);
        try_names(repaired, len);
        try_refusal(repaired, len);
        try_tick(repaired, len);
        try_control(repaired, len);
        if (len < 4) break;
        repaired[1] = 1;
        repaired[2] = (uint8_t)(len & 0xFF);
        repaired[3] = (uint8_t)(len >> 8);
    }
    free(repaired);
    return 0;
}
