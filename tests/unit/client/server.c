#include "server.h"

#include <unistd.h>
#include <zmq.h>

void make_endpoint(char endpoint[128]) {
    char folder[] = "/tmp/ringside-client-XXXXXX";
    assert_non_null(mkdtemp(folder));
    snprintf(endpoint, 128, "ipc://%s/events", folder);
}

void remove_endpoint(const char *endpoint) {
    char folder[128];
    snprintf(folder, sizeof folder, "%s", endpoint + strlen("ipc://"));
    unlink(folder);
    *strrchr(folder, '/') = '\0';
    rmdir(folder);
}

static int submit_event(void *context, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin, uint64_t *position) {
    server_t *server = context;
    (void)arrival_us;
    if (atomic_load(&server->is_full)) return RS_ERR_FULL;
    char text[24];
    snprintf(text, sizeof text, "%.*s", (int)event->contact_id.len, event->contact_id.data);
    const uint32_t contact = (uint32_t)strtoul(text, NULL, 10);
    const uint32_t count = atomic_load_explicit(&server->count, memory_order_relaxed);
    if (count < SERVER_ROOM) server->contacts[count] = contact;
    atomic_store_explicit(&server->count, count + 1, memory_order_release);
    *position = ++server->position;
    const unsigned every = atomic_load(&server->refuse_every);
    if (every != 0 && contact % every == 0) rs_ingest_on_verdict(server->ingest, origin, RS_REFUSAL_TOO_LATE);
    return RS_OK;
}

static int submit_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us,
                          rs_origin_t origin, uint64_t *position) {
    server_t *server = context;
    (void)source, (void)refused, (void)hash, (void)arrival_us, (void)origin;
    *position = ++server->position;
    return RS_OK;
}

static void on_tick(uv_timer_t *timer) {
    server_t *server = timer->data;
    if (atomic_load(&server->stop)) {
        rs_ingest_stats(server->ingest, &server->stats);
        rs_ingest_close(&server->ingest);
        uv_close((uv_handle_t *)timer, NULL);
        return;
    }
    if (!atomic_load(&server->hold_settling)) rs_ingest_on_settled(server->ingest, server->position);
    if (!atomic_load(&server->is_full)) rs_ingest_resume(server->ingest);
}

static void *serve(void *context) {
    server_t *server = context;
    uv_loop_t loop;
    uv_timer_t timer;
    void *zmq = zmq_ctx_new();
    const rs_ingest_sink_t sink = {.context = server, .submit_event = submit_event, .submit_refusal = submit_refusal};
    if (uv_loop_init(&loop) != 0) abort();
    if (rs_ingest_create(&loop, zmq, &server->config, server->key, &sink, NULL, NULL, &server->ingest) != RS_OK) abort();
    uv_timer_init(&loop, &timer);
    timer.data = server;
    uv_timer_start(&timer, on_tick, 1, 1);
    atomic_store(&server->is_up, true);
    uv_run(&loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop) != 0) abort();
    zmq_ctx_term(zmq);
    return NULL;
}

server_t *server_start(const char *endpoint) {
    server_t *server = calloc(1, sizeof *server);
    assert_non_null(server);
    server->contacts = calloc(SERVER_ROOM, sizeof *server->contacts);
    assert_non_null(server->contacts);
    snprintf(server->endpoint, sizeof server->endpoint, "%s", endpoint);
    server->config.events_endpoint = rs_str(server->endpoint);
    server->config.handshake_us = RS_US_PER_S;
    server->config.limits = (rs_limits_t){.sources = 64, .peers = 16, .peer_bytes = 1 << 22, .message_bytes = 1 << 20};
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    while (!atomic_load(&server->is_up)) usleep(100);
    return server;
}

void server_stop(server_t *server) {
    atomic_store(&server->stop, true);
    assert_int_equal(pthread_join(server->thread, NULL), 0);
}

void server_free(server_t **server) {
    free((*server)->contacts);
    free(*server);
    *server = NULL;
}

uint32_t server_count(const server_t *server) { return atomic_load_explicit(&server->count, memory_order_acquire); }

void server_wait(const server_t *server, uint32_t count) {
    for (uint32_t i = 0; i < 120000 && server_count(server) < count; i++) usleep(1000);
    assert_true(server_count(server) >= count);
}
