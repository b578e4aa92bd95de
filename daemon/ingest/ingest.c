#include "ingest/ingest_internal.h"

#include "base/clock.h"
#include "base/zmq_bind.h"
#include "base/zmq_frames.h"

#include <errno.h>
#include <stdlib.h>

enum {
    DEFAULT_TURN_MESSAGES = 256,
    REPLIES_PER_PEER = 1024,     /* ZMQ_SNDHWM: small messages; more wait in the session or are dropped */
    LINGER_MS = 200,
    KEEPALIVE_IDLE_S = 15, KEEPALIVE_INTERVAL_S = 5, KEEPALIVE_COUNT = 3
};

static int64_t wall_clock_us(void *context) {
    (void)context;
    return rs_wall_us();
}

static void begin_turn(rs_ingest_t *ingest) {
    ingest->turn++;
    ingest->turn_events = 0;
    ingest->arrival_us = ingest->options.now_us(ingest->options.clock_context);
}

/* --- reading -------------------------------------------------------------------------------------------------------- */
static bool can_read(rs_ingest_t *ingest) {
    if (rs__flight_is_full(&ingest->flight) && !ingest->is_stalled) ingest->is_stalled = true;
    return !ingest->is_stalled;
}

static bool read_router(rs_ingest_t *ingest);
static bool may_read(rs_ingest_t *ingest, bool (*read_one)(rs_ingest_t *)) {
    return ingest->is_unavailable ? read_one == read_router : can_read(ingest);
}

static bool read_router(rs_ingest_t *ingest) {
    zmq_msg_t frames[RS_INGEST_MAX_FRAMES + 1];
    bool is_cut;
    const uint32_t count = rs_zmq_receive(ingest->router, frames, RS_ARRAY_LEN(frames), &is_cut);
    if (count == 0) return false;
    rs__request_handle(ingest, frames, count, is_cut);
    rs_zmq_close_frames(frames, count);
    return true;
}

static bool read_pull(rs_ingest_t *ingest) {
    zmq_msg_t frame;
    bool is_cut;
    const uint32_t count = rs_zmq_receive(ingest->pull, &frame, 1, &is_cut);
    if (count == 0) return false;
    ingest->stats.plain_messages++;
    const size_t size = zmq_msg_size(&frame);
    if (is_cut || size == 0) {
        ingest->stats.plain_bad++;
    } else {
        const bool is_json = *(const char *)zmq_msg_data(&frame) == '{';
        rs__batch_begin(ingest, true, RS_SESSIONS_NONE, is_json ? RS_ENCODING_JSON : RS_ENCODING_PROTOBUF, 1, &frame);
    }
    zmq_msg_close(&frame);
    return true;
}

static void stop_reading_when_stalled(rs_ingest_t *ingest) {
    if (!ingest->is_stalled || ingest->is_paused || ingest->is_unavailable) return;
    ingest->is_paused = true;
    ingest->stats.stalls++;
    rs_zmq_watch_pause(ingest->router_watch);
    if (ingest->pull_watch != NULL) rs_zmq_watch_pause(ingest->pull_watch);
}

/* A turn of one socket: whole messages until the budget of messages or events is used up. */
static void read_turn(rs_ingest_t *ingest, bool (*read_one)(rs_ingest_t *)) {
    begin_turn(ingest);
    bool more = true;
    for (uint32_t i = 0; more && i < ingest->options.turn_messages && ingest->turn_events < RS_INGEST_TURN_EVENTS; i++) {
        more = may_read(ingest, read_one) && read_one(ingest);
    }
    rs__replies_flush(ingest);
    stop_reading_when_stalled(ingest);
}

static void on_router(void *context) { read_turn(context, read_router); }
static void on_pull(void *context) { read_turn(context, read_pull); }

