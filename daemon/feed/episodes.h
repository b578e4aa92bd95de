/* feed/episodes.h — the open episodes, each as the last message about it, for snapshots. One thread. */
#ifndef RS_FEED_EPISODES_H
#define RS_FEED_EPISODES_H

#include "core/pool.h"

typedef struct rs__episode {
    uint64_t episode;
    uint64_t sequence, stream, topic; /* numbers of the message */
    char *text;                       /* topic, then body; owned; NULL: this place is free */
    uint32_t topic_len, body_len;
} rs__episode_t;

typedef struct rs__episodes {
    rs_pool_t pool;
    rs_index_t index;
    uint32_t max;
} rs__episodes_t;

RS_MUST_CHECK int rs__episodes_init(rs__episodes_t *episodes, uint32_t max);
/* Safe on a zeroed table. */
void rs__episodes_deinit(rs__episodes_t *episodes);
/* Remembers `last` (its text is copied) for its episode, instead of what was there. RS_ERR_LIMIT, RS_ERR_MEMORY: not
 * remembered; what was there before is forgotten, because it is not true any more. */
RS_MUST_CHECK int rs__episodes_put(rs__episodes_t *episodes, const rs__episode_t *last);
void rs__episodes_remove(rs__episodes_t *episodes, uint64_t episode);
/* Walking: numbers 1 .. rs__episodes_end - 1; NULL where there is none. Places do not move while an episode is open. */
static inline uint32_t rs__episodes_end(const rs__episodes_t *episodes) { return episodes->pool.made + 1; }
const rs__episode_t *rs__episodes_at(const rs__episodes_t *episodes, uint32_t number);
static inline uint32_t rs__episodes_count(const rs__episodes_t *episodes) { return episodes->pool.live; }

#endif
