#include "core_window_tests.h"

static rs_zone_transition_t utc_transitions[] = {{0, 0}};
const rs_zone_t utc = {.name = "UTC", .count = 1, .transitions = utc_transitions};

rs_window_store_t *make_store(void) {
    const rs_window_settings_t settings = {.windows_us = {5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR}, .window_count = 4,
                                           .max_keys = 2, .max_bytes = 16 << 20, .start_us = NOON};
    rs_window_store_t *store;
    uint32_t key;
    assert_int_equal(rs_window_create(&settings, &store), RS_OK);
    assert_int_equal(rs_window_add_key(store, true, &utc, &key), RS_OK);
    assert_int_equal(key, 0);
    assert_int_equal(rs_window_add_key(store, false, &utc, &key), RS_OK);
    assert_int_equal(key, 1);
    return store;
}

void count_at(rs_window_store_t *store, uint32_t key, int64_t at_us, rs_count_t count, int64_t delta) {
    assert_int_equal(rs_window_begin(store, key, at_us), RS_OK);
    rs_window_count(store, count, delta);
    rs_window_end(store);
}

void answer_at(rs_window_store_t *store, uint32_t key, int64_t at_us, int64_t wait_us, int sign) {
    assert_int_equal(rs_window_begin(store, key, at_us), RS_OK);
    rs_window_count(store, RS_COUNT_ANSWERED, sign);
    rs_window_count(store, RS_COUNT_WAIT_ANSWERED_US, sign * wait_us);
    rs_window_duration(store, RS_HIST_WAIT_ANSWERED, wait_us, sign);
    rs_window_wait(store, wait_us, sign);
    rs_window_end(store);
}

int64_t total_of(const rs_window_store_t *store, uint32_t key, uint32_t window, rs_count_t count) {
    rs_window_view_t view;
    int64_t value;
    assert_int_equal(rs_window_read(store, key, window, &view), RS_OK);
    assert_int_equal(rs_window_read_counts(store, key, window, &count, 1, &value), RS_OK);
    assert_int_equal(value, view.counts[count]);
    return value;
}

int64_t extreme_of(const rs_window_store_t *store, uint32_t key, uint32_t window, rs_extreme_t extreme) {
    rs_window_view_t view;
    assert_int_equal(rs_window_read(store, key, window, &view), RS_OK);
    return view.extremes[extreme];
}

void assert_checked(const rs_window_store_t *store) {
    const char *why = "";
    const int status = rs_window_check(store, &why);
    if (status != RS_OK) fail_msg("%s", why);
}

int main(void) {
    int failed = 0;
    failed += _cmocka_run_group_tests("histogram", histogram_tests, histogram_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("window", window_tests, window_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("metric", metric_tests, metric_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("zone", zone_tests, zone_test_count, NULL, NULL);
    return failed;
}
