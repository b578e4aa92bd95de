#include "core/rows_internal.h"

#include "config/bounds.h"
#include "core/hash.h"

#include <stdlib.h>

void rs_interval_of(const rs_interval_spec_t *spec, int64_t at_us, int64_t *start_us, int64_t *length_us) {
    switch (spec->mode) {
        case RS_INTERVAL_FIXED:
            *start_us = at_us - at_us % spec->length_us;
            *length_us = spec->length_us;
            break;
        case RS_INTERVAL_DAY:
            *start_us = rs_zone_day_start_us(spec->zone, at_us);
            *length_us = rs_zone_next_day_us(spec->zone, at_us) - *start_us;
            break;
        default:
            *start_us = 0;
            *length_us = 0;
            break;
    }
}

static uint32_t at_most(uint64_t wanted) { return wanted < UINT32_MAX / 2 ? (uint32_t)wanted : UINT32_MAX / 2; }

/* What --check says of a row. An index has up to four slots for each cell. */
_Static_assert(sizeof(rs_cell_t) + sizeof(uint32_t) + 4 * sizeof(rs_index_slot_t) + sizeof(rs_sums_t) + RS_LINES_EACH * RS_SUMS_LINE +
                   RS_TABLES_EACH * sizeof(rs_block_table_t) + RS_BLOCKS_EACH * sizeof(rs_block_t) <= RS_BYTES_ROW, "a row fits its bound");

static uint32_t rows_of(const void *item) { return (uint32_t)__builtin_popcount(((const rs_cell_t *)item)->dirty); }

int rs_rows_init(rs_rows_t *rows, uint32_t max_cells, uint32_t rows_each, const rs_interval_spec_t *spec, uint64_t run) {
    *rows = (rs_rows_t){.spec = *spec, .run = run};
    rs_changed_init(&rows->changed, &rows->cells, offsetof(rs_cell_t, link), rows_of);
    rows->scratch = malloc((size_t)RS_HIST_COUNT * RS_HIST_BUCKETS * sizeof *rows->scratch);
    if (spec->mode == RS_INTERVAL_FIXED) rows->ends = rs_table_take((uint64_t)max_cells * sizeof *rows->ends);
    if (spec->mode == RS_INTERVAL_FIXED && rows->ends == NULL) {
        rs_rows_deinit(rows);
        return RS_ERR_MEMORY;
    }
    if (rows->scratch == NULL || rs_pool_init(&rows->cells, sizeof(rs_cell_t), max_cells) != RS_OK ||
        rs_pool_init(&rows->sums, sizeof(rs_sums_t), at_most((uint64_t)max_cells * rows_each)) != RS_OK ||
        rs_sums_init(&rows->store, (uint64_t)max_cells * rows_each) != RS_OK ||
        rs_index_init(&rows->index, max_cells) != RS_OK) {
        rs_rows_deinit(rows);
        return RS_ERR_MEMORY;
    }
    return RS_OK;
}

void rs_rows_deinit(rs_rows_t *rows) {
    rs_pool_deinit(&rows->cells);
    rs_pool_deinit(&rows->sums);
    rs_sums_deinit(&rows->store);
    rs_index_deinit(&rows->index);
    free(rows->scratch);
    rs_table_give(rows->ends);
    *rows = (rs_rows_t){0};
}

/* --- cells ---------------------------------------------------------------------------------------------------------- */
static uint64_t cell_hash(uint32_t key, int64_t start_us) {
    return rs_hash_mix((uint64_t)key * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)start_us);
}

/* In the list of those that stay for what may move still. */
static bool is_held(const rs_cell_t *cell) { return cell->is_final && cell->dirty == 0 && cell->standing != 0; }
/* Only waits for the store. */
static bool is_leaving(const rs_cell_t *cell) { return cell->is_final && cell->dirty != 0; }

