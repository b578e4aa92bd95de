/* The waits of a key's closed legs, second by second as far back as its longest window, and the extremes over them.
 *
 * Extremes cannot be taken back by subtraction. So each wait is kept, in chunks sorted by second, and when the holder
 * of an extreme leaves a window or is taken back, that window's extremes are recomputed: whole chunks by their own
 * extremes, the chunk that the window's edge cuts entry by entry. `today` is longer than the list: its older part is
 * kept as extremes only (left_today), which rs__waits_settle_today has to bound when a wait so old is taken back. */
#include "core/window/window_internal.h"

static const bool is_max[RS_EXTREME_COUNT] = {
#define RS_X(NAME, name, max) [RS_EXTREME_##NAME] = max,
    RS_EXTREMES(RS_X)
#undef RS_X
};
static const uint8_t lists[RS_EXTREME_COUNT] = {
    [RS_EXTREME_WAIT_MAX] = RS__WAIT_ANY,
    [RS_EXTREME_ANSWERED_MIN] = RS__WAIT_ANSWERED, [RS_EXTREME_ANSWERED_MAX] = RS__WAIT_ANSWERED,
    [RS_EXTREME_ABANDONED_MIN] = RS__WAIT_ABANDONED, [RS_EXTREME_ABANDONED_MAX] = RS__WAIT_ABANDONED,
};

void rs__extremes_clear(rs__extremes_t *extremes) {
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) extremes->value[e] = -1;
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) extremes->second[e] = INT64_MIN;
}

/* Takes one wait into one extreme. True when the value changed. */
static bool improve(rs__extremes_t *extremes, uint32_t e, int64_t value, int64_t second) {
    const int64_t held = extremes->value[e];
    if (value < 0) return false;
    if (value == held) {
        if (second > extremes->second[e]) extremes->second[e] = second;
        return false;
    }
    if (held >= 0 && (is_max[e] ? value < held : value > held)) return false;
    extremes->value[e] = value;
    extremes->second[e] = second;
    return true;
}

static bool improve_all(rs__extremes_t *extremes, uint32_t which, int64_t value, int64_t second) {
    bool changed = false;
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) {
        if ((lists[e] & which) != 0) changed |= improve(extremes, e, value, second);
    }
    return changed;
}

static int64_t value_of(rs__wait_t wait) { return (int64_t)(wait.packed >> RS__WAIT_BITS); }
static uint32_t lists_of(rs__wait_t wait) { return (uint32_t)(wait.packed & ((1u << RS__WAIT_BITS) - 1)); }
static rs__wait_chunk_t *chunk_at(const rs_window_store_t *store, uint32_t chunk) {
    return rs__slab_at(&store->chunks, chunk);
}

/* --- the list ----------------------------------------------------------------------------------------------------- */
void rs__waits_init(rs__full_t *full) {
    for (uint32_t i = 0; i < RS_WINDOW_SLOTS; i++) {
        for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) atomic_init(&full->published[i][e], -1);
        for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) full->held_s[i][e] = INT64_MIN;
    }
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) full->left_today[e] = -1;
    full->oldest_chunk = full->newest_chunk = full->late_chunk = RS__NONE;
}

static uint32_t new_chunk(rs_window_store_t *store, rs__full_t *full, uint32_t older) {
    const uint32_t number = rs__slab_take(&store->chunks);
    rs__wait_chunk_t *chunk = chunk_at(store, number);
    chunk->prev = older;
    chunk->next = older == RS__NONE ? full->oldest_chunk : chunk_at(store, older)->next;
    chunk->first = chunk->end = 0;
    chunk->best_is_stale = true;
    if (chunk->prev == RS__NONE) full->oldest_chunk = number;
    else chunk_at(store, chunk->prev)->next = number;
    if (chunk->next == RS__NONE) full->newest_chunk = number;
    else chunk_at(store, chunk->next)->prev = number;
    return number;
}

static void free_chunk(rs_window_store_t *store, rs__full_t *full, uint32_t number) {
    const rs__wait_chunk_t *chunk = chunk_at(store, number);
    if (chunk->prev == RS__NONE) full->oldest_chunk = chunk->next;
    else chunk_at(store, chunk->prev)->next = chunk->next;
    if (chunk->next == RS__NONE) full->newest_chunk = chunk->prev;
    else chunk_at(store, chunk->next)->prev = chunk->prev;
    if (full->late_chunk == number) full->late_chunk = RS__NONE;
    full->tail_is_known = false;
    rs__slab_give(&store->chunks, number);
}

