/* A core, agents' events in minutes after a midnight (UTC), and what is counted. */
#ifndef RS_TESTS_AGENT_TEST_H
#define RS_TESTS_AGENT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/core.h"
#include "generate.h"

typedef struct agent_test {
    rs_config_t config;
    rs_core_t *core;
    uint64_t seq;
    int64_t arrival_us;               /* 0: an event arrives when it occurred */
    uint32_t refused[RS_REFUSAL_COUNT];
} agent_test_t;

/* Set fields of test->config between the two. */
void agent_test_prepare(agent_test_t *test);
void agent_test_begin(agent_test_t *test);
void agent_test_end(agent_test_t *test);
int64_t agent_test_at(double minutes);
/* Time passes, in ticks of a minute, so that all that waits is settled. */
void agent_test_tick(agent_test_t *test, double minutes);

rs_event_t agent_test_make(agent_test_t *test, rs_event_type_t type, const char *agent, double minutes);
void agent_test_send(agent_test_t *test, const rs_event_t *event);
void agent_test_state(agent_test_t *test, const char *agent, rs_agent_state_t state, double minutes);
void agent_test_queue(agent_test_t *test, rs_event_type_t type, const char *agent, const char *queue, double minutes);
void agent_test_plan(agent_test_t *test, const char *agent, const char *activity, double from, double to, double minutes);
void agent_test_contact(agent_test_t *test, rs_event_type_t type, const char *contact, const char *queue, const char *agent,
                        double minutes);
/* Queued, answered at `from`, ended at `to`. */
void agent_test_call(agent_test_t *test, const char *contact, const char *queue, const char *agent, double from, double to);

/* Over all intervals, attribution event; times in microseconds. */
int64_t agent_test_count(agent_test_t *test, rs_key_family_t family, const char *name, rs_count_t count);
/* The counts of one row summed over all intervals. */
void agent_test_counts(agent_test_t *test, rs_key_family_t family, const char *name, int64_t counts[RS_COUNT_COUNT]);
rs_core_agent_t agent_test_live(agent_test_t *test, const char *agent);
rs_staff_t agent_test_staff(agent_test_t *test, const char *queue);
rs_agents_odd_t agent_test_odd(const agent_test_t *test);

#define MINUTES(n) ((int64_t)((n) * 60) * RS_US_PER_S)

extern const struct CMUnitTest time_tests[], plan_tests[], handling_tests[], staff_tests[], erase_tests[];
extern const size_t time_test_count, plan_test_count, handling_test_count, staff_test_count, erase_test_count;

#endif
