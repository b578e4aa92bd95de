#include "core/process/process.h"

#include "core/blocks.h"
#include "core/hash.h"
#include "core/names.h"

enum { TAKEN_BACK = 1 << 15 };   /* beside the bucket of a waiting time */
_Static_assert((int)RS_HIST_BUCKETS <= (int)TAKEN_BACK, "a waiting time is packed into 16 bits");

static uint32_t at_most(uint64_t wanted) { return wanted < UINT32_MAX / 4 ? (uint32_t)wanted : UINT32_MAX / 4; }

int rs_process_init(rs_process_t *process, const rs_limits_t *limits, const rs_interval_spec_t *spec, uint64_t run) {
    *process = (rs_process_t){.on = true, .spec = *spec, .run = run, .max_edges = limits->edges};
    rs_changed_init(&process->changed, &process->cells, offsetof(rs_edge_cell_t, link), NULL);
    const uint32_t cells = at_most((uint64_t)limits->edges * 2);
    if (rs_pool_init(&process->cells, sizeof(rs_edge_cell_t), cells) != RS_OK ||
        rs_pool_init(&process->tables, sizeof(rs_block_table_t), cells) != RS_OK ||
        rs_pool_init(&process->blocks, sizeof(rs_block_t), at_most((uint64_t)cells * RS_HIST_BLOCKS)) != RS_OK ||
        rs_index_init(&process->index, cells) != RS_OK || rs_variants_init(&process->variants, limits->variants) != RS_OK) {
        rs_process_deinit(process);
        return RS_ERR_MEMORY;
    }
    return RS_OK;
}

void rs_process_deinit(rs_process_t *process) {
    rs_pool_deinit(&process->cells);
    rs_pool_deinit(&process->tables);
    rs_pool_deinit(&process->blocks);
    rs_index_deinit(&process->index);
    rs_variants_deinit(&process->variants);
    *process = (rs_process_t){0};
}

/* --- cells -------------------------------------------------------------------------------------------------------- */
typedef struct edge { uint32_t tenant, queue, from, to; } edge_t;

static uint64_t edge_hash(const edge_t *edge) {
    return rs_hash_mix(((uint64_t)edge->from << 32 | edge->to) ^ rs_hash_mix((uint64_t)edge->tenant << 32 | edge->queue));
}

static uint64_t cell_hash(uint64_t hash, int64_t start_us) { return rs_hash_mix(hash + (uint64_t)start_us); }

static bool is_edge(const rs_edge_cell_t *cell, const edge_t *edge) {
    return cell->tenant == edge->tenant && cell->queue == edge->queue && cell->from == edge->from && cell->to == edge->to;
}

/* Only waits for the store. */
static bool is_leaving(const rs_edge_cell_t *cell) { return cell->is_final && rs_changed_differs(&cell->link); }

static uint32_t find(const rs_process_t *process, uint64_t hash, const edge_t *edge, int64_t start_us) {
    uint32_t cursor = rs_index_begin(&process->index, hash), number;
    while ((number = rs_index_next(&process->index, hash, &cursor)) != 0) {
        const rs_edge_cell_t *cell = rs_process_cell(process, number);
        if (is_edge(cell, edge) && cell->start_us == start_us) return number;
    }
    return 0;
}

bool rs_process_restore(rs_process_t *process, uint32_t number) {
    const rs_edge_cell_t *cell = rs_process_cell(process, number);
    const edge_t edge = {.tenant = cell->tenant, .queue = cell->queue, .from = cell->from, .to = cell->to};
    const uint64_t hash = cell_hash(edge_hash(&edge), cell->start_us);
    if (find(process, hash, &edge, cell->start_us) != 0) return false;
    rs_index_add(&process->index, hash, number);
    process->changed.leaving += is_leaving(cell);
    return true;
}

static uint32_t make_cell(rs_process_t *process, uint64_t hash, const edge_t *edge, int64_t start_us, int64_t length_us, bool overflow) {
    const uint32_t number = rs_pool_take(&process->cells);
    if (number == 0) {
        process->dropped++;
        return 0;
    }
    rs_edge_cell_t *cell = rs_process_cell(process, number);
    cell->tenant = edge->tenant;
    cell->queue = edge->queue;
    cell->from = edge->from;
    cell->to = edge->to;
    cell->start_us = start_us;
    cell->length_us = length_us;
    cell->part = process->run << 32 | (++process->part_counter & UINT32_MAX);
    cell->is_overflow = overflow;
    if (!overflow) process->edges++;
    rs_index_add(&process->index, hash, number);
    return number;
}

