#include "cli_test.h"

#include "event/event.h"

#include <stdio.h>
#include <stdlib.h>

static char body[16384];

static int write_window(char *at, size_t size, const char *name, const test_window_t *window, int times) {
    char p90[16] = "null";
    const int answered = window->answered * times, of = window->of * times, in_time = window->in_time * times;
    if (window->p90_ms >= 0) snprintf(p90, sizeof p90, "%d", window->p90_ms);
    return snprintf(at, size,
                    "\"%s\":{\"offered\":%d,\"answered\":%d,\"abandoned\":%d,\"flowed_out\":0,\"handled\":%d,"
                    "\"service_level\":{\"short_excluded\":{\"value\":null,\"numerator\":%d,\"denominator\":%d},"
                    "\"answered_only\":{\"value\":null,\"numerator\":%d,\"denominator\":%d}},"
                    "\"wait_ms\":{\"answered_sum\":%d,\"abandoned_sum\":0,\"max\":null,\"asa\":null,\"p90\":%s},"
                    "\"talk_ms_sum\":%d,\"hold_ms_sum\":0,\"wrap_ms_sum\":0}",
                    name, window->offered * times, answered, window->abandoned * times, answered, in_time, of, 2 * in_time, 2 * of,
                    window->asa_ms * answered, p90, window->aht_ms * answered);
}

int test_apply_window(rs_board_t *board, const test_window_t *window, bool in_snapshot) {
    char topic[256], at[32], oldest[32] = "null", names[256];
    const char *tenant = window->tenant == NULL ? "default" : window->tenant;
    const char *channel = window->channel == NULL ? "voice" : window->channel;
    const test_window_t nothing = {.p90_ms = -1};
    int len = 0;

    if (window->queue != NULL) {
        snprintf(topic, sizeof topic, "window/%s/queue/%s/%s", tenant, window->queue, channel);
        snprintf(names, sizeof names, "\"key\":\"queue/%s/%s\",\"family\":\"queue\",\"queue\":\"%s\",\"team\":null,\"channel\":\"%s\"",
                 window->queue, channel, window->queue, channel);
    } else {
        snprintf(topic, sizeof topic, "window/%s/total", tenant);
        snprintf(names, sizeof names, "\"key\":\"total\",\"family\":\"total\",\"queue\":null,\"team\":null,\"channel\":null");
    }
    rs_event_format_time(TEST_NOW_US + window->after_s * RS_US_PER_S, at);
    if (window->waiting > 0) snprintf(oldest, sizeof oldest, "%d", window->oldest_s * 1000);
    len += snprintf(body, sizeof body,
                    "{\"tenant\":\"%s\",%s,\"at\":\"%s\",\"waiting\":%d,\"oldest_wait_ms\":%s,\"open_over_t\":0,\"talking\":3,"
                    "\"threshold_ms\":%s,\"windows\":{",
                    tenant, names, at, window->waiting, oldest, window->queue == NULL ? "null" : "20000");
    len += write_window(body + len, sizeof body - (size_t)len, "5m", window, 1);
    len += snprintf(body + len, sizeof body - (size_t)len, ",");
    len += write_window(body + len, sizeof body - (size_t)len, "15m", window, 2);
    len += snprintf(body + len, sizeof body - (size_t)len, ",");
    len += write_window(body + len, sizeof body - (size_t)len, "today", &nothing, 1);
    len += snprintf(body + len, sizeof body - (size_t)len, "}}");
    return rs_board_apply(board, rs_str(topic), (rs_str_t){body, (uint32_t)len}, in_snapshot);
}

