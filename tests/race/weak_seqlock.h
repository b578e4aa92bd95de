/* A broken copy of ring/seqlock.h, to prove that seqlock_race notices. RS_TEST_WEAK_SEQLOCK says what is broken:
 *   1  every order relaxed, no fences. ThreadSanitizer reports the published plain data as a race. Without it x86 shows
 *      nothing: it keeps stores in order and loads in order, and gcc and clang leave relaxed accesses where they stand.
 *   2  the writer's fence is gone, and what then is allowed happens: the odd version becomes visible only behind the words.
 *   3  the reader's fence is gone, and what then is allowed happens: the second look at the version is made before the
 *      words are read.
 * 2 and 3 perform by hand a reordering that another machine could; on any machine the copies are torn then. */
#ifndef RS_RING_SEQLOCK_H
#define RS_RING_SEQLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct rs_seqlock { _Atomic uint32_t version; } rs_seqlock_t;

static inline void add_version(rs_seqlock_t *lock, uint32_t added, memory_order order) {
    const uint32_t version = atomic_load_explicit(&lock->version, memory_order_relaxed);
    atomic_store_explicit(&lock->version, version + added, order);
}

#if RS_TEST_WEAK_SEQLOCK == 1
static inline void rs_seqlock_write_begin(rs_seqlock_t *lock) { add_version(lock, 1, memory_order_relaxed); }
static inline void rs_seqlock_write_end(rs_seqlock_t *lock) { add_version(lock, 1, memory_order_relaxed); }
static inline uint32_t rs_seqlock_read_begin(const rs_seqlock_t *lock) {
    return atomic_load_explicit(&lock->version, memory_order_relaxed);
}
#elif RS_TEST_WEAK_SEQLOCK == 2
static inline void rs_seqlock_write_begin(rs_seqlock_t *lock) { (void)lock; }
static inline void rs_seqlock_write_end(rs_seqlock_t *lock) {
    add_version(lock, 1, memory_order_relaxed);
    add_version(lock, 1, memory_order_release);
}
static inline uint32_t rs_seqlock_read_begin(const rs_seqlock_t *lock) {
    return atomic_load_explicit(&lock->version, memory_order_acquire);
}
#else
static inline void rs_seqlock_write_begin(rs_seqlock_t *lock) {
    add_version(lock, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
}
static inline void rs_seqlock_write_end(rs_seqlock_t *lock) { add_version(lock, 1, memory_order_release); }
static inline uint32_t rs_seqlock_read_begin(const rs_seqlock_t *lock) {
    const uint32_t version = atomic_load_explicit(&lock->version, memory_order_acquire);
    const uint32_t second_look = atomic_load_explicit(&lock->version, memory_order_relaxed);
    return second_look == version ? version : 1;   /* odd: read_retry discards the copy */
}
#endif

static inline bool rs_seqlock_read_retry(const rs_seqlock_t *lock, uint32_t version) {
#if RS_TEST_WEAK_SEQLOCK == 3
    (void)lock;
    return (version & 1u) != 0;
#else
    return (version & 1u) != 0 || atomic_load_explicit(&lock->version, memory_order_relaxed) != version;
#endif
}

#endif
