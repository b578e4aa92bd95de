/* engine/engine.h — the core's thread and the two rings that join it to the loop.
 *
 * Model:        loop thread ── inlet ring: events, refusals, ticks, configurations ──► core thread: rs_core_apply
 *               loop thread ◄── outlet ring: verdicts, alert transitions ───────────── core thread
 *               loop thread ◄── collected rows, when asked for ──────────────────────── core thread
 *            `settled` is the inlet position up to which everything is applied and its outlet entries are readable.
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

typedef struct rs_engine rs_engine_t;

typedef struct rs_engine_callbacks {   /* called from rs_engine_drain, on the loop's thread */
    void *context;
    void (*on_verdict)(void *context, rs_origin_t origin, rs_refusal_t reason);
    void (*on_alert)(void *context, const rs_alert_transition_t *transition);
    /* Core's thread: there is something to drain. Must be callable from there and not block. */
    void (*wake)(void *context);
} rs_engine_callbacks_t;

typedef struct rs_engine_settings {
    const rs_config_t *config;         /* borrowed for the engine's life */
    int64_t start_us;
    uint64_t run, hash_seed;
    bool keep_rows;                    /* rows are kept for whoever collects them, who must, and (if limits.edges > 0) the edges of the
                                          process: batches need room for both. false: neither, for they would only fill memory */
    rs_engine_callbacks_t callbacks;
} rs_engine_settings_t;

/* Makes the core and starts its thread. RS_ERR_MEMORY, RS_ERR_INVALID (ring sizes), RS_ERR_IO (no thread). */
RS_MUST_CHECK int rs_engine_create(const rs_engine_settings_t *settings, rs_engine_t **engine);
/* Lets the core's thread finish what is in the inlet (draining the outlet meanwhile), ends it and frees everything. */
void rs_engine_destroy(rs_engine_t **engine);

/* RS_OK and the record's end position; RS_ERR_FULL: no room now, nothing happened. */
RS_MUST_CHECK int rs_engine_submit_event(rs_engine_t *engine, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin,
                                         uint64_t *position);
RS_MUST_CHECK int rs_engine_submit_refusal(rs_engine_t *engine, rs_str_t source, const rs_refused_t *refused, uint64_t hash,
                                           int64_t arrival_us, rs_origin_t origin, uint64_t *position);
RS_MUST_CHECK int rs_engine_submit_tick(rs_engine_t *engine, int64_t now_us);
/* The configuration stays borrowed until destroy. What came of it is known after the next drain: rs_engine_config_status. */
RS_MUST_CHECK int rs_engine_submit_config(rs_engine_t *engine, const rs_config_t *config);
int rs_engine_config_status(const rs_engine_t *engine);

/* Delivers verdicts and alerts that are there; returns the settled position. */
uint64_t rs_engine_drain(rs_engine_t *engine);

/* --- rows: one collection at a time ------------------------------------------------------------------------------- */
typedef struct rs_collection {
    rs_row_batch_t *batch;             /* as given to rs_engine_collect, filled */
    uint64_t position;                 /* everything up to here is in the rows collected so far and these, if dirty is 0 */
    int64_t watermark_us;
    size_t dirty;                      /* rows and edges that changed and did not fit */
    rs_core_losses_t losses;
    rs_agents_odd_t odd;
    uint64_t core_bytes;
    uint32_t source_count;             /* rs_engine_collected_source gives each */
} rs_collection_t;
/* Asks the core's thread to fill `batch` (cleared first) with changed rows, and with changed edges if it has room for any. NULL: with
 * nothing, only the rest of the collection is asked for. RS_ERR_STATE: one is under way. */
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
