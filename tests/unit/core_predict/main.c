#include "core_predict_tests.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void assert_near_at(double is, double should, double within, const char *what, const char *file, int line) {
    if (is == should || fabs(is - should) <= within) return;
    print_error("%s is %.12g, should be %.12g within %g\n", what, is, should, within);
    _fail(file, line);
}

int main(void) {
    const size_t count = erlang_test_count + line_test_count + seen_test_count + live_test_count;
    struct CMUnitTest *tests = calloc(count, sizeof *tests), *at = tests;
    memcpy(at, erlang_tests, erlang_test_count * sizeof *at);
    memcpy(at += erlang_test_count, line_tests, line_test_count * sizeof *at);
    memcpy(at += line_test_count, seen_tests, seen_test_count * sizeof *at);
    memcpy(at += seen_test_count, live_tests, live_test_count * sizeof *at);
    const int failed = _cmocka_run_group_tests("core_predict", tests, count, NULL, NULL);
    free(tests);
    return failed;
}
