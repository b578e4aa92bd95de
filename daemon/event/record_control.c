/* Records that are not about events: configurations by value, sessions, confirmations, the beginning; event.h has the layout. */
#include "event/record_internal.h"

enum { PART_HEAD = 8, CONFIG_LEN = 32, CONFIRMED_LEN = 88, CONFIRMED_LEN_OF_BEFORE = 72, SESSION_HEAD = 12, BEGIN_LEN = 56,
       KEEPS_ROWS = 1 };

static void put_start(uint8_t *at, rs_record_kind_t kind, size_t len, uint32_t number) {
    at[0] = (uint8_t)kind;
    at[1] = RS__RECORD_VERSION;
    put16(at + 2, (uint16_t)len);
    put32(at + 4, number);
}

static bool is_start(const uint8_t *at, size_t len, rs_record_kind_t kind, size_t least, size_t most) {
    return len >= least && len <= most && at[0] == (uint8_t)kind && at[1] == RS__RECORD_VERSION && get16(at + 2) == len;
}

static void put_text(uint8_t *at, const rs_record_text_t *text) {
    put64(at + 8, text->hash[0]);
    put64(at + 16, text->hash[1]);
}

static rs_record_text_t get_text(const uint8_t *at) {
    return (rs_record_text_t){.length = get32(at + 4), .hash = {get64(at + 8), get64(at + 16)}};
}

size_t rs_record_write_part(uint32_t place, const void *text, uint32_t len, void *bytes) {
    uint8_t *head = bytes;
    RS_REQUIRE(len > 0 && len <= RS_RECORD_PART_MAX);
    put_start(head, RS_RECORD_CONFIG_PART, PART_HEAD + len, place);
    memcpy(head + PART_HEAD, text, len);
    return PART_HEAD + len;
}

int rs_record_read_part(const void *bytes, size_t len, uint32_t *place, rs_str_t *text) {
    const uint8_t *head = bytes;
    if (!is_start(head, len, RS_RECORD_CONFIG_PART, PART_HEAD + 1, RS_RECORD_MAX)) return RS_ERR_PARSE;
    *place = get32(head + 4);
    *text = (rs_str_t){(const char *)head + PART_HEAD, (uint32_t)len - PART_HEAD};
    return RS_OK;
}

size_t rs_record_write_config(const rs_record_text_t *text, rs_config_how_t how, void *bytes) {
    uint8_t *head = bytes;
    put_start(head, RS_RECORD_CONFIG, CONFIG_LEN, text->length);
    put_text(head, text);
    put32(head + 24, (uint32_t)how);
    put32(head + 28, 0);
    return CONFIG_LEN;
}

int rs_record_read_config(const void *bytes, size_t len, rs_record_text_t *text, rs_config_how_t *how) {
    const uint8_t *head = bytes;
    if (!is_start(head, len, RS_RECORD_CONFIG, CONFIG_LEN, CONFIG_LEN)) return RS_ERR_PARSE;
    if (get32(head + 24) > RS_CONFIG_RESTART || get32(head + 28) != 0) return RS_ERR_PARSE;
    *text = get_text(head);
    *how = (rs_config_how_t)get32(head + 24);
    return RS_OK;
}

size_t rs_record_write_begin(const rs_record_begin_t *begin, void *bytes) {
    uint8_t *head = bytes;
    put_start(head, RS_RECORD_BEGIN, BEGIN_LEN, begin->text.length);
    put_text(head, &begin->text);
    put32(head + 24, begin->keep_rows ? KEEPS_ROWS : 0);
    put32(head + 28, 0);
    put64(head + 32, (uint64_t)begin->start_us);
    put64(head + 40, begin->run);
    put64(head + 48, begin->hash_seed);
    return BEGIN_LEN;
}