static void note_end(rs_rows_t *rows, uint32_t number, int64_t end_us) {
    if (rows->ends != NULL) rows->ends[number - 1] = (uint32_t)(end_us / rows->spec.length_us);
}

bool rs__rows_restore(rs_rows_t *rows, uint32_t number) {
    const rs_cell_t *cell = rs_rows_cell(rows, number);
    if (!cell->is_final) note_end(rows, number, cell->start_us + cell->length_us);
    const uint64_t hash = cell_hash(cell->key, cell->start_us);
    uint32_t cursor = rs_index_begin(&rows->index, hash), other;
    while ((other = rs_index_next(&rows->index, hash, &cursor)) != 0) {
        const rs_cell_t *known = rs_rows_cell(rows, other);
        if (known->key == cell->key && known->start_us == cell->start_us) return false;
    }
    rs_index_add(&rows->index, hash, number);
    rows->changed.leaving += is_leaving(cell);
    rows->held_count += is_held(cell);
    return true;
}

static uint32_t look_up(const rs_rows_t *rows, uint32_t key, int64_t start_us) {
    const uint64_t hash = cell_hash(key, start_us);
    uint32_t cursor = rs_index_begin(&rows->index, hash), number;
    while ((number = rs_index_next(&rows->index, hash, &cursor)) != 0) {
        const rs_cell_t *cell = rs_rows_cell(rows, number);
        if (cell->key == key && cell->start_us == start_us) break;
    }
    return number;
}

uint32_t rs_rows_known(const rs_rows_t *rows, uint32_t key, int64_t at_us) {
    int64_t start_us, length_us;
    rs_interval_of(&rows->spec, at_us, &start_us, &length_us);
    return look_up(rows, key, start_us);
}

static void free_cell(rs_rows_t *rows, uint32_t number) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    rs_sums_free(&rows->store, &cell->common);
    for (unsigned a = 0; a < RS_ATTRIBUTION_COUNT; a++) {
        if (cell->own[a] == 0) continue;
        rs_sums_free(&rows->store, rs_pool_at(&rows->sums, cell->own[a]));
        rs_pool_give(&rows->sums, cell->own[a]);
    }
    rs_index_remove(&rows->index, cell_hash(cell->key, cell->start_us), number);
    if (rows->ends != NULL) rows->ends[number - 1] = 0;
    cell->is_free = true;   /* so that nobody who remembers the number takes it for a cell */
    rs_pool_give(&rows->cells, number);
}

static void hold(rs_rows_t *rows, uint32_t number) {
    rs_changed_append(&rows->changed, &rows->held, number);
    rows->held_count++;
}

static void release(rs_rows_t *rows, uint32_t number) {
    rs_changed_take_out(&rows->changed, &rows->held, number);
    rows->held_count--;
}

static void free_held(rs_rows_t *rows, uint32_t number) {
    release(rows, number);
    free_cell(rows, number);
}

void rs_rows_make_room(rs_rows_t *rows) {
    while (rows->held.head != 0 && rows->cells.max_items - rows->cells.live < RS_ATTRIBUTION_COUNT) free_held(rows, rows->held.head);
}

uint32_t rs_rows_find(rs_rows_t *rows, uint32_t likely, uint32_t key, int64_t at_us) {
    if (likely != 0) {
        const rs_cell_t *cell = rs_rows_cell(rows, likely);
        const bool inside = cell->length_us == 0 || (at_us >= cell->start_us && at_us < cell->start_us + cell->length_us);
        if (inside && cell->key == key && !cell->is_free) return likely;
    }
    int64_t start_us, length_us;
    rs_interval_of(&rows->spec, at_us, &start_us, &length_us);
    uint32_t number = look_up(rows, key, start_us);
    if (number != 0) return number;
    number = rs_pool_take(&rows->cells);
    if (number == 0) {
        rows->store.dropped++;
        return 0;
    }
    rs_cell_t *cell = rs_rows_cell(rows, number);
    cell->key = key;
    cell->start_us = start_us;
    cell->length_us = length_us;
    note_end(rows, number, start_us + length_us);
    cell->part = rows->run << 32 | (++rows->part_counter & UINT32_MAX);
    rs_index_add(&rows->index, cell_hash(key, start_us), number);
    return number;
}

