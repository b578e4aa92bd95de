/* core/predict/seen.h — how many agents were seen handling in a queue within the horizon: staff where no agent events come.
 *
 * Model:   for each queue key and agent the handlings ended there are counted in slots of event time, a fifteenth of the horizon
 *          each. An agent is seen while one of the last RS_SEEN_SLOTS slots holds a handling. What is taken back is taken back
 *          here, too: who is seen is a function of the facts and of the time, not of their order.
 *          Each pair stands in a list by its newest slot, so that time costs what leaves.
 * Bounds:  `max_pairs` pairs; past it an agent is not seen, and counted in `refused`.
 */
#ifndef RS_CORE_PREDICT_SEEN_H
#define RS_CORE_PREDICT_SEEN_H

#include "core/pool.h"

enum { RS_SEEN_SLOTS = 15, RS_SEEN_RING = 32 };   /* slots that count; slots kept: as many again lie ahead of now */

typedef struct rs_seen_pair {
    uint32_t next, previous;                /* in the list of its newest slot */
    uint32_t queue_key, agent;
    int64_t slot;                           /* of now, when it was last brought up to date */
    int64_t newest;
    uint16_t handled[RS_SEEN_RING];         /* by slot mod RS_SEEN_RING */
} rs_seen_pair_t;

typedef struct rs_seen {
    rs_pool_t pairs;
    rs_index_t index;
    uint32_t lists[RS_SEEN_RING];           /* first of each */
    uint32_t *agents;                       /* by queue key */
    int64_t slot_us, slot;                  /* length; that of now, INT64_MIN before the first */
    uint64_t refused;
} rs_seen_t;

/* RS_ERR_MEMORY. deinit is safe on a zeroed one. `horizon_us` > 0. */
RS_MUST_CHECK int rs_seen_init(rs_seen_t *seen, uint32_t max_keys, uint32_t max_pairs, int64_t horizon_us);
void rs_seen_deinit(rs_seen_t *seen);
/* A handling that `agent` ended at `at_us` (>= 0) in the queue is counted (+1) or taken back (-1). What is older than the horizon, or
 * further ahead, changes nothing. */
void rs_seen_count(rs_seen_t *seen, uint32_t queue_key, uint32_t agent, int64_t at_us, int sign);
/* Time has come to now_us >= 0 (never back): who was not seen within the horizon is gone. */
void rs_seen_tick(rs_seen_t *seen, int64_t now_us);
/* Loading: the pair can be found and is counted again. */
void rs_seen_restore(rs_seen_t *seen, uint32_t number);
uint64_t rs_seen_bytes(const rs_seen_t *seen);
static inline uint32_t rs_seen_agents(const rs_seen_t *seen, uint32_t queue_key) { return seen->agents[queue_key]; }

#endif
