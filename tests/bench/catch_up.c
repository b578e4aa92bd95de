/* How fast a database is caught up that was away: the journal is read through a core of its own, and the rows go to PostgreSQL, while
 * memory had room for the rows of a quarter of an hour only (everything that was final had been given up).
 *     bench_catch_up [MINUTES [EVENTS_PER_SECOND]]      16 simulated minutes at 5,000 events/s of 10,000 queues and 20,000 agents
 * (a journal of about 1 GiB, in memory). The bar is ten times real time. */
#include "engine/engine_internal.h"
#include "engine/rebuild.h"
#include "memory_journal.h"
#include "postgres.h"
#include "store/store.h"
#include "workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define BAR 10.0
enum { BATCH_ROWS = 5000 };
static const char text[] = "limits: {contacts: 200000, rows: 500000, queue_keys: 30000, agent_keys: 30000}\n";

static double seconds_since(uint64_t begin) { return (double)(uv_hrtime() - begin) / 1e9; }

static double processor_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* --- the journal of an outage --------------------------------------------------------------------------------------------- */
static uint64_t make_journal(memory_journal_t *journal, const rs_config_t *config, const rs_engine_settings_t *settings,
                             double minutes, double rate) {
    workload_settings_t load = workload_steady(rate, rate * 200);
    load.start_us = settings->start_us;
    workload_t *workload = workload_create(&load);
    const int64_t end_us = load.start_us + (int64_t)(minutes * 60e6);
    int64_t tick_us = load.start_us, give_up_us = load.start_us + 30 * RS_US_PER_MIN;
    uint32_t contact, queue;
    uint64_t events = 0;
    journal_add_begin(journal, config, settings);
    for (rs_event_t event; workload_next(workload, &event, &contact, &queue) && event.occurred_us < end_us; events++) {
        if (event.occurred_us - tick_us >= 100 * RS_US_PER_MS) journal_add_tick(journal, tick_us = event.occurred_us);
        if (event.occurred_us >= give_up_us) {
            const rs_confirmed_t all = {.rows = {UINT64_MAX, UINT64_MAX}, .edges = {UINT64_MAX, UINT64_MAX}, .position = journal->count};
            journal_add_confirmed(journal, &all);
            give_up_us += 15 * RS_US_PER_MIN;
        }
        journal_add_event(journal, &event, event.occurred_us, (rs_origin_t){0});
    }
    workload_destroy(&workload);
    return events;
}

/* --- the way back ------------------------------------------------------------------------------------------------------------ */
typedef struct away { uv_loop_t loop; rs_store_t *store; rs_row_batch_t *batch; bool asked, with_store, closed; double storing; } away_t;

static void on_request(void *context) { RS_REQUIRE(rs_store_rows_ready(((away_t *)context)->store, NULL, 0, 0, 0) == RS_OK); }
static void on_done(void *context, rs_row_batch_t *batch, bool stored) { (void)context, (void)batch, (void)stored; }
static void on_rewound(void *context, uint64_t after, uint64_t upto) {
    (void)upto;
    RS_REQUIRE(after == 0);
    ((away_t *)context)->asked = true;
}
static void on_rebuilt(void *context, rs_row_batch_t *batch, bool stored) {
    (void)batch;
    RS_REQUIRE(stored);
    ((away_t *)context)->with_store = false;
}
static void on_log(void *context, rs_store_log_level_t level, const char *line) {
    (void)context;
    if (level == RS_STORE_ERROR) fprintf(stderr, "%s\n", line);
}
static void on_closed(void *context, int status, uint64_t left) {
    RS_REQUIRE(status == RS_OK && left == 0);
    ((away_t *)context)->closed = true;
}

static int take_rows(void *context) {
    away_t *away = context;
    const uint64_t begin = uv_hrtime();
    away->with_store = true;
    RS_REQUIRE(rs_store_rebuilt_rows(away->store, away->batch) == RS_OK);
    while (away->with_store) uv_run(&away->loop, UV_RUN_ONCE);
    away->storing += seconds_since(begin);
    return RS_OK;
}
static int take_alert(void *context, const rs_alert_transition_t *transition) { (void)context, (void)transition; return RS_OK; }
static int take_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us, uint64_t number) {
    (void)context, (void)source, (void)refused, (void)hash, (void)arrival_us, (void)number;
    return RS_OK;
}

