#include "event_test.h"

int main(void) {
    int failed = 0;
    failed += run_time_tests();
    failed += run_json_tests();
    failed += run_protobuf_tests();
    failed += run_check_tests();
    failed += run_encode_tests();
    failed += run_record_tests();
    failed += run_control_tests();
    failed += run_command_tests();
    failed += run_command_request_tests();
    failed += run_pseudonym_tests();
    failed += run_golden_tests();
    failed += run_property_tests();
    failed += run_allocation_tests();
    return failed == 0 ? 0 : 1;
}