int rs_record_read_begin(const void *bytes, size_t len, rs_record_begin_t *begin) {
    const uint8_t *head = bytes;
    if (!is_start(head, len, RS_RECORD_BEGIN, BEGIN_LEN, BEGIN_LEN)) return RS_ERR_PARSE;
    *begin = (rs_record_begin_t){.text = get_text(head), .keep_rows = get32(head + 24) == KEEPS_ROWS, .start_us = (int64_t)get64(head + 32),
                                 .run = get64(head + 40), .hash_seed = get64(head + 48)};
    const bool sound = get32(head + 24) <= KEEPS_ROWS && get32(head + 28) == 0 && begin->start_us >= 0 && begin->start_us < RS_TIME_MAX_US;
    return sound ? RS_OK : RS_ERR_PARSE;
}

size_t rs_record_write_session(uint32_t session, rs_str_t source, rs_str_t incarnation, void *bytes) {
    uint8_t *head = bytes;
    RS_REQUIRE(session != 0 && source.len - 1 < RS_MAX_NAME && incarnation.len <= RS_MAX_NAME);
    const size_t len = SESSION_HEAD + source.len + incarnation.len;
    put_start(head, RS_RECORD_SESSION, len, session);
    head[8] = (uint8_t)source.len;
    head[9] = (uint8_t)incarnation.len;
    put16(head + 10, 0);
    memcpy(head + SESSION_HEAD, source.data, source.len);
    if (incarnation.len > 0) memcpy(head + SESSION_HEAD + source.len, incarnation.data, incarnation.len);
    return len;
}

int rs_record_read_session(const void *bytes, size_t len, uint32_t *session, rs_str_t *source, rs_str_t *incarnation) {
    const uint8_t *head = bytes;
    if (!is_start(head, len, RS_RECORD_SESSION, SESSION_HEAD + 1, RS_RECORD_MAX)) return RS_ERR_PARSE;
    *session = get32(head + 4);
    *source = (rs_str_t){(const char *)head + SESSION_HEAD, head[8]};
    *incarnation = (rs_str_t){(const char *)head + SESSION_HEAD + head[8], head[9]};
    const bool sound = *session != 0 && source->len - 1 < RS_MAX_NAME && incarnation->len <= RS_MAX_NAME && get16(head + 10) == 0;
    return sound && len == (size_t)SESSION_HEAD + source->len + incarnation->len ? RS_OK : RS_ERR_PARSE;
}

size_t rs_record_write_confirmed(const rs_confirmed_t *confirmed, void *bytes) {
    uint8_t *head = bytes;
    put_start(head, RS_RECORD_CONFIRMED, CONFIRMED_LEN, 0);
    put64(head + 8, confirmed->receiver);
    put64(head + 16, confirmed->rows.through);
    put64(head + 24, confirmed->rows.revision);
    put64(head + 32, confirmed->edges.through);
    put64(head + 40, confirmed->edges.revision);
    put64(head + 48, confirmed->alert_position);
    put32(head + 56, confirmed->alert_ordinal);
    put32(head + 60, 0);
    put64(head + 64, confirmed->position);
    put64(head + 72, confirmed->facts.through);
    put64(head + 80, confirmed->facts.revision);
    return CONFIRMED_LEN;
}

int rs_record_read_confirmed(const void *bytes, size_t len, rs_confirmed_t *confirmed) {
    const uint8_t *head = bytes;
    if (!is_start(head, len, RS_RECORD_CONFIRMED, CONFIRMED_LEN_OF_BEFORE, CONFIRMED_LEN)) return RS_ERR_PARSE;
    if (len != CONFIRMED_LEN && len != CONFIRMED_LEN_OF_BEFORE) return RS_ERR_PARSE;
    if (get32(head + 4) != 0 || get32(head + 60) != 0) return RS_ERR_PARSE;
    *confirmed = (rs_confirmed_t){.receiver = get64(head + 8), .rows = {.through = get64(head + 16), .revision = get64(head + 24)},
                                  .edges = {.through = get64(head + 32), .revision = get64(head + 40)},
                                  .alert_position = get64(head + 48), .alert_ordinal = get32(head + 56), .position = get64(head + 64)};
    if (len == CONFIRMED_LEN) confirmed->facts = (rs_collected_t){.through = get64(head + 72), .revision = get64(head + 80)};
    return RS_OK;
}
