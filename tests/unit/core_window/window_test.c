#include "core/window/octave.h"
#include "core_window_tests.h"

static void a_contribution_leaves_each_window_after_its_length_to_the_second(void **state) {
    (void)state;
    static const int64_t lengths_s[] = {300, 900, 1800, 3600};
    rs_window_store_t *store = make_store();
    count_at(store, 0, NOON + 999999, RS_COUNT_OFFERED, 1);
    for (uint32_t w = 0; w < 4; w++) {
        rs_window_advance(store, NOON + lengths_s[w] * SECOND - 1);
        assert_int_equal(total_of(store, 0, w, RS_COUNT_OFFERED), 1);
        rs_window_advance(store, NOON + lengths_s[w] * SECOND);
        assert_int_equal(total_of(store, 0, w, RS_COUNT_OFFERED), 0);
    }
    assert_int_equal(total_of(store, 0, RS_WINDOW_TODAY, RS_COUNT_OFFERED), 1);
    assert_checked(store);
    rs_window_destroy(&store);
}

static void late_contributions_count_where_they_belong_and_nowhere_else(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    count_at(store, 0, NOON - 10 * MINUTE, RS_COUNT_OFFERED, 1);
    count_at(store, 0, NOON - 2 * HOUR, RS_COUNT_OFFERED, 1);
    count_at(store, 0, NOON - 13 * HOUR, RS_COUNT_OFFERED, 1); /* yesterday */
    assert_int_equal(total_of(store, 0, 0, RS_COUNT_OFFERED), 0);
    assert_int_equal(total_of(store, 0, 1, RS_COUNT_OFFERED), 1);
    assert_int_equal(total_of(store, 0, 3, RS_COUNT_OFFERED), 1);
    assert_int_equal(total_of(store, 0, RS_WINDOW_TODAY, RS_COUNT_OFFERED), 2);
    rs_window_advance(store, NOON + 5 * MINUTE);
    assert_int_equal(total_of(store, 0, 1, RS_COUNT_OFFERED), 0);
    assert_checked(store);
    rs_window_destroy(&store);
}

static void contributions_of_the_future_count_at_once_and_stay_their_full_time(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    count_at(store, 0, NOON + 60 * SECOND, RS_COUNT_OFFERED, 1);
    count_at(store, 0, NOON + 3 * HOUR, RS_COUNT_OFFERED, 1); /* beyond one turn of the slots */
    assert_int_equal(total_of(store, 0, 0, RS_COUNT_OFFERED), 2);
    rs_window_advance(store, NOON + 359 * SECOND);
    assert_int_equal(total_of(store, 0, 0, RS_COUNT_OFFERED), 2);
    rs_window_advance(store, NOON + 360 * SECOND);
    assert_int_equal(total_of(store, 0, 0, RS_COUNT_OFFERED), 1);
    rs_window_advance(store, NOON + 3 * HOUR + 299 * SECOND);
    assert_int_equal(total_of(store, 0, 0, RS_COUNT_OFFERED), 1);
    rs_window_advance(store, NOON + 3 * HOUR + 300 * SECOND);
    assert_int_equal(total_of(store, 0, 0, RS_COUNT_OFFERED), 0);
    assert_checked(store);
    rs_window_destroy(&store);
}

static void time_does_not_go_back(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    rs_window_advance(store, NOON - HOUR);
    assert_int_equal(rs_window_now(store), NOON);
    rs_window_destroy(&store);
}

