/* support/queue_simulator.h — a queue with agents as the books have it, event by event: M/M/s+M, and with log-normal service.
 *
 * Model:     callers arrive at random (Poisson), wait in order of arrival for one of `servers` alike, and give up when their patience
 *            (exponential) ends. Who gives up stays in line as a shadow that nobody serves and nobody waits for: when its turn comes
 *            QUEUE_SHADOW tells how long it would have had to wait. So every caller has an offered wait, and a forecast can be scored
 *            without leaving out those who gave up, who are the ones that waited long.
 * Numbers:   seconds from 0; a caller's number is the order of arrival, from 0. The same settings give the same events.
 */
#ifndef RS_TEST_QUEUE_SIMULATOR_H
#define RS_TEST_QUEUE_SIMULATOR_H

#include "core/window/histogram.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct queue_settings {
    uint64_t seed;
    uint32_t servers;
    double arrivals_per_s;
    double service_s;           /* mean */
    double service_cv;          /* standard deviation / mean of log-normal service; 0: exponential service */
    double patience_s;          /* mean, INFINITY: nobody gives up */
    uint32_t callers;           /* how many arrive */
} queue_settings_t;

typedef enum queue_event_type { QUEUE_ARRIVED = 1, QUEUE_ANSWERED, QUEUE_ABANDONED, QUEUE_SHADOW, QUEUE_ENDED } queue_event_type_t;
typedef struct queue_event {
    queue_event_type_t type;
    double at_s;
    uint32_t caller;
    uint32_t server;            /* QUEUE_ANSWERED, QUEUE_ENDED */
    double wait_s;              /* QUEUE_ANSWERED, QUEUE_SHADOW: the offered wait; QUEUE_ABANDONED: how long it waited */
} queue_event_t;

typedef struct queue_simulator queue_simulator_t;

queue_simulator_t *queue_simulator_create(const queue_settings_t *settings);
void queue_simulator_destroy(queue_simulator_t **simulator);
/* The next event in time; false when everything has come to its end. A caller who finds a free server is ANSWERED right after. */
bool queue_simulator_next(queue_simulator_t *simulator, queue_event_t *event);
/* Callers who wait now (without shadows), and servers who are busy. */
uint32_t queue_simulator_waiting(const queue_simulator_t *simulator);
uint32_t queue_simulator_busy(const queue_simulator_t *simulator);
/* What a histogram of `total` log-normal service times holds in the mean; room for RS_HIST_BUCKETS entries. How many there are. */
size_t queue_service_entries(const queue_settings_t *settings, uint32_t total, rs_hist_entry_t *entries);

#endif
