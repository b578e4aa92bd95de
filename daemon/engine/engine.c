#include "engine/engine.h"

#include "engine/outlet.h"
#include "ring/ring.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
    BATCH_RECORDS = 256,          /* applied before `settled` is published and the loop is woken */
    SLEEP_US = 100 * 1000,        /* a sleeping core looks again after this, whatever happens */
    OUTLET_WAIT_NS = 50 * 1000
};

typedef enum rs_collect_state { COLLECT_IDLE = 0, COLLECT_ASKED, COLLECT_DONE } rs_collect_state_t;

struct rs_engine {
    /* both threads read, never changed after create */
    rs_core_t *core;              /* the core's thread alone, but for the reads that core.h opens to all */
    rs_ring_t *inlet, *outlet;
    rs_sleeper_t *sleeper;
    rs_engine_callbacks_t callbacks;
    pthread_t thread;

    /* core's thread writes, loop reads */
    _Alignas(128) _Atomic uint64_t settled;     /* release after the outlet entries; acquire in rs_engine_drain */
    _Atomic int64_t now_us, watermark_us;       /* relaxed both sides: each a number for itself */
    _Atomic int config_status;                  /* release before the settled position of its record; acquire */

    /* loop writes, core's thread reads */
    _Alignas(128) _Atomic bool stopping;        /* release; acquire */

    /* the collection: ASKED is stored by the loop, DONE by the core's thread, each with release; the other side acquires
     * before it touches `collection` or `sources`, so they are never shared at the same moment */
    _Alignas(128) _Atomic int collect_state;
    rs_collection_t collection;
    rs_accounting_t *sources;
    uint32_t max_sources;
};

/* --- the core's thread ---------------------------------------------------------------------------------------------- */
static void *claim_outlet(rs_engine_t *engine, size_t len) {
    void *bytes;
    while (rs_ring_claim(engine->outlet, len, &bytes) != RS_OK) {
        engine->callbacks.wake(engine->callbacks.context);
        const struct timespec pause = {.tv_nsec = OUTLET_WAIT_NS};
        nanosleep(&pause, NULL);
    }
    return bytes;
}

static void send_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason) {
    rs_engine_t *engine = context;
    (void)event;
    const rs_outlet_verdict_t verdict = {.origin = origin, .reason = reason};
    memcpy(claim_outlet(engine, sizeof verdict), &verdict, sizeof verdict);
    rs_ring_commit(engine->outlet, sizeof verdict, RS_OUTLET_VERDICT);
}

static void send_alert(void *context, const rs_alert_transition_t *transition) {
    rs_engine_t *engine = context;
    void *bytes = claim_outlet(engine, RS_OUTLET_ALERT_MAX);
    rs_ring_commit(engine->outlet, rs_outlet_write_alert(transition, bytes), RS_OUTLET_ALERT);
}

static void apply_record(rs_engine_t *engine, const rs_ring_record_t *record) {
    if (record->kind == RS_RECORD_CONFIG) {
        const rs_config_t *config;
        memcpy(&config, record->bytes, sizeof config);
        atomic_store_explicit(&engine->config_status, rs_core_configure(engine->core, config), memory_order_release);
        return;
    }
    /* The loop wrote the record itself from a checked event: anything else is a broken invariant. */
    RS_REQUIRE(rs_core_apply(engine->core, record->kind, record->bytes, record->len, record->position) == RS_OK);
}

static bool apply_batch(rs_engine_t *engine) {
    rs_ring_record_t record;
    uint64_t position = 0;
    uint32_t count = 0;
    while (count < BATCH_RECORDS && rs_ring_peek(engine->inlet, &record)) {
        apply_record(engine, &record);
        position = record.position;
        count++;
    }
    if (count == 0) return false;
    atomic_store_explicit(&engine->now_us, rs_core_now(engine->core), memory_order_relaxed);
    atomic_store_explicit(&engine->watermark_us, rs_core_watermark(engine->core), memory_order_relaxed);
    /* Release, after every outlet entry of these records was committed: pairs with the acquire in rs_engine_drain. */
    atomic_store_explicit(&engine->settled, position, memory_order_release);
    rs_ring_release(engine->inlet, position);
    engine->callbacks.wake(engine->callbacks.context);
    return true;
}

