/* core/pool.h — items of one size, addressed by small numbers; and an index from hashes to such numbers.
 *
 * Model:   a pool grows by chunks up to a maximum and never gives memory back before destroy; freed items are used again
 *          first. Number 0 is no item. Numbers, not pointers, so that state can be copied and compared.
 *          An index is an open-addressing table (linear probing, at most half full) of the low 32 bits of a hash and a number;
 *          what is equal is the caller's business.
 * Memory:  an index begins small and doubles, so that its entries lie close together; a pool allocates a chunk when the last one
 *          is used up, never per item, and once it is large several chunks at a time, in huge pages.
 */
#ifndef RS_CORE_POOL_H
#define RS_CORE_POOL_H

#include "base/base.h"

/* Zeroed memory of a table that is read here and there: at a cache line, and in huge pages when it is large, or most of the time would
 * go into finding its pages. Costs little until touched. NULL: none left. Give takes NULL, too. */
void *rs_table_take(uint64_t bytes);
void rs_table_give(void *table);

enum { RS_POOL_CHUNK_SHIFT = 10, RS_POOL_CHUNK = 1 << RS_POOL_CHUNK_SHIFT, RS_POOL_FEW_CHUNKS = 8 };

typedef struct rs_pool {
    size_t item_size;
    uint32_t max_items, made, free_head, live;
    uint32_t chunk_slots;
    uint32_t chunks_together;      /* how many are allocated at once when there are more than a few */
    unsigned char **chunks;
} rs_pool_t;

/* `item_size` >= 4; items of a multiple of 64 bytes stand at cache lines. RS_ERR_MEMORY. deinit is safe on a zeroed pool. */
RS_MUST_CHECK int rs_pool_init(rs_pool_t *pool, size_t item_size, uint32_t max_items);
void rs_pool_deinit(rs_pool_t *pool);
/* A zeroed item's number, or 0 when the maximum is reached or memory is out. */
RS_MUST_CHECK uint32_t rs_pool_take(rs_pool_t *pool);
void rs_pool_give(rs_pool_t *pool, uint32_t number);
/* Gives back `count` items that are linked, first to last, by the number of the next one in their first four bytes. */
void rs_pool_give_chain(rs_pool_t *pool, uint32_t first, uint32_t last, uint32_t count);
uint64_t rs_pool_bytes(const rs_pool_t *pool);

static inline void *rs_pool_at(const rs_pool_t *pool, uint32_t number) {
    const uint32_t place = number - 1;
    return pool->chunks[place >> RS_POOL_CHUNK_SHIFT] + (size_t)(place & (RS_POOL_CHUNK - 1)) * pool->item_size;
}

typedef struct rs_index_slot { uint32_t hash, number; } rs_index_slot_t;
typedef struct rs_index {
    rs_index_slot_t *slots;
    uint32_t mask, count;
} rs_index_t;

RS_MUST_CHECK int rs_index_init(rs_index_t *index, uint32_t max_items);
void rs_index_deinit(rs_index_t *index);
/* The caller never adds more than max_items. */
void rs_index_add(rs_index_t *index, uint64_t hash, uint32_t number);
void rs_index_remove(rs_index_t *index, uint64_t hash, uint32_t number);
uint64_t rs_index_bytes(const rs_index_t *index);

/* Candidates of a hash: for (cursor = rs_index_begin(ix, h); (n = rs_index_next(ix, h, &cursor)) != 0;) if (equal) … */
static inline uint32_t rs_index_begin(const rs_index_t *index, uint64_t hash) { return (uint32_t)hash & index->mask; }
static inline uint32_t rs_index_next(const rs_index_t *index, uint64_t hash, uint32_t *cursor) {
    const uint32_t low = (uint32_t)hash;
    for (;;) {
        const rs_index_slot_t slot = index->slots[*cursor];
        if (slot.number == 0) return 0;
        *cursor = (*cursor + 1) & index->mask;
        if (slot.hash == low) return slot.number;
    }
}

#endif
