/* ingest/ingest.h — the two doors through which events come in: proto/PROTOCOL.md is what producers see of it.
 *
 * Model:     ROUTER (acknowledged) and PULL (plain) --frames--> session, credit --decode--> events and refusals
 *            --pseudonym--> sink (the inlet ring). Back: verdicts (NACK) and the settled position (ACK).
 *            A session is (source, incarnation); the ZeroMQ routing id only says where to answer. Per session:
 *                mark   everything up to this number is settled (on disk, applied or refused), acknowledged
 *                taken  everything up to this number is in the sink;  mark <= taken
 *            A batch's numbers up to `taken` are skipped, taken + 1 is next, a first number above it is a gap.
 * Threads:   everything here belongs to the loop's thread. No callback is made except the sink's and the clock's, which must
 *            not call back into this room.
 * Time:      the clock is read once per turn of the loop that brought messages; all events of the turn have that arrival.
 * Overload:  the sink answers RS_ERR_FULL: nothing more is read from either socket (so ZeroMQ's bounded queues fill and the
 *            producers wait), the batch in hand is kept with the place where it stopped, and rs_ingest_resume goes on
 *            there. Nothing is lost, nothing is taken twice.
 * Bounds:    limits.message_bytes per frame, limits.peers attached sessions, limits.sources sessions remembered, and per
 *            session limits.peer_bytes and RS_INGEST_CREDIT_EVENTS in flight. Everything refused is counted by reason.
 * Privacy:   `customer` is replaced by its pseudonym before the sink sees it. NACKs, refusals and counters carry
 *            no bytes of an event.
 */
#ifndef RS_INGEST_H
#define RS_INGEST_H

#include "config/config.h"
#include "event/event.h"

#include <uv.h>

enum {
    RS_INGEST_CREDIT_EVENTS = 65536,  /* a batch may begin at most this many numbers after the mark */
    RS_INGEST_TURN_EVENTS = 4096,     /* after this many events, or as many messages, other handles get their turn */
    RS_INGEST_MAX_FRAMES = 8          /* a message of more frames is refused as bad_frame */
};

/* Codes of the ERROR frame. */
#define RS_INGEST_ERRORS(X)                                                                                 \
    X(NONE, "none", "")                                                                                     \
    X(BAD_VERSION, "bad_version", "this daemon speaks RS1")                                                 \
    X(BAD_FRAME, "bad_frame", "the frames are not a message of the protocol")                               \
    X(BAD_ENCODING, "bad_encoding", "the encoding must be json or protobuf")                                \
    X(NO_HELLO, "no_hello", "say HELLO first; after a reconnection, say it again")                          \
    X(GAP, "gap", "nothing was taken; send again from the number in the last frame")                        \
    X(OVER_CREDIT, "over_credit", "nothing more was taken; wait for an ACK and send again from the number in the last frame") \
    X(TOO_LARGE, "too_large", "the payload is longer than the number of bytes in the last frame")           \
    X(UNAVAILABLE, "unavailable", \
      "events cannot be written to disk now; nothing more was taken; send again from the number in the last frame, later") \
    X(TOO_MANY_SESSIONS, "too_many_sessions", "no session is free now, try again later")                    \
    X(TAKEN_OVER, "taken_over", "another peer has said HELLO with the same source and incarnation")

typedef enum rs_ingest_error {
#define RS_X(NAME, name, text) RS_INGEST_ERROR_##NAME,
    RS_INGEST_ERRORS(RS_X)
#undef RS_X
    RS_INGEST_ERROR_COUNT
} rs_ingest_error_t;
const char *rs_ingest_error_name(unsigned error);
const char *rs_ingest_error_text(unsigned error);

/* Where events go. Both return RS_OK with the position of the record's end (positions only grow, over both functions), or
 * RS_ERR_FULL when there is no room now: then nothing was taken. Strings are borrowed for the call.
 * `event->customer` is absent or a pseudonym. origin.session is 0 for plain events. */
typedef struct rs_ingest_sink {
    void *context;
    int (*submit_event)(void *context, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin,
                        uint64_t *position);
    int (*submit_refusal)(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash,
                          int64_t arrival_us, rs_origin_t origin, uint64_t *position);
    /* From here on origin.session is this one: before its first event, and again when a number is given to another session. May be NULL.
     * RS_OK or RS_ERR_FULL, as above. */
    int (*submit_session)(void *context, uint32_t session, rs_str_t source, rs_str_t incarnation);
} rs_ingest_sink_t;

/* What tests turn; NULL or zeros are the defaults. */
typedef struct rs_ingest_options {
    int64_t (*now_us)(void *clock_context);  /* wall clock, microseconds since the epoch; NULL: CLOCK_REALTIME */
    void *clock_context;
    uint32_t turn_messages;                  /* messages per socket and turn, 0 = 256 */
    uint32_t credit_events;                  /* 0 = RS_INGEST_CREDIT_EVENTS */
    int64_t peer_idle_us;                    /* an attached session silent for so long gives way to a new one when
                                                limits.peers is reached; 0 = 60 s */
} rs_ingest_options_t;

