/* Making the store and its keys. */
#include "core/window/window_internal.h"

#include "config/bounds.h"

#include <stdlib.h>

#define RS__ARENA_SLACK_BYTES (UINT64_C(8) << 20) /* the newest chunk of keys */
enum { BLOCKS_PER_PAGE_SHIFT = 6, CHUNKS_PER_PAGE_SHIFT = 3 };

static bool settings_are_right(const rs_window_settings_t *settings) {
    if (settings->window_count == 0 || settings->window_count > RS_MAX_WINDOWS || settings->max_keys == 0) return false;
    if (settings->max_keys > RS__KEY_BITS) return false;
    int64_t shorter = 0;
    for (uint32_t i = 0; i < settings->window_count; i++) {
        const int64_t length = settings->windows_us[i];
        if (length <= shorter || length > RS_US_PER_HOUR || length % RS_US_PER_S != 0) return false;
        shorter = length;
    }
    return settings->start_us >= 0;
}

static_assert(RS__ROW_WORDS % 8 == 0 && sizeof(rs__key_t) % 64 == 0, "rows, and what follows them, begin with a cache line");
static uint64_t key_bytes(uint32_t row_count) {
    return sizeof(rs__key_t) + (uint64_t)row_count * RS__ROW_WORDS * sizeof(int64_t);
}
/* With what follows the rows. */
static uint64_t whole_key_bytes(uint32_t row_count, bool full) {
    return rs__odd_lines(key_bytes(row_count) + (full ? sizeof(rs__full_t) : 0));
}

/* What --check says of an agent's and a team's keys; a KiB is for what the directory and others note of them. */
static_assert(sizeof(rs__key_t) + RS__SUMS_ROWS * RS__ROW_WORDS * sizeof(int64_t) + 64 +
                  RS_PLACES_GROUPS * (sizeof(rs__more_t) + RS__SUMS_ROWS * RS_PLACES_GROUP * sizeof(int64_t)) + 1024 <= RS_BYTES_TEAM_KEY,
              "a team's windows fit their bound");

static uint64_t group_bytes(void) { return (sizeof(rs__group_t) + 63) / 64 * 64; }

int rs_window_create(const rs_window_settings_t *settings, rs_window_store_t **store_out) {
    if (!settings_are_right(settings)) return RS_ERR_INVALID;
    rs_window_store_t *store = calloc(1, sizeof *store);
    if (store == NULL) return RS_ERR_MEMORY;
    store->keys = calloc(settings->max_keys, sizeof *store->keys);
    store->changes = calloc(settings->max_keys, sizeof *store->changes);
    if (store->keys == NULL || store->changes == NULL) {
        free(store->keys);
        free(store->changes);
        free(store);
        return RS_ERR_MEMORY;
    }
    for (unsigned count = 0; count < RS_COUNT_COUNT; count++) store->changed_by[count] = (uint8_t)rs_changed_count(count);
    store->max_keys = settings->max_keys;
    store->window_count = settings->window_count;
    rs_places_init(&store->places);
    store->newest_open = RS__NONE;
    store->full_offset = key_bytes(2 + settings->window_count);
    store->now_us = settings->start_us;
    store->next_day_us = INT64_MAX;
    for (uint32_t i = 0; i < settings->window_count; i++) {
        store->window_s[i] = settings->windows_us[i] / RS_US_PER_S;
        store->evicted_s[i] = rs__floor_s(store->now_us) - store->window_s[i];
    }
    rs__arena_init(&store->arena, settings->max_bytes);
    rs__arena_init(&store->key_arena, UINT64_MAX);
    store->fixed_bytes = sizeof *store + (uint64_t)settings->max_keys * (sizeof *store->keys + sizeof *store->changes);
    store->cursor.second = RS__NONE;
    rs__slab_init(&store->narrow, &store->arena, rs__octave_bytes(store->window_count, false), BLOCKS_PER_PAGE_SHIFT);
    rs__slab_init(&store->wide, &store->arena, rs__octave_bytes(store->window_count, true), BLOCKS_PER_PAGE_SHIFT);
    rs__slab_init(&store->more_of_full, &store->arena, rs__more_bytes(2 + store->window_count), BLOCKS_PER_PAGE_SHIFT);
    rs__slab_init(&store->more_of_sums, &store->arena, rs__more_bytes(RS__SUMS_ROWS), BLOCKS_PER_PAGE_SHIFT);
    rs__slab_init(&store->chunks, &store->arena, rs__odd_lines(sizeof(rs__wait_chunk_t)), CHUNKS_PER_PAGE_SHIFT);
    rs__slab_init(&store->opens, &store->arena, rs__odd_lines(sizeof(rs__open_t)), CHUNKS_PER_PAGE_SHIFT);
    rs__log_init(&store->log, &store->arena, &store->places);
    *store_out = store;
    return RS_OK;
}

