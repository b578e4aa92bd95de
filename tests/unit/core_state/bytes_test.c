/* The bytes themselves: what stands in a file, older and newer programs, damage. */
#include "core_state_tests.h"

#include <stdlib.h>

/* --- a part of two programs -------------------------------------------------------------------------------------------- */
typedef struct old_thing {
    uint32_t next;
    int16_t sum;
    bool is_there;
    uint8_t gone;
    double share;
    uint16_t list[3];
} old_thing_t;
typedef struct new_thing {
    int64_t sum;                  /* wider */
    bool is_there;
    uint16_t list[5];             /* longer */
    uint32_t next, fresh;         /* elsewhere; new */
    double share;
} new_thing_t;

static const rs_state_field_t old_fields[] = {
    RS_STATE_FIELD(old_thing_t, next, RS_BOUND_ANY), RS_STATE_FIELD(old_thing_t, sum, RS_BOUND_ANY),
    RS_STATE_FIELD(old_thing_t, is_there, RS_BOUND_ANY), RS_STATE_FIELD(old_thing_t, gone, RS_BOUND_ANY),
    RS_STATE_FIELD(old_thing_t, share, RS_BOUND_ANY), RS_STATE_ARRAY(old_thing_t, list, RS_BOUND_ANY)};
static const rs_state_table_t old_table = RS_STATE_TABLE(old_thing_t, "thing", old_fields);
static const rs_state_field_t new_fields[] = {
    RS_STATE_FIELD(new_thing_t, sum, RS_BOUND_ANY), RS_STATE_FIELD(new_thing_t, is_there, RS_BOUND_ANY),
    RS_STATE_ARRAY(new_thing_t, list, RS_BOUND_ANY), RS_STATE_FIELD(new_thing_t, next, RS_BOUND_ANY),
    RS_STATE_FIELD(new_thing_t, fresh, RS_BOUND_ANY), RS_STATE_FIELD(new_thing_t, share, RS_BOUND_ANY)};
static const rs_state_table_t new_table = RS_STATE_TABLE(new_thing_t, "thing", new_fields);
static const rs_state_field_t other_kind_fields[] = {
    {.name = "sum", .offset = offsetof(new_thing_t, sum), .count = 1, .width = 8, .kind = RS_STATE_UNSIGNED}};
static const rs_state_table_t other_kind_table = RS_STATE_TABLE(new_thing_t, "thing", other_kind_fields);
static const rs_state_field_t narrow_fields[] = {
    {.name = "sum", .offset = offsetof(old_thing_t, is_there), .count = 1, .width = 1, .kind = RS_STATE_SIGNED}};
static const rs_state_table_t narrow_table = RS_STATE_TABLE(old_thing_t, "thing", narrow_fields);

static const rs_state_part_t old_part = {.name = "things", .version = 1, .table_count = 1, .tables = {&old_table}};
static const rs_state_part_t new_part = {.name = "things", .version = 2, .table_count = 1, .tables = {&new_table}};
static const rs_state_part_t other_kind_part = {.name = "things", .version = 2, .table_count = 1, .tables = {&other_kind_table}};
static const rs_state_part_t narrow_part = {.name = "things", .version = 2, .table_count = 1, .tables = {&narrow_table}};
static const rs_state_part_t stranger_part = {.name = "strangers", .version = 9, .table_count = 1, .tables = {&old_table}};

static const rs_state_part_t *find_old(rs_str_t name) { return rs_str_equal(name, rs_str("things")) ? &old_part : NULL; }
static const rs_state_part_t *find_new(rs_str_t name) { return rs_str_equal(name, rs_str("things")) ? &new_part : NULL; }
static const rs_state_part_t *find_other_kind(rs_str_t name) { return rs_str_equal(name, rs_str("things")) ? &other_kind_part : NULL; }
static const rs_state_part_t *find_narrow(rs_str_t name) { return rs_str_equal(name, rs_str("things")) ? &narrow_part : NULL; }

