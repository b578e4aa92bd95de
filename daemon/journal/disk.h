/* journal/disk.h — the few things that the journal does to its folder, so that a simulated disk can stand in for the real one.
 *
 * Model:   one flat folder of files known by name. What `write` wrote may be lost, torn or reordered until `sync` of that file has
 *          returned RS_OK; a file's name (create, rename, remove) may be until `sync_folder` has.
 * Errors:  RS_ERR_NOT_FOUND, RS_ERR_FULL (no space or quota), RS_ERR_IO (anything else); `error` is the errno then. A call that
 *          failed may have done a part of what it was asked.
 * Threads: one at a time.
 */
#ifndef RS_JOURNAL_DISK_H
#define RS_JOURNAL_DISK_H

#include "base/base.h"

enum { RS_DISK_NAME = 64 };

typedef struct rs_disk {
    void *context;
    int error;                 /* errno of the last call that failed */
    /* Opens for reading and writing; `create`: makes an empty one, and fails with RS_ERR_EXISTS when there is one. */
    int (*open)(struct rs_disk *disk, const char *name, bool create, int *file);
    int (*size)(struct rs_disk *disk, int file, uint64_t *bytes);
    /* *got < len only at the file's end. */
    int (*read)(struct rs_disk *disk, int file, uint64_t at, void *bytes, size_t len, size_t *got);
    int (*write)(struct rs_disk *disk, int file, uint64_t at, const void *bytes, size_t len);
    int (*sync)(struct rs_disk *disk, int file);
    void (*close)(struct rs_disk *disk, int file);
    int (*rename)(struct rs_disk *disk, const char *from, const char *to);
    int (*remove)(struct rs_disk *disk, const char *name);
    int (*sync_folder)(struct rs_disk *disk);
    /* Every name in the folder, in any order. */
    int (*list)(struct rs_disk *disk, void (*on_name)(void *context, const char *name), void *context);
} rs_disk_t;

typedef enum rs_disk_use {
    RS_DISK_OWN = 0,           /* holds the folder's lock for as long as it is open */
    RS_DISK_BESIDE,            /* beside its owner: makes files of its own, touches no other */
    RS_DISK_LOOK               /* reads only, also what this user may not write */
} rs_disk_use_t;

/* The real one. `folder` must exist. RS_ERR_EXISTS: another process holds the folder's lock; RS_ERR_INVALID: a file system that does
 * not keep what sync promises (NFS, tmpfs, overlay) and `forced` is false; RS_ERR_IO, RS_ERR_NOT_FOUND, RS_ERR_MEMORY. *why: static
 * text, the name of the file system, or what the system says (valid until the next call of strerror). */
RS_MUST_CHECK int rs_disk_open_folder(const char *folder, rs_disk_use_t use, bool forced, rs_disk_t **disk, const char **why);
void rs_disk_close_folder(rs_disk_t **disk);
/* Bytes free to this process on the folder's file system; UINT64_MAX when unknown. */
uint64_t rs_disk_free_bytes(const rs_disk_t *disk);

#endif
