/* base/counter.h — named counters that only grow: what came, what was refused and why.
 *
 * Model:     a counter is a static object of the file that counts; it puts itself into the one list of the process when it is
 *            first used or registered. The list is sorted by name and labels.
 * Threads:   every function from any thread. Adding is wait-free once the counter is in the list.
 * Ordering:  values are relaxed: a sum is exact, but two counters read together need not be of the same moment.
 * Memory:    the caller's, for the life of the process. Nothing is ever allocated.
 */
#ifndef RS_BASE_COUNTER_H
#define RS_BASE_COUNTER_H

#include "base/base.h"

#include <stdatomic.h>

enum { RS_COUNTER_LABELS = 2 };

typedef struct rs_counter {
    const char *name;        /* "ringside_ingest_refused_total" */
    const char *help;        /* one sentence; the first counter's of a name is shown */
    struct { const char *name, *value; } labels[RS_COUNTER_LABELS];   /* used from the front, NULL = none */
    _Atomic uint64_t value;  /* added to by anyone, read by visitors, relaxed */
    atomic_bool listed;      /* set once, release, when it is in the list; acquire by rs_counter_add */
    _Atomic(struct rs_counter *) next;   /* set under the list's lock, release; visitors acquire */
} rs_counter_t;

/* static rs_counter_t batches = RS_COUNTER("ringside_ingest_batches_total", "Batches received.");
 * static rs_counter_t refused[] = {RS_COUNTER1("ringside_ingest_refused_total", "Events refused.", "reason", "too_long"), …};
 * Name and labels together must be unique in the process. */
#define RS_COUNTER(name_, help_) {.name = (name_), .help = (help_)}
#define RS_COUNTER1(name_, help_, label_, value_) \
    {.name = (name_), .help = (help_), .labels = {{(label_), (value_)}}}
#define RS_COUNTER2(name_, help_, label1_, value1_, label2_, value2_) \
    {.name = (name_), .help = (help_), .labels = {{(label1_), (value1_)}, {(label2_), (value2_)}}}

/* Puts `count` counters into the list, so that they are shown as 0 before they first count. Harmless when repeated. */
void rs_counter_register(rs_counter_t *counters, size_t count);
void rs_counter_add(rs_counter_t *counter, uint64_t amount);
uint64_t rs_counter_value(const rs_counter_t *counter);

typedef void (*rs_counter_fn)(void *context, const rs_counter_t *counter, uint64_t value);
/* Visits every listed counter, sorted by name, then by label values. on_counter may add to counters. */
void rs_counter_each(rs_counter_fn on_counter, void *context);

#endif
