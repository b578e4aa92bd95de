/* engine/engine.h — the core's thread and the two rings that join it to the loop; and the same core without a thread, for recovery.
 *
 * Model:        loop thread ── inlet ring: every record of event/event.h ────────────────► core thread: rs_core_apply
 *               loop thread ◄── outlet ring: verdicts, alert transitions ───────────── core thread
 *               loop thread ◄── collected rows, when asked for ──────────────────────── core thread
 *            `settled` is the inlet position up to which everything is applied and its outlet entries are readable.
 * Records:   the n-th record that ever entered the ring has number n, over all runs: what the core calls its position, the journal its
 *            number, and a transition or the store's mark its identity. Ring positions are of this process only.
 * Life:      fresh      prepare ─► begin ─────────────────────────────► start ─► … ─► stop ─► destroy
 *            recovered  prepare ─► load, recover_record … ─► adopt ───► start ─► … ─► stop ─► destroy
 *            rebuilt    prepare ─► load, recover_record … ─► save ──────────────────────────► destroy   (any process, no thread)
 *            Load may be left out when the journal is there from record 1, which begins the core as it was made. Begin and adopt are
 *            the first that write to the ring: whoever reads it beside the core (rs_ring_tap) does so before.
 * Exactness: the state after a record depends on the saved state and the records since, on nothing else: the same bytes when saved, the
 *            same rows, parts, revisions, episodes, identities. What was neither collected nor confirmed is collected again; alert
 *            transitions that the store has not confirmed are told again, with their identities, by the first drain after start.
 * Secrets:   configurations stand in the journal and in saved states as their text says, with whatever passwords: those files are for the
 *            daemon alone.
 * Threads:   every function belongs to the loop's thread, except those that say otherwise. The core's thread is the engine's own.
 * Ordering:  the core's thread commits the outlet entries of a record, then stores `settled` with release; rs_engine_drain loads
 *            it with acquire before it reads the outlet. So a verdict is always delivered before the position that covers it.
 *            A collection is handed over by a release store of its state and an acquire load on the other side.
 * Overload:  a full inlet is RS_ERR_FULL to the submitter (backpressure). A full outlet makes the core's thread wait for the
 *            loop, which always drains: the loop never waits for the core.
 */
#ifndef RS_ENGINE_H
#define RS_ENGINE_H

#include "core/core.h"
#include "core/row_batch.h"
#include "ring/ring.h"

typedef struct rs_engine rs_engine_t;

typedef struct rs_engine_callbacks {   /* called from rs_engine_drain, on the loop's thread */
    void *context;
    void (*on_verdict)(void *context, rs_origin_t origin, rs_refusal_t reason);
    void (*on_alert)(void *context, const rs_alert_transition_t *transition);
    /* What became of a command (rs_alerts_command); NULL: not told. After the transitions that it caused. */
    void (*on_answer)(void *context, rs_origin_t origin, int status, uint64_t number);
    /* A transition of before this process that the store has not confirmed; NULL: not told. From the first drain after start. Other
     * receivers ask rs_core_unconfirmed_alerts(rs_engine_core(…), …) before start. */
    void (*on_alert_again)(void *context, const rs_alert_transition_t *transition);
    /* Rows, edges or contacts up to this record have left memory without being stored (core/core.h, Short memory); NULL: not told. Before
     * anything of later records. */
    void (*on_let_go)(void *context, uint64_t position);
    /* Core's thread: there is something to drain. Must be callable from there and not block. */
    void (*wake)(void *context);
} rs_engine_callbacks_t;

typedef struct rs_engine_settings {
    const rs_config_t *config;         /* borrowed for the engine's life */
    int64_t start_us;
    uint64_t run, hash_seed;           /* of a fresh core; a recovered one keeps its own */
    bool keep_rows;                    /* rows are kept for whoever collects them, who must, and (if limits.edges > 0) the edges of the
                                          process and (if limits.facts > 0) single contacts: batches need room for all. false: none, for
                                          they would only fill memory */
    rs_engine_callbacks_t callbacks;
} rs_engine_settings_t;

/* Prepare, begin and start in one: a fresh core. RS_ERR_MEMORY, RS_ERR_INVALID (ring sizes), RS_ERR_IO (no thread), RS_ERR_LIMIT (the
 * configuration's text does not fit into the ring). */