void rs_window_destroy(rs_window_store_t **store_in) {
    rs_window_store_t *store = *store_in;
    if (store == NULL) return;
    free(store->groups);
    free(store->keys);
    free(store->changes);
    rs__slab_free(&store->narrow);
    rs__slab_free(&store->wide);
    rs__slab_free(&store->more_of_full);
    rs__slab_free(&store->more_of_sums);
    rs__slab_free(&store->chunks);
    rs__slab_free(&store->opens);
    rs__log_free(&store->log);
    rs__arena_free(&store->arena);
    rs__arena_free(&store->key_arena);
    free(store);
    *store_in = NULL;
}

uint64_t rs_window_bytes(const rs_window_store_t *store) {
    return store->fixed_bytes + store->key_arena.used + store->arena.used;
}

uint64_t rs_window_max_bytes(const rs_window_store_t *store) {
    const uint64_t per_key = whole_key_bytes(2 + store->window_count, true) + group_bytes();
    /* A key does not fit into what is left of a chunk, and a chunk may be used for an eighth more than is needed. */
    const uint64_t keys = store->max_keys * per_key;
    return store->fixed_bytes + keys + keys / 4 + RS__ARENA_SLACK_BYTES + store->arena.max;
}

uint64_t rs_window_refused(const rs_window_store_t *store) { return store->refused; }

/* On cache lines of its own. */
static void *zeroed(rs__arena_t *arena, uint64_t bytes) {
    void *memory = rs__arena_take(arena, bytes);
    if (memory != NULL) memset(memory, 0, bytes);
    return memory;
}

static rs__group_t *group_of(rs_window_store_t *store, const rs_zone_t *zone) {
    for (uint32_t i = store->group_count; i-- > 0;) {
        if (store->groups[i]->zone == zone) return store->groups[i];
    }
    if (store->group_count == store->group_capacity) {
        const uint32_t capacity = store->group_capacity == 0 ? 4 : store->group_capacity * 2;
        rs__group_t **groups = realloc(store->groups, capacity * sizeof *groups);
        if (groups == NULL) return NULL;
        store->groups = groups;
        store->group_capacity = capacity;
    }
    rs__group_t *group = zeroed(&store->key_arena, group_bytes());
    if (group == NULL) return NULL;
    group->zone = zone;
    group->day_end_us = rs_zone_next_day_us(zone, store->now_us);
    atomic_init(&group->day_us, rs_zone_day_start_us(zone, store->now_us));
    if (group->day_end_us < store->next_day_us) store->next_day_us = group->day_end_us;
    store->groups[store->group_count++] = group;
    return group;
}

int rs_window_add_key(rs_window_store_t *store, bool full, const rs_zone_t *zone, uint32_t *key_out) {
    const uint32_t number = atomic_load_explicit(&store->key_count, memory_order_relaxed);
    if (number == store->max_keys) return RS_ERR_LIMIT;
    rs__group_t *group = group_of(store, zone);
    const uint32_t row_count = full ? 2 + store->window_count : RS__SUMS_ROWS;
    uint8_t *memory = group == NULL ? NULL : zeroed(&store->key_arena, whole_key_bytes(row_count, full));
    if (memory == NULL) return RS_ERR_MEMORY;
    rs__key_t *key = (rs__key_t *)memory;
    key->is_full = full;
    if (full) rs__waits_init(rs__full_of(store, key));
    key->row_count = (uint8_t)row_count;
    key->number = number;
    key->pane_s = key->busy_s = INT64_MIN;
    key->open = RS__NONE;
    key->group = group;
    atomic_init(&key->day_us, rs__load(&group->day_us));
    store->keys[number] = key;
    /* Release: a reader that acquires the new count sees the key and all it points to. Partner: find_key in read.c. */
    atomic_store_explicit(&store->key_count, number + 1, memory_order_release);
    *key_out = number;
    return RS_OK;
}

void rs_window_prefetch_place(const rs_window_store_t *store, uint32_t key_number) {
    __builtin_prefetch(&store->keys[key_number]);
    __builtin_prefetch(&store->changes[key_number], 1);
}

const void *rs_window_prefetch_rarer(const rs_window_store_t *store, uint32_t key_number, const void *last) {
    const rs__more_t *before = last;
    const rs__more_t *more = before != NULL ? before->next : atomic_load_explicit(&store->keys[key_number]->more, memory_order_relaxed);
    if (more == NULL) return NULL;
    __builtin_prefetch(more, 1);
    __builtin_prefetch(&more->rows[RS__ROW_TODAY], 1);
    return more;
}

