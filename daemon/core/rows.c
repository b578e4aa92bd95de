#include "core/rows_internal.h"

#include "core/blocks.h"
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

/* What most changes touch lies together in two cache lines; the rest follows in its order. */
static void lay_out(rs_rows_t *rows) {
    static const uint8_t hot[] = {
        RS_COUNT_OFFERED, RS_COUNT_OFFERS, RS_COUNT_ANSWERED, RS_COUNT_ANSWERED_IN_T, RS_COUNT_WAIT_ANSWERED_US, RS_COUNT_EXCESS_US,
        RS_COUNT_SL_NUM_0, RS_COUNT_SL_DEN_0,
        RS_COUNT_HANDLED, RS_COUNT_TALK_US, RS_COUNT_HOLD_US, RS_COUNT_HOLDS, RS_COUNT_WRAP_US, RS_COUNT_WRAPS,
        RS_COUNT_HANDLED_SHORT, RS_COUNT_TRANSFERRED_OUT};
    bool taken[RS_COUNT_COUNT] = {false};
    uint8_t next = 0;
    for (; next < RS_ARRAY_LEN(hot); next++) {
        rows->place[hot[next]] = next;
        taken[hot[next]] = true;
    }
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) {
        if (!taken[i]) rows->place[i] = next++;
    }
}

static uint32_t at_most(uint64_t wanted) { return wanted < UINT32_MAX / 2 ? (uint32_t)wanted : UINT32_MAX / 2; }

int rs_rows_init(rs_rows_t *rows, uint32_t max_cells, const rs_interval_spec_t *spec, uint64_t run) {
    *rows = (rs_rows_t){.spec = *spec, .run = run};
    lay_out(rows);
    rows->scratch = malloc((size_t)RS_HIST_COUNT * RS_HIST_BUCKETS * sizeof *rows->scratch);
    if (rows->scratch == NULL || rs_pool_init(&rows->cells, sizeof(rs_cell_t), max_cells) != RS_OK ||
        rs_pool_init(&rows->sums, sizeof(rs_sums_t), at_most((uint64_t)max_cells * RS_ATTRIBUTION_COUNT)) != RS_OK ||
        rs_pool_init(&rows->tables, sizeof(rs_block_table_t), at_most((uint64_t)max_cells * 2 * RS_HIST_COUNT)) != RS_OK ||
        rs_pool_init(&rows->blocks, sizeof(rs_block_t), at_most((uint64_t)max_cells * 2 * 24)) != RS_OK ||
        rs_index_init(&rows->index, max_cells) != RS_OK) {
        rs_rows_deinit(rows);
        return RS_ERR_MEMORY;
    }
    return RS_OK;
}

void rs_rows_deinit(rs_rows_t *rows) {
    rs_pool_deinit(&rows->cells);
    rs_pool_deinit(&rows->sums);
    rs_pool_deinit(&rows->tables);
    rs_pool_deinit(&rows->blocks);
    rs_index_deinit(&rows->index);
    free(rows->scratch);
    *rows = (rs_rows_t){0};
}

/* --- cells ---------------------------------------------------------------------------------------------------------- */
static uint64_t cell_hash(uint32_t key, int64_t start_us) {
    return rs_hash_mix((uint64_t)key * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)start_us);
}

void rs__rows_begin_sums(rs_sums_t *sums) {
    for (unsigned i = 0; i < RS_EXTREME_COUNT; i++) sums->edges[i] = (rs_best_edge_t){.worst = INT64_MIN, .pushed = INT64_MIN};
}

bool rs__rows_restore(rs_rows_t *rows, uint32_t number) {
    const rs_cell_t *cell = rs_rows_cell(rows, number);
    const uint64_t hash = cell_hash(cell->key, cell->start_us);
    uint32_t cursor = rs_index_begin(&rows->index, hash), other;
    while ((other = rs_index_next(&rows->index, hash, &cursor)) != 0) {
        const rs_cell_t *known = rs_rows_cell(rows, other);
        if (known->key == cell->key && known->start_us == cell->start_us) return false;
    }
    rs_index_add(&rows->index, hash, number);
    return true;
}

