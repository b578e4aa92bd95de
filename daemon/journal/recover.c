#include "journal/recover.h"

#include "base/planted.h"
#include "journal/bytes.h"

#include <errno.h>
#include <stdlib.h>

enum { READ_BLOCK = 4096 };

typedef struct rs_found { uint64_t segment; rs_segment_header_t header; bool has_header; } rs_found_t;

typedef struct rs_reading {
    rs_disk_t *disk;
    rs_recovery_t *recovery;
    rs_found_t found[RS_JOURNAL_SEGMENTS];
    uint32_t count;
    bool too_many;
    unsigned char *bytes;
    size_t size, room;
    uint64_t expected;             /* number of the next record to hand over */
    uint64_t local;                /* … of the next one in this segment; 0: unknown */
    uint32_t chain;
    bool chain_known;
    uint64_t proven;               /* up to here something that was read says that it was durable */
    uint64_t known;                /* the same of everything that there is; see gather_proofs */
    bool all_proofs_seen;
    uint64_t after;
} rs_reading_t;

/* --- segments ---------------------------------------------------------------------------------------------------------- */
static void on_name(void *context, const char *name) {
    rs_reading_t *reading = context;
    uint64_t segment;
    if (!rs_segment_parse_name(name, &segment)) return;
    if (reading->count == RS_JOURNAL_SEGMENTS) reading->too_many = true;
    else reading->found[reading->count++].segment = segment;
}

static int compare_found(const void *a, const void *b) {
    const uint64_t left = ((const rs_found_t *)a)->segment, right = ((const rs_found_t *)b)->segment;
    return (left > right) - (left < right);
}

/* Block by block; what the disk does not give is zeros, which is damage like any other. */
static int read_around_errors(rs_reading_t *reading, int file, size_t size) {
    for (size_t at = 0; at < size; at += READ_BLOCK) {
        const size_t len = size - at < READ_BLOCK ? size - at : READ_BLOCK;
        size_t got = 0;
        const int status = reading->disk->read(reading->disk, file, at, reading->bytes + at, len, &got);
        if (status != RS_OK) {
            if (reading->disk->error != EIO) return status;
            reading->recovery->unreadable_blocks++;
            got = 0;
        }
        memset(reading->bytes + at + got, 0, len - got);
    }
    reading->size = size;
    return RS_OK;
}

/* The first `most` bytes. A file that went meanwhile (of a journal in use: it was retired) is empty. */
static int read_file(rs_reading_t *reading, uint64_t segment, uint64_t most) {
    char name[RS_DISK_NAME];
    rs_segment_name(segment, name);
    int file;
    uint64_t size = 0;
    reading->size = 0;
    int status = reading->disk->open(reading->disk, name, false, &file);
    if (status != RS_OK) return status == RS_ERR_NOT_FOUND ? RS_OK : status;
    status = reading->disk->size(reading->disk, file, &size);
    if (status == RS_OK && size > RS_SEGMENT_MOST) status = RS_ERR_LIMIT;
    if (size > most) size = most;
    if (status == RS_OK && size > reading->room) {
        free(reading->bytes);
        reading->bytes = malloc(size);
        reading->room = reading->bytes == NULL ? 0 : size;
        if (reading->bytes == NULL) status = RS_ERR_MEMORY;
    }
    if (status == RS_OK) status = reading->disk->read(reading->disk, file, 0, reading->bytes, size, &reading->size);
    if (status == RS_ERR_IO && reading->disk->error == EIO) status = read_around_errors(reading, file, (size_t)size);
    reading->disk->close(reading->disk, file);
    return status;
}

static int read_whole(rs_reading_t *reading, uint64_t segment) { return read_file(reading, segment, RS_SEGMENT_MOST); }

