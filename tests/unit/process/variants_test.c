/* Variants: exact below the limit, and with a stated error past it. */
#include "process_test.h"

#include <stdio.h>

static void the_most_frequent_come_first(void **state) {
    (void)state;
    process_test_t test;
    process_begin(&test, 1000, 100);
    process_tell(&test, "queued a q x 0; abandoned a 3; queued b q x 0; abandoned b 5; created c 0; ended c 1; queued d q x 0; "
                        "answered d a n 2; ended d 3");
    assert_string_equal(process_variants(&test),
                        "queue:x,end:abandoned 2/8s | flow,end:before_queue 1/1s | queue:x,talk,end:answered 1/3s");
    process_end(&test);
}

static void an_end_that_is_taken_back_is_no_variant(void **state) {
    (void)state;
    process_test_t test;
    process_begin(&test, 1000, 100);
    process_tell(&test, "queued a q x 0; dequeued a r timeout 3");
    assert_string_equal(process_variants(&test), "queue:x,end:flowed_out 1/3s");
    process_tell(&test, "queued a q y 4");
    assert_string_equal(process_variants(&test), "");
    process_tell(&test, "abandoned a 6");
    assert_string_equal(process_variants(&test), "queue:x,queue:y,end:abandoned 1/6s");
    process_end(&test);
}

static void a_longer_way_is_cut(void **state) {
    (void)state;
    process_test_t test;
    process_begin(&test, 1000, 100);
    process_tell(&test, "answered c a n 0");
    for (int i = 0; i < 40; i++) {
        char text[64];
        snprintf(text, sizeof text, "held c %d; retrieved c %d", i * 2 + 1, i * 2 + 2);
        process_tell(&test, text);
    }
    process_tell(&test, "ended c 100");
    const char *text = process_variants(&test);
    assert_non_null(strstr(text, "talk,hold,+,end:answered 1/100s"));
    process_end(&test);
}

/* Queues q0 (often) to q9; of each `times`, in turn. */
static void leave_queue(process_test_t *test, int contact, int queue) {
    char text[96];
    snprintf(text, sizeof text, "queued c%d q q%d %d; abandoned c%d %d", contact, queue, contact, contact, contact + 1);
    process_tell(test, text);
}

typedef struct bounds_check { int64_t truth[10]; int seen; int64_t sum; } bounds_check_t;

static void check_bounds(void *context, const rs_variant_row_t *row) {
    bounds_check_t *check = context;
    const int64_t truth = check->truth[row->stages[0].queue.data[1] - '0'];
    assert_true(row->count >= truth && row->count - row->error <= truth);
    check->seen++;
    check->sum += row->count;
}

static void past_the_limit_counts_keep_their_stated_bounds(void **state) {
    (void)state;
    process_test_t test;
    bounds_check_t check = {0};
    process_begin(&test, 1000, 4);
    for (int i = 0; i < 300; i++) {
        const int queue = i % 3 != 0 ? 0 : i % 2 != 0 ? 1 : 2 + i / 6 % 8;
        leave_queue(&test, i, queue);
        check.truth[queue]++;
    }
    rs_core_process_variants(test.core, check_bounds, &check);
    assert_int_equal(check.seen, 4);
    assert_int_equal(check.sum, 300);   /* space-saving keeps the sum */
    assert_true(rs_core_losses(test.core).variants > 0);
    static const char first[] = "queue:q0,end:abandoned 200/";
    assert_memory_equal(process_variants(&test), first, sizeof first - 1);
    process_end(&test);
}

/* Counts in all orders, so that a heap that is none gives a place of another one away. */
static void it_is_the_least_frequent_that_gives_way(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        enum { MAX = 12 };
        rs_variants_t variants;
        rs_path_t path = {.stages = {RS_PROCESS_TALK}};
        int64_t least = INT64_MAX, kept = INT64_MAX;
        assert_int_equal(rs_variants_init(&variants, MAX), RS_OK);
        for (uint64_t i = 0; i < MAX; i++) {
            const int64_t count = 1 + (int64_t)(rs_hash_mix(seed * 100 + i) % 40);
            const rs_step_t end = {.to = RS_PROCESS_END_ANSWERED, .length = 1, .variant = i + 1};
            for (int64_t n = 0; n < count; n++) rs_variants_count(&variants, 1, &path, &end, 1);
            if (count < least) least = count;
        }
        const rs_step_t another = {.to = RS_PROCESS_END_ANSWERED, .length = 1, .variant = 1000};
        rs_variants_count(&variants, 1, &path, &another, 1);
        for (uint32_t number = 1; number <= MAX; number++) {
            const rs_variant_t *variant = rs_variants_at(&variants, number);
            if (variant->error != 0) kept = variant->error;
        }
        assert_int_equal(kept, least);
        rs_variants_deinit(&variants);
    }
}

static void none_are_kept_without_room(void **state) {
    (void)state;
    process_test_t test;
    process_begin(&test, 1000, 0);
    leave_queue(&test, 1, 1);
    assert_string_equal(process_variants(&test), "");
    process_end(&test);
}

int variants_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_frequent_come_first), cmocka_unit_test(an_end_that_is_taken_back_is_no_variant),
        cmocka_unit_test(a_longer_way_is_cut), cmocka_unit_test(past_the_limit_counts_keep_their_stated_bounds),
        cmocka_unit_test(it_is_the_least_frequent_that_gives_way),
    cmocka_unit_test(none_are_kept_without_room)};
    return cmocka_run_group_tests_name("variants", tests, NULL, NULL);
}