uint32_t rs_rows_find(rs_rows_t *rows, uint32_t likely, uint32_t key, int64_t at_us) {
    if (likely != 0) {
        const rs_cell_t *cell = rs_rows_cell(rows, likely);
        const bool inside = cell->length_us == 0 || (at_us >= cell->start_us && at_us < cell->start_us + cell->length_us);
        if (inside && cell->key == key && !cell->is_free) return likely;
    }
    int64_t start_us, length_us;
    rs_interval_of(&rows->spec, at_us, &start_us, &length_us);
    const uint64_t hash = cell_hash(key, start_us);
    uint32_t cursor = rs_index_begin(&rows->index, hash), number;
    while ((number = rs_index_next(&rows->index, hash, &cursor)) != 0) {
        const rs_cell_t *cell = rs_rows_cell(rows, number);
        if (cell->key == key && cell->start_us == start_us) return number;
    }
    number = rs_pool_take(&rows->cells);
    if (number == 0) {
        rows->dropped++;
        return 0;
    }
    rs_cell_t *cell = rs_rows_cell(rows, number);
    cell->key = key;
    cell->start_us = start_us;
    cell->length_us = length_us;
    cell->part = rows->run << 32 | (++rows->part_counter & UINT32_MAX);
    rs__rows_begin_sums(&cell->common);
    rs_index_add(&rows->index, hash, number);
    return number;
}

rs_sums_t *rs_rows_own(rs_rows_t *rows, rs_cell_t *cell, unsigned attribution) {
    if (cell->own[attribution] == 0) {
        cell->own[attribution] = rs_pool_take(&rows->sums);
        if (cell->own[attribution] == 0) {
            rows->dropped++;
            return NULL;
        }
        rs__rows_begin_sums(rs_pool_at(&rows->sums, cell->own[attribution]));
    }
    return rs_pool_at(&rows->sums, cell->own[attribution]);
}

static void append_dirty(rs_rows_t *rows, uint32_t number) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    cell->dirty_since = ++rows->dirty_counter;
    cell->dirty_next = 0;
    cell->dirty_previous = rows->dirty_tail;
    if (rows->dirty_tail != 0) rs_rows_cell(rows, rows->dirty_tail)->dirty_next = number;
    else rows->dirty_head = number;
    rows->dirty_tail = number;
}

void rs_rows_touch(rs_rows_t *rows, uint32_t number, unsigned attributions) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    const bool was_clean = cell->dirty == 0;
    cell->revision = ++rows->revision_counter;
    rows->dirty_count += (uint32_t)__builtin_popcount(attributions & ~(unsigned)cell->dirty);
    cell->attributions |= (uint8_t)attributions;
    cell->dirty |= (uint8_t)attributions;
    if (was_clean && attributions != 0) append_dirty(rows, number);
}

static void free_histograms(rs_rows_t *rows, const rs_sums_t *sums) {
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        rs_blocks_give(&rows->tables, &rows->blocks, sums->histograms[h]);
    }
}

static void free_cell(rs_rows_t *rows, uint32_t number) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    free_histograms(rows, &cell->common);
    for (unsigned a = 0; a < RS_ATTRIBUTION_COUNT; a++) {
        if (cell->own[a] == 0) continue;
        free_histograms(rows, rs_pool_at(&rows->sums, cell->own[a]));
        rs_pool_give(&rows->sums, cell->own[a]);
    }
    rs_index_remove(&rows->index, cell_hash(cell->key, cell->start_us), number);
    cell->is_free = true;   /* so that nobody who remembers the number takes it for a cell */
    rs_pool_give(&rows->cells, number);
}

/* --- what the store has --------------------------------------------------------------------------------------------- */
uint32_t rs_rows_next_dirty(const rs_rows_t *rows) {
    return rows->in_hand.last != 0 ? rs_rows_cell(rows, rows->in_hand.last)->dirty_next : rows->dirty_head;
}

void rs_rows_take_in_hand(rs_rows_t *rows, uint32_t number) {
    const rs_cell_t *cell = rs_rows_cell(rows, number);
    rs_in_hand_t *hand = &rows->in_hand;
    if (hand->last == 0) hand->revision = rows->revision_counter;
    hand->last = number;
    hand->through = cell->dirty_since;
    hand->rows += (uint32_t)__builtin_popcount(cell->dirty);
}

static void take_first_dirty(rs_rows_t *rows) {
    rs_cell_t *cell = rs_rows_cell(rows, rows->dirty_head);
    rows->dirty_head = cell->dirty_next;
    if (rows->dirty_head != 0) rs_rows_cell(rows, rows->dirty_head)->dirty_previous = 0;
    else rows->dirty_tail = 0;
    cell->dirty_next = cell->dirty_previous = 0;
    cell->dirty_since = 0;
}

