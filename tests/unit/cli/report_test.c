#include "cli_test.h"

#include "cli/report.h"

#include <stdlib.h>

static const rs_report_column_t made_columns[] = {
    {"name", RS_COLUMN_TEXT, false, "a name"},      {"share", RS_COLUMN_RATIO, false, "a share"},
    {"wait_ms", RS_COLUMN_MS, false, "a time"},     {"n", RS_COLUMN_COUNT, false, "a number"},
    {"at", RS_COLUMN_TIME, false, "an instant"},    {"kept", RS_COLUMN_YES, false, "yes or no"},
    {"value", RS_COLUMN_FIGURE, false, "a figure"}, {"unit", RS_COLUMN_TEXT, true, "its unit"},
    {"weekday", RS_COLUMN_WEEKDAY, false, "a day"}};
static const rs_report_t made_report = {.name = "made",
                                        .what = "made up",
                                        .function = "f",
                                        .explanation = "",
                                        .columns = made_columns,
                                        .column_count = RS_ARRAY_LEN(made_columns),
                                        .asked = RS_ARRAY_LEN(made_columns)};

static rs_report_result_t result_of(const char *const *cells, uint32_t rows) {
    rs_report_result_t result = {.report = &made_report, .rows = rows, .columns = RS_ARRAY_LEN(made_columns)};
    result.cells = calloc((size_t)rows * result.columns, sizeof *result.cells);
    assert_non_null(result.cells);
    for (size_t i = 0; i < (size_t)rows * result.columns; i++) result.cells[i] = cells[i] == NULL ? NULL : strdup(cells[i]);
    return result;
}

static const char *shown(uint32_t column, const char *value, const char *unit) {
    static char text[128];
    const char *cells[RS_ARRAY_LEN(made_columns)] = {0};
    cells[column] = value;
    if (unit != NULL) cells[7] = unit;
    rs_report_result_t result = result_of(cells, 1);
    rs_report_shown(&result, 0, column, text, sizeof text);
    rs_report_result_deinit(&result);
    return text;
}

static void figures_are_shown_as_a_person_reads_them(void **state) {
    (void)state;
    assert_string_equal(shown(1, "0.54987", NULL), "55.0 %");
    assert_string_equal(shown(1, NULL, NULL), "–");
    assert_string_equal(shown(2, "0", NULL), "0.0 s");
    assert_string_equal(shown(2, "59449", NULL), "59.4 s");
    assert_string_equal(shown(2, "59999", NULL), "1:00 min");
    assert_string_equal(shown(2, "65000", NULL), "1:05 min");
    assert_string_equal(shown(2, "3599600", NULL), "1:00 h");
    assert_string_equal(shown(2, "-3900000", NULL), "-1:05 h");
    assert_string_equal(shown(2, "432000000", NULL), "5.0 days");
    assert_string_equal(shown(3, "12345", NULL), "12345");
    assert_string_equal(shown(3, "3.14159", NULL), "3.14");
    assert_string_equal(shown(3, "0.0004", NULL), "4.0e-04");
    assert_string_equal(shown(3, "1234.56", NULL), "1235");
    assert_string_equal(shown(4, "2026-03-29T02:30:00+02:00", NULL), "2026-03-29 02:30");
    assert_string_equal(shown(5, "t", NULL), "yes");
    assert_string_equal(shown(5, "f", NULL), "no");
    assert_string_equal(shown(6, "0.5", "ratio"), "50.0 %");
    assert_string_equal(shown(6, "65000", "ms"), "1:05 min");
    assert_string_equal(shown(6, "-12.5", "nps"), "-12.5");
    assert_string_equal(shown(8, "7", NULL), "Sun");
}

static char *printed(void (*print)(FILE *, const rs_report_result_t *), const rs_report_result_t *result) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    print(out, result);
    fclose(out);
    return text;
}

static void print_json(FILE *out, const rs_report_result_t *result) {
    const rs_report_request_t request = {.report = &made_report, .values = {[RS_OPT_ZONE] = "UTC"}};
    rs_report_print_json(out, &request, result);
}

static void what_would_break_csv_or_json_is_quoted(void **state) {
    (void)state;
    static const char *const cells[] = {"a \"b\", c\\\n", "0.5", NULL, "3", "2026-03-02T00:00:00Z", "t", NULL, "", "1"};
    rs_report_result_t result = result_of(cells, 1);
    rs_report_warn(&result, "one \"%s\"\nsecond line", "x");
    rs_report_warn(&result, "one \"%s\"\nanother second line", "x"); /* the same first line */
    char *csv = printed(rs_report_print_csv, &result), *json = printed(print_json, &result);
    assert_string_equal(
        csv,
        "name,share,wait_ms,n,at,kept,value,unit,weekday\r\n\"a \"\"b\"\", c\\\n\",0.5,,3,2026-03-02T00:00:00Z,true,,\"\",1\r\n");
    assert_string_equal(json, "{\"report\": \"made\", \"timezone\": \"UTC\", \"warnings\": [\"one \\\"x\\\"\"], \"rows\": [\n"
                              "{\"name\": \"a \\\"b\\\", c\\\\\\u000a\", \"share\": 0.5, \"wait_ms\": null, \"n\": 3, \"at\": "
                              "\"2026-03-02T00:00:00Z\", \"kept\": true, "
                              "\"value\": null, \"unit\": \"\", \"weekday\": 1}]}\n");
    free(csv);
    free(json);
    rs_report_result_deinit(&result);
}

