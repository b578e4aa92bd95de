/* ring/ring.h — a byte ring between exactly one writer thread and exactly one reader thread, and perhaps a tap: a second reader that sees
 * the same records at its own pace.
 *
 * Model:     a power-of-two buffer of records, each 8-byte aligned: a header (length, kind) and its bytes. Positions are
 *            64-bit byte offsets that only grow and are masked late; a record that would cross the end is preceded by a
 *            padding record, so every record is contiguous.
 *                writer:  claim -> fill -> commit (publishes `tail`)
 *                reader:  peek  -> use  -> release (publishes `head`)
 *            Invariant (rs_ring_check): head <= tail, tail - head <= capacity, both multiples of 8, and walking from head by
 *            the lengths ends exactly at tail.
 * Threads:   claim/commit/abort by the writer, peek/release by the reader; both wait-free. The position loads may be
 *            called by any thread.
 * Ordering:  tail: stored with release by commit, loaded with acquire by peek: makes the record's bytes visible.
 *            head: stored with release by release, loaded with acquire by claim: the reader is done with those bytes.
 *            Each side keeps a private copy of the other's position and refreshes it only when the ring looks full/empty.
 * Memory:    the buffer is allocated by create and freed by destroy; nothing else allocates.
 *            The tap has a head of its own, with the same orders. Room is what both have released.
 * Overload:  claim returns RS_ERR_FULL and changes nothing; the caller counts and backs off. Nothing is overwritten.
 */
#ifndef RS_RING_H
#define RS_RING_H

#include "base/base.h"

typedef struct rs_ring rs_ring_t;

typedef struct rs_ring_record {
    const void *bytes;    /* valid until released */
    uint32_t len;
    uint32_t kind;        /* the writer's own tag, not 0 */
    uint64_t position;    /* of the record's end: what the reader's position becomes when it is released */
} rs_ring_record_t;

/* `capacity` bytes: a power of two, 4 KiB to 4 GiB, touched at once so that the first lap takes no page faults.
 * RS_ERR_INVALID, RS_ERR_MEMORY: *ring is unchanged. */
RS_MUST_CHECK int rs_ring_create(size_t capacity, rs_ring_t **ring);
void rs_ring_destroy(rs_ring_t **ring);

size_t rs_ring_capacity(const rs_ring_t *ring);
/* Longest record that this ring takes: capacity / 4. An empty ring has room for one, wherever its positions stand. */
size_t rs_ring_max_record(const rs_ring_t *ring);

/* Writer. Reserves `len` bytes (1 .. rs_ring_max_record) and gives the place to fill; nothing is visible before
 * rs_ring_commit. One claim at a time. *bytes is 8-byte aligned and the writer's until commit or abort.
 * RS_ERR_FULL: no room now. RS_ERR_INVALID: 0 or longer than a record may be. Both leave ring and *bytes unchanged. */
RS_MUST_CHECK int rs_ring_claim(rs_ring_t *ring, size_t len, void **bytes);
/* Writer. Publishes the claimed record, shortened to `len` (1 .. claimed), as `kind`. Returns the position of its end. */
uint64_t rs_ring_commit(rs_ring_t *ring, size_t len, uint32_t kind);
/* Writer. Forgets the claim. */
void rs_ring_abort(rs_ring_t *ring);

/* Reader. The next record that was not yet peeked, false when there is none now. Several may be peeked before the first
 * is released. */
RS_MUST_CHECK bool rs_ring_peek(rs_ring_t *ring, rs_ring_record_t *record);
/* Reader. Gives back everything up to `position` (of a peeked record). */
void rs_ring_release(rs_ring_t *ring, uint64_t position);

/* Before the threads begin, on an empty ring: from now on nothing is overwritten that the tap has not released. */
void rs_ring_tap(rs_ring_t *ring);
/* The tap's thread. As peek and release. */
RS_MUST_CHECK bool rs_ring_tap_peek(rs_ring_t *ring, rs_ring_record_t *record);
void rs_ring_tap_release(rs_ring_t *ring, uint64_t position);
/* Any thread, acquire. Where the tap has come to. */
uint64_t rs_ring_tapped(const rs_ring_t *ring);

/* Any thread, acquire. Where the writer and the reader have come to. */
uint64_t rs_ring_written(const rs_ring_t *ring);
uint64_t rs_ring_consumed(const rs_ring_t *ring);

/* Only when both threads stand still. RS_OK or RS_ERR_STATE with the broken rule in *why (static text). */
RS_MUST_CHECK int rs_ring_check(const rs_ring_t *ring, const char **why);
/* Tests only: an empty ring whose positions start at `position` (a multiple of 8), to prepare wrap-around near 2^64. */
void rs_ring_start_at(rs_ring_t *ring, uint64_t position);

/* --- waking the reader --------------------------------------------------------------------------------------------
 * A reader that found nothing may sleep. The rule that no wake-up is lost:
 *     reader: announce (store `asleep` = 1), seq_cst fence, look again; sleep only when still nothing.
 *     writer: commit, seq_cst fence, look at `asleep`; wake when set.
 * Either the writer sees the announcement or the reader sees the record: the two fences order store before load on both
 * sides, which release/acquire does not. tests/race/wake_race.c loses wake-ups when a fence is taken out.
 */
typedef struct rs_sleeper rs_sleeper_t;
RS_MUST_CHECK int rs_sleeper_create(rs_sleeper_t **sleeper);
void rs_sleeper_destroy(rs_sleeper_t **sleeper);
/* Reader thread. Announces sleep; the caller must look for work once more and then call either. */
void rs_sleeper_announce(rs_sleeper_t *sleeper);
void rs_sleeper_cancel(rs_sleeper_t *sleeper);
/* Reader thread, after announce. Blocks (futex) until woken or `timeout_us` has passed (0 or less: not at all); may return
 * early for no reason. The announcement is over then. Returns whether somebody woke it since the announcement. */
bool rs_sleeper_wait(rs_sleeper_t *sleeper, int64_t timeout_us);
/* Any thread, after publishing work. Cheap when nobody sleeps. */
void rs_sleeper_wake(rs_sleeper_t *sleeper);

#endif
