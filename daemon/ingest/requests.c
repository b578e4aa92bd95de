#include "ingest/ingest_internal.h"

static void handle_hello(rs_ingest_t *ingest, rs_str_t routing, const rs_frames_request_t *request) {
    rs_sessions_hello_t hello;
    const int status = rs_sessions_hello(ingest->sessions, request->source, request->incarnation, routing,
                                         ingest->arrival_us, &hello);
    if (status != RS_OK) {
        rs__reply_error(ingest, routing, RS_INGEST_ERROR_TOO_MANY_SESSIONS, RS_STR(""), false);
        return;
    }
    if (hello.evicted_len > 0) {
        const rs_str_t evicted = {.data = (const char *)hello.evicted, .len = hello.evicted_len};
        rs__reply_error(ingest, evicted, RS_INGEST_ERROR_TAKEN_OVER, RS_STR(""), false);
        ingest->stats.takeovers++;
    }
    rs_session_t *session = rs_sessions_get(ingest->sessions, hello.slot);
    session->encoding = request->encoding;
    session->begin = request->first_number;
    rs__reply_welcome(ingest, hello.slot);
}

static void handle_batch(rs_ingest_t *ingest, uint32_t slot, rs_str_t routing, const rs_frames_request_t *request,
                         zmq_msg_t *payload) {
    rs_session_t *session = rs_sessions_get(ingest->sessions, slot);
    if (request->payload.len > ingest->config->limits.message_bytes) {
        rs__reply_error_number(ingest, routing, RS_INGEST_ERROR_TOO_LARGE, ingest->config->limits.message_bytes);
        return;
    }
    if (ingest->is_unavailable) {
        const uint64_t next = session->started ? session->taken + 1 : request->first_number;
        rs__reply_error_number(ingest, routing, RS_INGEST_ERROR_UNAVAILABLE, next);
        return;
    }
    if (!session->started) {
        /* A session that this daemon does not know may begin anywhere: a producer goes on with its lowest unacknowledged number, and
         * what came before is not ours to ask for. Where, it says at HELLO; of one that does not, the first batch decides. */
        session->started = true;
        session->mark = session->taken = (session->begin != 0 ? session->begin : request->first_number) - 1;
    }
    if (request->first_number > session->taken + 1) {
        rs__reply_error_number(ingest, routing, RS_INGEST_ERROR_GAP, session->taken + 1);
        return;
    }
    rs__batch_begin(ingest, false, slot, session->encoding, request->first_number, payload);
}

void rs__request_handle(rs_ingest_t *ingest, zmq_msg_t *frames, uint32_t frame_count, bool is_cut) {
    ingest->stats.messages++;
    const rs_str_t routing = {.data = zmq_msg_data(&frames[0]), .len = (uint32_t)zmq_msg_size(&frames[0])};
    rs_str_t parts[RS_INGEST_MAX_FRAMES + 1];
    const uint32_t count = frame_count - 1;
    for (uint32_t i = 0; i < count; i++) {
        parts[i] = (rs_str_t){.data = zmq_msg_data(&frames[i + 1]), .len = (uint32_t)zmq_msg_size(&frames[i + 1])};
    }
    rs_frames_request_t request;
    const char *detail = "";
    const rs_ingest_error_t error = rs_frames_parse(parts, is_cut ? RS_INGEST_MAX_FRAMES + 1 : count, &request, &detail);
    if (error != RS_INGEST_ERROR_NONE) {
        rs__reply_error(ingest, routing, error, rs_str(detail), count > 0 && parts[0].len == 0);
        return;
    }
    if (request.command == RS_FRAMES_HELLO) {
        handle_hello(ingest, routing, &request);
        return;
    }
    const uint32_t slot = rs_sessions_of_peer(ingest->sessions, routing);
    if (slot == RS_SESSIONS_NONE) {
        rs__reply_error(ingest, routing, RS_INGEST_ERROR_NO_HELLO, RS_STR(""), false);
        return;
    }
    rs_sessions_touch(ingest->sessions, slot, ingest->arrival_us);
    if (request.command == RS_FRAMES_PING) rs__reply_pong(ingest, slot);
    else handle_batch(ingest, slot, routing, &request, &frames[frame_count - 1]);
}
