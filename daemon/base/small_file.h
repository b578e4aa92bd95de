/* base/small_file.h — small files that must not be lost by half: keys, wishes. What is written is whole under its name, or what was there
 * before is, also after a power cut: it is written beside, synced, renamed, and the folder is synced. Any thread;
 * one writer for each path. */
#ifndef RS_BASE_SMALL_FILE_H
#define RS_BASE_SMALL_FILE_H

#include "base/base.h"

#include <sys/types.h>

/* `len` bytes into the file at `path`, with the permissions `mode`. PATH.new stands beside it meanwhile.
 * RS_ERR_INVALID (the path is 4,000 bytes or longer), RS_ERR_IO (errno says what). */
RS_MUST_CHECK int rs_small_file_write(const char *path, const void *bytes, size_t len, mode_t mode);

/* A file that was made, renamed or removed at `path` is so after a power cut, too. RS_ERR_INVALID, RS_ERR_IO as above. */
RS_MUST_CHECK int rs_sync_folder_of(const char *path);

#endif
