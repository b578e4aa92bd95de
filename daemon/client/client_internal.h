/* client/client_internal.h — what the files of the producer share.
 *   client.c    the API: spool in, waiting, life          session.c   what is sent when: hello, credit, resend, errors
 *   io.c        the thread: socket, monitor, sleep        answers.c   what the daemon's frames say (pure)
 *   spool.h     the spool on disk
 */
#ifndef RS_CLIENT_INTERNAL_H
#define RS_CLIENT_INTERNAL_H

#include <ringside/client.h>

#include "base/base.h"
#include "client/spool.h"
#include "event/event.h"
#include "ring/ring.h"

#include <pthread.h>
#include <stdatomic.h>

/* --- answers.c ------------------------------------------------------------------------------------------------------ */
typedef enum rs__answer_kind {
    RS__ANSWER_NONE = 0,     /* not a message of the protocol, or one that this version does not know: ignored */
    RS__ANSWER_WELCOME, RS__ANSWER_ACK, RS__ANSWER_NACK, RS__ANSWER_ERROR, RS__ANSWER_PONG
} rs__answer_kind_t;

typedef struct rs__answer {
    rs__answer_kind_t kind;
    uint64_t number;                                     /* WELCOME, ACK: the mark; NACK: which */
    uint64_t credit_events, credit_bytes, max_message;   /* WELCOME, ACK (without max_message) */
    rs_str_t reason, field;                              /* NACK */
    rs_str_t code, text;                                 /* ERROR */
} rs__answer_t;

enum { RS__ANSWER_MAX_FRAMES = 8 };   /* further frames of a later version are ignored */
rs__answer_t rs__answer_parse(const rs_str_t *frames, uint32_t count);

/* --- the client ----------------------------------------------------------------------------------------------------- */
enum {
    RS__WINDOW = 65536,          /* most events sent or about to be sent and not acknowledged; a power of two */
    RS__INCARNATION_ROOM = 96,
    RS__LINE_PAIR = 128
};

/* One event of the spool that the thread has looked at. */
typedef struct rs__sent { const char *bytes; uint32_t len; uint64_t position; } rs__sent_t;

typedef enum rs__link {
    RS__LINK_DOWN = 0,           /* no connection */
    RS__LINK_PAUSED,             /* connected; HELLO again at pause_until_us */
    RS__LINK_HELLO,              /* HELLO sent, WELCOME not yet here: everything else but NACKs is ignored */
    RS__LINK_READY
} rs__link_t;

/* Belongs to the client's thread alone. Numbers:  settled < next_to_send <= peeked_end <= accepted + 1 */
typedef struct rs__session {
    rs__link_t link;
    char incarnation[RS__INCARNATION_ROOM];
    rs__sent_t *window;          /* of number n at n & (RS__WINDOW - 1), for settled < n < peeked_end */
    uint64_t settled, next_to_send, peeked_end;
    uint64_t highest_sent;       /* ever */
    uint64_t fence;              /* spool.h: greater numbers go out under another incarnation; RS__SPOOL_NO_FENCE */
    uint64_t synced;             /* the spool on disk was forced to the disk up to this number */
    uint64_t outstanding_bytes;  /* of the numbers settled < n < next_to_send */
    uint64_t credit_events, credit_bytes, max_message;
    int64_t hello_at_us, pause_until_us, pause_us;
    int64_t unsent_since_us;     /* when the first event not yet sent was seen; 0 = none */
    int64_t heard_at_us, progress_at_us, ping_at_us;
    bool is_pinged_for_progress;
    bool wants_output;           /* the socket's queue was full */
} rs__session_t;

struct rs_client {
    char endpoint[256];
    char source[RS_MAX_NAME + 1];
    rs_client_encoding_t encoding;
    uint32_t batch_events;
    int64_t batch_delay_us;
    void *context;
    void (*on_ack)(void *context, uint64_t up_to);
    void (*on_refused)(void *context, uint64_t number, const char *reason, const char *field);
    void (*on_error)(void *context, const char *code, const char *text);
    rs_ring_t *spool;            /* written under send_lock, read by the thread */
    rs__spool_t *disk;           /* NULL: none. Then every record of the ring begins with the 8 bytes of where it ends in the file */
    size_t prefix;               /* those 8, or 0 */
    uint64_t disk_found, disk_lost;   /* as it was opened; constant */
    int wake_fd;                 /* eventfd: written by senders, read by the thread */

