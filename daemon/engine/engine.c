#include "engine/engine_internal.h"

#include "base/planted.h"

#include <time.h>

enum {
    BATCH_RECORDS = 256,          /* applied before `settled` is published and the loop is woken */
    SLEEP_US = 100 * 1000,        /* a sleeping core looks again after this, whatever happens */
    OUTLET_WAIT_NS = 50 * 1000
};

typedef enum rs_collect_state { COLLECT_IDLE = 0, COLLECT_ASKED, COLLECT_DONE } rs_collect_state_t;

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

void rs__send_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason) {
    rs_engine_t *engine = context;
    (void)event;
    if (!engine->telling) return;
    const rs_outlet_verdict_t verdict = {.origin = origin, .reason = reason};
    memcpy(claim_outlet(engine, sizeof verdict), &verdict, sizeof verdict);
    rs_ring_commit(engine->outlet, sizeof verdict, RS_OUTLET_VERDICT);
}

void rs__send_alert(void *context, const rs_alert_transition_t *transition) {
    rs_engine_t *engine = context;
    if (engine->recovered_alert != NULL) engine->recovered_alert(engine->recovered_context, transition);
    if (!engine->telling) return;
    void *bytes = claim_outlet(engine, RS_ALERT_PACKED_MAX);
    rs_ring_commit(engine->outlet, rs_alert_pack(transition, bytes), RS_OUTLET_ALERT);
}

void rs__send_answer(void *context, rs_origin_t origin, int status, uint64_t number) {
    rs_engine_t *engine = context;
    if (!engine->telling) return;
    const rs_outlet_answer_t answer = {.origin = origin, .status = status, .number = number};
    memcpy(claim_outlet(engine, sizeof answer), &answer, sizeof answer);
    rs_ring_commit(engine->outlet, sizeof answer, RS_OUTLET_ANSWER);
}

void rs__send_let_go(void *context, uint64_t position) {
    rs_engine_t *engine = context;
    if (engine->recovered_let_go != NULL) engine->recovered_let_go(engine->recovered_context, position);
    if (!engine->telling || RS_PLANTED(LET_GO_UNTOLD)) return;
    memcpy(claim_outlet(engine, sizeof position), &position, sizeof position);
    rs_ring_commit(engine->outlet, sizeof position, RS_OUTLET_LET_GO);
}

static void apply_record(rs_engine_t *engine, const rs_ring_record_t *record) {
    if (++engine->taken <= engine->skip) return;
    /* The loop wrote the record itself from a checked event: anything else is a broken invariant. */
    RS_REQUIRE(rs_core_apply(engine->core, record->kind, record->bytes, record->len, engine->taken) == RS_OK);
    if (record->kind != RS_RECORD_CONFIG) return;
    const int status = rs_core_configure(engine->core, engine->in_ring);
    if (status == RS_OK) engine->newest = engine->in_ring;
    atomic_store_explicit(&engine->config_status, status, memory_order_release);
}

