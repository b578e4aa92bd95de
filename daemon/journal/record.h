/* journal/record.h — the bytes of segments: headers and records, how they are made and how they are believed.
 *
 *   segment   a file of fixed size: two copies of its header, at 0 and at 4096; records from 8192 on; then zeros, or what an earlier
 *             life of the file left there.
 *   header    0 magic "RSJOURN1"  8 version:4  12 records_at:4  16 journal:8  24 segment:8  32 first:8  40 begun:8  48 chain:4
 *             52 adopting:4  56 crc:4
 *             journal: a random number of this journal; segment: rises by one from segment to segment; first: the number of the
 *             first record that may stand here; begun: microseconds since the epoch; chain: the crc of the record before it; adopting: 1
 *             while records of an earlier life with numbers >= first are written anew (journal/recover.h), else 0. Then records of earlier
 *             segments with numbers >= first are void: they were never acknowledged, and this segment or a later one has others with those
 *             numbers.
 *   record    0 magic:4  4 len:4  8 number:8  16 durable:8  24 kind:2  26 zero:2  28 prev:4  32 crc:4  36 zero:4  40 the bytes, padded with
 *             zeros to a multiple of 8. number: 1, 2, 3, …; durable: up to where records were on disk when this one was written;
 *             prev: the crc of the record before it, so that nothing left over can pass as its follower; crc: CRC-32C of the
 *             segment's number, the header before it and the bytes.
 * All little endian.
 */
#ifndef RS_JOURNAL_RECORD_H
#define RS_JOURNAL_RECORD_H

#include "base/base.h"

enum {
    RS_SEGMENT_COPY_AT = 4096, RS_SEGMENT_RECORDS_AT = 8192, RS_SEGMENT_HEADER = 60,
    RS_JOURNAL_HEADER = 40, RS_JOURNAL_RECORD_BYTES = 1 << 20,   /* longest bytes of one record */
    RS_JOURNAL_VERSION = 1
};
/* A record without bytes: only says what is durable. Its number is that of the record that follows it. */
enum { RS_JOURNAL_MARK = 0xffff };

typedef struct rs_segment_header {
    uint32_t version;
    uint64_t journal, segment, first;
    int64_t begun_us;
    uint32_t chain, adopting;
} rs_segment_header_t;

typedef struct rs_journal_record {
    uint64_t number, durable;
    uint32_t len, prev, crc;
    uint16_t kind;
    const unsigned char *bytes;
} rs_journal_record_t;

void rs_segment_write_header(const rs_segment_header_t *header, unsigned char bytes[RS_SEGMENT_HEADER]);
/* RS_ERR_PARSE: not a header, or damaged. RS_ERR_VERSION: of a later program. */
RS_MUST_CHECK int rs_segment_read_header(const unsigned char bytes[RS_SEGMENT_HEADER], rs_segment_header_t *header);

/* Bytes that a record of `len` bytes takes. */
static inline uint64_t rs_journal_space(uint32_t len) { return (RS_JOURNAL_HEADER + (uint64_t)len + 7) / 8 * 8; }
/* Writes header and bytes; fills record->crc. */
void rs_journal_write_record(uint64_t segment, rs_journal_record_t *record, unsigned char *at);
/* A record at the beginning of `bytes`, whole and undamaged. `bytes` are borrowed. RS_ERR_PARSE: none. RS_ERR_AGAIN: it may be one, but
 * is longer than `size`. Says nothing of its place in the chain. */
RS_MUST_CHECK int rs_journal_read_record(uint64_t segment, const unsigned char *bytes, size_t size, rs_journal_record_t *record);

/* "journal-0000000000000012.seg"; `name` has room for RS_DISK_NAME. */
void rs_segment_name(uint64_t segment, char *name);
/* False: not a segment's name. */
bool rs_segment_parse_name(const char *name, uint64_t *segment);

#endif
