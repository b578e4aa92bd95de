#include "cli_test.h"

#include <stdio.h>

static test_board_t test;

static int create(void **state) {
    static const char *const settings[] = {"queues.billing.target=0.95", NULL};
    (void)state;
    test = test_board_create(settings);
    return 0;
}

static int destroy(void **state) {
    (void)state;
    test_board_destroy(&test);
    return 0;
}

static void put(const test_window_t *window) { assert_int_equal(test_apply_window(test.board, window, false), RS_OK); }

/* Five queues with everything that is hard to lay out, seen for three minutes. */
static void fill(void) {
    for (int64_t s = 0; s <= 180; s += 30) {
        const int hits = 90 - (int)s / 10;
        put(&(test_window_t){.queue = "support", .after_s = s, .waiting = 3, .oldest_s = 65, .offered = 120, .answered = 100,
                             .abandoned = 12, .in_time = hits, .of = 110, .asa_ms = 12400, .p90_ms = 31000, .aht_ms = 195000});
        put(&(test_window_t){.queue = "billing", .after_s = s, .offered = 40, .answered = 40, .in_time = 37, .of = 40, .asa_ms = 4000,
                             .p90_ms = 9000, .aht_ms = 4000000});
        put(&(test_window_t){.queue = "予約受付センター東京", .channel = "chat", .after_s = s, .waiting = 1, .oldest_s = 2, .offered = 3,
                             .answered = 2, .abandoned = 1, .in_time = 2, .of = 2, .asa_ms = 800, .p90_ms = 1000, .aht_ms = 600000});
        put(&(test_window_t){.queue = "a-queue-with-a-rather-long-name-of-sixty-four-bytes-of-ascii", .channel = "callback",
                             .after_s = s, .offered = 99999, .answered = 99998, .abandoned = 1, .in_time = 99997, .of = 99999,
                             .asa_ms = 1, .p90_ms = 0, .aht_ms = 1000});
        put(&(test_window_t){.queue = "night", .after_s = s, .p90_ms = -1});
        put(&(test_window_t){.after_s = s, .waiting = 4, .oldest_s = 65, .offered = 163, .answered = 142, .abandoned = 13,
                             .in_time = hits + 39, .of = 152, .asa_ms = 9800, .p90_ms = 28000, .aht_ms = 201000});
    }
}

static void fire(void) {
    static const test_alert_t alerts[] = {
        {.episode = "1-1", .rule = "caller_waits_long", .severity = "critical", .from = "ok", .state = "firing", .queue = "support",
         .started_s = 175, .value = 60500},
        {.episode = "1-2", .rule = "service_level_low", .severity = "warning", .from = "pending", .state = "firing", .queue = "support",
         .started_s = -3600, .value = 0.745, .of = 110, .is_acknowledged = true},
        {.episode = "1-3", .rule = "service_level_low", .severity = "info", .from = "ok", .state = "pending", .queue = "予約受付センター東京",
         .started_s = 178, .value = 0.5, .of = 2},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(alerts); i++) assert_int_equal(test_apply_alert(test.board, &alerts[i], false), RS_OK);
}

static rs_board_view_t view_of(uint32_t columns, uint32_t lines) {
    return (rs_board_view_t){.columns = columns, .lines = lines, .health = RS_FEED_LIVE};
}

