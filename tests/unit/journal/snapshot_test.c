#include "journal_tests.h"

enum { STATE_BYTES = 3000 };
#define JOURNAL UINT64_C(0x1234)

static void fill(unsigned char *bytes, uint64_t number) {
    rs_random_t random = {number};
    for (size_t i = 0; i < STATE_BYTES; i++) bytes[i] = (unsigned char)rs_random_next(&random);
}

static int write_snapshot(rs_disk_t *disk, uint64_t number) {
    static unsigned char bytes[STATE_BYTES];
    rs_snapshot_writer_t writer;
    fill(bytes, number);
    const int status = rs_snapshot_begin(&writer, disk, JOURNAL, number);
    if (status != RS_OK) return status;
    for (size_t at = 0; at < STATE_BYTES; at += 700) {
        rs_snapshot_write(&writer, bytes + at, STATE_BYTES - at < 700 ? STATE_BYTES - at : 700);
    }
    return rs_snapshot_finish(&writer);
}

/* The one that is found is this one, whole. */
static void expect_found(rs_disk_t *disk, uint64_t number, uint32_t damaged) {
    unsigned char expected[STATE_BYTES], read[STATE_BYTES + 100];
    rs_snapshot_t snapshot;
    size_t got = 0;
    assert_int_equal(rs_snapshot_find(disk, JOURNAL, &snapshot), RS_OK);
    assert_true(snapshot.is_there);
    assert_int_equal(snapshot.number, number);
    assert_int_equal(snapshot.journal, JOURNAL);
    assert_int_equal(snapshot.length, STATE_BYTES);
    assert_int_equal(snapshot.damaged, damaged);
    fill(expected, number);
    assert_int_equal(rs_snapshot_read(disk, &snapshot, 0, read, sizeof read, &got), RS_OK);
    assert_int_equal(got, STATE_BYTES);
    assert_memory_equal(read, expected, STATE_BYTES);
    assert_int_equal(rs_snapshot_read(disk, &snapshot, STATE_BYTES - 10, read, sizeof read, &got), RS_OK);
    assert_int_equal(got, 10);
}

static void the_newest_whole_one_is_found(void **state) {
    (void)state;
    sim_disk_t *sim = sim_disk_create(1);
    rs_disk_t *disk = sim_disk_as_disk(sim);
    rs_snapshot_t snapshot;
    assert_int_equal(rs_snapshot_find(disk, JOURNAL, &snapshot), RS_OK);
    assert_false(snapshot.is_there);
    static const uint64_t numbers[] = {0, 900, UINT64_C(0x100000000)};
    for (size_t i = 0; i < RS_ARRAY_LEN(numbers); i++) {
        assert_int_equal(write_snapshot(disk, numbers[i]), RS_OK);
        expect_found(disk, numbers[i], 0);
    }
    assert_int_equal(rs_snapshot_check(disk, 900, &snapshot), RS_OK);
    assert_int_equal(rs_snapshot_check(disk, 901, &snapshot), RS_ERR_NOT_FOUND);
    sim_disk_destroy(sim);
}