/* Either copy will do. A header that names another segment is what an earlier life of the file left. */
static int read_header(rs_reading_t *reading, rs_found_t *found) {
    static const size_t places[] = {0, RS_SEGMENT_COPY_AT};
    for (size_t i = 0; i < RS_ARRAY_LEN(places); i++) {
        rs_segment_header_t header;
        int status = RS_ERR_PARSE;
        if (reading->size >= places[i] + RS_SEGMENT_HEADER) status = rs_segment_read_header(reading->bytes + places[i], &header);
        if (status == RS_ERR_VERSION) return RS_ERR_VERSION;
        if (status != RS_OK || header.segment != found->segment) {
            reading->recovery->damaged_headers++;
            continue;
        }
        found->header = header;
        found->has_header = true;
    }
    return RS_OK;
}

/* Headers first: the bounds between segments must be known before records are believed. */
static int find_segments(rs_reading_t *reading) {
    int status = reading->disk->list(reading->disk, on_name, reading);
    if (status == RS_OK && reading->too_many) status = RS_ERR_LIMIT;
    qsort(reading->found, reading->count, sizeof reading->found[0], compare_found);
    rs_recovery_t *recovery = reading->recovery;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < reading->count && status == RS_OK; i++) {
        rs_found_t found = {.segment = reading->found[i].segment};
        status = read_file(reading, found.segment, RS_SEGMENT_RECORDS_AT);
        if (status == RS_OK) status = read_header(reading, &found);
        if (status != RS_OK) break;
        if (found.segment >= recovery->resume.next_segment) recovery->resume.next_segment = found.segment + 1;
        if (found.has_header && recovery->resume.journal == 0) recovery->resume.journal = found.header.journal;
        if (found.has_header && found.header.journal != recovery->resume.journal) recovery->foreign++;
        else reading->found[kept++] = found;
    }
    reading->count = kept;
    return status;
}

/* Where a later segment says that it begins. Records of the i-th segment from `void_from` on are void; from `again_from` on a later one has
 * them once more, or will have when adopting them has come to its end. */
typedef struct rs_bound { uint64_t again_from, void_from; } rs_bound_t;

static rs_bound_t bound_of(const rs_reading_t *reading, uint32_t i) {
    rs_bound_t bound = {.again_from = UINT64_MAX, .void_from = UINT64_MAX};
    for (uint32_t later = i + 1; later < reading->count && !RS_PLANTED(STALE_SEGMENT); later++) {
        const rs_found_t *found = &reading->found[later];
        if (!found->has_header) continue;
        if (found->header.first < bound.again_from) bound.again_from = found->header.first;
        if (found->header.adopting == 0 && found->header.first < bound.void_from) bound.void_from = found->header.first;
    }
    return bound;
}

/* --- what is proven -------------------------------------------------------------------------------------------------------- */
/* The next undamaged record at or behind *at; false: none. */
static bool next_record(const rs_reading_t *reading, uint64_t segment, size_t *at, rs_journal_record_t *record) {
    for (; *at + RS_JOURNAL_HEADER <= reading->size; *at += 8) {
        if (rs_journal_read_record(segment, reading->bytes + *at, reading->size - *at, record) == RS_OK) return true;
    }
    return false;
}

/* What is proven leaves the tail. */
static void prove(rs_reading_t *reading, uint64_t number) {
    if (RS_PLANTED(TAIL_OFF_BY_ONE)) number++;
    if (number <= reading->proven) return;
    reading->proven = number;
    rs_recovery_t *recovery = reading->recovery;
    rs_journal_tail_t first;
    while (recovery->tail_begin < recovery->tail_end) {
        memcpy(&first, recovery->tail + recovery->tail_begin, sizeof first);
        if (first.number > number) break;
        recovery->tail_begin += sizeof first + first.len;
        recovery->resume.last = first.number;
        recovery->resume.crc = first.crc;
    }
}

static int add_to_tail(rs_recovery_t *recovery, const rs_journal_record_t *record) {
    const rs_journal_tail_t head = {.number = record->number, .len = record->len, .crc = record->crc, .kind = record->kind};
    const size_t live = recovery->tail_end - recovery->tail_begin, needed = live + sizeof head + record->len;
    if (recovery->tail_end + sizeof head + record->len > recovery->tail_room) {
        if (live != 0) memmove(recovery->tail, recovery->tail + recovery->tail_begin, live);
        recovery->tail_begin = 0;
        recovery->tail_end = live;
    }
    if (needed > recovery->tail_room) {
        unsigned char *grown = realloc(recovery->tail, needed * 2);
        if (grown == NULL) return RS_ERR_MEMORY;
        recovery->tail = grown;
        recovery->tail_room = needed * 2;
    }
    memcpy(recovery->tail + recovery->tail_end, &head, sizeof head);
    if (record->len != 0) memcpy(recovery->tail + recovery->tail_end + sizeof head, record->bytes, record->len);
    recovery->tail_end += sizeof head + record->len;
    return RS_OK;
}

