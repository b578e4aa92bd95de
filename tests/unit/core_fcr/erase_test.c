/* A customer is forgotten. The oracle: a core that was told the stand-in from the beginning. */
#include "fcr_test.h"

#include "core/erase.h"
#include "event/command.h"

#include <stdlib.h>

static const char P[] = "mia             ", S[] = "0123456789abcdef", HEX_P[] = "6d696120202020202020202020202020",
    HEX_S[] = "30313233343536373839616263646566";

static int erase(fcr_test_t *test, uint64_t *places) {
    return rs_core_erase(test->core, rs_str(test->tenant), (const uint8_t *)P, (const uint8_t *)S, places);
}

/* --- bytes of a whole state ------------------------------------------------------------------------------------------- */
typedef struct bytes { unsigned char *data; size_t len; } bytes_t;

static int add(void *context, const void *data, size_t len) {
    bytes_t *bytes = context;
    bytes->data = realloc(bytes->data, bytes->len + len);
    assert_non_null(bytes->data);
    memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
    return RS_OK;
}

static bool state_has(const fcr_test_t *test, const char *what) {
    bytes_t bytes = {0};
    rs_hash128_t hash;
    assert_int_equal(rs_core_save(test->core, &(rs_state_out_t){.context = &bytes, .write = add}, &hash), RS_OK);
    const bool has = memmem(bytes.data, bytes.len, what, 16) != NULL;
    free(bytes.data);
    return has;
}

/* --- plainly ----------------------------------------------------------------------------------------------------------- */
static void an_erased_customer_is_nowhere_and_no_figure_moves(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_configure(&test);
    test.keeps_facts = true;
    fcr_start(&test);
    fcr_call(&test, "c1", "mia", 0);
    fcr_call(&test, "c2", "mia", 600);
    fcr_call(&test, "x1", "noah", 650);
    assert_true(state_has(&test, P));
    const rs_contact_rate_t rate = rs_core_fcr_contact_rate(test.core, RS_STR("default"));
    uint64_t places = 0;
    assert_int_equal(erase(&test, &places), RS_OK);
    assert_true(places >= 2);
    assert_false(state_has(&test, P));
    assert_true(state_has(&test, S) && state_has(&test, "noah            "));
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 3);
    const rs_contact_rate_t after = rs_core_fcr_contact_rate(test.core, RS_STR("default"));
    assert_true(after.contacts == rate.contacts && after.customers == rate.customers);
    assert_int_equal(erase(&test, &places), RS_ERR_NOT_FOUND);
    assert_int_equal(places, 0);
    fcr_end(&test);
}

static void who_calls_again_after_it_is_a_stranger(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    assert_int_equal(erase(&test, NULL), RS_OK);
    fcr_call(&test, "c2", "mia", 600);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    fcr_call(&test, "c3", "mia", 1200);              /* but c3 repeats c2 */
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    assert_int_equal(erase(&test, NULL), RS_OK);      /* once more, with what came since */
    assert_false(state_has(&test, P));
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    fcr_end(&test);
}

static void what_is_settled_and_what_left_memory_is_found_under_the_stand_in(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_configure(&test);
    test.config->fcr.repeat_window_us = 30 * RS_US_PER_DAY;
    fcr_start(&test);
    char name[16];
    for (int i = 0; i < 200; i++) {                   /* more than one customer has room for */
        snprintf(name, sizeof name, "m%d", i);
        fcr_call(&test, name, "mia", i * 600.0);
    }
    fcr_wait(&test, 5 * DAY);                         /* the contacts left memory, their records did not */
    const int64_t repeated = fcr_total(&test, REPEATED);
    assert_int_equal(repeated, 199);
    uint64_t places = 0;
    assert_int_equal(erase(&test, &places), RS_OK);
    assert_true(places >= 200);
    fcr_signal(&test, RS_DISPOSITION_SET, "m1", false, 5 * DAY + 10);   /* what is said of one of them still arrives */
    assert_int_equal(fcr_total(&test, REPEATED), repeated);
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 1);
    fcr_call(&test, "m200", "mia", 5 * DAY + 600);
    assert_int_equal(fcr_total(&test, REPEATED), repeated);
    fcr_end(&test);
}

static void an_erasure_is_a_record_that_is_applied_like_any_other(void **state) {
    (void)state;
    fcr_test_t test;
    unsigned char bytes[RS_RECORD_MAX];
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    const rs_command_t command = {.what = RS_COMMAND_ERASE, .at_us = RS_US_PER_S, .who = RS_STR("anna"), .owner = RS_STR("customer"),
                                  .tenant = RS_STR("default"), .key = rs_str(HEX_P), .rule = rs_str(HEX_S), .text = RS_STR("asked for it")};
    assert_null(rs_command_check(&command));
    const size_t len = rs_record_write_command(&command, (rs_origin_t){0}, bytes);
    assert_int_equal(rs_core_apply(test.core, RS_RECORD_COMMAND, bytes, len, rs_core_position(test.core) + 1), RS_OK);
    assert_false(state_has(&test, P));
    fcr_end(&test);
}

/* --- against the oracle -------------------------------------------------------------------------------------------------- */
typedef struct rows { bytes_t bytes; } rows_t;

static void add_row(void *context, const rs_row_t *row) {
    rows_t *rows = context;
    if (row->attribution != RS_ATTRIBUTION_EVENT) return;
    (void)add(&rows->bytes, &row->key.family, sizeof row->key.family);
    (void)add(&rows->bytes, row->key.name.data == NULL ? "" : row->key.name.data, row->key.name.len);
    (void)add(&rows->bytes, &row->start_us, sizeof row->start_us);
    (void)add(&rows->bytes, row->counts, RS_COUNT_COUNT * sizeof row->counts[0]);
}

