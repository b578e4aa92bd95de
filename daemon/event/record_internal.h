/* event/record_internal.h — numbers in records: little endian, at any address. */
#ifndef RS_EVENT_RECORD_INTERNAL_H
#define RS_EVENT_RECORD_INTERNAL_H

#include "event/event.h"

enum { RS__RECORD_VERSION = 1 };

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static inline uint64_t little64(uint64_t number) { return number; }
static inline uint32_t little32(uint32_t number) { return number; }
static inline uint16_t little16(uint16_t number) { return number; }
#else
static inline uint64_t little64(uint64_t number) { return __builtin_bswap64(number); }
static inline uint32_t little32(uint32_t number) { return __builtin_bswap32(number); }
static inline uint16_t little16(uint16_t number) { return __builtin_bswap16(number); }
#endif

static inline void put64(uint8_t *at, uint64_t number) {
    number = little64(number);
    memcpy(at, &number, sizeof number);
}
static inline void put32(uint8_t *at, uint32_t number) {
    number = little32(number);
    memcpy(at, &number, sizeof number);
}
static inline void put16(uint8_t *at, uint16_t number) {
    number = little16(number);
    memcpy(at, &number, sizeof number);
}
static inline uint64_t get64(const uint8_t *at) {
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return little64(number);
}
static inline uint32_t get32(const uint8_t *at) {
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return little32(number);
}
static inline uint16_t get16(const uint8_t *at) {
    uint16_t number;
    memcpy(&number, at, sizeof number);
    return little16(number);
}

#endif
