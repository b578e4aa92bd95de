#include "connect_tests.h"

#include "base/log.h"

static void drop(void *context, const char *line, size_t len) {
    (void)context;
    (void)line;
    (void)len;
}

int main(void) {
    const rs_log_options_t quiet = {.sink = drop};
    rs_log_start(&quiet);
    return line_tests() + visit_tests() + agent_tests() + fixture_tests() + follow_tests();
}