static int64_t first_second(const rs__wait_chunk_t *chunk) { return rs__wait_at(chunk, chunk->first).second; }
static int64_t last_second(const rs__wait_chunk_t *chunk) { return rs__wait_at(chunk, chunk->end - 1).second; }

static uint64_t packed_wait(int64_t base_s, int64_t second, int64_t value, uint32_t which) {
    return (uint64_t)(second - base_s) << RS__WAIT_OFFSET_SHIFT | (uint64_t)value << RS__WAIT_BITS | which;
}

/* Makes the second one that the chunk can tell, by another base when need be. False: it is too far from the others. */
static bool fits(rs__wait_chunk_t *chunk, int64_t second) {
    if (chunk->first == chunk->end) {
        chunk->base_s = second;
        return true;
    }
    if (second >= chunk->base_s && second - chunk->base_s <= RS__WAIT_MAX_OFFSET) return true;
    const int64_t first = first_second(chunk), last = last_second(chunk), base_s = second < first ? second : first;
    if ((second > last ? second : last) - base_s > RS__WAIT_MAX_OFFSET) return false;
    for (uint32_t i = chunk->first; i < chunk->end; i++) {
        const rs__wait_t wait = rs__wait_at(chunk, i);
        chunk->waits[i] = packed_wait(base_s, wait.second, value_of(wait), lists_of(wait));
    }
    chunk->base_s = base_s;
    return true;
}

/* The newest chunk that begins at or before `second` (else the oldest); RS__NONE when there is none. Late waits come in
 * runs (a spooled outage), so the search begins where the last one ended, unless the tail is it. */
static uint32_t chunk_for(const rs_window_store_t *store, rs__full_t *full, int64_t second) {
    uint32_t at = full->newest_chunk;
    if (at == RS__NONE || first_second(chunk_at(store, at)) <= second) return at;
    if (full->late_chunk != RS__NONE) at = full->late_chunk;
    for (const rs__wait_chunk_t *chunk = chunk_at(store, at); first_second(chunk) > second && chunk->prev != RS__NONE;) {
        at = chunk->prev;
        chunk = chunk_at(store, at);
    }
    for (uint32_t next = chunk_at(store, at)->next; next != RS__NONE; next = chunk_at(store, at)->next) {
        if (first_second(chunk_at(store, next)) > second) break;
        at = next;
    }
    full->late_chunk = at;
    return at;
}

static void refresh_best(rs__wait_chunk_t *chunk) {
    rs__extremes_clear(&chunk->best);
    for (uint32_t i = chunk->first; i < chunk->end; i++) {
        const rs__wait_t wait = rs__wait_at(chunk, i);
        improve_all(&chunk->best, lists_of(wait), value_of(wait), wait.second);
    }
    chunk->best_is_stale = false;
}

/* Moves the entries to the front when some have left; a chunk that is really full gives its newer half away. Returns
 * the chunk to insert `second` into. */
static uint32_t make_room(rs_window_store_t *store, rs__full_t *full, uint32_t number, int64_t second) {
    rs__wait_chunk_t *chunk = chunk_at(store, number);
    if (chunk->end < RS__CHUNK_WAITS) return number;
    if (chunk->first > 0) {
        chunk->end -= chunk->first;
        memmove(chunk->waits, chunk->waits + chunk->first, chunk->end * sizeof chunk->waits[0]);
        chunk->first = 0;
        return number;
    }
    const uint32_t newer_number = new_chunk(store, full, number);
    rs__wait_chunk_t *newer = chunk_at(store, newer_number);
    if (last_second(chunk) <= second) return newer_number; /* the usual case: the list grows at its end */
    newer->base_s = chunk->base_s;
    newer->end = RS__CHUNK_WAITS / 2;
    chunk->end -= newer->end;
    memcpy(newer->waits, chunk->waits + chunk->end, newer->end * sizeof chunk->waits[0]);
    chunk->best_is_stale = true;
    return first_second(newer) <= second ? newer_number : number;
}

/* The chunk for it, one of its own when it is too far from those in that one: then it is before them all, or after. */
static uint32_t chunk_that_fits(rs_window_store_t *store, rs__full_t *full, int64_t second) {
    uint32_t number = chunk_for(store, full, second);
    if (number == RS__NONE) {
        number = new_chunk(store, full, RS__NONE);
    } else {
        number = make_room(store, full, number, second);
        rs__wait_chunk_t *chunk = chunk_at(store, number);
        if (fits(chunk, second)) return number;
        number = new_chunk(store, full, second < first_second(chunk) ? chunk->prev : number);
    }
    chunk_at(store, number)->base_s = second;
    return number;
}

