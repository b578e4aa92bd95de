/* Shared by the tests of the config room. */
#ifndef CONFIG_TESTS_H
#define CONFIG_TESTS_H

#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Loads `text` as if it were a file; the file itself is gone afterwards. */
int load_text(const char *text, size_t length, const char *const *sets, size_t set_count, rs_config_t **config,
              rs_config_error_t *error);
/* Loads what must load; the test fails with the message otherwise. */
rs_config_t *must_load(const char *text, const char *const *sets, size_t set_count);
/* What rs_config_print writes; to be freed. */
char *printed(const rs_config_t *config);

extern const struct CMUnitTest scalar_tests[], policy_tests[], load_tests[], error_tests[], sample_tests[],
    diff_tests[], memory_tests[], zone_tests[], hours_tests[];
extern const size_t scalar_test_count, policy_test_count, load_test_count, error_test_count, sample_test_count,
    diff_test_count, memory_test_count, zone_test_count, hours_test_count;

#endif