static void add_row(void *context, const rs_row_t *row) {
    RS_REQUIRE(rs_row_batch_add(context, row) == RS_OK);
}

static void add_edge(void *context, const rs_process_row_t *edge) {
    RS_REQUIRE(rs_row_batch_add_edge(context, edge) == RS_OK);
}

static void fill_batch(rs_core_t *core, rs_row_batch_t *batch) {
    rs_row_batch_clear(batch);
    for (uint32_t slot = 0; slot < RS_MAX_POLICIES; slot++) {
        const rs_policy_t *policy = rs_core_policy(core, slot);
        if (policy != NULL) rs_row_batch_set_policy(batch, slot, policy);
    }
    rs_core_collect(core, rs_row_batch_max_rows(batch), add_row, batch);
    rs_core_process_collect(core, rs_row_batch_max_edges(batch), add_edge, batch);
}

static bool answer_collection(rs_engine_t *engine) {
    if (atomic_load_explicit(&engine->collect_state, memory_order_acquire) != COLLECT_ASKED) return false;
    rs_collection_t *collection = &engine->collection;
    rs_core_t *core = engine->core;
    if (collection->batch != NULL) fill_batch(core, collection->batch);
    collection->position = rs_core_position(core);
    collection->watermark_us = rs_core_watermark(core);
    collection->dirty = rs_core_dirty_rows(core) + rs_core_process_dirty(core);
    collection->losses = rs_core_losses(core);
    collection->odd = rs_agents_odd(rs_core_agents(core));
    collection->core_bytes = rs_core_bytes(core);
    const uint32_t count = rs_core_source_count(core);
    collection->source_count = count < engine->max_sources ? count : engine->max_sources;
    for (uint32_t i = 0; i < collection->source_count; i++) rs_core_accounting(core, i, &engine->sources[i]);
    atomic_store_explicit(&engine->collect_state, COLLECT_DONE, memory_order_release);
    engine->callbacks.wake(engine->callbacks.context);
    return true;
}

static bool has_work(const rs_engine_t *engine) {
    return rs_ring_written(engine->inlet) != rs_ring_consumed(engine->inlet) ||
           atomic_load_explicit(&engine->collect_state, memory_order_acquire) == COLLECT_ASKED ||
           atomic_load_explicit(&engine->stopping, memory_order_acquire);
}

static void *run_core(void *context) {
    rs_engine_t *engine = context;
    for (;;) {
        const bool applied = apply_batch(engine);
        const bool answered = answer_collection(engine);
        if (applied || answered) continue;
        if (atomic_load_explicit(&engine->stopping, memory_order_acquire)) return NULL;
        rs_sleeper_announce(engine->sleeper);
        if (has_work(engine)) rs_sleeper_cancel(engine->sleeper);
        else rs_sleeper_wait(engine->sleeper, SLEEP_US);
    }
}

/* --- making and ending ---------------------------------------------------------------------------------------------- */
static int start_thread(rs_engine_t *engine) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);   /* signals are the loop's business */
    const int failed = pthread_create(&engine->thread, NULL, run_core, engine);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 ? RS_OK : RS_ERR_IO;
}

static void free_parts(rs_engine_t *engine) {
    rs_core_destroy(&engine->core);
    rs_ring_destroy(&engine->inlet);
    rs_ring_destroy(&engine->outlet);
    rs_sleeper_destroy(&engine->sleeper);
    free(engine->sources);
    free(engine);
}

