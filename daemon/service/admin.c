#include "service/admin.h"

#include "base/log.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_US = 10 * 1000 * 1000, SOCKET_PATH = 108 };

typedef struct rs_admin_peer {
    uv_pipe_t pipe;
    uv_write_t write;
    struct rs_admin *admin;
    bool is_used, is_answered;
    char line[RS_ADMIN_LINE];
    size_t len;
    char *reply;
    rs_admin_wait_t wait;
    int64_t until_us;                    /* monotonic */
} rs_admin_peer_t;

typedef struct rs_admin {
    rs_service_t *service;
    uv_pipe_t door;
    bool is_open, somebody_waits;
    char path[4096];
    rs_admin_peer_t peers[RS_ADMIN_PEERS];
} rs_admin_t;

json_t *rs_service_admin_error(const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return json_pack("{s:s}", "error", text);
}

/* --- one peer ----------------------------------------------------------------------------------------------------------- */
static void on_peer_closed(uv_handle_t *handle) {
    rs_admin_peer_t *peer = handle->data;
    sodium_memzero(peer->line, sizeof peer->line);
    if (peer->reply != NULL) sodium_memzero(peer->reply, strlen(peer->reply));
    free(peer->reply);
    json_decref(peer->wait.reply);
    peer->reply = NULL;
    peer->wait = (rs_admin_wait_t){0};
    peer->is_used = false;
}

static void let_go(rs_admin_peer_t *peer) {
    if (!uv_is_closing((uv_handle_t *)&peer->pipe)) uv_close((uv_handle_t *)&peer->pipe, on_peer_closed);
}

static void on_written(uv_write_t *write, int status) {
    (void)status;
    let_go(write->data);
}

static void reply(rs_admin_peer_t *peer, json_t *answer) {
    char *text = answer == NULL ? NULL : json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
    peer->is_answered = true;
    if (text == NULL || (peer->reply = malloc(strlen(text) + 2)) == NULL) {
        free(text);
        let_go(peer);
        return;
    }
    sprintf(peer->reply, "%s\n", text);
    free(text);
    uv_buf_t buffer = uv_buf_init(peer->reply, (unsigned)strlen(peer->reply));
    peer->write.data = peer;
    if (uv_write(&peer->write, (uv_stream_t *)&peer->pipe, &buffer, 1, on_written) != 0) let_go(peer);
}

static void answer_line(rs_admin_peer_t *peer, size_t len) {
    json_error_t error;
    json_t *request = json_loadb(peer->line, len, JSON_REJECT_DUPLICATES, &error);
    sodium_memzero(peer->line, sizeof peer->line);
    if (!json_is_object(request)) {
        json_decref(request);
        reply(peer, rs_service_admin_error("the request is no object of JSON"));
        return;
    }
    json_t *answer = rs_service_answer_admin(peer->admin->service, request, &peer->wait);
    json_decref(request);
    if (answer != NULL || peer->wait.reply == NULL) reply(peer, answer);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    rs_admin_peer_t *peer = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(peer->line + peer->len, (unsigned)(sizeof peer->line - peer->len));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer) {
    rs_admin_peer_t *peer = stream->data;
    (void)buffer;
    if (got < 0) {
        if (!peer->is_answered && peer->wait.reply == NULL) let_go(peer);
        else uv_read_stop(stream);       /* it only said that it has no more to say */
        return;
    }
    peer->len += (size_t)got;
    const char *end = memchr(peer->line, '\n', peer->len);
    if (end != NULL) {
        uv_read_stop(stream);
        answer_line(peer, (size_t)(end - peer->line));
    } else if (peer->len == sizeof peer->line) {
        uv_read_stop(stream);
        reply(peer, rs_service_admin_error("the request is longer than %d bytes", RS_ADMIN_LINE));
    }
}

