/* Replies and resolutions: by the queue's working hours, and their mean by the calendar beside it. */
#include "cli/row_figures.h"

typedef struct clocked {
    const char *name;
    unsigned count, in_t, us, calendar_us, histogram;
} clocked_t;

static const clocked_t clocks[] = {
    {"first_reply", RS_COUNT_FIRST_REPLIES, RS_COUNT_FIRST_REPLIES_IN_T, RS_COUNT_FIRST_REPLY_US, RS_COUNT_FIRST_REPLY_CALENDAR_US,
     RS_HIST_FIRST_REPLY},
    {"next_reply", RS_COUNT_NEXT_REPLIES, RS_COUNT_NEXT_REPLIES_IN_T, RS_COUNT_NEXT_REPLY_US, RS_COUNT_NEXT_REPLY_CALENDAR_US,
     RS_HIST_NEXT_REPLY},
    {"resolution", RS_COUNT_RESOLUTIONS, RS_COUNT_RESOLUTIONS_IN_T, RS_COUNT_RESOLUTION_US, RS_COUNT_RESOLUTION_CALENDAR_US,
     RS_HIST_RESOLUTION}};

static void put_percentile(rs_form_t *form, const char *name, const rs_row_t *row, unsigned histogram, uint32_t per_mille) {
    const int64_t ms = rs_hist_percentile_ms(row->histograms[histogram], row->histogram_sizes[histogram], per_mille, -1, -1);
    rs_form_integer(form, name, ms >= 0, ms);
}

void rs_figures_put_replies(rs_form_t *form, const rs_row_t *row) {
    const bool whole = !rs_row_is_person(row);
    for (size_t i = 0; i < RS_ARRAY_LEN(clocks); i++) {
        const clocked_t *clock = &clocks[i];
        const double thousand = 1000.0 * (double)row->counts[clock->count];
        rs_form_begin(form, clock->name, whole);
        rs_form_integer(form, "count", true, row->counts[clock->count]);
        rs_form_integer(form, "in_t", true, row->counts[clock->in_t]);
        rs_form_quotient(form, "mean_ms", (double)row->counts[clock->us], thousand);
        put_percentile(form, "p50_ms", row, clock->histogram, 500);
        put_percentile(form, "p90_ms", row, clock->histogram, 900);
        rs_form_quotient(form, "calendar_mean_ms", (double)row->counts[clock->calendar_us], thousand);
        rs_form_end(form);
    }
    rs_form_integer(form, "reopened", whole, row->counts[RS_COUNT_REOPENED]);
}
