/* core/changed.h — which items of a pool differ from what the store has: in the order in which they came to, handed out and confirmed.
 *
 * Model:   an item that changed stands in a list until the store has it as it is (core/core.h, collecting). The list is in the order in
 *          which its items came to differ (`since`, which only grows). What is handed out and not confirmed yet is in hand: the list's
 *          beginning, up to `in_hand.last`. Confirming takes away from the beginning; what changed meanwhile goes to the end.
 *          An item is one row, or several that differ or do not, each for itself; then its owner knows which.
 *              touched ─► listed ─► in hand ─► confirmed, unchanged since: stored
 *                           ▲                     │ changed since
 *                           └─────────────────────┘
 *          Some items leave memory as soon as they are stored: the owner counts those of the list in `leaving`. When memory is short of
 *          others they need not wait for the store, if whoever keeps the journal can make them again (core/core.h, Short memory).
 * State:   all of it but what is in hand: after a restart nothing is. `leaving` follows from the items.
 */
#ifndef RS_CORE_CHANGED_H
#define RS_CORE_CHANGED_H

#include "core/pool.h"
#include "event/event.h"

/* In every item of the pool. */
typedef struct rs_changed_link {
    uint32_t next, previous;        /* in its list, whichever that is */
    uint64_t since;                 /* place in the order, 0: it does not differ */
    uint64_t revision;              /* grows with every change of the item */
} rs_changed_link_t;

typedef struct rs_changed_list { uint32_t head, tail; } rs_changed_list_t;

typedef struct rs_in_hand {
    uint64_t through;               /* since of `last` */
    uint64_t revision;              /* the newest when the first of what is in hand was handed out: what has a greater one has changed
                                       since, or may have been handed out after: then it is handed out twice */
    uint32_t last;                  /* the last item that was handed out, 0: none */
    uint32_t rows;                  /* in hand */
} rs_in_hand_t;

typedef struct rs_changed {
    const rs_pool_t *items;         /* borrowed, with the link at `link_at` of each */
    size_t link_at;
    uint32_t (*rows_of)(const void *item);   /* how many rows of an item in the list differ; NULL: each is one row */
    rs_changed_list_t list;
    uint32_t rows;                  /* that differ, of all items */
    uint32_t leaving;               /* items of the list that leave memory once they are stored; the owner's to count */
    uint64_t counter, revision;     /* the greatest `since` and `revision` that were given */
    rs_in_hand_t in_hand;
} rs_changed_t;

void rs_changed_init(rs_changed_t *changed, const rs_pool_t *items, size_t link_at, uint32_t (*rows_of)(const void *item));
/* The item changed: it has a new revision. `fresh`: so many of its rows differ now that did not before. */
void rs_changed_touch(rs_changed_t *changed, uint32_t number, uint32_t fresh);
/* The next item to hand out after what is in hand, 0: none. / It is in hand from now on. */
uint32_t rs_changed_next(const rs_changed_t *changed);
void rs_changed_take_in_hand(rs_changed_t *changed, uint32_t number);
/* Rows that differ and are not in hand. / What is in hand, to be confirmed. / Nothing is in hand any more: it is handed out again. */
static inline uint32_t rs_changed_waiting(const rs_changed_t *changed) { return changed->rows - changed->in_hand.rows; }
static inline rs_collected_t rs_changed_collected(const rs_changed_t *changed) {
    return (rs_collected_t){.through = changed->in_hand.through, .revision = changed->in_hand.revision};
}
static inline void rs_changed_hand_out_again(rs_changed_t *changed) { changed->in_hand = (rs_in_hand_t){0}; }
/* What was handed out so has arrived. on_stored is told of each item that has not changed since, which is out of the list and may be freed;
 * those that have go to the list's end. */
void rs_changed_confirm(rs_changed_t *changed, const rs_collected_t *collected, void (*on_stored)(void *context, uint32_t number),
                        void *context);

/* A list of the owner's for items that do not differ: to its end / out of it. */
void rs_changed_append(const rs_changed_t *changed, rs_changed_list_t *list, uint32_t number);
void rs_changed_take_out(const rs_changed_t *changed, rs_changed_list_t *list, uint32_t number);
/* Of `max`, `live` are in use: that is nearly all. / So many items only wait for the store that it would help if they did not. */
static inline uint32_t rs_changed_share(uint32_t max) { return max / 16 + 1; }
static inline bool rs_changed_is_short(uint32_t live, uint32_t max) { return max - live < rs_changed_share(max); }
static inline bool rs_changed_holds_up(const rs_changed_t *changed, uint32_t max) { return changed->leaving >= rs_changed_share(max); }
static inline bool rs_changed_differs(const rs_changed_link_t *link) { return link->since != 0; }
static inline rs_changed_link_t *rs_changed_link(const rs_changed_t *changed, uint32_t number) {
    return (rs_changed_link_t *)(void *)((unsigned char *)rs_pool_at(changed->items, number) + changed->link_at);
}

#endif
