/* Rows as bytes. Histograms are saved as what they say: durations that still wait for theirs are in them, and octaves in which
 * everything was taken back are not. Reading rows, which lets durations go to their histograms, therefore changes no byte. Where the
 * blocks of histograms are used up, durations that waited may find no room now instead of later; they are counted as dropped. */
#include "core/blocks.h"
#include "core/parts_state.h"
#include "core/rows_internal.h"

static const rs_state_field_t rows_fields[] = {
    RS_STATE_REBUILT(rs_rows_t, cells), RS_STATE_REBUILT(rs_rows_t, sums), RS_STATE_REBUILT(rs_rows_t, tables),
    RS_STATE_REBUILT(rs_rows_t, blocks), RS_STATE_REBUILT(rs_rows_t, index), RS_STATE_REBUILT(rs_rows_t, spec),
    RS_STATE_FIELD(rs_rows_t, dirty_head, RS_BOUND_CELL), RS_STATE_FIELD(rs_rows_t, dirty_tail, RS_BOUND_CELL),
    RS_STATE_FIELD(rs_rows_t, dirty_count, RS_BOUND_ANY), RS_STATE_FIELD(rs_rows_t, run, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_rows_t, part_counter, RS_BOUND_ANY), RS_STATE_FIELD(rs_rows_t, revision_counter, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_rows_t, dirty_counter, RS_BOUND_ANY), RS_STATE_REBUILT(rs_rows_t, in_hand),
    RS_STATE_FIELD(rs_rows_t, dropped, RS_BOUND_ANY), RS_STATE_REBUILT(rs_rows_t, place), RS_STATE_REBUILT(rs_rows_t, scratch)};
static const rs_state_table_t rows_table = RS_STATE_TABLE(rs_rows_t, "rows", rows_fields);

/* The sums follow. */
static const rs_state_field_t cell_fields[] = {
    RS_STATE_FIELD(rs_cell_t, key, RS_BOUND_KEY), RS_STATE_FIELD(rs_cell_t, dirty_next, RS_BOUND_CELL),
    RS_STATE_FIELD(rs_cell_t, dirty_previous, RS_BOUND_CELL), RS_STATE_FIELD(rs_cell_t, attributions, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_cell_t, dirty, RS_BOUND_ANY), RS_STATE_FIELD(rs_cell_t, is_final, RS_BOUND_ANY), RS_STATE_REBUILT(rs_cell_t, is_free),
    RS_STATE_FIELD(rs_cell_t, start_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_cell_t, length_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_cell_t, still_open, RS_BOUND_ANY), RS_STATE_FIELD(rs_cell_t, revision, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_cell_t, own), RS_STATE_FIELD(rs_cell_t, part, RS_BOUND_ANY), RS_STATE_FIELD(rs_cell_t, dirty_since, RS_BOUND_ANY), RS_STATE_REBUILT(rs_cell_t, common)};
static const rs_state_table_t cell_table = RS_STATE_TABLE(rs_cell_t, "cell", cell_fields);

