#include "core/rows.h"

#include "core/hash.h"

#include <stdlib.h>

typedef struct rs_block_table { uint32_t blocks[RS_HIST_BLOCKS]; } rs_block_table_t;
typedef struct rs_block { int32_t counts[RS_HIST_PER_OCTAVE]; } rs_block_t;

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

int rs_rows_init(rs_rows_t *rows, uint32_t max_cells, const rs_interval_spec_t *spec, uint64_t run) {
    *rows = (rs_rows_t){.spec = *spec, .run = run};
    const uint64_t tables = (uint64_t)max_cells * RS_HIST_COUNT, blocks = (uint64_t)max_cells * 24;
    rows->scratch = malloc((size_t)RS_HIST_COUNT * RS_HIST_BUCKETS * sizeof *rows->scratch);
    if (rows->scratch == NULL || rs_pool_init(&rows->cells, sizeof(rs_cell_t), max_cells) != RS_OK ||
        rs_pool_init(&rows->tables, sizeof(rs_block_table_t), (uint32_t)(tables < UINT32_MAX / 2 ? tables : UINT32_MAX / 2)) != RS_OK ||
        rs_pool_init(&rows->blocks, sizeof(rs_block_t), (uint32_t)(blocks < UINT32_MAX / 2 ? blocks : UINT32_MAX / 2)) != RS_OK ||
        rs_index_init(&rows->index, max_cells) != RS_OK) {
        rs_rows_deinit(rows);
        return RS_ERR_MEMORY;
    }
    return RS_OK;
}

void rs_rows_deinit(rs_rows_t *rows) {
    rs_pool_deinit(&rows->cells);
    rs_pool_deinit(&rows->tables);
    rs_pool_deinit(&rows->blocks);
    rs_index_deinit(&rows->index);
    free(rows->scratch);
    *rows = (rs_rows_t){0};
}

static uint64_t cell_hash(uint32_t key, unsigned attribution, int64_t start_us) {
    return rs_hash_mix(((uint64_t)key << 2 | attribution) * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)start_us);
}

uint32_t rs_rows_find(rs_rows_t *rows, uint32_t likely, uint32_t key, unsigned attribution, int64_t at_us) {
    if (likely != 0) {
        const rs_cell_t *cell = rs_rows_cell(rows, likely);
        const bool inside = cell->length_us == 0 || (at_us >= cell->start_us && at_us < cell->start_us + cell->length_us);
        if (inside && cell->key == key && cell->attribution == attribution) return likely;
    }
    int64_t start_us, length_us;
    rs_interval_of(&rows->spec, at_us, &start_us, &length_us);
    const uint64_t hash = cell_hash(key, attribution, start_us);
    uint32_t cursor = rs_index_begin(&rows->index, hash), number;
    while ((number = rs_index_next(&rows->index, hash, &cursor)) != 0) {
        const rs_cell_t *cell = rs_rows_cell(rows, number);
        if (cell->key == key && cell->start_us == start_us && cell->attribution == attribution) return number;
    }
    number = rs_pool_take(&rows->cells);
    if (number == 0) {
        rows->dropped++;
        return 0;
    }
    rs_cell_t *cell = rs_rows_cell(rows, number);
    cell->key = key;
    cell->attribution = (uint8_t)attribution;
    cell->start_us = start_us;
    cell->length_us = length_us;
    cell->part = rows->run << 32 | (++rows->part_counter & UINT32_MAX);
    for (unsigned i = 0; i < RS_EXTREME_COUNT; i++) cell->bests[i].pushed = INT64_MIN;
    rs_index_add(&rows->index, hash, number);
    return number;
}

void rs_rows_touch(rs_rows_t *rows, uint32_t number) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    cell->revision = ++rows->revision_counter;
    if (cell->is_dirty) return;
    cell->is_dirty = 1;
    cell->dirty_next = 0;
    cell->dirty_previous = rows->dirty_tail;
    if (rows->dirty_tail != 0) rs_rows_cell(rows, rows->dirty_tail)->dirty_next = number;
    else rows->dirty_head = number;
    rows->dirty_tail = number;
    rows->dirty_count++;
}

