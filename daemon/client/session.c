/* One rule keeps this simple: whatever goes wrong on a connection, the cure is HELLO. Its WELCOME says the mark, and sending
 * begins again right after it; what the daemon had taken already it skips by number. Answers on one connection come in
 * order, so everything that comes before the WELCOME concerns what was before the HELLO, and only NACKs still count. */
#include "client/client_internal.h"

#include "base/decimal.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#define HELLO_RETRY_US (5 * RS_US_PER_S)
#define PING_EVERY_US (10 * RS_US_PER_S)
#define NO_PROGRESS_US (5 * RS_US_PER_S)
#define SILENCE_US (60 * RS_US_PER_S)   /* a half-open connection; a daemon that reads nothing for so long loses nothing by it */
#define OUTPUT_RETRY_US (10 * RS_US_PER_MS)
#define FIRST_PAUSE_US (20 * RS_US_PER_MS)
#define LONGEST_PAUSE_US (5 * RS_US_PER_S)
enum { SUFFIX_LEN = 8 };   /* of a renewed incarnation */

static rs__sent_t *sent_at(const rs__session_t *session, uint64_t number) {
    return &session->window[number & (RS__WINDOW - 1)];
}

int rs__session_init(rs_client_t *client, const char *incarnation) {
    rs__session_t *session = &client->session;
    session->window = calloc(RS__WINDOW, sizeof *session->window);
    if (session->window == NULL) return RS_ERR_MEMORY;
    snprintf(session->incarnation, sizeof session->incarnation, "%s", incarnation);
    session->next_to_send = session->peeked_end = 1;
    session->fence = RS__SPOOL_NO_FENCE;
    return RS_OK;
}

void rs__session_go_on(rs_client_t *client, const rs__spool_facts_t *facts) {
    rs__session_t *session = &client->session;
    session->settled = facts->settled;
    session->next_to_send = session->peeked_end = facts->settled + 1;
    session->fence = facts->fence;
    session->synced = facts->last;   /* open has synced */
    session->highest_sent = facts->last < facts->fence ? facts->last : facts->fence;   /* by the run before, perhaps */
    atomic_store_explicit(&client->settled, facts->settled, memory_order_relaxed);
}

static void peek_spool(rs_client_t *client) {
    rs__session_t *session = &client->session;
    rs_ring_record_t record;
    while (session->peeked_end - session->settled <= RS__WINDOW - 1 && rs_ring_peek(client->spool, &record)) {
        *sent_at(session, session->peeked_end++) = (rs__sent_t){.bytes = (const char *)record.bytes + client->prefix,
                                                                .len = record.len - (uint32_t)client->prefix, .position = record.position};
    }
}

void rs__session_deinit(rs_client_t *client) {
    free(client->session.window);
    client->session.window = NULL;
}

/* --- what is settled ------------------------------------------------------------------------------------------------ */
static void tell_disk_trouble(rs_client_t *client, const char *code, const char *text) {
    rs__count(&client->disk_errors, 1);
    if (client->on_error != NULL) client->on_error(client->context, code, text);
}

/* Before the ring gives the record back. A mark that is not written is made good by the next one. */
static void settle_on_disk(rs_client_t *client, uint64_t mark) {
    uint64_t end;
    if (client->disk == NULL) return;
    memcpy(&end, sent_at(&client->session, mark)->bytes - client->prefix, sizeof end);
    if (rs__spool_settle(client->disk, mark, end) != RS_OK) {
        tell_disk_trouble(client, "spool_write", "the spool file cannot be written; what was acknowledged stays in it for now");
    }
}

/* Gives back the spool up to `mark`, which is below peeked_end, and tells everybody. */
static void settle(rs_client_t *client, uint64_t mark, int64_t now_us) {
    rs__session_t *session = &client->session;
    if (mark <= session->settled) return;
    for (uint64_t number = session->settled + 1; number <= mark && number < session->next_to_send; number++) {
        session->outstanding_bytes -= sent_at(session, number)->len;
    }
    settle_on_disk(client, mark);
    rs_ring_release(client->spool, sent_at(session, mark)->position);
    session->settled = mark;
    if (session->next_to_send <= mark) session->next_to_send = mark + 1;
    session->progress_at_us = now_us;
    session->pause_us = 0;
    session->is_pinged_for_progress = false;
    if (client->on_ack != NULL) client->on_ack(client->context, mark);
    pthread_mutex_lock(&client->settled_lock);
    atomic_store_explicit(&client->settled, mark, memory_order_release);
    pthread_cond_broadcast(&client->settled_moved);
    pthread_mutex_unlock(&client->settled_lock);
}

