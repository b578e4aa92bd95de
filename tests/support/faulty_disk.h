/* support/faulty_disk.h — a disk in front of another one that fails, fills or slows down when the test says so, from any thread. */
#ifndef RS_TESTS_FAULTY_DISK_H
#define RS_TESTS_FAULTY_DISK_H

#include "journal/disk.h"

#include <stdatomic.h>

typedef struct faulty_disk {
    rs_disk_t disk;
    rs_disk_t *behind;               /* borrowed; used by one thread at a time */
    /* the test writes, the disk's thread reads; relaxed: each a wish for itself */
    _Atomic int failing_syncs;       /* so many of the next syncs of a file fail with EIO; < 0: all */
    _Atomic int failing_reads;
    _Atomic bool full, read_only;    /* ENOSPC when a file is made or written beyond its end; EROFS for every change */
    _Atomic int sync_ms;             /* how long a sync takes */
    _Atomic uint64_t syncs;          /* that were tried; the disk's thread counts */
} faulty_disk_t;

/* Passes everything on. */
void faulty_disk_init(faulty_disk_t *faulty, rs_disk_t *behind);

#endif
