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

static uint32_t find(const rs_names_t *names, uint64_t hash, rs_str_t text) {
    uint32_t cursor = rs_index_begin(&names->index, hash), number;
    while ((number = rs_index_next(&names->index, hash, &cursor)) != 0) {
        if (rs_str_equal(names->places[number].text, text)) return number;
    }
    return 0;
}

uint64_t rs_names_hash(const rs_names_t *names, rs_str_t text) {
    const uint64_t hash = rs_hash64(text.data, text.len, names->seed);
    return hash != 0 ? hash : 1;
}

uint32_t rs_names_find(const rs_names_t *names, rs_str_t text) {
    return text.len == 0 ? 0 : find(names, rs_names_hash(names, text), text);
}

uint32_t rs_names_number(rs_names_t *names, rs_str_t text) {
    if (text.len == 0) return 0;
    const uint64_t hash = rs_names_hash(names, text);
    uint32_t number = find(names, hash, text);
    if (number != 0) return number;
    if (names->count + 1 >= names->max || text.len > RS_MAX_NAME) return RS_NAMES_OVERFLOW;
    rs_name_t *place = &names->places[names->count + 1];
    char *bytes = text.len <= RS_NAME_INLINE ? place->bytes : room_for(names, text.len);
    if (bytes == NULL) return RS_NAMES_OVERFLOW;
    memcpy(bytes, text.data, text.len);
    number = ++names->count;
    place->text = (rs_str_t){.data = bytes, .len = text.len};
    rs_index_add(&names->index, hash, number);
    return number;
}

uint64_t rs_names_bytes(const rs_names_t *names) {
    return rs_index_bytes(&names->index) + (uint64_t)names->chunk_count * CHUNK_BYTES + (uint64_t)names->count * sizeof(rs_name_t);
}
