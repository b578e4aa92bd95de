/* What the views make of rows. */
#include "store_test.h"

static uint64_t random_state = 88172645463325252u;
static uint32_t draw(uint32_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 11) % below;
}

/* The SQL function against the C function, over random histograms, some cut into parts of which one takes back counts. */
static void sql_percentiles_are_those_of_the_program(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    static const uint32_t per_mille[] = {1, 10, 250, 500, 800, 900, 950, 990, 999, 1000};
    enum { HISTOGRAMS = 600 };
    print_message("seed %" PRIu64 "\n", random_state);
    PGconn *connection = PQconnectdb(database);
    assert_int_equal(PQstatus(connection), CONNECTION_OK);
    for (int round = 0; round < HISTOGRAMS; round++) {
        rs_hist_entry_t entries[64];
        char buckets[2000] = "{", counts[2000] = "{";
        size_t count = draw(round % 3 == 0 ? 4 : 60);
        uint32_t bucket = draw(5) == 0 ? 650 : 0;
        size_t used = 0;
        for (size_t i = 0; i < count && bucket < RS_HIST_BUCKETS; i++) {
            bucket += draw(i == 0 ? 20 : 40) + (i > 0);
            if (draw(40) == 0) bucket = RS_HIST_BUCKETS - 1;
            if (bucket >= RS_HIST_BUCKETS) break;
            const int32_t n = (int32_t)draw(draw(2) == 0 ? 3 : 5000);
            entries[used++] = (rs_hist_entry_t){(uint16_t)bucket, n};
            /* As two parts: one counted more than there was, the other takes that back. */
            const int32_t extra = (int32_t)draw(4);
            char piece[64];
            snprintf(piece, sizeof piece, "%s%u,%u", i == 0 ? "" : ",", bucket, bucket);
            strcat(buckets, piece);
            snprintf(piece, sizeof piece, "%s%d,%d", i == 0 ? "" : ",", -extra, n + extra);
            strcat(counts, piece);
        }
        strcat(buckets, "}");
        strcat(counts, "}");
        int64_t least = -1, greatest = -1;
        if (used > 0 && draw(3) > 0) {
            least = rs_hist_low_ms(entries[0].bucket) * 1000 + draw(20000);
            greatest = rs_hist_low_ms(entries[used - 1].bucket) * 1000 + draw(20000);
            if (greatest < least) greatest = least;
        }
        char sql[9000], least_text[32] = "NULL", greatest_text[32] = "NULL";
        if (least >= 0) snprintf(least_text, sizeof least_text, "%" PRId64, least);
        if (greatest >= 0) snprintf(greatest_text, sizeof greatest_text, "%" PRId64, greatest);
        snprintf(sql, sizeof sql, "SELECT unnest(ringside.hist_percentiles('%s', '%s', '{1,10,250,500,800,900,950,990,999,1000}', %s, %s)),"
                 " ringside.hist_percentile('%s', '%s', 900, %s, %s)", buckets, counts, least_text, greatest_text,
                 buckets, counts, least_text, greatest_text);
        PGresult *result = PQexec(connection, sql);
        if (PQresultStatus(result) != PGRES_TUPLES_OK) fail_msg("%s\n%s", PQresultErrorMessage(result), sql);
        assert_int_equal(PQntuples(result), RS_ARRAY_LEN(per_mille));
        for (size_t p = 0; p < RS_ARRAY_LEN(per_mille); p++) {
            const int64_t expected = rs_hist_percentile_ms(entries, used, per_mille[p], least, greatest);
            const int64_t found = PQgetisnull(result, (int)p, 0) ? -1 : strtoll(PQgetvalue(result, (int)p, 0), NULL, 10);
            if (found != expected)
                fail_msg("round %d, p %u: SQL %" PRId64 ", C %" PRId64 "\n%s", round, per_mille[p], found, expected, sql);
            const int64_t single = PQgetisnull(result, (int)p, 1) ? -1 : strtoll(PQgetvalue(result, (int)p, 1), NULL, 10);
            assert_int_equal(single, rs_hist_percentile_ms(entries, used, 900, least, greatest));
        }
        PQclear(result);
    }
    PQfinish(connection);
}

