#include "engine/rebuild.h"

#include "base/planted.h"
#include "engine/engine_internal.h"

static void on_alert(void *context, const rs_alert_transition_t *transition) {
    rs_rebuild_t *rebuild = context;
    if (rebuild->status != RS_OK || transition->position <= rebuild->after) return;
    rebuild->status = rebuild->sink.on_alert(rebuild->sink.context, transition);
}

/* --- all of it, when it is too late for the rest ---------------------------------------------------------------------------- */
static void show(rs_rebuild_t *rebuild) {
    if (rebuild->status != RS_OK || rs_row_batch_is_empty(rebuild->sink.batch)) return;
    rebuild->rows += rs_row_batch_all(rebuild->sink.batch);
    rebuild->status = rebuild->sink.on_rows(rebuild->sink.context);
    rs_row_batch_clear(rebuild->sink.batch);
}

static void add_row(void *context, const rs_row_t *row) {
    rs_rebuild_t *rebuild = context;
    if (rs_row_batch_count(rebuild->sink.batch) == rs_row_batch_max_rows(rebuild->sink.batch)) show(rebuild);
    if (rebuild->status == RS_OK) rebuild->status = rs_row_batch_add(rebuild->sink.batch, row);
}

static void add_edge(void *context, const rs_process_row_t *edge) {
    rs_rebuild_t *rebuild = context;
    if (rs_row_batch_edge_count(rebuild->sink.batch) == rs_row_batch_max_edges(rebuild->sink.batch)) show(rebuild);
    if (rebuild->status == RS_OK) rebuild->status = rs_row_batch_add_edge(rebuild->sink.batch, edge);
}

static void add_contact(void *context, const rs_contact_row_t *contact) {
    rs_rebuild_t *rebuild = context;
    if (rs_row_batch_contact_count(rebuild->sink.batch) == rs_row_batch_max_contacts(rebuild->sink.batch)) show(rebuild);
    if (rebuild->status == RS_OK) rebuild->status = rs_row_batch_add_contact(rebuild->sink.batch, contact);
}

static int hand_out_memory(rs_rebuild_t *rebuild) {
    rs_core_t *core = rebuild->engine->core;
    rs_row_batch_clear(rebuild->sink.batch);
    rs_core_rows(core, add_row, rebuild);
    if (rs_row_batch_max_edges(rebuild->sink.batch) > 0) rs_core_process_rows(core, add_edge, rebuild);
    if (rs_row_batch_max_contacts(rebuild->sink.batch) > 0) rs_core_facts(core, add_contact, rebuild);
    show(rebuild);
    return rebuild->status;
}

/* --- what is let go ------------------------------------------------------------------------------------------------------------ */
/* Everything that is not confirmed, in its order, at least up to these places. */
static int hand_out(rs_rebuild_t *rebuild, uint64_t rows_through, uint64_t edges_through, uint64_t facts_through) {
    rs_core_t *core = rebuild->engine->core;
    rs_row_batch_t *batch = rebuild->sink.batch;
    rs_confirmed_t out = {0};
    int status = RS_OK;
    if (core == NULL) return RS_OK;
    rs_core_collect_again(core);
    while (status == RS_OK && (out.rows.through < rows_through || out.edges.through < edges_through ||
                              out.facts.through < facts_through)) {
        rs__fill_batch(core, batch);
        if (rs_row_batch_is_empty(batch)) break;
        rebuild->rows += rs_row_batch_all(batch);
        status = rebuild->sink.on_rows(rebuild->sink.context);
        rs_core_collected(core, &out);
    }
    rs_core_collect_again(core);
    return status;
}

static int before_confirmation(rs_rebuild_t *rebuild, const void *bytes, size_t len) {
    rs_confirmed_t confirmed;
    if (rs_record_read_confirmed(bytes, len, &confirmed) != RS_OK || confirmed.receiver != RS_RECEIVER_STORE) return RS_OK;
    if (RS_PLANTED(REBUILT_WITHOUT_GONE)) return RS_OK;
    return hand_out(rebuild, confirmed.rows.through, confirmed.edges.through, confirmed.facts.through);
}

static void before_letting_go(void *context, uint64_t position) {
    rs_rebuild_t *rebuild = context;
    if (rebuild->status != RS_OK || position <= rebuild->after || RS_PLANTED(REBUILT_WITHOUT_GONE)) return;
    rebuild->status = hand_out(rebuild, UINT64_MAX, UINT64_MAX, UINT64_MAX);
}

/* --- record by record ---------------------------------------------------------------------------------------------------------- */
void rs_rebuild_begin(rs_rebuild_t *rebuild, rs_engine_t *engine, uint64_t after, uint64_t upto, const rs_rebuild_sink_t *sink) {
    *rebuild = (rs_rebuild_t){.engine = engine, .after = after, .upto = upto, .sink = *sink};
    engine->recovered_alert = on_alert;
    engine->recovered_let_go = before_letting_go;
    engine->recovered_context = rebuild;
}

static int tell_refusal(rs_rebuild_t *rebuild, const void *bytes, size_t len, uint64_t number) {
    rs_str_t source;
    rs_refused_t refused;
    rs_origin_t origin;
    uint64_t hash;
    int64_t arrival_us;
    if (rs_record_read_refusal(bytes, len, &source, &refused, &hash, &arrival_us, &origin) != RS_OK) return RS_OK;   /* the core says so */
    return rebuild->sink.on_refusal(rebuild->sink.context, source, &refused, hash, arrival_us, number);
}

int rs_rebuild_record(rs_rebuild_t *rebuild, uint32_t kind, const void *bytes, size_t len, uint64_t number) {
    const rs_core_t *core = rebuild->engine->core;
    int status = RS_OK;
    if (!rebuild->is_under_way && core != NULL && rs_core_position(core) > rebuild->after) status = hand_out_memory(rebuild);
    rebuild->is_under_way = true;
    if (status != RS_OK) return status;
    if (number > rebuild->after && kind == RS_RECORD_CONFIRMED) status = before_confirmation(rebuild, bytes, len);
    if (number > rebuild->after && kind == RS_RECORD_REFUSAL) status = tell_refusal(rebuild, bytes, len, number);
    if (status == RS_OK) status = rs_engine_recover_record(rebuild->engine, kind, bytes, len, number);
    return status == RS_OK ? rebuild->status : status;
}

int rs_rebuild_end(rs_rebuild_t *rebuild) {
    const int status = hand_out(rebuild, UINT64_MAX, UINT64_MAX, UINT64_MAX);
    rebuild->engine->recovered_alert = NULL;
    rebuild->engine->recovered_let_go = NULL;
    return status;
}
