/* feed/feed_internal.h — shared by feed.c (publishing) and snapshot.c (the ROUTER). */
#ifndef RS_FEED_INTERNAL_H
#define RS_FEED_INTERNAL_H

#include "base/zmq_loop.h"
#include "feed/episodes.h"
#include "feed/feed.h"

enum {
    RS__FEED_JOBS = 32,    /* snapshots at a time, one per peer */
    RS__FEED_PREFIX = 512, /* longest prefix */
    RS__FEED_PEER = 255,   /* a routing id of ZeroMQ */
    RS__FEED_CHUNK_ITEMS = 32,
    RS__FEED_CHUNK_BYTES = 128 * 1024,
    RS__FEED_REQUEST_FRAMES = 4, /* routing id, RS1, SNAPSHOT, prefix */
    RS__FEED_TURN_MESSAGES = 32, /* most that one turn of the loop formats … */
    RS__FEED_TURN_KEYS = 4096    /* … and looks at */
};

/* What the feed knows of a key of the store. */
typedef struct rs__feed_key {
    uint32_t version; /* of the store, when last published */
    bool is_published, is_waiting;
    int64_t threshold_us;     /* INT64_MIN: not looked up yet */
    uint64_t published_ms;    /* loop time */
    uint64_t alerts, windows; /* messages of its two topics */
} rs__feed_key_t;

typedef struct rs__feed_job {
    bool is_running, is_blocked; /* blocked: the peer has no room now */
    uint8_t peer[RS__FEED_PEER];
    size_t peer_len;
    char prefix[RS__FEED_PREFIX];
    size_t prefix_len;
    uint64_t sequence;               /* of the feed when it began */
    uint64_t items, moved_ms;        /* items sent; loop time of the last progress */
    uint32_t next_episode, next_key; /* cursors */
} rs__feed_job_t;

/* Items of one SNAPSHOT message before they are sent: topic, header, body, one after another in `bytes`. */
typedef struct rs__feed_chunk {
    char bytes[RS__FEED_CHUNK_BYTES + RS_FEED_MAX_BODY + 2 * RS_FEED_MAX_TOPIC];
    size_t used;
    uint32_t lengths[RS__FEED_CHUNK_ITEMS][3];
    uint32_t count;
} rs__feed_chunk_t;

/* A request while its frames are being read. */
typedef struct rs__feed_request {
    uint8_t frames[RS__FEED_REQUEST_FRAMES][RS__FEED_PREFIX];
    size_t lengths[RS__FEED_REQUEST_FRAMES]; /* real ones; the bytes are cut at RS__FEED_PREFIX */
    uint32_t count;                          /* frames seen, also those that are not kept */
} rs__feed_request_t;

struct rs_feed {
    rs_feed_options_t options;
    rs_policy_t policies[RS_MAX_POLICIES];
    uint32_t policy_count;

    void *publisher, *router; /* sockets */
    rs_zmq_watch_t *watch;    /* of the router */
    uv_timer_t heartbeat_timer, period_timer, retry_timer;
    uv_idle_t work; /* active while a scan or a job has something to do */
    unsigned open_handles;
    bool is_closing;
    void (*on_closed)(void *context);
    void *closed_context;

    rs__feed_key_t *keys; /* by key number */
    rs__feed_key_t own_key;
    uint32_t key_count;
    bool is_scanning;
    uint32_t scan_next, scan_end;
    rs__episodes_t episodes;

    rs__feed_job_t jobs[RS__FEED_JOBS];
    uint32_t job_next; /* whose turn it is */
    rs__feed_request_t request;
    rs__feed_chunk_t chunk;
    char topic[RS_FEED_MAX_TOPIC];
    char body[RS_FEED_MAX_BODY];
    rs_feed_stats_t stats;
};

enum { RS__FEED_HEADER = 96 };
/* "RS1 <run> <feed> <stream> <topic>"; returns its length. */
size_t rs__feed_header(const rs_feed_t *feed, uint64_t sequence, uint64_t stream, uint64_t topic,
                       char text[RS__FEED_HEADER]);
/* The feed's note on a key, made when new; NULL when memory is out. */
rs__feed_key_t *rs__feed_key(rs_feed_t *feed, uint32_t key);
/* Whether the key's windows are on the feed at all (single agents are not). Fills *dimensions. */
bool rs__feed_shows_key(const rs_feed_t *feed, uint32_t key, rs_key_t *dimensions);
/* Formats the windows of a key. Same returns as rs_feed_format_windows. */
RS_MUST_CHECK int rs__feed_windows(rs_feed_t *feed, uint32_t key, const rs_key_t *dimensions, char *text, size_t size,
                                   size_t *len, int64_t *waiting);
/* Starts or stops the idle handle and the retry timer by what there is to do. */
void rs__feed_schedule(rs_feed_t *feed);

/* snapshot.c */
void rs__snapshot_on_readable(void *context);
/* One turn's portion of all jobs. */
void rs__snapshot_work(rs_feed_t *feed);
bool rs__snapshot_can_work(const rs_feed_t *feed);
bool rs__snapshot_is_blocked(const rs_feed_t *feed);
void rs__snapshot_retry(rs_feed_t *feed);

#endif
