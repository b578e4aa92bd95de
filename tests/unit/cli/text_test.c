#include "cli_test.h"

#include "cli/figure_text.h"

/* --- lines -------------------------------------------------------------------------------------------------------- */
static void check_cell(const char *text, uint32_t columns, rs_align_t align, const char *wanted) {
    rs_line_t line;
    rs_line_clear(&line);
    rs_line_cell(&line, RS_STYLE_PLAIN, align, text, columns);
    assert_string_equal(line.text, wanted);
    assert_int_equal(line.columns, columns);
    assert_int_equal(rs_text_columns(line.text), columns);
}

static void cells_are_filled_up_and_cut_by_columns_not_bytes(void **state) {
    (void)state;
    check_cell("vip", 5, RS_ALIGN_LEFT, "vip  ");
    check_cell("vip", 5, RS_ALIGN_RIGHT, "  vip");
    check_cell("support", 7, RS_ALIGN_LEFT, "support");
    check_cell("support", 6, RS_ALIGN_LEFT, "suppo…");
    check_cell("support", 1, RS_ALIGN_LEFT, "…");
    check_cell("support", 0, RS_ALIGN_LEFT, "");
    check_cell("Käse", 4, RS_ALIGN_LEFT, "Käse");
    check_cell("予約受付", 8, RS_ALIGN_LEFT, "予約受付");
    check_cell("予約受付", 7, RS_ALIGN_LEFT, "予約受…");
    check_cell("予約受付", 6, RS_ALIGN_LEFT, "予約… ");     /* half a character is a blank */
    check_cell("予約受付", 2, RS_ALIGN_LEFT, "… ");
    check_cell("e\xCC\x81" "a", 2, RS_ALIGN_LEFT, "e\xCC\x81" "a");   /* a combining accent has no width */
    check_cell("😀😀", 3, RS_ALIGN_LEFT, "😀…");
}

static void what_could_upset_a_terminal_is_replaced(void **state) {
    (void)state;
    check_cell("a\033[2Jb", 7, RS_ALIGN_LEFT, "a\xEF\xBF\xBD[2Jb ");
    check_cell("a\nb", 3, RS_ALIGN_LEFT, "a\xEF\xBF\xBD" "b");
    check_cell("a\xC2\x9B" "b", 3, RS_ALIGN_LEFT, "a\xEF\xBF\xBD" "b");          /* CSI as one character */
    check_cell("a\xFF" "b\xE2\x82", 5, RS_ALIGN_LEFT, "a\xEF\xBF\xBD" "b\xEF\xBF\xBD\xEF\xBF\xBD");
    check_cell("a\xE2\x80\xAE" "b", 2, RS_ALIGN_LEFT, "ab");                     /* right-to-left override */
}

static void runs_follow_the_styles_and_trimming_keeps_them_whole(void **state) {
    rs_line_t line;
    (void)state;
    rs_line_clear(&line);
    rs_line_put(&line, RS_STYLE_BREACH, "ab");
    rs_line_put(&line, RS_STYLE_BREACH, "c");
    rs_line_cell(&line, RS_STYLE_DIM, RS_ALIGN_LEFT, "d", 4);
    assert_int_equal(line.run_count, 3);
    assert_int_equal(line.runs[0].to, 3);
    assert_int_equal(line.runs[1].from, 3);
    assert_int_equal(line.runs[1].style, RS_STYLE_DIM);
    rs_line_trim(&line);
    assert_string_equal(line.text, "abcd");
    assert_int_equal(line.run_count, 2);
    assert_int_equal(line.columns, 4);
    rs_line_restyle(&line, RS_STYLE_HEAD);
    assert_int_equal(line.run_count, 1);
    assert_int_equal(line.runs[0].to, 4);
}

