#include "core_window_tests.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static rs_figure_t figure_of(const rs_window_store_t *store, rs_metric_t metric, uint32_t slot, bool open_miss_now) {
    rs_figure_t figure;
    assert_int_equal(rs_metric_read(store, 0, 0, metric, slot, open_miss_now, NOON + MINUTE, &figure), RS_OK);
    return figure;
}

static void names_and_numbers_go_both_ways(void **state) {
    (void)state;
    char all[2048] = "";
    for (unsigned i = 0; i < RS_METRIC_COUNT; i++) {
        rs_metric_t found;
        assert_int_equal(rs_metric_find(rs_str(rs_metric_name(i)), &found), RS_OK);
        assert_int_equal(found, i);
        const size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i == 0 ? "" : ", ", rs_metric_name(i));
    }
    assert_string_equal(rs_metric_names(), all);
    rs_metric_t none = RS_METRIC_AHT;
    assert_int_equal(rs_metric_find(RS_STR("service_levels"), &none), RS_ERR_NOT_FOUND);
    assert_int_equal(rs_metric_find(RS_STR(""), &none), RS_ERR_NOT_FOUND);
    assert_int_equal(none, RS_METRIC_AHT);
}

static void kinds_are_told_apart(void **state) {
    (void)state;
    assert_true(rs_metric_is_gauge(RS_METRIC_OLDEST_WAIT) && rs_metric_is_time(RS_METRIC_OLDEST_WAIT));
    assert_true(rs_metric_is_gauge(RS_METRIC_WAITING) && !rs_metric_is_time(RS_METRIC_WAITING));
    assert_true(rs_metric_is_ratio(RS_METRIC_SERVICE_LEVEL) && !rs_metric_is_gauge(RS_METRIC_SERVICE_LEVEL));
    assert_true(rs_metric_is_time(RS_METRIC_WAIT_P90) && rs_metric_is_time(RS_METRIC_ASA));
    assert_true(rs_metric_is_score(RS_METRIC_NPS) && rs_metric_is_score(RS_METRIC_CSAT) && rs_metric_is_ratio(RS_METRIC_CSAT_TOP_BOX));
    assert_false(rs_metric_is_score(RS_METRIC_ASA) || rs_metric_is_score(RS_METRIC_FCR));
    assert_false(rs_metric_is_ratio(RS_METRIC_OFFERED) || rs_metric_is_time(RS_METRIC_OFFERED));
}

static void nothing_counted_is_null_for_ratios_and_zero_for_counts_and_gauges(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    for (unsigned i = 0; i < RS_METRIC_COUNT; i++) {
        const rs_figure_t figure = figure_of(store, (rs_metric_t)i, 0, true);
        const bool is_rate = (rs_metric_is_ratio((rs_metric_t)i) || rs_metric_is_score((rs_metric_t)i) ||
                              rs_metric_is_time((rs_metric_t)i)) && !rs_metric_is_gauge((rs_metric_t)i);
        const bool is_known = i != RS_METRIC_STAFF;   /* agents are not in the windows */
        assert_int_equal(figure.is_null, is_rate || !is_known);
        if (!figure.is_null) assert_true(figure.value == 0.0);
    }
    rs_window_destroy(&store);
}