/* --- links ---------------------------------------------------------------------------------------------------------- */
static void set_link(rs_client_t *client, rs__link_t link) {
    client->session.link = link;
    atomic_store_explicit(&client->connected, link == RS__LINK_READY, memory_order_relaxed);
}

static void say_hello(rs_client_t *client, int64_t now_us) {
    char next[RS_DECIMAL_MAX];
    const rs_str_t frames[] = {RS_STR("RS1"), RS_STR("HELLO"), rs_str(client->source),
                               rs_str(client->session.incarnation),
                               client->encoding == RS_CLIENT_JSON ? RS_STR("json") : RS_STR("protobuf"),
                               {.data = next, .len = rs_decimal_format(client->session.settled + 1, next)}};
    const int status = rs__client_send_frames(client, frames, RS_ARRAY_LEN(frames));
    client->session.hello_at_us = now_us;
    if (status == RS_OK) {
        set_link(client, RS__LINK_HELLO);
    } else {
        set_link(client, RS__LINK_PAUSED);
        client->session.pause_until_us = now_us + OUTPUT_RETRY_US;
    }
}

/* HELLO after a pause that doubles as long as nothing gets settled. */
static void pause_then_hello(rs_client_t *client, int64_t first_us, int64_t now_us) {
    rs__session_t *session = &client->session;
    session->pause_us = session->pause_us == 0 ? first_us : session->pause_us * 2;
    if (session->pause_us > LONGEST_PAUSE_US) session->pause_us = LONGEST_PAUSE_US;
    session->pause_until_us = now_us + session->pause_us;
    set_link(client, RS__LINK_PAUSED);
}

/* The daemon remembers another session of this name: one that went further than ours (the name is used twice), or less far
 * than it has acknowledged (it was set back). Numbers cannot be made to agree, so we become a new session; should an event
 * be in both, its own identity (event_id or seq) makes it count once. */
static void renew_incarnation(rs_client_t *client, int64_t now_us) {
    rs__session_t *session = &client->session;
    char *suffix = strrchr(session->incarnation, '~');
    if (suffix != NULL && strlen(suffix) == SUFFIX_LEN) *suffix = '\0';
    const size_t len = strlen(session->incarnation);
    /* At random, not counted: a spool that was set back by a loss of power would count to the same name again. */
    snprintf(session->incarnation + len, sizeof session->incarnation - len, "~%07x", randombytes_random() & 0xFFFFFFF);
    session->fence = RS__SPOOL_NO_FENCE;
    if (client->disk != NULL && rs__spool_rename(client->disk, session->incarnation) != RS_OK) {
        tell_disk_trouble(client, "spool_write", "the spool file cannot be written; it does not know the new incarnation");
    }
    say_hello(client, now_us);
}

/* All that may go out under this incarnation is settled. */
static bool is_at_fence(const rs__session_t *session) { return session->fence != RS__SPOOL_NO_FENCE && session->settled >= session->fence; }

void rs__session_on_connected(rs_client_t *client, int64_t now_us) {
    client->session.heard_at_us = now_us;
    say_hello(client, now_us);
}

void rs__session_on_disconnected(rs_client_t *client) {
    if (client->session.link != RS__LINK_DOWN) rs__count(&client->disconnects, 1);
    set_link(client, RS__LINK_DOWN);
}

/* --- answers -------------------------------------------------------------------------------------------------------- */
static void take_credit(rs__session_t *session, const rs__answer_t *answer) {
    session->credit_events = answer->credit_events;
    session->credit_bytes = answer->credit_bytes;
}

