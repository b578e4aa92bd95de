/* Acknowledged events/s through the real ingest, one producer on the same cores, batches of 256, against bare ROUTER sinks that are
 * given the same batches in the same run: count only, protobuf-c unpack and drop, simdjson parse and drop. Our core side is a
 * ring that the record is written to, read back by nobody, and settled once a turn. Beside the wall clock stands the CPU time of
 * the receiving thread, which a busy machine disturbs less. Medians. Usage: bench_ingest [batches [runs [endpoint]]]. */
#include "ingest/ingest.h"
#include "ingest_load.h"
#include "ring/ring.h"

enum { MAX_RUNS = 31 };

typedef enum variant { COUNT_ONLY, PROTOBUF_C, SIMDJSON, OURS_PROTOBUF, OURS_JSON, VARIANT_COUNT } variant_t;
static const char *const variant_names[] = {"bare ROUTER, count only", "bare ROUTER, protobuf-c", "bare ROUTER, simdjson",
                                            "ringside, protobuf", "ringside, json"};

typedef struct result { double wall_s, cpu_s; } result_t;

static uint8_t room[2][MAX_BYTES];
static payload_t protobuf = {.bytes = room[0]}, json = {.bytes = room[1]};
static void *zmq;
static char endpoint[256];

/* --- the workload: calls as a platform sends them, about 100 bytes an event in Protobuf ------------------------------- */
static rs_event_t event_of(unsigned i, char text[64]) {
    static const uint8_t types[] = {RS_CONTACT_CREATED, RS_CONTACT_QUEUED, RS_CONTACT_OFFERED, RS_CONTACT_ANSWERED, RS_CONTACT_ENDED};
    rs_event_t event = {.type = types[i % 5], .seq = 1000000 + i, .occurred_us = INT64_C(1772442012250000) + i * INT64_C(517311),
                        .present = RS_HAS_SEQ, .source = RS_STR("pbx-frankfurt-1"), .queue = RS_STR("support-de")};
    const int len = snprintf(text, 64, "1772442012.%06u", i / 5);
    event.contact_id = (rs_str_t){text, (uint32_t)len};
    if (event.type == RS_CONTACT_QUEUED) event.customer = RS_STR("+4969555000123");
    if (event.type >= RS_CONTACT_OFFERED) event.agent = RS_STR("agent-0172");
    if (event.type == RS_CONTACT_ANSWERED) {
        event.wait_ms = 17250;
        event.present |= RS_HAS_WAIT_MS;
    }
    return event;
}

static void make_payloads(void) {
    for (unsigned i = 0; i < BATCH; i++) {
        char text[64];
        const rs_event_t event = event_of(i, text);
        add_event(&protobuf, &event, false);
        add_event(&json, &event, true);
    }
}

static bool is_ours(variant_t variant) { return variant >= OURS_PROTOBUF; }

static load_t load_of(variant_t variant, uint64_t batches) {
    const bool is_json = variant == SIMDJSON || variant == OURS_JSON;
    return (load_t){.items = is_json ? &json : &protobuf, .count = 1, .batches = batches, .is_json = is_json};
}

/* --- ours ------------------------------------------------------------------------------------------------------------- */
typedef struct core_side {
    rs_ring_t *ring;
    rs_ingest_t *ingest;
    uint64_t settled, last, stalls;
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_async_t finished;
    pthread_t watcher;
    producer_t producer;
} core_side_t;

static int submit_event(void *context, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin, uint64_t *position) {
    core_side_t *core = context;
    void *place;
    if (rs_ring_claim(core->ring, RS_RECORD_MAX, &place) != RS_OK) return RS_ERR_FULL;
    *position = rs_ring_commit(core->ring, rs_record_write_event(event, arrival_us, origin, place), RS_RECORD_EVENT);
    return RS_OK;
}

static int submit_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us,
                          rs_origin_t origin, uint64_t *position) {
    (void)context, (void)source, (void)hash, (void)arrival_us, (void)origin, (void)position;
    fprintf(stderr, "refused: %s %s\n", rs_refusal_name(refused->reason), refused->field);
    abort();
}

static void on_prepare(uv_prepare_t *prepare) {
    core_side_t *core = prepare->data;
    rs_ring_record_t record;
    uint64_t position = core->settled;
    while (rs_ring_peek(core->ring, &record)) position = record.position;
    if (position == core->settled) return;
    core->settled = position;
    rs_ring_release(core->ring, position);
    rs_ingest_on_settled(core->ingest, position);
    rs_ingest_resume(core->ingest);
}

static void on_finished(uv_async_t *async) {
    core_side_t *core = async->data;
    rs_ingest_stats_t stats;
    rs_ingest_stats(core->ingest, &stats);
    core->stalls = stats.stalls;
    RS_REQUIRE(stats.accepted == core->last);
    rs_ingest_close(&core->ingest);
    uv_close((uv_handle_t *)&core->prepare, NULL);
    uv_close((uv_handle_t *)async, NULL);
}

static void *watch_producer(void *context) {
    core_side_t *core = context;
    produce(&core->producer);
    uv_async_send(&core->finished);
    return NULL;
}

