/* The groups of this binary. Each returns the number of failed tests. */
#ifndef RS_TEST_BASE_TESTS_H
#define RS_TEST_BASE_TESTS_H

int run_log_tests(void);
int run_calendar_tests(void);
int run_counter_tests(void);
int run_metrics_tests(void);
int run_small_file_tests(void);
int run_zmq_bind_tests(void);
int run_zmq_loop_tests(void);

#endif