/* Counts are saved by name, as rs_state_counts_t. */
#define EXTREME_FIELDS(NAME, name, is_max) \
    RS_STATE_FIELD_AS(rs_sums_t, edges[RS_EXTREME_##NAME].worst, #name ".worst", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(rs_sums_t, edges[RS_EXTREME_##NAME].pushed, #name ".pushed", RS_BOUND_OR_NONE), \
    RS_STATE_ARRAY_AS(rs_sums_t, bests[RS_EXTREME_##NAME].kept, #name ".kept", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(rs_sums_t, bests[RS_EXTREME_##NAME].count, #name ".count", RS_BOUND_ANY),
static const rs_state_field_t sums_fields[] = {
    RS_EXTREMES(EXTREME_FIELDS)
    RS_STATE_REBUILT(rs_sums_t, counts), RS_STATE_REBUILT(rs_sums_t, durations), RS_STATE_REBUILT(rs_sums_t, duration_count),
    RS_STATE_ARRAY(rs_sums_t, thresholds, RS_BOUND_ANY), RS_STATE_ARRAY(rs_sums_t, threshold_uses, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_sums_t, threshold_others, RS_BOUND_ANY), RS_STATE_REBUILT(rs_sums_t, histograms)};
static const rs_state_table_t sums_table = RS_STATE_TABLE(rs_sums_t, "sums", sums_fields);

/* --- saving ------------------------------------------------------------------------------------------------------------ */
static void add_waiting(const rs_sums_t *sums, unsigned histogram, int32_t counts[RS_HIST_BUCKETS]) {
    for (unsigned i = 0; i < sums->duration_count; i++) {
        const unsigned packed = sums->durations[i], bucket = packed & ((1u << RS__BUCKET_BITS) - 1);
        if ((packed >> RS__BUCKET_BITS & ((1u << RS__HISTOGRAM_BITS) - 1)) != histogram) continue;
        counts[bucket] += (packed & RS__TAKEN_BACK) != 0 ? -1 : 1;
    }
}

static uint32_t entries_of(const rs_rows_t *rows, const rs_sums_t *sums, unsigned histogram, rs_hist_entry_t *entries) {
    int32_t counts[RS_HIST_BUCKETS] = {0};
    const rs_block_table_t *table = sums->histograms[histogram] == 0 ? NULL : rs_pool_at(&rows->tables, sums->histograms[histogram]);
    for (uint32_t left = table == NULL ? 0 : table->used; left != 0; left &= left - 1) {
        const uint32_t place = (uint32_t)__builtin_ctz(left);
        const rs_block_t *block = rs_pool_at(&rows->blocks, table->blocks[place]);
        memcpy(&counts[place * RS_HIST_PER_OCTAVE], block->counts, sizeof block->counts);
    }
    add_waiting(sums, histogram, counts);
    uint32_t count = 0;
    for (unsigned bucket = 0; bucket < RS_HIST_BUCKETS; bucket++) {
        if (counts[bucket] != 0) entries[count++] = (rs_hist_entry_t){.bucket = (uint16_t)bucket, .count = counts[bucket]};
    }
    return count;
}

/* Which histograms have anything: most sums have few. */
static uint32_t histograms_of(const rs_sums_t *sums) {
    uint32_t used = 0;
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) used |= (uint32_t)(sums->histograms[h] != 0) << h;
    for (unsigned i = 0; i < sums->duration_count; i++) {
        used |= 1u << (sums->durations[i] >> RS__BUCKET_BITS & ((1u << RS__HISTOGRAM_BITS) - 1));
    }
    return used;
}

static void put_sums(rs_state_writer_t *writer, const rs_rows_t *rows, const rs_sums_t *sums) {
    rs_state_counts_t counts;
    rs_hist_entry_t entries[RS_HIST_BUCKETS];
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) counts.counts[i] = sums->counts[rows->place[i]];
    rs_state_put_item(writer, &rs_state_counts_table, &counts);
    rs_state_put_item(writer, &sums_table, sums);
    for (uint32_t left = histograms_of(sums); left != 0; left &= left - 1) {
        const unsigned histogram = (unsigned)__builtin_ctz(left);
        rs_state_put_histogram(writer, histogram, entries, entries_of(rows, sums, histogram, entries));
    }
    rs_state_put_u8(writer, RS_STATE_HISTOGRAMS_END);
}

static void put_cell(rs_state_writer_t *writer, const rs_rows_t *rows, const rs_cell_t *cell) {
    uint8_t own = 0;
    for (unsigned a = 0; a < RS_ATTRIBUTION_COUNT; a++) own |= (uint8_t)((cell->own[a] != 0) << a);
    rs_state_put_u8(writer, own);
    put_sums(writer, rows, &cell->common);
    for (unsigned a = 0; a < RS_ATTRIBUTION_COUNT; a++) {
        if (cell->own[a] != 0) put_sums(writer, rows, rs_pool_at(&rows->sums, cell->own[a]));
    }
}

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_rows_t *rows = &core->rows;
    rs_state_put_item(writer, &rows_table, rows);
    rs_state_put_figures(writer);
    rs_state_put_pool(writer, &cell_table, &rows->cells);
    for (uint32_t number = 1; number <= rows->cells.made; number++) {
        const rs_cell_t *cell = rs_rows_cell(rows, number);
        if (!cell->is_free) put_cell(writer, rows, cell);
    }
}

/* --- loading ----------------------------------------------------------------------------------------------------------- */
static void get_histograms(rs_state_reader_t *reader, const rs_state_figures_t *figures, rs_rows_t *rows, rs_sums_t *sums) {
    rs_hist_entry_t entries[RS_HIST_BUCKETS];
    unsigned histogram = 0;
    uint32_t count = 0;
    while (rs_state_get_histogram(reader, figures, &histogram, entries, &count)) {
        for (uint32_t i = 0; i < count && histogram < RS_HIST_COUNT; i++) {
            rs_block_t *block = rs_blocks_make(&rows->tables, &rows->blocks, &sums->histograms[histogram], entries[i].bucket / RS_HIST_PER_OCTAVE);
            const int64_t times = entries[i].count;
            if (block == NULL) rows->dropped += (uint64_t)(times < 0 ? -times : times);
            else block->counts[entries[i].bucket % RS_HIST_PER_OCTAVE] = entries[i].count;
        }
    }
}

static void get_sums(rs_state_reader_t *reader, const rs_state_figures_t *figures, rs_rows_t *rows, rs_sums_t *sums) {
    rs_state_counts_t counts = {{0}};
    rs_state_get_item(reader, &rs_state_counts_table, &counts);
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) sums->counts[rows->place[i]] = counts.counts[i];
    rs__rows_begin_sums(sums);
    rs_state_get_item(reader, &sums_table, sums);
    get_histograms(reader, figures, rows, sums);
}

