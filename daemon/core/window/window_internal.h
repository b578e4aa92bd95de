/* core/window/window_internal.h — how the windows are built; for the files of this folder only.
 *
 * The one idea: contributions are added to ONE running sum per key (row 0), whatever windows there are. What a window
 * does not hold (what it has lost again, and what was too late for it) is summed in a row of its own. So
 *      total of window w  =  row[0] - row[w's]
 * A contribution costs one addition instead of five, an eviction one per window, a read the same for every window, and
 * `today` ends by copying row 0 over its row.
 *
 *      begin … end ──► pane log of that second (records of packed contributions, oldest first)   panes.c
 *                 ├──► row 0 of the key, and the rows of windows that second has already left      total.c
 *                 └──► the key's list of waits, from which extremes are recomputed                 waits.c
 *      advance     ──► walks the log of each second once per window, adding to that window's row    evict.c
 *
 * A pane (key, second) is not an object: it is the key's records in the log of that second. Records are written one
 * after another into big segments and never looked for, so neither writing nor evicting wanders through memory. Records of
 * one second that stand together are a run; runs of a second are linked. */
#ifndef RS_CORE_WINDOW_INTERNAL_H
#define RS_CORE_WINDOW_INTERNAL_H

#include "core/places.h"
#include "core/window/slab.h"
#include "core/window/window.h"
#include "ring/seqlock.h"

#include <assert.h>

/* --- rows --------------------------------------------------------------------------------------------------------- */
/* Row 0 is the running sum, then what `today` lacks, what the longest window lacks, and so on to the shortest. So the
 * keys that have only `today` and the longest window simply have fewer rows. */
enum {
    RS__ROW_SUM = 0, RS__ROW_TODAY = 1, RS__ROW_LONGEST = 2,
    RS__MAX_ROWS = 2 + RS_MAX_WINDOWS,
    RS__SUMS_ROWS = 3,
    RS__ROW_WORDS = RS_PLACES_HOT   /* two cache lines; rarer counts are in groups of their own, rs__more_t */
};

/* --- what a contribution goes to ---------------------------------------------------------------------------------- */
/* A number below RS__WHAT_HISTOGRAMS is a count, from there on a bucket: histogram * RS_HIST_BUCKETS + bucket. */
enum {
    RS__WHAT_HISTOGRAMS = 256,
    RS__WHAT_END = RS__WHAT_HISTOGRAMS + RS_HIST_COUNT * RS_HIST_BUCKETS,
    RS__CHANGE_ITEMS = 256,       /* contributions of one change before it is applied in parts */
    RS__CHANGE_WAITS = 64
};
static_assert((int)RS_COUNT_COUNT <= (int)RS__WHAT_HISTOGRAMS, "count numbers and histogram numbers must not meet");
static_assert(RS__WHAT_END <= 8192, "a contribution's number is packed into 13 bits");

typedef struct rs__item { int64_t delta; uint16_t what; } rs__item_t;

/* --- waits, for extremes ------------------------------------------------------------------------------------------ */
enum {
    RS__WAIT_ANY = 1, RS__WAIT_ANSWERED = 2, RS__WAIT_ABANDONED = 4, RS__WAIT_BITS = 3,
    RS__CHUNK_WAITS = 138,         /* an odd number of cache lines with the rest of the chunk */
    RS__CHUNKS_PER_CHANGE = 4 /* RS__CHANGE_WAITS more waits in one place split a full chunk twice at most */
};
enum { RS__WAIT_VALUE_BITS = 48, RS__WAIT_OFFSET_SHIFT = RS__WAIT_BITS + RS__WAIT_VALUE_BITS,
       RS__WAIT_MAX_OFFSET = (1 << (64 - RS__WAIT_OFFSET_SHIFT)) - 1 };
#define RS__WAIT_LIMIT_US ((INT64_C(1) << RS__WAIT_VALUE_BITS) - 1) /* 8.9 years; longer waits count as this long in extremes */

