/* Migration 0010 over a database of every earlier version with data in it: each row is there afterwards as it was, in its month. */
#include "store_test.h"
#include "store/schema.h"

#include <string.h>

static const char *const tables[] = {"queue_interval_part", "channel_interval_part", "total_interval_part", "agent_interval_part",
                                     "team_interval_part", "process_edge_part"};

/* Fills every column of a table with something of its type: 300 rows over three years, several parts, nulls where they may be. */
static const char fill[] =
    "DO $fill$ DECLARE names text; given text; BEGIN"
    " SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum), string_agg(CASE"
    "  WHEN attname = 'interval_start' THEN 'timestamptz ''2023-11-30 22:45Z'' + (i * 97) * interval ''15 minutes'''"
    "  WHEN attname = 'interval_s' THEN '900'"
    "  WHEN attname = 'part' THEN 'i'"
    "  WHEN attname = 'queue' THEN 'CASE WHEN i %% 7 > 0 THEN ''q'' || i %% 7 END'"
    "  WHEN atttypid = 'text'::regtype THEN quote_literal(attname) || ' || i %% 5'"
    "  WHEN atttypid = 'boolean'::regtype THEN 'i %% 2 = 0'"
    "  WHEN atttypid = 'timestamptz'::regtype THEN 'timestamptz ''2026-01-01Z'' + i * interval ''1.000007 seconds'''"
    "  WHEN atttypid = 'text[]'::regtype THEN 'CASE WHEN i %% 3 > 0 THEN ARRAY[''p'' || i, ''ü''] END'"
    "  WHEN atttypid = 'bigint[]'::regtype THEN 'CASE WHEN i %% 3 > 0 THEN ARRAY[i::bigint << 40, -i] END'"
    "  WHEN typcategory = 'A' THEN 'CASE WHEN i %% 3 > 0 THEN ARRAY[i %% 700, 3]::' || format_type(atttypid, NULL) || ' END'"
    "  WHEN attnotnull THEN format('(i * 1000003 + %%s * 17)', attnum)"
    "  ELSE 'CASE WHEN i %% 4 > 0 THEN i * ' || attnum || ' END' END, ', ' ORDER BY attnum) INTO names, given"
    " FROM pg_attribute JOIN pg_type t ON t.oid = atttypid WHERE attrelid = 'ringside.%s'::regclass AND attnum > 0 AND NOT attisdropped;"
    " EXECUTE format('INSERT INTO ringside.%s (%%s) SELECT %%s FROM generate_series(1, 300) AS i', names, given); END $fill$";

static void fill_table(const char *database, const char *table) {
    char sql[4096];
    snprintf(sql, sizeof sql, fill, table, table);
    rs_postgres_run(database, sql);
}

/* Sum over all rows of the columns that the table had; `columns` is filled when it is empty. */
static void sum_of(const char *database, const char *table, char *columns, size_t size, char sum[80]) {
    char sql[9000];
    if (columns[0] == '\0') {
        snprintf(sql, sizeof sql, "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
                 " WHERE attrelid = 'ringside.%s'::regclass AND attnum > 0", table);
        snprintf(columns, size, "%s", rs_postgres_text(database, sql));
    }
    snprintf(sql, sizeof sql, "SELECT count(*) || ' ' || md5(string_agg(r::text, '|' ORDER BY r::text)) "
                              "FROM (SELECT %s FROM ringside.%s) AS r",
             columns, table);
    snprintf(sum, 80, "%s", rs_postgres_text(database, sql));
}

static bool has_table(const char *database, const char *table) {
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT to_regclass('ringside.%s') IS NOT NULL", table);
    return strcmp(rs_postgres_text(database, sql), "t") == 0;
}

static void check_months(const char *database, const char *table) {
    char sql[512];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM ringside.%s AS t JOIN ringside.partition AS p ON p.parent = '%s' AND t.tableoid ="
             " to_regclass('ringside.' || p.name) WHERE t.interval_start >= p.from_time AND t.interval_start < p.to_time", table, table);
    assert_int_equal(rs_postgres_number(database, sql), 300);
    snprintf(sql, sizeof sql, "SELECT relkind FROM pg_class WHERE oid = 'ringside.%s'::regclass", table);
    assert_string_equal(rs_postgres_text(database, sql), "p");
}

static void a_version_with_data_keeps_every_row(int version) {
    const char *database = fresh_database();
    static char columns[RS_ARRAY_LEN(tables)][8192];
    char before[RS_ARRAY_LEN(tables)][80], after[80], sql[512];
    bool had[RS_ARRAY_LEN(tables)];
    memset(columns, 0, sizeof columns);
    assert_int_equal(rs__store_migrate_to(database, version, false, NULL, NULL), RS_OK);
    rs_postgres_run(database, "DO $$ BEGIN CREATE ROLE reader_of_history; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
    for (size_t i = 0; i < RS_ARRAY_LEN(tables); i++) {
        had[i] = has_table(database, tables[i]);
        if (!had[i]) continue;
        fill_table(database, tables[i]);
        sum_of(database, tables[i], columns[i], sizeof columns[i], before[i]);
        assert_true(strncmp(before[i], "300 ", 4) == 0);
        snprintf(sql, sizeof sql, "CREATE VIEW public.of_%s AS"
                                  " SELECT tenant, interval_start, part + 0 AS part, (SELECT count(*) FROM ringside.%s) AS n"
                 " FROM ringside.%s; GRANT SELECT ON ringside.%s TO reader_of_history", tables[i], tables[i], tables[i], tables[i]);
        rs_postgres_run(database, sql);
    }
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    for (size_t i = 0; i < RS_ARRAY_LEN(tables); i++) {
        if (!had[i]) continue;
        sum_of(database, tables[i], columns[i], sizeof columns[i], after);
        assert_string_equal(after, before[i]);
        check_months(database, tables[i]);
        snprintf(sql, sizeof sql, "SELECT max(n) FROM public.of_%s", tables[i]);
        assert_int_equal(rs_postgres_number(database, sql), 300);
        snprintf(sql, sizeof sql, "SELECT has_table_privilege('reader_of_history', 'ringside.%s', 'SELECT')"
                 " AND NOT has_table_privilege('reader_of_history', 'ringside.%s', 'INSERT')", tables[i], tables[i]);
        assert_string_equal(rs_postgres_text(database, sql), "t");
        snprintf(sql, sizeof sql, "SELECT to_regclass('ringside.%s_whole') IS NULL", tables[i]);
        assert_string_equal(rs_postgres_text(database, sql), "t");
    }
    rs_postgres_run(database, "DROP OWNED BY reader_of_history");
}

static void every_earlier_version_with_data_in_it_keeps_every_row(void **state) {
    (void)state;
    for (int version = 2; version < 10; version++) a_version_with_data_keeps_every_row(version);
}

int run_cut_tests(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_earlier_version_with_data_in_it_keeps_every_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
