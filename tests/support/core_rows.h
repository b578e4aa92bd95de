/* support/core_rows.h — the core's rows kept beyond its callback, and compared: with the oracle, with each other, rolled up. */
#ifndef RS_TESTS_CORE_ROWS_H
#define RS_TESTS_CORE_ROWS_H

#include "core/core.h"
#include "oracle.h"

typedef struct kept_histogram {
    rs_hist_entry_t *entries;
    uint32_t count;
} kept_histogram_t;

typedef struct kept_row {
    rs_key_t key; /* strings are owned */
    uint8_t attribution;
    uint64_t part, revision;
    uint32_t summed; /* so many rows were added up to it; 0: it is as it came */
    bool final;
    int64_t start_us, length_us, still_open, threshold_us;
    int64_t counts[RS_COUNT_COUNT];
    int64_t extremes[RS_EXTREME_COUNT];
    uint8_t bounded;
    kept_histogram_t histograms[RS_HIST_COUNT];
} kept_row_t;
typedef struct kept_rows {
    kept_row_t *rows;
    size_t count, room;
} kept_rows_t;

/* Everything that rs_core_rows says. */
void kept_rows_take(rs_core_t *core, kept_rows_t *rows);
/* One more row, copied; another one in the place of the row of the same part and attribution, or one more. */
void kept_rows_add(kept_rows_t *rows, const rs_row_t *row);
void kept_rows_put(kept_rows_t *rows, const kept_row_t *row);
void kept_rows_destroy(kept_rows_t *rows);
const kept_row_t *kept_rows_find(const kept_rows_t *rows, uint8_t attribution, const rs_key_t *key, int64_t start_us);

/* What a store does with up to `max` changed rows: each replaces the earlier revision of its part. Returns how many came;
 * *why is set when a revision did not grow. */
size_t kept_rows_collect(rs_core_t *core, size_t max, kept_rows_t *rows, const char **why);
/* What a database does with one row: it replaces an earlier revision of its part. */
void kept_rows_store(kept_rows_t *rows, const rs_row_t *row);
/* Adds the parts of each interval up. */
void kept_rows_sum_parts(const kept_rows_t *rows, kept_rows_t *summed);

/* Where two figures differ, in words; false and an empty text when they agree. */
typedef struct difference {
    char text[512];
} difference_t;
/* The rows of one attribution against the oracle's. `sums_only`: parts were added up, which extremes and T cannot be where
 * there are several, and an interval may have come to nothing. */
bool kept_rows_differ_from_oracle(const kept_rows_t *rows, uint8_t attribution, const oracle_rows_t *expected,
                                  bool sums_only, difference_t *difference);
/* How many extremes were compared with the oracle's so far, and how many of them were only bounds of it (rs_row_t.bounded). */
typedef struct compared_extremes { uint64_t all, bounds; } compared_extremes_t;
compared_extremes_t kept_rows_compared_extremes(void);
/* Two cores' rows against each other; extremes that are bounds are left out. */
bool kept_rows_differ(const kept_rows_t *left, const kept_rows_t *right, difference_t *difference);
/* Sums rows into longer intervals. Thresholds are mixed where they differ. */
void kept_rows_roll_up(const kept_rows_t *rows, const rs_interval_spec_t *interval, kept_rows_t *rolled);
/* Sums rows of one family into another: queue -> channel, queue -> total, channel -> total. */
void kept_rows_sum_family(const kept_rows_t *rows, rs_key_family_t from, rs_key_family_t to, kept_rows_t *summed);
/* Keeps the rows of one family only. */
void kept_rows_only(kept_rows_t *rows, rs_key_family_t family);
/* Sets one count to 0 in every row, to leave it out of a comparison. */
void kept_rows_ignore(kept_rows_t *rows, rs_count_t count);
/* Rows and windows of agents and teams carry some counts, the rest is null where it is shown: what stands there is no figure. */
bool count_is_shown(const rs_key_t *key, unsigned count);
/* "queue default/sales voice, interval 1774…" */
void describe_key(const rs_key_t *key, char *text, size_t size);
/* "offered", "wait_max", …: names independent of the core's own. */
const char *count_label(unsigned count);
const char *extreme_label(unsigned extreme);
bool extreme_is_greatest(unsigned extreme);
const char *histogram_label(unsigned histogram);

#endif