/* The extremes of one stretch of time, and the last second at which each of them occurs. */
typedef struct rs__extremes {
    int64_t value[RS_EXTREME_COUNT];    /* -1 = none */
    int64_t second[RS_EXTREME_COUNT];
} rs__extremes_t;

typedef struct rs__wait { int64_t second; uint64_t packed; } rs__wait_t; /* packed: value << 3 | which lists it is in */

typedef struct rs__wait_chunk {
    uint32_t next, prev;          /* towards newer, older */
    uint32_t first, end;          /* entries in use; those before `first` have left the longest window */
    bool best_is_stale;
    int64_t base_s;
    uint64_t waits[RS__CHUNK_WAITS];    /* by second: as packed, and above it the second from base_s on, at most RS__WAIT_MAX_OFFSET */
    rs__extremes_t best;          /* of the entries in use, unless it is stale */
} rs__wait_chunk_t;

/* --- keys --------------------------------------------------------------------------------------------------------- */
/* A group of rarer counts (core/places.h) in every row of a key, made by the first of them, never freed before the store. The groups
 * of a key are a chain; `next` and `group` do not change any more once readers can see it. */
typedef struct rs__more {
    struct rs__more *next;
    uint64_t group;
    _Atomic int64_t rows[][RS_PLACES_GROUP];    /* relaxed inside the key's lock; as the key's rows */
} rs__more_t;

/* What only FULL keys have. */
typedef struct rs__full {
    rs_seqlock_t gauge_lock;        /* gauges, prediction */
    _Alignas(64) _Atomic int64_t gauges[4 + RS_MAX_POLICIES]; /* as in rs_window_gauges_t; relaxed inside gauge_lock */
    _Alignas(64) _Atomic int64_t prediction[4 + 2 * RS_MAX_POLICIES]; /* as in rs_window_prediction_t; as the gauges */
    /* See octave.h: where the octave is, the lowest bit says that it is wide. Writer stores with release once it is zeroed,
     * readers load with acquire; inside the key's lock. */
    _Atomic uintptr_t octaves[RS_HIST_COUNT * RS_HIST_BLOCKS];
    /* Relaxed inside the key's lock. By rs__extremes_of: today, then the shortest to the longest window. */
    _Alignas(64) _Atomic int64_t published[RS_WINDOW_SLOTS][RS_EXTREME_COUNT];
    /* Writer only, from here. */
    int64_t held_s[RS_WINDOW_SLOTS][RS_EXTREME_COUNT];      /* the last second of each published extreme */
    int64_t left_today[RS_EXTREME_COUNT];                   /* today's waits that have left the longest window */
    uint32_t loose;                                         /* a bit per extreme of left_today that is only a bound */
    uint32_t oldest_chunk, newest_chunk, late_chunk;        /* late_chunk: where the last late wait went */
    uint32_t wait_count;
    uint16_t grown[RS_HIST_COUNT * RS_HIST_BLOCKS];         /* of narrow octaves, octave.h */
    /* The end of the newest chunk, so that appending need not look there first. */
    bool tail_is_known;
    uint32_t tail_end;
    int64_t tail_s, tail_base_s;
} rs__full_t;

/* Keys whose days end at the same moment. */
typedef struct rs__group {
    const rs_zone_t *zone;
    int64_t day_end_us;             /* writer only */
    _Atomic int64_t day_us;         /* start of today. Writer: release; readers: acquire. Only grows. */
    _Atomic uint32_t day_changes;   /* goes into versions: a day's end changes every key's `today`. Release, acquire. */
} rs__group_t;