rs_str_t test_alert_body(const test_alert_t *alert) {
    char started[32], sample[96] = "\"numerator\":null,\"denominator\":null";
    const bool is_share = alert->of > 0;
    if (is_share) {
        snprintf(sample, sizeof sample, "\"numerator\":%d,\"denominator\":%d", (int)(alert->value * alert->of), alert->of);
    }
    rs_event_format_time(TEST_NOW_US + alert->started_s * RS_US_PER_S, started);
    const int len = snprintf(
        body, sizeof body,
        "{\"episode\":\"%s\",\"rule\":\"%s\",\"severity\":\"%s\",\"from\":\"%s\",\"state\":\"%s\",\"at\":\"%s\",\"started_at\":\"%s\","
        "\"fired_at\":null,\"tenant\":\"default\",\"key\":\"queue/%s/voice\",\"family\":\"queue\",\"queue\":\"%s\",\"team\":null,"
        "\"channel\":\"voice\",\"metric\":\"%s\",\"window\":%s,\"policy\":%s,\"value\":%.17g,%s,\"compare\":\"%s\",\"limit\":%s,"
        "\"clear\":0,\"runbook\":null,\"acknowledged\":%s,\"by\":%s,\"silenced\":%s,\"detector\":\"%s\",\"provisional\":true}",
        alert->episode, alert->rule, alert->severity, alert->from, alert->state, started, started, alert->queue, alert->queue,
        is_share ? "service_level" : "oldest_wait", is_share ? "\"5m\"" : "null",
        is_share ? "\"short_excluded\"" : "null", alert->value, sample, is_share ? "below" : "above", is_share ? "0.8" : "60000",
        alert->is_acknowledged ? "true" : "false", alert->is_acknowledged ? "\"anna\"" : "null", alert->is_silenced ? "true" : "false",
        alert->detector == NULL ? "threshold" : alert->detector);
    return (rs_str_t){body, (uint32_t)len};
}

int test_apply_alert(rs_board_t *board, const test_alert_t *alert, bool in_snapshot) {
    char topic[256];
    snprintf(topic, sizeof topic, "alert/default/queue/%s/voice", alert->queue);
    return rs_board_apply(board, rs_str(topic), test_alert_body(alert), in_snapshot);
}

test_board_t test_board_create(const char *const *settings) {
    test_board_t test = {0};
    rs_config_error_t error;
    size_t count = 0;
    while (settings != NULL && settings[count] != NULL) count++;
    if (rs_config_load(NULL, settings, count, &test.config, &error) != RS_OK) fail_msg("%s: %s", error.key, error.reason);
    assert_int_equal(rs_board_create(test.config, &test.board), RS_OK);
    return test;
}

void test_board_destroy(test_board_t *test) {
    rs_board_destroy(&test->board);
    rs_config_destroy(&test->config);
}

const char *test_render(rs_board_t *board, rs_board_view_t *view) {
    static char text[4 << 20];
    rs_screen_t screen = {0};
    size_t len = 0;
    if (view->window_name == NULL) {
        view->window_name = rs_board_window(board, view->window) != NULL ? rs_board_window(board, view->window) : "–";
    }
    if (view->policy_name == NULL) {
        view->policy_name = rs_board_policy(board, view->policy) != NULL ? rs_board_policy(board, view->policy) : "–";
    }
    if (view->endpoint == NULL) view->endpoint = "tcp://127.0.0.1:5572";
    assert_int_equal(rs_board_render(board, view, &screen), RS_OK);
    if (view->lines > 0) assert_true(screen.count <= view->lines);
    for (uint32_t i = 0; i < screen.count; i++) {
        rs_line_t *line = &screen.lines[i];
        const uint32_t most = view->columns < RS_SCREEN_MIN_COLUMNS ? RS_SCREEN_MIN_COLUMNS : view->columns;
        if (line->columns > most) fail_msg("line %u has %u columns of %u: %s", i, line->columns, most, line->text);
        assert_int_equal(line->columns, rs_text_columns(line->text));
        assert_int_equal(line->run_count == 0 ? 0 : line->runs[line->run_count - 1].to, line->len);
        rs_line_trim(line);
        assert_true(len + line->len + 2 < sizeof text);
        memcpy(text + len, line->text, line->len);
        len += line->len;
        text[len++] = '\n';
    }
    text[len] = '\0';
    rs_screen_deinit(&screen);
    return text;
}

void test_same_text(const char *text, const char *wanted) {
    if (strcmp(text, wanted) == 0) return;
    fprintf(stderr, "--- is:\n%s--- should be:\n%s---\n", text, wanted);
    fail();
}
