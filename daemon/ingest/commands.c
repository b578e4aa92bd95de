#include "ingest/commands.h"

#include "base/decimal.h"
#include "ingest/ingest_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TURN_MESSAGES = 64, PEER = 255, EPISODE_TEXT = 32 };

typedef struct waiting {
    bool is_used, is_answered;
    uint8_t peer[PEER], act;
    uint8_t peer_len, id_len;
    char id[RS_COMMAND_ID];
    uint64_t number, position;
    uint64_t about;          /* the alert or silence that it named; then what the core says */
    int status;
} waiting_t;

struct rs_commands_door {
    rs_commands_sink_t sink;
    void *router;
    rs_zmq_watch_t *watch;
    char endpoint[256];
    uint64_t next_number;
    waiting_t waiting[RS_COMMANDS_WAITING];
    char frames[RS_COMMAND_FRAMES + 2][RS_COMMANDS_FRAME];   /* routing id, the frames that are kept, one that tells of more */
    rs_commands_stats_t stats;
};

/* --- answering ------------------------------------------------------------------------------------------------------ */
/* With ROUTER_MANDATORY the routing id decides: the frames after it are taken when it is. */
static void reply(rs_commands_door_t *door, rs_str_t peer, const rs_str_t *frames, uint32_t count) {
    bool sent = zmq_send(door->router, peer.data, peer.len, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0;
    for (uint32_t i = 0; sent && i < count; i++)
        sent = zmq_send(door->router, frames[i].data, frames[i].len, ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0)) >= 0;
    if (!sent) door->stats.dropped++;
}

static void refuse(rs_commands_door_t *door, rs_str_t peer, rs_str_t id, const char *reason, const char *field, const char *text) {
    const rs_str_t frames[] = {RS_STR("RS1"), RS_STR("REFUSED"), id, rs_str(reason), rs_str(field), rs_str(text)};
    door->stats.refused++;
    reply(door, peer, frames, RS_ARRAY_LEN(frames));
}

static bool is_of_silences(unsigned act) { return act == RS_COMMAND_SILENCE || act == RS_COMMAND_UNSILENCE; }

static void name_it(const waiting_t *waiting, char text[EPISODE_TEXT]) {
    if (is_of_silences(waiting->act)) snprintf(text, EPISODE_TEXT, "%" PRIu64, waiting->about);
    else snprintf(text, EPISODE_TEXT, "%" PRIu32 "-%" PRIu32, (uint32_t)(waiting->about >> 32), (uint32_t)waiting->about);
}

static void refuse_by_core(rs_commands_door_t *door, const waiting_t *waiting, rs_str_t peer, rs_str_t id) {
    const char *what = is_of_silences(waiting->act) ? "silence" : "alert", *field = is_of_silences(waiting->act) ? "silence" : "episode";
    char name[EPISODE_TEXT], text[RS_COMMAND_WHY];
    name_it(waiting, name);
    switch (waiting->status) {
        case RS_ERR_NOT_FOUND:
            snprintf(text, sizeof text, "there never was %s %s", what, name);
            refuse(door, peer, id, "not_found", field, text);
            return;
        case RS_ERR_STATE:
            if (waiting->act == RS_COMMAND_REVIEW)
                snprintf(text, sizeof text, "alert %s is still open; a review is of one that has ended", name);
            else if (waiting->act == RS_COMMAND_UNSILENCE) snprintf(text, sizeof text, "silence %s has ended already", name);
            else snprintf(text, sizeof text, "alert %s is closed; note, cause, action and review can still be said of it", name);
            refuse(door, peer, id, waiting->act == RS_COMMAND_REVIEW ? "open" : "closed", field, text);
            return;
        case RS_ERR_LIMIT: refuse(door, peer, id, "limit", "", "as many are there as can be (core/alert/care.h)"); return;
        default: refuse(door, peer, id, "failed", "", rs_status_text(waiting->status)); return;
    }
}

static void answer(rs_commands_door_t *door, const waiting_t *waiting) {
    const rs_str_t peer = {(const char *)waiting->peer, waiting->peer_len}, id = {waiting->id, waiting->id_len};
    char name[EPISODE_TEXT];
    if (waiting->status != RS_OK) {
        refuse_by_core(door, waiting, peer, id);
        return;
    }
    name_it(waiting, name);
    const rs_str_t frames[] = {RS_STR("RS1"), RS_STR("DONE"), id, rs_str(rs_command_name(waiting->act)), rs_str(name)};
    door->stats.done++;
    reply(door, peer, frames, RS_ARRAY_LEN(frames));
}

void rs_commands_on_answer(rs_commands_door_t *door, rs_origin_t origin, int status, uint64_t number) {
    for (uint32_t i = 0; i < RS_COMMANDS_WAITING; i++) {
        waiting_t *waiting = &door->waiting[i];
        if (!waiting->is_used || origin.session != 0 || waiting->number != origin.number) continue;
        waiting->is_answered = true;
        waiting->status = status;
        if (status == RS_OK) waiting->about = number;
        return;
    }
}

void rs_commands_on_settled(rs_commands_door_t *door, uint64_t position) {
    for (uint32_t i = 0; door->stats.waiting > 0 && i < RS_COMMANDS_WAITING; i++) {
        waiting_t *waiting = &door->waiting[i];
        if (!waiting->is_used || !waiting->is_answered || waiting->position > position) continue;
        answer(door, waiting);
        waiting->is_used = false;
        door->stats.waiting--;
    }
}

