#include "journal_tests.h"

int main(void) { return run_snapshot_tests() + run_writer_tests() + run_keeper_tests() + run_disk_tests() + run_rebuilder_tests(); }
