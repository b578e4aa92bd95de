#include "core/hash.h"

#define XXH_INLINE_ALL
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <xxhash.h>
#pragma GCC diagnostic pop

uint64_t rs_hash64(const void *bytes, size_t len, uint64_t seed) { return XXH3_64bits_withSeed(bytes, len, seed); }

rs_hash128_t rs_hash128(const void *bytes, size_t len, uint64_t seed) {
    const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes, len, seed);
    return (rs_hash128_t){.low = hash.low64, .high = hash.high64};
}
