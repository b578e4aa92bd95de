#include "client/spool_internal.h"

#include "base/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t file_size(uint64_t capacity) { return RS__SPOOL_DATA + capacity + RS__SPOOL_BLOCK; }

/* What is the same until the machine starts again; zeros when the system does not tell. */
static void read_boot(uint8_t boot[16]) {
    char text[64];
    memset(boot, 0, 16);
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    const ssize_t len = read(fd, text, sizeof text);
    close(fd);
    if (len > 0) crypto_generichash(boot, 16, (const uint8_t *)text, (size_t)len, NULL, 0);
}

/* --- opening -------------------------------------------------------------------------------------------------------- */
static int open_file(rs__spool_t *spool, const char *path) {
    spool->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (spool->fd < 0) return RS_ERR_IO;
    if (flock(spool->fd, LOCK_EX | LOCK_NB) == 0) return RS_OK;
    return errno == EWOULDBLOCK ? RS_ERR_STATE : RS_ERR_IO;
}

/* Blocks that are taken now cannot be missing later. */
static int reserve(const rs__spool_t *spool) {
    const int failed = posix_fallocate(spool->fd, 0, (off_t)file_size(spool->capacity));
    if (failed == 0) return RS_OK;
    errno = failed;
    return RS_ERR_IO;
}

/* RS_ERR_NOT_FOUND: there is nothing in the file yet. */
static int read_identity(rs__spool_t *spool, uint64_t size) {
    uint8_t block[RS__SPOOL_IDENTITY];
    int status = rs__spool_read(spool, 0, block, sizeof block);
    if (status == RS_OK) status = rs__spool_take_identity(spool, block);
    if (status == RS_OK || status == RS_ERR_IO || status == RS_ERR_VERSION || size < file_size(0)) return status;
    const int first = status;
    spool->is_half = true;
    status = rs__spool_read(spool, size - RS__SPOOL_BLOCK, block, sizeof block);
    if (status == RS_OK) status = rs__spool_take_identity(spool, block);
    return status == RS_ERR_NOT_FOUND ? first : status;
}

static int make_new(rs__spool_t *spool, const rs__spool_settings_t *settings) {
    const size_t source_len = strlen(settings->source), incarnation_len = strlen(settings->incarnation);
    if (source_len < 1 || source_len > RS_MAX_NAME || incarnation_len < 1 || incarnation_len > RS__SPOOL_MAX_INCARNATION) {
        return RS_ERR_INVALID;
    }
    memcpy(spool->source, settings->source, source_len + 1);
    memcpy(spool->incarnation, settings->incarnation, incarnation_len + 1);
    spool->encoding = settings->encoding == RS_CLIENT_JSON ? RS_CLIENT_JSON : RS_CLIENT_PROTOBUF;
    spool->capacity = settings->capacity;
    spool->fence = RS__SPOOL_NO_FENCE;
    read_boot(spool->boot);
    randombytes_buf(spool->id, sizeof spool->id);
    rs__spool_make_key_check(spool, spool->key_check);
    const int status = reserve(spool);
    return status != RS_OK ? status : rs_sync_folder_of(settings->path);
}

static int take_up(rs__spool_t *spool, const rs__spool_settings_t *settings) {
    uint8_t check[16];
    if (strcmp(spool->source, settings->source) != 0) return RS_ERR_EXISTS;
    rs__spool_make_key_check(spool, check);
    if (memcmp(check, spool->key_check, sizeof check) != 0) return RS_ERR_NOT_FOUND;
    const int status = rs__spool_scan(spool);
    if (status != RS_OK) return status;
    uint8_t boot[16];
    read_boot(boot);
    /* The machine went down with records in memory only: the numbers after the last one found may have been sent. */
    if (memcmp(boot, spool->boot, sizeof boot) != 0 && spool->sync == RS_CLIENT_SYNC_NEVER && spool->fence == RS__SPOOL_NO_FENCE) {
        spool->fence = spool->last;
    }
    memcpy(spool->boot, boot, sizeof boot);
    return reserve(spool);   /* a file that was cut short */
}

