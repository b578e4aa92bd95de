/* core/rows.h — rows in memory: one cell per key, attribution and interval, absolute, changed in place.
 *
 * Model:   cells are found by (key, attribution, interval start). A cell that changed stands in the dirty list until it is
 *          collected. A cell leaves memory when it is final and collected; if a correction comes later, a new cell with a new
 *          part begins at zero, and whoever reads sums the parts (counts may be negative in such a part).
 * Extremes: kept as the six greatest (least) values; a value that is taken back is removed from them. What was pushed out is
 *          known by its best value only, so an extreme is exact unless more than six of a cell's best values, and the next best,
 *          were taken back.
 */
#ifndef RS_CORE_ROWS_H
#define RS_CORE_ROWS_H

#include "core/pool.h"
#include "core/row.h"

enum { RS_BEST_KEPT = 6, RS_THRESHOLDS_KEPT = 4 };
typedef struct rs_best {            /* for a least value the sign is turned round */
    int64_t kept[RS_BEST_KEPT];     /* falling */
    int64_t pushed;                 /* best of those that had no room, INT64_MIN = none */
    uint32_t count;
} rs_best_t;

typedef struct rs_cell {
    uint32_t key, dirty_next, dirty_previous, next_final;
    uint8_t attribution, is_dirty, is_final, unused;
    int64_t start_us, length_us;
    uint64_t part, revision;
    int64_t still_open;
    int64_t thresholds[RS_THRESHOLDS_KEPT];   /* T's seen in this cell, and how many facts had each */
    int64_t threshold_uses[RS_THRESHOLDS_KEPT], threshold_others;
    int64_t counts[RS_COUNT_COUNT];
    rs_best_t bests[RS_EXTREME_COUNT];
    uint32_t histograms[RS_HIST_COUNT];   /* places of block tables, 0 = empty */
} rs_cell_t;

typedef struct rs_rows {
    rs_pool_t cells, tables, blocks;
    rs_index_t index;
    rs_interval_spec_t spec;
    uint32_t dirty_head, dirty_tail, dirty_count;
    uint64_t run, part_counter, revision_counter;
    uint64_t dropped;               /* contributions that found no room */
    rs_hist_entry_t *scratch;       /* for reading out histograms */
} rs_rows_t;

RS_MUST_CHECK int rs_rows_init(rs_rows_t *rows, uint32_t max_cells, const rs_interval_spec_t *spec, uint64_t run);
void rs_rows_deinit(rs_rows_t *rows);
/* The cell's number, made when new; 0 and counted in `dropped` when there is no room. `likely` may be 0. */
uint32_t rs_rows_find(rs_rows_t *rows, uint32_t likely, uint32_t key, unsigned attribution, int64_t at_us);
static inline rs_cell_t *rs_rows_cell(const rs_rows_t *rows, uint32_t number) { return rs_pool_at(&rows->cells, number); }
/* To be called after a change: a new revision, and into the dirty list. */
void rs_rows_touch(rs_rows_t *rows, uint32_t number);
void rs_rows_duration(rs_rows_t *rows, rs_cell_t *cell, rs_histogram_id_t histogram, int64_t duration_us, int sign);
void rs_rows_extreme(rs_cell_t *cell, rs_extreme_t extreme, int64_t value_us, int sign);
void rs_rows_threshold(rs_cell_t *cell, int64_t threshold_us, int sign);
/* Fills everything of *row but the key and the policies. Histograms point into `scratch`, valid until the next call. */
void rs_rows_read(rs_rows_t *rows, uint32_t number, rs_row_t *row);
/* True when nothing at all is counted in it. */
bool rs_cell_is_empty(const rs_cell_t *cell);
/* Takes the cell out of the dirty list. / Frees a cell that is not dirty. */
void rs_rows_clean(rs_rows_t *rows, uint32_t number);
void rs_rows_free(rs_rows_t *rows, uint32_t number);
uint64_t rs_rows_bytes(const rs_rows_t *rows);

#endif
