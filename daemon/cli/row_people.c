/* What customers said and whether they came back, and what agents did with their time. */
#include "cli/row_figures.h"

/* --- first-contact resolution ------------------------------------------------------------------------------------- */
/* net leaves out what no first contact can resolve (fcr.never). */
static void put_fcr(rs_form_t *form, const rs_row_t *row) {
    const int64_t *counts = row->counts, eligible = counts[RS_COUNT_FCR_ELIGIBLE], unresolved = counts[RS_COUNT_FCR_UNRESOLVED];
    const int64_t net_eligible = eligible - counts[RS_COUNT_FCR_NEVER];
    const int64_t net_unresolved = unresolved - counts[RS_COUNT_FCR_NEVER_UNRESOLVED];
    const rs_str_t state = counts[RS_COUNT_FCR_MATURED] == eligible ? RS_STR("matured") : RS_STR("provisional");
    rs_form_begin(form, "fcr", true);
    rs_form_integer(form, "eligible", true, eligible);
    rs_form_integer(form, "repeated", true, counts[RS_COUNT_FCR_REPEATED]);
    rs_form_integer(form, "flagged_unresolved", true, counts[RS_COUNT_FCR_FLAGGED_UNRESOLVED]);
    rs_form_integer(form, "unresolved", true, unresolved);
    rs_form_quotient(form, "value", (double)(eligible - unresolved), (double)eligible);
    rs_form_integer(form, "never", true, counts[RS_COUNT_FCR_NEVER]);
    rs_form_quotient(form, "net", (double)(net_eligible - net_unresolved), (double)net_eligible);
    rs_form_integer(form, "matured", true, counts[RS_COUNT_FCR_MATURED]);
    rs_form_text(form, "state", eligible != 0, state);
    rs_form_end(form);
}

/* --- surveys and complaints --------------------------------------------------------------------------------------- */
static void put_surveys(rs_form_t *form, const rs_row_t *row) {
    const int64_t *counts = row->counts;
    const double csat = (double)counts[RS_COUNT_CSAT_RESPONSES], nps = (double)counts[RS_COUNT_NPS_RESPONSES];
    const double ces = (double)counts[RS_COUNT_CES_RESPONSES];
    rs_form_begin(form, "csat", true);
    rs_form_integer(form, "responses", true, counts[RS_COUNT_CSAT_RESPONSES]);
    rs_form_quotient(form, "mean", (double)counts[RS_COUNT_CSAT_SCORE_MILLI], 1000.0 * csat);
    rs_form_quotient(form, "top_box", (double)counts[RS_COUNT_CSAT_TOP], csat);
    rs_form_end(form);
    rs_form_begin(form, "nps", true);
    rs_form_integer(form, "responses", true, counts[RS_COUNT_NPS_RESPONSES]);
    rs_form_integer(form, "promoters", true, counts[RS_COUNT_NPS_PROMOTERS]);
    rs_form_integer(form, "detractors", true, counts[RS_COUNT_NPS_DETRACTORS]);
    rs_form_quotient(form, "value", 100.0 * (double)(counts[RS_COUNT_NPS_PROMOTERS] - counts[RS_COUNT_NPS_DETRACTORS]), nps);
    rs_form_end(form);
    rs_form_begin(form, "ces", true);
    rs_form_integer(form, "responses", true, counts[RS_COUNT_CES_RESPONSES]);
    rs_form_quotient(form, "mean", (double)counts[RS_COUNT_CES_SCORE_MILLI], 1000.0 * ces);
    rs_form_end(form);
    rs_form_begin(form, "surveys", true);
    rs_form_integer(form, "contacts", true, counts[RS_COUNT_SURVEYED_CONTACTS]);
    rs_form_integer(form, "off_scale", true, counts[RS_COUNT_SURVEYS_OFF_SCALE]);
    rs_form_quotient(form, "response_rate", (double)counts[RS_COUNT_SURVEYED_CONTACTS], (double)counts[RS_COUNT_HANDLED]);
    rs_form_end(form);
}

