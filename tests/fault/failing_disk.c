/* Put in front of the C library (LD_PRELOAD): calls on files whose path contains RS_FAULT_PATH fail as the files of the folder RS_FAULT say,
 * for as long as these are there. Each holds an errno and, for "sync", how often (-1: always) and after how many milliseconds:
 *     sync   "5 1 0"      the next fdatasync fails with EIO, at once       "0 -1 200"   every one takes 200 ms and succeeds
 *     grow   "28"         making a file, or writing beyond its end, fails with ENOSPC
 *     write  "30"         every write, creation, renaming and removal fails with EROFS
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int file);
int fsync(int file);
ssize_t pwrite(int file, const void *bytes, size_t len, off_t at);
ssize_t pwrite64(int file, const void *bytes, size_t len, off64_t at);
int openat(int folder, const char *path, int flags, ...);
int openat64(int folder, const char *path, int flags, ...);
int renameat(int from_folder, const char *from, int to_folder, const char *to);
int unlinkat(int folder, const char *path, int flags);

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))

static bool is_watched(int file) {
    char link[64], path[PATH_MAX];
    const char *part = getenv("RS_FAULT_PATH");
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const ssize_t len = readlink(link, path, sizeof path - 1);
    if (part == NULL || len <= 0) return false;
    path[len] = '\0';
    return strstr(path, part) != NULL;
}

/* What the file of that name says; false when there is none. */
static bool wish(const char *name, int wished[3]) {
    char path[PATH_MAX], text[64];
    const char *folder = getenv("RS_FAULT");
    if (folder == NULL) return false;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    const ssize_t len = read(file, text, sizeof text - 1);
    close(file);
    if (len <= 0) return false;
    text[len] = '\0';
    wished[0] = wished[2] = 0;
    wished[1] = -1;
    return sscanf(text, "%d %d %d", &wished[0], &wished[1], &wished[2]) >= 1;
}

static int sync_or_fail(int file, int (*real)(int)) {
    static int failed;   /* of the wish at hand; the journal syncs from one thread */
    int wished[3];
    if (!is_watched(file) || !wish("sync", wished)) {
        failed = 0;
        return real(file);
    }
    const struct timespec pause = {.tv_sec = wished[2] / 1000, .tv_nsec = wished[2] % 1000 * 1000000L};
    if (wished[2] > 0) nanosleep(&pause, NULL);
    if (wished[0] == 0 || (wished[1] >= 0 && failed >= wished[1])) return real(file);
    failed++;
    errno = wished[0];
    return -1;
}

int fdatasync(int file) { return sync_or_fail(file, REAL("fdatasync", int (*)(int))); }
int fsync(int file) { return sync_or_fail(file, REAL("fsync", int (*)(int))); }

static bool write_fails(int file, size_t len, off64_t at) {
    int wished[3];
    struct stat about;
    if (!is_watched(file)) return false;
    const bool grows = fstat(file, &about) == 0 && at + (off64_t)len > about.st_size;
    if (!wish("write", wished) && !(grows && wish("grow", wished))) return false;
    errno = wished[0];
    return true;
}

ssize_t pwrite(int file, const void *bytes, size_t len, off_t at) {
    if (write_fails(file, len, at)) return -1;
    return REAL("pwrite", ssize_t (*)(int, const void *, size_t, off_t))(file, bytes, len, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t len, off64_t at) {
    if (write_fails(file, len, at)) return -1;
    return REAL("pwrite64", ssize_t (*)(int, const void *, size_t, off64_t))(file, bytes, len, at);
}

static bool change_fails(int folder, bool grows) {
    int wished[3];
    if (!is_watched(folder)) return false;
    if (!wish("write", wished) && !(grows && wish("grow", wished))) return false;
    errno = wished[0];
    return true;
}

static mode_t mode_of(int flags, va_list arguments) { return (flags & O_CREAT) != 0 ? (mode_t)va_arg(arguments, int) : 0; }

int openat(int folder, const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    if ((flags & O_CREAT) != 0 && change_fails(folder, true)) return -1;
    return REAL("openat", int (*)(int, const char *, int, ...))(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    if ((flags & O_CREAT) != 0 && change_fails(folder, true)) return -1;
    return REAL("openat64", int (*)(int, const char *, int, ...))(folder, path, flags, mode);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    if (change_fails(from_folder, false)) return -1;
    return REAL("renameat", int (*)(int, const char *, int, const char *))(from_folder, from, to_folder, to);
}

int unlinkat(int folder, const char *path, int flags) {
    if (change_fails(folder, false)) return -1;
    return REAL("unlinkat", int (*)(int, const char *, int))(folder, path, flags);
}
