#include "service/service.h"

#include "base/log.h"
#include "core/alert/pack.h"

#include <stdlib.h>

enum { HELD_BYTES = 8 << 20 };   /* most that waits; about 16,000 transitions, as many as the store takes */

/* --- what waits for the disk ------------------------------------------------------------------------------------------ */
typedef enum rs_held_kind { HELD_TRANSITION = 1, HELD_REFUSAL } rs_held_kind_t;
typedef struct rs_held_head { uint64_t gate, number; uint32_t kind, len; } rs_held_head_t;
typedef struct rs_held_refusal {
    char source[RS_MAX_NAME];
    uint32_t source_len;
    rs_refused_t refused;
    uint64_t hash;
    int64_t at_us;
} rs_held_refusal_t;

static bool make_room(rs_held_t *held, size_t len) {
    const size_t live = held->end - held->begin;
    if (held->end + len <= held->room) return true;
    if (live + len > HELD_BYTES) return false;
    if (live != 0 && held->begin != 0) memmove(held->bytes, held->bytes + held->begin, live);
    held->begin = 0;
    held->end = live;
    if (live + len <= held->room) return true;
    const size_t room = (live + len) * 2 < HELD_BYTES ? (live + len) * 2 : (size_t)HELD_BYTES;
    unsigned char *larger = realloc(held->bytes, room);
    if (larger == NULL) return false;
    held->bytes = larger;
    held->room = room;
    return true;
}

/* Entries begin at multiples of 8. */
static bool add(rs_held_t *held, rs_held_head_t head, const void *bytes) {
    const uint32_t len = head.len;
    head.len = (len + 7) / 8 * 8;
    if (!make_room(held, sizeof head + head.len)) return false;
    memcpy(held->bytes + held->end, &head, sizeof head);
    memcpy(held->bytes + held->end + sizeof head, bytes, len);
    held->end += sizeof head + head.len;
    return true;
}

static bool add_transition(rs_held_t *held, uint64_t gate, const rs_alert_transition_t *transition) {
    unsigned char packed[RS_ALERT_PACKED_MAX];
    const uint32_t len = (uint32_t)rs_alert_pack(transition, packed);
    return add(held, (rs_held_head_t){.gate = gate, .number = transition->position, .kind = HELD_TRANSITION, .len = len}, packed);
}

static bool add_refusal(rs_held_t *held, uint64_t gate, uint64_t number, rs_str_t source, const rs_refused_t *refused, uint64_t hash,
                        int64_t at_us) {
    rs_held_refusal_t refusal = {.refused = *refused, .hash = hash, .at_us = at_us};
    refusal.source_len = source.len < RS_MAX_NAME ? source.len : RS_MAX_NAME;
    if (refusal.source_len != 0) memcpy(refusal.source, source.data, refusal.source_len);
    return add(held, (rs_held_head_t){.gate = gate, .number = number, .kind = HELD_REFUSAL, .len = sizeof refusal}, &refusal);
}

/* One that cannot be read is left out. */
bool rs_held_add_refusal_record(rs_held_t *held, uint64_t gate, const rs_journal_record_t *record) {
    rs_str_t source;
    rs_refused_t refused;
    uint64_t hash;
    int64_t arrival_us;
    rs_origin_t origin;
    if (rs_record_read_refusal(record->bytes, record->len, &source, &refused, &hash, &arrival_us, &origin) != RS_OK) return true;
    return add_refusal(held, gate, record->number, source, &refused, hash, arrival_us);
}

static void note_held(rs_service_t *service, bool is_held, uint64_t number) {
    if (is_held) return;
    service->held.dropped++;
    RS_LOG_WITH(RS_LOG_WARNING, "too much waits for the disk: an entry of the database is left out for now",
                RS_LOG_UINT("dropped", service->held.dropped));
    if (service->store != NULL) rs_store_owe(service->store, number);
}

static void hold_transition(rs_service_t *service, uint64_t gate, const rs_alert_transition_t *transition) {
    if (rs_service_config(service)->database.len == 0) return;
    note_held(service, add_transition(&service->held, gate, transition), transition->position);
}

void rs_service_hold_refusal(rs_service_t *service, uint64_t gate, uint64_t number, rs_str_t source,
                             const rs_refused_t *refused, uint64_t hash, int64_t at_us) {
    if (rs_service_config(service)->database.len == 0) return;
    note_held(service, add_refusal(&service->held, gate, number, source, refused, hash, at_us), number);
}

