/* Time: what leaves windows, and days that end. */
#include "core/window/octave.h"

static rs__second_t *second_at(const rs_window_store_t *store, uint32_t second) {
    return rs__slab_at(&store->log.seconds, second);
}

/* --- eviction ----------------------------------------------------------------------------------------------------- */
static void evict_from_key(rs_window_store_t *store, rs__key_t *key, bool has_waits, const rs__item_t *items,
                           uint32_t count) {
    const uint32_t window = store->cursor.window;
    const uint8_t row[1] = {(uint8_t)rs__row_of(store, window)};
    const bool new_extremes = has_waits && key->is_full && rs__waits_evict(store, key, window);
    rs__note_change(store, key->number, rs_changed_window(window));
    rs_seqlock_write_begin(&key->lock);
    rs__total_add(store, key, row, 1, items, count);
    if (new_extremes) rs__waits_publish_row(store, key, row[0]);
    rs_seqlock_write_end(&key->lock);
}

/* --- batches ------------------------------------------------------------------------------------------------------ */
static void wait_for_memory(rs_window_store_t *store, const rs__slot_t *slot, uint32_t first, uint32_t count) {
    rs__batch_t *batch = &store->batch;
    rs__key_t *key = store->keys[slot->key];
    __builtin_prefetch(key, 1);
    batch->keys[batch->key_count++] = (rs__leaving_t){.key = key, .first = first, .count = (uint16_t)count,
                                                      .has_waits = (slot->marks & RS__HAS_WAITS) != 0};
}

/* Puts the items of a short pane of several records one after another. False: it is not short. */
static bool collect_pane(rs_window_store_t *store, const rs__slot_t *slot, const rs__record_t *newest) {
    rs__batch_t *batch = &store->batch;
    const uint32_t first = batch->item_count, item_count = rs__items_of(newest, slot);
    if (item_count > RS__SHORT_PANE) return false;
    memcpy(batch->items + first, newest->items, item_count * sizeof *newest->items);
    uint32_t count = item_count;
    for (uint32_t number = slot->previous; number != RS__NONE;) {
        rs__record_t record;
        rs__log_read(&store->log, number, batch->items + first + count, &record);
        count += rs__items_of(&record, slot);
        if (count > RS__SHORT_PANE) return false;
        number = rs__record_find(&record, slot->key).previous;
    }
    batch->item_count += count;
    wait_for_memory(store, slot, first, count);
    return true;
}

/* A key of a record whose items are in the batch: short panes wait there for their memory, others leave at once. */
static void take_slot(rs_window_store_t *store, const rs__record_t *record, const rs__slot_t *slot) {
    if ((slot->marks & RS__LAST) == 0) return; /* leaves with a later record */
    if ((slot->marks & RS__CHAINED) == 0) {
        wait_for_memory(store, slot, (uint32_t)(record->items - store->batch.items), rs__items_of(record, slot));
    } else if (!collect_pane(store, slot, record)) {
        const uint32_t count = rs__log_merge_pane(&store->log, slot->key, record->number, &store->merged);
        evict_from_key(store, store->keys[slot->key], (slot->marks & RS__HAS_WAITS) != 0, store->merged.items, count);
    }
}

static void fill_batch(rs_window_store_t *store, uint64_t *budget) {
    rs__cursor_t *cursor = &store->cursor;
    rs__batch_t *batch = &store->batch;
    const bool is_longest = cursor->window == store->window_count - 1;
    batch->key_count = batch->item_count = 0;
    while (*budget > 0 && batch->key_count < RS__BATCH_KEYS && batch->item_count < RS__BATCH_ITEMS) {
        rs__record_t record;
        if (!rs__walk_next(&store->log, &cursor->walk, batch->items + batch->item_count, &record)) break;
        --*budget;
        batch->item_count += record.item_count;
        const uint16_t *at = record.slots;
        for (uint32_t i = 0; i < record.key_count; i++) {
            const rs__slot_t slot = rs__record_slot(&at);
            if ((slot.marks & RS__FULL) == 0 && !is_longest) continue; /* such keys do not have the window */
            take_slot(store, &record, &slot);
        }
    }
}