/* --- asking --------------------------------------------------------------------------------------------------------- */
static void list_silences(rs_commands_door_t *door, rs_str_t peer, rs_str_t id) {
    char text[RS_COMMANDS_SILENCE_TEXT];
    const rs_str_t head[] = {RS_STR("RS1"), RS_STR("SILENCES"), id};
    size_t len = door->sink.silence(door->sink.context, 0, text, sizeof text);
    bool sent = zmq_send(door->router, peer.data, peer.len, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0;
    for (uint32_t i = 0; sent && i < RS_ARRAY_LEN(head); i++)
        sent = zmq_send(door->router, head[i].data, head[i].len, ZMQ_DONTWAIT | (i < 2 || len > 0 ? ZMQ_SNDMORE : 0)) >= 0;
    for (uint32_t place = 1; sent && len > 0; place++) {
        char next[RS_COMMANDS_SILENCE_TEXT];
        const size_t next_len = door->sink.silence(door->sink.context, place, next, sizeof next);
        sent = zmq_send(door->router, text, len, ZMQ_DONTWAIT | (next_len > 0 ? ZMQ_SNDMORE : 0)) >= 0;
        memcpy(text, next, next_len);
        len = next_len;
    }
    if (!sent) door->stats.dropped++;
}

static waiting_t *free_place(rs_commands_door_t *door) {
    for (uint32_t i = 0; i < RS_COMMANDS_WAITING; i++)
        if (!door->waiting[i].is_used) return &door->waiting[i];
    return NULL;
}

static void take(rs_commands_door_t *door, rs_str_t peer, const rs_command_request_t *request) {
    waiting_t *waiting = free_place(door);
    const rs_command_t *command = &request->command;
    uint64_t position = 0;
    if (waiting == NULL) {
        refuse(door, peer, request->id, "busy", "", "too many commands are on their way; try again a second later");
        return;
    }
    const rs_origin_t origin = {.session = 0, .number = ++door->next_number};
    if (door->sink.submit(door->sink.context, command, origin, &position) != RS_OK) {
        refuse(door, peer, request->id, "unavailable", "",
               "the daemon cannot take it now (the disk fails, or it stops); nothing was changed");
        return;
    }
    *waiting = (waiting_t){.is_used = true, .act = command->what, .peer_len = (uint8_t)peer.len, .id_len = (uint8_t)request->id.len,
                           .number = origin.number, .position = position, .about = command->episode};
    memcpy(waiting->peer, peer.data, peer.len);
    if (request->id.len != 0) memcpy(waiting->id, request->id.data, request->id.len);
    door->stats.waiting++;
    door->stats.taken++;
}

static void handle(rs_commands_door_t *door, rs_str_t peer, const rs_str_t *frames, uint32_t count) {
    rs_command_request_t request;
    rs_command_wrong_t wrong;
    door->stats.messages++;
    if (peer.len == 0 || peer.len > PEER) return;
    if (rs_command_request_read(frames, count, door->sink.now_us(door->sink.context), &request, &wrong) != RS_OK)
        refuse(door, peer, request.id, wrong.reason, wrong.field, wrong.text);
    else if (request.asks_silences) list_silences(door, peer, request.id);
    else take(door, peer, &request);
}

/* One whole message; frames past the room for them are counted and thrown away. False: there is none. */
static bool read_one(rs_commands_door_t *door) {
    rs_str_t frames[RS_COMMAND_FRAMES + 2];
    uint32_t count = 0;
    int more = 1;
    while (more != 0) {
        char *place = door->frames[count < RS_ARRAY_LEN(frames) ? count : RS_ARRAY_LEN(frames) - 1];
        const int len = zmq_recv(door->router, place, RS_COMMANDS_FRAME, ZMQ_DONTWAIT);
        size_t size = sizeof more;
        if (len < 0) return false;
        /* A cut frame cannot be what it says: ZeroMQ refuses longer ones before (ZMQ_MAXMSGSIZE). */
        const uint32_t kept = len > RS_COMMANDS_FRAME ? RS_COMMANDS_FRAME : (uint32_t)len;
        if (count < RS_ARRAY_LEN(frames)) frames[count++] = (rs_str_t){place, kept};
        if (zmq_getsockopt(door->router, ZMQ_RCVMORE, &more, &size) != 0) more = 0;
    }
    handle(door, frames[0], frames + 1, count - 1);
    return true;
}

static void on_readable(void *context) {
    rs_commands_door_t *door = context;
    for (uint32_t i = 0; i < TURN_MESSAGES && read_one(door); i++) {}
}

/* --- life ----------------------------------------------------------------------------------------------------------- */
int rs_commands_create(uv_loop_t *loop, void *zmq, const rs_config_t *config, const rs_commands_sink_t *sink, rs_commands_door_t **door) {
    const int64_t longest = RS_COMMANDS_FRAME;
    rs_commands_door_t *made = calloc(1, sizeof *made);
    if (made == NULL) return RS_ERR_MEMORY;
    made->sink = *sink;
    int status = rs__door_bind(zmq, ZMQ_ROUTER, config, config->commands_endpoint.data, &longest, &made->router, made->endpoint);
    if (status == RS_OK) status = rs_zmq_watch_open(loop, made->router, on_readable, made, &made->watch);
    if (status != RS_OK) {
        const int why = errno;
        rs_commands_close(&made);
        errno = why;
        return status;
    }
    *door = made;
    return RS_OK;
}

void rs_commands_close(rs_commands_door_t **door) {
    if (door == NULL || *door == NULL) return;
    rs_zmq_watch_close(&(*door)->watch);
    if ((*door)->router != NULL) zmq_close((*door)->router);
    free(*door);
    *door = NULL;
}

const char *rs_commands_endpoint(const rs_commands_door_t *door) { return door->endpoint; }
void rs_commands_stats(const rs_commands_door_t *door, rs_commands_stats_t *stats) { *stats = door->stats; }