static void open_store(away_t *away, const char *conninfo, uint64_t upto) {
    RS_REQUIRE(uv_loop_init(&away->loop) == 0);
    const rs_store_settings_t settings = {.conninfo = rs_str(conninfo), .stream = RS_STR("bench"), .run = 7, .confirmed = upto,
                                          .flush_us = 100000, .backoff_min_us = 100000, .backoff_max_us = 1000000};
    const rs_store_callbacks_t callbacks = {.context = away, .request_rows = on_request, .rows_done = on_done, .rewound = on_rewound,
                                            .rebuilt_done = on_rebuilt, .log = on_log};
    RS_REQUIRE(rs_store_create(&away->loop, &settings, &callbacks, NULL, 0, &away->store) == RS_OK);
    while (!away->asked) uv_run(&away->loop, UV_RUN_ONCE);
}

static void close_store(away_t *away) {
    RS_REQUIRE(rs_store_rebuilt(away->store) == RS_OK);
    rs_store_flush_and_close(away->store, 10 * RS_US_PER_S, on_closed, away);
    while (!away->closed) uv_run(&away->loop, UV_RUN_ONCE);
    rs_store_destroy(&away->store);
    RS_REQUIRE(uv_loop_close(&away->loop) == 0);
}

int main(int argc, char **argv) {
    const double minutes = argc > 1 ? atof(argv[1]) : 16, rate = argc > 2 ? atof(argv[2]) : 5000;
    rs_config_t *config = config_of_text(text);
    const rs_engine_settings_t settings = {.config = config, .start_us = INT64_C(1772452800) * RS_US_PER_S, .run = 7, .hash_seed = 1,
                                           .keep_rows = true};
    memory_journal_t journal = {0};
    const uint64_t events = make_journal(&journal, config, &settings, minutes, rate);
    rs_postgres_t postgres;
    rs_postgres_start(&postgres, "-c max_wal_size=8GB -c autovacuum=off");
    RS_REQUIRE(rs_store_migrate(postgres.conninfo, false, NULL, NULL) == RS_OK);
    away_t away = {.asked = false};
    rs_engine_t *engine;
    rs_rebuild_t rebuild;
    RS_REQUIRE(rs_row_batch_create(BATCH_ROWS, 0, &away.batch) == RS_OK &&
               rs_row_batch_make_room_for_edges(away.batch, BATCH_ROWS) == RS_OK &&
               rs_row_batch_make_room_for_contacts(away.batch, BATCH_ROWS) == RS_OK);
    RS_REQUIRE(rs_engine_prepare(&settings, &engine) == RS_OK);
    open_store(&away, postgres.conninfo, journal.count);
    const rs_rebuild_sink_t sink = {.context = &away, .batch = away.batch, .on_rows = take_rows, .on_alert = take_alert,
                                    .on_refusal = take_refusal};
    const double own_before = processor_seconds();
    const uint64_t begin = uv_hrtime();
    rs_rebuild_begin(&rebuild, engine, 0, journal.count, &sink);
    for (size_t i = 0; i < journal.count; i++) {
        const journal_record_t *record = &journal.records[i];
        RS_REQUIRE(rs_rebuild_record(&rebuild, record->kind, record->bytes, record->len, i + 1) == RS_OK);
    }
    RS_REQUIRE(rs_rebuild_end(&rebuild) == RS_OK);
    const double seconds = seconds_since(begin), own = processor_seconds() - own_before;
    const uint64_t losses = rs_core_losses(rs_engine_core(engine)).cells;
    close_store(&away);
    const int64_t offered = rs_postgres_number(postgres.conninfo,
                                               "SELECT sum(offered) FROM ringside.total_interval WHERE attribution = 'event'");
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("catch-up: %.0f minutes at %.0f events/s of 10,000 queues, "
           "20,000 agents: %" PRIu64 " events, %" PRIu64 " rows and edges (%" PRId64 " contacts offered, %"
           PRIu64 " contributions lost)\n", minutes, rate, events, rebuild.rows, offered, losses);
    printf("  %.1f s, of which the database %.1f s; %.0f events/s, %.0f rows/s; %ld MiB\n", seconds, away.storing, (double)events / seconds,
           (double)rebuild.rows / away.storing, usage.ru_maxrss / 1024);
    printf("  %.1f times real time (bar %.0f: %s); of our own processor time %.1f s\n", minutes * 60 / seconds, BAR,
           minutes * 60 / seconds >= BAR ? "reached" : "missed", own);
    rs_engine_destroy(&engine);
    rs_row_batch_destroy(&away.batch);
    journal_free(&journal);
    rs_postgres_stop(&postgres);
    rs_config_destroy(&config);
    return 0;
}