typedef struct rs__key {
    rs_seqlock_t lock;              /* rows, blocks, published extremes, day_us */
    uint32_t number;
    rs__group_t *group;
    /* The day that today's row is of. Behind the group's day: nothing has touched the key since midnight, its `today`
     * is empty. Relaxed inside the lock. */
    _Atomic int64_t day_us;
    /* The newest group of rarer counts. Writer: release, when its words are zeroed; readers: acquire, inside the lock. */
    _Atomic(rs__more_t *) more;
    /* Writer only: the second of the newest record that has the key, that record, and where in it the key is. */
    int64_t pane_s;
    int64_t busy_s;                 /* the last second that the key had an open pane in */
    uint32_t pane_record, pane_slot;
    uint32_t open;                  /* its open pane, RS__NONE */
    uint8_t row_count;
    bool is_full;
    /* Relaxed inside the lock; wrapping, like histogram counts. By store->places. */
    _Alignas(64) _Atomic int64_t rows[][RS__ROW_WORDS];
    /* FULL keys: an rs__full_t follows the rows, see rs__full_of */
} rs__key_t;
static_assert(sizeof(rs__key_t) == 64, "what a change looks at first is one cache line");
static_assert(sizeof(rs_window_gauges_t) == (4 + RS_MAX_POLICIES) * sizeof(int64_t), "gauges are copied word by word");
static_assert(sizeof(rs_window_prediction_t) == (4 + 2 * RS_MAX_POLICIES) * sizeof(int64_t), "predictions, too");

/* --- the pane log ------------------------------------------------------------------------------------------------- */
enum {
    RS__SLOTS = 4096,               /* seconds that need no chain: more than the longest window plus usual lateness */
    RS__SEGMENT_BYTES = 64 * 1024,
    RS__SEGMENT_UNITS = RS__SEGMENT_BYTES / 2,
    RS__SEGMENT_HEAD_UNITS = 4,
    RS__MAX_SEGMENTS = 131071,      /* a record's number has 32 bits: 8 GiB of records */
    /* A record: its head, items (at most 5 units each, the hot ones' mask and widths, two masks), keys. */
    RS__RECORD_HEAD_UNITS = 1,
    RS__RUN_HEAD_UNITS = 2,         /* the next run */
    RS__RECORD_MAX_ITEM_UNITS = RS__CHANGE_ITEMS * 5 + 3 + 4,
    RS__RECORD_MAX_UNITS = RS__RUN_HEAD_UNITS + RS__RECORD_HEAD_UNITS + RS__RECORD_MAX_ITEM_UNITS + 4,
    /* A record's head: the number of keys, whether it ends its run, the number of item units. */
    RS__RECORD_MAX_KEYS = 15, RS__ENDS_RUN = 16, RS__ITEM_UNITS_SHIFT = 5
};
static_assert(RS__RECORD_MAX_ITEM_UNITS < 1 << (16 - RS__ITEM_UNITS_SHIFT), "a record's items fit its head");

/* A pane leaves a window whole, or readers would see half of it: all records that a key has in a second are evicted
 * together, when the last of them is met. A key in a record is its number and these marks; RS__CHAINED: two units
 * follow, the record before this one with the same key and second. (When late changes come to several seconds of a key
 * by turns, a pane may consist of several chains, which leave one after the other.) SUMS keys have the record's counts
 * only, not its buckets: so an agent shares the record of its queue. */
#define RS__LAST 0x80000000u
#define RS__CHAINED 0x40000000u
#define RS__HAS_WAITS 0x20000000u   /* the chain up to here has waits in the key's list */
#define RS__FULL 0x10000000u        /* a FULL key */
#define RS__KEY_BITS 0x0fffffffu

typedef struct rs__slot { uint32_t key, marks, previous; } rs__slot_t;

/* A pane under way: a key that several changes come to in one second collects them here, one entry for each count, and
 * goes to the log as one record when the second is over or the room is used up. Keys with a single change a second
 * never do. */
enum { RS__OPEN_ITEMS = 64,
       RS__OPEN_RECORD_UNITS = RS__RUN_HEAD_UNITS + RS__RECORD_HEAD_UNITS + RS__OPEN_ITEMS * 5 + 3 + 4 + 4,
       RS__OPEN_PER_SEGMENT = (RS__SEGMENT_UNITS - RS__SEGMENT_HEAD_UNITS - RS__RECORD_MAX_UNITS) / RS__OPEN_RECORD_UNITS };
