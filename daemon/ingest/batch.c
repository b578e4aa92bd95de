/* One message is decoded straight into the sink. When the sink is full in the middle, the message is kept, and decoding goes
 * on later at the place where it stopped: after the last event that was dealt with, when the decoder lent its bytes out of
 * the message itself, else from the last such place with the events in between skipped by count. */
#include "ingest/ingest_internal.h"

#include "base/planted.h"

enum { MAX_SESSION_NACKS = 4096 };   /* waiting for a peer that does not read; more are not taken from it */

typedef enum stop { STOP_NONE = 0, STOP_FULL, STOP_CREDIT } stop_t;

typedef struct run {
    rs_ingest_t *ingest;
    rs_session_t *session;   /* NULL: plain */
    uint32_t already_done;   /* the first so many events of this run were dealt with before */
    bool is_credit_checked;
    bool has_taken, has_skipped;
    uint64_t position;       /* of the last record submitted */
    stop_t stop;
} run_t;

static size_t payload_size(const rs__batch_t *batch) { return zmq_msg_size(&batch->message); }
static const char *payload(rs__batch_t *batch) { return zmq_msg_data(&batch->message); }

/* --- one event ------------------------------------------------------------------------------------------------------ */
static int submit_event(rs_ingest_t *ingest, const rs_event_t *event, rs_origin_t origin, uint64_t *position) {
    const rs_ingest_sink_t *sink = &ingest->sink;
    if (event->customer.len == 0) {
        return sink->submit_event(sink->context, event, ingest->arrival_us, origin, position);
    }
    uint8_t pseudonym[RS_PSEUDONYM_BYTES];
    rs_pseudonym(ingest->key, event->tenant, event->customer, pseudonym);
    rs_event_t veiled = *event;
    veiled.customer = (rs_str_t){.data = (const char *)pseudonym, .len = RS_PSEUDONYM_BYTES};
    veiled.present |= RS_HAS_PSEUDONYM;
    return sink->submit_event(sink->context, &veiled, ingest->arrival_us, origin, position);
}

static int submit_refusal(const run_t *run, const rs_refused_t *refused, rs_str_t bytes, rs_origin_t origin,
                          uint64_t *position) {
    rs_ingest_t *ingest = run->ingest;
    rs_str_t source = rs_str(refused->source);
    if (source.len == 0 && run->session != NULL) {
        source = (rs_str_t){.data = run->session->source, .len = run->session->source_len};
    }
    const uint64_t hash = rs_refused_hash(ingest->key, bytes);
    return ingest->sink.submit_refusal(ingest->sink.context, source, refused, hash, ingest->arrival_us, origin, position);
}

static void count_taken(const run_t *run, const rs_refused_t *refused) {
    rs_ingest_stats_t *stats = &run->ingest->stats;
    const bool is_plain = run->session == NULL;
    *(is_plain ? &stats->plain_events : &stats->events) += 1;
    if (refused != NULL) stats->refused[refused->reason]++;
    else *(is_plain ? &stats->plain_accepted : &stats->accepted) += 1;
}

/* May the session put more into flight? Asked once per batch, so a batch that begins within the credit is taken whole. Bytes
 * may go over by one message: a producer that reconnected counts its batches anew, cut at other places than before. */
static bool is_within_credit(run_t *run) {
    const rs_session_t *session = run->session;
    const rs_ingest_t *ingest = run->ingest;
    if (run->is_credit_checked || ingest->batch.bytes_charged) return true;
    run->is_credit_checked = true;
    if (session->taken - session->mark >= ingest->credit_events) return false;
    const uint64_t bytes = session->in_flight_bytes + payload_size(&ingest->batch);
    return session->in_flight_bytes == 0 || bytes <= ingest->credit_bytes + ingest->config->limits.message_bytes;
}

/* May another NACK wait for this session's peer? */
static bool has_room_for_nack(const run_t *run) {
    if (run->session->nack_count < MAX_SESSION_NACKS) return true;
    rs__replies_flush(run->ingest);
    return run->session->nack_count < MAX_SESSION_NACKS;
}

/* The sink learns who a session is before its first event. */
static int announce(const run_t *run) {
    const rs_ingest_t *ingest = run->ingest;
    rs_session_t *session = run->session;
    if (session == NULL || session->announced || ingest->sink.submit_session == NULL) return RS_OK;
    const rs_str_t source = {.data = session->source, .len = session->source_len};
    const rs_str_t incarnation = {.data = session->incarnation, .len = session->incarnation_len};
    const int status = ingest->sink.submit_session(ingest->sink.context, ingest->batch.slot + 1, source, incarnation);
    session->announced = status == RS_OK;
    return status;
}

static int submit(const run_t *run, const rs_event_t *event, const rs_refused_t *refused, rs_str_t bytes, rs_origin_t origin,
                  uint64_t *position) {
    const int status = announce(run);
    if (status != RS_OK) return status;
    return event != NULL ? submit_event(run->ingest, event, origin, position) : submit_refusal(run, refused, bytes, origin, position);
}

