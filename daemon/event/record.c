/* The canonical bytes of the ring and the journal; event.h has the layout. */
#include "event/event_internal.h"
#include "event/record_internal.h"

enum { STRINGS = 15, STRING_CONTACT_ID = 4, STRING_QUEUE = 7, STRING_AGENT = 8,   /* of string_places */
       EVENT_HEAD = 68, REFUSAL_HEAD = 48, TICK_LEN = 16 };

#define PRESENT_NUMBERS \
    (RS_HAS_PRIORITY | RS_HAS_WAIT_MS | RS_HAS_TALK_MS | RS_HAS_HOLD_MS | RS_HAS_RING_MS | RS_HAS_SCORE \
     | RS_HAS_SCALE_MIN | RS_HAS_SCALE_MAX | RS_HAS_FROM_US | RS_HAS_TO_US | RS_HAS_FROM_SEQ | RS_HAS_TO_SEQ)
#define PRESENT_ALL (PRESENT_NUMBERS | RS_HAS_SEQ | RS_HAS_RESOLVED | RS_HAS_PSEUDONYM)

static void put_head(uint8_t *at, rs_record_kind_t kind, size_t len, rs_origin_t origin, int64_t arrival_us) {
    at[0] = (uint8_t)kind;
    at[1] = RS__RECORD_VERSION;
    put16(at + 2, (uint16_t)len);
    put32(at + 4, origin.session);
    put64(at + 8, origin.number);
    put64(at + 16, (uint64_t)arrival_us);
}

static bool is_head(const uint8_t *at, size_t len, rs_record_kind_t kind, size_t head) {
    return len >= head && len <= RS_RECORD_MAX && at[0] == (uint8_t)kind && at[1] == RS__RECORD_VERSION
           && get16(at + 2) == len;
}

/* By the number of their RS_HAS_ bit. */
static const uint16_t number_places[] = {
    0, offsetof(rs_event_t, priority), offsetof(rs_event_t, wait_ms), offsetof(rs_event_t, talk_ms),
    offsetof(rs_event_t, hold_ms), offsetof(rs_event_t, ring_ms), 0, offsetof(rs_event_t, score_milli),
    offsetof(rs_event_t, scale_min_milli), offsetof(rs_event_t, scale_max_milli), offsetof(rs_event_t, from_us),
    offsetof(rs_event_t, to_us), offsetof(rs_event_t, from_seq), offsetof(rs_event_t, to_seq)};

static const uint16_t string_places[STRINGS] = {
    offsetof(rs_event_t, event_id), offsetof(rs_event_t, source), offsetof(rs_event_t, incarnation),
    offsetof(rs_event_t, tenant), offsetof(rs_event_t, contact_id), offsetof(rs_event_t, journey_id),
    offsetof(rs_event_t, customer), offsetof(rs_event_t, queue), offsetof(rs_event_t, agent), offsetof(rs_event_t, team),
    offsetof(rs_event_t, topic), offsetof(rs_event_t, to_queue), offsetof(rs_event_t, to_agent),
    offsetof(rs_event_t, code), offsetof(rs_event_t, case_id)};

static const uint8_t max_lengths[STRINGS] = {
    RS_MAX_NAME, RS_MAX_NAME, RS_MAX_NAME, RS_MAX_NAME, RS_MAX_CONTACT_ID, RS_MAX_CONTACT_ID, RS_PSEUDONYM_BYTES,
    RS_MAX_NAME, RS_MAX_NAME, RS_MAX_NAME, RS_MAX_NAME, RS_MAX_NAME, RS_MAX_NAME, RS_MAX_NAME, RS_MAX_NAME};
_Static_assert(EVENT_HEAD + 12 * 8 + 2 * RS_MAX_CONTACT_ID + 12 * RS_MAX_NAME + RS_PSEUDONYM_BYTES <= RS_RECORD_MAX,
               "every number and every string at its longest must fit");

/* Signed numbers and sequence numbers are all 64 bits of their place. */
static uint8_t *put_numbers(const rs_event_t *event, uint8_t *at) {
    for (uint32_t left = event->present & PRESENT_NUMBERS; left != 0; left &= left - 1) {
        uint64_t number;
        memcpy(&number, (const char *)event + number_places[__builtin_ctz(left)], sizeof number);
        put64(at, number);
        at += 8;
    }
    return at;
}

