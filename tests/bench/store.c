/* bench_store — rows per second merged exactly once through the store, beside a raw binary COPY of the same rows into an empty
 * table without any index: the least that PostgreSQL can do with them. Bar: at least 0.4 of it.
 *
 *   bench_store [rows] [runs]        RS_POSTGRES_PLACE=/tmp puts the cluster on a disk */
#include "postgres.h"
#include "store/feeds.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH_ROWS = 5000, MAX_BATCHES = 2000, MAX_RUNS = 99, QUEUES = 1000, ENTRIES = 24 };
#define START_US INT64_C(1767225600000000)
#define BAR 0.4

static rs_row_batch_t *batches[MAX_BATCHES];
static size_t batch_count, total_rows;

/* Half-busy queues: 1,000 of them per interval, waits and talks spread over a few dozen buckets. */
static void make_batches(size_t rows) {
    static const rs_policy_t policy = {.name = "short_excluded", .version = 1};
    char name[32];
    rs_hist_entry_t entries[ENTRIES];
    for (int e = 0; e < ENTRIES; e++) entries[e] = (rs_hist_entry_t){(uint16_t)(150 + 9 * e), 1 + e % 5};
    for (size_t i = 0; i < rows; i++) {
        if (i % BATCH_ROWS == 0) {
            RS_REQUIRE(batch_count < MAX_BATCHES && rs_row_batch_create(BATCH_ROWS, 0, &batches[batch_count]) == RS_OK);
            batch_count++;
        }
        snprintf(name, sizeof name, "queue-%04zu", i % QUEUES);
        rs_row_t row = {.key = {.family = RS_FAMILY_QUEUE, .channel = RS_CHANNEL_VOICE, .tenant = RS_STR("default"), .name = rs_str(name)},
                        .start_us = START_US + (int64_t)(i / QUEUES) * 15 * RS_US_PER_MIN, .length_us = 15 * RS_US_PER_MIN,
                        .part = 1, .revision = 1, .final = true, .threshold_us = 20 * RS_US_PER_S, .policies = {&policy}};
        for (unsigned c = 0; c < RS_COUNT_SL_NUM_0; c++) row.counts[c] = (int64_t)(i * 31 + c) % 1000;
        for (unsigned e = 0; e < RS_EXTREME_COUNT; e++) row.extremes[e] = 1000000;
        static const unsigned filled[] = {RS_HIST_WAIT_ANSWERED, RS_HIST_TALK, RS_HIST_HANDLE};
        for (size_t h = 0; h < RS_ARRAY_LEN(filled); h++) {
            row.histograms[filled[h]] = entries;
            row.histogram_sizes[filled[h]] = ENTRIES;
        }
        RS_REQUIRE(rs_row_batch_add(batches[batch_count - 1], &row) == RS_OK);
        total_rows++;
    }
}

static double seconds_since(uint64_t begin) { return (double)(uv_hrtime() - begin) / 1e9; }

/* --- the yardstick -------------------------------------------------------------------------------------------------- */
static double raw_copy(const char *conninfo, rs__feed_sql_t *sql) {
    /* The staging table's columns, in a table that stays. */
    char *stage = strstr(sql->stage, "AS SELECT");
    char *create = NULL;
    RS_REQUIRE(asprintf(&create, "DROP TABLE IF EXISTS public.raw; CREATE TABLE public.raw %s", stage) > 0);
    rs_postgres_run(conninfo, create);
    free(create);
    rs_postgres_run(conninfo, "CHECKPOINT");
    PGconn *connection = PQconnectdb(conninfo);
    rs__buffer_t buffer = {0};
    const uint64_t begin = uv_hrtime();
    PQclear(PQexec(connection, "COPY public.raw FROM STDIN (FORMAT binary)"));
    rs__copy_begin(&buffer);
    for (size_t b = 0; b < batch_count; b++) {
        for (uint32_t i = 0; i < rs_row_batch_count(batches[b]); i++) {
            rs__rows_encode(batches[b], i, 1, 1, &buffer);
            if (buffer.len < 65536) continue;
            RS_REQUIRE(PQputCopyData(connection, (char *)buffer.bytes, (int)buffer.len) == 1);
            rs__buffer_clear(&buffer);
        }
    }
    rs__copy_end(&buffer);
    RS_REQUIRE(PQputCopyData(connection, (char *)buffer.bytes, (int)buffer.len) == 1 && PQputCopyEnd(connection, NULL) == 1);
    PGresult *result = PQgetResult(connection);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) fprintf(stderr, "%s", PQresultErrorMessage(result));
    PQclear(result);
    const double seconds = seconds_since(begin);
    PQfinish(connection);
    rs__buffer_deinit(&buffer);
    RS_REQUIRE(rs_postgres_number(conninfo, "SELECT count(*) FROM public.raw") == (int64_t)total_rows);
    return seconds;
}

