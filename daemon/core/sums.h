/* core/sums.h — what is counted of one key in one interval: counts, durations, extremes, thresholds.
 *
 * Model:   what nearly every interval has lies in the sums themselves: the hot counts (core/places.h), the durations that came last,
 *          the one threshold. Everything else is in lines of 64 bytes, made when first needed: groups of rarer counts, the best
 *          values of each extreme, further thresholds, more durations. Durations are kept one by one while they are few; then they
 *          go to histograms, octave by octave (core/blocks.h).
 * Extremes: kept as the six greatest (least) values; a value that is taken back is removed from them. Of what was pushed out only its
 *          number and its best value are known, until it is empty again. So an extreme is exact unless all six of the best values
 *          were taken back while others that were pushed out are still there. Then it is a bound (rs_row_t.bounded): what the
 *          histograms allow, 1.6 % beyond the value at most; of waits that ended in neither answer nor abandon, the best ever pushed out.
 * Bounds:  lines, tables and blocks are pools; what finds no room is counted in `dropped`.
 */
#ifndef RS_CORE_SUMS_H
#define RS_CORE_SUMS_H

#include "core/blocks.h"
#include "core/places.h"
#include "core/pool.h"
#include "core/row.h"

enum {
    RS_BEST_KEPT = 6, RS_THRESHOLDS_KEPT = 4,
    RS_DURATIONS_WAITING = 31,           /* in the sums, */
    RS_DURATIONS_IN_LINE = 29,           /* in each line more, */
    RS_DURATION_LINES = 8                /* and so many lines before they go to histograms */
};

/* The lines. */
typedef struct rs_more_counts { uint32_t next, group; int64_t counts[RS_PLACES_GROUP]; } rs_more_counts_t;
typedef struct rs_best {            /* of one extreme; for a least value the sign is turned round */
    int64_t pushed;                 /* best of those that had no room, INT64_MIN = none */
    int64_t kept[RS_BEST_KEPT];     /* falling */
    uint32_t count, pushed_count;   /* how many are kept; how many had no room and are still counted */
} rs_best_t;
/* all in use */
typedef struct rs_more_durations { uint32_t next; uint16_t unused, durations[RS_DURATIONS_IN_LINE]; } rs_more_durations_t;
typedef struct rs_more_thresholds {
    int64_t thresholds[RS_THRESHOLDS_KEPT - 1], facts[RS_THRESHOLDS_KEPT - 1];
    int64_t others;                 /* facts whose T found no place */
    int64_t unused;
} rs_more_thresholds_t;
enum { RS_SUMS_LINE = 64 };
_Static_assert(sizeof(rs_more_counts_t) == RS_SUMS_LINE && sizeof(rs_best_t) == RS_SUMS_LINE &&
                   sizeof(rs_more_durations_t) == RS_SUMS_LINE && sizeof(rs_more_thresholds_t) == RS_SUMS_LINE, "lines of 64 bytes");

typedef struct rs_sums {
    int64_t counts[RS_PLACES_HOT];
    uint16_t durations[RS_DURATIONS_WAITING];    /* sign, histogram, bucket */
    uint16_t duration_count;
    int64_t threshold_us, threshold_facts;       /* the T seen in these sums, and how many facts had it; further ones in a line */
    uint32_t more_counts, more_durations, more_thresholds;   /* lines, 0 = none; the first two are chains */
    uint32_t bests[RS_EXTREME_COUNT];            /* lines, 0 = no value yet */
    uint32_t histograms[RS_HIST_COUNT];          /* places of block tables, 0 = empty */
    uint32_t unused;
} rs_sums_t;

/* For reading: durations that wait, as octaves; zero between uses. */
typedef struct rs_tally {
    rs_block_t octaves[RS_HIST_COUNT][RS_HIST_BLOCKS];
    uint32_t buckets[RS_HIST_COUNT][RS_HIST_BLOCKS], used[RS_HIST_COUNT];   /* bit sets: of an octave's buckets, of octaves */
} rs_tally_t;

typedef struct rs_sums_store {
    rs_pool_t lines, tables, blocks;
    rs_places_t places;
    uint64_t dropped;               /* contributions that found no room */
    rs_tally_t *tally;
} rs_sums_store_t;

