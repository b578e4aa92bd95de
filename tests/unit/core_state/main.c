#include "core_state_tests.h"

int main(void) {
    int failed = _cmocka_run_group_tests("core_state tables", table_tests, table_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("core_state bytes", bytes_tests, bytes_test_count, NULL, NULL);
    return failed + _cmocka_run_group_tests("core_state round trips", trip_tests, trip_test_count, NULL, NULL);
}
