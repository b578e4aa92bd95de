/* bench/window_load.h — calls as the core tells them to the windows, for the window benches. */
#ifndef RS_BENCH_WINDOW_LOAD_H
#define RS_BENCH_WINDOW_LOAD_H

#include "core/window/window.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline int64_t bench_clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void bench_require(int status, const char *what) {
    if (status == RS_OK) return;
    fprintf(stderr, "%s: %s\n", what, rs_status_text(status));
    exit(1);
}

static rs_zone_transition_t bench_utc_transitions[] = {{0, 0}};
static rs_zone_t bench_utc = {.name = "UTC", .count = 1, .transitions = bench_utc_transitions};

#define BENCH_START_US (INT64_C(1700000000) * RS_US_PER_S)

static inline rs_window_store_t *bench_store(uint32_t keys) {
    const rs_window_settings_t settings = {
        .windows_us = {5 * RS_US_PER_MIN, 15 * RS_US_PER_MIN, 30 * RS_US_PER_MIN, RS_US_PER_HOUR},
        .window_count = 4, .max_keys = keys, .max_bytes = UINT64_C(4) << 30, .start_us = BENCH_START_US};
    rs_window_store_t *store;
    bench_require(rs_window_create(&settings, &store), "creating the windows");
    for (uint32_t i = 0; i < keys; i++) {
        uint32_t key;
        bench_require(rs_window_add_key(store, true, &bench_utc, &key), "adding a key");
    }
    return store;
}

/* About log-normal: most short, a few long; microseconds. */
static inline int64_t bench_duration(rs_random_t *random, int64_t typical_us) {
    const uint64_t bits = rs_random_next(random);
    const int64_t octaves = __builtin_popcountll(bits & 0xff) - 4; /* -4 .. 4, binomial */
    const int64_t base = octaves >= 0 ? typical_us << octaves : typical_us >> -octaves;
    return base + (int64_t)(bits >> 20) % base;
}

/* One of the five happenings of a call, in the shares that calls have them; policies: how many are counted. */
static inline void bench_change(rs_window_store_t *store, uint32_t key, int64_t at_us, rs_random_t *random, uint32_t policies) {
    bench_require(rs_window_begin(store, key, at_us), "beginning a change");
    const uint64_t kind = rs_random_below(random, 50);
    if (kind < 10) {
        rs_window_count(store, RS_COUNT_OFFERED, 1);
    } else if (kind < 20) {
        rs_window_count(store, RS_COUNT_OFFERS, 1);
    } else if (kind < 29) {
        const int64_t wait = bench_duration(random, 15 * RS_US_PER_S);
        const bool in_t = wait <= 20 * RS_US_PER_S;
        rs_window_count(store, RS_COUNT_ANSWERED, 1);
        rs_window_count(store, RS_COUNT_ANSWERED_IN_T, in_t);
        rs_window_count(store, RS_COUNT_WAIT_ANSWERED_US, wait);
        rs_window_count(store, RS_COUNT_EXCESS_US, in_t ? 0 : wait - 20 * RS_US_PER_S);
        rs_window_duration(store, RS_HIST_WAIT_ANSWERED, wait, 1);
        rs_window_wait(store, wait, 1);
        for (uint32_t p = 0; p < policies; p++) {
            rs_window_count(store, (rs_count_t)(RS_COUNT_SL_NUM_0 + p), in_t);
            rs_window_count(store, (rs_count_t)(RS_COUNT_SL_DEN_0 + p), 1);
        }
    } else if (kind < 30) {
        const int64_t wait = bench_duration(random, 40 * RS_US_PER_S);
        rs_window_count(store, RS_COUNT_ABANDONED, 1);
        rs_window_count(store, RS_COUNT_WAIT_ABANDONED_US, wait);
        rs_window_duration(store, RS_HIST_WAIT_ABANDONED, wait, 1);
        rs_window_wait(store, wait, 1);
        for (uint32_t p = 0; p < policies; p++) rs_window_count(store, (rs_count_t)(RS_COUNT_SL_DEN_0 + p), 1);
    } else if (kind < 40) {
        const int64_t talk = bench_duration(random, 180 * RS_US_PER_S);
        rs_window_count(store, RS_COUNT_HANDLED, 1);
        rs_window_count(store, RS_COUNT_TALK_US, talk);
        rs_window_duration(store, RS_HIST_TALK, talk, 1);
        if (kind < 33) {
            const int64_t hold = bench_duration(random, 20 * RS_US_PER_S);
            rs_window_count(store, RS_COUNT_HOLDS, 1);
            rs_window_count(store, RS_COUNT_HOLD_US, hold);
            rs_window_duration(store, RS_HIST_HOLD, hold, 1);
        }
    } else {
        const int64_t wrap = bench_duration(random, 30 * RS_US_PER_S);
        rs_window_count(store, RS_COUNT_WRAPS, 1);
        rs_window_count(store, RS_COUNT_WRAP_US, wrap);
        rs_window_duration(store, RS_HIST_WRAP, wrap, 1);
        rs_window_duration(store, RS_HIST_HANDLE, wrap + bench_duration(random, 180 * RS_US_PER_S), 1);
    }
    rs_window_end(store);
}

#endif
