#include "journal_tests.h"

enum { SEGMENT = 65536, RECORD = 1000 };

typedef struct bench {
    sim_disk_t *sim;
    faulty_disk_t faulty;
    rs_journal_t *journal;
    uint64_t reads;
} bench_t;

static const rs_journal_settings_t usual = {.segment_bytes = SEGMENT, .max_segments = 8, .spares = 2, .pending_bytes = 32768};

static int ignore_record(void *context, const rs_journal_record_t *record) {
    (void)context, (void)record;
    return RS_OK;
}

static void spares(bench_t *bench) {
    bool more = true;
    while (more && rs_journal_maintain(bench->journal, &more) == RS_OK) {}
}

static rs_recovery_t *recover(bench_t *bench, uint64_t after) {
    static rs_recovery_t recovery;
    assert_int_equal(rs_journal_recover(&bench->faulty.disk, after, ignore_record, NULL, &recovery), RS_OK);
    return &recovery;
}

static void begin_with(bench_t *bench, const rs_journal_settings_t *settings) {
    *bench = (bench_t){.sim = sim_disk_create(1)};
    faulty_disk_init(&bench->faulty, sim_disk_as_disk(bench->sim));
    const rs_journal_resume_t *nothing = calloc(1, sizeof *nothing);
    assert_non_null(nothing);
    ((rs_journal_resume_t *)(uintptr_t)nothing)->journal = 77;
    assert_int_equal(rs_journal_create(&bench->faulty.disk, settings, nothing, &bench->journal), RS_OK);
    free((void *)(uintptr_t)nothing);
    spares(bench);
}

static void begin(bench_t *bench) { begin_with(bench, &usual); }

static void end(bench_t *bench) {
    rs_journal_destroy(&bench->journal);
    sim_disk_destroy(bench->sim);
}

/* Ends this life and begins the next with what recovery after `after` finds. */
static rs_recovery_t *next_life(bench_t *bench, uint64_t after) {
    rs_journal_destroy(&bench->journal);
    rs_recovery_t *recovery = recover(bench, after);
    assert_int_equal(rs_journal_create(&bench->faulty.disk, &usual, &recovery->resume, &bench->journal), RS_OK);
    spares(bench);
    assert_int_equal(rs_journal_adopt(bench->journal, recovery), RS_OK);
    rs_recovery_end(recovery);
    return recovery;
}

static void append(bench_t *bench, unsigned count) {
    static const unsigned char bytes[RECORD] = {1, 2, 3};
    for (unsigned i = 0; i < count; i++) {
        uint64_t number;
        assert_int_equal(rs_journal_append(bench->journal, 1, bytes, RECORD, &number), RS_OK);
    }
}

static void keep(bench_t *bench, unsigned count) {
    for (unsigned i = 0; i < count; i += 10) {
        append(bench, count - i < 10 ? count - i : 10);
        assert_int_equal(rs_journal_commit(bench->journal), RS_OK);
        spares(bench);
    }
}

static rs_journal_stat_t stat_of(const bench_t *bench) {
    rs_journal_stat_t stat;
    rs_journal_stat(bench->journal, &stat);
    return stat;
}

static void expect_all_read(bench_t *bench, uint64_t last) {
    rs_recovery_t *recovery = recover(bench, 0);
    assert_int_equal(recovery->records, last);
    assert_int_equal(recovery->lost, 0);
    rs_recovery_end(recovery);
}

static void a_sync_that_fails_once_costs_a_segment_and_nothing_else(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    keep(&bench, 20);
    atomic_store(&bench.faulty.failing_syncs, 1);
    append(&bench, 5);
    assert_int_equal(rs_journal_durable(bench.journal), 20);
    assert_int_equal(rs_journal_commit(bench.journal), RS_OK);
    const rs_journal_stat_t stat = stat_of(&bench);
    assert_int_equal(stat.durable, 25);
    assert_int_equal(stat.poisoned, 1);
    assert_int_equal(stat.failures, 1);
    assert_int_equal(stat.error, EIO);
    assert_int_equal(stat.segments, 2);
    sim_disk_crash(bench.sim);
    expect_all_read(&bench, 25);
    end(&bench);
}