static void buckets_have_the_bounds_of_the_program(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    PGconn *connection = PQconnectdb(database);
    PGresult *result = PQexec(connection, "SELECT ringside.hist_low_ms(b), ringside.hist_high_ms(b) "
                                          "FROM generate_series(0, 735) b ORDER BY b");
    assert_int_equal(PQntuples(result), RS_HIST_BUCKETS);
    for (int b = 0; b < RS_HIST_BUCKETS; b++) {
        assert_int_equal(strtoll(PQgetvalue(result, b, 0), NULL, 10), rs_hist_low_ms((uint32_t)b));
        assert_int_equal(strtoll(PQgetvalue(result, b, 1), NULL, 10), rs_hist_high_ms((uint32_t)b));
    }
    PQclear(result);
    PQfinish(connection);
}

/* Stores the rows through a store and leaves the database for questions. */
static void store_rows(const char *database, const rs_row_t *rows, size_t count, const rs_policy_t *policies, size_t policy_count) {
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    rs_row_batch_t *batch = NULL;
    assert_int_equal(rs_row_batch_create(100, 0, &batch), RS_OK);
    for (size_t i = 0; i < count; i++) {
        rs_row_t row = rows[i];
        for (size_t p = 0; p < policy_count; p++) row.policies[p + 1] = &policies[p];   /* slot 0 is free */
        assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
    }
    driver_hand(&driver, batch);
    driver_run(&driver, all_stored);
    assert_int_equal(driver_status(&driver).poisoned, 0);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

/* Two parts of one queue's interval; the second takes one abandoned leg back and adds answers. */
static void make_parts(rs_row_t parts[2]) {
    static const rs_hist_entry_t answered_1[] = {{10, 2}, {32, 3}}, answered_2[] = {{32, 1}, {100, 4}};
    static const rs_hist_entry_t abandoned_1[] = {{20, 2}}, abandoned_2[] = {{20, -1}};
    parts[0] = make_row("vip", START_US, 4, 12);
    parts[0].threshold_us = 20 * RS_US_PER_S;
    parts[0].still_open = 2;
    int64_t *c = parts[0].counts;
    c[RS_COUNT_ANSWERED] = 5;
    c[RS_COUNT_ABANDONED] = 2;
    c[RS_COUNT_FLOWED_OUT] = 3;
    c[RS_COUNT_FLOW_TIMEOUT] = 2;
    c[RS_COUNT_FLOW_NO_AGENTS] = 1;
    c[RS_COUNT_ANSWERED_IN_T] = 4;
    c[RS_COUNT_ABANDONED_IN_T] = 2;
    c[RS_COUNT_ABANDONED_SHORT] = 1;
    c[RS_COUNT_WAIT_ANSWERED_US] = 116999;
    c[RS_COUNT_WAIT_ABANDONED_US] = 40400;
    c[RS_COUNT_HANDLED] = 3;
    c[RS_COUNT_TALK_US] = 10000999;
    c[RS_COUNT_HOLD_US] = 2000999;
    c[RS_COUNT_WRAP_US] = 500;
    c[RS_COUNT_OFFERS] = 7;
    c[RS_COUNT_OFFERS_FAILED] = 2;
    c[RS_COUNT_FCR_ELIGIBLE] = 8;
    c[RS_COUNT_FCR_NEVER] = 3;
    c[RS_COUNT_FCR_NEVER_UNRESOLVED] = 1;
    c[RS_COUNT_FCR_UNRESOLVED] = 1;
    c[RS_COUNT_FCR_REPEATED] = 1;
    c[RS_COUNT_FCR_MATURED] = 2;
    c[RS_COUNT_SL_NUM_1] = 4;
    c[RS_COUNT_SL_DEN_1] = 6;
    c[RS_COUNT_SL_NUM_2] = 4;
    c[RS_COUNT_SL_DEN_2] = 5;
    parts[0].extremes[RS_EXTREME_WAIT_MAX] = 45000999;
    parts[0].extremes[RS_EXTREME_ANSWERED_MIN] = 10300;
    parts[0].extremes[RS_EXTREME_ANSWERED_MAX] = 32700;
    parts[0].extremes[RS_EXTREME_ABANDONED_MIN] = 20100;
    parts[0].extremes[RS_EXTREME_ABANDONED_MAX] = 20300;
    parts[0].histograms[RS_HIST_WAIT_ANSWERED] = answered_1;
    parts[0].histogram_sizes[RS_HIST_WAIT_ANSWERED] = 2;
    parts[0].histograms[RS_HIST_WAIT_ABANDONED] = abandoned_1;
    parts[0].histogram_sizes[RS_HIST_WAIT_ABANDONED] = 1;

    parts[1] = make_row("vip", START_US, 9, 4);
    parts[1].part = 2;
    parts[1].threshold_us = 20 * RS_US_PER_S;
    parts[1].final = true;
    c = parts[1].counts;
    c[RS_COUNT_ANSWERED] = 5;
    c[RS_COUNT_ABANDONED] = -1;
    c[RS_COUNT_WAIT_ANSWERED_US] = 500000001;
    c[RS_COUNT_WAIT_ABANDONED_US] = -20200;
    c[RS_COUNT_FCR_UNRESOLVED] = 1;   /* days later: a customer came back */
    c[RS_COUNT_FCR_REPEATED] = 1;
    c[RS_COUNT_FCR_FLAGGED_UNRESOLVED] = 1;
    c[RS_COUNT_FCR_MATURED] = 6;
    c[RS_COUNT_SL_NUM_1] = -1;
    c[RS_COUNT_SL_DEN_1] = 1;
    parts[1].extremes[RS_EXTREME_WAIT_MAX] = 146000;
    parts[1].extremes[RS_EXTREME_ANSWERED_MIN] = 32100;
    parts[1].extremes[RS_EXTREME_ANSWERED_MAX] = 146000;
    parts[1].histograms[RS_HIST_WAIT_ANSWERED] = answered_2;
    parts[1].histogram_sizes[RS_HIST_WAIT_ANSWERED] = 2;
    parts[1].histograms[RS_HIST_WAIT_ABANDONED] = abandoned_2;
    parts[1].histogram_sizes[RS_HIST_WAIT_ABANDONED] = 1;
}

typedef struct figure { const char *column, *expected; } figure_t;

static void expect_figures(const char *database, const char *view, const figure_t *figures, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char sql[512];
        snprintf(sql, sizeof sql, "SELECT coalesce((%s)::text, 'null') FROM ringside.%s", figures[i].column, view);
        const char *found = rs_postgres_text(database, sql);
        if (strcmp(found, figures[i].expected) != 0) fail_msg("%s.%s is %s, not %s", view, figures[i].column, found, figures[i].expected);
    }
}

