/* The ring's contract, one sentence a test. Two-thread behaviour is in tests/race, long runs in tests/property. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "ring/ring.h"
#include "ring_tests.h"

enum { CAPACITY = 4096, HEADER = 8 };

static int fresh_ring(void **state) {
    rs_ring_t *ring = NULL;
    if (rs_ring_create(CAPACITY, &ring) != RS_OK) return -1;
    *state = ring;
    return 0;
}
static int drop_ring(void **state) {
    rs_ring_t *ring = *state;
    rs_ring_destroy(&ring);
    return ring == NULL ? 0 : -1;
}

static void assert_sound(const rs_ring_t *ring) {
    const char *why = "";
    if (rs_ring_check(ring, &why) != RS_OK) fail_msg("broken: %s", why);
}

/* Writes one record of `len` bytes, each of them `fill`; returns the claim's status. */
static int put(rs_ring_t *ring, size_t len, unsigned char fill, uint32_t kind) {
    void *bytes = NULL;
    const int status = rs_ring_claim(ring, len, &bytes);
    if (status != RS_OK) return status;
    assert_int_equal((uintptr_t)bytes % 8, 0);
    memset(bytes, fill, len);
    (void)rs_ring_commit(ring, len, kind);
    return RS_OK;
}
static void expect_next(rs_ring_t *ring, size_t len, unsigned char fill, uint32_t kind, rs_ring_record_t *record) {
    assert_true(rs_ring_peek(ring, record));
    assert_int_equal(record->len, len);
    assert_int_equal(record->kind, kind);
    for (size_t i = 0; i < len; i++) assert_int_equal(((const unsigned char *)record->bytes)[i], fill);
}
static void take(rs_ring_t *ring, size_t len, unsigned char fill, uint32_t kind) {
    rs_ring_record_t record;
    expect_next(ring, len, fill, kind, &record);
    rs_ring_release(ring, record.position);
}
/* Moves both positions on by `bytes` (a multiple of 8, at least 16) through ordinary records. */
static void advance(rs_ring_t *ring, size_t bytes) {
    while (bytes > 0) {
        const size_t step = bytes >= 512 + 16 ? 512 : bytes;
        assert_int_equal(put(ring, step - HEADER, 'a', 9), RS_OK);
        take(ring, step - HEADER, 'a', 9);
        bytes -= step;
    }
}

static void create_refuses_capacities_that_are_not_powers_of_two_in_range(void **state) {
    (void)state;
    static const size_t refused[] = {0, 1, 8, 2048, 4095, 4097, 6144, (size_t)8 << 30};
    for (size_t i = 0; i < RS_ARRAY_LEN(refused); i++) {
        rs_ring_t *ring = (rs_ring_t *)(uintptr_t)8;
        if (rs_ring_create(refused[i], &ring) != RS_ERR_INVALID) fail_msg("capacity %zu was taken", refused[i]);
        assert_ptr_equal(ring, (void *)(uintptr_t)8);
    }
    rs_ring_t *ring = NULL;
    assert_int_equal(rs_ring_create((size_t)1 << 20, &ring), RS_OK);
    assert_int_equal(rs_ring_capacity(ring), 1 << 20);
    assert_int_equal(rs_ring_max_record(ring), 1 << 18);
    rs_ring_destroy(&ring);
    assert_null(ring);
    rs_ring_destroy(&ring);
    rs_ring_destroy(NULL);
}

static void new_ring_is_empty_and_sound(void **state) {
    rs_ring_t *ring = *state;
    rs_ring_record_t record;
    assert_false(rs_ring_peek(ring, &record));
    assert_int_equal(rs_ring_written(ring), 0);
    assert_int_equal(rs_ring_consumed(ring), 0);
    assert_sound(ring);
}

static void committed_record_is_read_back_with_its_kind_and_position(void **state) {
    rs_ring_t *ring = *state;
    void *bytes = NULL;
    assert_int_equal(rs_ring_claim(ring, 5, &bytes), RS_OK);
    memcpy(bytes, "hello", 5);
    const uint64_t end = rs_ring_commit(ring, 5, 77);
    assert_int_equal(end, 16);
    assert_int_equal(rs_ring_written(ring), end);
    rs_ring_record_t record;
    assert_true(rs_ring_peek(ring, &record));
    assert_int_equal(record.len, 5);
    assert_int_equal(record.kind, 77);
    assert_memory_equal(record.bytes, "hello", 5);
    assert_int_equal(record.position, end);
    assert_int_equal(rs_ring_consumed(ring), 0);
    assert_sound(ring);
    rs_ring_release(ring, record.position);
    assert_int_equal(rs_ring_consumed(ring), end);
    assert_sound(ring);
}

