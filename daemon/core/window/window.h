/* core/window/window.h — per-key rolling windows: sparse 1 s panes, one running total per window, readable by any
 * thread.
 *
 * Model:     a store holds keys 0..n-1. For every key there are the configured windows (5, 15, 30 min, 1 h) and
 *            `today`. A contribution (count or histogram bucket, signed) lands in the pane of its event time and in the
 *            running total of each window that the pane is inside; when a pane leaves a window its entries are
 *            subtracted. So a read costs the same for every window. With P = pane of `now`, a window of w seconds
 *            covers the panes P-w+1 .. (future panes count at once). `today` has no panes: it takes every contribution
 *            whose time is in the current local day of the key's zone, and is cleared at the day's end.
 *                contribution ─► pane (key, second) ─┬─► total 5 min ─ evicted after 300 s
 *                                                    ├─► … 1 h       ─ evicted after 3600 s, pane freed
 *                                                    └─► today
 *            A total is kept as the difference of two sums: all that ever came, and what the window lacks. So a
 *            contribution is one addition whatever windows there are, and the end of a day costs a key nothing until it
 *            is next touched. Panes are packed (what, delta) entries, written one after another; histograms grow one
 *            octave at a time, rare counts a group at a time. A pane leaves a window whole. Invariant (rs_window_check): each total equals
 *            the sum over the panes inside its window.
 * Extremes:  exact in every window with panes, also when a wait is taken back or the holder leaves. `today` reaches
 *            further back than panes: it is exact too, until a wait is taken back whose second has left the longest
 *            window. From then to the end of the day its answered and abandoned extremes are in the same histogram
 *            bucket as the true ones (within 3.2 %), and wait_max is not less than the true one. Rows are the proof
 *            figures, not windows.
 * Families:  FULL keys (queue, channel, total) have counts, histograms, extremes, all windows; SUMS keys (agent, team)
 *            have counts only, and the windows 1 h and today.
 * Threads:   one writer thread (the core's) calls everything but rs_window_read…; those any thread, wait-free for the
 *            writer.
 * Ordering:  totals are _Atomic words stored relaxed between rs_seqlock_write_begin/_end of their key; octave blocks
 *            are published by a release store of their pointer and never freed before the store is destroyed.
 *            `key_count` is stored with release after the key is ready, loaded with acquire by readers.
 * Memory:    slabs, bounded by the limits given at create; nothing is allocated per contribution once slabs are warm.
 *            What a change can need is reserved when it begins, so it cannot fail half-way.
 * Overload:  when the pane slab is exhausted the contribution is refused with RS_ERR_LIMIT and counted; totals stay
 *            right for what was taken.
 */
#ifndef RS_CORE_WINDOW_H
#define RS_CORE_WINDOW_H

#include "core/counts.h"
#include "core/window/histogram.h"

typedef struct rs_window_store rs_window_store_t;
enum { RS_WINDOW_TODAY = RS_MAX_WINDOWS, RS_WINDOW_SLOTS };   /* window numbers: 0 .. window_count-1, and TODAY */

typedef struct rs_window_settings {
    int64_t windows_us[RS_MAX_WINDOWS];  /* rising, multiples of 1 s, at most 1 h */
    uint32_t window_count;               /* 1 .. RS_MAX_WINDOWS; SUMS keys have the last one */
    uint32_t max_keys;
    uint64_t max_bytes;                  /* of panes, entries and histogram blocks together */
    int64_t start_us;                    /* first `now` */
} rs_window_settings_t;

/* RS_ERR_INVALID: settings out of range; RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_window_create(const rs_window_settings_t *settings, rs_window_store_t **store);
void rs_window_destroy(rs_window_store_t **store);
/* Bytes in use now, and the most there can be. */
uint64_t rs_window_bytes(const rs_window_store_t *store);
uint64_t rs_window_max_bytes(const rs_window_store_t *store);
/* Changes (or parts of very long ones) refused because no memory was left. */
uint64_t rs_window_refused(const rs_window_store_t *store);

/* A new key. `zone` cuts its days and is kept (borrowed) for the store's life; keys of one tenant pass the same
 * pointer. RS_ERR_LIMIT past max_keys, RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_window_add_key(rs_window_store_t *store, bool full, const rs_zone_t *zone, uint32_t *key);

/* A change: everything that one happening does to one key at one moment; readers see it whole.
 *     rs_window_begin(store, key, at_us) ; rs_window_count… ; rs_window_duration… ; rs_window_end(store)
 * `at_us` may be before the oldest window (then only `today` may be touched) or in the future. RS_ERR_LIMIT: no pane to
 * be had; nothing is begun, and the other calls must not follow. */
