#include "base/zmq_loop.h"

#include <stdlib.h>
#include <zmq.h>

struct rs_zmq_watch {
    uv_poll_t poll;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    void *socket;
    rs_zmq_readable_fn on_readable;
    void *context;
    unsigned open_handles;
    bool is_paused;
};

static bool is_readable(const rs_zmq_watch_t *watch) {
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(watch->socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN) != 0;
}

static void on_wake(uv_poll_t *poll, int status, int events) {
    (void)poll, (void)status, (void)events;   /* the check handle decides */
}

static void on_idle(uv_idle_t *idle) { (void)idle; }

static void on_prepare(uv_prepare_t *prepare) {
    rs_zmq_watch_t *watch = prepare->data;
    if (is_readable(watch)) uv_idle_start(&watch->idle, on_idle);
}

static void on_check(uv_check_t *check) {
    rs_zmq_watch_t *watch = check->data;
    uv_idle_stop(&watch->idle);
    if (is_readable(watch)) watch->on_readable(watch->context);   /* may close the watch: nothing after this */
}

static void on_closed(uv_handle_t *handle) {
    rs_zmq_watch_t *watch = handle->data;
    if (--watch->open_handles == 0) free(watch);
}

static void start(rs_zmq_watch_t *watch) {
    /* None of these can fail: the handles are initialised and not closing. */
    uv_poll_start(&watch->poll, UV_READABLE, on_wake);
    uv_prepare_start(&watch->prepare, on_prepare);
    uv_check_start(&watch->check, on_check);
}

int rs_zmq_watch_open(uv_loop_t *loop, void *socket, rs_zmq_readable_fn on_readable, void *context,
                      rs_zmq_watch_t **watch_out) {
    int descriptor = -1;
    size_t size = sizeof descriptor;
    if (zmq_getsockopt(socket, ZMQ_FD, &descriptor, &size) != 0) return RS_ERR_IO;
    rs_zmq_watch_t *watch = calloc(1, sizeof *watch);
    if (watch == NULL) return RS_ERR_MEMORY;
    if (uv_poll_init(loop, &watch->poll, descriptor) != 0) {
        free(watch);
        return RS_ERR_IO;
    }
    uv_prepare_init(loop, &watch->prepare);
    uv_check_init(loop, &watch->check);
    uv_idle_init(loop, &watch->idle);
    watch->poll.data = watch->prepare.data = watch->check.data = watch->idle.data = watch;
    watch->open_handles = 4;
    watch->socket = socket;
    watch->on_readable = on_readable;
    watch->context = context;
    start(watch);
    *watch_out = watch;
    return RS_OK;
}

void rs_zmq_watch_pause(rs_zmq_watch_t *watch) {
    if (watch->is_paused) return;
    watch->is_paused = true;
    uv_poll_stop(&watch->poll);
    uv_prepare_stop(&watch->prepare);
    uv_check_stop(&watch->check);
    uv_idle_stop(&watch->idle);
}

void rs_zmq_watch_resume(rs_zmq_watch_t *watch) {
    if (!watch->is_paused) return;
    watch->is_paused = false;
    start(watch);
}

void rs_zmq_watch_close(rs_zmq_watch_t **watch_inout) {
    if (watch_inout == NULL || *watch_inout == NULL) return;
    rs_zmq_watch_t *watch = *watch_inout;
    *watch_inout = NULL;
    uv_close((uv_handle_t *)&watch->poll, on_closed);
    uv_close((uv_handle_t *)&watch->prepare, on_closed);
    uv_close((uv_handle_t *)&watch->check, on_closed);
    uv_close((uv_handle_t *)&watch->idle, on_closed);
}
