/* support/workload.h — calls as a contact centre has them, as a stream of events in time order, for benches and tests of cost.
 *
 * Model:     contacts arrive at random and go through created, queued, offered, answered, held, transferred, ended, wrap-up, with the
 *            shares asked for; queues are Zipf-distributed, agents uniform. A heap of what happens next gives the events in order.
 *            The same settings give the same events.
 * Memory:    an event borrows its strings from the workload until the next call.
 */
#ifndef RS_TEST_WORKLOAD_H
#define RS_TEST_WORKLOAD_H

#include "base/base.h"

typedef struct workload_settings {
    uint64_t seed;
    uint32_t queues, agents, sources;
    double zipf;                      /* exponent of the queues' shares */
    int64_t start_us;
    uint64_t contacts;                /* how many arrive; 0 = no end */
    double contacts_per_second;       /* mean; with `day`: of the whole day */
    bool day;                         /* busy hours and quiet ones; else the rate is even */
    bool event_ids;                   /* events carry an event_id beside their number */
    bool pseudonyms;                  /* `customer` is a pseudonym, as behind the daemon's edge; else a telephone number */
    int64_t wait_us, talk_us, wrap_us; /* about the middle of each */
    uint32_t abandoned_per_mille, transferred_per_mille, held_per_mille, offer_failed_per_mille;
} workload_settings_t;

typedef struct workload workload_t;

/* 163,000 contacts of one day at 200 queues and 2,000 agents: about 1.2 million events. */
workload_settings_t workload_one_day(void);
/* `events_per_second` at 10,000 queues and 20,000 agents without end, with about `open_contacts` open at any time. */
workload_settings_t workload_steady(double events_per_second, double open_contacts);

workload_t *workload_create(const workload_settings_t *settings);
void workload_destroy(workload_t **workload);
/* False: all contacts have come to their end. *contact and *queue are the numbers behind the names (of living contacts no two are
 * alike). */
bool workload_next(workload_t *workload, rs_event_t *event, uint32_t *contact, uint32_t *queue);
/* Contacts that have begun and not ended. */
uint32_t workload_open(const workload_t *workload);

#endif