/* --- files in memory ---------------------------------------------------------------------------------------------------- */
typedef struct file { unsigned char bytes[200000]; size_t len, at, step; int fails_at; } file_t;

static int put(void *context, const void *bytes, size_t len) {
    file_t *file = context;
    if (file->fails_at >= 0 && file->fails_at-- == 0) return RS_ERR_IO;
    assert_true(len <= 65536 + 64 && file->len + len <= sizeof file->bytes);
    memcpy(file->bytes + file->len, bytes, len);
    file->len += len;
    return RS_OK;
}

static int get(void *context, void *bytes, size_t room, size_t *len) {
    file_t *file = context;
    if (file->fails_at >= 0 && file->fails_at-- == 0) return RS_ERR_IO;
    *len = file->len - file->at < room ? file->len - file->at : room;
    if (file->step != 0 && *len > file->step) *len = file->step;
    memcpy(bytes, file->bytes + file->at, *len);
    file->at += *len;
    return RS_OK;
}

static file_t *new_file(void) {
    file_t *file = calloc(1, sizeof *file);
    assert_non_null(file);
    file->fails_at = -1;
    return file;
}

static const old_thing_t first = {.next = 7, .sum = -3, .is_there = true, .gone = 9, .share = 0.25, .list = {1, 0, 65535}};

/* A stranger's section, then things. */
static int write_things(file_t *file, rs_hash128_t *hash) {
    const rs_state_out_t out = {.context = file, .write = put};
    const old_thing_t nothing = {0};
    rs_state_writer_t *writer;
    assert_int_equal(rs_state_writer_create(&out, &writer), RS_OK);
    rs_state_begin_section(writer, &stranger_part);
    rs_state_put_item(writer, &old_table, &first);
    rs_state_end_section(writer);
    rs_state_begin_section(writer, &old_part);
    rs_state_put_u32(writer, 2);
    rs_state_put_item(writer, &old_table, &first);
    rs_state_put_item(writer, &old_table, &nothing);
    rs_state_end_section(writer);
    const int status = rs_state_finish(writer, hash);
    rs_state_writer_destroy(&writer);
    return status;
}

/* Reads all of it; things go to `things`, of the size that their table says. */
static int read_things(file_t *file, const rs_state_part_t *(*find)(rs_str_t), void *things, uint32_t *count, char *what) {
    const rs_state_in_t in = {.context = file, .read = get};
    const rs_state_part_t *part;
    rs_state_reader_t *reader;
    assert_int_equal(rs_state_reader_create(&in, &reader), RS_OK);
    *count = 0;
    while (rs_state_next_section(reader, find, &part)) {
        const uint32_t wanted = rs_state_get_count(reader, 2);
        for (uint32_t i = 0; i < wanted && rs_state_is_good(reader); i++) {
            rs_state_get_item(reader, part->tables[0], (unsigned char *)things + (*count)++ * part->tables[0]->item_bytes);
        }
    }
    const int status = rs_state_status(reader);
    if (what != NULL) strcpy(what, rs_state_what(reader));
    rs_state_reader_destroy(&reader);
    return status;
}

static void what_was_written_is_read_and_strangers_are_skipped(void **state) {
    (void)state;
    file_t *file = new_file();
    rs_hash128_t hash;
    assert_int_equal(write_things(file, &hash), RS_OK);
    for (size_t step = 0; step < 4; step++) {
        old_thing_t things[2] = {{0}};
        uint32_t count;
        file->at = 0;
        file->step = step;
        assert_int_equal(read_things(file, find_old, things, &count, NULL), RS_OK);
        assert_int_equal(count, 2);
        assert_int_equal(things[0].next, 7);
        assert_int_equal(things[0].sum, -3);
        assert_true(things[0].is_there && things[0].gone == 9 && things[0].share == 0.25);
        assert_true(things[0].list[0] == 1 && things[0].list[1] == 0 && things[0].list[2] == 65535);
        assert_true(things[1].next == 0 && things[1].sum == 0 && !things[1].is_there);
    }
    free(file);
}