static void the_newest_two_stay_and_older_ones_wider_and_wider_apart(void **state) {
    (void)state;
    sim_disk_t *sim = sim_disk_create(1);
    rs_disk_t *disk = sim_disk_as_disk(sim);
    uint64_t there[16];
    uint32_t count;
    for (uint64_t number = 1000; number <= 200000; number += 1000) {
        assert_int_equal(write_snapshot(disk, number), RS_OK);
        assert_int_equal(rs_snapshot_list(disk, there, 16, &count), RS_OK);
        assert_int_equal(count, number < 6000 ? number / 1000 : 6);
        assert_int_equal(there[0], number);
        assert_true(number == 1000 || there[1] == number - 1000);
        assert_int_equal(there[count - 1], 1000);   /* the oldest stays until it is of no use */
    }
    for (uint32_t i = 2; i + 1 < count; i++) assert_true(there[i] - there[i + 1] >= (there[0] - there[i]) / 2);
    rs_snapshot_drop_before(disk, 1000);
    assert_int_equal(rs_snapshot_list(disk, there, 16, &count), RS_OK);
    assert_int_equal(count, 6);
    rs_snapshot_drop_before(disk, 1001);
    assert_int_equal(rs_snapshot_list(disk, there, 16, &count), RS_OK);
    assert_int_equal(count, 5);
    rs_snapshot_drop_before(disk, UINT64_MAX);
    assert_int_equal(rs_snapshot_list(disk, there, 16, &count), RS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(there[1], 199000);
    assert_int_equal(rs_snapshot_list(disk, there, 1, &count), RS_OK);
    assert_int_equal(count, 1);
    sim_disk_destroy(sim);
}

static void one_of_another_journal_is_none(void **state) {
    (void)state;
    sim_disk_t *sim = sim_disk_create(2);
    rs_disk_t *disk = sim_disk_as_disk(sim);
    rs_snapshot_t snapshot;
    assert_int_equal(write_snapshot(disk, 5), RS_OK);
    assert_int_equal(rs_snapshot_find(disk, JOURNAL + 1, &snapshot), RS_OK);
    assert_false(snapshot.is_there);
    assert_int_equal(snapshot.damaged, 1);
    assert_int_equal(rs_snapshot_find(disk, 0, &snapshot), RS_OK);
    assert_true(snapshot.is_there);
    sim_disk_destroy(sim);
}

static const char newest[] = "snapshot-0000000000000009.rss";

static void every_flipped_bit_of_the_newest_is_found_and_the_older_one_is_used(void **state) {
    (void)state;
    sim_disk_t *sim = sim_disk_create(3);
    rs_disk_t *disk = sim_disk_as_disk(sim);
    assert_int_equal(write_snapshot(disk, 8), RS_OK);
    assert_int_equal(write_snapshot(disk, 9), RS_OK);
    size_t size;
    unsigned char *bytes = sim_disk_bytes(sim, newest, &size);
    assert_int_equal(size, RS_SNAPSHOT_HEAD + STATE_BYTES + 4);
    for (size_t at = 0; at < size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] ^= (unsigned char)(1u << bit);
            expect_found(disk, 8, 1);
            bytes[at] ^= (unsigned char)(1u << bit);
        }
    }
    expect_found(disk, 9, 0);
    sim_disk_destroy(sim);
}

/* A copy of the first `size` bytes under the newest's name. */
static void torn_at_every_byte_the_older_one_is_used(void **state) {
    (void)state;
    for (size_t size = 0; size < RS_SNAPSHOT_HEAD + STATE_BYTES + 4; size++) {
        sim_disk_t *sim = sim_disk_create(size);
        rs_disk_t *disk = sim_disk_as_disk(sim);
        assert_int_equal(write_snapshot(disk, 8), RS_OK);
        assert_int_equal(write_snapshot(disk, 9), RS_OK);
        unsigned char copy[RS_SNAPSHOT_HEAD + STATE_BYTES + 4];
        size_t whole;
        memcpy(copy, sim_disk_bytes(sim, newest, &whole), sizeof copy);
        int file;
        assert_int_equal(disk->remove(disk, newest), RS_OK);
        assert_int_equal(disk->open(disk, newest, true, &file), RS_OK);
        assert_int_equal(disk->write(disk, file, 0, copy, size), RS_OK);
        expect_found(disk, 8, 1);
        sim_disk_destroy(sim);
    }
}

/* Whenever the power goes, or the process, while the next one is written: what is found is whole, and it is the new one as soon as finish
 * has said so. */
static void a_death_at_any_call_leaves_the_old_one_or_the_new_one(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        for (uint64_t call = 1; call < 40; call++) {
            sim_disk_t *sim = sim_disk_create(seed * 1000 + call);
            rs_disk_t *disk = sim_disk_as_disk(sim);
            assert_int_equal(write_snapshot(disk, 8), RS_OK);
            sim_disk_die_at(sim, call);
            const bool is_done = write_snapshot(disk, 9) == RS_OK;
            if (seed % 4 == 0) sim_disk_kill(sim);
            else sim_disk_crash(sim);
            rs_snapshot_t snapshot;
            assert_int_equal(rs_snapshot_find(disk, JOURNAL, &snapshot), RS_OK);
            assert_true(snapshot.is_there);
            expect_found(disk, is_done || snapshot.number == 9 ? 9 : 8, 0);
            /* Nothing of it is in the way of the next try. */
            assert_int_equal(write_snapshot(disk, 9), RS_OK);
            expect_found(disk, 9, 0);
            sim_disk_destroy(sim);
        }
    }
}

