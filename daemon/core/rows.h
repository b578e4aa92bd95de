/* core/rows.h — rows in memory: one cell per key and interval, absolute, changed in place.
 *
 * Model:   a cell has the rows of all attributions of its key and interval. Most of what happens falls into one interval whatever
 *          the attribution: that is counted once, in `common`. What falls into different ones is counted in the attribution's own
 *          sums, made when first needed. So
 *              row of an attribution = common + its own
 *          Attribution close shares nothing, because what is counted there moves: its row is its own sums alone.
 *          A row that changed is marked in its cell, and the cell stands in the dirty list until the store has confirmed its rows as they
 *          are. A cell leaves memory when it is final and confirmed; if a correction comes later, a new cell with a new part begins at zero,
 *          and whoever reads sums the parts (counts may be negative in such a part).
 * Extremes: kept as the six greatest (least) values; a value that is taken back is removed from them. What was pushed out is
 *          known by its best value only, so an extreme is exact unless more than six of the best values, and the next best,
 *          were taken back.
 * Speed:   what most changes touch lies together in a few cache lines; durations wait in one of them until it is full, and then
 *          go to their histograms together.
 */
#ifndef RS_CORE_ROWS_H
#define RS_CORE_ROWS_H

#include "core/in_hand.h"
#include "core/pool.h"
#include "core/row.h"

enum { RS_BEST_KEPT = 6, RS_THRESHOLDS_KEPT = 4, RS_DURATIONS_WAITING = 31 };

typedef struct rs_best_edge {       /* what says of most values that they change nothing */
    int64_t worst;                  /* the last of the kept ones when there is no room for more, else INT64_MIN */
    int64_t pushed;                 /* best of those that had no room, INT64_MIN = none */
} rs_best_edge_t;
typedef struct rs_best {            /* for a least value the sign is turned round */
    int64_t kept[RS_BEST_KEPT];     /* falling */
    uint32_t count;
} rs_best_t;

typedef struct rs_sums {
    _Alignas(64) int64_t counts[RS_COUNT_COUNT];            /* by rs_rows_t.place */
    _Alignas(64) uint16_t durations[RS_DURATIONS_WAITING];  /* sign, histogram, bucket */
    uint16_t duration_count;
    _Alignas(64) rs_best_edge_t edges[RS_EXTREME_COUNT];
    _Alignas(64) int64_t thresholds[RS_THRESHOLDS_KEPT];    /* T's seen in these sums, and how many facts had each */
    int64_t threshold_uses[RS_THRESHOLDS_KEPT];
    int64_t threshold_others;
    uint32_t histograms[RS_HIST_COUNT];                     /* places of block tables, 0 = empty */
    rs_best_t bests[RS_EXTREME_COUNT];
} rs_sums_t;

typedef struct rs_cell {
    uint32_t key, dirty_next, dirty_previous;
    uint8_t attributions;           /* bit set: those whose row something was counted in */
    uint8_t dirty;                  /* bit set: those whose row changed since it was confirmed */
    bool is_final, is_free;
    int64_t start_us, length_us;
    int64_t still_open;             /* the same in every attribution */
    uint64_t revision;
    uint32_t own[RS_ATTRIBUTION_COUNT];   /* places of sums, 0 = none */
    uint64_t part;
    uint64_t dirty_since;           /* place in the order of the dirty list, 0: not in it */
    rs_sums_t common;
} rs_cell_t;

typedef struct rs_rows {
    rs_pool_t cells, sums, tables, blocks;
    rs_index_t index;
    rs_interval_spec_t spec;
    uint32_t dirty_head, dirty_tail, dirty_count;   /* the count is of rows */
    uint64_t run, part_counter, revision_counter, dirty_counter;
    uint64_t dropped;               /* contributions that found no room */
    uint8_t place[RS_COUNT_COUNT];  /* where in the sums a count is */
    rs_hist_entry_t *scratch;       /* for reading out histograms */
    rs_in_hand_t in_hand;
} rs_rows_t;

/* `max_cells` > 0. */
RS_MUST_CHECK int rs_rows_init(rs_rows_t *rows, uint32_t max_cells, const rs_interval_spec_t *spec, uint64_t run);
void rs_rows_deinit(rs_rows_t *rows);
/* The cell's number, made when new; 0 and counted in `dropped` when there is no room. `likely` may be 0. */
uint32_t rs_rows_find(rs_rows_t *rows, uint32_t likely, uint32_t key, int64_t at_us);
static inline rs_cell_t *rs_rows_cell(const rs_rows_t *rows, uint32_t number) { return rs_pool_at(&rows->cells, number); }
/* Calls for the memory that a change of the cell will touch; changes nothing otherwise. */
static inline void rs_rows_prefetch(const rs_rows_t *rows, uint32_t number) {
    const rs_cell_t *cell = rs_rows_cell(rows, number);
    __builtin_prefetch(cell, 1);
    __builtin_prefetch(&cell->common.counts[0], 1);
    __builtin_prefetch(&cell->common.counts[8], 1);
    __builtin_prefetch(&cell->common.durations[0], 1);
    __builtin_prefetch(&cell->common.edges[0], 1);
}
/* The sums that only this attribution has, made when new; NULL and counted in `dropped` when there is no room. */
rs_sums_t *rs_rows_own(rs_rows_t *rows, rs_cell_t *cell, unsigned attribution);
/* To be called after a change: a new revision, and into the dirty list. `attributions`: a bit set. */
void rs_rows_touch(rs_rows_t *rows, uint32_t number, unsigned attributions);
static inline void rs_rows_count(const rs_rows_t *rows, rs_sums_t *sums, unsigned count, int64_t delta) {
    sums->counts[rows->place[count]] += delta;
}
void rs_rows_duration(rs_rows_t *rows, rs_sums_t *sums, rs_histogram_id_t histogram, int64_t duration_us, int sign);
void rs_rows_extreme(rs_sums_t *sums, rs_extreme_t extreme, int64_t value_us, int sign);
/* `facts` say that their T is this one; negative: so many are taken back. */
void rs_rows_threshold(rs_sums_t *sums, int64_t threshold_us, int facts);
/* Fills everything of *row but the key and the policies. Histograms point into `scratch`, valid until the next call. */
void rs_rows_read(rs_rows_t *rows, uint32_t number, unsigned attribution, rs_row_t *row);
/* True when nothing at all is counted in that row. */
bool rs_rows_is_empty(const rs_rows_t *rows, const rs_cell_t *cell, unsigned attribution);
/* The next cell to hand out after what is in hand, 0: none. / It is in hand from now on. */
uint32_t rs_rows_next_dirty(const rs_rows_t *rows);
void rs_rows_take_in_hand(rs_rows_t *rows, uint32_t number);
/* What was handed out so has arrived: cells leave the dirty list, final ones memory; those that changed since go to the list's end. */
void rs_rows_confirm(rs_rows_t *rows, const rs_collected_t *collected);
uint64_t rs_rows_bytes(const rs_rows_t *rows);

#endif