static void put_stage(rs_form_t *form, const rs_row_t *row, const char *name, const char *mean_name, unsigned count, unsigned us) {
    rs_form_integer(form, name, true, row->counts[count]);
    rs_form_quotient(form, mean_name, (double)row->counts[us], 1000.0 * (double)row->counts[count]);
}

/* Each mean is of the time since the stage before, in the hours of complaints. */
static void put_complaints(rs_form_t *form, const rs_row_t *row) {
    const bool whole = !rs_row_is_person(row);
    rs_form_begin(form, "complaints", whole);
    rs_form_integer(form, "received", true, row->counts[RS_COUNT_COMPLAINTS]);
    put_stage(form, row, "acknowledged", "acknowledge_mean_ms", RS_COUNT_COMPLAINTS_ACKNOWLEDGED, RS_COUNT_COMPLAINT_ACKNOWLEDGE_US);
    put_stage(form, row, "investigated", "investigate_mean_ms", RS_COUNT_COMPLAINTS_INVESTIGATED, RS_COUNT_COMPLAINT_INVESTIGATE_US);
    put_stage(form, row, "responded", "respond_mean_ms", RS_COUNT_COMPLAINTS_RESPONDED, RS_COUNT_COMPLAINT_RESPOND_US);
    put_stage(form, row, "closed", "close_mean_ms", RS_COUNT_COMPLAINTS_CLOSED, RS_COUNT_COMPLAINT_CLOSE_US);
    rs_form_integer(form, "overdue", true, row->counts[RS_COUNT_COMPLAINTS_OVERDUE]);
    rs_form_end(form);
    rs_form_integer(form, "compliments", whole, row->counts[RS_COUNT_COMPLIMENTS]);
    rs_form_integer(form, "suggestions", whole, row->counts[RS_COUNT_SUGGESTIONS]);
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

/* Without logged-in time nothing is known of an agent's states: then nothing was available, and occupancy says nothing. */
static void put_agent_time(rs_form_t *form, const rs_row_t *row) {
    const int64_t *counts = row->counts, logged_in_us = counts[RS_COUNT_LOGGED_IN_US];
    const int64_t busy_us = counts[RS_COUNT_TALK_US] + counts[RS_COUNT_HOLD_US] + counts[RS_COUNT_WRAP_US];
    const int64_t planned_us = counts[RS_COUNT_PLANNED_US], out_us = counts[RS_COUNT_OUT_OF_PLAN_US];
    rs_form_begin(form, "agent_time", rs_row_is_person(row) || row->key.family == RS_FAMILY_TOTAL);
    put_states(form, row);
    rs_form_begin(form, "occupancy", true);
    rs_form_quotient(form, "on_contact", (double)busy_us, logged_in_us == 0 ? 0 : (double)(busy_us + counts[RS_COUNT_AVAILABLE_US]));
    rs_form_quotient(form, "logged_in", (double)busy_us, (double)logged_in_us);
    rs_form_end(form);
    rs_form_number(form, "adherence", planned_us != 0, out_us > planned_us ? 0 : 1 - (double)out_us / (double)planned_us);
    rs_form_quotient(form, "conformance", (double)counts[RS_COUNT_WORKED_US], (double)counts[RS_COUNT_PLANNED_WORK_US]);
    rs_form_integer(form, "overlapping_handlings", true, counts[RS_COUNT_OVERLAPPING_HANDLINGS]);
    rs_form_integer(form, "states_expired", true, counts[RS_COUNT_STATES_EXPIRED]);
    rs_form_end(form);
}

void rs_figures_put_people(rs_form_t *form, const rs_row_t *row) {
    put_fcr(form, row);
    put_surveys(form, row);
    put_complaints(form, row);
    put_agent_time(form, row);
}
