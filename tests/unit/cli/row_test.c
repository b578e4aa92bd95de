/* One row in every form that it is shown in: NDJSON, CSV, the table, and the views of PostgreSQL. All say the same. */
#include "cli_test.h"

#include "cli/row_print.h"
#include "postgres.h"
#include "random.h"
#include "store/store.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 24, PARTS = 2, BUCKETS = 6 };
#define START_US INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

static const char *const count_names[] = {
#define RS_X(NAME, name) #name,
    RS_COUNTS(RS_X)
#undef RS_X
};
static const char *const histogram_names[] = {
#define RS_X(NAME, name) #name,
    RS_HISTOGRAMS(RS_X)
#undef RS_X
};
static const char *const families[RS_FAMILY_COUNT] = {"queue", "channel", "total", "agent", "team"};
static const rs_policy_t policies[2] = {{.name = "short_excluded", .version = 1}, {.name = "answered_only", .version = 2}};

typedef struct made_row {
    rs_row_t row;
    rs_hist_entry_t entries[RS_HIST_COUNT][BUCKETS];
    char tenant[16];
} made_row_t;

/* --- printing ----------------------------------------------------------------------------------------------------- */
static char *print_rows(const rs_row_t *rows, size_t count, rs_output_t output) {
    char *text = NULL;
    size_t length = 0;
    rs_row_printer_t printer = {.out = open_memstream(&text, &length), .output = output, .by = rows[0].key.family};
    for (size_t i = 0; i < count; i++) rs_row_print(&printer, &rows[i]);
    fclose(printer.out);
    return text;
}

static json_t *print_json(const rs_row_t *row) {
    char *text = print_rows(row, 1, RS_OUTPUT_NDJSON);
    json_error_t error;
    json_t *object = json_loads(text, 0, &error);
    if (object == NULL) fail_msg("%s: %s", error.text, text);
    free(text);
    return object;
}

/* --- what is compared --------------------------------------------------------------------------------------------- */
static bool is_not_compared(const char *name) {
    return strcmp(name, "revision") == 0 || strcmp(name, "final") == 0 || strcmp(name, "attribution") == 0 ||
           strcmp(name, "interval_start") == 0;
}

static void expect_same(const char *where, const json_t *a, const json_t *b);

static void expect_same_members(const char *where, const json_t *a, const json_t *b) {
    const char *name;
    json_t *value;
    char path[256];
    json_object_foreach((json_t *)(uintptr_t)a, name, value) {
        if (is_not_compared(name)) continue;
        snprintf(path, sizeof path, "%s.%s", where, name);
        expect_same(path, value, json_object_get(b, name));
    }
    json_object_foreach((json_t *)(uintptr_t)b, name, value) {
        if (!is_not_compared(name) && json_object_get(a, name) == NULL) fail_msg("%s.%s is only in PostgreSQL", where, name);
    }
}

static void expect_same(const char *where, const json_t *a, const json_t *b) {
    if (b == NULL) fail_msg("%s is not in PostgreSQL", where);
    if (json_is_object(a) && json_is_object(b)) {
        expect_same_members(where, a, b);
    } else if (json_is_number(a) && json_is_number(b)) {
        const double x = json_number_value(a), y = json_number_value(b);
        if (fabs(x - y) > 1e-12 * fmax(1, fmax(fabs(x), fabs(y)))) fail_msg("%s: replay %.17g, PostgreSQL %.17g", where, x, y);
    } else if (!json_equal(a, b)) {
        char *x = json_dumps(a, JSON_ENCODE_ANY), *y = json_dumps(b, JSON_ENCODE_ANY);
        fail_msg("%s: replay %s, PostgreSQL %s", where, x, y);
    }
}

