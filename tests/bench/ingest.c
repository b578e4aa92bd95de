/* Acknowledged events/s through the real ingest, one producer on the same cores, batches of 256, against bare ROUTER sinks that are
 * given the same batches in the same run: count only, protobuf-c unpack and drop, simdjson parse and drop. Our core side is a
 * ring that the record is written to, read back by nobody, and settled once a turn. Beside the wall clock stands the CPU time of
 * the receiving thread, which a busy machine disturbs less. Medians. Usage: bench_ingest [batches [runs [endpoint]]]. */
#include "decode_yardstick.h"
#include "ingest/ingest.h"
#include "ring/ring.h"

#include <pthread.h>
#include <ringside.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zmq.h>

enum { BATCH = 256, MAX_BYTES = 1 << 20, MAX_RUNS = 31 };

typedef struct payload { uint8_t bytes[MAX_BYTES]; size_t len; } payload_t;
typedef enum variant { COUNT_ONLY, PROTOBUF_C, SIMDJSON, OURS_PROTOBUF, OURS_JSON, VARIANT_COUNT } variant_t;
static const char *const variant_names[] = {"bare ROUTER, count only", "bare ROUTER, protobuf-c", "bare ROUTER, simdjson",
                                            "ringside, protobuf", "ringside, json"};

typedef struct result { double wall_s, cpu_s; } result_t;
typedef struct producer { variant_t variant; uint64_t batches; double finished_s; } producer_t;

static payload_t protobuf, json;
static void *zmq;
static char endpoint[256];
static uint64_t checksum;
static struct { size_t used; _Alignas(16) uint8_t bytes[MAX_BYTES]; } arena;

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

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
        uint8_t bytes[RS_EVENT_MAX_ENCODED];
        const rs_event_t event = event_of(i, text);
        const int64_t len = rs_event_encode(&event, RS_ENCODING_PROTOBUF, bytes, sizeof bytes);
        RS_REQUIRE(len > 0 && len < 128);
        protobuf.bytes[protobuf.len++] = 0x0A;
        protobuf.bytes[protobuf.len++] = (uint8_t)len;
        memcpy(protobuf.bytes + protobuf.len, bytes, (size_t)len);
        protobuf.len += (size_t)len;
        json.len += (size_t)rs_event_encode(&event, RS_ENCODING_JSON, json.bytes + json.len, MAX_BYTES - json.len);
        json.bytes[json.len++] = '\n';
    }
}

static bool is_json(variant_t variant) { return variant == SIMDJSON || variant == OURS_JSON; }
static bool is_ours(variant_t variant) { return variant >= OURS_PROTOBUF; }

/* --- the producer ----------------------------------------------------------------------------------------------------- */
static void send_batch(void *socket, uint64_t first, const payload_t *payload) {
    char number[24];
    const int digits = snprintf(number, sizeof number, "%llu", (unsigned long long)first);
    zmq_send_const(socket, "RS1", 3, ZMQ_SNDMORE);
    zmq_send_const(socket, "BATCH", 5, ZMQ_SNDMORE);
    zmq_send(socket, number, (size_t)digits, ZMQ_SNDMORE);
    RS_REQUIRE(zmq_send_const(socket, payload->bytes, payload->len, 0) >= 0);
}

/* Reads one answer; returns the mark of an ACK or WELCOME. */
static uint64_t read_answer(void *socket) {
    char frame[128], command[16] = "";
    uint64_t mark = 0;
    int more = 1;
    size_t size = sizeof more;
    for (unsigned i = 0; more; i++) {
        const int len = zmq_recv(socket, frame, sizeof frame - 1, 0);
        RS_REQUIRE(len >= 0);
        frame[len < 127 ? len : 127] = '\0';
        if (i == 1) snprintf(command, sizeof command, "%.15s", frame);
        if (i == 2) mark = strtoull(frame, NULL, 10);
        zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
    }
    RS_REQUIRE(strcmp(command, "ACK") == 0 || strcmp(command, "WELCOME") == 0);
    return mark;
}