static void prefetch_rows(const rs_window_store_t *store, uint32_t row) {
    const rs__batch_t *batch = &store->batch;
    for (uint32_t k = 0; k < batch->key_count; k++) {
        const rs__leaving_t *leaving = &batch->keys[k];
        const rs__full_t *full = rs__full_of(store, leaving->key);
        __builtin_prefetch(&leaving->key->rows[row][0], 1);
        __builtin_prefetch(&leaving->key->rows[row][8], 1);
        for (uint32_t i = leaving->first; i < leaving->first + leaving->count; i++) {
            const uint32_t what = batch->items[i].what;
            if (what >= RS__WHAT_HISTOGRAMS) __builtin_prefetch(&full->octaves[(what - RS__WHAT_HISTOGRAMS) / RS_HIST_PER_OCTAVE]);
        }
        if (!leaving->has_waits || !leaving->key->is_full) continue;
        const uint32_t extremes = rs__extremes_of(store, row);
        __builtin_prefetch(&full->published[extremes][0], 1);
        __builtin_prefetch(&full->held_s[extremes][0], 1);
    }
}

static void prefetch_buckets(const rs_window_store_t *store, uint32_t row) {
    const rs__batch_t *batch = &store->batch;
    for (uint32_t k = 0; k < batch->key_count; k++) {
        const rs__leaving_t *leaving = &batch->keys[k];
        for (uint32_t i = leaving->first; i < leaving->first + leaving->count; i++) {
            const uint32_t what = batch->items[i].what;
            if (what < RS__WHAT_HISTOGRAMS) continue;
            const uint32_t bucket = what - RS__WHAT_HISTOGRAMS;
            rs__octave_prefetch(rs__full_of(store, leaving->key), row, bucket / RS_HIST_PER_OCTAVE, bucket % RS_HIST_PER_OCTAVE);
        }
    }
}

static void evict_batch(rs_window_store_t *store, uint64_t *budget) {
    const uint32_t window = store->cursor.window, row = rs__row_of(store, window);
    fill_batch(store, budget);
    prefetch_rows(store, row);
    prefetch_buckets(store, row);
    for (uint32_t k = 0; k < store->batch.key_count; k++) {
        const rs__leaving_t *leaving = &store->batch.keys[k];
        evict_from_key(store, leaving->key, leaving->has_waits, store->batch.items + leaving->first, leaving->count);
    }
}

/* Goes on in the second that the cursor is in. False when the budget ran out. */
static bool walk(rs_window_store_t *store, uint64_t *budget) {
    rs__cursor_t *cursor = &store->cursor;
    while (cursor->walk.run != RS__NONE) {
        if (*budget == 0) return false;
        evict_batch(store, budget);
    }
    const uint32_t second = cursor->second;
    cursor->second = RS__NONE;
    if (cursor->window == store->window_count - 1) rs__log_drop(&store->log, second);
    return true;
}

void rs__evict_finish_second(rs_window_store_t *store, int64_t second) {
    if (store->cursor.second == RS__NONE || second_at(store, store->cursor.second)->second != second) return;
    uint64_t unlimited = UINT64_MAX;
    (void)walk(store, &unlimited);
}

static bool evict_second(rs_window_store_t *store, uint32_t second, uint32_t window, uint64_t *budget) {
    store->cursor = (rs__cursor_t){.second = second, .window = window};
    rs__walk_begin(second_at(store, second)->first, &store->cursor.walk);
    return walk(store, budget);
}

/* A jump over more seconds than there are slots: looks at the seconds that exist instead. Not in slices. */
static void evict_far(rs_window_store_t *store, uint32_t window, int64_t last) {
    uint64_t unlimited = UINT64_MAX;
    const int64_t before = store->evicted_s[window];
    store->evicted_s[window] = last;
    for (uint32_t slot = 0; slot < RS__SLOTS && store->log.second_count > 0; slot++) {
        for (uint32_t at = store->log.slots[slot]; at != RS__NONE;) {
            const uint32_t next = second_at(store, at)->next;
            const int64_t second = second_at(store, at)->second;
            if (second > before && second <= last) (void)evict_second(store, at, window, &unlimited);
            at = next;
        }
    }
}

static bool evict(rs_window_store_t *store, uint64_t *budget) {
    if (store->cursor.second != RS__NONE && !walk(store, budget)) return false;
    const int64_t now_s = rs__floor_s(store->now_us);
    for (uint32_t window = 0; window < store->window_count; window++) {
        const int64_t last = now_s - store->window_s[window];
        if (last - store->evicted_s[window] > RS__SLOTS) evict_far(store, window, last);
        while (store->evicted_s[window] < last) {
            if (*budget == 0) return false;
            const int64_t second = ++store->evicted_s[window];
            const uint32_t found = rs__log_find(&store->log, second);
            if (found != RS__NONE && !evict_second(store, found, window, budget)) return false;
        }
    }
    return true;
}

