#include "journal/snapshot.h"

#include "base/planted.h"
#include "journal/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char magic[8] = {'R', 'S', 'S', 'N', 'A', 'P', 'S', '1'};
enum { VERSION = 1, NO_FILE = -1, PIECE = 1 << 20 };

static void write_head(const rs_snapshot_writer_t *writer, unsigned char head[RS_SNAPSHOT_HEAD]) {
    memset(head, 0, RS_SNAPSHOT_HEAD);
    memcpy(head, magic, sizeof magic);
    rs__put32(head + 8, VERSION);
    rs__put64(head + 16, writer->journal);
    rs__put64(head + 24, writer->number);
    rs__put64(head + 32, writer->written);
    rs__put32(head + 40, rs__crc32c(RS__CRC_BEGIN, head, 40));
}

typedef struct rs_leftovers { rs_disk_t *disk; int status; } rs_leftovers_t;

static void drop_unfinished(void *context, const char *name) {
    rs_leftovers_t *leftovers = context;
    const size_t len = strlen(name);
    if (strncmp(name, "snapshot-", 9) != 0 || len < 4 || strcmp(name + len - 4, ".tmp") != 0) return;
    const int status = leftovers->disk->remove(leftovers->disk, name);
    if (status != RS_OK && status != RS_ERR_NOT_FOUND) leftovers->status = status;
}

int rs_snapshot_begin(rs_snapshot_writer_t *writer, rs_disk_t *disk, uint64_t journal, uint64_t number) {
    *writer = (rs_snapshot_writer_t){.disk = disk, .journal = journal, .number = number, .file = NO_FILE, .crc = RS__CRC_BEGIN};
    snprintf(writer->name, sizeof writer->name, "snapshot-%016" PRIx64 ".tmp", number);
    rs_leftovers_t leftovers = {.disk = disk};
    int status = disk->list(disk, drop_unfinished, &leftovers);
    if (status == RS_OK) status = leftovers.status;
    if (status == RS_OK) status = disk->open(disk, writer->name, true, &writer->file);
    if (status != RS_OK) writer->file = NO_FILE;
    return status;
}

void rs_snapshot_write(rs_snapshot_writer_t *writer, const void *bytes, size_t len) {
    if (writer->status != RS_OK || len == 0) return;
    writer->crc = rs__crc32c(writer->crc, bytes, len);
    writer->status = writer->disk->write(writer->disk, writer->file, RS_SNAPSHOT_HEAD + writer->written, bytes, len);
    writer->written += len;
}

/* --- which are there ------------------------------------------------------------------------------------------------------- */
typedef struct rs_seen { uint64_t numbers[RS_SNAPSHOTS_SEEN]; uint32_t count; } rs_seen_t;

static void on_name(void *context, const char *name) {
    rs_seen_t *seen = context;
    uint64_t number;
    int end = 0;
    if (strlen(name) != 29 || sscanf(name, "snapshot-%16" SCNx64 ".rss%n", &number, &end) != 1 || end != 29) return;
    if (seen->count < RS_SNAPSHOTS_SEEN) seen->numbers[seen->count++] = number;
}

static int compare_falling(const void *a, const void *b) {
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left < right) - (left > right);
}

static int list(rs_disk_t *disk, rs_seen_t *seen) {
    seen->count = 0;
    const int status = disk->list(disk, on_name, seen);
    qsort(seen->numbers, seen->count, sizeof seen->numbers[0], compare_falling);
    return status;
}

int rs_snapshot_list(rs_disk_t *disk, uint64_t *numbers, uint32_t max, uint32_t *count) {
    rs_seen_t seen;
    const int status = list(disk, &seen);
    *count = status != RS_OK ? 0 : seen.count < max ? seen.count : max;
    memcpy(numbers, seen.numbers, *count * sizeof *numbers);
    return status;
}

static void name_of(uint64_t number, char name[RS_DISK_NAME]) { snprintf(name, RS_DISK_NAME, "snapshot-%016" PRIx64 ".rss", number); }

