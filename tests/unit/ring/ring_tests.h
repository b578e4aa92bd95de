/* The groups of this binary. Each returns the number of failed tests. */
#ifndef RS_TEST_RING_TESTS_H
#define RS_TEST_RING_TESTS_H

int run_ring_tests(void);
int run_sleeper_tests(void);
int run_seqlock_tests(void);

#endif
