/* Readers against the writer: a view is never torn.
 *
 * The writer makes changes and evictions such that in every published state, of every window,
 *     answered = 2 * abandoned = durations counted, talk = 7 * answered, and the extremes are those of some whole
 *     state: wait_max is there exactly when something is counted, and answered_min <= wait_max <= answered_max.
 * Gauges: waiting = open_over_t + 3 = talking * 2. The readers check that, and that versions do not stand still.
 * RS_RACE_ITERATIONS scales the number of changes. */
#include "core/window/window.h"
#include "random.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { READERS = 3, KEYS = 2 };

typedef struct race {
    rs_window_store_t *store;
    _Atomic bool stop;                 /* writer: release; readers: acquire */
    _Atomic uint64_t good, again;
} race_t;

static void fail(const char *what, int64_t a, int64_t b) {
    fprintf(stderr, "torn: %s (%lld, %lld)\n", what, (long long)a, (long long)b);
    abort();
}

static void check_counts(const rs_window_view_t *view) {
    const int64_t answered = view->counts[RS_COUNT_ANSWERED];
    if (answered != 2 * view->counts[RS_COUNT_ABANDONED]) fail("answered", answered, view->counts[RS_COUNT_ABANDONED]);
    if (view->counts[RS_COUNT_TALK_US] != 7 * answered) fail("talk", view->counts[RS_COUNT_TALK_US], answered);
    if (view->counts[RS_COUNT_SL_DEN_7] != answered) fail("the last count", view->counts[RS_COUNT_SL_DEN_7], answered);
    const int64_t *extremes = view->extremes;
    if ((extremes[RS_EXTREME_ANSWERED_MAX] < 0) != (answered == 0)) fail("answered_max", extremes[RS_EXTREME_ANSWERED_MAX], answered);
    if (extremes[RS_EXTREME_WAIT_MAX] != extremes[RS_EXTREME_ANSWERED_MAX] ||
        extremes[RS_EXTREME_ANSWERED_MIN] > extremes[RS_EXTREME_ANSWERED_MAX]) {
        fail("extremes", extremes[RS_EXTREME_WAIT_MAX], extremes[RS_EXTREME_ANSWERED_MAX]);
    }
}

static bool read_counts(race_t *race, uint32_t key, uint32_t window) {
    rs_window_view_t view;
    if (rs_window_read(race->store, key, window, &view) != RS_OK) return false;
    check_counts(&view);
    const rs_count_t which[] = {RS_COUNT_SL_DEN_7, RS_COUNT_ABANDONED};
    int64_t values[2];
    if (rs_window_read_counts(race->store, key, window, which, 2, values) != RS_OK) return false;
    if (values[0] != 2 * values[1]) fail("a few counts", values[0], values[1]);
    return true;
}

static bool read_percentiles(race_t *race, uint32_t key, uint32_t window) {
    const uint32_t ranks[] = {1, 500, 1000};
    int64_t ms[3], total;
    if (rs_window_percentiles(race->store, key, window, RS_HIST_WAIT_ANSWERED, ranks, 3, ms, &total) != RS_OK) return false;
    if (total % 2 != 0) fail("durations", total, 0);
    if (total == 0 ? ms[0] != -1 || ms[2] != -1 : ms[0] < 0 || ms[0] > ms[1] || ms[1] > ms[2]) fail("ranks", ms[0], ms[2]);
    return true;
}

static bool read_gauges(race_t *race, uint32_t key) {
    rs_window_gauges_t gauges;
    if (rs_window_read_gauges(race->store, key, &gauges) != RS_OK) return false;
    if (gauges.waiting != 0 && (gauges.waiting != gauges.open_over_t + 3 || gauges.waiting != gauges.talking * 2)) {
        fail("gauges", gauges.waiting, gauges.talking);
    }
    return true;
}