/* Everything behind a hole, to the end of the journal, is asked once what it knows to be durable. */
static int gather_proofs(rs_reading_t *reading, uint32_t i, size_t at) {
    if (reading->all_proofs_seen) return RS_OK;
    reading->all_proofs_seen = true;
    reading->known = reading->proven;
    int status = RS_OK;
    for (uint32_t later = i; later < reading->count && status == RS_OK; later++) {
        const rs_found_t *found = &reading->found[later];
        if (found->has_header && found->header.first - 1 > reading->known) reading->known = found->header.first - 1;
        if (later != i) status = read_whole(reading, found->segment);
        size_t place = later == i ? at : RS_SEGMENT_RECORDS_AT;
        rs_journal_record_t record;
        while (status == RS_OK && next_record(reading, found->segment, &place, &record)) {
            if (record.durable > reading->known) reading->known = record.durable;
            place += (size_t)rs_journal_space(record.len);
        }
    }
    return status == RS_OK ? read_whole(reading, reading->found[i].segment) : status;
}

/* --- records ------------------------------------------------------------------------------------------------------------------ */
static void add_range(rs_recovery_t *recovery, uint64_t first, uint64_t last) {
    recovery->lost += last - first + 1;
    rs_lost_range_t *newest = recovery->range_count == 0 ? NULL : &recovery->ranges[recovery->range_count - 1];
    if (newest != NULL && newest->last + 1 == first) newest->last = last;
    else if (recovery->range_count == RS_LOST_RANGES) recovery->more_ranges = true;
    else recovery->ranges[recovery->range_count++] = (rs_lost_range_t){.first = first, .last = last};
}

static void report_lost(rs_reading_t *reading, uint64_t first, uint64_t last) {
    if (first < reading->expected) first = reading->expected;
    if (first <= reading->after) first = reading->after + 1;
    if (first <= last && !RS_PLANTED(LOST_UNREPORTED)) add_range(reading->recovery, first, last);
}

/* Everything below `number` is read or lost. */
static void expect(rs_reading_t *reading, uint64_t number) {
    if (number <= reading->expected) return;
    reading->expected = number;
    prove(reading, number - 1);
    if (number - 1 <= reading->recovery->resume.last) return;
    reading->recovery->resume.last = number - 1;
    reading->recovery->resume.crc = 0;
}

/* A good record of this segment. Earlier segments may have handed it over already. */
static int take(rs_reading_t *reading, const rs_journal_record_t *record, int (*on_record)(void *, const rs_journal_record_t *),
                void *context) {
    reading->chain = record->crc;
    reading->chain_known = true;
    if (record->kind == RS_JOURNAL_MARK) {
        reading->local = record->number;
        prove(reading, record->durable < reading->expected ? record->durable : reading->expected - 1);
        if (reading->recovery->resume.last == record->number - 1) reading->recovery->resume.crc = record->crc;
        return RS_OK;
    }
    reading->local = record->number + 1;
    if (record->number < reading->expected) {
        prove(reading, record->durable < reading->expected ? record->durable : reading->expected - 1);
        return RS_OK;
    }
    reading->expected = record->number + 1;
    const int status = add_to_tail(reading->recovery, record);
    if (status != RS_OK) return status;
    prove(reading, record->durable < record->number && !RS_PLANTED(TAIL_BELIEVED) ? record->durable : record->number);
    if (record->number <= reading->after) return RS_OK;
    reading->recovery->records++;
    return on_record(context, record);
}

