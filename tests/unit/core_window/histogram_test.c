#include "core_window_tests.h"

static void every_millisecond_is_in_the_bucket_whose_bounds_hold_it(void **state) {
    (void)state;
    uint32_t last = 0;
    for (int64_t ms = 0; ms < 3 * RS_HIST_LIMIT_MS; ms += ms < 70000 ? 1 : 997) {
        const uint32_t bucket = rs_hist_bucket(ms * RS_US_PER_MS + 999);
        assert_in_range(bucket, last, RS_HIST_BUCKETS - 1);
        assert_true(rs_hist_low_ms(bucket) <= ms && ms <= rs_hist_high_ms(bucket));
        last = bucket;
    }
    assert_int_equal(last, RS_HIST_BUCKETS - 1);
}

static void buckets_follow_each_other_without_gap(void **state) {
    (void)state;
    uint32_t used = 0;
    for (uint32_t b = 0; b + 1 < RS_HIST_BUCKETS; b++) {
        if (rs_hist_low_ms(b) == RS_HIST_LIMIT_MS) continue; /* never used */
        used++;
        if (rs_hist_high_ms(b) + 1 < RS_HIST_LIMIT_MS) assert_int_equal(rs_hist_high_ms(b) + 1, rs_hist_low_ms(b + 1));
        else assert_int_equal(rs_hist_high_ms(b) + 1, RS_HIST_LIMIT_MS);
        assert_int_equal(rs_hist_bucket(rs_hist_low_ms(b) * RS_US_PER_MS), b);
        assert_int_equal(rs_hist_bucket(rs_hist_high_ms(b) * RS_US_PER_MS), b);
    }
    assert_int_equal(used, RS_HIST_BUCKETS - 1 - 21);
}

static void known_values_have_known_buckets(void **state) {
    (void)state;
    static const struct { int64_t us; uint32_t bucket; } table[] = {
        {0, 0}, {999, 0}, {1000, 1}, {31999, 31}, {32000, 32}, {63000, 63}, {64000, 64}, {65000, 64}, {66000, 65},
        {127000, 95}, {128000, 96}, {RS_HIST_LIMIT_MS * 1000 - 1, 22 * 32 + 9}, {RS_HIST_LIMIT_MS * 1000, 735},
        {INT64_MAX, 735}, {-5, 0}};
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) assert_int_equal(rs_hist_bucket(table[i].us), table[i].bucket);
    assert_int_equal(rs_hist_low_ms(735), RS_HIST_LIMIT_MS);
    assert_int_equal(rs_hist_high_ms(735), INT64_MAX);
}

static void the_middle_of_a_bucket_is_within_the_promised_error(void **state) {
    (void)state;
    for (uint32_t b = 0; b + 1 < RS_HIST_BUCKETS; b++) {
        const int64_t low = rs_hist_low_ms(b), high = rs_hist_high_ms(b), middle = rs_hist_middle_ms(b, -1, -1);
        assert_true(low <= middle && middle <= high);
        assert_true((middle - low) * 1000 <= low * 16 && (high - middle) * 1000 <= high * 16);
    }
}

static void percentile_is_the_nearest_rank_held_within_the_extremes(void **state) {
    (void)state;
    const rs_hist_entry_t four[] = {{10, 1}, {20, 2}, {400, 1}};
    assert_int_equal(rs_hist_percentile_ms(four, 3, 250, -1, -1), 10);
    assert_int_equal(rs_hist_percentile_ms(four, 3, 251, -1, -1), 20);
    assert_int_equal(rs_hist_percentile_ms(four, 3, 750, -1, -1), 20);
    assert_int_equal(rs_hist_percentile_ms(four, 3, 751, -1, -1), rs_hist_middle_ms(400, -1, -1));
    const int64_t low_us = rs_hist_low_ms(400) * RS_US_PER_MS;
    assert_int_equal(rs_hist_percentile_ms(four, 3, 1000, 10000, low_us + 1500), rs_hist_low_ms(400) + 1);
    assert_int_equal(rs_hist_percentile_ms(four, 3, 1, 10999, low_us), 10);
    assert_int_equal(rs_hist_percentile_ms(four, 3, 0, -1, -1), 10);
    assert_int_equal(rs_hist_percentile_ms(NULL, 0, 900, -1, -1), -1);
}

static void parts_with_negative_counts_read_what_their_sum_says(void **state) {
    (void)state;
    const rs_hist_entry_t back[] = {{5, -1}, {9, 3}};
    assert_int_equal(rs_hist_percentile_ms(back, 2, 500, -1, -1), 9);
    const rs_hist_entry_t none[] = {{5, -1}, {9, 1}};
    assert_int_equal(rs_hist_percentile_ms(none, 2, 500, -1, -1), -1);
}

static void ranks_are_right_for_huge_numbers(void **state) {
    (void)state;
    assert_int_equal(rs_hist_rank(INT64_MAX, 1000), INT64_MAX);
    assert_int_equal(rs_hist_rank(1, 1), 1);
    assert_int_equal(rs_hist_rank(1000, 999), 999);
    assert_int_equal(rs_hist_rank(1001, 999), 1000);
}

const struct CMUnitTest histogram_tests[] = {
    cmocka_unit_test(every_millisecond_is_in_the_bucket_whose_bounds_hold_it),
    cmocka_unit_test(buckets_follow_each_other_without_gap),
    cmocka_unit_test(known_values_have_known_buckets),
    cmocka_unit_test(the_middle_of_a_bucket_is_within_the_promised_error),
    cmocka_unit_test(percentile_is_the_nearest_rank_held_within_the_extremes),
    cmocka_unit_test(parts_with_negative_counts_read_what_their_sum_says),
    cmocka_unit_test(ranks_are_right_for_huge_numbers),
};
const size_t histogram_test_count = RS_ARRAY_LEN(histogram_tests);