static void a_disk_that_keeps_failing_takes_nothing_more_is_not_filled_and_goes_on_by_itself(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    keep(&bench, 20);
    atomic_store(&bench.faulty.failing_syncs, -1);
    append(&bench, 5);
    const char *names[64];
    for (unsigned i = 0; i < 50; i++) {
        assert_int_not_equal(rs_journal_commit(bench.journal), RS_OK);
        assert_int_equal(rs_journal_durable(bench.journal), 20);
        spares(&bench);
        assert_in_range(sim_disk_names(bench.sim, names, 64), 1, 5);
    }
    uint64_t number;
    unsigned taken = 0;
    static const unsigned char bytes[RECORD];
    while (rs_journal_append(bench.journal, 1, bytes, RECORD, &number) == RS_OK) taken++;
    assert_in_range(taken, 10, 32);   /* what pending_bytes has room for, then RS_ERR_FULL */
    assert_int_equal(stat_of(&bench).state, RS_ERR_FULL);
    atomic_store(&bench.faulty.failing_syncs, 0);
    spares(&bench);
    assert_int_equal(rs_journal_commit(bench.journal), RS_OK);
    assert_int_equal(rs_journal_durable(bench.journal), 25 + taken);
    assert_int_equal(stat_of(&bench).state, RS_OK);
    sim_disk_crash(bench.sim);
    expect_all_read(&bench, 25 + taken);
    end(&bench);
}

static void a_full_disk_refuses_a_rotation_and_tears_nothing(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    keep(&bench, 20);
    atomic_store(&bench.faulty.full, true);
    unsigned kept = 20;
    int status = RS_OK;
    while (status == RS_OK) {
        append(&bench, 10);
        status = rs_journal_commit(bench.journal);
        if (status == RS_OK) kept += 10;
        spares(&bench);
        assert_true(kept < 1000);
    }
    assert_int_equal(status, RS_ERR_FULL);
    assert_in_range(kept, 100, 190);   /* the segment that is written and two spares */
    assert_in_range(rs_journal_durable(bench.journal), kept, kept + 9);
    atomic_store(&bench.faulty.full, false);
    spares(&bench);
    assert_int_equal(rs_journal_commit(bench.journal), RS_OK);
    assert_int_equal(rs_journal_durable(bench.journal), kept + 10);
    sim_disk_crash(bench.sim);
    expect_all_read(&bench, kept + 10);
    end(&bench);
}

static void what_is_not_needed_stays_for_its_time(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    for (int64_t hour = 1; hour <= 4; hour++) {
        rs_journal_set_time(bench.journal, hour * RS_US_PER_HOUR);
        keep(&bench, 55);   /* about one segment */
    }
    const rs_journal_stat_t before = stat_of(&bench);
    assert_int_equal(before.oldest, 1);
    assert_int_equal(before.oldest_us, RS_US_PER_HOUR);
    assert_int_equal(rs_journal_retire(bench.journal, 1, INT64_MAX), RS_OK);
    assert_int_equal(stat_of(&bench).segments, before.segments);
    assert_int_equal(rs_journal_retire(bench.journal, 200, 2 * RS_US_PER_HOUR), RS_OK);
    assert_int_equal(stat_of(&bench).segments, before.segments);
    assert_int_equal(rs_journal_retire(bench.journal, 200, 2 * RS_US_PER_HOUR + 1), RS_OK);
    assert_int_equal(stat_of(&bench).segments, before.segments - 1);
    assert_int_equal(stat_of(&bench).given_way, 0);
    assert_int_equal(rs_journal_retire(bench.journal, 100, INT64_MAX), RS_OK);
    assert_true(stat_of(&bench).oldest <= 100);
    rs_recovery_t *recovery = recover(&bench, 100);
    assert_int_equal(recovery->records, 120);
    assert_int_equal(recovery->lost, 0);
    rs_recovery_end(recovery);
    end(&bench);
}

/* Is there a byte of a record before `upto` in any file? Records are told apart by their first bytes. */
static bool folder_has(bench_t *bench, const unsigned char *bytes, size_t len) {
    static unsigned char content[SEGMENT];
    const char *names[64];
    const uint32_t count = (uint32_t)sim_disk_names(bench->sim, names, 64);
    rs_disk_t *disk = &bench->faulty.disk;
    for (uint32_t i = 0; i < count; i++) {
        int file;
        size_t got = 0;
        assert_int_equal(disk->open(disk, names[i], false, &file), RS_OK);
        assert_int_equal(disk->read(disk, file, 0, content, sizeof content, &got), RS_OK);
        disk->close(disk, file);
        if (memmem(content, got, bytes, len) != NULL) return true;
    }
    return false;
}

