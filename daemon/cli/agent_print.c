#include "cli/agent_print.h"

#include "core/figure.h"

typedef struct named_count { const char *name; unsigned count; } named_count_t;
static const named_count_t state_times[] = {
    {"logged_in_ms", RS_COUNT_LOGGED_IN_US}, {"available_ms", RS_COUNT_AVAILABLE_US}, {"ringing_ms", RS_COUNT_RINGING_US},
    {"on_contact_ms", RS_COUNT_ON_CONTACT_US}, {"on_hold_ms", RS_COUNT_ON_HOLD_US}, {"wrapping_ms", RS_COUNT_WRAPPING_US},
    {"break_ms", RS_COUNT_BREAK_US}, {"custom_ms", RS_COUNT_CUSTOM_US}};
static const named_count_t plan_times[] = {
    {"planned_ms", RS_COUNT_PLANNED_US}, {"out_of_plan_ms", RS_COUNT_OUT_OF_PLAN_US}, {"worked_ms", RS_COUNT_WORKED_US},
    {"planned_work_ms", RS_COUNT_PLANNED_WORK_US}};

static void put_times(rs_json_t *json, const rs_row_t *row, const named_count_t *times, size_t count) {
    for (size_t i = 0; i < count; i++) rs_json_integer(json, times[i].name, row->counts[times[i].count] / RS_US_PER_MS);
}

static void put_figure(rs_json_t *json, const char *name, const rs_row_t *row, bool (*figure)(const int64_t *counts, double *value)) {
    double value;
    if (figure(row->counts, &value)) rs_json_number(json, name, value); else rs_json_null(json, name);
}

void rs_agent_time_print(rs_json_t *json, const rs_row_t *row) {
    const uint8_t family = row->key.family;
    if (family != RS_FAMILY_AGENT && family != RS_FAMILY_TEAM && family != RS_FAMILY_TOTAL) {
        rs_json_null(json, "agent_time");
        return;
    }
    rs_json_begin(json, "agent_time");
    put_times(json, row, state_times, RS_ARRAY_LEN(state_times));
    rs_json_begin(json, "occupancy");
    put_figure(json, "on_contact", row, rs_figure_occupancy_on_contact);
    put_figure(json, "logged_in", row, rs_figure_occupancy_logged_in);
    rs_json_end(json);
    put_times(json, row, plan_times, RS_ARRAY_LEN(plan_times));
    put_figure(json, "adherence", row, rs_figure_adherence);
    put_figure(json, "conformance", row, rs_figure_conformance);
    rs_json_integer(json, "overlapping_handlings", row->counts[RS_COUNT_OVERLAPPING_HANDLINGS]);
    rs_json_integer(json, "states_expired", row->counts[RS_COUNT_STATES_EXPIRED]);
    rs_json_end(json);
}
