#include "event_test.h"

static const uint8_t key[RS_PSEUDONYM_KEY_BYTES] = {1, 2, 3};
static const uint8_t other_key[RS_PSEUDONYM_KEY_BYTES] = {1, 2, 4};

static bool alike(const char *tenant, const char *a, const char *b) {
    uint8_t first[RS_PSEUDONYM_BYTES], second[RS_PSEUDONYM_BYTES];
    rs_pseudonym(key, rs_str(tenant), rs_str(a), first);
    rs_pseudonym(key, rs_str(tenant), rs_str(b), second);
    return memcmp(first, second, sizeof first) == 0;
}

static void spellings_of_one_customer_are_alike_and_others_are_not(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"+15550001", "+15550001", true},
        {"+15550001", "0015550001", true},
        {"+1 (555) 00-01", "001.555.00.01", true},
        {"+1[555]0001", "+15550001", true},
        {"+15550001", "15550001", false},
        {"+15550001", "+15550002", false},
        {"15550001", "015550001", false},
        {"00", "+", false},
        {"Ann@Example.org", "ann@example.ORG", true},
        {"ann@example.org", "anne@example.org", false},
        {"Account-A", "account-a", false},
        {"account 17", "account17", false},
        {"1 5", "15", true},
        {"15/5", "155", false},
        {"1+5", "15", false},
        {"++15", "+15", false},
        {"anonymous", "anonymous", true},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        if (alike("t", rows[i].a, rows[i].b) != rows[i].same) fail_msg("%s and %s", rows[i].a, rows[i].b);
    }
}

static void tenant_and_key_make_another_pseudonym(void **state) {
    (void)state;
    uint8_t base[RS_PSEUDONYM_BYTES], other[RS_PSEUDONYM_BYTES];
    rs_pseudonym(key, RS_STR("default"), RS_STR("+1555"), base);
    rs_pseudonym(key, RS_STR(""), RS_STR("+1555"), other);
    assert_memory_equal(base, other, sizeof base);
    rs_pseudonym(key, RS_STR("acme"), RS_STR("+1555"), other);
    assert_memory_not_equal(base, other, sizeof base);
    rs_pseudonym(other_key, RS_STR("default"), RS_STR("+1555"), other);
    assert_memory_not_equal(base, other, sizeof base);
    /* where the tenant ends is part of it */
    rs_pseudonym(key, RS_STR("ab"), RS_STR("c"), base);
    rs_pseudonym(key, RS_STR("a"), RS_STR("bc"), other);
    assert_memory_not_equal(base, other, sizeof base);
}

static void the_pseudonym_does_not_hold_the_number(void **state) {
    (void)state;
    uint8_t pseudonym[RS_PSEUDONYM_BYTES];
    const rs_str_t number = RS_STR("5550001");
    rs_pseudonym(key, RS_STR("t"), number, pseudonym);
    assert_null(memmem(pseudonym, sizeof pseudonym, number.data, 3));
}

/* A stored value: it must not change between versions. The expected bytes are Python's
 * hashlib.blake2b(b"\x07default+15550001", digest_size=16, key=bytes([1, 2, 3]) + bytes(29)). */
static void pseudonyms_are_stable(void **state) {
    (void)state;
    static const uint8_t expected[RS_PSEUDONYM_BYTES] = {0x69, 0xE1, 0xBD, 0x94, 0x8F, 0x2B, 0x9F, 0xA9, 0xB0, 0x55, 0xCA, 0xA6, 0xE7,
                                                         0x33, 0xAD, 0xC5};
    uint8_t pseudonym[RS_PSEUDONYM_BYTES];
    rs_pseudonym(key, RS_STR(""), RS_STR("00 1 555-0001"), pseudonym);
    assert_memory_equal(pseudonym, expected, sizeof expected);
}

static void the_longest_customer_fits(void **state) {
    (void)state;
    char text[RS_MAX_CUSTOMER];
    uint8_t pseudonym[RS_PSEUDONYM_BYTES], other[RS_PSEUDONYM_BYTES];
    memset(text, '5', sizeof text);
    const rs_str_t tenant = {text, RS_MAX_NAME};
    rs_pseudonym(key, tenant, (rs_str_t){text, RS_MAX_CUSTOMER}, pseudonym);
    rs_pseudonym(key, tenant, (rs_str_t){text, RS_MAX_CUSTOMER - 1}, other);
    assert_memory_not_equal(pseudonym, other, sizeof other);
    rs_pseudonym(key, tenant, (rs_str_t){NULL, 0}, other);
    assert_memory_not_equal(pseudonym, other, sizeof other);
}

/* hashlib.blake2b(b"hello", digest_size=16, key=...), the first eight bytes, little endian */
static void refused_hashes_are_keyed_and_stable(void **state) {
    (void)state;
    assert_true(rs_refused_hash(key, RS_STR("hello")) == UINT64_C(0xAD6AF1AB2661A826));
    assert_true(rs_refused_hash(other_key, RS_STR("hello")) != rs_refused_hash(key, RS_STR("hello")));
    assert_true(rs_refused_hash(key, RS_STR("hellp")) != rs_refused_hash(key, RS_STR("hello")));
    assert_true(rs_refused_hash(key, (rs_str_t){NULL, 0}) != 0);
}

int run_pseudonym_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_one_customer_are_alike_and_others_are_not),
        cmocka_unit_test(tenant_and_key_make_another_pseudonym),
        cmocka_unit_test(the_pseudonym_does_not_hold_the_number),
        cmocka_unit_test(pseudonyms_are_stable),
        cmocka_unit_test(the_longest_customer_fits),
        cmocka_unit_test(refused_hashes_are_keyed_and_stable),
    };
    return cmocka_run_group_tests_name("pseudonym", tests, NULL, NULL);
}