typedef struct rs__open {
    uint32_t link;                  /* first: the slab's */
    uint32_t key;
    uint32_t newer, older;          /* all open panes */
    int64_t second;
    uint32_t item_count;
    bool has_waits;
    uint8_t position[RS_COUNT_COUNT]; /* of a count in items, from 1; 0 = not there */
    rs__item_t items[RS__OPEN_ITEMS];
} rs__open_t;

typedef struct rs__second {
    int64_t second;
    uint32_t next;                  /* in the slot */
    uint32_t first, last;           /* runs */
} rs__second_t;

typedef struct rs__log {
    const rs_places_t *places;
    rs__slab_t seconds, segments;
    uint32_t slots[RS__SLOTS];      /* second mod RS__SLOTS -> first rs__second_t */
    uint32_t segment, units;        /* where the next record goes */
    uint32_t last_record, last_second; /* the newest record and its second, RS__NONE when nothing can be added to its run */
    uint32_t last_count_units;      /* units of its counts */
    uint32_t found;                 /* the second that was asked for last */
    uint32_t second_count;
    uint32_t promised;              /* open panes: their records' room is reserved, too */
    int64_t greatest_second;
} rs__log_t;

/* A record taken apart. */
typedef struct rs__record {
    uint32_t number;
    uint32_t key_count, item_count;
    uint32_t counts;                /* the items before the first bucket: those of SUMS keys */
    const uint16_t *slots;          /* key_count of them, see rs__record_slot */
    rs__item_t *items;              /* room for RS__CHANGE_ITEMS + 32, given by the reader */
} rs__record_t;

/* What is left of a second's records, oldest first. */
typedef struct rs__walk {
    uint32_t run;                   /* RS__NONE: nothing */
    uint32_t record;                /* in it, the next one */
} rs__walk_t;

/* --- the store ---------------------------------------------------------------------------------------------------- */
typedef struct rs__pending_wait { int64_t value_us; uint8_t lists; int8_t sign; } rs__pending_wait_t;

/* The change between begin and end. */
typedef struct rs__change {
    rs__key_t *key;                 /* NULL: none is open */
    bool ignored;                   /* too late for every window and not of today */
    bool has_pane, in_today;
    int64_t second;
    uint32_t row_count;
    uint8_t rows[RS__MAX_ROWS];     /* the sum, and the rows of windows that the second is outside of */
    uint32_t item_count, wait_count;
    rs__item_t items[RS__CHANGE_ITEMS];
    rs__pending_wait_t waits[RS__CHANGE_WAITS];
} rs__change_t;

/* Records taken apart ahead of their eviction, so that the memory they will touch is fetched while others are worked
 * on. */
enum { RS__BATCH_KEYS = 32, RS__BATCH_ITEMS = 512, RS__SHORT_PANE = 64 /* items */ };
typedef struct rs__leaving { rs__key_t *key; uint32_t first; uint16_t count; bool has_waits; } rs__leaving_t;
typedef struct rs__batch {
    uint32_t key_count, item_count;
    rs__leaving_t keys[RS__BATCH_KEYS + RS__RECORD_MAX_KEYS];
    rs__item_t items[RS__BATCH_ITEMS + 2 * (RS__CHANGE_ITEMS + 32) + RS__RECORD_MAX_KEYS * RS__SHORT_PANE];
} rs__batch_t;

/* The records of one pane added up. Between uses all deltas and bits are 0. */
typedef struct rs__merged {
    int64_t deltas[RS__WHAT_END];
    uint64_t touched[(RS__WHAT_END + 63) / 64];
    rs__item_t one_record[RS__CHANGE_ITEMS + 32];
    rs__item_t items[RS__WHAT_END];
} rs__merged_t;

/* Eviction that stopped half-way through a second. */
typedef struct rs__cursor {
    uint32_t second;                /* RS__NONE: not inside one */
    uint32_t window;
    rs__walk_t walk;
} rs__cursor_t;