static void a_key_of_sums_has_the_longest_window_and_today_and_no_histograms(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    answer_at(store, 1, NOON, 5 * SECOND, 1);
    assert_int_equal(total_of(store, 1, 3, RS_COUNT_ANSWERED), 1);
    assert_int_equal(total_of(store, 1, RS_WINDOW_TODAY, RS_COUNT_WAIT_ANSWERED_US), 5 * SECOND);
    assert_int_equal(extreme_of(store, 1, 3, RS_EXTREME_WAIT_MAX), -1);
    rs_window_view_t view;
    const uint32_t rank = 500;
    int64_t ms, total;
    for (uint32_t w = 0; w < 3; w++) assert_int_equal(rs_window_read(store, 1, w, &view), RS_ERR_NOT_FOUND);
    assert_int_equal(rs_window_percentiles(store, 1, 3, RS_HIST_WAIT_ANSWERED, &rank, 1, &ms, &total), RS_ERR_NOT_FOUND);
    rs_window_advance(store, NOON + HOUR);
    assert_int_equal(total_of(store, 1, 3, RS_COUNT_ANSWERED), 0);
    assert_checked(store);
    rs_window_destroy(&store);
}

static void zeroes_cost_nothing(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    for (int i = 0; i < 2; i++) count_at(store, 0, NOON, RS_COUNT_OFFERED, 1); /* the slabs are warm */
    const uint32_t before = rs_window_key_version(store, 0);
    const uint64_t bytes = rs_window_bytes(store);
    for (int64_t i = 0; i < 100000; i++) count_at(store, 0, NOON - i % 3000 * SECOND, RS_COUNT_EXCESS_US, 0);
    assert_int_equal(rs_window_key_version(store, 0), before);
    assert_int_equal(rs_window_bytes(store), bytes);
    rs_window_destroy(&store);
}

static void the_extremes_are_those_of_what_is_left(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    answer_at(store, 0, NOON, 90 * SECOND, 1);
    answer_at(store, 0, NOON + 10 * SECOND, 20 * SECOND, 1);
    answer_at(store, 0, NOON + 10 * SECOND, 70 * SECOND, 1);
    answer_at(store, 0, NOON + 20 * SECOND, 50 * SECOND, 1);
    assert_int_equal(extreme_of(store, 0, 0, RS_EXTREME_ANSWERED_MAX), 90 * SECOND);
    assert_int_equal(extreme_of(store, 0, 0, RS_EXTREME_ANSWERED_MIN), 20 * SECOND);
    rs_window_advance(store, NOON + 300 * SECOND); /* the greatest leaves 5 minutes */
    assert_int_equal(extreme_of(store, 0, 0, RS_EXTREME_ANSWERED_MAX), 70 * SECOND);
    assert_int_equal(extreme_of(store, 0, 1, RS_EXTREME_ANSWERED_MAX), 90 * SECOND);
    answer_at(store, 0, NOON + 10 * SECOND, 70 * SECOND, -1); /* the next is taken back, within its pane */
    assert_int_equal(extreme_of(store, 0, 0, RS_EXTREME_WAIT_MAX), 50 * SECOND);
    assert_int_equal(extreme_of(store, 0, 0, RS_EXTREME_ANSWERED_MIN), 20 * SECOND);
    answer_at(store, 0, NOON + 10 * SECOND, 20 * SECOND, -1);
    assert_int_equal(extreme_of(store, 0, 0, RS_EXTREME_ANSWERED_MIN), 50 * SECOND);
    assert_int_equal(extreme_of(store, 0, RS_WINDOW_TODAY, RS_EXTREME_ANSWERED_MIN), 50 * SECOND);
    assert_checked(store);
    rs_window_advance(store, NOON + 2 * HOUR);
    assert_int_equal(extreme_of(store, 0, 3, RS_EXTREME_WAIT_MAX), -1);
    assert_int_equal(extreme_of(store, 0, RS_WINDOW_TODAY, RS_EXTREME_WAIT_MAX), 90 * SECOND);
    assert_checked(store);
    rs_window_destroy(&store);
}

static void one_of_two_equal_waits_may_be_taken_back(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    answer_at(store, 0, NOON, 30 * SECOND, 1);
    answer_at(store, 0, NOON, 30 * SECOND, 1);
    answer_at(store, 0, NOON, 30 * SECOND, -1);
    assert_int_equal(extreme_of(store, 0, 0, RS_EXTREME_ANSWERED_MAX), 30 * SECOND);
    answer_at(store, 0, NOON, 30 * SECOND, -1);
    assert_int_equal(extreme_of(store, 0, 0, RS_EXTREME_ANSWERED_MAX), -1);
    assert_checked(store);
    rs_window_destroy(&store);
}

