#include "core/window/window_state.h"

#include "core/window/octave.h"

#include <stdlib.h>

/* --- the structs ------------------------------------------------------------------------------------------------------- */
/* Today's part of a full key. Its waits have left the longest window in part; the others it shares with the windows. */
typedef struct today {
    int64_t published[RS_EXTREME_COUNT], left[RS_EXTREME_COUNT];
    uint32_t loose;
} today_t;
#define TODAY_FIELDS(NAME, name, is_max) \
    RS_STATE_FIELD_AS(today_t, published[RS_EXTREME_##NAME], #name, RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(today_t, left[RS_EXTREME_##NAME], #name ".left", RS_BOUND_ANY),
static const rs_state_field_t today_fields[] = {RS_EXTREMES(TODAY_FIELDS) RS_STATE_FIELD(today_t, loose, RS_BOUND_ANY)};
static const rs_state_table_t today_table = RS_STATE_TABLE(today_t, "today", today_fields);

static uint32_t key_count_of(const rs_window_store_t *store) { return atomic_load_explicit(&store->key_count, memory_order_relaxed); }

/* --- zones ------------------------------------------------------------------------------------------------------------- */
static void put_zone(rs_state_writer_t *writer, const rs_zone_t *zone) {
    rs_state_put_text(writer, rs_str(zone->name));
    rs_state_put_u32(writer, zone->count);
    for (uint32_t i = 0; i < zone->count; i++) {
        rs_state_put_u64(writer, (uint64_t)zone->transitions[i].at_us);
        rs_state_put_u32(writer, (uint32_t)zone->transitions[i].offset_s);
    }
}

/* Zones of one name are one, though two configurations have brought them. Of those that keys are in: which one it is. */
static uint32_t zone_number(const rs_window_store_t *store, const rs__group_t *group) {
    uint32_t number = 0;
    for (uint32_t i = 0; strcmp(store->groups[i]->zone->name, group->zone->name) != 0; i++) {
        bool known = false;
        for (uint32_t j = 0; j < i; j++) known = known || strcmp(store->groups[i]->zone->name, store->groups[j]->zone->name) == 0;
        number += !known;
    }
    return number;
}

static void put_zones(rs_state_writer_t *writer, const rs_window_store_t *store) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < store->group_count; i++) count += zone_number(store, store->groups[i]) == count;
    rs_state_put_u32(writer, count);
    count = 0;
    for (uint32_t i = 0; i < store->group_count; i++) {
        if (zone_number(store, store->groups[i]) != count) continue;
        put_zone(writer, store->groups[i]->zone);
        count++;
    }
}

/* The zone of the configuration at hand when it has that name; else one of the store's own. NULL: refused. */
static const rs_zone_t *get_zone(rs_window_store_t *store, rs_state_reader_t *reader, const rs_zone_t *at_hand) {
    enum { MAX_TRANSITIONS = 4096 };
    char name[256];
    const uint32_t len = rs_state_get_text(reader, name), count = rs_state_get_count(reader, MAX_TRANSITIONS);
    if (len > RS_MAX_NAME || count == 0) rs_state_refuse(reader, RS_ERR_PARSE, "a time zone is none");
    if (!rs_state_is_good(reader)) return NULL;
    rs_zone_t *zone = rs__arena_take(&store->key_arena, sizeof *zone + count * sizeof *zone->transitions);
    if (zone == NULL) {
        rs_state_refuse(reader, RS_ERR_MEMORY, "out of memory");
        return NULL;
    }
    *zone = (rs_zone_t){.count = count, .transitions = (rs_zone_transition_t *)(zone + 1)};
    memcpy(zone->name, name, len);
    int64_t before = -1;
    for (uint32_t i = 0; i < count; i++) {
        const int64_t at_us = (int64_t)rs_state_get_u64(reader);
        const int32_t offset_s = (int32_t)rs_state_get_u32(reader);
        const bool right = at_us > before && (i > 0 || at_us == 0) && at_us <= RS_TIME_MAX_US && offset_s > -86400 && offset_s < 86400;
        if (!right) rs_state_refuse(reader, RS_ERR_PARSE, "a time zone is none");
        zone->transitions[i] = (rs_zone_transition_t){.at_us = at_us, .offset_s = offset_s};
        before = at_us;
    }
    if (!rs_state_is_good(reader)) return NULL;
    return strcmp(zone->name, at_hand->name) == 0 ? at_hand : zone;
}

