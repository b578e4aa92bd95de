#include "service/service.h"

#include "base/log.h"
#include "core/hash.h"

#include <sodium.h>

static uint64_t number_of(rs_str_t receiver) {
    const uint64_t number = rs_hash128(receiver.data, receiver.len, 0).low;
    return number != RS_RECEIVER_STORE ? number : 1;
}

/* The newest of each receiver is what counts. */
static void remember(rs_service_t *service, uint64_t receiver, rs_effect_id_t id) {
    for (uint32_t i = 0; i < service->told_count; i++) {
        if (service->told[i].receiver != receiver) continue;
        service->told[i].id = id;
        return;
    }
    if (service->told_count < RS_SERVICE_RECEIVERS) service->told[service->told_count++] = (rs_receipt_t){.receiver = receiver, .id = id};
}

static void on_confirmed(void *context, rs_str_t receiver, rs_effect_id_t id) { remember(context, number_of(receiver), id); }

static void say_what_was_told(rs_service_t *service) {
    while (service->told_count != 0) {
        const rs_receipt_t *told = &service->told[service->told_count - 1];
        const rs_confirmed_t confirmed = {.receiver = told->receiver, .alert_position = told->id.position, .alert_ordinal = told->id.ordinal};
        if (rs_engine_submit_confirmed(service->engine, &confirmed) != RS_OK) return;
        service->told_count--;
    }
}

void rs_service_move_receivers(rs_service_t *service) {
    rs_receivers_set_durable(service->receivers, rs_journal_durable(service->journal.journal));
    if (service->phase < PHASE_CLOSING) say_what_was_told(service);
}

/* --- after a start --------------------------------------------------------------------------------------------------------- */
typedef struct rs_telling { rs_service_t *service; uint32_t ordinal; } rs_telling_t;

/* Before all that was told since: whoever was told of anything was told of these, or is told below. */
static void tell_open(void *context, const rs_alert_transition_t *transition) {
    rs_telling_t *telling = context;
    rs_receivers_on_transition(telling->service->receivers, transition, (rs_effect_id_t){.position = 1, .ordinal = ++telling->ordinal});
}

static void tell_again(void *context, const rs_alert_transition_t *transition) {
    const rs_telling_t *telling = context;
    rs_receivers_on_transition(telling->service->receivers, transition,
                               (rs_effect_id_t){.position = transition->position, .ordinal = transition->ordinal});
}

/* One that the core never heard of has everything up to now, so that what follows is kept for it. The one that has least is asked about. */
static void go_on(rs_service_t *service) {
    const rs_core_t *core = rs_engine_core(service->engine);
    const uint32_t count = rs_receivers_count(service->receivers);
    uint64_t least = UINT64_MAX, behind = 0;
    for (uint32_t i = 0; i < count; i++) {
        rs_receiver_stats_t stats;
        rs_effect_id_t id = {.position = 0};
        rs_receivers_stats(service->receivers, i, &stats);
        const uint64_t receiver = number_of(stats.name);
        if (!rs_core_receiver(core, receiver, &id.position, &id.ordinal)) {
            remember(service, receiver, (rs_effect_id_t){.position = rs_service_number(service->engine)});
            continue;
        }
        rs_receivers_assume(service->receivers, stats.name, id);
        if (id.position >= least) continue;
        least = id.position;
        behind = receiver;
    }
    rs_telling_t telling = {.service = service};
    rs_core_open_alerts(core, tell_open, &telling);
    if (least != UINT64_MAX) rs_core_unconfirmed_alerts(core, behind, tell_again, &telling);
}

int rs_service_start_receivers(rs_service_t *service) {
    rs_receivers_options_t options = {
        .loop = &service->loop, .config = rs_service_config(service), .context = service, .confirmed = on_confirmed};
    char why[512] = "";
    randombytes_buf(&options.seed, sizeof options.seed);
    const int status = rs_receivers_create(&options, &service->receivers, why, sizeof why);
    if (status != RS_OK) return rs_service_fail("make the receivers of alerts", why, rs_status_text(status));
    go_on(service);
    return RS_OK;
}

void rs_service_configure_receivers(rs_service_t *service, const rs_config_t *config) {
    char why[512] = "";
    if (rs_receivers_configure(service->receivers, config, why, sizeof why) == RS_OK) return;
    RS_LOG_WITH(RS_LOG_ERROR, "the receivers of alerts stay as they were", RS_LOG_TEXT("why", why));
}
