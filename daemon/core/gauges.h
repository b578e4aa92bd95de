/* core/gauges.h — who waits now: open legs of each key by queued time, and how many have passed their thresholds.
 *
 * Model:   a contact's open leg stands in three lists: of its queue key, its channel key and its tenant's total key. A queue
 *          key's cursor is the first leg that has not passed all its thresholds yet; time moves the cursor, so that a waiting
 *          caller who crosses T is seen without any event.
 */
#ifndef RS_CORE_GAUGES_H
#define RS_CORE_GAUGES_H

#include "core/account.h"
#include "core/contact/contact.h"

typedef struct rs_gauges {
    rs_account_t *account;
    rs_contacts_t *contacts;
    uint32_t waiting_keys;        /* first queue key + 1 that has open legs, 0 = none */
} rs_gauges_t;

/* After a contact's story changed: puts its open leg and handling where they belong. */
void rs_gauges_follow(rs_gauges_t *gauges, uint32_t contact, int64_t now_us);
/* Time has come to `now_us`: legs that crossed a threshold are counted; keys that changed are in account->touched. */
void rs_gauges_tick(rs_gauges_t *gauges, int64_t now_us);
/* Publishes the gauges of a touched key to the window store. */
void rs_gauges_publish(rs_gauges_t *gauges, uint32_t key);

#endif
