#include "service/service.h"

#include "base/log.h"

/* What a bound kept out, and what came in that cannot be: each is told when its numbers change, and until the end at most once a minute, so
 * that a steady trickle does not fill the log. `told` is what was said last. */
static void log_losses(const rs_core_losses_t *losses, const rs_core_losses_t *told) {
    rs_core_losses_t bounds = *losses;
    bounds.unmoved = told->unmoved;   /* no bound's */
    if (memcmp(&bounds, told, sizeof bounds) != 0) {
        RS_LOG_WITH(RS_LOG_WARNING, "a limit was reached; see limits.* in the configuration", RS_LOG_UINT("contacts", losses->contacts),
                    RS_LOG_UINT("rows", losses->cells), RS_LOG_UINT("panes", losses->panes),
                    RS_LOG_UINT("overflowed_keys", losses->overflowed_keys), RS_LOG_UINT("alerts", losses->alerts),
                    RS_LOG_UINT("customers", losses->customers), RS_LOG_UINT("cases", losses->cases),
                    RS_LOG_UINT("edges", losses->edges), RS_LOG_UINT("facts", losses->facts), RS_LOG_UINT("variants", losses->variants),
                    RS_LOG_UINT("untold_alerts", losses->untold));
    }
    if (losses->unmoved != told->unmoved) {
        RS_LOG_WITH(RS_LOG_WARNING, "counts stay at their own moment in rows of attribution close", RS_LOG_UINT("counts", losses->unmoved));
    }
}

static void log_odd(const rs_agents_odd_t *odd, const rs_agents_odd_t *told) {
    if (odd->no_room != told->no_room) {
        RS_LOG_WITH(RS_LOG_WARNING, "an agent's handlings or queues found no place", RS_LOG_UINT("times", odd->no_room));
    }
    rs_agents_odd_t others = *odd;
    others.no_room = told->no_room;
    if (memcmp(&others, told, sizeof others) == 0) return;
    RS_LOG_WITH(RS_LOG_INFO, "agents' events that cannot be", RS_LOG_UINT("left_unjoined", odd->left_unjoined),
                RS_LOG_UINT("joined_twice", odd->joined_twice), RS_LOG_UINT("empty_plans", odd->empty_plans));
}

void rs_service_log_troubles(rs_service_t *service, const rs_collection_t *collection) {
    const int64_t now_us = (int64_t)(uv_hrtime() / 1000);
    if (service->phase < PHASE_FLUSHING && service->troubles_told_us != 0 && now_us - service->troubles_told_us < RS_US_PER_MIN) return;
    if (memcmp(&collection->losses, &service->losses_told, sizeof service->losses_told) == 0 &&
        memcmp(&collection->odd, &service->odd_told, sizeof service->odd_told) == 0) return;
    log_losses(&collection->losses, &service->losses_told);
    log_odd(&collection->odd, &service->odd_told);
    service->troubles_told_us = now_us;
    service->losses_told = collection->losses;
    service->odd_told = collection->odd;
}