static void *run_reader(void *argument) {
    race_t *race = argument;
    uint64_t good = 0, again = 0;
    for (uint64_t i = 0; !atomic_load_explicit(&race->stop, memory_order_acquire); i++) {
        const uint32_t key = (uint32_t)(i % KEYS), window = i / KEYS % 3 == 2 ? RS_WINDOW_TODAY : (uint32_t)(i / KEYS % 3);
        if (key >= rs_window_key_count(race->store)) continue;
        const bool whole[] = {read_counts(race, key, window), read_percentiles(race, key, window), read_gauges(race, key)};
        for (int w = 0; w < 3; w++) *(whole[w] ? &good : &again) += 1;
    }
    atomic_fetch_add(&race->good, good);
    atomic_fetch_add(&race->again, again);
    return NULL;
}

/* Two durations and what belongs to them; now and then an earlier pair of the same second is exchanged for another. */
static void change(race_t *race, uint32_t key, int64_t at_us, int64_t wait_us, int sign) {
    if (rs_window_begin(race->store, key, at_us) != RS_OK) exit(1);
    rs_window_count(race->store, RS_COUNT_ANSWERED, 2 * sign);
    rs_window_duration(race->store, RS_HIST_WAIT_ANSWERED, wait_us, sign);
    rs_window_count(race->store, RS_COUNT_ABANDONED, sign);
    rs_window_wait(race->store, wait_us, sign);
    rs_window_count(race->store, RS_COUNT_TALK_US, 14 * sign);
    rs_window_duration(race->store, RS_HIST_WAIT_ANSWERED, wait_us / 2, sign);
    rs_window_count(race->store, RS_COUNT_SL_DEN_7, 2 * sign);
    rs_window_end(race->store);
}

static void write_all(race_t *race, uint64_t changes) {
    rs_random_t random = {.state = 3};
    static rs_zone_transition_t transitions[] = {{0, 0}};
    static rs_zone_t zone = {.count = 1, .transitions = transitions};
    int64_t now_us = RS_US_PER_DAY - 100 * RS_US_PER_S; /* midnight comes soon */
    rs_window_advance(race->store, now_us);
    for (uint32_t k = 0; k < KEYS; k++) {
        uint32_t key;
        if (rs_window_add_key(race->store, true, &zone, &key) != RS_OK) exit(1);
    }
    for (uint64_t i = 0; i < changes; i++) {
        const uint32_t key = (uint32_t)(i % KEYS);
        const int64_t wait_us = (int64_t)rs_random_below(&random, 100 * RS_US_PER_S);
        change(race, key, now_us, wait_us, 1);
        if (i % 5 == 0) change(race, key, now_us, wait_us, -1);
        const int64_t waiting = 2 * (int64_t)(i + 4);
        rs_window_set_gauges(race->store, key,
                             &(rs_window_gauges_t){.waiting = waiting, .open_over_t = waiting - 3, .talking = waiting / 2});
        if (i % 7 == 0) now_us += (int64_t)rs_random_below(&random, 2 * RS_US_PER_S);
        if (i % 7 == 0) rs_window_advance(race->store, now_us);
        if (i % 5000 == 4999) { /* everything leaves */
            now_us += 100 * RS_US_PER_S;
            rs_window_advance(race->store, now_us);
        }
    }
}

int main(void) {
    const rs_window_settings_t settings = {.windows_us = {2 * RS_US_PER_S, 30 * RS_US_PER_S}, .window_count = 2,
                                           .max_keys = KEYS, .max_bytes = 64 << 20};
    race_t race = {0};
    if (rs_window_create(&settings, &race.store) != RS_OK) return 1;
    pthread_t readers[READERS];
    for (int i = 0; i < READERS; i++) {
        if (pthread_create(&readers[i], NULL, run_reader, &race) != 0) return 1;
    }
    write_all(&race, rs_test_number("RS_RACE_ITERATIONS", 400000));
    atomic_store_explicit(&race.stop, true, memory_order_release);
    for (int i = 0; i < READERS; i++) pthread_join(readers[i], NULL);
    const char *why = "";
    const int status = rs_window_check(race.store, &why);
    const uint64_t good = atomic_load(&race.good), again = atomic_load(&race.again);
    printf("window_read: %llu whole views, %llu to be asked again, invariant %s\n", (unsigned long long)good,
           (unsigned long long)again, status == RS_OK ? "holds" : why);
    rs_window_destroy(&race.store);
    return status == RS_OK && good > 0 ? 0 : 1;
}
