/* support/generate_internal.h — what the files of the generator share. */
#ifndef RS_TESTS_GENERATE_INTERNAL_H
#define RS_TESTS_GENERATE_INTERNAL_H

#include "config/config.h"
#include "random.h"

enum { GENERATE_QUEUES = 3, GENERATE_AGENTS = 4, GENERATE_SOURCES = 3 };
extern const char *const generate_queues[GENERATE_QUEUES];
extern const char *const generate_agents[GENERATE_AGENTS];
extern const char *const generate_teams[2];

/* `queues` has room for GENERATE_QUEUES, `agents` for GENERATE_AGENTS, `hours` for GENERATE_HOURS; all must outlive the
 * configuration. Calendars are made: destroy them. */
void generate_config(rs_random_t *random, rs_config_t *config, rs_queue_config_t *queues, rs_agent_config_t *agents,
                     rs_hours_config_t *hours);

#endif
