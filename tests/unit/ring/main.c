#include "ring_tests.h"

int main(void) { return run_ring_tests() + run_sleeper_tests() + run_seqlock_tests() == 0 ? 0 : 1; }
