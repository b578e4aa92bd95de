#include "journal/record.h"

#include "base/planted.h"
#include "journal/bytes.h"
#include "journal/disk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char segment_magic[8] = {'R', 'S', 'J', 'O', 'U', 'R', 'N', '1'};
static const uint32_t record_magic = 0x314a5352;   /* "RSJ1" */

void rs_segment_write_header(const rs_segment_header_t *header, unsigned char bytes[RS_SEGMENT_HEADER]) {
    memcpy(bytes, segment_magic, sizeof segment_magic);
    rs__put32(bytes + 8, header->version);
    rs__put32(bytes + 12, RS_SEGMENT_RECORDS_AT);
    rs__put64(bytes + 16, header->journal);
    rs__put64(bytes + 24, header->segment);
    rs__put64(bytes + 32, header->first);
    rs__put64(bytes + 40, (uint64_t)header->begun_us);
    rs__put32(bytes + 48, header->chain);
    rs__put32(bytes + 52, header->adopting);
    rs__put32(bytes + 56, rs__crc32c(RS__CRC_BEGIN, bytes, 56));
}

int rs_segment_read_header(const unsigned char bytes[RS_SEGMENT_HEADER], rs_segment_header_t *header) {
    if (memcmp(bytes, segment_magic, sizeof segment_magic) != 0 || rs__get32(bytes + 56) != rs__crc32c(RS__CRC_BEGIN, bytes, 56)) {
        return RS_ERR_PARSE;
    }
    *header = (rs_segment_header_t){.version = rs__get32(bytes + 8), .journal = rs__get64(bytes + 16), .segment = rs__get64(bytes + 24),
                                    .first = rs__get64(bytes + 32), .begun_us = (int64_t)rs__get64(bytes + 40),
                                    .chain = rs__get32(bytes + 48), .adopting = rs__get32(bytes + 52)};
    if (header->first == 0 || header->first > INT64_MAX || header->segment > INT64_MAX) return RS_ERR_PARSE;
    return header->version > RS_JOURNAL_VERSION || rs__get32(bytes + 12) != RS_SEGMENT_RECORDS_AT ? RS_ERR_VERSION : RS_OK;
}

static uint32_t record_crc(uint64_t segment, const unsigned char *record, uint32_t len) {
    unsigned char number[8];
    rs__put64(number, RS_PLANTED(STALE_RECORDS) ? 0 : segment);
    uint32_t crc = rs__crc32c(RS__CRC_BEGIN, number, sizeof number);
    crc = rs__crc32c(crc, record, 32);
    return rs__crc32c(crc, record + RS_JOURNAL_HEADER, len);
}

void rs_journal_write_record(uint64_t segment, rs_journal_record_t *record, unsigned char *at) {
    rs__put32(at, record_magic);
    rs__put32(at + 4, record->len);
    rs__put64(at + 8, record->number);
    rs__put64(at + 16, record->durable);
    rs__put32(at + 24, record->kind);
    rs__put32(at + 28, record->prev);
    if (record->len != 0) memcpy(at + RS_JOURNAL_HEADER, record->bytes, record->len);
    memset(at + RS_JOURNAL_HEADER + record->len, 0, rs_journal_space(record->len) - RS_JOURNAL_HEADER - record->len);
    record->crc = record_crc(segment, at, record->len);
    rs__put32(at + 32, record->crc);
    rs__put32(at + 36, 0);
}

int rs_journal_read_record(uint64_t segment, const unsigned char *bytes, size_t size, rs_journal_record_t *record) {
    if (size < RS_JOURNAL_HEADER) return RS_ERR_AGAIN;
    const uint32_t len = rs__get32(bytes + 4);
    if (rs__get32(bytes) != record_magic || len > RS_JOURNAL_RECORD_BYTES) return RS_ERR_PARSE;
    if (rs__get32(bytes + 36) != 0 || rs__get32(bytes + 24) > UINT16_MAX) return RS_ERR_PARSE;
    if (rs_journal_space(len) > size) return RS_ERR_AGAIN;
    if (rs__get32(bytes + 32) != record_crc(segment, bytes, len)) return RS_ERR_PARSE;
    /* The padding is not under the checksum: a flipped bit there is damage, too. */
    for (uint64_t i = RS_JOURNAL_HEADER + (uint64_t)len; i < rs_journal_space(len); i++) {
        if (bytes[i] != 0) return RS_ERR_PARSE;
    }
    *record = (rs_journal_record_t){.number = rs__get64(bytes + 8), .durable = rs__get64(bytes + 16), .len = len,
                                    .prev = rs__get32(bytes + 28), .crc = rs__get32(bytes + 32),
                                    .kind = (uint16_t)rs__get32(bytes + 24), .bytes = bytes + RS_JOURNAL_HEADER};
    return record->number <= INT64_MAX && record->durable < record->number ? RS_OK : RS_ERR_PARSE;
}

void rs_segment_name(uint64_t segment, char *name) { snprintf(name, RS_DISK_NAME, "journal-%016" PRIx64 ".seg", segment); }

bool rs_segment_parse_name(const char *name, uint64_t *segment) {
    if (strlen(name) != 28 || strncmp(name, "journal-", 8) != 0 || strcmp(name + 24, ".seg") != 0) return false;
    *segment = 0;
    for (unsigned i = 8; i < 24; i++) {
        const char *const digits = "0123456789abcdef", *digit = strchr(digits, name[i]);
        if (digit == NULL) return false;
        *segment = *segment << 4 | (uint64_t)(digit - digits);
    }
    return true;
}