size_t rs_record_write_event(const rs_event_t *event, int64_t arrival_us, rs_origin_t origin, void *bytes) {
    RS_REQUIRE(event->customer.len == 0
               || ((event->present & RS_HAS_PSEUDONYM) != 0 && event->customer.len == RS_PSEUDONYM_BYTES));
    uint8_t *head = bytes;
    uint8_t *at = put_numbers(event, head + EVENT_HEAD);
    for (unsigned i = 0; i < STRINGS; i++) {
        const rs_str_t *text = (const rs_str_t *)(const void *)((const char *)event + string_places[i]);
        RS_REQUIRE(text->len <= max_lengths[i]);
        head[53 + i] = (uint8_t)text->len;
        if (text->len == 0) continue;
        memcpy(at, text->data, text->len);
        at += text->len;
    }
    const size_t len = (size_t)(at - head);
    put_head(head, RS_RECORD_EVENT, len, origin, arrival_us);
    put64(head + 24, (uint64_t)event->occurred_us);
    put64(head + 32, event->seq);
    put32(head + 40, event->present);
    const uint8_t items[] = {event->type, event->channel, event->direction, event->reason, event->kind, event->stage,
                             event->party, event->state, event->resolved};
    memcpy(head + 44, items, sizeof items);
    return len;
}
/* What the core uses as an index must be in range even when the journal is damaged. */
static bool is_sound(const rs_event_t *event) {
    unsigned unused;
    const bool pseudonym = (event->present & RS_HAS_PSEUDONYM) != 0 && event->customer.len == RS_PSEUDONYM_BYTES;
    return event->type > RS_EVENT_NONE && event->type < RS_EVENT_TYPE_COUNT && rs__items_fit(event, &unused)
           && event->occurred_us >= 0 && event->occurred_us < RS_TIME_MAX_US
           && (event->present & ~(uint32_t)PRESENT_ALL) == 0 && (event->customer.len == 0 || pseudonym);
}

/* The next string, which is at *at; false when it is longer than it may be or than what is left. */
static bool next_string(const uint8_t *head, size_t len, unsigned string, size_t *at, rs_str_t *text) {
    const uint32_t text_len = head[53 + string];
    if (text_len > max_lengths[string] || text_len > len - *at) return false;
    *text = (rs_str_t){(const char *)head + *at, text_len};
    *at += text_len;
    return true;
}

/* Lends the strings; false when their lengths are not exactly those of the rest of the record. */
static bool get_strings(const uint8_t *head, size_t at, size_t len, rs_event_t *event) {
    for (unsigned i = 0; i < STRINGS; i++) {
        rs_str_t *text = (rs_str_t *)(void *)((char *)event + string_places[i]);
        if (!next_string(head, len, i, &at, text)) return false;
    }
    return at == len;
}

/* Where the strings begin, 0 when the numbers do not fit. */
static size_t strings_at(uint32_t present, size_t len) {
    const size_t at = EVENT_HEAD + 8 * (size_t)__builtin_popcount(present & PRESENT_NUMBERS);
    return at > len ? 0 : at;
}

/* They fit. */
static void get_numbers(const uint8_t *head, rs_event_t *event) {
    const uint8_t *at = head + EVENT_HEAD;
    for (uint32_t left = event->present & PRESENT_NUMBERS; left != 0; left &= left - 1) {
        const uint64_t number = get64(at);
        memcpy((char *)event + number_places[__builtin_ctz(left)], &number, sizeof number);
        at += 8;
    }
}

int rs_record_read_event(const void *bytes, size_t len, rs_event_t *event, int64_t *arrival_us, rs_origin_t *origin) {
    const uint8_t *head = bytes;
    if (!is_head(head, len, RS_RECORD_EVENT, EVENT_HEAD) || head[52] > 1) return RS_ERR_PARSE;
    memset(event, 0, rs__event_size);
    event->occurred_us = (int64_t)get64(head + 24);
    event->seq = get64(head + 32);
    event->present = get32(head + 40);
    event->type = head[44];
    event->channel = head[45];
    event->direction = head[46];
    event->reason = head[47];
    event->kind = head[48];
    event->stage = head[49];
    event->party = head[50];
    event->state = head[51];
    event->resolved = head[52] != 0;
    *arrival_us = (int64_t)get64(head + 16);
    *origin = (rs_origin_t){.session = get32(head + 4), .number = get64(head + 8)};
    const size_t at = strings_at(event->present, len);
    if (at == 0) return RS_ERR_PARSE;
    get_numbers(head, event);
    return get_strings(head, at, len, event) && is_sound(event) ? RS_OK : RS_ERR_PARSE;
}

