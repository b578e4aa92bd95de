/* History for rules that learn: with each collection the core says which of them want it, the database is asked for one after another, and
 * what comes goes into the ring, so that it is journaled and a restart knows it, too. Nothing waits for it: without a database nobody asks,
 * a slow one is late, and what the daemon has learned meanwhile stays. */
#include "service/service.h"

#include "base/log.h"

#include <stdlib.h>

#define ASK_AGAIN_US (10 * RS_US_PER_S)

static void copy(char place[RS_MAX_NAME + 1], rs_str_t *text) {
    memcpy(place, text->data, text->len);
    place[text->len] = '\0';
    text->data = place;
}

/* The core's thread may go on to another configuration meanwhile. */
static void keep_question(rs_service_question_t *question, const rs_alert_unwarmed_t *unwarmed) {
    rs_alert_unwarmed_t *kept = &question->unwarmed;
    *kept = *unwarmed;
    rs_str_t *const texts[] = {&kept->rule, &kept->metric, &kept->policy, &kept->dimensions.tenant, &kept->dimensions.name};
    for (size_t i = 0; i < RS_ARRAY_LEN(texts); i++) {
        if (texts[i]->len > 0) copy(question->texts[i], texts[i]);
    }
}

static const rs_alert_unwarmed_t *in_hand(const rs_service_warm_t *warm) { return &warm->questions[warm->question].unwarmed; }

static void answered(void *context, int status, const rs_warm_figure_t *figures, uint32_t count, const char *why) {
    rs_service_t *service = context;
    rs_service_warm_t *warm = &service->warm;
    if (status != RS_OK) {
        warm->state = RS_WARM_IDLE;
        warm->failures++;
        warm->not_before_us = rs_service_monotonic_us() + ASK_AGAIN_US;
        RS_LOG_WITH(RS_LOG_WARNING, "history was not read; it is asked for again", RS_LOG_STR("rule", in_hand(warm)->rule),
                    RS_LOG_TEXT("message", why));
        rs_history_rest(warm->history);
        return;
    }
    warm->state = RS_WARM_TELLING;
    warm->figures = figures;
    warm->count = count;
    warm->told = 0;
    rs_service_move_warm(service);
}

static void ask(rs_service_warm_t *warm) {
    warm->state = RS_WARM_ASKING;
    rs_history_ask(warm->history, in_hand(warm));
}

static void end_question(rs_service_t *service) {
    rs_service_warm_t *warm = &service->warm;
    const rs_alert_unwarmed_t *done = in_hand(warm);
    warm->submitted = rs_engine_submitted(service->engine);
    warm->pairs++;
    warm->all += warm->count;
    RS_LOG_WITH(RS_LOG_INFO, "a rule has learned from history", RS_LOG_STR("rule", done->rule),
                RS_LOG_STR("tenant", done->dimensions.tenant),
                RS_LOG_STR("key", done->dimensions.name), RS_LOG_UINT("figures", warm->count));
    warm->state = RS_WARM_IDLE;
    if (++warm->question < warm->question_count) ask(warm);
}

void rs_service_move_warm(rs_service_t *service) {
    rs_service_warm_t *warm = &service->warm;
    while (warm->state == RS_WARM_TELLING) {
        const rs_alert_unwarmed_t *asked = in_hand(warm);
        rs_warm_t record = {.rule = asked->rule, .metric = asked->metric, .policy = asked->policy, .tenant = asked->dimensions.tenant,
                            .key = asked->dimensions.name, .family = asked->dimensions.family, .channel = asked->dimensions.channel,
                            .every_us = asked->every_us};
        const uint32_t left = warm->count - warm->told;
        record.count = left < RS_WARM_FIGURES ? left : (uint32_t)RS_WARM_FIGURES;
        record.is_last = record.count == left;
        memcpy(record.figures, warm->figures + warm->told, record.count * sizeof record.figures[0]);
        if (rs_engine_submit_warm(service->engine, &record) != RS_OK) return;   /* the inlet is full: after the next drain */
        warm->told += record.count;
        if (record.is_last) end_question(service);
    }
}

void rs_service_want_history(rs_service_t *service, const rs_collection_t *collection) {
    rs_service_warm_t *warm = &service->warm;
    rs_store_status_t status;
    if (warm->history == NULL || warm->state != RS_WARM_IDLE || collection->newest < warm->submitted) return;
    rs_store_status(service->store, &status);
    warm->question = 0;
    warm->question_count = collection->unwarmed_count;
    for (uint32_t i = 0; i < warm->question_count; i++) keep_question(&warm->questions[i], &collection->unwarmed[i]);
    if (warm->question_count > 0 && status.connected && rs_service_monotonic_us() >= warm->not_before_us) ask(warm);
    else rs_history_rest(warm->history);
}

int rs_service_start_warm(rs_service_t *service) {
    const rs_str_t database = rs_service_config(service)->database;
    if (database.len == 0) return RS_OK;
    const int status = rs_history_create(&service->loop, database, answered, service, &service->warm.history);
    return status == RS_OK ? RS_OK : rs_service_fail("read history", "store.database", rs_status_text(status));
}

void rs_service_end_warm(rs_service_t *service) {
    service->warm.state = RS_WARM_IDLE;
    rs_history_close(&service->warm.history);
}
