/* journal/snapshot.h — the core's state as of one record, on disk, so that not all of the journal must be read again.
 *
 *   file      "snapshot-0000000000001234.rss": 0 magic "RSSNAPS1"  8 version:4  12 zero:4  16 journal:8  24 number:8  32 length:8
 *             40 crc of the head so far:4  44 zero:4  48 the state's bytes, `length` of them, then their CRC-32C:4
 *   writing   a .tmp, synced, renamed, folder synced; only then older ones go. Two are needed, so that a damaged newest one costs time
 *             only; four older ones stay, the wider apart the older they are, for whoever must go back further (what a database forgot is
 *             made again from the newest one before that). Those that the journal does not reach back to go with rs_snapshot_drop_before.
 *
 * Threads: one at a time for one folder; a writer may be another process' (it works on a file of its own).
 */
#ifndef RS_JOURNAL_SNAPSHOT_H
#define RS_JOURNAL_SNAPSHOT_H

#include "journal/disk.h"

enum { RS_SNAPSHOT_HEAD = 48, RS_SNAPSHOTS_NEEDED = 2, RS_SNAPSHOTS_KEPT = 6, RS_SNAPSHOTS_SEEN = 64 };

typedef struct rs_snapshot_writer {
    rs_disk_t *disk;
    uint64_t journal, number, written;
    int file;                  /* -1: none is being written */
    uint32_t crc;
    int status;                /* of the first thing that failed */
    char name[RS_DISK_NAME];
} rs_snapshot_writer_t;

/* Begins a snapshot of everything up to and including record `number`. What earlier tries left unfinished goes. RS_ERR_FULL, RS_ERR_IO. */
RS_MUST_CHECK int rs_snapshot_begin(rs_snapshot_writer_t *writer, rs_disk_t *disk, uint64_t journal, uint64_t number);
/* Errors are kept: finish returns them. */
void rs_snapshot_write(rs_snapshot_writer_t *writer, const void *bytes, size_t len);
/* RS_OK: it is there, whatever happens next. Else nothing has changed. */
RS_MUST_CHECK int rs_snapshot_finish(rs_snapshot_writer_t *writer);
/* Gives up. Harmless when nothing is being written. */
void rs_snapshot_abort(rs_snapshot_writer_t *writer);

/* Those of a number below `number` go, but for the newest two. */
void rs_snapshot_drop_before(rs_disk_t *disk, uint64_t number);

typedef struct rs_snapshot {
    uint64_t journal, number, length;
    uint32_t damaged;          /* newer ones that could not be used */
    bool is_there;
    char name[RS_DISK_NAME];
} rs_snapshot_t;

/* The newest one of this journal (0: of any) that is whole: all of it is read and checked. RS_OK also when there is none; RS_ERR_VERSION:
 * the newest is of a later program; RS_ERR_IO (not for one that the disk does not give: it is damaged), RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_snapshot_find(rs_disk_t *disk, uint64_t journal, rs_snapshot_t *snapshot);
/* The one of that number, whole or not. RS_ERR_PARSE: damaged; RS_ERR_VERSION, RS_ERR_NOT_FOUND, RS_ERR_IO, RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_snapshot_check(rs_disk_t *disk, uint64_t number, rs_snapshot_t *snapshot);
/* Numbers of those that are there by name, newest first, at most `max`; whether they are whole is not looked at. */
RS_MUST_CHECK int rs_snapshot_list(rs_disk_t *disk, uint64_t *numbers, uint32_t max, uint32_t *count);
/* The same among those of records up to `at_most`; *oldest (may be NULL): number of the oldest that is there, 0: none. */
RS_MUST_CHECK int rs_snapshot_find_below(rs_disk_t *disk, uint64_t journal, uint64_t at_most, rs_snapshot_t *snapshot, uint64_t *oldest);
/* Bytes `at` .. of the state. *got < len only at its end. */
RS_MUST_CHECK int rs_snapshot_read(rs_disk_t *disk, const rs_snapshot_t *snapshot, uint64_t at, void *bytes, size_t len, size_t *got);

#endif