static void give_transition(rs_service_t *service, const unsigned char *packed) {
    rs_alert_transition_t transition;
    rs_alert_unpack(packed, &transition);
    if (rs_store_add_transition(service->store, &transition, transition.position, transition.ordinal) != RS_OK) {
        RS_LOG(RS_LOG_WARNING, "an alert transition was not queued for the database");
    }
    service->alert_position = transition.position;
    service->alert_ordinal = transition.ordinal;
}

static void give_refusal(rs_service_t *service, uint64_t number, const unsigned char *bytes) {
    rs_held_refusal_t refusal;
    memcpy(&refusal, bytes, sizeof refusal);
    const rs_str_t source = {.data = refusal.source, .len = refusal.source_len};
    if (rs_store_add_refusal(service->store, source, refusal.refused.has_seq, refusal.refused.seq, &refusal.refused,
                             refusal.hash, refusal.at_us, number, 0) != RS_OK) {
        RS_LOG(RS_LOG_DEBUG, "a refusal did not reach the quarantine");
    }
}

static void give_held(rs_service_t *service, uint64_t durable) {
    rs_held_t *held = &service->held;
    rs_held_head_t head;
    while (held->begin < held->end) {
        memcpy(&head, held->bytes + held->begin, sizeof head);
        if (!rs_gate_may_leave(head.gate, durable)) return;
        const unsigned char *bytes = held->bytes + held->begin + sizeof head;
        if (head.kind == HELD_TRANSITION) give_transition(service, bytes);
        else give_refusal(service, head.number, bytes);
        held->begin += sizeof head + head.len;
    }
    held->begin = held->end = 0;
}

void rs_service_forget_stored(rs_service_t *service, uint64_t position) {
    rs_held_t *held = &service->held;
    rs_held_head_t head;
    while (held->begin < held->end) {
        memcpy(&head, held->bytes + held->begin, sizeof head);
        if (head.number > position) return;
        held->begin += sizeof head + head.len;
    }
}

/* --- from the core ---------------------------------------------------------------------------------------------------- */
static uint64_t written(const rs_service_t *service) { return rs_ring_written(rs_engine_inlet(service->engine)); }

void rs_service_on_verdict(void *context, rs_origin_t origin, rs_refusal_t reason) {
    rs_service_t *service = context;
    if (service->ingest != NULL) rs_ingest_on_verdict(service->ingest, origin, reason);
}

void rs_service_on_alert(void *context, const rs_alert_transition_t *transition) {
    rs_service_t *service = context;
    rs_service_note_silence(service, transition);
    if (service->feed != NULL) rs_feed_on_transition(service->feed, transition);
    rs_receivers_on_transition(service->receivers, transition);
    hold_transition(service, written(service), transition);
    rs_keeper_wake(service->journal.keeper);
}

/* Of before the start: it is on disk. */
void rs_service_on_alert_again(void *context, const rs_alert_transition_t *transition) { hold_transition(context, 0, transition); }

void rs_service_own_alert(rs_service_t *service, bool is_bad, int error) {
    rs_service_journal_t *journal = &service->journal;
    char text[128];
    const int64_t now_us = rs_service_wall_us();
    if (is_bad) {
        journal->episodes++;
        journal->fired_us = now_us;
    }
    snprintf(text, sizeof text, "events cannot be written to disk: %s", error == 0 ? "no room in journal.max_bytes" : strerror(error));
    const rs_alert_transition_t transition = {
        .episode = UINT64_C(1) << 63 | service->run << 16 | (journal->episodes & 0xffff), .rule = UINT32_MAX, .key = RS_FEED_OWN_KEY,
        .rule_name = RS_STR("ringside.journal"), .metric = RS_STR("journal_failing"), .runbook = rs_str(text),
        .dimensions = {.family = RS_FAMILY_TOTAL, .tenant = RS_STR("ringside")}, .severity = RS_SEVERITY_CRITICAL,
        .compare = RS_ALERT_ABOVE,
        .from = is_bad ? RS_ALERT_OK : RS_ALERT_FIRING, .to = is_bad ? RS_ALERT_FIRING : RS_ALERT_RESOLVED, .at_us = now_us,
        .started_us = journal->fired_us, .fired_us = journal->fired_us, .limit = 0, .clear = 0};
    if (service->feed != NULL) rs_feed_on_transition(service->feed, &transition);
}

