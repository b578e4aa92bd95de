/* Configurations by value: as records of the ring, and at the head of a saved state.
 *
 *   saved engine   0 "RSENGINE"  8 version:4  12 flags:4 (1: keeps rows, 2: one text for both)  16 lengths of begun, newest, parts: 3 x 4
 *                  28 zero:4  32 the three texts  then XXH3-128 of all that:16  then the core's state (core/state/state.h) */
#include "engine/engine_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { SAVED_VERSION = 1, SAVED_HEAD = 32, KEEPS_ROWS = 1, ONE_TEXT = 2 };
static const char saved_magic[8] = {'R', 'S', 'E', 'N', 'G', 'I', 'N', 'E'};

int rs__fail(rs_engine_t *engine, int status, const char *why) {
    snprintf(engine->why, sizeof engine->why, "%s", why);
    return status;
}

int rs__bytes_add(rs__bytes_t *bytes, const void *more, size_t len) {
    if (bytes->room - bytes->len < len) {
        size_t room = bytes->room == 0 ? 4096 : bytes->room;
        while (room - bytes->len < len) room *= 2;
        unsigned char *larger = realloc(bytes->bytes, room);
        if (larger == NULL) return RS_ERR_MEMORY;
        bytes->bytes = larger;
        bytes->room = room;
    }
    if (len > 0) memcpy(bytes->bytes + bytes->len, more, len);
    bytes->len += len;
    return RS_OK;
}

void rs__bytes_free(rs__bytes_t *bytes) {
    free(bytes->bytes);
    *bytes = (rs__bytes_t){0};
}

/* --- into the ring -------------------------------------------------------------------------------------------------- */
rs_record_text_t rs__text_of(const rs_config_t *config) {
    const rs_hash128_t hash = rs_hash128(config->text.data, config->text.len, 0);
    return (rs_record_text_t){.length = config->text.len, .hash = {hash.low, hash.high}};
}

int rs__text_submit(rs_engine_t *engine, const rs_config_t *config) {
    const rs_str_t text = config->text;
    const uint64_t parts = text.len / RS_RECORD_PART_MAX + 2;
    if (parts * (RS_RECORD_MAX + 64) > rs_ring_capacity(engine->inlet)) return RS_ERR_LIMIT;
    for (uint32_t at = 0; at < text.len;) {
        const uint32_t left = text.len - at, len = left < RS_RECORD_PART_MAX ? left : (uint32_t)RS_RECORD_PART_MAX;
        void *bytes;
        const int status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
        if (status != RS_OK) return status;
        rs__commit(engine, rs_record_write_part(at, text.data + at, len, bytes), RS_RECORD_CONFIG_PART);
        at += len;
    }
    return RS_OK;
}

/* --- out of records ------------------------------------------------------------------------------------------------- */
/* A part that does not follow the one before makes a text that is not the one wanted: its hash tells. */
void rs__text_take_part(rs_engine_t *engine, uint32_t place, rs_str_t part) {
    if (place == 0) engine->parts.len = 0;
    if (place != engine->parts.len || place + (uint64_t)part.len > RS_CONFIG_TEXT_MAX) return;
    if (rs__bytes_add(&engine->parts, part.data, part.len) != RS_OK) engine->parts.len = 0;
}

static void free_unused(rs_engine_t *engine) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < engine->owned_count; i++) {
        rs_config_t *config = engine->owned[i];
        const bool used = engine->core == NULL || rs_core_rests_on(engine->core, config) || config == engine->begun ||
                          config == engine->newest;
        if (used) engine->owned[left++] = config;
        else rs_config_destroy(&config);
    }
    engine->owned_count = left;
}

int rs__text_load(rs_engine_t *engine, rs_str_t text, const rs_config_t **config) {
    rs_config_error_t error;
    rs_config_t *made;
    if (engine->owned_count == RS__OWNED_CONFIGS) free_unused(engine);
    if (engine->owned_count == RS__OWNED_CONFIGS) return rs__fail(engine, RS_ERR_LIMIT, "too many configurations in one journal");
    const int status = rs_config_load_text(text, "the configuration in the journal", &made, &error);
    if (status != RS_OK) {
        rs_config_error_format(&error, engine->why, sizeof engine->why);
        return status == RS_ERR_MEMORY ? status : RS_ERR_PARSE;
    }
    engine->owned[engine->owned_count++] = made;
    *config = made;
    return RS_OK;
}

int rs__text_make(rs_engine_t *engine, const rs_record_text_t *text, const rs_config_t **config) {
    const rs_str_t all = {.data = (const char *)engine->parts.bytes, .len = text->length == 0 ? 0 : (uint32_t)engine->parts.len};
    const rs_hash128_t hash = rs_hash128(all.data, all.len, 0);
    if (all.len != text->length || hash.low != text->hash[0] || hash.high != text->hash[1]) {
        return rs__fail(engine, RS_ERR_NOT_FOUND, "parts of a configuration are missing");
    }
    const int status = rs__text_load(engine, all, config);
    engine->parts.len = 0;
    return status;
}

void rs__texts_forget_last(rs_engine_t *engine) { rs_config_destroy(&engine->owned[--engine->owned_count]); }

void rs__texts_free(rs_engine_t *engine, const rs_config_t *kept) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < engine->owned_count; i++) {
        if (engine->owned[i] == kept) engine->owned[left++] = engine->owned[i];
        else rs_config_destroy(&engine->owned[i]);
    }
    engine->owned_count = left;
}

