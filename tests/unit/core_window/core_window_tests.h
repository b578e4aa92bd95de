#ifndef RS_CORE_WINDOW_TESTS_H
#define RS_CORE_WINDOW_TESTS_H

#include "core/metric.h"
#include "core/window/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND RS_US_PER_S
#define MINUTE RS_US_PER_MIN
#define HOUR RS_US_PER_HOUR
#define DAY RS_US_PER_DAY

extern const rs_zone_t utc;

/* 5, 15, 30 minutes and 1 hour, at noon of day 100, with one FULL key (0) and one SUMS key (1). */
rs_window_store_t *make_store(void);
#define NOON (100 * DAY + 12 * HOUR)

void count_at(rs_window_store_t *store, uint32_t key, int64_t at_us, rs_count_t count, int64_t delta);
/* An answered leg: count, sum, histogram, extremes. */
void answer_at(rs_window_store_t *store, uint32_t key, int64_t at_us, int64_t wait_us, int sign);
int64_t total_of(const rs_window_store_t *store, uint32_t key, uint32_t window, rs_count_t count);
int64_t extreme_of(const rs_window_store_t *store, uint32_t key, uint32_t window, rs_extreme_t extreme);
void assert_checked(const rs_window_store_t *store);

extern const struct CMUnitTest histogram_tests[], window_tests[], metric_tests[], zone_tests[];
extern const size_t histogram_test_count, window_test_count, metric_test_count, zone_test_count;

#endif