static void a_screen_of_80_by_24(void **state) {
    rs_board_view_t view = view_of(80, 24);
    (void)state;
    fill();
    fire();
    test_same_text(test_render(test.board, &view),
                   "ringside  5m · short_excluded · worst first                       10:03:00  live\n"
                   "queue        chan. wait oldest    SL   offer  answ aban rate   ASA   p90   AHT\n"
                   "total                 4  1:05  73.0%!    163   142   13   8%  0:10  0:28  3:21 ↓\n"
                   "support      voice    3  1:05! 65.5%!!   120   100   12  11%  0:12  0:31  3:15 ↓\n"
                   "billing      voice    0     –  92.5%!     40    40    0   0%  0:04  0:09  1h06 →\n"
                   "a-queue-wit… call…    0     –  99.9%   99999 99998    1  <1%  0:00  0:00  0:01 →\n"
                   "予約受付セ…  chat     1  0:02   100%       3     2    1  33%  0:01  0:01 10:00 →\n"
                   "night        voice    0     –      –       0     0    0    –     –     –     –\n"
                   "\n"
                   "\n"
                   "\n"
                   "\n"
                   "\n"
                   "\n"
                   "\n"
                   "\n"
                   "\n"
                   "\n"
                   "\n"
                   "alerts: 2 firing, 1 pending                              figure (limit)    since\n"
                   "critical firing      caller_waits_long support/voice       1:05 (>1:00) 10:02:55\n"
                   "warning  firing+     service_level_low support/voice       65.5% (<80%) 09:00:00\n"
                   "info     pending     service_level_low 予約受付センタ…    50.0%* (<80%) 10:02:58\n"
                   "q quit  w window  p policy  s sort  / filter  ? help\n");
}

static void a_screen_of_120_columns_has_targets_and_curves(void **state) {
    rs_board_view_t view = view_of(120, 14);
    (void)state;
    fill();
    fire();
    test_same_text(test_render(test.board, &view),
        "ringside  5m · short_excluded · worst first                                                    2026-11-22 10:03:00  live\n"
        "queue              channel  waiting  oldest    SL   goal offered answered abandoned rate   ASA p90 wait   AHT trend\n"
        "total                             4   1:05  73.0%!   80%     163      142        13   8%  0:10     0:28  3:21       ▅▅▄▄\n"
        "support            voice          3   1:05! 65.5%!!  80%     120      100        12  11%  0:12     0:31  3:15       ▅▄▃▃\n"
        "billing            voice          0      –  92.5%!   95%      40       40         0   0%  0:04     0:09  1h06       ▆▆▆▆\n"
        "a-queue-with-a-ra… callback       0      –  99.9%    80%   99999    99998         1  <1%  0:00     0:00  0:01       ████\n"
        "予約受付センター…  chat           1   0:02   100%    80%       3        2         1  33%  0:01     0:01 10:00       ████\n"
        "night              voice          0      –      –    80%       0        0         0    –     –        –     –\n"
        "\n"
        "alerts: 2 firing, 1 pending                                            figure (limit)             since    for\n"
        "critical firing      1-1 caller_waits_long support/voice                 1:05 (>1:00)          10:02:55   0:05\n"
        "warning  firing+     1-2 service_level_low support/voice                 65.5% (<80%)    n=110 09:00:00   1h03\n"
        "info     pending     1-3 service_level_low 予約受付センター東京/voice   50.0%* (<80%)      n=2 10:02:58   0:02\n"
        "q quit  w window  p policy  s sort  / filter  ? help\n");
}