static void a_view_is_the_sum_of_the_parts(void **state) {
    (void)state;
    const char *database = fresh_database();
    rs_row_t parts[2];
    make_parts(parts);
    const rs_policy_t policies[] = {{.name = "short_excluded", .version = 1, .threshold_us = -1, .short_us = 5 * RS_US_PER_S,
                                     .target = 0.8, .short_on = true, .open_miss_now = true},
                                    {.name = "answered_only", .version = 2, .threshold_us = 20 * RS_US_PER_S, .target = -1}};
    store_rows(database, parts, 2, policies, 2);
    const figure_t figures[] = {
        {"interval_start", "2026-01-01 00:00:00+00"}, {"interval_s", "900"}, {"tenant", "acme"}, {"queue", "vip"}, {"channel", "voice"},
        {"attribution", "event"}, {"offered", "16"}, {"answered", "10"}, {"abandoned", "1"}, {"abandoned_short", "1"},
        {"flowed_out", "3"}, {"callbacks", "0"}, {"blocked", "0"}, {"still_open", "2"}, {"threshold_ms", "20000"},
        {"answered_in_t", "4"}, {"abandoned_in_t", "2"},
        {"service_level = '{\"short_excluded\": {\"value\": 0.42857142857142855, \"numerator\": 3, \"denominator\": 7},"
         " \"answered_only\": {\"value\": 0.8, \"numerator\": 4, \"denominator\": 5}}'", "true"},
        {"wait_ms -> 'answered_sum'", "500117"}, {"wait_ms -> 'abandoned_sum'", "20"}, {"wait_ms -> 'max'", "45000"},
        {"wait_ms -> 'asa'", "50011.7"},
        /* 10 10 32 32 32 32 100's bucket four times (its middle, 145, within 146) */
        {"wait_ms -> 'p50'", "32"}, {"wait_ms -> 'p80'", "145"}, {"wait_ms -> 'p99'", "145"},
        {"abandon_wait_ms -> 'mean'", "20.2"}, {"abandon_wait_ms -> 'p50'", "20"}, {"abandon_wait_ms -> 'max'", "20"},
        {"handled", "3"}, {"flowed_out_by_reason = '{\"timeout\": 2, \"no_agents\": 1}'", "true"},
        {"talk_ms_sum", "10000"}, {"hold_ms_sum", "2000"}, {"wrap_ms_sum", "0"}, {"aht_ms", "4000.8326666666667"},
        {"transferred_in", "0"}, {"offers", "7"}, {"offers_failed", "2"}, {"final", "false"}, {"revision", "13"},
        {"fcr = '{\"eligible\": 8, \"repeated\": 2, \"flagged_unresolved\": 1, \"unresolved\": 2, \"value\": 0.75,"
         " \"net\": {\"eligible\": 5, \"unresolved\": 1, \"value\": 0.8}, \"matured\": 8, \"state\": \"matured\"}'", "true"},
    };
    expect_figures(database, "queue_interval", figures, RS_ARRAY_LEN(figures));
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.queue_interval"), 1);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.queue_interval_part"), 2);
    assert_string_equal(rs_postgres_text(database, "SELECT string_agg(name || ' ' || version, ',' ORDER BY name) FROM ringside.policy"),
                        "answered_only 2,short_excluded 1");
    assert_string_equal(rs_postgres_text(database, "SELECT definition ->> 'threshold_ms' FROM ringside.policy "
                                                   "WHERE name = 'answered_only'"), "20000");
    assert_string_equal(rs_postgres_text(database, "SELECT definition ->> 'open_over_t' FROM ringside.policy "
                                                   "WHERE name = 'short_excluded'"), "miss_now");
    assert_string_equal(rs_postgres_text(database, "SELECT sl_version FROM ringside.queue_interval_part WHERE part = 1"), "{1,2}");
}

