#include "cli/row_feedback.h"

#include "core/feedback/survey.h"

static void put_scale(rs_form_t *form, const rs_row_t *row, unsigned responses, unsigned min_milli, unsigned max_milli, unsigned squares) {
    rs_scale_config_t scale = {0};
    const bool one = rs_scale_of_sums(row->counts[responses], row->counts[min_milli], row->counts[max_milli], row->counts[squares], &scale);
    rs_form_begin(form, "scale", one);
    rs_form_number(form, "min", true, scale.min_milli / 1000.0);
    rs_form_number(form, "max", true, scale.max_milli / 1000.0);
    rs_form_end(form);
}

static void put_csat(rs_form_t *form, const rs_row_t *row) {
    const int64_t responses = row->counts[RS_COUNT_CSAT_RESPONSES];
    rs_form_begin(form, "csat", responses != 0);
    rs_form_integer(form, "responses", true, responses);
    rs_form_quotient(form, "mean", (double)row->counts[RS_COUNT_CSAT_SCORE_MILLI] / 1000.0, (double)responses);
    rs_form_quotient(form, "top_box", (double)row->counts[RS_COUNT_CSAT_TOP], (double)responses);
    put_scale(form, row, RS_COUNT_CSAT_RESPONSES, RS_COUNT_CSAT_SCALE_MIN_MILLI, RS_COUNT_CSAT_SCALE_MAX_MILLI,
              RS_COUNT_CSAT_SCALE_SQUARES);
    rs_form_end(form);
}

static void put_nps(rs_form_t *form, const rs_row_t *row) {
    const int64_t responses = row->counts[RS_COUNT_NPS_RESPONSES];
    const int64_t promoters = row->counts[RS_COUNT_NPS_PROMOTERS], detractors = row->counts[RS_COUNT_NPS_DETRACTORS];
    rs_form_begin(form, "nps", responses != 0);
    rs_form_integer(form, "responses", true, responses);
    rs_form_quotient(form, "value", 100.0 * (double)(promoters - detractors), (double)responses);
    rs_form_integer(form, "promoters", true, promoters);
    rs_form_integer(form, "detractors", true, detractors);
    rs_form_end(form);
}

static void put_ces(rs_form_t *form, const rs_row_t *row) {
    const int64_t responses = row->counts[RS_COUNT_CES_RESPONSES];
    rs_form_begin(form, "ces", responses != 0);
    rs_form_integer(form, "responses", true, responses);
    rs_form_quotient(form, "mean", (double)row->counts[RS_COUNT_CES_SCORE_MILLI] / 1000.0, (double)responses);
    put_scale(form, row, RS_COUNT_CES_RESPONSES, RS_COUNT_CES_SCALE_MIN_MILLI, RS_COUNT_CES_SCALE_MAX_MILLI, RS_COUNT_CES_SCALE_SQUARES);
    rs_form_end(form);
}

static void put_surveys(rs_form_t *form, const rs_row_t *row) {
    const int64_t contacts = row->counts[RS_COUNT_SURVEYED_CONTACTS], off_scale = row->counts[RS_COUNT_SURVEYS_OFF_SCALE];
    rs_form_begin(form, "surveys", contacts != 0 || off_scale != 0);
    rs_form_integer(form, "contacts", true, contacts);
    rs_form_integer(form, "off_scale", true, off_scale);
    rs_form_quotient(form, "response_rate", (double)contacts, (double)row->counts[RS_COUNT_HANDLED]);
    rs_form_end(form);
}

static const struct { const char *name; unsigned count; } complaint_counts[] = {
    {"received", RS_COUNT_COMPLAINTS}, {"acknowledged", RS_COUNT_COMPLAINTS_ACKNOWLEDGED},
    {"investigated", RS_COUNT_COMPLAINTS_INVESTIGATED}, {"responded", RS_COUNT_COMPLAINTS_RESPONDED},
    {"closed", RS_COUNT_COMPLAINTS_CLOSED}, {"overdue", RS_COUNT_COMPLAINTS_OVERDUE}};
static const struct { const char *name; unsigned sum_us, count; } complaint_times[] = {
    {"acknowledge_ms", RS_COUNT_COMPLAINT_ACKNOWLEDGE_US, RS_COUNT_COMPLAINTS_ACKNOWLEDGED},
    {"investigate_ms", RS_COUNT_COMPLAINT_INVESTIGATE_US, RS_COUNT_COMPLAINTS_INVESTIGATED},
    {"respond_ms", RS_COUNT_COMPLAINT_RESPOND_US, RS_COUNT_COMPLAINTS_RESPONDED},
    {"close_ms", RS_COUNT_COMPLAINT_CLOSE_US, RS_COUNT_COMPLAINTS_CLOSED}};

static void put_complaints(rs_form_t *form, const rs_row_t *row) {
    bool is_empty = true;
    for (size_t i = 0; i < RS_ARRAY_LEN(complaint_counts); i++) is_empty = is_empty && row->counts[complaint_counts[i].count] == 0;
    rs_form_begin(form, "complaints", !is_empty);
    for (size_t i = 0; i < RS_ARRAY_LEN(complaint_counts); i++) {
        rs_form_integer(form, complaint_counts[i].name, true, row->counts[complaint_counts[i].count]);
    }
    for (size_t i = 0; i < RS_ARRAY_LEN(complaint_times); i++) {
        rs_form_quotient(form, complaint_times[i].name, (double)row->counts[complaint_times[i].sum_us] / 1000.0,
                         (double)row->counts[complaint_times[i].count]);
    }
    rs_form_end(form);
}

void rs_row_put_feedback(rs_form_t *form, const rs_row_t *row) {
    put_csat(form, row);
    put_nps(form, row);
    put_ces(form, row);
    put_surveys(form, row);
    put_complaints(form, row);
    rs_form_integer(form, "compliments", true, row->counts[RS_COUNT_COMPLIMENTS]);
    rs_form_integer(form, "suggestions", true, row->counts[RS_COUNT_SUGGESTIONS]);
}