struct rs_window_store {
    /* Readers: constant after create, and keys[0 .. key_count-1] after an acquire of key_count. */
    rs__key_t **keys;
    _Atomic uint32_t key_count;     /* writer: release, after the key is ready; readers: acquire */
    uint32_t max_keys, window_count;
    rs_places_t places;             /* where a count is */
    size_t full_offset;             /* from a FULL key to its rs__full_t: where, without having to look */
    char readers_end[64];
    /* Writer only. */
    int64_t window_s[RS_MAX_WINDOWS];
    int64_t evicted_s[RS_MAX_WINDOWS]; /* this second and all before it have left the window */
    int64_t now_us;
    int64_t next_day_us;            /* the earliest day's end of all groups */
    rs__group_t **groups;
    uint32_t group_count, group_capacity;
    rs__arena_t arena;              /* panes, waits, histogram blocks */
    rs__arena_t key_arena;
    uint64_t fixed_bytes;
    uint64_t refused;
    rs__slab_t narrow, wide;        /* octaves */
    rs__slab_t chunks, opens;
    rs__slab_t more_of_full, more_of_sums;  /* rs__more_t */
    uint32_t newest_open;           /* list of open panes */
    rs__log_t log;
    rs__cursor_t cursor;
    rs__change_t change;
    rs__extremes_t recomputed[RS__MAX_ROWS]; /* rows of `stale_rows`, between preparing and publishing */
    uint32_t stale_rows;
    uint32_t *changes;              /* by key: rs_window_changes */
    uint8_t changed_by[RS__WHAT_HISTOGRAMS]; /* by count */
    uint32_t moved_bounds;          /* extremes of today that are bounds and may have moved */
    rs__batch_t batch;
    rs__merged_t merged;
};

static inline int64_t rs__load(const _Atomic int64_t *word) { return atomic_load_explicit(word, memory_order_relaxed); }
static inline void rs__store(_Atomic int64_t *word, int64_t value) {
    atomic_store_explicit(word, value, memory_order_relaxed);
}
/* One writer: no read-modify-write needed. Wraps. */
static inline void rs__add(_Atomic int64_t *word, int64_t delta) {
    rs__store(word, (int64_t)((uint64_t)rs__load(word) + (uint64_t)delta));
}
static inline int64_t rs__difference(int64_t sum, int64_t missing) {
    return (int64_t)((uint64_t)sum - (uint64_t)missing);
}
static inline uint32_t rs__row_of(const rs_window_store_t *store, uint32_t window) {
    return window == RS_WINDOW_TODAY ? RS__ROW_TODAY : RS__ROW_LONGEST + (store->window_count - 1 - window);
}
/* Where the extremes of a row are: today first, then from the shortest window to the longest. */
static inline uint32_t rs__extremes_of(const rs_window_store_t *store, uint32_t row) {
    return row == RS__ROW_TODAY ? 0 : store->window_count + RS__ROW_LONGEST - row;
}
static inline uint32_t rs__window_of_row(const rs_window_store_t *store, uint32_t row) {
    return store->window_count - 1 - (row - RS__ROW_LONGEST);
}
static inline int64_t rs__floor_s(int64_t us) {
    return us >= 0 ? us / RS_US_PER_S : -((-us + RS_US_PER_S - 1) / RS_US_PER_S);
}
/* Whole cache lines, an odd number of them: the same line of many such objects then spreads over all sets of a cache.
 * */
static inline size_t rs__odd_lines(size_t bytes) { return ((bytes + 63) / 64 | 1) * 64; }
static inline size_t rs__more_bytes(uint32_t row_count) {
    return sizeof(rs__more_t) + (size_t)row_count * RS_PLACES_GROUP * sizeof(int64_t);
}
static inline size_t rs__octave_bytes(uint32_t window_count, bool wide) {
    return (2 + (size_t)window_count) * RS_HIST_PER_OCTAVE * (wide ? sizeof(uint32_t) : sizeof(uint16_t));
}

