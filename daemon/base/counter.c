#include "base/counter.h"

#include <pthread.h>

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;   /* taken to insert; walking needs none: nothing is removed */
static _Atomic(rs_counter_t *) first;

static int compare_text(const char *a, const char *b) { return strcmp(a == NULL ? "" : a, b == NULL ? "" : b); }

static int compare(const rs_counter_t *a, const rs_counter_t *b) {
    int order = strcmp(a->name, b->name);
    for (size_t i = 0; order == 0 && i < RS_COUNTER_LABELS; i++) {
        order = compare_text(a->labels[i].name, b->labels[i].name);
        if (order == 0) order = compare_text(a->labels[i].value, b->labels[i].value);
    }
    return order;
}

static void insert(rs_counter_t *counter) {
    _Atomic(rs_counter_t *) *link = &first;
    rs_counter_t *after = atomic_load_explicit(link, memory_order_relaxed);   /* the lock orders it */
    while (after != NULL && compare(after, counter) <= 0) {
        link = &after->next;
        after = atomic_load_explicit(link, memory_order_relaxed);
    }
    atomic_store_explicit(&counter->next, after, memory_order_relaxed);
    /* Release, pairs with the acquire in rs_counter_each: the counter's own link comes before it can be reached. */
    atomic_store_explicit(link, counter, memory_order_release);
    atomic_store_explicit(&counter->listed, true, memory_order_release);
}

void rs_counter_register(rs_counter_t *counters, size_t count) {
    pthread_mutex_lock(&list_lock);
    for (size_t i = 0; i < count; i++) {
        if (!atomic_load_explicit(&counters[i].listed, memory_order_relaxed)) insert(&counters[i]);
    }
    pthread_mutex_unlock(&list_lock);
}

void rs_counter_add(rs_counter_t *counter, uint64_t amount) {
    if (!atomic_load_explicit(&counter->listed, memory_order_acquire)) rs_counter_register(counter, 1);
    atomic_fetch_add_explicit(&counter->value, amount, memory_order_relaxed);
}

uint64_t rs_counter_value(const rs_counter_t *counter) {
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

void rs_counter_each(rs_counter_fn on_counter, void *context) {
    const rs_counter_t *counter = atomic_load_explicit(&first, memory_order_acquire);   /* pairs with insert's release */
    while (counter != NULL) {
        on_counter(context, counter, rs_counter_value(counter));
        counter = atomic_load_explicit(&counter->next, memory_order_acquire);
    }
}
