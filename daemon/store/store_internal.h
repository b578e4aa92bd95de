/* store/store_internal.h — what store.c (life, timers, the outside) and session.c (the conversation with the database) share. */
#ifndef RS_STORE_INTERNAL_H
#define RS_STORE_INTERNAL_H

#include "store/feeds.h"
#include "store/link.h"
#include "store/partitions.h"
#include "store/schema.h"
#include "store/sqlstate.h"
#include "store/store.h"

/* What was sent to the database last. */
typedef enum rs__step {
    RS__STEP_NONE = 0, RS__STEP_SETTINGS, RS__STEP_POOLER, RS__STEP_SCHEMA, RS__STEP_OPEN, RS__STEP_STAGE,       /* preparing */
    RS__STEP_UPKEEP, RS__STEP_PARTITIONS,                                                       /* between batches */
    RS__STEP_BEGIN, RS__STEP_COPY, RS__STEP_MERGE, RS__STEP_COMMIT, RS__STEP_ROLLBACK           /* one batch */
} rs__step_t;

/* Batches come from two sides; each may have one waiting. */
typedef enum rs__side { RS__SIDE_NORMAL, RS__SIDE_REBUILT, RS__SIDES } rs__side_t;
typedef struct rs__given { rs_row_batch_t *batch; uint64_t position, newest; int64_t watermark_us; } rs__given_t;

struct rs_store {
    /* settings */
    uv_loop_t *loop;
    rs_store_callbacks_t callbacks;
    char stream[RS_MAX_NAME + 1];
    int64_t run, flush_us, backoff_min_us, backoff_max_us, connect_timeout_us;
    bool migrate;
    uint8_t hash_key[RS_PSEUDONYM_KEY_BYTES];
    rs__feed_sql_t sql[RS__FEED_COUNT];

    /* loop */
    rs__link_t *link;
    rs__link_t *probe;              /* the second connection, which shows what a pooler does; NULL until one is met */
    uv_timer_t flush_timer, retry_timer, deadline_timer;
    uint32_t open_handles;          /* timers, and 1 for each link */
    rs_store_state_t state;
    int64_t backoff_us;
    uint64_t jitter;

    /* conversation */
    rs__step_t step;
    size_t step_feed;               /* of STAGE, COPY, MERGE */
    size_t copied;                  /* entries of the feed encoded so far */
    rs__migrator_t migrator;
    bool migrating, is_changing_schema;
    bool has_error, has_mark;
    bool has_constraint;            /* the error names one */
    char error_state[6], error_text[256];
    int32_t backend;                /* process of the database that prepared the session */
    int32_t seen_backend;           /* and that answered last; 0: did not say */
    bool probe_refused;
    int64_t mark_epoch, mark_batch, mark_position, mark_newest;
    int32_t mark_stream_id;
    rs__buffer_t buffer;
    uint32_t retries;               /* of serialisation failures in a row */

    /* the mark, as far as known */
    int32_t stream_id;
    int64_t epoch, highest_epoch;   /* ours, 0 = not opened; the highest that we ever had */
    int64_t confirmed, position;
    uint64_t newest;                /* what its batches rest on: it is at least `relied`, or something that was confirmed is gone */
    uint64_t moving_to, moving_newest;   /* of the transaction under way */

    /* see Rewinds in store.h; positions */
    uint64_t lacking;               /* above position: up to here the database lacks something; 0: nothing is known to be missing */
    uint64_t relied;                /* up to here it was stored, or the journal says so: what it lacks when it has forgotten batches */
    uint64_t made;                  /* everything up to here is in: the last rebuild ended there */
    uint64_t reached;               /* everything up to here is in, but for what is lacking */
    int64_t reached_watermark_us;
    uint64_t nothing_upto;          /* asked for rows up to here, there were none */
    bool rebuilding;
    uint64_t rebuild_upto, rebuild_drops;   /* drops: when it began */
    uint64_t stored_ms;             /* the last transaction, by the loop's clock */

