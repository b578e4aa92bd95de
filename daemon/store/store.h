/* store/store.h — rows, edges of the process map, single contacts, alerts, refusals and accounting into PostgreSQL, exactly once, without
 * ever making anyone wait.
 *
 * Model:     one connection, one batch in flight, one transaction per batch:
 *
 *              connecting ─► preparing (schema, mark) ─► idle ─► writing ─► committing ─► idle …
 *                   ▲                                     │          │           │
 *                   └──────────── backoff ◄───────────────┴──────────┴───────────┘   lost, refused, older or newer schema
 *                                                         any ─► fenced   another daemon took the stream over; final
 *
 *            The store asks for rows when it could write them (request_rows); whoever owns the core answers, at once or later,
 *            with rs_store_rows_ready. The batch is the store's until it calls rows_done. Transitions, refusals and
 *            accounting are copied when they are added, and go out with the next batch, in its transaction.
 * Exactly once: a row is absolute and carries a revision; a row in the database is only replaced by a higher one. Every
 *            transaction first moves the stream's mark from batch number n to n+1; so when a connection is lost at COMMIT the
 *            next one reads the mark and knows whether that batch is in. The mark carries an epoch: whoever opens the stream
 *            takes the next, and a transaction of an older epoch fails (fenced).
 * Rewinds:   a database may forget what it had confirmed: a backup was restored, or a stand-by was promoted that lagged. The mark says so,
 *            for it goes back with the rows. One rule covers that and everything else that has left memory without being stored:
 *              owed      the highest position of what it is relied on for and does not have: what was stored and is gone, what the
 *                        journal says was confirmed (settings.confirmed), what was dropped here, what the owner gave up (rs_store_owe)
 *              mark < owed: what changed after the mark and up to `owed` must be written again (`rewound`).
 *            The owner makes it again from the journal and gives it with rs_store_rebuilt_rows, beside the normal batches; until
 *            rs_store_rebuilt the mark stays where it is, so that a crash meanwhile begins the same again. Rows are absolute and
 *            revisioned, transitions and refusals are known by (position, ordinal): writing more than needed changes nothing.
 *            The owner needs for it: records of the journal after the oldest mark that may come back (24 h), and the newest
 *            state at or below it.
 * Poolers:   the session's staging tables, settings and locks live in one backend. PgBouncer in session mode is fine; in transaction or
 *            statement mode it is noticed (at connect by a second connection, and in every transaction) and refused.
 * Threads:   all of it belongs to the loop's thread. No call waits; callbacks come from within the loop, never from within
 *            create. They may call any function here but rs_store_destroy.
 * Errors:    what each SQLSTATE means is a table (store/sqlstate.h). A lost or refused connection is retried between backoff_min_us and
 *            backoff_max_us, each time beginning with the next of several hosts, and only on a host that can be written to; a
 *            serialisation failure or deadlock at once; a row that PostgreSQL refuses is found by halving, put into
 *            ringside.quarantine and counted; a schema that is newer than this program, that cannot be migrated or does not fit, is
 *            reported once and looked at again every backoff_max_us. No lock is waited for longer than 5 s, no statement than
 *            60 s. The daemon runs on in every case.
 * Overload:  with no database, rows stay with their owner (nobody asks for them), transitions and refusals in bounded queues
 *            here; when one is full its oldest entry is dropped, counted (rs_store_status_t.dropped_…) and owed.
 * Memory:    what create says, plus libpq's buffers (at most about 1 MiB of unsent COPY data).
 * Names:     a host name is resolved on libuv's thread pool, except one that comes from PGHOST or a service file.
 */
#ifndef RS_STORE_H
#define RS_STORE_H

#include "core/alert/alert.h"
#include "core/core.h"
#include "core/row_batch.h"

#include <uv.h>

typedef struct rs_store rs_store_t;

typedef enum rs_store_log_level { RS_STORE_ERROR = 0, RS_STORE_WARNING, RS_STORE_INFO } rs_store_log_level_t;

typedef struct rs_store_callbacks {
    void *context;
    /* Rows could be written now: answer with one rs_store_rows_ready (from within, or later). Called at most once per answer,
     * every flush_us while connected, and again at once after a batch that was full. */
    void (*request_rows)(void *context);
    /* The batch is the caller's again. stored: every row and edge of it is in the database (or in quarantine, counted). Not stored:
     * the store is closing or fenced; the rows are not in. */
    void (*rows_done)(void *context, rs_row_batch_t *batch, bool stored);
    /* What changed after position `after` and up to `upto` must be written again (see Rewinds): rows, edges, transitions, refusals. Ends
     * with rs_store_rebuilt. Called again: that begins anew, from there. NULL: nothing can be made again; it is reported, and the mark
     * goes on. */
    void (*rewound)(void *context, uint64_t after, uint64_t upto);
    /* The batch of rs_store_rebuilt_rows is the caller's again, as rows_done. Needed with `rewound`. */
    void (*rebuilt_done)(void *context, rs_row_batch_t *batch, bool stored);
    /* One line for the log; may be NULL. Repeats of one error are not repeated. Never contains a password. */
    void (*log)(void *context, rs_store_log_level_t level, const char *text);
} rs_store_callbacks_t;

