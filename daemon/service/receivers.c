#include "service/service.h"

#include "base/log.h"

#include <sodium.h>

static int on_confirmed(void *context, const rs_confirmed_t *confirmed) {
    const rs_service_t *service = context;
    return service->phase < PHASE_CLOSING ? rs_engine_submit_confirmed(service->engine, confirmed) : RS_ERR_CLOSED;
}

void rs_service_move_receivers(rs_service_t *service) {
    rs_receivers_set_durable(service->receivers, rs_journal_durable(service->journal.journal));
}

/* The core's thread does not run yet. */
int rs_service_start_receivers(rs_service_t *service) {
    rs_receivers_options_t options = {
        .loop = &service->loop, .config = rs_service_config(service), .context = service, .confirmed = on_confirmed};
    char why[512] = "";
    randombytes_buf(&options.seed, sizeof options.seed);
    int status = rs_receivers_create(&options, &service->receivers, why, sizeof why);
    if (status != RS_OK) return rs_service_fail("make the receivers of alerts", "receivers", why[0] != 0 ? why : rs_status_text(status));
    status = rs_receivers_resume(service->receivers, rs_engine_core(service->engine));
    return status == RS_OK ? RS_OK : rs_service_fail("tell the receivers of alerts what is open", "receivers", rs_status_text(status));
}

void rs_service_configure_receivers(rs_service_t *service, const rs_config_t *config) {
    char why[512] = "";
    if (rs_receivers_configure(service->receivers, config, why, sizeof why) == RS_OK) return;
    RS_LOG_WITH(RS_LOG_ERROR, "the receivers of alerts stay as they were", RS_LOG_TEXT("why", why));
}