/* Up to `mark`, which was sent, in steps of what the window holds. */
static void settle_in_steps(rs_client_t *client, uint64_t mark, int64_t now_us) {
    rs__session_t *session = &client->session;
    peek_spool(client);
    while (mark >= session->peeked_end) {
        settle(client, session->peeked_end - 1, now_us);
        peek_spool(client);
    }
    settle(client, mark, now_us);
}

static void on_welcome(rs_client_t *client, const rs__answer_t *answer, int64_t now_us) {
    rs__session_t *session = &client->session;
    if (session->link != RS__LINK_HELLO) return;
    const uint64_t mark = answer->number;
    /* A fence says that the spool on disk has lost its end, so the daemon may well be further than it. */
    const bool is_past_fence = session->fence != RS__SPOOL_NO_FENCE && mark > session->fence;
    if (is_past_fence) settle_in_steps(client, session->fence, now_us);
    /* Mark 0 is a daemon that does not know us: it lets us begin with any number. */
    if (is_at_fence(session) || mark > session->highest_sent || (mark != 0 && mark < session->settled)) {
        renew_incarnation(client, now_us);
        return;
    }
    settle_in_steps(client, mark, now_us);
    if (is_at_fence(session)) {
        renew_incarnation(client, now_us);
        return;
    }
    session->next_to_send = session->settled + 1;
    session->outstanding_bytes = 0;
    session->max_message = answer->max_message;
    session->progress_at_us = session->ping_at_us = now_us;
    session->is_pinged_for_progress = false;
    take_credit(session, answer);
    set_link(client, RS__LINK_READY);
    rs__count(&client->welcomes, 1);
}

static void on_nack(rs_client_t *client, const rs__answer_t *answer) {
    const rs__session_t *session = &client->session;
    if (answer->number <= session->settled || answer->number > session->highest_sent) return;
    rs__count(&client->refused, 1);
    if (client->on_refused == NULL) return;
    char reason[64], field[64];
    snprintf(reason, sizeof reason, "%.*s", (int)answer->reason.len, answer->reason.data);
    snprintf(field, sizeof field, "%.*s", (int)answer->field.len, answer->field.data);
    client->on_refused(client->context, answer->number, reason, field);
}

static void on_error(rs_client_t *client, const rs__answer_t *answer, int64_t now_us) {
    rs__count(&client->errors, 1);
    if (client->session.link == RS__LINK_DOWN) return;
    if (rs_str_equal(answer->code, RS_STR("no_hello"))) {
        if (client->session.link == RS__LINK_READY) say_hello(client, now_us);
        return;
    }
    if (rs_str_equal(answer->code, RS_STR("gap")) || rs_str_equal(answer->code, RS_STR("over_credit"))) {
        if (client->session.link == RS__LINK_READY) pause_then_hello(client, FIRST_PAUSE_US, now_us);
        return;
    }
    pause_then_hello(client, RS_US_PER_S, now_us);
    if (client->on_error == NULL) return;
    char code[64], text[256];
    snprintf(code, sizeof code, "%.*s", (int)answer->code.len, answer->code.data);
    snprintf(text, sizeof text, "%.*s", (int)answer->text.len, answer->text.data);
    client->on_error(client->context, code, text);
}

void rs__session_on_answer(rs_client_t *client, const rs__answer_t *answer, int64_t now_us) {
    rs__session_t *session = &client->session;
    session->heard_at_us = now_us;
    switch (answer->kind) {
        case RS__ANSWER_WELCOME: on_welcome(client, answer, now_us); break;
        case RS__ANSWER_NACK: on_nack(client, answer); break;
        case RS__ANSWER_ERROR: on_error(client, answer, now_us); break;
        case RS__ANSWER_ACK:
            if (session->link != RS__LINK_READY) break;
            take_credit(session, answer);
            /* A mark above what was ever sent is no answer to us; what was sent before a reconnection counts. */
            if (answer->number <= session->highest_sent) settle_in_steps(client, answer->number, now_us);
            if (is_at_fence(session)) renew_incarnation(client, now_us);
            break;
        case RS__ANSWER_PONG:
            /* The daemon reads, and yet nothing was settled since we asked: an answer was lost on the way. */
            if (session->link == RS__LINK_READY && session->is_pinged_for_progress) say_hello(client, now_us);
            break;
        case RS__ANSWER_NONE: break;
    }
}