static void claimed_record_is_invisible_until_commit(void **state) {
    rs_ring_t *ring = *state;
    rs_ring_record_t record;
    void *bytes = NULL;
    assert_int_equal(rs_ring_claim(ring, 100, &bytes), RS_OK);
    memset(bytes, 'x', 100);
    assert_false(rs_ring_peek(ring, &record));
    assert_int_equal(rs_ring_written(ring), 0);
    (void)rs_ring_commit(ring, 100, 1);
    take(ring, 100, 'x', 1);
}

static void aborted_claim_leaves_nothing_behind(void **state) {
    rs_ring_t *ring = *state;
    rs_ring_record_t record;
    void *bytes = NULL;
    assert_int_equal(rs_ring_claim(ring, 100, &bytes), RS_OK);
    memset(bytes, 'x', 100);
    rs_ring_abort(ring);
    assert_false(rs_ring_peek(ring, &record));
    assert_int_equal(rs_ring_written(ring), 0);
    assert_sound(ring);
    assert_int_equal(put(ring, 3, 'y', 2), RS_OK);
    take(ring, 3, 'y', 2);
}

static void aborted_claim_behind_padding_leaves_nothing_behind(void **state) {
    rs_ring_t *ring = *state;
    advance(ring, CAPACITY - 64);
    void *bytes = NULL;
    assert_int_equal(rs_ring_claim(ring, 1000, &bytes), RS_OK);
    rs_ring_abort(ring);
    assert_int_equal(rs_ring_written(ring), CAPACITY - 64);
    assert_sound(ring);
    /* a small one now goes in front of the end, where the padding of the aborted one had been put */
    assert_int_equal(put(ring, 8, 'z', 3), RS_OK);
    assert_int_equal(rs_ring_written(ring), CAPACITY - 64 + 16);
    take(ring, 8, 'z', 3);
    assert_sound(ring);
}

static void shortened_commit_keeps_only_what_was_used(void **state) {
    rs_ring_t *ring = *state;
    void *bytes = NULL;
    assert_int_equal(rs_ring_claim(ring, 1000, &bytes), RS_OK);
    memset(bytes, 'x', 1000);
    assert_int_equal(rs_ring_commit(ring, 9, 4), HEADER + 16);
    assert_int_equal(put(ring, 1, 'y', 5), RS_OK);
    take(ring, 9, 'x', 4);
    take(ring, 1, 'y', 5);
    assert_sound(ring);
}

static void shortened_commit_behind_padding_stays_at_the_front(void **state) {
    rs_ring_t *ring = *state;
    advance(ring, CAPACITY - 64);
    void *bytes = NULL;
    assert_int_equal(rs_ring_claim(ring, 200, &bytes), RS_OK);
    memset(bytes, 'x', 200);
    /* nine bytes would have fitted before the end, but their place was given out already */
    assert_int_equal(rs_ring_commit(ring, 9, 4), CAPACITY + HEADER + 16);
    assert_sound(ring);
    take(ring, 9, 'x', 4);
}

static void claim_refuses_lengths_out_of_range(void **state) {
    rs_ring_t *ring = *state;
    void *bytes = &ring;
    assert_int_equal(rs_ring_claim(ring, 0, &bytes), RS_ERR_INVALID);
    assert_int_equal(rs_ring_claim(ring, CAPACITY / 4 + 1, &bytes), RS_ERR_INVALID);
    assert_int_equal(rs_ring_claim(ring, SIZE_MAX, &bytes), RS_ERR_INVALID);
    assert_ptr_equal(bytes, &ring);
    assert_int_equal(put(ring, CAPACITY / 4, 'm', 1), RS_OK);
    take(ring, CAPACITY / 4, 'm', 1);
}

