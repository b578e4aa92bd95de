#include "harness.h"

#include <sys/stat.h>
#include <unistd.h>

/* --- sink and clock ------------------------------------------------------------------------------------------------- */
static int64_t fake_clock(void *context) {
    fixture_t *fixture = context;
    fixture->clock_reads++;
    return fixture->now_us;
}

static taken_t *next_taken(fixture_t *fixture, uint64_t *position) {
    if (fixture->room == 0) return NULL;
    fixture->room--;
    assert_true(fixture->taken_count < MAX_TAKEN);
    *position = fixture->position += 64;
    taken_t *taken = &fixture->taken[fixture->taken_count++];
    memset(taken, 0, sizeof *taken);
    return taken;
}

static void copy_text(char *to, size_t room, rs_str_t text) { snprintf(to, room, "%.*s", (int)text.len, text.data); }

static int submit_event(void *context, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin, uint64_t *position) {
    taken_t *taken = next_taken(context, position);
    if (taken == NULL) return RS_ERR_FULL;
    taken->origin = origin;
    taken->arrival_us = arrival_us;
    taken->present = event->present;
    copy_text(taken->source, sizeof taken->source, event->source);
    copy_text(taken->contact, sizeof taken->contact, event->contact_id);
    taken->customer_len = event->customer.len;
    if (event->customer.len == sizeof taken->customer) memcpy(taken->customer, event->customer.data, event->customer.len);
    return RS_OK;
}

static int submit_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us,
                          rs_origin_t origin, uint64_t *position) {
    taken_t *taken = next_taken(context, position);
    if (taken == NULL) return RS_ERR_FULL;
    taken->is_refusal = true;
    taken->origin = origin;
    taken->arrival_us = arrival_us;
    taken->reason = refused->reason;
    taken->hash = hash;
    copy_text(taken->source, sizeof taken->source, source);
    return RS_OK;
}

static int submit_session(void *context, uint32_t session, rs_str_t source, rs_str_t incarnation) {
    fixture_t *fixture = context;
    if (fixture->announcements_refused > 0) {
        fixture->announcements_refused--;
        return RS_ERR_FULL;
    }
    if (fixture->announced_count == RS_ARRAY_LEN(fixture->announced)) return RS_OK;
    announced_t *announced = &fixture->announced[fixture->announced_count++];
    announced->session = session;
    announced->taken_before = fixture->taken_count;
    copy_text(announced->source, sizeof announced->source, source);
    copy_text(announced->incarnation, sizeof announced->incarnation, incarnation);
    return RS_OK;
}

/* --- life ----------------------------------------------------------------------------------------------------------- */
void fixture_init(fixture_t *fixture, rs_ingest_options_t *options) {
    memset(fixture, 0, sizeof *fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/ringside-ingest-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->events, sizeof fixture->events, "ipc://%s/events", fixture->folder);
    snprintf(fixture->plain, sizeof fixture->plain, "ipc://%s/plain", fixture->folder);
    fixture->config.events_endpoint = rs_str(fixture->events);
    fixture->config.plain_endpoint = rs_str(fixture->plain);
    fixture->config.handshake_us = RS_US_PER_S;
    fixture->config.limits = (rs_limits_t){.sources = 64, .peers = 16, .peer_bytes = 1 << 20, .message_bytes = 1 << 16};
    for (uint32_t i = 0; i < sizeof fixture->key; i++) fixture->key[i] = (uint8_t)i;
    fixture->taken = calloc(MAX_TAKEN, sizeof *fixture->taken);
    assert_non_null(fixture->taken);
    fixture->room = UINT32_MAX;
    fixture->now_us = 1700000000000000;
    *options = (rs_ingest_options_t){.now_us = fake_clock, .clock_context = fixture};
}

void fixture_start(fixture_t *fixture, const rs_ingest_options_t *options) {
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    fixture->zmq = zmq_ctx_new();
    const rs_ingest_sink_t sink = {.context = fixture, .submit_event = submit_event, .submit_refusal = submit_refusal,
                                   .submit_session = submit_session};
    const char *failed = NULL;
    assert_int_equal(rs_ingest_create(&fixture->loop, fixture->zmq, &fixture->config, fixture->key, &sink, options, &failed,
                                      &fixture->ingest),
                     RS_OK);
}

void fixture_open(fixture_t *fixture) {
    rs_ingest_options_t options;
    fixture_init(fixture, &options);
    fixture_start(fixture, &options);
}

void fixture_close(fixture_t *fixture) {
    for (uint32_t i = 0; i < fixture->peer_count; i++) zmq_close(fixture->peers[i]);
    rs_ingest_close(&fixture->ingest);
    assert_null(fixture->ingest);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    assert_int_equal(zmq_ctx_term(fixture->zmq), 0);
    free(fixture->taken);
    unlink(fixture->events + strlen("ipc://"));
    unlink(fixture->plain + strlen("ipc://"));
    rmdir(fixture->folder);
}

void run_turns(fixture_t *fixture, uint32_t turns) {
    for (uint32_t i = 0; i < turns; i++) {
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
        usleep(500);
    }
}

