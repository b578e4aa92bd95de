#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/log.h"
#include "base_tests.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What was logged, and the clocks that it was logged by. */
static char logged[64 * 1024];
static size_t logged_len;
static int64_t wall_now, monotonic_now;

static void keep(void *context, const char *line, size_t len) {
    (void)context;
    assert_true(logged_len + len < sizeof(logged));
    memcpy(logged + logged_len, line, len);
    logged_len += len;
    logged[logged_len] = '\0';
}
static int64_t fake_wall(void) { return wall_now; }
static int64_t fake_monotonic(void) { return monotonic_now; }

static const rs_log_options_t plain = {.level = RS_LOG_DEBUG, .form = RS_LOG_FORM_PLAIN, .burst = 3, .period_us = 10 * RS_US_PER_S,
                                       .sink = keep, .wall_us = fake_wall, .monotonic_us = fake_monotonic};

static void forget(void) {
    logged_len = 0;
    logged[0] = '\0';
}
static int begin(void **state) {
    (void)state;
    forget();
    wall_now = INT64_C(1772442012250000);   /* 2026-03-02T09:00:12.25Z */
    monotonic_now = 1000 * RS_US_PER_S;
    rs_log_start(&plain);
    return 0;
}
static int end(void **state) {
    (void)state;
    rs_log_start(NULL);
    return 0;
}

static void plain_line_has_utc_time_level_message_and_fields(void **state) {
    (void)state;
    RS_LOG_WITH(RS_LOG_WARNING, "cannot reach the database", RS_LOG_TEXT("host", "db1.example"), RS_LOG_INT("retry_ms", -500),
                RS_LOG_UINT("tries", UINT64_MAX), RS_LOG_REAL("share", 0.25), RS_LOG_STATUS("reason", RS_ERR_TIMEOUT));
    assert_string_equal(logged, "2026-03-02T09:00:12.250000Z WARNING cannot reach the database host=db1.example retry_ms=-500 "
                                "tries=18446744073709551615 share=0.25 reason=\"timed out\"\n");
}

static void journal_line_has_the_priority_and_no_time(void **state) {
    (void)state;
    rs_log_options_t journal = plain;
    journal.form = RS_LOG_FORM_JOURNAL;
    rs_log_start(&journal);
    RS_LOG(RS_LOG_ERROR, "the disk is full");
    RS_LOG(RS_LOG_DEBUG, "a detail");
    assert_string_equal(logged, "<3>the disk is full\n<7>a detail\n");
}

static void values_that_could_forge_a_line_are_quoted_and_escaped(void **state) {
    (void)state;
    static const struct { const char *value; uint32_t len; const char *shown; } rows[] = {
        {"plain-1.2/3:4@5", 15, "plain-1.2/3:4@5"},
        {"", 0, "\"\""},
        {"two words", 9, "\"two words\""},
        {"a=b", 3, "\"a=b\""},
        {"line\nfeed\r", 10, "\"line\\x0afeed\\x0d\""},
        {"say \"hi\" \\", 10, "\"say \\\"hi\\\" \\\\\""},
        {"\x1b[31mred", 8, "\"\\x1b[31mred\""},
        {"nul\0byte", 8, "\"nul\\x00byte\""},
        {"M\xc3\xbcller \xf0\x9f\x93\x9e", 12, "\"M\xc3\xbcller \xf0\x9f\x93\x9e\""},
        {"bad \xff\xc0\xaf", 7, "\"bad \\xff\\xc0\\xaf\""},
        {"c1 \xc2\x85", 5, "\"c1 \\xc2\\x85\""},
        {"cut \xe2\x82", 6, "\"cut \\xe2\\x82\""},
        {"surrogate \xed\xa0\x80", 13, "\"surrogate \\xed\\xa0\\x80\""},
    };
    rs_log_options_t journal = plain;
    journal.form = RS_LOG_FORM_JOURNAL;
    journal.burst = 100;
    rs_log_start(&journal);
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        char expected[128];
        forget();
        RS_LOG_WITH(RS_LOG_INFO, "x", RS_LOG_STR("v", ((rs_str_t){rows[i].value, rows[i].len})));
        (void)snprintf(expected, sizeof(expected), "<6>x v=%s\n", rows[i].shown);
        if (strcmp(logged, expected) != 0) fail_msg("row %zu: %s", i, logged);
    }
}

