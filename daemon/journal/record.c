#include "journal/record.h"

#include "journal/disk.h"

#include <inttypes.h>
#include <isa-l/crc.h>
#include <stdio.h>
#include <stdlib.h>

static const char segment_magic[8] = {'R', 'S', 'J', 'O', 'U', 'R', 'N', '1'};
static const uint32_t record_magic = 0x314a5352;   /* "RSJ1" */

static void put32(unsigned char *at, uint32_t value) {
    for (unsigned i = 0; i < 4; i++) at[i] = (unsigned char)(value >> 8 * i);
}
static void put64(unsigned char *at, uint64_t value) {
    put32(at, (uint32_t)value);
    put32(at + 4, (uint32_t)(value >> 32));
}
static uint32_t get32(const unsigned char *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}
static uint64_t get64(const unsigned char *at) { return get32(at) | (uint64_t)get32(at + 4) << 32; }

/* The library's parameter is not const, but it only reads. */
static uint32_t crc32c(uint32_t crc, const unsigned char *bytes, size_t len) {
    return crc32_iscsi((unsigned char *)(uintptr_t)bytes, (int)len, crc);
}

void rs_segment_write_header(const rs_segment_header_t *header, unsigned char bytes[RS_SEGMENT_HEADER]) {
    memcpy(bytes, segment_magic, sizeof segment_magic);
    put32(bytes + 8, header->version);
    put32(bytes + 12, RS_SEGMENT_RECORDS_AT);
    put64(bytes + 16, header->journal);
    put64(bytes + 24, header->segment);
    put64(bytes + 32, header->first);
    put32(bytes + 40, header->chain);
    put32(bytes + 44, crc32c(~0u, bytes, 44));
}

int rs_segment_read_header(const unsigned char bytes[RS_SEGMENT_HEADER], rs_segment_header_t *header) {
    if (memcmp(bytes, segment_magic, sizeof segment_magic) != 0 || get32(bytes + 44) != crc32c(~0u, bytes, 44)) return RS_ERR_PARSE;
    *header = (rs_segment_header_t){.version = get32(bytes + 8), .journal = get64(bytes + 16), .segment = get64(bytes + 24),
                                    .first = get64(bytes + 32), .chain = get32(bytes + 40)};
    return header->version > RS_JOURNAL_VERSION || get32(bytes + 12) != RS_SEGMENT_RECORDS_AT ? RS_ERR_VERSION : RS_OK;
}

static uint32_t record_crc(uint64_t segment, const unsigned char *record, uint32_t len) {
    unsigned char number[8];
    put64(number, segment);
    uint32_t crc = crc32c(~0u, number, sizeof number);
    crc = crc32c(crc, record, 32);
    return crc32c(crc, record + RS_JOURNAL_HEADER, len);
}

void rs_journal_write_record(uint64_t segment, rs_journal_record_t *record, unsigned char *at) {
    put32(at, record_magic);
    put32(at + 4, record->len);
    put64(at + 8, record->number);
    put64(at + 16, record->durable);
    put32(at + 24, record->kind);
    put32(at + 28, record->prev);
    if (record->len != 0) memcpy(at + RS_JOURNAL_HEADER, record->bytes, record->len);
    memset(at + RS_JOURNAL_HEADER + record->len, 0, rs_journal_space(record->len) - RS_JOURNAL_HEADER - record->len);
    record->crc = record_crc(segment, at, record->len);
    put32(at + 32, record->crc);
    put32(at + 36, 0);
}

int rs_journal_read_record(uint64_t segment, const unsigned char *bytes, size_t size, rs_journal_record_t *record) {
    if (size < RS_JOURNAL_HEADER) return RS_ERR_AGAIN;
    const uint32_t len = get32(bytes + 4);
    if (get32(bytes) != record_magic || len > RS_JOURNAL_RECORD_BYTES) return RS_ERR_PARSE;
    if (get32(bytes + 36) != 0 || get32(bytes + 24) > UINT16_MAX) return RS_ERR_PARSE;
    if (rs_journal_space(len) > size) return RS_ERR_AGAIN;
    if (get32(bytes + 32) != record_crc(segment, bytes, len)) return RS_ERR_PARSE;
    /* The padding is not under the checksum: a flipped bit there is damage, too. */
    for (uint64_t i = RS_JOURNAL_HEADER + (uint64_t)len; i < rs_journal_space(len); i++) {
        if (bytes[i] != 0) return RS_ERR_PARSE;
    }
    *record = (rs_journal_record_t){.number = get64(bytes + 8), .durable = get64(bytes + 16), .len = len, .prev = get32(bytes + 28),
                                    .crc = get32(bytes + 32), .kind = (uint16_t)get32(bytes + 24), .bytes = bytes + RS_JOURNAL_HEADER};
    return RS_OK;
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