static void figures_are_their_formulas(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    assert_int_equal(rs_window_begin(store, 0, NOON), RS_OK);
    rs_window_count(store, RS_COUNT_ANSWERED, 3);
    rs_window_count(store, RS_COUNT_ABANDONED, 1);
    rs_window_count(store, RS_COUNT_WAIT_ANSWERED_US, 31500 * RS_US_PER_MS);
    rs_window_count(store, RS_COUNT_HANDLED, 2);
    rs_window_count(store, RS_COUNT_HANDLED_SHORT, 1);
    rs_window_count(store, RS_COUNT_TALK_US, 100 * SECOND);
    rs_window_count(store, RS_COUNT_HOLD_US, 20 * SECOND);
    rs_window_count(store, RS_COUNT_WRAP_US, 30 * SECOND);
    rs_window_count(store, RS_COUNT_OFFERS_FAILED, 2);
    rs_window_count(store, RS_COUNT_FCR_ELIGIBLE, 8);
    rs_window_count(store, RS_COUNT_FCR_UNRESOLVED, 2);
    rs_window_count(store, RS_COUNT_CSAT_RESPONSES, 4);
    rs_window_count(store, RS_COUNT_CSAT_SCORE_MILLI, 17000);
    rs_window_count(store, RS_COUNT_CSAT_TOP, 2);
    rs_window_count(store, RS_COUNT_CES_RESPONSES, 2);
    rs_window_count(store, RS_COUNT_CES_SCORE_MILLI, 11000);
    rs_window_count(store, RS_COUNT_NPS_RESPONSES, 10);
    rs_window_count(store, RS_COUNT_NPS_PROMOTERS, 2);
    rs_window_count(store, RS_COUNT_NPS_DETRACTORS, 5);
    rs_window_count(store, RS_COUNT_SURVEYED_CONTACTS, 1);
    rs_window_count(store, RS_COUNT_COMPLAINTS, 3);
    rs_window_count(store, RS_COUNT_COMPLAINTS_OVERDUE, 1);
    rs_window_count(store, (rs_count_t)(RS_COUNT_SL_NUM_0 + 5), 2);
    rs_window_count(store, (rs_count_t)(RS_COUNT_SL_DEN_0 + 5), 3);
    for (int i = 1; i <= 3; i++) rs_window_duration(store, RS_HIST_WAIT_ANSWERED, i * 20 * RS_US_PER_MS, 1);
    rs_window_wait(store, 60500, 1);
    rs_window_end(store);
    const struct { rs_metric_t metric; double value; int64_t denominator; } table[] = {
        {RS_METRIC_ANSWERED, 3, 0}, {RS_METRIC_ABANDONED_RATE, 0.25, 4}, {RS_METRIC_ASA, 10500, 3}, {RS_METRIC_AHT, 75000, 2},
        {RS_METRIC_SHORT_RATE, 0.5, 2}, {RS_METRIC_OFFERS_FAILED_RATE, 0.4, 5}, {RS_METRIC_WAIT_P50, 40, 3},
        {RS_METRIC_WAIT_P99, 60, 3}, {RS_METRIC_WAIT_MAX, 60, 4}, {RS_METRIC_FCR, 0.75, 8},
        {RS_METRIC_CSAT, 4.25, 4}, {RS_METRIC_CSAT_TOP_BOX, 0.5, 4}, {RS_METRIC_CES, 5.5, 2}, {RS_METRIC_NPS, -30, 10},
        {RS_METRIC_SURVEY_RESPONSE_RATE, 0.5, 2}, {RS_METRIC_COMPLAINTS, 3, 0}, {RS_METRIC_COMPLAINTS_OVERDUE, 1, 0}};
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        const rs_figure_t figure = figure_of(store, table[i].metric, 0, false);
        if (figure.is_null || fabs(figure.value - table[i].value) > 1e-9 || figure.denominator != table[i].denominator) {
            fail_msg("%s is %f of %lld", rs_metric_name(table[i].metric), figure.value, (long long)figure.denominator);
        }
    }
    assert_true(fabs(figure_of(store, RS_METRIC_SERVICE_LEVEL, 5, false).value - 2.0 / 3) < 1e-12);
    assert_true(figure_of(store, RS_METRIC_SERVICE_LEVEL, 4, false).is_null);
    rs_window_destroy(&store);
}

static void open_legs_past_the_threshold_join_the_denominator_only_when_asked(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    count_at(store, 0, NOON, RS_COUNT_SL_NUM_0, 3);
    count_at(store, 0, NOON, RS_COUNT_SL_DEN_0, 3);
    rs_window_gauges_t gauges = {.waiting = 2, .oldest_queued_us = NOON + 10 * SECOND, .open_over_t = 1, .open_miss = {1, 7}};
    rs_window_set_gauges(store, 0, &gauges);
    assert_true(figure_of(store, RS_METRIC_SERVICE_LEVEL, 0, false).value == 1.0);
    assert_true(figure_of(store, RS_METRIC_SERVICE_LEVEL, 0, true).value == 0.75);
    assert_true(figure_of(store, RS_METRIC_SERVICE_LEVEL, 1, true).value == 0.0); /* only open legs: a miss, not null */
    assert_int_equal(figure_of(store, RS_METRIC_SERVICE_LEVEL, 1, true).denominator, 7);
    assert_true(figure_of(store, RS_METRIC_WAITING, 0, false).value == 2.0);
    assert_true(figure_of(store, RS_METRIC_OPEN_OVER_T, 0, false).value == 1.0);
    assert_true(figure_of(store, RS_METRIC_OLDEST_WAIT, 0, false).value == 50000.0);
    rs_window_destroy(&store);
}

