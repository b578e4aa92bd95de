/* core/journey.h — journeys: contacts tied by journey_id; the one service-level verdict that a journey gets under policies of unit
 * journey (cases.md "Service level"), and its outline for first-contact resolution.
 *
 * Model:   a contact that names no journey is one of its own, with its contact id as the journey's id. Such journeys need no item
 *          here: only those with several contacts have one, those that one names that may be the first of several, and those that
 *          left memory and are spoken of again. With a policy of unit journey every contact's has.
 *          Of contacts that left memory the journey keeps what they say of the verdict in `left`, and their outline in `rest`: they can
 *          change no more, but others of it can.
 */
#ifndef RS_CORE_JOURNEY_H
#define RS_CORE_JOURNEY_H

#include "core/account.h"
#include "core/contact/contact.h"
#include "core/fcr/fcr.h"

/* What the verdict rests on, of one contact or of several. */
typedef struct rs_journey_legs {
    bool has_leg, leg_open;
    uint8_t first_channel, last_outcome, last_reason;
    uint32_t first_queue;
    rs_order_t first_queued, last_end;   /* when has_leg; of the last leg that ended, at_us INT64_MIN: none did */
    int64_t answer_us;                   /* the first answer */
    int64_t ended_us, closed_us;         /* the last ended or abandoned event; the last event. INT64_MIN: none, as above */
} rs_journey_legs_t;

typedef struct rs_journey {
    rs_hash128_t id;
    uint32_t tenant, first_contact;
    bool counted, has_rest;
    rs_journey_legs_t left;
    rs_fact_t verdict;            /* what was counted last */
    int64_t close_us;             /* where attribution close has it: the last end of its contacts, else their last event */
    uint32_t resolution;          /* its record (core/fcr/fcr.h) */
    rs_outline_t rest;
} rs_journey_t;

typedef struct rs_journeys {
    bool on, verdicts;            /* verdicts: some policy is of unit journey */
    rs_pool_t pool;
    rs_index_t index;
    rs_account_t *account;
    rs_contacts_t *contacts;
    rs_fcr_t *fcr;
    uint64_t refused;             /* contacts that found no journey place */
} rs_journeys_t;

RS_MUST_CHECK int rs_journeys_init(rs_journeys_t *journeys, uint32_t max, bool verdicts, rs_account_t *account,
                                   rs_contacts_t *contacts, rs_fcr_t *fcr);
void rs_journeys_deinit(rs_journeys_t *journeys);
uint64_t rs_journeys_bytes(const rs_journeys_t *journeys);
/* Whether the contact must be tied: it is new, or an event that names a journey is at hand. Then its id has to be hashed. */
static inline bool rs_journeys_want(const rs_journeys_t *journeys, const rs_contact_t *contact, bool named) {
    return journeys->on && (named || !contact->journey_sought);
}
/* Ties a contact to its journey; `id` stands for (tenant, journey_id), in the same space as the ids of contacts. The journey that is
 * named first in the order of events holds; `order` is where the naming event stands. Not named: `id` is the contact's own. */
void rs_journeys_tie(rs_journeys_t *journeys, uint32_t contact, rs_hash128_t id, bool named, rs_order_t order);
void rs_journeys_forget(rs_journeys_t *journeys, uint32_t contact);
/* After a contact's story changed: judges its journey anew and counts the difference. */
void rs_journeys_follow(rs_journeys_t *journeys, uint32_t contact);

#endif