/* 1,092 calls with 66.46 % and 74 with 49.4 %: together 65.38 %, not the mean of the two, 57.93 % (metrics.md). These shares are of no
 * whole calls, so there are 1,250 times as many. */
static void a_roll_up_weighs_by_calls(void **state) {
    (void)state;
    const char *database = fresh_database();
    static const struct { int64_t hits, calls; } parts[] = {{907179, 1365000}, {45695, 92500}};
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    rs_postgres_run(database, "SELECT ringside.ensure_partitions('2026-01-01Z', '2026-01-02Z')");
    for (int i = 0; i < 2; i++) {
        char sql[512];
        snprintf(sql, sizeof sql,
                 "INSERT INTO ringside.queue_interval_part (tenant, queue, channel, interval_start, interval_s, attribution,"
                 " stream_id, run, part, revision, final, still_open, sl_policy, sl_version, sl_num, sl_den)"
                 " VALUES ('acme', 'vip', 'voice', '2026-01-01 0%d:00Z', 900, 'event', 1, 1, 1, 1, true, 0, '{p}', '{1}', '{%" PRId64 "}',"
                 " '{%" PRId64 "}')", i,
                 parts[i].hits, parts[i].calls);
        rs_postgres_run(database, sql);
    }
    const figure_t rolled_up[] = {{"round((service_level #>> '{p,value}')::numeric * 100, 2)", "65.38"}};
    expect_figures(database, "queue_rollup('2026-01-01Z', '2026-01-02Z')", rolled_up, 1);
    assert_string_equal(rs_postgres_text(database, "SELECT round(avg((service_level #>> '{p,value}')::numeric) * 100, 2)"
                                         " FROM ringside.queue_interval"), "57.93");
}

