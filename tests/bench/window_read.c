/* What reading a window costs, and what readers cost the writer.
 *
 * A busy queue (two calls a second for a day's first two hours) and 999 others. Read: the counts and the p90 wait of 5
 * minutes, 1 hour and today; the yardstick is the same of a store whose only window is 5 minutes. Then four readers, as
 * fast as they can and at 1,000 reads a second each, against the writer's processor time for each change (not the
 * clock's: there may be fewer processors than threads). */
#include "window_load.h"

#include <pthread.h>
#include <stdatomic.h>

enum { KEYS = 1000, READS = 300000, READERS = 4, ROUNDS = 7 };

static void fill(rs_window_store_t *store, rs_random_t *random, int64_t *now_us, int64_t for_us) {
    const int64_t end_us = *now_us + for_us;
    for (; *now_us < end_us; *now_us += 100 * RS_US_PER_MS) {
        rs_window_advance(store, *now_us);
        bench_change(store, 0, *now_us, random, 2);
        bench_change(store, 1 + (uint32_t)rs_random_below(random, KEYS - 1), *now_us, random, 2);
    }
}

static int compare_double(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare_double);
    return values[count / 2];
}

static void read_once(const rs_window_store_t *store, uint32_t key, uint32_t window) {
    const uint32_t rank = 900;
    rs_window_view_t view;
    int64_t ms, total;
    if (rs_window_read(store, key, window, &view) != RS_OK) return;
    if (rs_window_percentiles(store, key, window, RS_HIST_WAIT_ANSWERED, &rank, 1, &ms, &total) != RS_OK) return;
    __asm__ volatile("" : : "r"(&view), "r"(ms), "r"(total) : "memory"); /* the result is used */
}

static double measure_read(const rs_window_store_t *store, uint32_t window, bool one_key) {
    double rounds[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        const int64_t begun = bench_clock_ns(CLOCK_THREAD_CPUTIME_ID);
        for (uint32_t i = 0; i < READS; i++) read_once(store, one_key ? 0 : i * 7919 % KEYS, window);
        rounds[r] = (double)(bench_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun) / READS;
    }
    return median(rounds, ROUNDS);
}

static rs_window_store_t *short_store(void) {
    const rs_window_settings_t settings = {.windows_us = {5 * RS_US_PER_MIN}, .window_count = 1, .max_keys = KEYS,
                                           .max_bytes = UINT64_C(1) << 30, .start_us = BENCH_START_US};
    rs_window_store_t *store;
    bench_require(rs_window_create(&settings, &store), "creating the yardstick");
    for (uint32_t i = 0; i < KEYS; i++) {
        uint32_t key;
        bench_require(rs_window_add_key(store, true, &bench_utc, &key), "adding a key");
    }
    return store;
}

/* --- readers against the writer ----------------------------------------------------------------------------------- */
typedef struct crowd {
    const rs_window_store_t *store;
    int64_t pause_ns;
    _Atomic bool stop;          /* main: release; readers: acquire */
    _Atomic uint64_t reads;
} crowd_t;

static void *run_reader(void *argument) {
    crowd_t *crowd = argument;
    uint64_t reads = 0;
    for (; !atomic_load_explicit(&crowd->stop, memory_order_acquire); reads++) {
        read_once(crowd->store, (uint32_t)(reads * 7919 % KEYS), reads % 3 == 0 ? RS_WINDOW_TODAY : (uint32_t)(reads % 3 + 1));
        if (crowd->pause_ns > 0) nanosleep(&(struct timespec){.tv_nsec = crowd->pause_ns}, NULL);
    }
    atomic_fetch_add(&crowd->reads, reads);
    return NULL;
}

static double measure_writer(rs_window_store_t *store, rs_random_t *random, int64_t *now_us) {
    const uint32_t changes = 300000;
    const int64_t begun = bench_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t i = 0; i < changes; i++) {
        if (i % 100 == 0) *now_us += 20 * RS_US_PER_MS;
        if (i % 100 == 0) rs_window_advance(store, *now_us);
        bench_change(store, (uint32_t)rs_random_below(random, KEYS), *now_us, random, 2);
    }
    return (double)(bench_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun) / changes;
}

/* Rounds with and without readers by turns, so that the machine's moods meet both. */
static void measure_crowd(rs_window_store_t *store, rs_random_t *random, int64_t *now_us, const char *name, int64_t pause_ns) {
    double alone[ROUNDS], watched[ROUNDS];
    uint64_t reads = 0;
    (void)measure_writer(store, random, now_us);
    for (int r = 0; r < ROUNDS; r++) {
        crowd_t crowd = {.store = store, .pause_ns = pause_ns};
        pthread_t readers[READERS];
        alone[r] = measure_writer(store, random, now_us);
        for (int i = 0; i < READERS; i++) {
            if (pthread_create(&readers[i], NULL, run_reader, &crowd) != 0) exit(1);
        }
        watched[r] = measure_writer(store, random, now_us);
        atomic_store_explicit(&crowd.stop, true, memory_order_release);
        for (int i = 0; i < READERS; i++) pthread_join(readers[i], NULL);
        reads += atomic_load(&crowd.reads);
    }
    const double without = median(alone, ROUNDS), with = median(watched, ROUNDS);
    printf("writer: change %6.1f ns alone, %6.1f ns with %d readers %s (%llu reads): slower by %+.1f %%\n", without, with, READERS,
           name, (unsigned long long)reads, (with / without - 1) * 100);
}

int main(void) {
    rs_window_store_t *store = bench_store(KEYS), *yard = short_store();
    rs_random_t random = {.state = 21}, same = {.state = 21};
    int64_t now_us = BENCH_START_US, yard_us = BENCH_START_US;
    fill(store, &random, &now_us, 2 * RS_US_PER_HOUR);
    fill(yard, &same, &yard_us, 2 * RS_US_PER_HOUR);
    const struct { const char *name; uint32_t window; } windows[] = {{"5 minutes", 0}, {"1 hour", 3}, {"today", RS_WINDOW_TODAY}};
    for (int one = 1; one >= 0; one--) {
        const double yardstick = measure_read(yard, 0, one != 0);
        printf("%s: counts and p90\n", one != 0 ? "one busy queue" : "1,000 queues by turns");
        printf("  yardstick: a store of 5 minutes only   %6.1f ns\n", yardstick);
        for (size_t i = 0; i < RS_ARRAY_LEN(windows); i++) {
            const double ns = measure_read(store, windows[i].window, one != 0);
            printf("  %-10s                             %6.1f ns, ratio %.2f\n", windows[i].name, ns, ns / yardstick);
        }
    }
    measure_crowd(store, &random, &now_us, "at 1,000/s each", 1000000);
    measure_crowd(store, &random, &now_us, "without pause", 0);
    rs_window_destroy(&yard);
    rs_window_destroy(&store);
    return 0;
}
