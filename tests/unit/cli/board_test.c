#include "cli_test.h"

#include "event/event.h"

#include <stdio.h>

static test_board_t test;

static int create(void **state) {
    (void)state;
    test = test_board_create(NULL);
    return 0;
}

static int destroy(void **state) {
    (void)state;
    test_board_destroy(&test);
    return 0;
}

static void apply(const test_window_t *window) { assert_int_equal(test_apply_window(test.board, window, false), RS_OK); }

static rs_board_stats_t stats(void) {
    rs_board_stats_t now;
    rs_board_stats(test.board, &now);
    return now;
}

/* The names of the selected queues, separated by blanks. */
static const char *selected(uint32_t window, rs_board_sort_t sort, const char *filter) {
    static char names[1024];
    uint32_t count;
    const rs_board_row_t *const *rows = rs_board_select(test.board, window, 0, sort, filter, &count);
    names[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        strcat(names, i > 0 ? " " : "");
        strcat(names, rows[i]->key.name);
    }
    return names;
}

/* --- rows --------------------------------------------------------------------------------------------------------- */
static void the_last_body_of_a_queue_is_the_truth_about_it(void **state) {
    uint32_t count, number = 9;
    (void)state;
    apply(&(test_window_t){.queue = "vip", .waiting = 2, .oldest_s = 10, .offered = 5, .answered = 4, .in_time = 3, .of = 4});
    apply(&(test_window_t){.queue = "vip", .after_s = 1, .offered = 7, .answered = 6, .in_time = 5, .of = 6, .p90_ms = -1});
    const rs_board_row_t *const *rows = rs_board_select(test.board, 0, 0, RS_SORT_NAME, "", &count);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0]->waiting, 0);
    assert_int_equal(rs_board_oldest_ms(test.board, rows[0]), -1);
    assert_int_equal(rows[0]->figures[0].counts.offered, 7);
    assert_int_equal(rows[0]->figures[1].counts.offered, 14);
    assert_int_equal(rows[0]->figures[1].shares[1].denominator, 24);
    assert_int_equal(rows[0]->figures[0].counts.p90_ms, -1);
    assert_string_equal(rs_board_window(test.board, 2), "today");
    assert_null(rs_board_window(test.board, 3));
    assert_int_equal(rs_board_find_policy(test.board, "answered_only", &number), RS_OK);
    assert_int_equal(number, 1);
    assert_int_equal(rs_board_find_window(test.board, "1h", &number), RS_ERR_NOT_FOUND);
    assert_int_equal(stats().now_us, TEST_NOW_US + RS_US_PER_S);
}

static void what_is_no_queue_total_or_alert_is_passed_over(void **state) {
    const rs_str_t channel =
        RS_STR("{\"tenant\":\"t\",\"key\":\"channel/voice\",\"family\":\"channel\",\"channel\":\"voice\",\"at\":\"2026-11-22T10:00:00Z\"}");
    const rs_str_t later = RS_STR("{\"tenant\":\"t\",\"key\":\"skill/x\",\"family\":\"skill\",\"at\":\"2026-11-22T10:00:00Z\"}");
    (void)state;
    assert_int_equal(rs_board_apply(test.board, RS_STR("window/t/channel/voice"), channel, false), RS_ERR_NOT_FOUND);
    assert_int_equal(rs_board_apply(test.board, RS_STR("window/t/skill/x"), later, false), RS_ERR_NOT_FOUND);
    assert_int_equal(rs_board_apply(test.board, RS_STR("weather/t"), RS_STR("{}"), false), RS_ERR_NOT_FOUND);
    assert_int_equal(rs_board_apply(test.board, RS_STR("window/t/total"), RS_STR("{"), false), RS_ERR_PARSE);
    assert_int_equal(rs_board_apply(test.board, RS_STR("alert/t/total"), RS_STR(""), false), RS_ERR_PARSE);
    assert_int_equal(stats().rows, 0);
    assert_int_equal(stats().refused, 2);
}

