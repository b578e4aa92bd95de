/* core/book.h — the facts of contacts for whoever keeps single contacts: legs, handlings and the rest of what was counted of each.
 *
 * Model:   an item per contact, from its first event until nothing of it can change any more (it folds, core/contact/contact.h) and the
 *          store has it. It holds the contact's counted facts as they stand, taken-back ones gone, and what the contact is about. When
 *          the contact is settled (no leg, handling or wrap-up is open) and has changed, the item stands in the list of changed ones until
 *          it is confirmed, as rows do (core/rows.h). Items are absolute: a revised one is told whole, with a higher revision.
 *          What comes after an item left memory (a survey, a reopening) begins another part, which holds what is new only. Its facts cannot
 *          take back anything of an earlier part: what is folded stays.
 *              first event ─► open ─► settled, changed ─► listed ─► confirmed ─► folded too? ─► gone
 *                               ▲            │ the next event
 *                               └────────────┘
 * Decided where the design is silent: a contact that is open is not told (at most its facts of before, while it waits in the list), so
 *          it costs one or two writes, not one for each event; one without facts is told, too, for what it is about.
 * Bounds:  limits.facts items, RS_BOOK_FACTS facts each. What finds no place is not kept and counted (`dropped`), in facts; figures are
 *          not touched by that.
 * Persons: customers are here by pseudonym only; names of contacts and journeys are the platform's.
 * State:   all of it but what is in hand (core/changed.h) and what is said of the event at hand.
 */
#ifndef RS_CORE_BOOK_H
#define RS_CORE_BOOK_H

#include "core/changed.h"
#include "core/contact/contact.h"
#include "core/pool.h"

enum { RS_BOOK_FACTS = 1024, RS_BOOK_FACTS_EACH = 16 /* in the mean */ };

typedef struct rs_book_fact { uint32_t next, unused; rs_fact_t fact; } rs_book_fact_t;
typedef struct rs_book_text { uint32_t next; uint8_t len; char bytes[RS_MAX_CONTACT_ID + 3]; } rs_book_text_t;

typedef struct rs_book_item {
    uint32_t contact;                /* 0: it has left memory */
    uint32_t tenant, topic;
    uint32_t name, journey;          /* texts; journey 0: none was named */
    uint32_t facts, fact_count;      /* newest first */
    rs_changed_link_t link;
    uint64_t part;
    int64_t begun_us, last_us, close_us;
    rs_hash128_t customer;
    rs_order_t journey_order;        /* of the event that named the journey */
    uint8_t channel, direction;
    bool has_customer, took_place;
    bool news;                       /* since it was last put into the list */
    bool is_folded;
} rs_book_item_t;

typedef struct rs_book {
    bool on;
    rs_pool_t items, facts, texts;
    uint32_t *of_contact;            /* by the contact's number: its item, 0 = none */
    uint32_t max_contacts;
    rs_changed_t changed;            /* items */
    uint64_t run, part_counter;
    uint64_t dropped;
    const rs_contacts_t *contacts;
    rs_str_t name, journey;          /* of the event at hand; borrowed for the time of rs_book_begin … rs_book_end */
    rs_order_t order;
} rs_book_t;

/* limits->facts > 0. RS_ERR_MEMORY. deinit is safe on a zeroed one. Every other function does nothing while the book is off. */
RS_MUST_CHECK int rs_book_init(rs_book_t *book, const rs_limits_t *limits, uint64_t run, const rs_contacts_t *contacts);
void rs_book_deinit(rs_book_t *book);
/* Before an event of the contact is taken: its names. `journey` may be empty; the first one in the order of events holds, and `order` is
 * where the event stands. */
void rs_book_begin(rs_book_t *book, rs_str_t name, rs_str_t journey, rs_order_t order);
/* Facts of a contact were counted (+1) or taken back (-1). */
void rs_book_facts(rs_book_t *book, uint32_t contact, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign);
/* After the contact's story changed by an event or by time. `is_open`: rs_story_is_open. */
void rs_book_follow(rs_book_t *book, uint32_t contact, uint32_t tenant, const rs_story_t *story, bool is_open);
/* The event at hand was not taken, or is through. */
void rs_book_end(rs_book_t *book);
/* The contact folds: what its item holds can change no more. / It leaves memory. */
void rs_book_fold(rs_book_t *book, uint32_t contact);
void rs_book_forget(rs_book_t *book, uint32_t contact);

static inline rs_book_item_t *rs_book_item(const rs_book_t *book, uint32_t number) { return rs_pool_at(&book->items, number); }
static inline const rs_book_fact_t *rs_book_fact(const rs_book_t *book, uint32_t number) { return rs_pool_at(&book->facts, number); }
rs_str_t rs_book_text(const rs_book_t *book, uint32_t number);
/* As the rows' (core/rows.h). */
void rs_book_confirm(rs_book_t *book, const rs_collected_t *collected);
bool rs_book_wait_too_much(const rs_book_t *book);
/* How much of the items' memory waits for the store: 0 .. 1000. */
uint32_t rs_book_permille(const rs_book_t *book);
uint64_t rs_book_bytes(const rs_book_t *book);

#endif