static bool apply_batch(rs_engine_t *engine) {
    rs_ring_record_t records[BATCH_RECORDS];
    uint32_t count = 0;
    while (count < BATCH_RECORDS && rs_ring_peek(engine->inlet, &records[count])) count++;
    if (count == 0) return false;
    for (uint32_t i = 0; i < count + RS_CORE_AHEAD; i++) {
        if (i < count) rs_core_announce_record(engine->core, records[i].kind, records[i].bytes, records[i].len);
        if (i >= RS_CORE_AHEAD) apply_record(engine, &records[i - RS_CORE_AHEAD]);
    }
    const uint64_t position = records[count - 1].position;
    atomic_store_explicit(&engine->now_us, rs_core_now(engine->core), memory_order_relaxed);
    atomic_store_explicit(&engine->watermark_us, rs_core_watermark(engine->core), memory_order_relaxed);
    atomic_store_explicit(&engine->number, engine->taken, memory_order_release);
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

static void add_contact(void *context, const rs_contact_row_t *contact) {
    RS_REQUIRE(rs_row_batch_add_contact(context, contact) == RS_OK);
}

void rs__fill_batch(rs_core_t *core, rs_row_batch_t *batch) {
    rs_row_batch_clear(batch);
    for (uint32_t slot = 0; slot < RS_MAX_POLICIES; slot++) {
        const rs_policy_t *policy = rs_core_policy(core, slot);
        if (policy != NULL) rs_row_batch_set_policy(batch, slot, policy);
    }
    (void)rs_core_collect(core, rs_row_batch_max_rows(batch), add_row, batch);
    (void)rs_core_process_collect(core, rs_row_batch_max_edges(batch), add_edge, batch);
    (void)rs_core_facts_collect(core, rs_row_batch_max_contacts(batch), add_contact, batch);
}

/* All is handed out up to the present only when nothing is left, and nothing that was in hand before may have changed since. */
static void collect_rows(rs_engine_t *engine, rs_collection_t *collection) {
    rs_confirmed_t before;
    rs_core_collected(engine->core, &before);
    if (collection->batch != NULL) rs__fill_batch(engine->core, collection->batch);
    collection->dirty = rs_core_dirty_rows(engine->core) + rs_core_process_dirty(engine->core) + rs_core_facts_dirty(engine->core);
    const bool complete = collection->dirty == 0 && before.rows.through == 0 && before.edges.through == 0 &&
                          before.facts.through == 0;
    if (complete) engine->complete = rs_core_position(engine->core);
    collection->position = engine->complete;
    collection->newest = rs_core_position(engine->core);
    collection->rows_permille = rs_core_rows_permille(engine->core);
    rs_core_collected(engine->core, &collection->confirmed);
    collection->confirmed.position = engine->complete;
}

static bool answer_collection(rs_engine_t *engine) {
    if (atomic_load_explicit(&engine->collect_state, memory_order_acquire) != COLLECT_ASKED) return false;
    if (engine->taken < engine->collect_after) return false;
    rs_collection_t *collection = &engine->collection;
    rs_core_t *core = engine->core;
    collect_rows(engine, collection);
    collection->watermark_us = rs_core_watermark(core);
    collection->losses = rs_core_losses(core);
    collection->odd = rs_agents_odd(rs_core_agents(core));
    collection->core_bytes = rs_core_bytes(core);
    collection->unwarmed_count = rs_core_unwarmed(core, collection->unwarmed, RS_COLLECTED_UNWARMED);
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

void *rs__run_core(void *context) {
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

/* --- the loop's side ------------------------------------------------------------------------------------------------ */
uint64_t rs__commit(rs_engine_t *engine, size_t len, uint32_t kind) {
    const uint64_t position = rs_ring_commit(engine->inlet, len, kind);
    engine->submitted++;
    rs_sleeper_wake(engine->sleeper);
    return position;
}

int rs_engine_submit_event(rs_engine_t *engine, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin, uint64_t *position) {
    void *bytes;
    const int status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
    if (status == RS_OK) *position = rs__commit(engine, rs_record_write_event(event, arrival_us, origin, bytes), RS_RECORD_EVENT);
    return status;
}

int rs_engine_submit_refusal(rs_engine_t *engine, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us,
                             rs_origin_t origin, uint64_t *position) {
    void *bytes;
    const int status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
    if (status != RS_OK) return status;
    *position = rs__commit(engine, rs_record_write_refusal(source, refused, hash, arrival_us, origin, bytes), RS_RECORD_REFUSAL);
    return RS_OK;
}

int rs_engine_submit_tick(rs_engine_t *engine, int64_t now_us) {
    void *bytes;
    const int status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
    if (status == RS_OK) rs__commit(engine, rs_record_write_tick(now_us, bytes), RS_RECORD_TICK);
    return status;
}

int rs_engine_submit_session(rs_engine_t *engine, uint32_t session, rs_str_t source, rs_str_t incarnation) {
    void *bytes;
    const int status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
    if (status == RS_OK) rs__commit(engine, rs_record_write_session(session, source, incarnation, bytes), RS_RECORD_SESSION);
    return status;
}

int rs_engine_submit_confirmed(rs_engine_t *engine, const rs_confirmed_t *confirmed) {
    void *bytes;
    const int status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
    if (status != RS_OK) return status;
    rs__commit(engine, rs_record_write_confirmed(confirmed, bytes), RS_RECORD_CONFIRMED);
    engine->confirmed = engine->submitted;
    return RS_OK;
}

int rs_engine_submit_command(rs_engine_t *engine, const rs_command_t *command, rs_origin_t origin, uint64_t *position) {
    void *bytes;
    const int status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
    if (status == RS_OK) *position = rs__commit(engine, rs_record_write_command(command, origin, bytes), RS_RECORD_COMMAND);
    return status;
}

int rs_engine_submit_warm(rs_engine_t *engine, const rs_warm_t *warm) {
    void *bytes;
    const int status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
    if (status == RS_OK) rs__commit(engine, rs_record_write_warm(warm, bytes), RS_RECORD_WARM);
    return status;
}

/* Parts that came without their configuration are void: the next text begins anew. */
int rs_engine_submit_config(rs_engine_t *engine, const rs_config_t *config) {
    void *bytes;
    if (rs_engine_config_status(engine) == RS_ERR_AGAIN) return RS_ERR_FULL;   /* one is under way */
    int status = rs__text_submit(engine, config);
    if (status == RS_OK) status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
    if (status != RS_OK) return status;
    const rs_record_text_t text = rs__text_of(config);
    engine->in_ring = config;
    atomic_store_explicit(&engine->config_status, RS_ERR_AGAIN, memory_order_relaxed);
    rs__commit(engine, rs_record_write_config(&text, RS_CONFIG_RELOAD, bytes), RS_RECORD_CONFIG);
    return RS_OK;
}

int rs_engine_config_status(const rs_engine_t *engine) { return atomic_load_explicit(&engine->config_status, memory_order_acquire); }

static void tell_again(rs_engine_t *engine) {
    for (size_t at = 0; at < engine->again.len;) {
        rs_alert_transition_t transition;
        uint32_t len;
        memcpy(&len, engine->again.bytes + at, sizeof len);
        rs_alert_unpack(engine->again.bytes + at + sizeof len, &transition);
        if (engine->callbacks.on_alert_again != NULL) engine->callbacks.on_alert_again(engine->callbacks.context, &transition);
        at += sizeof len + len;
    }
    rs__bytes_free(&engine->again);
}

uint64_t rs_engine_drain(rs_engine_t *engine) {
    tell_again(engine);
    /* Acquire, before the outlet is looked at: whatever the records up to here said is in it. */
    const uint64_t settled = atomic_load_explicit(&engine->settled, memory_order_acquire);
    rs_ring_record_t record;
    while (rs_ring_peek(engine->outlet, &record)) {
        if (record.kind == RS_OUTLET_VERDICT) {
            rs_outlet_verdict_t verdict;
            memcpy(&verdict, record.bytes, sizeof verdict);
            engine->callbacks.on_verdict(engine->callbacks.context, verdict.origin, (rs_refusal_t)verdict.reason);
        } else if (record.kind == RS_OUTLET_ANSWER) {
            rs_outlet_answer_t answer;
            memcpy(&answer, record.bytes, sizeof answer);
            if (engine->callbacks.on_answer != NULL)
                engine->callbacks.on_answer(engine->callbacks.context, answer.origin, answer.status, answer.number);
        } else if (record.kind == RS_OUTLET_LET_GO) {
            uint64_t position;
            memcpy(&position, record.bytes, sizeof position);
            if (engine->callbacks.on_let_go != NULL) engine->callbacks.on_let_go(engine->callbacks.context, position);
        } else {
            rs_alert_transition_t transition;
            rs_alert_unpack(record.bytes, &transition);
            engine->callbacks.on_alert(engine->callbacks.context, &transition);
        }
        rs_ring_release(engine->outlet, record.position);
    }
    return settled;
}

int rs_engine_collect(rs_engine_t *engine, rs_row_batch_t *batch) {
    if (atomic_load_explicit(&engine->collect_state, memory_order_acquire) != COLLECT_IDLE) return RS_ERR_STATE;
    engine->collection = (rs_collection_t){.batch = batch};
    engine->collect_after = engine->confirmed;
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
uint64_t rs_engine_submitted(const rs_engine_t *engine) { return engine->submitted; }
uint64_t rs_engine_number(const rs_engine_t *engine) { return atomic_load_explicit(&engine->number, memory_order_acquire); }
int64_t rs_engine_now(const rs_engine_t *engine) { return atomic_load_explicit(&engine->now_us, memory_order_relaxed); }
int64_t rs_engine_watermark(const rs_engine_t *engine) { return atomic_load_explicit(&engine->watermark_us, memory_order_relaxed); }
uint32_t rs_engine_policy_count(const rs_engine_t *engine) { return rs_core_policy_count(engine->core); }
const rs_policy_t *rs_engine_policy(const rs_engine_t *engine, uint32_t slot) { return rs_core_policy(engine->core, slot); }
uint64_t rs_engine_inlet_used(const rs_engine_t *engine) { return rs_ring_written(engine->inlet) - rs_ring_consumed(engine->inlet); }