static void get_cell(rs_state_reader_t *reader, const rs_state_figures_t *figures, rs_rows_t *rows, uint32_t number) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    const uint8_t own = rs_state_get_u8(reader);
    if ((own >> RS_ATTRIBUTION_COUNT) != 0) rs_state_refuse(reader, RS_ERR_PARSE, "a row has attributions that are none");
    get_sums(reader, figures, rows, &cell->common);
    for (unsigned a = 0; a < RS_ATTRIBUTION_COUNT && rs_state_is_good(reader); a++) {
        if ((own >> a & 1) == 0) continue;
        rs_sums_t *sums = rs_rows_own(rows, cell, a);
        if (sums == NULL) rs_state_refuse(reader, RS_ERR_LIMIT, "the state holds more rows than limits.rows allows now");
        else get_sums(reader, figures, rows, sums);
    }
}

static void get_cells(rs_state_reader_t *reader, const rs_state_figures_t *figures, rs_rows_t *rows) {
    rs_state_claims_t claims;
    const int status = rs_state_claims_begin(&claims, &rows->cells);
    if (status != RS_OK) rs_state_refuse(reader, status, "the rows cannot be indexed");
    for (uint32_t number = 1; number <= rows->cells.made && rs_state_is_good(reader); number++) {
        rs_cell_t *cell = rs_rows_cell(rows, number);
        cell->is_free = rs_state_is_free(&claims, number);
        if (cell->is_free) continue;
        get_cell(reader, figures, rows, number);
        if (!rs__rows_restore(rows, number)) rs_state_refuse(reader, RS_ERR_PARSE, "two rows are of the same key and interval");
    }
    rs_state_claims_end(&claims);
}

static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_rows_t *rows = &core->rows;
    rs_state_figures_t figures;
    rs_state_get_item(reader, &rows_table, rows);
    rs_state_get_figures(reader, &figures);
    rs_state_get_pool(reader, &cell_table, &rows->cells, "limits.rows");
    if (rs_state_is_good(reader)) get_cells(reader, &figures, rows);
}

/* --- looking ----------------------------------------------------------------------------------------------------------- */
/* Falling, and the edge says of most values that there is no room for them. */
static bool best_is_right(const rs_best_t *best, const rs_best_edge_t *edge) {
    if (best->count > RS_BEST_KEPT) return false;
    for (uint32_t i = 1; i < best->count; i++) {
        if (best->kept[i] > best->kept[i - 1]) return false;
    }
    return edge->worst == (best->count == RS_BEST_KEPT ? best->kept[RS_BEST_KEPT - 1] : INT64_MIN);
}

