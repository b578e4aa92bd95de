/* core/journey.h — journeys: contacts tied by journey_id, and the one service-level verdict that a journey gets under policies
 * of unit journey (cases.md "Service level"). Only kept when such a policy is configured. */
#ifndef RS_CORE_JOURNEY_H
#define RS_CORE_JOURNEY_H

#include "core/account.h"
#include "core/contact/contact.h"

typedef struct rs_journey {
    rs_hash128_t id;
    uint32_t tenant, first_contact;
    bool counted, frozen;         /* frozen: a contact of it left memory, the verdict stands */
    rs_fact_t verdict;            /* what was counted last */
    int64_t close_us;             /* where attribution close has it: the last end of its contacts, else their last event */
} rs_journey_t;

typedef struct rs_journeys {
    bool on;
    rs_pool_t pool;
    rs_index_t index;
    rs_account_t *account;
    rs_contacts_t *contacts;
    uint64_t refused;             /* contacts that found no journey place */
} rs_journeys_t;

RS_MUST_CHECK int rs_journeys_init(rs_journeys_t *journeys, uint32_t max, rs_account_t *account, rs_contacts_t *contacts);
void rs_journeys_deinit(rs_journeys_t *journeys);
/* Ties a contact to its journey; `id` stands for (tenant, journey_id). A named journey replaces the default one (the contact
 * itself) and then stays. */
void rs_journeys_tie(rs_journeys_t *journeys, uint32_t contact, rs_hash128_t id, bool named);
void rs_journeys_forget(rs_journeys_t *journeys, uint32_t contact);
/* After a contact's story changed: judges its journey anew and counts the difference. */
void rs_journeys_follow(rs_journeys_t *journeys, uint32_t contact);

#endif