static void insert_sorted(rs_window_store_t *store, rs__full_t *full, int64_t second, int64_t value, uint32_t which) {
    rs__wait_chunk_t *chunk = chunk_at(store, chunk_that_fits(store, full, second));
    uint32_t at = chunk->end++;
    for (; at > chunk->first && rs__wait_at(chunk, at - 1).second > second; at--) chunk->waits[at] = chunk->waits[at - 1];
    chunk->waits[at] = packed_wait(chunk->base_s, second, value, which);
    chunk->best_is_stale = true;
}

static void insert(rs_window_store_t *store, rs__full_t *full, int64_t second, int64_t value, uint32_t which) {
    full->wait_count++;
    if (full->tail_is_known && second >= full->tail_s && full->tail_end < RS__CHUNK_WAITS &&
        second - full->tail_base_s <= RS__WAIT_MAX_OFFSET) {
        /* The usual case only writes to the chunk, which need not be near for that. */
        rs__wait_chunk_t *newest = chunk_at(store, full->newest_chunk);
        newest->waits[full->tail_end++] = packed_wait(full->tail_base_s, second, value, which);
        newest->end = full->tail_end;
        newest->best_is_stale = true;
        full->tail_s = second;
        return;
    }
    insert_sorted(store, full, second, value, which);
    const rs__wait_chunk_t *newest = chunk_at(store, full->newest_chunk);
    full->tail_is_known = true;
    full->tail_end = newest->end;
    full->tail_s = last_second(newest);
    full->tail_base_s = newest->base_s;
}

static void erase(rs_window_store_t *store, rs__full_t *full, uint32_t number, uint32_t at) {
    rs__wait_chunk_t *chunk = chunk_at(store, number);
    chunk->end--;
    memmove(chunk->waits + at, chunk->waits + at + 1, (chunk->end - at) * sizeof chunk->waits[0]);
    full->wait_count--;
    full->tail_is_known = false;
    if (chunk->first == chunk->end) free_chunk(store, full, number);
}

/* Takes the value out of the lists in `which`, entry by entry; what is not found is returned. */
static uint32_t take_out(rs_window_store_t *store, rs__full_t *full, int64_t second, int64_t value, uint32_t which) {
    uint32_t number = chunk_for(store, full, second);
    while (number != RS__NONE && which != 0) {
        rs__wait_chunk_t *chunk = chunk_at(store, number);
        const uint32_t older = chunk->prev;
        if (last_second(chunk) < second) break;
        for (uint32_t at = chunk->end; at-- > chunk->first && which != 0 && rs__wait_at(chunk, at).second >= second;) {
            const rs__wait_t wait = rs__wait_at(chunk, at);
            const uint32_t common = lists_of(wait) & which;
            if (wait.second != second || value_of(wait) != value || common == 0) continue;
            which &= ~common;
            chunk->waits[at] &= ~(uint64_t)common;
            chunk->best_is_stale = true;
            const bool is_last = chunk->end - chunk->first == 1;
            if (lists_of(wait) == common) erase(store, full, number, at);
            if (is_last) break; /* the chunk may be gone */
        }
        number = older;
    }
    return which;
}

/* Extremes of the waits with from <= second < to. */
static void recompute(const rs_window_store_t *store, const rs__full_t *full, int64_t from, int64_t to,
                      rs__extremes_t *out) {
    rs__extremes_clear(out);
    for (uint32_t at = full->newest_chunk; at != RS__NONE; at = chunk_at(store, at)->prev) {
        rs__wait_chunk_t *chunk = chunk_at(store, at);
        if (last_second(chunk) < from) break;
        if (first_second(chunk) >= from && last_second(chunk) < to) {
            if (chunk->best_is_stale) refresh_best(chunk);
            for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) improve(out, e, chunk->best.value[e], chunk->best.second[e]);
            continue;
        }
        for (uint32_t i = chunk->first; i < chunk->end; i++) {
            const rs__wait_t wait = rs__wait_at(chunk, i);
            if (wait.second >= from && wait.second < to) improve_all(out, lists_of(wait), value_of(wait), wait.second);
        }
    }
}

