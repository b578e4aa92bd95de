/* The rows of a key: sums of counts and histogram buckets. Everything here runs inside the key's write section. */
#include "core/window/octave.h"

/* Reserved by rs_window_begin, so that it cannot fail here. */
static rs__more_t *more_of(rs_window_store_t *store, rs__key_t *key, uint32_t group) {
    rs__more_t *more = rs__more_of(key, group);
    if (more != NULL) return more;
    rs__slab_t *slab = rs__more_slab(store, key);
    more = rs__slab_at(slab, rs__slab_take(slab));
    memset(more, 0, slab->object_bytes);
    more->group = group;
    more->next = atomic_load_explicit(&key->more, memory_order_relaxed);
    /* Release: whoever acquires the pointer (rs__more_of) sees zeroes and the rest of the chain. */
    atomic_store_explicit(&key->more, more, memory_order_release);
    return more;
}

static void add_count(rs_window_store_t *store, rs__key_t *key, const uint8_t *rows, uint32_t row_count, uint32_t count, int64_t delta) {
    const uint32_t place = store->places.of[count];
    if (place < RS_PLACES_HOT) {
        for (uint32_t r = 0; r < row_count; r++) rs__add(&key->rows[rows[r]][place], delta);
        return;
    }
    rs__more_t *more = more_of(store, key, (place - RS_PLACES_HOT) / RS_PLACES_GROUP);
    for (uint32_t r = 0; r < row_count; r++) rs__add(&more->rows[rows[r]][(place - RS_PLACES_HOT) % RS_PLACES_GROUP], delta);
}

void rs__total_add(rs_window_store_t *store, rs__key_t *key, const uint8_t *rows, uint32_t row_count,
                   const rs__item_t *items, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t what = items[i].what;
        const int64_t delta = items[i].delta;
        if (what < RS__WHAT_HISTOGRAMS) {
            add_count(store, key, rows, row_count, what, delta);
            continue;
        }
        const uint32_t bucket = what - RS__WHAT_HISTOGRAMS;
        rs__octave_add(store, rs__full_of(store, key), bucket / RS_HIST_PER_OCTAVE, bucket % RS_HIST_PER_OCTAVE, rows, row_count, delta);
    }
}

void rs__total_subtract(rs_window_store_t *store, rs__key_t *key, uint32_t row, const rs__item_t *items, uint32_t count) {
    const uint8_t rows[1] = {(uint8_t)row};
    for (uint32_t i = 0; i < count; i++) {
        const rs__item_t opposite = {.what = items[i].what, .delta = (int64_t)(0 - (uint64_t)items[i].delta)};
        rs__total_add(store, key, rows, 1, &opposite, 1);
    }
}

void rs__total_empty_today(const rs_window_store_t *store, rs__key_t *key) {
    const _Atomic int64_t *sum = key->rows[RS__ROW_SUM];
    for (uint32_t i = 0; i < RS__ROW_WORDS; i++) rs__store(&key->rows[RS__ROW_TODAY][i], rs__load(&sum[i]));
    for (rs__more_t *more = atomic_load_explicit(&key->more, memory_order_relaxed); more != NULL; more = more->next) {
        for (uint32_t i = 0; i < RS_PLACES_GROUP; i++) rs__store(&more->rows[RS__ROW_TODAY][i], rs__load(&more->rows[RS__ROW_SUM][i]));
    }
    if (!key->is_full) return;
    for (uint32_t b = 0; b < RS_HIST_COUNT * RS_HIST_BLOCKS; b++) {
        rs__octave_empty(rs__full_of(store, key), b, RS__ROW_TODAY);
    }
}

void rs__total_start_day(rs_window_store_t *store, rs__key_t *key) {
    const int64_t day_us = rs__load(&key->group->day_us);
    if (rs__load(&key->day_us) == day_us) return;
    if (key->is_full) rs__waits_start_day(store, key);
    rs_seqlock_write_begin(&key->lock);
    rs__total_empty_today(store, key);
    rs__store(&key->day_us, day_us);
    if (key->is_full) rs__waits_publish_row(store, key, RS__ROW_TODAY);
    rs_seqlock_write_end(&key->lock);
}

int32_t rs__total_edge_bucket(const rs_window_store_t *store, const rs__key_t *key, uint32_t row,
                              rs_histogram_id_t histogram, bool highest) {
    const rs__full_t *full = rs__full_of(store, key);
    int32_t found = -1;
    for (uint32_t b = 0; b < RS_HIST_BUCKETS; b++) {
        const rs__octave_t octave = rs__octave(full, (uint32_t)histogram * RS_HIST_BLOCKS + b / RS_HIST_PER_OCTAVE);
        if (octave.rows == 0 || rs__octave_get(octave, row, b % RS_HIST_PER_OCTAVE) == 0) continue;
        found = (int32_t)b;
        if (!highest) break;
    }
    return found;
}
