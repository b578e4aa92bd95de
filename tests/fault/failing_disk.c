/* Loaded before a program (LD_PRELOAD): what its disk does to it. RS_FAULT_CONTROL names a file that is mapped (tests/e2e/failing_disk.py);
 * whoever writes to it decides, while the program runs; RS_FAULT_FOLDER: only files below it are touched. Native 32-bit numbers:
 *     0 sync_errors     so many of the next fsync and fdatasync answer EIO        4 sync_delay_ms   each takes so much longer
 *     8 write_errors    so many of the next writes answer EIO                    12 is_full         writes past the end of a file, new
 *    16 is_read_only    every write, creation, renaming, removal: EROFS                             space and new files answer ENOSPC
 *    20 syncs, 24 failed_syncs, 28 refused   what was done so far
 * is_full leaves writes into space that a file has already as they are: so does a full disk. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Written by the test, but for the last three; numbers that stand alone, so any order does. */
typedef struct control {
    _Atomic int32_t sync_errors;
    _Atomic uint32_t sync_delay_ms;
    _Atomic int32_t write_errors;
    _Atomic uint32_t is_full, is_read_only;
    _Atomic uint32_t syncs, failed_syncs, refused;
} control_t;

static control_t nothing, *control = &nothing;
static const char *folder = "/";

#define REAL(name) static __typeof__(name) *real; if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("RS_FAULT_CONTROL"), *under = getenv("RS_FAULT_FOLDER");
    if (under != NULL) folder = under;
    const int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *memory = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory != MAP_FAILED) control = memory;
}

static bool is_ours(int file) {
    const int why = errno;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const ssize_t len = readlink(link, path, sizeof path - 1);
    errno = why;
    return len > 0 && (size_t)len >= strlen(folder) && strncmp(path, folder, strlen(folder)) == 0;
}

static bool take_one(_Atomic int32_t *left) {
    int32_t now = atomic_load(left);
    while (now > 0 && !atomic_compare_exchange_weak(left, &now, now - 1)) continue;
    return now > 0;
}

/* The errno to answer; counted. */
static int refuse(int why) {
    atomic_fetch_add(&control->refused, 1);
    return why;
}

/* --- syncs ----------------------------------------------------------------------------------------------------------- */
static bool sync_fails(int file) {
    if (!is_ours(file)) return false;
    atomic_fetch_add(&control->syncs, 1);
    const uint32_t delay = atomic_load(&control->sync_delay_ms);
    const struct timespec pause = {.tv_sec = delay / 1000, .tv_nsec = (long)(delay % 1000) * 1000000};
    if (delay > 0) nanosleep(&pause, NULL);
    if (!take_one(&control->sync_errors)) return false;
    atomic_fetch_add(&control->failed_syncs, 1);
    errno = EIO;
    return true;
}

int fsync(int file) {
    REAL(fsync);
    return sync_fails(file) ? -1 : real(file);
}

int fdatasync(int file) {
    REAL(fdatasync);
    return sync_fails(file) ? -1 : real(file);
}

/* --- writes: 0, or the errno to answer --------------------------------------------------------------------------------- */
static bool is_well(void) {
    return atomic_load(&control->write_errors) <= 0 && atomic_load(&control->is_full) == 0 && atomic_load(&control->is_read_only) == 0;
}

static int write_fails(int file, uint64_t end) {
    struct stat about;
    if (is_well() || !is_ours(file)) return 0;
    if (atomic_load(&control->is_read_only) != 0) return refuse(EROFS);
    if (take_one(&control->write_errors)) return refuse(EIO);
    const bool grows = fstat(file, &about) == 0 && (uint64_t)about.st_size < end;
    return atomic_load(&control->is_full) != 0 && grows ? refuse(ENOSPC) : 0;
}

/* Of a folder's names. */
static int change_fails(int place, bool takes_space) {
    if (is_well() || !is_ours(place)) return 0;
    if (atomic_load(&control->is_read_only) != 0) return refuse(EROFS);
    return atomic_load(&control->is_full) != 0 && takes_space ? refuse(ENOSPC) : 0;
}

static bool answers(int why) {
    if (why != 0) errno = why;
    return why != 0;
}

ssize_t pwrite64(int file, const void *bytes, size_t len, off64_t at) {
    REAL(pwrite64);
    return answers(write_fails(file, (uint64_t)at + len)) ? -1 : real(file, bytes, len, at);
}

ssize_t pwrite(int file, const void *bytes, size_t len, off_t at) {
    REAL(pwrite);
    return answers(write_fails(file, (uint64_t)at + len)) ? -1 : real(file, bytes, len, at);
}

ssize_t write(int file, const void *bytes, size_t len) {
    REAL(write);
    return answers(write_fails(file, UINT64_MAX)) ? -1 : real(file, bytes, len);
}

int posix_fallocate(int file, off_t at, off_t len) {
    REAL(posix_fallocate);
    const int why = write_fails(file, UINT64_MAX);
    return why != 0 ? why : real(file, at, len);
}

int fallocate(int file, int mode, off_t at, off_t len) {
    REAL(fallocate);
    return answers(write_fails(file, UINT64_MAX)) ? -1 : real(file, mode, at, len);
}

/* --- names ------------------------------------------------------------------------------------------------------------- */
static mode_t mode_of(int flags, va_list arguments) { return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0; }

int openat(int place, const char *path, int flags, ...) {
    REAL(openat);
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return (flags & O_CREAT) != 0 && answers(change_fails(place, true)) ? -1 : real(place, path, flags, mode);
}

int openat64(int place, const char *path, int flags, ...) {
    REAL(openat64);
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return (flags & O_CREAT) != 0 && answers(change_fails(place, true)) ? -1 : real(place, path, flags, mode);
}

int renameat(int from_place, const char *from, int to_place, const char *to) {
    REAL(renameat);
    return answers(change_fails(from_place, false)) ? -1 : real(from_place, from, to_place, to);
}

int unlinkat(int place, const char *path, int flags) {
    REAL(unlinkat);
    return answers(change_fails(place, false)) ? -1 : real(place, path, flags);
}
