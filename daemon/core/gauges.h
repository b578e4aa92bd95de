/* core/gauges.h — who waits now: open legs of each key by the beginning of their clocks (the
 * queued time, or what a call-back keeps), and how many have passed their thresholds.
 *
 * Model:   a contact's open leg stands in three lists: of its queue key, its channel key and its tenant's total key. A queue
 *          key's cursor is the first leg that has not passed all its thresholds yet; time moves the cursor, so that a waiting
 *          caller who crosses T is seen without any event. A heap has the keys by the moment at which their next leg crosses
 *          something, so that time costs what crosses and not what waits.
 */
#ifndef RS_CORE_GAUGES_H
#define RS_CORE_GAUGES_H

#include "core/account.h"
#include "core/contact/contact.h"

typedef struct rs_crossing { int64_t due_us; uint32_t key; } rs_crossing_t;
typedef struct rs_gauges {
    rs_account_t *account;
    rs_contacts_t *contacts;
    rs_predict_t *predict;        /* NULL = off */
    uint32_t waiting_keys;        /* first queue key + 1 that has open legs, 0 = none */
    rs_crossing_t *crossings;     /* heap, the earliest first; a key stands in it once at most */
    uint32_t crossing_count;
    uint32_t generation;          /* whose thresholds the crossings follow */
} rs_gauges_t;

/* `max_keys`: numbers of keys are below. RS_ERR_MEMORY. deinit is safe on a zeroed one. */
RS_MUST_CHECK int rs_gauges_init(rs_gauges_t *gauges, rs_account_t *account, rs_contacts_t *contacts, uint32_t max_keys);
void rs_gauges_deinit(rs_gauges_t *gauges);

/* After a contact's story changed: puts its open leg and handling where they belong. */
void rs_gauges_follow(rs_gauges_t *gauges, uint32_t contact, int64_t now_us);
/* Time has come to `now_us`: legs that crossed a threshold are counted; keys that changed are in account->touched. */
void rs_gauges_tick(rs_gauges_t *gauges, int64_t now_us);
/* Publishes the gauges of a touched key to the window store. */
void rs_gauges_publish(rs_gauges_t *gauges, uint32_t key);
/* Calls for the ends of the key's list of open legs; its entry should be near. */
void rs_gauges_prefetch(const rs_gauges_t *gauges, uint32_t key);

#endif
