/* What the tests of the commands share: bodies as the daemon writes them, and screens as text. */
#ifndef RS_CLI_TEST_H
#define RS_CLI_TEST_H

#include "cli/board_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* 2026-11-22T10:00:00Z */
#define TEST_NOW_US INT64_C(1795341600000000)

typedef struct test_window {
    const char *tenant, *queue;      /* queue NULL: the tenant's total */
    const char *channel;
    int64_t after_s;                 /* `at`, from TEST_NOW_US on */
    int waiting, oldest_s;
    int offered, answered, abandoned;
    int in_time, of;                 /* of the policy short_excluded; answered_only has twice of each */
    int asa_ms, p90_ms, aht_ms;      /* p90_ms < 0: null */
} test_window_t;

/* Applies the body of these figures: windows 5m (with these), 15m (with twice the counts) and today (nothing). */
int test_apply_window(rs_board_t *board, const test_window_t *window, bool in_snapshot);

typedef struct test_alert {
    const char *episode, *rule, *severity, *from, *state, *queue;
    int64_t started_s;               /* from TEST_NOW_US on */
    double value;
    int of;                          /* 0: a gauge, in milliseconds */
    bool is_acknowledged, is_silenced;
    const char *detector;            /* NULL: threshold */
} test_alert_t;

int test_apply_alert(rs_board_t *board, const test_alert_t *alert, bool in_snapshot);
rs_str_t test_alert_body(const test_alert_t *alert);

/* A board of the default configuration; `settings` are KEY=VALUE, up to a NULL. */
typedef struct test_board { rs_config_t *config; rs_board_t *board; } test_board_t;
test_board_t test_board_create(const char *const *settings);
void test_board_destroy(test_board_t *test);

/* The screen's lines, each with a line feed; NUL-terminated, static. Every line must be within the width. */
const char *test_render(rs_board_t *board, rs_board_view_t *view);
/* As it is printed on a failure: both texts whole. */
void test_same_text(const char *text, const char *wanted);

extern const struct CMUnitTest text_tests[], body_tests[], board_tests[], screen_tests[], row_tests[], row_feedback_tests[], report_tests[];
extern const size_t text_test_count, body_test_count, board_test_count, screen_test_count, row_test_count, row_feedback_test_count,
    report_test_count;

#endif