/* All scores from 0.5 to 4.5, so that the row has a scale. */
static void put_one_scale(rs_row_t *row) {
    const int64_t csat = row->counts[RS_COUNT_CSAT_RESPONSES], ces = row->counts[RS_COUNT_CES_RESPONSES];
    row->counts[RS_COUNT_CSAT_SCALE_MIN_MILLI] = 500 * csat;
    row->counts[RS_COUNT_CSAT_SCALE_MAX_MILLI] = 4500 * csat;
    row->counts[RS_COUNT_CSAT_SCALE_SQUARES] = (500 * 500 + 4500 * 4500) * csat;
    row->counts[RS_COUNT_CES_SCALE_MIN_MILLI] = 500 * ces;
    row->counts[RS_COUNT_CES_SCALE_MAX_MILLI] = 4500 * ces;
    row->counts[RS_COUNT_CES_SCALE_SQUARES] = (500 * 500 + 4500 * 4500) * ces;
}

/* --- rows of chance ----------------------------------------------------------------------------------------------- */
static void make_row(made_row_t *made, rs_random_t *random, rs_key_family_t family, unsigned number) {
    *made = (made_row_t){0};
    rs_row_t *row = &made->row;
    snprintf(made->tenant, sizeof made->tenant, "tenant-%02u", number);
    row->key = (rs_key_t){.family = (uint8_t)family, .tenant = rs_str(made->tenant)};
    if (family != RS_FAMILY_CHANNEL && family != RS_FAMILY_TOTAL) row->key.name = RS_STR("north");
    if (family == RS_FAMILY_QUEUE || family == RS_FAMILY_CHANNEL) row->key.channel = RS_CHANNEL_CHAT;
    row->start_us = START_US;
    row->length_us = 15 * RS_US_PER_MIN;
    row->policies[0] = &policies[0];
    row->policies[3] = &policies[1];
    const unsigned sparse = (unsigned)rs_random_below(random, 4);   /* rows in which nearly nothing, or nearly all, was counted */
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) {
        const bool counted = rs_random_below(random, 4) >= sparse;
        row->counts[i] = counted ? (int64_t)rs_random_below(random, strstr(count_names[i], "_us") != NULL ? 900000000 : 30) : 0;
    }
    if (rs_random_below(random, 2) == 0) put_one_scale(row);
    for (unsigned i = 0; i < RS_EXTREME_COUNT; i++) row->extremes[i] = sparse == 3 ? -1 : (int64_t)rs_random_below(random, 90000000);
    for (unsigned histogram = 0; histogram < RS_HIST_COUNT; histogram++) {
        row->histograms[histogram] = made->entries[histogram];
        row->histogram_sizes[histogram] = rs_random_below(random, 3) == 0 ? 0 : BUCKETS;
        for (unsigned i = 0; i < BUCKETS; i++) {
            made->entries[histogram][i] = (rs_hist_entry_t){.bucket = (uint16_t)(40 * (i + 1) + rs_random_below(random, 40)),
                                                            .count = (int32_t)rs_random_below(random, 9) + 1};
        }
    }
    row->still_open = (int64_t)rs_random_below(random, 3);
    row->threshold_us = 20 * RS_US_PER_S;
    row->counts[RS_COUNT_OFFERED]++;   /* a row in which nothing was counted is no row */
}

static void put_histogram(FILE *sql, const rs_row_t *row, unsigned histogram) {
    if (row->histogram_sizes[histogram] == 0) {
        fputs(", NULL, NULL", sql);
        return;
    }
    fputs(", '{", sql);
    for (uint32_t i = 0; i < row->histogram_sizes[histogram]; i++) {
        fprintf(sql, "%s%u", i == 0 ? "" : ",", row->histograms[histogram][i].bucket);
    }
    fputs("}', '{", sql);
    for (uint32_t i = 0; i < row->histogram_sizes[histogram]; i++) {
        fprintf(sql, "%s%d", i == 0 ? "" : ",", row->histograms[histogram][i].count);
    }
    fputs("}'", sql);
}

