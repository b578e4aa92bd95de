#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "ring/ring.h"
#include "ring_tests.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static int64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * RS_US_PER_S + now.tv_nsec / 1000;
}

static int fresh_sleeper(void **state) {
    rs_sleeper_t *sleeper = NULL;
    if (rs_sleeper_create(&sleeper) != RS_OK) return -1;
    *state = sleeper;
    return 0;
}
static int drop_sleeper(void **state) {
    rs_sleeper_t *sleeper = *state;
    rs_sleeper_destroy(&sleeper);
    return sleeper == NULL ? 0 : -1;
}

/* Sleeps once with `timeout_us`; how long that took. A futex may return early for no reason, so tests take the longest of
 * a few. */
static int64_t slept_us(rs_sleeper_t *sleeper, int64_t timeout_us) {
    int64_t longest = 0;
    for (int i = 0; i < 3; i++) {
        const int64_t start = now_us();
        rs_sleeper_announce(sleeper);
        assert_false(rs_sleeper_wait(sleeper, timeout_us));
        const int64_t took = now_us() - start;
        if (took > longest) longest = took;
    }
    return longest;
}

static void wait_ends_after_its_time(void **state) {
    const int64_t took = slept_us(*state, 20000);
    assert_true(took >= 20000);
    assert_true(took < 5 * RS_US_PER_S);
}

static void wait_without_time_does_not_block(void **state) {
    assert_true(slept_us(*state, 0) < RS_US_PER_S);
    assert_true(slept_us(*state, -5) < RS_US_PER_S);
}

static void wake_after_announce_makes_wait_return_at_once(void **state) {
    rs_sleeper_t *sleeper = *state;
    const int64_t start = now_us();
    rs_sleeper_announce(sleeper);
    rs_sleeper_wake(sleeper);
    assert_true(rs_sleeper_wait(sleeper, 30 * RS_US_PER_S));
    assert_true(now_us() - start < 10 * RS_US_PER_S);
}

static void wake_before_announce_is_not_remembered(void **state) {
    rs_sleeper_t *sleeper = *state;
    rs_sleeper_wake(sleeper);
    assert_true(slept_us(sleeper, 20000) >= 20000);
}

static void cancelled_announcement_can_be_made_again(void **state) {
    rs_sleeper_t *sleeper = *state;
    rs_sleeper_announce(sleeper);
    rs_sleeper_cancel(sleeper);
    rs_sleeper_wake(sleeper);
    assert_true(slept_us(sleeper, 20000) >= 20000);
}

static void *wake_soon(void *sleeper) {
    nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    rs_sleeper_wake(sleeper);
    return NULL;
}

static void sleeping_thread_is_woken_by_another(void **state) {
    rs_sleeper_t *sleeper = *state;
    const int64_t start = now_us();
    pthread_t waker;
    rs_sleeper_announce(sleeper);
    assert_int_equal(pthread_create(&waker, NULL, wake_soon, sleeper), 0);
    assert_true(rs_sleeper_wait(sleeper, 60 * RS_US_PER_S));
    assert_true(now_us() - start < 30 * RS_US_PER_S);
    assert_int_equal(pthread_join(waker, NULL), 0);
}

static void destroy_takes_nothing(void **state) {
    (void)state;
    rs_sleeper_t *none = NULL;
    rs_sleeper_destroy(&none);
    rs_sleeper_destroy(NULL);
}

int run_sleeper_tests(void) {
#define SLEEPER_TEST(name) cmocka_unit_test_setup_teardown(name, fresh_sleeper, drop_sleeper)
    const struct CMUnitTest tests[] = {
        SLEEPER_TEST(wait_ends_after_its_time),
        SLEEPER_TEST(wait_without_time_does_not_block),
        SLEEPER_TEST(wake_after_announce_makes_wait_return_at_once),
        SLEEPER_TEST(wake_before_announce_is_not_remembered),
        SLEEPER_TEST(cancelled_announcement_can_be_made_again),
        SLEEPER_TEST(sleeping_thread_is_woken_by_another),
        cmocka_unit_test(destroy_takes_nothing),
    };
    return cmocka_run_group_tests_name("sleeper", tests, NULL, NULL);
}