/* --- extremes ----------------------------------------------------------------------------------------------------- */
static void recompute_row(rs_window_store_t *store, const rs__key_t *key, uint32_t row) {
    const rs__full_t *full = rs__full_of(store, key);
    rs__extremes_t *extremes = &store->recomputed[row];
    if (row != RS__ROW_TODAY) {
        recompute(store, full, store->evicted_s[rs__window_of_row(store, row)] + 1, INT64_MAX, extremes);
        return;
    }
    recompute(store, full, rs__floor_s(rs__load(&key->group->day_us)), rs__floor_s(key->group->day_end_us), extremes);
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) improve(extremes, e, full->left_today[e], INT64_MIN);
}

/* Is the change's second one that the row's window holds? */
static bool row_is_inside(const rs__change_t *change, uint32_t row) {
    for (uint32_t r = 1; r < change->row_count; r++) {
        if (change->rows[r] == row) return false;
    }
    return true;
}

static void prepare_to_add(rs_window_store_t *store, rs__key_t *key, const rs__change_t *change,
                           const rs__pending_wait_t *wait) {
    rs__full_t *full = rs__full_of(store, key);
    if (change->has_pane) {
        insert(store, full, change->second, wait->value_us, wait->lists);
        return;
    }
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) {
        const int64_t held = full->left_today[e];
        const bool better = held < 0 || (is_max[e] ? wait->value_us > held : wait->value_us < held);
        if ((lists[e] & wait->lists) != 0 && better) full->left_today[e] = wait->value_us;
    }
}

/* A wait that is no less extreme than what is published may be the holder, or may have been about to become it. */
static bool may_hold(const _Atomic int64_t *published, uint32_t which, int64_t value) {
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) {
        if ((lists[e] & which) == 0) continue;
        const int64_t held = rs__load(&published[e]);
        if (held < 0 || (is_max[e] ? value >= held : value <= held)) return true;
    }
    return false;
}

static void prepare_to_take_back(rs_window_store_t *store, rs__key_t *key, const rs__change_t *change,
                                 const rs__pending_wait_t *wait) {
    rs__full_t *full = rs__full_of(store, key);
    if (change->has_pane) {
        (void)take_out(store, full, change->second, wait->value_us, wait->lists);
    } else {
        for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) {
            if ((lists[e] & wait->lists) != 0) full->loose |= 1u << e;
        }
    }
    if (change->in_today) store->moved_bounds |= full->loose;
    for (uint32_t row = RS__ROW_TODAY; row < key->row_count; row++) {
        const _Atomic int64_t *published = full->published[rs__extremes_of(store, row)];
        if (!row_is_inside(change, row) || !may_hold(published, wait->lists, wait->value_us)) continue;
        store->stale_rows |= 1u << row;
    }
}

void rs__waits_prepare(rs_window_store_t *store, rs__key_t *key, const rs__change_t *change) {
    store->stale_rows = store->moved_bounds = 0;
    for (uint32_t i = 0; i < change->wait_count; i++) {
        const rs__pending_wait_t *wait = &change->waits[i];
        if (wait->sign > 0) prepare_to_add(store, key, change, wait);
        else prepare_to_take_back(store, key, change, wait);
    }
    for (uint32_t row = RS__ROW_TODAY; row < key->row_count; row++) {
        if ((store->stale_rows >> row & 1) != 0) recompute_row(store, key, row);
    }
}

/* Nobody knows any more what was next to a wait that was taken back beyond the longest window. What is left of today's
 * histogram bounds it: the edge of its outermost bucket, but not beyond what was there. So the extreme stays in the
 * bucket of the true one. All outcomes have no histogram: there the old value stays, as a bound. */
static void move_bounds(rs_window_store_t *store, rs__key_t *key) {
    rs__full_t *full = rs__full_of(store, key);
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) {
        if ((store->moved_bounds >> e & 1) == 0 || e == RS_EXTREME_WAIT_MAX) continue;
        const bool answered = lists[e] == RS__WAIT_ANSWERED;
        const rs_histogram_id_t histogram = answered ? RS_HIST_WAIT_ANSWERED : RS_HIST_WAIT_ABANDONED;
        const int32_t bucket = rs__total_edge_bucket(store, key, RS__ROW_TODAY, histogram, is_max[e]);
        int64_t *left = &full->left_today[e];
        if (bucket < 0) {
            *left = -1;
        } else if (is_max[e]) {
            const int64_t high_ms = rs_hist_high_ms((uint32_t)bucket);
            if (high_ms < *left / RS_US_PER_MS) *left = high_ms * RS_US_PER_MS + RS_US_PER_MS - 1;
        } else {
            const int64_t low_us = rs_hist_low_ms((uint32_t)bucket) * RS_US_PER_MS;
            if (low_us > *left) *left = low_us;
        }
    }
    recompute_row(store, key, RS__ROW_TODAY);
    store->stale_rows |= 1u << RS__ROW_TODAY;
}