static const unsigned char secret[RECORD] = "the pseudonym that shall be forgotten";

static void keep_secret(bench_t *bench) {
    uint64_t number;
    assert_int_equal(rs_journal_append(bench->journal, 1, secret, RECORD, &number), RS_OK);
    assert_int_equal(rs_journal_commit(bench->journal), RS_OK);
}

/* Without it the bytes of a segment that went live on in spares, and behind the end of the one that is written. */
static void what_is_forgotten_stays_in_no_file(void **state) {
    (void)state;
    for (int soon = 0; soon < 2; soon++) {
        bench_t bench;
        begin(&bench);
        for (unsigned i = 0; i < 200; i++) {          /* segments are used again meanwhile */
            keep_secret(&bench);
            spares(&bench);
            if (i % 50 == 49) assert_int_equal(rs_journal_retire(bench.journal, rs_journal_durable(bench.journal), INT64_MAX), RS_OK);
            spares(&bench);
        }
        const uint64_t last = rs_journal_durable(bench.journal);
        assert_true(folder_has(&bench, secret, 37));
        rs_journal_forget(bench.journal, last, soon == 1);
        spares(&bench);
        keep(&bench, soon == 1 ? 1 : 100);            /* soon: the next record is in a new file already */
        rs_journal_set_time(bench.journal, 1000);
        assert_int_equal(rs_journal_retire(bench.journal, rs_journal_durable(bench.journal), soon == 1 ? INT64_MIN : INT64_MAX), RS_OK);
        spares(&bench);
        assert_false(folder_has(&bench, secret, 37));
        assert_int_equal(stat_of(&bench).given_way, 0);
        assert_true(stat_of(&bench).oldest > last);
        keep(&bench, 100);
        sim_disk_crash(bench.sim);
        rs_recovery_t *recovery = recover(&bench, stat_of(&bench).oldest - 1);
        assert_int_equal(recovery->lost, 0);
        assert_true(recovery->records > 0);
        rs_recovery_end(recovery);
        end(&bench);
    }
}

/* What is still needed stays all the same. */
static void what_is_needed_is_not_forgotten(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    keep(&bench, 20);
    keep_secret(&bench);
    rs_journal_forget(bench.journal, 21, true);
    spares(&bench);
    keep(&bench, 5);
    assert_int_equal(rs_journal_retire(bench.journal, 10, INT64_MIN), RS_OK);
    assert_true(folder_has(&bench, secret, 37));
    expect_all_read(&bench, 26);
    assert_int_equal(rs_journal_retire(bench.journal, 22, INT64_MIN), RS_OK);
    assert_false(folder_has(&bench, secret, 37));
    end(&bench);
}

static void what_is_only_kept_gives_way_before_anything_is_refused(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    for (unsigned i = 0; i < 30; i++) {
        keep(&bench, 50);
        assert_int_equal(rs_journal_retire(bench.journal, rs_journal_durable(bench.journal), 0), RS_OK);
    }
    rs_journal_stat_t stat = stat_of(&bench);
    assert_int_equal(stat.durable, 1500);
    assert_true(stat.given_way > 10);
    assert_in_range(stat.segments, 6, 8);
    /* What is needed does not: then it is refused. */
    int status = RS_OK;
    const uint64_t needed = rs_journal_durable(bench.journal);
    while (status == RS_OK) {
        append(&bench, 10);
        status = rs_journal_commit(bench.journal);
        spares(&bench);
        assert_int_equal(rs_journal_retire(bench.journal, needed, 0), RS_OK);
    }
    assert_int_equal(status, RS_ERR_FULL);
    assert_true(stat_of(&bench).oldest <= needed);
    assert_int_equal(rs_journal_retire(bench.journal, rs_journal_durable(bench.journal), 0), RS_OK);
    assert_int_equal(rs_journal_commit(bench.journal), RS_OK);
    end(&bench);
}

static void a_full_disk_takes_what_is_only_kept(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    keep(&bench, 200);
    atomic_store(&bench.faulty.full, true);
    for (unsigned i = 0; i < 100; i++) {
        append(&bench, 10);
        int status = rs_journal_commit(bench.journal);
        if (status == RS_ERR_FULL) {
            spares(&bench);
            assert_int_equal(rs_journal_retire(bench.journal, rs_journal_durable(bench.journal), 0), RS_OK);
            status = rs_journal_commit(bench.journal);
        }
        assert_int_equal(status, RS_OK);
    }
    assert_int_equal(rs_journal_durable(bench.journal), 1200);
    assert_true(stat_of(&bench).given_way > 10);
    end(&bench);
}

