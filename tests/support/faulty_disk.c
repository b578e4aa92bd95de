#include "faulty_disk.h"

#include <errno.h>
#include <time.h>

static faulty_disk_t *faulty_of(rs_disk_t *disk) { return disk->context; }

static int pass(rs_disk_t *disk, int status) {
    disk->error = faulty_of(disk)->behind->error;
    return status;
}

static int fail_with(rs_disk_t *disk, int error) {
    disk->error = error;
    return error == ENOSPC ? RS_ERR_FULL : RS_ERR_IO;
}

static bool is_set(const _Atomic bool *flag) { return atomic_load_explicit(flag, memory_order_relaxed); }

/* One of the failures that are left, if any is. */
static bool takes_one(_Atomic int *left) {
    const int now = atomic_load_explicit(left, memory_order_relaxed);
    if (now > 0) atomic_fetch_sub_explicit(left, 1, memory_order_relaxed);
    return now != 0;
}

static int faulty_open(rs_disk_t *disk, const char *name, bool create, int *file) {
    faulty_disk_t *faulty = faulty_of(disk);
    if (create && is_set(&faulty->read_only)) return fail_with(disk, EROFS);
    if (create && is_set(&faulty->full)) return fail_with(disk, ENOSPC);
    return pass(disk, faulty->behind->open(faulty->behind, name, create, file));
}

static int faulty_size(rs_disk_t *disk, int file, uint64_t *bytes) {
    rs_disk_t *behind = faulty_of(disk)->behind;
    return pass(disk, behind->size(behind, file, bytes));
}

static int faulty_read(rs_disk_t *disk, int file, uint64_t at, void *bytes, size_t len, size_t *got) {
    rs_disk_t *behind = faulty_of(disk)->behind;
    if (takes_one(&faulty_of(disk)->failing_reads)) return fail_with(disk, EIO);
    return pass(disk, behind->read(behind, file, at, bytes, len, got));
}

static int faulty_write(rs_disk_t *disk, int file, uint64_t at, const void *bytes, size_t len) {
    faulty_disk_t *faulty = faulty_of(disk);
    uint64_t size = 0;
    if (is_set(&faulty->read_only)) return fail_with(disk, EROFS);
    if (is_set(&faulty->full) && (faulty->behind->size(faulty->behind, file, &size) != RS_OK || at + len > size)) {
        return fail_with(disk, ENOSPC);
    }
    return pass(disk, faulty->behind->write(faulty->behind, file, at, bytes, len));
}

static int faulty_sync(rs_disk_t *disk, int file) {
    faulty_disk_t *faulty = faulty_of(disk);
    const int ms = atomic_load_explicit(&faulty->sync_ms, memory_order_relaxed);
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    atomic_fetch_add_explicit(&faulty->syncs, 1, memory_order_relaxed);
    if (ms > 0) nanosleep(&pause, NULL);
    if (takes_one(&faulty->failing_syncs)) return fail_with(disk, EIO);
    return pass(disk, faulty->behind->sync(faulty->behind, file));
}

static void faulty_close(rs_disk_t *disk, int file) {
    rs_disk_t *behind = faulty_of(disk)->behind;
    behind->close(behind, file);
}

static int faulty_rename(rs_disk_t *disk, const char *from, const char *to) {
    faulty_disk_t *faulty = faulty_of(disk);
    if (is_set(&faulty->read_only)) return fail_with(disk, EROFS);
    return pass(disk, faulty->behind->rename(faulty->behind, from, to));
}

static int faulty_remove(rs_disk_t *disk, const char *name) {
    faulty_disk_t *faulty = faulty_of(disk);
    if (is_set(&faulty->read_only)) return fail_with(disk, EROFS);
    return pass(disk, faulty->behind->remove(faulty->behind, name));
}

static int faulty_sync_folder(rs_disk_t *disk) {
    faulty_disk_t *faulty = faulty_of(disk);
    return pass(disk, faulty->behind->sync_folder(faulty->behind));
}

static int faulty_list(rs_disk_t *disk, void (*on_name)(void *context, const char *name), void *context) {
    faulty_disk_t *faulty = faulty_of(disk);
    return pass(disk, faulty->behind->list(faulty->behind, on_name, context));
}

void faulty_disk_init(faulty_disk_t *faulty, rs_disk_t *behind) {
    *faulty = (faulty_disk_t){
        .behind = behind,
        .disk = {.context = faulty, .open = faulty_open, .size = faulty_size, .read = faulty_read, .write = faulty_write,
                 .sync = faulty_sync,
                 .close = faulty_close, .rename = faulty_rename, .remove = faulty_remove, .sync_folder = faulty_sync_folder,
                 .list = faulty_list}};
}
