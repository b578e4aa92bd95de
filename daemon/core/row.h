/* core/row.h — one aggregate row: a key over one interval, in one attribution. What replay prints and the store writes. */
#ifndef RS_CORE_ROW_H
#define RS_CORE_ROW_H

#include "core/counts.h"
#include "core/key.h"
#include "core/window/histogram.h"

typedef enum rs_attribution { RS_ATTRIBUTION_EVENT = 0, RS_ATTRIBUTION_ENTER, RS_ATTRIBUTION_CLOSE, RS_ATTRIBUTION_COUNT } rs_attribution_t;

/* How time is cut into rows. */
typedef enum rs_interval_mode { RS_INTERVAL_FIXED = 0, RS_INTERVAL_DAY, RS_INTERVAL_ALL } rs_interval_mode_t;
typedef struct rs_interval_spec {
    rs_interval_mode_t mode;
    int64_t length_us;          /* FIXED: divides a day; cut at UTC multiples */
    const rs_zone_t *zone;      /* DAY; borrowed */
} rs_interval_spec_t;
/* Start of the interval that `at_us` is in, and its length; ALL: 0 and 0. Pure. */
void rs_interval_of(const rs_interval_spec_t *spec, int64_t at_us, int64_t *start_us, int64_t *length_us);

enum { RS_ROW_THRESHOLDS = 9 };

typedef struct rs_row {
    rs_key_t key;
    uint8_t attribution;
    int64_t start_us, length_us;           /* both 0 for ALL */
    uint64_t part;                         /* one stay of this interval in memory */
    uint64_t revision;                     /* grows with every change of the row */
    bool final;                            /* nothing but a correction can change it */
    int64_t still_open;                    /* legs queued in it without an outcome */
    int64_t threshold_us;                  /* -1 where the row mixes thresholds */
    /* Which thresholds, and how many legs had each (below 0: a part that takes back what another part counted), -1 = not known which.
     * None where that says no more than threshold_us: it is that of all legs that were closed in the row. */
    uint8_t threshold_count;
    int64_t thresholds_us[RS_ROW_THRESHOLDS], threshold_legs[RS_ROW_THRESHOLDS];
    const rs_policy_t *policies[RS_MAX_POLICIES]; /* of the slots SL_NUM_i, SL_DEN_i; NULL = unused. Valid for the core's life */
    int64_t counts[RS_COUNT_COUNT];
    int64_t extremes[RS_EXTREME_COUNT];    /* -1 = none */
    uint8_t bounded;                       /* bit set of extremes that are not the value but a bound of it; rare, see core/rows.h */
    const rs_hist_entry_t *histograms[RS_HIST_COUNT];  /* sorted by bucket */
    uint32_t histogram_sizes[RS_HIST_COUNT];
} rs_row_t;
/* Strings and histograms of the row are borrowed for the call. */
typedef void (*rs_row_fn)(void *context, const rs_row_t *row);

#endif