static bool sums_are_right(const rs_sums_t *sums) {
    bool right = true;
    for (unsigned e = 0; e < RS_EXTREME_COUNT; e++) right = right && best_is_right(&sums->bests[e], &sums->edges[e]);
    return right;
}

static void check_sums(rs_state_reader_t *reader, const rs_state_bounds_t *bounds, const rs_rows_t *rows, const rs_sums_t *sums) {
    rs_state_counts_t counts;
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) counts.counts[i] = sums->counts[rows->place[i]];
    rs_state_check_item(reader, bounds, &rs_state_counts_table, &counts);
    rs_state_check_item(reader, bounds, &sums_table, sums);
    if (!sums_are_right(sums)) rs_state_refuse(reader, RS_ERR_PARSE, "a row's extremes are not in their order");
}

static bool interval_is_right(const rs_rows_t *rows, const rs_cell_t *cell) {
    switch (rows->spec.mode) {
        case RS_INTERVAL_FIXED: return cell->length_us == rows->spec.length_us && cell->start_us % cell->length_us == 0;
        case RS_INTERVAL_DAY: return cell->length_us > 0;
        default: return cell->start_us == 0 && cell->length_us == 0;
    }
}

static bool cell_is_right(const rs_rows_t *rows, const rs_cell_t *cell) {
    const unsigned every = (1u << RS_ATTRIBUTION_COUNT) - 1;
    return interval_is_right(rows, cell) && (cell->attributions & ~every) == 0 && (cell->dirty & ~(unsigned)cell->attributions) == 0;
}

static bool dirty_list_is_right(const rs_rows_t *rows, rs_state_claims_t *claims) {
    uint32_t before = 0, dirty = 0, listed = 0;
    uint64_t since = 0;
    for (uint32_t number = 1; number <= rows->cells.made; number++) {
        if (!rs_state_is_free(claims, number)) dirty += (uint32_t)__builtin_popcount(rs_rows_cell(rows, number)->dirty);
    }
    for (uint32_t number = rows->dirty_head; number != 0;) {
        if (!rs_state_claim(claims, number)) return false;
        const rs_cell_t *cell = rs_rows_cell(rows, number);
        if (cell->dirty == 0 || cell->dirty_previous != before || cell->dirty_since <= since) return false;
        since = cell->dirty_since;
        listed += (uint32_t)__builtin_popcount(cell->dirty);
        before = number;
        number = cell->dirty_next;
    }
    return before == rows->dirty_tail && listed == dirty && dirty == rows->dirty_count && since <= rows->dirty_counter;
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    const rs_rows_t *rows = &core->rows;
    rs_state_claims_t claims = {0};
    rs_state_check_item(reader, bounds, &rows_table, rows);
    if (rs_state_check_pool(reader, bounds, &cell_table, &rows->cells, &claims)) {
        for (uint32_t number = 1; number <= rows->cells.made && rs_state_is_good(reader); number++) {
            const rs_cell_t *cell = rs_rows_cell(rows, number);
            if (cell->is_free) continue;
            if (!cell_is_right(rows, cell)) rs_state_refuse(reader, RS_ERR_PARSE, "a row is of no interval, or of no attribution");
            check_sums(reader, bounds, rows, &cell->common);
            for (unsigned a = 0; a < RS_ATTRIBUTION_COUNT; a++) {
                if (cell->own[a] != 0) check_sums(reader, bounds, rows, rs_pool_at(&rows->sums, cell->own[a]));
            }
        }
        if (rs_state_is_good(reader) && !dirty_list_is_right(rows, &claims)) rs_state_refuse(reader, RS_ERR_PARSE, "the changed rows do not hang together");
    }
    rs_state_claims_end(&claims);
}

const rs_state_part_t rs_state_rows_part = {
    .name = "rows", .version = 1, .table_count = 4,
    .tables = {&rows_table, &cell_table, &rs_state_counts_table, &sums_table},
    .save = save, .load = load, .check = check};
