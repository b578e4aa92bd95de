/* core/contact/contact.h — the contacts that are known, each with its story and the events that may still be re-read.
 *
 * Model:   a contact is a base story (what is folded), the kept events after it in total order, and the current story (base plus
 *          events). An event in order is one step; an event that belongs earlier re-derives: the facts of before and after are
 *          compared and only the difference is counted or taken back.
 *          A contact stands in one of four lists, each by last activity: open (a leg or handling waits for its end), kept (its
 *          events may still be re-read), folded, and filed: folded with messages in it and its file not closed.
 *          It folds `lateness` after its last open leg, handling or wrap, and after its last event was taken (what comes out of a
 *          source's spool is old already when it comes): the current story becomes the base, the events
 *          go. It leaves memory `keep_us` (a day) after that, a filed one `keep_filed_us` (30 days), or sooner when contacts run out
 *          (the longest folded first, then the longest filed). Whoever uses its id after that begins a new contact: legs, handlings
 *          and clocks of the old one are not found any more, its figures stay.
 * Bounds:  limits.contacts, limits.contact_events per contact (more fold the older ones).
 */
#ifndef RS_CORE_CONTACT_H
#define RS_CORE_CONTACT_H

#include "core/contact/derive.h"
#include "core/hash.h"
#include "event/event.h"

typedef struct rs_contact {
    _Alignas(64) rs_hash128_t id;                 /* of tenant and contact_id: stands for them */
    uint32_t tenant;
    uint32_t head, tail;             /* kept events */
    uint32_t text_head, text_tail, texts;   /* their ids, in no order, and how many */
    uint32_t base;                   /* place of the base story, 0 = the empty one */
    uint32_t older, younger;         /* in its list */
    /* its open handling among those of its agent (core/agent); staff_agent 0 = none */
    uint32_t staff_agent, staff_next, staff_queue;
    int64_t staff_since_us;
    uint32_t journey, journey_next;  /* 0 = its own: tied to none with others */
    bool has_rests;                  /* some of its events may have a rest (derive.h) */
    bool journey_named, journey_sought;   /* sought: it was asked for once whether one of its own id is there */
    rs_order_t journey_order;        /* of the event that named it */
    int64_t spoken_until_us;         /* it goes on after it left memory: until when what is said of it counts; 0 = as derived */
    uint32_t resolution;             /* its record of first-contact resolution when it is tied to no journey (core/fcr/fcr.h) */
    uint16_t events;
    uint8_t list;                    /* rs_contact_list_id_t */
    int64_t due_us;                  /* when to look at it again */
    rs_story_t story;
    /* its open leg among those of its queue, channel and total key */
    uint32_t open_queue_key, open_channel_key, open_total_key;
    uint32_t open_next[3], open_previous[3];
    uint16_t over;                   /* bit 0: past the key's T; bit 1 + slot: past that policy's T */
    bool is_open, is_talking;
    uint8_t talking_channel, open_channel;
    uint32_t talking_queue, open_queue;   /* numbers of names, as are those of the story */
    uint32_t talking_key, underway_key;
    uint32_t underway;               /* its handling among those under way (core/predict/predict.h), 0 = none */
    int64_t underway_since_us;
    int64_t open_since_us;           /* where the open leg's clock began */
    /* attribution close (core/close.h): its counted facts, newest first, how many, and where they stand */
    uint32_t close_facts, close_fact_count;
    int64_t close_us;
    bool close_moves;                /* it is not folded: its facts keep the rows that they stand in */
} rs_contact_t;

typedef enum rs_contact_list_id {
    RS_CONTACTS_OPEN = 0, RS_CONTACTS_KEPT, RS_CONTACTS_FOLDED,
    RS_CONTACTS_FILED,               /* folded, with messages, its file not closed */
    RS_CONTACT_LISTS
} rs_contact_list_id_t;
typedef struct rs_contact_list { uint32_t oldest, youngest; } rs_contact_list_t;

typedef void (*rs_on_steps_fn)(void *context, uint32_t tenant, const rs_path_t *path, const rs_step_t *steps, uint32_t count, int sign);