typedef struct rs_ingest_stats {
    uint64_t messages, plain_messages;       /* complete messages read */
    uint64_t events, plain_events;           /* events seen in them that were not taken before */
    uint64_t accepted, plain_accepted;       /* submitted as events */
    uint64_t skipped;                        /* resent below what was taken */
    uint64_t refused[RS_REFUSAL_COUNT];      /* by decode, both doors */
    uint64_t judged[RS_REFUSAL_COUNT];       /* by the core, of acknowledged sessions */
    uint64_t errors[RS_INGEST_ERROR_COUNT];  /* ERROR frames, by code */
    uint64_t plain_bad;                      /* plain messages that are no single frame, or too long */
    uint64_t acks, nacks, replies_dropped;   /* sent; and not sent, because the peer is gone or does not read */
    uint64_t stalls;                         /* the sink was full */
    uint64_t takeovers, sessions_forgotten, peers_detached;
    uint32_t sessions, attached;             /* now: remembered; with a peer */
    uint64_t in_flight_events, in_flight_bytes; /* now: taken and not settled */
    bool stalled;                            /* now */
} rs_ingest_stats_t;

typedef struct rs_ingest rs_ingest_t;

/* Opens config->events_endpoint (ROUTER) and config->plain_endpoint (PULL; empty: none) on `loop`. `zmq` is a ZeroMQ context.
 * loop, zmq, config and key are borrowed until the ingest is closed; *sink and *options are copied.
 * RS_ERR_INVALID: an endpoint that is neither tcp:// nor ipc://. RS_ERR_IO: cannot bind (errno says why; the endpoint is
 * named by *failed, static or borrowed from config, when failed is not NULL). RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_ingest_create(uv_loop_t *loop, void *zmq, const rs_config_t *config,
                                   const uint8_t key[RS_PSEUDONYM_KEY_BYTES], const rs_ingest_sink_t *sink,
                                   const rs_ingest_options_t *options, const char **failed, rs_ingest_t **ingest);

/* A restart forgets no mark: sessions as the sink was told of them, in any order, with the number up to which each was submitted. Once,
 * before the loop runs. Their WELCOME says `last`; they go on after it; a hole is ERROR gap. Sessions past limits.sources are left out,
 * their producers begin anew. Returns how many were taken up. RS_ERR_MEMORY. */
typedef struct rs_ingest_session {
    uint32_t session;                        /* as in rs_origin_t, not 0 */
    rs_str_t source, incarnation;            /* borrowed for the call */
    uint64_t last;                           /* 0: nothing yet */
    uint64_t used;                           /* the greater, the later it was used */
} rs_ingest_session_t;
RS_MUST_CHECK int64_t rs_ingest_restore(rs_ingest_t *ingest, const rs_ingest_session_t *sessions, uint32_t count);

/* Stops reading for good and tells nobody anything: producers resend to whoever comes next. ACKs already sent are given up
 * to 200 ms by zmq_ctx_term. The memory is freed when the loop has run the handles' close callbacks; *ingest becomes NULL
 * at once. Accepts NULL and a pointer to NULL. */
void rs_ingest_close(rs_ingest_t **ingest);

/* The sink will have no room for some time: producers shall not only wait but be told. HELLO and PING are answered, a BATCH with ERROR
 * unavailable, nothing is taken of it; plain events wait. Until it is set to false again. */
void rs_ingest_set_unavailable(rs_ingest_t *ingest, bool is_unavailable);

/* The sink has room again. Goes on with the batch in hand, then with the sockets. Harmless at any time. */
void rs_ingest_resume(rs_ingest_t *ingest);
/* True while the sink is full and nothing is read. */
bool rs_ingest_is_stalled(const rs_ingest_t *ingest);

/* The core judged the event of this origin. DUPLICATE is settled silently, every other reason becomes a NACK. Must come
 * before the rs_ingest_on_settled that covers the event. Session 0 is ignored. */
void rs_ingest_on_verdict(rs_ingest_t *ingest, rs_origin_t origin, rs_refusal_t reason);

/* Everything up to this position of the sink is settled (applied; later: on disk): moves marks, sends ACKs. Positions that
 * were reported before are ignored. Call it once per turn with the greatest. */
void rs_ingest_on_settled(rs_ingest_t *ingest, uint64_t position);

/* The endpoint really bound (ZMQ_LAST_ENDPOINT), for tcp://127.0.0.1:*; valid until close. */
const char *rs_ingest_events_endpoint(const rs_ingest_t *ingest);
const char *rs_ingest_plain_endpoint(const rs_ingest_t *ingest);

void rs_ingest_stats(const rs_ingest_t *ingest, rs_ingest_stats_t *stats);

#endif
