/* base/zmq_loop.h — a ZeroMQ socket on a libuv loop, without missed wake-ups.
 *
 * Model:     ZMQ_FD is edge-triggered, and every call on the socket, a send too, may swallow the edge. So the descriptor only
 *            ends the loop's sleep; whether there is something to read is asked of the socket itself (ZMQ_EVENTS), twice a turn:
 *                prepare (before the loop would sleep): readable? then do not sleep   (an idle handle makes the time-out 0)
 *                check   (after the poll):              readable? then call on_readable, once a turn
 *            on_readable may leave messages unread: it is called again in the next turn, after the other handles.
 *            Calls on the socket from timers, other watches, poll, check, idle and close callbacks are all seen, since prepare
 *            comes after them; a prepare callback of somebody else must not use the socket.
 * Threads:   all of it belongs to the loop's thread, and so does the socket.
 * Memory:    the socket is borrowed. Close the watch before the socket; the watch's memory is freed when the loop has run
 *            its handles' close callbacks.
 */
#ifndef RS_BASE_ZMQ_LOOP_H
#define RS_BASE_ZMQ_LOOP_H

#include "base/base.h"

#include <uv.h>

typedef struct rs_zmq_watch rs_zmq_watch_t;

/* Reads (with ZMQ_DONTWAIT) a bounded number of messages. May pause or close its own watch. */
typedef void (*rs_zmq_readable_fn)(void *context);

/* RS_ERR_MEMORY, RS_ERR_IO. The handles keep the loop alive until closed. */
RS_MUST_CHECK int rs_zmq_watch_open(uv_loop_t *loop, void *socket, rs_zmq_readable_fn on_readable, void *context,
                                    rs_zmq_watch_t **watch);
/* Paused: on_readable is not called and the loop sleeps undisturbed, whatever arrives. Both are harmless when repeated. */
void rs_zmq_watch_pause(rs_zmq_watch_t *watch);
void rs_zmq_watch_resume(rs_zmq_watch_t *watch);
/* Sets *watch to NULL; on_readable is not called any more. Accepts NULL and a pointer to NULL. */
void rs_zmq_watch_close(rs_zmq_watch_t **watch);

#endif