static void what_is_missing_before_the_first_record_is_lost(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    keep(&bench, 200);
    assert_int_equal(rs_journal_retire(bench.journal, 150, INT64_MAX), RS_OK);
    const uint64_t oldest = stat_of(&bench).oldest;
    assert_true(oldest > 40);
    rs_recovery_t *recovery = recover(&bench, 30);
    assert_int_equal(recovery->lost, oldest - 31);
    assert_int_equal(recovery->range_count, 1);
    assert_int_equal(recovery->ranges[0].first, 31);
    assert_int_equal(recovery->ranges[0].last, oldest - 1);
    rs_recovery_end(recovery);
    end(&bench);
}

static void a_journal_that_ends_before_the_snapshot_goes_on_behind_it(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    keep(&bench, 40);
    const rs_recovery_t *recovery = next_life(&bench, 1000);
    assert_true(recovery->ends_early);
    assert_int_equal(recovery->records, 0);
    keep(&bench, 10);
    assert_int_equal(rs_journal_durable(bench.journal), 1010);
    recovery = next_life(&bench, 1000);
    assert_false(recovery->ends_early);
    assert_int_equal(recovery->records, 10);
    assert_int_equal(recovery->lost, 0);
    end(&bench);
}

static void the_same_of_an_empty_folder(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    const rs_recovery_t *recovery = next_life(&bench, 1000);
    assert_true(recovery->ends_early);
    assert_int_equal(recovery->resume.journal, 0);
    keep(&bench, 3);
    assert_int_equal(rs_journal_durable(bench.journal), 1003);
    end(&bench);
}

static void a_segment_that_the_disk_does_not_give_is_lost_and_the_rest_is_used(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    keep(&bench, 55);
    assert_int_equal(rs_journal_mark(bench.journal), RS_OK);
    rs_journal_destroy(&bench.journal);
    /* One segment: its header, then all of it at once, then block by block; of these one fails. */
    atomic_store(&bench.faulty.failing_reads, 0);
    rs_recovery_t *recovery = recover(&bench, 0);
    assert_int_equal(recovery->records, 55);
    rs_recovery_end(recovery);
    atomic_store(&bench.faulty.failing_reads, 2);   /* the header's read, and its first block */
    recovery = recover(&bench, 0);
    assert_int_equal(recovery->unreadable_blocks, 1);
    assert_int_equal(recovery->damaged_headers, 1);
    assert_int_equal(recovery->records, 55);
    rs_recovery_end(recovery);
    end(&bench);
}

static void a_segment_of_a_newer_program_is_refused(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    keep(&bench, 5);
    rs_journal_destroy(&bench.journal);
    char name[RS_DISK_NAME];
    size_t size;
    rs_segment_name(0, name);
    unsigned char *bytes = sim_disk_bytes(bench.sim, name, &size);
    rs_segment_header_t header;
    assert_non_null(bytes);
    assert_int_equal(rs_segment_read_header(bytes, &header), RS_OK);
    header.version = RS_JOURNAL_VERSION + 1;
    rs_segment_write_header(&header, bytes);
    static rs_recovery_t recovery;
    assert_int_equal(rs_journal_recover(&bench.faulty.disk, 0, ignore_record, NULL, &recovery), RS_ERR_VERSION);
    rs_recovery_end(&recovery);
    end(&bench);
}

/* What stands in a file that is used again has good checksums and follows upon each other, and still is nothing. */
static void a_record_of_another_segment_is_none(void **state) {
    (void)state;
    unsigned char bytes[256];
    rs_journal_record_t read;
    rs_journal_record_t record = {.number = 9, .durable = 8, .len = 5, .prev = 77, .kind = 3, .bytes = (const unsigned char *)"hello"};
    rs_journal_write_record(4, &record, bytes);
    assert_int_equal(rs_journal_read_record(4, bytes, sizeof bytes, &read), RS_OK);
    assert_int_equal(read.number, 9);
    assert_int_equal(rs_journal_read_record(5, bytes, sizeof bytes, &read), RS_ERR_PARSE);
}

