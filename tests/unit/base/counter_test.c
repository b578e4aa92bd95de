#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/counter.h"
#include "base_tests.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Only this test's own: rooms linked into the binary may have counters too. */
#define OURS "rs_test_"

static char shown[4096];

static void show(void *context, const rs_counter_t *counter, uint64_t value) {
    (void)context;
    if (strncmp(counter->name, OURS, sizeof(OURS) - 1) != 0) return;
    const size_t len = strlen(shown);
    int written = snprintf(shown + len, sizeof(shown) - len, "%s", counter->name + sizeof(OURS) - 1);
    for (size_t i = 0; i < RS_COUNTER_LABELS && counter->labels[i].name != NULL; i++) {
        written += snprintf(shown + len + written, sizeof(shown) - len - (size_t)written, " %s=%s", counter->labels[i].name,
                            counter->labels[i].value);
    }
    (void)snprintf(shown + len + written, sizeof(shown) - len - (size_t)written, " %llu\n", (unsigned long long)value);
}

static void counters_are_shown_sorted_whatever_the_order_of_their_first_use(void **state) {
    (void)state;
    static rs_counter_t refused[] = {RS_COUNTER1(OURS "refused_total", "Refused.", "reason", "too_long"),
                                     RS_COUNTER1(OURS "refused_total", "Refused.", "reason", "bad_time"),
                                     RS_COUNTER2(OURS "refused_total", "Refused.", "reason", "bad_time", "source", "b")};
    static rs_counter_t batches = RS_COUNTER(OURS "batches_total", "Batches.");
    static rs_counter_t never = RS_COUNTER(OURS "never_total", "Listed but never used.");
    static rs_counter_t unlisted = RS_COUNTER(OURS "unlisted_total", "Neither.");
    rs_counter_add(&refused[0], 2);
    rs_counter_register(&never, 1);
    rs_counter_add(&batches, 1);
    rs_counter_register(refused, RS_ARRAY_LEN(refused));
    rs_counter_register(refused, RS_ARRAY_LEN(refused));
    rs_counter_add(&refused[1], 40);
    rs_counter_add(&refused[1], 2);
    assert_int_equal(rs_counter_value(&unlisted), 0);
    shown[0] = '\0';
    rs_counter_each(show, NULL);
    assert_string_equal(shown, "batches_total 1\n"
                               "never_total 0\n"
                               "refused_total reason=bad_time 42\n"
                               "refused_total reason=bad_time source=b 0\n"
                               "refused_total reason=too_long 2\n");
}

enum { THREADS = 4, SHARED = 8, ADDS = 20000 };
static rs_counter_t shared[SHARED] = {
    RS_COUNTER1("rs_shared_total", "Shared.", "n", "4"), RS_COUNTER1("rs_shared_total", "Shared.", "n", "1"),
    RS_COUNTER1("rs_shared_total", "Shared.", "n", "7"), RS_COUNTER1("rs_shared_total", "Shared.", "n", "0"),
    RS_COUNTER1("rs_shared_total", "Shared.", "n", "5"), RS_COUNTER1("rs_shared_total", "Shared.", "n", "2"),
    RS_COUNTER1("rs_shared_total", "Shared.", "n", "6"), RS_COUNTER1("rs_shared_total", "Shared.", "n", "3")};

static void count_shared(void *context, const rs_counter_t *counter, uint64_t value) {
    uint64_t *sums = context;
    if (strcmp(counter->name, "rs_shared_total") != 0) return;
    sums[0] += value;
    sums[1]++;
}
static void *add_much(void *context) {
    const size_t offset = (size_t)(uintptr_t)context;
    for (size_t i = 0; i < ADDS; i++) {
        rs_counter_add(&shared[(i + offset) % SHARED], 1);
        uint64_t sums[2] = {0, 0};
        if (i % 5000 == 0) rs_counter_each(count_shared, sums);
    }
    return NULL;
}

static void nothing_is_lost_when_threads_add_at_once_for_the_first_time(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_much, (void *)(uintptr_t)i), 0);
    }
    for (size_t i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    uint64_t sums[2] = {0, 0};
    rs_counter_each(count_shared, sums);
    assert_int_equal(sums[0], THREADS * ADDS);
    assert_int_equal(sums[1], SHARED);
}

int run_counter_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_are_shown_sorted_whatever_the_order_of_their_first_use),
        cmocka_unit_test(nothing_is_lost_when_threads_add_at_once_for_the_first_time),
    };
    return cmocka_run_group_tests_name("counter", tests, NULL, NULL);
}