static void long_values_and_lines_are_cut_and_stay_one_line(void **state) {
    (void)state;
    char value[RS_LOG_VALUE_MAX + 100];
    memset(value, 'v', sizeof(value));
    const rs_str_t whole = {value, sizeof(value)}, allowed = {value, RS_LOG_VALUE_MAX};
    RS_LOG_WITH(RS_LOG_INFO, "long", RS_LOG_STR("a", whole), RS_LOG_STR("b", allowed));
    assert_non_null(strstr(logged, "vvv...\" b=vvv"));
    assert_int_equal(logged_len, strlen("2026-03-02T09:00:12.250000Z INFO long a=\"...\" b=\n") + 2 * RS_LOG_VALUE_MAX);
    forget();
    RS_LOG_WITH(RS_LOG_INFO, "very long", RS_LOG_STR("a", whole), RS_LOG_STR("b", whole), RS_LOG_STR("c", whole),
                RS_LOG_STR("d", whole), RS_LOG_STR("e", whole), RS_LOG_STR("f", whole), RS_LOG_STR("g", whole),
                RS_LOG_STR("h", whole), RS_LOG_STR("i", whole));
    assert_int_equal(logged_len, RS_LOG_LINE_MAX);
    assert_ptr_equal(strchr(logged, '\n'), logged + RS_LOG_LINE_MAX - 1);
}

static void levels_below_the_current_one_are_silent(void **state) {
    (void)state;
    rs_log_set_level(RS_LOG_WARNING);
    assert_true(rs_log_is_on(RS_LOG_ERROR));
    assert_false(rs_log_is_on(RS_LOG_NOTICE));
    RS_LOG(RS_LOG_NOTICE, "not shown");
    RS_LOG_WITH(RS_LOG_INFO, "not shown", RS_LOG_INT("n", 1));
    assert_string_equal(logged, "");
    RS_LOG(RS_LOG_WARNING, "shown");
    assert_non_null(strstr(logged, "WARNING shown\n"));
}

static void level_names_are_parsed(void **state) {
    (void)state;
    rs_log_level_t level = RS_LOG_ERROR;
    assert_int_equal(rs_log_parse_level("debug", &level), RS_OK);
    assert_int_equal(level, RS_LOG_DEBUG);
    assert_int_equal(rs_log_parse_level("notice", &level), RS_OK);
    assert_int_equal(level, RS_LOG_NOTICE);
    assert_int_equal(rs_log_parse_level("Debug", &level), RS_ERR_NOT_FOUND);
    assert_int_equal(level, RS_LOG_NOTICE);
}

static void say(int64_t number) { RS_LOG_WITH(RS_LOG_WARNING, "again", RS_LOG_INT("n", number)); }

static int count_lines(void) {
    int lines = 0;
    for (size_t i = 0; i < logged_len; i++) lines += logged[i] == '\n';
    return lines;
}

static void repeats_beyond_the_burst_are_counted_and_told_with_the_next_line(void **state) {
    (void)state;
    for (int64_t i = 1; i <= 40; i++) say(i);
    assert_int_equal(count_lines(), 3);
    monotonic_now += 10 * RS_US_PER_S - 1;
    say(41);
    assert_int_equal(count_lines(), 3);
    forget();
    monotonic_now += 1;
    say(42);
    assert_string_equal(logged, "2026-03-02T09:00:12.250000Z WARNING again n=42 repeated=38\n");
    forget();
    say(43);
    assert_string_equal(logged, "2026-03-02T09:00:12.250000Z WARNING again n=43\n");
}

static void flush_tells_what_was_not_printed_when_the_period_is_over(void **state) {
    (void)state;
    for (int64_t i = 1; i <= 10; i++) say(i);
    forget();
    rs_log_flush(false);
    assert_string_equal(logged, "");
    monotonic_now += 10 * RS_US_PER_S;
    rs_log_flush(false);
    assert_string_equal(logged, "2026-03-02T09:00:12.250000Z WARNING again repeated=7\n");
    forget();
    rs_log_flush(false);
    rs_log_flush(true);
    assert_string_equal(logged, "");
}