static void undefined_figures_are_null(void **state) {
    (void)state;
    const char *database = fresh_database();
    rs_row_t row = make_row("quiet", START_US, 1, 0);
    row.counts[RS_COUNT_BLOCKED] = 1;
    const rs_policy_t policy = {.name = "short_excluded", .version = 1};
    store_rows(database, &row, 1, &policy, 1);
    const figure_t figures[] = {
        {"offered", "0"}, {"blocked", "1"}, {"threshold_ms", "null"}, {"wait_ms ->> 'asa'", "null"}, {"wait_ms ->> 'p90'", "null"},
        {"wait_ms ->> 'max'", "null"}, {"wait_ms ->> 'answered_sum'", "0"}, {"abandon_wait_ms ->> 'mean'", "null"}, {"aht_ms", "null"},
        {"service_level = '{\"short_excluded\": {\"value\": null, \"numerator\": 0, \"denominator\": 0}}'", "true"},
    };
    expect_figures(database, "queue_interval", figures, RS_ARRAY_LEN(figures));
}

static void mixed_thresholds_are_null(void **state) {
    (void)state;
    static const struct { const char *queue; int64_t first_us, second_us, second_answered; const char *expected; } cases[] = {
        {"different", 10000000, 20000000, 1, ""},
        {"same", 10000000, 10000000, 1, "10000"},
        {"mixed-part", 10000000, -1, 1, ""},
        {"nothing-closed", 10000000, -1, 0, "10000"},   /* a part without closed legs says nothing of a threshold */
        {"none", -1, -1, 1, ""},
        {"moved", 10000000, -1, 0, "20000"},            /* the second takes the first's leg back and counts it under another */
    };
    const char *database = fresh_database();
    rs_row_t rows[2 * RS_ARRAY_LEN(cases)];
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        rows[2 * i] = make_row(cases[i].queue, START_US, 1, 1);
        rows[2 * i].threshold_us = cases[i].first_us;
        rows[2 * i].counts[RS_COUNT_ANSWERED] = 1;
        rows[2 * i + 1] = make_row(cases[i].queue, START_US, 1, 1);
        rows[2 * i + 1].part = 2;
        rows[2 * i + 1].threshold_us = cases[i].second_us;
        rows[2 * i + 1].counts[RS_COUNT_ANSWERED] = cases[i].second_answered;
    }
    rs_row_t *moved = &rows[RS_ARRAY_LEN(rows) - 1];
    moved->threshold_count = 2;
    moved->thresholds_us[0] = 10000000;
    moved->threshold_legs[0] = -1;
    moved->thresholds_us[1] = 20000000;
    moved->threshold_legs[1] = 1;
    store_rows(database, rows, RS_ARRAY_LEN(rows), NULL, 0);
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT threshold_ms FROM ringside.queue_interval WHERE queue = '%s' AND offered = 2", cases[i].queue);
        assert_string_equal(rs_postgres_text(database, sql), cases[i].expected);
    }
}