static void *produce(void *context) {
    producer_t *producer = context;
    const payload_t *payload = is_json(producer->variant) ? &json : &protobuf;
    void *socket = zmq_socket(zmq, ZMQ_DEALER);
    RS_REQUIRE(zmq_connect(socket, endpoint) == 0);
    const uint64_t credit = is_ours(producer->variant) ? RS_INGEST_CREDIT_EVENTS : UINT64_MAX / 2, last = producer->batches * BATCH;
    uint64_t mark = 0;
    if (is_ours(producer->variant)) {
        zmq_send_const(socket, "RS1", 3, ZMQ_SNDMORE);
        zmq_send_const(socket, "HELLO", 5, ZMQ_SNDMORE);
        zmq_send_const(socket, "bench", 5, ZMQ_SNDMORE);
        zmq_send_const(socket, "1", 1, ZMQ_SNDMORE);
        zmq_send(socket, is_json(producer->variant) ? "json" : "protobuf", is_json(producer->variant) ? 4 : 8, 0);
        read_answer(socket);
    }
    uint64_t next = 1;
    while (next <= last || (is_ours(producer->variant) && mark < last)) {
        while (next <= last && next <= mark + credit) {
            send_batch(socket, next, payload);
            next += BATCH;
        }
        if (is_ours(producer->variant)) mark = read_answer(socket);
    }
    producer->finished_s = seconds(CLOCK_MONOTONIC);
    zmq_close(socket);
    return NULL;
}

/* --- bare sinks ------------------------------------------------------------------------------------------------------- */
static void *arena_take(void *context, size_t size) {
    (void)context;
    void *taken = arena.bytes + arena.used;
    arena.used += (size + 15) & ~(size_t)15;
    return arena.used <= MAX_BYTES ? taken : NULL;
}
static void arena_give_back(void *context, void *taken) { (void)context, (void)taken; }

static void drop(variant_t variant, void *simdjson, const void *bytes, size_t len) {
    if (variant == PROTOBUF_C) {
        ProtobufCAllocator allocator = {arena_take, arena_give_back, NULL};
        arena.used = 0;
        const Ringside__V1__EventBatch *batch = ringside__v1__event_batch__unpack(&allocator, len, bytes);
        RS_REQUIRE(batch != NULL && batch->n_events == BATCH);
        checksum += batch->events[0]->seq;
    } else if (variant == SIMDJSON) {
        RS_REQUIRE(rs_yardstick_simdjson(simdjson, bytes, len, &checksum) == BATCH);
    }
}

static void run_bare(variant_t variant, uint64_t batches) {
    void *simdjson = rs_yardstick_simdjson_create(MAX_BYTES);
    void *router = zmq_socket(zmq, ZMQ_ROUTER);
    RS_REQUIRE(zmq_bind(router, endpoint) == 0);
    producer_t producer = {.variant = variant, .batches = batches};
    pthread_t thread;
    pthread_create(&thread, NULL, produce, &producer);
    for (uint64_t received = 0; received < batches;) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        RS_REQUIRE(zmq_msg_recv(&frame, router, 0) >= 0);
        if (!zmq_msg_more(&frame)) {
            drop(variant, simdjson, zmq_msg_data(&frame), zmq_msg_size(&frame));
            received++;
        }
        zmq_msg_close(&frame);
    }
    pthread_join(thread, NULL);
    zmq_close(router);
    rs_yardstick_simdjson_destroy(simdjson);
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
    core_side_t core = {.last = batches * BATCH, .producer = {.variant = variant, .batches = batches}};
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
        run_bare(variant, batches);
        end_s = seconds(CLOCK_MONOTONIC);
    }
    return (result_t){.wall_s = end_s - begin_s, .cpu_s = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu_s};
}

/* --- the table -------------------------------------------------------------------------------------------------------- */
static int compare(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, unsigned count) {
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

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
