#include "service/admin.h"

#include "base/log.h"
#include "base/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int rs_service_fail(const char *what, const char *object, const char *why) {
    RS_LOG_WITH(RS_LOG_ERROR, "cannot start", RS_LOG_TEXT("what", what), RS_LOG_TEXT("object", object), RS_LOG_TEXT("why", why));
    return RS_ERR_IO;
}

void rs_service_state_path(const rs_service_t *service, const char *name, char *path, size_t size) {
    const rs_str_t folder = rs_service_config(service)->state_directory;
    snprintf(path, size, "%.*s/%s", (int)folder.len, folder.data, name);
}

int rs_service_lock_state(rs_service_t *service) {
    char path[4096];
    rs_service_state_path(service, "", path, sizeof path);
    if (mkdir(path, 0750) != 0 && errno != EEXIST) return rs_service_fail("create the state folder", path, strerror(errno));
    rs_service_state_path(service, "lock", path, sizeof path);
    service->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (service->lock_file < 0) return rs_service_fail("open the lock", path, strerror(errno));
    if (flock(service->lock_file, LOCK_EX | LOCK_NB) != 0) {
        return rs_service_fail("lock the state folder", path, errno == EWOULDBLOCK ? "another ringsided uses it" : strerror(errno));
    }
    return RS_OK;
}

/* The run's number: seconds since the epoch, but more than that of every earlier run of this state folder, also when two
 * starts fall into one second or the clock was set back. */
int rs_service_number_run(rs_service_t *service) {
    char path[4096], text[32] = "";
    rs_service_state_path(service, "run", path, sizeof path);
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (file < 0) return rs_service_fail("open the run number", path, strerror(errno));
    const uint64_t before = pread(file, text, sizeof text - 1, 0) > 0 ? strtoull(text, NULL, 10) : 0;
    service->run = (uint64_t)(rs_service_wall_us() / RS_US_PER_S);
    if (service->run <= before) service->run = before + 1;
    const int len = snprintf(text, sizeof text, "%" PRIu64 "\n", service->run);
    const bool written = pwrite(file, text, (size_t)len, 0) == len && fsync(file) == 0;
    const int saved = errno;
    close(file);
    return written ? RS_OK : rs_service_fail("write the run number", path, strerror(saved));
}

/* Whole or not at all: with another key customers of before would be strangers. */
static int make_key(rs_service_t *service, const char *path) {
    randombytes_buf(service->key, sizeof service->key);
    if (rs_small_file_write(path, service->key, sizeof service->key, 0600) != RS_OK) {
        return rs_service_fail("make the pseudonym key", path, strerror(errno));
    }
    RS_LOG_WITH(RS_LOG_NOTICE, "made a new pseudonym key", RS_LOG_TEXT("file", path));
    return rs_service_read_keys(service, path);
}

int rs_service_load_key(rs_service_t *service) {
    char path[4096];
    const rs_str_t named = rs_service_config(service)->pseudonym_key_file;
    if (named.len != 0) snprintf(path, sizeof path, "%.*s", (int)named.len, named.data);
    else rs_service_state_path(service, "pseudonym.key", path, sizeof path);
    const int status = rs_service_read_keys(service, path);
    if (status == RS_ERR_IO && errno == ENOENT && named.len == 0) return make_key(service, path);
    if (status == RS_ERR_IO) return rs_service_fail("read the pseudonym key", path, strerror(errno));
    if (status != RS_OK) {
        return rs_service_fail("read the pseudonym key", path, "it must be of keys of exactly 32 bytes, at most 64 of them");
    }
    return RS_OK;
}