static void a_newer_program_finds_fields_by_name(void **state) {
    (void)state;
    file_t *file = new_file();
    rs_hash128_t hash;
    assert_int_equal(write_things(file, &hash), RS_OK);
    new_thing_t things[2] = {{.fresh = 11, .list = {0, 0, 0, 4, 5}}, {.fresh = 12}};
    uint32_t count;
    assert_int_equal(read_things(file, find_new, things, &count, NULL), RS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(things[0].next, 7);
    assert_int_equal(things[0].sum, -3);
    assert_int_equal(things[0].fresh, 11);
    assert_true(things[0].is_there && things[0].share == 0.25);
    assert_true(things[0].list[2] == 65535 && things[0].list[3] == 4 && things[0].list[4] == 5);
    assert_int_equal(things[1].fresh, 12);
    free(file);
}

static void a_field_of_another_kind_or_too_wide_is_refused(void **state) {
    (void)state;
    file_t *file = new_file();
    rs_hash128_t hash;
    new_thing_t things[2] = {{0}};
    uint32_t count;
    assert_int_equal(write_things(file, &hash), RS_OK);
    assert_int_equal(read_things(file, find_other_kind, things, &count, NULL), RS_ERR_PARSE);
    file->at = 0;
    assert_int_equal(read_things(file, find_narrow, things, &count, NULL), RS_ERR_PARSE);
    free(file);
}

/* --- damage ------------------------------------------------------------------------------------------------------------- */
static void every_flipped_bit_is_found(void **state) {
    (void)state;
    file_t *file = new_file();
    rs_hash128_t hash;
    assert_int_equal(write_things(file, &hash), RS_OK);
    for (size_t bit = 0; bit < file->len * 8; bit++) {
        old_thing_t things[2] = {{0}};
        uint32_t count;
        file->bytes[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        file->at = 0;
        const int status = read_things(file, find_old, things, &count, NULL);
        if (status != RS_ERR_PARSE && status != RS_ERR_VERSION) fail_msg("bit %zu of %zu: %s", bit, file->len * 8, rs_status_text(status));
        file->bytes[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    }
    free(file);
}

static void a_state_cut_anywhere_or_followed_by_anything_is_refused(void **state) {
    (void)state;
    file_t *file = new_file();
    rs_hash128_t hash;
    old_thing_t things[2];
    uint32_t count;
    assert_int_equal(write_things(file, &hash), RS_OK);
    const size_t whole = file->len;
    for (file->len = 0; file->len < whole; file->len++) {
        file->at = 0;
        assert_int_equal(read_things(file, find_old, things, &count, NULL), RS_ERR_PARSE);
    }
    file->len = whole + 1;
    file->at = 0;
    assert_int_equal(read_things(file, find_old, things, &count, NULL), RS_ERR_PARSE);
    free(file);
}

/* Puts the right checksums to bytes that were changed. */
static void seal_again(file_t *file) {
    unsigned char *chain = calloc(1, 16 + sizeof file->bytes);
    assert_non_null(chain);
    size_t at = 0, len = 16;
    while (at + len + 16 <= file->len) {
        memcpy(chain + 16, file->bytes + at, len);
        const rs_hash128_t sum = rs_hash128(chain, 16 + len, 0);
        for (unsigned i = 0; i < 8; i++) {
            file->bytes[at + len + i] = (unsigned char)(sum.low >> (8 * i));
            file->bytes[at + len + 8 + i] = (unsigned char)(sum.high >> (8 * i));
        }
        memcpy(chain, file->bytes + at + len, 16);
        at += len + 16;
        if (at + 8 > file->len) break;
        len = 8 + (file->bytes[at] | (size_t)file->bytes[at + 1] << 8 | (size_t)file->bytes[at + 2] << 16);
    }
    free(chain);
}

static void a_state_of_a_newer_program_is_refused_as_such(void **state) {
    (void)state;
    file_t *file = new_file();
    rs_hash128_t hash;
    old_thing_t things[2];
    uint32_t count;
    char what[RS_STATE_WHAT_BYTES];
    assert_int_equal(write_things(file, &hash), RS_OK);
    file->bytes[12]++;   /* the state's version */
    seal_again(file);
    assert_int_equal(read_things(file, find_old, things, &count, what), RS_ERR_VERSION);
    assert_string_equal(what, "the state was written by a newer program than this one");
    file->bytes[12]--;
    file->bytes[8]++;    /* the format */
    seal_again(file);
    file->at = 0;
    assert_int_equal(read_things(file, find_old, things, &count, what), RS_ERR_VERSION);
    file->bytes[8]--;
    seal_again(file);
    file->at = 0;
    assert_int_equal(read_things(file, find_old, things, &count, what), RS_OK);
    free(file);
}

static void something_else_is_no_state(void **state) {
    (void)state;
    static const char *const others[] = {"", "ringside", "{\"source\":\"x\",\"seq\":1,\"occurred_at\":\"2026-01-01T00:00:00Z\"}",
                                         "\x89PNG followed by very much more than a header has bytes"};
    for (size_t i = 0; i < RS_ARRAY_LEN(others); i++) {
        file_t *file = new_file();
        old_thing_t things[2];
        uint32_t count;
        file->len = strlen(others[i]);
        memcpy(file->bytes, others[i], file->len);
        assert_int_equal(read_things(file, find_old, things, &count, NULL), RS_ERR_PARSE);
        free(file);
    }
}

static void a_failure_of_the_callbacks_is_what_is_returned(void **state) {
    (void)state;
    rs_hash128_t hash;
    for (int call = 0; call < 4; call++) {
        file_t *file = new_file();
        file->fails_at = call;
        assert_int_equal(write_things(file, &hash), RS_ERR_IO);
        free(file);
    }
    file_t *file = new_file();
    old_thing_t things[2];
    uint32_t count;
    assert_int_equal(write_things(file, &hash), RS_OK);
    for (int call = 0; call < 11; call++) {
        file->at = 0;
        file->fails_at = call;
        assert_int_equal(read_things(file, find_old, things, &count, NULL), RS_ERR_IO);
    }
    free(file);
}

/* --- pools and who owns what --------------------------------------------------------------------------------------------- */
static const rs_state_part_t pool_part = {.name = "pool", .version = 1, .table_count = 1, .tables = {&old_table}};
static const rs_state_part_t *find_pool(rs_str_t name) { (void)name; return &pool_part; }

static int copy_pool(const rs_pool_t *pool, rs_pool_t *copy, char *what) {
    file_t *file = new_file();
    const rs_state_out_t out = {.context = file, .write = put};
    const rs_state_in_t in = {.context = file, .read = get};
    const rs_state_part_t *part;
    rs_state_writer_t *writer;
    rs_state_reader_t *reader;
    rs_hash128_t hash;
    assert_int_equal(rs_state_writer_create(&out, &writer), RS_OK);
    rs_state_begin_section(writer, &pool_part);
    rs_state_put_pool(writer, &old_table, pool);
    rs_state_end_section(writer);
    assert_int_equal(rs_state_finish(writer, &hash), RS_OK);
    rs_state_writer_destroy(&writer);
    assert_int_equal(rs_state_reader_create(&in, &reader), RS_OK);
    assert_true(rs_state_next_section(reader, find_pool, &part));
    rs_state_get_pool(reader, &old_table, copy, "limits.things");
    while (rs_state_next_section(reader, find_pool, &part)) {}
    const int status = rs_state_status(reader);
    strcpy(what, rs_state_what(reader));
    rs_state_reader_destroy(&reader);
    free(file);
    return status;
}

static void a_pool_keeps_its_numbers_and_the_order_of_the_free_ones(void **state) {
    (void)state;
    rs_pool_t pool, copy;
    char what[RS_STATE_WHAT_BYTES];
    assert_int_equal(rs_pool_init(&pool, sizeof(old_thing_t), 5000), RS_OK);
    assert_int_equal(rs_pool_init(&copy, sizeof(old_thing_t), 6000), RS_OK);
    for (uint32_t i = 1; i <= 3000; i++) {
        assert_int_equal(rs_pool_take(&pool), i);
        ((old_thing_t *)rs_pool_at(&pool, i))->next = i * 7;
    }
    for (uint32_t i = 5; i <= 2500; i += 5) rs_pool_give(&pool, (i * 7) % 2500 + 1);
    assert_int_equal(copy_pool(&pool, &copy, what), RS_OK);
    assert_int_equal(copy.made, pool.made);
    assert_int_equal(copy.live, pool.live);
    rs_state_claims_t claims;
    assert_int_equal(rs_state_claims_begin(&claims, &pool), RS_OK);
    for (uint32_t i = 1; i <= 3000; i++) {
        if (!rs_state_is_free(&claims, i)) assert_int_equal(((old_thing_t *)rs_pool_at(&copy, i))->next, i * 7);
    }
    rs_state_claims_end(&claims);
    for (uint32_t i = 0; i < 600; i++) assert_int_equal(rs_pool_take(&copy), rs_pool_take(&pool));
    rs_pool_deinit(&copy);
    assert_int_equal(rs_pool_init(&copy, sizeof(old_thing_t), 2000), RS_OK);
    assert_int_equal(copy_pool(&pool, &copy, what), RS_ERR_LIMIT);
    assert_string_equal(what, "the state holds more than is allowed now by limits.things");
    rs_pool_deinit(&copy);
    rs_pool_deinit(&pool);
}

static void what_somebody_owns_is_nobody_elses(void **state) {
    (void)state;
    rs_pool_t pool;
    rs_state_claims_t claims;
    assert_int_equal(rs_pool_init(&pool, 16, 100), RS_OK);
    for (uint32_t i = 1; i <= 5; i++) assert_int_equal(rs_pool_take(&pool), i);
    rs_pool_give(&pool, 3);
    assert_int_equal(rs_state_claims_begin(&claims, &pool), RS_OK);
    assert_true(rs_state_is_free(&claims, 3) && !rs_state_is_free(&claims, 2));
    assert_int_equal(claims.left, 4);
    assert_true(rs_state_claim(&claims, 2));
    assert_false(rs_state_claim(&claims, 2));
    assert_false(rs_state_claim(&claims, 3));
    assert_false(rs_state_claim(&claims, 0));
    assert_false(rs_state_claim(&claims, 6));
    assert_int_equal(claims.left, 3);
    rs_state_claims_end(&claims);
    const uint32_t itself = 3;   /* a free item whose next is itself */
    memcpy(rs_pool_at(&pool, 3), &itself, sizeof itself);
    assert_int_equal(rs_state_claims_begin(&claims, &pool), RS_ERR_PARSE);
    rs_state_claims_end(&claims);
    rs_pool_deinit(&pool);
}

const struct CMUnitTest bytes_tests[] = {
    cmocka_unit_test(what_was_written_is_read_and_strangers_are_skipped),
    cmocka_unit_test(a_newer_program_finds_fields_by_name),
    cmocka_unit_test(a_field_of_another_kind_or_too_wide_is_refused),
    cmocka_unit_test(every_flipped_bit_is_found),
    cmocka_unit_test(a_state_cut_anywhere_or_followed_by_anything_is_refused),
    cmocka_unit_test(a_state_of_a_newer_program_is_refused_as_such),
    cmocka_unit_test(something_else_is_no_state),
    cmocka_unit_test(a_failure_of_the_callbacks_is_what_is_returned),
    cmocka_unit_test(a_pool_keeps_its_numbers_and_the_order_of_the_free_ones),
    cmocka_unit_test(what_somebody_owns_is_nobody_elses),
};
const size_t bytes_test_count = RS_ARRAY_LEN(bytes_tests);
