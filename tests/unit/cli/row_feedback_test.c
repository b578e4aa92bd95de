/* What customers say, as rows print it. */
#include "cli_test.h"

#include "cli/row_print.h"
#include "feedback_figures.h"

#include <stdio.h>
#include <stdlib.h>

/* The row's line; of the family, with nothing in it but these counts. */
static char *printed(rs_key_family_t family, const int64_t counts[RS_COUNT_COUNT]) {
    char *text = NULL;
    size_t size = 0;
    rs_row_printer_t printer = {.out = open_memstream(&text, &size), .output = RS_OUTPUT_NDJSON, .by = family};
    rs_row_t row = {.key = {.family = (uint8_t)family, .tenant = RS_STR("default")}, .threshold_us = -1};
    assert_non_null(printer.out);
    for (unsigned i = 0; i < RS_EXTREME_COUNT; i++) row.extremes[i] = -1;
    memcpy(row.counts, counts, sizeof row.counts);
    rs_row_print(&printer, &row);
    fclose(printer.out);
    return text;
}

static void rows_print_feedback_as_its_worked_values(void **state) {
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(feedback_figures); i++) {
        const feedback_figure_t *figure = &feedback_figures[i];
        int64_t counts[RS_COUNT_COUNT] = {0};
        char member[1024];
        for (unsigned c = 0; c < figure->count; c++) counts[figure->counts[c]] = figure->values[c];
        snprintf(member, sizeof member, "\"%s\":%s", figure->name, figure->json);
        char *text = printed((rs_key_family_t)(i % RS_FAMILY_COUNT), counts);
        if (strstr(text, member) == NULL) fail_msg("%s\nis not in\n%s", member, text);
        free(text);
    }
}

static void every_family_prints_feedback_and_nothing_measured_is_null(void **state) {
    (void)state;
    for (unsigned family = 0; family < RS_FAMILY_COUNT; family++) {
        int64_t counts[RS_COUNT_COUNT] = {0};
        counts[RS_COUNT_COMPLIMENTS] = 2;
        char *text = printed((rs_key_family_t)family, counts);
        assert_non_null(strstr(text, "\"csat\":null,\"nps\":null,\"ces\":null,\"surveys\":null,\"complaints\":null,"
                                     "\"compliments\":2,\"suggestions\":0,"));
        free(text);
    }
}

const struct CMUnitTest row_feedback_tests[] = {
    cmocka_unit_test(rows_print_feedback_as_its_worked_values),
    cmocka_unit_test(every_family_prints_feedback_and_nothing_measured_is_null),
};
const size_t row_feedback_test_count = RS_ARRAY_LEN(row_feedback_tests);
