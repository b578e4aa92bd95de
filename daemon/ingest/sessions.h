/* ingest/sessions.h — who has sent how much: sessions by (source, incarnation), the peers they are attached to, and the
 * NACKs that wait for their peer.
 *
 * Model:     a session lives in a slot. It is attached (a peer, by routing id, has said HELLO for it) or detached (nobody is
 *            there now, its numbers are remembered). Both kinds are kept in order of last activity.
 *                HELLO ─► attached ── peer gone, another session's HELLO, silent too long and a place is needed ──► detached
 *                detached ── HELLO ──► attached;  detached and all settled, and a slot is needed: the oldest is forgotten
 * Bounds:    max_sessions slots, max_attached of them attached, RS_SESSIONS_MAX_NACKS waiting NACKs over all sessions.
 * Threads:   one. Pure but for the random key of the hash tables, against chosen collisions.
 * Memory:    slots and NACKs grow up to their bounds; a pointer to a session is valid until the next rs_sessions_hello.
 */
#ifndef RS_INGEST_SESSIONS_H
#define RS_INGEST_SESSIONS_H

#include "event/event.h"

#define RS_SESSIONS_NONE UINT32_MAX      /* no slot */

enum {
    RS_SESSIONS_MAX_NACKS = 65536,
    RS_SESSIONS_MAX_ROUTING = 255       /* bytes of a ZeroMQ routing id */
};

typedef struct rs_nack {
    uint64_t number;
    uint32_t len;
    uint8_t reason;          /* rs_refusal_t */
    char field[32];
    uint32_t next;           /* sessions.c only */
} rs_nack_t;

typedef struct rs_session {
    uint64_t mark, taken;            /* see ingest.h */
    uint64_t begin;                  /* the number that its producer says it begins with, 0: not said; until `started` */
    uint64_t in_flight_bytes;        /* payload bytes taken and not settled */
    uint32_t in_flight_batches;      /* entries of the flight queue */
    int64_t active_us;               /* when the peer last said something */
    rs_encoding_t encoding;
    bool started;                    /* a first batch was taken, or a verdict can still come */
    bool announced;                  /* the sink knows which session this number is */
    bool attached;
    bool welcome_due, ack_due, is_due;  /* replies.c */
    uint32_t next_due;                  /* replies.c */
    uint32_t nack_first, nack_last, nack_count;
    uint32_t older, newer;           /* sessions.c only */
    bool used;
    uint8_t source_len, incarnation_len, routing_len;
    char source[RS_MAX_NAME], incarnation[RS_MAX_NAME];
    uint8_t routing[RS_SESSIONS_MAX_ROUTING];
} rs_session_t;

typedef struct rs_sessions rs_sessions_t;

/* max_attached and max_sessions are at least 1, and at most 2^20 (larger values are cut); max_sessions is raised to
 * max_attached. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_sessions_create(uint32_t max_sessions, uint32_t max_attached, int64_t idle_us, rs_sessions_t **sessions);
void rs_sessions_destroy(rs_sessions_t **sessions);

rs_session_t *rs_sessions_get(rs_sessions_t *sessions, uint32_t slot);   /* NULL when the slot is not in use */
/* The slot that this peer is attached to, or RS_SESSIONS_NONE. */
uint32_t rs_sessions_of_peer(const rs_sessions_t *sessions, rs_str_t routing);
/* The peer has said something at `now_us`. */
void rs_sessions_touch(rs_sessions_t *sessions, uint32_t slot, int64_t now_us);

/* What happened beside the attachment. */
typedef struct rs_sessions_hello {
    uint32_t slot;
    bool is_new;                     /* never seen, or forgotten */
    uint8_t evicted_len;             /* > 0: this peer had the session before and has lost it */
    uint8_t evicted[RS_SESSIONS_MAX_ROUTING];
} rs_sessions_hello_t;
/* Attaches the peer `routing` to the session of that name; the peer leaves any other session. RS_OK with *hello, or
 * RS_ERR_LIMIT: every place is taken by somebody who is active or has something in flight; nothing changed. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_sessions_hello(rs_sessions_t *sessions, rs_str_t source, rs_str_t incarnation, rs_str_t routing,
                                    int64_t now_us, rs_sessions_hello_t *hello);
/* Into an empty table: sessions as they were kept, the longest unused first; each gets the slot that it had, and has taken and settled
 * everything up to its mark. What cannot be is left out: slots past the bound, names that are none, and what stands there twice. Returns
 * how many were taken up. RS_ERR_MEMORY: nothing changed. */
typedef struct rs_sessions_kept {
    uint32_t slot;
    rs_str_t source, incarnation;
    uint64_t mark;
} rs_sessions_kept_t;
RS_MUST_CHECK int64_t rs_sessions_restore(rs_sessions_t *sessions, const rs_sessions_kept_t *kept, uint32_t count);
/* The peer is gone. */
void rs_sessions_detach(rs_sessions_t *sessions, uint32_t slot);

/* NACKs wait in order. Push: false when all places are taken (nothing changed). */
RS_MUST_CHECK bool rs_sessions_push_nack(rs_sessions_t *sessions, uint32_t slot, const rs_nack_t *nack);
const rs_nack_t *rs_sessions_first_nack(const rs_sessions_t *sessions, uint32_t slot);   /* NULL: none */
void rs_sessions_pop_nack(rs_sessions_t *sessions, uint32_t slot);

uint32_t rs_sessions_count(const rs_sessions_t *sessions);
uint32_t rs_sessions_attached(const rs_sessions_t *sessions);
uint64_t rs_sessions_forgotten(const rs_sessions_t *sessions);
uint64_t rs_sessions_detached(const rs_sessions_t *sessions);   /* how often a peer was detached */

/* Tests: RS_OK, or RS_ERR_STATE with the broken rule in *why. */
RS_MUST_CHECK int rs_sessions_check(const rs_sessions_t *sessions, const char **why);

#endif