/* Two parts of the row: the first has more than is due by `excess` in every count, the second takes it back. */
static void put_part(FILE *sql, const rs_row_t *row, unsigned part, int64_t excess) {
    static const char *const dimensions[RS_FAMILY_COUNT] = {"queue, channel, ", "channel, ", "", "agent, ", "team, "};
    static const char *const values[RS_FAMILY_COUNT] = {"'north', 'chat', ", "'chat', ", "", "'north', ", "'north', "};
    const bool first = part == 1;
    fprintf(sql, "INSERT INTO ringside.%s_interval_part (tenant, %sinterval_start, interval_s, attribution, stream_id, run, part,"
            " revision, final, still_open, threshold_us, wait_max_us, answered_min_us, answered_max_us, abandoned_min_us, abandoned_max_us,"
            " sl_policy, sl_version, sl_num, sl_den", families[row->key.family], dimensions[row->key.family]);
    for (unsigned i = 0; i < RS_COUNT_SL_NUM_0; i++) fprintf(sql, ", %s", count_names[i]);
    for (unsigned i = 0; i < RS_HIST_COUNT; i++) fprintf(sql, ", %s_bucket, %s_count", histogram_names[i], histogram_names[i]);
    fprintf(sql, ") VALUES ('%.*s', %s'2026-01-01Z', 900, 'event', 1, 1, %u, 1, true, %" PRId64 ", 20000000", (int)row->key.tenant.len,
            row->key.tenant.data, values[row->key.family], part, first ? row->still_open : 0);
    for (unsigned i = 0; i < RS_EXTREME_COUNT; i++) {
        if (first && row->extremes[i] >= 0) fprintf(sql, ", %" PRId64, row->extremes[i]); else fputs(", NULL", sql);
    }
    fprintf(sql, ", '{short_excluded,answered_only}', '{1,2}', '{%" PRId64 ",%" PRId64 "}', '{%" PRId64 ",%" PRId64 "}'",
            first ? row->counts[RS_COUNT_SL_NUM_0] + excess : -excess, first ? row->counts[RS_COUNT_SL_NUM_3] : 0,
            first ? row->counts[RS_COUNT_SL_DEN_0] + excess : -excess, first ? row->counts[RS_COUNT_SL_DEN_3] : 0);
    for (unsigned i = 0; i < RS_COUNT_SL_NUM_0; i++) fprintf(sql, ", %" PRId64, first ? row->counts[i] + excess : -excess);
    for (unsigned i = 0; i < RS_HIST_COUNT; i++) {
        if (first) put_histogram(sql, row, i); else fputs(", NULL, NULL", sql);
    }
    fputs(");\n", sql);
}

static void store_row(const char *database, const rs_row_t *row, int64_t excess) {
    char *text = NULL;
    size_t length = 0;
    FILE *sql = open_memstream(&text, &length);
    put_part(sql, row, 1, excess);
    put_part(sql, row, 2, excess);
    fclose(sql);
    rs_postgres_run(database, text);
    free(text);
}

static void a_view_says_of_a_row_what_replay_prints_of_it(void **state) {
    rs_postgres_t postgres;
    char sql[256];
    (void)state;
    rs_random_t random = {rs_random_seed()};
    rs_postgres_start(&postgres, "-c fsync=off");
    assert_int_equal(rs_store_migrate(postgres.conninfo, false, NULL, NULL), RS_OK);
    rs_postgres_run(postgres.conninfo, "SELECT ringside.ensure_partitions('2026-01-01Z', '2026-01-02Z')");
    for (unsigned family = 0; family < RS_FAMILY_COUNT; family++) {
        for (unsigned i = 0; i < ROWS; i++) {
            made_row_t made;
            make_row(&made, &random, (rs_key_family_t)family, i);
            store_row(postgres.conninfo, &made.row, (int64_t)rs_random_below(&random, 5));
            snprintf(sql, sizeof sql, "SELECT to_jsonb(v) FROM ringside.%s_interval v WHERE tenant = '%s'", families[family], made.tenant);
            json_error_t error;
            json_t *stored = json_loads(rs_postgres_text(postgres.conninfo, sql), 0, &error), *shown = print_json(&made.row);
            assert_non_null(stored);
            expect_same_members(families[family], shown, stored);
            json_decref(stored);
            json_decref(shown);
        }
    }
    rs_postgres_stop(&postgres);
}

