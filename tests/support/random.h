/* support/random.h — reproducible random numbers for tests: the seed is printed, RS_SEED repeats a run. */
#ifndef RS_TEST_RANDOM_H
#define RS_TEST_RANDOM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* 1 in a build with a sanitizer, which makes everything 2 to 15 times slower: fewer seeds then; else 0. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)   /* gcc */
#define RS_SANITIZED 1
#elif defined(__has_feature)                                        /* clang */
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define RS_SANITIZED 1
#endif
#endif
#ifndef RS_SANITIZED
#define RS_SANITIZED 0
#endif

typedef struct rs_random { uint64_t state; } rs_random_t;

/* splitmix64: every seed is as good as any other. */
static inline uint64_t rs_random_next(rs_random_t *random) {
    uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Uniform enough in [0, bound), bound > 0. */
static inline uint64_t rs_random_below(rs_random_t *random, uint64_t bound) { return rs_random_next(random) % bound; }

/* The seed of this run: RS_SEED, else the time; printed so that a failure can be repeated. */
static inline uint64_t rs_random_seed(void) {
    const char *given = getenv("RS_SEED");
    struct timespec now;
    (void)timespec_get(&now, TIME_UTC);
    const uint64_t seed = given != NULL ? strtoull(given, NULL, 0)
                                        : (uint64_t)now.tv_sec * UINT64_C(1000000007) + (uint64_t)now.tv_nsec;
    printf("seed: RS_SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    return seed;
}

/* A positive number from the environment, such as RS_RACE_ITERATIONS. */
static inline uint64_t rs_test_number(const char *name, uint64_t otherwise) {
    const char *given = getenv(name);
    const uint64_t number = given != NULL ? strtoull(given, NULL, 0) : 0;
    return number != 0 ? number : otherwise;
}

#endif
