#include "core/agent/live.h"

enum { WORDS = sizeof(rs_agent_live_t) / sizeof(uint64_t), ATTEMPTS = 64 };

int rs_live_init(rs_live_t *live, uint32_t max) {
    *live = (rs_live_t){.max = max, .entries = rs_table_take((uint64_t)max * sizeof *live->entries)};
    return live->entries == NULL ? RS_ERR_MEMORY : RS_OK;
}

void rs_live_deinit(rs_live_t *live) {
    rs_table_give(live->entries);
    live->entries = NULL;
}

void rs_live_write(rs_live_t *live, uint32_t place, const rs_agent_live_t *entry) {
    RS_REQUIRE(place < live->max);
    uint64_t words[WORDS];
    memcpy(words, entry, sizeof words);
    rs_live_entry_t *to = &live->entries[place];
    rs_seqlock_write_begin(&to->lock);
    for (unsigned i = 0; i < WORDS; i++) atomic_store_explicit(&to->words[i], words[i], memory_order_relaxed);
    rs_seqlock_write_end(&to->lock);
    /* Release: whoever sees the count sees the entry; partner: the acquire in rs_live_count. */
    if (place >= atomic_load_explicit(&live->count, memory_order_relaxed)) {
        atomic_store_explicit(&live->count, place + 1, memory_order_release);
    }
}

uint32_t rs_live_count(const rs_live_t *live) { return atomic_load_explicit(&live->count, memory_order_acquire); }

int rs_live_read(const rs_live_t *live, uint32_t place, rs_agent_live_t *entry) {
    if (place >= rs_live_count(live)) return RS_ERR_NOT_FOUND;
    const rs_live_entry_t *from = &live->entries[place];
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        uint64_t words[WORDS];
        const uint32_t version = rs_seqlock_read_begin(&from->lock);
        for (unsigned i = 0; i < WORDS; i++) words[i] = atomic_load_explicit(&from->words[i], memory_order_relaxed);
        if (rs_seqlock_read_retry(&from->lock, version)) continue;
        memcpy(entry, words, sizeof words);
        return RS_OK;
    }
    return RS_ERR_AGAIN;
}