static void a_wait_taken_back_beyond_the_longest_window_leaves_a_bound_for_today(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    answer_at(store, 0, NOON, 100 * SECOND, 1);
    answer_at(store, 0, NOON + 1, 40 * SECOND, 1);
    rs_window_advance(store, NOON + 2 * HOUR);
    answer_at(store, 0, NOON, 100 * SECOND, -1);
    const int64_t bound = extreme_of(store, 0, RS_WINDOW_TODAY, RS_EXTREME_ANSWERED_MAX);
    assert_true(bound >= 40 * SECOND && rs_hist_bucket(bound) == rs_hist_bucket(40 * SECOND));
    assert_int_equal(extreme_of(store, 0, RS_WINDOW_TODAY, RS_EXTREME_ANSWERED_MIN), 40 * SECOND);
    answer_at(store, 0, NOON + 1, 40 * SECOND, -1);
    assert_int_equal(extreme_of(store, 0, RS_WINDOW_TODAY, RS_EXTREME_ANSWERED_MAX), -1);
    rs_window_destroy(&store);
}

static void today_ends_at_midnight_also_for_keys_that_nothing_touches(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    answer_at(store, 0, NOON, 10 * SECOND, 1);
    rs_window_advance(store, NOON + 12 * HOUR - 1);
    assert_int_equal(total_of(store, 0, RS_WINDOW_TODAY, RS_COUNT_ANSWERED), 1);
    const uint32_t version = rs_window_key_version(store, 0);
    rs_window_advance(store, NOON + 12 * HOUR);
    assert_int_not_equal(rs_window_key_version(store, 0), version); /* whoever looks for changes sees this one */
    assert_int_equal(total_of(store, 0, RS_WINDOW_TODAY, RS_COUNT_ANSWERED), 0);
    assert_int_equal(extreme_of(store, 0, RS_WINDOW_TODAY, RS_EXTREME_WAIT_MAX), -1);
    const uint32_t rank = 500;
    int64_t ms, total;
    assert_int_equal(rs_window_percentiles(store, 0, RS_WINDOW_TODAY, RS_HIST_WAIT_ANSWERED, &rank, 1, &ms, &total), RS_OK);
    assert_int_equal(ms, -1);
    assert_int_equal(total, 0);
    answer_at(store, 0, NOON + 12 * HOUR, 7 * SECOND, 1);
    answer_at(store, 0, NOON + 12 * HOUR - 1, 9 * SECOND, 1); /* yesterday's, late */
    assert_int_equal(total_of(store, 0, RS_WINDOW_TODAY, RS_COUNT_ANSWERED), 1);
    assert_int_equal(extreme_of(store, 0, RS_WINDOW_TODAY, RS_EXTREME_WAIT_MAX), 7 * SECOND);
    assert_int_equal(total_of(store, 0, 0, RS_COUNT_ANSWERED), 2);
    assert_checked(store);
    rs_window_destroy(&store);
}

static void what_came_early_for_tomorrow_counts_when_tomorrow_begins(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    const int64_t midnight = NOON + 12 * HOUR;
    rs_window_advance(store, midnight - 10 * SECOND);
    for (int i = 0; i < 3; i++) answer_at(store, 0, midnight + 5 * SECOND, (10 + i) * SECOND, 1);
    answer_at(store, 0, midnight - 5 * SECOND, SECOND, 1);
    assert_int_equal(total_of(store, 0, RS_WINDOW_TODAY, RS_COUNT_ANSWERED), 1);
    rs_window_advance(store, midnight);
    assert_int_equal(total_of(store, 0, RS_WINDOW_TODAY, RS_COUNT_ANSWERED), 3);
    assert_int_equal(extreme_of(store, 0, RS_WINDOW_TODAY, RS_EXTREME_ANSWERED_MIN), 10 * SECOND);
    rs_window_destroy(&store);
}

