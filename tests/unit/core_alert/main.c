#include "test_store.h"

static struct CMUnitTest all[128];
static size_t count;

static void add(const struct CMUnitTest *tests, size_t more) {
    for (size_t i = 0; i < more; i++) all[count++] = tests[i];
}

int main(void) {
    add(machine_tests, machine_test_count);
    add(bind_tests, bind_test_count);
    add(tick_tests, tick_test_count);
    add(detector_tests, detector_test_count);
    add(outbox_tests, outbox_test_count);
    add(life_tests, life_test_count);
    add(care_tests, care_test_count);
    add(explain_tests, explain_test_count);
    add(mask_tests, mask_test_count);
    return _cmocka_run_group_tests("core_alert", all, count, NULL, NULL);
}