static void plain_text_of_200_columns_has_all_lines_and_no_keys(void **state) {
    rs_board_view_t view = view_of(200, 0);
    (void)state;
    fill();
    fire();
    view.window = 1;
    view.policy = 1;
    test_same_text(test_render(test.board, &view),
        "ringside  15m · answered_only · worst first                                                    "
        "                                                                                2026-11-22 10:03:00  live\n"
        "queue                                            channel  waiting  oldest    SL   goal offered "
        "answered abandoned rate flowed   ASA p90 wait   AHT talking trend\n"
        "total                                                           4   1:05  73.0%!   80%     326 "
        "     284        26   8%      0  0:10     0:28  3:21       3              ▅▅▅▅▄▄▄\n"
        "support                                          voice          3   1:05! 65.5%!!  80%     240 "
        "     200        24  11%      0  0:12     0:31  3:15       3              ▅▅▄▄▃▃▃\n"
        "billing                                          voice          0      –  92.5%!   95%      80 "
        "      80         0   0%      0  0:04     0:09  1h06       3              ▆▆▆▆▆▆▆\n"
        "a-queue-with-a-rather-long-name-of-sixty-four-b… callback       0      –  99.9%    80%  199998 "
        "  199996         2  <1%      0  0:00     0:00  0:01       3              ███████\n"
        "予約受付センター東京                             chat           1   0:02   100%    80%       6 "
        "       4         2  33%      0  0:01     0:01 10:00       3              ███████\n"
        "night                                            voice          0      –      –    80%       0 "
        "       0         0    –      0     –        –     –       3\n"
        "\n"
        "alerts: 2 firing, 1 pending                                            figure (limit)             since    for\n"
        "critical firing      1-1 caller_waits_long support/voice                 1:05 (>1:00)          10:02:55   0:05\n"
        "warning  firing+     1-2 service_level_low support/voice                 65.5% (<80%)    n=110 09:00:00   1h03\n"
        "info     pending     1-3 service_level_low 予約受付センター東京/voice   50.0%* (<80%)      n=2 10:02:58   0:02\n");
}

/* The head counts every state, a mark says what people did, and the gravest is not pushed off the screen by what is newer. */
static void an_alert_that_nobody_hears_of_any_more_or_that_is_kept_quiet_is_told(void **state) {
    static const test_alert_t alerts[] = {
        {.episode = "1-1", .rule = "old", .severity = "critical", .from = "firing", .state = "no_data", .queue = "gone", .started_s = 0,
         .value = 0.1, .of = 9},
        {.episode = "1-2", .rule = "quiet", .severity = "warning", .from = "ok", .state = "firing", .queue = "support", .started_s = 60,
         .value = 0.5, .of = 9, .is_silenced = true},
        {.episode = "1-3", .rule = "flaps", .severity = "info", .from = "firing", .state = "flapping", .queue = "night", .started_s = 120,
         .value = 0.5, .of = 9},
        {.episode = "1-4", .rule = "never", .severity = "info", .from = "pending", .state = "target_unreachable", .queue = "night",
         .started_s = 90, .value = 0.5, .of = 9},
        {.episode = "1-5", .rule = "chart", .severity = "info", .from = "ok", .state = "firing", .queue = "support", .started_s = 30,
         .value = 0.25, .of = 8, .detector = "cusum"},
    };
    rs_board_view_t view = view_of(80, 0);
    (void)state;
    fill();
    for (size_t i = 0; i < RS_ARRAY_LEN(alerts); i++) assert_int_equal(test_apply_alert(test.board, &alerts[i], false), RS_OK);
    const char *text = strstr(test_render(test.board, &view), "alerts:");
    assert_non_null(text);
    test_same_text(text, "alerts: 2 firing, 1 flapping, 1 no_data, 1…  figure (limit)    since\n"
                         "critical no_data     old      gone/voice      10.0%* (<80%) 10:00:00\n"
                         "warning  firing~     quiet    support/voice    65.5% (<80%) 10:01:00\n"
                         "info     flapping    flaps    night/voice          – (<80%) 10:02:00\n"
                         "info     unreached   never    night/voice          – (<80%) 10:01:30\n"
                         "info     firing      chart    support/voice   25.0%* (<80%) 10:00:30\n");
}

