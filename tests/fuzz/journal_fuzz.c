/* A journal's folder of anything: the input is cut into up to three segments. Recovery ends, hands over numbers that rise, and what it
 * calls lost is none of them. As it is, and with the checksums that the reader wants, so that the fuzzer gets past them. */
#include "journal/bytes.h"
#include "journal/recover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { FILES = 3, JOURNAL = 9 };
typedef struct folder { uint8_t *bytes[FILES]; size_t sizes[FILES]; } folder_t;

static int folder_open(rs_disk_t *disk, const char *name, bool create, int *file) {
    uint64_t segment;
    RS_REQUIRE(!create);
    if (!rs_segment_parse_name(name, &segment) || segment >= FILES) {
        disk->error = ENOENT;
        return RS_ERR_NOT_FOUND;
    }
    *file = (int)segment;
    return RS_OK;
}

static int folder_size(rs_disk_t *disk, int file, uint64_t *bytes) {
    *bytes = ((const folder_t *)disk->context)->sizes[file];
    return RS_OK;
}

static int folder_read(rs_disk_t *disk, int file, uint64_t at, void *bytes, size_t len, size_t *got) {
    const folder_t *folder = disk->context;
    const size_t size = folder->sizes[file];
    *got = at >= size ? 0 : size - at < len ? size - (size_t)at : len;
    if (*got != 0) memcpy(bytes, folder->bytes[file] + at, *got);
    return RS_OK;
}

static void folder_close(rs_disk_t *disk, int file) { (void)disk, (void)file; }

static int folder_list(rs_disk_t *disk, void (*on_name)(void *context, const char *name), void *context) {
    char name[RS_DISK_NAME];
    for (uint64_t segment = 0; segment < FILES; segment++) {
        rs_segment_name(segment, name);
        if (((const folder_t *)disk->context)->sizes[segment] != 0) on_name(context, name);
    }
    return RS_OK;
}

/* --- what recovery may say -------------------------------------------------------------------------------------------------- */
typedef struct heard { uint64_t last, count, sum; bool is_any; } heard_t;

static int on_record(void *context, const rs_journal_record_t *record) {
    heard_t *heard = context;
    RS_REQUIRE(!heard->is_any || record->number > heard->last);
    for (uint32_t i = 0; i < record->len; i++) heard->sum += record->bytes[i];
    heard->is_any = true;
    heard->last = record->number;
    heard->count++;
    return RS_OK;
}

static void check_ranges(const rs_recovery_t *recovery, uint64_t after) {
    uint64_t lost = 0;
    for (uint32_t i = 0; i < recovery->range_count; i++) {
        const rs_lost_range_t *range = &recovery->ranges[i];
        RS_REQUIRE(range->first <= range->last && range->first > after);
        RS_REQUIRE(i == 0 || range->first > recovery->ranges[i - 1].last);
        lost += range->last - range->first + 1;
    }
    RS_REQUIRE(recovery->more_ranges || lost == recovery->lost);
}

static void recover(folder_t *folder, uint64_t after) {
    static rs_recovery_t recovery;
    rs_disk_t disk = {.context = folder, .open = folder_open, .size = folder_size, .read = folder_read, .close = folder_close,
                      .list = folder_list};
    heard_t heard = {.is_any = false};
    const int status = rs_journal_recover(&disk, after, on_record, &heard, &recovery);
    RS_REQUIRE(status == RS_OK || status == RS_ERR_VERSION || status == RS_ERR_LIMIT || status == RS_ERR_MEMORY);
    if (status == RS_OK) {
        check_ranges(&recovery, after);
        RS_REQUIRE(heard.count == recovery.records);
        RS_REQUIRE(recovery.resume.adopt >= recovery.resume.last && recovery.resume.last >= (recovery.ends_early ? after : 0));
    }
    rs_recovery_end(&recovery);
}

/* --- checksums that fit ------------------------------------------------------------------------------------------------------ */
static void seal_header(uint8_t *at, uint64_t segment, uint32_t chain) {
    rs_segment_header_t header = {.version = 1, .journal = JOURNAL, .segment = segment, .first = rs__get64(at + 32) & 0xff,
                                  .begun_us = (int64_t)rs__get64(at + 40), .chain = chain, .adopting = rs__get32(at + 52) & 1};
    rs_segment_write_header(&header, at);
}

/* Records one after another: length and number are taken from the input, made small; every eighth stays as it is. */
static void seal(uint8_t *bytes, size_t size, uint64_t segment) {
    uint32_t prev = 0;
    static unsigned char copy[4096];
    if (size > RS_SEGMENT_HEADER) seal_header(bytes, segment, prev);
    if (size > RS_SEGMENT_COPY_AT + RS_SEGMENT_HEADER) seal_header(bytes + RS_SEGMENT_COPY_AT, segment, prev);
    for (size_t at = RS_SEGMENT_RECORDS_AT; at + RS_JOURNAL_HEADER <= size;) {
        rs_journal_record_t record = {.number = rs__get64(bytes + at + 8) & 0xff, .durable = rs__get64(bytes + at + 16) & 0xff,
                                      .len = rs__get32(bytes + at + 4) & 0x3ff, .prev = prev, .bytes = copy};
        const size_t space = (size_t)rs_journal_space(record.len);
        record.kind = bytes[at + 24] % 16 == 0 ? RS_JOURNAL_MARK : 1;
        if (at + space > size) return;
        memcpy(copy, bytes + at + RS_JOURNAL_HEADER, record.len);
        if (bytes[at] % 8 != 7) rs_journal_write_record(segment, &record, bytes + at);
        prev = record.crc;
        at += space;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    if (len < 3) return 0;
    folder_t folder;
    const size_t first = bytes[0] * (len - 3) / 255, second = bytes[1] * (len - 3 - first) / 255;
    const size_t sizes[FILES] = {first, second, len - 3 - first - second};
    const uint8_t *at = bytes + 3;
    for (int i = 0; i < FILES; i++) {
        folder.sizes[i] = sizes[i];
        folder.bytes[i] = malloc(sizes[i] + 1);
        RS_REQUIRE(folder.bytes[i] != NULL);
        memcpy(folder.bytes[i], at, sizes[i]);
        at += sizes[i];
    }
    const uint64_t after = bytes[2] < 128 ? 0 : bytes[2] - 128u;
    recover(&folder, after);
    for (int i = 0; i < FILES; i++) seal(folder.bytes[i], folder.sizes[i], (uint64_t)i);
    recover(&folder, after);
    for (int i = 0; i < FILES; i++) free(folder.bytes[i]);
    return 0;
}
