#include "core/window/histogram.h"

/* Block k (from 1 on) holds the values of 32 * 2^(k-1) up to twice that, in steps of 2^(k-1); block 0 and 1 have step
 * 1. */
static uint32_t block_shift(uint32_t block) { return block == 0 ? 0 : block - 1; }

uint32_t rs_hist_bucket(int64_t duration_us) {
    if (duration_us < 0) return 0;
    const int64_t ms = duration_us / RS_US_PER_MS;
    if (ms >= RS_HIST_LIMIT_MS) return RS_HIST_BUCKETS - 1;
    const uint32_t value = (uint32_t)ms;
    if (value < RS_HIST_PER_OCTAVE) return value;
    const uint32_t octave = 31u - (uint32_t)__builtin_clz(value); /* 5 .. 26 */
    const uint32_t part = (value >> (octave - 5)) - RS_HIST_PER_OCTAVE;
    return (octave - 4) * RS_HIST_PER_OCTAVE + part;
}

static int64_t nominal_low_ms(uint32_t bucket) {
    const uint32_t block = bucket / RS_HIST_PER_OCTAVE, part = bucket % RS_HIST_PER_OCTAVE;
    if (block == 0) return part;
    return (int64_t)(RS_HIST_PER_OCTAVE + part) << block_shift(block);
}

int64_t rs_hist_low_ms(uint32_t bucket) {
    if (bucket >= RS_HIST_BUCKETS - 1) return RS_HIST_LIMIT_MS;
    const int64_t low = nominal_low_ms(bucket);
    return low < RS_HIST_LIMIT_MS ? low : RS_HIST_LIMIT_MS;
}

int64_t rs_hist_high_ms(uint32_t bucket) {
    if (bucket >= RS_HIST_BUCKETS - 1) return INT64_MAX;
    const int64_t low = nominal_low_ms(bucket);
    if (low >= RS_HIST_LIMIT_MS) return RS_HIST_LIMIT_MS; /* never used */
    const int64_t high = low + (INT64_C(1) << block_shift(bucket / RS_HIST_PER_OCTAVE)) - 1;
    return high < RS_HIST_LIMIT_MS ? high : RS_HIST_LIMIT_MS - 1;
}

int64_t rs_hist_middle_ms(uint32_t bucket, int64_t min_us, int64_t max_us) {
    const int64_t low = rs_hist_low_ms(bucket);
    int64_t middle = bucket >= RS_HIST_BUCKETS - 1 ? low : low + (rs_hist_high_ms(bucket) - low) / 2;
    if (max_us >= 0 && middle > max_us / RS_US_PER_MS) middle = max_us / RS_US_PER_MS;
    if (min_us >= 0 && middle < min_us / RS_US_PER_MS) middle = min_us / RS_US_PER_MS;
    return middle;
}

int64_t rs_hist_rank(int64_t total, uint32_t per_mille) {
    /* ceil(p * n / 1000) without overflow for any n. */
    const int64_t whole = total / 1000 * per_mille, rest = total % 1000 * per_mille;
    const int64_t rank = whole + (rest + 999) / 1000;
    if (rank < 1) return 1;
    return rank < total ? rank : total;
}

int64_t rs_hist_percentile_ms(const rs_hist_entry_t *entries, size_t count, uint32_t per_mille, int64_t min_us,
                              int64_t max_us) {
    int64_t total = 0;
    for (size_t i = 0; i < count; i++) total += entries[i].count;
    if (total <= 0) return -1;
    const int64_t rank = rs_hist_rank(total, per_mille);
    int64_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        seen += entries[i].count;
        if (seen >= rank) return rs_hist_middle_ms(entries[i].bucket, min_us, max_us);
    }
    return -1;
}