/* What follows was written, but nothing says that it was ever durable. */
static void count_torn(rs_reading_t *reading, uint64_t segment, size_t at) {
    rs_recovery_t *recovery = reading->recovery;
    rs_journal_record_t record;
    size_t end = at, place = at;
    while (next_record(reading, segment, &place, &record)) {
        recovery->torn_records++;
        place += (size_t)rs_journal_space(record.len);
        end = place;
    }
    /* A record that was begun and not finished begins with something; what an earlier life of the file left has a lower number. */
    if (end == at && at + RS_JOURNAL_HEADER <= reading->size && memcmp(reading->bytes + at, "RSJ1", 4) == 0 &&
        rs__get64(reading->bytes + at + 8) == reading->local) {
        recovery->torn_records++;
        end += RS_JOURNAL_HEADER;
    }
    recovery->torn_bytes += end - at;
}

/* A hole at *at: what follows it in this segment is used when something proves that what is missing was durable. False: nothing more of
 * this segment is. */
static int cross_hole(rs_reading_t *reading, uint32_t i, uint64_t bound, size_t *at, bool *more) {
    *more = false;
    if (bound <= reading->local) return RS_OK;   /* a later segment has the same records once more */
    const uint64_t segment = reading->found[i].segment;
    const int status = gather_proofs(reading, i, *at);
    if (status != RS_OK) return status;
    if (reading->local > reading->known) {
        count_torn(reading, segment, *at);
        return RS_OK;
    }
    rs_journal_record_t record;
    size_t place = *at;
    bool found = false;
    while (!found && next_record(reading, segment, &place, &record)) {
        /* What stands in the hole's own place has the right number and does not follow in the chain: it is none. */
        found = record.number > reading->local || (record.number == reading->local && place != *at);
        if (!found) place += (size_t)rs_journal_space(record.len);
    }
    uint64_t last = found && record.number - 1 < bound - 1 ? record.number - 1 : bound - 1;
    if (last > reading->known) last = reading->known;
    if (last >= reading->expected) {
        reading->recovery->damaged_segments++;
        report_lost(reading, reading->local, last);
        expect(reading, last + 1);
    }
    *more = found && record.number == last + 1;
    if (!*more) return RS_OK;
    *at = place;
    reading->local = record.number;
    reading->chain_known = false;
    return RS_OK;
}

static bool follows(const rs_reading_t *reading, const rs_journal_record_t *record) {
    if (reading->local == 0) return true;   /* the segment's header is lost: its first record begins it */
    return record->number == reading->local && (!reading->chain_known || record->prev == reading->chain || RS_PLANTED(CHAIN_UNCHECKED));
}

static int begin_segment(rs_reading_t *reading, uint32_t i) {
    const rs_found_t *found = &reading->found[i];
    const int status = read_whole(reading, found->segment);
    reading->chain_known = found->has_header;
    reading->local = 0;
    if (status != RS_OK || !found->has_header) return status;
    reading->local = found->header.first;
    reading->chain = found->header.chain;
    if (found->header.first > reading->expected) {
        report_lost(reading, reading->expected, found->header.first - 1);
        expect(reading, found->header.first);
    }
    prove(reading, found->header.first - 1);
    return RS_OK;
}

static int read_segment(rs_reading_t *reading, uint32_t i, int (*on_record)(void *, const rs_journal_record_t *), void *context) {
    int status = begin_segment(reading, i);
    const rs_bound_t bound = bound_of(reading, i);
    size_t at = RS_SEGMENT_RECORDS_AT;
    bool more = true;
    while (more && status == RS_OK) {
        rs_journal_record_t record;
        const int read = at + RS_JOURNAL_HEADER > reading->size ? RS_ERR_PARSE
                         : rs_journal_read_record(reading->found[i].segment, reading->bytes + at, reading->size - at, &record);
        if (read == RS_OK && follows(reading, &record)) {
            if (record.number >= bound.void_from && record.kind != RS_JOURNAL_MARK) break;
            if (reading->local == 0 && record.number > reading->expected) {
                report_lost(reading, reading->expected, record.number - 1);
                expect(reading, record.number);
            }
            status = take(reading, &record, on_record, context);
            at += (size_t)rs_journal_space(record.len);
        } else if (reading->local == 0) {
            rs_journal_record_t first;
            more = next_record(reading, reading->found[i].segment, &at, &first);
        } else {
            status = cross_hole(reading, i, bound.again_from, &at, &more);
        }
    }
    return status;
}

