#include "store_test.h"

rs_postgres_t postgres;

int main(void) {
    rs_postgres_start(&postgres, server_options);
    int failed = run_batch_tests();
    failed += run_migrate_tests();
    failed += run_figures_tests();
    failed += run_feedback_tests();
    failed += run_edges_tests();
    failed += run_facts_tests();
    failed += run_sqlstate_tests();
    failed += run_session_tests();
    failed += run_faults_tests();
    failed += run_rewind_tests();
    failed += run_said_tests();
    failed += run_server_tests();
    failed += run_cut_tests();
    failed += run_partitions_tests();
    rs_postgres_stop(&postgres);
    return failed;
}