int rs_record_read_names(const void *bytes, size_t len, rs_record_names_t *names) {
    const uint8_t *head = bytes;
    if (!is_head(head, len, RS_RECORD_EVENT, EVENT_HEAD)) return RS_ERR_PARSE;
    size_t at = strings_at(get32(head + 40), len);
    rs_str_t texts[STRING_AGENT + 1];
    bool fits = at != 0;
    for (unsigned i = 0; i < RS_ARRAY_LEN(texts) && fits; i++) fits = next_string(head, len, i, &at, &texts[i]);
    if (!fits) return RS_ERR_PARSE;
    *names = (rs_record_names_t){.contact_id = texts[STRING_CONTACT_ID], .queue = texts[STRING_QUEUE], .agent = texts[STRING_AGENT]};
    return RS_OK;
}

size_t rs_record_write_refusal(rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us,
                               rs_origin_t origin, void *bytes) {
    uint8_t *head = bytes;
    const size_t source_len = source.len <= RS_MAX_NAME ? source.len : 0;
    const size_t field_len = strnlen(refused->field, sizeof refused->field - 1);
    const size_t len = REFUSAL_HEAD + source_len + field_len;
    put_head(head, RS_RECORD_REFUSAL, len, origin, arrival_us);
    put64(head + 24, hash);
    put64(head + 32, refused->seq);
    put32(head + 40, refused->len);
    head[44] = (uint8_t)refused->reason;
    head[45] = refused->has_seq;
    head[46] = (uint8_t)source_len;
    head[47] = (uint8_t)field_len;
    if (source_len > 0) memcpy(head + REFUSAL_HEAD, source.data, source_len);
    memcpy(head + REFUSAL_HEAD + source_len, refused->field, field_len);
    return len;
}

int rs_record_read_refusal(const void *bytes, size_t len, rs_str_t *source, rs_refused_t *refused, uint64_t *hash,
                           int64_t *arrival_us, rs_origin_t *origin) {
    const uint8_t *head = bytes;
    if (!is_head(head, len, RS_RECORD_REFUSAL, REFUSAL_HEAD)) return RS_ERR_PARSE;
    const size_t source_len = head[46], field_len = head[47];
    if (source_len > RS_MAX_NAME || field_len >= sizeof refused->field) return RS_ERR_PARSE;
    if (head[44] >= RS_REFUSAL_COUNT || head[45] > 1 || len != REFUSAL_HEAD + source_len + field_len) return RS_ERR_PARSE;
    if (memchr(head + REFUSAL_HEAD + source_len, '\0', field_len) != NULL) return RS_ERR_PARSE;
    *source = (rs_str_t){source_len == 0 ? NULL : (const char *)head + REFUSAL_HEAD, (uint32_t)source_len};
    *refused = (rs_refused_t){.reason = (rs_refusal_t)head[44], .len = get32(head + 40), .has_seq = head[45] != 0,
                              .seq = get64(head + 32)};
    memcpy(refused->source, head + REFUSAL_HEAD, source_len);
    memcpy(refused->field, head + REFUSAL_HEAD + source_len, field_len);
    *hash = get64(head + 24);
    *arrival_us = (int64_t)get64(head + 16);
    *origin = (rs_origin_t){.session = get32(head + 4), .number = get64(head + 8)};
    return RS_OK;
}

size_t rs_record_write_tick(int64_t now_us, void *bytes) {
    uint8_t *head = bytes;
    head[0] = RS_RECORD_TICK;
    head[1] = RS__RECORD_VERSION;
    put16(head + 2, TICK_LEN);
    put32(head + 4, 0);
    put64(head + 8, (uint64_t)now_us);
    return TICK_LEN;
}

int rs_record_read_tick(const void *bytes, size_t len, int64_t *now_us) {
    const uint8_t *head = bytes;
    if (!is_head(head, len, RS_RECORD_TICK, TICK_LEN) || len != TICK_LEN || get32(head + 4) != 0) return RS_ERR_PARSE;
    *now_us = (int64_t)get64(head + 8);
    return RS_OK;
}
