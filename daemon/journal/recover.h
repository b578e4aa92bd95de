/* journal/recover.h — reading a journal back: what is good, what is torn, what is lost.
 *
 * Model:   segments in order, records in order, each believed only when its checksum, its number and the chain say so.
 *          A hole is damage when something later proves that it was durable (a record's `durable`, a later segment's `first`): the exact
 *          numbers are reported and reading goes on behind it. A hole that nothing proves is the torn end of the last write: it and
 *          what follows were never acknowledged; they are counted and void.
 *          Of good records, those that nothing proves to be durable are the tail: what one reads after the end of a process may be in
 *          the machine's memory only, and syncing it now proves nothing if an earlier sync failed. The tail must be written anew
 *          (rs_journal_adopt) before anything rests on it.
 *          Of segments that have nothing above `after`, only the headers are read.
 * Memory:  one segment at a time, at most RS_SEGMENT_MOST bytes of it; and the tail, which is one commit.
 * Changes nothing on disk, so it may itself be interrupted at any point.
 */
#ifndef RS_JOURNAL_RECOVER_H
#define RS_JOURNAL_RECOVER_H

#include "journal/journal.h"

enum { RS_LOST_RANGES = 1024 };
#define RS_SEGMENT_MOST (UINT64_C(1) << 30)

typedef struct rs_lost_range { uint64_t first, last; } rs_lost_range_t;

/* Records of the tail, one after another: each an rs_journal_tail_t and its bytes. */
typedef struct rs_journal_tail { uint64_t number; uint32_t len, crc; uint16_t kind; } rs_journal_tail_t;

typedef struct rs_recovery {
    rs_journal_resume_t resume;        /* goes on behind what is proven */
    unsigned char *tail;               /* freed by rs_recovery_end */
    size_t tail_begin, tail_end, tail_room;
    uint64_t records;                  /* handed over */
    uint64_t torn_records, torn_bytes; /* of the last write, never acknowledged */
    uint64_t lost;                     /* durable once, unreadable now */
    uint32_t range_count;
    bool more_ranges;                  /* the list was too short; `lost` is exact */
    rs_lost_range_t ranges[RS_LOST_RANGES];
    uint32_t damaged_headers;          /* one of the two copies, or both */
    uint32_t damaged_segments;         /* in which something was lost */
    uint32_t foreign;                  /* files of another journal, left alone */
    uint32_t unreadable_blocks;        /* that the disk did not give; what they held is among what is lost */
    bool ends_early;                   /* nothing is left of the records up to `after` at the end: segments are missing */
} rs_recovery_t;

/* Calls on_record for every good record above `after`, in order; a return other than RS_OK ends it and is returned. What is missing
 * between `after` and the first record is lost, too. `recovery` may be large: not for a stack.
 * RS_OK, also for an empty folder (resume.journal is 0 then); RS_ERR_VERSION: written by a later program, nothing was done;
 * RS_ERR_LIMIT: more than RS_JOURNAL_SEGMENTS files or one that is too long; RS_ERR_MEMORY, RS_ERR_IO. */
RS_MUST_CHECK int rs_journal_recover(rs_disk_t *disk, uint64_t after, int (*on_record)(void *context, const rs_journal_record_t *record),
                                     void *context, rs_recovery_t *recovery);

void rs_recovery_end(rs_recovery_t *recovery);
/* Before anything else is appended: makes the tail durable once more, under the same numbers. As rs_journal_commit. */
RS_MUST_CHECK int rs_journal_adopt(rs_journal_t *journal, const rs_recovery_t *recovery);

#endif
