#include "agent_model.h"

#include <stdlib.h>

static int by_total_order(const void *left, const void *right) {
    return oracle_compare(*(const rs_event_t *const *)left, *(const rs_event_t *const *)right);
}

static rs_str_t tenant_of(const rs_event_t *event) { return event->tenant.len == 0 ? RS_STR("default") : event->tenant; }

void agent_model_init(agent_model_t *model, const oracle_arrival_t *deliveries, size_t count, const rs_config_t *config) {
    *model = (agent_model_t){.config = config, .events = calloc(count + 1, sizeof *model->events)};
    RS_REQUIRE(model->events != NULL);
    for (size_t i = 0; i < count; i++) {
        const rs_event_t *event = deliveries[i].event;
        const bool is_agents = event->type == RS_AGENT_STATE || event->type == RS_AGENT_QUEUE_JOINED ||
                               event->type == RS_AGENT_QUEUE_LEFT || event->type == RS_AGENT_SCHEDULED;
        if (is_agents && deliveries[i].verdict == RS_REFUSAL_NONE) model->events[model->event_count++] = event;
    }
    qsort(model->events, model->event_count, sizeof *model->events, by_total_order);
}

void agent_model_destroy(agent_model_t *model) { free(model->events); }

static bool is_of(const rs_event_t *event, rs_str_t tenant, rs_str_t agent) {
    return rs_str_equal(tenant_of(event), tenant) && rs_str_equal(event->agent, agent);
}

static bool is_logged_in(uint8_t state) { return state != RS_AGENT_NONE && state != RS_AGENT_OFFLINE; }

/* --- what holds at a moment ------------------------------------------------------------------------------------------- */
agent_model_state_t agent_model_state(const agent_model_t *model, rs_str_t tenant, rs_str_t agent, int64_t at_us) {
    agent_model_state_t is = {0};
    const int64_t expire_us = model->config->staff.expire_us;
    int64_t sign_us = 0;
    for (size_t i = 0; i < model->event_count; i++) {
        const rs_event_t *event = model->events[i];
        if (!is_of(event, tenant, agent) || event->type == RS_AGENT_SCHEDULED || event->occurred_us > at_us) continue;
        if (is_logged_in(is.state) && expire_us > 0 && event->occurred_us - sign_us > expire_us) {
            is.state = RS_AGENT_OFFLINE;
            is.expired = true;
        }
        sign_us = event->occurred_us;
        const rs_str_t team = event->team.len != 0 ? event->team : rs_config_team(model->config, tenant, agent);
        if (team.len != 0) is.team = team;
        if (event->type != RS_AGENT_STATE) continue;
        is.state = event->state == RS_AGENT_NONE ? RS_AGENT_OTHER : event->state;
        is.expired = false;
    }
    if (is_logged_in(is.state) && expire_us > 0 && at_us - sign_us >= expire_us) {
        is.state = RS_AGENT_OFFLINE;
        is.expired = true;
    }
    return is;
}

bool agent_model_is_member(const agent_model_t *model, rs_str_t tenant, rs_str_t agent, rs_str_t queue) {
    bool joined = false;
    for (size_t i = 0; i < model->event_count; i++) {
        const rs_event_t *event = model->events[i];
        if (!is_of(event, tenant, agent) || !rs_str_equal(event->queue, queue)) continue;
        if (event->type == RS_AGENT_QUEUE_JOINED) joined = true;
        if (event->type == RS_AGENT_QUEUE_LEFT) joined = false;
    }
    return joined;
}

static bool is_listed(const rs_str_t *names, uint32_t count, rs_str_t name) {
    bool found = false;
    for (uint32_t i = 0; i < count; i++) found = found || rs_str_equal(names[i], name);
    return found;
}

/* A plan as far as it reaches; false: it is none. */
typedef struct plan { int64_t from_us, to_us, day_from_us, day_to_us; } plan_t;
static bool plan_of(const agent_model_t *model, const rs_event_t *event, plan_t *plan) {
    const bool has_from = (event->present & RS_HAS_FROM_US) != 0, has_to = (event->present & RS_HAS_TO_US) != 0;
    const int64_t from_us = has_from ? event->from_us : event->occurred_us, reach_us = event->occurred_us - model->config->lateness_us;
    if (!has_to || event->to_us <= from_us || event->to_us <= reach_us) return false;
    const rs_interval_spec_t days = {.mode = RS_INTERVAL_DAY, .zone = model->config->zone};
    int64_t start_us, length_us;
    plan->from_us = from_us > reach_us ? from_us : reach_us;
    plan->to_us = event->to_us;
    oracle_interval(&days, plan->from_us, &start_us, &length_us);
    plan->day_from_us = start_us > reach_us ? start_us : reach_us;
    oracle_interval(&days, plan->to_us - 1, &start_us, &length_us);
    plan->day_to_us = start_us + length_us;
    return true;
}

typedef enum planned { NOTHING, WORK, REST } planned_t;
static planned_t planned_at(const agent_model_t *model, rs_str_t tenant, rs_str_t agent, int64_t at_us, bool *has_day) {
    const rs_staff_config_t *staff = &model->config->staff;
    planned_t planned = NOTHING;
    *has_day = false;
    for (size_t i = 0; i < model->event_count; i++) {
        plan_t plan;
        const rs_event_t *event = model->events[i];
        if (event->type != RS_AGENT_SCHEDULED || !is_of(event, tenant, agent) || !plan_of(model, event, &plan)) continue;
        *has_day = *has_day || (plan.day_from_us <= at_us && at_us < plan.day_to_us);
        if (at_us < plan.from_us || at_us >= plan.to_us) continue;
        if (is_listed(staff->break_activities, staff->break_count, event->code)) planned = REST;
        else planned = is_listed(staff->absent_activities, staff->absent_count, event->code) ? NOTHING : WORK;
    }
    return planned;
}