static void expect_same_rows(const fcr_test_t *a, const fcr_test_t *b) {
    rows_t rows[2] = {0};
    rs_core_rows(a->core, add_row, &rows[0]);
    rs_core_rows(b->core, add_row, &rows[1]);
    assert_true(rows[0].bytes.len > 0);
    assert_int_equal(rows[0].bytes.len, rows[1].bytes.len);
    assert_memory_equal(rows[0].bytes.data, rows[1].bytes.data, rows[0].bytes.len);
    free(rows[0].bytes.data);
    free(rows[1].bytes.data);
}

static void expect_same_customers(const fcr_test_t *a, const fcr_test_t *b) {
    rs_fcr_repeater_t listed[2][RS_FCR_REPEATERS];
    uint32_t others[2];
    const uint32_t count = rs_core_fcr_repeaters(a->core, RS_STR("default"), listed[0], RS_FCR_REPEATERS, &others[0]);
    assert_int_equal(count, rs_core_fcr_repeaters(b->core, RS_STR("default"), listed[1], RS_FCR_REPEATERS, &others[1]));
    for (uint32_t i = 0; i < count; i++) {
        assert_memory_equal(&listed[0][i].customer, &listed[1][i].customer, sizeof listed[0][i].customer);
        assert_int_equal(listed[0][i].contacts, listed[1][i].contacts);
    }
    const rs_contact_rate_t one = rs_core_fcr_contact_rate(a->core, RS_STR("default")),
                            other = rs_core_fcr_contact_rate(b->core, RS_STR("default"));
    assert_true(one.contacts == other.contacts && one.customers == other.customers);
}

static void tell(fcr_test_t *test, unsigned type, unsigned contact, const char *customer, unsigned queue, unsigned topic, double at) {
    static const char *const queues[] = {"sales", "help", "bills"}, *const topics[] = {"", "claim", "moving"};
    char name[16];
    snprintf(name, sizeof name, "c%u", contact);
    rs_event_t event = fcr_make(test, (rs_event_type_t)type, name, customer, at);
    if (type == RS_CONTACT_QUEUED) event.queue = rs_str(queues[queue]);
    if (type != RS_CONTACT_ENDED) event.topic = rs_str(topics[topic]);
    fcr_apply(test, event);
}

static void play(fcr_test_t *real, fcr_test_t *told, unsigned seed, rs_fcr_scope_t scope) {
    static const char *const who[] = {"mia", "noah", "emma", ""};
    srand(seed);
    const int erased_at = 20 + rand() % 100;
    double at = 0;
    fcr_test_t *const both[] = {real, told};
    for (int i = 0; i < 2; i++) {
        fcr_configure(both[i]);
        both[i]->config->fcr.scope = (uint8_t)scope;
        fcr_start(both[i]);
    }
    for (int i = 0; i < 160; i++) {
        const unsigned contact = (unsigned)(rand() % 2 == 0 ? i : rand() % (i + 1)),
                       type = rand() % 3 == 0 ? RS_CONTACT_ANSWERED : rand() % 2 == 0 ? RS_CONTACT_QUEUED : RS_CONTACT_ENDED;
        const char *customer = who[rand() % 4];
        const unsigned queue = (unsigned)rand() % 3, topic = (unsigned)rand() % 3;
        at += 1 + rand() % 300;
        const double when = at - (rand() % 4 == 0 ? rand() % 500 : 0) + i * 1e-4;   /* some come late, none at the same time */
        tell(real, type, contact, customer, queue, topic, when < 0 ? 0 : when);
        tell(told, type, contact, i <= erased_at && strcmp(customer, "mia") == 0 ? S : customer, queue, topic, when < 0 ? 0 : when);
        if (i == erased_at) (void)erase(real, NULL);
    }
}

static void an_erasure_leaves_what_a_core_would_have_that_never_knew_the_pseudonym(void **state) {
    (void)state;
    const char *scale = getenv("RS_SEEDS");
    const unsigned seeds = scale == NULL ? 40 : (unsigned)atoi(scale);
    for (unsigned seed = 1; seed <= seeds; seed++) {
        for (unsigned scope = RS_FCR_ANY; scope <= RS_FCR_CHANNEL; scope++) {
            fcr_test_t real, told;
            if (seed == 1) print_message("seeds 1..%u, scope %u\n", seeds, scope);
            play(&real, &told, seed, (rs_fcr_scope_t)scope);
            expect_same_rows(&real, &told);
            expect_same_customers(&real, &told);
            fcr_wait(&real, real.now_s + 3 * HOUR);
            fcr_wait(&told, told.now_s + 3 * HOUR);
            expect_same_rows(&real, &told);
            fcr_end(&real);
            fcr_end(&told);
        }
    }
}

int run_erase_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_erased_customer_is_nowhere_and_no_figure_moves),
        cmocka_unit_test(who_calls_again_after_it_is_a_stranger),
        cmocka_unit_test(what_is_settled_and_what_left_memory_is_found_under_the_stand_in),
        cmocka_unit_test(an_erasure_is_a_record_that_is_applied_like_any_other),
        cmocka_unit_test(an_erasure_leaves_what_a_core_would_have_that_never_knew_the_pseudonym),
    };
    return cmocka_run_group_tests_name("erasing", tests, NULL, NULL);
}
