/* RS_TEST_FILTER: only the tests whose names fit (* and ? as in a shell). Part of every test program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

__attribute__((constructor)) static void set_filter(void) {
    const char *filter = getenv("RS_TEST_FILTER");
    if (filter != NULL) cmocka_set_test_filter(filter);
}