/* --- saved ---------------------------------------------------------------------------------------------------------- */
static void put32(unsigned char *at, uint32_t number) {
    for (unsigned i = 0; i < 4; i++) at[i] = (unsigned char)(number >> 8 * i);
}
static uint32_t get32(const unsigned char *at) { return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24; }
static void put64(unsigned char *at, uint64_t number) {
    put32(at, (uint32_t)number);
    put32(at + 4, (uint32_t)(number >> 32));
}

static void put_hash(const rs__bytes_t *head, unsigned char hash_bytes[16]) {
    const rs_hash128_t hash = rs_hash128(head->bytes, head->len, 0);
    put64(hash_bytes, hash.low);
    put64(hash_bytes + 8, hash.high);
}

static int build_head(const rs_engine_t *engine, rs__bytes_t *head) {
    unsigned char start[SAVED_HEAD] = {0}, hash[16];
    const bool one = engine->begun == engine->newest || rs_str_equal(engine->begun->text, engine->newest->text);
    const rs_str_t begun = engine->begun->text, newest = one ? RS_STR("") : engine->newest->text;
    memcpy(start, saved_magic, sizeof saved_magic);
    put32(start + 8, SAVED_VERSION);
    put32(start + 12, (engine->keep_rows ? KEEPS_ROWS : 0u) | (one ? ONE_TEXT : 0u));
    put32(start + 16, begun.len);
    put32(start + 20, newest.len);
    put32(start + 24, (uint32_t)engine->parts.len);
    int status = rs__bytes_add(head, start, sizeof start);
    if (status == RS_OK) status = rs__bytes_add(head, begun.data, begun.len);
    if (status == RS_OK) status = rs__bytes_add(head, newest.data, newest.len);
    if (status == RS_OK) status = rs__bytes_add(head, engine->parts.bytes, engine->parts.len);
    if (status != RS_OK) return status;
    put_hash(head, hash);
    return rs__bytes_add(head, hash, sizeof hash);
}

int rs__texts_save(const rs_engine_t *engine, const rs_state_out_t *out) {
    enum { AT_A_TIME = 65536 };
    rs__bytes_t head = {0};
    int status = build_head(engine, &head);
    for (size_t at = 0; at < head.len && status == RS_OK; at += AT_A_TIME) {
        status = out->write(out->context, head.bytes + at, head.len - at < AT_A_TIME ? head.len - at : (size_t)AT_A_TIME);
    }
    rs__bytes_free(&head);
    return status;
}

static int read_all(const rs_state_in_t *in, unsigned char *bytes, size_t len) {
    while (len > 0) {
        size_t got = 0;
        const int status = in->read(in->context, bytes, len, &got);
        if (status != RS_OK) return status;
        if (got == 0 || got > len) return RS_ERR_PARSE;
        bytes += got;
        len -= got;
    }
    return RS_OK;
}

static int read_texts(rs_engine_t *engine, const rs_state_in_t *in, rs__bytes_t *head) {
    unsigned char start[SAVED_HEAD], hash[16], wanted[16];
    int status = read_all(in, start, sizeof start);
    if (status != RS_OK) return rs__fail(engine, status, "the state is cut short");
    if (memcmp(start, saved_magic, sizeof saved_magic) != 0) return rs__fail(engine, RS_ERR_PARSE, "this is no saved state of a daemon");
    if (get32(start + 8) > SAVED_VERSION) return rs__fail(engine, RS_ERR_VERSION, "the state is of a newer program");
    size_t len = 0;
    for (unsigned i = 0; i < 3; i++) {
        if (get32(start + 16 + 4 * i) > RS_CONFIG_TEXT_MAX) {
            return rs__fail(engine, RS_ERR_PARSE, "a configuration in the state is too long");
        }
        len += get32(start + 16 + 4 * i);
    }
    status = rs__bytes_add(head, start, sizeof start);
    unsigned char *rest = status == RS_OK ? malloc(len + 1) : NULL;
    if (rest == NULL) return rs__fail(engine, RS_ERR_MEMORY, "out of memory");
    status = read_all(in, rest, len);
    if (status == RS_OK) status = rs__bytes_add(head, rest, len);
    free(rest);
    if (status == RS_OK) status = read_all(in, hash, sizeof hash);
    if (status != RS_OK) return rs__fail(engine, status, "the state is cut short");
    put_hash(head, wanted);
    if (memcmp(hash, wanted, sizeof hash) != 0) return rs__fail(engine, RS_ERR_PARSE, "the configurations in the state are damaged");
    return RS_OK;
}

int rs__texts_load(rs_engine_t *engine, const rs_state_in_t *in, const rs_config_t **begun, const rs_config_t **newest) {
    rs__bytes_t head = {0};
    int status = read_texts(engine, in, &head);
    if (status == RS_OK) {
        const char *texts = (const char *)head.bytes + SAVED_HEAD;
        const uint32_t flags = get32(head.bytes + 12), begun_len = get32(head.bytes + 16), newest_len = get32(head.bytes + 20);
        engine->keep_rows = (flags & KEEPS_ROWS) != 0;
        status = rs__text_load(engine, (rs_str_t){texts, begun_len}, begun);
        if (status == RS_OK && (flags & ONE_TEXT) != 0) *newest = *begun;
        else if (status == RS_OK) status = rs__text_load(engine, (rs_str_t){texts + begun_len, newest_len}, newest);
        engine->parts.len = 0;
        if (status == RS_OK) status = rs__bytes_add(&engine->parts, texts + begun_len + newest_len, get32(head.bytes + 24));
    }
    rs__bytes_free(&head);
    return status;
}