RS_MUST_CHECK int rs_engine_create(const rs_engine_settings_t *settings, rs_engine_t **engine);
/* Lets the core's thread finish what is in the inlet (draining the outlet meanwhile) and ends it. Nothing happens without one. */
void rs_engine_stop(rs_engine_t *engine);
/* Stops and frees everything. */
void rs_engine_destroy(rs_engine_t **engine);

/* --- making and recovering: no thread of the core's is there --------------------------------------------------------- */
/* The rings, and no core yet. RS_ERR_MEMORY, RS_ERR_INVALID. */
RS_MUST_CHECK int rs_engine_prepare(const rs_engine_settings_t *settings, rs_engine_t **engine);
/* For whoever reads it beside the core. */
rs_ring_t *rs_engine_inlet(rs_engine_t *engine);
/* A fresh core from the settings, and what it is made of as the first records of the ring. RS_ERR_MEMORY; RS_ERR_LIMIT as above. */
RS_MUST_CHECK int rs_engine_begin(rs_engine_t *engine);
/* The core as it was saved. Errors as rs_core_load, and RS_ERR_PARSE when a configuration in it is none (any more: rs_engine_why says at
 * which key). The engine can be tried again with another state then. */
RS_MUST_CHECK int rs_engine_load(rs_engine_t *engine, const rs_state_in_t *in);
/* The next record of the journal; numbers grow, by more than 1 where some were lost (counted). Verdicts are not told; alert transitions are
 * kept until start. RS_ERR_STATE: there is no core and this does not begin one, or the number does not grow; RS_ERR_PARSE: not a record;
 * RS_ERR_MEMORY. After a failure the engine is good for nothing but destroy. */
RS_MUST_CHECK int rs_engine_recover_record(rs_engine_t *engine, uint32_t kind, const void *bytes, size_t len, uint64_t number);
/* A recovered core goes on with the configuration of the settings: when it is another one than before, its parts and an
 * RS_CONFIG_RESTART go into the ring, and the state is saved and loaded with it (core/core.h says what may differ).
 * RS_ERR_STATE, RS_ERR_LIMIT: it does not fit to what was counted so far; the core is as before, with the configuration it had, and may
 * be started like that. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_engine_adopt(rs_engine_t *engine);
/* Starts the core's thread. RS_ERR_IO. */
RS_MUST_CHECK int rs_engine_start(rs_engine_t *engine);
/* Writes all of the state, configurations first. *hash (may be NULL) as rs_engine_state_hash. Changes nothing. Not while the core's thread
 * runs. RS_ERR_MEMORY, or what `out` said. */
RS_MUST_CHECK int rs_engine_save(const rs_engine_t *engine, const rs_state_out_t *out, rs_hash128_t *hash);
/* Of the core's state: the same after the same records, whether they were applied, recovered or partly loaded. */
RS_MUST_CHECK int rs_engine_state_hash(const rs_engine_t *engine, rs_hash128_t *hash);
/* Number of the last record that was applied. Any thread, acquire. */
uint64_t rs_engine_number(const rs_engine_t *engine);
typedef struct rs_engine_recovery {
    uint64_t records;                  /* applied by rs_engine_recover_record */
    uint64_t lost, lost_ranges;        /* numbers that never came */
    uint64_t lost_configs;             /* configurations whose parts were among them: the one before stayed in force */
    uint64_t unconfirmed_alerts;       /* transitions that will be told again */
} rs_engine_recovery_t;
/* Why the last of begin, recover_record, load, adopt failed, in English; "" when it did not. */
const char *rs_engine_why(const rs_engine_t *engine);
rs_engine_recovery_t rs_engine_recovery(const rs_engine_t *engine);
/* The core, for looking (sessions, receivers, …), as long as no thread runs. */
const rs_core_t *rs_engine_core(const rs_engine_t *engine);

/* --- records ------------------------------------------------------------------------------------------------------- */
/* RS_OK and the record's end position; RS_ERR_FULL: no room now, nothing happened. */
RS_MUST_CHECK int rs_engine_submit_event(rs_engine_t *engine, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin,
                                         uint64_t *position);
RS_MUST_CHECK int rs_engine_submit_refusal(rs_engine_t *engine, rs_str_t source, const rs_refused_t *refused, uint64_t hash,
                                           int64_t arrival_us, rs_origin_t origin, uint64_t *position);