static int load(rs__spool_t *spool, const rs__spool_settings_t *settings) {
    struct stat about;
    if (fstat(spool->fd, &about) != 0) return RS_ERR_IO;
    if (!S_ISREG(about.st_mode)) return RS_ERR_PARSE;
    int status = read_identity(spool, (uint64_t)about.st_size);
    const bool is_new = status == RS_ERR_NOT_FOUND;
    if (status != RS_OK && !is_new) return status;
    struct { uint64_t fence; uint8_t boot[16]; } before = {.fence = spool->fence};
    memcpy(before.boot, spool->boot, sizeof before.boot);
    if (settings->key != NULL) memcpy(spool->key, settings->key, sizeof spool->key);
    else if ((status = rs__spool_load_key(settings->path, is_new, spool->key)) != RS_OK) return status;
    status = is_new ? make_new(spool, settings) : take_up(spool, settings);
    if (status != RS_OK) return status;
    const bool is_synced = settings->sync == RS_CLIENT_SYNC_BATCH;
    const bool is_other = is_new || spool->is_half || spool->fence != before.fence || spool->sync != (is_synced ? 1 : 0) ||
                          memcmp(spool->boot, before.boot, sizeof before.boot) != 0;
    spool->sync = is_synced ? RS_CLIENT_SYNC_BATCH : RS_CLIENT_SYNC_NEVER;
    if (is_other) status = rs__spool_write_identity(spool);
    if (status == RS_OK && (is_other || is_synced) && fsync(spool->fd) != 0) status = RS_ERR_IO;
    return status == RS_OK ? rs__spool_wipe_cut_records(spool) : status;
}

int rs__spool_open(const rs__spool_settings_t *settings, rs__spool_t **spool_out) {
    if (sodium_init() < 0) return RS_ERR_MEMORY;
    rs__spool_t *spool = calloc(1, sizeof *spool);
    if (spool == NULL) return RS_ERR_MEMORY;
    spool->fd = -1;
    randombytes_buf(spool->salt, sizeof spool->salt);
    int status = open_file(spool, settings->path);
    if (status == RS_OK) status = load(spool, settings);
    if (status != RS_OK) {
        const int why = errno;
        rs__spool_close(&spool);
        errno = why;
        return status;
    }
    *spool_out = spool;
    return RS_OK;
}

void rs__spool_close(rs__spool_t **spool_inout) {
    if (spool_inout == NULL || *spool_inout == NULL) return;
    rs__spool_t *spool = *spool_inout;
    *spool_inout = NULL;
    if (spool->fd >= 0) close(spool->fd);   /* and the lock with it */
    free(spool->found);
    sodium_memzero(spool, sizeof *spool);
    free(spool);
}

void rs__spool_facts(const rs__spool_t *spool, rs__spool_facts_t *facts) {
    *facts = (rs__spool_facts_t){.encoding = spool->encoding == RS_CLIENT_JSON ? RS_CLIENT_JSON : RS_CLIENT_PROTOBUF,
                                 .capacity = spool->capacity,
                                 .settled = atomic_load_explicit(&spool->settled, memory_order_relaxed),
                                 .last = spool->last, .found = spool->found_count, .lost = spool->lost, .fence = spool->fence};
    memcpy(facts->incarnation, spool->incarnation, sizeof spool->incarnation);
}

