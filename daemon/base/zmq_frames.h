/* base/zmq_frames.h — one multipart message, bounded. The thread of the socket. */
#ifndef RS_BASE_ZMQ_FRAMES_H
#define RS_BASE_ZMQ_FRAMES_H

#include "base/base.h"

#include <zmq.h>

/* Reads one whole message without waiting; frames past `room` are read and thrown away, and *is_cut says so. Returns how many were kept, 0
 * when there is no message; they are the caller's, for rs_zmq_close_frames. */
uint32_t rs_zmq_receive(void *socket, zmq_msg_t *frames, uint32_t room, bool *is_cut);

void rs_zmq_close_frames(zmq_msg_t *frames, uint32_t count);

/* What stands in a frame, for as long as that is open. */
rs_str_t rs_zmq_text(zmq_msg_t *frame);

#endif
