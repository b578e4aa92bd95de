/* core/window/histogram.h — log-linear histogram of durations: 32 buckets per octave, exact merge and subtract.
 *
 * Model:     values are whole milliseconds. Bucket of v: v itself below 32; above, octave k = floor(log2 v) split in 32
 *            equal parts. Bucket numbers 0 .. RS_HIST_BUCKETS-1; from 24 h on everything is in the last one. Buckets
 *            are kept in blocks of 32 (one octave), made when first used. The relative half-width of a bucket is at
 *            most 1/64 (1.56 %). A count may be negative for a while (a part of an interval may take back what another
 *            part counted).
 * Source:    the layout is that of HdrHistogram with 5 bits of mantissa; nearest-rank percentile as in
 *            design/metrics.md.
 */
#ifndef RS_CORE_HISTOGRAM_H
#define RS_CORE_HISTOGRAM_H

#include "base/base.h"

enum { RS_HIST_PER_OCTAVE = 32, RS_HIST_BLOCKS = 23, RS_HIST_BUCKETS = RS_HIST_BLOCKS * RS_HIST_PER_OCTAVE };
#define RS_HIST_LIMIT_MS INT64_C(86400000) /* 24 h: this and beyond is the last bucket */

/* Bucket of a duration in microseconds (>= 0); cut to whole milliseconds first. Pure. */
uint32_t rs_hist_bucket(int64_t duration_us);
/* Lowest and highest whole millisecond of a bucket. Pure. The last bucket: RS_HIST_LIMIT_MS to INT64_MAX. The 21
 * buckets between 24 h and the last one are never used; both their bounds read RS_HIST_LIMIT_MS. */
int64_t rs_hist_low_ms(uint32_t bucket);
int64_t rs_hist_high_ms(uint32_t bucket);
/* What a percentile that falls into `bucket` reads: its middle, low + (high - low) / 2 cut to a whole millisecond (the
 * last bucket: RS_HIST_LIMIT_MS), held within [min_us, max_us], each where it is >= 0. Pure. */
int64_t rs_hist_middle_ms(uint32_t bucket, int64_t min_us, int64_t max_us);
/* Nearest rank of `per_mille` among `total` > 0 values: ceil(p * n / 1000), within 1 .. n. Pure. */
int64_t rs_hist_rank(int64_t total, uint32_t per_mille);

/* A histogram as a plain sorted list, the form for rows, files and SQL. */
typedef struct rs_hist_entry { uint16_t bucket; int32_t count; } rs_hist_entry_t;
/* Nearest rank: the ceil(p * n / 100)-th smallest, p in per mille (900 = p90; 999 = p99.9): the middle of its bucket,
 * held within [min_us, max_us] when these are >= 0. Milliseconds. -1 when there is nothing. Entries sorted by bucket.
 * */
int64_t rs_hist_percentile_ms(const rs_hist_entry_t *entries, size_t count, uint32_t per_mille, int64_t min_us,
                              int64_t max_us);

#endif