/* True when the wait is as extreme as what the window holds, or more. */
static bool publish_wait(rs__full_t *full, uint32_t slot, const rs__pending_wait_t *wait, int64_t second) {
    bool is_extreme = false;
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) {
        if ((lists[e] & wait->lists) == 0) continue;
        const int64_t held = rs__load(&full->published[slot][e]), value = wait->value_us;
        if (value == held) {
            is_extreme = true;
            if (second > full->held_s[slot][e]) full->held_s[slot][e] = second;
        } else if (held < 0 || (is_max[e] ? value > held : value < held)) {
            is_extreme = true;
            rs__store(&full->published[slot][e], value);
            full->held_s[slot][e] = second;
        }
    }
    return is_extreme;
}

static bool takes_wait(const rs_window_store_t *store, const rs__change_t *change, uint32_t row) {
    return (store->stale_rows >> row & 1) == 0 && row_is_inside(change, row);
}

void rs__waits_publish(rs_window_store_t *store, rs__key_t *key, const rs__change_t *change) {
    rs__full_t *full = rs__full_of(store, key);
    if (store->moved_bounds != 0) move_bounds(store, key);
    for (uint32_t row = RS__ROW_TODAY; row < key->row_count && store->stale_rows != 0; row++) {
        if ((store->stale_rows >> row & 1) != 0) rs__waits_publish_row(store, key, row);
    }
    for (uint32_t i = 0; i < change->wait_count; i++) {
        const rs__pending_wait_t *wait = &change->waits[i];
        if (wait->sign < 0) continue;
        if (takes_wait(store, change, RS__ROW_TODAY)) (void)publish_wait(full, 0, wait, change->second);
        /* From the shortest window on: what is not extreme there is not in the longer ones, which hold all that it
         * holds. */
        for (uint32_t row = key->row_count - 1; row >= RS__ROW_LONGEST; row--) {
            if (!takes_wait(store, change, row)) continue;
            if (!publish_wait(full, rs__extremes_of(store, row), wait, change->second)) break;
        }
    }
}

void rs__waits_publish_row(rs_window_store_t *store, rs__key_t *key, uint32_t row) {
    rs__full_t *full = rs__full_of(store, key);
    const rs__extremes_t *extremes = &store->recomputed[row];
    const uint32_t slot = rs__extremes_of(store, row);
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) rs__store(&full->published[slot][e], extremes->value[e]);
    memcpy(full->held_s[slot], extremes->second, sizeof extremes->second);
}

/* Drops what has left the longest window; what of it is of today goes on in left_today. */
static void drop_left(rs_window_store_t *store, rs__key_t *key, int64_t last_left) {
    rs__full_t *full = rs__full_of(store, key);
    const int64_t day_us = rs__load(&key->day_us);
    const bool day_is_current = day_us == rs__load(&key->group->day_us);
    const int64_t from = rs__floor_s(day_us), to = rs__floor_s(key->group->day_end_us);
    while (full->oldest_chunk != RS__NONE) {
        const uint32_t number = full->oldest_chunk;
        rs__wait_chunk_t *chunk = chunk_at(store, number);
        for (; chunk->first < chunk->end && first_second(chunk) <= last_left; chunk->first++) {
            const rs__wait_t wait = rs__wait_at(chunk, chunk->first);
            chunk->best_is_stale = true;
            full->wait_count--;
            if (!day_is_current || wait.second < from || wait.second >= to) continue;
            rs__extremes_t left;
            rs__extremes_clear(&left);
            memcpy(left.value, full->left_today, sizeof left.value);
            improve_all(&left, lists_of(wait), value_of(wait), INT64_MIN);
            memcpy(full->left_today, left.value, sizeof left.value);
        }
        if (chunk->first < chunk->end) return;
        free_chunk(store, full, number);
    }
}