static uint32_t without_queue(uint32_t stage) {
    return rs_stage_kind(stage) == RS_PROCESS_QUEUE ? rs_stage_of_queue(RS_NAMES_OVERFLOW) : stage;
}

static uint32_t overflow_cell(rs_process_t *process, const edge_t *edge, int64_t start_us, int64_t length_us) {
    const edge_t shared = {.tenant = edge->tenant, .queue = edge->queue == 0 ? 0 : RS_NAMES_OVERFLOW,
                           .from = without_queue(edge->from), .to = without_queue(edge->to)};
    const uint64_t hash = cell_hash(edge_hash(&shared), start_us);
    const uint32_t number = find(process, hash, &shared, start_us);
    process->overflowed++;
    return number != 0 ? number : make_cell(process, hash, &shared, start_us, length_us, true);
}

/* 0: no room. */
static uint32_t cell_at(rs_process_t *process, const edge_t *edge, int64_t at_us) {
    const uint64_t hash = edge_hash(edge);
    uint32_t *likely = &process->likely[hash % RS_PROCESS_LIKELY];
    if (*likely != 0) {
        const rs_edge_cell_t *cell = rs_process_cell(process, *likely);
        const bool inside = cell->length_us == 0 || (at_us >= cell->start_us && at_us < cell->start_us + cell->length_us);
        if (inside && !cell->is_free && is_edge(cell, edge)) return *likely;
    }
    int64_t start_us, length_us;
    rs_interval_of(&process->spec, at_us, &start_us, &length_us);
    const uint64_t own_hash = cell_hash(hash, start_us);
    const uint32_t number = find(process, own_hash, edge, start_us);
    if (number != 0) return *likely = number;
    if (process->edges >= process->max_edges) return overflow_cell(process, edge, start_us, length_us);
    return *likely = make_cell(process, own_hash, edge, start_us, length_us, false);
}

static void touch(rs_process_t *process, uint32_t number) {
    const rs_edge_cell_t *cell = rs_process_cell(process, number);
    const bool fresh = !rs_changed_differs(&cell->link);
    rs_changed_touch(&process->changed, number, fresh);
    process->changed.leaving += fresh && cell->is_final;
}

static void free_cell(rs_process_t *process, uint32_t number) {
    rs_edge_cell_t *cell = rs_process_cell(process, number);
    const edge_t edge = {.tenant = cell->tenant, .queue = cell->queue, .from = cell->from, .to = cell->to};
    rs_blocks_give(&process->tables, &process->blocks, cell->times);
    if (!cell->is_overflow) process->edges--;
    rs_index_remove(&process->index, cell_hash(edge_hash(&edge), cell->start_us), number);
    cell->is_free = true;   /* so that nobody who remembers the number takes it for a cell */
    rs_pool_give(&process->cells, number);
}

/* --- what the store has --------------------------------------------------------------------------------------------- */
static void on_stored(void *context, uint32_t number) {
    rs_process_t *process = context;
    if (!rs_process_cell(process, number)->is_final) return;
    process->changed.leaving--;
    free_cell(process, number);
}

void rs_process_confirm(rs_process_t *process, const rs_collected_t *collected) {
    rs_changed_confirm(&process->changed, collected, on_stored, process);
}

bool rs_process_wait_too_much(const rs_process_t *process) {
    return process->on && rs_changed_is_short(process->edges, process->max_edges) &&
           rs_changed_holds_up(&process->changed, process->max_edges);
}

void rs_process_finalise(rs_process_t *process, int64_t frontier_us) {
    for (uint32_t number = 1; number <= process->cells.made; number++) {
        rs_edge_cell_t *cell = rs_process_cell(process, number);
        if (cell->is_free || cell->is_final || cell->length_us == 0 || cell->start_us + cell->length_us > frontier_us) continue;
        touch(process, number);
        cell->is_final = true;
        process->changed.leaving++;
    }
}

/* --- times -------------------------------------------------------------------------------------------------------- */
static void settle_times(rs_process_t *process, rs_edge_cell_t *cell) {
    for (unsigned i = 0; i < cell->waiting_count; i++) {
        const unsigned bucket = cell->waiting[i] & (TAKEN_BACK - 1u);
        rs_block_t *block = rs_blocks_make(&process->tables, &process->blocks, &cell->times, bucket / RS_HIST_PER_OCTAVE);
        if (block == NULL) process->dropped++;
        else block->counts[bucket % RS_HIST_PER_OCTAVE] += (cell->waiting[i] & TAKEN_BACK) != 0 ? -1 : 1;
    }
    cell->waiting_count = 0;
}

