/* Reading, by any thread. A copy is made between two looks at the key's version and thrown away when that moved. */
#include "core/window/octave.h"

enum { MAX_ATTEMPTS = 64 };

static rs__key_t *find_key(const rs_window_store_t *store, uint32_t key) {
    /* Acquire: pairs with the release in rs_window_add_key. */
    return key < atomic_load_explicit(&store->key_count, memory_order_acquire) ? store->keys[key] : NULL;
}

/* The key and its row for `window`; NULL when there is no such key, or it does not have the window. */
static rs__key_t *find_row(const rs_window_store_t *store, uint32_t key_number, uint32_t window, uint32_t *row) {
    rs__key_t *key = find_key(store, key_number);
    if (key == NULL || (window >= store->window_count && window != RS_WINDOW_TODAY)) return NULL;
    *row = rs__row_of(store, window);
    return *row < key->row_count ? key : NULL;
}

/* Inside an attempt: the key's `today` is of a day that is over, and nothing has happened since. */
static bool is_of_yesterday(const rs__key_t *key, uint32_t row) {
    if (row != RS__ROW_TODAY) return false;
    /* Acquire: pairs with the release in start_day. A key is never ahead of its group's day, but may be ahead of what
     * this thread sees of it: only an older day makes it empty. */
    return rs__load(&key->day_us) < atomic_load_explicit(&key->group->day_us, memory_order_acquire);
}

uint32_t rs_window_key_count(const rs_window_store_t *store) {
    return atomic_load_explicit(&store->key_count, memory_order_acquire);
}

/* --- counts ------------------------------------------------------------------------------------------------------- */
static int64_t read_count(const rs_window_store_t *store, const rs__key_t *key, uint32_t row, uint32_t count) {
    return rs__difference(rs__row_get(store, key, RS__ROW_SUM, count), rs__row_get(store, key, row, count));
}

/* `words` of the two rows, which stand at the places from `place` on. */
static void copy_words(const rs_window_store_t *store, const _Atomic int64_t *sum, const _Atomic int64_t *missing, uint32_t place,
                       uint32_t words, rs_window_view_t *view) {
    for (uint32_t i = 0; i < words && store->places.at[place + i] < RS_COUNT_COUNT; i++) {
        view->counts[store->places.at[place + i]] = rs__difference(rs__load(&sum[i]), rs__load(&missing[i]));
    }
}

static void copy_view(const rs_window_store_t *store, const rs__key_t *key, uint32_t row, rs_window_view_t *view) {
    memset(view->counts, 0, sizeof view->counts);
    copy_words(store, key->rows[RS__ROW_SUM], key->rows[row], 0, RS_PLACES_HOT, view);
    /* Acquire: pairs with the release in more_of (total.c). */
    for (const rs__more_t *more = atomic_load_explicit(&key->more, memory_order_acquire); more != NULL; more = more->next) {
        const uint32_t place = RS_PLACES_HOT + (uint32_t)more->group * RS_PLACES_GROUP;
        copy_words(store, more->rows[RS__ROW_SUM], more->rows[row], place, RS_PLACES_GROUP, view);
    }
    if (!key->is_full) return;
    const _Atomic int64_t *extremes = rs__full_of(store, key)->published[rs__extremes_of(store, row)];
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) view->extremes[e] = rs__load(&extremes[e]);
}

static void empty_view(rs_window_view_t *view) {
    memset(view->counts, 0, sizeof view->counts);
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) view->extremes[e] = -1;
}

int rs_window_read(const rs_window_store_t *store, uint32_t key_number, uint32_t window, rs_window_view_t *view) {
    uint32_t row;
    const rs__key_t *key = find_row(store, key_number, window, &row);
    if (key == NULL) return RS_ERR_NOT_FOUND;
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) view->extremes[e] = -1;
    for (uint32_t attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        /* Acquire: a day's end counted here is seen by is_of_yesterday below. */
        const uint32_t days = atomic_load_explicit(&key->group->day_changes, memory_order_acquire);
        const uint32_t version = rs_seqlock_read_begin(&key->lock);
        if (is_of_yesterday(key, row)) empty_view(view);
        else copy_view(store, key, row, view);
        if (rs_seqlock_read_retry(&key->lock, version)) continue;
        view->version = row == RS__ROW_TODAY ? version + days : version;
        return RS_OK;
    }
    return RS_ERR_AGAIN;
}

int rs_window_read_counts(const rs_window_store_t *store, uint32_t key_number, uint32_t window, const rs_count_t *which,
                          size_t count, int64_t *values) {
    uint32_t row;
    const rs__key_t *key = find_row(store, key_number, window, &row);
    if (key == NULL) return RS_ERR_NOT_FOUND;
    for (uint32_t attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const uint32_t version = rs_seqlock_read_begin(&key->lock);
        const bool empty = is_of_yesterday(key, row);
        for (size_t i = 0; i < count; i++) {
            const int64_t value = read_count(store, key, row, (uint32_t)which[i]);
            values[i] = empty ? 0 : value;
        }
        if (!rs_seqlock_read_retry(&key->lock, version)) return RS_OK;
    }
    return RS_ERR_AGAIN;
}

