/* Loaded before a program (LD_PRELOAD): what its disk does to it. RS_FAULT_CONTROL names a file that is mapped; whoever writes to it
 * decides, while the program runs; RS_FAULT_FOLDER: only files below it are touched.
 *     0 sync_errors:4    so many of the next fsync and fdatasync answer EIO          4 sync_delay_ms:4   each takes so much longer
 *     8 write_errors:4   so many of the next writes answer EIO                       12 is_full:4        writes past the end of a file, new
 *     16 syncs:4, 20 synced_bad:4, 24 refused:4   what was done so far                   space and new files answer ENOSPC
 * is_full leaves writes into space that a file has already as they are: so does a full disk. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct control {
    _Atomic int32_t sync_errors;
    _Atomic uint32_t sync_delay_ms;
    _Atomic int32_t write_errors;
    _Atomic uint32_t is_full, syncs, synced_bad, refused;
} control_t;

static control_t nothing, *control = &nothing;
static const char *folder = "/";

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("RS_FAULT_CONTROL"), *under = getenv("RS_FAULT_FOLDER");
    if (under != NULL) folder = under;
    const int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *memory = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory != MAP_FAILED) control = memory;
}

static int is_ours(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t len = readlink(link, path, sizeof path - 1);
    return len > 0 && (size_t)len >= strlen(folder) && strncmp(path, folder, strlen(folder)) == 0;
}

static int take_one(_Atomic int32_t *left) {
    int32_t now = atomic_load(left);
    while (now > 0 && !atomic_compare_exchange_weak(left, &now, now - 1)) continue;
    return now > 0;
}

static int before_sync(int fd) {
    const int why = errno;
    if (!is_ours(fd)) return 0;
    atomic_fetch_add(&control->syncs, 1);
    const uint32_t delay = atomic_load(&control->sync_delay_ms);
    const struct timespec pause = {.tv_sec = delay / 1000, .tv_nsec = (long)(delay % 1000) * 1000000};
    if (delay > 0) nanosleep(&pause, NULL);
    errno = why;
    if (!take_one(&control->sync_errors)) return 0;
    atomic_fetch_add(&control->synced_bad, 1);
    errno = EIO;
    return -1;
}

static int before_write(int fd, uint64_t end) {
    const int why = errno;
    if (atomic_load(&control->write_errors) <= 0 && atomic_load(&control->is_full) == 0) return 0;
    struct stat about;
    if (!is_ours(fd)) return 0;
    if (take_one(&control->write_errors)) errno = EIO;
    else if (atomic_load(&control->is_full) != 0 && fstat(fd, &about) == 0 && (uint64_t)about.st_size < end) errno = ENOSPC;
    else {
        errno = why;
        return 0;
    }
    atomic_fetch_add(&control->refused, 1);
    return -1;
}

#define REAL(name) static __typeof__(name) *real; if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, #name)

int fsync(int fd) {
    REAL(fsync);
    return before_sync(fd) != 0 ? -1 : real(fd);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return before_sync(fd) != 0 ? -1 : real(fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at) {
    REAL(pwrite64);
    return before_write(fd, (uint64_t)at + len) != 0 ? -1 : real(fd, bytes, len, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) {
    REAL(pwrite);
    return before_write(fd, (uint64_t)at + len) != 0 ? -1 : real(fd, bytes, len, at);
}

ssize_t write(int fd, const void *bytes, size_t len) {
    REAL(write);
    return before_write(fd, UINT64_MAX) != 0 ? -1 : real(fd, bytes, len);
}

static int reserve(int fd) {
    if (atomic_load(&control->is_full) == 0 || !is_ours(fd)) return 0;
    atomic_fetch_add(&control->refused, 1);
    return ENOSPC;
}

int posix_fallocate(int fd, off_t at, off_t len) {
    REAL(posix_fallocate);
    const int why = reserve(fd);
    return why != 0 ? why : real(fd, at, len);
}

int fallocate(int fd, int mode, off_t at, off_t len) {
    REAL(fallocate);
    const int why = reserve(fd);
    if (why != 0) errno = why;
    return why != 0 ? -1 : real(fd, mode, at, len);
}