typedef struct rs_contacts {
    rs_pool_t contacts, nodes, rests, stories, handlings, texts, paths;
    rs_index_t index;
    rs_contact_list_t lists[RS_CONTACT_LISTS];
    rs_derivation_t derivation;
    rs_facts_t before, after;
    rs_steps_t steps_before, steps_after;
    int64_t lateness_us, skew_us, keep_us, keep_filed_us, missing_end_us;
    int64_t now_us;                  /* as of the last rs_contacts_age */
    uint32_t max_events;
    /* orders two sessions as source, then incarnation */
    int (*compare_sessions)(void *context, uint32_t session_a, uint32_t session_b);
    /* counts facts of the contact (+1) or takes them back (-1) */
    void (*on_facts)(void *context, uint32_t contact, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign);
    /* likewise the steps of its way; `path` begins with the stages of every end among them. NULL: ways are not followed */
    rs_on_steps_fn on_steps;
    void (*on_fold)(void *context, uint32_t contact);     /* its events have gone: nothing of it can be taken back any more */
    void (*on_forget)(void *context, uint32_t contact);   /* just before a contact leaves memory */
    void *context;
    uint64_t rederived, forgotten;   /* how often; folded contacts dropped before their time */
} rs_contacts_t;

typedef struct rs_contacts_settings {
    const rs_config_t *config;
    int (*compare_sessions)(void *context, uint32_t session_a, uint32_t session_b);
    bool (*same_source)(void *context, uint32_t session_a, uint32_t session_b);
    uint32_t (*team_of)(void *context, uint32_t tenant, uint32_t agent);
    int64_t (*worked)(void *context, uint32_t tenant, uint32_t queue, uint8_t channel, int64_t from_us, int64_t to_us);
    bool (*callback_keeps)(void *context, uint32_t tenant, uint32_t queue, uint8_t channel, int64_t at_us);
    void (*on_facts)(void *context, uint32_t contact, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign);
    void (*on_fold)(void *context, uint32_t contact);
    void (*on_forget)(void *context, uint32_t contact);
    rs_on_steps_fn on_steps;
    void *context;
} rs_contacts_settings_t;

RS_MUST_CHECK int rs_contacts_init(rs_contacts_t *contacts, const rs_contacts_settings_t *settings);
void rs_contacts_deinit(rs_contacts_t *contacts);

/* The contact if it is in memory, else 0. */
uint32_t rs_contacts_known(const rs_contacts_t *contacts, rs_hash128_t id);
/* The contact, made when new; 0 when there is no room. */
uint32_t rs_contacts_find(rs_contacts_t *contacts, uint32_t tenant, rs_hash128_t id);
/* Call for the memory that leads to a contact; for the contact, when that is there, whose number, or most likely so, is returned (0: it is
 * not known); for what the contact leads to, when it is there. Change nothing. */
void rs_contacts_prefetch_place(const rs_contacts_t *contacts, rs_hash128_t id);
uint32_t rs_contacts_prefetch(const rs_contacts_t *contacts, rs_hash128_t id);
void rs_contacts_prefetch_around(const rs_contacts_t *contacts, uint32_t number);
static inline rs_contact_t *rs_contacts_at(const rs_contacts_t *contacts, uint32_t number) {
    return rs_pool_at(&contacts->contacts, number);
}
/* The total order of two events of which only the places are known; ids that agree in eight bytes are taken as equal. */
int rs_contacts_compare(const rs_contacts_t *contacts, const rs_order_t *a, const rs_order_t *b);
/* Takes one event of the contact: `event` without links, `rest` what else it says; `event_id` may be empty. Facts go out through on_facts.
 * RS_REFUSAL_NONE; RS_REFUSAL_TOO_LATE: it would change a folded part; RS_REFUSAL_LIMIT: no room for it. */
RS_MUST_CHECK rs_refusal_t rs_contacts_take(rs_contacts_t *contacts, uint32_t number, const rs_node_t *event, const rs_node_rest_t *rest,
                                            rs_str_t event_id);

/* Loading: the event, which has no rest, gets one if there is anything in it. False: no room. */
RS_MUST_CHECK bool rs_contacts_keep_rest(rs_contacts_t *contacts, rs_node_t *node, const rs_node_rest_t *rest);

/* Folds and forgets what is due at `now_us`, and lets missing ends come true; then on_changed is called with the contact. At
 * most `budget` contacts are looked at. */
void rs_contacts_age(rs_contacts_t *contacts, int64_t now_us, uint32_t budget,
                     void (*on_changed)(void *context, uint32_t contact), void *context);
uint64_t rs_contacts_bytes(const rs_contacts_t *contacts);

#endif