rs_sums_t *rs_rows_own(rs_rows_t *rows, rs_cell_t *cell, unsigned attribution) {
    if (cell->own[attribution] == 0) {
        cell->own[attribution] = rs_pool_take(&rows->sums);
        if (cell->own[attribution] == 0) {
            rows->store.dropped++;
            return NULL;
        }
    }
    return rs_pool_at(&rows->sums, cell->own[attribution]);
}

/* The first cell from `number` on that is due, called for, because they lie anywhere; past the last one when there is none. */
static uint32_t next_due(const rs_rows_t *rows, uint32_t number, uint32_t frontier) {
    while (number <= rows->cells.made && (rows->ends[number - 1] == 0 || rows->ends[number - 1] > frontier)) number++;
    if (number <= rows->cells.made) __builtin_prefetch(&rs_rows_cell(rows, number)->key, 1);
    return number;
}

void rs_rows_finalise(rs_rows_t *rows, int64_t frontier_us) {
    enum { AHEAD = 8 };
    const uint32_t frontier = (uint32_t)(frontier_us / rows->spec.length_us);
    uint32_t ahead = next_due(rows, 1, frontier);
    for (unsigned i = 0; i < AHEAD; i++) ahead = next_due(rows, ahead + 1, frontier);
    for (uint32_t number = next_due(rows, 1, frontier); number <= rows->cells.made; number = next_due(rows, number + 1, frontier)) {
        ahead = next_due(rows, ahead + 1, frontier);
        rows->ends[number - 1] = 0;
        rs_rows_touch(rows, number, rs_rows_cell(rows, number)->attributions);
        rs_cell_t *cell = rs_rows_cell(rows, number);
        cell->is_final = true;   /* after it: only a final one can be among the held */
        rows->changed.leaving += is_leaving(cell);
    }
}

void rs_rows_touch(rs_rows_t *rows, uint32_t number, unsigned attributions) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    const unsigned fresh = attributions & ~(unsigned)cell->dirty;
    const bool was_leaving = is_leaving(cell);
    if (fresh != 0 && is_held(cell)) release(rows, number);
    cell->attributions |= (uint8_t)attributions;
    cell->dirty |= (uint8_t)attributions;
    rows->changed.leaving += is_leaving(cell) && !was_leaving;
    rs_changed_touch(&rows->changed, number, (uint32_t)__builtin_popcount(fresh));
}

void rs_rows_touch_key(rs_rows_t *rows, uint32_t key) {
    for (uint32_t number = 1; number <= rows->cells.made; number++) {
        const rs_cell_t *cell = rs_rows_cell(rows, number);
        if (!cell->is_free && cell->key == key) rs_rows_touch(rows, number, cell->attributions);
    }
}

void rs_rows_stand(rs_rows_t *rows, uint32_t number, int32_t facts) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    const int64_t standing = (int64_t)cell->standing + facts;
    if (standing > 0) {
        cell->standing = (uint32_t)standing;
        return;
    }
    if (is_held(cell)) free_held(rows, number);
    else cell->standing = 0;   /* below: they stood in an earlier part of the row */
}

/* --- what the store has --------------------------------------------------------------------------------------------- */
static void on_stored(void *context, uint32_t number) {
    rs_rows_t *rows = context;
    rs_cell_t *cell = rs_rows_cell(rows, number);
    rows->changed.leaving -= is_leaving(cell);
    cell->dirty = 0;
    if (is_held(cell)) hold(rows, number);
    else if (cell->is_final) free_cell(rows, number);
}

void rs_rows_confirm(rs_rows_t *rows, const rs_collected_t *collected) {
    rs_changed_confirm(&rows->changed, collected, on_stored, rows);
}

