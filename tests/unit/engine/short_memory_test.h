#ifndef RS_SHORT_MEMORY_TEST_H
#define RS_SHORT_MEMORY_TEST_H

/* How many failed. */
int run_short_memory_tests(void);

#endif