typedef struct rs_store_settings {
    rs_str_t conninfo;           /* libpq connection string or URI, not empty; copied */
    rs_str_t stream;             /* name of the mark, 1 … RS_MAX_NAME bytes; one daemon per stream; copied */
    uint64_t run;                /* rs_core_options_t.run, or that of the state it was loaded from: the same for as long as positions go
                                    on; < 2^63 */
    uint64_t confirmed;          /* the journal says that batches with `newest` up to here were stored; 0: it says nothing */
    uint64_t owed;               /* as if rs_store_owe had been called with it; 0: nothing is known to be owed */
    int64_t flush_us;            /* how often rows are asked for, >= 1 ms */
    int64_t backoff_min_us, backoff_max_us;   /* between attempts, doubled each time; >= 1 ms */
    int64_t connect_timeout_us;  /* 0: 3 s */
    uint32_t max_transitions;    /* 0: 16384 */
    uint32_t max_refusals;       /* 0: 4096 */
    uint32_t max_sources;        /* 0: 1024 */
    bool migrate;                /* an older (or absent) schema is migrated at connect; false: reported and not written to */
} rs_store_settings_t;
/* From a configuration: database, flush_us, back-off, limits.sources; stream "main", migrate true; run is left 0. Strings are
 * borrowed from the configuration. */
void rs_store_settings_from_config(const rs_config_t *config, rs_store_settings_t *settings);

/* Starts nothing but timers on `loop` (kept until closed); the first connection attempt comes from the loop. RS_ERR_INVALID:
 * a setting out of range, or a connection string that libpq cannot read (then `why`, if not NULL, gets the reason, cut at
 * `why_size`). RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_store_create(uv_loop_t *loop, const rs_store_settings_t *settings,
                                  const rs_store_callbacks_t *callbacks, char *why, size_t why_size, rs_store_t **store);

/* The answer to request_rows. `batch` NULL or empty: there is nothing to write (a NULL one is not given back). A full one:
 * rows are asked for again as soon as it is in. Positions are numbers of the journal's records. `position`: with this batch everything
 * up to there was given, also the transitions and refusals; the mark says so, with `watermark_us`, once it is in (when it is not above
 * the last one, the mark stays). `newest`: nothing in the batch is of a later record; what the journal calls confirmed when it is in.
 * Without a request before it: RS_ERR_STATE, the batch stays the caller's. */
RS_MUST_CHECK int rs_store_rows_ready(rs_store_t *store, rs_row_batch_t *batch, uint64_t position, uint64_t newest, int64_t watermark_us);

/* After `rewound`: a batch of what was made again, one at a time; rebuilt_done gives it back. Transitions and refusals of the same stretch
 * are added as always. RS_ERR_STATE: no rebuild is asked for, or one batch is in hand: it stays the caller's. */
RS_MUST_CHECK int rs_store_rebuilt_rows(rs_store_t *store, rs_row_batch_t *batch);
/* All of it was given (what cannot be made again was reported by the owner): the mark may go on. RS_ERR_STATE as above. */
RS_MUST_CHECK int rs_store_rebuilt(rs_store_t *store);
/* The owner has given up rows that the database does not have (the bound of rows in memory was reached while it was away or slow): what
 * changed up to `position` will be asked for again before the mark passes it, also when something is being made again just now. Any time
 * before closing. */
void rs_store_owe(rs_store_t *store, uint64_t position);

/* Copied. An effect is known for ever by `position`, the record that caused it, and `ordinal`, its place among that record's effects of
 * this kind; the same again changes nothing. position 0: not known, and nobody could make it again. Full queue: the oldest entry is
 * dropped, counted and owed. RS_ERR_CLOSED once closing has begun or when fenced. */
RS_MUST_CHECK int rs_store_add_transition(rs_store_t *store, const rs_alert_transition_t *transition, uint64_t position, uint32_t ordinal);
/* One refused event for the quarantine: never its bytes. `has_seq`: the source had numbered it. `hash`: rs_refused_hash. */
RS_MUST_CHECK int rs_store_add_refusal(rs_store_t *store, rs_str_t source, bool has_seq, uint64_t seq,
                                       const rs_refused_t *refused, uint64_t hash, int64_t at_us, uint64_t position, uint32_t ordinal);
/* Replaces what was known of that source in this run; the same again costs nothing.
 * RS_ERR_FULL: more than max_sources sources. RS_ERR_CLOSED. */
RS_MUST_CHECK int rs_store_add_accounting(rs_store_t *store, const rs_accounting_t *accounting);

typedef enum rs_store_state {
    RS_STORE_BACKOFF = 0, RS_STORE_CONNECTING, RS_STORE_PREPARING, RS_STORE_IDLE, RS_STORE_WRITING, RS_STORE_COMMITTING,
    RS_STORE_FENCED, RS_STORE_CLOSING, RS_STORE_CLOSED, RS_STORE_STATE_COUNT
} rs_store_state_t;
const char *rs_store_state_name(unsigned state);