bool rs_rows_wait_too_much(const rs_rows_t *rows) {
    const uint32_t most = rows->cells.max_items;
    return rs_changed_is_short(rows->cells.live - rows->held_count, most) && rs_changed_holds_up(&rows->changed, most);
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */
static const rs_sums_t *own_of(const rs_rows_t *rows, const rs_cell_t *cell, unsigned attribution) {
    return cell->own[attribution] == 0 ? NULL : rs_pool_at(&rows->sums, cell->own[attribution]);
}

/* What a row is made of: common and own; of attribution close, own alone. */
static void parts_of(const rs_rows_t *rows, const rs_cell_t *cell, unsigned attribution, const rs_sums_t *parts[2]) {
    static const rs_sums_t nothing;
    const rs_sums_t *own = own_of(rows, cell, attribution);
    parts[0] = attribution != RS_ATTRIBUTION_CLOSE ? &cell->common : own != NULL ? own : &nothing;
    parts[1] = attribution != RS_ATTRIBUTION_CLOSE ? own : NULL;
}

/* Rows are read in the order of the dirty list, and their cells lie anywhere. So the third from here is called for, of the second what
 * its sums point to, and of the first what that points to. */
static void prefetch_ahead(const rs_rows_t *rows, const rs_cell_t *cell) {
    const rs_cell_t *ahead[3] = {cell, cell, cell};
    for (unsigned i = 0; i < 3; i++) {
        const rs_cell_t *before = i == 0 ? cell : ahead[i - 1];
        if (before->link.next == 0) break;
        ahead[i] = rs_rows_cell(rows, before->link.next);
    }
    const unsigned char *third = (const unsigned char *)ahead[2];
    for (size_t at = 0; at < sizeof *cell; at += 64) __builtin_prefetch(third + at);
    rs_sums_prefetch(&rows->store, &ahead[1]->common);
    rs_sums_prefetch_blocks(&rows->store, &ahead[0]->common);
}

void rs_rows_read(rs_rows_t *rows, uint32_t number, unsigned attribution, rs_row_t *row) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    if (cell->dirty != 0) prefetch_ahead(rows, cell);
    const rs_sums_t *parts[2];
    parts_of(rows, cell, attribution, parts);
    *row = (rs_row_t){.attribution = (uint8_t)attribution, .start_us = cell->start_us, .length_us = cell->length_us,
                      .part = cell->part, .revision = cell->link.revision, .final = cell->is_final,
                      .still_open = cell->still_open};
    for (unsigned i = 0; i < 2; i++) {
        if (parts[i] != NULL) rs_sums_add_counts(&rows->store, parts[i], row->counts);
    }
    rs_sums_read_threshold(&rows->store, parts, row);
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) row->histograms[h] = rows->scratch + (size_t)h * RS_HIST_BUCKETS;
    rs_sums_histograms(&rows->store, parts, rows->scratch, row->histogram_sizes);
    rs_sums_extremes(&rows->store, parts, row);
}

bool rs_rows_is_empty(const rs_rows_t *rows, const rs_cell_t *cell, unsigned attribution) {
    if ((cell->attributions & 1u << attribution) == 0) return true;
    if (cell->still_open != 0) return false;
    const rs_sums_t *parts[2];
    parts_of(rows, cell, attribution, parts);
    int64_t counts[RS_COUNT_COUNT] = {0};
    for (unsigned i = 0; i < 2; i++) {
        if (parts[i] != NULL) rs_sums_add_counts(&rows->store, parts[i], counts);
    }
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) {
        if (counts[i] != 0) return false;
    }
    return true;
}

uint64_t rs_rows_bytes(const rs_rows_t *rows) {
    return rs_pool_bytes(&rows->cells) + rs_pool_bytes(&rows->sums) + rs_sums_bytes(&rows->store) + rs_index_bytes(&rows->index);
}
