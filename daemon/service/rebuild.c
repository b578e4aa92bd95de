/* What the database lacks is made again from the journal; and while it is away, what has no room in memory is left to that. */
#include "service/service.h"

#include "base/log.h"

enum { BACKLOG_MOST = 8192 };

/* --- while the database is away or slow ---------------------------------------------------------------------------------- */
/* It stands in the journal; the core's state and the database's mark say, also after the next start, that it must be made again. */
void rs_service_on_let_go(void *context, uint64_t position) {
    rs_service_t *service = context;
    if (service->store == NULL) return;
    rs_store_owe(service->store, position);
    RS_LOG_WITH(RS_LOG_WARNING,
                "the database is away or slow for so long that finished rows leave memory; they will be made again from the journal",
                RS_LOG_UINT("position", position));
}

/* --- when it is back ----------------------------------------------------------------------------------------------------- */
void rs_service_on_rewound(void *context, uint64_t after, uint64_t upto) {
    rs_service_t *service = context;
    service->rebuild_wanted = true;
    service->rebuild_after = after;
    service->rebuild_upto = upto;
}

static void end(rs_service_t *service) {
    rs_rebuilder_stop(&service->rebuilder);
    service->rebuild_portion = false;
}

void rs_service_on_rebuilt(void *context, rs_row_batch_t *batch, bool stored) {
    rs_service_t *service = context;
    (void)batch;
    (void)stored;   /* not: it is the end, and the mark says where to begin next time */
    service->rebuild_portion = false;
    rs_rebuilder_give_back(service->rebuilder);
}

void rs_service_end_rebuild(rs_service_t *service) {
    service->rebuild_wanted = false;
    end(service);
}

/* The journal must have on disk what is to be read. */
static void begin(rs_service_t *service) {
    const rs_config_t *config = rs_service_config(service);
    rs_keeper_stat_t stat;
    rs_keeper_stat(service->journal.keeper, &stat);
    if (service->rebuild_portion || stat.journal.durable < service->rebuild_upto) return;
    end(service);
    const rs_rebuilder_settings_t settings = {
        .folder = service->journal.folder, .config = config, .max_rows = rs_row_batch_max_rows(service->batch),
        .max_edges = rs_row_batch_max_edges(service->batch),
        .max_contacts = rs_row_batch_max_contacts(service->batch), .context = service, .wake = rs_service_wake};
    const int status = rs_rebuilder_start(&settings, service->rebuild_after, service->rebuild_upto, &service->rebuilder);
    if (status != RS_OK) {
        RS_LOG_WITH(RS_LOG_ERROR, "what the database lacks cannot be made again now; tried again", RS_LOG_STATUS("status", status));
        return;
    }
    service->rebuild_wanted = false;
    RS_LOG_WITH(RS_LOG_NOTICE, "making again what the database lacks", RS_LOG_UINT("after", service->rebuild_after),
                RS_LOG_UINT("upto", service->rebuild_upto));
}

static void add_alert(void *context, const rs_alert_transition_t *transition) {
    const rs_service_t *service = context;
    if (rs_store_add_transition(service->store, transition, transition->position, transition->ordinal) != RS_OK) {
        RS_LOG(RS_LOG_DEBUG, "a transition that was made again was not queued");   /* the store owes it then */
    }
}

static void add_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us, uint64_t number) {
    const rs_service_t *service = context;
    if (rs_store_add_refusal(service->store, source, refused->has_seq, refused->seq, refused, hash, arrival_us, number, 0) != RS_OK) {
        RS_LOG(RS_LOG_DEBUG, "a refusal that was made again was not queued");
    }
}

static void give_portion(rs_service_t *service) {
    rs_store_status_t status;
    rs_row_batch_t *batch;
    rs_store_status(service->store, &status);
    if (service->rebuild_portion || status.backlog > BACKLOG_MOST || !rs_rebuilder_take(service->rebuilder, &batch)) return;
    rs_rebuilder_effects(service->rebuilder, add_alert, add_refusal, service);
    service->rebuild_portion = true;
    if (rs_store_rebuilt_rows(service->store, batch) == RS_OK) return;
    service->rebuild_portion = false;   /* the store has forgotten of it: it asks again, from another place */
    rs_rebuilder_give_back(service->rebuilder);
    end(service);
}

static void finish(rs_service_t *service) {
    rs_rebuilder_result_t result;
    if (service->rebuild_portion || !rs_rebuilder_ended(service->rebuilder, &result)) return;
    end(service);
    if (result.status != RS_OK) {
        RS_LOG_WITH(RS_LOG_ERROR, "what the database lacks could not be made again; it stays without it", RS_LOG_TEXT("why", result.why),
                    RS_LOG_STATUS("status", result.status));
    } else {
        RS_LOG_WITH(result.missing > 0 ? RS_LOG_ERROR : RS_LOG_NOTICE, "made again what the database lacked",
                    RS_LOG_UINT("rows", result.rows),
                    RS_LOG_UINT("effects", result.effects), RS_LOG_UINT("records", result.records), RS_LOG_UINT("from", result.from),
                    RS_LOG_UINT("missing", result.missing));
    }
    if (rs_store_rebuilt(service->store) != RS_OK) RS_LOG(RS_LOG_DEBUG, "the store asks for something else by now");
}

void rs_service_move_rebuild(rs_service_t *service) {
    if (service->store == NULL || service->phase != PHASE_RUNNING) return;
    if (service->rebuild_wanted) begin(service);
    if (service->rebuilder == NULL || service->rebuild_wanted) return;
    give_portion(service);
    if (service->rebuilder != NULL) finish(service);
}