/* --- peers ---------------------------------------------------------------------------------------------------------- */
void *peer_connect(fixture_t *fixture, int type, const char *endpoint, const char *routing_id) {
    void *peer = zmq_socket(fixture->zmq, type);
    assert_non_null(peer);
    const int none = 0;
    zmq_setsockopt(peer, ZMQ_LINGER, &none, sizeof none);
    if (routing_id != NULL) zmq_setsockopt(peer, ZMQ_ROUTING_ID, routing_id, strlen(routing_id));
    assert_int_equal(zmq_connect(peer, endpoint), 0);
    assert_true(fixture->peer_count < RS_ARRAY_LEN(fixture->peers));
    fixture->peers[fixture->peer_count++] = peer;
    return peer;
}

void *peer_open(fixture_t *fixture) { return peer_connect(fixture, ZMQ_DEALER, fixture->events, NULL); }

void peer_say(void *peer, ...) {
    va_list frames;
    va_start(frames, peer);
    const char *frame = va_arg(frames, const char *);
    while (frame != NULL) {
        const char *next = va_arg(frames, const char *);
        assert_true(zmq_send(peer, frame, strlen(frame), next != NULL ? ZMQ_SNDMORE : 0) >= 0);
        frame = next;
    }
    va_end(frames);
}

void peer_hello(fixture_t *fixture, void *peer, const char *source, const char *incarnation, const char *encoding) {
    peer_say(peer, "RS1", "HELLO", source, incarnation, encoding, NULL);
    EXPECT(fixture, peer, "RS1", "WELCOME", "*", "*", "*", "*");
}

void peer_batch(void *peer, uint64_t first, const char *payload) {
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)first);
    peer_say(peer, "RS1", "BATCH", number, payload, NULL);
}

static bool wait_readable(fixture_t *fixture, void *peer, uint32_t turns) {
    for (uint32_t i = 0; i < turns; i++) {
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
        zmq_pollitem_t item = {.socket = peer, .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, 1) > 0) return true;
    }
    return false;
}

void expect_frames(fixture_t *fixture, void *peer, const char *file, int line, ...) {
    if (!wait_readable(fixture, peer, 3000)) _fail(file, line);
    va_list wanted;
    va_start(wanted, line);
    int more = 1;
    size_t more_size = sizeof more;
    while (more) {
        char part[PART_ROOM];
        const int len = zmq_recv(peer, part, sizeof part - 1, 0);
        assert_in_range(len, 0, sizeof part - 1);
        part[len] = '\0';
        const char *want = va_arg(wanted, const char *);
        if (want == NULL || (strcmp(want, "*") != 0 && strcmp(want, part) != 0)) {
            fprintf(stderr, "%s:%d: wanted \"%s\", got \"%s\"\n", file, line, want == NULL ? "(no frame)" : want, part);
            _fail(file, line);
        }
        zmq_getsockopt(peer, ZMQ_RCVMORE, &more, &more_size);
    }
    if (va_arg(wanted, const char *) != NULL) _fail(file, line);
    va_end(wanted);
}

void expect_silence(fixture_t *fixture, void *peer) { assert_false(wait_readable(fixture, peer, 20)); }

void expect_taken(fixture_t *fixture, uint32_t count) {
    for (uint32_t i = 0; i < 3000 && fixture->taken_count < count; i++) run_turns(fixture, 1);
    assert_int_equal(fixture->taken_count, count);
}

void settle_all(fixture_t *fixture) { rs_ingest_on_settled(fixture->ingest, fixture->position); }

rs_ingest_stats_t stats_of(const fixture_t *fixture) {
    rs_ingest_stats_t stats;
    rs_ingest_stats(fixture->ingest, &stats);
    return stats;
}

/* --- events --------------------------------------------------------------------------------------------------------- */
const char *events_json(uint64_t first, uint32_t count) {
    static char text[1 << 20];
    size_t at = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "{\"source\":\"pbx\",\"seq\":%llu,\"occurred_at\":1700000000000000,\"type\":\"contact.queued\","
                               "\"contact_id\":\"%llu\",\"queue\":\"support\"}\n",
                               (unsigned long long)(first + i), (unsigned long long)(first + i));
        assert_true(at < sizeof text);
    }
    return text;
}

const void *events_protobuf(uint64_t first, uint32_t count, size_t *len) {
    static uint8_t bytes[1 << 20];
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        char contact[24];
        snprintf(contact, sizeof contact, "%llu", (unsigned long long)(first + i));
        const rs_event_t event = {.occurred_us = 1700000000000000, .seq = first + i, .present = RS_HAS_SEQ,
                                  .type = RS_CONTACT_QUEUED, .source = RS_STR("pbx"), .contact_id = rs_str(contact),
                                  .queue = RS_STR("support")};
        const int64_t size = rs_event_encode(&event, RS_ENCODING_PROTOBUF, bytes + at + 2, sizeof bytes - at - 2);
        assert_in_range(size, 1, 127);   /* so that the length is one byte */
        bytes[at] = 0x0A;
        bytes[at + 1] = (uint8_t)size;
        at += 2 + (size_t)size;
    }
    *len = at;
    return bytes;
}
