/* ingest/ingest_internal.h — what the files of this room share.
 *   ingest.c    sockets, turns of the loop, life            batch.c    decoding and submitting, stopping and going on
 *   requests.c  what a producer's message does              flight.c   what is taken and not settled
 *   replies.c   frames to producers, what waits for them    sessions.c who has sent how much
 *   commands.c  another door, for people's commands (commands.h)
 */
#ifndef RS_INGEST_INTERNAL_H
#define RS_INGEST_INTERNAL_H

#include "base/zmq_loop.h"
#include "ingest/frames.h"
#include "ingest/sessions.h"

#include <zmq.h>

/* --- flight: taken and not settled, in the order of positions ------------------------------------------------------- */
typedef struct rs__flight_entry {
    uint64_t position;       /* settled when the sink has come to here */
    uint64_t number;         /* then the session's mark is this */
    uint64_t bytes;          /* and so many payload bytes are no longer in flight */
    uint64_t turn;
    uint32_t slot;
} rs__flight_entry_t;

enum { RS__FLIGHT_ENTRIES = 65536 };   /* power of two; when all are in use, nothing is read */

typedef struct rs__flight {
    rs__flight_entry_t *entries;
    uint64_t first, end;     /* only grow, masked late */
} rs__flight_t;

/* --- the batch in hand ---------------------------------------------------------------------------------------------- */
typedef struct rs__batch {
    bool active;             /* a message is held because the sink was full */
    bool is_plain;
    uint32_t slot;           /* not plain */
    rs_encoding_t encoding;
    zmq_msg_t message;       /* owns the payload */
    size_t offset;           /* decoding goes on here … */
    uint64_t first_number;   /* … with the event of this number … */
    uint32_t done;           /* … of which so many have been dealt with */
    bool bytes_charged;      /* the payload's bytes are in flight already */
    size_t resume_offset;    /* of the run now: the last place where a decoder can begin … */
    uint32_t resume_events;  /* … and how many events come before it, from `offset` on */
} rs__batch_t;

struct rs_ingest {
    const rs_config_t *config;
    const uint8_t *key;
    rs_ingest_sink_t sink;
    rs_ingest_options_t options;
    uint64_t credit_events, credit_bytes;

    void *router, *pull;     /* pull may be NULL */
    rs_zmq_watch_t *router_watch, *pull_watch;
    char events_endpoint[256], plain_endpoint[256];
    uv_timer_t *retry_timer; /* replies that a peer's full queue did not take; its memory is the loop's until closed */
    bool is_retrying;

    rs_decoder_t *decoder;
    rs_sessions_t *sessions;
    rs__flight_t flight;
    rs__batch_t batch;
    int64_t arrival_us;      /* of this turn */
    uint64_t turn;
    uint32_t turn_events;    /* events seen in this turn */
    uint32_t due_first, due_last;   /* sessions that replies wait for */
    bool is_stalled, is_paused;   /* is_paused: the watches have been told */
    bool is_unavailable;          /* the ROUTER is read all the same, and batches are refused */
    uint64_t settled_position;
    uint64_t in_flight_events, in_flight_bytes;
    rs_ingest_stats_t stats;
};

/* ingest.c: a bound socket of this room, with the same care for every door. `longest` of a frame, NULL: limits.message_bytes. Errors as
 * rs_ingest_create; *bound as rs_ingest_events_endpoint. */
RS_MUST_CHECK int rs__door_bind(void *zmq, int type, const rs_config_t *config, const char *endpoint, const int64_t *longest, void **socket,
                                char bound[256]);

/* flight.c */
RS_MUST_CHECK int rs__flight_init(rs__flight_t *flight);
void rs__flight_deinit(rs__flight_t *flight);
bool rs__flight_is_full(const rs__flight_t *flight);
/* Not when full. Widens the newest entry when it is of the same session and turn. */
void rs__flight_add(rs_ingest_t *ingest, uint32_t slot, uint64_t position, uint64_t number, uint64_t bytes);
/* Settles up to `position`: marks move, ACKs become due. */
void rs__flight_settle(rs_ingest_t *ingest, uint64_t position);

/* batch.c: takes as much of ingest->batch as the sink does; ends with batch.active = false and the message closed, or
 * with the ingest stalled. */
void rs__batch_take(rs_ingest_t *ingest);
/* Moves `message` into the batch in hand and takes it. */
void rs__batch_begin(rs_ingest_t *ingest, bool is_plain, uint32_t slot, rs_encoding_t encoding, uint64_t first_number,
                     zmq_msg_t *message);

/* The rest of the batch in hand, if it is a session's, is refused as unavailable. */
void rs__batch_give_up(rs_ingest_t *ingest);

/* requests.c: one message of the ROUTER; frames[0] is the routing id, the last one (frame_count > 0) may be moved away. */
void rs__request_handle(rs_ingest_t *ingest, zmq_msg_t *frames, uint32_t frame_count, bool is_cut);

/* replies.c */
void rs__reply_error(rs_ingest_t *ingest, rs_str_t routing, rs_ingest_error_t error, rs_str_t detail, bool is_delimited);
void rs__reply_error_number(rs_ingest_t *ingest, rs_str_t routing, rs_ingest_error_t error, uint64_t detail);
void rs__reply_pong(rs_ingest_t *ingest, uint32_t slot);
void rs__reply_nack(rs_ingest_t *ingest, uint32_t slot, uint64_t number, const rs_refused_t *refused);
void rs__reply_welcome(rs_ingest_t *ingest, uint32_t slot);   /* becomes due */
void rs__reply_ack(rs_ingest_t *ingest, uint32_t slot);       /* becomes due */
/* Sends what is due; what a peer's full queue does not take stays due and is tried again every 10 ms. */
void rs__replies_flush(rs_ingest_t *ingest);

#endif