void rs_window_prefetch(const rs_window_store_t *store, uint32_t key_number, bool full_key) {
    const rs__key_t *key = store->keys[key_number];
    __builtin_prefetch(key, 1);
    __builtin_prefetch(&key->rows[RS__ROW_SUM][0], 1);
    __builtin_prefetch(&key->rows[RS__ROW_SUM][8], 1);
    if (!full_key) return;
    const rs__full_t *full = rs__full_of(store, key);
    __builtin_prefetch(&full->gauge_lock, 1);
    __builtin_prefetch(&full->gauges[0], 1);
    /* Pointers to the octaves of durations of some seconds to some minutes, extremes. */
    for (uint32_t h = 0; h < RS_HIST_COUNT; h++) __builtin_prefetch(&full->octaves[h * RS_HIST_BLOCKS + 10]);
    __builtin_prefetch(&full->published[0][0], 1);
    __builtin_prefetch(&full->published[1][RS_EXTREME_COUNT - 1], 1);
    __builtin_prefetch(&full->tail_is_known, 1);
}

void rs_window_prefetch_views(const rs_window_store_t *store, uint32_t key_number) {
    const unsigned char *key = (const unsigned char *)store->keys[key_number];
    const size_t end = store->full_offset + offsetof(rs__full_t, prediction);
    for (size_t at = 0; at < end; at += 64) __builtin_prefetch(key + at);
}

/* Under the gauges' lock, and only when something is new: then true. */
static bool set_words(rs__full_t *full, _Atomic int64_t *published, const int64_t *words, uint32_t count) {
    bool changed = false;
    for (uint32_t i = 0; i < count; i++) changed |= rs__load(&published[i]) != words[i];
    if (!changed) return false;
    rs_seqlock_write_begin(&full->gauge_lock);
    for (uint32_t i = 0; i < count; i++) rs__store(&published[i], words[i]);
    rs_seqlock_write_end(&full->gauge_lock);
    return true;
}

void rs_window_set_gauges(rs_window_store_t *store, uint32_t key_number, const rs_window_gauges_t *gauges) {
    RS_REQUIRE(key_number < atomic_load_explicit(&store->key_count, memory_order_relaxed));
    if (!store->keys[key_number]->is_full) return;
    rs__full_t *full = rs__full_of(store, store->keys[key_number]);
    int64_t words[RS_ARRAY_LEN(full->gauges)];
    memcpy(words, gauges, sizeof words);
    if (set_words(full, full->gauges, words, RS_ARRAY_LEN(words))) rs__note_change(store, key_number, RS_CHANGED_GAUGES);
}

void rs_window_set_prediction(rs_window_store_t *store, uint32_t key_number, const rs_window_prediction_t *prediction) {
    RS_REQUIRE(key_number < atomic_load_explicit(&store->key_count, memory_order_relaxed));
    if (!store->keys[key_number]->is_full) return;
    rs__full_t *full = rs__full_of(store, store->keys[key_number]);
    int64_t words[RS_ARRAY_LEN(full->prediction)];
    memcpy(words, prediction, sizeof words);
    if (set_words(full, full->prediction, words, RS_ARRAY_LEN(words))) rs__note_change(store, key_number, RS_CHANGED_PREDICTION);
}

/* --- what changed ------------------------------------------------------------------------------------------------- */
uint32_t rs_changed_count(unsigned count) {
    if (count <= RS_COUNT_EXCESS_US || (count >= RS_COUNT_SL_NUM_0 && count < RS_COUNT_COUNT)) return RS_CHANGED_LEGS;
    if (count >= RS_COUNT_HANDLED && count <= RS_COUNT_WRAPS) return RS_CHANGED_HANDLINGS;
    if (count >= RS_COUNT_OFFERS && count <= RS_COUNT_OFFERS_FAILED_OTHER) return RS_CHANGED_OFFERS;
    if (count >= RS_COUNT_FCR_ELIGIBLE && count <= RS_COUNT_FCR_NEVER_UNRESOLVED) return RS_CHANGED_RESOLUTIONS;
    if (count >= RS_COUNT_CSAT_RESPONSES && count <= RS_COUNT_COMPLAINTS_OVERDUE) return RS_CHANGED_FEEDBACK;
    return RS_CHANGED_OTHERS;
}

uint32_t rs_window_changes(const rs_window_store_t *store, uint32_t key) { return store->changes[key]; }

void rs_window_restore_changes(const rs_window_store_t *store, uint32_t key, uint32_t changes) { rs__note_change(store, key, changes); }

uint32_t rs_window_take_changes(const rs_window_store_t *store, uint32_t key) {
    const uint32_t changes = store->changes[key];
    store->changes[key] = 0;
    return changes;
}

const char *rs_prediction_reason_name(unsigned reason) {
#define RS_X(NAME, name) #name,
    static const char *const names[] = {RS_PREDICTION_REASONS(RS_X)};
#undef RS_X
    return reason < RS_ARRAY_LEN(names) ? names[reason] : "";
}