/* --- CSV ---------------------------------------------------------------------------------------------------------- */
static size_t split(char *line, char *cells[], size_t room) {
    size_t count = 0;
    for (char *rest = line; rest != NULL && count < room;) cells[count++] = strsep(&rest, ",");
    return count;
}

/* The member with the path "wait_ms.p90"; a reason that did not occur is not there. */
static const json_t *member(const json_t *object, const char *path) {
    char name[64];
    const size_t length = strcspn(path, ".");
    snprintf(name, sizeof name, "%.*s", (int)length, path);
    const json_t *value = json_object_get(object, name);
    return path[length] == '\0' || value == NULL || json_is_null(value) ? value : member(value, path + length + 1);
}

static void expect_cell(const char *name, const char *cell, const json_t *value) {
    if (value == NULL) assert_string_equal(cell, "0");
    else if (json_is_null(value)) assert_string_equal(cell, "");
    else if (json_is_string(value)) assert_string_equal(cell, json_string_value(value));
    else if (fabs(strtod(cell, NULL) - json_number_value(value)) > 1e-9 * fmax(1, fabs(json_number_value(value)))) {
        fail_msg("%s: %s", name, cell);
    }
}

static size_t count_leaves(const json_t *object) {
    const char *name;
    json_t *value;
    size_t count = 0;
    json_object_foreach((json_t *)(uintptr_t)object, name, value) count += json_is_object(value) ? count_leaves(value) : 1;
    return count;
}

static void csv_has_every_member_of_ndjson_under_its_path(void **state) {
    enum { MOST = 256 };
    rs_random_t random = {rs_random_seed()};
    (void)state;
    for (unsigned family = 0; family < RS_FAMILY_COUNT; family++) {
        made_row_t made[3];
        for (unsigned i = 0; i < 3; i++) make_row(&made[i], &random, (rs_key_family_t)family, i);
        const rs_row_t rows[] = {made[0].row, made[1].row, made[2].row};
        char *text = print_rows(rows, 3, RS_OUTPUT_CSV), *rest = text, *head[MOST], *cells[MOST];
        const size_t columns = split(strsep(&rest, "\n"), head, MOST);
        for (unsigned i = 0; i < 3; i++) {
            json_t *object = print_json(&rows[i]);
            assert_int_equal(split(strsep(&rest, "\n"), cells, MOST), columns);
            if (family != RS_FAMILY_AGENT && family != RS_FAMILY_TEAM) assert_true(count_leaves(object) <= columns + 2);
            for (size_t c = 0; c < columns; c++) expect_cell(head[c], cells[c], member(object, head[c]));
            json_decref(object);
        }
        assert_string_equal(rest, "");
        free(text);
    }
}

static void names_with_commas_and_quotes_are_quoted_in_csv(void **state) {
    rs_row_t row = {.key = {.family = RS_FAMILY_AGENT, .tenant = RS_STR("t"), .name = RS_STR("Doe, \"J\"")}, .threshold_us = -1};
    (void)state;
    char *text = print_rows(&row, 1, RS_OUTPUT_CSV);
    assert_non_null(strstr(text, "\n,,t,\"Doe, \"\"J\"\"\",,"));
    free(text);
}

/* --- single figures ------------------------------------------------------------------------------------------------ */
static double number(const rs_row_t *row, const char *path) {
    json_t *object = print_json(row);
    const json_t *value = member(object, path);
    if (!json_is_number(value)) fail_msg("%s is no number", path);
    const double result = json_number_value(value);
    json_decref(object);
    return result;
}

