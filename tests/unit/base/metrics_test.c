#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/counter.h"
#include "base/metrics.h"
#include "base_tests.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void fill(rs_metrics_t *page) {
    static const rs_metric_label_t queue = {"what", "a \"quoted\" back\\slash\nand more"}, two[] = {{"a", "1"}, {"b", "2"}};
    rs_metrics_counter(page, "rs_made", "Made.", UINT64_MAX);
    rs_metrics_family(page, "rs_now", RS_METRIC_GAUGE, "Now.");
    rs_metrics_sample(page, &queue, 1, -0.125);
    rs_metrics_whole(page, two, 2, 7);
    rs_metrics_gauge(page, "rs_none", "None.", NAN);
    rs_metrics_gauge(page, "rs_over", "Over.", INFINITY);
}

static const char text_of_both[] = "rs_made_total 18446744073709551615\n"
                                   "# HELP rs_now Now.\n# TYPE rs_now gauge\n"
                                   "rs_now{what=\"a \\\"quoted\\\" back\\\\slash\\nand more\"} -0.125\nrs_now{a=\"1\",b=\"2\"} 7\n"
                                   "# HELP rs_none None.\n# TYPE rs_none gauge\nrs_none NaN\n"
                                   "# HELP rs_over Over.\n# TYPE rs_over gauge\nrs_over +Inf\n";

static void a_page_is_written_in_both_formats(void **state) {
    (void)state;
    rs_metrics_t page = {0};
    char expected[1024];
    for (int open = 0; open < 2; open++) {
        rs_metrics_begin(&page, open);
        fill(&page);
        assert_int_equal(rs_metrics_end(&page), RS_OK);
        const char *family = open ? "rs_made" : "rs_made_total";
        snprintf(expected, sizeof expected, "# HELP %s Made.\n# TYPE %s counter\n%s%s", family, family, text_of_both,
                 open ? "# EOF\n" : "");
        assert_int_equal(page.len, strlen(expected));
        assert_memory_equal(page.text, expected, page.len);
    }
    rs_metrics_free(&page);
}

static void counters_of_one_name_are_one_family(void **state) {
    (void)state;
    static rs_counter_t counters[] = {RS_COUNTER1("rs_page_total", "Of the page.", "reason", "b"),
                                      RS_COUNTER1("rs_page_total", "Of the page.", "reason", "a"), RS_COUNTER("rs_pages_total", "Pages.")};
    rs_counter_register(counters, RS_ARRAY_LEN(counters));
    rs_counter_add(&counters[0], 3);
    rs_metrics_t page = {0};
    rs_metrics_begin(&page, true);
    rs_metrics_add_counters(&page);
    assert_int_equal(rs_metrics_end(&page), RS_OK);
    char *text = strndup(page.text, page.len);
    assert_non_null(strstr(text, "# HELP rs_page Of the page.\n# TYPE rs_page counter\nrs_page_total{reason=\"a\"} 0\n"
                                 "rs_page_total{reason=\"b\"} 3\n"
                                 "# HELP rs_pages Pages.\n# TYPE rs_pages counter\nrs_pages_total 0\n"));
    free(text);
    rs_metrics_free(&page);
}

static void a_page_past_its_bound_is_refused_and_the_next_one_is_not(void **state) {
    (void)state;
    rs_metrics_t page = {0};
    rs_metrics_begin(&page, false);
    rs_metrics_family(&page, "rs_long", RS_METRIC_GAUGE, "Long.");
    for (unsigned i = 0; i <= RS_METRICS_MAX / 10; i++) rs_metrics_whole(&page, NULL, 0, i);
    assert_int_equal(rs_metrics_end(&page), RS_ERR_LIMIT);
    assert_true(page.room <= 2 * (size_t)RS_METRICS_MAX);
    rs_metrics_begin(&page, false);
    rs_metrics_gauge(&page, "rs_short", "Short.", 1);
    assert_int_equal(rs_metrics_end(&page), RS_OK);
    rs_metrics_free(&page);
}

int run_metrics_tests(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_page_is_written_in_both_formats),
                                       cmocka_unit_test(counters_of_one_name_are_one_family),
                                       cmocka_unit_test(a_page_past_its_bound_is_refused_and_the_next_one_is_not)};
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