/* --- percentiles -------------------------------------------------------------------------------------------------- */
typedef struct durations {
    rs__octave_t octaves[RS_HIST_BLOCKS];
    int64_t sums[RS_HIST_BLOCKS];
    int64_t total;
    int64_t min_us, max_us;    /* -1 = not known */
    uint32_t row;
} durations_t;

static void load_durations(const rs__full_t *full, uint32_t row, const _Atomic int64_t *extremes,
                           rs_histogram_id_t histogram, durations_t *durations) {
    *durations = (durations_t){.row = row, .min_us = -1, .max_us = -1};
    for (uint32_t b = 0; b < RS_HIST_BLOCKS; b++) {
        const rs__octave_t octave = rs__octave(full, (uint32_t)histogram * RS_HIST_BLOCKS + b);
        durations->octaves[b] = octave;
        if (octave.rows == 0) continue;
        for (uint32_t i = 0; i < RS_HIST_PER_OCTAVE; i++) durations->sums[b] += rs__octave_get(octave, row, i);
        durations->total += durations->sums[b];
    }
    if (histogram == RS_HIST_WAIT_ANSWERED) {
        durations->min_us = rs__load(&extremes[RS_EXTREME_ANSWERED_MIN]);
        durations->max_us = rs__load(&extremes[RS_EXTREME_ANSWERED_MAX]);
    } else if (histogram == RS_HIST_WAIT_ABANDONED) {
        durations->min_us = rs__load(&extremes[RS_EXTREME_ABANDONED_MIN]);
        durations->max_us = rs__load(&extremes[RS_EXTREME_ABANDONED_MAX]);
    }
}

/* Ranks rise with i, so one walk over blocks and buckets finds them all. */
static void find_ranks(const durations_t *durations, const uint32_t *per_mille, size_t count, int64_t *ms) {
    size_t i = 0;
    int64_t below = 0; /* durations in the blocks before b */
    for (uint32_t b = 0; b < RS_HIST_BLOCKS && i < count; b++) {
        int64_t seen = below;
        below += durations->sums[b];
        if (durations->octaves[b].rows == 0) continue;
        uint32_t bucket = 0;
        for (; i < count; i++) {
            const int64_t rank = rs_hist_rank(durations->total, per_mille[i]);
            if (rank > below) break;
            while (seen < rank && bucket < RS_HIST_PER_OCTAVE) {
                seen += rs__octave_get(durations->octaves[b], durations->row, bucket);
                bucket++;
            }
            const uint32_t found = b * RS_HIST_PER_OCTAVE + (bucket == 0 ? 0 : bucket - 1);
            ms[i] = rs_hist_middle_ms(found, durations->min_us, durations->max_us);
        }
    }
    for (; i < count; i++) ms[i] = -1; /* only in a torn copy */
}

int rs_window_percentiles(const rs_window_store_t *store, uint32_t key_number, uint32_t window,
                          rs_histogram_id_t histogram, const uint32_t *per_mille, size_t count, int64_t *ms,
                          int64_t *total) {
    uint32_t row;
    const rs__key_t *key = find_row(store, key_number, window, &row);
    if (key == NULL || !key->is_full) return RS_ERR_NOT_FOUND;
    const rs__full_t *full = rs__full_of(store, key);
    durations_t durations;
    for (uint32_t attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const uint32_t version = rs_seqlock_read_begin(&key->lock);
        const bool empty = is_of_yesterday(key, row);
        load_durations(full, row, full->published[rs__extremes_of(store, row)], histogram, &durations);
        if (empty || durations.total <= 0) {
            durations.total = 0;
            for (size_t i = 0; i < count; i++) ms[i] = -1;
        } else {
            find_ranks(&durations, per_mille, count, ms);
        }
        if (rs_seqlock_read_retry(&key->lock, version)) continue;
        if (total != NULL) *total = durations.total;
        return RS_OK;
    }
    return RS_ERR_AGAIN;
}

/* Adds what one octave of the histogram holds to the entries; returns how many. */
static size_t read_block(const rs__full_t *full, uint32_t row, rs_histogram_id_t histogram, uint32_t b, rs_hist_entry_t *entries) {
    const rs__octave_t octave = rs__octave(full, (uint32_t)histogram * RS_HIST_BLOCKS + b);
    if (octave.rows == 0) return 0;
    size_t found = 0;
    for (uint32_t i = 0; i < RS_HIST_PER_OCTAVE; i++) {
        const int32_t in_bucket = rs__octave_get(octave, row, i);
        if (in_bucket == 0) continue;
        entries[found++] = (rs_hist_entry_t){.bucket = (uint16_t)(b * RS_HIST_PER_OCTAVE + i), .count = in_bucket};
    }
    return found;
}

