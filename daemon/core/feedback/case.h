/* core/feedback/case.h — the cases that are known: complaints (compliments, suggestions) with a case_id, each with its story, the
 * events that may still be re-read, and its place among those that wait for a deadline.
 *
 * Model:   like contacts (core/contact/contact.h), but a case lives for weeks. It has a base story (what is folded), kept events after it
 *          in total order, and the current story. An event in order is one step; one that belongs earlier re-derives, and only the
 *          difference is counted or taken back. A case stands in one of three lists: kept (events may be re-read), open and
 *          closed (folded: nothing but the record is left). It folds `lateness` after its last event was taken, and is never
 *          forgotten for its age: closed ones make room for new ones, the one folded longest ago first.
 *          What has no case_id has no story: a complaint without one is a case of its own that no later event can be part of;
 *          it is counted and not kept, and so never open. Nothing of it is in the gauges.
 * Gauges:  per tenant: open complaints by the stage where they stand, how many of them are overdue, and when the next one will be.
 *          Those that are not overdue stand in a leftist heap per tenant, by when they will be: time costs what falls due, not
 *          what is open. Overdue is judged against `now`, in slices.
 * Memory:  about 200 bytes per case in all (bench_feedback); a kept event 56, its event id 72.
 * Bounds:  limits.cases cases; twice as many kept events; limits.contact_events per case (more fold the older ones). Past them an
 *          event is refused (RS_REFUSAL_LIMIT) and counted.
 * State:   pools, an index and plain numbers; no hidden state elsewhere. */
#ifndef RS_CORE_CASE_H
#define RS_CORE_CASE_H

#include "core/feedback/case_story.h"
#include "event/event.h"

typedef enum rs_case_list_id { RS_CASES_KEPT = 0, RS_CASES_OPEN, RS_CASES_CLOSED, RS_CASE_LISTS } rs_case_list_id_t;

typedef struct rs_case {
    rs_hash128_t id;                 /* of tenant and case_id: stands for them */
    rs_case_story_t story;
    int64_t due_us;                  /* kept: when to fold */
    int64_t overdue_from_us;         /* INT64_MAX = never */
    uint32_t owner;                  /* place of its tenant's gauges */
    uint32_t head, tail, base;       /* kept events; the base story, 0 = the empty one */
    uint32_t older, younger;         /* in its list */
    uint32_t left, right, parent;    /* in its tenant's heap, 0 = none */
    uint16_t events;
    uint8_t list, rank;              /* rs_case_list_id_t; rank of the heap */
    uint8_t counted_at;              /* 1 + the stage at which the gauges have it, 0 = not open */
    bool is_waiting, is_overdue;     /* stands in the heap; counted as overdue */
} rs_case_t;

typedef struct rs_case_tenant {
    uint32_t tenant;                 /* number of its name */
    uint32_t root;                   /* heap of its open complaints that are not overdue, the next one first */
    uint32_t open[RS_CASE_STAGES];   /* by the stage where they stand; none at the last */
    uint32_t overdue;
} rs_case_tenant_t;

typedef struct rs_case_list { uint32_t oldest, youngest; } rs_case_list_t;

typedef struct rs_cases {
    rs_pool_t cases, events, texts, stories, tenants;
    rs_index_t index, tenant_index;
    rs_case_list_t lists[RS_CASE_LISTS];
    rs_case_rules_t rules;
    rs_case_facts_t before, after;   /* room for a case's events; scratch */
    int64_t lateness_us;
    int64_t folded_until_us;         /* watermark of the last rs_cases_age */
    int64_t now_us;                  /* of the last rs_cases_follow_time */
    int64_t next_us;                 /* nothing falls due before it */
    uint32_t max_events;
    int (*compare_sessions)(void *context, uint32_t session_a, uint32_t session_b);   /* orders as source, then incarnation */
    void (*on_facts)(void *context, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign);
    void *context;
    uint64_t rederived, refused, forgotten;   /* how often; events without room; closed cases that made room */
} rs_cases_t;

typedef struct rs_cases_settings {
    const rs_config_t *config;
    const rs_account_t *account;     /* kept; only its generations are looked at */
    int (*compare_sessions)(void *context, uint32_t session_a, uint32_t session_b);
    uint32_t (*team_of)(void *context, uint32_t tenant, uint32_t agent);
    void (*on_facts)(void *context, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign);
    void *context;
} rs_cases_settings_t;

/* RS_ERR_MEMORY. deinit is safe on a zeroed one. */
RS_MUST_CHECK int rs_cases_init(rs_cases_t *cases, const rs_cases_settings_t *settings);
void rs_cases_deinit(rs_cases_t *cases);
uint64_t rs_cases_bytes(const rs_cases_t *cases);

/* Takes one event of the case. RS_REFUSAL_NONE; RS_REFUSAL_TOO_LATE: it would change a folded part; RS_REFUSAL_LIMIT: no room. */
RS_MUST_CHECK rs_refusal_t rs_cases_take(rs_cases_t *cases, uint32_t tenant, rs_hash128_t id, const rs_case_event_t *event,
                                         rs_str_t event_id);
/* Takes one event that is a case of its own. */
void rs_cases_take_alone(rs_cases_t *cases, uint32_t tenant, const rs_case_event_t *event);

/* Folds what is due at `watermark_us`; at most `budget` cases. */
void rs_cases_age(rs_cases_t *cases, int64_t watermark_us, uint32_t budget);
/* Time has come to `now_us`: complaints whose deadline has passed become overdue; at most `budget` of them. */
void rs_cases_follow_time(rs_cases_t *cases, int64_t now_us, uint32_t budget);

/* Of one tenant, 1 <= place <= tenants.made. The next moment at which a complaint becomes overdue, INT64_MAX: none waits. */
static inline const rs_case_tenant_t *rs_cases_tenant(const rs_cases_t *cases, uint32_t place) {
    return rs_pool_at(&cases->tenants, place);
}
int64_t rs_cases_next_overdue(const rs_cases_t *cases, uint32_t place);
/* Tests: counts everything anew. RS_OK or RS_ERR_STATE with *why. */
RS_MUST_CHECK int rs_cases_check(const rs_cases_t *cases, const char **why);

/* Between the room's files: the gauges follow the case's story; / it leaves them. */
void rs__case_gauges_follow(rs_cases_t *cases, uint32_t number);
void rs__case_gauges_leave(rs_cases_t *cases, uint32_t number);
/* Loading: the tenant can be found again. */
void rs__cases_restore_tenant(rs_cases_t *cases, uint32_t place);
static inline rs_case_t *rs__case_at(const rs_cases_t *cases, uint32_t number) { return rs_pool_at(&cases->cases, number); }

#endif
