#include "harness.h"

int main(void) {
    return frames_tests() + sessions_tests() + protocol_tests() + flow_tests() + plain_tests() + restart_tests() + unavailable_tests() +
           commands_tests();
}
