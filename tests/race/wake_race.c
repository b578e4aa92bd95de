/* A reader that sleeps when it finds nothing, a writer that gives it one record at a time at the worst moment: no wake-up is
 * lost. RS_RACE_ITERATIONS scales it.
 *
 * Proof that it can fail: built with -DRS_TEST_NO_FENCE=1, 2 or 3 (sleeper.c without the reader's, the writer's or both
 * fences) it loses wake-ups on x86: the store buffer lets a load pass the store before it. Both out: hundreds in 100,000
 * records; one out: some tens by gcc's code, a handful or now and then none by clang's. A machine with
 * one core shows nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "random.h"
#include "ring/ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

static const int64_t wait_us = 20000;

typedef struct race {
    rs_ring_t *ring;
    rs_sleeper_t *sleeper;
    uint64_t iterations, seed;
    /* The record for which the writer's call of rs_sleeper_wake has returned, and when. Written by the writer, the time
     * relaxed and then the number with release, read by the reader, the number with acquire and then the time. */
    _Atomic int64_t woke_us;
    _Atomic uint64_t woke_number;
    uint64_t sleeps, lost;      /* the reader's, read after it was joined */
} race_t;

static int64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * RS_US_PER_S + now.tv_nsec / 1000;
}

/* So that the writer's commit falls anywhere in the reader's way from its last record into sleep. How far the one lags
 * behind the other differs by compiler and machine: the bound is swept. */
static void linger(rs_random_t *random, uint64_t number) {
    const uint64_t bound = UINT64_C(64) << (number / 512 % 6);
    for (volatile uint64_t i = rs_random_below(random, bound); i > 0; i--) {}
}

static void *write_records(void *context) {
    race_t *race = context;
    rs_random_t random = {race->seed};
    for (uint64_t number = 1; number <= race->iterations; number++) {
        for (int spins = 0; rs_ring_consumed(race->ring) != rs_ring_written(race->ring); spins++) {
            if (spins > 2000) sched_yield();
        }
        linger(&random, 0);
        void *bytes = NULL;
        if (rs_ring_claim(race->ring, sizeof(number), &bytes) != RS_OK) abort();
        memcpy(bytes, &number, sizeof(number));
        (void)rs_ring_commit(race->ring, sizeof(number), 1);
        rs_sleeper_wake(race->sleeper);
        atomic_store_explicit(&race->woke_us, now_us(), memory_order_relaxed);
        atomic_store_explicit(&race->woke_number, number, memory_order_release);
    }
    return NULL;
}

/* A wait for record `number` that nobody ended, until past its time, although the writer's wake for that record had
 * returned before that time: lost. A wake that returns later may rightly have found the reader awake again. */
static void sleep_once(race_t *race, uint64_t number) {
    const int64_t deadline = now_us() + wait_us;
    race->sleeps++;
    if (rs_sleeper_wait(race->sleeper, wait_us) || now_us() < deadline) return;
    if (atomic_load_explicit(&race->woke_number, memory_order_acquire) != number) return;
    if (atomic_load_explicit(&race->woke_us, memory_order_relaxed) < deadline) race->lost++;
}

static void *read_records(void *context) {
    race_t *race = context;
    rs_random_t random = {~race->seed};
    for (uint64_t number = 1; number <= race->iterations;) {
        rs_ring_record_t record;
        bool found = rs_ring_peek(race->ring, &record);
        if (!found) {
            linger(&random, number);
            rs_sleeper_announce(race->sleeper);
            found = rs_ring_peek(race->ring, &record);
            if (found) rs_sleeper_cancel(race->sleeper);
            else sleep_once(race, number);
        }
        if (!found) continue;
        uint64_t got;
        memcpy(&got, record.bytes, sizeof(got));
        if (got != number++) abort();
        rs_ring_release(race->ring, record.position);
    }
    return NULL;
}

static void no_wake_up_is_lost(void **state) {
    (void)state;
    race_t race = {.iterations = rs_test_number("RS_RACE_ITERATIONS", 500000), .seed = rs_random_seed()};
    assert_int_equal(rs_ring_create(4096, &race.ring), RS_OK);
    assert_int_equal(rs_sleeper_create(&race.sleeper), RS_OK);
    pthread_t writer, reader;
    assert_int_equal(pthread_create(&writer, NULL, write_records, &race), 0);
    assert_int_equal(pthread_create(&reader, NULL, read_records, &race), 0);
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_int_equal(pthread_join(reader, NULL), 0);
    rs_sleeper_destroy(&race.sleeper);
    rs_ring_destroy(&race.ring);
    printf("%" PRIu64 " records, slept %" PRIu64 " times, lost %" PRIu64 " wake-ups\n", race.iterations, race.sleeps, race.lost);
    assert_true(race.sleeps > 0);
    assert_int_equal(race.lost, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_wake_up_is_lost)};
    return cmocka_run_group_tests_name("wake_race", tests, NULL, NULL);
}
