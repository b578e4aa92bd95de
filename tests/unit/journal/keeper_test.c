#include "journal_tests.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { SEGMENT = 65536, RING = 65536, PATIENCE_MS = 120000 };

/* What any thread may ask of the disk: what is durable there is the measure of what the keeper says. */
typedef struct bench {
    sim_disk_t *sim;
    faulty_disk_t faulty;
    rs_ring_t *ring;
    rs_journal_t *journal;
    rs_keeper_t *keeper;
    _Atomic uint64_t wakes;
    uint64_t position, put;
} bench_t;

static void pause_ms(unsigned ms) {
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static void count_wake(void *context) {
    bench_t *bench = context;
    atomic_fetch_add(&bench->wakes, 1);
}

static void begin(bench_t *bench, uint32_t batch_bytes) {
    static rs_journal_resume_t resume;
    *bench = (bench_t){.sim = sim_disk_create(1)};
    faulty_disk_init(&bench->faulty, sim_disk_as_disk(bench->sim));
    resume = (rs_journal_resume_t){.journal = 7};
    const rs_journal_settings_t settings = {.segment_bytes = SEGMENT, .max_segments = 16, .spares = 2, .pending_bytes = 32768};
    assert_int_equal(rs_ring_create(RING, &bench->ring), RS_OK);
    assert_int_equal(rs_journal_create(&bench->faulty.disk, &settings, &resume, &bench->journal), RS_OK);
    const rs_keeper_settings_t keeping = {.ring = bench->ring, .journal = bench->journal, .batch_bytes = batch_bytes, .retry_us = 20000,
                                          .mark_us = 50000, .keep_us = 0, .context = bench, .wake = count_wake};
    assert_int_equal(rs_keeper_create(&keeping, &bench->keeper), RS_OK);
}

/* Puts one record into the ring, and takes out what the other reader would. */
static bool put(bench_t *bench, uint32_t len) {
    rs_ring_record_t record;
    void *bytes;
    while (rs_ring_peek(bench->ring, &record)) rs_ring_release(bench->ring, record.position);
    if (rs_ring_claim(bench->ring, len, &bytes) != RS_OK) return false;
    memset(bytes, (int)(bench->put % 251), len);
    bench->position = rs_ring_commit(bench->ring, len, 3);
    bench->put++;
    rs_keeper_wake(bench->keeper);
    return true;
}

static void put_many(bench_t *bench, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        for (unsigned ms = 0; !put(bench, 1 + (i * 37) % 300); ms++) {
            assert_true(ms < PATIENCE_MS);
            pause_ms(1);
        }
    }
}

static void wait_durable(bench_t *bench) {
    for (unsigned ms = 0; rs_keeper_durable(bench->keeper) != bench->position; ms++) {
        assert_true(ms < PATIENCE_MS);
        pause_ms(1);
    }
}

static void wait_state(bench_t *bench, int wanted) {
    for (unsigned ms = 0; rs_keeper_state(bench->keeper, NULL) != wanted; ms++) {
        assert_true(ms < PATIENCE_MS);
        pause_ms(1);
    }
}

static int check_record(void *context, const rs_journal_record_t *record) {
    uint64_t *next = context;
    assert_int_equal(record->number, *next + 1);
    for (uint32_t i = 0; i < record->len; i++) assert_int_equal(record->bytes[i], *next % 251);
    (*next)++;
    return RS_OK;
}

/* The power goes: every record up to `durable` must be there. Frees all. */
static void end(bench_t *bench, uint64_t durable) {
    static rs_recovery_t recovery;
    rs_keeper_destroy(&bench->keeper);
    rs_journal_destroy(&bench->journal);
    sim_disk_crash(bench->sim);
    uint64_t next = 0;
    assert_int_equal(rs_journal_recover(sim_disk_as_disk(bench->sim), 0, check_record, &next, &recovery), RS_OK);
    assert_true(next >= durable);
    assert_int_equal(recovery.lost, 0);
    rs_recovery_end(&recovery);
    rs_ring_destroy(&bench->ring);
    sim_disk_destroy(bench->sim);
}

static void what_enters_the_ring_is_durable_soon_in_its_order_and_byte_for_byte(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench, 8192);
    assert_int_equal(rs_keeper_durable(bench.keeper), 0);
    put_many(&bench, 500);
    wait_durable(&bench);
    assert_true(atomic_load(&bench.wakes) > 0);
    rs_keeper_stat_t stat;
    rs_keeper_stat(bench.keeper, &stat);
    assert_int_equal(stat.journal.durable, 500);
    assert_true(stat.journal.commits <= 510);
    end(&bench, 500);
}

/* A batch larger than the journal's memory is cut, not a broken invariant: many small records take more room there than in the ring. */
static void records_of_one_byte_do_not_overflow_the_journals_memory(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench, 1 << 20);
    atomic_store(&bench.faulty.sync_ms, 5);
    for (unsigned i = 0; i < 15000; i++) {
        for (unsigned ms = 0; !put(&bench, 1); ms++) {
            assert_true(ms < PATIENCE_MS);
            pause_ms(1);
        }
    }
    atomic_store(&bench.faulty.sync_ms, 0);
    wait_durable(&bench);
    end(&bench, 15000);
}

