/* What a reload tells. */
#include "config_tests.h"

#include "config/diff.h"

typedef struct heard {
    char text[4096];
} heard_t;

static void on_change(void *context, const char *key, const char *from, const char *to, bool needs_restart) {
    heard_t *heard = context;
    const size_t used = strlen(heard->text);
    snprintf(heard->text + used, sizeof(heard->text) - used, "%s: %s -> %s%s\n", key, from, to,
             needs_restart ? " (restart)" : "");
}

static void expect_changes(const char *from, const char *to, const char *expected, int count) {
    heard_t heard = {""};
    rs_config_t *a = must_load(from, NULL, 0), *b = must_load(to, NULL, 0);
    assert_int_equal(rs_config_diff(a, b, on_change, &heard), count);
    assert_string_equal(heard.text, expected);
    assert_int_equal(rs_config_diff(a, b, NULL, NULL), count);
    rs_config_destroy(&a);
    rs_config_destroy(&b);
}

static void a_configuration_does_not_differ_from_itself(void **state) {
    (void)state;
    expect_changes("queues: {a: {threshold: 6s}}\n", "queues: {a: {threshold: 6000ms}}\n", "", 0);
}

static void what_can_change_while_running_is_told_apart(void **state) {
    (void)state;
    expect_changes("",
                   "service: {log_level: debug}\nfeed: {period: 1s}\nstore: {flush: 5s}\n"
                   "ingest: {events: 'tcp://127.0.0.1:6000'}\ntime: {zone: Europe/London, clock: events}\n"
                   "windows: [5m]\nlimits: {rows: 2000}\n",
                   "feed.period: 100ms -> 1s\n"
                   "ingest.events: tcp://127.0.0.1:5570 -> tcp://127.0.0.1:6000 (restart)\n"
                   "limits.rows: 500000 -> 2000 (restart)\n"
                   "service.log_level: info -> debug\n"
                   "store.flush: 1s -> 5s\n"
                   "time.clock: wall -> events (restart)\n"
                   "time.zone: UTC -> Europe/London (restart)\n"
                   "windows: [5m, 15m, 30m, 1h] -> [5m] (restart)\n",
                   8);
}

static void entries_come_and_go(void **state) {
    (void)state;
    expect_changes("queues: {a: {threshold: 6s}, b: {threshold: 7s}}\n",
                   "queues: {b: {threshold: 8s}, c: {short: 1s}}\n",
                   "queues.a.channel: any -> \n"
                   "queues.a.threshold: 6s -> \n"
                   "queues.b.threshold: 7s -> 8s\n"
                   "queues.c.channel:  -> any\n"
                   "queues.c.short:  -> 1s\n",
                   5);
}

static void a_changed_password_is_told_but_not_shown(void **state) {
    (void)state;
    expect_changes("store: {database: host=h password=one}\n", "store: {database: host=h password=two}\n",
                   "store.database: host=h password=*** -> host=h password=*** (restart)\n", 1);
}

const struct CMUnitTest diff_tests[] = {
    cmocka_unit_test(a_configuration_does_not_differ_from_itself),
    cmocka_unit_test(what_can_change_while_running_is_told_apart),
    cmocka_unit_test(entries_come_and_go),
    cmocka_unit_test(a_changed_password_is_told_but_not_shown),
};
const size_t diff_test_count = RS_ARRAY_LEN(diff_tests);
