#include "cli/row_figures.h"

/* --- by reason ---------------------------------------------------------------------------------------------------- */
typedef struct named_count { const char *name; unsigned count; } named_count_t;
enum { MOST_REASONS = 10 };
typedef struct reasons { const char *name; named_count_t counts[MOST_REASONS]; } reasons_t;

static const reasons_t flowed_out = {"flowed_out_by_reason", {
    {"other", RS_COUNT_FLOW_OTHER}, {"timeout", RS_COUNT_FLOW_TIMEOUT}, {"exit_key", RS_COUNT_FLOW_EXIT_KEY},
    {"no_agents", RS_COUNT_FLOW_NO_AGENTS}, {"overflow", RS_COUNT_FLOW_OVERFLOW}, {"withdrawn", RS_COUNT_FLOW_WITHDRAWN},
    {"voicemail", RS_COUNT_FLOW_VOICEMAIL}, {"error", RS_COUNT_FLOW_ERROR}, {"requeued", RS_COUNT_FLOW_REQUEUED},
    {"lost", RS_COUNT_FLOW_LOST}}};
static const reasons_t blocked = {"blocked_by_reason", {
    {"other", RS_COUNT_BLOCKED_OTHER}, {"full", RS_COUNT_BLOCKED_FULL}, {"closed", RS_COUNT_BLOCKED_CLOSED},
    {"join_empty", RS_COUNT_BLOCKED_JOIN_EMPTY}, {"no_agent", RS_COUNT_BLOCKED_NO_AGENT}}};
static const reasons_t transferred_out = {"transferred_out_by_kind", {
    {"other", RS_COUNT_TRANSFERRED_OUT_OTHER}, {"blind", RS_COUNT_TRANSFERRED_OUT_BLIND},
    {"attended", RS_COUNT_TRANSFERRED_OUT_ATTENDED}, {"queue", RS_COUNT_TRANSFERRED_OUT_QUEUE},
    {"external", RS_COUNT_TRANSFERRED_OUT_EXTERNAL}}};
static const reasons_t offers_failed = {"offers_failed_by_reason", {
    {"other", RS_COUNT_OFFERS_FAILED_OTHER}, {"timeout", RS_COUNT_OFFERS_FAILED_TIMEOUT},
    {"rejected", RS_COUNT_OFFERS_FAILED_REJECTED}, {"canceled", RS_COUNT_OFFERS_FAILED_CANCELED},
    {"error", RS_COUNT_OFFERS_FAILED_ERROR}}};

static void put_reasons(rs_form_t *form, const rs_row_t *row, const reasons_t *reasons, bool present) {
    rs_form_begin(form, reasons->name, present);
    for (size_t i = 0; i < MOST_REASONS && reasons->counts[i].name != NULL; i++) {
        rs_form_reason(form, reasons->counts[i].name, row->counts[reasons->counts[i].count]);
    }
    rs_form_end(form);
}

/* --- counts ------------------------------------------------------------------------------------------------------- */
static void put_count(rs_form_t *form, const rs_row_t *row, const char *name, bool present, unsigned count) {
    rs_form_integer(form, name, present, row->counts[count]);
}

static void put_time(rs_form_t *form, const rs_row_t *row, const char *name, bool present, unsigned count) {
    rs_form_integer(form, name, present, rs_figure_ms(row->counts[count]));
}

static void put_legs(rs_form_t *form, const rs_row_t *row) {
    const bool whole = !rs_row_is_person(row);
    put_count(form, row, "offered", whole, RS_COUNT_OFFERED);
    put_count(form, row, "answered", true, RS_COUNT_ANSWERED);
    put_count(form, row, "abandoned", whole, RS_COUNT_ABANDONED);
    put_count(form, row, "abandoned_short", whole, RS_COUNT_ABANDONED_SHORT);
    put_count(form, row, "flowed_out", whole, RS_COUNT_FLOWED_OUT);
    put_count(form, row, "callbacks", whole, RS_COUNT_CALLBACKS);
    put_count(form, row, "blocked", whole, RS_COUNT_BLOCKED);
    put_count(form, row, "abandoned_before_queue", whole, RS_COUNT_ABANDONED_BEFORE_QUEUE);
    rs_form_integer(form, "still_open", whole, row->still_open);
    rs_form_integer(form, "threshold_ms", whole && row->threshold_us >= 0, rs_figure_ms(row->threshold_us));
    put_count(form, row, "answered_in_t", true, RS_COUNT_ANSWERED_IN_T);
    put_count(form, row, "abandoned_in_t", whole, RS_COUNT_ABANDONED_IN_T);
    put_count(form, row, "flowed_out_in_t", whole, RS_COUNT_FLOWED_OUT_IN_T);
    put_count(form, row, "callbacks_in_t", whole, RS_COUNT_CALLBACKS_IN_T);
}

static void put_service_level(rs_form_t *form, const rs_row_t *row) {
    rs_form_begin(form, "service_level", !rs_row_is_person(row));
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if (row->policies[slot] == NULL) continue;
        const int64_t numerator = row->counts[RS_COUNT_SL_NUM_0 + slot], denominator = row->counts[RS_COUNT_SL_DEN_0 + slot];
        rs_form_begin(form, row->policies[slot]->name, true);
        rs_form_quotient(form, "value", (double)numerator, (double)denominator);
        rs_form_integer(form, "numerator", true, numerator);
        rs_form_integer(form, "denominator", true, denominator);
        rs_form_end(form);
    }
    rs_form_end(form);
}

