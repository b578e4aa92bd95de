/* Whether customers came back, what they said, and what agents did with their time. */
#include "cli/row_feedback.h"
#include "cli/row_figures.h"
#include "core/figure.h"

/* --- first-contact resolution ------------------------------------------------------------------------------------- */
static void put_share(rs_form_t *form, int64_t eligible, int64_t unresolved) {
    rs_form_integer(form, "eligible", true, eligible);
    rs_form_integer(form, "unresolved", true, unresolved);
    rs_form_quotient(form, "value", (double)(eligible - unresolved), (double)eligible);
}

/* net: without topics that no first contact can resolve (fcr.never). */
static void put_fcr(rs_form_t *form, const rs_row_t *row) {
    const int64_t *counts = row->counts, eligible = counts[RS_COUNT_FCR_ELIGIBLE], unresolved = counts[RS_COUNT_FCR_UNRESOLVED];
    const rs_str_t state = counts[RS_COUNT_FCR_MATURED] == eligible ? RS_STR("matured") : RS_STR("provisional");
    rs_form_begin(form, "fcr", true);
    rs_form_integer(form, "repeated", true, counts[RS_COUNT_FCR_REPEATED]);
    rs_form_integer(form, "flagged_unresolved", true, counts[RS_COUNT_FCR_FLAGGED_UNRESOLVED]);
    put_share(form, eligible, unresolved);
    rs_form_begin(form, "net", true);
    put_share(form, eligible - counts[RS_COUNT_FCR_NEVER], unresolved - counts[RS_COUNT_FCR_NEVER_UNRESOLVED]);
    rs_form_end(form);
    rs_form_integer(form, "matured", true, counts[RS_COUNT_FCR_MATURED]);
    rs_form_text(form, "state", eligible != 0, state);
    rs_form_end(form);
}

/* --- agents' time ------------------------------------------------------------------------------------------------- */
static void put_states(rs_form_t *form, const rs_row_t *row) {
    static const struct { const char *name; unsigned count; } states[] = {
        {"logged_in_ms", RS_COUNT_LOGGED_IN_US}, {"available_ms", RS_COUNT_AVAILABLE_US}, {"ringing_ms", RS_COUNT_RINGING_US},
        {"on_contact_ms", RS_COUNT_ON_CONTACT_US}, {"on_hold_ms", RS_COUNT_ON_HOLD_US}, {"wrapping_ms", RS_COUNT_WRAPPING_US},
        {"break_ms", RS_COUNT_BREAK_US}, {"custom_ms", RS_COUNT_CUSTOM_US}, {"planned_ms", RS_COUNT_PLANNED_US},
        {"planned_work_ms", RS_COUNT_PLANNED_WORK_US}, {"worked_ms", RS_COUNT_WORKED_US},
        {"out_of_plan_ms", RS_COUNT_OUT_OF_PLAN_US}};
    for (size_t i = 0; i < RS_ARRAY_LEN(states); i++) {
        rs_form_integer(form, states[i].name, true, rs_figure_ms(row->counts[states[i].count]));
    }
}

typedef bool (*figure_fn)(const int64_t counts[RS_COUNT_COUNT], double *value);

static void put_figure(rs_form_t *form, const char *name, const rs_row_t *row, figure_fn figure) {
    double value = 0;
    const bool present = figure(row->counts, &value);
    rs_form_number(form, name, present, value);
}

static void put_agent_time(rs_form_t *form, const rs_row_t *row) {
    rs_form_begin(form, "agent_time", rs_row_is_person(row) || row->key.family == RS_FAMILY_TOTAL);
    put_states(form, row);
    rs_form_begin(form, "occupancy", true);
    put_figure(form, "on_contact", row, rs_figure_occupancy_on_contact);
    put_figure(form, "logged_in", row, rs_figure_occupancy_logged_in);
    rs_form_end(form);
    put_figure(form, "adherence", row, rs_figure_adherence);
    put_figure(form, "conformance", row, rs_figure_conformance);
    rs_form_integer(form, "overlapping_handlings", true, row->counts[RS_COUNT_OVERLAPPING_HANDLINGS]);
    rs_form_integer(form, "states_expired", true, row->counts[RS_COUNT_STATES_EXPIRED]);
    rs_form_end(form);
}

void rs_figures_put_people(rs_form_t *form, const rs_row_t *row) {
    put_fcr(form, row);
    rs_row_put_feedback(form, row);
    put_agent_time(form, row);
}