static bool is_null(const rs_row_t *row, const char *path) {
    json_t *object = print_json(row);
    const bool result = json_is_null(member(object, path));
    json_decref(object);
    return result;
}

static void nothing_is_null_and_never_zero_or_one(void **state) {
    const rs_row_t row = {.key = {.family = RS_FAMILY_TOTAL, .tenant = RS_STR("t")}, .threshold_us = -1,
                          .extremes = {-1, -1, -1, -1, -1}, .policies = {&policies[0]}};
    static const char *const figures[] = {
        "service_level.short_excluded.value", "wait_ms.asa", "wait_ms.p90", "wait_ms.max", "abandon_wait_ms.mean", "aht_ms",
        "first_reply.mean_ms", "first_reply.p50_ms", "next_reply.calendar_mean_ms", "resolution.p90_ms", "fcr.value",
        "fcr.net.value", "fcr.state", "csat", "nps", "ces", "surveys", "complaints",
        "agent_time.occupancy.on_contact", "agent_time.occupancy.logged_in", "agent_time.adherence", "agent_time.conformance"};
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(figures); i++)
        if (!is_null(&row, figures[i])) fail_msg("%s is not null", figures[i]);
}

static void a_person_has_no_legs_and_a_queue_no_working_time(void **state) {
    rs_row_t row = {.key = {.family = RS_FAMILY_AGENT, .tenant = RS_STR("t"), .name = RS_STR("a")}};
    static const char *const legs[] = {"offered", "abandoned", "flowed_out", "callbacks", "blocked", "still_open", "service_level",
                                       "abandon_wait_ms", "flowed_out_by_reason", "blocked_by_reason", "excess_ms_sum", "first_reply",
                                       "resolution", "reopened", "callbacks_requested"};
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(legs); i++) assert_true(is_null(&row, legs[i]));
    assert_true(number(&row, "agent_time.logged_in_ms") == 0);
    row.key.family = RS_FAMILY_QUEUE;
    assert_true(is_null(&row, "agent_time"));
    assert_true(number(&row, "offered") == 0);
}

static void resolution_is_net_of_what_cannot_be_resolved_at_once(void **state) {
    rs_row_t row = {.key = {.family = RS_FAMILY_QUEUE, .tenant = RS_STR("t"), .name = RS_STR("q")}};
    (void)state;
    row.counts[RS_COUNT_FCR_ELIGIBLE] = 10;
    row.counts[RS_COUNT_FCR_UNRESOLVED] = 4;
    row.counts[RS_COUNT_FCR_NEVER] = 2;
    row.counts[RS_COUNT_FCR_NEVER_UNRESOLVED] = 2;
    row.counts[RS_COUNT_FCR_MATURED] = 9;
    assert_true(number(&row, "fcr.value") == 0.6);
    assert_true(number(&row, "fcr.net.value") == 0.75);
    json_t *object = print_json(&row);
    assert_string_equal(json_string_value(member(object, "fcr.state")), "provisional");
    json_decref(object);
    row.counts[RS_COUNT_FCR_MATURED] = 10;
    object = print_json(&row);
    assert_string_equal(json_string_value(member(object, "fcr.state")), "matured");
    json_decref(object);
}

static void adherence_is_bounded_at_zero(void **state) {
    rs_row_t row = {.key = {.family = RS_FAMILY_AGENT, .tenant = RS_STR("t"), .name = RS_STR("a")}};
    (void)state;
    row.counts[RS_COUNT_PLANNED_US] = 70 * RS_US_PER_MIN;
    row.counts[RS_COUNT_OUT_OF_PLAN_US] = 20 * RS_US_PER_MIN;
    assert_true(fabs(number(&row, "agent_time.adherence") - 0.714) < 0.0005);   /* 20 min out of 70: 71.4 % */
    row.counts[RS_COUNT_OUT_OF_PLAN_US] = 90 * RS_US_PER_MIN;
    assert_true(number(&row, "agent_time.adherence") == 0);
}