    rs__given_t given[RS__SIDES];   /* waiting for their turn */
    /* the rows in hand */
    rs_row_batch_t *batch;
    rs__side_t side;                /* whose it is */
    uint32_t rows_done, edges_done, contacts_done;
    uint64_t batch_position, batch_newest;
    int64_t batch_watermark_us;
    bool requested, asking, ask_again, flush_due;

    /* the transaction under way, or whose end is not known */
    bool in_flight, commit_sent;
    size_t counts[RS__FEED_COUNT];
    bool whole;                     /* it is all that was given and added: its position counts once it is in */
    size_t limits[RS__FEED_COUNT];  /* after a refused entry: at most so many at once; 0 = all */
    rs_policy_t stored_policies[RS_ROW_BATCH_POLICIES];   /* only name and version are looked at */
    size_t stored_policy_count;
    uint32_t sent_policies[RS_ROW_BATCH_POLICIES];        /* numbers in the batch */

    rs__months_t months;            /* that the database has tables for, as far as known */
    uint64_t next_upkeep_ms;        /* by the loop's clock */
    bool months_doubted;            /* the batch in hand met a month that was dropped under it: once is no fault of its rows */

    rs__records_t *records;
    int32_t own_refusals;           /* rows of ours that the database refused, counted down: their ordinals */
    uint64_t unplaced;              /* the last place of an effect without a position */
    rs_store_status_t status;       /* counters */
    char last_logged[256];
    uint64_t repeats;

    /* closing */
    bool closing, no_more_rows;
    int close_status;
    uint64_t left;
    rs_store_closed_fn on_closed;
    void *close_context;
};

/* --- store.c ------------------------------------------------------------------------------------------------------- */
RS_PRINTF(3, 4) void rs__store_say(rs_store_t *store, rs_store_log_level_t level, const char *format, ...);
/* An error for log and status; the same one again is only counted. */
RS_PRINTF(2, 3) void rs__store_fail(rs_store_t *store, const char *format, ...);
/* It does what it should: forgets the last error, and says so. */
void rs__store_works(rs_store_t *store);
void rs__store_set_state(rs_store_t *store, rs_store_state_t state);
/* Drops the connection and comes again later; slow: not before backoff_max_us. */
void rs__store_retry_later(rs_store_t *store, bool slow);
/* Counts the error, and says what to do. */
rs__remedy_t rs__store_fault(rs_store_t *store, rs_store_fault_t fault);
/* Another daemon has the stream: final. */
void rs__store_fenced(rs_store_t *store, const char *why);
/* Idle: looks for something to do. */
void rs__store_proceed(rs_store_t *store);
/* The batch in hand is stored (or will not be). */
void rs__store_give_back(rs_store_t *store, bool stored);
/* Idle, the mark is known: asks for what the database lacks, if it lacks something. */
void rs__store_check_owed(rs_store_t *store);
/* Until what is lacking is in, the mark stays where it is, which tells it the next start, too. */
static inline bool rs__store_lacks(const rs_store_t *store) { return store->rebuilding || store->lacking != 0; }
bool rs__store_has_records(const rs_store_t *store);

/* --- pooler.c ------------------------------------------------------------------------------------------------------ */
/* Preparing, and somebody sits between us and the backend: finds out whether it keeps us in one backend. Ends in rs__session_prepare (it
 * does) or with a connection that is given up. */
void rs__pooler_probe(rs_store_t *store);
/* The session's answer to the question that the probe made it ask. */
void rs__pooler_judge(rs_store_t *store);
void rs__pooler_drop(rs_store_t *store);
/* Two statements of one session came to two backends. */
void rs__pooler_refuse(rs_store_t *store);

/* --- session.c ----------------------------------------------------------------------------------------------------- */
extern const rs__link_callbacks_t rs__session_callbacks;   /* without context */
void rs__session_connect(rs_store_t *store);
/* After the settings, and after the probe if there was one. */
void rs__session_prepare(rs_store_t *store);
/* Asks which backend answers. */
void rs__session_ask_backend(rs_store_t *store);
/* Idle, and there is a batch or there are records, or the mark has to move. */
void rs__session_begin(rs_store_t *store);
/* The transaction under way is given up; its entries wait again. */
void rs__session_forget(rs_store_t *store);

#endif