static void slices_end_where_one_step_would(void **state) {
    (void)state;
    rs_window_store_t *store = make_store(), *whole = make_store();
    for (int64_t i = 0; i < 500; i++) {
        for (uint32_t key = 0; key < 2; key++) {
            answer_at(store, key, NOON + i % 7 * SECOND, i * SECOND, 1);
            answer_at(whole, key, NOON + i % 7 * SECOND, i * SECOND, 1);
        }
    }
    int slices = 1;
    while (!rs_window_advance_some(store, NOON + 305 * SECOND, 3)) {
        slices++;
        assert_checked(store);
    }
    rs_window_advance(whole, NOON + 305 * SECOND);
    assert_true(slices > 3);
    for (uint32_t w = 0; w < 4; w++) {
        assert_int_equal(total_of(store, 0, w, RS_COUNT_ANSWERED), total_of(whole, 0, w, RS_COUNT_ANSWERED));
        assert_int_equal(extreme_of(store, 0, w, RS_EXTREME_WAIT_MAX), extreme_of(whole, 0, w, RS_EXTREME_WAIT_MAX));
    }
    rs_window_destroy(&store);
    rs_window_destroy(&whole);
}

static void without_memory_changes_are_refused_and_counted_and_totals_stay_right(void **state) {
    (void)state;
    const rs_window_settings_t settings = {.windows_us = {5 * MINUTE}, .window_count = 1, .max_keys = 1,
                                           .max_bytes = 1 << 20, .start_us = NOON};
    rs_window_store_t *store;
    uint32_t key;
    assert_int_equal(rs_window_create(&settings, &store), RS_OK);
    assert_int_equal(rs_window_add_key(store, true, &utc, &key), RS_OK);
    int64_t taken = 0, refused = 0;
    for (int64_t i = 0; i < 200000; i++) {
        const int status = rs_window_begin(store, key, NOON + i % 250 * SECOND);
        if (status == RS_ERR_LIMIT) {
            refused++;
            continue;
        }
        assert_int_equal(status, RS_OK);
        rs_window_count(store, RS_COUNT_OFFERED, 1);
        rs_window_duration(store, RS_HIST_TALK, i * 1000, 1);
        rs_window_end(store);
        taken++;
    }
    assert_true(refused > 0 && taken > 0);
    assert_int_equal(rs_window_refused(store), refused);
    assert_int_equal(total_of(store, key, 0, RS_COUNT_OFFERED), taken);
    assert_true(rs_window_bytes(store) <= rs_window_max_bytes(store));
    assert_checked(store);
    rs_window_advance(store, NOON + HOUR); /* what leaves makes room again */
    assert_int_equal(total_of(store, key, 0, RS_COUNT_OFFERED), 0);
    count_at(store, key, NOON + HOUR, RS_COUNT_OFFERED, 1);
    assert_checked(store);
    rs_window_destroy(&store);
}

static void memory_stands_still_once_as_much_leaves_as_comes(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    uint64_t after_two_hours = 0;
    for (int64_t s = 0; s < 5 * 3600; s++) {
        rs_window_advance(store, NOON + s * SECOND);
        for (int64_t i = 0; i < 3; i++) answer_at(store, 0, NOON + s * SECOND, (s % 977 + i) * 100 * RS_US_PER_MS, 1);
        if (s == 2 * 3600) after_two_hours = rs_window_bytes(store);
    }
    assert_int_equal(rs_window_bytes(store), after_two_hours);
    assert_int_equal(total_of(store, 0, 3, RS_COUNT_ANSWERED), 3 * 3600);
    assert_checked(store);
    rs_window_destroy(&store);
}