void rs_window_prefetch_histogram(const rs_window_store_t *store, uint32_t key_number, uint32_t window, rs_histogram_id_t histogram) {
    uint32_t row;
    const rs__key_t *key = find_row(store, key_number, window, &row);
    if (key == NULL || !key->is_full) return;
    const rs__full_t *full = rs__full_of(store, key);
    for (uint32_t b = 0; b < RS_HIST_BLOCKS; b++) {
        const rs__octave_t octave = rs__octave(full, (uint32_t)histogram * RS_HIST_BLOCKS + b);
        for (uint32_t half = 0; half < 2 && octave.rows != 0; half++) {   /* a cache line's worth of a wide one */
            __builtin_prefetch((const char *)rs__octave_row(octave, RS__ROW_SUM) + half * 64);
            __builtin_prefetch((const char *)rs__octave_row(octave, row) + half * 64);
        }
    }
}

int rs_window_histogram(const rs_window_store_t *store, uint32_t key_number, uint32_t window, rs_histogram_id_t histogram,
                        rs_hist_entry_t *entries, size_t *count) {
    uint32_t row;
    const rs__key_t *key = find_row(store, key_number, window, &row);
    if (key == NULL || !key->is_full) return RS_ERR_NOT_FOUND;
    const rs__full_t *full = rs__full_of(store, key);
    for (uint32_t attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const uint32_t version = rs_seqlock_read_begin(&key->lock);
        const bool empty = is_of_yesterday(key, row);
        size_t found = 0;
        for (uint32_t b = 0; b < RS_HIST_BLOCKS && !empty; b++) found += read_block(full, row, histogram, b, entries + found);
        if (rs_seqlock_read_retry(&key->lock, version)) continue;
        *count = found;
        return RS_OK;
    }
    return RS_ERR_AGAIN;
}

/* --- gauges and versions ------------------------------------------------------------------------------------------ */
int rs_window_read_gauges(const rs_window_store_t *store, uint32_t key_number, rs_window_gauges_t *gauges) {
    const rs__key_t *key = find_key(store, key_number);
    if (key == NULL) return RS_ERR_NOT_FOUND;
    const rs__full_t *full = rs__full_of(store, key);
    int64_t words[RS_ARRAY_LEN(full->gauges)];
    if (!key->is_full) {
        memset(gauges, 0, sizeof *gauges);
        return RS_OK;
    }
    for (uint32_t attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const uint32_t version = rs_seqlock_read_begin(&full->gauge_lock);
        for (uint32_t i = 0; i < RS_ARRAY_LEN(words); i++) words[i] = rs__load(&full->gauges[i]);
        if (rs_seqlock_read_retry(&full->gauge_lock, version)) continue;
        memcpy(gauges, words, sizeof words);
        return RS_OK;
    }
    return RS_ERR_AGAIN;
}

int rs_window_read_gauge(const rs_window_store_t *store, uint32_t key_number, size_t offset, int64_t *value) {
    const rs__key_t *key = find_key(store, key_number);
    if (key == NULL) return RS_ERR_NOT_FOUND;
    *value = key->is_full ? rs__load(&rs__full_of(store, key)->gauges[offset / sizeof(int64_t)]) : 0;
    return RS_OK;
}

int rs_window_read_prediction(const rs_window_store_t *store, uint32_t key_number, rs_window_prediction_t *prediction) {
    const rs__key_t *key = find_key(store, key_number);
    if (key == NULL) return RS_ERR_NOT_FOUND;
    const rs__full_t *full = rs__full_of(store, key);
    int64_t words[RS_ARRAY_LEN(full->prediction)];
    if (!key->is_full) {
        memset(prediction, 0, sizeof *prediction);
        return RS_OK;
    }
    for (uint32_t attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const uint32_t version = rs_seqlock_read_begin(&full->gauge_lock);
        for (uint32_t i = 0; i < RS_ARRAY_LEN(words); i++) words[i] = rs__load(&full->prediction[i]);
        if (rs_seqlock_read_retry(&full->gauge_lock, version)) continue;
        memcpy(prediction, words, sizeof words);
        return RS_OK;
    }
    return RS_ERR_AGAIN;
}

uint32_t rs_window_key_version(const rs_window_store_t *store, uint32_t key_number) {
    const rs__key_t *key = find_key(store, key_number);
    if (key == NULL) return 0;
    const uint32_t gauges = key->is_full ? rs_seqlock_read_begin(&rs__full_of(store, key)->gauge_lock) : 0;
    /* Each only grows, so their sum changes with each. */
    return atomic_load_explicit(&key->group->day_changes, memory_order_acquire) + rs_seqlock_read_begin(&key->lock) + gauges;
}