static void clean(rs_rows_t *rows, uint32_t number) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    rows->dirty_count -= (uint32_t)__builtin_popcount(cell->dirty);
    cell->dirty = 0;
    if (cell->is_final) free_cell(rows, number);
}

/* What of the list's beginning is in hand still. */
static void keep_in_hand(rs_rows_t *rows, uint64_t through) {
    rs_in_hand_t *hand = &rows->in_hand;
    if (hand->through <= through) *hand = (rs_in_hand_t){0};
    hand->rows = 0;
    for (uint32_t number = hand->last; number != 0; number = rs_rows_cell(rows, number)->dirty_previous) {
        hand->rows += (uint32_t)__builtin_popcount(rs_rows_cell(rows, number)->dirty);
    }
}

void rs_rows_confirm(rs_rows_t *rows, const rs_collected_t *collected) {
    const uint64_t through = collected->through < rows->dirty_counter ? collected->through : rows->dirty_counter;
    while (rows->dirty_head != 0 && rs_rows_cell(rows, rows->dirty_head)->dirty_since <= through) {
        const uint32_t number = rows->dirty_head;
        take_first_dirty(rows);
        if (rs_rows_cell(rows, number)->revision > collected->revision) append_dirty(rows, number);
        else clean(rows, number);
    }
    keep_in_hand(rows, through);
}

/* --- durations -------------------------------------------------------------------------------------------------------- */
/* The durations that wait go to their histograms. */
static void settle_durations(rs_rows_t *rows, rs_sums_t *sums) {
    for (unsigned i = 0; i < sums->duration_count; i++) {
        const unsigned packed = sums->durations[i], bucket = packed & ((1u << RS__BUCKET_BITS) - 1);
        const unsigned histogram = packed >> RS__BUCKET_BITS & ((1u << RS__HISTOGRAM_BITS) - 1);
        rs_block_t *block = rs_blocks_make(&rows->tables, &rows->blocks, &sums->histograms[histogram], bucket / RS_HIST_PER_OCTAVE);
        if (block == NULL) rows->dropped++;
        else block->counts[bucket % RS_HIST_PER_OCTAVE] += (packed & RS__TAKEN_BACK) != 0 ? -1 : 1;
    }
    sums->duration_count = 0;
}

void rs_rows_duration(rs_rows_t *rows, rs_sums_t *sums, rs_histogram_id_t histogram, int64_t duration_us, int sign) {
    if (sums->duration_count == RS_DURATIONS_WAITING) settle_durations(rows, sums);
    const unsigned packed = (unsigned)histogram << RS__BUCKET_BITS | rs_hist_bucket(duration_us) | (sign < 0 ? (unsigned)RS__TAKEN_BACK : 0);
    sums->durations[sums->duration_count++] = (uint16_t)packed;
}

/* --- extremes --------------------------------------------------------------------------------------------------------- */
static const bool extreme_is_max[] = {
#define RS_X(NAME, name, is_max) is_max,
    RS_EXTREMES(RS_X)
#undef RS_X
};

