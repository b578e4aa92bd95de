#include "config/arena.h"

#include <stdalign.h>
#include <stdlib.h>

enum { CHUNK_BYTES = 16 * 1024 };

typedef struct chunk {
    struct chunk *next;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
} chunk_t;

struct rs__config_arena {
    chunk_t *chunks; /* the one that is given from first */
};

int rs__config_arena_create(rs__config_arena_t **arena) {
    rs__config_arena_t *made = calloc(1, sizeof(*made));
    if (made == NULL) return RS_ERR_MEMORY;
    *arena = made;
    return RS_OK;
}

void rs__config_arena_destroy(rs__config_arena_t **arena) {
    if (arena == NULL || *arena == NULL) return;
    for (chunk_t *chunk = (*arena)->chunks; chunk != NULL;) {
        chunk_t *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    free(*arena);
    *arena = NULL;
}

static chunk_t *add_chunk(rs__config_arena_t *arena, size_t least) {
    const size_t size = least > CHUNK_BYTES ? least : CHUNK_BYTES;
    chunk_t *chunk = calloc(1, sizeof(*chunk) + size);
    if (chunk == NULL) return NULL;
    chunk->size = size;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *rs__config_arena_take(rs__config_arena_t *arena, size_t size) {
    const size_t alignment = alignof(max_align_t);
    if (size > SIZE_MAX / 2) return NULL;
    const size_t rounded = (size + alignment - 1) / alignment * alignment;
    chunk_t *chunk = arena->chunks;
    if (chunk == NULL || chunk->size - chunk->used < rounded) chunk = add_chunk(arena, rounded);
    if (chunk == NULL) return NULL;
    void *place = chunk->bytes + chunk->used;
    chunk->used += rounded;
    return place;
}

int rs__config_arena_copy(rs__config_arena_t *arena, rs_str_t text, rs_str_t *copy) {
    char *bytes = rs__config_arena_take(arena, (size_t)text.len + 1);
    if (bytes == NULL) return RS_ERR_MEMORY;
    if (text.len > 0) memcpy(bytes, text.data, text.len);
    *copy = (rs_str_t){.data = bytes, .len = text.len};
    return RS_OK;
}

static bool is_power_of_two(uint32_t number) { return (number & (number - 1)) == 0; }

/* The room is always the power of two at or above `count`, so it need not be kept anywhere. */
int rs__config_arena_grow(rs__config_arena_t *arena, void **array, uint32_t count, size_t size) {
    if (count > 0 && !is_power_of_two(count)) return RS_OK;
    const size_t room = count == 0 ? 1 : (size_t)count * 2;
    if (size != 0 && room > SIZE_MAX / 2 / size) return RS_ERR_MEMORY;
    void *wider = rs__config_arena_take(arena, room * size);
    if (wider == NULL) return RS_ERR_MEMORY;
    if (count > 0) memcpy(wider, *array, (size_t)count * size);
    *array = wider;
    return RS_OK;
}
