/* Every allocation failing in its turn, libyaml's and the C library's too: the allocator of this program is put in
 * front of the real one. Under a sanitizer, which has an allocator of its own, only the well-going path is walked. */
#include "config_tests.h"

#include "config/diff.h"

#include <errno.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RS_OWN_ALLOCATOR 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define RS_OWN_ALLOCATOR 0
#endif
#endif
#ifndef RS_OWN_ALLOCATOR
#define RS_OWN_ALLOCATOR 1
#endif

static long allowed_allocations = -1; /* < 0: without limit */
static bool once;                     /* only that one fails, else it and every one after it */

#if RS_OWN_ALLOCATOR
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool refuse_now(void) {
    if (allowed_allocations < 0) return false;
    if (allowed_allocations-- > 0) return false;
    allowed_allocations = once ? -1 : 0;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size) { return refuse_now() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return refuse_now() ? NULL : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return refuse_now() ? NULL : __libc_realloc(old, size); }
#endif

static const char *const sets[] = {"queues.\"a.b\".threshold=30s", "windows=[15m, 30m]", "time.zone=Europe/London",
                                   "hours.o={zone: Asia/Tokyo, week: {mon: 09:00-17:00}, holidays: [2026-12-25]}",
                                   "hours.p={zone: Asia/Tokyo, week: {mon: 09:00-17:00}}"};

/* Success must be the whole truth: a zone that the C library could not load goes by UTC there. */
static void check_loaded(const rs_config_t *config, const rs_zone_t *zone) {
    assert_int_equal(config->rule_count, 9);
    assert_int_equal(config->queue_count, 1);
    assert_int_equal(config->zone->count, zone->count);
    for (uint32_t i = 0; i < zone->count; i++) {
        assert_int_equal(config->zone->transitions[i].at_us, zone->transitions[i].at_us);
        assert_int_equal(config->zone->transitions[i].offset_s, zone->transitions[i].offset_s);
    }
}

static void load_with_failures(bool only_one) {
    rs_zone_t *zone = NULL;
    long limit = 0, memory = 0;
    assert_int_equal(rs_zone_load("Europe/London", &zone), RS_OK);
    for (bool done = false; !done && limit < 5000; limit++) {
        rs_config_t *config = NULL;
        rs_config_error_t error;
        once = only_one;
        allowed_allocations = RS_OWN_ALLOCATOR ? limit : -1;
        const int status =
            rs_config_load(RS_SOURCE_DIR "/daemon/ringside.conf", sets, RS_ARRAY_LEN(sets), &config, &error);
        done = allowed_allocations != (only_one ? -1 : 0) || !RS_OWN_ALLOCATOR;
        allowed_allocations = -1;
        if (status == RS_OK) {
            check_loaded(config, zone);
            rs_config_destroy(&config);
            continue;
        }
        assert_false(done);
        assert_null(config);
        memory += status == RS_ERR_MEMORY;
        if (status == RS_ERR_MEMORY)
            assert_string_equal(error.reason, rs_status_text(RS_ERR_MEMORY));
        else if (strcmp(error.key, "time.zone") != 0 && strncmp(error.key, "hours.", 6) != 0)
            fail_msg("allocation %ld: %s %s", limit, rs_status_text(status), error.reason);
    }
    if (RS_OWN_ALLOCATOR) assert_true(memory > 20 && limit < 5000);
    printf("          %ld allocations failed in turn, %ld times out of memory\n", limit - 1, memory);
    rs_zone_destroy(&zone);
}

static void loading_survives_the_end_of_memory_at_each_allocation(void **state) {
    (void)state;
    load_with_failures(false);
}

static void loading_survives_each_single_allocation_that_fails(void **state) {
    (void)state;
    load_with_failures(true);
}

static void a_comparison_survives_each_allocation_that_fails(void **state) {
    rs_config_t *a = must_load("", NULL, 0), *b = must_load("queues: {a: {threshold: 9s}}\n", NULL, 0);
    (void)state;
    for (long limit = 0;; limit++) {
        allowed_allocations = RS_OWN_ALLOCATOR ? limit : -1;
        const int count = rs_config_diff(a, b, NULL, NULL);
        allowed_allocations = -1;
        if (count == 2) break;
        assert_int_equal(count, RS_ERR_MEMORY);
    }
    rs_config_destroy(&a);
    rs_config_destroy(&b);
}

static void destroying_nothing_is_allowed(void **state) {
    rs_config_t *none = NULL;
    rs_zone_t *zone = NULL;
    (void)state;
    rs_config_destroy(NULL);
    rs_config_destroy(&none);
    rs_zone_destroy(NULL);
    rs_zone_destroy(&zone);
}

const struct CMUnitTest memory_tests[] = {
    cmocka_unit_test(loading_survives_the_end_of_memory_at_each_allocation),
    cmocka_unit_test(loading_survives_each_single_allocation_that_fails),
    cmocka_unit_test(a_comparison_survives_each_allocation_that_fails),
    cmocka_unit_test(destroying_nothing_is_allowed),
};
const size_t memory_test_count = RS_ARRAY_LEN(memory_tests);