static void best_add(rs_best_t *best, rs_best_edge_t *edge, int64_t value) {
    uint32_t place = best->count;
    while (place > 0 && best->kept[place - 1] < value) place--;
    if (best->count > 0 && place == best->count && value < edge->pushed) return;
    if (best->count == 0 && value < edge->pushed) {   /* a better one was pushed out before: it comes back as the best */
        best->kept[0] = edge->pushed;
        best->count = 1;
        return;
    }
    if (best->count == RS_BEST_KEPT) {
        const int64_t last = best->kept[RS_BEST_KEPT - 1];
        if (last > edge->pushed) edge->pushed = last;
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

void rs_rows_extreme(rs_sums_t *sums, rs_extreme_t extreme, int64_t value_us, int sign) {
    const int64_t value = extreme_is_max[extreme] ? value_us : -value_us;
    rs_best_edge_t *edge = &sums->edges[extreme];
    if (value <= edge->worst) {   /* the list is full of better ones, or of equals */
        if (sign > 0 && value > edge->pushed) edge->pushed = value;
        if (sign > 0 || value < edge->worst) return;
    }
    rs_best_t *best = &sums->bests[extreme];
    if (sign > 0) best_add(best, edge, value);
    else best_take_back(best, value);
    edge->worst = best->count == RS_BEST_KEPT ? best->kept[RS_BEST_KEPT - 1] : INT64_MIN;
}

/* The extreme of common and own sums, -1 when neither has a value. */
static int64_t extreme_of(const rs_rows_t *rows, const rs_sums_t *const parts[2], unsigned extreme) {
    int64_t found = INT64_MIN;
    for (unsigned i = 0; i < 2; i++) {
        if (parts[i] == NULL) continue;
        const int64_t *counts = parts[i]->counts;
        const int64_t answered = counts[rows->place[RS_COUNT_ANSWERED]], abandoned = counts[rows->place[RS_COUNT_ABANDONED]];
        int64_t rests_on = extreme == RS_EXTREME_ANSWERED_MIN || extreme == RS_EXTREME_ANSWERED_MAX ? answered : abandoned;
        if (extreme == RS_EXTREME_WAIT_MAX) {
            rests_on = answered + abandoned + counts[rows->place[RS_COUNT_FLOWED_OUT]] + counts[rows->place[RS_COUNT_CALLBACKS]];
        }
        if (rests_on == 0) continue;
        const rs_best_t *best = &parts[i]->bests[extreme];
        const int64_t value = best->count > 0 ? best->kept[0] : parts[i]->edges[extreme].pushed;
        if (value > found) found = value;
    }
    if (found == INT64_MIN) return -1;
    return extreme_is_max[extreme] ? found : -found;
}

/* --- thresholds ------------------------------------------------------------------------------------------------------- */
void rs_rows_threshold(rs_sums_t *sums, int64_t threshold_us, int facts) {
    unsigned free_place = RS_THRESHOLDS_KEPT;
    for (unsigned i = 0; i < RS_THRESHOLDS_KEPT; i++) {
        if (sums->threshold_uses[i] == 0) free_place = i;
        else if (sums->thresholds[i] == threshold_us) {
            sums->threshold_uses[i] += facts;
            return;
        }
    }
    /* One that is not among the places was counted without one, if any was. */
    if (free_place == RS_THRESHOLDS_KEPT || (facts < 0 && sums->threshold_others > 0)) {
        sums->threshold_others += facts;
        return;
    }
    sums->thresholds[free_place] = threshold_us;
    sums->threshold_uses[free_place] = facts;
}

/* The one T of common and own sums, -1 when there is none or several. */
static int64_t threshold_of(const rs_sums_t *const parts[2]) {
    int64_t thresholds[2 * RS_THRESHOLDS_KEPT], uses[2 * RS_THRESHOLDS_KEPT], others = 0, found = -1;
    unsigned count = 0;
    for (unsigned p = 0; p < 2; p++) {
        if (parts[p] == NULL) continue;
        others += parts[p]->threshold_others;
        for (unsigned i = 0; i < RS_THRESHOLDS_KEPT; i++) {
            unsigned place = 0;
            while (place < count && thresholds[place] != parts[p]->thresholds[i]) place++;
            if (place == count) uses[count++] = 0;
            thresholds[place] = parts[p]->thresholds[i];
            uses[place] += parts[p]->threshold_uses[i];
        }
    }
    for (unsigned i = 0; i < count; i++) {
        if (uses[i] == 0) continue;
        if (found >= 0) return -1;
        found = thresholds[i];
    }
    return others == 0 ? found : -1;
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

static const rs_block_table_t *table_of(const rs_rows_t *rows, const rs_sums_t *sums, unsigned histogram) {
    if (sums == NULL || sums->histograms[histogram] == 0) return NULL;
    return rs_pool_at(&rows->tables, sums->histograms[histogram]);
}

static void add_block(const rs_rows_t *rows, const rs_block_table_t *table, uint32_t place, int32_t sums[RS_HIST_PER_OCTAVE]) {
    if (table == NULL || (table->used & 1u << place) == 0) return;
    const rs_block_t *block = rs_pool_at(&rows->blocks, table->blocks[place]);
    for (uint32_t i = 0; i < RS_HIST_PER_OCTAVE; i++) sums[i] += block->counts[i];
}

static void prefetch_tables(const rs_rows_t *rows, const rs_sums_t *sums) {
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        if (sums->histograms[h] == 0) continue;
        const unsigned char *table = rs_pool_at(&rows->tables, sums->histograms[h]);
        __builtin_prefetch(table);
        __builtin_prefetch(table + 64);
    }
}

static void prefetch_blocks(const rs_rows_t *rows, const rs_sums_t *sums) {
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        const rs_block_table_t *table = table_of(rows, sums, h);
        for (uint32_t left = table == NULL ? 0 : table->used; left != 0; left &= left - 1) {
            const rs_block_t *block = rs_pool_at(&rows->blocks, table->blocks[__builtin_ctz(left)]);
            __builtin_prefetch(&block->counts[0], 1);
            __builtin_prefetch(&block->counts[16], 1);
        }
    }
}

static uint32_t read_histogram(const rs_rows_t *rows, const rs_sums_t *const parts[2], unsigned histogram, rs_hist_entry_t *entries) {
    const rs_block_table_t *tables[2] = {table_of(rows, parts[0], histogram), table_of(rows, parts[1], histogram)};
    uint32_t used = 0, count = 0;
    for (unsigned i = 0; i < 2; i++) used |= tables[i] == NULL ? 0 : tables[i]->used;
    for (; used != 0; used &= used - 1) {
        const uint32_t place = (uint32_t)__builtin_ctz(used);
        int32_t sums[RS_HIST_PER_OCTAVE] = {0};
        for (unsigned i = 0; i < 2; i++) add_block(rows, tables[i], place, sums);
        for (uint32_t i = 0; i < RS_HIST_PER_OCTAVE; i++) {
            if (sums[i] == 0) continue;
            entries[count++] = (rs_hist_entry_t){.bucket = (uint16_t)(place * RS_HIST_PER_OCTAVE + i), .count = sums[i]};
        }
    }
    return count;
}

/* Rows are read in the order of the dirty list, and their cells lie anywhere. So the third from here is called for, of the second what
 * its sums point to, and of the first what that points to. */
static void prefetch_ahead(const rs_rows_t *rows, const rs_cell_t *cell) {
    const rs_cell_t *ahead[3] = {cell, cell, cell};
    for (unsigned i = 0; i < 3; i++) {
        const rs_cell_t *before = i == 0 ? cell : ahead[i - 1];
        if (before->dirty_next == 0) break;
        ahead[i] = rs_rows_cell(rows, before->dirty_next);
    }
    const unsigned char *third = (const unsigned char *)ahead[2];
    for (size_t at = 0; at < sizeof *cell; at += 64) __builtin_prefetch(third + at);
    prefetch_tables(rows, &ahead[1]->common);
    prefetch_blocks(rows, &ahead[0]->common);
}

void rs_rows_read(rs_rows_t *rows, uint32_t number, unsigned attribution, rs_row_t *row) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    if (cell->dirty != 0) prefetch_ahead(rows, cell);
    settle_durations(rows, &cell->common);
    if (cell->own[attribution] != 0) settle_durations(rows, rs_pool_at(&rows->sums, cell->own[attribution]));
    const rs_sums_t *parts[2];
    parts_of(rows, cell, attribution, parts);
    *row = (rs_row_t){.attribution = (uint8_t)attribution, .start_us = cell->start_us, .length_us = cell->length_us,
                      .part = cell->part, .revision = cell->revision, .final = cell->is_final,
                      .still_open = cell->still_open, .threshold_us = threshold_of(parts)};
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) {
        row->counts[i] = parts[0]->counts[rows->place[i]] + (parts[1] == NULL ? 0 : parts[1]->counts[rows->place[i]]);
    }
    for (unsigned i = 0; i < RS_EXTREME_COUNT; i++) row->extremes[i] = extreme_of(rows, parts, i);
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        rs_hist_entry_t *entries = rows->scratch + (size_t)h * RS_HIST_BUCKETS;
        row->histograms[h] = entries;
        row->histogram_sizes[h] = read_histogram(rows, parts, h, entries);
    }
}

bool rs_rows_is_empty(const rs_rows_t *rows, const rs_cell_t *cell, unsigned attribution) {
    if ((cell->attributions & 1u << attribution) == 0) return true;
    if (cell->still_open != 0) return false;
    const rs_sums_t *parts[2];
    parts_of(rows, cell, attribution, parts);
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) {
        if (parts[0]->counts[i] + (parts[1] == NULL ? 0 : parts[1]->counts[i]) != 0) return false;
    }
    return true;
}

uint64_t rs_rows_bytes(const rs_rows_t *rows) {
    return rs_pool_bytes(&rows->cells) + rs_pool_bytes(&rows->sums) + rs_pool_bytes(&rows->tables) + rs_pool_bytes(&rows->blocks) +
           rs_index_bytes(&rows->index);
}