static void a_change_longer_than_the_scratch_arrives_whole(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    assert_int_equal(rs_window_begin(store, 0, NOON), RS_OK);
    for (int64_t i = 0; i < 1000; i++) {
        rs_window_count(store, RS_COUNT_ANSWERED, 1);
        rs_window_duration(store, RS_HIST_WAIT_ANSWERED, i * SECOND, 1);
        rs_window_wait(store, i * SECOND, 1);
    }
    rs_window_end(store);
    assert_int_equal(total_of(store, 0, 0, RS_COUNT_ANSWERED), 1000);
    assert_int_equal(extreme_of(store, 0, 0, RS_EXTREME_ANSWERED_MIN), 0);
    assert_int_equal(extreme_of(store, 0, 0, RS_EXTREME_ANSWERED_MAX), 999 * SECOND);
    assert_checked(store);
    rs_window_advance(store, NOON + HOUR);
    assert_int_equal(total_of(store, 0, 3, RS_COUNT_ANSWERED), 0);
    assert_checked(store);
    rs_window_destroy(&store);
}

static void wrong_settings_are_refused(void **state) {
    (void)state;
    const rs_window_settings_t wrong[] = {
        {.windows_us = {0}, .window_count = 1, .max_keys = 1},
        {.windows_us = {5 * SECOND, 5 * SECOND}, .window_count = 2, .max_keys = 1},
        {.windows_us = {SECOND + 1}, .window_count = 1, .max_keys = 1},
        {.windows_us = {2 * HOUR}, .window_count = 1, .max_keys = 1},
        {.windows_us = {SECOND}, .window_count = 0, .max_keys = 1},
        {.windows_us = {SECOND}, .window_count = 5, .max_keys = 1},
        {.windows_us = {SECOND}, .window_count = 1, .max_keys = 0}};
    for (size_t i = 0; i < RS_ARRAY_LEN(wrong); i++) {
        rs_window_store_t *store = NULL;
        assert_int_equal(rs_window_create(&wrong[i], &store), RS_ERR_INVALID);
        assert_null(store);
    }
    rs_window_store_t *store = make_store();
    uint32_t key = 77;
    assert_int_equal(rs_window_add_key(store, true, &utc, &key), RS_ERR_LIMIT);
    assert_int_equal(key, 77);
    assert_int_equal(rs_window_key_count(store), 2);
    rs_window_destroy(&store);
    rs_window_destroy(&store); /* again: nothing */
}

static void gauges_change_the_version_only_when_they_change(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    rs_window_gauges_t gauges = {.waiting = 3, .open_miss = {[7] = 9}}, read;
    const uint32_t before = rs_window_key_version(store, 0);
    rs_window_set_gauges(store, 0, &gauges);
    const uint32_t after = rs_window_key_version(store, 0);
    assert_int_not_equal(before, after);
    rs_window_set_gauges(store, 0, &gauges);
    assert_int_equal(rs_window_key_version(store, 0), after);
    assert_int_equal(rs_window_read_gauges(store, 0, &read), RS_OK);
    assert_memory_equal(&read, &gauges, sizeof read);
    rs_window_destroy(&store);
}

static void sums_survive_every_size_of_delta(void **state) {
    (void)state;
    static const int64_t deltas[] = {1, -1, 2, -2, 32767, 32768, -32768, -32769, INT32_MAX, INT64_C(1) << 31, INT32_MIN,
                                     -(INT64_C(1) << 31) - 1, INT64_C(1) << 60, -(INT64_C(1) << 60)};
    rs_window_store_t *store = make_store();
    int64_t sum = 0;
    for (size_t i = 0; i < RS_ARRAY_LEN(deltas); i++) {
        count_at(store, 0, NOON + (int64_t)i * SECOND, RS_COUNT_TALK_US, deltas[i]);
        count_at(store, 0, NOON + (int64_t)i * SECOND, RS_COUNT_SL_DEN_7, deltas[i]);
        sum += deltas[i];
    }
    assert_int_equal(total_of(store, 0, 0, RS_COUNT_TALK_US), sum);
    for (size_t i = 0; i < RS_ARRAY_LEN(deltas); i++) {
        rs_window_advance(store, NOON + (300 + (int64_t)i) * SECOND);
        sum -= deltas[i];
        assert_int_equal(total_of(store, 0, 0, RS_COUNT_TALK_US), sum);
        assert_int_equal(total_of(store, 0, 0, RS_COUNT_SL_DEN_7), sum);
        assert_checked(store);
    }
    rs_window_destroy(&store);
}

