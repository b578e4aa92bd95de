/* core/core_internal.h — the core's parts, for core.c and its neighbours only. */
#ifndef RS_CORE_INTERNAL_H
#define RS_CORE_INTERNAL_H

#include "core/account.h"
#include "core/agent/agent.h"
#include "core/alert/outbox.h"
#include "core/book.h"
#include "core/close.h"
#include "core/contact/contact.h"
#include "core/core.h"
#include "core/fcr/fcr.h"
#include "core/feedback/case.h"
#include "core/gauges.h"
#include "core/journey.h"
#include "core/predict/predict.h"
#include "core/process/process.h"
#include "core/session.h"
#include "core/source.h"

/* An event that is known ahead, and what of it was found so far (core_announce.c); numbers: 0 = none. */
enum { RS_ANNOUNCED = 2 * RS_CORE_AHEAD };   /* so many are remembered */
typedef struct rs_announced {
    rs_hash128_t id;                 /* of its contact; 0: it is not about one */
    uint64_t queue_hash, agent_hash; /* of its names; 0 = it has none */
    uint32_t tenant, contact, agent;
    uint32_t keys[2];                /* of its queue and its agent, + 1 */
    const void *rarer;               /* of the queue's windows: the group of counts called for last */
} rs_announced_t;

struct rs_core {
    rs_core_options_t options;
    const rs_config_t *config;
    rs_directory_t directory;
    rs_sources_t sources;
    rs_contacts_t contacts;
    rs_rows_t rows;
    rs_account_t account;
    rs_gauges_t gauges;
    rs_fcr_t fcr;
    rs_journeys_t journeys;
    rs_agents_t *agents;
    rs_predict_t predict;            /* keys NULL = off */
    rs_closes_t closes;              /* off unless rows are kept in attribution close */
    rs_cases_t cases;
    rs_process_t process;
    rs_book_t book;
    rs_window_store_t *windows;      /* NULL = off */
    rs_alerts_t *alerts;             /* NULL = off */
    rs_generation_t generations[RS_MAX_GENERATIONS];
    uint32_t generation_count;
    struct rs_kept_config *kept[RS_MAX_GENERATIONS];   /* configurations of before a load; generations point to them */
    uint32_t kept_count;
    int64_t now_us;                  /* windows and alerts go by it */
    int64_t wall_us;                 /* last tick, or arrival when later */
    int64_t watermark_us, watermark_second;
    int64_t alerts_second;           /* that all keys' alerts were last looked at */
    int64_t final_frontier_us;       /* intervals that end by then are final */
    uint64_t position;               /* number of the record being applied, or of the last one */
    uint64_t confirmed_position;     /* of which the store has all rows, or which were let go */
    uint64_t let_go_position;        /* the last one of these */
    uint32_t ordinal;                /* of the last alert transition of the record being applied */
    rs_kept_sessions_t kept_sessions;
    rs_outbox_t outbox;
    uint64_t contacts_refused;
    rs_announced_t announced[RS_ANNOUNCED];   /* a ring */
    uint32_t announced_at;
};

/* What stands for an id of a contact or a journey. */
static inline rs_hash128_t rs_core_hash(const rs_core_t *core, uint32_t tenant, rs_str_t id) {
    enum { SPACE = 1 };
    return rs_hash128(id.data, id.len, core->options.hash_seed ^ rs_hash_mix((uint64_t)tenant << 8 | SPACE));
}

/* Everything that a core has beside options, times and generations, which are there. On failure the core is to be destroyed. */
RS_MUST_CHECK int rs_core_create_parts(rs_core_t *core);
/* Tells the alert rules in which slots the policies of the newest generation are counted. */
void rs_core_tell_slots(rs_core_t *core);
/* What is read of the newest configuration while running is read of this one. */
void rs_core_go_on_with(rs_core_t *core, const rs_config_t *config);
/* Touched keys: publishes their gauges and lets the alert rules look at them. */
void rs_core_settle_touched(rs_core_t *core);
/* Takes a feedback.received. */
RS_MUST_CHECK rs_refusal_t rs_core_apply_feedback(rs_core_t *core, const rs_event_t *event, uint32_t session);
/* Cases fold, complaints become overdue; at most `budget` of each. */
void rs_core_let_time_act_on_cases(rs_core_t *core, uint32_t budget);
/* Gives transitions their identity and keeps them until they are confirmed; the alerts' callback. */
void rs_core_on_transition(void *context, const rs_alert_transition_t *transition);
/* Marks rows final as the watermark passes. */
void rs_core_finalise_rows(rs_core_t *core);

#endif
