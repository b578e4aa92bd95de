/* The loop's thread fills the ring, the core's empties it, the keeper's writes it down: nothing is told to be durable that the disk does
 * not have by then, under failing syncs, a wish to retire and looks at the statistics from outside. For ThreadSanitizer. RS_RACE_ITERATIONS
 * scales it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "faulty_disk.h"
#include "journal/keeper.h"
#include "sim_disk.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { SEGMENT = 65536, RING = 16384 };

typedef struct race {
    rs_ring_t *ring;
    rs_keeper_t *keeper;
    faulty_disk_t faulty;
    uint64_t iterations;
    _Atomic bool stop;             /* relaxed: only ends the others */
    _Atomic uint64_t wakes;
    char failure[128];             /* of the looking thread, read after it was joined */
} race_t;

static void on_wake(void *context) {
    race_t *race = context;
    atomic_fetch_add_explicit(&race->wakes, 1, memory_order_relaxed);
}

static void *empty_ring(void *context) {
    race_t *race = context;
    rs_ring_record_t record;
    while (!atomic_load_explicit(&race->stop, memory_order_relaxed)) {
        if (!rs_ring_peek(race->ring, &record)) sched_yield();
        else rs_ring_release(race->ring, record.position);
    }
    return NULL;
}

/* Any thread may look. What is durable never shrinks and is never ahead of what was written. */
static void *look(void *context) {
    race_t *race = context;
    uint64_t before = 0, number = 0;
    while (!atomic_load_explicit(&race->stop, memory_order_relaxed) && race->failure[0] == '\0') {
        rs_keeper_stat_t stat;
        const uint64_t durable = rs_keeper_durable(race->keeper);
        const uint64_t written = rs_ring_written(race->ring);
        rs_keeper_stat(race->keeper, &stat);
        if (durable < before) snprintf(race->failure, sizeof race->failure, "what is durable shrank");
        if (durable > written) snprintf(race->failure, sizeof race->failure, "durable before it was written");
        if (stat.journal.durable < number || stat.journal.durable > stat.journal.appended) {
            snprintf(race->failure, sizeof race->failure, "statistics do not fit together");
        }
        before = durable;
        number = stat.journal.durable;
        (void)rs_keeper_state(race->keeper, NULL);
        sched_yield();
    }
    return NULL;
}

static void three_threads_and_a_disk_agree(void **state) {
    (void)state;
    static race_t race;
    static rs_journal_resume_t resume = {.journal = 3};
    const rs_journal_settings_t settings = {.segment_bytes = SEGMENT, .max_segments = 64, .spares = 2, .pending_bytes = 32768};
    rs_random_t random = {rs_random_seed()};
    rs_journal_t *journal = NULL;
    sim_disk_t *sim = sim_disk_create(1);
    race.iterations = rs_test_number("RS_RACE_ITERATIONS", 30000);
    faulty_disk_init(&race.faulty, sim_disk_as_disk(sim));
    assert_int_equal(rs_ring_create(RING, &race.ring), RS_OK);
    assert_int_equal(rs_journal_create(&race.faulty.disk, &settings, &resume, &journal), RS_OK);
    const rs_keeper_settings_t keeping = {.ring = race.ring, .journal = journal, .batch_bytes = 8192, .retry_us = 1000, .mark_us = 2000,
                                          .keep_us = 0, .context = &race, .wake = on_wake};
    assert_int_equal(rs_keeper_create(&keeping, &race.keeper), RS_OK);
    pthread_t emptying, looking;
    assert_int_equal(pthread_create(&emptying, NULL, empty_ring, &race), 0);
    assert_int_equal(pthread_create(&looking, NULL, look, &race), 0);
    uint64_t position = 0;
    for (uint64_t i = 0; i < race.iterations; i++) {
        const size_t len = 1 + (size_t)rs_random_below(&random, 200);
        void *bytes;
        while (rs_ring_claim(race.ring, len, &bytes) != RS_OK) sched_yield();
        memset(bytes, (int)(i & 0xff), len);
        position = rs_ring_commit(race.ring, len, 1);
        rs_keeper_wake(race.keeper);
        if (i % 997 == 0) atomic_store_explicit(&race.faulty.failing_syncs, (int)rs_random_below(&random, 4), memory_order_relaxed);
        if (i % 100 == 0) rs_keeper_retire(race.keeper, i);
    }
    while (rs_keeper_durable(race.keeper) != position) sched_yield();
    atomic_store_explicit(&race.stop, true, memory_order_relaxed);
    pthread_join(emptying, NULL);
    pthread_join(looking, NULL);
    rs_keeper_destroy(&race.keeper);
    assert_int_equal(rs_journal_durable(journal), race.iterations);
    assert_string_equal(race.failure, "");
    rs_journal_destroy(&journal);
    rs_ring_destroy(&race.ring);
    sim_disk_destroy(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(three_threads_and_a_disk_agree)};
    return cmocka_run_group_tests_name("keeper_race", tests, NULL, NULL);
}
