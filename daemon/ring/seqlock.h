/* ring/seqlock.h — sequence-locked publication: one writer changes words in place, any reader copies them consistently.
 *
 * Model:     `version` is even when the words are stable and odd while the writer changes them. The words themselves are
 *            _Atomic and accessed relaxed, so that a torn copy is never undefined, only discarded.
 * Threads:   one writer ever; any number of readers, which retry. The writer is wait-free and never looks at readers.
 * Ordering:  see the three functions; each names its partner. tests/race/seqlock_race.c fails when one is weakened.
 */
#ifndef RS_RING_SEQLOCK_H
#define RS_RING_SEQLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* ThreadSanitizer does not follow fences, and gcc warns of it. Nothing is lost: the words are _Atomic, so a copy is never a
 * data race, and whether a torn one is kept is what tests/race/seqlock_race.c looks for. */
#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif

typedef struct rs_seqlock { _Atomic uint32_t version; } rs_seqlock_t;

/* Writer. The relaxed store of the odd version must not sink below the words' stores: the release fence orders it
 * before them; its partner is the acquire fence in rs_seqlock_read_retry. */
static inline void rs_seqlock_write_begin(rs_seqlock_t *lock) {
    const uint32_t version = atomic_load_explicit(&lock->version, memory_order_relaxed);
    atomic_store_explicit(&lock->version, version + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
}
/* Writer. Release: the words' stores are visible to whoever acquires the even version in rs_seqlock_read_begin. */
static inline void rs_seqlock_write_end(rs_seqlock_t *lock) {
    const uint32_t version = atomic_load_explicit(&lock->version, memory_order_relaxed);
    atomic_store_explicit(&lock->version, version + 1, memory_order_release);
}
/* Reader. Acquire: pairs with write_end; an odd result means that the writer is inside, try again. */
static inline uint32_t rs_seqlock_read_begin(const rs_seqlock_t *lock) {
    return atomic_load_explicit(&lock->version, memory_order_acquire);
}
/* Reader. True when the copy made since read_begin may be torn. The acquire fence keeps the words' loads above the second
 * look at the version; partner: the release fence of write_begin. */
static inline bool rs_seqlock_read_retry(const rs_seqlock_t *lock, uint32_t version) {
    atomic_thread_fence(memory_order_acquire);
    return (version & 1u) != 0 || atomic_load_explicit(&lock->version, memory_order_relaxed) != version;
}

#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
