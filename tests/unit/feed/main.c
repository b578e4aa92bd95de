#include "feed_support.h"

static struct CMUnitTest all[64];
static size_t count;

static void add(const struct CMUnitTest *tests, size_t more) {
    for (size_t i = 0; i < more; i++) all[count++] = tests[i];
}

int main(void) {
    add(format_tests, format_test_count);
    add(publish_tests, publish_test_count);
    add(snapshot_tests, snapshot_test_count);
    add(post_tests, post_test_count);
    add(presenter_tests, presenter_test_count);
    add(receivers_tests, receivers_test_count);
    return _cmocka_run_group_tests("feed", all, count, NULL, NULL);
}
