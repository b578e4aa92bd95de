#include "core/figure.h"

static bool quotient(int64_t numerator, int64_t denominator, double *value) {
    if (denominator <= 0) return false;
    *value = (double)numerator / (double)denominator;
    return true;
}

static int64_t busy_us(const int64_t counts[RS_COUNT_COUNT]) {
    return counts[RS_COUNT_TALK_US] + counts[RS_COUNT_HOLD_US] + counts[RS_COUNT_WRAP_US];
}

bool rs_figure_occupancy_on_contact(const int64_t counts[RS_COUNT_COUNT], double *value) {
    if (counts[RS_COUNT_LOGGED_IN_US] <= 0) return false;
    return quotient(busy_us(counts), busy_us(counts) + counts[RS_COUNT_AVAILABLE_US], value);
}

bool rs_figure_occupancy_logged_in(const int64_t counts[RS_COUNT_COUNT], double *value) {
    return quotient(busy_us(counts), counts[RS_COUNT_LOGGED_IN_US], value);
}

bool rs_figure_adherence(const int64_t counts[RS_COUNT_COUNT], double *value) {
    double out_of_plan;
    if (!quotient(counts[RS_COUNT_OUT_OF_PLAN_US], counts[RS_COUNT_PLANNED_US], &out_of_plan)) return false;
    *value = out_of_plan > 1 ? 0 : 1 - out_of_plan;
    return true;
}

bool rs_figure_conformance(const int64_t counts[RS_COUNT_COUNT], double *value) {
    return quotient(counts[RS_COUNT_WORKED_US], counts[RS_COUNT_PLANNED_WORK_US], value);
}
