/* core/rows.h — rows in memory: one cell per key and interval, absolute, changed in place.
 *
 * Model:   a cell has the rows of all attributions of its key and interval. Most of what happens falls into one interval whatever
 *          the attribution: that is counted once, in `common`. What falls into different ones is counted in the attribution's own
 *          sums, made when first needed. So
 *              row of an attribution = common + its own
 *          Attribution close shares nothing, because what is counted there moves: its row is its own sums alone.
 *          A row that changed is marked in its cell, and the cell stands in the list of changed ones (core/changed.h) until the store
 *          has confirmed its rows as they are. A cell leaves memory when it is final and confirmed, and nothing stands in it that may
 *          move still (attribution close, core/close.h). If a correction comes later, a new cell with a new part begins at zero, and
 *          whoever reads sums the parts: counts may be negative in such a part, extremes cannot be taken back in one. Cells that only
 *          wait for what may move are held, and go, longest held first, when there is no other room.
 *          What is counted, and how: core/sums.h.
 */
#ifndef RS_CORE_ROWS_H
#define RS_CORE_ROWS_H

#include "core/changed.h"
#include "core/row.h"
#include "core/sums.h"

typedef struct rs_cell {
    rs_sums_t common;
    uint32_t key;
    uint8_t attributions;           /* bit set: those whose row something was counted in */
    uint8_t dirty;                  /* bit set: those whose row changed since it was confirmed */
    bool is_final, is_free;
    int64_t start_us, length_us;
    int64_t still_open;             /* the same in every attribution */
    rs_changed_link_t link;         /* among those that changed, or those that are held */
    uint32_t own[RS_ATTRIBUTION_COUNT];   /* places of sums, 0 = none */
    uint32_t standing;              /* facts in its row of attribution close that may move still */
    uint64_t part;
} rs_cell_t;

typedef struct rs_rows {
    rs_pool_t cells, sums;
    rs_sums_store_t store;          /* what sums lead to; `dropped` also has what found no cell */
    rs_index_t index;
    rs_interval_spec_t spec;
    rs_changed_t changed;           /* cells, counted in rows */
    rs_changed_list_t held;         /* final and confirmed, but something may move still; in the order of becoming so */
    uint32_t held_count;
    uint64_t run, part_counter;
    rs_hist_entry_t *scratch;       /* for reading out histograms */
    uint32_t *ends;                 /* FIXED: by the cell's number - 1, which interval begins where it ends; 0 = free, or final */
} rs_rows_t;

/* `max_cells` > 0, each with rows in so many attributions. */
RS_MUST_CHECK int rs_rows_init(rs_rows_t *rows, uint32_t max_cells, uint32_t rows_each, const rs_interval_spec_t *spec, uint64_t run);
void rs_rows_deinit(rs_rows_t *rows);
/* Held cells leave memory until a cell can be made for each attribution, or none is held. To be called before the finds of one change: what
 * was found may be freed by it. */
void rs_rows_make_room(rs_rows_t *rows);
/* The cell's number, made when new; 0 and counted in `store.dropped` when there is no room. `likely` may be 0. */
uint32_t rs_rows_find(rs_rows_t *rows, uint32_t likely, uint32_t key, int64_t at_us);
static inline rs_cell_t *rs_rows_cell(const rs_rows_t *rows, uint32_t number) { return rs_pool_at(&rows->cells, number); }
/* Calls for the memory that a change of the cell will touch; changes nothing otherwise. */
static inline void rs_rows_prefetch(const rs_rows_t *rows, uint32_t number) {
    const rs_cell_t *cell = rs_rows_cell(rows, number);
    for (size_t at = 0; at < sizeof *cell; at += 64) __builtin_prefetch((const char *)cell + at, 1);
    __builtin_prefetch(&cell->part, 1);   /* cells need not stand at cache lines */
}
/* The sums that only this attribution has, made when new; NULL and counted in `store.dropped` when there is no room. */
rs_sums_t *rs_rows_own(rs_rows_t *rows, rs_cell_t *cell, unsigned attribution);
/* Marks rows final whose interval ends by then, in the order of their cells' numbers. FIXED only. Work is proportional to these. */
void rs_rows_finalise(rs_rows_t *rows, int64_t frontier_us);
/* To be called after a change: a new revision, and into the dirty list. `attributions`: a bit set. */
void rs_rows_touch(rs_rows_t *rows, uint32_t number, unsigned attributions);
/* So many facts more stand in the row of attribution close and may move still; fewer: they have moved, or cannot any more. Nothing
 * more stands there: then the cell may leave memory by this call. */
void rs_rows_stand(rs_rows_t *rows, uint32_t number, int32_t facts);
/* The cell's number if it is in memory, else 0. */
uint32_t rs_rows_known(const rs_rows_t *rows, uint32_t key, int64_t at_us);
/* The key is called something else: all its rows go to the store again. */
void rs_rows_touch_key(rs_rows_t *rows, uint32_t key);
/* Fills everything of *row but the key and the policies. Histograms point into `scratch`, valid until the next call. */
void rs_rows_read(rs_rows_t *rows, uint32_t number, unsigned attribution, rs_row_t *row);
/* True when nothing at all is counted in that row. */
bool rs_rows_is_empty(const rs_rows_t *rows, const rs_cell_t *cell, unsigned attribution);
/* As rs_changed_confirm: cells that are stored as they are and final leave memory. */
void rs_rows_confirm(rs_rows_t *rows, const rs_collected_t *collected);
/* Room for cells is short, and final ones that wait for the store take much of it. */
bool rs_rows_wait_too_much(const rs_rows_t *rows);
uint64_t rs_rows_bytes(const rs_rows_t *rows);

#endif
