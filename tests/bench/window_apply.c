/* What a change costs, and what a key weighs.
 *
 * Speed: 10,000 queues, 5,000 changes in a second of their time, for two hours: so the second hour evicts from every
 * window as much as it adds. Yardstick of the same run: one key look-up and 16 integer additions.
 * Memory: keys with a call a minute (quiet), a call a second and two a second (busy), for two hours, eight policies
 *         counted. */
#include "window_load.h"

enum { KEYS = 10000, PER_SECOND = 5000, ADDITIONS = 16, AHEAD = 2, TABLE = 1 << 15 };

typedef struct yard_key { uint64_t id; int64_t counts[64]; } yard_key_t;
typedef struct yardstick { uint32_t slots[TABLE]; yard_key_t keys[KEYS]; } yardstick_t;

static uint64_t key_id(uint32_t key) { return (key + 1) * UINT64_C(0x9e3779b97f4a7c15); }

static yardstick_t *make_yardstick(void) {
    yardstick_t *yard = calloc(1, sizeof *yard);
    if (yard == NULL) exit(1);
    for (uint32_t k = 0; k < KEYS; k++) {
        yard->keys[k].id = key_id(k);
        uint64_t slot = key_id(k) >> 49;
        while (yard->slots[slot % TABLE] != 0) slot++;
        yard->slots[slot % TABLE] = k + 1;
    }
    return yard;
}

static double measure_yardstick(void) {
    yardstick_t *yard = make_yardstick();
    rs_random_t random = {.state = 7};
    const uint32_t rounds = 4000000;
    const int64_t begun = bench_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t i = 0; i < rounds; i++) {
        const uint64_t bits = rs_random_next(&random), id = key_id((uint32_t)((bits >> 32) % KEYS));
        uint64_t slot = id >> 49;
        while (yard->keys[yard->slots[slot % TABLE] - 1].id != id) slot++;
        yard_key_t *key = &yard->keys[yard->slots[slot % TABLE] - 1];
        for (uint32_t a = 0; a < ADDITIONS; a++) key->counts[(a * 3 + (bits & 15)) % 64] += (int64_t)(bits & 3);
    }
    const double ns = (double)(bench_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun) / rounds;
    int64_t sum = 0;
    for (uint32_t k = 0; k < KEYS; k++) sum += yard->keys[k].counts[k % 64];
    if (sum < 0) printf("impossible\n"); /* keeps the additions */
    free(yard);
    return ns;
}

/* The cost of making the numbers that the changes carry, to be taken off. */
static double measure_generator(void) {
    rs_random_t random = {.state = 7};
    int64_t sum = 0;
    const uint32_t rounds = 4000000;
    const int64_t begun = bench_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t i = 0; i < rounds; i++) {
        sum += (int64_t)rs_random_below(&random, KEYS) + (int64_t)rs_random_below(&random, 50);
        sum += bench_duration(&random, 15 * RS_US_PER_S);
    }
    const double ns = (double)(bench_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun) / rounds;
    if (sum == 1) printf("impossible\n");
    return ns;
}

typedef struct hour { double change_ns, evict_ns; int64_t worst_second_ns; } hour_t;

static hour_t run_hour(rs_window_store_t *store, rs_random_t *random, int64_t *now_us, bool prefetch) {
    hour_t hour = {0};
    int64_t changing = 0, evicting = 0;
    for (uint32_t s = 0; s < 3600; s++) {
        const int64_t begun = bench_clock_ns(CLOCK_THREAD_CPUTIME_ID);
        *now_us += RS_US_PER_S;
        rs_window_advance(store, *now_us);
        const int64_t evicted = bench_clock_ns(CLOCK_THREAD_CPUTIME_ID);
        uint32_t ahead[AHEAD] = {0}; /* the keys of the next changes are known, as those of the records in the ring are */
        for (uint32_t i = 0; i < PER_SECOND + AHEAD; i++) {
            const uint32_t key = ahead[i % AHEAD];
            ahead[i % AHEAD] = (uint32_t)rs_random_below(random, KEYS);
            if (prefetch) rs_window_prefetch(store, ahead[i % AHEAD], true);
            if (i >= AHEAD) bench_change(store, key, *now_us, random, 2);
        }
        changing += bench_clock_ns(CLOCK_THREAD_CPUTIME_ID) - evicted;
        evicting += evicted - begun;
        if (evicted - begun > hour.worst_second_ns) hour.worst_second_ns = evicted - begun;
    }
    hour.change_ns = (double)changing / 3600 / PER_SECOND;
    hour.evict_ns = (double)evicting / 3600 / PER_SECOND;
    return hour;
}

static void measure_speed(void) {
    const double generator = measure_generator();
    rs_window_store_t *store = bench_store(KEYS);
    rs_random_t random = {.state = 11};
    int64_t now_us = BENCH_START_US;
    const hour_t first = run_hour(store, &random, &now_us, false), second = run_hour(store, &random, &now_us, false);
    const hour_t third = run_hour(store, &random, &now_us, true);
    const double yard = measure_yardstick();
    const double ours = second.change_ns - generator;
    printf("yardstick: one look-up and %d additions   %6.1f ns\n", ADDITIONS, yard);
    printf("first hour:  change %6.1f ns, evictions per change %6.1f ns\n", first.change_ns - generator, first.evict_ns);
    printf("second hour: change %6.1f ns, evictions per change %6.1f ns, longest at once %.2f ms\n", ours, second.evict_ns,
           (double)second.worst_second_ns / 1e6);
    printf("third hour:  change %6.1f ns when its key was announced %d changes before\n", third.change_ns - generator, AHEAD);
    printf("ratio to the yardstick: change %.2f, with evictions %.2f\n", ours / yard, (ours + second.evict_ns) / yard);
    printf("memory: %.0f MiB for %d queues at %d changes/s (%.1f KiB each)\n", (double)rs_window_bytes(store) / 1048576, KEYS,
           PER_SECOND, (double)rs_window_bytes(store) / 1024 / KEYS);
    const char *why = NULL;
    if (getenv("RS_BENCH_CHECK") != NULL && rs_window_check(store, &why) != RS_OK) printf("invariant: %s\n", why);
    rs_window_destroy(&store);
}

static void measure_memory(const char *name, uint32_t keys, int64_t us_between_calls) {
    rs_window_store_t *store = bench_store(keys);
    rs_random_t random = {.state = 5};
    const int64_t between_us = us_between_calls / 5; /* happenings */
    for (int64_t at_us = BENCH_START_US; at_us < BENCH_START_US + 2 * RS_US_PER_HOUR; at_us += between_us) {
        rs_window_advance(store, at_us);
        for (uint32_t k = 0; k < keys; k++) bench_change(store, k, at_us, &random, RS_MAX_POLICIES);
    }
    printf("memory: %-28s %6.1f KiB per key\n", name, (double)rs_window_bytes(store) / 1024 / keys);
    rs_window_destroy(&store);
}

int main(void) {
    measure_speed();
    measure_memory("a call a minute", 1000, RS_US_PER_MIN);
    measure_memory("a call a second", 50, RS_US_PER_S);
    measure_memory("two calls a second", 50, RS_US_PER_S / 2);
    measure_memory("ten calls a second", 10, RS_US_PER_S / 10);
    return 0;
}
