/* core/hash.h — the hash of the core's tables: XXH3 with a seed that outsiders do not know. Only the layout of tables
 * depends on the seed, never a figure. */
#ifndef RS_CORE_HASH_H
#define RS_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct rs_hash128 { uint64_t low, high; } rs_hash128_t;

uint64_t rs_hash64(const void *bytes, size_t len, uint64_t seed);
/* Wide enough to stand for the bytes themselves: two different inputs are taken as different. */
rs_hash128_t rs_hash128(const void *bytes, size_t len, uint64_t seed);

/* Mixes a small fixed-size identity (splitmix64's finaliser). */
static inline uint64_t rs_hash_mix(uint64_t x) {
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#endif
