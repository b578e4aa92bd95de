#include "base/zmq_frames.h"

uint32_t rs_zmq_receive(void *socket, zmq_msg_t *frames, uint32_t room, bool *is_cut) {
    uint32_t count = 0;
    bool more = true;
    *is_cut = false;
    while (more) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&frame);
            return count;
        }
        more = zmq_msg_more(&frame) != 0;
        if (count < room) {
            zmq_msg_init(&frames[count]);
            zmq_msg_move(&frames[count++], &frame);
        } else {
            *is_cut = true;
        }
        zmq_msg_close(&frame);
    }
    return count;
}

void rs_zmq_close_frames(zmq_msg_t *frames, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) zmq_msg_close(&frames[i]);
}

rs_str_t rs_zmq_text(zmq_msg_t *frame) { return (rs_str_t){.data = zmq_msg_data(frame), .len = (uint32_t)zmq_msg_size(frame)}; }
