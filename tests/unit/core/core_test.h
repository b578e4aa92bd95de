/* A live core and events in seconds after a quarter of an hour's beginning. */
#ifndef RS_TESTS_CORE_TEST_H
#define RS_TESTS_CORE_TEST_H

#include "core/core.h"

typedef struct core_test {
    rs_config_t *config;
    rs_core_t *core;
    const char *source;
    uint64_t seq;
    int64_t arrival_us;               /* 0: an event arrives when it occurred */
    uint32_t refused[RS_REFUSAL_COUNT];
    uint32_t fired;
} core_test_t;

/* `sets`: settings as in --set, separated by commas outside brackets; NULL: the defaults. */
void core_test_begin(core_test_t *test, const char *sets);
/* With rows in these attributions (a bit set) instead of event alone. */
void core_test_begin_with(core_test_t *test, const char *sets, uint32_t attributions);
void core_test_end(core_test_t *test);
int64_t core_test_at(int64_t seconds);
/* From now on events arrive at this second. */
void core_test_arrival(core_test_t *test, int64_t seconds);
rs_event_t core_test_make(core_test_t *test, rs_event_type_t type, const char *contact, const char *queue, const char *agent,
                          int64_t seconds);
void core_test_event(core_test_t *test, rs_event_type_t type, const char *contact, const char *queue, const char *agent,
                     int64_t seconds);
/* Of the rows of that key, attribution event, over all intervals. */
int64_t core_test_count(core_test_t *test, rs_key_family_t family, const char *name, rs_count_t count);
/* Of the source "test". */
rs_accounting_t core_test_accounting(const core_test_t *test);

#endif
