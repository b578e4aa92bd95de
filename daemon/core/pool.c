#include "core/pool.h"

#include <stdlib.h>

int rs_pool_init(rs_pool_t *pool, size_t item_size, uint32_t max_items) {
    RS_REQUIRE(item_size >= sizeof(uint32_t));
    *pool = (rs_pool_t){.item_size = (item_size + 7) & ~(size_t)7, .max_items = max_items};
    pool->chunk_slots = (max_items >> RS_POOL_CHUNK_SHIFT) + 1;
    pool->chunks = calloc(pool->chunk_slots, sizeof *pool->chunks);
    return pool->chunks == NULL ? RS_ERR_MEMORY : RS_OK;
}

void rs_pool_deinit(rs_pool_t *pool) {
    if (pool->chunks != NULL) {
        for (uint32_t i = 0; i < pool->chunk_slots; i++) free(pool->chunks[i]);
    }
    free(pool->chunks);
    *pool = (rs_pool_t){0};
}

uint32_t rs_pool_take(rs_pool_t *pool) {
    uint32_t number = pool->free_head;
    if (number != 0) {
        void *item = rs_pool_at(pool, number);
        memcpy(&pool->free_head, item, sizeof pool->free_head);
        memset(item, 0, pool->item_size);
        pool->live++;
        return number;
    }
    if (pool->made == pool->max_items) return 0;
    unsigned char **chunk = &pool->chunks[pool->made >> RS_POOL_CHUNK_SHIFT];
    if (*chunk == NULL) {
        *chunk = calloc(RS_POOL_CHUNK, pool->item_size);
        if (*chunk == NULL) return 0;
    }
    pool->live++;
    return ++pool->made;
}

void rs_pool_give(rs_pool_t *pool, uint32_t number) {
    RS_REQUIRE(number != 0 && number <= pool->made);
    memcpy(rs_pool_at(pool, number), &pool->free_head, sizeof pool->free_head);
    pool->free_head = number;
    pool->live--;
}

uint64_t rs_pool_bytes(const rs_pool_t *pool) {
    const uint64_t chunks = ((uint64_t)pool->made + RS_POOL_CHUNK - 1) >> RS_POOL_CHUNK_SHIFT;
    return chunks * RS_POOL_CHUNK * pool->item_size + pool->chunk_slots * sizeof *pool->chunks;
}

enum { FIRST_SLOTS = 4096 };

int rs_index_init(rs_index_t *index, uint32_t max_items) {
    RS_REQUIRE(max_items <= UINT32_C(1) << 30);
    *index = (rs_index_t){.mask = FIRST_SLOTS - 1, .slots = calloc(FIRST_SLOTS, sizeof *index->slots)};
    return index->slots == NULL ? RS_ERR_MEMORY : RS_OK;
}

void rs_index_deinit(rs_index_t *index) {
    free(index->slots);
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
    larger.slots = calloc((size_t)larger.mask + 1, sizeof *larger.slots);
    if (larger.slots == NULL) {
        RS_REQUIRE(index->count < index->mask);
        return;
    }
    for (uint32_t i = 0; i <= index->mask; i++) {
        if (index->slots[i].number != 0) place(&larger, index->slots[i]);
    }
    free(index->slots);
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