/* --- sending -------------------------------------------------------------------------------------------------------- */
/* How many events, from next_to_send on, the next batch may hold, and their bytes. A batch that is alone in flight may
 * have more bytes than the credit, else a small credit would stop everything. */
static uint32_t plan_batch(const rs_client_t *client, size_t *bytes_out) {
    const rs__session_t *session = &client->session;
    uint64_t end = session->peeked_end;
    const uint64_t allowed = session->settled + session->credit_events;
    if (end > allowed + 1) end = allowed + 1;
    if (session->fence != RS__SPOOL_NO_FENCE && end > session->fence + 1) end = session->fence + 1;
    uint32_t count = 0;
    size_t bytes = 0;
    for (uint64_t number = session->next_to_send; number < end && count < client->batch_events; number++, count++) {
        const size_t longer = bytes + sent_at(session, number)->len;
        if (longer > session->max_message && count > 0) break;
        if (session->outstanding_bytes + longer > session->credit_bytes && session->outstanding_bytes + bytes > 0) break;
        bytes = longer;
    }
    *bytes_out = bytes;
    return count;
}

static int send_batch(rs_client_t *client, uint32_t count, size_t bytes) {
    rs__session_t *session = &client->session;
    /* A copy: the spool may be given back before this message has left, when an earlier sending of it is acknowledged. */
    zmq_msg_t message;
    if (zmq_msg_init_size(&message, bytes) != 0) return RS_ERR_AGAIN;
    char *payload = zmq_msg_data(&message);
    for (uint32_t i = 0; i < count; i++) {
        const rs__sent_t *sent = sent_at(session, session->next_to_send + i);
        memcpy(payload, sent->bytes, sent->len);
        payload += sent->len;
    }
    char number[RS_DECIMAL_MAX];
    const rs_str_t frames[] = {RS_STR("RS1"), RS_STR("BATCH"),
                               {.data = number, .len = rs_decimal_format(session->next_to_send, number)}};
    for (uint32_t i = 0; i < RS_ARRAY_LEN(frames); i++) {
        if (zmq_send(client->socket, frames[i].data, frames[i].len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&message);   /* only the first frame is ever refused */
            return RS_ERR_AGAIN;
        }
    }
    if (zmq_msg_send(&message, client->socket, ZMQ_DONTWAIT) < 0) zmq_msg_close(&message);
    return RS_OK;
}

static void after_batch(rs_client_t *client, uint32_t count, size_t bytes, int64_t now_us) {
    rs__session_t *session = &client->session;
    if (session->outstanding_bytes == 0) session->progress_at_us = now_us;
    const uint64_t end = session->next_to_send + count;
    if (session->next_to_send <= session->highest_sent) {
        const uint64_t before = session->highest_sent + 1 < end ? session->highest_sent + 1 : end;
        rs__count(&client->resent, before - session->next_to_send);
    }
    session->outstanding_bytes += bytes;
    session->next_to_send = end;
    if (end - 1 > session->highest_sent) session->highest_sent = end - 1;
    rs__count(&client->batches, 1);
}

static bool has_unsent(const rs__session_t *session) { return session->next_to_send < session->peeked_end; }

static bool is_batch_due(const rs_client_t *client, int64_t now_us) {
    const rs__session_t *session = &client->session;
    return session->peeked_end - session->next_to_send >= client->batch_events ||
           now_us - session->unsent_since_us >= client->batch_delay_us ||
           session->next_to_send <= session->highest_sent ||   /* a resend has waited long enough */
           atomic_load_explicit(&client->flushing, memory_order_relaxed) > 0;
}

/* What is sent is on disk before, where that is asked for. */
static void sync_disk(rs_client_t *client) {
    rs__session_t *session = &client->session;
    const uint64_t last = session->peeked_end - 1;
    if (client->disk == NULL || session->synced >= last) return;
    session->synced = last;
    if (rs__spool_sync(client->disk) != RS_OK) {
        tell_disk_trouble(client, "spool_sync", "the spool file could not be forced to the disk; from now on it survives the program only");
    }
}

