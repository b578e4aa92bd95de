#include "core/window/slab.h"

#include "base/pages.h"

#include <stdlib.h>

/* --- arena -------------------------------------------------------------------------------------------------------- */
#define HUGE_PAGE_BYTES (UINT64_C(2) << 20)
#define SMALLEST_CHUNK_BYTES (UINT64_C(64) << 10)
#define LARGEST_CHUNK_BYTES (UINT64_C(8) << 20)

void rs__arena_init(rs__arena_t *arena, uint64_t max_bytes) { *arena = (rs__arena_t){.max = max_bytes}; }

void rs__arena_free(rs__arena_t *arena) {
    for (uint32_t i = 0; i < arena->chunk_count; i++) free(arena->chunks[i]);
    free(arena->chunks);
    *arena = (rs__arena_t){.max = arena->max};
}

static uint64_t round_up(uint64_t bytes, uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

/* An eighth of what is used already, so that at most that much lies idle. */
static uint64_t chunk_bytes(const rs__arena_t *arena, uint64_t needed) {
    uint64_t bytes = SMALLEST_CHUNK_BYTES;
    while (bytes < LARGEST_CHUNK_BYTES && bytes * 2 <= arena->used / 8) bytes *= 2;
    if (bytes < needed) bytes = round_up(needed, SMALLEST_CHUNK_BYTES);
    const uint64_t allowed = arena->max - arena->used;
    return bytes <= allowed ? bytes : round_up(needed, 64);
}

static bool make_room_for_chunk(rs__arena_t *arena) {
    if (arena->chunk_count < arena->chunk_capacity) return true;
    const uint32_t capacity = arena->chunk_capacity == 0 ? 16 : arena->chunk_capacity * 2;
    uint8_t **chunks = realloc(arena->chunks, capacity * sizeof(uint8_t *));
    if (chunks == NULL) return false;
    arena->chunks = chunks;
    arena->chunk_capacity = capacity;
    return true;
}

static bool add_chunk(rs__arena_t *arena, uint64_t needed) {
    const uint64_t bytes = chunk_bytes(arena, needed);
    if (bytes > arena->max - arena->used || !make_room_for_chunk(arena)) return false;
    const bool is_huge = bytes % HUGE_PAGE_BYTES == 0;
    uint8_t *chunk = aligned_alloc(is_huge ? HUGE_PAGE_BYTES : 64, bytes);
    if (chunk == NULL) return false;
    if (is_huge) rs_pages_prefer_large(chunk, bytes);
    arena->chunks[arena->chunk_count++] = chunk;
    arena->used += bytes;
    arena->at = chunk;
    arena->left = bytes;
    return true;
}

void *rs__arena_take(rs__arena_t *arena, uint64_t bytes) {
    bytes = round_up(bytes, 64);
    if (arena->left < bytes && !add_chunk(arena, bytes)) return NULL;
    void *taken = arena->at;
    arena->at += bytes;
    arena->left -= bytes;
    return taken;
}

/* --- slab --------------------------------------------------------------------------------------------------------- */
void rs__slab_init(rs__slab_t *slab, rs__arena_t *arena, size_t object_bytes, uint32_t per_page_shift) {
    RS_REQUIRE(object_bytes % 8 == 0 && (object_bytes << per_page_shift) % 64 == 0);
    *slab = (rs__slab_t){.arena = arena, .object_bytes = object_bytes, .shift = per_page_shift, .first_free = RS__NONE};
}

void rs__slab_free(rs__slab_t *slab) {
    free(slab->pages);
    slab->pages = NULL;
    slab->page_count = 0;
}

static bool make_room_for_page(rs__slab_t *slab) {
    if (slab->page_count < slab->page_capacity) return true;
    const uint32_t capacity = slab->page_capacity == 0 ? 16 : slab->page_capacity * 2;
    uint8_t **pages = realloc(slab->pages, capacity * sizeof(uint8_t *));
    if (pages == NULL) return false;
    slab->pages = pages;
    slab->page_capacity = capacity;
    return true;
}

static bool add_page(rs__slab_t *slab) {
    const uint32_t per_page = 1u << slab->shift;
    const uint64_t bytes = (uint64_t)per_page * slab->object_bytes;
    if (slab->page_count >= (UINT32_MAX >> slab->shift) - 1) return false;
    if (!make_room_for_page(slab)) return false;
    uint8_t *page = rs__arena_take(slab->arena, bytes);
    if (page == NULL) return false;
    const uint32_t first = slab->page_count << slab->shift;
    slab->pages[slab->page_count++] = page;
    for (uint32_t i = per_page; i-- > 0;) {
        memcpy(page + (size_t)i * slab->object_bytes, &slab->first_free, sizeof slab->first_free);
        slab->first_free = first + i;
    }
    slab->free_count += per_page;
    return true;
}

bool rs__slab_grow(rs__slab_t *slab, uint32_t wanted) {
    while (slab->free_count < wanted) {
        if (!add_page(slab)) return false;
    }
    return true;
}

uint32_t rs__slab_take(rs__slab_t *slab) {
    RS_REQUIRE(slab->free_count > 0);
    const uint32_t number = slab->first_free;
    memcpy(&slab->first_free, rs__slab_at(slab, number), sizeof slab->first_free);
    slab->free_count--;
    slab->in_use++;
    return number;
}

void rs__slab_give(rs__slab_t *slab, uint32_t number) {
    memcpy(rs__slab_at(slab, number), &slab->first_free, sizeof slab->first_free);
    slab->first_free = number;
    slab->free_count++;
    slab->in_use--;
}
