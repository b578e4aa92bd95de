/* ringside/feed.h — follow what ringsided publishes: first the present state, then every change, and every hole visible.
 *
 * Model:     a follower subscribes first, then asks for a snapshot, then gives its items in this order:
 *                SNAPSHOT_BEGIN SNAPSHOT … SNAPSHOT SNAPSHOT_END UPDATE UPDATE …
 *            An UPDATE right after a snapshot may repeat what the snapshot has; applied in order they end right. Published
 *            messages are numbered; when numbers are missing (a slow follower, a lost connection) a GAP says which, and a
 *            new snapshot follows by itself, so that the state can be trusted again after its SNAPSHOT_END. When nothing
 *            at all comes for 5 s (the daemon sends a heartbeat every second), or the daemon was started anew, a
 *            LOST_CONNECTION is given once; a new snapshot follows when the daemon is there. At SNAPSHOT_BEGIN forget
 *            everything that the last snapshot and its updates said: a snapshot that breaks off begins again.
 *            The layout of topics and bodies is in proto/FEED.md.
 * Threads:   a follower belongs to one thread at a time. It has no thread of its own.
 * Memory:    an item's strings are borrowed until the next rs_follow_next of the same follower. What has not been asked for yet waits in
 *            ZeroMQ's queue of bounded length; what falls out of it is seen as a GAP.
 */
#ifndef RINGSIDE_FEED_H
#define RINGSIDE_FEED_H

#include <ringside/event.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rs_follow rs_follow_t;

typedef struct rs_follow_options {
    const char *publish_endpoint;    /* "tcp://127.0.0.1:5572" */
    const char *snapshot_endpoint;   /* "tcp://127.0.0.1:5573"; NULL: no snapshots, updates from now on */
    const char *topic_prefix;        /* "alert/", "window/default/", "" or NULL: everything; at most 511 bytes */
} rs_follow_options_t;

typedef enum rs_follow_kind {
    RS_FOLLOW_SNAPSHOT = 1,          /* topic and body: one thing as it stands */
    RS_FOLLOW_SNAPSHOT_END,          /* the state is complete as of `sequence` */
    RS_FOLLOW_UPDATE,                /* topic and body: one change, number `sequence` */
    RS_FOLLOW_GAP,                   /* the messages from_sequence .. to_sequence did not arrive */
    RS_FOLLOW_LOST_CONNECTION,       /* nothing was heard for 5 s, or the daemon was started anew */
    RS_FOLLOW_SNAPSHOT_BEGIN         /* what was known is void */
} rs_follow_kind_t;

typedef struct rs_follow_item {
    rs_follow_kind_t kind;
    rs_str_t topic;                  /* "alert/default/vip" */
    rs_str_t body;                   /* JSON, one object; proto/FEED.md */
    uint64_t sequence;               /* the message's number in the whole feed; SNAPSHOT_END: the feed's when it began */
    uint64_t from_sequence, to_sequence;   /* GAP: of the feed for the prefix "", of the stream for "alert/" and "window/",
                                              of one topic (named) for longer prefixes */
} rs_follow_item_t;

/* RS_ERR_INVALID (an endpoint is missing or malformed), RS_ERR_MEMORY, RS_ERR_LIMIT (no socket). Everything is copied; the
 * daemon need not be there yet. */
int rs_follow_open(const rs_follow_options_t *options, rs_follow_t **follow);

/* Waits up to timeout_ms (0: only looks; < 0: for ever) for the next item. RS_OK with *item, or RS_ERR_TIMEOUT. */
int rs_follow_next(rs_follow_t *follow, int timeout_ms, rs_follow_item_t *item);

/* How fresh it all is, for programs that show it. Receives nothing: it tells what rs_follow_next has met so far. */
typedef struct rs_follow_pulse {
    int64_t silent_ms;               /* since the daemon was last heard (anything counts); < 0: it never was */
    rs_str_t heartbeat;              /* body of the last heartbeat, with the daemon's time; empty before the first. Borrowed
                                        until the next rs_follow_next */
} rs_follow_pulse_t;
void rs_follow_pulse(const rs_follow_t *follow, rs_follow_pulse_t *pulse);

/* Frees the follower, sets *follow to NULL. Accepts NULL and a pointer to NULL. */
void rs_follow_close(rs_follow_t **follow);

#ifdef __cplusplus
}
#endif
#endif
