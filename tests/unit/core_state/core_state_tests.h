/* What the files of these tests share. */
#ifndef RS_TESTS_CORE_STATE_TESTS_H
#define RS_TESTS_CORE_STATE_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/core_internal.h"
#include "core/state/state.h"
#include "state_bytes.h"

extern const struct CMUnitTest bytes_tests[], table_tests[], trip_tests[];
extern const size_t bytes_test_count, table_test_count, trip_test_count;

#endif
