/* support/event_support.h — events in tests: compare, copy, make random ones that are valid and canonical (only fields of
 * their type, enumerations named, scores in thousandths), so that decode(encode(x)) must be x. */
#ifndef RS_TEST_EVENT_SUPPORT_H
#define RS_TEST_EVENT_SUPPORT_H

#include "event/event_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct event_copy {
    rs_event_t event;
    char text[8192];
    size_t used;
} event_copy_t;

/* The fifteen strings of an event, in the order of the record. */
enum { EVENT_STRINGS = 15 };
static inline void event_strings(rs_event_t *event, rs_str_t *strings[EVENT_STRINGS]) {
    rs_str_t *const all[EVENT_STRINGS] = {
        &event->event_id, &event->source, &event->incarnation, &event->tenant, &event->contact_id, &event->journey_id,
        &event->customer, &event->queue, &event->agent, &event->team, &event->topic, &event->to_queue, &event->to_agent,
        &event->code, &event->case_id};
    memcpy(strings, all, sizeof all);
}

static inline void event_copy(event_copy_t *copy, const rs_event_t *event) {
    rs_str_t *strings[EVENT_STRINGS];
    copy->event = *event;
    copy->used = 0;
    event_strings(&copy->event, strings);
    for (unsigned i = 0; i < EVENT_STRINGS; i++) {
        RS_REQUIRE(copy->used + strings[i]->len <= sizeof copy->text);
        if (strings[i]->len == 0) continue;
        memcpy(copy->text + copy->used, strings[i]->data, strings[i]->len);
        strings[i]->data = copy->text + copy->used;
        copy->used += strings[i]->len;
    }
}

static inline bool event_equal(const rs_event_t *a, const rs_event_t *b) {
    rs_event_t left = *a, right = *b;
    rs_str_t *lefts[EVENT_STRINGS], *rights[EVENT_STRINGS];
    event_strings(&left, lefts);
    event_strings(&right, rights);
    for (unsigned i = 0; i < EVENT_STRINGS; i++) {
        if (!rs_str_equal(*lefts[i], *rights[i])) return false;
    }
    return left.occurred_us == right.occurred_us && left.seq == right.seq && left.present == right.present
           && left.type == right.type && left.channel == right.channel && left.direction == right.direction
           && left.reason == right.reason && left.kind == right.kind && left.stage == right.stage
           && left.party == right.party && left.state == right.state && left.resolved == right.resolved
           && left.wait_ms == right.wait_ms && left.talk_ms == right.talk_ms && left.hold_ms == right.hold_ms
           && left.ring_ms == right.ring_ms && left.priority == right.priority && left.score_milli == right.score_milli
           && left.scale_min_milli == right.scale_min_milli && left.scale_max_milli == right.scale_max_milli
           && left.from_us == right.from_us && left.to_us == right.to_us && left.from_seq == right.from_seq
           && left.to_seq == right.to_seq;
}

/* --- randomness: splitmix64 --------------------------------------------------------------------------------------- */
static inline uint64_t random_next(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}
static inline uint64_t random_below(uint64_t *state, uint64_t bound) { return random_next(state) % bound; }
static inline bool random_chance(uint64_t *state, unsigned percent) { return random_below(state, 100) < percent; }

/* RS_SEED of the environment, else the clock; printed, so that a failure can be repeated. */
static inline uint64_t random_seed(const char *test) {
    const char *given = getenv("RS_SEED");
    const uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
    printf("%s: RS_SEED=%llu\n", test, (unsigned long long)seed);
    return seed;
}

/* Spread over all magnitudes, ends included. */
static inline uint64_t random_magnitude(uint64_t *state, uint64_t max) {
    switch (random_below(state, 8)) {
        case 0: return 0;
        case 1: return max;
        default: return (random_next(state) >> random_below(state, 64)) % (max == UINT64_MAX ? max : max + 1);
    }
}

static inline rs_str_t random_text(uint64_t *state, event_copy_t *copy, uint32_t max_len) {
    static const char *const pieces[] = {"a", "Z", "0", "_", "-", " ", "\"", "\\", "/", "\n", "\x01", "\x1f", "\x7f", "{", "}",
        "queue", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x93\x9E", "\xEF\xBB\xBF", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF", "null", ":,["};
    const uint32_t wanted = random_chance(state, 10) ? max_len : 1 + (uint32_t)random_below(state, max_len / 4);
    char *start = copy->text + copy->used;
    uint32_t len = 0;
    while (len < wanted) {
        const char *piece = pieces[random_below(state, RS_ARRAY_LEN(pieces))];
        const uint32_t piece_len = (uint32_t)strlen(piece);
        if (len + piece_len > max_len) piece = "x";
        memcpy(start + len, piece, strlen(piece));
        len += (uint32_t)strlen(piece);
    }
    copy->used += len;
    return (rs_str_t){start, len};
}

