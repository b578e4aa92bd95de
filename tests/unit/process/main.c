#include "process_test.h"

int main(void) { return rules_tests() + map_tests() + variants_tests() + cells_tests(); }
