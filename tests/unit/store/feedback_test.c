/* The functions of sql/functions/feedback.sql against worked values. */
#include "feedback_figures.h"
#include "store_test.h"

static void functions_make_feedback_of_counts_as_rows_print_it(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    for (size_t i = 0; i < RS_ARRAY_LEN(feedback_figures); i++) {
        const feedback_figure_t *figure = &feedback_figures[i];
        char sql[2048];
        int len = snprintf(sql, sizeof sql, "SELECT coalesce(ringside.%s(", figure->name);
        for (unsigned c = 0; c < figure->count; c++) {
            len += snprintf(sql + len, sizeof sql - (size_t)len, "%s%" PRId64, c == 0 ? "" : ", ", figure->values[c]);
        }
        snprintf(sql + len, sizeof sql - (size_t)len, "), 'null'::jsonb) = '%s'::jsonb", figure->json);
        if (strcmp(rs_postgres_text(database, sql), "t") != 0) fail_msg("not true: %s", sql);
    }
}

int run_feedback_tests(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(functions_make_feedback_of_counts_as_rows_print_it)};
    return cmocka_run_group_tests_name("feedback", tests, NULL, NULL);
}
