/* A core that follows ways, and events in seconds after a quarter of an hour's beginning. */
#ifndef RS_TESTS_PROCESS_TEST_H
#define RS_TESTS_PROCESS_TEST_H

/* cmocka wants these first, in this order */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/core_internal.h"

typedef struct process_test {
    rs_config_t *config;
    rs_core_t *core;
    uint64_t seq;
    char text[4096];
} process_test_t;

void process_begin(process_test_t *test, uint32_t edges, uint32_t variants);
void process_end(process_test_t *test);
int64_t process_at(int64_t seconds);
/* "queued c1 q sales 10; answered c1 a ann 15; ended c1 60": type, contact, then q QUEUE, a AGENT, tq TO_QUEUE, ta TO_AGENT, t TENANT, r
 * REASON or KIND, s SOURCE, and the second. Types with or without their prefix. */
void process_tell(process_test_t *test, const char *story);
/* Every edge that is not empty, over all intervals and queues: "begin>flow 1 | flow>queue:sales 1/10s | …"; with the seconds before it. */
const char *process_edges(process_test_t *test);
/* The variants: "flow,queue:sales,talk,end:answered 1/50s | …". */
const char *process_variants(process_test_t *test);
/* The map of tenant default over everything. */
void process_map(process_test_t *test, rs_process_map_t *map);

int rules_tests(void);
int map_tests(void);
int variants_tests(void);
int cells_tests(void);

#endif