static void a_snapshot_sweeps_what_it_does_not_mention_at_its_end(void **state) {
    (void)state;
    apply(&(test_window_t){.queue = "gone"});
    apply(&(test_window_t){.queue = "stays"});
    rs_board_begin_snapshot(test.board);
    assert_int_equal(test_apply_window(test.board, &(test_window_t){.queue = "stays", .offered = 3}, true), RS_OK);
    assert_int_equal(test_apply_window(test.board, &(test_window_t){.queue = "new"}, true), RS_OK);
    assert_string_equal(selected(0, RS_SORT_NAME, ""), "gone new stays");   /* nothing blinks meanwhile */
    rs_board_begin_snapshot(test.board);                                    /* it broke off: once more */
    assert_int_equal(test_apply_window(test.board, &(test_window_t){.queue = "stays", .offered = 3}, true), RS_OK);
    assert_int_equal(test_apply_window(test.board, &(test_window_t){.queue = "new"}, true), RS_OK);
    rs_board_end_snapshot(test.board);
    assert_string_equal(selected(0, RS_SORT_NAME, ""), "new stays");
    apply(&(test_window_t){.queue = "stays", .offered = 4});                /* and is found again after the sweep */
    apply(&(test_window_t){.queue = "gone"});
    assert_string_equal(selected(0, RS_SORT_NAME, ""), "gone new stays");
}

static void more_queues_than_fit_are_counted_once_each(void **state) {
    (void)state;
    for (int i = 0; i < RS_BOARD_ROWS; i++) {
        char name[32];
        snprintf(name, sizeof name, "q%05d", i);
        apply(&(test_window_t){.queue = name});
    }
    for (int round = 0; round < 2; round++) {
        assert_int_equal(test_apply_window(test.board, &(test_window_t){.queue = "x"}, false), RS_ERR_FULL);
        assert_int_equal(test_apply_window(test.board, &(test_window_t){.queue = "y"}, false), RS_ERR_FULL);
    }
    apply(&(test_window_t){.queue = "q00017", .offered = 1});
    assert_int_equal(stats().rows, RS_BOARD_ROWS);
    assert_int_equal(stats().rows_more, 2);
}

/* --- levels, order, filter ---------------------------------------------------------------------------------------- */
static rs_level_t level_with(rs_board_t *board, const char *policies) {
    char text[1024], at[32];
    uint32_t count = 0;
    rs_event_format_time(TEST_NOW_US, at);
    snprintf(text, sizeof text,
             "{\"tenant\":\"default\",\"key\":\"queue/vip/voice\",\"family\":\"queue\",\"queue\":\"vip\","
             "\"channel\":\"voice\",\"at\":\"%s\",%s\"windows\":{\"5m\":{\"service_level\":{\"answered_only\":{\"numerator\":85,"
             "\"denominator\":100}}}}}",
             at, policies);
    assert_int_equal(rs_board_apply(board, RS_STR("window/default/queue/vip/voice"), rs_str(text), false), RS_OK);
    const rs_board_row_t *const *rows = rs_board_select(board, 0, 0, RS_SORT_NAME, "", &count);
    assert_int_equal(count, 1);
    return rs_board_service_level(board, rows[0], 0, 0);
}

/* The board needs no file of the daemon: 85 % is good for 80 %, and not for the 90 % that this queue promises. */
static void the_target_is_the_feed_s_and_else_the_configuration_s(void **state) {
    test_board_t own = test_board_create(NULL);
    (void)state;
    assert_int_equal(level_with(own.board, ""), RS_LEVEL_NORMAL);
    assert_int_equal(level_with(own.board, "\"policies\":{\"answered_only\":{\"version\":1,\"target\":0.9}},"), RS_LEVEL_WARNING);
    assert_int_equal(level_with(own.board, "\"policies\":{\"answered_only\":{\"version\":1,\"target\":0.96}},"), RS_LEVEL_BREACH);
    assert_int_equal(level_with(own.board, "\"policies\":{\"answered_only\":{\"version\":1,\"target\":null}},"), RS_LEVEL_NORMAL);
    assert_int_equal(rs_board_apply(own.board, RS_STR("window/default/queue/vip/voice"),
                                    RS_STR("{\"tenant\":\"default\",\"key\":\"queue/vip/voice\",\"family\":\"queue\",\"at\":"
                                           "\"2026-11-22T10:00:00Z\",\"policies\":{\"p\":{\"target\":1.5}},\"windows\":{}}"), false),
                     RS_ERR_PARSE);
    test_board_destroy(&own);
}