/* --- rows: asked for, collected, on disk, with the store, confirmed ---------------------------------------------------- */
/* The core is told what the database has. While the inlet is full it is not, and no more rows are asked for. */
static bool say_what_is_in(rs_service_t *service) {
    if (service->unsaid && rs_engine_submit_confirmed(service->engine, &service->in_batch) == RS_OK) service->unsaid = false;
    return !service->unsaid;
}

static void ask_for_rows(rs_service_t *service) {
    if (!say_what_is_in(service)) return;
    if (!service->rows_wanted || service->collecting || service->collected || service->batch_with_store) return;
    if (rs_engine_collect(service->engine, service->batch) != RS_OK) return;
    service->rows_wanted = false;
    service->collecting = true;
}

/* What the core handed out rests on records that may not be on disk yet: all that are in the inlet now must be. The transitions of those
 * records are held before the rows are, so that they go first. */
static void take_collection(rs_service_t *service) {
    if (!service->collecting || !rs_engine_collected(service->engine, &service->collection)) return;
    service->collecting = false;
    rs_service_note_core(service, &service->collection);
    rs_service_log_troubles(service, &service->collection);
    rs_service_log_gaps(service, &service->collection);
    if (service->store == NULL || service->collection.batch == NULL) return;
    rs_service_want_history(service, &service->collection);
    service->settled = rs_engine_drain(service->engine);
    service->collected = true;
    service->collection_gate = written(service);
    if (rs_service_durable(service) < service->collection_gate) rs_keeper_wake(service->journal.keeper);
}

static void give_collection(rs_service_t *service) {
    const rs_collection_t *collection = &service->collection;
    for (uint32_t i = 0; i < collection->source_count; i++) {
        const rs_accounting_t *source = rs_engine_collected_source(service->engine, i);
        if (source->received != 0 && rs_store_add_accounting(service->store, source) != RS_OK) {
            RS_LOG(RS_LOG_DEBUG, "a source's accounting was not queued for the database");
        }
    }
    service->collected = false;
    service->batch_with_store = true;
    service->in_batch = collection->confirmed;
    service->in_batch.position = collection->newest;   /* what may leave memory then; the mark goes no further than collection->position */
    if (rs_store_rows_ready(service->store, collection->batch, collection->position, collection->newest,
                            collection->watermark_us) != RS_OK) {
        service->batch_with_store = false;
    }
}

/* Without a database nobody asks for rows; what metrics and the log tell comes with them. */
void rs_service_look_for_troubles(rs_service_t *service) {
    rs_store_status_t status = {0};
    if (service->store != NULL) rs_store_status(service->store, &status);
    if (status.connected || service->collecting || service->collected) return;
    if (rs_engine_collect(service->engine, NULL) == RS_OK) service->collecting = true;
}

void rs_service_move_effects(rs_service_t *service) {
    take_collection(service);
    if (service->store != NULL) {
        const uint64_t durable = rs_service_durable(service);
        give_held(service, durable);
        if (service->collected && rs_gate_may_leave(service->collection_gate, durable)) give_collection(service);
    }
    ask_for_rows(service);
    rs_service_move_rebuild(service);
    rs_service_move_warm(service);
    rs_service_move_receivers(service);
}

/* --- the store's questions and answers --------------------------------------------------------------------------------- */
static void request_rows(void *context) {
    rs_service_t *service = context;
    service->rows_wanted = true;
    ask_for_rows(service);
}

/* Transitions go out in the order in which they were added: with nothing left in the store's queues the last one is in, too. */
static void note_what_is_in(rs_service_t *service, const rs_row_batch_t *batch) {
    rs_store_status_t status;
    rs_confirmed_t *confirmed = &service->in_batch;
    rs_store_status(service->store, &status);
    const bool news = service->alert_position != service->told_position || service->alert_ordinal != service->told_ordinal;
    if (status.backlog == 0 && news) {
        confirmed->alert_position = service->told_position = service->alert_position;
        confirmed->alert_ordinal = service->told_ordinal = service->alert_ordinal;
        service->unsaid = true;
    }
    if (!rs_row_batch_is_empty(batch)) service->unsaid = true;
}

static void rows_done(void *context, rs_row_batch_t *batch, bool stored) {
    rs_service_t *service = context;
    service->batch_with_store = false;
    if (!stored && !rs_row_batch_is_empty(batch)) {
        RS_LOG_WITH(RS_LOG_NOTICE, "rows did not reach the database; they are written after the next start",
                    RS_LOG_UINT("rows", rs_row_batch_count(batch)), RS_LOG_UINT("edges", rs_row_batch_edge_count(batch)),
                    RS_LOG_UINT("contacts", rs_row_batch_contact_count(batch)));
    }
    if (stored) note_what_is_in(service, batch);
    ask_for_rows(service);
}

