/* The map of the process as bytes: edges by number with their times as histograms, variants by number. Times that wait are in the
 * histograms; the variants' heap is made again when a place is needed, and gives the same place then. */
#include "core/blocks.h"
#include "core/parts_state.h"

static const rs_state_field_t process_fields[] = {
    RS_STATE_FIELD(rs_process_t, on, RS_BOUND_ANY), RS_STATE_REBUILT(rs_process_t, cells), RS_STATE_REBUILT(rs_process_t, tables),
    RS_STATE_REBUILT(rs_process_t, blocks), RS_STATE_REBUILT(rs_process_t, index), RS_STATE_REBUILT(rs_process_t, spec),
    RS_STATE_REBUILT(rs_process_t, max_edges), RS_STATE_FIELD(rs_process_t, edges, RS_BOUND_ANY),
    RS_STATE_CHANGED_FIELDS(rs_process_t, RS_BOUND_EDGE), RS_STATE_FIELD(rs_process_t, run, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_process_t, part_counter, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_process_t, overflowed, RS_BOUND_ANY), RS_STATE_FIELD(rs_process_t, dropped, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_process_t, variants.pool), RS_STATE_REBUILT(rs_process_t, variants.index),
    RS_STATE_REBUILT(rs_process_t, variants.heap), RS_STATE_REBUILT(rs_process_t, variants.heap_count),
    RS_STATE_FIELD(rs_process_t, variants.taken_over, RS_BOUND_ANY), RS_STATE_FIELD(rs_process_t, variants.missed, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_process_t, likely)};
static const rs_state_table_t process_table = RS_STATE_TABLE(rs_process_t, "process", process_fields);

/* Its yes and no, which are single bits, and its times follow. */
static const rs_state_field_t cell_fields[] = {
    RS_STATE_FIELD(rs_edge_cell_t, tenant, RS_BOUND_NAME), RS_STATE_FIELD(rs_edge_cell_t, queue, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_edge_cell_t, from, RS_BOUND_STAGE), RS_STATE_FIELD(rs_edge_cell_t, to, RS_BOUND_STAGE),
    RS_STATE_CHANGED_LINK_FIELDS(rs_edge_cell_t, RS_BOUND_EDGE),
    RS_STATE_FIELD(rs_edge_cell_t, start_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_edge_cell_t, length_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_edge_cell_t, count, RS_BOUND_ANY), RS_STATE_FIELD(rs_edge_cell_t, time_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_edge_cell_t, part, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_edge_cell_t, path_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_edge_cell_t, again, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_edge_cell_t, ping_pong_queues, RS_BOUND_ANY), RS_STATE_FIELD(rs_edge_cell_t, ping_pong_agents, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_edge_cell_t, times), RS_STATE_REBUILT(rs_edge_cell_t, waiting), RS_STATE_REBUILT(rs_edge_cell_t, waiting_count),
    {.name = "bits", .offset = offsetof(rs_edge_cell_t, waiting_count) + 1, .count = 1, .width = 1, .kind = RS_STATE_NOT_SAVED}};
static const rs_state_table_t cell_table = RS_STATE_TABLE(rs_edge_cell_t, "cell", cell_fields);
enum { CELL_OVERFLOW = 1, CELL_FINAL = 2 };

static const rs_state_field_t variant_fields[] = {
    RS_STATE_FIELD(rs_variant_t, tenant, RS_BOUND_NAME), RS_STATE_REBUILT(rs_variant_t, heap_place),
    RS_STATE_FIELD(rs_variant_t, hash, RS_BOUND_ANY), RS_STATE_FIELD(rs_variant_t, count, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_variant_t, error, RS_BOUND_ANY), RS_STATE_FIELD(rs_variant_t, path_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_variant_t, end, RS_BOUND_PROCESS_KIND), RS_STATE_FIELD(rs_variant_t, length, RS_BOUND_PATH_LENGTH),
    RS_STATE_FIELD(rs_variant_t, cut, RS_BOUND_ANY), RS_STATE_REBUILT(rs_variant_t, is_free),
    RS_STATE_ARRAY(rs_variant_t, stages, RS_BOUND_STAGE)};
static const rs_state_table_t variant_table = RS_STATE_TABLE(rs_variant_t, "variant", variant_fields);

/* --- saving ------------------------------------------------------------------------------------------------------------ */
static void put_cell(rs_state_writer_t *writer, const rs_process_t *process, const rs_edge_cell_t *cell) {
    rs_hist_entry_t entries[RS_HIST_BUCKETS];
    const unsigned bits = (cell->is_overflow ? CELL_OVERFLOW : 0u) | (cell->is_final ? CELL_FINAL : 0u);
    rs_state_put_u8(writer, (uint8_t)bits);
    rs_state_put_entries(writer, entries, rs_process_times(process, cell, entries));
}

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_process_t *process = &core->process;
    rs_state_put_item(writer, &process_table, process);
    if (!process->on) return;
    rs_state_put_pool(writer, &cell_table, &process->cells);
    for (uint32_t number = 1; number <= process->cells.made; number++) {
        const rs_edge_cell_t *cell = rs_process_cell(process, number);
        if (!cell->is_free) put_cell(writer, process, cell);
    }
    rs_state_put_pool(writer, &variant_table, &process->variants.pool);
}