/* --- pieces ----------------------------------------------------------------------------------------------------------- */
typedef struct moments { int64_t *us; size_t count, room; } moments_t;

static void add_moment(moments_t *moments, int64_t us) {
    if (moments->count == moments->room) {
        moments->room = moments->room == 0 ? 64 : moments->room * 2;
        moments->us = realloc(moments->us, moments->room * sizeof *moments->us);
        RS_REQUIRE(moments->us != NULL);
    }
    moments->us[moments->count++] = us;
}

static int by_time(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void gather(const agent_model_t *model, rs_str_t tenant, rs_str_t agent, const rs_interval_spec_t *interval, int64_t until_us,
                   moments_t *moments) {
    int64_t first_us = INT64_MAX;
    for (size_t i = 0; i < model->event_count; i++) {
        plan_t plan;
        const rs_event_t *event = model->events[i];
        if (!is_of(event, tenant, agent)) continue;
        add_moment(moments, event->occurred_us);
        add_moment(moments, event->occurred_us + model->config->staff.expire_us);
        if (event->type != RS_AGENT_SCHEDULED && event->occurred_us < first_us) first_us = event->occurred_us;
        if (event->type != RS_AGENT_SCHEDULED || !plan_of(model, event, &plan)) continue;
        const int64_t bounds_us[] = {plan.from_us, plan.to_us, plan.day_from_us, plan.day_to_us};
        for (size_t b = 0; b < RS_ARRAY_LEN(bounds_us); b++) add_moment(moments, bounds_us[b]);
    }
    const int64_t slot_us = 5 * RS_US_PER_MIN;
    for (int64_t at_us = first_us; at_us < until_us; at_us = at_us / slot_us * slot_us + slot_us) {
        int64_t start_us, length_us;
        oracle_interval(interval, at_us, &start_us, &length_us);
        add_moment(moments, at_us);
        if (length_us != 0) add_moment(moments, start_us + length_us);
    }
    add_moment(moments, until_us);
    qsort(moments->us, moments->count, sizeof *moments->us, by_time);
}

static void count_piece(const agent_model_t *model, rs_str_t tenant, rs_str_t agent, int64_t from_us, int64_t us,
                        const agent_model_state_t *is, int64_t counts[RS_COUNT_COUNT]) {
    static const int of_state[RS_AGENT_STATE_COUNT] = {
        [RS_AGENT_OTHER] = RS_COUNT_CUSTOM_US, [RS_AGENT_CUSTOM] = RS_COUNT_CUSTOM_US, [RS_AGENT_AVAILABLE] = RS_COUNT_AVAILABLE_US,
        [RS_AGENT_RINGING] = RS_COUNT_RINGING_US, [RS_AGENT_ON_CONTACT] = RS_COUNT_ON_CONTACT_US, [RS_AGENT_HOLD] = RS_COUNT_ON_HOLD_US,
        [RS_AGENT_WRAPUP] = RS_COUNT_WRAPPING_US, [RS_AGENT_BREAK] = RS_COUNT_BREAK_US};
    bool has_day;
    const planned_t planned = planned_at(model, tenant, agent, from_us, &has_day);
    const bool works = is_logged_in(is->state) && is->state != RS_AGENT_BREAK;
    if (is->state == RS_AGENT_NONE) return;
    if (is_logged_in(is->state)) counts[RS_COUNT_LOGGED_IN_US] = counts[of_state[is->state]] = us;
    if (planned == WORK) counts[RS_COUNT_PLANNED_WORK_US] = us;
    if (planned != NOTHING || (works && has_day)) {
        counts[RS_COUNT_PLANNED_US] = us;
        if (works) counts[RS_COUNT_WORKED_US] = us;
        if ((planned == WORK) != works) counts[RS_COUNT_OUT_OF_PLAN_US] = us;
    }
}

static void pieces_of(const agent_model_t *model, rs_str_t tenant, rs_str_t agent, const rs_interval_spec_t *interval,
                      int64_t until_us, agent_piece_fn on_piece, void *context) {
    const rs_key_t key = {.family = RS_FAMILY_AGENT, .tenant = tenant, .name = agent};
    moments_t moments = {0};
    gather(model, tenant, agent, interval, until_us, &moments);
    for (size_t i = 0; i + 1 < moments.count; i++) {
        const int64_t from_us = moments.us[i], to_us = moments.us[i + 1];
        if (from_us == to_us || to_us > until_us) continue;
        int64_t counts[RS_COUNT_COUNT] = {0};
        const agent_model_state_t before = agent_model_state(model, tenant, agent, from_us - 1);
        const agent_model_state_t is = agent_model_state(model, tenant, agent, from_us);
        count_piece(model, tenant, agent, from_us, to_us - from_us, &is, counts);
        if (is.expired && !before.expired) counts[RS_COUNT_STATES_EXPIRED] = 1;
        on_piece(context, &key, is.team, from_us, to_us, counts);
    }
    free(moments.us);
}

void agent_model_pieces(const agent_model_t *model, const rs_interval_spec_t *interval, int64_t until_us, agent_piece_fn on_piece,
                        void *context) {
    for (size_t i = 0; i < model->event_count; i++) {
        const rs_str_t tenant = tenant_of(model->events[i]), agent = model->events[i]->agent;
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++) seen = is_of(model->events[j], tenant, agent);
        if (!seen) pieces_of(model, tenant, agent, interval, until_us, on_piece, context);
    }
}