static void levels_follow_target_sample_and_threshold(void **state) {
    static const char *const settings[] = {"queues.q.target=0.9", NULL};
    static const struct { int in_time, of; rs_level_t level; } table[] = {
        {0, 0, RS_LEVEL_NORMAL}, {90, 100, RS_LEVEL_NORMAL}, {89, 100, RS_LEVEL_WARNING}, {80, 100, RS_LEVEL_WARNING},
        {79, 100, RS_LEVEL_BREACH}, {0, 9, RS_LEVEL_WARNING}, {0, 10, RS_LEVEL_BREACH},
    };
    static const struct { int waiting, oldest_s; rs_level_t level; } waits[] = {
        {0, 500, RS_LEVEL_NORMAL}, {1, 20, RS_LEVEL_NORMAL}, {1, 21, RS_LEVEL_WARNING}, {1, 60, RS_LEVEL_WARNING}, {1, 61, RS_LEVEL_BREACH},
    };
    test_board_t own = test_board_create(settings);
    uint32_t count;
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        test_apply_window(own.board, &(test_window_t){.queue = "q", .in_time = table[i].in_time, .of = table[i].of}, false);
        const rs_board_row_t *row = rs_board_select(own.board, 0, 0, RS_SORT_NAME, "", &count)[0];
        assert_int_equal(rs_board_service_level(own.board, row, 0, 0), table[i].level);
        assert_int_equal(rs_board_service_level(own.board, row, UINT32_MAX, 0), RS_LEVEL_NORMAL);
        assert_int_equal(rs_board_service_level(own.board, row, 0, UINT32_MAX), RS_LEVEL_NORMAL);
    }
    for (size_t i = 0; i < RS_ARRAY_LEN(waits); i++) {
        test_apply_window(own.board, &(test_window_t){.queue = "q", .waiting = waits[i].waiting, .oldest_s = waits[i].oldest_s}, false);
        const rs_board_row_t *row = rs_board_select(own.board, 0, 0, RS_SORT_NAME, "", &count)[0];
        assert_int_equal(rs_board_wait_level(own.board, row), waits[i].level);
    }
    test_board_destroy(&own);
}

static void the_oldest_goes_on_waiting_between_two_bodies(void **state) {
    uint32_t count;
    (void)state;
    apply(&(test_window_t){.queue = "vip", .waiting = 1, .oldest_s = 10});
    rs_board_advance(test.board, TEST_NOW_US + 4 * RS_US_PER_S);
    const rs_board_row_t *row = rs_board_select(test.board, 0, 0, RS_SORT_NAME, "", &count)[0];
    assert_int_equal(rs_board_oldest_ms(test.board, row), 14000);
}

static void worst_first_puts_breaches_before_warnings_and_nothing_last(void **state) {
    (void)state;
    apply(&(test_window_t){.queue = "idle"});
    apply(&(test_window_t){.queue = "good", .in_time = 9, .of = 10});
    apply(&(test_window_t){.queue = "perfect", .in_time = 10, .of = 10});
    apply(&(test_window_t){.queue = "warning", .in_time = 75, .of = 100});
    apply(&(test_window_t){.queue = "breach", .in_time = 50, .of = 100});
    apply(&(test_window_t){.queue = "worse", .in_time = 40, .of = 100});
    apply(&(test_window_t){.queue = "stuck", .in_time = 10, .of = 10, .waiting = 1, .oldest_s = 100});
    assert_string_equal(selected(0, RS_SORT_WORST, ""), "worse breach stuck warning good perfect idle");
    assert_string_equal(selected(0, RS_SORT_NAME, ""), "breach good idle perfect stuck warning worse");
    assert_string_equal(selected(2, RS_SORT_WORST, ""), "stuck breach good idle perfect warning worse");   /* `today` is empty */
}

