/* What customers say, as rows print it. */
#include "cli_test.h"

#include "cli/row_feedback.h"
#include "cli/row_print.h"
#include "feedback_figures.h"

#include <stdio.h>
#include <stdlib.h>

static const char *printed(const rs_row_t *row) {
    static char text[4096];
    rs_json_t json;
    rs_json_init(&json, text, sizeof text - 1);
    rs_json_begin(&json, NULL);
    rs_row_put_feedback(&json, row);
    rs_json_end(&json);
    assert_false(json.overflow);
    text[json.len] = '\0';
    return text;
}

static void rows_print_feedback_as_its_worked_values(void **state) {
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(feedback_figures); i++) {
        const feedback_figure_t *figure = &feedback_figures[i];
        rs_row_t row = {0};
        char member[1024];
        for (unsigned c = 0; c < figure->count; c++) row.counts[figure->counts[c]] = figure->values[c];
        snprintf(member, sizeof member, "\"%s\":%s", figure->name, figure->json);
        if (strstr(printed(&row), member) == NULL) fail_msg("%s\nis not in\n%s", member, printed(&row));
    }
}

static void every_family_prints_feedback_and_nothing_measured_is_null(void **state) {
    (void)state;
    for (unsigned family = 0; family < RS_FAMILY_COUNT; family++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        rs_row_printer_t printer = {.out = out, .output = RS_OUTPUT_NDJSON, .by = (rs_key_family_t)family};
        rs_row_t row = {.key = {.family = (uint8_t)family, .tenant = RS_STR("default")}, .threshold_us = -1};
        for (unsigned i = 0; i < RS_EXTREME_COUNT; i++) row.extremes[i] = -1;
        row.counts[RS_COUNT_COMPLIMENTS] = 2;
        rs_row_print(&printer, &row);
        fclose(out);
        assert_non_null(strstr(text, "\"csat\":null,\"nps\":null,\"ces\":null,\"surveys\":null,\"complaints\":null,"
                                     "\"compliments\":2,\"suggestions\":0,\"revision\":0,"));
        free(text);
    }
}

const struct CMUnitTest row_feedback_tests[] = {
    cmocka_unit_test(rows_print_feedback_as_its_worked_values),
    cmocka_unit_test(every_family_prints_feedback_and_nothing_measured_is_null),
};
const size_t row_feedback_test_count = RS_ARRAY_LEN(row_feedback_tests);