static int create_core(rs_engine_t *engine, const rs_engine_settings_t *settings) {
    const rs_config_t *config = settings->config;
    const rs_core_options_t options = {
        .config = config, .windows = true, .alerts = true, .process = settings->keep_rows,
        .families = settings->keep_rows ? (1u << RS_FAMILY_COUNT) - 1 : 0,
        .attributions = (config->attribution_event ? 1u << RS_ATTRIBUTION_EVENT : 0u) |
                        (config->attribution_enter ? 1u << RS_ATTRIBUTION_ENTER : 0u) |
                        (config->attribution_close ? 1u << RS_ATTRIBUTION_CLOSE : 0u),
        .interval = {.mode = RS_INTERVAL_FIXED, .length_us = config->interval_us},
        /* When events move the time, it begins with the first of them, which may lie in the past. */
        .start_us = config->clock == RS_CLOCK_EVENTS ? 0 : settings->start_us, .run = settings->run, .hash_seed = settings->hash_seed,
        .effects = {.context = engine, .on_verdict = send_verdict, .on_alert = send_alert}};
    return rs_core_create(&options, &engine->core);
}

int rs_engine_create(const rs_engine_settings_t *settings, rs_engine_t **engine_out) {
    rs_engine_t *engine = aligned_alloc(128, (sizeof *engine + 127) / 128 * 128);
    if (engine == NULL) return RS_ERR_MEMORY;
    memset(engine, 0, sizeof *engine);
    engine->callbacks = settings->callbacks;
    engine->max_sources = settings->config->limits.sources + 1;
    engine->sources = calloc(engine->max_sources, sizeof *engine->sources);
    atomic_init(&engine->now_us, settings->config->clock == RS_CLOCK_EVENTS ? 0 : settings->start_us);
    atomic_init(&engine->watermark_us, INT64_MIN);
    int status = engine->sources == NULL ? RS_ERR_MEMORY : RS_OK;
    if (status == RS_OK) status = rs_ring_create(settings->config->limits.inlet_bytes, &engine->inlet);
    if (status == RS_OK) status = rs_ring_create(settings->config->limits.outlet_bytes, &engine->outlet);
    if (status == RS_OK) status = rs_sleeper_create(&engine->sleeper);
    if (status == RS_OK) status = create_core(engine, settings);
    if (status == RS_OK) status = start_thread(engine);
    if (status != RS_OK) {
        free_parts(engine);
        return status;
    }
    *engine_out = engine;
    return RS_OK;
}

static bool core_has_ended(pthread_t thread) {
    const struct timespec pause = {.tv_nsec = 1000 * 1000};
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_nsec += pause.tv_nsec;
    if (deadline.tv_nsec >= 1000 * 1000 * 1000) {
        deadline.tv_sec++;
        deadline.tv_nsec -= 1000 * 1000 * 1000;
    }
    return pthread_timedjoin_np(thread, NULL, &deadline) == 0;
}

void rs_engine_destroy(rs_engine_t **engine_ref) {
    rs_engine_t *engine = *engine_ref;
    if (engine == NULL) return;
    atomic_store_explicit(&engine->stopping, true, memory_order_release);
    rs_sleeper_wake(engine->sleeper);
    while (!core_has_ended(engine->thread)) rs_engine_drain(engine);   /* it may wait for room in the outlet */
    rs_engine_drain(engine);
    free_parts(engine);
    *engine_ref = NULL;
}

/* --- the loop's side ------------------------------------------------------------------------------------------------ */
int rs_engine_submit_event(rs_engine_t *engine, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin, uint64_t *position) {
    void *bytes;
    const int status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
    if (status != RS_OK) return status;
    *position = rs_ring_commit(engine->inlet, rs_record_write_event(event, arrival_us, origin, bytes), RS_RECORD_EVENT);
    rs_sleeper_wake(engine->sleeper);
    return RS_OK;
}

int rs_engine_submit_refusal(rs_engine_t *engine, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us,
                             rs_origin_t origin, uint64_t *position) {
    void *bytes;
    const int status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
    if (status != RS_OK) return status;
    const size_t len = rs_record_write_refusal(source, refused, hash, arrival_us, origin, bytes);
    *position = rs_ring_commit(engine->inlet, len, RS_RECORD_REFUSAL);
    rs_sleeper_wake(engine->sleeper);
    return RS_OK;
}

