/* journal/keeper.h — the journal's own thread: what stands in the ring goes to disk, and the ring's durable position moves.
 *
 * Model:   tap of the ring ──► rs_journal_append … ──► commit (as much as is there by then) ──► tap released = durable position
 *          The n-th record that ever entered the ring is record n of the journal, its bytes verbatim. So a commit takes as long as the
 *          disk does, and what comes meanwhile goes into the next one.
 *          Spares are made as fast as they are used up; when there is none all the same, a commit waits for one.
 * Failure: when the journal cannot commit (journal/journal.h), nothing is released and `state` says why; the keeper tries again every
 *          retry_us, and goes on giving back what is not needed. Whoever feeds the ring must refuse new work while the state is not RS_OK,
 *          and may go on with ticks.
 * Threads: create, destroy and the rest belong to the loop's thread; the keeper's thread is its own.
 * Ordering: the durable position is the ring's tapped position: released after the sync, acquired by rs_keeper_durable. Statistics are
 *          relaxed: each is a number for itself.
 */
#ifndef RS_JOURNAL_KEEPER_H
#define RS_JOURNAL_KEEPER_H

#include "journal/journal.h"
#include "ring/ring.h"

typedef struct rs_keeper rs_keeper_t;

typedef struct rs_keeper_settings {
    rs_ring_t *ring;               /* borrowed; tapped by create */
    rs_journal_t *journal;         /* borrowed; the keeper's thread alone touches it until destroy */
    uint32_t batch_bytes;          /* a commit begins at the latest when so much stands in it */
    int64_t retry_us;              /* after a failure */
    int64_t mark_us;               /* idle for so long: a mark is written */
    int64_t keep_us;               /* segments that ended so long ago may go, when they are not needed: rs_keeper_retire */
    void *context;
    void (*wake)(void *context);   /* keeper's thread: the durable position or the state changed; must not block */
} rs_keeper_settings_t;

/* RS_ERR_MEMORY; RS_ERR_IO: no thread. */
RS_MUST_CHECK int rs_keeper_create(const rs_keeper_settings_t *settings, rs_keeper_t **keeper);
/* Makes durable what stands in the ring (once; a failing disk is not waited for), writes a mark, ends the thread. */
void rs_keeper_destroy(rs_keeper_t **keeper);

/* The ring's writer, after a commit. Cheap. */
void rs_keeper_wake(rs_keeper_t *keeper);
/* Any thread, acquire. The ring position up to which everything is on disk. */
uint64_t rs_keeper_durable(const rs_keeper_t *keeper);
/* Any thread. RS_OK, or what the last commit failed with; *error (may be NULL) is its errno. */
int rs_keeper_state(const rs_keeper_t *keeper, int *error);
/* Any thread: records below `number` are not needed any more, see rs_journal_retire. */
void rs_keeper_retire(rs_keeper_t *keeper, uint64_t number);

/* Loop's thread: as rs_journal_forget, a little later. */
void rs_keeper_forget(rs_keeper_t *keeper, uint64_t number, bool soon);

typedef struct rs_keeper_stat {
    rs_journal_stat_t journal;     /* as of the last commit or failure */
    int64_t sync_us;               /* how long the last commit took */
} rs_keeper_stat_t;
/* Any thread; may be a commit old. */
void rs_keeper_stat(const rs_keeper_t *keeper, rs_keeper_stat_t *stat);

#endif