static void taking_back_a_wait_that_never_was_leaves_the_extremes_alone(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    answer_at(store, 0, NOON, 5 * SECOND, 1);
    answer_at(store, 0, NOON + SECOND, 6 * SECOND, -1);
    assert_int_equal(total_of(store, 0, 0, RS_COUNT_ANSWERED), 0);
    assert_int_equal(extreme_of(store, 0, 0, RS_EXTREME_WAIT_MAX), 5 * SECOND);
    assert_checked(store);
    rs_window_destroy(&store);
}

static int64_t counted_in(rs_window_store_t *store, uint32_t window) {
    const uint32_t median = 500;
    int64_t ms, total;
    assert_int_equal(rs_window_percentiles(store, 0, window, RS_HIST_TALK, &median, 1, &ms, &total), RS_OK);
    if (total > 0) assert_int_equal(ms, rs_hist_middle_ms(rs_hist_bucket(100 * RS_US_PER_S), -1, -1));
    return total;
}

/* A chunk of waits tells less than two hours and a half; waits that stand further apart come in any order. */
static void waits_hours_apart_keep_their_extremes(void **state) {
    (void)state;
    static const int64_t hours[] = {0, 7, 3, 9, 1, 5, 2, 8, 4, 6};
    rs_window_store_t *store = make_store();
    for (size_t i = 0; i < RS_ARRAY_LEN(hours); i++) {
        for (int64_t w = 0; w < 40; w++) {
            answer_at(store, 0, NOON + hours[i] * HOUR + (w * 7 % 40) * SECOND, (100 - hours[i]) * SECOND - w, 1);
        }
        assert_checked(store);
    }
    answer_at(store, 0, NOON + 3 * HOUR, 97 * SECOND, -1);
    for (int64_t hour = 0; hour < 10; hour++) {
        rs_window_advance(store, NOON + hour * HOUR + 40 * SECOND);
        assert_int_equal(extreme_of(store, 0, 3, RS_EXTREME_ANSWERED_MAX), (100 - hour) * SECOND - (hour == 3 ? 1 : 0));
        assert_checked(store);
    }
    rs_window_destroy(&store);
}

/* 16 bits are enough for nearly all octaves; this one needs more, and loses nothing when it gets them. */
static void a_bucket_holds_more_than_sixteen_bits(void **state) {
    enum { EACH = 700, SECONDS = 150 };
    (void)state;
    rs_window_store_t *store = make_store();
    for (int64_t s = 0; s < SECONDS; s++) {
        rs_window_advance(store, NOON + s * SECOND);
        assert_int_equal(rs_window_begin(store, 0, NOON + s * SECOND), RS_OK);
        for (int i = 0; i < EACH; i++) rs_window_duration(store, RS_HIST_TALK, 100 * RS_US_PER_S, 1);
        rs_window_duration(store, RS_HIST_TALK, 100 * RS_US_PER_S, -1);
        rs_window_end(store);
        assert_int_equal(counted_in(store, RS_WINDOW_TODAY), (s + 1) * (EACH - 1));
    }
    const uint32_t octave = (uint32_t)RS_HIST_TALK * RS_HIST_BLOCKS + rs_hist_bucket(100 * RS_US_PER_S) / RS_HIST_PER_OCTAVE;
    assert_true(rs__octave(rs__full_of(store, store->keys[0]), octave).is_wide);
    assert_true((int64_t)SECONDS * (EACH - 1) > UINT16_MAX);
    assert_checked(store);
    rs_window_advance(store, NOON + 3 * HOUR);
    for (uint32_t window = 0; window < store->window_count; window++) assert_int_equal(counted_in(store, window), 0);
    assert_int_equal(counted_in(store, RS_WINDOW_TODAY), (int64_t)SECONDS * (EACH - 1));
    rs_window_destroy(&store);
}