static void on_connection(uv_stream_t *door, int status) {
    rs_admin_t *admin = door->data;
    if (status != 0) return;
    rs_admin_peer_t *peer = NULL;
    for (unsigned i = 0; i < RS_ADMIN_PEERS && peer == NULL; i++)
        if (!admin->peers[i].is_used) peer = &admin->peers[i];
    admin->somebody_waits = peer == NULL;   /* taken when one has gone: rs_service_move_admin */
    if (peer == NULL) return;
    *peer = (rs_admin_peer_t){.admin = admin, .is_used = true, .until_us = rs_service_monotonic_us() + PATIENCE_US};
    uv_pipe_init(&admin->service->loop, &peer->pipe, 0);
    peer->pipe.data = peer;
    if (uv_accept(door, (uv_stream_t *)&peer->pipe) != 0 || uv_read_start((uv_stream_t *)&peer->pipe, give_room, on_read) != 0)
        let_go(peer);
}

/* --- life --------------------------------------------------------------------------------------------------------------- */
void rs_service_move_admin(rs_service_t *service) {
    rs_admin_t *admin = service->admin;
    const int64_t now_us = rs_service_monotonic_us();
    if (admin != NULL && admin->somebody_waits) on_connection((uv_stream_t *)&admin->door, 0);
    for (unsigned i = 0; admin != NULL && i < RS_ADMIN_PEERS; i++) {
        rs_admin_peer_t *peer = &admin->peers[i];
        if (!peer->is_used || uv_is_closing((uv_handle_t *)&peer->pipe)) continue;
        if (peer->wait.reply != NULL && service->acknowledged >= peer->wait.position) {
            json_t *answer = peer->wait.reply;
            peer->wait.reply = NULL;
            if (peer->wait.is_erasure) {
                /* Whatever number the record has, it is durable by now. */
                rs_keeper_stat_t stat;
                rs_keeper_stat(service->journal.keeper, &stat);
                json_object_set_new(answer, "record", json_integer((json_int_t)stat.journal.durable));
                rs_service_forget(service, stat.journal.durable, false);
            }
            reply(peer, answer);
        } else if (!peer->is_answered && now_us > peer->until_us) {
            reply(peer, rs_service_admin_error("it took too long; whether it was done is not known, repeat it"));
        }
    }
}

static void fail_open(const rs_admin_t *admin, int error) {
    RS_LOG_WITH(RS_LOG_WARNING, "cannot open the local door for `ringside subject`; the daemon goes on without",
                RS_LOG_TEXT("path", admin->path),
                RS_LOG_TEXT("why", error == UV_ENAMETOOLONG ? "the state folder's name is too long for a socket" : uv_strerror(error)));
}

void rs_service_open_admin(rs_service_t *service) {
    rs_admin_t *admin = calloc(1, sizeof *admin);
    if (admin == NULL) return;
    service->admin = admin;
    admin->service = service;
    rs_service_state_path(service, "admin.sock", admin->path, sizeof admin->path);
    int error = strlen(admin->path) >= SOCKET_PATH ? UV_ENAMETOOLONG : uv_pipe_init(&service->loop, &admin->door, 0);
    if (error != 0) {
        fail_open(admin, error);
        return;
    }
    admin->is_open = true;
    admin->door.data = admin;
    (void)unlink(admin->path);           /* of an earlier life: the state folder is locked */
    const mode_t mask = umask(0177);
    error = uv_pipe_bind(&admin->door, admin->path);
    umask(mask);
    if (error == 0) error = uv_listen((uv_stream_t *)&admin->door, RS_ADMIN_PEERS, on_connection);
    if (error != 0) fail_open(admin, error);
}

void rs_service_close_admin(rs_service_t *service) {
    rs_admin_t *admin = service->admin;
    if (admin == NULL) return;
    admin->somebody_waits = false;
    if (admin->is_open && !uv_is_closing((uv_handle_t *)&admin->door)) {
        uv_close((uv_handle_t *)&admin->door, NULL);
        (void)unlink(admin->path);
    }
    for (unsigned i = 0; i < RS_ADMIN_PEERS; i++)
        if (admin->peers[i].is_used) let_go(&admin->peers[i]);
}
