/* journal/bytes.h — little-endian numbers and the checksum, for the formats of this room. */
#ifndef RS_JOURNAL_BYTES_H
#define RS_JOURNAL_BYTES_H

#include <isa-l/crc.h>
#include <stddef.h>
#include <stdint.h>

static inline void rs__put32(unsigned char *at, uint32_t value) {
    for (unsigned i = 0; i < 4; i++) at[i] = (unsigned char)(value >> 8 * i);
}
static inline void rs__put64(unsigned char *at, uint64_t value) {
    rs__put32(at, (uint32_t)value);
    rs__put32(at + 4, (uint32_t)(value >> 32));
}
static inline uint32_t rs__get32(const unsigned char *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}
static inline uint64_t rs__get64(const unsigned char *at) { return rs__get32(at) | (uint64_t)rs__get32(at + 4) << 32; }

/* CRC-32C going on from `crc` (begin with RS__CRC_BEGIN). The library's parameter is not const, but it only reads. */
#define RS__CRC_BEGIN UINT32_MAX
static inline uint32_t rs__crc32c(uint32_t crc, const void *bytes, size_t len) {
    return crc32_iscsi((unsigned char *)(uintptr_t)bytes, (int)len, crc);
}

#endif
