/* Rows as bytes. Histograms are saved as what they say: durations that still wait for theirs are in them, and octaves in which
 * everything was taken back are not. Where the blocks of histograms are used up, durations that waited may find no room after a load;
 * they are counted as dropped. */
#include "core/parts_state.h"
#include "core/rows_internal.h"

static const rs_state_field_t rows_fields[] = {
    RS_STATE_REBUILT(rs_rows_t, cells), RS_STATE_REBUILT(rs_rows_t, sums),
    RS_STATE_REBUILT(rs_rows_t, store.lines), RS_STATE_REBUILT(rs_rows_t, store.tables), RS_STATE_REBUILT(rs_rows_t, store.blocks),
    RS_STATE_REBUILT(rs_rows_t, store.places), RS_STATE_REBUILT(rs_rows_t, store.tally),
    RS_STATE_REBUILT(rs_rows_t, index), RS_STATE_REBUILT(rs_rows_t, spec),
    RS_STATE_CHANGED_FIELDS(rs_rows_t, RS_BOUND_CELL), RS_STATE_FIELD(rs_rows_t, held.head, RS_BOUND_CELL),
    RS_STATE_FIELD(rs_rows_t, held.tail, RS_BOUND_CELL), RS_STATE_REBUILT(rs_rows_t, held_count),
    RS_STATE_FIELD(rs_rows_t, run, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_rows_t, part_counter, RS_BOUND_ANY), RS_STATE_FIELD_AS(rs_rows_t, store.dropped, "dropped", RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_rows_t, scratch), RS_STATE_REBUILT(rs_rows_t, ends)};
static const rs_state_table_t rows_table = RS_STATE_TABLE(rs_rows_t, "rows", rows_fields);

/* The sums follow. */
static const rs_state_field_t cell_fields[] = {
    RS_STATE_FIELD(rs_cell_t, key, RS_BOUND_KEY), RS_STATE_CHANGED_LINK_FIELDS(rs_cell_t, RS_BOUND_CELL),
    RS_STATE_FIELD(rs_cell_t, attributions, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_cell_t, dirty, RS_BOUND_ANY), RS_STATE_FIELD(rs_cell_t, is_final, RS_BOUND_ANY), RS_STATE_REBUILT(rs_cell_t, is_free),
    RS_STATE_FIELD(rs_cell_t, start_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_cell_t, length_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_cell_t, still_open, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_cell_t, own), RS_STATE_FIELD(rs_cell_t, standing, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_cell_t, part, RS_BOUND_ANY), RS_STATE_REBUILT(rs_cell_t, common)};
static const rs_state_table_t cell_table = RS_STATE_TABLE(rs_cell_t, "cell", cell_fields);