static void a_name_stays_a_name_in_a_page(void **state) {
    (void)state;
    static const char *const cells[] = {"</td><script>alert(1)</script>\"&", "0.5", NULL, NULL, NULL, NULL, NULL, NULL, NULL};
    rs_report_result_t result = result_of(cells, 1);
    const rs_report_request_t request = {.report = &made_report, .values = {[RS_OPT_ZONE] = "UTC"}};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    rs_report_print_html(out, &request, &result);
    fclose(out);
    assert_null(strstr(text, "<script"));
    assert_non_null(strstr(text, "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;"));
    free(text);
    rs_report_result_deinit(&result);
}

static void a_program_that_is_not_there_is_named_with_its_package(void **state) {
    (void)state;
    static const char *const missing[] = {"ringside-no-such-program", NULL}, *const failing[] = {"false", NULL},
                             *const other[] = {"cat", NULL};
    char why[256];
    FILE *input = tmpfile();
    assert_non_null(input);
    assert_null(rs_report_draw(missing, input, "its-package", why, sizeof why));
    assert_string_equal(why, "ringside-no-such-program is not installed (package its-package)");
    assert_null(rs_report_draw(failing, input, "p", why, sizeof why));
    assert_string_equal(why, "false could not draw it");
    fputs("<?xml?>\n<svg>drawn</svg>", input);
    char *svg = rs_report_draw(other, input, "p", why, sizeof why);
    assert_string_equal(svg, "<svg>drawn</svg>");
    free(svg);
    fclose(input);
}

static void every_report_says_what_it_asks_and_shows(void **state) {
    (void)state;
    for (uint32_t i = 0; i < rs_report_count; i++) {
        const rs_report_t *report = &rs_reports[i];
        assert_ptr_equal(rs_report_find(report->name), report);
        assert_true(report->what != NULL && report->explanation != NULL && report->function != NULL);
        assert_true(report->column_count <= RS_REPORT_MAX_COLUMNS && report->asked <= report->column_count && report->asked > 0);
        assert_null(report->arguments[RS_REPORT_MAX_ARGUMENTS - 1].parameter); /* ends the list */
        for (uint32_t c = 0; c < report->column_count; c++) {
            assert_true(report->columns[c].what[0] != 0);
            for (uint32_t d = 0; d < c; d++) assert_string_not_equal(report->columns[c].name, report->columns[d].name);
        }
        bool has_figure = report->chart != RS_DRAWN_KEYS;
        for (uint32_t c = 0; c < report->column_count; c++)
            has_figure = has_figure || strcmp(report->columns[c].name, report->figure) == 0;
        assert_true(has_figure);
    }
    assert_null(rs_report_find("nonsense"));
}

/* research, part D, is in seconds; here the plan's own columns. Erlang C's golden value: 100 calls per half-hour, 180 s, 20 s. */
static void the_plan_is_that_of_erlang(void **state) {
    (void)state;
    const rs_report_t *staffing = rs_report_find("staffing");
    rs_report_request_t request = {.report = staffing, .target = 0.8883, .threshold_ms = 20000};
    rs_report_result_t result = {.report = staffing, .rows = 2, .columns = staffing->column_count};
    result.cells = calloc((size_t)2 * result.columns, sizeof *result.cells);
    assert_non_null(result.cells);
    for (uint32_t row = 0; row < 2; row++) {
        result.cells[row * result.columns + (uint32_t)rs_report_column_at(&result, "calls")] = strdup("100");
        if (row == 0) result.cells[rs_report_column_at(&result, "handle_ms")] = strdup("180000");
    }
    assert_int_equal(rs_report_staffing(&request, &result), 0);
    assert_true(rs_report_number(&result, 0, "agents") == 14);
    assert_float_equal(rs_report_number(&result, 0, "service_level"), 0.8883500, 1e-6);
    assert_float_equal(rs_report_number(&result, 0, "occupancy"), 0.7142857, 1e-6);
    assert_true(rs_report_number(&result, 0, "service_level_fewer") < 0.8883 &&
                rs_report_number(&result, 0, "service_level_more") > 0.8884);
    assert_true(rs_report_number(&result, 0, "lost_by_fewer") == 0);                           /* nobody gives up */
    assert_null(rs_report_cell(&result, 1, (uint32_t)rs_report_column_at(&result, "agents"))); /* without a handle time no plan */
    assert_int_equal(result.warning_count, 1);
    rs_report_result_deinit(&result);
}

const struct CMUnitTest report_tests[] = {
    cmocka_unit_test(figures_are_shown_as_a_person_reads_them),
    cmocka_unit_test(what_would_break_csv_or_json_is_quoted),
    cmocka_unit_test(a_name_stays_a_name_in_a_page),
    cmocka_unit_test(a_program_that_is_not_there_is_named_with_its_package),
    cmocka_unit_test(every_report_says_what_it_asks_and_shows),
    cmocka_unit_test(the_plan_is_that_of_erlang),
};
const size_t report_test_count = RS_ARRAY_LEN(report_tests);
