#include "desk.h"

int main(void) {
    return run_story_tests() + run_reply_tests() + run_callback_tests() + run_close_tests() + run_source_tests() == 0 ? 0 : 1;
}
