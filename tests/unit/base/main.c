#include "base_tests.h"

int main(void) {
    return run_log_tests() + run_calendar_tests() + run_counter_tests() + run_metrics_tests() + run_small_file_tests() +
           run_zmq_bind_tests() + run_zmq_loop_tests() == 0 ? 0 : 1;
}
