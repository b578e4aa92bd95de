/* Replies go out in the order NACKs, WELCOME, ACK, so that a NACK always comes before what settles its number. Replies that
 * a peer's full queue does not take wait in the session (NACKs) or are simply still due (WELCOME, ACK say the present state,
 * one is as good as many); ERROR and PONG are dropped then, the producer asks again. */
#include "ingest/ingest_internal.h"

#include "base/decimal.h"

#include <errno.h>

enum { RETRY_MS = 10 };

typedef enum send_result { SENT, PEER_FULL, PEER_GONE } send_result_t;

static rs_str_t routing_of(const rs_session_t *session) {
    return (rs_str_t){.data = (const char *)session->routing, .len = session->routing_len};
}

/* With ROUTER_MANDATORY the routing id decides: once ZeroMQ has taken that frame it takes the others of the message too. */
static send_result_t send_frames(rs_ingest_t *ingest, rs_str_t routing, const rs_str_t *frames, uint32_t count) {
    if (zmq_send(ingest->router, routing.data, routing.len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        return zmq_errno() == EAGAIN ? PEER_FULL : PEER_GONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        const int flags = ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0);
        if (zmq_send(ingest->router, frames[i].data, frames[i].len, flags) < 0) return PEER_GONE;
    }
    return SENT;
}

/* --- sent at once, or not at all ------------------------------------------------------------------------------------ */
static void send_or_drop(rs_ingest_t *ingest, rs_str_t routing, const rs_str_t *frames, uint32_t count) {
    if (send_frames(ingest, routing, frames, count) != SENT) ingest->stats.replies_dropped++;
}

void rs__reply_error(rs_ingest_t *ingest, rs_str_t routing, rs_ingest_error_t error, rs_str_t detail, bool is_delimited) {
    ingest->stats.errors[error]++;
    const rs_str_t frames[] = {RS_STR(""), RS_STR(RS_FRAMES_VERSION), RS_STR("ERROR"), rs_str(rs_ingest_error_name(error)),
                               rs_str(rs_ingest_error_text(error)), detail};
    /* A REQ socket shows its program only what begins with the empty frame that it has sent itself. */
    const uint32_t skip = is_delimited ? 0 : 1;
    send_or_drop(ingest, routing, frames + skip, (uint32_t)RS_ARRAY_LEN(frames) - skip);
}

void rs__reply_error_number(rs_ingest_t *ingest, rs_str_t routing, rs_ingest_error_t error, uint64_t detail) {
    char digits[RS_DECIMAL_MAX];
    const uint32_t len = rs_decimal_format(detail, digits);
    rs__reply_error(ingest, routing, error, (rs_str_t){.data = digits, .len = len}, false);
}

void rs__reply_pong(rs_ingest_t *ingest, uint32_t slot) {
    const rs_str_t frames[] = {RS_STR(RS_FRAMES_VERSION), RS_STR("PONG")};
    send_or_drop(ingest, routing_of(rs_sessions_get(ingest->sessions, slot)), frames, RS_ARRAY_LEN(frames));
}

/* --- what is due ---------------------------------------------------------------------------------------------------- */
static void make_due(rs_ingest_t *ingest, uint32_t slot) {
    rs_session_t *session = rs_sessions_get(ingest->sessions, slot);
    if (session->is_due || !session->attached) return;
    session->is_due = true;
    session->next_due = RS_SESSIONS_NONE;
    if (ingest->due_first == RS_SESSIONS_NONE) ingest->due_first = slot;
    else rs_sessions_get(ingest->sessions, ingest->due_last)->next_due = slot;
    ingest->due_last = slot;
}

void rs__reply_nack(rs_ingest_t *ingest, uint32_t slot, uint64_t number, const rs_refused_t *refused) {
    rs_nack_t nack = {.number = number, .reason = (uint8_t)refused->reason, .len = refused->len};
    memcpy(nack.field, refused->field, sizeof nack.field);
    nack.field[sizeof nack.field - 1] = '\0';
    if (!rs_sessions_push_nack(ingest->sessions, slot, &nack)) {
        ingest->stats.replies_dropped++;
        return;
    }
    make_due(ingest, slot);
}

void rs__reply_welcome(rs_ingest_t *ingest, uint32_t slot) {
    rs_sessions_get(ingest->sessions, slot)->welcome_due = true;
    make_due(ingest, slot);
}

void rs__reply_ack(rs_ingest_t *ingest, uint32_t slot) {
    rs_session_t *session = rs_sessions_get(ingest->sessions, slot);
    session->ack_due = session->attached;
    make_due(ingest, slot);
}

