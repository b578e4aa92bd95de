/* The core's thread renames agents while another one reads their names: a place and a length that are read together belong together, before
 * or after the change. RS_RACE_ITERATIONS: so many renames, at least (80,000). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "core/names.h"
#include "random.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { NAMES = 4096, LONG = 40, TENANT = 2 };

typedef struct race {
    rs_names_t names;
    uint32_t first;                  /* of the agents' numbers */
    _Atomic bool ready, done;        /* ready: relaxed, only delays the writer; done: release by the writer, acquire by the reader */
    uint64_t read, after, torn;      /* the reader's, read once it has been joined */
} race_t;

static void read_name(race_t *race, uint32_t number) {
    const rs_str_t text = rs_names_text_anywhere(&race->names, number);
    const bool is_renamed = text.data == race->names.places[number].bytes;
    race->read++;
    race->after += is_renamed;
    race->torn += text.len != (is_renamed ? (uint32_t)RS_NAME_INLINE : (uint32_t)LONG);
}

static void *read_names(void *context) {
    race_t *race = context;
    for (bool is_last = false; !is_last;) {
        is_last = atomic_load_explicit(&race->done, memory_order_acquire);
        for (uint32_t i = 0; i < NAMES; i++) read_name(race, race->first + i);
        atomic_store_explicit(&race->ready, true, memory_order_relaxed);
    }
    return NULL;
}

static void rename_all(race_t *race) {
    for (uint32_t i = 0; i < NAMES; i++) {
        char text[RS_NAME_INLINE + 1];
        snprintf(text, sizeof text, "erased-%09x", i);
        assert_true(rs_names_rename_agent(&race->names, race->first + i, rs_str(text)));
        if (i % 64 == 0) sched_yield();
    }
}

static void a_name_is_read_whole_while_it_changes(void **state) {
    (void)state;
    const uint64_t rounds = rs_test_number("RS_RACE_ITERATIONS", 80000) / NAMES + 1;
    uint64_t read = 0, after = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        race_t race = {0};
        pthread_t reader;
        assert_int_equal(rs_names_init(&race.names, NAMES + 8, round), RS_OK);
        assert_int_equal(rs_names_number(&race.names, RS_STR("default")), TENANT);
        race.first = race.names.count + 1;
        for (uint32_t i = 0; i < NAMES; i++) {
            char text[LONG + 1];
            snprintf(text, sizeof text, "%040u", i);
            assert_int_equal(rs_names_agent(&race.names, TENANT, rs_str(text)), race.first + i);
        }
        assert_int_equal(pthread_create(&reader, NULL, read_names, &race), 0);
        while (!atomic_load_explicit(&race.ready, memory_order_relaxed)) sched_yield();
        rename_all(&race);
        atomic_store_explicit(&race.done, true, memory_order_release);
        pthread_join(reader, NULL);
        assert_int_equal(race.torn, 0);
        read += race.read;
        after += race.after;
        rs_names_deinit(&race.names);
    }
    print_message("%llu names read, %llu of them after the change\n", (unsigned long long)read, (unsigned long long)after);
    assert_true(after >= rounds * NAMES && after < read);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_name_is_read_whole_while_it_changes)};
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