/* What went wrong, by what is done about it (store/sqlstate.h). */
#define RS_STORE_FAULTS(X) \
    X(CONFLICT, "conflict") X(CONNECTION, "connection") X(BUSY, "busy") X(READ_ONLY, "read_only") X(FULL, "full") X(DATA, "data") \
    X(SCHEMA, "schema") X(REFUSED, "refused") X(DAMAGED, "damaged") X(POOLER, "pooler") X(MARK, "mark") X(FENCED, "fenced")
typedef enum rs_store_fault {
#define RS_X(NAME, name) RS_STORE_FAULT_##NAME,
    RS_STORE_FAULTS(RS_X)
#undef RS_X
        RS_STORE_FAULT_COUNT
} rs_store_fault_t;
const char *rs_store_fault_name(unsigned fault);

typedef struct rs_store_status {
    rs_store_state_t state;
    bool connected;                  /* prepared and not fenced: batches go out */
    uint64_t rows_written;           /* handed to a committed transaction; rows that an equal or higher revision made needless included */
    uint64_t edges_written;          /* of the process map, likewise */
    uint64_t contacts_written;       /* with their facts, likewise */
    uint64_t transitions_written, refusals_written;
    uint64_t batches;                /* transactions committed */
    uint64_t poisoned;               /* rows, transitions, … that PostgreSQL refused and that are in quarantine */
    uint64_t dropped_transitions, dropped_refusals;
    uint64_t connects, failures;     /* connections that became ready; attempts and connections that failed */
    uint64_t ambiguous_stored, ambiguous_resent;   /* lost at COMMIT: found in, found not in */
    uint64_t faults[RS_STORE_FAULT_COUNT];   /* errors and lost connections, by what was done about them */
    uint64_t rewinds;                /* the database had forgotten batches that it had confirmed (restored, or a lagging stand-by) */
    uint64_t rebuilds, rebuilt_rows; /* how often what it lacked was asked for again; rows and edges written so */
    bool rebuilding;
    uint64_t backlog;                /* entries waiting here: rows and edges of the batch in hand, transitions, refusals, sources */
    uint64_t position;               /* of the mark, as far as confirmed: nothing up to here is needed of the journal for this database */
    uint64_t owed;                   /* up to here something must be written again; 0: nothing must */
    int64_t epoch;                   /* 0 until the stream was opened */
    char last_error[256];            /* empty when the last thing that happened was a success */
} rs_store_status_t;
void rs_store_status(const rs_store_t *store, rs_store_status_t *status);

/* RS_OK: everything that was asked for and added is in. RS_ERR_TIMEOUT: the deadline came first; RS_ERR_CLOSED: fenced;
 * `left` is the number of entries that did not get in. All handles are closed; rs_store_destroy may follow. */
typedef void (*rs_store_closed_fn)(void *context, int status, uint64_t left);
/* Asks for rows until none come, writes everything, closes. After `deadline_us` from now it closes at once. Called once. */
void rs_store_flush_and_close(rs_store_t *store, int64_t deadline_us, rs_store_closed_fn on_closed, void *context);
/* After on_closed only. Accepts NULL. */
void rs_store_destroy(rs_store_t **store);

/* --- words of ringside.moment_fact, leg_fact and handling_fact -------------------------------------------------------- */
/* What a fact of this type is called there; "" for numbers that are none. / The number of such a word, -1: none has it. Of a reason or a
 * kind an empty word is 0. Any thread. */
const char *rs_store_fact_name(unsigned type);
int rs_store_fact_type(rs_str_t word);
int rs_store_leg_outcome(rs_str_t word);
int rs_store_flow_reason(rs_str_t word);
int rs_store_transfer_kind(rs_str_t word);

/* What the policy counts, as ringside.policy.definition says it; free it. NULL: no memory. Any thread. */
char *rs_store_policy_json(const rs_policy_t *policy);

/* Can libpq read it? Nothing is connected to. RS_ERR_INVALID: no, and `why` says why. Any thread. */
RS_MUST_CHECK int rs_store_check_conninfo(const char *conninfo, char *why, size_t why_size);

/* --- the schema --------------------------------------------------------------------------------------------------- */
typedef void (*rs_store_print_fn)(void *context, const char *line);
/* Brings the schema up to what this program needs, waiting for the database (for `ringside migrate`). Prints one line per
 * step; with dry_run what would be done. Running it twice does nothing the second time; two at once wait for each other.
 * RS_ERR_IO: cannot connect, or a statement failed (printed). RS_ERR_VERSION: the schema is newer than this program, or an
 * applied migration is not the one that this program knows. Each migration is one transaction. */
RS_MUST_CHECK int rs_store_migrate(const char *conninfo, bool dry_run, rs_store_print_fn print, void *context);
/* The number of the last migration that this program knows. */
int rs_store_schema_version(void);

#endif
