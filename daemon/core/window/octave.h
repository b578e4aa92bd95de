/* core/window/octave.h — one octave of one histogram of a FULL key, in every row. For the files of this folder only.
 *
 * Model:     32 buckets in each row, made by the first duration in the octave, never freed before the store. Counts wrap: only the
 *            difference of the sum and another row means anything. It is the number of durations in a window, and small for nearly
 *            every octave: then a count has 16 bits. Before a difference could leave these, the octave is made again with 32.
 * Bound:     `grown` is not less than any difference of a narrow octave: it is added to with whatever enters, and set to the greatest
 *            difference when it has come near the end of what 16 bits can tell. (What leaves a window was counted in it before.)
 * Readers:   inside the key's lock. A narrow octave that was replaced stays as it is, and whoever reads it still reads again, because
 *            the key's version has moved.
 */
#ifndef RS_CORE_WINDOW_OCTAVE_H
#define RS_CORE_WINDOW_OCTAVE_H

#include "core/window/window_internal.h"

enum { RS__GROWN_MOST = 24576, RS__GROWN_WIDE = 8192 /* a greater difference: wide from then on */ };

typedef struct rs__octave { uintptr_t rows; bool is_wide; } rs__octave_t;   /* rows 0: nothing was counted there yet */

/* Any thread. Acquire: pairs with the release in octave.c; what it leads to is zeroed at least. */
static inline rs__octave_t rs__octave(const rs__full_t *full, uint32_t number) {
    const uintptr_t tagged = atomic_load_explicit(&full->octaves[number], memory_order_acquire);
    return (rs__octave_t){.rows = tagged & ~(uintptr_t)1, .is_wide = (tagged & 1) != 0};
}
/* Where the row's counts begin. */
static inline const void *rs__octave_row(rs__octave_t octave, uint32_t row) {
    return (const void *)(octave.rows + (uintptr_t)row * RS_HIST_PER_OCTAVE * (octave.is_wide ? sizeof(uint32_t) : sizeof(uint16_t)));
}
/* What the window of `row` holds in a bucket. Any thread, relaxed. */
static inline int32_t rs__octave_get(rs__octave_t octave, uint32_t row, uint32_t bucket) {
    if (octave.is_wide) {
        const _Atomic uint32_t *sum = rs__octave_row(octave, RS__ROW_SUM), *missing = rs__octave_row(octave, row);
        const uint32_t lacks = atomic_load_explicit(&missing[bucket], memory_order_relaxed);
        return (int32_t)(atomic_load_explicit(&sum[bucket], memory_order_relaxed) - lacks);
    }
    const _Atomic uint16_t *sum = rs__octave_row(octave, RS__ROW_SUM), *missing = rs__octave_row(octave, row);
    const uint16_t lacks = atomic_load_explicit(&missing[bucket], memory_order_relaxed);
    return (int16_t)(uint16_t)(atomic_load_explicit(&sum[bucket], memory_order_relaxed) - lacks);
}
/* Calls for a bucket's count in a row, for the histogram's octaves `number`; changes nothing. */
static inline void rs__octave_prefetch(const rs__full_t *full, uint32_t row, uint32_t number, uint32_t bucket) {
    const rs__octave_t octave = rs__octave(full, number);
    if (octave.rows == 0) return;
    const uintptr_t width = octave.is_wide ? sizeof(uint32_t) : sizeof(uint16_t);
    __builtin_prefetch((const void *)((uintptr_t)rs__octave_row(octave, row) + bucket * width), 1);
}

/* Writer, inside the key's write section: adds to a bucket in some rows. Octaves were reserved. */
void rs__octave_add(rs_window_store_t *store, rs__full_t *full, uint32_t number, uint32_t bucket, const uint8_t *rows, uint32_t row_count,
                    int64_t delta);
/* Nothing is counted in `row` any more. */
void rs__octave_empty(const rs__full_t *full, uint32_t number, uint32_t row);

#endif
