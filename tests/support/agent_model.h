/* support/agent_model.h — agents' time by brute force: a second, independent reading of core/agent/agent.h's rules.
 *
 * Model:     every moment at which anything could change (events, ends of silence, plans, local days, intervals, slots) cuts the
 *            time of an agent into pieces; each piece is judged by looking through all events from the first. Nothing is
 *            incremental, nothing is taken back.
 */
#ifndef RS_TESTS_AGENT_MODEL_H
#define RS_TESTS_AGENT_MODEL_H

#include "oracle.h"

typedef struct agent_model {
    const rs_config_t *config;
    const rs_event_t **events;         /* accepted ones of type agent.…, in the total order */
    size_t event_count;
} agent_model_t;

void agent_model_init(agent_model_t *model, const oracle_arrival_t *deliveries, size_t count, const rs_config_t *config);
void agent_model_destroy(agent_model_t *model);

/* One piece of one agent's time in which nothing changes; counts of its length, and expiries at its beginning. */
typedef void (*agent_piece_fn)(void *context, const rs_key_t *agent, rs_str_t team, int64_t from_us, int64_t to_us,
                               const int64_t counts[RS_COUNT_COUNT]);
/* All time before `until_us`, in pieces that cross neither an interval nor a slot of 5 minutes. */
void agent_model_pieces(const agent_model_t *model, const rs_interval_spec_t *interval, int64_t until_us, agent_piece_fn on_piece,
                        void *context);

typedef struct agent_model_state { uint8_t state; bool expired; rs_str_t team; } agent_model_state_t;
agent_model_state_t agent_model_state(const agent_model_t *model, rs_str_t tenant, rs_str_t agent, int64_t at_us);
/* Whether the last word on the queue is that the agent joined it. */
bool agent_model_is_member(const agent_model_t *model, rs_str_t tenant, rs_str_t agent, rs_str_t queue);

#endif
