/* Feedback that is not an answer to a survey: complaints and the like, as cases. */
#include "core/core_internal.h"

enum { CASE_SPACE = 20 };            /* beside those of contacts and journeys, core.c */

rs_refusal_t rs_core_apply_feedback(rs_core_t *core, const rs_event_t *event, uint32_t session) {
    rs_names_t *names = &core->directory.names;
    const uint32_t tenant = rs_directory_tenant(&core->directory, event->tenant);
    const rs_case_event_t taken = {
        .at_us = event->occurred_us, .seq = event->seq, .session = session, .has_seq = (event->present & RS_HAS_SEQ) != 0,
        .queue = rs_names_number(names, event->queue), .agent = rs_names_agent(names, tenant, event->agent),
        .team = rs_names_number(names, event->team), .channel = event->channel, .kind = event->kind, .stage = event->stage};
    if (event->case_id.len == 0) {
        rs_cases_take_alone(&core->cases, tenant, &taken);
        return RS_REFUSAL_NONE;
    }
    const uint64_t seed = core->options.hash_seed ^ rs_hash_mix((uint64_t)tenant << 8 | CASE_SPACE);
    const rs_hash128_t id = rs_hash128(event->case_id.data, event->case_id.len, seed);
    return rs_cases_take(&core->cases, tenant, id, &taken, event->event_id);
}

void rs_core_let_time_act_on_cases(rs_core_t *core, uint32_t budget) {
    if (core->watermark_us != INT64_MIN) rs_cases_age(&core->cases, core->watermark_us, budget);
    rs_cases_follow_time(&core->cases, core->now_us, budget);
}

uint32_t rs_core_complaint_tenants(const rs_core_t *core) { return core->cases.tenants.made; }

void rs_core_complaints(const rs_core_t *core, uint32_t tenant, rs_complaint_gauges_t *gauges) {
    RS_REQUIRE(tenant < core->cases.tenants.made);
    const rs_case_tenant_t *from = rs_cases_tenant(&core->cases, tenant + 1);
    *gauges = (rs_complaint_gauges_t){.tenant = rs_names_text(&core->directory.names, from->tenant), .overdue = from->overdue,
                                      .next_overdue_us = rs_cases_next_overdue(&core->cases, tenant + 1)};
    for (int stage = 0; stage < RS_CASE_STAGES; stage++) {
        gauges->open[RS_FEEDBACK_STAGE_RECEIVED + stage] = from->open[stage];
        gauges->all_open += from->open[stage];
    }
}
