/* What the ingest benches share: batches made ahead, the producer that sends them, and bare ROUTER sinks that are given the same.
 *
 * A sink counts the last frames of messages, and as `drop` says unpacks each with protobuf-c or reads each with simdjson, and keeps
 * nothing. The producer of a sink sends as fast as the socket takes it; with `is_acknowledged` it speaks RS1, says HELLO, keeps to its
 * credit and is done when the last number is acknowledged. Anything but an ACK ends the program: what is measured are accepted events. */
#ifndef RS_BENCH_INGEST_LOAD_H
#define RS_BENCH_INGEST_LOAD_H

#include "decode_yardstick.h"
#include "event/event.h"

#include <pthread.h>
#include <ringside.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zmq.h>

enum { BATCH = 256, MAX_BYTES = 1 << 20 };

typedef struct payload { uint8_t *bytes; size_t len; } payload_t;
/* Batch i is items[i % count]; numbers begin with 1. */
typedef struct load { const payload_t *items; uint64_t count, batches; bool is_json; } load_t;
typedef struct producer {
    const load_t *load;
    void *zmq;
    const char *endpoint, *incarnation;
    bool is_acknowledged;
    double finished_s;
} producer_t;
typedef enum drop { DROP_COUNT_ONLY, DROP_PROTOBUF_C, DROP_SIMDJSON } drop_t;

static uint64_t checksum;

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int compare_reals(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, unsigned count) {
    qsort(values, count, sizeof *values, compare_reals);
    return values[count / 2];
}

/* --- batches ---------------------------------------------------------------------------------------------------------- */
/* Appends an event to the payload, whose room is MAX_BYTES. */
static void add_event(payload_t *payload, const rs_event_t *event, bool is_json) {
    uint8_t bytes[RS_EVENT_MAX_ENCODED];
    const int64_t len = rs_event_encode(event, is_json ? RS_ENCODING_JSON : RS_ENCODING_PROTOBUF, bytes, sizeof bytes);
    RS_REQUIRE(len > 0 && (is_json || len < 16384) && payload->len + (size_t)len + 4 <= MAX_BYTES);
    if (!is_json) {   /* field 1 of EventBatch, and the length as a varint */
        payload->bytes[payload->len++] = 0x0A;
        if (len >= 128) payload->bytes[payload->len++] = (uint8_t)(0x80 | (len & 0x7F));
        payload->bytes[payload->len++] = (uint8_t)(len >= 128 ? len >> 7 : len);
    }
    memcpy(payload->bytes + payload->len, bytes, (size_t)len);
    payload->len += (size_t)len;
    if (is_json) payload->bytes[payload->len++] = '\n';
}

/* --- the producer ----------------------------------------------------------------------------------------------------- */
typedef struct answer { uint64_t mark, credit_events, credit_bytes; } answer_t;

static void send_batch(void *socket, uint64_t first, const payload_t *payload) {
    char number[24];
    const int digits = snprintf(number, sizeof number, "%llu", (unsigned long long)first);
    zmq_send_const(socket, "RS1", 3, ZMQ_SNDMORE);
    zmq_send_const(socket, "BATCH", 5, ZMQ_SNDMORE);
    zmq_send(socket, number, (size_t)digits, ZMQ_SNDMORE);
    RS_REQUIRE(zmq_send_const(socket, payload->bytes, payload->len, 0) >= 0);
}

/* One ACK or WELCOME. */
static answer_t read_answer(void *socket) {
    char frame[128], command[16] = "";
    uint64_t numbers[3] = {0};
    int more = 1;
    size_t size = sizeof more;
    for (unsigned i = 0; more; i++) {
        const int len = zmq_recv(socket, frame, sizeof frame - 1, 0);
        RS_REQUIRE(len >= 0);
        frame[len < 127 ? len : 127] = '\0';
        if (i == 1) snprintf(command, sizeof command, "%.15s", frame);
        if (i >= 2 && i < 5) numbers[i - 2] = strtoull(frame, NULL, 10);
        zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
    }
    if (strcmp(command, "ACK") != 0 && strcmp(command, "WELCOME") != 0) {
        fprintf(stderr, "answer %s, its last frame: %s\n", command, frame);
        exit(1);
    }
    return (answer_t){numbers[0], numbers[1], numbers[2]};
}

