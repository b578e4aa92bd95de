/* A live core, surveys and complaints in seconds after a quarter of an hour's beginning. */
#ifndef RS_TESTS_CORE_FEEDBACK_H
#define RS_TESTS_CORE_FEEDBACK_H

#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FEEDBACK_TEST_START (INT64_C(1700000100) / 900 * 900 * RS_US_PER_S)

typedef struct feedback_test {
    rs_config_t *config;            /* may be changed until the core is made by the first event */
    rs_core_t *core;
    uint64_t seq;
    rs_refusal_t verdict;           /* of the last event */
} feedback_test_t;

/* Scales 1 to 5 and 1 to 7, no hours, no deadlines. */
void feedback_begin(feedback_test_t *test);
void feedback_end(feedback_test_t *test);   /* checks the core */
void feedback_core(feedback_test_t *test);  /* makes the core, if it is not there yet */
void feedback_apply(feedback_test_t *test, rs_event_t event);
rs_event_t feedback_make(feedback_test_t *test, rs_event_type_t type, int64_t seconds);
/* An event of a contact. */
void feedback_contact(feedback_test_t *test, rs_event_type_t type, const char *contact, const char *queue, const char *agent,
                      int64_t seconds);
/* A survey without queue, agent and scale. */
rs_event_t feedback_survey(feedback_test_t *test, const char *contact, rs_survey_kind_t kind, double score, int64_t seconds);
rs_event_t feedback_case(feedback_test_t *test, const char *case_id, rs_feedback_kind_t kind, rs_feedback_stage_t stage, int64_t seconds);
void feedback_complaint(feedback_test_t *test, const char *case_id, rs_feedback_stage_t stage, int64_t seconds);
/* Of the rows of that key, attribution event, over all intervals and channels. */
int64_t feedback_count(feedback_test_t *test, rs_key_family_t family, const char *name, rs_count_t count);
int64_t feedback_total(feedback_test_t *test, rs_count_t count);
rs_complaint_gauges_t feedback_gauges(feedback_test_t *test);   /* of the first tenant */

extern const struct CMUnitTest survey_tests[], complaint_tests[], case_tests[];
extern const size_t survey_test_count, complaint_test_count, case_test_count;

#endif
