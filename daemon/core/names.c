#include "core/names.h"

#include "core/hash.h"
#include "core/key.h"

#include <stdlib.h>

enum { CHUNK_BYTES = 64 * 1024 };

int rs_names_init(rs_names_t *names, uint32_t max, uint64_t seed) {
    *names = (rs_names_t){.max = max + 2, .seed = seed};
    names->places = rs_table_take(((uint64_t)names->max + 1) * sizeof *names->places);
    names->chunks = calloc((size_t)names->max * (RS_MAX_NAME + 1) / CHUNK_BYTES + 2, sizeof *names->chunks);
    if (names->places == NULL || names->chunks == NULL || rs_index_init(&names->index, names->max) != RS_OK) {
        rs_names_deinit(names);
        return RS_ERR_MEMORY;
    }
    names->chunk_used = CHUNK_BYTES;
    return rs_names_number(names, RS_STR(RS_OVERFLOW_NAME)) == RS_NAMES_OVERFLOW ? RS_OK : RS_ERR_MEMORY;
}

void rs_names_deinit(rs_names_t *names) {
    for (uint32_t i = 0; i < names->chunk_count; i++) free(names->chunks[i]);
    free(names->chunks);
    rs_table_give(names->places);
    rs_index_deinit(&names->index);
    *names = (rs_names_t){0};
}

static char *room_for(rs_names_t *names, uint32_t len) {
    if (names->chunk_used + len > CHUNK_BYTES) {
        unsigned char *chunk = malloc(CHUNK_BYTES);
        if (chunk == NULL) return NULL;
        names->chunks[names->chunk_count++] = chunk;
        names->chunk_used = 0;
    }
    char *place = (char *)names->chunks[names->chunk_count - 1] + names->chunk_used;
    names->chunk_used += len;
    return place;
}

uint64_t rs_names_hash(const rs_names_t *names, uint32_t tenant, rs_str_t text) {
    const uint64_t hash = rs_hash64(text.data, text.len, names->seed + tenant);
    return hash != 0 ? hash : 1;
}

static uint32_t find(const rs_names_t *names, uint64_t hash, uint32_t tenant, rs_str_t text) {
    uint32_t cursor = rs_index_begin(&names->index, hash), number;
    while ((number = rs_index_next(&names->index, hash, &cursor)) != 0) {
        if (names->places[number].tenant == tenant && rs_str_equal(rs_names_text(names, number), text)) return number;
    }
    return 0;
}

uint32_t rs_names_find_agent(const rs_names_t *names, uint32_t tenant, rs_str_t text) {
    return text.len == 0 ? 0 : find(names, rs_names_hash(names, tenant, text), tenant, text);
}

uint32_t rs_names_find(const rs_names_t *names, rs_str_t text) { return rs_names_find_agent(names, 0, text); }

static void place_text(rs_name_t *place, const char *bytes, uint32_t len) {
    atomic_store_explicit(&place->data, bytes, memory_order_relaxed);
    atomic_store_explicit(&place->len, len, memory_order_relaxed);
}

uint32_t rs_names_agent(rs_names_t *names, uint32_t tenant, rs_str_t text) {
    if (text.len == 0) return 0;
    const uint64_t hash = rs_names_hash(names, tenant, text);
    uint32_t number = find(names, hash, tenant, text);
    if (number != 0) return number;
    if (names->count + 1 >= names->max || text.len > RS_MAX_NAME) return RS_NAMES_OVERFLOW;
    rs_name_t *place = &names->places[names->count + 1];
    char *bytes = text.len <= RS_NAME_INLINE ? place->bytes : room_for(names, text.len);
    if (bytes == NULL) return RS_NAMES_OVERFLOW;
    memcpy(bytes, text.data, text.len);
    number = ++names->count;
    place_text(place, bytes, text.len);
    place->tenant = tenant;
    rs_index_add(&names->index, hash, number);
    return number;
}

uint32_t rs_names_number(rs_names_t *names, rs_str_t text) { return rs_names_agent(names, 0, text); }

bool rs_names_rename_agent(rs_names_t *names, uint32_t number, rs_str_t text) {
    rs_name_t *place = &names->places[number];
    RS_REQUIRE(place->tenant != 0 && text.len > 0 && text.len <= RS_NAME_INLINE);
    if (rs_names_find_agent(names, place->tenant, text) != 0) return false;
    const rs_str_t before = rs_names_text(names, number);
    rs_index_remove(&names->index, rs_names_hash(names, place->tenant, before), number);
    rs_seqlock_write_begin(&names->renaming);
    explicit_bzero((char *)(uintptr_t)before.data, before.len);   /* of a chunk or of the place itself: ours to write */
    memcpy(place->bytes, text.data, text.len);
    place_text(place, place->bytes, text.len);
    rs_seqlock_write_end(&names->renaming);
    rs_index_add(&names->index, rs_names_hash(names, place->tenant, text), number);
    return true;
}

rs_str_t rs_names_text_anywhere(const rs_names_t *names, uint32_t number) {
    for (;;) {
        const uint32_t version = rs_seqlock_read_begin(&names->renaming);
        const rs_str_t text = rs_names_text(names, number);
        if (!rs_seqlock_read_retry(&names->renaming, version)) return text;
    }
}

uint64_t rs_names_bytes(const rs_names_t *names) {
    return rs_index_bytes(&names->index) + (uint64_t)names->chunk_count * CHUNK_BYTES + (uint64_t)names->count * sizeof(rs_name_t);
}