static void a_full_line_takes_no_more_and_stays_text(void **state) {
    rs_line_t line;
    (void)state;
    rs_line_clear(&line);
    for (int i = 0; i < 2000; i++) rs_line_put(&line, (rs_style_t)(i % 2), "約");
    assert_true(line.len < RS_LINE_BYTES);
    assert_int_equal(line.len % 3, 0);
    assert_int_equal(line.columns, rs_text_columns(line.text));
    assert_true(line.run_count <= RS_LINE_RUNS);
    rs_line_fill_to(&line, 100000);
    assert_true(line.len < RS_LINE_BYTES);
}

/* --- figures ------------------------------------------------------------------------------------------------------ */
static void shares_never_claim_a_whole_or_a_nothing_that_is_not(void **state) {
    static const struct { int64_t numerator, denominator; const char *text, *short_text; } table[] = {
        {0, 0, "–", "–"}, {5, 0, "–", "–"}, {0, 7, "0%", "0%"}, {7, 7, "100%", "100%"}, {1, 3, "33.3%", "33%"},
        {9999, 10000, "99.9%", ">99%"}, {1, 10000, "0.1%", "<1%"}, {81, 114, "71.1%", "71%"}, {1, 100, "1.0%", "1%"},
    };
    char text[RS_FIGURE_TEXT];
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        rs_text_share(table[i].numerator, table[i].denominator, text);
        assert_string_equal(text, table[i].text);
        rs_text_short_share(table[i].numerator, table[i].denominator, text);
        assert_string_equal(text, table[i].short_text);
    }
}

static void durations_stay_short(void **state) {
    static const struct { double ms; const char *text; } table[] = {
        {-1, "–"}, {0, "0:00"}, {499, "0:00"}, {500, "0:01"}, {7000, "0:07"}, {85400, "1:25"}, {3599000, "59:59"}, {3600000, "1h00"},
        {3599999, "1h00"}, {86340000, "23h59"}, {86400000, "1d00"}, {1e18, "11574074d01"},
    };
    char text[RS_FIGURE_TEXT];
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        rs_text_ms(table[i].ms, text);
        assert_string_equal(text, table[i].text);
    }
}

static void figures_have_the_unit_of_their_metric(void **state) {
    static const struct { const char *metric; double value; const char *text; } table[] = {
        {"service_level", 0.75, "75.0%"}, {"service_level", 1, "100%"}, {"service_level", 0.99999, "99.9%"}, {"oldest_wait", 61000, "1:01"},
        {"wait_p90", 5000, "0:05"}, {"waiting", 12, "12"}, {"offered", 1234567, "1234567"}, {"something_new", 0.5, "0.5"},
    };
    char text[RS_FIGURE_TEXT];
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(table); i++) {
        rs_text_metric(table[i].metric, table[i].value, text);
        assert_string_equal(text, table[i].text);
    }
}

static void local_times_are_those_of_the_zone(void **state) {
    char text[RS_FIGURE_TEXT];
    (void)state;
    rs_text_local_time(TEST_NOW_US, true, text);
    assert_string_equal(text, "2026-11-22 10:00:00");
    rs_text_local_time(TEST_NOW_US + 61 * RS_US_PER_S, false, text);
    assert_string_equal(text, "10:01:01");
    rs_text_local_time(0, true, text);
    assert_string_equal(text, "–");
}

const struct CMUnitTest text_tests[] = {
    cmocka_unit_test(cells_are_filled_up_and_cut_by_columns_not_bytes),
    cmocka_unit_test(what_could_upset_a_terminal_is_replaced),
    cmocka_unit_test(runs_follow_the_styles_and_trimming_keeps_them_whole),
    cmocka_unit_test(a_full_line_takes_no_more_and_stays_text),
    cmocka_unit_test(shares_never_claim_a_whole_or_a_nothing_that_is_not),
    cmocka_unit_test(durations_stay_short),
    cmocka_unit_test(figures_have_the_unit_of_their_metric),
    cmocka_unit_test(local_times_are_those_of_the_zone),
};
const size_t text_test_count = RS_ARRAY_LEN(text_tests);