static void most_waiting_first_breaks_ties_by_the_oldest(void **state) {
    (void)state;
    apply(&(test_window_t){.queue = "a"});
    apply(&(test_window_t){.queue = "b", .waiting = 2, .oldest_s = 5});
    apply(&(test_window_t){.queue = "c", .waiting = 2, .oldest_s = 9});
    apply(&(test_window_t){.queue = "d", .waiting = 7, .oldest_s = 1});
    assert_string_equal(selected(0, RS_SORT_WAITING, ""), "d c b a");
}

static void the_filter_finds_parts_of_names_channels_and_tenants_in_either_case(void **state) {
    (void)state;
    apply(&(test_window_t){.queue = "Größe"});
    apply(&(test_window_t){.queue = "sales", .channel = "chat"});
    apply(&(test_window_t){.queue = "support", .tenant = "acme"});
    assert_string_equal(selected(0, RS_SORT_NAME, "GRÖ"), "Größe");
    assert_string_equal(selected(0, RS_SORT_NAME, "cha"), "sales");
    assert_string_equal(selected(0, RS_SORT_NAME, "ACME"), "support");
    assert_string_equal(selected(0, RS_SORT_NAME, "s"), "support sales");   /* tenant acme stands before default */
    assert_string_equal(selected(0, RS_SORT_NAME, "none of it"), "");
    assert_string_equal(selected(0, RS_SORT_NAME, "\xFF"), "");
    assert_int_equal(stats().tenants, 2);
}

/* --- total -------------------------------------------------------------------------------------------------------- */
static void totals_of_tenants_add_up_and_percentiles_do_not(void **state) {
    static rs_board_row_t total;
    (void)state;
    assert_false(rs_board_total(test.board, &total));
    apply(&(test_window_t){.waiting = 1, .oldest_s = 5, .offered = 10, .answered = 8, .in_time = 6, .of = 8, .asa_ms = 1000,
                           .p90_ms = 9000});
    assert_true(rs_board_total(test.board, &total));
    assert_int_equal(total.figures[0].counts.p90_ms, 9000);
    apply(&(test_window_t){.tenant = "acme", .waiting = 2, .oldest_s = 7, .offered = 20, .answered = 12, .in_time = 12, .of = 12,
                           .asa_ms = 2000, .p90_ms = 1});
    assert_true(rs_board_total(test.board, &total));
    assert_int_equal(total.waiting, 3);
    assert_int_equal(rs_board_oldest_ms(test.board, &total), 7000);
    assert_int_equal(total.figures[0].counts.offered, 30);
    assert_int_equal(total.figures[0].counts.answered_wait_ms, 32000);
    assert_int_equal(total.figures[0].shares[0].numerator, 18);
    assert_int_equal(total.figures[0].shares[0].denominator, 20);
    assert_int_equal(total.figures[0].counts.p90_ms, -1);
    assert_int_equal(stats().tenants, 2);
}

/* --- trend -------------------------------------------------------------------------------------------------------- */
static void check_trend(uint32_t policy, const char *wanted) {
    uint8_t samples[RS_BOARD_TREND];
    char text[RS_BOARD_TREND + 1] = "";
    uint32_t count;
    const rs_board_row_t *row = rs_board_select(test.board, 0, 0, RS_SORT_NAME, "", &count)[0];
    rs_board_trend(test.board, row, 0, policy, samples);
    for (int i = 0; i < RS_BOARD_TREND; i++) text[i] = (char)(samples[i] == RS_TREND_NONE ? '.' : '0' + samples[i] * 9 / RS_TREND_WHOLE);
    assert_string_equal(text, wanted);
}