static double run_ours(variant_t variant, uint64_t batches) {
    static const uint8_t key[RS_PSEUDONYM_KEY_BYTES] = {1, 2, 3};
    const load_t load = load_of(variant, batches);
    core_side_t core = {.last = batches * BATCH,
                        .producer = {.load = &load, .zmq = zmq, .endpoint = endpoint, .incarnation = "1", .is_acknowledged = true}};
    rs_config_t config = {.events_endpoint = rs_str(endpoint), .handshake_us = RS_US_PER_S};
    config.limits = (rs_limits_t){.sources = 64, .peers = 16, .peer_bytes = 64 << 20, .message_bytes = 1 << 20};
    const rs_ingest_sink_t sink = {.context = &core, .submit_event = submit_event, .submit_refusal = submit_refusal};
    RS_REQUIRE(rs_ring_create(16 << 20, &core.ring) == RS_OK);
    uv_loop_init(&core.loop);
    RS_REQUIRE(rs_ingest_create(&core.loop, zmq, &config, key, &sink, NULL, NULL, &core.ingest) == RS_OK);
    uv_prepare_init(&core.loop, &core.prepare);
    core.prepare.data = core.finished.data = &core;
    uv_prepare_start(&core.prepare, on_prepare);
    uv_async_init(&core.loop, &core.finished, on_finished);
    core.finished.data = &core;
    pthread_create(&core.watcher, NULL, watch_producer, &core);
    uv_run(&core.loop, UV_RUN_DEFAULT);
    pthread_join(core.watcher, NULL);
    RS_REQUIRE(uv_loop_close(&core.loop) == 0);
    rs_ring_destroy(&core.ring);
    return core.producer.finished_s;
}

static result_t run(variant_t variant, uint64_t batches) {
    const double begin_s = seconds(CLOCK_MONOTONIC), cpu_s = seconds(CLOCK_THREAD_CPUTIME_ID);
    double end_s;
    if (is_ours(variant)) {
        end_s = run_ours(variant, batches);
    } else {
        const load_t load = load_of(variant, batches);
        run_sink(variant == COUNT_ONLY ? DROP_COUNT_ONLY : variant == PROTOBUF_C ? DROP_PROTOBUF_C : DROP_SIMDJSON, zmq, endpoint, &load);
        end_s = seconds(CLOCK_MONOTONIC);
    }
    return (result_t){.wall_s = end_s - begin_s, .cpu_s = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu_s};
}

/* --- the table -------------------------------------------------------------------------------------------------------- */
static void print_ratio(const char *what, const double *rates, const double *cpu_ns, variant_t ours, variant_t yardstick) {
    printf("%-44s wall %.2f   cpu of the receiver %.2f\n", what, rates[ours] / rates[yardstick], cpu_ns[yardstick] / cpu_ns[ours]);
}

int main(int argc, char **argv) {
    const uint64_t batches = argc > 1 ? strtoull(argv[1], NULL, 10) : 4000;
    const unsigned runs = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 7;
    if (batches == 0 || runs == 0 || runs > MAX_RUNS) return 2;
    static double walls[VARIANT_COUNT][MAX_RUNS], cpus[VARIANT_COUNT][MAX_RUNS];
    double rates[VARIANT_COUNT], cpu_ns[VARIANT_COUNT];
    char folder[] = "/tmp/ringside-bench-XXXXXX";
    if (argc <= 3 && mkdtemp(folder) == NULL) return 1;
    make_payloads();
    zmq = zmq_ctx_new();
    printf("%llu batches of %d events, %zu bytes an event in Protobuf, %zu in JSON, %u runs\n", (unsigned long long)batches, BATCH,
           protobuf.len / BATCH, json.len / BATCH, runs);
    for (unsigned i = 0; i < runs; i++) {
        for (variant_t variant = 0; variant < VARIANT_COUNT; variant++) {
            /* Another place for each run: a socket is closed some time after zmq_close. */
            if (argc > 3) snprintf(endpoint, sizeof endpoint, "%s%u", argv[3], i * VARIANT_COUNT + variant);
            else snprintf(endpoint, sizeof endpoint, "ipc://%s/%u", folder, i * VARIANT_COUNT + variant);
            const result_t result = run(variant, batches);
            walls[variant][i] = result.wall_s;
            cpus[variant][i] = result.cpu_s;
            if (argc <= 3) remove(endpoint + strlen("ipc://"));
        }
    }
    for (variant_t variant = 0; variant < VARIANT_COUNT; variant++) {
        rates[variant] = (double)(batches * BATCH) / median(walls[variant], runs);
        cpu_ns[variant] = median(cpus[variant], runs) * 1e9 / (double)(batches * BATCH);
        printf("%-26s %7.2f M events/s   %6.1f ns of receiver CPU per event\n", variant_names[variant], rates[variant] / 1e6,
               cpu_ns[variant]);
    }
    print_ratio("protobuf / protobuf-c sink (goal 0.5)", rates, cpu_ns, OURS_PROTOBUF, PROTOBUF_C);
    print_ratio("json / simdjson sink (goal 0.5)", rates, cpu_ns, OURS_JSON, SIMDJSON);
    print_ratio("protobuf / counting sink (stated)", rates, cpu_ns, OURS_PROTOBUF, COUNT_ONLY);
    zmq_ctx_term(zmq);
    if (argc <= 3) remove(folder);
    return checksum == 0;
}