/* Segments before this one have only records that are not asked for, or void ones: they are not read. */
static uint32_t first_needed(const rs_reading_t *reading) {
    uint32_t needed = 0;
    for (uint32_t i = 0; i < reading->count; i++) {
        const rs_found_t *found = &reading->found[i];
        if (found->has_header && found->header.adopting == 0 && found->header.first <= reading->after + 1) needed = i;
    }
    return needed;
}

static void resume_from(rs_reading_t *reading) {
    rs_journal_resume_t *resume = &reading->recovery->resume;
    for (uint32_t i = 0; i < reading->count; i++) {
        const rs_found_t *found = &reading->found[i];
        resume->segments[i].segment = found->segment;
        /* Of one without a header only so much is known: it begins behind the one before it. */
        resume->segments[i].first = found->has_header ? found->header.first : i == 0 ? 1 : resume->segments[i - 1].first;
        resume->segments[i].begun_us = found->has_header ? found->header.begun_us : i == 0 ? 0 : resume->segments[i - 1].begun_us;
    }
    resume->segment_count = reading->count;
}

/* The journal ends before what the caller has of it already: numbers go on behind that, or they would be given twice. */
static void end_at(rs_recovery_t *recovery, uint64_t after) {
    recovery->ends_early = true;
    recovery->tail_begin = recovery->tail_end = 0;
    recovery->resume.last = after;
    recovery->resume.crc = 0;
}

int rs_journal_recover(rs_disk_t *disk, uint64_t after, int (*on_record)(void *context, const rs_journal_record_t *record), void *context,
                       rs_recovery_t *recovery) {
    rs_reading_t *reading = calloc(1, sizeof *reading);
    if (reading == NULL) return RS_ERR_MEMORY;
    memset(recovery, 0, sizeof *recovery);
    reading->disk = disk;
    reading->recovery = recovery;
    reading->after = after;
    int status = find_segments(reading);
    const uint32_t begin = status == RS_OK ? first_needed(reading) : 0;
    const rs_found_t *first = begin < reading->count ? &reading->found[begin] : NULL;
    /* Without a header nothing is known of what was before; what is there begins the count. */
    reading->expected = first != NULL && first->has_header ? first->header.first : 1;
    if (first != NULL && first->has_header) {
        recovery->resume.last = reading->expected - 1;
        recovery->resume.crc = first->header.chain;
        reading->proven = reading->expected - 1;
    }
    if (reading->expected > after + 1) add_range(recovery, after + 1, reading->expected - 1);
    for (uint32_t i = begin; i < reading->count && status == RS_OK; i++) status = read_segment(reading, i, on_record, context);
    if (status == RS_OK && reading->known >= reading->expected) {
        report_lost(reading, reading->expected, reading->known);
        expect(reading, reading->known + 1);
    }
    resume_from(reading);
    if (status == RS_OK && reading->expected <= after) end_at(recovery, after);
    recovery->resume.adopt = reading->expected <= after ? after : reading->expected - 1;
    free(reading->bytes);
    free(reading);
    return status;
}

void rs_recovery_end(rs_recovery_t *recovery) {
    free(recovery->tail);
    recovery->tail = NULL;
    recovery->tail_begin = recovery->tail_end = recovery->tail_room = 0;
}

int rs_journal_adopt(rs_journal_t *journal, const rs_recovery_t *recovery) {
    rs_journal_tail_t head;
    for (size_t at = recovery->tail_begin; at < recovery->tail_end; at += sizeof head + head.len) {
        memcpy(&head, recovery->tail + at, sizeof head);
        uint64_t number;
        const int status = rs_journal_append(journal, head.kind, recovery->tail + at + sizeof head, head.len, &number);
        if (status != RS_OK) return status;
        RS_REQUIRE(number == head.number);
    }
    return rs_journal_commit(journal);
}
