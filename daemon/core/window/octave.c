#include "core/window/octave.h"

static uint32_t row_count_of(const rs_window_store_t *store) { return 2 + store->window_count; }

static void publish(rs__full_t *full, uint32_t number, const void *rows, bool is_wide) {
    /* Release: whoever acquires the pointer (rs__octave) sees what was put there, not what the memory held before. */
    atomic_store_explicit(&full->octaves[number], (uintptr_t)rows | (is_wide ? 1 : 0), memory_order_release);
}

static rs__octave_t make(rs_window_store_t *store, rs__full_t *full, uint32_t number) {
    void *rows = rs__slab_at(&store->narrow, rs__slab_take(&store->narrow));
    memset(rows, 0, store->narrow.object_bytes);
    publish(full, number, rows, false);
    return rs__octave(full, number);
}

static rs__octave_t widen(rs_window_store_t *store, rs__full_t *full, uint32_t number, rs__octave_t narrow) {
    _Atomic uint32_t *wide = rs__slab_at(&store->wide, rs__slab_take(&store->wide));
    for (uint32_t row = 0; row < row_count_of(store); row++) {
        for (uint32_t i = 0; i < RS_HIST_PER_OCTAVE; i++) {
            const uint32_t lacks = row == RS__ROW_SUM ? 0 : (uint32_t)rs__octave_get(narrow, row, i);
            atomic_store_explicit(&wide[row * RS_HIST_PER_OCTAVE + i], 0 - lacks, memory_order_relaxed);
        }
    }
    publish(full, number, wide, true);
    return rs__octave(full, number);
}

static uint32_t greatest_difference(const rs_window_store_t *store, rs__octave_t octave) {
    uint32_t greatest = 0;
    for (uint32_t row = RS__ROW_TODAY; row < row_count_of(store); row++) {
        for (uint32_t i = 0; i < RS_HIST_PER_OCTAVE; i++) {
            const int32_t difference = rs__octave_get(octave, row, i);
            const uint32_t size = (uint32_t)(difference < 0 ? -difference : difference);
            if (size > greatest) greatest = size;
        }
    }
    return greatest;
}

/* `size` more will be counted: is there room for it? */
static rs__octave_t make_room(rs_window_store_t *store, rs__full_t *full, uint32_t number, rs__octave_t octave, uint64_t size) {
    if (full->grown[number] + size > RS__GROWN_MOST) {
        const uint32_t greatest = greatest_difference(store, octave);
        if (greatest + size > RS__GROWN_WIDE) return widen(store, full, number, octave);
        full->grown[number] = (uint16_t)greatest;
    }
    full->grown[number] = (uint16_t)(full->grown[number] + size);
    return octave;
}

void rs__octave_add(rs_window_store_t *store, rs__full_t *full, uint32_t number, uint32_t bucket, const uint8_t *rows, uint32_t row_count,
                    int64_t delta) {
    rs__octave_t octave = rs__octave(full, number);
    if (octave.rows == 0) octave = make(store, full, number);
    const bool leaves = rows[0] >= RS__ROW_LONGEST;
    if (!octave.is_wide && !leaves) octave = make_room(store, full, number, octave, (uint64_t)(delta < 0 ? -delta : delta));
    if (octave.is_wide) {
        _Atomic uint32_t *counts = (_Atomic uint32_t *)octave.rows + bucket;
        for (uint32_t r = 0; r < row_count; r++) {
            _Atomic uint32_t *count = &counts[rows[r] * RS_HIST_PER_OCTAVE];
            atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + (uint32_t)delta, memory_order_relaxed);
        }
        return;
    }
    _Atomic uint16_t *counts = (_Atomic uint16_t *)octave.rows + bucket;
    for (uint32_t r = 0; r < row_count; r++) {
        _Atomic uint16_t *count = &counts[rows[r] * RS_HIST_PER_OCTAVE];
        const uint16_t sum = (uint16_t)(atomic_load_explicit(count, memory_order_relaxed) + (uint16_t)delta);
        atomic_store_explicit(count, sum, memory_order_relaxed);
    }
}

void rs__octave_empty(const rs__full_t *full, uint32_t number, uint32_t row) {
    const rs__octave_t octave = rs__octave(full, number);
    for (uint32_t i = 0; i < RS_HIST_PER_OCTAVE && octave.rows != 0; i++) {
        if (octave.is_wide) {
            _Atomic uint32_t *counts = (_Atomic uint32_t *)octave.rows;
            const uint32_t all = atomic_load_explicit(&counts[RS__ROW_SUM * RS_HIST_PER_OCTAVE + i], memory_order_relaxed);
            atomic_store_explicit(&counts[row * RS_HIST_PER_OCTAVE + i], all, memory_order_relaxed);
        } else {
            _Atomic uint16_t *counts = (_Atomic uint16_t *)octave.rows;
            const uint16_t all = atomic_load_explicit(&counts[RS__ROW_SUM * RS_HIST_PER_OCTAVE + i], memory_order_relaxed);
            atomic_store_explicit(&counts[row * RS_HIST_PER_OCTAVE + i], all, memory_order_relaxed);
        }
    }
}