/* --- the store ------------------------------------------------------------------------------------------------------ */
typedef struct daemon { rs_store_t *store; size_t next, done; uint64_t begin; double seconds; } daemon_t;

static void on_request(void *context) {
    daemon_t *daemon = context;
    if (daemon->next == 0) daemon->begin = uv_hrtime();   /* connected and prepared */
    rs_row_batch_t *batch = daemon->next < batch_count ? batches[daemon->next++] : NULL;
    RS_REQUIRE(rs_store_rows_ready(daemon->store, batch, daemon->next, daemon->next, START_US) == RS_OK);
}
static void on_done(void *context, rs_row_batch_t *batch, bool stored) {
    daemon_t *daemon = context;
    (void)batch;
    RS_REQUIRE(stored);
    if (++daemon->done == batch_count) daemon->seconds = seconds_since(daemon->begin);
}
static void on_log(void *context, rs_store_log_level_t level, const char *text) {
    (void)context;
    if (level != RS_STORE_INFO) fprintf(stderr, "%s\n", text);
}
static void on_closed(void *context, int status, uint64_t left) {
    (void)context;
    RS_REQUIRE(status == RS_OK && left == 0);
}

static double through_store(const char *conninfo, uint64_t run) {
    rs_postgres_run(conninfo, "TRUNCATE ringside.queue_interval_part");
    rs_postgres_run(conninfo, "CHECKPOINT");
    uv_loop_t loop;
    RS_REQUIRE(uv_loop_init(&loop) == 0);
    daemon_t daemon = {.next = 0};
    const rs_store_settings_t settings = {.conninfo = rs_str(conninfo), .stream = RS_STR("bench"), .run = run, .flush_us = 1000,
                                          .backoff_min_us = 100000, .backoff_max_us = 1000000};
    const rs_store_callbacks_t callbacks = {.context = &daemon, .request_rows = on_request, .rows_done = on_done, .log = on_log};
    RS_REQUIRE(rs_store_create(&loop, &settings, &callbacks, NULL, 0, &daemon.store) == RS_OK);
    while (daemon.done < batch_count) uv_run(&loop, UV_RUN_ONCE);
    rs_store_flush_and_close(daemon.store, 10 * RS_US_PER_S, on_closed, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    rs_store_destroy(&daemon.store);
    RS_REQUIRE(uv_loop_close(&loop) == 0);
    RS_REQUIRE(rs_postgres_number(conninfo, "SELECT count(*) FROM ringside.queue_interval_part") == (int64_t)total_rows);
    return daemon.seconds;
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, by_size);
    return values[count / 2];
}

int main(int argc, char **argv) {
    const size_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    size_t runs = argc > 2 ? strtoull(argv[2], NULL, 10) : 5;
    if (runs < 1 || runs > MAX_RUNS) runs = 5;
    make_batches(rows);
    rs_postgres_t postgres;
    rs_postgres_start(&postgres, "-c max_wal_size=8GB -c autovacuum=off");
    rs__feed_sql_t sql;
    RS_REQUIRE(rs_store_migrate(postgres.conninfo, false, NULL, NULL) == RS_OK && rs__rows_sql(&sql) == RS_OK);
    double raw[MAX_RUNS], merged[MAX_RUNS];
    for (size_t i = 0; i < runs; i++) {
        raw[i] = raw_copy(postgres.conninfo, &sql);
        merged[i] = through_store(postgres.conninfo, i + 1);
    }
    const double yardstick = (double)total_rows / median(raw, runs), ours = (double)total_rows / median(merged, runs);
    printf("store: %zu rows of %zu columns, batches of %d, median of %zu runs\n", total_rows, rs__rows_columns() + 4, BATCH_ROWS, runs);
    printf("  raw binary COPY, no index   %9.0f rows/s\n", yardstick);
    printf("  merged exactly once         %9.0f rows/s\n", ours);
    printf("  ratio %.2f (bar %.2f: %s)\n", ours / yardstick, BAR, ours / yardstick >= BAR ? "reached" : "missed");
    rs__feed_sql_deinit(&sql);
    rs_postgres_stop(&postgres);
    for (size_t b = 0; b < batch_count; b++) rs_row_batch_destroy(&batches[b]);
    return 0;
}
