/* Loading zones: names, the process's TZ, offsets that cannot be used, cost. The tables' contents: property/zone.c. */
#include "config_tests.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void what_is_no_zone_is_not_found(void **state) {
    static const char *const bad[] = {"",
                                      "Europe",
                                      "Europe/",
                                      "/etc/localtime",
                                      "../zoneinfo/UTC",
                                      "Europe/../UTC",
                                      "Europe/London ",
                                      "EST5EDT,M3.2.0,M11.1.0",
                                      ":UTC",
                                      "right/Europe/London",
                                      "zone.tab",
                                      "tzdata.zi",
                                      "Nowhere",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    rs_zone_t *zone = NULL;
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(bad); i++)
        if (rs_zone_load(bad[i], &zone) != RS_ERR_NOT_FOUND || zone != NULL) fail_msg("`%s`", bad[i]);
    assert_int_equal(rs_zone_load(NULL, &zone), RS_ERR_NOT_FOUND);
}

static void tz_of_the_process_is_put_back(void **state) {
    rs_zone_t *zone = NULL;
    const time_t summer = 1750000000;
    struct tm local;
    (void)state;
    setenv("TZ", "Asia/Tokyo", 1);
    tzset();
    assert_int_equal(rs_zone_load("Europe/London", &zone), RS_OK);
    assert_string_equal(getenv("TZ"), "Asia/Tokyo");
    assert_non_null(localtime_r(&summer, &local));
    assert_int_equal(local.tm_gmtoff, 9 * 3600);
    rs_zone_destroy(&zone);
    unsetenv("TZ");
    tzset();
    assert_int_equal(rs_zone_load("Europe/London", &zone), RS_OK);
    assert_null(getenv("TZ"));
    rs_zone_destroy(&zone);
    assert_null(zone);
}

static void transitions_rise_begin_at_the_epoch_and_end_before_2262(void **state) {
    static const char *const names[] = {"UTC", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe"};
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(names); i++) {
        rs_zone_t *zone = NULL;
        assert_int_equal(rs_zone_load(names[i], &zone), RS_OK);
        assert_string_equal(zone->name, names[i]);
        assert_true(zone->count >= 1);
        assert_int_equal(zone->transitions[0].at_us, 0);
        for (uint32_t k = 1; k < zone->count; k++) {
            assert_true(zone->transitions[k].at_us > zone->transitions[k - 1].at_us);
            assert_true(zone->transitions[k].offset_s != zone->transitions[k - 1].offset_s);
        }
        assert_true(zone->transitions[zone->count - 1].at_us < RS_TIME_MAX_US);
        rs_zone_destroy(&zone);
    }
}

/* A zone file of version 1 with one offset and no transition. */
static void write_zone(const char *path, int32_t offset_s) {
    unsigned char bytes[44 + 6 + 4] = "TZif";
    const uint32_t raw = (uint32_t)offset_s;
    bytes[39] = 1; /* types */
    bytes[43] = 4; /* characters of names */
    for (int i = 0; i < 4; i++) bytes[44 + i] = (unsigned char)(raw >> (24 - 8 * i));
    memcpy(bytes + 50, "ODD", 4);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, sizeof(bytes), file), sizeof(bytes));
    fclose(file);
}

static void a_zone_between_quarter_hours_is_refused_with_the_reason(void **state) {
    char folder[] = "/tmp/ringside-zone-XXXXXX", path[64];
    static const char *const sets[] = {"time.zone=Odd"};
    rs_config_t *config = NULL;
    rs_config_error_t error;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/Odd", folder);
    setenv("TZDIR", folder, 1);
    write_zone(path, 1200);
    assert_int_equal(rs_config_load(NULL, sets, 1, &config, &error), RS_ERR_PARSE);
    assert_string_equal(error.key, "time.zone");
    assert_string_equal(error.reason, "`Odd` has an offset of 1200 seconds, and days are summed from quarter hours");
    write_zone(path, -900);
    assert_int_equal(rs_config_load(NULL, sets, 1, &config, &error), RS_OK);
    assert_int_equal(config->zone->transitions[0].offset_s, -900);
    rs_config_destroy(&config);
    unsetenv("TZDIR");
    unlink(path);
    rmdir(folder);
}

/* An old odd offset (Liberia until 1972) is past and forbids nothing. */
static void an_odd_offset_of_the_past_is_no_reason(void **state) {
    static const char *const sets[] = {"time.zone=Africa/Monrovia"};
    rs_config_t *config = NULL;
    rs_config_error_t error;
    (void)state;
    assert_int_equal(rs_config_load(NULL, sets, 1, &config, &error), RS_OK);
    assert_int_equal(config->zone->transitions[0].offset_s, -2670);
    rs_config_destroy(&config);
}

static double milliseconds_to_load(const char *name) {
    struct timespec begin, end;
    rs_zone_t *zone = NULL;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    assert_int_equal(rs_zone_load(name, &zone), RS_OK);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    rs_zone_destroy(&zone);
    return (double)(end.tv_sec - begin.tv_sec) * 1e3 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
}

/* Best of five: 60 ms is the bound of a build without instruments; a sanitizer may take longer and is not measured. */
static void loading_a_zone_takes_less_than_60_ms(void **state) {
    double best = 1e9;
    (void)state;
    for (int i = 0; i < 5; i++) {
        const double taken = milliseconds_to_load("Europe/London");
        if (taken < best) best = taken;
    }
    printf("          %.1f ms\n", best);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(best < 60);
#endif
}

const struct CMUnitTest zone_tests[] = {
    cmocka_unit_test(what_is_no_zone_is_not_found),
    cmocka_unit_test(tz_of_the_process_is_put_back),
    cmocka_unit_test(transitions_rise_begin_at_the_epoch_and_end_before_2262),
    cmocka_unit_test(a_zone_between_quarter_hours_is_refused_with_the_reason),
    cmocka_unit_test(an_odd_offset_of_the_past_is_no_reason),
    cmocka_unit_test(loading_a_zone_takes_less_than_60_ms),
};
const size_t zone_test_count = RS_ARRAY_LEN(zone_tests);
