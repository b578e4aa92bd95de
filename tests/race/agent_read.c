/* Readers against the writer of the live list: a copy is never torn, and every entry below the count is whole.
 *
 * The writer keeps in every published entry
 *     counted_until = since + agent, last_event = 2 * since, open_since = 3 * since, queue_count = open = agent % 7
 * and lets the list grow while it is read. RS_RACE_ITERATIONS scales the number of changes. */
#include "core/agent/live.h"
#include "random.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { READERS = 3, AGENTS = 64 };

typedef struct race {
    rs_live_t live;
    _Atomic bool stop;                 /* writer: release; readers: acquire */
    _Atomic bool has_read;             /* relaxed: only ends the writing, a little later does no harm */
    _Atomic uint64_t good, again;
} race_t;

static rs_agent_live_t entry_of(uint32_t place, int64_t since_us) {
    return (rs_agent_live_t){.since_us = since_us, .counted_until_us = since_us + place, .last_event_us = 2 * since_us,
                             .open_since_us = 3 * since_us, .agent = place, .queue_count = place % 7, .open = (uint16_t)(place % 7),
                             .state = (uint8_t)(since_us % 5)};
}

static void check(uint32_t place, const rs_agent_live_t *entry) {
    const rs_agent_live_t whole = entry_of(place, entry->since_us);
    if (memcmp(entry, &whole, sizeof whole) == 0 && entry->since_us > 0) return;
    fprintf(stderr, "torn: entry %u since %lld\n", place, (long long)entry->since_us);
    abort();
}

static void *run_reader(void *argument) {
    race_t *race = argument;
    uint64_t good = 0, again = 0;
    for (uint64_t i = 0; !atomic_load_explicit(&race->stop, memory_order_acquire); i++) {
        const uint32_t count = rs_live_count(&race->live);
        if (count == 0) continue;
        rs_agent_live_t entry;
        /* The youngest entry most of the time: it is the one that might not be whole. */
        const uint32_t place = i % 4 != 0 ? count - 1 : (uint32_t)(i / 4 % count);
        if (rs_live_read(&race->live, place, &entry) != RS_OK) {
            again++;
            continue;
        }
        check(place, &entry);
        if (good++ == 0) atomic_store_explicit(&race->has_read, true, memory_order_relaxed);
    }
    atomic_fetch_add(&race->good, good);
    atomic_fetch_add(&race->again, again);
    return NULL;
}

static void write_all(race_t *race, uint64_t changes) {
    rs_random_t random = {.state = 5};
    /* On a busy machine the readers may begin late: it goes on until they have seen something. */
    for (uint64_t i = 0; i < changes || !atomic_load_explicit(&race->has_read, memory_order_relaxed); i++) {
        const uint32_t count = rs_live_count(&race->live);
        const bool grows = count < AGENTS && i >= count * (changes / AGENTS);
        const uint32_t place = grows ? count : i % 2 == 0 ? count - 1 : (uint32_t)rs_random_below(&random, count);
        const rs_agent_live_t entry = entry_of(place, (int64_t)i + 1);
        rs_live_write(&race->live, place, &entry);
    }
}

int main(void) {
    static race_t race;
    pthread_t readers[READERS];
    const uint64_t changes = rs_test_number("RS_RACE_ITERATIONS", 2000000);
    if (rs_live_init(&race.live, AGENTS) != RS_OK) return 1;
    for (int i = 0; i < READERS; i++) {
        if (pthread_create(&readers[i], NULL, run_reader, &race) != 0) return 1;
    }
    write_all(&race, changes);
    atomic_store_explicit(&race.stop, true, memory_order_release);
    for (int i = 0; i < READERS; i++) pthread_join(readers[i], NULL);
    const uint64_t good = atomic_load(&race.good);
    printf("%llu changes, %llu copies, %llu times to be asked again\n", (unsigned long long)changes, (unsigned long long)good,
           (unsigned long long)atomic_load(&race.again));
    rs_live_deinit(&race.live);
    return good > 0 ? 0 : 1;
}