/* Counts are saved by name, as rs_state_counts_t. */
#define EXTREME_FIELDS(NAME, name, is_max) \
    RS_STATE_FIELD_AS(rs_sums_saved_t, edges[RS_EXTREME_##NAME].worst, #name ".worst", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(rs_sums_saved_t, edges[RS_EXTREME_##NAME].pushed, #name ".pushed", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(rs_sums_saved_t, edges[RS_EXTREME_##NAME].pushed_count, #name ".pushed_count", RS_BOUND_ANY), \
    RS_STATE_ARRAY_AS(rs_sums_saved_t, bests[RS_EXTREME_##NAME].kept, #name ".kept", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(rs_sums_saved_t, bests[RS_EXTREME_##NAME].count, #name ".count", RS_BOUND_ANY),
static const rs_state_field_t sums_fields[] = {
    RS_EXTREMES(EXTREME_FIELDS)
    RS_STATE_ARRAY(rs_sums_saved_t, thresholds, RS_BOUND_ANY), RS_STATE_ARRAY(rs_sums_saved_t, threshold_uses, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_sums_saved_t, threshold_others, RS_BOUND_ANY)};
static const rs_state_table_t sums_table = RS_STATE_TABLE(rs_sums_saved_t, "sums", sums_fields);

/* --- saving ------------------------------------------------------------------------------------------------------------ */
static void put_sums(rs_state_writer_t *writer, const rs_rows_t *rows, const rs_sums_t *sums) {
    rs_state_counts_t counts = {{0}};
    rs_sums_saved_t saved;
    const rs_sums_t *const parts[2] = {sums, NULL};
    uint32_t sizes[RS_HIST_COUNT];
    rs_sums_add_counts(&rows->store, sums, counts.counts);
    rs_sums_save(&rows->store, sums, &saved);
    rs_sums_histograms(&rows->store, parts, rows->scratch, sizes);
    rs_state_put_item(writer, &rs_state_counts_table, &counts);
    rs_state_put_item(writer, &sums_table, &saved);
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        if (sizes[h] != 0) rs_state_put_histogram(writer, h, rows->scratch + (size_t)h * RS_HIST_BUCKETS, sizes[h]);
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
/* Falling, and the edge says of most values that there is no room for them. */
static bool saved_is_right(const rs_sums_saved_t *saved) {
    for (unsigned e = 0; e < RS_EXTREME_COUNT; e++) {
        const int64_t *kept = saved->bests[e].kept;
        const uint32_t count = saved->bests[e].count;
        if (count > RS_BEST_KEPT) return false;
        for (uint32_t i = 1; i < count; i++) {
            if (kept[i] > kept[i - 1]) return false;
        }
        if ((saved->edges[e].pushed == INT64_MIN) != (saved->edges[e].pushed_count == 0)) return false;
        if (saved->edges[e].worst != (count == RS_BEST_KEPT ? kept[RS_BEST_KEPT - 1] : INT64_MIN)) return false;
    }
    return true;
}

/* Durations of cells before give up their lines when few are left: what else the state needs had its lines when it was saved, and
 * durations may have had theirs in histograms then. */
static void leave_lines(rs_rows_t *rows, uint32_t number, uint32_t *settled) {
    while (rs_sums_lines_left(&rows->store) < RS_SUMS_LINES_MOST && *settled + 1 < number) {
        rs_cell_t *cell = rs_rows_cell(rows, ++*settled);
        if (cell->is_free) continue;
        rs_sums_settle(&rows->store, &cell->common);
        for (unsigned a = 0; a < RS_ATTRIBUTION_COUNT; a++) {
            if (cell->own[a] != 0) rs_sums_settle(&rows->store, rs_pool_at(&rows->sums, cell->own[a]));
        }
    }
}

static void get_histograms(rs_state_reader_t *reader, const rs_state_figures_t *figures, rs_rows_t *rows, rs_sums_t *sums) {
    rs_hist_entry_t entries[RS_HIST_BUCKETS];
    unsigned histogram = 0;
    uint32_t count = 0;
    while (rs_state_get_histogram(reader, figures, &histogram, entries, &count)) {
        for (uint32_t i = 0; i < count && histogram < RS_HIST_COUNT; i++) {
            rs_sums_add_bucket(&rows->store, sums, histogram, entries[i].bucket, entries[i].count);
        }
    }
}

static void get_sums(rs_state_reader_t *reader, const rs_state_figures_t *figures, rs_rows_t *rows, rs_sums_t *sums) {
    rs_state_counts_t counts = {{0}};
    rs_sums_saved_t saved = {0};
    for (unsigned e = 0; e < RS_EXTREME_COUNT; e++) saved.edges[e].worst = saved.edges[e].pushed = INT64_MIN;
    rs_state_get_item(reader, &rs_state_counts_table, &counts);
    rs_state_get_item(reader, &sums_table, &saved);
    for (unsigned i = 0; i < RS_COUNT_COUNT && rs_state_is_good(reader); i++) {
        if (counts.counts[i] != 0) rs_sums_count(&rows->store, sums, i, counts.counts[i]);
    }
    if (rs_state_is_good(reader) && !saved_is_right(&saved)) {
        rs_state_refuse(reader, RS_ERR_PARSE, "a row's extremes are not in their order");
    }
    if (!rs_state_is_good(reader)) return;
    if (!rs_sums_restore(&rows->store, sums, &saved)) {
        rs_state_refuse(reader, RS_ERR_LIMIT, "the state holds more rows than limits.rows allows now");
    }
    get_histograms(reader, figures, rows, sums);
}

static void get_cell(rs_state_reader_t *reader, const rs_state_figures_t *figures, rs_rows_t *rows, uint32_t number, uint32_t *settled) {
    rs_cell_t *cell = rs_rows_cell(rows, number);
    leave_lines(rows, number, settled);
    const uint8_t own = rs_state_get_u8(reader);
    if ((own >> RS_ATTRIBUTION_COUNT) != 0) rs_state_refuse(reader, RS_ERR_PARSE, "a row has attributions that are none");
    get_sums(reader, figures, rows, &cell->common);
    for (unsigned a = 0; a < RS_ATTRIBUTION_COUNT && rs_state_is_good(reader); a++) {
        if ((own >> a & 1) == 0) continue;
        rs_sums_t *sums = rs_rows_own(rows, cell, a);
        if (sums == NULL) rs_state_refuse(reader, RS_ERR_LIMIT, "the state holds more rows than limits.rows allows now");
        else {
            leave_lines(rows, number, settled);
            get_sums(reader, figures, rows, sums);
        }
    }
}

static void get_cells(rs_state_reader_t *reader, const rs_state_figures_t *figures, rs_rows_t *rows) {
    rs_state_claims_t claims;
    const int status = rs_state_claims_begin(&claims, &rows->cells);
    uint32_t settled = 0;   /* cells whose durations are in no line any more */
    if (status != RS_OK) rs_state_refuse(reader, status, "the rows cannot be indexed");
    for (uint32_t number = 1; number <= rows->cells.made && rs_state_is_good(reader); number++) {
        rs_cell_t *cell = rs_rows_cell(rows, number);
        cell->is_free = rs_state_is_free(&claims, number);
        if (cell->is_free) continue;
        get_cell(reader, figures, rows, number, &settled);
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
static void check_sums(rs_state_reader_t *reader, const rs_state_bounds_t *bounds, const rs_rows_t *rows, const rs_sums_t *sums) {
    rs_state_counts_t counts = {{0}};
    rs_sums_saved_t saved;
    rs_sums_add_counts(&rows->store, sums, counts.counts);
    rs_sums_save(&rows->store, sums, &saved);
    rs_state_check_item(reader, bounds, &rs_state_counts_table, &counts);
    rs_state_check_item(reader, bounds, &sums_table, &saved);
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
    return interval_is_right(rows, cell) && (cell->attributions & ~every) == 0 && (cell->dirty & ~(unsigned)cell->attributions) == 0 &&
           (cell->dirty != 0) == rs_changed_differs(&cell->link);
}

static bool held_list_is_right(const rs_rows_t *rows, rs_state_claims_t *claims) {
    uint32_t before = 0, held = 0, listed = 0;
    for (uint32_t number = 1; number <= rows->cells.made; number++) {
        if (rs_state_is_free(claims, number)) continue;
        const rs_cell_t *cell = rs_rows_cell(rows, number);
        held += cell->is_final && cell->dirty == 0;
    }
    for (uint32_t number = rows->held.head; number != 0; listed++) {
        if (!rs_state_claim(claims, number)) return false;
        const rs_cell_t *cell = rs_rows_cell(rows, number);
        if (!cell->is_final || cell->dirty != 0 || cell->standing == 0 || cell->link.previous != before) return false;
        before = number;
        number = cell->link.next;
    }
    return before == rows->held.tail && listed == held;
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
        if (rs_state_is_good(reader) && !(held_list_is_right(rows, &claims) && rs_state_changed_is_right(&rows->changed, &claims))) {
            rs_state_refuse(reader, RS_ERR_PARSE, "the changed and the held rows do not hang together");
        }
    }
    rs_state_claims_end(&claims);
}

const rs_state_part_t rs_state_rows_part = {
    .name = "rows", .version = 1, .table_count = 4,
    .tables = {&rows_table, &cell_table, &rs_state_counts_table, &sums_table},
    .save = save, .load = load, .check = check};
