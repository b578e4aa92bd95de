/* core/contact_row.h — the facts of one contact with names in the clear: what the store writes and a restatement counts again. */
#ifndef RS_CORE_CONTACT_ROW_H
#define RS_CORE_CONTACT_ROW_H

#include "core/contact/fact.h"
#include "core/hash.h"
#include "event/event.h"

typedef struct rs_told_fact {        /* as rs_fact_t (core/contact/fact.h), names instead of their numbers; empty: none */
    uint8_t type, outcome, reason, channel;
    uint32_t holds;
    rs_str_t queue, agent, team;
    int64_t at_us, enter_us, a_us, b_us, begin_us;
} rs_told_fact_t;

typedef struct rs_contact_row {
    rs_str_t tenant, contact;
    rs_str_t journey;                /* empty: none was named while it was in this part */
    rs_str_t topic;                  /* empty: nobody said */
    uint64_t part;                   /* one stay of the contact's facts in memory; absolute in itself, parts are added up */
    uint64_t revision;               /* grows with every change of anything in the book */
    int64_t begun_us, last_us;       /* its first and last event */
    int64_t close_us;                /* where attribution close puts it */
    bool has_customer;
    rs_hash128_t customer;           /* the pseudonym's bytes */
    uint8_t channel, direction;      /* direction as rs_direction_t, 0: not named */
    bool took_place;                 /* false: its events only speak of a contact (core/contact/outline.h) */
    const rs_told_fact_t *facts;     /* in an order that rests on nothing but themselves */
    uint32_t fact_count;
} rs_contact_row_t;
/* Strings and facts are borrowed for the call. */
typedef void (*rs_contact_row_fn)(void *context, const rs_contact_row_t *row);

#endif