/* --- waits -------------------------------------------------------------------------------------------------------- */
int64_t rs_figure_wait_ms(const rs_row_t *row, bool abandoned, uint32_t per_mille) {
    const unsigned histogram = abandoned ? RS_HIST_WAIT_ABANDONED : RS_HIST_WAIT_ANSWERED;
    const unsigned least = abandoned ? RS_EXTREME_ABANDONED_MIN : RS_EXTREME_ANSWERED_MIN;
    const unsigned greatest = abandoned ? RS_EXTREME_ABANDONED_MAX : RS_EXTREME_ANSWERED_MAX;
    return rs_hist_percentile_ms(row->histograms[histogram], row->histogram_sizes[histogram], per_mille, row->extremes[least],
                                 row->extremes[greatest]);
}

static void put_percentile(rs_form_t *form, const char *name, const rs_row_t *row, bool abandoned, uint32_t per_mille) {
    const int64_t ms = rs_figure_wait_ms(row, abandoned, per_mille);
    rs_form_integer(form, name, ms >= 0, ms);
}

static void put_waits(rs_form_t *form, const rs_row_t *row) {
    const bool whole = !rs_row_is_person(row);
    const int64_t max_us = row->extremes[RS_EXTREME_WAIT_MAX], abandoned_max_us = row->extremes[RS_EXTREME_ABANDONED_MAX];
    rs_form_begin(form, "wait_ms", true);
    put_time(form, row, "answered_sum", true, RS_COUNT_WAIT_ANSWERED_US);
    put_time(form, row, "abandoned_sum", whole, RS_COUNT_WAIT_ABANDONED_US);
    rs_form_integer(form, "max", max_us >= 0, rs_figure_ms(max_us));
    rs_form_quotient(form, "asa", (double)row->counts[RS_COUNT_WAIT_ANSWERED_US], 1000.0 * (double)row->counts[RS_COUNT_ANSWERED]);
    put_percentile(form, "p50", row, false, 500);
    put_percentile(form, "p80", row, false, 800);
    put_percentile(form, "p90", row, false, 900);
    put_percentile(form, "p95", row, false, 950);
    put_percentile(form, "p99", row, false, 990);
    rs_form_end(form);
    rs_form_begin(form, "abandon_wait_ms", whole);
    rs_form_quotient(form, "mean", (double)row->counts[RS_COUNT_WAIT_ABANDONED_US], 1000.0 * (double)row->counts[RS_COUNT_ABANDONED]);
    put_percentile(form, "p50", row, true, 500);
    put_percentile(form, "p90", row, true, 900);
    put_percentile(form, "p95", row, true, 950);
    put_percentile(form, "p99", row, true, 990);
    rs_form_integer(form, "max", abandoned_max_us >= 0, rs_figure_ms(abandoned_max_us));
    rs_form_end(form);
}

/* --- handling ----------------------------------------------------------------------------------------------------- */
static void put_handling(rs_form_t *form, const rs_row_t *row) {
    const int64_t handle_us = row->counts[RS_COUNT_TALK_US] + row->counts[RS_COUNT_HOLD_US] + row->counts[RS_COUNT_WRAP_US];
    put_count(form, row, "handled", true, RS_COUNT_HANDLED);
    put_count(form, row, "handled_short", true, RS_COUNT_HANDLED_SHORT);
    put_reasons(form, row, &flowed_out, !rs_row_is_person(row));
    put_time(form, row, "talk_ms_sum", true, RS_COUNT_TALK_US);
    put_time(form, row, "hold_ms_sum", true, RS_COUNT_HOLD_US);
    put_time(form, row, "wrap_ms_sum", true, RS_COUNT_WRAP_US);
    rs_form_quotient(form, "aht_ms", (double)handle_us, 1000.0 * (double)row->counts[RS_COUNT_HANDLED]);
    put_count(form, row, "transferred_in", true, RS_COUNT_TRANSFERRED_IN);
    put_count(form, row, "transferred_out", true, RS_COUNT_TRANSFERRED_OUT);
    put_count(form, row, "offers", true, RS_COUNT_OFFERS);
    put_count(form, row, "offers_failed", true, RS_COUNT_OFFERS_FAILED);
}

static void put_details(rs_form_t *form, const rs_row_t *row) {
    const bool whole = !rs_row_is_person(row);
    put_time(form, row, "excess_ms_sum", whole, RS_COUNT_EXCESS_US);
    put_reasons(form, row, &blocked, whole);
    put_reasons(form, row, &transferred_out, true);
    put_reasons(form, row, &offers_failed, true);
    put_count(form, row, "holds", true, RS_COUNT_HOLDS);
    put_count(form, row, "wraps", true, RS_COUNT_WRAPS);
    put_count(form, row, "handling_lost", true, RS_COUNT_HANDLING_LOST);
    put_count(form, row, "clock_anomaly", whole, RS_COUNT_CLOCK_ANOMALY);
    put_count(form, row, "callbacks_requested", whole, RS_COUNT_CALLBACKS_REQUESTED);
    put_count(form, row, "callbacks_attempted", whole, RS_COUNT_CALLBACKS_ATTEMPTED);
    put_count(form, row, "callbacks_connected", whole, RS_COUNT_CALLBACKS_CONNECTED);
    put_count(form, row, "callbacks_failed", whole, RS_COUNT_CALLBACKS_FAILED);
}

void rs_figures_put(rs_form_t *form, const rs_row_t *row) {
    put_legs(form, row);
    put_service_level(form, row);
    put_waits(form, row);
    put_handling(form, row);
    put_details(form, row);
    rs_figures_put_replies(form, row);
    rs_figures_put_people(form, row);
}
