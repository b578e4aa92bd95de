/* The groups of this binary, and what they share. */
#ifndef RS_UNIT_EVENT_TEST_H
#define RS_UNIT_EVENT_TEST_H

/* cmocka wants these first, in this order */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/event_support.h"

int run_time_tests(void);
int run_json_tests(void);
int run_protobuf_tests(void);
int run_check_tests(void);
int run_encode_tests(void);
int run_record_tests(void);
int run_control_tests(void);
int run_command_tests(void);
int run_command_request_tests(void);
int run_pseudonym_tests(void);
int run_golden_tests(void);
int run_property_tests(void);
int run_allocation_tests(void);

enum { TEST_MESSAGE_BYTES = 1 << 20 };

static inline rs_decoder_t *new_decoder(void) {
    rs_decoder_t *decoder = NULL;
    assert_int_equal(rs_decoder_create(TEST_MESSAGE_BYTES, &decoder), RS_OK);
    return decoder;
}

#endif