static void the_trend_keeps_ten_minutes_of_what_was_seen(void **state) {
    (void)state;
    apply(&(test_window_t){.queue = "q", .in_time = 10, .of = 10});
    check_trend(0, "...................9");
    apply(&(test_window_t){.queue = "q", .in_time = 5, .of = 10, .after_s = 10});       /* same step: the last one holds */
    check_trend(0, "...................4");
    rs_board_advance(test.board, TEST_NOW_US + 30 * RS_US_PER_S);                       /* nothing new: what is known goes on */
    check_trend(0, "..................44");
    apply(&(test_window_t){.queue = "q", .after_s = 120});                              /* not seen in between; null now */
    check_trend(0, "...............44...");
    apply(&(test_window_t){.queue = "q", .in_time = 10, .of = 10, .after_s = 150});
    check_trend(0, "..............44...9");
    check_trend(1, "..............44...9");
    rs_board_advance(test.board, TEST_NOW_US + (150 + 19 * 30) * RS_US_PER_S);
    check_trend(0, "9..................9");
    rs_board_advance(test.board, TEST_NOW_US + 100000 * RS_US_PER_S);
    check_trend(0, "...................9");
    rs_board_advance(test.board, TEST_NOW_US);                                          /* the daemon's clock went back */
    check_trend(0, "...................9");
}

static void times_near_the_epoch_do_no_harm(void **state) {
    (void)state;
    apply(&(test_window_t){.queue = "q", .in_time = 10, .of = 10, .after_s = -TEST_NOW_US / RS_US_PER_S + 1});
    check_trend(0, "...................9");
    apply(&(test_window_t){.queue = "q", .in_time = 10, .of = 10});
    rs_board_advance(test.board, 31 * RS_US_PER_S);
    check_trend(0, "...................9");
}

/* --- alerts ------------------------------------------------------------------------------------------------------- */
static const char *open_alerts(void) {
    static char names[4096];
    uint32_t count;
    const rs_alert_body_t *const *alerts = rs_board_alerts(test.board, &count);
    names[0] = '\0';
    for (uint32_t i = 0; i < count && i < 100; i++) {
        strcat(names, i > 0 ? " " : "");
        strcat(names, alerts[i]->episode);
    }
    return names;
}

static void alert(const char *episode, const char *from, const char *to, int64_t started_s, bool in_snapshot, int status) {
    const test_alert_t body = {.episode = episode, .rule = "r", .severity = "warning", .from = from, .state = to, .queue = "q",
                               .started_s = started_s, .value = 0.5, .of = 10};
    assert_int_equal(test_apply_alert(test.board, &body, in_snapshot), status);
}

static void open_alerts_come_newest_first_and_pending_last(void **state) {
    (void)state;
    alert("1-1", "ok", "pending", 50, false, RS_OK);
    alert("1-2", "ok", "firing", 10, false, RS_OK);
    alert("1-3", "ok", "firing", 20, false, RS_OK);
    assert_string_equal(open_alerts(), "1-3 1-2 1-1");
    alert("1-1", "pending", "firing", 50, false, RS_OK);
    alert("1-3", "firing", "recovering", 20, false, RS_OK);
    assert_string_equal(open_alerts(), "1-1 1-3 1-2");
    alert("1-3", "recovering", "resolved", 20, false, RS_OK);
    alert("1-9", "pending", "ok", 20, false, RS_OK);
    assert_string_equal(open_alerts(), "1-1 1-2");
    assert_int_equal(stats().alerts_more, 0);
}