static void a_window_without_figures_shows_dashes_never_0_or_100_percent(void **state) {
    rs_board_view_t view = view_of(80, 0);
    (void)state;
    fill();
    view.window = 2;
    test_same_text(test_render(test.board, &view),
                   "ringside  today · short_excluded · worst first                    10:03:00  live\n"
                   "queue        chan. wait oldest    SL   offer  answ aban rate   ASA   p90   AHT\n"
                   "total                 4  1:05      –       0     0    0    –     –     –     –\n"
                   "support      voice    3  1:05!     –       0     0    0    –     –     –     –\n"
                   "予約受付セ…  chat     1  0:02      –       0     0    0    –     –     –     –\n"
                   "a-queue-wit… call…    0     –      –       0     0    0    –     –     –     –\n"
                   "billing      voice    0     –      –       0     0    0    –     –     –     –\n"
                   "night        voice    0     –      –       0     0    0    –     –     –     –\n"
                   "\n"
                   "no open alerts\n");
    view.window = UINT32_MAX;
    view.policy = UINT32_MAX;
    view.window_name = "2h";
    view.policy_name = "other";
    assert_null(strchr(test_render(test.board, &view), '%'));
}

static void without_a_daemon_it_says_where_it_listens(void **state) {
    rs_board_view_t view = view_of(60, 8);
    (void)state;
    view.health = RS_FEED_CONNECTING;
    test_same_text(test_render(test.board, &view),
                   "ringside  – · – · worst first               –  no answer yet\n"
                   "queue           wait oldest    SL   offer  answ aban   ASA\n"
                   "total  –\n"
                   "nothing is heard yet at tcp://127.0.0.1:5572\n"
                   "\n"
                   "\n"
                   "no open alerts\n"
                   "q quit  w window  p policy  s sort  / filter  ? help\n");
    view = view_of(60, 0);
    assert_non_null(strstr(test_render(test.board, &view), "no queue has been heard of yet"));
}

static void the_header_tells_how_fresh_it_is(void **state) {
    static const struct { rs_feed_health_t health; uint32_t silent_s; const char *text; } table[] = {
        {RS_FEED_CONNECTING, 0, "no answer yet\n"}, {RS_FEED_READING, 0, "10:03:00  reading\n"}, {RS_FEED_LIVE, 1, "10:03:00  live\n"},
        {RS_FEED_STALE, 7, "10:03:00  stale 7 s\n"},
    };
    (void)state;
    fill();
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        rs_board_view_t view = view_of(80, 24);
        view.health = table[i].health;
        view.silent_s = table[i].silent_s;
        assert_non_null(strstr(test_render(test.board, &view), table[i].text));
    }
}

static void many(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "queue-%05u", i);
        put(&(test_window_t){.queue = name, .offered = 1, .p90_ms = -1});
    }
}

static void scrolling_shows_every_queue_and_stops_at_the_end(void **state) {
    rs_board_view_t view = view_of(80, 10);
    (void)state;
    many(20);
    view.sort = RS_SORT_NAME;
    const char *text = test_render(test.board, &view);
    assert_int_equal(view.page, 5);
    assert_non_null(strstr(text, "queue-00000"));
    assert_non_null(strstr(text, "queue-00004"));
    assert_null(strstr(text, "queue-00005"));
    assert_non_null(strstr(text, "1–5 of 20"));
    view.scroll += view.page;
    text = test_render(test.board, &view);
    assert_null(strstr(text, "queue-00004"));
    assert_non_null(strstr(text, "queue-00009"));
    assert_non_null(strstr(text, "6–10 of 20"));
    view.scroll = RS_BOARD_ROWS;
    text = test_render(test.board, &view);
    assert_int_equal(view.scroll, 15);
    assert_non_null(strstr(text, "queue-00019"));
    assert_non_null(strstr(text, "16–20 of 20"));
    strcpy(view.filter, "-0001");                    /* fewer now: the first of them is shown again */
    text = test_render(test.board, &view);
    assert_int_equal(view.scroll, 5);
    assert_non_null(strstr(text, "6–10 of 10"));
    assert_non_null(strstr(text, "only -0001"));
    strcpy(view.filter, "nothing such");
    assert_non_null(strstr(test_render(test.board, &view), "no queue matches the filter"));
}

