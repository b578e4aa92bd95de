/* feed/snapshot.c — answers requests at the ROUTER: the present state, in chunks that fit between other work.
 *
 * A job walks the table of open episodes and then the keys by number. Neither moves while it walks: places of the
 * table stay where they are, key numbers are never given again. What changes behind the cursor is published with a
 * number greater than the snapshot's, so the subscriber hears of it anyway.
 */
#include "feed/feed_internal.h"

#include "base/decimal.h"

#include <errno.h>
#include <zmq.h>

enum {
    TURN_FRAMES = 256, /* frames read in one turn */
    JOB_TIMEOUT_MS = 10000
};

/* --- requests ----------------------------------------------------------------------------------------------------- */

/* RS_OK, RS_ERR_AGAIN (no room), RS_ERR_CLOSED (the peer is gone). The first frame decides; the others follow it. */
static int send_frames(rs_feed_t *feed, const void *peer, size_t peer_len, const rs_str_t *frames, size_t count) {
    if (zmq_send(feed->router, peer, peer_len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        return zmq_errno() == EAGAIN ? RS_ERR_AGAIN : RS_ERR_CLOSED;
    }
    for (size_t i = 0; i < count; i++) {
        const int more = i + 1 < count ? ZMQ_SNDMORE : 0;
        if (zmq_send(feed->router, frames[i].data, frames[i].len, more | ZMQ_DONTWAIT) < 0) return RS_ERR_CLOSED;
    }
    return RS_OK;
}

static void send_error(rs_feed_t *feed, const void *peer, size_t peer_len, const char *code, const char *text) {
    const rs_str_t frames[] = {RS_STR("RS1"), RS_STR("ERROR"), rs_str(code), rs_str(text)};

    if (send_frames(feed, peer, peer_len, frames, RS_ARRAY_LEN(frames)) != RS_OK) feed->stats.errors_dropped++;
}

static bool is_frame(const rs__feed_request_t *request, uint32_t frame, const char *text) {
    return request->count > frame && request->lengths[frame] == strlen(text) &&
           memcmp(request->frames[frame], text, strlen(text)) == 0;
}

static bool has_job(const rs_feed_t *feed, const rs__feed_request_t *request) {
    for (size_t i = 0; i < RS__FEED_JOBS; i++) {
        const rs__feed_job_t *job = &feed->jobs[i];
        if (job->is_running && job->peer_len == request->lengths[0] &&
            memcmp(job->peer, request->frames[0], job->peer_len) == 0) {
            return true;
        }
    }
    return false;
}

static rs__feed_job_t *free_job(rs_feed_t *feed) {
    for (size_t i = 0; i < RS__FEED_JOBS; i++) {
        if (!feed->jobs[i].is_running) return &feed->jobs[i];
    }
    return NULL;
}

static void start_job(rs_feed_t *feed, rs__feed_job_t *job, const rs__feed_request_t *request) {
    *job = (rs__feed_job_t){.is_running = true,
                            .peer_len = request->lengths[0],
                            .prefix_len = request->lengths[3],
                            .sequence = feed->stats.sequence,
                            .moved_ms = uv_now(feed->options.loop),
                            .next_episode = 1};
    memcpy(job->peer, request->frames[0], job->peer_len);
    memcpy(job->prefix, request->frames[3], job->prefix_len);
    feed->stats.snapshots++;
    rs__feed_schedule(feed);
}

static void answer_request(rs_feed_t *feed) {
    const rs__feed_request_t *request = &feed->request;
    const void *peer = request->frames[0];
    const size_t peer_len = request->lengths[0];

    if (peer_len == 0 || peer_len > RS__FEED_PEER) return; /* not a routing id: nobody to answer */
    if (!is_frame(request, 1, "RS1")) {
        feed->stats.refused_version++;
        send_error(feed, peer, peer_len, "VERSION", "the first frame must be RS1");
    } else if (!is_frame(request, 2, "SNAPSHOT")) {
        feed->stats.refused_unknown++;
        send_error(feed, peer, peer_len, "UNKNOWN", "the second frame must be SNAPSHOT");
    } else if (request->count != RS__FEED_REQUEST_FRAMES || request->lengths[3] > RS__FEED_PREFIX) {
        feed->stats.refused_malformed++;
        send_error(feed, peer, peer_len, "MALFORMED", "one more frame is wanted: a topic prefix of at most 512 bytes");
    } else if (has_job(feed, request)) {
        feed->stats.refused_busy++;
        send_error(feed, peer, peer_len, "BUSY", "your last snapshot is still on its way");
    } else {
        rs__feed_job_t *job = free_job(feed);
        if (job != NULL) {
            start_job(feed, job, request);
        } else {
            feed->stats.refused_busy++;
            send_error(feed, peer, peer_len, "BUSY", "too many snapshots are on their way; try again a second later");
        }
    }
}

/* Keeps the first frames of a message, cut to their places; the rest of it is only counted. */
void rs__snapshot_on_readable(void *context) {
    rs_feed_t *feed = context;
    rs__feed_request_t *request = &feed->request;

    for (unsigned frames = 0; frames < TURN_FRAMES; frames++) {
        uint8_t excess[1];
        const bool keep = request->count < RS__FEED_REQUEST_FRAMES;
        const int len = keep ? zmq_recv(feed->router, request->frames[request->count], RS__FEED_PREFIX, ZMQ_DONTWAIT)
                             : zmq_recv(feed->router, excess, sizeof(excess), ZMQ_DONTWAIT);
        if (len < 0) return;
        if (keep) request->lengths[request->count] = (size_t)len;
        if (request->count < UINT32_MAX) request->count++;
        int more = 0;
        size_t size = sizeof(more);
        if (zmq_getsockopt(feed->router, ZMQ_RCVMORE, &more, &size) == 0 && more != 0) continue;
        answer_request(feed);
        request->count = 0;
    }
}

/* --- jobs --------------------------------------------------------------------------------------------------------- */

static bool has_prefix(const rs__feed_job_t *job, const char *topic, size_t topic_len) {
    return job->prefix_len <= topic_len && memcmp(job->prefix, topic, job->prefix_len) == 0;
}

static void add_frame(rs__feed_chunk_t *chunk, uint32_t frame, const void *bytes, size_t len) {
    memcpy(chunk->bytes + chunk->used, bytes, len);
    chunk->used += len;
    chunk->lengths[chunk->count][frame] = (uint32_t)len;
}

static bool is_full(const rs__feed_chunk_t *chunk) {
    return chunk->count == RS__FEED_CHUNK_ITEMS || chunk->used >= RS__FEED_CHUNK_BYTES;
}

static void add_episode(rs_feed_t *feed, const rs__episode_t *episode) {
    rs__feed_chunk_t *chunk = &feed->chunk;
    char header[RS__FEED_HEADER];
    const size_t header_len = rs__feed_header(feed, episode->sequence, episode->stream, episode->topic, header);

    add_frame(chunk, 0, episode->text, episode->topic_len);
    add_frame(chunk, 1, header, header_len);
    add_frame(chunk, 2, episode->text + episode->topic_len, episode->body_len);
    chunk->count++;
}

/* RS_OK, or RS_ERR_AGAIN when the figures cannot be had at this moment. A key that cannot be shown is passed over. */
static int add_windows(rs_feed_t *feed, const rs__feed_job_t *job, uint32_t number) {
    rs__feed_chunk_t *chunk = &feed->chunk;
    char header[RS__FEED_HEADER];
    size_t topic_len = 0, body_len = 0;
    int64_t waiting = 0;
    rs_key_t dimensions;

    if (!rs__feed_shows_key(feed, number, &dimensions) ||
        rs_feed_format_topic("window", &dimensions, feed->topic, sizeof(feed->topic), &topic_len) != RS_OK ||
        !has_prefix(job, feed->topic, topic_len)) {
        return RS_OK;
    }
    const int status = rs__feed_windows(feed, number, &dimensions, feed->body, sizeof(feed->body), &body_len, &waiting);
    if (status == RS_ERR_AGAIN) return RS_ERR_AGAIN;
    if (status != RS_OK) return RS_OK;
    const rs__feed_key_t *key = rs__feed_key(feed, number); /* after rs__feed_windows it is there */
    const size_t header_len = rs__feed_header(feed, feed->stats.sequence, feed->stats.windows, key->windows, header);
    add_frame(chunk, 0, feed->topic, topic_len);
    add_frame(chunk, 1, header, header_len);
    add_frame(chunk, 2, feed->body, body_len);
    chunk->count++;
    return RS_OK;
}

static uint32_t key_end(const rs_feed_t *feed) {
    return feed->options.windows == NULL ? 0 : rs_window_key_count(feed->options.windows);
}

static bool is_done(const rs_feed_t *feed, const rs__feed_job_t *job) {
    return job->next_episode >= rs__episodes_end(&feed->episodes) && job->next_key >= key_end(feed);
}

/* Fills the chunk from the job's cursors, which move on; ends when the chunk or the turn's portion is used up. */
static void fill_chunk(rs_feed_t *feed, rs__feed_job_t *job) {
    feed->chunk.used = 0;
    feed->chunk.count = 0;
    for (uint32_t looked = 0; looked < RS__FEED_TURN_KEYS && !is_full(&feed->chunk) && !is_done(feed, job); looked++) {
        if (job->next_episode < rs__episodes_end(&feed->episodes)) {
            const rs__episode_t *episode = rs__episodes_at(&feed->episodes, job->next_episode++);
            if (episode != NULL && has_prefix(job, episode->text, episode->topic_len)) add_episode(feed, episode);
        } else if (add_windows(feed, job, job->next_key) == RS_OK) {
            job->next_key++;
        } else {
            return;
        }
    }
}

static int send_chunk(rs_feed_t *feed, const rs__feed_job_t *job) {
    rs_str_t frames[3 + 3 * RS__FEED_CHUNK_ITEMS] = {RS_STR("RS1"), RS_STR("SNAPSHOT")};
    char sequence[RS_DECIMAL_MAX];
    const char *at = feed->chunk.bytes;
    size_t count = 3;

    frames[2] = (rs_str_t){sequence, rs_decimal_format(job->sequence, sequence)};
    for (uint32_t item = 0; item < feed->chunk.count; item++) {
        for (size_t frame = 0; frame < 3; frame++) {
            frames[count++] = (rs_str_t){at, feed->chunk.lengths[item][frame]};
            at += feed->chunk.lengths[item][frame];
        }
    }
    return send_frames(feed, job->peer, job->peer_len, frames, count);
}

static int send_end(rs_feed_t *feed, const rs__feed_job_t *job) {
    char sequence[RS_DECIMAL_MAX], run[RS_DECIMAL_MAX], items[RS_DECIMAL_MAX];
    const rs_str_t frames[] = {RS_STR("RS1"),
                               RS_STR("SNAPSHOT_END"),
                               {sequence, rs_decimal_format(job->sequence, sequence)},
                               {run, rs_decimal_format(feed->options.run, run)},
                               {items, rs_decimal_format(job->items, items)}};
    return send_frames(feed, job->peer, job->peer_len, frames, RS_ARRAY_LEN(frames));
}

static void settle(rs_feed_t *feed, rs__feed_job_t *job, int status) {
    if (status == RS_OK) {
        job->moved_ms = uv_now(feed->options.loop);
    } else if (status == RS_ERR_AGAIN) {
        job->is_blocked = true;
    } else {
        job->is_running = false;
        feed->stats.snapshots_gone++;
    }
}

/* One chunk, or the end. What could not be sent is made again later, from the same place. */
static void work_job(rs_feed_t *feed, rs__feed_job_t *job) {
    const uint32_t episode = job->next_episode, key = job->next_key;

    if (is_done(feed, job)) {
        const int status = send_end(feed, job);
        settle(feed, job, status);
        if (status != RS_OK) return;
        job->is_running = false;
        feed->stats.snapshots_done++;
        return;
    }
    fill_chunk(feed, job);
    if (feed->chunk.count == 0) {
        if (job->next_episode == episode && job->next_key == key)
            job->is_blocked = true; /* a figure was being written */
        return;
    }
    const int status = send_chunk(feed, job);
    settle(feed, job, status);
    if (status == RS_OK) {
        job->items += feed->chunk.count;
    } else {
        job->next_episode = episode;
        job->next_key = key;
    }
}

/* One job a turn, in turn: the portion of a turn is a chunk. */
void rs__snapshot_work(rs_feed_t *feed) {
    for (uint32_t tried = 0; tried < RS__FEED_JOBS; tried++) {
        rs__feed_job_t *job = &feed->jobs[feed->job_next];
        feed->job_next = (feed->job_next + 1) % RS__FEED_JOBS;
        if (job->is_running && !job->is_blocked) {
            work_job(feed, job);
            return;
        }
    }
}

bool rs__snapshot_can_work(const rs_feed_t *feed) {
    for (size_t i = 0; i < RS__FEED_JOBS; i++) {
        if (feed->jobs[i].is_running && !feed->jobs[i].is_blocked) return true;
    }
    return false;
}

bool rs__snapshot_is_blocked(const rs_feed_t *feed) {
    for (size_t i = 0; i < RS__FEED_JOBS; i++) {
        if (feed->jobs[i].is_running && feed->jobs[i].is_blocked) return true;
    }
    return false;
}

void rs__snapshot_retry(rs_feed_t *feed) {
    for (size_t i = 0; i < RS__FEED_JOBS; i++) {
        rs__feed_job_t *job = &feed->jobs[i];
        if (!job->is_running || !job->is_blocked) continue;
        job->is_blocked = false;
        if (uv_now(feed->options.loop) - job->moved_ms < JOB_TIMEOUT_MS) continue;
        job->is_running = false;
        feed->stats.snapshots_timed_out++;
        send_error(feed, job->peer, job->peer_len, "TIMEOUT", "the snapshot was not read for 10 s");
    }
}
