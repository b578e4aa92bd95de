#include "core/detect/chart.h"

#include <math.h>

rs_chart_design_t rs_chart_design(uint32_t rules) {
    const bool nelson = (rules & ~(uint32_t)RS_CHART_WESTERN_ELECTRIC) != 0;
    return (rs_chart_design_t){.rules = rules, .width = 1, .side_run = nelson ? 9 : 8, .trend_run = 6, .alternating_run = 14,
                               .within_run = 15, .outside_run = 8, .sides = RS_SIDE_BOTH};
}

static const char *const names[] = {"beyond_3", "two_of_three", "four_of_five", "side", "trend", "alternating", "within", "outside"};

const char *rs_chart_rule_name(uint32_t rules) {
    for (size_t i = 0; i < RS_ARRAY_LEN(names); i++) {
        if ((rules & 1u << i) != 0) return names[i];
    }
    return "";
}

static uint16_t one_more(uint16_t count) { return count == UINT16_MAX ? count : (uint16_t)(count + 1); }

/* The last points and this one: a bit each. */
static uint8_t with_point(uint8_t before, bool point, unsigned points) {
    return (uint8_t)(((unsigned)before << 1 | point) & ((1u << points) - 1));
}

static void zone_rules(uint8_t two, uint8_t one, uint32_t rules, uint32_t *signalled) {
    if ((rules & RS_CHART_TWO_OF_THREE) != 0 && (two & 1) != 0 && __builtin_popcount(two) >= 2) *signalled |= RS_CHART_TWO_OF_THREE;
    if ((rules & RS_CHART_FOUR_OF_FIVE) != 0 && (one & 1) != 0 && __builtin_popcount(one) >= 4) *signalled |= RS_CHART_FOUR_OF_FIVE;
}

static void follow_zones(const rs_chart_design_t *design, rs_chart_t *chart, double x, uint32_t *signalled) {
    const double width = design->width;
    const uint8_t above_two = with_point(chart->above_two, x > 2 * width, 3), above_one = with_point(chart->above_one, x > width, 5);
    const uint8_t below_two = with_point(chart->below_two, x < -2 * width, 3), below_one = with_point(chart->below_one, x < -width, 5);
    if ((design->sides & RS_SIDE_UP) != 0) zone_rules(above_two, above_one, design->rules, signalled);
    if ((design->sides & RS_SIDE_DOWN) != 0) zone_rules(below_two, below_one, design->rules, signalled);
    chart->above_two = above_two & 3;
    chart->below_two = below_two & 3;
    chart->above_one = above_one & 15;
    chart->below_one = below_one & 15;
}

static void follow_side(const rs_chart_design_t *design, rs_chart_t *chart, double x, uint32_t *signalled) {
    const int8_t side = (int8_t)((x > 0) - (x < 0));
    chart->side_count = side != 0 && side == chart->side ? one_more(chart->side_count) : side != 0;
    chart->side = side;
    const bool watched = (design->sides & (side > 0 ? RS_SIDE_UP : RS_SIDE_DOWN)) != 0;
    if (watched && chart->side_count >= design->side_run) *signalled |= RS_CHART_SIDE;
}

/* A step is from one point to the next; n points make n - 1 of them. */
static void follow_steps(const rs_chart_design_t *design, rs_chart_t *chart, double x, uint32_t *signalled) {
    const int8_t direction = chart->points == 0 ? 0 : (int8_t)((x > chart->last) - (x < chart->last));
    const bool goes_on = direction != 0 && direction == chart->direction, turns = direction != 0 && direction == -chart->direction;
    chart->trend_count = goes_on ? one_more(chart->trend_count) : direction != 0;
    chart->alternating_count = turns ? one_more(chart->alternating_count) : direction != 0;
    chart->direction = direction;
    chart->last = x;
    chart->points = 1;
    if ((design->rules & RS_CHART_TREND) != 0 && chart->trend_count + 1 >= design->trend_run) *signalled |= RS_CHART_TREND;
    if ((design->rules & RS_CHART_ALTERNATING) != 0 && chart->alternating_count + 1 >= design->alternating_run) {
        *signalled |= RS_CHART_ALTERNATING;
    }
}

uint32_t rs_chart_step(const rs_chart_design_t *design, rs_chart_t *chart, double x) {
    uint32_t signalled = 0;
    const bool is_above = x > 3 * design->width && (design->sides & RS_SIDE_UP) != 0;
    const bool is_below = x < -3 * design->width && (design->sides & RS_SIDE_DOWN) != 0;
    if ((design->rules & RS_CHART_BEYOND_3) != 0 && (is_above || is_below)) signalled |= RS_CHART_BEYOND_3;
    follow_zones(design, chart, x, &signalled);
    if ((design->rules & RS_CHART_SIDE) != 0) follow_side(design, chart, x, &signalled);
    follow_steps(design, chart, x, &signalled);
    const bool near = fabs(x) < design->width;
    chart->within_count = near ? one_more(chart->within_count) : 0;
    chart->outside_count = near ? 0 : one_more(chart->outside_count);
    if ((design->rules & RS_CHART_WITHIN) != 0 && chart->within_count >= design->within_run) signalled |= RS_CHART_WITHIN;
    if ((design->rules & RS_CHART_OUTSIDE) != 0 && chart->outside_count >= design->outside_run) signalled |= RS_CHART_OUTSIDE;
    return signalled;
}