/* What the rows of a key and interval may take of each pool, in the mean: so much for every row. */
enum { RS_LINES_EACH = 10, RS_TABLES_EACH = 3, RS_BLOCKS_EACH = 6 };
/* `max_rows`: of all keys, intervals and attributions. RS_ERR_MEMORY; deinit is safe on a zeroed one. */
RS_MUST_CHECK int rs_sums_init(rs_sums_store_t *store, uint64_t max_rows);
void rs_sums_deinit(rs_sums_store_t *store);
uint64_t rs_sums_bytes(const rs_sums_store_t *store);

void rs__sums_more_count(rs_sums_store_t *store, rs_sums_t *sums, unsigned place, int64_t delta);
static inline void rs_sums_count(rs_sums_store_t *store, rs_sums_t *sums, unsigned count, int64_t delta) {
    const unsigned place = store->places.of[count];
    if (place < RS_PLACES_HOT) sums->counts[place] += delta;
    else rs__sums_more_count(store, sums, place, delta);
}
int64_t rs_sums_get(const rs_sums_store_t *store, const rs_sums_t *sums, unsigned count);
/* Adds all counts to counts[], by number. */
void rs_sums_add_counts(const rs_sums_store_t *store, const rs_sums_t *sums, int64_t counts[RS_COUNT_COUNT]);
void rs_sums_duration(rs_sums_store_t *store, rs_sums_t *sums, rs_histogram_id_t histogram, int64_t duration_us, int sign);
void rs_sums_extreme(rs_sums_store_t *store, rs_sums_t *sums, rs_extreme_t extreme, int64_t value_us, int sign);
/* `facts` say that their T is this one; negative: so many are taken back. */
void rs_sums_threshold(rs_sums_store_t *store, rs_sums_t *sums, int64_t threshold_us, int facts);
/* Gives back all that the sums lead to. */
void rs_sums_free(rs_sums_store_t *store, const rs_sums_t *sums);

/* --- reading; the two parts of a row, either may be NULL ------------------------------------------------------------------ */
/* Fills row->extremes and row->bounded from the parts and from counts and histograms that the row has already. */
void rs_sums_extremes(const rs_sums_store_t *store, const rs_sums_t *const parts[2], rs_row_t *row);
/* Fills row->threshold_us and the row's thresholds; needs its counts. */
void rs_sums_read_threshold(const rs_sums_store_t *store, const rs_sums_t *const parts[2], rs_row_t *row);
/* All histograms, each into its RS_HIST_BUCKETS places of `entries`, sorted by bucket; sizes[i] of them are used. */
void rs_sums_histograms(const rs_sums_store_t *store, const rs_sums_t *const parts[2], rs_hist_entry_t *entries,
                        uint32_t sizes[RS_HIST_COUNT]);
/* Call for what the sums lead to; for what that leads to. Change nothing. */
void rs_sums_prefetch(const rs_sums_store_t *store, const rs_sums_t *sums);
void rs_sums_prefetch_blocks(const rs_sums_store_t *store, const rs_sums_t *sums);

/* --- saving and loading (core/rows_state.c) ------------------------------------------------------------------------------ */
/* Extremes and thresholds as they are saved: what is not in use is 0. */
typedef struct rs_sums_saved {
    /* worst: the last kept one when there is no room for more, else INT64_MIN */
    struct { int64_t worst, pushed; uint32_t pushed_count; } edges[RS_EXTREME_COUNT];
    struct { int64_t kept[RS_BEST_KEPT]; uint32_t count; } bests[RS_EXTREME_COUNT];
    int64_t thresholds[RS_THRESHOLDS_KEPT], threshold_uses[RS_THRESHOLDS_KEPT];
    int64_t threshold_others;
} rs_sums_saved_t;
void rs_sums_save(const rs_sums_store_t *store, const rs_sums_t *sums, rs_sums_saved_t *saved);
/* False: no room. */
RS_MUST_CHECK bool rs_sums_restore(rs_sums_store_t *store, rs_sums_t *sums, const rs_sums_saved_t *saved);
/* Loading: lines that no sums use; what sums may need at most beside their durations; and durations that are in lines go to their
 * histograms, so that their lines are free. */
uint32_t rs_sums_lines_left(const rs_sums_store_t *store);
enum { RS_SUMS_LINES_MOST = RS_PLACES_GROUPS + RS_EXTREME_COUNT + 1 };
void rs_sums_settle(rs_sums_store_t *store, rs_sums_t *sums);
/* So many durations of a bucket at once. */
void rs_sums_add_bucket(rs_sums_store_t *store, rs_sums_t *sums, unsigned histogram, unsigned bucket, int32_t times);

#endif