    /* Senders. send_lock is never held by the thread; under it there is only a copy into the spool. */
    _Alignas(RS__LINE_PAIR) pthread_mutex_t send_lock;
    /* Written by senders under send_lock, read by the thread and rs_client_stats. seq_cst: see wake_at. */
    _Atomic uint64_t accepted;
    /* Written by senders, read by rs_client_stats; relaxed, they are figures only. */
    _Atomic uint64_t full, invalid, unwritten;

    /* The thread must be woken when `accepted` reaches this. The rule that no wake-up is lost:
     *     thread: store wake_at (seq_cst), load accepted (seq_cst), sleep only when accepted < wake_at
     *     sender: store accepted (seq_cst), load wake_at (seq_cst), wake when accepted >= wake_at
     * In the one order of all seq_cst operations one of the two stores comes first, and the other side's load sees it.
     * Weaker orders let each side's load pass its own store, and the thread sleeps on a spool that is not empty. */
    _Alignas(RS__LINE_PAIR) _Atomic uint64_t wake_at;
    _Atomic bool is_stopping;    /* written by close (release), read by the thread (acquire) */
    _Atomic uint32_t flushing;   /* threads in rs_client_flush: batches leave without delay; relaxed, wake follows */

    /* The thread. settled: stored with release after the callbacks, under settled_lock so that no waiter misses it. */
    _Alignas(RS__LINE_PAIR) _Atomic uint64_t settled;
    pthread_mutex_t settled_lock;
    pthread_cond_t settled_moved;
    _Atomic uint64_t refused, batches, resent, welcomes, disconnects, errors, disk_errors;   /* figures, relaxed */
    _Atomic bool connected;
    pthread_t thread;
    void *zmq, *socket, *monitor;
    rs__session_t session;
};

/* A figure that only the thread writes: no read-modify-write is needed. */
static inline void rs__count(_Atomic uint64_t *figure, uint64_t by) {
    atomic_store_explicit(figure, atomic_load_explicit(figure, memory_order_relaxed) + by, memory_order_relaxed);
}

/* --- io.c: all in the thread ---------------------------------------------------------------------------------------- */
RS_MUST_CHECK int rs__client_io_open(rs_client_t *client);    /* sockets; called before the thread starts */
void rs__client_io_close(rs_client_t *client);
void *rs__client_run(void *client);
int64_t rs__client_now_us(void);                              /* CLOCK_MONOTONIC */
/* Gives the connection up and makes a new one; its events come through the monitor. */
void rs__client_reconnect(rs_client_t *client);
/* Sends frames without waiting: RS_OK, or RS_ERR_AGAIN when the socket takes nothing now. */
RS_MUST_CHECK int rs__client_send_frames(rs_client_t *client, const rs_str_t *frames, uint32_t count);

/* --- session.c: all in the thread ----------------------------------------------------------------------------------- */
RS_MUST_CHECK int rs__session_init(rs_client_t *client, const char *incarnation);
/* Before the thread starts: numbers go on where the spool on disk ends. */
void rs__session_go_on(rs_client_t *client, const rs__spool_facts_t *facts);
void rs__session_deinit(rs_client_t *client);
void rs__session_on_connected(rs_client_t *client, int64_t now_us);
void rs__session_on_disconnected(rs_client_t *client);
void rs__session_on_answer(rs_client_t *client, const rs__answer_t *answer, int64_t now_us);
/* Everything that time and credit allow: HELLO, PING, batches. Returns when it must be called again at the latest. */
int64_t rs__session_work(rs_client_t *client, int64_t now_us);
/* The number of accepted events at which it must be called again; UINT64_MAX: more events change nothing now. */
uint64_t rs__session_wake_at(const rs_client_t *client);

#endif