/* --- finishing --------------------------------------------------------------------------------------------------------------- */
static int finish_file(rs_snapshot_writer_t *writer) {
    unsigned char head[RS_SNAPSHOT_HEAD], crc[4];
    rs_disk_t *disk = writer->disk;
    write_head(writer, head);
    rs__put32(crc, writer->crc);
    int status = disk->write(disk, writer->file, RS_SNAPSHOT_HEAD + writer->written, crc, sizeof crc);
    if (status == RS_OK) status = disk->write(disk, writer->file, 0, head, sizeof head);
    return status == RS_OK && !RS_PLANTED(SNAPSHOT_UNSYNCED) ? disk->sync(disk, writer->file) : status;
}

static void drop(rs_disk_t *disk, rs_seen_t *seen, uint32_t place) {
    char name[RS_DISK_NAME];
    name_of(seen->numbers[place], name);
    (void)disk->remove(disk, name);   /* the next snapshot tries again */
    seen->count--;
    memmove(&seen->numbers[place], &seen->numbers[place + 1], (seen->count - place) * sizeof seen->numbers[0]);
}

/* Of the older ones but the last, the one whose neighbours are nearest to each other, as seen from the newest. */
static uint32_t least_missed(const rs_seen_t *seen) {
    uint32_t least = RS_SNAPSHOTS_NEEDED;
    double narrowest = 2;
    for (uint32_t i = RS_SNAPSHOTS_NEEDED; i + 1 < seen->count; i++) {
        const double gap = (double)(seen->numbers[i - 1] - seen->numbers[i + 1]), back = (double)(seen->numbers[0] - seen->numbers[i + 1]);
        if (gap / back >= narrowest) continue;
        narrowest = gap / back;
        least = i;
    }
    return least;
}

static void drop_old(rs_disk_t *disk) {
    rs_seen_t seen;
    if (list(disk, &seen) != RS_OK) return;
    while (seen.count > RS_SNAPSHOTS_KEPT) drop(disk, &seen, least_missed(&seen));
}

void rs_snapshot_drop_before(rs_disk_t *disk, uint64_t number) {
    rs_seen_t seen;
    if (list(disk, &seen) != RS_OK) return;
    while (seen.count > RS_SNAPSHOTS_NEEDED && seen.numbers[seen.count - 1] < number) drop(disk, &seen, seen.count - 1);
}

int rs_snapshot_finish(rs_snapshot_writer_t *writer) {
    rs_disk_t *disk = writer->disk;
    if (writer->status == RS_OK) writer->status = finish_file(writer);
    if (writer->status != RS_OK) {
        const int status = writer->status;
        rs_snapshot_abort(writer);
        return status;
    }
    disk->close(disk, writer->file);
    writer->file = NO_FILE;
    char name[RS_DISK_NAME];
    name_of(writer->number, name);
    int status = disk->rename(disk, writer->name, name);
    if (status != RS_OK) {
        (void)disk->remove(disk, writer->name);
        return status;
    }
    status = disk->sync_folder(disk);
    if (status == RS_OK) drop_old(disk);
    return status;
}

void rs_snapshot_abort(rs_snapshot_writer_t *writer) {
    if (writer->file == NO_FILE || writer->disk == NULL) return;
    writer->disk->close(writer->disk, writer->file);
    writer->file = NO_FILE;
    (void)writer->disk->remove(writer->disk, writer->name);
}

/* --- finding ------------------------------------------------------------------------------------------------------------------ */
static int check_content(rs_disk_t *disk, int file, uint64_t length) {
    unsigned char *piece = malloc(PIECE), crc_bytes[4];
    if (piece == NULL) return RS_ERR_MEMORY;
    uint32_t crc = RS__CRC_BEGIN;
    int status = RS_OK;
    size_t got = 0;
    for (uint64_t at = 0; at < length && status == RS_OK; at += got) {
        const uint64_t rest = length - at;
        status = disk->read(disk, file, RS_SNAPSHOT_HEAD + at, piece, rest < PIECE ? (size_t)rest : PIECE, &got);
        if (status == RS_OK && got == 0) status = RS_ERR_PARSE;
        if (status == RS_OK) crc = rs__crc32c(crc, piece, got);
    }
    free(piece);
    if (status == RS_OK) status = disk->read(disk, file, RS_SNAPSHOT_HEAD + length, crc_bytes, sizeof crc_bytes, &got);
    if (status != RS_OK) return status;
    return got == sizeof crc_bytes && (rs__get32(crc_bytes) == crc || RS_PLANTED(SNAPSHOT_UNCHECKED)) ? RS_OK : RS_ERR_PARSE;
}

