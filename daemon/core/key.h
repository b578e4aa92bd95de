/* core/key.h — what figures are kept for: a key is one row family's dimensions. Keys get small numbers in the order in which
 * they first appear; a number is never given to another key. */
#ifndef RS_CORE_KEY_H
#define RS_CORE_KEY_H

#include "base/base.h"

typedef enum rs_key_family {
    RS_FAMILY_QUEUE = 0,  /* tenant, queue (may be null: direct answers), channel */
    RS_FAMILY_CHANNEL,    /* tenant, channel */
    RS_FAMILY_TOTAL,      /* tenant */
    RS_FAMILY_AGENT,      /* tenant, agent */
    RS_FAMILY_TEAM,       /* tenant, team */
    RS_FAMILY_COUNT
} rs_key_family_t;

/* The dimensions of a key; strings absent (len 0) where the family has none or the value is null. */
typedef struct rs_key {
    uint8_t family;
    uint8_t channel;
    rs_str_t tenant;
    rs_str_t name;        /* queue, agent or team */
} rs_key_t;

/* The key that takes everything past a limit. */
#define RS_OVERFLOW_NAME "__overflow__"

#endif
