/* core/window/slab.h — objects of one size, known by number, taken and given back in constant time.
 *
 * Model:     pages of `per_page` objects; a free object holds the number of the next free one. Pages are never returned
 *            before rs__slab_free, so an object's address stays valid as long as the slab.
 * Memory:    pages come from an arena that several slabs share. Take never allocates: a change reserves what it
 *            could need before it begins, so that it cannot fail half-way.
 * Threads:   one.
 */
#ifndef RS_CORE_WINDOW_SLAB_H
#define RS_CORE_WINDOW_SLAB_H

#include "base/base.h"

#define RS__NONE UINT32_MAX

/* Memory that is only ever added to, in chunks that grow with what is used: small stores stay small, large ones get
 * chunks of huge pages, without which looking at one key among many costs more in address translation than in memory.
 * */
typedef struct rs__arena {
    uint64_t used, max;        /* bytes of chunks */
    uint8_t **chunks;
    uint32_t chunk_count, chunk_capacity;
    uint8_t *at;               /* the rest of the newest chunk */
    uint64_t left;
} rs__arena_t;

void rs__arena_init(rs__arena_t *arena, uint64_t max_bytes);
void rs__arena_free(rs__arena_t *arena);
/* `bytes` (rounded up to 64) of undefined content, aligned to 64, or NULL. Lives as long as the arena. */
void *rs__arena_take(rs__arena_t *arena, uint64_t bytes);

typedef struct rs__slab {
    rs__arena_t *arena;
    uint8_t **pages;
    size_t object_bytes;       /* a multiple of 8; a page is a multiple of 64, and aligned to it */
    uint32_t shift;            /* 2^shift objects per page */
    uint32_t page_count, page_capacity;
    uint32_t first_free, free_count, in_use;
} rs__slab_t;

void rs__slab_init(rs__slab_t *slab, rs__arena_t *arena, size_t object_bytes, uint32_t per_page_shift);
void rs__slab_free(rs__slab_t *slab);
bool rs__slab_grow(rs__slab_t *slab, uint32_t wanted);
/* From here on `wanted` objects can be taken without failing. False: the budget or the machine has no more. */
static inline bool rs__slab_reserve(rs__slab_t *slab, uint32_t wanted) {
    return slab->free_count >= wanted || rs__slab_grow(slab, wanted);
}
static inline void *rs__slab_at(const rs__slab_t *slab, uint32_t number) {
    const uint32_t in_page = number & ((1u << slab->shift) - 1);
    return slab->pages[number >> slab->shift] + (size_t)in_page * slab->object_bytes;
}
/* The number of an object with undefined content; something must have been reserved. */
uint32_t rs__slab_take(rs__slab_t *slab);
void rs__slab_give(rs__slab_t *slab, uint32_t number);

#endif