static bool take_event(run_t *run, uint64_t number, const rs_event_t *event, const rs_refused_t *refused, rs_str_t bytes) {
    rs_ingest_t *ingest = run->ingest;
    const bool is_plain = run->session == NULL;
    if (!is_plain && (!is_within_credit(run) || (refused != NULL && !has_room_for_nack(run)))) {
        run->stop = STOP_CREDIT;
        return false;
    }
    const rs_origin_t origin = {.session = is_plain ? 0 : ingest->batch.slot + 1, .number = is_plain ? 0 : number};
    uint64_t position = 0;
    if (submit(run, event, refused, bytes, origin, &position) != RS_OK) {
        run->stop = STOP_FULL;
        return false;
    }
    count_taken(run, refused);
    if (is_plain) return true;
    run->session->taken = number;
    run->position = position;
    run->has_taken = true;
    ingest->in_flight_events++;
    if (refused != NULL) rs__reply_nack(ingest, ingest->batch.slot, number, refused);
    return true;
}

/* Where decoding can go on after the event with these bytes; the old place when they are a copy. */
static void remember_place(rs__batch_t *batch, uint32_t index, rs_str_t bytes, size_t *place, uint32_t *events_before) {
    const uintptr_t begin = (uintptr_t)payload(batch), end = begin + payload_size(batch);
    const uintptr_t at = (uintptr_t)bytes.data;
    if (at < begin || at > end || bytes.len > end - at) return;
    *place = at - begin + bytes.len;
    *events_before = index + 1;
}

static bool on_decoded(void *context, uint32_t index, const rs_event_t *event, const rs_refused_t *refused,
                       rs_str_t bytes) {
    run_t *run = context;
    rs_ingest_t *ingest = run->ingest;
    rs__batch_t *batch = &ingest->batch;
    if (index < run->already_done) return true;
    const uint64_t number = batch->first_number + index;
    if (run->session != NULL && number + (RS_PLANTED(TAKE_ONE_AGAIN) ? 1 : 0) <= run->session->taken) {
        run->has_skipped = true;
        ingest->stats.skipped++;
    } else if (!take_event(run, number, event, refused, bytes)) {
        return false;
    }
    batch->done = index + 1;
    ingest->turn_events++;
    remember_place(batch, index, bytes, &batch->resume_offset, &batch->resume_events);
    return true;
}

/* --- one message ---------------------------------------------------------------------------------------------------- */
static void settle_run(run_t *run) {
    rs_ingest_t *ingest = run->ingest;
    rs__batch_t *batch = &ingest->batch;
    if (run->has_taken) {
        const uint64_t bytes = batch->bytes_charged ? 0 : payload_size(batch);
        batch->bytes_charged = true;
        rs__flight_add(ingest, batch->slot, run->position, run->session->taken, bytes);
    }
    if (run->has_skipped) rs__reply_ack(ingest, batch->slot);
}

static void keep_rest(rs_ingest_t *ingest) {
    rs__batch_t *batch = &ingest->batch;
    batch->offset = batch->resume_offset;
    batch->first_number += batch->resume_events;
    batch->done -= batch->resume_events;
    ingest->is_stalled = true;
}

static void refuse_rest(const run_t *run, rs_ingest_error_t error, uint64_t detail) {
    rs_ingest_t *ingest = run->ingest;
    const rs_session_t *session = run->session;
    if (session == NULL) {
        ingest->stats.plain_bad++;
    } else if (session->attached) {
        const rs_str_t routing = {.data = (const char *)session->routing, .len = session->routing_len};
        rs__reply_error_number(ingest, routing, error, detail);
    }
}

void rs__batch_take(rs_ingest_t *ingest) {
    rs__batch_t *batch = &ingest->batch;
    run_t run = {.ingest = ingest,
                 .session = batch->is_plain ? NULL : rs_sessions_get(ingest->sessions, batch->slot),
                 .already_done = batch->done};
    batch->resume_offset = batch->offset;
    batch->resume_events = 0;
    const int64_t seen = rs_decode(ingest->decoder, batch->encoding, payload(batch) + batch->offset,
                                   payload_size(batch) - batch->offset, on_decoded, &run);
    if (run.session != NULL) settle_run(&run);
    if (run.stop == STOP_FULL) {
        keep_rest(ingest);
        return;
    }
    if (run.stop == STOP_CREDIT) refuse_rest(&run, RS_INGEST_ERROR_OVER_CREDIT, run.session->taken + 1);
    if (seen < 0) refuse_rest(&run, RS_INGEST_ERROR_TOO_LARGE, ingest->config->limits.message_bytes);
    zmq_msg_close(&batch->message);
    batch->active = false;
}

void rs__batch_give_up(rs_ingest_t *ingest) {
    rs__batch_t *batch = &ingest->batch;
    if (!batch->active || batch->is_plain) return;
    const run_t run = {.ingest = ingest, .session = rs_sessions_get(ingest->sessions, batch->slot)};
    refuse_rest(&run, RS_INGEST_ERROR_UNAVAILABLE, run.session->taken + 1);
    zmq_msg_close(&batch->message);
    batch->active = false;
}

void rs__batch_begin(rs_ingest_t *ingest, bool is_plain, uint32_t slot, rs_encoding_t encoding, uint64_t first_number,
                     zmq_msg_t *message) {
    rs__batch_t *batch = &ingest->batch;
    *batch = (rs__batch_t){
        .active = true, .is_plain = is_plain, .slot = slot, .encoding = encoding, .first_number = first_number};
    zmq_msg_init(&batch->message);
    zmq_msg_move(&batch->message, message);
    rs__batch_take(ingest);
}