static void what_failed_leaves_nothing_behind(void **state) {
    (void)state;
    sim_disk_t *sim = sim_disk_create(4);
    faulty_disk_t faulty;
    faulty_disk_init(&faulty, sim_disk_as_disk(sim));
    assert_int_equal(write_snapshot(&faulty.disk, 8), RS_OK);
    atomic_store(&faulty.failing_syncs, 1);
    assert_int_equal(write_snapshot(&faulty.disk, 9), RS_ERR_IO);
    atomic_store(&faulty.full, true);
    assert_int_equal(write_snapshot(&faulty.disk, 9), RS_ERR_FULL);
    atomic_store(&faulty.full, false);
    atomic_store(&faulty.read_only, true);
    assert_int_equal(write_snapshot(&faulty.disk, 9), RS_ERR_IO);
    assert_int_equal(faulty.disk.error, EROFS);
    atomic_store(&faulty.read_only, false);
    const char *names[4];
    assert_int_equal(sim_disk_names(sim, names, 4), 1);
    expect_found(&faulty.disk, 8, 0);
    rs_snapshot_writer_t writer;
    assert_int_equal(rs_snapshot_begin(&writer, &faulty.disk, JOURNAL, 10), RS_OK);
    rs_snapshot_abort(&writer);
    rs_snapshot_abort(&writer);
    assert_int_equal(sim_disk_names(sim, names, 4), 1);
    sim_disk_destroy(sim);
}

static void one_that_the_disk_does_not_give_is_damaged(void **state) {
    (void)state;
    sim_disk_t *sim = sim_disk_create(5);
    faulty_disk_t faulty;
    faulty_disk_init(&faulty, sim_disk_as_disk(sim));
    assert_int_equal(write_snapshot(&faulty.disk, 8), RS_OK);
    assert_int_equal(write_snapshot(&faulty.disk, 9), RS_OK);
    rs_snapshot_t snapshot;
    atomic_store(&faulty.failing_reads, 1);
    assert_int_equal(rs_snapshot_find(&faulty.disk, JOURNAL, &snapshot), RS_OK);
    assert_int_equal(snapshot.number, 8);
    assert_int_equal(snapshot.damaged, 1);
    sim_disk_destroy(sim);
}

static uint32_t crc_of(const unsigned char *bytes, size_t len) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (UINT32_C(0x82f63b78) & (0 - (crc & 1)));
    }
    return crc;
}

static void one_of_a_newer_program_is_refused(void **state) {
    (void)state;
    sim_disk_t *sim = sim_disk_create(6);
    rs_disk_t *disk = sim_disk_as_disk(sim);
    assert_int_equal(write_snapshot(disk, 8), RS_OK);
    assert_int_equal(write_snapshot(disk, 9), RS_OK);
    size_t size;
    unsigned char *bytes = sim_disk_bytes(sim, newest, &size);
    bytes[8]++;
    const uint32_t crc = crc_of(bytes, 40);
    for (unsigned i = 0; i < 4; i++) bytes[40 + i] = (unsigned char)(crc >> 8 * i);
    rs_snapshot_t snapshot;
    assert_int_equal(rs_snapshot_find(disk, JOURNAL, &snapshot), RS_ERR_VERSION);
    assert_false(snapshot.is_there);
    sim_disk_destroy(sim);
}

int run_snapshot_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_whole_one_is_found),
        cmocka_unit_test(the_newest_two_stay_and_older_ones_wider_and_wider_apart), cmocka_unit_test(one_of_another_journal_is_none),
        cmocka_unit_test(every_flipped_bit_of_the_newest_is_found_and_the_older_one_is_used),
        cmocka_unit_test(torn_at_every_byte_the_older_one_is_used),
        cmocka_unit_test(a_death_at_any_call_leaves_the_old_one_or_the_new_one), cmocka_unit_test(what_failed_leaves_nothing_behind),
        cmocka_unit_test(one_that_the_disk_does_not_give_is_damaged), cmocka_unit_test(one_of_a_newer_program_is_refused)};
    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
