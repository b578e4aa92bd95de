/* The invariant: each total equals the sum of what the pane log holds inside its window. */
#include "core/window/octave.h"

#include <stdlib.h>

enum { MOST_KEYS_AT_A_TIME = 32 };

typedef struct recount {
    int64_t counts[RS_COUNT_COUNT];
    uint32_t buckets[RS_HIST_COUNT * RS_HIST_BUCKETS];
} recount_t;

typedef struct scratch {
    rs__record_t record;
    rs__item_t items[RS__CHANGE_ITEMS + 32];
    rs__merged_t merged;
} scratch_t;

static uint32_t key_count_of(const rs_window_store_t *store) {
    return atomic_load_explicit(&store->key_count, memory_order_relaxed);
}

static uint32_t keys_at_a_time(const rs_window_store_t *store) {
    const uint32_t count = key_count_of(store);
    return count < MOST_KEYS_AT_A_TIME ? count : MOST_KEYS_AT_A_TIME;
}

static void add_items(recount_t *into, const rs__item_t *items, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t what = items[i].what;
        if (what < RS__WHAT_HISTOGRAMS) into->counts[what] += items[i].delta;
        else into->buckets[what - RS__WHAT_HISTOGRAMS] += (uint32_t)items[i].delta;
    }
}

/* The panes that end in the record: as eviction will see them. */
static void recount_record(const rs_window_store_t *store, uint32_t first_key, recount_t *recounts,
                           scratch_t *scratch) {
    const uint16_t *at = scratch->record.slots;
    for (uint32_t k = 0; k < scratch->record.key_count; k++) {
        const rs__slot_t slot = rs__record_slot(&at);
        if (slot.key < first_key || slot.key >= first_key + keys_at_a_time(store)) continue;
        if ((slot.marks & RS__LAST) == 0) continue;
        recount_t *into = &recounts[slot.key - first_key];
        const uint32_t count = rs__log_merge_pane(&store->log, slot.key, scratch->record.number, &scratch->merged);
        add_items(into, scratch->merged.items, count);
    }
}

/* Open panes have not left any window. */
static void recount_open(const rs_window_store_t *store, uint32_t window, uint32_t first_key, recount_t *recounts) {
    for (uint32_t at = store->newest_open; at != RS__NONE;) {
        const rs__open_t *open = rs__slab_at(&store->opens, at);
        at = open->older;
        if (open->key < first_key || open->key >= first_key + keys_at_a_time(store)) continue;
        if (open->second <= store->evicted_s[window]) continue;
        add_items(&recounts[open->key - first_key], open->items, open->item_count);
    }
}

/* Sums up what the windows' panes hold for the keys from first_key on. Records of `window`'s cursor that the walk has
 * not come to yet are still counted in the row. */
static void recount_window(const rs_window_store_t *store, uint32_t window, uint32_t first_key, recount_t *recounts,
                           scratch_t *scratch) {
    memset(recounts, 0, keys_at_a_time(store) * sizeof *recounts);
    recount_open(store, window, first_key, recounts);
    const bool in_slice = store->cursor.second != RS__NONE && store->cursor.window == window;
    for (uint32_t slot = 0; slot < RS__SLOTS; slot++) {
        for (uint32_t at = store->log.slots[slot]; at != RS__NONE;) {
            const rs__second_t *second = rs__slab_at(&store->log.seconds, at);
            rs__walk_t walk;
            rs__walk_begin(second->first, &walk);
            if (second->second <= store->evicted_s[window]) walk.run = RS__NONE;
            if (in_slice && at == store->cursor.second) walk = store->cursor.walk;
            while (rs__walk_next(&store->log, &walk, scratch->items, &scratch->record)) {
                recount_record(store, first_key, recounts, scratch);
            }
            at = second->next;
        }
    }
}

static const char *compare_row(const rs_window_store_t *store, const rs__key_t *key, uint32_t row,
                               const recount_t *recount) {
    for (uint32_t i = 0; i < RS_COUNT_COUNT; i++) {
        const int64_t total = rs__difference(rs__row_get(store, key, RS__ROW_SUM, i), rs__row_get(store, key, row, i));
        if (total != recount->counts[i]) return "a count is not the sum of its panes";
    }
    for (uint32_t i = 0; i < RS_HIST_COUNT * RS_HIST_BUCKETS && key->is_full; i++) {
        const rs__octave_t octave = rs__octave(rs__full_of(store, key), i / RS_HIST_PER_OCTAVE);
        const uint32_t total = octave.rows == 0 ? 0 : (uint32_t)rs__octave_get(octave, row, i % RS_HIST_PER_OCTAVE);
        if (total != recount->buckets[i]) return "a histogram's bucket is not the sum of its panes";
    }
    return NULL;
}

static const char *check_versions(const rs_window_store_t *store, const rs__key_t *key) {
    uint32_t locks = atomic_load_explicit(&key->lock.version, memory_order_relaxed);
    if (key->is_full) locks |= atomic_load_explicit(&rs__full_of(store, key)->gauge_lock.version, memory_order_relaxed);
    return (locks & 1) == 0 ? NULL : "a write section was left open";
}

static const char *check_keys(const rs_window_store_t *store, uint32_t first, recount_t *recounts, scratch_t *scratch) {
    const uint32_t key_count = key_count_of(store), end = first + keys_at_a_time(store);
    const char *why = NULL;
    for (uint32_t window = 0; window < store->window_count; window++) {
        recount_window(store, window, first, recounts, scratch);
        const uint32_t row = rs__row_of(store, window);
        for (uint32_t k = first; k < key_count && k < end; k++) {
            if (row < store->keys[k]->row_count) why = compare_row(store, store->keys[k], row, &recounts[k - first]);
            if (why != NULL) return why;
        }
    }
    for (uint32_t k = first; k < key_count && k < end; k++) {
        const rs__key_t *key = store->keys[k];
        why = check_versions(store, key);
        if (why == NULL && key->is_full && rs__waits_check(store, key, &why) == RS_OK) why = NULL;
        if (why != NULL) return why;
    }
    return NULL;
}

int rs_window_check(const rs_window_store_t *store, const char **why) {
    const uint32_t key_count = key_count_of(store), step = keys_at_a_time(store);
    if (key_count == 0) return rs__log_check(&store->log, why);
    recount_t *recounts = calloc(step, sizeof *recounts);
    scratch_t *scratch = calloc(1, sizeof *scratch);
    int status = recounts == NULL || scratch == NULL ? RS_ERR_MEMORY : rs__log_check(&store->log, why);
    for (uint32_t first = 0; status == RS_OK && first < key_count; first += step) {
        const char *wrong = check_keys(store, first, recounts, scratch);
        if (wrong == NULL) continue;
        *why = wrong;
        status = RS_ERR_STATE;
    }
    free(scratch);
    free(recounts);
    return status;
}