static void nothing_is_durable_before_the_sync_has_returned(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench, 8192);
    put_many(&bench, 10);
    wait_durable(&bench);
    const uint64_t before = bench.position;
    atomic_store(&bench.faulty.sync_ms, 300);
    put_many(&bench, 10);
    pause_ms(100);
    assert_int_equal(rs_keeper_durable(bench.keeper), before);
    wait_durable(&bench);
    assert_int_equal(rs_keeper_state(bench.keeper, NULL), RS_OK);
    rs_keeper_stat_t stat;
    rs_keeper_stat(bench.keeper, &stat);
    assert_true(stat.sync_us >= 300000);
    atomic_store(&bench.faulty.sync_ms, 0);
    end(&bench, 20);
}

static void a_sync_that_fails_once_is_not_seen_from_outside(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench, 8192);
    put_many(&bench, 10);
    wait_durable(&bench);
    atomic_store(&bench.faulty.failing_syncs, 1);
    put_many(&bench, 10);
    wait_durable(&bench);
    assert_int_equal(rs_keeper_state(bench.keeper, NULL), RS_OK);
    rs_keeper_stat_t stat;
    rs_keeper_stat(bench.keeper, &stat);
    assert_int_equal(stat.journal.failures, 1);
    end(&bench, 20);
}

static void a_disk_that_keeps_failing_is_told_and_it_resumes_by_itself(void **state) {
    (void)state;
    bench_t bench;
    int error = 0;
    begin(&bench, 8192);
    put_many(&bench, 10);
    wait_durable(&bench);
    const uint64_t before = bench.position, wakes = atomic_load(&bench.wakes);
    atomic_store(&bench.faulty.failing_syncs, -1);
    put_many(&bench, 10);
    for (unsigned ms = 0; rs_keeper_state(bench.keeper, &error) == RS_OK; ms++) {
        assert_true(ms < PATIENCE_MS);
        pause_ms(1);
    }
    assert_int_equal(error, EIO);
    pause_ms(100);
    assert_int_equal(rs_keeper_durable(bench.keeper), before);
    assert_true(atomic_load(&bench.wakes) > wakes);
    atomic_store(&bench.faulty.failing_syncs, 0);
    wait_durable(&bench);
    wait_state(&bench, RS_OK);
    end(&bench, 20);
}

static void a_full_disk_is_told_and_it_resumes_when_there_is_space(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench, 8192);
    put_many(&bench, 10);
    wait_durable(&bench);
    atomic_store(&bench.faulty.full, true);
    while (rs_keeper_state(bench.keeper, NULL) == RS_OK) {
        if (!put(&bench, 300)) pause_ms(1);
        assert_true(bench.put < 5000);
    }
    assert_int_equal(rs_keeper_state(bench.keeper, NULL), RS_ERR_FULL);
    pause_ms(60);
    assert_int_equal(rs_keeper_state(bench.keeper, NULL), RS_ERR_FULL);
    const uint64_t durable = rs_keeper_durable(bench.keeper);
    assert_true(durable < bench.position);
    /* What is not needed any more makes room without anybody's help. */
    rs_keeper_retire(bench.keeper, 350);
    wait_durable(&bench);
    wait_state(&bench, RS_OK);
    atomic_store(&bench.faulty.full, false);
    put_many(&bench, 1000);
    wait_durable(&bench);
    rs_keeper_destroy(&bench.keeper);
    rs_journal_destroy(&bench.journal);
    rs_ring_destroy(&bench.ring);
    sim_disk_destroy(bench.sim);
}

static void an_end_makes_durable_what_stands_in_the_ring_and_says_so_on_disk(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench, 8192);
    atomic_store(&bench.faulty.sync_ms, 20);
    put_many(&bench, 100);
    end(&bench, 100);
}

static void an_end_does_not_wait_for_a_disk_that_fails(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench, 8192);
    put_many(&bench, 10);
    wait_durable(&bench);
    atomic_store(&bench.faulty.failing_syncs, -1);
    put_many(&bench, 10);
    end(&bench, 10);
}

int run_keeper_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_enters_the_ring_is_durable_soon_in_its_order_and_byte_for_byte),
        cmocka_unit_test(records_of_one_byte_do_not_overflow_the_journals_memory),
        cmocka_unit_test(nothing_is_durable_before_the_sync_has_returned),
        cmocka_unit_test(a_sync_that_fails_once_is_not_seen_from_outside),
        cmocka_unit_test(a_disk_that_keeps_failing_is_told_and_it_resumes_by_itself),
        cmocka_unit_test(a_full_disk_is_told_and_it_resumes_when_there_is_space),
        cmocka_unit_test(an_end_makes_durable_what_stands_in_the_ring_and_says_so_on_disk),
        cmocka_unit_test(an_end_does_not_wait_for_a_disk_that_fails)};
    return cmocka_run_group_tests_name("keeper", tests, NULL, NULL);
}
