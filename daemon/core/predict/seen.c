#include "core/predict/seen.h"

#include "core/hash.h"

#include <stdlib.h>

int rs_seen_init(rs_seen_t *seen, uint32_t max_keys, uint32_t max_pairs, int64_t horizon_us) {
    *seen = (rs_seen_t){.slot_us = horizon_us < RS_SEEN_SLOTS ? 1 : horizon_us / RS_SEEN_SLOTS, .slot = INT64_MIN};
    seen->agents = rs_table_take((uint64_t)max_keys * sizeof *seen->agents);
    if (seen->agents == NULL) return RS_ERR_MEMORY;
    const int status = rs_pool_init(&seen->pairs, sizeof(rs_seen_pair_t), max_pairs);
    return status != RS_OK ? status : rs_index_init(&seen->index, max_pairs);
}

void rs_seen_deinit(rs_seen_t *seen) {
    rs_pool_deinit(&seen->pairs);
    rs_index_deinit(&seen->index);
    rs_table_give(seen->agents);
    *seen = (rs_seen_t){0};
}

uint64_t rs_seen_bytes(const rs_seen_t *seen) { return rs_pool_bytes(&seen->pairs) + rs_index_bytes(&seen->index); }

static rs_seen_pair_t *pair_at(const rs_seen_t *seen, uint32_t number) { return rs_pool_at(&seen->pairs, number); }
static uint32_t ring_of(int64_t slot) { return (uint32_t)(slot & (RS_SEEN_RING - 1)); }
static uint64_t hash_of(uint32_t queue_key, uint32_t agent) { return rs_hash_mix((uint64_t)queue_key << 32 | agent); }

/* --- lists and pairs --------------------------------------------------------------------------------------------------- */
static void link_pair(rs_seen_t *seen, uint32_t number) {
    rs_seen_pair_t *pair = pair_at(seen, number);
    uint32_t *first = &seen->lists[ring_of(pair->newest)];
    pair->previous = 0;
    pair->next = *first;
    if (*first != 0) pair_at(seen, *first)->previous = number;
    *first = number;
}

static void unlink_pair(rs_seen_t *seen, uint32_t number) {
    const rs_seen_pair_t *pair = pair_at(seen, number);
    if (pair->previous != 0) pair_at(seen, pair->previous)->next = pair->next;
    else seen->lists[ring_of(pair->newest)] = pair->next;
    if (pair->next != 0) pair_at(seen, pair->next)->previous = pair->previous;
}

static void forget(rs_seen_t *seen, uint32_t number) {
    const rs_seen_pair_t *pair = pair_at(seen, number);
    unlink_pair(seen, number);
    rs_index_remove(&seen->index, hash_of(pair->queue_key, pair->agent), number);
    seen->agents[pair->queue_key]--;
    rs_pool_give(&seen->pairs, number);
}

static uint32_t find(const rs_seen_t *seen, uint32_t queue_key, uint32_t agent) {
    const uint64_t hash = hash_of(queue_key, agent);
    uint32_t number, cursor;
    for (cursor = rs_index_begin(&seen->index, hash); (number = rs_index_next(&seen->index, hash, &cursor)) != 0;) {
        const rs_seen_pair_t *pair = pair_at(seen, number);
        if (pair->queue_key == queue_key && pair->agent == agent) return number;
    }
    return 0;
}

void rs_seen_restore(rs_seen_t *seen, uint32_t number) {
    const rs_seen_pair_t *pair = pair_at(seen, number);
    rs_index_add(&seen->index, hash_of(pair->queue_key, pair->agent), number);
    seen->agents[pair->queue_key]++;
}

static uint32_t make(rs_seen_t *seen, uint32_t queue_key, uint32_t agent, int64_t newest) {
    const uint32_t number = rs_pool_take(&seen->pairs);
    if (number == 0) {
        seen->refused++;
        return 0;
    }
    rs_seen_pair_t *pair = pair_at(seen, number);
    *pair = (rs_seen_pair_t){.queue_key = queue_key, .agent = agent, .slot = seen->slot, .newest = newest};
    rs_index_add(&seen->index, hash_of(queue_key, agent), number);
    link_pair(seen, number);
    seen->agents[queue_key]++;
    return number;
}

/* The places of slots that have come into reach since then hold old ones: they are emptied. */
static void bring_up(const rs_seen_t *seen, rs_seen_pair_t *pair) {
    enum { AHEAD = RS_SEEN_RING - RS_SEEN_SLOTS - 1 };
    const int64_t to = seen->slot + AHEAD;
    int64_t from = pair->slot + AHEAD + 1;
    if (to - from >= RS_SEEN_RING) from = to - RS_SEEN_RING + 1;
    for (int64_t slot = from; slot <= to; slot++) pair->handled[ring_of(slot)] = 0;
    pair->slot = seen->slot;
}

/* --- counting ------------------------------------------------------------------------------------------------------------ */
static bool is_counted(const rs_seen_t *seen, int64_t slot) {
    return slot > seen->slot - RS_SEEN_SLOTS && slot < seen->slot + RS_SEEN_RING - RS_SEEN_SLOTS;
}

void rs_seen_count(rs_seen_t *seen, uint32_t queue_key, uint32_t agent, int64_t at_us, int sign) {
    const int64_t slot = at_us / seen->slot_us;
    if (seen->slot == INT64_MIN) seen->slot = slot;
    if (!is_counted(seen, slot)) return;
    uint32_t number = find(seen, queue_key, agent);
    if (number == 0 && sign > 0) number = make(seen, queue_key, agent, slot);
    if (number == 0) return;
    rs_seen_pair_t *pair = pair_at(seen, number);
    bring_up(seen, pair);
    uint16_t *handled = &pair->handled[ring_of(slot)];
    if (sign > 0 ? *handled == UINT16_MAX : *handled == 0) return;
    *handled = (uint16_t)(*handled + sign);
    int64_t newest = slot > pair->newest ? slot : pair->newest;
    while (is_counted(seen, newest) && pair->handled[ring_of(newest)] == 0) newest--;
    if (newest == pair->newest) return;
    if (!is_counted(seen, newest)) {
        forget(seen, number);
        return;
    }
    unlink_pair(seen, number);
    pair->newest = newest;
    link_pair(seen, number);
}

void rs_seen_tick(rs_seen_t *seen, int64_t now_us) {
    const int64_t slot = now_us / seen->slot_us;
    if (slot <= seen->slot) return;
    const bool begins = seen->slot == INT64_MIN;
    const int64_t passed = begins ? 0 : slot - seen->slot, first = begins ? 0 : seen->slot - RS_SEEN_SLOTS + 1;
    for (int64_t i = 0; i < passed && i < RS_SEEN_RING; i++) {
        while (seen->lists[ring_of(first + i)] != 0) forget(seen, seen->lists[ring_of(first + i)]);
    }
    seen->slot = slot;
}