static void flush_of_all_tells_everything_at_once(void **state) {
    (void)state;
    for (int64_t i = 1; i <= 10; i++) say(i);
    for (int i = 0; i < 5; i++) RS_LOG(RS_LOG_ERROR, "another site");
    forget();
    rs_log_flush(true);
    assert_int_equal(count_lines(), 2);
    assert_non_null(strstr(logged, "WARNING again repeated=7\n"));
    assert_non_null(strstr(logged, "ERROR another site repeated=2\n"));
}

static void one_noisy_site_does_not_silence_another(void **state) {
    (void)state;
    for (int64_t i = 1; i <= 100; i++) say(i);
    forget();
    RS_LOG(RS_LOG_WARNING, "calm");
    assert_non_null(strstr(logged, "WARNING calm\n"));
}

static atomic_uint_fast64_t lines_seen, repeats_seen;
static void count_line(void *context, const char *line, size_t len) {
    (void)context;
    char text[256] = "";
    if (len < sizeof(text)) memcpy(text, line, len);   /* a thread that is not cmocka's cannot assert */
    const char *repeated = strstr(text, " repeated=");
    atomic_fetch_add(&lines_seen, strstr(text, " n=") != NULL);
    if (repeated != NULL) atomic_fetch_add(&repeats_seen, strtoull(repeated + strlen(" repeated="), NULL, 10));
}
static void *say_much(void *context) {
    (void)context;
    for (int64_t i = 0; i < 2000; i++) say(i);
    return NULL;
}

static void every_message_of_several_threads_is_printed_or_counted(void **state) {
    (void)state;
    rs_log_options_t options = plain;
    options.sink = count_line;
    options.monotonic_us = NULL;
    options.period_us = 1000;
    rs_log_start(&options);
    pthread_t threads[4];
    for (size_t i = 0; i < RS_ARRAY_LEN(threads); i++) assert_int_equal(pthread_create(&threads[i], NULL, say_much, NULL), 0);
    for (size_t i = 0; i < RS_ARRAY_LEN(threads); i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    rs_log_flush(true);
    assert_int_equal(atomic_load(&lines_seen) + atomic_load(&repeats_seen), 8000);
    assert_true(atomic_load(&repeats_seen) > 0);
}

/* Logs one line to a file in place of standard error under `environment`; its first character. */
static char first_character(const char *name, const char *value, bool value_is_the_stream) {
    char path[] = "/tmp/ringside-log-XXXXXX", number[64], first = '\0';
    const int file = mkstemp(path), saved = dup(STDERR_FILENO);
    assert_true(file >= 0 && saved >= 0);
    struct stat status;
    assert_int_equal(fstat(file, &status), 0);
    (void)snprintf(number, sizeof(number), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    unsetenv("JOURNAL_STREAM");
    unsetenv("INVOCATION_ID");
    if (name != NULL) setenv(name, value_is_the_stream ? number : value, 1);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    rs_log_start(NULL);
    RS_LOG(RS_LOG_NOTICE, "hello");
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    if (name != NULL) unsetenv(name);
    assert_int_equal(pread(file, &first, 1, 0), 1);
    close(saved);
    close(file);
    unlink(path);
    return first;
}

static void form_follows_where_standard_error_goes(void **state) {
    (void)state;
    assert_int_equal(first_character(NULL, NULL, false), '2');
    assert_int_equal(first_character("JOURNAL_STREAM", NULL, true), '<');
    assert_int_equal(first_character("JOURNAL_STREAM", "1:2", false), '2');
    assert_int_equal(first_character("INVOCATION_ID", "5cb7d2", false), '<');
}

int run_log_tests(void) {
#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        LOG_TEST(plain_line_has_utc_time_level_message_and_fields),
        LOG_TEST(journal_line_has_the_priority_and_no_time),
        LOG_TEST(values_that_could_forge_a_line_are_quoted_and_escaped),
        LOG_TEST(long_values_and_lines_are_cut_and_stay_one_line),
        LOG_TEST(levels_below_the_current_one_are_silent),
        LOG_TEST(level_names_are_parsed),
        LOG_TEST(repeats_beyond_the_burst_are_counted_and_told_with_the_next_line),
        LOG_TEST(flush_tells_what_was_not_printed_when_the_period_is_over),
        LOG_TEST(flush_of_all_tells_everything_at_once),
        LOG_TEST(one_noisy_site_does_not_silence_another),
        LOG_TEST(every_message_of_several_threads_is_printed_or_counted),
        LOG_TEST(form_follows_where_standard_error_goes),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
