/* ns per event for decode and check of batches, against the bare parser of the same encoding on the same bytes: simdjson
 * reading every field, protobuf-c unpacking into an arena. The record is measured too: it is read once per event by the core.
 * Medians of several runs. Usage: bench_decode [rounds]. */
#include "decode_yardstick.h"
#include "event_support.h"

#include <ringside.pb-c.h>

enum { BATCH = 256, RUNS = 15, MAX_BYTES = 1 << 20 };

typedef struct batch {
    char json[MAX_BYTES];
    uint8_t protobuf[MAX_BYTES];
    uint8_t records[BATCH][RS_RECORD_MAX];
    size_t json_len, protobuf_len, record_len[BATCH];
} batch_t;

typedef struct arena {
    size_t used;
    _Alignas(16) uint8_t bytes[MAX_BYTES];
} arena_t;

static batch_t batch;
static arena_t arena;
static rs_decoder_t *decoder;
static void *sink;
static uint64_t checksum;

/* A call: created, queued, offered, answered, ended; what a platform sends, about 100 bytes in Protobuf. */
static rs_event_t event_of(unsigned i, char text[64]) {
    static const uint8_t types[] = {RS_CONTACT_CREATED, RS_CONTACT_QUEUED, RS_CONTACT_OFFERED, RS_CONTACT_ANSWERED, RS_CONTACT_ENDED};
    const unsigned call = i / 5;
    rs_event_t event = {.type = types[i % 5], .seq = 1000000 + i, .occurred_us = INT64_C(1772442012250000) + i * INT64_C(517311),
        .present = RS_HAS_SEQ, .source = RS_STR("pbx-frankfurt-1"), .queue = RS_STR("support-de")};
    const int len = snprintf(text, 64, "1772442012.%06u", call);
    event.contact_id = (rs_str_t){text, (uint32_t)len};
    if (event.type == RS_CONTACT_QUEUED) event.customer = RS_STR("+4969555000123");
    if (event.type >= RS_CONTACT_OFFERED) event.agent = RS_STR("agent-0172");
    if (event.type == RS_CONTACT_ANSWERED) {
        event.wait_ms = 17250;
        event.present |= RS_HAS_WAIT_MS;
    }
    if (event.type == RS_CONTACT_ENDED) {
        event.party = RS_PARTY_CUSTOMER;
        event.talk_ms = 184000;
        event.present |= RS_HAS_TALK_MS;
    }
    return event;
}

static void make_workload(void) {
    uint8_t bytes[RS_EVENT_MAX_ENCODED];
    for (unsigned i = 0; i < BATCH; i++) {
        char text[64];
        rs_event_t event = event_of(i, text);
        const int64_t len = rs_event_encode(&event, RS_ENCODING_PROTOBUF, bytes, sizeof bytes);
        batch.protobuf_len += make_batch(bytes, (size_t)len, batch.protobuf + batch.protobuf_len);
        batch.json_len += (size_t)rs_event_encode(&event, RS_ENCODING_JSON, batch.json + batch.json_len, MAX_BYTES - batch.json_len);
        batch.json[batch.json_len++] = '\n';
        event.customer.len = 0;
        batch.record_len[i] = rs_record_write_event(&event, 1, (rs_origin_t){1, i}, batch.records[i]);
    }
}

static bool on_event(void *context, uint32_t index, const rs_event_t *event, const rs_refused_t *refused, rs_str_t bytes) {
    (void)context;
    (void)index;
    (void)refused;
    RS_REQUIRE(event != NULL);
    checksum += event->contact_id.len + bytes.len;
    return true;
}

static void decode_json(void) { RS_REQUIRE(rs_decode(decoder, RS_ENCODING_JSON, batch.json, batch.json_len, on_event, NULL) == BATCH); }
static void parse_json(void) { RS_REQUIRE(rs_yardstick_simdjson(sink, batch.json, batch.json_len, &checksum) == BATCH); }
static void decode_protobuf(void) {
    RS_REQUIRE(rs_decode(decoder, RS_ENCODING_PROTOBUF, batch.protobuf, batch.protobuf_len, on_event, NULL) == BATCH);
}

static void *arena_take(void *context, size_t size) {
    arena_t *from = context;
    void *taken = from->bytes + from->used;
    from->used += (size + 15) & ~(size_t)15;
    return from->used <= MAX_BYTES ? taken : NULL;
}
static void arena_give_back(void *context, void *taken) {
    (void)context;
    (void)taken;
}
static void unpack_protobuf(void) {
    ProtobufCAllocator allocator = {arena_take, arena_give_back, &arena};
    arena.used = 0;
    const Ringside__V1__EventBatch *unpacked = ringside__v1__event_batch__unpack(&allocator, batch.protobuf_len, batch.protobuf);
    RS_REQUIRE(unpacked != NULL && unpacked->n_events == BATCH);
    checksum += unpacked->events[0]->seq;
}

static void read_records(void) {
    rs_event_t event;
    int64_t arrival_us;
    rs_origin_t origin;
    for (unsigned i = 0; i < BATCH; i++) {
        RS_REQUIRE(rs_record_read_event(batch.records[i], batch.record_len[i], &event, &arrival_us, &origin) == RS_OK);
        checksum += event.contact_id.len;
    }
}

static void write_records(void) {
    static uint8_t bytes[RS_RECORD_MAX];
    char text[64];
    static rs_event_t event;
    if (event.type == 0) event = event_of(3, text);
    event.contact_id = RS_STR("1772442012.000000");
    for (unsigned i = 0; i < BATCH; i++) checksum += rs_record_write_event(&event, i, (rs_origin_t){1, i}, bytes);
}

static double seconds_of_thread(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median_ns(void (*work)(void), unsigned rounds) {
    double runs[RUNS];
    for (unsigned run = 0; run < RUNS; run++) {
        const double start = seconds_of_thread();
        for (unsigned i = 0; i < rounds; i++) work();
        runs[run] = (seconds_of_thread() - start) * 1e9 / (double)rounds / BATCH;
    }
    qsort(runs, RUNS, sizeof runs[0], compare);
    return runs[RUNS / 2];
}

static void report(const char *name, const char *yardstick, double ours_ns, double yardstick_ns, size_t bytes) {
    printf("%-10s %5.1f bytes/event   decode+check %6.1f ns   %s %6.1f ns   speed ratio %.2f\n", name, (double)bytes / BATCH,
           ours_ns, yardstick, yardstick_ns, yardstick_ns / ours_ns);
}

int main(int argument_count, char **arguments) {
    const unsigned rounds = argument_count > 1 ? (unsigned)strtoul(arguments[1], NULL, 10) : 400;
    RS_REQUIRE(rounds > 0 && rs_decoder_create(MAX_BYTES, &decoder) == RS_OK);
    sink = rs_yardstick_simdjson_create(MAX_BYTES);
    make_workload();
    report("json", "simdjson alone", median_ns(decode_json, rounds), median_ns(parse_json, rounds), batch.json_len);
    report("protobuf", "protobuf-c alone", median_ns(decode_protobuf, rounds), median_ns(unpack_protobuf, rounds), batch.protobuf_len);
    printf("record     write %.1f ns   read %.1f ns   (%zu bytes for an answer)\n", median_ns(write_records, rounds),
           median_ns(read_records, rounds), batch.record_len[3]);
    printf("checksum %llu\n", (unsigned long long)checksum);
    rs_yardstick_simdjson_destroy(sink);
    rs_decoder_destroy(&decoder);
    return 0;
}