int rs_engine_submit_tick(rs_engine_t *engine, int64_t now_us) {
    void *bytes;
    const int status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
    if (status != RS_OK) return status;
    rs_ring_commit(engine->inlet, rs_record_write_tick(now_us, bytes), RS_RECORD_TICK);
    rs_sleeper_wake(engine->sleeper);
    return RS_OK;
}

int rs_engine_submit_config(rs_engine_t *engine, const rs_config_t *config) {
    void *bytes;
    const int status = rs_ring_claim(engine->inlet, sizeof config, &bytes);
    if (status != RS_OK) return status;
    memcpy(bytes, &config, sizeof config);
    atomic_store_explicit(&engine->config_status, RS_ERR_AGAIN, memory_order_relaxed);
    rs_ring_commit(engine->inlet, sizeof config, RS_RECORD_CONFIG);
    rs_sleeper_wake(engine->sleeper);
    return RS_OK;
}

int rs_engine_config_status(const rs_engine_t *engine) { return atomic_load_explicit(&engine->config_status, memory_order_acquire); }

uint64_t rs_engine_drain(rs_engine_t *engine) {
    /* Acquire, before the outlet is looked at: whatever the records up to here said is in it. */
    const uint64_t settled = atomic_load_explicit(&engine->settled, memory_order_acquire);
    rs_ring_record_t record;
    while (rs_ring_peek(engine->outlet, &record)) {
        if (record.kind == RS_OUTLET_VERDICT) {
            rs_outlet_verdict_t verdict;
            memcpy(&verdict, record.bytes, sizeof verdict);
            engine->callbacks.on_verdict(engine->callbacks.context, verdict.origin, (rs_refusal_t)verdict.reason);
        } else {
            rs_alert_transition_t transition;
            rs_outlet_read_alert(record.bytes, &transition);
            engine->callbacks.on_alert(engine->callbacks.context, &transition);
        }
        rs_ring_release(engine->outlet, record.position);
    }
    return settled;
}

int rs_engine_collect(rs_engine_t *engine, rs_row_batch_t *batch) {
    if (atomic_load_explicit(&engine->collect_state, memory_order_acquire) != COLLECT_IDLE) return RS_ERR_STATE;
    engine->collection = (rs_collection_t){.batch = batch};
    atomic_store_explicit(&engine->collect_state, COLLECT_ASKED, memory_order_release);
    rs_sleeper_wake(engine->sleeper);
    return RS_OK;
}

bool rs_engine_collected(rs_engine_t *engine, rs_collection_t *collection) {
    if (atomic_load_explicit(&engine->collect_state, memory_order_acquire) != COLLECT_DONE) return false;
    *collection = engine->collection;
    atomic_store_explicit(&engine->collect_state, COLLECT_IDLE, memory_order_relaxed);
    return true;
}

const rs_accounting_t *rs_engine_collected_source(const rs_engine_t *engine, uint32_t source) { return &engine->sources[source]; }

const rs_window_store_t *rs_engine_windows(const rs_engine_t *engine) { return rs_core_windows(engine->core); }
void rs_engine_key(const rs_engine_t *engine, uint32_t key, rs_key_t *dimensions) { rs_core_key(engine->core, key, dimensions); }
int64_t rs_engine_now(const rs_engine_t *engine) { return atomic_load_explicit(&engine->now_us, memory_order_relaxed); }
int64_t rs_engine_watermark(const rs_engine_t *engine) { return atomic_load_explicit(&engine->watermark_us, memory_order_relaxed); }
uint32_t rs_engine_policy_count(const rs_engine_t *engine) { return rs_core_policy_count(engine->core); }
const rs_policy_t *rs_engine_policy(const rs_engine_t *engine, uint32_t slot) { return rs_core_policy(engine->core, slot); }
uint64_t rs_engine_inlet_used(const rs_engine_t *engine) { return rs_ring_written(engine->inlet) - rs_ring_consumed(engine->inlet); }