/* --- keys -------------------------------------------------------------------------------------------------------------- */
static bool is_of_today(const rs__key_t *key) { return rs__load(&key->day_us) == rs__load(&key->group->day_us); }

static uint32_t todays_entries(const rs_window_store_t *store, const rs__key_t *key, unsigned histogram, rs_hist_entry_t *entries) {
    uint32_t count = 0;
    for (uint32_t block = 0; block < RS_HIST_BLOCKS; block++) {
        const rs__octave_t octave = rs__octave(rs__full_of(store, key), histogram * RS_HIST_BLOCKS + block);
        if (octave.rows == 0) continue;
        for (uint32_t i = 0; i < RS_HIST_PER_OCTAVE; i++) {
            const int32_t times = rs__octave_get(octave, RS__ROW_TODAY, i);
            if (times == 0) continue;
            entries[count++] = (rs_hist_entry_t){.bucket = (uint16_t)(block * RS_HIST_PER_OCTAVE + i), .count = times};
        }
    }
    return count;
}

static void put_today(rs_state_writer_t *writer, const rs_window_store_t *store, const rs__key_t *key) {
    rs_state_counts_t counts;
    rs_hist_entry_t entries[RS_HIST_BUCKETS];
    for (uint32_t i = 0; i < RS_COUNT_COUNT; i++) {
        counts.counts[i] = rs__difference(rs__row_get(store, key, RS__ROW_SUM, i), rs__row_get(store, key, RS__ROW_TODAY, i));
    }
    rs_state_put_item(writer, &rs_state_counts_table, &counts);
    if (!key->is_full) return;
    const rs__full_t *full = rs__full_of(store, key);
    today_t today = {.loose = full->loose};
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) {
        today.published[e] = rs__load(&full->published[0][e]);
        today.left[e] = full->left_today[e];
    }
    rs_state_put_item(writer, &today_table, &today);
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) rs_state_put_histogram(writer, h, entries, todays_entries(store, key, h, entries));
    rs_state_put_u8(writer, RS_STATE_HISTOGRAMS_END);
}

static void put_waits(rs_state_writer_t *writer, const rs_window_store_t *store, const rs__key_t *key) {
    const rs__full_t *full = rs__full_of(store, key);
    int64_t before = 0;
    rs_state_put_u32(writer, full->wait_count);
    for (uint32_t at = full->oldest_chunk; at != RS__NONE;) {
        const rs__wait_chunk_t *chunk = rs__slab_at(&store->chunks, at);
        for (uint32_t i = chunk->first; i < chunk->end; i++) {
            const rs__wait_t wait = rs__wait_at(chunk, i);
            rs_state_put_short(writer, rs_state_folded(wait.second - before));
            rs_state_put_short(writer, wait.packed);
            before = wait.second;
        }
        at = chunk->next;
    }
}

static bool everything_has_left(const rs_window_store_t *store) {
    bool settled = store->cursor.second == RS__NONE && store->change.key == NULL;
    for (uint32_t w = 0; w < store->window_count; w++) {
        settled = settled && store->evicted_s[w] == rs__floor_s(store->now_us) - store->window_s[w];
    }
    return settled;
}

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_window_store_t *store = core->windows;
    rs_state_put_u8(writer, store != NULL);
    if (store == NULL) return;
    if (!everything_has_left(store)) rs_state_fail(writer, RS_ERR_STATE);   /* a slice of an advance is under way */
    rs_state_put_figures(writer);
    rs_state_put_u32(writer, (uint32_t)store->window_s[store->window_count - 1]);
    rs_state_put_u64(writer, store->refused);
    put_zones(writer, store);
    rs_state_put_u32(writer, key_count_of(store));
    for (uint32_t i = 0; i < key_count_of(store); i++) {
        const rs__key_t *key = store->keys[i];
        rs_state_put_short(writer, zone_number(store, key->group) << 2 | (uint32_t)is_of_today(key) << 1 | key->is_full);
    }
    rs__panes_save(store, writer);
    for (uint32_t i = 0; i < key_count_of(store); i++) {
        if (is_of_today(store->keys[i])) put_today(writer, store, store->keys[i]);
        if (store->keys[i]->is_full) put_waits(writer, store, store->keys[i]);
    }
}