/* Whole and in its place, but not what was written after the record before it: as when a disk gives an older version of a block. */
static void a_record_that_does_not_follow_in_the_chain_is_lost(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    keep(&bench, 30);
    assert_int_equal(rs_journal_mark(bench.journal), RS_OK);
    char name[RS_DISK_NAME];
    const char *names[16];
    uint64_t segment = 0;
    const size_t count = sim_disk_names(bench.sim, names, RS_ARRAY_LEN(names));
    for (size_t i = 0; i < count && !rs_segment_parse_name(names[i], &segment); i++) {}
    rs_segment_name(segment, name);
    size_t size;
    unsigned char *bytes = sim_disk_bytes(bench.sim, name, &size), content[RECORD];
    assert_non_null(bytes);
    unsigned char *fifth = bytes + RS_SEGMENT_RECORDS_AT + 4 * rs_journal_space(RECORD);
    rs_journal_record_t record;
    assert_int_equal(rs_journal_read_record(segment, fifth, size - (size_t)(fifth - bytes), &record), RS_OK);
    assert_int_equal(record.number, 5);
    memcpy(content, record.bytes, RECORD);
    record.bytes = content;
    record.prev ^= 1;
    rs_journal_write_record(segment, &record, fifth);
    rs_recovery_t *recovery = recover(&bench, 0);
    assert_int_equal(recovery->lost, 1);
    assert_int_equal(recovery->ranges[0].first, 5);
    assert_int_equal(recovery->records, 29);
    rs_recovery_end(recovery);
    end(&bench);
}

static void what_an_earlier_life_of_a_file_left_is_nothing(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    keep(&bench, 400);
    assert_int_equal(rs_journal_retire(bench.journal, 400, INT64_MAX), RS_OK);
    keep(&bench, 120);
    assert_int_equal(rs_journal_mark(bench.journal), RS_OK);
    const uint64_t oldest = stat_of(&bench).oldest;
    rs_recovery_t *recovery = recover(&bench, oldest - 1);
    assert_int_equal(recovery->records, 520 - oldest + 1);
    assert_int_equal(recovery->torn_records, 0);
    assert_int_equal(recovery->lost, 0);
    rs_recovery_end(recovery);
    end(&bench);
}

/* Old segments cost their headers only. */
static int (*read_behind)(rs_disk_t *, int, uint64_t, void *, size_t, size_t *);
static uint64_t bytes_read;
static int counting_read(rs_disk_t *disk, int file, uint64_t at, void *bytes, size_t len, size_t *got) {
    const int status = read_behind(disk, file, at, bytes, len, got);
    bytes_read += *got;
    return status;
}

static void segments_before_the_snapshot_are_not_read(void **state) {
    (void)state;
    bench_t bench;
    begin(&bench);
    keep(&bench, 300);
    read_behind = bench.faulty.disk.read;
    bench.faulty.disk.read = counting_read;
    bytes_read = 0;
    rs_recovery_t *recovery = recover(&bench, 290);
    assert_int_equal(recovery->records, 10);
    assert_true(bytes_read < 4 * SEGMENT);
    rs_recovery_end(recovery);
    end(&bench);
}

int run_writer_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sync_that_fails_once_costs_a_segment_and_nothing_else),
        cmocka_unit_test(a_disk_that_keeps_failing_takes_nothing_more_is_not_filled_and_goes_on_by_itself),
        cmocka_unit_test(a_full_disk_refuses_a_rotation_and_tears_nothing), cmocka_unit_test(what_is_not_needed_stays_for_its_time),
        cmocka_unit_test(what_is_only_kept_gives_way_before_anything_is_refused), cmocka_unit_test(a_full_disk_takes_what_is_only_kept),
        cmocka_unit_test(what_is_forgotten_stays_in_no_file), cmocka_unit_test(what_is_needed_is_not_forgotten),
        cmocka_unit_test(what_is_missing_before_the_first_record_is_lost),
        cmocka_unit_test(a_journal_that_ends_before_the_snapshot_goes_on_behind_it), cmocka_unit_test(the_same_of_an_empty_folder),
        cmocka_unit_test(a_segment_that_the_disk_does_not_give_is_lost_and_the_rest_is_used),
        cmocka_unit_test(a_segment_of_a_newer_program_is_refused), cmocka_unit_test(what_an_earlier_life_of_a_file_left_is_nothing),
        cmocka_unit_test(a_record_of_another_segment_is_none), cmocka_unit_test(a_record_that_does_not_follow_in_the_chain_is_lost),
        cmocka_unit_test(segments_before_the_snapshot_are_not_read)};
    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