/* --- loading ----------------------------------------------------------------------------------------------------------- */
static void get_cell(rs_state_reader_t *reader, rs_process_t *process, rs_edge_cell_t *cell) {
    rs_hist_entry_t entries[RS_HIST_BUCKETS];
    const uint8_t bits = rs_state_get_u8(reader);
    const uint32_t count = rs_state_get_entries(reader, entries);
    cell->is_overflow = (bits & CELL_OVERFLOW) != 0;
    cell->is_final = (bits & CELL_FINAL) != 0;
    for (uint32_t i = 0; i < count; i++) {
        rs_block_t *block = rs_blocks_make(&process->tables, &process->blocks, &cell->times, entries[i].bucket / RS_HIST_PER_OCTAVE);
        if (block == NULL) rs_state_refuse(reader, RS_ERR_MEMORY, "out of memory");
        else block->counts[entries[i].bucket % RS_HIST_PER_OCTAVE] = entries[i].count;
    }
}

static void get_cells(rs_process_t *process, rs_state_reader_t *reader) {
    rs_state_claims_t claims;
    const int status = rs_state_claims_begin(&claims, &process->cells);
    if (status != RS_OK) rs_state_refuse(reader, status, "the edges cannot be indexed");
    for (uint32_t number = 1; number <= process->cells.made && rs_state_is_good(reader); number++) {
        rs_edge_cell_t *cell = rs_process_cell(process, number);
        cell->is_free = rs_state_is_free(&claims, number);
        if (cell->is_free) continue;
        get_cell(reader, process, cell);
        if (!rs_process_restore(process, number)) rs_state_refuse(reader, RS_ERR_PARSE, "two edges are the same");
    }
    rs_state_claims_end(&claims);
}

static void find_variants(rs_variants_t *variants, rs_state_reader_t *reader) {
    rs_state_claims_t claims;
    const int status = rs_state_claims_begin(&claims, &variants->pool);
    if (status != RS_OK) rs_state_refuse(reader, status, "the variants cannot be indexed");
    for (uint32_t number = 1; number <= variants->pool.made && rs_state_is_good(reader); number++) {
        rs_variant_t *variant = rs_variants_at(variants, number);
        variant->is_free = rs_state_is_free(&claims, number);
        if (!variant->is_free) rs_index_add(&variants->index, variant->hash, number);
    }
    rs_state_claims_end(&claims);
}

static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_process_t *process = &core->process;
    const bool is_on = process->on;
    rs_state_get_item(reader, &process_table, process);
    const bool was_on = process->on;
    process->on = is_on;
    if (was_on != is_on) rs_state_refuse(reader, RS_ERR_PARSE, "the map of the process is there and is not");
    if (!rs_state_is_good(reader) || !is_on) return;
    rs_state_get_pool(reader, &cell_table, &process->cells, "limits.edges");
    if (rs_state_is_good(reader)) get_cells(process, reader);
    rs_state_get_pool(reader, &variant_table, &process->variants.pool, "limits.variants");
    if (rs_state_is_good(reader)) find_variants(&process->variants, reader);
}

/* --- looking ----------------------------------------------------------------------------------------------------------- */
static bool interval_is_right(const rs_interval_spec_t *spec, const rs_edge_cell_t *cell) {
    switch (spec->mode) {
        case RS_INTERVAL_FIXED: return cell->length_us == spec->length_us && cell->start_us % cell->length_us == 0;
        case RS_INTERVAL_DAY: return cell->length_us > 0;
        default: return cell->start_us == 0 && cell->length_us == 0;
    }
}

static bool cells_are_right(const rs_process_t *process) {
    uint32_t edges = 0;
    for (uint32_t number = 1; number <= process->cells.made; number++) {
        const rs_edge_cell_t *cell = rs_process_cell(process, number);
        if (cell->is_free) continue;
        if (!interval_is_right(&process->spec, cell) || !rs_state_stage_is_right(cell->from) || !rs_state_stage_is_right(cell->to)) {
            return false;
        }
        edges += !cell->is_overflow;
    }
    return edges == process->edges;
}

static bool variants_are_right(const rs_variants_t *variants) {
    for (uint32_t number = 1; number <= variants->pool.made; number++) {
        const rs_variant_t *variant = rs_variants_at(variants, number);
        for (unsigned i = 0; i < RS_PATH_STAGES && !variant->is_free; i++) {
            if (!rs_state_stage_is_right(variant->stages[i])) return false;
        }
    }
    return true;
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    const rs_process_t *process = &core->process;
    rs_state_claims_t cells = {0}, variants = {0};
    if (!process->on) return;
    rs_state_check_item(reader, bounds, &process_table, process);
    const bool bounded = rs_state_check_pool(reader, bounds, &cell_table, &process->cells, &cells) &&
                         rs_state_check_pool(reader, bounds, &variant_table, &process->variants.pool, &variants);
    if (bounded && !(cells_are_right(process) && rs_state_changed_is_right(&process->changed, &cells) &&
                     variants_are_right(&process->variants))) {
        rs_state_refuse(reader, RS_ERR_PARSE, "the map of the process does not hang together");
    }
    rs_state_claims_end(&cells);
    rs_state_claims_end(&variants);
}

const rs_state_part_t rs_state_process_part = {
    .name = "process", .version = 1, .table_count = 3, .tables = {&process_table, &cell_table, &variant_table},
    .save = save, .load = load, .check = check};
