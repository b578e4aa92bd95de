#include "ring/ring.h"

#include <linux/futex.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LINE_PAIR = 128, AWAKE = 0, ASLEEP = 1 };

struct rs_sleeper {
    /* Set by the reader, exchanged to AWAKE by whoever wakes it; also the futex word. All accesses are
     * relaxed: the order comes from the two fences below, and the work's visibility from the ring's tail. */
    alignas(LINE_PAIR) _Atomic uint32_t asleep;
};
_Static_assert(sizeof(_Atomic uint32_t) == 4, "a futex is 32 bits");

/* The one place where bare fences cannot be avoided: each side stores its own word, then loads the other's (Dekker's
 * pattern), and neither release nor acquire keeps a store before a later load. Without this fence on the writer's side the
 * load of `asleep` may be done while the ring's new tail still waits in the store buffer: the writer sees nobody asleep, the
 * reader sees an empty ring, and sleeps on a full one. Without it on the reader's side, the same the other way round.
 * x86 does this too. tests/race/wake_race.c shows it.
 * ThreadSanitizer does not follow fences; it needs not here, since no plain data hang on `asleep`. */
#ifndef RS_TEST_NO_FENCE
#define RS_TEST_NO_FENCE 0   /* tests take out one side's fence by hand, or both: 1 reader, 2 writer, 3 both */
#endif
enum { READER_SIDE = 1, WRITER_SIDE = 2 };
#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wtsan"
#endif
static inline void store_before_load(int side) {
    if ((side & RS_TEST_NO_FENCE) == 0) atomic_thread_fence(memory_order_seq_cst);
}

int rs_sleeper_create(rs_sleeper_t **sleeper_out) {
    rs_sleeper_t *sleeper = aligned_alloc(LINE_PAIR, sizeof(*sleeper));
    if (sleeper == NULL) return RS_ERR_MEMORY;
    atomic_init(&sleeper->asleep, AWAKE);
    *sleeper_out = sleeper;
    return RS_OK;
}

void rs_sleeper_destroy(rs_sleeper_t **sleeper) {
    if (sleeper == NULL) return;
    free(*sleeper);
    *sleeper = NULL;
}

void rs_sleeper_announce(rs_sleeper_t *sleeper) {
    atomic_store_explicit(&sleeper->asleep, ASLEEP, memory_order_relaxed);
    store_before_load(READER_SIDE);   /* partner: the one in rs_sleeper_wake */
}

void rs_sleeper_cancel(rs_sleeper_t *sleeper) { atomic_store_explicit(&sleeper->asleep, AWAKE, memory_order_relaxed); }

bool rs_sleeper_wait(rs_sleeper_t *sleeper, int64_t timeout_us) {
    if (timeout_us > 0) {
        const struct timespec timeout = {.tv_sec = (time_t)(timeout_us / RS_US_PER_S),
                                         .tv_nsec = (long)(timeout_us % RS_US_PER_S) * 1000};
        /* Returns at once when the word is AWAKE already: the kernel compares under its own lock, so a wake between the
         * announcement and here is not lost either. Returns early on a signal: allowed. */
        (void)syscall(SYS_futex, &sleeper->asleep, FUTEX_WAIT_PRIVATE, ASLEEP, &timeout, NULL, 0);
    }
    return atomic_exchange_explicit(&sleeper->asleep, AWAKE, memory_order_relaxed) == AWAKE;
}

void rs_sleeper_wake(rs_sleeper_t *sleeper) {
    store_before_load(WRITER_SIDE);   /* partner: the one in rs_sleeper_announce */
    if (atomic_load_explicit(&sleeper->asleep, memory_order_relaxed) == AWAKE) return;
    /* Several may wake at once; the exchange lets one of them do the system call. */
    if (atomic_exchange_explicit(&sleeper->asleep, AWAKE, memory_order_relaxed) == AWAKE) return;
    (void)syscall(SYS_futex, &sleeper->asleep, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
