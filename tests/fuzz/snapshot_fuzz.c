/* A snapshot's file of anything: it is refused, or what it holds can be read to its end and no further. As it is,
 * and with checksums that fit. */
#include "journal/bytes.h"
#include "journal/snapshot.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

typedef struct file { uint8_t *bytes; size_t size; } file_t;
static const char name[] = "snapshot-0000000000000009.rss";

static int file_open(rs_disk_t *disk, const char *wanted, bool create, int *file) {
    RS_REQUIRE(!create && strcmp(wanted, name) == 0);
    (void)disk;
    *file = 1;
    return RS_OK;
}
static int file_size(rs_disk_t *disk, int file, uint64_t *bytes) {
    (void)file;
    *bytes = ((const file_t *)disk->context)->size;
    return RS_OK;
}
static int file_read(rs_disk_t *disk, int number, uint64_t at, void *bytes, size_t len, size_t *got) {
    const file_t *file = disk->context;
    (void)number;
    *got = at >= file->size ? 0 : file->size - at < len ? file->size - (size_t)at : len;
    if (*got != 0) memcpy(bytes, file->bytes + at, *got);
    return RS_OK;
}
static void file_close(rs_disk_t *disk, int file) { (void)disk, (void)file; }
static int file_list(rs_disk_t *disk, void (*on_name)(void *context, const char *name), void *context) {
    (void)disk;
    on_name(context, name);
    return RS_OK;
}

static void look(file_t *file) {
    rs_disk_t disk = {.context = file, .open = file_open, .size = file_size, .read = file_read, .close = file_close, .list = file_list};
    rs_snapshot_t snapshot;
    const int status = rs_snapshot_find(&disk, 0, &snapshot);
    RS_REQUIRE(status == RS_OK || status == RS_ERR_VERSION || status == RS_ERR_MEMORY);
    if (!snapshot.is_there) return;
    unsigned char bytes[1000];
    uint64_t at = 0;
    size_t got = 1;
    for (; got != 0; at += got) RS_REQUIRE(rs_snapshot_read(&disk, &snapshot, at, bytes, sizeof bytes, &got) == RS_OK);
    RS_REQUIRE(at == snapshot.length && snapshot.length + RS_SNAPSHOT_HEAD + 4 == file->size && snapshot.number == 9);
}

static void seal(file_t *file) {
    if (file->size < RS_SNAPSHOT_HEAD + 4) return;
    uint8_t *bytes = file->bytes;
    memcpy(bytes, "RSSNAPS1", 8);
    rs__put32(bytes + 8, bytes[8] % 3);
    rs__put64(bytes + 24, bytes[24] % 8 == 0 ? 8 : 9);
    if (bytes[32] % 8 != 0) rs__put64(bytes + 32, file->size - RS_SNAPSHOT_HEAD - 4);
    rs__put32(bytes + 40, rs__crc32c(RS__CRC_BEGIN, bytes, 40));
    rs__put32(bytes + 44, 0);
    const size_t length = file->size - RS_SNAPSHOT_HEAD - 4;
    rs__put32(bytes + file->size - 4, rs__crc32c(RS__CRC_BEGIN, bytes + RS_SNAPSHOT_HEAD, length));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    file_t file = {.bytes = malloc(len + 1), .size = len};
    RS_REQUIRE(file.bytes != NULL);
    if (len != 0) memcpy(file.bytes, bytes, len);
    look(&file);
    seal(&file);
    look(&file);
    free(file.bytes);
    return 0;
}
