#include "core_detect_tests.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void assert_near_at(double is, double should, double within, const char *what, const char *file, int line) {
    if (is == should || fabs(is - should) <= within) return;
    print_error("%s is %.12g, should be %.12g within %g\n", what, is, should, within);
    _fail(file, line);
}

int main(void) {
    const struct CMUnitTest *const groups[] = {arl_tests, chart_tests, formula_tests, season_tests};
    const size_t counts[] = {arl_test_count, chart_test_count, formula_test_count, season_test_count};
    size_t count = 0;
    for (size_t i = 0; i < 4; i++) count += counts[i];
    struct CMUnitTest *tests = calloc(count, sizeof *tests), *at = tests;
    if (tests == NULL) return 1;
    for (size_t i = 0; i < 4; at += counts[i], i++) memcpy(at, groups[i], counts[i] * sizeof *at);
    const int failed = _cmocka_run_group_tests("core_detect", tests, count, NULL, NULL);
    free(tests);
    return failed;
}
