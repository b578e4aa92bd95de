/* The durable way in without a core, in the bench's own process: ingest, ring, journal on a real disk; a record is settled when the loop
 * has seen it and it is on disk. What stays of the daemon's rate when the core costs nothing. */
#ifndef RS_BENCH_DURABLE_CORE_H
#define RS_BENCH_DURABLE_CORE_H

#include "ingest/ingest.h"
#include "ingest_load.h"
#include "journal/keeper.h"
#include "journal/recover.h"

#include <sys/stat.h>

typedef struct way_in {
    rs_ring_t *ring;
    rs_disk_t *disk;
    rs_journal_t *journal;
    rs_keeper_t *keeper;
    rs_ingest_t *ingest;
    uint64_t seen, settled, last;
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_async_t durable, finished;
    pthread_t thread;
    producer_t producer;
} way_in_t;

static int way_in_event(void *context, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin, uint64_t *position) {
    way_in_t *way = context;
    void *place;
    if (rs_ring_claim(way->ring, RS_RECORD_MAX, &place) != RS_OK) return RS_ERR_FULL;
    *position = rs_ring_commit(way->ring, rs_record_write_event(event, arrival_us, origin, place), RS_RECORD_EVENT);
    return RS_OK;
}

static int way_in_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us,
                          rs_origin_t origin, uint64_t *position) {
    (void)context, (void)source, (void)hash, (void)arrival_us, (void)origin, (void)position;
    fprintf(stderr, "refused: %s %s\n", rs_refusal_name(refused->reason), refused->field);
    abort();
}

static void way_in_turn(uv_prepare_t *prepare) {
    way_in_t *way = prepare->data;
    rs_ring_record_t record;
    const uint64_t before = way->seen;
    while (rs_ring_peek(way->ring, &record)) way->seen = record.position;
    if (way->seen != before) {
        rs_ring_release(way->ring, way->seen);
        rs_keeper_wake(way->keeper);
    }
    const uint64_t durable = rs_keeper_durable(way->keeper), settled = durable < way->seen ? durable : way->seen;
    if (settled == way->settled) return;
    way->settled = settled;
    rs_ingest_on_settled(way->ingest, settled);
    rs_ingest_resume(way->ingest);
}

static void way_in_durable(void *context) { uv_async_send(&((way_in_t *)context)->durable); }
static void way_in_woken(uv_async_t *async) { (void)async; }

static void way_in_finished(uv_async_t *async) {
    way_in_t *way = async->data;
    rs_ingest_stats_t stats;
    rs_ingest_stats(way->ingest, &stats);
    RS_REQUIRE(stats.accepted == way->last);
    rs_ingest_close(&way->ingest);
    uv_close((uv_handle_t *)&way->prepare, NULL);
    uv_close((uv_handle_t *)async, NULL);
    rs_keeper_destroy(&way->keeper);   /* wakes nobody from here on */
    uv_close((uv_handle_t *)&way->durable, NULL);
}

static void *way_in_produce(void *context) {
    way_in_t *way = context;
    produce(&way->producer);
    uv_async_send(&way->finished);
    return NULL;
}

static void way_in_open_journal(way_in_t *way, const char *folder) {
    const char *why = "";
    rs_journal_resume_t *resume = calloc(1, sizeof *resume);
    RS_REQUIRE(resume != NULL && mkdir(folder, 0700) == 0);
    if (rs_disk_open_folder(folder, RS_DISK_OWN, false, &way->disk, &why) != RS_OK) {
        fprintf(stderr, "bench_durable: %s: %s\n", folder, why);
        exit(1);
    }
    resume->journal = 4711;
    const rs_journal_settings_t settings = {.segment_bytes = 64 << 20, .max_segments = 64, .spares = 2, .pending_bytes = 4 << 20};
    RS_REQUIRE(rs_journal_create(way->disk, &settings, resume, &way->journal) == RS_OK);
    free(resume);
    for (bool more = true; more;) RS_REQUIRE(rs_journal_maintain(way->journal, &more) == RS_OK);   /* as a daemon's are when it is ready */
    const rs_keeper_settings_t keeper = {.ring = way->ring, .journal = way->journal, .batch_bytes = 1 << 20, .retry_us = 500000,
                                         .mark_us = 1000000,
                                         .keep_us = INT64_C(86400) * RS_US_PER_S, .context = way, .wake = way_in_durable};
    RS_REQUIRE(rs_keeper_create(&keeper, &way->keeper) == RS_OK);
}

/* Events acknowledged per second; `folder` must not be there. */
static double run_way_in(void *zmq, const char *endpoint, const char *folder, const load_t *load) {
    static const uint8_t key[RS_PSEUDONYM_KEY_BYTES] = {1, 2, 3};
    way_in_t way = {.last = load->batches * BATCH,
                    .producer = {.load = load, .zmq = zmq, .endpoint = endpoint, .incarnation = "1", .is_acknowledged = true}};
    rs_config_t config = {.events_endpoint = rs_str(endpoint), .handshake_us = RS_US_PER_S};
    config.limits = (rs_limits_t){.sources = 64, .peers = 16, .peer_bytes = 4 << 20, .message_bytes = 1 << 20};
    const rs_ingest_sink_t sink = {.context = &way, .submit_event = way_in_event, .submit_refusal = way_in_refusal};
    RS_REQUIRE(rs_ring_create(16 << 20, &way.ring) == RS_OK);
    uv_loop_init(&way.loop);
    uv_async_init(&way.loop, &way.durable, way_in_woken);
    uv_async_init(&way.loop, &way.finished, way_in_finished);
    uv_prepare_init(&way.loop, &way.prepare);
    way.prepare.data = way.finished.data = &way;
    way_in_open_journal(&way, folder);
    RS_REQUIRE(rs_ingest_create(&way.loop, zmq, &config, key, &sink, NULL, NULL, &way.ingest) == RS_OK);
    uv_prepare_start(&way.prepare, way_in_turn);
    const double begun_s = seconds(CLOCK_MONOTONIC);
    pthread_create(&way.thread, NULL, way_in_produce, &way);
    uv_run(&way.loop, UV_RUN_DEFAULT);
    pthread_join(way.thread, NULL);
    RS_REQUIRE(uv_loop_close(&way.loop) == 0);
    rs_journal_destroy(&way.journal);
    rs_disk_close_folder(&way.disk);
    rs_ring_destroy(&way.ring);
    return (double)way.last / (way.producer.finished_s - begun_s);
}

#endif
