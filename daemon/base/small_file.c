#include "base/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 4000 };

/* Closes the file; RS_ERR_IO with the errno of before unless `is_good`. */
static int close_as(int file, bool is_good) {
    const int why = errno;
    close(file);
    errno = why;
    return is_good ? RS_OK : RS_ERR_IO;
}

int rs_sync_folder_of(const char *path) {
    char folder[PATH_ROOM];
    const size_t len = strlen(path);
    if (len >= sizeof folder) return RS_ERR_INVALID;
    memcpy(folder, path, len + 1);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) memcpy(folder, ".", 2);
    else slash[1] = '\0';
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return file < 0 ? RS_ERR_IO : close_as(file, fsync(file) == 0);
}

static int write_beside(const char *beside, const void *bytes, size_t len, mode_t mode) {
    const int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (file < 0) return RS_ERR_IO;
    errno = ENOSPC;   /* of a write that was short */
    return close_as(file, write(file, bytes, len) == (ssize_t)len && fsync(file) == 0);
}

int rs_small_file_write(const char *path, const void *bytes, size_t len, mode_t mode) {
    char beside[PATH_ROOM + sizeof ".new"];
    if (strlen(path) >= PATH_ROOM) return RS_ERR_INVALID;
    snprintf(beside, sizeof beside, "%s.new", path);
    if (write_beside(beside, bytes, len, mode) == RS_OK && rename(beside, path) == 0) return rs_sync_folder_of(path);
    const int why = errno;
    unlink(beside);
    errno = why;
    return RS_ERR_IO;
}