/* --- back from the core --------------------------------------------------------------------------------------------- */
void rs_ingest_resume(rs_ingest_t *ingest) {
    if (!ingest->is_stalled || ingest->is_unavailable || rs__flight_is_full(&ingest->flight)) return;
    ingest->is_stalled = false;
    if (ingest->batch.active) {
        begin_turn(ingest);
        rs__batch_take(ingest);
        rs__replies_flush(ingest);
        if (ingest->is_stalled) return;
    }
    ingest->is_paused = false;
    rs_zmq_watch_resume(ingest->router_watch);
    if (ingest->pull_watch != NULL) rs_zmq_watch_resume(ingest->pull_watch);
}

void rs_ingest_set_unavailable(rs_ingest_t *ingest, bool is_unavailable) {
    if (ingest->is_unavailable == is_unavailable) return;
    ingest->is_unavailable = is_unavailable;
    ingest->is_stalled = ingest->is_paused = true;
    if (!is_unavailable) {
        rs_zmq_watch_pause(ingest->router_watch);
        rs_ingest_resume(ingest);
        return;
    }
    rs__batch_give_up(ingest);
    rs__replies_flush(ingest);
    if (ingest->pull_watch != NULL) rs_zmq_watch_pause(ingest->pull_watch);
    rs_zmq_watch_resume(ingest->router_watch);
}

bool rs_ingest_is_stalled(const rs_ingest_t *ingest) { return ingest->is_stalled; }

void rs_ingest_on_verdict(rs_ingest_t *ingest, rs_origin_t origin, rs_refusal_t reason) {
    if (origin.session == 0 || rs_sessions_get(ingest->sessions, origin.session - 1) == NULL) return;
    ingest->stats.judged[reason]++;
    if (reason == RS_REFUSAL_DUPLICATE) return;
    const rs_refused_t refused = {.reason = reason};
    rs__reply_nack(ingest, origin.session - 1, origin.number, &refused);
}

void rs_ingest_on_settled(rs_ingest_t *ingest, uint64_t position) {
    if (position <= ingest->settled_position) return;
    ingest->settled_position = position;
    const bool was_full = rs__flight_is_full(&ingest->flight);
    rs__flight_settle(ingest, position);
    rs__replies_flush(ingest);
    if (was_full) rs_ingest_resume(ingest);
}

/* --- sockets -------------------------------------------------------------------------------------------------------- */
static int set_int(void *socket, int option, int value) { return zmq_setsockopt(socket, option, &value, sizeof value); }

static int set_options(void *socket, int type, const rs_config_t *config, int64_t longest) {
    const rs_limits_t *limits = &config->limits;
    /* ZeroMQ counts messages, not bytes: so many of the longest that one peer's queue holds about its byte budget. */
    uint32_t queue = limits->peer_bytes / (limits->message_bytes == 0 ? 1 : limits->message_bytes);
    queue = queue < 4 ? 4 : queue > 64 ? 64 : queue;
    int failed = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &longest, sizeof longest);
    failed |= set_int(socket, ZMQ_HANDSHAKE_IVL, (int)(config->handshake_us / RS_US_PER_MS));
    failed |= set_int(socket, ZMQ_LINGER, LINGER_MS);
    failed |= set_int(socket, ZMQ_RCVHWM, (int)queue);
    /* Dead hosts are found by TCP, not by ZMTP heartbeats: while the sink is full ZeroMQ stops reading its connections, would
     * not see the peers' PONGs, and would close every connection for our own slowness (seen in a test; a PUSH peer then loses
     * what was in its pipe). */
    failed |= set_int(socket, ZMQ_TCP_KEEPALIVE, 1);
    failed |= set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S);
    failed |= set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_INTERVAL_S);
    failed |= set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_COUNT);
    if (type == ZMQ_ROUTER) {
        failed |= set_int(socket, ZMQ_SNDHWM, REPLIES_PER_PEER);
        /* Without MANDATORY a reply to a peer that is gone or full is thrown away without a word. */
        failed |= set_int(socket, ZMQ_ROUTER_MANDATORY, 1);
        /* A producer that chose its routing id must not be locked out by its own half-open connection. The id is no proof
         * of anything: who it is, HELLO says. */
        failed |= set_int(socket, ZMQ_ROUTER_HANDOVER, 1);
    }
    return failed == 0 ? RS_OK : RS_ERR_IO;
}

