#include "cli_test.h"

#include <stdlib.h>
#include <time.h>

int main(void) {
    int failed = 0;
    setenv("TZ", "UTC", 1);
    unsetenv("LC_ALL");
    tzset();
    rs_text_use_utf8();
    failed += _cmocka_run_group_tests("text", text_tests, text_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("bodies", body_tests, body_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("feedback", row_feedback_tests, row_feedback_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("board", board_tests, board_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("screen", screen_tests, screen_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("rows", row_tests, row_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("reports", report_tests, report_test_count, NULL, NULL);
    return failed == 0 ? 0 : 1;
}