static void send_batches(rs_client_t *client, int64_t now_us) {
    rs__session_t *session = &client->session;
    session->wants_output = false;
    while (has_unsent(session)) {
        if (session->unsent_since_us == 0) session->unsent_since_us = now_us;
        if (!is_batch_due(client, now_us)) return;
        size_t bytes;
        const uint32_t count = plan_batch(client, &bytes);
        if (count == 0) return;   /* an ACK will bring credit */
        sync_disk(client);
        if (send_batch(client, count, bytes) != RS_OK) {
            session->wants_output = true;
            return;
        }
        after_batch(client, count, bytes, now_us);
        session->unsent_since_us = has_unsent(session) ? now_us : 0;
        peek_spool(client);
    }
    session->unsent_since_us = 0;
}

/* --- time ----------------------------------------------------------------------------------------------------------- */
static void say_ping(rs_client_t *client, int64_t now_us) {
    const rs_str_t frames[] = {RS_STR("RS1"), RS_STR("PING")};
    rs__session_t *session = &client->session;
    session->ping_at_us = now_us;
    if (rs__client_send_frames(client, frames, RS_ARRAY_LEN(frames)) != RS_OK) return;
    session->is_pinged_for_progress = session->outstanding_bytes > 0 && now_us - session->progress_at_us >= NO_PROGRESS_US;
}

static int64_t ping_due_us(const rs__session_t *session) {
    const int64_t regular = session->ping_at_us + PING_EVERY_US;
    if (session->outstanding_bytes == 0) return regular;
    const int64_t last = session->ping_at_us > session->progress_at_us ? session->ping_at_us : session->progress_at_us;
    return last + NO_PROGRESS_US < regular ? last + NO_PROGRESS_US : regular;
}

static int64_t sooner(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t work_when_ready(rs_client_t *client, int64_t now_us) {
    rs__session_t *session = &client->session;
    if (now_us >= ping_due_us(session)) say_ping(client, now_us);
    send_batches(client, now_us);
    int64_t again = ping_due_us(session);
    if (session->wants_output) again = sooner(again, now_us + OUTPUT_RETRY_US);
    else if (has_unsent(session) && !is_batch_due(client, now_us)) {
        again = sooner(again, session->unsent_since_us + client->batch_delay_us);
    }
    return again;
}

static bool is_silent_too_long(const rs__session_t *session, int64_t now_us) {
    if (session->link == RS__LINK_DOWN || (session->link == RS__LINK_READY && session->outstanding_bytes == 0)) return false;
    const int64_t last = session->heard_at_us > session->progress_at_us ? session->heard_at_us : session->progress_at_us;
    return now_us - last >= SILENCE_US;
}

int64_t rs__session_work(rs_client_t *client, int64_t now_us) {
    rs__session_t *session = &client->session;
    peek_spool(client);
    if (is_silent_too_long(session, now_us)) {
        rs__session_on_disconnected(client);
        rs__client_reconnect(client);
    }
    if (session->link == RS__LINK_PAUSED && now_us >= session->pause_until_us) say_hello(client, now_us);
    if (session->link == RS__LINK_HELLO && now_us >= session->hello_at_us + HELLO_RETRY_US) say_hello(client, now_us);
    switch (session->link) {
        case RS__LINK_READY: return work_when_ready(client, now_us);
        case RS__LINK_HELLO: return session->hello_at_us + HELLO_RETRY_US;
        case RS__LINK_PAUSED: return session->pause_until_us;
        case RS__LINK_DOWN: break;
    }
    return now_us + PING_EVERY_US;
}

uint64_t rs__session_wake_at(const rs_client_t *client) {
    const rs__session_t *session = &client->session;
    if (session->link != RS__LINK_READY || session->wants_output) return UINT64_MAX;
    if (session->peeked_end - session->settled > RS__WINDOW - 1) return UINT64_MAX;
    if (!has_unsent(session)) return session->peeked_end;
    const uint64_t full_batch = session->next_to_send + client->batch_events - 1;
    /* A full batch that is not sent now waits for credit, not for events. */
    return session->peeked_end > full_batch ? UINT64_MAX : full_batch;
}