static void both_occupancies_come_from_the_same_counts(void **state) {
    rs_row_t row = {.key = {.family = RS_FAMILY_TEAM, .tenant = RS_STR("t"), .name = RS_STR("a")}};
    (void)state;
    row.counts[RS_COUNT_TALK_US] = 30 * RS_US_PER_MIN;
    row.counts[RS_COUNT_HOLD_US] = 5 * RS_US_PER_MIN;
    row.counts[RS_COUNT_WRAP_US] = 5 * RS_US_PER_MIN;
    assert_true(is_null(&row, "agent_time.occupancy.on_contact"));   /* of whom no state is known */
    row.counts[RS_COUNT_AVAILABLE_US] = 10 * RS_US_PER_MIN;
    row.counts[RS_COUNT_LOGGED_IN_US] = 80 * RS_US_PER_MIN;
    assert_true(number(&row, "agent_time.occupancy.on_contact") == 0.8);
    assert_true(number(&row, "agent_time.occupancy.logged_in") == 0.5);
}

static void the_table_of_agents_has_columns_of_its_own(void **state) {
    rs_row_t row = {.key = {.family = RS_FAMILY_AGENT, .tenant = RS_STR("t"), .name = RS_STR("Anna")}};
    (void)state;
    row.counts[RS_COUNT_ANSWERED] = 4;
    row.counts[RS_COUNT_HANDLED] = 4;
    row.counts[RS_COUNT_HANDLED_SHORT] = 1;
    row.counts[RS_COUNT_TALK_US] = 60 * RS_US_PER_S;
    char *text = print_rows(&row, 1, RS_OUTPUT_TABLE);
    assert_string_equal(text,
        "interval             key                  answered  handled    short    AHT s   hold s transfer   missed occupied      FCR\n"
        "all                  Anna                        4        4   25.0 %     15.0      0.0        0        0        -        -\n");
    free(text);
}

static void the_table_marks_a_resolution_that_may_still_change(void **state) {
    rs_row_t row = {.key = {.family = RS_FAMILY_AGENT, .tenant = RS_STR("t"), .name = RS_STR("Anna")}};
    (void)state;
    row.counts[RS_COUNT_FCR_ELIGIBLE] = 8;
    row.counts[RS_COUNT_FCR_UNRESOLVED] = 1;
    row.counts[RS_COUNT_FCR_MATURED] = 7;
    char *text = print_rows(&row, 1, RS_OUTPUT_TABLE);
    assert_non_null(strstr(text, "  ~87.5 %\n"));
    free(text);
    row.counts[RS_COUNT_FCR_MATURED] = 8;
    text = print_rows(&row, 1, RS_OUTPUT_TABLE);
    assert_non_null(strstr(text, "   87.5 %\n"));
    free(text);
}

const struct CMUnitTest row_tests[] = {
    cmocka_unit_test(a_view_says_of_a_row_what_replay_prints_of_it),
    cmocka_unit_test(csv_has_every_member_of_ndjson_under_its_path),
    cmocka_unit_test(names_with_commas_and_quotes_are_quoted_in_csv),
    cmocka_unit_test(nothing_is_null_and_never_zero_or_one),
    cmocka_unit_test(a_person_has_no_legs_and_a_queue_no_working_time),
    cmocka_unit_test(resolution_is_net_of_what_cannot_be_resolved_at_once),
    cmocka_unit_test(adherence_is_bounded_at_zero),
    cmocka_unit_test(both_occupancies_come_from_the_same_counts),
    cmocka_unit_test(the_table_of_agents_has_columns_of_its_own),
    cmocka_unit_test(the_table_marks_a_resolution_that_may_still_change),
};
const size_t row_test_count = RS_ARRAY_LEN(row_tests);
