#include "core/pool.h"

#include "base/pages.h"

#include <stdlib.h>

#define HUGE_PAGE_BYTES (UINT64_C(2) << 20)
#define EXTENT_BYTES (4 * HUGE_PAGE_BYTES)

void *rs_table_take(uint64_t bytes) {
    const bool is_large = bytes >= HUGE_PAGE_BYTES;
    const uint64_t line = is_large ? HUGE_PAGE_BYTES : 64;
    unsigned char *taken = calloc(1, bytes + sizeof taken + line);
    if (taken == NULL) return NULL;
    /* What was taken is noted just before the table, for giving it back. */
    const uintptr_t table = ((uintptr_t)taken + sizeof taken + line - 1) / line * line;
    memcpy((void *)(table - sizeof taken), &taken, sizeof taken);
    if (is_large) rs_pages_prefer_large((void *)table, bytes / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES);
    return (void *)table;
}

void rs_table_give(void *table) {
    if (table == NULL) return;
    void *taken;
    memcpy(&taken, (unsigned char *)table - sizeof taken, sizeof taken);
    free(taken);
}

int rs_pool_init(rs_pool_t *pool, size_t item_size, uint32_t max_items) {
    RS_REQUIRE(item_size >= sizeof(uint32_t));
    *pool = (rs_pool_t){.item_size = (item_size + 7) & ~(size_t)7, .max_items = max_items};
    pool->chunk_slots = (max_items >> RS_POOL_CHUNK_SHIFT) + 1;
    const uint64_t together = EXTENT_BYTES / (RS_POOL_CHUNK * pool->item_size);
    pool->chunks_together = together == 0 ? 1 : (uint32_t)together;
    pool->chunks = calloc(pool->chunk_slots, sizeof *pool->chunks);
    return pool->chunks == NULL ? RS_ERR_MEMORY : RS_OK;
}

static uint64_t chunk_bytes(const rs_pool_t *pool) { return (uint64_t)RS_POOL_CHUNK * pool->item_size; }

/* How many chunks are allocated together from chunk `i` on; 0: it is part of what an earlier one took. */
static uint32_t extent_at(const rs_pool_t *pool, uint32_t i) {
    if (i < RS_POOL_FEW_CHUNKS) return 1;
    return (i - RS_POOL_FEW_CHUNKS) % pool->chunks_together == 0 ? pool->chunks_together : 0;
}

void rs_pool_deinit(rs_pool_t *pool) {
    for (uint32_t i = 0; pool->chunks != NULL && i < pool->chunk_slots; i++) {
        if (extent_at(pool, i) != 0) rs_table_give(pool->chunks[i]);
    }
    free(pool->chunks);
    *pool = (rs_pool_t){0};
}

static bool make_chunk(rs_pool_t *pool, uint32_t i) {
    const uint32_t together = extent_at(pool, i);
    unsigned char *made = together == 0 ? pool->chunks[i - 1] + chunk_bytes(pool) : rs_table_take(together * chunk_bytes(pool));
    pool->chunks[i] = made;
    return made != NULL;
}

uint32_t rs_pool_take(rs_pool_t *pool) {
    const uint32_t number = pool->free_head != 0 ? pool->free_head : pool->made + 1;
    if (pool->free_head == 0) {
        if (pool->made == pool->max_items) return 0;
        const uint32_t chunk = pool->made >> RS_POOL_CHUNK_SHIFT;
        if (pool->chunks[chunk] == NULL && !make_chunk(pool, chunk)) return 0;
        pool->made++;
    }
    void *item = rs_pool_at(pool, number);
    if (pool->free_head != 0) {
        memcpy(&pool->free_head, item, sizeof pool->free_head);
        if (pool->free_head != 0) __builtin_prefetch(rs_pool_at(pool, pool->free_head), 1);
    }
    memset(item, 0, pool->item_size);
    pool->live++;
    return number;
}

void rs_pool_give(rs_pool_t *pool, uint32_t number) {
    RS_REQUIRE(number != 0 && number <= pool->made);
    memcpy(rs_pool_at(pool, number), &pool->free_head, sizeof pool->free_head);
    pool->free_head = number;
    pool->live--;
}

/* They are linked as free items are: only the last one is touched. */
void rs_pool_give_chain(rs_pool_t *pool, uint32_t first, uint32_t last, uint32_t count) {
    RS_REQUIRE(first != 0 && first <= pool->made && last != 0 && last <= pool->made && count <= pool->live);
    memcpy(rs_pool_at(pool, last), &pool->free_head, sizeof pool->free_head);
    pool->free_head = first;
    pool->live -= count;
}

uint64_t rs_pool_bytes(const rs_pool_t *pool) {
    const uint64_t chunks = ((uint64_t)pool->made + RS_POOL_CHUNK - 1) >> RS_POOL_CHUNK_SHIFT;
    return chunks * chunk_bytes(pool) + pool->chunk_slots * sizeof *pool->chunks;
}

enum { FIRST_SLOTS = 4096 };

int rs_index_init(rs_index_t *index, uint32_t max_items) {
    RS_REQUIRE(max_items <= UINT32_C(1) << 30);
    *index = (rs_index_t){.mask = FIRST_SLOTS - 1, .slots = rs_table_take(FIRST_SLOTS * sizeof *index->slots)};
    return index->slots == NULL ? RS_ERR_MEMORY : RS_OK;
}

void rs_index_deinit(rs_index_t *index) {
    rs_table_give(index->slots);
    *index = (rs_index_t){0};
}

static void place(rs_index_t *index, rs_index_slot_t slot) {
    uint32_t at = slot.hash & index->mask;
    while (index->slots[at].number != 0) at = (at + 1) & index->mask;
    index->slots[at] = slot;
}

/* At most half full. Without memory for a larger table it fills further, slower but right. */
static void grow(rs_index_t *index) {
    rs_index_t larger = {.mask = index->mask * 2 + 1, .count = index->count};
    larger.slots = rs_table_take(rs_index_bytes(&larger));
    if (larger.slots == NULL) {
        RS_REQUIRE(index->count < index->mask);
        return;
    }
    for (uint32_t i = 0; i <= index->mask; i++) {
        if (index->slots[i].number != 0) place(&larger, index->slots[i]);
    }
    rs_table_give(index->slots);
    *index = larger;
}

void rs_index_add(rs_index_t *index, uint64_t hash, uint32_t number) {
    if ((index->count + 1) * 2 > index->mask) grow(index);
    place(index, (rs_index_slot_t){.hash = (uint32_t)hash, .number = number});
    index->count++;
}

/* Later entries of the probe run move back into the hole when their home allows it, so that no tombstone is needed. */
void rs_index_remove(rs_index_t *index, uint64_t hash, uint32_t number) {
    uint32_t hole = (uint32_t)hash & index->mask;
    while (index->slots[hole].number != number) {
        RS_REQUIRE(index->slots[hole].number != 0);
        hole = (hole + 1) & index->mask;
    }
    uint32_t place = hole;
    for (;;) {
        place = (place + 1) & index->mask;
        const rs_index_slot_t slot = index->slots[place];
        if (slot.number == 0) break;
        const uint32_t home = slot.hash & index->mask;
        if (((place - home) & index->mask) < ((place - hole) & index->mask)) continue;
        index->slots[hole] = slot;
        hole = place;
    }
    index->slots[hole] = (rs_index_slot_t){0};
    index->count--;
}

uint64_t rs_index_bytes(const rs_index_t *index) { return ((uint64_t)index->mask + 1) * sizeof *index->slots; }