static void write_reports_full_and_leaves_ring_unchanged(void **state) {
    rs_ring_t *ring = *state;
    size_t count = 0;
    while (put(ring, 56, (unsigned char)count, 1) == RS_OK) count++;
    assert_int_equal(count, CAPACITY / 64);
    const uint64_t written = rs_ring_written(ring);
    void *bytes = &ring;
    assert_int_equal(rs_ring_claim(ring, 1, &bytes), RS_ERR_FULL);
    assert_ptr_equal(bytes, &ring);
    assert_int_equal(rs_ring_written(ring), written);
    assert_sound(ring);
    for (size_t i = 0; i < count; i++) take(ring, 56, (unsigned char)i, 1);
    rs_ring_record_t record;
    assert_false(rs_ring_peek(ring, &record));
    assert_sound(ring);
}

static void full_ring_takes_again_what_was_released(void **state) {
    rs_ring_t *ring = *state;
    while (put(ring, 56, 'o', 1) == RS_OK) {}
    take(ring, 56, 'o', 1);
    assert_int_equal(put(ring, 57, 'n', 2), RS_ERR_FULL);
    assert_int_equal(put(ring, 56, 'n', 2), RS_OK);
    assert_int_equal(put(ring, 1, 'n', 2), RS_ERR_FULL);
    assert_sound(ring);
}

static void padding_counts_as_used_room(void **state) {
    rs_ring_t *ring = *state;
    advance(ring, CAPACITY - 64);
    /* 64 bytes to the end, the rest at the front: four of 1024 + 8 would need 4128 with the padding */
    for (int i = 0; i < 3; i++) assert_int_equal(put(ring, 1024, (unsigned char)i, 1), RS_OK);
    assert_sound(ring);
    assert_int_equal(put(ring, 1024, 3, 1), RS_ERR_FULL);
    assert_int_equal(put(ring, CAPACITY - 64 - 3 * 1032 - HEADER, 4, 1), RS_OK);
    assert_int_equal(put(ring, 1, 5, 1), RS_ERR_FULL);
    assert_int_equal(rs_ring_written(ring) - rs_ring_consumed(ring), CAPACITY);
    assert_sound(ring);
    for (int i = 0; i < 3; i++) take(ring, 1024, (unsigned char)i, 1);
    take(ring, CAPACITY - 64 - 3 * 1032 - HEADER, 4, 1);
    assert_sound(ring);
}

static void records_stay_contiguous_at_every_distance_from_the_end(void **state) {
    rs_ring_t *ring = *state;
    for (size_t distance = 8; distance <= 256; distance += 8) {
        for (size_t len = 1; len <= 128; len += 7) {
            rs_ring_start_at(ring, CAPACITY - distance);
            assert_int_equal(put(ring, len, 'p', 1), RS_OK);
            assert_int_equal(put(ring, len, 'q', 2), RS_OK);
            assert_sound(ring);
            take(ring, len, 'p', 1);
            take(ring, len, 'q', 2);
            assert_sound(ring);
        }
    }
}

static void positions_wrap_around_at_two_to_the_64(void **state) {
    rs_ring_t *ring = *state;
    for (uint64_t before = 8; before <= 2 * CAPACITY; before += 8) {
        rs_ring_start_at(ring, UINT64_C(0) - before);
        unsigned char written = 0;
        while (put(ring, 40 + written % 3u * 100, written, 1) == RS_OK) written++;
        assert_true(written >= CAPACITY / 256);
        assert_sound(ring);
        for (unsigned char i = 0; i < written; i++) take(ring, 40 + i % 3u * 100, i, 1);
        assert_sound(ring);
    }
    assert_true(rs_ring_written(ring) == rs_ring_consumed(ring));
}

static void largest_record_fits_an_empty_ring_wherever_it_stands(void **state) {
    rs_ring_t *ring = *state;
    for (uint64_t position = 0; position < CAPACITY; position += 8) {
        rs_ring_start_at(ring, position);
        assert_int_equal(put(ring, CAPACITY / 4, 'L', 1), RS_OK);
        assert_int_equal(put(ring, CAPACITY / 4, 'M', 1), RS_OK);
        take(ring, CAPACITY / 4, 'L', 1);
        take(ring, CAPACITY / 4, 'M', 1);
    }
}