static void ten_thousand_queues_and_more_are_shown(void **state) {
    rs_board_view_t view = view_of(120, 0);
    (void)state;
    many(RS_BOARD_ROWS);
    assert_int_equal(test_apply_window(test.board, &(test_window_t){.queue = "one-more"}, false), RS_ERR_FULL);
    const char *text = test_render(test.board, &view);
    assert_non_null(strstr(text, "queue-09999"));
    assert_non_null(strstr(text, "… and 1 more queues\n"));
    view = view_of(120, 24);
    assert_non_null(strstr(test_render(test.board, &view), "of 10000 and 1 more"));
}

static void alerts_take_a_third_of_a_full_screen_and_more_of_an_empty_one(void **state) {
    char episode[32];
    rs_board_view_t view = view_of(80, 24);
    (void)state;
    many(50);
    for (int i = 0; i < 30; i++) {
        snprintf(episode, sizeof episode, "1-%d", i);
        const test_alert_t alert = {.episode = episode, .rule = "slow", .severity = "warning", .from = "ok", .state = "firing",
                                    .queue = "queue-00001", .started_s = i, .value = 0.5, .of = 10};
        test_apply_alert(test.board, &alert, false);
    }
    const char *text = test_render(test.board, &view);
    assert_int_equal(view.page, 14);
    assert_non_null(strstr(text, "alerts: 30 firing"));
    assert_non_null(strstr(text, "… and 26 more\n"));
    strcpy(view.filter, "queue-00001");
    text = test_render(test.board, &view);
    assert_int_equal(view.page, 1);
    assert_non_null(strstr(text, "… and 13 more\n"));
}

/* Whatever the size, every line is within it (test_render looks), and nothing is written past the last line. */
static void every_size_is_kept(void **state) {
    (void)state;
    fill();
    fire();
    put(&(test_window_t){.tenant = "another tenant", .queue = "support"});
    for (uint32_t columns = 1; columns <= 250; columns++) {
        for (uint32_t lines = 0; lines <= 30; lines += columns % 7 == 0 ? 1 : 6) {
            rs_board_view_t view = view_of(columns, lines);
            (void)test_render(test.board, &view);
            view.shows_help = true;
            (void)test_render(test.board, &view);
            view.shows_help = false;
            view.edits_filter = true;
            (void)test_render(test.board, &view);
        }
    }
}

static void help_fits_on_80_by_24(void **state) {
    rs_board_view_t view = view_of(80, 24);
    (void)state;
    view.shows_help = true;
    const char *text = test_render(test.board, &view);
    assert_null(strstr(text, "…"));
    assert_non_null(strstr(text, "any key goes back"));
}

static void names_from_outside_cannot_move_the_cursor(void **state) {
    rs_board_view_t view = view_of(80, 24);
    (void)state;
    put(&(test_window_t){.queue = "evil\\u001b[2J\\u009bname"});
    const char *text = test_render(test.board, &view);
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "evil\xEF\xBF\xBD[2J\xEF\xBF\xBDna"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, create, destroy)
const struct CMUnitTest screen_tests[] = {
    TEST(a_screen_of_80_by_24),
    TEST(a_screen_of_120_columns_has_targets_and_curves),
    TEST(plain_text_of_200_columns_has_all_lines_and_no_keys),
    TEST(an_alert_that_nobody_hears_of_any_more_or_that_is_kept_quiet_is_told),
    TEST(a_window_without_figures_shows_dashes_never_0_or_100_percent),
    TEST(without_a_daemon_it_says_where_it_listens),
    TEST(the_header_tells_how_fresh_it_is),
    TEST(scrolling_shows_every_queue_and_stops_at_the_end),
    TEST(ten_thousand_queues_and_more_are_shown),
    TEST(alerts_take_a_third_of_a_full_screen_and_more_of_an_empty_one),
    TEST(every_size_is_kept),
    TEST(help_fits_on_80_by_24),
    TEST(names_from_outside_cannot_move_the_cursor),
};
const size_t screen_test_count = RS_ARRAY_LEN(screen_tests);