bool rs__waits_evict(rs_window_store_t *store, rs__key_t *key, uint32_t window) {
    const rs__full_t *full = rs__full_of(store, key);
    const uint32_t row = rs__row_of(store, window);
    const uint32_t slot = rs__extremes_of(store, row);
    bool holder_left = false;
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) {
        holder_left |= rs__load(&full->published[slot][e]) >= 0 && full->held_s[slot][e] <= store->evicted_s[window];
    }
    if (holder_left) recompute_row(store, key, row);
    if (row == RS__ROW_LONGEST) drop_left(store, key, store->evicted_s[window]);
    return holder_left;
}

void rs__waits_start_day(rs_window_store_t *store, rs__key_t *key) {
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) rs__full_of(store, key)->left_today[e] = -1;
    rs__full_of(store, key)->loose = 0;
    recompute_row(store, key, RS__ROW_TODAY);
}

/* --- loading ------------------------------------------------------------------------------------------------------ */
static void keep_for_today(const rs__key_t *key, rs__full_t *full, const rs__wait_t *wait) {
    const int64_t day_us = rs__load(&key->group->day_us);
    const bool in_today = wait->second >= rs__floor_s(day_us) && wait->second < rs__floor_s(key->group->day_end_us);
    if (rs__load(&key->day_us) != day_us || !in_today) return;
    rs__extremes_t left;
    rs__extremes_clear(&left);
    memcpy(left.value, full->left_today, sizeof left.value);
    improve_all(&left, lists_of(*wait), value_of(*wait), INT64_MIN);
    memcpy(full->left_today, left.value, sizeof left.value);
}

bool rs__waits_restore(rs_window_store_t *store, rs__key_t *key, const rs__wait_t *wait) {
    rs__full_t *full = rs__full_of(store, key);
    if (wait->second <= store->evicted_s[store->window_count - 1]) {   /* the longest window was longer then */
        keep_for_today(key, full, wait);
        return true;
    }
    if (!rs__slab_reserve(&store->chunks, RS__CHUNKS_PER_CHANGE)) return false;
    insert(store, full, wait->second, value_of(*wait), lists_of(*wait));
    return true;
}

void rs__waits_restored(rs_window_store_t *store, rs__key_t *key) {
    for (uint32_t row = RS__ROW_LONGEST; row < key->row_count; row++) {
        recompute_row(store, key, row);
        rs__waits_publish_row(store, key, row);
    }
}

/* --- check -------------------------------------------------------------------------------------------------------- */
static bool same_values(const rs__extremes_t *a, const rs__extremes_t *b) {
    return memcmp(a->value, b->value, sizeof a->value) == 0;
}

int rs__waits_check(const rs_window_store_t *store, const rs__key_t *key, const char **why) {
    const rs__full_t *full = rs__full_of(store, key);
    uint32_t waits = 0, older = RS__NONE;
    int64_t second = INT64_MIN;
    *why = NULL;
    for (uint32_t at = full->oldest_chunk; at != RS__NONE; older = at, at = chunk_at(store, at)->next) {
        const rs__wait_chunk_t *chunk = chunk_at(store, at);
        if (chunk->prev != older || chunk->first >= chunk->end) *why = "the list of waits is not linked right";
        rs__wait_chunk_t copy = *chunk;
        refresh_best(&copy);
        if (!chunk->best_is_stale && !same_values(&copy.best, &chunk->best)) *why = "a chunk's extremes are wrong";
        for (uint32_t i = chunk->first; i < chunk->end; i++, waits++) {
            const rs__wait_t wait = rs__wait_at(chunk, i);
            if (wait.second < second || lists_of(wait) == 0) *why = "the list of waits is not sorted";
            second = wait.second;
        }
    }
    if (waits != full->wait_count || older != full->newest_chunk) *why = "the list of waits is not complete";
    for (uint32_t row = RS__ROW_LONGEST; row < key->row_count; row++) {
        const uint32_t window = rs__window_of_row(store, row), slot = rs__extremes_of(store, row);
        if (store->cursor.second != RS__NONE && store->cursor.window == window) continue; /* a slice is under way */
        rs__extremes_t right;
        recompute(store, full, store->evicted_s[window] + 1, INT64_MAX, &right);
        for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) {
            const int64_t published = rs__load(&full->published[slot][e]);
            if (published != right.value[e]) *why = "a window's extremes are not those of its waits";
            if (published >= 0 && full->held_s[slot][e] != right.second[e]) *why = "the second of an extreme is wrong";
        }
    }
    return *why == NULL ? RS_OK : RS_ERR_STATE;
}
