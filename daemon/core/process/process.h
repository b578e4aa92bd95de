/* core/process/process.h — the directly-follows graph: how often, and after how long, one stage followed another.
 *
 * Model:   a cell per tenant, queue, stage, next stage, and interval of the step's moment. The queue is that whose stage the first one
 *          is (a leg's, a handling's; none before any), so a map can be drawn of a tenant and of one queue. Cells are absolute and
 *          changed in place; as with rows (core/rows.h) a changed one stands in a list until it is confirmed, and one that
 *          is final and confirmed leaves memory. A correction after that begins a new part at zero, which may be negative.
 *          Everything else follows from cells (map.h): who began and ended, rework, shares of time, the bottleneck.
 * Times:   counted when the stage is left, in that interval. Percentiles by the buckets of core/window/histogram.h, from all of
 *          which a time can be taken back: so the greatest is that of its bucket, too (1.6 %), never remembered longer than
 *          it holds. A step from `begin` has no time.
 * Bounds:  limits.edges cells. Past it a step is counted between the same kinds of stages with queue __overflow__, so that all but
 *          the queues' names stays exact; for these there are as many cells again. `overflowed` counts such steps, `dropped` those
 *          that found no room at all, and times that found none in their histogram.
 * State:   all of it but `likely`, which may be zeroed at any time, and what is in hand (core/changed.h).
 */
#ifndef RS_CORE_PROCESS_H
#define RS_CORE_PROCESS_H

#include "core/changed.h"
#include "core/pool.h"
#include "core/process/path.h"
#include "core/process/variants.h"
#include "core/row.h"

enum { RS_EDGE_TIMES_WAITING = 10, RS_PROCESS_LIKELY = 1024 };

typedef struct rs_edge_cell {
    _Alignas(64) uint32_t tenant;
    uint32_t queue, from, to;
    int64_t start_us, length_us;
    int64_t count, time_us;
    uint64_t part;
    int64_t path_us;                 /* of steps to an end: from the first stage */
    /* the second line */
    rs_changed_link_t link;
    int32_t again, ping_pong_queues, ping_pong_agents;
    uint32_t times;                  /* a histogram: place of its block table, 0 = empty */
    uint16_t waiting[RS_EDGE_TIMES_WAITING];   /* times that are not in it yet: bucket, sign */
    uint8_t waiting_count;
    bool is_overflow : 1, is_final : 1, is_free : 1;
} rs_edge_cell_t;
_Static_assert(sizeof(rs_edge_cell_t) == 128, "a cell is two cache lines");

typedef struct rs_process {
    bool on;
    rs_pool_t cells, tables, blocks;
    rs_index_t index;
    rs_interval_spec_t spec;
    uint32_t max_edges, edges;       /* cells that are not __overflow__'s */
    rs_changed_t changed;            /* cells */
    uint64_t run, part_counter;
    uint64_t overflowed, dropped;
    rs_variants_t variants;
    uint32_t likely[RS_PROCESS_LIKELY];   /* by hash: the cell that was last the right one */
} rs_process_t;

/* limits->edges > 0. RS_ERR_MEMORY. deinit is safe on a zeroed one. */
RS_MUST_CHECK int rs_process_init(rs_process_t *process, const rs_limits_t *limits, const rs_interval_spec_t *spec, uint64_t run);
void rs_process_deinit(rs_process_t *process);
/* Counts steps of one contact (+1) or takes them back (-1). `path` begins with the stages of every end among them. */
void rs_process_count(rs_process_t *process, uint32_t tenant, const rs_path_t *path, const rs_step_t *steps, uint32_t count, int sign);
/* Cells of intervals that end by then are final. */
void rs_process_finalise(rs_process_t *process, int64_t frontier_us);
static inline rs_edge_cell_t *rs_process_cell(const rs_process_t *process, uint32_t number) { return rs_pool_at(&process->cells, number); }
/* True when nothing at all is counted in the cell. */
bool rs_process_is_empty(const rs_edge_cell_t *cell);
/* The cell's times, sorted by bucket; returns how many entries (at most RS_HIST_BUCKETS). */
uint32_t rs_process_times(const rs_process_t *process, const rs_edge_cell_t *cell, rs_hist_entry_t *entries);
/* As the rows' (core/rows.h). */
void rs_process_confirm(rs_process_t *process, const rs_collected_t *collected);
bool rs_process_wait_too_much(const rs_process_t *process);
/* Loading: the cell can be found again. False: there is one of that edge and interval already. */
RS_MUST_CHECK bool rs_process_restore(rs_process_t *process, uint32_t number);
uint64_t rs_process_bytes(const rs_process_t *process);

#endif