void rs_rows_clean(rs_rows_t *rows, uint32_t number) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    if (!cell->is_dirty) return;
    if (cell->dirty_previous != 0) rs_rows_cell(rows, cell->dirty_previous)->dirty_next = cell->dirty_next;
    else rows->dirty_head = cell->dirty_next;
    if (cell->dirty_next != 0) rs_rows_cell(rows, cell->dirty_next)->dirty_previous = cell->dirty_previous;
    else rows->dirty_tail = cell->dirty_previous;
    cell->is_dirty = 0;
    rows->dirty_count--;
}

void rs_rows_free(rs_rows_t *rows, uint32_t number) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    RS_REQUIRE(!cell->is_dirty);
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        if (cell->histograms[h] == 0) continue;
        const rs_block_table_t *table = rs_pool_at(&rows->tables, cell->histograms[h]);
        for (unsigned b = 0; b < RS_HIST_BLOCKS; b++) {
            if (table->blocks[b] != 0) rs_pool_give(&rows->blocks, table->blocks[b]);
        }
        rs_pool_give(&rows->tables, cell->histograms[h]);
    }
    rs_index_remove(&rows->index, cell_hash(cell->key, cell->attribution, cell->start_us), number);
    cell->attribution = UINT8_MAX;   /* so that nobody who remembers the number takes it for a cell */
    rs_pool_give(&rows->cells, number);
}

void rs_rows_duration(rs_rows_t *rows, rs_cell_t *cell, rs_histogram_id_t histogram, int64_t duration_us, int sign) {
    const uint32_t bucket = rs_hist_bucket(duration_us), place = bucket / RS_HIST_PER_OCTAVE;
    if (cell->histograms[histogram] == 0) cell->histograms[histogram] = rs_pool_take(&rows->tables);
    if (cell->histograms[histogram] == 0) {
        rows->dropped++;
        return;
    }
    rs_block_table_t *table = rs_pool_at(&rows->tables, cell->histograms[histogram]);
    if (table->blocks[place] == 0) table->blocks[place] = rs_pool_take(&rows->blocks);
    if (table->blocks[place] == 0) {
        rows->dropped++;
        return;
    }
    rs_block_t *block = rs_pool_at(&rows->blocks, table->blocks[place]);
    block->counts[bucket % RS_HIST_PER_OCTAVE] += sign;
}

static const bool extreme_is_max[] = {
#define RS_X(NAME, name, is_max) is_max,
    RS_EXTREMES(RS_X)
#undef RS_X
};

static void best_add(rs_best_t *best, int64_t value) {
    uint32_t place = best->count;
    while (place > 0 && best->kept[place - 1] < value) place--;
    if (place == RS_BEST_KEPT || (best->count > 0 && place == best->count && value < best->pushed)) {
        if (value > best->pushed) best->pushed = value;
        return;
    }
    if (best->count == 0 && value < best->pushed) {   /* a better one was pushed out before: it comes back as the best */
        best->kept[0] = best->pushed;
        best->count = 1;
        return;
    }
    if (best->count == RS_BEST_KEPT) {
        const int64_t last = best->kept[RS_BEST_KEPT - 1];
        if (last > best->pushed) best->pushed = last;
        best->count--;
    }
    memmove(&best->kept[place + 1], &best->kept[place], (best->count - place) * sizeof best->kept[0]);
    best->kept[place] = value;
    best->count++;
}

static void best_take_back(rs_best_t *best, int64_t value) {
    for (uint32_t i = 0; i < best->count; i++) {
        if (best->kept[i] != value) continue;
        best->count--;
        memmove(&best->kept[i], &best->kept[i + 1], (best->count - i) * sizeof best->kept[0]);
        return;
    }
}

void rs_rows_extreme(rs_cell_t *cell, rs_extreme_t extreme, int64_t value_us, int sign) {
    const int64_t value = extreme_is_max[extreme] ? value_us : -value_us;
    if (sign > 0) best_add(&cell->bests[extreme], value);
    else best_take_back(&cell->bests[extreme], value);
}

static int64_t extreme_value(const rs_best_t *best, rs_extreme_t extreme) {
    const int64_t value = best->count > 0 ? best->kept[0] : best->pushed;
    if (value == INT64_MIN) return -1;
    return extreme_is_max[extreme] ? value : -value;
}