/* What is taken back a moment later, as most ends before a wrap-up are, meets its like among those that wait. */
static void count_time(rs_process_t *process, rs_edge_cell_t *cell, int64_t time_us, int sign) {
    const unsigned bucket = rs_hist_bucket(time_us);
    const unsigned packed = bucket | (sign < 0 ? (unsigned)TAKEN_BACK : 0), opposite = packed ^ TAKEN_BACK;
    for (unsigned i = 0; i < cell->waiting_count; i++) {
        if (cell->waiting[i] != opposite) continue;
        cell->waiting[i] = cell->waiting[--cell->waiting_count];
        return;
    }
    if (cell->waiting_count == RS_EDGE_TIMES_WAITING) settle_times(process, cell);
    cell->waiting[cell->waiting_count++] = (uint16_t)packed;
}

uint32_t rs_process_times(const rs_process_t *process, const rs_edge_cell_t *cell, rs_hist_entry_t *entries) {
    int32_t counts[RS_HIST_BUCKETS] = {0};
    uint32_t used = 0, count = 0;
    if (cell->times != 0) {
        const rs_block_table_t *table = rs_pool_at(&process->tables, cell->times);
        used = table->used;
        for (uint32_t left = used; left != 0; left &= left - 1) {
            const unsigned place = (unsigned)__builtin_ctz(left);
            memcpy(&counts[place * RS_HIST_PER_OCTAVE], rs_pool_at(&process->blocks, table->blocks[place]), sizeof(rs_block_t));
        }
    }
    for (unsigned i = 0; i < cell->waiting_count; i++) {
        const unsigned bucket = cell->waiting[i] & (TAKEN_BACK - 1u);
        counts[bucket] += (cell->waiting[i] & TAKEN_BACK) != 0 ? -1 : 1;
        used |= 1u << bucket / RS_HIST_PER_OCTAVE;
    }
    for (; used != 0; used &= used - 1) {
        const unsigned first = (unsigned)__builtin_ctz(used) * RS_HIST_PER_OCTAVE;
        for (unsigned bucket = first; bucket < first + RS_HIST_PER_OCTAVE; bucket++) {
            if (counts[bucket] == 0) continue;
            entries[count++] = (rs_hist_entry_t){.bucket = (uint16_t)bucket, .count = counts[bucket]};
        }
    }
    return count;
}

/* --- steps -------------------------------------------------------------------------------------------------------- */
/* Of an end's step the flags say what its contact had: that is one more contact with it, not one more of it. */
static void count_flags(rs_edge_cell_t *cell, unsigned flags, int sign) {
    if ((flags & RS_STEP_AGAIN) != 0) cell->again += sign;
    if ((flags & RS_STEP_PING_PONG_QUEUE) != 0) cell->ping_pong_queues += sign;
    if ((flags & RS_STEP_PING_PONG_AGENT) != 0) cell->ping_pong_agents += sign;
}

static void count_step(rs_process_t *process, uint32_t tenant, const rs_step_t *step, int sign) {
    const edge_t edge = {.tenant = tenant, .queue = step->queue, .from = step->from, .to = step->to};
    const uint32_t number = cell_at(process, &edge, step->at_us);
    if (number == 0) return;
    rs_edge_cell_t *cell = rs_process_cell(process, number);
    cell->count += sign;
    cell->time_us += sign * step->time_us;
    cell->path_us += sign * step->path_us;
    count_flags(cell, step->flags, sign);
    if (step->from != RS_PROCESS_BEGIN) count_time(process, cell, step->time_us, sign);
    touch(process, number);
}

void rs_process_count(rs_process_t *process, uint32_t tenant, const rs_path_t *path, const rs_step_t *steps, uint32_t count, int sign) {
    for (uint32_t i = 0; i < count; i++) {
        const int both = sign * steps[i].sign;
        count_step(process, tenant, &steps[i], both);
        if (rs_stage_is_end(rs_stage_kind(steps[i].to))) rs_variants_count(&process->variants, tenant, path, &steps[i], both);
    }
}

/* --- looking ------------------------------------------------------------------------------------------------------ */
bool rs_process_is_empty(const rs_edge_cell_t *cell) {
    return cell->count == 0 && cell->time_us == 0 && cell->path_us == 0 && cell->again == 0 && cell->ping_pong_queues == 0 &&
           cell->ping_pong_agents == 0;
}

uint64_t rs_process_bytes(const rs_process_t *process) {
    if (!process->on) return 0;
    return rs_pool_bytes(&process->cells) + rs_pool_bytes(&process->tables) + rs_pool_bytes(&process->blocks) +
           rs_index_bytes(&process->index) + rs_variants_bytes(&process->variants);
}
