/* What the core shows of the way through the process. */
#include "core/core_internal.h"

#include <stdlib.h>

static rs_str_t name_of(const rs_core_t *core, uint32_t number) {
    return number == 0 ? (rs_str_t){0} : rs_names_text(&core->directory.names, number);
}

static rs_stage_name_t stage_name(const rs_core_t *core, uint32_t stage) {
    return (rs_stage_name_t){.kind = rs_stage_kind(stage), .queue = name_of(core, rs_stage_queue(stage))};
}

/* --- edges -------------------------------------------------------------------------------------------------------- */
static void read_row(const rs_core_t *core, const rs_edge_cell_t *cell, rs_hist_entry_t *entries, rs_process_row_t *row) {
    *row = (rs_process_row_t){
        .tenant = name_of(core, cell->tenant), .queue = name_of(core, cell->queue), .from = stage_name(core, cell->from),
        .to = stage_name(core, cell->to), .start_us = cell->start_us, .length_us = cell->length_us, .part = cell->part,
        .revision = cell->link.revision, .final = cell->is_final, .count = cell->count, .time_us = cell->time_us, .path_us = cell->path_us,
        .again = cell->again, .ping_pong_queues = cell->ping_pong_queues, .ping_pong_agents = cell->ping_pong_agents,
        .times = entries, .time_count = rs_process_times(&core->process, cell, entries)};
}

static int compare_cells(const void *a_number, const void *b_number, void *context) {
    const rs_core_t *core = context;
    const rs_edge_cell_t *a = rs_process_cell(&core->process, *(const uint32_t *)a_number);
    const rs_edge_cell_t *b = rs_process_cell(&core->process, *(const uint32_t *)b_number);
    if (a->start_us != b->start_us) return a->start_us < b->start_us ? -1 : 1;
    int order = rs_str_compare(name_of(core, a->tenant), name_of(core, b->tenant));
    const rs_stage_name_t a_from = stage_name(core, a->from), b_from = stage_name(core, b->from);
    if (order == 0) order = rs_stage_name_compare(&a_from, &b_from);
    const rs_stage_name_t a_to = stage_name(core, a->to), b_to = stage_name(core, b->to);
    if (order == 0) order = rs_stage_name_compare(&a_to, &b_to);
    return order != 0 ? order : rs_str_compare(name_of(core, a->queue), name_of(core, b->queue));
}

void rs_core_process_rows(rs_core_t *core, rs_process_row_fn on_row, void *context) {
    rs_hist_entry_t entries[RS_HIST_BUCKETS];
    uint32_t *cells = malloc(((size_t)core->process.cells.live + 1) * sizeof *cells);
    RS_REQUIRE(cells != NULL);
    size_t count = 0;
    for (uint32_t number = 1; number <= core->process.cells.made; number++) {
        const rs_edge_cell_t *cell = rs_process_cell(&core->process, number);
        if (!cell->is_free && !rs_process_is_empty(cell)) cells[count++] = number;
    }
    qsort_r(cells, count, sizeof *cells, compare_cells, core);
    for (size_t i = 0; i < count; i++) {
        rs_process_row_t row;
        read_row(core, rs_process_cell(&core->process, cells[i]), entries, &row);
        on_row(context, &row);
    }
    free(cells);
}

size_t rs_core_process_collect(rs_core_t *core, size_t max, rs_process_row_fn on_row, void *context) {
    rs_hist_entry_t entries[RS_HIST_BUCKETS];
    size_t count = 0;
    for (uint32_t number; count < max && (number = rs_changed_next(&core->process.changed)) != 0; count++) {
        rs_process_row_t row;
        read_row(core, rs_process_cell(&core->process, number), entries, &row);
        on_row(context, &row);
        rs_changed_take_in_hand(&core->process.changed, number);
    }
    return count;
}

size_t rs_core_process_dirty(const rs_core_t *core) { return rs_changed_waiting(&core->process.changed); }

int rs_core_process_map(rs_core_t *core, rs_str_t tenant, int64_t from_us, int64_t to_us, rs_process_map_t *map) {
    rs_hist_entry_t entries[RS_HIST_BUCKETS];
    int status = RS_OK;
    rs_process_map_init(map);
    for (uint32_t number = 1; number <= core->process.cells.made && status == RS_OK; number++) {
        const rs_edge_cell_t *cell = rs_process_cell(&core->process, number);
        if (cell->is_free || cell->start_us < from_us || cell->start_us >= to_us) continue;
        if (rs_process_is_empty(cell) || !rs_str_equal(name_of(core, cell->tenant), tenant)) continue;
        rs_process_row_t row;
        read_row(core, cell, entries, &row);
        status = rs_process_map_add(map, &row);
    }
    if (status == RS_OK) status = rs_process_map_finish(map);
    if (status != RS_OK) rs_process_map_deinit(map);
    return status;
}

/* --- variants ----------------------------------------------------------------------------------------------------- */
/* By tenant, the most frequent ones first, of equals by their stages. */
static int compare_variants(const void *a_number, const void *b_number, void *context) {
    const rs_core_t *core = context;
    const rs_variant_t *a = rs_variants_at(&core->process.variants, *(const uint32_t *)a_number);
    const rs_variant_t *b = rs_variants_at(&core->process.variants, *(const uint32_t *)b_number);
    int order = rs_str_compare(name_of(core, a->tenant), name_of(core, b->tenant));
    if (order == 0) order = (a->count < b->count) - (a->count > b->count);
    for (unsigned i = 0; order == 0 && i < a->length && i < b->length; i++) {
        const rs_stage_name_t left = stage_name(core, a->stages[i]), right = stage_name(core, b->stages[i]);
        order = rs_stage_name_compare(&left, &right);
    }
    if (order == 0) order = (int)a->length - (int)b->length;
    if (order == 0) order = (int)a->end - (int)b->end;
    return order != 0 ? order : (int)a->cut - (int)b->cut;
}

static void read_variant(const rs_core_t *core, const rs_variant_t *variant, rs_variant_row_t *row) {
    *row = (rs_variant_row_t){.tenant = name_of(core, variant->tenant), .length = variant->length, .end = variant->end,
                              .cut = variant->cut, .count = variant->count, .error = variant->error, .path_us = variant->path_us};
    for (unsigned i = 0; i < variant->length; i++) row->stages[i] = stage_name(core, variant->stages[i]);
}

void rs_core_process_variants(rs_core_t *core, rs_variant_row_fn on_variant, void *context) {
    const rs_variants_t *variants = &core->process.variants;
    uint32_t *numbers = malloc(((size_t)variants->pool.live + 1) * sizeof *numbers);
    RS_REQUIRE(numbers != NULL);
    size_t count = 0;
    for (uint32_t number = 1; number <= variants->pool.made; number++) {
        if (!rs_variants_at(variants, number)->is_free) numbers[count++] = number;
    }
    qsort_r(numbers, count, sizeof *numbers, compare_variants, core);
    for (size_t i = 0; i < count; i++) {
        rs_variant_row_t row;
        read_variant(core, rs_variants_at(variants, numbers[i]), &row);
        on_variant(context, &row);
    }
    free(numbers);
}
