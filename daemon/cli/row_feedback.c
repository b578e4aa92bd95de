#include "cli/row_feedback.h"

#include "core/feedback/survey.h"

static void quotient_or_null(rs_json_t *json, const char *name, double numerator, int64_t denominator) {
    if (denominator != 0) rs_json_number(json, name, numerator / (double)denominator); else rs_json_null(json, name);
}

static void put_scale(rs_json_t *json, const rs_row_t *row, unsigned responses, unsigned min_milli, unsigned max_milli, unsigned squares) {
    rs_scale_config_t scale;
    if (!rs_scale_of_sums(row->counts[responses], row->counts[min_milli], row->counts[max_milli], row->counts[squares], &scale)) {
        rs_json_null(json, "scale");
        return;
    }
    rs_json_begin(json, "scale");
    rs_json_number(json, "min", scale.min_milli / 1000.0);
    rs_json_number(json, "max", scale.max_milli / 1000.0);
    rs_json_end(json);
}

static void put_csat(rs_json_t *json, const rs_row_t *row) {
    const int64_t responses = row->counts[RS_COUNT_CSAT_RESPONSES];
    if (responses == 0) {
        rs_json_null(json, "csat");
        return;
    }
    rs_json_begin(json, "csat");
    rs_json_integer(json, "responses", responses);
    quotient_or_null(json, "mean", (double)row->counts[RS_COUNT_CSAT_SCORE_MILLI] / 1000.0, responses);
    quotient_or_null(json, "top_box", (double)row->counts[RS_COUNT_CSAT_TOP], responses);
    put_scale(json, row, RS_COUNT_CSAT_RESPONSES, RS_COUNT_CSAT_SCALE_MIN_MILLI, RS_COUNT_CSAT_SCALE_MAX_MILLI,
              RS_COUNT_CSAT_SCALE_SQUARES);
    rs_json_end(json);
}

static void put_nps(rs_json_t *json, const rs_row_t *row) {
    const int64_t responses = row->counts[RS_COUNT_NPS_RESPONSES];
    const int64_t promoters = row->counts[RS_COUNT_NPS_PROMOTERS], detractors = row->counts[RS_COUNT_NPS_DETRACTORS];
    if (responses == 0) {
        rs_json_null(json, "nps");
        return;
    }
    rs_json_begin(json, "nps");
    rs_json_integer(json, "responses", responses);
    quotient_or_null(json, "value", 100.0 * (double)(promoters - detractors), responses);
    rs_json_integer(json, "promoters", promoters);
    rs_json_integer(json, "detractors", detractors);
    rs_json_end(json);
}

static void put_ces(rs_json_t *json, const rs_row_t *row) {
    const int64_t responses = row->counts[RS_COUNT_CES_RESPONSES];
    if (responses == 0) {
        rs_json_null(json, "ces");
        return;
    }
    rs_json_begin(json, "ces");
    rs_json_integer(json, "responses", responses);
    quotient_or_null(json, "mean", (double)row->counts[RS_COUNT_CES_SCORE_MILLI] / 1000.0, responses);
    put_scale(json, row, RS_COUNT_CES_RESPONSES, RS_COUNT_CES_SCALE_MIN_MILLI, RS_COUNT_CES_SCALE_MAX_MILLI,
              RS_COUNT_CES_SCALE_SQUARES);
    rs_json_end(json);
}

static void put_surveys(rs_json_t *json, const rs_row_t *row) {
    const int64_t contacts = row->counts[RS_COUNT_SURVEYED_CONTACTS], off_scale = row->counts[RS_COUNT_SURVEYS_OFF_SCALE];
    if (contacts == 0 && off_scale == 0) {
        rs_json_null(json, "surveys");
        return;
    }
    rs_json_begin(json, "surveys");
    rs_json_integer(json, "contacts", contacts);
    rs_json_integer(json, "off_scale", off_scale);
    quotient_or_null(json, "response_rate", (double)contacts, row->counts[RS_COUNT_HANDLED]);
    rs_json_end(json);
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

static void put_complaints(rs_json_t *json, const rs_row_t *row) {
    bool is_empty = true;
    for (size_t i = 0; i < RS_ARRAY_LEN(complaint_counts); i++) is_empty = is_empty && row->counts[complaint_counts[i].count] == 0;
    if (is_empty) {
        rs_json_null(json, "complaints");
        return;
    }
    rs_json_begin(json, "complaints");
    for (size_t i = 0; i < RS_ARRAY_LEN(complaint_counts); i++) {
        rs_json_integer(json, complaint_counts[i].name, row->counts[complaint_counts[i].count]);
    }
    for (size_t i = 0; i < RS_ARRAY_LEN(complaint_times); i++) {
        quotient_or_null(json, complaint_times[i].name, (double)row->counts[complaint_times[i].sum_us] / 1000.0,
                         row->counts[complaint_times[i].count]);
    }
    rs_json_end(json);
}

void rs_row_put_feedback(rs_json_t *json, const rs_row_t *row) {
    put_csat(json, row);
    put_nps(json, row);
    put_ces(json, row);
    put_surveys(json, row);
    put_complaints(json, row);
    rs_json_integer(json, "compliments", row->counts[RS_COUNT_COMPLIMENTS]);
    rs_json_integer(json, "suggestions", row->counts[RS_COUNT_SUGGESTIONS]);
}