/* --- loading ----------------------------------------------------------------------------------------------------------- */
/* A key that nothing has touched since midnight stays behind its group's day. */
static void get_keys(rs_core_t *core, rs_window_store_t *store, rs_state_reader_t *reader, const rs_zone_t *const *zones,
                     uint32_t zone_count) {
    const uint32_t count = rs_state_get_u32(reader);
    if (count != core->directory.count) rs_state_refuse(reader, RS_ERR_PARSE, "the windows have other keys than the directory");
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        const uint64_t coded = rs_state_get_short(reader);
        const unsigned family = core->directory.entries[i].dimensions.family;
        const bool full = (coded & 1) != 0, should_be_full = family != RS_FAMILY_AGENT && family != RS_FAMILY_TEAM;
        if (coded >> 2 >= zone_count || full != should_be_full) rs_state_refuse(reader, RS_ERR_PARSE, "a key's windows are not its own");
        if (!rs_state_is_good(reader)) return;
        uint32_t number;
        const int status = rs_window_add_key(store, full, zones[coded >> 2], &number);
        if (status != RS_OK) {
            rs_state_refuse(reader, status, "the windows have no room for a key");
            return;
        }
        if ((coded & 2) == 0) rs__store(&store->keys[i]->day_us, rs__load(&store->keys[i]->day_us) - 1);
    }
}

/* What today lacks of the sum. False: no room. */
static bool set_today(rs_window_store_t *store, rs__key_t *key, const rs_state_counts_t *counts) {
    if (!rs__slab_reserve(rs__more_slab(store, key), RS_PLACES_GROUPS)) return false;
    rs__total_empty_today(store, key);
    for (uint32_t i = 0; i < RS_COUNT_COUNT; i++) {
        const rs__item_t item = {.what = (uint16_t)i, .delta = counts->counts[i]};
        if (item.delta != 0) rs__total_subtract(store, key, RS__ROW_TODAY, &item, 1);
    }
    return true;
}

/* A bucket of today is one that came and that the windows, and the sum but for them, have lost again. */
static void set_todays_histogram(rs_window_store_t *store, rs_state_reader_t *reader, rs__key_t *key, unsigned histogram,
                                 const rs_hist_entry_t *entries, uint32_t count) {
    for (uint32_t i = 0; i < count && histogram < RS_HIST_COUNT; i++) {
        if (!rs__slab_reserve(&store->narrow, 1) || !rs__slab_reserve(&store->wide, 1)) {
            rs_state_refuse(reader, RS_ERR_LIMIT, "the windows hold more than limits.queue_keys allow now");
            return;
        }
        const rs__item_t item = {.what = (uint16_t)(RS__WHAT_HISTOGRAMS + histogram * RS_HIST_BUCKETS + entries[i].bucket),
                                 .delta = entries[i].count};
        rs__total_subtract(store, key, RS__ROW_TODAY, &item, 1);
    }
}

static bool is_an_extreme(int64_t us) { return us >= -1 && us <= RS__WAIT_LIMIT_US; }

static void get_today(rs_window_store_t *store, const rs_state_figures_t *figures, rs_state_reader_t *reader, rs__key_t *key) {
    rs_state_counts_t counts = {{0}};
    rs_hist_entry_t entries[RS_HIST_BUCKETS];
    unsigned histogram = 0;
    uint32_t count = 0;
    rs_state_get_item(reader, &rs_state_counts_table, &counts);
    for (uint32_t i = 0; i < RS_COUNT_COUNT; i++) {
        const bool in_range = counts.counts[i] > -(INT64_C(1) << 61) && counts.counts[i] < INT64_C(1) << 61;
        if (!in_range) rs_state_refuse(reader, RS_ERR_PARSE, "a count of today is out of range");
    }
    if (!rs_state_is_good(reader)) return;
    if (!set_today(store, key, &counts)) {
        rs_state_refuse(reader, RS_ERR_LIMIT, "the windows hold more than limits.queue_keys allow now");
        return;
    }
    if (!key->is_full) return;
    rs__full_t *full = rs__full_of(store, key);
    today_t today;
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) today.published[e] = today.left[e] = -1;
    today.loose = 0;
    rs_state_get_item(reader, &today_table, &today);
    if (today.loose >> RS_EXTREME_COUNT != 0) rs_state_refuse(reader, RS_ERR_PARSE, "an extreme of today is none");
    for (uint32_t e = 0; e < RS_EXTREME_COUNT; e++) {
        if (!is_an_extreme(today.published[e]) || !is_an_extreme(today.left[e])) {
            rs_state_refuse(reader, RS_ERR_PARSE, "an extreme of today is none");
        }
        rs__store(&full->published[0][e], today.published[e]);
        full->left_today[e] = today.left[e];
    }
    full->loose = today.loose;
    while (rs_state_get_histogram(reader, figures, &histogram, entries, &count)) {
        set_todays_histogram(store, reader, key, histogram, entries, count);
    }
}

