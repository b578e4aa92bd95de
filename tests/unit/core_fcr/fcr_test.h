/* A live core whose events are told in a few words; first-contact resolution's counts of its rows. */
#ifndef RS_TESTS_FCR_TEST_H
#define RS_TESTS_FCR_TEST_H

#include "core/core.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <setjmp.h>

#include <cmocka.h>

typedef struct fcr_test {
    rs_config_t *config;
    rs_core_t *core;
    uint64_t seq;
    int64_t now_s;
    const char *tenant;
} fcr_test_t;

enum { HOUR = 3600, DAY = 24 * HOUR };

/* A configuration with repeat_window 1 h, redial_grace 60 s; change it, then start the core. */
void fcr_configure(fcr_test_t *test);
void fcr_start(fcr_test_t *test);
void fcr_begin(fcr_test_t *test);   /* both */
void fcr_end(fcr_test_t *test);
/* An event at so many seconds, which arrives when time has come there, or now when that is past. Customers: "" = none. */
rs_event_t fcr_make(fcr_test_t *test, rs_event_type_t type, const char *contact, const char *customer, double seconds);
void fcr_apply(fcr_test_t *test, rs_event_t event);
void fcr_tell(fcr_test_t *test, rs_event_type_t type, const char *contact, const char *customer, double seconds);
/* queued in "sales" at `seconds`, answered by "ann" 10 s later, ended 100 s after the beginning. */
void fcr_call(fcr_test_t *test, const char *contact, const char *customer, double seconds);
/* queued in "sales" at `seconds`, abandoned 20 s later. */
void fcr_lost_call(fcr_test_t *test, const char *contact, const char *customer, double seconds);
void fcr_signal(fcr_test_t *test, rs_event_type_t type, const char *contact, bool resolved, double seconds);
/* Time passes, with ticks. */
void fcr_wait(fcr_test_t *test, int64_t until_s);
/* Of all rows of the family (and name, if not NULL), attribution event. */
int64_t fcr_count(fcr_test_t *test, rs_key_family_t family, const char *name, rs_count_t count);
/* erase_test.c */
int run_erase_tests(void);
#define fcr_total(test, COUNT) fcr_count(test, RS_FAMILY_TOTAL, NULL, RS_COUNT_FCR_##COUNT)

#endif