static answer_t say_hello(void *socket, const char *incarnation, bool is_json) {
    const char *encoding = is_json ? "json" : "protobuf";
    zmq_send_const(socket, "RS1", 3, ZMQ_SNDMORE);
    zmq_send_const(socket, "HELLO", 5, ZMQ_SNDMORE);
    zmq_send_const(socket, "pbx-frankfurt-1", 15, ZMQ_SNDMORE);
    zmq_send(socket, incarnation, strlen(incarnation), ZMQ_SNDMORE);
    zmq_send(socket, encoding, strlen(encoding), 0);
    return read_answer(socket);
}

static void send_acknowledged(void *socket, const producer_t *producer) {
    const load_t *load = producer->load;
    answer_t answer = say_hello(socket, producer->incarnation, load->is_json);
    const uint64_t last = answer.mark + load->batches * BATCH, begin = answer.mark;
    uint64_t next = begin + 1, settled = begin, bytes = 0;   /* bytes: of the batches behind the mark */
    while (answer.mark < last) {
        const payload_t *payload = &load->items[(next - 1 - begin) / BATCH % load->count];
        if (next <= last && next <= answer.mark + answer.credit_events && (bytes == 0 || bytes + payload->len <= answer.credit_bytes)) {
            send_batch(socket, next, payload);
            bytes += payload->len;
            next += BATCH;
            continue;
        }
        answer = read_answer(socket);
        for (; settled + BATCH <= answer.mark; settled += BATCH) bytes -= load->items[(settled - begin) / BATCH % load->count].len;
    }
}

static void *produce(void *context) {
    producer_t *producer = context;
    const load_t *load = producer->load;
    void *socket = zmq_socket(producer->zmq, ZMQ_DEALER);
    RS_REQUIRE(zmq_connect(socket, producer->endpoint) == 0);
    if (producer->is_acknowledged) send_acknowledged(socket, producer);
    else for (uint64_t i = 0; i < load->batches; i++) send_batch(socket, i * BATCH + 1, &load->items[i % load->count]);
    producer->finished_s = seconds(CLOCK_MONOTONIC);
    zmq_close(socket);
    return NULL;
}

/* --- bare sinks ------------------------------------------------------------------------------------------------------- */
static struct { size_t used; _Alignas(16) uint8_t bytes[MAX_BYTES]; } arena;

static void *arena_take(void *context, size_t size) {
    (void)context;
    void *taken = arena.bytes + arena.used;
    arena.used += (size + 15) & ~(size_t)15;
    return arena.used <= MAX_BYTES ? taken : NULL;
}
static void arena_give_back(void *context, void *taken) { (void)context, (void)taken; }

static void read_and_drop(drop_t drop, void *simdjson, const void *bytes, size_t len) {
    if (drop == DROP_PROTOBUF_C) {
        ProtobufCAllocator allocator = {arena_take, arena_give_back, NULL};
        arena.used = 0;
        const Ringside__V1__EventBatch *batch = ringside__v1__event_batch__unpack(&allocator, len, bytes);
        RS_REQUIRE(batch != NULL && batch->n_events == BATCH);
        checksum += batch->events[0]->seq;
    } else if (drop == DROP_SIMDJSON) {
        RS_REQUIRE(rs_yardstick_simdjson(simdjson, bytes, len, &checksum) == BATCH);
    }
}

/* Returns when the last batch is dropped. */
static void run_sink(drop_t drop, void *zmq, const char *endpoint, const load_t *load) {
    void *simdjson = rs_yardstick_simdjson_create(MAX_BYTES);
    void *router = zmq_socket(zmq, ZMQ_ROUTER);
    RS_REQUIRE(zmq_bind(router, endpoint) == 0);
    producer_t producer = {.load = load, .zmq = zmq, .endpoint = endpoint};
    pthread_t thread;
    pthread_create(&thread, NULL, produce, &producer);
    for (uint64_t received = 0; received < load->batches;) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        RS_REQUIRE(zmq_msg_recv(&frame, router, 0) >= 0);
        if (!zmq_msg_more(&frame)) {
            read_and_drop(drop, simdjson, zmq_msg_data(&frame), zmq_msg_size(&frame));
            received++;
        }
        zmq_msg_close(&frame);
    }
    pthread_join(thread, NULL);
    zmq_close(router);
    rs_yardstick_simdjson_destroy(simdjson);
}

#endif