static bool is_allowed_endpoint(const char *endpoint) {
    return strncmp(endpoint, "tcp://", 6) == 0 || strncmp(endpoint, "ipc://", 6) == 0;
}

int rs__door_bind(void *zmq, int type, const rs_config_t *config, const char *endpoint, const int64_t *longest, void **socket_out,
                  char bound[256]) {
    if (!is_allowed_endpoint(endpoint)) return RS_ERR_INVALID;
    void *socket = zmq_socket(zmq, type);
    if (socket == NULL) return RS_ERR_IO;
    size_t size = 256;
    if (set_options(socket, type, config, longest != NULL ? *longest : config->limits.message_bytes) != RS_OK ||
        rs_zmq_bind(socket, endpoint) != 0 || zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &size) != 0) {
        const int why = zmq_errno();
        zmq_close(socket);
        errno = why;
        return RS_ERR_IO;
    }
    *socket_out = socket;
    return RS_OK;
}

/* --- life ----------------------------------------------------------------------------------------------------------- */
static void on_timer_closed(uv_handle_t *handle) { free(handle); }

void rs_ingest_close(rs_ingest_t **ingest_inout) {
    if (ingest_inout == NULL || *ingest_inout == NULL) return;
    rs_ingest_t *ingest = *ingest_inout;
    *ingest_inout = NULL;
    rs_zmq_watch_close(&ingest->router_watch);
    rs_zmq_watch_close(&ingest->pull_watch);
    if (ingest->retry_timer != NULL) uv_close((uv_handle_t *)ingest->retry_timer, on_timer_closed);
    if (ingest->batch.active) zmq_msg_close(&ingest->batch.message);
    if (ingest->router != NULL) zmq_close(ingest->router);
    if (ingest->pull != NULL) zmq_close(ingest->pull);
    rs_decoder_destroy(&ingest->decoder);
    rs_sessions_destroy(&ingest->sessions);
    rs__flight_deinit(&ingest->flight);
    free(ingest);
}

static int allocate(rs_ingest_t *ingest, const rs_config_t *config) {
    const rs_limits_t *limits = &config->limits;
    int status = rs__flight_init(&ingest->flight);
    if (status == RS_OK) status = rs_decoder_create(limits->message_bytes, &ingest->decoder);
    if (status != RS_OK) return status;
    return rs_sessions_create(limits->sources, limits->peers, ingest->options.peer_idle_us, &ingest->sessions);
}

static int start_timer(rs_ingest_t *ingest, uv_loop_t *loop) {
    uv_timer_t *timer = malloc(sizeof *timer);
    if (timer == NULL) return RS_ERR_MEMORY;
    if (uv_timer_init(loop, timer) != 0) {
        free(timer);
        return RS_ERR_IO;
    }
    timer->data = ingest;
    ingest->retry_timer = timer;
    return RS_OK;
}

static int open_doors(rs_ingest_t *ingest, uv_loop_t *loop, void *zmq, const char **failed) {
    const rs_config_t *config = ingest->config;
    const char *endpoint = config->events_endpoint.data == NULL ? "" : config->events_endpoint.data;
    int status = rs__door_bind(zmq, ZMQ_ROUTER, config, endpoint, NULL, &ingest->router, ingest->events_endpoint);
    if (status == RS_OK && config->plain_endpoint.len > 0) {
        endpoint = config->plain_endpoint.data;
        status = rs__door_bind(zmq, ZMQ_PULL, config, endpoint, NULL, &ingest->pull, ingest->plain_endpoint);
    }
    if (status != RS_OK) {
        if (failed != NULL) *failed = endpoint;
        return status;
    }
    status = start_timer(ingest, loop);
    if (status == RS_OK) status = rs_zmq_watch_open(loop, ingest->router, on_router, ingest, &ingest->router_watch);
    if (status == RS_OK && ingest->pull != NULL) {
        status = rs_zmq_watch_open(loop, ingest->pull, on_pull, ingest, &ingest->pull_watch);
    }
    return status;
}

