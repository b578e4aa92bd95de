/* One writer changes words in place, two readers copy them: a copy that is not discarded is never torn, and what the writer
 * did before is visible. RS_RACE_ITERATIONS scales it.
 *
 * Proof that it can fail: -DRS_TEST_WEAK_SEQLOCK=1, 2 or 3, see weak_seqlock.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#ifdef RS_TEST_WEAK_SEQLOCK
#include "weak_seqlock.h"
#else
#include "ring/seqlock.h"
#endif
#include "random.h"

#include <pthread.h>
#include <sched.h>

enum { WORDS = 24, READERS = 2 };

typedef struct race {
    rs_seqlock_t lock;
    _Atomic uint64_t words[WORDS];   /* word i of change n is n * (2 i + 1) */
    uint64_t *notes;                 /* plain, one per change, written before the change, read by who saw the change */
    uint64_t iterations;
    _Atomic uint32_t ready;          /* readers that have begun; relaxed: only delays the writer's start */
    atomic_bool done;                /* release by the writer, acquire by the readers: they copy once more then */
} race_t;
typedef struct reader {
    race_t *race;
    uint64_t copies, discarded, last, torn, notes_wrong, backwards;
} reader_t;

static void *change_words(void *context) {
    race_t *race = context;
    while (atomic_load_explicit(&race->ready, memory_order_relaxed) < READERS) sched_yield();
    for (uint64_t n = 1; n <= race->iterations; n++) {
        race->notes[n] = ~n;
        rs_seqlock_write_begin(&race->lock);
        for (uint64_t i = 0; i < WORDS; i++) {
            atomic_store_explicit(&race->words[i], n * (2 * i + 1), memory_order_relaxed);
        }
        rs_seqlock_write_end(&race->lock);
        if (n % 1024 == 0) sched_yield();   /* lets a reader in on a busy machine, also in the middle of its copy */
    }
    atomic_store_explicit(&race->done, true, memory_order_release);
    return NULL;
}

static void check_copy(reader_t *reader, const uint64_t copy[WORDS]) {
    const uint64_t n = copy[0];
    reader->copies++;
    if (n < reader->last) reader->backwards++;
    reader->last = n;
    for (uint64_t i = 1; i < WORDS; i++) {
        if (copy[i] != n * (2 * i + 1)) {
            reader->torn++;
            return;
        }
    }
    if (n != 0 && reader->race->notes[n] != ~n) reader->notes_wrong++;
}

static void copy_once(reader_t *reader) {
    race_t *race = reader->race;
    uint64_t copy[WORDS];
    for (;;) {
        const uint32_t version = rs_seqlock_read_begin(&race->lock);
        for (size_t i = 0; i < WORDS; i++) copy[i] = atomic_load_explicit(&race->words[i], memory_order_relaxed);
        if (!rs_seqlock_read_retry(&race->lock, version)) break;
        reader->discarded++;
    }
    check_copy(reader, copy);
}

static void *copy_words(void *context) {
    reader_t *reader = context;
    atomic_fetch_add_explicit(&reader->race->ready, 1, memory_order_relaxed);
    while (!atomic_load_explicit(&reader->race->done, memory_order_acquire)) copy_once(reader);
    copy_once(reader);
    return NULL;
}

static void kept_copies_are_never_torn(void **state) {
    (void)state;
    race_t race = {.iterations = rs_test_number("RS_RACE_ITERATIONS", 2000000)};
    race.notes = calloc((size_t)race.iterations + 1, sizeof(*race.notes));
    assert_non_null(race.notes);
    pthread_t writer, threads[READERS];
    reader_t readers[READERS] = {{.race = &race}, {.race = &race}};
    assert_int_equal(pthread_create(&writer, NULL, change_words, &race), 0);
    for (size_t i = 0; i < READERS; i++) assert_int_equal(pthread_create(&threads[i], NULL, copy_words, &readers[i]), 0);
    assert_int_equal(pthread_join(writer, NULL), 0);
    for (size_t i = 0; i < READERS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    free(race.notes);
    for (size_t i = 0; i < READERS; i++) {
        printf("reader %zu: %" PRIu64 " copies, %" PRIu64 " discarded, %" PRIu64 " torn\n", i, readers[i].copies,
               readers[i].discarded, readers[i].torn);
        assert_int_equal(readers[i].torn, 0);
        assert_int_equal(readers[i].backwards, 0);
        assert_int_equal(readers[i].notes_wrong, 0);
        assert_true(readers[i].last == race.iterations);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(kept_copies_are_never_torn)};
    return cmocka_run_group_tests_name("seqlock_race", tests, NULL, NULL);
}
