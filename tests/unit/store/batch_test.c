#include "store_test.h"

static void rows_come_back_as_they_went_in_though_their_sources_are_gone(void **state) {
    (void)state;
    rs_row_batch_t *batch = NULL;
    assert_int_equal(rs_row_batch_create(50, 0, &batch), RS_OK);
    for (int round = 0; round < 3; round++) {
        rs_row_batch_clear(batch);
        for (int i = 0; i < 50; i++) {
            char name[32];
            snprintf(name, sizeof name, "queue-%d-%d", round, i);
            rs_hist_entry_t entries[700];
            for (int e = 0; e < 700; e++) entries[e] = (rs_hist_entry_t){(uint16_t)e, i + e};
            rs_row_t row = make_row(name, START_US, (uint64_t)i, i);
            row.histograms[RS_HIST_WRAP] = entries;
            row.histogram_sizes[RS_HIST_WRAP] = (uint32_t)i * 14;
            assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
            memset(name, '#', sizeof name);
            memset(entries, 0xff, sizeof entries);
        }
        assert_int_equal(rs_row_batch_count(batch), 50);
        for (int i = 0; i < 50; i++) {
            char name[32];
            snprintf(name, sizeof name, "queue-%d-%d", round, i);
            rs_row_t row;
            rs_row_batch_get(batch, (uint32_t)i, &row);
            assert_true(rs_str_equal(row.key.name, rs_str(name)));
            assert_true(rs_str_equal(row.key.tenant, RS_STR("acme")));
            assert_int_equal(row.counts[RS_COUNT_OFFERED], i);
            assert_int_equal(row.histogram_sizes[RS_HIST_WRAP], i * 14);
            for (int e = 0; e < i * 14; e++) {
                assert_int_equal(row.histograms[RS_HIST_WRAP][e].bucket, e);
                assert_int_equal(row.histograms[RS_HIST_WRAP][e].count, i + e);
            }
        }
    }
    rs_row_batch_destroy(&batch);
    assert_null(batch);
}

static void a_full_batch_refuses_and_is_unchanged(void **state) {
    (void)state;
    rs_row_batch_t *batch = NULL;
    const rs_row_t row = make_row("a", START_US, 1, 1);
    assert_int_equal(rs_row_batch_create(0, 0, &batch), RS_ERR_INVALID);
    assert_int_equal(rs_row_batch_create(2, 0, &batch), RS_OK);
    assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
    assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
    assert_int_equal(rs_row_batch_add(batch, &row), RS_ERR_FULL);
    assert_int_equal(rs_row_batch_count(batch), 2);
    rs_row_batch_destroy(&batch);

    assert_int_equal(rs_row_batch_create(10, 20, &batch), RS_OK);   /* each row takes 16 bytes of names */
    assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
    assert_int_equal(rs_row_batch_add(batch, &row), RS_ERR_FULL);
    assert_int_equal(rs_row_batch_count(batch), 1);
    rs_row_batch_clear(batch);
    assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
    rs_row_batch_destroy(&batch);
}

static void a_refilled_batch_takes_no_more_memory(void **state) {
    (void)state;
    rs_row_batch_t *batch = NULL;
    rs_hist_entry_t entries[RS_HIST_BUCKETS] = {{0}};
    assert_int_equal(rs_row_batch_create(100, 0, &batch), RS_OK);
    uint64_t bytes = 0;
    for (int round = 0; round < 5; round++) {
        rs_row_batch_clear(batch);
        for (int i = 0; i < 100; i++) {
            rs_row_t row = make_row("a", START_US, 1, 1);
            for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
                row.histograms[h] = entries;
                row.histogram_sizes[h] = RS_HIST_BUCKETS;
            }
            assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);   /* the largest rows there are: max_bytes 0 has room */
        }
        if (round > 0) assert_int_equal(rs_row_batch_bytes(batch), bytes);
        bytes = rs_row_batch_bytes(batch);
    }
    rs_row_batch_destroy(&batch);
}

static void rows_out_of_bounds_are_refused(void **state) {
    (void)state;
    rs_row_batch_t *batch = NULL;
    char long_name[RS_MAX_NAME + 2];
    memset(long_name, 'x', sizeof long_name);
    assert_int_equal(rs_row_batch_create(2, 0, &batch), RS_OK);
    rs_row_t row = make_row("a", START_US, 1, 1);
    row.key.name = (rs_str_t){long_name, RS_MAX_NAME + 1};
    assert_int_equal(rs_row_batch_add(batch, &row), RS_ERR_INVALID);
    row = make_row("a", START_US, 1, 1);
    row.histogram_sizes[0] = RS_HIST_BUCKETS + 1;
    assert_int_equal(rs_row_batch_add(batch, &row), RS_ERR_INVALID);
    assert_int_equal(rs_row_batch_count(batch), 0);
    rs_row_batch_destroy(&batch);
}

static void policies_are_copied_once_and_rows_keep_theirs(void **state) {
    (void)state;
    rs_row_batch_t *batch = NULL;
    assert_int_equal(rs_row_batch_create(200, 0, &batch), RS_OK);
    rs_policy_t policies[70];
    memset(policies, 0, sizeof policies);
    for (int i = 0; i < 70; i++) {
        snprintf(policies[i].name, sizeof policies[i].name, "policy-%d", i);
        policies[i].version = (uint32_t)i;
    }
    for (int i = 0; i < 100; i++) {
        rs_row_t row = make_row("a", START_US, 1, 1);
        row.policies[2] = &policies[i / 50];
        row.policies[5] = &policies[2];
        assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
    }
    assert_int_equal(rs_row_batch_policy_count(batch), 3);
    for (uint32_t i = 0; i < 100; i++) {
        const rs_row_t *row = rs_row_batch_at(batch, i);
        assert_string_equal(row->policies[2]->name, policies[i / 50].name);
        assert_string_equal(row->policies[5]->name, "policy-2");
        assert_true(row->policies[2] != &policies[i / 50]);
        assert_null(row->policies[0]);
    }
    for (int i = 0; i < 70; i++) {   /* more than are kept: those stay the caller's, and no row is refused */
        rs_row_t row = make_row("a", START_US, 1, 1);
        row.policies[0] = &policies[i];
        assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
        assert_string_equal(rs_row_batch_at(batch, 100 + (uint32_t)i)->policies[0]->name, policies[i].name);
    }
    assert_int_equal(rs_row_batch_policy_count(batch), RS_ROW_BATCH_POLICIES);
    rs_row_batch_clear(batch);
    assert_int_equal(rs_row_batch_policy_count(batch), 0);
    rs_row_batch_set_policy(batch, 7, &policies[9]);   /* for rows that name none */
    const rs_row_t row = make_row("a", START_US, 1, 1);
    assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
    assert_string_equal(rs_row_batch_at(batch, 0)->policies[7]->name, "policy-9");
    assert_string_equal(rs_row_batch_policy(batch, 0)->name, "policy-9");
    rs_row_batch_destroy(&batch);
}

int run_batch_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_as_they_went_in_though_their_sources_are_gone),
        cmocka_unit_test(a_full_batch_refuses_and_is_unchanged),
        cmocka_unit_test(a_refilled_batch_takes_no_more_memory),
        cmocka_unit_test(rows_out_of_bounds_are_refused),
        cmocka_unit_test(policies_are_copied_once_and_rows_keep_theirs),
    };
    return cmocka_run_group_tests_name("row batch", tests, NULL, NULL);
}
