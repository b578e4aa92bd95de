/* journal/journal.h — everything that entered the core, on disk before it is acknowledged.
 *
 * Model:   records are appended to memory and made durable together (group commit):
 *              append, append, …  ->  commit: write to the segment, sync  ->  durable position moves
 *          Segments are files of one size that were filled with zeros, synced and named ahead of time (spares), so that a commit
 *          grows no file and a full disk refuses a rotation rather than tearing a write. Segments that nobody needs any more become
 *          spares again. What an earlier life left in a file can never pass as current (journal/record.h).
 * Failure: a write or sync that failed poisons its segment for ever: it is not written or synced again. All that is not durable goes to
 *          a new segment, once more, at once. When that fails too, commit returns the error, nothing is lost from memory and nothing more
 *          is durable; the caller refuses new work when append says RS_ERR_FULL, and calls commit again a little later: each call tries
 *          another new segment. So it resumes by itself.
 * Threads: one at a time; durable and the statistics may be read by any thread.
 * Memory:  pending_bytes of records that are not durable, and as much again for writing. Nothing else is allocated after create.
 */
#ifndef RS_JOURNAL_H
#define RS_JOURNAL_H

#include "journal/disk.h"
#include "journal/record.h"

enum { RS_JOURNAL_SEGMENTS = 4096 };   /* most files at a time */

typedef struct rs_journal rs_journal_t;

/* Where a journal is to go on; what recovery found, or zeros and a random `journal` for a new one. */
typedef struct rs_journal_resume {
    uint64_t journal;
    uint64_t last;                 /* number of the last record that is surely on disk */
    uint64_t adopt;                /* number of the last one that recovery found behind it and that rs_journal_adopt writes anew; or
                                      `last` */
    uint32_t crc;                  /* its crc */
    uint64_t next_segment;         /* above every segment that exists */
    uint32_t segment_count;
    struct { uint64_t segment, first; int64_t begun_us; } segments[RS_JOURNAL_SEGMENTS];   /* rising; may be retired later */
} rs_journal_resume_t;

typedef struct rs_journal_settings {
    uint64_t segment_bytes;        /* 64 KiB .. 1 GiB, a multiple of 4096 */
    uint32_t max_segments;         /* 2 .. RS_JOURNAL_SEGMENTS: rotation is refused (RS_ERR_FULL) past it; spares come on top */
    uint32_t spares;               /* 1 .. 8: kept ready */
    uint32_t pending_bytes;        /* at least one record of RS_JOURNAL_RECORD_BYTES */
} rs_journal_settings_t;

/* `disk` is borrowed; its folder is synced, nothing else is written before the first maintain or commit. RS_ERR_INVALID, RS_ERR_MEMORY, or
 * of the disk. */
RS_MUST_CHECK int rs_journal_create(rs_disk_t *disk, const rs_journal_settings_t *settings, const rs_journal_resume_t *resume,
                                    rs_journal_t **journal);
/* Does not commit. */
void rs_journal_destroy(rs_journal_t **journal);

/* Takes a record (bytes are copied); *number is its place. kind 1 .. RS_JOURNAL_MARK - 1. RS_ERR_FULL: too much is not durable yet.
 * RS_ERR_INVALID: longer than RS_JOURNAL_RECORD_BYTES. */
RS_MUST_CHECK int rs_journal_append(rs_journal_t *journal, uint16_t kind, const void *bytes, uint32_t len, uint64_t *number);
/* Makes all that was appended durable. RS_OK; RS_ERR_FULL: no segment to be had; RS_ERR_IO: see Failure above. A part may have become
 * durable: rs_journal_durable says how far. */
RS_MUST_CHECK int rs_journal_commit(rs_journal_t *journal);
/* Writes down that everything is durable, for an exact report of later damage. Before a clean end, and when nothing happens. */
RS_MUST_CHECK int rs_journal_mark(rs_journal_t *journal);
/* A bounded step of making spares (about 1 MiB of writing). *more: there is more to do now. RS_ERR_FULL, RS_ERR_IO: no spare now; try
 * again later. */
RS_MUST_CHECK int rs_journal_maintain(rs_journal_t *journal, bool *more);
/* Records below `number` are needed no more: segments that have only such ones become spares or go, if they ended before `kept_since_us`;
 * and whatever that is when max_segments is reached or the disk has no room for a spare, for then keeping them would cost new records. */
RS_MUST_CHECK int rs_journal_retire(rs_journal_t *journal, uint64_t number, int64_t kept_since_us);
/* Of the records up to `number` nothing shall stay on disk: their segments are not used again but removed when they may go, and so are the
 * spares that there are now, for both hold old bytes. `soon`: they may go as soon as they are not needed, however young; the segment that
 * is written is left for a new one when all of `number` is durable. Rising numbers only; once soon, always. Cheap when repeated. */
void rs_journal_forget(rs_journal_t *journal, uint64_t number, bool soon);
/* Microseconds since the epoch: when the segments that are begun from now on begin. */
void rs_journal_set_time(rs_journal_t *journal, int64_t now_us);

typedef struct rs_journal_stat {
    uint64_t appended, durable;    /* numbers of the last record */
    uint64_t oldest;               /* first number that is still on disk, */
    int64_t oldest_us;             /* since when; 0: nothing is */
    uint64_t given_way;            /* segments that went before their time, see rs_journal_retire */
    uint64_t commits, bytes;       /* durable bytes written, headers included */
    uint64_t failures, poisoned;   /* failed writes and syncs; segments given up */
    uint32_t segments, spares;
    int state;                     /* RS_OK, or what the last commit failed with */
    int error;                     /* errno of the last failure */
} rs_journal_stat_t;
/* Any thread, acquire: the last number that is on disk. */
uint64_t rs_journal_durable(const rs_journal_t *journal);
/* The journal's own thread. */
void rs_journal_stat(const rs_journal_t *journal, rs_journal_stat_t *stat);

#endif
