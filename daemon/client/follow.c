/* While a snapshot is on its way the SUB socket is not read: what is published meanwhile waits in its queue, and is read after
 * SNAPSHOT_END. So nothing has to be kept here, and what overflows that queue is seen as a gap like any other. */
#include "client/follow_internal.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/zmq_frames.h"

#include <stdlib.h>
#include <time.h>

enum {
    MAX_PREFIX = 511, MAX_HEARTBEAT = 512, MAX_FRAMES = 4096, MAX_FRAME_BYTES = 1 << 20, QUEUE_MESSAGES = 65536,
    RECONNECT_MS = 100, RECONNECT_MAX_MS = 2000
};
#define SILENCE_US (5 * RS_US_PER_S)
#define ANSWER_US (10 * RS_US_PER_S)
#define ASK_AGAIN_US RS_US_PER_S

typedef enum follow_state {
    STATE_JOINING,    /* subscribed; the first heartbeat will show that it works */
    STATE_WAITING,    /* asks for a snapshot at ask_at_us */
    STATE_ASKING,     /* snapshot on its way */
    STATE_LIVE
} follow_state_t;

struct rs_follow {
    char *snapshot_endpoint;     /* NULL: no snapshots */
    char prefix[MAX_PREFIX + 1];
    void *zmq, *sub, *ask;
    rs__numbers_t *numbers;
    follow_state_t state;
    bool is_lost;                /* LOST_CONNECTION was given, nothing was heard since */
    bool has_run;
    uint64_t run, covered;       /* covered: updates up to this number of the feed are in the snapshot */
    int64_t heard_us, ask_at_us, answer_by_us;

    int64_t pulse_us;            /* when the daemon was last heard; 0 = never */
    char heartbeat[MAX_HEARTBEAT];
    uint32_t heartbeat_len;

    zmq_msg_t *frames;           /* of the message in hand; items borrow from them */
    uint32_t frame_count;
    uint32_t next_item;          /* of a SNAPSHOT message: its next topic; 0 = none */
    bool update_waits;           /* the message in hand is an update that follows the GAP just given */
};

/* --- sockets -------------------------------------------------------------------------------------------------------- */
static int set_int(void *socket, int option, int value) { return zmq_setsockopt(socket, option, &value, sizeof value); }

static void *open_socket(rs_follow_t *follow, int type, const char *endpoint) {
    void *socket = zmq_socket(follow->zmq, type);
    if (socket == NULL) return NULL;
    const int64_t longest = MAX_FRAME_BYTES;
    int failed = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &longest, sizeof longest);
    failed |= set_int(socket, ZMQ_LINGER, 0);
    failed |= set_int(socket, ZMQ_RCVHWM, QUEUE_MESSAGES);
    failed |= set_int(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS);
    failed |= set_int(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
    if (type == ZMQ_SUB) {
        failed |= zmq_setsockopt(socket, ZMQ_SUBSCRIBE, follow->prefix, strlen(follow->prefix));
        failed |= zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "heartbeat", strlen("heartbeat"));
    }
    if (failed == 0 && zmq_connect(socket, endpoint) == 0) return socket;
    zmq_close(socket);
    return NULL;
}

static void drop_frames(rs_follow_t *follow) {
    rs_zmq_close_frames(follow->frames, follow->frame_count);
    follow->frame_count = 0;
    follow->next_item = 0;
    follow->update_waits = false;
}

/* Reads one message into frames; false when there is none. No message of the protocol has more than MAX_FRAMES. */
static bool receive(rs_follow_t *follow, void *socket) {
    bool is_cut;
    drop_frames(follow);
    follow->frame_count = rs_zmq_receive(socket, follow->frames, MAX_FRAMES, &is_cut);
    return follow->frame_count > 0;
}

static rs_str_t frame_at(rs_follow_t *follow, uint32_t index) {
    return index < follow->frame_count ? rs_zmq_text(&follow->frames[index]) : (rs_str_t){0};
}

/* --- snapshots ------------------------------------------------------------------------------------------------------ */
static void stop_asking(rs_follow_t *follow) {
    if (follow->ask != NULL) zmq_close(follow->ask);
    follow->ask = NULL;
}