static void the_gravest_comes_first_however_old_it_is(void **state) {
    static const char *const severities[] = {"info", "critical", "warning"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        char episode[8];
        snprintf(episode, sizeof episode, "1-%d", i);
        const test_alert_t body = {.episode = episode, .rule = "r", .severity = severities[i], .from = "ok",
                                   .state = "firing", .queue = "q", .started_s = 100 - i, .value = 0.5, .of = 10};
        assert_int_equal(test_apply_alert(test.board, &body, false), RS_OK);
    }
    assert_string_equal(open_alerts(), "1-1 1-2 1-0");
}

static void alerts_that_a_snapshot_does_not_mention_are_over(void **state) {
    (void)state;
    alert("1-1", "ok", "firing", 1, false, RS_OK);
    alert("1-2", "ok", "firing", 2, false, RS_OK);
    rs_board_begin_snapshot(test.board);
    alert("1-2", "ok", "firing", 2, true, RS_OK);
    assert_string_equal(open_alerts(), "1-2 1-1");
    rs_board_end_snapshot(test.board);
    assert_string_equal(open_alerts(), "1-2");
}

static void more_alerts_than_fit_are_counted_and_the_newest_are_kept(void **state) {
    char episode[32];
    (void)state;
    for (int i = 0; i < RS_BOARD_ALERTS; i++) {
        snprintf(episode, sizeof episode, "1-%d", i);
        alert(episode, "ok", "firing", 100 + i, false, RS_OK);
    }
    alert("2-1", "ok", "firing", 50, false, RS_ERR_FULL);            /* older than all */
    alert("2-2", "ok", "firing", 5000, false, RS_OK);                /* newer: 1-0 goes */
    assert_int_equal(stats().alerts, RS_BOARD_ALERTS);
    assert_int_equal(stats().alerts_more, 2);
    assert_memory_equal(open_alerts(), "2-2 1-999 1-998", 15);
    alert("1-0", "firing", "resolved", 100, false, RS_OK);           /* one of those that are only counted */
    assert_int_equal(stats().alerts_more, 1);
    alert("1-1", "firing", "resolved", 101, false, RS_OK);
    assert_int_equal(stats().alerts, RS_BOARD_ALERTS - 1);
    alert("2-1", "firing", "recovering", 50, false, RS_OK);          /* heard of again, and there is room now */
    assert_int_equal(stats().alerts, RS_BOARD_ALERTS);
    assert_int_equal(stats().alerts_more, 0);
    rs_board_begin_snapshot(test.board);                             /* what the snapshot has goes before what was */
    alert("3-1", "ok", "firing", 1, true, RS_OK);
    rs_board_end_snapshot(test.board);
    assert_string_equal(open_alerts(), "3-1");
    assert_int_equal(stats().alerts_more, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, create, destroy)
const struct CMUnitTest board_tests[] = {
    TEST(the_last_body_of_a_queue_is_the_truth_about_it),
    TEST(what_is_no_queue_total_or_alert_is_passed_over),
    TEST(a_snapshot_sweeps_what_it_does_not_mention_at_its_end),
    TEST(more_queues_than_fit_are_counted_once_each),
    TEST(the_target_is_the_feed_s_and_else_the_configuration_s),
    TEST(levels_follow_target_sample_and_threshold),
    TEST(the_oldest_goes_on_waiting_between_two_bodies),
    TEST(worst_first_puts_breaches_before_warnings_and_nothing_last),
    TEST(most_waiting_first_breaks_ties_by_the_oldest),
    TEST(the_filter_finds_parts_of_names_channels_and_tenants_in_either_case),
    TEST(totals_of_tenants_add_up_and_percentiles_do_not),
    TEST(the_trend_keeps_ten_minutes_of_what_was_seen),
    TEST(times_near_the_epoch_do_no_harm),
    TEST(open_alerts_come_newest_first_and_pending_last),
    TEST(the_gravest_comes_first_however_old_it_is),
    TEST(alerts_that_a_snapshot_does_not_mention_are_over),
    TEST(more_alerts_than_fit_are_counted_and_the_newest_are_kept),
};
const size_t board_test_count = RS_ARRAY_LEN(board_tests);
