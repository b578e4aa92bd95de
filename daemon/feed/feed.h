/* feed/feed.h — publishes alerts and windows over ZeroMQ, and hands the present state to late joiners (proto/FEED.md).
 *
 * Model:     a PUB socket, a ROUTER socket, and three timers on the loop:
 *                rs_feed_on_transition ──► message at once, and the table of open episodes
 *                every feed_period      ──► scan: keys whose version differs from the published one ──► messages
 *                every second           ──► heartbeat
 *                request at the ROUTER  ──► a job: open episodes, then windows, in chunks
 *            Scans and jobs are done in small portions, one per turn of the loop.
 * Threads:   everything on the loop's thread. The window store is read as any reader may.
 * Memory:    the table of episodes is bounded by limits.alerts (an episode past it is published, but is in no
 *            snapshot, and is counted), jobs by 32, what waits in the sockets by their high-water marks.
 * Overload:  nothing here waits for a subscriber. A PUB socket drops for a slow one without telling; sequence numbers
 *            show it to the subscriber. A snapshot that its peer does not read is given up after 10 s.
 */
#ifndef RS_FEED_FEED_H
#define RS_FEED_FEED_H

#include "feed/format.h"

#include <uv.h>

typedef struct rs_feed rs_feed_t;

typedef struct rs_feed_options {
    uv_loop_t *loop;
    void *zmq_context;
    const rs_config_t *config;        /* borrowed until rs_feed_configure or the close callback */
    uint64_t run;                     /* another one after each start of the daemon */
    const rs_window_store_t *windows; /* borrowed; NULL: alerts only */
    const rs_policy_t *policies;      /* in slot order, no name = unused slot; copied */
    uint32_t policy_count;
    void *context; /* for the two callbacks, which are called on the loop's thread: */
    void (*key)(void *context, uint32_t key, rs_key_t *dimensions); /* for keys of the store; strings stay valid */
    int64_t (*now_us)(void *context);                               /* the time that windows and alerts go by */
} rs_feed_options_t;

/* Binds feed_endpoint and snapshot_endpoint of the configuration and starts the timers. RS_ERR_IO: an endpoint cannot
 * be bound; RS_ERR_MEMORY; `why` gets a sentence for the log then. Nothing is left on the loop but closing handles. */
RS_MUST_CHECK int rs_feed_create(const rs_feed_options_t *options, rs_feed_t **feed, char *why, size_t why_size);

/* `key` of a transition that is of no key: the daemon's own. */
#define RS_FEED_OWN_KEY UINT32_MAX
/* Publishes one transition at once. */
void rs_feed_on_transition(rs_feed_t *feed, const rs_alert_transition_t *transition);

/* Another configuration: thresholds, policies, period; endpoints and limits stay until the next start. */
void rs_feed_configure(rs_feed_t *feed, const rs_config_t *config, const rs_policy_t *policies, uint32_t policy_count);

/* Closes everything; `on_closed` (may be NULL) is called when the feed's memory is gone. */
void rs_feed_close(rs_feed_t **feed, void (*on_closed)(void *context), void *context);

/* Counters since create, but for the last line. */
typedef struct rs_feed_stats {
    uint64_t sequence, alerts, windows, heartbeats; /* messages published: of the whole feed, and by stream */
    uint64_t send_failures;                         /* messages that ZeroMQ did not take */
    uint64_t scans_late;                            /* a period began before the last scan was done */
    uint64_t untracked;                             /* episodes without room in the table */
    uint64_t snapshots, snapshots_done, snapshots_timed_out, snapshots_gone;    /* gone: the peer left */
    uint64_t refused_version, refused_unknown, refused_malformed, refused_busy; /* requests answered with an error */
    uint64_t errors_dropped;                         /* error answers that the peer had no room for */
    uint32_t open_episodes, running_snapshots, keys; /* now */
} rs_feed_stats_t;
void rs_feed_stats(const rs_feed_t *feed, rs_feed_stats_t *stats);

#endif
