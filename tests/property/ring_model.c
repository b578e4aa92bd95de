/* The ring against a plain queue: random claims, shortened commits, aborts, peeks and releases, in one thread, with the
 * invariant checked all along; among the seeds are rings whose positions cross 2^64. RS_SEED repeats a run,
 * RS_SEEDS makes it longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "random.h"
#include "ring/ring.h"

enum { CAPACITY = 8192, STEPS = 4000, MAX_RECORDS = CAPACITY / 16 };

/* What the ring should hold: every record that was committed and not yet released. */
typedef struct expected {
    uint64_t fill;      /* seed of its bytes */
    uint64_t end;
    uint32_t len, kind;
} expected_t;
typedef struct model {
    rs_ring_t *ring;
    rs_random_t random;
    expected_t records[MAX_RECORDS];
    size_t first, peeked, count;   /* ring of records; the first `peeked` of `count` were peeked */
    size_t fulls, aborts, wraps;
} model_t;

static void fill_bytes(unsigned char *bytes, size_t len, uint64_t seed) {
    rs_random_t random = {seed};
    for (size_t i = 0; i < len; i++) bytes[i] = (unsigned char)rs_random_next(&random);
}
static void assert_bytes(const unsigned char *bytes, size_t len, uint64_t seed) {
    rs_random_t random = {seed};
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != (unsigned char)rs_random_next(&random)) fail_msg("byte %zu of %zu differs", i, len);
    }
}
static expected_t *expected_at(model_t *model, size_t index) {
    return &model->records[(model->first + index) % MAX_RECORDS];
}
/* Mostly short, sometimes as long as may be. */
static size_t random_len(model_t *model) {
    const uint64_t bound = rs_random_below(&model->random, 8) == 0 ? rs_ring_max_record(model->ring) : 200;
    return 1 + (size_t)rs_random_below(&model->random, bound);
}

static void write_one(model_t *model) {
    const size_t len = random_len(model);
    const uint64_t written = rs_ring_written(model->ring);
    void *bytes = NULL;
    const int status = rs_ring_claim(model->ring, len, &bytes);
    const uint64_t used = written - rs_ring_consumed(model->ring);
    if (status == RS_ERR_FULL) {
        /* refused only when there was truly no contiguous room: padding and record together exceed what is free */
        const uint64_t to_end = CAPACITY - written % CAPACITY;
        const uint64_t size = 8 + (len + 7) / 8 * 8;
        assert_true((size > to_end ? to_end + size : size) > CAPACITY - used);
        model->fulls++;
        return;
    }
    assert_int_equal(status, RS_OK);
    const uint64_t fill = rs_random_next(&model->random);
    fill_bytes(bytes, len, fill);
    if (rs_random_below(&model->random, 10) == 0) {
        rs_ring_abort(model->ring);
        assert_true(rs_ring_written(model->ring) == written);
        model->aborts++;
        return;
    }
    const size_t kept = rs_random_below(&model->random, 4) == 0 ? 1 + (size_t)rs_random_below(&model->random, len) : len;
    const uint32_t kind = 1 + (uint32_t)rs_random_below(&model->random, UINT32_MAX);
    const uint64_t end = rs_ring_commit(model->ring, kept, kind);
    if (end < written) model->wraps++;
    assert_true(model->count < MAX_RECORDS);
    *expected_at(model, model->count++) = (expected_t){.fill = fill, .end = end, .len = (uint32_t)kept, .kind = kind};
}

static void peek_one(model_t *model) {
    rs_ring_record_t record;
    const bool found = rs_ring_peek(model->ring, &record);
    assert_int_equal(found, model->peeked < model->count);
    if (!found) return;
    const expected_t *expected = expected_at(model, model->peeked++);
    assert_int_equal(record.len, expected->len);
    assert_int_equal(record.kind, expected->kind);
    assert_true(record.position == expected->end);
    assert_bytes(record.bytes, record.len, expected->fill);
}

static void release_some(model_t *model) {
    if (model->peeked == 0) return;
    const size_t released = 1 + (size_t)rs_random_below(&model->random, model->peeked);
    rs_ring_release(model->ring, expected_at(model, released - 1)->end);
    assert_true(rs_ring_consumed(model->ring) == expected_at(model, released - 1)->end);
    model->first += released;
    model->peeked -= released;
    model->count -= released;
}

static void run_model(model_t *model, uint64_t seed, uint64_t start) {
    rs_random_t random = {seed};
    *model = (model_t){.ring = model->ring, .random = random};
    rs_ring_start_at(model->ring, start);
    const uint64_t write_share = 20 + rs_random_below(&model->random, 60);   /* full rings and empty ones, by seed */
    for (int step = 0; step < STEPS; step++) {
        const uint64_t dice = rs_random_below(&model->random, 100);
        if (dice < write_share) write_one(model);
        else if (dice < write_share + (100 - write_share) * 2 / 3) peek_one(model);
        else release_some(model);
        const char *why = "";
        if (step % 8 == 0 && rs_ring_check(model->ring, &why) != RS_OK) fail_msg("step %d: %s", step, why);
    }
    while (model->peeked < model->count) peek_one(model);
    rs_ring_record_t record;
    assert_false(rs_ring_peek(model->ring, &record));
}

static void ring_behaves_like_a_plain_queue(void **state) {
    (void)state;
    static model_t model;
    const uint64_t seed = rs_random_seed();
    const uint64_t rounds = rs_test_number("RS_SEEDS", 200);
    size_t fulls = 0, aborts = 0, wraps = 0;
    assert_int_equal(rs_ring_create(CAPACITY, &model.ring), RS_OK);
    for (uint64_t round = 0; round < rounds; round++) {
        const uint64_t start = round % 2 == 0 ? 0 : UINT64_C(0) - 8 * (1 + round * 977 % 40000);
        run_model(&model, seed + round, start);
        fulls += model.fulls;
        aborts += model.aborts;
        wraps += model.wraps;
    }
    rs_ring_destroy(&model.ring);
    printf("%zu claims found it full, %zu were aborted, %zu commits crossed 2^64\n", fulls, aborts, wraps);
    assert_true(fulls > 0 && aborts > 0 && wraps > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ring_behaves_like_a_plain_queue)};
    return cmocka_run_group_tests_name("ring_model", tests, NULL, NULL);
}