static void the_check_finds_what_was_tampered_with(void **state) {
    (void)state;
    rs_window_store_t *store = make_store();
    answer_at(store, 0, NOON, 5 * SECOND, 1);
    const char *why = NULL;
    rs__key_t *key = store->keys[0];
    rs__full_t *full = rs__full_of(store, key);

    assert_true(store->places.of[RS_COUNT_SL_DEN_0] < RS_PLACES_HOT);
    rs__add(&key->rows[RS__ROW_LONGEST][store->places.of[RS_COUNT_SL_DEN_0]], 1);
    assert_int_equal(rs_window_check(store, &why), RS_ERR_STATE);
    rs__add(&key->rows[RS__ROW_LONGEST][store->places.of[RS_COUNT_SL_DEN_0]], -1);

    rs__store(&full->published[1][RS_EXTREME_ANSWERED_MAX], 6 * SECOND);
    assert_int_equal(rs_window_check(store, &why), RS_ERR_STATE);
    rs__store(&full->published[1][RS_EXTREME_ANSWERED_MAX], 5 * SECOND);

    const uint32_t octave = (uint32_t)RS_HIST_WAIT_ANSWERED * RS_HIST_BLOCKS + rs_hist_bucket(5 * SECOND) / RS_HIST_PER_OCTAVE;
    _Atomic uint16_t *counts = (_Atomic uint16_t *)rs__octave(full, octave).rows;
    assert_false(rs__octave(full, octave).is_wide);
    atomic_fetch_add(&counts[RS__ROW_SUM * RS_HIST_PER_OCTAVE + 3], 1);
    assert_int_equal(rs_window_check(store, &why), RS_ERR_STATE);
    atomic_fetch_sub(&counts[RS__ROW_SUM * RS_HIST_PER_OCTAVE + 3], 1);

    rs_seqlock_write_begin(&key->lock);
    assert_int_equal(rs_window_check(store, &why), RS_ERR_STATE);
    rs_window_view_t view;
    assert_int_equal(rs_window_read(store, 0, 0, &view), RS_ERR_AGAIN); /* and readers give up in the end */
    rs_seqlock_write_end(&key->lock);
    assert_checked(store);
    rs_window_destroy(&store);
}

const struct CMUnitTest window_tests[] = {
    cmocka_unit_test(a_contribution_leaves_each_window_after_its_length_to_the_second),
    cmocka_unit_test(late_contributions_count_where_they_belong_and_nowhere_else),
    cmocka_unit_test(contributions_of_the_future_count_at_once_and_stay_their_full_time),
    cmocka_unit_test(time_does_not_go_back),
    cmocka_unit_test(a_key_of_sums_has_the_longest_window_and_today_and_no_histograms),
    cmocka_unit_test(zeroes_cost_nothing),
    cmocka_unit_test(the_extremes_are_those_of_what_is_left),
    cmocka_unit_test(one_of_two_equal_waits_may_be_taken_back),
    cmocka_unit_test(a_wait_taken_back_beyond_the_longest_window_leaves_a_bound_for_today),
    cmocka_unit_test(today_ends_at_midnight_also_for_keys_that_nothing_touches),
    cmocka_unit_test(what_came_early_for_tomorrow_counts_when_tomorrow_begins),
    cmocka_unit_test(slices_end_where_one_step_would),
    cmocka_unit_test(without_memory_changes_are_refused_and_counted_and_totals_stay_right),
    cmocka_unit_test(memory_stands_still_once_as_much_leaves_as_comes),
    cmocka_unit_test(a_change_longer_than_the_scratch_arrives_whole),
    cmocka_unit_test(wrong_settings_are_refused),
    cmocka_unit_test(gauges_change_the_version_only_when_they_change),
    cmocka_unit_test(sums_survive_every_size_of_delta),
    cmocka_unit_test(taking_back_a_wait_that_never_was_leaves_the_extremes_alone),
    cmocka_unit_test(waits_hours_apart_keep_their_extremes),
    cmocka_unit_test(a_bucket_holds_more_than_sixteen_bits),
    cmocka_unit_test(the_check_finds_what_was_tampered_with),
};
const size_t window_test_count = RS_ARRAY_LEN(window_tests);