/* Whoever looks only at figures whose parts changed misses none. */
static void a_figure_moves_only_when_something_that_it_reads_is_noted(void **state) {
    (void)state;
    unsigned moved = 0;
    for (unsigned count = 0; count < RS_COUNT_COUNT; count++) {
        rs_window_store_t *store = make_store();
        rs_figure_t before[RS_METRIC_COUNT];
        assert_int_equal(rs_window_begin(store, 0, NOON), RS_OK);
        for (unsigned each = 0; each < RS_COUNT_COUNT; each++) rs_window_count(store, (rs_count_t)each, 10 + each % 7);
        rs_window_end(store);
        answer_at(store, 0, NOON, 5 * SECOND, 1);
        for (unsigned m = 0; m < RS_METRIC_COUNT; m++) before[m] = figure_of(store, (rs_metric_t)m, 1, false);
        assert_int_not_equal(rs_window_take_changes(store, 0), 0);
        assert_int_equal(rs_window_changes(store, 0), 0);
        count_at(store, 0, NOON, (rs_count_t)count, 3);
        const uint32_t changes = rs_window_take_changes(store, 0);
        assert_int_equal(changes, rs_changed_count(count));
        for (unsigned m = 0; m < RS_METRIC_COUNT; m++) {
            const rs_figure_t after = figure_of(store, (rs_metric_t)m, 1, false);
            const bool same = before[m].value == after.value && before[m].numerator == after.numerator &&
                              before[m].denominator == after.denominator;
            if (!same && (rs_metric_reads((rs_metric_t)m) & changes) == 0) {
                fail_msg("%s moves by %s unnoted", rs_metric_name(m), rs_count_name(count));
            }
            moved += !same;
        }
        rs_window_destroy(&store);
    }
    assert_true(moved > RS_METRIC_COUNT / 2);
}

static void what_time_and_gauges_change_is_noted(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    answer_at(store, 0, NOON, 5 * SECOND, 1);
    assert_int_equal(rs_window_take_changes(store, 0), RS_CHANGED_LEGS);
    rs_window_set_gauges(store, 0, &(rs_window_gauges_t){.waiting = 1});
    rs_window_set_prediction(store, 0, &(rs_window_prediction_t){.reason = RS_PREDICTION_GIVEN});
    assert_int_equal(rs_window_take_changes(store, 0), RS_CHANGED_GAUGES | RS_CHANGED_PREDICTION);
    rs_window_set_gauges(store, 0, &(rs_window_gauges_t){.waiting = 1});
    rs_window_advance(store, NOON + 4 * MINUTE);
    assert_int_equal(rs_window_take_changes(store, 0), 0);
    rs_window_advance(store, NOON + 6 * MINUTE);
    assert_int_equal(rs_window_take_changes(store, 0), rs_changed_window(0));
    rs_window_advance(store, NOON + 31 * MINUTE);
    assert_int_equal(rs_window_take_changes(store, 0), rs_changed_window(1) | rs_changed_window(2));
    rs_window_advance(store, NOON + 13 * HOUR);
    assert_int_equal(rs_window_take_changes(store, 0), rs_changed_window(3) | rs_changed_window(RS_WINDOW_TODAY));
    assert_int_equal(rs_window_take_changes(store, 1), rs_changed_window(RS_WINDOW_TODAY));
    rs_window_destroy(&store);
}

static void an_unknown_key_or_window_is_not_found(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    rs_figure_t figure;
    assert_int_equal(rs_metric_read(store, 9, 0, RS_METRIC_OFFERED, 0, false, NOON, &figure), RS_ERR_NOT_FOUND);
    assert_int_equal(rs_metric_read(store, 9, 0, RS_METRIC_WAITING, 0, false, NOON, &figure), RS_ERR_NOT_FOUND);
    assert_int_equal(rs_metric_read(store, 1, 0, RS_METRIC_OFFERED, 0, false, NOON, &figure), RS_ERR_NOT_FOUND);
    assert_int_equal(rs_metric_read(store, 1, 3, RS_METRIC_WAIT_P90, 0, false, NOON, &figure), RS_ERR_NOT_FOUND);
    assert_int_equal(rs_metric_read(store, 1, 3, RS_METRIC_HANDLED, 0, false, NOON, &figure), RS_OK);
    rs_window_destroy(&store);
}

const struct CMUnitTest metric_tests[] = {
    cmocka_unit_test(names_and_numbers_go_both_ways),
    cmocka_unit_test(kinds_are_told_apart),
    cmocka_unit_test(nothing_counted_is_null_for_ratios_and_zero_for_counts_and_gauges),
    cmocka_unit_test(figures_are_their_formulas),
    cmocka_unit_test(open_legs_past_the_threshold_join_the_denominator_only_when_asked),
    cmocka_unit_test(a_figure_moves_only_when_something_that_it_reads_is_noted),
    cmocka_unit_test(what_time_and_gauges_change_is_noted),
    cmocka_unit_test(an_unknown_key_or_window_is_not_found),
};
const size_t metric_test_count = RS_ARRAY_LEN(metric_tests);
