#include "service/service.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>

/* Stopping: what was taken is settled first, no more is taken. A disk that fails: what could not be acknowledged is not taken either; the
 * producers wait, and after a second they are told (durable.c). */
static bool is_open(const rs_service_t *service) { return service->phase == PHASE_RUNNING && rs_service_can_take(service); }

static int submit_event(void *context, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin, uint64_t *position) {
    rs_service_t *service = context;
    if (!is_open(service)) return RS_ERR_FULL;
    const int status = rs_engine_submit_event(service->engine, event, arrival_us, origin, position);
    if (status != RS_OK) return status;
    service->submitted = *position;
    rs_keeper_wake(service->journal.keeper);
    return RS_OK;
}

static int submit_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us,
                          rs_origin_t origin, uint64_t *position) {
    rs_service_t *service = context;
    if (!is_open(service)) return RS_ERR_FULL;
    const int status = rs_engine_submit_refusal(service->engine, source, refused, hash, arrival_us, origin, position);
    if (status != RS_OK) return status;
    service->submitted = *position;
    rs_keeper_wake(service->journal.keeper);
    rs_service_hold_refusal(service, *position, rs_engine_submitted(service->engine), source, refused, hash, arrival_us);
    return RS_OK;
}

static int submit_session(void *context, uint32_t session, rs_str_t source, rs_str_t incarnation) {
    rs_service_t *service = context;
    return is_open(service) ? rs_engine_submit_session(service->engine, session, source, incarnation) : RS_ERR_FULL;
}

/* --- opening --------------------------------------------------------------------------------------------------------- */
/* The marks of before; the core's thread does not run yet. */
static int restore_sessions(rs_service_t *service) {
    const rs_core_t *core = rs_engine_core(service->engine);
    const uint32_t count = rs_core_session_count(core);
    rs_ingest_session_t *sessions = calloc((size_t)count + 1, sizeof *sessions);
    if (sessions == NULL) return rs_service_fail("restore the sessions", "producers", "out of memory");
    uint32_t used = 0;
    for (uint32_t number = 1; number <= count; number++) {
        rs_core_session_t kept;
        if (!rs_core_session(core, number, &kept)) continue;
        sessions[used++] = (rs_ingest_session_t){
            .session = number, .source = kept.source, .incarnation = kept.incarnation, .last = kept.last, .used = kept.used};
    }
    const int64_t taken = rs_ingest_restore(service->ingest, sessions, used);
    free(sessions);
    if (taken < 0) return rs_service_fail("restore the sessions", "producers", rs_status_text((int)taken));
    if (taken != used) {
        RS_LOG_WITH(RS_LOG_WARNING, "producers' sessions found no place; they begin anew", RS_LOG_INT("sessions", used - taken));
    }
    return RS_OK;
}

static int open_ingest(rs_service_t *service) {
    const rs_ingest_sink_t sink = {
        .context = service, .submit_event = submit_event, .submit_refusal = submit_refusal, .submit_session = submit_session};
    const char *failed = NULL;
    const int status =
        rs_ingest_create(&service->loop, service->zmq, rs_service_config(service), service->key, &sink, NULL, &failed, &service->ingest);
    if (status == RS_OK) return restore_sessions(service);
    return rs_service_fail("open an event socket", failed == NULL ? "" : failed,
                           status == RS_ERR_IO ? strerror(errno) : rs_status_text(status));
}

static int open_asterisk(rs_service_t *service) {
    const rs_config_t *config = rs_service_config(service);
    if (config->asterisk.queue_log.len == 0) return RS_OK;
    const rs_asterisk_sink_t sink = {.context = service, .submit_event = submit_event, .submit_refusal = submit_refusal};
    rs_core_reported_t reported[RS_ASTERISK_KNOWN];
    rs_asterisk_known_t known[RS_ASTERISK_KNOWN];
    const uint32_t count = rs_core_reported(rs_engine_core(service->engine), config->asterisk.source, reported, RS_ASTERISK_KNOWN);
    for (uint32_t i = 0; i < count; i++) known[i] = (rs_asterisk_known_t){.incarnation = reported[i].incarnation, .upto = reported[i].upto};
    const int status = rs_asterisk_follower_open(&service->loop, config, service->key, &sink, known, count, &service->asterisk);
    return status == RS_OK ? RS_OK : rs_service_fail("follow the queue_log", "asterisk", rs_status_text(status));
}

int rs_service_open_doors(rs_service_t *service) {
    int status = open_ingest(service);
    if (status == RS_OK) status = rs_service_open_commands(service);
    return status == RS_OK ? open_asterisk(service) : status;
}