static inline void random_data_field(uint64_t *state, event_copy_t *copy, unsigned field) {
    rs_event_t *event = &copy->event;
    uint32_t has = 0, max_len = 0;
    const rs__names_t *names = rs__data_enum(event->type, field);
    if (names != NULL) {
        *rs__event_enum(event, field) = (uint8_t)(1 + random_below(state, names->wire_count - 1));
        return;
    }
    if (random_chance(state, 40)) return;
    if (field == RS__FIELD_RESOLVED) {
        event->resolved = random_chance(state, 50);
        event->present |= RS_HAS_RESOLVED;
        return;
    }
    int64_t *number = rs__event_number(event, field, &has);
    if (number != NULL) {
        uint64_t bound = UINT32_MAX;
        int64_t base = 0;
        if (field == RS__FIELD_PRIORITY) base = INT32_MIN;
        if (field == RS__FIELD_FROM || field == RS__FIELD_TO) bound = (uint64_t)RS_TIME_MAX_US - 1;
        if (field == RS__FIELD_SCORE || field == RS__FIELD_SCALE_MIN || field == RS__FIELD_SCALE_MAX) {
            bound = 2 * (uint64_t)RS_MAX_SCORE_MILLI;
            base = -RS_MAX_SCORE_MILLI;
        }
        *number = base + (int64_t)random_magnitude(state, bound);
        event->present |= has;
        return;
    }
    uint64_t *sequence = rs__event_sequence(event, field, &has);
    if (sequence != NULL) {
        *sequence = random_magnitude(state, UINT64_MAX);
        event->present |= has;
        return;
    }
    *rs__event_text(event, field, &max_len) = random_text(state, copy, RS_MAX_NAME);
}

/* A valid event of a random type into *copy. */
static inline void random_event(uint64_t *state, event_copy_t *copy) {
    rs_event_t *event = &copy->event;
    *event = (rs_event_t){0};
    copy->used = 0;
    event->type = (uint8_t)(1 + random_below(state, RS_EVENT_TYPE_COUNT - 1));
    event->occurred_us = (int64_t)random_magnitude(state, (uint64_t)RS_TIME_MAX_US - 1);
    event->channel = (uint8_t)random_below(state, RS_CHANNEL_COUNT);
    event->direction = (uint8_t)random_below(state, RS_DIRECTION_COUNT);
    event->source = random_text(state, copy, RS_MAX_NAME);
    if (random_chance(state, 70)) {
        event->seq = random_magnitude(state, UINT64_MAX);
        event->present |= RS_HAS_SEQ;
    }
    if ((event->present & RS_HAS_SEQ) == 0 || random_chance(state, 30)) event->event_id = random_text(state, copy, RS_MAX_NAME);
    event->contact_id = random_text(state, copy, RS_MAX_CONTACT_ID);
    event->queue = random_text(state, copy, RS_MAX_NAME);
    event->agent = random_text(state, copy, RS_MAX_NAME);
    if (random_chance(state, 30)) event->incarnation = random_text(state, copy, RS_MAX_NAME);
    if (random_chance(state, 30)) event->tenant = random_text(state, copy, RS_MAX_NAME);
    if (random_chance(state, 30)) event->journey_id = random_text(state, copy, RS_MAX_CONTACT_ID);
    if (random_chance(state, 50)) event->customer = random_text(state, copy, RS_MAX_CUSTOMER);
    if (random_chance(state, 30)) event->team = random_text(state, copy, RS_MAX_NAME);
    if (random_chance(state, 30)) event->topic = random_text(state, copy, RS_MAX_NAME);
    for (uint64_t left = rs__data_fields(event->type); left != 0; left &= left - 1) {
        random_data_field(state, copy, (unsigned)__builtin_ctzll(left));
    }
}

/* --- decoding one message and keeping what came out ---------------------------------------------------------------- */
typedef struct outcome {
    int64_t seen;           /* what rs_decode returned */
    uint32_t accepted, refused;
    event_copy_t last;      /* the last accepted event */
    rs_refused_t why;       /* the last refusal */
    uint32_t bytes_len;     /* of the last event */
} outcome_t;

static inline bool outcome_on_event(void *context, uint32_t index, const rs_event_t *event, const rs_refused_t *refused,
                                    rs_str_t bytes) {
    outcome_t *outcome = context;
    RS_REQUIRE(index == outcome->accepted + outcome->refused);
    RS_REQUIRE((event == NULL) != (refused == NULL));
    outcome->bytes_len = bytes.len;
    if (event != NULL) {
        outcome->accepted++;
        event_copy(&outcome->last, event);
    } else {
        outcome->refused++;
        outcome->why = *refused;
    }
    return true;
}

static inline void decode_into(outcome_t *outcome, rs_decoder_t *decoder, rs_encoding_t encoding, const void *bytes, size_t len) {
    outcome->accepted = outcome->refused = 0;
    outcome->why = (rs_refused_t){0};
    outcome->seen = rs_decode(decoder, encoding, bytes, len, outcome_on_event, outcome);
}

/* An EventBatch of one event; `batch` has room for len + 16 bytes. Returns its length. */
static inline size_t make_batch(const void *event, size_t len, uint8_t *batch) {
    size_t at = 0;
    batch[at++] = 0x0A;
    size_t left = len;
    for (; left >= 0x80; left >>= 7) batch[at++] = (uint8_t)(left | 0x80);
    batch[at++] = (uint8_t)left;
    if (len > 0) memcpy(batch + at, event, len);
    return at + len;
}

#endif