/* RS_ERR_PARSE: damaged, or not this journal's. */
static int check_file(rs_disk_t *disk, int file, uint64_t journal, uint64_t number, rs_snapshot_t *snapshot) {
    unsigned char head[RS_SNAPSHOT_HEAD];
    size_t got;
    uint64_t size;
    int status = disk->size(disk, file, &size);
    if (status == RS_OK) status = disk->read(disk, file, 0, head, sizeof head, &got);
    if (status != RS_OK) return status;
    if (got < sizeof head || memcmp(head, magic, sizeof magic) != 0 || rs__get32(head + 44) != 0 ||
        rs__get32(head + 40) != rs__crc32c(RS__CRC_BEGIN, head, 40)) {
        return RS_ERR_PARSE;
    }
    if (rs__get32(head + 8) > VERSION) return RS_ERR_VERSION;
    snapshot->journal = rs__get64(head + 16);
    snapshot->length = rs__get64(head + 32);
    const bool fits = size >= RS_SNAPSHOT_HEAD + 4 && snapshot->length == size - RS_SNAPSHOT_HEAD - 4;
    const bool is_ours = rs__get64(head + 24) == number && (journal == 0 || snapshot->journal == journal);
    return fits && is_ours ? check_content(disk, file, snapshot->length) : RS_ERR_PARSE;
}

static int check_named(rs_disk_t *disk, uint64_t journal, uint64_t number, rs_snapshot_t *snapshot) {
    int file;
    snapshot->number = number;
    name_of(number, snapshot->name);
    int status = disk->open(disk, snapshot->name, false, &file);
    if (status != RS_OK) return status;
    status = check_file(disk, file, journal, number, snapshot);
    disk->close(disk, file);
    snapshot->is_there = status == RS_OK;
    return status;
}

int rs_snapshot_check(rs_disk_t *disk, uint64_t number, rs_snapshot_t *snapshot) {
    *snapshot = (rs_snapshot_t){.is_there = false};
    return check_named(disk, 0, number, snapshot);
}

int rs_snapshot_find(rs_disk_t *disk, uint64_t journal, rs_snapshot_t *snapshot) {
    return rs_snapshot_find_below(disk, journal, UINT64_MAX, snapshot, NULL);
}

int rs_snapshot_find_below(rs_disk_t *disk, uint64_t journal, uint64_t at_most, rs_snapshot_t *snapshot, uint64_t *oldest) {
    rs_seen_t seen;
    *snapshot = (rs_snapshot_t){.is_there = false};
    int status = list(disk, &seen);
    if (oldest != NULL) *oldest = seen.count == 0 ? 0 : seen.numbers[seen.count - 1];
    for (uint32_t i = 0; i < seen.count && status == RS_OK && !snapshot->is_there; i++) {
        if (seen.numbers[i] > at_most) continue;
        status = check_named(disk, journal, seen.numbers[i], snapshot);
        if (status == RS_ERR_NOT_FOUND) status = RS_OK;   /* went meanwhile */
        if (status == RS_ERR_PARSE || (status == RS_ERR_IO && disk->error == EIO)) {
            snapshot->damaged++;
            status = RS_OK;
        }
    }
    return status;
}

int rs_snapshot_read(rs_disk_t *disk, const rs_snapshot_t *snapshot, uint64_t at, void *bytes, size_t len, size_t *got) {
    const uint64_t rest = at >= snapshot->length ? 0 : snapshot->length - at;
    int file;
    int status = disk->open(disk, snapshot->name, false, &file);
    if (status != RS_OK) return status;
    status = disk->read(disk, file, RS_SNAPSHOT_HEAD + at, bytes, rest < len ? (size_t)rest : len, got);
    disk->close(disk, file);
    return status;
}