static void every_family_has_its_own_rows_and_null_is_a_queue_too(void **state) {
    (void)state;
    const char *database = fresh_database();
    rs_row_t rows[7];
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        rows[i] = make_row("x", START_US, 1, (int64_t)i + 1);
        rows[i].counts[RS_COUNT_ANSWERED] = 1;
        if (i < RS_FAMILY_COUNT) rows[i].key.family = (uint8_t)i;
    }
    rows[RS_FAMILY_CHANNEL].key.name.len = rows[RS_FAMILY_TOTAL].key.name.len = 0;
    rows[RS_FAMILY_TOTAL].key.channel = rows[RS_FAMILY_AGENT].key.channel = rows[RS_FAMILY_TEAM].key.channel = 0;
    rows[5].key.name.len = 0;                    /* a queue row without queue */
    rows[6].attribution = RS_ATTRIBUTION_ENTER;  /* the same queue, counted otherwise */
    store_rows(database, rows, RS_ARRAY_LEN(rows), NULL, 0);
    rows[5].revision = 2;                        /* null must find its row again */
    rows[5].counts[RS_COUNT_OFFERED] = 60;
    store_rows(database, &rows[5], 1, NULL, 0);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.queue_interval"), 3);
    assert_int_equal(rs_postgres_number(database, "SELECT offered FROM ringside.queue_interval WHERE queue IS NULL"), 60);
    assert_int_equal(rs_postgres_number(database, "SELECT offered FROM ringside.queue_interval WHERE attribution = 'enter'"), 7);
    assert_int_equal(rs_postgres_number(database, "SELECT offered FROM ringside.channel_interval WHERE channel = 'voice'"), 2);
    assert_int_equal(rs_postgres_number(database, "SELECT offered FROM ringside.total_interval WHERE tenant = 'acme'"), 3);
    const figure_t figures[] = {{"answered", "1"}, {"offered", "null"}, {"service_level", "null"}, {"still_open", "null"},
                                {"threshold_ms", "null"},
                                {"abandon_wait_ms", "null"}, {"flowed_out_by_reason", "null"}, {"wait_ms ->> 'answered_sum'", "0"}};
    expect_figures(database, "agent_interval WHERE agent = 'x'", figures, RS_ARRAY_LEN(figures));
    expect_figures(database, "team_interval WHERE team = 'x'", figures, RS_ARRAY_LEN(figures));
}

static void rows_in_which_nothing_is_counted_any_more_are_not_shown(void **state) {
    (void)state;
    const char *database = fresh_database();
    rs_row_t rows[2] = {make_row("taken-back", START_US, 1, 3), make_row("taken-back", START_US, 1, -3)};
    rows[1].part = 2;
    store_rows(database, rows, 2, NULL, 0);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.queue_interval"), 0);
    /* A service level alone is something: a journey counts under its first queue. */
    rs_row_t row = make_row("journey", START_US, 1, 0);
    row.counts[RS_COUNT_SL_DEN_1] = 1;
    const rs_policy_t policy = {.name = "journeys", .version = 1};
    store_rows(database, &row, 1, &policy, 1);
    assert_string_equal(rs_postgres_text(database, "SELECT queue FROM ringside.queue_interval"), "journey");
}

int run_figures_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sql_percentiles_are_those_of_the_program),
        cmocka_unit_test(buckets_have_the_bounds_of_the_program),
        cmocka_unit_test(a_view_is_the_sum_of_the_parts),
        cmocka_unit_test(a_roll_up_weighs_by_calls),
        cmocka_unit_test(undefined_figures_are_null),
        cmocka_unit_test(mixed_thresholds_are_null),
        cmocka_unit_test(every_family_has_its_own_rows_and_null_is_a_queue_too),
        cmocka_unit_test(rows_in_which_nothing_is_counted_any_more_are_not_shown),
    };
    return cmocka_run_group_tests_name("figures", tests, NULL, NULL);
}
