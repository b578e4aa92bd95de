#ifndef RS_CORE_PREDICT_TESTS_H
#define RS_CORE_PREDICT_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

extern const struct CMUnitTest erlang_tests[], line_tests[], seen_tests[], live_tests[];
extern const size_t erlang_test_count, line_test_count, seen_test_count, live_test_count;

/* Fails unless |is - should| <= within. */
#define assert_near(is, should, within) assert_near_at((is), (should), (within), #is, __FILE__, __LINE__)
void assert_near_at(double is, double should, double within, const char *what, const char *file, int line);

#endif