RS_MUST_CHECK int rs_window_begin(rs_window_store_t *store, uint32_t key, int64_t at_us);
void rs_window_count(rs_window_store_t *store, rs_count_t count, int64_t delta);
/* `sign` +1 counts the duration, -1 takes exactly such an earlier one back (extremes included): the same duration, in a
 * change of the same key and second. SUMS keys ignore durations and waits. */
void rs_window_duration(rs_window_store_t *store, rs_histogram_id_t histogram, int64_t duration_us, int sign);
/* The wait of a closed leg of any outcome, for WAIT_MAX. */
void rs_window_wait(rs_window_store_t *store, int64_t wait_us, int sign);
void rs_window_end(rs_window_store_t *store);

/* Calls for the memory that a change of the key will touch. Worth it when the key is known some 100 ns before its
 * change begins; changes nothing otherwise. `full`: that it is a FULL key. Writer. */
void rs_window_prefetch(const rs_window_store_t *store, uint32_t key, bool full);
/* Before it: for what leads to the key. / After it: for the group of rarer counts after `last` (NULL: for the first), which is returned;
 * NULL: there is none. The key, and `last`, should be near. */
void rs_window_prefetch_place(const rs_window_store_t *store, uint32_t key);
const void *rs_window_prefetch_rarer(const rs_window_store_t *store, uint32_t key, const void *last);
/* The same for what reading the counts of a FULL key's windows and its gauges will touch. */
void rs_window_prefetch_views(const rs_window_store_t *store, uint32_t key);
/* The same for what reading a histogram of the key will touch; the key itself should be near. */
void rs_window_prefetch_histogram(const rs_window_store_t *store, uint32_t key, uint32_t window, rs_histogram_id_t histogram);

/* Gauges of a key: the state at this moment rather than a sum; published like totals, under their own lock. */
typedef struct rs_window_gauges {
    int64_t waiting;            /* legs open now */
    int64_t oldest_queued_us;   /* queued time of the oldest open leg, 0 = none waits */
    int64_t open_over_t;        /* open legs whose wait has passed the key's T */
    int64_t open_miss[RS_MAX_POLICIES]; /* per policy slot with open_miss_now: open legs past that policy's T, else 0 */
    int64_t talking;            /* handlings open now */
} rs_window_gauges_t;
/* Of FULL keys; SUMS keys have none: theirs read 0. */
void rs_window_set_gauges(rs_window_store_t *store, uint32_t key, const rs_window_gauges_t *gauges);

/* What will become of those who wait (core/predict/predict.h), of queue keys; published once a second beside the gauges, under
 * their lock. Shares and legs are millionths. Zeroed until first set: nobody waits. */
#define RS_PREDICTION_ONE 1000000
#define RS_PREDICTION_REASONS(X)                                                                        \
    X(NOBODY_WAITS, nobody_waits)         /* times and chances are 0 */                                 \
    X(GIVEN, given)                                                                                     \
    X(TOO_FEW_HANDLED, too_few_handled) X(NOBODY_ON_DUTY, nobody_on_duty) X(STALE, stale)               \
    X(NOT_A_QUEUE, not_a_queue) X(OFF, off)
typedef enum rs_prediction_reason {
#define RS_X(NAME, name) RS_PREDICTION_##NAME,
    RS_PREDICTION_REASONS(RS_X)
#undef RS_X
    RS_PREDICTION_REASON_COUNT
} rs_prediction_reason_t;
typedef struct rs_window_prediction {
    int64_t reason;             /* rs_prediction_reason_t; the rest is 0 unless GIVEN */
    int64_t estimated_wait_us;  /* of a contact that would come now */
    int64_t breach_oldest, breach_newest;   /* chance that the leg misses the key's T */
    int64_t expected_num[RS_MAX_POLICIES], expected_den[RS_MAX_POLICIES]; /* what those who wait will add, per policy slot */
} rs_window_prediction_t;
void rs_window_set_prediction(rs_window_store_t *store, uint32_t key, const rs_window_prediction_t *prediction);
/* "given", "nobody_waits", …; static storage. */
const char *rs_prediction_reason_name(unsigned reason);

/* Moves `now` forward (never back; an earlier time is ignored): evicts, ends days. Work is proportional to what leaves.
 * */
void rs_window_advance(rs_window_store_t *store, int64_t now_us);
/* The same in slices, so that a busy second's leaving does not delay events: at most `max_records` of what must leave
 * are looked at. True when nothing is left to do; else call again, between events, also with the same time. Until then
 * windows hold a little more than they should, each by whole panes' parts; contributions in between land right. Days
 * end at once. */
