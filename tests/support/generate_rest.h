/* support/generate_rest.h — what a generated history lacks of all there is: customers, topics and outcomes of contacts, agents' states,
 * queues and plans, complaints; and settings by which repeats, deadlines, silences and limits happen within its minutes.
 *
 * Model:     history + seed --> the same history with copies of its events, told more of, and events of one more source between them
 * Memory:    the result owns the events that the history's deliveries point to from then on; destroy the history first.
 */
#ifndef RS_TESTS_GENERATE_REST_H
#define RS_TESTS_GENERATE_REST_H

#include "generate.h"

typedef struct history_rest history_rest_t;

/* `sorted`: as a replay reads them; else in the order of arrival. Never NULL. */
history_rest_t *history_add_rest(history_t *history, uint64_t seed, bool sorted);
void history_rest_destroy(history_rest_t *rest);

#endif
