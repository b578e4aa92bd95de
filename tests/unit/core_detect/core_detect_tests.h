#ifndef RS_CORE_DETECT_TESTS_H
#define RS_CORE_DETECT_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

extern const struct CMUnitTest arl_tests[], chart_tests[], formula_tests[], season_tests[];
extern const size_t arl_test_count, chart_test_count, formula_test_count, season_test_count;

/* Fails unless |is - should| <= within. */
#define assert_near(is, should, within) assert_near_at((is), (should), (within), #is, __FILE__, __LINE__)
void assert_near_at(double is, double should, double within, const char *what, const char *file, int line);

#endif