bool rs_window_advance_some(rs_window_store_t *store, int64_t now_us, uint64_t max_records);
int64_t rs_window_now(const rs_window_store_t *store);

/* --- reading, any thread ------------------------------------------------------------------------------------------ */
typedef struct rs_window_view {
    int64_t counts[RS_COUNT_COUNT];
    int64_t extremes[RS_EXTREME_COUNT];   /* -1 = none */
    uint32_t version;                     /* changes whenever the window's totals did (or another window's of the key) */
} rs_window_view_t;

uint32_t rs_window_key_count(const rs_window_store_t *store);
/* Copies counts and extremes of one window. RS_ERR_AGAIN after 64 torn attempts (the caller asks again later),
 * RS_ERR_NOT_FOUND: no such key or window of it. */
RS_MUST_CHECK int rs_window_read(const rs_window_store_t *store, uint32_t key, uint32_t window, rs_window_view_t *view);
/* The same for a few counts only: which[i] -> values[i]. */
RS_MUST_CHECK int rs_window_read_counts(const rs_window_store_t *store, uint32_t key, uint32_t window,
                                        const rs_count_t *which, size_t count, int64_t *values);
/* One histogram of one window, sorted by bucket, empty buckets left out; `entries` has room for RS_HIST_BUCKETS. Same
 * returns; RS_ERR_NOT_FOUND for SUMS keys. */
RS_MUST_CHECK int rs_window_histogram(const rs_window_store_t *store, uint32_t key, uint32_t window,
                                      rs_histogram_id_t histogram, rs_hist_entry_t *entries, size_t *count);
/* Percentiles of one histogram, `per_mille[i]` (rising) -> ms[i], -1 when empty; held within the exact extremes for the
 * two wait histograms. *total gets the number of durations counted. Same returns. Target: <= 1 µs for one percentile.
 * */
RS_MUST_CHECK int rs_window_percentiles(const rs_window_store_t *store, uint32_t key, uint32_t window,
                                        rs_histogram_id_t histogram, const uint32_t *per_mille, size_t count, int64_t *ms,
                                        int64_t *total);
RS_MUST_CHECK int rs_window_read_gauges(const rs_window_store_t *store, uint32_t key, rs_window_gauges_t *gauges);
/* One of them alone, by its place in rs_window_gauges_t: a word is never torn. 0 of a SUMS key. */
RS_MUST_CHECK int rs_window_read_gauge(const rs_window_store_t *store, uint32_t key, size_t offset, int64_t *value);
RS_MUST_CHECK int rs_window_read_prediction(const rs_window_store_t *store, uint32_t key, rs_window_prediction_t *prediction);
/* Acquire. A number that changes with every change of the key in any window or gauge: cheap dirty check. */
uint32_t rs_window_key_version(const rs_window_store_t *store, uint32_t key);

/* --- what changed, for whoever looks again only at what may have changed; writer ---------------------------------------- */
/* Bits: which counts something was added to or taken from, which window lost something, whether gauges or prediction moved. */
enum {
    RS_CHANGED_LEGS = 1 << 0,           /* offered to excess, service level, and the durations and extremes of waits */
    RS_CHANGED_HANDLINGS = 1 << 1, RS_CHANGED_OFFERS = 1 << 2, RS_CHANGED_RESOLUTIONS = 1 << 3, RS_CHANGED_FEEDBACK = 1 << 4,
    RS_CHANGED_OTHERS = 1 << 5, RS_CHANGED_GAUGES = 1 << 6, RS_CHANGED_PREDICTION = 1 << 7,
    RS_CHANGED_WINDOW_0 = 1 << 8        /* << window, RS_WINDOW_TODAY among them: something left it, its day ended */
};
#define RS_CHANGED_ALL UINT32_MAX
static inline uint32_t rs_changed_window(uint32_t window) { return (uint32_t)RS_CHANGED_WINDOW_0 << window; }
/* The bit of a count. */
uint32_t rs_changed_count(unsigned count);
/* What changed of the key since it was taken last; at a day's end, `today` of every key. */
uint32_t rs_window_changes(const rs_window_store_t *store, uint32_t key);
/* The same, and nothing has changed any more from then on. One taker. */
uint32_t rs_window_take_changes(const rs_window_store_t *store, uint32_t key);
/* They had changed when the store was saved. Writer. */
void rs_window_restore_changes(const rs_window_store_t *store, uint32_t key, uint32_t changes);

/* Writer thread, tests: recomputes every total from the panes. RS_OK or RS_ERR_STATE with *why. */
RS_MUST_CHECK int rs_window_check(const rs_window_store_t *store, const char **why);

#endif