RS_MUST_CHECK int rs_engine_submit_tick(rs_engine_t *engine, int64_t now_us);
/* The configuration stays borrowed until destroy. What came of it is known after the next drain: rs_engine_config_status. RS_ERR_LIMIT: its
 * text would never fit into the ring. */
RS_MUST_CHECK int rs_engine_submit_config(rs_engine_t *engine, const rs_config_t *config);
int rs_engine_config_status(const rs_engine_t *engine);
/* A producer's session has a number from here on; before its first event. */
RS_MUST_CHECK int rs_engine_submit_session(rs_engine_t *engine, uint32_t session, rs_str_t source, rs_str_t incarnation);
/* A receiver has something for good: the store a collection (rs_collection_t.confirmed) and the transitions of its batch. */
RS_MUST_CHECK int rs_engine_submit_confirmed(rs_engine_t *engine, const rs_confirmed_t *confirmed);

/* What a person says, checked by rs_command_check. */
RS_MUST_CHECK int rs_engine_submit_command(rs_engine_t *engine, const rs_command_t *command, rs_origin_t origin, uint64_t *position);

/* Figures of history for a rule that learns. */
RS_MUST_CHECK int rs_engine_submit_warm(rs_engine_t *engine, const rs_warm_t *warm);

/* Number of the last record that was submitted. */
uint64_t rs_engine_submitted(const rs_engine_t *engine);

/* Delivers verdicts and alerts that are there; returns the settled position. */
uint64_t rs_engine_drain(rs_engine_t *engine);

/* --- rows: one collection at a time ------------------------------------------------------------------------------- */
enum { RS_COLLECTED_UNWARMED = 32 };
typedef struct rs_collection {
    rs_row_batch_t *batch;             /* as given to rs_engine_collect, filled */
    uint64_t newest;                   /* record number of the core then */
    uint64_t position;                 /* record number: everything up to here is in the rows collected so far and these, if dirty is 0 */
    int64_t watermark_us;
    size_t dirty;                      /* rows, edges and contacts that changed and did not fit */
    uint32_t rows_permille;            /* how full the rows' memory is, or the edges' if that is fuller */
    rs_confirmed_t confirmed;          /* what to submit when the batch has arrived; its alerts are zeros */
    rs_core_losses_t losses;
    rs_agents_odd_t odd;
    uint64_t core_bytes;
    uint32_t source_count;             /* rs_engine_collected_source gives each */
    uint32_t unwarmed_count;           /* rules and keys that want history, the first of them; texts are the core's and the
                                          configuration's */
    rs_alert_unwarmed_t unwarmed[RS_COLLECTED_UNWARMED];
} rs_collection_t;
/* Asks the core's thread to fill `batch` (cleared first; room for at least RS_ATTRIBUTION_COUNT rows) with changed rows, and with changed
 * edges if it has room for any. NULL: with nothing, only the rest of the collection is asked for. RS_ERR_STATE: one is under way. */
RS_MUST_CHECK int rs_engine_collect(rs_engine_t *engine, rs_row_batch_t *batch);
/* True when the collection is done: the batch is the caller's again. */
RS_MUST_CHECK bool rs_engine_collected(rs_engine_t *engine, rs_collection_t *collection);
/* Until the next rs_engine_collect. */
const rs_accounting_t *rs_engine_collected_source(const rs_engine_t *engine, uint32_t source);

/* --- looking, any thread ------------------------------------------------------------------------------------------ */
const rs_window_store_t *rs_engine_windows(const rs_engine_t *engine);
void rs_engine_key(const rs_engine_t *engine, uint32_t key, rs_key_t *dimensions);
/* The core's time and watermark as last published (relaxed: each is a number for itself). */
int64_t rs_engine_now(const rs_engine_t *engine);
int64_t rs_engine_watermark(const rs_engine_t *engine);
/* Loop thread, before the first configuration change has been applied or after the drain that reported it. */
uint32_t rs_engine_policy_count(const rs_engine_t *engine);
const rs_policy_t *rs_engine_policy(const rs_engine_t *engine, uint32_t slot);
/* Events that may still be submitted before the inlet is full, in bytes. */
uint64_t rs_engine_inlet_used(const rs_engine_t *engine);

#endif
