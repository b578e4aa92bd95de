/* ingest/slot_index.h — a hash table from a key to a slot number; the keys themselves live in the slots.
 *
 * Model:     open addressing with linear probing; deleting shifts back what follows, so there are no tombstones and probes
 *            stay short. The table has at least twice as many places as slots and never grows.
 * Threads:   one. Memory: allocated by init, nothing later.
 */
#ifndef RS_INGEST_SLOT_INDEX_H
#define RS_INGEST_SLOT_INDEX_H

#include "base/base.h"

#include <stdlib.h>

typedef struct rs_slot_entry { uint32_t hash, slot_plus_1; } rs_slot_entry_t;
typedef struct rs_slot_index { rs_slot_entry_t *entries; uint32_t mask; } rs_slot_index_t;
typedef bool (*rs_slot_matches_fn)(const void *context, uint32_t slot, const void *key);

static inline int rs_slot_index_init(rs_slot_index_t *index, uint32_t max_slots) {
    uint32_t places = 16;
    while (places < max_slots * 2) places *= 2;
    index->entries = calloc(places, sizeof *index->entries);
    index->mask = places - 1;
    return index->entries == NULL ? RS_ERR_MEMORY : RS_OK;
}

static inline void rs_slot_index_deinit(rs_slot_index_t *index) {
    free(index->entries);
    index->entries = NULL;
}

/* The place of the key, or the empty place where it would go. */
static inline uint32_t rs_slot_index_place(const rs_slot_index_t *index, uint32_t hash, rs_slot_matches_fn matches,
                                           const void *context, const void *key) {
    uint32_t place = hash & index->mask;
    while (index->entries[place].slot_plus_1 != 0) {
        const rs_slot_entry_t *entry = &index->entries[place];
        if (entry->hash == hash && matches(context, entry->slot_plus_1 - 1, key)) break;
        place = (place + 1) & index->mask;
    }
    return place;
}

static inline void rs_slot_index_put(rs_slot_index_t *index, uint32_t place, uint32_t hash, uint32_t slot) {
    index->entries[place] = (rs_slot_entry_t){.hash = hash, .slot_plus_1 = slot + 1};
}

static inline void rs_slot_index_remove(rs_slot_index_t *index, uint32_t place) {
    uint32_t hole = place;
    for (uint32_t next = (hole + 1) & index->mask; index->entries[next].slot_plus_1 != 0; next = (next + 1) & index->mask) {
        const uint32_t home = index->entries[next].hash & index->mask;
        /* An entry may fill the hole only when its home is not behind the hole. */
        if (((next - home) & index->mask) < ((next - hole) & index->mask)) continue;
        index->entries[hole] = index->entries[next];
        hole = next;
    }
    index->entries[hole] = (rs_slot_entry_t){0};
}

#endif