static void several_records_may_be_peeked_before_the_first_is_released(void **state) {
    rs_ring_t *ring = *state;
    rs_ring_record_t records[10], none;
    for (unsigned char i = 0; i < 10; i++) assert_int_equal(put(ring, 30, i, 1u + i), RS_OK);
    for (unsigned char i = 0; i < 10; i++) expect_next(ring, 30, i, 1u + i, &records[i]);
    assert_false(rs_ring_peek(ring, &none));
    assert_int_equal(rs_ring_consumed(ring), 0);
    rs_ring_release(ring, records[3].position);
    assert_int_equal(rs_ring_consumed(ring), records[3].position);
    assert_sound(ring);
    /* what is not yet released is still whole while the writer goes on */
    while (put(ring, 30, 'w', 99) == RS_OK) {}
    for (unsigned char i = 4; i < 10; i++) assert_int_equal(((const unsigned char *)records[i].bytes)[29], i);
    rs_ring_release(ring, records[9].position);
    take(ring, 30, 'w', 99);
    assert_sound(ring);
}

static void releasing_the_same_position_again_changes_nothing(void **state) {
    rs_ring_t *ring = *state;
    rs_ring_record_t record;
    assert_int_equal(put(ring, 30, 'r', 1), RS_OK);
    expect_next(ring, 30, 'r', 1, &record);
    rs_ring_release(ring, record.position);
    rs_ring_release(ring, record.position);
    assert_int_equal(rs_ring_consumed(ring), record.position);
    assert_sound(ring);
}

static void start_at_empties_the_ring(void **state) {
    rs_ring_t *ring = *state;
    rs_ring_record_t record;
    assert_int_equal(put(ring, 30, 's', 1), RS_OK);
    rs_ring_start_at(ring, 800);
    assert_false(rs_ring_peek(ring, &record));
    assert_int_equal(rs_ring_written(ring), 800);
    assert_int_equal(rs_ring_consumed(ring), 800);
    assert_sound(ring);
}

/* The checker itself: each way to damage a record from outside is found. The headers lie right before the bytes. */
static void checker_names_the_broken_rule(void **state) {
    rs_ring_t *ring = *state;
    static const struct { uint32_t len, kind; const char *why; } damages[] = {
        {100, 1, "a record reaches beyond tail"},
        {0, 1, "a record's length is out of range"},
        {8, 1, "padding stops before the end of the buffer"},   /* the bytes behind the shorter record are zeroes */
        {16, 0, "padding stops before the end of the buffer"},
        {UINT32_MAX, 1, "a record reaches beyond tail"},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(damages); i++) {
        rs_ring_start_at(ring, 0);
        void *bytes = NULL;
        assert_int_equal(rs_ring_claim(ring, 16, &bytes), RS_OK);
        memset(bytes, 0, 16);
        (void)rs_ring_commit(ring, 16, 1);
        assert_int_equal(put(ring, 16, 'd', 1), RS_OK);
        assert_sound(ring);
        uint32_t *header = (uint32_t *)(void *)((unsigned char *)bytes - HEADER);
        header[0] = damages[i].len;
        header[1] = damages[i].kind;
        const char *why = "";
        if (rs_ring_check(ring, &why) != RS_ERR_STATE) fail_msg("row %zu: damage was not seen", i);
        assert_string_equal(why, damages[i].why);
        assert_int_equal(rs_ring_check(ring, NULL), RS_ERR_STATE);
    }
}

int run_ring_tests(void) {
#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, fresh_ring, drop_ring)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_refuses_capacities_that_are_not_powers_of_two_in_range),
        RING_TEST(new_ring_is_empty_and_sound),
        RING_TEST(committed_record_is_read_back_with_its_kind_and_position),
        RING_TEST(claimed_record_is_invisible_until_commit),
        RING_TEST(aborted_claim_leaves_nothing_behind),
        RING_TEST(aborted_claim_behind_padding_leaves_nothing_behind),
        RING_TEST(shortened_commit_keeps_only_what_was_used),
        RING_TEST(shortened_commit_behind_padding_stays_at_the_front),
        RING_TEST(claim_refuses_lengths_out_of_range),
        RING_TEST(write_reports_full_and_leaves_ring_unchanged),
        RING_TEST(full_ring_takes_again_what_was_released),
        RING_TEST(padding_counts_as_used_room),
        RING_TEST(records_stay_contiguous_at_every_distance_from_the_end),
        RING_TEST(positions_wrap_around_at_two_to_the_64),
        RING_TEST(largest_record_fits_an_empty_ring_wherever_it_stands),
        RING_TEST(several_records_may_be_peeked_before_the_first_is_released),
        RING_TEST(releasing_the_same_position_again_changes_nothing),
        RING_TEST(start_at_empties_the_ring),
        RING_TEST(checker_names_the_broken_rule),
    };
    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