/* --- days --------------------------------------------------------------------------------------------------------- */
/* What is already there of the group's new day (it came with a time in the future): emptying `today` must not take it.
 * */
static void keep_early_record(rs_window_store_t *store, const rs__group_t *group, const rs__record_t *record) {
    const uint16_t *at = record->slots;
    for (uint32_t i = 0; i < record->key_count; i++) {
        const rs__slot_t slot = rs__record_slot(&at);
        rs__key_t *key = store->keys[slot.key];
        if (key->group != group || (slot.marks & RS__LAST) == 0) continue;
        const uint32_t count = rs__log_merge_pane(&store->log, slot.key, record->number, &store->merged);
        rs__total_start_day(store, key);
        rs_seqlock_write_begin(&key->lock);
        rs__total_subtract(store, key, RS__ROW_TODAY, store->merged.items, count);
        rs_seqlock_write_end(&key->lock);
    }
}

static void keep_early_records(rs_window_store_t *store, const rs__group_t *group) {
    const int64_t from = rs__floor_s(rs__load(&group->day_us)), to = rs__floor_s(group->day_end_us);
    if (store->log.greatest_second < from) return;
    for (uint32_t slot = 0; slot < RS__SLOTS; slot++) {
        for (uint32_t at = store->log.slots[slot]; at != RS__NONE; at = second_at(store, at)->next) {
            if (second_at(store, at)->second < from || second_at(store, at)->second >= to) continue;
            rs__walk_t walk;
            rs__record_t record;
            rs__walk_begin(second_at(store, at)->first, &walk);
            while (rs__walk_next(&store->log, &walk, store->batch.items, &record)) keep_early_record(store, group, &record);
        }
    }
}

/* Only the group notes the new day. A key's own row is emptied when it is next touched; until then readers see by the
 * key's older day that its `today` is empty. So midnight costs nothing, however many keys there are. */
static void start_day(rs_window_store_t *store, rs__group_t *group) {
    group->day_end_us = rs_zone_next_day_us(group->zone, store->now_us);
    /* Release: pairs with the acquire loads in read.c. */
    atomic_store_explicit(&group->day_us, rs_zone_day_start_us(group->zone, store->now_us), memory_order_release);
    keep_early_records(store, group);
    const uint32_t changes = atomic_load_explicit(&group->day_changes, memory_order_relaxed);
    atomic_store_explicit(&group->day_changes, changes + 1, memory_order_release);
}

static void end_days(rs_window_store_t *store) {
    const uint32_t keys = atomic_load_explicit(&store->key_count, memory_order_relaxed);
    store->next_day_us = INT64_MAX;
    for (uint32_t key = 0; key < keys; key++) rs__note_change(store, key, rs_changed_window(RS_WINDOW_TODAY));
    for (uint32_t i = 0; i < store->group_count; i++) {
        rs__group_t *group = store->groups[i];
        if (store->now_us >= group->day_end_us) start_day(store, group);
        if (group->day_end_us < store->next_day_us) store->next_day_us = group->day_end_us;
    }
}

static bool something_leaves(const rs_window_store_t *store) {
    bool found = store->cursor.second != RS__NONE;
    const int64_t now_s = rs__floor_s(store->now_us);
    for (uint32_t w = 0; w < store->window_count; w++) found |= store->evicted_s[w] < now_s - store->window_s[w];
    return found;
}

bool rs_window_advance_some(rs_window_store_t *store, int64_t now_us, uint64_t max_records) {
    RS_REQUIRE(store->change.key == NULL);
    if (now_us > store->now_us) store->now_us = now_us;
    if (store->now_us < store->next_day_us && !something_leaves(store)) return true;
    /* Whatever leaves or is kept for a new day is looked for in the log. */
    rs__open_flush_all(store);
    /* Days first: a record of the new day may be about to leave the longest window. */
    if (store->now_us >= store->next_day_us) end_days(store);
    return evict(store, &max_records);
}

void rs_window_advance(rs_window_store_t *store, int64_t now_us) {
    (void)rs_window_advance_some(store, now_us, UINT64_MAX);
}

int64_t rs_window_now(const rs_window_store_t *store) { return store->now_us; }
