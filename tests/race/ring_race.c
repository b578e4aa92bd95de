/* Two threads, or three with a tap, on one small ring: every record comes once, in order, whole. RS_RACE_ITERATIONS scales it.
 *
 * Proof that it can fail: the bugs WEAK_TAIL and WEAK_HEAD (base/planted.h) publish the writer's or a reader's position with a relaxed
 * store; ThreadSanitizer reports the records' bytes as a data race then, by gcc and by clang. Without ThreadSanitizer nothing is seen
 * on x86, whose stores are never reordered among themselves and whose compilers leave these stores in place; a weakly ordered machine
 * would fail on the payload. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "random.h"
#include "ring/ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { CAPACITY = 4096, MAX_WORDS = 40 };

typedef struct race {
    rs_ring_t *ring;
    uint64_t iterations, seed;
    atomic_bool stop;        /* set by a reader after a failure; relaxed: only ends the others' loops */
    char failure[128];       /* written by a reader, read after it was joined */
} race_t;

/* One of the two readers. */
typedef struct side {
    race_t *race;
    bool (*peek)(rs_ring_t *ring, rs_ring_record_t *record);
    void (*release)(rs_ring_t *ring, uint64_t position);
    uint64_t (*position)(const rs_ring_t *ring);
    uint64_t seed;
} side_t;

static uint64_t word_of(uint64_t number, uint64_t index) {
    return number * UINT64_C(0x9e3779b97f4a7c15) + index;
}

static void *write_records(void *context) {
    race_t *race = context;
    rs_random_t random = {race->seed};
    for (uint64_t number = 1; number <= race->iterations; number++) {
        const size_t words = 1 + (size_t)rs_random_below(&random, MAX_WORDS);
        void *bytes = NULL;
        while (rs_ring_claim(race->ring, words * sizeof(uint64_t), &bytes) != RS_OK) {
            if (atomic_load_explicit(&race->stop, memory_order_relaxed)) return NULL;
            sched_yield();
        }
        for (size_t i = 0; i < words; i++) ((uint64_t *)bytes)[i] = word_of(number, i);
        const size_t kept = number % 5 == 0 ? (words + 1) / 2 : words;
        (void)rs_ring_commit(race->ring, kept * sizeof(uint64_t), (uint32_t)(number % 1000 + 1));
    }
    return NULL;
}

static bool is_record(race_t *race, const rs_ring_record_t *record, uint64_t number) {
    const uint64_t *words = record->bytes;
    bool same = record->kind == number % 1000 + 1 && record->len % sizeof(uint64_t) == 0 && record->len != 0;
    for (size_t i = 0; same && i < record->len / sizeof(uint64_t); i++) same = words[i] == word_of(number, i);
    if (!same) (void)snprintf(race->failure, sizeof(race->failure), "record %" PRIu64 " is not whole", number);
    return same;
}

static void *read_records(void *context) {
    const side_t *side = context;
    race_t *race = side->race;
    rs_random_t random = {side->seed};
    uint64_t number = 0;
    while (number < race->iterations && !atomic_load_explicit(&race->stop, memory_order_relaxed)) {
        rs_ring_record_t record;
        uint64_t until = side->position(race->ring);
        for (uint64_t batch = 1 + rs_random_below(&random, 8); batch > 0 && side->peek(race->ring, &record); batch--) {
            if (!is_record(race, &record, ++number)) {
                atomic_store_explicit(&race->stop, true, memory_order_relaxed);
                return NULL;
            }
            until = record.position;
        }
        if (until == side->position(race->ring)) sched_yield();
        else side->release(race->ring, until);
    }
    return NULL;
}

static void run_race(uint64_t start, uint64_t iterations, uint64_t seed, bool is_tapped) {
    race_t race = {.iterations = iterations, .seed = seed};
    assert_int_equal(rs_ring_create(CAPACITY, &race.ring), RS_OK);
    rs_ring_start_at(race.ring, start);
    side_t reading = {&race, rs_ring_peek, rs_ring_release, rs_ring_consumed, ~seed};
    side_t tapping = {&race, rs_ring_tap_peek, rs_ring_tap_release, rs_ring_tapped, seed + 1};
    if (is_tapped) rs_ring_tap(race.ring);
    pthread_t writer, reader, tap;
    assert_int_equal(pthread_create(&writer, NULL, write_records, &race), 0);
    assert_int_equal(pthread_create(&reader, NULL, read_records, &reading), 0);
    if (is_tapped) assert_int_equal(pthread_create(&tap, NULL, read_records, &tapping), 0);
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_int_equal(pthread_join(reader, NULL), 0);
    if (is_tapped) assert_int_equal(pthread_join(tap, NULL), 0);
    if (race.failure[0] != '\0') fail_msg("%s", race.failure);
    const char *why = "";
    if (rs_ring_check(race.ring, &why) != RS_OK) fail_msg("broken: %s", why);
    assert_true(rs_ring_written(race.ring) == rs_ring_consumed(race.ring));
    assert_true(!is_tapped || rs_ring_written(race.ring) == rs_ring_tapped(race.ring));
    rs_ring_destroy(&race.ring);
}

static void every_record_arrives_once_in_order_and_whole(void **state) {
    (void)state;
    run_race(0, rs_test_number("RS_RACE_ITERATIONS", 1000000), rs_random_seed(), false);
}
static void records_arrive_whole_across_two_to_the_64(void **state) {
    (void)state;
    const uint64_t iterations = rs_test_number("RS_RACE_ITERATIONS", 1000000);
    run_race(UINT64_C(0) - iterations / 2 * 8, iterations, rs_random_seed(), false);
}

static void a_tap_sees_the_same_at_its_own_pace(void **state) {
    (void)state;
    const uint64_t iterations = rs_test_number("RS_RACE_ITERATIONS", 1000000);
    run_race(UINT64_C(0) - iterations / 2 * 8, iterations, rs_random_seed(), true);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_record_arrives_once_in_order_and_whole),
                                       cmocka_unit_test(records_arrive_whole_across_two_to_the_64),
                                       cmocka_unit_test(a_tap_sees_the_same_at_its_own_pace)};
    return cmocka_run_group_tests_name("ring_race", tests, NULL, NULL);
}
