/* Nothing allocates per event: every allocation of the program is counted while events are decoded, judged, encoded and
 * recorded, those of the C++ library included. */
#include "event_test.h"

#include <stdatomic.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif

static _Atomic uint64_t allocations;   /* relaxed: one thread counts and reads */

static void count_one(void) { atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed); }

#ifdef UNDER_SANITIZER
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));
static void on_malloc(const volatile void *at, size_t size) {
    (void)at;
    (void)size;
    count_one();
}
static void on_free(const volatile void *at) { (void)at; }
static void start_counting(void) { assert_true(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0); }
#else
void *memalign(size_t alignment, size_t size);
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *at, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *malloc(size_t size) { count_one(); return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { count_one(); return __libc_calloc(count, size); }
void *realloc(void *at, size_t size) { count_one(); return __libc_realloc(at, size); }
void *aligned_alloc(size_t alignment, size_t size) { count_one(); return __libc_memalign(alignment, size); }
void *memalign(size_t alignment, size_t size) { count_one(); return __libc_memalign(alignment, size); }
int posix_memalign(void **at, size_t alignment, size_t size) {
    count_one();
    *at = __libc_memalign(alignment, size);
    return *at == NULL ? 12 : 0;
}
static void start_counting(void) {}
#endif

enum { EVENTS = 500 };

typedef struct work {
    uint8_t record[RS_RECORD_MAX];
    char encoded[RS_EVENT_MAX_ENCODED];
    uint32_t accepted;
} work_t;

static bool use_event(void *context, uint32_t index, const rs_event_t *event, const rs_refused_t *refused, rs_str_t bytes) {
    static const uint8_t key[RS_PSEUDONYM_KEY_BYTES];
    work_t *work = context;
    (void)index;
    if (event == NULL) {
        rs_record_write_refusal(rs_str(refused->source), refused, rs_refused_hash(key, bytes), 1, (rs_origin_t){0, 0}, work->record);
        return true;
    }
    rs_event_t edited = *event;
    uint8_t pseudonym[RS_PSEUDONYM_BYTES];
    int64_t arrival_us;
    rs_origin_t origin;
    rs_pseudonym(key, event->tenant, event->customer, pseudonym);
    edited.customer = (rs_str_t){(const char *)pseudonym, RS_PSEUDONYM_BYTES};
    edited.present |= RS_HAS_PSEUDONYM;
    const size_t len = rs_record_write_event(&edited, 1, (rs_origin_t){0, 0}, work->record);
    const int64_t json_len = rs_event_encode(event, RS_ENCODING_JSON, work->encoded, sizeof work->encoded);
    const int64_t protobuf_len = rs_event_encode(event, RS_ENCODING_PROTOBUF, work->encoded, sizeof work->encoded);
    work->accepted += rs_record_read_event(work->record, len, &edited, &arrival_us, &origin) == RS_OK && json_len > 0 && protobuf_len > 0;
    return true;
}

static void decoding_allocates_nothing_after_the_first_message(void **state) {
    (void)state;
    uint64_t random = random_seed("allocations");
    event_copy_t *copy = malloc(sizeof *copy);
    work_t *work = calloc(1, sizeof *work);
    char *json = malloc(TEST_MESSAGE_BYTES);
    uint8_t *protobuf = malloc(TEST_MESSAGE_BYTES);
    size_t json_len = 0, protobuf_len = 0;
    for (unsigned i = 0; i < EVENTS; i++) {
        random_event(&random, copy);
        int64_t len = rs_event_encode(&copy->event, RS_ENCODING_PROTOBUF, work->encoded, sizeof work->encoded);
        if (i % 50 == 0) len = 3;   /* some refusals among them */
        protobuf_len += make_batch(work->encoded, (size_t)len, protobuf + protobuf_len);
        len = rs_event_encode(&copy->event, RS_ENCODING_JSON, json + json_len, TEST_MESSAGE_BYTES - json_len);
        assert_true(len > 0);
        if (i % 50 == 0) json[json_len + 1] = '!';
        json_len += (size_t)len;
        json[json_len++] = '\n';
    }
    rs_decoder_t *decoder = new_decoder();
    start_counting();
    uint64_t before = 0;
    for (unsigned pass = 0; pass < 3; pass++) {
        if (pass == 1) before = atomic_load_explicit(&allocations, memory_order_relaxed);
        work->accepted = 0;
        assert_int_equal(rs_decode(decoder, RS_ENCODING_JSON, json, json_len, use_event, work), EVENTS);
        assert_int_equal(rs_decode(decoder, RS_ENCODING_PROTOBUF, protobuf, protobuf_len, use_event, work), EVENTS);
        assert_int_equal(work->accepted, 2 * (EVENTS - EVENTS / 50));
    }
    assert_int_equal(atomic_load_explicit(&allocations, memory_order_relaxed) - before, 0);
    void *volatile seen = malloc(1);   /* the counter does count; volatile, or the compiler leaves it out */
    const uint64_t after = atomic_load_explicit(&allocations, memory_order_relaxed);
    assert_true(seen != NULL && after > before);
    free(seen);
    rs_decoder_destroy(&decoder);
    free(protobuf);
    free(json);
    free(work);
    free(copy);
}

int run_allocation_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_allocates_nothing_after_the_first_message),
    };
    return cmocka_run_group_tests_name("allocation", tests, NULL, NULL);
}
