#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "ring/seqlock.h"
#include "ring_tests.h"

static void copy_made_while_nobody_writes_is_good(void **state) {
    (void)state;
    rs_seqlock_t lock = {0};
    const uint32_t version = rs_seqlock_read_begin(&lock);
    assert_false(rs_seqlock_read_retry(&lock, version));
}

static void copy_begun_inside_a_write_is_discarded(void **state) {
    (void)state;
    rs_seqlock_t lock = {0};
    rs_seqlock_write_begin(&lock);
    const uint32_t version = rs_seqlock_read_begin(&lock);
    assert_true(rs_seqlock_read_retry(&lock, version));
    rs_seqlock_write_end(&lock);
    assert_true(rs_seqlock_read_retry(&lock, version));
}

static void copy_overtaken_by_a_write_is_discarded(void **state) {
    (void)state;
    rs_seqlock_t lock = {0};
    const uint32_t version = rs_seqlock_read_begin(&lock);
    rs_seqlock_write_begin(&lock);
    assert_true(rs_seqlock_read_retry(&lock, version));
    rs_seqlock_write_end(&lock);
    assert_true(rs_seqlock_read_retry(&lock, version));
    assert_false(rs_seqlock_read_retry(&lock, rs_seqlock_read_begin(&lock)));
}

static void version_wraps_around(void **state) {
    (void)state;
    rs_seqlock_t lock = {UINT32_MAX - 1};
    const uint32_t before = rs_seqlock_read_begin(&lock);
    rs_seqlock_write_begin(&lock);
    assert_true(rs_seqlock_read_retry(&lock, rs_seqlock_read_begin(&lock)));
    rs_seqlock_write_end(&lock);
    assert_int_equal(rs_seqlock_read_begin(&lock), 0);
    assert_true(rs_seqlock_read_retry(&lock, before));
    assert_false(rs_seqlock_read_retry(&lock, 0));
}

int run_seqlock_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_made_while_nobody_writes_is_good),
        cmocka_unit_test(copy_begun_inside_a_write_is_discarded),
        cmocka_unit_test(copy_overtaken_by_a_write_is_discarded),
        cmocka_unit_test(version_wraps_around),
    };
    return cmocka_run_group_tests_name("seqlock", tests, NULL, NULL);
}
