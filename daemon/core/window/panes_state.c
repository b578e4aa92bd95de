/* Panes as bytes: by second, then by key; each with what its records and an open pane of it come to. */
#include "core/window/window_state.h"

#include <stdlib.h>

/* --- saving ------------------------------------------------------------------------------------------------------------ */
/* One key in one record of a second, or in an open pane (record RS__NONE). */
typedef struct part { uint32_t key, record; bool has_waits; } part_t;
typedef struct parts { part_t *items; uint32_t count, room; bool out_of_memory; } parts_t;

static void add_part(parts_t *parts, uint32_t key, uint32_t record, bool has_waits) {
    if (parts->count == parts->room) {
        const uint32_t room = parts->room == 0 ? 4096 : parts->room * 2;
        part_t *items = realloc(parts->items, room * sizeof *items);
        if (items == NULL) {
            parts->out_of_memory = true;
            return;
        }
        parts->items = items;
        parts->room = room;
    }
    parts->items[parts->count++] = (part_t){.key = key, .record = record, .has_waits = has_waits};
}

static int compare_parts(const void *left, const void *right) {
    const part_t *a = left, *b = right;
    return (a->key > b->key) - (a->key < b->key);
}

static void gather_records(const rs_window_store_t *store, uint32_t first_run, rs__item_t *scratch, parts_t *parts) {
    rs__walk_t walk;
    rs__record_t record;
    rs__walk_begin(first_run, &walk);
    while (rs__walk_next(&store->log, &walk, scratch, &record)) {
        const uint16_t *at = record.slots;
        for (uint32_t i = 0; i < record.key_count; i++) {
            const rs__slot_t slot = rs__record_slot(&at);
            add_part(parts, slot.key, record.number, (slot.marks & RS__HAS_WAITS) != 0);
        }
    }
}

static void put_items(rs_state_writer_t *writer, const rs__item_t *items, uint32_t count) {
    uint32_t before = 0;
    rs_state_put_short(writer, count);
    for (uint32_t i = 0; i < count; i++) {
        /* the lowest bit says that more than 1 is added */
        rs_state_put_short(writer, (uint64_t)(items[i].what - before) << 1 | (items[i].delta != 1));
        if (items[i].delta != 1) rs_state_put_short(writer, rs_state_folded(items[i].delta));
        before = items[i].what;
    }
}

static void add_open(const rs_window_store_t *store, uint32_t key, rs__merged_t *merged) {
    const rs__open_t *open = rs__slab_at(&store->opens, store->keys[key]->open);
    rs__merge(merged, open->items, open->item_count);
}

static void put_second(rs_state_writer_t *writer, const rs_window_store_t *store, parts_t *parts, rs__merged_t *merged) {
    uint32_t keys = 0, before = 0;
    qsort(parts->items, parts->count, sizeof *parts->items, compare_parts);
    for (uint32_t i = 0; i < parts->count; i++) keys += i == 0 || parts->items[i].key != parts->items[i - 1].key;
    rs_state_put_short(writer, keys);
    for (uint32_t i = 0; i < parts->count;) {
        const uint32_t key = parts->items[i].key;
        bool has_waits = false;
        for (; i < parts->count && parts->items[i].key == key; i++) {
            rs__record_t record;
            has_waits |= parts->items[i].has_waits;
            if (parts->items[i].record == RS__NONE) {
                add_open(store, key, merged);
                continue;
            }
            rs__log_read(&store->log, parts->items[i].record, merged->one_record, &record);
            rs__merge(merged, record.items, store->keys[key]->is_full ? record.item_count : record.counts);
        }
        rs_state_put_short(writer, (uint64_t)(key - before) << 1 | has_waits);
        put_items(writer, merged->items, rs__flatten(merged));
        before = key;
    }
}

/* Seconds of the log, rising. */
static int compare_seconds(const void *left, const void *right) {
    const rs__second_t *a = left, *b = right;
    return (a->second > b->second) - (a->second < b->second);
}

static rs__second_t *sorted_seconds(const rs_window_store_t *store) {
    rs__second_t *seconds = malloc(((size_t)store->log.second_count + 1) * sizeof *seconds);
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < RS__SLOTS && seconds != NULL; slot++) {
        for (uint32_t at = store->log.slots[slot]; at != RS__NONE;) {
            const rs__second_t *second = rs__slab_at(&store->log.seconds, at);
            seconds[count++] = *second;
            at = second->next;
        }
    }
    if (seconds != NULL) qsort(seconds, count, sizeof *seconds, compare_seconds);
    return seconds;
}

static void save_seconds(const rs_window_store_t *store, rs_state_writer_t *writer, const rs__second_t *seconds, rs__merged_t *merged) {
    parts_t parts = {0};
    for (uint32_t i = 0; i < store->log.second_count && !parts.out_of_memory; i++) {
        parts.count = 0;
        gather_records(store, seconds[i].first, merged->one_record, &parts);
        for (uint32_t at = store->newest_open; at != RS__NONE;) {
            const rs__open_t *open = rs__slab_at(&store->opens, at);
            at = open->older;
            if (open->second == seconds[i].second && open->item_count > 0) add_part(&parts, open->key, RS__NONE, open->has_waits);
        }
        if (parts.count == 0) continue;
        rs_state_put_u8(writer, 1);
        rs_state_put_u64(writer, (uint64_t)seconds[i].second);
        put_second(writer, store, &parts, merged);
    }
    rs_state_put_u8(writer, 0);
    if (parts.out_of_memory) rs_state_fail(writer, RS_ERR_MEMORY);
    free(parts.items);
}