/* Of a FULL key only. */
static inline rs__full_t *rs__full_of(const rs_window_store_t *store, const rs__key_t *key) {
    return (rs__full_t *)((uintptr_t)key + store->full_offset);
}
static inline rs__slab_t *rs__more_slab(rs_window_store_t *store, const rs__key_t *key) {
    return key->is_full ? &store->more_of_full : &store->more_of_sums;
}
/* The group of rarer counts, NULL when nothing of it was counted yet. Any thread: acquire pairs with the release in total.c. */
static inline rs__more_t *rs__more_of(const rs__key_t *key, uint32_t group) {
    rs__more_t *more = atomic_load_explicit(&key->more, memory_order_acquire);
    while (more != NULL && more->group != group) more = more->next;
    return more;
}
/* One count in one row. Any thread, inside the key's lock. */
static inline int64_t rs__row_get(const rs_window_store_t *store, const rs__key_t *key, uint32_t row, uint32_t count) {
    const uint32_t place = store->places.of[count];
    if (place < RS_PLACES_HOT) return rs__load(&key->rows[row][place]);
    const rs__more_t *more = rs__more_of(key, (place - RS_PLACES_HOT) / RS_PLACES_GROUP);
    return more == NULL ? 0 : rs__load(&more->rows[row][(place - RS_PLACES_HOT) % RS_PLACES_GROUP]);
}

/* Room for the octaves that one change can need. */
static inline bool rs__reserve_octaves(rs_window_store_t *store) {
    enum { MOST = RS_HIST_COUNT * RS_HIST_BLOCKS };
    return rs__slab_reserve(&store->narrow, MOST) && rs__slab_reserve(&store->wide, MOST);
}

static inline rs__wait_t rs__wait_at(const rs__wait_chunk_t *chunk, uint32_t place) {
    const uint64_t wait = chunk->waits[place];
    return (rs__wait_t){.second = chunk->base_s + (int64_t)(wait >> RS__WAIT_OFFSET_SHIFT),
                        .packed = wait & ((UINT64_C(1) << RS__WAIT_OFFSET_SHIFT) - 1)};
}

/* panes.c */
void rs__log_init(rs__log_t *log, rs__arena_t *arena, const rs_places_t *places);
void rs__log_free(rs__log_t *log);
bool rs__log_reserve(rs__log_t *log);
uint32_t rs__log_find(rs__log_t *log, int64_t second);
/* Writes one change into the log of its second and notes it as the key's newest; rs__log_reserve must have succeeded.
 * */
void rs__log_append(rs__log_t *log, rs__key_t *key, int64_t second, const rs__item_t *items, uint32_t count,
                    bool has_waits);
void rs__log_read(const rs__log_t *log, uint32_t record, rs__item_t *items, rs__record_t *out);
/* All records of a second, one after the other; next is false when there is none left. */
void rs__walk_begin(uint32_t first_run, rs__walk_t *walk);
bool rs__walk_next(const rs__log_t *log, rs__walk_t *walk, rs__item_t *items, rs__record_t *out);
/* Reads the slot at *at and moves *at to the next one. */
rs__slot_t rs__record_slot(const uint16_t **at);
/* How many of the record's items are the key's. */
static inline uint32_t rs__items_of(const rs__record_t *record, const rs__slot_t *slot) {
    return (slot->marks & RS__FULL) != 0 ? record->item_count : record->counts;
}
/* The slot of `key` in the record, which has one. */
rs__slot_t rs__record_find(const rs__record_t *record, uint32_t key);
/* Adds up the records of the key's pane that are chained from `record` backwards into merged->items; returns how many.
 * */
