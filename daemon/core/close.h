/* core/close.h — attribution `close`: everything of a contact stands where the contact ends (cases.md "Rows and intervals").
 *
 * Model:   a contact's end is known late and moves: it is its last event, until an ended or abandoned one comes, and then the last of
 *          those. So each contact keeps the facts that were counted of it, whoever derived them; when its end moves into another
 *          interval (or under other policies), they are taken back there and counted here. Rows only: windows know `event` alone.
 *          While the contact is not folded, the rows that its facts stand in stay in memory (core/rows.h): what moves is taken back from
 *          the very sums that it was counted in, so that these rows' extremes are right, however soon the store has them. After that its
 *          facts mostly stay where they are. If it goes on all the same, they move, but from rows that may have left memory: their counts
 *          are right, and their extremes are of all that was counted in them before. When the contact is forgotten, nothing moves any more.
 * Bounds:  RS_CLOSE_FACTS per contact and eight per contact over all. A fact that finds no place is counted at its own moment, stays
 *          there, and is counted in `unmoved`. Nothing is kept and nothing done while no rows are kept in this attribution.
 */
#ifndef RS_CORE_CLOSE_H
#define RS_CORE_CLOSE_H

#include "core/account.h"
#include "core/contact/contact.h"

enum { RS_CLOSE_FACTS = 1024 };

typedef struct rs_close_fact {
    uint32_t next, unused;
    rs_fact_t fact;
} rs_close_fact_t;

typedef struct rs_closes {
    bool on;
    rs_pool_t facts;
    rs_account_t *account;
    rs_contacts_t *contacts;
    uint64_t unmoved;             /* facts that found no place */
} rs_closes_t;

/* On only when the account keeps rows in attribution close. RS_ERR_MEMORY. deinit is safe on a zeroed one. */
RS_MUST_CHECK int rs_closes_init(rs_closes_t *closes, uint32_t max_contacts, rs_account_t *account, rs_contacts_t *contacts);
void rs_closes_deinit(rs_closes_t *closes);

/* The way for every fact that belongs to a contact in memory: counts it (+1) or takes it back (-1), in all attributions. With
 * `contact` 0 (none, or forgotten) attribution close has it at its own moment. */
void rs_closes_facts(rs_closes_t *closes, uint32_t contact, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign);
/* After the contact's story changed: its facts go where they belong now. */
void rs_closes_follow(rs_closes_t *closes, uint32_t contact);
/* After the contact folded. / Just before it leaves memory. */
void rs_closes_fold(rs_closes_t *closes, uint32_t contact);
void rs_closes_forget(rs_closes_t *closes, uint32_t contact);

#endif
