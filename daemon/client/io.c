#include "client/client_internal.h"

#include "base/clock.h"
#include "base/zmq_frames.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum {
    RECONNECT_MS = 50, RECONNECT_MAX_MS = 2000,
    KEEPALIVE_IDLE_S = 15, KEEPALIVE_INTERVAL_S = 5, KEEPALIVE_COUNT = 3,
    SEND_QUEUE = 64, RECEIVE_QUEUE = 4096,
    MAX_ANSWER_BYTES = 65536,
    ANSWERS_PER_TURN = 1024
};

int64_t rs__client_now_us(void) { return rs_monotonic_us(); }

/* --- sockets -------------------------------------------------------------------------------------------------------- */
static int set_int(void *socket, int option, int value) { return zmq_setsockopt(socket, option, &value, sizeof value); }

static int set_options(void *socket) {
    const int64_t longest = MAX_ANSWER_BYTES;
    int failed = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &longest, sizeof longest);
    /* Without a connection nothing is queued: what would sit in a queue sits in the spool, where it is not lost. */
    failed |= set_int(socket, ZMQ_IMMEDIATE, 1);
    failed |= set_int(socket, ZMQ_LINGER, 0);
    failed |= set_int(socket, ZMQ_SNDHWM, SEND_QUEUE);
    failed |= set_int(socket, ZMQ_RCVHWM, RECEIVE_QUEUE);
    failed |= set_int(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS);
    failed |= set_int(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
    /* No ZMTP heartbeats: a daemon that holds its producers back does not read their PINGs. TCP finds the dead host; while
     * something is on its way the session's own silence limit does. */
    failed |= set_int(socket, ZMQ_TCP_KEEPALIVE, 1);
    failed |= set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S);
    failed |= set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_INTERVAL_S);
    failed |= set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_COUNT);
    return failed == 0 ? RS_OK : RS_ERR_LIMIT;
}

int rs__client_io_open(rs_client_t *client) {
    char monitor_endpoint[] = "inproc://monitor";   /* the context is the client's own */
    client->zmq = zmq_ctx_new();
    if (client->zmq == NULL) return RS_ERR_LIMIT;
    client->socket = zmq_socket(client->zmq, ZMQ_DEALER);
    client->monitor = zmq_socket(client->zmq, ZMQ_PAIR);
    if (client->socket == NULL || client->monitor == NULL || set_options(client->socket) != RS_OK ||
        zmq_socket_monitor(client->socket, monitor_endpoint, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) != 0 ||
        zmq_connect(client->monitor, monitor_endpoint) != 0) {
        return RS_ERR_LIMIT;
    }
    return zmq_connect(client->socket, client->endpoint) == 0 ? RS_OK : RS_ERR_INVALID;
}

void rs__client_io_close(rs_client_t *client) {
    if (client->socket != NULL) {
        zmq_socket_monitor(client->socket, NULL, 0);
        zmq_close(client->socket);
    }
    if (client->monitor != NULL) {
        set_int(client->monitor, ZMQ_LINGER, 0);
        zmq_close(client->monitor);
    }
    if (client->zmq != NULL) {
        while (zmq_ctx_term(client->zmq) != 0 && zmq_errno() == EINTR) continue;
    }
    client->socket = client->monitor = client->zmq = NULL;
}

void rs__client_reconnect(rs_client_t *client) {
    zmq_disconnect(client->socket, client->endpoint);
    zmq_connect(client->socket, client->endpoint);
}

int rs__client_send_frames(rs_client_t *client, const rs_str_t *frames, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const int flags = ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0);
        if (zmq_send(client->socket, frames[i].data, frames[i].len, flags) < 0) return RS_ERR_AGAIN;
    }
    return RS_OK;
}

/* --- what came ------------------------------------------------------------------------------------------------------ */
static bool read_answer(rs_client_t *client, int64_t now_us) {
    zmq_msg_t frames[RS__ANSWER_MAX_FRAMES];
    bool is_cut;   /* later frames are none of ours */
    const uint32_t count = rs_zmq_receive(client->socket, frames, RS__ANSWER_MAX_FRAMES, &is_cut);
    if (count == 0) return false;
    rs_str_t parts[RS__ANSWER_MAX_FRAMES];
    for (uint32_t i = 0; i < count; i++) parts[i] = rs_zmq_text(&frames[i]);
    const rs__answer_t answer = rs__answer_parse(parts, count);
    rs__session_on_answer(client, &answer, now_us);
    rs_zmq_close_frames(frames, count);
    return true;
}

/* A monitor message is two frames; the first begins with the event's number, 16 bits in the machine's order. */
static bool read_monitor(rs_client_t *client, int64_t now_us) {
    zmq_msg_t frames[2];
    bool is_cut;
    const uint32_t count = rs_zmq_receive(client->monitor, frames, 2, &is_cut);
    if (count == 0) return false;
    uint16_t event = 0;
    if (zmq_msg_size(&frames[0]) >= sizeof event) memcpy(&event, zmq_msg_data(&frames[0]), sizeof event);
    rs_zmq_close_frames(frames, count);
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) rs__session_on_connected(client, now_us);
    if (event == ZMQ_EVENT_DISCONNECTED) rs__session_on_disconnected(client);
    return true;
}

/* --- the thread ----------------------------------------------------------------------------------------------------- */
static void drain_wake(rs_client_t *client) {
    uint64_t times;
    while (read(client->wake_fd, &times, sizeof times) > 0) continue;
}

static void sleep_until(rs_client_t *client, int64_t again_us) {
    const uint64_t wake_at = rs__session_wake_at(client);
    atomic_store_explicit(&client->wake_at, wake_at, memory_order_seq_cst);
    const uint64_t accepted = atomic_load_explicit(&client->accepted, memory_order_seq_cst);
    const int64_t left_us = again_us - rs__client_now_us();
    long timeout_ms = left_us <= 0 ? 0 : (long)((left_us + 999) / 1000);
    if (accepted >= wake_at) timeout_ms = 0;
    zmq_pollitem_t items[] = {
        {.socket = client->socket, .events = ZMQ_POLLIN},
        {.socket = client->monitor, .events = ZMQ_POLLIN},
        {.fd = client->wake_fd, .events = ZMQ_POLLIN},
    };
    zmq_poll(items, (int)RS_ARRAY_LEN(items), timeout_ms);
    atomic_store_explicit(&client->wake_at, UINT64_MAX, memory_order_relaxed);
    if ((items[2].revents & ZMQ_POLLIN) != 0) drain_wake(client);
}

void *rs__client_run(void *context) {
    rs_client_t *client = context;
    if (client->disk_lost > 0 && client->on_error != NULL) {
        char text[128];
        snprintf(text, sizeof text, "%llu events of the spool file were damaged or cut short", (unsigned long long)client->disk_lost);
        client->on_error(client->context, "spool_lost", text);
    }
    while (!atomic_load_explicit(&client->is_stopping, memory_order_acquire)) {
        const int64_t now_us = rs__client_now_us();
        while (read_monitor(client, now_us)) continue;
        uint32_t answers = 0;
        while (answers < ANSWERS_PER_TURN && read_answer(client, now_us)) answers++;
        const int64_t again_us = rs__session_work(client, now_us);
        if (answers < ANSWERS_PER_TURN) sleep_until(client, again_us);
    }
    return NULL;
}
