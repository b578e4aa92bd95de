/* core/agent/live.h — the published list of agents: one entry each, changed in place by the core, copied by any thread.
 *
 * Threads:   the core's thread writes; any number of readers copy an entry. The writer is wait-free.
 * Ordering:  an entry's words are _Atomic, stored relaxed between rs_seqlock_write_begin/_end of that entry and loaded relaxed
 *            between _read_begin/_read_retry (ring/seqlock.h names the partners). `count` is stored with release after an
 *            entry is whole and loaded with acquire by readers, so that every entry below it may be read.
 * Memory:    room for limits.agent_keys entries, touched as agents appear; an entry never moves and never goes.
 */
#ifndef RS_CORE_AGENT_LIVE_H
#define RS_CORE_AGENT_LIVE_H

#include "core/names.h"
#include "ring/seqlock.h"

enum { RS_LIVE_QUEUES = 6 };

/* Names are numbers of names (rs_core_agent gives their texts); all numbers of one entry belong together. */
typedef struct rs_agent_live {
    int64_t since_us;                 /* when this state began; 0 = unknown */
    int64_t counted_until_us;         /* the state's time after this moment is in no count yet */
    int64_t last_event_us;            /* last sign of life, 0 = none */
    int64_t open_since_us;            /* beginning of the longest open handling, 0 = none */
    int64_t plan_until_us;            /* when the plan next changes, 0 = no plan now */
    uint32_t tenant, agent, team, reason;
    uint32_t activity;                /* the plan now, 0 = none */
    uint32_t queue_count;             /* queues joined; the first RS_LIVE_QUEUES of them: */
    uint32_t queues[RS_LIVE_QUEUES];
    uint16_t open;                    /* handlings open now */
    uint8_t state;                    /* rs_agent_state_t; RS_AGENT_NONE: never told */
    uint8_t expired;                  /* offline because nothing was heard any more */
    uint32_t unused;
} rs_agent_live_t;
_Static_assert(sizeof(rs_agent_live_t) % sizeof(uint64_t) == 0, "an entry is copied by words");

typedef struct rs_live_entry {
    _Alignas(64) rs_seqlock_t lock;
    _Atomic uint64_t words[sizeof(rs_agent_live_t) / sizeof(uint64_t)];
} rs_live_entry_t;
typedef struct rs_live {
    rs_live_entry_t *entries;
    uint32_t max;
    _Atomic uint32_t count;
} rs_live_t;

RS_MUST_CHECK int rs_live_init(rs_live_t *live, uint32_t max);
void rs_live_deinit(rs_live_t *live);
/* Writer. `place` may be the one after the last: then the list grows. */
void rs_live_write(rs_live_t *live, uint32_t place, const rs_agent_live_t *entry);
/* Calls for the memory of an entry; changes nothing. */
static inline void rs_live_prefetch(const rs_live_t *live, uint32_t place) {
    __builtin_prefetch(&live->entries[place], 1);
    __builtin_prefetch((const unsigned char *)&live->entries[place] + 64, 1);
}
/* Any thread. */
uint32_t rs_live_count(const rs_live_t *live);
/* RS_ERR_NOT_FOUND: no such entry; RS_ERR_AGAIN: torn 64 times, try later. */
RS_MUST_CHECK int rs_live_read(const rs_live_t *live, uint32_t place, rs_agent_live_t *entry);

#endif