void rs__panes_save(const rs_window_store_t *store, rs_state_writer_t *writer) {
    rs__second_t *seconds = sorted_seconds(store);
    rs__merged_t *merged = calloc(1, sizeof *merged);
    if (seconds == NULL || merged == NULL) rs_state_fail(writer, RS_ERR_MEMORY);
    else save_seconds(store, writer, seconds, merged);
    free(merged);
    free(seconds);
}

/* --- loading ----------------------------------------------------------------------------------------------------------- */
/* What a number of the file is here; RS__WHAT_END: nothing. */
static uint32_t what_here(const rs_state_figures_t *figures, uint64_t what) {
    if (what < RS__WHAT_HISTOGRAMS) {
        return what < figures->count_count && figures->counts[what] < RS_COUNT_COUNT ? figures->counts[what] : RS__WHAT_END;
    }
    const uint64_t histogram = (what - RS__WHAT_HISTOGRAMS) / RS_HIST_BUCKETS, bucket = (what - RS__WHAT_HISTOGRAMS) % RS_HIST_BUCKETS;
    if (histogram >= figures->histogram_count || figures->histograms[histogram] >= RS_HIST_COUNT) return RS__WHAT_END;
    return RS__WHAT_HISTOGRAMS + figures->histograms[histogram] * (uint32_t)RS_HIST_BUCKETS + (uint32_t)bucket;
}

/* Some items of a pane: into the log, and to the sum and the rows of windows that have lost the second. */
static void add_items(rs_window_store_t *store, rs_state_reader_t *reader, rs__key_t *key, int64_t second, const rs__item_t *items,
                      uint32_t count, bool has_waits) {
    uint8_t rows[RS__MAX_ROWS] = {RS__ROW_SUM};
    uint32_t row_count = 1;
    const bool roomy = rs__log_reserve(&store->log) && rs__slab_reserve(rs__more_slab(store, key), RS_PLACES_GROUPS) &&
                       (!key->is_full || rs__reserve_octaves(store));
    if (!roomy) {
        rs_state_refuse(reader, RS_ERR_LIMIT, "the windows hold more than limits.queue_keys allow now");
        return;
    }
    for (uint32_t row = RS__ROW_LONGEST; row < key->row_count; row++) {
        if (second <= store->evicted_s[rs__window_of_row(store, row)]) rows[row_count++] = (uint8_t)row;
    }
    rs__log_append(&store->log, key, second, items, count, has_waits);
    rs__total_add(store, key, rows, row_count, items, count);
}

static void get_pane(rs_window_store_t *store, const rs_state_figures_t *figures, rs_state_reader_t *reader, rs__key_t *key,
                     int64_t second, bool has_waits) {
    const bool kept = second > store->evicted_s[store->window_count - 1];
    const uint64_t count = rs_state_get_short(reader);
    rs__item_t items[RS__CHANGE_ITEMS];
    uint32_t filled = 0;
    uint64_t file_what = 0;
    for (uint64_t i = 0; i < count && rs_state_is_good(reader); i++) {
        const uint64_t coded = rs_state_get_short(reader);
        const int64_t delta = (coded & 1) == 0 ? 1 : rs_state_unfolded(rs_state_get_short(reader));
        file_what += coded >> 1;
        const bool in_range = coded >> 1 < UINT16_MAX && file_what < UINT16_MAX && delta > -(INT64_C(1) << 61) && delta < INT64_C(1) << 61;
        if (!in_range) rs_state_refuse(reader, RS_ERR_PARSE, "a pane's item is out of range");
        const uint32_t what = what_here(figures, file_what);
        if (what == RS__WHAT_END || (what >= RS__WHAT_HISTOGRAMS && !key->is_full)) continue;
        items[filled++] = (rs__item_t){.what = (uint16_t)what, .delta = delta};
        if (filled < RS__CHANGE_ITEMS) continue;
        if (kept && rs_state_is_good(reader)) add_items(store, reader, key, second, items, filled, has_waits);
        filled = 0;
    }
    const bool rest = filled > 0 || count == 0;   /* one that came to nothing leaves as others do */
    if (rest && kept && rs_state_is_good(reader)) add_items(store, reader, key, second, items, filled, has_waits);
}

void rs__panes_load(rs_window_store_t *store, const rs_state_figures_t *figures, rs_state_reader_t *reader) {
    const uint32_t key_count = atomic_load_explicit(&store->key_count, memory_order_relaxed);
    int64_t before = INT64_MIN;
    while (rs_state_get_u8(reader) == 1) {
        const int64_t second = (int64_t)rs_state_get_u64(reader);
        if (second <= before || second < -RS_US_PER_DAY || second > RS_US_PER_DAY * 365) {
            rs_state_refuse(reader, RS_ERR_PARSE, "a pane's second is out of range");
        }
        before = second;
        const uint64_t keys = rs_state_get_short(reader);
        uint64_t key = 0;
        for (uint64_t i = 0; i < keys && rs_state_is_good(reader); i++) {
            const uint64_t coded = rs_state_get_short(reader);
            if ((i > 0 && coded >> 1 == 0) || coded >> 1 >= key_count || key + (coded >> 1) >= key_count) {
                rs_state_refuse(reader, RS_ERR_PARSE, "a pane is of a key that is none");
                return;
            }
            key += coded >> 1;
            get_pane(store, figures, reader, store->keys[key], second, (coded & 1) != 0);
        }
    }
}