static void get_waits(rs_window_store_t *store, rs_state_reader_t *reader, rs__key_t *key) {
    const uint32_t count = rs_state_get_u32(reader);
    rs__wait_t wait = {0};
    int64_t before = INT64_MIN;
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        const int64_t step = rs_state_unfolded(rs_state_get_short(reader));
        wait.packed = rs_state_get_short(reader);
        const bool step_fits = step > -RS_US_PER_DAY * 365 && step < RS_US_PER_DAY * 365;
        wait.second += step_fits ? step : 0;
        const bool right = step_fits && wait.second >= before && wait.second < RS_US_PER_DAY * 365 && wait.second > -RS_US_PER_DAY &&
                           (wait.packed & ((1u << RS__WAIT_BITS) - 1)) != 0 && (int64_t)(wait.packed >> RS__WAIT_BITS) <= RS__WAIT_LIMIT_US;
        if (!right) rs_state_refuse(reader, RS_ERR_PARSE, "a wait is none");
        if (!rs_state_is_good(reader)) return;
        if (!rs__waits_restore(store, key, &wait)) {
            rs_state_refuse(reader, RS_ERR_LIMIT, "the windows hold more than limits.queue_keys allow now");
        }
        before = wait.second;
    }
    if (rs_state_is_good(reader)) rs__waits_restored(store, key);
}

static void get_figures(rs_core_t *core, rs_state_reader_t *reader, const rs_zone_t **zones) {
    rs_window_store_t *store = core->windows;
    rs_state_figures_t figures;
    rs_state_get_figures(reader, &figures);
    const uint32_t longest_s = rs_state_get_u32(reader);
    if (longest_s < store->window_s[store->window_count - 1]) {
        rs_state_refuse(reader, RS_ERR_STATE, "the longest window is longer than the one that was saved");
    }
    store->refused = rs_state_get_u64(reader);
    const uint32_t zone_count = rs_state_get_count(reader, RS_MAX_GENERATIONS);
    for (uint32_t i = 0; i < zone_count && rs_state_is_good(reader); i++) zones[i] = get_zone(store, reader, core->config->zone);
    if (!rs_state_is_good(reader)) return;
    get_keys(core, store, reader, zones, zone_count);
    if (!rs_state_is_good(reader)) return;
    rs__panes_load(store, &figures, reader);
    for (uint32_t i = 0; i < key_count_of(store) && rs_state_is_good(reader); i++) {
        if (is_of_today(store->keys[i])) get_today(store, &figures, reader, store->keys[i]);
        if (store->keys[i]->is_full) get_waits(store, reader, store->keys[i]);
    }
}

static void load(rs_core_t *core, rs_state_reader_t *reader) {
    const bool saved = rs_state_get_u8(reader) == 1;
    if (!rs_state_is_good(reader) || saved != (core->windows != NULL)) {
        rs_state_refuse(reader, RS_ERR_PARSE, "the windows are not as the core says");
        return;
    }
    const rs_zone_t *zones[RS_MAX_GENERATIONS];
    if (saved) get_figures(core, reader, zones);
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    (void)bounds;
    const bool has_keys = core->windows == NULL || key_count_of(core->windows) == core->directory.count;
    if (!has_keys) rs_state_refuse(reader, RS_ERR_PARSE, "the state lacks the windows");
}

const rs_state_part_t rs_state_windows_part = {.name = "windows", .version = 1, .table_count = 2,
                                               .tables = {&rs_state_counts_table, &today_table}, .save = save, .load = load,
                                               .check = check};