uint32_t rs__log_merge_pane(const rs__log_t *log, uint32_t key, uint32_t record, rs__merged_t *merged);
/* Adds items up; moves what was added up into merged->items, in the order of `what`, and returns how many. */
void rs__merge(rs__merged_t *merged, const rs__item_t *items, uint32_t count);
uint32_t rs__flatten(rs__merged_t *merged);
/* Forgets a second and its records. */
void rs__log_drop(rs__log_t *log, uint32_t second);
/* RS_OK or RS_ERR_STATE: segments' counts of records against the records. */
int rs__log_check(const rs__log_t *log, const char **why);

/* Makes sure that the second exists; rs__log_reserve must have succeeded. */
void rs__log_add_second(rs__log_t *log, int64_t second);

/* open.c */
/* Takes the change into the key's open pane, opening one when that pays. False: it belongs into the log as it is. */
bool rs__open_take(rs_window_store_t *store, const rs__change_t *change);
/* Writes all open panes to the log. */
void rs__open_flush_all(rs_window_store_t *store);

static inline uint32_t rs__changed_histogram(uint32_t histogram) {
    if (histogram == RS_HIST_WAIT_ANSWERED || histogram == RS_HIST_WAIT_ABANDONED) return RS_CHANGED_LEGS;
    return histogram <= RS_HIST_HANDLE ? RS_CHANGED_HANDLINGS : RS_CHANGED_OTHERS;
}
static inline void rs__note_change(const rs_window_store_t *store, uint32_t key, uint32_t what) { store->changes[key] |= what; }

/* total.c; all inside the key's write section, except where said */
void rs__total_add(rs_window_store_t *store, rs__key_t *key, const uint8_t *rows, uint32_t row_count,
                   const rs__item_t *items, uint32_t count);
void rs__total_subtract(rs_window_store_t *store, rs__key_t *key, uint32_t row, const rs__item_t *items, uint32_t count);
/* Nothing is counted in the key's `today` any more. */
void rs__total_empty_today(const rs_window_store_t *store, rs__key_t *key);
/* Opens its own write section: empties the key's `today` when the group's day has changed since it was last touched. */
void rs__total_start_day(rs_window_store_t *store, rs__key_t *key);
/* Lowest or highest bucket that today's histogram holds, -1 when it is empty. Writer. */
int32_t rs__total_edge_bucket(const rs_window_store_t *store, const rs__key_t *key, uint32_t row,
                              rs_histogram_id_t histogram, bool highest);

/* waits.c. What changes published extremes runs inside the key's write section; what may take long does not. */
void rs__extremes_clear(rs__extremes_t *extremes);
void rs__waits_init(rs__full_t *full);
/* Before the write section: takes up a change's waits and recomputes the rows that lost an extreme. */
void rs__waits_prepare(rs_window_store_t *store, rs__key_t *key, const rs__change_t *change);
/* Inside it, after the histograms are changed. */
void rs__waits_publish(rs_window_store_t *store, rs__key_t *key, const rs__change_t *change);
/* Before the write section: `window` has lost what is up to evicted_s[window]. True when rs__waits_publish_row must
 * follow. */
bool rs__waits_evict(rs_window_store_t *store, rs__key_t *key, uint32_t window);
/* Before the write section: a new day begins for the key; rs__waits_publish_row of today must follow. */
void rs__waits_start_day(rs_window_store_t *store, rs__key_t *key);
/* Inside it. */
void rs__waits_publish_row(rs_window_store_t *store, rs__key_t *key, uint32_t row);
/* Loading, while nobody reads: one more wait, not older than those before. False: no memory. */
RS_MUST_CHECK bool rs__waits_restore(rs_window_store_t *store, rs__key_t *key, const rs__wait_t *wait);
/* Then the windows' extremes, which follow from the waits; today's have been set. */
void rs__waits_restored(rs_window_store_t *store, rs__key_t *key);
int rs__waits_check(const rs_window_store_t *store, const rs__key_t *key, const char **why);

/* evict.c */
/* When a slice stopped inside `second`, ends its walk: what comes now is outside of that window and must not be met
 * there. */
void rs__evict_finish_second(rs_window_store_t *store, int64_t second);

#endif
