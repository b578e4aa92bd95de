#include "client/spool_internal.h"

#include "base/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

static int read_key(const char *path, uint8_t key[RS__SPOOL_KEY_BYTES]) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? RS_ERR_NOT_FOUND : RS_ERR_IO;
    uint8_t bytes[RS__SPOOL_KEY_BYTES + 1];
    const ssize_t len = read(fd, bytes, sizeof bytes);
    const int why = errno;
    close(fd);
    errno = why;
    if (len == RS__SPOOL_KEY_BYTES) memcpy(key, bytes, RS__SPOOL_KEY_BYTES);
    sodium_memzero(bytes, sizeof bytes);
    return len == RS__SPOOL_KEY_BYTES ? RS_OK : len < 0 ? RS_ERR_IO : RS_ERR_NOT_FOUND;
}

/* Whole under its name, or not there at all: a spool without its key is lost. */
static int make_key(const char *path, uint8_t key[RS__SPOOL_KEY_BYTES]) {
    randombytes_buf(key, RS__SPOOL_KEY_BYTES);
    return rs_small_file_write(path, key, RS__SPOOL_KEY_BYTES, 0600);
}

int rs__spool_load_key(const char *spool_path, bool may_make, uint8_t key[RS__SPOOL_KEY_BYTES]) {
    char path[PATH_ROOM];
    if ((size_t)snprintf(path, sizeof path, "%s.key", spool_path) >= sizeof path) return RS_ERR_INVALID;
    const int status = read_key(path, key);
    return status == RS_ERR_NOT_FOUND && may_make && access(path, F_OK) != 0 ? make_key(path, key) : status;
}