/* --- what was found ------------------------------------------------------------------------------------------------- */
int rs__spool_recover(rs__spool_t *spool, rs__spool_give_fn give, void *context) {
    uint8_t *event = malloc(RS__SPOOL_MAX_EVENT);
    if (event == NULL) return RS_ERR_MEMORY;
    uint64_t number = atomic_load_explicit(&spool->settled, memory_order_relaxed) + 1;
    uint64_t end = atomic_load_explicit(&spool->tail, memory_order_relaxed);
    int status = RS_OK;
    for (uint32_t i = 0; status == RS_OK && number <= spool->last; number++) {
        uint32_t len = 0;
        const bool is_found = i < spool->found_count && spool->found[i].number == number;
        if (is_found) {
            const rs__spool_found_t *found = &spool->found[i++];
            end = found->end;
            const uint64_t size = found->end - found->position;
            status = rs__spool_read(spool, RS__SPOOL_DATA + found->position % spool->capacity, spool->record, size);
            if (status == RS_OK && !rs__spool_unseal(spool, spool->record, event, &len)) status = RS_ERR_IO;
        }
        if (status == RS_OK) status = give(context, number, is_found ? event : NULL, len, end);
    }
    sodium_memzero(event, RS__SPOOL_MAX_EVENT);
    free(event);
    free(spool->found);
    spool->found = NULL;
    spool->found_room = spool->found_count = 0;
    return status;
}

/* --- appending ------------------------------------------------------------------------------------------------------ */
int rs__spool_append(rs__spool_t *spool, uint64_t number, const void *bytes, uint32_t len, uint64_t *end) {
    if (len == 0 || len > RS__SPOOL_MAX_EVENT) return RS_ERR_INVALID;
    const uint64_t size = rs__spool_record_size(len);
    const uint64_t rest = spool->capacity - spool->head % spool->capacity;
    const uint64_t position = rest < size ? spool->head + rest : spool->head;
    const uint64_t tail = atomic_load_explicit(&spool->tail, memory_order_acquire);
    if (position + size - tail > spool->capacity) return RS_ERR_FULL;
    rs__spool_seal(spool, number, position, atomic_load_explicit(&spool->settled, memory_order_relaxed), bytes, len);
    if (rs__spool_write(spool, RS__SPOOL_DATA + position % spool->capacity, spool->record, size) != RS_OK) {
        randombytes_buf(spool->salt, sizeof spool->salt);   /* another event may get this number */
        return RS_ERR_IO;
    }
    spool->head = *end = position + size;
    atomic_store_explicit(&spool->head_seen, spool->head, memory_order_relaxed);
    return RS_OK;
}

uint64_t rs__spool_used(const rs__spool_t *spool) {
    const uint64_t tail = atomic_load_explicit(&spool->tail, memory_order_acquire);
    const uint64_t head = atomic_load_explicit(&spool->head_seen, memory_order_relaxed);
    return head > tail ? head - tail : 0;
}

/* --- settling ------------------------------------------------------------------------------------------------------- */
int rs__spool_settle(rs__spool_t *spool, uint64_t number, uint64_t end) {
    uint8_t mark[RS__SPOOL_MARK];
    const uint64_t turn = spool->mark_turn + 1;
    rs__spool_make_mark(spool, turn, number, end, mark);
    if (rs__spool_write(spool, (1 + turn % 2) * RS__SPOOL_BLOCK, mark, sizeof mark) != RS_OK) return RS_ERR_IO;
    spool->mark_turn = turn;
    atomic_store_explicit(&spool->settled, number, memory_order_relaxed);
    atomic_store_explicit(&spool->tail, end, memory_order_release);
    return RS_OK;
}

static int force(rs__spool_t *spool) {
    if (fdatasync(spool->fd) == 0) return RS_OK;
    spool->sync = RS_CLIENT_SYNC_NEVER;
    const int told = rs__spool_write_identity(spool);   /* so that the next start knows; when it fails, too, nothing can be done */
    return told == RS_OK ? RS_ERR_IO : told;
}

int rs__spool_sync(rs__spool_t *spool) { return spool->sync == RS_CLIENT_SYNC_NEVER ? RS_OK : force(spool); }

int rs__spool_rename(rs__spool_t *spool, const char *incarnation) {
    const size_t len = strlen(incarnation);
    if (len < 1 || len > RS__SPOOL_MAX_INCARNATION) return RS_ERR_INVALID;
    memcpy(spool->incarnation, incarnation, len + 1);
    spool->fence = RS__SPOOL_NO_FENCE;
    const int status = rs__spool_write_identity(spool);
    return status == RS_OK ? force(spool) : status;
}
