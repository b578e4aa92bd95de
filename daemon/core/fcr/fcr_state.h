/* core/fcr/fcr_state.h — a record of first-contact resolution as it is saved: what record.h packs into bits, field by field. */
#ifndef RS_CORE_FCR_STATE_H
#define RS_CORE_FCR_STATE_H

#include "base/base.h"

typedef struct rs_fcr_saved_record {
    int64_t start_us, end_after_us, answer_after_us, enter_after_s;
    uint64_t customer;                       /* 40 bits */
    uint32_t queue_key, agent, team;
    uint32_t journey, journey_next, next, due_next;
    uint16_t due_bucket;
    uint8_t channel, settings, disposition, survey, contacts;
    bool handled, has_end, reopened, never, matured, alone, repeated, used, live, settled, named;
} rs_fcr_saved_record_t;

#endif