static const char *refusal_text(unsigned reason) {
    switch ((rs_refusal_t)reason) {
        case RS_REFUSAL_MALFORMED: return "not an event in the encoding that HELLO named";
        case RS_REFUSAL_MISSING_FIELD: return "the field is required";
        case RS_REFUSAL_BAD_TYPE: return "the field has the wrong type";
        case RS_REFUSAL_BAD_TIME: return "not a time between 1970 and 2261: RFC 3339 with zone, or microseconds";
        case RS_REFUSAL_OUT_OF_RANGE: return "the number is out of range";
        case RS_REFUSAL_TOO_LONG: return "the string is too long";
        case RS_REFUSAL_NOT_UTF8: return "the string is not UTF-8";
        case RS_REFUSAL_BAD_VALUE: return "the value is not one of those allowed";
        case RS_REFUSAL_UNKNOWN_TYPE: return "this version does not know the event type";
        case RS_REFUSAL_TOO_LARGE: return "longer than the limit";
        case RS_REFUSAL_TOO_LATE: return "older than time.lateness allows";
        case RS_REFUSAL_FUTURE: return "further ahead of its arrival than time.future allows";
        case RS_REFUSAL_LIMIT: return "a configured limit was reached";
        case RS_REFUSAL_NONE:
        case RS_REFUSAL_DUPLICATE:
        case RS_REFUSAL_COUNT: break;
    }
    return "";
}

static send_result_t send_nack(rs_ingest_t *ingest, const rs_session_t *session, const rs_nack_t *nack) {
    char number[RS_DECIMAL_MAX], len[RS_DECIMAL_MAX];
    const rs_str_t frames[] = {RS_STR(RS_FRAMES_VERSION),
                               RS_STR("NACK"),
                               {.data = number, .len = rs_decimal_format(nack->number, number)},
                               rs_str(rs_refusal_name(nack->reason)),
                               rs_str(nack->field),
                               {.data = len, .len = rs_decimal_format(nack->len, len)},
                               rs_str(refusal_text(nack->reason))};
    return send_frames(ingest, routing_of(session), frames, RS_ARRAY_LEN(frames));
}

static send_result_t send_welcome(rs_ingest_t *ingest, const rs_session_t *session) {
    char mark[RS_DECIMAL_MAX], events[RS_DECIMAL_MAX], bytes[RS_DECIMAL_MAX], longest[RS_DECIMAL_MAX];
    const rs_str_t frames[] = {
        RS_STR(RS_FRAMES_VERSION),
        RS_STR("WELCOME"),
        {.data = mark, .len = rs_decimal_format(session->mark, mark)},
        {.data = events, .len = rs_decimal_format(ingest->credit_events, events)},
        {.data = bytes, .len = rs_decimal_format(ingest->credit_bytes, bytes)},
        {.data = longest, .len = rs_decimal_format(ingest->config->limits.message_bytes, longest)}};
    return send_frames(ingest, routing_of(session), frames, RS_ARRAY_LEN(frames));
}

static send_result_t send_ack(rs_ingest_t *ingest, const rs_session_t *session) {
    char mark[RS_DECIMAL_MAX], events[RS_DECIMAL_MAX], bytes[RS_DECIMAL_MAX];
    const rs_str_t frames[] = {RS_STR(RS_FRAMES_VERSION),
                               RS_STR("ACK"),
                               {.data = mark, .len = rs_decimal_format(session->mark, mark)},
                               {.data = events, .len = rs_decimal_format(ingest->credit_events, events)},
                               {.data = bytes, .len = rs_decimal_format(ingest->credit_bytes, bytes)}};
    return send_frames(ingest, routing_of(session), frames, RS_ARRAY_LEN(frames));
}

/* Everything that is due to one session, until its peer takes no more. */
static send_result_t flush_session(rs_ingest_t *ingest, uint32_t slot) {
    rs_session_t *session = rs_sessions_get(ingest->sessions, slot);
    const rs_nack_t *nack;
    while ((nack = rs_sessions_first_nack(ingest->sessions, slot)) != NULL) {
        const send_result_t result = send_nack(ingest, session, nack);
        if (result != SENT) return result;
        rs_sessions_pop_nack(ingest->sessions, slot);
        ingest->stats.nacks++;
    }
    if (session->welcome_due) {
        const send_result_t result = send_welcome(ingest, session);
        if (result != SENT) return result;
        session->welcome_due = false;
    }
    if (session->ack_due) {
        const send_result_t result = send_ack(ingest, session);
        if (result != SENT) return result;
        session->ack_due = false;
        ingest->stats.acks++;
    }
    return SENT;
}

static void on_retry(uv_timer_t *timer) {
    rs_ingest_t *ingest = timer->data;
    ingest->is_retrying = false;
    rs__replies_flush(ingest);
}

void rs__replies_flush(rs_ingest_t *ingest) {
    uint32_t slot = ingest->due_first;
    ingest->due_first = ingest->due_last = RS_SESSIONS_NONE;
    while (slot != RS_SESSIONS_NONE) {
        rs_session_t *session = rs_sessions_get(ingest->sessions, slot);
        const uint32_t next = session->next_due;
        session->is_due = false;
        const send_result_t result = session->attached ? flush_session(ingest, slot) : SENT;
        if (result == PEER_FULL) make_due(ingest, slot);
        if (result == PEER_GONE) rs_sessions_detach(ingest->sessions, slot);
        slot = next;
    }
    if (ingest->due_first != RS_SESSIONS_NONE && !ingest->is_retrying) {
        ingest->is_retrying = uv_timer_start(ingest->retry_timer, on_retry, RETRY_MS, 0) == 0;
    }
}