void rs_rows_threshold(rs_cell_t *cell, int64_t threshold_us, int sign) {
    unsigned free_place = RS_THRESHOLDS_KEPT;
    for (unsigned i = 0; i < RS_THRESHOLDS_KEPT; i++) {
        if (cell->threshold_uses[i] == 0) free_place = i;
        else if (cell->thresholds[i] == threshold_us) {
            cell->threshold_uses[i] += sign;
            return;
        }
    }
    /* One that is not among the places was counted without one, if any was. */
    if (free_place == RS_THRESHOLDS_KEPT || (sign < 0 && cell->threshold_others > 0)) {
        cell->threshold_others += sign;
        return;
    }
    cell->thresholds[free_place] = threshold_us;
    cell->threshold_uses[free_place] = sign;
}

static int64_t cell_threshold(const rs_cell_t *cell) {
    int64_t threshold_us = -1;
    for (unsigned i = 0; i < RS_THRESHOLDS_KEPT; i++) {
        if (cell->threshold_uses[i] == 0) continue;
        if (threshold_us >= 0) return -1;
        threshold_us = cell->thresholds[i];
    }
    return cell->threshold_others == 0 ? threshold_us : -1;
}

static uint32_t read_histogram(const rs_rows_t *rows, const rs_cell_t *cell, unsigned histogram, rs_hist_entry_t *entries) {
    if (cell->histograms[histogram] == 0) return 0;
    const rs_block_table_t *table = rs_pool_at(&rows->tables, cell->histograms[histogram]);
    uint32_t count = 0;
    for (uint32_t b = 0; b < RS_HIST_BLOCKS; b++) {
        if (table->blocks[b] == 0) continue;
        const rs_block_t *block = rs_pool_at(&rows->blocks, table->blocks[b]);
        for (uint32_t i = 0; i < RS_HIST_PER_OCTAVE; i++) {
            if (block->counts[i] == 0) continue;
            entries[count++] = (rs_hist_entry_t){.bucket = (uint16_t)(b * RS_HIST_PER_OCTAVE + i), .count = block->counts[i]};
        }
    }
    return count;
}

void rs_rows_read(rs_rows_t *rows, uint32_t number, rs_row_t *row) {
    const rs_cell_t *cell = rs_rows_cell(rows, number);
    *row = (rs_row_t){.attribution = cell->attribution, .start_us = cell->start_us, .length_us = cell->length_us,
                      .part = cell->part, .revision = cell->revision, .final = cell->is_final != 0,
                      .still_open = cell->still_open, .threshold_us = cell_threshold(cell)};
    memcpy(row->counts, cell->counts, sizeof row->counts);
    const int64_t answered = cell->counts[RS_COUNT_ANSWERED], abandoned = cell->counts[RS_COUNT_ABANDONED];
    const int64_t closed = answered + abandoned + cell->counts[RS_COUNT_FLOWED_OUT] + cell->counts[RS_COUNT_CALLBACKS];
    const int64_t rests_on[RS_EXTREME_COUNT] = {
        [RS_EXTREME_WAIT_MAX] = closed, [RS_EXTREME_ANSWERED_MIN] = answered, [RS_EXTREME_ANSWERED_MAX] = answered,
        [RS_EXTREME_ABANDONED_MIN] = abandoned, [RS_EXTREME_ABANDONED_MAX] = abandoned};
    for (unsigned i = 0; i < RS_EXTREME_COUNT; i++) {
        row->extremes[i] = rests_on[i] == 0 ? -1 : extreme_value(&cell->bests[i], (rs_extreme_t)i);
    }
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        rs_hist_entry_t *entries = rows->scratch + (size_t)h * RS_HIST_BUCKETS;
        row->histograms[h] = entries;
        row->histogram_sizes[h] = read_histogram(rows, cell, h, entries);
    }
}

bool rs_cell_is_empty(const rs_cell_t *cell) {
    if (cell->still_open != 0) return false;
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) {
        if (cell->counts[i] != 0) return false;
    }
    return true;
}

uint64_t rs_rows_bytes(const rs_rows_t *rows) {
    return rs_pool_bytes(&rows->cells) + rs_pool_bytes(&rows->tables) + rs_pool_bytes(&rows->blocks) + rs_index_bytes(&rows->index);
}