static void log_store(void *context, rs_store_log_level_t level, const char *text) {
    static const char prefix[] = "database: ";
    (void)context;
    if (strncmp(text, prefix, sizeof prefix - 1) == 0) text += sizeof prefix - 1;
    if (level == RS_STORE_ERROR) RS_LOG_WITH(RS_LOG_ERROR, "database", RS_LOG_TEXT("message", text));
    else if (level == RS_STORE_WARNING) RS_LOG_WITH(RS_LOG_WARNING, "database", RS_LOG_TEXT("message", text));
    else RS_LOG_WITH(RS_LOG_NOTICE, "database", RS_LOG_TEXT("message", text));
}

/* --- starting ------------------------------------------------------------------------------------------------------------ */
static void key_of(void *context, uint32_t key, rs_key_t *dimensions) {
    const rs_service_t *service = context;
    rs_engine_key(service->engine, key, dimensions);
}

static int64_t core_now(void *context) {
    const rs_service_t *service = context;
    return rs_engine_now(service->engine);
}

/* Late joiners ask the feed what is open; it learns that from its transitions, of which those before the start are no more. */
static void tell_open(void *context, const rs_alert_transition_t *transition) {
    rs_service_t *service = context;
    rs_feed_on_transition(service->feed, transition);
}

/* The core counts each policy in a slot, which a reload of before may have changed. */
int rs_service_start_feed(rs_service_t *service) {
    const rs_config_t *config = rs_service_config(service);
    if (config->feed_endpoint.len == 0) return RS_OK;
    char why[256] = "";
    rs_policy_t policies[RS_MAX_POLICIES] = {0};
    const uint32_t count = rs_engine_policy_count(service->engine);
    for (uint32_t slot = 0; slot < count; slot++) {
        const rs_policy_t *policy = rs_engine_policy(service->engine, slot);
        if (policy != NULL) policies[slot] = *policy;
    }
    const rs_feed_options_t options = {
        .loop = &service->loop, .zmq_context = service->zmq, .config = config, .run = service->run,
        .windows = rs_engine_windows(service->engine), .policies = policies, .policy_count = count, .context = service, .key = key_of,
        .now_us = core_now};
    const int status = rs_feed_create(&options, &service->feed, why, sizeof why);
    if (status != RS_OK) return rs_service_fail("open the feed", "feed", why[0] != 0 ? why : rs_status_text(status));
    rs_core_present_alerts(rs_engine_core(service->engine), tell_open, service);
    return RS_OK;
}

int rs_service_start_store(rs_service_t *service) {
    const rs_config_t *config = rs_service_config(service);
    if (config->database.len == 0) {
        RS_LOG(RS_LOG_NOTICE, "no database is configured: nothing is stored");
        return RS_OK;
    }
    rs_store_settings_t settings;
    rs_store_settings_from_config(config, &settings);
    settings.run = rs_core_run(rs_engine_core(service->engine));
    settings.confirmed = rs_core_confirmed_position(rs_engine_core(service->engine));
    settings.owed = rs_core_let_go_position(rs_engine_core(service->engine));
    rs_service_forget_stored(service, settings.confirmed);
    const rs_store_callbacks_t callbacks = {.context = service, .request_rows = request_rows, .rows_done = rows_done,
                                            .rewound = rs_service_on_rewound, .rebuilt_done = rs_service_on_rebuilt, .log = log_store};
    char why[256] = "";
    const uint32_t rows = config->batch_rows < RS_ATTRIBUTION_COUNT ? (uint32_t)RS_ATTRIBUTION_COUNT : config->batch_rows;
    if (rs_row_batch_create(rows, 0, &service->batch) != RS_OK ||
        rs_row_batch_make_room_for_edges(service->batch, config->limits.edges == 0 ? 0 : config->batch_rows) != RS_OK ||
        rs_row_batch_make_room_for_contacts(service->batch, config->limits.facts == 0 ? 0 : config->batch_rows) != RS_OK) {
        return rs_service_fail("start the store", "rows", "out of memory");
    }
    const int status = rs_store_create(&service->loop, &settings, &callbacks, why, sizeof why, &service->store);
    return status == RS_OK ? RS_OK : rs_service_fail("start the store", "store.database", why[0] != 0 ? why : rs_status_text(status));
}