static void fill_options(rs_ingest_t *ingest, const rs_ingest_options_t *options) {
    if (options != NULL) ingest->options = *options;
    if (ingest->options.now_us == NULL) ingest->options.now_us = wall_clock_us;
    if (ingest->options.turn_messages == 0) ingest->options.turn_messages = DEFAULT_TURN_MESSAGES;
    if (ingest->options.credit_events == 0) ingest->options.credit_events = RS_INGEST_CREDIT_EVENTS;
    if (ingest->options.peer_idle_us == 0) ingest->options.peer_idle_us = RS_US_PER_MIN;
}

int rs_ingest_create(uv_loop_t *loop, void *zmq, const rs_config_t *config, const uint8_t key[RS_PSEUDONYM_KEY_BYTES],
                     const rs_ingest_sink_t *sink, const rs_ingest_options_t *options, const char **failed,
                     rs_ingest_t **ingest_out) {
    rs_ingest_t *ingest = calloc(1, sizeof *ingest);
    if (ingest == NULL) return RS_ERR_MEMORY;
    ingest->config = config;
    ingest->key = key;
    ingest->sink = *sink;
    ingest->due_first = ingest->due_last = RS_SESSIONS_NONE;
    fill_options(ingest, options);
    const rs_limits_t *limits = &config->limits;
    ingest->credit_events = ingest->options.credit_events;
    ingest->credit_bytes = limits->peer_bytes > limits->message_bytes ? limits->peer_bytes : limits->message_bytes;
    if (failed != NULL) *failed = NULL;
    int status = allocate(ingest, config);
    if (status == RS_OK) status = open_doors(ingest, loop, zmq, failed);
    if (status != RS_OK) {
        const int why = errno;
        rs_ingest_close(&ingest);
        errno = why;
        return status;
    }
    *ingest_out = ingest;
    return RS_OK;
}

/* --- after a restart ------------------------------------------------------------------------------------------------ */
static int by_use(const void *a, const void *b) {
    const rs_ingest_session_t *left = a, *right = b;
    return left->used < right->used ? -1 : left->used > right->used;
}

int64_t rs_ingest_restore(rs_ingest_t *ingest, const rs_ingest_session_t *sessions, uint32_t count) {
    if (count == 0) return 0;
    rs_ingest_session_t *ordered = malloc(count * sizeof *ordered);
    rs_sessions_kept_t *kept = malloc(count * sizeof *kept);
    int64_t taken = RS_ERR_MEMORY;
    if (ordered != NULL && kept != NULL) {
        memcpy(ordered, sessions, count * sizeof *ordered);
        qsort(ordered, count, sizeof *ordered, by_use);
        for (uint32_t i = 0; i < count; i++) {
            const rs_ingest_session_t *one = &ordered[i];
            /* Session 0 is nobody: its slot is past every bound. */
            kept[i] = (rs_sessions_kept_t){.slot = one->session - 1, .source = one->source, .incarnation = one->incarnation,
                                           .mark = one->last};
        }
        taken = rs_sessions_restore(ingest->sessions, kept, count);
    }
    free(ordered);
    free(kept);
    return taken;
}

/* --- looking -------------------------------------------------------------------------------------------------------- */
const char *rs_ingest_events_endpoint(const rs_ingest_t *ingest) { return ingest->events_endpoint; }
const char *rs_ingest_plain_endpoint(const rs_ingest_t *ingest) { return ingest->plain_endpoint; }

void rs_ingest_stats(const rs_ingest_t *ingest, rs_ingest_stats_t *stats) {
    *stats = ingest->stats;
    stats->sessions = rs_sessions_count(ingest->sessions);
    stats->attached = rs_sessions_attached(ingest->sessions);
    stats->sessions_forgotten = rs_sessions_forgotten(ingest->sessions);
    stats->peers_detached = rs_sessions_detached(ingest->sessions);
    stats->in_flight_events = ingest->in_flight_events;
    stats->in_flight_bytes = ingest->in_flight_bytes;
    stats->stalled = ingest->is_stalled;
}