/* A socket of its own for every request: so no answer to an older one can come in between. */
static bool ask(rs_follow_t *follow, int64_t now) {
    stop_asking(follow);
    follow->ask = open_socket(follow, ZMQ_DEALER, follow->snapshot_endpoint);
    follow->state = STATE_WAITING;
    follow->ask_at_us = now + ASK_AGAIN_US;
    if (follow->ask == NULL) return false;
    if (zmq_send(follow->ask, "RS1", 3, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_send(follow->ask, "SNAPSHOT", 8, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_send(follow->ask, follow->prefix, strlen(follow->prefix), ZMQ_DONTWAIT) < 0) {
        return false;
    }
    follow->state = STATE_ASKING;
    follow->answer_by_us = now + ANSWER_US;
    return true;
}

static void want_snapshot(rs_follow_t *follow, int64_t at_us) {
    if (follow->snapshot_endpoint == NULL) return;
    stop_asking(follow);
    follow->state = STATE_WAITING;
    follow->ask_at_us = at_us;
}

static void rejoin(rs_follow_t *follow) {
    stop_asking(follow);
    follow->state = follow->snapshot_endpoint == NULL ? STATE_LIVE : STATE_JOINING;
}

/* The daemon was started anew, and all its numbers with it. */
static void begin_run(rs_follow_t *follow, uint64_t run) {
    rejoin(follow);
    rs__numbers_forget(follow->numbers);
    follow->covered = 0;
    follow->run = run;
}

/* The next item of the SNAPSHOT message in hand. */
static bool next_snapshot_item(rs_follow_t *follow, rs_follow_item_t *item) {
    if (follow->next_item == 0 || follow->next_item + 2 >= follow->frame_count) return false;
    rs__feed_header_t header = {0};
    if (!rs__feed_header_parse(frame_at(follow, follow->next_item + 1), &header)) return false;
    *item = (rs_follow_item_t){.kind = RS_FOLLOW_SNAPSHOT, .topic = frame_at(follow, follow->next_item),
                               .body = frame_at(follow, follow->next_item + 2), .sequence = header.feed};
    follow->next_item += 3;
    return true;
}

static bool end_snapshot(rs_follow_t *follow, rs_follow_item_t *item) {
    uint64_t feed = 0, run = 0;
    if (!rs_decimal_parse(frame_at(follow, 2), &feed) || !rs_decimal_parse(frame_at(follow, 3), &run)) return false;
    stop_asking(follow);
    if (follow->has_run && run != follow->run) {
        begin_run(follow, run);
        *item = (rs_follow_item_t){.kind = RS_FOLLOW_LOST_CONNECTION};
        return true;
    }
    follow->run = run;
    follow->has_run = true;
    follow->covered = feed;
    follow->state = STATE_LIVE;
    follow->heard_us = rs_monotonic_us();
    *item = (rs_follow_item_t){.kind = RS_FOLLOW_SNAPSHOT_END, .sequence = feed};
    return true;
}

static bool on_answer(rs_follow_t *follow, rs_follow_item_t *item, int64_t now) {
    const rs_str_t kind = frame_at(follow, 1);
    if (!rs_str_equal(frame_at(follow, 0), RS_STR("RS1"))) return false;
    follow->answer_by_us = now + ANSWER_US;
    follow->pulse_us = now;
    if (rs_str_equal(kind, RS_STR("SNAPSHOT"))) {
        follow->next_item = 3;
        return next_snapshot_item(follow, item);
    }
    if (rs_str_equal(kind, RS_STR("SNAPSHOT_END"))) return end_snapshot(follow, item);
    if (rs_str_equal(kind, RS_STR("ERROR"))) want_snapshot(follow, now + ASK_AGAIN_US);
    return false;
}

/* --- updates -------------------------------------------------------------------------------------------------------- */
static rs_follow_item_t update_in_hand(rs_follow_t *follow) {
    rs__feed_header_t header = {0};
    (void)rs__feed_header_parse(frame_at(follow, 1), &header);
    return (rs_follow_item_t){.kind = RS_FOLLOW_UPDATE, .topic = frame_at(follow, 0), .body = frame_at(follow, 2),
                              .sequence = header.feed};
}

static bool give_gap(rs_follow_t *follow, rs_follow_item_t *item, uint64_t from, uint64_t to, int64_t now) {
    *item = (rs_follow_item_t){.kind = RS_FOLLOW_GAP, .topic = frame_at(follow, 0), .from_sequence = from, .to_sequence = to};
    want_snapshot(follow, now);
    return true;
}

/* Longer than any daemon of this version writes it: not kept. */
static void keep_heartbeat(rs_follow_t *follow, rs_str_t body) {
    follow->heartbeat_len = body.len <= MAX_HEARTBEAT ? body.len : 0;
    if (follow->heartbeat_len > 0) memcpy(follow->heartbeat, body.data, body.len);
}

static bool on_published(rs_follow_t *follow, rs_follow_item_t *item, int64_t now) {
    rs__feed_header_t header = {0};
    if (follow->frame_count < 3 || !rs__feed_header_parse(frame_at(follow, 1), &header)) return false;
    follow->heard_us = follow->pulse_us = now;
    follow->is_lost = false;
    const rs_str_t topic = frame_at(follow, 0);
    const bool is_heartbeat = rs_str_equal(topic, RS_STR("heartbeat"));
    if (is_heartbeat) keep_heartbeat(follow, frame_at(follow, 2));
    const bool is_new_run = follow->has_run && header.run != follow->run;
    if (is_new_run) begin_run(follow, header.run);
    follow->run = header.run;
    follow->has_run = true;
    uint64_t from = 0, to = 0;
    const bool has_gap = is_heartbeat ? rs__numbers_on_heartbeat(follow->numbers, frame_at(follow, 2), &from, &to)
                                      : rs__numbers_on_message(follow->numbers, topic, &header, &from, &to);
    if (is_heartbeat && follow->state == STATE_JOINING) want_snapshot(follow, now);
    /* Without snapshots the message itself still counts after what is said about those before it. */
    const bool comes_after = !is_heartbeat && follow->snapshot_endpoint == NULL;
    if (is_new_run) {
        follow->update_waits = comes_after;
        *item = (rs_follow_item_t){.kind = RS_FOLLOW_LOST_CONNECTION};
        return true;
    }
    if (follow->state != STATE_LIVE || header.feed <= follow->covered) return false;
    if (has_gap) {
        follow->update_waits = comes_after;
        return give_gap(follow, item, from, to, now);
    }
    if (is_heartbeat) return false;
    *item = update_in_hand(follow);
    return true;
}

/* --- waiting -------------------------------------------------------------------------------------------------------- */
static int64_t next_deadline(const rs_follow_t *follow) {
    switch (follow->state) {
        case STATE_WAITING: return follow->ask_at_us;
        case STATE_ASKING: return follow->answer_by_us;
        case STATE_JOINING:
        case STATE_LIVE: break;
    }
    return follow->is_lost ? INT64_MAX : follow->heard_us + SILENCE_US;
}

/* Something is due by the clock. True: *item. */
static bool on_time(rs_follow_t *follow, rs_follow_item_t *item, int64_t now) {
    if (now < next_deadline(follow)) return false;
    if (follow->state == STATE_WAITING) {
        if (!ask(follow, now)) return false;
        *item = (rs_follow_item_t){.kind = RS_FOLLOW_SNAPSHOT_BEGIN};
        return true;
    }
    const bool was_asking = follow->state == STATE_ASKING;
    rejoin(follow);
    if (was_asking) follow->heard_us = now;   /* the SUB socket was not read meanwhile */
    if (was_asking || follow->is_lost) return false;
    follow->is_lost = true;
    *item = (rs_follow_item_t){.kind = RS_FOLLOW_LOST_CONNECTION};
    return true;
}

static void wait_readable(void *socket, int64_t until_us, int64_t now) {
    zmq_pollitem_t poll = {.socket = socket, .events = ZMQ_POLLIN};
    const int64_t left_us = until_us == INT64_MAX ? RS_US_PER_S : until_us - now;
    zmq_poll(&poll, 1, left_us <= 0 ? 0 : (long)((left_us < RS_US_PER_HOUR ? left_us : RS_US_PER_HOUR) + 999) / 1000);
}

int rs_follow_next(rs_follow_t *follow, int timeout_ms, rs_follow_item_t *item) {
    if (follow->update_waits) {
        follow->update_waits = false;
        *item = update_in_hand(follow);
        return RS_OK;
    }
    if (next_snapshot_item(follow, item)) return RS_OK;
    int64_t now = rs_monotonic_us();
    const int64_t end_us = timeout_ms < 0 ? INT64_MAX : now + (int64_t)timeout_ms * 1000;
    for (;; now = rs_monotonic_us()) {
        const bool is_asking = follow->state == STATE_ASKING;
        void *socket = is_asking ? follow->ask : follow->sub;
        if (receive(follow, socket)) {
            if (is_asking ? on_answer(follow, item, now) : on_published(follow, item, now)) return RS_OK;
            continue;
        }
        if (on_time(follow, item, now)) return RS_OK;
        if (now >= end_us) return RS_ERR_TIMEOUT;
        const int64_t deadline_us = next_deadline(follow);
        wait_readable(follow->state == STATE_ASKING ? follow->ask : follow->sub, deadline_us < end_us ? deadline_us : end_us, now);
    }
}

void rs_follow_pulse(const rs_follow_t *follow, rs_follow_pulse_t *pulse) {
    pulse->silent_ms = follow->pulse_us == 0 ? -1 : (rs_monotonic_us() - follow->pulse_us) / RS_US_PER_MS;
    pulse->heartbeat = (rs_str_t){.data = follow->heartbeat, .len = follow->heartbeat_len};
}

/* --- life ----------------------------------------------------------------------------------------------------------- */
void rs_follow_close(rs_follow_t **follow_inout) {
    if (follow_inout == NULL || *follow_inout == NULL) return;
    rs_follow_t *follow = *follow_inout;
    *follow_inout = NULL;
    drop_frames(follow);
    stop_asking(follow);
    if (follow->sub != NULL) zmq_close(follow->sub);
    if (follow->zmq != NULL) zmq_ctx_term(follow->zmq);
    if (follow->numbers != NULL) rs__numbers_destroy(&follow->numbers);
    free(follow->frames);
    free(follow->snapshot_endpoint);
    free(follow);
}

static int prepare(rs_follow_t *follow, const rs_follow_options_t *options) {
    if (options->snapshot_endpoint != NULL) {
        follow->snapshot_endpoint = strdup(options->snapshot_endpoint);
        if (follow->snapshot_endpoint == NULL) return RS_ERR_MEMORY;
    }
    follow->frames = calloc(MAX_FRAMES, sizeof *follow->frames);
    follow->numbers = rs__numbers_create(follow->prefix);
    follow->zmq = zmq_ctx_new();
    if (follow->frames == NULL || follow->numbers == NULL) return RS_ERR_MEMORY;
    if (follow->zmq == NULL) return RS_ERR_LIMIT;
    follow->sub = open_socket(follow, ZMQ_SUB, options->publish_endpoint);
    if (follow->sub == NULL) return zmq_errno() == EMFILE ? RS_ERR_LIMIT : RS_ERR_INVALID;
    if (follow->snapshot_endpoint == NULL) return RS_OK;
    follow->ask = open_socket(follow, ZMQ_DEALER, follow->snapshot_endpoint);   /* only to see that it can be had */
    if (follow->ask == NULL) return zmq_errno() == EMFILE ? RS_ERR_LIMIT : RS_ERR_INVALID;
    stop_asking(follow);
    return RS_OK;
}

int rs_follow_open(const rs_follow_options_t *options, rs_follow_t **follow_out) {
    if (options == NULL || follow_out == NULL || options->publish_endpoint == NULL) return RS_ERR_INVALID;
    const char *prefix = options->topic_prefix == NULL ? "" : options->topic_prefix;
    if (strlen(prefix) > MAX_PREFIX) return RS_ERR_INVALID;
    rs_follow_t *follow = calloc(1, sizeof *follow);
    if (follow == NULL) return RS_ERR_MEMORY;
    strcpy(follow->prefix, prefix);
    follow->state = options->snapshot_endpoint == NULL ? STATE_LIVE : STATE_JOINING;
    follow->heard_us = rs_monotonic_us();
    const int status = prepare(follow, options);
    if (status != RS_OK) {
        rs_follow_close(&follow);
        return status;
    }
    *follow_out = follow;
    return RS_OK;
}
